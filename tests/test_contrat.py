"""The contracts as data: complete, adding up to what is printed, versions overlaid in order."""

from __future__ import annotations

import re
import shutil
from datetime import date
from pathlib import Path

import pytest
import yaml

from analyses.contrat.load import load_contrats
from analyses.socle.paths import PARAMS
from analyses.socle.problems import BilanError


@pytest.fixture(scope="module")
def contrats():
    return load_contrats("55")


def test_complete(contrats):
    """20 actions and 56 local indicators; 8 fiches and 21 indicators; 15 and 2 national ones."""
    solidarites, emploi = contrats["solidarites"], contrats["emploi"]
    assert list(solidarites.actions) == [str(n) for n in range(1, 21)]
    assert sum(len(a.indicateurs) for a in solidarites.actions.values()) == 56
    assert len(solidarites.nationaux) == 15 and len(emploi.nationaux) == 2
    v2 = [a for a in emploi.actions.values() if a.groupe == "v2"]
    assert len(v2) == 8 and sum(len(a.indicateurs) for a in v2) == 21


def test_state_money_by_axe_and_volet(contrats):
    """Annexe 3: 105 375 + 186 250 + 87 564 = 379 189; emploi: 106 000 + 179 697 + 479 250."""

    def state(code, groupe):
        actions = contrats[code].actions.values()
        return sum((a.plan(2024) or {}).get("etat", 0) for a in actions if a.groupe == groupe)

    assert [state("solidarites", f"axe-{n}") for n in (1, 3, 4)] == [10537500, 18625000, 8756400]
    assert [state("emploi", v) for v in ("v1", "v2", "v3")] == [10600000, 17969700, 47925000]


def test_subtotals_of_the_plan_de_financement_add_up(contrats):
    """Annexe 2: 145 000 + 26 700 + 6 000 + 6 000 + 30 694 + 30 000 = 244 394 (FSE apart);
    239 400 + 59 850 + 80 000 = 379 250."""
    emploi = contrats["emploi"]
    for printed in emploi.sous_totaux:
        plans = [emploi.actions[code].plan(printed.exercice) or {} for code in printed.actions]
        added = sum(v for plan in plans for k, v in plan.items() if k not in printed.hors)
        assert added == printed.montant, printed.libelle
    assert sum(s.montant for s in emploi.sous_totaux) == (106_000 + 359_394 + 479_250) * 100


@pytest.fixture
def params(tmp_path):
    shutil.copytree(PARAMS, tmp_path / "params")
    return tmp_path / "params"


def _avenant(params: Path, effet: str = "2025-06-01") -> None:
    folder = params / "contrats/55/solidarites/avenant-1"
    (folder / "actions").mkdir(parents=True)
    (folder / "contrat.yaml").write_text(
        f'version: {{code: avenant-1, libelle: "Avenant 1", effet: "{effet}", source: "essai"}}\n',
        encoding="utf-8",
    )
    (folder / "actions/01.yaml").write_text(
        'code: "1"\nfinancements:\n  - {exercice: 2025, source: "avenant 1, annexe 3", '
        "retenu: true, montants: {etat: 50000, cd: 60000}}\n",
        encoding="utf-8",
    )
    registre = params / "registre.yaml"
    text = registre.read_text(encoding="utf-8")
    registre.write_text(
        text.replace("[2024-06-20-initial]", "[2024-06-20-initial, avenant-1]", 1), encoding="utf-8"
    )


def test_an_avenant_adds_a_version_and_changes_nothing_before_it(params):
    _avenant(params)
    after = load_contrats("55", params=params)["solidarites"]
    before = load_contrats("55", date(2025, 5, 31), params=params)["solidarites"]
    assert after.actions["1"].plan(2025) == {"etat": 5000000, "cd": 6000000}
    assert before.actions["1"].plan(2025) is None
    assert before.actions["1"].plan(2024) == after.actions["1"].plan(2024)
    assert after.version.code == "avenant-1" and len(after.versions) == 2


