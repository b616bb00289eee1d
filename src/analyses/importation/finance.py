"""`bilan importer finance`: exports of a finance software become the ledgers of their exercises."""

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
from analyses.importation import mandats
from analyses.importation.classeur import Feuille, cellules_perdues, lire_feuille
from analyses.importation.confidentialite import PERSONNE, sans_identifiants, sans_nir, sans_nom
from analyses.importation.correspondance import Correspondance
from analyses.importation.journal import Journal, Provenance, ouvrir_journal
from analyses.importation.publication import CompteRendu, anciens, empreinte, publier, refus
from analyses.importation.xml_durci import Refus
from analyses.socle.problems import BilanError, Problem

SOURCE = "finance"
POSITIFS = ("ordinaire", "rattachement")
_EUROS = {"", "EUR", "EURO", "EUROS", "€"}
_AUTRE_MONNAIE = re.compile(r"[$£¥]|\b(?!EUR\b)[A-Z]{3}\b")
_LECTEURS: dict[str, Callable[[str], Any]] = {
    "exercice": read_integer,
    "exercice_origine": read_integer,
    "date_emission": read_date,
    "date_paiement": read_date,
    "debit": read_montant,
    "credit": read_montant,
    "montant": read_montant,
    "numero_mandat": read_identifiant,
    "numero_ligne": read_identifiant,
    "mandat_origine": read_identifiant,
    "nature": read_identifiant,
    "fonction": read_identifiant,
    "id_engagement": read_identifiant,
}
_FORMES = {
    "nature": (re.compile(r"\d{1,8}", re.ASCII), "un compte par nature en chiffres"),
    "fonction": (re.compile(r"\d{1,6}([.-]\d{1,3})?", re.ASCII), "une fonction en chiffres"),
}
_IDENTIFIANTS = ("numero_mandat", "mandat_origine", "id_engagement")
_CACHES = {"tiers", "objet", "categorie_tiers"}
_REMEDE = "corrigez la cellule dans l'export"


def importer_finance(
    fichiers: Sequence[Path],
    modele: Correspondance,
    racine: Path,
    departement: str,
    source: Provenance,
    exercice: int | None = None,
    remplacer: bool = False,
) -> CompteRendu:
    """Import exports read through a mapping into `racine/<departement>/<exercice>/mandats.csv`.

    `exercice`: that of lines whose export has no such column. A line imported before changes
    nothing, or gives the payment and commitment it did not have. Every problem of every file is
    raised at once as a `BilanError`, and then nothing is written.
    """
    compte = CompteRendu()
    with ouvrir_journal(racine / departement, SOURCE) as journal:
        if remplacer:
            journal.oublier()
        problems: list[Problem] = []
        seen: set[str] = set()
        for path in fichiers:
            sha256 = empreinte(path) if path.is_file() else ""
            if sha256 and journal.connait(sha256):
                compte.connus.append(path.name)
                if sha256 in seen:
                    compte.notes.append(f"{path.name} : donné deux fois, lu une fois")
                continue
            seen.add(sha256)
            compte.lus.append(path.name)
            lecture = Export(path, modele, exercice)
            if not lecture.problems:
                number = journal.fichier(path.name, sha256, source)
                lecture.problems += _enregistrer(journal, number, lecture)
                journal.decrire(number, modele.description, "", lecture.notes)
            compte.notes += lecture.notes
            problems += lecture.problems
        mandats.preparer(journal.db)
        before = anciens(journal, racine, departement)
        examen = mandats.examiner(journal.db, before, set(), not problems)
        problems += examen.problems + refus(journal, racine, departement)
        if problems:
            raise BilanError(sorted(problems, key=lambda p: (p.fichier, p.ligne or 0)))
        compte.constats = examen.notes
        publier(journal, racine, departement, compte, bool(compte.lus) or remplacer)
    return compte


