"""PES Aller, dépense: the mandates, their reversals, the totals of their bordereaux."""

from __future__ import annotations

import datetime as dt
import re

from analyses.importation.confidentialite import (
    est_personne,
    nom_du_tiers,
    sans_identifiants,
    sans_nir,
    sans_nom,
)
from analyses.importation.flux_pes import Bordereau, Ligne
from analyses.importation.lecture_pes import TIERS, Lecture
from analyses.socle.fmt import euros

_COMPTE = re.compile(r"\d{1,8}", re.ASCII)
_FONCTION = re.compile(r"\d{1,6}([.-]\d{1,3})?", re.ASCII)


class Aller(Lecture):
    """Gives a `Ligne` for each line that is right."""

    ht = tva = 0  # sums of the lines of the bordereau, centimes

    def tete_bordereau(self) -> Bordereau | None:
        self.ht = self.tva = 0
        kind = self._code("Bordereau", "TypBord", self.codes.bordereaux)
        date = self._date(self._lu("Bordereau", "DteBordEm"))
        if date is None:
            self._faux("Bordereau", "DteBordEm", "une date d'émission AAAA-MM-JJ")
        bord = self._identite(kind, date)
        if bord is None or date is None:
            return None
        year = bord.exercice
        if not dt.date(year, 1, 1) <= date <= dt.date(year + 1, 1, 31):
            period = f"du 01/01/{year} au 31/01/{year + 1} (journée complémentaire)"
            self._faux("Bordereau", "DteBordEm", f"une date {period}")
        return bord

    def tete_piece(self) -> tuple[str, str] | None:
        mandate = self._nombre("Piece", "IdPce", "un numéro de mandat")
        kind = self._code("Piece", "TypPce", self.codes.types)
        nature = self._code("Piece", "NatPce", self.codes.natures)
        if not (self.bordereau and mandate and kind and nature):
            return None
        bord = self.codes.bordereaux[self.bordereau.type]
        taken = self.codes.natures[nature].sens in ("retrait", "contrepassation")
        if bord.sens in ("ordinaire", "retrait") and taken != (bord.sens == "retrait"):
            self.flux.noter(
                f", {self._lieu()} : NatPce {nature} dans un bordereau « {bord.libelle} », lu "
                "comme une annulation"
            )
        return mandate, self.codes.sens(self.bordereau.type, kind, nature)

    def piece_sans_ligne(self) -> None:
        self._faux("Piece", "LigneDePiece", "au moins une ligne par mandat")

    def ligne(self) -> None:
        before, bord = self.flux.total, self.bordereau
        ht = self._montant("LigneDePiece", "MtHT", True)
        tva = self._montant("LigneDePiece", "MtTVA", False) or 0
        self.ht, self.tva = self.ht + (ht or 0), self.tva + tva
        number = self._nombre("LigneDePiece", "IdLigne", "un numéro de ligne")
        account, function = self._lu("LigneDePiece", "Nature"), self._lu("LigneDePiece", "Fonction")
        if not _COMPTE.fullmatch(account):
            self._faux("LigneDePiece", "Nature", "un compte par nature en chiffres")
        if function and not _FONCTION.fullmatch(function):
            self._faux("LigneDePiece", "Fonction", "une fonction en chiffres")
        if bord is None or self.piece is None:
            self.entier = False
            return
        mandate, sens = self.piece
        if sens == "hors_budget":
            self.hors_budget += 1
            return
        origin = self._origine() if sens in ("retrait", "contrepassation") else None
        if self.flux.total > before or number is None or ht is None:
            self.flux.douteux.add((bord.exercice, mandate))
            return
        tiers = {name: self._lu("LigneDePiece", name) for name in TIERS}
        people = self.codes.personnes_physiques
        groups = (people.categories, people.natures_juridiques)
        wording = sans_identifiants(self._lu("Piece", "Obj"))
        if est_personne(tiers, *groups):
            wording = sans_nom(wording, tiers["Nom"], tiers["Prenom"])
        analytic = self._lu("LigneDePiece", "CptAna") or self._lu("Piece", "CodServ")
        link = self._lu("LigneDePiece", "IdConv") or self._lu("LigneDePiece", "IdMarche")
        self.recevoir(
            Ligne(
                bordereau=bord,
                mandat=mandate,
                numero=number,
                sens=sens,
                origine=origin,
                nature=account,
                fonction=function,
                code_analytique=sans_nir(analytic),
                convention=sans_nir(link),
                tiers=nom_du_tiers(tiers, *groups),
                objet=wording,
                montant=ht + tva,
                ligne=self.debuts["LigneDePiece"],
            )
        )

    def _origine(self) -> tuple[int, str, str] | None:
        """The mandate that a line takes back: without it the line cannot be imported."""
        if "IdPceOrig" not in self.valeurs["LigneDePiece"]:
            self._faux("LigneDePiece", "IdPceOrig", "le mandat d'origine (bloc RattachPiece)")
            return None
        if self._lu("LigneDePiece", "NatPceOrig") not in ("01", ""):
            self._faux("LigneDePiece", "NatPceOrig", "un mandat pour pièce d'origine (01)")
        year = self._annee("LigneDePiece", "ExerRat")
        mandate = self._nombre("LigneDePiece", "IdPceOrig", "le numéro du mandat d'origine")
        line = self._lu("LigneDePiece", "IdLigneOrig").lstrip("0")
        return None if year is None or mandate is None else (year, mandate, line)

    def fin_bordereau(self) -> None:
        """The head's totals against the lines: a disagreement is told, the lines are believed."""
        if self.bordereau is None:
            return
        place = f", {self.bordereau.nom}"
        told = self._lu("Bordereau", "NbrPce").lstrip("0")
        if told and told != str(self.pieces):
            self.flux.noter(
                f"{place} : NbrPce annonce {told[:10]} mandat(s), le fichier en a {self.pieces} ; "
                "les lignes font foi"
            )
        for champ, total in (("MtBordHT", self.ht), ("MtBordTVA", self.tva)):
            said = self._montant("Bordereau", champ, False)
            if said is not None and said != total:
                self.flux.noter(
                    f"{place} : {champ} annonce {euros(said)}, les lignes font {euros(total)} ; "
                    "les lignes font foi"
                )
