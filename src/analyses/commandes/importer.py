"""`bilan importer`: bring what others send into the year's files, one module per source."""

from __future__ import annotations

from typing import Any

from analyses.commandes import importer_finance, importer_pes, importer_saisie

SOURCES = (importer_pes, importer_finance, importer_saisie)


def add(commands: Any) -> None:
    importer = commands.add_parser(
        "importer",
        help="importe des fichiers reçus dans les données de l'année",
        description="Importe des fichiers reçus dans les données de l'année.",
    )
    sources = importer.add_subparsers(title="sources", dest="source", metavar="SOURCE")
    sources.required = True
    for source in SOURCES:
        source.add(sources)
