"""The projection: cases with known answers, order, intervals, what a portfolio teaches."""

from __future__ import annotations

import shutil
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from portefeuille import portefeuille

from analyses.projection.apprentissage import apprendre, observer
from analyses.projection.evaluation import _etats_du_mois, _tableaux, groupes
from analyses.projection.modele import Etat, Passe, Projection, projeter, somme
from analyses.projection.parametres import load_modele
from analyses.socle.paths import PARAMS
from analyses.socle.problems import BilanError

MODELE = load_modele()
BUDGET = 100_000_00


def taught_by(years, modele=MODELE):
    return apprendre([observer(year, rows, modele) for year, rows in years.items()], modele)


def one(etat: Etat, modele=MODELE) -> Projection:
    return projeter([etat], modele)[0]


def etat(consomme: int, part: float, engage: int | None = None, **known) -> Etat:
    return Etat("a", BUDGET, consomme, engage, part, **known)


@pytest.fixture(scope="module")
def appris():
    """A model taught by three simulated years, known at the end of June."""
    frame = portefeuille(120, range(2018, 2021), 7)
    codes = groupes(sorted(set(frame["line_id"])))
    return taught_by(_etats_du_mois(_tableaux(frame), 6, codes))


# Constructed cases


def test_worked_by_hand_without_history():
    """Half the year, 30 % consumed: curve 0.5^1.2 = 0.435275; level (0.4 × 0.88 + 0.30) / (0.4 +
    0.435275) = 0.780581; remaining 0.780581 × (1 − 0.435275) = 0.4408134, under 0.98 × 0.70.
    Projected 30 000 + 44 081.34."""
    found = one(etat(30_000_00, 0.5))
    assert found.contributions == {"consomme": 3_000_000, "engage": 0, "plan": 4_408_134}
    assert found.centre == 7_408_134


def test_commitments_are_a_floor_for_what_remains():
    """Committed 90 000, consumed 30 000: 90 % of the pending 60 000 is likely paid, 54 000,
    more than the 44 081 that the pace alone expects."""
    found = one(etat(30_000_00, 0.5, 90_000_00))
    assert found.contributions == {"consomme": 3_000_000, "engage": 5_400_000, "plan": 0}


def test_small_commitments_leave_the_rest_to_the_plan():
    """Committed 40 000: 9 000 likely paid, the plan expects 44 081 − 9 000 more."""
    found = one(etat(30_000_00, 0.5, 40_000_00))
    assert found.contributions == {"consomme": 3_000_000, "engage": 900_000, "plan": 3_508_134}


def test_own_past_is_trusted_by_years():
    """One year: trust 1 / (1 + 0.4) = 0.7143. The past year ended at 0.60, 0.20 of it by June
    (no amount known): curve 0.2857 × 0.43528 + 0.7143 × (0.12/0.60) = 0.26722; level prior
    0.2857 × 0.88 + 0.7143 × 0.60 = 0.68; weight 0.4 + 3 × 0.7143 = 2.54286; level (2.54286 × 0.68 +
    0.12) / (2.54286 + 0.26722) = 0.65804; remaining 0.65804 × 0.73278 = 0.48220."""
    past = (Passe(2023, ((6, 0.12), (12, 0.6)), 0.6),)
    assert one(etat(12_000_00, 0.5, passe=past)).centre == pytest.approx(60_220_00, abs=2_00)


def test_fully_spent():
    """The whole budget consumed: nothing more is expected, and less is impossible."""
    for part in (0.25, 0.5, 0.75, 1.0):
        found = one(etat(BUDGET, part, BUDGET))
        assert found.centre == BUDGET == found.bas()
        assert found.probabilite_sous(BUDGET) == 0.0


