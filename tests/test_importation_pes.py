"""PES files become ledgers: what is read, linked, left out, refused (and where)."""

from __future__ import annotations

import csv
import io
import os
import shutil
from itertools import permutations
from pathlib import Path

import pytest
import yaml
from pes_xml import (
    PERSONNE,
    SOCIETE,
    aller,
    annulation,
    bordereau,
    deposer_pes,
    etat,
    feuilles,
    ligne,
    piece,
    retour,
)

from analyses import cli
from analyses.depot.source import read_sidecar
from analyses.importation import flux_pes
from analyses.importation.dossier_pes import importer_pes
from analyses.importation.journal import Provenance
from analyses.socle import files
from analyses.socle.problems import BilanError, Problem

SOURCE = Provenance("reelle", "Paierie", "2025-02-01")


@pytest.fixture
def lieu(tmp_path):
    return tmp_path


def importer(lieu: Path, source: Provenance = SOURCE, dossier: str = "pes", **options):
    return importer_pes(lieu / dossier, lieu / "raw", "55", source, **options)


def lignes(lieu: Path, exercice: int = 2024) -> list[dict[str, str]]:
    content = (lieu / "raw/55" / str(exercice) / "mandats.csv").read_bytes()
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig")), delimiter=";"))


def valeurs(lieu: Path, *champs: str, exercice: int = 2024) -> list[tuple[str, ...]]:
    return [tuple(row[champ] for champ in champs) for row in lignes(lieu, exercice)]


def problemes(lieu: Path, **options) -> list[Problem]:
    """What stops the import; nothing is written, nothing is left behind."""
    before = etat_du_dossier(lieu / "raw")
    with pytest.raises(BilanError) as error:
        importer(lieu, **options)
    assert etat_du_dossier(lieu / "raw") == before
    for problem in error.value.problems:
        assert problem.fichier and problem.attendu and problem.trouve and problem.remede
        assert "MARTIN" not in str(problem) and "EXEMPLE" not in str(problem)
    return error.value.problems


def etat_du_dossier(racine: Path) -> dict[str, bytes]:
    return {
        path.relative_to(racine).as_posix(): path.read_bytes()
        for path in sorted(racine.rglob("*"))
        if path.is_file()
    }


# What is read


def test_a_mandate_becomes_a_line_of_the_pivot(lieu):
    links = "<LiensIdent>" + feuilles({"IdConv": "CONV-12", "IdMarche": "M-7"}) + "</LiensIdent>"
    # 83.34 HT + 16.67 TVA = 100.01
    line = ligne(1, "83.34", MtTVA="16.67", liens=links)
    deposer_pes(lieu / "pes", a=aller(bordereau(1, piece("0832", line), ht="83.34")))
    compte = importer(lieu)
    assert compte.notes == [] and compte.constats == []
    assert [(r.exercice, r.lignes, r.total) for r in compte.registres] == [(2024, 1, 10001)]
    [row] = lignes(lieu)
    assert row == {
        "exercice": "2024",
        "numero_mandat": "832",
        "numero_ligne": "1",
        "date_emission": "2024-03-15",
        "type": "ordinaire",
        "mandat_origine": "",
        "nature": "65748",
        "fonction": "444",
        "code_analytique": "SOL01",
        "convention": "CONV-12",
        "tiers": "ASSOCIATION EXEMPLE",
        "objet": "Subvention",
        "montant": "100,01",
        "date_paiement": "",
        "id_engagement": "",
        "date_service": "",
        "poste": "",
    }
    sidecar = yaml.safe_load((lieu / "raw/55/2024/mandats.csv.source.yaml").read_text("utf-8"))
    assert (sidecar["producteur"], sidecar["recu_le"]) == ("Paierie", "2025-02-01")
    assert sidecar["nature"] == "reelle"


def test_market_and_service_stand_in_for_convention_and_analytic_code(lieu):
    links = "<LiensIdent>" + feuilles({"IdMarche": "2024-7"}) + "</LiensIdent>"
    line = ligne(liens=links, CptAna=None)
    deposer_pes(lieu / "pes", a=aller(bordereau(1, piece(1, line, CodServ="INSERTION"))))
    importer(lieu)
    assert valeurs(lieu, "convention", "code_analytique") == [("2024-7", "INSERTION")]


@pytest.mark.parametrize("encodage", ["ISO-8859-1", "UTF-8", "windows-1252", "UTF-16"])
@pytest.mark.parametrize("une_ligne", [True, False])
def test_encodings_and_single_line_files(lieu, encodage, une_ligne):
    content = aller(bordereau(1, piece(1, objet="Été à l'œuvre".replace("œ", "oe"))),
                    encodage=encodage)  # fmt: skip
    if not une_ligne:
        content = content.decode(encodage).replace("><", ">\r\n<").encode(encodage)
    deposer_pes(lieu / "pes", a=content)
    importer(lieu)
    assert valeurs(lieu, "objet") == [("Été à l'oeuvre",)]


def test_one_ledger_per_exercise_and_ordinary_zeros_and_repeated_years(lieu):
    deposer_pes(
        lieu / "pes/mars",
        a=aller(bordereau(1, piece(1)), bordereau(2, piece(2, ligne(1, "0")), ht="0")),
    )
    deposer_pes(lieu / "pes", b=aller(bordereau(1, exer=2025, date="2025-02-01")))
    importer(lieu)
    assert valeurs(lieu, "numero_mandat", "montant") == [("1", "100,00"), ("2", "0,00")]
    assert valeurs(lieu, "numero_mandat", exercice=2025) == [("1",)]


