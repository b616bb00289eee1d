"""What belongs to a contract is in params/: no article, code, year or rate in executable Python.

Strings (parts of f-strings too) and numbers are looked at; docstrings and doctests may cite.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import analyses
from analyses.contrat.load import load_contrats, registry, titres_courts
from analyses.contrat.model import Contrat
from analyses.socle.paths import NOTEBOOKS

SRC = Path(str(analyses.__file__)).parent
DEPARTEMENTS = registry()
CONTRATS: list[Contrat] = [c for code in DEPARTEMENTS for c in load_contrats(code).values()]
# Words that only look alike: a format, a title, how a number is typed.
ANODINS = re.compile(r"PES v2|[Mm]ode d'emploi|0,5 ; 50 %|quatre chiffres \(2024\)")
# Where a decimal is a rate of a contract; elsewhere it is a probability or the size of a plot.
REGLES = {"contrat", "depot", "preparation", "execution", "regles", "atteinte", "chiffres"}
TAUX = {
    float(clause.valeur)
    for c in CONTRATS
    for clause in c.clauses.values()
    if clause.unite == "ratio"
}


def _any(words: set[str]) -> str:
    return "|".join(sorted(map(re.escape, words), key=len, reverse=True))


def _interdits() -> dict[str, re.Pattern[str]]:
    """What no string may say, read from the contracts themselves where they say it."""
    places = {key for c in CONTRATS for key in c.groupes}
    actions = {code for c in CONTRATS for code in c.actions if not code.isdigit()}
    niveaux = {group.niveau for c in CONTRATS for group in c.groupes.values()}
    noms = {entry["nom"] for entry in DEPARTEMENTS.values()}
    titres = {*titres_courts(), *titres_courts().values()}
    return {
        "article": re.compile(r"\b(art\.|articles?|annexes?) ?(n° ?)?\d", re.I),
        "contrat": re.compile(rf"\b({_any(titres)})\b", re.I),
        "axe, volet ou action": re.compile(
            rf"\b({_any(places | actions)})\b|\b({_any(niveaux)})s? \d"
        ),
        "département": re.compile(rf"\b({_any({*DEPARTEMENTS, *noms})})\b"),
        "année": re.compile(r"(?<!\d)20(2\d|3[0-5])(?!\d)"),
        "taux": re.compile(rf"\b({_any({f'{taux * 100:g}' for taux in TAUX})})[\s\u00a0]?%"),
    }


INTERDITS = _interdits()


def _docstrings(tree: ast.AST) -> set[ast.expr]:
    bodies = (
        node.body
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
    )
    return {body[0].value for body in bodies if body and isinstance(body[0], ast.Expr)}


def _dit(value: Any, rates: bool) -> str:
    """What a constant says that belongs to a contract ('' when nothing)."""
    if isinstance(value, str):
        value = ANODINS.sub("", value)
        found = [name for name, pattern in INTERDITS.items() if pattern.search(value)]
        if rates and re.fullmatch(r"0\.\d+", value) and float(value) in TAUX:
            found.append("taux")
        return ", ".join(found)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return ""
    if 2020 <= value <= 2035:
        return "année"
    if str(value) in DEPARTEMENTS:
        return "département"
    return "taux" if rates and isinstance(value, float) and value in TAUX else ""


def _constantes(source: str, rates: bool = True) -> Iterator[tuple[int, str]]:
    """(line, what) of each constant that belongs to a contract."""
    tree = ast.parse(source)
    exempt = _docstrings(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and node not in exempt:
            told = _dit(node.value, rates)
            if told:
                yield node.lineno, f"{told} : {str(node.value)[:60]!r}"


def test_no_module_holds_what_belongs_to_a_contract():
    found = []
    for path in sorted(SRC.rglob("*.py")):
        package = path.relative_to(SRC).parts[0]
        rows = _constantes(path.read_text(encoding="utf-8"), package in REGLES)
        found += [f"{path.relative_to(SRC)}:{line} {words}" for line, words in rows]
    assert found == []


def test_no_notebook_holds_what_belongs_to_a_contract():
    found = []
    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        for rank, cell in enumerate(cells):
            if cell["cell_type"] == "code" and "parameters" not in cell["metadata"].get("tags", ()):
                rows = _constantes("".join(cell["source"]))
                found += [f"{path.name}, cell {rank}: {words}" for _, words in rows]
    assert found == []


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ('x = "annexe 3"', "article"),
        ('x = f"{y} (art. 2.2)"', "article"),
        ('x = "solidarites"', "contrat"),
        ('x = "Insertion-emploi"', "contrat"),
        ('x = "v2-1"', "axe, volet ou action"),
        ('x = "axe-1"', "axe, volet ou action"),
        ('x = "le volet 3"', "axe, volet ou action"),
        ('x = "55"', "département"),
        ("x = 55", "département"),
        ('x = "en 2025"', "année"),
        ("x = 2024", "année"),
        ('x = "au moins 50 %"', "taux"),
        ('x = Fraction("0.60")', "taux"),
        ("x = 0.5", "taux"),
    ],
)
def test_a_constant_of_a_contract_is_found(source, words):
    assert [told for _, told in _constantes(source)][0].startswith(words)


@pytest.mark.parametrize(
    "source",
    [
        '"""Art. 2.2, emploi, 2024."""',
        'def f():\n    "annexe 3"',
        'x = "PES v2"',
        "x = 0.8",
        "x = 1",
    ],
)
def test_what_belongs_to_no_contract_is_left(source):
    assert list(_constantes(source)) == []
