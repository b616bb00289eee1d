"""Convention insertion-emploi: shares of a volet, advance, ceilings, balance, overpayment.

Amounts are integer centimes. A ceiling and a maximum share round down (arrondi au centime
inférieur): the département bears the odd centime.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from analyses.contrat.citations import amount_of, cite, clause_of
from analyses.contrat.financeurs import CD, ETAT
from analyses.contrat.model import Contrat
from analyses.socle.money import floor_centime, round_together


@cite("plafond")
def ceiling(contrat: Contrat, groupe: str, exercice: int) -> int | None:
    """The State's maximum for a volet ('': the contract) and an exercise (art. 4.1), in centimes.

    None when no signed text gives it: 2025 amounts come by avenant.

    >>> from analyses.contrat.load import load_contrats
    >>> emploi = load_contrats("55")["emploi"]
    >>> ceiling(emploi, "v2", 2024), ceiling(emploi, "", 2024), ceiling(emploi, "v3", 2025)
    (17969700, 76494700, None)
    """
    return amount_of(clause_of(contrat, "plafond", groupe, exercice))


@cite("avance")
def advance(contrat: Contrat, groupe: str, exercice: int) -> int | None:
    """The advance due at the signature: 60 % of the amount of art. 4.1 (art. 6), rounded down.

    None when the ceiling is not known or when no advance is planned for the exercise.

    >>> from analyses.contrat.load import load_contrats
    >>> [advance(load_contrats("55")["emploi"], v, 2024) for v in ("v1", "v2", "v3")]
    [6360000, 10781820, 28755000]
    """
    clause = clause_of(contrat, "avance", groupe, exercice) or clause_of(
        contrat, "avance", "", exercice
    )
    top = ceiling(contrat, groupe, exercice)
    if clause is None or top is None:
        return None
    return floor_centime(Fraction(str(clause.valeur)) * top)


@cite("taux_etat")
def state_rate(contrat: Contrat, groupe: str, exercice: int) -> Fraction | None:
    """The State's part in the cost of a volet, third parties apart: its clause (art. 3.3: one
    half), else the key of the last signed plan (annexe 2: the State alone). None without either.

    >>> from analyses.contrat.load import load_contrats
    >>> [state_rate(load_contrats("55")["emploi"], v, 2025) for v in ("v1", "v2", "v3")]
    [Fraction(1, 1), Fraction(1, 2), Fraction(1, 1)]
    """
    clause = clause_of(contrat, "taux_etat", groupe)
    if clause is not None:
        return Fraction(str(clause.valeur))
    actions = [a for a in contrat.actions.values() if a.groupe == groupe]
    for year in sorted((y for y in contrat.exercices if y <= exercice), reverse=True):
        plans = [plan for a in actions if (plan := a.plan(year)) is not None]
        etat, cd = (sum(plan.get(f, 0) for plan in plans) for f in (ETAT, CD))
        if etat + cd > 0:
            return Fraction(etat, etat + cd)
    return None


@cite("plafond_cout", lectures=("plafond-volet-ou-action", "partage-du-plafond"))
def state_shares(
    bases: Mapping[str, int],
    taux: Fraction,
    plafond: int | None,
    plans: Mapping[str, int] | None = None,
    lectures: Mapping[str, str] | None = None,
) -> dict[str, int]:
    """The State's part by action of a volet, of exact sum min(taux × cost, ceiling) (art. 3.3,
    4.1, 8): never more than the cost.

    `bases`: eligible cost of each action, third parties apart; `plans`: the State's part of each
    fiche, a ceiling of its own under the reading "action" of `plafond-volet-ou-action`. Above the
    ceiling of the volet each action has first what its fiche gives it, the overspent ones share
    what is left; under the reading "proportionnel" all are cut alike. The sum is rounded down, the
    actions share it (largest remainder).

    >>> state_shares({"a": 101, "b": 101}, Fraction(1, 2), None)
    {'a': 51, 'b': 50}
    >>> plans = {"a": 60, "b": 60}
    >>> state_shares({"a": 300, "b": 100}, Fraction(1, 2), 120, plans)
    {'a': 70, 'b': 50}
    >>> state_shares({"a": 300, "b": 100}, Fraction(1, 2), 100, plans,
    ...     {"partage-du-plafond": "proportionnel"})
    {'a': 75, 'b': 25}
    >>> state_shares({"a": 300, "b": 100}, Fraction(1, 2), 200, plans,
    ...     {"plafond-volet-ou-action": "action"})
    {'a': 60, 'b': 50}
    """
    readings, fiches = lectures or {}, plans or {}
    exact = {action: taux * base for action, base in bases.items()}
    if readings.get("plafond-volet-ou-action") == "action":
        exact = {a: min(v, Fraction(fiches.get(a, 0))) for a, v in exact.items()}
    whole = sum(exact.values(), Fraction(0))
    if plafond is not None and whole > plafond:
        given = {a: v for a, v in exact.items() if v > 0}
        left = plafond - (whole - sum(given.values(), Fraction(0)))
        fiches_first = readings.get("partage-du-plafond", "fiches-d-abord") == "fiches-d-abord"
        first = {a: min(v, Fraction(fiches.get(a, 0))) for a, v in given.items()}
        cut = _within(left, given, first if fiches_first else dict.fromkeys(given, Fraction(0)))
        exact, whole = exact | cut, Fraction(plafond)
    return round_together(exact, floor_centime(whole))


def _within(
    left: Fraction, asked: Mapping[str, Fraction], first: Mapping[str, Fraction]
) -> dict[str, Fraction]:
    """What each has of `left`, less than is asked: what comes first, then its part of the rest."""
    served = sum(first.values(), Fraction(0))
    if served >= left and served:
        return {key: value * left / served for key, value in first.items()}
    ratio = (left - served) / sum((asked[key] - first[key] for key in asked), Fraction(0))
    return {key: first[key] + (asked[key] - first[key]) * ratio for key in asked}


@cite("forfait", lectures=("forfait-volet-1",))
def lump_sum(
    plafond: int,
    couts: Mapping[str, int],
    plans: Mapping[str, int],
    lecture: str = "cout-reel",
) -> int:
    """What the State owes for a volet paid « sous forme de forfait » (art. 4.1), which article 6
    names among the actions « effectivement réalisées » and article 8 caps at the cost.

    `couts`: eligible cost by action; `plans`: the State's amount by action (annexe 2). Nothing is
    owed for a volet, or an action, that was not carried out at all.

    >>> costs, plans = {"v1-1": 50, "v1-2": 0}, {"v1-1": 60, "v1-2": 46}
    >>> [lump_sum(106, costs, plans, r) for r in ("forfait", "forfait-par-action", "cout-reel")]
    [106, 60, 50]
    """
    done = [action for action, cost in couts.items() if cost > 0]
    if lecture == "forfait":
        return plafond if done else 0
    if lecture == "forfait-par-action":
        return min(plafond, sum(plans.get(action, 0) for action in done))
    return min(plafond, max(0, sum(couts.values())))


@dataclass(frozen=True)
class Solde:
    """What one volet comes to at its bilan; centimes, None = non renseigné.

    `cout` is the eligible cost over the exercises of the volet, `tiers` the part of third parties
    (FSE) set apart, `base` what is shared, `du` what the State owes within `plafond`, `verse` all
    it has paid.
    """

    groupe: str
    exercices: tuple[int, ...]
    plafond: int | None
    cout: int | None
    tiers: int | None
    base: int | None
    taux: Fraction | None
    du: int | None
    verse: int | None
    solde: int | None
    trop_percu: int | None


def _total(values: Sequence[int | None]) -> int | None:
    return None if any(v is None for v in values) else sum(v for v in values if v is not None)


@cite("solde", "trop_percu")
def settle(du: int | None, verse: int | None) -> tuple[int | None, int | None]:
    """(balance to be paid, overpayment to be repaid): due − paid, one of the two is 0 (art. 6).

    >>> settle(100, 60), settle(50, 60), settle(None, 60)
    ((40, 0), (0, 10), (None, None))
    """
    if du is None or verse is None:
        return None, None
    return max(0, du - verse), max(0, verse - du)


@dataclass(frozen=True)
class Periode:
    """Exercises of a volet over which one ceiling counts: eligible cost and third parties' part by
    action (None: not known)."""

    exercices: tuple[int, ...]
    couts: Mapping[str, int] | None
    tiers: Mapping[str, int] | None


@cite(lectures=("base-volet-2", "plafond-volet-3", "forfait-volet-1", "plafond-volet-ou-action"))
def balance(
    contrat: Contrat,
    groupe: str,
    periodes: Sequence[Periode],
    verses: Mapping[int, int | None],
    lectures: Mapping[str, str],
) -> Solde:
    """The balance of a volet over its whole life: cost → base → due → paid → balance.

    `periodes`: its exercises, together or one by one as the ceiling is read; `verses`: the State's
    payments by exercise. Ceilings that no signed text gives add nothing (2025: avenant).
    """
    exercices = tuple(year for periode in periodes for year in periode.exercices)
    rate = state_rate(contrat, groupe, max(exercices))
    tops = [_ceiling(contrat, groupe, periode) for periode in periodes]
    signed = [top for top in tops if top is not None]
    plafond = sum(signed) if signed else None
    paid = _total(list(verses.values()))
    costs = [periode.couts for periode in periodes if periode.couts is not None]
    apart = [periode.tiers for periode in periodes if periode.tiers is not None]
    if rate is None or plafond is None or not len(costs) == len(apart) == len(periodes):
        return Solde(groupe, exercices, plafond, None, None, None, rate, None, paid, None, None)
    own = [_minus(cost, third) for cost, third in zip(costs, apart, strict=True)]
    whole = lectures.get("base-volet-2") == "cout-total" and rate < 1
    bases = costs if whole else own
    if clause_of(contrat, "forfait", groupe) is not None:
        planned = _plans(contrat, groupe, exercices)
        reading = lectures.get("forfait-volet-1", "cout-reel")
        owed = lump_sum(plafond, _merge(bases), planned, reading)
    else:
        owed = 0
        for periode, base, top in zip(periodes, bases, tops, strict=True):
            planned = _plans(contrat, groupe, periode.exercices)
            owed += sum(state_shares(base, rate, top or 0, planned, lectures).values())
    least = sum(_merge(own).values())
    owed = max(0, min(owed, least) if whole else owed)
    left, over = settle(owed, paid)
    return Solde(
        groupe=groupe,
        exercices=exercices,
        plafond=plafond,
        cout=sum(_merge(costs).values()),
        tiers=sum(_merge(apart).values()),
        base=sum(_merge(bases).values()),
        taux=rate,
        du=owed,
        verse=paid,
        solde=left,
        trop_percu=over,
    )


def _ceiling(contrat: Contrat, groupe: str, periode: Periode) -> int | None:
    tops = [ceiling(contrat, groupe, year) for year in periode.exercices]
    signed = [top for top in tops if top is not None]
    return sum(signed) if signed else None


def _minus(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    return {action: amount - other.get(action, 0) for action, amount in one.items()}


def _plans(contrat: Contrat, groupe: str, exercices: Iterable[int]) -> dict[str, int]:
    """The State's planned amount by action of a volet (0 where no text gives one)."""
    return {
        code: sum((action.plan(year) or {}).get(ETAT, 0) for year in exercices)
        for code, action in contrat.actions.items()
        if action.groupe == groupe
    }


def _merge(parts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """Sum by action of the figures of several exercises."""
    merged: dict[str, int] = {}
    for part in parts:
        for action, amount in part.items():
            merged[action] = merged.get(action, 0) + amount
    return merged
