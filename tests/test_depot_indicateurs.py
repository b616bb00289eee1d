"""Files of results and of training: what stops the run, what is noted, what is never shown."""

from __future__ import annotations

import pytest

from analyses.bilan import load
from analyses.contrat.load import load_contrats
from analyses.depot import gate
from analyses.depot.gate import validate
from analyses.depot.source import deposer
from analyses.depot.table import read_table
from analyses.preparation.magasin import open_exercice
from analyses.socle import paths
from analyses.socle.problems import BilanError

RESULTATS = "contrat;action;indicateur;exercice;resultat;commentaire;source;saisi_le\n"
FORMATIONS = (
    "exercice;formation;modalite;heures;inscriptions;incomplets;realises;repondants;satisfaits;"
    "taux_participation;taux_realisation;taux_satisfaction\n"
)
LIGNE = "2024;Socle;présentiel;70,5;20;2;16;10;8;90 %;80 %;80 %\n"
SECRET = "Durand Camille"


@pytest.fixture
def donnees(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "PROCESSED", tmp_path / "processed")
    monkeypatch.setattr(gate, "validate", lambda tables: [])
    return tmp_path / "raw"


def put(donnees, name, content, year=2024):
    path = donnees / "55" / str(year) / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")
    return path


def result(text, action="1", slug="familles", year=2024, comment=""):
    return f"solidarites;{action};{slug};{year};{text};{comment};;\n"


def opened(donnees, year=2024):
    return open_exercice("55", year, donnees, load_contrats("55"))


def problems(donnees, year=2024):
    with pytest.raises(BilanError) as error:
        opened(donnees, year)
    assert SECRET not in str(error.value)
    return error.value.problems


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("02/02/2024", "une date (« 02/02/2024 »)"),
        ("02-févr", "une date (« 02-févr »)"),
        ("2024-02-02 00:00:00", "une date (« 2024-02-02 00:00:00 »)"),
        ("=2*2", "une formule (« =2*2 »)"),
        ("@SUM(A1)", "une formule (« @SUM(A1) »)"),
        ("#REF!", "une erreur de tableur"),
        ("#VALEUR!", "une erreur de tableur"),
    ],
)
def test_a_cell_that_a_spreadsheet_broke_stops_the_run(donnees, text, found):
    put(
        donnees,
        "resultats_indicateurs.csv",
        RESULTATS + result("12").replace("familles", "publication-aap") + result(text),
    )
    (problem,) = problems(donnees)
    assert (problem.ligne, problem.champ, problem.trouve) == (3, "resultat", found)
    assert problem.attendu and problem.remede


def test_a_date_is_an_answer_only_where_words_are_due(donnees):
    line = result("mars 2024", "15", "gir-nouvelles-demandes")
    put(donnees, "resultats_indicateurs.csv", RESULTATS + line)
    assert opened(donnees).resultats is not None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("beaucoup", "un texte"),
        ("NC", "plusieurs sens"),
        ("10-15", "deux valeurs"),
        ("1.234", "sépare des milliers"),
        ("+cmd|' /C calc'!A0", "forme inconnue"),
    ],
)
def test_what_is_not_read_is_noted_and_does_not_stop(donnees, text, reason):
    put(donnees, "resultats_indicateurs.csv", RESULTATS + result(text))
    (note,) = [n for n in opened(donnees).controles if "n'est pas lu" in n]
    assert "ligne 2" in note and reason in note and "attendu un nombre" in note


def test_results_of_the_years_before_stand_beside(donnees):
    """2025 alone is asked; 2024 was given: its result, its source and its nature come along."""
    path = put(donnees, "resultats_indicateurs.csv", RESULTATS + result("46"))
    put(donnees, "resultats_indicateurs.csv", RESULTATS + result("52", year=2025), 2025)
    deposer(path, "pilote", "simulee", "2025-02-01")
    bilan = load("55", 2025, donnees=donnees, preparer=True)
    own = bilan.indicateurs[bilan.indicateurs["code"] == "1/familles"]
    assert list(own["resultat"])[:3] == [46, 52, None]
    assert bilan.simule and [d.exercice for d in bilan.anterieurs] == [2024]
    rows = bilan.resultats[bilan.resultats["code"] == "1/familles"]
    told = rows[rows["mesure"] == "resultat"]
    assert list(told["exercice"]) == ["2024", "2025"] and list(told["valeur"]) == ["46", "52"]
    assert load("55", 2024, donnees=donnees, preparer=True).anterieurs == []


def test_a_wrong_earlier_file_stops_the_run_too(donnees):
    put(donnees, "resultats_indicateurs.csv", RESULTATS + result("02/02/2024"))
    put(donnees, "resultats_indicateurs.csv", RESULTATS + result("52", year=2025), 2025)
    with pytest.raises(BilanError, match="55/2024/resultats_indicateurs.csv, ligne 2"):
        load("55", 2025, donnees=donnees, preparer=True)
    path = put(donnees, "resultats_indicateurs.csv", RESULTATS + result("46"))
    deposer(path, "pilote", "reelle", "2025-02-01")
    path.write_text(RESULTATS + result("47"), encoding="utf-8")
    with pytest.raises(BilanError, match="sha256"):
        load("55", 2025, donnees=donnees, preparer=True)


