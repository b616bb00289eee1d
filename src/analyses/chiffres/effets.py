"""What every figure would be under the readings that were not chosen (lectures.csv)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from operator import attrgetter
from typing import Any

import pandas as pd

from analyses.atteinte.indicateurs import attainment
from analyses.chiffres.agregation import complete
from analyses.chiffres.atteinte import atteinte_figures
from analyses.chiffres.chiffre import CLE, Chiffre, Rapport, Value, value_text
from analyses.chiffres.mesures import Mesures
from analyses.chiffres.risque import risque_figures
from analyses.chiffres.table import bare_figures
from analyses.contrat.model import Contrat
from analyses.depot.exercice import Depot
from analyses.preparation.exercice import Preparation
from analyses.regles.moteur import Regles, run
from analyses.risque.risque import Risque, evaluer
from analyses.socle.tables import objects

COLONNES = [
    *("interpretation", "lecture", "mesure", "contrat", "exercice", "niveau", "code", "financeur"),
    *("unite", "retenu", "valeur", "ecart", "detail"),
]


POSTURE = "posture"  # stands for an interpretation: all of them at once
_key = attrgetter(*CLE)


class _Demandees(dict[str, str]):
    """Readings that note for which interpretations they were asked."""

    def __init__(self, lectures: Mapping[str, str]) -> None:
        super().__init__(lectures)
        self.codes: set[str] = set()

    def get(self, code: str, default: Any = None) -> Any:
        self.codes.add(code)
        return super().get(code, default)


def _all(regles: Regles, exercices: Sequence[int], mesures: Mesures) -> dict[Any, Chiffre]:
    return {_key(one): one for one in bare_figures(regles, exercices, mesures)[0]}


def effects(
    preparations: Sequence[Preparation],
    regles: Regles,
    interpretations: Iterable[Mapping[str, Any]],
    exercices: Sequence[int],
    mesures: Mesures,
) -> pd.DataFrame:
    """One row per figure that a reading would change: what was kept, what it would be, the gap.

    Each reading is tried alone, the others staying as chosen; an interpretation that no rule asks
    for moves nothing. The figures compared are the rows of the table `chiffres`. `retenu` and
    `valeur` are centimes, fractions or words, None where there is no figure; `ecart` is their
    difference.
    """
    chosen = _Demandees(regles.lectures)
    kept = _all(run(preparations, regles.declares, chosen, regles.suivants), exercices, mesures)
    rows: list[dict[str, Any]] = []
    for interpretation in interpretations:
        code = interpretation["code"]
        if code not in chosen.codes.intersection(chosen):
            continue
        for reading in interpretation["lectures"]:
            if reading == regles.lectures[code]:
                continue
            readings = {**regles.lectures, code: reading}
            again = run(preparations, regles.declares, readings, regles.suivants)
            rows += _moved(code, reading, kept, _all(again, exercices, mesures), mesures)
    return objects(rows, COLONNES)


def effects_of_posture(
    preparations: Sequence[Preparation],
    regles: Regles,
    posture: str,
    lectures: Mapping[str, str],
    exercices: Sequence[int],
    mesures: Mesures,
) -> pd.DataFrame:
    """The same for all the readings of another posture together; the interpretation is POSTURE."""
    kept = _all(regles, exercices, mesures)
    again = run(preparations, regles.declares, lectures, regles.suivants)
    rows = list(_moved(POSTURE, posture, kept, _all(again, exercices, mesures), mesures))
    return objects(rows, COLONNES)


def effects_of_judgments(
    risques: Sequence[Risque],
    indicateurs: pd.DataFrame,
    regles: Regles,
    contrats: Mapping[str, Contrat],
    depots: Sequence[Depot],
    seuils: Mapping[str, Fraction],
    interpretations: Iterable[Mapping[str, Any]],
    mesures: Mesures,
) -> pd.DataFrame:
    """The same for the readings of what is judged, which no rule asks for: the justifications of
    an underconsumption, the targets of an indicator. `depots`: those of earlier exercises too."""
    years = [risque.exercice for risque in risques]
    own = [depot for depot in depots if depot.exercice in years]

    def risk(lecture: str) -> list[Chiffre]:
        found = [
            figure
            for risque in risques
            for figure in risque_figures(
                _judged(risque, regles.contrats[risque.exercice], lecture),
                regles.contrats[risque.exercice],
                regles.executions[risque.exercice],
            )
        ]
        return complete(found, {year: regles.contrats[year] for year in years}, mesures)

    def attained(lecture: str) -> list[Chiffre]:
        frame = indicateurs
        if lecture != regles.lectures["cible-zero"]:
            frame = attainment(contrats, depots, seuils, {"cible-zero": lecture})
        executions = [regles.executions[year] for year in years]
        return list(atteinte_figures(frame, contrats, executions, own, seuils))

    rows: list[dict[str, Any]] = []
    judgments = {"justification-sans-piece": risk, "cible-zero": attained}
    for interpretation in interpretations:
        code = interpretation["code"]
        if code not in judgments:
            continue
        found = {
            reading: {_key(one): one for one in judgments[code](reading) if one.exercice in years}
            for reading in interpretation["lectures"]
        }
        kept = found.pop(regles.lectures[code])
        for reading, other in found.items():
            rows += _moved(code, reading, kept, other, mesures)
    return objects(rows, COLONNES)


def _judged(risque: Risque, contrats: Mapping[str, Contrat], lecture: str) -> Risque:
    """The risk where a justification needs its document, or not."""
    asked = lecture == "inoperante"
    if all(s.piece_exigee == asked for s in risque.situations):
        return risque
    again = [replace(s, piece_exigee=asked) for s in risque.situations]
    return evaluer(again, contrats, risque.seuils, risque.modele)


def _moved(
    code: str,
    reading: str,
    kept: Mapping[Any, Chiffre],
    other: Mapping[Any, Chiffre],
    mesures: Mesures,
) -> Iterator[dict[str, Any]]:
    """The rows of the figures that a reading changes."""
    for key in dict.fromkeys([*kept, *other]):
        one, two = kept.get(key), other.get(key)
        before, after = (None if c is None else _exact(c.valeur) for c in (one, two))
        figure = one or two
        if before != after and figure is not None:
            yield _row(code, reading, figure, mesures, before, after)


def _exact(value: Value | Rapport) -> Value:
    return value.exact if isinstance(value, Rapport) else value


def effects_table(frame: pd.DataFrame) -> pd.DataFrame:
    """The same as text, as lectures.csv writes it (euros with two decimals, fractions of 1)."""
    texts = {name: frame[name].astype(str) for name in COLONNES}
    for name in ("retenu", "valeur", "ecart"):
        pairs = zip(frame[name], frame["unite"], strict=True)
        texts[name] = pd.Series([value_text(value, unit) for value, unit in pairs], dtype=object)
    return pd.DataFrame(texts, columns=COLONNES)


def _row(
    code: str, reading: str, figure: Chiffre, mesures: Mesures, before: Value, after: Value
) -> dict[str, Any]:
    words = isinstance(before, str) or isinstance(after, str)
    gap = None
    if before is not None and after is not None and not words:
        gap = after - before  # type: ignore[operator]
    key = {name: getattr(figure, name) for name in CLE}
    return key | {
        "interpretation": code,
        "lecture": reading,
        "unite": mesures[figure.mesure].unite_publique,
        "retenu": before,
        "valeur": after,
        "ecart": gap,
    }
