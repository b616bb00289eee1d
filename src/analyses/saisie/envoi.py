"""Writing the workbooks to send, without ever losing one that was filled in and not imported."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from analyses.contrat.exercices import check_years
from analyses.contrat.load import load_contrats
from analyses.saisie.classeur import classeur
from analyses.saisie.dossier import Dossier, ecrire, lire_dossier
from analyses.saisie.importation import nom_de_classeur
from analyses.saisie.lecture import lire, lire_reperes
from analyses.saisie.modele import Cle, Feuille, choose, feuilles, load_reglages, same_text
from analyses.socle.problems import BilanError, Problem


@dataclass(frozen=True)
class Campagne:
    """What a collection starts from: the sheets of the year, and what is already answered."""

    departement: str
    exercice: int
    versions: Mapping[str, str]
    dossier: Dossier
    feuilles: list[Feuille]
    simule: bool


def campagne(departement: str, exercice: int, donnees: Path) -> Campagne:
    """The sheets of an exercise, with last year's results and the answers already imported.

    The year's folder need not exist yet. Raises `BilanError` for an unknown exercise or
    département, or files that cannot be read.
    """
    contrats = load_contrats(departement, dt.date(exercice, 12, 31))
    check_years(contrats, [exercice], None)
    if not donnees.is_dir():
        raise BilanError(
            [
                Problem(
                    donnees.as_posix(),
                    attendu="un dossier de données",
                    trouve="rien",
                    remede="indiquez-en un autre avec --donnees",
                )
            ]
        )
    before, now = (
        lire_dossier(donnees, departement, year, contrats) for year in (exercice - 1, exercice)
    )
    results = {
        (contrat, action, sujet): text
        for (contrat, action, sujet, champ), text in before.reponses.items()
        if champ == "resultat"
    }
    return Campagne(
        departement,
        exercice,
        {name: contrat.version.code for name, contrat in contrats.items()},
        now,
        feuilles(contrats, exercice, results),
        before.simule or now.simule,
    )


def _unsaved(path: Path, sheets: Mapping[str, Feuille], known: Mapping[Cle, str]) -> Problem | None:
    """Why a file in the place of a new workbook must not be overwritten."""
    try:
        saisie = lire(lire_reperes(path), sheets, load_reglages().facteur_grandeur)
    except BilanError:
        return Problem(
            path.as_posix(),
            attendu="un classeur de saisie, ou rien",
            trouve="un autre fichier",
            remede="déplacez-le, ou choisissez un autre dossier avec --sortie",
        )
    waiting = [
        answer.place
        for key, answer in saisie.reponses.items()
        if answer.donnee and not same_text(answer.texte, known.get(key, ""))
    ]
    if not waiting and not saisie.problemes:
        return None
    return Problem(
        path.as_posix(),
        attendu="un classeur sans réponse en attente",
        trouve=f"des réponses qui ne sont pas importées ({len(waiting)})",
        remede="importez-le avec « bilan importer saisie », ou choisissez un autre dossier avec "
        "--sortie",
    )


def envoyer(
    campaign: Campagne, sortie: Path, codes: Sequence[str] = (), un_par_action: bool = False
) -> list[Path]:
    """Write the workbook of the asked actions, or one per action; the paths written.

    All of them or none: a file that holds answers not yet imported is a `BilanError`.
    """
    chosen = choose(campaign.feuilles, codes)
    lots = [[sheet] for sheet in chosen] if un_par_action else [chosen]
    reglages = load_reglages()
    known = campaign.dossier.reponses
    files: dict[Path, bytes] = {}
    problems = []
    for lot in lots:
        name = nom_de_classeur(
            campaign.departement,
            campaign.exercice,
            [sheet.cle for sheet in lot],
            len(lot) < len(campaign.feuilles),
        )
        path = sortie / name
        files[path] = classeur(
            lot,
            known,
            campaign.departement,
            campaign.exercice,
            campaign.versions,
            campaign.simule,
            reglages,
        )
        if path.exists() and path.read_bytes() != files[path]:
            found = _unsaved(path, {sheet.cle: sheet for sheet in campaign.feuilles}, known)
            problems += [found] if found else []
    if problems:
        raise BilanError(problems)
    ecrire(sortie, files)
    return list(files)
