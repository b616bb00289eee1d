"""The mandate that a reversal takes back: one finder, for the checks and for what follows them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable

SIGNES = {
    "ordinaire": 1,
    "rattachement": 1,
    "annulation": -1,
    "reduction": -1,
    "contrepassation": -1,
}
Cle = tuple[int, str]  # exercise and number of a mandate


def retranche(kind: str | None) -> bool:
    """Whether a type of line takes back; a type that was not read adds.

    >>> retranche("annulation"), retranche("ordinaire"), retranche(None)
    (True, False, False)
    """
    return SIGNES.get(kind or "", 1) < 0


def origine_de(texte: object) -> tuple[int | None, str]:
    """Exercise (None when it is not said) and number of the mandate that a reversal takes back.

    >>> origine_de("1180"), origine_de("2023/1180")
    ((None, '1180'), (2023, '1180'))
    """
    found = re.fullmatch(r"(20\d\d)/(.+)", str(texte))
    return (int(found.group(1)), found.group(2)) if found else (None, str(texte))


class Origines:
    """The mandates that were read, in which the origins of reversals are looked for.

    >>> read = Origines([(2023, "1"), (2024, "1")])
    >>> read.find("annulation", 2024, "1"), read.find("contrepassation", 2024, "1")
    ((2024, '1'), (2023, '1'))
    >>> read.find("annulation", 2024, "2023/1"), read.find("annulation", 2024, "2022/1")
    ((2023, '1'), None)
    """

    def __init__(self, mandats: Iterable[Cle]) -> None:
        self._years: dict[str, set[int]] = defaultdict(set)
        for year, number in mandats:
            self._years[number].add(year)

    def find(self, kind: str, exercice: int, texte: object) -> Cle | None:
        """The mandate that a line of `exercice` takes back: that of the exercise it names; else of
        its own, then of the one before, but a contrepassation first looks before."""
        named, number = origine_de(texte)
        years = self._years.get(number, set())
        if named is not None:
            return (named, number) if named in years else None
        before = sorted((year for year in years if year < exercice), reverse=True)
        own = [exercice] if exercice in years else []
        found = [*before, *own] if kind == "contrepassation" else [*own, *before]
        return (found[0], number) if found else None
