"""A run: checked first, made aside, moved into place only when everything succeeded."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace as NS

import pandas as pd
import pytest
import yaml

from analyses import cli
from analyses.bilan import check_years, load, read_date
from analyses.chiffres.effets import COLONNES as EFFETS
from analyses.production import produce as production
from analyses.production.notebooks import BILANS, check_notebook, notebooks_of
from analyses.production.produce import Interrupted, covered_years, produce
from analyses.socle.paths import ROOT
from analyses.socle.problems import BilanError, Problem

PARAMETERS = {"departement": "55", "exercice": 2024, "arrete_au": "", "donnees": "d"}
DEFAULTS = (
    'departement = "55"\nexercice = 2023\narrete_au = ""\ndonnees = ""\ntitre = ""\nexercices = ""'
)


def notebook(
    path: Path,
    code: str = "print(exercice)",
    tags: tuple = ("parameters",),
    defaults: str = DEFAULTS,
) -> Path:
    cells = [
        {
            "cell_type": "code",
            "id": name,
            "metadata": {"tags": list(cell_tags)},
            "source": text,
            "execution_count": None,
            "outputs": [],
        }
        for name, cell_tags, text in (("parametres", tags, defaults), ("la-reponse", (), code))
    ]
    content = {
        "cells": cells,
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {
            "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}
        },
    }
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


@pytest.fixture
def carnets(tmp_path: Path) -> Path:
    folder = tmp_path / "carnets"
    folder.mkdir()
    notebook(folder / "a.ipynb")
    for carnet in BILANS.values():
        notebook(folder / carnet.fichier)
    return folder


@pytest.fixture(autouse=True)
def small_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two tiny notebooks, no data and no rendering: only the run itself is tested."""
    from analyses.production import notebooks

    monkeypatch.setattr(notebooks, "ANALYSES", {"a": "a"})
    source = NS(recu_le="2025-02-01", nature="simulee")
    monkeypatch.setattr(
        production,
        "load",
        lambda departement, exercice, au, donnees, years, preparer: NS(
            exercices=years,
            contrats={},
            executions=[],
            indicateurs=None,
            regles=None,
            effets=pd.DataFrame(columns=EFFETS, dtype=object),
            simule=True,
            depots=[NS(sources=[source])],
            resultats=pd.DataFrame({"mesure": ["prevu"], "lecture": ["été"]}),
        ),
    )
    monkeypatch.setitem(
        sys.modules,
        "analyses.rendu.html",
        NS(to_html=lambda source, target, title: target.write_text(title, encoding="utf-8")),
    )
    monkeypatch.setitem(
        sys.modules,
        "analyses.rendu.workbook",
        NS(write_workbook=lambda path, *rest: path.write_bytes(b"xlsx")),
    )


def run(tmp_path: Path, carnets: Path, **options) -> Path:
    asked = {"bilan": "intermediaire", "exercice": 2024, "departement": "55", "arrete_au": ""}
    options = asked | {"progress": lambda text: None} | options
    return produce(donnees=tmp_path, sortie=tmp_path / "reports", notebooks=carnets, **options)


def left(tmp_path: Path) -> list[str]:
    """Every file and folder under reports/, to show that nothing is left or lost."""
    base = tmp_path / "reports"
    return sorted(p.relative_to(base).as_posix() for p in base.rglob("*")) if base.exists() else []


def previous(tmp_path: Path) -> Path:
    folder = tmp_path / "reports" / "2024" / "55" / "intermediaire"
    folder.mkdir(parents=True)
    (folder / "ancien.txt").write_text("ancien", encoding="utf-8")
    return folder


ONLY_PREVIOUS = ["2024", "2024/55", "2024/55/intermediaire", "2024/55/intermediaire/ancien.txt"]


def test_a_run_leaves_the_whole_report_in_place_of_the_old(tmp_path, carnets):
    old, said = previous(tmp_path), []
    folder = run(tmp_path, carnets, progress=said.append)
    assert folder == old
    assert sorted(p.name for p in folder.iterdir()) == [
        "a.html",
        "a.ipynb",
        "bilan-intermediaire.html",
        "bilan-intermediaire.ipynb",
        "lectures.csv",
        "resultats.csv",
        "resultats.csv.source.yaml",
        "tableaux.xlsx",
    ]
    assert left(tmp_path)[:3] == ["2024", "2024/55", "2024/55/intermediaire"]
    assert "[2/2] bilan-intermediaire…" in said
    assert (folder / "bilan-intermediaire.html").read_text("utf-8") == "Bilan intermédiaire 2024"


