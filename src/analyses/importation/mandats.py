"""From the journal of an import to the ledger of each exercise, and what is wrong on the way."""

from __future__ import annotations

import csv
import io
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, BinaryIO

from analyses.depot.schemas import table_schema
from analyses.depot.table import Table
from analyses.importation.codes import codes_pes
from analyses.socle.fmt import euros
from analyses.socle.problems import Problem

_RETRAITS = ("retrait", "annulation", "reduction", "contrepassation")
_IMPUTATION = ("fonction", "code_analytique", "convention", "tiers", "objet")
_LISTE = 12  # mandates named in a note
# An answer counts for the line of its bordereau; the budget may differ when the amount agrees
# (software that does not repeat its code): two mandates alike in all that are one.
_ETATS = """
create temp table liens as
  select r.id retour, l.id ligne, f.flux flux, f.nom nom, l.budget <> r.budget autre_budget
  from retours r
  join fichiers f on f.id = r.fichier
  join lignes l on (l.exercice, l.numero_mandat) = (r.exercice, r.numero_mandat)
    and (l.type_bordereau, l.bordereau) = (r.type_bordereau, r.bordereau)
    and (r.numero_ligne = '' or l.numero_ligne = r.numero_ligne)
    and (l.budget = r.budget or l.montant = r.montant);
create temp table etats as
  select ligne, etat, etat_ligne from (
    select l.ligne, r.etat, r.etat_ligne,
      row_number() over (partition by l.ligne order by l.flux desc, l.nom desc, r.id desc) rang
    from liens l join retours r on r.id = l.retour)
  where rang = 1;
create index temp.etats_ligne on etats(ligne);
create temp table rejets as select ligne from etats
  where etat in (select code from temp.rejets_piece)
  or etat_ligne in (select code from temp.rejets_ligne);
create index temp.rejets_index on rejets(ligne);
"""
# Returns may repeat the payments of earlier ones or not: each payment counts once, as many times
# as the return that names it most.
_PAIEMENTS = """
create temp table regles as
  with comptes as (
    select l.ligne, p.date, p.montant, p.origine, count(*) n
    from liens l join paiements p on p.retour = l.retour group by l.retour, 1, 2, 3, 4),
  distincts as (
    select ligne, date, montant, origine, max(n) n from comptes group by 1, 2, 3, 4),
  sommes as (
    select ligne, sum(montant * n) total,
      max(case when origine not in (select code from temp.sans_paiement) and montant > 0
        then date end) derniere
    from distincts group by ligne),
  annonces as (
    select ligne, paye from (
      select l.ligne, r.paye,
        row_number() over (partition by l.ligne order by l.flux desc, l.nom desc, r.id desc) rang
      from liens l join retours r on r.id = l.retour where r.paye is not null)
    where rang = 1)
  select s.ligne, coalesce(a.paye, s.total) paye, s.derniere
  from sommes s left join annonces a on a.ligne = s.ligne;
create index temp.regles_ligne on regles(ligne);
"""
_LIGNES = """
select l.exercice, l.numero_mandat, l.numero_ligne, l.date_emission, coalesce(o.type, l.type),
  case when l.mandat_origine = '' then ''
    when coalesce(o.exercice, l.exercice_origine, l.exercice) = l.exercice then l.mandat_origine
    else coalesce(o.exercice, l.exercice_origine) || '/' || l.mandat_origine end,
  l.nature, {imputation},
  l.montant,
  coalesce(nullif(l.date_paiement, ''), case when e.etat in (select code from temp.soldes)
    or r.paye >= l.montant - coalesce(x.retire, 0) then r.derniere end, ''),
  l.id_engagement
from lignes l
left join temp.origines o on o.ligne = l.id
left join temp.etats e on e.ligne = l.id
left join temp.regles r on r.ligne = l.id
left join temp.retires x on x.ligne = l.id
where l.exercice = ? and l.id not in (select ligne from temp.rejets)
order by l.date_emission, cast(l.bordereau as int), cast(l.numero_mandat as int), l.numero_mandat,
  cast(l.numero_ligne as int), l.numero_ligne, l.type, l.id
""".replace(
    "{imputation}", ", ".join(f"coalesce(nullif(l.{c}, ''), o.{c}, '')" for c in _IMPUTATION)
)


