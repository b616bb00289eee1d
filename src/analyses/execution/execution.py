"""Financial execution of one exercise: planned, paid, realised, by action and by month.

Amounts are integer centimes; None means « non renseigné ». What the texts leave open is read as
`lectures` says (params/interpretations.yaml); what does not depend on a reading is prepared once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Any

import pandas as pd

from analyses.contrat.model import Contrat
from analyses.execution.engagements import engaged, paid_mask
from analyses.execution.personnel import staff_costs
from analyses.execution.recettes import Key, receipts_of, state_payments, third_party_receipts
from analyses.preparation.exercice import Preparation
from analyses.preparation.ineligibilite import eligibility
from analyses.preparation.paie import Mois
from analyses.preparation.periode import outside_period, premier_jour
from analyses.socle.tables import objects

COLONNES_ACTION = [
    "contrat",
    "groupe",
    "action",
    "libelle",
    "prevu",
    "realise",
    "ineligible",
    "double_compte",
    "personnel",
    "journee_complementaire",
    "verse",
    "engage",
    "paye",
    "taux",
]
COLONNES_FINANCEUR = [
    "contrat",
    "groupe",
    "action",
    "financeur",
    "prevu",
    "consomme",
    "non_consomme",
]
COLONNES_MOIS = ["contrat", "groupe", "action", "mois", "realise", "cumul"]
_JUGEMENT = ("motif_ineligible", "montant_ecarte", "montant_retenu", "doute")
_DECISION = ("regle_ineligible", "decision", "motif_decision")


_SERIES = ("ineligible", "double_compte", "journee_complementaire", "paye")


@dataclass(frozen=True)
class Execution:
    """Execution of an exercise. `lignes`: assigned lines that count; `non_affecte`: the others;
    `par_financeur`: what the rules say that each funder bears (analyses.regles.parts).

    `verse_groupe` and `verse_contrat` are exact totals of the State's payments (None = unknown).
    `personnel` has the staff costs charged to each action (None = no file),
    `personnel_ineligible` those of days outside its period, `decisions` the lines that an explicit
    decision makes eligible or not. Third-party receipts by action: `recus`, cashed at the closing
    date, and `tiers`, those that the chosen reading counts (None = no file).
    """

    exercice: int
    arrete_au: date | None
    lignes: pd.DataFrame
    par_action: pd.DataFrame
    par_financeur: pd.DataFrame
    par_mois: pd.DataFrame
    non_affecte: pd.DataFrame
    renseigne: bool
    verse_groupe: dict[tuple[str, str], int | None] = field(default_factory=dict)
    verse_contrat: dict[str, int | None] = field(default_factory=dict)
    personnel: pd.DataFrame | None = None
    personnel_ineligible: pd.DataFrame = field(default_factory=pd.DataFrame)
    decisions: pd.DataFrame = field(default_factory=pd.DataFrame)
    tiers: dict[Key, dict[str, int]] | None = None
    recus: dict[Key, dict[str, int]] | None = None
    recettes_non_reparties: dict[tuple[str, str, str], int] = field(default_factory=dict)


def _sums(lines: pd.DataFrame, amount: str) -> dict[Key, int]:
    grouped = lines.groupby(["contrat", "action"])[amount].sum()
    keys: list[Any] = list(grouped.index)
    return {
        (str(key[0]), str(key[1])): int(value) for key, value in zip(keys, grouped, strict=True)
    }


def _by_month(
    spent: pd.DataFrame, contrats: Mapping[str, Contrat], exercice: int, arrete_au: date | None
) -> pd.DataFrame:
    """Realised by month and running total; each month of the year, later ones when used."""
    last = 12 if arrete_au is None or arrete_au.year > exercice else arrete_au.month
    if arrete_au is not None and arrete_au.year < exercice:
        last = 0
    months = {f"{exercice}-{m:02d}" for m in range(1, last + 1)}
    months |= set(spent["mois"])
    grouped = spent.groupby(["contrat", "action", "mois"])["montant"].sum()
    sums = {key: int(value) for key, value in grouped.items()}
    rows = []
    for contrat in contrats.values():
        for action in contrat.actions.values():
            total = 0
            for month in sorted(months):
                amount = sums.get((contrat.code, action.code, month), 0)
                total += amount
                rows.append(
                    {
                        "contrat": contrat.code,
                        "groupe": action.groupe,
                        "action": action.code,
                        "mois": month,
                        "realise": amount,
                        "cumul": total,
                    }
                )
    return objects(rows, COLONNES_MOIS)


def _staff(
    prepared: Preparation, lectures: Mapping[str, str]
) -> tuple[pd.DataFrame, pd.DataFrame] | None:
    """Staff costs of the exercise, of the actions that its contracts know: those of the period of
    the action, those of the days outside. None when no file was given.

    A day of staff is dated: whatever the reading for mandates, it follows the period alone.
    """
    periods = {
        (c.code, a.code): (
            premier_jour(c.groupes[a.groupe], lectures),
            c.groupes[a.groupe].fin,
            f"temps d'agents {outside_period(c, a.groupe, lectures)}",
        )
        for c in prepared.contrats.values()
        for a in c.actions.values()
    }
    frame = staff_costs(
        prepared.depot.temps_agents,
        prepared.depot.exercice,
        prepared.arrete_au,
        lectures.get("jour-de-personnel", "mois-reel"),
        periods,
    )
    if frame is None:
        return None
    own = frame[frame["contrat"].isin(list(prepared.contrats))]
    inside = own["motif_ineligible"] == ""
    counted = lectures.get("double-compte-personnel") != "mandats-seuls"
    return own[inside], own[~inside & counted]


def _by_key(frame: pd.DataFrame | None) -> dict[Key, int]:
    sums: dict[Key, int] = {}
    if frame is not None:
        for contrat, action, amount in frame[["contrat", "action", "montant"]].itertuples(
            index=False
        ):
            sums[contrat, action] = sums.get((contrat, action), 0) + int(amount)
    return sums


@dataclass(frozen=True)
class _Spent:
    """What was spent under the chosen readings; `series` by measure, then by action."""

    lignes: pd.DataFrame
    decisions: pd.DataFrame
    realise: dict[Key, int]
    series: dict[str, dict[Key, int]]
    mois: pd.DataFrame


def _months_of(staff: tuple[pd.DataFrame, ...]) -> dict[Mois, int]:
    """Staff cost by action and month, whether it is financed or not."""
    months: dict[Mois, int] = {}
    for frame in staff:
        columns = ["contrat", "action", "mois", "montant"]
        for contrat, action, month, amount in frame[columns].itertuples(index=False, name=None):
            key = (contrat, action, month)
            months[key] = months.get(key, 0) + int(amount)
    return months


def _added(*sums: Mapping[Key, int]) -> dict[Key, int]:
    total: dict[Key, int] = {}
    for one in sums:
        for key, amount in one.items():
            total[key] = total.get(key, 0) + amount
    return total


def _spent(
    ready: Preparation,
    staff: tuple[pd.DataFrame, pd.DataFrame] | None,
    lectures: Mapping[str, str],
) -> _Spent | None:
    """Ledger and staff costs; None when no ledger was given."""
    if not ready.renseigne:
        return None
    inside, outside = staff or (None, None)
    if lectures.get("double-compte-personnel") == "mandats-seuls":
        inside = None
    months = _months_of(staff or ())
    judged = eligibility(ready.lignes, ready.jugement, ready.contrats, months, lectures)
    doubt = ready.jugement["doute"] & (ready.jugement["decision"] == "")
    lines = ready.lignes.assign(**{str(name): judged[name] for name in judged}, doute=doubt)
    paid = paid_mask(ready.jugement["paye_le"], ready.arrete_au)
    excluded = _sums(lines[lines["motif_ineligible"] != ""], "montant_signe")
    series = {
        "ineligible": _added(excluded, _by_key(outside)),
        "double_compte": _sums(lines, "montant_ecarte"),
        "journee_complementaire": _sums(lines[lines["journee_complementaire"]], "montant_retenu"),
        "paye": _sums(lines[paid], "montant_retenu"),
    }
    columns = ["contrat", "action", "mois"]
    by_line = lines[lines["montant_retenu"] != 0][[*columns, "montant_retenu"]]
    by_line = by_line.rename(columns={"montant_retenu": "montant"})
    if inside is not None:
        by_line = pd.concat([by_line, inside[[*columns, "montant"]]], ignore_index=True)
    realise = _added(_sums(lines, "montant_retenu"), _by_key(inside))
    told = ready.jugement[list(_DECISION)]
    kept = told["decision"] != ""
    decisions = lines[kept].assign(**{str(name): told[name][kept] for name in told})
    year = ready.depot.exercice
    by_month = _by_month(by_line, ready.contrats, year, ready.arrete_au)
    return _Spent(lines, decisions, realise, series, by_month)


def execution(
    ready: Preparation,
    lectures: Mapping[str, str] | None = None,
    recettes: pd.DataFrame | None = None,
) -> Execution:
    """Execution of a prepared exercise, for every action of the contracts that cover it; who bears
    it is left to the rules (`par_financeur` is empty).

    Realised is eligible expenditure, ledger and staff costs together. `lectures`: reading of each
    interpretation (default: that of each rule). `recettes`: the receipts of every exercise of the
    run (default: its own), in which those that finance this one are found.
    """
    lectures = lectures or {}
    depot, contrats, arrete_au = ready.depot, ready.contrats, ready.arrete_au
    year = depot.exercice
    staff = _staff(ready, lectures)
    spent = _spent(ready, staff, lectures)
    realised = {} if spent is None else spent.realise
    known = depot.recettes if recettes is None or depot.recettes is None else recettes
    receipts = receipts_of(known, year, arrete_au)
    reading = lectures.get("participation-tiers", "prevu")
    counted = receipts_of(known, year, arrete_au, reading)
    spread = lectures.get("verse-reparti-annexe-3", "prevu")
    paid = None
    if receipts is not None:
        paid = state_payments(contrats, receipts, year, realised, spread)
    recus, lost = third_party_receipts(contrats, receipts, year)
    tiers, _ = third_party_receipts(contrats, counted, year)
    commitments = engaged(depot.engagements, year, arrete_au)
    costs = None if staff is None else _by_key(staff[0])
    by_action: list[dict[str, Any]] = []
    for contrat in contrats.values():
        for action in contrat.actions.values():
            key = (contrat.code, action.code)
            plan = action.plan(year)
            planned = None if plan is None else sum(plan.values())
            done = None if spent is None else realised.get(key, 0)
            row: dict[str, Any] = {
                "contrat": contrat.code,
                "groupe": action.groupe,
                "action": action.code,
                "libelle": action.libelle,
                "prevu": planned,
                "realise": done,
                "personnel": None if costs is None else costs.get(key, 0),
                "verse": None if paid is None else paid[0][key],
                "engage": None if commitments is None else commitments.get(key, 0),
                "taux": Fraction(done, planned) if planned and done is not None else None,
            }
            for measure in _SERIES:
                row[measure] = None if spent is None else spent.series[measure].get(key, 0)
            by_action.append(row)
    groups = [(c.code, g) for c in contrats.values() for g in c.groupes]
    sans_ligne = ready.lignes.reindex(columns=[*ready.lignes, *_JUGEMENT])
    return Execution(
        exercice=year,
        arrete_au=arrete_au,
        lignes=sans_ligne if spent is None else spent.lignes,
        par_action=objects(by_action, COLONNES_ACTION),
        par_financeur=objects([], COLONNES_FINANCEUR),
        par_mois=objects([], COLONNES_MOIS) if spent is None else spent.mois,
        non_affecte=ready.non_affecte,
        renseigne=ready.renseigne,
        verse_groupe={key: None if paid is None else paid[1][key] for key in groups},
        verse_contrat={name: None if paid is None else paid[2][name] for name in contrats},
        personnel=None if staff is None else staff[0],
        personnel_ineligible=pd.DataFrame() if staff is None else staff[1],
        decisions=sans_ligne.reindex(columns=[*sans_ligne, *_DECISION])
        if spent is None
        else spent.decisions,
        tiers=None if receipts is None else tiers,
        recus=None if receipts is None else recus,
        recettes_non_reparties=lost,
    )
