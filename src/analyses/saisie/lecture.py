"""Reading a workbook that came back: every cell is found by its hidden marks, never by position.

What is wrong is collected with file, sheet and cell. A problem stops the import; an « écart » (a
deleted sheet, a moved row, a changed target) stops it unless the agent accepts it; a question is
for the pilot; a note says how something was read.
"""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from analyses.saisie.classeur import FORMAT, NATURES, REPERES, SOMMAIRE, TEXTE, Repere, imprint
from analyses.saisie.modele import JUSTIFICATIONS, SERVICE, Cle, Feuille, canonical, same_text
from analyses.saisie.ouverture import ouvrir
from analyses.saisie.valeurs import (
    Constat,
    examiner_resultat,
    examiner_texte,
    joindre,
    lire_cellule,
    lire_nature,
    quote,
    tirets,
)
from analyses.socle.problems import BilanError, Problem

_ROWS, _COLUMNS = 400, 40  # what is looked at; a sheet of ours has 40 rows and 11 columns
_REPERES = 20_000  # marks read; all the actions together have 2 500
_ACCEPTER = "ou acceptez l'écart avec --accepter-ecarts"
_RAPPELS = {
    "libelle": "intitulé",
    "unite": "unité",
    "t0": "T0",
    "cible": "cible",
    "suivante": "cible de l'année suivante",
    "precedent": "résultat de l'année précédente",
}
_CHAMPS = {"resultat": "résultat", "nature": "nature de la réponse", "piece": "pièce"}


@dataclass(frozen=True)
class Reponse:
    """One answer with its place; `base`: what the cell held when the workbook was sent."""

    cle: Cle
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
    book: Any
    reperes: list[Repere]
    reponses: dict[Cle, Reponse] = field(default_factory=dict)
    services: dict[str, str] = field(default_factory=dict)  # by sheet key
    problemes: list[Problem] = field(default_factory=list)
    ecarts: list[Problem] = field(default_factory=list)
    questions: list[Problem] = field(default_factory=list)
    notes: list[Problem] = field(default_factory=list)

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.contenu).hexdigest()

    def entete(self, key: str) -> str:
        """A general mark: format, departement, exercice, nature."""
        return next((r.valeur for r in self.reperes if (r.genre, r.champ) == ("entete", key)), "")

    @property
    def feuilles(self) -> dict[str, str]:
        """Sheet key -> name of its tab, as sent."""
        return {r.feuille: r.valeur for r in self.reperes if r.genre == "feuille"}

    @property
    def versions(self) -> dict[str, str]:
        """Contract -> version of its text, as sent."""
        return {r.champ: r.valeur for r in self.reperes if r.genre == "contrat"}


def _cells(sheet: Any) -> Iterator[Any]:
    """The filled cells of a sheet."""
    rows, columns = min(sheet.max_row or 1, _ROWS), min(sheet.max_column or 1, _COLUMNS)
    for row in sheet.iter_rows(max_row=rows, max_col=columns):
        yield from (cell for cell in row if cell.value is not None)


def lire_reperes(path: Path) -> Saisie:
    """The workbook with its hidden marks, nothing else read; `BilanError` when it is not ours."""
    contenu, book = ouvrir(path)

    def refuse(found: str, remedy: str) -> BilanError:
        expected = "un classeur écrit par « bilan saisie »"
        return BilanError([Problem(path.name, attendu=expected, trouve=found, remede=remedy)])

    again = "donnez le classeur envoyé au pilote, rempli"
    marks = next((sheet for sheet in book.worksheets if sheet.title == REPERES), None)
    if marks is None:
        empty = not any(True for sheet in book.worksheets for _ in _cells(sheet))
        raise refuse("un classeur vide" if empty else "un classeur sans ses repères cachés", again)
    rows = marks.iter_rows(
        max_col=len(Repere._fields), max_row=min(marks.max_row, _REPERES), values_only=True
    )
    reperes = [Repere(*("" if value is None else str(value) for value in row)) for row in rows]
    saisie = Saisie(path.name, contenu, book, reperes)
    if saisie.entete("format") != FORMAT:
        found = f"un classeur d'une autre version (« {saisie.entete('format') or 'inconnue'} »)"
        raise refuse(found, f"cette version lit « {FORMAT} » : renvoyez un classeur à jour")
    if imprint(reperes[:-1]) != reperes[-1].valeur:
        raise refuse("des repères cachés modifiés", again)
    return saisie


