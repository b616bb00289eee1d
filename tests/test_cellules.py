"""The grammar of indicator values: every printed cell, what is refused, and what never fails."""

from __future__ import annotations

import csv
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from analyses.contrat.cell import MOTIFS, Cell, read_cell, write_cell
from analyses.contrat.load import load_contrats
from analyses.contrat.parametres import load_interpretations

CAS = Path(__file__).parent / "cas" / "cellules.csv"


def _cases() -> list[dict[str, str]]:
    with CAS.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _printed() -> list[tuple[str, str, str, str, str, str]]:
    """(contract, action, indicator, table, column, text) of every cell of params/contrats."""
    found = []
    for contrat in load_contrats("55").values():
        for action, indicateur in contrat.indicateurs():
            place = (contrat.code, action, indicateur.code)
            for table in indicateur.tableaux:
                for rank, text in enumerate(table.cellules, start=1):
                    found.append((*place, table.source, str(rank), text))
            if indicateur.formule is not None and indicateur.formule.objectif:
                found.append((*place, "annexe 4, objectif", "1", indicateur.formule.objectif))
    return found


def test_every_printed_cell_has_its_reading_in_the_case_file():
    """Annexes 2 and 4, fiches 1 to 20, fiches 1 to 8 of volet 2, annexe 4 emploi: no cell left."""
    keys = ("contrat", "action", "indicateur", "source", "colonne", "imprime")
    assert [tuple(case[key] for key in keys) for case in _cases()] == _printed()


@pytest.mark.parametrize(
    "case", {case["imprime"]: case for case in _cases()}.values(), ids=lambda case: case["imprime"]
)
def test_reading_of_every_printed_text(case):
    cell = read_cell(case["imprime"])
    value = Fraction(case["valeur"]) if case["valeur"] else None
    assert (cell.imprime, cell.type, cell.valeur) == (case["imprime"], case["type"], value)
    assert (cell.unite or "", cell.qualificatif or "") == (case["unite"], case["qualificatif"])


def test_one_text_has_one_reading_wherever_it_is_printed():
    readings: dict[str, set[tuple[str, ...]]] = {}
    for case in _cases():
        reading = tuple(case[key] for key in ("type", "valeur", "unite", "qualificatif"))
        readings.setdefault(case["imprime"], set()).add(reading)
    assert all(len(found) == 1 for found in readings.values())


@pytest.mark.parametrize(
    ("text", "kind", "value", "unit", "qualifier"),
    [
        ("1\u202f012 (dont 40 relais)", "nombre", 1012, None, "dont 40 relais"),
        ("1.234,50", "nombre", Fraction(2469, 2), None, None),
        ("1,234.50", "nombre", Fraction(2469, 2), None, None),
        ("1e6", "nombre", 1_000_000, None, None),
        ("1E+06", "nombre", 1_000_000, None, None),
        ("-5", "nombre", -5, None, None),
        ("\u22125", "nombre", -5, None, None),
        ("aucun", "nombre", 0, None, None),
        ("environ 50 familles", "nombre", 50, "familles", "environ"),
        ("15 personnes accompagnées en 2024", "nombre", 15, "personnes accompagnées", "en 2024"),
        ("37,5\u00a0%", "taux", Fraction(3, 8), "%", None),
        ("12,345 %", "taux", Fraction(2469, 20000), "%", None),
        ("100 pour cent", "taux", 1, "%", None),
        ("12,5 k€", "montant", 12_500, "€", None),
        ("3 000 euros (subvention)", "montant", 3000, "€", "subvention"),
        ("+ 25 personnes", "increment", 25, "personnes", None),
        ("+25 %", "increment", Fraction(1, 4), "%", None),
        ("2 x 2 (nord et sud)", "produit", 4, None, "nord et sud"),
        ("2×2×3", "produit", 12, None, None),
        ("Oui (mars 2024)", "booleen", 1, None, "mars 2024"),
        ("non, pas encore", "booleen", 0, None, "pas encore"),
        ("VRAI", "booleen", 1, None, None),
        ("sans objet (abandon)", "sans_objet", None, None, "abandon"),
        ("n.d.", "inconnu", None, None, None),
        ("à définir", "inconnu", None, None, None),
        ("non concernée", "non_concerne", None, None, None),
        ("selon les crédits", "conditionnel", None, None, None),
        ("non réalisé", "texte", None, None, None),
        ("un territoire retenu, 34 jeunes", "texte", None, None, None),
        ("   ", "vide", None, None, None),
    ],
)
def test_results_as_pilots_write_them(text, kind, value, unit, qualifier):
    cell = read_cell(text)
    assert cell == Cell(
        text,
        kind,
        None if value is None else Fraction(value),
        qualifier,
        unite=unit,
        facteurs=cell.facteurs,
    )


