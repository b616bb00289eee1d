"""Everything a notebook shows, loaded in one call: the contracts, the year's data, the analyses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from analyses.paths import ROOT
from analyses.problems import BilanError, Problem, reason

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
    regles: Any = None  # outcome of the rules (calcul.moteur.Regles)
    preparations: list[Any] = field(default_factory=list)  # exercises before any open reading
    anterieurs: list[Any] = field(default_factory=list)  # results of the years before


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
        raise BilanError(_problem(champ, "une date AAAA-MM-JJ", text)) from None


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


def period(contrats: Mapping[str, Any], exercice: int) -> list[int]:
    """Exercises that all the contracts share, up to `exercice`.

    >>> from types import SimpleNamespace as NS
    >>> both = {"a": NS(exercices=[2024, 2025, 2026]), "b": NS(exercices=[2024, 2025])}
    >>> period(both, 2025), period(both, 2024), period(both, 2030)
    ([2024, 2025], [2024], [2024, 2025])
    """
    shared = set.intersection(*(set(contrat.exercices) for contrat in contrats.values()))
    return [year for year in sorted(shared) if year <= exercice]


def data_folder(donnees: str | Path) -> Path:
    """The data folder; a relative one is also looked for from the project's root.

    JupyterLab runs a notebook from notebooks/, papermill from wherever it was called.

    >>> data_folder("params").is_dir()
    True
    """
    folder = Path(donnees)
    return folder if folder.is_dir() or not (ROOT / folder).is_dir() else ROOT / folder


def open_depots(
    departement: str,
    exercices: Sequence[int],
    donnees: Path,
    contrats: dict[str, Any],
    anterieurs: Sequence[int] = (),
) -> list[Any]:
    """The checked files of each year, those of `anterieurs` (years that have a folder) first; the
    problems of all years are raised together.

    A year of `exercices` without a folder is non renseignée, unless none of them has one.
    """
    from analyses.depot.exercice import Depot, open_exercice

    if not donnees.is_dir():
        raise BilanError(
            Problem(
                donnees.as_posix(),
                attendu="un dossier de données",
                trouve="rien",
                remede="indiquez --donnees, ou créez l'exemple avec « bilan exemple »",
            )
        )
    absent = {year for year in exercices if not (donnees / departement / str(year)).is_dir()}
    depots: list[Depot] = []
    problems: list[Problem] = []
    notes: list[str] = []
    for year in [*anterieurs, *exercices]:
        if year in absent and len(absent) < len(exercices):
            note = f"{departement}/{year} : dossier absent, exercice non renseigné"
            depots.append(Depot(departement, year, controles=[note]))
            continue
        try:
            depots.append(open_exercice(departement, year, donnees, contrats))
        except BilanError as error:
            problems += error.problems
            notes.append(error.note)
        except OSError as error:
            place = f"{departement}/{year}/{Path(str(error.filename or '')).name}"
            remedy = "fermez le fichier dans le tableur ou vérifiez ses droits"
            problems.append(Problem(place, None, "", "un fichier lisible", reason(error), remedy))
    if problems:
        raise BilanError(problems, "\n".join(notes))
    return depots


def contrats_de(departement: str, exercice: int, au: date | None = None) -> dict[str, Any]:
    """The contracts of an exercise, in the version that applies at its end (or at `au` before it):
    an avenant changes nothing before its date.

    >>> contrats_de("55", 2024)["emploi"].version.code
    '2024-06-20-initial'
    """
    from analyses.contrat.load import load_contrats

    end = date(exercice, 12, 31)
    return load_contrats(departement, min(au, end) if au else end)


def earlier_years(
    departement: str, first: int, donnees: Path, contrats: dict[str, Any]
) -> list[int]:
    """Exercises before `first` whose files are there, without a hole, back to the contracts' start:
    what they leave is carried over."""
    start = min((c.debut.year for c in contrats.values()), default=first)
    years: list[int] = []
    for year in range(first - 1, start - 1, -1):
        if not (donnees / departement / str(year)).is_dir():
            break
        years.insert(0, year)
    return years


def load(
    departement: str,
    exercice: int,
    arrete_au: str | date | None = "",
    donnees: str | Path = "data/raw",
    exercices: Sequence[int] | Literal["periode"] | None = None,
) -> Bilan:
    """Contracts as they stood in each exercise, checked data, and every analysis.

    `exercices` (default: `exercice` alone) lists the years covered, as [2024, 2025]; "periode":
    those that the contracts share, up to `exercice`. Earlier exercises of the contracts are read
    too when they are there, for what they carry over. Raises `BilanError` with all the problems
    of all the years.
    """
    import pandas as pd

    from analyses.calcul.execution import prepare
    from analyses.calcul.indicateurs import attainment
    from analyses.calcul.moteur import declared, run
    from analyses.calcul.parametres import load_lectures, load_seuils
    from analyses.calcul.resultats import resultats
    from analyses.calcul.resultats_atteinte import attainment_rows
    from analyses.calcul.resultats_risque import resultats_risque
    from analyses.calcul.risque import evaluer
    from analyses.calcul.situation import situations
    from analyses.calcul.trajectoire import load_trajectoires
    from analyses.contrat.contradictions import find_contradictions
    from analyses.contrat.load import load_contrats
    from analyses.depot.anterieurs import earlier_results
    from analyses.projection.modele import load_modele

    au = read_date(arrete_au)
    contrats = load_contrats(departement, au or date(exercice, 12, 31))
    years = period(contrats, exercice) if exercices == "periode" else list(exercices or [])
    years = years or [exercice]
    check_years(contrats, years, au)
    seuils, folder = load_seuils(), data_folder(donnees)
    before = earlier_years(departement, min(years), folder, contrats)
    earlier = earlier_results(departement, min([*before, *years]), folder, contrats)
    opened = open_depots(departement, years, folder, contrats, before)
    preparations = [
        prepare(depot, contrats_de(departement, depot.exercice, au), au) for depot in opened
    ]
    regles = run(preparations, declared(opened), load_lectures())
    regles.suivants.update({year: contrats_de(departement, year + 1) for year in years})
    depots = [depot for depot in opened if depot.exercice in years]
    executions = [regles.executions[year] for year in years]
    past, modele, risques = list(regles.executions.values()), load_modele(), []
    trajectoires = {
        key: planned
        for year in years
        for key, planned in load_trajectoires(regles.contrats[year]).items()
        if key[2] == year
    }
    for done, depot in zip(executions, depots, strict=True):
        year = done.exercice
        signed = regles.contrats[year]
        rows = situations(done, signed, depot, au, trajectoires, past)
        risques.append(evaluer(rows, signed, seuils, modele))
    sous_conso = pd.concat([risque.actions for risque in risques], ignore_index=True)
    indicateurs = attainment(contrats, [*earlier, *opened], seuils)
    simule = any(depot.simule for depot in [*earlier, *opened])
    figures = [
        resultats(contrats, executions, sous_conso, indicateurs, simule, regles),
        resultats_risque(risques, contrats, simule),
        attainment_rows(indicateurs, contrats, executions, depots, seuils, simule),
    ]
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
        resultats=pd.concat(figures, ignore_index=True),
        simule=simule,
        regles=regles,
        preparations=preparations,
        anterieurs=[*earlier, *(depot for depot in opened if depot.exercice not in years)],
    )
