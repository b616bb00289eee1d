"""Attainment by action, axe or volet and contract: counts of statuses, and money beside results.

Rates of unlike indicators are never averaged: what is counted is how many targets are attained.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

import pandas as pd

from analyses.contrat.model import Contrat
from analyses.execution.execution import Execution

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
# Why an action has no quadrant.
MOTIFS = {
    "sans_credit": "aucun crédit prévu",
    "sans_prevu": "prévu non renseigné",
    "sans_realise": "réalisé non renseigné",
    "sans_cible_jugee": "aucune cible jugée",
    "termine": "volet terminé",
}
TOLERANCES = (Fraction(5, 100), Fraction(10, 100))  # tried beside that of params/seuils.yaml


def _of(frame: pd.DataFrame, years: Sequence[int]) -> pd.DataFrame:
    return frame[frame["exercice"].isin(list(years))]


def _scopes(contrat: Contrat, own: pd.DataFrame) -> Iterator[tuple[str, str, pd.DataFrame]]:
    """(niveau, code, rows): the contract, its axes or volets, its actions, then what is national
    under the code that stands for an action."""
    yield "contrat", contrat.code, own
    for key, group in contrat.groupes.items():
        yield group.niveau, group.code_public, own[own["groupe"] == key]
    for action, rows in own.groupby("action", sort=False):
        yield "action", str(action), rows


def counts(
    frame: pd.DataFrame, contrats: Mapping[str, Contrat], exercices: Sequence[int]
) -> pd.DataFrame:
    """Number of targets by status: one row per contract, exercise and place that has indicators.

    An axe or a volet sums its actions; the contract adds its national indicators. Columns:
    contrat, exercice, niveau, code, `STATUTS`, then the targets that could be judged and all.
    """
    rows = []
    grouped: Any = _of(frame, exercices).groupby(["contrat", "exercice"], sort=False)
    for (name, year), own in grouped:
        for niveau, code, part in _scopes(contrats[name], own):
            if len(part):
                found = Counter(part["statut"])
                by_status = [found[status] for status in STATUTS]
                rows.append((name, year, niveau, code, *by_status, judged(found), len(part)))
    columns = ["contrat", "exercice", "niveau", "code", *STATUTS, "jugees", "cibles"]
    return pd.DataFrame(rows, columns=columns)


def judged(count: Mapping[str, int]) -> int:
    """Targets that could be judged.

    >>> judged(Counter(atteint=2, partiellement=1, sans_objet=4))
    3
    """
    return sum(count[status] for status in JUGES)


def quadrants(
    frame: pd.DataFrame, executions: Sequence[Execution], seuils: Mapping[str, Fraction]
) -> pd.DataFrame:
    """Consumption against attainment, one row per action and exercise that has indicators.

    `taux_execution`: `realise` (centimes) on planned. `atteintes` of `jugees` targets. `quadrant`:
    one of `QUADRANTS`, else a status; `motif` is then the reason, which `lecture` says in words.
    """
    rows = []
    for run in executions:
        own = frame[(frame["exercice"] == run.exercice) & ~frame["national"]]
        money = {(row["contrat"], row["action"]): row for row in run.par_action.to_dict("records")}
        by_action: Any = own.groupby(["contrat", "action"], sort=False)["statut"]
        for (name, action), statuses in by_action:
            found, spent = Counter(statuses), money.get((name, action), {})
            rate, reached, total = spent.get("taux"), found["atteint"], judged(found)
            if rate is None or not total:
                quadrant, motif = _unplaced(spent, found)
            else:
                enough = Fraction(reached, total) >= seuils["seuil_cibles_atteintes"]
                quadrant = QUADRANTS[rate >= seuils["seuil_sous_consommation"], enough]
                motif = ""
            done = (spent.get("realise"), rate, reached, total)
            rows.append((name, run.exercice, action, *done, quadrant, motif, MOTIFS.get(motif, "")))
    columns = ["contrat", "exercice", "action", "realise", "taux_execution", "atteintes", "jugees"]
    return pd.DataFrame(rows, columns=[*columns, "quadrant", "motif", "lecture"], dtype=object)


def _unplaced(spent: Mapping[Any, Any], found: Mapping[str, int]) -> tuple[str, str]:
    """(status, reason) of an action that has no rate of execution or no judged target."""
    if spent.get("prevu") == 0:
        return "sans_objet", "sans_credit"
    if spent.get("prevu") is None:
        return "non_renseigne", "sans_prevu"
    if spent.get("realise") is None:
        return "non_renseigne", "sans_realise"
    return unjudged(found), "sans_cible_jugee"


def unjudged(found: Mapping[Any, int]) -> str:
    """The status of a place where no target could be judged.

    >>> unjudged(Counter(sans_objet=2, non_evaluable=1))
    'non_evaluable'
    """
    return next(s for s in ("non_renseigne", "non_evaluable", "sans_objet") if found.get(s))


def pace(frame: pd.DataFrame, exercice: int) -> tuple[int, int]:
    """(indicators that lead to their last target at the present pace, those that would miss it)."""
    rates = [rate for rate in _of(frame, [exercice])["attendu_taux"] if rate is not None]
    return len(rates), sum(rate < 1 for rate in rates)


def sensitivity(
    frame: pd.DataFrame, exercices: Sequence[int], tolerances: Sequence[Fraction] = TOLERANCES
) -> list[tuple[Fraction, int]]:
    """For each tolerance, how many targets missed without any would become attained."""
    own = _of(frame, exercices)
    rates = [rate for rate in own[own["statut"].isin(JUGES)]["taux"] if rate is not None]
    return [(t, sum(1 - t <= rate < 1 for rate in rates)) for t in tolerances]
