"""Engaged, mandated and paid: three series that are never mixed.

Engaged comes from engagements.csv, mandated from the ledger lines (`realise` of an Execution),
paid from their payment dates.
"""

from __future__ import annotations

from datetime import date

import pandas as pd

Key = tuple[str, str]


def engaged(
    engagements: pd.DataFrame | None, exercice: int, arrete_au: date | None = None
) -> dict[Key, int] | None:
    """Centimes engaged by (contrat, action) in the exercise, up to `arrete_au`.

    A negative row (dégagement) takes back. None when no file was given: « non renseigné ».

    >>> engaged(None, 2024) is None
    True
    """
    if engagements is None:
        return None
    sums: dict[Key, int] = {}
    columns = ["exercice", "date", "contrat", "action", "montant"]
    for year, day, contrat, action, amount in engagements[columns].itertuples(index=False):
        if year == exercice and (arrete_au is None or day <= arrete_au):
            key = (str(contrat), str(action))
            sums[key] = sums.get(key, 0) + int(amount)
    return sums


def paid_mask(paye_le: pd.Series, arrete_au: date | None = None) -> pd.Series:
    """True for the lines paid at the closing date (day of payment ≤ arrete_au).

    >>> days = pd.Series([date(2024, 5, 2), None, date(2025, 1, 8)], dtype=object)
    >>> paid_mask(days, date(2024, 12, 31)).tolist()
    [True, False, False]
    """
    paid = paye_le.notna().to_numpy(dtype=bool, copy=True)
    if arrete_au is not None:
        paid[paid] = [day <= arrete_au for day in paye_le[paid]]
    return pd.Series(paid, index=paye_le.index, dtype=bool)
