"""What the pages show of the risk, as rows: by contract, by contribution, the balance, what if."""

from __future__ import annotations

from datetime import date
from fractions import Fraction as F

import fabrique
import pandas as pd
from fabrique import situation

from analyses.contrat.parametres import load_seuils
from analyses.projection.parametres import load_modele
from analyses.risque.risque import Risque, evaluer
from analyses.risque.scenario import scenario
from analyses.risque.synthese import contributions, ecarts, par_contrat, part, soldes

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


def test_a_contract_is_the_sum_of_its_actions():
    """Closed: 900 € and 400 € of 1 000 € each. The State planned 1 000 € and bears 650 €: 350 €
    unconsumed; art. 2.2 puts at risk the 300 € of the action below 800 €, nobody said why."""
    r = risque(situation(90_000, None), situation(40_000, None, action="2"))
    found = row(par_contrat(r), contrat="solidarites")
    assert (found["realise"], found["prevu"], found["part_realisee"]) == (
        130_000,
        200_000,
        F(13, 20),
    )
    assert (found["projection"], found["part_projetee"]) == (130_000, F(13, 20))
    assert (found["etat_prevu"], found["non_consomme"]) == (100_000, 35_000)
    assert (found["montant_a_risque"], found["sans_explication"]) == (30_000, 30_000)
    assert (found["actions"], found["sous_le_seuil"], found["manifeste"]) == (2, 1, 1)


def test_the_unspent_interval_is_the_projection_upside_down():
    """What may be left of the State's 500 € is what the two ends of its projection leave."""
    r = risque(situation(20_000))
    found = row(par_contrat(r), contrat="solidarites")
    state = row(r.lieux, niveau="contrat", financeur="etat")
    assert found["non_consomme_bas"] == 50_000 - state["haut"]
    assert found["non_consomme_haut"] == 50_000 - state["bas"]
    assert found["non_consomme_bas"] <= found["non_consomme"] <= found["non_consomme_haut"]


def test_credits_that_outlive_the_exercise_are_told():
    """A volet that ends in 2025 can still spend its 500 € at risk; one that ends in 2024 cannot."""
    late = situation(0, None, **DANS_LE_VOLET, consommable=date(2025, 12, 31))
    found = row(par_contrat(risque(late)), contrat="emploi")
    assert (found["encore_consommable"], found["jusqu_au"]) == (50_000, date(2025, 12, 31))
    over = situation(0, None, **DANS_LE_VOLET, consommable=date(2024, 12, 31))
    found = row(par_contrat(risque(over)), contrat="emploi")
    assert (found["encore_consommable"], found["jusqu_au"]) == (0, None)


def test_without_any_projection_what_is_spent_is_said():
    """No signed budget: 10 € spent, nothing else is known; no ledger: not even that."""
    found = row(par_contrat(risque(situation(1_000, plan=None))), contrat="solidarites")
    assert (found["realise"], found["projection"], found["etat_prevu"]) == (1_000, None, None)
    found = row(par_contrat(risque(situation(None))), contrat="solidarites")
    assert (found["realise"], found["prevu"], found["part_realisee"]) == (None, None, None)
    assert par_contrat(risque()).empty


def test_a_ratio_of_nothing_planned_is_none():
    assert (part(0, 0), part(None, 5), part(5, None), part(1, 4)) == (None, None, None, F(1, 4))


def test_contributions_add_up_and_an_unknown_commitment_makes_the_total_unknown():
    both = risque(
        situation(20_000, reste_engage=10_000), situation(30_000, action="2", reste_engage=0)
    )
    frame = contributions(both)
    whole = row(frame, contrat="solidarites", action="")
    own = frame[frame["action"] != ""]
    for name in ("consomme", "engage", "plan", "projection"):
        assert whole[name] == own[name].sum(), name
    assert whole["consomme"] + whole["engage"] + whole["plan"] == whole["projection"]
    one = contributions(risque(situation(20_000, reste_engage=10_000), situation(0, action="2")))
    assert row(one, action="2")["engage"] is None and row(one, action="")["engage"] is None
    assert row(one, action="1")["engage"] is not None
    assert contributions(risque(situation(None))).empty


def _solde(realise: int, verse: int | None) -> dict:
    run = fabrique.execution(verse_groupe={("emploi", "v2"): verse})
    r = risque(situation(realise, None, **DANS_LE_VOLET))
    return row(soldes(r, CONTRATS, run), groupe="v2")


def test_the_projected_balance_of_a_volet():
    """Ceiling 400,01 €, advance 60 %, rounded down: 240,00 €. 1 000 € realised, the State bears
    500 €, capped at 400,01 €: 160,01 € left to pay. 300 € realised: 150 €, so 90 € too much."""
    found = _solde(100_000, 24_000)
    assert (found["plafond"], found["avance"], found["projection"]) == (40_001, 24_000, 50_000)
    assert (found["solde"], found["trop_percu"]) == (16_001, 0)
    assert found["jusqu_au"] == date(2025, 12, 31)
    found = _solde(30_000, 24_000)
    assert (found["solde"], found["trop_percu"]) == (0, 9_000)


def test_a_payment_that_is_not_known_leaves_the_balance_unknown():
    found = _solde(30_000, None)
    assert (found["verse"], found["solde"], found["trop_percu"]) == (None, None, None)


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
