"""The versions of a contract: the signed text, then its avenants, in order of effect."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from analyses.socle.problems import BilanError, Problem
from analyses.socle.yaml_files import read_yaml


def _dated(name: str) -> str:
    """The date that a text, or the name of a version's folder, starts with ('' without one)."""
    try:
        return date.fromisoformat(name[:10]).isoformat()
    except ValueError:
        return ""


def _effect(head: Any, place: str) -> tuple[date | None, list[Problem]]:
    """Date of effect that a contrat.yaml gives."""
    version = head.get("version") if isinstance(head, dict) else None
    given = version.get("effet") if isinstance(version, dict) else None
    try:
        return date.fromisoformat(str(given)), []
    except ValueError:
        problem = Problem(
            place,
            champ="version.effet",
            attendu="la date d'effet de la version, AAAA-MM-JJ",
            trouve="rien" if given is None else f"« {given} »",
            remede="indiquez la date à partir de laquelle la version s'applique",
        )
        return None, [problem]


def _signature(head: Any, place: str) -> list[Problem]:
    """What is wrong in the date of signature that a contrat.yaml gives, or leaves blank."""
    version = head.get("version") if isinstance(head, dict) else None
    given = version.get("signature") if isinstance(version, dict) else None
    if given is None or _dated(str(given)) == str(given):
        return []
    return [
        Problem(
            place,
            champ="version.signature",
            attendu="la date de signature, AAAA-MM-JJ, ou « null » tant qu'elle n'est pas connue",
            trouve=f"« {given} »",
            remede="corrigez la date, ou laissez null : non renseigné",
        )
    ]


def _order(name: str, effect: date, known: list[tuple[str, date]], place: str) -> list[Problem]:
    """What is wrong in the dates of an avenant against the contract and the avenant before it."""
    (first, initial), (last, previous) = known[0], known[-1]
    found = []
    if effect < initial:
        found.append(
            (
                "version.effet",
                f"une date d'effet après celle du contrat, {initial}",
                f"« {effect} », avant le contrat",
                "corrigez la date de l'avenant",
            )
        )
    elif effect < previous:
        found.append(
            (
                "version.effet",
                f"une date d'effet après celle de l'avenant précédent ({last}), {previous}",
                f"« {effect} »",
                "rangez les avenants par date d'effet dans registre.yaml",
            )
        )
    if _dated(name) and _dated(name) < _dated(first):
        found.append(
            (
                "dossier",
                f"un avenant daté d'après le contrat, du {_dated(first)}",
                f"« {name} », daté d'avant le contrat",
                "corrigez la date dans le nom du dossier et dans registre.yaml",
            )
        )
    return [Problem(place, None, *each) for each in found]


def check_versions(base: Path, names: list[str]) -> tuple[list[tuple[str, date]], list[Problem]]:
    """(folder, date of effect) of each version of a contract, and what is wrong in them.

    The first version is the signed contract; an avenant is neither dated (date that its folder's
    name starts with, that of the deliberation) nor effective before it, nor effective before the
    avenant that it follows.
    """
    versions: list[tuple[str, date]] = []
    problems: list[Problem] = []
    for name in names:
        place = f"{base.name}/{name}/contrat.yaml"
        try:
            head = read_yaml(base / name / "contrat.yaml")
        except BilanError as error:
            problems += [
                Problem(place, p.ligne, p.champ, p.attendu, p.trouve, p.remede)
                for p in error.problems
            ]
            continue
        effect, wrong = _effect(head, place)
        problems += [*wrong, *_signature(head, place)]
        if effect is None:
            continue
        if versions:
            problems += _order(name, effect, versions, place)
        versions.append((name, effect))
    return versions, problems
