"""Training indicators of the Académie: hours, courses, participation, completion, satisfaction.

From a collective export (convention de données, annexe de l'Académie, B-3); interpretations
`academie-participation` and `academie-formations`. Rates come from counts: displayed rates of
several courses are never averaged.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pandas as pd

from analyses.contrat.cell import read_cell

ENSEMBLE = "ensemble"
TAUX = {
    "taux_participation": (("incomplets", "realises"), "inscriptions"),
    "taux_realisation": (("realises",), "inscriptions"),
    "taux_satisfaction": (("satisfaits",), "repondants"),
}
COLONNES = ["modalite", "heures", "inscriptions", "intitules", *TAUX, "montre"]
_ROUNDING = Fraction(1, 200)  # half a point: the platform shows whole percentages


def _known(courses: pd.DataFrame, name: str) -> Any | None:
    """Sum of a column; None as soon as one value is missing."""
    values = courses[name]
    return None if values.empty or values.isna().any() else values.sum()


def _rate(courses: pd.DataFrame, name: str) -> Fraction | None:
    """A rate from counts; the displayed one when there is one course and no counts."""
    parts, whole = TAUX[name]
    answered = courses["repondants"].notna() if name == "taux_satisfaction" else slice(None)
    counts = [_known(courses.loc[answered], count) for count in (*parts, whole)]
    if any(count is None for count in counts):
        return displayed(courses[name].iloc[0]) if len(courses) == 1 else None
    *done, total = (int(count or 0) for count in counts)
    return Fraction(sum(done), total) if total else None


def displayed(text: str | None) -> Fraction | None:
    """The rate that the platform shows, when it is one.

    >>> displayed("75 %"), displayed("")
    (Fraction(3, 4), None)
    """
    cell = read_cell(text or "")
    return cell.valeur if cell.type == "taux" else None


def _line(label: str, courses: pd.DataFrame) -> dict[str, Any]:
    return {
        "modalite": label,
        "heures": _known(courses, "heures"),
        "inscriptions": _known(courses, "inscriptions"),
        "intitules": courses["formation"].nunique(),
        **{name: _rate(courses, name) for name in TAUX},
    }


def _of(frame: pd.DataFrame | None, exercice: int) -> pd.DataFrame:
    return pd.DataFrame() if frame is None else frame[frame["exercice"] == exercice]


def formations(frame: pd.DataFrame | None, exercice: int, seuil: int) -> pd.DataFrame:
    """The whole, then each modality of an exercise; empty when there is no file.

    `montre` is False for a group of fewer than `seuil` registrations, and for the next smallest
    one when a single group would otherwise be found by subtraction.
    """
    own = _of(frame, exercice)
    if own.empty:
        return pd.DataFrame(columns=COLONNES, dtype=object)
    groups = own.groupby([text or "modalité non renseignée" for text in own["modalite"]])
    lines = [_line(ENSEMBLE, own), *(_line(str(label), part) for label, part in groups)]
    hidden = [line for line in lines if (line["inscriptions"] or 0) < seuil]
    if len(hidden) == 1 and len(lines) > 2:
        rest = [line for line in lines[1:] if line not in hidden]
        hidden.append(min(rest, key=lambda line: line["inscriptions"] or 0))
    shown = [line | {"montre": line not in hidden} for line in lines]
    return pd.DataFrame(shown, columns=COLONNES, dtype=object)


def gaps(frame: pd.DataFrame | None, exercice: int) -> list[tuple[int, str]]:
    """(line of the file, rate) where the displayed rate is not that of the counts."""
    found = []
    own = _of(frame, exercice)
    for rank in range(len(own)):
        course = own.iloc[[rank]]
        for name in TAUX:
            shown = displayed(course[name].iloc[0])
            counted = _rate(course.assign(**{name: ""}), name)
            if shown is not None and counted is not None and abs(shown - counted) > _ROUNDING:
                found.append((int(course["ligne"].iloc[0]), name))
    return found
