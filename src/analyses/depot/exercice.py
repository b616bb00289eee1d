"""Opening the raw files of one exercise: read, check, gate once, keep the normalised copy."""

from __future__ import annotations

import csv
import difflib
import hashlib
import io
import os
import re
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from analyses.contrat import cell
from analyses.depot import gate
from analyses.depot.collectif import check_collective, check_training, refuse_nominative
from analyses.depot.controles import check_tables
from analyses.depot.source import SUFFIXE, Source, fingerprint, read_sidecar
from analyses.depot.table import (
    TABLES,
    Table,
    decode,
    frame,
    objects,
    read_table,
    reading,
    table_schema,
)
from analyses.socle import paths
from analyses.socle.money import euros_text
from analyses.socle.problems import BilanError, Problem, unwritable

_GROS = 4 << 20  # bytes from which a process of its own imports Great Expectations meanwhile
NARRATIFS = "etat_avancement"
_FIELDS = {"resultats_indicateurs": "resultats", "formations_academie": "formations"}
_COPIE = re.compile(r"\s*(\(\d+\)|-\s*copie.*|[_-]copie.*)$", re.IGNORECASE)


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
    dossier: Path | None = None

    @property
    def simule(self) -> bool:
        """Whether any file is declared simulated.

        >>> Depot("55", 2024, sources=[Source("m.csv", "x", "2025-01-01", "", "simulee")]).simule
        True
        """
        return any(source.nature == "simulee" for source in self.sources)


def _table_of(name: str) -> str | None:
    """Table that a file name stands for, whatever its case or copy number."""
    stem, suffix = os.path.splitext(name.casefold())
    if suffix not in (".csv", ".txt", ".tsv", ".xlsx", ".xls", ".ods"):
        return None
    stem = _COPIE.sub("", stem).strip()
    return stem if stem in TABLES else None


def find_files(folder: Path, relative: str) -> tuple[dict[str, Path], list[Problem], list[str]]:
    """The file of each table; two files for one table, and near names, are problems."""
    found: dict[str, list[Path]] = {}
    problems: list[Problem] = []
    notes: list[str] = []
    files = sorted(path for path in folder.iterdir() if path.is_file())
    names = {path.name for path in files}
    for path in files:
        name = path.name
        if name.endswith(SUFFIXE):
            if name.removesuffix(SUFFIXE) not in names:
                notes.append(f"{relative}/{name} : fiche de provenance sans son fichier")
            continue
        if name.startswith((".", "~$")) or name.casefold().startswith("readme"):
            continue
        table = _table_of(name)
        stem, suffix = os.path.splitext(name.casefold())
        if table:
            found.setdefault(table, []).append(path)
        elif suffix in (".csv", ".xlsx", ".xls", ".ods") and (
            close := difflib.get_close_matches(stem, TABLES, 1, 0.8)
        ):
            problems.append(
                Problem(
                    f"{relative}/{name}",
                    None,
                    "",
                    f"{close[0]}.csv",
                    "un nom de fichier inconnu",
                    "renommez le fichier ou retirez-le du dossier",
                )  # fmt: skip
            )
        else:
            notes.append(f"{relative}/{name} : fichier inconnu, non lu")
    chosen = {}
    for table, candidates in found.items():
        if len(candidates) > 1:
            listed = ", ".join(path.name for path in candidates)
            problems.append(
                Problem(
                    f"{relative}/{table}.csv",
                    None,
                    "",
                    "un seul fichier par table",
                    f"deux fichiers pour une table : {listed}",
                    "ne gardez que le bon",
                )  # fmt: skip
            )
        elif candidates[0].suffix.casefold() in (".xlsx", ".xls", ".ods"):
            problems.append(
                Problem(
                    f"{relative}/{candidates[0].name}",
                    None,
                    "",
                    f"{table}.csv",
                    "un classeur",
                    "enregistrez la feuille au format CSV UTF-8",
                )  # fmt: skip
            )
        else:
            chosen[table] = candidates[0]
    return chosen, problems, notes


