"""Typed reading of an indicator cell, kept beside the text exactly as printed.

People wrote these cells: counts, rates, amounts, increments, products, yes/no, words, blanks. The
grammar (cell.lark) lists what is read; what has two readings is `illisible` and says why, the rest
is a text. Nothing is guessed.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache, lru_cache
from math import prod
from typing import Any

from lark import Lark, Token, Transformer
from lark.exceptions import UnexpectedInput

MOTIFS = {
    "ABREVIATION": "une abréviation ou un signe qui a plusieurs sens",
    "BORNE": "une borne, pas une valeur",
    "DATE": "une date (un tableur change « 2*2 », « 1/2 » ou « 3-4 » en date)",
    "DEUX_CELLULES": "deux cellules en une",
    "DUREE": "une durée",
    "FORMULE": "une formule",
    "INTERVALLE": "deux valeurs ou un intervalle",
    "PART": "une fraction ou une date",
    "RANG": "un rang, pas un nombre",
    "SEPARATEUR": "un point ou une virgule qui sépare des milliers ou des décimales",
    "TABLEUR": "une erreur de tableur",
}
_INCONNUE, _PLUSIEURS = "une forme inconnue", "plusieurs nombres"
_TROP_GRAND, _LIMITE = "un nombre trop grand", 10**15
_MULTIPLES = {"k": 1000, "M": 1_000_000}
_MOTS = {"sans_objet": "/", "inconnu": "?", "non_concerne": "Non concerné", "vide": ""}


@dataclass(frozen=True)
class Cell:
    """A printed cell and its reading.

    `valeur` is exact (a rate is a fraction of 1, an amount is in euros); None without a number.
    `unite` and `qualificatif` are the words around it, `facteurs` the terms of a product, `motif`
    why an `illisible` cell is not read. `incertaine`: the text does not prove the cell's column.
    """

    imprime: str | None
    type: str
    valeur: Fraction | None = None
    qualificatif: str | None = None
    incertaine: bool = False
    unite: str | None = None
    motif: str | None = None
    facteurs: tuple[Fraction, ...] = ()

    def as_uncertain(self) -> Cell:
        """The same cell, in a row that has fewer cells than its table has columns."""
        return replace(self, incertaine=True)


def _number(text: str) -> Fraction:
    """Exact value of a NOMBRE: the last of two kinds of separators is the decimal one."""
    text = text.replace(" ", "")
    mark = max(text.rfind("."), text.rfind(","))
    if text.count(".") > 1 or text.count(",") > 1 or ("." in text and "," in text):
        both = "." in text and "," in text
        whole, decimals = (text[:mark], text[mark + 1 :]) if both else (text, "")
        text = re.sub("[.,]", "", whole) + (f".{decimals}" if decimals else "")
    return Fraction(text.replace(",", "."))


def _words(text: str) -> str | None:
    """A qualifier without the punctuation or the brackets that introduce it."""
    text = text.strip().lstrip(",;:–-").strip()
    if text.startswith("(") and text.endswith(")"):
        text = text[1:-1].strip()
    return text or None


class _Reader(Transformer[Token, Cell]):
    """Each rule of cell.lark to a `Cell` without its printed text."""

    def unite(self, found: list[Token]) -> tuple[str, str]:
        return "unite", str(found[0]).strip()

    def precision(self, found: list[Token]) -> tuple[str, str | None]:
        return "precision", _words(str(found[0]))

    def environ(self, found: list[Token]) -> tuple[str, str]:
        return "precision", str(found[0]).strip()

    def _numeric(self, kind: str, found: list[Any], scale: Fraction = Fraction(1)) -> Cell:
        marks = {t.type: str(t) for t in found if isinstance(t, Token)}
        numbers = tuple(_number(t) for t in found if getattr(t, "type", "") == "NOMBRE")
        numbers = (Fraction(0),) if "ZERO" in marks else numbers
        said = [words for name, words in _pairs(found, "precision") if words]
        units = [words for name, words in _pairs(found, "unite")]
        if "POURCENT" in marks:
            scale, units = Fraction(1, 100), ["%"]
        if "EURO" in marks or kind == "montant":
            units = ["€"]
        scale *= _MULTIPLES.get(marks.get("MULTIPLE", ""), 1)
        return Cell(
            None,
            kind,
            prod(numbers, start=scale),
            " ; ".join(said) or None,
            unite=units[0] if units else None,
            facteurs=numbers if kind == "produit" else (),
        )

    def nombre(self, found: list[Any]) -> Cell:
        return self._numeric("nombre", found)

    def taux(self, found: list[Any]) -> Cell:
        return replace(self._numeric("taux", found, Fraction(1, 100)), unite="%")

    def montant(self, found: list[Any]) -> Cell:
        return self._numeric("montant", found)

    def produit(self, found: list[Any]) -> Cell:
        return self._numeric("produit", found)

    def increment(self, found: list[Any]) -> Cell:
        return self._numeric("increment", found)

    def booleen(self, found: list[Any]) -> Cell:
        return replace(
            self._word("booleen", found[1:]), valeur=Fraction(int(found[0].type == "OUI"))
        )

    def _word(self, kind: str, found: list[Any]) -> Cell:
        said = [words for _, words in _pairs(found, "precision") if words]
        return Cell(None, kind, qualificatif=" ; ".join(said) or None)

    def sans_objet(self, found: list[Any]) -> Cell:
        return self._word("sans_objet", found)

    def inconnu(self, found: list[Any]) -> Cell:
        return self._word("inconnu", found)

    def non_concerne(self, found: list[Any]) -> Cell:
        return self._word("non_concerne", found)

    def conditionnel(self, found: list[Any]) -> Cell:
        return Cell(None, "conditionnel")

    def texte(self, found: list[Any]) -> Cell:
        return Cell(None, "texte")

    def illisible(self, found: list[Token]) -> Cell:
        return Cell(None, "illisible", motif=MOTIFS[found[0].type])


def _pairs(found: list[Any], name: str) -> list[tuple[str, str]]:
    return [item for item in found if isinstance(item, tuple) and item[0] == name]


@cache
def _parser() -> Lark:
    return Lark.open_from_package(
        "analyses.contrat", "cell.lark", ("",), parser="lalr", maybe_placeholders=False
    )


def _normal(text: str) -> str:
    """Single plain spaces, straight apostrophes, plain minus: what the grammar reads."""
    text = unicodedata.normalize("NFC", text).replace("’", "'").replace("\u2212", "-")
    return " ".join(text.split())


def _unread(text: str) -> Cell:
    """What the grammar does not know: a text when it starts with a letter, else `illisible`."""
    first = next((c for c in text if c.isalnum()), "")
    if first.isalpha() and text[0] not in "+-":
        return Cell(None, "texte")
    several = len(re.findall(r"\d+", text)) > 1
    return Cell(None, "illisible", motif=_PLUSIEURS if several else _INCONNUE)


@lru_cache(maxsize=8192)
def read_cell(text: str | None) -> Cell:
    """Read a printed cell (annexes 2 and 4, fiches; results as the pilots write them).

    >>> read_cell("2*2").valeur, read_cell("+25").type, read_cell("40%").valeur
    (Fraction(4, 1), 'increment', Fraction(2, 5))
    >>> cell = read_cell("4 (1 par territoire)"); cell.valeur, cell.qualificatif
    (Fraction(4, 1), '1 par territoire')
    >>> read_cell("10 salariés").unite, read_cell("12,5 k€").valeur
    ('salariés', Fraction(12500, 1))
    >>> read_cell("/").type, read_cell("?").type, read_cell(None).type
    ('sans_objet', 'inconnu', 'vide')
    >>> read_cell("Selon territoire retenu").type, read_cell("X GIR 4").type
    ('conditionnel', 'texte')
    >>> read_cell("2/2").type, read_cell("2/2").motif
    ('illisible', 'une fraction ou une date')
    """
    plain = _normal(text or "")
    if not plain:
        return Cell(text, "vide")
    try:
        cell = _Reader().transform(_parser().parse(plain))
    except UnexpectedInput:
        cell = _unread(plain)
    if cell.valeur is not None and abs(cell.valeur) >= _LIMITE:
        cell = Cell(None, "illisible", motif=_TROP_GRAND)
    return replace(cell, imprime=text)


def _decimal(value: Fraction) -> str:
    """A decimal with a comma, never with exactly three decimals (they could be thousands).

    >>> _decimal(Fraction(3, 2)), _decimal(Fraction(1234, 1000)), _decimal(Fraction(-4))
    ('1,5', '1,2340', '-4')
    """
    digits = 0
    while (value * 10**digits).denominator != 1:
        digits += 1
    if digits == 3:
        digits = 4
    sign, scaled = ("-" if value < 0 else ""), str(abs(int(value * 10**digits)))
    if not digits:
        return sign + scaled
    scaled = scaled.zfill(digits + 1)
    return f"{sign}{scaled[:-digits]},{scaled[-digits:]}"


def write_cell(cell: Cell) -> str:
    """A cell as one would print it; `read_cell` reads it back the same.

    >>> write_cell(read_cell("60%   (objectifs nationaux IAE)")), write_cell(read_cell("2 x 2"))
    ('60 % (objectifs nationaux IAE)', '2*2')
    """
    if cell.type in ("texte", "illisible", "conditionnel"):
        return _normal(cell.imprime or "")
    value = cell.valeur or Fraction(0)
    if cell.type in ("nombre", "montant", "increment"):
        shown = _decimal(value * 100 if cell.unite == "%" else value)
        head = ("+" if cell.type == "increment" else "") + shown
    elif cell.type == "taux":
        head = _decimal(value * 100)
    elif cell.type == "produit":
        head = "*".join(_decimal(term) for term in cell.facteurs)
    elif cell.type == "booleen":
        head = "oui" if value else "non"
    else:
        head = _MOTS[cell.type]
    return (
        head
        + (f" {cell.unite}" if cell.unite else "")
        + (f" ({cell.qualificatif})" if cell.qualificatif else "")
    )
