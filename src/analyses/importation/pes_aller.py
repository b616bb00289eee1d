"""PES Aller, dépense: the mandates, their reversals, the totals of their bordereaux."""

from __future__ import annotations

import datetime as dt

from analyses.importation.confidentialite import PERSONNE, code_garde, nom_garde, sans_nom
from analyses.importation.formes import COMPTE, FONCTION, hors_periode
from analyses.importation.journal import Bordereau, Ligne
from analyses.importation.lecture_pes import TIERS, Lecture
from analyses.socle.fmt import euros
from analyses.socle.privacy import masquer

_REPRISES = ("retrait", "contrepassation")


class LectureAller(Lecture):
    """Gives a `Ligne` for each line that is right."""

    ht = tva = 0  # sums of the lines of the bordereau, centimes

    def tete_bordereau(self) -> Bordereau | None:
        self.ht = self.tva = 0
        kind = self._code("TypBord", self.codes.bordereaux)
        date = self._jour("DteBordEm", "une date d'émission AAAA-MM-JJ")
        bord = self._identite(kind, date or "")
        if bord is None or date is None:
            return None
        period = hors_periode(dt.date.fromisoformat(date), bord.exercice)
        if period:
            self._faux("DteBordEm", period)
        return bord

    def tete_piece(self) -> tuple[str, str] | None:
        mandate = self._nombre("IdPce", "un numéro de mandat")
        kind = self._code("TypPce", self.codes.types)
        nature = self._code("NatPce", self.codes.natures)
        if not (self.bordereau and mandate and kind and nature):
            return None
        bord = self.codes.bordereaux[self.bordereau.type]
        taken = self.codes.natures[nature].sens in _REPRISES
        if bord.sens in ("ordinaire", "retrait") and taken != (bord.sens == "retrait"):
            self.flux.noter(
                f", {self._lieu()} : NatPce {nature} dans un bordereau « {bord.libelle} », lu "
                "comme une annulation"
            )
        return mandate, self.codes.sens(self.bordereau.type, kind, nature)

    def piece_sans_ligne(self) -> None:
        self._faux("LigneDePiece", "au moins une ligne par mandat")

    def ligne(self) -> None:
        before, bord = self.flux.total, self.bordereau
        ht, tva = self._montant("MtHT", requis=True), self._montant("MtTVA") or 0
        self.ht, self.tva = self.ht + (ht or 0), self.tva + tva
        number = self._nombre("IdLigne", "un numéro de ligne")
        account, function = self._lu("Nature"), self._lu("Fonction")
        if not COMPTE[0].fullmatch(account):
            self._faux("Nature", COMPTE[1])
        if function and not FONCTION[0].fullmatch(function):
            self._faux("Fonction", FONCTION[1])
        if bord is None or self.piece is None:
            self.entier = False
            return
        mandate, sens = self.piece
        if sens == "hors_budget":
            self.hors_budget += 1
            return
        origin = self._origine() if sens in _REPRISES else (None, "", "")
        if self.flux.total > before or number is None or ht is None:
            self.flux.doutes.mandats.add((bord.exercice, mandate))
            return
        third, wording = self._tiers_et_objet()
        line = Ligne(
            lieu=f"{bord.nom}, mandat {mandate}, ligne {number}",
            ligne=self.debuts["LigneDePiece"],
            budget=bord.budget,
            type_bordereau=bord.type,
            bordereau=bord.numero,
            exercice=bord.exercice,
            numero_mandat=mandate,
            numero_ligne=number,
            date_emission=bord.date,
            type=sens,
            exercice_origine=origin[0],
            mandat_origine=origin[1],
            ligne_origine=origin[2],
            nature=account,
            fonction=function,
            code_analytique=code_garde(self._lu("CptAna") or self._lu("CodServ")),
            convention=code_garde(self._lu("IdConv") or self._lu("IdMarche")),
            tiers=third,
            objet=wording,
            montant=ht + tva,
        )
        self.journal.ligne(self.numero, line)

    def _tiers_et_objet(self) -> tuple[str, str]:
        """Third party and wording, without what names or identifies a natural person."""
        tiers = {name: self._lu(name) for name in TIERS}
        wording = masquer(self._lu("Obj"))
        if self.codes.personnes_physiques.comprennent(tiers):
            return PERSONNE, sans_nom(wording, tiers["Nom"], tiers["Prenom"])
        return nom_garde(tiers), wording

    def _origine(self) -> tuple[int | None, str, str]:
        """The mandate that a line takes back: without it the line cannot be imported."""
        if not self._dit("IdPceOrig"):
            self._faux("IdPceOrig", "le mandat d'origine (bloc RattachPiece)")
            return None, "", ""
        if self._lu("NatPceOrig") not in ("01", ""):
            self._faux("NatPceOrig", "un mandat pour pièce d'origine (01)")
        year = self._annee("ExerRat")
        mandate = self._nombre("IdPceOrig", "le numéro du mandat d'origine")
        return year, mandate or "", self._lu("IdLigneOrig").lstrip("0")

    def fin_bordereau(self) -> None:
        """The head's totals against the lines: a disagreement is told, the lines are believed."""
        if self.bordereau is None:
            return
        place = f", {self.bordereau.nom}"
        told = self._lu("NbrPce").lstrip("0")
        if told and told != str(self.pieces):
            self.flux.noter(
                f"{place} : NbrPce annonce {told[:10]} mandat(s), le fichier en a {self.pieces} ; "
                "les lignes font foi"
            )
        for champ, total in (("MtBordHT", self.ht), ("MtBordTVA", self.tva)):
            said = self._montant(champ)
            if said is not None and said != total:
                self.flux.noter(
                    f"{place} : {champ} annonce {euros(said)}, les lignes font {euros(total)} ; "
                    "les lignes font foi"
                )
