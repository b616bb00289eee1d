"""The collection workbook: written, filled in, returned in every state, imported whole or not."""

from __future__ import annotations

import csv
import datetime as dt
import io
import os
import shutil
import subprocess
import tempfile
import zipfile
from pathlib import Path

import openpyxl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from openpyxl.worksheet.worksheet import Worksheet

from analyses.cli import main
from analyses.contrat.load import load_contrats
from analyses.depot.source import deposer
from analyses.preparation.magasin import open_exercice
from analyses.saisie.classeur import classeur
from analyses.saisie.dossier import compose, decompose, guard, unguard
from analyses.saisie.envoi import campagne, envoyer
from analyses.saisie.etat import etat
from analyses.saisie.importation import Import, importer
from analyses.saisie.lecture import lire
from analyses.saisie.modele import canonical, choose, feuilles
from analyses.saisie.ouverture import TEXTE_MAX, ouvrir
from analyses.saisie.reperes import REPERES, Repere, imprint
from analyses.saisie.retour import lire_reperes
from analyses.saisie.valeurs import tirets
from analyses.socle import files, paths
from analyses.socle.problems import BilanError

DAY = dt.date(2025, 2, 10)
ACTIONS = ["solidarites-3", "solidarites-4", "solidarites-9", "solidarites-15", "emploi-v2-1",
           "solidarites-nat"]  # fmt: skip
LIEUX = ("solidarites-4", "lieux-ecoute-jeunes", "resultat")  # T0 3, targets 3 and 4
PREVENTION = ("solidarites-4", "prevention-addictions", "resultat")  # T0 5, targets 8 and 10
LIEUX_CLE = ("solidarites", "4", "lieux-ecoute-jeunes")
COMMENTAIRE = (*LIEUX[:2], "commentaire")
RECIT = ("solidarites-4", "recit", "texte")
RESULTATS = "contrat;action;indicateur;exercice;resultat;commentaire;source;saisi_le\n"


@pytest.fixture
def donnees(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "PROCESSED", tmp_path / "processed")
    folder = tmp_path / "raw"
    folder.mkdir()
    return folder


@pytest.fixture(scope="module")
def envoye(tmp_path_factory):
    """A workbook of six sheets, sent when nothing was answered."""
    folder = tmp_path_factory.mktemp("envoi")
    (folder / "raw").mkdir()
    [path] = envoyer(campagne("55", 2024, folder / "raw"), folder, ACTIONS)
    return path


class Classeur:
    """A workbook being filled in or damaged, its cells found by what they answer."""

    def __init__(self, path: Path) -> None:
        marks = lire_reperes(path)
        self.book = marks.book
        self.names = marks.feuilles
        self.where = {(r.feuille, r.ligne, r.champ): r for r in marks.reperes if r.ligne}

    def sheet(self, key: str) -> Worksheet:
        return self.book[self.names[key]]

    def at(self, key: tuple[str, str, str]) -> str:
        return f"{self.where[key].colonne}{self.where[key].rang}"

    def cell(self, key: tuple[str, str, str]):
        return self.sheet(key[0])[self.at(key)]

    def save(self, path: Path) -> Path:
        self.book.save(path)
        return path


def fill(source: Path, target: Path, answers: dict) -> Path:
    book = Classeur(source)
    for key, value in answers.items():
        book.cell(key).value = value
    return book.save(target)


def run(donnees: Path, *files: Path, **options) -> Import:
    options = {"exercice": 2024, "recu_le": DAY} | options
    return importer(files, "55", options.pop("exercice"), donnees, **options)


