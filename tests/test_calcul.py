"""Execution, underconsumption, indicators: cases worked out by hand (arithmetic in docstrings)."""

from __future__ import annotations

import time
from datetime import date
from fractions import Fraction as F
from pathlib import Path

import fabrique
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyses.atteinte.indicateurs import attainment, compare
from analyses.chiffres.agregation import complete
from analyses.chiffres.atteinte import atteinte_figures
from analyses.chiffres.depenses import depenses
from analyses.chiffres.mesures import load_mesures
from analyses.chiffres.risque import risque_figures
from analyses.chiffres.table import PUBLIQUES
from analyses.contrat.cell import read_cell
from analyses.contrat.load import load_contrats
from analyses.contrat.model import Action, Contrat, Imprime, Indicateur, Ineligible
from analyses.contrat.parametres import load_interpretations, load_lectures, load_seuils
from analyses.depot.exercice import Depot
from analyses.execution.execution import Execution
from analyses.preparation.affectation import assign
from analyses.preparation.exercice import prepare
from analyses.projection.parametres import load_modele
from analyses.regles.moteur import run
from analyses.regles.solidarites import consumption
from analyses.regles.tiers import third_parties
from analyses.risque.risque import evaluer
from analyses.risque.situation import situations
from analyses.socle.money import share
from analyses.socle.paths import PARAMS
from analyses.socle.problems import BilanError

SEUILS = load_seuils()
_LINE = dict(
    exercice=2024,
    numero_mandat="1",
    numero_ligne="1",
    date_emission=date(2024, 5, 1),
    type="ordinaire",
    mandat_origine="",
    nature="6568",
    fonction="4",
    code_analytique="",
    convention="",
    tiers="",
    objet="",
    montant=10_000,
    date_paiement=None,
    id_engagement="",
    date_service=None,
    poste="",
)
_RULE = dict(
    priorite=10,
    code_analytique="",
    convention="",
    nature="",
    fonction="",
    tiers="",
    objet="",
    contrat="solidarites",
    action="1",
    quote_part=F(1),
    motif="règle",
)


def lines(*rows: dict) -> pd.DataFrame:
    full = [{**_LINE, "numero_mandat": str(n + 1), **row} for n, row in enumerate(rows)]
    return pd.DataFrame(full, columns=list(_LINE)).astype({"montant": "int64"})


def rules(*rows: dict) -> pd.DataFrame:
    return pd.DataFrame([{**_RULE, **row, "ligne": n + 2} for n, row in enumerate(rows)])


def action(
    code: str, groupe: str, plan: dict | None, indicateurs: tuple[Indicateur, ...] = ()
) -> Action:
    plans = {2024: plan} if plan else None
    return fabrique.action(code, groupe, plans, indicateurs=list(indicateurs))


def contract(*actions: Action, ineligibles: tuple[Ineligible, ...] = ()) -> dict[str, Contrat]:
    imprime = Imprime(
        niveau="axe", code="1", financeur="tiers", montant=1, exercice=2024, source="annexe 3"
    )
    signed = fabrique.contrat(
        actions=actions,
        groupes=[fabrique.groupe("axe-1"), fabrique.groupe("axe-3")],
        exercices=[2024, 2025],
        imprimes=[imprime],
        colonnes_indicateurs=["t0", 2024, 2025],
        colonnes_nationaux=["t0", 2024],
        ineligibles=list(ineligibles),
    )
    return {signed.code: signed}


def depot(
    mandats=None, affectations=None, recettes=None, resultats_=None, justifications=None
) -> Depot:
    columns = ["exercice", "contrat", "action", "financeur", "montant", "date_encaissement"]
    receipts = None
    if recettes is not None:
        receipts = pd.DataFrame(recettes, columns=columns).assign(exercice_origine=None)
    return fabrique.depot(
        mandats=mandats,
        affectations=affectations,
        recettes=receipts,
        resultats=resultats_,
        justifications=justifications,
    )


def execution(source: Depot, contrats: dict[str, Contrat], au: date | None = None) -> Execution:
    """What was spent, then who bears it."""
    return run([prepare(source, contrats, au)]).executions[source.exercice]


