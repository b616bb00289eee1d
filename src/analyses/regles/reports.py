"""Carry-overs from one exercise to the next: a chain of links that must reconcile (art. 5)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from analyses.contrat.citations import cite


@dataclass(frozen=True)
class Declare:
    """A carry-over that a document gives (reports.csv): what `exercice + 1` received from it."""

    exercice: int
    montant: int
    accord_le: date | None = None
    ligne: int | None = None


@dataclass(frozen=True)
class Maillon:
    """One exercise of a chain, in one unit (centimes in the bilans); None = non renseigné.

    `recu` is what the previous exercise carried over (as a document declares it, else as
    computed), `calcule` what the previous link leaves, `ecart` declared minus computed.
    """

    exercice: int
    dotation: int | None
    recu: int | None
    disponible: int | None
    consomme: int | None
    solde: int | None
    a_reporter: int | None
    a_rembourser: int | None
    calcule: int | None = None
    declare: int | None = None
    ecart: int | None = None


def _add(*values: int | None) -> int | None:
    return None if any(v is None for v in values) else sum(v for v in values if v is not None)


def _minus(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else one - other


def received(
    exercice: int,
    avant: Maillon | None,
    declares: Mapping[int, Declare] | None = None,
    lecture: str = "plein-droit",
    dette: bool = False,
) -> int | None:
    """What an exercise receives from the previous one: as declared, else as computed; 0 for the
    first exercise (`avant` None). A negative balance is received only as a debt (`dette`).

    >>> received(2025, link(2024, 100, 30, None)), received(2024, None)
    (70, 0)
    """
    if avant is None:
        return 0
    told = (declares or {}).get(exercice - 1)
    if told is not None and (lecture != "accord" or told.accord_le):
        return told.montant
    left = _minus(avant.solde, avant.a_rembourser)
    return left if left is None or dette else max(0, left)


@cite("report", "remboursement", lectures=("report-accord",))
def link(
    exercice: int,
    dotation: int | None,
    consomme: int | None,
    avant: Maillon | None,
    declares: Mapping[int, Declare] | None = None,
    fin: int | None = None,
    lecture: str = "plein-droit",
    dette: bool = False,
) -> Maillon:
    """The link of an exercise: available = credits + received; balance = available − consumed.

    A positive balance is carried over to n+1; at the last exercise (`fin`), or without the dated
    agreement that the reading "accord" asks for, it is to be repaid (art. 5). A negative balance
    is no carry-over, except in a chain of cash (`dette`): it is what the State owes the action,
    so that the actions add up to the cash that is left. `declares`: by exercise of origin.

    >>> one = link(2024, 100, 30, None)
    >>> link(2025, 100, 120, one, {2024: Declare(2024, 69)}).ecart
    -1
    >>> link(2027, 10, 4, one, fin=2027).a_rembourser
    76
    >>> link(2024, 10, 14, None).a_reporter, link(2024, 10, 14, None, dette=True).a_reporter
    (0, -4)
    """
    known = declares or {}
    told = known.get(exercice - 1)
    computed = 0 if avant is None else avant.a_reporter
    got = received(exercice, avant, known, lecture, dette)
    available = _add(dotation, got)
    left = _minus(available, consomme)
    kept = left if left is None or dette else max(0, left)
    agreed = exercice in known and known[exercice].accord_le is not None
    stops = (fin is not None and exercice >= fin) or (lecture == "accord" and not agreed)
    return Maillon(
        exercice=exercice,
        dotation=dotation,
        recu=got,
        disponible=available,
        consomme=consomme,
        solde=left,
        a_reporter=0 if stops and kept is not None else kept,
        a_rembourser=kept if stops or kept is None else 0,
        calcule=computed,
        declare=None if told is None else told.montant,
        ecart=None if told is None else _minus(told.montant, computed),
    )


def chain(
    dotations: Mapping[int, int | None],
    consommes: Mapping[int, int | None],
    declares: Iterable[Declare] = (),
    fin: int | None = None,
    lecture: str = "plein-droit",
) -> list[Maillon]:
    """The links of every exercise from first to last; a missing exercise breaks the chain.

    >>> [m.recu for m in chain({2024: 10, 2025: 10}, {2024: 4, 2025: 1})]
    [0, 6]
    """
    known = {d.exercice: d for d in declares}
    links: list[Maillon] = []
    for year in range(min(dotations), max(dotations) + 1) if dotations else ():
        before = links[-1] if links else None
        given = (dotations.get(year), consommes.get(year))
        links.append(link(year, *given, before, known, fin, lecture))
    return links


def unknown(exercice: int) -> Maillon:
    """The link of an exercise whose files nobody gave."""
    return Maillon(exercice, *[None] * 7)


def gaps(links: Iterable[Maillon]) -> list[tuple[int, int, int, int]]:
    """(exercise that received, declared, computed, gap) of every link that does not reconcile.

    >>> gaps(chain({2024: 10, 2025: 10}, {2024: 4, 2025: 1}, [Declare(2024, 7)]))
    [(2025, 7, 6, 1)]
    """
    return [
        (m.exercice, m.declare, m.calcule, m.ecart)
        for m in links
        if m.ecart and m.declare is not None and m.calcule is not None
    ]
