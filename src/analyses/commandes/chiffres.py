"""`bilan chiffres`: every figure of an exercise, printed or written as CSV."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from analyses.commandes.options import add_scope, day


def add(commands: Any) -> None:
    command = commands.add_parser(
        "chiffres",
        help="donne tous les chiffres d'un exercice",
        description="Donne la table de tous les chiffres d'un exercice, au format de "
        "docs/resultats.md : à l'écran, ou dans un fichier.",
    )
    add_scope(command)
    command.add_argument(
        "--arrete-au",
        type=day,
        default=None,
        metavar="AAAA-MM-JJ",
        help="date d'arrêt des comptes (par défaut : tout l'exercice)",
    )
    command.add_argument(
        "--csv", type=Path, default=None, metavar="FICHIER", help="fichier à écrire"
    )
    command.set_defaults(run=_chiffres)


def _chiffres(args: argparse.Namespace) -> int:
    from analyses.bilan import load
    from analyses.socle.paths import RAW
    from analyses.socle.problems import unwritable

    b = load(
        args.departement,
        args.exercice,
        args.arrete_au or "",
        args.donnees or RAW,
        preparer=True,
    )
    table = b.resultats
    if b.simule:
        print("Données simulées")
    if args.csv is None:
        shown = table[table["statut"] == "calcule"]
        print(shown[["identifiant", "valeur", "unite", "article"]].to_string(index=False))
        print(f"{len(table)} chiffres, dont {len(shown)} calculés (--csv FICHIER les écrit tous)")
        return 0
    try:
        table.to_csv(args.csv, index=False, encoding="utf-8", lineterminator="\n")
    except OSError as error:
        expected = "un fichier où l'on peut écrire"
        raise unwritable(args.csv, error, "indiquez un autre fichier", expected) from None
    print(f"{args.csv.as_posix()} : {len(table)} chiffres")
    return 0
