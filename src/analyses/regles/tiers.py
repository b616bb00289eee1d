"""What third parties take of an expenditure: planned, announced or paid, as a reading says."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from analyses.contrat.citations import cite
from analyses.contrat.financeurs import CD, ETAT
from analyses.socle.money import round_in_turn

PREVU = "prevu"


def others(amounts: Mapping[str, int]) -> dict[str, int]:
    """The amounts of the funders that are neither the State nor the département.

    >>> others({"etat": 50, "cd": 50, "caf": 20})
    {'caf': 20}
    """
    return {funder: v for funder, v in amounts.items() if funder not in (ETAT, CD)}


@cite("plafond_cout", lectures=("participation-tiers",))
def third_parties(
    plan: Mapping[str, int],
    realise: int,
    recus: Mapping[str, int] | None,
    lecture: str = PREVU,
) -> dict[str, int] | None:
    """What each third party takes of the expenditure of an action, never more than it in all
    (emploi art. 8; solidarités art. 5 and annexe 6, column E).

    `recus`: its receipts, those that the reading counts (None: no file). Under "prevu" a third
    party takes its part of the plan until its receipts exceed it, so that the State is never asked
    for what a declared third party still owes; under the others what was not issued, or not cashed,
    finances nothing. Above the expenditure all are cut in proportion. None when it cannot be known.

    >>> plan = {"etat": 50, "cd": 50, "caf": 20}
    >>> third_parties(plan, 90, {}), third_parties(plan, 90, {"caf": 18})
    ({'caf': 15}, {'caf': 18})
    >>> third_parties(plan, 90, {}, "encaissement"), third_parties(plan, 240, {})
    ({'caf': 0}, {'caf': 20})
    >>> third_parties(plan, 10, {"caf": 12}), third_parties(plan, 10, None, "encaissement")
    ({'caf': 10}, None)
    """
    planned = others(plan)
    if recus is None and lecture != PREVU and any(planned.values()):
        return None
    given, whole = recus or {}, sum(plan.values())
    exact = dict.fromkeys([*planned, *sorted(given)], Fraction(0))
    for funder in exact:
        if lecture == PREVU and whole > 0 and funder in planned:
            part = Fraction(realise * planned[funder], whole)
            exact[funder] = min(part, Fraction(planned[funder]))
        exact[funder] = max(exact[funder], Fraction(given.get(funder, 0)), Fraction(0))
    asked, spent = sum(exact.values(), Fraction(0)), max(realise, 0)
    if asked > spent:
        exact = {funder: value * spent / asked for funder, value in exact.items()}
    return round_in_turn(exact)
