"""The table of figures: one row per figure, one registry, one aggregation."""

from __future__ import annotations

import csv
from dataclasses import replace

import pandas as pd
import pytest
from fabrique import lignes_publiques

from analyses.chiffres.agregation import add
from analyses.chiffres.chiffre import CLE, Chiffre, Rapport
from analyses.chiffres.documentation import PAGE, page
from analyses.chiffres.effets import effects_table
from analyses.chiffres.mesures import check_clauses, load_mesures
from analyses.chiffres.table import COLONNES, PUBLIQUES, public, tabulate, values
from analyses.cli import main
from analyses.contrat.citations import LECTURES
from analyses.contrat.load import load_contrats
from analyses.contrat.parametres import load_interpretations
from analyses.socle import paths
from analyses.socle.problems import BilanError

CONTRATS = load_contrats("55")
UN = Chiffre("realise", "emploi", 2024, "action", "v2-1", "total", 12_345)


@pytest.fixture(scope="module")
def bilan(tmp_path_factory):
    from analyses.bilan import load

    folder = tmp_path_factory.mktemp("chiffres")
    assert main(["exemple", "--sortie", str(folder / "raw")]) == 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(paths, "PROCESSED", folder / "processed")
        yield load("55", 2025, "", folder / "raw", "periode", preparer=True)


def test_one_row_is_one_figure(bilan):
    table = bilan.chiffres
    assert list(table.columns) == COLONNES
    assert not table.duplicated(list(CLE)).any()
    assert not table["identifiant"].duplicated().any()
    assert str(table["centimes"].dtype) == str(table["connu"].dtype) == "Int64"
    known = table["statut"] == "calcule"
    given = [value is not None for value in values(table)]
    assert (known == pd.Series(given, index=table.index)).all()
    assert table[~known]["statut"].isin(["non_renseigne", "sans_objet", "non_evaluable"]).all()


def test_sums_add_up_at_every_level(bilan):
    """What is said of actions adds up to what is said of axes, volets and contracts."""
    table = bilan.chiffres
    summed = [code for code, m in load_mesures().items() if m.agregation == "somme"]
    own = table[table["mesure"].isin(summed)]
    checked = 0
    for key, rows in own.groupby(["mesure", "contrat", "exercice", "financeur", "detail"]):
        whole = rows[rows["niveau"] == "contrat"]
        actions = rows[rows["niveau"] == "action"]
        given = key[0] in ("verse", "plafond", "a_rembourser")  # a rule may give the whole
        if given or not len(whole) or pd.isna(whole["centimes"].iloc[0]):
            continue
        assert whole["centimes"].iloc[0] == actions["centimes"].sum(), key
        checked += 1
    assert checked > 150


def test_ratios_come_from_the_sums_of_their_place(bilan):
    table = bilan.chiffres
    place = ["contrat", "exercice", "niveau", "code", "financeur"]
    sums = table[(table["detail"] == "")].set_index(["mesure", *place])["centimes"]
    rates = table[(table["mesure"] == "taux_execution") & (table["statut"] == "calcule")]
    assert len(rates) > 100
    for row in rates.itertuples(index=False):
        key = tuple(getattr(row, name) for name in place)
        top = sums.get(("realise", *key), sums.get(("consomme", *key)))
        assert (row.numerateur, row.denominateur) == (top, sums["prevu", *key])


def test_public_form_keeps_its_eleven_columns(bilan):
    table = public(bilan.chiffres)
    assert list(table.columns) == PUBLIQUES
    assert PUBLIQUES[:11] == [
        *("mesure", "contrat", "exercice", "niveau", "code", "financeur"),
        *("valeur", "unite", "statut", "article", "lecture"),
    ]
    assert ((table["valeur"] == "") == (table["statut"] != "calcule")).all()
    assert table.map(lambda cell: isinstance(cell, str)).all().all()


def test_readings_and_results_say_the_same(bilan):
    """What lectures.csv says is kept is what resultats.csv says, for every figure it lists."""
    from analyses.chiffres.effets import effects

    frame = effects(
        bilan.preparations,
        bilan.regles,
        load_interpretations(),
        bilan.exercices,
        load_mesures(),
    )
    kept = bilan.resultats.set_index(list(CLE))["valeur"]
    moved = effects_table(frame)
    assert len(moved) > 100
    for row in moved.to_dict("records"):
        key = tuple(row[name] for name in CLE)
        assert kept.get(key, "") == row["retenu"], row


def test_documentation_is_made_from_the_registry():
    assert PAGE.read_text(encoding="utf-8") == page()


