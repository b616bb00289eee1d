"""The gate: Great Expectations suites per table, run offline."""

from __future__ import annotations

import datetime as dt
import logging
import os
import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from analyses.depot.schemas import reading, table_schema
from analyses.depot.suites import Expectation, load_suite
from analyses.depot.table import Table, objects
from analyses.socle.problems import Problem

_NOMBRES = ("integer", "montant", "quote_part", "quotite", "decimal")


def _plain(value: object) -> object:
    if isinstance(value, dt.date):
        return value.isoformat()
    return None if value == "" else value


def _shown(table: Table) -> pd.DataFrame:
    """A table as the suites see it: dates are ISO texts, euros centimes (float64), empty cells
    None; `rang` numbers the rows."""
    shown: dict[str, Any] = {"rang": range(len(table))}
    for field in table_schema(table.nom)["fields"]:
        if (column := table.columns.get(field["name"])) is None:
            continue
        values = objects([_plain(value) for value in column.values])
        dtype: Any = "float64" if reading(field) in _NOMBRES else object
        shown[field["name"]] = pd.Series(values, dtype=dtype).to_numpy()[column.codes]
    return pd.DataFrame(shown)


def validate(tables: Mapping[str, Table]) -> list[Problem]:
    """Problems that the suites find; values of cells stay out of them."""
    filled = {name: table for name, table in tables.items() if len(table)}
    suites = {name: load_suite(name) for name in filled}
    if not filled:
        return []
    # Its import takes seconds: nothing else of the project needs it.
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    logging.getLogger("great_expectations").setLevel(logging.ERROR)
    problems: list[Problem] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import great_expectations as gx

        context = gx.get_context(mode="ephemeral")
        silent: Any = {"globally": False, "metric_calculations": False}
        context.variables.progress_bars = silent
        asset = context.data_sources.add_pandas("depot").add_dataframe_asset("depot")
        definition = asset.add_batch_definition_whole_dataframe("depot")
        for name, table in filled.items():
            asked = [
                one | {"meta": one.get("meta", {}) | {"numero": number}}
                for number, one in enumerate(suites[name])
            ]
            outcome = definition.get_batch({"dataframe": _shown(table)}).validate(
                gx.ExpectationSuite(name=name, expectations=asked),
                result_format={
                    "result_format": "COMPLETE",
                    "unexpected_index_column_names": ["rang"],
                },
            )
            failed = {}
            for result in outcome.results:
                rows = (result.result or {}).get("unexpected_index_list") or []
                if not result.success:
                    number = result.expectation_config.meta["numero"]  # type: ignore[union-attr]
                    failed[number] = [int(row["rang"]) for row in rows]
            for number in sorted(failed):
                problems += _failures(suites[name][number], table, failed[number])
    return problems


def _failures(expectation: Expectation, table: Table, wrong: Sequence[int]) -> Iterator[Problem]:
    """One problem per failing row of one expectation."""
    meta = expectation.get("meta", {})
    champ = str(meta.get("champ") or expectation["kwargs"].get("column") or "")
    attendu = str(meta.get("attendu") or expectation["type"])
    remede = str(meta.get("remede") or "corrigez la cellule")
    for line in table.lignes[sorted(wrong)].tolist():
        yield Problem(table.fichier, line, champ, attendu, "une valeur non conforme", remede)
    if not wrong:
        yield Problem(table.fichier, None, champ, attendu, "un contrôle en échec", remede)
