"""The one reader of raw CSV files: encoding, separator, records that know their line."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping

from analyses.depot.cellules import Unreadable, clean
from analyses.depot.schemas import normal_header

_DEBUT = 1 << 16  # characters in which the header ends
_SEPARATEURS = (";", ",", "\t")


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
