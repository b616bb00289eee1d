"""What Great Expectations is asked of each table: what its schema says, and a few more controls.

params/qualite/<table>.json has the controls that a schema cannot say.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from analyses.depot.schemas import reading, table_schema
from analyses.socle.paths import PARAMS
from analyses.socle.problems import BilanError, Problem

Expectation = dict[str, Any]
_DATE = r"^20\d\d-\d\d-\d\d$"


def _asked(kind: str, champ: str, attendu: str, remede: str, **kwargs: Any) -> Expectation:
    meta = {"champ": champ, "attendu": attendu, "remede": remede}
    return {"type": f"expect_{kind}", "kwargs": kwargs, "meta": meta}


def _of_field(field: dict[str, Any]) -> Iterator[Expectation]:
    name, limits = field["name"], field.get("constraints", {})
    values = "column_values_to"
    if limits.get("required"):
        advice = "remplissez la cellule"
        yield _asked(f"{values}_not_be_null", name, "une valeur", advice, column=name)
    if known := limits.get("enum"):
        wanted, advice = f"une valeur parmi {', '.join(known)}", "corrigez la valeur"
        yield _asked(f"{values}_be_in_set", name, wanted, advice, column=name, value_set=known)
    bounds = {f"{key[:3]}_value": limits[key] for key in ("minimum", "maximum") if key in limits}
    if bounds:
        amount = reading(field) == "montant"
        wanted = f"un {'montant' if amount else 'nombre'} positif ou nul"
        if len(bounds) == 2:
            wanted = f"de {limits['minimum']} à {limits['maximum']}"
        advice = "déposez le montant positif" if amount else "corrigez la valeur"
        yield _asked(f"{values}_be_between", name, wanted, advice, column=name, **bounds)
    if field["type"] == "date":
        wanted, advice = "une date des années 2000 à 2099", "corrigez la date"
        yield _asked(f"{values}_match_regex", name, wanted, advice, column=name, regex=_DATE)


def _further(nom: str) -> list[Expectation]:
    path = PARAMS / "qualite" / f"{nom}.json"
    if not path.exists():
        return []
    try:
        found: list[Expectation] = json.loads(path.read_text(encoding="utf-8"))["expectations"]
    except (OSError, ValueError, KeyError) as error:
        line = error.lineno if isinstance(error, json.JSONDecodeError) else None
        expected, remedy = "une suite de contrôles en JSON", "rétablissez le fichier"
        raise BilanError(
            Problem(path.name, line, "", expected, "un fichier illisible", remedy)
        ) from None
    return found


def load_suite(nom: str) -> list[Expectation]:
    """Expectations of a table: those of its schema, then its further controls.

    >>> load_suite("mandats")[0]["type"], len(load_suite("mandats"))
    ('expect_column_values_to_not_be_null', 17)
    """
    schema = table_schema(nom)
    asked = [one for field in schema["fields"] for one in _of_field(field)]
    if key := schema.get("primaryKey"):
        wanted, advice = "une seule ligne par clé", "supprimez le doublon"
        rule = {"column_list": key, "ignore_row_if": "any_value_is_missing"}
        unique = "compound_columns_to_be_unique"
        asked.append(_asked(unique, ", ".join(key), wanted, advice, **rule))
    return asked + _further(nom)