def tree(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def rows(donnees: Path, name: str = "resultats_indicateurs.csv") -> list[dict[str, str]]:
    text = (donnees / "55/2024" / name).read_text(encoding="utf-8-sig")
    return list(csv.DictReader(io.StringIO(text), delimiter=";"))


def put(donnees: Path, text: str, name: str = "resultats_indicateurs.csv", year=2024) -> Path:
    path = donnees / "55" / str(year) / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def only_problem(outcome: Import):
    assert len(outcome.problemes) == 1, [str(p) for p in outcome.problemes]
    return outcome.problemes[0]


# --- what is sent ---------------------------------------------------------------------------


def test_every_action_and_the_national_indicators_have_their_sheet():
    contrats = load_contrats("55")
    keys = [sheet.cle for sheet in feuilles(contrats, 2024, {})]
    assert keys[:20] == [f"solidarites-{n}" for n in range(1, 21)]
    assert keys[20] == "solidarites-nat" and keys[-1] == "emploi-nat"
    assert [k for k in keys if k.startswith("emploi-v")] == [
        f"emploi-{code}" for code in contrats["emploi"].actions
    ]
    later = [sheet.cle for sheet in feuilles(contrats, 2025, {})]
    assert "emploi-v1-1" not in later  # volet 1 ended in 2024
    assert "emploi-v2-1" in later  # its fiche prints targets for 2025
    assert [s.cle for s in feuilles(contrats, 2027, {}) if s.contrat == "emploi"] == []


def test_a_sheet_reminds_of_targets_and_of_last_year_as_printed(donnees, tmp_path):
    put(donnees, RESULTATS + "solidarites;4;prevention-addictions;2024;7;;;\n")
    [path] = envoyer(campagne("55", 2025, donnees), tmp_path / "out", ["solidarites-4"])
    book = Classeur(path)
    sheet, key = "solidarites-4", "prevention-addictions"
    shown = {
        champ: book.cell((sheet, key, champ)).value
        for champ in ("libelle", "unite", "t0", "cible", "suivante", "precedent", "resultat")
    }
    assert shown == {
        "libelle": "Actions de prévention sur les addictions",
        "unite": "actions",
        "t0": "5",
        "cible": "10",
        "suivante": "10",
        "precedent": "7",
        "resultat": None,
    }
    heads = [cell.value for row in book.sheet(sheet).iter_rows(max_row=9) for cell in row]
    assert {"T0", "Cible 2025", "Cible 2026", "Résultat 2024", "Résultat 2025"} <= set(heads)
    assert path.name == "saisie-55-2025-solidarites-4.xlsx"


def test_printed_cells_keep_their_doubts(envoye):
    book = Classeur(envoye)
    assert book.cell(("solidarites-9", "rencontres-territoriales", "cible")).value == "2*2"
    doubt = ("solidarites-15", "plans-non-honores")
    assert book.cell((*doubt, "t0")).value == "65% partiellement (lecture incertaine)"
    assert book.cell((*doubt, "cible")).value == "non renseigné"
    assert book.cell(("solidarites-4", "lieux-ecoute-jeunes", "precedent")).value == (
        "avant le contrat"
    )
    assert ("emploi-v2-1", "sorties-positives", "t0") not in book.where  # its fiches have no T0
    assert ("solidarites-3", "qualitatif", "texte") in book.where
    assert ("solidarites-4", "qualitatif", "texte") not in book.where
    assert ("solidarites-nat", "recit", "texte") not in book.where


def test_only_the_cells_to_fill_in_are_unlocked_and_coloured(envoye):
    book = Classeur(envoye)
    assert book.book.security.lockStructure
    for key, name in book.names.items():
        sheet = book.book[name]
        assert sheet.protection.sheet and not sheet.protection.formatRows
        asked = {at for at, mark in book.where.items() if at[0] == key and mark.genre == "reponse"}
        wanted = {book.at(at) for at in asked}
        merged = {
            cell.coordinate
            for area in sheet.merged_cells.ranges
            for line in sheet[area.coord]
            for cell in line
        }
        unlocked = {
            cell.coordinate
            for line in sheet.iter_rows()
            for cell in line
            if not cell.protection.locked
        }
        assert wanted <= unlocked <= wanted | merged
        for at in wanted:
            assert sheet[at].fill.fgColor.rgb == "FFFFF2B3" and sheet[at].number_format == "@"
        assert sheet.page_setup.orientation == "landscape" and sheet.page_setup.paperSize == 9
        assert sheet.freeze_panes and sheet.print_area
        assert sheet.column_dimensions["A"].hidden and sheet.row_dimensions[1].hidden
    assert book.book[REPERES].sheet_state == "veryHidden"


def test_lists_and_help_of_the_cells(envoye):
    book = Classeur(envoye)
    sheet = book.sheet("solidarites-4")
    rules = {str(rule.sqref): rule for rule in sheet.data_validations.dataValidation}
    nature = rules[book.at((*LIEUX[:2], "nature"))]
    assert nature.type == "list"
    assert nature.formula1 == '"chiffre (lieux),texte,sans objet,non disponible"'
    result = rules[book.at(LIEUX)]
    assert result.type == "custom" and result.errorStyle == "warning"
    assert result.prompt.startswith("Attendu : un chiffre (lieux). Cible : 3.")
    gir = {str(r.sqref): r for r in book.sheet("solidarites-15").data_validations.dataValidation}
    where = book.at(("solidarites-15", "gir-nouvelles-demandes", "nature"))
    assert gir[where].formula1 == '"texte,sans objet,non disponible"'  # « XGIR 4 »
    notes = [cell.comment.text for line in sheet.iter_rows() for cell in line if cell.comment]
    assert len(notes) == 4 and notes[0].startswith("Écrivez le résultat comme la cible")


def test_the_workbook_says_that_data_are_simulated_and_is_the_same_twice(donnees, tmp_path):
    put(donnees, RESULTATS + "solidarites;4;prevention-addictions;2024;7;;;\n")
    deposer(donnees / "55/2024/resultats_indicateurs.csv", "essai", "simulee", "2025-01-01")
    campaign = campagne("55", 2024, donnees)
    [one], [two] = (envoyer(campaign, tmp_path / name, ["solidarites-4"]) for name in "ab")
    assert one.read_bytes() == two.read_bytes()
    for sheet in openpyxl.load_workbook(one).worksheets[:-1]:
        values = [str(cell.value) for line in sheet.iter_rows(max_row=9) for cell in line]
        assert any(value.startswith("Données simulées") for value in values), sheet.title
        assert "Données simulées" in sheet.oddFooter.left.text


def test_counts_are_live_and_hold_their_value(donnees, tmp_path):
    put(donnees, RESULTATS + "solidarites;4;prevention-addictions;2024;7;;;\n")
    [path] = envoyer(campagne("55", 2024, donnees), tmp_path / "out", ["solidarites-4"])
    sheet = openpyxl.load_workbook(path, data_only=True)["Solidarités 4"]
    assert sheet["K2"].value == "1 / 3 réponses"
    assert openpyxl.load_workbook(path)["Solidarités 4"]["K2"].value.startswith("=SUMPRODUCT")


def test_a_text_like_a_formula_stays_a_text_in_the_workbook(donnees, tmp_path):
    put(donnees, RESULTATS + "solidarites;4;prevention-addictions;2024;7;=1+1;@SUM(A1);\n")
    [path] = envoyer(campagne("55", 2024, donnees), tmp_path / "out", ["solidarites-4"])
    book = Classeur(path)
    for champ, text in (("commentaire", "=1+1"), ("source", "@SUM(A1)")):
        cell = book.cell((*PREVENTION[:2], champ))
        assert (cell.data_type, cell.value) == ("s", text)


def test_the_command_writes_one_or_one_per_action(donnees, tmp_path, capsys):
    where = ["--donnees", str(donnees), "--sortie", str(tmp_path / "out")]
    assert main(["saisie", *where, "--action", "v2-1", "solidarites-4", "--un-par-action"]) == 0
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == ["saisie-55-2024-emploi-v2-1.xlsx", "saisie-55-2024-solidarites-4.xlsx"]
    assert "2 classeurs dans" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--action", "solidarites-99"], "attendu une action parmi solidarites-1, "),
        (["--action", "nat"], "attendu une action parmi solidarites-nat, emploi-nat ; trouvé"),
        (["--exercice", "2031"], "attendu un exercice parmi 2024, 2025, 2026, 2027"),
        (["--departement", "99"], "attendu un département parmi 55"),
        (["--donnees", "nulle-part"], "attendu un dossier de données ; trouvé rien"),
    ],
)
def test_a_request_that_cannot_be_met(donnees, tmp_path, capsys, arguments, words):
    base = ["saisie", "--donnees", str(donnees), "--sortie", str(tmp_path / "out")]
    assert main([*base, *arguments]) == 1
    assert words in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_filled_workbook_is_not_overwritten_before_it_is_imported(donnees, tmp_path):
    out = tmp_path / "out"
    [path] = envoyer(campagne("55", 2024, donnees), out, ["solidarites-4"])
    fill(path, path, {LIEUX: 3})
    filled = path.read_bytes()
    with pytest.raises(BilanError) as error:
        envoyer(campagne("55", 2024, donnees), out, ["solidarites-4"])
    assert error.value.problems[0].trouve == "des réponses qui ne sont pas importées (1)"
    assert path.read_bytes() == filled
    assert not run(donnees, path).problemes
    envoyer(campagne("55", 2024, donnees), out, ["solidarites-4"])
    assert Classeur(path).cell(LIEUX).value == "3"  # the answer is in the new workbook
    path.write_text("autre chose")
    with pytest.raises(BilanError, match="un autre fichier"):
        envoyer(campagne("55", 2024, donnees), out, ["solidarites-4"])


def test_an_unwritable_output_is_named(donnees, tmp_path, capsys):
    (tmp_path / "out").write_text("un fichier")
    command = ["saisie", "--donnees", str(donnees), "--sortie", str(tmp_path / "out")]
    assert main([*command, "--action", "solidarites-4"]) == 1
    assert "attendu des fichiers que l'on peut écrire" in capsys.readouterr().err


# --- what comes back ------------------------------------------------------------------------


def test_answers_become_the_files_of_the_year(donnees, envoye, tmp_path):
    answers = {
        LIEUX: 3,
        COMMENTAIRE: "- un lieu\n- fermé l'été",
        (*LIEUX[:2], "source"): "Rapport d'activité",
        PREVENTION: "12",
        ("solidarites-9", "copil", "nature"): "non disponible",
        ("solidarites-9", "prestataire", "nature"): "sans objet",
        ("solidarites-9", "rencontres-territoriales", "resultat"): "2*2",
        ("solidarites-9", "recrutement", "resultat"): True,
        ("solidarites-15", "gir-nouvelles-demandes", "resultat"): "X GIR 4",
        ("solidarites-nat", "professionnels-formes", "resultat"): "+27",
        RECIT: "Trois lieux ouverts.\nSuite en 2025.",
        ("solidarites-4", "pieces", "texte"): "bilan.pdf",
        ("solidarites-3", "qualitatif", "texte"): "Retours très bons.",
        ("solidarites-4", "montee_en_charge", "texte"): "Recrutement en juin",
        ("solidarites-4", "montee_en_charge", "piece"): "fiche.pdf",
        ("solidarites-4", "service", "texte"): "Service jeunesse",
    }
    path = fill(envoye, tmp_path / "Marie Dupont.xlsx", answers)
    book = Classeur(path)
    rate = book.cell(("emploi-v2-1", "sorties-positives", "resultat"))
    rate.value, rate.number_format = 0.4, "0%"
    outcome = run(donnees, book.save(path))
    assert not outcome.problemes and not outcome.questions and outcome.nouvelles == 16
    found = {(r["contrat"], r["action"], r["indicateur"]): r["resultat"] for r in rows(donnees)}
    assert found == {
        ("solidarites", "4", "lieux-ecoute-jeunes"): "3",
        ("solidarites", "4", "prevention-addictions"): "12",
        ("solidarites", "9", "prestataire"): "/",
        ("solidarites", "9", "recrutement"): "oui",
        ("solidarites", "9", "copil"): "?",
        ("solidarites", "9", "rencontres-territoriales"): "2*2",
        ("solidarites", "15", "gir-nouvelles-demandes"): "X GIR 4",
        ("solidarites", "nat", "professionnels-formes"): "+27",
        ("emploi", "v2-1", "sorties-positives"): "40%",
    }
    first = rows(donnees)[0]
    assert first["commentaire"] == "– un lieu\n– fermé l'été"
    assert (first["source"], first["saisi_le"]) == ("Rapport d'activité", "10/02/2025")
    assert rows(donnees, "justifications.csv") == [
        {"contrat": "solidarites", "action": "4", "exercice": "2024", "type": "montee_en_charge",
         "texte": "Recrutement en juin", "piece": "fiche.pdf"}
    ]  # fmt: skip
    stories = donnees / "55/2024/etat_avancement"
    assert (stories / "solidarites-4.md").read_text("utf-8") == (
        "Trois lieux ouverts.  \nSuite en 2025.\n\n## Pièces jointes\n\nbilan.pdf\n"
    )
    assert (stories / "solidarites-3.md").read_text("utf-8") == (
        "## Indicateur qualitatif\n\nRetours très bons.\n"
    )


