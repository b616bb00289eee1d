"""`bilan controler-contrat`: every contradiction of the signed documents."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from analyses.commandes.options import add_departement, write_records

_WEIGHTS = {
    "chiffre": "Change un chiffre",
    "date_ou_devoir": "Change une date ou un devoir",
    "sens": "Change le sens d'un passage",
    "mots": "À part, affaire de mots (la même chose, dite autrement)",
}


def add(commands: Any) -> None:
    contract = commands.add_parser(
        "controler-contrat",
        help="liste les contradictions des contrats",
        description="Liste les contradictions des contrats signés, avec les deux sources, puis "
        "les lectures incertaines.",
    )
    add_departement(contract)
    contract.add_argument(
        "--csv", type=Path, metavar="FICHIER", help="écrit aussi les contradictions dans ce fichier"
    )
    contract.set_defaults(run=_check_contract)


def _check_contract(args: argparse.Namespace) -> int:
    from analyses.contrat.contradictions import (
        MOTS,
        Contradiction,
        find_contradictions,
        uncertain_readings,
    )
    from analyses.contrat.load import load_contrats
    from analyses.risque.trajectoire import load_trajectoires

    contrats = load_contrats(args.departement)
    curves = load_trajectoires(contrats)
    found = find_contradictions(contrats)
    if args.csv:
        write_records(args.csv, Contradiction, found)
    words = sum(row.poids == MOTS for row in found)
    print(
        f"{len(found) - words} contradictions dans les contrats du département "
        f"{args.departement} ; à part, {words} affaires de mots."
    )
    for weight, title in _WEIGHTS.items():
        rows = [row for row in found if row.poids == weight]
        print(f"\n{title} ({len(rows)})")
        for row in rows:
            print(f"- [{row.contrat}] {row.objet} ({row.code})")
            print(f"    {row.source_1} : {row.valeur_1}")
            print(f"    {row.source_2} : {row.valeur_2}")
            if row.conciliation:
                print(f"    ce qui les concilie : {row.conciliation}")
    doubts = uncertain_readings(contrats)
    print(f"\nLectures incertaines ({len(doubts)})")
    for doubt in doubts:
        cells = " | ".join(cell or "(vide)" for cell in doubt.imprime) or "aucune"
        print(
            f"- [{doubt.contrat}] {doubt.action}/{doubt.indicateur}, {doubt.source} : "
            f"{len(doubt.imprime)} cellule(s) sur {doubt.colonnes} ({cells}) ; {doubt.lecture}"
        )
    guessed = sum(bool(curve.lectures) for curve in curves.values())
    print(f"\nTrajectoires prévues : {len(curves)}, dont {guessed} où le texte laisse une lecture.")
    return 0
