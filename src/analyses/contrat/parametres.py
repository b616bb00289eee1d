"""Reading thresholds and interpretations that no signed text fixes (params/)."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

from analyses.socle.paths import PARAMS
from analyses.socle.problems import BilanError, Problem
from analyses.socle.yaml_files import read_yaml

SEUILS = (
    "seuil_sous_consommation",
    "tolerance_sous_consommation",
    "probabilite_alerte",
    "seuil_partiellement",
    "tolerance_atteinte",
    "seuil_cibles_atteintes",
    "facteur_tendance",
    "ecart_tendance",
    "petits_effectifs",
)
_KEYS = {"code", "article", "question", "lectures", "retenue", "pourquoi", "depuis"}


def load_seuils(params: Path = PARAMS) -> dict[str, Fraction]:
    """Thresholds as exact fractions; `BilanError` when one is absent or is no number.

    >>> load_seuils()["seuil_partiellement"]
    Fraction(1, 2)
    """
    raw = read_yaml(params / "seuils.yaml")
    raw = raw if isinstance(raw, dict) else {}
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
    """Points that the texts leave open: `lectures` maps the code of each reading to its words,
    `retenue` is the code of the chosen one.

    >>> load_interpretations()[0]["code"], load_interpretations()[0]["retenue"]
    ('cle-du-plan', 'prorata')
    """
    seen: dict[str, dict[str, Any]] = {}
    problems = []
    for path in sorted(params.glob("interpretations*.yaml"), reverse=True):
        raw = read_yaml(path)
        rows = raw.get("interpretations") if isinstance(raw, dict) else None
        for found in rows if isinstance(rows, list) else [rows]:
            row: dict[str, Any] = found if isinstance(found, dict) else {}
            code = str(row.get("code", "interpretations"))
            readings = row.get("lectures")
            readings = readings if isinstance(readings, dict) else {}
            well_made = set(row) == _KEYS and len(readings) > 1
            if not well_made or row["retenue"] not in readings or code in seen:
                problems.append(
                    Problem(
                        path.name,
                        champ=code,
                        attendu="un code unique, les clés " + ", ".join(sorted(_KEYS)) + ", au "
                        "moins deux lectures « code: texte » et une lecture retenue listée",
                        trouve=", ".join(sorted(row)) or "un autre contenu",
                        remede="complétez l'interprétation",
                    )
                )
            seen[code] = row
    if problems:
        raise BilanError(problems)
    return list(seen.values())


def load_lectures(params: Path = PARAMS) -> dict[str, str]:
    """The chosen reading of each interpretation.

    >>> load_lectures()["base-des-50-pour-cent"]
    'etat-cd'
    """
    return {row["code"]: str(row["retenue"]) for row in load_interpretations(params)}
