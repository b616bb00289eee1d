"""Putting the ledgers of an import in place: all of them or none, and never over another's file."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from analyses.depot.fichiers import find_files
from analyses.depot.source import deposer, read_sidecar
from analyses.depot.table import Table, read_table
from analyses.importation.journal import Journal, ouvrir_journal
from analyses.importation.mandats import ecrire, examiner
from analyses.importation.rapport import CompteRendu, Registre, rapport
from analyses.importation.rattachement import Doutes
from analyses.socle.files import fingerprint, write_atomic
from analyses.socle.problems import BilanError, Problem, reason


@dataclass
class Lu:
    """What the reading of the files of an import leaves to say."""

    problems: list[Problem] = field(default_factory=list)
    doutes: Doutes = field(default_factory=Doutes)
    change: bool = False


def importer(
    dossier: Path, source: str, remplacer: bool, lire: Callable[[Journal, CompteRendu], Lu]
) -> CompteRendu:
    """An import into `dossier` (`<donnees>/<departement>`): `lire` enters its files in the journal.

    Files imported before change nothing; new ones complete what is known; `remplacer` forgets them.
    Every problem of every file is raised at once as a `BilanError`, and then nothing is written.
    """
    compte = CompteRendu()
    with ouvrir_journal(dossier, source) as journal:
        if remplacer:
            journal.oublier()
        lu = lire(journal, compte)
        problems = lu.problems + examiner(journal, _anciens(journal), lu.doutes, compte)
        problems += _refus(journal)
        if problems:
            raise BilanError(sorted(problems, key=lambda p: (p.fichier, p.ligne or 0)))
        _publier(journal, compte, lu.change or remplacer or bool(compte.lus))
    return compte


def _mandats(journal: Journal, exercice: int) -> tuple[Path | None, str, list[Problem]]:
    """The ledger in place of an exercise, its name in messages, what is wrong with its name."""
    folder = journal.dossier / str(exercice)
    if not folder.is_dir():
        return None, "", []
    name = f"{journal.dossier.name}/{exercice}"
    files, wrong, _ = find_files(folder, name)
    wrong = [p for p in wrong if Path(p.fichier).stem.casefold().startswith("mandats")]
    path = files.get("mandats")
    return path, f"{name}/{path.relative_to(folder).as_posix()}" if path else "", wrong


def _anciens(journal: Journal) -> dict[int, Table]:
    """Ledgers in place of the exercises that a reversal may name and the journal does not hold."""
    tables = {}
    for year in sorted(journal.exercices_d_origine() - set(journal.exercices())):
        path, name, _ = _mandats(journal, year)
        if path:
            table = read_table(path, "mandats", name)
            if table.readable:
                tables[year] = table
    return tables


def _refus(journal: Journal) -> list[Problem]:
    """Ledgers that this import did not write and would overwrite, or would leave behind."""
    problems = []
    years, written = journal.exercices(), journal.ecrits()
    for year in [*years, *(year for year in written if year not in years)]:
        path, name, wrong = _mandats(journal, year)
        problems += wrong
        if path is None:
            continue
        own = journal.registre(year)
        mine = path == own and fingerprint(own) in written.get(year, ())
        if year in years and not mine:
            problems.append(
                Problem(
                    name,
                    None,
                    "",
                    "aucun mandats.csv, ou celui d'une importation précédente",
                    "un fichier que cette importation n'a pas écrit, ou modifié depuis",
                    "déplacez ce fichier, ou importez ailleurs avec --vers",
                )
            )
        elif mine and year not in years:
            problems.append(
                Problem(
                    name,
                    None,
                    "",
                    f"des mandats de {year} parmi les fichiers importés",
                    "aucun : le fichier d'une importation précédente resterait seul",
                    "ajoutez les fichiers de cet exercice, ou retirez son mandats.csv",
                )
            )
    return problems


def _publier(journal: Journal, compte: CompteRendu, change: bool) -> None:
    """Write the ledgers and their sidecars, the journal first, after every check has passed.

    A ledger that is already as it should be is not touched, nor its sidecar, nor the journal when
    nothing in it is new. Raises `BilanError` before anything is moved into place.
    """
    sources = {}
    for year in journal.exercices():
        path, target = journal.brouillon(year), journal.registre(year)
        with path.open("wb") as stream:
            count, total = ecrire(journal, year, stream)
        sha256 = fingerprint(path)
        new = not target.exists() or fingerprint(target) != sha256
        compte.registres.append(Registre(year, count, total, new))
        change |= journal.noter(year, sha256)
        sources[year] = journal.provenance(year)
    report = rapport(journal, compte)
    if change:
        journal.ranger()
    for one in compte.registres:
        target, source = journal.registre(one.exercice), sources[one.exercice]
        if one.nouveau:
            target.parent.mkdir(parents=True, exist_ok=True)
            os.replace(journal.brouillon(one.exercice), target)
            target.chmod(0o644)
        if one.nouveau or not _noted(target):
            deposer(target, source.producteur, source.nature, source.recu_le)
    place = journal.place.with_suffix(".md")
    compte.rapport = f"{place.parent.name}/{place.name}"
    if not place.exists() or place.read_bytes() != report.encode():
        write_atomic(place, report)


def _noted(path: Path) -> bool:
    """Whether a sidecar speaks of this very file."""
    try:
        return read_sidecar(path, path.name).renseignee
    except BilanError:
        return False


def empreinte(path: Path) -> str:
    """SHA-256 of a file to import; `BilanError` when it cannot be read."""
    try:
        return fingerprint(path)
    except OSError as error:
        expected, remedy = "un fichier lisible", "vérifiez ses droits"
        raise BilanError(Problem(path.name, None, "", expected, reason(error), remedy)) from None