def narratives(
    folder: Path, relative: str, contrats: Mapping[str, Any]
) -> tuple[dict[tuple[str, str], Path], list[Problem]]:
    """Narrative file of each action."""
    found: dict[tuple[str, str], Path] = {}
    problems = []
    for path in sorted(folder.glob("*.md")) if folder.is_dir() else []:
        if path.stem.casefold().startswith("readme"):
            continue
        contrat, _, action = path.stem.partition("-")
        action = action.lstrip("0") if action.isdigit() else action
        file = f"{relative}/{NARRATIFS}/{path.name}"
        if contrat not in contrats or action not in contrats[contrat].actions:
            problems.append(
                Problem(
                    file,
                    None,
                    "",
                    "un nom <contrat>-<action>.md d'une action du contrat",
                    "une action inconnue",
                    "renommez le fichier (solidarites-1.md, emploi-v2-1.md)",
                )  # fmt: skip
            )
        elif (contrat, action) in found:
            problems.append(
                Problem(
                    file,
                    None,
                    "",
                    "un seul récit par action",
                    f"le même que {found[contrat, action].name}",
                    "ne gardez que le bon",
                )  # fmt: skip
            )
        else:
            found[contrat, action] = path
    return found, problems


def _contract_codes(contrats: Mapping[str, Any]) -> str:
    """What the checks take from the contracts, as one text."""
    lines = []
    for name in sorted(contrats):
        contrat = contrats[name]
        national = [(i.code, i.forme) for i in contrat.nationaux]
        lines.append(f"{name} {sorted(contrat.groupes)} {national}")
        lines.append(f"{getattr(contrat, 'debut', '')} {getattr(contrat, 'fin', '')}")
        for code, action in contrat.actions.items():
            lines.append(f"{name} {code} {[(i.code, i.forme) for i in action.indicateurs]}")
    return "\n".join(lines)


def input_hash(files: Mapping[str, Path], contrats: Mapping[str, Any]) -> str:
    """Hash of everything the outcome of the gate depends on: files, parameters, code, codes."""
    params = [
        *sorted((paths.PARAMS / "tables").glob("*.yaml")),
        *sorted((paths.PARAMS / "qualite").glob("*.json")),
        paths.PARAMS / "colonnes.yaml",
        *sorted(Path(__file__).parent.glob("*.py")),
        *sorted(Path(cell.__file__).parent.glob("cell.*")),
    ]
    digest = hashlib.sha256(_contract_codes(contrats).encode())
    for name, path in [*sorted(files.items()), *((p.name, p) for p in params)]:
        digest.update(f"\n{name} {fingerprint(path)}".encode())
    return digest.hexdigest()[:16]


