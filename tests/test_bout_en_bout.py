"""The whole chain on the built-in example: the four bilans, through papermill."""

from __future__ import annotations

import csv
import json
from decimal import Decimal
from pathlib import Path

import pytest

from analyses.cli import main

BILANS = {
    "intermediaire": (2024, "bilan-intermediaire"),
    "final": (2025, "bilan-final"),
    "etat-avancement": (2024, "etat-avancement"),
    "rapport-execution": (2025, "rapport-execution"),
}


@pytest.fixture(scope="module")
def donnees(tmp_path_factory):
    folder = tmp_path_factory.mktemp("chaine") / "raw"
    assert main(["exemple", "--sortie", str(folder)]) == 0
    return folder


@pytest.fixture(scope="module", params=BILANS)
def rapport(request, donnees, tmp_path_factory):
    sortie = tmp_path_factory.mktemp("reports")
    command = ["produire", "--bilan", request.param]
    assert main([*command, "--donnees", str(donnees), "--sortie", str(sortie)]) == 0
    year, name = BILANS[request.param]
    return sortie / str(year) / "55" / request.param, name


def _rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "resultats.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_everything_is_there_executed_and_says_simulated(rapport):
    folder, name = rapport
    names = {path.name for path in folder.iterdir()}
    analyses = {"01-qualite", "02-execution", "03-sous-consommation", "04-indicateurs", name}
    assert {f"{one}.{kind}" for one in analyses for kind in ("ipynb", "html")} <= names
    assert {"tableaux.xlsx", "resultats.csv", "resultats.csv.source.yaml"} <= names
    for page in folder.glob("*.html"):
        assert "Données simulées" in page.read_text(encoding="utf-8"), page.name
    for notebook in folder.glob("*.ipynb"):
        cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
        code = [cell for cell in cells if cell["cell_type"] == "code"]
        assert all(cell["execution_count"] for cell in code), notebook.name


def test_pages_load_nothing_from_elsewhere(rapport):
    for page in rapport[0].glob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert 'src="http' not in text and "<link" not in text, page.name


def test_totals_are_the_sums_of_what_is_shown(rapport):
    """Realised by action sums to the axes or volets and to the contract, to the centime."""
    rows = [row for row in _rows(rapport[0]) if row["mesure"] == "realise"]
    for contrat in ("solidarites", "emploi"):
        for year in {row["exercice"] for row in rows}:
            totals = {
                levels: sum(
                    Decimal(row["valeur"] or 0)
                    for row in rows
                    if (row["contrat"], row["exercice"]) == (contrat, year)
                    and row["niveau"] in levels
                )
                for levels in (("action",), ("axe", "volet"), ("contrat",))
            }
            assert len(set(totals.values())) == 1 and totals["contrat",] > 0, (contrat, year)
