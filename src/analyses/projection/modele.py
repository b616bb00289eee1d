"""Projection of year-end consumption: a plain credibility model, to be replaced by the trained one.

Final = consumed + what is committed and likely paid + what the plan still expects, weighted by how
the line has done so far. The spread shrinks with what is left of the year.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from pathlib import Path
from statistics import NormalDist

from analyses.paths import PARAMS

_NORMALE = NormalDist()


@dataclass(frozen=True)
class Passe:
    """A past year of a line: cumulative part of its budget by month, and at the end."""

    year: int
    courbe: tuple[tuple[int, float], ...]
    final: float


@dataclass(frozen=True)
class Etat:
    """What is known of one budget line at a cut-off date; amounts in one integer unit."""

    code: str
    budget: int
    consomme: int
    engage: int | None
    part_ecoulee: float
    plan_au: float | None = None
    plan_fin: float = 1.0
    passe: tuple[Passe, ...] = ()


@dataclass(frozen=True)
class Projection:
    """Predictive distribution of the final consumption: normal around `centre`, floored."""

    code: str
    centre: int
    contributions: dict[str, int]
    ecart: float = 0.0
    plancher: int | None = None

    def quantile(self, p: float) -> int:
        value = self.centre
        if self.ecart > 0:
            value = round(self.centre + self.ecart * _NORMALE.inv_cdf(min(max(p, 1e-6), 1 - 1e-6)))
        return value if self.plancher is None else max(self.plancher, value)

    def bas(self, niveau: float = 0.8) -> int:
        return min(self.centre, self.quantile((1 - niveau) / 2))

    def haut(self, niveau: float = 0.8) -> int:
        return max(self.centre, self.quantile((1 + niveau) / 2))

    def probabilite_sous(self, montant: int) -> float:
        if self.plancher is not None and montant <= self.plancher:
            return 0.0
        if self.ecart <= 0:
            return float(self.centre < montant)
        return _NORMALE.cdf((montant - 0.5 - self.centre) / self.ecart)


@dataclass(frozen=True)
class Modele:
    """Rate at which planned credits are spent a priori, payment of commitments, spread."""

    rythme: float = 0.9
    paiement: float = 0.9
    dispersion: float = 0.3
    correlation: float = 0.2


def load_modele(params: Path = PARAMS) -> Modele:
    return Modele()


def _projection(etat: Etat, modele: Modele) -> Projection:
    planned = etat.part_ecoulee if etat.plan_au is None else etat.plan_au
    left = max(0.0, etat.plan_fin - planned)
    done = etat.consomme / etat.budget if etat.budget > 0 else 0.0
    parts = [past.final for past in etat.passe]
    prior = sum(parts) / len(parts) if parts else modele.rythme
    weight = min(1.0, max(0.0, planned))
    seen = min(1.5, max(0.0, done / planned)) if planned > 0 else prior
    rate = weight * seen + (1 - weight) * prior
    pending = max(0, (etat.engage or 0) - max(etat.consomme, 0)) if etat.engage is not None else 0
    likely = round(modele.paiement * pending)
    planned_rest = max(0, round(left * rate * max(etat.budget, 0)) - likely)
    centre = etat.consomme + likely + planned_rest
    share = sqrt(max(0.0, 1 - etat.part_ecoulee))
    spread = modele.dispersion * (likely * (0.5 + share) + planned_rest + share * etat.budget * 0.2)
    floor = etat.consomme if etat.consomme >= 0 else None
    contributions = {"consomme": etat.consomme, "engage": likely, "plan": planned_rest}
    return Projection(etat.code, centre, contributions, max(0.0, spread), floor)


def projeter(etats: Sequence[Etat], modele: Modele) -> list[Projection]:
    return [_projection(etat, modele) for etat in etats]


def somme(projections: Sequence[Projection], modele: Modele) -> Projection:
    spreads = [p.ecart for p in projections]
    own = sum(s * s for s in spreads)
    common = modele.correlation * (sum(spreads) ** 2 - own)
    keys = dict.fromkeys(key for p in projections for key in p.contributions)
    contributions = {key: sum(p.contributions.get(key, 0) for p in projections) for key in keys}
    floors = [p.plancher for p in projections]
    known = [floor for floor in floors if floor is not None]
    floor = sum(known) if len(known) == len(floors) else None
    centre = sum(p.centre for p in projections)
    return Projection("somme", centre, contributions, sqrt(own + common), floor)
