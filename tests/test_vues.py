"""Views compute nothing: no sum, ratio or rounding in `rendu` nor in the notebooks' cells.

A plot may scale what it draws to the unit of its axis, and stack it. The formulas of the workbook
are computed as Excel will, to be compared with the figures.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from analyses.socle.paths import NOTEBOOKS, ROOT

RENDU = ROOT / "src" / "analyses" / "rendu"
APPELS = {"sum", "fsum", "round", "Fraction", "Decimal", "total", "rounded", "half_up_centime"}
METHODES = {
    "sum",
    "mean",
    "median",
    "cumsum",
    "prod",
    "div",
    "mul",
    "quantize",
    "agg",
    "pct_change",
}


def _path(node: ast.BinOp) -> bool:
    """`folder / "name"` divides nothing."""
    return isinstance(node.right, ast.JoinedStr) or (
        isinstance(node.right, ast.Constant) and isinstance(node.right.value, str)
    )


def _computes(node: ast.AST, trace: bool) -> bool:
    if isinstance(node, ast.Call):
        name = node.func
        if isinstance(name, ast.Name) and name.id in APPELS:
            # Of one argument, a rate that is read; over 100, euros that the workbook writes.
            return name.id != "Fraction" or not (
                len(node.args) == 1 or ast.unparse(node.args[1]) == "100"
            )
        return not trace and isinstance(name, ast.Attribute) and name.attr in METHODES
    divides = isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div | ast.FloorDiv)
    return divides and not trace and not _path(node)


def _calculs(source: str, trace: bool = False) -> Iterator[tuple[int, str]]:
    """(line, code) of each computation of a view; `trace`: of a plot, that scales and stacks."""
    for node in ast.walk(ast.parse(source)):
        if _computes(node, trace):
            yield node.lineno, ast.unparse(node)[:60]


def test_no_view_computes():
    found = [
        f"{path.name}:{line} {code}"
        for path in sorted(RENDU.glob("*.py"))
        if path.name != "gabarits.py"  # the live formulas, which must give the figures
        for line, code in _calculs(path.read_text(encoding="utf-8"), path.stem.startswith("plots"))
    ]
    assert found == []


@pytest.mark.parametrize("path", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda path: path.stem)
def test_no_cell_computes(path: Path):
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    assert [found for source in code for found in _calculs(source)] == []


@pytest.mark.parametrize(
    "source", ["sum(a)", "t['a'].sum()", "a / b", "a // 100", "Fraction(a, b)", "round(a)"]
)
def test_a_computation_is_found(source):
    assert len(list(_calculs(source))) == 1


def test_a_plot_scales_and_a_path_divides_nothing():
    assert list(_calculs("a / 100", trace=True)) == list(_calculs("ROOT / 'x'")) == []
