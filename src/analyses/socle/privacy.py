"""The one net for personal data in free text: e-mail, phone, NIR, civility and name, bank account.

Each user says what it does of a trace: refuse the file, ask the person who wrote it, or hide it.
"""

from __future__ import annotations

import re

from stdnum import iban
from stdnum.fr import nir

RETIRE = "[retiré]"
_NIR = re.compile(
    r"(?<!\d)[1-478] ?\d\d ?(?:0[1-9]|[1-9]\d) ?(?:\d\d|2[AB]) ?\d{3} ?\d{3}(?: ?\d\d)?(?!\d)", re.I
)
_IBAN = re.compile(r"\b[A-Z]{2}\d\d(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?\b", re.I)
_RIB = re.compile(r"\b\d{5} ?\d{5} ?[A-Z0-9]{11} ?\d\d\b", re.I)
_TRACES = {
    "courriel": re.compile(r"[\w.+-]+@[\w-]+\.\w+"),
    "telephone": re.compile(r"(?<!\d)(?:0|\+33 ?)[1-9](?:[ .-]?\d{2}){4}(?!\d)"),
    # Also a longer number that begins as a NIR does: a digit too many hides no one.
    "nir": re.compile(rf"{_NIR.pattern}|\b[12]\d\d(?:0[1-9]|1[0-2])\d{{8}}", re.I),
    "civilite": re.compile(r"\b(?:M\.|Mme|Mlle|Monsieur|Madame) (?=\w)"),
}


def traces(texte: str) -> list[str]:
    """What in a text looks like a person; a NIR by its shape, whatever its key.

    >>> traces("Mme Martin, a.martin@exemple.fr ou 06 12 34 56 78"), traces("1850155123456")
    (['courriel', 'telephone', 'civilite'], ['nir'])
    >>> traces("Socle, 2e session du 16/09/2024, 120 inscrits")
    []
    """
    return [kind for kind, pattern in _TRACES.items() if pattern.search(texte)]


def identifie(code: str) -> bool:
    """Whether a code is, as a whole, the NIR of a person or an IBAN, keys checked.

    >>> identifie("255081416802538"), identifie("2 55 08 14 168 025 39"), identifie("2015-15018D")
    (True, False, False)
    """
    compact = code.replace(" ", "")
    return bool(nir.is_valid(compact) or iban.is_valid(compact))


def porte_nir(texte: str) -> bool:
    """Whether a text holds the NIR of a person, its key checked.

    >>> porte_nir("dossier 2 55 08 14 168 025 38"), porte_nir("dossier 2 55 08 14 168 025 39")
    (True, False)
    """
    return any(nir.is_valid(found.group().replace(" ", "")) for found in _NIR.finditer(texte))


def masquer(texte: str) -> str:
    """Free text without NIR, IBAN or RIB.

    A number of the shape of a NIR goes even when its key is wrong: a wording loses nothing by it.

    >>> masquer("Aide 2 55 08 14 168 025 38, IBAN FR7630006000011234567890189")
    'Aide [retiré], IBAN [retiré]'
    >>> masquer("Facture 15-08-0764 du 16/09/2015")
    'Facture 15-08-0764 du 16/09/2015'
    """
    if not any(c.isdigit() for c in texte):
        return texte
    for pattern in (_IBAN, _RIB, _NIR):
        texte = pattern.sub(RETIRE, texte)
    return texte
