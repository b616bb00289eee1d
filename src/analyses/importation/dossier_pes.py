"""`bilan importer pes`: a folder of PES files becomes the ledgers of its exercises."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from analyses.importation import mandats
from analyses.importation.correspondance import Correspondance
from analyses.importation.engagements import joindre_engagements
from analyses.importation.flux_pes import Flux
from analyses.importation.journal import Journal, Provenance, ouvrir_journal
from analyses.importation.pes import lire_pes
from analyses.importation.publication import CompteRendu, anciens, empreinte, publier, refus
from analyses.socle.problems import BilanError, Problem

SOURCE = "pes"


def importer_pes(
    dossier: Path,
    racine: Path,
    departement: str,
    source: Provenance,
    remplacer: bool = False,
    engagements: tuple[Sequence[Path], Correspondance] | None = None,
) -> CompteRendu:
    """Import the PES files of a folder (and its subfolders) into `racine/<departement>/`.

    `engagements`: exports of the finance software, and their mapping, that say the commitments.
    Files imported before change nothing; new ones complete what is known. Every problem of every
    file is raised at once as a `BilanError`, and then nothing is written.
    """
    files, notes = _fichiers(dossier)
    compte = CompteRendu(notes=notes)
    with ouvrir_journal(racine / departement, SOURCE) as journal:
        if remplacer:
            journal.oublier()
        problems, flows = _lire(journal, files, source, compte)
        mandats.preparer(journal.db)
        examen = mandats.examiner(
            journal.db,
            anciens(journal, racine, departement),
            {key for flow in flows for key in flow.douteux},
            all(flow.entier for flow in flows),
        )
        problems += examen.problems + refus(journal, racine, departement)
        if not problems and not journal.exercices() and not journal.retours():
            problems.append(_rien(dossier, "aucun mandat de dépense"))
        if problems:
            raise BilanError(sorted(problems, key=lambda p: (p.fichier, p.ligne or 0)))
        change = bool(compte.lus or remplacer)
        if engagements:
            said, joined = joindre_engagements(journal.db, *engagements)
            compte.notes, change = compte.notes + said, change or joined
        compte.constats = examen.notes
        compte.rejets = examen.rejets
        publier(journal, racine, departement, compte, change)
    return compte


def _rien(dossier: Path, found: str) -> Problem:
    return Problem(
        dossier.name or dossier.as_posix(),
        None,
        "",
        "un dossier de fichiers PES (XML)",
        found,
        "vérifiez le dossier",
    )


def _fichiers(dossier: Path) -> tuple[list[tuple[str, Path]], list[str]]:
    """XML files of a folder with their names in messages, and notes on the others."""
    if dossier.is_file():
        return [(dossier.name, dossier)], []
    if not dossier.is_dir():
        raise BilanError([_rien(dossier, "aucun dossier de ce nom")])
    files, notes = [], []
    for path in sorted(dossier.rglob("*")):
        name = path.relative_to(dossier).as_posix()
        if not path.is_file() or any(part.startswith(".") for part in Path(name).parts):
            continue
        if _xml(path):
            files.append((name, path))
        else:
            notes.append(f"{name} : ce n'est pas un fichier XML, non lu")
    if not files:
        raise BilanError([_rien(dossier, "aucun fichier XML")])
    return files, notes


def _xml(path: Path) -> bool:
    """Whether a file is XML by its name, or by its first characters."""
    if path.suffix.casefold() == ".xml":
        return True
    try:
        with path.open("rb") as stream:
            return stream.read(64).lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<?xml")
    except OSError:
        return False


def _lire(
    journal: Journal,
    files: Sequence[tuple[str, Path]],
    source: Provenance,
    compte: CompteRendu,
) -> tuple[list[Problem], list[Flux]]:
    """Enter the new files into the journal; what is wrong with each."""
    problems: list[Problem] = []
    flows: list[Flux] = []
    seen: dict[str, Flux] = {}
    numbers: set[int] = set()
    for name, path in files:
        sha256 = empreinte(path)
        if sha256 in seen:
            problems += _copie(name, seen[sha256], compte)
            continue
        if journal.connait(sha256):
            compte.connus.append(name)
            continue
        number = journal.fichier(name, sha256, source)
        flow = lire_pes(path, name, partial(journal.recevoir, number))
        seen[sha256] = flow
        numbers.add(number)
        flows.append(flow)
        compte.lus.append(name)
        compte.notes += flow.notes
        problems += flow.problems
        journal.decrire(number, flow.genre, flow.date, flow.notes)
        if flow.genre == "aller":
            problems += _bordereaux(journal, number, flow, numbers)
    return problems, flows


def _copie(name: str, first: Flux, compte: CompteRendu) -> Iterator[Problem]:
    """A second file of the same bytes: a bordereau twice, but a return may be there twice."""
    if first.genre == "retour":
        compte.notes.append(f"{name} : même contenu que {first.fichier}, lu une fois")
        return
    yield Problem(
        name,
        None,
        "",
        "chaque bordereau dans un seul fichier",
        f"le même contenu que {first.fichier}",
        "retirez l'un des deux",
    )


def _bordereaux(journal: Journal, number: int, flow: Flux, folder: set[int]) -> Iterator[Problem]:
    for bord in flow.bordereaux:
        held = journal.bordereau(number, bord)
        if held is None:
            continue
        other, name, sha256 = held
        expected, remedy = "chaque bordereau une seule fois", "retirez l'un des deux"
        if other == number:
            found = f"{bord.nom}, deux fois dans ce fichier"
        elif other in folder:
            found = f"{bord.nom}, aussi dans {name}"
        else:
            found = f"{bord.nom}, déjà importé depuis {name} (empreinte {sha256[:12]}…)"
            expected = "un bordereau nouveau, ou le fichier déjà importé sans changement"
            remedy = (
                "rétablissez le fichier d'origine ; pour repartir de ce seul dossier, ajoutez "
                "--remplacer"
            )
        yield Problem(flow.fichier, bord.ligne, f"bordereau {bord.numero}", expected, found, remedy)
