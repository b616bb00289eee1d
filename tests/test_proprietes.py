"""What holds for every year, whatever the files: no cliff, the right direction, never above, kept.

Each property runs on years drawn at random, under the retained readings and under others; a
reading that breaks one by its own words is left out of that one alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from annees import Annees, annees, chiffres
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analyses.chiffres.chiffre import Chiffre

QUICK = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
MANY = settings(max_examples=3000, deadline=None, suppress_health_check=list(HealthCheck))
Figures = dict[Any, Chiffre]

# Readings that may be retained. Left out: the whole forfait and that of each line (they claim more
# than the cost by their own words), the carry-over of what was notified (it carries more than the
# cash), a payment shared out by what was realised (it moves with every centime spent).
LECTURES = st.fixed_dictionaries(
    {
        "participation-tiers": st.sampled_from(["prevu", "emission", "encaissement"]),
        "cle-du-plan": st.sampled_from(
            ["prorata", "prorata-notifie", "etat-d-abord", "departement-d-abord"]
        ),
        "base-volet-2": st.sampled_from(["hors-fse", "cout-total"]),
        "plafond-volet-ou-action": st.sampled_from(["volet", "action"]),
        "partage-du-plafond": st.sampled_from(["fiches-d-abord", "proportionnel"]),
        "plafond-volet-3": st.sampled_from(["cumul", "par-exercice"]),
        "report-accord": st.sampled_from(["plein-droit", "accord"]),
        "realise-annexe-6": st.sampled_from(["a-b-c-d-e", "a-c-e", "mandats"]),
    }
)
RETENUES = st.just(dict[str, str]())
# What a centime may move by more: what adds up over the months of a year; an amount that has no
# object, a status, where nothing is spent (the gap to a minimum).
CUMULS = {"realise_cumule"}
SANS_OBJET = {"ecart_part_cd", "ecart_encaisse"}
Amounts = dict[Any, int]


def _euros(figures: Figures) -> Amounts:
    return {
        key: one.valeur
        for key, one in figures.items()
        if isinstance(one.valeur, int) and one.mesure not in CUMULS
    }


def _pairs(before: Amounts, after: Amounts) -> Iterator[tuple[Any, int, int]]:
    """Amounts of both; without object is no euro, except for what SANS_OBJET names."""
    for key in {**before, **after}:
        if key[0] not in SANS_OBJET or (key in before and key in after):
            yield key, before.get(key, 0), after.get(key, 0)


@st.composite
def moved(draw: Any) -> tuple[Annees, Annees, str]:
    """Some years, the same with one centime more somewhere, and where."""
    years = draw(annees())
    table = draw(st.sampled_from(["mandats", "recettes"] if years.recettes else ["mandats"]))
    rank = draw(st.integers(0, len(getattr(years, table)) - 1))
    more = years.plus(table, rank, 1)
    return years, more, f"{table}[{rank}]"


def _no_cliff(change: tuple[Annees, Annees, str], lectures: dict[str, str]) -> None:
    years, more, place = change
    before, after = _euros(chiffres(years, lectures)), _euros(chiffres(more, lectures))
    far = {
        key: (one, two)
        for key, one, two in _pairs(before, after)
        if abs(two - one) > (2 if key[3] == "action" else 1)
    }
    assert not far, (place, far)


@QUICK
@given(moved(), RETENUES)
def test_a_centime_moves_no_amount_by_more(change, lectures):
    _no_cliff(change, lectures)


@pytest.mark.slow
@MANY
@given(moved(), LECTURES)
def test_a_centime_moves_no_amount_by_more_under_any_reading(change, lectures):
    _no_cliff(change, lectures)


# --- the right direction, never above, kept --------------------------------------------------


def _owed(years: Annees, lectures: dict[str, str]) -> Amounts:
    """What the State owes (emploi) or bears (solidarités), by volet or axe, over both years."""
    found: Amounts = {}
    for one in chiffres(years, lectures).values():
        if one.financeur != "etat" or not isinstance(one.valeur, int):
            continue
        borne = one.mesure == "consomme" and one.contrat == "solidarites"
        if (one.mesure == "du" or borne) and one.niveau != "action":
            found[one.mesure, one.exercice, one.niveau, one.code] = one.valeur
    return found


@QUICK
@given(annees(), st.integers(1, 10_000_000), st.data())
def test_more_third_party_money_never_raises_what_the_state_owes(years, more, data):
    third = [n for n, row in enumerate(years.recettes) if row[2] != "etat"]
    if third:
        other = years.plus("recettes", data.draw(st.sampled_from(third)), more)
        before, after = _owed(years, {}), _owed(other, {})
        # A year that leaves more of its credits to the next one may let that one bear more.
        assert all(after[key] <= before[key] for key in after if key[1] == 2024 or key[0] == "du")


@QUICK
@given(annees(), st.integers(1, 10_000_000), st.data())
def test_more_eligible_cost_never_lowers_what_the_state_owes(years, more, data):
    own = [n for n, row in enumerate(years.mandats) if row[2] == "ordinaire"]
    other = years.plus("mandats", data.draw(st.sampled_from(own)), more)
    before, after = _owed(years, {}), _owed(other, {})
    assert all(after[key] >= before[key] for key in after if key[1] == 2024 or key[0] == "du")


@QUICK
@given(annees(), st.data())
def test_a_cancellation_never_raises_what_the_state_owes(years, data):
    own = [n for n, row in enumerate(years.mandats) if row[2] == "ordinaire"]
    origin = data.draw(st.sampled_from(own))
    year, action, _, nature, amount, _ = years.mandats[origin]
    back = (2025, action, "annulation", nature, data.draw(st.integers(0, amount)), origin)
    other = replace(years, mandats=(*years.mandats, back))
    before, after = _owed(years, {}), _owed(other, {})
    assert all(after[key] <= before[key] for key in after)


@QUICK
@given(annees(), LECTURES)
def test_nothing_is_claimed_above_cost_or_ceiling_nor_carried_above_cash(years, lectures):
    found = _euros(chiffres(years, lectures))
    for key, owed in found.items():
        mesure, contrat, year, niveau, code, *_ = key
        if mesure == "du" and niveau == "volet":
            place = (contrat, year, niveau, code)
            cost, third = (found[name, *place, funder, ""] for name, funder in _COUT)
            assert 0 <= owed <= max(0, cost - third)
            assert owed <= found["plafond_du", *place, "etat", ""]
        if mesure == "a_reporter" and key[5] == "etat":
            assert owed <= max(0, found["solde_verse", *key[1:]])


_COUT = (("cout", "total"), ("tiers", "autres"))


@QUICK
@given(annees(), LECTURES)
def test_shares_add_up_and_each_funder_s_money_is_kept(years, lectures):
    found = _euros(chiffres(years, lectures))
    spent: Amounts = {}
    for (mesure, contrat, year, niveau, code, funder, _), amount in found.items():
        place = (contrat, year, niveau, code)
        if mesure == "consomme" and funder != "total":
            spent[place] = spent.get(place, 0) + amount
        where = (*place, funder, "")
        if mesure == "recu" and ("consomme", *where) in found:
            # received + still due = taken + received in excess
            taken = found.get(("consomme", *where), 0) + found["recu_en_trop", *where]
            assert amount + found["reste_du", *where] == taken
        if mesure == "report_encaisse" or (mesure == "verse" and year == 2024):
            where = (*place, "etat", "")
            if niveau == "action" and ("a_reporter", *where) in found:
                cash = found["verse", *where] + found.get(("report_encaisse", *where), 0)
                left = found["a_reporter", *where] + found["a_rembourser", *where]
                assert cash == found["consomme", *where] + left
    for place, amount in spent.items():
        assert amount == found["realise", *place, "total", ""]
