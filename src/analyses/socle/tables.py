"""Tables of plain objects, and the one form in which a table is written: CSV, UTF-8, commas (`;`
for people), one line feed."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
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


def csv_text(frame: pd.DataFrame, separator: str = ",") -> str:
    """A table as CSV; None is an empty cell.

    >>> csv_text(pd.DataFrame({"a": ["x, y", None], "b": [1, 2]}))
    'a,b\\n"x, y",1\\n,2\\n'
    """
    text = _written(frame, separator, csv.QUOTE_MINIMAL)
    # The csv module leaves a lone carriage return bare, which readers take for the end of a row.
    return text if "\r" not in text else _written(frame, separator, csv.QUOTE_ALL)


def french_csv(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """Rows as the spreadsheets of France open them: `;`, UTF-8 with BOM.

    >>> french_csv(["a", "b"], [[1, None]]).decode("utf-8-sig")
    'a;b\\n1;\\n'
    """
    frame = pd.DataFrame(list(rows), columns=list(names), dtype=object)
    return csv_text(frame, ";").encode("utf-8-sig")


def _written(frame: pd.DataFrame, separator: str, quoting: Literal[0, 1]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=separator, lineterminator="\n", quoting=quoting)
    writer.writerow(frame.columns)
    known = frame.astype(object).where(frame.notna(), None)
    writer.writerows(zip(*(known[name].tolist() for name in known), strict=True))
    return text.getvalue()
