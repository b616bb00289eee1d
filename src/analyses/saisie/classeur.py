"""Writing the collection workbook: yellow cells to fill in, everything else locked.

A very hidden sheet keeps the marks by which reading recognises every cell: column A of each sheet
holds the key of its row and row 1 the original letter of each column, both hidden.
"""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import xlsxwriter

from analyses.contrat.load import titres_courts
from analyses.saisie.modele import (
    JUSTIFICATIONS,
    PIECES,
    QUALITATIF,
    RECIT,
    SERVICE,
    Cle,
    Feuille,
    Ligne,
    Reglages,
    canonical,
)
from analyses.socle.fmt import word

FORMAT = "saisie/1"
REPERES = "_reperes"
SOMMAIRE = "Mode d'emploi"
SANS_OBJET, NON_DISPONIBLE, TEXTE = "sans objet", "non disponible", "texte"
NATURES = {SANS_OBJET: "/", NON_DISPONIBLE: "?"}  # what the choice writes in the table of results
LIMITE_CELLULE = 32_000  # Excel holds 32 767 characters
_CREATED = datetime(2024, 6, 20)  # fixed: same input, same bytes
_OPTIONS = {
    "in_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
_TITRES = {
    "libelle": ("Indicateur", 44),
    "unite": ("Unité", 14),
    "t0": ("", 8),
    "cible": ("", 10),
    "suivante": ("", 10),
    "precedent": ("", 11),
    "resultat": ("Résultat {}", 13),
    "nature": ("Nature de la réponse", 16),
    "commentaire": ("Commentaire", 32),
    "source": ("Source ou pièce", 20),
}
_AIDES = {
    "resultat": "Écrivez le résultat comme la cible est écrite : 48 ; 40 % ; 2*2 ; +25 ; oui. "
    "Pas de chiffre : laissez vide et choisissez la nature de la réponse à droite.",
    "nature": "Facultatif pour un chiffre. À choisir quand il n'y en a pas : « sans objet » si "
    "l'indicateur ne s'applique pas cette année, « non disponible » si personne ne peut le dire.",
    "commentaire": "Ce qui aide à comprendre le résultat. Aucun nom de personne.",
    "source": "D'où vient le résultat : rapport d'activité, tableau de suivi, logiciel…",
}
_BLOCS = {
    RECIT: ("État d'avancement {}", "Ce qui a été fait, ce qui ne l'a pas été, la suite.", 165),
    QUALITATIF: ("{}", "Indicateur qualitatif de la fiche : quelques phrases.", 75),
    "montee_en_charge": (
        "Montée en charge prévue",
        "Si moins que prévu a été dépensé parce que l'action démarrait, comme le calendrier le "
        "prévoyait.",
        54,
    ),
    "justification": (
        "Autre justification",
        "Si moins que prévu a été dépensé pour une autre raison : laquelle ?",
        54,
    ),
    PIECES: ("Pièces jointes", "Noms des fichiers envoyés avec ce classeur.", 30),
    SERVICE: ("Service qui répond", "Le service ou le poste, jamais le nom d'une personne.", 30),
}
_LIBRE = 0.5  # a row whose height ends so still grows with its text (see _finish)


Known = Mapping[Cle, str]


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


def imprint(reperes: Sequence[Repere]) -> str:
    """Hash of the marks, whatever a spreadsheet does to blanks."""
    lines = ("\t".join(" ".join(cell.split()) for cell in repere) for repere in reperes)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def nom_de_feuille(sheet: Feuille) -> str:
    """Name of the tab of a sheet."""
    what = "nationaux" if sheet.nationale else sheet.action
    return f"{word(titres_courts(), sheet.contrat)} {what}"[:31]


def colonnes(sheet: Feuille, exercice: int) -> dict[str, tuple[str, int]]:
    """Columns of the table of a sheet: header and width; column A (keys) comes before them."""
    kept = {}
    for name, (title, width) in _TITRES.items():
        if name in sheet.rappels or name in _AIDES or name in ("libelle", "unite"):
            kept[name] = (sheet.rappels.get(name, title).format(exercice), width)
    return kept


def _letter(column: int) -> str:
    return chr(ord("A") + column)


class _Styles:
    def __init__(self, book: Any, simule: bool) -> None:
        base = {"font_name": "Calibri", "font_size": 10, "valign": "top", "text_wrap": True}
        box = base | {"border": 1, "border_color": "#8A8A8A", "valign": "vcenter"}
        grey = box | {"bg_color": "#F2F2F2"}
        fill = box | {"bg_color": "#FFF2B3", "locked": False, "num_format": "@"}

        def add(**more: Any) -> Any:
            return book.add_format(more)

        self.titre = add(**base | {"bold": True, "font_size": 14, "text_wrap": False})
        self.contexte = add(**base | {"text_wrap": False, "font_color": "#404040"})
        self.alerte = add(**base | {"bold": True, "text_wrap": False, "font_color": "#9C0006"})
        self.texte = add(**base)
        self.lien = add(**box | {"underline": 1, "font_color": "#0B4FA0"})
        self.section = add(
            **base
            | {
                "bold": True,
                "font_size": 11,
                "bg_color": "#1F3864",
                "font_color": "#FFFFFF",
                "text_wrap": False,
                "valign": "vcenter",
            }
        )
        head = box | {"bold": True, "align": "center"}
        self.entete = add(**head | {"bg_color": "#D9E2F3"})
        self.entete_saisie = add(**head | {"bg_color": "#FFD966"})
        self.rappel = add(**grey | {"indent": 1})
        self.rappel_centre = add(**grey | {"align": "center"})
        self.saisie = add(**fill | {"indent": 1})
        self.saisie_longue = add(**fill | {"align": "left", "indent": 1, "valign": "top"})
        self.saisie_centre = add(**fill | {"align": "center"})
        self.tampon = self.alerte if simule else self.contexte
        self.rempli = add(bg_color="#DDEFD6")
        self.fort = add(font_name="Calibri", font_size=10, bold=True)
        self.doux = add(font_name="Calibri", font_size=9, font_color="#404040")
        self.compte = add(**base | {"bold": True, "text_wrap": False, "align": "right"})
        self.centre = add(**box | {"align": "center"})
        self.cadre = add(**box)


class _Page:
    """One sheet being written; it records the mark of every cell."""

    def __init__(self, book: Any, styles: _Styles, name: str, key: str) -> None:
        self.sheet, self.styles, self.key = book.add_worksheet(name), styles, key
        self.reperes: list[Repere] = []
        self.keys: dict[int, str] = {}

    def mark(self, row: int, column: int, genre: str, champ: str, text: str) -> None:
        self.reperes.append(
            Repere(
                self.key, self.keys.get(row, ""), _letter(column), str(row + 1), genre, champ, text
            )
        )

    def fixed(self, row: int, column: int, text: str, style: Any) -> None:
        self.sheet.write_string(row, column, text, style)
        self.mark(row, column, "fixe", "", text)

    def reminder(self, row: int, column: int, champ: str, text: str) -> None:
        centred = champ != "libelle"
        style = self.styles.rappel_centre if centred else self.styles.rappel
        self.sheet.write_string(row, column, text, style)
        self.mark(row, column, "rappel", champ, text)

    def answer(self, row: int, column: int, champ: str, text: str, last: int | None = None) -> None:
        """A cell to fill in, merged up to column `last` when it is given."""
        text = canonical(text, champ)
        text = text if len(text) <= LIMITE_CELLULE else ""
        centred = champ in ("resultat", "nature")
        style = self.styles.saisie_centre if centred else self.styles.saisie
        style = self.styles.saisie_longue if last else style
        if last:
            self.sheet.merge_range(row, column, row, last, "", style)
        if text:
            self.sheet.write_string(row, column, text, style)
        else:
            self.sheet.write_blank(row, column, None, style)
        area = (row, column, row, last or column)
        self.sheet.conditional_format(*area, {"type": "no_blanks", "format": self.styles.rempli})
        self.mark(row, column, "reponse", champ, text)

    def help(self, row: int, column: int, title: str, message: str) -> None:
        self.sheet.data_validation(
            row,
            column,
            row,
            column,
            {"validate": "any", "input_title": title[:32], "input_message": message[:255]},
        )


def _number_check(cell: str) -> str:
    """Formula true when a cell holds a figure, or one of the answers that have none.

    >>> len(_number_check("H100")) < 255  # the most Excel takes
    True
    """
    words = ",".join(f'{cell}="{word}"' for word in ("oui", "non", "/", "?"))
    digits = ",".join(f"ISERR(FIND({digit},{cell}))" for digit in range(10))
    return f"=OR({words},NOT(AND({digits})))"


def _choices(line: Ligne) -> list[str]:
    number = f"chiffre ({line.unite})".replace(",", " ")
    return [*([number] if line.attend_un_nombre else []), TEXTE, SANS_OBJET, NON_DISPONIBLE]


def _indicator(
    page: _Page, row: int, names: Sequence[str], sheet: Feuille, line: Ligne, known: Known
) -> None:
    columns = {name: rank + 1 for rank, name in enumerate(names)}
    page.keys[row] = line.code
    page.sheet.write_string(row, 0, line.code)
    page.reminder(row, columns["libelle"], "libelle", line.libelle)
    page.reminder(row, columns["unite"], "unite", line.unite)
    for name, text in line.rappels.items():
        page.reminder(row, columns[name], name, text)
    answers = {
        champ: known.get((sheet.contrat, sheet.action, line.code, champ), "")
        for champ in ("resultat", "commentaire", "source")
    }
    states = {written: state for state, written in NATURES.items()}
    answers["nature"] = states.get(answers["resultat"], "")
    if answers["nature"]:
        answers["resultat"] = ""
    for champ in _AIDES:
        page.answer(row, columns[champ], champ, answers[champ])
    texts = {"libelle": line.libelle, "unite": line.unite, **line.rappels, **answers}
    lines = max(-(-len(texts[name]) * 8 // (_TITRES[name][1] * 7)) for name in names)
    page.sheet.set_row(row, 13 * max(2, min(lines, 20)) + 3 + _LIBRE)
    result, nature = columns["resultat"], columns["nature"]
    cell = f"{_letter(result)}{row + 1}"
    asked = f"un chiffre ({line.unite})" if line.attend_un_nombre else "un texte"
    check: dict[str, Any] = {
        "validate": "any",
        "input_title": "Résultat attendu",
        "input_message": f"Attendu : {asked[:60]}. Cible : "
        f"{line.rappels.get('cible') or 'non renseignée au contrat'}."[:120]
        + " Sans chiffre, laissez vide et choisissez la nature à droite.",
    }
    if line.attend_un_nombre:
        check |= {
            "validate": "custom",
            "value": _number_check(cell),
            "error_type": "warning",
            "error_title": "Un chiffre est attendu",
            "error_message": "Mettez le texte en commentaire ; sans chiffre, laissez vide et "
            "choisissez la nature de la réponse.",
        }
    page.sheet.data_validation(row, result, row, result, check)
    page.sheet.data_validation(
        row,
        nature,
        row,
        nature,
        {
            "validate": "list",
            "source": _choices(line),
            "input_title": "Nature de la réponse",
            "input_message": "« sans objet » ou « non disponible » quand il n'y a pas de chiffre.",
            "error_title": "Choisissez dans la liste",
            "error_message": "Les réponses possibles sont dans la liste de la cellule.",
        },
    )
    page.help(row, columns["commentaire"], "Commentaire", _AIDES["commentaire"])
    page.help(row, columns["source"], "Source ou pièce", _AIDES["source"])


def _block(
    page: _Page, row: int, width: int, sheet: Feuille, sujet: str, exercice: int, known: Known
) -> None:
    """One text to write: its title, the cell, and for a justification the supporting document."""
    title, help_text, height = _BLOCS[sujet]
    title = title.format(sheet.qualitatif if sujet == QUALITATIF else exercice)
    page.keys[row] = sujet
    page.sheet.write_string(row, 0, sujet)
    page.sheet.set_row(row, height)
    page.reminder(row, 1, "libelle", f"{title}\n{help_text}")
    ws, styles = page.sheet, page.styles
    ws.write_rich_string(row, 1, styles.fort, title, styles.doux, f"\n{help_text}", styles.rappel)
    with_piece = sujet in JUSTIFICATIONS
    text = known.get((sheet.contrat, sheet.action, sujet, "texte"), "")
    page.answer(row, 2, "texte", text, width - with_piece)
    page.help(row, 2, title, help_text)
    if with_piece:
        piece = known.get((sheet.contrat, sheet.action, sujet, "piece"), "")
        page.answer(row, width, "piece", piece)
        page.help(row, width, "Pièce à l'appui", "Nom du document envoyé avec ce classeur.")


def _write_sheet(
    book: Any, styles: _Styles, sheet: Feuille, exercice: int, known: Known, stamp: str
) -> _Page:
    page = _Page(book, styles, nom_de_feuille(sheet), sheet.cle)
    heads = colonnes(sheet, exercice)
    names, width = list(heads), len(heads)
    ws = page.sheet
    ws.write_string(0, 0, f"{FORMAT} {sheet.cle}")
    ws.set_row(0, None, None, {"hidden": True})
    ws.set_column(0, 0, 3, None, {"hidden": True})
    for rank, (_, size) in enumerate(heads.values()):
        ws.write_string(0, rank + 1, _letter(rank + 1))
        ws.set_column(rank + 1, rank + 1, size)
    page.fixed(1, 1, sheet.titre, styles.titre)
    ws.set_row(1, 22)
    row = 2
    for text in sheet.contexte:
        page.fixed(row, 1, text, styles.contexte)
        row += 1
    page.fixed(row, 1, stamp, styles.tampon)
    row += 1
    counted: list[str] = []
    if sheet.lignes:
        head = row
        for rank, (name, (title, _)) in enumerate(heads.items()):
            style = styles.entete_saisie if name in _AIDES else styles.entete
            page.fixed(row, rank + 1, title, style)
            if name in _AIDES:
                options = {"x_scale": 2, "y_scale": 1.2, "author": "bilan"}
                ws.write_comment(row, rank + 1, _AIDES[name], options)
        ws.set_row(row, 32)
        ws.repeat_rows(row)
        row += 1
        for line in sheet.lignes:
            _indicator(page, row, names, sheet, line, known)
            row += 1
        results, natures = (_letter(names.index(n) + 1) for n in ("resultat", "nature"))
        area = f"{results}{head + 2}:{results}{row}", f"{natures}{head + 2}:{natures}{row}"
        counted.append(f'SUMPRODUCT(--(({area[0]}<>"")+({area[1]}<>"")>0))')
        ws.freeze_panes(head + 1, 2)
    else:
        ws.freeze_panes(row, 2)
    sections = [("", [SERVICE])]
    if not sheet.nationale:
        article = f" ({sheet.article})" if sheet.article else ""
        texts = [RECIT, *([QUALITATIF] if sheet.qualitatif else [])]
        sections = [
            ("État d'avancement de l'action", texts),
            (
                f"Sous-consommation{article} : à remplir si moins que prévu a été dépensé ; "
                "explication, puis pièce à l'appui dans la dernière colonne",
                list(JUSTIFICATIONS),
            ),
            ("Pièces et service", [PIECES, SERVICE]),
        ]
    for title, sujets in sections:
        row += 1
        if title:
            page.fixed(row, 1, title, styles.section)
            for column in range(2, width + 1):
                ws.write_blank(row, column, None, styles.section)
            row += 1
        for sujet in sujets:
            _block(page, row, width, sheet, sujet, exercice, known)
            if sujet in (RECIT, QUALITATIF):
                counted.append(f'(C{row + 1}<>"")')
            row += 1
    total = len(sheet.attendus())
    done = sum(bool(known.get(key)) for key in sheet.attendus())
    ws.write_formula(
        1,
        width,
        f'={"+".join(counted)}&" / {total} réponses"',
        styles.compte,
        f"{done} / {total} réponses",
    )
    ws.protect("", {"format_rows": True, "format_columns": True, "insert_hyperlinks": True})
    ws.ignore_errors({"number_stored_as_text": "A1:Z200"})
    ws.print_area(1, 1, row - 1, width)
    _page_setup(ws, stamp, 0 if sheet.nationale else 1)
    return page


def _page_setup(ws: Any, stamp: str, pages: int) -> None:
    """A4 landscape, one page wide, `pages` high (0: as many as needed)."""
    ws.set_landscape()
    ws.set_paper(9)
    ws.set_margins(0.4, 0.4, 0.5, 0.5)
    ws.fit_to_pages(1, pages)
    ws.set_footer(f"&L{stamp}&C&A&RPage &P / &N")


def _write_first(
    book: Any,
    ws: Any,
    styles: _Styles,
    pages: Sequence[tuple[Feuille, _Page]],
    reglages: Reglages,
    exercice: int,
    departement: str,
    stamp: str,
    known: Known,
) -> None:
    """How to fill the workbook in, and the list of its sheets with live counts."""
    for column, size in enumerate((24, 62, 20)):
        ws.set_column(column, column, size)
    ws.write_string(
        0, 0, f"Saisie des résultats {exercice} – département {departement}", styles.titre
    )
    ws.write_string(1, 0, stamp, styles.tampon)
    row = 3
    for number, text in enumerate(reglages.mode_d_emploi, 1):
        words = text.replace("{exercice}", str(exercice)).replace("{suivant}", str(exercice + 1))
        ws.merge_range(row, 0, row, 2, f"{number}. {words}", styles.texte)
        ws.set_row(row, 14 * -(-len(words) // 128) + 3)
        row += 1
    row += 1
    for column, title in enumerate(("Feuille", "Action", "Avancement de la saisie")):
        ws.write_string(row, column, title, styles.entete)
    for sheet, page in pages:
        row += 1
        name = page.sheet.get_name()
        width = len(colonnes(sheet, exercice))
        ws.write_url(row, 0, f"internal:'{name}'!B2", styles.lien, name)
        ws.write_string(row, 1, sheet.titre, styles.cadre)
        done = sum(bool(known.get(key)) for key in sheet.attendus())
        ws.write_formula(
            row,
            2,
            f"='{name}'!{_letter(width)}2",
            styles.centre,
            f"{done} / {len(sheet.attendus())} réponses",
        )
    ws.protect("", {"format_rows": True, "format_columns": True})
    ws.print_area(0, 0, row, 2)
    _page_setup(ws, stamp, 0)


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
    known: Known,
    departement: str,
    exercice: int,
    versions: Mapping[str, str],
    simule: bool,
    reglages: Reglages,
) -> bytes:
    """The workbook of these sheets; `known`: answers already given, shown and to be corrected.

    `versions`: contract -> version of its text. Same input, same bytes.
    """
    stamp = (
        f"Données simulées – exercice {exercice}, département {departement}"
        if simule
        else f"Exercice {exercice}, département {departement}"
    )
    target = io.BytesIO()
    with xlsxwriter.Workbook(target, _OPTIONS) as book:
        book.set_properties({"title": f"Saisie {exercice}", "created": _CREATED, "comments": stamp})
        styles = _Styles(book, simule)
        first = book.add_worksheet(SOMMAIRE)
        pages = [
            (sheet, _write_sheet(book, styles, sheet, exercice, known, stamp)) for sheet in sheets
        ]
        _write_first(book, first, styles, pages, reglages, exercice, departement, stamp, known)
        head = {
            "format": FORMAT,
            "departement": departement,
            "exercice": str(exercice),
            "nature": "simulee" if simule else "reelle",
        }
        reperes = [Repere("", "", "", "", "entete", key, value) for key, value in head.items()]
        reperes += [
            Repere("", "", "", "", "contrat", name, versions[name])
            for name in dict.fromkeys(sheet.contrat for sheet in sheets)
        ]
        for sheet, page in pages:
            name = page.sheet.get_name()
            reperes.append(Repere(sheet.cle, "", "", "", "feuille", "", name))
        reperes += [repere for _, page in pages for repere in page.reperes]
        reperes.append(Repere("", "", "", "", "entete", "empreinte", imprint(reperes)))
        hidden = book.add_worksheet(REPERES)
        for row, repere in enumerate(reperes):
            for column, text in enumerate(repere):
                hidden.write_string(row, column, text)
        hidden.protect()
        hidden.very_hidden()
        first.activate()
    return _finish(target.getvalue())
