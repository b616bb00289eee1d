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


@cite("plafond_cout", lectures=("plafond-volet-ou-action",))
def state_shares(
    bases: Mapping[str, int],
    taux: Fraction,
    plafond: int | None,
    plafonds: Mapping[str, int] | None = None,
) -> dict[str, int]:
    """The State's part by action of a volet, of exact sum min(taux × cost, ceiling) (art. 3.3,
    4.1, 8): never more than the cost.

    `bases`: eligible cost of each action, third parties apart; `plafonds`: ceiling of each action
    under the reading "action". The sum is rounded down, the actions share it (largest remainder).

    >>> state_shares({"a": 101, "b": 101}, Fraction(1, 2), None)
    {'a': 51, 'b': 50}
    >>> state_shares({"a": 300, "b": 100}, Fraction(1, 2), 100)
    {'a': 75, 'b': 25}
    >>> state_shares({"a": 300, "b": 100}, Fraction(1, 2), 200, {"a": 60, "b": 60})
    {'a': 60, 'b': 50}
    """
    exact = {action: taux * base for action, base in bases.items()}
    if plafonds is not None:
        exact = {a: min(v, Fraction(plafonds.get(a, 0))) for a, v in exact.items()}
    whole = sum(exact.values(), Fraction(0))
    if plafond is not None and whole > plafond:
        above = sum((v for v in exact.values() if v > 0), Fraction(0))
        ratio = (plafond - (whole - above)) / above
        exact = {a: v * ratio if v > 0 else v for a, v in exact.items()}
        whole = Fraction(plafond)
    return round_together(exact, floor_centime(whole))


@cite("forfait", lectures=("forfait-volet-1",))
def lump_sum(
    plafond: int | None,
    couts: Mapping[str, int],
    plans: Mapping[str, int],
    lecture: str = "forfait",
) -> int | None:
    """What the State owes for a volet paid « sous forme de forfait » (art. 4.1, against art. 6).

    `couts`: eligible cost by action; `plans`: the State's amount by action (annexe 2). Nothing is
    owed for a volet, or an action, that was not carried out at all.

    >>> costs, plans = {"v1-1": 50, "v1-2": 0}, {"v1-1": 60, "v1-2": 46}
    >>> [lump_sum(106, costs, plans, r) for r in ("forfait", "forfait-par-action", "cout-reel")]
    [106, 60, 50]
    """
    if plafond is None:
        return None
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


@cite(lectures=("base-volet-2", "plafond-volet-3", "forfait-volet-1", "plafond-volet-ou-action"))
def balance(
    contrat: Contrat,
    groupe: str,
    exercices: Sequence[int],
    couts: Mapping[int, Mapping[str, int] | None],
    tiers: Mapping[int, Mapping[str, int] | None],
    verses: Mapping[int, int | None],
    lectures: Mapping[str, str],
) -> Solde:
    """The balance of a volet over its exercises: cost → base → due → paid → balance.

    `couts` and `tiers`: eligible cost and third parties' part by exercise and action; `verses`: the
    State's payments by exercise. Ceilings that no signed text gives add nothing (2025: avenant).
    """
    last = max(exercices)
    rate = state_rate(contrat, groupe, last)
    tops = {year: ceiling(contrat, groupe, year) for year in exercices}
    signed = [top for top in tops.values() if top is not None]
    plafond = sum(signed) if signed else None
    paid = _total(list(verses.values()))
    known = [couts.get(year) for year in exercices]
    apart = [tiers.get(year) for year in exercices]
    if rate is None or plafond is None or None in known or None in apart:
        return Solde(
            groupe, tuple(exercices), plafond, None, None, None, rate, None, paid, None, None
        )
    own = {year: _minus(couts[year] or {}, tiers[year] or {}) for year in exercices}
    whole = lectures.get("base-volet-2") == "cout-total" and rate < 1
    bases = {year: dict(couts[year] or {}) if whole else own[year] for year in exercices}
    plans = {year: _plans(contrat, groupe, year) for year in exercices}
    by_action = lectures.get("plafond-volet-ou-action") == "action"
    together, planned = _merge(bases.values()), _merge(plans.values())
    if clause_of(contrat, "forfait", groupe) is not None:
        reading = lectures.get("forfait-volet-1", "forfait")
        owed = lump_sum(plafond, together, planned, reading)
    elif lectures.get("plafond-volet-3") == "par-exercice":
        owed = sum(
            sum(
                state_shares(
                    bases[year], rate, tops[year] or 0, plans[year] if by_action else None
                ).values()
            )
            for year in exercices
        )
    else:
        shares = state_shares(together, rate, plafond, planned if by_action else None)
        owed = sum(shares.values())
    if whole and owed is not None:
        owed = min(owed, sum(_merge(own.values()).values()))
    owed = None if owed is None else max(0, owed)
    cost = sum(sum((couts[year] or {}).values()) for year in exercices)
    third = sum(sum((tiers[year] or {}).values()) for year in exercices)
    left, over = settle(owed, paid)
    return Solde(
        groupe=groupe,
        exercices=tuple(exercices),
        plafond=plafond,
        cout=cost,
        tiers=third,
        base=sum(together.values()),
        taux=rate,
        du=owed,
        verse=paid,
        solde=left,
        trop_percu=over,
    )


def _minus(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    return {action: amount - other.get(action, 0) for action, amount in one.items()}


def _plans(contrat: Contrat, groupe: str, exercice: int) -> dict[str, int]:
    """The State's planned amount by action of a volet (0 where no text gives one)."""
    return {
        code: (action.plan(exercice) or {}).get(ETAT, 0)
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