def receipt(action_: str, funder: str, euros: int, cashed: date | None = date(2024, 7, 1)) -> tuple:
    return (2024, "solidarites", action_, funder, euros * 100, cashed)


# money


def test_share_fiche_1() -> None:
    """47 500 / 47 500 / 25 000 over 120 000; 100,00 € realised: 39,583 / 39,583 / 20,833 €.

    Floors 3958 + 3958 + 2083 = 9999; the centime left goes to the first largest remainder: 0,333
    for etat and cd, 0,333 for caf (equal thirds) -> etat, first key.
    """
    assert share(10_000, {"etat": 47_500, "cd": 47_500, "caf": 25_000}) == {
        "etat": 3959,
        "cd": 3958,
        "caf": 2083,
    }


@given(st.integers(-(10**12), 10**12), st.lists(st.integers(0, 10**8), min_size=1, max_size=6))
def test_share_is_exact_and_symmetrical(total: int, weights: list[int]) -> None:
    keyed = dict(enumerate(weights))
    if not any(weights):
        with pytest.raises(ValueError):
            share(total, keyed)
        return
    parts = share(total, keyed)
    assert sum(parts.values()) == total
    assert share(-total, keyed) == {key: -value for key, value in parts.items()}


# affectation


def test_smallest_priority_wins_and_text_ignores_accents() -> None:
    result = assign(
        lines({"objet": "Prestation d'ÉVALUATION"}, {"nature": "6488"}, {"nature": "21"}),
        rules(
            {"priorite": 20, "nature": "6", "action": "2"},
            {"priorite": 10, "objet": "evaluation", "action": "1"},
        ),
    )
    assert result["action"].tolist() == ["1", "2", ""]
    assert result["contrat"].tolist() == ["solidarites", "solidarites", ""]
    assert result["regle"].tolist() == [3, 2, 0]


def test_code_is_equality_and_nature_prefix() -> None:
    result = assign(
        lines({"code_analytique": "A12"}, {"code_analytique": "A1"}),
        rules({"code_analytique": "A1", "nature": "65"}),
    )
    assert result["action"].tolist() == ["", "1"]


def test_split_and_cancellation_are_neutral() -> None:
    """100,01 € by thirds: 3333,67 each -> floors 3333 x 3 = 9999, two centimes left: 3334, 3334,
    3333. Its cancellation, which leaves the code empty, gives the same parts with a minus."""
    thirds = [{"code_analytique": "A", "action": a, "quote_part": F(1, 3)} for a in "123"]
    result = assign(
        lines(
            {"code_analytique": "A", "montant": 10_001, "numero_mandat": "7"},
            {"type": "annulation", "mandat_origine": "7", "montant": 10_001},
        ),
        rules(*thirds),
    )
    assert result["montant_signe"].tolist() == [3334, 3334, 3333, -3334, -3334, -3333]
    assert result.groupby("action")["montant_signe"].sum().tolist() == [0, 0, 0]


def test_cancellation_takes_the_same_line_else_the_first() -> None:
    result = assign(
        lines(
            {"numero_mandat": "7", "numero_ligne": "1", "code_analytique": "A"},
            {"numero_mandat": "7", "numero_ligne": "2", "code_analytique": "B"},
            {"type": "annulation", "mandat_origine": "7", "numero_ligne": "2"},
            {"type": "reduction", "mandat_origine": "7", "numero_ligne": "9"},
        ),
        rules({"code_analytique": "A", "action": "1"}, {"code_analytique": "B", "action": "2"}),
    )
    assert result["action"].tolist() == ["1", "2", "2", "1"]


def test_quote_parts_that_do_not_sum_to_one_are_refused() -> None:
    with pytest.raises(BilanError, match="quote_part"):
        assign(lines({}), rules({"quote_part": F(1, 2)}))


def test_no_rules_file_leaves_everything_unassigned() -> None:
    assert assign(lines({}), None)["action"].tolist() == [""]
    assert len(assign(lines(), rules({}))) == 0


