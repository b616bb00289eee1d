"""`bilan saisie`: write the workbooks to send to the pilots, or say who has answered."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analyses.commandes.options import add_scope

if TYPE_CHECKING:
    from analyses.saisie.envoi import Campagne


def add(commands: Any) -> None:
    collect = commands.add_parser(
        "saisie",
        help="écrit le classeur de saisie des résultats",
        description="Écrit le classeur Excel à envoyer aux pilotes : une feuille par action, ses "
        "cibles, les cellules à remplir. Les réponses déjà importées y sont, pour être corrigées. "
        "« bilan importer saisie » le relit.",
    )
    add_scope(collect)
    collect.add_argument(
        "--action",
        nargs="+",
        default=[],
        metavar="ACTION",
        help="actions demandées : <contrat>-<action>, ou <contrat>-nat pour les indicateurs "
        "nationaux (par défaut : toutes)",
    )
    collect.add_argument(
        "--un-par-action", action="store_true", help="écrit un classeur par action"
    )
    collect.add_argument(
        "--etat",
        action="store_true",
        help="n'écrit pas de classeur : dit qui a répondu, action par action, et l'écrit dans "
        "etat-saisie.csv",
    )
    collect.add_argument(
        "--sortie",
        type=Path,
        default=None,
        metavar="DOSSIER",
        help="dossier où écrire (par défaut : reports/<exercice>/<departement>/saisie)",
    )
    collect.set_defaults(run=_collect)


def _shown(path: Path) -> str:
    """A path for a message, short when it lies under the current folder."""
    full, here = path.resolve(), Path.cwd()
    return (full.relative_to(here) if full.is_relative_to(here) else path).as_posix()


def _collect(args: argparse.Namespace) -> int:
    from analyses.bilan import data_folder
    from analyses.saisie.envoi import campagne, envoyer
    from analyses.socle.paths import RAW, REPORTS

    campaign = campagne(args.departement, args.exercice, data_folder(args.donnees or RAW))
    folder = args.sortie or REPORTS / str(args.exercice) / args.departement / "saisie"
    if campaign.simule:
        print("Données simulées")
    if args.etat:
        return _state(campaign, folder, args.action)
    written = envoyer(campaign, folder, args.action, args.un_par_action)
    print(f"{len(written)} classeur{'s' if len(written) > 1 else ''} dans {_shown(folder)} :")
    for path in written:
        print(f"- {path.name}")
    return 0


def _state(campaign: Campagne, folder: Path, actions: list[str]) -> int:
    from analyses.saisie.dossier import ecrire
    from analyses.saisie.etat import STATUTS, etat, summary, to_csv
    from analyses.saisie.modele import choose

    rows = etat(campaign.dossier, choose(campaign.feuilles, actions))
    print(f"Saisie {campaign.exercice}, {summary(rows)}")
    for row in rows:
        received = f", reçu le {row.recu_le} ({row.version})" if row.version else ""
        service = f", {row.service}" if row.service else ""
        missing = f" ; il manque : {row.manque}" if row.manque and row.reponses else ""
        print(
            f"- {row.contrat} {row.action} : {STATUTS[row.statut]}, {row.reponses} / "
            f"{row.attendues}{received}{service}{missing}"
        )
    ecrire(folder, {folder / "etat-saisie.csv": to_csv(rows)})
    print(f"Écrit : {_shown(folder / 'etat-saisie.csv')}")
    return 0
