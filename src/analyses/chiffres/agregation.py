"""The one aggregation: actions to axe or volet, to contract, to the exercises of the bilan; ratios
and differences from the sums. Unknown + known is unknown, and what is known is said beside."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from analyses.chiffres.chiffre import TOTAL, Chiffre, Lieu, Rapport, chiffre, lieux
from analyses.chiffres.mesures import Mesures
from analyses.contrat.model import Contrat

Place = tuple[str, int, str, str]  # contrat, exercice, niveau, code
Cle = tuple[str, str, str]  # mesure, financeur, detail


def add(terms: Iterable[Chiffre]) -> tuple[int | None, str, int | None]:
    """(sum, status, what is known of a sum that lacks a term).

    What is without object adds nothing; all of it without object is without object.

    >>> one = Chiffre("prevu", "c", 2024, "action", "1", "total", 5)
    >>> add([one, replace(one, valeur=None, statut="non_renseigne")])
    (None, 'non_renseigne', 5)
    >>> add([one, replace(one, valeur=None, statut="sans_objet")])
    (5, 'calcule', None)
    """
    found = list(terms)
    counted = [one for one in found if one.statut != "sans_objet"]
    known = [one.valeur for one in counted if isinstance(one.valeur, int)]
    if not counted:
        return None, "sans_objet", None
    if len(known) < len(counted):
        return None, "non_renseigne", sum(known) if known else None
    return sum(known), "calcule", None


def complete(
    figures: list[Chiffre], contrats: Mapping[int, Mapping[str, Contrat]], mesures: Mesures
) -> list[Chiffre]:
    """The figures with the sums, the ratios and the differences that the registry asks for.

    A figure that is already given at a level stays as given (a payment that no action shares).
    `contrats`: the version of each contract by exercise.
    """
    by_place: dict[Place, dict[Cle, Chiffre]] = {}
    for one in figures:
        place = (one.contrat, one.exercice, one.niveau, one.code)
        by_place.setdefault(place, {})[one.mesure, one.financeur, one.detail] = one
    added = [
        total
        for exercice, signed in contrats.items()
        for contrat in signed.values()
        for total in _sums(contrat, exercice, by_place, mesures)
    ]
    for one in added:
        place = (one.contrat, one.exercice, one.niveau, one.code)
        by_place.setdefault(place, {})[one.mesure, one.financeur, one.detail] = one
    rates = [
        rate
        for exercice, signed in contrats.items()
        for contrat in signed.values()
        for lieu in lieux(contrat, exercice)
        for rate in derived(_place(lieu), by_place.get(_place(lieu), {}), mesures)
    ]
    return [*figures, *added, *rates]


def _place(lieu: Lieu) -> Place:
    return (lieu.contrat.code, lieu.exercice, lieu.niveau, lieu.code)


def _sums(
    contrat: Contrat,
    exercice: int,
    by_place: Mapping[Place, Mapping[Cle, Chiffre]],
    mesures: Mesures,
) -> Iterator[Chiffre]:
    everything = lieux(contrat, exercice)
    own = {
        lieu.code: by_place.get(_place(lieu), {}) for lieu in everything if lieu.niveau == "action"
    }
    for lieu in everything:
        if lieu.niveau == "action":
            continue
        given = by_place.get(_place(lieu), {})
        members = {code: own[code] for code in lieu.actions}
        keys = dict.fromkeys(
            key for figures in members.values() for key in figures if _summed(key, mesures)
        )
        for key in keys:
            if key not in given:
                yield _sum(lieu, key, members)


def _summed(key: Cle, mesures: Mesures) -> bool:
    return mesures[key[0]].agregation == "somme"


def _sum(lieu: Lieu, key: Cle, members: Mapping[str, Mapping[Cle, Chiffre]]) -> Chiffre:
    """Sum over the actions of a place: a funder that takes no part in an action adds nothing to
    it, an action that says nothing of the measure is not known."""
    mesure, funder, detail = key
    terms: list[Chiffre] = []
    for code, figures in members.items():
        if key in figures:
            terms.append(figures[key])
        elif not any(name == mesure and f != TOTAL for name, f, _ in figures):
            terms.append(_nothing_said(lieu, code, figures, mesure))
    amount, status, known = add(terms)
    total = chiffre(lieu, mesure, funder, amount, absent=status, detail=detail)
    return replace(total, connu=known if total.statut == "non_renseigne" else None)


def _nothing_said(lieu: Lieu, code: str, figures: Mapping[Cle, Chiffre], mesure: str) -> Chiffre:
    """What an action that has no figure of a measure adds: unknown; nothing once it has ended."""
    ended = all(one.statut == "sans_objet" for key, one in figures.items() if key[0] == "prevu")
    place = (lieu.contrat.code, lieu.exercice, "action", code)
    status = "sans_objet" if ended and figures else "non_renseigne"
    return Chiffre(mesure, *place, TOTAL, None, statut=status)


def derived(place: Place, figures: Mapping[Cle, Chiffre], mesures: Mesures) -> Iterator[Chiffre]:
    """The ratios and the differences of a place, from its own sums."""
    for code, mesure in mesures.items():
        if mesure.agregation not in ("rapport", "difference"):
            continue
        make = _ratio if mesure.agregation == "rapport" else _difference
        for (name, funder, detail), second in figures.items():
            if name not in (mesure.denominateur, mesure.moins) or detail or second.partiel:
                continue
            terms = (figures.get((f, funder, "")) for f in (*mesure.numerateur, *mesure.de))
            first = next((term for term in terms if term is not None), None)
            if first is not None:
                yield make(place, code, first, second)


def _ratio(place: Place, mesure: str, part: Chiffre, whole: Chiffre) -> Chiffre:
    value = None
    if isinstance(part.valeur, int) and isinstance(whole.valeur, int) and whole.valeur:
        value = Rapport(part.valeur, whole.valeur)
    nothing = part.valeur is not None and whole.valeur == 0
    ended = "sans_objet" in (part.statut, whole.statut)
    absent = "sans_objet" if nothing or ended else "non_renseigne"
    return Chiffre(
        *(mesure, *place, whole.financeur, value),
        statut=absent if value is None else "calcule",
    )


def _difference(place: Place, mesure: str, first: Chiffre, second: Chiffre) -> Chiffre:
    value = None
    if isinstance(first.valeur, int) and isinstance(second.valeur, int):
        value = first.valeur - second.valeur
    ended = "sans_objet" in (first.statut, second.statut)
    absent = "sans_objet" if ended else "non_renseigne"
    return Chiffre(
        *(mesure, *place, second.financeur, value),
        statut=absent if value is None else "calcule",
    )
