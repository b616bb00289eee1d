"""What a ledger line must look like, whatever it is imported from."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence

COMPTE = (re.compile(r"\d{1,8}", re.ASCII), "un compte par nature en chiffres")
FONCTION = (re.compile(r"\d{1,6}([.-]\d{1,3})?", re.ASCII), "une fonction en chiffres")
UNE_MONNAIE = "une seule monnaie, l'euro (EUR)"
EUROS = {"EUR", "EURO", "EUROS", "€", "978"}
_LISTE = 12


def hors_periode(jour: dt.date, exercice: int) -> str:
    """The period that is expected of a date of issue that is outside it, else ''.

    >>> hors_periode(dt.date(2025, 1, 31), 2024), hors_periode(dt.date(2025, 2, 1), 2024)
    ('', 'une date du 01/01/2024 au 31/01/2025 (journée complémentaire)')
    """
    if dt.date(exercice, 1, 1) <= jour <= dt.date(exercice + 1, 1, 31):
        return ""
    return f"une date du 01/01/{exercice} au 31/01/{exercice + 1} (journée complémentaire)"


def premiers(noms: Sequence[object]) -> str:
    """The first names of a list, for a note.

    >>> premiers([7, 8]), premiers(range(14))
    ('7, 8', '0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 et 2 autres')
    """
    more = f" et {len(noms) - _LISTE} autres" if len(noms) > _LISTE else ""
    return ", ".join(map(str, noms[:_LISTE])) + more
