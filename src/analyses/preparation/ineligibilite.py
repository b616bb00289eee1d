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

from analyses.contrat.citations import cite
from analyses.contrat.model import Contrat, Ineligible
from analyses.preparation.paie import Mois, Poste, ecartes, est_paie, paie_de
from analyses.preparation.periode import hors_periode
from analyses.socle.fmt import euros
from analyses.socle.texts import plain

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


def _applies(rule: Ineligible, groupe: str, action: str, nature: str, objet: str) -> bool:
    if rule.groupes and groupe not in rule.groupes or action in rule.sauf_actions:
        return False
    if rule.natures and not nature.startswith(tuple(rule.natures)):
        return False
    if rule.sauf_natures and nature.startswith(tuple(rule.sauf_natures)):
        return False
    return not rule.mots or any(says(objet, word) for word in rule.mots)


@cite("ineligible")
def ineligible_reason(
    contrat: Contrat, groupe: str, action: str, nature: str, objet: str
) -> tuple[str, bool]:
    """Why an article excludes an expenditure, with the article ('' when none does; art. 4.2), and
    whether that is in doubt: the article does not name it.

    A rule of the contract applies to its volets (`groupes`, empty: all) save some actions, to
    accounts by prefix, and, when it has words, to the wordings that say one of them. What the
    article names comes before what is in doubt.

    >>> from analyses.contrat.load import load_contrats
    >>> emploi = load_contrats("55")["emploi"]
    >>> ineligible_reason(emploi, "v2", "v2-7", "6132", "Location de salles")
    ('frais généraux : locations de salles (art. 4.2)', False)
    >>> ineligible_reason(emploi, "v2", "v2-7", "6132", "Loyer d'un atelier")
    ('frais généraux : locations autres que de salles, en doute, à décider (art. 4.2)', True)
    >>> ineligible_reason(emploi, "v2", "v2-8", "6132", "Loyer d'un studio")
    ('', False)
    """
    for rule in sorted(contrat.ineligibles, key=lambda rule: rule.doute):
        if _applies(rule, groupe, action, nature, objet):
            doubt = ", en doute, à décider" if rule.doute else ""
            return f"{rule.motif}{doubt} ({rule.article})", rule.doute
    return "", False


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
    postes: set[Poste],
) -> pd.DataFrame:
    """What is said of each assigned line (column `groupe` known) before any open reading.

    Columns: `regle_ineligible` (reason of the rule, '' when none), `doute` (that rule is in doubt),
    `decision`, `motif_decision`, `paie` (chapter 012), `paie_de` (whose pay, `postes` being those
    of temps_agents.csv).
    """
    rank, asked = _codes(lignes[["contrat", "groupe", "action", "nature", "objet_origine"]])
    reasons = [ineligible_reason(contrats[code], *rest) for code, *rest in asked]
    decision, reason = _verdicts(lignes, decisions)
    return pd.DataFrame(
        {
            "regle_ineligible": _spread(rank, [words for words, _ in reasons]),
            "doute": _spread(rank, [doubt for _, doubt in reasons]).astype(bool),
            "decision": decision,
            "motif_decision": reason,
            "paie": est_paie(lignes["nature"]),
            "paie_de": paie_de(lignes, postes),
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
    columns = ["exercice", "numero_mandat", "numero_ligne"]
    columns += ["exercice_origine", "numero_origine", "ligne_origine"]
    rows = lignes.loc[named, columns].itertuples(index=False, name=None)
    for place, row in zip(np.flatnonzero(named), rows, strict=True):
        for key in (row[:3], row[3:]):
            if key in decisions:
                decision[place], reason[place] = decisions[key]
                break
    return decision, reason


@cite(lectures=("frais-generaux-en-doute",))
def eligibility(
    lignes: pd.DataFrame,
    jugement: pd.DataFrame,
    contrats: Mapping[str, Contrat],
    couts: Mapping[Mois, int],
    lectures: Mapping[str, str],
) -> pd.DataFrame:
    """`motif_ineligible`, `montant_ecarte`, `montant_retenu` of each line, as the readings say.

    A decision wins over account, wording and period. What temps_agents.csv counts already (`couts`,
    by action and month) is set aside, not ineligible; what is left is retained.
    """
    rule = jugement["regle_ineligible"].astype(object)
    if lectures.get("frais-generaux-en-doute") == "retenir":
        rule = rule.where(~jugement["doute"], "")
    reason = rule.where(rule != "", hors_periode(lignes, contrats, lectures))
    reason = reason.where(jugement["decision"] != "eligible", "")
    reason = reason.where(jugement["decision"] != "ineligible", jugement["motif_decision"])
    eligible = reason == ""
    aside = pd.Series(0, index=lignes.index, dtype="int64")
    aside[eligible] = ecartes(lignes[eligible], jugement[eligible], couts, lectures)
    retained = lignes["montant_signe"].astype("int64").where(eligible, 0) - aside
    return pd.DataFrame(
        {"motif_ineligible": reason, "montant_ecarte": aside, "montant_retenu": retained}
    )


def en_doute(lignes: pd.DataFrame, jugement: pd.DataFrame) -> list[str]:
    """One note per action that has lines in doubt without a decision, with their amount."""
    asked = jugement["doute"] & (jugement["decision"] == "")
    notes = []
    for (contrat, action), own in lignes[asked].groupby(["contrat", "action"], sort=True):
        amount = euros(int(own["montant_signe"].sum()))
        notes.append(
            f"{contrat} {action} : {len(own)} ligne(s) en doute, {amount}, que l'article ne nomme "
            "pas ; décidez de chacune dans decisions_eligibilite.csv, avec le motif"
        )
    return notes
