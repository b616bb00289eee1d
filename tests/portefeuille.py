"""A simulated portfolio of budget lines, month by month, for the tests and the benchmark."""

from __future__ import annotations

import numpy as np
import pandas as pd

_COURBES = {"personnel": 1.0, "contrats": 1.3, "subventions": 1.0, "travaux": 2.5}


def portefeuille(lignes: int, annees: range, graine: int, engagements: bool = True) -> pd.DataFrame:
    """Columns of `lecture.CHAMPS`: each line has a nature, a habit of its own, good and bad years.

    The nature sets the curve of the year and how far commitments run ahead; the line, the level
    it usually reaches; a common factor moves every line of a year; one budget in eight is raised.
    """
    draw = np.random.default_rng(graine)
    natures = list(_COURBES)
    rows = []
    for number in range(lignes):
        nature = natures[number % len(natures)]
        code = f"{number:05d}-{nature}"
        habit = np.clip(draw.beta(12, 1.5) + draw.normal(0, 0.03), 0.05, 1.1)
        size = np.exp(draw.normal(13, 1.2))
        for year in annees:
            common = 0.03 * np.sin(2.1 * year)
            final = max(0.0, habit + common + draw.normal(0, 0.08) * (1 + (nature == "travaux")))
            raised = 1 + draw.exponential(0.25) * (draw.random() < 1 / 8)
            budget = size * np.exp(draw.normal(0, 0.1))
            month = np.arange(1, 13)
            shape = (month / 12) ** (_COURBES[nature] * np.exp(draw.normal(0, 0.15)))
            if nature == "subventions":
                shape = np.floor(month / 3) / 4
            noise = np.clip(1 + draw.normal(0, 0.06, 12) * (1 - shape), 0, None)
            part = np.maximum.accumulate(np.clip(final * raised * shape * noise, 0, None))
            part[-1] = final * raised
            part = np.minimum(part, part[-1])
            ahead = {"contrats": 0.6, "travaux": 0.4}.get(nature, 0.0)
            committed = part + ahead * (part[-1] - part) + 0.1 * ahead * (1 - month / 12)
            budgets = np.where(month >= 10, budget * raised, budget)
            for m in range(12):
                rows.append((code, year, m + 1, *(
                    round(100 * v) for v in (budgets[m], budget * committed[m], budget * part[m])
                )))  # fmt: skip
    frame = pd.DataFrame(
        rows, columns=["line_id", "year", "month", "budget", "committed", "spent"]
    ).astype({"committed": "Int64"})
    if not engagements:
        frame["committed"] = pd.array([pd.NA] * len(frame), dtype="Int64")
    return frame
