"""What the pages show of the risk, as rows: by contract, by contribution, the balance, what if."""

from __future__ import annotations

from datetime import date
from fractions import Fraction as F

import fabrique
import pandas as pd
from fabrique import situation

from analyses.chiffres.agregation import complete
from analyses.chiffres.mesures import load_mesures
from analyses.chiffres.risque import risque_figures
from analyses.chiffres.table import tabulate, values
from analyses.contrat.parametres import load_seuils
from analyses.projection.parametres import load_modele
from analyses.regles.emploi import advance, ceiling
from analyses.risque.ouverture import Ouverture
from analyses.risque.risque import Risque, evaluer
from analyses.risque.scenario import scenario
from analyses.risque.synthese import ecarts, effectifs, et_si, raisons, soldes

SEUILS, MODELE = load_seuils(), load_modele()
AXES = fabrique.contrat(actions=[fabrique.action(code) for code in "123"])
VOLET = fabrique.contrat(
    "emploi",
    actions=[fabrique.action("v2-1", "v2")],
    groupes=[fabrique.groupe("v2", fin=date(2025, 12, 31))],
    clauses=[
        fabrique.clause("plafond_v2", "plafond", groupes=["v2"], valeur="400.01", exercices=[2024]),
        fabrique.clause("avance", valeur="0.60", exercices=[2024]),
        fabrique.clause("solde_v2", "solde", groupes=["v2"]),
    ],
)
CONTRATS = {"solidarites": AXES, "emploi": VOLET}
DANS_LE_VOLET = {"contrat": "emploi", "groupe": "v2", "action": "v2-1", "reductible": False}


def risque(*rows) -> Risque:
    return evaluer(rows, CONTRATS, SEUILS, MODELE)


def row(frame: pd.DataFrame, **where: object) -> dict:
    for column, value in where.items():
        frame = frame[frame[column] == value]
    assert len(frame) == 1, frame
    return frame.iloc[0].to_dict()


def lu(r: Risque, contrat: str, niveau: str = "contrat", code: str = "") -> dict:
    """The figures of a place: measure, then « :financeur » unless it is the total."""
    mesures, contrats = load_mesures(), {2024: CONTRATS}
    found = complete(list(risque_figures(r, CONTRATS, fabrique.execution())), contrats, mesures)
    table = tabulate(found, contrats, mesures, {}, False)
    own = table[(table["niveau"] == niveau) & (table["code"] == (code or contrat))]
    own = own[(own["contrat"] == contrat) & (own["detail"] == "")]
    names = own["mesure"] + own["financeur"].map({"total": "", "": ""}).fillna(
        ":" + own["financeur"]
    )
    return dict(zip(names, values(own), strict=True))


def test_a_contract_is_the_sum_of_its_actions():
    """Closed: 900 € and 400 € of 1 000 € each. The State planned 1 000 € and bears 650 €: 350 €
    unconsumed; art. 2.2 puts at risk the 300 € of the action below 800 €, nobody said why."""
    r = risque(situation(90_000, None), situation(40_000, None, action="2"))
    found = lu(r, "solidarites")
    assert (found["projection_consomme"], found["projection_prevu"], found["taux_consomme"]) == (
        130_000,
        200_000,
        F(13, 20),
    )
    assert (found["projection"], found["taux_projection"]) == (130_000, F(13, 20))
    assert (found["projection_prevu:etat"], found["non_consomme_projete:etat"]) == (100_000, 35_000)
    assert (found["montant_a_risque:etat"], found["sans_explication:etat"]) == (30_000, 30_000)
    count = row(effectifs(r), contrat="solidarites", groupe="")
    assert (count["actions"], count["sous_le_seuil"], count["manifeste"]) == (2, 1, 1)
    for place in (found, lu(r, "solidarites", "axe", "1")):
        names = ("actions", "actions_sous_le_seuil", "actions_manifeste")
        assert tuple(place[name] for name in names) == (2, 1, 1)


def test_the_unspent_interval_is_the_projection_upside_down():
    """What may be left of the State's 500 € is what the two ends of its projection leave."""
    r = risque(situation(20_000))
    found = lu(r, "solidarites")
    low, centre, high = (
        found[f"non_consomme_projete{end}:etat"] for end in ("_bas_80", "", "_haut_80")
    )
    state = row(r.lieux, niveau="contrat", financeur="etat")
    assert low == 50_000 - state["haut"]
    assert high == 50_000 - state["bas"]
    assert low <= centre <= high


def test_credits_that_outlive_the_exercise_are_told():
    """A volet that ends in 2025 under ceilings that add up can still spend its 500 €, of which
    nothing is at risk yet; one that ends in 2024 loses them."""
    later = date(2025, 12, 31)
    names = ("encore_consommable:etat", "montant_a_risque:etat")
    for ouverture, end, expected in (
        (Ouverture(0, cumule=True), later, (50_000, 0)),
        (Ouverture(), later, (0, 50_000)),  # each exercise under its own ceiling
        (Ouverture(), date(2024, 12, 31), (0, 50_000)),
    ):
        s = situation(0, None, **DANS_LE_VOLET, consommable=end, ouverture=ouverture)
        found = lu(risque(s), "emploi")
        assert tuple(found[name] for name in names) == expected


def test_without_any_projection_nothing_else_is_known():
    """No signed budget, or no ledger."""
    for unknown in (situation(1_000, plan=None), situation(None)):
        found = lu(risque(unknown), "solidarites")
        for name in ("projection", "projection_prevu", "projection_prevu:etat"):
            assert found.get(name) is None, name
        assert found["taux_consomme"] is None
    assert effectifs(risque()).empty


