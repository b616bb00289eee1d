"""Where the project keeps its folders (the package is installed in editable mode)."""

from pathlib import Path

from analyses.socle.files import fingerprint

ROOT = Path(__file__).resolve().parents[3]
PARAMS = ROOT / "params"
RAW = ROOT / "data" / "raw"
PROCESSED = ROOT / "data" / "processed"
NOTEBOOKS = ROOT / "notebooks"
REPORTS = ROOT / "reports"


def prepared_folder(departement: str, exercice: int, donnees: Path) -> Path:
    """Folder of the prepared tables of an exercise; another raw folder than data/raw has its own,
    so that it never overwrites those of data/raw.

    >>> prepared_folder("55", 2024, RAW).parts[-2:]
    ('55', '2024')
    """
    raw, base = donnees.resolve(), PROCESSED
    if raw != RAW.resolve():
        digest = fingerprint(str(raw).encode())[:8]
        base = PROCESSED / "autres" / f"{raw.name}-{digest}"
    return base / departement / str(exercice)
