"""Opening the raw files of one exercise: read, check, gate."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from analyses.contrat import cell
from analyses.contrat.model import Contrat
from analyses.depot import gate
from analyses.depot.collectif import check_collective, check_training, refuse_nominative
from analyses.depot.controles import check_tables
from analyses.depot.fichiers import (
    NARRATIFS,
    find_files,
    narratives,
    previous_files,
    read_bytes,
    relatif,
)
from analyses.depot.source import Source, fingerprint, read_sidecar
from analyses.depot.table import (
    TABLES,
    Table,
    decode,
    frame,
    parse_table,
)
from analyses.socle import paths
from analyses.socle.problems import BilanError, Problem, unwritable

_GROS = 4 << 20  # bytes from which a process of its own imports Great Expectations meanwhile
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
    empreinte: str = ""
    mandats_precedents: pd.DataFrame | None = None
    decisions_precedentes: pd.DataFrame | None = None
    rapport: dict[str, str] = field(default_factory=dict)  # qualite.html, qualite.json

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
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()


def input_hash(octets: Mapping[str, bytes], contrats: Mapping[str, Contrat]) -> str:
    """Hash of everything the outcome of the gate depends on: files, parameters, code, contracts."""
    texts = [contrats[name].model_dump_json() for name in sorted(contrats)]
    digest = hashlib.sha256("\n".join([code_digest(), *texts]).encode())
    for name, data in sorted(octets.items()):
        digest.update(f"\n{name} {hashlib.sha256(data).hexdigest()}".encode())
    return digest.hexdigest()[:16]


def replace_folder(target: Path, contents: Mapping[str, str]) -> None:
    """Write a folder whole, in place of the one that was there."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(dir=target.parent, prefix=".tmp-"))
        try:
            new = temporary / "nouveau"
            new.mkdir()
            for name, text in contents.items():
                (new / name).write_text(text, encoding="utf-8", newline="\n")
            if target.exists():
                os.replace(target, temporary / "ancien")
            os.replace(new, target)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
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


def open_exercice(
    departement: str,
    exercice: int,
    donnees: Path,
    contrats: Mapping[str, Contrat],
    octets: Mapping[str, bytes] | None = None,
) -> Depot:
    """Read, check and gate the files of `donnees/<departement>/<exercice>/`.

    Every problem is raised at once as a `BilanError`, and told in a quality report of
    data/processed, where the same input is not judged again. `octets`: the bytes of the files
    (`read_bytes`), when they were read already.
    """
    donnees, relative = Path(donnees), relatif(departement, exercice)
    folder = donnees / relative
    if not folder.is_dir():
        raise BilanError(
            [
                Problem(
                    relative,
                    None,
                    "",
                    "un dossier de fichiers déposés",
                    "dossier absent",
                    "déposez les fichiers dans ce dossier, ou créez l'exemple : bilan exemple",
                )  # fmt: skip
            ]
        )
    if octets is None:
        octets = read_bytes(donnees, departement, exercice)
    files, problems, notes = find_files(folder, relative)
    stories, wrong = narratives(folder / NARRATIFS, relative, contrats)
    problems += wrong
    named = {name: (f"{relative}/{path.name}", path) for name, path in files.items()}
    # A file that came after the bytes were read is for the next reading.
    named = {name: named[name] for name in TABLES if name in named and named[name][0] in octets}
    for name, (shown, _) in list(named.items()):
        if refused := refuse_nominative(octets[shown], name, shown):
            problems += refused
            del named[name]
    told = {key: (f"{relative}/{NARRATIFS}/{path.name}", path) for key, path in stories.items()}
    told = {key: place for key, place in told.items() if place[0] in octets}
    empreinte = input_hash(octets, contrats)
    target = paths.prepared_folder(departement, exercice, donnees) / empreinte
    large = sum(len(octets[shown]) for shown, _ in named.values()) > _GROS
    ahead = gate.Ahead() if large and not (target / "qualite.json").exists() else None
    try:
        tables = {
            name: parse_table(octets[shown], name, shown) for name, (shown, _) in named.items()
        }
        if ahead:
            ahead.start({name: table for name, table in tables.items() if table.readable})
        previous = previous_files(donnees, departement, exercice)
        before = {
            name: parse_table(octets[shown], name, shown)
            for name, (shown, _) in previous.items()
            if shown in octets
        }
        for table in tables.values():
            problems += [*table.problems, *check_collective(table), *check_training(table)]
            notes += table.controles
        problems += [problem for table in before.values() for problem in table.problems]
        sources, wrong = _sources(dict([*named.values(), *told.values()]), octets)
        problems += wrong
        checked, unchecked = check_tables(tables, contrats, exercice, before)
        problems, notes = problems + checked, notes + unchecked
        notes += [
            f"{source.fichier} : provenance non renseignée"
            for source in sources
            if not source.renseignee
        ]
        depot = Depot(departement, exercice, sources=sources, controles=notes, empreinte=empreinte)
        depot.rapport, problems = _gate(
            target, tables, problems, notes, relative, depot.simule, ahead
        )
    finally:
        if ahead:
            ahead.close()
    if problems:
        raise BilanError(problems, f"Rapport de qualité : {target / 'qualite.html'}")
    for name, table in tables.items():
        setattr(depot, _FIELDS.get(name, name), frame(table))
    precedents, decisions = before.get("mandats"), before.get("decisions_eligibilite")
    depot.mandats_precedents = None if precedents is None else frame(precedents)
    depot.decisions_precedentes = None if decisions is None else frame(decisions)
    depot.narratifs = {key: _markdown(octets[shown]) for key, (shown, _) in told.items()}
    return depot


def _markdown(data: bytes) -> str:
    return decode(data).replace("\r\n", "\n").strip() + "\n"


def _gate(
    target: Path,
    tables: Mapping[str, Table],
    problems: Sequence[Problem],
    notes: Sequence[str],
    relative: str,
    simule: bool,
    ahead: gate.Ahead | None,
) -> tuple[dict[str, str], list[Problem]]:
    """The quality report, and the problems of the checks, then those that only the suites see.

    A report with problems is kept in `target`: the same files are judged once.
    """
    report = target / "qualite.json"
    if report.exists():
        return {}, gate.quality_problems(report.read_text(encoding="utf-8"))
    known = {(problem.fichier, problem.ligne, problem.champ) for problem in problems}
    checked = {name: table for name, table in tables.items() if table.readable}
    # The suite flags every row of a repeated key, the checks only those after the first.
    repeated = {(problem.fichier, problem.champ) for problem in problems if ", " in problem.champ}
    seen = ahead.problems() if ahead else gate.validate(checked)
    everything = list(problems) + [
        problem
        for problem in seen
        if (problem.fichier, problem.ligne, problem.champ) not in known
        and (problem.fichier, problem.champ) not in repeated
    ]
    everything.sort(key=lambda p: (p.fichier, p.ligne or 0))
    title = f"Qualité des fichiers déposés, département {relative.replace('/', ', exercice ')}"
    read = list(tables.values())
    contents = {
        "qualite.json": gate.quality_json(read, everything, notes),
        "qualite.html": gate.quality_html(title, read, everything, notes, simule),
    }
    if everything:
        replace_folder(target, contents)
    return contents, everything
