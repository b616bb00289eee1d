"""Exports of finance software become ledgers, through mappings that are only parameter files."""

from __future__ import annotations

import csv
import io
import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path

import pytest
import xlsxwriter
from pes_xml import aller, bordereau, deposer_pes, ligne, piece

from analyses import cli
from analyses.importation.correspondance import correspondance
from analyses.importation.finance import importer_finance
from analyses.importation.journal import Provenance
from analyses.socle import paths
from analyses.socle.problems import BilanError, Problem

SOURCE = Provenance("reelle", "Finances", "2025-02-01")
DEBIT = "Exercice;N° mandat;Date mandat;Compte;Débit;Crédit"
SIGNE = "EXERCICE;NUM_MANDAT;NUM_LIGNE;TYPE_PIECE;DATE_EMISSION;NATURE;MONTANT;MANDAT_ORIGINE"


def importer(lieu: Path, *fichiers: Path, modele="debit-credit", **options):
    where = (lieu / "raw", "55", SOURCE)
    return importer_finance(fichiers, correspondance(modele), *where, **options)


def ecrire(lieu: Path, texte: str, nom="export.csv", encodage="utf-8") -> Path:
    path = lieu / nom
    path.write_bytes(texte.encode(encodage))
    return path


def valeurs(lieu: Path, *champs: str, exercice=2024) -> list[tuple[str, ...]]:
    content = (lieu / f"raw/55/{exercice}/mandats.csv").read_bytes().decode("utf-8-sig")
    rows = csv.DictReader(io.StringIO(content), delimiter=";")
    return [tuple(row[champ] for champ in champs) for row in rows]


def problemes(lieu: Path, *fichiers: Path, **options) -> list[Problem]:
    before = sorted(lieu.rglob("*"))
    with pytest.raises(BilanError) as error:
        importer(lieu, *fichiers, **options)
    assert [p for p in sorted(lieu.rglob("*")) if p.is_file()] == [p for p in before if p.is_file()]
    assert "MARTIN" not in str(error.value)
    return error.value.problems


TYPE = ("numero_mandat", "type", "mandat_origine", "montant")


def test_debit_and_credit(tmp_path):
    """100 mandated, 20 of it cancelled; 50 mandated and wholly cancelled; 7 back on mandate 1."""
    rows = (
        "2024;1;15/03/2024;6568;100,00;20,00;\n"
        "2024;2;16/03/2024;6568;50,00;50,00;\n"
        "2024;3;17/03/2024;6568;;7,00;1\n"
        "2024;4;18/03/2024;6568;-5,00;;1\n"
        "2024;5;19/03/2024;6568;0;0;\n"
    )
    compte = importer(tmp_path, ecrire(tmp_path, f"{DEBIT};Mandat annulé\n{rows}"))
    assert valeurs(tmp_path, *TYPE) == [
        ("1", "ordinaire", "", "100,00"),
        ("1", "reduction", "1", "20,00"),
        ("2", "ordinaire", "", "50,00"),
        ("2", "annulation", "2", "50,00"),
        ("3", "reduction", "1", "7,00"),
        ("4", "reduction", "1", "5,00"),
        ("5", "ordinaire", "", "0,00"),
    ]
    # 100 - 20 + 50 - 50 - 7 - 5 = 68
    assert [(r.exercice, r.lignes, r.total) for r in compte.registres] == [(2024, 7, 6800)]


def test_signed_amounts_and_the_codes_of_the_software(tmp_path):
    """A code without type leaves the sign to decide."""
    rows = (
        "2024;1;1;M;15/03/2024;6568;100,00;\n"
        "2024;1;2;M;15/03/2024;6188;(30,00);\n"
        "2024;2;1;AN;16/03/2024;6568;-70,00;1\n"
        "2024;3;1;RAT;31/12/2024;6568;10,00;\n"
        "2024;4;1;RED;31/12/2024;6568;4,00;3\n"
    )
    importer(tmp_path, ecrire(tmp_path, f"{SIGNE}\n{rows}"), modele="montant-signe")
    # Mandate 1: 100, of which its own line 2 takes back 30 and mandate 2 the other 70.
    assert valeurs(tmp_path, *TYPE) == [
        ("1", "ordinaire", "", "100,00"),
        ("1", "reduction", "1", "30,00"),
        ("2", "annulation", "1", "70,00"),
        ("3", "rattachement", "", "10,00"),
        ("4", "reduction", "3", "4,00"),
    ]