def test_error_avenant_before_its_contract(params):
    _avenant(params, effet="2023-01-01")
    with pytest.raises(BilanError, match="version.effet.*après celle du contrat"):
        load_contrats("55", params=params)


def _version(params: Path, contrat: str, name: str, head: str) -> None:
    folder = params / "contrats/55" / contrat / name
    folder.mkdir()
    (folder / "contrat.yaml").write_text(head, encoding="utf-8")
    registre = params / "registre.yaml"
    content = yaml.safe_load(registre.read_text(encoding="utf-8"))
    content["departements"]["55"]["contrats"][contrat]["versions"].append(name)
    registre.write_text(yaml.safe_dump(content), encoding="utf-8")


_SIGNED = 'version: {{code: x, libelle: x, effet: "2024-07-01", signature: "{}", source: x}}\n'
_HEAD = 'version: {{code: x, libelle: x, effet: "{}", source: x}}\n'


@pytest.mark.parametrize(
    ("name", "head", "message"),
    [
        ("av", _HEAD.format("2023-12-31"), "av/contrat.yaml.*« 2023-12-31 », avant le contrat"),
        ("2024-03-01-av", _HEAD.format("2024-07-01"), "daté d'après le contrat, du 2024-06-20"),
        ("av", _HEAD.format("bientôt"), "la date d'effet de la version, AAAA-MM-JJ ; trouvé « bie"),
        ("av", "titre: x\n", "champ « version.effet ».*trouvé rien"),
        ("av", _SIGNED.format("le 3 juillet"), "version.signature.*AAAA-MM-JJ.*« le 3 juillet »"),
        ("av", _SIGNED.format("20240703"), "version.signature.*trouvé « 20240703 »"),
    ],
)
def test_error_in_a_version(params, name, head, message):
    _version(params, "emploi", name, head)
    with pytest.raises(BilanError, match=message):
        load_contrats("55", params=params)


def test_the_date_of_signature_is_entered_and_is_not_that_of_the_deliberation(params):
    assert [c.version.signature for c in load_contrats("55").values()] == [None, None]
    path = params / "contrats/55/emploi/2024-06-20-initial/contrat.yaml"
    text = path.read_text("utf-8").replace("signature: null", 'signature: "2024-07-03"')
    path.write_text(text, encoding="utf-8")
    assert load_contrats("55", params=params)["emploi"].version.signature == date(2024, 7, 3)


def test_error_avenants_out_of_order_and_every_contract_at_once(params):
    _version(params, "solidarites", "av-1", _HEAD.format("2025-06-01"))
    _version(params, "solidarites", "av-2", _HEAD.format("2025-03-01"))
    _version(params, "emploi", "av-3", _HEAD.format("2020-01-01"))
    with pytest.raises(BilanError) as error:
        load_contrats("55", params=params)
    words = str(error.value)
    assert (
        "solidarites/av-2/contrat.yaml" in words and "celle de l'avenant précédent (av-1)" in words
    )
    assert "emploi/av-3/contrat.yaml" in words and len(error.value.problems) == 2


def test_error_version_without_folder(params):
    registre = params / "registre.yaml"
    text = registre.read_text(encoding="utf-8")
    registre.write_text(text.replace("-initial]", "-initial, perdu]", 1), encoding="utf-8")
    with pytest.raises(BilanError, match="perdu/contrat.yaml : .*fichier absent"):
        load_contrats("55", params=params)


def test_an_avenant_of_a_later_year_keeps_the_figures_of_the_first(params):
    """Clauses of 2025 have their own codes: the ceiling of 2024 stays 479 250 €."""
    head = _HEAD.format("2025-01-01") + (
        'clauses:\n  - {code: volet_3_2025, valeur: 500000, article: "avenant, art. 1"}\n'
    )
    _version(params, "emploi", "av", head)
    emploi = load_contrats("55", params=params)["emploi"]
    assert emploi.clauses["plafond_v3"].valeur == 479250
    assert emploi.clauses["volet_3_2025"].valeur == 500000
    assert emploi.clauses["volet_3_2025"].groupes == ["v3"]


