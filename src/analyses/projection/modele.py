"""Projection of the consumption of budget lines at 31 December, as a distribution.

The reference needs no history: Bornhuetter–Ferguson with credibility (Bühlmann). The level that a
line should reach is weighed against its pace, the plan's curve against the line's own past, and
what is committed and likely to be paid is a floor for what remains. A portfolio's earlier years,
where there are some, refine it (`apprentissage`).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import NormalDist

import numpy as np
import pandas as pd

from analyses.projection.parametres import Modele

_SCENARIOS = 4000


@dataclass(frozen=True)
class Passe:
    """A past year of a line, in parts of its budget: cumulative by month (1 to 12), and at the end.

    `budget`: the year's budget in the unit of the line's amounts, None when not known.
    """

    year: int
    courbe: tuple[tuple[int, float], ...]
    final: float
    engage: tuple[tuple[int, float], ...] = ()
    budget: int | None = None


@dataclass(frozen=True)
class Etat:
    """What is known of one budget line at a cut-off date. Amounts: integers in one unit.

    `engage` is cumulative, what is consumed included; `plan_au` and `plan_fin` are the parts of
    the budget that the calendar expects at the date and at 31 December; `groupes` are codes
    (nature, service…) that lines share and `recent` what was consumed in the last three months
    (not known in the first quarter), used only when a portfolio teaches what they mean.
    """

    code: str
    budget: int
    consomme: int
    engage: int | None
    part_ecoulee: float
    plan_au: float | None = None
    plan_fin: float = 1.0
    passe: tuple[Passe, ...] = ()
    groupes: tuple[str, ...] = ()
    recent: int | None = None


@dataclass(frozen=True)
class Projection:
    """Distribution of the final consumption: `valeurs` are its quantiles at `probabilites`.

    `centre` is the exact sum of `contributions` and the median.
    """

    code: str
    centre: int
    contributions: dict[str, int]
    probabilites: tuple[float, ...] = field(repr=False)
    valeurs: tuple[int, ...] = field(repr=False)

    def quantile(self, p: float) -> int:
        """Amount that the final consumption stays under with probability p, never decreasing.

        >>> p = Projection("a", 50, {"consomme": 50}, (0.1, 0.5, 0.9), (30, 50, 90))
        >>> p.quantile(0), p.quantile(0.3), p.quantile(0.7)
        (30, 40, 70)
        """
        if not 0 <= p <= 1:
            raise ValueError(f"a probability is expected, not {p}")
        return round(float(np.interp(p, self.probabilites, self.valeurs)))

    def bas(self, niveau: float = 0.8) -> int:
        """Lower end of the central interval, at most `centre`.

        >>> Projection("a", 50, {"consomme": 50}, (0.1, 0.5, 0.9), (30, 50, 90)).bas()
        30
        """
        return min(self.centre, self.quantile((1 - niveau) / 2))

    def haut(self, niveau: float = 0.8) -> int:
        """Upper end of the central interval, at least `centre`.

        >>> Projection("a", 50, {"consomme": 50}, (0.1, 0.5, 0.9), (30, 50, 90)).haut()
        90
        """
        return max(self.centre, self.quantile((1 + niveau) / 2))

    def probabilite_sous(self, montant: int) -> float:
        """Probability that the final consumption is strictly under an amount.

        >>> p = Projection("a", 50, {"consomme": 50}, (0.1, 0.5, 0.9), (30, 50, 90))
        >>> p.probabilite_sous(30), round(p.probabilite_sous(40), 3), p.probabilite_sous(91)
        (0.0, 0.3, 1.0)
        """
        above = bisect_left(self.valeurs, montant)
        if above in (0, len(self.valeurs)):
            return float(above > 0)
        (low, high), (start, end) = (
            values[above - 1 : above + 1] for values in (self.valeurs, self.probabilites)
        )
        return float(start + (end - start) * (montant - low) / (high - low))


def _au(courbe: Sequence[tuple[int, float]], month: float) -> float:
    """Cumulative part at a (fractional) month, linear between known months."""
    known = [(0, 0.0), *sorted(courbe)]
    return float(np.interp(month, [m for m, _ in known], [part for _, part in known]))


def _passe(etat: Etat, anciennete: float) -> dict[str, float]:
    """Summary of the past years at the same date, the recent ones weighing more; NaN: no past."""
    if not etat.passe:
        return {}
    month, last = 12 * etat.part_ecoulee, max(etat.passe, key=lambda year: year.year)
    sums = dict.fromkeys(("annees", "niveau", "suivies", "avance", "payees", "paiement"), 0.0)
    for past in etat.passe:
        weight = anciennete ** (last.year - past.year)
        done, final = _au(past.courbe, month), past.final
        sums["annees"] += weight
        sums["niveau"] += weight * min(max(final, 0.0), 1.5)
        if final > 0.02:
            sums["suivies"] += weight
            sums["avance"] += weight * min(max(done / final, 0.0), 1.0)
        pending = _au(past.engage, month) - done if past.engage else 0.0
        if pending > 0.03:
            sums["payees"] += weight
            sums["paiement"] += weight * min(max((final - done) / pending, 0.0), 1.2)
    done = _au(last.courbe, month)
    found = {
        "annees": sums["annees"],
        "niveau": sums["niveau"] / sums["annees"],
        "payees": sums["payees"],
        "dernier_final": last.final,
        "dernier_fait": done,
        "dernier_reste": last.final - done,
    }
    if sums["suivies"]:
        found["avance"] = sums["avance"] / sums["suivies"]
    if sums["payees"]:
        found["paiement"] = sums["paiement"] / sums["payees"]
    if last.engage:
        found["dernier_engage"] = max(_au(last.engage, month), done)
    spent = [
        (anciennete ** (last.year - past.year), past.final, past.final * past.budget)
        for past in etat.passe
        if past.budget and past.final * past.budget >= 1
    ]
    if spent:
        weights, parts, amounts = (np.array(values) for values in zip(*spent, strict=True))
        logs = np.log(amounts / etat.budget)
        found["niveau_montant"] = float(np.exp(np.average(logs, weights=weights)))
        if len(spent) > 1:
            found["ecart_montant"] = float(np.var(logs, ddof=1))
            found["ecart_part"] = float(np.var(np.log(np.clip(parts, 0.02, 50)), ddof=1))
    if last.budget and etat.budget > 0:
        found["final_actuel"] = last.final * last.budget / etat.budget
        found["reste_actuel"] = (last.final - done) * last.budget / etat.budget
    return found


_COLONNES = (
    *("budget", "fait", "engage", "recent", "part", "plan_au", "plan_fin"),
    *("annees", "niveau", "avance", "payees", "paiement"),
    *("dernier_final", "dernier_fait", "dernier_reste", "dernier_engage"),
    *("final_actuel", "reste_actuel", "niveau_montant", "ecart_montant", "ecart_part"),
)


def caracteristiques(etats: Sequence[Etat], modele: Modele) -> pd.DataFrame:
    """One row per line: what is known of it, in parts of its budget (float64, NaN: not known).

    A line without a positive budget has no parts: its row stays NaN.

    >>> from analyses.projection.parametres import load_modele
    >>> caracteristiques([Etat("a", 200, 50, 80, 0.5)], load_modele())[["fait", "engage"]].values
    array([[0.25, 0.4 ]])
    """
    rows: list[dict[str, float]] = []
    for etat in etats:
        if etat.budget <= 0:
            rows.append({})
            continue
        done = etat.consomme / etat.budget
        row = {
            "budget": float(etat.budget),
            "fait": done,
            "part": min(max(etat.part_ecoulee, 0.0), 1.0),
            "plan_fin": max(etat.plan_fin, 0.0),
        }
        if etat.plan_au is not None:
            row["plan_au"] = min(max(etat.plan_au, 0.0), row["plan_fin"])
        if etat.engage is not None:
            row["engage"] = max(etat.engage / etat.budget, done)
        if etat.recent is not None:
            row["recent"] = min(max(etat.recent / etat.budget, -0.5), 1.0)
        rows.append(row | _passe(etat, modele.reference["anciennete"]))
    frame = pd.DataFrame(rows, columns=list(_COLONNES), dtype="float64")
    for rank in range(max((len(etat.groupes) for etat in etats), default=0)):
        frame[f"groupe_{rank}"] = [
            etat.groupes[rank] if rank < len(etat.groupes) else "" for etat in etats
        ]
    return frame


def _credibilite(years: pd.Series, half: float) -> pd.Series:
    """Bühlmann's weight of a past of so many years, 0 without any."""
    return (years / (years + half)).fillna(0.0)


