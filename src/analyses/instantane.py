"""The snapshot of a run: what it has read and computed, shared with its notebooks.

A run reads the files once. Its notebooks, each in a process of its own, take what they show from
the snapshot, so that two pages of one report can never show two figures; a notebook run alone
computes the same. The file stands in a folder that only its owner reads, for the time of the run.
"""

from __future__ import annotations

import os
import pickle
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

VARIABLE = "BILAN_INSTANTANE"
Cle = tuple[str, ...]  # what was asked for


def key(departement: str, au: date | None, donnees: Path) -> Cle:
    """What makes two requests the same, whatever the exercises."""
    return departement, au.isoformat() if au else "", donnees.resolve().as_posix()


@contextmanager
def share(asked: Cle, content: object) -> Iterator[None]:
    """Give what was computed to the notebooks run meanwhile."""
    with tempfile.TemporaryDirectory(prefix="bilan-", ignore_cleanup_errors=True) as folder:
        path = Path(folder) / "instantane"
        path.write_bytes(pickle.dumps((asked, content)))
        os.environ[VARIABLE] = str(path)
        try:
            yield
        finally:
            os.environ.pop(VARIABLE, None)


def find(asked: Cle) -> Any:
    """What the present run shares; None outside a run, or for another request.

    >>> with share(("55", "", "raw"), 12):
    ...     find(("55", "", "raw")), find(("54", "", "raw"))
    (12, None)
    """
    path = os.environ.get(VARIABLE)
    if not path:
        return None
    shared, content = pickle.loads(Path(path).read_bytes())
    return content if shared == asked else None
