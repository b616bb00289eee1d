"""Reading one CSV as French software exports it, into typed rows that know their line.

Each distinct cell of a column is read once: a ledger repeats its dates, codes and wordings.
"""

from __future__ import annotations

import csv
import datetime as dt
import difflib
import io
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cached_property, lru_cache
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analyses.socle.paths import PARAMS
from analyses.socle.problems import Problem
from analyses.socle.yaml_files import read_yaml

TABLES = (
    *("mandats", "affectations", "recettes", "resultats_indicateurs", "justifications"),
    *("temps_agents", "engagements", "decisions_eligibilite", "reports"),
    "formations_academie",
)
_DTYPES = {"integer": "int64", "montant": "int64"}
_DEBUT = 1 << 16  # characters in which the header ends
_PAQUET = 1000  # rows turned into columns at a time
_SEPARATEURS = (";", ",", "\t")
_ERREUR_TABLEUR = re.compile(
    r"#(REF!|N/A|VALEUR!|VALUE!|DIV/0!|NOM\s?\?|NAME\?|NUL!|NULL!|NOMBRE!)"
)
_MONTANT_USUEL = re.compile(r"(\d{1,3}(?: \d{3})+|\d+)(?:[.,](\d{0,2}))?", re.ASCII)


class Unreadable(ValueError):
    """A cell that cannot be read; the message says what was expected, never the value."""


@dataclass(frozen=True)
class Column:
    """A column: its distinct cells, and for each row the rank of its cell among them."""

    codes: np.ndarray  # int64, one per row
    values: np.ndarray  # object, one per distinct cell; None where it could not be read
    bad: np.ndarray  # bool, one per distinct cell

    @property
    def cells(self) -> np.ndarray:
        """Value of each row (object).

        >>> Column(np.array([0, 1, 0]), objects(["a", "b"]), np.array([False] * 2)).cells.tolist()
        ['a', 'b', 'a']
        """
        return self.values[self.codes]

    @property
    def ranks(self) -> np.ndarray:
        """Rank of each row's value (int64): equal values share one, however they were written.

        >>> Column(np.array([0, 1, 2]), objects(["1", "2", "1"]), np.zeros(3, bool)).ranks.tolist()
        [0, 1, 0]
        """
        seen: dict[Any, int] = {}
        ranks = [seen.setdefault(value, len(seen)) for value in self.values]
        return np.array(ranks, dtype="int64")[self.codes]

    def where(self, test: Callable[[Any], bool]) -> np.ndarray:
        """Rows (bool) whose value passes a test, made once per distinct value.

        >>> Column(np.array([0, 1, 0]), objects([1, 5]), np.zeros(2, bool)).where(bool).tolist()
        [True, True, True]
        """
        return np.array([test(value) for value in self.values], dtype=bool)[self.codes]


def objects(values: Sequence[Any]) -> np.ndarray:
    """One-dimensional array of Python objects, whatever they are.

    >>> objects([(1, 2), None]).shape
    (2,)
    """
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


