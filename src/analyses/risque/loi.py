"""Where an action may end the year: a distribution as it is shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from analyses.projection.modele import Projection

NIVEAU = 0.8
ISSUES = 100
CONTRIBUTIONS = ("consomme", "engage", "plan")


@dataclass(frozen=True)
class Loi:
    """A predictive distribution as it is shown: its point, its 80 % interval, and 100 equally
    likely outcomes in increasing order. `source`: the projection it comes from, None when the
    figure is certain or derived. bas <= centre <= haut always."""

    centre: int
    bas: int
    haut: int
    issues: tuple[int, ...]
    contributions: Mapping[str, int]
    source: Projection | None = None

    def sous(self, montant: int) -> float:
        """Probability of ending below an amount, in [0, 1]."""
        if self.source is not None:
            return min(1.0, max(0.0, float(self.source.probabilite_sous(montant))))
        return sum(issue < montant for issue in self.issues) / len(self.issues)

    def intervalle(self, niveau: float) -> tuple[int, int]:
        """Interval of another level (figures)."""
        if self.source is None:
            return self.bas, self.haut
        low, high = self.source.bas(niveau), self.source.haut(niveau)
        return min(low, self.centre), max(high, self.centre)

    def image(self, function: Callable[[int], int]) -> Loi:
        """Distribution of a non-decreasing function of the amount."""
        issues = tuple(sorted(function(issue) for issue in self.issues))
        centre = function(self.centre)
        low, high = min(centre, function(self.bas)), max(centre, function(self.haut))
        return Loi(centre, low, high, issues, {})


def certaine(montant: int) -> Loi:
    """A figure that is no longer a projection.

    >>> certaine(5).sous(5), certaine(5).sous(6), certaine(5).bas
    (0.0, 1.0, 5)
    """
    parts = dict.fromkeys(CONTRIBUTIONS, 0) | {"consomme": montant}
    return Loi(montant, montant, montant, (montant,), parts)


def loi(projection: Projection, centre: int | None = None) -> Loi:
    """A projection as it is shown; `centre`: the exact sum to show in place of its own point."""
    shift = 0 if centre is None else centre - projection.centre
    point = projection.centre + shift
    issues = sorted(projection.quantile((rank + 0.5) / ISSUES) + shift for rank in range(ISSUES))
    parts = {name: int(projection.contributions.get(name, 0)) for name in CONTRIBUTIONS}
    low, high = projection.bas(NIVEAU) + shift, projection.haut(NIVEAU) + shift
    source = None if shift else projection
    return Loi(point, min(low, point), max(high, point), tuple(issues), parts, source)
