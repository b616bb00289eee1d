"""Shares of the rules that send ledger lines to actions: together, they make the whole line."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from itertools import combinations
from typing import Any

from analyses.depot.table import Table, frame
from analyses.preparation.affectation import CLES, shares_problems
from analyses.socle.problems import Problem


def _compatible(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether a line could match both rules."""
    for name in CLES:
        a, b = one[name], other[name]
        if not a or not b or name in ("tiers", "objet"):
            continue
        if name in ("nature", "fonction"):
            if not (a.startswith(b) or b.startswith(a)):
                return False
        elif a != b:
            return False
    return True


def check_shares(table: Table) -> list[Problem]:
    """Rules that always match together (same priority, same criteria) and do not sum to 1.

    A group below 1 that another rule of its priority may complete is left to the line-by-line
    check.
    """
    rows, groups = table.good_rows, _groups(table)
    problems = []
    for key, group in groups.items():
        total = sum((row["quote_part"] for row in group), Fraction(0))
        lines = {row["ligne"] for row in group}
        completed = any(
            row["priorite"] == key[0] and row["ligne"] not in lines and _compatible(row, group[0])
            for row in rows
        )
        if total > 1 or (total < 1 and not completed):
            numbers = ", ".join(str(line) for line in sorted(lines))
            problems.append(
                Problem(
                    table.fichier,
                    group[0]["ligne"],
                    "quote_part",
                    "des quote-parts de somme 1 entre règles de même priorité et mêmes critères",
                    f"{total} (lignes {numbers})",
                    "corrigez les quote-parts ou les priorités",
                )  # fmt: skip
            )
    return problems


def _groups(table: Table) -> dict[tuple[Any, ...], list[dict[str, Any]]]:
    """Rules that always match together: by priority and criteria."""
    groups: dict[tuple[Any, ...], list[dict[str, Any]]] = defaultdict(list)
    for row in table.good_rows:
        groups[(row["priorite"], *(row[name] for name in CLES))].append(row)
    return groups


def _never_mix(affectations: Table) -> bool:
    """Whether no line can match rules that do not sum to 1, whatever the lines are."""
    groups = _groups(affectations)
    if any(sum(row["quote_part"] for row in group) != 1 for group in groups.values()):
        return False
    pairs = combinations([(key[0], group[0]) for key, group in groups.items()], 2)
    return not any(one == other and _compatible(a, b) for (one, a), (other, b) in pairs)


def check_quote_parts(tables: Mapping[str, Table]) -> list[Problem]:
    """Rules of one priority that do not sum to 1: those that always match together, then those
    that a line of the ledger brings together, found by assigning it."""
    mandats, rules = tables.get("mandats"), tables.get("affectations")
    if rules is None or not len(rules):
        return []
    problems = check_shares(rules)
    if mandats is None or not mandats.good.any() or not rules.good.any() or _never_mix(rules):
        return problems
    known = {problem.ligne for problem in problems}
    mixed = shares_problems(frame(mandats), frame(rules))
    return problems + [replace(p, fichier=rules.fichier) for p in mixed if p.ligne not in known]
