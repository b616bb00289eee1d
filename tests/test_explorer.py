"""docs/explorer.md: its questions are run, and each one is answered."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pandas as pd
import pytest

from analyses.cli import main
from analyses.socle import paths

PAGE = (paths.ROOT / "docs" / "explorer.md").read_text(encoding="utf-8")
BLOCS = re.findall(r"```python\n(.*?)```", PAGE, re.S)


@pytest.fixture(scope="module")
def space(tmp_path_factory):
    folder = tmp_path_factory.mktemp("explorer")
    assert main(["exemple", "--sortie", str(folder / "raw")]) == 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(paths, "PROCESSED", folder / "processed")
        donnees = folder / "raw"
        assert main(["controler", "--exercice", "2024", "--donnees", str(donnees)]) == 0
        prepare = paths.prepared_folder("55", 2024, donnees).parents[1]
        names = {"donnees": donnees, "prepare": prepare, "Path": Path}
        exec(BLOCS[0], names)
        yield names


def test_there_are_ten_questions():
    assert len(BLOCS) == 12 and len(re.findall(r"^\d+\. ", PAGE, re.M)) == 10


@pytest.mark.parametrize("bloc", BLOCS[1:], ids=range(1, len(BLOCS)))
def test_a_question_has_an_answer(bloc, space):
    tree = ast.parse(bloc)
    last = tree.body.pop()
    assert isinstance(last, ast.Expr)
    exec(compile(tree, "explorer.md", "exec"), space)
    answer = eval(compile(ast.Expression(last.value), "explorer.md", "eval"), space)
    answer = getattr(answer, "data", answer)  # a table shown in French
    assert isinstance(answer, pd.DataFrame | pd.Series) and len(answer)


def test_every_prepared_table_is_named():
    for schema in (paths.PARAMS / "preparees").glob("*.yaml"):
        assert f"`{schema.stem}`" in PAGE, schema.stem