def test_an_origin_of_another_exercise(tmp_path):
    rows = "2024;1;1;M;15/03/2024;6568;100,00;;\n2025;1;1;M;15/03/2025;6568;5,00;;\n"
    rows += "2025;2;1;EXT;16/01/2025;6568;-100,00;1;2024\n"
    export = ecrire(tmp_path, f"{SIGNE};EXE_ORIGINE\n{rows}")
    importer(tmp_path, export, modele="montant-signe")
    assert valeurs(tmp_path, *TYPE, exercice=2025) == [
        ("2", "contrepassation", "2024/1", "100,00"),
        ("1", "ordinaire", "", "5,00"),
    ]


@pytest.mark.parametrize("encodage", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("separateur", [";", ",", "\t"])
def test_exports_as_they_are(tmp_path, encodage, separateur):
    header = (
        'Exercice;"N°\nmandat\t";Date mandat ;Compte;"Débit (€)";Payé le;N° engagement;Tiers;IBAN'
    )
    header = header.replace("Débit (€)", "Mandaté")
    rows = (
        '2024.0;1.80333E12;45366;6568.0;"1 234,56 €";2024-04-01 00:00:00;E-1;Élan;FR76\n'
        '"2024";2; 15/03/2024;6568;"1.234,5";;;x;\n'
        '2024;3;2024-03-15;6568;"1\u202f000,00";31.12.2024;;x;\n'
    )
    text = f"Liste des mandats{';' * 8}\n\n{header};Crédit\n{rows}Total;;;;2469,06\n"
    text = text.replace(";", separateur)
    if encodage == "cp1252":
        text = text.replace("\u202f", "\u00a0")
    compte = importer(tmp_path, ecrire(tmp_path, text, encodage=encodage))
    fields = ("exercice", "numero_mandat", "date_emission", "nature", "montant", "date_paiement")
    assert valeurs(tmp_path, *fields, "tiers") == [
        ("2024", "2", "2024-03-15", "6568", "1234,50", "", "x"),
        ("2024", "3", "2024-03-15", "6568", "1000,00", "2024-12-31", "x"),
        ("2024", "1803330000000", "2024-03-15", "6568", "1234,56", "2024-04-01", "Élan"),
    ]
    assert any("arrondi par un tableur" in note and "ligne(s) 5 ;" in note for note in compte.notes)
    assert "export.csv : 1 ligne(s) de total, non reprise(s)" in compte.notes


def classeur(lieu: Path, rows: list[list], formules=(), feuille="Extraction") -> Path:
    path = lieu / "export.xlsx"
    book = xlsxwriter.Workbook(path)
    sheet, day = book.add_worksheet(feuille), book.add_format({"num_format": "dd/mm/yyyy"})
    for number, row in enumerate([SIGNE.split(";"), *rows]):
        for position, cell in enumerate(row):
            if isinstance(cell, datetime):
                sheet.write_datetime(number, position, cell, day)
            else:
                sheet.write(number, position, cell)
    for row, position, formula, value in formules:
        sheet.write_formula(row, position, formula, None, value)
    book.close()
    return path


def test_a_workbook_is_read_as_it_shows(tmp_path):
    """0.1 + 0.2 shows 0.3; dates, numbers and formulas with their kept value are read."""
    rows = [
        [2024, 1, 1, "M", datetime(2024, 3, 15), 6568, 0.1 + 0.2],
        [2024, 2, 1, "M", "15/03/2024", "6568", 1234.5],
        [2024, 3, 1, "M", 45366, 6568],
    ]
    export = classeur(tmp_path, rows, [(3, 6, "=SUM(G2:G3)", 1234.8)])
    importer(tmp_path, export, modele="montant-signe")
    assert valeurs(tmp_path, "date_emission", "nature", "montant") == [
        ("2024-03-15", "6568", "0,30"),
        ("2024-03-15", "6568", "1234,50"),
        ("2024-03-15", "6568", "1234,80"),
    ]


def test_errors_and_formulas_without_value_are_never_blanks(tmp_path):
    import openpyxl

    rows = [[2024, n, 1, "M", "15/03/2024", 6568, 10, ""] for n in range(1, 4)]
    path = classeur(tmp_path, rows)
    book = openpyxl.load_workbook(path)
    sheet = book["Extraction"]
    sheet["G2"], sheet["H3"], sheet["G4"] = "=G3*2", "#REF!", 1.234
    book.save(path)
    found = problemes(tmp_path, path, modele="montant-signe")
    assert [(p.ligne, p.champ, p.trouve) for p in found] == [
        (2, "MONTANT", "une formule en erreur, ou sans valeur enregistrée"),
        (3, "MANDAT_ORIGINE", "une erreur de tableur"),
        (4, "MONTANT", "« 1.234 »"),
    ]


def test_people_and_their_identifiers_are_left_out(tmp_path):
    rows = "2024;1;15/03/2024;6568;10,00;;MARTIN Jeanne;01;Aide à Martin 255081416802538\n"
    rows += "2024;2;15/03/2024;6568;10,00;;ASSO FR7630006000011234567890189;06;=1\n"
    importer(tmp_path, ecrire(tmp_path, f"{DEBIT};Tiers;Nature juridique;Libellé\n{rows}"))
    assert valeurs(tmp_path, "tiers", "objet") == [
        ("personne physique", "Aide à … [retiré]"),
        ("ASSO [retiré]", " =1"),
    ]


def test_states_that_are_no_expenditure(tmp_path):
    rows = "2024;1;1;M;15/03/2024;6568;10,00;;Payé\n2024;2;1;M;15/03/2024;6568;5,00;;REJETE\n"
    export = ecrire(tmp_path, f"{SIGNE};ETAT\n{rows}")
    compte = importer(tmp_path, export, modele="montant-signe")
    assert valeurs(tmp_path, "numero_mandat") == [("1",)]
    assert compte.notes == ["export.csv : 1 ligne(s) à l'état « REJETE », non reprise(s)"]


def test_the_exercise_may_come_from_the_command(tmp_path):
    export = ecrire(tmp_path, f"{DEBIT}\n1;15/03/2024;6568;10,00;\n".replace("Exercice;", ""))
    [problem] = problemes(tmp_path, export)
    assert problem.champ == "exercice" and "--exercice" in problem.remede
    importer(tmp_path, export, exercice=2024)
    assert valeurs(tmp_path, "exercice") == [("2024",)]


def lignes_debit(*rows: str) -> str:
    return "\n".join([DEBIT + ";Payé le;N° engagement;Devise", *rows]) + "\n"


@pytest.mark.parametrize(
    ("row", "champ", "found"),
    [
        ("2024;1;15/03/2024;6568;abc;", "Débit", "« abc »"),
        ("2024;1;15/03/2024;6568;1,234;", "Débit", "« 1,234 »"),
        ("2024;1;15/03/2024;6568;;", "Débit", "cellule vide"),
        ("2024;1;15/03/2024;6568;;-5", "Crédit", "un montant négatif"),
        ("2024;1;15/03/2024;6568;10 $;", "Débit", "« 10 $ »"),
        ("2024;1;15/03/2024;6568;#REF!;", "Débit", "« #REF! »"),
        ("2024;1;15/03/2024;6568;10;;;;CHF", "Devise", "« CHF »"),
        ("2024;1;32/03/2024;6568;10;", "Date mandat", "« 32/03/2024 »"),
        ("2024;1;01/02/2025;6568;10;", "Date mandat", "« 01/02/2025 »"),
        ("2024;1;;6568;10;", "Date mandat", "cellule vide"),
        ("2024;;15/03/2024;6568;10;", "N° mandat", "cellule vide"),
        ("2024;1;15/03/2024;65X;10;", "Compte", "« 65X »"),
        ("24;1;15/03/2024;6568;10;", "Exercice", "« 24 »"),
        (";1;15/03/2024;6568;10;", "Exercice", "cellule vide"),
        ("2024;1;15/03/2024;6568;10;;hier", "Payé le", "« hier »"),
        ("2024;1;15/03/2024;6568;;10", "mandat 1", "mandat 1 de 2024, inconnu"),
        ("2024;1;15/03/2024;6568;10;11", "mandat 1", "11,00\u00a0€ annulés en tout"),
    ],
)
def test_cells_that_are_wrong(tmp_path, row, champ, found):
    export = ecrire(tmp_path, lignes_debit("2024;9;15/03/2024;6568;1,00;", row))
    [problem] = problemes(tmp_path, export)
    assert (problem.fichier, problem.ligne, problem.champ) == ("export.csv", 3, champ)
    assert problem.trouve == found and problem.attendu and problem.remede


def test_two_currencies_say_so(tmp_path):
    rows = ("2024;1;15/03/2024;6568;10;;;;EUR", "2024;2;15/03/2024;6568;10;;;;USD")
    [problem] = problemes(tmp_path, ecrire(tmp_path, lignes_debit(*rows)))
    assert problem.attendu == "une seule monnaie, l'euro (EUR)"
    [problem] = problemes(
        tmp_path, ecrire(tmp_path, lignes_debit("2024;1;15/03/2024;6568;10 USD;"), "b.csv")
    )
    assert problem.attendu == "une seule monnaie, l'euro (EUR)"


def test_a_sign_against_its_type_and_an_unknown_code(tmp_path):
    rows = "2024;1;1;O;15/03/2024;6568;-1,00;\n2024;2;1;ZZ;15/03/2024;6568;1,00;\n"
    found = problemes(tmp_path, ecrire(tmp_path, f"{SIGNE}\n{rows}"), modele="montant-signe")
    assert [(p.ligne, p.champ) for p in found] == [(2, "MONTANT"), (3, "TYPE_PIECE")]
    assert "un montant positif pour le type ordinaire" in found[0].attendu
    assert found[1].trouve == "« ZZ »" and "correspondance" in found[1].remede


@pytest.mark.parametrize(
    ("nom", "content", "found"),
    [
        ("a.csv", b"", "un fichier vide"),
        ("a.csv", b"\x81\xff", "un fichier illisible"),
        ("a.csv", b"PK\x03\x04\x00", "un fichier binaire"),
        ("a.csv", DEBIT.encode() + b'\n2024;"1', "un guillemet mal fermé"),
        ("a.xlsx", b"PK", "un fichier illisible"),
        ("a.pdf", b"%PDF", "un autre genre de fichier"),
        ("a.csv", b"x;y\n1;2\n", "aucune"),
        ("absent.csv", None, "aucun fichier de ce nom"),
    ],
)
def test_files_that_are_not_exports(tmp_path, nom, content, found):
    if content is not None:
        (tmp_path / nom).write_bytes(content)
    assert problemes(tmp_path, tmp_path / nom)[0].trouve == found


def test_two_columns_for_one_field_and_missing_ones(tmp_path):
    export = ecrire(tmp_path, "Exercice;N° mandat;Mandat;Date\n2024;1;1;15/03/2024\n")
    found = problemes(tmp_path, export)
    assert [(p.champ, p.trouve) for p in found] == [
        ("Mandat", "deux colonnes pour « numero_mandat »"),
        ("credit", "aucune"),
        ("debit", "aucune"),
        ("nature", "aucune"),
    ]
    assert "« Débit »" in found[2].attendu


# Import after import


def test_an_export_again_changes_nothing_and_a_fuller_one_completes(tmp_path):
    first = ecrire(tmp_path, lignes_debit("2024;1;15/03/2024;6568;10;"))
    importer(tmp_path, first)
    before = (tmp_path / "raw/55/2024/mandats.csv").read_bytes()
    assert importer(tmp_path, first).connus == ["export.csv"]
    assert (tmp_path / "raw/55/2024/mandats.csv").read_bytes() == before
    rows = ("2024;1;15/03/2024;6568;10;;01/04/2024;E1", "2024;2;16/03/2024;6568;5;")
    compte = importer(tmp_path, ecrire(tmp_path, lignes_debit(*rows), "avril.csv"))
    assert "avril.csv : 1 ligne(s) déjà importée(s)" in compte.notes
    assert valeurs(tmp_path, "numero_mandat", "date_paiement", "id_engagement") == [
        ("1", "2024-04-01", "E1"),
        ("2", "", ""),
    ]


def test_a_line_that_changed_is_refused(tmp_path):
    importer(tmp_path, ecrire(tmp_path, lignes_debit("2024;1;15/03/2024;6568;10;")))
    other = ecrire(tmp_path, lignes_debit("2024;1;15/03/2024;6568;11;"), "b.csv")
    [problem] = problemes(tmp_path, other)
    assert problem.trouve == "une valeur différente (montant)"
    importer(tmp_path, other, remplacer=True)
    assert valeurs(tmp_path, "montant") == [("11,00",)]


def test_a_line_twice_in_an_export(tmp_path):
    row = "2024;1;1;M;15/03/2024;6568;1,00;"
    export = ecrire(tmp_path, f"{SIGNE}\n{row}\n{row}\n")
    [problem] = problemes(tmp_path, export, modele="montant-signe")
    assert problem.ligne == 3 and "la même ligne dans export.csv" in problem.trouve


def test_the_ledger_of_another_import_is_not_overwritten(tmp_path):
    deposer_pes(tmp_path / "pes", a=aller(bordereau(1)))
    command = ["importer", "pes", str(tmp_path / "pes"), "--vers", str(tmp_path / "raw")]
    assert cli.main(command) == 0
    export = ecrire(tmp_path, lignes_debit("2024;5;15/03/2024;6568;10;"))
    [problem] = problemes(tmp_path, export)
    assert problem.fichier == "55/2024/mandats.csv" and "n'a pas écrit" in problem.trouve


# Mappings


def test_a_new_mapping_is_a_new_file(tmp_path, monkeypatch):
    folder = tmp_path / "params/correspondances"
    folder.mkdir(parents=True)
    (folder / "maison.yaml").write_text(
        "description: x\nforme: debit_credit\ncredit_negatif: true\ncolonnes:\n"
        "  exercice: [An]\n  numero_mandat: [Pièce]\n  date_emission: [Jour]\n"
        "  nature: [Cpte]\n  debit: [D]\n  credit: [C]\n",
        encoding="utf-8",
    )
    monkeypatch.setattr(paths, "PARAMS", tmp_path / "params")
    export = ecrire(tmp_path, "An;Pièce;Jour;Cpte;D;C\n2024;1;15/03/2024;6568;10;(2)\n")
    monkeypatch.setattr("analyses.depot.schemas.PARAMS", Path(__file__).parents[1] / "params")
    importer(tmp_path, export, modele="maison")
    assert valeurs(tmp_path, "type", "montant") == [("ordinaire", "10,00"), ("reduction", "2,00")]
    correspondance.cache_clear()


@pytest.mark.parametrize(
    ("change", "champ", "expected"),
    [
        ({"forme": "autre"}, "forme", "une valeur parmi"),
        ({"inconnue": 1}, "inconnue", "une clé du schéma"),
        ({"types": {"M": "dépense"}}, "types.M", "une valeur parmi"),
        ({"colonnes": {"numero_mandat": ["N"]}}, "", "les colonnes credit, date_emission"),
        ({"forme": "montant_signe"}, "", "les colonnes montant"),
    ],
)
def test_a_wrong_mapping_names_its_key(tmp_path, monkeypatch, change, champ, expected):
    import yaml

    real = paths.PARAMS / "correspondances/debit-credit.yaml"
    content = yaml.safe_load(real.read_text("utf-8")) | change
    folder = tmp_path / "correspondances"
    folder.mkdir()
    (folder / "x.yaml").write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    monkeypatch.setattr(paths, "PARAMS", tmp_path)
    correspondance.cache_clear()
    with pytest.raises(BilanError) as error:
        correspondance("x")
    [problem] = error.value.problems
    assert (problem.fichier, problem.champ) == ("x.yaml", champ) and expected in problem.attendu
    correspondance.cache_clear()


def test_an_unknown_mapping_lists_those_there_are(capsys, tmp_path):
    command = ["importer", "finance", str(tmp_path / "a.csv"), "--correspondance", "zzz"]
    assert cli.main(command) == 1
    assert "une correspondance parmi debit-credit, montant-signe" in capsys.readouterr().err


def test_a_place_where_nothing_can_be_written(tmp_path, capsys):
    export = ecrire(tmp_path, lignes_debit("2024;1;15/03/2024;6568;10;"))
    (tmp_path / "raw").write_text("un fichier", encoding="utf-8")
    command = ["importer", "finance", str(export), "--correspondance", "debit-credit"]
    assert cli.main([*command, "--vers", str(tmp_path / "raw")]) == 1
    assert "un dossier où l'on peut écrire" in capsys.readouterr().err


# Commitments of PES mandates


def test_commitments_join_the_mandates_of_pes(tmp_path, capsys):
    two = piece(2, ligne(1, "60.00"), ligne(2, "40.00"))
    deposer_pes(tmp_path / "pes", a=aller(bordereau(1, piece(1), two, piece(3), ht="300.00")))
    rows = (
        "2024;1;1;M;15/03/2024;65748;100;E1\n2024;2;1;M;15/03/2024;65748;60;E2\n"
        "2024;2;2;M;15/03/2024;65748;40;E3\n"
    )
    header = SIGNE.replace("MANDAT_ORIGINE", "NUM_ENGAGEMENT")
    export = ecrire(tmp_path, f"{header}\n{rows}")
    command = ["importer", "pes", str(tmp_path / "pes"), "--vers", str(tmp_path / "raw")]
    command += ["--engagements", str(export), "--correspondance", "montant-signe"]
    assert cli.main(command) == 0
    assert "1 ligne(s) sans engagement" in capsys.readouterr().out
    found = [("1", "E1"), ("2", "E2"), ("2", "E3"), ("3", "")]
    assert valeurs(tmp_path, "numero_mandat", "id_engagement") == found
    # Later imports keep what was joined.
    deposer_pes(tmp_path / "pes", b=aller(bordereau(2, piece(4))))
    assert cli.main(command[:5]) == 0
    assert valeurs(tmp_path, "numero_mandat", "id_engagement") == [*found, ("4", "")]


def test_commitments_that_cannot_be_joined(tmp_path):
    from analyses.importation.dossier_pes import importer_pes

    deposer_pes(tmp_path / "pes", a=aller(bordereau(1)))
    rows = "2024;1;15/03/2024;65748;60;;E1\n2024;1;15/03/2024;65748;40;;E2\n"
    export = ecrire(tmp_path, f"{DEBIT};N° engagement\n{rows}")
    joined = ([export], correspondance("debit-credit"))
    where = (tmp_path / "pes", tmp_path / "raw", "55", SOURCE)
    compte = importer_pes(*where, engagements=joined)
    assert "1 mandat(s) de plusieurs engagements, laissés sans" in compte.notes
    assert valeurs(tmp_path, "id_engagement") == [("",)]


def test_the_service_and_the_post_of_a_line_come_later_too(tmp_path):
    """A NIR is no post; a journal of before these columns takes them."""
    head = f"{DEBIT};Service fait le;Code poste\n"
    importer(tmp_path, ecrire(tmp_path, f"{DEBIT}\n2024;1;15/03/2024;64111;10;\n"))
    [place] = tmp_path.rglob("*.sqlite")
    with closing(sqlite3.connect(place)) as db:
        for name in ("date_service", "poste"):
            db.execute(f"alter table lignes drop column {name}")
        db.execute("pragma user_version = 1")
        db.commit()
    rows = "2024;1;15/03/2024;64111;10;;29/02/2024;P-014\n"
    rows += "2024;2;15/03/2024;64111;5;;;255081416802538\n"
    importer(tmp_path, ecrire(tmp_path, head + rows, "avril.csv"))
    assert valeurs(tmp_path, "date_service", "poste") == [("2024-02-29", "P-014"), ("", "")]
