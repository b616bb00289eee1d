"""Every hand-worked case of tests/cas, through the real chain: files, reading, rules, results."""

from __future__ import annotations

import csv
import shutil
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml

from analyses import bilan
from analyses.contrat import parametres
from analyses.contrat.load import load_contrats
from analyses.depot import gate
from analyses.exemple.donnees import colonnes
from analyses.regles.reports import Declare, chain, gaps
from analyses.socle import paths
from analyses.socle.paths import PARAMS

CAS = sorted((Path(__file__).parent / "cas").glob("*.yaml"))
# How a case names a column, when not as the file does.
_MANDAT = {"numero": "numero_mandat", "ligne": "numero_ligne", "origine": "mandat_origine"}
_MANDAT |= {"emission": "date_emission", "paiement": "date_paiement", "service": "date_service"}
_RECETTE = {"encaissement": "date_encaissement"}


def _cas(path: Path) -> dict[str, Any]:
    case = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert case["titre"] and case["article"] and case["calcul"].strip()
    return case


def _write(folder: Path, table: str, rows: list[dict[str, Any]]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{table}.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, colonnes(table), delimiter=";", restval="")
        writer.writeheader()
        writer.writerows(rows)


def _ledger(case: dict[str, Any]) -> list[dict[str, Any]]:
    rows = []
    for rank, given in enumerate(case.get("mandats", []), start=1):
        row = {_MANDAT.get(key, key): value for key, value in given.items()}
        year = row.setdefault("exercice", 2024)
        defaults = {
            "numero_mandat": str(1000 + rank),
            "numero_ligne": "1",
            "type": "ordinaire",
            "nature": "65748",
            "date_emission": f"{year}-06-15",
            "code_analytique": f"{row.pop('contrat')}/{row.pop('action')}",
        }
        rows.append(defaults | row)
    return rows


def _receipts(case: dict[str, Any]) -> list[dict[str, Any]]:
    rows = []
    for rank, given in enumerate(case["recettes"], start=1):
        row = {_RECETTE.get(key, key): value for key, value in given.items()}
        year = row.setdefault("exercice", 2024)
        day = row.pop("titre", f"{year}-07-01")
        rows.append(
            {"numero_titre": str(rank), "action": "", "date": day, "date_encaissement": day} | row
        )
    return rows


def _deposit(case: dict[str, Any], donnees: Path, contrats: dict[str, Any]) -> None:
    """The files of the case, one folder per exercise from the first."""
    tables: dict[str, list[dict[str, Any]]] = {"mandats": _ledger(case)}
    if "recettes" in case:
        tables["recettes"] = _receipts(case)
    for name, table in (
        ("temps_agents", "temps_agents"),
        ("engagements", "engagements"),
        ("decisions", "decisions_eligibilite"),
        ("reports", "reports"),
        ("justifications", "justifications"),
        ("resultats", "resultats_indicateurs"),
    ):
        if name in case:
            tables[table] = case[name]
    last = max(case.get("exercices", [2024]))
    rules = [
        {"priorite": 1, "code_analytique": f"{c.code}/{a}", "contrat": c.code, "action": a}
        for c in contrats.values()
        for a in c.actions
    ]
    for year in range(2024, last + 1):
        folder = donnees / "55" / str(year)
        _write(folder, "affectations", rules)
        for table, rows in tables.items():
            own = [row for row in rows if row["exercice"] == year]
            if not own and table in ("temps_agents", "decisions_eligibilite", "reports"):
                continue
            keep = colonnes(table)
            _write(folder, table, [{k: v for k, v in row.items() if k in keep} for row in own])


