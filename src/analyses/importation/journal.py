"""The journal of an import: what each imported file said, kept beside the exercises.

`<donnees>/<departement>/importation/<source>.sqlite` holds the files (with their sha256), their
bordereaux, their lines and what the accountant answered; the ledgers are drawn from it, so that a
later payment or rejection completes a mandate imported earlier. One file, replaced in one move.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analyses.importation.flux_pes import Bordereau, Ligne, Retour
from analyses.socle.problems import BilanError, Problem

DOSSIER = "importation"
_VERSION = 1
_TABLES = """
create table fichiers(
  id integer primary key, nom text, sha256 text unique, genre text, nature text, producteur text,
  recu_le text, flux text);
create table bordereaux(
  fichier int, collectivite text, budget text, exercice int, type text, numero text,
  primary key(collectivite, budget, exercice, type, numero));
create table lignes(
  id integer primary key, fichier int, lieu text, ligne int, budget text, type_bordereau text,
  bordereau text, exercice int, numero_mandat text, numero_ligne text, date_emission text,
  type text, exercice_origine int, mandat_origine text, ligne_origine text, nature text,
  fonction text, code_analytique text, convention text, tiers text, objet text, montant int,
  date_paiement text, id_engagement text);
create index lignes_mandat on lignes(exercice, numero_mandat, numero_ligne);
create table retours(
  id integer primary key, fichier int, budget text, exercice int, type_bordereau text,
  bordereau text, numero_mandat text, numero_ligne text, etat text, etat_ligne text, montant int,
  paye int);
