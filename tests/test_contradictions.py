"""What the signed documents say in two ways: all listed, quoted as printed, none said twice."""

from __future__ import annotations

import re
import shutil
from collections import Counter
from pathlib import Path

import pytest
import yaml

from analyses.contrat.contradictions import (
    MOTS,
    Contradiction,
    _says_other,
    find_contradictions,
    uncertain_readings,
)
from analyses.contrat.load import load_contrats
from analyses.contrat.model import Contrat
from analyses.contrat.textes import contient, fichier_du_texte
from analyses.socle.paths import PARAMS
from analyses.socle.problems import BilanError

TEXTES = PARAMS / "contrats" / "55" / "textes"
CONCORDANCES = "contrats/55/emploi/2024-06-20-initial/concordances.yaml"
# What was listed once and does not hold: why, in concordances.yaml and in contradictions.py.
ECARTEES = {
    "indicateur-14-procedure-partagee-cellules": "« 0 (début des travaux) » is 0: the same values",
    "financement-17-reliquat_2023": "annexe 3 prints no such column; the total says it",
    "financement-17-autres": "said by the total",
    "financement-18-autres": "said by the total",
    "e-a1bis-effectif": "a total and a stock",
    "e-a1bis-date": "the state of the roadmap and the day of the page",
    "e-a1bis-organismes": "5 with the delegates of the CD, that the other page counts apart",
    "e-f1-debut": "two steps",
    "e-deliberation-annee": "the year of the reform, in a title",
    "e-f5-tapaj": "the fiche's budget settles it",
    "e-f2-f5-salaries": "a rounding",
    "s-a3-lettres": "no text cites a letter that no column has",
    "s-f8-fin": "« avec une éventuelle pérennisation » was cut off",
    "s-cadre-comite": "2024 is a part year; the other years are 3",
    "s-f7-intitule": "a part within a whole",
    "s-art3-axe-pilier": "two names under one code",
}
AJOUTEES = {
    "s-f6-cofinanceurs",
    "s-a6-montant-realise",
    "s-f20-plateforme",
    "s-f20-indicateur-national",
    "s-f7-territoire",
    "s-f18-declinaison",
    "s-f8-jeunes-chantiers",
    "e-a1bis-entreprises",
}


@pytest.fixture(scope="module")
def contrats() -> dict[str, Contrat]:
    return load_contrats("55")


@pytest.fixture(scope="module")
def found(contrats) -> dict[str, Contradiction]:
    rows = find_contradictions(contrats)
    codes = {row.code: row for row in rows}
    assert len(codes) == len(rows), "a code names one contradiction"
    return codes


def test_the_list_is_what_reading_gives(found):
    """120 rows were read: 16 do not hold, 12 are wording only, 92 hold; 8 were missing."""
    assert not ECARTEES.keys() & found.keys() and len(ECARTEES) == 16
    assert found.keys() >= AJOUTEES and len(AJOUTEES) == 8
    count = Counter(row.poids for row in found.values())
    assert count.pop(MOTS) == 12
    assert count.total() == 120 - 16 - 12 + 8
    assert count == {"chiffre": 32, "date_ou_devoir": 39, "sens": 29}


def test_wording_only_says_nothing_else(found):
    """Plurals, articles, a letter, words that one side adds: the same thing is named."""
    for row in found.values():
        if row.code.startswith(("intitule-", "indicateur-")) and row.valeur_1.startswith("«"):
            assert (row.poids == MOTS) != _says_other(row.valeur_1, row.valeur_2), row.code
        elif row.poids == MOTS:
            assert not _says_other(row.valeur_1, row.valeur_2), row.code


def test_what_the_texts_reconcile_says_so(found):
    """131 = 62 + 69; 359 394 = 2 × 179 697 without the FSE; half of the State and Département."""
    said = {row.code: row.conciliation for row in found.values() if row.conciliation}
    assert {code: text.partition(" :")[0] for code, text in said.items()} == {
        "e-art33-fiche1": "359 394 = 2 × 179 697",
        "s-art22-moitie": "6 500 = 13 000 / 2",
        "s-f12-indicateur-national": "131 = 62 + 69 et 25 = 15 + 10 en 2024 et 2025",
    }
    assert 62 + 69 == 131 and 15 + 10 == 25 and 2 * 179_697 == 359_394


