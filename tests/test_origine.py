"""A reversal may name the exercise of its origin: every analysis follows it there.

Both exercises have a mandate 1: in 2023 on SOL-01, paid on 5 January 2024; in 2024 on SOL-02,
paid on 10 May 2024.
"""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from analyses.depot.controles import check_origins
from analyses.depot.table import Table
from analyses.preparation.affectation import assign
from analyses.preparation.ineligibilite import _verdicts
from analyses.preparation.paiement import paid_on

_VIDE = dict(nature="6568", fonction="", convention="", tiers="", objet="", date_paiement=None)
_VIDE |= dict(date_emission=None, date_service=None, poste="")


def ligne(numero: str, exercice: int, kind="ordinaire", origine="", code="", **plus) -> dict:
    return {
        "exercice": exercice,
        "numero_mandat": numero,
        "numero_ligne": "1",
        "type": kind,
        "mandat_origine": origine,
        "code_analytique": code,
        "montant": 100,
        "ligne": 2,
        **_VIDE,
        **plus,
    }


AVANT = ligne("1", 2023, code="SOL-01", date_paiement=date(2024, 1, 5))
APRES = ligne("1", 2024, code="SOL-02", date_paiement=date(2024, 5, 10))


@pytest.mark.parametrize(
    ("kind", "origine", "code", "paid"),
    [
        ("annulation", "1", "SOL-02", date(2024, 5, 10)),
        ("annulation", "2023/1", "SOL-01", date(2024, 1, 5)),
        ("annulation", "2024/1", "SOL-02", date(2024, 5, 10)),
        ("contrepassation", "2023/1", "SOL-01", date(2024, 1, 5)),
        ("contrepassation", "1", "SOL-01", date(2024, 1, 5)),
        ("annulation", "2022/1", "", None),
    ],
)
def test_imputation_and_payment_come_from_the_exercise_named(kind, origine, code, paid):
    frame = pd.DataFrame([APRES, ligne("9", 2024, kind, origine)])
    before = pd.DataFrame([AVANT])
    lines = assign(frame, None, before)
    assert lines["code_analytique"].tolist() == ["SOL-02", code]
    assert paid_on(lines, frame, before)[1] == paid


@pytest.mark.parametrize(
    ("kind", "origine", "reason"),
    [
        ("annulation", "1", "b"),
        ("annulation", "2023/1", "a"),
        ("contrepassation", "1", "a"),
        ("annulation", "2022/1", ""),
        ("ordinaire", "2023/1", ""),  # not a reversal: nothing is taken back
    ],
)
def test_a_decision_is_followed_in_the_exercise_of_the_origin(kind, origine, reason):
    decisions = {(2023, "1", "1"): ("ineligible", "a"), (2024, "1", "1"): ("eligible", "b")}
    frame = pd.DataFrame([APRES, ligne("9", 2024, kind, origine)])
    lines = assign(frame, None, pd.DataFrame([AVANT]))
    assert _verdicts(lines, decisions)[1].tolist() == ["b", reason]
    earlier = {(2022, "1", "1"): ("ineligible", "c")}  # an exercise that is not deposited
    assert _verdicts(lines, earlier)[1][1] == (
        "c" if (kind, origine[:4]) == ("annulation", "2022") else ""
    )
    # A decision on this year's mandate 1 says nothing of last year's.
    alone = {(2024, "1", "1"): ("eligible", "b")}
    assert _verdicts(lines, alone)[1][1] == ("b" if reason == "b" else "")


def table(*rows: dict) -> Table:
    return Table("mandats", "m.csv", rows, [set() for _ in rows])


def test_the_ceiling_is_that_of_the_exercise_named():
    """100 in each exercise: 101 is above, wherever; 60 twice is above only in one exercise."""
    before = table(AVANT)
    for origin in ("2023/1", "2024/1"):
        above = table(APRES, ligne("9", 2024, "annulation", origin, montant=101))
        assert [p.champ for p in check_origins(above, before)[0]] == ["montant"]
    twice = [ligne(n, 2024, "reduction", o, montant=60) for n, o in (("8", "2023/1"), ("9", "1"))]
    assert check_origins(table(APRES, *twice), before) == ([], [])


def test_an_exercise_that_is_not_read_is_told():
    line = ligne("9", 2024, "annulation", "2022/1")
    problems, [note] = check_origins(table(APRES, line), table(AVANT))
    assert problems == [] and "mandat 2022/1 d'un exercice non déposé" in note
    problems, [note] = check_origins(table(APRES, line | {"mandat_origine": "2023/1"}), None)
    assert problems == [] and "non vérifiée" in note


def test_a_mandate_that_the_exercise_named_has_not():
    line = ligne("9", 2024, "annulation", "2023/7")
    [problem], notes = check_origins(table(APRES, line), table(AVANT))
    assert problem.trouve == "« 2023/7 », absent" and notes == []
