"""`bilan produire`: run the notebooks of a bilan and put its report in place."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from analyses.commandes.options import add_departement, add_donnees, day, year
from analyses.contrat.exercices import par_defaut


def add(commands: Any) -> None:
    produce = commands.add_parser(
        "produire",
        help="produit un bilan dans reports/",
        description="Produit un bilan : carnets exécutés, pages HTML, "
        "tableaux Excel et resultats.csv.",
    )
    produce.add_argument(
        "--bilan",
        default="intermediaire",
        choices=["intermediaire", "final", "etat-avancement", "rapport-execution"],
        help="bilan à produire (par défaut : intermediaire)",
    )
    years = par_defaut()[1]
    produce.add_argument(
        "--exercice",
        type=year,
        default=None,
        metavar="ANNEE",
        help=f"année du bilan (par défaut : {years[0]} ; {years[-1]} pour le bilan final et le "
        "rapport d'exécution)",
    )
    add_departement(produce)
    add_donnees(produce)
    produce.add_argument(
        "--arrete-au",
        type=day,
        default=None,
        metavar="AAAA-MM-JJ",
        help="date d'arrêt des comptes (par défaut : tout l'exercice)",
    )
    produce.add_argument(
        "--sortie",
        type=Path,
        default=None,
        metavar="DOSSIER",
        help="dossier des bilans (par défaut : reports)",
    )
    produce.set_defaults(run=_produce)


def _produce(args: argparse.Namespace) -> int:
    from analyses.production.produce import WHOLE_PERIOD, Interrupted, produce
    from analyses.socle.paths import RAW, REPORTS

    years = par_defaut()[1]
    try:
        produce(
            args.bilan,
            args.exercice or years[-1 if args.bilan in WHOLE_PERIOD else 0],
            args.departement,
            args.arrete_au or "",
            args.donnees or RAW,
            args.sortie or REPORTS,
        )
    except Interrupted as stop:
        print("Interrompu : le bilan précédent est resté en place.", file=sys.stderr)
        return stop.code
    return 0
