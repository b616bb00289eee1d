"""Merging returned workbooks into a year's files: everything or nothing, every conflict named.

An answer is compared with what its cell held when the workbook was sent (`base`) and with what the
year's files hold today: untouched cells change nothing, a filled-in cell completes, and an answer
that others changed meanwhile is a conflict. Each received version is kept in `saisies_recues/`
with the history of the answers it brought.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from analyses.contrat.exercices import check_years
from analyses.contrat.load import load_contrats
from analyses.depot.source import sidecar, sidecar_path
from analyses.depot.table import decode
from analyses.saisie.dossier import PRODUCTEUR, Dossier, contents, ecrire, guard, lire_dossier
from analyses.saisie.lecture import Reponse, Saisie, lire, lire_reperes
from analyses.saisie.modele import Cle, Feuille, feuilles, load_reglages, same_text
from analyses.saisie.valeurs import quote
from analyses.socle.files import finish
from analyses.socle.problems import BilanError, Problem

RECUES = "saisies_recues"
RECEPTIONS = (
    "version",
    "recu_le",
    "contrat",
    "action",
    "service",
    "reponses",
    "attendues",
    "questions",
)
HISTORIQUE = (
    "recu_le",
    "version",
    "contrat",
    "action",
    "sujet",
    "champ",
    "cellule",
    "avant",
    "apres",
)


@dataclass
class Import:
    """The outcome of an import; nothing was written when `problemes` is not empty."""

    dossier: Dossier | None = None
    problemes: list[Problem] = field(default_factory=list)
    questions: list[Problem] = field(default_factory=list)
    notes: list[Problem] = field(default_factory=list)
    lus: list[Saisie] = field(default_factory=list)
    deja: list[str] = field(default_factory=list)  # names of the files imported before
    nouvelles: int = 0
    remplacees: list[Problem] = field(default_factory=list)


def nom_de_classeur(
    departement: str, exercice: int, cles: Sequence[str], choisies: bool = False
) -> str:
    """File name of a workbook: its action when it has only one, else whether some were chosen.

    >>> nom_de_classeur("55", 2024, ["solidarites-4"])
    'saisie-55-2024-solidarites-4.xlsx'
    """
    end = f"-{cles[0]}" if len(cles) == 1 else "-selection" if choisies else ""
    return f"saisie-{departement}-{exercice}{end}.xlsx"


def read_log(path: Path, columns: Sequence[str]) -> list[dict[str, str]]:
    """Rows of a log of `saisies_recues/`; none when it does not exist."""
    if not path.exists():
        return []
    rows = list(csv.reader(io.StringIO(decode(path.read_bytes())), delimiter=";"))
    if not rows or rows[0] != list(columns) or any(len(row) != len(columns) for row in rows):
        raise BilanError(
            [
                Problem(
                    f"{RECUES}/{path.name}",
                    attendu="les colonnes " + ", ".join(columns),
                    trouve="un fichier modifié",
                    remede="rétablissez-le depuis une sauvegarde",
                )
            ]
        )
    return [dict(zip(columns, row, strict=True)) for row in rows[1:]]


def _log(columns: Sequence[str], rows: Sequence[Mapping[str, str]]) -> bytes:
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=";", lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([row[name] for name in columns] for row in rows)
    return buffer.getvalue().encode("utf-8-sig")


def _open(paths: Sequence[Path], outcome: Import) -> list[Saisie]:
    """The workbooks with their marks, each content once."""
    opened: dict[str, Saisie] = {}
    for path in paths:
        try:
            saisie = lire_reperes(path)
        except BilanError as error:
            outcome.problemes += error.problems
            continue
        twin = opened.setdefault(saisie.sha256, saisie)
        if twin is not saisie:
            same = f"le même contenu que {twin.fichier}, lu une fois"
            outcome.notes.append(Problem(saisie.fichier, trouve=same))
    return list(opened.values())


def _scope(
    saisies: Sequence[Saisie], departement: str, exercice: int | None, outcome: Import
) -> tuple[int | None, list[Saisie]]:
    """(exercise, the workbooks that are of it); another département or year is a problem."""
    years = sorted({int(saisie.entete("exercice")) for saisie in saisies})
    if exercice is None and len(years) == 1:
        exercice = years[0]
    kept = []
    for saisie in saisies:
        year, place = saisie.entete("exercice"), saisie.entete("departement")
        if year != str(exercice):
            outcome.problemes.append(
                Problem(
                    saisie.fichier,
                    champ="exercice",
                    attendu=str(exercice or "un seul exercice par import"),
                    trouve=f"un classeur de l'exercice {year}",
                    remede=f"importez-le à part avec --exercice {year}",
                )
            )
        elif place != departement:
            outcome.problemes.append(
                Problem(
                    saisie.fichier,
                    champ="departement",
                    attendu=departement,
                    trouve=f"un classeur du département {place}",
                    remede=f"importez-le à part avec --departement {place}",
                )
            )
        else:
            kept.append(saisie)
    return exercice, kept


def _check_contracts(saisies: Sequence[Saisie], contrats: Mapping[str, Any]) -> list[Problem]:
    return [
        Problem(
            saisie.fichier,
            champ="contrat",
            attendu="un contrat parmi " + ", ".join(contrats),
            trouve=f"« {code} »",
            remede="donnez un classeur de ce département",
        )
        for saisie in saisies
        for code in saisie.versions
        if code not in contrats
    ]


def _check_nature(saisies: Sequence[Saisie], dossier: Dossier, outcome: Import) -> None:
    """Simulated answers never enter real files; real ones in simulated files stay simulated."""
    simulated = [s for s in saisies if s.entete("nature") == "simulee"]
    real = [s for s in saisies if s.entete("nature") != "simulee"]
    if simulated and (real or dossier.reel):
        outcome.problemes += [
            Problem(
                saisie.fichier,
                attendu="des réponses réelles, comme les fichiers de l'année ou les autres "
                "classeurs",
                trouve="un classeur fait de données simulées",
                remede="écrivez un classeur sur les données réelles (« bilan saisie »)",
            )
            for saisie in simulated
        ]
    if real and dossier.simule:
        found = "des fichiers simulés : le bilan dira « Données simulées », réponses comprises"
        outcome.notes.append(Problem(dossier.relatif, trouve=found))


def _both(saisies: Sequence[Saisie]) -> tuple[dict[Cle, Reponse], list[Problem]]:
    """The answers that the pilots gave, by key; two different ones are a problem."""
    given: dict[Cle, Reponse] = {}
    problems = []
    for saisie in saisies:
        for key, answer in saisie.reponses.items():
            if not answer.donnee:
                continue
            first = given.setdefault(key, answer)
            if not same_text(first.texte, answer.texte):
                problems.append(
                    Problem(
                        answer.place,
                        champ=_name(key),
                        attendu="une seule réponse par cellule",
                        trouve=f"{quote(answer.texte)}, et {quote(first.texte)} dans {first.place}",
                        remede="demandez au pilote laquelle est la bonne, et n'importez que "
                        "celle-là",
                    )
                )
    return given, problems


def _name(key: Cle) -> str:
    contrat, action, sujet, champ = key
    return f"{contrat}-{action}, {sujet.replace('_', ' ')} : {champ}"


def _merge(
    saisies: Sequence[Saisie],
    dossier: Dossier,
    history: Sequence[Mapping[str, str]],
    remplacer: bool,
    outcome: Import,
) -> dict[Cle, Reponse]:
    """The answers to write: new ones, and those that replace another knowingly."""
    given, problems = _both(saisies)
    outcome.problemes += problems
    origins = {(h["contrat"], h["action"], h["sujet"], h["champ"]): h for h in history}
    changes: dict[Cle, Reponse] = {}
    for key, answer in given.items():
        ours = dossier.reponses.get(key, "")
        if same_text(answer.texte, ours):
            continue
        changes[key] = answer
        if not ours:
            outcome.nouvelles += 1
            continue
        origin = origins.get(key)
        where = (
            f"importée le {origin['recu_le']} ({origin['version']}, {origin['cellule']})"
            if origin
            else "écrite hors d'un classeur de saisie"
        )
        replaced = f"{quote(answer.texte)} au lieu de {quote(ours)}, {where}"
        if remplacer or same_text(ours, answer.base):
            outcome.remplacees.append(Problem(answer.place, champ=_name(key), trouve=replaced))
        else:
            outcome.problemes.append(
                Problem(
                    answer.place,
                    champ=_name(key),
                    attendu=f"{quote(ours)}, la réponse déjà {where}",
                    trouve=quote(answer.texte),
                    remede="si c'est une correction du pilote, relancez avec --remplacer",
                )
            )
    for saisie in saisies:
        for key, answer in saisie.reponses.items():
            ours = dossier.reponses.get(key, "")
            if not answer.texte and answer.base and same_text(ours, answer.base):
                kept = f"cellule vidée : {quote(answer.base)} est conservé"
                remedy = "pour dire qu'il n'y en a pas, choisir « non disponible »"
                outcome.notes.append(Problem(answer.place, None, _name(key), "", kept, remedy))
    return changes


def _received(
    outcome: Import,
    dossier: Dossier,
    sheets: Mapping[str, Feuille],
    changes: Mapping[Cle, Reponse],
    history: Sequence[Mapping[str, str]],
    day: dt.date,
) -> dict[Path, bytes]:
    """What is kept of the received versions: the files, who answered, what changed."""
    folder = dossier.chemin / RECUES
    files: dict[Path, bytes] = {}
    log = read_log(folder / "receptions.csv", RECEPTIONS)
    known, new_log, new_history = {row["version"] for row in log}, list(log), list(history)
    for saisie in outcome.lus:
        version = version_name(saisie)
        if version not in known:
            path = folder / version
            services = ", ".join(dict.fromkeys(filter(None, saisie.services.values())))
            files[path] = saisie.contenu
            files[sidecar_path(path)] = sidecar(
                saisie.sha256, services or PRODUCTEUR, saisie.entete("nature"), day.isoformat()
            ).encode()
            new_log += [
                _reception(saisie, sheets[key], version, day)
                for key in saisie.feuilles
                if key in sheets
            ]
        for key, answer in changes.items():
            if saisie.reponses.get(key) is answer:
                before = dossier.reponses.get(key, "")
                contrat, action, sujet, champ = key
                new_history.append(
                    dict(
                        zip(
                            HISTORIQUE,
                            (
                                day.isoformat(),
                                version,
                                contrat,
                                action,
                                sujet,
                                champ,
                                answer.cellule,
                                guard(before),
                                guard(answer.texte),
                            ),
                            strict=True,
                        )
                    )
                )
    if new_log != log:
        files[folder / "receptions.csv"] = _log(RECEPTIONS, new_log)
    if new_history != list(history):
        files[folder / "historique.csv"] = _log(HISTORIQUE, new_history)
    return files


def version_name(saisie: Saisie) -> str:
    """Name under which a received version is kept: its hash, never the name it came with (pilots
    write persons' names there)."""
    name = nom_de_classeur(
        saisie.entete("departement"), int(saisie.entete("exercice")), list(saisie.feuilles)
    )
    return f"{saisie.sha256[:12]}-{name}"


def _reception(saisie: Saisie, sheet: Feuille, version: str, day: dt.date) -> dict[str, str]:
    wanted = sheet.attendus()
    answered = [key for key in wanted if key in saisie.reponses and saisie.reponses[key].texte]
    name = saisie.feuilles[sheet.cle]
    asked = [q for q in saisie.questions if f"feuille « {name} »" in q.fichier]
    values = (
        version,
        day.isoformat(),
        sheet.contrat,
        sheet.action,
        guard(saisie.services.get(sheet.cle, "")),
        str(len(answered)),
        str(len(wanted)),
        str(len(asked)),
    )
    return dict(zip(RECEPTIONS, values, strict=True))


def importer(
    paths: Sequence[Path],
    departement: str,
    exercice: int | None,
    donnees: Path,
    recu_le: dt.date,
    remplacer: bool = False,
    accepter_ecarts: bool = False,
) -> Import:
    """Import returned workbooks into `donnees/<departement>/<exercice>/`.

    Nothing is written when the outcome has problems. A version imported before changes nothing,
    unless `remplacer` asks for its answers again.
    """
    outcome = Import()
    year, saisies = _scope(_open(paths, outcome), departement, exercice, outcome)
    if year is None or not saisies:
        return outcome
    folder = donnees / departement / str(year)
    try:
        contrats = load_contrats(departement, dt.date(year, 12, 31))
        check_years(contrats, [year], None)
        if finish(folder):
            found = "un import interrompu, achevé avant celui-ci"
            outcome.notes.append(Problem(f"{departement}/{year}", trouve=found))
        dossier = outcome.dossier = lire_dossier(donnees, departement, year, contrats)
        history = read_log(folder / RECUES / "historique.csv", HISTORIQUE)
    except BilanError as error:
        outcome.problemes += error.problems
        return outcome
    outcome.problemes += _check_contracts(saisies, contrats)
    sheets = {sheet.cle: sheet for sheet in feuilles(contrats, year, {})}
    facteur = load_reglages().facteur_grandeur
    for saisie in saisies:
        if not remplacer and (folder / RECUES / version_name(saisie)).exists():
            outcome.deja.append(saisie.fichier)
            continue
        lire(saisie, sheets, facteur)
        outcome.lus.append(saisie)
        outcome.problemes += saisie.problemes
        if accepter_ecarts:
            outcome.notes += saisie.ecarts
        else:
            outcome.problemes += saisie.ecarts
        outcome.questions += saisie.questions
        outcome.notes += saisie.notes
    _check_nature(outcome.lus, dossier, outcome)
    changes = _merge(outcome.lus, dossier, history, remplacer, outcome)
    if outcome.problemes:
        return outcome
    simule = any(s.entete("nature") == "simulee" for s in outcome.lus)
    order = {key: rank for rank, key in enumerate(_order(sheets.values()))}
    texts = {
        key: changes[key].texte
        for key in sorted(changes, key=lambda key: order.get(key[:3], len(order)))
    }
    files = contents(dossier, texts, recu_le, simule) if texts else {}
    files |= _received(outcome, dossier, sheets, changes, history, recu_le)
    if files:
        ecrire(dossier.chemin, files)
    return outcome


def _order(sheets: Any) -> list[tuple[str, str, str]]:
    """Subjects in the order of the contracts."""
    return [(s.contrat, s.action, line.code) for s in sheets for line in s.lignes]
