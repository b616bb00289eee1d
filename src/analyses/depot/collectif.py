"""Collective exports: a file that names people is refused, and none of its values is shown.

A table is collective when its schema lists words (`interdites`) that no header may hold.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator

from analyses.depot.csv_brut import decode
from analyses.depot.schemas import header_names, normal_header, table_schema
from analyses.depot.table import Table
from analyses.socle.privacy import traces
from analyses.socle.problems import Problem

_REMEDY = "retirez ce fichier du dossier et déposez l'export collectif, sans aucune personne"


def refuse_nominative(data: bytes, nom: str, fichier: str) -> list[Problem]:
    """Headers of a collective table that name people or are unknown; [] for other tables.

    The title of a column is not shown either: in a file without headers it would be a value.
    """
    banned = set(table_schema(nom).get("interdites", []))
    if not banned:
        return []
    try:
        text = decode(data)
    except UnicodeDecodeError:
        return []  # parse_table says it
    known = header_names(nom)
    header = max(
        (next(csv.reader(io.StringIO(text), delimiter=mark), []) for mark in ";,\t"), key=len
    )
    problems = []
    for rank, title in enumerate(header, start=1):
        if not title.strip() or normal_header(title) in known:
            continue
        words = {normal_header(word) for word in re.split(r"[\s_'’.-]+", title)}
        found = sorted(words & banned)
        problems.append(
            Problem(
                fichier,
                1,
                f"colonne n° {rank}",
                "des colonnes collectives",
                f"une colonne nominative ({found[0]})" if found else "une colonne inconnue",
                _REMEDY if found else "supprimez cette colonne ; " + _REMEDY,
            )
        )
    return problems


def check_collective(table: Table) -> Iterator[Problem]:
    """Texts that look like a person (e-mail, phone, NIR, civility), without showing them."""
    schema = table_schema(table.nom)
    if "interdites" not in schema:
        return
    texts = [f["name"] for f in schema["fields"] if f["type"] == "string"]
    for row in table.rows:
        for name in texts:
            text = str(row[name] or "")
            if "@" in text or traces(text):
                yield Problem(
                    table.fichier,
                    row["ligne"],
                    name,
                    "un intitulé, jamais une personne",
                    "une donnée personnelle (non affichée)",
                    _REMEDY,
                )


_ORDERS = (
    ("inscriptions", ("incomplets", "realises")),
    ("inscriptions", ("repondants",)),
    ("repondants", ("satisfaits",)),
)


def check_training(table: Table) -> Iterator[Problem]:
    """Counts that contradict each other: more completed than registered, and so on."""
    for row in table.rows if table.nom == "formations_academie" else []:
        for whole, parts in _ORDERS:
            values = [row[name] for name in (whole, *parts)]
            if None not in values and sum(values[1:]) > values[0]:
                yield Problem(
                    table.fichier,
                    row["ligne"],
                    " et ".join(parts),
                    f"au plus « {whole} »",
                    "un effectif plus grand",
                    "corrigez les effectifs",
                )