@pytest.mark.parametrize(
    ("typ", "pce", "nat", "attendu"),
    [
        ("01", "01", "01", "ordinaire"),
        ("01", "09", "02", "ordinaire"),
        ("01", "10", "01", "rattachement"),
        ("01", "02", "09", "ordinaire"),  # annuls a receipt of a closed exercise: an expenditure
        ("01", "05", "01", "ordinaire"),
    ],
)
def test_the_codes_of_a_piece_give_its_type(lieu, typ, pce, nat, attendu):
    deposer_pes(lieu / "pes", a=aller(bordereau(1, piece(1, typ=pce, nat=nat), typ=typ)))
    importer(lieu)
    assert valeurs(lieu, "type") == [(attendu,)]


@pytest.mark.parametrize(("bord", "nat"), [("01", "06"), ("02", "01")])
def test_codes_that_disagree_are_told(lieu, bord, nat):
    """A piece that says it takes back does, in whatever bordereau; and so in one that does."""
    back = piece(5, ligne(1, "40.00", origine=(2024, 1, 1)), nat=nat)
    deposer_pes(lieu / "pes", a=aller(bordereau(1), bordereau(2, back, typ=bord, ht="40.00")))
    [note] = importer(lieu).notes
    assert f"bordereau 2 > mandat 5 : NatPce {nat} dans un bordereau" in note
    assert valeurs(lieu, "type") == [("ordinaire",), ("reduction",)]


def test_payment_orders_are_outside_the_budget(lieu):
    deposer_pes(
        lieu / "pes",
        a=aller(bordereau(1), bordereau(2, piece(5, typ="11"), typ="03")),
    )
    compte = importer(lieu)
    assert len(lignes(lieu)) == 1
    assert any("1 ligne(s) d'ordres de paiement" in note for note in compte.notes)


# Cancellations


def test_a_cancellation_and_a_reduction_are_linked_to_their_origin(lieu):
    two = piece(1, ligne(1, "100.00"), ligne(2, "50.00", CptAna="SOL02"))
    deposer_pes(
        lieu / "pes",
        a=aller(bordereau(1, two, ht="150.00")),
        b=aller(annulation(1, 1, "50.00", line=2, CptAna=None, numero=7)),
        c=aller(annulation(2, 1, "30.00", line=1, numero=8)),
    )
    importer(lieu)
    assert valeurs(lieu, "numero_mandat", "type", "mandat_origine", "montant", "code_analytique")[
        2:
    ] == [
        # the whole of line 2, whose analytic code it takes; a part of line 1
        ("7", "annulation", "1", "50,00", "SOL02"),
        ("8", "reduction", "1", "30,00", "SOL01"),
    ]


def test_an_origin_in_another_exercise_names_its_exercise(lieu):
    """Mandate 1 exists in both exercises: only the exercise tells which is taken back."""
    deposer_pes(
        lieu / "pes",
        a=aller(bordereau(1, piece(1, typ="10"))),
        b=aller(bordereau(1, exer=2025, date="2025-02-01")),
        c=aller(annulation(2, 1, exer=2025, of=2024, nat="10", numero=2)),
        d=aller(annulation(3, 1, "40.00", exer=2025, of=2025, numero=3)),
    )
    importer(lieu)
    assert valeurs(lieu, "type", "mandat_origine", exercice=2025) == [
        ("ordinaire", ""),
        ("contrepassation", "2024/1"),
        ("reduction", "1"),
    ]


def test_an_origin_in_a_ledger_made_by_hand(lieu):
    deposer_pes(lieu / "pes", a=aller(bordereau(1)))
    importer(lieu)
    shutil.rmtree(lieu / "raw/55/importation")
    deposer_pes(lieu / "suite", b=aller(annulation(1, 1, exer=2025, of=2024)))
    importer(lieu, dossier="suite")
    assert valeurs(lieu, "type", "mandat_origine", exercice=2025) == [("annulation", "2024/1")]


def test_a_reversal_of_an_exercise_never_imported_is_told(lieu):
    deposer_pes(lieu / "pes", a=aller(annulation(1, 5, of=2023, nat="10")))
    compte = importer(lieu)
    assert valeurs(lieu, "type", "mandat_origine") == [("contrepassation", "2023/5")]
    assert any("exercice non importé" in note for note in compte.constats)


def test_cancellation_of_an_unknown_mandate(lieu):
    deposer_pes(lieu / "pes", a=aller(bordereau(1)), b=aller(annulation(1, 99, of=2024)))
    [problem] = problemes(lieu)
    assert (problem.fichier, problem.ligne) == ("b.xml", 2)
    assert problem.trouve == "mandat 99 de 2024, ligne 1, inconnu"
    assert problem.champ == "bordereau 1 de 2024 (type 02), mandat 90, ligne 1"


@pytest.mark.parametrize(
    ("line", "amount", "most"), [(1, "100.01", "100,00"), (2, "50.01", "50,00")]
)
def test_cancellation_above_its_line(lieu, line, amount, most):
    two = piece(1, ligne(1), ligne(2, "50.00"))
    deposer_pes(
        lieu / "pes",
        a=aller(bordereau(1, two, ht="150.00")),
        b=aller(annulation(1, 1, amount, line=line)),
    )
    [problem] = problemes(lieu)
    assert f"mandat 1 de 2024, ligne {line}, {most}" in problem.attendu
    assert problem.trouve.startswith(amount.replace(".", ","))


