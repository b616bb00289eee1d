"""The year's files that a collection fills in: the answers they hold, and their new content.

`resultats_indicateurs.csv`, `justifications.csv` and `etat_avancement/<contrat>-<action>.md`, each
with its sidecar. Contents are returned all together, to be written all together.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from analyses.contrat.model import Contrat
from analyses.depot.controles import check_codes, check_duplicates
from analyses.depot.csv_brut import decode
from analyses.depot.fichiers import NARRATIFS, find_files, narratives, relatif
from analyses.depot.schemas import table_schema
from analyses.depot.source import Source, read_sidecar, sidecar, sidecar_path
from analyses.depot.table import read_table
from analyses.saisie.modele import JUSTIFICATIONS, PIECES, QUALITATIF, RECIT, Cle
from analyses.socle.files import write_together
from analyses.socle.problems import BilanError, Problem, unwritable
from analyses.socle.tables import french_csv

RESULTATS = "resultats_indicateurs"
_SUJETS = {RESULTATS: "indicateur", "justifications": "type"}  # column of the subject, by table
PRODUCTEUR = "saisie des pilotes"
_TITRES = {QUALITATIF: "## Indicateur qualitatif", PIECES: "## Pièces jointes"}
_TEXTES = (RECIT, QUALITATIF, PIECES)
# A number with its sign is no formula for a spreadsheet; anything else so begun could be one.
_SIGNE = re.compile(r"[+-]\s?\d[\d\s.,]*%?(\s*\(?[^\W\d_][\w\s'’.,()]*)?")


def guard(text: str) -> str:
    """A text that a spreadsheet opening the CSV will not take for a formula.

    >>> guard("=cmd|' /C calc'!A0"), guard("+25"), guard("-3,5 %"), guard("@x"), guard("oui")
    ("'=cmd|' /C calc'!A0", '+25', '-3,5 %', "'@x", 'oui')
    """
    risky = text[:1] in ("=", "+", "-", "@", "\t", "\r") and not _SIGNE.fullmatch(text)
    return "'" + text if risky else text


def unguard(text: str) -> str:
    """The text as it was before `guard`.

    >>> unguard(guard("=1+1")), unguard("'hui")
    ('=1+1', "'hui")
    """
    return text[1:] if text[:1] == "'" and guard(text[1:]) == text else text


def compose(texts: Mapping[str, str]) -> str:
    """Markdown of an action: its narrative, then the titled parts. Line breaks are kept.

    >>> compose({"recit": "Fait.\\n2*2 et 3*3 réunions", "pieces": "a.pdf"})
    'Fait.  \\n2\\\\*2 et 3\\\\*3 réunions\\n\\n## Pièces jointes\\n\\na.pdf\\n'
    """
    parts = []
    for sujet in _TEXTES:
        if body := texts.get(sujet, ""):
            body = re.sub(r"(?<=\S)\n(?=\S)", "  \n", body)
            body = re.sub(r"(?<=\d)\*(?=\d)", r"\\*", body)
            parts += [*([_TITRES[sujet]] if sujet in _TITRES else []), body]
    return "\n\n".join(parts) + "\n" if parts else ""


def decompose(text: str) -> dict[str, str]:
    """The parts of a narrative file.

    >>> decompose(compose({"recit": "a\\nb", "qualitatif": "c"}))
    {'recit': 'a\\nb', 'qualitatif': 'c'}
    """
    parts: dict[str, list[str]] = {}
    sujet = RECIT
    titles = {title: key for key, title in _TITRES.items()}
    for line in text.replace("\r\n", "\n").split("\n"):
        if line.strip() in titles:
            sujet = titles[line.strip()]
        else:
            parts.setdefault(sujet, []).append(re.sub(r"(?<=\d)\\\*(?=\d)", "*", line.rstrip()))
    bodies = {key: "\n".join(lines).strip() for key, lines in parts.items()}
    return {key: body for key, body in bodies.items() if body}


@dataclass
class Dossier:
    """What a year's folder holds of the collection; files that do not exist yet have their path."""

    chemin: Path
    relatif: str
    exercice: int
    tables: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    fichiers: dict[str, Path] = field(default_factory=dict)
    recits: dict[tuple[str, str], Path] = field(default_factory=dict)
    reponses: dict[Cle, str] = field(default_factory=dict)
    sources: dict[Path, Source] = field(default_factory=dict)

    @property
    def simule(self) -> bool:
        """Whether any of these files is declared simulated."""
        return any(source.nature == "simulee" for source in self.sources.values())

    @property
    def reel(self) -> bool:
        """Whether any of these files is not declared simulated (narratives without sidecar do not
        count: the example has none)."""
        return any(
            source.nature != "simulee"
            for path, source in self.sources.items()
            if path.suffix != ".md" or source.renseignee
        )


def _key(table: str, row: Mapping[str, Any]) -> tuple[str, str, str]:
    return row["contrat"], row["action"], row[_SUJETS[table]]


