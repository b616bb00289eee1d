"""`bilan importer saisie`: read the workbooks that came back, merge them into the year's files."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from analyses.commandes.options import add_departement, day, year
from analyses.socle.problems import BilanError, Problem


def add(sources: Any) -> None:
    source = sources.add_parser(
        "saisie",
        help="importe les classeurs de saisie que les pilotes ont renvoyés",
        description="Lit un ou plusieurs classeurs de saisie et les fond dans les fichiers de "
        "l'année : tout, ou rien si une cellule pose problème. Chaque version reçue est gardée "
        "dans saisies_recues/.",
    )
    source.add_argument(
        "fichiers",
        nargs="+",
        type=Path,
        metavar="FICHIER",
        help="classeur reçu, ou dossier de classeurs reçus",
    )
    source.add_argument(
        "--exercice",
        type=year,
        default=None,
        metavar="ANNEE",
        help="année attendue (par défaut : celle des classeurs)",
    )
    add_departement(source)
    source.add_argument(
        "--donnees",
        "--vers",
        type=Path,
        default=None,
        metavar="DOSSIER",
        help="dossier des données à compléter (par défaut : data/raw)",
    )
    source.add_argument(
        "--recu-le",
        type=day,
        default=None,
        metavar="AAAA-MM-JJ",
        help="date de réception (par défaut : aujourd'hui)",
    )
    source.add_argument(
        "--remplacer",
        action="store_true",
        help="les réponses de ces classeurs remplacent celles déjà importées (fichier corrigé "
        "par un pilote)",
    )
    source.add_argument(
        "--accepter-ecarts",
        action="store_true",
        help="importe malgré une feuille supprimée, une ligne déplacée ou une cible modifiée",
    )
    source.set_defaults(run=_import)


def _show(title: str, problems: Sequence[Problem]) -> None:
    if problems:
        print(f"{title} ({len(problems)})")
        for problem in problems:
            print(f"- {problem}")


def expand(paths: Sequence[Path]) -> list[Path]:
    """The files asked for: a folder stands for its workbooks, `*` is expanded (PowerShell leaves
    it to the command).

    >>> [path.name for path in expand([Path("a.xlsx")])]
    ['a.xlsx']
    """
    files: list[Path] = []
    for path in paths:
        if path.is_dir():
            found = sorted(path.glob("*.xls*"))
        elif "*" in path.name:
            found = sorted(path.parent.glob(path.name))
        else:
            found = [path]
        files += [one for one in found if not one.name.startswith("~$")] or [path]
    return files


def _import(args: argparse.Namespace) -> int:
    from analyses.bilan import data_folder
    from analyses.saisie.importation import importer
    from analyses.socle.paths import RAW

    outcome = importer(
        expand(args.fichiers),
        args.departement,
        args.exercice,
        data_folder(args.donnees or RAW),
        date.fromisoformat(args.recu_le) if args.recu_le else date.today(),
        args.remplacer,
        args.accepter_ecarts,
    )
    _show("Questions au pilote", outcome.questions)
    _show("Remarques", outcome.notes)
    if outcome.problemes:
        print("Rien n'a été importé.")
        raise BilanError(outcome.problemes)
    if outcome.simule:
        print("Données simulées")
    for name in outcome.deja:
        print(f"{name} : déjà importé, rien n'a changé (--remplacer reprend ses réponses)")
    _show("Réponses remplacées", outcome.remplacees)
    if outcome.lus and outcome.dossier is not None:
        count = len(outcome.lus)
        print(
            f"{count} classeur{'s' if count > 1 else ''} importé{'s' if count > 1 else ''} dans "
            f"{outcome.dossier.relatif} : {outcome.nouvelles} cellule(s) nouvelle(s), "
            f"{len(outcome.remplacees)} remplacée(s)."
        )
    return 0
