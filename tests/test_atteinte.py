"""Attainment over the years: progress, pace, counts, money beside results, questions. By hand."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction as F
from pathlib import Path

import fabrique
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyses.atteinte.formations import formations, gaps
from analyses.atteinte.indicateurs import attainment, compare, judge
from analyses.atteinte.questions import questions
from analyses.atteinte.synthese import (
    STATUTS,
    counts,
    pace,
    quadrants,
    sensitivity,
)
from analyses.chiffres.atteinte import atteinte_figures
from analyses.chiffres.chiffre import Rapport
from analyses.chiffres.table import PUBLIQUES
from analyses.contrat.cell import read_cell
from analyses.contrat.load import load_contrats
from analyses.contrat.parametres import load_seuils
from analyses.depot.exercice import Depot
from analyses.execution.execution import Execution

SEUILS = load_seuils()
YEARS = (2024, 2025)


@pytest.fixture(scope="module")
def contrats():
    return load_contrats("55")


def depot(year: int, *results: tuple[str, str, str], contrat: str = "solidarites") -> Depot:
    """A depot with its results only: (action, indicator, result)."""
    return fabrique.depot(year, resultats=fabrique.resultats(year, *results, contrat=contrat))


def rows(contrats, *depots: Depot, seuils=SEUILS) -> dict[tuple[str, int], dict]:
    frame = attainment(contrats, depots, seuils)
    return {(r["code"], r["exercice"]): r for r in frame.to_dict("records")}


# Reading a result as its indicator counts


@pytest.mark.parametrize(
    ("contrat", "action", "slug", "text", "status", "rate"),
    [
        ("solidarites", "9", "recrutement", "oui", "atteint", F(1)),  # 1 for 1
        ("solidarites", "9", "recrutement", "non", "non_atteint", F(0)),
        ("solidarites", "11", "personnes-formees", "+18", "atteint", F(6, 5)),  # 18 / 15
        ("solidarites", "1", "familles", "+18", "non_evaluable", None),  # over what?
        ("solidarites", "1", "familles", "oui", "non_evaluable", None),
        ("solidarites", "1", "familles", "90 %", "non_evaluable", None),
        ("solidarites", "1", "familles", "900 €", "non_evaluable", None),
        ("emploi", "v2-1", "sorties-positives", "30", "partiellement", F(3, 4)),  # 30 % / 40 %
        ("emploi", "v2-1", "sorties-positives", "0,3", "non_evaluable", None),  # 0,3 % or 30 % ?
        ("emploi", "v2-5", "sorties-positives", "30", "non_evaluable", None),  # 30 exits or 30 % ?
        ("emploi", "v2-5", "sorties-positives", "30 %", "partiellement", F(3, 5)),  # 30 % / 50 %
        ("emploi", "v2-5", "salaries", "8 salariés", "partiellement", F(4, 5)),
        ("solidarites", "9", "rencontres-territoriales", "2*1", "partiellement", F(1, 2)),
    ],
)
def test_a_result_is_read_as_its_indicator_counts(
    contrats, contrat, action, slug, text, status, rate
):
    found = rows(contrats, depot(2024, (action, slug, text), contrat=contrat))
    row = next(
        r for (code, year), r in found.items()
        if (code, year, r["contrat"]) == (f"{action}/{slug}", 2024, contrat)
    )  # fmt: skip
    assert (row["statut"], row["taux"]) == (status, rate)


def test_orientation_rate_comes_from_two_counts(contrats):
    """300 oriented of 400 new entrants: 75 %, against « 100% »; the count stays a count."""
    given_ = [("nat", "nouveaux-entrants", "400"), ("nat", "orientes-15-jours", "300")]
    found = rows(contrats, depot(2024, *given_, contrat="emploi"))
    row = found["nat/orientes-15-jours", 2024]
    assert (row["resultat"], row["resultat_compare"], row["taux"]) == (300, F(3, 4), F(3, 4))
    assert row["statut"] == "partiellement" and "nat/nouveaux-entrants" in row["lecture"]
    assert found["nat/nouveaux-entrants", 2024]["statut"] == "non_evaluable"
    alone = rows(contrats, depot(2024, given_[1], contrat="emploi"))
    assert alone["nat/orientes-15-jours", 2024]["statut"] == "non_renseigne"


@pytest.mark.parametrize(
    ("sens", "result", "tolerance", "status"),
    [
        ("hausse", 96, F(0), "partiellement"),
        ("hausse", 96, F(5, 100), "atteint"),  # 96 / 100 >= 0.95
        ("hausse", 94, F(5, 100), "partiellement"),
        ("baisse", 105, F(5, 100), "atteint"),  # 100 / 105 = 0.952
        ("baisse", 106, F(5, 100), "partiellement"),  # 0.943
        ("valeur", 104, F(5, 100), "atteint"),  # 1 - 4/100
        ("valeur", 100, F(0), "atteint"),
        ("valeur", 140, F(0), "partiellement"),  # 0.6
        ("valeur", 160, F(0), "non_atteint"),  # 0.4
    ],
)
def test_tolerance_and_direction(sens, result, tolerance, status):
    assert judge(F(100), F(result), sens, F(1, 2), tolerance)[0] == status


@given(st.integers(1, 10**6), st.integers(0, 10**6), st.sampled_from(["hausse", "baisse"]))
def test_a_tolerance_never_takes_an_attained_target_away(target, result, sens):
    strict = judge(F(target), F(result), sens, F(1, 2), F(0))
    loose = judge(F(target), F(result), sens, F(1, 2), F(1, 10))
    assert loose[0] == "atteint" or loose == strict
    assert loose[1] == strict[1]


def test_an_observed_indicator_is_not_judged():
    cells = [read_cell("/"), read_cell("10")]
    verdict = compare(cells, read_cell("12"), "aucun", F(1, 2))
    assert (verdict.statut, verdict.taux) == ("non_evaluable", None)


# Progress and pace


def _path(row: dict) -> tuple:
    return tuple(row[k] for k in ("progression", "attendu", "attendu_taux", "attendu_lineaire"))


def test_years_that_add_up(contrats):
    """3/actions-realisees 3, 5, 7, 7 (22 in all). 2024: 2, so 2/22; pace 2/3, expected 22 × 2/3;
    same quantity each year: 2 × 4 = 8. 2025: 2 + 6 = 8 of 3 + 5 = 8: on time, 22 expected."""
    found = rows(
        contrats,
        depot(2024, ("3", "actions-realisees", "2")),
        depot(2025, ("3", "actions-realisees", "6")),
    )
    first, second = (found["3/actions-realisees", year] for year in YEARS)
    assert _path(first) == (F(2, 22), F(44, 3), F(2, 3), 8)
    assert _path(second) == (F(8, 22), 22, 1, 16)


def test_a_missing_year_leaves_the_sum_unknown(contrats):
    found = rows(contrats, depot(2025, ("3", "actions-realisees", "6")))
    row = found["3/actions-realisees", 2025]
    assert _path(row) == (None,) * 4 and row["parcours_statut"] == "non_renseigne"
    assert row["statut"] == "atteint"  # the year itself is judged


def test_a_level_goes_from_t0_to_its_last_target(contrats):
    """11/cumul-acteurs 7 -> 8, 9, 9, 9; 9 in 2024: whole way (9 − 7)/(9 − 7); pace 2/1, so
    7 + 2 × 2 = 11 expected; linear 9 + 2 × 3 = 15."""
    row = rows(contrats, depot(2024, ("11", "cumul-acteurs", "9")))["11/cumul-acteurs", 2024]
    assert _path(row) == (1, 11, F(11, 9), 15)


def test_increments_over_t0(contrats):
    """Annexe 4: 131, then +25 a year (231 at the end). +27 in 2024, +21 in 2025: 179 reached;
    progress 48/100; pace 48/50, so 131 + 100 × 48/50 = 227; linear 179 + 24 × 2 = 227."""
    found = rows(
        contrats,
        depot(2024, ("nat", "professionnels-formes", "+27")),
        depot(2025, ("nat", "professionnels-formes", "+21")),
    )
    first, second = (found["nat/professionnels-formes", year] for year in YEARS)
    assert (first["statut"], second["statut"]) == ("atteint", "partiellement")
    assert second["resultat_niveau"] == 179 and second["cible_niveau"] == 181
    assert _path(second) == (F(48, 100), 227, F(227, 231), 227)


def test_years_that_do_not_add_up_keep_their_last_rate(contrats):
    """10/personnes-recues 300 -> 350, 400, 400, then '/'. 280 in 2024: 280/350 = 0.8 of 400 in
    2026, 320; linear (280 − 300) a year: 280 − 40 = 240."""
    row = rows(contrats, depot(2024, ("10", "personnes-recues", "280")))
    assert _path(row["10/personnes-recues", 2024]) == (None, 320, F(4, 5), 240)


def test_a_cumulative_t0_is_not_in_the_path(contrats):
    """12/professionnels-formes: T0 69 cumulates the years before, 10 and 10 are yearly: 8 of 20."""
    found = rows(contrats, depot(2024, ("12", "professionnels-formes", "8")))
    row = found["12/professionnels-formes", 2024]
    assert not row["t0_comparable"] and row["progression"] == F(8, 20)


@pytest.mark.parametrize(
    ("action", "slug", "text", "status"),
    [
        ("5", "jeunes-en-cursus", "12", "non_evaluable"),  # no target printed
        ("15", "gir-nouvelles-demandes", "X GIR 4", "non_evaluable"),
        ("nat", "bidonvilles", "", "sans_objet"),
        ("16", "equipe-experimentale", "/", "sans_objet"),  # nothing aimed at before 2026
        ("20", "dossiers-accompagnes", "0", "non_evaluable"),  # last target in words
    ],
)
def test_no_path_is_said(contrats, action, slug, text, status):
    row = rows(contrats, depot(2024, (action, slug, text)))[f"{action}/{slug}", 2024]
    assert row["parcours_statut"] == status and row["attendu"] is None


@given(st.lists(st.sampled_from(["", "0", "5", "12", "/", "?", "+3", "40 %", "oui", "NC"]),
                min_size=2, max_size=2))  # fmt: skip
def test_every_shape_of_result_has_a_path_or_a_reason(texts):
    contrats = load_contrats("55")
    depots = []
    for year, text in zip(YEARS, texts, strict=True):
        told = [(a, i.code, text) for a, i in contrats["solidarites"].indicateurs()]
        depots.append(depot(year, *told))
    for row in rows(contrats, *depots).values():
        assert row["parcours_statut"] in ("calcule", "non_renseigne", "non_evaluable", "sans_objet")
        if row["parcours_statut"] != "calcule":
            assert _path(row) == (None,) * 4


# Counts, money, sensitivity


def test_counts_add_up(contrats):
    """Action 4 (2 indicators) and 13 (2): axe sums its actions, contract adds the national ones."""
    frame = attainment(
        contrats,
        [depot(2024, ("4", "lieux-ecoute-jeunes", "3"), ("4", "prevention-addictions", "5"))],
        SEUILS,
    )
    table = counts(frame, contrats, [2024])
    by_place = {(r["contrat"], r["niveau"], r["code"]): r for r in table.to_dict("records")}
    action = by_place["solidarites", "action", "4"]
    assert [action[s] for s in STATUTS] == [1, 1, 0, 0, 0, 0]  # 3/3 ; 5/8 >= 1/2
    for status in STATUTS:
        axes = sum(by_place["solidarites", "axe", code][status] for code in "134")
        local = sum(
            r[status] for (c, n, code), r in by_place.items()
            if (c, n) == ("solidarites", "action") and code != "nat"
        )  # fmt: skip
        whole = by_place["solidarites", "contrat", "solidarites"][status]
        assert axes == local == whole - by_place["solidarites", "action", "nat"][status]
    totals = [sum(by_place[k][s] for s in STATUTS) for k in by_place if k[1] == "contrat"]
    assert totals == [71, 23] == [by_place[k]["cibles"] for k in by_place if k[1] == "contrat"]
    assert (action["jugees"], action["cibles"]) == (2, 2)


def _run(year: int = 2024, **by_action: dict) -> Execution:
    head = {"contrat": "solidarites", "prevu": 100, "realise": 90, "taux": F(9, 10)}
    rows_ = [head | {"action": code} | given for code, given in by_action.items()]
    return fabrique.execution(year, par_action=rows_)


def test_money_beside_results(contrats):
    """Action 4: 90 % spent, 1 of 2 attained; 13: 10 % spent, 2 of 2; 1: 90 %, 0 of 2; 14: plan
    unknown; 15: no credit; 20: no result."""
    frame = attainment(
        contrats,
        [
            depot(
                2024,
                ("4", "lieux-ecoute-jeunes", "3"),
                ("4", "prevention-addictions", "1"),
                ("13", "personnes-accompagnees", "20"),
                ("13", "relais-partenariaux", "15"),
                ("1", "familles", "1"),
                ("14", "demarche-collegiale", "1"),
            )
        ],
        SEUILS,
    )
    unknown = {"prevu": None, "taux": None}
    run = _run(**{
        "4": {}, "13": {"realise": 10, "taux": F(1, 10)}, "1": {}, "14": unknown,
        "15": {"prevu": 0, "taux": None}, "20": {},
    })  # fmt: skip
    found = {r["action"]: r for r in quadrants(frame, [run], SEUILS).to_dict("records")}
    assert found["4"]["quadrant"] == "depense_atteint"  # half of the judged targets
    assert found["13"]["quadrant"] == "peu_depense_atteint"
    assert found["1"]["quadrant"] == "depense_peu_atteint"
    assert (found["14"]["quadrant"], found["14"]["lecture"]) == (
        "non_renseigne", "prévu non renseigné",
    )  # fmt: skip
    assert (found["15"]["quadrant"], found["15"]["lecture"]) == ("sans_objet", "aucun crédit prévu")
    assert (found["20"]["quadrant"], found["20"]["lecture"]) == (
        "non_renseigne", "aucune cible jugée",
    )  # fmt: skip
    assert found["7"]["quadrant"] == "non_renseigne"  # no line of execution
    read: Counter[str] = Counter()
    for one in atteinte_figures(frame, contrats, [run], [], SEUILS):
        if one.mesure == "nombre_actions":
            assert (one.niveau, one.code) == ("contrat", one.contrat)
            read[one.detail] += one.valeur
    assert list(read)[:3] == ["depense_atteint", "peu_depense_atteint", "depense_peu_atteint"]
    assert read["depense_atteint"] == read["sans_credit"] == 1
    assert sum(read.values()) == len(found)


def test_sensitivity_to_the_tolerance(contrats):
    """48/50 = 0.96 would be attained at 5 %, 322/350 = 0.92 at 10 % only."""
    frame = attainment(
        contrats,
        [
            depot(
                2024,
                ("1", "familles", "48"),
                ("9", "copil", "1"),
                ("10", "personnes-recues", "322"),
            )
        ],
        SEUILS,
    )
    assert sensitivity(frame, [2024], [F(5, 100), F(1, 10)]) == [(F(5, 100), 1), (F(1, 10), 2)]


def test_pace_counts_who_would_miss_the_last_target(contrats):
    """3/actions-realisees at 2/3 of its pace, 11/cumul-acteurs beyond its level: one of two."""
    told = depot(2024, ("3", "actions-realisees", "2"), ("11", "cumul-acteurs", "9"))
    assert pace(attainment(contrats, [told], SEUILS), 2024) == (2, 1)


# Questions to the pilots


def asked(contrats, *depots, years=(2025,)) -> dict[tuple[str, str], str]:
    frame = attainment(contrats, depots, SEUILS)
    found = questions(frame, contrats, years, SEUILS)
    assert all(q.texte.endswith(("?", ".")) for q in found)
    return {(q.code or q.action, q.genre): q.texte for q in found}


@pytest.mark.parametrize(
    ("place", "texts", "genre", "words"),
    [
        ("11/cumul-acteurs", ("9", "8"), "cumul-en-baisse", "8 après 9"),
        ("11/cumul-acteurs", ("6", "9"), None, ""),  # asked in 2024, not again in 2025
        ("10/personnes-recues", ("380", "380"), "inchange", "même que l'an dernier (380)"),
        ("5/interventions-accueils", ("1", "1"), None, ""),  # the plan itself does not change
        ("4/lieux-ecoute-jeunes", ("4", "4"), None, ""),  # a stock at its target
        ("9/groupes-thematiques", ("/", "0"), None, ""),
        (
            "16/interventions",
            ("4", "1000000"),
            "tendance",
            "\u00a0000 est très au-dessus",
        ),
        ("9/copil", ("1", "45324"), "tendance", "02/02/2024"),  # an Excel day
        ("17/personnes-accompagnees", ("430", "12"), "tendance", "12 est très au-dessous"),
        ("11/actions-collectives", ("48", "45"), None, ""),
        ("1/familles", ("40", "environ 45"), "approche", "valeur approchée"),
        ("1/familles", ("40", "-3"), "negatif", "négatif"),
        ("1/familles", ("40", "beaucoup"), "texte", "« beaucoup » est un texte"),
        ("1/familles", ("40", "NC"), "illisible", "plusieurs sens"),
        ("1/familles", ("40", "/"), "sans-objet", "alors que la cible est 60"),
        ("15/plans-non-honores", ("61 %", "120 %"), "taux", "120\u00a0% dépasse 100\u00a0%"),
        ("1/familles", ("", ""), "muet", "depuis deux ans"),
        ("nat/bidonvilles", ("", ""), None, ""),  # nothing is due
    ],
)
def test_each_contradiction_is_a_question(contrats, place, texts, genre, words):
    action, slug = place.split("/")
    depots = [depot(y, (action, slug, t)) for y, t in zip(YEARS, texts, strict=True)]
    found = {kind: text for (code, kind), text in asked(contrats, *depots).items() if code == place}
    if genre is None:
        assert not found
    else:
        assert words in found[genre]


def test_one_year_alone_is_never_silent_for_two(contrats):
    assert not asked(contrats, depot(2025), years=(2025,))


def test_cumul_below_its_t0(contrats):
    found = asked(contrats, depot(2024, ("11", "cumul-acteurs", "6")), years=(2024,))
    assert "6 après 7 (la situation initiale)" in found["11/cumul-acteurs", "cumul-en-baisse"]


def test_all_equal_to_the_target(contrats):
    """Action 13: 20 and 15, its two targets; action 4: 3 and 7 (8 aimed at)."""
    told = [
        ("13", "personnes-accompagnees", "20"),
        ("13", "relais-partenariaux", "15"),
        ("4", "lieux-ecoute-jeunes", "3"),
        ("4", "prevention-addictions", "7"),
        ("10", "personnes-recues", "350"),  # one indicator alone proves nothing
    ]
    found = asked(contrats, depot(2024, *told), years=(2024,))
    assert {place for place, genre in found if genre == "egal-aux-cibles"} == {"13"}


def test_a_national_result_against_the_sum_of_the_actions(contrats):
    """27 declared, 18 + 6 = 24 by actions 11 and 12; 24 declared would be right."""
    local = [("11", "personnes-formees", "+18"), ("12", "professionnels-formes", "6")]
    wrong = asked(
        contrats, depot(2024, *local, ("nat", "professionnels-formes", "+27")), years=(2024,)
    )
    assert "27 déclarés, 24 par les actions" in wrong["nat/professionnels-formes", "somme"]
    level = [*local, ("nat", "professionnels-formes", "155")]  # 155 − 131 = 24
    assert ("nat/professionnels-formes", "somme") not in asked(
        contrats, depot(2024, *level), years=(2024,)
    )


def test_more_oriented_than_entrants(contrats):
    told = [("nat", "nouveaux-entrants", "400"), ("nat", "orientes-15-jours", "410")]
    found = asked(contrats, depot(2024, *told, contrat="emploi"), years=(2024,))
    assert "410 sur 400" in found["nat/orientes-15-jours", "taux"]


# Training


TRAINING = pd.DataFrame(
    [
        (2024, "Socle", "présentiel", F(70), 20, 2, 16, 10, 8, "90 %", "80 %", "80 %", 2),
        (2024, "Socle", "en ligne", F(21, 2), 10, 0, 5, 5, 5, "", "55 %", "", 3),
        (2024, "Atelier", "sur site", F(6), 3, 0, 3, None, None, "", "", "", 4),
        (2025, "Socle", "en ligne", F(1), 9, 0, 9, 9, 9, "", "", "", 5),
    ],
    columns=[
        *("exercice", "formation", "modalite", "heures", "inscriptions", "incomplets", "realises"),
        *("repondants", "satisfaits", "taux_participation", "taux_realisation"),
        *("taux_satisfaction", "ligne"),
    ],
).astype(object)


def test_training_indicators():
    """33 registered; 2 + 24 = 26 started, 24 done; 13 of 15 satisfied; 70 + 10.5 + 6 hours. The
    group of 3 is not shown, nor the next smallest (10), that a subtraction would give away."""
    table = formations(TRAINING, 2024, 5)
    whole = table.iloc[0].to_dict()
    assert (whole["heures"], whole["inscriptions"], whole["intitules"]) == (F(173, 2), 33, 2)
    assert (whole["taux_participation"], whole["taux_realisation"], whole["taux_satisfaction"]) == (
        F(26, 33), F(24, 33), F(13, 15),
    )  # fmt: skip
    assert dict(zip(table["modalite"], table["montre"], strict=True)) == {
        "ensemble": True, "présentiel": True, "en ligne": False, "sur site": False,
    }  # fmt: skip
    assert gaps(TRAINING, 2024) == [(3, "taux_realisation")]  # 5/10, shown 55 %
    assert formations(None, 2024, 5).empty and formations(TRAINING, 2026, 5).empty


def test_displayed_rates_are_never_averaged():
    frame = TRAINING.assign(inscriptions=None, incomplets=None, realises=None, repondants=None)
    table = formations(frame, 2024, 0)
    assert table.iloc[0]["taux_realisation"] is None and table.iloc[0]["inscriptions"] is None
    own = table[table["modalite"] == "présentiel"].iloc[0]
    assert own["taux_realisation"] == F(4, 5)  # one course: what the platform shows


# resultats.csv


def test_rows_are_unique_documented_and_say_simulated(contrats):
    depots = [depot(2024, ("3", "actions-realisees", "2")), depot(2025)]
    depots[0].formations = TRAINING
    frame = attainment(contrats, depots, SEUILS)
    runs = [_run(year, **{"3": {}}) for year in YEARS]
    table = fabrique.lignes_publiques(
        atteinte_figures(frame, contrats, runs, depots, SEUILS), contrats, True
    )
    assert list(table.columns) == PUBLIQUES
    key = ["mesure", "contrat", "exercice", "niveau", "code", "financeur", "detail"]
    assert not table.duplicated(key).any()
    printed = table["mesure"].isin(["t0", "cible"])
    assert table[~printed]["lecture"].str.contains("Données simulées").all()
    assert set(table["statut"]) <= {"calcule", "non_renseigne", "sans_objet", "non_evaluable"}
    assert ((table["valeur"] == "") == (table["statut"] != "calcule")).all()
    doc = (Path(__file__).parents[1] / "docs/resultats.md").read_text("utf-8")
    assert all(f"`{measure}`" in doc for measure in set(table["mesure"]))
    own = table[(table["code"] == "3/actions-realisees") & (table["exercice"] == "2024")]
    values = dict(zip(own["mesure"], own["valeur"], strict=True))
    assert values["progression"] == "0.090909" and values["attendu_fin_contrat"] == "14.666667"
    assert values["taux_attendu_fin_contrat"] == "0.666667"
    quadrant = table[(table["mesure"] == "quadrant") & (table["code"] == "3")].iloc[0]
    assert quadrant["valeur"] == "depense_peu_atteint"  # 90 % spent, 0 of 1 attained
    hours = table[table["mesure"] == "formations_heures"]
    assert list(hours[hours["detail"] == ""]["valeur"]) == ["86.5", ""]
    shown = dict(zip(hours["detail"], hours["valeur"], strict=True))
    assert (shown["présentiel"], shown["en ligne"], shown["sur site"]) == ("70", "", "")


def test_counts_of_a_contract_are_figures(contrats):
    """3/actions-realisees: 2 of 3, late (2/3 of its pace); 11/cumul-acteurs 9 for 8; 1/familles 48
    of 50, attained with a tolerance of 5 %; 9/copil « beaucoup », a question."""
    told = [
        *(("3", "actions-realisees", "2"), ("11", "cumul-acteurs", "9")),
        *(("1", "familles", "48"), ("9", "copil", "beaucoup")),
    ]
    frame = attainment(contrats, [depot(2024, *told)], SEUILS)
    figures = list(atteinte_figures(frame, contrats, [_run(2024)], [], SEUILS))
    own = {
        (one.mesure, one.detail): one.valeur
        for one in figures
        if (one.contrat, one.niveau) == ("solidarites", "contrat")
    }
    assert own["nombre_juge", ""] == 3 and own["part_atteinte", ""] == Rapport(1, 3)
    assert (own["nombre_projete", ""], own["nombre_en_retard", ""]) == (3, 2)
    assert (own["nombre_manque_de_peu", "0.05"], own["nombre_manque_de_peu", "0.1"]) == (1, 1)
    assert own["nombre_questions", ""] == own["nombre_questions", "texte"] == 1
    assert own["nombre_actions_questionnees", ""] == 1
    at = {(one.mesure, one.code, one.detail): one for one in figures if one.niveau == "action"}
    assert at["nombre_questions", "9", "texte"].valeur == 1
    assert at["lecture_quadrant", "3", ""].valeur == "sans_prevu"
    nothing = at["part_atteinte", "9", ""]
    assert (nothing.valeur, nothing.statut) == (None, "non_renseigne")
