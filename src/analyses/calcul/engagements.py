"""Engaged, mandated and paid: three series that are never mixed.

Engaged comes from engagements.csv, mandated from the ledger lines (`realise` of an Execution),
paid from their payment dates.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from analyses.calcul.affectation import SIGNES, origine_de

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


def paid_on(lignes: pd.DataFrame, *mandats: pd.DataFrame | None) -> list[date | None]:
    """Day on which each line was paid. A reversal that says nothing follows the line it takes
    back: what was paid and cancelled is not paid any more.

    `mandats`: where the origins are (the exercise's own lines, then the previous exercise's).

    >>> lines = pd.DataFrame({"numero_mandat": ["1", "2"], "numero_ligne": ["1", "1"],
    ...     "type": ["ordinaire", "annulation"], "mandat_origine": ["", "1"],
    ...     "date_paiement": [date(2024, 5, 2), None]})
    >>> paid_on(lines, lines)
    [datetime.date(2024, 5, 2), datetime.date(2024, 5, 2)]
    """
    days = lignes["date_paiement"].astype(object)
    reversal = lignes["type"].map(SIGNES).to_numpy() < 0
    asked = np.flatnonzero(days.isna().to_numpy() & reversal)
    origins = [origine_de(text) for text in lignes["mandat_origine"].iloc[asked]]
    numbers = {number for _, number in origins}
    paid: dict[tuple[object, str, str], date | None] = {}
    for place, frame in enumerate(mandats if len(asked) else ()):
        if frame is None:
            continue
        kept = frame[frame["numero_mandat"].isin(numbers)]
        kept = kept[kept["date_paiement"].notna() & (kept["type"].map(SIGNES) > 0)]
        years = kept["exercice"].tolist() if "exercice" in kept else [None] * len(kept)
        names = ["numero_mandat", "numero_ligne", "date_paiement"]
        for year, (number, line, day) in zip(
            years, kept[names].itertuples(index=False), strict=True
        ):
            for scope in (year, "partout", *(["avant"] if place else [])):
                paid.setdefault((scope, number, line), day)
    result: list[date | None] = days.where(days.notna(), None).tolist()
    lines = lignes["numero_ligne"].iloc[asked]
    kinds = lignes["type"].iloc[asked]
    for row, (year, number), line, kind in zip(asked, origins, lines, kinds, strict=True):
        # As the checks look for it: a contrepassation takes back a mandate of the year before.
        scopes = ("avant", "partout") if kind == "contrepassation" else ("partout",)
        for scope in reversed(scopes if year is None else (year,)):
            result[row] = paid.get((scope, number, line), result[row])
    return result


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
