"""The risk on constructed cases whose answer is known: projection, status, State money at stake."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from fractions import Fraction as F

import fabrique
import pandas as pd
import pytest
from fabrique import situation
from hypothesis import given, settings
from hypothesis import strategies as st

from analyses.chiffres.risque import risque_figures
from analyses.chiffres.table import PUBLIQUES
from analyses.depot.exercice import Depot
from analyses.execution.execution import Execution
from analyses.projection.modele import Passe
from analyses.projection.parametres import load_modele
from analyses.risque.jugement import a_risque, juger, limite, pertes
from analyses.risque.justifications import a_justifier
from analyses.risque.loi import Loi, certaine
from analyses.risque.releve import (
    date_connue,
    mois_vides,
    paies_a_venir,
    passes,
    restes_engages,
)
from analyses.risque.risque import Risque, evaluer, lois
from analyses.risque.scenario import leviers, plus_exposee, scenario, sensibilite
from analyses.risque.situation import Situation, _shown, anomalies
from analyses.risque.trajectoire import Trajectoire
from analyses.socle.problems import BilanError

SEUILS = {
    "seuil_sous_consommation": F(4, 5),
    "tolerance_sous_consommation": F(1),
    "probabilite_alerte": F(1, 2),
}
MODELE = load_modele()
JUIN, SEPTEMBRE = fabrique.JUIN, date(2024, 9, 30)
TARDIVE = Trajectoire(2024, date(2024, 9, 1), "f", ((date(2024, 12, 31), F(1), "l"),))
SANS_COUT = Trajectoire(2024, None, "", ((date(2024, 12, 31), F(0), "f"),))


ACTIONS = {
    code: fabrique.action(code, groupe)
    for code, groupe in (("1", "axe-1"), ("2", "axe-1"), ("3", "axe-3"))
}
CONTRATS = {"solidarites": fabrique.contrat(actions=ACTIONS.values())}


PROJETEES = ("projection", "projection_bas_80", "projection_haut_80")
PROJETEES += ("probabilite_sous_consommation", "montant_a_risque")


def lignes(r: Risque, simule: bool = False) -> pd.DataFrame:
    """What is projected, as resultats.csv writes it."""
    found = [
        one for one in risque_figures(r, CONTRATS, fabrique.execution()) if one.mesure in PROJETEES
    ]
    return fabrique.lignes_publiques(found, CONTRATS, simule)


def risque(*rows: Situation) -> Risque:
    return evaluer(rows, CONTRATS, SEUILS, MODELE)


def ligne(s: Situation) -> pd.Series:
    return risque(s).actions.iloc[0]


def sound(r: Risque) -> None:
    """Never a probability outside [0, 1], nor an interval without its point; parts add up."""
    for row in [*r.actions.to_dict("records"), *r.lieux.to_dict("records")]:
        if row["projection"] is None:
            continue
        assert row["bas"] <= row["projection"] <= row["haut"], row
        assert row["probabilite"] is None or 0 <= row["probabilite"] <= 1, row
    for row in r.actions.to_dict("records"):
        if row["projection"] is not None:
            assert row["consomme"] + row["engage"] + row["plan"] == row["projection"]
    for law in r.lois.values():
        assert list(law.issues) == sorted(law.issues)


# closed exercise: figures are exact


def test_closed_exercise_is_what_is_realised():
    """600 € of 1 000 €, threshold 800 €: manifest; the State leaves 500 - 300 = 200 €."""
    row = ligne(situation(60_000, None))
    assert (row["projection"], row["bas"], row["haut"]) == (60_000,) * 3
    assert (row["probabilite"], row["statut"]) == (1.0, "manifeste")
    assert (row["montant_a_risque"], row["sans_explication"]) == (20_000, 20_000)
    assert (row["consomme"], row["engage"], row["plan"]) == (60_000, 0, 0)


def test_closed_exercise_above_the_threshold_is_quiet():
    row = ligne(situation(80_000, None))
    assert (row["statut"], row["probabilite"], row["montant_a_risque"]) == ("rien_a_signaler", 0, 0)


@pytest.mark.parametrize(
    ("kind", "known", "status", "bare"),
    [
        ("justification", True, "justifiee", 0),
        ("montee_en_charge", True, "expliquee", 0),
        (None, True, "manifeste", 20_000),
        (None, False, "non_renseigne", 20_000),
    ],
)
def test_what_the_agents_say_decides(kind, known, status, bare):
    """Whatever is said, 200 € of the State are unconsumed; an explanation defends them."""
    texts = ((kind, "motif", "note.pdf"),) if kind else ()
    row = ligne(situation(60_000, None, textes=texts, justifications=known))
    assert (row["statut"], row["montant_a_risque"], row["sans_explication"]) == (
        status,
        20_000,
        bare,
    )


def test_a_justification_without_its_document_is_a_reading():
    """Art. 2.2 wants it « opérante »: the status stays manifest and the page says what lacks."""
    told = (("justification", "recrutement infructueux", ""),)
    row = ligne(situation(60_000, None, textes=told))
    assert (row["statut"], row["sans_explication"]) == ("manifeste", 20_000)
    assert "il manque la pièce" in row["raison"]
    assert row["justification"] == "recrutement infructueux"
    words = situation(60_000, None, textes=told, piece_exigee=False)
    assert (ligne(words)["statut"], ligne(words)["sans_explication"]) == ("justifiee", 0)
    both = situation(60_000, None, textes=(*told, ("justification", "avis", "avis.pdf")))
    assert ligne(both)["statut"] == "justifiee"


def test_without_article_2_2_every_euro_counts_and_words_save_nothing():
    """Emploi art. 6: 900 € of 1 000 €, above the threshold, still leave 50 € unpaid."""
    quiet = ligne(situation(90_000, None, reductible=False))
    assert (quiet["statut"], quiet["montant_a_risque"]) == ("rien_a_signaler", 5_000)
    told = (("justification", "motif", "pièce"),)
    row = ligne(situation(60_000, None, reductible=False, textes=told))
    assert (row["statut"], row["sans_explication"]) == ("justifiee", 20_000)


def test_the_fiche_that_plans_no_cost_explains_everything():
    row = ligne(situation(0, None, trajectoire=SANS_COUT))
    assert row["statut"] == "expliquee" and "aucune dépense attendue" in row["raison"]
    assert row["montant_a_risque"] == 50_000 and row["sans_explication"] == 0


# during the year


def test_fully_spent():
    row = ligne(situation(100_000))
    assert row["projection"] >= 100_000 and row["probabilite"] == 0
    assert (row["statut"], row["montant_a_risque"]) == ("rien_a_signaler", 0)


def test_never_started():
    """Nothing in September of a plan that began in January: far below 800 €, nobody said why."""
    row = ligne(situation(0, SEPTEMBRE))
    assert row["statut"] == "manifeste" and row["probabilite"] > 0.9
    assert row["projection"] < 60_000 and "aucune justification" in row["raison"]


def test_on_plan():
    row = ligne(situation(75_000, SEPTEMBRE))
    assert row["statut"] == "rien_a_signaler" and row["projection"] > 85_000
    assert row["montant_a_risque"] < 10_000


def test_stopped_in_march():
    """250 € by March and nothing since: in September the year ends nearer to 250 € than 1 000 €."""
    row = ligne(situation(25_000, SEPTEMBRE))
    assert row["statut"] == "manifeste" and row["projection"] < 62_500


def test_late_start_is_explained_by_its_own_calendar():
    """Start on 1 September: nothing is expected on 30 June, whatever the projection says."""
    s = situation(0, JUIN, trajectoire=TARDIVE)
    law = Loi(10_000, 0, 20_000, (0, 10_000, 20_000), {})
    assert juger(s, law, SEUILS)[0] == "expliquee"
    assert juger(replace(s, au=date(2024, 10, 31)), law, SEUILS)[0] == "manifeste"
    followed = replace(s, au=date(2024, 10, 31), realise=40_000)  # 80 % of the 500 € expected
    assert juger(followed, law, SEUILS)[0] == "expliquee"
    assert juger(replace(followed, realise=39_999), law, SEUILS)[0] == "manifeste"


def test_unknown_budget_or_ledger_is_said():
    assert ligne(situation(1_000, JUIN, plan=None))["statut"] == "non_renseigne"
    row = ligne(situation(None, JUIN))
    assert row["statut"] == "non_renseigne" and row["projection"] is None
    assert row["montant_a_risque"] is None


def test_state_money_at_stake_by_hand():
    """Four outcomes of 600, 700, 900 and 1 000 €: the State leaves 200, 150, 50 and 0 €.

    Art. 2.2 counts those below 800 €: (200 + 150) / 4 = 87,50 €; art. 6 all: 400 / 4 = 100 €.
    """
    law = Loi(80_000, 60_000, 100_000, (60_000, 70_000, 90_000, 100_000), {})
    s = situation(0)
    assert a_risque(s, pertes(s, law), SEUILS) == 8_750
    assert a_risque(replace(s, reductible=False), pertes(s, law), SEUILS) == 10_000
    assert law.sous(80_000) == 0.5 and certaine(7).sous(7) == 0


def test_threshold_and_tolerance():
    """1 € of tolerance: of 2 € expected, 1 € is not an underconsumption (80 % would be 1,60 €)."""
    assert limite(100_000, SEUILS) == 80_000 and limite(200, SEUILS) == 100
    assert limite(F(1, 3), SEUILS) <= 0


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 120_000), st.integers(0, 120_000), st.integers(1, 365))
def test_more_spent_never_lowers_the_projection(one: int, two: int, day: int) -> None:
    au = date.fromordinal(date(2024, 1, 1).toordinal() + day - 1)
    low, high = lois([situation(x, au) for x in sorted((one, two))], MODELE)
    assert low.centre <= high.centre and low.bas <= low.centre <= low.haut


# funders and sums


def test_without_a_plan_the_departement_bears_what_is_spent():
    s = situation(5_000, plan={"etat": 0, "cd": 0}, par_financeur={"cd": 5_000})
    assert s.parts(9_000) == {"etat": 0, "cd": 9_000}


def test_funders_share_a_total_to_the_centime():
    """Plan 475/475/250; CAF has paid 250 of the 600 realised: it keeps 250, the rest in two."""
    s = situation(
        60_000,
        plan={"etat": 47_500, "cd": 47_500, "caf": 25_000},
        par_financeur={"etat": 17_500, "cd": 17_500, "caf": 25_000},
    )
    assert s.parts(60_000) == {"etat": 17_500, "cd": 17_500, "caf": 25_000}
    assert s.parts(90_000) == {"etat": 32_500, "cd": 32_500, "caf": 25_000}
    assert s.parts(120_000) == {"etat": 47_500, "cd": 47_500, "caf": 25_000}
    assert s.par_type(120_000) == {"etat": 47_500, "cd": 47_500, "tiers": 25_000}


def test_a_part_that_the_execution_does_not_give_follows_the_key():
    plan = {"etat": 75_000, "cd": 25_000}
    assert _shown({"etat": None, "cd": 10}, plan, 1_000) == {"etat": 750, "cd": 250}
    assert _shown({"etat": 900, "cd": 100}, plan, 1_000) == {"etat": 900, "cd": 100}
    assert _shown({}, None, 1_000) == {"cd": 1_000} and _shown({}, plan, None) == {}


@given(st.integers(-50_000, 300_000), st.integers(0, 90_000), st.integers(0, 30_000))
def test_parts_always_add_up_and_the_state_never_falls(total: int, spent: int, paid: int) -> None:
    paid = min(paid, spent)
    rest = spent - paid
    s = situation(
        spent,
        plan={"etat": 40_000, "cd": 40_000, "caf": 20_000},
        par_financeur={"etat": rest - rest // 2, "cd": rest // 2, "caf": paid},
    )
    assert sum(s.parts(total).values()) == total
    assert s.parts(total).get("etat", 0) <= s.parts(total + 1_000).get("etat", 0)


def _portfolio(au: date | None = JUIN) -> Risque:
    return risque(
        situation(20_000, au),
        situation(0, au, action="2", plan={"etat": 10_000, "cd": 10_000, "caf": 30_001}),
        situation(90_000, au, action="3", groupe="axe-3"),
    )


@pytest.mark.parametrize("au", [JUIN, SEPTEMBRE, date(2024, 12, 31), None])
def test_sums_are_sums_of_what_is_shown(au):
    """Axes add up to the contract, actions to axes, funders to the total, to the centime."""
    r = _portfolio(au)
    sound(r)
    frame = r.lieux
    for column in ("prevu", "realise", "projection"):
        by_level = {
            level: frame[(frame["niveau"] == level) & (frame["financeur"] == "total")][column].sum()
            for level in ("action", "axe", "contrat")
        }
        assert len(set(by_level.values())) == 1, (column, by_level)
        for _, own in frame.groupby(["niveau", "code"]):
            whole = own[own["financeur"] == "total"][column].sum()
            assert own[own["financeur"] != "total"][column].sum() == whole
    stakes = frame[frame["financeur"] == "etat"].groupby("niveau")["montant_a_risque"].sum()
    assert len(set(stakes)) == 1


def test_a_sum_is_surer_than_the_sum_of_its_parts():
    """Dependence is partial: the interval of a total is narrower than the added intervals."""
    frame = _portfolio().lieux
    whole = frame[frame["financeur"] == "total"]
    width = {level: (own["haut"] - own["bas"]).sum() for level, own in whole.groupby("niveau")}
    assert 0 < width["contrat"] < width["action"]


def test_evaluation_is_deterministic():
    assert _portfolio().actions.equals(_portfolio().actions)
    assert _portfolio().lieux.equals(_portfolio().lieux)


# what is committed, what is known


def _execution(lines: list[tuple[str, str, int]]) -> Execution:
    frame = pd.DataFrame(
        [("solidarites", action, number, amount) for number, action, amount in lines],
        columns=["contrat", "action", "id_engagement", "montant_signe"],
    )
    return fabrique.execution(lignes=frame)


def _commitments(*rows: tuple) -> Depot:
    columns = ["id_engagement", "exercice", "date", "contrat", "action", "objet", "montant"]
    return fabrique.depot(engagements=pd.DataFrame(rows, columns=columns))


def test_what_is_committed_and_not_yet_mandated():
    """E1: 1 000 € committed, 300 mandated, 700 left. E2: mandated beyond, nothing left. E3: after
    the date. E4: another exercise. E5 is on two actions: each reduced by its own lines."""
    day = date(2024, 3, 1)
    depot = _commitments(
        ("E1", 2024, day, "solidarites", "1", "x", 100_000),
        ("E2", 2024, day, "solidarites", "1", "x", 10_000),
        ("E3", 2024, date(2024, 7, 1), "solidarites", "1", "x", 5_000),
        ("E4", 2023, day, "solidarites", "1", "x", 5_000),
        ("E5", 2024, day, "solidarites", "1", "x", 4_000),
        ("E5", 2024, day, "solidarites", "2", "x", 6_000),
    )
    run = _execution(
        [("E1", "1", 30_000), ("E2", "1", 12_000), ("E5", "2", 1_000), ("", "1", 9_999)]
    )
    assert restes_engages(depot, run, JUIN) == {
        ("solidarites", "1"): 70_000 + 4_000,
        ("solidarites", "2"): 5_000,
    }
    assert restes_engages(fabrique.depot(), run, JUIN) is None
    assert restes_engages(depot, fabrique.execution(renseigne=False), JUIN) == {
        ("solidarites", "1"): 100_000 + 10_000 + 4_000,
        ("solidarites", "2"): 6_000,
    }


def test_pay_to_come_of_the_known_posts():
    """3 000 € a month at half time from January: July to December is 6 x 1 500 = 9 000 €.

    A post that starts on 15 October: 17/31 of a month and two months at 2 000 €: 5 096,77 €."""
    posts = pd.DataFrame(
        [
            ("P1", "solidarites", "1", F(1, 2), 300_000, date(2024, 1, 1), None),
            ("P2", "solidarites", "2", F(1), 200_000, date(2024, 10, 15), date(2025, 12, 31)),
            ("P3", "solidarites", "3", F(1), 200_000, date(2024, 1, 1), date(2024, 5, 31)),
        ],
        columns=["poste", "contrat", "action", "quotite", "cout_mensuel_charge", "debut", "fin"],
    )
    depot = fabrique.depot(temps_agents=posts)
    assert paies_a_venir(depot, 2024, JUIN, "mois-reel") == {
        ("solidarites", "1"): 900_000,
        ("solidarites", "2"): 509_677,
        ("solidarites", "3"): 0,
    }
    assert set(paies_a_venir(depot, 2024, None, "mois-reel").values()) == {0}
    assert paies_a_venir(fabrique.depot(), 2024, JUIN, "mois-reel") is None


def test_pay_to_come_follows_the_reading_of_a_day():
    """From 15 October, 17 days of 31 or of 30: 2 000 € x 17/30 + 4 000 € = 5 133,33 €."""
    row = ("P2", "solidarites", "2", F(1), 200_000, date(2024, 10, 15), None)
    columns = ["poste", "contrat", "action", "quotite", "cout_mensuel_charge", "debut", "fin"]
    depot = fabrique.depot(temps_agents=pd.DataFrame([row], columns=columns))
    assert paies_a_venir(depot, 2024, JUIN, "trentiemes") == {("solidarites", "2"): 513_333}


def test_commitments_make_the_projection_surer():
    bare, committed = (
        situation(20_000, SEPTEMBRE),
        situation(20_000, SEPTEMBRE, reste_engage=80_000),
    )
    before, after = ligne(bare), ligne(committed)
    assert after["projection"] > before["projection"] and after["engage"] > 0
    assert after["probabilite"] < before["probabilite"]


def _ledger(*days: date, received: str | None = None) -> Depot:
    sources = [fabrique.source("55/2024/mandats.csv", received)]
    frame = pd.DataFrame({"date_emission": pd.Series(days, dtype=object)})
    return fabrique.depot(mandats=frame, sources=sources)


def test_nothing_is_known_after_the_ledger_was_received():
    """Asked on 31 December of files received on 5 July: the projection starts from 5 July."""
    ledger = _ledger(date(2024, 6, 28), received="2024-07-05")
    assert date_connue(ledger, date(2024, 12, 31)) == date(2024, 7, 5)
    assert date_connue(ledger, None) == date(2024, 7, 5)
    assert date_connue(ledger, JUIN) == JUIN
    assert date_connue(_ledger(date(2024, 12, 20), received="2024-07-05"), None) == date(
        2024, 12, 20
    )
    assert date_connue(_ledger(received="2025-03-01"), date(2024, 12, 31)) == date(2024, 12, 31)
    assert date_connue(_ledger(received="2025-03-01"), None) is None
    assert date_connue(_ledger(), date(2025, 6, 30)) is None


def test_months_without_any_line():
    ledger = _ledger(date(2024, 1, 5), date(2024, 3, 5))
    assert mois_vides(ledger, date(2024, 4, 30)) == ["2024-02", "2024-04"]
    assert mois_vides(ledger, date(2024, 4, 29)) == ["2024-02"]
    assert mois_vides(ledger, date(2024, 1, 1)) == []
    assert mois_vides(ledger, date(2024, 12, 31))[-1] == "2024-12"
    assert mois_vides(ledger, None)[-1] == "2024-12"
    assert mois_vides(_ledger(), JUIN) == []


def test_the_past_of_an_action_is_learnt():
    """2023: 400 € then 900 € of 1 000 € at the end of January and December, 950 € in all."""
    months = [("2023-01", 40_000), ("2023-12", 90_000), ("2024-01", 95_000)]
    one = {"contrat": "solidarites", "action": "1"}
    run = fabrique.execution(
        2023,
        par_mois=[one | {"mois": month, "cumul": cumul} for month, cumul in months],
        par_action=[
            one | {"prevu": 100_000, "realise": 95_000},
            one | {"action": "2", "realise": 5},
        ],
    )
    (past,) = passes([run], CONTRATS)["solidarites", "1"]
    assert past == Passe(2023, ((1, 0.4), (12, 0.9)), 0.95)
    assert ("solidarites", "2") not in passes([run], CONTRATS)


# bad input: defined, said, sound

CAS = {
    "au-delà du budget": situation(150_000),
    "cumul qui baisse": situation(10_000, courbe=(("2024-01", 30_000), ("2024-02", 10_000))),
    "net négatif": situation(-5_000),
    "budget nul": situation(0, plan={"etat": 0, "cd": 0}),
    "budget nul dépensé": situation(5_000, plan={"etat": 0}),
    "début après la date": situation(0, trajectoire=TARDIVE),
    "engagement au-delà du budget": situation(10_000, reste_engage=500_000),
    "aucune donnée": situation(0, lignes=0),
    "un seul mandat": situation(500, lignes=1),
    "premier jour": situation(0, date(2024, 1, 1)),
    "dernier jour": situation(40_000, date(2024, 12, 31)),
    "sans budget": situation(10, plan=None),
    "sans mandats": situation(None),
    "tiers seul": situation(1, plan={"caf": 100_000}, par_financeur={"caf": 1}),
    "clos et vide": situation(0, None, lignes=0),
    "un centime": situation(1, plan={"etat": 1}, par_financeur={"etat": 1}),
}
DITS = {
    "au-delà du budget": "au-delà du budget",
    "cumul qui baisse": "le cumul baisse",
    "net négatif": "négative",
    "budget nul": "aucun crédit prévu",
    "début après la date": "démarrage prévu après la date",
    "engagement au-delà du budget": "engagements au-delà du budget",
    "aucune donnée": "aucun mandat",
    "un seul mandat": "un seul mandat",
}


@pytest.mark.parametrize("name", CAS)
def test_bad_input_is_defined_and_sound(name):
    s = CAS[name]
    r = risque(s, replace(s, action="2"))
    sound(r)
    assert r.actions.iloc[0]["statut"] in {
        *("manifeste", "expliquee", "justifiee", "rien_a_signaler", "non_renseigne")
    }
    if name in DITS:
        assert any(DITS[name] in words for words in anomalies(s)), anomalies(s)
    sensibilite(r), leviers(r), a_justifier(r, CONTRATS), lignes(r)
    if s.projetable:
        sound(scenario(r, CONTRATS, "solidarites/1", decaler=3, engager=1_000, seuil="0.9"))


# what if


def test_a_delay_pushes_the_end_of_the_plan_out_of_the_year():
    """Linear plan, 3 months late: on 31 December it is where 30 September stood, 274/366."""
    r = risque(situation(40_000))
    late = scenario(r, CONTRATS, "solidarites/1", decaler=3)
    assert late.situations[0].plan_fin == F(274, 366)
    assert late.actions.iloc[0]["projection"] < r.actions.iloc[0]["projection"]
    assert late.actions.iloc[0]["montant_a_risque"] >= r.actions.iloc[0]["montant_a_risque"]
    assert late.actions.iloc[0]["realise"] == 40_000


def test_a_commitment_never_lowers_the_projection():
    r = risque(situation(20_000, SEPTEMBRE))
    more = scenario(r, CONTRATS, "solidarites/1", engager=800)
    assert more.actions.iloc[0]["projection"] > r.actions.iloc[0]["projection"]
    assert more.situations[0].reste_engage == 80_000


def test_another_threshold_changes_the_verdict_not_the_projection():
    r = risque(situation(70_000, None))
    lower = scenario(r, CONTRATS, seuil="0,70")
    assert r.actions.iloc[0]["statut"] == "manifeste"
    assert lower.actions.iloc[0]["statut"] == "rien_a_signaler"
    assert lower.actions.iloc[0]["projection"] == 70_000


def test_a_closed_exercise_does_not_move():
    r = risque(situation(70_000, None))
    moved = scenario(r, CONTRATS, "solidarites/1", decaler=3, engager=100)
    assert moved.actions.equals(r.actions)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"action": "solidarites/9", "decaler": 1}, "attendu une action parmi solidarites/1"),
        ({"decaler": 3}, "attendu l'action à décaler ou à engager"),
        ({"action": "solidarites/1", "decaler": -3}, "attendu un nombre de mois entre 0 et 12"),
        ({"action": "solidarites/1", "decaler": 1.5}, "attendu un nombre de mois entre 0 et 12"),
        ({"action": "solidarites/1", "engager": "dix"}, "attendu un montant en euros"),
        ({"action": "solidarites/1", "engager": -5}, "attendu un montant positif en euros"),
        ({"seuil": "8"}, "attendu une part du prévu entre 0 et 1"),
        ({"seuil": "beaucoup"}, "attendu une part du prévu entre 0 et 1"),
    ],
)
def test_a_hypothesis_that_means_nothing_is_refused(wrong, said):
    with pytest.raises(BilanError, match=said):
        scenario(risque(situation(0)), CONTRATS, **wrong)


def test_sensitivity_grows_with_the_threshold():
    """700 € of 1 000 €: manifest from 75 %; the State leaves 150 € as soon as it is."""
    frame = sensibilite(risque(situation(70_000, None)))
    assert frame["seuil"].tolist() == [F(n, 100) for n in range(60, 100, 5)]
    assert frame["manifeste"].tolist() == [0, 0, 0, 1, 1, 1, 1, 1]
    assert frame["montant_a_risque"].tolist() == [0, 0, 0] + [15_000] * 5
    open_ = sensibilite(risque(situation(20_000, SEPTEMBRE)))["montant_a_risque"].tolist()
    assert open_ == sorted(open_)


def test_levers_are_ranked_by_state_money_saved():
    """Closed: only words are left, and they defend the whole unconsumed share of the State."""
    r = risque(situation(0, None), situation(60_000, None, action="2"))
    rows = leviers(r).to_dict("records")
    assert [(row["action"], row["levier"], row["preserve"]) for row in rows] == [
        ("1", "justifier", 50_000),
        ("2", "justifier", 20_000),
    ]
    assert plus_exposee(r) == "solidarites/1"
    during = leviers(risque(situation(20_000, SEPTEMBRE, reste_engage=30_000)))
    saved = during["preserve"].tolist()
    assert saved == sorted(saved, reverse=True) and all(amount > 0 for amount in saved)
    assert {"engager", "justifier"} <= set(during["levier"])
    assert during.set_index("levier")["montant"]["engager"] == 100_000 - 20_000 - 30_000


def test_no_words_as_a_lever_without_article_2_2():
    frame = leviers(risque(situation(0, SEPTEMBRE, reductible=False)))
    assert set(frame["levier"]) == {"engager"}


def test_nothing_exposed_has_no_lever():
    r = risque(situation(100_000, None))
    assert leviers(r).empty and plus_exposee(r) == "" and a_justifier(r, CONTRATS).empty


# justifications


def _missing(s: Situation, contrats=CONTRATS) -> list[str]:
    frame = a_justifier(risque(s), contrats)
    return [] if frame.empty else frame.iloc[0]["manque"]


def test_what_is_missing_for_each_action():
    bare = situation(0, None)
    assert any("une ligne dans justifications.csv" in words for words in _missing(bare))
    assert any("etat_avancement/solidarites-1.md" in words for words in _missing(bare))
    told = replace(bare, recit=True, textes=(("justification", "motif", ""),))
    assert _missing(told) == ["une pièce à l'appui (colonne « piece »)"]
    assert _missing(replace(told, textes=(("justification", "motif", "note.pdf"),))) == []
    ramp = replace(told, textes=(("montee_en_charge", "motif", "note.pdf"),))
    assert any("la trajectoire attend 100" in words for words in _missing(ramp))
    assert any("n'a pas été fourni" in w for w in _missing(replace(bare, justifications=False)))
    assert any("preuves" in words for words in _missing(replace(bare, reductible=False)))
    planned = replace(bare, trajectoire=SANS_COUT, recit=True)
    assert _missing(planned) == []


def test_an_argument_of_the_fiche_is_offered():
    printed = fabrique.calendrier(date(2025, 1, 1), imprime_debut="1er janvier 2025")
    contrats = {"solidarites": fabrique.contrat(actions=[fabrique.action(calendrier=printed)])}
    missing = _missing(situation(0, None, recit=True), contrats)
    assert any("mise en place « 1er janvier 2025 »" in words for words in missing)


def test_the_line_to_paste_has_no_text_until_someone_writes_it():
    frame = a_justifier(risque(situation(0, None)), CONTRATS)
    assert frame.iloc[0]["ligne"] == "solidarites;1;2024;justification;;"


# resultats.csv


def test_results_rows():
    """One key per row; the contract's State money at risk is the sum of its actions'."""
    r = _portfolio()
    frame = lignes(r, simule=True)
    assert list(frame.columns) == PUBLIQUES
    keys = ["mesure", "contrat", "exercice", "niveau", "code", "financeur"]
    assert not frame.duplicated(keys).any()
    assert frame["lecture"].str.contains("Données simulées").all()
    stakes = frame[frame["mesure"] == "montant_a_risque"]
    euros = {level: own["valeur"].astype(float).sum() for level, own in stakes.groupby("niveau")}
    assert euros["contrat"] == pytest.approx(euros["action"]) == pytest.approx(euros["axe"])
    chances = frame[frame["mesure"] == "probabilite_sous_consommation"]
    assert chances[chances["valeur"] != ""]["valeur"].astype(float).between(0, 1).all()
    wide = frame.pivot(index=keys[1:], columns="mesure", values="valeur").dropna(
        subset="projection"
    )
    low, centre, high = (
        wide[name].astype(float)
        for name in ("projection_bas_80", "projection", "projection_haut_80")
    )
    assert (low <= centre).all() and (centre <= high).all()


def test_results_say_what_is_unknown():
    frame = lignes(risque(situation(10, plan=None)))
    assert set(frame["statut"]) == {"non_renseigne"} and set(frame["valeur"]) == {""}
    assert {"action", "axe", "contrat"} == set(frame["niveau"])
