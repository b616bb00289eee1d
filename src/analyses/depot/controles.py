"""Checks between rows, tables and contracts: all problems are collected, none is raised."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from analyses.contrat.model import Contrat
from analyses.depot.cellules import read_code
from analyses.depot.controles_regles import check_rules_tables
from analyses.depot.controles_resultats import check_results
from analyses.depot.origine import Cle, Origines, origine_de, retranche
from analyses.depot.schemas import reading, table_schema
from analyses.depot.table import Table
from analyses.socle.problems import Problem


def _euros(centimes: int) -> str:
    return f"{centimes // 100},{centimes % 100:02d} €"


def check_duplicates(table: Table) -> list[Problem]:
    """Rows that repeat the primary key of their table.

    >>> row = dict(numero_mandat="1", numero_ligne="1", exercice=2024, type="ordinaire")
    >>> table = Table("mandats", "m.csv", [row | {"ligne": 2}, row | {"ligne": 3}], [set(), set()])
    >>> check_duplicates(table)[0].trouve
    'la même clé à la ligne 2'
    """
    key = table_schema(table.nom).get("primaryKey")
    if not key:
        return []
    columns = [table.columns[name] for name in key]
    read = ~np.any([column.bad[column.codes] for column in columns], axis=0)
    ranks = pd.DataFrame(np.column_stack([column.ranks for column in columns])[read])
    rows = np.flatnonzero(read)[ranks.duplicated(keep=False)]
    firsts: dict[tuple[Any, ...], int] = {}
    problems = []
    for row in rows:
        line = int(table.lignes[row])
        first = firsts.setdefault(
            tuple(column.values[column.codes[row]] for column in columns), line
        )
        if first != line:
            problems.append(
                Problem(
                    table.fichier,
                    line,
                    ", ".join(key),
                    "une seule ligne par clé",
                    f"la même clé à la ligne {first}",
                    "supprimez le doublon",
                )  # fmt: skip
            )
    return problems


def check_dates(table: Table) -> list[Problem]:
    """Dates outside [1 January of the exercise, 31 January of the next year].

    >>> row = dict(exercice=2024, date_emission=dt.date(2025, 2, 1), ligne=2)
    >>> check_dates(Table("mandats", "m.csv", [row], [set()]))[0].trouve
    '01/02/2025'
    """
    fields = [f["name"] for f in table_schema(table.nom)["fields"] if reading(f) == "date_exercice"]
    found: list[tuple[int, int, Problem]] = []
    for rank, name in enumerate(fields):
        dates, years = table.columns[name], table.columns["exercice"]
        pairs, inverse = np.unique(
            np.column_stack([dates.codes, years.codes]), axis=0, return_inverse=True
        )
        outside = np.array(
            [_outside(dates.values[date], years.values[year]) for date, year in pairs], dtype=bool
        )
        for row in np.flatnonzero(outside[inverse.reshape(-1)]):
            date, year = dates.values[dates.codes[row]], years.values[years.codes[row]]
            problem = Problem(
                table.fichier,
                int(table.lignes[row]),
                name,
                f"une date du 01/01/{year} au 31/01/{year + 1} (journée complémentaire)",
                f"{date:%d/%m/%Y}",
                "corrigez la date ou l'exercice",
            )  # fmt: skip
            found.append((int(row), rank, problem))
    return [problem for *_, problem in sorted(found, key=lambda one: one[:2])]


def _outside(date: dt.date | None, year: int | None) -> bool:
    if date is None or year is None:
        return False
    return not dt.date(year, 1, 1) <= date <= dt.date(year + 1, 1, 31)


def _codes(contrat: Contrat, table: str) -> set[str]:
    """Codes that the action column of a table accepts for a contract."""
    codes = set(contrat.actions)
    if table == "recettes":
        codes |= {""} | set(contrat.groupes)
        public = (group.code_public for group in contrat.groupes.values())
        codes |= {code for code in public if not code.isdigit()}  # a number is an action
    if table == "resultats_indicateurs":
        codes.add("nat")
    return codes


def check_codes(table: Table, contrats: Mapping[str, Contrat]) -> list[Problem]:
    """Contracts, actions and indicators that the signed contracts do not know."""
    if not any(field["name"] == "contrat" for field in table_schema(table.nom)["fields"]):
        return []
    problems = []

    def wrong(row: Mapping[str, Any], name: str, expected: str) -> None:
        value = str(row[name])[:40]
        problems.append(
            Problem(
                table.fichier,
                row["ligne"],
                name,
                expected,
                f"« {value} »",
                "corrigez le code ; « bilan controler-contrat » vérifie le contrat transcrit"
                if name == "indicateur"
                else "corrigez le code",
            )  # fmt: skip
        )

    for row in table.rows:
        if row["contrat"] is None:
            continue
        contrat = contrats.get(row["contrat"])
        if contrat is None:
            wrong(row, "contrat", f"un contrat parmi {', '.join(contrats)}")
            continue
        codes = _codes(contrat, table.nom)
        if row["action"] is None:
            continue
        if row["action"] not in codes:
            wrong(row, "action", f"une action du contrat {row['contrat']}")
        elif table.nom == "resultats_indicateurs" and row["indicateur"] is not None:
            known = (
                [i.code for i in contrat.nationaux]
                if row["action"] == "nat"
                else [i.code for i in contrat.actions[row["action"]].indicateurs]
            )
            if row["indicateur"] not in {read_code(code) for code in known}:
                listed = ", ".join(known) or "aucun"
                wrong(row, "indicateur", f"un indicateur de l'action {row['action']} ({listed})")
    return problems


def _reversals(table: Table) -> list[dict[str, Any]]:
    """Reversals whose exercise, amount and origin were read."""
    chosen = table.columns["type"].where(retranche)
    for name in ("exercice", "montant", "mandat_origine"):
        column = table.columns[name]
        chosen &= ~column.bad[column.codes]
    return table.some(chosen, "type", "montant", "mandat_origine", "exercice")


def _totals(tables: Sequence[Table], numbers: set[str]) -> tuple[dict[Cle, int], set[Cle]]:
    """Centimes of the mandates of some numbers, and those of which a cell was not read."""
    totals: dict[Cle, int] = defaultdict(int)
    unsure: set[Cle] = set()
    for table in tables:
        chosen = ~table.columns["type"].where(retranche)
        chosen &= table.columns["numero_mandat"].where(numbers.__contains__)
        for row in table.some(chosen, "exercice", "numero_mandat", "type", "montant"):
            key = (row["exercice"] or 0, row["numero_mandat"])
            totals[key] += row["montant"] or 0
            if None in (row["exercice"], row["type"], row["montant"]):
                unsure.add(key)
    return totals, unsure


def check_origins(mandats: Table, precedents: Table | None) -> tuple[list[Problem], list[str]]:
    """Reversals without an origin, or above it; a second list holds what could not be checked.

    The origin is looked for in the file of the exercise and in that of the previous exercise.
    """
    tables = [mandats] + ([precedents] if precedents is not None and len(precedents) else [])
    reversals = [_reversals(table) for table in tables]
    numbers = {origine_de(row["mandat_origine"])[1] for rows in reversals for row in rows}
    totals, unsure = _totals(tables, numbers)
    known = Origines(totals)
    problems: list[Problem] = []
    notes: list[str] = []
    removed: dict[Cle, int] = defaultdict(int)
    for rank in reversed(range(len(tables))):
        for row in reversals[rank]:
            key = None
            if row["mandat_origine"]:
                key = known.find(row["type"], row["exercice"], row["mandat_origine"])
            if key is not None:
                removed[key] += row["montant"]
            if rank:
                continue
            if key is None:
                _missing_origin(mandats.fichier, row, precedents is not None, problems, notes)
            elif key not in unsure and removed[key] > totals[key]:
                problems.append(
                    Problem(
                        mandats.fichier,
                        row["ligne"],
                        "montant",
                        f"au plus le montant du mandat d'origine {row['mandat_origine']}, "
                        f"{_euros(totals[key])}",
                        f"{_euros(removed[key])} annulés en tout",
                        "corrigez le montant ou le mandat d'origine",
                    )
                )
    return problems, notes


def _missing_origin(
    fichier: str, row: Mapping[str, Any], previous: bool, problems: list[Problem], notes: list[str]
) -> None:
    number, kind = row["mandat_origine"], row["type"]
    named = origine_de(number)[0]
    gap = None if named is None else row["exercice"] - named
    unread = gap is not None and (gap > 1 or (gap == 1 and not previous))
    if unread or (kind == "contrepassation" and (not number or not previous)):
        found = f"mandat {number} d'un exercice non déposé" if number else "sans mandat d'origine"
        notes.append(f"{fichier}, ligne {row['ligne']} : {kind}, {found} ; non vérifiée")
        return
    where = "cet exercice ou du précédent" if previous else "cet exercice"
    problems.append(
        Problem(
            fichier,
            row["ligne"],
            "mandat_origine",
            f"le numéro d'un mandat de {where}",
            f"« {number} », absent" if number else "cellule vide",
            "indiquez le mandat d'origine, ou déposez le fichier qui le contient",
        )  # fmt: skip
    )


def check_tables(
    tables: Mapping[str, Table],
    contrats: Mapping[str, Contrat],
    exercice: int,
    precedents: Mapping[str, Table],
) -> tuple[list[Problem], list[str]]:
    """Every check on the tables of an exercise: (problems, notes that do not stop the run).

    `precedents`: the mandates and decisions of the previous exercise, where they were given.
    """
    problems: list[Problem] = []
    notes: list[str] = []
    readable = {name: table for name, table in tables.items() if len(table)}
    for table in readable.values():
        problems += check_duplicates(table) + check_dates(table) + check_codes(table, contrats)
        if table.nom not in ("mandats", "recettes", "engagements"):
            continue
        others = table.columns["exercice"].where(lambda year: year not in (exercice, None)).sum()
        if others:
            notes.append(
                f"{table.fichier} : {others} ligne(s) d'un autre exercice que {exercice}, "
                "non comptées"
            )
    if "resultats_indicateurs" in readable:
        new, unread = check_results(readable["resultats_indicateurs"], contrats)
        problems, notes = problems + new, notes + unread
    mandats = readable.get("mandats")
    if mandats is not None and mandats.readable:
        new, unchecked = check_origins(mandats, precedents.get("mandats"))
        problems, notes = problems + new, notes + unchecked
    new, unchecked = check_rules_tables(readable, contrats, exercice, precedents)
    problems, notes = problems + new, notes + unchecked
    return problems, notes
