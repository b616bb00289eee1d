"""The one form in which a table is written: CSV, UTF-8, commas, one line feed per row."""

from __future__ import annotations

import csv
import io
from typing import Literal

import pandas as pd


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
