"""Reading thresholds and interpretations that no signed text fixes (params/)."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

from analyses.paths import PARAMS
from analyses.problems import BilanError, Problem
from analyses.yaml_files import read_yaml

SEUILS = (
    "seuil_sous_consommation",
    "tolerance_sous_consommation",
    "probabilite_alerte",
    "seuil_partiellement",
)
_KEYS = {"code", "article", "question", "lectures", "retenue", "pourquoi", "depuis"}


def load_seuils(params: Path = PARAMS) -> dict[str, Fraction]:
    """Thresholds as exact fractions; `BilanError` when one is absent or is no number.

    >>> load_seuils()["seuil_partiellement"]
    Fraction(1, 2)
    """
    raw = read_yaml(params / "seuils.yaml") or {}
    seuils, problems = {}, []
    for name in SEUILS:
        try:
            seuils[name] = Fraction(str(raw[name]))
        except (KeyError, ValueError, ZeroDivisionError):
            problems.append(
                Problem(
                    "seuils.yaml",
                    champ=name,
                    attendu="un nombre",
                    trouve=f"« {raw.get(name, 'rien')} »",
                    remede="corrigez le seuil",
                )
            )
    problems += [
        Problem(
            "seuils.yaml",
            champ=str(key),
            attendu="un seuil connu",
            trouve=f"« {key} »",
            remede="retirez la clé",
        )
        for key in raw
        if key not in SEUILS
    ]
    if problems:
        raise BilanError(problems)
    return seuils


def load_interpretations(params: Path = PARAMS) -> list[dict[str, Any]]:
    """Readings chosen where the text is open, each with the others and the reason.

    >>> load_interpretations()[0]["code"]
    'cle-du-plan'
    """
    rows: list[dict[str, Any]] = read_yaml(params / "interpretations.yaml")["interpretations"]
    problems = [
        Problem(
            "interpretations.yaml",
            champ=str(row.get("code", "")),
            attendu="les clés " + ", ".join(sorted(_KEYS)) + " et une lecture retenue listée",
            trouve=", ".join(sorted(row)),
            remede="complétez l'interprétation",
        )
        for row in rows
        if set(row) != _KEYS or row["retenue"] not in row["lectures"]
    ]
    if problems:
        raise BilanError(problems)
    return rows
