"""`bilan deposer`: write where a file comes from beside it."""

from __future__ import annotations

import argparse
from datetime import date
from pathlib import Path
from typing import Any

from analyses.commandes.options import day


def add(commands: Any) -> None:
    deposit = commands.add_parser(
        "deposer",
        help="note la provenance d'un fichier",
        description="Écrit à côté du fichier sa provenance et son empreinte (FICHIER.source.yaml).",
    )
    deposit.add_argument("fichier", type=Path, metavar="FICHIER", help="fichier déposé")
    deposit.add_argument(
        "--producteur",
        default="",
        metavar="NOM",
        help="qui a produit le fichier (par défaut : celui déjà noté)",
    )
    deposit.add_argument(
        "--nature",
        choices=["reelle", "simulee"],
        default="",
        help="nature des données (par défaut : celle déjà notée, sinon reelle)",
    )
    deposit.add_argument(
        "--recu-le",
        type=day,
        default=None,
        metavar="AAAA-MM-JJ",
        help="date de réception (par défaut : aujourd'hui)",
    )
    deposit.set_defaults(run=_deposit)


def _noted(fichier: Path) -> dict[str, Any]:
    """What the sidecar already says: an example that is edited and noted again stays simulated."""
    import yaml

    from analyses.depot.source import sidecar_path

    try:
        content = yaml.safe_load(sidecar_path(fichier).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return {}
    return content if isinstance(content, dict) else {}


def _deposit(args: argparse.Namespace) -> int:
    from analyses.depot.source import deposer

    noted = _noted(args.fichier)
    day = date.fromisoformat(args.recu_le) if args.recu_le else date.today()
    written = deposer(
        args.fichier,
        args.producteur or str(noted.get("producteur") or "non renseigné"),
        args.nature or str(noted.get("nature") or "reelle"),
        day,
    )
    print(f"Provenance notée : {Path(written).name}")
    return 0
