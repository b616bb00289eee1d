"""Annexes 3, 5, 6, art. 3 and balances in tableaux.xlsx, filled from the rules on the example."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import openpyxl
import pytest
import scenarios_gel
import test_cas

from analyses import bilan
from analyses.depot import gate
from analyses.exemple.simulate import write_example
from analyses.rendu.workbook import write_workbook
from analyses.socle import paths


@pytest.fixture(scope="module")
def b(tmp_path_factory):
    folder = tmp_path_factory.mktemp("raw")
    write_example(folder, "55")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(paths, "PROCESSED", folder / "processed")
        patch.setattr(gate, "validate", lambda tables: [])
        return bilan.load("55", 2025, "", folder, [2024, 2025], preparer=True)


@pytest.fixture(scope="module")
def classeur(b, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("x") / "tableaux.xlsx"
    write_workbook(path, b)
    return path


def _blocks(path: Path, sheet: str, values: bool = True) -> list[list[dict]]:
    """Blocks of a sheet: rows as {header: value}; a header row starts each block."""
    rows = list(openpyxl.load_workbook(path, data_only=values)[sheet].iter_rows(values_only=True))
    blocks: list[list[dict]] = []
    titles: tuple = ()
    for rank, row in enumerate(rows):
        if rank >= 3 and rows[rank - 1][0] is None and "simul" in str(rows[rank - 2][0]).lower():
            titles = tuple(str(cell or "") for cell in row)
            blocks.append([])
        elif titles and row[1] is not None or (blocks and row[0] and blocks[-1] and row[4]):
            blocks[-1].append(dict(zip(titles, row, strict=True)))
    return blocks


def _letter(row: dict, letter: str):
    return next(value for title, value in row.items() if title.startswith(f"{letter}\n"))


def test_annexe_6_uses_the_carry_over_of_the_engine(b, classeur):
    """A − B is what the State's money paid for; F and G are what the rules carry over."""
    block = _blocks(classeur, "Annexe 6")[0]
    rows = {str(row["Fiche action N°"]): row for row in block if row["Fiche action N°"]}
    for code in ("1", "7", "12", "15"):
        chaine = b.regles.chaines[2024, "solidarites", code]
        row = rows[code]
        assert round(_letter(row, "B") * 100) == chaine.caisse.solde
        assert round(_letter(row, "F") * 100) == chaine.etat.a_reporter
        assert round(_letter(row, "G") * 100) == chaine.cd.a_reporter
        assert row["Écart : réalisé − mandats et agents (ajout)"] == pytest.approx(0, abs=1e-9)
    assert _letter(rows["12"], "G") == 0 and _letter(rows["12"], "D") == -800
    assert "activité 0304 50 23 23 01" in rows["1"]["Imputation chorus -(description longue)"]


def test_annexe_6_has_a_subtotal_per_axe_and_totals(classeur):
    block = _blocks(classeur, "Annexe 6")[0]
    subtotals = [row for row in block if not row["Fiche action N°"]]
    titles = [row["Axes de la contractualisation"] for row in subtotals]
    assert [title.split(" – ")[0] for title in titles] == ["Sous total"] * 3 + ["TOTAUX FINANCIERS"]
    assert _letter(subtotals[-1], "A") == 379189
    assert sum(_letter(row, "F") for row in subtotals[:3]) == pytest.approx(
        _letter(subtotals[3], "F")
    )


def test_second_year_receives_what_the_first_left(b, classeur):
    """2025, action 19: 4 900 € declared (and kept) where the rules leave 5 000 €."""
    rows = {str(r["Fiche action N°"]): r for r in _blocks(classeur, "Annexe 6")[1]}
    assert rows["19"]["Report État reçu de 2024 (ajout)"] == 4900
    assert rows["7"]["Report État reçu de 2024 (ajout)"] == 2000
    assert rows["12"]["Report CD reçu de 2024 (ajout)"] == 0
    assert _letter(rows["19"], "F") == "non renseigné"  # no avenant: nothing notified for 2025


def test_balances_are_live_formulas_that_agree_with_the_engine(b, classeur):
    for block, (year, volets) in zip(
        _blocks(classeur, "Soldes volets"),
        ((2024, ("v1", "v2")), (2025, ("v1", "v2", "v3"))),
        strict=True,
    ):
        assert len(block) == len(volets) + 1
        for row, volet in zip(block, volets, strict=False):
            solde = b.regles.soldes[year, "emploi", volet]
            for title, value in (
                ("Plafond (art. 4.1)", solde.plafond),
                ("Base partagée", solde.base),
                ("Dû par l'État, dans la limite du plafond", solde.du),
                ("Solde à verser (art. 6)", solde.solde),
                ("Trop-perçu à rembourser (art. 6)", solde.trop_percu),
            ):
                assert round(row[title] * 100) == value, (volet, title)
    live = _blocks(classeur, "Soldes volets", values=False)[0]
    due = "Dû par l'État, dans la limite du plafond"
    assert "MIN(" in live[0][due] and "MIN(" in live[1][due]
    assert "MAX(" in live[1]["Solde à verser (art. 6)"]


def test_article_3_against_the_axes(classeur):
    rows = _blocks(classeur, "Article 3")[0]
    printed = [row["Montant imprimé à l'article 3"] for row in rows]
    assert printed == [103194, 105993, 170002, 379189]
    gaps = [row["Écart : axe calculé − pilier"] for row in rows]
    assert gaps == [2181, 80257, -82438, 0]


def test_every_formula_gives_its_figure_in_a_year_where_everything_happens(tmp_path, monkeypatch):
    """Reversals, odd centimes, a payment of 2025 that no signed budget spreads over the actions."""
    monkeypatch.setattr(paths, "PROCESSED", tmp_path / "processed")
    b = test_cas._load(scenarios_gel._messy(), tmp_path, monkeypatch)
    path = tmp_path / "tableaux.xlsx"
    write_workbook(path, replace(b, simule=True))
    first, second = _blocks(path, "Annexe 5")
    assert first[-1]["État : versé 2024"] == second[-1]["État : versé 2025"] == 379189
    assert {row["État : versé 2025"] for row in second[:-1]} == {"non renseigné"}
    live = _blocks(path, "Annexe 5", values=False)[0][0]
    assert live["Total réalisé"].startswith("=IF(COUNT(")
