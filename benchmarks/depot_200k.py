"""200,000 ledger lines read, checked, prepared and aggregated, against merely reading the file.

    python benchmarks/depot_200k.py                        # 200,000 lines, five rounds
    python benchmarks/depot_200k.py --lignes 50000 --tours 1

Every measure is made in a process of its own; all read the same file, one after the other in each
round, so that a busy machine slows both sides. A ratio is the median of the rounds' ratios.
« à froid » prepares the tables (Great Expectations included), « à chaud » reads data/processed.
"""

from __future__ import annotations

import argparse
import csv
import importlib.util
import io
import shutil
import statistics
import tempfile
from pathlib import Path
from random import Random

from mesure import alone, report

YEAR = 2024
READERS = ("pandas", "duckdb")
SIDES = (*READERS, "à froid", "à chaud")


def generate(folder: Path, lines: int) -> Path:
    """The example's year, its ledger repeated under new numbers until it has `lines` lines.

    Nearly every wording and number is different, half of the amounts too.
    """
    from analyses.exemple.simulate import write_example

    write_example(folder, "55")
    path = folder / "55" / str(YEAR) / "mandats.csv"
    Path(f"{path}.source.yaml").unlink()
    reader = csv.DictReader(io.StringIO(path.read_text(encoding="cp1252")), delimiter=";")
    rows, random, written = list(reader), Random(55), 0
    origins = {row["mandat_origine"] for row in rows}
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]), delimiter=";", lineterminator="\n")
        writer.writeheader()
        for copy in range(lines // len(rows) + 1):  # copy 0: the numbers that decisions name
            for row in rows[: lines - written]:
                more = {"objet": f"{row['objet']} {random.randrange(5000)}"}
                for name in ("numero_mandat", "mandat_origine"):
                    more[name] = row[name] and f"{copy or ''}{row[name]}"
                if row["type"] == "ordinaire" and row["numero_mandat"] not in origins:
                    more["montant"] = f"{row['montant'].split(',')[0]},{random.randrange(100):02d}"
                writer.writerow(row | more)
                written += 1
    return path


def work(side: str, folder: Path, processed: Path) -> None:
    """What one side does; imports are not counted, save Great Expectations' own."""
    file = folder / "55" / str(YEAR) / "mandats.csv"
    if side == "pandas":
        import pandas as pd

        report(lambda: pd.read_csv(file, sep=";", dtype=str))
    elif side == "duckdb":
        import duckdb

        read = f"from read_csv('{file}', delim=';', all_varchar=true)"
        report(lambda: duckdb.sql(f"create table mandats as {read}"))
    else:
        from analyses.bilan import open_depots
        from analyses.contrat.load import load_contrats
        from analyses.execution.execution import execution
        from analyses.preparation.exercice import prepare
        from analyses.socle import paths

        paths.PROCESSED, contrats = processed, load_contrats("55")

        def run() -> None:
            depot = open_depots("55", [YEAR], folder, preparer=True)[0]
            execution(prepare(depot, contrats))

        report(run)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--lignes", type=int, default=200_000)
    parser.add_argument("--tours", type=int, default=5)
    parser.add_argument("--mesurer", nargs=3, metavar=("COTE", "DONNEES", "COPIES"))
    args = parser.parse_args()
    if args.mesurer:
        side, folder, processed = args.mesurer
        return work(side, Path(folder), Path(processed))
    sides = [s for s in SIDES if s != "duckdb" or importlib.util.find_spec("duckdb")]
    results: dict[str, list[dict[str, float]]] = {side: [] for side in sides}
    with tempfile.TemporaryDirectory() as name:
        folder, processed = Path(name) / "raw", Path(name) / "processed"
        path = generate(folder, args.lignes)
        print(f"{args.lignes} lignes, {path.stat().st_size / 2**20:.0f} Mio, {args.tours} tours")
        for _ in range(args.tours):
            shutil.rmtree(processed, ignore_errors=True)
            for side in sides:
                results[side].append(alone(__file__, "--mesurer", side, folder, processed))
    for side in sides:
        seconds = statistics.median(one["secondes"] for one in results[side])
        print(
            f"{side:8} {seconds:6.2f} s {max(one['mio'] for one in results[side]):6.0f} Mio", end=""
        )
        for reader in READERS if side not in READERS else ():
            if reader in sides:
                pairs = zip(results[side], results[reader], strict=True)
                ratio = statistics.median(one["secondes"] / two["secondes"] for one, two in pairs)
                print(f"   {ratio:5.1f} × {reader}", end="")
        print()


if __name__ == "__main__":
    main()
