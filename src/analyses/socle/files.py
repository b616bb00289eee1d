"""Files changed together: all of them or none, even when the run is killed half-way."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

_PREFIXE, _LISTE = ".en-cours-", "liste.json"
_UN_JOUR = 86_400


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


@contextmanager
def together(folder: Path) -> Iterator[Callable[[Path], Path]]:
    """Files and folders under `folder` that change together: `draft(path)` is where to make the new
    `path`; one that is not made leaves it as it is.

    At the end of the block every draft takes the place of what was there. Whatever is raised, there
    or while they are placed, leaves every file and folder as it was; an `OSError` is for the caller
    to say. A run that is killed while placing them is ended by the next one (`finish`).

    >>> folder = Path(tempfile.mkdtemp()) / "new"
    >>> with together(folder) as draft:
    ...     _ = draft(folder / "a" / "b.txt").write_text("1")
    >>> (folder / "a" / "b.txt").read_text(), finish(folder), len(list(folder.iterdir()))
    ('1', False, 1)
    >>> with together(folder) as draft:
    ...     draft(folder / "a").mkdir()
    >>> list((folder / "a").iterdir()), len(list(folder.iterdir()))
    ([], 1)
    """
    finish(folder)
    targets: list[Path] = []
    made: list[Path] = []
    try:
        _make(folder, made)
        with tempfile.TemporaryDirectory(
            dir=folder, prefix=f"{_PREFIXE}{os.getpid()}-", ignore_cleanup_errors=True
        ) as name:
            staging = Path(name)

            def draft(path: Path) -> Path:
                targets.append(path)
                return staging / str(len(targets) - 1)

            yield draft
            drafts = {staging / str(rank): path for rank, path in enumerate(targets)}
            _place_all(folder, {new: path for new, path in drafts.items() if new.exists()}, made)
    finally:
        for empty in sorted(made, reverse=True):  # a folder that holds something stays
            with suppress(OSError):
                empty.rmdir()


def _make(folder: Path, made: list[Path]) -> None:
    """Make a folder; those that did not exist are added to `made`."""
    made += [one for one in (folder, *folder.parents) if not one.exists()]
    folder.mkdir(parents=True, exist_ok=True)


def _place_all(folder: Path, drafts: Mapping[Path, Path], made: list[Path]) -> None:
    if not drafts:
        return
    staging = next(iter(drafts)).parent
    listed = {new.name: path.relative_to(folder).as_posix() for new, path in drafts.items()}
    begun: list[tuple[Path, Path]] = []
    try:
        (staging / "liste").write_text(json.dumps(listed), encoding="utf-8")
        os.replace(staging / "liste", staging / _LISTE)  # from here on, `finish` ends a killed run
        for new, path in drafts.items():
            _make(path.parent, made)
            begun.append((new, path))
            _place(new, path)
    except BaseException:
        (staging / _LISTE).unlink(missing_ok=True)
        for new, path in reversed(begun):
            _undo(new, path)
        raise


def _aside(new: Path) -> Path:
    return new.with_suffix(".ancien")


def _place(new: Path, target: Path) -> None:
    """Put a draft in its place. What was there is kept aside: a file is copied, so that there is
    one at any time; a folder is moved, for no other can take its place."""
    if target.is_file():
        shutil.copy2(target, _aside(new))
    elif new.is_dir() and target.exists():
        os.replace(target, _aside(new))
    os.replace(new, target)


def _undo(new: Path, target: Path) -> None:
    if not new.exists():  # it was placed
        os.replace(target, new)
    if _aside(new).exists() and not target.exists():
        os.replace(_aside(new), target)


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
    for staging in filter(_abandoned, sorted(folder.glob(f"{_PREFIXE}*"))):
        listed = staging / _LISTE
        if listed.exists():
            for name, target in json.loads(listed.read_text(encoding="utf-8")).items():
                if (staging / name).exists():
                    (folder / target).parent.mkdir(parents=True, exist_ok=True)
                    _place(staging / name, folder / target)
            ended = True
        shutil.rmtree(staging, ignore_errors=True)
    return ended


def _abandoned(staging: Path) -> bool:
    """Whether the run that prepared files there is over."""
    pid = staging.name.removeprefix(_PREFIXE).partition("-")[0]
    if os.name != "posix":  # a process cannot be asked whether it is there
        old = time.time() - staging.stat().st_mtime > _UN_JOUR
        return old or (staging / _LISTE).exists()
    if not pid.isdigit() or int(pid) == os.getpid():
        return True
    try:
        os.kill(int(pid), 0)
    except OSError as error:
        return isinstance(error, ProcessLookupError)
    return False
