"""Where the project keeps its folders (the package is installed in editable mode)."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PARAMS = ROOT / "params"
RAW = ROOT / "data" / "raw"
PROCESSED = ROOT / "data" / "processed"
NOTEBOOKS = ROOT / "notebooks"
REPORTS = ROOT / "reports"
