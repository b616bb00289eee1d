"""`bilan evaluer-projection`: reading, what is predicted from what, measures, files, errors."""

from __future__ import annotations

import csv
from datetime import date

import numpy as np
import pandas as pd
import pytest
from portefeuille import portefeuille

from analyses.cli import main
from analyses.depot.cellules import Unreadable
from analyses.projection.evaluation import COLONNES, Choix, groupes, mesurer, predire
from analyses.projection.lecture import lire_execution, lire_nombre
from analyses.projection.parametres import load_modele
from analyses.socle.problems import BilanError

MODELE = load_modele()
TODAY = date(2026, 6, 15)


@pytest.fixture(scope="module")
def simule():
    """Two portfolios of 80 lines, five years each: 8 years can be judged."""
    return [portefeuille(80, range(2018, 2023), seed, seed % 2 == 0) for seed in (10, 11)]


@pytest.fixture(scope="module")
def predictions(simule):
    return [predire(frame, MODELE, Choix(mois=(3, 6, 9))) for frame in simule]


def write(folder, text, name="execution.csv", encoding="utf-8"):
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


def refused(path, **known) -> str:
    with pytest.raises(BilanError) as error:
        lire_execution(path, today=TODAY, **known)
    return str(error.value)


def as_csv(frame: pd.DataFrame) -> str:
    """The frame as a file in units: hundredths with a decimal point."""
    out = frame.copy()
    for name in ("budget", "committed", "spent"):
        out[name] = ["" if pd.isna(v) else f"{v // 100}.{v % 100:02d}" for v in out[name].tolist()]
    return out.to_csv(index=False)


# What is predicted from what


def test_better_than_the_rivals_and_calibrated(predictions):
    """On simulated portfolios: less error than each rival at each month; the 80 % interval holds
    between 74 and 88 % of the time (640 lines a month, years that move together)."""
    found = mesurer(pd.concat(predictions))
    assert found["lignes"].tolist() == [640, 640, 640]
    for rival in ("prorata", "annee_precedente", "courbe_moyenne"):
        assert (found["erreur"] < found[rival]).all()
    assert found["couverture"].between(0.74, 0.88).all()
    assert (found["erreur"].diff().dropna() < 0).all()


def test_intervals_hold_their_projection(predictions):
    for frame in predictions:
        assert (frame["bas_80"] <= frame["projection"]).all()
        assert (frame["projection"] <= frame["haut_80"]).all()
        assert (frame["projection"] >= frame["spent"]).all()


def test_only_earlier_years_are_used(simule, predictions):
    """Everything after 2020 is changed: the predictions of 2019 and 2020 do not move."""
    changed = simule[0].copy()
    later = changed["year"] > 2020
    changed.loc[later, "spent"] = changed.loc[later, "spent"] // 3
    changed.loc[(changed["year"] == 2020) & (changed["month"] == 12), "spent"] *= 2
    kept = [name for name in COLONNES if name != "realise"]
    before = predictions[0].query("year <= 2020")[kept].reset_index(drop=True)
    after = predire(changed, MODELE, Choix(frozenset({2019, 2020}), (3, 6, 9)))[kept]
    pd.testing.assert_frame_equal(before, after.reset_index(drop=True))


def test_same_file_same_predictions(simule, predictions):
    """Order of the rows does not count; a change of unit changes nothing but the unit."""
    shuffled = simule[1].sample(frac=1, random_state=0)
    pd.testing.assert_frame_equal(predire(shuffled, MODELE, Choix(mois=(3, 6, 9))), predictions[1])
    scaled = simule[1].assign(budget=simule[1]["budget"] * 1000, spent=simule[1]["spent"] * 1000)
    found = predire(scaled, MODELE, Choix(mois=(6,)))
    expected = predictions[1].query("month == 6")
    assert np.allclose(found["projection"] / 1000, expected["projection"], rtol=1e-6, atol=1)


def test_first_year_is_not_judged_unless_asked(simule, predictions):
    assert sorted(set(predictions[0]["year"])) == [2019, 2020, 2021, 2022]
    first = predire(simule[0], MODELE, Choix(frozenset({2018}), (6,)))
    assert set(first["year"]) == {2018}
    measured = mesurer(first).iloc[0]
    assert np.isnan(measured["courbe_moyenne"]) and measured["erreur"] < measured["prorata"]


