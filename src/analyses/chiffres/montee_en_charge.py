"""What the trajectories of the fiches expect spent at the end of each month, by contract."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from fractions import Fraction

from analyses.chiffres.chiffre import TOTAL, Chiffre, chiffre, lieux
from analyses.contrat.model import Contrat
from analyses.risque.trajectoire import Cle, Trajectoire, trajectoire
from analyses.socle.money import half_up_centime


def montee_en_charge(
    contrats: Mapping[str, Contrat], exercice: int, trajectoires: Mapping[Cle, Trajectoire]
) -> Iterator[Chiffre]:
    """One figure by contract and month, its centime rounded once; unknown when an action has no
    plan.

    >>> from analyses.contrat.load import load_contrats
    >>> from analyses.risque.trajectoire import load_trajectoires
    >>> known = load_contrats("55")
    >>> found = list(montee_en_charge(known, 2024, load_trajectoires(known)))
    >>> len(found), found[11].detail
    (24, '2024-12')
    """
    for contrat in contrats.values():
        if exercice not in contrat.exercices:
            continue
        whole, *places = lieux(contrat, exercice)
        codes = [place.code for place in places if place.niveau == "action" and not place.fini]
        plans = {code: contrat.actions[code].plan(exercice) for code in codes}
        known = {code: sum(plan.values()) for code, plan in plans.items() if plan is not None}
        curves = {code: trajectoire(trajectoires, contrat, code, exercice) for code in known}
        for month in range(1, 13):
            last = date(exercice + month // 12, month % 12 + 1, 1) - timedelta(days=1)
            parts = (curves[code].part(last) * planned for code, planned in known.items())
            complete = len(known) == len(codes)
            value = half_up_centime(sum(parts, Fraction())) if complete else None
            yield chiffre(whole, "attendu_mois", TOTAL, value, detail=f"{exercice}-{month:02d}")