def test_notebooks_run_with_the_asked_parameters_and_forget_the_machine(tmp_path, carnets):
    text = (run(tmp_path, carnets, exercice=2025) / "a.ipynb").read_text("utf-8")
    outputs = [c["outputs"] for c in json.loads(text)["cells"]]
    assert outputs[-1][0]["text"] in ("2025\n", ["2025\n"])
    assert "output_path" not in text and ".en-cours-" not in text


def test_results_carry_their_sidecar(tmp_path, carnets):
    path = run(tmp_path, carnets) / "resultats.csv"
    assert path.read_bytes() == "mesure,lecture\nprevu,été\n".encode()
    assert yaml.safe_load((path.parent / "resultats.csv.source.yaml").read_text("utf-8")) == {
        "producteur": "bilan produire",
        "recu_le": "2025-02-01",
        "nature": "simulee",
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
    }


def test_a_notebook_that_fails_leaves_the_previous_report_and_shows_no_value(
    tmp_path, carnets, capfd
):
    previous(tmp_path)
    notebook(carnets / "bilan.ipynb", 'raise ValueError("Madame Untel")')
    with pytest.raises(BilanError) as caught:
        run(tmp_path, carnets, progress=production.say)
    message = str(caught.value)
    assert "bilan.ipynb, champ « cellule la-reponse »" in message
    assert "trouvé une erreur ValueError" in message
    assert "Untel" not in message + "".join(capfd.readouterr())
    assert caught.value.__suppress_context__
    assert left(tmp_path) == ONLY_PREVIOUS


def test_a_kernel_that_dies_is_a_failure(tmp_path, carnets):
    notebook(carnets / "a.ipynb", "import os\nos._exit(3)")
    with pytest.raises(BilanError, match="a.ipynb"):
        run(tmp_path, carnets)
    assert left(tmp_path) == []


def test_bad_data_stop_before_anything_runs(tmp_path, carnets, monkeypatch):
    def refuse(*args, **kwargs):
        raise BilanError([Problem("mandats.csv", 3, "montant")])

    monkeypatch.setattr(production, "load", refuse)
    monkeypatch.setattr(production, "run_notebook", lambda *args: pytest.fail("a notebook ran"))
    previous(tmp_path)
    with pytest.raises(BilanError, match="mandats.csv, ligne 3"):
        run(tmp_path, carnets)
    assert left(tmp_path) == ONLY_PREVIOUS


def test_every_notebook_is_checked_before_running(tmp_path, carnets):
    notebook(carnets / "a.ipynb", tags=())
    notebook(carnets / "bilan.ipynb", defaults="exercise = 2024")
    with pytest.raises(BilanError) as caught:
        run(tmp_path, carnets)
    text = str(caught.value)
    assert "a.ipynb, champ « cellule des paramètres »" in text and "0 cellule" in text
    assert "bilan.ipynb, champ « exercice »" in text
    assert "attendu un paramètre parmi exercise" in text
    assert left(tmp_path) == []


def test_check_notebook(tmp_path):
    assert check_notebook(notebook(tmp_path / "x.ipynb"), PARAMETERS) == []
    (tmp_path / "casse.ipynb").write_text("{", encoding="utf-8")
    assert check_notebook(tmp_path / "casse.ipynb", {})[0].trouve == "un fichier illisible"
    assert check_notebook(tmp_path / "absent.ipynb", {})[0].trouve == "rien"


def test_an_output_that_is_not_writable_is_named(tmp_path, carnets):
    (tmp_path / "reports").write_text("un fichier", encoding="utf-8")
    with pytest.raises(BilanError, match="attendu un dossier où l'on peut écrire"):
        run(tmp_path, carnets)


def test_a_folder_without_the_right_to_write(tmp_path, carnets, monkeypatch):
    def refuse(*args, **kwargs):
        raise PermissionError(13, "refused")

    previous(tmp_path)
    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(BilanError, match="un accès refusé"):
        run(tmp_path, carnets)
    assert left(tmp_path) == ONLY_PREVIOUS


