"""What a notebook shows that is no figure: files, warnings, contradictions, dates, clauses.

Each function gives a table, one row by what it lists, for `montrer`.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import TYPE_CHECKING

import pandas as pd

from analyses.contrat.contradictions import uncertain_readings
from analyses.socle import fmt
from analyses.socle.tables import objects

if TYPE_CHECKING:
    from analyses.bilan import Bilan

_NATURES = {"reelle": "réelle", "simulee": "simulée"}


def sources(b: Bilan) -> pd.DataFrame:
    """Each file of the exercises and of those before, and where it comes from."""
    rows = [
        {
            "exercice": depot.exercice,
            "fichier": source.fichier,
            "nature_fichier": _NATURES.get(source.nature or "", "provenance non renseignée"),
            "producteur": source.producteur,
            "recu_le": _received(source.recu_le),
            "empreinte": source.sha256[:12],
        }
        for depot in [*b.anterieurs, *b.depots]
        for source in depot.sources
    ]
    columns = ["exercice", "fichier", "nature_fichier", "producteur", "recu_le", "empreinte"]
    return objects(rows, columns)


def _received(text: str | None) -> str | None:
    """The day a file was received, in words when it is a date."""
    try:
        return fmt.date(date.fromisoformat(str(text)))
    except ValueError:
        return text


def controles(b: Bilan) -> pd.DataFrame:
    """Each warning raised while reading the files."""
    rows = [
        {"exercice": depot.exercice, "signalement": str(warning)}
        for depot in b.depots
        for warning in depot.controles
    ]
    return objects(rows, ["exercice", "signalement"])


def contradictions(b: Bilan) -> pd.DataFrame:
    """Each thing that the signed documents say in two ways, both values kept, and what the texts
    themselves say that reconciles them."""
    columns = ["code_contradiction", "contrat", "poids", "objet"]
    columns += ["source_1", "valeur_1", "source_2", "valeur_2", "conciliation"]
    rows = [
        asdict(one) | {"code_contradiction": one.code, "conciliation": one.conciliation or "rien"}
        for one in b.contradictions
    ]
    return objects(rows, columns)


def lectures_incertaines(b: Bilan) -> pd.DataFrame:
    """Each row of an indicator's table whose empty cells the text does not place."""
    rows = [
        {
            "contrat": one.contrat,
            "indicateur": f"{one.action}/{one.indicateur}",
            "source": one.source,
            "cellules": " | ".join(one.imprime) or "aucune",
            "colonnes": one.colonnes,
            "lecture_retenue": one.lecture,
        }
        for one in uncertain_readings(b.contrats)
    ]
    return objects(
        rows, ["contrat", "indicateur", "source", "cellules", "colonnes", "lecture_retenue"]
    )


def echeances(b: Bilan) -> pd.DataFrame:
    """Each date that a contract sets, with its article."""
    rows = [
        {"contrat": code, "date": e.date, "echeance": e.libelle, "article": e.article}
        for code, contrat in b.contrats.items()
        for e in sorted(contrat.echeances, key=lambda e: e.date)
    ]
    return objects(rows, ["contrat", "date", "echeance", "article"])


def versions(b: Bilan) -> pd.DataFrame:
    """The version of each contract that the figures of an exercise use (avenants)."""
    rows = [
        {
            "exercice": year,
            "contrat": code,
            "version": contrat.version.code,
            "libelle_version": contrat.version.libelle,
            "effet": contrat.version.effet,
            "signature": contrat.version.signature,
            "source": contrat.version.source,
        }
        for year in b.exercices
        for code, contrat in b.regles.contrats[year].items()
        if code in b.contrats
    ]
    return objects(
        rows, ["exercice", "contrat", "version", "libelle_version", "effet", "signature", "source"]
    )


def decisions(b: Bilan) -> pd.DataFrame:
    """Ledger lines under an explicit decision: the rule that it overrules, its date and reason."""
    words = {"eligible": "éligible", "ineligible": "inéligible"}
    return b.decisions.assign(
        regle_ineligible=b.decisions["regle_ineligible"].replace("", "aucune"),
        decision=b.decisions["decision"].replace(words),
    )


def clauses(b: Bilan) -> pd.DataFrame:
    """Each clause that computes or sets a duty."""
    rows = [
        {"contrat": code, "article": clause.article, "clause": clause.libelle}
        for code, contrat in b.contrats.items()
        for clause in contrat.clauses.values()
    ]
    return objects(rows, ["contrat", "article", "clause"])
