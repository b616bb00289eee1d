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
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from analyses import paths
from analyses.depot import gate
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
from analyses.problems import BilanError, Problem

_GROS = 4 << 20  # bytes from which a process of its own imports Great Expectations meanwhile
NARRATIFS = "etat_avancement"
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
    narratifs: dict[tuple[str, str], str] = field(default_factory=dict)
    sources: list[Source] = field(default_factory=list)
    controles: list[str] = field(default_factory=list)
    empreinte: str = ""
    mandats_precedents: pd.DataFrame | None = None
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


def _narratives(
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
        lines.append(f"{name} {sorted(contrat.groupes)} {[i.code for i in contrat.nationaux]}")
        for code, action in contrat.actions.items():
            lines.append(f"{name} {code} {[i.code for i in action.indicateurs]}")
    return "\n".join(lines)


def input_hash(files: Mapping[str, Path], contrats: Mapping[str, Any]) -> str:
    """Hash of everything the outcome of the gate depends on: files, parameters, code, codes."""
    params = [
        *sorted((paths.PARAMS / "tables").glob("*.yaml")),
        *sorted((paths.PARAMS / "qualite").glob("*.json")),
        paths.PARAMS / "colonnes.yaml",
        *sorted(Path(__file__).parent.glob("*.py")),
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
        raise BilanError(
            [
                Problem(
                    f"data/processed/{target.parent.parent.name}/{target.parent.name}",
                    None,
                    "",
                    "un dossier où écrire",
                    error.strerror or "écriture impossible",
                    "vérifiez les droits et la place disponible",
                )  # fmt: skip
            ]
        ) from None


def _normalised(table: Table) -> str:
    """Rows as a plain CSV: `,`, UTF-8, ISO dates, amounts with a decimal point."""
    good, columns = table.good, []
    for spec in table_schema(table.nom)["fields"]:
        column = table.columns[spec["name"]]
        amount = reading(spec) == "montant"
        texts = [
            "" if v is None else f"{v // 100}.{v % 100:02d}" if amount else str(v)
            for v in column.values
        ]
        columns.append(objects(texts)[column.codes[good]].tolist())
    lines = table.lignes[good].tolist()
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*(f["name"] for f in table_schema(table.nom)["fields"]), "ligne", "fichier"])
    writer.writerows(zip(*columns, lines, [table.fichier] * len(lines), strict=True))
    return text.getvalue()


def _relative(departement: str, exercice: int) -> str:
    return f"{departement}/{exercice}"


def _previous(donnees: Path, departement: str, exercice: int) -> tuple[str, Path | None]:
    """Mandates of the previous exercise, in which a reversal may find its origin."""
    relative = _relative(departement, exercice - 1)
    folder = donnees / relative
    path = find_files(folder, relative)[0].get("mandats") if folder.is_dir() else None
    return f"{relative}/{path.name}" if path else "", path


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
    stories, wrong = _narratives(folder / NARRATIFS, relative, contrats)
    problems += wrong
    files = {name: files[name] for name in TABLES if name in files}
    named = {f"{relative}/{path.name}": path for path in files.values()}
    named |= {f"{relative}/{NARRATIFS}/{path.name}": path for path in stories.values()}
    previous_name, previous_path = _previous(donnees, departement, exercice)
    hashed = named | ({previous_name: previous_path} if previous_path else {})
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
        precedents = read_table(previous_path, "mandats", previous_name) if previous_path else None
        for table in [*tables.values(), *([precedents] if precedents else [])]:
            problems += table.problems
            notes += table.controles if table is not precedents else []
        sources, wrong = _sources(named)
        problems += wrong
        new, unchecked = check_tables(tables, contrats, exercice, precedents)
        problems, notes = problems + new, notes + unchecked
        notes += [f"{s.fichier} : provenance non renseignée" for s in sources if not s.renseignee]
        depot = Depot(departement, exercice, sources=sources, controles=notes, empreinte=empreinte)
        problems = _gate(target, tables, problems, notes, relative, depot.simule, ahead)
    finally:
        if ahead:
            ahead.close()
    if problems:
        raise BilanError(problems)
    for name, table in tables.items():
        setattr(depot, "resultats" if name == "resultats_indicateurs" else name, frame(table))
    depot.mandats_precedents = frame(precedents) if precedents else None
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
    read = list(tables.values())
    copies: dict[str, str] = {}
    if ahead:
        with ThreadPoolExecutor(1) as pool:  # the copies are made while the process judges
            judged = pool.submit(gate.validate, checked, ahead)
            if not problems:
                copies = {f"{table.nom}.csv": _normalised(table) for table in read}
            seen = judged.result()
    else:
        seen = gate.validate(checked)
    everything = list(problems) + [
        problem for problem in seen if (problem.fichier, problem.ligne, problem.champ) not in known
    ]
    everything.sort(key=lambda p: (p.fichier, p.ligne or 0))
    title = f"Qualité des fichiers déposés, {relative.replace('/', ', exercice ')}"
    contents = {
        "qualite.json": gate.quality_json(read, everything, notes),
        "qualite.html": gate.quality_html(title, read, everything, notes, simule),
    }
    if not everything:
        contents |= copies or {f"{table.nom}.csv": _normalised(table) for table in read}
    _keep(target, contents)
    return everything