def test_a_disk_that_fills_up_half_way(tmp_path, carnets, monkeypatch):
    def full(*args):
        raise OSError(28, "No space left on device")

    previous(tmp_path)
    monkeypatch.setattr(sys.modules["analyses.rendu.html"], "to_html", full)
    with pytest.raises(BilanError, match="trouvé un disque plein ; libérez le dossier"):
        run(tmp_path, carnets)
    assert left(tmp_path) == ONLY_PREVIOUS


def test_a_swap_that_fails_puts_the_old_report_back(tmp_path, carnets, monkeypatch):
    old, real = previous(tmp_path), os.replace

    def replace(new, target):
        if (new.name, target) == ("0", old):
            raise PermissionError(13, "Permission denied")
        real(new, target)

    monkeypatch.setattr(os, "replace", replace)
    with pytest.raises(BilanError, match="un accès refusé"):
        run(tmp_path, carnets)
    assert left(tmp_path) == ONLY_PREVIOUS


def test_a_report_left_aside_by_a_killed_run_comes_back(tmp_path, carnets):
    """Killed while the new report took the place of the old: the next run first ends that."""
    old = previous(tmp_path)
    killed = old.parent / ".en-cours-999999999-x"
    (killed / "0.ancien").mkdir(parents=True)
    old.rename(killed / "0")
    (killed / "liste.json").write_text('{"0": "intermediaire"}', encoding="utf-8")
    notebook(carnets / "a.ipynb", "1 / 0")
    with pytest.raises(BilanError, match="ZeroDivisionError"):
        run(tmp_path, carnets)
    assert left(tmp_path) == ONLY_PREVIOUS


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
@pytest.mark.parametrize(("kind", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_run_leaves_the_previous_report(tmp_path, carnets, kind, code):
    previous(tmp_path)
    mark = tmp_path / "parti"
    notebook(
        carnets / "bilan.ipynb",
        f"open({str(mark)!r}, 'w').close()\nimport time\ntime.sleep(60)",
    )

    def stop_it() -> None:
        while not mark.exists():
            threading.Event().wait(0.05)
        os.kill(os.getpid(), kind)

    said: list[str] = []
    handler = signal.getsignal(kind)
    threading.Thread(target=stop_it, daemon=True).start()
    with pytest.raises(Interrupted) as caught:
        run(tmp_path, carnets, progress=said.append)
    assert caught.value.code == code
    assert said[-1] == "Arrêt demandé pendant le carnet bilan-intermediaire."
    assert left(tmp_path) == ONLY_PREVIOUS
    assert signal.getsignal(kind) == handler


def test_the_years_of_each_bilan():
    contrats = {"s": NS(exercices=[2024, 2025, 2026, 2027]), "e": NS(exercices=[2024, 2025])}
    assert covered_years("etat-avancement", 2026, contrats) == [2026]
    assert covered_years("rapport-execution", 2025, contrats) == [2024, 2025]
    with pytest.raises(BilanError, match="attendu 2025 pour le bilan « final »"):
        covered_years("final", 2024, contrats)
    with pytest.raises(BilanError, match="2024, 2025, 2026, 2027 ; trouvé « 2030 »"):
        check_years(contrats, [2030], None)
    with pytest.raises(BilanError, match="à partir du 2024-01-01"):
        check_years(contrats, [2024], read_date("2023-12-31"))
    check_years(contrats, [2024], read_date("2025-01-31"))


@pytest.mark.parametrize("text", ["31/12/2024", "2024-13-01", "demain"])
def test_a_date_that_is_none(text):
    with pytest.raises(BilanError, match="attendu une date AAAA-MM-JJ"):
        read_date(text)


def test_data_folder_that_does_not_exist(tmp_path):
    pytest.importorskip("analyses.depot.exercice")
    with pytest.raises(BilanError, match="bilan exemple"):
        load("55", 2024, donnees=tmp_path / "rien")


def test_a_data_file_that_cannot_be_read_is_named(tmp_path, monkeypatch):
    def refuse(path):
        raise PermissionError(13, "Permission denied", str(path))

    (tmp_path / "55/2024").mkdir(parents=True)
    (tmp_path / "55/2024/recettes.csv").write_text("exercice\n", encoding="utf-8")
    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(BilanError) as caught:
        load("55", 2024, donnees=tmp_path, preparer=True)
    assert str(caught.value).splitlines()[1] == (
        "- 55/2024/recettes.csv : attendu un fichier lisible ; trouvé un accès refusé ; "
        "fermez le fichier dans le tableur ou vérifiez ses droits"
    )


def test_a_deposited_file_gets_its_sidecar(tmp_path, capsys):
    file = tmp_path / "mandats.csv"
    file.write_text("exercice\n", encoding="utf-8")
    assert (
        cli.main(
            [
                "deposer",
                str(file),
                "--producteur",
                "Direction des finances",
                "--nature",
                "simulee",
                "--recu-le",
                "2025-02-10",
            ]
        )
        == 0
    )
    sidecar = yaml.safe_load((tmp_path / "mandats.csv.source.yaml").read_text("utf-8"))
    assert (sidecar["producteur"], sidecar["nature"], str(sidecar["recu_le"])) == (
        "Direction des finances",
        "simulee",
        "2025-02-10",
    )
    assert "mandats.csv.source.yaml" in capsys.readouterr().out
    file.write_text("exercice\n2024\n", encoding="utf-8")
    assert cli.main(["deposer", str(file)]) == 0
    again = yaml.safe_load((tmp_path / "mandats.csv.source.yaml").read_text("utf-8"))
    assert (again["producteur"], again["nature"]) == ("Direction des finances", "simulee")
    assert again["sha256"] != sidecar["sha256"]
    assert cli.main(["deposer", str(tmp_path / "absent.csv"), "--producteur", "x"]) == 1


def test_unknown_bilan_and_departement(tmp_path, carnets):
    with pytest.raises(BilanError, match="attendu un bilan parmi intermediaire"):
        run(tmp_path, carnets, bilan="partiel")
    with pytest.raises(BilanError, match="« 99 »"):
        run(tmp_path, carnets, departement="99")
    assert [carnet.nom for carnet in notebooks_of("final")] == ["a", "bilan-final"]


@pytest.mark.parametrize(
    "command",
    [
        [],
        ["produire"],
        ["controler"],
        ["controler-contrat"],
        ["deposer"],
        ["exemple"],
        ["explorer"],
    ],
)
def test_help_is_in_french(command, capsys):
    with pytest.raises(SystemExit) as stop:
        cli.main([*command, "--help"])
    text = capsys.readouterr().out
    assert stop.value.code == 0 and text.startswith("usage : ")
    for english in ("show this", "positional", "usage:", "default", "optional"):
        assert english not in text


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["produire", "--bilan", "x"], "n'est pas un choix possible"),
        (["produire", "--exercice", "abc"], "une année est attendue, trouvé « abc »"),
        (["produire", "--arrete-au", "31/12/2024"], "une date AAAA-MM-JJ est attendue"),
        (["produire", "--inconnu"], "arguments inconnus : --inconnu"),
        (["produire", "--sortie"], "une valeur est attendue"),
        (["deposer"], "il manque : FICHIER"),
        ([], "il manque : COMMANDE"),
        (["partir"], "erreur"),
    ],
)
def test_wrong_arguments_are_told_in_french(arguments, words, capsys):
    with pytest.raises(SystemExit) as stop:
        cli.main(arguments)
    error = capsys.readouterr().err
    assert stop.value.code == 2 and words in error and "error" not in error