def test_two_reductions_above_their_origin_together(lieu):
    """60 + 40.01 = 100.01 > 100."""
    deposer_pes(
        lieu / "pes",
        a=aller(bordereau(1)),
        b=aller(annulation(1, 1, "60.00"), annulation(2, 1, "40.01", numero=91)),
    )
    [problem] = problemes(lieu)
    assert problem.champ.startswith("bordereau 2") and problem.trouve.startswith("100,01")


def test_cancellation_without_its_link(lieu):
    back = piece(2, ligne(1), typ="02", nat="06")
    deposer_pes(lieu / "pes", a=aller(bordereau(1, back, typ="02")))
    [problem] = problemes(lieu)
    assert problem.champ == "bordereau 1 > mandat 2 > ligne 1 > IdPceOrig"
    assert problem.trouve == "balise IdPceOrig absente"


# Payments and rejections


def test_a_payment_gives_its_date_and_a_part_gives_none(lieu):
    deposer_pes(
        lieu / "pes",
        a=aller(bordereau(1, piece(1), piece(2), piece(3), ht="300.00")),
        r=retour(
            etat(1, paye=[("2024-04-02", "40.00"), ("2024-04-20", "60.00")], total="100.00"),
            etat(2, "02", paye=[("2024-04-02", "40.00")], total="40.00"),
            etat(3, "01"),
        ),
    )
    compte = importer(lieu)
    assert valeurs(lieu, "date_paiement") == [("2024-04-20",), ("",), ("",)]
    assert any("1 mandat(s) payé(s) en partie" in note for note in compte.constats)
    assert any("1 mandat(s) en instance" in note for note in compte.constats)


@pytest.mark.parametrize("cumul", [True, False])
def test_payments_told_again_count_once(lieu, cumul):
    """40 in May, then 60 in June: the June return repeats May's payment, or not."""
    first, second = ("2024-04-02", "40.00"), ("2024-06-03", "60.00")
    deposer_pes(
        lieu / "pes",
        a=aller(bordereau(1)),
        r1=retour(etat(1, "02", paye=[first]), date="2024-05-01"),
        r2=retour(etat(1, "02", paye=[first, second] if cumul else [second]), date="2024-06-30"),
    )
    importer(lieu)
    assert valeurs(lieu, "date_paiement") == [("2024-06-03",)]


def test_what_a_reduction_settles_is_not_a_payment(lieu):
    """100 reduced by 40 (a correction, June), 60 paid in April: paid in April."""
    deposer_pes(
        lieu / "pes",
        a=aller(bordereau(1), annulation(1, 1, "40.00")),
        r=retour(etat(1, "02", paye=[("2024-04-02", "60.00"), ("2024-06-30", "40.00", "07")])),
    )
    importer(lieu)
    assert valeurs(lieu, "type", "date_paiement") == [
        ("ordinaire", "2024-04-02"),
        ("reduction", ""),
    ]


def test_payment_fields_beside_their_total(lieu):
    told = {"NbrPay": 1, "MtPayTot": "100.00", "DtePay": "2024-04-02", "MtPay": "100.00"}
    content = retour(etat(1)).replace(
        b"<InfoPaiement></InfoPaiement>",
        f"<InfoPaiement>{feuilles(told)}</InfoPaiement>".encode(),
    )
    deposer_pes(lieu / "pes", a=aller(bordereau(1)), r=content)
    importer(lieu)
    assert valeurs(lieu, "date_paiement") == [("2024-04-02",)]


def test_a_rejected_mandate_is_no_expenditure_and_is_shown(lieu):
    deposer_pes(
        lieu / "pes",
        a=aller(bordereau(1, piece(1), piece(2), ht="200.00")),
        r=retour(etat(2, "04")),
    )
    compte = importer(lieu)
    assert valeurs(lieu, "numero_mandat") == [("1",)]
    assert compte.rejets == [(2024, "2", 10000)]
    report = (lieu / "raw/55/importation/pes.md").read_text("utf-8")
    assert "| 2024 | 2 | 100,00\u00a0€ |" in report and "n'est pas une dépense" in report


def test_a_rejected_line_and_a_rejection_without_line(lieu):
    deposer_pes(
        lieu / "pes",
        a=aller(bordereau(1, piece(1), piece(2), piece(3), ht="300.00")),
        r=retour(
            etat(1, "02").replace('EtatLigPce V="01"', 'EtatLigPce V="09"'),
            f"<Piece><InfoPiece>{feuilles({'IdPce': 2, 'EtatPce': '04'})}</InfoPiece></Piece>",
        ),
    )
    assert importer(lieu).rejets == [(2024, "1", 10000), (2024, "2", 10000)]
    assert valeurs(lieu, "numero_mandat") == [("3",)]


def test_a_rejected_mandate_sent_again_under_its_number(lieu):
    deposer_pes(lieu / "pes", a=aller(bordereau(1)), r=retour(etat(1, "04")))
    importer(lieu)
    assert lignes(lieu) == []
    deposer_pes(lieu / "pes", b=aller(bordereau(2, date="2024-05-10")))
    importer(lieu)
    assert valeurs(lieu, "numero_mandat", "date_emission") == [("1", "2024-05-10")]


def test_the_last_return_is_believed(lieu):
    deposer_pes(
        lieu / "pes",
        a=aller(bordereau(1)),
        r1=retour(etat(1, "02"), date="2024-06-01"),
        r2=retour(etat(1, "04"), date="2024-05-01"),
    )
    assert importer(lieu).rejets == []


