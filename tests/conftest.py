"""Every error message has a test and is whole: a run of the whole suite fails on one that no test
provoked, or that lacks what was expected, what was found or the remedy. Under pytest-xdist each
process tells what it saw, the first one judges."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

import analyses
from analyses.socle import paths
from analyses.socle.problems import BilanError, Problem

# A slow machine is no failure: an example has no deadline.
settings.register_profile("analyses", deadline=None)
settings.load_profile("analyses")
SRC = Path(str(analyses.__file__)).parent
_provoked: set[tuple[str, int]] = set()
_incomplete: set[str] = set()


@pytest.fixture(scope="session", autouse=True)
def processed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """No test writes into the data/processed of the project; each raw folder has its own tables."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(paths, "PROCESSED", tmp_path_factory.mktemp("processed"))
        yield paths.PROCESSED


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
    """Note from which lines of the code each `Problem` comes, and what an error leaves out."""
    make = Problem.__init__

    def noted(self: Problem, *args: object, **named: object) -> None:
        make(self, *args, **named)  # type: ignore[arg-type]
        frame = sys._getframe(1)
        while frame is not None and frame.f_code.co_filename.startswith(str(SRC)):
            _provoked.add((frame.f_code.co_filename, frame.f_lineno))
            frame = frame.f_back  # type: ignore[assignment]

    fail = BilanError.__init__

    def failed(self: BilanError, *args: object, **named: object) -> None:
        fail(self, *args, **named)  # type: ignore[arg-type]
        code = sys._getframe(1).f_code
        if code.co_filename.startswith(str(SRC)):
            _incomplete.update(
                f"  {Path(code.co_filename).name}:{code.co_firstlineno} {one}"
                for one in self.problems
                if not (one.fichier and one.attendu and one.trouve and one.remede)
            )

    Problem.__init__ = noted  # type: ignore[method-assign]
    BilanError.__init__ = failed  # type: ignore[method-assign]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take up what a process of pytest-xdist saw; one that died has told nothing."""
    told = getattr(node, "workeroutput", {})
    _provoked.update(tuple(place) for place in told.get("provoked", ()))
    _incomplete.update(told.get("incomplete", ()))


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    if hasattr(session.config, "workeroutput"):  # one process of several
        session.config.workeroutput.update(
            provoked=sorted(_provoked), incomplete=sorted(_incomplete)
        )
        return
    options = session.config.option
    part = options.file_or_dir or options.keyword or "not slow" not in options.markexpr
    if exitstatus or part or options.collectonly:
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