def test_every_measure_of_a_bilan_is_in_the_registry_and_used(bilan):
    used = set(bilan.chiffres["mesure"])
    sometimes = {"recette_non_repartie", "report_declare", "report_calcule", "ecart_report"}
    assert set(load_mesures()) - used <= sometimes


# --- bad input ------------------------------------------------------------------------------


def _registry(tmp_path, text: str):
    (tmp_path / "mesures.yaml").write_text(text, encoding="utf-8")
    return tmp_path


GOOD = "titre: T, sens: s, unite: euros, agregation: somme, origine: [lignes]"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x", "attendu les mesures, par code ; trouvé un autre contenu"),
        ("mesures: {a: {titre: T}}", "champ « a.sens » : attendu cette clé"),
        (f"mesures: {{a: {{{GOOD}, clause: 3}}}}", "a.clause.* attendu un genre de clause"),
        (f"mesures: {{a: {{{GOOD}, autre: 3}}}}", "a.autre.* attendu une clé du schéma"),
        (f"mesures: {{a: {{{GOOD.replace('somme', 'rapport')}}}}}", "un numérateur et un dénom"),
        (
            f"mesures: {{a: {{{GOOD.replace('somme', 'rapport')}, numerateur: [b], "
            "denominateur: c}}",
            "attendu une mesure du registre ; trouvé « b »",
        ),
        (
            f"mesures: {{a: {{{GOOD.replace('somme', 'difference')}, moins: a}}}}",
            "attendu « de » et « moins » pour une différence, et pour elle seule",
        ),
    ],
)
def test_a_broken_registry_is_named(tmp_path, text, words):
    with pytest.raises(BilanError, match=words):
        load_mesures(_registry(tmp_path, text))


def test_a_kind_of_clause_that_no_contract_has_is_named(tmp_path):
    mesures = load_mesures(_registry(tmp_path, f"mesures: {{a: {{{GOOD}, clause: rien}}}}"))
    with pytest.raises(BilanError, match="« a » : attendu un genre de clause qu'un contrat a"):
        check_clauses(mesures, CONTRATS.values())


def test_a_measure_that_the_registry_lacks_is_named():
    with pytest.raises(BilanError, match="« inconnue » : attendu une mesure du registre"):
        lignes_publiques([replace(UN, mesure="inconnue")], CONTRATS)


def test_a_figure_with_two_rows_is_named():
    with pytest.raises(BilanError, match="realise:emploi:2024:action:v2-1:total.*une ligne"):
        tabulate([UN, UN], {2024: CONTRATS}, load_mesures(), {}, False)


def test_a_contract_without_the_clause_cites_none():
    bare = CONTRATS["emploi"].model_copy(update={"clauses": {}, "fondements": {}})
    assert lignes_publiques([UN], {"emploi": bare})["article"].tolist() == [""]


def test_nothing_unknown_is_counted():
    lost = replace(UN, valeur=None, statut="non_renseigne")
    assert add([UN, lost]) == (None, "non_renseigne", 12_345)
    assert add([lost]) == (None, "non_renseigne", None)
    assert Rapport(1, 3).exact * 3 == 1


# --- the command ----------------------------------------------------------------------------