def test_missing_months_and_years(simule):
    """June is absent from 2019, December from 2020, 2021 altogether: 2022 is still predicted, June
    2019 is not; 2020 is neither judged nor learned."""
    frame = simule[0]
    gone = (
        ((frame["year"] == 2019) & (frame["month"] == 6))
        | ((frame["year"] == 2020) & (frame["month"] == 12))
        | (frame["year"] == 2021)
    )
    found = predire(frame[~gone], MODELE, Choix(mois=(3, 6)))
    assert sorted(set(found["year"])) == [2019, 2022]
    assert set(found.loc[found["year"] == 2019, "month"]) == {3}


def test_odd_budgets(simule):
    """Zero, negative, one unit; consumption far over the budget; a line of a single year."""
    frame = simule[0].query("line_id < '00010'").copy()
    for code, budget in zip(sorted(set(frame["line_id"])), (0, -500, 1, 100), strict=False):
        frame.loc[frame["line_id"] == code, "budget"] = budget
    alone = frame["line_id"].eq(sorted(set(frame["line_id"]))[9]) & frame["year"].ne(2021)
    found = predire(frame[~alone], MODELE, Choix(mois=(6,)))
    assert (found["budget"] > 0).all() and found["line_id"].nunique() == 8
    assert found["projection"].notna().all()


def test_measures_worked_by_hand():
    """Budgets 100 and 300; projected 90 and 300 for 100 and 240: error (10 + 60) / 400, bias
    (−10 + 60) / 400; one interval in two holds; widths 0.2 and 0.1."""
    frame = pd.DataFrame(
        {
            "month": 6,
            "budget": [100, 300],
            "projection": [90, 300],
            "realise": [100, 240],
            "bas_80": [85, 290],
            "haut_80": [105, 320],
            "dans_0.8": [True, False],
            "prorata": [100.0, 240.0],
            "annee_precedente": [110.0, 240.0],
            "courbe_moyenne": [float("nan"), 240.0],
        }
    )
    [found] = mesurer(frame).to_dict("records")
    assert found["erreur"] == 0.175 and found["biais"] == 0.125 and found["couverture"] == 0.5
    assert found["largeur"] == pytest.approx(0.15)
    assert found["prorata"] == 0 == found["biais_prorata"]
    assert found["annee_precedente"] == 0.025 == found["biais_annee_precedente"]
    assert np.isnan(found["courbe_moyenne"]) and np.isnan(found["biais_courbe_moyenne"])


def test_rivals_worked_by_hand():
    """One line, 2020 then 2021, at June: 40 of 100 then 80 at the end; now 60 of 200. Prorata 120;
    last year's remaining part 0.4 and the average one, 0.4: 60 + 80 = 140 both."""
    rows = [
        ("a", year, month, budget, None, spent)
        for year, budget, half, end in ((2020, 100, 40, 80), (2021, 200, 60, 150))
        for month, spent in ((6, half), (12, end))
    ]
    frame = pd.DataFrame(
        rows, columns=["line_id", "year", "month", "budget", "committed", "spent"]
    ).astype({"committed": "Int64"})
    [found] = predire(frame, MODELE, Choix(mois=(6,))).to_dict("records")
    assert (found["prorata"], found["annee_precedente"], found["courbe_moyenne"]) == (120, 140, 140)
    assert found["realise"] == 150 and 60 <= found["bas_80"] <= found["projection"]


def test_groups_come_from_the_identifiers():
    assert groupes(["A.1", "A.2"]) == {"A.1": ("A", "1"), "A.2": ("A", "2")}
    assert groupes(["7", "8"]) == {"7": (), "8": ()}
    assert groupes([]) == {}


# Reading


@pytest.mark.parametrize(
    "text, hundredths",
    [
        ("1234.5", 123450),
        ("1234,56", 123456),
        ("1 234,56 €", 123456),
        ("(12,00)", -1200),
        ("-0.005", 0),
        ("0.015", 2),
        ("1e3", 100000),
        ("690475723.40", 69047572340),
        ("1.234.567,89", 123456789),
    ],
)
def test_numbers(text, hundredths):
    assert lire_nombre(text) == hundredths


@pytest.mark.parametrize("text", ["abc", "1,234", "12.3.4", "nan", "1e400"])
def test_no_number(text):
    with pytest.raises(Unreadable):
        lire_nombre(text)


