"""One run: everything is made in a temporary folder and moved into place when all went well."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from analyses import instantane
from analyses.bilan import Bilan, check_years, load, period, read_date
from analyses.contrat.load import load_contrats
from analyses.contrat.model import Contrat
from analyses.depot.source import sidecar, sidecar_path
from analyses.production.notebooks import (
    BILANS,
    Carnet,
    check_notebook,
    notebooks_of,
    run_notebook,
)
from analyses.socle.files import together
from analyses.socle.paths import NOTEBOOKS, ROOT
from analyses.socle.problems import BilanError, Problem, unwritable

WHOLE_PERIOD = ("final", "rapport-execution")


class Interrupted(KeyboardInterrupt):
    """Ctrl-C or a request to stop: `code` is the exit code (130 or 143)."""

    def __init__(self, signum: int) -> None:
        super().__init__(signum)
        self.code = 128 + signum


def say(text: str) -> None:
    """Show the progress on stderr, never mixed with a result."""
    print(text, file=sys.stderr, flush=True)


def covered_years(bilan: str, exercice: int, contrats: Mapping[str, Contrat]) -> list[int]:
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

    before = {kind: signal.signal(kind, stop) for kind in kinds}
    try:
        yield
    finally:
        for kind, former in before.items():
            signal.signal(kind, former)


def write_results(folder: Path, bilan: Bilan) -> None:
    """resultats.csv with its sidecar, which carries the nature of the data."""
    from analyses.socle.tables import csv_text

    path = folder / "resultats.csv"
    path.write_bytes(csv_text(bilan.resultats).encode())
    sources = [source for depot in bilan.depots for source in depot.sources]
    received = max((source.recu_le for source in sources if source.recu_le), default=None)
    real = sources and all(source.nature == "reelle" for source in sources)
    nature = "simulee" if bilan.simule else "reelle" if real else None
    sidecar_path(path).write_bytes(sidecar(path, "bilan produire", nature, received))


def write_readings(folder: Path, bilan: Bilan) -> None:
    """lectures.csv: every figure that another reading of a text would change."""
    from analyses.chiffres.effets import effects_table
    from analyses.socle.tables import csv_text

    text = csv_text(effects_table(bilan.effets))
    (folder / "lectures.csv").write_bytes(text.encode())


def _shown_path(folder: Path) -> str:
    """Path passed to the notebooks: relative to the project when it lies inside it.

    >>> _shown_path(ROOT / "data" / "raw")
    'data/raw'
    """
    full = folder.resolve()
    return (full.relative_to(ROOT) if full.is_relative_to(ROOT) else full).as_posix()


def _check_all(folder: Path, carnets: list[Carnet], parameters: dict[str, Any]) -> None:
    problems = [
        problem
        for carnet in carnets
        for problem in check_notebook(folder / carnet.fichier, parameters | carnet.parametres)
    ]
    if problems:
        raise BilanError(problems)


def _make(
    temp: Path,
    carnets: list[Carnet],
    notebooks: Path,
    parameters: dict[str, Any],
    bilan: Bilan,
    progress: Callable[[str], None],
) -> None:
    """Every file of the report, into the temporary folder."""
    from analyses.rendu.html import to_html
    from analyses.rendu.workbook import write_workbook

    for rank, carnet in enumerate(carnets, 1):
        progress(f"[{rank}/{len(carnets)}] {carnet.nom}…")
        output = temp / f"{carnet.nom}.ipynb"
        given = parameters | carnet.parametres
        try:
            run_notebook(notebooks / carnet.fichier, output, given, ROOT)
            covered = bilan.exercices if carnet is carnets[-1] else bilan.exercices[-1:]
            years = "-".join(map(str, covered))
            to_html(output, output.with_suffix(".html"), f"{carnet.titre} {years}")
        except Interrupted:
            progress(f"Arrêt demandé pendant le carnet {carnet.nom}.")
            raise
    progress("Tableaux et résultats…")
    write_workbook(temp / "tableaux.xlsx", bilan)
    write_results(temp, bilan)
    write_readings(temp, bilan)


def produce(
    bilan: str,
    exercice: int,
    departement: str,
    arrete_au: str,
    donnees: Path,
    sortie: Path,
    notebooks: Path = NOTEBOOKS,
    progress: Callable[[str], None] = say,
) -> Path:
    """Make a report and return its folder, <sortie>/<exercice>/<departement>/<bilan>.

    Everything is checked before a notebook runs. On any failure the temporary folder goes, the
    previous report stays as it was, and `BilanError` (or `Interrupted`) says why.
    """
    if bilan not in BILANS:
        raise BilanError(
            Problem(
                "demande",
                champ="bilan",
                attendu="un bilan parmi " + ", ".join(BILANS),
                trouve=f"« {bilan} »",
                remede="corrigez --bilan",
            )
        )
    au, donnees = read_date(arrete_au), donnees.resolve()
    contrats = load_contrats(departement)
    years = covered_years(bilan, exercice, contrats)
    check_years(contrats, years, au)
    carnets = notebooks_of(bilan)
    parameters: dict[str, Any] = {
        "departement": departement,
        "exercice": exercice,
        "arrete_au": au.isoformat() if au else "",
        "donnees": _shown_path(donnees),
    }
    _check_all(notebooks, carnets, parameters)
    destination = sortie.resolve() / str(exercice) / departement / bilan
    try:
        with stoppable(), together(destination.parent) as draft:
            if destination.is_file():
                raise FileExistsError
            temp = draft(destination)
            temp.mkdir()  # before anything long: one can write there
            progress("Lecture et contrôle des données…")
            loaded = load(departement, exercice, au, donnees, years, preparer=True)
            _ = loaded.effets  # computed once, for every notebook
            with instantane.share(instantane.key(departement, au, donnees), loaded):
                _make(temp, carnets, notebooks, parameters, loaded, progress)
    except OSError as error:
        remedy = "libérez le dossier ou indiquez-en un autre avec --sortie"
        raise unwritable(destination, error, remedy) from None
    progress(f"Terminé : {_shown_path(destination)}")
    return destination
