"""Which ledger lines and days of staff are eligible: what a reversal follows, whose pay a line is.

The amounts by case are in tests/cas (18 to 20, 26 to 35).
"""

from __future__ import annotations

from datetime import date
from fractions import Fraction as F

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyses.contrat.load import load_contrats
from analyses.execution.personnel import staff_costs
from analyses.preparation.affectation import assign
from analyses.preparation.ineligibilite import en_doute
from analyses.preparation.paie import ecartes, sans_poste
from analyses.preparation.periode import hors_periode

CONTRATS = load_contrats("55")
VIDE = {"fonction": "", "convention": "", "tiers": "", "objet": "", "date_paiement": None}


def mandat(numero: str, ligne: str = "1", kind: str = "ordinaire", **champs) -> dict:
    plain = {"exercice": 2024, "numero_mandat": numero, "numero_ligne": ligne, "type": kind}
    plain |= {"mandat_origine": "", "nature": "611", "code_analytique": "", "montant": 100}
    plain |= {"date_emission": date(2024, 5, 2), "date_service": None, "poste": ""}
    return plain | VIDE | champs


def frame(*rows: dict) -> pd.DataFrame:
    return pd.DataFrame(list(rows)).astype({"montant": "int64"})


# --- what a reversal follows --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "ligne", "code", "day"),
    [
        ("A", "2", "A", 1),  # the line that agrees with it, whatever its number
        ("B", "1", "B", 2),
        ("", "2", "B", 2),  # it says nothing: the line of its number
        ("", "9", "A", 1),  # no such line: the first
        ("C", "2", "B", 2),  # none agrees: the line of its number, and not what it says
    ],
)
def test_a_reversal_follows_the_line_that_it_takes_back(said, ligne, code, day):
    lines = frame(
        mandat("7", "1", code_analytique="A", date_service=date(2024, 3, 1)),
        mandat("7", "2", code_analytique="B", date_service=date(2024, 3, 2), poste="P"),
        mandat("8", ligne, "annulation", mandat_origine="7", code_analytique=said, exercice=2024),
    )
    last = assign(lines, None).iloc[-1]
    assert (last["code_analytique"], last["service_juge"]) == (code, date(2024, 3, day))
    assert (last["numero_origine"], last["ligne_origine"]) == ("7", str(day))
    assert last["poste_juge"] == ("P" if day == 2 else "")


def test_a_reversal_of_last_year_is_sent_by_the_rules_of_last_year():
    rule = dict.fromkeys(("convention", "nature", "fonction", "tiers", "objet", "motif"), "")
    rule |= {"priorite": 1, "code_analytique": "A", "contrat": "emploi", "quote_part": F(1)}
    rules = pd.DataFrame([rule | {"action": "v2-7", "ligne": 2}])
    old = pd.DataFrame([rule | {"action": "v2-6", "ligne": 9}])
    before = frame(mandat("7", code_analytique="A"))
    lines = frame(
        mandat("8", code_analytique="A", exercice=2025),
        mandat("9", kind="annulation", mandat_origine="2024/7", exercice=2025),
        mandat("10", kind="annulation", mandat_origine="8", exercice=2025),
    )
    sent = assign(lines, rules, before, old)
    assert sent["action"].tolist() == ["v2-7", "v2-6", "v2-7"]
    assert sent["regle"].tolist() == [2, 9, 2]
    assert assign(lines, rules, before)["action"].tolist() == ["v2-7"] * 3


@pytest.mark.parametrize(
    ("origine", "outside"),
    [("2024/7", False), ("7", True)],  # the year it names, not there; else its own
)
def test_a_reversal_of_a_year_that_is_not_there_is_of_that_year(origine, outside):
    lines = frame(
        mandat("8", kind="annulation", exercice=2025, mandat_origine=origine),
    ).assign(date_emission=date(2025, 5, 2))
    judged = assign(lines, None).assign(contrat="emploi", groupe="v2")
    assert bool(hors_periode(judged, CONTRATS, {})[0]) is outside


@pytest.mark.parametrize(
    ("lecture", "emission", "service", "inside"),
    [
        ("service", date(2024, 3, 31), None, False),
        ("service", date(2024, 3, 31), date(2024, 4, 1), True),
        ("service", date(2024, 5, 2), date(2024, 3, 31), False),
        ("emission", date(2024, 5, 2), date(2024, 3, 31), True),
        ("emission", date(2024, 3, 31), date(2024, 4, 1), False),
        ("exercice", date(2024, 3, 31), date(2024, 3, 31), True),
    ],
)
def test_each_reading_of_the_period_looks_at_its_own_date(lecture, emission, service, inside):
    line = assign(frame(mandat("1", date_emission=emission, date_service=service)), None)
    line = line.assign(contrat="emploi", groupe="v3")
    reason = hors_periode(line, CONTRATS, {"periode-du-volet": lecture})[0]
    assert reason == ("" if inside else "hors période, du 01/04/2024 au 31/12/2025 (art. 2)")
    early = hors_periode(line, CONTRATS, {"periode-du-volet": lecture, "debut-de-periode": "plan"})[
        0
    ]
    assert early == ""


