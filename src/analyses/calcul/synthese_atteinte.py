"""Attainment by action, axe or volet and contract: counts of statuses, and money beside results.

Rates of unlike indicators are never averaged: what is counted is how many targets are attained.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

import pandas as pd

STATUTS = (
    "atteint",
    "partiellement",
    "non_atteint",
    "sans_objet",
    "non_renseigne",
    "non_evaluable",
)
JUGES = STATUTS[:3]
QUADRANTS = {
    (True, True): "depense_atteint",
    (False, True): "peu_depense_atteint",
    (True, False): "depense_peu_atteint",
    (False, False): "peu_depense_peu_atteint",
}


def _of(frame: pd.DataFrame, years: Sequence[int]) -> pd.DataFrame:
    return frame[frame["exercice"].isin(list(years))]


def _scopes(contrat: Any, own: pd.DataFrame) -> Iterator[tuple[str, str, pd.DataFrame]]:
    """(niveau, code, rows): the contract, its axes or volets, its actions, then 'nat'."""
    yield "contrat", contrat.code, own
    for key, group in contrat.groupes.items():
        yield group.niveau, group.code_public, own[own["groupe"] == key]
    for action, rows in own.groupby("action", sort=False):
        yield "action", str(action), rows


def counts(
    frame: pd.DataFrame, contrats: Mapping[str, Any], exercices: Sequence[int]
) -> pd.DataFrame:
    """Number of targets by status: one row per contract, exercise and place that has indicators.

    An axe or a volet sums its actions; the contract adds its national indicators (action 'nat').
    Columns: contrat, exercice, niveau, code, then `STATUTS`.
    """
    rows = []
    grouped: Any = _of(frame, exercices).groupby(["contrat", "exercice"], sort=False)
    for (name, year), own in grouped:
        for niveau, code, part in _scopes(contrats[name], own):
            if len(part):
                found = Counter(part["statut"])
                place = {"contrat": name, "exercice": year, "niveau": niveau, "code": code}
                rows.append(place | {status: found.get(status, 0) for status in STATUTS})
    columns = ["contrat", "exercice", "niveau", "code", *STATUTS]
    return pd.DataFrame(rows, columns=columns)


def judged(row: Mapping[Any, Any]) -> int:
    """Targets that could be judged.

    >>> judged({"atteint": 2, "partiellement": 1, "non_atteint": 0})
    3
    """
    return sum(int(row[status]) for status in JUGES)


def quadrants(
    frame: pd.DataFrame, executions: Sequence[Any], seuils: Mapping[str, Fraction]
) -> pd.DataFrame:
    """Consumption against attainment, one row per action and exercise that has indicators.

    `taux_execution`: realised on planned. `atteintes` of `jugees` targets. `quadrant`: one of
    `QUADRANTS`, else why there is none (non_renseigne, sans_objet, non_evaluable).
    """
    rows = []
    for run in executions:
        own = frame[(frame["exercice"] == run.exercice) & (frame["action"] != "nat")]
        money = {(r["contrat"], r["action"]): r for r in run.par_action.to_dict("records")}
        for (name, action), part in own.groupby(["contrat", "action"], sort=False):
            found, spent = Counter(part["statut"]), money.get((name, action), {})
            row = {"atteintes": found.get("atteint", 0), "jugees": judged(Counter(found))}
            rate = spent.get("taux")
            rows.append(
                {"contrat": name, "exercice": run.exercice, "action": action}
                | {"taux_execution": rate, **row}
                | {"quadrant": _quadrant(rate, spent, row, found, seuils)}
            )
    columns = ["contrat", "exercice", "action", "taux_execution", "atteintes", "jugees"]
    return pd.DataFrame(
        {n: pd.Series([row[n] for row in rows], dtype=object) for n in [*columns, "quadrant"]}
    )


def _quadrant(
    rate: Fraction | None,
    spent: Mapping[str, Any],
    row: Mapping[str, int],
    found: Mapping[str, int],
    seuils: Mapping[str, Fraction],
) -> str:
    if rate is None:
        return "sans_objet" if spent.get("prevu") == 0 else "non_renseigne"
    if not row["jugees"]:
        return next(s for s in ("non_renseigne", "non_evaluable", "sans_objet") if found.get(s))
    part = Fraction(row["atteintes"], row["jugees"])
    return QUADRANTS[
        rate >= seuils["seuil_sous_consommation"], part >= seuils["seuil_cibles_atteintes"]
    ]


def sensitivity(
    frame: pd.DataFrame, exercices: Sequence[int], tolerances: Sequence[Fraction]
) -> list[tuple[Fraction, int]]:
    """For each tolerance, how many targets missed without any would become attained."""
    missed = _of(frame, exercices)
    missed = missed[missed["statut"].isin(["atteint", "partiellement", "non_atteint"])]
    rates = [rate for rate in missed["taux"] if rate is not None and rate < 1]
    return [(t, sum(rate >= 1 - t for rate in rates)) for t in tolerances]
