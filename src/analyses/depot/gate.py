"""The gate: Great Expectations suites per table, run offline, with a French report."""

from __future__ import annotations

import datetime as dt
import html
import json
import os
import pickle
import subprocess
import sys
import types
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd

from analyses.depot.table import Table, objects, reading, table_schema
from analyses.socle.paths import PARAMS
from analyses.socle.problems import BilanError, Problem


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


Request = tuple[str, pd.DataFrame, list[dict[str, Any]]]

# Expectations that judge each value alone: its distinct values are enough.
_PAR_VALEUR = frozenset(
    f"expect_column_values_to_{what}"
    for what in ("be_between", "be_in_set", "match_regex", "not_be_null", "not_match_regex")
)
_PETITE = 5_000  # rows up to which a table is shown whole, which costs less than a view a column
_NOMBREUX = 10_000  # distinct values beyond which only filled or empty is shown, when it suffices
# Expectations that only compare values with one another: their ranks are enough.
_PAR_RANG = frozenset(["expect_compound_columns_to_be_unique", "expect_column_values_to_be_unique"])


def _plain(value: Any) -> Any:
    if isinstance(value, dt.date):
        return value.isoformat()
    return None if value == "" else value


def _series(table: Table, name: str) -> tuple[pd.Series, np.ndarray]:
    """Distinct values of a field as the suites see them, and the rank of each row's.

    Dates are ISO texts, euros centimes (float64), empty cells None.
    """
    column = table.columns[name]
    codes, values = pd.factorize(objects([_plain(v) for v in column.values]), use_na_sentinel=False)
    spec = next(f for f in table_schema(table.nom)["fields"] if f["name"] == name)
    numeric = reading(spec) in ("integer", "montant", "quote_part", "quotite", "decimal")
    return pd.Series(values, dtype="float64" if numeric else object), codes[column.codes]


def _frame(table: Table, kind: str, fields: tuple[str, ...]) -> tuple[pd.DataFrame, np.ndarray]:
    """What Great Expectations is shown for some fields, and the rank in it of each row.

    `rang` numbers what is shown: distinct values, a filled and an empty cell, or rows.
    """
    if kind == "presence":
        [name] = fields
        filled = table.columns[name].where(lambda value: _plain(value) is not None)
        shown_cells = [None, "rempli"] if filled.any() and not filled.all() else []
        shown_cells = shown_cells or (["rempli"] if filled.all() else [None])
        frame = pd.DataFrame({"rang": range(len(shown_cells)), name: objects(shown_cells)})
        return frame, (filled & (len(shown_cells) == 2)).astype("int64")
    series = {name: _series(table, name) for name in fields}
    if kind == "valeurs":
        [(name, (values, codes))] = series.items()
        return pd.DataFrame({"rang": range(len(values)), name: values}), codes
    shown: dict[str, Any] = {"rang": range(len(table))}
    for name, (values, codes) in series.items():
        if kind == "rangs":
            shown[name] = pd.Series(codes, dtype="float64").where(values.notna().to_numpy()[codes])
        else:
            shown[name] = values.to_numpy()[codes]
    return pd.DataFrame(shown), np.arange(len(table))


def _shown(table: Table, expectation: Mapping[str, Any]) -> tuple[str, tuple[str, ...]]:
    """How the expectation is shown the table (valeurs, presence, rangs, lignes), which fields."""
    kwargs = expectation["kwargs"]
    if len(table) <= _PETITE:
        return "lignes", tuple(table.columns)
    if expectation["type"] in _PAR_VALEUR and "mostly" not in kwargs:
        many = len(table.columns[kwargs["column"]].values) > _NOMBREUX
        alone = many and expectation["type"] == "expect_column_values_to_not_be_null"
        return ("presence" if alone else "valeurs"), (kwargs["column"],)
    if expectation["type"] in _PAR_RANG:
        return "rangs", tuple(kwargs.get("column_list") or [kwargs["column"]])
    return "lignes", tuple(table.columns)


def validate(tables: Mapping[str, Table], ahead: Ahead | None = None) -> list[Problem]:
    """Problems that the suites find; values of cells stay out of them.

    `ahead`: a process that may have Great Expectations ready, which takes seconds to import.
    """
    views = []
    for name, table in tables.items():
        if not len(table):
            continue
        expectations = load_suite(name)["expectations"]
        shown: dict[tuple[str, tuple[str, ...]], list[dict[str, Any]]] = {}
        for number, one in enumerate(expectations):
            numbered = dict(one) | {"meta": {**one.get("meta", {}), "numero": number}}
            shown.setdefault(_shown(table, one), []).append(numbered)
        for (kind, fields), chosen in shown.items():
            data, ranks = _frame(table, kind, fields)
            label = f"{name} {kind} {' '.join(fields)}"
            views.append((table, expectations, ranks, (label, data, chosen)))
    if not views:
        return []
    judged = (ahead.judge if ahead else judge)([request for *_, request in views])
    found: list[tuple[str, int, list[Problem]]] = []
    for (table, expectations, ranks, _), failures in zip(views, judged, strict=True):
        for number, wrong in failures.items():
            problems = list(_failures(expectations[number], table, ranks, wrong))
            found.append((table.nom, number, problems))
    order = list(tables)
    found.sort(key=lambda one: (order.index(one[0]), one[1]))
    return [problem for *_, problems in found for problem in problems]


