"""Parameters of the projection (params/projection.yaml), checked; what a portfolio adds to them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from analyses.socle.paths import PARAMS
from analyses.socle.problems import BilanError, Problem
from analyses.socle.yaml_files import read_yaml

if TYPE_CHECKING:
    from analyses.projection.apprentissage import Appris

_CLES = {
    "reference": (
        *("niveau", "forme", "poids_niveau", "poids_passe", "credibilite_passe", "anciennete"),
        *("plafond", "paiement", "credibilite_paiement", "preference_part", "bruit_niveau"),
    ),
    "difficulte": ("constante", "reste", "passe", "irregularite", "engage"),
    "apprentissage": ("credibilite", "minimum", "poids_reference", "prudence"),
}
_PARTS = ("niveau", "anciennete", "plafond", "paiement")


@dataclass(frozen=True)
class Modele:
    """Parameters of the projection, and what a portfolio taught."""

    reference: Mapping[str, float]
    difficulte: Mapping[str, float]
    quantiles: Mapping[float, float]
    correlation: float
    apprentissage: Mapping[str, float]
    appris: Appris | None = field(default=None, repr=False)


def _wrong(champ: str, attendu: str, trouve: object) -> Problem:
    shown = "rien" if trouve is None else f"« {trouve} »"
    return Problem("projection.yaml", None, champ, attendu, shown, "corrigez le paramètre")


def _numbers(champ: str, value: object, low: float, high: float) -> Iterator[Problem]:
    """The problem of a parameter that is not a number between two bounds."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        yield _wrong(champ, "un nombre", value)
    elif not low <= value <= high:
        yield _wrong(champ, f"un nombre entre {low:g} et {high:g}", value)


def _problems(
    raw: Mapping[str, object], sections: Mapping[str, Mapping[object, object]]
) -> Iterator[Problem]:
    for name in sorted(set(raw) - {*sections, "correlation"}, key=str):
        yield _wrong(str(name), "une rubrique connue", name)
    for section, keys in _CLES.items():
        for key in keys:
            high = 1 if key in _PARTS else 1e6
            low = -high if section == "difficulte" else 0
            yield from _numbers(f"{section}.{key}", sections[section].get(key), low, high)
        for other in sorted(set(sections[section]) - set(keys), key=str):
            yield _wrong(f"{section}.{other}", "un paramètre connu", other)
    yield from _numbers("correlation", raw.get("correlation"), 0, 1)
    for p, value in sections["quantiles"].items():
        yield from _numbers("quantiles", p, 0, 1)
        yield from _numbers(f"quantiles.{p}", value, -1e6, 1e6)


def load_modele(params: Path = PARAMS) -> Modele:
    """The documented parameters; `BilanError` when one is absent, unknown or out of its range.

    >>> load_modele().reference["plafond"]
    0.98
    """
    content = read_yaml(params / "projection.yaml")
    raw = content if isinstance(content, dict) else {}
    sections = {
        name: raw[name] if isinstance(raw.get(name), dict) else {} for name in (*_CLES, "quantiles")
    }
    if problems := list(_problems(raw, sections)):
        raise BilanError(problems)
    quantiles = dict(sorted(sections["quantiles"].items()))
    values = list(quantiles.values())
    if quantiles.get(0.5) != 0 or any(a > b for a, b in pairwise(values)):
        raise BilanError(_wrong("quantiles", "des valeurs croissantes, 0 pour 0.5", values))
    return Modele(
        sections["reference"],
        sections["difficulte"],
        quantiles,
        raw["correlation"],
        sections["apprentissage"],
    )
