"""The built-in example: deterministic, of every shape, and never over real data."""

from __future__ import annotations

import csv
import hashlib
import io
import shutil
from collections import Counter, defaultdict
from datetime import datetime
from pathlib import Path

import pytest
import yaml

from analyses.contrat.load import load_contrats
from analyses.depot.schemas import TABLES, table_schema
from analyses.exemple.donnees import charger
from analyses.exemple.simulate import simulate, write_example
from analyses.socle.paths import PARAMS
from analyses.socle.problems import BilanError


def _rows(path: Path) -> list[dict[str, str]]:
    content = path.read_bytes()
    text = content.decode("utf-8-sig" if content.startswith(b"\xef\xbb\xbf") else "cp1252")
    return list(csv.DictReader(io.StringIO(text), delimiter=";"))


def _centimes(text: str) -> int:
    for blank in ("\u00a0", "\u202f", "€"):
        text = text.replace(blank, "")
    return int(text.replace(",", ""))


@pytest.fixture(scope="module")
def exemple(tmp_path_factory: pytest.TempPathFactory) -> Path:
    dest = tmp_path_factory.mktemp("raw")
    write_example(dest, "55")
    return dest


@pytest.fixture(scope="module")
def mandats(exemple: Path) -> dict[int, list[dict[str, str]]]:
    return {year: _rows(exemple / "55" / str(year) / "mandats.csv") for year in (2024, 2025)}


def test_two_runs_write_the_same_bytes(exemple, tmp_path):
    paths = write_example(tmp_path, "55")
    write_example(tmp_path, "55")  # over itself: accepted
    for path in paths:
        assert path.read_bytes() == (exemple / path.relative_to(tmp_path)).read_bytes()
        assert b"\r" not in path.read_bytes()
    assert not list(tmp_path.glob(".exemple-*"))


