"""The State's money at stake follows the readings: never more than what they leave open."""

from __future__ import annotations

from datetime import date

import fabrique
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_regles import ACTIONS, CONTRATS, RECEIPTS, _depot, _line

from analyses.chiffres.risque import risque_figures
from analyses.contrat.citations import clause_of
from analyses.contrat.financeurs import ETAT
from analyses.contrat.parametres import load_lectures, load_seuils
from analyses.preparation.exercice import prepare
from analyses.projection.parametres import load_modele
from analyses.regles.moteur import Regles, consumed, run
from analyses.risque.ouverture import limiter
from analyses.risque.risque import Risque, evaluer
from analyses.risque.scenario import leviers, sensibilite
from analyses.risque.situation import situations
from analyses.risque.trajectoire import load_trajectoires

READINGS = st.fixed_dictionaries(
    {
        "forfait-volet-1": st.sampled_from(["cout-reel", "forfait", "forfait-par-action"]),
        "plafond-volet-3": st.sampled_from(["cumul", "par-exercice"]),
        "plafond-volet-ou-action": st.sampled_from(["volet", "action"]),
        "base-volet-2": st.sampled_from(["hors-fse", "cout-total"]),
        "participation-tiers": st.sampled_from(["prevu", "emission", "encaissement"]),
    }
)
LEDGERS = st.lists(
    st.tuples(st.sampled_from(ACTIONS), st.integers(1, 60_000_000)), min_size=1, max_size=8
)


def _risk(spent, receipts, lectures, au: date | None) -> tuple[Risque, Regles]:
    lines = [_line(rank, *place, amount) for rank, (place, amount) in enumerate(spent, start=1)]
    depot = _depot(lines, receipts)
    readings = load_lectures() | lectures
    regles = run([prepare(depot, CONTRATS)], {}, readings)
    done = regles.executions[2024]
    planned = load_trajectoires(CONTRATS)
    rows = situations(done, CONTRATS, depot, au, planned, (), readings, regles.soldes)
    return evaluer(rows, CONTRATS, load_seuils(), load_modele()), regles


@settings(max_examples=25, deadline=None)
@given(LEDGERS, RECEIPTS, READINGS, st.sampled_from([None, date(2024, 9, 30)]))
def test_at_stake_never_exceeds_what_the_readings_leave_open(spent, receipts, lectures, au):
    """Volets: ceiling less what is acquired already; actions of the other contract: what is
    notified less what is consumed. What is at stake adds up."""
    risque, regles = _risk(spent, receipts, lectures, au)
    stake = {
        (one.contrat, one.niveau, one.code): one.valeur
        for one in risque_figures(risque, CONTRATS, regles.executions[2024])
        if one.mesure == "montant_a_risque" and not one.detail
    }
    used = consumed(regles.executions[2024])
    for contrat in CONTRATS.values():
        for key, group in contrat.groupes.items():
            own = [stake[contrat.code, "action", code] for code in contrat.codes(key)]
            whole = stake[contrat.code, group.niveau, group.code_public]
            assert whole == sum(own) and min(own) >= 0
            solde = regles.soldes.get((2024, contrat.code, key))
            if solde is not None and solde.du is not None:
                assert whole <= max(0, solde.plafond - solde.du)
            elif clause_of(contrat, "plafond", key) and lectures["plafond-volet-3"] == "cumul":
                assert whole == 0
        for code, action in contrat.actions.items():
            plan = action.plan(2024)
            if plan is None or clause_of(contrat, "plafond", action.groupe) is not None:
                continue
            left = plan.get(ETAT, 0) - used[contrat.code, code][ETAT]
            assert stake[contrat.code, "action", code] <= max(0, left)


@pytest.mark.parametrize("reading", ["forfait", "forfait-par-action"])
def test_a_lump_sum_that_is_kept_whole_puts_nothing_at_stake(reading):
    spent = [(("emploi", "v1-1"), 100), (("emploi", "v1-2"), 100), (("emploi", "v1-3"), 100)]
    risque, regles = _risk(spent, [], {"forfait-volet-1": reading}, None)
    lost = risque.actions.query("groupe == 'v1'")["montant_a_risque"]
    assert regles.soldes[2024, "emploi", "v1"].du == 10_600_000 and sum(lost) == 0


def test_another_threshold_and_a_lever_stay_within_what_is_open():
    """Volet 2 with one euro left under its ceiling: nobody can save more than that euro."""
    spent = [(("emploi", "v2-7"), 35_939_200)]
    risque, regles = _risk(spent, [], {}, date(2024, 9, 30))
    solde = regles.soldes[2024, "emploi", "v2"]
    assert solde.plafond - solde.du == 100
    own = risque.lieux.query("code == 'v2' and financeur == 'etat'").iloc[0]
    assert own["montant_a_risque"] == 100
    found = leviers(risque)
    assert (found[found["action"].str.startswith("v2")]["preserve"] <= 100).all()
    levels = sensibilite(risque).query("contrat == 'emploi'")["montant_a_risque"]
    whole = risque.lieux.query("niveau == 'contrat' and code == 'emploi' and financeur == 'etat'")
    assert set(levels) == {whole.iloc[0]["montant_a_risque"]}


def test_what_no_rule_limits_is_left_as_it_is():
    assert limiter({}, {}, {}) == {}
    one = fabrique.situation()
    assert one.ouverture.reste is None
    assert limiter({one.cle: 5}, {one.cle: ("c", "v")}, {one.cle: 0}) == {one.cle: 0}