def test_two_hundred_thousand_lines_stay_fast() -> None:
    base = lines({})
    many = base.loc[base.index.repeat(200_000)].reset_index(drop=True)
    many["objet"] = [f"Facture {n}" for n in range(len(many))]
    many["code_analytique"] = [f"A{n % 40}" for n in range(len(many))]
    start = time.perf_counter()
    result = assign(
        many, rules(*[{"code_analytique": f"A{n}", "action": str(n)} for n in range(40)])
    )
    assert len(result) == 200_000 and (result["action"] != "").all()
    assert time.perf_counter() - start < 15


# execution


def test_execution_counts_the_exercise_until_the_date() -> None:
    """100 + 50 (rattachement) - 30 (reduction) = 120 €; the line of January 2025 is journée
    complémentaire: counted without arrete_au, not at 31/12. The line of exercise 2025 never."""
    mandats = lines(
        {"montant": 10_000},
        {"montant": 5_000, "type": "rattachement"},
        {"montant": 3_000, "type": "reduction", "mandat_origine": "1"},
        {"montant": 700, "date_emission": date(2025, 1, 20)},
        {"montant": 900, "exercice": 2025},
    )
    contrats = contract(action("1", "axe-1", {"etat": 10_000, "cd": 10_000}))
    whole = execution(depot(mandats, rules({})), contrats, None).par_action.iloc[0]
    assert (whole["realise"], whole["journee_complementaire"]) == (12_700, 700)
    at_end = execution(depot(mandats, rules({})), contrats, date(2024, 12, 31))
    assert at_end.par_action.iloc[0]["realise"] == 12_000
    assert at_end.par_action.iloc[0]["taux"] == F(12_000, 20_000)
    assert at_end.par_mois["cumul"].tolist() == [0] * 4 + [12_000] * 8
    assert [(r.prevu, r.consomme, r.non_consomme) for r in at_end.par_financeur.itertuples()] == [
        (10_000, 6_000, 4_000)
    ] * 2


def test_ineligible_lines_and_their_cancellation() -> None:
    """611 « évaluation » is excluded, 611 alone is not; the cancellation follows its origin's
    wording: ineligible 100 - 100 = 0, realised 100."""
    excluded = Ineligible(
        code="evaluation",
        motif="évaluation",
        article="art. 4.2",
        natures=["611"],
        mots=["évaluation"],
    )
    contrats = contract(action("1", "axe-1", {"etat": 10_000}), ineligibles=(excluded,))
    mandats = lines(
        {"nature": "611", "objet": "Mission d'evaluation"},
        {"nature": "611"},
        {"type": "annulation", "mandat_origine": "1", "nature": "611", "objet": "Annulation"},
    )
    done = execution(depot(mandats, rules({})), contrats, None)
    row = done.par_action.iloc[0]
    assert (row["realise"], row["ineligible"]) == (10_000, 0)
    assert done.lignes["motif_ineligible"].tolist() == [
        "évaluation (art. 4.2)",
        "",
        "évaluation (art. 4.2)",
    ]


def test_third_party_receipt_fixes_its_part() -> None:
    """Fiche 1: realised 80 000; CAF paid 25 000: 55 000 left on 47 500 / 47 500: 27 500 each."""
    plan = {"etat": 4_750_000, "cd": 4_750_000, "caf": 2_500_000}

    def shares(plan: dict, spent: int, received: dict, reading: str = "encaissement") -> dict:
        return consumption(plan, spent, third_parties(plan, spent, received, reading))

    assert shares(plan, 8_000_000, {"caf": 2_500_000}) == {
        "etat": 2_750_000,
        "cd": 2_750_000,
        "caf": 2_500_000,
    }
    assert shares(plan, 1_000, {"caf": 2_500_000}) == {"etat": 0, "cd": 0, "caf": 1_000}
    assert shares({"caf": 100}, 90, {"caf": 60}) == {"caf": 60, "cd": 30}
    # Nothing cashed: nothing financed; under the plan, its part: 8 000 000 × 25 / 120.
    assert shares(plan, 8_000_000, {})["caf"] == 0
    assert shares(plan, 8_000_000, {}, "prevu")["caf"] == 1_666_667


