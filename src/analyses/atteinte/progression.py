"""Progress towards the end of the contract, and where the present pace leads.

Three ways, by what the indicator is: years that add up (sum of the results against the sum of the
targets), a level (the way from T0 to the last level), a value of the year (its last rate of
attainment). Interpretation `rythme-actuel`: pace is measured against the planned ramp-up; the same
quantity each year (`lineaire`) is the other reading.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from analyses.contrat.cell import Cell
from analyses.contrat.model import Indicateur

SANS_OBJET = frozenset({"sans_objet", "non_concerne"})
_LEVELS = frozenset({"nombre", "produit", "taux", "montant", "booleen"})


class Parcours(NamedTuple):
    """`progression`: part of the way to the end. `attendu`: value expected at the end at the
    present pace, `taux`: what it is of the value aimed at; `lineaire`: under the other reading."""

    statut: str = "calcule"
    lecture: str = ""
    progression: Fraction | None = None
    attendu: Fraction | None = None
    taux: Fraction | None = None
    lineaire: Fraction | None = None


def attainment_rate(target: Fraction, result: Fraction, sens: str) -> Fraction | None:
    """1 when attained exactly, more when exceeded; None against a target (or a result) of zero.

    >>> attainment_rate(Fraction(15), Fraction(20), "baisse")
    Fraction(3, 4)
    >>> attainment_rate(Fraction(4), Fraction(5), "valeur")
    Fraction(3, 4)
    """
    if sens == "valeur":
        return 1 - abs(result - target) / abs(target) if target else None
    above, below = (target, result) if sens == "baisse" else (result, target)
    return above / below if below else None


def levels(cells: Sequence[Cell]) -> list[Fraction | None]:
    """Level after each cell: the last level, plus the increments that follow it.

    The first cell is T0; '/' there counts as nothing before the contract.

    >>> from analyses.contrat.cell import read_cell
    >>> [str(level) for level in levels([read_cell("10"), read_cell("+25"), read_cell("+25")])]
    ['10', '35', '60']
    >>> levels([read_cell("?"), read_cell("+25")])
    [None, None]
    """
    found: list[Fraction | None] = []
    level: Fraction | None = None
    for rank, cell in enumerate(cells):
        if cell.type == "increment":
            more = None if cell.unite == "%" else cell.valeur
            level = None if level is None or more is None else level + more
        elif cell.type in _LEVELS:
            level = cell.valeur
        elif rank == 0 and cell.type in SANS_OBJET:
            level = Fraction(0)
        elif cell.type not in SANS_OBJET:
            level = None
        found.append(level)
    return found


def parcours(
    indicator: Indicateur,
    years: Sequence[int],
    t0: Cell,
    targets: Sequence[Cell],
    results: Sequence[Cell],
    rank: int,
) -> Parcours:
    """Progress at the end of `years[rank]`, from the results up to then."""
    due = [cell.type not in SANS_OBJET for cell in targets]
    if not any(due):
        return Parcours("sans_objet", "aucune cible")
    if indicator.sens in ("valeur", "aucun") or indicator.forme == "texte":
        return Parcours("non_evaluable", "sans sens de progression")
    if results[rank].type in SANS_OBJET and due[rank]:
        return Parcours("sans_objet", "résultat déclaré sans objet")
    if indicator.additif:
        return _sums(targets, results, due, rank)
    last = max(place for place, valued in enumerate(due) if valued)
    if not due[rank] and rank < last:
        return Parcours("sans_objet", "aucune cible cette année")
    if indicator.nature == "flux" or indicator.forme == "taux":
        return _yearly(indicator.sens, t0, targets, results, min(rank, last), last)
    return _level(indicator.sens, t0, targets, results, min(rank, last), last)


def _unknown(cells: Sequence[Cell]) -> Parcours | None:
    """Why these results cannot be used; None when each has a value."""
    if any(cell.type in ("vide", "inconnu") for cell in cells):
        return Parcours("non_renseigne", "résultat non renseigné")
    if any(cell.valeur is None for cell in cells):
        return Parcours("non_evaluable", "résultat sans valeur")
    return None


def _sums(
    targets: Sequence[Cell], results: Sequence[Cell], due: Sequence[bool], rank: int
) -> Parcours:
    """Years that add up.

    >>> from analyses.contrat.cell import read_cell
    >>> aims, done = [read_cell("10"), read_cell("5")], [read_cell("8"), read_cell("")]
    >>> [str(v) for v in _sums(aims, done, [True, True], 0)[2:]]
    ['8/15', '12', '4/5', '16']
    """
    told = [
        results[place]
        for place in range(rank + 1)
        if due[place] or results[place].type not in (*SANS_OBJET, "vide")
    ]
    if problem := _unknown(told):
        return problem
    aims = [cell.valeur for cell, valued in zip(targets, due, strict=True) if valued]
    if None in aims or any(cell.type == "increment" for cell in targets):
        return Parcours("non_evaluable", "une cible de la période est sans valeur")
    total = sum((aim for aim in aims if aim is not None), Fraction(0))
    done = sum((cell.valeur for cell in told if cell.valeur is not None), Fraction(0))
    if not total:
        return Parcours("sans_objet", "cibles nulles")
    elapsed = sum(due[: rank + 1])
    planned = sum((aim for aim in aims[:elapsed] if aim is not None), Fraction(0))
    words = "somme des résultats sur somme des cibles de la période"
    linear = done / elapsed * len(aims) if elapsed else None
    if not planned:
        words += " ; aucune cible jusqu'ici, rythme inconnu"
        return Parcours("calcule", words, done / total, lineaire=linear)
    pace = done / planned
    return Parcours("calcule", words, done / total, total * pace, pace, linear)


def _level(
    sens: str, t0: Cell, targets: Sequence[Cell], results: Sequence[Cell], rank: int, last: int
) -> Parcours:
    """A level to reach: part of the way from T0 to the last level.

    >>> from analyses.contrat.cell import read_cell
    >>> aims, done = [read_cell(t) for t in ("8", "9", "9")], [read_cell("8")]
    >>> [str(v) for v in _level("hausse", read_cell("7"), aims, done, 0, 2)[2:]]
    ['1/2', '9', '1', '10']
    """
    if problem := _unknown([results[rank]]):
        return problem
    base, *aims = levels([t0, *targets])
    reached, aim, end = levels([t0, *results])[rank + 1], aims[rank], aims[last]
    if reached is None or aim is None or end is None:
        return Parcours("non_evaluable", "niveau de départ ou cible sans valeur")
    if base is None or end == base:
        words = "niveau à tenir" if end == base else "niveau de départ inconnu"
        pace = reached / aim if aim else None
        expected = None if pace is None else end * pace
        return Parcours("calcule", words, None, expected, _of(expected, end, sens))
    progress = (reached - base) / (end - base)
    linear = reached + (reached - base) / (rank + 1) * (last - rank)
    words = "part du chemin du T0 à la dernière cible"
    if aim == base:
        words += " ; aucun chemin prévu jusqu'ici, rythme inconnu"
        return Parcours("calcule", words, progress, lineaire=linear)
    expected = base + (end - base) * (reached - base) / (aim - base)
    return Parcours("calcule", words, progress, expected, _of(expected, end, sens), linear)


def _yearly(
    sens: str, t0: Cell, targets: Sequence[Cell], results: Sequence[Cell], rank: int, last: int
) -> Parcours:
    """A value of the year: the last rate of attainment, kept until the last target.

    >>> from analyses.contrat.cell import read_cell
    >>> aims, done = [read_cell("50"), read_cell("60")], [read_cell("45")]
    >>> [str(v) for v in _yearly("hausse", read_cell("37"), aims, done, 0, 1)[2:]]
    ['None', '54', '9/10', '53']
    """
    if problem := _unknown([results[rank]]):
        return problem
    result, aim, end = results[rank].valeur, targets[rank].valeur, targets[last].valeur
    if result is None or aim is None or end is None:
        return Parcours("non_evaluable", "une cible est sans valeur")
    if results[rank].type == "increment" or (targets[rank].type == "taux") != (
        results[rank].type == "taux"
    ):
        return Parcours("non_evaluable", "résultat et cible ne se comparent pas")
    same = t0.valeur is not None and (t0.type == "taux") == (results[rank].type == "taux")
    trend = (result - (t0.valeur or 0)) / (rank + 1) if same else None
    linear = None if trend is None else max(Fraction(0), result + trend * (last - rank))
    words = "les années ne s'additionnent pas : dernier taux d'atteinte maintenu"
    if not aim:
        return Parcours("calcule", words + " ; cible nulle, rythme inconnu", lineaire=linear)
    expected = end * result / aim
    return Parcours("calcule", words, None, expected, _of(expected, end, sens), linear)


def _of(expected: Fraction | None, end: Fraction, sens: str) -> Fraction | None:
    return None if expected is None else attainment_rate(end, expected, sens)