def _niveau_passe(lignes: pd.DataFrame, p: Mapping[str, float]) -> tuple[pd.Series, pd.Series]:
    """The line's own past level (part of today's budget), and what shows that it is an amount.

    A line spends a part of its budget or an amount of its own: whichever varied less in the past.
    The second is 0 when its amounts varied as much as its parts, near 1 when they hardly did.
    """
    amount = lignes["niveau_montant"].clip(upper=10)
    noise = p["bruit_niveau"] ** 2
    steady = (lignes["ecart_montant"].fillna(0) + noise) / (lignes["ecart_part"].fillna(0) + noise)
    by_amount = (1 / (1 + p["preference_part"] * steady)).where(amount.notna(), 0.0)
    part = lignes["niveau"].clip(0, 1.2).fillna(0.0)
    past = (1 - by_amount) * part + by_amount * amount.fillna(0.0)
    return past, ((1 - steady) / (1 + p["preference_part"] * steady)).clip(lower=0)


def referer(lignes: pd.DataFrame, modele: Modele) -> pd.DataFrame:
    """`lignes` with the reference projection: `reference` (final part), `paye` (of the pending).

    Level q = (k × a-priori level + done) / (k + planned part), remaining = q × (1 − planned part),
    at most what is left of the budget (or of what the line uses to reach beyond it), at least what
    is committed and likely to be paid. Done never lowers done + remaining: each term loses at most
    what done gains. A calendar of the year, where there is one, wins over the past years' curve.
    """
    p = modele.reference
    done, elapsed = lignes["fait"], lignes["part"]
    trust = _credibilite(lignes["annees"].fillna(0.0), p["credibilite_passe"])
    usual = elapsed ** p["forme"]
    own = (1 - trust) * usual + trust * lignes["avance"].fillna(usual)
    calendar = (lignes["plan_au"] / lignes["plan_fin"]).where(lignes["plan_fin"] > 0, 1.0)
    curve = calendar.where(lignes["plan_au"].notna(), own)
    past, by_amount = _niveau_passe(lignes, p)
    level = (1 - trust) * p["niveau"] * lignes["plan_fin"] + trust * past
    weight = p["poids_niveau"] + p["poids_passe"] * trust
    level = (weight * level + done) / (weight + curve)
    room = (np.maximum(1, trust * past) - done).clip(lower=0)
    rest = (level * (1 - curve)).clip(lower=0).clip(upper=p["plafond"] * room)
    paid = _credibilite(lignes["payees"].fillna(0.0), p["credibilite_paiement"])
    likely = (1 - paid) * p["paiement"] + paid * lignes["paiement"].clip(upper=1).fillna(0.0)
    payable = likely * (lignes["engage"] - done).fillna(0.0)
    left = (12 * (1 - elapsed)).clip(upper=1)  # December closes: nothing more is paid on the 31st
    return lignes.assign(
        reference=done + left * np.maximum(rest, payable),
        paye=left * payable,
        confiance=trust,
        au_montant=by_amount,
        reste_a_courir=left,
    )


