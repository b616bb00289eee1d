"""Reading the contracts: registry, versions overlaid in order, schema checked with file and key."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from analyses.contrat import model
from analyses.contrat.versions import check_versions
from analyses.paths import PARAMS
from analyses.problems import BilanError, Problem
from analyses.yaml_files import read_yaml

M = TypeVar("M", bound=BaseModel)

_EXPECTED = {
    "missing": "cette clé",
    "extra_forbidden": "une clé du schéma",
    "string_type": "un texte (entre guillemets)",
    "int_parsing": "un nombre entier",
    "int_type": "un nombre entier",
    "date_from_datetime_parsing": "une date AAAA-MM-JJ",
    "date_parsing": "une date AAAA-MM-JJ",
    "date_type": "une date AAAA-MM-JJ",
    "bool_type": "true ou false",
    "bool_parsing": "true ou false",
    "list_type": "une liste",
    "dict_type": "un ensemble de clés",
    "model_type": "un ensemble de clés",
}


def schema_problems(error: ValidationError, fichier: str) -> list[Problem]:
    """The errors of a schema check in French: file, key, what was expected, what was found."""
    problems = []
    for item in error.errors():
        expected = _EXPECTED.get(item["type"])
        if item["type"] == "literal_error":
            expected = "une valeur parmi " + str(item.get("ctx", {}).get("expected", ""))
        if item["type"] == "string_pattern_mismatch":
            expected = f"un texte de la forme {item.get('ctx', {}).get('pattern', '')}"
        if item["type"] == "value_error":
            expected = str(item.get("ctx", {}).get("error", "")).removeprefix("attendu ")
        found = "rien" if item["type"] == "missing" else f"« {str(item['input'])[:60]} »"
        problems.append(
            Problem(
                fichier,
                champ=".".join(str(part) for part in item["loc"]),
                attendu=expected or item["type"],
                trouve=found,
                remede="corrigez la clé (voir README, « ajouter un contrat »)",
            )
        )
    return problems


def _check(kind: type[M], raw: Any, fichier: str, problems: list[Problem]) -> M | None:
    try:
        return kind.model_validate(raw)
    except ValidationError as error:
        problems.extend(schema_problems(error, fichier))
        return None


def _merge(base: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    """Overlay of an avenant: mappings merge, keyed lists replace by `code`, rest replaces.

    >>> _merge({"a": [{"code": "x", "v": 1}], "b": 1}, {"a": [{"code": "x", "v": 2}], "b": 3})
    {'a': [{'code': 'x', 'v': 2}], 'b': 3}
    """
    merged = dict(base)
    for key, value in change.items():
        old = merged.get(key)
        if isinstance(old, dict) and isinstance(value, dict):
            merged[key] = _merge(old, value)
        elif key == "financements" and isinstance(old, list):
            years = {row["exercice"] for row in value if row.get("retenu")}
            kept = [
                {**row, "retenu": row["retenu"] and row["exercice"] not in years} for row in old
            ]
            merged[key] = kept + value
        elif isinstance(old, list) and isinstance(value, list) and old and "code" in old[0]:
            by_code = {row["code"]: row for row in old}
            for row in value:
                by_code[row["code"]] = _merge(by_code.get(row["code"], {}), row)
            merged[key] = list(by_code.values())
        else:
            merged[key] = value
    return merged


def _action_files(folder: Path) -> Iterator[Path]:
    return iter(sorted((folder / "actions").glob("*.yaml")))


def _natural(code: str) -> list[Any]:
    return [
        (part.isdigit(), int(part) if part.isdigit() else part)
        for part in code.replace("-", " ").replace("v", "v ").split()
    ]


def _read_version(folder: Path, state: dict[str, Any]) -> dict[str, Any]:
    """State of the contract after the version of `folder`; the files that speak are remembered."""
    head = read_yaml(folder / "contrat.yaml")
    version = head.pop("version")
    files = state.get("_files", {})
    new = _merge({k: v for k, v in state.items() if not k.startswith("_")}, head)
    new["versions"] = [*state.get("versions", []), version]
    actions = dict(state.get("actions", {}))
    seen: dict[str, str] = {}
    for path in _action_files(folder):
        raw = read_yaml(path)
        code = raw.get("code") if isinstance(raw, dict) else None
        if not isinstance(code, str):
            raise BilanError(
                [
                    Problem(
                        path.name,
                        champ="code",
                        attendu="le code de l'action",
                        trouve="rien",
                        remede="ajoutez la clé « code »",
                    )
                ]
            )
        if code in seen:
            raise BilanError(
                [
                    Problem(
                        path.name,
                        champ="code",
                        attendu="un fichier par action et par version",
                        trouve=f"« {code} », déjà dans {seen[code]}",
                        remede="gardez un seul des deux fichiers",
                    )
                ]
            )
        seen[code] = path.name
        actions[code] = _merge(actions.get(code, {}), raw)
        files[code] = f"{folder.name}/actions/{path.name}"
    new["actions"] = actions
    for name, key in (
        ("indicateurs_nationaux.yaml", "nationaux"),
        ("concordances.yaml", "concordances"),
    ):
        if (folder / name).exists():
            raw = read_yaml(folder / name)
            rows = raw["indicateurs" if key == "nationaux" else "concordances"]
            new[key] = _merge({key: state.get(key, [])}, {key: rows})[key]
    new["_files"] = files
    return new


def _build(raw: dict[str, Any], code: str, departement: str, fichier: str) -> model.Contrat:
    problems: list[Problem] = []
    files = raw.pop("_files")
    columns = raw.get("colonnes_indicateurs", [])
    national = raw.get("colonnes_nationaux", [])
    actions: dict[str, Any] = {}
    for action_code in sorted(raw["actions"], key=_natural):
        action_raw = raw["actions"][action_code]
        for row in action_raw.get("indicateurs") or []:
            row["colonnes"] = columns
        action = _check(model.Action, action_raw, files[action_code], problems)
        if action is not None:
            actions[action_code] = action
            if action.groupe not in raw["groupes"]:
                problems.append(
                    Problem(
                        files[action_code],
                        champ="groupe",
                        attendu="un axe ou un volet de contrat.yaml",
                        trouve=f"« {action.groupe} »",
                        remede="corrigez la clé",
                    )
                )
    for row in raw.get("nationaux", []):
        row["colonnes"] = national
    groups = {key: {"code": key, **value} for key, value in raw["groupes"].items()}
    clauses = {row["code"]: row for row in raw.get("clauses", [])}
    body = raw | {
        "code": code,
        "departement": departement,
        "actions": actions,
        "groupes": groups,
        "clauses": clauses,
        "version": raw["versions"][-1],
    }
    body.setdefault("nationaux", [])
    body.setdefault("concordances", [])
    contract = _check(model.Contrat, body, fichier, problems)
    if problems or contract is None:
        raise BilanError(problems)
    return contract


def registry(params: Path = PARAMS) -> dict[str, Any]:
    """The registry: départements, their contracts, the exercises and the folders of versions."""
    content = read_yaml(params / "registre.yaml")
    departements: dict[str, Any] = content["departements"]
    return departements


def load_contrats(
    departement: str, a_la_date: date | None = None, params: Path = PARAMS
) -> dict[str, model.Contrat]:
    """Contracts of a département as they stand at `a_la_date` (default: with every avenant).

    Raises `BilanError` for an unknown département, a broken file or a key outside the schema.

    >>> contrats = load_contrats("55")
    >>> len(contrats["solidarites"].actions), contrats["emploi"].clauses["avance"].article
    (20, 'art. 6')
    """
    return dict(_load(departement, a_la_date, params))


@lru_cache(maxsize=16)
def _load(
    departement: str, a_la_date: date | None, params: Path
) -> tuple[tuple[str, model.Contrat], ...]:
    known = registry(params)
    if departement not in known:
        raise BilanError(
            [
                Problem(
                    "registre.yaml",
                    champ="departement",
                    attendu="un département parmi " + ", ".join(known),
                    trouve=f"« {departement} »",
                    remede="ajoutez-le au registre ou corrigez la demande",
                )
            ]
        )
    problems: list[Problem] = []
    contracts = []
    for code, entry in known[departement]["contrats"].items():
        base = params / "contrats" / departement / code
        versions, wrong = check_versions(base, entry["versions"])
        problems += wrong
        if wrong:
            continue
        names = [
            name
            for rank, (name, effect) in enumerate(versions)
            if rank == 0 or a_la_date is None or effect <= a_la_date
        ]
        try:
            contracts.append((code, _contract(params, departement, code, tuple(names))))
        except BilanError as error:
            problems += error.problems
    if problems:
        raise BilanError(problems)
    return tuple(contracts)


def load_version(
    departement: str, contrat: str, version: str, params: Path = PARAMS
) -> model.Contrat:
    """A contract as one of its versions leaves it, whatever the dates of effect.

    >>> load_version("55", "emploi", "2024-06-20-initial").version.libelle
    'Convention n°1'
    """
    entry = registry(params)[departement]["contrats"][contrat]
    base = params / "contrats" / departement / contrat
    versions, problems = check_versions(base, entry["versions"])
    names = [name for name, _ in versions]
    if not problems and version not in names:
        problems = [
            Problem(
                "demande",
                champ="version",
                attendu=f"une version du contrat {contrat} parmi " + ", ".join(names),
                trouve=f"« {version} »",
                remede="corrigez la demande, ou ajoutez la version au registre",
            )
        ]
    if problems:
        raise BilanError(problems)
    kept = names[: names.index(version) + 1]
    return _contract(params, departement, contrat, tuple(kept))


@lru_cache(maxsize=32)
def _contract(
    params: Path, departement: str, code: str, versions: tuple[str, ...]
) -> model.Contrat:
    """A contract after some of its versions, overlaid in order."""
    state: dict[str, Any] = {}
    for name in versions:
        state = _read_version(params / "contrats" / departement / code / name, state)
    state["exercices"] = registry(params)[departement]["contrats"][code]["exercices"]
    return _build(state, code, departement, f"{code}/contrat.yaml")
