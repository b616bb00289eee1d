"""Notebooks stay thin; tables, figures and pages are French, offline, and say what is missing."""

import ast
import json
import re
from datetime import date
from pathlib import Path

import fabrique
import pandas as pd
import pytest

from analyses.atteinte.indicateurs import attainment
from analyses.bilan import Bilan, figures
from analyses.contrat.contradictions import find_contradictions
from analyses.contrat.load import load_contrats
from analyses.contrat.parametres import load_lectures, load_seuils
from analyses.preparation.exercice import prepare
from analyses.projection.parametres import load_modele
from analyses.regles import moteur
from analyses.rendu import affichage, atteinte, plots, plots_statuts, regles, show, show_risque
from analyses.rendu.html import to_html
from analyses.rendu.tableau import montrer, tableau
from analyses.risque.risque import evaluer
from analyses.risque.situation import situations
from analyses.risque.trajectoire import load_trajectoires
from analyses.socle import fmt
from analyses.socle.paths import NOTEBOOKS

NAMES = {
    "01-qualite",
    "02-execution",
    "03-sous-consommation",
    "04-indicateurs",
    "05-regles",
    "bilan",
    "etat-avancement",
    "rapport-execution",
}
PATHS = sorted(NOTEBOOKS.glob("*.ipynb"))
PARAMETERS = ["departement", "exercice", "arrete_au", "donnees"]
PARAMETERS_BILAN = [*PARAMETERS, "titre", "exercices"]
EXECUTION = ["prevu", "verse", "realise", "journee_complementaire", "ineligible", "taux_execution"]


def _cells(path):
    return json.loads(path.read_text(encoding="utf-8"))["cells"]


def _source(cell):
    return "".join(cell["source"])


def _bilan(depot, arrete_au=None):
    contrats, seuils = load_contrats("55"), load_seuils()
    preparations = [prepare(depot, contrats, arrete_au)]
    regles = moteur.run(preparations, {}, load_lectures())
    run = regles.executions[2024]
    known = load_trajectoires(contrats)
    rows = situations(run, contrats, depot, arrete_au, known, (), load_lectures())
    risque = evaluer(rows, contrats, seuils, load_modele())
    indicateurs = attainment(contrats, [depot], seuils)
    return Bilan(
        preparations=preparations,
        regles=regles,
        departement="55",
        contrats=contrats,
        depots=[depot],
        executions=[run],
        trajectoires=known,
        risques=[risque],
        sous_conso=risque.actions,
        indicateurs=indicateurs,
        contradictions=find_contradictions(contrats),
        chiffres=figures(
            regles, [risque], indicateurs, contrats, [depot], seuils, depot.simule, known
        ),
        simule=depot.simule,
        arrete_au=arrete_au,
        exercices=[2024],
    )


@pytest.fixture(scope="module")
def empty():
    """A year for which no file was given."""
    return _bilan(fabrique.depot())


def _execution(b, niveau):
    return montrer(b, tableau(b.chiffres.query(niveau), EXECUTION), "Exécution")


def _html(shown):
    return shown.to_html() if hasattr(shown, "to_html") else shown.data


def test_every_notebook_is_there():
    assert {path.stem for path in PATHS} == NAMES


@pytest.mark.parametrize("path", PATHS, ids=lambda p: p.stem)
def test_notebook_is_thin_and_clean(path):
    cells = _cells(path)
    code = [c for c in cells if c["cell_type"] == "code"]
    assert all(c["outputs"] == [] and c["execution_count"] is None for c in code)
    tagged = [c for c in code if "parameters" in c["metadata"].get("tags", [])]
    assert len(tagged) == 1 and cells.index(tagged[0]) == 1
    names = [node.targets[0].id for node in ast.parse(_source(tagged[0])).body]
    assert names == (PARAMETERS_BILAN if path.stem == "bilan" else PARAMETERS)
    for cell in code:
        tree = ast.parse(_source(cell))
        assert not any(isinstance(n, ast.FunctionDef | ast.Lambda) for n in ast.walk(tree))
    ids = [c["id"] for c in cells]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", i) for i in ids)
    assert cells[0]["cell_type"] == "markdown" and _source(cells[0]).startswith("# ")


