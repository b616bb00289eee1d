"""Rows that the rules fill in tableaux.xlsx: pillars of art. 3, balances of the volets."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from analyses.contrat.citations import clause_of
from analyses.regles.moteur import advances
from analyses.regles.solidarites import pillars
from analyses.rendu.gabarits import MISSING, Value


def _euros(centimes: int | None) -> Value:
    return MISSING if centimes is None else Fraction(centimes, 100)


def pillar_rows(contrat: Any, exercice: int, regles: Any) -> list[dict[str, Any]]:
    """One row per pillar of art. 3 for an exercise, with the axe of annexe 3 beside it.

    >>> from analyses.contrat.load import load_contrats
    >>> [row["article"] for row in pillar_rows(load_contrats("55")["solidarites"], 2024, None)]
    [Fraction(103194, 1), Fraction(105993, 1), Fraction(170002, 1)]
    """
    terms = contrat if regles is None else regles.contrats.get(exercice, {}).get(contrat.code)
    if terms is None:
        return []
    printed = {
        i.code: i.montant
        for i in terms.imprimes
        if (i.niveau, i.financeur, i.exercice) == ("axe", "etat", exercice)
    }
    return [
        {
            "pilier": v.clause.libelle,
            "imputation": terms.groupes[v.groupe].imputation,
            "axe": terms.groupes[v.groupe].libelle,
            "article": _euros(v.article),
            "annexe_3": _euros(v.annexe_3),
            "imprime_axe": _euros(printed.get(terms.groupes[v.groupe].code_public)),
            "imprime": {},
        }
        for v in pillars(terms, exercice)
        if v.groupe
    ]


def balance_rows(contrat: Any, exercice: int, regles: Any) -> list[dict[str, Any]]:
    """One row per volet whose balance is due on an exercise (emploi art. 6)."""
    rows = []
    for groupe in contrat.groupes if regles is not None else ():
        solde = regles.soldes.get((exercice, contrat.code, groupe))
        if solde is None:
            continue
        terms = regles.contrats[exercice][contrat.code]
        planned = [advances(terms, year)[groupe] for year in solde.exercices]
        known = [amount for amount in planned if amount is not None]
        due = clause_of(terms, "solde", groupe)
        rows.append(
            {
                "volet": f"{groupe} – {terms.groupes[groupe].libelle}",
                "imputation": terms.groupes[groupe].imputation,
                "exercices": " et ".join(map(str, solde.exercices)),
                "plafond": _euros(solde.plafond),
                "avance": _euros(sum(known) if known else None),
                "verse": _euros(solde.verse),
                "cout": _euros(solde.cout),
                "tiers": _euros(solde.tiers),
                "base": _euros(solde.base),
                "taux": MISSING if solde.taux is None else solde.taux,
                "du": _euros(solde.du),
                "echeance": str(due.valeur) if due is not None else "",
                "imprime": {},
            }
        )
    return rows
