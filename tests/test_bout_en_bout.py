"""The whole chain on the built-in example: the four bilans, through papermill."""

from __future__ import annotations

import csv
import json
import re
import shutil
from decimal import Decimal
from html import unescape
from pathlib import Path

import openpyxl
import pytest

from analyses.bilan import load
from analyses.cli import main
from analyses.production import notebooks, produce
from analyses.rendu import show
from analyses.socle import fmt

# Its reports take minutes to make: once, whatever the number of processes.
pytestmark = pytest.mark.xdist_group("bout-en-bout")

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


@pytest.fixture(scope="module")
def executes(tmp_path_factory):
    """Each notebook runs once for the same parameters: two bilans of one exercise have the same
    analyses, from the same figures."""
    folder, known = tmp_path_factory.mktemp("executes"), {}

    def run_once(path, output, parameters, cwd):
        key = (path, *sorted(parameters.items()))
        if key not in known:
            notebooks.run_notebook(path, output, parameters, cwd)
            known[key] = shutil.copy(output, folder / f"{len(known)}.ipynb")
        shutil.copy(known[key], output)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(produce, "run_notebook", run_once)
        yield known
    assert len(known) == 2 * len(notebooks.ANALYSES) + len(BILANS)


@pytest.fixture(scope="module", params=BILANS)
def rapport(request, donnees, executes, tmp_path_factory):
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


def _cells(page: str, caption: str) -> list[list[str]]:
    """Rows of the HTML table with this caption, as texts."""
    table = re.search(rf"<caption>{caption}.*?</table>", page, re.S)
    assert table is not None, caption
    rows = re.findall(r"<tr>(.*?)</tr>", table[0].split("<tbody>")[1], re.S)
    return [[unescape(c) for c in re.findall(r"<td[^>]*>(.*?)</td>", row, re.S)] for row in rows]


def test_pages_workbook_and_results_say_the_same(rapport):
    """Realised, planned and paid of each action: the HTML table, the workbook, resultats.csv."""
    folder, name = rapport
    page = (folder / f"{name}.html").read_text(encoding="utf-8")
    book = openpyxl.load_workbook(folder / "tableaux.xlsx", data_only=True)
    figures = {
        (row["mesure"], row["exercice"], row["code"]): row["valeur"] or fmt.statut(row["statut"])
        for row in _rows(folder)
        if row["niveau"] == "action" and row["financeur"] in ("total", "etat")
        if (row["mesure"], row["financeur"]) != ("prevu", "etat")
    }
    shown = 0
    if name != "etat-avancement":  # it shows its actions in a figure
        for year, _, label, planned, paid, realised, _, excluded, _ in _cells(
            page, "Exécution par action"
        ):
            code = label.split(" – ")[0]
            for measure, text in (("prevu", planned), ("verse", paid), ("realise", realised)) + (
                ("ineligible", excluded),
            ):
                value = figures[measure, year, code]
                euros = value.replace(".", "").lstrip("-").isdigit()
                assert text == (fmt.euros(round(Decimal(value) * 100)) if euros else value)
                shown += 1
    for sheet, column in [("Annexe 5", "Réalisé selon les mandats et les agents")] + [
        (f"Bilan volet {n}", "Réalisé éligible selon les mandats et les agents") for n in (1, 2, 3)
    ]:
        year, titles = "", []
        for row in book[sheet].iter_rows(values_only=True):
            if column in row:
                titles = list(row)
            elif str(row[0]).startswith("Annexe"):
                year = str(row[0])[-4:]
            elif titles and row[2]:
                value = row[titles.index(column)]
                assert f"{value:.2f}" == figures["realise", year, row[2]], (sheet, row[2])
                shown += 1
    assert shown > 30


@pytest.mark.parametrize(
    ("absent", "measures"),
    [
        ("mandats", ["realise", "ineligible", "consomme", "taux_execution", "non_affecte"]),
        ("affectations", ["realise", "ineligible", "consomme", "taux_execution", "non_affecte"]),
        ("recettes", ["verse"]),
        ("resultats_indicateurs", ["resultat"]),
        ("justifications", ["statut_sous_consommation"]),
    ],
)
def test_a_missing_file_is_unknown_never_zero(donnees, tmp_path, absent, measures):
    folder = tmp_path / "55" / "2024"
    shutil.copytree(donnees / "55" / "2024", folder)
    for path in folder.glob(f"{absent}.csv*"):
        path.unlink()
    bilan = load("55", 2024, donnees=tmp_path, preparer=True)
    rows = bilan.resultats[bilan.resultats["mesure"].isin(measures)]
    if absent == "justifications":  # what the ledger explains by itself is still judged
        rows = rows[rows["statut"] != "calcule"]
    assert len(rows) and set(rows["statut"]) <= {"non_renseigne", "sans_objet"}
    assert set(rows["valeur"]) == {""}
    assert f"{absent}.csv 2024" in show.banner(bilan).data


def test_a_year_without_a_folder_is_unknown_in_the_final_bilan(donnees, tmp_path):
    shutil.copytree(donnees / "55" / "2024", tmp_path / "55" / "2024")
    bilan = load("55", 2025, donnees=tmp_path, exercices="periode", preparer=True)
    assert bilan.exercices == [2024, 2025]
    rows = bilan.resultats[bilan.resultats["mesure"] == "realise"]
    assert set(rows[rows["exercice"] == "2024"]["statut"]) == {"calcule"}
    assert set(rows[rows["exercice"] == "2025"]["valeur"]) == {""}
    assert "dossier absent, exercice non renseigné" in str(bilan.depots[1].controles)


def test_a_year_without_a_folder_is_refused_alone_whatever_came_before(donnees, tmp_path, capsys):
    """2024 is there for what it carries over; it does not stand for the year that is asked."""
    folder = tmp_path / "raw"
    shutil.copytree(donnees / "55/2024", folder / "55/2024")
    command = ["produire", "--exercice", "2025", "--donnees", str(folder)]
    assert main([*command, "--sortie", str(tmp_path / "out")]) == 1
    assert "55/2025 : attendu un dossier de fichiers déposés" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


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
    key = ("mesure", "contrat", "exercice", "niveau", "code", "financeur", "detail")
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
