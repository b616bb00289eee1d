"""Who bears the realised expenditure of a contract: one rule per volet or per action."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from analyses.contrat.citations import cite, clause_of
from analyses.contrat.financeurs import CD, ETAT
from analyses.regles.emploi import ceiling, state_rate, state_shares
from analyses.regles.solidarites import consumption, key_shares

Key = tuple[str, str]  # (contrat, action) or (contrat, groupe)


@dataclass(frozen=True)
class Reports:
    """What the previous exercises carried over: by action and funder (solidarités, None: unknown),
    and by volet (State credits of the volet still free)."""

    actions: Mapping[Key, Mapping[str, int | None]] = field(default_factory=dict)
    volets: Mapping[Key, int | None] = field(default_factory=dict)


@cite(lectures=("base-volet-2", "plafond-volet-3", "plafond-volet-ou-action"))
def _volet_shares(
    contrat: Any,
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
    contrat: Any,
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
