"""Contrat local des solidarités: who pays what, the 50 % of the département, pillars (art. 2.2, 3).

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
from analyses.socle.money import ceil_centime, share


@cite(lectures=("recette-tiers-encaissee",))
def key_shares(
    plan: Mapping[str, int], realise: int, recettes: Mapping[str, int]
) -> tuple[dict[str, int], int]:
    """(parts of every funder, what the département bears besides), of exact sum `realise`.

    A third party that gave a receipt consumes it (all of them cut in proportion above the
    expenditure); the rest follows the plan's key, in which a third party never gives more than it
    planned: its excess is the second figure.

    >>> key_shares({"etat": 50, "cd": 50, "caf": 20}, 90, {})
    ({'etat': 37, 'cd': 38, 'caf': 15}, 0)
    >>> key_shares({"etat": 50, "cd": 50, "caf": 20}, 240, {})
    ({'etat': 100, 'cd': 100, 'caf': 20}, 20)
    """
    parts = dict.fromkeys(plan, 0)
    given = {funder: recettes[funder] for funder in sorted(recettes) if recettes[funder] > 0}
    total = min(sum(given.values()), max(realise, 0))
    if given:
        parts |= share(total, given)
    weights = {f: plan[f] for f in (CD, ETAT, *plan) if f in plan and f not in recettes}
    if sum(weights.values()) <= 0:
        return parts, realise - total
    by_key = share(realise - total, weights)
    parts |= {f: v if f in (ETAT, CD) else min(v, plan[f]) for f, v in by_key.items()}
    return parts, realise - sum(parts.values())


@cite("plafond_cout", lectures=("cle-du-plan",))
def consumption(
    plan: Mapping[str, int],
    realise: int,
    recettes: Mapping[str, int],
    reports: Mapping[str, int | None] | None = None,
    lecture: str = "prorata",
) -> dict[str, int | None]:
    """Realised expenditure of an action by funder, of exact sum `realise` (art. 2.2, art. 5).

    The key is the budget of annexe 6: credits of the year plus `reports`, what State and
    département carried over (columns I, K, L). The State is capped at what it notified plus what
    was carried over; the département bears every excess. A carry-over that is not known (None)
    leaves the key of the year, and makes the shares unknown where the State would pass its credits.

    >>> consumption({"etat": 50, "cd": 50, "caf": 20}, 90, {"caf": 10})
    {'etat': 40, 'cd': 40, 'caf': 10}
    >>> consumption({"etat": 50, "cd": 50}, 105, {}, {"etat": 1, "cd": 1})
    {'etat': 51, 'cd': 54}
    >>> consumption({"etat": 50, "cd": 50}, 105, {}, {"etat": None})
    {'etat': None, 'cd': None}
    """
    carried = dict(reports or {})
    extra = {f: carried.get(f) or 0 for f in (ETAT, CD) if lecture != "prorata-notifie"}
    budget = {f: v + extra.get(f, 0) for f, v in plan.items()}
    budget |= {f: v for f, v in extra.items() if v and f not in plan}
    shared, excess = key_shares(budget, realise, recettes)
    parts: dict[str, int | None] = dict(shared)
    rest = shared.get(ETAT, 0) + shared.get(CD, 0) + excess
    etat: int | None = shared.get(ETAT, 0)
    if lecture == "etat-d-abord":
        etat = rest
    elif lecture == "departement-d-abord" and rest > 0:
        own = carried.get(CD, 0)
        etat = None if own is None else max(0, rest - plan.get(CD, 0) - own)
    notified, report = plan.get(ETAT, 0), carried.get(ETAT, 0)
    if etat is not None and etat > notified:
        etat = None if report is None else min(etat, notified + report)
    if ETAT in budget:
        parts[ETAT] = etat
    cd = None if etat is None else rest - etat
    if CD in budget or cd != 0:
        parts[CD] = cd
    return parts


@dataclass(frozen=True)
class Part:
    """The département's part on a base: `ecart` is what it brings above (below: negative) the
    minimum, rounded up to the centime because the text says « au moins »."""

    base: int | None
    cd: int | None
    taux: Fraction | None
    minimum: int | None
    ecart: int | None
    statut: str  # respectee, non_respectee, sans_objet (nothing to share), non_renseigne


@cite("part_cd", "taux_etat", lectures=("base-des-50-pour-cent",))
def part_cd(
    montants: Mapping[str, int | None] | None, minimum: Fraction, lecture: str = "etat-cd"
) -> Part:
    """The département's part in the amounts by funder (solidarités art. 2.2; emploi art. 3.3).

    >>> part_cd({"etat": 6500, "cd": 6500, "ars": 151000}, Fraction(1, 2)).statut
    'respectee'
    >>> part = part_cd({"etat": 6500, "cd": 6500, "ars": 151000}, Fraction(1, 2), "tous-financeurs")
    >>> part.taux, part.minimum, part.ecart, part.statut
    (Fraction(13, 328), 82000, -75500, 'non_respectee')
    """
    known = montants or {}
    counted = [known.get(f, 0) for f in (known if lecture == "tous-financeurs" else (ETAT, CD))]
    if montants is None or any(amount is None for amount in counted):
        return Part(None, None, None, None, None, "non_renseigne")
    base, cd = sum(a for a in counted if a is not None), known.get(CD, 0) or 0
    if base <= 0:
        return Part(base, cd, None, None, None, "sans_objet")
    floor = ceil_centime(minimum * base)
    status = "respectee" if cd >= floor else "non_respectee"
    return Part(base, cd, Fraction(cd, base), floor, cd - floor, status)


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
