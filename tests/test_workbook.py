"""tableaux.xlsx: columns, totals, printed totals, missing values, text like a formula."""

from dataclasses import replace
from datetime import date
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace as NS

import openpyxl
import pandas as pd
import pytest
from fabrique import contrat_signe, execution

from analyses.chiffres.agregation import complete
from analyses.chiffres.chiffre import VIDES, Chiffre, Rapport
from analyses.chiffres.depenses import depenses
from analyses.chiffres.mesures import load_mesures
from analyses.chiffres.table import tabulate
from analyses.rendu import workbook
from analyses.rendu.gabarits import Gabarit, evaluate, excel_formula, load_gabarits
from analyses.rendu.workbook import write_workbook
from analyses.socle.problems import BilanError

EUR = 100


class _Action(NS):
    def plan(self, exercice):
        return {k: v * EUR for k, v in self.montants.items()} if exercice == 2024 else None

    def plan_source(self, exercice):
        return "annexe 3"


def _cell(texts):
    periods = ["t0", 2024, 2025, 2026, 2027]
    return lambda period: NS(imprime=dict(zip(periods, texts, strict=False)).get(period))


def _indicator(code, source, texts):
    return NS(
        code=code,
        libelle=code,
        uncertain=len(texts) < 5,
        cell=_cell(texts),
        tableaux=[NS(source=source, libelle=code)],
        thematique="Thème",
        axe="axe-1",
    )


def _action(code, groupe, montants, titre="Titre", total=None, indicateurs=()):
    return _Action(
        code=code,
        groupe=groupe,
        libelle=titre,
        montants=montants,
        intitules=[NS(texte=titre, source="annexe 3")],
        financements=[NS(exercice=2024, retenu=True, total_imprime=total, source="annexe 3")],
        indicateurs=list(indicateurs),
    )


def _group(code, public, niveau):
    return NS(
        code=code,
        code_public=public,
        niveau=niveau,
        libelle=f"Groupe {public}",
        activite="0304 50 23",
        imputation="",
        fin=date(2024, 12, 31),
    )


def _contrats():
    local = [
        _indicator("familles", "annexe 2", ["37", "50", "60", "60", "60"]),
        _indicator("rencontres", "annexe 2", ["/", "2*2", "?", ""]),
    ]
    actions = [
        _action(
            "1",
            "axe-1",
            {"etat": 47500, "cd": 47500, "caf": 25000},
            "=1+1",
            total=120000 * EUR,
            indicateurs=local,
        ),
        _action("2", "axe-1", {"etat": 1875, "cd": 1875, "caf": 3750}),
        _action("9", "axe-3", {"etat": 51250, "cd": 51250}),
    ]
    printed = {"montant": 105375 * EUR, "exercice": 2024, "source": "annexe 3"}
    imprimes = [NS(niveau="axe", code="1", financeur="etat", **printed)]
    sol = contrat_signe(
        code="solidarites",
        titre="Contrat local",
        departement="55",
        imprimes=imprimes,
        exercices=[2024, 2025, 2026, 2027],
        financeurs={"caf": "CAF"},
        groupes={"axe-1": _group("axe-1", "1", "axe"), "axe-3": _group("axe-3", "3", "axe")},
        actions={a.code: a for a in actions},
        nationaux=[_indicator("meres", "annexe 4", ["Non concerné"])],
    )
    emploi_actions = [_action(f"v{n}-1", f"v{n}", {"etat": 100 * n, "cd": 50}) for n in (1, 2, 3)]
    emploi = contrat_signe(
        "emploi",
        code="emploi",
        titre="Convention",
        departement="55",
        imprimes=[],
        exercices=[2024, 2025],
        financeurs={},
        nationaux=[],
        groupes={f"v{n}": _group(f"v{n}", f"v{n}", "volet") for n in (1, 2, 3)},
        actions={a.code: a for a in emploi_actions},
    )
    return {"solidarites": sol, "emploi": emploi}


