"""One figure: its key, its exact value, why there is none."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from analyses.contrat.model import Contrat
from analyses.socle.money import decimal_text, euros_text, number_text

CLE = ("mesure", "contrat", "exercice", "niveau", "code", "financeur", "detail")
VIDES = ("non_renseigne", "sans_objet", "non_evaluable")
TOTAL, TIERS = "total", "autres"  # all the funders, all those but the State and the département
Value = int | Fraction | str | None


@dataclass(frozen=True)
class Rapport:
    """A ratio that keeps its terms: centimes on centimes, results on targets.

    >>> Rapport(50, 200).exact
    Fraction(1, 4)
    """

    numerateur: int
    denominateur: int

    @property
    def exact(self) -> Fraction:
        return Fraction(self.numerateur, self.denominateur)


@dataclass(frozen=True)
class Lieu:
    """Where figures stand: a contract, an axe or volet, an action. `fini`: its period ended before
    the exercise, so that nothing spent there is without object."""

    contrat: Contrat
    exercice: int
    niveau: str
    code: str
    groupe: str
    fini: bool

    @property
    def actions(self) -> list[str]:
        return [self.code] if self.niveau == "action" else self.contrat.codes(self.groupe)

    @property
    def groupes(self) -> list[str]:
        return [self.groupe] if self.groupe else list(self.contrat.groupes)


def lieux(contrat: Contrat, exercice: int) -> list[Lieu]:
    """The contract, then each axe or volet followed by its actions.

    >>> from analyses.contrat.load import load_contrats
    >>> [lieu.code for lieu in lieux(load_contrats("55")["emploi"], 2025)][:3]
    ['emploi', 'v1', 'v1-1']
    """
    found = [Lieu(contrat, exercice, "contrat", contrat.code, "", False)]
    for key, group in contrat.groupes.items():
        over = group.fin.year < exercice
        found.append(Lieu(contrat, exercice, group.niveau, group.code_public, key, over))
        found += [Lieu(contrat, exercice, "action", a, key, over) for a in contrat.codes(key)]
    return found


@dataclass(frozen=True)
class Chiffre:
    """One figure. `valeur`: centimes (euros), `Rapport` or exact fraction (ratio, number), a word;
    None with `statut` saying why there is none.

    `source`: the document it is printed in, where that, and not a kind of clause, founds it.
    `connu`: what is known of a sum that lacks a term. `partiel`: a printed total that leaves a
    funder out, not to be compared with the sum of all. `donnees`: made from the year's files (None:
    as the registry says).
    """

    mesure: str
    contrat: str
    exercice: int
    niveau: str
    code: str
    financeur: str
    valeur: Value | Rapport
    statut: str = "calcule"
    detail: str = ""
    unite: str = ""
    source: str = ""
    lectures: tuple[str, ...] = ()
    note: str = ""
    connu: int | None = None
    partiel: bool = False
    donnees: bool | None = None


def identifiant(one: Chiffre) -> str:
    """The name by which a figure is cited: its key.

    >>> identifiant(Chiffre("prevu", "emploi", 2024, "volet", "v1", "total", 5))
    'prevu:emploi:2024:volet:v1:total'
    """
    return ":".join(str(getattr(one, name)) for name in CLE).rstrip(":")


def chiffre(
    lieu: Lieu,
    mesure: str,
    financeur: str,
    valeur: Value | Rapport,
    *,
    absent: str = "non_renseigne",
    detail: str = "",
    source: str = "",
    lectures: tuple[str, ...] = (),
    note: str = "",
    donnees: bool | None = None,
) -> Chiffre:
    """The figure of a place; nothing in a place that has ended is without object."""
    if lieu.fini and (valeur is None or valeur == 0):
        valeur, absent = None, "sans_objet"
    return Chiffre(
        *(mesure, lieu.contrat.code, lieu.exercice, lieu.niveau, lieu.code, financeur, valeur),
        statut=absent if valeur is None else "calcule",
        detail=detail,
        source=source,
        lectures=tuple(dict.fromkeys(lectures)),
        note=note,
        donnees=donnees,
    )


def total(values: Iterable[int | None]) -> int | None:
    """Sum; None as soon as one term is not known.

    >>> total([1, 2]), total([1, None])
    (3, None)
    """
    found = list(values)
    return None if any(v is None for v in found) else sum(v for v in found if v is not None)


def verdict(lieu: Lieu, mesure: str, mot: str, note: str = "") -> Chiffre:
    """A word is the value, unless nothing could be judged: it is then the status."""
    known = mot not in VIDES
    absent = "sans_objet" if lieu.fini and not known else mot
    return chiffre(lieu, mesure, "", mot if known else None, absent=absent, note=note)


def value_text(valeur: Value | Rapport, unite: str) -> str:
    """A figure as the public files write it: euros with two decimals, ratios with six, numbers in
    their shortest form, words.

    >>> value_text(123456, "euros"), value_text(Rapport(1, 3), "ratio"), value_text(None, "euros")
    ('1234.56', '0.333333', '')
    """
    if valeur is None or isinstance(valeur, str):
        return valeur or ""
    if unite == "euros":
        return euros_text(int(valeur)) if not isinstance(valeur, Rapport) else ""
    exact = valeur.exact if isinstance(valeur, Rapport) else Fraction(valeur)
    return decimal_text(exact) if unite == "ratio" else number_text(exact)
