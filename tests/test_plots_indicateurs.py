"""Pictures of the indicators: what they draw, what they say to who cannot see them."""

from __future__ import annotations

from fractions import Fraction as F
from types import SimpleNamespace as NS

import fabrique
import pandas as pd
import pytest
from matplotlib.patches import Rectangle
from test_atteinte import TRAINING

from analyses.atteinte.indicateurs import attainment
from analyses.chiffres.agregation import complete
from analyses.chiffres.atteinte import atteinte_figures
from analyses.chiffres.chiffre import chiffre, lieux
from analyses.chiffres.mesures import load_mesures
from analyses.chiffres.table import tabulate
from analyses.contrat.load import load_contrats
from analyses.contrat.parametres import load_seuils
from analyses.rendu import atteinte, indicateurs, plots_statuts
from analyses.rendu import plots_indicateurs as plots
from analyses.rendu.tableau import montrer


@pytest.fixture(scope="module")
def b():
    """Action 11 answered in 2024; 1 spent 90 % and attained nothing."""
    contrats = load_contrats("55")
    told = [
        ("11", "personnes-formees", "+18"),
        ("11", "cumul-acteurs", "9"),
        ("1", "familles", "1"),
    ]
    told.append(("7", "jeunes-approches", "/"))
    results = pd.DataFrame(
        [("solidarites", a, i, 2024, t) for a, i, t in told],
        columns=["contrat", "action", "indicateur", "exercice", "resultat"],
    )
    depot = fabrique.depot(resultats=results)
    money = {"contrat": "solidarites", "prevu": 100, "realise": 90, "taux": F(9, 10)}
    run = fabrique.execution(par_action=[money | {"action": "1"}])
    return _bilan(contrats, depot, run)


def _bilan(contrats, depot, run):
    frame = attainment(contrats, [depot], load_seuils())
    given = [*atteinte_figures(frame, contrats, [run], [depot], load_seuils())]
    known = {lieu.code: lieu for lieu in lieux(contrats["solidarites"], 2024)}
    for row in run.par_action.to_dict("records"):
        for name in ("prevu", "realise"):
            given.append(chiffre(known[row["action"]], name, "total", row[name]))
    figures = complete(given, {2024: contrats}, load_mesures())
    return NS(
        contrats=contrats,
        indicateurs=frame,
        exercices=[2024],
        periode="2024, exercice entier",
        executions=[run],
        depots=[depot],
        simule=True,
        chiffres=tabulate(figures, {2024: contrats}, load_mesures(), {}, True),
    )


def _texts(fig) -> list[str]:
    axes = [t.get_text() for ax in fig.axes for t in ax.texts]
    return axes + [t.get_text() for t in fig.texts]


def test_every_picture_says_simulated_and_has_a_text(b):
    for fig, alt in (
        (plots_statuts.carte(b), plots_statuts.alt_carte(b)),
        (plots.argent_resultats(b), plots.alt_argent(b)),
        (
            plots.petits_multiples(b, "solidarites", "11"),
            plots.alt_multiples(b, "solidarites", "11"),
        ),
    ):
        assert any("Données simulées" in text for text in _texts(fig))
        assert alt.endswith("Données simulées.")


def test_the_map_has_a_tile_per_target_and_a_sign_per_status(b):
    """94 indicators: 71 over four years, 23 over two; 2024 alone has signs (94)."""
    fig = plots_statuts.carte(b)
    tiles = [p for ax in fig.axes for p in ax.patches if isinstance(p, Rectangle)]
    assert len(tiles) == 71 * 4 + 23 * 2
    signs = [text for text in _texts(fig) if text in plots_statuts.SIGNES.values()]
    assert len(signs) == 94
    assert signs.count("✓") == sum(b.indicateurs["statut"] == "atteint")
    assert "Carte des statuts" in plots_statuts.alt_carte(
        b
    ) and "94 cibles" in plots_statuts.alt_carte(b)


def test_small_multiples_draw_targets_and_results(b):
    """Cumul acteurs: T0 7, targets 8 and 9; 9 in 2024. Personnes formées: T0 62 is left out."""
    fig = plots.petits_multiples(b, "solidarites", "11")
    first, second = ([t.get_text() for t in ax.texts] for ax in fig.axes[:2])
    assert "62" not in first and first.count("15") == 4 and "18" in first
    assert second.count("9") == 4 and {"7", "8"} <= set(second)
    labels = [t.get_text() for t in fig.axes[2].get_xticklabels()]
    assert labels[:2] == ["T0", "2024\nrésultat ?"]
    alt = plots.alt_multiples(b, "solidarites", "11")
    assert "Cumul acteurs 2024 : cible 8, résultat 9, atteint" in alt


