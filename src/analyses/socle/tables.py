"""The one form in which a table is written: CSV, UTF-8, commas, one line feed per row."""

from __future__ import annotations

import csv
import io

import pandas as pd


def csv_text(frame: pd.DataFrame) -> str:
    """A table as CSV; None is an empty cell.

    >>> csv_text(pd.DataFrame({"a": ["x, y", None], "b": [1, 2]}))
    'a,b\\n"x, y",1\\n,2\\n'
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(frame.columns)
    writer.writerows(zip(*(frame[name].tolist() for name in frame), strict=True))
    return text.getvalue()
