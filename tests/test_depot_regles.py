"""Tables that only the rules read: what is accepted, and every error message."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from pathlib import Path

import pytest
import yaml

from analyses.contrat.load import load_contrats
from analyses.depot import gate, suites
from analyses.depot.exercice import Depot
from analyses.depot.schemas import TABLES, table_schema
from analyses.preparation.magasin import open_exercice, preparer
from analyses.socle import paths
from analyses.socle.paths import PARAMS, ROOT
from analyses.socle.problems import BilanError, Problem

CONTRATS = load_contrats("55")
SECRET = "Dupont Jeanne"
HEADS = {
    "mandats": "exercice;numero_mandat;numero_ligne;date_emission;type;mandat_origine;nature;"
    "fonction;code_analytique;convention;tiers;objet;montant;date_paiement;id_engagement",
    "temps_agents": "poste;contrat;action;quotite;cout_mensuel_charge;debut;fin",
    "engagements": "id_engagement;exercice;date;contrat;action;objet;montant",
    "decisions_eligibilite": "exercice;numero_mandat;numero_ligne;decision;motif;decide_le;piece",
    "reports": "contrat;action;financeur;exercice_origine;exercice_destination;montant;accord_le;"
    "piece",
}
MANDAT = "2024;7;1;15/03/2024;ordinaire;;6064;444;A1;;;;100,00;;"


@pytest.fixture
def donnees(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "PROCESSED", tmp_path / "processed")
    (tmp_path / "raw/55/2024").mkdir(parents=True)
    return tmp_path / "raw"


@pytest.fixture
def sans_suites(monkeypatch):
    monkeypatch.setattr(gate, "validate", lambda tables: [])


def put(donnees: Path, table: str, *rows: str, year: int = 2024, head: str = "") -> None:
    folder = donnees / "55" / str(year)
    folder.mkdir(parents=True, exist_ok=True)
    text = "\n".join([head or HEADS[table], *rows, ""])
    (folder / f"{table}.csv").write_text(text, encoding="utf-8")


def opened(donnees: Path, year: int = 2024) -> Depot:
    return open_exercice("55", year, donnees, CONTRATS)


def problems(donnees: Path, year: int = 2024) -> list[Problem]:
    with pytest.raises(BilanError) as error:
        opened(donnees, year)
    assert SECRET not in str(error.value)
    for problem in error.value.problems:
        assert problem.fichier and problem.attendu and problem.trouve and problem.remede
    return error.value.problems


def test_the_four_tables_are_read_gated_and_kept(donnees):
    put(donnees, "mandats", MANDAT)
    put(
        donnees,
        "temps_agents",
        "P-01;emploi;V1-1;80 %;4 250,00 €;15/03/2024;",
        "P-01;emploi;v1-2;0,2;4 250,00;01/04/2024;31/12/2024",
        head="N° poste;Contrat;Code action;Quotité;Coût mensuel chargé;Date de début;Date de fin",
    )
    put(
        donnees,
        "engagements",
        "E1;2024;02/02/2024;solidarites;1;convention;1 000,00",
        "E1;2024;02/09/2024;solidarites;1;dégagement;(200,00)",
    )
    put(donnees, "decisions_eligibilite", "2024;7;1;Éligible;étude;03/02/2025;note")
    put(donnees, "reports", "solidarites;7;etat;2024;2025;2 000,00;14/02/2025;annexe 6")
    depot = opened(donnees)
    assert depot.temps_agents["quotite"].tolist() == [Fraction(4, 5), Fraction(1, 5)]
    assert depot.temps_agents["fin"].tolist() == [None, dt.date(2024, 12, 31)]
    assert depot.temps_agents["cout_mensuel_charge"].tolist() == [425_000] * 2
    assert depot.engagements["montant"].tolist() == [100_000, -20_000]
    assert depot.decisions_eligibilite["decision"].tolist() == ["eligible"]
    assert depot.reports["exercice_destination"].tolist() == [2025]
    preparer("55", 2024, donnees)
    kept = paths.prepared_folder("55", 2024, donnees)
    assert ",425000,2024-03-15," in (kept / "agents.csv").read_text("utf-8")
    assert ",-20000," in (kept / "engagements.csv").read_text("utf-8")


def test_absent_tables_are_unknown(donnees, sans_suites):
    put(donnees, "mandats", MANDAT)
    depot = opened(donnees)
    absent = (depot.temps_agents, depot.engagements, depot.decisions_eligibilite, depot.reports)
    assert absent == (None, None, None, None)


def test_the_suite_refuses_personal_data_in_a_post(donnees):
    put(donnees, "temps_agents", "1 85 05 55 123 456;emploi;v1-1;1;4000;01/01/2024;")
    [problem] = problems(donnees)
    assert problem.champ == "poste" and "sans donnée personnelle" in problem.attendu


@pytest.mark.parametrize(
    ("row", "champ", "attendu", "trouve"),
    [
        ("P;emploi;v1-1;1,2;4000;01/01/2024;", "quotite", "plus de 0 à 1", "1,2"),
        ("P;emploi;v1-1;0;4000;01/01/2024;", "quotite", "plus de 0 à 1", "0"),
        ("P;emploi;v1-1;;4000;01/01/2024;", "quotite", "une valeur", "cellule vide"),
        ("P;emploi;v1-1;1;4000;01/05/2024;01/04/2024", "fin", "postérieure", "avant le 01/05/2024"),
        ("P;emploi;v1-1;1;-4000;01/05/2024;", "cout_mensuel_charge", "positif ou nul", "-4000"),
        ("P;emploi;v1-1;1;4000,123;01/05/2024;", "cout_mensuel_charge", "deux décimales", "4000,1"),
        ("P;emploi;v1-9;1;4000;01/05/2024;", "action", "une action du contrat emploi", "v1-9"),
        ("P;autre;v1-1;1;4000;01/05/2024;", "contrat", "un contrat parmi", "autre"),
        ("P;emploi;v1-1;1;4000;32/05/2024;", "debut", "une date", "32/05/2024"),
        (";emploi;v1-1;1;4000;01/05/2024;", "poste", "une valeur", "cellule vide"),
    ],
)
def test_wrong_staff_line(donnees, sans_suites, row, champ, attendu, trouve):
    put(donnees, "temps_agents", row)
    [problem] = problems(donnees)
    assert (problem.fichier, problem.ligne) == ("55/2024/temps_agents.csv", 2)
    assert problem.champ == champ and attendu in problem.attendu and trouve in problem.trouve


def test_a_post_is_never_above_one(donnees, sans_suites):
    """0,6 + 0,6 from 1 March: 1,2; the first line alone, and the two posts apart, are right."""
    put(
        donnees,
        "temps_agents",
        f"{SECRET};emploi;v1-1;0,6;4000;01/01/2024;30/06/2024",
        f"{SECRET};emploi;v1-2;0,6;4000;01/03/2024;",
        "P-02;emploi;v1-2;1;4000;01/03/2024;",
    )
    [problem] = problems(donnees)
    assert problem.trouve == "1,2 le 01/03/2024 (lignes 2, 3)" and problem.champ == "quotite"


def test_staff_lines_of_another_year_are_noted(donnees, sans_suites):
    put(donnees, "temps_agents", "P;emploi;v1-1;1;4000;01/01/2023;31/12/2023")
    assert any("sans aucun jour en 2024" in note for note in opened(donnees).controles)


@pytest.mark.parametrize(
    ("row", "champ", "attendu", "trouve"),
    [
        ("E1;2024;01/03/2025;emploi;v1-1;x;10", "date", "au plus tard le 31/01/2025", "01/03/2025"),
        ("E1;2024;01/03/2024;emploi;v1-1;x;10,001", "montant", "deux décimales", "10,001"),
        ("E1;2024;01/03/2024;emploi;v9;x;10", "action", "une action du contrat emploi", "v9"),
        (";2024;01/03/2024;emploi;v1-1;x;10", "id_engagement", "une valeur", "cellule vide"),
    ],
)
def test_wrong_commitment(donnees, sans_suites, row, champ, attendu, trouve):
    put(donnees, "engagements", row)
    [problem] = problems(donnees)
    assert problem.champ == champ and attendu in problem.attendu and trouve in problem.trouve


@pytest.mark.parametrize(
    ("row", "champ", "attendu", "trouve"),
    [
        ("2024;8;1;eligible;x;03/02/2025;", "numero_mandat", "une ligne de mandats.csv", "absent"),
        ("2024;7;2;eligible;x;03/02/2025;", "numero_mandat", "une ligne de mandats.csv", "ligne 2"),
        ("2024;7;1;peut-etre;x;03/02/2025;", "decision", "eligible, ineligible", "peut-etre"),
        ("2024;7;1;eligible;;03/02/2025;", "motif", "une valeur", "cellule vide"),
        ("2024;7;1;eligible;x;;", "decide_le", "une valeur", "cellule vide"),
    ],
)
def test_wrong_decision(donnees, sans_suites, row, champ, attendu, trouve):
    put(donnees, "mandats", MANDAT)
    put(donnees, "decisions_eligibilite", row)
    [problem] = problems(donnees)
    assert problem.champ == champ and attendu in problem.attendu and trouve in problem.trouve


def test_two_decisions_on_one_line(donnees, sans_suites):
    put(donnees, "mandats", MANDAT)
    row = "2024;7;1;{};x;03/02/2025;"
    put(donnees, "decisions_eligibilite", row.format("eligible"), row.format("ineligible"))
    [problem] = problems(donnees)
    assert problem.trouve == "la même clé à la ligne 2"


def test_a_decision_may_speak_of_the_previous_exercise(donnees, sans_suites):
    put(donnees, "mandats", MANDAT)
    put(donnees, "mandats", MANDAT.replace("2024", "2025").replace(";7;", ";70;"), year=2025)
    put(donnees, "decisions_eligibilite", "2024;7;1;eligible;x;03/02/2025;", year=2025)
    assert len(opened(donnees, 2025).decisions_eligibilite) == 1


def test_a_receipt_finances_its_exercise_or_an_earlier_one(donnees, sans_suites):
    """The column may be absent; filled, it names the exercise of the expenditure."""
    head = "exercice;numero_titre;date;contrat;action;financeur;montant;date_encaissement"
    put(donnees, "recettes", "2024;1;01/07/2024;emploi;v2-1;fse;10;", head=head)
    assert opened(donnees).recettes["exercice_origine"].tolist() == [None]
    rows = [f"2024;{year};01/07/2024;emploi;v2-1;fse;10;;{year}" for year in (2023, 2024, 2025)]
    put(donnees, "recettes", *rows, head=f"{head};exercice_origine")
    (wrong,) = problems(donnees)
    assert (wrong.ligne, wrong.champ, wrong.trouve) == (4, "exercice_origine", "2025")
    assert wrong.attendu == "l'exercice du titre (2024) ou un exercice antérieur"


@pytest.mark.parametrize(
    ("rows", "champ", "trouve"),
    [
        (["2024;2024"], "exercice_destination", "un cycle : 2024 vers 2024"),
        (["2024;2025", "2025;2024"], "exercice_destination", "un cycle : 2025 vers 2024"),
        (["2024;2026"], "exercice_destination", "un saut : 2024 vers 2026"),
        (["2024;2025", "2026;2027"], "exercice_origine", "un trou : aucun report de 2025"),
        (["2027;2028"], "exercice_origine", "2027 vers 2028"),
        (["2023;2024"], "exercice_origine", "2023 vers 2024"),
    ],
)
def test_broken_chain(donnees, sans_suites, rows, champ, trouve):
    put(donnees, "reports", *(f"solidarites;7;etat;{row};10;;" for row in rows))
    found = problems(donnees)
    assert len(found) == 1 and found[0].champ == champ and trouve in found[0].trouve


def test_every_problem_of_a_chain_at_once(donnees, sans_suites):
    put(
        donnees,
        "reports",
        "solidarites;7;etat;2025;2025;10;;",
        "solidarites;8;etat;2024;2026;10;;",
        "solidarites;9;caf;2024;2025;-1;;",
        "solidarites;10;etat;2024;2025;10;;",
        "solidarites;10;etat;2024;2025;12;;",
    )
    found = problems(donnees)
    assert {(p.ligne, p.champ) for p in found} == {
        (2, "exercice_destination"),
        (3, "exercice_destination"),
        (4, "financeur"),
        (4, "montant"),
        (6, "contrat, action, financeur, exercice_origine"),
    }


# --- parameters and documents ---------------------------------------------------------------


@pytest.mark.parametrize("table", TABLES)
def test_every_table_has_headers_a_suite_and_its_page(table):
    fields = {field["name"] for field in table_schema(table)["fields"]}
    spellings = yaml.safe_load((PARAMS / "colonnes.yaml").read_text(encoding="utf-8"))
    assert set(spellings[table]) == fields
    for asked in suites.load_suite(table):
        told = asked["kwargs"]
        named = {told.get("column"), told.get("column_A"), told.get("column_B")} - {None}
        assert named | set(told.get("column_list", [])) <= fields and len(asked["meta"]) == 3
    page = (ROOT / "docs" / "dictionnaire.md").read_text(encoding="utf-8")
    section = page.split(f"## `{table}.csv`")[1].split("\n## ")[0]
    assert all(f"`{name}`" in section for name in fields)


@pytest.mark.parametrize("poste", ["1850155123456", "dupont@exemple.fr"])
def test_the_post_of_a_pay_is_a_code(donnees, poste):
    head = HEADS["mandats"] + ";date_service;poste"
    put(donnees, "mandats", MANDAT + ";01/03/2024;P-014", head=head)
    assert opened(donnees).mandats[["date_service", "poste"]].to_numpy().tolist() == [
        [dt.date(2024, 3, 1), "P-014"]
    ]
    put(donnees, "mandats", MANDAT + f";01/03/2024;{poste}", head=head)
    [found] = problems(donnees)
    assert (found.champ, found.attendu) == (
        "poste",
        "un code ou un intitulé de poste, sans donnée personnelle",
    )
    assert poste not in str(found)
