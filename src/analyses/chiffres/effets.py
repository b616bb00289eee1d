"""What every figure would be under the readings that were not chosen (lectures.csv)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any

import pandas as pd

from analyses.chiffres.chiffre import CLE, Chiffre, Rapport, Value, value_text
from analyses.chiffres.mesures import Mesures
from analyses.chiffres.table import bare_figures
from analyses.preparation.exercice import Preparation
from analyses.regles.moteur import Regles, run
from analyses.socle.tables import objects

COLONNES = [
    *("interpretation", "lecture", "mesure", "contrat", "exercice", "niveau", "code", "financeur"),
    *("unite", "retenu", "valeur", "ecart", "detail"),
]


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
            other = _all(again, exercices, mesures)
            for key in dict.fromkeys([*kept, *other]):
                one, two = kept.get(key), other.get(key)
                before, after = (None if c is None else _exact(c.valeur) for c in (one, two))
                figure = one or two
                if before != after and figure is not None:
                    rows.append(_row(code, reading, figure, mesures, before, after))
    return objects(rows, COLONNES)


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
