"""The raw files of an exercise: which file is which table, and their bytes, read once."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from analyses.contrat.model import Contrat
from analyses.depot.schemas import TABLES
from analyses.depot.source import SUFFIXE
from analyses.socle.problems import Problem

NARRATIFS = "etat_avancement"
# Read again for the exercise that follows.
PRECEDENTES = ("mandats", "affectations", "decisions_eligibilite", "temps_agents")
_COPIE = re.compile(r"\s*(\(\d+\)|-\s*copie.*|[_-]copie.*)$", re.IGNORECASE)


def relatif(departement: str, exercice: int) -> str:
    """Folder of an exercise, as messages show it.

    >>> relatif("55", 2024)
    '55/2024'
    """
    return f"{departement}/{exercice}"


def _ignored(name: str) -> bool:
    return name.startswith((".", "~$")) or name.casefold().startswith("readme")


def _table_of(name: str) -> str | None:
    """Table that a file name stands for, whatever its case or copy number."""
    stem, suffix = os.path.splitext(name.casefold())
    if suffix not in (".csv", ".txt", ".tsv", ".xlsx", ".xls", ".ods"):
        return None
    stem = _COPIE.sub("", stem).strip()
    return stem if stem in TABLES else None


def find_files(folder: Path, relative: str) -> tuple[dict[str, Path], list[Problem], list[str]]:
    """The file of each table; two files for one table, and near names, are problems."""
    found: dict[str, list[Path]] = {}
    problems: list[Problem] = []
    notes: list[str] = []
    files = sorted(path for path in folder.iterdir() if path.is_file())
    names = {path.name for path in files}
    for path in files:
        name = path.name
        if name.endswith(SUFFIXE):
            if name.removesuffix(SUFFIXE) not in names:
                notes.append(f"{relative}/{name} : fiche de provenance sans son fichier")
            continue
        if _ignored(name):
            continue
        table = _table_of(name)
        stem, suffix = os.path.splitext(name.casefold())
        if table:
            found.setdefault(table, []).append(path)
        elif suffix in (".csv", ".xlsx", ".xls", ".ods") and (
            close := difflib.get_close_matches(stem, TABLES, 1, 0.8)
        ):
            problems.append(
                Problem(
                    f"{relative}/{name}",
                    None,
                    "",
                    f"{close[0]}.csv",
                    "un nom de fichier inconnu",
                    "renommez le fichier ou retirez-le du dossier",
                )  # fmt: skip
            )
        else:
            notes.append(f"{relative}/{name} : fichier inconnu, non lu")
    chosen = {}
    for table, candidates in found.items():
        if len(candidates) > 1:
            listed = ", ".join(path.name for path in candidates)
            problems.append(
                Problem(
                    f"{relative}/{table}.csv",
                    None,
                    "",
                    "un seul fichier par table",
                    f"deux fichiers pour une table : {listed}",
                    "ne gardez que le bon",
                )  # fmt: skip
            )
        elif candidates[0].suffix.casefold() in (".xlsx", ".xls", ".ods"):
            problems.append(
                Problem(
                    f"{relative}/{candidates[0].name}",
                    None,
                    "",
                    f"{table}.csv",
                    "un classeur",
                    "enregistrez la feuille au format CSV UTF-8",
                )  # fmt: skip
            )
        else:
            chosen[table] = candidates[0]
    return chosen, problems, notes


def narratives(
    folder: Path, relative: str, contrats: Mapping[str, Contrat]
) -> tuple[dict[tuple[str, str], Path], list[Problem]]:
    """Narrative file of each action."""
    found: dict[tuple[str, str], Path] = {}
    problems = []
    examples = ", ".join(f"{c.code}-{next(iter(c.actions))}.md" for c in contrats.values())
    for path in sorted(folder.glob("*.md")) if folder.is_dir() else []:
        if path.stem.casefold().startswith("readme"):
            continue
        contrat, _, action = path.stem.partition("-")
        action = action.lstrip("0") if action.isdigit() else action
        file = f"{relative}/{NARRATIFS}/{path.name}"
        if contrat not in contrats or action not in contrats[contrat].actions:
            problems.append(
                Problem(
                    file,
                    None,
                    "",
                    "un nom <contrat>-<action>.md d'une action du contrat",
                    "une action inconnue",
                    f"renommez le fichier ({examples})",
                )  # fmt: skip
            )
        elif (contrat, action) in found:
            problems.append(
                Problem(
                    file,
                    None,
                    "",
                    "un seul récit par action",
                    f"le même que {found[contrat, action].name}",
                    "ne gardez que le bon",
                )  # fmt: skip
            )
        else:
            found[contrat, action] = path
    return found, problems


def previous_files(donnees: Path, departement: str, exercice: int) -> dict[str, tuple[str, Path]]:
    """Mandates of the previous exercise, in which a reversal may find its origin, the rules that
    sent them, the decisions on them, the posts that were counted: name shown and path of each."""
    relative = relatif(departement, exercice - 1)
    folder = donnees / relative
    files = find_files(folder, relative)[0] if folder.is_dir() else {}
    return {
        name: (f"{relative}/{files[name].name}", files[name])
        for name in PRECEDENTES
        if name in files
    }


def _raw_paths(donnees: Path, departement: str, exercice: int) -> Iterator[tuple[str, Path]]:
    relative = relatif(departement, exercice)
    for place in (relative, f"{relative}/{NARRATIFS}"):
        folder = donnees / place
        for path in sorted(folder.iterdir()) if folder.is_dir() else ():
            if path.is_file() and not _ignored(path.name):
                yield f"{place}/{path.name}", path
    yield from previous_files(donnees, departement, exercice).values()


def read_bytes(donnees: Path, departement: str, exercice: int) -> dict[str, bytes]:
    """Every file that the outcome of an exercise depends on, read once: name shown -> bytes.

    Files that are refused or not read count too: once removed, the outcome is another one.
    """
    paths = _raw_paths(donnees, departement, exercice)
    return {name: path.read_bytes() for name, path in paths}