def test_the_year_opens_after_the_import_and_ignores_what_was_received(donnees, envoye, tmp_path):
    path = fill(envoye, tmp_path / "a.xlsx", {LIEUX: 3, RECIT: "Fait."})
    run(donnees, path)
    depot = open_exercice("55", 2024, donnees, load_contrats("55"))
    assert depot.resultats is not None and depot.resultats["resultat"].tolist() == ["3"]
    assert depot.narratifs == {("solidarites", "4"): "Fait.\n"}
    assert {s.fichier: (s.producteur, s.nature) for s in depot.sources} == {
        "55/2024/resultats_indicateurs.csv": ("saisie des pilotes", "reelle"),
        "55/2024/etat_avancement/solidarites-4.md": ("saisie des pilotes", "reelle"),
    }
    assert not [note for note in depot.controles if "saisies_recues" in note]


def test_importing_twice_changes_no_byte(donnees, envoye, tmp_path, capsys):
    path = fill(envoye, tmp_path / "a.xlsx", {LIEUX: 3, RECIT: "Fait.", COMMENTAIRE: "=1"})
    Classeur(path).cell(COMMENTAIRE)
    book = Classeur(path)
    book.cell(COMMENTAIRE).data_type = "s"
    book.save(path)
    command = ["importer", "saisie", str(path), "--donnees", str(donnees), "--recu-le"]
    assert main([*command, "2025-02-10"]) == 0
    before = tree(donnees)
    assert main([*command, "2025-03-01"]) == 0
    assert main([*command, "2025-03-01", "--remplacer"]) == 0
    assert tree(donnees) == before
    text = capsys.readouterr().out
    assert "a.xlsx : déjà importé, rien n'a changé" in text
    assert "1 classeur importé dans 55/2024 : 0 cellule(s) nouvelle(s), 0 remplacée(s)." in text


def test_every_received_version_is_kept_without_the_name_it_came_with(donnees, envoye, tmp_path):
    one = fill(envoye, tmp_path / "Marie Dupont.xlsx", {LIEUX: 3})
    two = fill(envoye, tmp_path / "corrigé.xlsx", {LIEUX: 4})
    run(donnees, one)
    run(donnees, two, remplacer=True)
    kept = sorted((donnees / "55/2024/saisies_recues").glob("*.xlsx"))
    assert {path.read_bytes() for path in kept} == {one.read_bytes(), two.read_bytes()}
    assert all(path.name.endswith("-saisie-55-2024.xlsx") for path in kept)
    assert not [name for name in tree(donnees) if "Dupont" in name]
    assert not [name for name, data in tree(donnees).items()
                if not name.endswith(".xlsx") and b"Dupont" in data]  # fmt: skip


def test_twenty_workbooks_merge_at_once_and_in_any_order(donnees, tmp_path):
    out = tmp_path / "out"
    sent = envoyer(campagne("55", 2024, donnees), out, un_par_action=True)[:20]
    for path in sent:
        book = Classeur(path)
        for key, mark in book.where.items():
            if mark.champ == "resultat":
                book.cell(key).value = "1 %" if "plans-non-honores" in key else "1"
        book.save(path)
    other = tmp_path / "autre"
    other.mkdir()
    assert not run(donnees, *sent).problemes
    assert not run(other, *reversed(sent)).problemes
    name = "55/2024/resultats_indicateurs.csv"
    assert (donnees / name).read_bytes() == (other / name).read_bytes()
    assert len(rows(donnees)) == 56  # the local indicators of annexe 2


def test_what_was_in_the_files_is_kept(donnees, envoye, tmp_path):
    put(donnees, RESULTATS + "solidarites;01;familles;2024;46;=x;Caf;11/02/2025\n")
    put(donnees, "Récit d'avant\n", "etat_avancement/solidarites-4.md")
    outcome = run(donnees, fill(envoye, tmp_path / "a.xlsx", {PREVENTION: 9}))
    assert not outcome.problemes
    first, second = rows(donnees)
    assert (first["action"], first["resultat"], first["saisi_le"]) == ("1", "46", "11/02/2025")
    assert (second["indicateur"], second["resultat"]) == ("prevention-addictions", "9")
    assert (donnees / "55/2024/etat_avancement/solidarites-4.md").read_text() == "Récit d'avant\n"
    sidecar = donnees / "55/2024/resultats_indicateurs.csv.source.yaml"
    assert "provenance antérieure non renseignée ; saisie des pilotes" in sidecar.read_text("utf-8")


# --- conflicts ------------------------------------------------------------------------------


def test_two_answers_for_one_cell_name_both(donnees, envoye, tmp_path):
    one = fill(envoye, tmp_path / "un.xlsx", {LIEUX: 3, PREVENTION: 8})
    two = fill(envoye, tmp_path / "deux.xlsx", {LIEUX: 4, PREVENTION: 8})
    at = Classeur(envoye).at(LIEUX)
    problem = only_problem(run(donnees, one, two))
    assert problem.fichier == f"deux.xlsx, feuille « Solidarités 4 », cellule {at}"
    assert (
        problem.trouve == f"« 4 », et « 3 » dans un.xlsx, feuille « Solidarités 4 », cellule {at}"
    )
    assert tree(donnees) == {}


def test_another_answer_than_the_one_imported_is_a_conflict_until_it_replaces(
    donnees, envoye, tmp_path
):
    run(donnees, fill(envoye, tmp_path / "un.xlsx", {LIEUX: 3, PREVENTION: 8}))
    before = tree(donnees)
    two = fill(envoye, tmp_path / "deux.xlsx", {LIEUX: 4, PREVENTION: 8})
    problem = only_problem(run(donnees, two))
    assert problem.attendu.startswith("« 3 », la réponse déjà importée le 2025-02-10 (")
    assert problem.trouve == "« 4 »" and "--remplacer" in problem.remede
    assert tree(donnees) == before
    outcome = run(donnees, two, remplacer=True, recu_le=dt.date(2025, 3, 1))
    assert not outcome.problemes and len(outcome.remplacees) == 1
    assert [(r["resultat"], r["saisi_le"]) for r in rows(donnees)] == [
        ("4", "01/03/2025"),
        ("8", "10/02/2025"),
    ]
    history = rows(donnees, "saisies_recues/historique.csv")
    assert [(h["avant"], h["apres"]) for h in history] == [("", "3"), ("", "8"), ("3", "4")]


def test_no_break_spaces_are_no_difference(donnees, envoye, tmp_path):
    """Tables are read with plain spaces; French texts are typed with no-break ones."""
    words = "coût\u00a0: 5\u202f€"
    run(donnees, fill(envoye, tmp_path / "a.xlsx", {COMMENTAIRE: words, RECIT: words}))
    again = fill(envoye, tmp_path / "b.xlsx", {COMMENTAIRE: words, RECIT: words, LIEUX: 3})
    outcome = run(donnees, again)
    assert not outcome.problemes and outcome.nouvelles == 1
    [sent] = envoyer(campagne("55", 2024, donnees), tmp_path / "out", ["solidarites-4"])
    shown = fill(sent, tmp_path / "c.xlsx", {COMMENTAIRE: words})
    assert not run(donnees, shown).remplacees


