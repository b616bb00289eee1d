"""`bilan comparer-versions`: what an avenant changes, action by action."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import pytest
import yaml

from analyses import cli
from analyses.contrat.comparaison import Changement, compare
from analyses.contrat.load import load_version
from analyses.socle import paths

INITIAL, AVENANT = "2024-06-20-initial", "2025-03-14-avenant-1"


@pytest.fixture
def params(tmp_path, monkeypatch) -> Path:
    """The signed contracts, and an avenant that changes an action, a ceiling and adds an action."""
    params = tmp_path / "params"
    shutil.copytree(paths.PARAMS, params)
    folder = params / "contrats/55/emploi" / AVENANT
    (folder / "actions").mkdir(parents=True)
    head = {
        "version": {"code": AVENANT, "libelle": "A", "effet": "2025-01-01", "source": "avenant"},
        "clauses": [{"code": "volet_3_2025", "valeur": 520000}],
    }
    budget = {"exercice": 2025, "source": "avenant", "retenu": True}
    changed = {
        "code": "v3-1",
        "calendrier": {"fin": "2026-06-30"},
        "financements": [budget | {"montants": {"etat": 300000}}],
    }
    new = {
        "code": "v3-7",
        "groupe": "v3",
        "libelle": "Nouvelle action",
        "intitules": [{"texte": "Nouvelle action", "source": "avenant"}],
        "calendrier": {
            "debut": "2025-01-01",
            "fin": None,
            "imprime_debut": None,
            "imprime_duree": None,
            "source": "avenant",
        },
        "financements": [budget | {"montants": {"etat": 220000}}],
    }
    for name, content in (("contrat", head), ("actions/v3-1", changed), ("actions/v3-7", new)):
        text = yaml.safe_dump(content, allow_unicode=True)
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    registre = params / "registre.yaml"
    content = yaml.safe_load(registre.read_text(encoding="utf-8"))
    content["departements"]["55"]["contrats"]["emploi"]["versions"].append(AVENANT)
    text = yaml.safe_dump(content, allow_unicode=True, sort_keys=False)
    registre.write_text(text, encoding="utf-8")
    monkeypatch.setattr(paths, "PARAMS", params)
    return params


def test_what_changed_and_nothing_else(params):
    one, two = (load_version("55", "emploi", name, params) for name in (INITIAL, AVENANT))
    budget = "financement 2025 (avenant)"
    assert compare(one, two) == [
        Changement("emploi", "action", "v3-1", "calendrier fin", "2025-12-31", "2026-06-30"),
        Changement("emploi", "action", "v3-1", f"{budget} retenu", "absent", "oui"),
        Changement("emploi", "action", "v3-1", f"{budget} État", "absent", "300 000 €"),
        Changement("emploi", "action", "v3-7", "tout", "absent", "Nouvelle action"),
        Changement("emploi", "action", "v3-7", f"{budget} État", "absent", "220 000 €"),
        Changement("emploi", "clause", "volet_3_2025", "valeur", "non renseigné", "520000"),
    ]
    back = compare(two, one)
    assert Changement("emploi", "action", "v3-7", "tout", "Nouvelle action", "absent") in back
    assert compare(two, two) == []


def test_command_compares_the_last_two_versions(params, capsys, tmp_path):
    target = tmp_path / "c.csv"
    assert cli.main(["comparer-versions", "--csv", str(target)]) == 0
    said = capsys.readouterr().out
    assert f"Contrat solidarites : une seule version, {INITIAL} ; rien à comparer." in said
    assert f"de {INITIAL} (effet 01/01/2024) à {AVENANT} (effet 01/01/2025)" in said
    assert "Action v3-7 – Nouvelle action" in said and "6 changements." in said
    rows = list(csv.DictReader(target.open(encoding="utf-8")))
    assert len(rows) == 6 and rows[-1]["apres"] == "520000"


def test_command_takes_two_versions(params, capsys):
    command = ["comparer-versions", "--contrat", "emploi", "--avant", AVENANT, "--apres", INITIAL]
    assert cli.main(command) == 0
    assert "  - tout : Nouvelle action → absent" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--contrat", "x"], "attendu un contrat parmi solidarites, emploi ; trouvé « x »"),
        (["--avant", INITIAL], "attendu --contrat avec --avant ou --apres ; trouvé rien"),
        (["--contrat", "emploi", "--apres", "y"], "attendu une version du contrat emploi parmi"),
        (["--departement", "99"], "attendu un département parmi 55 ; trouvé « 99 »"),
    ],
)
def test_wrong_request(params, capsys, options, message):
    assert cli.main(["comparer-versions", *options]) == 1
    assert message in capsys.readouterr().err


def test_unwritable_csv(params, capsys, tmp_path):
    assert cli.main(["comparer-versions", "--csv", str(tmp_path)]) == 1
    assert "indiquez un autre fichier" in capsys.readouterr().err
