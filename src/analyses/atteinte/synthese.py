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

    `taux_execution`: `realise` (centimes) on planned. `atteintes` of `jugees` targets. `quadrant`:
    one of `QUADRANTS`, else a status, and `lecture` says why there is none.
    """
    rows = []
    for run in executions:
        own = frame[(frame["exercice"] == run.exercice) & (frame["action"] != "nat")]
        money = {(r["contrat"], r["action"]): r for r in run.par_action.to_dict("records")}
        for (name, action), part in own.groupby(["contrat", "action"], sort=False):
            found, spent = Counter(part["statut"]), money.get((name, action), {})
            rate, reached, total = spent.get("taux"), found["atteint"], judged(found)
            quadrant, words = _unplaced(spent, found) if rate is None or not total else ("", "")
            if not quadrant and rate is not None:
                quadrant = QUADRANTS[
                    rate >= seuils["seuil_sous_consommation"],
                    Fraction(reached, total) >= seuils["seuil_cibles_atteintes"],
                ]
            rows.append(
                {
                    "contrat": name,
                    "exercice": run.exercice,
                    "action": action,
                    "realise": spent.get("realise"),
                    "taux_execution": rate,
                    "atteintes": reached,
                    "jugees": total,
                    "quadrant": quadrant,
                    "lecture": words,
                }
            )
    columns = ["contrat", "exercice", "action", "realise", "taux_execution", "atteintes", "jugees"]
    columns += ["quadrant", "lecture"]
    return pd.DataFrame(
        {name: pd.Series([row[name] for row in rows], dtype=object) for name in columns}
    )


def _unplaced(spent: Mapping[Any, Any], found: Mapping[str, int]) -> tuple[str, str]:
    """(status, why) of an action that has no rate of execution or no judged target."""
    if spent.get("prevu") == 0:
        return "sans_objet", "aucun crédit prévu"
    if spent.get("prevu") is None:
        return "non_renseigne", "prévu non renseigné"
    if spent.get("realise") is None:
        return "non_renseigne", "réalisé non renseigné"
    status = next(s for s in ("non_renseigne", "non_evaluable", "sans_objet") if found.get(s))
    return status, "aucune cible jugée"


def sensitivity(
    frame: pd.DataFrame, exercices: Sequence[int], tolerances: Sequence[Fraction]
) -> list[tuple[Fraction, int]]:
    """For each tolerance, how many targets missed without any would become attained."""
    missed = _of(frame, exercices)
    missed = missed[missed["statut"].isin(["atteint", "partiellement", "non_atteint"])]
    rates = [rate for rate in missed["taux"] if rate is not None and rate < 1]
    return [(t, sum(rate >= 1 - t for rate in rates)) for t in tolerances]