def test_cancelling_a_rejected_mandate_is_refused(lieu):
    deposer_pes(
        lieu / "pes",
        a=aller(bordereau(1), annulation(1, 1)),
        r=retour(etat(1, "04")),
    )
    [problem] = problemes(lieu)
    assert problem.trouve == "mandat 1 de 2024, ligne 1, rejeté par le comptable"


def test_returns_of_another_budget_count_only_when_the_amount_agrees(lieu):
    paid = [("2024-04-02", "100.00")]
    deposer_pes(
        lieu / "pes",
        a=aller(bordereau(1, piece(1), piece(2), ht="200.00")),
        r=retour(etat(1, paye=paid), etat(2, paye=paid, ht="99.00"), budget="01"),
    )
    compte = importer(lieu)
    assert valeurs(lieu, "date_paiement") == [("2024-04-02",), ("",)]
    assert any("autre code budget" in note for note in compte.constats)
    assert any("1 ligne(s) de PES Retour sans mandat importé" in n for n in compte.constats)


# Personal data


def test_no_person_no_identifier_no_bank_detail_is_kept(lieu):
    wording = "Aide Mme Martin JEANNE 2 55 08 14 168 025 38 FR76 3000 6000 0112 3456 7890 189"
    deposer_pes(
        lieu / "pes",
        a=aller(
            bordereau(1, piece(1, ligne(tiers=PERSONNE), objet=wording), piece(2), ht="200.00")
        ),
    )
    importer(lieu)
    assert valeurs(lieu, "tiers", "objet")[0] == (
        "personne physique",
        "Aide Mme … … [retiré] [retiré]",
    )
    for path in (lieu / "raw").rglob("*"):
        if path.is_file():
            content = path.read_bytes().replace(b" ", b"")
            for secret in (b"255081416802538", b"MARTIN", b"Jeanne", b"SOGEFRPP", b"FR7630006"):
                assert secret not in content, (path.name, secret)


@pytest.mark.parametrize(
    ("tiers", "attendu"),
    [
        (SOCIETE, "ASSOCIATION EXEMPLE"),
        (SOCIETE | {"IdTiers": "26550001800013", "NatIdTiers": "01"}, "ASSOCIATION EXEMPLE"),
        (SOCIETE | {"NatJur": "02"}, "personne physique"),  # a sole trader
        (SOCIETE | {"CatTiers": "01"}, "personne physique"),
        (SOCIETE | {"NatIdTiers": "04"}, "personne physique"),
        (SOCIETE | {"Prenom": "Jeanne"}, "personne physique"),
        ({"Nom": "QUELQU'UN"}, "tiers non précisé"),
        (None, ""),
    ],
)
def test_names_of_legal_persons_only(lieu, tiers, attendu):
    who = {k: v.replace("'", "&#39;") for k, v in tiers.items()} if tiers else None
    deposer_pes(lieu / "pes", a=aller(bordereau(1, piece(1, ligne(tiers=who)))))
    importer(lieu)
    assert valeurs(lieu, "tiers") == [(attendu,)]


def test_a_wording_is_never_a_formula(lieu):
    deposer_pes(lieu / "pes", a=aller(bordereau(1, piece(1, objet="=HYPERLINK(1)"))))
    importer(lieu)
    assert valeurs(lieu, "objet") == [(" =HYPERLINK(1)",)]


# Import after import


def test_importing_again_changes_nothing(lieu):
    deposer_pes(lieu / "pes", a=aller(bordereau(1)), r=retour(etat(1)))
    importer(lieu)
    before = etat_du_dossier(lieu / "raw")
    times = {path: path.stat().st_mtime_ns for path in (lieu / "raw").rglob("*") if path.is_file()}
    compte = importer(lieu, Provenance("simulee", "Autre", "2025-09-09"))
    assert (compte.lus, compte.connus) == ([], ["a.xml", "r.xml"])
    assert etat_du_dossier(lieu / "raw") == before
    assert {path: path.stat().st_mtime_ns for path in times} == times
    (lieu / "pes/a.xml").rename(lieu / "pes/renamed.xml")
    assert importer(lieu).connus == ["r.xml", "renamed.xml"]
    assert etat_du_dossier(lieu / "raw") == before


def test_the_order_of_the_imports_changes_nothing(lieu):
    """A mandate, its reduction, its payment, another exercise: whatever comes first."""
    files = {
        "a": aller(bordereau(1, piece(1), piece(2), ht="200.00")),
        "b": aller(bordereau(7, piece(3)), bordereau(1, exer=2025, date="2025-01-20")),
        "c": aller(annulation(1, 1, "40.00")),
        "r": retour(etat(2, paye=[("2024-04-02", "100.00")])),
    }
    ledgers = set()
    for number, order in enumerate(permutations(files)):
        if order.index("c") < order.index("a"):
            continue  # nothing can be taken back before it is there
        place = lieu / str(number)
        for name in order:
            deposer_pes(place / "pes", **{name: files[name]})
            importer(place)
        ledgers.add(
            tuple((place / f"raw/55/{year}/mandats.csv").read_bytes() for year in (2024, 2025))
        )
    assert len(ledgers) == 1


