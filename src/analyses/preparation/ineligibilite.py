"""Expenditure that the State does not finance: account, wording, period, explicit decision.

A decision (decisions_eligibilite.csv) overrules every rule; it is dated, justified and shown.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from analyses.contrat.citations import cite, clause_of
from analyses.contrat.model import Contrat
from analyses.socle.texts import plain

# M57, chapter 012: taxes on pay (631, 633) and staff (64).
PAIE = ("631", "633", "64")
LineKey = tuple[int, str, str]  # exercice, numero_mandat, numero_ligne


@lru_cache(maxsize=256)
def _pattern(mot: str) -> re.Pattern[str]:
    words = [re.escape(word) + "s?" for word in plain(mot).split()]
    return re.compile(r"(?<!\w)" + r"\s+".join(words) + r"(?!\w)")


def says(objet: str, mot: str) -> bool:
    """Whether a wording holds a word: whole, without accents, case or plural.

    >>> says("Prestations de FORMATIONS", "formation"), says("Réunion d'information", "formation")
    (True, False)
    """
    return bool(_pattern(mot).search(plain(objet)))


@cite("ineligible")
def ineligible_reason(contrat: Contrat, groupe: str, nature: str, objet: str) -> str:
    """Why an article excludes an expenditure, with the article ('' when none does; art. 4.2).

    A rule of the contract applies to its volets (`groupes`, empty: all), to accounts by prefix,
    and, when it has words, to the wordings that say one of them.
    """
    for rule in contrat.ineligibles:
        if rule.groupes and groupe not in rule.groupes:
            continue
        if rule.natures and not nature.startswith(tuple(rule.natures)):
            continue
        if rule.sauf_natures and nature.startswith(tuple(rule.sauf_natures)):
            continue
        if rule.mots and not any(says(objet, word) for word in rule.mots):
            continue
        return f"{rule.motif} ({rule.article})"
    return ""


def decided(*frames: pd.DataFrame | None) -> dict[LineKey, tuple[str, str]]:
    """(decision, reason shown) of each ledger line that a decision speaks of; later frames win.

    >>> decided(None)
    {}
    """
    found: dict[LineKey, tuple[str, str]] = {}
    columns = ["exercice", "numero_mandat", "numero_ligne", "decision", "motif", "decide_le"]
    for frame in frames:
        if frame is None:
            continue
        pieces = frame["piece"] if "piece" in frame else [""] * len(frame)
        for row, piece in zip(frame[columns].itertuples(index=False), pieces, strict=True):
            year, mandat, ligne, decision, motif, day = row
            words = f"décision du {day:%d/%m/%Y} : {motif}" + (f" (pièce : {piece})" * bool(piece))
            found[int(year), str(mandat), str(ligne)] = (str(decision), words)
    return found


@cite("periode")
def outside_period(contrat: Contrat, groupe: str) -> str:
    """Why an expenditure outside the period of its axe or volet is not financed, with the article
    (emploi art. 2; solidarités art. 4)."""
    group = contrat.groupes[groupe]
    clause = clause_of(contrat, "periode", groupe) or clause_of(contrat, "periode")
    words = f"hors période, du {group.debut:%d/%m/%Y} au {group.fin:%d/%m/%Y}"
    return f"{words} ({clause.article})" if clause is not None else words


def _codes(frame: pd.DataFrame) -> tuple[np.ndarray, list[tuple[str, ...]]]:
    """Rank of each row among the distinct rows, and these rows as texts: a rule is then tried once
    per distinct row.

    >>> _codes(pd.DataFrame({"a": ["x", "y", "x"], "b": ["1", None, "1"]}))
    (array([0, 1, 0]), [('x', '1'), ('y', '')])
    """
    rank = np.zeros(len(frame), dtype="int64")
    for name in frame:
        codes, uniques = pd.factorize(frame[name].astype(object))
        rank = pd.factorize(rank * (len(uniques) + 1) + codes)[0]
    first = np.unique(rank, return_index=True)[1]
    rows = frame.iloc[first].astype(object).fillna("")
    return rank, [tuple(map(str, row)) for row in rows.itertuples(index=False, name=None)]


def _spread(rank: np.ndarray, values: Sequence[Any]) -> np.ndarray:
    """The value of each row from that of each distinct row."""
    distinct = np.empty(len(values), dtype=object)
    distinct[:] = values
    return distinct[rank]


def judge(
    lignes: pd.DataFrame,
    contrats: Mapping[str, Contrat],
    decisions: Mapping[LineKey, tuple[str, str]],
) -> pd.DataFrame:
    """What is said of each assigned line (column `groupe` known) before any open reading.

    Columns: `regle_ineligible` (reason of the rule, '' when none), `decision`, `motif_decision`,
    `motif_periode`, `hors_exercice` (its exercise is outside the years of its volet),
    `avant_periode` (issued before the first day of its volet), `paie` (chapter 012).
    """
    rank, asked = _codes(lignes[["contrat", "groupe", "nature", "objet_origine"]])
    reasons = [ineligible_reason(contrats[code], *rest) for code, *rest in asked]
    place, places = _codes(lignes[["contrat", "groupe"]])
    groups = [contrats[code].groupes[key] for code, key in places]
    periods = [outside_period(contrats[code], key) for code, key in places]
    years = lignes["exercice"].to_numpy(dtype=object)
    early = years < _spread(place, [group.debut.year for group in groups])
    late = years > _spread(place, [group.fin.year for group in groups])
    days = lignes["date_emission"].to_numpy(dtype=object)
    before = days < _spread(place, [group.debut for group in groups])
    decision, reason = _verdicts(lignes, decisions)
    return pd.DataFrame(
        {
            "regle_ineligible": _spread(rank, reasons),
            "decision": decision,
            "motif_decision": reason,
            "motif_periode": _spread(place, periods),
            "hors_exercice": (early | late).astype(bool),
            "avant_periode": before.astype(bool),
            "paie": _spread(rank, [nature.startswith(PAIE) for _, _, nature, _ in asked]).astype(
                bool
            ),
        },
        index=lignes.index,
    )


def _verdicts(
    lignes: pd.DataFrame, decisions: Mapping[LineKey, tuple[str, str]]
) -> tuple[np.ndarray, np.ndarray]:
    """Decision and reason of each line ('' when no decision speaks of it); a reversal of which
    nothing is said follows its origin."""
    decision, reason = (np.full(len(lignes), "", dtype=object) for _ in range(2))
    if not decisions:
        return decision, reason
    numbers = {mandat for _, mandat, _ in decisions}
    named = lignes["numero_mandat"].isin(numbers) | lignes["numero_origine"].isin(numbers)
    columns = ["exercice", "numero_mandat", "exercice_origine", "numero_origine", "numero_ligne"]
    rows = lignes.loc[named, columns].itertuples(index=False, name=None)
    for place, (year, number, of, origin, line) in zip(np.flatnonzero(named), rows, strict=True):
        for key in ((year, number, line), (of, origin, line)):
            if key in decisions:
                decision[place], reason[place] = decisions[key]
                break
    return decision, reason


@cite(lectures=("periode-du-volet", "double-compte-personnel"))
def eligibility(
    lignes: pd.DataFrame,
    jugement: pd.DataFrame,
    agents: set[tuple[str, str]],
    lectures: Mapping[str, str],
) -> pd.DataFrame:
    """`eligible`, `motif_ineligible`, `double_compte` of each line under the chosen readings.

    A decision wins over account, wording and period. A payroll line of an action whose staff is in
    temps_agents.csv (`agents`: its (contrat, action) pairs) is set aside, not ineligible.
    """
    reason = jugement["regle_ineligible"].astype(object).copy()
    outside = jugement["hors_exercice"].astype(bool)
    if lectures.get("periode-du-volet") == "emission":
        outside = outside | jugement["avant_periode"].astype(bool)
    outside &= reason == ""
    reason[outside] = jugement.loc[outside, "motif_periode"]
    reason[jugement["decision"] == "eligible"] = ""
    excluded = jugement["decision"] == "ineligible"
    reason[excluded] = jugement.loc[excluded, "motif_decision"]
    double = pd.Series(False, index=lignes.index)
    if agents and lectures.get("double-compte-personnel", "mandats-ecartes") == "mandats-ecartes":
        pairs = zip(lignes["contrat"], lignes["action"], strict=True)
        own = pd.Series([pair in agents for pair in pairs], index=lignes.index, dtype=bool)
        double = own & jugement["paie"].astype(bool) & (reason == "")
    return pd.DataFrame(
        {
            "eligible": (reason == "") & ~double,
            "motif_ineligible": reason,
            "double_compte": double,
        },
        index=lignes.index,
    )
