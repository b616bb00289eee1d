"""What a PES file says: its bordereaux, the lines of its mandates, the accountant's answers."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from analyses.socle.problems import Problem

MAX_PROBLEMES = 200  # per file; the others are counted
MAX_NOTES = 50

Valeurs = dict[str, tuple[str, int]]  # field -> (value, line in the file)


@dataclass(frozen=True)
class Bordereau:
    """A bordereau and its place; amounts in centimes."""

    collectivite: str
    budget: str
    exercice: int
    type: str
    numero: str
    date: dt.date | None
    ligne: int

    @property
    def nom(self) -> str:
        """How the bordereau is called in messages.

        >>> Bordereau("", "", 2024, "02", "7", None, 1).nom
        'bordereau 7 de 2024 (type 02)'
        """
        kind = "" if self.type == "01" else f" (type {self.type})"
        return f"bordereau {self.numero} de {self.exercice}{kind}"


@dataclass(frozen=True)
class Ligne:
    """A line of a mandate: `sens` as params/pes.yaml says, `montant` in centimes, never negative.

    `origine` is (exercice, mandat, ligne or '') for a line that takes back another.
    """

    bordereau: Bordereau
    mandat: str
    numero: str
    sens: str
    origine: tuple[int, str, str] | None
    nature: str
    fonction: str
    code_analytique: str
    convention: str
    tiers: str
    objet: str
    montant: int
    ligne: int


@dataclass(frozen=True)
class Retour:
    """What the accountant says of a line: its state, what is paid in all (centimes or None).

    `numero` is '' when the whole mandate is meant; `paiements`: (date, centimes, OrgEma).
    """

    bordereau: Bordereau
    mandat: str
    numero: str
    etat: str
    etat_ligne: str
    montant: int | None
    paye: int | None
    paiements: tuple[tuple[dt.date, int, str], ...]


@dataclass
class Flux:
    """A file as read: `genre` aller, retour or autre; problems and notes are in French.

    `douteux`: mandates (exercice, number) of which a line could not be read; `entier`: whether
    there are no others, of which not even that is known.
    """

    fichier: str
    genre: str = "autre"
    date: str = ""
    entier: bool = False
    bordereaux: list[Bordereau] = field(default_factory=list)
    douteux: set[tuple[int, str]] = field(default_factory=set)
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
