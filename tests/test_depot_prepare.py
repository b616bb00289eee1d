"""data/processed: what is written, read back, refused, and what never goes there."""

from __future__ import annotations

import csv
import io
import json
import shutil
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from analyses.bilan import load, open_depots
from analyses.cli import main
from analyses.contrat.exercices import contrats_de
from analyses.contrat.load import load_contrats
from analyses.depot import gate
from analyses.depot.csv_brut import decode, separator_of
from analyses.depot.exercice import Depot
from analyses.preparation import magasin
from analyses.preparation.exercice import prepare
from analyses.preparation.magasin import open_exercice
from analyses.preparation.tables import DOSSIER, read_text, schema, table_text
from analyses.socle import paths
from analyses.socle.problems import BilanError, Problem

NOMS = sorted(path.stem for path in DOSSIER.glob("*.yaml"))


@pytest.fixture(scope="module")
def modele(tmp_path_factory):
    """The example and its tables, made once."""
    place = tmp_path_factory.mktemp("prepare")
    assert main(["exemple", "--sortie", str(place / "raw")]) == 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(paths, "PROCESSED", place / "processed")
        patch.setattr(paths, "RAW", place / "raw")
        patch.setattr(gate, "validate", lambda tables: [])  # the suites have their own tests
        load("55", 2025, "", place / "raw", [2024, 2025], preparer=True)
    return place


@pytest.fixture
def donnees(modele, tmp_path, monkeypatch):
    """The raw folder of the example, which stands for data/raw, its tables beside it."""
    shutil.copytree(modele, tmp_path, dirs_exist_ok=True)
    monkeypatch.setattr(paths, "PROCESSED", tmp_path / "processed")
    monkeypatch.setattr(paths, "RAW", tmp_path / "raw")
    monkeypatch.setattr(gate, "validate", lambda tables: [])
    return tmp_path / "raw"


def folder(donnees: Path) -> Path:
    return paths.prepared_folder("55", 2024, donnees)


def refused(donnees: Path, exercice: int = 2024, **options) -> list[Problem]:
    with pytest.raises(BilanError) as caught:
        load("55", exercice, donnees=donnees, **options)
    for problem in caught.value.problems:
        assert "bilan controler --departement 55 --exercice 202" in problem.remede
    return caught.value.problems


def change(path: Path, key: str, value: object) -> None:
    content = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps(content | {key: value}), "utf-8")


# What is written


def test_every_table_has_its_schema_and_nothing_else(modele):
    kept = modele / "processed/55/2024"
    assert sorted(path.stem for path in kept.glob("*.csv")) == sorted({*NOMS} - {"reports"})
    for path in kept.glob("*.csv"):
        rows = list(csv.DictReader(io.StringIO(path.read_text("utf-8"))))
        own = schema(path.stem)
        assert list(rows[0]) == [field["name"] for field in own["fields"]]
        keys = [tuple(row[name] for name in own["cle"]) for row in rows]
        assert len(set(keys)) == len(keys), path.stem
        for field in own["fields"]:
            texts = {row[field["name"]] for row in rows} - {""}
            if field["type"] == "date":
                assert all(date.fromisoformat(text) for text in texts)
            if field["name"].endswith("_centimes"):
                assert field["unit"] == "centimes" and all(int(text) + 1 for text in texts)
    assert json.loads((kept / "qualite.json").read_text("utf-8"))["conforme"]


@pytest.mark.parametrize("nom", NOMS)
def test_a_schema_is_complete(nom):
    own = yaml.safe_load((DOSSIER / f"{nom}.yaml").read_text("utf-8"))
    assert own["name"] == nom and own["title"] and own["ligne_est"]
    for field in own["fields"]:
        assert field["title"] and field["type"] in (
            *("string", "integer", "date", "boolean", "fraction"),
        )
        amount = field["name"].endswith("_centimes")
        assert amount == (field.get("unit") == "centimes")
        assert field["name"] not in ("tiers", "objet", "poste", "commentaire")


def _raw(path: Path) -> list[dict[str, str]]:
    text = decode(path.read_bytes()).removeprefix("sep=;\n")
    return list(csv.DictReader(io.StringIO(text), delimiter=separator_of(text, {})))


def test_no_third_party_nor_wording_is_kept(donnees):
    """Every name and wording of the ledger, of the commitments and the posts, marked first."""
    hidden = {
        "mandats.csv": ("tiers", "objet"),
        "engagements.csv": ("objet",),
        "temps_agents.csv": ("poste",),
        "resultats_indicateurs.csv": ("commentaire",),
    }
    for name, columns in hidden.items():
        path = donnees / "55/2024" / name
        rows = _raw(path)
        for number, row in enumerate(rows):
            row |= {column: f"Secret{number} {row[column]}" for column in columns}
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]), delimiter=";")
            writer.writeheader()
            writer.writerows(rows)
        Path(f"{path}.source.yaml").unlink()
    rules = donnees / "55/2024/affectations.csv"
    with rules.open("a", encoding="utf-8") as file:
        file.write("99;SECRET;;;;secret tiers;secret objet;solidarites;1;1;regle\n")
    Path(f"{rules}.source.yaml").unlink(missing_ok=True)
    magasin.preparer("55", 2024, donnees)
    for path in paths.PROCESSED.rglob("*.*"):
        if "2024" in path.parts and path.is_file():
            text = path.read_text("utf-8")
            assert "Secret" not in text and "secret" not in text, path.name


