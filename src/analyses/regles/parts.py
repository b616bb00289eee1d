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
from analyses.regles.solidarites import consumption
from analyses.regles.tiers import PREVU, third_parties
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
    tiers: Mapping[str, Mapping[str, int] | None],
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
    apart = {code: given for code in known if (given := tiers[code]) is not None}
    if len(apart) < len(known):  # what third parties gave is not known: nor is the rest
        return {code: dict.fromkeys(plan, None) for code, plan in known.items()}
    bases = {code: realise.get(code, 0) - sum(given.values()) for code, given in apart.items()}
    whole = lectures.get("base-volet-2") == "cout-total" and rate < 1
    shared = {code: realise.get(code, 0) for code in known} if whole else bases
    top = ceiling(contrat, groupe, exercice)
    planned = {code: plan.get(ETAT, 0) for code, plan in known.items()}
    top = sum(planned.values()) if top is None else top
    if lectures.get("plafond-volet-3", "cumul") == "cumul":
        top += report or 0
    state = state_shares(shared, rate, top, planned, lectures)
    result: dict[str, dict[str, int | None]] = {}
    for code, plan in known.items():
        etat = min(state[code], bases[code]) if whole else state[code]
        cd = bases[code] - etat
        result[code] = {**dict.fromkeys(plan, 0), **apart[code], ETAT: etat}
        if cd or CD in plan:
            result[code][CD] = cd
    return result


def _action_shares(
    plan: Mapping[str, int],
    realise: int,
    tiers: Mapping[str, int] | None,
    reports: Mapping[str, int | None] | None,
    lectures: Mapping[str, str],
) -> dict[str, int | None]:
    if tiers is None:
        return dict.fromkeys(plan, None)
    return consumption(plan, realise, tiers, reports, lectures.get("cle-du-plan", "prorata"))


def funder_shares(
    contrat: Contrat,
    exercice: int,
    realise: Mapping[str, int],
    recus: Mapping[str, Mapping[str, int]] | None,
    reports: Reports,
    lectures: Mapping[str, str],
) -> dict[str, dict[str, int | None]]:
    """Consumption by action and funder of a contract, for the actions that have a plan. `recus`:
    the receipts of third parties by action (None: no file)."""
    reading = lectures.get("participation-tiers", PREVU)
    tiers = {
        code: third_parties(
            plan, realise.get(code, 0), None if recus is None else recus.get(code, {}), reading
        )
        for code, action in contrat.actions.items()
        if (plan := action.plan(exercice)) is not None
    }
    found: dict[str, dict[str, int | None]] = {}
    for groupe in contrat.groupes:
        if clause_of(contrat, "plafond", groupe) is not None:
            report = reports.volets.get((contrat.code, groupe), 0)
            found |= _volet_shares(contrat, groupe, exercice, realise, tiers, report, lectures)
    for code, action in contrat.actions.items():
        plan = action.plan(exercice)
        if code in found or plan is None:
            continue
        carried = reports.actions.get((contrat.code, code))
        found[code] = _action_shares(plan, realise.get(code, 0), tiers[code], carried, lectures)
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
            given = None
            if done.tiers is not None:
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


def consumed(done: Execution) -> dict[Key, dict[str, int | None]]:
    """Consumed by funder, by (contrat, action); centimes, None = non renseigné."""
    found: dict[Key, dict[str, int | None]] = {}
    columns = ["contrat", "action", "financeur", "consomme"]
    for contrat, action, funder, amount in done.par_financeur[columns].itertuples(index=False):
        found.setdefault((str(contrat), str(action)), {})[str(funder)] = amount
    return found
