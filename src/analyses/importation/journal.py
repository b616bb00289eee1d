"""The journal of an import: what each imported file said, kept beside the exercises.

`<donnees>/<departement>/importation/<source>.sqlite` holds the files (with their sha256), their
bordereaux, their lines and what the accountant answered; the ledgers are drawn from it, so that a
later payment or rejection completes a mandate imported earlier. One file, that changes
with the ledgers or not at all.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

from analyses.socle.problems import BilanError, Problem


def script(nom: str) -> str:
    """The text of a SQL script of this package."""
    return Path(__file__).with_name(nom).read_text(encoding="utf-8")


DOSSIER = "importation"
_TABLES = script("journal.sql")
# A journal begun before a line had a date of service and a post.
_VERSION_2 = """
alter table lignes add column date_service text default '';
alter table lignes add column poste text default '';
pragma user_version = 2;
"""


class Provenance(NamedTuple):
    """What the sidecar of a ledger will say of a file."""

    nature: str
    producteur: str
    recu_le: str


class Bordereau(NamedTuple):
    """A bordereau: what identifies it, then its date and its line in the file."""

    collectivite: str
    budget: str
    exercice: int
    type: str
    numero: str
    date: str
    ligne: int

    @property
    def nom(self) -> str:
        """How the bordereau is called in messages.

        >>> Bordereau("", "", 2024, "02", "7", "", 1).nom
        'bordereau 7 de 2024 (type 02)'
        """
        kind = "" if self.type == "01" else f" (type {self.type})"
        return f"bordereau {self.numero} de {self.exercice}{kind}"


# What a later export may add to a line.
TARDIFS = ("date_paiement", "id_engagement", "date_service", "poste")


class Ligne(NamedTuple):
    """A line of a mandate, as the table `lignes` keeps it after its id and file.

    `type`: as params/pes.yaml says (`sens`), or as in mandats.csv; `montant`: centimes, never
    negative; the origin is that of a line that takes back another.
    """

    lieu: str
    ligne: int
    budget: str
    type_bordereau: str
    bordereau: str
    exercice: int
    numero_mandat: str
    numero_ligne: str
    date_emission: str
    type: str
    exercice_origine: int | None
    mandat_origine: str
    ligne_origine: str
    nature: str
    fonction: str
    code_analytique: str
    convention: str
    tiers: str
    objet: str
    montant: int
    date_paiement: str = ""
    id_engagement: str = ""
    date_service: str = ""
    poste: str = ""


class Retour(NamedTuple):
    """What the accountant says of a line, as the table `retours` keeps it after its id and file.

    `numero_ligne` is '' when the whole mandate is meant; `montant` and `paye` are centimes.
    """

    budget: str
    exercice: int
    type_bordereau: str
    bordereau: str
    numero_mandat: str
    numero_ligne: str
    etat: str
    etat_ligne: str
    montant: int | None
    paye: int | None


Paiement = tuple[str, int, str]  # date, centimes, OrgEma


class Journal:
    """The journal being completed: a copy, in place of the former one or forgotten."""

    def __init__(self, place: Path, copie: Path) -> None:
        self.place, self.copie, self.dossier = place, copie, place.parent.parent
        self.db = sqlite3.connect(copie)
        self.db.row_factory = sqlite3.Row
        self.db.executescript("pragma journal_mode=off; pragma synchronous=off")
        version = self.un("pragma user_version")
        if version == 0:
            self.db.executescript(_TABLES)
        elif version == 1:
            self.db.executescript(_VERSION_2)

    def registre(self, exercice: int) -> Path:
        """The place of the ledger of an exercise."""
        return self.dossier / str(exercice) / "mandats.csv"

    def un(self, requete: str, *valeurs: object) -> int:
        """The number that a query finds."""
        return int(self.db.execute(requete, valeurs).fetchone()[0])

    def connait(self, sha256: str) -> bool:
        """Whether a file of these bytes was imported."""
        return self.un("select count(*) from fichiers where sha256 = ?", sha256) > 0

    def fichier(self, nom: str, sha256: str, source: Provenance) -> int:
        """Enter a file; its number. `decrire` completes it once it is read."""
        insert = "insert into fichiers values(null, ?, ?, '', ?, ?, ?, '')"
        return int(self.db.execute(insert, (nom, sha256, *source)).lastrowid or 0)

    def decrire(self, fichier: int, genre: str, flux: str, notes: Sequence[str]) -> None:
        """Say what a file entered earlier turned out to be."""
        update = "update fichiers set genre = ?, flux = ? where id = ?"
        self.db.execute(update, (genre, flux, fichier))
        self.db.executemany("insert into notes values(?, ?)", [(fichier, note) for note in notes])

    def bordereau(self, fichier: int, bord: Bordereau) -> sqlite3.Row | None:
        """Enter a bordereau; the file (id, nom, sha256) that already holds it, else None.

        The lines of a bordereau that is already there are taken out, to be told once only.
        """
        key = (bord.collectivite, bord.budget, bord.exercice, bord.type, bord.numero)
        found: sqlite3.Row | None = self.db.execute(
            "select f.id, f.nom, f.sha256 from bordereaux b join fichiers f on f.id = b.fichier "
            "where b.collectivite = ? and b.budget = ? and b.exercice = ? and b.type = ? "
            "and b.numero = ?",
            key,
        ).fetchone()
        if found is None:
            self.db.execute("insert into bordereaux values(?, ?, ?, ?, ?, ?)", (fichier, *key))
        else:
            self.db.execute(
                "delete from lignes where fichier = ? and exercice = ? and type_bordereau = ? "
                "and bordereau = ?",
                (fichier, bord.exercice, bord.type, bord.numero),
            )
        return found

    def ligne(self, fichier: int, ligne: Ligne) -> None:
        """Enter a line of a mandate."""
        marks = ", ".join("?" * len(ligne))
        self.db.execute(f"insert into lignes values(null, ?, {marks})", (fichier, *ligne))

    def retour(self, fichier: int, retour: Retour, paiements: Sequence[Paiement]) -> None:
        """Enter what the accountant says of a line, or of a mandate, and its payments."""
        number = self.db.execute(
            "insert into retours values(null, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", (fichier, *retour)
        ).lastrowid
        insert = "insert into paiements values(?, ?, ?, ?)"
        self.db.executemany(insert, [(number, *payment) for payment in paiements])

    def ligne_connue(self, fichier: int, ligne: Ligne) -> sqlite3.Row | None:
        """The same line (exercise, mandate, number, type) as another file gave it."""
        found: sqlite3.Row | None = self.db.execute(
            "select * from lignes where exercice = ? and numero_mandat = ? and numero_ligne = ? "
            "and type = ? and fichier <> ?",
            (ligne.exercice, ligne.numero_mandat, ligne.numero_ligne, ligne.type, fichier),
        ).fetchone()
        return found

    def completer(self, numero: int, ligne: Ligne) -> None:
        """Give a line entered earlier what was not known of it (`TARDIFS`)."""
        self.db.execute(
            f"update lignes set {', '.join(f'{name} = ?' for name in TARDIFS)} where id = ?",
            (*(getattr(ligne, name) for name in TARDIFS), numero),
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

    def provenance(self, exercice: int) -> Provenance:
        """What the files that speak of an exercise come from, together."""
        rows = self.db.execute(
            "select nature, producteur, recu_le from fichiers where id in (select fichier from "
            "lignes where exercice = ? union select fichier from retours where exercice = ?)",
            (exercice, exercice),
        )
        natures, makers, days = zip(*rows, strict=True)
        nature = "simulee" if "simulee" in natures else "reelle"
        return Provenance(nature, " ; ".join(sorted(set(makers))), max(days))

    def ecrits(self) -> dict[int, set[str]]:
        """sha256 of the ledgers that this import ever wrote, by exercise."""
        written: dict[int, set[str]] = {}
        for year, sha in self.db.execute("select exercice, sha256 from ecrits order by exercice"):
            written.setdefault(year, set()).add(sha)
        return written

    def noter(self, exercice: int, sha256: str) -> bool:
        """Remember the ledger about to be written; whether it is a new one."""
        insert = "insert or ignore into ecrits values(?, ?)"
        return self.db.execute(insert, (exercice, sha256)).rowcount > 0

    def fermer(self, change: bool) -> None:
        """Close the copy, kept when it says something new."""
        self.db.commit()
        self.db.close()
        if not change:
            self.copie.unlink()


@contextmanager
def ouvrir_journal(dossier: Path, source: str, draft: Callable[[Path], Path]) -> Iterator[Journal]:
    """The journal of a source (`pes`, `finance`) in `<dossier>/importation/`, as a copy; `draft`
    says where to make it (`together`)."""
    place = dossier / DOSSIER / f"{source}.sqlite"
    copie = draft(place)
    if place.exists():
        shutil.copyfile(place, copie)
    try:
        journal = Journal(place, copie)
    except sqlite3.DatabaseError:
        raise BilanError(
            Problem(
                f"{DOSSIER}/{place.name}",
                None,
                "",
                "le journal des importations",
                "un fichier illisible",
                "rétablissez-le, ou retirez-le avec les mandats.csv qu'il a produits",
            )
        ) from None
    with closing(journal.db):
        yield journal
