"""`bilan controler`: read and check the files of a year, compute nothing."""

from __future__ import annotations

import argparse
from typing import Any

from analyses.commandes.options import add_scope


def add(commands: Any) -> None:
    check = commands.add_parser(
        "controler",
        help="contrôle les fichiers d'une année",
        description="Lit et contrôle les fichiers d'une année, sans rien calculer.",
    )
    add_scope(check)
    check.set_defaults(run=_check)


def _length(frame: Any) -> str:
    if frame is None:
        return "non renseigné"
    return f"{len(frame)} ligne{'s' if len(frame) > 1 else ''}"


def _check(args: argparse.Namespace) -> int:
    from analyses.bilan import check_years, open_depots
    from analyses.contrat.load import load_contrats
    from analyses.paths import RAW

    contrats = load_contrats(args.departement)
    check_years(contrats, [args.exercice], None)
    [depot] = open_depots(args.departement, [args.exercice], args.donnees or RAW, contrats)
    print(f"Département {args.departement}, exercice {args.exercice} : fichiers conformes.")
    if depot.simule:
        print("Données simulées")
    for title, frame in (
        ("mandats", depot.mandats),
        ("affectations", depot.affectations),
        ("recettes", depot.recettes),
        ("résultats des indicateurs", depot.resultats),
        ("justifications", depot.justifications),
        ("temps des agents", depot.temps_agents),
        ("engagements", depot.engagements),
        ("décisions d'éligibilité", depot.decisions_eligibilite),
        ("reports déclarés", depot.reports),
        ("formations de l'Académie", depot.formations),
        ("états d'avancement", depot.narratifs or None),
    ):
        words = _length(frame)
        print(f"- {title} : " + (words.replace("ligne", "texte") if "états" in title else words))
    print("Provenance :")
    for source in depot.sources:
        kind = {"reelle": "données réelles", "simulee": "données simulées"}.get(source.nature or "")
        known = [
            part
            for part in (
                source.producteur,
                f"reçu le {source.recu_le}" if source.recu_le else "",
                kind,
            )
            if part
        ]
        print(f"- {source.fichier} : {', '.join(known) or 'provenance non renseignée'}")
    warnings = list(depot.controles)
    print(f"Points d'attention : {len(warnings) or 'aucun'}")
    for warning in warnings:
        print(f"- {warning}")
    return 0