def difficulte(lignes: pd.DataFrame) -> pd.DataFrame:
    """Terms of the logarithm of the expected error, in the order of params/projection.yaml."""
    rest = (lignes["centre"] - lignes["fait"]).clip(lower=0)
    irregular = (lignes["niveau"].clip(0, 1.2) - 0.95).abs().fillna(0.0)
    return pd.DataFrame(
        {
            "constante": 1.0,
            "reste": np.log(rest + 0.02),
            "passe": lignes["confiance"],
            "irregularite": irregular * lignes["confiance"],
            "engage": (lignes["engage"] - lignes["fait"]).clip(0, 1).fillna(0.0),
        }
    )


def estimer(etats: Sequence[Etat], modele: Modele) -> pd.DataFrame:
    """One row per line: `centre` (final part of the budget), `paye`, and what they come from."""
    lignes = referer(caracteristiques(etats, modele), modele)
    centre = lignes["reference"]
    if modele.appris is not None:
        centre = modele.appris.centre(lignes)
    return lignes.assign(centre=centre)


def projeter(etats: Sequence[Etat], modele: Modele) -> list[Projection]:
    """Distribution of the final consumption of each line, in order.

    A line without a positive budget is projected at what is consumed or committed, without
    spread. Nothing consumed is expected back: no quantile is under what is consumed.

    >>> from analyses.projection.parametres import load_modele
    >>> [p] = projeter([Etat("a", 1000_00, 300_00, 450_00, 0.5)], load_modele())
    >>> p.centre == sum(p.contributions.values()), p.bas() <= p.centre <= p.haut()
    (True, True)
    """
    lignes = estimer(etats, modele)
    coefficients, quantiles = modele.difficulte, modele.quantiles
    if modele.appris is not None:
        coefficients, quantiles = modele.appris.difficulte, modele.appris.quantiles
    terms = difficulte(lignes)
    weights = np.array([coefficients[str(name)] for name in terms])
    spread = np.exp(terms @ weights) * lignes["reste_a_courir"] * lignes["budget"]
    probabilites, scores = tuple(quantiles), np.array(list(quantiles.values()))
    projections = []
    for etat, centre, paid, width in zip(
        etats,
        (lignes["centre"] * lignes["budget"]).tolist(),
        (lignes["paye"] * lignes["budget"]).tolist(),
        spread.tolist(),
        strict=True,
    ):
        if etat.budget <= 0:
            final = likely = max(etat.consomme, etat.engage or etat.consomme)
            values = (final,) * len(probabilites)
        else:
            final = max(round(centre), etat.consomme)
            likely = min(etat.consomme + round(paid), final)
            found = np.maximum(np.rint(final + width * scores), etat.consomme)
            values = tuple(found.astype(np.int64).tolist())
        parts = {
            "consomme": etat.consomme,
            "engage": likely - etat.consomme,
            "plan": final - likely,
        }
        projections.append(Projection(etat.code, final, parts, probabilites, values))
    return projections


