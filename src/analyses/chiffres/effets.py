"""What each figure would be under the readings that were not chosen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from analyses.chiffres.regles import Chiffre, figures, shared_figures, value_text
from analyses.preparation.exercice import Preparation
from analyses.regles.moteur import Regles, run

COLONNES = [
    "interpretation",
    "lecture",
    "mesure",
    "contrat",
    "exercice",
    "niveau",
    "code",
    "financeur",
    "unite",
    "retenu",
    "valeur",
    "ecart",
]


def _all(regles: Regles, exercices: Sequence[int]) -> dict[tuple[Any, ...], Chiffre]:
    found = [*figures(regles, exercices), *shared_figures(regles, exercices)]
    return {figure.cle: figure for figure in found}


def effects(
    preparations: Sequence[Preparation],
    regles: Regles,
    interpretations: Iterable[Mapping[str, Any]],
    exercices: Sequence[int],
) -> pd.DataFrame:
    """One row per figure that a reading would change: what was kept, what it would be, the gap.

    Each reading is tried alone, the others staying as chosen. `retenu` and `valeur` are centimes,
    fractions or words, None where there is no figure; `ecart` is their difference.
    """
    kept = _all(regles, exercices)
    rows: list[dict[str, Any]] = []
    for interpretation in interpretations:
        code = interpretation["code"]
        if code not in regles.lectures:
            continue
        for reading in interpretation["lectures"]:
            if reading == regles.lectures[code]:
                continue
            other = _all(
                run(preparations, regles.declares, {**regles.lectures, code: reading}), exercices
            )
            for key in dict.fromkeys([*kept, *other]):
                one, two = kept.get(key), other.get(key)
                before, after = (None if c is None else c.valeur for c in (one, two))
                if before != after:
                    rows.append(_row(code, reading, one or two, before, after))
    return pd.DataFrame(
        {name: pd.Series([row[name] for row in rows], dtype=object) for name in COLONNES}
    )


def effects_table(frame: pd.DataFrame) -> pd.DataFrame:
    """The same as text, as lectures.csv writes it (euros with two decimals, fractions of 1)."""
    texts = {name: frame[name].astype(str) for name in COLONNES[:9]}
    for name in COLONNES[9:]:
        texts[name] = pd.Series([value_text(value) for value in frame[name]], dtype=object)
    return pd.DataFrame(texts, columns=COLONNES)


def _row(code: str, reading: str, figure: Any, before: Any, after: Any) -> dict[str, Any]:
    comparable = None not in (before, after) and not isinstance(before, str)
    return {
        "interpretation": code,
        "lecture": reading,
        "mesure": figure.mesure,
        "contrat": figure.contrat,
        "exercice": figure.exercice,
        "niveau": figure.niveau,
        "code": figure.code,
        "financeur": figure.financeur,
        "unite": figure.unite,
        "retenu": before,
        "valeur": after,
        "ecart": after - before if comparable else None,
    }