def test_an_answer_written_by_hand_is_not_overwritten_in_silence(donnees, envoye, tmp_path):
    put(donnees, RESULTATS + "solidarites;4;lieux-ecoute-jeunes;2024;2;;;\n")
    problem = only_problem(run(donnees, fill(envoye, tmp_path / "a.xlsx", {LIEUX: 3})))
    assert problem.attendu == "« 2 », la réponse déjà écrite hors d'un classeur de saisie"


def test_a_correction_in_a_workbook_that_showed_the_answer_is_no_conflict(donnees, tmp_path):
    put(donnees, RESULTATS + "solidarites;4;lieux-ecoute-jeunes;2024;2;fermé;;\n")
    [sent] = envoyer(campagne("55", 2024, donnees), tmp_path / "out", ["solidarites-4"])
    outcome = run(donnees, fill(sent, tmp_path / "a.xlsx", {LIEUX: 3, COMMENTAIRE: None}))
    assert not outcome.problemes and rows(donnees)[0]["resultat"] == "3"
    assert rows(donnees)[0]["commentaire"] == "fermé"  # an emptied cell deletes nothing
    assert "cellule vidée : « fermé » est conservé" in outcome.notes[0].trouve
    put(donnees, RESULTATS + "solidarites;4;lieux-ecoute-jeunes;2024;5;fermé;;\n")
    (donnees / "55/2024/resultats_indicateurs.csv.source.yaml").unlink()
    late = fill(sent, tmp_path / "b.xlsx", {LIEUX: 4})
    assert only_problem(run(donnees, late)).trouve == "« 4 »"  # 5 came meanwhile
    untouched = fill(sent, tmp_path / "c.xlsx", {PREVENTION: 9})
    assert not run(donnees, untouched).problemes and rows(donnees)[0]["resultat"] == "5"


def test_a_state_shown_can_be_corrected(donnees, tmp_path):
    put(donnees, RESULTATS + "solidarites;4;lieux-ecoute-jeunes;2024;/;;;\n")
    [sent] = envoyer(campagne("55", 2024, donnees), tmp_path / "out", ["solidarites-4"])
    nature = (*LIEUX[:2], "nature")
    assert Classeur(sent).cell(nature).value == "sans objet"
    assert not run(donnees, fill(sent, tmp_path / "a.xlsx", {PREVENTION: 8})).remplacees
    outcome = run(donnees, fill(sent, tmp_path / "b.xlsx", {nature: None, LIEUX: 3}))
    assert len(outcome.remplacees) == 1 and rows(donnees)[0]["resultat"] == "3"


def _formula(book):
    book.cell(LIEUX).value = "=1+2"


def _error(book):
    book.cell(LIEUX).value = "#REF!"
    book.cell(LIEUX).data_type = "e"


def _date(book):
    book.cell(LIEUX).value = dt.datetime(2024, 2, 2)


def _time(book):
    book.cell(LIEUX).value = dt.time(2, 2)


def _text(book):
    book.cell(LIEUX).value = "environ trois"


def _both_state_and_value(book):
    book.cell(LIEUX).value = 3
    book.cell((*LIEUX[:2], "nature")).value = "sans objet"


def _unknown_state(book):
    book.cell((*LIEUX[:2], "nature")).value = "peut-être"


def _announced_text(book):
    book.cell((*LIEUX[:2], "nature")).value = "texte"


def _ambiguous_rate(book):
    book.cell(("emploi-v2-1", "sorties-positives", "resultat")).value = 0.4


def _merge(book):
    book.cell(LIEUX).value = 3
    column, row = book.where[LIEUX].colonne, int(book.where[LIEUX].rang)
    book.sheet("solidarites-4").merge_cells(f"{column}{row}:{column}{row + 1}")


def _lonely_document(book):
    book.cell(("solidarites-4", "justification", "piece")).value = "a.pdf"


def _nir(book):
    book.cell(COMMENTAIRE).value = "dossier 2 55 08 14 168 025 38"


def _copy(book):
    copied = book.book.copy_worksheet(book.sheet("solidarites-4"))
    copied.title = "Copie"


REFUSED = [
    (_formula, LIEUX, "une formule « =1+2 »"),
    (_error, LIEUX, "l'erreur #REF!"),
    (_date, LIEUX, "une date ou une heure (02/02/2024)"),
    (_time, LIEUX, "une date ou une heure (02:02:00)"),
    (_text, LIEUX, "le texte « environ trois »"),
    (_both_state_and_value, LIEUX, "« 3 »"),
    (_unknown_state, (*LIEUX[:2], "nature"), "« peut-être »"),
    (_announced_text, LIEUX, "une cellule vide"),
    (_ambiguous_rate, ("emploi-v2-1", "sorties-positives", "resultat"),
     "« 0,4 », qui peut se lire 0,4 % ou 40%"),
    (_merge, None, "des cellules fusionnées"),
    (_lonely_document, ("solidarites-4", "justification", "piece"), "« a.pdf »"),
    (_nir, COMMENTAIRE, "un numéro de sécurité sociale (non affiché)"),
    (_copy, None, "deux copies : « Solidarités 4 » et « Copie »"),
]  # fmt: skip


@pytest.mark.parametrize(("damage", "key", "found"), REFUSED)
def test_what_cannot_be_read_is_named_and_nothing_is_imported(
    donnees, envoye, tmp_path, damage, key, found
):
    book = Classeur(envoye)
    book.cell(PREVENTION).value = 8
    damage(book)
    problem = only_problem(run(donnees, book.save(tmp_path / "a.xlsx")))
    name = book.names[key[0]] if key else "Solidarités 4"
    assert problem.fichier.startswith(f"a.xlsx, feuille « {name} »")
    if key:
        assert problem.fichier.endswith(f"cellule {book.at(key)}")
    assert problem.trouve == found and problem.attendu and problem.remede
    assert tree(donnees) == {}


def _delete_sheet(book):
    del book.book["Solidarités 4"]


def _erase_mark(book):
    book.sheet("solidarites-4")["A1"].value = None


def _target(book):
    book.cell(("solidarites-9", "copil", "cible")).value = "12"


def _label(book):
    book.cell(("solidarites-9", "copil", "libelle")).value = "COPIL (deux par an)"


def _sorted_rows(book):
    """The pilot sorts the five rows of action 9: the last one comes first."""
    sheet = book.sheet("solidarites-9")
    codes = [k[1] for k, mark in book.where.items() if k[0] == "solidarites-9"
             and mark.champ == "resultat"]  # fmt: skip
    numbers = [int(book.where["solidarites-9", code, "resultat"].rang) for code in codes]
    values = [[cell.value for cell in sheet[number]] for number in numbers]
    for number, line in zip(numbers, [values[-1], *values[:-1]], strict=True):
        for cell, value in zip(sheet[number], line, strict=True):
            cell.value = value


def _deleted_row(book):
    sheet = book.sheet("solidarites-9")
    sheet.delete_rows(int(book.where["solidarites-9", "groupes-thematiques", "resultat"].rang))


ECARTS = [
    (_delete_sheet, "feuille « Solidarités 4 »", "une feuille supprimée ou son repère effacé"),
    (_erase_mark, "feuille « Solidarités 4 »", "une feuille supprimée ou son repère effacé"),
    (_target, "cellule E11", "« 12 » : cellule modifiée dans le classeur"),
    (_label, "cellule B11", "« COPIL (deux par an) » : cellule modifiée dans le classeur"),
    (_sorted_rows, "cellule B9", "une ligne déplacée"),
    (_deleted_row, "feuille « Solidarités 9 »", "une ligne supprimée ou son repère effacé"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "where", "found"), ECARTS)
