"""One sheet of the collection workbook, written from top to bottom; the mark of every cell.

Yellow cells are to fill in, everything else is locked.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from xlsxwriter.format import Format
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from analyses.saisie.modele import NATURES, TEXTE, Ligne, canonical
from analyses.saisie.reperes import FORMAT, Repere

LIMITE_CELLULE = 32_000  # Excel holds 32 767 characters
_BASE = {"font_name": "Calibri", "font_size": 10, "valign": "top", "text_wrap": True}
_PHRASE = _BASE | {"text_wrap": False}
_CADRE = _BASE | {"border": 1, "border_color": "#8A8A8A", "valign": "vcenter"}
_ENTETE = _CADRE | {"bold": True, "align": "center"}
_RAPPEL = _CADRE | {"bg_color": "#F2F2F2"}
_SAISIE = _CADRE | {"bg_color": "#FFF2B3", "locked": False, "num_format": "@"}
STYLES: dict[str, dict[str, Any]] = {
    "titre": _PHRASE | {"bold": True, "font_size": 14},
    "contexte": _PHRASE | {"font_color": "#404040"},
    "alerte": _PHRASE | {"bold": True, "font_color": "#9C0006"},
    "compte": _PHRASE | {"bold": True, "align": "right"},
    "section": _PHRASE
    | {"bold": True, "font_size": 11, "bg_color": "#1F3864", "font_color": "#FFFFFF"}
    | {"valign": "vcenter"},
    "texte": _BASE,
    "cadre": _CADRE,
    "centre": _CADRE | {"align": "center"},
    "lien": _CADRE | {"underline": 1, "font_color": "#0B4FA0"},
    "entete": _ENTETE | {"bg_color": "#D9E2F3"},
    "entete_saisie": _ENTETE | {"bg_color": "#FFD966"},
    "rappel": _RAPPEL | {"indent": 1},
    "rappel_centre": _RAPPEL | {"align": "center"},
    "saisie": _SAISIE | {"indent": 1},
    "saisie_longue": _SAISIE | {"align": "left", "indent": 1, "valign": "top"},
    "saisie_centre": _SAISIE | {"align": "center"},
    "rempli": {"bg_color": "#DDEFD6"},
    "fort": {"font_name": "Calibri", "font_size": 10, "bold": True},
    "doux": {"font_name": "Calibri", "font_size": 9, "font_color": "#404040"},
}


def letter(column: int) -> str:
    """Letter of a column.

    >>> letter(2)
    'C'
    """
    return chr(ord("A") + column)


class Page:
    """A sheet at its current row; what is written there has the key of the row."""

    def __init__(self, book: Workbook, styles: Mapping[str, Format], name: str, key: str) -> None:
        self.sheet: Worksheet = book.add_worksheet(name)
        self.styles, self.key = styles, key
        self.row, self.row_key = 0, ""
        self.reperes: list[Repere] = []
        self.sheet.write_string(0, 0, f"{FORMAT} {key}")
        self.sheet.set_row(0, None, None, {"hidden": True})
        self.sheet.set_column(0, 0, 3, None, {"hidden": True})

    def next(self, height: float | None = None, key: str = "") -> None:
        """Go down one row."""
        self.row, self.row_key = self.row + 1, key
        if key:
            self.sheet.write_string(self.row, 0, key)
        if height:
            self.sheet.set_row(self.row, height)

    def _mark(self, column: int, genre: str, champ: str, text: str) -> None:
        place = self.key, self.row_key, letter(column), str(self.row + 1)
        self.reperes.append(Repere(*place, genre, champ, text))

    def fixed(self, column: int, text: str, style: str) -> None:
        self.sheet.write_string(self.row, column, text, self.styles[style])
        self._mark(column, "fixe", "", text)

    def reminder(self, column: int, champ: str, text: str) -> None:
        style = "rappel" if champ == "libelle" else "rappel_centre"
        self.sheet.write_string(self.row, column, text, self.styles[style])
        self._mark(column, "rappel", champ, text)

    def subject(self, title: str, help_text: str) -> None:
        """What a text to write is about, its help in small."""
        self.reminder(1, "libelle", f"{title}\n{help_text}")
        styles = self.styles
        rich = styles["fort"], title, styles["doux"], f"\n{help_text}", styles["rappel"]
        self.sheet.write_rich_string(self.row, 1, *rich)

    def answer(self, column: int, champ: str, text: str, last: int = 0) -> None:
        """A cell to fill in, merged up to column `last` when it is given."""
        text = canonical(text, champ)
        text = text if len(text) <= LIMITE_CELLULE else ""
        centred = champ in ("resultat", "nature")
        style = "saisie_longue" if last else "saisie_centre" if centred else "saisie"
        area = self.row, column, self.row, last or column
        if last:
            self.sheet.merge_range(*area, "", self.styles[style])
        if text:
            self.sheet.write_string(self.row, column, text, self.styles[style])
        else:
            self.sheet.write_blank(self.row, column, None, self.styles[style])
        filled = {"type": "no_blanks", "format": self.styles["rempli"]}
        self.sheet.conditional_format(*area, filled)
        self._mark(column, "reponse", champ, text)

    def help(self, column: int, title: str, message: str, **check: Any) -> None:
        """What is said when a cell is chosen, with what it accepts (default: anything)."""
        said = {"validate": "any", "input_title": title[:32], "input_message": message[:255]}
        self.sheet.data_validation(self.row, column, self.row, column, said | check)


def number_check(cell: str) -> str:
    """Formula true when a cell holds a figure, or one of the answers that have none.

    >>> len(number_check("H100")) < 255  # the most Excel takes
    True
    """
    words = ",".join(f'{cell}="{word}"' for word in ("oui", "non", *NATURES.values()))
    digits = ",".join(f"ISERR(FIND({digit},{cell}))" for digit in range(10))
    return f"=OR({words},NOT(AND({digits})))"


def result_help(page: Page, column: int, line: Ligne) -> None:
    """What is expected of a result: a text where a figure is expected is a warning."""
    asked = f"un chiffre ({line.unite})" if line.attend_un_nombre else "un texte"
    target = line.rappels.get("cible") or "non renseignée au contrat"
    message = f"Attendu : {asked[:60]}. Cible : {target}."[:120]
    message += " Sans chiffre, laissez vide et choisissez la nature à droite."
    check = {
        "validate": "custom",
        "value": number_check(f"{letter(column)}{page.row + 1}"),
        "error_type": "warning",
        "error_title": "Un chiffre est attendu",
        "error_message": "Mettez le texte en commentaire ; sans chiffre, laissez vide et "
        "choisissez la nature de la réponse.",
    }
    page.help(column, "Résultat attendu", message, **check if line.attend_un_nombre else {})


def nature_help(page: Page, column: int, line: Ligne) -> None:
    """The list of the natures of an answer."""
    number = [f"chiffre ({line.unite})".replace(",", " ")] if line.attend_un_nombre else []
    page.help(
        column,
        "Nature de la réponse",
        "« sans objet » ou « non disponible » quand il n'y a pas de chiffre.",
        validate="list",
        source=[*number, TEXTE, *NATURES],
        error_title="Choisissez dans la liste",
        error_message="Les réponses possibles sont dans la liste de la cellule.",
    )
