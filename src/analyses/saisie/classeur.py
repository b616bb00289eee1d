"""Writing the collection workbook: how to fill it in, one sheet per action, the hidden marks."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from xlsxwriter.format import Format
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from analyses.contrat.load import titres_courts
from analyses.saisie.modele import (
    JUSTIFICATIONS,
    NATURES,
    PIECES,
    QUALITATIF,
    RECIT,
    SERVICE,
    Cle,
    Feuille,
    Ligne,
    load_reglages,
)
from analyses.saisie.page import STYLES, Page, letter, nature_help, result_help
from analyses.saisie.reperes import FORMAT, REPERES, SOMMAIRE, general, imprint
from analyses.socle.fmt import word

_OPTIONS = {
    "in_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
_LIBRE = 0.5  # a row whose height ends so still grows with its text (see _finish)
_ETATS = {written: state for state, written in NATURES.items()}


@dataclass(frozen=True)
class _Classeur:
    """The workbook being written, and what every sheet of it says."""

    book: Workbook
    styles: Mapping[str, Format]
    departement: str
    exercice: int
    simule: bool
    known: Mapping[Cle, str]

    @property
    def tampon(self) -> str:
        place = f"xercice {self.exercice}, département {self.departement}"
        return f"Données simulées – e{place}" if self.simule else f"E{place}"

    @property
    def style_tampon(self) -> str:
        return "alerte" if self.simule else "contexte"

    def dit(self, text: str, qualitatif: str = "") -> str:
        """A text of params/saisie.yaml with its years."""
        year = self.exercice
        return text.format(
            exercice=year, suivant=year + 1, precedent=year - 1, qualitatif=qualitatif
        )

    def compte(self, sheet: Feuille) -> str:
        """How many of its answers a sheet has today."""
        wanted = sheet.attendus()
        return f"{sum(bool(self.known.get(key)) for key in wanted)} / {len(wanted)} réponses"

    def mise_en_page(self, ws: Worksheet, pages: int = 0) -> None:
        """A4 landscape, one page wide, `pages` high (0: as many as needed)."""
        ws.set_landscape()
        ws.set_paper(9)
        ws.set_margins(0.4, 0.4, 0.5, 0.5)
        ws.fit_to_pages(1, pages)
        ws.set_footer(f"&L{self.tampon}&C&A&RPage &P / &N")


def nom_de_feuille(sheet: Feuille) -> str:
    """Name of the tab of a sheet."""
    what = "nationaux" if sheet.nationale else sheet.action
    return f"{word(titres_courts(), sheet.contrat)} {what}"[:31]


def _colonnes(sheet: Feuille) -> dict[str, int]:
    """Columns of the table of a sheet, by rank; column A (keys) comes before them."""
    columns = load_reglages().colonnes
    names = [name for name, column in columns.items() if column.aide or name in sheet.rappels]
    return {name: rank for rank, name in enumerate(names, 1)}


def _answers(sheet: Feuille, line: Ligne, known: Mapping[Cle, str]) -> dict[str, str]:
    """What is answered today, field by field; an answer without a figure is a nature."""
    given = {
        champ: known.get((sheet.contrat, sheet.action, line.code, champ), "")
        for champ in ("resultat", "commentaire", "source")
    }
    nature = _ETATS.get(given["resultat"], "")
    return given | {"nature": nature, "resultat": "" if nature else given["resultat"]}


def _height(texts: Mapping[str, str]) -> float:
    """Height of a row in which the longest text of its columns shows."""
    columns = load_reglages().colonnes
    lines = max(-(-len(text) * 8 // (columns[name].largeur * 7)) for name, text in texts.items())
    return 13 * max(2, min(lines, 20)) + 3 + _LIBRE


def _table(classeur: _Classeur, page: Page, sheet: Feuille, ranks: Mapping[str, int]) -> str:
    """The table of the indicators; the formula that counts those that have an answer."""
    columns = load_reglages().colonnes
    page.next(32)
    page.sheet.repeat_rows(page.row)
    page.sheet.freeze_panes(page.row + 1, 2)
    for name, rank in ranks.items():
        help_text = columns[name].aide
        style = "entete_saisie" if help_text else "entete"
        page.fixed(rank, classeur.dit(columns[name].titre), style)
        if help_text:
            options = {"x_scale": 2, "y_scale": 1.2, "author": "bilan"}
            page.sheet.write_comment(page.row, rank, help_text, options)
    first = page.row + 2
    for line in sheet.lignes:
        answers = _answers(sheet, line, classeur.known)
        shown = {name: line.rappels[name] for name in sheet.rappels}
        page.next(_height(shown | answers), line.code)
        for name, text in shown.items():
            page.reminder(ranks[name], name, text)
        for name, rank in ranks.items():
            if name in answers:
                page.answer(rank, name, answers[name])
        result_help(page, ranks["resultat"], line)
        nature_help(page, ranks["nature"], line)
        for name in ("commentaire", "source"):
            page.help(ranks[name], columns[name].titre, columns[name].aide)
    result, nature = (
        f"{letter(ranks[name])}{first}:{letter(ranks[name])}{page.row + 1}"
        for name in ("resultat", "nature")
    )
    return f'SUMPRODUCT(--(({result}<>"")+({nature}<>"")>0))'


def _text(classeur: _Classeur, page: Page, sheet: Feuille, sujet: str, width: int) -> None:
    """One text to write: its title, the cell, and for a justification the supporting document."""
    asked = load_reglages().textes[sujet]
    title = classeur.dit(asked.titre, sheet.qualitatif)
    page.next(asked.hauteur, sujet)
    page.subject(title, asked.aide)
    answer = (sheet.contrat, sheet.action, sujet)
    with_piece = sujet in JUSTIFICATIONS
    page.answer(2, "texte", classeur.known.get((*answer, "texte"), ""), width - with_piece)
    page.help(2, title, asked.aide)
    if with_piece:
        page.answer(width, "piece", classeur.known.get((*answer, "piece"), ""))
        page.help(width, "Pièce à l'appui", "Nom du document envoyé avec ce classeur.")


def _sections(sheet: Feuille) -> Iterator[tuple[str, Sequence[str]]]:
    """The texts to write, under their titles."""
    if sheet.nationale:
        yield "", [SERVICE]
        return
    yield "État d'avancement de l'action", [RECIT, *([QUALITATIF] if sheet.qualitatif else [])]
    article = f" ({sheet.article})" if sheet.article else ""
    yield (
        f"Sous-consommation{article} : à remplir si moins que prévu a été dépensé ; "
        "explication, puis pièce à l'appui dans la dernière colonne",
        JUSTIFICATIONS,
    )
    yield "Pièces et service", [PIECES, SERVICE]


def _sheet(classeur: _Classeur, sheet: Feuille) -> Page:
    page = Page(classeur.book, classeur.styles, nom_de_feuille(sheet), sheet.cle)
    ws, ranks = page.sheet, _colonnes(sheet)
    width = len(ranks)
    for name, rank in ranks.items():
        ws.write_string(0, rank, letter(rank))
        ws.set_column(rank, rank, load_reglages().colonnes[name].largeur)
    page.next(22)
    page.fixed(1, sheet.titre, "titre")
    for text in sheet.contexte:
        page.next()
        page.fixed(1, text, "contexte")
    page.next()
    page.fixed(1, classeur.tampon, classeur.style_tampon)
    ws.freeze_panes(page.row + 1, 2)
    counted = [_table(classeur, page, sheet, ranks)] if sheet.lignes else []
    for title, sujets in _sections(sheet):
        page.next()
        if title:
            page.next()
            page.fixed(1, title, "section")
            for column in range(2, width + 1):
                ws.write_blank(page.row, column, None, classeur.styles["section"])
        for sujet in sujets:
            _text(classeur, page, sheet, sujet, width)
            if sujet in (RECIT, QUALITATIF):
                counted.append(f'(C{page.row + 1}<>"")')
    count = f'={"+".join(counted)}&" / {len(sheet.attendus())} réponses"'
    ws.write_formula(1, width, count, classeur.styles["compte"], classeur.compte(sheet))
    ws.protect("", {"format_rows": True, "format_columns": True, "insert_hyperlinks": True})
    ws.ignore_errors({"number_stored_as_text": "A1:Z200"})
    ws.print_area(1, 1, page.row, width)
    classeur.mise_en_page(ws, 0 if sheet.nationale else 1)
    return page


def _first(classeur: _Classeur, ws: Worksheet, sheets: Sequence[Feuille]) -> None:
    """How to fill the workbook in, and the list of its sheets with live counts."""
    styles = classeur.styles
    for column, size in enumerate((24, 62, 20)):
        ws.set_column(column, column, size)
    title = f"Saisie des résultats {classeur.exercice} – département {classeur.departement}"
    ws.write_string(0, 0, title, styles["titre"])
    ws.write_string(1, 0, classeur.tampon, styles[classeur.style_tampon])
    row = 2
    for number, text in enumerate(load_reglages().mode_d_emploi, 1):
        row += 1
        words = classeur.dit(text)
        ws.merge_range(row, 0, row, 2, f"{number}. {words}", styles["texte"])
        ws.set_row(row, 14 * -(-len(words) // 128) + 3)
    row += 2
    for column, title in enumerate(("Feuille", "Action", "Avancement de la saisie")):
        ws.write_string(row, column, title, styles["entete"])
    for sheet in sheets:
        row += 1
        name = nom_de_feuille(sheet)
        ws.write_url(row, 0, f"internal:'{name}'!B2", styles["lien"], name)
        ws.write_string(row, 1, sheet.titre, styles["cadre"])
        count = f"='{name}'!{letter(len(_colonnes(sheet)))}2"
        ws.write_formula(row, 2, count, styles["centre"], classeur.compte(sheet))
    ws.protect("", {"format_rows": True, "format_columns": True})
    ws.print_area(0, 0, row, 2)
    classeur.mise_en_page(ws)


def _marks(classeur: _Classeur, pages: Mapping[str, Page], versions: Mapping[str, str]) -> None:
    """The very hidden sheet of the marks, closed by their imprint."""
    head = {
        "format": FORMAT,
        "departement": classeur.departement,
        "exercice": str(classeur.exercice),
        "nature": "simulee" if classeur.simule else "reelle",
    }
    reperes = [general("entete", champ, value) for champ, value in head.items()]
    reperes += [general("contrat", name, version) for name, version in versions.items()]
    reperes += [general("feuille", "", p.sheet.get_name(), key) for key, p in pages.items()]
    reperes += [repere for page in pages.values() for repere in page.reperes]
    reperes.append(general("entete", "empreinte", imprint(reperes)))
    hidden = classeur.book.add_worksheet(REPERES)
    for row, repere in enumerate(reperes):
        for column, text in enumerate(repere):
            hidden.write_string(row, column, text)
    hidden.protect()
    hidden.very_hidden()


def _finish(data: bytes) -> bytes:
    """What xlsxwriter has no option for: sheets cannot be moved, renamed or deleted, and the rows
    of the indicators grow with a long comment."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(target, "w") as new:
        for item in old.infolist():
            content = old.read(item)
            if item.filename == "xl/workbook.xml":
                lock = b'<workbookProtection lockStructure="1"/><bookViews>'
                content = content.replace(b"<bookViews>", lock, 1)
            elif item.filename.startswith("xl/worksheets/sheet"):
                content = re.sub(rb'( ht="\d+\.5") customHeight="1"', rb"\1", content)
            new.writestr(item, content, zipfile.ZIP_DEFLATED)
    return target.getvalue()


def classeur(
    sheets: Sequence[Feuille],
    known: Mapping[Cle, str],
    departement: str,
    exercice: int,
    versions: Mapping[str, str],
    simule: bool,
) -> bytes:
    """The workbook of these sheets; `known`: answers already given, shown and to be corrected.

    `versions`: contract -> version of its text. Same input, same bytes.
    """
    target = io.BytesIO()
    with Workbook(target, _OPTIONS) as book:
        styles = {name: book.add_format(style) for name, style in STYLES.items()}
        written = _Classeur(book, styles, departement, exercice, simule, known)
        book.set_properties(
            {
                "title": f"Saisie {exercice}",
                "created": datetime(exercice, 1, 1),  # fixed: same input, same bytes
                "comments": written.tampon,
            }
        )
        first = book.add_worksheet(SOMMAIRE)
        pages = {sheet.cle: _sheet(written, sheet) for sheet in sheets}
        _first(written, first, sheets)
        concerned = dict.fromkeys(sheet.contrat for sheet in sheets)
        _marks(written, pages, {name: versions[name] for name in concerned})
        first.activate()
    return _finish(target.getvalue())
