"""The hidden marks of a collection workbook: written by `classeur`, found again by `lecture`.

Column A of each sheet holds the key of its row and row 1 the original letter of each column, both
hidden; a very hidden sheet lists every cell as it was written.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from analyses.socle.files import fingerprint

FORMAT = "saisie/1"
REPERES = "_reperes"
SOMMAIRE = "Mode d'emploi"


class Repere(NamedTuple):
    """One cell as it was written; `genre`: reponse (to fill in), rappel, fixe (a text); and
    entete, contrat, feuille for the workbook, its contracts and its sheets."""

    feuille: str
    ligne: str
    colonne: str
    rang: str
    genre: str
    champ: str
    valeur: str


def general(genre: str, champ: str, valeur: str, feuille: str = "") -> Repere:
    """The mark of a workbook, a contract or a sheet.

    >>> general("entete", "format", FORMAT).valeur
    'saisie/1'
    """
    return Repere(feuille, "", "", "", genre, champ, valeur)


def imprint(reperes: Iterable[Sequence[str]]) -> str:
    """Hash of the marks, whatever a spreadsheet does to blanks.

    >>> imprint([general("contrat", "x", "a b")]) == imprint([general("contrat", "x", "a\\u00a0b")])
    True
    """
    lines = ("\t".join(" ".join(cell.split()) for cell in repere) for repere in reperes)
    return fingerprint("\n".join(lines).encode())


def entete(reperes: Iterable[Repere], champ: str) -> str:
    """A general mark: format, departement, exercice, nature, empreinte."""
    return next((r.valeur for r in reperes if (r.genre, r.champ) == ("entete", champ)), "")
