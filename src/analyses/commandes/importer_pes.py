"""`bilan importer pes`: a folder of PES v2 files becomes mandats.csv, one per exercise."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analyses.commandes.options import add_departement, day
from analyses.socle.problems import unwritable

if TYPE_CHECKING:
    from analyses.importation.journal import Provenance
    from analyses.importation.rapport import CompteRendu


def add(sources: Any) -> None:
    pes = sources.add_parser(
        "pes",
        help="importe un dossier de fichiers PES (Hélios)",
        description="Lit un dossier de fichiers PES v2 de dépense (PES Aller : mandats ; "
        "PES Retour : paiements et rejets) et écrit mandats.csv pour chaque exercice. Un fichier "
        "déjà importé ne change rien ; un fichier modifié est refusé.",
    )
    pes.add_argument("dossier", type=Path, metavar="DOSSIER", help="dossier des fichiers PES")
    pes.add_argument(
        "--engagements",
        type=Path,
        nargs="+",
        default=[],
        metavar="FICHIER",
        help="exports du logiciel financier qui donnent le numéro d'engagement de chaque mandat, "
        "absent du PES",
    )
    pes.add_argument(
        "--correspondance",
        default="",
        metavar="NOM",
        help="correspondance des colonnes de --engagements : params/correspondances/NOM.yaml",
    )
    add_destination(pes, "PES Aller et Retour (Hélios)")
    pes.set_defaults(run=_run)


def add_destination(command: argparse.ArgumentParser, producteur: str) -> None:
    """Where an import writes, and what its sidecars say."""
    command.add_argument(
        "--vers",
        type=Path,
        default=None,
        metavar="DOSSIER",
        help="dossier des données, <departement>/<exercice>/… (par défaut : data/raw)",
    )
    add_departement(command)
    command.add_argument(
        "--nature",
        choices=["reelle", "simulee"],
        default="reelle",
        help="nature des données (par défaut : reelle)",
    )
    command.add_argument(
        "--producteur",
        default=producteur,
        metavar="NOM",
        help=f"qui a produit les fichiers (par défaut : {producteur})",
    )
    command.add_argument(
        "--recu-le",
        type=day,
        default=None,
        metavar="AAAA-MM-JJ",
        help="date de réception (par défaut : aujourd'hui)",
    )
    command.add_argument(
        "--remplacer",
        action="store_true",
        help="oublie les importations précédentes et repart de ces seuls fichiers",
    )


def importer(args: argparse.Namespace, lire: Callable[[Path, Provenance], CompteRendu]) -> int:
    """Import into the folder that the options tell, and say what was done."""
    from analyses.importation.journal import Provenance
    from analyses.socle.paths import RAW

    racine = args.vers or RAW
    received = args.recu_le or date.today().isoformat()
    source = Provenance(args.nature, args.producteur.strip() or "non renseigné", received)
    try:
        compte = lire(racine, source)
    except OSError as error:
        raise unwritable(racine, error, "indiquez un autre dossier avec --vers") from None
    _montrer(compte, args.departement)
    return 0


def _run(args: argparse.Namespace) -> int:
    from analyses.importation.correspondance import correspondance
    from analyses.importation.dossier_pes import importer_pes

    joined = None
    if args.engagements:
        joined = (args.engagements, correspondance(args.correspondance))
    return importer(
        args,
        lambda racine, source: importer_pes(
            args.dossier, racine, args.departement, source, args.remplacer, joined
        ),
    )


def _montrer(compte: CompteRendu, departement: str) -> None:
    """Tell what an import did: files, ledgers, rejected mandates, then what to look at."""
    from analyses.importation.mandats import enumerer
    from analyses.socle.fmt import euros

    print(f"Fichiers : {len(compte.lus)} importé(s), {len(compte.connus)} déjà importé(s).")
    for one in compte.registres:
        state = "écrit" if one.nouveau else "inchangé"
        print(
            f"- {departement}/{one.exercice}/mandats.csv : {state}, {one.lignes} ligne(s), "
            f"{euros(one.total)} nets des annulations"
        )
    if compte.rejets:
        total = sum(amount for *_, amount in compte.rejets)
        print(
            f"Mandats rejetés par le comptable, non repris : {len(compte.rejets)}, "
            f"{euros(total)} : {enumerer(compte.rejets)}"
        )
    notes = [*compte.notes, *compte.constats]
    print(f"Points d'attention : {len(notes) or 'aucun'}")
    for note in notes:
        print(f"- {note}")
    print(f"Compte rendu : {departement}/{compte.rapport}")
