"""Reading the contracts: registry, versions overlaid in order, schema checked with file and key."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from analyses.contrat import model
from analyses.contrat.parametres import load_interpretations
from analyses.contrat.textes import citations_fausses
from analyses.contrat.versions import check_versions
from analyses.socle.paths import PARAMS
from analyses.socle.problems import BilanError, Problem
from analyses.socle.yaml_files import read_yaml

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
    "too_short": "au moins un élément",
    "too_long": "moins d'éléments",
}
# What tells the rows of a list apart when an avenant overlays it.
_ROW_KEYS = {
    "financements": ("exercice", "retenu"),
    "imprimes": ("niveau", "code", "financeur", "exercice"),
    "sous_totaux": ("libelle", "exercice"),
    "clauses": ("code",),
    "ineligibles": ("code",),
    "echeances": ("code",),
    "indicateurs": ("code",),
    "concordances": ("code",),
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
                attendu=expected or f"une valeur du schéma ({item['type']})",
                trouve=found,
                remede="corrigez la clé d'après un fichier voisin",
            )
        )
    return problems


def _check(kind: type[M], raw: Any, fichier: str, problems: list[Problem]) -> M | None:
    try:
        return kind.model_validate(raw)
    except ValidationError as error:
        problems.extend(schema_problems(error, fichier))
        return None


def _mapping(path: Path, required: str) -> dict[str, Any]:
    """Content of a file, of which what is overlaid before the schema is checked has its shape."""
    raw = read_yaml(path)
    if not isinstance(raw, dict):
        raise BilanError(_wrong(path.name, "", "un ensemble de clés", "un autre contenu"))
    problems = []
    if required not in raw:
        problems.append(_wrong(path.name, required, "cette clé", "rien"))
    for name in raw.keys() & _ROW_KEYS.keys():
        rows = raw[name] if isinstance(raw[name], list) else [raw[name]]
        for rank, row in enumerate(rows):
            keys = _ROW_KEYS[name]
            if not isinstance(row, dict) or any(key not in row for key in keys):
                place = f"{name}.{rank}" if isinstance(raw[name], list) else name
                expected = f"un élément de liste avec {', '.join(keys)}"
                problems.append(_wrong(path.name, place, expected, f"« {str(row)[:60]} »"))
    if problems:
        raise BilanError(problems)
    return raw


def _wrong(fichier: str, champ: str, attendu: str, trouve: str) -> Problem:
    remedy = "corrigez le fichier d'après un fichier voisin"
    return Problem(fichier, champ=champ, attendu=attendu, trouve=trouve, remede=remedy)


def _merge(base: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    """Overlay of an avenant: mappings merge, rows of a list replace by their key, rest replaces.

    >>> _merge({"clauses": [{"code": "x", "v": 1}]}, {"clauses": [{"code": "x", "v": 2}], "b": 3})
    {'clauses': [{'code': 'x', 'v': 2}], 'b': 3}
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
        elif isinstance(old, list) and key in _ROW_KEYS:
            by_key = {_row_key(key, row): row for row in old}
            for row in value:
                by_key[_row_key(key, row)] = _merge(by_key.get(_row_key(key, row), {}), row)
            merged[key] = list(by_key.values())
        else:
            merged[key] = value
    return merged


def _row_key(name: str, row: dict[str, Any]) -> tuple[str, ...]:
    return tuple(str(row[key]) for key in _ROW_KEYS[name])


def _natural(code: str) -> list[Any]:
    return [
        (part.isdigit(), int(part) if part.isdigit() else part)
        for part in code.replace("-", " ").replace("v", "v ").split()
    ]


