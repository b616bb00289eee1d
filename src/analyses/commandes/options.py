"""Options and readers of values that several commands share."""

from __future__ import annotations

import argparse
import csv
from collections.abc import Sequence
from dataclasses import astuple, fields
from datetime import date
from pathlib import Path
from typing import Any

from analyses.contrat.exercices import par_defaut
from analyses.socle.problems import unwritable


def day(text: str) -> str:
    try:
        if len(text) != 10:
            raise ValueError
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"une date AAAA-MM-JJ est attendue, trouvé « {text} »"
        ) from None


def year(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) == 4):
        raise argparse.ArgumentTypeError(f"une année est attendue, trouvé « {text} »")
    return int(text)


def add_departement(command: argparse.ArgumentParser) -> None:
    code = par_defaut()[0]
    command.add_argument(
        "--departement",
        default=code,
        metavar="CODE",
        help=f"code du département (par défaut : {code})",
    )


def add_scope(command: argparse.ArgumentParser) -> None:
    first = par_defaut()[1][0]
    command.add_argument(
        "--exercice",
        type=year,
        default=first,
        metavar="ANNEE",
        help=f"année (par défaut : {first})",
    )
    add_departement(command)
    add_donnees(command)


def add_donnees(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--donnees",
        type=Path,
        default=None,
        metavar="DOSSIER",
        help="dossier des données, <departement>/<exercice>/… (par défaut : data/raw)",
    )


def write_records(path: Path, kind: type, rows: Sequence[Any]) -> None:
    """Rows of one dataclass as a CSV (UTF-8, comma), its fields as header."""
    try:
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow([field.name for field in fields(kind)])
            writer.writerows(astuple(row) for row in rows)
    except OSError as error:
        raise unwritable(
            path, error, "indiquez un autre fichier", "un fichier où l'on peut écrire"
        ) from None