# What is read back


def test_the_tables_say_what_the_raw_files_say(donnees):
    contrats = load_contrats("55")
    raw = open_exercice("55", 2024, donnees, contrats)
    [kept] = open_depots("55", [2024], donnees)
    for au in (None, date(2024, 6, 30)):
        one, other = prepare(raw, contrats, au), prepare(kept, contrats, au)
        for left, right in (
            (one.lignes, other.lignes),
            (one.non_affecte, other.non_affecte),
            (one.jugement, other.jugement),
        ):
            shared = [name for name in right if name in left]
            assert len(shared) >= 8 and len(left)
            assert left[shared].astype(object).values.tolist() == (
                right[shared].astype(object).values.tolist()
            )
    assert raw.sources == kept.sources and raw.narratifs == kept.narratifs
    read = len(raw.controles)
    assert raw.controles == kept.controles[:read] and kept.simule
    asked = [note for note in kept.controles[read:] if note.startswith("emploi v1-1 : ")]
    assert asked == [
        "emploi v1-1 : 1 ligne(s) en doute, 521,60\u00a0€, que l'article ne nomme pas ; décidez de "
        "chacune dans decisions_eligibilite.csv, avec le motif"
    ]


@given(
    st.lists(
        st.tuples(st.sampled_from(["c"]), st.text(st.characters(codec="utf-8"), max_size=6)),
        max_size=5,
    )
)
def test_any_text_comes_back(rows):
    frame = pd.DataFrame(
        [(c, str(n), text) for n, (c, text) in enumerate(rows)],
        columns=["contrat", "action", "texte"],
        dtype=object,
    )
    back = read_text("narratifs", table_text("narratifs", frame).encode())
    assert back["texte"].tolist() == frame["texte"].tolist()


def test_a_closing_date_takes_the_versions_of_its_day(donnees, tmp_path, monkeypatch):
    """An avenant of 1 September 2024 makes an action ineligible: not before its date."""
    from functools import partial

    params = tmp_path / "params"
    shutil.copytree(paths.PARAMS, params)
    base = params / "contrats/55/solidarites"
    (base / "2024-09-01-avenant/actions").mkdir(parents=True)
    version = {"code": "2024-09-01-avenant", "libelle": "Avenant", "effet": "2024-09-01"}
    rule = {"code": "tout", "motif": "rien n'est financé", "article": "art. 9", "natures": ["6"]}
    head = {"version": version | {"source": "avenant"}, "ineligibles": [rule]}
    (base / "2024-09-01-avenant/contrat.yaml").write_text(yaml.safe_dump(head), "utf-8")
    registre = yaml.safe_load((params / "registre.yaml").read_text("utf-8"))
    registre["departements"]["55"]["contrats"]["solidarites"]["versions"].append(version["code"])
    (params / "registre.yaml").write_text(yaml.safe_dump(registre), "utf-8")
    reader = partial(load_contrats, params=params)
    monkeypatch.setattr("analyses.contrat.load.load_contrats", reader)
    assert refused(donnees)[0].champ == "contrats"
    magasin.preparer("55", 2024, donnees)
    [kept] = open_depots("55", [2024], donnees)
    shown = {}
    for au in (date(2024, 6, 30), date(2024, 9, 30), None):
        told = prepare(kept, contrats_de("55", 2024, au), au).jugement
        shown[au] = (told["regle_ineligible"] == "rien n'est financé (art. 9)").any()
    assert list(shown.values()) == [False, True, True]
    plan = pd.read_csv(folder(donnees) / "plan.csv")
    assert plan["version"].nunique() == 2


def test_notebooks_run_with_the_raw_files_moved_away(donnees):
    before = load("55", 2025, "", donnees, "periode")
    donnees.rename(donnees.with_name("ailleurs"))
    after = load("55", 2025, "", donnees, "periode")
    assert after.resultats.equals(before.resultats) and after.simule
    shutil.rmtree(paths.PROCESSED)
    with pytest.raises(BilanError, match="un dossier de données ; trouvé rien"):
        load("55", 2025, "", donnees, "periode")


def test_a_year_without_files_is_told_from_the_tables_too(donnees):
    donnees.rename(donnees.with_name("ailleurs"))
    shutil.rmtree(paths.prepared_folder("55", 2025, donnees))
    depots = open_depots("55", [2024, 2025], donnees)
    assert isinstance(depots[1], Depot) and "dossier absent" in depots[1].controles[0]