def _run(name, b, monkeypatch):
    """What each cell of a notebook shows of a bilan: cell -> HTML, or the words of a figure."""
    shown: dict[str, str] = {}
    path = NOTEBOOKS / f"{name}.ipynb"
    for module in (show, show_risque, atteinte):
        monkeypatch.setattr(module, "figure", lambda fig, alt: parts.append(alt))
    monkeypatch.setattr("IPython.display.display", lambda *found: parts.extend(map(_html, found)))
    space = {"b": b, "exercice": 2024, "chiffres": b.chiffres}
    for rank, cell in enumerate(_cells(path)[2:]):
        if cell["cell_type"] != "code":
            continue
        parts: list[str] = []
        *body, last = ast.parse(_source(cell)).body
        if rank == 0:  # what it imports, not what it loads
            body, last = [n for n in (*body, last) if isinstance(n, ast.ImportFrom)], None
        if last is not None and not isinstance(last, ast.Expr):
            body, last = [*body, last], None
        exec(compile(ast.Module(body, []), name, "exec"), space)
        if last is not None:
            result = eval(compile(ast.Expression(last.value), name, "eval"), space)
            parts += [] if result is None else [_html(result)]
        shown[cell["id"]] = "\n".join(parts)
    return shown


@pytest.mark.parametrize("path", PATHS, ids=lambda p: p.stem)
def test_every_cell_runs_when_no_file_was_given(path, empty, monkeypatch):
    """Nothing crashes and nothing is said to be 0 € when everything is missing."""
    text = "\n".join(_run(path.stem, empty, monkeypatch).values())
    assert "non renseigné" in text
    assert ">nan<" not in text and ">None<" not in text


def test_execution_without_ledger_is_not_zero(empty):
    html = _execution(empty, "niveau != 'action'").to_html()
    assert "non renseigné" in html and not re.search(r">0,00\xa0€", html)
    assert "Non renseigné" in show.banner(empty).data
    assert "mandats.csv 2024" in show.banner(empty).data


def test_rules_without_ledger_say_what_the_contract_alone_says(empty, monkeypatch):
    """The plan is known (50 %, ceilings, advance), nothing that depends on a ledger is."""
    shown = _run("05-regles", empty, monkeypatch)
    html = shown["soldes-table"]
    assert "106\u00a0000,00" in html and "107\u00a0818,20" in html
    assert html.count("non renseigné") >= 10
    parts = [
        row for row in shown["part-du-departement-table"].split("<tr>") if "Solidarités" in row
    ]
    assert sum("50,0\xa0%" in row for row in parts) == 24 and "respectée" not in "".join(parts)
    assert "105\u00a0375,00" in shown["piliers-table"]  # axe 1, not 103 194
    assert "non renseigné" in shown["agents-table"]
    assert "aucune" in shown["decisions-table"]


def test_decisions_and_staff_are_shown_without_third_party_nor_wording(monkeypatch):
    columns = ["exercice", "numero_mandat", "numero_ligne", "date_emission", "type"]
    columns += ["mandat_origine", "nature", "fonction", "code_analytique", "convention", "tiers"]
    columns += ["objet", "montant", "date_paiement", "id_engagement", "date_service", "poste"]
    secret = "Dupont Jeanne"
    lines = [
        (2024, "7", "1", date(2024, 5, 2), "ordinaire", "", nature, "", "A", "", secret, secret)
        + (100_000, None, "", None, "")
        for nature in ("617", "64131", "6064")
    ]
    lines = [(*line[:1], str(rank), *line[2:]) for rank, line in enumerate(lines)]
    rule = {"priorite": 1, "code_analytique": "A", "contrat": "emploi", "action": "v3-1"}
    blank = dict.fromkeys(["convention", "nature", "fonction", "tiers", "objet", "motif"], "")
    agents = [("P", "emploi", "v3-1", 1, 2, 400_000, date(2024, 5, 1), date(2024, 5, 31))]
    names = ["poste", "contrat", "action", "quotite", "ligne", "cout_mensuel_charge", "debut"]
    decided = [(2024, "0", "1", "ineligible", "hors de l'action", date(2025, 2, 3), "note 3")]
    b = _bilan(
        fabrique.depot(
            mandats=pd.DataFrame(lines, columns=columns),
            affectations=pd.DataFrame([rule | blank | {"quote_part": 1}]),
            temps_agents=pd.DataFrame(agents, columns=[*names, "fin"]),
            decisions_eligibilite=pd.DataFrame(
                decided,
                columns=["exercice", "numero_mandat", "numero_ligne", "decision", "motif"]
                + ["decide_le", "piece"],
            ),
        )
    )
    shown = _run("05-regles", b, monkeypatch) | _run("02-execution", b, monkeypatch)
    ids = ["decisions-table", "agents-table", "double-compte-table", "ineligibles-par-volet-table"]
    pages = [shown[name] for name in (*ids, "ineligibles-table", "series-table", "effets-table")]
    assert all(secret not in page for page in pages)
    assert "décision du 03/02/2025 : hors de l&#39;action (pièce : note 3)" in pages[0]
    assert "4\u00a0000,00" in pages[1] and "1\u00a0000,00" in pages[2] and "64131" in pages[2]
    assert "fournitures (art. 4.2)" in pages[3] and "64131" not in pages[4]