def test_an_altered_file_with_a_known_bordereau_is_refused(lieu):
    deposer_pes(lieu / "pes", a=aller(bordereau(1)))
    importer(lieu)
    deposer_pes(lieu / "pes", a=aller(bordereau(1, piece(1, ligne(1, "101.00")), ht="101.00")))
    [problem] = problemes(lieu)
    assert problem.champ == "bordereau 1"
    assert problem.trouve.startswith("bordereau 1 de 2024, déjà importé depuis a.xml (empreinte ")
    assert "--remplacer" in problem.remede
    importer(lieu, remplacer=True)
    assert valeurs(lieu, "montant") == [("101,00",)]


@pytest.mark.parametrize(
    ("files", "found"),
    [
        ({"a": aller(bordereau(1)), "b": aller(bordereau(1, piece(2)))},
         "bordereau 1 de 2024, aussi dans a.xml"),
        ({"a": aller(bordereau(1)), "b": aller(bordereau(1))}, "le même contenu que a.xml"),
        ({"a": aller(bordereau(1), bordereau(1, piece(2)))},
         "bordereau 1 de 2024, deux fois dans ce fichier"),
    ],
)  # fmt: skip
def test_a_bordereau_twice(lieu, files, found):
    deposer_pes(lieu / "pes", **files)
    assert [problem.trouve for problem in problemes(lieu)] == [found]


def test_a_return_twice_is_read_once(lieu):
    deposer_pes(lieu / "pes", a=aller(bordereau(1)), r=retour(etat(1)), s=retour(etat(1)))
    assert any("lu une fois" in note for note in importer(lieu).notes)


def test_the_same_mandate_in_two_bordereaux(lieu):
    deposer_pes(lieu / "pes", a=aller(bordereau(1)), b=aller(bordereau(2)))
    [problem] = problemes(lieu)
    assert problem.fichier == "b.xml"
    assert problem.trouve == "la même ligne dans a.xml (bordereau 1 de 2024, mandat 1, ligne 1)"


def test_a_ledger_made_by_hand_is_never_overwritten(lieu):
    folder = lieu / "raw/55/2024"
    folder.mkdir(parents=True)
    (folder / "Mandats.csv").write_text("à moi\n", encoding="utf-8")
    deposer_pes(lieu / "pes", a=aller(bordereau(1)))
    [problem] = problemes(lieu)
    assert problem.fichier == "55/2024/Mandats.csv" and "n'a pas écrit" in problem.trouve


def test_a_ledger_edited_after_its_import_is_not_overwritten(lieu):
    deposer_pes(lieu / "pes", a=aller(bordereau(1)))
    importer(lieu)
    path = lieu / "raw/55/2024/mandats.csv"
    path.write_text(path.read_text("utf-8") + "\n", encoding="utf-8")
    deposer_pes(lieu / "pes", b=aller(bordereau(2, piece(2))))
    assert problemes(lieu)[0].fichier == "55/2024/mandats.csv"


def test_a_lost_ledger_or_sidecar_is_written_again(lieu):
    deposer_pes(lieu / "pes", a=aller(bordereau(1)))
    importer(lieu)
    before = etat_du_dossier(lieu / "raw")
    (lieu / "raw/55/2024/mandats.csv").unlink()
    (lieu / "raw/55/2024/mandats.csv.source.yaml").unlink()
    importer(lieu)
    assert etat_du_dossier(lieu / "raw") == before


def test_replacing_leaves_no_orphan(lieu):
    deposer_pes(
        lieu / "pes", a=aller(bordereau(1)), b=aller(bordereau(1, exer=2025, date="2025-02-01"))
    )
    importer(lieu)
    (lieu / "pes/b.xml").unlink()
    [problem] = problemes(lieu, remplacer=True)
    assert problem.fichier == "55/2025/mandats.csv" and "resterait seul" in problem.trouve


def test_simulated_files_make_a_simulated_ledger(lieu):
    deposer_pes(lieu / "pes", a=aller(bordereau(1)))
    importer(lieu, Provenance("simulee", "x", "2025-01-01"))
    deposer_pes(lieu / "pes", b=aller(bordereau(2, piece(2))))
    importer(lieu, Provenance("reelle", "y", "2025-03-01"))
    sidecar = yaml.safe_load((lieu / "raw/55/2024/mandats.csv.source.yaml").read_text("utf-8"))
    assert sidecar["nature"] == "simulee" and sidecar["recu_le"] == "2025-03-01"
    assert sidecar["producteur"] == "x ; y"
    assert "Données simulées" in (lieu / "raw/55/importation/pes.md").read_text("utf-8")


def test_what_a_killed_run_left_is_removed(lieu):
    deposer_pes(lieu / "pes", a=aller(bordereau(1)))
    importer(lieu)
    left, fresh = (lieu / "raw/55" / f".en-cours-{pid}-a" for pid in (999999999, os.getppid()))
    left.mkdir()
    fresh.mkdir()
    importer(lieu)
    assert not left.exists() and fresh.exists()


def test_an_import_killed_while_its_files_are_placed_is_ended_by_the_next(lieu, monkeypatch):
    """The ledger, its sidecar, the journal and the report never disagree."""
    deposer_pes(lieu / "pes", a=aller(bordereau(1)))
    importer(lieu)
    deposer_pes(lieu / "pes", b=aller(bordereau(2, piece(2))))
    place, placed = files._place, []

    def die(new, target):
        if placed:
            raise SystemExit
        placed.append(target)
        place(new, target)

    with monkeypatch.context() as patch:
        patch.setattr(files, "_place", die)
        patch.setattr(files.shutil, "rmtree", lambda *a, **k: None)
        patch.setattr(Path, "unlink", lambda *a, **k: None)
        patch.setattr(files, "_undo", lambda *a: None)
        with pytest.raises(SystemExit):
            importer(lieu)
    again = importer(lieu)
    assert not again.lus and not any(one.nouveau for one in again.registres)
    assert read_sidecar(lieu / "raw/55/2024/mandats.csv", "mandats.csv").renseignee
    assert not list((lieu / "raw/55").glob(".en-cours-*"))