def test_state_payment_is_spread_over_the_planned_state_credits() -> None:
    """90 € paid to the contract on 100 / 200 planned: 30 / 60; 5 € named for action 2: 65. A title
    not cashed, or cashed after the date, is not paid."""
    contrats = contract(
        action("1", "axe-1", {"etat": 10_000}), action("2", "axe-3", {"etat": 20_000})
    )
    receipts = [
        receipt("", "etat", 90),
        receipt("2", "etat", 5),
        receipt("", "etat", 1_000, None),
        receipt("", "etat", 1_000, date(2025, 2, 1)),
    ]
    done = execution(depot(recettes=receipts), contrats, date(2024, 12, 31))
    assert done.par_action["verse"].tolist() == [3_000, 6_500]
    assert done.verse_contrat == {"solidarites": 9_500}
    assert done.par_action["realise"].tolist() == [None, None]


# indicators


@pytest.mark.parametrize(
    ("cells", "result", "status", "rate"),
    [
        (["37", "50"], "45", "partiellement", F(9, 10)),  # 45 / 50
        (["37", "50"], "24", "non_atteint", F(12, 25)),  # 24 / 50 < 1/2
        (["?", "40%"], "50 %", "atteint", F(5, 4)),  # 0.5 / 0.4
        (["?", "40%"], "50", "non_evaluable", None),  # a count against a rate
        (["0", "2*2"], "4", "atteint", F(1)),
        (["10", "+25"], "35", "atteint", F(1)),  # 10 + 25
        (["10", "+25", "+25"], "45", "partiellement", F(3, 4)),  # 45 / (10 + 25 + 25)
        (["10", "+25", "+25"], "+20", "partiellement", F(4, 5)),  # 20 / 25
        (["?", "+25"], "45", "non_evaluable", None),
        (["/", "+25"], "25", "atteint", F(1)),  # nothing before: 0 + 25
        (["0", "0"], "0", "sans_objet", None),  # nothing was asked (cible-zero)
        (["0", "0"], "2", "atteint", None),
        (["0", "/"], "3", "sans_objet", None),
        (["0", "Non concerné"], None, "sans_objet", None),
        (["0", "50"], None, "non_renseigne", None),
        (["0", "50"], "?", "non_renseigne", None),
        (["0", "Selon territoire retenu"], "3", "non_evaluable", None),
        (["0", ""], "3", "non_evaluable", None),
        (["0", "50"], "en cours", "non_evaluable", None),
        (["non", "oui"], "oui", "atteint", F(1)),
        (["non", "oui"], "3", "non_evaluable", None),
        (["0", "4 (1 par territoire)"], "4", "atteint", F(1)),
    ],
)
def test_attainment_status(cells, result, status, rate) -> None:
    verdict = compare([read_cell(c) for c in cells], read_cell(result), "hausse", F(1, 2))
    assert verdict[:2] == (status, rate)


@pytest.mark.parametrize(
    ("sens", "lecture", "status"),
    [
        ("hausse", "sans-objet", "sans_objet"),
        ("hausse", "atteinte", "atteint"),
        ("baisse", "sans-objet", "atteint"),  # nothing left to fill is a success
        ("valeur", "sans-objet", "atteint"),
    ],
)
def test_a_target_of_zero_reached_by_zero_is_a_reading(sens, lecture, status) -> None:
    zero = read_cell("0")
    assert compare([zero, zero], zero, sens, F(1, 2), F(0), lecture).statut == status


def test_lower_is_better() -> None:
    """15 days aimed at: 12 is attained (15/12), 20 gives 15/20 = 3/4."""
    target = [read_cell(""), read_cell("15")]
    assert compare(target, read_cell("12"), "baisse", F(1, 2))[:2] == ("atteint", F(5, 4))
    assert compare(target, read_cell("20"), "baisse", F(1, 2))[:2] == (
        "partiellement",
        F(3, 4),
    )


# resultats


