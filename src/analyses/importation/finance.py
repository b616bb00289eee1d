"""`bilan importer finance`: exports of a finance software become the ledgers of their exercises."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from analyses.importation.correspondance import Correspondance
from analyses.importation.export import Export
from analyses.importation.journal import TARDIFS, Journal, Provenance
from analyses.importation.publication import Lu, empreinte, importer
from analyses.importation.rapport import CompteRendu
from analyses.socle.problems import Problem


def importer_finance(
    fichiers: Sequence[Path],
    modele: Correspondance,
    racine: Path,
    departement: str,
    source: Provenance,
    exercice: int | None = None,
    remplacer: bool = False,
) -> CompteRendu:
    """Import exports read through a mapping into `racine/<departement>/<exercice>/mandats.csv`.

    `exercice`: that of lines whose export has no such column. A line imported before changes
    nothing, or gives what it did not have (`TARDIFS`).
    """

    def lire(journal: Journal, compte: CompteRendu) -> Lu:
        lu = Lu()
        seen: set[str] = set()
        for path in fichiers:
            sha256 = empreinte(path) if path.is_file() else ""
            if sha256 and journal.connait(sha256):
                compte.connus.append(path.name)
                if sha256 in seen:
                    compte.notes.append(f"{path.name} : donné deux fois, lu une fois")
                continue
            seen.add(sha256)
            compte.lus.append(path.name)
            export = Export(path, modele, exercice)
            lu.problems += export.problems
            if not export.problems:
                number = journal.fichier(path.name, sha256, source)
                lu.problems += _enregistrer(journal, number, export)
                journal.decrire(number, modele.description, "", export.notes)
            compte.notes += export.notes
        lu.doutes.entier = not lu.problems
        return lu

    return importer(racine / departement, "finance", remplacer, lire)


def _enregistrer(journal: Journal, number: int, export: Export) -> Iterator[Problem]:
    """Enter the lines that are new; complete those known; refuse those that changed."""
    known = 0
    for line in export.lignes:
        held = journal.ligne_connue(number, line)
        if held is None:
            journal.ligne(number, line)
            continue
        known += 1
        changed = [
            name
            for name, value in line._asdict().items()
            if name not in ("lieu", "ligne")
            and held[name] != value
            and not (name in TARDIFS and not held[name])
        ]
        if changed:
            yield Problem(
                export.fichier,
                line.ligne,
                line.lieu,
                "la ligne déjà importée, sans changement",
                f"une valeur différente ({', '.join(changed)})",
                "pour repartir de ces seuls fichiers, ajoutez --remplacer",
            )
        else:
            journal.completer(held["id"], line)
    if known:
        export.notes.append(f"{export.fichier} : {known} ligne(s) déjà importée(s)")