def lire_dossier(
    donnees: Path, departement: str, exercice: int, contrats: Mapping[str, Contrat]
) -> Dossier:
    """The answers that a year's folder holds (none when it does not exist yet).

    Raises `BilanError` with every problem of the two tables, the narratives and their sidecars.
    """
    relative = relatif(departement, exercice)
    folder = donnees / relative
    files = find_files(folder, relative)[0] if folder.is_dir() else {}
    dossier = Dossier(folder, relative, exercice)
    problems: list[Problem] = []
    for name in _SUJETS:
        dossier.fichiers[name] = files.get(name, folder / f"{name}.csv")
        dossier.tables[name] = []
        if name in files:
            table = read_table(files[name], name, f"{relative}/{files[name].name}")
            problems += table.problems + check_duplicates(table) + check_codes(table, contrats)
            dossier.tables[name] = table.good_rows
            _take(dossier, name)
    dossier.recits, wrong = narratives(folder / NARRATIFS, relative, contrats)
    problems += wrong
    for (contrat, action), path in dossier.recits.items():
        for sujet, text in decompose(decode(path.read_bytes())).items():
            dossier.reponses[contrat, action, sujet, "texte"] = text
    for path in [*(files[name] for name in _SUJETS if name in files), *dossier.recits.values()]:
        try:
            name = path.relative_to(folder).as_posix()
            dossier.sources[path] = read_sidecar(path, f"{relative}/{name}")
        except BilanError as error:
            problems += error.problems
    if problems:
        raise BilanError(problems)
    return dossier


def _take(dossier: Dossier, table: str) -> None:
    """The answers of a table; of two justifications of one type, the first one."""
    fields = ("resultat", "commentaire", "source") if table == RESULTATS else ("texte", "piece")
    for row in dossier.tables[table]:
        for name in fields if row["exercice"] == dossier.exercice else ():
            if row[name]:
                dossier.reponses.setdefault((*_key(table, row), name), unguard(row[name]))


def _updated(dossier: Dossier, table: str, changes: Mapping[Cle, str], day: dt.date) -> bytes:
    """A table with the changes; new rows follow, in the order of `changes`."""
    rows = [dict(row) for row in dossier.tables[table]]
    year = dossier.exercice
    found = {_key(table, row): row for row in reversed(rows) if row["exercice"] == year}
    for (contrat, action, sujet, champ), text in changes.items():
        row = found.get((contrat, action, sujet))
        if row is None:
            row = {"contrat": contrat, "action": action, _SUJETS[table]: sujet, "exercice": year}
            found[contrat, action, sujet] = row
            rows.append(row)
        row[champ] = guard(text)
        if table == RESULTATS:
            row["saisi_le"] = day
    names = [spec["name"] for spec in table_schema(table)["fields"]]
    values = ([row.get(name) for name in names] for row in rows)
    return french_csv(
        names,
        ([f"{v:%d/%m/%Y}" if isinstance(v, dt.date) else v for v in row] for row in values),
    )


def contents(
    dossier: Dossier, changes: Mapping[Cle, str], day: dt.date, simule: bool
) -> dict[Path, bytes]:
    """New content of the files that `changes` touch, with their sidecars."""
    tables: dict[str, dict[Cle, str]] = defaultdict(dict)
    stories: dict[tuple[str, str], dict[str, str]] = {}
    for key, text in changes.items():
        contrat, action, sujet, _ = key
        if sujet in _TEXTES:
            known = {s: dossier.reponses.get((contrat, action, s, "texte"), "") for s in _TEXTES}
            stories.setdefault((contrat, action), known)[sujet] = text
        else:
            tables["justifications" if sujet in JUSTIFICATIONS else RESULTATS][key] = text
    files = {dossier.fichiers[t]: _updated(dossier, t, own, day) for t, own in tables.items()}
    for (contrat, action), texts in stories.items():
        new = dossier.chemin / NARRATIFS / f"{contrat}-{action}.md"
        files[dossier.recits.get((contrat, action), new)] = compose(texts).encode()
    nature = "simulee" if simule or dossier.simule else "reelle"
    return files | {
        sidecar_path(path): sidecar(content, _producteur(dossier, path), nature, day.isoformat())
        for path, content in files.items()
    }


def _producteur(dossier: Dossier, path: Path) -> str:
    """Who produced a file that the pilots complete: those before them are still named."""
    if path not in dossier.sources:
        return PRODUCTEUR
    before = dossier.sources[path].producteur or "provenance antérieure non renseignée"
    return before if before.endswith(PRODUCTEUR) else f"{before} ; {PRODUCTEUR}"


def ecrire(folder: Path, files: Mapping[Path, bytes]) -> None:
    """Write files under `folder`; `BilanError` when one cannot be: every file is as it was."""
    try:
        write_together(folder, files)
    except OSError as error:
        raise unwritable(
            Path(error.filename2 or error.filename or folder).name,
            error,
            "fermez le fichier s'il est ouvert dans un tableur, vérifiez les droits et la place, "
            "puis relancez ; rien n'a été changé",
            "des fichiers que l'on peut écrire",
        ) from None
