"""The clause that gives a rule its figure, and which function computes which kind of clause.

A citation is a kind, `regle` of a clause in contrat.yaml, and names the interpretations that the
function reads. A test finds clauses that compute and have no function, and kinds that no contract
has.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any, TypeVar

from analyses.contrat.model import Clause, Contrat

F = TypeVar("F", bound=Callable[..., Any])

CITATIONS: dict[str, list[str]] = {}  # kind of clause -> functions
LECTURES: dict[str, list[str]] = {}  # interpretation -> functions


def cite(*genres: str, lectures: Sequence[str] = ()) -> Callable[[F], F]:
    """Declare the kinds of clauses that a function computes and the interpretations that it reads.

    >>> @cite("exemple")
    ... def rule(): ...
    >>> CITATIONS.pop("exemple")[0].endswith(".rule")
    True
    """

    def declare(function: F) -> F:
        name = f"{function.__module__}.{function.__qualname__}"
        for genre in genres:
            CITATIONS.setdefault(genre, []).append(name)
        for reading in lectures:
            LECTURES.setdefault(reading, []).append(name)
        return function

    return declare


def clause_of(
    contrat: Contrat, regle: str, groupe: str = "", exercice: int | None = None
) -> Clause | None:
    """The clause that gives a rule its figure for an axe or volet (empty: the whole contract) and
    a year (None: any); None when no clause does.

    >>> from analyses.contrat.load import load_contrats
    >>> clause_of(load_contrats("55")["emploi"], "plafond", "v2", 2024).valeur
    179697
    """
    for clause in contrat.clauses.values():
        place = groupe in clause.groupes if groupe else not clause.groupes
        year = exercice is None or not clause.exercices or exercice in clause.exercices
        if clause.regle == regle and place and year:
            return clause
    return None


def fonde(contrat: Contrat, genre: str) -> bool:
    """Whether a contract has a clause of a kind, or says what founds it.

    >>> from analyses.contrat.load import load_contrats
    >>> [fonde(contrat, "formations") for contrat in load_contrats("55").values()]
    [False, True]
    """
    return contrat.article(genre, list(contrat.groupes)) != ""


def amount_of(clause: Clause | None) -> int | None:
    """Centimes of a clause whose value is an amount in euros; None when it gives none.

    >>> from analyses.contrat.load import load_contrats
    >>> plafond = load_contrats("55")["emploi"].clauses["plafond_v2"]
    >>> cut = [plafond.model_copy(update={"valeur": value}) for value in ("179697.50", None)]
    >>> amount_of(cut[0]), amount_of(cut[1]), amount_of(None)
    (17969750, None, None)
    """
    if clause is None or clause.valeur is None:
        return None
    return int(Fraction(str(clause.valeur)) * 100)