def test_problems_go_to_stderr_without_traceback(tmp_path, capsys):
    assert (
        cli.main(["produire", "--bilan", "final", "--exercice", "2024", "--sortie", str(tmp_path)])
        == 1
    )
    error = capsys.readouterr().err
    assert error.startswith("1 problème") and "Traceback" not in error


def test_an_internal_error_shows_no_value(monkeypatch, capsys):
    def fail(*args):
        raise KeyError("Madame Untel")

    monkeypatch.delenv("BILAN_DEBUG", raising=False)
    monkeypatch.setattr(production, "produce", fail)
    assert cli.main(["produire"]) == 1
    error = capsys.readouterr().err
    assert "Erreur interne (KeyError)" in error and "Untel" not in error


def test_final_takes_2025_by_itself(monkeypatch):
    seen: list = []
    monkeypatch.setattr(production, "produce", lambda *args: seen.append(args))
    assert cli.main(["produire", "--bilan", "final"]) == 0
    assert cli.main(["produire"]) == 0
    assert [args[1] for args in seen] == [2025, 2024]


def test_controler_says_what_was_read_or_what_is_wrong(tmp_path, monkeypatch, capsys):
    from analyses.socle import paths

    monkeypatch.setattr(paths, "PROCESSED", tmp_path / "processed")
    assert cli.main(["exemple", "--sortie", str(tmp_path)]) == 0
    assert cli.main(["controler", "--donnees", str(tmp_path)]) == 0
    text = capsys.readouterr().out
    assert "exercice 2024 : fichiers conformes" in text and "Données simulées" in text
    assert "- recettes : 11 lignes" in text and "reçu le 1er\u00a0mars\u00a02025" in text
    report = Path(text.rsplit("Rapport de qualité : ", 1)[1].strip())
    assert "Aucun problème" in report.read_text("utf-8")
    (tmp_path / "55/2024/recettes.csv.source.yaml").unlink()
    (tmp_path / "55/2024/justifications.csv").unlink()
    assert cli.main(["controler", "--donnees", str(tmp_path)]) == 0
    text = capsys.readouterr().out
    assert "recettes.csv : provenance non renseignée" in text
    assert "- justifications : non renseigné" in text
    (tmp_path / "55/2024/recettes.csv").write_text("exercice\n", encoding="utf-8")
    assert cli.main(["controler", "--donnees", str(tmp_path)]) == 1
    assert "7 problèmes :" in capsys.readouterr().err