def _results(simule: bool = True, mandats: pd.DataFrame | None = None) -> pd.DataFrame:
    contrats = contract(
        action(
            "1",
            "axe-1",
            {"etat": 10_000, "cd": 10_000},
            indicateurs=(fabrique.indicateur("familles", ["37", "50", "+25"]),),
        ),
        action("2", "axe-1", {"etat": 10_000, "caf": 10_000}),
        action("3", "axe-3", None),
    )
    told = pd.DataFrame(
        [("solidarites", "1", "familles", 2024, "45")],
        columns=["contrat", "action", "indicateur", "exercice", "resultat"],
    )
    source = depot(mandats, rules({}), recettes=[receipt("", "etat", 10)], resultats_=told)
    done = execution(source, contrats, None)
    rows = situations(done, contrats, source, None, {}, (), load_lectures())
    risque = evaluer(rows, contrats, SEUILS, load_modele())
    money = [*depenses(done, contrats), *risque_figures(risque, contrats, done)]
    found = complete(money, {2024: contrats}, load_mesures())
    frame = attainment(contrats, [source], SEUILS)
    found += atteinte_figures(frame, contrats, [done], [source], load_seuils())
    return fabrique.lignes_publiques(found, contrats, simule)


def _value(frame: pd.DataFrame, **where: str) -> tuple[str, str]:
    keep = frame
    for name, value in where.items():
        keep = keep[keep[name] == value]
    assert len(keep) == 1, keep
    return keep.iloc[0]["valeur"], keep.iloc[0]["statut"]


def test_results_table() -> None:
    """100 € realised on action 1 (plan 200), 0 on action 2 (plan 200): axe 1 100 / 400 = 0.25."""
    frame = _results(mandats=lines({}))
    assert list(frame.columns) == PUBLIQUES
    assert _value(frame, mesure="taux_execution", niveau="axe", code="1", financeur="total") == (
        "0.250000",
        "calcule",
    )
    assert _value(frame, mesure="realise", niveau="contrat") == ("100.00", "calcule")
    assert (
        _value(frame, mesure="consomme", niveau="action", code="1", financeur="etat")[0] == "50.00"
    )
    assert _value(frame, mesure="prevu", niveau="action", code="3") == ("", "non_renseigne")
    assert _value(frame, mesure="verse", niveau="action", code="2")[0] == "5.00"
    assert _value(frame, mesure="imprime")[0] == "1.00"
    assert _value(frame, mesure="non_affecte") == ("0.00", "calcule")
    assert _value(frame, mesure="t0") == ("37", "calcule")
    assert _value(frame, mesure="cible", exercice="2025")[0] == "25"
    assert _value(frame, mesure="taux_atteinte", code="1/familles")[0] == "0.900000"
    status = frame[frame["mesure"] == "statut_atteinte"].iloc[0]
    assert status["valeur"] == "partiellement" and status["lecture"] == "Données simulées"
    assert not frame["identifiant"].duplicated().any()
    raw = frame[frame["mesure"].isin(["realise", "verse", "resultat", "non_affecte"])]
    assert raw["lecture"].str.contains("Données simulées").all()
    assert (
        not frame[frame["mesure"].isin(["prevu", "cible", "imprime"])]["lecture"]
        .str.contains("simulées")
        .any()
    )


def test_missing_ledger_is_non_renseigne() -> None:
    frame = _results(simule=False, mandats=None)
    for measure in (
        "realise",
        "consomme",
        "taux_execution",
        "ineligible",
        "non_affecte",
        "montant_a_risque",
    ):
        rows = frame[frame["mesure"] == measure]
        assert (rows["valeur"] == "").all() and (rows["statut"] == "non_renseigne").all(), measure
    assert not frame["lecture"].str.contains("simulées").any()


# parameters


def test_parameters() -> None:
    assert load_seuils()["seuil_sous_consommation"] == F(4, 5)
    codes = {row["code"] for row in load_interpretations()}
    assert {
        "cle-du-plan",
        "verse-reparti-annexe-3",
        "cellules-de-gauche-a-droite",
        "realise-annexe-6",
        "base-des-50-pour-cent",
    } <= codes


def test_wrong_threshold_is_named(tmp_path) -> None:
    (tmp_path / "seuils.yaml").write_text("seuil_partiellement: beaucoup\n", encoding="utf-8")
    with pytest.raises(BilanError, match="seuil_partiellement"):
        load_seuils(tmp_path)


