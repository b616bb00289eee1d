"""Walking through a PES file: the tags of its three levels, the values they hold, their errors.

A file is a tree Bordereau > Piece > LigneDePiece whose values are attributes `V` of leaves. The
reader keeps the few leaves it knows at each level and forgets the rest as it passes: attachments,
addresses, bank accounts and identifiers of third parties never reach a variable.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection

from analyses.importation.flux_pes import Flux
from analyses.importation.formes import EUROS, UNE_MONNAIE
from analyses.importation.journal import Bordereau, Journal
from analyses.importation.parametres import codes_pes
from analyses.importation.xml_durci import Lecteur

Valeurs = dict[str, tuple[str, int]]  # field -> (value, line in the file)

_IGNORES = {"PES_PJ", "CpteBancaire", "Adresse", "Signature", "PES_Facture"}
_IGNORES |= {"PES_RecetteAller", "PES_RecetteRetour"}
TIERS = ("NatIdTiers", "CatTiers", "NatJur", "Civilite", "Nom", "Prenom")
_CHAMPS = {
    "EnTetePES": {"DteStr", "IdColl", "CodCol", "CodColl", "CodBud"},
    "Bordereau": {"Exer", "IdBord", "DteBordEm", "TypBord", "NbrPce", "MtBordHT", "MtBordTVA"},
    "Piece": {"CodServ", "IdPce", "TypPce", "NatPce", "Obj", "EtatPce"},
    "LigneDePiece": {
        *("IdLigne", "Nature", "Fonction", "CptAna", "MtHT", "MtTVA"),
        *("NatPceOrig", "ExerRat", "IdPceOrig", "IdLigneOrig", "IdConv", "IdMarche"),
        *("EtatLigPce", "NbrPay", "MtPayTot", "OrgEma", "DtePay", "MtPay"),
        *TIERS,
    },
}
# A piece without a line is told as a field of the piece.
_NIVEAU = {champ: niveau for niveau, champs in _CHAMPS.items() for champ in champs}
_NIVEAU["LigneDePiece"] = "Piece"
_DEPENSES = {"PES_DepenseAller", "PES_DepenseRetour"}
_APPELE = {"IdBord": "bordereau", "IdPce": "mandat", "IdLigne": "ligne"}
REPETES = {"OrgEma", "DtePay", "MtPay"}
_REMEDE = "corrigez la pièce dans le logiciel financier et réexportez le fichier"
_SIGNE = re.compile(r"(-?)(\d{1,15})(?:\.(\d*))?", re.ASCII)
_MONNAIE = re.compile("devise|monnaie|currency", re.I)


class Lecture:
    """The state of the reading of one file; a subclass says what its levels mean.

    `numero`: that of the file in the journal, which gets each line that is right.
    """

    def __init__(self, flux: Flux, journal: Journal, numero: int, lecteur: Lecteur) -> None:
        self.flux, self.journal, self.numero, self.lecteur = flux, journal, numero, lecteur
        self.codes = codes_pes()
        self.depense, self.ignore, self.entier = False, 0, True
        self.vus: set[str] = set()  # parts of the file met so far
        self.sans_monnaie: set[str] = set()  # tags known not to name a currency
        self.ouverts: list[str] = []
        self.debuts: dict[str, int] = {}
        self.valeurs: dict[str, Valeurs] = {niveau: {} for niveau in _CHAMPS}
        self.paiements: list[Valeurs] = []
        self.bordereau: Bordereau | None = None
        self.piece: tuple[str, str] | None = None
        self.pieces = self.lignes = self.hors_budget = 0

    # Tags

    def ouvrir(self, nom: str, attributs: dict[str, str]) -> None:
        if self.ignore:
            self.ignore += 1
            return
        if nom in _IGNORES:
            self.vus.add(nom)
            self.ignore = 1
            return
        if nom in _CHAMPS and (self.depense or nom == "EnTetePES"):
            self._niveau(nom)
        elif self.ouverts and nom in _CHAMPS[self.ouverts[-1]]:
            self._feuille(nom, attributs.get("V", ""))
        elif nom in _DEPENSES:
            self.vus.add(nom)
            self.depense = True
        elif nom == "PaiementEmargement":
            self.paiements.append({})
        if len(attributs) > 1 or nom not in self.sans_monnaie:
            self._monnaie(nom, attributs)

    def fermer(self, nom: str) -> None:
        if self.ignore:
            self.ignore -= 1
        elif self.ouverts and nom == self.ouverts[-1]:
            self._fin(nom)
            self.ouverts.pop()
        elif nom in _DEPENSES:
            self.depense = False

    def _niveau(self, nom: str) -> None:
        self.ouverts.append(nom)
        self.valeurs[nom], self.debuts[nom] = {}, self.lecteur.ligne
        if nom == "Bordereau":
            self.bordereau, self.pieces = None, 0
        elif nom == "Piece":
            self.pieces, self.lignes, self.piece = self.pieces + 1, 0, None
            if self.pieces == 1:
                self.bordereau = self.tete_bordereau()
        elif nom == "LigneDePiece":
            self.lignes, self.paiements = self.lignes + 1, []
            if self.lignes == 1:
                self.piece = self.tete_piece()

    def _fin(self, nom: str) -> None:
        if nom == "EnTetePES":
            self.flux.date = self._jour("DteStr") or ""
        elif nom == "LigneDePiece":
            self.ligne()
        elif nom == "Piece" and not self.lignes:
            self.piece = self.tete_piece()
            self.piece_sans_ligne()
        elif nom == "Bordereau":
            if not self.pieces:
                self.bordereau = self.tete_bordereau()
            self.fin_bordereau()

    def _feuille(self, nom: str, texte: str) -> None:
        here = (texte.strip(), self.lecteur.ligne)
        if nom in REPETES:
            if not self.paiements or nom in self.paiements[-1]:
                self.paiements.append({})
            self.paiements[-1][nom] = here
            return
        niveau = self.valeurs[self.ouverts[-1]]
        if nom in niveau:
            found, remedy = f"deux balises {nom}", "réexportez le fichier"
            self.flux.probleme(here[1], self._lieu(nom), "une seule valeur", found, remedy)
        niveau[nom] = here

    def _monnaie(self, nom: str, attributs: dict[str, str]) -> None:
        """A currency other than the euro, in a tag of its own or in an attribute of an amount."""
        said = [value for key, value in attributs.items() if _MONNAIE.search(key)]
        if _MONNAIE.search(nom):
            said.append(attributs.get("V", ""))
        else:
            self.sans_monnaie.add(nom)
        for value in said:
            if value.strip().upper() not in EUROS:
                found, remedy = (
                    f"« {value[:10]} »",
                    "convertissez la pièce en euros avant de l'importer",
                )
                self.flux.probleme(self.lecteur.ligne, self._lieu(nom), UNE_MONNAIE, found, remedy)

    # Values

    def _lieu(self, champ: str = "") -> str:
        """Where we are, as a person would look for it: a one-line file has no useful line."""
        parts = [
            f"{word} {value}"
            for key, word in _APPELE.items()
            if _NIVEAU[key] in self.ouverts and (value := self._lu(key)[:20])
        ]
        return " > ".join([*parts, champ] if champ else parts)

    def _faux(self, champ: str, attendu: str, remede: str = _REMEDE) -> None:
        niveau = _NIVEAU[champ]
        value, line = self.valeurs[niveau].get(champ, ("", self.debuts[niveau]))
        found = f"« {value[:40]} »" if value else "une valeur vide"
        if not self._dit(champ):
            found = f"balise {champ} absente"
        self.flux.probleme(line, self._lieu(champ), attendu, found, remede)

    def _dit(self, champ: str) -> bool:
        """Whether the tag is there, be it empty."""
        return champ in self.valeurs[_NIVEAU[champ]]

    def _lu(self, champ: str) -> str:
        return self.valeurs[_NIVEAU[champ]].get(champ, ("", 0))[0]

    def _nombre(self, champ: str, attendu: str) -> str | None:
        """A number without its leading zeros, which mean nothing in PES."""
        value = self._lu(champ)
        if not (value.isascii() and value.isdigit()):
            self._faux(champ, attendu)
            return None
        return str(int(value))

    def _annee(self, champ: str) -> int | None:
        value = self._lu(champ)
        if not re.fullmatch(r"20\d\d", value, re.ASCII):
            self._faux(champ, "un exercice sur quatre chiffres (2024)")
            return None
        return int(value)

    def _jour(self, champ: str, attendu: str = "") -> str | None:
        """An ISO date; a wrong one is told when something is expected."""
        found = re.fullmatch(r"(\d{4}-\d\d-\d\d)(Z|[+-]\d\d:\d\d)?", self._lu(champ), re.ASCII)
        try:
            if found:
                return dt.date.fromisoformat(found.group(1)).isoformat()
        except ValueError:
            pass
        if attendu:
            self._faux(champ, attendu)
        return None

    def _montant(self, champ: str, requis: bool = False, signe: bool = False) -> int | None:
        """Centimes of an amount; None when it is absent or wrong."""
        value = self._lu(champ)
        if not value and not requis:
            return None
        found = _SIGNE.fullmatch(value)
        if not found or len(found.group(3) or "") > 2 or (found.group(1) and not signe):
            expected = "un montant positif en euros, avec un point et deux décimales au plus"
            self._faux(champ, expected)
            return None
        centimes = int(found.group(2)) * 100 + int((found.group(3) or "").ljust(2, "0"))
        return -centimes if found.group(1) else centimes

    def _code(self, champ: str, connus: Collection[str]) -> str | None:
        value = self._lu(champ)
        if value not in connus:
            remedy = "vérifiez la pièce ; un code nouveau s'ajoute à params/pes.yaml"
            self._faux(champ, f"un code parmi {', '.join(connus)}", remedy)
            return None
        return value

    # Levels, as each kind of file reads them

    def tete_bordereau(self) -> Bordereau | None:
        """The head of a bordereau, when its first piece opens; None when it is wrong."""
        raise NotImplementedError

    def tete_piece(self) -> tuple[str, str] | None:
        """The head of a piece, when its first line opens: its number, and its sens or state."""
        raise NotImplementedError

    def ligne(self) -> None:
        """A line that closes."""
        raise NotImplementedError

    def piece_sans_ligne(self) -> None:
        """A piece that closes without a line."""
        raise NotImplementedError

    def fin_bordereau(self) -> None:
        """A bordereau that closes."""

    def _identite(self, kind: str | None, date: str) -> Bordereau | None:
        """The bordereau, with what its head and the file's say of whose it is."""
        year = self._annee("Exer")
        number = self._nombre("IdBord", "un numéro de bordereau")
        if year is None or number is None or not kind:
            return None
        code = self._lu("CodCol") or self._lu("CodColl")
        owner, budget = f"{self._lu('IdColl')}/{code}", self._lu("CodBud")
        bord = Bordereau(owner, budget, year, kind, number, date, self.debuts["Bordereau"])
        self.flux.bordereaux.append(bord)
        return bord

    def terminer(self) -> None:
        """What can only be said at the end of the file."""
        flux, part = self.flux, self.flux.genre.capitalize()
        flux.doutes.entier = self.entier
        if f"PES_Depense{part}" not in self.vus:
            if f"PES_Recette{part}" in self.vus:
                flux.probleme(
                    None,
                    f"PES_Recette{part}",
                    "un fichier PES de dépense",
                    "un fichier PES de recette",
                    "retirez-le du dossier ; les recettes se déposent dans recettes.csv",
                )
            else:
                flux.noter(" : aucun bordereau de dépense, rien à importer")
        elif f"PES_Recette{part}" in self.vus:
            flux.noter(" : la partie recette n'est pas lue")
        if self.hors_budget:
            flux.noter(
                f" : {self.hors_budget} ligne(s) d'ordres de paiement ou de demandes de "
                "régularisation, hors budget, non reprises"
            )
