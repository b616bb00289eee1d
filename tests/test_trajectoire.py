"""Planned trajectories: what the fiches say, the default curve, avenants, every error in French."""

from __future__ import annotations

import shutil
from datetime import date, timedelta
from fractions import Fraction as F
from pathlib import Path

import fabrique
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyses.cli import main
from analyses.contrat.load import load_contrats
from analyses.risque.trajectoire import Trajectoire, defaut, load_trajectoires, trajectoire
from analyses.socle.paths import PARAMS
from analyses.socle.problems import BilanError

VERSION = "contrats/55/solidarites/2024-06-20-initial"


@pytest.fixture(scope="module")
def contrats():
    return load_contrats("55")


@pytest.fixture(scope="module")
def connues(contrats):
    return load_trajectoires(contrats)


@pytest.fixture
def params(tmp_path: Path) -> Path:
    shutil.copytree(PARAMS / "contrats", tmp_path / "contrats")
    for path in [PARAMS / "registre.yaml", *PARAMS.glob("interpretations*.yaml")]:
        shutil.copy(path, tmp_path)
    return tmp_path


def _write(params: Path, text: str, folder: str = VERSION) -> None:
    (params / folder / "trajectoires.yaml").write_text(text, encoding="utf-8")


def _problems(params: Path, text: str) -> str:
    _write(params, text)
    with pytest.raises(BilanError) as error:
        load_trajectoires(load_contrats("55"), params)
    return str(error.value)


def test_every_action_has_a_sourced_curve_for_2024(contrats, connues):
    """20 + 17 actions; each curve says where it comes from, or what it supposes."""
    assert len([key for key in connues if key[2] == 2024]) == 37
    for (contrat, code, year), curve in connues.items():
        assert code in contrats[contrat].actions
        assert curve.sources or curve.lectures, (contrat, code)
        assert curve.part(date(year, 12, 31)) == (
            0 if (contrat, code) == ("solidarites", "14") else 1
        )


def test_what_the_fiches_say(connues):
    """Steps read in the fiches, by hand.

    v2-6: seminar on 28 May, pause in July and August: 28 May-30 June is 34 days, September-December
    122 days, so 34/156 in the summer. v2-1: nothing billed before 1 July. v2-8: fourth quarter. 13:
    from 1 February, 335 days. 16: second half, 184 days. 9 and 18, « 1er semestre »: on 30 June
    half-way between 182/366 (start on 1 January) and 0 (start on 30 June).
    """

    def part(contrat: str, code: str, month: int, day: int) -> F:
        return connues[contrat, code, 2024].part(date(2024, month, day))

    assert part("emploi", "v2-6", 5, 27) == 0 < part("emploi", "v2-6", 5, 28) == F(1, 156)
    assert part("emploi", "v2-6", 7, 15) == F(34, 156) == part("emploi", "v2-6", 8, 31)
    assert part("emploi", "v2-1", 6, 30) == 0 < part("emploi", "v2-1", 7, 1)
    assert part("emploi", "v2-8", 9, 30) == 0 and part("emploi", "v2-8", 11, 15) == F(1, 2)
    assert part("solidarites", "13", 2, 1) == F(1, 335)
    assert part("solidarites", "16", 9, 30) == F(92, 184)
    assert part("solidarites", "18", 6, 30) == F(182, 366) / 2 == part("solidarites", "9", 6, 30)
    assert part("solidarites", "7", 12, 31) == 1  # preparatory phase, budget of 2024
    assert part("solidarites", "14", 12, 31) == 0  # « sans coût induit »


def _calendar(debut: date | None, fin: date | None = None) -> Trajectoire:
    action = fabrique.action(calendrier=fabrique.calendrier(debut, fin))
    return defaut(fabrique.contrat(actions=[action]), action, 2024)


def test_default_curve_is_linear_within_the_year():
    """1 September to 31 December is 122 days; 61 of them on 31 October."""
    assert _calendar(date(2024, 9, 1)).part(date(2024, 10, 31)) == F(1, 2)
    assert _calendar(None).part(date(2024, 6, 30)) == F(182, 366)
    assert _calendar(date(2025, 1, 1)).fin == 0
    assert _calendar(None, date(2023, 12, 31)).part(date(2024, 1, 1)) == 1
    assert _calendar(None, date(2024, 3, 31)).part(date(2024, 3, 31)) == 1
    assert not _calendar(None).declaree and _calendar(None).lectures


def test_a_year_without_entry_follows_the_calendar(contrats, connues):
    curve = trajectoire(connues, contrats["solidarites"], "7", 2025)
    assert not curve.declaree and curve.part(date(2025, 6, 30)) == F(181, 365)


@given(
    st.lists(st.tuples(st.integers(2, 366), st.integers(0, 100)), min_size=1, max_size=6),
    st.integers(1, 366),
)
def test_a_curve_never_falls_nor_leaves_0_1(raw: list[tuple[int, int]], start: int) -> None:
    eve = date(2023, 12, 31)
    days = sorted({day for day, _ in raw})
    parts = sorted(part for _, part in raw)[: len(days)]
    points = tuple(
        (eve + timedelta(days=day), F(part, 100), "x")
        for day, part in zip(days, parts, strict=True)
    )
    first = min(days[0], start)
    curve = Trajectoire(2024, eve + timedelta(days=first), "", points)
    values = [curve.part(eve + timedelta(days=day)) for day in range(0, 400, 7)]
    assert values == sorted(values) and values[0] >= 0 and values[-1] <= 1


