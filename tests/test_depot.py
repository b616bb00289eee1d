"""Reading and checking the raw files of an exercise: what is accepted, and every error message."""

import datetime as dt
import json
from fractions import Fraction
from pathlib import Path

import pytest

from analyses.contrat.load import load_contrats
from analyses.depot import gate, suites
from analyses.depot.exercice import Depot
from analyses.depot.source import deposer, read_sidecar
from analyses.depot.table import read_table
from analyses.preparation.magasin import open_exercice, preparer
from analyses.socle import paths
from analyses.socle.problems import BilanError, Problem

CONTRATS = load_contrats("55")
MANDATS = (
    "exercice;numero_mandat;numero_ligne;date_emission;type;mandat_origine;nature;fonction;"
    "code_analytique;convention;tiers;objet;montant;date_paiement;id_engagement\n"
)
REGLES = (
    "priorite;code_analytique;convention;nature;fonction;tiers;objet;contrat;action;"
    "quote_part;motif\n"
)
RECETTES = "exercice;numero_titre;date;contrat;action;financeur;montant;date_encaissement\n"
RESULTATS = "contrat;action;indicateur;exercice;resultat;commentaire;source;saisi_le\n"
JUSTIFICATIONS = "contrat;action;exercice;type;texte;piece\n"
SECRET = "Dupont Jeanne"


def mandat(n=1, date="15/03/2024", kind="ordinaire", origin="", amount="100,00", **more):
    line, year = more.get("line", 1), more.get("year", 2024)
    return (
        f"{year};{n};{line};{date};{kind};{origin};6568;444;A1;;{SECRET};aide {SECRET};{amount};;\n"
    )


def rule(part="1", action="1", code="A1", priority="1", nature="", contrat="solidarites"):
    return f"{priority};{code};;{nature};;;;{contrat};{action};{part};m\n"


@pytest.fixture
def donnees(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "PROCESSED", tmp_path / "processed")
    (tmp_path / "raw/55/2024").mkdir(parents=True)
    return tmp_path / "raw"


@pytest.fixture
def sans_suites(monkeypatch):
    """Skips the suites: what Python checks must not depend on them."""
    monkeypatch.setattr(gate, "validate", lambda tables: [])


def put(donnees: Path, name: str, content: str | bytes, year: int = 2024) -> Path:
    path = donnees / "55" / str(year) / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    return path


def opened(donnees: Path, year: int = 2024) -> Depot:
    return open_exercice("55", year, donnees, CONTRATS)


def problems(donnees: Path, year: int = 2024) -> list[Problem]:
    with pytest.raises(BilanError) as error:
        opened(donnees, year)
    assert SECRET not in str(error.value)
    for problem in error.value.problems:
        assert problem.fichier and problem.attendu and problem.trouve and problem.remede
    return error.value.problems


def test_valid_exercise_is_read_gated_once_and_kept(donnees, monkeypatch):
    put(donnees, "mandats.csv", MANDATS + mandat() + mandat(2, kind="reduction", origin="1"))
    put(donnees, "affectations.csv", REGLES + rule("0,5") + rule("50 %", "2"))
    put(donnees, "recettes.csv", RECETTES + "2024;1;01/07/2024;emploi;V2;etat;1 000 €;\n")
    put(
        donnees,
        "resultats_indicateurs.csv",
        RESULTATS + "solidarites;1;familles;2024;48;;;\nsolidarites;nat;sans-domicile;2024;/;;;\n",
    )
    put(donnees, "justifications.csv", JUSTIFICATIONS + "emploi;v2-1;2024;justification;oui;\n")
    put(donnees, "etat_avancement/solidarites-1.md", "# Récit\n")
    depot = opened(donnees)
    assert depot.mandats is not None and depot.affectations is not None
    assert depot.mandats["montant"].tolist() == [10000, 10000]
    assert depot.mandats["date_emission"].tolist()[0] == dt.date(2024, 3, 15)
    assert depot.mandats["date_paiement"].tolist() == [None, None]
    assert depot.mandats["ligne"].tolist() == [2, 3]
    assert depot.mandats["fichier"].tolist()[0] == "55/2024/mandats.csv"
    assert depot.affectations["quote_part"].tolist() == [Fraction(1, 2)] * 2
    assert depot.recettes is not None and depot.recettes["action"].tolist() == ["v2"]
    assert depot.narratifs == {("solidarites", "1"): "# Récit\n"}
    assert "55/2024/mandats.csv : provenance non renseignée" in depot.controles
    preparer("55", 2024, donnees)
    kept = paths.prepared_folder("55", 2024, donnees)
    assert json.loads((kept / "qualite.json").read_text("utf-8"))["conforme"]
    assert "Aucun problème" in (kept / "qualite.html").read_text("utf-8")
    assert ",10000," in (kept / "lignes.csv").read_text("utf-8")
    monkeypatch.setattr(gate, "validate", lambda tables: pytest.fail("validated twice"))
    preparer("55", 2024, donnees)
    assert [p.name for p in kept.parent.iterdir()] == ["2024"]


