"""The commitment of each mandate, which PES does not carry, joined from the finance software."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from analyses.importation.correspondance import Correspondance
from analyses.importation.export import Export
from analyses.importation.journal import Journal
from analyses.importation.rattachement import POSITIFS
from analyses.socle.problems import Problem


def joindre_engagements(
    journal: Journal, fichiers: Sequence[Path], modele: Correspondance
) -> tuple[list[Problem], list[str], bool]:
    """Give the lines of the journal the commitment that exports say; problems, notes, and whether
    any is new.

    A mandate whose lines have several commitments gets them line by line, when the export numbers
    its lines; else it gets none.
    """
    found: dict[tuple[int, str, bool], dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    problems: list[Problem] = []
    for path in fichiers:
        export = Export(path, modele, None)
        problems += export.problems
        for line in export.lignes:
            if line.id_engagement:
                key = (line.exercice, line.numero_mandat, line.type in POSITIFS)
                number = line.numero_ligne if "numero_ligne" in export.positions else ""
                found[key][number].add(line.id_engagement)
    if problems:
        return problems, [], False
    unsure = changed = 0
    for (year, mandate, positive), lines in found.items():
        every = set().union(*lines.values())
        for number, names in {"": every}.items() if len(every) == 1 else lines.items():
            if not number and len(names) > 1:
                unsure += 1
                continue
            changed += journal.db.execute(
                "update lignes set id_engagement = :id where exercice = :year "
                "and numero_mandat = :mandate and :number in ('', numero_ligne) "
                "and (type in ('ordinaire', 'rattachement')) = :positive and id_engagement <> :id",
                {
                    "id": min(names),
                    "year": year,
                    "mandate": mandate,
                    "number": number,
                    "positive": positive,
                },
            ).rowcount
    notes = [f"{unsure} mandat(s) de plusieurs engagements, laissés sans"] if unsure else []
    alone = journal.un("select count(*) from lignes where id_engagement = ''")
    notes += [f"{alone} ligne(s) sans engagement dans l'export"] if alone else []
    return [], notes, changed > 0
