"""`bilan importer finance`: exports of a finance software become mandats.csv, one per exercise."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from analyses.commandes.importer_pes import add_destination, importer
from analyses.commandes.options import year


def add(sources: Any) -> None:
    finance = sources.add_parser(
        "finance",
        help="importe des exports d'un logiciel financier (CSV, XLSX)",
        description="Lit des exports CSV ou XLSX à travers une correspondance "
        "(params/correspondances/NOM.yaml) et écrit mandats.csv pour chaque exercice. Une ligne "
        "déjà importée ne change rien, ou reçoit sa date de paiement et son engagement ; une ligne "
        "modifiée est refusée.",
    )
    finance.add_argument(
        "fichiers", type=Path, nargs="+", metavar="FICHIER", help="export CSV ou XLSX"
    )
    finance.add_argument(
        "--correspondance",
        required=True,
        metavar="NOM",
        help="correspondance des colonnes : params/correspondances/NOM.yaml",
    )
    finance.add_argument(
        "--exercice",
        type=year,
        default=None,
        metavar="ANNEE",
        help="exercice des lignes, quand l'export n'a pas cette colonne",
    )
    add_destination(finance, "export du logiciel financier")
    finance.set_defaults(run=_run)


def _run(args: argparse.Namespace) -> int:
    from analyses.importation.correspondance import correspondance
    from analyses.importation.finance import importer_finance

    modele = correspondance(args.correspondance)
    return importer(
        args,
        lambda racine, source: importer_finance(
            args.fichiers,
            modele,
            racine,
            args.departement,
            source,
            exercice=args.exercice,
            remplacer=args.remplacer,
        ),
    )
