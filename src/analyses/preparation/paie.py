"""Payroll mandates beside the staff cost of temps_agents.csv: the same agent counts once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from analyses.contrat.citations import cite
from analyses.socle.fmt import euros

# M57, chapter 012: taxes on pay (631, 633) and staff (64).
PAIE = ("631", "633", "64")
Mois = tuple[str, str, str]  # contrat, action, month (aaaa-mm)
Poste = tuple[int, str, str, str]  # exercice, contrat, action, post


def postes_de(*tables: tuple[int, pd.DataFrame | None]) -> set[Poste]:
    """The posts of temps_agents.csv, by exercise and action.

    >>> agents = pd.DataFrame([("emploi", "v3-1", "P-1")], columns=["contrat", "action", "poste"])
    >>> postes_de((2024, agents), (2023, None))
    {(2024, 'emploi', 'v3-1', 'P-1')}
    """
    return {
        (year, str(contrat), str(action), str(post))
        for year, table in tables
        if table is not None
        for contrat, action, post in table[["contrat", "action", "poste"]].itertuples(
            index=False, name=None
        )
    }


def paie_de(lignes: pd.DataFrame, postes: set[Poste]) -> np.ndarray:
    """Whose pay each payroll line is: a post of its action that its time counts ("compte"), another
    post ("autre"), not said ('', as for every other line). A reversal is that of its origin."""
    found = np.full(len(lignes), "", dtype=object)
    said = lignes["poste_juge"].fillna("").astype(str).to_numpy(dtype=object) != ""
    said &= est_paie(lignes["nature"])
    keys = lignes.loc[said, ["exercice_juge", "contrat", "action", "poste_juge"]]
    found[said] = [
        "compte" if key in postes else "autre" for key in keys.itertuples(index=False, name=None)
    ]
    return found


def est_paie(natures: pd.Series) -> np.ndarray:
    """Which accounts are payroll.

    >>> est_paie(pd.Series(["64131", "611", ""])).tolist()
    [True, False, False]
    """
    codes, distinct = pd.factorize(natures.astype(object).fillna(""))
    return np.array([str(one).startswith(PAIE) for one in distinct], dtype=bool)[codes]


@cite(lectures=("double-compte-personnel",))
def ecartes(
    lignes: pd.DataFrame,
    jugement: pd.DataFrame,
    couts: Mapping[Mois, int],
    lectures: Mapping[str, str],
) -> pd.Series:
    """Centimes of each eligible line (`lignes`) set aside because temps_agents.csv counts the same
    agents. A line that names a counted post is set aside whole, one that names another post never.

    Month by month, the other payroll lines of an action are set aside up to what its staff cost in
    the month (`couts`), less what is already; the largest first, then in the order of the file.
    What takes back is never set aside itself, unless it names a counted post: it lowers what the
    month may set aside.
    """
    aside = pd.Series(0, index=lignes.index, dtype="int64")
    reading = lectures.get("double-compte-personnel", "par-mois")
    if reading not in ("par-mois", "par-agent"):
        return aside
    named = jugement["paie_de"] == "compte"
    aside[named] = lignes["montant_signe"][named]
    if reading == "par-agent" or not couts:
        return aside
    payroll = lignes[jugement["paie"].astype(bool) & (jugement["paie_de"] != "autre")]
    amounts: dict[Mois, list[tuple[Any, int]]] = {}
    keys = zip(payroll["contrat"], payroll["action"], mois_de_paie(payroll), strict=True)
    for row, amount, key in zip(payroll.index, payroll["montant_signe"], keys, strict=True):
        amounts.setdefault(key, []).append((row, int(amount)))
    for key, rows in amounts.items():
        already = sum(amount for row, amount in rows if named[row])
        unnamed = [(row, amount) for row, amount in rows if not named[row]]
        left = min(couts.get(key, 0) - max(0, already), sum(amount for _, amount in unnamed))
        for row, amount in sorted(unnamed, key=lambda one: -one[1]):
            taken = max(0, min(left, amount))
            aside[row] = taken
            left -= taken
    return aside


def mois_de_paie(lignes: pd.DataFrame) -> pd.Series:
    """Month (aaaa-mm) that a payroll line pays: that of its service, else of its issue; a mandate
    of the journée complémentaire is of December."""
    columns = ["exercice_juge", "service_juge", "emission_jugee", "date_emission"]
    months = []
    for year, served, issued, own in lignes[columns].itertuples(index=False, name=None):
        day = next(one for one in (served, issued, own) if one is not None and one == one)
        months.append(min(f"{day:%Y-%m}", f"{year}-12"))
    return pd.Series(months, index=lignes.index, dtype=object)


def sans_poste(lignes: pd.DataFrame, jugement: pd.DataFrame, actions: Iterable[Poste]) -> list[str]:
    """One note per action that has agents and payroll lines which do not say whose pay they are."""
    known = {(contrat, action) for _, contrat, action, _ in actions}
    unsure = lignes[jugement["paie"].astype(bool) & (jugement["paie_de"] == "")]
    notes = []
    for (contrat, action), own in unsure.groupby(["contrat", "action"], sort=True):
        if (contrat, action) in known:
            amount = int(own["montant_signe"].sum())
            notes.append(
                f"{contrat} {action} : {len(own)} ligne(s) de paie, {euros(amount)}, à côté "
                "d'agents de temps_agents.csv ; de qui est cette paie ? Donnez-en le poste "
                "(colonne « poste » de mandats.csv)"
            )
    return notes
