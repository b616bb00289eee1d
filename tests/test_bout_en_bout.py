"""The whole chain on the built-in example, as `make bilan` runs it."""

from __future__ import annotations

import csv

import pytest

from analyses.cli import main


@pytest.fixture(scope="module")
def rapport(tmp_path_factory):
    base = tmp_path_factory.mktemp("chaine")
    donnees, sortie = base / "raw", base / "reports"
    assert main(["exemple", "--sortie", str(donnees)]) == 0
    assert main(["produire", "--donnees", str(donnees), "--sortie", str(sortie)]) == 0
    return sortie / "2024" / "55" / "intermediaire"


def test_everything_is_there_and_says_simulated(rapport):
    names = {path.name for path in rapport.iterdir()}
    assert {
        "bilan-intermediaire.ipynb",
        "bilan-intermediaire.html",
        "tableaux.xlsx",
        "resultats.csv",
        "02-execution.ipynb",
    } <= names
    for page in rapport.glob("*.html"):
        assert "Données simulées" in page.read_text(encoding="utf-8"), page.name


def test_totals_are_the_sums_of_what_is_shown(rapport):
    """Realised by action sums to the axe and to the contract, to the centime."""
    with (rapport / "resultats.csv").open(encoding="utf-8", newline="") as file:
        rows = [r for r in csv.DictReader(file) if r["mesure"] == "realise"]

    def total(contrat, *niveaux):
        return sum(
            round(float(r["valeur"]) * 100)
            for r in rows
            if r["contrat"] == contrat and r["niveau"] in niveaux
        )

    for contrat in ("solidarites", "emploi"):
        assert total(contrat, "action") == total(contrat, "contrat") > 0
        assert total(contrat, "axe", "volet") == total(contrat, "contrat")
