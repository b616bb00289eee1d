"""Every error message has a test and is whole: a run of the whole suite fails on one that no test
provoked, or that lacks what was expected, what was found or the remedy."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import analyses
from analyses.problems import Problem

SRC = Path(str(analyses.__file__)).parent
_provoked: set[tuple[str, int]] = set()
_incomplete: set[str] = set()


def _messages() -> Iterator[tuple[str, range, str]]:
    """(file, lines, name called) of each place of the code that makes a `Problem`, itself or
    through a function that returns one."""
    trees = {str(path): ast.parse(path.read_text(encoding="utf-8")) for path in SRC.rglob("*.py")}
    makers = {"Problem", "wrong", "unreadable"} | {
        node.name
        for tree in trees.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
        and isinstance(node.returns, ast.Name)
        and node.returns.id in ("Problem", "BilanError")
    }
    for file, tree in trees.items():
        for node in ast.walk(tree):
            name = getattr(node.func, "id", "") if isinstance(node, ast.Call) else ""
            if name in makers:
                yield file, range(node.lineno, (node.end_lineno or 0) + 1), name


def pytest_configure(config: pytest.Config) -> None:
    """Note from which lines of the code each `Problem` comes."""
    make = Problem.__init__

    def noted(self: Problem, *args: object, **named: object) -> None:
        make(self, *args, **named)  # type: ignore[arg-type]
        frame = sys._getframe(1)
        whole = self.fichier and self.attendu and self.trouve and self.remede
        if frame.f_code.co_filename.startswith(str(SRC)) and not whole:
            _incomplete.add(f"  {Path(frame.f_code.co_filename).name}:{frame.f_lineno} {self}")
        while frame is not None and frame.f_code.co_filename.startswith(str(SRC)):
            _provoked.add((frame.f_code.co_filename, frame.f_lineno))
            frame = frame.f_back  # type: ignore[assignment]

    Problem.__init__ = noted  # type: ignore[method-assign]


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    options = session.config.option
    if exitstatus or options.file_or_dir or options.keyword or options.collectonly:
        return
    silent = [
        f"  {Path(file).relative_to(SRC)}:{lines.start} {name}(…)"
        for file, lines, name in _messages()
        if not any((file, line) in _provoked for line in lines)
    ]
    for title, places in (
        ("No test provokes these messages:", silent),
        ("These messages lack what was expected, what was found or the remedy:", _incomplete),
    ):
        if places:
            print("\n", title, *sorted(places), sep="\n")
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