def test_heaviest_first_then_by_contract_and_code(found):
    rows = list(found.values())
    assert list(dict.fromkeys(r.poids for r in rows)) == ["chiffre", "date_ou_devoir", "sens", MOTS]
    fiches = [r.code for r in rows if r.poids == "sens" and r.code.startswith("s-f")]
    assert fiches.index("s-f7-territoire") < fiches.index("s-f10-perimetre")


# --- each quote is in the text ----------------------------------------------------------------


def test_every_side_is_printed_where_it_says(contrats, found):
    """Quotes, and printed cells and amounts; only a sum that the code makes is nowhere."""
    computed = set()
    for row in found.values():
        for source, said in ((row.source_1, row.valeur_1), (row.source_2, row.valeur_2)):
            name = fichier_du_texte(contrats[row.contrat], source)
            if not name:
                computed.add(source)
                continue
            quoted = said.startswith("« ")
            printed = said[2:-2] if quoted else said.replace(" ; ", " ")
            assert contient((TEXTES / name).read_text("utf-8"), printed), (row.code, source, said)
    assert computed == {"somme des lignes des actions", "somme des sous-totaux imprimés"}


def _section(text: str, source: str) -> str:
    """The fiche or the article that a source names, without white space; else the whole text."""
    squeezed = "".join(text.split())
    if fiche := re.match(r"[^(]*fiche (\d+)", source):
        # « 8. Fiche « … » » in one annexe, a title and « Intitulé de l’action » in the other.
        found = re.finditer(r"\n ?(\d+)\. [A-Z]", text)
        heads = [m for m in found if _opens_a_fiche(text[m.start() : m.start() + 400])]
        rank = [int(m[1]) for m in heads].index(int(fiche[1]))
        end = heads[rank + 1].start() if rank + 1 < len(heads) else len(text)
        return "".join(text[heads[rank].start() : end].split())
    if article := re.match(r"[^(]*art\. (\d+)", source):
        start, end = (
            re.search(rf"(?i)article{int(article[1]) + step}[–-]", squeezed) for step in (0, 1)
        )
        assert start is not None
        return squeezed[start.start() : end.start() if end else len(squeezed)]
    return squeezed


def _opens_a_fiche(text: str) -> bool:
    return bool(re.search("Fiche «|Intitulé de l|Description de l|Axe concerné", text[:400]))


def test_a_quote_stands_in_the_fiche_or_the_article_that_it_names(contrats):
    """Fiche 2 cannot answer for fiche 5, nor article 6 for article 4."""
    seen = 0
    for contrat in contrats.values():
        for row in contrat.concordances:
            for fait in row.faits:
                name = fichier_du_texte(contrat, fait.source)
                text = (TEXTES / name).read_text("utf-8")
                section = _section(text, fait.source)
                seen += section != "".join(text.split())
                assert contient(section, fait.citation), (row.code, fait.source)
    assert seen > 90


def test_every_text_is_named_by_a_contract_or_kept_beside(contrats):
    """The charte of the Académie contradicts nothing; every other text is quoted."""
    named = {name for contrat in contrats.values() for name in contrat.textes.values()}
    kept = {path.name for path in TEXTES.glob("*.txt")}
    assert kept - named == {"16-academie-donnees-indicateurs.txt"} and named <= kept


@pytest.fixture
def params(tmp_path: Path) -> Path:
    shutil.copytree(PARAMS, tmp_path / "params")
    return tmp_path / "params"


def _error(params: Path, before: str, after: str) -> str:
    path = params / CONCORDANCES
    text = path.read_text(encoding="utf-8")
    assert text.count(before) == 1
    path.write_text(text.replace(before, after), encoding="utf-8")
    with pytest.raises(BilanError) as error:
        load_contrats("55", params=params)
    return str(error.value)


def test_error_a_quote_that_the_text_does_not_contain(params):
    """One letter is enough; the file, the code, the quote and the remedy are named."""
    said = _error(params, "orientations notifiées en moins de 1 jours", "orientations en un jour")
    assert "emploi/concordances.yaml" in said and "e-a4-delai-objectif, citation" in said
    assert "12-emploi-annexe4" in said and "orientations en un jour" in said
    assert "recopiez le passage" in said


def test_error_the_passages_of_a_quote_in_another_order(params):
    said = _error(
        params,
        "106 000€ au titre du volet 1 […] (sous forme de forfait)",
        "(sous forme de forfait) […] 106 000€ au titre du volet 1",
    )
    assert "e-art41-art6-forfait, citation" in said


def test_error_a_reconciliation_that_the_text_does_not_contain(params):
    said = _error(params, 'citation: "359 394€ 217 500€"', 'citation: "359 394€ 217 501€"')
    assert "e-art33-fiche1, citation" in said


