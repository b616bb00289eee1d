"""The frozen scenarios: what the chain says of each, as plain rows. Every import of the code under
test stands here, so that a module that moves is followed in one place.

`python tests/scenarios_gel.py NAME…` freezes scenarios that are not frozen yet; a frozen file is
never written again: a figure that moves is an entry of tests/gel/ecarts.yaml.
"""

from __future__ import annotations

import ast
import csv
import gzip
import io
import json
import random
import re
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from html import unescape
from pathlib import Path
from typing import Any
from unittest.mock import patch

import openpyxl
import pytest
import test_cas
import yaml

from analyses import bilan
from analyses.chiffres.effets import effects, effects_table
from analyses.chiffres.mesures import load_mesures
from analyses.cli import main
from analyses.contrat.parametres import load_interpretations
from analyses.rendu.workbook import write_workbook
from analyses.socle import paths

GEL = Path(__file__).parent / "gel"
CLES = ("mesure", "contrat", "exercice", "niveau", "code", "financeur")
CLES_LECTURES = ("interpretation", "lecture", *CLES)
Rows = dict[str, list[dict[str, str]]]  # kind of file -> rows
FICHIERS = (
    *("mandats", "affectations", "recettes", "resultats_indicateurs", "justifications"),
    *("temps_agents", "engagements", "formations_academie", "decisions_eligibilite"),
)
CARNETS = {
    (2024, ""): ("01-qualite", "02-execution", "03-sous-consommation", "04-indicateurs"),
    (2024, "2024-06-30"): ("02-execution", "03-sous-consommation", "05-regles"),
    (2025, ""): ("bilan", "rapport-execution"),
}
FUT = {"bilan": "bilan-final"}  # under which name a notebook was frozen


