"""Results of the exercises before those of a bilan: the years stand side by side."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from analyses.depot.controles import check_codes, check_duplicates
from analyses.depot.controles_resultats import check_results
from analyses.depot.exercice import Depot, find_files
from analyses.depot.source import read_sidecar
from analyses.depot.table import frame, read_table
from analyses.socle.problems import BilanError, Problem

TABLE = "resultats_indicateurs"


def earlier_results(
    departement: str, avant: int, donnees: Path, contrats: Mapping[str, Any]
) -> list[Depot]:
    """One `Depot` with its results alone per earlier year of the contracts that has the file.

    The file is read and checked as in its own year; its problems raise `BilanError`.
    """
    years = sorted({y for contrat in contrats.values() for y in contrat.exercices if y < avant})
    depots: list[Depot] = []
    problems: list[Problem] = []
    for year in years:
        relative = f"{departement}/{year}"
        folder = donnees / relative
        if not folder.is_dir():
            continue
        files, wrong, _ = find_files(folder, relative)
        problems += [problem for problem in wrong if TABLE in problem.fichier]
        if TABLE not in files:
            continue
        path = files[TABLE]
        table = read_table(path, TABLE, f"{relative}/{path.name}")
        problems += table.problems
        if table.readable:
            problems += check_duplicates(table) + check_codes(table, contrats)
            problems += check_results(table, contrats)[0]
        try:
            source = read_sidecar(path, table.fichier)
        except BilanError as error:
            problems += error.problems
            continue
        depots.append(Depot(departement, year, resultats=frame(table), sources=[source]))
    if problems:
        raise BilanError(problems)
    return depots
