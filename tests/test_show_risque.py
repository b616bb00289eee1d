"""The risk notebook on the simulated example: every date, every table and picture."""

from __future__ import annotations

import ast
import json
import shutil
from datetime import date
from types import SimpleNamespace as NS
from unittest.mock import patch

import pytest

from analyses import bilan
from analyses.cli import main
from analyses.contrat.load import load_contrats
from analyses.contrat.model import Financement
from analyses.rendu import plots_risque, show_risque, tables_risque
from analyses.risque import synthese
from analyses.socle import fmt, paths

DATES = ["2024-03-31", "2024-06-30", "2024-09-30", "2024-12-31", ""]


@pytest.fixture(scope="module")
def donnees(tmp_path_factory):
    folder = tmp_path_factory.mktemp("risque") / "raw"
    assert main(["exemple", "--sortie", str(folder)]) == 0
    return folder


@pytest.fixture(scope="module", params=DATES)
def b(request, donnees):
    return bilan.load("55", 2024, request.param, donnees, preparer=True)


@pytest.fixture(scope="module")
def juin(donnees):
    return bilan.load("55", 2024, "2024-06-30", donnees, preparer=True)


@pytest.fixture(scope="module")
def clos(donnees):
    return bilan.load("55", 2024, "", donnees, preparer=True)


@pytest.fixture(scope="module")
def sans_plan(donnees):
    return bilan.load("55", 2025, "", donnees, preparer=True)


def _text(shown) -> str:
    return shown.to_html() if hasattr(shown, "to_html") else shown.data


