"""What the risk comes to: by contract, what projections are made of, balances, two hypotheses.

Every amount, count and ratio that a page shows of the risk is a row here: pages compute nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date
from fractions import Fraction
from typing import Any

import pandas as pd

from analyses.contrat.citations import clause_of
from analyses.contrat.financeurs import ETAT
from analyses.contrat.model import Contrat
from analyses.execution.execution import Execution
from analyses.regles.emploi import advance, ceiling, settle
from analyses.risque.loi import CONTRIBUTIONS
from analyses.risque.risque import ENJEUX, TOTAL, Risque
from analyses.risque.scenario import STATUTS
from analyses.risque.situation import Situation

BORNES = ("projection", "bas", "haut")
COLONNES_CONTRATS = [
    *("contrat", "prevu", "realise", *BORNES, "part_realisee", "part_projetee"),
    *("etat_prevu", "non_consomme", "non_consomme_bas", "non_consomme_haut", *ENJEUX),
    *("encore_consommable", "jusqu_au", "reductible", "actions", "sous_le_seuil", *STATUTS),
]
COLONNES_CONTRIBUTIONS = [
    *("contrat", "action", *CONTRIBUTIONS, *BORNES, "prevu", "part_projetee"),
]
COLONNES_SOLDES = [
    *("contrat", "groupe", "plafond", "avance", "verse", *BORNES, "solde", "trop_percu"),
    "jusqu_au",
]
COLONNES_ECARTS = ["niveau", "code", "mesure", "avant", "apres", "ecart"]
Row = Mapping[Any, Any]


def part(amount: int | None, whole: int | None) -> Fraction | None:
    """What an amount is of another; None when one is unknown or nothing is planned.

    >>> part(1, 4), part(1, 0), part(None, 4)
    (Fraction(1, 4), None, None)
    """
    return None if amount is None or not whole else Fraction(amount, whole)


def lieu(risque: Risque, niveau: str, code: str, contrat: str, financeur: str = TOTAL) -> Row:
    """The row of a place and a funder; empty when nothing is projected there."""
    wanted = {"niveau": niveau, "code": code, "contrat": contrat, "financeur": financeur}
    rows = risque.lieux
    for column, value in wanted.items():
        rows = rows[rows[column] == value]
    return rows.iloc[0].to_dict() if len(rows) else {}


def par_contrat(risque: Risque) -> pd.DataFrame:
    """One row per contract: what will be consumed, the State's part of it, actions by status.

    Without any projection, what is known to be spent is said, and nothing else.
    """
    codes = dict.fromkeys(s.contrat for s in risque.situations)
    rows = [_contrat(risque, code) for code in codes]
    return pd.DataFrame(rows, columns=COLONNES_CONTRATS, dtype=object)


def _contrat(risque: Risque, code: str) -> dict[str, Any]:
    own = [s for s in risque.situations if s.contrat == code]
    count = Counter(risque.actions["statut"][risque.actions["contrat"] == code])
    row: dict[str, Any] = dict.fromkeys(COLONNES_CONTRATS) | {
        "contrat": code,
        "reductible": own[0].reductible,
        "actions": len(own),
        "sous_le_seuil": len(own) - count["rien_a_signaler"],
        **{status: count[status] for status in STATUTS},
    }
    whole = lieu(risque, "contrat", code, code)
    if not whole:
        spent = [s.realise for s in own if s.realise is not None]
        return row | {"realise": sum(spent) if spent else None}
    row |= {name: whole[name] for name in ("prevu", "realise", *BORNES)}
    row["part_realisee"] = part(whole["realise"], whole["prevu"])
    row["part_projetee"] = part(whole["projection"], whole["prevu"])
    state = lieu(risque, "contrat", code, code, ETAT)
    if state:
        amount, last = _plus_tard(risque, own)
        row |= {name: state[name] for name in ENJEUX} | {
            "etat_prevu": state["prevu"],
            "non_consomme": max(0, state["prevu"] - state["projection"]),
            "non_consomme_bas": max(0, state["prevu"] - state["haut"]),
            "non_consomme_haut": max(0, state["prevu"] - state["bas"]),
            "encore_consommable": amount,
            "jusqu_au": last,
        }
    return row


def _plus_tard(risque: Risque, own: list[Situation]) -> tuple[int, date | None]:
    """State credits at risk that can still be spent after the exercise, and until when."""
    later = {
        s.cle: s.consommable
        for s in own
        if s.consommable is not None and s.consommable.year > risque.exercice
    }
    stakes = risque.actions[["contrat", "action", "montant_a_risque"]]
    amount = sum(
        stake or 0
        for contrat, action, stake in stakes.itertuples(index=False)
        if (contrat, action) in later
    )
    return amount, max(later.values(), default=None)


def contributions(risque: Risque) -> pd.DataFrame:
    """What each projection is made of: one row per action, then one for its contract (action '').

    `engage` is None where no commitment is known, and in a total that lacks one.
    """
    silent = {s.cle for s in risque.situations if not s.clos and s.reste_engage is None}
    found = [row for row in risque.actions.to_dict("records") if row["projection"] is not None]
    rows: list[dict[Any, Any]] = []
    for code in dict.fromkeys(row["contrat"] for row in found):
        own = [
            row | {"engage": None} if (code, row["action"]) in silent else row
            for row in found
            if row["contrat"] == code
        ]
        sums = {name: _somme([row[name] for row in own]) for name in CONTRIBUTIONS}
        rows += [*own, dict(lieu(risque, "contrat", code, code)) | {"action": ""} | sums]
    for row in rows:
        row["part_projetee"] = part(row["projection"], row["prevu"])
    return pd.DataFrame(rows, columns=COLONNES_CONTRIBUTIONS, dtype=object)


def _somme(values: list[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if len(known) == len(values) else None


def soldes(risque: Risque, contrats: Mapping[str, Contrat], execution: Execution) -> pd.DataFrame:
    """What the rule of the balance would make of the projection, by volet that has one: ceiling,
    advance, balance or overpayment (emploi art. 6).

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
            left, over = settle(max(0, min(top, place["projection"])), paid)
            row = {
                "contrat": code,
                "groupe": key,
                "plafond": top,
                "avance": advance(contrat, key, risque.exercice),
                "verse": paid,
                "solde": left,
                "trop_percu": over,
                "jusqu_au": group.fin,
            }
            rows.append(row | {name: place[name] for name in BORNES})
    return pd.DataFrame(rows, columns=COLONNES_SOLDES, dtype=object)


