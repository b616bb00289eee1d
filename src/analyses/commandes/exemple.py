"""`bilan exemple`: write the simulated example."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from analyses.commandes.options import add_departement


def add(commands: Any) -> None:
    example = commands.add_parser(
        "exemple",
        help="écrit l'exemple simulé",
        description="Écrit les données simulées de l'exemple.",
    )
    example.add_argument(
        "--sortie",
        type=Path,
        default=None,
        metavar="DOSSIER",
        help="dossier où écrire (par défaut : data/raw)",
    )
    add_departement(example)
    example.set_defaults(run=_example)


def _example(args: argparse.Namespace) -> int:
    from analyses.exemple.simulate import write_example
    from analyses.socle.paths import RAW

    written = write_example(args.sortie or RAW, args.departement)
    print(f"Données simulées : {len(written)} fichiers écrits.")
    return 0
