"""What the files tell of each action at a date: until when, what is committed, what is told."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from fractions import Fraction
from pathlib import PurePosixPath
from typing import Any

import numpy as np

from analyses.contrat.model import Contrat
from analyses.depot.exercice import Depot
from analyses.execution.execution import Execution
from analyses.execution.personnel import monthly_cost
from analyses.projection.modele import Passe
from analyses.socle.money import half_up_centime

Cle = tuple[str, str]  # contrat, action
_ACTION = ["contrat", "action"]


def fin_de_mois(annee: int, mois: int) -> date:
    """Last day of a month.

    >>> fin_de_mois(2024, 2)
    datetime.date(2024, 2, 29)
    """
    return date(annee, mois, monthrange(annee, mois)[1])


def date_connue(depot: Depot, arrete_au: date | None) -> date | None:
    """Last day of the exercise that the ledger can speak of; None once the exercise is closed.

    A closing date later than the day on which the ledger was received says nothing more than it.
    """
    known = arrete_au
    if depot.mandats is not None:
        received = [
            date.fromisoformat(source.recu_le)
            for source in depot.sources
            if source.recu_le and PurePosixPath(source.fichier).stem.startswith("mandats")
        ]
        if received:
            last = max([*received, *filter(None, [dernier_mandat(depot)])])
            known = last if known is None else min(known, last)
    return None if known is None or known > date(depot.exercice, 12, 31) else known


def dernier_mandat(depot: Depot) -> date | None:
    """Issue date of the last line of the ledger."""
    if depot.mandats is None:
        return None
    return max((day for day in depot.mandats["date_emission"] if day), default=None)


def silence(depot: Depot, au: date | None) -> int:
    """Days without any line of the ledger before a date; 0 once the exercise is closed."""
    last = dernier_mandat(depot)
    return 0 if au is None or last is None else (au - last).days


def mois_vides(depot: Depot, au: date | None) -> list[str]:
    """Months of the year ended at the date for which the whole ledger has no line."""
    if depot.mandats is None or not len(depot.mandats):
        return []
    year = depot.exercice
    seen = {d.month for d in depot.mandats["date_emission"] if d and d.year == year}
    ended = [m for m in range(1, 13) if au is None or fin_de_mois(year, m) <= au]
    return [f"{year}-{m:02d}" for m in ended if m not in seen]


def restes_engages(depot: Depot, execution: Execution, au: date | None) -> dict[Cle, int] | None:
    """Committed and not yet mandated at the date, by action; None when no commitment is known.

    A commitment mandated beyond its amount leaves nothing. A commitment that several actions share
    is reduced, in each, by the action's own lines.
    """
    if depot.engagements is None:
        return None
    keys = ["id_engagement", *_ACTION]
    keep = depot.engagements["exercice"].to_numpy() == execution.exercice
    if au is not None:
        keep &= np.array([day <= au for day in depot.engagements["date"]], dtype=bool)
    committed = depot.engagements[keep].groupby(keys, sort=False)["montant"].sum().reset_index()
    lines = execution.lignes.reindex(columns=[*keys, "montant_signe"])
    paid = lines.groupby("id_engagement")["montant_signe"].sum()
    own = lines.groupby(keys)["montant_signe"].sum()
    shared = committed["id_engagement"].duplicated(keep=False)
    left: dict[Cle, int] = {}
    for row, several in zip(committed.itertuples(index=False, name=None), shared, strict=True):
        number, contrat, action, amount = row
        done = own.get((number, contrat, action), 0) if several else paid.get(number, 0)
        left[contrat, action] = left.get((contrat, action), 0) + max(0, int(amount) - int(done))
    return left


def paies_a_venir(
    depot: Depot, exercice: int, au: date | None, lecture: str
) -> dict[Cle, int] | None:
    """Cost of the known posts from the day after the date to 31 December, by action.

    By days of the month, as the reading of a day of staff counts them, rounded to the centime by
    post; None when no file of posts was given.
    """
    if depot.temps_agents is None:
        return None
    end = date(exercice, 12, 31)
    tomorrow = (au or end) + timedelta(days=1)
    cost: dict[Cle, int] = {}
    for post in depot.temps_agents.to_dict("records"):
        pay, quotite = int(post["cout_mensuel_charge"]), Fraction(post["quotite"])
        months = monthly_cost(
            pay, quotite, max(post["debut"], tomorrow), min(post["fin"] or end, end), lecture
        )
        whole = half_up_centime(sum((amount for _, amount in months.values()), Fraction(0)))
        key = (post["contrat"], post["action"])
        cost[key] = cost.get(key, 0) + whole
    return cost


def courbes(execution: Execution) -> dict[Cle, tuple[tuple[str, int], ...]]:
    """(month, consumed since January) of each action."""
    by_action: Any = execution.par_mois.groupby(_ACTION, sort=False)
    return {key: tuple(zip(own["mois"], own["cumul"], strict=True)) for key, own in by_action}


def passes(
    executions: Sequence[Execution], contrats: Mapping[str, Contrat]
) -> dict[Cle, tuple[Passe, ...]]:
    """Past years of each action: cumulative part of its budget by month, and at the end."""
    found: dict[Cle, tuple[Passe, ...]] = {}
    for execution in sorted(executions, key=lambda run: run.exercice):
        curves, year = courbes(execution), execution.exercice
        for row in execution.par_action.to_dict("records"):
            if not row["prevu"] or row["realise"] is None or row["contrat"] not in contrats:
                continue
            key = (row["contrat"], row["action"])
            curve = tuple(
                (int(month[5:]), cumul / row["prevu"])
                for month, cumul in curves.get(key, ())
                if month.startswith(f"{year}-")
            )
            found[key] = (*found.get(key, ()), Passe(year, curve, row["realise"] / row["prevu"]))
    return found


def textes(depot: Depot) -> dict[Cle, tuple[tuple[str, str, str], ...]]:
    """(type, texte, piece) of each action's justifications for the exercise."""
    if depot.justifications is None:
        return {}
    own = depot.justifications[depot.justifications["exercice"] == depot.exercice]
    told: dict[Cle, tuple[tuple[str, str, str], ...]] = {}
    for row in own.to_dict("records"):
        key = (row["contrat"], row["action"])
        told[key] = (*told.get(key, ()), (row["type"], row["texte"], str(row["piece"] or "")))
    return told


def consommations(execution: Execution) -> dict[Cle, dict[str, int | None]]:
    """Consumed by funder, for each action that has a budget."""
    by_action: Any = execution.par_financeur.groupby(_ACTION, sort=False)
    return {
        key: dict(zip(own["financeur"], own["consomme"], strict=True)) for key, own in by_action
    }


def lignes(execution: Execution) -> dict[Cle, int]:
    """Number of ledger lines of each action that has any."""
    counted: Any = execution.lignes.reindex(columns=_ACTION).value_counts().items()
    return {key: int(number) for key, number in counted}