# --- days of staff ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lecture", "inside", "outside"),
    # 3 100.00 a month: 16 days of 31 and 15; 16/30 and what the whole month costs more.
    [("mois-reel", 160_000, 150_000), ("trentiemes", 165_333, 144_667)],
)
def test_a_month_cut_by_the_period_costs_a_month(lecture, inside, outside):
    columns = ["contrat", "action", "ligne", "quotite", "cout_mensuel_charge", "debut", "fin"]
    post = ("c", "1", 2, F(1), 310_000, date(2024, 3, 1), date(2024, 3, 31))
    periods = {("c", "1"): (date(2024, 3, 16), date(2024, 12, 31), "hors période")}
    found = staff_costs(pd.DataFrame([post], columns=columns), 2024, None, lecture, periods)
    assert found is not None
    rows = found[["motif_ineligible", "jours", "montant"]].to_numpy().tolist()
    assert rows == [["", 16, inside], ["hors période", 15, outside]]


# --- whose pay ----------------------------------------------------------------------------------

PAIES = st.lists(
    st.tuples(
        st.integers(-300_000, 500_000),  # what takes back is negative
        st.sampled_from(["2024-04", "2024-05"]),
        st.sampled_from(["", "compte", "autre"]),
    ),
    max_size=6,
)


def _paies(rows: list[tuple[int, str, str]]) -> tuple[pd.DataFrame, pd.DataFrame]:
    lines = pd.DataFrame(
        [
            ("emploi", "v3-1", amount, 2024, None, date.fromisoformat(f"{month}-02"), None)
            for amount, month, _ in rows
        ],
        columns=["contrat", "action", "montant_signe", "exercice_juge", "service_juge"]
        + ["emission_jugee", "date_emission"],
    ).astype({"montant_signe": "int64"})
    judged = pd.DataFrame({"paie": True, "paie_de": [whose for *_, whose in rows]}, dtype=object)
    return lines, judged


@given(PAIES, st.integers(0, 400_000))
def test_no_month_sets_aside_more_than_its_staff_costs(rows, cost):
    lines, judged = _paies(rows)
    costs = {("emploi", "v3-1", "2024-04"): cost}
    found = ecartes(lines, judged, costs, {}).tolist()
    for month in ("2024-04", "2024-05"):
        own = [(a, row) for a, row in zip(found, rows, strict=True) if row[1] == month]
        assert all(a == row[0] for a, row in own if row[2] == "compte")
        assert all(a == 0 for a, row in own if row[2] == "autre")
        unnamed = [(a, row[0]) for a, row in own if row[2] == ""]
        assert all(0 <= a <= max(0, amount) for a, amount in unnamed)
        aside, net = (sum(values) for values in zip((0, 0), *unnamed, strict=True))
        named = sum(a for a, row in own if row[2] == "compte")
        most = max(0, cost - max(0, named)) if month == "2024-04" else 0
        assert aside == max(0, min(most, net))


@given(PAIES, st.integers(0, 400_000), st.integers(1, 300_000))
def test_a_cancelled_pay_never_raises_what_is_retained(rows, cost, cancelled):
    costs = {("emploi", "v3-1", "2024-04"): cost}

    def retained(lines_: list[tuple[int, str, str]]) -> int:
        lines, judged = _paies(lines_)
        return int((lines["montant_signe"] - ecartes(lines, judged, costs, {})).sum())

    assert retained([*rows, (-cancelled, "2024-04", "")]) <= retained(rows)


def test_pay_set_aside_is_taken_from_the_largest_lines_first():
    rows = [(100, "2024-04", ""), (300, "2024-04", ""), (300, "2024-04", "")]
    lines, judged = _paies(rows)
    costs = {("emploi", "v3-1", "2024-04"): 350}
    assert ecartes(lines, judged, costs, {}).tolist() == [0, 300, 50]
    readings = ("addition", "mandats-seuls", "par-agent")
    for reading in readings:
        aside = ecartes(lines, judged, costs, {"double-compte-personnel": reading})
        assert aside.tolist() == [0, 0, 0]


# --- what is asked about -------------------------------------------------------------------------


def test_lines_in_doubt_and_pay_of_no_one_are_asked_about():
    lines = pd.DataFrame(
        [("emploi", action, 10_000 * rank) for rank, action in enumerate(("v2-5", "v3-1", "v3-1"))],
        columns=["contrat", "action", "montant_signe"],
    )
    judged = pd.DataFrame(
        {"doute": [True, True, True], "decision": ["", "eligible", ""]}
        | {"paie": [True, True, True], "paie_de": ["", "autre", ""]}
    )
    assert [note[:40] for note in en_doute(lines, judged)] == [
        "emploi v2-5 : 1 ligne(s) en doute, 0,00\u00a0",
        "emploi v3-1 : 1 ligne(s) en doute, 200,0",
    ]
    [note] = sans_poste(lines, judged, {(2024, "emploi", "v3-1", "P")})
    assert note.startswith("emploi v3-1 : 1 ligne(s) de paie, 200,00\u00a0€")
    assert "de qui est cette paie ?" in note


def test_an_action_that_a_rule_spares_exists():
    for contrat in CONTRATS.values():
        for rule in contrat.ineligibles:
            assert set(rule.sauf_actions) <= set(contrat.actions), rule.code