def test_words_stand_where_no_figure_can(b):
    fig = plots.petits_multiples(b, "solidarites", "7")
    labels = [t.get_text() for t in fig.axes[0].get_xticklabels()]
    assert "2025\ncible\nSelon…" in labels and "2024\nrésultat /" in labels
    national = plots.petits_multiples(b, "solidarites", "nat")
    assert "cibles : « Non concerné »" in [t.get_text() for t in national.axes[1].texts]


def test_quadrants_count_and_name_the_actions(b):
    texts = _texts(plots.argent_resultats(b))
    assert "dépensé, peu atteint : 1" in texts and "dépensé, atteint : 0" in texts and "1" in texts
    assert "dépensé, peu atteint : solidarites 1" in plots.alt_argent(b)
    blind = _bilan(b.contrats, b.depots[0], fabrique.execution())
    assert "non renseigné" in plots.alt_argent(blind)


def test_what_is_shown_says_what_is_missing(b):
    money = montrer(b, indicateurs.argent(b), "Argent").to_html()
    assert "dépensé, peu atteint" in money and "prévu non renseigné" in money
    path = montrer(b, indicateurs.parcours(b).query("not national"), "Parcours").to_html()
    assert "lecture incertaine" in path and "soit 110,0\u00a0% de la cible" not in path
    annexe = atteinte.annexe(b, "Annexe 2").to_html()
    assert "Cible 2027" in annexe and "à venir" in annexe and "non renseigné" in annexe
    grounds = montrer(b, indicateurs.fondements(b), "Fondements").to_html()
    assert "interprétation : sens-baisse" in grounds and "Cumul acteurs" in grounds
    definitions = montrer(b, indicateurs.definitions(b), "Définitions").to_html()
    assert "CAF" in definitions and "stock au 31 décembre" in definitions


def test_tables_hold_exact_values_that_a_reader_sees_in_french(b):
    """Action 1: 90 of 100 centimes spent, 1 of 50 families; 11 has no budget, 2 of 2 attained."""
    money = indicateurs.argent(b)
    one = money[money["code"] == "1"].iloc[0]
    assert (one["realise"], one["taux_execution"], one["part_atteinte"]) == (90, F(9, 10), 0)
    assert one["cibles_atteintes"] == "0 sur 1" and one["lecture"] == "dépensé, peu atteint"
    eleven = money[money["code"] == "11"].iloc[0]
    assert (eleven["part_atteinte"], eleven["lecture"]) == (1, "prévu non renseigné")
    assert money.index[0] == one.name  # those that have a quadrant come first
    path = indicateurs.parcours(b).set_index("code")
    actors = path.loc["11/cumul-acteurs"]
    assert (actors["t0"], actors["cible"], actors["resultat"]) == ("7", "8", "9")
    assert actors["attendu_fin_contrat"] == 11
    assert actors["attendu_et_part"] == "11, soit 122,2\u00a0% de la cible"
    nothing = path.loc["nat/bidonvilles"]
    assert nothing["vide progression"] == "sans_objet" and nothing["statut"].startswith("sans obj")


def test_a_small_group_is_said_and_not_shown(b):
    learnt = _bilan(b.contrats, fabrique.depot(formations=TRAINING), fabrique.execution())
    table = indicateurs.formations(learnt)
    assert table["modalite"].to_list() == ["ensemble", "en ligne", "présentiel", "sur site"]
    assert table["formations_heures"].to_list()[::2] == [F(173, 2), 70]
    shown = montrer(learnt, table, "Formations", sauf=["contrat"]).data
    assert shown["Inscriptions"].to_list()[1] == "effectif trop petit pour être montré"
    unknown = montrer(b, indicateurs.formations(b), "Formations", sauf=["contrat"]).data
    assert set(unknown["Inscriptions"]) == {"non renseigné"}


def test_questions_stand_in_the_order_of_the_contract(b):
    told = fabrique.resultats(
        2024, ("13", "relais-partenariaux", "beaucoup"), ("1", "familles", "environ 45")
    )
    table = indicateurs.questions(
        _bilan(b.contrats, fabrique.depot(resultats=told), fabrique.execution())
    )
    assert table["action"].to_list() == ["1", "13"]
    assert table["genre"].to_list() == ["approche", "texte"]
    assert "Relais" in table["indicateur"][1] or "relais" in table["indicateur"][1]


def test_the_essential_reads_the_figures(b):
    text = atteinte.essentiel(b).data
    assert "Solidarités 2024** : 3 cibles jugées sur 71, dont 2 atteintes" in text
    assert "1 « dépensé, peu atteint »" in text and "sans lecture (prévu non renseigné)" in text
    assert "**Questions aux pilotes**" in text and "0 à 5,0\u00a0%, 0 à 10,0\u00a0%" in text