def _keep(target: Path, contents: Mapping[str, str]) -> None:
    """Write a folder in one move; another run that got there first is left as it is."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(dir=target.parent, prefix=".tmp-"))
        try:
            temporary.chmod(0o755)
            for name, text in contents.items():
                (temporary / name).write_text(text, encoding="utf-8", newline="\n")
            if not (target / "qualite.json").exists():
                shutil.rmtree(target, ignore_errors=True)
                os.replace(temporary, target)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    except OSError as error:
        if (target / "qualite.json").exists():
            return
        place = f"data/processed/{target.parent.parent.name}/{target.parent.name}"
        raise unwritable(place, error, "vérifiez les droits et la place disponible") from None


def _normalised(table: Table) -> str:
    """Rows as a plain CSV: `,`, UTF-8, ISO dates, amounts with a decimal point."""
    good, columns = table.good, []
    for spec in table_schema(table.nom)["fields"]:
        column = table.columns[spec["name"]]
        amount = reading(spec) == "montant"
        texts = ["" if v is None else euros_text(v) if amount else str(v) for v in column.values]
        columns.append(objects(texts)[column.codes[good]].tolist())
    lines = table.lignes[good].tolist()
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*(f["name"] for f in table_schema(table.nom)["fields"]), "ligne", "fichier"])
    writer.writerows(zip(*columns, lines, [table.fichier] * len(lines), strict=True))
    return text.getvalue()


def _relative(departement: str, exercice: int) -> str:
    return f"{departement}/{exercice}"


def _previous(donnees: Path, departement: str, exercice: int) -> dict[str, tuple[str, Path]]:
    """Mandates of the previous exercise, in which a reversal may find its origin, and the
    decisions on them: name shown and path of each file."""
    relative = _relative(departement, exercice - 1)
    folder = donnees / relative
    files = find_files(folder, relative)[0] if folder.is_dir() else {}
    return {
        name: (f"{relative}/{files[name].name}", files[name])
        for name in ("mandats", "decisions_eligibilite")
        if name in files
    }


def _sources(files: Mapping[str, Path]) -> tuple[list[Source], list[Problem]]:
    """Provenance of each file; a narrative counts only when it has a sidecar."""
    sources: list[Source] = []
    problems: list[Problem] = []
    for name, path in files.items():
        try:
            source = read_sidecar(path, name)
        except BilanError as error:
            problems += error.problems
            continue
        if source.renseignee or f"/{NARRATIFS}/" not in name:
            sources.append(source)
    return sources, problems


def open_exercice(
    departement: str, exercice: int, donnees: Path, contrats: Mapping[str, Any]
) -> Depot:
    """Read, check and gate the files of `donnees/<departement>/<exercice>/`.

    Every problem is raised at once as a `BilanError`. The suites run once per input hash; their
    report (`qualite.html`, `qualite.json`) and the normalised CSVs stay in data/processed/.
    """
    donnees, relative = Path(donnees), _relative(departement, exercice)
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
    files, problems, notes = find_files(folder, relative)
    for name, path in list(files.items()):
        if refused := refuse_nominative(path, name, f"{relative}/{path.name}"):
            problems += refused
            del files[name]
    stories, wrong = narratives(folder / NARRATIFS, relative, contrats)
    problems += wrong
    files = {name: files[name] for name in TABLES if name in files}
    named = {f"{relative}/{path.name}": path for path in files.values()}
    named |= {f"{relative}/{NARRATIFS}/{path.name}": path for path in stories.values()}
    previous = _previous(donnees, departement, exercice)
    # Files that were refused or not read count too: once removed, the outcome is another one.
    hashed = {f"{relative}/{path.name}": path for path in folder.iterdir() if path.is_file()}
    hashed |= named | dict(previous.values())
    hashed |= {
        name + SUFFIXE: path.with_name(path.name + SUFFIXE)
        for name, path in named.items()
        if path.with_name(path.name + SUFFIXE).exists()
    }
    empreinte = input_hash(hashed, contrats)
    target = paths.PROCESSED / departement / str(exercice) / empreinte
    large = sum(path.stat().st_size for path in files.values()) > _GROS
    ahead = gate.Ahead() if large and not (target / "qualite.json").exists() else None
    try:
        tables = {
            name: read_table(path, name, f"{relative}/{path.name}") for name, path in files.items()
        }
        if ahead:
            ahead.start({name: table for name, table in tables.items() if table.readable})
        before = {name: read_table(path, name, shown) for name, (shown, path) in previous.items()}
        for table in tables.values():
            problems += [*table.problems, *check_collective(table), *check_training(table)]
            notes += table.controles
        problems += [problem for table in before.values() for problem in table.problems]
        sources, wrong = _sources(named)
        problems += wrong
        new, unchecked = check_tables(tables, contrats, exercice, before)
        problems, notes = problems + new, notes + unchecked
        notes += [f"{s.fichier} : provenance non renseignée" for s in sources if not s.renseignee]
        depot = Depot(departement, exercice, sources=sources, controles=notes, empreinte=empreinte)
        problems = _gate(target, tables, problems, notes, relative, depot.simule, ahead)
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
    depot.dossier = target
    depot.narratifs = {key: _markdown(path) for key, path in stories.items()}
    return depot


def _markdown(path: Path) -> str:
    return decode(path.read_bytes()).replace("\r\n", "\n").strip() + "\n"


def _gate(
    target: Path,
    tables: Mapping[str, Table],
    problems: Sequence[Problem],
    notes: Sequence[str],
    relative: str,
    simule: bool,
    ahead: gate.Ahead | None,
) -> list[Problem]:
    """Problems of the checks, then those that only the suites see; validated once per hash."""
    report = target / "qualite.json"
    if report.exists():
        kept = gate.quality_problems(report.read_text(encoding="utf-8"))
        return kept or list(problems)
    known = {(problem.fichier, problem.ligne, problem.champ) for problem in problems}
    checked = {name: table for name, table in tables.items() if table.readable}
    # The suite flags every row of a repeated key, the checks only those after the first.
    repeated = {(problem.fichier, problem.champ) for problem in problems if ", " in problem.champ}
    read = list(tables.values())
    copies: dict[str, str] = {}
    if not problems:  # while a process of its own may be judging
        copies = {f"{table.nom}.csv": _normalised(table) for table in read}
    seen = ahead.problems() if ahead else gate.validate(checked)
    everything = list(problems) + [
        problem
        for problem in seen
        if (problem.fichier, problem.ligne, problem.champ) not in known
        and (problem.fichier, problem.champ) not in repeated
    ]
    everything.sort(key=lambda p: (p.fichier, p.ligne or 0))
    title = f"Qualité des fichiers déposés, département {relative.replace('/', ', exercice ')}"
    contents = {
        "qualite.json": gate.quality_json(read, everything, notes),
        "qualite.html": gate.quality_html(title, read, everything, notes, simule),
    }
    if not everything:
        contents |= copies
    _keep(target, contents)
    return everything
