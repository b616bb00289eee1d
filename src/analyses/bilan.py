"""Everything a notebook shows, loaded in one call: the contracts, the year's data, the analyses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analyses.paths import ROOT
from analyses.problems import BilanError, Problem

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Bilan:
    """What one bilan is made of; lists follow `exercices`, frames cover all of them."""

    departement: str
    exercices: list[int]
    arrete_au: date | None
    contrats: dict[str, Any]
    depots: list[Any]
    executions: list[Any]
    trajectoires: dict[Any, Any]
    risques: list[Any]
    sous_conso: pd.DataFrame
    indicateurs: pd.DataFrame
    contradictions: list[Any]
    resultats: pd.DataFrame
    simule: bool


def read_date(text: str | date | None, champ: str = "arrete-au") -> date | None:
    """A date typed by a person or passed to a notebook; empty means no date.

    >>> read_date("2024-06-30"), read_date("")
    (datetime.date(2024, 6, 30), None)
    """
    if not text:
        return None
    if isinstance(text, date):
        return text
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()
    except ValueError:
        raise BilanError([_problem(champ, "une date AAAA-MM-JJ", text)]) from None


def _problem(champ: str, attendu: str, trouve: object) -> Problem:
    return Problem(
        "demande",
        champ=champ,
        attendu=attendu,
        trouve=f"« {trouve} »",
        remede="corrigez la demande",
    )


def check_years(contrats: dict[str, Any], exercices: Sequence[int], au: date | None) -> None:
    """Refuse a year that no contract covers and a closing date before the last year begins."""
    known = sorted({year for contrat in contrats.values() for year in contrat.exercices})
    problems = [
        _problem("exercice", "un exercice parmi " + ", ".join(map(str, known)), year)
        for year in exercices
        if year not in known
    ]
    if not problems and au is not None and au.year < max(exercices):
        problems = [_problem("arrete-au", f"une date à partir du {max(exercices)}-01-01", au)]
    if problems:
        raise BilanError(problems)


def data_folder(donnees: str | Path) -> Path:
    """The data folder; a relative one is also looked for from the project's root.

    JupyterLab runs a notebook from notebooks/, papermill from wherever it was called.

    >>> data_folder("params").is_dir()
    True
    """
    folder = Path(donnees)
    return folder if folder.is_dir() or not (ROOT / folder).is_dir() else ROOT / folder


def open_depots(
    departement: str, exercices: Sequence[int], donnees: Path, contrats: dict[str, Any]
) -> list[Any]:
    """The checked files of each year; the problems of all years are raised together."""
    from analyses.depot.exercice import open_exercice

    if not donnees.is_dir():
        raise BilanError(
            [
                Problem(
                    donnees.as_posix(),
                    attendu="un dossier de données",
                    trouve="rien",
                    remede="indiquez --donnees, ou créez l'exemple avec « bilan exemple »",
                )
            ]
        )
    depots, problems = [], []
    for year in exercices:
        try:
            depots.append(open_exercice(departement, year, donnees, contrats))
        except BilanError as error:
            problems += error.problems
    if problems:
        raise BilanError(problems)
    return depots


def past_executions(
    departement: str, depots: Sequence[Any], donnees: Path, contrats: dict[str, Any]
) -> list[Any]:
    """Executions of the exercises before those asked, from which the actions learn their past.

    Read only when a budget of both years makes them comparable; a year that cannot be read is
    said among the checks and is not learnt from.
    """
    from analyses.calcul.execution import execution
    from analyses.depot.exercice import open_exercice

    first = min(depot.exercice for depot in depots)
    actions = [action for contrat in contrats.values() for action in contrat.actions.values()]
    found = []
    for year in sorted({y for contrat in contrats.values() for y in contrat.exercices}):
        if year >= first or not (donnees / departement / str(year)).is_dir():
            continue
        if not any(a.plan(year) and any(a.plan(d.exercice) for d in depots) for a in actions):
            continue
        try:
            found.append(execution(open_exercice(departement, year, donnees, contrats), contrats))
        except BilanError:
            depots[0].controles.append(
                f"{departement}/{year} : fichiers refusés, la projection n'en apprend rien"
            )
    return found


def load(
    departement: str,
    exercice: int,
    arrete_au: str | date | None = "",
    donnees: str | Path = "data/raw",
    exercices: Sequence[int] | None = None,
) -> Bilan:
    """Contracts as they stood at the end of the period, checked data, and every analysis.

    `exercices` (default: `exercice` alone) lists the years covered, as [2024, 2025].
    Raises `BilanError` with all the problems of all the years.
    """
    import pandas as pd

    from analyses.calcul.execution import execution
    from analyses.calcul.indicateurs import attainment
    from analyses.calcul.parametres import load_seuils
    from analyses.calcul.resultats import resultats
    from analyses.calcul.resultats_risque import resultats_risque
    from analyses.calcul.risque import evaluer
    from analyses.calcul.situation import situations
    from analyses.calcul.trajectoire import load_trajectoires
    from analyses.contrat.contradictions import find_contradictions
    from analyses.contrat.load import load_contrats
    from analyses.projection.modele import load_modele

    years = list(exercices or [exercice])
    au = read_date(arrete_au)
    contrats = load_contrats(departement, au or date(max(years), 12, 31))
    check_years(contrats, years, au)
    seuils, modele, trajectoires = load_seuils(), load_modele(), load_trajectoires(contrats)
    depots = open_depots(departement, years, data_folder(donnees), contrats)
    executions = [execution(depot, contrats, au) for depot in depots]
    past = [*past_executions(departement, depots, data_folder(donnees), contrats), *executions]
    risques = [
        evaluer(situations(done, contrats, depot, au, trajectoires, past), contrats, seuils, modele)
        for done, depot in zip(executions, depots, strict=True)
    ]
    sous_conso = pd.concat([risque.actions for risque in risques], ignore_index=True)
    indicateurs = attainment(contrats, depots, seuils)
    simule = any(depot.simule for depot in depots)
    return Bilan(
        departement=departement,
        exercices=years,
        arrete_au=au,
        contrats=contrats,
        depots=depots,
        executions=executions,
        trajectoires=trajectoires,
        risques=risques,
        sous_conso=sous_conso,
        indicateurs=indicateurs,
        contradictions=find_contradictions(contrats),
        resultats=pd.concat(
            [
                resultats(contrats, executions, sous_conso, indicateurs, simule),
                resultats_risque(risques, contrats, simule),
            ],
            ignore_index=True,
        ),
        simule=simule,
    )
