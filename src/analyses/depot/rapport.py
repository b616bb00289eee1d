"""The quality report of an exercise: what was read, what is wrong, for people and for the code."""

from __future__ import annotations

import html
import json
from collections.abc import Sequence
from dataclasses import asdict

from analyses.depot.table import Table
from analyses.socle.problems import Problem


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


def _table(caption: str, titles: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
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
