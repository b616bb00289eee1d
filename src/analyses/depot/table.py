"""Reading one CSV as French software exports it, into typed rows that know their line.

Each distinct cell of a column is read once: a ledger repeats its dates, codes and wordings.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analyses.depot.cellules import Unreadable, clean, rounded
from analyses.depot.csv_brut import decode, read_records, separator_of
from analyses.depot.schemas import (
    Wrong,
    cell_reader,
    header_names,
    normal_header,
    reading,
    table_schema,
)
from analyses.socle.problems import Problem

_DTYPES = {"integer": "int64", "montant": "int64"}
_PAQUET = 1000  # rows turned into columns at a time


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


def _columns(
    table: Table, header: list[str], line: int, columns: Sequence[Sequence[str]]
) -> dict[str, int]:
    """Field -> position; unknown, repeated and missing columns are problems."""
    known, positions = header_names(table.nom), dict[str, int]()
    fields = table_schema(table.nom)["fields"]
    names = [f["name"] for f in fields]
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
    for name in (f["name"] for f in fields if not f.get("facultative")):
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


def _column(
    table: Table, rank: int, spec: Mapping[str, Any], cells: Sequence[str]
) -> tuple[Column, list[tuple[int, int, Problem]], list[tuple[int, int, str]]]:
    """A column read, its problems and its notes, each with (row, rank of the column)."""
    codes, texts = pd.factorize(objects(cells))
    read, values = cell_reader(spec), np.empty(len(texts), dtype=object)
    identifier = reading(spec) == "identifiant"
    wrong: dict[int, tuple[str, str, str]] = {}
    doubtful = []
    for code, text in enumerate(texts):
        try:
            values[code] = read(text)
        except Wrong as error:
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
    records = read_records(text, separator, first)
    try:
        line, header = next(records, (0, list[str]()))
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
        cells = columns[positions[name]] if name in positions else [""] * len(table.lignes)
        table.columns[name], wrong, doubts = _column(table, rank, spec, cells)
        if name in positions:
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
