"""Receipts: what the State paid and what third parties gave, brought to the actions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from fractions import Fraction

import pandas as pd

from analyses.contrat.citations import cite
from analyses.contrat.financeurs import CD, ETAT
from analyses.contrat.model import Action, Contrat
from analyses.socle.money import round_in_turn

Key = tuple[str, str]  # (contrat, action), or (contrat, groupe) where said
Receipt = tuple[str, str, str, int]  # contrat, action or groupe or '', financeur, centimes


@cite(lectures=("participation-tiers",))
def receipts_of(
    recettes: pd.DataFrame | None,
    exercice: int,
    arrete_au: date | None,
    lecture: str = "encaissement",
) -> list[Receipt] | None:
    """Receipts that finance an exercise and count at the closing date: cashed, or, for third
    parties under the reading "emission", issued. None when no file was given.

    A receipt belongs to the exercise of the expenditure it finances (`exercice_origine`; its own
    when nothing is said), so that money certified later reaches the year that it pays for.
    """
    if recettes is None:
        return None
    columns = ["exercice", "contrat", "action", "financeur", "montant", "date_encaissement"]
    origins = recettes["exercice_origine"]
    financed = recettes["exercice"].where(origins.isna(), origins)
    issued = recettes["date"] if lecture == "emission" else recettes["date_encaissement"]
    return [
        (str(contrat), str(action or ""), str(funder), int(amount))
        for (_, contrat, action, funder, amount, cashed), title, year in zip(
            recettes[columns].itertuples(index=False), issued, financed, strict=True
        )
        for day in [cashed if funder == ETAT else title]
        if year == exercice and isinstance(day, date) and (arrete_au is None or day <= arrete_au)
    ]


def together(tables: Iterable[pd.DataFrame | None]) -> pd.DataFrame | None:
    """The receipts of several exercises: one may finance an earlier one. None without any."""
    known = [table for table in tables if table is not None]
    return pd.concat(known, ignore_index=True) if known else None


def _scope(contrat: Contrat, code: str) -> tuple[list[str], list[Action]]:
    """(groupes, actions) that the `action` of a receipt speaks of."""
    if code in contrat.actions:
        return [contrat.actions[code].groupe], [contrat.actions[code]]
    for key, group in contrat.groupes.items():
        # A bare number is an action of solidarites, never an axe.
        if code and code in (key, group.code_public):
            return [key], [a for a in contrat.actions.values() if a.groupe == key]
    return list(contrat.groupes), list(contrat.actions.values())


def spread_out(amount: int, weights: Mapping[str, int]) -> dict[str, int]:
    """A payment brought to actions in proportion, in the order of the contract (arrondi cumulé).

    >>> spread_out(100, {"1": 1, "2": 1, "3": 1})
    {'1': 33, '2': 34, '3': 33}
    """
    whole = sum(weights.values())
    return round_in_turn({key: Fraction(amount * part, whole) for key, part in weights.items()})


@cite(lectures=("verse-reparti-annexe-3",))
def state_payments(
    contrats: Mapping[str, Contrat],
    receipts: Sequence[Receipt],
    exercice: int,
    realise: Mapping[Key, int],
    lecture: str = "prevu",
) -> tuple[dict[Key, int | None], dict[Key, int | None], dict[str, int]]:
    """State payments by (contrat, action), by (contrat, groupe) and by contract.

    A payment made to a contract or a volet is spread over the State's planned credits; what cannot
    be spread leaves the actions (and the volets, when made to the contract) unknown.
    """
    by_action: dict[Key, int | None] = {
        (c.code, a.code): 0 for c in contrats.values() for a in c.actions.values()
    }
    by_group: dict[Key, int | None] = {(c.code, g): 0 for c in contrats.values() for g in c.groupes}
    by_contract = {c.code: 0 for c in contrats.values()}
    pooled: dict[Key, int] = {}
    for contrat, code, funder, amount in receipts:
        if funder == ETAT and contrat in contrats:
            pooled[contrat, code] = pooled.get((contrat, code), 0) + amount

    def add(table: dict[Key, int | None], key: Key, amount: int | None) -> None:
        before = table[key]
        table[key] = None if before is None or amount is None else before + amount

    for (name, code), amount in pooled.items():
        contrat_ = contrats[name]
        by_contract[name] += amount
        groups, actions = _scope(contrat_, code)
        if len(actions) == 1 and actions[0].code == code:
            weights = {code: 1}
        elif lecture == "realise":
            weights = {a.code: max(0, realise.get((name, a.code), 0)) for a in actions}
        else:
            weights = {a.code: (a.plan(exercice) or {}).get(ETAT, 0) for a in actions}
        spread = len(weights) == 1 or lecture != "aucune"
        parts = spread_out(amount, weights) if spread and sum(weights.values()) > 0 else None
        for action in actions:
            add(by_action, (name, action.code), parts[action.code] if parts else None)
        if parts is None:
            for group in groups:
                add(by_group, (name, group), amount if len(groups) == 1 else None)
        else:
            for action in actions:
                add(by_group, (name, action.groupe), parts[action.code])
    return by_action, by_group, by_contract


def third_party_receipts(
    contrats: Mapping[str, Contrat], receipts: Sequence[Receipt] | None, exercice: int
) -> tuple[dict[Key, dict[str, int]], dict[tuple[str, str, str], int]]:
    """Third-party receipts by (contrat, action), and those that no action plans for.

    A receipt of a whole contract, axe or volet is spread over the actions that plan this funder, in
    proportion to the plan; a receipt that names its action goes to it whatever the plan.
    """
    pooled: dict[tuple[str, str, str], int] = {}
    for contrat, code, funder, amount in receipts or ():
        if contrat in contrats and funder not in (ETAT, CD):
            pooled[contrat, code, funder] = pooled.get((contrat, code, funder), 0) + amount
    by_action: dict[Key, dict[str, int]] = {}
    lost: dict[tuple[str, str, str], int] = {}
    for (name, code, funder), amount in sorted(pooled.items()):
        actions = _scope(contrats[name], code)[1]
        if len(actions) == 1 and actions[0].code == code:
            weights = {code: 1}
        else:
            weights = {a.code: (a.plan(exercice) or {}).get(funder, 0) for a in actions}
        if sum(weights.values()) <= 0:
            lost[name, code, funder] = amount
            continue
        for action, part in spread_out(amount, weights).items():
            if part or weights[action]:
                own = by_action.setdefault((name, action), {})
                own[funder] = own.get(funder, 0) + part
    return by_action, lost