def test_french_export(tmp_path):
    """BOM, semicolons, decimal commas, dots between thousands, French titles, no commitments."""
    text = (
        "\ufeffsep=;\r\nCode ligne;Année;Mois;Crédits ouverts;Mandaté;Service\r\n"
        "A-1;2023;6;1.234;500,5;x\r\nA-1;2023;12;1.234,00;1.000,25;x\r\n"
        "A-2;2023;6;1;0;x\r\n"
    )
    found = lire_execution(write(tmp_path, text), today=TODAY)
    assert found.lignes["budget"].tolist() == [123400, 123400, 100]
    assert found.lignes["spent"].tolist() == [50050, 100025, 0]
    assert "engagements non renseignés : projection sans eux" in found.remarques
    notes = " / ".join(found.remarques)
    assert "mois absents 1, 2, 3, 4, 5, 7" in notes and "1 lignes sans décembre" in notes


def test_a_blank_line_after_the_separator_hides_nothing(tmp_path):
    text = "sep=,\r\n\r\nline_id,year,month,budget,spent\r\na,2023,12,1,1\r\n"
    assert lire_execution(write(tmp_path, text), today=TODAY).lignes["spent"].tolist() == [100]


def test_unusual_is_accepted_and_said(tmp_path):
    """A falling total, consumption and commitment over the budget, commitment under consumption."""
    text = (
        "line_id,year,month,budget,committed,spent\n"
        "a,2023,1,100,120,50\na,2023,2,100,30,40\na,2023,3,100,,130\nb,2023,1,0,0,-5\n"
    )
    notes = " / ".join(lire_execution(write(tmp_path, text), today=TODAY).remarques)
    for words in (
        "1 cumuls qui baissent",
        "1 consommations négatives",
        "1 budgets nuls ou négatifs",
        "1 consommations au-dessus du budget",
        "1 engagements inférieurs au consommé",
        "1 engagements au-dessus du budget",
        "1 engagements non renseignés",
        "2023 : sans décembre, ni jugée ni apprise",
    ):
        assert words in notes


def test_columns_by_option(tmp_path):
    text = "id,an,m,b1,budget,depense\na,2023,12,7,100,50\n"
    chosen = {"line_id": "id", "year": "an", "month": "m", "budget": "b1", "spent": "depense"}
    assert lire_execution(write(tmp_path, text), chosen, today=TODAY).lignes["budget"][0] == 700


def test_every_column_problem_at_once(tmp_path):
    words = refused(write(tmp_path, "ligne,Exercice,Année,budget\na,2023,2023,1\n"))
    assert "3 problèmes" in words
    assert "« Exercice » et « Année »" in words and "--colonnes year=TITRE" in words
    assert "champ « month »" in words and "champ « spent »" in words


def test_every_row_problem_at_once(tmp_path):
    text = (
        "line_id,year,month,budget,committed,spent\n"
        "a,2023,13,100,,50\n"
        "a,2023,1,cent,,50\n"
        "a,2023,2,100,,\n"
        ",2023,3,100,,50\n"
        "a,2023,4,100,,50\n"
        "a,2023,4,100,,60\n"
        "a,2027,1,100,,50\n"
        "a,an,1,100,,50\n"
        'a,2023,5,100,,50,"3"\n'
    )
    words = refused(write(tmp_path, text))
    assert "8 problèmes" in words
    for part in (
        "ligne 2, champ « month » : attendu un nombre entre 1 et 12 ; trouvé « 13 »",
        "ligne 3, champ « budget » : attendu un nombre",
        "ligne 4, champ « spent » : attendu une valeur ; trouvé cellule vide",
        "ligne 5, champ « line_id »",
        "« a », 04/2023 déjà ligne 6",
        "01/2027",
        "ligne 9, champ « year »",
        "7 cellules",
    ):
        assert part in words


def test_an_amount_too_long_to_be_one_is_refused(tmp_path):
    text = "line_id,year,month,budget,committed,spent\na,2023,1,1e30,9e14,-1e15\n"
    words = refused(write(tmp_path, text))
    assert (
        "2 problèmes" in words and "au plus 15 chiffres avant la virgule ; trouvé « 1e30 »" in words
    )


def test_many_problems_are_counted(tmp_path):
    rows = "".join(f"a{n},2023,1,x,,1\n" for n in range(50))
    words = refused(write(tmp_path, "line_id,year,month,budget,committed,spent\n" + rows))
    assert "21 problèmes" in words and "30 autres lignes" in words


@pytest.mark.parametrize(
    "text, words",
    [
        ("", "un fichier vide"),
        (";;\n\n", "un fichier vide"),
        ("line_id,year,month,budget,spent\n", "un en-tête seul"),
        ('line_id,year,month,budget,spent\n"a,2023,1,1,1\n', "un guillemet mal fermé"),
        ("PK\x03\x04", "un fichier binaire"),
    ],
)
def test_no_table(tmp_path, text, words):
    assert words in refused(write(tmp_path, text))


