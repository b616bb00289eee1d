"""Planned trajectory of each action: the part of the year's budget that its fiche expects spent.

One file per contract version, `trajectoires.yaml`, an avenant's entry replacing the former one. A
year without an entry follows the fiche's calendar, linear from its start to its end.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictStr, ValidationError

from analyses.contrat.load import registry, schema_problems
from analyses.contrat.model import Action, Contrat
from analyses.socle.paths import PARAMS
from analyses.socle.problems import BilanError, Problem
from analyses.socle.yaml_files import read_yaml

FICHIER = "trajectoires.yaml"
LINEAIRE = "rien dans le texte ne donne le rythme : linéaire du début à la fin du calendrier"
_LECTURE = "lecture : "
Cle = tuple[str, str, int]  # contrat, action, exercice


def _part(value: Any) -> Any:
    """A part as people write it, exactly: 1, 0.25, "0,25", "25 %", "34/156"."""
    if isinstance(value, bool):
        raise ValueError("attendu une part entre 0 et 1")
    text = str(value).replace(",", ".").strip()
    try:
        part = Fraction(text.removesuffix("%").strip())
    except (ValueError, ZeroDivisionError):
        raise ValueError("attendu une part : 0, 1, 0.25, « 25 % » ou « 34/156 »") from None
    return part / 100 if text.endswith("%") else part


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class _Date(_Model):
    date: date
    source: StrictStr | None = None
    lecture: StrictStr | None = None


class _Point(_Date):
    part: Annotated[Fraction, BeforeValidator(_part)]


class _Entree(_Model):
    action: StrictStr
    exercice: int
    debut: _Date | None = None
    points: list[_Point] = Field(min_length=1)


@dataclass(frozen=True)
class Trajectoire:
    """Cumulative planned part of a year's budget: nothing before `debut`, then straight lines.

    `points`: (day, part reached in the evening, source, lecture). `declaree` is False when the
    curve is the default one, drawn from the fiche's calendar.
    """

    exercice: int
    debut: date | None
    debut_source: str
    points: tuple[tuple[date, Fraction, str], ...]
    declaree: bool = True

    def part(self, au: date) -> Fraction:
        """Planned part in the evening of a day (solidarités art. 2.1 and 2.2).

        >>> year = Trajectoire(2024, date(2024, 9, 1), "", ((date(2024, 12, 31), Fraction(1), ""),))
        >>> year.part(date(2024, 8, 31)), year.part(date(2024, 10, 31))
        (Fraction(0, 1), Fraction(1, 2))
        """
        eve = (self.debut or self.points[0][0]) - timedelta(days=1)
        before, reached = eve, Fraction(0)
        if au <= before:
            return reached
        for day, part, _ in self.points:
            if au <= day:
                return reached + (part - reached) * Fraction(
                    (au - before).days, (day - before).days
                )
            before, reached = day, part
        return reached

    @property
    def fin(self) -> Fraction:
        """Part that the plan expects on 31 December."""
        return self.part(date(self.exercice, 12, 31))

    @property
    def sources(self) -> list[str]:
        """The texts that date the curve."""
        return [w for w in self._textes if not w.startswith(_LECTURE)]

    @property
    def lectures(self) -> list[str]:
        """What no text says and the curve supposes."""
        return [w.removeprefix(_LECTURE) for w in self._textes if w.startswith(_LECTURE)]

    @property
    def _textes(self) -> list[str]:
        words = [self.debut_source, *(words for _, _, words in self.points)]
        return [w for w in dict.fromkeys(words) if w]


def defaut(contrat: Contrat, action: Action, exercice: int) -> Trajectoire:
    """The calendar's own curve: linear within the year between its start and its end.

    Nothing when the action starts later, everything when it has ended before.
    """
    group = contrat.groupes[action.groupe]
    debut = max(action.calendrier.debut or group.debut, group.debut)
    fin = min(action.calendrier.fin or group.fin, group.fin)
    first, last = date(exercice, 1, 1), date(exercice, 12, 31)
    start, end = max(debut, first), min(fin, last)
    if start > end:
        whole = Fraction(int(fin < first))
        points = ((first, whole, _LECTURE + LINEAIRE),)
        return Trajectoire(exercice, None, "", points, declaree=False)
    points = ((end, Fraction(1), _LECTURE + LINEAIRE),)
    return Trajectoire(exercice, start, action.calendrier.source, points, declaree=False)


def _words(entry: _Date) -> str:
    return entry.source or f"{_LECTURE}{entry.lecture}"


def _dates(entry: _Entree) -> Iterator[tuple[str, str, object, str]]:
    """(where, expected, found, remedy) of each wrong date, source or part of an entry."""
    before: date | None = None
    reached = Fraction(0)
    named: list[tuple[str, _Date]] = [("début", entry.debut)] if entry.debut else []
    named += [(f"point {rank}", point) for rank, point in enumerate(entry.points, 1)]
    for name, item in named:
        if item.date.year != entry.exercice:
            yield name, f"une date de {entry.exercice}", item.date, "corrigez la date"
        at_start = name == "point 1" and item.date == before
        if before is not None and item.date <= before and not at_start:
            yield name, f"une date après le {before}", item.date, "rangez les dates"
        before = item.date
        if (item.source is None) == (item.lecture is None):
            found = "rien" if item.source is None else "les deux"
            expected = "une source ou une lecture, l'une des deux"
            yield name, expected, found, "dites d'où vient la date"
        if not isinstance(item, _Point):
            continue
        if not 0 <= item.part <= 1:
            yield name, "une part entre 0 et 1", item.part, "corrigez la part cumulée"
        elif item.part < reached:
            expected = f"une part cumulée d'au moins {reached}"
            yield name, expected, item.part, "une part cumulée ne baisse pas"
        reached = max(reached, item.part)


def _codes(entry: _Entree, contrat: Contrat) -> Iterator[tuple[str, str, object, str]]:
    """The same of an action or an exercise that the contract does not have."""
    if entry.action not in contrat.actions:
        known = ", ".join(contrat.actions)
        yield "", f"une action parmi {known}", entry.action, "corrigez le code"
    if entry.exercice not in contrat.exercices:
        years = ", ".join(map(str, contrat.exercices))
        yield "", f"un exercice parmi {years}", entry.exercice, "corrigez l'exercice"


def _check(entry: _Entree, contrat: Contrat, fichier: str) -> list[Problem]:
    """What is wrong in one entry, beyond its schema."""
    place = f"action {entry.action}, {entry.exercice}"
    return [
        Problem(
            fichier, None, f"{place}, {name}" if name else place, expected, f"« {found} »", remedy
        )
        for name, expected, found, remedy in (*_codes(entry, contrat), *_dates(entry))
    ]


def _read(path: Path, contrat: Contrat, fichier: str, problems: list[Problem]) -> list[_Entree]:
    """Entries of one file; what is wrong goes to `problems`."""
    try:
        raw = read_yaml(path)
    except BilanError as error:
        problems += error.problems
        return []
    rows = raw.get("trajectoires") if isinstance(raw, dict) else None
    if not isinstance(rows, list):
        remedy = "reprenez la forme du fichier du contrat initial"
        expected = "une liste de trajectoires"
        problems.append(Problem(fichier, None, "trajectoires", expected, "autre chose", remedy))
        return []
    entries = []
    for rank, row in enumerate(rows, 1):
        try:
            entry = _Entree.model_validate(row)
        except ValidationError as error:
            problems += [
                replace(one, champ=f"trajectoire {rank} : {one.champ}", remede="corrigez la clé")
                for one in schema_problems(error, fichier)
            ]
            continue
        problems += _check(entry, contrat, fichier)
        entries.append(entry)
    counted = Counter(f"action {entry.action}, {entry.exercice}" for entry in entries)
    problems += [
        Problem(fichier, None, place, "une seule trajectoire", f"{number}", "gardez la bonne")
        for place, number in counted.items()
        if number > 1
    ]
    return entries


def load_trajectoires(
    contrats: Mapping[str, Contrat], params: Path = PARAMS
) -> dict[Cle, Trajectoire]:
    """Declared trajectories of the contracts, as their loaded versions leave them.

    Raises `BilanError` with every problem of every file.

    >>> from analyses.contrat.load import load_contrats
    >>> known = load_trajectoires(load_contrats("55"))
    >>> known["emploi", "v2-8", 2024].part(date(2024, 9, 30)), known["solidarites", "14", 2024].fin
    (Fraction(0, 1), Fraction(0, 1))
    """
    problems: list[Problem] = []
    found: dict[Cle, Trajectoire] = {}
    for code, contrat in contrats.items():
        folder = params / "contrats" / contrat.departement / code
        loaded = {version.code for version in contrat.versions}
        for name in registry(params)[contrat.departement]["contrats"][code]["versions"]:
            path = folder / name / FICHIER
            head = read_yaml(folder / name / "contrat.yaml")
            if not path.exists() or head["version"]["code"] not in loaded:
                continue
            for entry in _read(path, contrat, f"{code}/{name}/{FICHIER}", problems):
                points = tuple((point.date, point.part, _words(point)) for point in entry.points)
                start = entry.debut.date if entry.debut else None
                source = _words(entry.debut) if entry.debut else ""
                found[code, entry.action, entry.exercice] = Trajectoire(
                    entry.exercice, start, source, points
                )
    if problems:
        raise BilanError(problems)
    return found


def trajectoire(
    connues: Mapping[Cle, Trajectoire], contrat: Contrat, code: str, exercice: int
) -> Trajectoire:
    """The declared trajectory of an action for a year, else the one of its calendar."""
    declared = connues.get((contrat.code, code, exercice))
    return declared or defaut(contrat, contrat.actions[code], exercice)
