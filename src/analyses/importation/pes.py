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
    racine = _Racine(flux, journal, numero)
    try:
        with path.open("rb") as stream:
            racine.lecteur.lire(stream)
        if racine.lecture:
            racine.lecture.terminer()
    except Refus as refus:
        flux.probleme(refus.ligne, "", refus.attendu, refus.trouve, refus.remede)
    except OSError as error:
        flux.probleme(None, "", "un fichier lisible", reason(error), "vérifiez ses droits")
    flux.clore()
    return flux


class _Racine:
    """The root of a file says how the rest is read."""

    def __init__(self, flux: Flux, journal: Journal, numero: int) -> None:
        self.flux, self.journal, self.numero = flux, journal, numero
        self.lecture: Lecture | None = None
        self.lecteur = Lecteur(self)

    def ouvrir(self, nom: str, attributs: dict[str, str]) -> None:
        if nom not in _RACINES:
            raise Refus(
                self.lecteur.ligne,
                "un fichier PES Aller ou PES Retour (racine PES_Aller ou PES_Retour)",
                f"une racine « {nom[:40]} »",
                "retirez ce fichier du dossier",
            )
        self.flux.genre = nom.removeprefix("PES_").lower()
        self.lecture = _RACINES[nom](self.flux, self.journal, self.numero, self.lecteur)
        self.lecteur.balises = self.lecture

    def fermer(self, nom: str) -> None:
        """Never called: the reading goes on in `lecture`."""
