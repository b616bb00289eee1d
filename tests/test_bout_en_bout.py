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
    analyses.add("05-regles")
    assert {f"{one}.{kind}" for one in analyses for kind in ("ipynb", "html")} <= names
    assert {"tableaux.xlsx", "resultats.csv", "resultats.csv.source.yaml"} <= names
    assert "lectures.csv" in names
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


def test_rule_measures_are_there_once_and_name_their_reading(rapport):
    rows = _rows(rapport[0])
    measures = {"engage", "paye", "part_cd", "a_reporter", "avance", "plafond", "solde"}
    measures |= {"trop_percu", "a_rembourser", "version"}
    assert measures <= {row["mesure"] for row in rows}
    key = ("mesure", "contrat", "exercice", "niveau", "code", "financeur")
    places = [tuple(row[name] for name in key) for row in rows]
    assert len(places) == len(set(places))
    for row in rows:
        assert bool(row["valeur"]) == (row["statut"] == "calcule"), row
        if row["mesure"] == "part_cd" and row["contrat"] == "solidarites":
            assert "base-des-50-pour-cent=etat-cd" in row["lecture"]


def test_ended_volets_are_without_object_in_2025(rapport):
    rows = [row for row in _rows(rapport[0]) if row["exercice"] == "2025"]
    ended = [r for r in rows if r["contrat"] == "emploi" and r["code"][:2] in ("v1", "v2")]
    ended = [r for r in ended if r["niveau"] in ("volet", "action") and r["mesure"] != "imprime"]
    empty = {row["statut"] for row in ended if not row["valeur"]}
    assert empty <= {"sans_objet"}, [r for r in ended if r["statut"] == "non_renseigne"][:3]


def test_balance_of_volet_3_takes_up_both_years(donnees, rapport):
    """Only where 2025 is covered: due = realised 2024 + 2025 of volet 3, under the ceiling."""
    rows = {
        (r["mesure"], r["exercice"]): Decimal(r["valeur"])
        for r in _rows(rapport[0])
        if r["niveau"] == "volet"
        and r["code"] == "v3"
        and r["valeur"]
        and r["mesure"] in ("realise", "verse", "du", "solde", "trop_percu")
    }
    if ("du", "2025") not in rows:
        return
    assert rows["du", "2025"] == rows["realise", "2024"] + rows["realise", "2025"]
    paid = rows["verse", "2024"] + rows["verse", "2025"]
    assert paid + rows["solde", "2025"] - rows["trop_percu", "2025"] == rows["du", "2025"]
