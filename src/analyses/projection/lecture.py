"""Reading a file of monthly budget execution: all problems at once, no silent repair."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path
from typing import cast

import pandas as pd

from analyses.depot.cellules import Unreadable, clean, read_integer, read_montant
from analyses.depot.csv_brut import decode, read_records, separator_of
from analyses.depot.schemas import normal_header
from analyses.socle.paths import PARAMS
from analyses.socle.problems import BilanError, Problem
from analyses.socle.yaml_files import read_yaml

CHAMPS = ("line_id", "year", "month", "budget", "committed", "spent")
_CLE = ("line_id", "year", "month")
_FACULTATIFS = {"committed"}
_BORNES = {"year": (1900, 2200), "month": (1, 12)}
_SHOWN = 20
_CHIFFRES = 15  # what 64 bits hold, in hundredths
_POINT_MILLIERS = re.compile(r"-?\d{1,3}(\.\d{3})+,\d+|-?\d{1,3}(\.\d{3}){2,}")

Record = tuple[int, list[str]]  # line of the file, cells


@dataclass(frozen=True)
class Execution:
    """One row per line, year and month; amounts are cumulative, in hundredths of the file's unit.

    `committed` is <NA> where the file does not say; `remarques` is what was accepted, in French.
    """

    fichier: str
    lignes: pd.DataFrame
    remarques: tuple[str, ...]


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


def _titres(colonnes: Mapping[str, str]) -> dict[str, list[set[str]]]:
    """Field -> the titles that it accepts, the first ones winning: the one that --colonnes names
    and no other, else the exact name, then its synonyms."""
    synonyms = read_yaml(PARAMS / "execution.yaml")
    return {
        name: [{normal_header(colonnes[name])}]
        if name in colonnes
        else [{normal_header(name)}, {normal_header(other) for other in synonyms.get(name, ())}]
        for name in CHAMPS
    }


def _positions(
    header: Sequence[str],
    fichier: str,
    colonnes: Mapping[str, str],
    titres: Mapping[str, list[set[str]]],
) -> dict[str, int]:
    """Field -> position."""
    titles = [normal_header(title) for title in header]
    shown = ", ".join(f"« {clean(title)} »" for title in header if clean(title)) or "rien"
    problems, positions = [], dict[str, int]()
    for name, choices in titres.items():
        matches = ([p for p, title in enumerate(titles) if title in some] for some in choices)
        found = next((places for places in matches if places), [])
        if len(found) == 1:
            positions[name] = found[0]
        elif found:
            several = " et ".join(f"« {clean(header[place])} »" for place in found)
            remedy = f"choisissez avec --colonnes {name}=TITRE"
            problems.append(Problem(fichier, 1, name, "une seule colonne", several, remedy))
        elif name not in _FACULTATIFS or name in colonnes:
            expected = f"la colonne « {colonnes.get(name, name)} »"
            remedy = (
                f"désignez-la avec --colonnes {name}=TITRE ou ajoutez son titre à "
                "params/execution.yaml"
            )
            problems.append(Problem(fichier, 1, name, expected, shown, remedy))
    if problems:
        raise BilanError(problems)
    return positions


def _records(path: Path, known: Mapping[str, str]) -> list[Record]:
    """The header and the rows, each with its line; `known`: titles that tell the separator."""

    def refused(expected: str, found: str, remedy: str, line: int | None = None) -> BilanError:
        return BilanError(Problem(path.name, line, "", expected, found, remedy))

    try:
        data = path.read_bytes()
    except OSError:
        raise refused("un fichier CSV", "rien de lisible", "vérifiez le chemin") from None
    utf16 = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    if data.startswith(b"PK\x03\x04") or (b"\x00" in data and not utf16):
        raise refused("un fichier CSV", "un fichier binaire", "enregistrez-le au format CSV")
    try:
        text = decode(data)
    except UnicodeDecodeError:
        found, remedy = "un fichier illisible", "réexportez-le"
        raise refused("un CSV en UTF-8 ou cp1252", found, remedy) from None
    declared = re.match(r"sep=.\r?\n", text, re.IGNORECASE)
    text = text[declared.end() :] if declared else text
    try:
        separator = separator_of(text.lstrip(), known)
        records = list(read_records(text, separator, 2 if declared else 1))
    except Unreadable as error:
        found, remedy = "un guillemet mal fermé", "corrigez cette ligne"
        raise refused("un CSV bien formé", found, remedy, int(str(error))) from None
    if not records:
        expected, remedy = "un en-tête et des lignes", "déposez le fichier entier"
        raise refused(expected, "un fichier vide", remedy)
    return records


class _Releve(list[tuple[str, Problem]]):
    """Problems of the rows, each with its kind."""

    def __init__(self, fichier: str) -> None:
        super().__init__()
        self.fichier = fichier

    def add(self, kind: str, line: int, champ: str, expected: str, found: str, remedy: str) -> None:
        self.append((kind, Problem(self.fichier, line, champ, expected, found, remedy)))

    def shown(self) -> list[Problem]:
        """By line, the first ones of each kind in full, the others counted."""
        counts, shown = Counter[str](), []
        for kind, problem in sorted(self, key=lambda one: one[1].ligne or 0):
            counts[kind] += 1
            if counts[kind] <= _SHOWN:
                shown.append(problem)
        for kind, count in counts.items():
            if count > _SHOWN:
                more = f"{count - _SHOWN} autres lignes : {kind}"
                remedy = "corrigez-les de même"
                shown.append(Problem(self.fichier, None, "", "des lignes lisibles", more, remedy))
        return shown


def _lire(name: str, text: str, point_milliers: bool) -> str | int | None:
    """Value of a field."""
    if not text:
        if name in _FACULTATIFS:
            return None
        raise Unreadable("une valeur")
    if name == "line_id":
        return text
    if name not in _BORNES:
        amount = lire_nombre(text, point_milliers)
        if abs(amount) >= 10**_CHIFFRES * 100:
            raise Unreadable(f"un nombre d'au plus {_CHIFFRES} chiffres avant la virgule")
        return amount
    value, (low, high) = read_integer(text), _BORNES[name]
    if not low <= value <= high:
        raise Unreadable(f"un nombre entre {low} et {high}")
    return value


def _champ(name: str, cells: pd.Series, point_milliers: bool, releve: _Releve) -> pd.Series:
    """A field by line, missing where a cell is empty or wrong; each distinct cell is read once."""
    read: dict[str, str | int | None] = {}
    wrong: dict[str, tuple[str, str]] = {}
    for cell in cells.unique():
        text = clean(cell)
        try:
            read[cell] = _lire(name, text, point_milliers)
        except Unreadable as error:
            wrong[cell] = (str(error), f"« {text[:40]} »" if text else "cellule vide")
    kind, remedy = f"champ « {name} » illisible", "corrigez la cellule"
    for line, cell in cells[cells.isin(list(wrong))].items():
        releve.add(kind, cast(int, line), name, *wrong[cell], remedy)
    dtype = "str" if name == "line_id" else "Int64"
    return pd.Series([read.get(cell) for cell in cells], cells.index, dtype=dtype)


def _lignes(
    records: Sequence[Record], width: int, positions: Mapping[str, int], releve: _Releve
) -> pd.DataFrame:
    """The fields of each row, by line of the file."""
    rows = {}
    for line, cells in records:
        if any(clean(cell) for cell in cells[width:]):
            remedy = "entourez de guillemets la cellule qui contient le séparateur"
            expected, found = f"{width} cellules", f"{len(cells)} cellules"
            releve.add("cellules en trop", line, "", expected, found, remedy)
        else:
            rows[line] = [
                cells[place] if place < len(cells) else "" for place in positions.values()
            ]
    texts = pd.DataFrame(list(rows.values()), list(rows), list(positions), dtype=object)
    amounts = [name for name in texts if name not in _CLE]
    dotted = any(
        _POINT_MILLIERS.fullmatch(clean(cell)) for name in amounts for cell in texts[name].unique()
    )
    fields = {name: _champ(name, texts[name], dotted, releve) for name in positions}
    return pd.DataFrame(fields, texts.index).reindex(columns=list(CHAMPS))


def _cles(lignes: pd.DataFrame, releve: _Releve, today: date) -> None:
    """Notes the rows that are there twice, or yet to come."""
    keys = lignes[list(_CLE)].dropna().rename_axis("line").reset_index()
    keys["first"] = keys.groupby(list(_CLE))["line"].transform("first")
    for line, code, year, month, first in keys[keys["first"] < keys["line"]].values.tolist():
        expected = "une seule ligne par line_id, année et mois"
        found = f"« {code[:40]} », {month:02d}/{year} déjà ligne {first}"
        releve.add("ligne en double", line, "", expected, found, "gardez une seule des deux")
    future = 12 * keys["year"] + keys["month"] > 12 * today.year + today.month
    for line, _, year, month, _ in keys[future].values.tolist():
        kind, expected = "date dans le futur", "un mois déjà commencé"
        remedy = "retirez les mois à venir : ce ne sont pas des constats"
        releve.add(kind, line, "year", expected, f"{month:02d}/{year}", remedy)


def _remarques(lignes: pd.DataFrame) -> list[str]:
    """What is unusual and accepted, in French; `lignes` in the order of its months."""
    budget, committed, spent = lignes["budget"], lignes["committed"], lignes["spent"]
    months, funded = lignes.groupby(["line_id", "year"]), budget > 0
    cases = {
        "cumuls qui baissent d'un mois au suivant (reprises) : gardés tels quels": (
            months["spent"].diff() < 0
        ),
        "consommations négatives : gardées telles quelles": spent < 0,
        "budgets nuls ou négatifs : ni jugés ni appris": ~funded,
        "consommations au-dessus du budget : gardées telles quelles": (spent > budget) & funded,
        "engagements inférieurs au consommé : relevés au consommé": committed < spent,
        "engagements au-dessus du budget : gardés tels quels": (committed > budget) & funded,
    }
    found = [f"{rows.sum()} {words}" for words, rows in cases.items() if rows.any()]
    if committed.isna().all():
        found.append("engagements non renseignés : projection sans eux")
    elif committed.isna().any():
        found.append(f"{committed.isna().sum()} engagements non renseignés")
    full = set(lignes.loc[lignes["month"] == 12, "year"])
    ends = months["month"].max()
    lost = ((ends < 12) & ends.index.get_level_values("year").isin(full)).sum()
    if lost:
        found.append(
            f"{lost} lignes sans décembre dans une année qui en a un : ni jugées ni apprises"
        )
    for year, known in lignes.groupby("year")["month"]:
        absent = [str(month) for month in range(1, 13) if month not in set(known)]
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
    fichier, colonnes = path.name, colonnes or {}
    titres = _titres(colonnes)
    known = {title: name for name, choices in titres.items() for some in choices for title in some}
    (_, header), *records = _records(path, known)
    positions = _positions(header, fichier, colonnes, titres)
    if not records:
        expected, found = "des lignes de budget", "un en-tête seul"
        raise BilanError(Problem(fichier, None, "", expected, found, "déposez le fichier entier"))
    releve = _Releve(fichier)
    frame = _lignes(records, len(header), positions, releve)
    _cles(frame, releve, today or date.today())
    if releve:
        raise BilanError(releve.shown())
    dtypes = {name: "int64" for name in CHAMPS if name not in ("line_id", *_FACULTATIFS)}
    frame = frame.astype(dtypes | dict.fromkeys(_FACULTATIFS, "Int64"))
    kept = frame[frame["line_id"].str.contains(lignes, regex=True)] if lignes else frame
    if kept.empty:
        expected = f"des lignes dont l'identifiant contient « {lignes} »"
        found, remedy = f"aucune sur {frame['line_id'].nunique()}", "corrigez le motif de --lignes"
        raise BilanError(Problem(fichier, None, "line_id", expected, found, remedy))
    kept = kept.sort_values(["line_id", "year", "month"], ignore_index=True)
    return Execution(fichier, kept, tuple(_remarques(kept)))
