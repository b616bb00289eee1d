"""Checks between rows, tables and contracts: all problems are collected, none is raised."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from analyses.depot.controles_regles import check_rules_tables
from analyses.depot.controles_resultats import check_results
from analyses.depot.table import Table, frame, read_code, reading, table_schema
from analyses.problems import BilanError, Problem

_CRITERES = ("code_analytique", "convention", "nature", "fonction", "tiers", "objet")
_POSITIFS = ("ordinaire", "rattachement")
_RETRAITS = ("annulation", "reduction", "contrepassation")


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
    seen: dict[tuple[Any, ...], int] = {}
    problems = []
    for row, bad in zip(table.rows, table.bad, strict=True):
        if bad & set(key):
            continue
        value = tuple(row[name] for name in key)
        first = seen.setdefault(value, row["ligne"])
        if first != row["ligne"]:
            problems.append(
                Problem(
                    table.fichier,
                    row["ligne"],
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
    problems = []
    for row in table.rows:
        for name in fields:
            date, year = row[name], row["exercice"]
            if date is None or year is None:
                continue
            if not dt.date(year, 1, 1) <= date <= dt.date(year + 1, 1, 31):
                problems.append(
                    Problem(
                        table.fichier,
                        row["ligne"],
                        name,
                        f"une date du 01/01/{year} au 31/01/{year + 1} (journée complémentaire)",
                        f"{date:%d/%m/%Y}",
                        "corrigez la date ou l'exercice",
                    )  # fmt: skip
                )
    return problems


def _codes(contrat: Any, table: str) -> set[str]:
    """Codes that the action column of a table accepts for a contract."""
    codes = set(contrat.actions)
    if table == "recettes":
        codes |= {""} | set(contrat.groupes)
        public = (getattr(group, "code_public", "") for group in contrat.groupes.values())
        codes |= {code for code in public if code.startswith("v")}
    if table == "resultats_indicateurs":
        codes.add("nat")
    return codes


def check_codes(table: Table, contrats: Mapping[str, Any]) -> list[Problem]:
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


def _compatible(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether a line could match both rules."""
    for name in _CRITERES:
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
    groups: dict[tuple[Any, ...], list[dict[str, Any]]] = defaultdict(list)
    rows = table.good_rows
    for row in rows:
        groups[(row["priorite"], *(row[name] for name in _CRITERES))].append(row)
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


def check_lines_shares(mandats: Table, affectations: Table) -> list[Problem]:
    """Lines that rules of one priority share without summing to 1, found by assigning them."""
    from analyses.calcul.affectation import assign

    try:
        assign(frame(mandats), frame(affectations))
    except BilanError as error:
        return [
            Problem(affectations.fichier, p.ligne, p.champ, p.attendu, p.trouve, p.remede)
            for p in error.problems
        ]
    return []


class _Origins:
    """Totals of the mandates that reversals may point to, by (rank of file, number)."""

    def __init__(self, tables: Sequence[Table]) -> None:
        self.totals: dict[tuple[int, str], int] = defaultdict(int)
        self.unsure: set[tuple[int, str]] = set()
        for rank, table in enumerate(tables):
            for row, bad in zip(table.rows, table.bad, strict=True):
                if row["type"] in _POSITIFS or "type" in bad:
                    key = (rank, row["numero_mandat"])
                    self.totals[key] += row["montant"] or 0
                    if bad & {"type", "montant"}:
                        self.unsure.add(key)

    def find(self, row: Mapping[str, Any], rank: int, count: int) -> tuple[int, str] | None:
        """Key of the origin: same file first, but a contrepassation first looks a year back."""
        ranks = list(range(rank, count))
        if row["type"] == "contrepassation":
            ranks.reverse()
        keys = [(r, row["mandat_origine"]) for r in ranks]
        return next((key for key in keys if key in self.totals), None)


def check_origins(mandats: Table, precedents: Table | None) -> tuple[list[Problem], list[str]]:
    """Reversals without an origin, or above it; a second list holds what could not be checked.

    The origin is looked for in the file of the exercise, then in that of the previous exercise.
    """
    tables = [mandats] + ([precedents] if precedents is not None else [])
    origins = _Origins(tables)
    problems: list[Problem] = []
    notes: list[str] = []
    removed: dict[tuple[int, str], int] = defaultdict(int)
    for rank in reversed(range(len(tables))):
        for row, bad in zip(tables[rank].rows, tables[rank].bad, strict=True):
            if row["type"] not in _RETRAITS or bad & {"montant", "mandat_origine"}:
                continue
            key = origins.find(row, rank, len(tables)) if row["mandat_origine"] else None
            if key is not None:
                removed[key] += row["montant"]
            if rank:
                continue
            if key is None:
                _missing_origin(mandats.fichier, row, precedents is not None, problems, notes)
            elif key not in origins.unsure and removed[key] > origins.totals[key]:
                problems.append(
                    Problem(
                        mandats.fichier,
                        row["ligne"],
                        "montant",
                        f"au plus le montant du mandat d'origine {row['mandat_origine']}, "
                        f"{_euros(origins.totals[key])}",
                        f"{_euros(removed[key])} annulés en tout",
                        "corrigez le montant ou le mandat d'origine",
                    )  # fmt: skip
                )
    return problems, notes


def _missing_origin(
    fichier: str, row: Mapping[str, Any], previous: bool, problems: list[Problem], notes: list[str]
) -> None:
    number = row["mandat_origine"]
    if row["type"] == "contrepassation" and (not number or not previous):
        found = f"mandat {number} d'un exercice non déposé" if number else "sans mandat d'origine"
        notes.append(f"{fichier}, ligne {row['ligne']} : contrepassation, {found} ; non vérifiée")
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
    contrats: Mapping[str, Any],
    exercice: int,
    precedents: Mapping[str, Table],
) -> tuple[list[Problem], list[str]]:
    """Every check on the tables of an exercise: (problems, notes that do not stop the run).

    `precedents`: the mandates and decisions of the previous exercise, where they were given.
    """
    problems: list[Problem] = []
    notes: list[str] = []
    readable = {name: table for name, table in tables.items() if table.rows}
    for table in readable.values():
        problems += check_duplicates(table) + check_dates(table) + check_codes(table, contrats)
        others = sum(row.get("exercice") not in (exercice, None) for row in table.rows)
        if others and table.nom in ("mandats", "recettes", "engagements"):
            notes.append(
                f"{table.fichier} : {others} ligne(s) d'un autre exercice que {exercice}, "
                "non comptées"
            )
    if "resultats_indicateurs" in readable:
        new, unread = check_results(readable["resultats_indicateurs"], contrats)
        problems, notes = problems + new, notes + unread
    mandats, rules = readable.get("mandats"), readable.get("affectations")
    if mandats is not None and mandats.readable:
        new, unchecked = check_origins(mandats, precedents.get("mandats"))
        problems, notes = problems + new, notes + unchecked
    new, unchecked = check_rules_tables(readable, contrats, exercice, precedents)
    problems, notes = problems + new, notes + unchecked
    if rules is not None:
        shares = check_shares(rules)
        if mandats is not None and mandats.good_rows and rules.good_rows:
            known = {problem.ligne for problem in shares}
            shares += [p for p in check_lines_shares(mandats, rules) if p.ligne not in known]
        problems += shares
    return problems, notes
