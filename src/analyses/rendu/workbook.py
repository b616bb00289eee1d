"""tableaux.xlsx: the State's tables, filled with figures of `chiffres` and the formulas of them.

The layouts are data (params/gabarits/). A figure that is not known is the text « non renseigné »,
never 0. A formula is written beside the figure that it must give: another result stops everything.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, time
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.utility import xl_rowcol_to_cell

from analyses.rendu.classeur_lignes import Bloc, Ligne, Releve, blocs
from analyses.rendu.gabarits import (
    MISSING,
    Colonne,
    Gabarit,
    LisezMoi,
    Value,
    evaluate,
    excel_formula,
    excel_sum,
    load_gabarits,
    somme,
)
from analyses.socle.problems import BilanError, Problem

if TYPE_CHECKING:
    from analyses.bilan import Bilan

_FORMATS: dict[str, dict[str, Any]] = {
    "texte": {},
    "cellule": {"align": "center"},
    "euros": {"num_format": '#,##0.00\\ "€"', "align": "right"},
    "taux": {"num_format": "0.0 %", "align": "right"},
}
_CELLULE = {"valign": "top", "border": 1, "text_wrap": True}
_TOTAL = {"bold": True, "bg_color": "#E3E9F4"}
_ENTETE = {"bold": True, "text_wrap": True, "valign": "vcenter", "align": "center", "border": 1}


class _Feuille:
    """Writes one layout, block after block; it holds the row cursor and the cell formats."""

    def __init__(self, book: xlsxwriter.Workbook, gabarit: Gabarit, tampon: str) -> None:
        self.gabarit, self.tampon, self.row = gabarit, tampon, 0
        self.lines: dict[int, int] = {}
        self.sheet = book.add_worksheet(gabarit.feuille)
        self.styles: dict[tuple[str, bool], Format] = {
            (name, plain): book.add_format({**_CELLULE, **form, **({} if plain else _TOTAL)})
            for name, form in _FORMATS.items()
            for plain in (True, False)
        }
        self.grey = book.add_format({"italic": True, "font_color": "#5A5A5A"})
        self.bold = book.add_format({"bold": True, "font_size": 12})
        self.note = book.add_format({"italic": True})
        self.head = book.add_format({**_ENTETE, "bg_color": "#CAD7EE"})
        for rank, column in enumerate(gabarit.colonnes):
            self.sheet.set_column(rank, rank, column.largeur)
        self.sheet.set_landscape()
        self.sheet.set_paper(8)  # A3
        self.sheet.fit_to_pages(1, 0)
        self.sheet.set_footer("&L&A&RPage &P / &N")

    def sans_objet(self, exercice: int) -> None:
        """A sheet that has nothing to show for the exercises."""
        self._titre({"exercice": exercice, "precedent": exercice - 1, "suivant": exercice + 1})
        self.sheet.write_string(3, 0, "Sans objet pour ces exercices.")

    def bloc(self, bloc: Bloc, releve: Releve) -> None:
        """The rows of an exercise: heading, figures, formulas, then the notes."""
        self._entetes(bloc.exercice)
        first = self.row
        written: list[dict[str, Value]] = []
        for ligne in bloc.lignes:
            cells = {
                column.cle: self._valeur(rank, column, ligne, releve)
                for rank, column in enumerate(self.gabarit.colonnes)
            }
            refs = {
                column.cle: xl_rowcol_to_cell(self.row, rank)
                for rank, column in enumerate(self.gabarit.colonnes)
            }
            for rank, column in enumerate(self.gabarit.colonnes):
                terms = [written[n][column.cle] for n in ligne.termes]
                rows = [first + n for n in ligne.termes]
                formula, gives = "", cells[column.cle]
                if ligne.genre == "total" and column.sur_total == "somme":
                    formula, gives = excel_sum(rank, rows), somme(terms)
                elif column.formule and ligne.genre != "titre":
                    formula = excel_formula(column.formule, refs)
                    gives = evaluate(column.formule, cells)
                if not self._accorde(column, cells[column.cle], gives, refs[column.cle]):
                    formula = ""
                self._ecrit(rank, cells[column.cle], column, ligne.genre == "ligne", formula)
            written.append(cells)
            self.row += 1
        self._notes(first)

    def _titre(self, years: dict[str, int]) -> None:
        self.sheet.write_string(self.row, 0, self.gabarit.titre.format(**years), self.bold)
        self.sheet.write_string(self.row + 1, 0, self.tampon, self.note)

    def _entetes(self, exercice: int) -> None:
        years = {"precedent": exercice - 1, "exercice": exercice, "suivant": exercice + 1}
        self._titre(years)
        self.row += 3
        for rank, column in enumerate(self.gabarit.colonnes):
            text = column.entete.format(**years)
            text = f"{column.lettre}\n{text}" if column.lettre else text
            self.sheet.write_string(self.row, rank, text, self.head)
        self.sheet.set_row(self.row, 92)
        if self.row == 3:
            fixed = sum(c.format == "texte" for c in self.gabarit.colonnes[:4])
            by_action = self.gabarit.lignes == "actions"
            self.sheet.freeze_panes(4, min(fixed, 4) if by_action else 2)
            if not by_action:  # the next block of actions, on its own page, has its own heading
                self.sheet.repeat_rows(3)
        self.row += 1

    def _notes(self, first: int) -> None:
        """Close a block: what is unknown in grey, also where a formula says it, then the notes."""
        area = (first, 0, self.row - 1, len(self.gabarit.colonnes) - 1)
        unknown = {"type": "cell", "criteria": "==", "value": f'"{MISSING}"', "format": self.grey}
        self.sheet.conditional_format(*area, unknown)
        for text in self.gabarit.notes:
            self.sheet.write_string(self.row + 1, 0, text, self.note)
            self.row += 1
        self.row += 3

    def _valeur(self, rank: int, column: Colonne, ligne: Ligne, releve: Releve) -> Value:
        """What a cell shows: the figure, or the text that its column asks for."""
        if ligne.genre != "ligne" and rank == 0:
            return ligne.titre
        if ligne.genre == "titre" or (ligne.genre == "total" and column.sur_total == "rien"):
            return None
        if column.mesure:
            return releve.chiffre(column, ligne)
        if column.source in ligne.textes:
            return ligne.textes[column.source]
        raise BilanError(
            Problem(
                f"gabarit « {self.gabarit.feuille} »",
                champ=f"{column.cle}.source",
                attendu=f"une source parmi {', '.join(sorted(ligne.textes))}",
                trouve=f"« {column.source} »",
                remede="corrigez le gabarit",
            )
        )

    def _accorde(self, column: Colonne, figure: Value, gives: Value, cell: str) -> bool:
        """Whether the formula of a cell gives its figure; a figure known otherwise, when a term is
        not, is written without it. `BilanError` where both are known and differ."""
        if figure is None or (column.accord == "si_chiffre" and not isinstance(figure, Fraction)):
            return False
        if figure != gives and column.accord == "exige" and isinstance(gives, Fraction):
            raise BilanError(
                Problem(
                    "tableaux.xlsx",
                    champ=f"{self.gabarit.feuille}, cellule {cell}",
                    attendu=f"le chiffre de « {column.mesure} », {figure}",
                    trouve=f"{gives} par la formule",
                    remede="corrigez la formule du gabarit, ou la règle qui donne le chiffre",
                )
            )
        return figure == gives

    def _ecrit(
        self, rank: int, value: Value, column: Colonne, plain: bool, formula: str = ""
    ) -> None:
        """One cell: a formula with its cached value, a number, or a text."""
        style = self.styles[column.format, plain]
        if formula:
            cached = value if isinstance(value, str) else float(value or 0)
            self.sheet.write_formula(self.row, rank, formula, style, cached)
        elif isinstance(value, Fraction):
            self.sheet.write_number(self.row, rank, float(value), style)
        elif value:
            self.sheet.write_string(self.row, rank, value, style)
            self._hauteur(-(-len(value) * 6 // (column.largeur * 5)))
        else:
            self.sheet.write_blank(self.row, rank, None, style)

    def _hauteur(self, lines: int) -> None:
        """Row height for its longest wrapped text: only Excel adjusts it by itself."""
        if lines > self.lines.get(self.row, 1):
            self.lines[self.row] = lines
            self.sheet.set_row(self.row, 15 * lines)


def _lisez_moi(
    book: xlsxwriter.Workbook,
    readme: LisezMoi,
    b: Bilan,
    tampon: str,
    gabarits: Sequence[Gabarit],
) -> None:
    sheet = book.add_worksheet(readme.feuille)
    sheet.set_column(0, 0, 110)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    bold = book.add_format({"bold": True, "font_size": 14})
    alert = book.add_format({"bold": True, "font_color": "#9C0006", "bg_color": "#FFE5E5"})
    wrap = book.add_format({"text_wrap": True, "valign": "top"})
    lines: list[tuple[str, Format]] = [("Tableaux financiers et indicateurs des bilans", bold)]
    if b.simule:
        lines.append(
            ("Données simulées : aucun chiffre d'exécution de ce classeur n'est réel.", alert)
        )
    lines.append((tampon, wrap))
    lines += [(f"{c.titre} (département {c.departement})", wrap) for c in b.contrats.values()]
    lines += [("", wrap), ("Feuilles", bold)]
    lines += [
        (title if title.startswith(g.feuille) else f"{g.feuille} : {title}", wrap)
        for g in gabarits
        for title in [re.sub(r" – [^–]*\{.*", "", g.titre)]
    ]
    lines += [("", wrap), ("Notes", bold), *((note, wrap) for note in readme.notes)]
    for row, (text, style) in enumerate(lines):
        sheet.write_string(row, 0, text, style)
        sheet.set_row(row, 16 * -(-len(text) // 100) if style is wrap else 22)


def _tampon(b: Bilan) -> str:
    """When the figures stop and whether they are simulated, on every sheet."""
    s = "s" if len(b.exercices) > 1 else ""
    upto = f", arrêté{s} au {b.arrete_au:%d/%m/%Y}" if b.arrete_au else f" entier{s}"
    text = f"Exercice{s} {' et '.join(map(str, b.exercices))}{upto}"
    empty = [str(done.exercice) for done in b.executions if not done.renseigne]
    if empty:
        text += f" ; exécution {MISSING}e : {', '.join(empty)}"
    return f"Données simulées – {text}" if b.simule else text


def write_workbook(path: Path, b: Bilan) -> None:
    """Write tableaux.xlsx: annexes 2 to 6, the bilan financier of each volet, art. 3, balances."""
    readme, gabarits = load_gabarits()
    tampon, releve = _tampon(b), Releve(b.chiffres)
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(str(path), options) as book:
        # The date is that of the contracts, not of the day: same input, same bytes.
        created = datetime.combine(min(c.debut for c in b.contrats.values()), time())
        title = "Tableaux des bilans"
        book.set_properties({"title": title, "created": created, "comments": tampon})
        _lisez_moi(book, readme, b, tampon, gabarits)
        for gabarit in gabarits:
            feuille = _Feuille(book, gabarit, tampon)
            if gabarit.contrat not in b.contrats:
                words = f"Contrat « {gabarit.contrat} » absent du registre."
                feuille.sheet.write_string(0, 0, words)
                continue
            found = list(blocs(b, gabarit, releve))
            for bloc in found:
                feuille.bloc(bloc, releve)
            if not found:
                feuille.sans_objet(b.exercices[0])