@dataclass
class Examen:
    """What the lines of the journal say together; `rejets`: (exercice, mandat, centimes)."""

    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    rejets: list[tuple[int, str, int]] = field(default_factory=list)


def preparer(db: sqlite3.Connection) -> None:
    """Join the accountant's answers to the lines: states, rejections, payments (temporary tables).

    A rejected mandate is no expenditure: it stays in the journal and out of the ledger, until a
    later return says otherwise or until it comes back in another bordereau.
    """
    codes = codes_pes()
    lists = {
        "rejets_piece": [code for code, state in codes.etats.items() if state.rejet],
        "soldes": [code for code, state in codes.etats.items() if state.solde],
        "rejets_ligne": codes.lignes_rejetees,
        "sans_paiement": codes.emargements_sans_paiement,
    }
    for name, values in lists.items():
        db.execute(f"create temp table {name}(code text)")
        db.executemany(f"insert into {name} values(?)", [(value,) for value in values])
    columns = ", ".join(f"{name} text" for name in _IMPUTATION)
    db.execute(
        "create temp table origines(ligne integer primary key, type text, exercice int, "
        f"numero_mandat text, {columns})"
    )
    db.execute("create temp table retires(ligne integer primary key, retire int)")
    for script in (_ETATS, _PAIEMENTS):
        for statement in script.split(";"):
            db.execute(statement)


def examiner(
    db: sqlite3.Connection,
    anciens: Mapping[int, Table],
    douteux: set[tuple[int, str]],
    entier: bool,
) -> Examen:
    """Check the lines against one another and link each reversal to its origin.

    `anciens`: ledgers of exercises that the journal does not hold, in which an origin may be;
    `douteux` and `entier`: the mandates that could not be read, whether they are all known. To be
    called after `preparer`.
    """
    examen = Examen()
    _rattacher(db, anciens, douteux, entier, examen)
    _doublons(db, examen)
    _etats(db, examen)
    return examen


def _positives(
    db: sqlite3.Connection, anciens: Mapping[int, Table], exercice: int, mandat: str
) -> list[tuple[Any, ...]]:
    """Lines that a reversal may take back: (id or None, line, centimes, *imputation)."""
    if exercice in anciens:
        rows = anciens[exercice].rows if len(anciens[exercice]) else []
        return [
            (None, row["numero_ligne"], row["montant"], *(row[name] for name in _IMPUTATION))
            for row in rows
            if row["numero_mandat"] == mandat and row["type"] in ("ordinaire", "rattachement")
        ]
    return db.execute(
        f"select id, numero_ligne, montant, {', '.join(_IMPUTATION)} from lignes "
        "where exercice = ? and numero_mandat = ? and type in ('ordinaire', 'rattachement') "
        "and id not in (select ligne from temp.rejets) order by cast(numero_ligne as int), id",
        [exercice, mandat],
    ).fetchall()