def test_a_refused_import_leaves_no_empty_folder(lieu):
    deposer_pes(lieu / "pes", a=b"<")
    problemes(lieu)
    assert not (lieu / "raw").exists()


def test_a_broken_journal_is_refused(lieu):
    deposer_pes(lieu / "pes", a=aller(bordereau(1)))
    (lieu / "raw/55/importation").mkdir(parents=True)
    (lieu / "raw/55/importation/pes.sqlite").write_text("x" * 5000, encoding="utf-8")
    assert problemes(lieu)[0].trouve == "un fichier illisible"


# Totals


def test_totals_that_disagree_are_told_and_the_lines_believed(lieu):
    deposer_pes(
        lieu / "pes",
        a=aller(bordereau(1, ht="75724.75", NbrPce=3, MtBordTVA="5.00")),
    )
    notes = importer(lieu).notes
    assert valeurs(lieu, "montant") == [("100,00",)]
    assert [note.split(" : ")[1].split(" ;")[0] for note in notes] == [
        "NbrPce annonce 3 mandat(s), le fichier en a 1",
        "MtBordHT annonce 75\u00a0724,75\u00a0€, les lignes font 100,00\u00a0€",
        "MtBordTVA annonce 5,00\u00a0€, les lignes font 0,00\u00a0€",
    ]
    assert "75\u00a0724,75" in (lieu / "raw/55/importation/pes.md").read_text("utf-8")


def test_returns_whose_count_disagrees_are_told(lieu):
    content = retour(etat(1, paye=[("2024-04-02", "100.00")])).replace(
        b'NbrPay V="1"', b'NbrPay V="2"'
    )
    deposer_pes(lieu / "pes", a=aller(bordereau(1)), r=content)
    assert any("NbrPay annonce 2 paiement(s)" in note for note in importer(lieu).notes)


# Bad input

BOMBE = (
    b'<?xml version="1.0"?>\n<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa">'
    + b"".join(b'<!ENTITY %c "&%c;&%c;&%c;">' % (98 + i, 97 + i, 97 + i, 97 + i) for i in range(9))
    + b"]>\n<n:PES_Aller>&j;</n:PES_Aller>"
)
EXTERNE = b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><n:PES_Aller>&x;</n:PES_Aller>'
EXTERNE_INTERNE = b'<!DOCTYPE a [<!ENTITY x SYSTEM "http://x/y">]><n:PES_Aller>&x;</n:PES_Aller>'
BON = aller(bordereau(1))


@pytest.mark.parametrize(
    ("content", "line", "found"),
    [
        (BON[:-60], 2, "un fichier tronqué"),
        (BON[: BON.index(b"IdPce") + 3], 2, "un fichier tronqué"),
        (BON.replace(b"</Piece>", b"</Pieces>"), 2, "une balise fermante qui n'est pas"),
        (BON.replace(b'IdPce V="1"', b'IdPce V="<"'), 2, "un caractère interdit"),
        (
            BON.replace(b"ISO-8859-1", b"UTF-8").replace(b"Subv", b"\xe9"),
            2,
            "un caractère interdit",
        ),
        (BON.replace(b"ISO-8859-1", b"inconnu"), 1, "un encodage inconnu"),
        (BON + b"<a/>", 3, "du contenu après la fin"),
        (BON.replace(b'V="Subvention"', b'V="&eacute;"'), 2, "une entité non définie"),
        (b"", None, "un fichier vide"),
        (BOMBE, 2, "un DOCTYPE qui déclare des entités"),
        (EXTERNE, 1, "un DOCTYPE qui renvoie à une entité externe, non suivie"),
        (EXTERNE_INTERNE, 1, "un DOCTYPE qui déclare des entités"),
        (b"<html><body/></html>", 1, "une racine « html »"),
        (b"<a>" * 101, 1, "une racine « a »"),
        (b'<n:PES_Aller V="' + b"x" * (3 << 20), None, "une balise démesurée"),
        (b"<n:PES_Aller>" + b"<a>" * 200, 1, "davantage"),
        (aller(domaine="Recette"), None, "un fichier PES de recette"),
        (retour(domaine="Recette"), None, "un fichier PES de recette"),
    ],
)
def test_files_that_are_not_read(lieu, content, line, found):
    deposer_pes(lieu / "pes", a=content)
    [problem] = [p for p in problemes(lieu) if p.fichier == "a.xml"]
    assert problem.trouve.startswith(found)
    assert line is None or problem.ligne == line


