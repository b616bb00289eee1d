"""Reading one cell of a returned workbook, and what is to be said about it. Pure functions."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from analyses.contrat.cell import read_cell
from analyses.saisie.modele import NATURES, TEXTE, Ligne, canonical, load_reglages
from analyses.socle.privacy import porte_nir, traces

if TYPE_CHECKING:
    from openpyxl.cell.cell import Cell

_PERSONNEL = {
    "courriel": ("une adresse électronique", "est-ce celui d'un service ? Sinon, retirez-le"),
    "telephone": ("un numéro de téléphone", "est-ce celui d'un service ? Sinon, retirez-le"),
    "civilite": ("une civilité, donc un nom", "indiquez plutôt un service ou un poste"),
}
# A cell of text keeps « 1e6 » as typed, a cell of numbers makes it 1000000: both read alike.
_SCIENTIFIQUE = re.compile(r"[+-]?\d+([.,]\d+)?[eE][+-]?\d{1,2}")


class Constat(NamedTuple):
    """Something to say about a cell: `grave` stops the import, else it is asked to the pilot."""

    grave: bool
    attendu: str
    trouve: str
    remede: str


def quote(text: str) -> str:
    """A text for a message, on one line.

    >>> quote("a\\nb")
    '« a b »'
    """
    text = " ".join(text.split())
    return f"« {text[:60]}{'…' if len(text) > 60 else ''} »"


def tirets(text: str) -> str:
    """A list of a table cell with typographic dashes: a spreadsheet takes « - x » for a formula.

    >>> tirets("- retard\\n- départ")
    '– retard\\n– départ'
    """
    return re.sub(r"(?m)^- (?=\D)", "– ", text)


def nombre(value: float, percent: bool = False) -> str:
    """A number of a cell as a person writes it in France.

    >>> nombre(48.0), nombre(2.5), nombre(0.4, True), nombre(1e6), nombre(0.075, True)
    ('48', '2,5', '40%', '1000000', '7,5%')
    """
    text = f"{Decimal(repr(value)) * (100 if percent else 1):f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return text.replace(".", ",") + ("%" if percent else "")


def lire_cellule(cell: Cell, champ: str) -> str | Constat:
    """Text of an openpyxl cell, or why it cannot be one.

    >>> from types import SimpleNamespace as NS
    >>> lire_cellule(NS(value="=1+1", data_type="f"), "resultat").trouve
    'une formule « =1+1 »'
    >>> lire_cellule(NS(value=0.4, data_type="n", number_format="0%"), "resultat")
    '40%'
    """
    value = cell.value
    if value is None:
        return ""
    if cell.data_type == "e":
        return Constat(True, "une valeur", f"l'erreur {value}", "écrivez la valeur elle-même")
    if cell.data_type == "f":
        shown = quote(value if isinstance(value, str) else f"={getattr(value, 'text', '')}")
        remedy = "remplacez la formule par sa valeur (Collage spécial, Valeurs)"
        return Constat(True, "une valeur", f"une formule {shown}", remedy)
    if isinstance(value, bool):
        return "oui" if value else "non"
    if isinstance(value, (int, float)):
        return nombre(value, champ == "resultat" and "%" in cell.number_format)
    if isinstance(value, str):
        text = canonical(value, champ)
        scientific = champ == "resultat" and _SCIENTIFIQUE.fullmatch(text)
        return nombre(float(text.replace(",", "."))) if scientific else text
    day = f"{value:%d/%m/%Y}" if isinstance(value, dt.date) else str(value)
    if champ != "resultat":
        return day
    return Constat(
        True,
        "un résultat",
        f"une date ou une heure ({day})",
        "le tableur a changé en date une saisie comme « 2/2 » ou « 2-2 » : mettez la cellule au "
        "format Texte, puis écrivez 2*2",
    )


def lire_nature(nature: str) -> str | Constat:
    """The nature of an answer as the list says it ('' for a figure or nothing).

    >>> lire_nature("Sans objet"), lire_nature("chiffre (familles)"), lire_nature("x").trouve
    ('sans objet', '', '« x »')
    """
    state = nature.casefold()
    if not state or state.startswith("chiffre"):
        return ""
    if state in NATURES or state == TEXTE:
        return state
    return Constat(True, "un choix de la liste", quote(nature), "choisissez dans la liste")


def joindre(text: str, nature: str) -> str | Constat:
    """A result and the chosen nature of the answer as one answer.

    >>> joindre("", "sans objet"), joindre("48", ""), joindre("", "")
    ('/', '48', '')
    >>> joindre("48", "sans objet").trouve
    '« 48 »'
    """
    if nature == TEXTE and not text:
        return Constat(
            True, "le texte annoncé", "une cellule vide", "écrivez-le, ou effacez la nature"
        )
    if nature in NATURES and text not in ("", NATURES[nature]):
        expected = f"une cellule vide, puisque la nature est « {nature} »"
        return Constat(True, expected, quote(text), "gardez le résultat ou la nature")
    return NATURES.get(nature) or NATURES.get(text.casefold(), text)


def examiner_resultat(line: Ligne, text: str, libre: bool) -> Iterator[Constat]:
    """What is wrong (grave) or odd in a result; `libre`: the pilot says that it is a text.

    A result many times the largest known value (params/saisie.yaml) is questioned, never refused.
    """
    read = read_cell(text)
    if read.type in ("sans_objet", "inconnu", "non_concerne", "vide"):
        return
    value, found, unit = read.valeur, quote(text), line.unite
    if value is None or read.type == "texte":
        if line.attend_un_nombre and not libre:
            yield Constat(
                True,
                f"un chiffre ({unit})",
                f"le texte {found}",
                "écrivez le chiffre et mettez le texte en commentaire, ou choisissez la nature "
                "« texte », « sans objet » ou « non disponible »",
            )
        return
    bare = read.type != "taux"
    if line.taux and bare and 0 < value <= 1:
        other = nombre(float(value), True)
        found = f"{found}, qui peut se lire {text} % ou {other}"
        yield Constat(True, "un taux", found, "écrivez le taux avec son signe %")
        return
    if line.taux and value > (100 if bare else 1):
        yield Constat(False, "un taux d'au plus 100 %", found, "est-ce bien le résultat ?")
    if not line.taux and not bare:
        yield Constat(False, f"un nombre ({unit})", found, "est-ce bien un taux ?")
    known, facteur = max(line.reperes, default=value), load_reglages().facteur_grandeur
    if read.type == "booleen" and known > 1:
        yield Constat(False, f"un nombre ({unit})", found, "combien ?")
    if value < 0:
        yield Constat(False, "un résultat positif", found, "le signe est-il voulu ?")
    if re.fullmatch(r"\d{1,3}\.\d{3}", text):
        yield Constat(False, "un nombre", found, "des milliers, ou trois décimales ?")
    if not line.taux and bare and known > 0 and value > facteur * known:
        most = nombre(float(known))
        expected = f"un résultat comparable à la cible, au T0 ou à l'an passé ({most} au plus)"
        yield Constat(False, expected, found, "est-ce bien le résultat, et dans cette unité ?")


def examiner_texte(text: str) -> Iterator[Constat]:
    """Personal data in a text; the message never shows them."""
    expected = "un texte sans donnée personnelle"
    if porte_nir(text):
        found = "un numéro de sécurité sociale (non affiché)"
        yield Constat(True, expected, found, "retirez-le")
    for trace in traces(text):
        if trace in _PERSONNEL:
            found, remedy = _PERSONNEL[trace]
            yield Constat(False, expected, f"{found} (non affiché)", remedy)