def _carnet(b) -> dict[str, str]:
    """What each cell of notebook 03 shows, the pictures left out."""
    cells = json.loads((paths.NOTEBOOKS / "03-sous-consommation.ipynb").read_text("utf-8"))["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    shown: list = []
    texts: dict[str, str] = {}
    space = {"b": b, "chiffres": b.chiffres, "exercice": b.exercices[-1]}
    imports = ast.parse("".join(code[1]["source"])).body
    with patch("IPython.display.display", shown.append):
        kept = [line for line in imports if isinstance(line, ast.ImportFrom)]
        exec(compile(ast.Module(kept, []), "lecture", "exec"), space)
        for cell in code[2:]:
            if "figure" in cell["id"] or "classement" in cell["id"]:
                continue
            tree = ast.parse("".join(cell["source"]))
            if isinstance(tree.body[-1], ast.Expr):
                last = ast.Expression(tree.body.pop().value)
                exec(compile(tree, cell["id"], "exec"), space)
                shown.append(eval(compile(last, cell["id"], "eval"), space))
            else:
                exec(compile(tree, cell["id"], "exec"), space)
            texts[cell["id"]] = "\n".join(_text(one) for one in shown if one is not None)
            shown.clear()
    return texts


def _everything(b) -> str:
    return "\n".join(_carnet(b).values())


def _et_si(b, **question) -> str:
    gaps = synthese.et_si(b.risques[-1], b.contrats, **question)
    return _text(tables_risque.et_si(b, gaps, **question))


def test_every_date_is_shown_and_adds_up(b):
    text = _everything(b)
    assert ">nan<" not in text and "None" not in text
    for row in b.risques[0].lieux.to_dict("records"):
        assert row["bas"] <= row["projection"] <= row["haut"]
        assert row["probabilite"] is None or 0 <= row["probabilite"] <= 1
    results = b.resultats
    for measure in ("projection", "probabilite_sous_consommation", "montant_a_risque"):
        assert len(results[results["mesure"] == measure]), measure
    keys = ["mesure", "contrat", "exercice", "niveau", "code", "financeur", "detail"]
    assert not results.duplicated(keys).any()
    assert not results["identifiant"].duplicated().any()


def test_pictures_say_what_they_are_made_of(b):
    for fig in (
        plots_risque.classement(b),
        plots_risque.eventails(b, "emploi"),
        plots_risque.contributions(b, "solidarites"),
    ):
        assert any("Données simulées" in text.get_text() for text in fig.texts)
    alts = [plots_risque.alt_classement(b), plots_risque.alt_eventails(b, "solidarites")]
    assert all(text.endswith("Données simulées.") for text in alts)
    assert "action 20, " in alts[1]


def test_the_answer_names_the_article_of_each_contract(juin):
    text = _text(show_risque.reponse(juin))
    assert "huit fois sur dix entre" in text and "Au 31 décembre" in text
    solidarites, emploi = text.split("### Insertion-emploi")
    assert "art. 2.2" in solidarites and "art. 6" not in solidarites
    assert "art. 6" in emploi and "jusqu'au 31\xa0décembre\xa02025" in emploi


def test_a_closed_exercise_is_final(clos):
    text = _text(show_risque.reponse(clos))
    assert "le réalisé est définitif" in text and "huit fois" not in text
    done = clos.risques[0].actions
    known = done[done["projection"].notna()]
    assert (known["projection"] == known["realise"]).all()
    assert (known["bas"] == known["haut"]).all()
    assert "l'exercice est clos" in _et_si(clos, decaler=3)


def test_a_year_without_budget_is_non_renseigne(sans_plan):
    text = _everything(sans_plan)
    assert "aucun budget signé pour 2025" in text and "non renseigné" in text
    assert "non renseignée" in plots_risque.alt_eventails(sans_plan, "emploi")
    assert plots_risque.classement(sans_plan) and plots_risque.eventails(sans_plan, "emploi")


def test_unknown_commitments_are_not_zero(donnees, tmp_path):
    shutil.copytree(donnees, tmp_path / "raw")
    for path in (tmp_path / "raw/55").glob("*/*"):
        if path.name.startswith(("engagements", "temps_agents")):
            path.unlink()
    b = bilan.load("55", 2024, "2024-06-30", tmp_path / "raw", preparer=True)
    html = _carnet(b)["contributions-table"]
    assert "non renseigné" in html
    assert "Engagements et temps d'agents non fournis" in _text(show_risque.reserves(b))


def test_figures_move_in_one_line(juin):
    late = _et_si(juin, action="solidarites/1", decaler=3)
    assert "prenait 3 mois de retard" in late and "\u2212" in late
    more = _et_si(juin, action="solidarites/1", engager=110_000)
    assert "engageait 110\u00a0000\xa0€ de plus" in more and "+" in more
    lower = _et_si(juin, seuil="0.60")
    assert "le seuil était de 60\u00a0%" in lower and "Solidarités, actions manifestes" in lower


def test_money_axes_are_french_and_titles_name_actions(juin):
    fig = plots_risque.eventails(juin, "solidarites")
    panels = [axes for axes in fig.axes if axes.get_title(loc="left")]
    assert len(panels) == 20
    fig.canvas.draw()
    labels = [label.get_text() for label in panels[0].get_yticklabels()]
    assert labels == ["0\xa0€", "60\u00a0000\xa0€", "120\u00a0000\xa0€"]


def test_the_ranking_is_by_state_money(juin):
    fig = plots_risque.classement(juin)
    widths = [patch.get_width() for patch in fig.axes[0].patches]
    assert widths == sorted(widths, reverse=True) and len(widths) == 35


def test_balance_of_article_6(clos):
    html = _carnet(clos)["art-6-solde-table"]
    assert "Trop-perçu projeté" in html and "106\u00a0000,00\xa0€" in html


def test_dates_that_mean_less_than_they_say(juin, clos):
    """Asked for 31 December of data known to 30 June; asked on 15 January, ledger still open."""
    future = NS(**{**vars(juin), "arrete_au": date(2024, 12, 31)})
    assert "rien n'est connu après" in _text(show_risque.reserves(future))
    open_ = NS(**{**vars(clos), "arrete_au": date(2025, 1, 15)})
    assert "La journée complémentaire court" in _text(show_risque.reserves(open_))


def test_a_ledger_that_stopped_is_said(juin):
    """Asked on 30 June of a ledger whose last line is of 1 February: 150 days of silence."""
    depot = NS(**vars(juin.depots[0]))
    early = [day <= date(2024, 2, 1) for day in depot.mandats["date_emission"]]
    depot.mandats = depot.mandats[early]
    text = _text(show_risque.reserves(NS(**{**vars(juin), "depots": [depot]})))
    assert "Aucun mandat depuis 150 jours" in text and "mars 2024" in text


def test_chances_are_never_certain_by_rounding():
    assert fmt.chance(0.004) == "moins de 1\xa0%"
    assert fmt.chance(0.996) == "plus de 99\xa0%"
    assert fmt.chance(0.0) == "0\xa0%" and fmt.chance(None) == "non renseigné"


def _contrats_2025():
    """The contracts as if an avenant gave 2025 the budget of 2024."""
    contrats = load_contrats("55")
    actions = {
        code: action.model_copy(
            update={
                "financements": [
                    *action.financements,
                    Financement(
                        exercice=2025, source="essai", retenu=True,
                        montants={k: v // 100 for k, v in (action.plan(2024) or {}).items()},
                    ),
                ]
            }
        )
        for code, action in contrats["solidarites"].actions.items()
    }  # fmt: skip
    return contrats | {
        "solidarites": contrats["solidarites"].model_copy(update={"actions": actions})
    }


def test_the_second_year_learns_from_the_first(donnees, monkeypatch):
    """With a budget for 2025, each action has its 2024 behind it and ends the year projected."""
    contrats = _contrats_2025()
    monkeypatch.setattr("analyses.contrat.load.load_contrats", lambda *_: contrats)
    b = bilan.load("55", 2025, "2025-06-30", donnees, preparer=True)
    known = {s.action: s for s in b.risques[0].situations if s.contrat == "solidarites"}
    (past,) = known["17"].passe
    assert tuple(vars(past).values())[0] == 2024
    assert "Aucune année passée" not in _text(show_risque.reserves(b))
    assert "projeté" in _everything(b) or "Projeté" in _everything(b)


def test_levers_stand_by_state_money_saved(juin):
    table = tables_risque.leviers(juin)
    assert table["rang"].to_list() == list(range(1, len(table) + 1))
    assert table["levier_preserve"].is_monotonic_decreasing
    words = table[table["levier"] == "écrire la justification et joindre sa pièce"]
    assert words["levier_montant"].isna().all() and len(words)
    assert words["statuts"].str.endswith("→ justifiée").all()
    shown = _carnet(juin)["leviers-table"]
    assert f"15 sur {len(table)}" in shown and ">–<" in shown


def test_what_is_missing_stands_beside_the_money_at_stake(juin):
    table = tables_risque.a_justifier(juin)
    assert table["sans_explication"].is_monotonic_decreasing
    assert set(table["niveau"]) == {"action"} and table["manque"].str.startswith("☐ ").all()
    known = juin.risques[0].actions.set_index(["contrat", "action"])["sans_explication"]
    for row in table.to_dict("records"):
        assert row["sans_explication"] == known[row["contrat"], row["code"]]


def test_the_projected_balances_are_exact(clos):
    """Volet 3: 479 250 € at most, 287 550 € paid, 165 631,31 € projected: 121 918,69 € too much."""
    row = tables_risque.soldes(clos).set_index("code").loc["v3"]
    assert (row["plafond"], row["avance"], row["verse"]) == (47_925_000, 28_755_000, 28_755_000)
    assert (row["projection:etat"], row["solde_projete"]) == (16_563_131, 0)
    assert row["trop_percu_projete"] == 12_191_869 and row["jusqu_au"] == date(2025, 12, 31)


def test_every_action_against_its_trajectory(clos, sans_plan):
    table = tables_risque.sous_consommation(clos)
    assert len(table) == len(clos.sous_conso)
    order = [tables_risque.ORDRE.index(s) for s in table["statut_sous_consommation"]]
    assert order == sorted(order)
    manifest = tables_risque.sous_consommation(clos, ["manifeste"])
    assert set(manifest["statut_sous_consommation"]) == {"manifeste"}
    over = tables_risque.sous_consommation(sans_plan).query("code == 'v1-1'").iloc[0]
    assert over["vide prevu"] == "sans_objet"  # volet 1 ended in 2024
    open_ = tables_risque.sous_consommation(sans_plan).query("code == 'v3-1'").iloc[0]
    assert open_["vide prevu"] != "sans_objet"


def test_the_quarters_of_the_planned_curves(clos):
    assert list(tables_risque.trimestres(clos).values()) == ["31/03", "30/06", "30/09", "31/12"]
    assert "24,9\u00a0%" in _carnet(clos)["trajectoires-table"]
