"""Files changed together: all of them or none, even when the run is killed half-way."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

_PREFIXE, _LISTE = ".import-", "liste.json"


def fingerprint(content: Path | bytes) -> str:
    """SHA-256 of a file, or of what it holds.

    >>> file = Path(tempfile.mkdtemp()) / "a.csv"
    >>> _ = file.write_bytes(b"")
    >>> fingerprint(file)[:8], fingerprint(b"")[:8]
    ('e3b0c442', 'e3b0c442')
    """
    if isinstance(content, bytes):
        return hashlib.sha256(content).hexdigest()
    with content.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def write_atomic(path: Path, text: str) -> None:
    """Write a text file in one move: a run that is killed leaves the old file or the new one."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".tmp-")
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
        _place(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _place(new: Path, target: Path) -> None:
    new.chmod(0o644)
    os.replace(new, target)


@contextmanager
def together(folder: Path) -> Iterator[Callable[[Path], Path]]:
    """Files under `folder` that change together: `draft(path)` is where to write the new `path`.

    At the end of the block every draft takes the place of its file. Whatever is raised, there or
    while they are placed, leaves every file and folder as it was; an `OSError` is for the caller
    to say. A run that is killed while placing them is ended by the next one (`finish`).

    >>> folder = Path(tempfile.mkdtemp()) / "new"
    >>> with together(folder) as draft:
    ...     _ = draft(folder / "a" / "b.txt").write_text("1")
    >>> (folder / "a" / "b.txt").read_text(), finish(folder), len(list(folder.iterdir()))
    ('1', False, 1)
    >>> try:
    ...     with together(folder) as draft:
    ...         _ = draft(folder / "a" / "b.txt").write_text("2")
    ...         draft(folder / "c").mkdir() or 1 / 0
    ... except ZeroDivisionError:
    ...     (folder / "a" / "b.txt").read_text(), len(list(folder.iterdir()))
    ('1', 1)
    """
    targets: list[Path] = []
    made: list[Path] = []
    try:
        _make(folder, made)
        with tempfile.TemporaryDirectory(
            dir=folder, prefix=_PREFIXE, ignore_cleanup_errors=True
        ) as name:
            staging = Path(name)

            def draft(path: Path) -> Path:
                targets.append(path)
                return staging / str(len(targets) - 1)

            yield draft
            drafts = {staging / str(rank): path for rank, path in enumerate(targets)}
            _place_all(folder, staging, drafts, made)
    finally:
        for empty in sorted(made, reverse=True):  # a folder that holds something stays
            with suppress(OSError):
                empty.rmdir()


def _make(folder: Path, made: list[Path]) -> None:
    """Make a folder; those that did not exist are added to `made`."""
    made += [one for one in (folder, *folder.parents) if not one.exists()]
    folder.mkdir(parents=True, exist_ok=True)


def _place_all(folder: Path, staging: Path, drafts: Mapping[Path, Path], made: list[Path]) -> None:
    listed = {new.name: path.relative_to(folder).as_posix() for new, path in drafts.items()}
    undo: list[tuple[Path, Path, Path | None]] = []
    try:
        (staging / "liste").write_text(json.dumps(listed), encoding="utf-8")
        os.replace(staging / "liste", staging / _LISTE)  # from here on, `finish` ends a killed run
        for new, path in drafts.items():
            old = staging / f"{new.name}.ancien" if path.exists() else None
            if old:
                shutil.copy2(path, old)
            undo.append((new, path, old))
            _make(path.parent, made)
            _place(new, path)
    except BaseException:
        (staging / _LISTE).unlink(missing_ok=True)
        for new, path, old in reversed(undo):
            if new.exists():  # not placed
                continue
            if old:
                os.replace(old, path)
            else:
                path.unlink(missing_ok=True)
        raise


def write_together(folder: Path, contents: Mapping[Path, str | bytes]) -> None:
    """Write files under `folder`, all of them or none (see `together`); texts in UTF-8.

    >>> folder = Path(tempfile.mkdtemp())
    >>> write_together(folder, {folder / "a.txt": "é", folder / "b.bin": b"1"})
    >>> (folder / "a.txt").read_bytes(), (folder / "b.bin").read_bytes()
    (b'\\xc3\\xa9', b'1')
    """
    with together(folder) as draft:
        for path, content in contents.items():
            draft(path).write_bytes(content.encode() if isinstance(content, str) else content)


def finish(folder: Path) -> bool:
    """End what a killed run had decided to write, drop what it had not; true when it ended one."""
    ended = False
    for staging in sorted(folder.glob(f"{_PREFIXE}*")) if folder.is_dir() else []:
        listed = staging / _LISTE
        if listed.exists():
            for name, target in json.loads(listed.read_text(encoding="utf-8")).items():
                if (staging / name).exists():
                    (folder / target).parent.mkdir(parents=True, exist_ok=True)
                    _place(staging / name, folder / target)
            ended = True
        shutil.rmtree(staging)
    return ended


def swap_folder(new: Path, target: Path, aside: Path) -> None:
    """Put the folder `new` in the place of `target`, moved to `aside`; undone when it fails.

    >>> home = Path(tempfile.mkdtemp())
    >>> (home / "new").mkdir(), swap_folder(home / "new", home / "target", home / "old")
    (None, None)
    >>> [path.name for path in home.iterdir()]
    ['target']
    """
    if target.exists():
        os.replace(target, aside)
    try:
        os.replace(new, target)
    except BaseException:
        if aside.exists() and not target.exists():
            os.replace(aside, target)
        raise
