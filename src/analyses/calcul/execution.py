"""Financial execution of one exercise: planned, paid, realised, by action and by funder.

Amounts are integer centimes; None means « non renseigné ».
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Any

import pandas as pd

from analyses.calcul.affectation import assign, plain
from analyses.calcul.money import share

COLONNES_ACTION = [
    "contrat",
    "groupe",
    "action",
    "libelle",
    "prevu",
    "realise",
    "ineligible",
    "journee_complementaire",
    "verse",
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


@dataclass(frozen=True)
class Execution:
    """Execution of an exercise. `lignes`: assigned lines that count; `non_affecte`: the others.

    `verse_groupe` and `verse_contrat` are exact totals of the State's payments (None = unknown).
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


def _frame(rows: list[dict[str, Any]], columns: list[str]) -> pd.DataFrame:
    """Frame of plain Python objects: int stays int, None stays None."""
    return pd.DataFrame(
        {name: pd.Series([row[name] for row in rows], dtype=object) for name in columns}
    )


def ineligible_reason(contrat: Any, groupe: str, nature: str, objet: str) -> str:
    """Why an article excludes an expenditure, with the article ('' when none does)."""
    text = plain(objet)
    for rule in contrat.ineligibles:
        if rule.groupes and groupe not in rule.groupes:
            continue
        if rule.natures and not nature.startswith(tuple(rule.natures)):
            continue
        if rule.sauf_natures and nature.startswith(tuple(rule.sauf_natures)):
            continue
        if rule.mots and not any(plain(word) in text for word in rule.mots):
            continue
        return f"{rule.motif} ({rule.article})"
    return ""


def _counted(mandats: pd.DataFrame, exercice: int, arrete_au: date | None) -> pd.DataFrame:
    keep = mandats["exercice"].to_numpy() == exercice
    if arrete_au is not None:
        keep &= [d is not None and d <= arrete_au for d in mandats["date_emission"]]
    return mandats[keep]


def _described(lines: pd.DataFrame, contrats: Mapping[str, Any], exercice: int) -> pd.DataFrame:
    """Assigned lines with groupe, eligible, motif_ineligible, journee_complementaire, mois."""
    groups = {(c.code, a.code): a.groupe for c in contrats.values() for a in c.actions.values()}
    keys = list(zip(lines["contrat"], lines["action"], strict=True))
    groupe = [groups.get(key, "") for key in keys]
    reasons: dict[tuple[str, ...], str] = {}
    motifs = []
    for (code, _), group, nature, objet in zip(
        keys, groupe, lines["nature"], lines["objet_origine"], strict=True
    ):
        asked = (code, group, str(nature), str(objet))
        if asked not in reasons:
            contrat = contrats.get(code)
            reasons[asked] = "" if contrat is None else ineligible_reason(contrat, *asked[1:])
        motifs.append(reasons[asked])
    dates = lines["date_emission"]
    return lines.assign(
        groupe=pd.Series(groupe, index=lines.index, dtype=object),
        eligible=pd.Series([m == "" for m in motifs], index=lines.index, dtype=bool),
        motif_ineligible=pd.Series(motifs, index=lines.index, dtype=object),
        journee_complementaire=pd.Series(
            [d.year > exercice for d in dates], index=lines.index, dtype=bool
        ),
        mois=pd.Series([f"{d.year}-{d.month:02d}" for d in dates], index=lines.index, dtype=object),
    )


def _sums(lines: pd.DataFrame) -> dict[tuple[str, str], int]:
    grouped = lines.groupby(["contrat", "action"])["montant_signe"].sum()
    keys: list[Any] = list(grouped.index)
    return {
        (str(key[0]), str(key[1])): int(value) for key, value in zip(keys, grouped, strict=True)
    }


def _receipts(
    recettes: pd.DataFrame | None, exercice: int, arrete_au: date | None
) -> list[tuple[str, str, str, int]] | None:
    """(contrat, action or groupe or '', financeur, centimes) of the receipts cashed in time."""
    if recettes is None:
        return None
    columns = ["exercice", "contrat", "action", "financeur", "montant", "date_encaissement"]
    return [
        (str(contrat), str(action or ""), str(funder), int(amount))
        for year, contrat, action, funder, amount, cashed in recettes[columns].itertuples(
            index=False
        )
        if year == exercice
        and isinstance(cashed, date)
        and (arrete_au is None or cashed <= arrete_au)
    ]


