"""`bilan importer pes`: a folder of PES files becomes the ledgers of its exercises."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from analyses.importation.correspondance import Correspondance
from analyses.importation.engagements import joindre_engagements
from analyses.importation.flux_pes import Flux
from analyses.importation.journal import Journal, Provenance
from analyses.importation.pes import lire_pes
from analyses.importation.publication import Lu, empreinte, importer
from analyses.importation.rapport import CompteRendu
from analyses.socle.problems import BilanError, Problem


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
    """
    files, notes = _fichiers(dossier)

    def lire(journal: Journal, compte: CompteRendu) -> Lu:
        compte.notes += notes
        lu = _lire(journal, files, source, compte)
        if engagements:
            wrong, said, joined = joindre_engagements(journal, *engagements)
            lu.problems, lu.change = lu.problems + wrong, joined
            compte.notes += said
        if not lu.problems and not journal.un(
            "select count(*) from (select id from lignes union all select id from retours)"
        ):
            lu.problems.append(_rien(dossier, "aucun mandat de dépense"))
        return lu

    return importer(racine / departement, "pes", remplacer, lire)


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
    journal: Journal, files: Sequence[tuple[str, Path]], source: Provenance, compte: CompteRendu
) -> Lu:
    """Enter the new files into the journal; what is wrong with each."""
    lu = Lu()
    seen: dict[str, Flux] = {}
    numbers: set[int] = set()
    for name, path in files:
        sha256 = empreinte(path)
        if sha256 in seen:
            lu.problems += _copie(name, seen[sha256], compte)
            continue
        if journal.connait(sha256):
            compte.connus.append(name)
            continue
        number = journal.fichier(name, sha256, source)
        flow = lire_pes(path, name, journal, number)
        seen[sha256] = flow
        numbers.add(number)
        compte.lus.append(name)
        compte.notes += flow.notes
        journal.decrire(number, flow.genre, flow.date, flow.notes)
        lu.problems += flow.problems
        lu.doutes.mandats |= flow.doutes.mandats
        lu.doutes.entier &= flow.doutes.entier
        if flow.genre == "aller":
            lu.problems += _bordereaux(journal, number, flow, numbers)
    return lu


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