def _avenant(case: dict[str, Any], params: Path) -> None:
    """The version of the case, added to a copy of the parameters."""
    given = case["avenant"]
    shutil.copytree(PARAMS, params)
    base = params / "contrats" / "55" / given["contrat"]
    folder = base / given["dossier"]
    (folder / "actions").mkdir(parents=True)
    version = {"code": given["dossier"], "libelle": "Avenant", "effet": given["effet"]}
    head: dict[str, Any] = {"version": version | {"source": "avenant"}}
    if "clauses" in given:
        head["clauses"] = given["clauses"]
    (folder / "contrat.yaml").write_text(yaml.safe_dump(head, allow_unicode=True), "utf-8")
    budgets: dict[str, list[dict[str, Any]]] = {}
    for row in given.get("actions", []):
        budgets.setdefault(row["code"], []).append(
            {"exercice": row["exercice"], "source": f"avenant, {row['exercice']}"}
            | {"retenu": True, "montants": row["montants"]}
        )
    for code, rows in budgets.items():
        content = {"code": code, "financements": rows}
        (folder / "actions" / f"{code}.yaml").write_text(yaml.safe_dump(content), "utf-8")
    registre = params / "registre.yaml"
    content = yaml.safe_load(registre.read_text(encoding="utf-8"))
    entry = content["departements"]["55"]["contrats"][given["contrat"]]
    entry["versions"].append(given["dossier"])
    registre.write_text(yaml.safe_dump(content, allow_unicode=True), "utf-8")


def _load(case: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> bilan.Bilan:
    monkeypatch.setattr(paths, "PROCESSED", tmp_path / "processed")
    monkeypatch.setattr(gate, "validate", lambda tables: [])  # the suites have their own tests
    params = PARAMS
    if "avenant" in case:
        params = tmp_path / "params"
        _avenant(case, params)
        reader = partial(load_contrats, params=params)
        monkeypatch.setattr("analyses.contrat.load.load_contrats", reader)
    readings = parametres.load_lectures() | case.get("lectures", {})
    monkeypatch.setattr(parametres, "load_lectures", lambda: readings)
    _deposit(case, tmp_path / "raw", load_contrats("55", params=params))
    years = case.get("exercices", [2024])
    au = case.get("arrete_au", "")
    return bilan.load("55", max(years), au, tmp_path / "raw", years, preparer=True)


def _niveau(code: str) -> str:
    """Level that a code speaks of when the case does not say: a bare number is an action."""
    if code in ("solidarites", "emploi"):
        return "contrat"
    return "volet" if code in ("v1", "v2", "v3") else "action"


@pytest.mark.parametrize("path", CAS, ids=lambda path: path.stem)
def test_hand_worked_case(path, tmp_path, monkeypatch):
    case = _cas(path)
    if "chaine" in case:
        return _check_chain(case)
    b = _load(case, tmp_path, monkeypatch)
    years = case.get("exercices", [2024])
    for wanted in case["attendu"]:
        year = years[0] if len(years) == 1 else 2024
        wanted = {"exercice": year, "niveau": _niveau(wanted["code"])} | wanted
        kept = b.resultats
        for column in ("mesure", "contrat", "exercice", "niveau", "code", "financeur"):
            if column in wanted:
                kept = kept[kept[column] == str(wanted[column])]
        assert len(kept) == 1, (wanted, kept)
        row = kept.iloc[0]
        expected = (wanted.get("valeur", ""), wanted.get("statut", "calcule"))
        assert (row["valeur"], row["statut"]) == expected, wanted
        assert wanted.get("lecture", "") in row["lecture"], row["lecture"]
        assert row["connu"] == wanted.get("connu", row["connu"]), wanted
    for year, *texts in case.get("ecarts_reports", []):
        found = {
            tuple(f"{v / 100:.2f}" for v in (c.etat.declare, c.etat.calcule, c.etat.ecart))
            for (exercice, _, _), c in b.regles.chaines.items()
            if exercice == year and c.etat.ecart
        }
        assert found == {tuple(texts)}
    return None


def _check_chain(case: dict[str, Any]) -> None:
    rows = case["chaine"]
    links = chain(
        {year: credits for year, credits, _, _ in rows},
        {year: used for year, _, _, used in rows},
        [Declare(year - 1, told) for year, _, told, _ in rows if told is not None],
    )
    assert [link.disponible for link in links] == case["disponibles"]
    assert [list(gap) for gap in gaps(links)] == case["ecarts"]


def test_cases_are_read_by_a_person():
    """Each case says its arithmetic in words and cites an article; their names are ordered."""
    assert len(CAS) >= 34
    for path in CAS:
        case = _cas(path)
        assert set(case) <= {
            *("titre", "article", "calcul", "exercices", "arrete_au", "lectures", "avenant"),
            *("mandats", "recettes", "temps_agents", "engagements", "decisions", "reports"),
            *("justifications", "resultats"),
            *("attendu", "ecarts_reports", "chaine", "disponibles", "ecarts"),
        }, path.name
        assert isinstance(case.get("arrete_au", ""), str | date)
