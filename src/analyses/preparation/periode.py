"""Whether an expenditure falls in the period of its axe or volet, under the chosen readings."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import numpy as np
import pandas as pd

from analyses.contrat.citations import cite, clause_of
from analyses.contrat.model import Contrat, Groupe

Lectures = Mapping[str, str]


@cite(lectures=("debut-de-periode",))
def premier_jour(groupe: Groupe, lectures: Lectures) -> date:
    """First day of an axe or volet: that of the article, or the one that the plan prints.

    >>> from analyses.contrat.load import load_contrats
    >>> volet = load_contrats("55")["emploi"].groupes["v3"]
    >>> [premier_jour(volet, {"debut-de-periode": code}).month for code in ("article", "plan")]
    [4, 1]
    """
    printed = groupe.debut_imprime
    if printed is not None and lectures.get("debut-de-periode") == "plan":
        return printed.date
    return groupe.debut


@cite("periode")
def outside_period(contrat: Contrat, groupe: str, lectures: Lectures) -> str:
    """Why an expenditure outside the period of its axe or volet is not financed, with the article
    (emploi art. 2; solidarités art. 4)."""
    group = contrat.groupes[groupe]
    first = premier_jour(group, lectures)
    clause = clause_of(contrat, "periode", groupe) or clause_of(contrat, "periode")
    places = [] if clause is None else [clause.article]
    if group.debut_imprime is not None and first != group.debut:
        places.append(group.debut_imprime.source)
    words = f"hors période, du {first:%d/%m/%Y} au {group.fin:%d/%m/%Y}"
    return f"{words} ({' et '.join(places)})" if places else words


@cite(lectures=("periode-du-volet",))
def hors_periode(
    lignes: pd.DataFrame, contrats: Mapping[str, Contrat], lectures: Lectures
) -> pd.Series:
    """Reason of each line that is outside the period of its `groupe`, '' for the others.

    A line is judged by the exercise and the dates of the expenditure (`exercice_juge`,
    `emission_jugee`, `service_juge`): its own, or those of the line that it takes back. Where the
    date of issue is not known, the exercise alone speaks.
    """
    reasons = pd.Series("", index=lignes.index, dtype=object)
    reading = lectures.get("periode-du-volet", "service")
    years = lignes["exercice_juge"].to_numpy(dtype="int64")
    nothing = np.zeros(len(lignes), dtype="int64")
    issued = nothing if reading == "exercice" else _ordinals(lignes["emission_jugee"])
    served = _ordinals(lignes["service_juge"]) if reading == "service" else nothing
    places, pairs = pd.factorize(pd.MultiIndex.from_frame(lignes[["contrat", "groupe"]]))
    for rank, (code, key) in enumerate(pairs):
        group = contrats[code].groupes[key]
        first, last = premier_jour(group, lectures), group.fin
        before = (years < first.year) | ((issued > 0) & (issued < first.toordinal()))
        early = np.where(served > 0, served < first.toordinal(), before)
        late = np.where(served > 0, served > last.toordinal(), years > last.year)
        reasons[(places == rank) & (early | late)] = outside_period(contrats[code], key, lectures)
    return reasons


def _ordinals(days: pd.Series) -> np.ndarray:
    """Dates as numbers, 0 where there is none.

    >>> _ordinals(pd.Series([date(1, 1, 2), None], dtype=object)).tolist()
    [2, 0]
    """
    codes, distinct = pd.factorize(days.astype(object))
    numbers = np.array([*(day.toordinal() for day in distinct), 0], dtype="int64")
    return numbers[codes]  # a missing value has the code -1: the last
