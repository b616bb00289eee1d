"""The tables of data/processed: their schemas (params/preparees/), their text and their reading.

A column that a schema does not name is not written: neither a third party nor a wording goes there.
"""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from analyses.socle.paths import PARAMS
from analyses.socle.tables import csv_text
from analyses.socle.yaml_files import read_yaml

DOSSIER = PARAMS / "preparees"
_LECTEURS: dict[str, Callable[[str], Any]] = {
    "date": dt.date.fromisoformat,
    "fraction": Fraction,
    "integer": int,
}


@cache
def schema(nom: str) -> dict[str, Any]:
    """Schema of a prepared table: one row is…, its key, its columns.

    >>> schema("lignes")["cle"]
    ['ligne', 'regle']
    """
    return dict(read_yaml(DOSSIER / f"{nom}.yaml"))


def _fields(nom: str) -> list[tuple[str, str, dict[str, Any]]]:
    """(column of the file, column of the code, field)."""
    return [(f["name"], f.get("depuis", f["name"]), f) for f in schema(nom)["fields"]]


def table_text(nom: str, frame: pd.DataFrame) -> str:
    """A table as data/processed keeps it: the columns of its schema, in its order.

    >>> recit = pd.DataFrame({"contrat": ["c"], "action": ["1"], "texte": ["Un"], "autre": [0]})
    >>> table_text("narratifs", recit)
    'contrat,action,texte\\nc,1,Un\\n'
    """
    shown = {}
    for written, known, field in _fields(nom):
        column = frame[known]
        if field["type"] == "boolean":
            column = column.map({True: "true", False: "false"})
        shown[written] = column
    return csv_text(pd.DataFrame(shown))


def read_text(nom: str, data: bytes) -> pd.DataFrame:
    """A table as the code uses it: exact integers and fractions, dates, None where unknown.

    >>> read_text("narratifs", b"contrat,action,texte\\nc,1,Un\\n").to_dict("records")
    [{'contrat': 'c', 'action': '1', 'texte': 'Un'}]
    """
    texts = pd.read_csv(io.BytesIO(data), dtype=object, na_filter=False)
    columns = {known: _column(texts[written], field) for written, known, field in _fields(nom)}
    return pd.DataFrame(columns, index=texts.index)


def _column(texts: pd.Series, field: dict[str, Any]) -> pd.Series:
    if field["type"] == "boolean":
        return texts == "true"
    if field["type"] == "integer" and not field.get("vide"):
        return texts.astype("int64")
    if field["type"] == "string":
        return texts
    codes, distinct = pd.factorize(texts)
    values = np.empty(len(distinct), dtype=object)
    read = _LECTEURS[field["type"]]
    values[:] = [read(text) if text else None for text in distinct]
    return pd.Series(values[codes], index=texts.index, dtype=object)
