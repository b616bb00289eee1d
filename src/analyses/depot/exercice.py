"""Opening the raw files of one exercise: read, check, gate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from analyses.contrat import cell
from analyses.contrat.model import Contrat
from analyses.depot import gate
from analyses.depot.collectif import check_collective, check_training, refuse_nominative
from analyses.depot.controles import check_tables
from analyses.depot.csv_brut import decode
from analyses.depot.fichiers import (
    NARRATIFS,
    find_files,
    narratives,
    previous_files,
    relatif,
)
from analyses.depot.rapport import quality_html, quality_json, quality_problems
from analyses.depot.schemas import TABLES
from analyses.depot.source import Source, read_sidecar
from analyses.depot.table import Table, frame, parse_table
from analyses.socle import paths
from analyses.socle.files import fingerprint, together
from analyses.socle.paths import prepared_folder
from analyses.socle.problems import BilanError, Problem, unwritable

_FIELDS = {"resultats_indicateurs": "resultats", "formations_academie": "formations"}


@dataclass
class Depot:
    """What was deposited for one exercise; a table is None when its file is absent."""

    departement: str
    exercice: int
    mandats: pd.DataFrame | None = None
    affectations: pd.DataFrame | None = None
    recettes: pd.DataFrame | None = None
    resultats: pd.DataFrame | None = None
    justifications: pd.DataFrame | None = None
    temps_agents: pd.DataFrame | None = None
    engagements: pd.DataFrame | None = None
    decisions_eligibilite: pd.DataFrame | None = None
    reports: pd.DataFrame | None = None
    formations: pd.DataFrame | None = None
    narratifs: dict[tuple[str, str], str] = field(default_factory=dict)
    sources: list[Source] = field(default_factory=list)
    controles: list[str] = field(default_factory=list)
    mandats_precedents: pd.DataFrame | None = None
    affectations_precedentes: pd.DataFrame | None = None
    decisions_precedentes: pd.DataFrame | None = None
    temps_agents_precedents: pd.DataFrame | None = None

    @property
    def simule(self) -> bool:
        """Whether any file is declared simulated.

        >>> Depot("55", 2024, sources=[Source("m.csv", "x", "2025-01-01", "", "simulee")]).simule
        True
        """
        return any(source.nature == "simulee" for source in self.sources)


def code_digest(*sources: Path) -> str:
    """Fingerprint of the code and parameters that read the files, and of further `sources`."""
    here = Path(__file__).parent
    params = [
        *sorted((paths.PARAMS / "tables").glob("*.yaml")),
        *sorted((paths.PARAMS / "qualite").glob("*.json")),
        paths.PARAMS / "colonnes.yaml",
        *sorted(here.glob("*.py")),
        *sorted(Path(cell.__file__).parent.glob("cell.*")),
        *sources,
    ]
    texts = [f"{path.name} {fingerprint(path)}" for path in params]
    return fingerprint("\n".join(texts).encode())


def input_hash(octets: Mapping[str, bytes], contrats: Mapping[str, Contrat]) -> str:
    """Hash of everything the outcome of the gate depends on: files, parameters, code, contracts."""
    texts = [contrats[name].model_dump_json() for name in sorted(contrats)]
    files = [f"{name} {fingerprint(data)}" for name, data in sorted(octets.items())]
    return fingerprint("\n".join([code_digest(), *texts, *files]).encode())[:16]


def replace_folder(target: Path, contents: Mapping[str, str]) -> None:
    """Write a folder whole, in place of the one that was there."""
    try:
        with together(target.parent) as draft:
            new = draft(target)
            new.mkdir()
            for name, text in contents.items():
                (new / name).write_bytes(text.encode())
    except OSError as error:
        shown = target.relative_to(paths.PROCESSED).as_posix()
        place = f"data/processed/{shown}"
        raise unwritable(place, error, "vérifiez les droits et la place disponible") from None


def _sources(
    named: Mapping[str, Path], octets: Mapping[str, bytes]
) -> tuple[list[Source], list[Problem]]:
    """Provenance of each file; a narrative counts only when it has a sidecar."""
    sources: list[Source] = []
    problems: list[Problem] = []
    for name, path in named.items():
        try:
            source = read_sidecar(path, name, octets[name])
        except BilanError as error:
            problems += error.problems
            continue
        if source.renseignee or f"/{NARRATIFS}/" not in name:
            sources.append(source)
    return sources, problems


@dataclass
class Lecture:
    """The files of an exercise as read, with what is wrong in them: nothing is raised yet."""

    depot: Depot
    tables: dict[str, Table]
    precedents: dict[str, Table]
    problems: list[Problem]
    rapport: Path  # folder of the quality report, by the hash of what was read


def read_exercice(
    departement: str,
    exercice: int,
    donnees: Path,
    contrats: Mapping[str, Contrat],
    octets: Mapping[str, bytes],
) -> Lecture:
    """Read and check the files of `donnees/<departement>/<exercice>/`; `octets`: their bytes
    (`read_bytes`). A `BilanError` when there is no such folder."""
    relative = relatif(departement, exercice)
    folder = donnees / relative
    if not folder.is_dir():
        remedy = "déposez les fichiers dans ce dossier, ou créez l'exemple : bilan exemple"
        expected = "un dossier de fichiers déposés"
        raise BilanError(Problem(relative, None, "", expected, "dossier absent", remedy))
    files, problems, notes = find_files(folder, relative)
    stories, wrong = narratives(folder / NARRATIFS, relative, contrats)
    problems += wrong
    # A file that came after the bytes were read is for the next reading.
    named = {name: (f"{relative}/{path.name}", path) for name, path in files.items()}
    named = {name: named[name] for name in TABLES if name in named and named[name][0] in octets}
    told = {key: (f"{relative}/{NARRATIFS}/{path.name}", path) for key, path in stories.items()}
    told = {key: place for key, place in told.items() if place[0] in octets}
    for name, (shown, _) in list(named.items()):
        if refused := refuse_nominative(octets[shown], name, shown):
            problems += refused
            del named[name]
    previous = previous_files(donnees, departement, exercice)
    tables, before = _parsed(named, octets), _parsed(previous, octets)
    for table in tables.values():
        problems += [*table.problems, *check_collective(table), *check_training(table)]
        notes += table.controles
    problems += [problem for table in before.values() for problem in table.problems]
    sources, wrong = _sources(dict([*named.values(), *told.values()]), octets)
    checked, unchecked = check_tables(tables, contrats, exercice, before)
    problems += [*wrong, *checked]
    notes += unchecked
    notes += [f"{s.fichier} : provenance non renseignée" for s in sources if not s.renseignee]
    texts = {key: _markdown(octets[shown]) for key, (shown, _) in told.items()}
    depot = Depot(departement, exercice, narratifs=texts, sources=sources, controles=notes)
    place = prepared_folder(departement, exercice, donnees) / input_hash(octets, contrats)
    return Lecture(depot, tables, before, problems, place)


def _parsed(named: Mapping[str, tuple[str, Path]], octets: Mapping[str, bytes]) -> dict[str, Table]:
    return {
        name: parse_table(octets[shown], name, shown)
        for name, (shown, _) in named.items()
        if shown in octets
    }


def conclude(lu: Lecture) -> Depot:
    """The deposit, once the gate has judged its tables.

    Every problem is raised at once as a `BilanError`, and told in a report of data/processed,
    where the same input is not judged again.
    """
    if problems := _gate(lu):
        raise BilanError(problems, f"Rapport de qualité : {lu.rapport / 'qualite.html'}")
    for name, table in lu.tables.items():
        setattr(lu.depot, _FIELDS.get(name, name), frame(table))
    before = {name: frame(table) for name, table in lu.precedents.items()}
    lu.depot.mandats_precedents = before.get("mandats")
    lu.depot.affectations_precedentes = before.get("affectations")
    lu.depot.decisions_precedentes = before.get("decisions_eligibilite")
    lu.depot.temps_agents_precedents = before.get("temps_agents")
    return lu.depot


def _markdown(data: bytes) -> str:
    return decode(data).replace("\r\n", "\n").strip() + "\n"


def rapport_de_qualite(lu: Lecture, problems: Sequence[Problem]) -> dict[str, str]:
    """The quality report of an exercise, by name of file."""
    place = f"département {lu.depot.departement}, exercice {lu.depot.exercice}"
    title, read = f"Qualité des fichiers déposés, {place}", list(lu.tables.values())
    notes = lu.depot.controles
    return {
        "qualite.json": quality_json(read, problems, notes),
        "qualite.html": quality_html(title, read, problems, notes, lu.depot.simule),
    }


def _gate(lu: Lecture) -> list[Problem]:
    """The problems of the checks, then those that only the suites see."""
    kept = lu.rapport / "qualite.json"
    if kept.exists():  # only a report with problems is kept
        return quality_problems(kept.read_text(encoding="utf-8"))
    known = {(problem.fichier, problem.ligne, problem.champ) for problem in lu.problems}
    # The suite flags every row of a repeated key, the checks only those after the first.
    repeated = {(one.fichier, one.champ) for one in lu.problems if ", " in one.champ}
    seen = gate.validate({name: table for name, table in lu.tables.items() if table.readable})
    everything = lu.problems + [
        problem
        for problem in seen
        if (problem.fichier, problem.ligne, problem.champ) not in known
        and (problem.fichier, problem.champ) not in repeated
    ]
    everything.sort(key=lambda p: (p.fichier, p.ligne or 0))
    if everything:
        replace_folder(lu.rapport, rapport_de_qualite(lu, everything))
    return everything
