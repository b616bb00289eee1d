"""Rows of an export as texts, whatever it is: CSV of any kind, or a sheet of an XLSX workbook."""

from __future__ import annotations

import datetime as dt
import re
import zipfile
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from analyses.depot.cellules import Unreadable
from analyses.depot.csv_brut import decode, read_records
from analyses.depot.schemas import normal_header
from analyses.importation.xml_durci import Refus
from analyses.socle.problems import reason

_SEPARATEURS = (";", ",", "\t")
_ENTETES_AVANT = 30  # records among which the header is looked for
_TAILLE_MAX = 1 << 30  # bytes of a workbook once unzipped


@dataclass(frozen=True)
class Feuille:
    """An export: its header, then its records, each with its line (or row) number."""

    entete: tuple[int, list[str]]
    lignes: list[tuple[int, list[str]]]
    path: Path
    nom: str = ""  # sheet of a workbook


def lire_feuille(path: Path, entetes: Collection[str], feuille: str = "") -> Feuille:
    """Rows of an export; the header is the first record that knows most of `entetes`
    (normalised), titles above it are dropped. Raises `Refus`."""
    if not path.is_file():
        raise Refus(None, "un export CSV ou XLSX", "aucun fichier de ce nom", "vérifiez le nom")
    if path.suffix.casefold() in (".xlsx", ".xlsm"):
        nom, records = _classeur(path, feuille)
        return _avec_entete(records, entetes, path, nom)
    if path.suffix.casefold() not in (".csv", ".txt", ".tsv"):
        raise Refus(None, "un export CSV ou XLSX", "un autre genre de fichier", "réexportez-le")
    try:
        text = decode(path.read_bytes())
    except OSError as error:
        raise Refus(None, "un fichier lisible", reason(error), "vérifiez ses droits") from None
    except UnicodeDecodeError:
        raise Refus(
            None, "un CSV en UTF-8 ou cp1252", "un fichier illisible", "réexportez-le en UTF-8"
        ) from None
    if "\x00" in text or text.startswith("PK\x03\x04"):
        raise Refus(None, "un CSV", "un fichier binaire", "enregistrez-le au format CSV ou XLSX")
    declared = re.match(r"sep=(.)\r?\n", text, re.IGNORECASE)
    text, first = (text[declared.end() :], 2) if declared else (text, 1)

    def known(separator: str) -> int:
        records = _records(text[: 1 << 16], separator, first, strict=False)
        return max((_score(cells, entetes) for _, cells in records), default=0)

    separator = max(_SEPARATEURS, key=known)
    return _avec_entete(list(_records(text, separator, first)), entetes, path)


def _records(
    text: str, separator: str, first: int, strict: bool = True
) -> Iterator[tuple[int, list[str]]]:
    try:
        yield from read_records(text, separator, first)
    except Unreadable as error:
        if strict:
            raise Refus(
                int(str(error)),
                "un CSV bien formé",
                "un guillemet mal fermé",
                "corrigez cette ligne",
            ) from None


def _score(cells: Sequence[str], entetes: Collection[str]) -> int:
    return sum(normal_header(cell) in entetes for cell in cells)


def _avec_entete(
    records: list[tuple[int, list[str]]], entetes: Collection[str], path: Path, nom: str = ""
) -> Feuille:
    if not records:
        raise Refus(None, "une ligne d'en-têtes", "un fichier vide", "réexportez le fichier entier")
    scores = [_score(cells, entetes) for _, cells in records[:_ENTETES_AVANT]]
    place = scores.index(max(scores))
    return Feuille(records[place], records[place + 1 :], path, nom)


def _classeur(path: Path, feuille: str) -> tuple[str, list[tuple[int, list[str]]]]:
    """Name and rows of a sheet, blank rows dropped."""
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(item.file_size for item in archive.infolist())
        if size > _TAILLE_MAX:
            raise Refus(
                None, "un classeur de taille ordinaire", "un classeur démesuré", "scindez-le"
            )
        with CalamineWorkbook.from_path(path) as workbook:
            names = workbook.sheet_names
            if feuille and feuille not in names:
                raise Refus(
                    None,
                    f"une feuille « {feuille} »",
                    f"les feuilles {', '.join(names)}",
                    "renommez la feuille, ou corrigez « feuille » dans la correspondance",
                )
            nom = feuille or names[0]
            rows = workbook.get_sheet_by_name(nom).to_python(skip_empty_area=False)
    except (zipfile.BadZipFile, CalamineError, OSError):
        raise Refus(
            None, "un classeur XLSX", "un fichier illisible", "enregistrez-le de nouveau en XLSX"
        ) from None
    texts = ((number, [_texte(cell) for cell in row]) for number, row in enumerate(rows, 1))
    return nom, [(number, cells) for number, cells in texts if any(c.strip() for c in cells)]


def _texte(cell: object) -> str:
    """A typed cell as the text that a person would type.

    A number keeps the fifteen digits that a spreadsheet shows: the others are noise of its sums.

    >>> _texte(0.1 + 0.2), _texte(1180.0), _texte(dt.date(2024, 3, 15)), _texte(True)
    ('0.3', '1180', '2024-03-15', 'VRAI')
    """
    if isinstance(cell, bool):
        return "VRAI" if cell else "FAUX"
    if isinstance(cell, float):
        return f"{cell:.15g}"
    if isinstance(cell, dt.datetime):
        return cell.date().isoformat()
    return cell.isoformat() if isinstance(cell, dt.date) else str(cell)


def cellules_perdues(feuille: Feuille, colonnes: Collection[int]) -> dict[tuple[int, int], str]:
    """Cells of a workbook read as blank that are not: (row, position) -> what is there.

    The fast reader gives an error, and a formula without a kept value, as blanks: they are looked
    up in the workbook itself, when there is a blank at all in the columns that count.
    """
    blanks = {
        number: wanted
        for number, cells in feuille.lignes
        if (wanted := [p for p in colonnes if p >= len(cells) or not cells[p].strip()])
    }
    if not feuille.nom or not blanks:
        return {}
    import openpyxl

    lost = {}
    workbook = openpyxl.load_workbook(feuille.path, read_only=True)
    try:
        sheet = workbook[feuille.nom]
        sheet.reset_dimensions()
        for number, row in enumerate(sheet.iter_rows(), 1):
            for position in blanks.get(number, ()):
                kind = row[position].data_type if position < len(row) else "n"
                if kind == "e":
                    lost[number, position] = "une erreur de tableur"
                elif kind == "f":
                    lost[number, position] = "une formule en erreur, ou sans valeur enregistrée"
    finally:
        workbook.close()
    return lost
