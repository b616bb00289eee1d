"""Checks of the tables that only the rules read: staff, commitments, decisions, carry-overs."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping
from fractions import Fraction

from analyses.contrat.model import Contrat
from analyses.depot.table import Table
from analyses.socle.problems import Problem

Found = tuple[list[Problem], list[str]]


def check_staff(table: Table, exercice: int) -> Found:
    """Dates reversed, and posts that are charged above 1 on one day.

    >>> row = dict(poste="P1", quotite=Fraction(1), debut=dt.date(2024, 5, 1),
    ...     fin=dt.date(2024, 4, 1), ligne=2)
    >>> check_staff(Table("temps_agents", "t.csv", [row], [set()]), 2024)[0][0].trouve
    '01/04/2024, avant le 01/05/2024'
    """
    problems: list[Problem] = []
    posts: dict[str, list[tuple[dt.date, dt.date, Fraction, int]]] = defaultdict(list)
    outside = 0
    for row in table.good_rows:
        start, end = row["debut"], row["fin"] or dt.date(exercice, 12, 31)
        if row["fin"] is not None and row["fin"] < start:
            problems.append(
                Problem(
                    table.fichier,
                    row["ligne"],
                    "fin",
                    "une date de fin égale ou postérieure au début",
                    f"{row['fin']:%d/%m/%Y}, avant le {start:%d/%m/%Y}",
                    "corrigez les dates (peut-être inversées)",
                )
            )
            continue
        if start.year > exercice or end.year < exercice:
            outside += 1
            continue
        posts[row["poste"]].append((start, end, row["quotite"], row["ligne"]))
    for lines in posts.values():
        problems += _overlaps(table.fichier, lines)
    note = f"{table.fichier} : {outside} ligne(s) sans aucun jour en {exercice}, non comptées"
    return problems, [note] if outside else []


def _overlaps(fichier: str, lines: list[tuple[dt.date, dt.date, Fraction, int]]) -> list[Problem]:
    """One problem at the first day on which the lines of one post go above 1."""
    for day in sorted({start for start, *_ in lines}):
        present = [line for line in lines if line[0] <= day <= line[1]]
        total = sum((line[2] for line in present), Fraction(0))
        if total > 1:
            numbers = sorted(line[3] for line in present)
            return [
                Problem(
                    fichier,
                    numbers[-1],
                    "quotite",
                    "des quotités de somme 1 au plus pour un même poste, chaque jour",
                    f"{float(total):g} le {day:%d/%m/%Y} (lignes "
                    f"{', '.join(map(str, numbers))})".replace(".", ",", 1),
                    "corrigez les quotités ou les dates",
                )
            ]
    return []


def check_commitments(table: Table) -> list[Problem]:
    """Commitments dated after their exercise (an earlier date is a commitment carried over).

    >>> row = dict(exercice=2024, date=dt.date(2025, 3, 1), ligne=2)
    >>> check_commitments(Table("engagements", "e.csv", [row], [set()]))[0].trouve
    '01/03/2025'
    """
    return [
        Problem(
            table.fichier,
            row["ligne"],
            "date",
            f"une date au plus tard le 31/01/{row['exercice'] + 1}",
            f"{row['date']:%d/%m/%Y}",
            "corrigez la date ou l'exercice",
        )
        for row in table.good_rows
        if row["date"] > dt.date(row["exercice"] + 1, 1, 31)
    ]


def check_receipts(table: Table) -> list[Problem]:
    """Receipts said to finance an exercise that has not come yet.

    >>> row = dict(exercice=2024, exercice_origine=2025, ligne=2)
    >>> check_receipts(Table("recettes", "r.csv", [row], [set()]))[0].trouve
    '2025'
    """
    return [
        Problem(
            table.fichier,
            row["ligne"],
            "exercice_origine",
            f"l'exercice du titre ({row['exercice']}) ou un exercice antérieur",
            str(row["exercice_origine"]),
            "indiquez l'exercice de la dépense financée ; vide : celui du titre",
        )
        for row in table.good_rows
        if row["exercice_origine"] is not None and row["exercice_origine"] > row["exercice"]
    ]


def check_decisions(table: Table, *mandats: Table | None) -> Found:
    """Decisions on ledger lines that no file has.

    >>> row = dict(exercice=2024, numero_mandat="7", numero_ligne="1", ligne=2)
    >>> check_decisions(Table("decisions_eligibilite", "d.csv", [row], [set()]),
    ...     Table("mandats", "m.csv"))[0][0].trouve
    'mandat 7, ligne 1, exercice 2024 : absent'
    """
    given = [one for one in mandats if one is not None]
    if not given:
        return [], [f"{table.fichier} : aucun fichier mandats.csv, décisions sans objet"]
    wanted = {row["numero_mandat"] for row in table.good_rows}
    lines = {
        (row["exercice"], row["numero_mandat"], row["numero_ligne"])
        for one in given
        if len(one)
        for row in one.some(
            one.columns["numero_mandat"].where(wanted.__contains__),
            *("exercice", "numero_mandat", "numero_ligne"),
        )
    }
    problems = []
    for row in table.good_rows:
        key = (row["exercice"], row["numero_mandat"], row["numero_ligne"])
        if key not in lines:
            problems.append(
                Problem(
                    table.fichier,
                    row["ligne"],
                    "numero_mandat",
                    "une ligne de mandats.csv de l'exercice ou du précédent",
                    f"mandat {key[1]}, ligne {key[2]}, exercice {key[0]} : absent",
                    "corrigez le numéro, la ligne ou l'exercice",
                )
            )
    return problems, []


def order_problems(
    fichier: str, rows: Iterable[tuple[int, int, int]], debut: int, fin: int, article: str = ""
) -> list[Problem]:
    """What is wrong in one declared chain: (line, from, to) rows of one action and funder.

    A carry-over goes from an exercise to the next, within the contract (`article` of its clause on
    carry-overs, '' when it has none), without a hole.

    >>> order_problems("reports.csv", [(2, 2024, 2025), (3, 2025, 2024)], 2024, 2027)[0].trouve
    'un cycle : 2025 vers 2024'
    """
    problems = []
    origins: dict[int, int] = {}
    of = article and f", {article}"

    def wrong(line: int, champ: str, expected: str, found: str, remedy: str) -> None:
        problems.append(Problem(fichier, line, champ, expected, found, remedy))

    for line, origin, target in sorted(rows, key=lambda row: (row[1], row[0])):
        step = f"{origin} vers {target}"
        expected = "un report d'un exercice sur le suivant"
        if target <= origin:
            wrong(
                line,
                "exercice_destination",
                expected,
                f"un cycle : {step}",
                f"indiquez {origin + 1}, ou corrigez l'exercice d'origine",
            )
        elif target > origin + 1:
            wrong(
                line,
                "exercice_destination",
                expected,
                f"un saut : {step}",
                "déclarez un report par exercice, chacun sur le suivant",
            )
        elif not debut <= origin < fin:
            wrong(
                line,
                "exercice_origine",
                f"un exercice de {debut} à {fin - 1} (aucun report au-delà du terme{of})",
                step,
                "retirez la ligne : la somme non consommée est à rembourser",
            )
        origins.setdefault(origin, line)
    years = sorted(origins)
    for before, after in zip(years, years[1:], strict=False):
        if after > before + 1:
            wrong(
                origins[after],
                "exercice_origine",
                "une chaîne sans trou",
                f"un trou : aucun report de {before + 1} entre {before} et {after}",
                "déclarez le report manquant (0 s'il n'y en a pas)",
            )
    return problems


def check_carry_overs(table: Table, contrats: Mapping[str, Contrat]) -> list[Problem]:
    """Cycles, jumps and holes in the declared carry-overs, and those beyond the contract."""
    chains: dict[tuple[str, str, str], list[tuple[int, int, int]]] = defaultdict(list)
    for row in table.good_rows:
        place = (row["contrat"], row["action"], row["financeur"])
        if row["contrat"] in contrats:
            chains[place].append(
                (row["ligne"], row["exercice_origine"], row["exercice_destination"])
            )
    problems = []
    for (name, _, _), rows in chains.items():
        contrat = contrats[name]
        years = (contrat.debut.year, contrat.fin.year)
        problems += order_problems(table.fichier, rows, *years, contrat.article("report", []))
    return problems


def check_rules_tables(
    tables: Mapping[str, Table],
    contrats: Mapping[str, Contrat],
    exercice: int,
    precedents: Mapping[str, Table],
) -> Found:
    """Every check of this module on the tables that were given: (problems, notes)."""
    problems: list[Problem] = []
    notes: list[str] = []
    mandats = tables.get("mandats")
    found: list[Found] = []
    if "temps_agents" in tables:
        found.append(check_staff(tables["temps_agents"], exercice))
    if "engagements" in tables:
        found.append((check_commitments(tables["engagements"]), []))
    if "recettes" in tables:
        found.append((check_receipts(tables["recettes"]), []))
    if "decisions_eligibilite" in tables:
        before = precedents.get("mandats")
        found.append(check_decisions(tables["decisions_eligibilite"], mandats, before))
    if "reports" in tables:
        found.append((check_carry_overs(tables["reports"], contrats), []))
    for new, unchecked in found:
        problems, notes = problems + new, notes + unchecked
    return problems, notes
