"""From the journal of an import to the ledger of each exercise, and what is wrong on the way.

The joins are in mandats.sql; the journal may hold millions of lines, so they stay in SQLite.
"""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import BinaryIO

from analyses.depot.schemas import table_schema
from analyses.depot.table import Table
from analyses.importation.formes import premiers
from analyses.importation.journal import Journal, script
from analyses.importation.parametres import codes_pes
from analyses.importation.rapport import CompteRendu, Rejet
from analyses.importation.rattachement import POSITIFS, Doutes, Rattachement
from analyses.socle.problems import Problem

_JOINTURES = script("mandats.sql")
_TEXTES = {"code_analytique", "convention", "tiers", "objet"}


def examiner(
    journal: Journal, anciens: Mapping[int, Table], doutes: Doutes, compte: CompteRendu
) -> list[Problem]:
    """Join the accountant's answers to the lines, link each reversal to its origin, check the
    lines against one another. What it makes is what `ecrire` reads.

    `anciens`: ledgers of exercises that the journal does not hold, in which an origin may be;
    `doutes`: what could not be read; `compte` is told what was found.
    """
    db = journal.db
    db.execute("create temp table codes(role text, code text)")
    db.executemany("insert into codes values(?, ?)", codes_pes().roles())
    db.executescript(_JOINTURES)
    links = Rattachement(journal, anciens, doutes)
    rejected = db.execute(
        "select exercice, numero_mandat, sum(montant) from lignes "
        "where id in (select ligne from rejets) group by exercice, bordereau, numero_mandat "
        "order by exercice, cast(numero_mandat as int)"
    )
    compte.rejets = [(year, number, amount) for year, number, amount in rejected]
    compte.constats = [*links.notes, *_constats(journal)]
    return [*links.problems, *_doublons(journal)]


def _doublons(journal: Journal) -> Iterator[Problem]:
    """Lines of the same exercise, mandate, number and type, rejected ones aside."""
    rows = journal.db.execute(
        "select r.*, f.nom from (select *, count(*) over "
        "(partition by exercice, numero_mandat, numero_ligne, type) alike from registre) r "
        "join fichiers f on f.id = r.fichier where alike > 1 order by r.id"
    )
    firsts: dict[tuple[int, str, str, str], str] = {}
    for row in rows:
        key = (row["exercice"], row["numero_mandat"], row["numero_ligne"], row["type"])
        name, place = row["nom"], row["lieu"]
        if key in firsts:
            yield Problem(
                name,
                row["ligne"],
                place,
                "une seule ligne par mandat, numéro de ligne et type",
                f"la même ligne dans {firsts[key]}",
                "retirez l'un des deux ; deux budgets s'importent dans deux dossiers",
            )
        firsts.setdefault(key, f"{name} ({place})")


def _constats(journal: Journal) -> Iterator[str]:
    """What the accountant's answers leave to tell."""
    rows = journal.db.execute(
        "select * from attention order by rang, exercice, cast(numero_mandat as int)"
    )
    for reason, group in groupby(rows, key=lambda row: row["motif"]):
        mandates = [(row["exercice"], row["numero_mandat"]) for row in group]
        yield f"{len(mandates)} mandat(s) {reason} : {enumerer(mandates)}"
    alone = journal.un("select count(*) from retours where id not in (select retour from reponses)")
    if alone:
        yield f"{alone} ligne(s) de PES Retour sans mandat importé, gardées"
    other = journal.un("select count(distinct ligne) from reponses where autre_budget")
    if other:
        yield (
            f"{other} ligne(s) rapprochées d'un PES Retour de même bordereau, mandat, ligne et "
            "montant mais d'un autre code budget"
        )
    owners = journal.un("select count(distinct collectivite) from bordereaux")
    if owners > 1:
        yield f"{owners} collectivités différentes parmi les bordereaux importés"


def enumerer(mandats: Sequence[tuple[int, str] | Rejet]) -> str:
    """Mandates by exercise, the first ones only when they are many.

    >>> enumerer([(2024, "1"), (2024, "2"), (2025, "7")])
    '1, 2 (2024) ; 7 (2025)'
    """
    years = defaultdict(list)
    for year, number, *_ in mandats:
        years[year].append(number)
    return " ; ".join(f"{premiers(numbers)} ({year})" for year, numbers in years.items())


def inerte(texte: str) -> str:
    """A text that a spreadsheet will not run: a blank, which reading drops, before = + - @.

    >>> inerte("=1+1"), inerte("Aide")
    (' =1+1', 'Aide')
    """
    return f" {texte}" if texte.startswith(("=", "+", "-", "@", "\t", "\r")) else texte


def ecrire(journal: Journal, exercice: int, flux: BinaryIO) -> tuple[int, int]:
    """Write the ledger of an exercise in the pivot layout; (lines, centimes net of reversals).

    UTF-8 with BOM, `;`, decimal comma, so that a spreadsheet opens it; rows in an order that does
    not depend on the files' order. To be called after `examiner`.
    """
    text = io.TextIOWrapper(flux, encoding="utf-8-sig", newline="")
    writer = csv.writer(text, delimiter=";", lineterminator="\n")
    names = [spec["name"] for spec in table_schema("mandats")["fields"]]
    writer.writerow(names)
    rows = journal.db.execute(
        "select * from registre where exercice = ? order by date_emission, "
        "cast(bordereau as int), cast(numero_mandat as int), numero_mandat, "
        "cast(numero_ligne as int), numero_ligne, type_lu, id",
        (exercice,),
    )
    count = net = 0
    for row in rows:
        amount = row["montant"]
        cells = [inerte(row[name]) if name in _TEXTES else row[name] for name in names]
        cells[names.index("montant")] = f"{amount // 100},{amount % 100:02d}"
        writer.writerow(cells)
        count, net = count + 1, net + (amount if row["type"] in POSITIFS else -amount)
    text.flush()
    text.detach()
    return count, net
