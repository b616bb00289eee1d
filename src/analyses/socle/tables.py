"""Tables of plain objects, and the one form in which a table is written: CSV, UTF-8, commas, one
line feed per row."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import pandas as pd


def objects(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> pd.DataFrame:
    """A table of plain Python objects: an int stays an int, None stays None.

    >>> objects([{"a": 1, "b": None}], ["b", "a"]).iloc[0].tolist()
    [None, 1]
    """
    return pd.DataFrame(
        {name: pd.Series([row[name] for row in rows], dtype=object) for name in columns}
    )


def csv_text(frame: pd.DataFrame) -> str:
    """A table as CSV; None is an empty cell.

    >>> csv_text(pd.DataFrame({"a": ["x, y", None], "b": [1, 2]}))
    'a,b\\n"x, y",1\\n,2\\n'
    """
    text = _written(frame, csv.QUOTE_MINIMAL)
    # The csv module leaves a lone carriage return bare, which readers take for the end of a row.
    return text if "\r" not in text else _written(frame, csv.QUOTE_ALL)


def _written(frame: pd.DataFrame, quoting: Literal[0, 1]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n", quoting=quoting)
    writer.writerow(frame.columns)
    known = frame.astype(object).where(frame.notna(), None)
    writer.writerows(zip(*(known[name].tolist() for name in known), strict=True))
    return text.getvalue()
