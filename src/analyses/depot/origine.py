"""The mandate that a reversal takes back."""

from __future__ import annotations

import re
from typing import Any


def origine_de(texte: Any) -> tuple[int | None, str]:
    """Exercise (None when it is not said) and number of the mandate that a reversal takes back.

    >>> origine_de("1180"), origine_de("2023/1180")
    ((None, '1180'), (2023, '1180'))
    """
    found = re.fullmatch(r"(20\d\d)/(.+)", str(texte))
    return (int(found.group(1)), found.group(2)) if found else (None, str(texte))
