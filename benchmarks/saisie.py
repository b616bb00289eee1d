"""Collection workbook: time to write all the actions, to read one back, to import twenty.

`python benchmarks/saisie.py`. Reading is compared with python-calamine when it is installed: it
is faster but cannot see the formulas, formats, merged and hidden cells that reading must name.
"""

from __future__ import annotations

import datetime as dt
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from analyses.saisie.envoi import campagne, envoyer
from analyses.saisie.importation import importer
from analyses.saisie.retour import lire_reperes

T = TypeVar("T")


def timed(label: str, call: Callable[[], T]) -> T:
    start = time.perf_counter()
    result = call()
    print(f"{label:<44}{time.perf_counter() - start:8.2f} s")
    return result


def main() -> None:
    folder = Path(tempfile.mkdtemp())
    (folder / "raw").mkdir()
    campaign = campagne("55", 2024, folder / "raw")
    [full] = timed("écrire un classeur de 39 feuilles", lambda: envoyer(campaign, folder / "a"))
    timed("l'ouvrir avec openpyxl", lambda: lire_reperes(full))
    try:
        from python_calamine import CalamineWorkbook
    except ImportError:
        pass
    else:
        book = CalamineWorkbook.from_path
        timed(
            "l'ouvrir avec python-calamine (comparaison)",
            lambda: [book(full).get_sheet_by_name(n).to_python() for n in book(full).sheet_names],
        )
    each = timed(
        "écrire un classeur par action", lambda: envoyer(campaign, folder / "b", (), True)
    )[:20]
    for path in each:
        read = lire_reperes(path)
        for mark in read.reperes:
            if mark.champ == "resultat" and mark.genre == "reponse":
                read.book[read.feuilles[mark.feuille]][f"{mark.colonne}{mark.rang}"] = "1 %"
        read.book.save(path)
    day = dt.date(2025, 2, 10)
    outcome = timed(
        "importer vingt classeurs remplis",
        lambda: importer(each, "55", 2024, folder / "raw", day),
    )
    assert not outcome.problemes and outcome.nouvelles


if __name__ == "__main__":
    main()