@pytest.mark.skipif(os.name == "nt", reason="no super-user")
def test_explorer_opens_jupyterlab_on_the_notebooks_in_french(monkeypatch):
    started = {}

    class Process:
        def __init__(self, command, cwd, env):
            folder = Path(env["JUPYTER_CONFIG_PATH"].split(os.pathsep)[0])
            settings = (folder / "labconfig/default_setting_overrides.json").read_text("utf-8")
            started.update(command=command, cwd=cwd, env=env, settings=settings, waits=[1])

        def wait(self):
            if started["waits"]:
                started["waits"].pop()
                raise KeyboardInterrupt
            return 0

    monkeypatch.setattr(subprocess, "Popen", Process)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert cli.main(["explorer"]) == 0
    assert started["command"][1:4] == ["-m", "jupyter", "lab"] and started["cwd"] == ROOT
    assert "--LabApp.default_url=/lab/tree/notebooks" in started["command"]
    assert "--allow-root" in started["command"]  # in a container
    assert '"locale": "fr_FR"' in started["settings"]


def test_contradictions_are_printed_and_written(tmp_path, capsys):
    target = tmp_path / "c.csv"
    assert cli.main(["controler-contrat", "--csv", str(target)]) == 0
    rows = pd.read_csv(target)
    assert list(rows.columns) == [
        "code",
        "poids",
        "contrat",
        "objet",
        "source_1",
        "valeur_1",
        "source_2",
        "valeur_2",
        "conciliation",
    ]
    weights = ["chiffre", "date_ou_devoir", "sens", "mots"]
    assert len(rows) > 40 and list(dict.fromkeys(rows.poids)) == weights
    text = capsys.readouterr().out
    words = int((rows.poids == "mots").sum())  # kept apart, not counted
    assert (
        text.startswith(f"{len(rows) - words} contradictions") and "Lectures incertaines (" in text
    )
    assert f"à part, {words} affaires de mots" in text and "131 = 62 + 69" in text
    assert all(code in text for code in rows.code)


def test_contradictions_to_a_place_that_is_not_writable(tmp_path, capsys):
    assert cli.main(["controler-contrat", "--csv", str(tmp_path)]) == 1
    assert "un fichier où l'on peut écrire" in capsys.readouterr().err


def test_the_command_imports_nothing_heavy():
    code = (
        "import sys, analyses.cli, analyses.production.produce as p\n"
        "heavy = {'pandas', 'papermill', 'matplotlib', 'great_expectations', 'nbconvert'}\n"
        "sys.exit(bool(heavy & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0
