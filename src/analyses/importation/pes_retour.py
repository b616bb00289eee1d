"""PES Retour, dépense: what the accountant did of each mandate, paid, rejected or waiting."""

from __future__ import annotations

from collections.abc import Sequence

from analyses.importation.journal import Bordereau, Paiement, Retour
from analyses.importation.lecture_pes import REPETES, Lecture, Valeurs


class LectureRetour(Lecture):
    """Gives a `Retour` for each line that is right, or for a mandate that has none."""

    def tete_bordereau(self) -> Bordereau | None:
        return self._identite(self._lu("TypBord") or "01", "")

    def tete_piece(self) -> tuple[str, str] | None:
        mandate = self._nombre("IdPce", "un numéro de mandat")
        state = self._code("EtatPce", self.codes.etats)
        return (mandate, state) if mandate and state else None

    def piece_sans_ligne(self) -> None:
        self._donner(self.flux.total)

    def ligne(self) -> None:
        before = self.flux.total
        number = self._nombre("IdLigne", "un numéro de ligne") or ""
        ht = self._montant("MtHT", signe=True)
        amount = None if ht is None else ht + (self._montant("MtTVA") or 0)
        total = self._montant("MtPayTot", signe=True)
        paid = [one for payment in self.paiements if (one := self._paiement(payment))]
        told = self._lu("NbrPay").lstrip("0") or "0"
        if self._dit("NbrPay") and told != str(len(paid)):
            self.flux.noter(
                f", {self._lieu()} : NbrPay annonce {told[:10]} "
                f"paiement(s), le fichier en donne {len(paid)}"
            )
        self._donner(before, number, self._lu("EtatLigPce"), amount, total, paid)

    def _donner(
        self,
        problemes: int,
        ligne: str = "",
        etat: str = "",
        montant: int | None = None,
        paye: int | None = None,
        paiements: Sequence[Paiement] = (),
    ) -> None:
        """Give what is right: nothing was added to the `problemes` met before it."""
        bord = self.bordereau
        if bord is None or self.piece is None or self.flux.total > problemes:
            return
        if bord.type == "04":
            self.hors_budget += 1
            return
        mandate, state = self.piece
        back = Retour(
            *(bord.budget, bord.exercice, bord.type, bord.numero, mandate, ligne),
            *(state, etat, montant, paye),
        )
        self.journal.retour(self.numero, back, paiements)

    def _paiement(self, payment: Valeurs) -> Paiement | None:
        if not payment:
            return None
        others = {n: v for n, v in self.valeurs["LigneDePiece"].items() if n not in REPETES}
        self.valeurs["LigneDePiece"] = others | payment
        amount = self._montant("MtPay", requis=True, signe=True)
        date = self._jour("DtePay", "une date de paiement AAAA-MM-JJ")
        if date is None or amount is None:
            return None
        return date, amount, self._lu("OrgEma")
