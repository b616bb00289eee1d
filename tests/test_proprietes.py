"""What holds for every year, whatever the files: no cliff, the right direction, never above, kept.

Each property runs on years drawn at random, under the retained readings and under others; a
reading that breaks one by its own words is left out of that one alone.
"""

from __future__ import annotations

from typing import Any

import pytest
from annees import Annees, annees, chiffres
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analyses.chiffres.chiffre import Chiffre

QUICK = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
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
# One centime more may move more than a centime: what adds up the amounts of several exercises.
CUMULS = {"realise_cumule"}


def _euros(figures: Figures) -> dict[Any, int]:
    return {
        key: one.valeur
        for key, one in figures.items()
        if isinstance(one.valeur, int) and one.mesure not in CUMULS
    }


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
    far = {  # without object where nothing is spent: no euro
        key: (before.get(key, 0), after.get(key, 0))
        for key in {**before, **after}
        if abs(after.get(key, 0) - before.get(key, 0)) > (2 if key[3] == "action" else 1)
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