def test_never_started():
    """Nothing consumed nor committed: less and less expected, 0 at the end, 0 always possible."""
    found = [one(etat(0, month / 12)) for month in range(13)]
    centres = [p.centre for p in found]
    assert centres == sorted(centres, reverse=True) and centres[-1] == 0
    assert centres[0] == round(0.88 * BUDGET) and centres[9] < 0.15 * BUDGET
    assert found[9].bas() == 0 and found[9].probabilite_sous(BUDGET // 2) > 0.8
    assert found[12].probabilite_sous(1) == 1.0


def test_on_plan():
    """Consumed exactly what the calendar expects: projected near the plan's end, at every date."""
    for planned in (0.2, 0.5, 0.8):
        found = one(etat(round(planned * BUDGET), planned, plan_au=planned))
        assert 0.93 * BUDGET < found.centre <= BUDGET
        assert found.bas() <= BUDGET <= found.haut()


def test_ramp_up_is_no_delay():
    """Start in September: nothing in June is on plan; the same without a calendar is a delay."""
    late = one(etat(0, 0.5, plan_au=0.0, plan_fin=0.3))
    assert late.centre == round(0.88 * 0.3 * BUDGET)
    assert one(etat(0, 0.5, plan_au=0.15, plan_fin=0.3)).centre < late.centre


def test_stopped_in_march():
    """A quarter consumed in March, nothing since: each month expects less, the truth (a quarter)
    stays in the interval from September on, and is certain on 31 December."""
    stop = round(0.25 * BUDGET)
    found = {m: one(etat(stop, m / 12)) for m in range(3, 13)}
    centres = [p.centre for p in found.values()]
    assert centres == sorted(centres, reverse=True)
    assert centres[-1] == stop and found[11].centre < 0.32 * BUDGET
    assert all(found[m].bas() <= stop <= found[m].haut() for m in (9, 10, 11, 12))


def test_bad_input_is_defined():
    """Zero or negative budget, negative or excess consumption, commitment over the budget, a date
    out of the year, a start after the cut-off: a figure, never a crash."""
    zero = one(Etat("z", 0, 500, 800, 0.5))
    assert zero.contributions == {"consomme": 500, "engage": 300, "plan": 0}
    assert zero.bas() == zero.haut() == 800
    assert one(Etat("z", 0, 0, None, 0.5)).centre == 0
    assert one(Etat("z", -100, -40, None, 0.5)).centre == -40
    over = one(etat(2 * BUDGET, 0.5))
    assert over.centre == 2 * BUDGET and over.haut() > over.centre
    negative = one(etat(-1000, 0.5))
    assert negative.contributions["consomme"] == -1000 and negative.centre > 0
    assert one(etat(0, 0.5, 3 * BUDGET)).centre == round(0.9 * 3 * BUDGET)
    assert one(etat(50_00, 0.5, 10_00)).contributions["engage"] == 0
    assert one(etat(50_00, 1.4)).centre == 50_00
    assert one(etat(0, -0.2)).centre == one(etat(0, 0.0)).centre
    assert one(etat(0, 0.5, plan_au=0.9, plan_fin=0.0)).centre == 0
    assert projeter([], MODELE) == []


def test_one_data_point_of_past_is_enough():
    past = (Passe(2023, ((9, 0.0),), 0.0),)
    found = one(etat(0, 0.5, passe=past))
    assert 0 <= found.centre < one(etat(0, 0.5)).centre


def test_steady_amount_wins_over_an_unsteady_budget():
    """Three years at 90 000 whatever the budget (30 000, 300 000, 90 000): the amount is the habit.
    Three years at 90 % of budgets that vary as much: the part is."""
    budgets = (30_000_00, 300_000_00, 90_000_00)
    amounts = [Passe(y, (), 90_000_00 / b, (), b) for y, b in enumerate(budgets)]
    parts = [Passe(y, (), 0.9, (), b) for y, b in enumerate(budgets)]
    token = Etat("t", 30_000_00, 0, None, 0.25)
    assert one(replace(token, passe=tuple(amounts))).centre > 60_000_00
    assert one(replace(token, passe=tuple(parts))).centre < 35_000_00


# Order, intervals, probabilities

parts_ = st.floats(0, 1)
amounts_ = st.integers(-BUDGET // 5, 2 * BUDGET)
passes_ = st.lists(
    st.builds(
        Passe,
        st.integers(2018, 2023),
        st.tuples(st.tuples(st.integers(1, 12), st.floats(0, 1.2))),
        st.floats(0, 2),
        st.tuples(st.tuples(st.integers(1, 12), st.floats(0, 1.2))),
        st.sampled_from([None, BUDGET // 2, BUDGET, 3 * BUDGET]),
    ),
    max_size=3,
).map(tuple)
etats_ = st.builds(
    Etat,
    st.just("a"),
    st.sampled_from([BUDGET, 0, 1, BUDGET * 1000]),
    amounts_,
    st.none() | amounts_,
    parts_,
    st.none() | parts_,
    st.floats(0, 1.2),
    passes_,
    st.just(()),
    st.none() | amounts_,
)


def check(found: Projection) -> None:
    assert found.centre == sum(found.contributions.values())
    quantiles = [found.quantile(p / 20) for p in range(21)]
    assert quantiles == sorted(quantiles) and found.quantile(0.5) == found.centre
    for level in (0.0, 0.5, 0.8, 0.99, 1.0):
        assert found.bas(level) <= found.centre <= found.haut(level)
    marks = [quantiles[0] - 1, *quantiles, found.centre + 1, quantiles[-1] + 1]
    under = [found.probabilite_sous(mark) for mark in sorted(marks)]
    assert under == sorted(under) and under[0] == 0.0 and under[-1] == 1.0


@given(etats_)
def test_always_a_distribution(known):
    """The interval holds its point, probabilities stay in [0, 1] and never go down."""
    check(one(known))


@given(etats_, st.integers(0, BUDGET))
def test_more_spent_never_lowers_the_projection(known, more):
    later = replace(known, consomme=known.consomme + more)
    assert one(later).centre >= one(known).centre - 1  # the rounding of one unit


@settings(max_examples=40, deadline=None)
@given(known=etats_, more=st.integers(0, BUDGET))
def test_more_spent_never_lowers_a_taught_projection(appris, known, more):
    known = replace(known, part_ecoulee=0.5)
    later = replace(known, consomme=known.consomme + more)
    first, second = projeter([known, later], appris)
    assert second.centre >= first.centre - 1
    check(first)


@given(etats_, st.integers(0, BUDGET))
def test_more_committed_never_lowers_the_projection(known, more):
    known = replace(known, engage=known.engage or 0)
    later = replace(known, engage=known.engage + more)
    assert one(later).centre >= one(known).centre - 1


def test_projection_refuses_no_probability():
    with pytest.raises(ValueError, match="probability"):
        one(etat(0, 0.5)).quantile(1.2)


# The total


def test_total_adds_up_and_depends():
    """20 equal lines: contributions add exactly; the interval is wider than if lines were
    independent, narrower than the sum of the intervals (which correlation 1 gives)."""
    lines = projeter([replace(etat(30_000_00, 0.5), code=str(n)) for n in range(20)], MODELE)
    total = somme(lines, MODELE)
    check(total)
    assert total.contributions["consomme"] == 20 * 30_000_00
    assert total.centre == sum(p.centre for p in lines)

    def width(correlation):
        found = somme(lines, replace(MODELE, correlation=correlation))
        return found.haut() - found.bas()

    alone, full = width(0), width(1)
    assert alone < total.haut() - total.bas() < full
    assert full == pytest.approx(sum(p.haut() - p.bas() for p in lines), rel=0.02)
    assert somme(lines[::-1], MODELE) == total
    assert somme([], MODELE).centre == 0


# What a portfolio teaches


def test_teaching_is_weighed_by_its_size(appris):
    """360 past lines against a credibility of 200: 360 / 560, and 240 / 440 without one of the
    three years; the groups are the natures."""
    whole, *folds = appris.appris.corrections
    assert whole.poids == pytest.approx(360 / 560)
    assert [one.poids for one in folds] == pytest.approx([240 / 440] * 3)
    assert list(whole.codes) == ["groupe_1"]
    assert set(whole.codes["groupe_1"]) == {
        "personnel",
        "contrats",
        "subventions",
        "travaux",
    }


def test_few_lines_teach_intervals_only():
    lines = [(Etat(str(n), 100, 40, None, 0.5), 90) for n in range(20)]
    taught = taught_by({2023: lines})
    assert taught.appris.corrections == ()
    assert one(etat(30_000_00, 0.5), taught).centre == one(etat(30_000_00, 0.5)).centre


def test_a_year_is_judged_by_what_the_others_teach():
    """One year starts slowly and ends at 60 %, the next quickly and at 90 %: both together explain
    each other without error, but neither foresaw the other, and the interval says so."""
    years = {
        year: [(Etat(str(n), 10_000, start + 30 * n, None, 0.5), final) for n in range(60)]
        for year, start, final in ((2022, 2_000, 6_000), (2023, 4_000, 9_000))
    }
    taught = taught_by(years)
    found = [one(Etat("a", 10_000, done, None, 0.5), taught) for done in (3_000, 5_000)]
    assert all(p.haut() - p.bas() > 2_000 for p in found)


def test_nothing_to_learn_from():
    assert taught_by({}).appris is None
    empty = taught_by({2023: [(Etat("a", 0, 0, None, 0.5), 0)]})
    assert empty.appris is None


def test_same_lines_all_year_teach_nothing_odd():
    """Identical lines: no variable varies, nothing is fitted, the projection is the reference."""
    lines = [(Etat(str(n), 100, 40, 40, 0.5), 90) for n in range(50)]
    taught = taught_by({2022: lines, 2023: lines})
    check(one(etat(40_000_00, 0.5), taught))


# Parameters


def test_parameters_are_checked(tmp_path):
    text = (PARAMS / "projection.yaml").read_text(encoding="utf-8")
    broken = (
        text.replace("niveau: 0.88", "niveau: beaucoup")
        .replace("plafond: 0.98", "plafond: 3")
        .replace("correlation: 0.1", "corrélation: 0.1")
        .replace("engage: -0.5", "engages: -0.5")
    )
    (tmp_path / "projection.yaml").write_text(broken, encoding="utf-8")
    with pytest.raises(BilanError) as error:
        load_modele(tmp_path)
    words = str(error.value)
    assert "6 problèmes" in words and "reference.niveau" in words and "entre 0 et 1" in words
    assert "champ « difficulte.engages » : attendu un paramètre connu" in words
    (tmp_path / "projection.yaml").write_text(text.replace("0.9: 3.0", "0.9: -3.0"), "utf-8")
    with pytest.raises(BilanError, match="croissantes"):
        load_modele(tmp_path)
    shutil.copy(PARAMS / "projection.yaml", tmp_path)
    assert load_modele(tmp_path) == MODELE


def test_quantiles_of_the_reference_are_increasing():
    assert all(a <= b for a, b in pairwise(MODELE.quantiles.values()))