class Table:
    """A table as read. `columns`: field -> Column; `lignes`: line of each row in the file.

    `rows` and `bad` show the same row by row: {field: value}, and the fields not read.

    >>> table = Table("mandats", "m.csv", [{"ligne": 2, "type": "x"}], [{"type"}])
    >>> len(table), table.rows, table.bad, table.good.tolist()
    (1, [{'type': 'x', 'ligne': 2, 'fichier': 'm.csv'}], [{'type'}], [False])
    """

    def __init__(
        self,
        nom: str,
        fichier: str,
        rows: Sequence[Mapping[str, Any]] = (),
        bad: Sequence[set[str]] = (),
    ) -> None:
        self.nom, self.fichier, self.readable = nom, fichier, True
        self.problems: list[Problem] = []
        self.controles: list[str] = []
        self.lignes = np.array([row["ligne"] for row in rows], dtype="int64")
        known = dict.fromkeys(name for row in rows for name in row)
        names = list(known) if rows else [f["name"] for f in table_schema(nom)["fields"]]
        self.columns = {
            name: Column(
                np.arange(len(rows)),
                objects([row.get(name) for row in rows]),
                np.array([name in wrong for wrong in bad], dtype=bool),
            )
            for name in names
            if name not in ("ligne", "fichier")
        }

    def __len__(self) -> int:
        return len(self.lignes)

    @cached_property
    def rows(self) -> list[dict[str, Any]]:
        names = [*self.columns, "ligne", "fichier"]
        cells = [column.cells.tolist() for column in self.columns.values()]
        lines, files = self.lignes.tolist(), [self.fichier] * len(self)
        return [
            dict(zip(names, row, strict=True)) for row in zip(*cells, lines, files, strict=True)
        ]

    def some(self, chosen: np.ndarray, *names: str) -> list[dict[str, Any]]:
        """Some rows (bool, one per row), with the fields named and `ligne`.

        >>> table = Table("mandats", "m.csv", [{"ligne": 2, "type": "x", "objet": "o"}], [set()])
        >>> table.some(table.good, "type")
        [{'type': 'x', 'ligne': 2}]
        """
        rows = np.flatnonzero(chosen)
        columns = [(self.columns[n].values, self.columns[n].codes[rows]) for n in names]
        cells = [values[codes].tolist() for values, codes in columns]
        lines, keys = self.lignes[rows].tolist(), (*names, "ligne")
        return [dict(zip(keys, row, strict=True)) for row in zip(*cells, lines, strict=True)]

    @cached_property
    def bad(self) -> list[set[str]]:
        wrong: list[set[str]] = [set() for _ in range(len(self))]
        for name, column in self.columns.items():
            for row in np.flatnonzero(column.bad[column.codes]):
                wrong[row].add(name)
        return wrong

    @property
    def good(self) -> np.ndarray:
        """Whether every cell of a row was read (bool, one per row)."""
        good = np.ones(len(self), dtype=bool)
        for column in self.columns.values():
            if column.bad.any():
                good &= ~column.bad[column.codes]
        return good

    @property
    def good_rows(self) -> list[dict[str, Any]]:
        """Rows of which every cell was read.

        >>> Table("mandats", "m.csv", [{"ligne": 2}, {"ligne": 3}], [set(), set()]).good_rows
        [{'ligne': 2, 'fichier': 'm.csv'}, {'ligne': 3, 'fichier': 'm.csv'}]
        """
        return [row for row, good in zip(self.rows, self.good, strict=True) if good]


@lru_cache
def table_schema(nom: str) -> dict[str, Any]:
    """Table Schema of a table, from params/tables/.

    >>> [f["name"] for f in table_schema("mandats")["fields"]][:3]
    ['exercice', 'numero_mandat', 'numero_ligne']
    """
    return dict(read_yaml(PARAMS / "tables" / f"{nom}.yaml"))


@lru_cache
def header_names(nom: str) -> dict[str, str]:
    """Normalised header -> field, from params/colonnes.yaml.

    >>> header_names("mandats")["numeromandat"]
    'numero_mandat'
    """
    spellings = _spellings(PARAMS / "colonnes.yaml")[nom]
    names = {f["name"]: f["name"] for f in table_schema(nom)["fields"]}
    known = {normal_header(name): name for name in names}
    for name, others in spellings.items():
        for other in others:
            known.setdefault(normal_header(other), name)
    return known


@lru_cache(maxsize=1)
def _spellings(path: Path) -> Any:
    return read_yaml(path)


def normal_header(text: str) -> str:
    """Header without case, accents, spaces, punctuation; « n° » reads « numero ».

    >>> normal_header("N°\\nMandat\\t"), normal_header("Date d'émission")
    ('numeromandat', 'datedemission')
    """
    text = re.sub(r"\bn\s*[°º]", "numero ", text.casefold())
    decomposed = unicodedata.normalize("NFKD", text)
    return re.sub(r"[^a-z0-9]", "", decomposed)


