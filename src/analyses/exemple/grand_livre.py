"""The simulated ledger: lines drawn around the plan of each action, corrections, numbers.

The order of the draws is part of the example: moving one moves every file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from random import Random

from analyses.contrat.model import Action, Calendrier
from analyses.exemple.donnees import Exemple


@dataclass
class Ligne:
    """A ledger line, in the columns of `mandats`; `origine` is the line that it reverses."""

    exercice: int
    date_emission: date
    nature: str
    fonction: str
    code_analytique: str
    convention: str
    tiers: str
    objet: str
    montant: int
    date_paiement: date | None
    id_engagement: str
    type: str = "ordinaire"
    origine: Ligne | None = None
    numero_mandat: str = ""
    numero_ligne: int = 1
    suite: bool = False  # a further line of the mandate before it


def ouvre(day: date) -> date:
    """The day, or the Friday before a week-end.

    >>> ouvre(date(2024, 6, 9))
    datetime.date(2024, 6, 7)
    """
    return day - timedelta(days=max(0, day.weekday() - 4))


def _parts(rng: Random, total: int, count: int) -> list[int]:
    """`total` in `count` uneven parts, exactly.

    >>> sum(_parts(Random(1), 100_001, 7))
    100001
    """
    weights = [rng.randint(40, 160) for _ in range(count)]
    parts = [total * weight // sum(weights) for weight in weights]
    parts[-1] += total - sum(parts)
    return parts


def _debut(calendrier: Calendrier, exercice: int, retard: int) -> date:
    """First day on which a line may be issued: the calendar's start plus the delay."""
    start = max(calendrier.debut or date(exercice, 3, 1), date(exercice, 2, 1))
    month = min(12, start.month + retard)
    return date(exercice, month, min(start.day, 28) if retard == 0 else 5)


def _emission(rng: Random, start: date, exercice: int) -> date:
    """A day of the exercise from `start`; one in twelve in the journée complémentaire."""
    if rng.randint(1, 12) == 1:
        return ouvre(date(exercice + 1, 1, rng.randint(8, 30)))
    span = (date(exercice, 12, 29) - start).days
    day = ouvre(start + timedelta(days=rng.randint(0, max(0, span))))
    return day if day >= start else start + timedelta(days=(7 - start.weekday()) % 7)


def _tiers(rng: Random, exemple: Exemple, nature: str) -> str:
    tiers = exemple.commun.tiers.items()
    names = next(names for start, names in tiers if nature.startswith(start))
    return rng.choice(names) if len(names) > 1 else names[0]