def _scope(contrat: Any, code: str) -> tuple[str | None, list[Any]]:
    """(groupe or None, actions) that the `action` of a receipt speaks of."""
    if code in contrat.actions:
        return contrat.actions[code].groupe, [contrat.actions[code]]
    for key, group in contrat.groupes.items():
        # A bare number is an action of solidarites, never an axe.
        if code and code in (key, group.code_public):
            return key, [a for a in contrat.actions.values() if a.groupe == key]
    return None, list(contrat.actions.values())


def _verse(
    contrats: Mapping[str, Any], receipts: list[tuple[str, str, str, int]], exercice: int
) -> tuple[dict[tuple[str, str], int], dict[tuple[str, str], int], dict[str, int]]:
    """State payments by action, groupe and contract; a payment made to a contract or a volet is
    spread over the State's planned credits (interpretation verse-reparti-annexe-3)."""
    by_action = {(c.code, a.code): 0 for c in contrats.values() for a in c.actions.values()}
    by_group = {(c.code, key): 0 for c in contrats.values() for key in c.groupes}
    by_contract = {c.code: 0 for c in contrats.values()}
    pooled: dict[tuple[str, str], int] = {}
    for contrat, code, funder, amount in receipts:
        if funder == "etat" and contrat in contrats:
            pooled[contrat, code] = pooled.get((contrat, code), 0) + amount
    for (name, code), amount in pooled.items():
        contrat_ = contrats[name]
        by_contract[name] += amount
        group, actions = _scope(contrat_, code)
        if len(actions) == 1 and actions[0].code == code:
            weights = {code: 1}
        else:
            weights = {a.code: (a.plan(exercice) or {}).get("etat", 0) for a in actions}
        if sum(weights.values()) <= 0:
            if group is not None:
                by_group[name, group] += amount
            continue
        for action, part in share(amount, weights).items():
            by_action[name, action] += part
            by_group[name, contrat_.actions[action].groupe] += part
    return by_action, by_group, by_contract


def consumed(plan: Mapping[str, int], realise: int, tiers: Mapping[str, int]) -> dict[str, int]:
    """Realised expenditure by funder: third-party receipts first, the plan's key for the rest.

    When no other funder is planned the département, which runs the action, bears the rest.

    >>> consumed({"etat": 50, "cd": 50, "caf": 20}, 90, {})
    {'etat': 38, 'cd': 37, 'caf': 15}
    >>> consumed({"etat": 50, "cd": 50, "caf": 20}, 90, {"caf": 10})
    {'etat': 40, 'cd': 40, 'caf': 10}
    """
    result = dict.fromkeys([*plan, *(f for f in tiers if f not in plan)], 0)
    rest = realise
    for funder, amount in tiers.items():
        result[funder] = max(0, min(amount, rest))
        rest -= result[funder]
    weights = {f: w for f, w in plan.items() if f not in tiers}
    if sum(weights.values()) > 0:
        for funder, part in share(rest, weights).items():
            result[funder] += part
    elif rest:
        result["cd"] = result.get("cd", 0) + rest
    return result


def _third_parties(
    receipts: list[tuple[str, str, str, int]] | None, contrat: str, action: str
) -> dict[str, int]:
    tiers: dict[str, int] = {}
    for name, code, funder, amount in receipts or []:
        if (name, code) == (contrat, action) and funder not in ("etat", "cd"):
            tiers[funder] = tiers.get(funder, 0) + amount
    return tiers