@pytest.mark.parametrize(
    ("bad", "champ", "found"),
    [
        (bordereau(1, exer=None), "bordereau 1 > Exer", "balise Exer absente"),
        (bordereau(1, exer="24"), "bordereau 1 > Exer", "« 24 »"),
        (bordereau(None), "IdBord", "balise IdBord absente"),
        (bordereau(1, date=None), "bordereau 1 > DteBordEm", "balise DteBordEm absente"),
        (bordereau(1, date="15/03/2024"), "bordereau 1 > DteBordEm", "« 15/03/2024 »"),
        (bordereau(1, date="2025-02-01"), "bordereau 1 > DteBordEm", "« 2025-02-01 »"),
        (bordereau(1, typ="09"), "bordereau 1 > TypBord", "« 09 »"),
        (bordereau(1, typ=""), "bordereau 1 > TypBord", "une valeur vide"),
        (bordereau(1, piece("A1")), "bordereau 1 > mandat A1 > IdPce", "« A1 »"),
        (bordereau(1, piece(1, typ="77")), "bordereau 1 > mandat 1 > TypPce", "« 77 »"),
        (bordereau(1, piece(1, nat="77")), "bordereau 1 > mandat 1 > NatPce", "« 77 »"),
        (bordereau(1, piece(1, ligne(None))), "bordereau 1 > mandat 1 > IdLigne",
         "balise IdLigne absente"),
        (bordereau(1, piece(1, ligne(Nature="65X"))), "bordereau 1 > mandat 1 > ligne 1 > Nature",
         "« 65X »"),
        (bordereau(1, piece(1, ligne(Fonction="A"))),
         "bordereau 1 > mandat 1 > ligne 1 > Fonction", "« A »"),
        (bordereau(1, piece(1, ligne(1, "10.123"))), "bordereau 1 > mandat 1 > ligne 1 > MtHT",
         "« 10.123 »"),
        (bordereau(1, piece(1, ligne(1, "10.500"))), "bordereau 1 > mandat 1 > ligne 1 > MtHT",
         "« 10.500 »"),
        (bordereau(1, piece(1, ligne(1, "-10.00"))), "bordereau 1 > mandat 1 > ligne 1 > MtHT",
         "« -10.00 »"),
        (bordereau(1, piece(1, ligne(1, "10,00"))), "bordereau 1 > mandat 1 > ligne 1 > MtHT",
         "« 10,00 »"),
        (bordereau(1, piece(1, ligne(1, None))), "bordereau 1 > mandat 1 > ligne 1 > MtHT",
         "balise MtHT absente"),
        (bordereau(1, piece(1, ligne(MtTVA="1.001"))), "bordereau 1 > mandat 1 > ligne 1 > MtTVA",
         "« 1.001 »"),
        (bordereau(1, piece(1, ligne(Devise="USD"))), "bordereau 1 > mandat 1 > ligne 1 > Devise",
         "« USD »"),
        (bordereau(1, piece(1, "")), "bordereau 1 > mandat 1 > LigneDePiece",
         "balise LigneDePiece absente"),
        (bordereau(1, piece(1, ligne().replace("<MtHT", '<MtHT V="1"/><MtHT'))),
         "bordereau 1 > mandat 1 > ligne 1 > MtHT", "deux balises MtHT"),
    ],
)  # fmt: skip
def test_values_that_are_wrong_are_told_with_their_place(lieu, bad, champ, found):
    deposer_pes(lieu / "pes", a=aller(bad), b=aller(bordereau(99, piece(99))))
    assert [(p.fichier, p.champ, p.trouve) for p in problemes(lieu)] == [("a.xml", champ, found)]


def test_two_currencies(lieu):
    line = ligne().replace('<MtHT V="100.00"/>', '<MtHT V="100.00" Devise="CHF"/>')
    both = bordereau(1, piece(1, ligne(Devise="EUR")), piece(2, line), ht="200.00")
    deposer_pes(lieu / "pes", a=aller(both))
    [problem] = problemes(lieu)
    assert problem.attendu == "une seule monnaie, l'euro (EUR)"
    assert (problem.champ, problem.trouve) == ("bordereau 1 > mandat 2 > ligne 1 > MtHT", "« CHF »")


def test_bad_returns(lieu):
    deposer_pes(
        lieu / "pes",
        a=aller(bordereau(1)),
        r=retour(
            etat(1, "03"),
            etat(1, paye=[("hier", "1.00")]),
            etat(1, paye=[("2024-04-02", "1.234")]),
        ),
    )
    assert [(p.champ.split(" > ")[-1], p.trouve) for p in problemes(lieu)] == [
        ("EtatPce", "« 03 »"),
        ("DtePay", "« hier »"),
        ("MtPay", "« 1.234 »"),
    ]


def test_a_payment_takes_nothing_from_the_one_before(lieu):
    """A second payment without its amount does not repeat the first one's."""
    two = etat(1, "02", paye=[("2024-04-02", "60.00"), ("2024-04-20", None)])
    deposer_pes(lieu / "pes", a=aller(bordereau(1)), r=retour(two))
    [problem] = problemes(lieu)
    assert problem.champ.endswith("MtPay") and problem.trouve == "balise MtPay absente"


def test_a_count_of_payments_that_is_no_number(lieu):
    content = retour(etat(1, paye=[("2024-04-02", "100.00")])).replace(
        b'NbrPay V="1"', b'NbrPay V="un"'
    )
    deposer_pes(lieu / "pes", a=aller(bordereau(1)), r=content)
    assert any("NbrPay annonce un paiement(s)" in note for note in importer(lieu).notes)


def test_all_the_problems_of_all_the_files_at_once(lieu):
    deposer_pes(
        lieu / "pes",
        a=aller(bordereau(7, piece(7, ligne(1, "x")), piece(8, ligne(1, "y")))),
        b=BON[:-60],
        c=aller(bordereau(3, piece(3)), bordereau(3, piece(4))),
    )
    assert [(p.fichier, p.champ.split(" > ")[-1]) for p in problemes(lieu)] == [
        ("a.xml", "MtHT"),
        ("a.xml", "MtHT"),
        ("b.xml", ""),
        ("c.xml", "bordereau 3"),
    ]