def test_a_changed_layout_is_named_and_can_be_accepted(
    donnees, envoye, tmp_path, change, where, found
):
    book = Classeur(envoye)
    answers = {
        ("solidarites-9", "copil", "resultat"): 1,
        ("solidarites-9", "copil", "commentaire"): "le comité",
        ("solidarites-9", "copil", "source"): "compte rendu",
        ("solidarites-9", "rencontres-territoriales", "resultat"): "2*2",
    }
    for key, value in answers.items():
        book.cell(key).value = value
    change(book)
    path = book.save(tmp_path / "a.xlsx")
    problem = only_problem(run(donnees, path))
    assert problem.fichier.startswith("a.xlsx, feuille « ") and problem.fichier.endswith(where)
    assert problem.trouve == found and "--accepter-ecarts" in problem.remede
    assert tree(donnees) == {}
    outcome = run(donnees, path, accepter_ecarts=True)
    assert not outcome.problemes and found in [note.trouve for note in outcome.notes]
    kept = [(r["indicateur"], r["resultat"], r["commentaire"], r["source"]) for r in rows(donnees)]
    assert kept == [
        ("copil", "1", "le comité", "compte rendu"),
        ("rencontres-territoriales", "2*2", "", ""),
    ]


def test_a_moved_column_is_named_and_read_where_it_is(donnees, envoye, tmp_path):
    """Comment and source of the national indicators change places, with their marks."""
    book = Classeur(envoye)
    key = ("solidarites-nat", "adolescents")
    for champ, value in (("resultat", 95), ("commentaire", "six mois"), ("source", "bilan")):
        book.cell((*key, champ)).value = value
    sheet = book.sheet("solidarites-nat")
    left, right = (book.where[*key, champ].colonne for champ in ("commentaire", "source"))
    for number in (1, int(book.where[*key, "resultat"].rang)):
        one, two = sheet[f"{left}{number}"], sheet[f"{right}{number}"]
        one.value, two.value = two.value, one.value
    path = book.save(tmp_path / "a.xlsx")
    problem = only_problem(run(donnees, path))
    assert (problem.trouve, problem.champ) == ("une colonne déplacée", f"colonne {right}")
    assert not run(donnees, path, accepter_ecarts=True).problemes
    row = rows(donnees)[0]
    assert (row["resultat"], row["commentaire"], row["source"]) == ("95", "six mois", "bilan")


def test_a_deleted_column_is_named(donnees, envoye, tmp_path):
    book = Classeur(envoye)
    column = book.where["solidarites-nat", "adolescents", "commentaire"].colonne
    book.sheet("solidarites-nat")[f"{column}1"].value = None
    problem = only_problem(run(donnees, book.save(tmp_path / "a.xlsx")))
    assert problem.trouve == "une colonne supprimée ou son repère effacé"


def test_a_doubled_row_is_named(donnees, envoye, tmp_path):
    book = Classeur(envoye)
    sheet = book.sheet("solidarites-nat")
    sheet["A60"].value = "adolescents"
    problem = only_problem(run(donnees, book.save(tmp_path / "a.xlsx")))
    assert problem.trouve == "deux lignes pour une réponse"
    assert problem.fichier.endswith("cellule B60")


def test_sheets_renamed_reordered_and_rows_shifted_are_recognised(donnees, envoye, tmp_path):
    book = Classeur(envoye)
    book.cell(LIEUX).value = 3
    sheet = book.sheet("solidarites-4")
    sheet.title = "La mienne"
    book.book.move_sheet(sheet, 3)
    sheet.insert_rows(3)
    sheet.insert_cols(5)
    outcome = run(donnees, book.save(tmp_path / "a.xlsx"))
    assert not outcome.problemes and rows(donnees)[0]["resultat"] == "3"
    assert "feuille renommée (« Solidarités 4 » à l'envoi)" in outcome.notes[0].trouve


@pytest.mark.parametrize("what", ["ligne", "colonne", "feuille"])
def test_a_hidden_answer_is_read_and_said(donnees, envoye, tmp_path, what):
    book = Classeur(envoye)
    book.cell(LIEUX).value = 3
    sheet, mark = book.sheet("solidarites-4"), book.where[LIEUX]
    if what == "ligne":
        sheet.row_dimensions[int(mark.rang)].hidden = True
    elif what == "colonne":
        sheet.column_dimensions[mark.colonne].hidden = True
    else:
        sheet.sheet_state = "hidden"
    outcome = run(donnees, book.save(tmp_path / "a.xlsx"))
    assert not outcome.problemes and rows(donnees)[0]["resultat"] == "3"
    assert [note.trouve for note in outcome.notes] == [f"{what} masquée, lue quand même"]


QUESTIONS = [
    (PREVENTION, 1_000_000, "« 1000000 »"),  # targets 8 and 10, T0 5: more than 10 × 10
    (PREVENTION, "1e6", "« 1000000 »"),
    (PREVENTION, -3, "« -3 »"),
    (PREVENTION, "40 %", "« 40 % »"),
    (PREVENTION, "oui", "« oui »"),
    (("emploi-v2-1", "sorties-positives", "resultat"), "120 %", "« 120 % »"),
    (COMMENTAIRE, "écrire à x.y@z.fr", "une adresse électronique (non affiché)"),
    (COMMENTAIRE, "appeler le 03 29 00 00 00", "un numéro de téléphone (non affiché)"),
    (COMMENTAIRE, "voir avec Mme Untel", "une civilité, donc un nom (non affiché)"),
]


@pytest.mark.parametrize(("key", "value", "found"), QUESTIONS)
def test_what_is_odd_is_asked_and_imported(donnees, envoye, tmp_path, key, value, found):
    book = Classeur(envoye)
    book.cell(key).value = value
    outcome = run(donnees, book.save(tmp_path / "a.xlsx"))
    assert not outcome.problemes and outcome.nouvelles == 1
    assert found in [question.trouve for question in outcome.questions]
    assert outcome.questions[0].fichier.endswith(f"cellule {book.at(key)}")


def test_a_point_before_three_digits_has_two_readings_and_is_refused(donnees, envoye, tmp_path):
    outcome = run(donnees, fill(envoye, tmp_path / "a.xlsx", {PREVENTION: "1.200"}))
    assert outcome.problemes and not (donnees / "55/2024/saisies_recues").exists()


def test_a_hundred_is_not_odd_where_ten_is_known(donnees, envoye, tmp_path):
    """The factor is 10 (params/saisie.yaml), the largest known value the target of 2025, 10:
    100 = 10 × 10 passes, 101 is asked about."""
    assert not run(donnees, fill(envoye, tmp_path / "a.xlsx", {PREVENTION: 100})).questions
    again = run(donnees, fill(envoye, tmp_path / "b.xlsx", {PREVENTION: 101}), remplacer=True)
    assert "(10 au plus)" in again.questions[0].attendu


def test_what_is_written_elsewhere_is_said_not_lost_in_silence(donnees, envoye, tmp_path):
    book = Classeur(envoye)
    book.cell(PREVENTION).value = 8
    book.sheet("solidarites-4")["M9"].value = "voir aussi le rapport"
    book.book.create_sheet("Annexe")["A1"] = "détail"
    outcome = run(donnees, book.save(tmp_path / "a.xlsx"))
    assert outcome.questions[0].trouve == "« voir aussi le rapport », non importé"
    assert outcome.questions[0].fichier.endswith("cellule M9")
    assert outcome.notes[0].fichier == "a.xlsx, feuille « Annexe »"


def test_a_typed_formula_in_a_comment_stays_a_text_everywhere(donnees, envoye, tmp_path):
    book = Classeur(envoye)
    attack = "=cmd|' /C calc'!A0"
    book.cell(COMMENTAIRE).value = attack
    book.cell(COMMENTAIRE).data_type = "s"
    assert not run(donnees, book.save(tmp_path / "a.xlsx")).problemes
    assert rows(donnees)[0]["commentaire"] == "'" + attack
    assert rows(donnees, "saisies_recues/historique.csv")[0]["apres"] == "'" + attack
    [path] = envoyer(campagne("55", 2024, donnees), tmp_path / "out", ["solidarites-4"])
    cell = Classeur(path).cell(COMMENTAIRE)
    assert (cell.data_type, cell.value) == ("s", attack)