def test_contributions_add_up_and_an_unknown_commitment_makes_the_total_unknown():
    both = risque(
        situation(20_000, reste_engage=10_000), situation(30_000, action="2", reste_engage=0)
    )
    names = ("projection_consomme", "projection_engage", "projection_plan", "projection")
    whole = lu(both, "solidarites")
    own = [lu(both, "solidarites", "action", code) for code in "12"]
    for name in names:
        assert whole[name] == sum(one[name] for one in own), name
    assert sum(whole[name] for name in names[:3]) == whole["projection"]
    one = risque(situation(20_000, reste_engage=10_000), situation(0, action="2"))
    assert lu(one, "solidarites", "action", "2")["projection_engage"] is None
    assert lu(one, "solidarites")["projection_engage"] is None
    assert lu(one, "solidarites", "action", "1")["projection_engage"] is not None
    assert risque(situation(None)).lieux.empty


def test_a_reason_is_followed_by_the_words_that_it_does_not_say():
    told = situation(20_000, None, textes=(("justification", "porteur parti", "note.pdf"),))
    (words,) = raisons(risque(told))["pourquoi"]
    assert words.endswith("20\xa0% consommés. « porteur parti (pièce : note.pdf) »")


def test_another_threshold_and_the_levers_are_figures():
    """400 € of 1 000 €: manifest at 80 %, below 70 % too; a justification saves the 100 €."""
    r = risque(situation(40_000, None))
    found = list(risque_figures(r, CONTRATS, fabrique.execution()))
    stakes = {one.detail: one.valeur for one in found if one.mesure == "montant_a_risque_au_seuil"}
    assert list(stakes) == ["0.60", "0.65", "0.70", "0.75", "0.80", "0.85", "0.90", "0.95"]
    assert stakes["0.70"] == row(r.lieux, niveau="contrat", financeur="etat")["montant_a_risque"]
    levers = {one.mesure: one for one in found if one.mesure.startswith("levier_")}
    assert {one.detail for one in levers.values()} == {"justifier"}
    assert levers["levier_montant"].statut == "sans_objet"
    assert levers["levier_preserve"].valeur == 30_000
    assert levers["levier_statut"].valeur == "justifiee"
    quarters = [one for one in found if one.mesure == "part_trajectoire"]
    assert [one.detail for one in quarters][-1] == "2024-12-31" and len(quarters) == 4


def _solde(realise: int, verse: int | None) -> dict:
    run = fabrique.execution(verse_groupe={("emploi", "v2"): verse})
    r = risque(situation(realise, None, **DANS_LE_VOLET))
    found = {
        one.mesure: one.valeur
        for one in risque_figures(r, CONTRATS, run)
        if one.niveau == "volet" and one.financeur == "etat"
    }
    own = row(soldes(r, CONTRATS, run), groupe="v2")
    assert (found["solde_projete"], found["trop_percu_projete"]) == (
        own["solde"],
        own["trop_percu"],
    )
    return own | found


def test_the_projected_balance_of_a_volet():
    """Ceiling 400,01 €, advance 60 %, rounded down: 240,00 €. 1 000 € realised, the State bears
    500 €, capped at 400,01 €: 160,01 € left to pay. 300 € realised: 150 €, so 90 € too much."""
    found = _solde(100_000, 24_000)
    assert (ceiling(VOLET, "v2", 2024), advance(VOLET, "v2", 2024)) == (40_001, 24_000)
    assert found["projection"] == 50_000
    assert (found["solde"], found["trop_percu"]) == (16_001, 0)
    found = _solde(30_000, 24_000)
    assert (found["solde"], found["trop_percu"]) == (0, 9_000)


def test_a_payment_that_is_not_known_leaves_the_balance_unknown():
    found = _solde(30_000, None)
    assert (found["solde_projete"], found["solde"], found["trop_percu"]) == (None, None, None)


def test_a_contract_without_a_clause_of_balance_has_none():
    run = fabrique.execution(verse_groupe={("solidarites", "axe-1"): 10})
    assert soldes(risque(situation(30_000, None)), CONTRATS, run).empty
    later = situation(30_000, None, **DANS_LE_VOLET, exercice=2025)  # no ceiling signed for 2025
    assert soldes(risque(later), CONTRATS, run).empty


def test_two_hypotheses_side_by_side():
    """800 € more of commitments: the projection rises by as much in the contract as in its action,
    which is alone; the words have no gap."""
    before = risque(situation(20_000))
    after = scenario(before, CONTRATS, "solidarites/1", engager=800)
    frame = ecarts(before, after, ["solidarites"], "solidarites/1")
    own = row(frame, niveau="action", mesure="projection")
    whole = row(frame, niveau="contrat", mesure="projection")
    assert own["ecart"] == own["apres"] - own["avant"] > 0
    assert whole["ecart"] == own["ecart"]
    assert row(frame, mesure="statut")["ecart"] is None
    assert row(frame, mesure="intervalle")["avant"] == tuple(
        before.actions.iloc[0][["bas", "haut"]]
    )
    assert (frame["niveau"] == "contrat").sum() == 4
    assert ecarts(risque(situation(None)), risque(situation(None)), ["solidarites"]).empty


def test_a_question_is_about_the_most_exposed_action_when_none_is_named():
    before = risque(situation(20_000), situation(90_000, action="2"))
    frame = et_si(before, CONTRATS, engager=800)
    assert frame["code"].to_list()[:1] == ["1"] and set(frame["contrat"]) == {"solidarites"}
    assert (et_si(before, CONTRATS, seuil="0.70")["niveau"] == "contrat").all()


def test_a_question_about_what_does_not_move_has_no_row():
    assert et_si(risque(situation(40_000, None)), CONTRATS, decaler=3).empty  # closed
    assert et_si(risque(situation(None)), CONTRATS, seuil="0.70").empty  # nothing is projected