def _read_version(folder: Path, state: dict[str, Any]) -> dict[str, Any]:
    """State of the contract after the version of `folder`; the files that speak are remembered."""
    head = _mapping(folder / "contrat.yaml", "version")
    version = head.pop("version")
    files = state.get("_files", {})
    new = _merge({k: v for k, v in state.items() if not k.startswith("_")}, head)
    new["versions"] = [*state.get("versions", []), version]
    actions = dict(state.get("actions", {}))
    seen: dict[str, str] = {}
    for path in sorted((folder / "actions").glob("*.yaml")):
        raw = _mapping(path, "code")
        code = raw["code"]
        if not isinstance(code, str):
            expected = "le code de l'action, entre guillemets"
            raise BilanError(_wrong(path.name, "code", expected, f"« {str(code)[:60]} »"))
        if code in seen:
            found = f"« {code} », déjà dans {seen[code]}"
            expected = "un fichier par action et par version"
            raise BilanError(_wrong(path.name, "code", expected, found))
        seen[code] = path.name
        actions[code] = _merge(actions.get(code, {}), raw)
        files[code] = f"{folder.name}/actions/{path.name}"
    new["actions"] = actions
    for name, key in (
        ("indicateurs_nationaux.yaml", "nationaux"),
        ("concordances.yaml", "concordances"),
    ):
        if (folder / name).exists():
            rows = "indicateurs" if key == "nationaux" else key
            raw = _mapping(folder / name, rows)
            new[key] = _merge({rows: state.get(key, [])}, {rows: raw[rows]})[rows]
    new["_files"] = files
    return new


def _build(raw: dict[str, Any], code: str, departement: str, fichier: str) -> model.Contrat:
    problems: list[Problem] = []
    files = raw.pop("_files")
    if not isinstance(raw.get("groupes"), dict):
        found = str(raw.get("groupes", "rien"))[:60]
        raise BilanError(_wrong(fichier, "groupes", "les axes ou les volets", f"« {found} »"))
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
                expected = "un axe ou un volet de contrat.yaml"
                found = f"« {action.groupe} »"
                problems.append(_wrong(files[action_code], "groupe", expected, found))
    for row in raw.get("nationaux", []):
        row["colonnes"] = national
    groups = {
        key: {"code": key, **value} if isinstance(value, dict) else value
        for key, value in raw["groupes"].items()
    }
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
    problems: list[Problem] = []
    content = _check(model.Registre, read_yaml(params / "registre.yaml"), "registre.yaml", problems)
    if content is None:
        raise BilanError(problems)
    return content.model_dump()["departements"]


@lru_cache(maxsize=1)
def titres_courts() -> dict[str, str]:
    """What a table calls each contract, by its code.

    >>> titres_courts()["emploi"]
    'Insertion-emploi'
    """
    entries = (entry for place in registry().values() for entry in place["contrats"].items())
    return {code: entry["titre_court"] or code for code, entry in entries}


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
            Problem(
                "registre.yaml",
                champ="departement",
                attendu="un département parmi " + ", ".join(known),
                trouve=f"« {departement} »",
                remede="ajoutez-le au registre ou corrigez la demande",
            )
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
    try:
        readings = {row["code"] for row in load_interpretations(params)}
        problems += [p for _, contrat in contracts for p in _unfounded(contrat, readings)]
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
    contrat = _build(state, code, departement, f"{code}/contrat.yaml")
    if wrong := list(citations_fausses(contrat, params / "contrats" / departement / "textes")):
        raise BilanError(wrong)
    return contrat


def _unfounded(contrat: model.Contrat, readings: set[str]) -> Iterator[Problem]:
    """Indicators that cite an interpretation nobody wrote, or another indicator that is absent."""
    indicators = {
        f"{action}/{indicateur.code}": indicateur for action, indicateur in contrat.indicateurs()
    }
    for place, indicateur in indicators.items():
        formule = indicateur.formule
        cited = {f"fondements.{key}": text for key, text in indicateur.fondements.items()}
        if formule is not None:
            cited["formule.fondement"] = formule.fondement
            for term in [*formule.termes, *([formule.sur] if formule.sur else [])]:
                if term not in indicators:
                    yield Problem(
                        f"{contrat.code}, indicateur {place}",
                        champ="formule",
                        attendu="des indicateurs du contrat, <action>/<code>",
                        trouve=f"« {term} »",
                        remede="corrigez la formule",
                    )
        for key, text in cited.items():
            if re.fullmatch(r"[a-z0-9-]+", text) and text not in readings:
                yield Problem(
                    f"{contrat.code}, indicateur {place}",
                    champ=key,
                    attendu="le code d'une interprétation, ou le texte du contrat entre guillemets",
                    trouve=f"« {text} »",
                    remede="écrivez l'interprétation dans interpretations-indicateurs.yaml",
                )
