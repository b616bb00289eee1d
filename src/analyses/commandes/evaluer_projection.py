"""`bilan evaluer-projection`: measure the projection on a file of monthly budget execution."""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path
from typing import Any

from analyses.commandes.options import year
from analyses.socle.problems import BilanError, Problem, unwritable


def add(commands: Any) -> None:
    evaluate = commands.add_parser(
        "evaluer-projection",
        help="mesure la projection sur une exécution budgétaire passée",
        description="Projette chaque ligne de budget au 31 décembre, chaque mois de chaque année, "
        "à partir des seules années antérieures du fichier, et compare au réalisé : erreur, "
        "biais, intervalles, face à trois méthodes simples. Colonnes du fichier : line_id, year, "
        "month, budget, committed (facultative), spent, en cumul depuis le 1er janvier ; autres "
        "titres acceptés dans params/execution.yaml.",
    )
    evaluate.add_argument("fichier", type=Path, metavar="FICHIER", help="exécution mensuelle (CSV)")
    evaluate.add_argument(
        "--sortie",
        type=Path,
        default=None,
        metavar="DOSSIER",
        help="écrit aussi mesures.csv, evaluation.html, les images et predictions.csv",
    )
    evaluate.add_argument(
        "--colonnes",
        type=_column,
        nargs="+",
        default=[],
        metavar="CHAMP=TITRE",
        help="colonne à lire pour un champ, par exemple budget=credits_ouverts",
    )
    evaluate.add_argument(
        "--lignes",
        type=_pattern,
        default="",
        metavar="MOTIF",
        help="ne lit que les lignes dont l'identifiant contient cette expression régulière, "
        "par exemple '[12467]$' (par défaut : toutes)",
    )
    evaluate.add_argument(
        "--annees",
        type=_years,
        default=None,
        metavar="AAAA,…",
        help="années à projeter (par défaut : toutes celles qui en ont une antérieure ; sans "
        "année antérieure, les paramètres de référence projettent seuls)",
    )
    evaluate.add_argument(
        "--mois",
        type=_months,
        default=tuple(range(1, 12)),
        metavar="M,…",
        help="mois où projeter, de 1 à 11 (par défaut : tous ceux du fichier)",
    )
    evaluate.add_argument(
        "--budget-minimum",
        type=_amount,
        default=0,
        metavar="MONTANT",
        help="ne projette que les lignes de budget supérieur, à la date (par défaut : 0)",
    )
    evaluate.set_defaults(run=_evaluate)


def _column(text: str) -> tuple[str, str]:
    from analyses.projection.lecture import CHAMPS

    name, _, title = text.partition("=")
    if name not in CHAMPS or not title.strip():
        raise argparse.ArgumentTypeError(
            f"CHAMP=TITRE est attendu, CHAMP parmi {', '.join(CHAMPS)} ; trouvé « {text} »"
        )
    return name, title


def _pattern(text: str) -> str:
    try:
        re.compile(text)
    except re.error:
        raise argparse.ArgumentTypeError(
            f"une expression régulière est attendue, trouvé « {text} »"
        ) from None
    return text


def _years(text: str) -> frozenset[int]:
    return frozenset(year(part.strip()) for part in text.split(","))


def _months(text: str) -> tuple[int, ...]:
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isascii() and part.isdigit() and 1 <= int(part) <= 11 for part in parts):
        raise argparse.ArgumentTypeError(f"des mois de 1 à 11 sont attendus, trouvé « {text} »")
    return tuple(sorted({int(part) for part in parts}))


def _amount(text: str) -> int:
    from analyses.depot.cellules import Unreadable
    from analyses.projection.lecture import lire_nombre

    try:
        amount = lire_nombre(text)
    except Unreadable:
        amount = -1
    if amount < 0:
        raise argparse.ArgumentTypeError(
            f"un montant positif ou nul est attendu, trouvé « {text} »"
        )
    return amount


def _nothing(fichier: str, lignes: Any, args: argparse.Namespace) -> BilanError:
    """Why no prediction could be made."""
    full = sorted(set(lignes.loc[lignes["month"] == 12, "year"]))
    if not full:
        expected, found = "au moins une année jusqu'à décembre", "aucun mois de décembre"
        remedy = "ajoutez les mois de décembre : sans réalisé final, rien ne se juge"
    elif args.annees is None and len(full) == 1:
        expected, found = "une année antérieure à celle qu'on projette", f"la seule année {full[0]}"
        remedy = (
            f"ajoutez une année, ou --annees {full[0]} pour la projeter avec les seuls paramètres "
            "de référence"
        )
    else:
        expected = "des lignes à projeter"
        found = "aucune pour ces années, ces mois et ce budget minimum"
        remedy = "élargissez --annees, --mois ou --budget-minimum"
    return BilanError([Problem(fichier, None, "", expected, found, remedy)])


def _evaluate(args: argparse.Namespace) -> int:
    from analyses.projection.evaluation import Choix, predire
    from analyses.projection.lecture import lire_execution
    from analyses.projection.parametres import load_modele
    from analyses.projection.rapport import Rapport, ecrire, texte

    modele = load_modele()
    execution = lire_execution(args.fichier, dict(args.colonnes), args.lignes)
    live = sys.stderr.isatty()

    def progress(month: int) -> None:
        if live:
            print(f"\rmois {month:2d}…", end="", file=sys.stderr, flush=True)

    choix = Choix(args.annees, args.mois, args.budget_minimum)
    predictions = predire(execution.lignes, modele, choix, progress)
    if live:
        print("\r\033[K", end="", file=sys.stderr)
    if predictions.empty:
        raise _nothing(execution.fichier, execution.lignes, args)
    rapport = Rapport(execution.fichier, predictions, execution.remarques)
    print(texte(rapport))
    if args.sortie:
        try:
            written = ecrire(rapport, args.sortie)
        except OSError as error:
            raise unwritable(
                args.sortie, error, "indiquez un autre dossier avec --sortie"
            ) from None
        print(f"Écrit dans {args.sortie.as_posix()} : {', '.join(written)}.")
    return 0
