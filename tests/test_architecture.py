"""The packages stand in layers: one imports only those before it, so that none forms a knot."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import analyses

SRC = Path(str(analyses.__file__)).parent
COUCHES = [
    *("socle", "contrat", "depot", "preparation", "execution", "regles", "projection"),
    *("risque", "atteinte", "chiffres", "instantane", "bilan", "rendu"),
    *("importation", "saisie", "exemple", "production", "commandes", "cli"),
]


def _package(path: Path) -> str:
    return path.relative_to(SRC).parts[0].removesuffix(".py")


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module == "analyses":
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("analyses."):
            yield str(node.module).split(".")[1]
        elif isinstance(node, ast.Import):
            yield from (a.name.split(".")[1] for a in node.names if a.name.startswith("analyses."))


def test_a_package_imports_only_those_before_it():
    up = {
        (_package(path), name)
        for path in SRC.rglob("*.py")
        if path.name != "__init__.py" or path.parent != SRC
        for name in _imports(path)
        if COUCHES.index(name) > COUCHES.index(_package(path))
    }
    assert up == set()
