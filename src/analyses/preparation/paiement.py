"""The day on which a ledger line was paid, or the line that it takes back."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from analyses.depot.origine import retranche


def paid_on(lignes: pd.DataFrame, *mandats: pd.DataFrame | None) -> list[date | None]:
    """Day on which each assigned line was paid. A reversal that says nothing follows the line it
    takes back: what was paid and cancelled is not paid any more.

    `mandats`: where the origins are (the exercise's own lines, the previous exercise's).

    >>> lines = pd.DataFrame({"exercice": 2024, "numero_mandat": ["1", "2"],
    ...     "numero_ligne": ["1", "1"], "type": ["ordinaire", "annulation"],
    ...     "numero_origine": ["", "1"], "exercice_origine": [None, 2024],
    ...     "ligne_origine": ["1", "1"],
    ...     "date_paiement": [date(2024, 5, 2), None]})
    >>> paid_on(lines, lines)
    [datetime.date(2024, 5, 2), datetime.date(2024, 5, 2)]
    """
    days = lignes["date_paiement"].astype(object)
    asked = np.flatnonzero(days.isna().to_numpy() & lignes["exercice_origine"].notna().to_numpy())
    columns = ["exercice_origine", "numero_origine", "ligne_origine"]
    origins = list(lignes[columns].iloc[asked].itertuples(index=False, name=None))
    numbers = {number for _, number, _ in origins}
    paid: dict[tuple[int, str, str], date] = {}
    for frame in mandats if origins else ():
        if frame is not None:
            kept = frame[frame["numero_mandat"].isin(numbers) & frame["date_paiement"].notna()]
            kept = kept[~kept["type"].map(retranche).astype(bool)]
            names = ["exercice", "numero_mandat", "numero_ligne", "date_paiement"]
            for year, number, line, day in kept[names].itertuples(index=False, name=None):
                paid.setdefault((year, number, line), day)
    result: list[date | None] = days.where(days.notna(), None).tolist()
    for row, origin in zip(asked, origins, strict=True):
        result[row] = paid.get(origin)
    return result