def test_another_folder_has_its_own_tables(donnees, tmp_path):
    kept = {path: path.stat().st_mtime_ns for path in folder(donnees).iterdir()}
    other = tmp_path / "essai"
    shutil.copytree(donnees, other)
    load("55", 2024, donnees=other, preparer=True)
    assert {path: path.stat().st_mtime_ns for path in folder(donnees).iterdir()} == kept
    assert folder(other).parts[-4:-2] == ("autres", folder(other).parts[-3])
    assert folder(other).parts[-3].startswith("essai-")
    (folder(other) / "lignes.csv").unlink()
    [problem] = refused(other)
    assert f"--donnees {other.as_posix()}" in problem.remede
    assert problem.fichier.startswith("data/processed/autres/essai-")


# What is kept, made once, made again


def test_unchanged_files_are_not_read_again(donnees, monkeypatch):
    monkeypatch.setattr(magasin, "open_exercice", lambda *args: pytest.fail("read twice"))
    load("55", 2024, donnees=donnees, preparer=True)


def test_an_edited_table_is_made_again(donnees):
    path = folder(donnees) / "lignes.csv"
    text = path.read_text("utf-8")
    path.write_text(text.replace("0", "1"), "utf-8")
    assert refused(donnees)
    assert main(["controler", "--donnees", str(donnees)]) == 0
    assert path.read_text("utf-8") == text


def test_wrong_files_leave_the_last_good_tables(donnees, capsys):
    manifest = (folder(donnees) / magasin.MANIFESTE).read_text("utf-8")
    raw = donnees / "55/2024/recettes.csv"
    good = raw.read_bytes()
    raw.write_text("exercice\n", "utf-8")
    assert main(["controler", "--donnees", str(donnees)]) == 1
    report = Path(capsys.readouterr().err.rsplit("Rapport de qualité : ", 1)[1].strip())
    assert "le bilan ne peut pas être" in report.read_text("utf-8")
    assert (folder(donnees) / magasin.MANIFESTE).read_text("utf-8") == manifest
    raw.write_bytes(good)
    assert load("55", 2024, donnees=donnees).exercices == [2024]


# What is refused


def test_tables_that_are_not_there(donnees):
    shutil.rmtree(folder(donnees))
    [problem] = refused(donnees)
    assert (problem.fichier, problem.trouve) == ("data/processed/55/2024", "rien")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (None, "rien : des tables à moitié écrites"),
        ("{", "un fichier illisible"),
        ("{}", "un fichier illisible"),
        ("[1]", "un fichier illisible"),
    ],
)
def test_half_written_tables(donnees, text, found):
    path = folder(donnees) / magasin.MANIFESTE
    path.unlink()
    if text is not None:
        path.write_text(text, "utf-8")
    [problem] = refused(donnees)
    assert problem.fichier.endswith("manifeste.json") and problem.trouve == found


@pytest.mark.parametrize(
    ("key", "value", "champ", "found"),
    [
        ("code", "0" * 64, "code", "celles d'une autre version"),
        ("format", 0, "code", "celles d'une autre version"),
        ("departement", "54", "departement", "« 54 »"),
        ("exercice", 2023, "exercice", "« 2023 »"),
    ],
)
def test_tables_made_by_or_for_something_else(donnees, key, value, champ, found):
    change(folder(donnees) / magasin.MANIFESTE, key, value)
    [problem] = refused(donnees)
    assert (problem.champ, problem.trouve) == (champ, found)


def test_the_tables_of_another_exercise_are_refused(donnees):
    shutil.rmtree(folder(donnees))
    shutil.copytree(paths.prepared_folder("55", 2025, donnees), folder(donnees))
    [problem] = refused(donnees)
    assert (problem.champ, problem.attendu, problem.trouve) == ("exercice", "« 2024 »", "« 2025 »")


def test_tables_edited_missing_or_foreign_are_named_together(donnees):
    kept = folder(donnees)
    with (kept / "lignes.csv").open("a", encoding="utf-8") as file:
        file.write("\n")
    (kept / "plan.csv").unlink()
    shutil.copy(kept / "recettes.csv", kept / "reports.csv")
    foreign = paths.prepared_folder("55", 2025, donnees) / "recettes.csv"
    shutil.copy(foreign, kept / "recettes.csv")
    found = {p.fichier.rsplit("/", 1)[1]: p.trouve for p in refused(donnees)}
    other = "une autre : modifiée à la main, ou venue d'ailleurs"
    assert found == {
        "lignes.csv": other,
        "plan.csv": "rien : la table manque",
        "recettes.csv": other,
        "reports.csv": "une table que le manifeste ne connaît pas",
    }


def test_raw_files_that_differ_are_named_together(donnees):
    year = donnees / "55/2024"
    with (year / "mandats.csv").open("a") as file:
        file.write("\n")
    (year / "justifications.csv").unlink()
    (year / "reports.csv").write_text("", "utf-8")
    assert {p.fichier: p.trouve for p in refused(donnees)} == {
        "55/2024/mandats.csv": "un fichier changé depuis",
        "55/2024/justifications.csv": "un fichier retiré depuis",
        "55/2024/reports.csv": "un fichier ajouté depuis",
    }
    # The next exercise finds the origin of its reversals in this ledger.
    told = {p.remede[-8:-2] for p in refused(donnees, 2025) if "mandats" in p.fichier}
    assert told == {"e 2024", "e 2025"}
