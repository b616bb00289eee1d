"""French writing of figures: euros, rates, dates, statuses. None is « non renseigné », never 0."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

import pandas as pd

from analyses.socle.money import half_up_centime

NON_RENSEIGNE = "non renseigné"
NBSP = "\u00a0"
MOIS = (
    *("janvier", "février", "mars", "avril", "mai", "juin"),
    *("juillet", "août", "septembre", "octobre", "novembre", "décembre"),
)
MOIS_COURTS = (
    *("janv.", "févr.", "mars", "avril", "mai", "juin"),
    *("juil.", "août", "sept.", "oct.", "nov.", "déc."),
)
STATUTS = {
    "manifeste": "manifeste",
    "justifiee": "justifiée",
    "expliquee": "expliquée (montée en charge)",
    "rien_a_signaler": "rien à signaler",
    "atteint": "atteint",
    "partiellement": "partiellement atteint",
    "non_atteint": "non atteint",
    "respectee": "respectée",
    "non_respectee": "non respectée",
    "par_construction": "respectée par construction",
    "sans_objet": "sans objet",
    "non_evaluable": "non évaluable",
    "non_renseigne": NON_RENSEIGNE,
}
FINANCEURS = {
    "etat": "État",
    "cd": "Département",
    "caf": "CAF",
    "ars": "ARS",
    "fse": "FSE",
    "autres": "Autres financeurs",
    "total": "Total",
}
POIDS = {
    "chiffre": "change un chiffre",
    "date_ou_devoir": "change une date ou un devoir",
    "sens": "change le sens d'un passage",
    "mots": "affaire de mots",
}


def missing(value: Any) -> bool:
    """True for None and the missing values of pandas.

    >>> missing(None), missing(pd.NA), missing(float("nan")), missing(0), missing("")
    (True, True, True, False, False)
    """
    return value is None or value is pd.NA or bool(value != value)


def _grouped(value: Decimal) -> str:
    text = f"{value:,f}".replace(",", NBSP).replace(".", ",")
    return text.replace("-", "\u2212")


def euros(centimes: int | str | None) -> str:
    """Centimes as French euros; words said in their place stay as they are.

    >>> euros(123456) == "1\\u00a0234,56\\u00a0€", euros(None), euros("sans objet")
    (True, 'non renseigné', 'sans objet')
    """
    if isinstance(centimes, str):
        return centimes
    if missing(centimes):
        return NON_RENSEIGNE
    return f"{_grouped(Decimal(int(centimes or 0)) / 100 + Decimal('0.00'))}{NBSP}€"


def ronds(centimes: int | None) -> str:
    """Euros without centimes, for a sentence (nearest euro).

    >>> ronds(123456) == "1\\u00a0235\\u00a0€", ronds(None)
    (True, 'non renseigné')
    """
    if missing(centimes):
        return NON_RENSEIGNE
    return f"{entier(half_up_centime(Fraction(int(centimes or 0), 100)))}{NBSP}€"


def entre(bas: int | None, haut: int | None) -> str:
    """An interval in whole euros.

    >>> entre(100, 100) == "1\\u00a0€", entre(None, 100)
    (True, 'non renseigné')
    """
    if missing(bas) or missing(haut):
        return NON_RENSEIGNE
    return ronds(bas) if bas == haut else f"{ronds(bas)} à {ronds(haut)}"


def pourcent(value: Fraction | None, empty: str = NON_RENSEIGNE, decimales: int = 1) -> str:
    """A rate (fraction of 1) as a French percentage, rounded half up.

    >>> pourcent(Fraction(1, 3)) == "33,3\\u00a0%", pourcent(None)
    (True, 'non renseigné')
    >>> pourcent(Fraction(1, 8), decimales=0)
    '13\\xa0%'
    """
    if missing(value):
        return empty
    ratio = Fraction(value or 0) * 100
    number = Decimal(ratio.numerator) / Decimal(ratio.denominator)
    rounded = number.quantize(Decimal(1).scaleb(-decimales), ROUND_HALF_UP)
    return f"{_grouped(rounded)}{NBSP}%"


def chance(value: Any) -> str:
    """A probability in whole percent; never 0 or 100 % unless certain.

    >>> chance(0.004), chance(1.0), chance(None)
    ('moins de 1\\xa0%', '100\\xa0%', 'non renseigné')
    """
    if missing(value):
        return NON_RENSEIGNE
    if 0 < value < 0.01:
        return f"moins de 1{NBSP}%"
    if 0.99 < value < 1:
        return f"plus de 99{NBSP}%"
    return f"{round(value * 100)}{NBSP}%"


def date(value: dt.date | None) -> str:
    """A date as the French write it.

    >>> date(dt.date(2024, 1, 1)) == "1er\\u00a0janvier\\u00a02024", date(None)
    (True, 'non renseigné')
    """
    if missing(value) or value is None:
        return NON_RENSEIGNE
    day = "1er" if value.day == 1 else str(value.day)
    return NBSP.join((day, MOIS[value.month - 1], str(value.year)))


def mois(key: str) -> str:
    """A month key as the French write it.

    >>> mois("2024-02")
    'févr. 2024'
    """
    year, month = key.split("-")
    return f"{MOIS_COURTS[int(month) - 1]} {year}"


def texte(value: Any) -> str:
    """A text; empty or missing is said.

    >>> texte(""), texte("oui")
    ('non renseigné', 'oui')
    """
    return NON_RENSEIGNE if missing(value) or value == "" else str(value)


def entier(value: Any) -> str:
    """A whole number.

    >>> entier(12), entier(None)
    ('12', 'non renseigné')
    """
    return NON_RENSEIGNE if missing(value) else _grouped(Decimal(int(value)))


def nombre(value: Fraction | None) -> str:
    """A number with at most two decimals, rounded half up.

    >>> nombre(Fraction(2481, 2)) == "1\\u00a0240,5", nombre(Fraction(1, 3)), nombre(None)
    (True, '0,33', 'non renseigné')
    """
    if missing(value):
        return NON_RENSEIGNE
    exact = Fraction(value or 0)
    number = Decimal(exact.numerator) / Decimal(exact.denominator)
    text = _grouped(number.quantize(Decimal("0.01"), ROUND_HALF_UP))
    return text.rstrip("0").rstrip(",")


def statut(value: Any) -> str:
    """A status code in French words.

    >>> statut("non_evaluable")
    'non évaluable'
    """
    return STATUTS.get(value, texte(value))


def denombre(count: Mapping[str, int]) -> str:
    """Numbers by status, in French words; statuses that nothing has are left out.

    >>> denombre({"atteint": 2, "non_atteint": 1, "sans_objet": 3, "manifeste": 0})
    '2 atteints, 1 non atteint, 3 sans objet'
    """
    words = "atteint|évaluable|renseigné|expliquée|justifiée|manifeste"
    parts = []
    for code, text in STATUTS.items():
        number = count.get(code, 0)
        text = re.sub(f"({words})", r"\1s", text) if number > 1 else text
        if number:
            parts.append(f"{number} {text.replace('rien à', 'sans rien à')}")
    return ", ".join(parts)


def word(words: Mapping[str, str], value: Any) -> str:
    """The French word of a code, the code itself when there is none.

    >>> word(FINANCEURS, "etat"), word(FINANCEURS, "msa")
    ('État', 'msa')
    """
    return words.get(str(value), texte(value))
