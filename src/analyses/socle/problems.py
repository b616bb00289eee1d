"""User-facing problems: errors are data, collected in full and shown at once, in French."""

from __future__ import annotations

import errno
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong, with its place, what was expected, what was found, the remedy.

    >>> print(Problem("mandats.csv", 3, "montant", "des euros", "« abc »", "corrigez"))
    mandats.csv, ligne 3, champ « montant » : attendu des euros ; trouvé « abc » ; corrigez
    """

    fichier: str
    ligne: int | None = None
    champ: str = ""
    attendu: str = ""
    trouve: str = ""
    remede: str = ""

    def __str__(self) -> str:
        place = self.fichier
        if self.ligne is not None:
            place += f", ligne {self.ligne}"
        if self.champ:
            place += f", champ « {self.champ} »"
        details = [
            f"attendu {self.attendu}" if self.attendu else "",
            f"trouvé {self.trouve}" if self.trouve else "",
            self.remede,
        ]
        return f"{place} : " + " ; ".join(part for part in details if part)


class BilanError(Exception):
    """Every problem of one pass, raised once, before anything is computed or written.

    >>> print(BilanError([Problem("a.csv", remede="fournissez le fichier")]))
    1 problème :
    - a.csv : fournissez le fichier
    """

    def __init__(self, problems: Problem | Sequence[Problem], note: str = "") -> None:
        self.problems = [problems] if isinstance(problems, Problem) else list(problems)
        self.note = note
        super().__init__(str(self))

    def __str__(self) -> str:
        count = len(self.problems)
        title = f"{count} problème{'s' if count > 1 else ''} :"
        lines = [title, *(f"- {problem}" for problem in self.problems), self.note]
        return "\n".join(line for line in lines if line)


_REASONS: dict[type[OSError], str] = {
    PermissionError: "un accès refusé",
    FileExistsError: "un fichier de ce nom",
    NotADirectoryError: "un fichier à la place d'un dossier",
    IsADirectoryError: "un dossier à la place d'un fichier",
    FileNotFoundError: "un dossier qui n'existe pas et ne peut être créé",
}


def reason(error: OSError) -> str:
    """Why the system refuses, in French.

    >>> reason(PermissionError(13, "Permission denied")), reason(OSError(28, "No space left"))
    ('un accès refusé', 'un disque plein')
    """
    if error.errno == errno.ENOSPC:
        return "un disque plein"
    return _REASONS.get(type(error), f"une erreur du système ({error.errno})")


def unwritable(
    place: Path | str,
    error: OSError,
    remede: str,
    attendu: str = "un dossier où l'on peut écrire",
) -> BilanError:
    """The error of a place where nothing can be written, with the reason in French.

    >>> print(unwritable("reports", PermissionError(13, "Permission denied"), "libérez-le"))
    1 problème :
    - reports : attendu un dossier où l'on peut écrire ; trouvé un accès refusé ; libérez-le
    """
    name = place.as_posix() if isinstance(place, Path) else place
    return BilanError(Problem(name, attendu=attendu, trouve=reason(error), remede=remede))
