"""What the chosen readings leave open of the State's money in an axe or volet, at a date."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from analyses.contrat.citations import cite, clause_of
from analyses.contrat.financeurs import ETAT
from analyses.contrat.model import Contrat
from analyses.execution.execution import Execution
from analyses.regles.emploi import Solde, ceiling
from analyses.regles.moteur import consumed
from analyses.risque.releve import Cle
from analyses.socle.money import share


@dataclass(frozen=True)
class Ouverture:
    """What may be lost in a volet. `reste`: its ceiling less what is acquired already (None: no
    rule limits it); `cumule`: its ceiling still counts after the exercise; `forfait`: any
    expenditure acquires the whole amount."""

    reste: int | None = None
    cumule: bool = False
    forfait: bool = False


@cite("plafond", "forfait", lectures=("plafond-volet-3", "forfait-volet-1"))
def ouverture(
    contrat: Contrat,
    groupe: str,
    execution: Execution,
    soldes: Mapping[tuple[int, str, str], Solde],
    lectures: Mapping[str, str],
) -> Ouverture:
    """What an exercise may still lose of a volet (art. 4.1, 6): nothing before its term where its
    ceilings add up, nothing of a lump sum that is kept whole, nothing of a ceiling reached."""
    year = execution.exercice
    if clause_of(contrat, "plafond", groupe) is None:
        return Ouverture()
    reading = lectures.get("forfait-volet-1", "cout-reel")
    kept = clause_of(contrat, "forfait", groupe) is not None and reading != "cout-reel"
    settled = soldes.get((year, contrat.code, groupe))
    if settled is not None:
        owed, top = settled.du, settled.plafond
        known = owed is not None and top is not None
        return Ouverture(max(0, (top or 0) - (owed or 0)) if known else None, forfait=kept)
    later = contrat.groupes[groupe].fin.year > year
    if later and lectures.get("plafond-volet-3", "cumul") == "cumul":
        return Ouverture(0, cumule=True)
    top, used = ceiling(contrat, groupe, year), consumed(execution)
    given = [used.get((contrat.code, code), {}).get(ETAT, 0) for code in contrat.codes(groupe)]
    if top is None or None in given:
        return Ouverture()
    return Ouverture(max(0, top - sum(one or 0 for one in given)), forfait=kept)


def limiter(
    enjeux: Mapping[Cle, int],
    groupes: Mapping[Cle, tuple[str, str]],
    restes: Mapping[Cle, int | None],
) -> dict[Cle, int]:
    """Stakes of actions within what each volet leaves open, shared in proportion to the stakes.

    `groupes`: (contrat, groupe) of each action; `restes`: what its volet leaves open.

    >>> one, two, alone = ("c", "1"), ("c", "2"), ("d", "1")
    >>> places = {one: ("c", "v"), two: ("c", "v"), alone: ("d", "a")}
    >>> limiter({one: 60, two: 30, alone: 5}, places, {one: 30, two: 30, alone: None})
    {('c', '1'): 20, ('c', '2'): 10, ('d', '1'): 5}
    """
    found = dict(enjeux)
    for place in dict.fromkeys(groupes[key] for key in enjeux):
        own = {key: stake for key, stake in enjeux.items() if groupes[key] == place}
        left = restes[next(iter(own))]
        if left is not None and sum(own.values()) > left:
            found |= share(left, own)
    return found


def anterieurs(
    contrat: Contrat, passees: Sequence[Execution], lectures: Mapping[str, str]
) -> dict[str, int]:
    """State credits that earlier exercises left unconsumed, by action, where ceilings add up."""
    if lectures.get("plafond-volet-3", "cumul") != "cumul":
        return {}
    left: dict[str, int] = {}
    for done in passees:
        used: Mapping[Cle, Mapping[str, Any]] = consumed(done)
        for code, action in contrat.actions.items():
            plan, given = action.plan(done.exercice), used.get((contrat.code, code), {}).get(ETAT)
            capped = clause_of(contrat, "plafond", action.groupe) is not None
            if capped and plan is not None and given is not None:
                left[code] = left.get(code, 0) + plan.get(ETAT, 0) - given
    return {code: max(0, amount) for code, amount in left.items()}
