"""Everything a notebook shows, loaded in one call: the contracts, the year's data, the analyses."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from analyses import instantane
from analyses.contrat.exercices import check_years, contrats_de, period, read_date
from analyses.socle.paths import ROOT, prepared_folder
from analyses.socle.problems import BilanError, Problem, reason

if TYPE_CHECKING:
    from fractions import Fraction

    import pandas as pd

    from analyses.contrat.contradictions import Contradiction
    from analyses.contrat.model import Contrat
    from analyses.depot.exercice import Depot
    from analyses.execution.execution import Execution
    from analyses.preparation.exercice import Preparation
    from analyses.regles.moteur import Regles
    from analyses.risque.risque import Risque
    from analyses.risque.trajectoire import Trajectoire


@dataclass(frozen=True)
class Bilan:
    """What one bilan is made of; lists follow `exercices`, frames cover all of them."""

    departement: str
    exercices: list[int]
    arrete_au: date | None
    contrats: dict[str, Contrat]
    depots: list[Depot]
    executions: list[Execution]
    trajectoires: dict[tuple[str, str, int], Trajectoire]
    risques: list[Risque]
    sous_conso: pd.DataFrame
    indicateurs: pd.DataFrame
    contradictions: list[Contradiction]
    chiffres: pd.DataFrame
    simule: bool
    regles: Regles
    preparations: list[Preparation] = field(default_factory=list)  # before any open reading
    anterieurs: list[Depot] = field(default_factory=list)  # results of the years before

    @property
    def periode(self) -> str:
        """The exercises and the closing date, as a title says them."""
        from analyses.socle import fmt

        years = self.exercices
        text = str(years[0]) if len(years) == 1 else f"{years[0]}–{years[-1]}"
        whole = "exercice entier" if len(years) == 1 else "exercices entiers"
        return f"{text}, " + (f"arrêté au {fmt.date(self.arrete_au)}" if self.arrete_au else whole)

    @cached_property
    def lignes(self) -> pd.DataFrame:
        """Ledger lines × the actions that take them, of every exercise."""
        return _of(_concat([done.lignes for done in self.executions]), self.contrats)

    @cached_property
    def non_affectees(self) -> pd.DataFrame:
        """Ledger lines that no action takes, of every exercise."""
        return _concat([done.non_affecte for done in self.executions])

    @cached_property
    def decisions(self) -> pd.DataFrame:
        """Ledger lines under an explicit decision of eligibility, of every exercise."""
        lines = _concat([done.decisions for done in self.executions])
        return _of(lines, self.contrats)

    @cached_property
    def resultats(self) -> pd.DataFrame:
        """The figures as resultats.csv writes them (docs/resultats.md)."""
        from analyses.chiffres.table import public

        return public(self.chiffres)

    @cached_property
    def effets(self) -> pd.DataFrame:
        """Every figure that another reading of a text would change, then those that all the
        readings of the other posture would change together (lectures.csv)."""
        from analyses.chiffres.effets import effects, effects_of_judgments, effects_of_posture
        from analyses.chiffres.mesures import load_mesures
        from analyses.contrat.parametres import autre_posture, load_interpretations, load_seuils

        known, mesures, line = load_interpretations(), load_mesures(), autre_posture()
        others = {row["code"]: str(row["retenue"]) for row in load_interpretations(posture=line)}
        given, depots = (self.preparations, self.regles), [*self.anterieurs, *self.depots]
        judged = self.risques, self.indicateurs, self.regles, self.contrats, depots, load_seuils()
        found = [
            effects(*given, known, self.exercices, mesures),
            effects_of_judgments(*judged, known, mesures),
            effects_of_posture(*given, line, others, self.exercices, mesures),
        ]
        return _of(_concat(found), self.contrats)

    def pour(self, exercices: Sequence[int]) -> Bilan:
        """The same for some of its exercises: what `load` gives for them, computed already."""
        from analyses.chiffres.mesures import load_mesures
        from analyses.chiffres.periode import avec_periode

        if list(exercices) == self.exercices:
            return self
        frame = self.chiffres
        own = frame["exercice"].isin(exercices)
        last = max(exercices)
        # Targets of every year are there, results up to the last exercise.
        cells = frame["mesure"].isin(["t0", "cible"])
        results = frame["mesure"].isin(["resultat", "taux_atteinte", "statut_atteinte"])
        kept = own | cells | (results & (frame["exercice"] <= last))
        part = replace(
            self,
            exercices=list(exercices),
            depots=[d for d in self.depots if d.exercice in exercices],
            executions=[e for e in self.executions if e.exercice in exercices],
            trajectoires={k: v for k, v in self.trajectoires.items() if k[2] in exercices},
            risques=[r for r in self.risques if r.exercice in exercices],
            sous_conso=_rows_of(self.sous_conso, exercices),
            chiffres=avec_periode(frame[kept], exercices, load_mesures()),
            anterieurs=[
                *self.anterieurs,
                *(d for d in self.depots if d.exercice not in exercices and d.exercice < last),
            ],
        )
        if "effets" in vars(self):
            vars(part)["effets"] = _rows_of(self.effets, exercices)
        return part

    def limite_a(self, genre: str) -> Bilan:
        """The same for the contracts that have a clause, or what founds one, of a kind."""
        kept = {k: c for k, c in self.contrats.items() if c.article(genre, list(c.groupes))}
        part = replace(
            self,
            contrats=kept,
            sous_conso=_of(self.sous_conso, kept),
            indicateurs=_of(self.indicateurs, kept),
            chiffres=_of(self.chiffres, kept),
            contradictions=[one for one in self.contradictions if one.contrat in kept],
        )
        if "effets" in vars(self):
            vars(part)["effets"] = _of(self.effets, kept)
        return part


def _of(frame: pd.DataFrame, contrats: Collection[str]) -> pd.DataFrame:
    return frame[frame["contrat"].isin(list(contrats))].reset_index(drop=True)


def _concat(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    import pandas as pd

    return pd.concat([f for f in frames if len(f)] or frames[:1], ignore_index=True)


def _rows_of(frame: pd.DataFrame, exercices: Sequence[int]) -> pd.DataFrame:
    return frame[frame["exercice"].isin(exercices)].reset_index(drop=True)


def data_folder(donnees: str | Path) -> Path:
    """The data folder; a relative one is also looked for from the project's root.

    JupyterLab runs a notebook from notebooks/, papermill from wherever it was called.

    >>> data_folder("params").is_dir()
    True
    """
    folder = Path(donnees)
    return folder if folder.is_dir() or not (ROOT / folder).is_dir() else ROOT / folder


def _deposited(departement: str, exercice: int, donnees: Path) -> bool:
    """Whether an exercise has files: raw ones, or prepared tables when data/raw is not there."""
    if (donnees / departement).is_dir():
        return (donnees / departement / str(exercice)).is_dir()
    return (prepared_folder(departement, exercice, donnees) / "manifeste.json").is_file()


def _open(departement: str, exercice: int, donnees: Path, preparer: bool) -> Depot:
    from analyses.depot.fichiers import read_bytes
    from analyses.preparation import magasin

    if preparer:
        magasin.preparer(departement, exercice, donnees)
    raw = (donnees / departement).is_dir()
    octets = read_bytes(donnees, departement, exercice) if raw else None
    return magasin.lire(departement, exercice, donnees, octets)


def open_depots(
    departement: str,
    exercices: Sequence[int],
    donnees: Path,
    anterieurs: Sequence[int] = (),
    preparer: bool = False,
) -> list[Depot]:
    """The prepared tables of each year, those of `anterieurs` (years that have files) first; the
    problems of all years are raised together. `preparer`: made from the raw files where they are
    not those of the files.

    A year of `exercices` without files is non renseignée, unless none of them has some.
    """
    from analyses.depot.exercice import Depot

    absent = {year for year in exercices if not _deposited(departement, year, donnees)}
    if not donnees.is_dir() and (preparer or len(absent) == len(exercices)):
        raise BilanError(
            Problem(
                donnees.as_posix(),
                attendu="un dossier de données",
                trouve="rien",
                remede="indiquez --donnees, ou créez l'exemple avec « bilan exemple »",
            )
        )
    depots: list[Depot] = []
    problems: list[Problem] = []
    notes: list[str] = []
    for year in [*anterieurs, *exercices]:
        if year in absent and len(absent) < len(exercices):
            note = f"{departement}/{year} : dossier absent, exercice non renseigné"
            depots.append(Depot(departement, year, controles=[note]))
            continue
        try:
            depots.append(_open(departement, year, donnees, preparer or year in absent))
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


def earlier_years(
    departement: str, first: int, donnees: Path, contrats: Mapping[str, Contrat]
) -> tuple[list[int], list[int]]:
    """Exercises of the contracts before `first` that have files: those beyond a hole, of which only
    the results are taken, and those without one, of which what they leave is carried over."""
    start = min((c.debut.year for c in contrats.values()), default=first)
    found = [y for y in range(start, first) if _deposited(departement, y, donnees)]
    kept = [y for y in found if set(range(y, first)) <= set(found)]
    return [y for y in found if y not in kept], kept


def _results_alone(depot: Depot) -> Depot:
    """An exercise of which only the results of indicators are taken, with where they come from."""
    from analyses.depot.exercice import Depot

    name = f"/{depot.exercice}/resultats_indicateurs"
    sources = [source for source in depot.sources if name in source.fichier]
    return Depot(depot.departement, depot.exercice, resultats=depot.resultats, sources=sources)


def figures(
    regles: Regles,
    risques: Sequence[Risque],
    indicateurs: pd.DataFrame,
    contrats: Mapping[str, Contrat],
    depots: Sequence[Depot],
    seuils: Mapping[str, Fraction],
    simule: bool,
    trajectoires: Mapping[tuple[str, str, int], Trajectoire],
) -> pd.DataFrame:
    """The table of figures of the exercises of `depots`, from what the analyses computed."""
    from analyses.chiffres.agregation import complete
    from analyses.chiffres.atteinte import atteinte_figures
    from analyses.chiffres.mesures import check_clauses, load_mesures
    from analyses.chiffres.montee_en_charge import montee_en_charge
    from analyses.chiffres.periode import avec_periode
    from analyses.chiffres.risque import risque_figures
    from analyses.chiffres.table import money_figures, tabulate

    mesures, years = load_mesures(), [depot.exercice for depot in depots]
    check_clauses(mesures, contrats.values())
    versions = {year: {**contrats, **regles.contrats[year]} for year in years}
    found = money_figures(regles, years, mesures)
    at_risk = [
        figure
        for risque in risques
        for figure in risque_figures(
            risque, regles.contrats[risque.exercice], regles.executions[risque.exercice]
        )
    ]
    found += complete(at_risk, versions, mesures)
    executions = [regles.executions[year] for year in years]
    for year in years:
        found += montee_en_charge(regles.contrats[year], year, trajectoires)
    found += atteinte_figures(indicateurs, contrats, executions, depots, seuils)
    table = tabulate(found, versions, mesures, regles.lectures, simule)
    return avec_periode(table, years, mesures)


def load(
    departement: str,
    exercice: int,
    arrete_au: str | date | None = "",
    donnees: str | Path = "data/raw",
    exercices: Sequence[int] | Literal["periode"] | None = None,
    preparer: bool = False,
) -> Bilan:
    """Contracts as they stood in each exercise, prepared data, and every analysis.

    `exercices` (default: `exercice` alone) lists the years covered, as [2024, 2025]; "periode":
    those that the contracts share, up to `exercice`. Earlier exercises of the contracts are read
    too when they are there, for what they carry over. The data come from data/processed, which
    `preparer` makes from the raw files first; without it, tables that are not those of the raw
    files are refused. Raises `BilanError` with all the problems of all the years.
    """
    import pandas as pd

    from analyses.atteinte.indicateurs import attainment
    from analyses.contrat.contradictions import find_contradictions
    from analyses.contrat.load import load_contrats
    from analyses.contrat.parametres import load_lectures, load_seuils
    from analyses.preparation.exercice import prepare
    from analyses.projection.parametres import load_modele
    from analyses.regles.moteur import declared, run
    from analyses.risque.risque import evaluer
    from analyses.risque.situation import situations
    from analyses.risque.trajectoire import load_trajectoires

    au = read_date(arrete_au)
    contrats = load_contrats(departement, au or date(exercice, 12, 31))
    years = period(contrats, exercice) if exercices == "periode" else list(exercices or [])
    years = years or [exercice]
    check_years(contrats, years, au)
    folder = data_folder(donnees)
    kept = instantane.find(instantane.key(departement, au, folder))
    if kept is not None:
        return kept.pour(years)
    seuils = load_seuils()
    apart, before = earlier_years(departement, min(years), folder, contrats)
    raw = (folder / departement).is_dir()  # else the prepared tables speak alone
    read = open_depots(departement, years, folder, [*apart, *before], preparer and raw)
    opened = read[len(apart) :]
    earlier = [_results_alone(depot) for depot in read[: len(apart)] if depot.resultats is not None]
    preparations = [
        prepare(depot, contrats_de(departement, depot.exercice, au), au) for depot in opened
    ]
    lectures = load_lectures()
    suivants = {year: contrats_de(departement, year + 1) for year in years}
    regles = run(preparations, declared(opened), lectures, suivants)
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
        rows = situations(done, signed, depot, au, trajectoires, past, lectures, regles.soldes)
        risques.append(evaluer(rows, signed, seuils, modele))
    sous_conso = pd.concat([risque.actions for risque in risques], ignore_index=True)
    indicateurs = attainment(contrats, [*earlier, *opened], seuils, lectures)
    simule = any(depot.simule for depot in [*earlier, *opened])
    given = regles, risques, indicateurs, contrats, depots, seuils, simule, trajectoires
    chiffres = figures(*given)
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
        chiffres=chiffres,
        simule=simule,
        regles=regles,
        preparations=preparations,
        anterieurs=[*earlier, *(depot for depot in opened if depot.exercice not in years)],
    )
