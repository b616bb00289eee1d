"""Typed reading of an indicator cell, kept beside the text exactly as printed.

People wrote these cells: counts, rates, increments, products, yes/no, texts, blanks. What is not
recognised stays a text: it is said, never guessed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from fractions import Fraction

_NUMBER = r"\d+(?:[   ]\d{3})*(?:[.,]\d+)?"
_QUALIFIED = r"(?:\s*(?P<qualificatif>.*))?"
_PATTERNS = [
    ("produit", re.compile(rf"(?P<a>{_NUMBER})\s*[*x×]\s*(?P<b>{_NUMBER})$")),
    ("increment", re.compile(rf"\+\s*(?P<a>{_NUMBER}){_QUALIFIED}$")),
    ("taux", re.compile(rf"(?P<a>{_NUMBER})\s*%{_QUALIFIED}$")),
    ("nombre", re.compile(rf"(?P<a>-?{_NUMBER})(?![\d/*x×]){_QUALIFIED}$")),
]
_WORDS = {
    "": "vide",
    "/": "sans_objet",
    "?": "inconnu",
    "non connu": "inconnu",
    "non concerné": "non_concerne",
    "oui": "booleen",
    "non": "booleen",
}
# A number followed by these is a date or an interval, not a count.
_NOT_A_QUALIFIER = re.compile(r"^[/:\-–]|^(?:er|e|h)\b")


@dataclass(frozen=True)
class Cell:
    """A printed cell and its reading.

    `valeur` is exact (a rate is a fraction of 1); None where the cell holds no number.
    `incertaine` says that the text does not prove which column the cell belongs to.
    """

    imprime: str | None
    type: str
    valeur: Fraction | None = None
    qualificatif: str | None = None
    incertaine: bool = False

    def as_uncertain(self) -> Cell:
        """The same cell, in a row that has fewer cells than its table has columns."""
        return replace(self, incertaine=True)


def _fraction(text: str) -> Fraction:
    return Fraction(re.sub(r"[   ]", "", text).replace(",", "."))


def read_cell(text: str | None) -> Cell:
    """Read a printed cell (annexes 2 and 4, fiches; results as the pilots write them).

    >>> read_cell("2*2").valeur, read_cell("+25").type, read_cell("40%").valeur
    (Fraction(4, 1), 'increment', Fraction(2, 5))
    >>> cell = read_cell("4 (1 par territoire)"); cell.valeur, cell.qualificatif
    (Fraction(4, 1), '(1 par territoire)')
    >>> read_cell("/").type, read_cell("?").type, read_cell(None).type
    ('sans_objet', 'inconnu', 'vide')
    >>> read_cell("Selon territoire retenu").type, read_cell("X GIR 4").type
    ('texte', 'texte')
    """
    stripped = " ".join((text or "").split())
    word = _WORDS.get(stripped.casefold())
    if word is not None:
        value = Fraction(stripped.casefold() == "oui") if word == "booleen" else None
        return Cell(text, word, value)
    for name, pattern in _PATTERNS:
        match = pattern.match(stripped)
        if not match:
            continue
        groups = match.groupdict()
        qualifier = groups.get("qualificatif") or None
        if qualifier and _NOT_A_QUALIFIER.match(qualifier):
            continue
        value = _fraction(groups["a"])
        if name == "produit":
            value *= _fraction(groups["b"])
        if name == "taux":
            value /= 100
        return Cell(text, name, value, qualifier)
    return Cell(text, "texte")
