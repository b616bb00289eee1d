"""The net under the figures: what was frozen before the house was rebuilt still comes out.

Every difference matches an entry of tests/gel/ecarts.yaml, whose `journal` is a line of the
changelog that names the exercises. A figure that did not exist is no difference.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
import yaml
from scenarios_gel import CLES, CLES_LECTURES, GEL, SCENARIOS, Atelier, frozen, read_frozen

KEYS = {
    "resultats": CLES,
    "lectures": CLES_LECTURES,
    "classeur": ("feuille", "cellule"),
    "pages": ("carnet", "legende", "rang", "colonne"),
}
ENTRY = {"journal", "exercices", "pourquoi", "scenario", "fichier"}
ECARTS: list[dict[str, Any]] = yaml.safe_load((GEL / "ecarts.yaml").read_text("utf-8")) or []
_used: set[int] = set()
Difference = dict[str, str]


@pytest.fixture(scope="module")
def atelier(tmp_path_factory):
    return Atelier(tmp_path_factory.mktemp("gel"))


def _spaces(text: str) -> str:
    return " ".join(text.split())  # U+202F and U+00A0 are spaces for Python


def _key(row: dict[str, str], names: tuple[str, ...]) -> tuple[str, ...]:
    """A caption used to repeat the sum of its lines, which no row of `chiffres` holds."""
    summed = re.compile(r", [\d\s\u2212]+,\d\d €")
    return tuple(
        summed.sub("", _spaces(row.get(name, ""))) if name == "legende" else row.get(name, "")
        for name in names
    )


def _numbered(rows: list[Any], keys: tuple[str, ...]) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Rows by key; two tables of one caption tell their cells apart by their order."""
    seen: Counter[tuple[str, ...]] = Counter()
    for row in rows:
        key = _key(row, keys)
        seen[key] += 1
        yield (*key, seen[key]), row


def _differences(kind: str, before: list[Any], now: list[Any]) -> list[Difference]:
    """What the frozen rows say and the present ones do not."""
    keys = KEYS[kind]
    if before and "detail" in before[0]:
        keys = (*keys, "detail")
    else:  # frozen before figures had a detail: those that have one are new
        now = [row for row in now if not row.get("detail")]
    found = dict(_numbered(now, keys))
    rows = []
    for key, row in _numbered(before, keys):
        place = dict(zip(keys, key, strict=False))
        new = found.get(key)
        if new is None:
            rows.append(place | {"champ": "ligne", "avant": "présente", "apres": "absente"})
            continue
        for name, value in row.items():
            if name not in keys and _spaces(value) != _spaces(new.get(name, "")):
                rows.append(place | {"champ": name, "avant": value, "apres": new.get(name, "")})
    return rows


def _explains(entry: dict[str, Any], scenario: str, kind: str, one: Difference) -> bool:
    asked = {k: str(v) for k, v in entry.items() if k not in ENTRY}
    return (
        fnmatchcase(scenario, entry.get("scenario", "*"))
        and fnmatchcase(kind, entry.get("fichier", "*"))
        and all(fnmatchcase(one.get(name, ""), value) for name, value in asked.items())
    )


def _check(name: str, rows: dict[str, list[dict[str, str]]]) -> None:
    silent = []
    for kind, before in read_frozen(name).items():
        for one in _differences(kind, before, rows.get(kind, [])):
            known = [n for n, e in enumerate(ECARTS) if _explains(e, name, kind, one)]
            _used.update(known)
            if not known:
                silent.append(f"{kind} {one}")
    shown = "\n".join(silent[:40])
    assert not silent, f"{name} : {len(silent)} écarts que le journal ne dit pas\n{shown}"


# The rest is run by make test-all: each scenario costs one or two seconds.
QUICK = [
    *("exemple-2024", "avenant-partiel", "annee-brouillee", "sans-mandats", "sans-recettes"),
    *("cas-07-report-et-avenant", "cas-14-volet-2-plafond", "cas-20-agents"),
]


@pytest.mark.parametrize("name", QUICK)
def test_a_frozen_figure_moves_only_with_a_line_of_the_changelog(name, atelier):
    _check(name, SCENARIOS[name](atelier))


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in SCENARIOS if name not in QUICK])
def test_every_other_scenario_too(name, atelier):
    _check(name, SCENARIOS[name](atelier))


def test_every_scenario_is_frozen():
    assert sorted(SCENARIOS) == frozen()


def test_a_difference_is_told_by_the_changelog():
    journal = (Path(__file__).parents[1] / "CHANGELOG.md").read_text(encoding="utf-8")
    for entry in ECARTS:
        lines = [line for line in journal.splitlines() if entry["journal"] in line]
        assert lines, entry["journal"]
        for exercice in entry["exercices"]:
            assert re.search(rf"\b{exercice}\b", lines[0]), (exercice, lines[0])
        assert entry["pourquoi"]


@pytest.mark.slow
def test_no_entry_is_stale(request):
    if not request.config.option.keyword and "slow or not slow" in request.config.option.markexpr:
        assert [entry for n, entry in enumerate(ECARTS) if n not in _used] == []
