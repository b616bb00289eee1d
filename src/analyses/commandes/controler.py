"""`bilan controler`: read, check and prepare the files of a year, compute nothing."""

from __future__ import annotations

import argparse
from datetime import date
from typing import Any

from analyses.commandes.options import add_scope


def add(commands: Any) -> None:
    check = commands.add_parser(
        "controler",
        help="contrôle les fichiers d'une année",
        description="Lit et contrôle les fichiers d'une année et prépare ses tables "
        "(data/processed), sans rien calculer.",
    )
    add_scope(check)
    check.set_defaults(run=_check)


def _length(frame: Any, unit: str) -> str:
    if frame is None:
        return "non renseigné"
    return f"{len(frame)} {unit}{'s' if len(frame) > 1 else ''}"


def _check(args: argparse.Namespace) -> int:
    from analyses.bilan import check_years, open_depots
    from analyses.contrat.load import load_contrats
    from analyses.socle import fmt
    from analyses.socle.paths import RAW, prepared_folder

    check_years(load_contrats(args.departement), [args.exercice], None)
    folder = args.donnees or RAW
    [depot] = open_depots(args.departement, [args.exercice], folder, preparer=True)
    print(f"Département {args.departement}, exercice {args.exercice} : fichiers conformes.")
    if depot.simule:
        print("Données simulées")
    for title, frame, unit in (
        ("mandats", depot.mandats, "ligne"),
        ("affectations", depot.affectations, "ligne"),
        ("recettes", depot.recettes, "ligne"),
        ("résultats des indicateurs", depot.resultats, "ligne"),
        ("justifications", depot.justifications, "ligne"),
        ("temps des agents", depot.temps_agents, "ligne"),
        ("engagements", depot.engagements, "ligne"),
        ("décisions d'éligibilité", depot.decisions_eligibilite, "ligne"),
        ("reports déclarés", depot.reports, "ligne"),
        ("formations de l'Académie", depot.formations, "ligne"),
        ("états d'avancement", depot.narratifs or None, "texte"),
    ):
        print(f"- {title} : {_length(frame, unit)}")
    print("Provenance :")
    for source in depot.sources:
        known = "provenance non renseignée"
        if source.nature and source.recu_le:
            kind = {"reelle": "réelles", "simulee": "simulées"}[source.nature]
            day = fmt.date(date.fromisoformat(source.recu_le))
            known = f"{source.producteur}, reçu le {day}, données {kind}"
        print(f"- {source.fichier} : {known}")
    warnings = list(depot.controles)
    print(f"Points d'attention : {len(warnings) or 'aucun'}")
    for warning in warnings:
        print(f"- {warning}")
    target = prepared_folder(args.departement, args.exercice, folder)
    print(f"Rapport de qualité : {target / 'qualite.html'}")
    return 0