def test_suites_stop_the_run_name_the_row_and_are_remembered(donnees, monkeypatch):
    put(donnees, "mandats.csv", MANDATS + mandat() + mandat(2).replace(";6568;", ";65X;"))
    found = problems(donnees)
    assert [(p.ligne, p.champ) for p in found] == [(3, "nature")]
    report = next(paths.PROCESSED.rglob("55/2024/*/qualite.html")).read_text("utf-8")
    assert "<td>3</td><td>nature</td>" in report and SECRET not in report
    monkeypatch.setattr(gate, "validate", lambda tables: pytest.fail("validated twice"))
    assert problems(donnees) == found


def test_missing_file_is_none_missing_folder_is_an_error(donnees, sans_suites):
    depot = opened(donnees)
    assert depot.mandats is None and depot.resultats is None and not depot.simule
    assert problems(donnees, 2031)[0].trouve == "dossier absent"


@pytest.mark.parametrize("separator", [";", ",", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_separators_encodings_and_headers(donnees, sans_suites, separator, encoding):
    header = '"N°\nmandat\t";Exercice;N° ligne;"Date d\'émission";TYPE;Mandat d\'origine;Nature;'
    header += "Fonction;Code analytique;Convention;Tiers;Objet;Montant (€);Date paiement;"
    header += "N° engagement;\n"
    row = '1.80333E12;2024;1.0;45366;Ordinaire;;6568.0;444;A1;;Élan;x;"1 234.56 €";;;\n'
    text = (header + row).replace(";", separator)
    put(donnees, "Mandats.CSV", text.encode(encoding))
    depot = opened(donnees)
    assert depot.mandats is not None
    line = depot.mandats.iloc[0]
    assert (line.numero_mandat, line.numero_ligne, line.nature) == ("1803330000000", "1", "6568")
    assert (line.montant, line.date_emission, line.tiers) == (123456, dt.date(2024, 3, 15), "Élan")
    assert line.ligne == 3
    assert any("arrondi" in note for note in depot.controles)


BAD_MANDATS = [
    (mandat(amount="abc"), "montant", "« abc »"),
    (mandat(amount="1,234"), "montant", "« 1,234 »"),
    (mandat(amount="-5,00"), "montant", "« -5,00 »"),
    (mandat(amount="(5,00)"), "montant", "« (5,00) »"),
    (mandat(amount=""), "montant", "cellule vide"),
    (mandat(amount="#REF!"), "montant", "une erreur de tableur"),
    (mandat(date="32/01/2024"), "date_emission", "« 32/01/2024 »"),
    (mandat(date="01/02/2025"), "date_emission", "01/02/2025"),
    (mandat(date="31/12/2023"), "date_emission", "31/12/2023"),
    (mandat(kind="avoir"), "type", "« avoir »"),
    (mandat(year="deux mille"), "exercice", "« deux mille »"),
    (mandat(2, kind="annulation", origin="99"), "mandat_origine", "« 99 », absent"),
    (mandat(2, kind="annulation"), "mandat_origine", "cellule vide"),
    (mandat(9) + mandat(2, kind="reduction", origin="9", amount="100,01"), "montant",
     "100,01 € annulés en tout"),
    (mandat(5) + mandat(5), "numero_mandat, numero_ligne, exercice, type",
     "la même clé à la ligne 2"),
]  # fmt: skip


@pytest.mark.parametrize(("lines", "champ", "trouve"), BAD_MANDATS)
def test_bad_mandates(donnees, sans_suites, lines, champ, trouve):
    put(donnees, "mandats.csv", MANDATS + lines)
    found = problems(donnees)
    assert [(p.champ, p.trouve, p.ligne) for p in found] == [(champ, trouve, lines.count("\n") + 1)]


def test_all_problems_at_once(donnees):
    put(donnees, "mandats.csv", MANDATS + mandat(amount="abc") + mandat(2, date="hier"))
    put(donnees, "recettes.csv", RECETTES + "2024;1;01/07/2024;emploi;V2;mairie;10;\n")
    expected = [(2, "montant"), (3, "date_emission"), (2, "financeur")]
    assert [(p.ligne, p.champ) for p in problems(donnees)] == expected


def test_journee_complementaire_is_accepted(donnees, sans_suites):
    put(donnees, "mandats.csv", MANDATS + mandat(date="31/01/2025") + mandat(2, date="01/01/2024"))
    assert opened(donnees).mandats is not None


def test_origin_in_the_previous_exercise_counts_what_was_already_cancelled(donnees, sans_suites):
    put(donnees, "mandats.csv", MANDATS + mandat(7) + mandat(8, kind="reduction", origin="7",
        amount="40,00"))  # fmt: skip
    late = {"date": "15/03/2025", "year": 2025, "kind": "annulation", "origin": "7"}
    put(donnees, "mandats.csv", MANDATS + mandat(1, amount="60,00", **late), 2025)
    depot = opened(donnees, 2025)
    assert depot.mandats_precedents is not None and len(depot.mandats_precedents) == 2
    put(donnees, "mandats.csv", MANDATS + mandat(1, amount="60,01", **late), 2025)
    # 40.00 in 2024 + 60.01 in 2025 = 100.01 > 100.00
    assert problems(donnees, 2025)[0].trouve == "100,01 € annulés en tout"


def test_contrepassation_of_an_exercise_not_deposited_is_a_note(donnees, sans_suites):
    put(donnees, "mandats.csv", MANDATS + mandat(kind="contrepassation", origin="77"))
    assert any("non vérifiée" in note for note in opened(donnees).controles)


def test_unknown_missing_and_repeated_columns(donnees, sans_suites):
    put(donnees, "mandats.csv", MANDATS.replace("montant", "montent").replace("objet", "tiers"))
    found = {(p.champ, p.trouve) for p in problems(donnees)}
    assert found == {
        ("montent", "colonne inconnue « montent »"),
        ("montant", "colonne absente"),
        ("objet", "colonne absente"),
        ("tiers", "deux colonnes pour « tiers »"),
    }


@pytest.mark.parametrize(
    ("content", "trouve"),
    [
        (b"", "un fichier vide"),
        (b"PK\x03\x04\x00", "un fichier binaire"),
        (b"\x81\xff", "un fichier illisible"),
        ((MANDATS + '2024;"1;1').encode(), "un guillemet mal fermé"),
        ((MANDATS + mandat().strip() + ";;x\n").encode(), "17 cellules"),
    ],
)
def test_broken_csv(donnees, sans_suites, content, trouve):
    put(donnees, "mandats.csv", content)
    found = problems(donnees)
    assert found[0].trouve in (trouve, "18 cellules")


BAD_RULES = [
    (rule("0,5") + rule("0,4", "2"), "quote_part", "9/10 (lignes 2, 3)"),
    (rule("0,5", code="JAMAIS"), "quote_part", "1/2 (lignes 2)"),
    (rule() + rule(action="2", code="", nature="65"), "quote_part", "2 (lignes 2, 3)"),
    (rule("2"), "quote_part", "« 2 »"),
    (rule(priority=""), "priorite", "cellule vide"),
    (rule(action="99"), "action", "« 99 »"),
    (rule(contrat="sport"), "contrat", "« sport »"),
]


@pytest.mark.parametrize(("lines", "champ", "trouve"), BAD_RULES)
def test_bad_rules(donnees, sans_suites, lines, champ, trouve):
    put(donnees, "mandats.csv", MANDATS + mandat())
    put(donnees, "affectations.csv", REGLES + lines)
    assert [(p.champ, p.trouve) for p in problems(donnees)] == [(champ, trouve)]


@pytest.mark.parametrize(
    ("name", "content", "champ"),
    [
        ("recettes.csv", RECETTES + "2024;1;01/07/2024;emploi;v9;etat;10;\n", "action"),
        ("recettes.csv", RECETTES + "2024;1;01/07/2024;emploi;;mairie;10;\n", "financeur"),
        ("recettes.csv", RECETTES + "2024;1;01/07/2024;emploi;;etat;10;demain\n",
         "date_encaissement"),
        ("resultats_indicateurs.csv", RESULTATS + "solidarites;1;inconnu;2024;4;;;\n",
         "indicateur"),
        ("resultats_indicateurs.csv", RESULTATS + "solidarites;nat;familles;2024;4;;;\n",
         "indicateur"),
        ("justifications.csv", JUSTIFICATIONS + "emploi;v2-1;2024;excuse;x;\n", "type"),
        ("justifications.csv", JUSTIFICATIONS + "emploi;1;2024;justification;x;\n", "action"),
    ],
)  # fmt: skip
def test_bad_codes(donnees, sans_suites, name, content, champ):
    put(donnees, name, content)
    assert [p.champ for p in problems(donnees)] == [champ]


@pytest.mark.parametrize("other", ["Mandats.CSV", "mandats (1).csv", "mandats - Copie.csv"])
def test_two_files_for_one_table(donnees, sans_suites, other):
    put(donnees, "mandats.csv", MANDATS)
    if (donnees / "55/2024" / other).exists():
        pytest.skip("case-insensitive file system")
    put(donnees, other, MANDATS)
    assert problems(donnees)[0].trouve.startswith("deux fichiers pour une table")


def test_workbook_near_name_and_unknown_narrative(donnees, sans_suites):
    put(donnees, "recettes.xlsx", b"PK")
    put(donnees, "mandat.csv", MANDATS)
    put(donnees, "etat_avancement/solidarites-99.md", "x")
    found = {p.trouve for p in problems(donnees)}
    assert found == {"un nom de fichier inconnu", "un classeur", "une action inconnue"}


def test_two_narratives_for_one_action(donnees, sans_suites):
    put(donnees, "etat_avancement/solidarites-1.md", "x")
    put(donnees, "etat_avancement/solidarites-01.md", "y")
    assert problems(donnees)[0].trouve == "le même que solidarites-01.md"


def test_a_suite_that_is_broken_or_fails_as_a_whole(donnees, monkeypatch, tmp_path):
    put(donnees, "mandats.csv", MANDATS + mandat())
    (tmp_path / "qualite").mkdir()
    suite = tmp_path / "qualite" / "mandats.json"
    monkeypatch.setattr(suites, "PARAMS", tmp_path)
    suite.write_text("{", encoding="utf-8")
    found = problems(donnees)[0]
    assert (found.fichier, found.attendu) == ("mandats.json", "une suite de contrôles en JSON")
    rule = {"type": "expect_table_row_count_to_be_between", "kwargs": {"min_value": 2}}
    suite.write_text(json.dumps({"expectations": [rule]}), encoding="utf-8")
    put(donnees, "mandats.csv", MANDATS + mandat(3))
    assert problems(donnees)[0].trouve == "un contrôle en échec"


def test_a_duplicate_is_told_once(donnees):
    put(donnees, "mandats.csv", MANDATS + mandat(5) + mandat(5))
    assert [(p.ligne, p.trouve) for p in problems(donnees)] == [(3, "la même clé à la ligne 2")]


def test_sidecar_in_a_folder_that_is_not_writable(tmp_path, monkeypatch):
    path = tmp_path / "mandats.csv"
    path.write_text(MANDATS, encoding="utf-8")

    def refuse(*args):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("analyses.depot.source.write_together", refuse)
    with pytest.raises(BilanError, match="trouvé un accès refusé ; vérifiez les droits"):
        deposer(path, "Direction des finances", "reelle", "2025-02-01")


def test_sidecar_written_read_and_checked(donnees, sans_suites):
    path = put(donnees, "mandats.csv", MANDATS)
    deposer(path, "Direction des finances", "simulee", dt.date(2025, 2, 1))
    source = read_sidecar(path, "mandats.csv")
    assert (source.producteur, source.recu_le) == ("Direction des finances", "2025-02-01")
    assert opened(donnees).simule
    path.write_text(MANDATS + mandat(), encoding="utf-8")
    found = problems(donnees)[0]
    assert found.champ == "sha256" and "a changé depuis son dépôt" in found.trouve


@pytest.mark.parametrize(
    ("text", "champ"),
    [
        ("a: [", ""),
        ("- x\n", ""),
        ("producteur: x\nrecu_le: 2025-01-01\nnature: reelle\n", "sha256"),
        (f"producteur: x\nrecu_le: hier\nnature: reelle\nsha256: {'a' * 64}\n", "recu_le"),
        (f"producteur: x\nrecu_le: 2025-01-01\nnature: vraie\nsha256: {'a' * 64}\n", "nature"),
        (f"producteur: x\nrecu_le: 2025-01-01\nnature: reelle\nsha256: {'a' * 64}\nx: 1\n", "x"),
    ],
)
def test_broken_sidecar(donnees, sans_suites, text, champ):
    put(donnees, "mandats.csv", MANDATS)
    put(donnees, "mandats.csv.source.yaml", text)
    found = problems(donnees)
    assert ("55/2024/mandats.csv.source.yaml", champ) in [(p.fichier, p.champ) for p in found]


def test_deposer_refuses_all_at_once(tmp_path):
    with pytest.raises(BilanError) as error:
        deposer(tmp_path / "absent.csv", " ", "vraie", "hier")
    assert [p.champ for p in error.value.problems] == ["", "producteur", "nature", "recu_le"]


def test_output_folder_not_writable(donnees, sans_suites, monkeypatch, tmp_path):
    put(donnees, "mandats.csv", MANDATS)
    (tmp_path / "plein").write_text("un fichier à la place du dossier", encoding="utf-8")
    monkeypatch.setattr(paths, "PROCESSED", tmp_path / "plein")
    with pytest.raises(BilanError, match="data/processed/.*un dossier où l'on peut écrire"):
        preparer("55", 2024, donnees)


def test_header_only_is_an_empty_table(donnees, sans_suites):
    path = put(donnees, "mandats.csv", "sep=;\n" + MANDATS)
    assert read_table(path, "mandats", "m.csv").problems == []
    depot = opened(donnees)
    assert depot.mandats is not None and depot.mandats.empty