@pytest.mark.parametrize(
    ("text", "motif"),
    [
        *[(t, "DATE") for t in ("02-févr", "12/04/2024", "2024-02-02 00:00:00", "mars 2025")],
        *[(t, "PART") for t in ("2/3", "2 sur 3")],
        *[(t, "INTERVALLE") for t in ("10-15", "10 à 15", "entre 10 et 15", "4 ou 5")],
        *[(t, "BORNE") for t in ("> 50", "moins de 5", "au moins 10")],
        *[(t, "SEPARATEUR") for t in ("1.234", "1,234")],
        *[(t, "ABREVIATION") for t in ("NC", "N/A", "-", "néant", "x")],
        *[(t, "TABLEUR") for t in ("#REF!", "#N/A", "#VALEUR!")],
        *[(t, "FORMULE") for t in ("=2*2", "@SUM(A1)")],
        ("1 /", "DEUX_CELLULES"),
        ("3h30", "DUREE"),
        ("1er semestre", "RANG"),
    ],
)
def test_what_has_two_readings_is_said_never_guessed(text, motif):
    cell = read_cell(text)
    assert (cell.type, cell.valeur, cell.motif) == ("illisible", None, MOTIFS[motif])


@pytest.mark.parametrize("text", ["12 jeunes, 5 adultes", "5+", "- 3 réunions", "٣", "9" * 40])
def test_an_unknown_form_is_said_too(text):
    cell = read_cell(text)
    assert (cell.type, cell.valeur) == ("illisible", None) and cell.motif


# Properties

_NUMBER = st.builds(
    lambda digits, power: Fraction(digits, 10**power),
    st.integers(0, 999_999_999),
    st.sampled_from([0, 1, 2, 4, 5]),
)
_UNIT = st.sampled_from([None, "personnes", "jeunes approchés", "ETP", "projets d'accueil"])
_WORDS = st.sampled_from([None, "1 par territoire", "renfort XP", "dont 3 (au nord)", "à revoir"])
_CELLS = st.one_of(
    st.builds(
        lambda v, u, q, k: Cell("", k, v, q, unite=u),
        _NUMBER,
        _UNIT,
        _WORDS,
        st.sampled_from(["nombre", "increment"]),
    ),
    st.builds(lambda v, q: Cell("", "taux", v / 100, q, unite="%"), _NUMBER, _WORDS),
    st.builds(lambda v, q: Cell("", "montant", v, q, unite="€"), _NUMBER, _WORDS),
    st.builds(lambda v, q: Cell("", "increment", v / 100, q, unite="%"), _NUMBER, _WORDS),
    st.builds(
        lambda f, u, q: Cell("", "produit", f[0] * f[1], q, unite=u, facteurs=f),
        st.tuples(*[st.integers(0, 9999).map(Fraction)] * 2),
        _UNIT,
        _WORDS,
    ),
    st.builds(lambda b, q: Cell("", "booleen", Fraction(b), q), st.booleans(), _WORDS),
    st.builds(
        lambda k, q: Cell("", k, None, q),
        st.sampled_from(["sans_objet", "inconnu", "non_concerne"]),
        _WORDS,
    ),
)


@given(_CELLS)
def test_what_is_printed_is_read_back_the_same(cell):
    text = write_cell(cell)
    assert read_cell(text) == replace(cell, imprime=text)


_BITS = st.sampled_from(
    ["2", "10", "1 234", "3,5", "1e6", "+", "-", "*", "x", "%", "€", "k€", "/", "?", "(", ")", "=",
     "#REF!", " ", "oui", "non", "salariés", "dont", "environ", "selon", "févr", "NC", "\n", "’"]
)  # fmt: skip


@given(st.one_of(st.text(), st.lists(_BITS, max_size=7).map("".join)))
@example("1e99")
@example("9" * 5000)
@example("\x00")
@example("(" * 500)
def test_no_text_makes_it_crash_and_its_reading_is_stable(text):
    cell = read_cell(text)
    assert cell.imprime == text
    assert (cell.valeur is not None) == (
        cell.type in ("nombre", "taux", "montant", "increment", "produit", "booleen")
    )
    assert (cell.motif is not None) == (cell.type == "illisible")
    printed = write_cell(cell)
    assert replace(read_cell(printed), imprime=text) == cell


# What the indicators are


def test_every_reading_of_an_indicator_has_its_source_or_its_interpretation():
    """94 rows: 56 local, 15 national, 21 of volet 2, 2 of annexe 4 emploi."""
    rows = [row for c in load_contrats("55").values() for row in c.indicateurs()]
    assert len(rows) == 94
    cited = {text for _, i in rows for text in i.fondements.values() if text.islower()}
    cited |= {i.formule.fondement for _, i in rows if i.formule}
    codes = {row["code"] for row in load_interpretations()}
    own = {code for code in codes if code in cited}
    assert {"sens-baisse", "stock-31-decembre", "t0-cumule", "taux-d-orientation"} <= own
    less = {f"{a}/{i.code}" for a, i in rows if i.sens == "baisse"}
    assert less == {"5/offres-non-pourvues", "15/plans-non-honores"}