def test_results_beyond_a_year_without_files_stand_beside_too(donnees):
    path = put(donnees, "resultats_indicateurs.csv", RESULTATS + result("46"))
    deposer(path, "pilote", "simulee", "2025-02-01")
    put(donnees, "justifications.csv", "contrat;action;exercice;type;texte;piece\n")
    put(donnees, "resultats_indicateurs.csv", RESULTATS + result("52", year=2026), 2026)
    bilan = load("55", 2026, donnees=donnees, preparer=True)
    [before] = bilan.anterieurs
    assert before.resultats["resultat"].tolist() == ["46"] and before.justifications is None
    assert [source.fichier for source in before.sources] == ["55/2024/resultats_indicateurs.csv"]
    assert bilan.simule and [ready.depot.exercice for ready in bilan.preparations] == [2026]


# Training: collective, never by name


def test_a_collective_export_is_read(donnees):
    put(donnees, "formations_academie.csv", FORMATIONS + LIGNE)
    frame = opened(donnees).formations
    assert frame["inscriptions"].tolist() == [20] and float(frame["heures"][0]) == 70.5
    assert opened(donnees).mandats is None


@pytest.mark.parametrize(
    "column",
    ["Nom", "Prénom", "NOM NAISSANCE", "Mail", "Adresse e-mail", "Téléphone", "N° matricule",
     "Date de naissance", "Civilité", "nom_agent", "Nom - Prénom"],
)  # fmt: skip
def test_a_nominative_column_is_refused_without_its_values(donnees, column):
    header = FORMATIONS.replace("modalite;", f"modalite;{column};")
    put(donnees, "formations_academie.csv", header + LIGNE.replace("présentiel;", f"p;{SECRET};"))
    (problem,) = problems(donnees)
    assert (problem.ligne, problem.champ) == (1, "colonne n° 4")
    assert problem.trouve.startswith("une colonne nominative") and "retirez" in problem.remede
    report = next(paths.PROCESSED.rglob("55/2024/*/qualite.html")).read_text("utf-8")
    assert SECRET not in report and not list(paths.PROCESSED.rglob("*.csv"))


def test_a_refused_file_once_removed_no_longer_stops_the_run(donnees):
    put(donnees, "resultats_indicateurs.csv", RESULTATS + result("46"))
    refused = put(donnees, "formations_academie.csv", FORMATIONS.replace("heures", "Nom") + LIGNE)
    near = put(donnees, "resultat_indicateurs.csv", RESULTATS)
    assert len(problems(donnees)) >= 2
    refused.unlink()
    near.unlink()
    assert opened(donnees).resultats is not None


def test_a_file_without_headers_shows_nothing(donnees):
    put(donnees, "formations_academie.csv", f"2024;{SECRET};présentiel;7\n")
    found = problems(donnees)
    assert all(p.trouve == "une colonne inconnue" for p in found) and len(found) == 4


@pytest.mark.parametrize(
    "text", [f"Mme {SECRET}", "camille@exemple.fr", "06 12 34 56 78", "1850155123456"]
)
def test_a_person_in_a_title_is_refused(donnees, text):
    put(donnees, "formations_academie.csv", FORMATIONS + LIGNE.replace("Socle", text))
    found = problems(donnees)
    assert [(p.ligne, p.champ) for p in found] == [(2, "formation")]
    assert text not in str(found[0]) and "non affichée" in found[0].trouve


@pytest.mark.parametrize(
    ("before", "after", "champ"),
    [
        (";20;", ";15;", "incomplets et realises"),  # 2 + 16 > 15
        (";10;8;", ";21;8;", "repondants"),
        (";10;8;", ";10;11;", "satisfaits"),
        (";70,5;", ";beaucoup;", "heures"),
        (";20;", ";vingt;", "inscriptions"),
        (";70,5;", ";-3;", "heures"),
    ],
)
def test_wrong_training_counts(donnees, before, after, champ):
    put(donnees, "formations_academie.csv", FORMATIONS + LIGNE.replace(before, after, 1))
    assert [p.champ for p in problems(donnees)] == [champ]


def test_the_suite_sees_the_same_without_python(tmp_path, monkeypatch):
    """Great Expectations alone: a person in a title, more answers than registrations."""
    path = tmp_path / "formations_academie.csv"
    bad = LIGNE.replace("Socle", "a@b.fr").replace(";10;8;", ";30;8;")
    path.write_text(FORMATIONS + LIGNE + bad, encoding="utf-8")
    table = read_table(path, "formations_academie", "f.csv")
    found = {(p.ligne, p.champ) for p in validate({"formations_academie": table})}
    assert found == {(3, "formation"), (3, "repondants")}