# Annexe 6 by hand: State's money left, département's money left, « Montant total réalisé ».
REPORTS = {"1": (11875, 11875, 90000), "2": (0, 0, 7500), "9": (None, None, None)}


def _execution(contrats, exercice=2024, depense=None, **champs):
    """Action 1: 90 000 € realised for 120 000 planned (35 625 / 35 625 / 18 750); the State paid
    47 500. Action 2: everything spent. Action 9: nothing known."""
    consumed = {"1": (35625, 35625, 18750), "2": (1875, 1875, 3750), "9": (None, None, None)}
    paid = {"1": 47500, "2": 1875, "9": 51250}
    by_action, by_funder, groups, totals = [], [], {}, {}
    for contrat in contrats.values():
        for code, action in contrat.actions.items():
            spent, plan = consumed.get(code, (10, 10, 0)), action.plan(exercice) or {}
            known = spent[0] is not None
            head = {"contrat": contrat.code, "groupe": action.groupe, "action": code}
            values = {
                "prevu": sum(plan.values()) or None,
                "realise": sum(spent) * EUR if known else None,
                "ineligible": 0 if known else None,
                "verse": paid.get(code, 20) * EUR,
            }
            if depense is not None:
                values |= dict.fromkeys(("realise", "ineligible", "verse"), depense)
            by_action.append(head | values)
            key = contrat.code, action.groupe
            groups[key] = groups.get(key, 0) + values["verse"]
            totals[contrat.code] = totals.get(contrat.code, 0) + values["verse"]
            for funder, amount in zip(("etat", "cd", "caf"), spent, strict=True):
                if plan and (funder in plan or amount):
                    used = amount * EUR if known else None
                    left = plan.get(funder, 0) - used if known else None
                    row = {"financeur": funder, "prevu": plan.get(funder, 0)}
                    by_funder.append(head | row | {"consomme": used, "non_consomme": left})
    nothing = pd.DataFrame({"montant_signe": []})
    plain = {"verse_groupe": groups, "verse_contrat": totals, "non_affecte": nothing}
    return execution(exercice, by_action, by_funder, **plain | champs)


def _nothing_done(contrats):
    """Nothing was deposited: the plan alone is known."""
    done = _execution(contrats, renseigne=False, verse_groupe={}, verse_contrat={})
    done.par_action[["realise", "ineligible", "verse"]] = None
    done.par_financeur[["consomme", "non_consomme"]] = None
    return done


def _unspread(contrats):
    """The State paid 500 € to the whole contract: its actions and its axes do not know."""
    done = _execution(contrats)
    done.par_action["verse"] = None
    axes = {("solidarites", "axe-1"): None, ("solidarites", "axe-3"): None}
    return replace(done, verse_groupe=axes, verse_contrat={"solidarites": 50000})


def _reports(exercice):
    for code, (cash, own, realise) in REPORTS.items():
        place = ("solidarites", exercice, "action", code)
        for mesure, funder, amount in (
            ("solde_verse", "etat", cash),
            ("solde_affecte", "cd", own),
            ("a_reporter", "etat", cash),
            ("a_reporter", "cd", own),
            ("realise_annexe_6", "total", realise),
            *(("prevu_suivant", funder, None) for funder in ("etat", "cd", "autres")),
            *(("budget_suivant", funder, None) for funder in ("etat", "cd", "total")),
        ):
            value = None if amount is None else amount * EUR
            status = "non_renseigne" if value is None else "calcule"
            yield Chiffre(mesure, *place, funder, value, statut=status)


def _judged(frame):
    for row in frame.to_dict("records"):
        place = (row["contrat"], row["exercice"], "indicateur", row["code"], "")
        rate, status = row["taux"], row["statut"]
        exact = None if rate is None else Rapport(rate.numerator, rate.denominator)
        empty = status if status in VIDES else "sans_objet"
        yield Chiffre("taux_atteinte", *place, exact, statut="calcule" if rate else empty)
        known = status not in VIDES
        word, empty = (status, "calcule") if known else (None, status)
        yield Chiffre("statut_atteinte", *place, word, statut=empty)


