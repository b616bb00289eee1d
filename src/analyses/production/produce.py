"""One run: everything is made in a temporary folder and moved into place when all went well."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from analyses import instantane
from analyses.bilan import Bilan, check_years, load, period, read_date
from analyses.production.notebooks import (
    NOTEBOOK_OF,
    TITLES,
    check_notebook,
    notebooks_of,
    run_notebook,
)
from analyses.socle.paths import NOTEBOOKS, ROOT
from analyses.socle.problems import BilanError, Problem, unwritable

WHOLE_PERIOD = ("final", "rapport-execution")
_TEMP = ".en-cours-"
_ONE_DAY = 86_400


class Interrupted(KeyboardInterrupt):
    """Ctrl-C or a request to stop: `code` is the exit code (130 or 143)."""

    def __init__(self, signum: int) -> None:
        super().__init__(signum)
        self.code = 128 + signum


def say(text: str) -> None:
    """Show the progress on stderr, never mixed with a result."""
    print(text, file=sys.stderr, flush=True)


def covered_years(bilan: str, exercice: int, contrats: dict[str, Any]) -> list[int]:
    """Years that a bilan covers: `exercice`, or the years that all the contracts share.

    >>> from types import SimpleNamespace as NS
    >>> both = {"a": NS(exercices=[2024, 2025, 2026]), "b": NS(exercices=[2024, 2025])}
    >>> covered_years("final", 2025, both), covered_years("intermediaire", 2024, both)
    ([2024, 2025], [2024])
    """
    if bilan not in WHOLE_PERIOD:
        return [exercice]
    shared = period(contrats, max(y for c in contrats.values() for y in c.exercices))
    if not shared or exercice != shared[-1]:
        last = str(shared[-1]) if shared else "un exercice commun"
        raise BilanError(
            Problem(
                "demande",
                champ="exercice",
                attendu=f"{last} pour le bilan « {bilan} », qui couvre toute la période",
                trouve=f"« {exercice} »",
                remede="corrigez --exercice",
            )
        )
    return shared


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return pid != os.getpid()


def _stale(folder: Path) -> bool:
    """True for the temporary folder of a run that was killed."""
    pid = folder.name.removeprefix(_TEMP)
    if os.name == "posix" and pid.isdigit():
        return not _alive(int(pid))
    return time.time() - folder.stat().st_mtime > _ONE_DAY


def recover(destination: Path) -> None:
    """Put back the report that a killed run had moved aside; remove what such runs left."""
    aside = _aside(destination)
    if aside.exists():
        if destination.exists():
            shutil.rmtree(aside)
        else:
            aside.rename(destination)
    for folder in destination.parent.glob(_TEMP + "*"):
        if _stale(folder):
            shutil.rmtree(folder, ignore_errors=True)


def _aside(destination: Path) -> Path:
    return destination.with_name(f".{destination.name}.ancien")


def _not_writable(folder: Path, error: OSError) -> BilanError:
    return unwritable(folder, error, "libérez le dossier ou indiquez-en un autre avec --sortie")


def _remove_empty(folder: Path, stop: Path) -> None:
    """Remove the empty folders that a failed first run made, up to `stop` excluded."""
    while folder != stop and stop in folder.parents:
        try:
            folder.rmdir()
        except OSError:
            return
        folder = folder.parent


def _existing(folder: Path) -> Path:
    while not folder.exists() and folder.parent != folder:
        folder = folder.parent
    return folder


@contextmanager
def temporary_folder(destination: Path) -> Iterator[Path]:
    """A folder beside `destination`, removed whatever happens; proves that one can write there."""
    parent, first = destination.parent, _existing(destination.parent)
    temp = parent / f"{_TEMP}{os.getpid()}"
    try:
        parent.mkdir(parents=True, exist_ok=True)
        if destination.exists() and not destination.is_dir():
            raise FileExistsError
        recover(destination)
        temp.mkdir()
        (temp / "essai").write_text("", encoding="utf-8")
        (temp / "essai").unlink()
    except OSError as error:
        shutil.rmtree(temp, ignore_errors=True)
        _remove_empty(parent, first)
        raise _not_writable(destination, error) from None
    try:
        yield temp
    finally:
        shutil.rmtree(temp, ignore_errors=True)
        _remove_empty(parent, first)


@contextmanager
def _signals(handler: Any, kinds: list[signal.Signals]) -> Iterator[None]:
    """Signals handled by `handler` for a while."""
    before = {kind: signal.signal(kind, handler) for kind in kinds}
    try:
        yield
    finally:
        for kind, former in before.items():
            signal.signal(kind, former)


@contextmanager
def stoppable() -> Iterator[None]:
    """Turn Ctrl-C and SIGTERM into one `Interrupted`; further ones wait for the cleaning."""
    kinds = [signal.SIGINT, signal.SIGTERM]
    for name in ("SIGHUP", "SIGBREAK"):  # one or the other by system, unless ignored (nohup)
        kind = getattr(signal, name, None)
        if kind is not None and signal.getsignal(kind) != signal.SIG_IGN:
            kinds.append(kind)

    def stop(signum: int, _frame: object) -> None:
        for kind in kinds:
            signal.signal(kind, signal.SIG_IGN)
        raise Interrupted(signum)

    with _signals(stop, kinds):
        yield


def swap(temp: Path, destination: Path) -> None:
    """Put `temp` in the place of `destination`; the old report comes back if that fails."""
    aside = _aside(destination)
    with _signals(signal.SIG_IGN, [signal.SIGINT, signal.SIGTERM]):  # not cut in two
        try:
            if destination.exists():
                destination.rename(aside)
            temp.rename(destination)
        except OSError as error:
            if aside.exists() and not destination.exists():
                aside.rename(destination)
            raise _not_writable(destination, error) from None
        shutil.rmtree(aside, ignore_errors=True)


def write_results(folder: Path, bilan: Bilan) -> None:
    """resultats.csv with its sidecar, which carries the nature of the data."""
    import yaml

    path = folder / "resultats.csv"
    bilan.resultats.to_csv(path, index=False, encoding="utf-8", lineterminator="\n")
    sources = [source for depot in bilan.depots for source in depot.sources]
    received = sorted(str(source.recu_le) for source in sources if source.recu_le)
    sidecar: dict[str, Any] = {"producteur": "bilan produire"}
    if received:
        sidecar["recu_le"] = received[-1]
    sidecar["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    if bilan.simule:
        sidecar["nature"] = "simulee"
    elif sources and all(source.nature == "reelle" for source in sources):
        sidecar["nature"] = "reelle"
    path.with_name(path.name + ".source.yaml").write_text(
        yaml.safe_dump(sidecar, allow_unicode=True, sort_keys=False), encoding="utf-8"
    )


def write_readings(folder: Path, bilan: Bilan) -> None:
    """lectures.csv: every figure that another reading of a text would change."""
    from analyses.chiffres.effets import effects_table

    effects_table(bilan.effets).to_csv(
        folder / "lectures.csv", index=False, encoding="utf-8", lineterminator="\n"
    )


def _shown_path(folder: Path) -> str:
    """Path passed to the notebooks: relative to the project when it lies inside it.

    >>> _shown_path(ROOT / "data" / "raw")
    'data/raw'
    """
    full = folder.resolve()
    return (full.relative_to(ROOT) if full.is_relative_to(ROOT) else full).as_posix()


def _check_all(folder: Path, names: list[str], parameters: dict[str, Any]) -> None:
    problems = [
        problem
        for name in names
        for problem in check_notebook(folder / f"{name}.ipynb", parameters)
    ]
    if problems:
        raise BilanError(problems)


def _make(
    temp: Path,
    names: list[str],
    notebooks: Path,
    parameters: dict[str, Any],
    bilan: Bilan,
    progress: Callable[[str], None],
) -> None:
    """Every file of the report, into the temporary folder."""
    from analyses.rendu.html import to_html
    from analyses.rendu.workbook import write_workbook

    for rank, name in enumerate(names, 1):
        progress(f"[{rank}/{len(names)}] {name}…")
        output = temp / f"{name}.ipynb"
        try:
            run_notebook(notebooks / output.name, output, parameters, ROOT)
            years = "-".join(
                str(year)
                for year in (bilan.exercices if rank == len(names) else bilan.exercices[-1:])
            )
            to_html(output, temp / f"{name}.html", f"{TITLES.get(name, name)} {years}")
        except Interrupted:
            progress(f"Arrêt demandé pendant le carnet {name}.")
            raise
    progress("Tableaux et résultats…")
    write_workbook(
        temp / "tableaux.xlsx",
        bilan.contrats,
        bilan.executions,
        bilan.indicateurs,
        bilan.simule,
        bilan.regles,
    )
    write_results(temp, bilan)
    write_readings(temp, bilan)


def produce(
    bilan: str = "intermediaire",
    exercice: int = 2024,
    departement: str = "55",
    arrete_au: str = "",
    donnees: Path = Path("data/raw"),
    sortie: Path = Path("reports"),
    notebooks: Path = NOTEBOOKS,
    progress: Callable[[str], None] = say,
) -> Path:
    """Make a report and return its folder, <sortie>/<exercice>/<departement>/<bilan>.

    Everything is checked before a notebook runs. On any failure the temporary folder goes, the
    previous report stays as it was, and `BilanError` (or `Interrupted`) says why.
    """
    from analyses.contrat.load import load_contrats

    if bilan not in NOTEBOOK_OF:
        raise BilanError(
            Problem(
                "demande",
                champ="bilan",
                attendu="un bilan parmi " + ", ".join(NOTEBOOK_OF),
                trouve=f"« {bilan} »",
                remede="corrigez --bilan",
            )
        )
    au, donnees = read_date(arrete_au), donnees.resolve()
    contrats = load_contrats(departement)
    years = covered_years(bilan, exercice, contrats)
    check_years(contrats, years, au)
    names = notebooks_of(bilan)
    parameters: dict[str, Any] = {
        "departement": departement,
        "exercice": exercice,
        "arrete_au": au.isoformat() if au else "",
        "donnees": _shown_path(donnees),
        "dossier": "",
    }
    _check_all(notebooks, names, parameters)
    destination = sortie.resolve() / str(exercice) / departement / bilan
    with stoppable(), temporary_folder(destination) as temp:
        progress("Lecture et contrôle des données…")
        loaded = load(departement, exercice, au, donnees, years, preparer=True)
        try:
            asked = instantane.key(departement, au, donnees)
            _ = loaded.effets  # computed once, for every notebook
            with instantane.share(asked, loaded):
                _make(temp, names, notebooks, parameters, loaded, progress)
        except OSError as error:
            raise _not_writable(destination, error) from None
        swap(temp, destination)
    progress(f"Terminé : {_shown_path(destination)}")
    return destination
