"""What the risk comes to: actions by status, reasons, balances, two hypotheses side by side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd

from analyses.contrat.citations import clause_of
from analyses.contrat.financeurs import ETAT
from analyses.contrat.model import Contrat
from analyses.execution.execution import Execution
from analyses.regles.emploi import ceiling, settle
from analyses.risque.risque import ENJEUX, TOTAL, Risque
from analyses.risque.scenario import STATUTS, plus_exposee, scenario

COLONNES_EFFECTIFS = ["contrat", "groupe", "actions", "sous_le_seuil", *STATUTS]
COLONNES_SOLDES = ["contrat", "groupe", "solde", "trop_percu"]
COLONNES_ECARTS = ["niveau", "contrat", "code", "mesure", "avant", "apres", "ecart"]
Row = Mapping[Any, Any]


def lieu(risque: Risque, niveau: str, code: str, contrat: str, financeur: str = TOTAL) -> Row:
    """The row of a place and a funder; empty when nothing is projected there."""
    wanted = {"niveau": niveau, "code": code, "contrat": contrat, "financeur": financeur}
    rows = risque.lieux
    for column, value in wanted.items():
        rows = rows[rows[column] == value]
    return rows.iloc[0].to_dict() if len(rows) else {}


def effectifs(risque: Risque) -> pd.DataFrame:
    """Number of actions by status: one row per contract (groupe ''), then per axe or volet that
    has not ended before the exercise."""
    ended = {s.cle for s in risque.situations if s.terminee}
    cles = zip(risque.actions["contrat"], risque.actions["action"], strict=True)
    judged = risque.actions[np.array([cle not in ended for cle in cles], dtype=bool)]
    rows = []
    for contrat, own in judged.groupby("contrat", sort=False):
        parts = [("", own), *own.groupby("groupe", sort=False)]
        for groupe, inside in parts:
            count = Counter(inside["statut"])
            below = len(inside) - count["rien_a_signaler"]
            statuts = [count[status] for status in STATUTS]
            rows.append((contrat, groupe, len(inside), below, *statuts))
    return pd.DataFrame(rows, columns=COLONNES_EFFECTIFS, dtype=object)


def raisons(risque: Risque) -> pd.DataFrame:
    """Why each action has its status, and the words of the agents that the reason does not say."""
    columns = risque.actions[["contrat", "action", "raison", "justification"]]
    rows = [
        (contrat, action, why if not told or told in why else f"{why}. « {told} »")
        for contrat, action, why, told in columns.itertuples(index=False)
    ]
    return pd.DataFrame(rows, columns=["contrat", "code", "pourquoi"], dtype=object)


def soldes(risque: Risque, contrats: Mapping[str, Contrat], execution: Execution) -> pd.DataFrame:
    """What the rule of the balance would make of the projection, by volet that has one: balance or
    overpayment (emploi art. 6).

    The State owes what it is projected to bear, within the ceiling; what it has paid is deducted.
    """
    rows = []
    for code, contrat in contrats.items():
        for key, group in contrat.groupes.items():
            top = ceiling(contrat, key, risque.exercice)
            place = lieu(risque, group.niveau, group.code_public, code, ETAT)
            if clause_of(contrat, "solde", key) is None or top is None or not place:
                continue
            paid = execution.verse_groupe.get((code, key))
            rows.append((code, key, *settle(max(0, min(top, place["projection"])), paid)))
    return pd.DataFrame(rows, columns=COLONNES_SOLDES, dtype=object)


def et_si(
    risque: Risque,
    contrats: Mapping[str, Contrat],
    action: str = "",
    decaler: int = 0,
    engager: int | str = 0,
    seuil: str | float | Fraction | None = None,
) -> pd.DataFrame:
    """What is projected beside a hypothesis (see `scenario`); a delay or a commitment is that of
    the most exposed action when none is named.

    No row where nothing can move: no projection, a closed exercise, no action exposed.
    """
    moved = bool(decaler or engager)
    if moved and not action:
        action = plus_exposee(risque)
    if not risque.lois or (moved and (risque.au is None or not action)):
        return pd.DataFrame(columns=COLONNES_ECARTS, dtype=object)
    after = scenario(risque, contrats, action, decaler, engager, seuil)
    everywhere = dict.fromkeys(s.contrat for s in risque.situations)
    own = [action.partition("/")[0]] if action else list(everywhere)
    return ecarts(risque, after, own, action)


def ecarts(avant: Risque, apres: Risque, contrats: list[str], action: str = "") -> pd.DataFrame:
    """Two hypotheses side by side: an action (« contrat/action ») first, then contracts.

    `ecart`: after minus before of amounts and counts; None for a word, a probability, the two ends
    of an interval. A contract without projection, or without State credits, says nothing of them.
    """
    rows: list[tuple[Any, ...]] = []
    if action:
        old, new = (_action(risque, action) for risque in (avant, apres))
        names = ("projection", "intervalle", "probabilite", "statut", "montant_a_risque")
        place = ("action", *action.split("/", 1))
        rows += [(*place, name, *_ecart(old[name], new[name])) for name in names]
    for code in contrats:
        old, new = (_contrat(risque, code) for risque in (avant, apres))
        rows += [
            ("contrat", code, code, name, *_ecart(old[name], new[name]))
            for name in old
            if old["projection"] is not None and old[name] is not None
        ]
    return pd.DataFrame(rows, columns=COLONNES_ECARTS, dtype=object)


def _ecart(avant: Any, apres: Any) -> tuple[Any, ...]:
    counted = isinstance(avant, int) and isinstance(apres, int)
    return avant, apres, apres - avant if counted else None


def _action(risque: Risque, code: str) -> Row:
    rank = [s.code for s in risque.situations].index(code)
    row = risque.actions.iloc[rank].to_dict()
    return row | {"intervalle": (row["bas"], row["haut"])}


def _contrat(risque: Risque, code: str) -> Row:
    whole, state = (lieu(risque, "contrat", code, code, name) for name in (TOTAL, ETAT))
    own = risque.actions["contrat"] == code
    manifest = int((risque.actions["statut"][own] == "manifeste").sum())
    stakes = {name: state.get(name) for name in ENJEUX}
    return {"projection": whole.get("projection"), "manifeste": manifest} | stakes
