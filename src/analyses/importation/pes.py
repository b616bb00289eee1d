"""Reading PES v2 files, dépense: mandates (PES Aller), payments and rejections (PES Retour).

A file is a tree Bordereau > Piece > LigneDePiece whose values are attributes `V` of leaves. The
reader keeps the few leaves it knows at each level and forgets the rest as it passes: attachments,
addresses, bank accounts and identifiers of third parties never reach a variable.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from analyses.importation.codes import CodesPes, codes_pes
from analyses.importation.confidentialite import (
    est_personne,
    nom_du_tiers,
    sans_identifiants,
    sans_nir,
    sans_nom,
)
from analyses.importation.xml_durci import Lecteur, Refus
from analyses.problems import Problem
from analyses.rendu.fmt import euros

MAX_PROBLEMES = 200  # per file; the others are counted
_IGNORES = {"PES_PJ", "CpteBancaire", "Adresse", "Signature", "PES_Facture"}
_IGNORES |= {"PES_RecetteAller", "PES_RecetteRetour"}
_TIERS = ("NatIdTiers", "CatTiers", "NatJur", "Civilite", "Nom", "Prenom")
_CHAMPS = {
    "EnTetePES": {"DteStr", "IdColl", "CodCol", "CodColl", "CodBud"},
    "Bordereau": {"Exer", "IdBord", "DteBordEm", "TypBord", "NbrPce", "MtBordHT", "MtBordTVA"},
    "Piece": {"CodServ", "IdPce", "TypPce", "NatPce", "Obj", "EtatPce"},
    "LigneDePiece": {
        *("IdLigne", "Nature", "Fonction", "CptAna", "MtHT", "MtTVA"),
        *("NatPceOrig", "ExerRat", "IdPceOrig", "IdLigneOrig", "IdConv", "IdMarche"),
        *("EtatLigPce", "NbrPay", "MtPayTot", "OrgEma", "DtePay", "MtPay"),
        *_TIERS,
    },
}
_DEPENSES = {"PES_DepenseAller", "PES_DepenseRetour"}
_APPELE = {"Bordereau": "bordereau", "Piece": "mandat", "LigneDePiece": "ligne"}
_REPETES = {"OrgEma", "DtePay", "MtPay"}
_REMEDE = "corrigez la pièce dans le logiciel financier et réexportez le fichier"
_SIGNE = re.compile(r"(-?)(\d{1,15})(?:\.(\d*))?", re.ASCII)
_COMPTE = re.compile(r"\d{1,8}", re.ASCII)
_FONCTION = re.compile(r"\d{1,6}([.-]\d{1,3})?", re.ASCII)
_MONNAIE = re.compile("devise|monnaie|currency", re.I)
_EUROS = {"EUR", "EURO", "EUROS", "€", "978"}

Valeurs = dict[str, tuple[str, int]]  # field -> (value, line in the file)


@dataclass(frozen=True)
class Bordereau:
    """A bordereau and its place; amounts in centimes."""

    collectivite: str
    budget: str
    exercice: int
    type: str
    numero: str
    date: dt.date | None
    ligne: int

    @property
    def nom(self) -> str:
        """How the bordereau is called in messages.

        >>> Bordereau("", "", 2024, "02", "7", None, 1).nom
        'bordereau 7 de 2024 (type 02)'
        """
        kind = "" if self.type == "01" else f" (type {self.type})"
        return f"bordereau {self.numero} de {self.exercice}{kind}"


@dataclass(frozen=True)
class Ligne:
    """A line of a mandate: `sens` as params/pes.yaml says, `montant` in centimes, never negative.

    `origine` is (exercice, mandat, ligne or '') for a line that takes back another.
    """

    bordereau: Bordereau
    mandat: str
    numero: str
    sens: str
    origine: tuple[int, str, str] | None
    nature: str
    fonction: str
    code_analytique: str
    convention: str
    tiers: str
    objet: str
    montant: int
    ligne: int


@dataclass(frozen=True)
class Retour:
    """What the accountant says of a line: its state, what is paid in all (centimes or None).

    `numero` is '' when the whole mandate is meant; `paiements`: (date, centimes, OrgEma).
    """

    bordereau: Bordereau
    mandat: str
    numero: str
    etat: str
    etat_ligne: str
    montant: int | None
    paye: int | None
    paiements: tuple[tuple[dt.date, int, str], ...]


@dataclass
class Flux:
    """A file as read: `genre` aller, retour or autre; problems and notes are in French.

    `douteux`: mandates (exercice, number) of which a line could not be read; `entier`: whether
    there are no others, of which not even that is known.
    """

    fichier: str
    genre: str = "autre"
    date: str = ""
    entier: bool = False
    bordereaux: list[Bordereau] = field(default_factory=list)
    douteux: set[tuple[int, str]] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    total: int = 0

    def probleme(self, ligne: int | None, champ: str, *textes: str) -> None:
        """Collect a problem; beyond MAX_PROBLEMES they are only counted."""
        self.total += 1
        if self.total <= MAX_PROBLEMES:
            self.problems.append(Problem(self.fichier, ligne, champ, *textes))


def lire_pes(path: Path, fichier: str, recevoir: Callable[[Ligne | Retour], None]) -> Flux:
    """Read a PES file as a stream: each line that is right is given to `recevoir`.

    `fichier`: the name of the file in messages. Nothing is raised for what the file holds: it is
    in the problems of the flow.
    """
    lecture = _Lecture(Flux(fichier), recevoir, codes_pes())
    flux = lecture.flux
    try:
        with path.open("rb") as stream:
            lecture.lecteur.lire(stream)
        lecture.terminer()
    except Refus as refus:
        flux.probleme(refus.ligne, "", refus.attendu, refus.trouve, refus.remede)
    except OSError as error:
        found = error.strerror or "lecture impossible"
        flux.probleme(None, "", "un fichier lisible", found, "vérifiez ses droits")
    if flux.total > MAX_PROBLEMES:
        found = f"{flux.total - MAX_PROBLEMES} autres problèmes dans ce fichier"
        flux.problems.append(Problem(fichier, None, "", "un fichier juste", found, "corrigez-le"))
    return flux


class _Lecture:
    """The state of the reading of one file."""

    def __init__(
        self, flux: Flux, recevoir: Callable[[Ligne | Retour], None], codes: CodesPes
    ) -> None:
        self.flux, self.recevoir, self.codes = flux, recevoir, codes
        self.lecteur = Lecteur(self)
        self.racine, self.depense, self.ignore, self.entier = "", False, 0, True
        self.vus: set[str] = set()  # parts of the file met so far
        self.sans_monnaie: set[str] = set()  # tags known not to name a currency
        self.ouverts: list[str] = []
        self.debuts: dict[str, int] = {}
        self.valeurs: dict[str, Valeurs] = {niveau: {} for niveau in _CHAMPS}
        self.paiements: list[Valeurs] = []
        self.bordereau: Bordereau | None = None
        self.piece: tuple[str, str] | None = None  # (mandate, sens or state)
        self.pieces = self.lignes = self.ht = self.tva = self.hors_budget = 0

    # Tags

    def ouvrir(self, nom: str, attributs: dict[str, str]) -> None:
        if self.ignore:
            self.ignore += 1
            return
        if not self.racine:
            self._racine(nom)
        elif nom in _IGNORES:
            self.vus.add(nom)
            self.ignore = 1
            return
        elif nom in _CHAMPS and (self.depense or nom == "EnTetePES"):
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

    def _racine(self, nom: str) -> None:
        self.racine = nom
        self.flux.genre = {"PES_Aller": "aller", "PES_Retour": "retour"}.get(nom, "autre")
        if self.flux.genre == "autre":
            raise Refus(
                self.lecteur.ligne,
                "un fichier PES Aller ou PES Retour (racine PES_Aller ou PES_Retour)",
                f"une racine « {nom[:40]} »",
                "retirez ce fichier du dossier",
            )

    def _niveau(self, nom: str) -> None:
        self.ouverts.append(nom)
        self.valeurs[nom], self.debuts[nom] = {}, self.lecteur.ligne
        if nom == "Bordereau":
            self.bordereau, self.pieces, self.ht, self.tva = None, 0, 0, 0
        elif nom == "Piece":
            self.pieces, self.lignes, self.piece = self.pieces + 1, 0, None
            if self.pieces == 1:
                self._bordereau()
        elif nom == "LigneDePiece":
            self.lignes, self.paiements = self.lignes + 1, []
            if self.lignes == 1:
                self._piece()

    def _fin(self, nom: str) -> None:
        aller = self.flux.genre == "aller"
        if nom == "EnTetePES":
            date = self._date(self._lu(nom, "DteStr"))
            self.flux.date = date.isoformat() if date else ""
        elif nom == "LigneDePiece":
            self._ligne() if aller else self._retour(nom)
        elif nom == "Piece" and not self.lignes:
            self._piece()
            if aller:
                self._faux(nom, "LigneDePiece", "au moins une ligne par mandat")
            else:
                self._retour("")
        elif nom == "Bordereau":
            if not self.pieces:
                self._bordereau()
            if aller:
                self._totaux()

    def _feuille(self, nom: str, texte: str) -> None:
        here = (texte.strip(), self.lecteur.ligne)
        if nom in _REPETES:
            if not self.paiements or nom in self.paiements[-1]:
                self.paiements.append({})
            self.paiements[-1][nom] = here
            return
        niveau = self.valeurs[self.ouverts[-1]]
        if nom in niveau:
            self.flux.probleme(
                here[1],
                self._lieu(nom),
                "une seule valeur",
                f"deux balises {nom}",
                "réexportez le fichier",
            )
        niveau[nom] = here

    def _monnaie(self, nom: str, attributs: dict[str, str]) -> None:
        """A currency other than the euro, in a tag of its own or in an attribute of an amount."""
        said = [value for key, value in attributs.items() if _MONNAIE.search(key)]
        if _MONNAIE.search(nom):
            said.append(attributs.get("V", ""))
        else:
            self.sans_monnaie.add(nom)
        for value in said:
            if value.strip().upper() not in _EUROS:
                self.flux.probleme(
                    self.lecteur.ligne,
                    self._lieu(nom),
                    "une seule monnaie, l'euro (EUR)",
                    f"« {value[:10]} »",
                    "convertissez la pièce en euros avant de l'importer",
                )

    # Values

    def _lieu(self, champ: str = "") -> str:
        """Where we are, as a person would look for it: a one-line file has no useful line."""
        keys = {"Bordereau": "IdBord", "Piece": "IdPce", "LigneDePiece": "IdLigne"}
        parts = []
        for niveau in self.ouverts:
            value = self._lu(niveau, keys.get(niveau, ""))[:20]
            if value:
                parts.append(f"{_APPELE[niveau]} {value}")
        return " > ".join([*parts, champ] if champ else parts)

    def _faux(self, niveau: str, champ: str, attendu: str, remede: str = _REMEDE) -> None:
        value, line = self.valeurs[niveau].get(champ, ("", self.debuts[niveau]))
        found = f"« {value[:40]} »" if value else "une valeur vide"
        if champ not in self.valeurs[niveau]:
            found = f"balise {champ} absente"
        self.flux.probleme(line, self._lieu(champ), attendu, found, remede)

    def _lu(self, niveau: str, champ: str) -> str:
        return self.valeurs[niveau].get(champ, ("", 0))[0]

    def _nombre(self, niveau: str, champ: str, attendu: str) -> str | None:
        """A number without its leading zeros, which mean nothing in PES."""
        value = self._lu(niveau, champ)
        if not (value.isascii() and value.isdigit()):
            self._faux(niveau, champ, attendu)
            return None
        return str(int(value))

    def _annee(self, niveau: str, champ: str) -> int | None:
        value = self._lu(niveau, champ)
        if not re.fullmatch(r"20\d\d", value, re.ASCII):
            self._faux(niveau, champ, "un exercice sur quatre chiffres (2024)")
            return None
        return int(value)

    def _date(self, value: str) -> dt.date | None:
        found = re.fullmatch(r"(\d{4}-\d\d-\d\d)(Z|[+-]\d\d:\d\d)?", value, re.ASCII)
        try:
            return dt.date.fromisoformat(found.group(1)) if found else None
        except ValueError:
            return None

    def _montant(self, niveau: str, champ: str, requis: bool, signe: bool = False) -> int | None:
        """Centimes of an amount; None when it is absent or wrong."""
        value = self._lu(niveau, champ)
        if not value and not requis:
            return None
        found = _SIGNE.fullmatch(value)
        if not found or len(found.group(3) or "") > 2 or (found.group(1) and not signe):
            expected = "un montant positif en euros, avec un point et deux décimales au plus"
            self._faux(niveau, champ, expected)
            return None
        centimes = int(found.group(2)) * 100 + int((found.group(3) or "").ljust(2, "0"))
        return -centimes if found.group(1) else centimes

    def _code(self, niveau: str, champ: str, connus: Mapping[str, Any]) -> str | None:
        value = self._lu(niveau, champ)
        if value not in connus:
            remedy = "vérifiez la pièce ; un code nouveau s'ajoute à params/pes.yaml"
            self._faux(niveau, champ, f"un code parmi {', '.join(connus)}", remedy)
            return None
        return value

    # Levels

    def _bordereau(self) -> None:
        """The head of a bordereau, read when its first piece opens."""
        year = self._annee("Bordereau", "Exer")
        number = self._nombre("Bordereau", "IdBord", "un numéro de bordereau")
        kind: str | None = self._lu("Bordereau", "TypBord")
        date = None
        if self.flux.genre == "aller":
            kind = self._code("Bordereau", "TypBord", self.codes.bordereaux)
            date = self._emission(year)
            if date is None:
                return
        if year is None or number is None or not kind:
            return
        code = self._lu("EnTetePES", "CodCol") or self._lu("EnTetePES", "CodColl")
        owner = f"{self._lu('EnTetePES', 'IdColl')}/{code}"
        budget, line = self._lu("EnTetePES", "CodBud"), self.debuts["Bordereau"]
        self.bordereau = Bordereau(owner, budget, year, kind, number, date, line)
        self.flux.bordereaux.append(self.bordereau)

    def _emission(self, year: int | None) -> dt.date | None:
        date = self._date(self._lu("Bordereau", "DteBordEm"))
        if date is None:
            self._faux("Bordereau", "DteBordEm", "une date d'émission AAAA-MM-JJ")
        elif year and not dt.date(year, 1, 1) <= date <= dt.date(year + 1, 1, 31):
            period = f"du 01/01/{year} au 31/01/{year + 1} (journée complémentaire)"
            self._faux("Bordereau", "DteBordEm", f"une date {period}")
            return None
        return date

    def _piece(self) -> None:
        """The head of a piece, read when its first line opens."""
        mandate = self._nombre("Piece", "IdPce", "un numéro de mandat")
        if self.flux.genre == "retour":
            said = self._code("Piece", "EtatPce", self.codes.etats)
        else:
            kind = self._code("Piece", "TypPce", self.codes.types)
            nature = self._code("Piece", "NatPce", self.codes.natures)
            bord = self.bordereau.type if self.bordereau else None
            said = self.codes.sens(bord, kind, nature) if bord and kind and nature else None
        if mandate and said:
            self.piece = (mandate, said)

    def _ligne(self) -> None:
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
        tiers = {name: self._lu("LigneDePiece", name) for name in _TIERS}
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

    def _totaux(self) -> None:
        """The head's totals against the lines: a disagreement is told, the lines are believed."""
        if self.bordereau is None:
            return
        place = f"{self.flux.fichier}, {self.bordereau.nom}"
        told = self._lu("Bordereau", "NbrPce").lstrip("0")
        if told and told != str(self.pieces):
            self.flux.notes.append(
                f"{place} : NbrPce annonce {told[:10]} mandat(s), le fichier en a {self.pieces} ; "
                "les lignes font foi"
            )
        for champ, total in (("MtBordHT", self.ht), ("MtBordTVA", self.tva)):
            said = self._montant("Bordereau", champ, False)
            if said is not None and said != total:
                self.flux.notes.append(
                    f"{place} : {champ} annonce {euros(said)}, les lignes font {euros(total)} ; "
                    "les lignes font foi"
                )

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
                self.flux.notes.append(
                    f"{self.flux.fichier}, {self._lieu()} : NbrPay annonce {told or 0} "
                    f"paiement(s), le fichier en donne {len(paid)}"
                )
        if self.bordereau is None or self.piece is None or self.flux.total > before:
            return
        if self.bordereau.type == "04":
            self.hors_budget += 1
            return
        mandate, state = self.piece
        self.recevoir(
            Retour(self.bordereau, mandate, number, state, state_line, amount, total, tuple(paid))
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

    def terminer(self) -> None:
        """What can only be said at the end of the file."""
        flux, part = self.flux, self.flux.genre.capitalize()
        flux.entier = self.entier
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
                flux.notes.append(f"{flux.fichier} : aucun bordereau de dépense, rien à importer")
        elif f"PES_Recette{part}" in self.vus:
            flux.notes.append(f"{flux.fichier} : la partie recette n'est pas lue")
        if self.hors_budget:
            flux.notes.append(
                f"{flux.fichier} : {self.hors_budget} ligne(s) d'ordres de paiement ou de demandes "
                "de régularisation, hors budget, non reprises"
            )
