"""The gate: Great Expectations suites per table, run offline, with a French report."""

from __future__ import annotations

import datetime as dt
import html
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import pandas as pd

from analyses.depot.table import Table, reading, table_schema
from analyses.paths import PARAMS
from analyses.problems import BilanError, Problem


def load_suite(nom: str) -> dict[str, Any]:
    """Suite of a table, from params/qualite/.

    >>> load_suite("mandats")["name"]
    'mandats'
    """
    path = PARAMS / "qualite" / f"{nom}.json"
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise BilanError(
            [
                Problem(
                    path.name,
                    getattr(error, "lineno", None),
                    "",
                    "une suite de contrôles en JSON",
                    "un fichier illisible",
                    "rétablissez le fichier",
                )  # fmt: skip
            ]
        ) from None


def gate_frame(table: Table) -> pd.DataFrame:
    """Rows as the suites see them: dates as ISO texts, euros in centimes, empty cells as None."""
    columns: dict[str, pd.Series] = {"ligne": pd.Series([row["ligne"] for row in table.rows])}
    for spec in table_schema(table.nom)["fields"]:
        values = [_plain(row[spec["name"]]) for row in table.rows]
        numeric = reading(spec) in ("integer", "montant", "quote_part", "quotite", "decimal")
        columns[spec["name"]] = pd.Series(values, dtype="float64" if numeric else object)
    return pd.DataFrame(columns)


def _plain(value: Any) -> Any:
    if isinstance(value, dt.date):
        return value.isoformat()
    return None if value == "" else value


def validate(tables: Mapping[str, Table]) -> list[Problem]:
    """Problems that the suites find; values of cells stay out of them.

    Great Expectations is imported here and nowhere else: it takes several seconds.
    """
    suites = {name: load_suite(name) for name, table in tables.items() if table.rows}
    if not suites:
        return []
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    import logging
    import warnings

    logging.getLogger("great_expectations").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import great_expectations as gx

        context = gx.get_context(mode="ephemeral")
        silent: Any = {"globally": False, "metric_calculations": False}
        context.variables.progress_bars = silent
        source = context.data_sources.add_pandas("depot")
        problems: list[Problem] = []
        for name, content in suites.items():
            asset = source.add_dataframe_asset(name)
            definition = asset.add_batch_definition_whole_dataframe("tout")
            batch = definition.get_batch({"dataframe": gate_frame(tables[name])})
            suite = gx.ExpectationSuite(name=name, expectations=content["expectations"])
            outcome = batch.validate(
                suite,
                result_format={
                    "result_format": "COMPLETE",
                    "unexpected_index_column_names": ["ligne"],
                },
            )
            for result in outcome.results:
                problems += _failures(result, tables[name].fichier)
    return problems


def _failures(result: Any, fichier: str) -> Iterator[Problem]:
    """One problem per failing row of one expectation."""
    if result.success:
        return
    meta = result.expectation_config.meta or {}
    champ = str(meta.get("champ") or result.expectation_config.kwargs.get("column") or "")
    attendu = str(meta.get("attendu") or result.expectation_config.type)
    remede = str(meta.get("remede") or "corrigez la cellule")
    rows = (result.result or {}).get("unexpected_index_list") or []
    lines = sorted({int(row["ligne"]) for row in rows})
    for line in lines:
        yield Problem(fichier, line, champ, attendu, "une valeur non conforme", remede)
    if not lines:
        yield Problem(fichier, None, champ, attendu, "un contrôle en échec", remede)


def quality_json(tables: Sequence[Table], problems: Sequence[Problem], notes: Sequence[str]) -> str:
    """The outcome of the gate as JSON.

    >>> json.loads(quality_json([], [], []))["conforme"]
    True
    """
    content = {
        "conforme": not problems,
        "tables": [{"table": t.nom, "fichier": t.fichier, "lignes": len(t.rows)} for t in tables],
        "problemes": [asdict(problem) for problem in problems],
        "remarques": list(notes),
    }
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


def quality_problems(text: str) -> list[Problem]:
    """Problems kept in a `qualite.json`.

    >>> kept = Problem("a.csv", 2, "montant", "des euros", "« x »", "corrigez")
    >>> quality_problems(quality_json([], [kept], [])) == [kept]
    True
    """
    return [Problem(**problem) for problem in json.loads(text)["problemes"]]


_STYLE = (
    "body{font-family:sans-serif;max-width:70em;margin:2em auto;padding:0 1em}"
    "table{border-collapse:collapse;width:100%}caption{text-align:left;font-weight:bold;"
    "padding:.5em 0}th,td{border:1px solid #767676;padding:.3em .5em;text-align:left}"
)


def _table(caption: str, titles: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    head = "".join(f'<th scope="col">{html.escape(title)}</th>' for title in titles)
    body = "".join(
        "<tr>" + "".join(f"<td>{html.escape(str(cell))}</td>" for cell in row) + "</tr>\n"
        for row in rows
    )
    return (
        f"<table><caption>{html.escape(caption)}</caption>\n"
        f"<thead><tr>{head}</tr></thead>\n<tbody>{body}</tbody></table>\n"
    )


def quality_html(
    title: str,
    tables: Sequence[Table],
    problems: Sequence[Problem],
    notes: Sequence[str],
    simule: bool = False,
) -> str:
    """French quality report: the answer, then the failing rows, then what was read.

    >>> "Aucun problème" in quality_html("Qualité", [], [], [])
    True
    """
    answer = (
        f"{len(problems)} problème(s) : le bilan ne peut pas être produit."
        if problems
        else "Aucun problème : les fichiers déposés peuvent être utilisés."
    )
    banner = "<p><strong>Données simulées</strong></p>" if simule else ""
    parts = [f"<h1>{html.escape(title)}</h1>{banner}<p>{answer}</p>\n"]
    if problems:
        titles = ["Fichier", "Ligne", "Champ", "Attendu", "Trouvé", "Remède"]
        rows = [
            [p.fichier, "" if p.ligne is None else p.ligne, p.champ, p.attendu, p.trouve, p.remede]
            for p in problems
        ]
        parts.append(_table("Lignes en échec", titles, rows))
    if notes:
        items = "".join(f"<li>{html.escape(note)}</li>" for note in notes)
        parts.append(f"<h2>Remarques</h2><ul>{items}</ul>\n")
    read = [[t.nom, t.fichier, len(t.rows)] for t in tables]
    parts.append(_table("Fichiers lus", ["Table", "Fichier", "Lignes"], read))
    return (
        '<!DOCTYPE html>\n<html lang="fr"><head><meta charset="utf-8">'
        f"<title>{html.escape(title)}</title><style>{_STYLE}</style></head>\n"
        f"<body><main>{''.join(parts)}</main></body></html>\n"
    )