def ecarts(avant: Risque, apres: Risque, contrats: list[str], action: str = "") -> pd.DataFrame:
    """Two hypotheses side by side: an action (« contrat/action ») first, then contracts.

    `ecart`: after minus before of amounts and counts; None for a word, a probability, the two ends
    of an interval. A contract without projection, or without State credits, says nothing of them.
    """
    rows: list[tuple[Any, ...]] = []
    if action:
        old, new = (_action(risque, action) for risque in (avant, apres))
        names = ("projection", "intervalle", "probabilite", "statut", "montant_a_risque")
        rows += [_ecart("action", action, name, old[name], new[name]) for name in names]
    before, after = (par_contrat(risque).set_index("contrat") for risque in (avant, apres))
    rows += [
        _ecart("contrat", code, name, before[name][code], after[name][code])
        for code in contrats
        if before["projection"][code] is not None
        for name in ("projection", "manifeste", *ENJEUX)
        if before[name][code] is not None
    ]
    return pd.DataFrame(rows, columns=COLONNES_ECARTS, dtype=object)


def _ecart(niveau: str, code: str, mesure: str, avant: Any, apres: Any) -> tuple[Any, ...]:
    counted = isinstance(avant, int) and isinstance(apres, int)
    return niveau, code, mesure, avant, apres, apres - avant if counted else None


def _action(risque: Risque, code: str) -> Row:
    rank = [s.code for s in risque.situations].index(code)
    row = risque.actions.iloc[rank].to_dict()
    return row | {"intervalle": (row["bas"], row["haut"])}