def _lignes_action(
    exemple: Exemple, contrat: str, action: Action, exercice: int, rang: int
) -> list[Ligne]:
    """Ordinary lines of one action, drawn around its share of the plan."""
    rng = Random(f"{exemple.departement}/{exercice}/{contrat}/{action.code}")
    drawn = rng.randint(60, 97)
    part, delay = exemple.profil(contrat, action, exercice) or (drawn, 0)
    total = exemple.plan(action) * part // 100
    if total <= 0:
        return []
    own = exemple.commun.contrats[contrat]
    usual = (own.code_analytique(action.code), action.libelle)
    code, title = own.codes_partages.get(action.code, usual)
    words = exemple.commun.paie if action.code in own.personnel else exemple.commun.subvention
    fonction = own.fonctions.get(action.code) or own.fonctions.get(action.groupe, own.fonction)
    start = _debut(action.calendrier, exercice, delay)
    lines: list[Ligne] = []
    for amount in _parts(rng, total, min(26, 10 + total // 500_000)):
        said = rng.choice(words)
        day = _emission(rng, start, exercice)
        paid = None if rng.randint(1, 30) == 1 else day + timedelta(days=rng.randint(4, 28))
        third = _tiers(rng, exemple, said.nature)
        # A mandate has one third party: a further line of it takes its own.
        follows = bool(lines) and rng.randint(1, 7) == 1 and third[:4] == lines[-1].tiers[:4]
        if follows:
            before = lines[-1]
            day, paid, third = before.date_emission, before.date_paiement, before.tiers
        lines.append(
            Ligne(
                exercice=exercice,
                date_emission=day,
                nature=said.nature,
                fonction=fonction,
                code_analytique=code,
                convention=own.convention if rng.randint(0, 1) else "",
                tiers=third,
                objet=f"{title} : {said.objet}",
                montant=amount,
                date_paiement=paid,
                id_engagement=f"E{exercice % 100}-{rang:03d}",
                suite=follows,
            )
        )
    return lines


def _corrections(rng: Random, lines: Sequence[Ligne], exercice: int) -> Iterator[Ligne]:
    """Cancellations (whole) and reductions (part) of about one line in twenty, pay apart."""
    for line in lines:
        drawn = rng.randint(1, 45)
        if drawn > 2 or line.nature.startswith("64"):
            continue
        day = ouvre(line.date_emission + timedelta(days=rng.randint(12, 60)))
        whole = drawn == 1
        yield replace(
            line,
            date_emission=max(min(day, date(exercice + 1, 1, 31)), line.date_emission),
            type="annulation" if whole else "reduction",
            objet=f"{'Annulation' if whole else 'Réduction'} : {line.objet}",
            montant=line.montant if whole else line.montant * rng.randint(10, 45) // 100,
            date_paiement=None,
            origine=line,
            suite=False,
        )


def _rattachements(rng: Random, exemple: Exemple, lines: Sequence[Ligne]) -> list[Ligne]:
    """Services done in the first exercise and not invoiced."""
    prefix = exemple.commun.rattachements
    chosen = [
        line
        for line in lines
        if line.code_analytique.startswith(prefix) and line.date_emission.month in (10, 11)
    ]
    return [
        replace(
            line,
            date_emission=date(line.exercice + 1, 1, 15)
            if rank % 3
            else date(line.exercice, 12, 31),
            type="rattachement",
            objet=f"Rattachement, service fait : {line.objet}",
            montant=line.montant * rng.randint(30, 70) // 100,
            date_paiement=None,
            suite=False,
        )
        for rank, line in enumerate(chosen[:14])
    ]


def _suites_de_rattachement(rng: Random, rattachements: Sequence[Ligne]) -> Iterator[Ligne]:
    """In the next exercise: the contrepassation of each rattachement, then its invoice."""
    for line in rattachements:
        year = line.exercice + 1
        yield replace(
            line,
            exercice=year,
            date_emission=date(year, 2, 3),
            type="contrepassation",
            objet=line.objet.replace("Rattachement", "Contrepassation"),
            origine=line,
        )
        day = ouvre(date(year, 3, rng.randint(3, 28)))
        yield replace(
            line,
            exercice=year,
            date_emission=day,
            type="ordinaire",
            objet=line.objet.replace("Rattachement, service fait", "Facture rattachée"),
            montant=line.montant * rng.randint(90, 100) // 100,
            date_paiement=day + timedelta(days=15),
        )


def _divers(exemple: Exemple, exercice: int) -> Iterator[Ligne]:
    """Lines that are not eligible, that are shared by two actions, or that no rule takes."""
    rng = Random(f"{exemple.departement}/{exercice}/divers")
    rank_of_year = exemple.commun.exercices.index(exercice)
    for serie in exemple.commun.divers:
        targets = [
            exemple.commun.contrats[contrat].code_analytique(action.code)
            for contrat, action in exemple.actions()
            if contrat == serie.contrat
            and exemple.ouverte(contrat, action, exercice)
            and exemple.plan(action)
        ]
        for rank in range(serie.nombre[rank_of_year]):
            said = serie.lignes[rank % len(serie.lignes)]
            day = _emission(rng, date(exercice, 2, 1), exercice)
            yield Ligne(
                exercice=exercice,
                date_emission=day,
                nature=said.nature,
                fonction=said.fonction,
                code_analytique=targets[rank * 7 % len(targets)]
                if targets
                else said.code_analytique,
                convention=serie.convention,
                tiers=_tiers(rng, exemple, said.nature),
                objet=said.objet,
                montant=rng.randint(serie.plafond // 8, serie.plafond),
                date_paiement=day + timedelta(days=rng.randint(5, 25)),
                id_engagement=f"E{exercice % 100}-9{rng.randint(10, 99)}",
            )


def _numerotees(lines: Iterable[Ligne], exercice: int) -> list[Ligne]:
    """Lines in order of issue with their mandate numbers (distinct from one year to the next)."""
    ordered = sorted(lines, key=lambda line: (line.date_emission, line.origine is not None))
    count = 0
    mandate: tuple[object, ...] = ()
    for rank, line in enumerate(ordered):
        before, mandate = mandate, (line.date_emission, line.id_engagement, line.tiers)
        if line.suite and mandate == before:
            previous = ordered[rank - 1]
            line.numero_mandat, line.numero_ligne = (
                previous.numero_mandat,
                previous.numero_ligne + 1,
            )
        else:
            count += 1
            line.numero_mandat, line.numero_ligne = f"{exercice % 100}{count:05d}", 1
    return ordered


def grand_livre(exemple: Exemple) -> dict[int, list[Ligne]]:
    """Ledger lines by exercise; the second undoes the rattachements of the first."""
    ledger: dict[int, list[Ligne]] = {}
    carried: list[Ligne] = []
    for exercice in exemple.commun.exercices:
        lines = [
            line
            for rank, (contrat, action) in enumerate(exemple.actions(), start=1)
            if exemple.ouverte(contrat, action, exercice)
            for line in _lignes_action(exemple, contrat, action, exercice, rank)
        ]
        rng = Random(f"{exemple.departement}/{exercice}/corrections")
        others = [
            *_divers(exemple, exercice),
            *_corrections(rng, lines, exercice),
            *_suites_de_rattachement(rng, carried),
        ]
        carried = [] if ledger else _rattachements(rng, exemple, lines)
        ledger[exercice] = _numerotees([*lines, *others, *carried], exercice)
    return ledger
