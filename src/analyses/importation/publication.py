"""Putting the ledgers of an import in place: all of them or none, and never over another's file."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from analyses.depot.fichiers import find_files
from analyses.depot.source import deposer, fingerprint, sidecar_path, write_atomic
from analyses.depot.table import Table, read_table
from analyses.importation import mandats
from analyses.importation.journal import Journal
from analyses.importation.rapport import rapport
from analyses.socle.problems import BilanError, Problem, reason
from analyses.socle.yaml_files import read_yaml


@dataclass
class Registre:
    """The ledger of one exercise: its lines, its net total (centimes), whether it was rewritten."""

    exercice: int
    lignes: int
    total: int
    nouveau: bool


@dataclass
class CompteRendu:
    """What an import did, for the person who ran it.

    `notes`: what this run met; `constats`: what is true of all the imports together.
    """

    lus: list[str] = field(default_factory=list)
    connus: list[str] = field(default_factory=list)
    registres: list[Registre] = field(default_factory=list)
    rejets: list[tuple[int, str, int]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    constats: list[str] = field(default_factory=list)
    rapport: str = ""


def _name(path: Path, racine: Path) -> str:
    return path.relative_to(racine).as_posix()


def anciens(journal: Journal, racine: Path, departement: str) -> dict[int, Table]:
    """Ledgers in place of the exercises that a reversal may name and the journal does not hold."""
    tables = {}
    for year in sorted(journal.exercices_d_origine() - set(journal.exercices())):
        folder = racine / departement / str(year)
        path = folder.is_dir() and find_files(folder, _name(folder, racine))[0].get("mandats")
        if path:
            table = read_table(path, "mandats", _name(path, racine))
            if table.readable:
                tables[year] = table
    return tables


def refus(journal: Journal, racine: Path, departement: str) -> list[Problem]:
    """Ledgers that this import did not write and would overwrite, or would leave behind."""
    problems = []
    years = journal.exercices()
    for year in [*years, *(y for y in journal.exercices_ecrits() if y not in years)]:
        folder = racine / departement / str(year)
        if not folder.is_dir():
            continue
        files, wrong, _ = find_files(folder, _name(folder, racine))
        path, own = files.get("mandats"), folder / "mandats.csv"
        problems += [p for p in wrong if Path(p.fichier).stem.casefold().startswith("mandats")]
        mine = path == own and fingerprint(own) in journal.ecrits(year)
        if path and year in years and not mine:
            seen = "un fichier que cette importation n'a pas écrit, ou modifié depuis"
            problems.append(
                Problem(
                    _name(path, racine),
                    None,
                    "",
                    "aucun mandats.csv, ou celui d'une importation précédente",
                    seen,
                    "déplacez ce fichier, ou importez ailleurs avec --vers",
                )
            )
        elif path and mine and year not in years:
            problems.append(
                Problem(
                    _name(path, racine),
                    None,
                    "",
                    f"des mandats de {year} parmi les fichiers importés",
                    "aucun : le fichier d'une importation précédente resterait seul",
                    "ajoutez les fichiers de cet exercice, ou retirez son mandats.csv",
                )
            )
    return problems


def publier(
    journal: Journal, racine: Path, departement: str, compte: CompteRendu, change: bool
) -> None:
    """Write the ledgers and their sidecars, the journal first, after every check has passed.

    A ledger that is already as it should be is not touched, nor its sidecar, nor the journal when
    nothing in it is new. Raises `BilanError` before anything is moved into place.
    """
    folder = journal.place.parent
    temporary = Path(tempfile.mkdtemp(dir=folder, prefix=".tmp-"))
    try:
        ready: dict[int, Path] = {}
        for year in journal.exercices():
            path = temporary / str(year)
            with path.open("wb") as stream:
                count, total = mandats.ecrire(journal.db, year, stream)
            target = racine / departement / str(year) / "mandats.csv"
            same = target.exists() and _same(path, target)
            compte.registres.append(Registre(year, count, total, not same))
            if not same:
                ready[year] = path
            sha256 = fingerprint(path)
            if sha256 not in journal.ecrits(year):
                journal.noter(year, sha256)
                change = True
        sources = {year: journal.provenance(year) for year in journal.exercices()}
        report = rapport(journal, compte)
        if change:
            journal.ranger()
        for year, source in sources.items():
            target = racine / departement / str(year) / "mandats.csv"
            if year in ready:
                target.parent.mkdir(parents=True, exist_ok=True)
                os.replace(ready[year], target)
                target.chmod(0o644)
            if year in ready or not _noted(target):
                deposer(target, source.producteur, source.nature, source.recu_le)
        place = journal.place.with_suffix(".md")
        compte.rapport = f"{place.parent.name}/{place.name}"
        if not place.exists() or place.read_bytes() != report.encode():
            write_atomic(place, report)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _same(one: Path, other: Path) -> bool:
    return one.stat().st_size == other.stat().st_size and fingerprint(one) == fingerprint(other)


def _noted(path: Path) -> bool:
    """Whether a sidecar speaks of this very file."""
    if not sidecar_path(path).exists():
        return False
    try:
        content = read_yaml(sidecar_path(path))
    except BilanError:
        return False
    return isinstance(content, Mapping) and content.get("sha256") == fingerprint(path)


def empreinte(path: Path) -> str:
    """SHA-256 of a file to import; `BilanError` when it cannot be read."""
    try:
        return fingerprint(path)
    except OSError as error:
        expected, remedy = "un fichier lisible", "vérifiez ses droits"
        raise BilanError(Problem(path.name, None, "", expected, reason(error), remedy)) from None
