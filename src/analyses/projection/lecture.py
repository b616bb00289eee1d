"""Reading a file of monthly budget execution: all problems at once, no silent repair."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

import pandas as pd

from analyses.depot.table import (
    Unreadable,
    clean,
    decode,
    normal_header,
    read_integer,
    read_montant,
)
from analyses.socle.paths import PARAMS
from analyses.socle.problems import BilanError, Problem
from analyses.socle.yaml_files import read_yaml

CHAMPS = ("line_id", "year", "month", "budget", "committed", "spent")
_FACULTATIFS = {"committed"}
_SHOWN = 20
_POINT_MILLIERS = re.compile(r"-?\d{1,3}(\.\d{3})+,\d+|-?\d{1,3}(\.\d{3}){2,}")


@dataclass(frozen=True)
class Execution:
    """One row per line, year and month; amounts are cumulative, in hundredths of the file's unit.

    `committed` is <NA> where the file does not say; `remarques` is what was accepted, in French.
    """

    fichier: str
    lignes: pd.DataFrame
    remarques: tuple[str, ...]


@lru_cache(maxsize=100_000)
def lire_nombre(text: str, point_milliers: bool = False) -> int:
    """Amount in hundredths, rounded half to even; `Unreadable` when it is no number.

    >>> [lire_nombre(t) for t in ("1234.5", "1 234,56", "-3", "1.5E3", "0.125", "12,3456")]
    [123450, 123456, -300, 150000, 12, 1235]
    >>> lire_nombre("1.234", point_milliers=True)
    123400
    """
    body = clean(text).replace("\u2212", "-")
    if point_milliers and re.fullmatch(r"-?\d{1,3}(\.\d{3})+(,\d+)?", body):
        body = body.replace(".", "")
    if not re.fullmatch(r"[-+]?\d+(\.\d*)?([eE][-+]?\d{1,2})?", body):
        try:
            return read_montant(body)
        except Unreadable:
            if not re.fullmatch(r"[-+]?(\d{4,},\d+|\d+,(\d\d?|\d{4,}))", body):
                raise Unreadable("un nombre (1234.56 ou 1234,56)") from None
            body = body.replace(",", ".")
    return int((Decimal(body) * 100).to_integral_value(ROUND_HALF_EVEN))


def _positions(
    header: Sequence[str], fichier: str, colonnes: Mapping[str, str]
) -> tuple[dict[str, int], list[Problem]]:
    """Field -> position. A column named by --colonnes wins, then the exact name, then a synonym."""
    synonyms = read_yaml(PARAMS / "execution.yaml")
    titles = [normal_header(title) for title in header]
    problems, positions = [], dict[str, int]()
    shown = ", ".join(f"« {clean(title)} »" for title in header if clean(title)) or "rien"
    for name in CHAMPS:
        if name in colonnes:
            accepted = [normal_header(colonnes[name])]
        elif normal_header(name) in titles:
            accepted = [normal_header(name)]
        else:
            accepted = [normal_header(other) for other in synonyms.get(name, ())]
        found = [place for place, title in enumerate(titles) if title in accepted]
        if len(found) > 1:
            problems.append(
                Problem(
                    fichier,
                    1,
                    name,
                    "une seule colonne",
                    " et ".join(f"« {clean(header[place])} »" for place in found),
                    f"choisissez avec --colonnes {name}=TITRE",
                )
            )
        elif found:
            positions[name] = found[0]
        elif name not in _FACULTATIFS or name in colonnes:
            problems.append(
                Problem(
                    fichier,
                    1,
                    name,
                    f"la colonne « {colonnes.get(name, name)} »",
                    shown,
                    f"désignez-la avec --colonnes {name}=TITRE ou ajoutez son titre à "
                    "params/execution.yaml",
                )
            )
    return positions, problems


def _texte(path: Path, fichier: str) -> str:
    def refuse(expected: str, found: str, remedy: str) -> BilanError:
        return BilanError([Problem(fichier, None, "", expected, found, remedy)])

    try:
        data = path.read_bytes()
    except OSError:
        raise refuse("un fichier CSV", "rien de lisible", "vérifiez le chemin") from None
    if data.startswith(b"PK\x03\x04") or (
        b"\x00" in data and data[:2] not in (b"\xff\xfe", b"\xfe\xff")
    ):
        raise refuse("un fichier CSV", "un fichier binaire", "enregistrez-le au format CSV")
    try:
        text = decode(data)
    except UnicodeDecodeError:
        raise refuse("un CSV en UTF-8 ou cp1252", "un fichier illisible", "réexportez-le") from None
    if not text.strip():
        raise refuse("un en-tête et des lignes", "un fichier vide", "déposez le fichier entier")
    return text


def _cellules(text: str, fichier: str) -> list[tuple[int, list[str]]]:
    head = re.sub(r"^sep=.\r?\n", "", text.lstrip(), flags=re.IGNORECASE).split("\n", 1)[0]
    separator = max(";,\t", key=lambda mark: (head.count(mark), mark == ";"))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    records, start = [], 1
    if re.match(r"sep=.\r?\n", text, re.IGNORECASE):
        next(reader)
        start = 2
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                records.append((start, cells))
            start = reader.line_num + 1
    except csv.Error:
        raise BilanError(
            [
                Problem(
                    fichier,
                    start,
                    "",
                    "un CSV bien formé",
                    "un guillemet mal fermé",
                    "corrigez cette ligne",
                )
            ]
        ) from None
    return records


class _Releve:
    """Problems of the rows, the first ones of each kind in full, the others counted."""

    def __init__(self, fichier: str) -> None:
        self.fichier, self.problems, self.counts = fichier, list[Problem](), Counter[str]()

    def add(self, kind: str, line: int, champ: str, expected: str, found: str, remedy: str) -> None:
        self.counts[kind] += 1
        if self.counts[kind] <= _SHOWN:
            self.problems.append(Problem(self.fichier, line, champ, expected, found, remedy))

    def all(self) -> list[Problem]:
        more = [
            Problem(
                self.fichier,
                attendu="des lignes lisibles",
                trouve=f"{count - _SHOWN} autres lignes : {kind}",
                remede="corrigez-les de même",
            )
            for kind, count in self.counts.items()
            if count > _SHOWN
        ]
        return [*self.problems, *more]


def _lignes(
    records: Sequence[tuple[int, list[str]]],
    width: int,
    positions: Mapping[str, int],
    releve: _Releve,
    today: date,
) -> list[tuple[Any, ...]]:
    """Typed rows; a row with a wrong cell is left out, its problems noted."""
    amounts = [name for name in ("budget", "committed", "spent") if name in positions]
    dotted = any(
        _POINT_MILLIERS.fullmatch(clean(cells[positions[name]]))
        for _, cells in records
        for name in amounts
        if positions[name] < len(cells)
    )
    rows, seen = [], dict[tuple[str, int, int], int]()
    for line, cells in records:
        if any(clean(cell) for cell in cells[width:]):
            releve.add(
                "cellules en trop",
                line,
                "",
                f"{width} cellules",
                f"{len(cells)} cellules",
                "entourez de guillemets la cellule qui contient le séparateur",
            )
            continue
        row: dict[str, Any] = {"committed": None}
        for name, place in positions.items():
            text = clean(cells[place]) if place < len(cells) else ""
            shown = f"« {text[:40]} »" if text else "cellule vide"
            try:
                if not text and name in _FACULTATIFS:
                    continue
                if not text:
                    raise Unreadable("une valeur")
                if name == "line_id":
                    row[name] = text
                elif name in ("year", "month"):
                    row[name] = value = read_integer(text)
                    low, high = (1, 12) if name == "month" else (1900, 2200)
                    if not low <= value <= high:
                        raise Unreadable(f"un nombre entre {low} et {high}")
                else:
                    row[name] = lire_nombre(text, dotted)
            except Unreadable as error:
                releve.add(
                    f"champ « {name} » illisible",
                    line,
                    name,
                    str(error),
                    shown,
                    "corrigez la cellule",
                )
        if not {"line_id", "year", "month"} <= row.keys():
            continue
        key = (row["line_id"], row["year"], row["month"])
        if key in seen:
            releve.add(
                "ligne en double",
                line,
                "",
                "une seule ligne par line_id, année et mois",
                f"« {key[0][:40]} », {key[2]:02d}/{key[1]} déjà ligne {seen[key]}",
                "gardez une seule des deux",
            )
        seen.setdefault(key, line)
        if (row["year"], row["month"]) > (today.year, today.month):
            releve.add(
                "date dans le futur",
                line,
                "year",
                "un mois déjà commencé",
                f"{key[2]:02d}/{key[1]}",
                "retirez les mois à venir : ce ne sont pas des constats",
            )
        if "budget" in row and "spent" in row:
            rows.append((*key, row["budget"], row["committed"], row["spent"]))
    return rows


def _remarques(lignes: pd.DataFrame) -> list[str]:
    """What is unusual and accepted, in French."""
    ordered = lignes.sort_values(["line_id", "year", "month"])
    keys = [ordered["line_id"], ordered["year"]]
    falls = int((ordered.groupby(keys)["spent"].diff() < 0).sum())
    committed = ordered["committed"]
    counts = {
        "cumuls qui baissent d'un mois au suivant (reprises) : gardés tels quels": falls,
        "consommations négatives : gardées telles quelles": int((ordered["spent"] < 0).sum()),
        "budgets nuls ou négatifs : ni jugés ni appris": int((ordered["budget"] <= 0).sum()),
        "consommations au-dessus du budget : gardées telles quelles": int(
            ((ordered["spent"] > ordered["budget"]) & (ordered["budget"] > 0)).sum()
        ),
        "engagements inférieurs au consommé : relevés au consommé": int(
            (committed < ordered["spent"]).sum()
        ),
        "engagements au-dessus du budget : gardés tels quels": int(
            ((committed > ordered["budget"]) & (ordered["budget"] > 0)).sum()
        ),
    }
    found = [f"{count} {words}" for words, count in counts.items() if count]
    if committed.isna().all():
        found.append("engagements non renseignés : projection sans eux")
    elif committed.isna().any():
        found.append(f"{int(committed.isna().sum())} engagements non renseignés")
    full = set(ordered.loc[ordered["month"] == 12, "year"])
    ends = ordered.groupby(["line_id", "year"])["month"].max()
    lost = int(((ends < 12) & ends.index.get_level_values("year").isin(full)).sum())
    if lost:
        found.append(
            f"{lost} lignes sans décembre dans une année qui en a un : ni jugées ni apprises"
        )
    for year, months in ordered.groupby("year")["month"]:
        absent = [str(month) for month in range(1, 13) if month not in set(months)]
        if absent:
            words = "s" if len(absent) > 1 else ""
            found.append(f"{year} : mois absent{words} {', '.join(absent)}")
        if year not in full:
            found.append(f"{year} : sans décembre, ni jugée ni apprise")
    return found


def lire_execution(
    path: Path,
    colonnes: Mapping[str, str] | None = None,
    lignes: str = "",
    today: date | None = None,
) -> Execution:
    """Monthly execution read from a CSV; `BilanError` with every problem.

    `colonnes`: field -> title of its column; `lignes`: regular expression that a kept line's
    identifier contains.
    """
    fichier = path.name
    records = _cellules(_texte(path, fichier), fichier)
    (_, header), records = records[0], records[1:]
    positions, problems = _positions(header, fichier, colonnes or {})
    if problems:
        raise BilanError(problems)
    releve = _Releve(fichier)
    rows = _lignes(records, len(header), positions, releve, today or date.today())
    problems = releve.all()
    if not records:
        problems = [
            Problem(
                fichier,
                attendu="des lignes de budget",
                trouve="un en-tête seul",
                remede="déposez le fichier entier",
            )
        ]
    if problems:
        raise BilanError(problems)
    frame = pd.DataFrame(rows, columns=list(CHAMPS)).astype({"committed": "Int64"})
    kept = frame[frame["line_id"].str.contains(lignes, regex=True)] if lignes else frame
    if kept.empty:
        raise BilanError(
            [
                Problem(
                    fichier,
                    None,
                    "line_id",
                    f"des lignes dont l'identifiant contient « {lignes} »",
                    f"aucune sur {frame['line_id'].nunique()}",
                    "corrigez le motif de --lignes",
                )
            ]
        )
    kept = kept.sort_values(["line_id", "year", "month"], ignore_index=True)
    return Execution(fichier, kept, tuple(_remarques(kept)))
