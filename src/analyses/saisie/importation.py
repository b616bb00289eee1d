"""Merging returned workbooks into a year's files: everything or nothing, every conflict named.

An answer is compared with what its cell held when the workbook was sent (`base`) and with what the
year's files hold today: untouched cells change nothing, a filled-in cell completes, and an answer
that others changed meanwhile is a conflict. Each received version is kept with the history of the
answers it brought (`recues`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from analyses.contrat.exercices import check_years, contrats_de
from analyses.contrat.model import Contrat
from analyses.depot.fichiers import relatif
from analyses.saisie.dossier import Dossier, contents, ecrire, lire_dossier
from analyses.saisie.lecture import lire
from analyses.saisie.modele import Cle, Feuille, feuilles, same_text
from analyses.saisie.recues import Changement, deja_recue, read_log, recues
from analyses.saisie.retour import Reponse, Saisie, lire_reperes
from analyses.saisie.valeurs import quote
from analyses.socle.files import finish
from analyses.socle.problems import BilanError, Problem


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

    @property
    def simule(self) -> bool:
        """Whether a workbook read was written on simulated data."""
        return any(saisie.simule for saisie in self.lus)


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
    years = {saisie.entete("exercice") for saisie in saisies}
    if exercice is None and len(years) == 1:
        exercice = int(*years)
    kept = []
    for saisie in saisies:
        year, place = saisie.entete("exercice"), saisie.entete("departement")
        if year != str(exercice):
            champ, expected = "exercice", str(exercice or "un seul exercice par import")
            found, option = f"un classeur de l'exercice {year}", f"--exercice {year}"
        elif place != departement:
            champ, expected = "departement", departement
            found, option = f"un classeur du département {place}", f"--departement {place}"
        else:
            kept.append(saisie)
            continue
        remedy = f"importez-le à part avec {option}"
        outcome.problemes.append(Problem(saisie.fichier, None, champ, expected, found, remedy))
    return exercice, kept


def _check_contracts(saisies: Sequence[Saisie], contrats: Mapping[str, Contrat]) -> list[Problem]:
    known = "un contrat parmi " + ", ".join(contrats)
    remedy = "donnez un classeur de ce département"
    return [
        Problem(saisie.fichier, None, "contrat", known, f"« {code} »", remedy)
        for saisie in saisies
        for code in saisie.contrats
        if code not in contrats
    ]


def _check_nature(outcome: Import, dossier: Dossier) -> None:
    """Simulated answers never enter real files; real ones in simulated files stay simulated."""
    real = [saisie for saisie in outcome.lus if not saisie.simule]
    for saisie in outcome.lus if real or dossier.reel else ():
        if saisie.simule:
            outcome.problemes.append(
                Problem(
                    saisie.fichier,
                    attendu="des réponses réelles, comme les fichiers de l'année ou les autres "
                    "classeurs",
                    trouve="un classeur fait de données simulées",
                    remede="écrivez un classeur sur les données réelles (« bilan saisie »)",
                )
            )
    if real and dossier.simule:
        found = "des fichiers simulés : le bilan dira « Données simulées », réponses comprises"
        outcome.notes.append(Problem(dossier.relatif, trouve=found))


def _given(outcome: Import) -> dict[Cle, Reponse]:
    """The answers that the pilots gave, by key; two different ones are a problem."""
    given: dict[Cle, Reponse] = {}
    for saisie in outcome.lus:
        for key, answer in saisie.reponses.items():
            if not answer.donnee:
                continue
            first = given.setdefault(key, answer)
            if not same_text(first.texte, answer.texte):
                both = f"{quote(answer.texte)}, et {quote(first.texte)} dans {first.place}"
                only = "une seule réponse par cellule"
                ask = "demandez au pilote laquelle est la bonne, et n'importez que celle-là"
                outcome.problemes.append(Problem(answer.place, None, _name(key), only, both, ask))
    return given


def _name(key: Cle) -> str:
    contrat, action, sujet, champ = key
    return f"{contrat}-{action}, {sujet.replace('_', ' ')} : {champ}"


def _merge(outcome: Import, dossier: Dossier, remplacer: bool) -> dict[Cle, Reponse]:
    """The answers to write: new ones, and those that replace another knowingly."""
    history = read_log(dossier.chemin, Changement)
    origins = {(row.contrat, row.action, row.sujet, row.champ): row for row in history}
    changes: dict[Cle, Reponse] = {}
    for key, answer in _given(outcome).items():
        ours = dossier.reponses.get(key, "")
        if same_text(answer.texte, ours):
            continue
        changes[key] = answer
        if not ours:
            outcome.nouvelles += 1
            continue
        where, new, old = "écrite hors d'un classeur de saisie", quote(answer.texte), quote(ours)
        if origin := origins.get(key):
            where = f"importée le {origin.recu_le} ({origin.version}, {origin.cellule})"
        if remplacer or same_text(ours, answer.base):
            found = f"{new} au lieu de {old}, {where}"
            outcome.remplacees.append(Problem(answer.place, None, _name(key), "", found))
        else:
            expected = f"{old}, la réponse déjà {where}"
            remedy = "si c'est une correction du pilote, relancez avec --remplacer"
            outcome.problemes.append(Problem(answer.place, None, _name(key), expected, new, remedy))
    return changes


def _emptied(outcome: Import, dossier: Dossier) -> None:
    """An emptied cell deletes nothing, and it is said."""
    remedy = "pour dire qu'il n'y en a pas, choisir « non disponible »"
    for saisie in outcome.lus:
        for key, answer in saisie.reponses.items():
            ours = dossier.reponses.get(key, "")
            if not answer.texte and answer.base and same_text(ours, answer.base):
                kept = f"cellule vidée : {quote(answer.base)} est conservé"
                outcome.notes.append(Problem(answer.place, None, _name(key), "", kept, remedy))


def _read(
    outcome: Import, saisie: Saisie, sheets: Mapping[str, Feuille], accepter_ecarts: bool
) -> None:
    lire(saisie, sheets)
    outcome.lus.append(saisie)
    outcome.problemes += saisie.problemes
    (outcome.notes if accepter_ecarts else outcome.problemes).extend(saisie.ecarts)
    outcome.questions += saisie.questions
    outcome.notes += saisie.notes


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
    folder = donnees / relatif(departement, year)
    try:
        contrats = contrats_de(departement, year)
        check_years(contrats, [year], None)
        if finish(folder):
            found = "un import interrompu, achevé avant celui-ci"
            outcome.notes.append(Problem(relatif(departement, year), trouve=found))
        dossier = outcome.dossier = lire_dossier(donnees, departement, year, contrats)
        outcome.problemes += _check_contracts(saisies, contrats)
        sheets = {sheet.cle: sheet for sheet in feuilles(contrats, year, {})}
        for saisie in saisies:
            if not remplacer and deja_recue(folder, saisie):
                outcome.deja.append(saisie.fichier)
            else:
                _read(outcome, saisie, sheets, accepter_ecarts)
        _check_nature(outcome, dossier)
        changes = _merge(outcome, dossier, remplacer)
        _emptied(outcome, dossier)
    except BilanError as error:
        outcome.problemes += error.problems
    if outcome.problemes:
        return outcome
    subjects = [(s.contrat, s.action, line.code) for s in sheets.values() for line in s.lignes]
    order = {subject: rank for rank, subject in enumerate(subjects)}  # of the contracts
    keys = sorted(changes, key=lambda key: order.get(key[:3], len(order)))
    texts = {key: changes[key].texte for key in keys}
    files = contents(dossier, texts, recu_le, outcome.simule) if texts else {}
    files |= recues(outcome.lus, dossier, sheets, changes, recu_le)
    if files:
        ecrire(folder, files)
    return outcome