def somme(projections: Sequence[Projection], modele: Modele) -> Projection:
    """Distribution of the total, lines depending on each other through one common factor.

    Gaussian copula of `correlation`, 4,000 scenarios (Latin hypercube) from a fixed seed; the
    total's centre is the sum of the centres, contribution by contribution.

    >>> from analyses.projection.parametres import load_modele
    >>> one = projeter([Etat("a", 1000, 300, None, 0.5)], load_modele())
    >>> somme(one * 2, load_modele()).centre == 2 * one[0].centre
    True
    """
    keys = dict.fromkeys(key for p in projections for key in p.contributions)
    parts = {key: sum(p.contributions.get(key, 0) for p in projections) for key in keys}
    centre = sum(parts.values())
    probabilites = tuple(modele.quantiles)
    draw = np.random.Generator(np.random.PCG64(20240620))
    normal = NormalDist()
    strata = np.array([normal.inv_cdf((i + 0.5) / _SCENARIOS) for i in range(_SCENARIOS)])
    common = draw.permutation(strata) * np.sqrt(modele.correlation)
    total = np.zeros(_SCENARIOS)
    for projection in sorted(projections, key=lambda p: (p.code, p.centre, p.valeurs)):
        scores = [normal.inv_cdf(p) for p in projection.probabilites]
        own = draw.permutation(strata) * np.sqrt(1 - modele.correlation)
        total += np.interp(common + own, scores, projection.valeurs)
    found = np.quantile(total, probabilites)
    values = [
        min(round(v), centre) if p < 0.5 else max(round(v), centre) if p > 0.5 else centre
        for p, v in zip(probabilites, found.tolist(), strict=True)
    ]
    return Projection("somme", centre, parts, probabilites, tuple(values))
