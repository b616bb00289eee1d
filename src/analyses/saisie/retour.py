"""A workbook that came back: its hidden marks, and what reading finds in it.

What is wrong is collected with file, sheet and cell. A problem stops the import; an « écart » (a
deleted sheet, a moved row, a changed target) stops it unless the agent accepts it; a question is
for the pilot; a note says how something was read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from analyses.saisie.modele import Cle, same_text
from analyses.saisie.ouverture import ouvrir
from analyses.saisie.reperes import FORMAT, REPERES, Repere, entete, imprint
from analyses.socle.files import fingerprint
from analyses.socle.problems import BilanError, Problem

if TYPE_CHECKING:
    from openpyxl.cell.cell import Cell
    from openpyxl.workbook.workbook import Workbook
    from openpyxl.worksheet.worksheet import Worksheet

_ROWS, _COLUMNS = 400, 40  # what is looked at; a sheet of ours has 40 rows and 11 columns
_REPERES = 20_000  # marks read; all the actions together have 2 500


@dataclass(frozen=True)
class Reponse:
    """One answer with its place; `base`: what the cell held when the workbook was sent."""

    texte: str
    base: str
    place: str  # file, sheet and cell, for messages
    cellule: str  # sheet and cell, for the history

    @property
    def donnee(self) -> bool:
        """Whether the pilot wrote something: an untouched or emptied cell is no answer."""
        return bool(self.texte) and not same_text(self.texte, self.base)


@dataclass
class Saisie:
    """A workbook as read."""

    fichier: str
    contenu: bytes
    book: Workbook
    reperes: list[Repere]
    reponses: dict[Cle, Reponse] = field(default_factory=dict)
    services: dict[str, str] = field(default_factory=dict)  # by sheet key
    problemes: list[Problem] = field(default_factory=list)
    ecarts: list[Problem] = field(default_factory=list)
    questions: list[Problem] = field(default_factory=list)
    notes: list[Problem] = field(default_factory=list)

    @cached_property
    def sha256(self) -> str:
        return fingerprint(self.contenu)

    def entete(self, champ: str) -> str:
        """A general mark: format, departement, exercice, nature."""
        return entete(self.reperes, champ)

    @property
    def simule(self) -> bool:
        """Whether it was written on simulated data."""
        return self.entete("nature") == "simulee"

    @property
    def feuilles(self) -> dict[str, str]:
        """Sheet key -> name of its tab, as sent."""
        return {r.feuille: r.valeur for r in self.reperes if r.genre == "feuille"}

    @property
    def contrats(self) -> list[str]:
        """The contracts that its sheets are of, as sent."""
        return [r.champ for r in self.reperes if r.genre == "contrat"]

    def place(self, feuille: str, cellule: str = "") -> str:
        """File, sheet and cell, for messages."""
        where = f"{self.fichier}, feuille « {feuille} »"
        return f"{where}, cellule {cellule}" if cellule else where


def filled(sheet: Worksheet) -> Iterator[Cell]:
    """The filled cells of a sheet."""
    rows, columns = min(sheet.max_row or 1, _ROWS), min(sheet.max_column or 1, _COLUMNS)
    for row in sheet.iter_rows(max_row=rows, max_col=columns):
        yield from (cell for cell in row if cell.value is not None)


def lire_reperes(path: Path) -> Saisie:
    """The workbook with its hidden marks, nothing else read; `BilanError` when it is not ours."""
    contenu, book = ouvrir(path)

    def refuse(
        found: str, remedy: str = "donnez le classeur envoyé au pilote, rempli"
    ) -> BilanError:
        expected = "un classeur écrit par « bilan saisie »"
        return BilanError(Problem(path.name, None, "", expected, found, remedy))

    marks = next((sheet for sheet in book.worksheets if sheet.title == REPERES), None)
    if marks is None:
        empty = not any(True for sheet in book.worksheets for _ in filled(sheet))
        raise refuse("un classeur vide" if empty else "un classeur sans ses repères cachés")
    rows = marks.iter_rows(
        max_col=len(Repere._fields), max_row=min(marks.max_row, _REPERES), values_only=True
    )
    reperes = [Repere(*("" if value is None else str(value) for value in row)) for row in rows]
    version = entete(reperes, "format")
    if version != FORMAT:
        found = f"un classeur d'une autre version (« {version or 'inconnue'} »)"
        raise refuse(found, f"cette version lit « {FORMAT} » : renvoyez un classeur à jour")
    if imprint(reperes[:-1]) != reperes[-1].valeur:
        raise refuse("des repères cachés modifiés")
    return Saisie(path.name, contenu, book, reperes)
