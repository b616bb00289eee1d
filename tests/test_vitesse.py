"""The fast paths give what the plain ones give."""

from __future__ import annotations

from datetime import date
from fractions import Fraction as F
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from analyses.depot import gate
from analyses.depot.cellules import read_montant
from analyses.depot.csv_brut import read_records
from analyses.depot.table import Table
from analyses.preparation import quote_parts
from analyses.socle.money import share, share_many

WEIGHTS = st.lists(st.fractions(0, 10, max_denominator=50), min_size=1, max_size=5).filter(any)


@given(st.lists(st.integers(-(10**17), 10**17), max_size=5), WEIGHTS)
def test_many_amounts_are_shared_as_each_one(totals, weights):
    keyed = dict(enumerate(weights))
    parts = share_many(totals, keyed)
    for row, total in enumerate(totals):
        assert {key: int(part[row]) for key, part in parts.items()} == share(total, keyed)


@given(st.integers(0, 10**9), st.sampled_from(["{}", "{} €", "{} ", "+{}", "{}-"]))
def test_an_amount_reads_the_same_however_it_is_grouped(centimes, shape):
    euros, rest = divmod(centimes, 100)
    sign = -1 if shape == "{}-" else 1
    for grouped in (
        f"{euros}",
        f"{euros:,}".replace(",", " "),
        f"{euros:,}".replace(",", "\u202f"),
    ):
        assert read_montant(shape.format(f"{grouped},{rest:02d}")) == sign * centimes


@given(st.lists(st.lists(st.text("ab;\"\n ='", max_size=4), min_size=1, max_size=3), max_size=6))
def test_records_keep_their_first_line_and_lose_only_blank_ones(rows):
    text, expected, line = "", [], 1
    for cells in rows:
        quoted = ['"' + cell.replace('"', '""') + '"' for cell in cells]
        record = ";".join(quoted) + "\n"
        if any(cell.strip() not in ("", '=""') for cell in cells):
            expected.append((line, cells))
        text += record
        line += record.count("\n")
    assert list(read_records(text, ";")) == expected


def rules(*rows: dict) -> Table:
    base = {name: "" for name in ("code_analytique", "convention", "nature", "fonction")}
    base |= {"tiers": "", "objet": "", "priorite": 1, "quote_part": F(1)}
    lines = [base | row | {"ligne": number} for number, row in enumerate(rows, 2)]
    return Table("affectations", "a.csv", lines, [set() for _ in lines])


def test_rules_that_cannot_mix_are_known_without_the_lines():
    half = {"quote_part": F(1, 2)}
    assert quote_parts._never_mix(rules({"code_analytique": "A"}, {"code_analytique": "B"}))
    assert quote_parts._never_mix(rules({"nature": "65"}, {"nature": "61"}))
    assert quote_parts._never_mix(rules({}, {"priorite": 2}))
    assert quote_parts._never_mix(rules(half, half))
    assert not quote_parts._never_mix(rules({"nature": "65"}, {"nature": "656"}))
    assert not quote_parts._never_mix(rules({"objet": "a"}, {"objet": "b"}))
    assert not quote_parts._never_mix(rules({"code_analytique": "A"}, {"nature": "65"}))
    assert not quote_parts._never_mix(rules(half))


def dirty_ledger(size: int) -> Table:
    """Lines of which many break the suites, in every way they know."""
    random = Random(1)

    def row(number: int) -> dict:
        pick = random.choice
        return {
            "exercice": pick([2024] * 9 + [None, 1999]),
            "numero_mandat": pick([str(number)] * 9 + ["", "7"]),
            "numero_ligne": pick(["1"] * 9 + [""]),
            "date_emission": pick([date(2024, 5, 1)] * 9 + [None, date(1990, 1, 1)]),
            "type": pick(["ordinaire"] * 9 + ["x", ""]),
            "nature": pick(["6568"] * 9 + ["65X", ""]),
            "fonction": pick(["444", "", "A"]),
            "montant": pick([100, 5, None, -3, 10**12]),
            "date_paiement": pick([None, date(2024, 5, 1), date(1990, 1, 1)]),
            "ligne": number + 2,
        }

    rows = [row(number) for number in range(size)]
    return Table("mandats", "m.csv", rows, [set() for _ in rows])


def test_the_suites_find_every_kind_of_error():
    table = dirty_ledger(400)
    found = gate.validate({"mandats": table})
    assert len({problem.champ for problem in found}) == 12  # the key and eleven fields
    lines = {problem.ligne for problem in found if problem.champ == "nature"}
    wrong = {row["ligne"] for row in table.rows if row["nature"] == "65X"}
    assert lines == wrong and len(wrong) > 30
