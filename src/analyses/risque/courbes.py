"""The year of an action as curves: planned, consumed, and the fan of what may still come."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from analyses.risque.jugement import Seuils, limite
from analyses.risque.loi import Loi
from analyses.risque.releve import fin_de_mois
from analyses.risque.situation import Situation
from analyses.socle.money import half_up_centime

NIVEAUX = (0.8, 0.5)
Courbe = list[tuple[date, int]]


@dataclass(frozen=True)
class Courbes:
    """Centimes at the end of days. `eventail`: for each level, its lower and its upper curve,
    opening from the cut-off to 31 December as the plan spends; empty once the year is closed."""

    limite: int
    plan: Courbe
    realise: Courbe
    centre: Courbe
    eventail: list[tuple[Courbe, Courbe]]


def courbes(s: Situation, law: Loi, seuils: Seuils) -> Courbes:
    """The curves of an action that has a budget and a distribution."""
    assert s.prevu is not None and s.realise is not None
    eve = date(s.exercice, 1, 1) - timedelta(days=1)
    ends = [fin_de_mois(s.exercice, month) for month in range(1, 13)]
    plan = [(day, half_up_centime(s.trajectoire.part(day) * s.prevu)) for day in ends]
    done = [(eve, 0)]
    for key, amount in s.courbe:
        year, month = map(int, key.split("-"))
        day = fin_de_mois(year, month)
        done.append((min(day, s.au) if s.au else day, amount))
    centre: Courbe = []
    fan: list[tuple[Courbe, Courbe]] = []
    if s.au is not None:
        opened = _ouverture(s, [s.au, *(day for day in ends if day > s.au)])
        centre = _chemin(s.realise, law.centre, opened)
        for level in NIVEAUX:
            low, high = law.intervalle(level)
            fan.append((_chemin(s.realise, low, opened), _chemin(s.realise, high, opened)))
    return Courbes(limite(s.prevu, seuils), [(eve, 0), *plan], done, centre, fan)


def _ouverture(s: Situation, days: list[date]) -> dict[date, Fraction]:
    """The part of what is left that is spent at each day: as the plan spends, else evenly."""
    left = s.plan_fin - s.plan_au
    if left > 0:
        return {d: min(Fraction(1), (s.trajectoire.part(d) - s.plan_au) / left) for d in days}
    whole = max(1, (days[-1] - days[0]).days)
    return {day: Fraction((day - days[0]).days, whole) for day in days}


def _chemin(now: int, end: int, opened: dict[date, Fraction]) -> Courbe:
    return [(day, half_up_centime(now + part * (end - now))) for day, part in opened.items()]
