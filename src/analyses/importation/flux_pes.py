"""What the reading of a PES file gives beside its lines: its bordereaux, what is wrong."""

from __future__ import annotations

from dataclasses import dataclass, field

from analyses.importation.journal import Bordereau
from analyses.importation.rattachement import Doutes
from analyses.socle.problems import Problem

MAX_PROBLEMES = 200  # per file; the others are counted
MAX_NOTES = 50


@dataclass
class Flux:
    """A file as read: `genre` aller, retour or autre; problems and notes are in French."""

    fichier: str
    genre: str = "autre"
    date: str = ""
    bordereaux: list[Bordereau] = field(default_factory=list)
    doutes: Doutes = field(default_factory=lambda: Doutes(entier=False))
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    total: int = 0
    notes_tues: int = 0

    def probleme(self, ligne: int | None, champ: str, *textes: str) -> None:
        """Collect a problem; beyond MAX_PROBLEMES they are only counted."""
        self.total += 1
        if self.total <= MAX_PROBLEMES:
            self.problems.append(Problem(self.fichier, ligne, champ, *textes))

    def noter(self, texte: str) -> None:
        """Collect something to look at, that stops nothing; beyond MAX_NOTES they are counted."""
        if len(self.notes) < MAX_NOTES:
            self.notes.append(f"{self.fichier}{texte}")
        else:
            self.notes_tues += 1

    def clore(self) -> None:
        """Say how many problems and notes were only counted."""
        more = self.total - MAX_PROBLEMES
        if more > 0:
            found = f"{more} autres problèmes dans ce fichier"
            self.problems.append(
                Problem(self.fichier, None, "", "un fichier juste", found, "corrigez-le")
            )
        if self.notes_tues:
            self.notes.append(f"{self.fichier} : {self.notes_tues} autres points d'attention")
