"""Time to project 5,000 lines with intervals, taught by 3 earlier years; same bytes twice?

    python benchmarks/projection_5000.py

Prints the seconds of each step (reading a file of 240,000 rows is timed apart) and the digest of
the projections, which must not depend on the run nor on the number of threads.
"""

from __future__ import annotations

import hashlib
import sys
import tempfile
from pathlib import Path
from time import perf_counter

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from portefeuille import portefeuille

from analyses.projection.apprentissage import apprendre, observer
from analyses.projection.evaluation import _etats_du_mois, _tableaux, groupes
from analyses.projection.lecture import lire_execution
from analyses.projection.modele import projeter, somme
from analyses.projection.parametres import load_modele

LIGNES, JUIN = 5000, 6


def main() -> None:
    frame = portefeuille(LIGNES, range(2020, 2024), 1)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "execution.csv"
        frame.to_csv(path, index=False)
        start = perf_counter()
        read = lire_execution(path).lignes
        print(f"lecture de {len(read)} lignes : {perf_counter() - start:.1f} s")
    modele = load_modele()
    codes = groupes(sorted(set(frame["line_id"])))
    etats = _etats_du_mois(_tableaux(frame), JUIN, codes)
    now = [etat for etat, _ in etats.pop(2023)]
    digests = set()
    for _ in range(2):
        start = perf_counter()
        reference = projeter(now, modele)
        print(f"{len(reference)} lignes sans portefeuille : {perf_counter() - start:.1f} s")
        start = perf_counter()
        past = [observer(year, lines, modele) for year, lines in etats.items()]
        taught = apprendre(past, modele)
        learned = perf_counter() - start
        found = projeter(now, taught)
        total = perf_counter() - start
        print(f"apprentissage sur 3 années : {learned:.1f} s ; avec la projection : {total:.1f} s")
        start = perf_counter()
        somme(found, taught)
        print(f"loi du total : {perf_counter() - start:.1f} s")
        digests.add(
            hashlib.sha256(repr([p.valeurs for p in (*reference, *found)]).encode()).hexdigest()
        )
    [digest] = digests
    print(f"empreinte : {digest[:16]}")


if __name__ == "__main__":
    main()
