"""The signed documents as text, beside their encoding: a quote is theirs letter for letter.

`textes` of contrat.yaml says in which file what a place names is printed (« annexe 1 bis » is not
« annexe 1 »: the longest name wins). White space is left out on both sides: the files come from the
pages of a PDF, which cut lines, and even words, at the width of a column.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from analyses.contrat.model import Contrat
from analyses.socle.problems import Problem

COUPE = "[…]"  # between two passages of one text


def fichier_du_texte(contrat: Contrat, source: str) -> str:
    """The file that holds a place; '' when no beginning of its name is known.

    >>> from analyses.contrat.load import load_contrats
    >>> fichier_du_texte(load_contrats("55")["emploi"], "annexe 1 bis, titre")
    '10-emploi-annexe1bis-feuille-de-route-volet3.txt'
    """
    known = [name for name in contrat.textes if source.startswith(name)]
    return contrat.textes[max(known, key=len)] if known else ""


def contient(texte: str, citation: str) -> bool:
    """Whether a text contains the passages of a quote, in that order.

    >>> contient("pour quatre\\nans et couvrent", "quatre ans […] couvrent")
    True
    >>> contient("pour quatre ans", "pour quatre  années"), contient("A B", "B […] A")
    (False, False)
    """
    rest = _serre(texte)
    for passage in citation.split(COUPE):
        _, found, rest = rest.partition(_serre(passage))
        if not found:
            return False
    return True


def _serre(texte: str) -> str:
    return "".join(texte.split())


def citations_fausses(contrat: Contrat, dossier: Path) -> Iterator[Problem]:
    """What the concordances of a contract quote and the texts of `dossier` do not contain."""
    read: dict[str, str] = {}  # without white space, once for every quote
    for row in contrat.concordances:
        for fait in [*row.faits, *([row.conciliation] if row.conciliation else [])]:
            name = fichier_du_texte(contrat, fait.source)
            path = dossier / name
            if name and name not in read and path.is_file():
                read[name] = _serre(path.read_text(encoding="utf-8"))
            place = f"{contrat.code}/concordances.yaml"
            if name not in read:
                yield Problem(
                    place,
                    champ=f"{row.code}, source",
                    attendu="une source dont le texte signé est dans le dossier textes",
                    trouve=f"« {fait.source} » ({name or 'aucun texte'})",
                    remede="corrigez la source, ou nommez son fichier dans textes de contrat.yaml",
                )
            elif not contient(read[name], fait.citation):
                yield Problem(
                    place,
                    champ=f"{row.code}, citation",
                    attendu=f"un passage de {name} ({fait.source}), lettre pour lettre",
                    trouve=f"« {fait.citation} »",
                    remede=f"recopiez le passage, avec « {COUPE} » entre deux passages",
                )