def _by_month(
    lines: pd.DataFrame, contrats: Mapping[str, Any], exercice: int, arrete_au: date | None
) -> pd.DataFrame:
    """Realised by month and running total; each month of the year, later ones when used."""
    last = 12 if arrete_au is None or arrete_au.year > exercice else arrete_au.month
    if arrete_au is not None and arrete_au.year < exercice:
        last = 0
    months = {f"{exercice}-{m:02d}" for m in range(1, last + 1)}
    months |= set(lines["mois"])
    grouped = lines.groupby(["contrat", "action", "mois"])["montant_signe"].sum()
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
    return _frame(rows, COLONNES_MOIS)


def _lines(
    depot: Any, contrats: Mapping[str, Any], arrete_au: date | None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """(assigned lines that count, unassigned lines that count)."""
    origins = getattr(depot, "mandats_precedents", None)
    assigned = assign(depot.mandats, depot.affectations, origins)
    counted = _counted(assigned, depot.exercice, arrete_au)
    known = counted["contrat"].isin(list(contrats)).to_numpy(dtype=bool)
    lines = _described(counted[known].reset_index(drop=True), contrats, depot.exercice)
    return lines, counted[~known].reset_index(drop=True)


def execution(depot: Any, contrats: Mapping[str, Any], arrete_au: date | None = None) -> Execution:
    """Execution of the exercise of `depot`, for every action of the contracts that cover it.

    A line counts when its exercice is the year and its date_emission at most `arrete_au` (None:
    the whole exercise, journée complémentaire included). Only eligible lines are realised.
    """
    year = depot.exercice
    contrats = {k: c for k, c in contrats.items() if year in c.exercices}
    known = depot.mandats is not None
    lines = other = pd.DataFrame()
    realised: dict[tuple[str, str], int] = {}
    excluded: dict[tuple[str, str], int] = {}
    late: dict[tuple[str, str], int] = {}
    months = _frame([], COLONNES_MOIS)
    if known:
        lines, other = _lines(depot, contrats, arrete_au)
        eligible = lines[lines["eligible"]]
        realised, excluded = _sums(eligible), _sums(lines[~lines["eligible"]])
        late = _sums(eligible[eligible["journee_complementaire"]])
        months = _by_month(eligible, contrats, year, arrete_au)
    receipts = _receipts(depot.recettes, year, arrete_au)
    paid = None if receipts is None else _verse(contrats, receipts, year)
    by_action: list[dict[str, Any]] = []
    by_funder: list[dict[str, Any]] = []
    for contrat in contrats.values():
        for action in contrat.actions.values():
            key = (contrat.code, action.code)
            head = {"contrat": contrat.code, "groupe": action.groupe, "action": action.code}
            plan = action.plan(year)
            planned = None if plan is None else sum(plan.values())
            spent = realised.get(key, 0) if known else None
            row: dict[str, Any] = {
                **head,
                "libelle": action.libelle,
                "prevu": planned,
                "realise": spent,
                "ineligible": excluded.get(key, 0) if known else None,
                "journee_complementaire": late.get(key, 0) if known else None,
                "verse": None if paid is None else paid[0][key],
                "taux": Fraction(spent, planned) if planned and spent is not None else None,
            }
            by_action.append(row)
            by_funder += _funder_rows(head, plan, spent, _third_parties(receipts, *key))
    return Execution(
        year,
        arrete_au,
        lines,
        _frame(by_action, COLONNES_ACTION),
        _frame(by_funder, COLONNES_FINANCEUR),
        months,
        other,
        known,
        {
            (c.code, g): None if paid is None else paid[1][c.code, g]
            for c in contrats.values()
            for g in c.groupes
        },
        {c.code: None if paid is None else paid[2][c.code] for c in contrats.values()},
    )


def _funder_rows(
    head: dict[str, str], plan: dict[str, int] | None, spent: int | None, tiers: dict[str, int]
) -> list[dict[str, Any]]:
    if plan is None:
        return []
    parts = None if spent is None else consumed(plan, spent, tiers)
    rows: list[dict[str, Any]] = []
    for funder in parts or plan:
        planned = plan.get(funder, 0)
        part = None if parts is None else parts[funder]
        rows.append(
            head
            | {
                "financeur": funder,
                "prevu": planned,
                "consomme": part,
                "non_consomme": None if part is None else planned - part,
            }
        )
    return rows