def test_a_target_that_an_avenant_changed_since_is_named(donnees, envoye, tmp_path, monkeypatch):
    from analyses.saisie import importation

    contrats = load_contrats("55")
    old = contrats["solidarites"]
    action = old.actions["4"]
    row = action.indicateurs[0].tableaux[0].model_copy(update={"cellules": list("39444")})
    indicator = action.indicateurs[0].model_copy(update={"tableaux": [row]})
    action = action.model_copy(update={"indicateurs": [indicator, *action.indicateurs[1:]]})
    new = old.model_copy(update={"actions": {**old.actions, "4": action}})
    monkeypatch.setattr(importation, "contrats_de", lambda *_: {**contrats, "solidarites": new})
    path = fill(envoye, tmp_path / "a.xlsx", {PREVENTION: 8})
    problem = only_problem(run(donnees, path))
    assert problem.attendu == "« 9 » au contrat"
    assert problem.trouve == "« 3 » : le contrat a changé depuis l'envoi"
    assert not run(donnees, path, accepter_ecarts=True).problemes


def test_an_indicator_or_an_action_that_the_contract_no_longer_has(
    donnees, envoye, tmp_path, monkeypatch
):
    from analyses.saisie import importation

    contrats = load_contrats("55")
    old = contrats["solidarites"]
    less = old.actions["4"].model_copy(update={"indicateurs": old.actions["4"].indicateurs[1:]})
    actions = {**old.actions, "4": less}
    del actions["9"]
    new = old.model_copy(update={"actions": actions})
    monkeypatch.setattr(importation, "contrats_de", lambda *_: {**contrats, "solidarites": new})
    outcome = run(donnees, fill(envoye, tmp_path / "a.xlsx", {LIEUX: 3}))
    found = [problem.trouve for problem in outcome.problemes]
    assert "« lieux-ecoute-jeunes »" in found and "« solidarites-9 »" in found


# --- scope and files ------------------------------------------------------------------------


def _marks(path: Path, target: Path, champ: str, value: str) -> Path:
    """The same workbook, sent by another département, year, or version (its imprint redone)."""
    book = openpyxl.load_workbook(path)
    sheet = book[REPERES]
    for line in sheet.iter_rows():
        if champ in (line[5].value, line[4].value):
            cell = line[5] if line[4].value == champ else line[6]
            cell.value = value
    marks = [Repere(*("" if v is None else str(v) for v in line))
             for line in sheet.iter_rows(values_only=True)]  # fmt: skip
    sheet.cell(sheet.max_row, 7).value = imprint(marks[:-1])
    book.save(target)
    return target


def test_another_year_departement_version_or_contract(donnees, envoye, tmp_path):
    year = _marks(envoye, tmp_path / "annee.xlsx", "exercice", "2025")
    place = _marks(envoye, tmp_path / "dep.xlsx", "departement", "08")
    version = _marks(envoye, tmp_path / "version.xlsx", "format", "saisie/9")
    good = fill(envoye, tmp_path / "bon.xlsx", {PREVENTION: "huit"})
    outcome = run(donnees, year, place, version, good)
    found = {problem.fichier: problem.trouve for problem in outcome.problemes}
    assert found["annee.xlsx"] == "un classeur de l'exercice 2025"
    assert found["dep.xlsx"] == "un classeur du département 08"
    assert found["version.xlsx"] == "un classeur d'une autre version (« saisie/9 »)"
    assert len(found) == 4  # and the text in a number of the fourth: all at once
    assert only_problem(run(donnees, year, exercice=2024)).remede.endswith("--exercice 2025")
    assert {p.attendu for p in run(donnees, year, envoye, exercice=None).problemes} == {
        "un seul exercice par import"
    }
    contract = _marks(envoye, tmp_path / "contrat.xlsx", "contrat", "logement")
    assert "« logement »" in [p.trouve for p in run(donnees, contract).problemes]
    future = _marks(envoye, tmp_path / "futur.xlsx", "exercice", "2031")
    assert "un exercice parmi" in only_problem(run(donnees, future, exercice=None)).attendu
    assert tree(donnees) == {}


def test_the_year_is_that_of_the_workbooks(donnees, envoye, tmp_path):
    outcome = run(donnees, fill(envoye, tmp_path / "a.xlsx", {LIEUX: 3}), exercice=None)
    assert outcome.dossier is not None and outcome.dossier.relatif == "55/2024"


def _zip(path: Path, entries: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return path


def _bad_file(kind: str, folder: Path, sent: Path) -> Path:
    path = folder / "a.xlsx"
    data = sent.read_bytes()
    if kind == "csv":
        path.write_text("contrat;action\n", encoding="utf-8")
    elif kind == "vide":
        path.write_bytes(b"")
    elif kind == "binaire":
        path.write_bytes(b"\x00\x01\x02")
    elif kind == "tronque":
        path.write_bytes(data[: len(data) // 2])
    elif kind == "abime":
        middle = data.index(b"xl/worksheets/sheet2.xml") + 200
        path.write_bytes(data[:middle] + bytes(50) + data[middle + 50 :])
    elif kind == "mot-de-passe":
        ole = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)
        path.write_bytes(ole + "EncryptedPackage".encode("utf-16-le"))
    elif kind == "xls":
        path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))
    elif kind == "macros":
        with zipfile.ZipFile(sent) as old:
            entries = {name: old.read(name) for name in old.namelist()}
        path = _zip(folder / "a.xlsm", entries | {"xl/vbaProject.bin": b"x"})
    elif kind == "ods":
        _zip(path, {"mimetype": b"application/vnd.oasis.opendocument.spreadsheet"})
    elif kind == "archive":
        _zip(path, {"photo.jpg": b"x"})
    elif kind == "bombe":
        _zip(path, {"xl/workbook.xml": b"", "xl/a.xml": bytes(TEXTE_MAX + 1)})
    elif kind == "xml":
        _zip(path, {"xl/workbook.xml": b"<a", "[Content_Types].xml": b""})
    elif kind == "verrou":
        path = folder / "~$a.xlsx"
        path.write_bytes(b"x")
    elif kind == "classeur-vide":
        openpyxl.Workbook().save(path)
    elif kind == "autre-classeur":
        book = openpyxl.Workbook()
        book.active["A1"] = "Budget"
        book.save(path)
    elif kind == "reperes":
        book = openpyxl.load_workbook(sent)
        book[REPERES]["G2"] = "56"
        book.save(path)
    return path  # « absent »: nothing was written


FILES = [
    ("absent", "fichier absent"),
    ("csv", "un fichier texte (CSV ?) renommé"),
    ("vide", "un fichier vide"),
    ("binaire", "un fichier qui n'est pas un classeur"),
    ("tronque", "un fichier abîmé (l'archive)"),
    ("abime", "un fichier abîmé ("),
    ("mot-de-passe", "un classeur protégé par un mot de passe"),
    ("xls", "un classeur à l'ancien format .xls"),
    ("macros", "un classeur qui contient des macros ; rien n'en a été exécuté"),
    ("ods", "un classeur LibreOffice (.ods)"),
    ("archive", "une archive qui n'est pas un classeur"),
    ("bombe", "15 Mo en 2 morceaux une fois décompressé : une archive piégée"),
    ("xml", "un classeur dont le contenu est illisible"),
    ("verrou", "un fichier de verrouillage du tableur"),
    ("classeur-vide", "un classeur vide"),
    ("autre-classeur", "un classeur sans ses repères cachés"),
    ("reperes", "des repères cachés modifiés"),
]


