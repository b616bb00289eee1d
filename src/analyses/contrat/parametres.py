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
POSTURES = ("prudente", "favorable")
INTERPRETATIONS = "interpretations.yaml"
_KEYS = {"code", "article", "question", "lectures", "pourquoi", "depuis", *POSTURES}
_FACULTATIVES = {"retenue", "enfreint"}


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


def load_posture(params: Path = PARAMS) -> str:
    """The general line on open texts: « prudente » (what the State has the least ground to contest)
    or « favorable » (to the département).

    >>> load_posture()
    'prudente'
    """
    raw = read_yaml(params / INTERPRETATIONS)
    posture = raw.get("posture") if isinstance(raw, dict) else None
    if posture not in POSTURES:
        raise BilanError(
            Problem(
                INTERPRETATIONS,
                champ="posture",
                attendu="une posture : " + " ou ".join(POSTURES),
                trouve="rien" if posture is None else f"« {posture} »",
                remede="indiquez la posture en tête du fichier",
            )
        )
    return str(posture)


def autre_posture(params: Path = PARAMS) -> str:
    """The posture that was not chosen.

    >>> autre_posture()
    'favorable'
    """
    return POSTURES[1 - POSTURES.index(load_posture(params))]


def load_interpretations(params: Path = PARAMS, posture: str = "") -> list[dict[str, Any]]:
    """Points that the texts leave open: `lectures` maps the code of each reading to its words,
    `retenue` is the code of the chosen one: that of the posture ('': the one of the file), unless
    the point has its own, with its reason (`propre`).

    >>> load_interpretations()[0]["code"], load_interpretations()[0]["retenue"]
    ('cle-du-plan', 'prorata')
    """
    line = posture or load_posture(params)
    proprietes = load_proprietes(params)
    seen: dict[str, dict[str, Any]] = {}
    problems = []
    for path in sorted(params.glob("interpretations*.yaml"), reverse=True):
        raw = read_yaml(path)
        rows = raw.get("interpretations") if isinstance(raw, dict) else None
        for found in rows if isinstance(rows, list) else [rows]:
            row: dict[str, Any] = found if isinstance(found, dict) else {}
            code = str(row.get("code", "interpretations"))
            if code in seen or not _well_made(row, proprietes):
                problems.append(_incomplete(path.name, code, row, proprietes))
                continue
            seen[code] = _retained(row, line)
            if line == POSTURES[0] and seen[code]["retenue"] in row.get("enfreint", {}):
                problems.append(_broken(path.name, seen[code], proprietes))
    if problems:
        raise BilanError(problems)
    return list(seen.values())


def load_proprietes(params: Path = PARAMS) -> dict[str, str]:
    """The properties that a reading may say that it breaks, in words.

    >>> sorted(load_proprietes())
    ['sous-la-caisse', 'sous-le-cout']
    """
    raw = read_yaml(params / INTERPRETATIONS)
    found = raw.get("proprietes") if isinstance(raw, dict) else None
    return {str(k): str(v) for k, v in found.items()} if isinstance(found, dict) else {}


def _well_made(row: dict[str, Any], proprietes: dict[str, str]) -> bool:
    readings, broken = row.get("lectures"), row.get("enfreint", {})
    if not _KEYS <= set(row) <= _KEYS | _FACULTATIVES or not isinstance(readings, dict):
        return False
    named = [row[name] for name in (*POSTURES, "retenue") if name in row]
    known = isinstance(broken, dict) and all(
        isinstance(names, list) and set(names) <= set(proprietes) for names in broken.values()
    )
    return len(readings) > 1 and known and {*named, *broken} <= set(readings)


def _retained(row: dict[str, Any], posture: str) -> dict[str, Any]:
    return row | {"retenue": row.get("retenue", row[posture]), "propre": "retenue" in row}


def _incomplete(
    fichier: str, code: str, row: dict[str, Any], proprietes: dict[str, str]
) -> Problem:
    return Problem(
        fichier,
        champ=code,
        attendu="un code unique, les clés " + ", ".join(sorted(_KEYS)) + ", au moins deux lectures "
        "« code: texte », des lectures listées pour « prudente », « favorable », « retenue » et "
        "« enfreint » (facultatives), et pour celle-ci des propriétés parmi "
        + (", ".join(proprietes) or "celles de « proprietes »"),
        trouve=", ".join(sorted(row)) or "un autre contenu",
        remede="complétez l'interprétation",
    )


def _broken(fichier: str, row: dict[str, Any], proprietes: dict[str, str]) -> Problem:
    """A reading that cannot be retained under the prudent posture."""
    reading = row["retenue"]
    words = " ; ".join(proprietes[name] for name in row["enfreint"][reading])
    return Problem(
        fichier,
        champ=row["code"],
        attendu=f"sous la posture {POSTURES[0]}, une lecture qui tient ses propriétés : {words}",
        trouve=f"« {reading} », qui l'enfreint",
        remede=f"retenez une autre lecture (« {row[POSTURES[0]]} » ?) ou changez la posture",
    )


def load_lectures(params: Path = PARAMS, posture: str = "") -> dict[str, str]:
    """The chosen reading of each interpretation, under a posture ('': the one of the file).

    >>> load_lectures()["base-des-50-pour-cent"]
    'etat-cd'
    >>> [load_lectures(posture=p)["forfait-volet-1"] for p in POSTURES]
    ['cout-reel', 'forfait']
    """
    return {row["code"]: str(row["retenue"]) for row in load_interpretations(params, posture)}