def test_error_unknown_departement():
    with pytest.raises(BilanError, match="attendu un département parmi 55 ; trouvé « 99 »"):
        load_contrats("99")


def test_error_names_file_and_key(params):
    path = next((params / "contrats/55/emploi/2024-06-20-initial/actions").glob("v2-1*"))
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("libelle:", "libele:", 1), encoding="utf-8")
    with pytest.raises(BilanError) as error:
        load_contrats("55", params=params)
    assert path.name in str(error.value) and "libele" in str(error.value)
    assert "« libelle » : attendu cette clé" in str(error.value)


def test_error_broken_yaml(params):
    path = params / "contrats/55/emploi/2024-06-20-initial/contrat.yaml"
    path.write_text(path.read_text(encoding="utf-8") + "\nx: [1\n", encoding="utf-8")
    with pytest.raises(BilanError, match="contrat.yaml, ligne .* un fichier YAML valide"):
        load_contrats("55", params=params)


INITIAL = "contrats/55/emploi/2024-06-20-initial"


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        (f"{INITIAL}/contrat.yaml", "groupes:", "groupe:", "champ « groupes » : attendu les axes"),
        (f"{INITIAL}/contrat.yaml", "version:", "versions:",
         "champ « version.effet » : attendu la date d'effet de la version"),
        (f"{INITIAL}/contrat.yaml", 'effet: "2024-01-01"', 'effet: "2024-13-01"',
         "attendu la date d'effet de la version, AAAA-MM-JJ ; trouvé « 2024-13-01 »"),
        (f"{INITIAL}/contrat.yaml", "  - {code: plafond_total, ", "  - {cod: plafond_total, ",
         "champ « clauses.2 » : attendu un élément de liste avec code"),
        (f"{INITIAL}/actions/v2-1-referents.yaml", 'code: "v2-1"', "code: 21",
         "attendu le code de l'action, entre guillemets ; trouvé « 21 »"),
        (f"{INITIAL}/actions/v2-1-referents.yaml", "groupe: v2", "groupe: v9",
         "champ « groupe » : attendu un axe ou un volet de contrat.yaml ; trouvé « v9 »"),
        (f"{INITIAL}/actions/v2-1-referents.yaml", "etat: 72500", "etat: 72500.5",
         "attendu un entier d'euros ou un décimal entre guillemets"),
        (f"{INITIAL}/actions/v2-1-referents.yaml", "etat: 72500", 'etat: "72500,505"',
         "attendu un montant en euros ; trouvé « 72500,505 »"),
        (f"{INITIAL}/actions/v2-1-referents.yaml", "etat: 72500", 'etat: "72500.505"',
         "attendu au plus deux décimales ; trouvé « 72500.505 »"),
        (f"{INITIAL}/actions/v2-1-referents.yaml", "sens: hausse", "sens: haut",
         "attendu une valeur parmi 'hausse'"),
        (f"{INITIAL}/indicateurs_nationaux.yaml", "indicateurs:", "indicateur:",
         "champ « indicateurs » : attendu cette clé ; trouvé rien"),
        (f"{INITIAL}/contrat.yaml", "imprimes:", "[]\nx:",
         "attendu un fichier YAML valide ; trouvé une erreur de syntaxe près de « x: »"),
        ("registre.yaml", "departements:", "departement:",
         "champ « departements » : attendu cette clé"),
        ("interpretations.yaml", "interpretations:", "interpretation:",
         "interpretations.yaml, champ « interpretations » : attendu un code unique, les clés"),
        ("interpretations-indicateurs.yaml", "  - code: sens-hausse", "  - cod: sens-hausse",
         "interpretations-indicateurs.yaml, champ « interpretations » : attendu un code unique"),
        ("registre.yaml", "exercices: [2024, 2025]", "exercices: tous",
         "contrats.emploi.exercices » : attendu une liste ; trouvé « tous »"),
    ],
)  # fmt: skip
def test_error_in_a_file_of_the_contract(params, file, old, new, message):
    """Each names the file and the key, and none is an internal error."""
    path = params / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(BilanError) as error:
        load_contrats("55", params=params)
    assert message in str(error.value) and path.name in str(error.value)


