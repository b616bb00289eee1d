"""Figures side by side, then in French: what a notebook shows."""

from __future__ import annotations

from fractions import Fraction
from types import SimpleNamespace

import pandas as pd
import pytest

from analyses.chiffres.chiffre import Chiffre, Rapport
from analyses.chiffres.mesures import load_mesures
from analyses.chiffres.periode import avec_periode
from analyses.chiffres.table import tabulate
from analyses.contrat.load import load_contrats
from analyses.rendu.tableau import montrer, tableau

CONTRATS = load_contrats("55")
B = SimpleNamespace(contrats=CONTRATS, exercices=[2024, 2025])
PLACE = ("emploi", 2024, "action", "v2-1")
TOTAL = ("emploi", 2024, "contrat", "emploi")


def _table(*figures: Chiffre) -> pd.DataFrame:
    return tabulate(figures, {2024: CONTRATS, 2025: CONTRATS}, load_mesures(), {}, False)


def _cells(shown) -> list[list[str]]:
    return [list(shown.data.columns), *shown.data.to_numpy().tolist()]


FIGURES = _table(
    Chiffre("prevu", *TOTAL, "total", 3_000),
    Chiffre("prevu", *PLACE, "total", 2_000),
    Chiffre("verse", *PLACE, "etat", None, statut="non_renseigne"),
    Chiffre("ineligible", *PLACE, "total", None, statut="sans_objet"),
    Chiffre("taux_execution", *PLACE, "total", Rapport(1, 3)),
    Chiffre("prevu", *PLACE, "etat", 1_000),
    Chiffre("realise", *PLACE, "total", 700, detail=""),
    Chiffre("realise_mois", *PLACE, "total", 700, detail="2024-03"),
)


def test_figures_stand_side_by_side_the_whole_after_its_parts():
    t = tableau(FIGURES, ["prevu", "verse", "ineligible", "taux_execution"])
    assert t["code"].to_list() == ["v2-1", "emploi"]
    assert t["prevu"].to_list() == [2_000, 3_000] and str(t["prevu"].dtype) == "Int64"
    assert t["taux_execution"].to_list() == [Fraction(1, 3), None]
    assert t["verse"].isna().all()


def test_the_reader_is_told_why_a_cell_is_empty():
    head, action, total = _cells(
        montrer(B, tableau(FIGURES, ["prevu", "verse", "ineligible", "taux_execution"]), "Essai")
    )
    assert head[3:] == ["Prévu", "Versé par l'État", "Inéligible", "Taux"]
    assert action[2].startswith("v2-1 – ") and total[2] == "Total du contrat"
    assert action[3:] == ["20,00\u00a0€", "non renseigné", "sans objet", "33,3\u00a0%"]
    assert total[4] == "sans objet"  # no such figure exists for the whole


def test_a_table_stays_a_table_once_filtered_sorted_and_changed():
    t = tableau(FIGURES, ["prevu", "ineligible"]).sort_values("prevu", ascending=False)
    t = t[t["prevu"] > 2_500].assign(double_centimes=lambda f: f["prevu"] + f["prevu"], rang=1)
    head, row = _cells(montrer(B, t, "Essai", {"rang": "Rang"}, sauf=["contrat"]))
    assert head == ["Exercice", "Axe ou volet", "Prévu", "Inéligible", "Double", "Rang"]
    assert row[2:] == ["30,00\u00a0€", "sans objet", "60,00\u00a0€", "1"]


def test_a_funder_and_a_month_are_asked_for():
    assert tableau(FIGURES, ["prevu:etat"])["prevu:etat"].to_list() == [1_000]
    months = tableau(FIGURES, ["realise_mois"], ["contrat", "detail"])
    shown = _cells(montrer(B, months, "Essai", {"detail": ("Mois", "mois")}))
    assert shown == [
        ["Contrat", "Mois", "Réalisé"],
        ["Insertion-emploi", "mars 2024", "7,00\u00a0€"],
    ]


def test_a_cell_never_hides_several_figures():
    with pytest.raises(ValueError, match="« prevu » a plusieurs chiffres .* précisez le financeur"):
        tableau(FIGURES, ["prevu"], ["contrat"])


def test_a_table_without_rows_is_said():
    empty = tableau(FIGURES, ["du"])
    assert montrer(B, empty, "Soldes", vide="aucun").data == "**Soldes** : aucun."


def test_what_a_place_without_object_is_left_out():
    over = _table(Chiffre("prevu", *PLACE, "total", None, statut="sans_objet"))
    assert tableau(over, ["prevu"]).empty


def test_years_add_up_and_an_unknown_year_leaves_the_whole_unknown():
    later = ("emploi", 2025, "contrat", "emploi")
    years = [
        Chiffre("prevu", *TOTAL, "total", 3_000),
        Chiffre("prevu", *later, "total", 1_000),
        Chiffre("realise", *TOTAL, "total", 1_500),
        Chiffre("realise", *later, "total", None, statut="non_renseigne"),
        Chiffre("taux_execution", *TOTAL, "total", Rapport(1_500, 3_000)),
        Chiffre("a_reporter", *TOTAL, "etat", 5),  # one year's debt is in the next: never added
        Chiffre("a_reporter", *later, "etat", 5),
    ]
    whole = avec_periode(_table(*years), [2024, 2025], load_mesures())
    whole = whole[whole["niveau"] == "periode"].set_index("mesure")
    assert set(whole.index) == {"prevu", "realise", "taux_execution"}
    assert whole.loc["prevu", "centimes"] == 4_000
    assert whole.loc["prevu", "identifiant"] == "prevu:emploi:2025:periode:emploi:total"
    assert (
        whole.loc["realise", "statut"] == "non_renseigne" == whole.loc["taux_execution", "statut"]
    )
    assert whole.loc["realise", "connu"] == 1_500