class Atelier:
    """A place where scenarios are run: the simulated example, written once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.exemple = folder / "exemple" / "raw"
        if not self.exemple.exists():
            assert main(["exemple", "--sortie", str(self.exemple)]) == 0

    @contextmanager
    def isolated(self, name: str) -> Iterator[tuple[Path, pytest.MonkeyPatch]]:
        place = self.folder / name
        place.mkdir(parents=True, exist_ok=True)
        with pytest.MonkeyPatch.context() as monkey:
            monkey.setattr(paths, "PROCESSED", place / "processed")
            yield place, monkey


def _texts(frame: Any) -> list[dict[str, str]]:
    return [{k: str(v) for k, v in row.items()} for row in frame.to_dict("records")]


def _figures(b: Any) -> Rows:
    frame = effects(b.preparations, b.regles, load_interpretations(), b.exercices, load_mesures())
    return {"resultats": _texts(b.resultats), "lectures": _texts(effects_table(frame))}


def _workbook(b: Any, folder: Path) -> Rows:
    """Cells of tableaux.xlsx: what a reader without a calculation engine sees, and the formula."""
    path = folder / "tableaux.xlsx"
    write_workbook(path, b)
    values = openpyxl.load_workbook(path, data_only=True)
    formulas = openpyxl.load_workbook(path)
    rows = []
    for sheet in values.worksheets:
        for line in sheet.iter_rows():
            for cell in line:
                if cell.value is not None:
                    formula = formulas[sheet.title][cell.coordinate].value
                    row = {"feuille": sheet.title, "cellule": cell.coordinate}
                    rows.append(row | {"valeur": str(cell.value), "formule": str(formula)})
    return {"classeur": rows}


# --- pages ----------------------------------------------------------------------------------


def _plain(text: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", text)).split())


def html_tables(html: str) -> Iterator[dict[str, str]]:
    """One row per cell of the HTML tables: caption, rank of the row, column, text."""
    for table in re.findall(r"<table.*?</table>", html, re.S):
        found = re.search(r"<caption>(.*?)</caption>", table, re.S)
        if found is None:
            continue
        caption = _plain(found[1])
        head = [_plain(c) for c in re.findall(r"<th [^>]*col_heading[^>]*>(.*?)</th>", table, re.S)]
        for rank, line in enumerate(re.findall(r"<tr>(.*?)</tr>", table, re.S)[1:]):
            cells = re.findall(r"<td[^>]*>(.*?)</td>", line, re.S)
            for column, cell in zip(head, cells, strict=False):
                place = {"legende": caption, "rang": str(rank), "colonne": column}
                yield place | {"texte": _plain(cell)}


def shown(notebook: str, parameters: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """HTML, or markdown, of what each cell of a notebook shows, run here, with the cell's id;
    figures are left out."""
    path = paths.NOTEBOOKS / f"{notebook}.ipynb"
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    space: dict[str, Any] = {}
    out: list[Any] = []
    with patch("IPython.display.display", lambda *found, **_: out.extend(found)):
        for cell in cells:
            source = "".join(cell["source"])
            if cell["cell_type"] != "code" or "figure" in cell["id"]:
                continue
            tree = ast.parse(source)
            last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
            exec(compile(tree, notebook, "exec"), space)
            if last is not None:
                out.append(eval(compile(ast.Expression(last.value), notebook, "eval"), space))
            if "parameters" in cell["metadata"].get("tags", []):
                space |= parameters
            for one in out:
                if hasattr(one, "to_html"):
                    yield cell["id"], one.to_html()
                elif hasattr(one, "data") and isinstance(one.data, str):
                    yield cell["id"], one.data
            out.clear()


def _pages(names: tuple[str, ...], donnees: Path, exercice: int, au: str) -> Rows:
    given: dict[str, Any] = {"exercice": exercice, "arrete_au": au, "donnees": str(donnees)}
    rows: list[dict[str, str]] = []
    for name in names:
        if name == "bilan":
            given |= {"titre": "Bilan final", "exercices": "periode"}
        for _, html in shown(name, given):
            carnet = FUT.get(name, name)
            rows += [{"carnet": carnet} | row for row in html_tables(html)]
    return {"pages": rows}


# --- scenarios ------------------------------------------------------------------------------


def _example(atelier: Atelier, exercice: int, au: str = "") -> Rows:
    with atelier.isolated("exemple") as (place, _):
        covered = "periode" if exercice == 2025 else None
        b = bilan.load("55", exercice, au, atelier.exemple, covered, preparer=True)
        pages = _pages(CARNETS[exercice, au], atelier.exemple, exercice, au)
        return _figures(b) | _workbook(b, place) | pages


def _without(atelier: Atelier, table: str) -> Rows:
    with atelier.isolated(f"sans-{table}") as (place, _):
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(atelier.exemple, place / "raw")
        for path in (place / "raw" / "55" / "2024").glob(f"{table}.csv*"):
            path.unlink()
        return _figures(bilan.load("55", 2024, "", place / "raw", preparer=True))


def _case(atelier: Atelier, case: dict[str, Any], name: str) -> Rows:
    with atelier.isolated(name) as (place, monkey):
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        return _figures(test_cas._load(case, place, monkey))


AVENANT = {
    "contrat": "emploi",
    "dossier": "2025-02-14-avenant-1",
    "effet": "2025-01-01",
    "actions": [{"code": "v3-1", "exercice": 2025, "montants": {"etat": 150000, "cd": 0}}],
}


def _partial_avenant(atelier: Atelier) -> Rows:
    """An avenant that budgets 2025 for one action of volet 3, over the example."""
    from functools import partial

    with atelier.isolated("avenant-partiel") as (place, monkey):
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        test_cas._avenant({"avenant": AVENANT}, place / "params")
        reader = partial(test_cas.load_contrats, params=place / "params")
        monkey.setattr("analyses.contrat.load.load_contrats", reader)
        b = bilan.load("55", 2025, "", atelier.exemple, "periode", preparer=True)
        return _figures(b) | _workbook(b, place)


def _messy() -> dict[str, Any]:
    """A year of everything that happens: reversals, shared receipts, odd centimes, decisions."""
    rng = random.Random(20240620)
    from analyses.contrat.load import load_contrats

    places = [(c.code, a) for c in load_contrats("55").values() for a in c.actions]
    mandats, kinds = [], ["ordinaire"] * 6 + ["rattachement", "annulation", "reduction"]
    for rank in range(400):
        contrat, action = rng.choice(places)
        kind, year = rng.choice(kinds), rng.choice([2024, 2024, 2025])
        amount = rng.randrange(1, 4_000_000)
        row: dict[str, Any] = {
            "contrat": contrat,
            "action": action,
            "exercice": year,
            "numero": str(2000 + rank),
            "type": kind,
            "montant": f"{amount // 100},{amount % 100:02d}",
            "nature": rng.choice(["65748", "64111", "6064", "6184", "2051", "611"]),
            "objet": rng.choice(["subvention", "évaluation du dispositif", "accompagnement"]),
            "emission": f"{year}-{rng.randrange(1, 13):02d}-{rng.randrange(1, 28):02d}",
        }
        if rng.random() < 0.1:
            row["emission"] = f"{year + 1}-01-{rng.randrange(1, 28):02d}"
        if rng.random() < 0.6:
            row["paiement"] = f"{year + 1}-02-0{rng.randrange(1, 9)}"
        origin = next((m for m in reversed(mandats) if m["type"] == "ordinaire"), None)
        if kind in ("annulation", "reduction"):
            if origin is None:
                continue
            row |= {k: origin[k] for k in ("contrat", "action", "exercice", "emission", "nature")}
            row |= {"origine": origin["numero"], "montant": "0,07"}
        mandats.append(row)
    recettes = [
        {"contrat": "solidarites", "financeur": "etat", "montant": "379189,00"},
        {"contrat": "emploi", "action": "v1", "financeur": "etat", "montant": "63600,00"},
        {"contrat": "emploi", "action": "v2", "financeur": "etat", "montant": "107818,20"},
        {"contrat": "emploi", "action": "v3-1", "financeur": "etat", "montant": "287550,01"},
        {"contrat": "emploi", "action": "v2-1", "financeur": "fse", "montant": "10000,01"},
        {"contrat": "solidarites", "action": "1", "financeur": "caf", "montant": "3333,33"},
        {"contrat": "solidarites", "action": "3", "financeur": "ars", "montant": "777,77"},
        {"exercice": 2025, "contrat": "solidarites", "financeur": "etat", "montant": "379189,00"},
        {"exercice": 2025, "contrat": "emploi", "action": "v3", "financeur": "etat",
         "montant": "12345,67"},
    ]  # fmt: skip
    reports = [
        {"exercice": 2025, "exercice_origine": 2024, "exercice_destination": 2025,
         "contrat": "solidarites", "action": "12",
         "financeur": "etat", "montant": "1234,56", "accord_le": "2025-02-01"},
    ]  # fmt: skip
    return {
        "exercices": [2024, 2025],
        "mandats": mandats,
        "recettes": recettes,
        "reports": reports,
    }


def _read_case(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return found


SCENARIOS: dict[str, Callable[[Atelier], Rows]] = {
    "exemple-2024": lambda a: _example(a, 2024),
    "exemple-2024-06-30": lambda a: _example(a, 2024, "2024-06-30"),
    "exemple-final": lambda a: _example(a, 2025),
    "avenant-partiel": _partial_avenant,
    "annee-brouillee": lambda a: _case(a, _messy(), "annee-brouillee"),
    **{f"sans-{name}": (lambda a, n=name: _without(a, n)) for name in FICHIERS},
    **{
        f"cas-{path.stem}": (lambda a, p=path: _case(a, _read_case(p), p.stem))
        for path in test_cas.CAS
        # The later cases say all that they hold to; these were there when the net was laid.
        if path.stem < "26" and "chaine" not in _read_case(path)
    },
}


# --- frozen files ---------------------------------------------------------------------------


def _file(name: str) -> Path:
    return GEL / f"{name}.json.gz"


def read_frozen(name: str) -> Rows:
    """The frozen rows of a scenario, by kind of file."""
    packed = json.loads(gzip.decompress(_file(name).read_bytes()))
    return {kind: list(csv.DictReader(io.StringIO(text))) for kind, text in packed.items()}


def frozen() -> list[str]:
    return sorted(path.name.removesuffix(".json.gz") for path in GEL.glob("*.json.gz"))


def _freeze(name: str, rows: Rows) -> None:
    packed = {}
    for kind, lines in rows.items():
        text = io.StringIO()
        columns = list(lines[0]) if lines else ["vide"]
        writer = csv.DictWriter(text, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(lines)
        packed[kind] = text.getvalue()
    content = json.dumps(packed, ensure_ascii=False, sort_keys=True).encode()
    _file(name).write_bytes(gzip.compress(content, mtime=0))


if __name__ == "__main__":
    import tempfile

    place = Atelier(Path(tempfile.mkdtemp()))
    for wanted in sys.argv[1:] or SCENARIOS:
        if not _file(wanted).exists():
            _freeze(wanted, SCENARIOS[wanted](place))
            print(wanted)