@pytest.mark.parametrize(
    "content",
    ["", "un texte", "- 1", "{[a]: 1}", "a: &b", "a: *b", "a: 2024-13-01", "a: !x 1", "\x00"],
)
@pytest.mark.parametrize(
    "file", ["registre.yaml", f"{INITIAL}/contrat.yaml", f"{INITIAL}/indicateurs_nationaux.yaml"]
)
def test_error_a_file_that_is_something_else(params, file, content):
    (params / file).write_text(content, encoding="utf-8")
    with pytest.raises(BilanError, match=Path(file).name):
        load_contrats("55", params=params)


def test_error_absent_file_and_other_encoding(params):
    path = params / INITIAL / "contrat.yaml"
    path.write_bytes("titre: été".encode("cp1252"))
    with pytest.raises(BilanError, match="contrat.yaml.* trouvé un encodage autre que UTF-8"):
        load_contrats("55", params=params)
    path.unlink()
    with pytest.raises(BilanError, match="contrat.yaml.* trouvé un fichier absent"):
        load_contrats("55", params=params)


def test_an_avenant_adds_its_printed_totals_to_those_of_before(params):
    _avenant(params)
    path = params / "contrats/55/solidarites/avenant-1/contrat.yaml"
    total = (
        '{niveau: axe, code: "1", financeur: etat, montant: 110000, exercice: 2025, source: "a"}'
    )
    path.write_text(path.read_text("utf-8") + f"imprimes:\n  - {total}\n", encoding="utf-8")
    before = load_contrats("55", date(2025, 5, 31), params=params)["solidarites"].imprimes
    after = load_contrats("55", params=params)["solidarites"].imprimes
    assert len(before) == 16 and after[:16] == before
    assert (after[16].exercice, after[16].montant) == (2025, 11000000)


def test_error_missing_code(params):
    path = params / "contrats/55/emploi/2024-06-20-initial/actions/zz.yaml"
    path.write_text("libelle: x\n", encoding="utf-8")
    with pytest.raises(BilanError, match="zz.yaml, champ « code »"):
        load_contrats("55", params=params)


def test_error_two_files_for_one_action(params):
    folder = params / "contrats/55/emploi/2024-06-20-initial/actions"
    shutil.copy(next(folder.glob("v2-1*")), folder / "zz.yaml")
    with pytest.raises(BilanError, match="zz.yaml.*un fichier par action.*déjà dans v2-1"):
        load_contrats("55", params=params)


def _broken(params: Path, before: str, after: str) -> str:
    path = params / "contrats/55/emploi/2024-06-20-initial/indicateurs_nationaux.yaml"
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after, 1), encoding="utf-8")
    with pytest.raises(BilanError) as error:
        load_contrats("55", params=params)
    return str(error.value)


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("sens-aucun", "sens-oublie", "fondements.sens.*attendu le code d'une interprétation"),
        ("nat/nouveaux-entrants", "nat/sortants", "formule.*<action>/<code>.*« nat/sortants »"),
        ("nature: flux-annuel, ", "", "attendu un fondement pour nature|fondement pour nature"),
        ('sur: "nat/nouveaux-entrants", ', "", "la clé « sur » pour un rapport"),
        ("nature: flux\n", "nature: cumul\n    additif: true\n", "« additif » pour un flux"),
    ],
)
def test_error_indicator_without_its_reading(params, before, after, words):
    assert re.search(words, _broken(params, before, after))