@pytest.mark.parametrize(("kind", "found"), FILES)
def test_a_file_that_is_no_collection_workbook(donnees, envoye, tmp_path, capsys, kind, found):
    path = _bad_file(kind, tmp_path, envoye)
    assert main(["importer", "saisie", str(path), "--donnees", str(donnees)]) == 1
    captured = capsys.readouterr()
    assert "Rien n'a été importé." in captured.out
    assert captured.err.startswith(f"1 problème :\n- {path.name} : ") and found in captured.err
    assert tree(donnees) == {}


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_no_damage_crashes_the_opening(envoye, data):
    """Bytes cut, changed or inserted anywhere: a French refusal, or a workbook still ours."""
    good = envoye.read_bytes()
    start = data.draw(st.integers(0, len(good)))
    new = data.draw(st.binary(max_size=30))
    end = data.draw(st.sampled_from([start, start + 1, start + 40, len(good)]))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.xlsx"
        path.write_bytes(good[:start] + new + good[end:])
        try:
            assert lire_reperes(path).entete("exercice") == "2024"
        except BilanError as error:
            assert error.problems[0].fichier == "a.xlsx" and error.problems[0].remede


def test_a_file_too_big_to_be_read(tmp_path, monkeypatch):
    path = tmp_path / "a.xlsx"
    path.write_bytes(b"PK")
    monkeypatch.setattr("analyses.saisie.ouverture.TAILLE_MAX", 1)
    with pytest.raises(BilanError, match="plus de 50 Mo"):
        ouvrir(path)


def test_a_folder_or_a_pattern_stands_for_its_workbooks(donnees, envoye, tmp_path, capsys):
    folder = tmp_path / "recus"
    folder.mkdir()
    fill(envoye, folder / "a.xlsx", {LIEUX: 3})
    fill(envoye, folder / "b.xlsx", {PREVENTION: 8})
    (folder / "~$a.xlsx").write_bytes(b"x")
    end = ["--donnees", str(donnees)]
    assert main(["importer", "saisie", str(folder), *end]) == 0
    assert "2 classeurs importés dans 55/2024" in capsys.readouterr().out
    assert main(["importer", "saisie", str(folder / "*.xlsx"), *end]) == 0
    assert capsys.readouterr().out.count("déjà importé") == 2
    (tmp_path / "rien").mkdir()
    assert main(["importer", "saisie", str(tmp_path / "rien"), *end]) == 1
    assert "un dossier sans classeur" in capsys.readouterr().err


def test_one_file_given_twice_is_read_once(donnees, envoye, tmp_path):
    one = fill(envoye, tmp_path / "a.xlsx", {LIEUX: 3})
    two = tmp_path / "b.xlsx"
    shutil.copy(one, two)
    outcome = run(donnees, one, two)
    assert not outcome.problemes and len(outcome.lus) == 1
    assert outcome.notes[0].trouve == "le même contenu que a.xlsx, lu une fois"


def test_simulated_answers_never_enter_real_files(donnees, tmp_path):
    put(donnees, RESULTATS + "solidarites;4;prevention-addictions;2024;7;;;\n")
    table = donnees / "55/2024/resultats_indicateurs.csv"
    deposer(table, "essai", "simulee", "2025-01-01")
    [sent] = envoyer(campagne("55", 2024, donnees), tmp_path / "out", ["solidarites-4"])
    path = fill(sent, tmp_path / "a.xlsx", {LIEUX: 3})
    deposer(table, "service", "reelle", "2025-01-01")
    assert only_problem(run(donnees, path)).trouve == "un classeur fait de données simulées"
    deposer(table, "essai", "simulee", "2025-01-01")
    assert not run(donnees, path).problemes
    sidecar = table.with_name(table.name + ".source.yaml").read_text("utf-8")
    assert "nature: simulee" in sidecar and "essai ; saisie des pilotes" in sidecar


def test_real_answers_in_simulated_files_stay_simulated(donnees, envoye, tmp_path):
    put(donnees, RESULTATS + "solidarites;1;familles;2024;7;;;\n")
    deposer(donnees / "55/2024/resultats_indicateurs.csv", "essai", "simulee", "2025-01-01")
    outcome = run(donnees, fill(envoye, tmp_path / "a.xlsx", {LIEUX: 3}))
    assert "des fichiers simulés" in outcome.notes[0].trouve
    assert lire_nature(donnees) == "simulee"


def lire_nature(donnees: Path) -> str:
    text = (donnees / "55/2024/resultats_indicateurs.csv.source.yaml").read_text("utf-8")
    return text.rsplit("nature: ", 1)[1].strip()


def test_broken_files_of_the_year_stop_the_import_with_everything_else(donnees, envoye, tmp_path):
    put(donnees, RESULTATS + "solidarites;4;inconnu;2024;7;;;\n")
    put(donnees, "x", "etat_avancement/solidarites-99.md")
    outcome = run(donnees, fill(envoye, tmp_path / "a.xlsx", {LIEUX: 3}), tmp_path / "b.xlsx")
    places = [(problem.fichier, problem.champ) for problem in outcome.problemes]
    assert places == [
        ("b.xlsx", ""),
        ("55/2024/resultats_indicateurs.csv", "indicateur"),
        ("55/2024/etat_avancement/solidarites-99.md", ""),
    ]


def test_a_log_that_was_edited_is_named(donnees, envoye, tmp_path):
    run(donnees, fill(envoye, tmp_path / "a.xlsx", {LIEUX: 3}))
    put(donnees, "n'importe quoi\n", "saisies_recues/historique.csv")
    outcome = run(donnees, fill(envoye, tmp_path / "b.xlsx", {PREVENTION: 3}))
    assert only_problem(outcome).fichier == "saisies_recues/historique.csv"


# --- all or nothing -------------------------------------------------------------------------


@pytest.mark.parametrize("error", [KeyboardInterrupt, PermissionError(13, "Permission denied")])
def test_an_import_stopped_half_way_leaves_every_file_as_it_was(
    donnees, envoye, tmp_path, monkeypatch, error
):
    run(donnees, fill(envoye, tmp_path / "a.xlsx", {LIEUX: 3, RECIT: "Fait."}))
    before = tree(donnees)
    path = fill(envoye, tmp_path / "b.xlsx", {LIEUX: 4, RECIT: "Autre.", PREVENTION: 8})
    real, calls = os.replace, []

    def replace(*args):
        calls.append(args)
        if len(calls) == 4:
            raise error
        real(*args)

    monkeypatch.setattr(files.os, "replace", replace)
    expected = BilanError if isinstance(error, OSError) else error
    with pytest.raises(expected) as raised:
        run(donnees, path, remplacer=True)
    if isinstance(error, OSError):
        assert "rien n'a été changé" in str(raised.value)
    assert tree(donnees) == before
    monkeypatch.setattr(files.os, "replace", real)
    assert not run(donnees, path, remplacer=True).problemes


def test_a_killed_import_is_ended_or_forgotten_by_the_next(donnees, envoye, tmp_path, monkeypatch):
    """Killed after the decision to write: ended. Killed before: as if it had not been."""
    path = fill(envoye, tmp_path / "a.xlsx", {LIEUX: 3, RECIT: "Fait."})

    class Killed(BaseException):
        pass

    def die(new, target):
        raise Killed

    folder = donnees / "55/2024"
    real = files._place
    monkeypatch.setattr(files, "_place", die)
    monkeypatch.setattr(files.shutil, "rmtree", lambda *a, **k: None)
    monkeypatch.setattr(Path, "unlink", lambda *a, **k: None)
    with pytest.raises(Killed):
        run(donnees, path)
    monkeypatch.undo()
    monkeypatch.setattr(paths, "PROCESSED", tmp_path / "processed")
    assert files._place is real
    assert [p.name[:10] for p in folder.iterdir()] == [".en-cours-"]
    (folder / ".en-cours-vieux").mkdir()
    again = run(donnees, path)
    assert [note.trouve for note in again.notes] == ["un import interrompu, achevé avant celui-ci"]
    assert rows(donnees)[0]["resultat"] == "3"
    assert not list(folder.glob(".en-cours-*"))
    assert again.deja == ["a.xlsx"]


# --- who has answered -----------------------------------------------------------------------


