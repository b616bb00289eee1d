"""Staff costs (temps_agents.csv): what a post costs an action, by day, without any name."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import pandas as pd

from analyses.contrat.citations import cite
from analyses.socle.money import half_up_centime, round_together
from analyses.socle.tables import objects

COLONNES = [
    *("contrat", "action", "ligne", "mois", "quotite", "jours", "montant", "motif_ineligible"),
]
Periode = tuple[date, date, str]  # first and last day, and why a day outside is not financed


def _months(debut: date, fin: date) -> list[tuple[date, date]]:
    """The period cut at the ends of months."""
    parts = []
    while debut <= fin:
        end = date(debut.year, debut.month, monthrange(debut.year, debut.month)[1])
        parts.append((debut, min(end, fin)))
        debut = end + timedelta(days=1)
    return parts


@cite(lectures=("jour-de-personnel",))
def monthly_cost(
    cout_mensuel: int, quotite: Fraction, debut: date, fin: date, lecture: str = "mois-reel"
) -> dict[str, tuple[int, Fraction]]:
    """(days, exact centimes) of a post by month between two days, both included.

    A whole month costs the month; a day of another month is a part of the real month, or a
    thirtieth (`lecture` "trentiemes", never more than the month).

    >>> monthly_cost(400_000, Fraction(1, 2), date(2024, 3, 16), date(2024, 4, 30))
    {'2024-03': (16, Fraction(3200000, 31)), '2024-04': (30, Fraction(200000, 1))}
    """
    costs = {}
    for start, end in _months(debut, fin):
        days, length = (end - start).days + 1, monthrange(start.year, start.month)[1]
        part = Fraction(days, length)
        if lecture == "trentiemes" and days < length:
            part = min(Fraction(1), Fraction(days, 30))
        costs[f"{start:%Y-%m}"] = (days, cout_mensuel * quotite * part)
    return costs


def staff_costs(
    temps_agents: pd.DataFrame | None,
    exercice: int,
    arrete_au: date | None = None,
    lecture: str = "mois-reel",
    periodes: Mapping[tuple[str, str], Periode] | None = None,
) -> pd.DataFrame | None:
    """One row per line of temps_agents.csv and month of the exercise: days and centimes; two where
    the period of the action (`periodes`) cuts the month, days outside having their reason.

    Only the days of the exercise, up to `arrete_au`, are charged; an empty `fin` goes on. A line
    is rounded once (to the nearest centime), its months share that total. None when no file was
    given: « non renseigné ».
    """
    if temps_agents is None:
        return None
    last = min(arrete_au or date(exercice, 12, 31), date(exercice, 12, 31))
    rows: list[dict[str, Any]] = []
    columns = ["contrat", "action", "ligne", "quotite", "cout_mensuel_charge", "debut", "fin"]
    for contrat, action, line, quotite, cost, debut, fin in temps_agents[columns].itertuples(
        index=False
    ):
        days = max(debut, date(exercice, 1, 1)), min(fin or last, last)
        period = (periodes or {}).get((str(contrat), str(action)), (*days, ""))
        parts = _cut(int(cost), Fraction(quotite), lecture, days, period)
        exact = {key: amount for key, (_, amount) in parts.items()}
        rounded = round_together(exact, half_up_centime(sum(exact.values(), Fraction(0))))
        rows += [
            {
                "contrat": str(contrat),
                "action": str(action),
                "ligne": int(line),
                "mois": month,
                "quotite": Fraction(quotite),
                "jours": parts[month, reason][0],
                "montant": amount,
                "motif_ineligible": reason,
            }
            for (month, reason), amount in rounded.items()
        ]
    return objects(rows, COLONNES)


def _cut(
    cout_mensuel: int, quotite: Fraction, lecture: str, days: tuple[date, date], period: Periode
) -> dict[tuple[str, str], tuple[int, Fraction]]:
    """(days, exact centimes) by month and reason ('' inside the period): what is outside is what
    the whole costs more than what is inside."""
    first, last, reason = period
    start, end = max(days[0], first), min(days[1], last)
    inside = monthly_cost(cout_mensuel, quotite, start, end, lecture)
    parts = {}
    for month, (count, amount) in monthly_cost(cout_mensuel, quotite, *days, lecture).items():
        kept = inside.get(month, (0, Fraction(0)))
        if kept[0]:
            parts[month, ""] = kept
        if kept[0] < count:
            parts[month, reason] = (count - kept[0], amount - kept[1])
    return parts