def _moved(before: Sequence[str], now: Sequence[str]) -> list[str]:
    """What is no longer in its order.

    >>> _moved(["a", "b", "c"], ["b", "c", "a"])
    ['a']
    """
    blocks = difflib.SequenceMatcher(None, before, now, autojunk=False).get_matching_blocks()
    kept = {before[i] for block in blocks for i in range(block.a, block.a + block.size)}
    return [key for key in before if key in now and key not in kept]


def _positions(found: Iterable[tuple[str, int]], expected: Iterable[str]) -> dict[str, list[int]]:
    positions: dict[str, list[int]] = {key: [] for key in expected}
    for key, position in found:
        if key in positions:
            positions[key].append(position)
    return positions


class _Lecteur:
    """Reads one sheet of a workbook into its `Saisie`."""

    def __init__(
        self, saisie: Saisie, sheet: Any, origin: Any, attendue: Feuille, facteur: int
    ) -> None:
        self.saisie, self.sheet, self.attendue, self.facteur = saisie, sheet, attendue, facteur
        self.reperes = [r for r in saisie.reperes if r.feuille == attendue.cle and r.ligne]
        self.lignes = {ligne.code: ligne for ligne in attendue.lignes}
        self.cells = list(_cells(sheet))
        row, column = origin.row, origin.column
        self.rows = _positions(
            ((str(c.value), c.row) for c in self.cells if c.column == column and c.row > row),
            (r.ligne for r in self.reperes),
        )
        self.columns = _positions(
            ((str(c.value), c.column) for c in self.cells if c.row == row and c.column > column),
            (r.colonne for r in self.reperes),
        )
        self.read: dict[tuple[int, int], Repere] = {}

    def place(self, cell: str = "") -> str:
        where = f"{self.saisie.fichier}, feuille « {self.sheet.title} »"
        return f"{where}, cellule {cell}" if cell else where

    def label(self, key: str, champ: str = "") -> str:
        name = self.lignes[key].libelle if key in self.lignes else key.replace("_", " ")
        name = name if len(name) <= 70 else name[:69] + "…"
        what = _RAPPELS.get(champ) or _CHAMPS.get(champ, champ)
        return f"{name} : {what}" if what else name

    def tell(
        self, where: list[Problem], at: str, label: str, expected: str, found: str, remedy: str = ""
    ) -> None:
        where.append(Problem(self.place(at), None, label, expected, found, remedy))

    def say(self, constat: Constat, cell: Any, repere: Repere) -> None:
        where = self.saisie.problemes if constat.grave else self.saisie.questions
        label = self.label(repere.ligne, repere.champ)
        self.tell(where, cell.coordinate, label, *constat[1:])

    # --- structure --------------------------------------------------------------------------

    def structure(self) -> None:
        """Deleted, doubled and moved rows and columns."""
        first = min((w[0] for w in self.columns.values() if w), default=2)
        self.order(self.rows, "ligne", lambda row: (row, first), self.label)
        self.order(self.columns, "colonne", lambda column: (1, column), "colonne {}".format)

    def order(
        self,
        positions: Mapping[str, Sequence[int]],
        what: str,
        cell: Callable[[int], tuple[int, int]],
        label: Callable[[str], str],
    ) -> None:
        again = f"rétablissez la feuille d'origine, {_ACCEPTER}"
        ecarts = self.saisie.ecarts

        def name(position: int) -> str:
            return str(self.sheet.cell(*cell(position)).coordinate)

        for key, where in positions.items():
            if not where:
                found = f"une {what} supprimée ou son repère effacé"
                self.tell(ecarts, "", label(key), f"la {what} d'origine", found, again)
            if len(where) > 1:
                at, found = name(where[1]), f"deux {what}s pour une réponse"
                remedy = "ne gardez que la bonne"
                self.tell(self.saisie.problemes, at, label(key), f"une seule {what}", found, remedy)
        now = [key for _, key in sorted((w[0], key) for key, w in positions.items() if w)]
        for key in _moved(list(positions), now):
            at, found = name(positions[key][0]), f"une {what} déplacée"
            self.tell(ecarts, at, label(key), f"l'ordre d'origine des {what}s", found, again)

    def merged(self) -> None:
        """Merged areas that swallow a cell to fill in."""
        answers = {place: r for place, r in self.read.items() if r.genre == "reponse"}
        for area in self.sheet.merged_cells.ranges:
            inside = [
                (row, column)
                for row, column in answers
                if area.min_row <= row <= area.max_row and area.min_col <= column <= area.max_col
            ]
            if len(inside) > 1 or (inside and inside[0] != (area.min_row, area.min_col)):
                repere = answers[inside[-1]]
                label, expected = self.label(repere.ligne, repere.champ), "une cellule par réponse"
                found, remedy = "des cellules fusionnées", "annulez la fusion, remplissez chacune"
                self.tell(self.saisie.problemes, str(area), label, expected, found, remedy)

    def hidden(self) -> None:
        """Answers on hidden rows, columns or sheets are read, and said."""
        columns = [d for d in self.sheet.column_dimensions.values() if d.hidden]
        for (row, column), repere in self.read.items():
            cell = self.sheet.cell(row, column)
            if repere.genre != "reponse" or cell.value is None:
                continue
            masked = {
                "feuille": self.sheet.sheet_state != "visible",
                "ligne": self.sheet.row_dimensions[row].hidden,
                "colonne": any(d.min <= column <= d.max for d in columns),
            }
            for what in [what for what, yes in masked.items() if yes][:1]:
                label = self.label(repere.ligne, repere.champ)
                found = f"{what} masquée, lue quand même"
                self.tell(self.saisie.notes, cell.coordinate, label, "", found)

    def elsewhere(self) -> None:
        """What a pilot wrote outside the cells to fill in is not read, and said."""
        texts = {" ".join(r.valeur.split()) for r in self.saisie.reperes if r.genre == "fixe"}
        texts |= {*self.rows, *self.columns}
        for cell in self.cells:
            text = " ".join(str(cell.value).split())
            known = text in texts or text.startswith(FORMAT) or cell.data_type == "f"
            if not known and (cell.row, cell.column) not in self.read:
                expected, found = "rien hors des cellules à remplir", f"{quote(text)}, non importé"
                remedy = "à recopier dans une cellule à remplir s'il compte"
                self.tell(self.saisie.questions, cell.coordinate, "", expected, found, remedy)

    def reminder(self, cell: Any, repere: Repere) -> None:
        """A locked cell that no longer says what was sent, or what the contract says today."""
        label, at = self.label(repere.ligne, repere.champ), cell.coordinate
        text = lire_cellule(cell, "texte")
        shown = text.trouve if isinstance(text, Constat) else text
        if shown.split() != repere.valeur.split():
            found = f"{quote(shown)} : cellule modifiée dans le classeur"
            remedy = f"rétablissez-la (le contrat fait foi), {_ACCEPTER}"
            self.tell(self.saisie.ecarts, at, label, quote(repere.valeur), found, remedy)
        line = self.lignes.get(repere.ligne)
        if line is not None and repere.champ != "precedent":
            today = {"libelle": line.libelle, "unite": line.unite, **line.rappels}
            said = today.get(repere.champ, repere.valeur)
            if said.split() != repere.valeur.split():
                found = f"{quote(repere.valeur)} : le contrat a changé depuis l'envoi"
                remedy = f"renvoyez un classeur à jour, {_ACCEPTER}"
                expected = f"{quote(said)} au contrat"
                self.tell(self.saisie.ecarts, at, label, expected, found, remedy)

    # --- answers ----------------------------------------------------------------------------

    def lire(self) -> None:
        """Read every cell of the sheet that its marks still locate."""
        self.structure()
        texts: dict[tuple[str, str], tuple[Any, str, Repere]] = {}
        unread = set()
        for repere in self.reperes:
            rows, columns = self.rows[repere.ligne], self.columns[repere.colonne]
            if not rows or not columns:
                continue
            cell = self.sheet.cell(rows[0], columns[0])
            self.read[cell.row, cell.column] = repere
            if repere.genre == "rappel":
                self.reminder(cell, repere)
                continue
            text = lire_cellule(cell, repere.champ)
            if isinstance(text, Constat):
                self.say(text, cell, repere)
                unread.add((repere.ligne, repere.champ))
            else:
                texts[repere.ligne, repere.champ] = cell, text, repere
        for (ligne, champ), (cell, text, repere) in texts.items():
            if ligne == SERVICE:
                self.saisie.services[self.attendue.cle] = text
            elif champ == "resultat" and (ligne, "nature") not in unread:
                self.result(cell, text, repere, texts.get((ligne, "nature")))
            elif champ not in ("resultat", "nature"):
                self.answer(cell, text, canonical(repere.valeur, champ), repere)
                if champ == "piece" and text and not texts.get((ligne, "texte"), ("", "?"))[1]:
                    lonely = Constat(
                        True, "une explication avec la pièce", quote(text), "écrivez l'explication"
                    )
                    self.say(lonely, cell, repere)
        self.merged()
        self.hidden()
        self.elsewhere()

    def result(
        self, cell: Any, text: str, repere: Repere, nature: tuple[Any, str, Repere] | None
    ) -> None:
        """A result with its nature; what it was when the workbook was sent is joined alike."""
        line = self.lignes.get(repere.ligne)
        if line is None:
            unknown = Constat(
                True,
                "un indicateur du contrat",
                quote(repere.ligne),
                "renvoyez un classeur à jour au pilote",
            )
            self.say(unknown, cell, repere)
            return
        nature_cell, chosen, nature_mark = nature or (cell, "", repere._replace(valeur=""))
        state = lire_nature(chosen)
        if isinstance(state, Constat):
            self.say(state, nature_cell, nature_mark)
            return
        joined = joindre(text, state)
        if isinstance(joined, Constat):
            self.say(joined, cell, repere)
            return
        base = NATURES.get(nature_mark.valeur) or canonical(repere.valeur, "resultat")
        if not same_text(joined, base):
            for constat in examiner_resultat(line, joined, state == TEXTE, self.facteur):
                self.say(constat, cell, repere)
        self.answer(cell if text or not joined else nature_cell, joined, base, repere)

    def answer(self, cell: Any, text: str, base: str, repere: Repere) -> None:
        key = self.attendue.contrat, self.attendue.action, repere.ligne, repere.champ
        if repere.champ == "commentaire" or repere.ligne in JUSTIFICATIONS:
            text, base = tirets(text), tirets(base)
        where = f"{self.sheet.title}!{cell.coordinate}"
        self.saisie.reponses[key] = Reponse(key, text, base, self.place(cell.coordinate), where)
        if not same_text(text, base):
            for constat in examiner_texte(text):
                self.say(constat, cell, repere)


