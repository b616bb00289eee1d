"""Every number that a report shows is a figure: a row of `chiffres`.

Left out: amounts of ledger lines, counts of what a quality check lists, dates, references, what the
signed texts say twice, what other readings would give (the rows of `lectures.csv`) and what a
reader supposes (« et si »).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from itertools import chain

import openpyxl
import pytest
from scenarios_gel import Atelier, html_tables, shown

from analyses import instantane
from analyses.bilan import Bilan, load, read_date
from analyses.chiffres.table import values
from analyses.production.notebooks import notebooks_of
from analyses.rendu.workbook import write_workbook
from analyses.socle import fmt

BILANS = [
    ("intermediaire", 2024, ""),
    ("intermediaire", 2024, "2024-06-30"),
    ("final", 2025, ""),
    ("final", 2025, "2025-06-30"),
    ("etat-avancement", 2024, ""),
    ("rapport-execution", 2025, ""),
]
EUROS = re.compile(r"(?<![\d,])\u2212?\d[\d\u00a0]*(?:,\d\d)?\u00a0€")
TAUX = re.compile(r"(?<![\d,])\u2212?\d[\d\u00a0]*(?:,\d)?\u00a0%")
# Columns of references, of what the contract prints, of counts of what a check lists.
REFERENCES = {
    *(
        "Exercice",
        "Reçu en",
        "Mandat",
        "Ligne",
        "Nature",
        "Code",
        "Code analytique",
        "Colonnes du tableau",
    ),
    *("Empreinte (sha256)", "Valeur 1", "Valeur 2", "T0", "Cible", "Résultat", "Compte"),
}
CELLULES = re.compile(r"contradictions|et-si")  # of texts, of suppositions
# Articles and annexes, days and years, places of the contracts.
CITATIONS = re.compile(
    r"(art\.|annexe) \d+(\.\d+)?|\d+(er)?\s(janv|févr|mars|avr|mai|juin|juil|août|sept|oct|nov|déc)"
    r"|\b20\d\d\b|(axe|volet|carnet|action)s? [\w-]+",
    re.IGNORECASE,
)
NOMBRE = re.compile(r"\u2212?\d[\d\u00a0]*(?:,\d+)?")


@pytest.fixture(scope="module")
def atelier(tmp_path_factory):
    return Atelier(tmp_path_factory.mktemp("preuve"))


def _figures(b: Bilan) -> set[str]:
    """Every figure as it may be written."""
    told: set[str] = set()
    for value in chain(values(b.chiffres), b.chiffres["connu"].dropna()):
        if isinstance(value, Fraction):
            told |= {fmt.pourcent(value), fmt.pourcent(value, decimales=0), fmt.nombre(value)}
            told.add(fmt.chance(float(value)))
        elif value is not None and not isinstance(value, str):
            told |= {fmt.euros(int(value)), fmt.ronds(int(value))}
        elif value is not None:
            told.add(str(value))
    for detail in set(b.chiffres["detail"]):
        if re.fullmatch(r"\d+(\.\d+|/\d+)", detail):  # a threshold that keys a figure
            told |= {fmt.pourcent(Fraction(detail), decimales=n) for n in (0, 1)}
    return told


def _lines(b: Bilan) -> set[str]:
    """Amounts of ledger lines, and what other readings would give."""
    lines = [*b.lignes["montant_signe"], *b.non_affectees["montant_signe"]]
    readings = [*b.effets["retenu"], *b.effets["valeur"], *b.effets["ecart"]]
    told = {fmt.euros(int(v)) for v in lines}
    for value in readings:
        if isinstance(value, int):
            told.add(fmt.euros(value))
        elif isinstance(value, Fraction):
            told |= {fmt.pourcent(value), fmt.nombre(value)}
    return told


def _counts(text: str) -> Iterator[str]:
    """Numbers of things in a sentence: neither an amount or a rate, nor a reference."""
    for pattern in (EUROS, TAUX, CITATIONS):
        text = pattern.sub("", text.replace(" €", f"{fmt.NBSP}€"))
    yield from re.findall(r"(?<![\w.,/-])\d+(?![\w,/-]|\.\d)", text)


def _numbers(html: str) -> Iterator[str]:
    """Amounts and rates, and cells that hold nothing but a number, but for references."""
    cells = list(html_tables(html)) or [{"colonne": "", "texte": html}]
    for cell in cells:
        text = cell["texte"].replace(" ", fmt.NBSP)
        yield from (found[0] for found in chain(EUROS.finditer(text), TAUX.finditer(text)))
        if cell["colonne"] not in REFERENCES and NOMBRE.fullmatch(text):
            yield text


@pytest.mark.slow
@pytest.mark.parametrize(("bilan", "exercice", "au"), BILANS)
def test_every_number_of_the_pages_is_a_figure(bilan, exercice, au, atelier):
    with atelier.isolated("preuve"):
        covered = "periode" if exercice == 2025 else None
        b = load("55", exercice, au, atelier.exemple, covered, preparer=True)
        known = _figures(b) | _lines(b)
        given = {"exercice": exercice, "arrete_au": au, "donnees": str(atelier.exemple)}
        absent = []
        asked = instantane.key("55", read_date(au), atelier.exemple)
        with instantane.share(asked, b):
            for carnet in notebooks_of(bilan):
                for cell, html in shown(carnet.source or carnet.nom, given | carnet.parametres):
                    if CELLULES.match(cell):
                        continue
                    if re.search("(?<!qualite-)essentiel|reponse", cell):
                        absent += [
                            f"{carnet.nom}, {cell} : {n}" for n in _counts(html) if n not in known
                        ]
                    absent += [
                        f"{carnet.nom}, {cell} : {n}" for n in _numbers(html) if n not in known
                    ]
    assert absent == []


@pytest.mark.slow
@pytest.mark.parametrize(("bilan", "exercice"), [("final", 2025), ("etat-avancement", 2024)])
def test_a_notebook_alone_shows_what_the_report_shows(bilan, exercice, atelier):
    with atelier.isolated("preuve"):
        covered = "periode" if exercice == 2025 else None
        b = load("55", exercice, "", atelier.exemple, covered, preparer=True)
        given = {"exercice": exercice, "arrete_au": "", "donnees": str(atelier.exemple)}
        for carnet in notebooks_of(bilan):
            asked = carnet.source or carnet.nom, given | carnet.parametres
            with instantane.share(instantane.key("55", None, atelier.exemple), b):
                together = list(shown(*asked))
            assert together == list(shown(*asked)), carnet.nom


@pytest.mark.slow
@pytest.mark.parametrize(("bilan", "exercice", "au"), BILANS[:4])
def test_every_number_of_the_workbook_is_a_figure(bilan, exercice, au, atelier, tmp_path):
    """Amounts and rates; the cells of the indicators are those of the contract and of the files."""
    with atelier.isolated("preuve"):
        covered = "periode" if exercice == 2025 else None
        b = load("55", exercice, au, atelier.exemple, covered, preparer=True)
    write_workbook(tmp_path / "tableaux.xlsx", b)
    known = {
        float(value) if isinstance(value, Fraction) else value / 100
        for value in values(b.chiffres)
        if isinstance(value, Fraction | int)
    }
    printed = {
        number.replace(",", ".")
        for name in ("t0", "cible", "resultat")
        for text in b.indicateurs[f"{name}_imprime"].dropna()
        for number in re.findall(r"\d+(?:[.,]\d+)?", text.replace(" ", ""))
    }
    told = {f"{float(number):.12g}" for number in known | printed}  # a cell has fifteen digits
    book = openpyxl.load_workbook(tmp_path / "tableaux.xlsx", data_only=True)
    absent = [
        f"{sheet.title}, {cell.coordinate} : {cell.value}"
        for sheet in book.worksheets
        for row in sheet.iter_rows()
        for cell in row
        if isinstance(cell.value, int | float) and f"{cell.value:.12g}" not in told
    ]
    assert absent == []
