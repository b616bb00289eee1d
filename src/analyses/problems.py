"""User-facing problems: errors are data, collected in full and shown at once, in French."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


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

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = list(problems)
        super().__init__(str(self))

    def __str__(self) -> str:
        count = len(self.problems)
        title = f"{count} problème{'s' if count > 1 else ''} :"
        return "\n".join([title, *(f"- {problem}" for problem in self.problems)])
