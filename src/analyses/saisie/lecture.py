"""Reading the sheets of a returned workbook: every cell is found by its hidden marks, never by
position."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from analyses.saisie.modele import (
    JUSTIFICATIONS,
    NATURES,
    SERVICE,
    TEXTE,
    Feuille,
    canonical,
    load_reglages,
    same_text,
)
from analyses.saisie.reperes import FORMAT, REPERES, SOMMAIRE, Repere
from analyses.saisie.retour import Reponse, Saisie, filled
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
from analyses.socle.problems import Problem

if TYPE_CHECKING:
    from openpyxl.cell.cell import Cell
    from openpyxl.worksheet.worksheet import Worksheet

_ACCEPTER = "ou acceptez l'écart avec --accepter-ecarts"
_NOMS = {"piece": "pièce"}


class _Lue(NamedTuple):
    """A cell to fill in, as read."""

    cell: Cell
    texte: str
    repere: Repere


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
    """Reads one sheet of a workbook into its `Saisie`; `origin`: the cell of its mark."""

    def __init__(self, saisie: Saisie, origin: Cell, attendue: Feuille) -> None:
        self.saisie, self.sheet, self.attendue = saisie, origin.parent, attendue
        self.reperes = [r for r in saisie.reperes if r.feuille == attendue.cle and r.ligne]
        self.lignes = {ligne.code: ligne for ligne in attendue.lignes}
        self.cells = list(filled(self.sheet))
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

    def label(self, key: str) -> str:
        name = self.lignes[key].libelle if key in self.lignes else key.replace("_", " ")
        return name if len(name) <= 70 else name[:69] + "…"

    def tell(
        self,
        where: list[Problem],
        at: str,
        what: Repere | str,
        expected: str,
        found: str,
        remedy: str = "",
    ) -> None:
        if isinstance(what, Repere):
            columns, champ = load_reglages().colonnes, what.champ
            named = columns[champ].nom if champ in columns else _NOMS.get(champ, champ)
            what = f"{self.label(what.ligne)} : {named}"
        place = self.saisie.place(self.sheet.title, at)
        where.append(Problem(place, None, what, expected, found, remedy))

    def say(self, constat: Constat, cell: Cell, repere: Repere) -> None:
        where = self.saisie.problemes if constat.grave else self.saisie.questions
        self.tell(where, cell.coordinate, repere, *constat[1:])

    # --- structure --------------------------------------------------------------------------

    def order(
        self,
        positions: Mapping[str, Sequence[int]],
        what: str,
        cell: Callable[[int], tuple[int, int]],
        label: Callable[[str], str],
    ) -> None:
        """Deleted, doubled and moved rows or columns."""
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
                expected, found = "une cellule par réponse", "des cellules fusionnées"
                remedy = "annulez la fusion, remplissez chacune"
                repere = answers[inside[-1]]
                self.tell(self.saisie.problemes, str(area), repere, expected, found, remedy)

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
            if what := next((what for what, yes in masked.items() if yes), ""):
                found = f"{what} masquée, lue quand même"
                self.tell(self.saisie.notes, cell.coordinate, repere, "", found)

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

    def reminder(self, cell: Cell, repere: Repere) -> None:
        """A locked cell that no longer says what was sent, or what the contract says today."""
        text = lire_cellule(cell, "texte")
        shown, sent = text.trouve if isinstance(text, Constat) else text, repere.valeur
        if shown.split() != sent.split():
            found = f"{quote(shown)} : cellule modifiée dans le classeur"
            remedy = f"rétablissez-la (le contrat fait foi), {_ACCEPTER}"
            self.tell(self.saisie.ecarts, cell.coordinate, repere, quote(sent), found, remedy)
        line = self.lignes.get(repere.ligne)
        today = line.rappels.get(repere.champ, sent) if line else sent
        if repere.champ != "precedent" and today.split() != sent.split():
            expected = f"{quote(today)} au contrat"
            found = f"{quote(sent)} : le contrat a changé depuis l'envoi"
            remedy = f"renvoyez un classeur à jour, {_ACCEPTER}"
            self.tell(self.saisie.ecarts, cell.coordinate, repere, expected, found, remedy)

    # --- answers ----------------------------------------------------------------------------

    def lire(self) -> None:
        """Read every cell of the sheet that its marks still locate."""
        first = min((w[0] for w in self.columns.values() if w), default=2)
        self.order(self.rows, "ligne", lambda row: (row, first), self.label)
        self.order(self.columns, "colonne", lambda column: (1, column), "colonne {}".format)
        lues, unread = self.texts()
        for (ligne, champ), lue in lues.items():
            if ligne == SERVICE:
                self.saisie.services[self.attendue.cle] = lue.texte
            elif champ == "resultat" and (ligne, "nature") not in unread:
                self.result(lue, lues.get((ligne, "nature")))
            elif champ not in ("resultat", "nature"):
                self.answer(lue, canonical(lue.repere.valeur, champ))
                written = lues.get((ligne, "texte"))
                if champ == "piece" and lue.texte and written and not written.texte:
                    expected, remedy = "une explication avec la pièce", "écrivez l'explication"
                    lonely = Constat(True, expected, quote(lue.texte), remedy)
                    self.say(lonely, lue.cell, lue.repere)
        self.merged()
        self.hidden()
        self.elsewhere()

    def texts(self) -> tuple[dict[tuple[str, str], _Lue], set[tuple[str, str]]]:
        """The cells to fill in by (row key, champ), and those that cannot be read."""
        lues, unread = {}, set()
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
                lues[repere.ligne, repere.champ] = _Lue(cell, text, repere)
        return lues, unread

    def result(self, lue: _Lue, nature: _Lue | None) -> None:
        """A result with its nature; what it was when the workbook was sent is joined alike."""
        cell, text, repere = lue
        nature = nature or _Lue(cell, "", repere._replace(valeur=""))
        line = self.lignes.get(repere.ligne)
        if line is None:
            expected, remedy = "un indicateur du contrat", "renvoyez un classeur à jour au pilote"
            self.say(Constat(True, expected, quote(repere.ligne), remedy), cell, repere)
            return
        state = lire_nature(nature.texte)
        if isinstance(state, Constat):
            self.say(state, nature.cell, nature.repere)
            return
        joined = joindre(text, state)
        if isinstance(joined, Constat):
            self.say(joined, cell, repere)
            return
        base = NATURES.get(nature.repere.valeur) or canonical(repere.valeur, "resultat")
        if not same_text(joined, base):
            for constat in examiner_resultat(line, joined, state == TEXTE):
                self.say(constat, cell, repere)
        self.answer(_Lue(cell if text or not joined else nature.cell, joined, repere), base)

    def answer(self, lue: _Lue, base: str) -> None:
        cell, text, repere = lue
        if repere.champ == "commentaire" or repere.ligne in JUSTIFICATIONS:
            text, base = tirets(text), tirets(base)
        place = self.saisie.place(self.sheet.title, cell.coordinate)
        where = f"{self.sheet.title}!{cell.coordinate}"
        key = self.attendue.contrat, self.attendue.action, repere.ligne, repere.champ
        self.saisie.reponses[key] = Reponse(text, base, place, where)
        if not same_text(text, base):
            for constat in examiner_texte(text):
                self.say(constat, cell, repere)


def _origin(sheet: Worksheet) -> tuple[str, Cell | None]:
    """(sheet key, cell of the mark) of a sheet of ours; ('', None) for another."""
    for row in sheet.iter_rows(max_row=5, max_col=5):
        for cell in row:
            if isinstance(cell.value, str) and cell.value.startswith(FORMAT + " "):
                return cell.value.removeprefix(FORMAT + " ").strip(), cell
    return "", None


def lire(saisie: Saisie, attendues: Mapping[str, Feuille]) -> Saisie:
    """Fill in a `Saisie` from its workbook: answers, problems, écarts, questions and notes.

    `attendues`: what the contracts ask today, by sheet key.
    """
    found: dict[str, list[Cell]] = {key: [] for key in saisie.feuilles}
    for sheet in saisie.book.worksheets:
        key, origin = _origin(sheet)
        if origin is not None:
            found.setdefault(key, []).append(origin)
        elif sheet.title not in (REPERES, SOMMAIRE) and any(True for _ in filled(sheet)):
            text = "feuille ajoutée, ou son repère effacé : non lue"
            saisie.notes.append(Problem(saisie.place(sheet.title), trouve=text))
    for key, name in saisie.feuilles.items():
        place, titles = saisie.place(name), [origin.parent.title for origin in found[key]]
        if not titles:
            remedy = f"demandez au pilote le classeur entier, {_ACCEPTER}"
            deleted = "une feuille supprimée ou son repère effacé"
            saisie.ecarts.append(Problem(place, None, "", "la feuille envoyée", deleted, remedy))
        elif len(titles) > 1:
            expected, remedy = "une feuille par action", "ne gardez que la bonne"
            twice = "deux copies : " + " et ".join(f"« {title} »" for title in titles)
            saisie.problemes.append(Problem(place, None, "", expected, twice, remedy))
        elif key not in attendues:
            expected = "une action du contrat pour cet exercice"
            remedy = "renvoyez un classeur à jour au pilote"
            saisie.problemes.append(Problem(place, None, "", expected, f"« {key} »", remedy))
        else:
            if titles[0] != name:
                text = f"feuille renommée (« {name} » à l'envoi), reconnue à son repère"
                saisie.notes.append(Problem(saisie.place(titles[0]), trouve=text))
            _Lecteur(saisie, found[key][0], attendues[key]).lire()
    return saisie