def test_unknown_threshold_is_named(tmp_path) -> None:
    text = (PARAMS / "seuils.yaml").read_text("utf-8") + "\nseuil_inconnu: 1\n"
    (tmp_path / "seuils.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(BilanError, match="« seuil_inconnu » : attendu un seuil connu"):
        load_seuils(tmp_path)


@pytest.mark.parametrize(
    "content", ["x", "interpretations:", "interpretations: [x]", "interpretations: [{code: a}]"]
)
def test_incomplete_interpretation_is_named(tmp_path, content) -> None:
    (tmp_path / "interpretations-indicateurs.yaml").write_text(content, encoding="utf-8")
    (tmp_path / "interpretations.yaml").write_text(
        "posture: prudente\ninterpretations: []\n", "utf-8"
    )
    with pytest.raises(
        BilanError, match="interpretations.*.yaml, champ .* attendu un code unique, les clés"
    ):
        load_interpretations(tmp_path)


_POINT = """
posture: {posture}
proprietes: {{juste: "jamais plus que le coût"}}
interpretations:
  - code: point
    article: "art. x"
    question: "?"
    lectures: {{a: "oui", b: "non"}}
    prudente: a
    favorable: b
    pourquoi: "ainsi"
    depuis: "2024-06-20"
"""


def _readings(folder: Path, posture: str, *more: str) -> dict[str, str]:
    text = _POINT.format(posture=posture) + "".join(f"    {line}\n" for line in more)
    (folder / "interpretations.yaml").write_text(text, encoding="utf-8")
    return load_lectures(folder)


def test_the_posture_chooses_in_one_place_unless_a_point_has_its_own_reason(tmp_path) -> None:
    assert _readings(tmp_path, "prudente") == {"point": "a"}
    assert _readings(tmp_path, "favorable") == {"point": "b"}
    assert _readings(tmp_path, "favorable", "retenue: a") == {"point": "a"}
    assert _readings(tmp_path, "prudente", "retenue: b") == {"point": "b"}
    assert load_lectures(tmp_path, "favorable") == {"point": "b"}


@pytest.mark.parametrize("line", ["prudente", "favorable"])
def test_a_reading_that_breaks_a_property_is_not_retained_under_prudente(tmp_path, line) -> None:
    broken = ("retenue: b", "enfreint: {b: [juste]}")
    if line == "favorable":
        assert _readings(tmp_path, line, *broken) == {"point": "b"}
        return
    with pytest.raises(BilanError) as error:
        _readings(tmp_path, line, *broken)
    words = str(error.value)
    assert "interpretations.yaml" in words and "champ « point »" in words
    assert "jamais plus que le coût" in words and "« b », qui l'enfreint" in words
    assert "retenez une autre lecture (« a » ?) ou changez la posture" in words


@pytest.mark.parametrize("line", ["", "posture: audacieuse"])
def test_an_unknown_posture_is_named(tmp_path, line) -> None:
    (tmp_path / "interpretations.yaml").write_text(f"{line}\ninterpretations: []\n", "utf-8")
    with pytest.raises(BilanError, match="champ « posture ».*prudente ou favorable"):
        load_interpretations(tmp_path)


@pytest.mark.parametrize(
    "wrong",
    ["retenue: c", "enfreint: {c: [juste]}", "enfreint: {a: [faux]}", "enfreint: [a]", "de: trop"],
)
def test_a_reading_that_is_not_listed_is_named(tmp_path, wrong) -> None:
    with pytest.raises(BilanError, match="champ « point » : attendu un code unique"):
        _readings(tmp_path, "prudente", wrong)


def test_without_rules_execution_is_unknown_not_zero() -> None:
    """A ledger without affectations.csv: nothing says what was spent on an action."""
    done = execution(depot(lines({}), recettes=[]), load_contrats("55"))
    assert not done.renseigne and set(done.par_action["realise"]) == {None}
    assert set(done.par_financeur["consomme"]) == {None} and done.non_affecte.empty
