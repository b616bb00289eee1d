"""Writing the workbooks to send, without ever losing one that was filled in and not imported."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from analyses.contrat.exercices import check_years, contrats_de
from analyses.saisie.classeur import classeur
from analyses.saisie.dossier import Dossier, ecrire, lire_dossier
from analyses.saisie.lecture import lire
from analyses.saisie.modele import Cle, Feuille, choose, feuilles, same_text
from analyses.saisie.recues import nom_de_classeur
from analyses.saisie.retour import lire_reperes
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
    contrats = contrats_de(departement, exercice)
    check_years(contrats, [exercice], None)
    if not donnees.is_dir():
        place, remedy = donnees.as_posix(), "indiquez-en un autre avec --donnees"
        raise BilanError(Problem(place, None, "", "un dossier de données", "rien", remedy))
    before, now = (
        lire_dossier(donnees, departement, year, contrats) for year in (exercice - 1, exercice)
    )
    return Campagne(
        departement,
        exercice,
        {name: contrat.version.code for name, contrat in contrats.items()},
        now,
        feuilles(contrats, exercice, before.reponses),
        before.simule or now.simule,
    )


def _unsaved(path: Path, sheets: Sequence[Feuille], known: Mapping[Cle, str]) -> list[Problem]:
    """Why a file in the place of a new workbook must not be overwritten."""
    try:
        saisie = lire(lire_reperes(path), {sheet.cle: sheet for sheet in sheets})
    except BilanError:
        expected, found = "un classeur de saisie, ou rien", "un autre fichier"
        remedy = "déplacez-le"
    else:
        waiting = [
            answer
            for key, answer in saisie.reponses.items()
            if answer.donnee and not same_text(answer.texte, known.get(key, ""))
        ]
        if not waiting and not saisie.problemes:
            return []
        expected = "un classeur sans réponse en attente"
        found = f"des réponses qui ne sont pas importées ({len(waiting)})"
        remedy = "importez-le avec « bilan importer saisie »"
    remedy += ", ou choisissez un autre dossier avec --sortie"
    return [Problem(path.as_posix(), None, "", expected, found, remedy)]


def envoyer(
    campaign: Campagne, sortie: Path, codes: Sequence[str] = (), un_par_action: bool = False
) -> list[Path]:
    """Write the workbook of the asked actions, or one per action; the paths written.

    All of them or none: a file that holds answers not yet imported is a `BilanError`.
    """
    chosen = choose(campaign.feuilles, codes)
    place, known = (campaign.departement, campaign.exercice), campaign.dossier.reponses
    files: dict[Path, bytes] = {}
    problems = []
    for lot in [[sheet] for sheet in chosen] if un_par_action else [chosen]:
        some = len(lot) < len(campaign.feuilles)
        path = sortie / nom_de_classeur(*place, [sheet.cle for sheet in lot], some)
        files[path] = classeur(lot, known, *place, campaign.versions, campaign.simule)
        if path.exists() and path.read_bytes() != files[path]:
            problems += _unsaved(path, campaign.feuilles, known)
    if problems:
        raise BilanError(problems)
    ecrire(sortie, files)
    return list(files)
