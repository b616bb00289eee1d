"""Contrat local des solidarités: who pays what, pillars (art. 2.2, 3).

Amounts are integer centimes. The odd centime of an equal share goes to the département, which must
bring « au moins 50 % » (art. 2.2).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from analyses.contrat.citations import amount_of, cite, clause_of
from analyses.contrat.financeurs import CD, ETAT
from analyses.contrat.model import Clause, Contrat
from analyses.socle.money import half_down_centime


@cite("plafond_cout", lectures=("cle-du-plan",))
def consumption(
    plan: Mapping[str, int],
    realise: int,
    tiers: Mapping[str, int],
    reports: Mapping[str, int | None] | None = None,
    lecture: str = "prorata",
) -> dict[str, int | None]:
    """Realised expenditure of an action by funder, of exact sum `realise` (art. 2.2, art. 5).

    `tiers`: what third parties take. State and département share the rest by the budget of annexe
    6: credits of the year plus `reports`, what they carried over (columns I, K). The State is
    capped at what it notified plus what was carried over; the département bears every excess. A
    carry-over that is not known (None) leaves the key of the year, and makes the shares unknown
    where the State would pass its credits.

    >>> consumption({"etat": 50, "cd": 50, "caf": 20}, 90, {"caf": 10})
    {'etat': 40, 'cd': 40, 'caf': 10}
    >>> consumption({"etat": 50, "cd": 50}, 105, {}, {"etat": 1, "cd": 1})
    {'etat': 51, 'cd': 54}
    >>> consumption({"etat": 50, "cd": 50}, 105, {}, {"etat": None})
    {'etat': None, 'cd': None}
    """
    carried = dict(reports or {})
    extra = {f: carried.get(f) or 0 for f in (ETAT, CD) if lecture != "prorata-notifie"}
    key = {f: plan.get(f, 0) + extra.get(f, 0) for f in (ETAT, CD)}
    rest, notified, report = realise - sum(tiers.values()), plan.get(ETAT, 0), carried.get(ETAT, 0)
    etat: int | None = 0
    if lecture == "etat-d-abord":
        etat = rest
    elif lecture == "departement-d-abord" and rest > 0:
        own = carried.get(CD, 0)
        etat = None if own is None else max(0, rest - plan.get(CD, 0) - own)
    elif key[ETAT]:
        etat = half_down_centime(Fraction(rest * key[ETAT], key[ETAT] + key[CD]))
    if etat is not None and etat > notified:
        etat = None if report is None else min(etat, notified + report)
    parts: dict[str, int | None] = {**dict.fromkeys(plan, 0), **tiers}
    if ETAT in plan or key[ETAT]:
        parts[ETAT] = etat
    cd = None if etat is None else rest - etat
    if CD in plan or key[CD] or cd != 0:
        parts[CD] = cd
    return parts


@dataclass(frozen=True)
class Ventilation:
    """One pillar of art. 3 against its axe: printed, computed, and the gap."""

    groupe: str
    clause: Clause
    article: int | None
    annexe_3: int | None
    ecart: int | None


@cite("pilier", "soutien", "participation")
def pillars(contrat: Contrat, exercice: int) -> list[Ventilation]:
    """The split of art. 3 by pillar against the State's credits of each axe (annexe 3), then the
    totals of art. 3 and art. 2.2 against annexe 3 (groupe ''). Nothing is corrected.

    >>> from analyses.contrat.load import load_contrats
    >>> [v.ecart for v in pillars(load_contrats("55")["solidarites"], 2024)]
    [218100, 8025700, -8243800, 0, 0]
    """
    rows = []
    for group in contrat.groupes:
        actions = [a for a in contrat.actions.values() if a.groupe == group]
        rows.append((group, clause_of(contrat, "pilier", group, exercice), actions))
    everything = list(contrat.actions.values())
    for regle in ("soutien", "participation"):
        rows.append(("", clause_of(contrat, regle, "", exercice), everything))
    found = []
    for group, clause, actions in rows:
        if clause is None:
            continue
        plans = [a.plan(exercice) for a in actions]
        known = [plan for plan in plans if plan is not None]
        computed = (
            sum(p.get(ETAT, 0) for p in known) if len(known) == len(plans) and known else None
        )
        article = amount_of(clause)
        gap = None if article is None or computed is None else computed - article
        found.append(Ventilation(group, clause, article, computed, gap))
    return found
