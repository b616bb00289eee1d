"""Putting the ledgers of an import in place: all of them or none, and never over another's file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from analyses.depot.fichiers import find_files
from analyses.depot.source import read_sidecar, sidecar, sidecar_path
from analyses.depot.table import Table, read_table
from analyses.importation.journal import Journal, ouvrir_journal
from analyses.importation.mandats import ecrire, examiner
from analyses.importation.rapport import CompteRendu, Registre, rapport
from analyses.importation.rattachement import Doutes
from analyses.socle.files import fingerprint, together
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
    with together(dossier) as draft, ouvrir_journal(dossier, source, draft) as journal:
        if remplacer:
            journal.oublier()
        lu = lire(journal, compte)
        problems = lu.problems + examiner(journal, _anciens(journal), lu.doutes, compte)
        problems += _refus(journal)
        if problems:
            raise BilanError(sorted(problems, key=lambda p: (p.fichier, p.ligne or 0)))
        _publier(journal, compte, lu.change or remplacer or bool(compte.lus), draft)
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


def _publier(
    journal: Journal, compte: CompteRendu, change: bool, draft: Callable[[Path], Path]
) -> None:
    """Make the ledgers, their sidecars and the report, once every check has passed.

    A ledger that is already as it should be is not touched, nor its sidecar, nor the journal when
    nothing in it is new.
    """
    for year in journal.exercices():
        target = journal.registre(year)
        new = draft(target)
        with new.open("wb") as stream:
            count, total = ecrire(journal, year, stream)
        sha256 = fingerprint(new)
        change |= journal.noter(year, sha256)
        same = target.exists() and fingerprint(target) == sha256
        compte.registres.append(Registre(year, count, total, not same))
        if not (same and _noted(target)):
            nature, producteur, recu_le = journal.provenance(year)
            text = sidecar(new, producteur, nature, recu_le)
            draft(sidecar_path(target)).write_bytes(text)
        if same:
            new.unlink()
    report, place = rapport(journal, compte).encode(), journal.place.with_suffix(".md")
    compte.rapport = f"{place.parent.name}/{place.name}"
    if not place.exists() or place.read_bytes() != report:
        draft(place).write_bytes(report)
    journal.fermer(change)


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
