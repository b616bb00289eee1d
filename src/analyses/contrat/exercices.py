"""Exercises and dates that a person asks for, checked against the contracts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from analyses.contrat import load
from analyses.contrat.model import Contrat
from analyses.socle.problems import BilanError, Problem


def read_date(text: str | date | None, champ: str = "arrete-au") -> date | None:
    """A date typed by a person or passed to a notebook; empty means no date.

    >>> read_date("2024-06-30"), read_date("")
    (datetime.date(2024, 6, 30), None)
    """
    if not text:
        return None
    if isinstance(text, date):
        return text
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()
    except ValueError:
        raise BilanError(_problem(champ, "une date AAAA-MM-JJ", text)) from None


def _problem(champ: str, attendu: str, trouve: object) -> Problem:
    return Problem(
        "demande",
        champ=champ,
        attendu=attendu,
        trouve=f"« {trouve} »",
        remede="corrigez la demande",
    )


def check_years(contrats: Mapping[str, Contrat], exercices: Sequence[int], au: date | None) -> None:
    """Refuse a year that no contract covers and a closing date before the last year begins."""
    known = sorted({year for contrat in contrats.values() for year in contrat.exercices})
    problems = [
        _problem("exercice", "un exercice parmi " + ", ".join(map(str, known)), year)
        for year in exercices
        if year not in known
    ]
    if not problems and au is not None and au.year < max(exercices):
        problems = [_problem("arrete-au", f"une date à partir du {max(exercices)}-01-01", au)]
    if problems:
        raise BilanError(problems)


def period(contrats: Mapping[str, Contrat], exercice: int) -> list[int]:
    """Exercises that all the contracts share, up to `exercice`.

    >>> both = load.load_contrats("55")
    >>> period(both, 2025), period(both, 2024), period(both, 2030)
    ([2024, 2025], [2024], [2024, 2025])
    """
    shared = set.intersection(*(set(contrat.exercices) for contrat in contrats.values()))
    return [year for year in sorted(shared) if year <= exercice]


def par_defaut() -> tuple[str, list[int]]:
    """What a command takes when it is not told: the first département of the registry, and the
    exercises that its contracts share (all of them, when they share none).

    >>> par_defaut()
    ('55', [2024, 2025])
    """
    code, entry = next(iter(load.registry().items()))
    years = [set(one["exercices"]) for one in entry["contrats"].values()]
    return code, sorted(set.intersection(*years) or set.union(*years))


def contrats_de(departement: str, exercice: int, au: date | None = None) -> dict[str, Contrat]:
    """The contracts of an exercise, in the version that applies at its end (or at `au` before it):
    an avenant changes nothing before its date.

    >>> contrats_de("55", 2024)["emploi"].version.code
    '2024-06-20-initial'
    """
    end = date(exercice, 12, 31)
    return load.load_contrats(departement, min(au, end) if au else end)
