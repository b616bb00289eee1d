"""The origin of each reversal of a journal: which mandate it takes back, and what is left of it."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from analyses.depot.table import Table
from analyses.importation.journal import Journal
from analyses.socle.fmt import euros
from analyses.socle.problems import Problem

Origine = tuple[int, str, str]  # exercice, mandat, ligne or ''
POSITIFS = ("ordinaire", "rattachement")
_IMPUTATION = ("fonction", "code_analytique", "convention", "tiers", "objet")


@dataclass
class Doutes:
    """What could not be read: `mandats` (exercice, number), and whether these are all."""

    mandats: set[tuple[int, str]] = field(default_factory=set)
    entier: bool = True


class Rattachement:
    """Links the reversals of a journal; `problems` and `notes` say what is wrong on the way.

    `anciens`: ledgers of exercises that the journal does not hold, in which an origin may be.
    """

    def __init__(self, journal: Journal, anciens: Mapping[int, Table], doutes: Doutes) -> None:
        self.db, self.doutes = journal.db, doutes
        self.problems: list[Problem] = []
        self.notes: list[str] = []
        self._connus = {*journal.exercices(), *anciens}
        self._retires: Counter[Origine] = Counter()
        names = ("numero_mandat", "numero_ligne", "montant", *_IMPUTATION)
        for year, table in anciens.items():
            rows = table.rows if len(table) else []
            self.db.executemany(
                "insert into anciennes values(null, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [(year, *(row[n] for n in names)) for row in rows if row["type"] in POSITIFS],
            )
        reversals = self.db.execute(
            "select l.*, f.nom from retenues l join fichiers f on f.id = l.fichier "
            "where l.type not in ('ordinaire', 'rattachement') order by l.date_emission, "
            "cast(l.numero_mandat as int), cast(l.numero_ligne as int), l.id"
        )
        for row in reversals.fetchall():
            self._rattacher(row)

    def _rattacher(self, row: sqlite3.Row) -> None:
        years = [row["exercice_origine"]]
        if not row["exercice_origine"]:  # its own exercise, or the one before
            years = [row["exercice"], row["exercice"] - 1]
            if row["type"] == "contrepassation":
                years.reverse()
        mandate, number = row["mandat_origine"], row["ligne_origine"]
        year, found = next(
            ((year, rows) for year in years if (rows := self._reprenables(year, mandate))),
            (years[0], []),
        )
        lines = [line for line in found if number in ("", line["numero_ligne"])]
        where = f"mandat {mandate} de {year}" + (f", ligne {number}" if number else "")
        if not lines:
            self._sans_origine(row, where, year, years)
            return
        self._depassement(row, where, {(year, mandate, ""): found, (year, mandate, number): lines})
        kind = row["type"]
        if kind == "retrait":
            whole = sum(line["montant"] for line in lines)
            kind = "annulation" if row["montant"] == whole else "reduction"
        self.db.execute(
            "insert into origines values(?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (row["id"], kind, year, mandate, *(lines[0][name] for name in _IMPUTATION)),
        )
        if len(lines) == 1 and lines[0]["id"] is not None:
            self.db.execute(
                "insert into retires values(?, ?) "
                "on conflict(ligne) do update set montant = montant + excluded.montant",
                (lines[0]["id"], row["montant"]),
            )

    def _reprenables(self, exercice: int, mandat: str) -> list[sqlite3.Row]:
        """Lines of a mandate that a reversal may take back."""
        return self.db.execute(
            "select * from reprenables where exercice = ? and numero_mandat = ? order by rang, id",
            (exercice, mandat),
        ).fetchall()

    def _depassement(
        self, row: sqlite3.Row, where: str, origines: Mapping[Origine, Sequence[sqlite3.Row]]
    ) -> None:
        """Refuse what takes back, with the reversals before it, more than the mandate or the line
        has."""
        for key, lines in origines.items():
            self._retires[key] += row["montant"]
            taken, most = self._retires[key], sum(line["montant"] for line in lines)
            if taken > most:
                self._probleme(
                    row,
                    f"au plus le montant du {where}, {euros(most)}",
                    f"{euros(taken)} annulés en tout",
                    "vérifiez le montant et le mandat d'origine",
                )
                return

    def _sans_origine(self, row: sqlite3.Row, where: str, year: int, years: Sequence[int]) -> None:
        """Say that an origin is not there, or is there but rejected; not when it is in doubt."""
        mandate = row["mandat_origine"]
        if row["type"] == "contrepassation" and year not in self._connus:
            self.notes.append(
                f"{row['nom']}, {row['lieu']} : contrepassation du {where}, exercice non importé ; "
                "non vérifiée"
            )
            return
        if {(year, mandate) for year in years} & self.doutes.mandats:
            return
        found = f"{where}, inconnu" if mandate else "aucun mandat d'origine"
        remedy = "ajoutez le fichier qui contient ce mandat, ou le mandats.csv de son exercice"
        rejected = self.db.execute(
            "select 1 from lignes where exercice in (?, ?) and numero_mandat = ? "
            "and id in (select ligne from rejets)",
            (years[0], years[-1], mandate),
        )
        if mandate and rejected.fetchone():
            found = f"{where}, rejeté par le comptable"
            remedy = (
                "un mandat rejeté ne compte pas : retirez son annulation, ou le fichier de rejet"
            )
        if not self.doutes.entier:
            remedy = "corrigez d'abord les fichiers qui n'ont pas pu être lus en entier"
        self._probleme(row, "l'annulation d'un mandat connu", found, remedy)

    def _probleme(self, row: sqlite3.Row, *texts: str) -> None:
        self.problems.append(Problem(row["nom"], row["ligne"], row["lieu"], *texts))