def _rattacher(
    db: sqlite3.Connection,
    anciens: Mapping[int, Table],
    douteux: set[tuple[int, str]],
    entier: bool,
    examen: Examen,
) -> None:
    """Find the origin of each reversal, in its exercise or another, and what is left of it."""
    known = {year for (year,) in db.execute("select distinct exercice from lignes")} | set(anciens)
    removed: Counter[tuple[int, str, str]] = Counter()
    marks = ", ".join("?" * len(_RETRAITS))
    reversals = db.execute(
        "select l.id, f.nom, l.ligne, l.lieu, l.type, l.exercice, l.exercice_origine, "
        "l.mandat_origine, l.ligne_origine, l.montant from lignes l "
        f"join fichiers f on f.id = l.fichier where l.type in ({marks}) "
        "and l.id not in (select ligne from temp.rejets) "
        "order by l.date_emission, cast(l.numero_mandat as int), cast(l.numero_ligne as int), l.id",
        _RETRAITS,
    ).fetchall()
    for (
        line,
        name,
        place,
        label,
        kind,
        year,
        origin_year,
        mandate,
        origin_line,
        amount,
    ) in reversals:
        years = [origin_year] if origin_year else [year, year - 1]
        if not origin_year and kind == "contrepassation":
            years.reverse()
        found, at = next(
            ((rows, one) for one in years if (rows := _positives(db, anciens, one, mandate))),
            ([], years[0]),
        )
        lines = [row for row in found if not origin_line or row[1] == origin_line]
        where = f"mandat {mandate} de {at}" + (f", ligne {origin_line}" if origin_line else "")
        if not lines:
            if kind == "contrepassation" and at not in known:
                examen.notes.append(
                    f"{name}, {label} : contrepassation du {where}, exercice non importé ; "
                    "non vérifiée"
                )
            elif not {(one, mandate) for one in years} & douteux:
                problem = _inconnu(db, name, place, label, where, years, mandate)
                if not entier:
                    remedy = "corrigez d'abord les fichiers qui n'ont pas pu être lus en entier"
                    problem = replace(problem, remede=remedy)
                examen.problems.append(problem)
            continue
        whole = sum(row[2] for row in lines)
        keys = {(at, mandate, ""): sum(row[2] for row in found)}
        keys |= {(at, mandate, origin_line): whole} if origin_line else {}
        for key, most in keys.items():
            removed[key] += amount
            if removed[key] > most:
                examen.problems.append(
                    Problem(
                        name,
                        place,
                        label,
                        f"au plus le montant du {where}, {euros(most)}",
                        f"{euros(removed[key])} annulés en tout",
                        "vérifiez le montant et le mandat d'origine",
                    )
                )
                break
        final = kind
        if kind == "retrait":
            final = "annulation" if amount == whole else "reduction"
        values = (line, final, at, mandate, *lines[0][3:])
        db.execute(f"insert into temp.origines values({', '.join('?' * len(values))})", values)
        if len(lines) == 1 and lines[0][0] is not None:
            db.execute(
                "insert into temp.retires values(?, ?) "
                "on conflict(ligne) do update set retire = retire + excluded.retire",
                [lines[0][0], amount],
            )


def _inconnu(
    db: sqlite3.Connection,
    name: str,
    place: int,
    label: str,
    where: str,
    years: Sequence[int],
    mandate: str,
) -> Problem:
    """The problem of a reversal whose origin is not there, or is there but rejected."""
    rejected = (
        mandate
        and db.execute(
            "select 1 from lignes where exercice in (?, ?) and numero_mandat = ? "
            "and id in (select ligne from temp.rejets)",
            [years[0], years[-1], mandate],
        ).fetchone()
    )
    found = f"{where}, inconnu" if mandate else "aucun mandat d'origine"
    remedy = "ajoutez le fichier qui contient ce mandat, ou le mandats.csv de son exercice"
    if rejected:
        found = f"{where}, rejeté par le comptable"
        remedy = "un mandat rejeté ne compte pas : retirez son annulation, ou le fichier de rejet"
    return Problem(name, place, label, "l'annulation d'un mandat connu", found, remedy)


def _doublons(db: sqlite3.Connection, examen: Examen) -> None:
    """Lines of the same exercise, mandate, number and type, rejected ones aside."""
    rows = db.execute(
        "select f.nom, v.ligne, v.lieu, v.cle from (select l.*, "
        "l.exercice || ' ' || l.numero_mandat || ' ' || l.numero_ligne || ' ' || "
        "coalesce(o.type, l.type) cle, count(*) over (partition by l.exercice, l.numero_mandat, "
        "l.numero_ligne, coalesce(o.type, l.type)) n from lignes l "
        "left join temp.origines o on o.ligne = l.id "
        "where l.id not in (select ligne from temp.rejets)) v "
        "join fichiers f on f.id = v.fichier where v.n > 1 order by v.cle, v.id"
    )
    firsts: dict[str, str] = {}
    for name, place, label, key in rows:
        if key in firsts:
            examen.problems.append(
                Problem(
                    name,
                    place,
                    label,
                    "une seule ligne par mandat, numéro de ligne et type",
                    f"la même ligne dans {firsts[key]}",
                    "retirez l'un des deux ; deux budgets s'importent dans deux dossiers",
                )
            )
        else:
            firsts[key] = f"{name} ({label})"