def test_simulated_data_are_said():
    b = _bilan(fabrique.depot(sources=[fabrique.source("mandats.csv")]), date(2024, 12, 31))
    assert "Données simulées" in show.banner(b).data
    for fig in (
        plots.execution_par_action(b, "solidarites", 2024),
        plots.cumul(b, "emploi", 2024),
        plots_statuts.barres_par_action(b, "solidarites"),
        plots_statuts.barres_par_annee(b),
    ):
        assert any("Données simulées" in text.get_text() for text in fig.texts)


def test_planned_ramp_up_ends_at_the_plan(empty):
    """At the end of the year every action that has started is expected whole."""
    emploi = empty.contrats["emploi"]
    planned = sum(sum((a.plan(2024) or {}).values()) for a in emploi.actions.values())
    months = plots.cumul_table(empty, "emploi", 2024)["attendu_mois"].to_list()
    assert len(months) == 12 and months == sorted(months)
    assert 0 < months[-1] <= planned


def test_two_renderings_of_a_table_are_identical(empty):
    one, two = (_execution(empty, "niveau == 'action'").to_html() for _ in range(2))
    assert one == two


def test_cell_text_is_escaped():
    html = affichage.page(pd.DataFrame({"Objet": ["<script>x</script>"]}), "Essai").to_html()
    assert "<script>" not in html


def test_formats():
    assert fmt.euros(0) == "0,00\xa0€"
    assert fmt.euros(-123456789) == "\u22121\u00a0234\u00a0567,89\xa0€"
    assert fmt.euros(None) == fmt.pourcent(None) == fmt.date(None) == "non renseigné"


def test_html_is_french_offline_and_folds_code(tmp_path: Path, empty):
    import nbformat

    notebook = nbformat.v4.new_notebook()
    table = _execution(empty, "niveau != 'action'")
    data = {"text/html": table.to_html(), "text/plain": ""}
    cell = nbformat.v4.new_code_cell("show.x(b)")
    cell["id"] = "art-4-2-taux"
    cell.outputs = [
        nbformat.v4.new_output("execute_result", data, execution_count=1),
        nbformat.v4.new_output(
            "display_data", {"image/png": "AAAA"}, metadata={"image/png": {"alt": "Barres : un"}}
        ),
    ]
    notebook.cells = [nbformat.v4.new_markdown_cell("# Bilan"), cell]
    nbformat.write(notebook, tmp_path / "n.ipynb")
    to_html(tmp_path / "n.ipynb", tmp_path / "n.html", "Bilan 2024 – Meuse")
    page = (tmp_path / "n.html").read_text(encoding="utf-8")
    assert '<html lang="fr">' in page and "<title>Bilan 2024 – Meuse</title>" in page
    assert not re.search(r"(?:src|href)\s*=\s*[\"']?(?:https?:)?//", page)
    assert "http://" not in page and "https://" not in page and "<script" not in page
    assert "<details" in page and "<summary>" in page and "show.x(b)" in page
    assert 'id="art-4-2-taux"' in page
    assert 'alt="Barres : un"' in page and "<caption>" in page and 'scope="col"' in page
    assert not re.search(r"<th[^>]*>(?:&nbsp;|\s)*</th>", page)


def test_a_receipt_that_no_action_plans_for_is_said():
    """No action of axe 4 plans money of the CAF: nothing is paid with it, and the page says so."""
    receipts = pd.DataFrame(
        [(2024, "solidarites", "axe-4", "caf", 123_450, date(2024, 9, 1))],
        columns=["exercice", "contrat", "action", "financeur", "montant", "date_encaissement"],
    ).assign(exercice_origine=None)
    b = _bilan(fabrique.depot(recettes=receipts))
    said = f"**Solidarités 2024, axe-4** : {fmt.euros(123_450)} reçus (CAF) qu'aucune action"
    assert said in regles.essentiel(b).data
    assert said in regles.essentiel(b.limite_a("report")).data
    assert said not in regles.essentiel(b.limite_a("forfait")).data