def _bilan(contrats, executions, frame, simule=False):
    """What the workbook reads of a bilan, its figures made by the one aggregation."""
    signed = {done.exercice: contrats for done in executions}
    figures = []
    for done in executions:
        figures += [*depenses(done, contrats), *_reports(done.exercice)]
    figures = [*complete(figures, signed, load_mesures()), *_judged(frame)]
    return NS(
        exercices=[done.exercice for done in executions],
        arrete_au=None,
        contrats=contrats,
        executions=executions,
        indicateurs=frame,
        chiffres=tabulate(figures, signed, load_mesures(), {}, simule),
        simule=simule,
        regles=NS(contrats=signed, soldes={}),
    )


def _one(frame=None, simule=False, done=_execution):
    contrats = _contrats()
    return _bilan(contrats, [done(contrats)], _frame() if frame is None else frame, simule)


def _frame():
    row = {
        "contrat": "solidarites",
        "action": "1",
        "indicateur": "familles",
        "code": "1/familles",
        "exercice": 2024,
        "resultat": Fraction(40),
        "resultat_imprime": "40",
        "taux": Fraction(4, 5),
        "statut": "partiellement",
    }
    return pd.DataFrame([row]).astype(object)


@pytest.fixture(scope="module")
def paths(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("x") / "tableaux.xlsx"
    write_workbook(path, _one(simule=True))
    return path


def _table(path, name, values=True):
    """{first columns' label: {header: value}} of the first block of a sheet."""
    rows = list(openpyxl.load_workbook(path, data_only=values)[name].iter_rows(values_only=True))
    header = [str(text) for text in rows[3]]
    return [dict(zip(header, row, strict=True)) for row in rows[4:]]


def _column(table, start):
    return next(header for header in table[0] if header.startswith(start))


def test_sheets_in_order_and_simulated(paths):
    book = openpyxl.load_workbook(paths)
    assert book.sheetnames == [
        "Lisez-moi",
        "Annexe 2",
        "Annexe 3",
        "Annexe 4",
        "Annexe 5",
        "Annexe 6",
        "Bilan volet 1",
        "Bilan volet 2",
        "Bilan volet 3",
        "Soldes volets",
        "Article 3",
        "En jeu Solidarités",
        "En jeu Insertion-emploi",
    ]
    assert all(
        any("Données simulées" in str(c.value) for row in sheet for c in row) for sheet in book
    )


def test_annexe_3_adds_up_and_keeps_the_printed_total(paths):
    """Axe 1 by hand: 47 500 + 1 875 = 49 375; printed 105 375 (8 actions): gap −56 000."""
    table = _table(paths, "Annexe 3")
    subtotal = table[2]
    assert subtotal[_column(table, "A\n")] == 49375
    assert subtotal["A imprimé (ajout)"] == 105375
    assert subtotal[_column(table, "Écart A")] == -56000
    assert table[0][_column(table, "Écart F")] == 0
    assert table[5][_column(table, "F\n")] == 49375 * 2 + 28750 + 102500
    live = _table(paths, "Annexe 3", values=False)[2][_column(table, "A\n")]
    assert live == '=IF(COUNT(D5:D6)<2,"non renseigné",SUM(D5:D6))'


def test_text_that_looks_like_a_formula_stays_text(paths):
    sheet = openpyxl.load_workbook(paths)["Annexe 3"]
    assert (sheet["C5"].value, sheet["C5"].data_type) == ("=1+1", "s")


def test_a_result_that_looks_like_a_formula_stays_text(tmp_path):
    """As a pilot may type or paste it; comments and sources of results are not in the workbook."""
    frame = _frame()
    text = "+cmd|' /C calc'!A0"
    frame.loc[0, ["resultat_imprime", "resultat", "taux", "statut"]] = [
        text, None, None, "non_evaluable",
    ]  # fmt: skip
    frame["commentaire"] = "=HYPERLINK(1)"
    path = tmp_path / "t.xlsx"
    write_workbook(path, _one(frame, simule=True))
    sheet = openpyxl.load_workbook(path)["Annexe 2"]
    assert (sheet["E6"].value, sheet["E6"].data_type) == (text, "s")
    assert not any("HYPERLINK" in str(c.value) for row in sheet for c in row)


def test_annexe_6_formula_and_headers(paths):
    """Action 1: A 47 500, B 47 500 − 35 625 = 11 875, C 47 500, D 11 875, E 18 750; realised
    47 500 − 11 875 + 47 500 − 11 875 + 18 750 = 90 000."""
    table = _table(paths, "Annexe 6")
    row = table[0]
    letters = {h.split("\n")[0]: v for h, v in row.items() if "\n" in h}
    assert [letters[k] for k in "ABCDEFG"] == [47500, 11875, 47500, 11875, 18750, 11875, 11875]
    assert row["Montant total réalisé au 31/12/2024"] == 90000
    assert {letters[k] for k in "HIJKLM"} == {"non renseigné"}
    assert "K\nBudget total CD prévu pour 2025 (G+I" in row
    order = [h.split("\n")[0] for h in row]
    assert order[:4] == [
        "Axes de la contractualisation",
        "Imputation chorus -(description longue)",
        "Fiche action N°",
        "Intitulé de l'action",
    ]
    assert order[4:18] == [*"ABCDE", "Montant total réalisé au 31/12/2024", *"FGHIJKLM"]
    assert all(header.endswith("(ajout)") for header in order[18:])
    assert table[3]["Montant total réalisé au 31/12/2024"] == "non renseigné"


def test_missing_is_never_zero_in_a_total(paths):
    table = _table(paths, "Annexe 5")
    assert table[2]["Total réalisé"] == 97500  # axe 1: 90 000 + 7 500
    assert table[3]["Total réalisé"] == table[5]["Total réalisé"] == "non renseigné"


def test_indicators_as_printed(paths):
    axis, first, second = _table(paths, "Annexe 2")[:3]
    assert axis["Actions"] == "Axe Groupe 1" and axis["Cible 2024"] is None
    # 2024 alone is due: later results are empty, a missing one is said.
    assert (first["Résultat atteint en 2025"], first["Statut 2025 (ajout)"]) == (None, None)
    assert second["Résultat atteint en 2024"] == "non renseigné"
    assert (first["Cible 2024"], first["Résultat atteint en 2024"]) == (50, 40)
    assert first["Taux d'atteinte 2024 (ajout)"] == 0.8
    assert [
        second[h] for h in ("Situation au 31 déc. 2023", "Cible 2024", "Cible 2025", "Cible 2026")
    ] == ["/", "2*2", "?", "non renseigné"]
    assert second["Lecture de la ligne (ajout)"] == "lecture incertaine"
    assert _table(paths, "Annexe 4")[1]["Situation au 31 déc. 2023"] == "Non concerné"


def test_payment_that_cannot_be_spread(tmp_path):
    """The State paid 500 € to the whole contract and no budget is signed: actions unknown."""
    write_workbook(tmp_path / "t.xlsx", _one(done=_unspread))
    table = _table(tmp_path / "t.xlsx", "Annexe 6")
    paid = [row[_column(table, "A\n")] for row in table[:6]]
    assert paid == ["non renseigné"] * 5 + [500]


def test_same_input_same_bytes(tmp_path):
    for name in ("a", "b"):
        write_workbook(tmp_path / name, _one(simule=True))
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_every_layout_source_is_known_even_without_executions(tmp_path):
    write_workbook(tmp_path / "t.xlsx", _one(_frame().iloc[:0], done=_nothing_done))
    table = _table(tmp_path / "t.xlsx", "Bilan volet 2")
    assert (table[0]["Prévu total"], table[0]["Réalisé éligible"]) == (250, "non renseigné")


def test_formula_and_value_agree():
    assert excel_formula("max(B, 0) + (A - B) / C", {"A": "A1", "B": "B1", "C": "C1"}).endswith(
        "MAX(B1,0)+((A1-B1)/C1))"
    )
    assert evaluate("a / b", {"a": Fraction(1), "b": Fraction(0)}) == "sans objet"


def test_broken_layout_names_file_and_key(tmp_path):
    (tmp_path / "lisez-moi.yaml").write_text("feuille: X\nordre: [a]\nnotes: []\n", "utf-8")
    (tmp_path / "a.yaml").write_text("feuille: A\ntitre: T\n", "utf-8")
    with pytest.raises(BilanError, match=r"a\.yaml, champ « contrat »"):
        load_gabarits(tmp_path)
    sheet = {"feuille": "A", "titre": "T", "contrat": "c", "lignes": "actions"}
    for column, words in (
        ({"mesure": "prevu", "formule": "Z + 1"}, "« Z » n'est pas une colonne"),
        ({"mesure": "inconnue"}, "« inconnue » n'est pas une mesure du registre"),
        ({"formule": "1"}, "attendu une seule clé parmi source, mesure"),
    ):
        with pytest.raises(ValueError, match=words):
            Gabarit.model_validate(sheet | {"colonnes": [{"cle": "a", "entete": "A"} | column]})


def test_layout_that_asks_for_an_unknown_source(tmp_path, monkeypatch):
    readme, layouts = load_gabarits()
    wrong = layouts[1].model_copy(
        update={"colonnes": [layouts[1].colonnes[0].model_copy(update={"source": "inconnue"})]}
    )
    monkeypatch.setattr(workbook, "load_gabarits", lambda: (readme, [wrong]))
    with pytest.raises(BilanError, match="attendu une source parmi .* trouvé « inconnue »"):
        write_workbook(tmp_path / "t.xlsx", _one())


def test_a_formula_that_does_not_give_its_figure_stops_the_workbook(tmp_path, monkeypatch):
    """F is A + B + C: without C, action 1 would be 95 000 € where 120 000 € are planned."""
    readme, layouts = load_gabarits()
    columns = [
        c.model_copy(update={"formule": "A + B"}) if c.cle == "F" else c
        for c in layouts[1].colonnes
    ]
    wrong = layouts[1].model_copy(update={"colonnes": columns})
    monkeypatch.setattr(workbook, "load_gabarits", lambda: (readme, [wrong]))
    expected = "Annexe 3, cellule G5 .* le chiffre de « prevu », 120000 ; trouvé 95000 par la"
    with pytest.raises(BilanError, match=expected):
        write_workbook(tmp_path / "t.xlsx", _one())


def test_years_to_come_are_empty_and_a_target_of_zero_has_no_rate(paths, tmp_path):
    """The bilan of 2024: 2025 to 2027 are still to come, they are not missing."""
    _axis, first, second = _table(paths, "Annexe 2")[:3]
    assert [second[f"Résultat atteint en {y}"] for y in (2024, 2025, 2027)] == [
        "non renseigné",
        None,
        None,
    ]
    assert first["Statut 2025 (ajout)"] is None and first["Cible 2025"] == 60
    frame = _frame().assign(taux=None, statut="atteint")
    write_workbook(tmp_path / "t.xlsx", _one(frame))
    first = _table(tmp_path / "t.xlsx", "Annexe 2")[1]
    assert first["Taux d'atteinte 2024 (ajout)"] == "sans objet"
    assert first["Statut 2024 (ajout)"] == "atteint"


def test_a_volet_that_ended_has_no_block_unless_money_moved(tmp_path):
    """Volet 2 ends in 2024: a bilan that also covers 2025 shows it for 2024 alone."""
    contrats = _contrats()
    for spent, years in ((0, ["2024"]), (100, ["2024", "2025"])):
        runs = [_execution(contrats), _execution(contrats, 2025, depense=spent)]
        write_workbook(tmp_path / "t.xlsx", _bilan(contrats, runs, _frame()))
        sheet = openpyxl.load_workbook(tmp_path / "t.xlsx")["Bilan volet 2"]
        titles = [str(row[0].value) for row in sheet.iter_rows()]
        assert [t[-4:] for t in titles if t.startswith("Annexe 3")] == years