def _origin(sheet: Any) -> tuple[str, Any]:
    """(sheet key, cell of the mark) of a sheet of ours; ('', None) for another."""
    for row in sheet.iter_rows(max_row=5, max_col=5):
        for cell in row:
            if isinstance(cell.value, str) and cell.value.startswith(FORMAT + " "):
                return cell.value.removeprefix(FORMAT + " ").strip(), cell
    return "", None


def lire(saisie: Saisie, attendues: Mapping[str, Feuille], facteur: int) -> Saisie:
    """Fill in a `Saisie` from its workbook: answers, problems, écarts, questions and notes.

    `attendues`: what the contracts ask today, by sheet key.
    """
    found: dict[str, list[tuple[Any, Any]]] = {}
    for sheet in saisie.book.worksheets:
        key, origin = _origin(sheet)
        place = f"{saisie.fichier}, feuille « {sheet.title} »"
        if key:
            found.setdefault(key, []).append((sheet, origin))
        elif sheet.title not in (REPERES, SOMMAIRE) and any(True for _ in _cells(sheet)):
            text = "feuille ajoutée, ou son repère effacé : non lue"
            saisie.notes.append(Problem(place, trouve=text))
    for key, name in saisie.feuilles.items():
        place = f"{saisie.fichier}, feuille « {name} »"
        sheets = found.get(key, [])
        if not sheets:
            remedy = f"demandez au pilote le classeur entier, {_ACCEPTER}"
            deleted = "une feuille supprimée ou son repère effacé"
            saisie.ecarts.append(Problem(place, None, "", "la feuille envoyée", deleted, remedy))
        elif len(sheets) > 1:
            titles = "deux copies : " + " et ".join(f"« {sheet.title} »" for sheet, _ in sheets)
            saisie.problemes.append(
                Problem(place, None, "", "une feuille par action", titles, "ne gardez que la bonne")
            )
        elif key not in attendues:
            saisie.problemes.append(
                Problem(
                    place,
                    None,
                    "",
                    "une action du contrat pour cet exercice",
                    f"« {key} »",
                    "renvoyez un classeur à jour au pilote",
                )
            )
        else:
            sheet, origin = sheets[0]
            if sheet.title != name:
                place = f"{saisie.fichier}, feuille « {sheet.title} »"
                text = f"feuille renommée (« {name} » à l'envoi), reconnue à son repère"
                saisie.notes.append(Problem(place, trouve=text))
            _Lecteur(saisie, sheet, origin, attendues[key], facteur).lire()
    return saisie
