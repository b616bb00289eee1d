"""What an import did, and the report kept beside its journal: what was left out and why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from analyses.importation.journal import Journal
from analyses.socle.fmt import euros

Rejet = tuple[int, str, int]  # exercice, mandat, centimes


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
    rejets: list[Rejet] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    constats: list[str] = field(default_factory=list)
    rapport: str = ""


def _table(titles: Sequence[str], rows: Iterable[Iterable[object]]) -> str:
    lines = [titles, ["---"] * len(titles), *rows]
    cells = ([str(cell).replace("|", "\\|") for cell in line] for line in lines)
    return "\n".join(f"| {' | '.join(line)} |" for line in cells) + "\n"


def rapport(journal: Journal, compte: CompteRendu) -> str:
    """The report of every import so far, in Markdown; the same journal gives the same bytes."""
    files = journal.db.execute(
        "select nom, genre, recu_le, nature, sha256 from fichiers order by nom, sha256"
    ).fetchall()
    parts = [f"# Importation {journal.place.stem}\n"]
    if any(nature == "simulee" for *_, nature, _ in files):
        parts.append("**Données simulées**\n")
    parts.append("## Fichiers mandats.csv\n")
    parts.append(
        _table(
            ["Exercice", "Lignes", "Montant net des annulations"],
            [[one.exercice, one.lignes, euros(one.total)] for one in compte.registres],
        )
    )
    if compte.rejets:
        parts.append(
            "## Mandats rejetés par le comptable\n\n"
            "Un mandat rejeté n'est pas une dépense : il n'est pas dans mandats.csv.\n"
        )
        rows = [[year, number, euros(amount)] for year, number, amount in compte.rejets]
        parts.append(_table(["Exercice", "Mandat", "Montant"], rows))
    notes = [
        note
        for (note,) in journal.db.execute(
            "select texte from notes n join fichiers f on f.id = n.fichier order by f.nom, n.rowid"
        )
    ]
    notes += [note for note in compte.constats if note not in notes]
    if notes:
        parts.append("## Points d'attention\n")
        parts.append("".join(f"- {note}\n" for note in notes))
    parts.append("## Fichiers importés\n")
    parts.append(_table(["Fichier", "Genre", "Reçu le", "Nature", "Empreinte SHA-256"], files))
    bords = journal.db.execute(
        "select b.exercice, b.type, b.numero, f.nom from bordereaux b "
        "join fichiers f on f.id = b.fichier "
        "order by b.exercice, b.type, cast(b.numero as int), b.budget, b.collectivite"
    ).fetchall()
    if bords:
        parts.append("## Bordereaux\n")
        parts.append(_table(["Exercice", "Type", "Bordereau", "Fichier"], bords))
    return "\n".join(parts)