def test_headers_and_sidecars(exemple):
    for year in (2024, 2025):
        for table in TABLES:
            path = exemple / "55" / str(year) / f"{table}.csv"
            if (table, year) == ("reports", 2024):  # the first exercise received nothing
                assert not path.exists()
                continue
            fields = table_schema(table)["fields"]
            always = [field["name"] for field in fields if "facultative" not in field]
            assert list(_rows(path)[0]) == always
            source = yaml.safe_load(Path(f"{path}.source.yaml").read_text(encoding="utf-8"))
            assert source["nature"] == "simulee"
            assert source["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()


def test_ledger_has_every_kind_of_line(mandats):
    assert 900 <= sum(len(rows) for rows in mandats.values()) <= 1200
    types = {year: Counter(row["type"] for row in rows) for year, rows in mandats.items()}
    assert set(types[2024]) == {"ordinaire", "annulation", "reduction", "rattachement"}
    assert types[2025]["contrepassation"] == types[2024]["rattachement"] > 5
    for rows in mandats.values():
        natures = {row["nature"] for row in rows}
        assert {"6064", "6251", "6184", "617", "21838"} <= natures
        assert any(row["code_analytique"] == "VOIRIE-12" for row in rows)
        assert any(row["numero_ligne"] != "1" for row in rows)


def test_lines_are_unique_dated_and_reversals_stay_below_their_origin(mandats):
    amounts, left = {}, defaultdict(int)
    for year, rows in mandats.items():
        keys = [(row["numero_mandat"], row["numero_ligne"], row["type"]) for row in rows]
        assert len(set(keys)) == len(keys)
        for row in rows:
            day = datetime.strptime(row["date_emission"], "%d/%m/%Y")
            assert datetime(year, 1, 1) <= day <= datetime(year + 1, 1, 31)
            amount = _centimes(row["montant"])
            assert amount > 0
            if not row["mandat_origine"]:
                amounts[row["numero_mandat"], row["numero_ligne"]] = (amount, day)
        assert any(row["date_emission"].endswith(f"/01/{year + 1}") for row in rows)
    for rows in mandats.values():
        for row in rows:
            if row["mandat_origine"]:
                key = (row["mandat_origine"], row["numero_ligne"])
                left[key] += _centimes(row["montant"])
                assert left[key] <= amounts[key][0]
                assert datetime.strptime(row["date_emission"], "%d/%m/%Y") >= amounts[key][1]


def test_state_payments_are_those_of_the_contracts(exemple):
    rows = _rows(exemple / "55" / "2024" / "recettes.csv")
    state = {
        (r["contrat"], r["action"]): _centimes(r["montant"])
        for r in rows
        if r["financeur"] == "etat"
    }
    # Solidarités, art. 3: 379 189 €. Emploi, art. 6: 60 % of 106 000, 179 697 and 479 250 €.
    assert state == {
        ("solidarites", ""): 37_918_900,
        ("emploi", "v1"): 6_360_000,
        ("emploi", "v2"): 10_781_820,
        ("emploi", "v3"): 28_755_000,
    }
    assert {r["financeur"] for r in rows} == {"etat", "caf", "ars", "fse"}


def test_commitments_cover_what_is_mandated_on_them(exemple, mandats):
    """No commitment is below the ordinary lines of its number, cuts included."""
    for year, rows in mandats.items():
        engaged: dict[str, int] = defaultdict(int)
        for row in _rows(exemple / "55" / str(year) / "engagements.csv"):
            engaged[row["id_engagement"]] += _centimes(row["montant"])
        spent: dict[str, int] = defaultdict(int)
        for row in rows:
            if row["type"] == "ordinaire" and row["code_analytique"].startswith(("SOL-", "EMP-")):
                spent[row["id_engagement"]] += _centimes(row["montant"])
        assert len(spent) > 20
        assert all(engaged[number] >= amount for number, amount in spent.items())


def test_decisions_speak_of_lines_that_exist(exemple, mandats):
    for year, rows in mandats.items():
        lines = {(row["numero_mandat"], row["numero_ligne"]) for row in rows}
        found = _rows(exemple / "55" / str(year) / "decisions_eligibilite.csv")
        assert found and all((r["numero_mandat"], r["numero_ligne"]) in lines for r in found)
        assert {row["decision"] for row in found} <= {"eligible", "ineligible"}


def test_no_one_is_named_in_the_staff_file(exemple):
    for year in (2024, 2025):
        rows = _rows(exemple / "55" / str(year) / "temps_agents.csv")
        assert all(row["poste"].startswith("P-") for row in rows)


def test_rules_name_known_actions_and_split_to_one(exemple):
    contrats = load_contrats("55")
    rules = _rows(exemple / "55" / "2024" / "affectations.csv")
    for rule in rules:
        assert rule["action"] in contrats[rule["contrat"]].actions
    parts = [rule["quote_part"] for rule in rules if rule["code_analytique"] == "MOBILITE"]
    assert parts == ["0,6", "0,4"]


def test_results_have_every_shape(exemple):
    contrats = load_contrats("55")
    rows = _rows(exemple / "55" / "2024" / "resultats_indicateurs.csv")
    found = {row["resultat"] for row in rows}
    assert {"40%", "+27", "2*2", "oui", "non", "?", "/", "", "en cours de rédaction"} <= found
    for row in rows:
        contrat = contrats[row["contrat"]]
        national = row["action"] == "nat"
        known = contrat.nationaux if national else contrat.actions[row["action"]].indicateurs
        assert row["indicateur"] in {indicator.code for indicator in known}


def test_every_narrative_says_it_is_simulated(exemple):
    paths = list(exemple.rglob("etat_avancement/*.md"))
    assert len(paths) > 40
    assert all("Texte simulé" in path.read_text(encoding="utf-8") for path in paths)


@pytest.mark.parametrize("case", ["sans", "reelle", "modifie", "texte", "autre"])
def test_refuses_to_write_over_what_it_did_not_make(tmp_path, case):
    write_example(tmp_path, "55", exercices=(2024,))
    folder = tmp_path / "55" / "2024"
    table, sidecar = folder / "mandats.csv", folder / "mandats.csv.source.yaml"
    name = "mandats.csv"
    if case == "sans":
        sidecar.unlink()
    elif case == "reelle":
        text = sidecar.read_text(encoding="utf-8")
        sidecar.write_text(text.replace("simulee", "reelle"), encoding="utf-8")
    elif case == "modifie":
        table.write_bytes(table.read_bytes() + b"x")
    elif case == "texte":
        name = "etat_avancement/solidarites-1.md"
        (folder / name).write_text("Texte du pilote", encoding="utf-8")
    else:
        name = "mandats.xlsx"
        (folder / name).write_bytes(b"x")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    with pytest.raises(BilanError, match=f"55/2024/{name}.*choisissez un autre dossier"):
        write_example(tmp_path, "55")
    after = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert after == before


def test_a_failed_write_leaves_the_former_example(tmp_path, monkeypatch):
    write_example(tmp_path, "55", exercices=(2024,))
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}

    def full(self: Path, content: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(BilanError, match="un dossier où l'on peut écrire"):
        write_example(tmp_path, "55")
    monkeypatch.undo()
    after = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert after == before


def test_unknown_exercise_is_refused(tmp_path):
    with pytest.raises(BilanError, match="2024 ou 2025"):
        write_example(tmp_path, "55", exercices=(2026,))


def test_consumption_is_partial():
    files = simulate(charger("55"))[2024]
    text = files["mandats.csv"].decode("cp1252")
    rows = list(csv.DictReader(io.StringIO(text), delimiter=";"))
    signs = {"annulation": -1, "reduction": -1}
    spent: dict[str, int] = defaultdict(int)
    for row in rows:
        spent[row["code_analytique"]] += signs.get(row["type"], 1) * _centimes(row["montant"])
    # Action 5: plan 10 000 €, 22 % simulated; action 7 starts in 2025.
    assert 0 < spent["SOL-05"] <= 300_000
    assert spent["SOL-07"] == 0


# The data


def _broken(tmp_path: Path, name: str, before: str, after: str) -> str:
    """The message of the example whose file `name` is changed."""
    folder = tmp_path / "exemple" / "55"
    shutil.copytree(PARAMS / "exemple" / "55", folder)
    text = (folder / name).read_text(encoding="utf-8")
    assert before in text
    (folder / name).write_text(text.replace(before, after), encoding="utf-8")
    with pytest.raises(BilanError) as error:
        charger("55", tmp_path)
    return str(error.value)


@pytest.mark.parametrize(
    "name, before, after, words",
    [
        ("exemple.yaml", "convention: CLS-55\n    pre", "conv: x\n    pre", "attendu cette clé"),
        ("exemple.yaml", '"65":', '"65": []\n  "66":', "attendu des noms"),
        ("exemple.yaml", "- {priorite:", "- {rang:", "attendu des colonnes de affectations"),
        (
            "exemple.yaml",
            "  emploi:\n    conv",
            "  autre:\n    conv",
            "champ « autre » : attendu un",
        ),
        ("exemple.yaml", "exercices: [2024, 2025]", "exercices: [2024]", "exercices"),
        ("exemple.yaml", "exercices: [2024, 2025]", "exercices: [2024, 2031]", "2031.yaml"),
        ("2024.yaml", "mandats: cp1252", "mandats: latin9", "une valeur parmi 'cp1252'"),
        ("2024.yaml", '"3": [31, 5]', '"33": [31, 5]', "champ « solidarites.33 » : attendu un"),
        ("2025.yaml", "v2-1: {sorties", "v2-9: {sorties", "champ « emploi.v2-9 » : attendu un"),
        ("2025.yaml", "  reports:", "  report:", "attendu des colonnes de report, sans"),
    ],
)
def test_wrong_data_are_said(tmp_path, name, before, after, words):
    message = _broken(tmp_path, name, before, after)
    assert words in message
    assert "2031" in words or f"55/{name}" in message


def test_a_departement_without_example_is_said(tmp_path):
    with pytest.raises(BilanError, match="99/exemple.yaml.*absent"):
        write_example(tmp_path, "99")