def decode(data: bytes) -> str:
    """Text of an export: UTF-16 with BOM, UTF-8 with or without BOM, else cp1252.

    >>> decode("é".encode("cp1252")), decode("\\ufeffé".encode("utf-8"))
    ('é', 'é')
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252")


def clean(text: str) -> str:
    """Cell without surrounding blanks, no-break spaces made plain, `="x"` made x.

    >>> clean('\\u00a0="00123"\\t')
    '00123'
    """
    if not text.isascii():
        for blank in "\u00a0\u202f\u2007\u2009":
            text = text.replace(blank, " ")
    text = text.strip()
    if not text.startswith("="):
        return text
    formula = re.fullmatch(r'="([^"]*)"', text)
    return formula.group(1) if formula else text


def read_montant(text: str) -> int:
    """Amount in centimes; at most two decimals.

    >>> [read_montant(t) for t in ("1 234,56 €", "(12.5)", "7-", "1.234,50")]
    [123456, -1250, -700, 123450]
    >>> read_montant("1,234")
    Traceback (most recent call last):
    analyses.depot.table.Unreadable: deux décimales au plus
    """
    body = clean(text)
    usual = _MONTANT_USUEL.fullmatch(body)
    if usual:
        decimals = usual.group(2) or ""
        return int(usual.group(1).replace(" ", "")) * 100 + int(decimals.ljust(2, "0"))
    body = re.sub(r"\s*(€|eur|euros?)\s*", "", body.casefold().replace("\u2212", "-"))
    negative = False
    for pattern in (r"\((.+)\)", r"-\s*(.+)", r"(.+?)\s*-"):
        found = re.fullmatch(pattern, body)
        if found:
            negative, body = True, found.group(1).strip()
            break
    body = body.removeprefix("+")
    groups = r"(\d{1,3}(?:%s\d{3})+)%s(\d*)"
    for thousands, decimal in ((r"\.", ","), (",", r"\."), (" ", "[.,]")):
        found = re.fullmatch(groups % (thousands, decimal), body)
        if found:
            body = re.sub(r"\D", "", found.group(1)) + "." + found.group(2)
            break
    else:
        if re.fullmatch(r"\d{1,3}( \d{3})+", body):
            body = body.replace(" ", "")
    found = re.fullmatch(r"(\d+)(?:[.,](\d*))?", body)
    if not found:
        raise Unreadable("un montant en euros (1234,56)")
    decimals = found.group(2) or ""
    if len(decimals) > 2:
        raise Unreadable("deux décimales au plus")
    centimes = int(found.group(1)) * 100 + int(decimals.ljust(2, "0"))
    return -centimes if negative else centimes


def read_date(text: str) -> dt.date:
    """Date written jj/mm/aaaa, ISO, or as an Excel serial.

    >>> [read_date(t).isoformat() for t in ("31/12/2024", "2024-12-31 00:00:00", "45657")]
    ['2024-12-31', '2024-12-31', '2024-12-31']
    """
    text = clean(text)
    try:
        if re.fullmatch(r"\d{5}([.,]\d+)?", text):
            return dt.date(1899, 12, 30) + dt.timedelta(days=int(text[:5]))
        body = re.sub(r"[T ]\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?Z?$", "", text)
        found = re.fullmatch(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})", body)
        if found:
            return dt.date(int(found.group(3)), int(found.group(2)), int(found.group(1)))
        found = re.fullmatch(r"(\d{4})[-/](\d{2})[-/](\d{2})|(\d{4})(\d{2})(\d{2})", body)
        if found:
            year, month, day = (int(part) for part in found.groups() if part)
            return dt.date(year, month, day)
    except ValueError:
        pass
    raise Unreadable("une date jj/mm/aaaa, aaaa-mm-jj ou un numéro de jour Excel")


def read_integer(text: str) -> int:
    """Whole number, also as a spreadsheet writes it.

    >>> read_integer("2024.0")
    2024
    """
    found = re.fullmatch(r"(-?\d+)([.,]0+)?", clean(text))
    if not found:
        raise Unreadable("un nombre entier")
    return int(found.group(1))


def read_identifiant(text: str) -> str:
    """Identifier, restored when a spreadsheet made a float of it.

    >>> read_identifiant("1.8E12"), read_identifiant("6568.0"), read_identifiant("00012")
    ('1800000000000', '6568', '00012')
    """
    text = clean(text)
    if text.isascii() and text.isalnum() and "e" not in text and "E" not in text:
        return text
    if rounded(text):
        number = Decimal(text.replace(",", "."))
        if number == number.to_integral_value():
            return str(int(number))
    return re.sub(r"^(\d+)[.,]0+$", r"\1", text)


def rounded(text: str) -> bool:
    """Whether an identifier was written as a float with an exponent: digits may be lost.

    >>> rounded("1,80333E+12"), rounded("1E5")
    (True, False)
    """
    if "e" not in text and "E" not in text:
        return False
    return bool(re.fullmatch(r"\d[.,]\d+[eE]\+?\d{1,2}|\d[eE]\+\d{1,2}", clean(text)))


def read_quote_part(text: str) -> Fraction:
    """Share of a line, more than 0 and at most 1; empty is 1.

    >>> [str(read_quote_part(t)) for t in ("0,5", "50 %", "1/3", "")]
    ['1/2', '1/2', '1/3', '1']
    """
    text = clean(text)
    if not text:
        return Fraction(1)
    found = re.fullmatch(r"(\d+(?:[.,]\d+)?)\s*(%|/\s*(\d+))?", text)
    if not found or found.group(3) == "0":
        raise Unreadable("une part de plus de 0 à 1 (0,5 ; 50 % ; 1/3)")
    share = Fraction(found.group(1).replace(",", "."))
    if found.group(3):
        share /= int(found.group(3))
    elif found.group(2):
        share /= 100
    if not 0 < share <= 1:
        raise Unreadable("une part de plus de 0 à 1 (0,5 ; 50 % ; 1/3)")
    return share


def read_quotite(text: str) -> Fraction:
    """Part of a post, more than 0 and at most 1.

    >>> str(read_quotite("80 %"))
    '4/5'
    >>> read_quotite("1,2")
    Traceback (most recent call last):
    analyses.depot.table.Unreadable: une quotité de plus de 0 à 1 (0,5 ; 50 %)
    """
    try:
        return read_quote_part(text)
    except Unreadable:
        raise Unreadable("une quotité de plus de 0 à 1 (0,5 ; 50 %)") from None


def read_decimal(text: str) -> Fraction:
    """Number with decimals.

    >>> str(read_decimal("1 234,5"))
    '2469/2'
    """
    body = clean(text).replace(" ", "").replace(",", ".")
    if not re.fullmatch(r"-?\d{1,12}(\.\d{1,6})?", body):
        raise Unreadable("un nombre (84,5)")
    return Fraction(body)


def read_code(text: str) -> str:
    """Code without case, accents or spaces around.

    >>> read_code(" Réduction ")
    'reduction'
    """
    decomposed = unicodedata.normalize("NFKD", clean(text).casefold())
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def read_action(text: str) -> str:
    """Code of an action.

    >>> read_action("1.0"), read_action("V2-1"), read_action("01")
    ('1', 'v2-1', '1')
    """
    code = re.sub(r"^(\d+)[.,]0+$", r"\1", read_code(text))
    return str(int(code)) if code.isdigit() else code


_READERS = {
    "integer": read_integer,
    "date": read_date,
    "montant": read_montant,
    "quote_part": read_quote_part,
    "quotite": read_quotite,
    "decimal": read_decimal,
    "identifiant": read_identifiant,
    "date_exercice": read_date,
    "code": read_code,
    "action": read_action,
}


def reading(spec: Mapping[str, Any]) -> str:
    """How a field is read: its « lecture », else its type.

    >>> reading({"type": "number", "lecture": "montant"}), reading({"type": "string"})
    ('montant', 'string')
    """
    return str(spec.get("lecture", spec["type"]))


def quoted(spec: Mapping[str, Any], value: str) -> str:
    """A value for a message, hidden when the column may hold personal data.

    >>> quoted({}, "abc"), quoted({"confidentiel": True}, "Dupont")
    ('« abc »', 'une valeur non affichée (donnée confidentielle)')
    """
    if spec.get("confidentiel"):
        return "une valeur non affichée (donnée confidentielle)"
    short = value if len(value) <= 40 else value[:39] + "…"
    return f"« {short} »"


def separator_of(text: str, known: Mapping[str, str]) -> str:
    """The separator under which most headers are known, else the most frequent."""
    start = text[:_DEBUT]

    def score(separator: str) -> tuple[int, int]:
        try:
            header = next(csv.reader(io.StringIO(start, newline=""), delimiter=separator), [])
        except csv.Error:
            return (0, 0)
        return (sum(normal_header(cell) in known for cell in header), len(header))

    return max(_SEPARATEURS, key=score)


def _blank(cells: list[str]) -> bool:
    text = "".join(cells)
    return not text.strip() or ('="' in text and not any(clean(cell) for cell in cells))


def read_records(text: str, separator: str, first: int = 1) -> Iterator[tuple[int, list[str]]]:
    """Records with the number of their first physical line; blank records are dropped.

    `Unreadable` carries the line of a quote that is not closed. `first`: line of the text's start.

    >>> list(read_records('a;b\\n;\\n"x\\ny";2\\n', ";"))
    [(1, ['a', 'b']), (3, ['x\\ny', '2'])]
    """
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    start = first
    try:
        for cells in reader:
            if not _blank(cells):
                yield start, cells
            start = reader.line_num + first
    except csv.Error:
        raise Unreadable(str(start)) from None


def _columns(
    table: Table, header: list[str], line: int, columns: Sequence[Sequence[str]]
) -> dict[str, int]:
    """Field -> position; unknown, repeated and missing columns are problems."""
    known, positions = header_names(table.nom), dict[str, int]()
    names = [f["name"] for f in table_schema(table.nom)["fields"]]
    for position, title in enumerate(header):
        shown = " ".join(clean(title).split())
        name = known.get(normal_header(title))
        if name is None:
            if not shown and not any(clean(cell) for cell in columns[position]):
                continue
            close = difflib.get_close_matches(normal_header(title), known, 1)
            advice = f"« {known[close[0]]} » peut-être ; " if close else ""
            found = f"colonne inconnue « {shown[:40]} »" if shown else "colonne sans titre"
            remedy = f"{advice}corrigez l'en-tête ou ajoutez-le à params/colonnes.yaml"
            table.problems.append(
                Problem(
                    table.fichier,
                    line,
                    shown[:40],
                    f"une colonne parmi {', '.join(names)}",
                    found,
                    remedy,
                )  # fmt: skip
            )
        elif name in positions:
            table.problems.append(
                Problem(
                    table.fichier,
                    line,
                    name,
                    "une seule colonne",
                    f"deux colonnes pour « {name} »",
                    "supprimez ou renommez l'une des deux",
                )  # fmt: skip
            )
        else:
            positions[name] = position
    for name in names:
        if name not in positions:
            table.problems.append(
                Problem(
                    table.fichier,
                    line,
                    name,
                    f"la colonne « {name} »",
                    "colonne absente",
                    "ajoutez-la (vide si besoin) ou déclarez son titre dans params/colonnes.yaml",
                )  # fmt: skip
            )
    return positions


def _bounds(spec: Mapping[str, Any], value: Any) -> tuple[str, str] | None:
    """(expected, remedy) when a value breaks the constraints of its field."""
    limits = spec.get("constraints", {})
    if "enum" in limits and value not in limits["enum"]:
        return f"une valeur parmi {', '.join(limits['enum'])}", "corrigez la valeur"
    if "minimum" in limits and value < limits["minimum"]:
        if reading(spec) == "montant":
            return (
                "un montant positif ou nul",
                "le signe vient du type : déposez le montant positif",
            )
        return f"au moins {limits['minimum']}", "corrigez la valeur"
    if "maximum" in limits and value > limits["maximum"]:
        return f"au plus {limits['maximum']}", "corrigez la valeur"
    return None


class _Wrong(ValueError):
    """A cell that breaks its schema: (expected, found, remedy)."""


def _reader(spec: Mapping[str, Any]) -> Callable[[str], Any]:
    """What reads the cell of a field; it raises `_Wrong`."""
    how, limits = reading(spec), spec.get("constraints", {})
    read, required = _READERS.get(how), limits.get("required")
    bounded = bool(limits.keys() - {"required"})
    blank = None if spec["type"] in ("date", "integer", "number") else ""

    def cell(raw: str) -> Any:
        text = clean(raw)
        if text.startswith("#") and _ERREUR_TABLEUR.match(text):
            remedy = "corrigez la formule dans le tableur"
            raise _Wrong("une valeur", "une erreur de tableur", remedy)
        if not text and how != "quote_part":
            if required:
                raise _Wrong("une valeur", "cellule vide", "remplissez la cellule")
            return blank
        try:
            value = read(text) if read else text
        except Unreadable as error:
            raise _Wrong(str(error), quoted(spec, text), "corrigez la cellule") from None
        broken = _bounds(spec, value) if bounded else None
        if broken:
            raise _Wrong(broken[0], quoted(spec, text), broken[1])
        return value

    return cell


def _column(
    table: Table, rank: int, spec: Mapping[str, Any], cells: Sequence[str]
) -> tuple[Column, list[tuple[int, int, Problem]], list[tuple[int, int, str]]]:
    """A column read, its problems and its notes, each with (row, rank of the column)."""
    codes, texts = pd.factorize(cells if isinstance(cells, np.ndarray) else objects(cells))
    read, values = _reader(spec), np.empty(len(texts), dtype=object)
    identifier = reading(spec) == "identifiant"
    wrong: dict[int, tuple[str, str, str]] = {}
    doubtful = []
    for code, text in enumerate(texts):
        try:
            values[code] = read(text)
        except _Wrong as error:
            wrong[code] = error.args
        else:
            if identifier and rounded(text):
                doubtful.append(code)
    bad = np.zeros(len(texts), dtype=bool)
    bad[list(wrong)] = True
    problems, notes = [], []
    for row in np.flatnonzero(bad[codes]) if wrong else ():
        line, (expected, found, remedy) = int(table.lignes[row]), wrong[codes[row]]
        problem = Problem(table.fichier, line, spec["name"], expected, found, remedy)
        problems.append((int(row), rank, problem))
    for row in np.flatnonzero(np.isin(codes, doubtful)) if doubtful else ():
        note = (
            f"{table.fichier}, ligne {table.lignes[row]}, champ « {spec['name']} » : identifiant "
            "écrit en nombre arrondi par un tableur ; vérifiez ses derniers chiffres"
        )
        notes.append((int(row), rank, note))
    return Column(codes, values, bad), problems, notes


def _transposed(
    table: Table, records: Iterator[tuple[int, list[str]]], width: int
) -> tuple[list[Sequence[str]], list[tuple[int, int, Problem]]]:
    """Cells by column, and the records that are too wide: (row they would have been, -1, problem).

    The rows are dropped as they are turned: millions of small lists would cost more than reading.
    """
    columns: list[list[str]] = [[] for _ in range(width)]
    lines: list[int] = []
    wide = []
    while batch := list(islice(records, _PAQUET)):
        rows = []
        for number, cells in batch:
            if len(cells) != width:
                if any(clean(cell) for cell in cells[width:]):
                    problem = Problem(
                        table.fichier,
                        number,
                        "",
                        f"{width} cellules",
                        f"{len(cells)} cellules",
                        "entourez de guillemets la cellule qui contient le séparateur",
                    )
                    wide.append((len(lines), -1, problem))
                    continue
                cells = (cells + [""] * width)[:width]
            lines.append(number)
            rows.append(cells)
        for column, cells_ in zip(columns, zip(*rows, strict=True), strict=False):
            column.extend(cells_)
    table.lignes = np.array(lines, dtype="int64")
    return list(columns), wide


def _unquoted(text: str, separator: str) -> list[np.ndarray] | None:
    """Cells by column, header included, of a CSV whose every line is a record of the same width.

    None when it is not: quotes, ragged or blank lines are left to the csv module. pandas reads the
    others several times faster, and its equal cells are one object.
    """
    if '"' in text or text.count("\r") != text.count("\r\n"):
        return None
    data = text.rstrip("\r\n").encode() + b"\n"
    marks = np.frombuffer(data, dtype="uint8")
    ends, cuts = np.flatnonzero(marks == ord("\n")), np.flatnonzero(marks == ord(separator))
    if not len(cuts) or len(cuts) % len(ends):
        return None
    by_line = cuts.reshape(len(ends), -1)
    if (by_line[:, -1] > ends).any() or (by_line[1:, 0] < ends[:-1]).any():
        return None
    frame = pd.read_csv(
        io.BytesIO(data),
        sep=separator,
        header=None,
        dtype=object,
        quoting=csv.QUOTE_NONE,
        na_filter=False,
        low_memory=False,
    )
    blank = np.ones(len(frame), dtype=bool)
    for name in frame:
        blank &= frame[name].isin([text for text in frame[name].unique() if not clean(text)])
        if not blank.any():
            return [frame[name].to_numpy() for name in frame]
    return None


def read_table(path: Path, nom: str, fichier: str) -> Table:
    """Table read from a CSV; its problems are collected, nothing is raised.

    `fichier`: the name of the file in messages.
    """
    try:
        return parse_table(path.read_bytes(), nom, fichier)
    except OSError:
        return parse_table(None, nom, fichier)


def parse_table(data: bytes | None, nom: str, fichier: str) -> Table:
    """Table of the bytes of a CSV (None: they could not be read)."""
    table = Table(nom, fichier)

    def unreadable(line: int | None, expected: str, found: str, remedy: str) -> Table:
        table.readable = False
        table.problems.append(Problem(fichier, line, "", expected, found, remedy))
        return table

    try:
        text = decode(data) if data is not None else ""
    except UnicodeDecodeError:
        data = None
    if data is None:
        return unreadable(
            None, "un CSV en UTF-8 ou cp1252", "un fichier illisible", "réexportez-le en CSV UTF-8"
        )
    if "\x00" in text or text.startswith("PK\x03\x04"):
        return unreadable(None, "un CSV", "un fichier binaire", "enregistrez-le au format CSV")
    first, known = 1, header_names(nom)
    declared = re.match(r"sep=(.)\r?\n", text, re.IGNORECASE)
    if declared:
        text, first = text[declared.end() :], 2
    separator = separator_of(text, known)
    columns: list[Any]  # cells by column: lists, or arrays
    problems: list[tuple[int, int, Problem]] = []
    plain = _unquoted(text, separator)
    if plain is not None:
        line, header = first, [str(column[0]) for column in plain]
        columns = [column[1:] for column in plain]
        table.lignes = np.arange(first + 1, first + len(plain[0]), dtype="int64")
    else:
        records = read_records(text, separator, first)
        try:
            line, header = next(records, (0, []))
            columns, problems = _transposed(table, records, len(header))
        except Unreadable as error:
            found, remedy = "un guillemet mal fermé", "corrigez cette ligne"
            return unreadable(int(str(error)), "un CSV bien formé", found, remedy)
    if not header:
        return unreadable(1, "une ligne d'en-têtes", "un fichier vide", "déposez le fichier entier")
    positions = _columns(table, header, line, columns)
    if table.problems:
        table.readable, table.lignes = False, table.lignes[:0]
        return table
    table.readable = not problems
    notes: list[tuple[int, int, str]] = []
    for rank, spec in enumerate(table_schema(nom)["fields"]):
        name = spec["name"]
        table.columns[name], wrong, doubts = _column(table, rank, spec, columns[positions[name]])
        columns[positions[name]] = ()
        problems, notes = problems + wrong, notes + doubts
    table.problems = [problem for *_, problem in sorted(problems, key=lambda one: one[:2])]
    table.controles = [note for *_, note in sorted(notes, key=lambda one: one[:2])]
    return table


def frame(table: Table) -> pd.DataFrame:
    """Readable rows of a table, in the columns of its schema, then `ligne` and `fichier`.

    >>> frame(Table("justifications", "j.csv")).columns.tolist()[-2:]
    ['ligne', 'fichier']
    """
    good = table.good
    columns: dict[str, pd.Series] = {}
    for spec in table_schema(table.nom)["fields"]:
        column = table.columns[spec["name"]]
        values = column.values[column.codes[good]]
        blank = None in column.values[~column.bad].tolist()  # a count that may be left out
        dtype = "object" if blank else _DTYPES.get(reading(spec), "object")
        columns[spec["name"]] = pd.Series(values, dtype=dtype)  # type: ignore[call-overload]
    columns["ligne"] = pd.Series(table.lignes[good])
    columns["fichier"] = pd.Series([table.fichier] * len(columns["ligne"]), dtype=object)
    return pd.DataFrame(columns)