def _etats(db: sqlite3.Connection, examen: Examen) -> None:
    """What the accountant's answers leave to tell."""
    examen.rejets = db.execute(
        "select exercice, numero_mandat, sum(montant) from lignes "
        "where id in (select ligne from temp.rejets) group by exercice, bordereau, numero_mandat "
        "order by exercice, cast(numero_mandat as int)"
    ).fetchall()
    waiting = [code for code, state in codes_pes().etats.items() if state.libelle == "en instance"]
    marks = ", ".join("?" * len(waiting))
    groups: Iterable[tuple[str, str, Sequence[Any]]] = [
        ("{n} mandat(s) en instance chez le comptable, repris", f"e.etat in ({marks})", waiting),
        (
            "{n} mandat(s) payé(s) en partie, sans date de paiement",
            "r.paye > 0 and r.paye < l.montant - coalesce(x.retire, 0) "
            "and e.etat not in (select code from temp.soldes)",
            [],
        ),
        ("{n} mandat(s) payé(s) au-delà de leur montant", "r.paye > l.montant", []),
        (
            "{n} mandat(s) soldé(s) sans date de paiement",
            "e.etat in (select code from temp.soldes) and r.derniere is null",
            [],
        ),
    ]
    for text, condition, values in groups:
        rows = db.execute(
            "select distinct l.exercice, l.numero_mandat from lignes l "
            "left join temp.etats e on e.ligne = l.id left join temp.regles r on r.ligne = l.id "
            "left join temp.retires x on x.ligne = l.id "
            f"where l.id not in (select ligne from temp.rejets) and {condition} "
            "order by l.exercice, cast(l.numero_mandat as int)",
            values,
        ).fetchall()
        if rows:
            examen.notes.append(f"{text.format(n=len(rows))} : {enumerer(rows)}")
    [alone] = db.execute(
        "select count(*) from retours where id not in (select retour from liens)"
    ).fetchone()
    if alone:
        examen.notes.append(f"{alone} ligne(s) de PES Retour sans mandat importé, gardées")
    [other] = db.execute("select count(distinct ligne) from liens where autre_budget").fetchone()
    if other:
        examen.notes.append(
            f"{other} ligne(s) rapprochées d'un PES Retour de même bordereau, mandat, ligne et "
            "montant mais d'un autre code budget"
        )
    owners = db.execute("select count(distinct collectivite) from bordereaux").fetchone()[0]
    if owners > 1:
        examen.notes.append(f"{owners} collectivités différentes parmi les bordereaux importés")


def enumerer(mandats: Sequence[tuple[Any, ...]]) -> str:
    """Mandates by exercise, the first ones only when they are many.

    >>> enumerer([(2024, "1"), (2024, "2"), (2025, "7")])
    '1, 2 (2024) ; 7 (2025)'
    """
    years = defaultdict(list)
    for year, number, *_ in mandats:
        years[year].append(number)
    texts = []
    for year, numbers in years.items():
        more = f" et {len(numbers) - _LISTE} autres" if len(numbers) > _LISTE else ""
        texts.append(f"{', '.join(numbers[:_LISTE])}{more} ({year})")
    return " ; ".join(texts)


def inerte(texte: str) -> str:
    """A text that a spreadsheet will not run: a blank, which reading drops, before = + - @.

    >>> inerte("=1+1"), inerte("Aide")
    (' =1+1', 'Aide')
    """
    return f" {texte}" if texte.startswith(("=", "+", "-", "@", "\t", "\r")) else texte


def ecrire(db: sqlite3.Connection, exercice: int, flux: BinaryIO) -> tuple[int, int]:
    """Write the ledger of an exercise in the pivot layout; (lines, centimes net of reversals).

    UTF-8 with BOM, `;`, decimal comma, so that a spreadsheet opens it; rows in an order that does
    not depend on the files' order. To be called after `examiner`.
    """
    text = io.TextIOWrapper(flux, encoding="utf-8-sig", newline="")
    writer = csv.writer(text, delimiter=";", lineterminator="\n")
    names = [spec["name"] for spec in table_schema("mandats")["fields"]]
    writer.writerow(names)
    amount, kind = names.index("montant"), names.index("type")
    texts = [names.index(n) for n in ("code_analytique", "convention", "tiers", "objet")]
    count = net = 0
    for row in _lignes(db, exercice):
        cells = list(row)
        net += cells[amount] * (-1 if cells[kind] in _RETRAITS else 1)
        cells[amount] = f"{cells[amount] // 100},{cells[amount] % 100:02d}"
        for column in texts:
            cells[column] = inerte(cells[column])
        writer.writerow(cells)
        count += 1
    text.flush()
    text.detach()
    return count, net


def _lignes(db: sqlite3.Connection, exercice: int) -> Iterator[tuple[Any, ...]]:
    return iter(db.execute(_LIGNES, [exercice]))
