"""An export of a finance software read through a mapping: each row becomes lines of mandates."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from analyses.depot.cellules import (
    Unreadable,
    clean,
    read_code,
    read_date,
    read_identifiant,
    read_integer,
    read_montant,
    rounded,
)
from analyses.depot.schemas import normal_header
from analyses.importation.classeur import Feuille, cellules_perdues, lire_feuille
from analyses.importation.confidentialite import PERSONNE, code_garde, sans_nom
from analyses.importation.correspondance import Champ, Correspondance
from analyses.importation.formes import COMPTE, EUROS, FONCTION, UNE_MONNAIE, hors_periode, premiers
from analyses.importation.journal import Ligne
from analyses.importation.rattachement import POSITIFS
from analyses.importation.xml_durci import Refus
from analyses.socle.privacy import masquer
from analyses.socle.problems import Problem

Valeur = int | str | dt.date
_AUTRE_MONNAIE = re.compile(r"[$£¥]|\b(?!EUR\b)[A-Z]{3}\b")
_MONTANTS = ("debit", "credit", "montant")
_IDENTIFIANTS = ("numero_mandat", "mandat_origine", "id_engagement")
_CACHES = {"tiers", "objet", "categorie_tiers"}
_REMEDE = "corrigez la cellule dans l'export"


def _forme(forme: tuple[re.Pattern[str], str]) -> Callable[[str], str]:
    pattern, expected = forme

    def lire(text: str) -> str:
        value = read_identifiant(text)
        if not pattern.fullmatch(value):
            raise Unreadable(expected)
        return value

    return lire


_LECTEURS: dict[str, Callable[[str], Valeur]] = {
    **dict.fromkeys(("exercice", "exercice_origine"), read_integer),
    **dict.fromkeys(("date_emission", "date_paiement", "date_service"), read_date),
    **dict.fromkeys(_MONTANTS, read_montant),
    **dict.fromkeys(("numero_ligne", *_IDENTIFIANTS), read_identifiant),
    "nature": _forme(COMPTE),
    "fonction": _forme(FONCTION),
}


class Export:
    """An export as read: `lignes` as the journal takes them, problems and notes.

    `positions`: field -> position of its column.
    """

    def __init__(self, path: Path, modele: Correspondance, exercice: int | None) -> None:
        self.fichier, self.modele, self.exercice = path.name, modele, exercice
        self.problems: list[Problem] = []
        self.notes: list[str] = []
        self.lignes: list[Ligne] = []
        self.positions: dict[str, int] = {}
        self._titres: dict[str, str] = {}
        self._perdues: dict[tuple[int, int], str] = {}
        self._arrondis: dict[str, list[int]] = defaultdict(list)
        self._numeros: Counter[tuple[int, str]] = Counter()
        self._lues: dict[tuple[str, str], Valeur | Unreadable] = {}
        self._totaux = tuple(read_code(word) for word in modele.totaux)
        self._ecartes = {read_code(word) for word in modele.etats_ecartes}
        self._personnes = {read_code(word) for word in modele.personnes_physiques}
        try:
            feuille = lire_feuille(path, modele.entetes(), modele.feuille)
        except Refus as error:
            self._probleme(error.ligne, "", error.attendu, error.trouve, error.remede)
            return
        self._colonnes(feuille)
        if self.problems:
            return
        self._perdues = cellules_perdues(feuille, list(self.positions.values()))
        self._lignes(feuille)
        if not self.lignes and not self.problems:
            self.notes.append(f"{self.fichier} : aucune ligne de mandat")

    def _probleme(self, ligne: int | None, champ: str, *textes: str) -> None:
        self.problems.append(Problem(self.fichier, ligne, champ, *textes))

    def _colonnes(self, feuille: Feuille) -> None:
        """Find the column of each field."""
        line, header = feuille.entete
        known = self.modele.entetes()
        for position, title in enumerate(header):
            name = known.get(normal_header(title))
            if name is None:
                continue
            shown = " ".join(clean(title).split())[:40]
            if name in self.positions:
                self._probleme(
                    line,
                    shown,
                    "une seule colonne par champ",
                    f"deux colonnes pour « {name} »",
                    "supprimez l'une des deux, ou précisez la correspondance",
                )
            self.positions[name], self._titres[name] = position, shown
        required: set[Champ] = set() if self.exercice else {"exercice"}
        for missing in sorted((self.modele.requis | required) - set(self.positions)):
            known_as = self.modele.colonnes.get(missing, [])
            titles = ", ".join(f"« {title} »" for title in known_as) or "aucun"
            expected = f"une colonne {missing} (titres connus : {titles})"
            remedy = "ajoutez son titre à la correspondance"
            if missing == "exercice":
                remedy += ", ou donnez --exercice"
            self._probleme(line, missing, expected, "aucune", remedy)

    def _lignes(self, feuille: Feuille) -> None:
        """Read the records, those that are no mandate's line aside, and say what was aside."""
        skipped: Counter[str] = Counter()
        for number, cells in feuille.lignes:
            why = self._ecartee(cells)
            if why:
                skipped[why] += 1
            else:
                self._ligne(number, cells)
        self.notes += [f"{self.fichier} : {n} ligne(s) {why}" for why, n in skipped.items()]
        for name, lines in self._arrondis.items():
            self.notes.append(
                f"{self.fichier}, « {self._titres[name]} » : identifiant écrit en nombre arrondi "
                f"par un tableur, ligne(s) {premiers(lines)} ; "
                "vérifiez ses derniers chiffres"
            )

    def _ecartee(self, cells: Sequence[str]) -> str:
        """Why a record is no mandate's line ('' when it is one)."""
        first = next((read_code(cell) for cell in cells if clean(cell)), "")
        if first.startswith(self._totaux):
            return "de total, non reprise(s)"
        state = self._texte(cells, "etat")
        if state and read_code(state) in self._ecartes:
            return f"à l'état « {state} », non reprise(s)"
        return ""

    def _texte(self, cells: Sequence[str], name: str) -> str:
        position = self.positions.get(name, len(cells))
        return clean(cells[position]) if position < len(cells) else ""

    def _ligne(self, number: int, cells: Sequence[str]) -> None:
        before, required = len(self.problems), self.modele.requis - {"debit", "credit"}
        # Values by field, each of the type that its reader gives; None for an empty cell.
        row: dict[str, Any] = dict.fromkeys(self.modele.colonnes)
        for name, position in self.positions.items():
            if (number, position) in self._perdues:
                self._probleme(
                    number,
                    self._titres[name],
                    "une valeur",
                    self._perdues[number, position],
                    "enregistrez le classeur dans le tableur, ou collez les valeurs",
                )
        for name in self.modele.colonnes:
            text = self._texte(cells, name)
            if text:
                row[name] = self._valeur(number, name, text)
            elif name in required and (number, self.positions[name]) not in self._perdues:
                self._faux(number, name, "une valeur", "", "remplissez la cellule")
        row["exercice"] = row.get("exercice") or self.exercice
        if row["exercice"] is None and len(self.problems) == before:
            self._faux(number, "exercice", "un exercice", "", "remplissez la cellule")
        self._controle(number, row)
        if len(self.problems) > before:
            return
        key = (row["exercice"], row["numero_mandat"])
        self._numeros[key] += 1
        for kind, amount in self._montants(number, row):
            self.lignes.append(self._pivot(number, row, kind, amount, str(self._numeros[key])))

    def _valeur(self, number: int, name: str, text: str) -> Valeur | None:
        """Value of a cell, read once per distinct text; None when it is wrong."""
        if (name, text) not in self._lues:
            try:
                self._lues[name, text] = _LECTEURS.get(name, str)(text)
            except Unreadable as error:
                self._lues[name, text] = error
        value = self._lues[name, text]
        if isinstance(value, Unreadable):
            other = name in _MONTANTS and _AUTRE_MONNAIE.search(text.upper())
            self._faux(number, name, UNE_MONNAIE if other else str(value), text)
            return None
        if name in _IDENTIFIANTS and rounded(text):
            self._arrondis[name].append(number)
        return value

    def _faux(
        self, number: int, name: str, expected: str, text: str, remedy: str = _REMEDE
    ) -> None:
        found = f"« {text[:40]} »" if text else "cellule vide"
        if text and name in _CACHES:
            found = "une valeur non affichée (donnée confidentielle)"
        self._probleme(number, self._titres.get(name, name), expected, found, remedy)

    def _controle(self, number: int, row: dict[str, Any]) -> None:
        """What several cells of a row say together."""
        year, day = row["exercice"], row["date_emission"]
        if year is None:
            return
        if not 2000 <= year <= 2100:
            self._faux(number, "exercice", "un exercice de 2000 à 2100", str(year))
        elif day and (period := hors_periode(day, year)):
            self._faux(number, "date_emission", period, f"{day:%d/%m/%Y}")
        currency = (row.get("devise") or "").upper()
        if currency and currency not in EUROS:
            self._faux(number, "devise", UNE_MONNAIE, currency)
        code = row.get("type")
        if code and code not in self.modele.types:
            known = ", ".join(self.modele.types) or "aucun"
            remedy = "ajoutez ce code à « types » dans la correspondance"
            self._faux(number, "type", f"un code parmi {known}", code, remedy)

    def _montants(self, number: int, row: dict[str, Any]) -> list[tuple[str, int]]:
        """(type, centimes) of what a row adds and of what it takes back."""
        kind: str = self.modele.types.get(row.get("type") or "", "")
        if self.modele.forme == "debit_credit":
            both = self._debit_credit(number, row)
        else:
            both = self._montant_signe(number, row["montant"], kind)
        if both is None:
            return []
        added, taken = both
        parts = [(kind if kind in POSITIFS else "ordinaire", added)] if added or not taken else []
        if taken:
            parts.append((kind if kind and kind not in POSITIFS else "retrait", taken))
        return parts

    def _debit_credit(self, number: int, row: dict[str, Any]) -> tuple[int, int] | None:
        debit, credit = row["debit"], row["credit"]
        if debit is None and credit is None:
            self._faux(number, "debit", "un montant au débit ou au crédit", "")
            return None
        debit, credit = debit or 0, credit or 0
        if self.modele.credit_negatif:
            credit = -credit
        if credit < 0:
            self._probleme(
                number,
                self._titres["credit"],
                "un montant du signe que dit la correspondance",
                "un montant négatif",
                "le crédit dit déjà le sens ; sinon, « credit_negatif » le précise",
            )
            return None
        return max(debit, 0), credit + max(-debit, 0)

    def _montant_signe(self, number: int, amount: int, kind: str) -> tuple[int, int] | None:
        if kind and kind not in POSITIFS:
            return 0, abs(amount)
        if kind and amount < 0:
            expected = f"un montant positif pour le type {kind}"
            remedy = "laissez ce code sans type dans la correspondance : le signe décidera"
            self._faux(number, "montant", expected, f"{amount / 100:.2f}", remedy)
            return None
        return max(amount, 0), max(-amount, 0)

    def _pivot(self, number: int, row: dict[str, Any], kind: str, amount: int, rank: str) -> Ligne:
        """A line as the journal takes it: names and identifiers of persons left out."""

        def texte(name: str) -> str:
            return row.get(name) or ""

        wording, third = texte("objet"), masquer(texte("tiers"))
        if read_code(texte("categorie_tiers")) in self._personnes:
            wording, third = sans_nom(wording, texte("tiers")), PERSONNE
        reversal = kind not in POSITIFS

        def jour(name: str) -> str:
            day = row.get(name)
            return day.isoformat() if day else ""

        return Ligne(
            lieu=f"mandat {row['numero_mandat']}",
            ligne=number,
            budget="",
            type_bordereau="",
            bordereau="",
            exercice=row["exercice"],
            numero_mandat=row["numero_mandat"],
            numero_ligne=row.get("numero_ligne") or rank,
            date_emission=row["date_emission"].isoformat(),
            type=kind,
            exercice_origine=row.get("exercice_origine") if reversal else None,
            # A row that takes back without saying what takes back its own mandate.
            mandat_origine=(texte("mandat_origine") or row["numero_mandat"]) if reversal else "",
            ligne_origine="",
            nature=row["nature"],
            fonction=texte("fonction"),
            code_analytique=code_garde(texte("code_analytique")),
            convention=code_garde(texte("convention")),
            tiers=third,
            objet=masquer(wording),
            montant=amount,
            date_paiement=jour("date_paiement"),
            id_engagement=texte("id_engagement"),
            date_service=jour("date_service"),
            poste=code_garde(texte("poste")),
        )
