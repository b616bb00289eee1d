"""Training indicators of the Académie: hours, courses, participation, completion, satisfaction.

From a collective export (convention de données, annexe de l'Académie, B-3); interpretations
`academie-participation` and `academie-formations`. Rates come from counts: displayed rates of
several courses are never averaged.
"""

from __future__ import annotations

from collections.abc import Sequence
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
Row = dict[Any, Any]


def _known(rows: Sequence[Row], name: str) -> Any | None:
    """Sum of a column; None as soon as one value is missing."""
    values = [row[name] for row in rows]
    return sum(values) if values and not any(pd.isna(v) for v in values) else None


def _rate(rows: Sequence[Row], name: str) -> Fraction | None:
    """A rate from counts; the displayed one when there is one course and no counts."""
    parts, whole = TAUX[name]
    asked = [r for r in rows if name != "taux_satisfaction" or not pd.isna(r["repondants"])]
    counts: list[Any] = [_known(asked, part) for part in parts]
    total = _known(asked, whole)
    if total is not None and None not in counts:
        return Fraction(int(sum(counts)), int(total)) if total else None
    return displayed(rows[0], name) if len(rows) == 1 else None


def displayed(row: Row, name: str) -> Fraction | None:
    """The rate that the platform shows, when it is one.

    >>> displayed({"taux_realisation": "75 %"}, "taux_realisation")
    Fraction(3, 4)
    """
    cell = read_cell(str(row[name] or ""))
    return cell.valeur if cell.type == "taux" else None


def _line(label: str, rows: Sequence[Row]) -> Row:
    return {
        "modalite": label,
        "heures": _known(rows, "heures"),
        "inscriptions": _known(rows, "inscriptions"),
        "intitules": len({row["formation"] for row in rows}),
        **{name: _rate(rows, name) for name in TAUX},
    }


def formations(frame: pd.DataFrame | None, exercice: int, seuil: int) -> pd.DataFrame:
    """The whole, then each modality of an exercise; empty when there is no file.

    `montre` is False for a group of fewer than `seuil` registrations, and for the next smallest
    one when a single group would otherwise be found by subtraction.
    """
    rows = [] if frame is None else frame[frame["exercice"] == exercice].to_dict("records")
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(str(row["modalite"] or "modalité non renseignée"), []).append(row)
    lines = [_line(ENSEMBLE, rows)] if rows else []
    lines += [_line(label, own) for label, own in sorted(groups.items())]
    hidden = [line for line in lines if (line["inscriptions"] or 0) < seuil]
    if len(hidden) == 1 and len(lines) > 2:
        rest = [line for line in lines[1:] if line not in hidden]
        hidden.append(min(rest, key=lambda line: line["inscriptions"] or 0))
    for line in lines:
        line["montre"] = line not in hidden
    return pd.DataFrame(
        {name: pd.Series([line[name] for line in lines], dtype=object) for name in COLONNES}
    )


def gaps(frame: pd.DataFrame | None, exercice: int) -> list[tuple[int, str]]:
    """(line of the file, rate) where the displayed rate is not that of the counts."""
    found = []
    rows = [] if frame is None else frame[frame["exercice"] == exercice].to_dict("records")
    for row in rows:
        for name in TAUX:
            shown, counted = displayed(row, name), _rate([{**row, name: ""}], name)
            if shown is not None and counted is not None and abs(shown - counted) > _ROUNDING:
                found.append((int(row["ligne"]), name))
    return found