def judge(requests: Sequence[Request]) -> list[dict[int, list[int]]]:
    """For each (label, frame, numbered expectations): those that fail, with the `rang` at fault.

    Great Expectations is imported here and nowhere else.
    """
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
        asset = context.data_sources.add_pandas("depot").add_dataframe_asset("depot")
        definition = asset.add_batch_definition_whole_dataframe("depot")
        judged = []
        for label, data, expectations in requests:
            outcome = definition.get_batch({"dataframe": data}).validate(
                gx.ExpectationSuite(name=label, expectations=expectations),
                result_format={
                    "result_format": "COMPLETE",
                    "unexpected_index_column_names": ["rang"],
                },
            )
            judged.append(
                {
                    result.expectation_config.meta["numero"]: [  # type: ignore[union-attr]
                        int(row["rang"])
                        for row in (result.result or {}).get("unexpected_index_list") or []
                    ]
                    for result in outcome.results
                    if not result.success
                }
            )
    return judged


class Ahead:
    """A process that imports Great Expectations while the files are read, then judges while they
    are checked.

    Worth its own start for large files only; when it fails the work is done here.
    """

    def __init__(self) -> None:
        self.pool, self.closed = ThreadPoolExecutor(1), False
        self.process = subprocess.Popen(
            [sys.executable, "-m", __name__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )

    def start(self, tables: Mapping[str, Table]) -> None:
        """Begin to validate the tables; `problems` waits for the end."""
        self.judged = self.pool.submit(validate, tables, self)

    def problems(self) -> list[Problem]:
        """Problems that the suites find."""
        return self.judged.result()

    def judge(self, requests: Sequence[Request]) -> list[dict[int, list[int]]]:
        """`judge`, in that process."""
        answer, _ = self.process.communicate(pickle.dumps(requests))
        if self.process.returncode == 0:
            return list(pickle.loads(answer))
        return [{} for _ in requests] if self.closed else judge(requests)

    def close(self) -> None:
        """End the process, whether it was used or not."""
        self.closed = True
        self.process.kill()
        self.pool.shutdown()
        if self.process.stdin and not self.process.stdin.closed:
            self.process.communicate()


def _serve() -> None:
    """The other side of `Ahead`: nothing but the answer may go to the standard output."""
    answer = os.dup(1)
    os.dup2(2, 1)
    # Two thirds of the import serve to draw charts, fit distributions and check web addresses, of
    # which this process does nothing.
    for name in ("altair", "scipy", "scipy.stats"):
        sys.modules[name] = types.ModuleType(name)
    sys.modules["scipy"].stats = sys.modules["scipy.stats"]  # type: ignore[attr-defined]
    sys.modules["rfc3987_syntax"] = None  # type: ignore[assignment]
    import great_expectations  # noqa: F401

    requests = pickle.load(sys.stdin.buffer)
    with os.fdopen(answer, "wb") as stream:
        pickle.dump(judge(requests), stream)


def _failures(
    expectation: Mapping[str, Any], table: Table, ranks: np.ndarray, wrong: Sequence[int]
) -> Iterator[Problem]:
    """One problem per failing row of one expectation."""
    meta = expectation.get("meta", {})
    champ = str(meta.get("champ") or expectation["kwargs"].get("column") or "")
    attendu = str(meta.get("attendu") or expectation["type"])
    remede = str(meta.get("remede") or "corrigez la cellule")
    for line in table.lignes[np.isin(ranks, wrong)].tolist():
        yield Problem(table.fichier, line, champ, attendu, "une valeur non conforme", remede)
    if not wrong:
        yield Problem(table.fichier, None, champ, attendu, "un contrôle en échec", remede)


def quality_json(tables: Sequence[Table], problems: Sequence[Problem], notes: Sequence[str]) -> str:
    """The outcome of the gate as JSON.

    >>> json.loads(quality_json([], [], []))["conforme"]
    True
    """
    content = {
        "conforme": not problems,
        "tables": [{"table": t.nom, "fichier": t.fichier, "lignes": len(t)} for t in tables],
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
        f"{len(problems)} problème{'s' if len(problems) > 1 else ''} : le bilan ne peut pas être "
        "produit."
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
    read = [[t.nom, t.fichier, len(t)] for t in tables]
    parts.append(_table("Fichiers lus", ["Table", "Fichier", "Lignes"], read))
    return (
        '<!DOCTYPE html>\n<html lang="fr"><head><meta charset="utf-8">'
        f"<title>{html.escape(title)}</title><style>{_STYLE}</style></head>\n"
        f"<body><main>{''.join(parts)}</main></body></html>\n"
    )


if __name__ == "__main__":
    _serve()