create table paiements(retour int, date text, montant int, origine text);
create table notes(fichier int, texte text);
create table ecrits(exercice int, sha256 text, primary key(exercice, sha256));
"""
# Columns of `lignes` after its id and file.
_COLONNES = (
    *("lieu", "ligne", "budget", "type_bordereau", "bordereau", "exercice", "numero_mandat"),
    *("numero_ligne", "date_emission", "type", "exercice_origine", "mandat_origine"),
    *("ligne_origine", "nature", "fonction", "code_analytique", "convention", "tiers", "objet"),
    *("montant", "date_paiement", "id_engagement"),
)
_PAQUET = 5000
_TEMP, _UN_JOUR = ".tmp-", 24 * 3600


@dataclass(frozen=True)
class Provenance:
    """What the sidecar of a ledger will say of a file."""

    nature: str
    producteur: str
    recu_le: str


class Journal:
    """The journal being completed: a copy, put in place by `ranger` or forgotten."""

    def __init__(self, place: Path, copie: Path) -> None:
        self.place, self.copie = place, copie
        self.db = sqlite3.connect(copie, isolation_level=None)
        self.db.executescript("pragma journal_mode=off; pragma synchronous=off; begin")
        if self.db.execute("pragma user_version").fetchone()[0] == 0:
            for statement in _TABLES.split(";"):
                self.db.execute(statement)
            self.db.execute(f"pragma user_version={_VERSION}")
        self._lignes: list[tuple[Any, ...]] = []
        self._retours = self.db.execute("select coalesce(max(id), 0) from retours").fetchone()[0]

    def connait(self, sha256: str) -> bool:
        """Whether a file of these bytes was imported."""
        query = "select 1 from fichiers where sha256 = ?"
        return self.db.execute(query, [sha256]).fetchone() is not None

    def fichier(self, nom: str, sha256: str, source: Provenance) -> int:
        """Enter a file; its number. `decrire` completes it once it is read."""
        values = (nom, sha256, source.nature, source.producteur, source.recu_le)
        insert = "insert into fichiers values(null, ?, ?, '', ?, ?, ?, '')"
        return int(self.db.execute(insert, values).lastrowid or 0)

    def decrire(self, fichier: int, genre: str, flux: str, notes: Sequence[str]) -> None:
        """Say what a file entered earlier turned out to be."""
        self.vider()
        values = [genre, flux, fichier]
        self.db.execute("update fichiers set genre = ?, flux = ? where id = ?", values)
        self.db.executemany("insert into notes values(?, ?)", [(fichier, note) for note in notes])

    def bordereau(self, fichier: int, bord: Bordereau) -> tuple[int, str, str] | None:
        """Enter a bordereau; (number, name, sha256) of the file that holds it, else None.

        The lines of a bordereau that is already there are taken out, to be told once only.
        """
        key = (bord.collectivite, bord.budget, bord.exercice, bord.type, bord.numero)
        found = self.db.execute(
            "select f.id, nom, sha256 from bordereaux b join fichiers f on f.id = b.fichier where "
            "(b.collectivite, b.budget, b.exercice, b.type, b.numero) = (?, ?, ?, ?, ?)",
            key,
        ).fetchone()
        if found is None:
            self.db.execute("insert into bordereaux values(?, ?, ?, ?, ?, ?)", (fichier, *key))
        else:
            columns = "(fichier, exercice, type_bordereau, bordereau)"
            values = (fichier, bord.exercice, bord.type, bord.numero)
            self.db.execute(f"delete from lignes where {columns} = (?, ?, ?, ?)", values)
        return found

    def recevoir(self, fichier: int, recu: Ligne | Retour) -> None:
        """Enter a line of a mandate, or what the accountant says of one."""
        bord = recu.bordereau
        if isinstance(recu, Retour):
            self._recevoir_retour(fichier, recu)
            return
        origin = recu.origine or (None, "", "")
        place = f"{bord.nom}, mandat {recu.mandat}, ligne {recu.numero}"
        self._ajouter(
            *(fichier, place, recu.ligne, bord.budget, bord.type, bord.numero, bord.exercice),
            *(recu.mandat, recu.numero, bord.date and bord.date.isoformat(), recu.sens, *origin),
            *(recu.nature, recu.fonction, recu.code_analytique, recu.convention, recu.tiers),
            *(recu.objet, recu.montant, "", ""),
        )

    def inserer(self, fichier: int, ligne: Mapping[str, Any]) -> None:
        """Enter a line that belongs to no bordereau: {column of the table: value}."""
        self._ajouter(fichier, *(ligne.get(name, "") for name in _COLONNES))

    def ligne_connue(self, fichier: int, ligne: Mapping[str, Any]) -> dict[str, Any] | None:
        """The same line (exercise, mandate, number, type) as another file gave it."""
        key = [ligne[n] for n in ("exercice", "numero_mandat", "numero_ligne", "type")]
        cursor = self.db.execute(
            "select * from lignes where (exercice, numero_mandat, numero_ligne, type) "
            "= (?, ?, ?, ?) and fichier <> ?",
            [*key, fichier],
        )
        row = cursor.fetchone()
        return row and dict(zip((name for name, *_ in cursor.description), row, strict=True))

    def completer(self, ligne: int, date_paiement: str, id_engagement: str) -> None:
        """Give a line the payment and the commitment that were not known."""
        self.db.execute(
            "update lignes set date_paiement = ?, id_engagement = ? where id = ?",
            [date_paiement, id_engagement, ligne],
        )

    def _ajouter(self, *ligne: Any) -> None:
        self._lignes.append(ligne)
        if len(self._lignes) >= _PAQUET:
            self.vider()

    def vider(self) -> None:
        """Write the lines that wait."""
        marks = ", ".join("?" * (len(_COLONNES) + 1))
        self.db.executemany(f"insert into lignes values(null, {marks})", self._lignes)
        self._lignes.clear()

    def _recevoir_retour(self, fichier: int, recu: Retour) -> None:
        bord, self._retours = recu.bordereau, self._retours + 1
        self.db.execute(
            "insert into retours values(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(self._retours, fichier, bord.budget, bord.exercice, bord.type),
                *(bord.numero, recu.mandat, recu.numero, recu.etat, recu.etat_ligne),
                *(recu.montant, recu.paye),
            ),
        )
        self.db.executemany(
            "insert into paiements values(?, ?, ?, ?)",
            [(self._retours, date.isoformat(), *rest) for date, *rest in recu.paiements],
        )

    def oublier(self) -> None:
        """Forget every file, for an import that starts again; the ledgers written are known."""
        for table in ("fichiers", "bordereaux", "lignes", "retours", "paiements", "notes"):
            self.db.execute(f"delete from {table}")

    def exercices(self) -> list[int]:
        """Exercises that have lines."""
        query = "select distinct exercice from lignes order by exercice"
        return [year for (year,) in self.db.execute(query)]

    def exercices_d_origine(self) -> set[int]:
        """Exercises in which the origin of a reversal may be."""
        rows = self.db.execute(
            "select distinct exercice, exercice_origine from lignes where mandat_origine <> ''"
        ).fetchall()
        named = {origin for _, origin in rows if origin}
        return named | {year - back for year, origin in rows if not origin for back in (0, 1)}

    def retours(self) -> int:
        """How many answers of the accountant are kept."""
        return int(self.db.execute("select count(*) from retours").fetchone()[0])

    def provenance(self, exercice: int) -> Provenance:
        """What the files that speak of an exercise come from, together."""
        rows = self.db.execute(
            "select nature, producteur, recu_le from fichiers where id in (select fichier from "
            "lignes where exercice = ? union select fichier from retours where exercice = ?)",
            [exercice, exercice],
        ).fetchall()
        natures, makers, days = zip(*rows, strict=True)
        nature = "simulee" if "simulee" in natures else "reelle"
        return Provenance(nature, " ; ".join(sorted(set(makers))), max(days))

    def ecrits(self, exercice: int) -> set[str]:
        """sha256 of the ledgers that this import ever wrote for an exercise."""
        query = "select sha256 from ecrits where exercice = ?"
        return {sha for (sha,) in self.db.execute(query, [exercice])}

    def exercices_ecrits(self) -> list[int]:
        """Exercises of which this import ever wrote the ledger."""
        query = "select distinct exercice from ecrits order by exercice"
        return [year for (year,) in self.db.execute(query)]

    def noter(self, exercice: int, sha256: str) -> None:
        """Remember the ledger about to be written."""
        self.db.execute("insert or ignore into ecrits values(?, ?)", (exercice, sha256))

    def ranger(self) -> None:
        """Put the journal in place."""
        self.db.execute("commit")
        self.db.close()
        os.replace(self.copie, self.place)


@contextmanager
def ouvrir_journal(dossier: Path, source: str) -> Iterator[Journal]:
    """The journal of a source (`pes`, `finance`) in `<dossier>/importation/`, as a copy.

    Nothing is left of the copy unless `Journal.ranger` was called.
    """
    place = dossier / DOSSIER / f"{source}.sqlite"
    made = [folder for folder in (place.parent, *place.parent.parents) if not folder.exists()]
    place.parent.mkdir(parents=True, exist_ok=True)
    for old in place.parent.glob(_TEMP + "*"):  # left by a run that was killed
        if old.is_file() and time.time() - old.stat().st_mtime > _UN_JOUR:
            old.unlink(missing_ok=True)
    descriptor, name = tempfile.mkstemp(dir=place.parent, prefix=_TEMP)
    os.close(descriptor)
    copy = Path(name)
    try:
        if place.exists():
            shutil.copyfile(place, copy)
        copy.chmod(0o644)
        try:
            journal = Journal(place, copy)
        except sqlite3.DatabaseError:
            raise BilanError(
                [
                    Problem(
                        f"{DOSSIER}/{place.name}",
                        None,
                        "",
                        "le journal des importations",
                        "un fichier illisible",
                        "rétablissez-le, ou retirez-le avec les mandats.csv qu'il a produits",
                    )
                ]
            ) from None
        with closing(journal.db):
            yield journal
    finally:
        copy.unlink(missing_ok=True)
        for folder in made:
            if folder.exists() and not any(folder.iterdir()):
                folder.rmdir()