def test_a_mandate_that_could_not_be_read_is_not_called_unknown(lieu):
    deposer_pes(
        lieu / "pes",
        a=aller(bordereau(1, piece(1, ligne(1, "x")))),
        b=aller(annulation(1, 1)),
    )
    assert [p.fichier for p in problemes(lieu)] == ["a.xml"]


def test_an_unknown_mandate_beside_a_broken_file(lieu):
    """It may be in the file that could not be read: told all the same, with what to do first."""
    deposer_pes(lieu / "pes", a=BON[:-60], b=aller(annulation(9, 99)))
    found = problemes(lieu)
    assert [(p.fichier, p.trouve[:10]) for p in found] == [
        ("a.xml", "un fichier"),
        ("b.xml", "mandat 99 "),
    ]
    assert "corrigez d'abord les fichiers" in found[1].remede


def test_thousands_of_problems_are_counted(lieu, monkeypatch):
    monkeypatch.setattr(flux_pes, "MAX_PROBLEMES", 3)
    lines = [ligne(n, "x") for n in range(1, 11)]
    deposer_pes(lieu / "pes", a=aller(bordereau(1, piece(1, *lines))))
    found = problemes(lieu)
    assert len(found) == 4 and "7 autres problèmes dans ce fichier" in [p.trouve for p in found]


# Folders


def test_other_files_are_left_with_a_note(lieu):
    deposer_pes(lieu / "pes", a=aller(bordereau(1)), b=aller(domaine="Facture"))
    (lieu / "pes/notice.pdf").write_bytes(b"%PDF")
    (lieu / "pes/.cache.xml").write_bytes(b"<")
    (lieu / "pes/flux.pes").write_bytes(aller(bordereau(2, piece(2))))
    notes = importer(lieu).notes
    assert "notice.pdf : ce n'est pas un fichier XML, non lu" in notes
    assert "b.xml : aucun bordereau de dépense, rien à importer" in notes
    assert len(lignes(lieu)) == 2


@pytest.mark.parametrize("kind", ["absent", "vide", "pdf", "pj"])
def test_a_folder_with_nothing_to_import(lieu, kind):
    if kind != "absent":
        (lieu / "pes").mkdir()
    if kind == "pdf":
        (lieu / "pes/a.pdf").write_bytes(b"%PDF")
    if kind == "pj":
        deposer_pes(lieu / "pes", a=aller(domaine="Facture"))
    [problem] = problemes(lieu)
    found = {"absent": "aucun dossier de ce nom", "pj": "aucun mandat de dépense"}
    assert problem.trouve == found.get(kind, "aucun fichier XML")
    assert not (lieu / "raw").exists() or not list((lieu / "raw").rglob("*.*"))


def test_attachments_pass_without_being_kept(lieu):
    content = aller(
        bordereau(1), pj=f"<PES_PJ><PJ><Fichier>{'QUJD' * 300_000}</Fichier></PJ></PES_PJ>"
    )
    deposer_pes(lieu / "pes", a=content)
    importer(lieu)
    assert len(lignes(lieu)) == 1
    assert sum(len(c) for c in etat_du_dossier(lieu / "raw").values()) < 100_000


# The command


def test_the_command_tells_what_it_did(lieu, capsys):
    deposer_pes(lieu / "pes", a=aller(bordereau(1, piece(1), piece(2))), r=retour(etat(2, "04")))
    command = ["importer", "pes", str(lieu / "pes"), "--vers", str(lieu / "raw")]
    assert cli.main(command) == 0
    out = capsys.readouterr().out
    assert "Fichiers : 2 importé(s), 0 déjà importé(s)." in out
    assert "- 55/2024/mandats.csv : écrit, 1 ligne(s), 100,00\u00a0€ nets" in out
    assert "Mandats rejetés par le comptable, non repris : 1, 100,00\u00a0€ : 2 (2024)" in out
    assert "MtBordHT annonce 100,00" in out and "Compte rendu : 55/importation/pes.md" in out
    assert "EXEMPLE" not in out
    assert cli.main(command) == 0
    assert "inchangé" in capsys.readouterr().out
    (lieu / "pes/a.xml").write_bytes(b"<")
    assert cli.main(command) == 1
    assert "a.xml, ligne 1 : attendu un XML complet" in capsys.readouterr().err


def test_a_file_that_the_system_does_not_give(lieu, monkeypatch):
    def denied(path):
        raise PermissionError(13, "Permission denied")

    deposer_pes(lieu / "pes", a=aller(bordereau(1)))
    monkeypatch.setattr("analyses.importation.publication.fingerprint", denied)
    [problem] = problemes(lieu)
    assert (problem.fichier, problem.trouve) == ("a.xml", "un accès refusé")
    monkeypatch.setattr("analyses.importation.publication.fingerprint", lambda path: "0" * 64)
    monkeypatch.setattr(Path, "open", lambda path, mode: denied(path))
    [problem] = problemes(lieu)
    assert (problem.fichier, problem.trouve) == ("a.xml", "un accès refusé")


def test_a_place_where_nothing_can_be_written(lieu, capsys):
    deposer_pes(lieu / "pes", a=aller(bordereau(1)))
    (lieu / "raw").write_text("un fichier", encoding="utf-8")
    command = ["importer", "pes", str(lieu / "pes"), "--vers", str(lieu / "raw")]
    assert cli.main(command) == 1
    assert "un dossier où l'on peut écrire" in capsys.readouterr().err
