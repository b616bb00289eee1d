"""Exact money: integer centimes, shared without losing or creating one."""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction
from typing import TypeVar

import numpy as np

K = TypeVar("K")


def round_together(exact: Mapping[K, Fraction], total: int) -> dict[K, int]:
    """Whole centimes of sum `total`, each within one centime of its exact value.

    Arrondi au plus fort reste: every value down, then the missing centimes to the largest
    remainders, ties in the order of the keys. `total` lies between the sum of the values rounded
    down and that of the values rounded up.

    >>> round_together({"a": Fraction(3, 2), "b": Fraction(3, 2)}, 3)
    {'a': 2, 'b': 1}
    """
    floors = {key: value.numerator // value.denominator for key, value in exact.items()}
    missing = total - sum(floors.values())
    if not 0 <= missing <= len(exact):
        raise ValueError("total is out of reach of the rounded values")
    ranked = sorted(exact, key=lambda key: floors[key] - exact[key])  # stable: ties by key order
    for key in ranked[:missing]:
        floors[key] += 1
    return floors


def share(total: int, weights: Mapping[K, int | Fraction]) -> dict[K, int]:
    """Share centimes by weights, largest remainder first, ties in the order of the keys.

    The sign is put aside, so that a line and its cancellation share symmetrically.

    >>> share(100, {"a": 1, "b": 1, "c": 1})
    {'a': 34, 'b': 33, 'c': 33}
    >>> share(-100, {"a": 1, "b": 1, "c": 1})
    {'a': -34, 'b': -33, 'c': -33}
    """
    whole = sum((Fraction(weight) for weight in weights.values()), Fraction(0))
    if whole <= 0 or any(weight < 0 for weight in weights.values()):
        raise ValueError("weights must be positive and not all zero")
    sign, amount = (-1 if total < 0 else 1), abs(total)
    exact = {key: amount * Fraction(weight) / whole for key, weight in weights.items()}
    return {key: sign * value for key, value in round_together(exact, amount).items()}


def floor_centime(value: Fraction) -> int:
    """Arrondi au centime inférieur: what a ceiling or a maximum share allows.

    >>> floor_centime(Fraction(7, 2)), floor_centime(Fraction(-7, 2))
    (3, -4)
    """
    return value.numerator // value.denominator


def ceil_centime(value: Fraction) -> int:
    """Arrondi au centime supérieur: what an « au moins » demands.

    >>> ceil_centime(Fraction(7, 2))
    4
    """
    return -(-value.numerator // value.denominator)


def half_up_centime(value: Fraction) -> int:
    """Arrondi au centime le plus proche, la moitié vers le haut (en valeur absolue).

    >>> half_up_centime(Fraction(7, 2)), half_up_centime(Fraction(-7, 2))
    (4, -4)
    """
    sign = -1 if value < 0 else 1
    return sign * floor_centime(abs(value) + Fraction(1, 2))


def half_down_centime(value: Fraction) -> int:
    """Arrondi au centime le plus proche, la moitié vers zéro: who bears the rest bears the odd
    centime. One centime more in never gives more than one centime out.

    >>> half_down_centime(Fraction(7, 2)), half_down_centime(Fraction(-7, 2))
    (3, -3)
    """
    sign = -1 if value < 0 else 1
    return sign * ceil_centime(abs(value) - Fraction(1, 2))


def round_in_turn(exact: Mapping[K, Fraction]) -> dict[K, int]:
    """Whole centimes of parts that are not negative, each the step of their rounded running total
    (arrondi cumulé): the sum is that of the exact values to the nearest centime, and a part that
    grows by one centime never moves a part, nor the sum of neighbours, by more than one.

    >>> round_in_turn({"a": Fraction(4, 3), "b": Fraction(4, 3), "c": Fraction(4, 3)})
    {'a': 1, 'b': 2, 'c': 1}
    """
    parts, running, before = {}, Fraction(0), 0
    for key, value in exact.items():
        running += value
        now = half_down_centime(running)
        parts[key], before = now - before, now
    return parts


def share_many(totals: np.ndarray, weights: Mapping[K, int | Fraction]) -> dict[K, np.ndarray]:
    """`share` of each amount (centimes, int64) by the same weights, in one go.

    >>> {key: parts.tolist() for key, parts in share_many([100, -100], {"a": 1, "b": 2}).items()}
    {'a': [33, -33], 'b': [67, -67]}
    """
    totals = np.asarray(totals, dtype="int64")
    whole = sum((Fraction(weight) for weight in weights.values()), Fraction(0))
    amounts = np.abs(totals)
    if whole > 0 and all(weight >= 0 for weight in weights.values()):
        parts = [Fraction(weight) / whole for weight in weights.values()]
        common = math.lcm(*(part.denominator for part in parts))
        if common * int(amounts.max(initial=0)) < 2**63:
            counts = np.array([part.numerator * (common // part.denominator) for part in parts])
            floors, rests = np.divmod(amounts[:, None] * counts, common)
            missing = amounts - floors.sum(axis=1)
            ranked = np.argsort(-rests, axis=1, kind="stable")  # stable: ties by key order
            extra = np.arange(len(counts)) < missing[:, None]
            np.put_along_axis(floors, ranked, np.take_along_axis(floors, ranked, 1) + extra, 1)
            signed = floors * np.sign(totals)[:, None]
            return dict(zip(weights, signed.T, strict=True))
    shared = [share(int(total), weights) for total in totals]  # amounts beyond int64
    return {key: np.array([one[key] for one in shared], dtype="int64") for key in weights}


def decimal_text(value: Fraction, places: int = 6) -> str:
    """A fraction as text with a decimal point, rounded half up.

    >>> decimal_text(Fraction(1, 3)), decimal_text(Fraction(1, 2), 2)
    ('0.333333', '0.50')
    """
    with localcontext() as context:
        context.prec = 60
        number = Decimal(value.numerator) / Decimal(value.denominator)
        return f"{number.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP):f}"


def euros_text(centimes: int) -> str:
    """Centimes as euros with two decimals.

    >>> euros_text(123456), euros_text(-5)
    ('1234.56', '-0.05')
    """
    return decimal_text(Fraction(int(centimes), 100), 2)


def number_text(value: Fraction) -> str:
    """A number in its shortest decimal form (six places at most).

    >>> number_text(Fraction(60)), number_text(Fraction(2, 5))
    ('60', '0.4')
    """
    text = decimal_text(value)
    return text.rstrip("0").rstrip(".")


def euros_imprimes(centimes: int) -> str:
    """Centimes as the signed tables print them, without decimals when there are none.

    >>> euros_imprimes(8_100_000), euros_imprimes(-123_456)
    ('81 000 €', '-1 234,56 €')
    """
    whole, cents = divmod(abs(centimes), 100)
    text = f"{whole:,}".replace(",", " ") + (f",{cents:02d}" if cents else "")
    return f"{'-' if centimes < 0 else ''}{text} €"