def test_error_a_source_without_text(params):
    said = _error(params, "convention données, art. 8", "charte, art. 8")
    assert "e-donnees-terme, source" in said and "« charte, art. 8 » (aucun texte)" in said
    assert "nommez son fichier" in said


def test_error_a_text_that_is_not_there(params):
    (params / "contrats/55/textes/00-deliberation.txt").unlink()
    with pytest.raises(BilanError, match="délibération du 20 juin 2024 » \\(00-deliberation.txt"):
        load_contrats("55", params=params)


def test_error_an_empty_quote(params):
    path = params / CONCORDANCES
    raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    raw["concordances"][0]["faits"][0]["citation"] = ""
    path.write_text(yaml.safe_dump(raw, allow_unicode=True), encoding="utf-8")
    with pytest.raises(BilanError, match="concordances.0.faits.0.citation"):
        load_contrats("55", params=params)


# --- those that the code computes --------------------------------------------------------------


def test_every_printed_total_adds_up_or_is_a_contradiction(found):
    """Axe 3, other funders: 10 000 + 50 000 + 42 500 + 21 000 = 123 500, printed 81 000."""
    sums = {
        code: (row.valeur_1, row.valeur_2)
        for code, row in found.items()
        if code.startswith("somme-")
    }
    assert sums == {
        "somme-solidarites-3-autres": ("81 000 €", "123 500 €"),
        "somme-solidarites-3-total": ("453 500 €", "496 000 €"),
        "somme-sous-totaux-solidarites-autres": ("303 250 €", "260 750 €"),
        "somme-sous-totaux-solidarites-total": ("1 061 628 €", "1 019 128 €"),
    }


def test_contradictions_computed_from_the_rows(found):
    """A fiche against its annexe: name, cells, budget, total."""
    assert found["budget-2-recettes"].valeur_1 == "3 750 €"
    assert found["budget-2-recettes"].valeur_2 == "7 500 €"
    assert found["financement-17-total"].valeur_1 == "220 000 €"
    assert found["pilier-4"].valeur_1 == "170 002 €" and found["pilier-4"].valeur_2 == "87 564 €"
    labels = [row for code, row in found.items() if code.startswith("indicateur-1-")]
    assert any("familles" in row.valeur_1 + row.valeur_2 for row in labels)


def _budgets(contrats: dict[str, Contrat], fiche: dict[str, int]) -> dict[str, tuple[str, str]]:
    """What action 18 says when its fiche prints other receipts than annexe 3 (twice 35 000)."""
    contrat = contrats["solidarites"].model_copy(deep=True)
    action = contrat.actions["18"]
    for rank, budget in enumerate(action.financements):
        if not budget.retenu:
            changed = {"montants": fiche, "total_imprime": None, "total_depenses_imprime": None}
            action.financements[rank] = budget.model_copy(update=changed | {"depenses": []})
    rows = find_contradictions({"solidarites": contrat})
    return {r.code: (r.valeur_1, r.valeur_2) for r in rows if r.code.startswith("financement-18-")}


def test_differences_that_go_one_way_are_said_once_by_the_total(contrats, found):
    """Fiche 17: 30 000 of other funders and 100 000 of 2023 make the 130 000 between the totals."""
    row = found["financement-17-total"]
    assert (row.valeur_1, row.valeur_2) == ("220 000 €", "90 000 €")
    assert "Autres financeurs, Reliquat 2023" in row.objet
    less = _budgets(contrats, {"etat": 3_000_000, "cd": 3_000_000})
    assert less == {"financement-18-total": ("60 000 €", "70 000 €")}


def test_differences_that_offset_each_other_are_said_by_funder(contrats):
    same_total = _budgets(contrats, {"etat": 4_500_000, "cd": 2_500_000})
    assert same_total == {
        "financement-18-etat": ("45 000 €", "35 000 €"),
        "financement-18-cd": ("25 000 €", "35 000 €"),
    }
    other_total = _budgets(contrats, {"etat": 4_500_000, "cd": 3_000_000})
    assert set(other_total) == {f"financement-18-{name}" for name in ("etat", "cd", "total")}
    assert _budgets(contrats, {"etat": 3_500_000, "cd": 3_500_000}) == {}


def test_short_rows_are_listed(contrats):
    rows = {(r.action, r.source): r.imprime for r in uncertain_readings(contrats)}
    assert rows[("16", "annexe 2")] == ("0", "1", "2")
    assert ("20", "annexe 2") not in rows