def test_the_index_says_who_answered(donnees, envoye, tmp_path, capsys):
    answers = {
        LIEUX: 3,
        PREVENTION: 1000,
        RECIT: "Fait.",
        ("solidarites-4", "service", "texte"): "Service jeunesse",
        ("solidarites-9", "copil", "nature"): "non disponible",
    }
    run(donnees, fill(envoye, tmp_path / "a.xlsx", answers))
    campaign = campagne("55", 2024, donnees)
    index = {(row.contrat, row.action): row for row in etat(campaign.dossier, campaign.feuilles)}
    four, nine, three = (index["solidarites", code] for code in ("4", "9", "3"))
    assert (four.statut, four.reponses, four.attendues, four.manque) == ("complet", 3, 3, "")
    assert (four.recu_le, four.service, four.questions) == ("2025-02-10", "Service jeunesse", "1")
    assert (nine.statut, nine.reponses, nine.attendues) == ("partiel", 1, 6)
    assert "prestataire" in nine.manque and "recit" in nine.manque
    assert (three.statut, three.recu_le) == ("rien", "2025-02-10")  # came back empty
    assert index["emploi", "v1-1"].version == ""  # never came back
    command = ["saisie", "--etat", "--donnees", str(donnees), "--sortie", str(tmp_path / "out")]
    assert main([*command, "--action", "solidarites-4", "solidarites-9"]) == 0
    text = capsys.readouterr().out
    assert "Saisie 2024, 2 actions : 1 complète, 1 partielle, 0 sans réponse." in text
    assert "- solidarites 4 : complet, 3 / 3, reçu le 2025-02-10 (" in text
    table = (tmp_path / "out/etat-saisie.csv").read_text("utf-8-sig").splitlines()
    assert len(table) == 3 and table[0].startswith("contrat;action;titre;statut;reponses")


# --- small functions ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(1)", '=HYPERLINK("x")', "+1 A!B", "\t=1"]
)
def test_the_guard_stops_every_formula_and_comes_off(text):
    assert guard(text) == "'" + text and unguard(guard(text)) == text


@pytest.mark.parametrize("text", ["+25", "-3", "+ 25 %", "+25 (dont 3 en avril)", "48", "2*2", ""])
def test_the_guard_leaves_numbers_alone(text):
    assert guard(text) == text == unguard(text)


def test_narratives_survive_the_file(tmp_path):
    texts = {"recit": "Un.\nDeux.\n\n- 2*2 réunions\n- 3 * 4", "qualitatif": "Bien", "pieces": "a"}
    assert decompose(compose(texts)) == texts
    assert decompose("Ligne  \r\nsuite\r\n") == {"recit": "Ligne\nsuite"}
    assert compose({}) == ""


@settings(max_examples=40, deadline=None)
@given(st.text(st.characters(), max_size=60), st.text(st.characters(), max_size=60))
@example("_x0041_ \x07\r\n=1", "a\rb\u00a0")
@example("\ud800", "\ufffe\uffff")
def test_any_text_survives_the_workbook(comment, story):
    """Written in a workbook and read back, an answer is the same; its marks hold."""
    [sheet] = choose(feuilles(load_contrats("55"), 2024, {}), ["solidarites-4"])
    known = {(*LIEUX_CLE, "commentaire"): comment, ("solidarites", "4", "recit", "texte"): story}
    data = classeur([sheet], known, "55", 2024, {"solidarites": "v"}, False)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.xlsx"
        path.write_bytes(data)
        read = lire(lire_reperes(path), {sheet.cle: sheet})
    assert not read.problemes and not read.ecarts
    for key, text in known.items():
        answer = read.reponses[key]
        assert answer.texte == answer.base
        assert answer.texte.split() == tirets(canonical(text, key[3])).split()


# --- LibreOffice ----------------------------------------------------------------------------

SOFFICE = shutil.which("soffice") or shutil.which("libreoffice")


def _convert(path: Path, kind: str, folder: Path) -> Path:
    profile = f"-env:UserInstallation={(folder / 'profil').as_uri()}"
    command = [SOFFICE, profile, "--headless", "--convert-to", kind, "--outdir", str(folder)]
    subprocess.run([*command, str(path)], check=True, capture_output=True, timeout=180)
    return folder / f"{path.stem}.{kind}"


@pytest.mark.skipif(SOFFICE is None, reason="LibreOffice (soffice) n'est pas installé")
@pytest.mark.parametrize(
    "road",
    [
        pytest.param(["xlsx"], id="xlsx"),
        pytest.param(["ods", "xlsx"], id="ods-xlsx", marks=pytest.mark.slow),
    ],
)
def test_round_trip_through_libreoffice(donnees, envoye, tmp_path, road):
    """Written, opened and saved by LibreOffice, filled in, recalculated by it, read, imported.

    Action 4 has three expected answers; two are given, so its live count says « 2 / 3 réponses ».
    """

    def through(path: Path, step: str) -> Path:
        for rank, kind in enumerate(road):
            path = _convert(path, kind, _made(tmp_path / f"{step}-{rank}"))
        return path

    opened = through(envoye, "ouvert")
    filled = fill(opened, tmp_path / "rempli.xlsx", {LIEUX: 3, RECIT: "Fait.\nBien.",
                  ("solidarites-9", "copil", "nature"): "non disponible"})  # fmt: skip
    book = through(filled, "recalcule")
    counted = openpyxl.load_workbook(book, data_only=True)
    assert counted["Solidarités 4"]["K2"].value == "2 / 3 réponses"
    assert counted["Solidarités 9"]["K2"].value == "1 / 6 réponses"
    sheet = counted["Solidarités 4"]
    assert sheet.protection.sheet and not sheet[Classeur(book).at(LIEUX)].protection.locked
    outcome = run(donnees, book)
    assert not outcome.problemes and not outcome.questions and not outcome.notes
    assert [(r["indicateur"], r["resultat"]) for r in rows(donnees)] == [
        ("lieux-ecoute-jeunes", "3"),
        ("copil", "?"),
    ]
    story = donnees / "55/2024/etat_avancement/solidarites-4.md"
    assert story.read_text("utf-8") == "Fait.  \nBien.\n"


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


# --- to the bilan ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def exemple(tmp_path_factory):
    folder = tmp_path_factory.mktemp("exemple") / "raw"
    assert main(["exemple", "--sortie", str(folder)]) == 0
    return folder


def _corrected(exemple: Path, tmp_path: Path) -> Path:
    """The example, with two answers of action 5 corrected through a workbook."""
    donnees = tmp_path / "raw"
    shutil.copytree(exemple, donnees)
    [sent] = envoyer(campagne("55", 2024, donnees), tmp_path / "out", ["solidarites-5"])
    answers = {
        ("solidarites-5", "offres-non-pourvues", "resultat"): 12,
        ("solidarites-5", "jeunes-aides", "resultat"): 36,
        ("solidarites-5", "recit", "texte"): "Récit venu du classeur.",
    }
    outcome = run(donnees, fill(sent, tmp_path / "a.xlsx", answers))
    assert not outcome.problemes and outcome.nouvelles == 1 and len(outcome.remplacees) == 2
    return donnees


def test_the_analyses_use_what_was_imported(exemple, tmp_path, monkeypatch):
    """36 young people for a target of 35: attained, rate 36/35."""
    from fractions import Fraction

    from analyses.bilan import load

    monkeypatch.setattr(paths, "PROCESSED", tmp_path / "processed")
    b = load("55", 2024, donnees=_corrected(exemple, tmp_path), preparer=True)
    frame = b.indicateurs
    row = frame[(frame["code"] == "5/jeunes-aides") & (frame["exercice"] == 2024)].iloc[0]
    assert (row.resultat, row.taux, row.statut) == (36, Fraction(36, 35), "atteint")
    assert b.simule and b.depots[0].narratifs["solidarites", "5"] == "Récit venu du classeur.\n"


@pytest.mark.slow
def test_the_bilan_shows_what_was_imported(exemple, tmp_path):
    donnees = _corrected(exemple, tmp_path)
    command = ["produire", "--bilan", "etat-avancement", "--donnees", str(donnees)]
    assert main([*command, "--sortie", str(tmp_path / "reports")]) == 0
    page = tmp_path / "reports/2024/55/etat-avancement/etat-avancement.html"
    text = page.read_text("utf-8")
    assert "Récit venu du classeur." in text and "Données simulées" in text