def test_no_known_encoding(tmp_path):
    (tmp_path / "x.csv").write_bytes(b"line_id\x81\n")
    assert "un CSV en UTF-8 ou cp1252" in refused(tmp_path / "x.csv")


def test_no_file_and_no_line_kept(tmp_path):
    assert "rien de lisible" in refused(tmp_path / "absent.csv")
    path = write(tmp_path, "line_id,year,month,budget,spent\na,2023,1,1,1\n")
    assert "aucune sur 1" in refused(path, lignes="^z")


# The command


def test_command_writes_what_it_prints(tmp_path, capsys, simule):
    path = write(tmp_path, as_csv(simule[0]))
    out = tmp_path / "sortie"
    assert main(["evaluer-projection", str(path), "--mois", "6,9", "--sortie", str(out)]) == 0
    printed = capsys.readouterr().out
    assert "La projection est la meilleure pour 2 mois sur 2" in printed
    assert "juin" in printed and "septembre" in printed and "Prorata" in printed
    names = {
        "mesures.csv",
        "predictions.csv",
        "evaluation.html",
        "erreur-par-mois.png",
        "biais-par-mois.png",
        "couverture-par-mois.png",
        "calibration.png",
    }
    assert {p.name for p in out.iterdir()} == names
    with (out / "predictions.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == COLONNES and len(rows) == 2 * 4 * 80
    gap = sum(abs(float(r["projection"]) - float(r["realise"])) for r in rows if r["month"] == "6")
    budget = sum(float(r["budget"]) for r in rows if r["month"] == "6")
    with (out / "mesures.csv").open(encoding="utf-8", newline="") as file:
        june = next(csv.DictReader(file))
    assert june["year"] == "toutes" and float(june["erreur"]) == pytest.approx(
        gap / budget, abs=1e-6
    )
    page = (out / "evaluation.html").read_text(encoding="utf-8")
    assert '<html lang="fr">' in page and page.count("<caption>") == 2 and page.count('alt="') == 4
    first = {p.name: p.read_bytes() for p in out.iterdir()}
    assert main(["evaluer-projection", str(path), "--mois", "6,9", "--sortie", str(out)]) == 0
    assert {p.name: p.read_bytes() for p in out.iterdir()} == first


def test_command_says_why_nothing_can_be_judged(tmp_path, capsys, simule):
    first = simule[0].query("year == 2018")
    path = write(tmp_path, as_csv(first))
    out = tmp_path / "sortie"
    assert main(["evaluer-projection", str(path), "--sortie", str(out)]) == 1
    assert "--annees 2018" in capsys.readouterr().err and not out.exists()
    assert main(["evaluer-projection", str(path), "--annees", "2018", "--mois", "6"]) == 0
    assert "non calculable" in capsys.readouterr().out
    path = write(tmp_path, as_csv(first.query("month < 12")))
    assert main(["evaluer-projection", str(path)]) == 1
    assert "aucun mois de décembre" in capsys.readouterr().err
    path = write(tmp_path, as_csv(simule[0]))
    command = ["evaluer-projection", str(path), "--mois", "6", "--budget-minimum", "1e12"]
    assert main(command) == 1
    assert "élargissez" in capsys.readouterr().err


def test_command_where_nothing_can_be_written(tmp_path, capsys, simule):
    path = write(tmp_path, as_csv(simule[0].query("year < 2020")))
    (tmp_path / "occupe").write_text("", encoding="utf-8")
    command = ["evaluer-projection", str(path), "--mois", "6", "--sortie", str(tmp_path / "occupe")]
    assert main(command) == 1
    assert "un dossier où l'on peut écrire" in capsys.readouterr().err


@pytest.mark.parametrize(
    "options, words",
    [
        (["--mois", "13"], "des mois de 1 à 11"),
        (["--annees", "abcd"], "une année"),
        (["--colonnes", "montant=x"], "CHAMP=TITRE"),
        (["--lignes", "("], "une expression régulière"),
        (["--budget-minimum", "-1"], "un montant positif"),
    ],
)
def test_options_are_checked(capsys, options, words):
    with pytest.raises(SystemExit) as stop:
        main(["evaluer-projection", "x.csv", *options])
    assert stop.value.code == 2 and words in capsys.readouterr().err