def test_a_one_off_payment_is_a_step(params):
    _write(
        params,
        "trajectoires:\n"
        '  - {action: "3", exercice: 2024, points: [{date: 2024-05-28, part: "25 %", source: "f"},'
        ' {date: 2024-12-31, part: 0.5, lecture: "l"}]}\n',
    )
    curve = load_trajectoires(load_contrats("55"), params)["solidarites", "3", 2024]
    assert curve.part(date(2024, 5, 27)) == 0 and curve.part(date(2024, 5, 28)) == F(1, 4)
    assert curve.fin == F(1, 2) and curve.part(date(2025, 1, 31)) == F(1, 2)


def test_an_avenant_replaces_an_entry_from_its_date(params):
    folder = params / "contrats/55/solidarites/avenant-1"
    folder.mkdir()
    (folder / "contrat.yaml").write_text(
        'version: {code: a1, libelle: "Avenant 1", effet: "2024-10-01", source: "essai"}\n',
        encoding="utf-8",
    )
    registre = params / "registre.yaml"
    text = registre.read_text(encoding="utf-8")
    registre.write_text(
        text.replace("[2024-06-20-initial]", "[2024-06-20-initial, avenant-1]", 1), encoding="utf-8"
    )
    _write(
        params,
        'trajectoires:\n  - {action: "1", exercice: 2024, points: [{date: 2024-12-31, part: 0.5,'
        ' source: "avenant 1"}]}\n',
        "contrats/55/solidarites/avenant-1",
    )
    after = load_trajectoires(load_contrats("55", params=params), params)
    before = load_trajectoires(load_contrats("55", date(2024, 9, 30), params=params), params)
    assert (before["solidarites", "1", 2024].fin, after["solidarites", "1", 2024].fin) == (
        1,
        F(1, 2),
    )
    assert after["solidarites", "2", 2024] == before["solidarites", "2", 2024]


def test_every_error_comes_at_once(params):
    whole = '{date: 2024-12-31, part: 1, source: "f"}'
    entries = [
        'action: "1", exercice: 2024, points: [{date: 2024-06-30, part: 0.6, source: "f"}, '
        '{date: 2024-12-31, part: 0.5, source: "f"}]',
        'action: "2", exercice: 2024, points: [{date: 2025-01-31, part: 1, source: "f"}]',
        'action: "3", exercice: 2024, points: [{date: 2024-12-31, part: "120 %", source: "f"}]',
        f'action: "99", exercice: 2024, points: [{whole}]',
        'action: "4", exercice: 2031, points: [{date: 2031-12-31, part: 1, source: "f"}]',
        'action: "5", exercice: 2024, points: [{date: 2024-12-31, part: 1}]',
        'action: "6", exercice: 2024, points: [{date: 2024-12-31, part: 1, source: "f", '
        'lecture: "l"}]',
        'action: "7", exercice: 2024, debut: {date: 2024-09-01, source: "f"}, points: '
        '[{date: 2024-06-30, part: 1, source: "f"}]',
        'action: "8", exercice: 2024, points: [{date: 2024-12-31, part: "moitié", source: "f"}]',
        f'action: "9", exercice: 2024, points: [{whole}]',
        f'action: "9", exercice: 2024, points: [{whole}]',
        'action: "10", exercice: 2024, points: []',
        f'action: "11", exercice: 2024, rythme: "lent", points: [{whole}]',
    ]
    text = "trajectoires:\n" + "".join(f"  - {{{entry}}}\n" for entry in entries)
    said = _problems(params, text)
    assert said.startswith("12 problèmes :")
    for words in (
        "action 1, 2024, point 2 » : attendu une part cumulée d'au moins 3/5 ; trouvé « 1/2 »",
        "action 2, 2024, point 1 » : attendu une date de 2024 ; trouvé « 2025-01-31 »",
        "action 3, 2024, point 1 » : attendu une part entre 0 et 1 ; trouvé « 6/5 »",
        "attendu une action parmi 1, 2",
        "attendu un exercice parmi 2024, 2025, 2026, 2027 ; trouvé « 2031 »",
        "action 5, 2024, point 1 » : attendu une source ou une lecture, l'une des deux",
        "trouvé « les deux »",
        "action 7, 2024, point 1 » : attendu une date après le 2024-09-01",
        "trajectoire 9 : points.0.part » : attendu une part : 0, 1, 0.25, « 25 % »",
        "action 9, 2024 » : attendu une seule trajectoire ; trouvé 2",
        "trajectoire 12 : points » : attendu au moins un élément",
        "trajectoire 13 : rythme » : attendu une clé du schéma",
    ):
        assert words in said, words
    assert said.count("solidarites/2024-06-20-initial/trajectoires.yaml") == 12


def test_error_not_a_list(params):
    assert "attendu une liste de trajectoires" in _problems(params, "trajectoires: linéaire\n")


def test_error_broken_yaml(params):
    assert "trajectoires.yaml, ligne" in _problems(params, "trajectoires: [\n")


def test_the_command_counts_them(capsys):
    assert main(["controler-contrat"]) == 0
    assert "Trajectoires prévues : 37, dont " in capsys.readouterr().out
