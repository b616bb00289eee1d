"""One bilan, whole process, warm: this checkout beside another commit.

    python benchmarks/bilan.py bf2dacc                     # the intermediate bilan, three rounds
    python benchmarks/bilan.py HEAD~1 --bilan final --tours 5

Both sides are copied aside, each writes its own example, and a first round that is not counted
fills what is kept from one run to the next. In each round one runs after the other, so that a busy
machine slows both. CPU seconds and memory take the notebooks' processes in; a ratio is the median
of the rounds' ratios.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from shutil import copytree, ignore_patterns

from mesure import alone, report

ROOT = Path(__file__).resolve().parents[1]
UNITS = {"cpu": "s de CPU", "secondes": "s", "mio": "Mio"}


def produce(bilan: str, folder: Path) -> None:
    """The measured work: what `bilan produire` does, its imports included."""

    def work() -> None:
        from analyses.cli import main

        places = ["--donnees", str(folder / "brut"), "--sortie", str(folder / "bilans")]
        assert main(["produire", "--bilan", bilan, *places]) == 0

    report(work)


def checkouts(folder: Path, commit: str) -> dict[str, Path]:
    """A copy of this checkout as it stands, and one of `commit`, each with its own example."""
    here, other = folder / "ici", folder / "autre"
    copytree(ROOT, here, ignore=ignore_patterns(".*", "data", "reports", "__pycache__"))
    other.mkdir()
    packed = subprocess.run(
        ["git", "-C", str(ROOT), "archive", commit], check=True, stdout=subprocess.PIPE
    )
    subprocess.run(["tar", "-x", "-C", str(other)], input=packed.stdout, check=True)
    for tree in (here, other):
        subprocess.run(
            [sys.executable, "-m", "analyses.cli", "exemple", "--sortie", tree / "brut"],
            env=os.environ | {"PYTHONPATH": str(tree / "src")},
            stdout=subprocess.DEVNULL,
            check=True,
        )
    return {"ici": here, commit: other}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("commit", help="the commit to compare with")
    parser.add_argument("--bilan", default="intermediaire")
    parser.add_argument("--tours", type=int, default=3)
    parser.add_argument("--mesurer", metavar="DOSSIER", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.mesurer:
        return produce(args.bilan, Path(args.mesurer))
    with tempfile.TemporaryDirectory() as name:
        sides = checkouts(Path(name), args.commit)
        results: dict[str, list[dict[str, float]]] = {side: [] for side in sides}
        for _ in range(args.tours + 1):
            for side, tree in sides.items():
                asked = (args.commit, "--bilan", args.bilan, "--mesurer", tree)
                results[side].append(alone(__file__, *asked, source=tree / "src"))
    for name, unit in UNITS.items():
        one, two = ([measure[name] for measure in results[side][1:]] for side in sides)
        ratio = statistics.median(a / b for a, b in zip(one, two, strict=True))
        shown = " / ".join(f"{statistics.median(side):6.1f}" for side in (one, two))
        print(f"{' / '.join(sides)} : {shown} {unit}, rapport {ratio:.2f}")


if __name__ == "__main__":
    main()
