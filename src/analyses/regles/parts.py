"""Who bears the realised expenditure of a contract: one rule per volet or per action."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from analyses.contrat.citations import cite, clause_of
from analyses.contrat.financeurs import CD, ETAT
from analyses.contrat.model import Contrat
from analyses.execution.execution import COLONNES_FINANCEUR, Execution
from analyses.regles.emploi import ceiling, state_rate, state_shares
from analyses.regles.solidarites import consumption, key_shares
from analyses.socle.tables import objects

Key = tuple[str, str]  # (contrat, action) or (contrat, groupe)


@dataclass(frozen=True)
class Reports:
    """What the previous exercises carried over: by action and funder (solidarités, None: unknown),
    and by volet (State credits of the volet still free)."""

    actions: Mapping[Key, Mapping[str, int | None]] = field(default_factory=dict)
    volets: Mapping[Key, int | None] = field(default_factory=dict)


@cite(lectures=("base-volet-2", "plafond-volet-3", "plafond-volet-ou-action"))
def _volet_shares(
    contrat: Contrat,
    groupe: str,
    exercice: int,
    realise: Mapping[str, int],
    tiers: Mapping[str, Mapping[str, int]],
    report: int | None,
    lectures: Mapping[str, str],
) -> dict[str, dict[str, int | None]]:
    """Consumption by action and funder of a volet: third parties apart, then the State's rate
    within the ceiling of the volet (emploi art. 3.3, 4.1), the département for the rest."""
    plans = {c: a.plan(exercice) for c, a in contrat.actions.items() if a.groupe == groupe}
    known = {code: plan for code, plan in plans.items() if plan is not None}
    rate = state_rate(contrat, groupe, exercice)
    if not known or rate is None:
        return {}
    others: dict[str, dict[str, int]] = {}
    bases: dict[str, int] = {}
    for code, plan in known.items():
        parts, _ = key_shares(plan, realise.get(code, 0), tiers.get(code, {}))
        others[code] = {f: v for f, v in parts.items() if f not in (ETAT, CD)}
        bases[code] = realise.get(code, 0) - sum(others[code].values())
    whole = lectures.get("base-volet-2") == "cout-total" and rate < 1
    shared = {code: realise.get(code, 0) for code in known} if whole else bases
    top = ceiling(contrat, groupe, exercice)
    planned = {code: plan.get(ETAT, 0) for code, plan in known.items()}
    top = sum(planned.values()) if top is None else top
    if lectures.get("plafond-volet-3", "cumul") == "cumul":
        top += report or 0
    by_action = planned if lectures.get("plafond-volet-ou-action") == "action" else None
    state = state_shares(shared, rate, top, by_action)
    result: dict[str, dict[str, int | None]] = {}
    for code, plan in known.items():
        etat = min(state[code], bases[code]) if whole else state[code]
        cd = bases[code] - etat
        result[code] = {**dict.fromkeys(plan, 0), **others[code], ETAT: etat}
        if cd or CD in plan:
            result[code][CD] = cd
    return result


def funder_shares(
    contrat: Contrat,
    exercice: int,
    realise: Mapping[str, int],
    tiers: Mapping[str, Mapping[str, int]],
    reports: Reports,
    lectures: Mapping[str, str],
) -> dict[str, dict[str, int | None]]:
    """Consumption by action and funder of a contract, for the actions that have a plan."""
    found: dict[str, dict[str, int | None]] = {}
    for groupe in contrat.groupes:
        if clause_of(contrat, "plafond", groupe) is not None:
            report = reports.volets.get((contrat.code, groupe), 0)
            found |= _volet_shares(contrat, groupe, exercice, realise, tiers, report, lectures)
    for code, action in contrat.actions.items():
        plan = action.plan(exercice)
        if code in found or plan is None:
            continue
        found[code] = consumption(
            plan,
            realise.get(code, 0),
            tiers.get(code, {}),
            reports.actions.get((contrat.code, code)),
            lectures.get("cle-du-plan", "prorata"),
        )
    return found


def partager(
    done: Execution, contrats: Mapping[str, Contrat], reports: Reports, lectures: Mapping[str, str]
) -> Execution:
    """The execution with who bears it: one row per action and funder that takes a part.

    Not consumed is planned plus carried over minus consumed; all of it is unknown without a ledger.
    """
    columns = done.par_action[["contrat", "action", "realise"]]
    spent = {(name, code): v or 0 for name, code, v in columns.itertuples(index=False)}
    rows: list[dict[str, Any]] = []
    for name, contrat in contrats.items():
        shares: Mapping[str, Mapping[str, int | None]] = {}
        if done.renseigne:
            own = {code: spent[name, code] for code in contrat.actions}
            given = {code: done.tiers.get((name, code), {}) for code in contrat.actions}
            shares = funder_shares(contrat, done.exercice, own, given, reports, lectures)
        for code, action in contrat.actions.items():
            plan = action.plan(done.exercice)
            head = {"contrat": name, "groupe": action.groupe, "action": code}
            carried = reports.actions.get((name, code), {})
            rows += [head | row for row in _funders(plan or {}, shares.get(code), carried)]
    return replace(done, par_financeur=objects(rows, COLONNES_FINANCEUR))


def _funders(
    plan: Mapping[str, int],
    parts: Mapping[str, int | None] | None,
    carried: Mapping[str, int | None],
) -> Iterator[dict[str, Any]]:
    for funder in parts or plan:
        planned, report = plan.get(funder, 0), carried.get(funder, 0)
        part = None if parts is None else parts[funder]
        yield {
            "financeur": funder,
            "prevu": planned,
            "consomme": part,
            "non_consomme": None if part is None or report is None else planned + report - part,
        }
