"""Texts compared as people read them: without accents, case or double spaces."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

_ACCENTS = re.compile("[\u0300-\u036f]")


def plain(text: Any) -> str:
    """Text without accents or case, spaces made single.

    >>> plain("  Évaluation\\u00a0N° 2 ")
    'evaluation n° 2'
    """
    plain = str(text or "").casefold()
    if not plain.isascii():
        plain = _ACCENTS.sub("", unicodedata.normalize("NFD", plain))
    if not plain.isascii():  # marks outside the usual block
        plain = "".join(c for c in plain if not unicodedata.combining(c))
    return " ".join(plain.split())
