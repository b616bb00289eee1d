"""Reading a PES v2 file of the domain Dépense, whichever it is: PES Aller or PES Retour."""

from __future__ import annotations

from pathlib import Path

from analyses.importation.flux_pes import Flux
from analyses.importation.journal import Journal
from analyses.importation.lecture_pes import Lecture
from analyses.importation.pes_aller import LectureAller
from analyses.importation.pes_retour import LectureRetour
from analyses.importation.xml_durci import Lecteur, Refus
from analyses.socle.problems import reason

_RACINES: dict[str, type[Lecture]] = {"PES_Aller": LectureAller, "PES_Retour": LectureRetour}


def lire_pes(path: Path, fichier: str, journal: Journal, numero: int) -> Flux:
    """Read a PES file as a stream: each line that is right goes to the journal.

    `fichier`: the name of the file in messages; `numero`: that of the file in the journal. Nothing
    is raised for what the file holds: it is in the problems of the flow.
    """
    flux = Flux(fichier)
    lectures: list[Lecture] = []  # one, when the root is known

    def racine(nom: str) -> Lecture:
        if nom not in _RACINES:
            raise Refus(
                lecteur.ligne,
                "un fichier PES Aller ou PES Retour (racine PES_Aller ou PES_Retour)",
                f"une racine « {nom[:40]} »",
                "retirez ce fichier du dossier",
            )
        flux.genre = nom.removeprefix("PES_").lower()
        lectures.append(_RACINES[nom](flux, journal, numero, lecteur))
        return lectures[0]

    lecteur = Lecteur(racine)
    try:
        with path.open("rb") as stream:
            lecteur.lire(stream)
        lectures[0].terminer()
    except Refus as refus:
        flux.probleme(refus.ligne, "", refus.attendu, refus.trouve, refus.remede)
    except OSError as error:
        flux.probleme(None, "", "un fichier lisible", reason(error), "vérifiez ses droits")
    flux.clore()
    return flux
