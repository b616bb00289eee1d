"""Options and readers of values that several commands share."""

from __future__ import annotations

import argparse
import csv
from collections.abc import Sequence
from dataclasses import astuple, fields
from datetime import date
from pathlib import Path
from typing import Any

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
    command.add_argument(
        "--departement", default="55", metavar="CODE", help="code du département (par défaut : 55)"
    )


def add_scope(command: argparse.ArgumentParser, default_year: int | None = 2024) -> None:
    command.add_argument(
        "--exercice",
        type=year,
        default=default_year,
        metavar="ANNEE",
        help="année du bilan (par défaut : 2024 ; 2025 pour le bilan final et le "
        "rapport d'exécution)"
        if default_year is None
        else "année (par défaut : 2024)",
    )
    add_departement(command)
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
