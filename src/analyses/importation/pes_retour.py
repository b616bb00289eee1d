"""PES Retour, dépense: what the accountant did of each mandate, paid, rejected or waiting."""

from __future__ import annotations

import datetime as dt

from analyses.importation import flux_pes
from analyses.importation.flux_pes import Bordereau, Valeurs
from analyses.importation.lecture_pes import Lecture


class Retour(Lecture):
    """Gives a `flux_pes.Retour` for each line that is right."""

    def tete_bordereau(self) -> Bordereau | None:
        return self._identite(self._lu("Bordereau", "TypBord") or "01", None)

    def tete_piece(self) -> tuple[str, str] | None:
        mandate = self._nombre("Piece", "IdPce", "un numéro de mandat")
        state = self._code("Piece", "EtatPce", self.codes.etats)
        return (mandate, state) if mandate and state else None

    def piece_sans_ligne(self) -> None:
        self._retour("")

    def ligne(self) -> None:
        self._retour("LigneDePiece")

    def _retour(self, niveau: str) -> None:
        """The state of a line, or of a whole mandate when it has no line (`niveau` empty)."""
        before, number = self.flux.total, ""
        amount = total = None
        state_line, paid = "", []
        if niveau:
            number = self._nombre(niveau, "IdLigne", "un numéro de ligne") or ""
            state_line = self._lu(niveau, "EtatLigPce")
            ht = self._montant(niveau, "MtHT", False, signe=True)
            amount = None if ht is None else ht + (self._montant(niveau, "MtTVA", False) or 0)
            total = self._montant(niveau, "MtPayTot", False, signe=True)
            paid = [one for payment in self.paiements if (one := self._paiement(payment))]
            told = self._lu(niveau, "NbrPay").lstrip("0")
            if niveau and "NbrPay" in self.valeurs[niveau] and int(told or 0) != len(paid):
                self.flux.noter(
                    f", {self._lieu()} : NbrPay annonce {told or 0} "
                    f"paiement(s), le fichier en donne {len(paid)}"
                )
        if self.bordereau is None or self.piece is None or self.flux.total > before:
            return
        if self.bordereau.type == "04":
            self.hors_budget += 1
            return
        mandate, state = self.piece
        self.recevoir(
            flux_pes.Retour(
                self.bordereau, mandate, number, state, state_line, amount, total, tuple(paid)
            )
        )

    def _paiement(self, payment: Valeurs) -> tuple[dt.date, int, str] | None:
        if not payment:
            return None
        self.valeurs["LigneDePiece"] |= payment
        date = self._date(payment.get("DtePay", ("", 0))[0])
        amount = self._montant("LigneDePiece", "MtPay", True, signe=True)
        if date is None:
            self._faux("LigneDePiece", "DtePay", "une date de paiement AAAA-MM-JJ")
        if date is None or amount is None:
            return None
        return date, amount, payment.get("OrgEma", ("", 0))[0]