class Export:
    """An export read through a mapping: `lignes` as the journal takes them, problems and notes.

    `positions`: field -> position of its column.
    """

    def __init__(self, path: Path, modele: Correspondance, exercice: int | None) -> None:
        self.fichier, self.modele, self.exercice = path.name, modele, exercice
        self.problems: list[Problem] = []
        self.notes: list[str] = []
        self.lignes: list[dict[str, Any]] = []
        self.positions: dict[str, int] = {}
        self._arrondis: dict[str, list[int]] = defaultdict(list)
        self._numeros: Counter[tuple[int, str]] = Counter()
        self._titres: dict[str, str] = {}
        self._lu: dict[tuple[str, str], Any] = {}
        try:
            feuille = lire_feuille(path, modele.entetes(), modele.feuille)
        except Refus as error:
            self._probleme(error.ligne, "", error.attendu, error.trouve, error.remede)
            return
        self.positions = positions = self._colonnes(feuille)
        if self.problems:
            return
        lost = cellules_perdues(feuille, list(positions.values()))
        skipped: Counter[str] = Counter()
        for number, cells in feuille.lignes:
            why = self._ecartee(cells, positions)
            if why:
                skipped[why] += 1
                continue
            for name, position in positions.items():
                if (number, position) in lost:
                    self._probleme(
                        number,
                        self._titres[name],
                        "une valeur",
                        lost[number, position],
                        "enregistrez le classeur dans le tableur, ou collez les valeurs",
                    )
            self._ligne(number, cells, positions, lost)
        self.notes += [f"{self.fichier} : {n} ligne(s) {why}" for why, n in skipped.items()]
        for name, lines in self._arrondis.items():
            self.notes.append(
                f"{self.fichier}, « {self._titres[name]} » : identifiant écrit en nombre arrondi "
                f"par un tableur, ligne(s) {', '.join(map(str, lines[:12]))}"
                f"{f' et {len(lines) - 12} autres' if len(lines) > 12 else ''} ; "
                "vérifiez ses derniers chiffres"
            )
        if not self.lignes and not self.problems:
            self.notes.append(f"{self.fichier} : aucune ligne de mandat")

    def _probleme(self, ligne: int | None, champ: str, *textes: str) -> None:
        self.problems.append(Problem(self.fichier, ligne, champ, *textes))

    def _colonnes(self, feuille: Feuille) -> dict[str, int]:
        """Field -> position of its column."""
        line, header = feuille.entete
        known, positions = self.modele.entetes(), dict[str, int]()
        for position, title in enumerate(header):
            name = known.get(normal_header(title))
            if name is None:
                continue
            shown = " ".join(clean(title).split())[:40]
            if name in positions:
                self._probleme(
                    line,
                    shown,
                    "une seule colonne par champ",
                    f"deux colonnes pour « {name} »",
                    "supprimez l'une des deux, ou précisez la correspondance",
                )
            positions[name], self._titres[name] = position, shown
        required = self.modele.requis | (set() if self.exercice else {"exercice"})
        for name in sorted(required - set(positions)):
            known_as = next((t for n, t in self.modele.colonnes.items() if n == name), [])
            titles = ", ".join(f"« {title} »" for title in known_as) or "aucun"
            remedy = "ajoutez son titre à la correspondance"
            if name == "exercice":
                remedy += ", ou donnez --exercice"
            self._probleme(
                line, name, f"une colonne {name} (titres connus : {titles})", "aucune", remedy
            )
        return positions

    def _ecartee(self, cells: Sequence[str], positions: dict[str, int]) -> str:
        """Why a record is no mandate's line ('' when it is one)."""
        first = next((read_code(cell) for cell in cells if clean(cell)), "")
        if first.startswith(tuple(read_code(word) for word in self.modele.totaux)):
            return "de total, non reprise(s)"
        state = self._texte(cells, positions, "etat")
        if state and read_code(state) in {read_code(word) for word in self.modele.etats_ecartes}:
            return f"à l'état « {state} », non reprise(s)"
        return ""

    def _texte(self, cells: Sequence[str], positions: dict[str, int], name: str) -> str:
        position = positions.get(name, len(cells))
        return clean(cells[position]) if position < len(cells) else ""

    def _ligne(
        self,
        number: int,
        cells: Sequence[str],
        positions: dict[str, int],
        lost: dict[tuple[int, int], str],
    ) -> None:
        before, row = len(self.problems), dict[str, Any]()
        required = self.modele.requis - {"debit", "credit"}
        for name in self.modele.colonnes:
            text = self._texte(cells, positions, name)
            row[name] = self._valeur(number, name, text) if text else None
            if not text and name in required and (number, positions[name]) not in lost:
                self._faux(number, name, "une valeur", "", "remplissez la cellule")
        row["exercice"] = row.get("exercice") or self.exercice
        if row["exercice"] is None and len(self.problems) == before:
            self._faux(number, "exercice", "un exercice", "", "remplissez la cellule")
        self._controle(number, row)
        if len(self.problems) > before or any(place[0] == number for place in lost):
            return
        key = (row["exercice"], row["numero_mandat"])
        self._numeros[key] += 1
        for kind, amount in self._montants(number, row):
            self.lignes.append(self._pivot(number, row, kind, amount, str(self._numeros[key])))

    def _valeur(self, number: int, name: str, text: str) -> Any:
        """Value of a cell, read once per distinct text; None when it is wrong."""
        key = (name, text)
        if key not in self._lu:
            try:
                value = _LECTEURS.get(name, str)(text)
                form = _FORMES.get(name)
                if form and not form[0].fullmatch(value):
                    raise Unreadable(form[1])
                self._lu[key] = value
            except Unreadable as error:
                self._lu[key] = error
        value = self._lu[key]
        if isinstance(value, Unreadable):
            expected, shown = str(value), text
            if name in ("debit", "credit", "montant") and _AUTRE_MONNAIE.search(text.upper()):
                expected = "une seule monnaie, l'euro (EUR)"
            self._faux(number, name, expected, shown)
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
        year, day = row["exercice"], row.get("date_emission")
        if year is None:
            return
        if not 2000 <= year <= 2100:
            self._faux(number, "exercice", "un exercice de 2000 à 2100", str(year))
        elif day and not dt.date(year, 1, 1) <= day <= dt.date(year + 1, 1, 31):
            period = f"du 01/01/{year} au 31/01/{year + 1} (journée complémentaire)"
            self._faux(number, "date_emission", f"une date {period}", f"{day:%d/%m/%Y}")
        currency = str(row.get("devise") or "").upper()
        if currency not in _EUROS:
            self._faux(number, "devise", "une seule monnaie, l'euro (EUR)", currency)
        code = row.get("type")
        if code and code not in self.modele.types:
            self._faux(
                number,
                "type",
                f"un code parmi {', '.join(self.modele.types) or 'aucun'}",
                code,
                "ajoutez ce code à « types » dans la correspondance",
            )

    def _montants(self, number: int, row: dict[str, Any]) -> list[tuple[str, int]]:
        """(type, centimes) of what a row adds and of what it takes back."""
        kind = self.modele.types.get(row.get("type") or "", "")
        if self.modele.forme == "debit_credit":
            debit, credit = row.get("debit"), row.get("credit")
            if debit is None and credit is None:
                self._faux(number, "debit", "un montant au débit ou au crédit", "")
                return []
            credit = -(credit or 0) if self.modele.credit_negatif else credit or 0
            if credit < 0:
                found = "un montant négatif"
                remedy = "le crédit dit déjà le sens ; sinon, « credit_negatif » le précise"
                expected = "un montant du signe que dit la correspondance"
                self._probleme(number, self._titres["credit"], expected, found, remedy)
                return []
            added, taken = max(debit or 0, 0), credit + max(-(debit or 0), 0)
        else:
            amount = row["montant"]
            added, taken = max(amount, 0), max(-amount, 0)
            if kind and kind not in POSITIFS:
                added, taken = 0, abs(amount)
            elif kind and taken:
                self._faux(
                    number,
                    "montant",
                    f"un montant positif pour le type {kind}",
                    f"{amount / 100:.2f}",
                    "laissez ce code sans type dans la correspondance : le signe décidera",
                )
                return []
        positive = kind if kind in POSITIFS else "ordinaire"
        negative = kind if kind and kind not in POSITIFS else "retrait"
        parts = [(positive, added)] if added or not taken else []
        return parts + ([(negative, taken)] if taken else [])

    def _pivot(
        self, number: int, row: dict[str, Any], kind: str, amount: int, rank: str
    ) -> dict[str, Any]:
        """A line as the journal takes it: names and identifiers of persons left out."""
        texts = {name: row.get(name) or "" for name in _TEXTES}
        people = {read_code(word) for word in self.modele.personnes_physiques}
        wording, third = texts["objet"], sans_identifiants(texts["tiers"])
        if row.get("categorie_tiers") and read_code(row["categorie_tiers"]) in people:
            wording, third = sans_nom(wording, texts["tiers"]), PERSONNE
        reversal = kind not in POSITIFS
        paid = row.get("date_paiement")
        return {
            "lieu": f"mandat {row['numero_mandat']}",
            "ligne": number,
            "exercice": row["exercice"],
            "numero_mandat": row["numero_mandat"],
            "numero_ligne": row.get("numero_ligne") or rank,
            "date_emission": row["date_emission"].isoformat(),
            "type": kind,
            "exercice_origine": row.get("exercice_origine") if reversal else None,
            # A row that takes back without saying what takes back its own mandate.
            "mandat_origine": (texts["mandat_origine"] or row["numero_mandat"]) if reversal else "",
            "nature": row["nature"],
            "fonction": texts["fonction"],
            "code_analytique": sans_nir(texts["code_analytique"]),
            "convention": sans_nir(texts["convention"]),
            "tiers": third,
            "objet": sans_identifiants(wording),
            "montant": amount,
            "date_paiement": paid.isoformat() if paid else "",
            "id_engagement": texts["id_engagement"],
        }


_TEXTES = (
    *("mandat_origine", "fonction", "code_analytique", "convention", "tiers", "objet"),
    "id_engagement",
)


def _enregistrer(journal: Journal, number: int, export: Export) -> list[Problem]:
    """Enter the lines that are new; complete those known; refuse those that changed."""
    problems, known = [], 0
    for line in export.lignes:
        held = journal.ligne_connue(number, line)
        if held is None:
            journal.inserer(number, line)
            continue
        known += 1
        late = ("date_paiement", "id_engagement")
        changed = [
            name
            for name, value in line.items()
            if name not in ("lieu", "ligne")
            and held[name] != value
            and not (name in late and not held[name])
        ]
        if changed:
            problems.append(
                Problem(
                    export.fichier,
                    line["ligne"],
                    line["lieu"],
                    "la ligne déjà importée, sans changement",
                    f"une valeur différente ({', '.join(changed)})",
                    "pour repartir de ces seuls fichiers, ajoutez --remplacer",
                )
            )
        else:
            journal.completer(held["id"], line["date_paiement"], line["id_engagement"])
    if known:
        export.notes.append(f"{export.fichier} : {known} ligne(s) déjà importée(s)")
    return problems