def test_command_prints_and_writes_the_table(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(paths, "PROCESSED", tmp_path / "processed")
    assert main(["exemple", "--sortie", str(tmp_path / "raw")]) == 0
    scope = ["chiffres", "--exercice", "2024", "--donnees", str(tmp_path / "raw")]
    assert main([*scope, "--csv", str(tmp_path / "c.csv")]) == 0
    with (tmp_path / "c.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == PUBLIQUES and len(rows) > 3000
    assert main([*scope, "--arrete-au", "2024-06-30"]) == 0
    out = capsys.readouterr().out
    assert "realise:emploi:2024:volet:v2:total" in out and "Données simulées" in out
    assert main([*scope, "--csv", str(tmp_path / "absent" / "c.csv")]) == 1
    assert "attendu un fichier où l'on peut écrire" in capsys.readouterr().err


# --- one computation for a run ---------------------------------------------------------------


def test_part_of_a_bilan_is_the_bilan_of_that_part(bilan, monkeypatch):
    """What a run computes over its exercises, seen for one: what a notebook alone computes."""
    from analyses.bilan import load
    from analyses.instantane import key, share

    donnees = paths.PROCESSED.parent / "raw"
    alone = load("55", 2025, "", donnees)
    part = bilan.pour([2025])
    pd.testing.assert_frame_equal(part.chiffres, alone.chiffres)
    pd.testing.assert_frame_equal(part.resultats, alone.resultats)
    pd.testing.assert_frame_equal(part.effets, alone.effets)
    assert [d.exercice for d in part.anterieurs] == [d.exercice for d in alone.anterieurs]
    with share(key("55", None, donnees), bilan):
        monkeypatch.setattr("analyses.bilan.open_depots", None)  # nothing is read again
        shared = load("55", 2025, "", donnees)
    pd.testing.assert_frame_equal(shared.chiffres, alone.chiffres)


# --- readings with a posture -----------------------------------------------------------------


def test_the_other_posture_is_run_as_a_whole_once(bilan):
    """All the readings of the other posture together, beside each one alone."""
    frame = bilan.effets
    rows = frame[frame["interpretation"] == "posture"].reset_index(drop=True)
    assert set(rows["lecture"]) == {"favorable"}
    assert {"du", "solde", "a_reporter"} <= set(rows["mesure"])
    kept = bilan.resultats.set_index(list(CLE))["valeur"]
    for row in effects_table(rows).to_dict("records"):
        assert kept.get(tuple(row[name] for name in CLE), "") == row["retenu"], row
    more = rows[(rows["mesure"] == "du") & (rows["niveau"] == "contrat")]
    assert len(more) and (more["ecart"] > 0).all()  # favourable to the département


def test_what_is_judged_has_its_readings_too(bilan):
    frame = bilan.effets
    zero = frame[frame["interpretation"] == "cible-zero"]
    assert set(zero["lecture"]) == {"atteinte"}
    status = zero[zero["mesure"] == "statut_atteinte"]
    assert len(status) and set(status["valeur"]) == {"atteint"} and set(status["retenu"]) == {None}


def test_a_posture_moves_only_what_a_rule_computes(bilan):
    """A reading that nothing recomputes cannot follow the posture: it would be said, not done."""
    for row in load_interpretations():
        assert row["code"] in LECTURES or row["prudente"] == row["favorable"], row["code"]
        assert row["retenue"] == row["prudente"] or row["propre"], row["code"]


def test_what_is_sent_lists_the_readings_without_amounts(bilan):
    from analyses.rendu import regles

    shown = regles.retenues(bilan)
    assert {"base-volet-2", "forfait-volet-1", "cible-zero"} <= set(shown["code_interpretation"])
    assert not shown["lecture_retenue"].str.contains("€").any()
    for name in ("bilan", "rapport-execution", "etat-avancement"):
        source = (paths.NOTEBOOKS / f"{name}.ipynb").read_text("utf-8")
        assert "regles.effets" not in source and "regles.retenues(b)" in source, name
    assert "Posture : prudente" in regles.posture().data
    table = regles.interpretations().set_index("code_interpretation")["favorise"]
    assert table["forfait-volet-1"] == "l'État (par la posture)"
    assert table["plafond-volet-3"] == "le Département (pour sa propre raison)"
    assert table["jour-de-personnel"] == "neutre"
    moved = regles.effet_posture(bilan, ["du", "solde"])
    assert len(moved) and list(moved) == ["chiffre", "retenu", "serait", "ecart"]
    assert "posture favorable" in regles.legende_posture(bilan)
    assert set(regles.effets(bilan, ["contrat"])["interpretation"]) - {"posture"}


def test_the_money_at_stake_is_one_amount_everywhere(bilan, tmp_path):
    """The first page, notebook 03 and the workbook say the row of the table."""
    import openpyxl

    from analyses.rendu import show, show_risque
    from analyses.rendu.workbook import write_workbook
    from analyses.socle import fmt

    b = bilan.pour([2024])
    write_workbook(tmp_path / "t.xlsx", b)
    book = openpyxl.load_workbook(tmp_path / "t.xlsx", data_only=True)
    first, third = show.essentiel(b).data, show_risque.reponse(b).data
    wanted = "mesure == 'montant_a_risque' and niveau == 'contrat' and financeur == 'etat'"
    for row in b.chiffres.query(wanted).itertuples(index=False):
        words = fmt.euros(int(row.centimes))
        assert f"argent de l'État en jeu : {words}" in first
        assert f"Argent de l'État en jeu : {words}" in third
        sheet = book[
            "En jeu " + {"solidarites": "Solidarités"}.get(row.contrat, "Insertion-emploi")
        ]
        cells = [cell.value for line in sheet.iter_rows() for cell in line]
        assert round(int(row.centimes) / 100, 2) in cells, row.contrat
