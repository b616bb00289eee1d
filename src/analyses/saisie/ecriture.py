"""Several files changed together: all of them or none, even when the run is killed half-way."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from analyses.socle.problems import BilanError, Problem

_PREFIXE, _LISTE = ".import-", "liste.json"


def finish(folder: Path) -> bool:
    """End what a killed run had decided to write, drop what it had not; true when it ended one."""
    ended = False
    for staging in sorted(folder.glob(f"{_PREFIXE}*")) if folder.is_dir() else []:
        listed = staging / _LISTE
        if listed.exists():
            for name, target in json.loads(listed.read_text(encoding="utf-8")).items():
                if (staging / name).exists():
                    _place(staging / name, folder / target)
            ended = True
        shutil.rmtree(staging)
    return ended


def _place(new: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    new.chmod(0o644)
    os.replace(new, target)


def commit(folder: Path, contents: Mapping[Path, bytes]) -> None:
    """Write `contents` (paths under `folder`) together; `BilanError` leaves every file as it was.

    >>> folder = Path(tempfile.mkdtemp())
    >>> commit(folder, {folder / "a" / "b.txt": b"1"})
    >>> (folder / "a" / "b.txt").read_bytes(), finish(folder)
    (b'1', False)
    """
    undo: list[tuple[Path, bytes | None]] = []
    staging: Path | None = None
    try:
        folder.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(dir=folder, prefix=_PREFIXE))
        names = {str(rank): path for rank, path in enumerate(contents)}
        for name, path in names.items():
            (staging / name).write_bytes(contents[path])
        listed = {name: path.relative_to(folder).as_posix() for name, path in names.items()}
        draft = staging / f"{_LISTE}.tmp"
        draft.write_text(json.dumps(listed), encoding="utf-8")
        os.replace(draft, staging / _LISTE)  # from here on, a killed run is ended by the next one
        for name, path in names.items():
            undo.append((path, path.read_bytes() if path.exists() else None))
            _place(staging / name, path)
    except BaseException as error:
        if staging is not None:
            (staging / _LISTE).unlink(missing_ok=True)
        for path, old in reversed(undo):
            if old is None:
                path.unlink(missing_ok=True)
            elif path.read_bytes() != old:
                path.write_bytes(old)
        if not isinstance(error, OSError):
            raise
        place = Path(error.filename2 or error.filename or folder).name
        raise BilanError(
            [
                Problem(
                    place,
                    attendu="des fichiers que l'on peut écrire",
                    trouve=error.strerror or "écriture impossible",
                    remede="fermez le fichier s'il est ouvert dans un tableur, vérifiez les droits "
                    "et la place, puis relancez ; rien n'a été changé",
                )
            ]
        ) from None
    finally:
        if staging is not None:
            shutil.rmtree(staging, ignore_errors=True)
