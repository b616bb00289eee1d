"""`saisies_recues/`: every version received, who answered what in it, each answer it changed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

from analyses.depot.csv_brut import Unreadable, decode, read_records
from analyses.depot.source import sidecar, sidecar_path
from analyses.saisie.dossier import PRODUCTEUR, Dossier, guard
from analyses.saisie.modele import Cle, Feuille
from analyses.saisie.retour import Reponse, Saisie
from analyses.socle.problems import BilanError, Problem
from analyses.socle.tables import french_csv


class Reception(NamedTuple):
    """What a received version brought for one action."""

    version: str
    recu_le: str
    contrat: str
    action: str
    service: str
    reponses: str
    attendues: str
    questions: str


class Changement(NamedTuple):
    """One answer written or replaced."""

    recu_le: str
    version: str
    contrat: str
    action: str
    sujet: str
    champ: str
    cellule: str
    avant: str
    apres: str


L = TypeVar("L", Reception, Changement)


def place(dossier: Path, kind: type[L]) -> Path:
    """The log of a kind in the folder of a year."""
    name = "receptions.csv" if kind is Reception else "historique.csv"
    return dossier / "saisies_recues" / name


def read_log(dossier: Path, kind: type[L]) -> list[L]:
    """Rows of a log; none when it does not exist yet.

    >>> read_log(Path("/nowhere"), Reception)
    []
    """
    path, columns = place(dossier, kind), kind._fields
    if not path.exists():
        return []
    try:
        rows = [cells for _, cells in read_records(decode(path.read_bytes()), ";")]
    except Unreadable:
        rows = []
    if not rows or rows[0] != list(columns) or any(len(row) != len(columns) for row in rows):
        expected, remedy = (
            "les colonnes " + ", ".join(columns),
            "rétablissez-le depuis une sauvegarde",
        )
        name = f"{path.parent.name}/{path.name}"
        raise BilanError(Problem(name, None, "", expected, "un fichier modifié", remedy))
    return [kind(*row) for row in rows[1:]]


def nom_de_classeur(
    departement: str, exercice: int | str, cles: Sequence[str], choisies: bool = False
) -> str:
    """File name of a workbook: its action when it has only one, else whether some were chosen.

    >>> nom_de_classeur("55", 2024, ["solidarites-4"])
    'saisie-55-2024-solidarites-4.xlsx'
    """
    end = f"-{cles[0]}" if len(cles) == 1 else "-selection" if choisies else ""
    return f"saisie-{departement}-{exercice}{end}.xlsx"


def version_name(saisie: Saisie) -> str:
    """Name under which a received version is kept: its hash, never the name it came with (pilots
    write persons' names there)."""
    place = saisie.entete("departement"), saisie.entete("exercice")
    return f"{saisie.sha256[:12]}-{nom_de_classeur(*place, list(saisie.feuilles))}"


def deja_recue(dossier: Path, saisie: Saisie) -> bool:
    """Whether this very version was imported before."""
    return (place(dossier, Reception).parent / version_name(saisie)).exists()


def _receptions(saisie: Saisie, sheets: Mapping[str, Feuille], day: dt.date) -> Iterator[Reception]:
    for key, name in saisie.feuilles.items():
        if key not in sheets:
            continue
        sheet, wanted = sheets[key], sheets[key].attendus()
        answered = [k for k in wanted if k in saisie.reponses and saisie.reponses[k].texte]
        asked = [q for q in saisie.questions if f"feuille « {name} »" in q.fichier]
        yield Reception(
            version_name(saisie),
            day.isoformat(),
            sheet.contrat,
            sheet.action,
            guard(saisie.services.get(key, "")),
            *(str(len(found)) for found in (answered, wanted, asked)),
        )


def _changements(
    saisie: Saisie, dossier: Dossier, changes: Mapping[Cle, Reponse], day: dt.date
) -> Iterator[Changement]:
    for key, answer in changes.items():
        if saisie.reponses.get(key) is answer:
            before = guard(dossier.reponses.get(key, ""))
            version = version_name(saisie)
            words = answer.cellule, before, guard(answer.texte)
            yield Changement(day.isoformat(), version, *key, *words)


def recues(
    saisies: Sequence[Saisie],
    dossier: Dossier,
    sheets: Mapping[str, Feuille],
    changes: Mapping[Cle, Reponse],
    day: dt.date,
) -> dict[Path, bytes]:
    """What is kept of the received versions, by path: files with sidecars, and the two logs."""
    receptions = read_log(dossier.chemin, Reception)
    history = read_log(dossier.chemin, Changement)
    known = {row.version for row in receptions}
    before = len(receptions), len(history)
    files: dict[Path, bytes] = {}
    for saisie in saisies:
        if version_name(saisie) not in known:
            path = place(dossier.chemin, Reception).with_name(version_name(saisie))
            services = ", ".join(dict.fromkeys(filter(None, saisie.services.values())))
            source = services or PRODUCTEUR, saisie.entete("nature"), day.isoformat()
            files[path] = saisie.contenu
            files[sidecar_path(path)] = sidecar(saisie.contenu, *source)
            receptions += _receptions(saisie, sheets, day)
        history += _changements(saisie, dossier, changes, day)
    if len(receptions) > before[0]:
        files[place(dossier.chemin, Reception)] = french_csv(Reception._fields, receptions)
    if len(history) > before[1]:
        files[place(dossier.chemin, Changement)] = french_csv(Changement._fields, history)
    return files
