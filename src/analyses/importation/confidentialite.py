"""What a ledger line may keep of the people it pays: nothing that names or identifies a person."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from analyses.socle.privacy import identifie, masquer
from analyses.socle.texts import plain

PERSONNE = "personne physique"
INCONNU = "tiers non précisé"
_MOT = re.compile(r"\w+")


@lru_cache(maxsize=4096)
def code_garde(code: str) -> str:
    """A code (convention, analytique…), empty when it is a true NIR or IBAN.

    >>> code_garde("2015-15018D-00"), code_garde("255081416802538")
    ('2015-15018D-00', '')
    """
    return "" if identifie(code) else code


def nom_garde(tiers: Mapping[str, str]) -> str:
    """Name of a third party (tags of InfoTiers) known as a legal person; else a neutral word.

    >>> nom_garde({"Nom": "ASSO", "CatTiers": "60"}), nom_garde({"Nom": "DUPONT"}), nom_garde({})
    ('ASSO', 'tiers non précisé', '')
    """
    if not any(tiers.values()):
        return ""
    known = tiers.get("CatTiers") or tiers.get("NatIdTiers") or tiers.get("NatJur") or "00"
    return INCONNU if known == "00" else masquer(tiers.get("Nom", ""))


def sans_nom(texte: str, *noms: str) -> str:
    """A wording without the words of a person's name.

    >>> sans_nom("Secours à Mme DUPONT Élodie", "Dupont", "ELODIE")
    'Secours à Mme … …'
    """
    words = {word for nom in noms for word in _MOT.findall(plain(nom)) if len(word) > 2}
    return _MOT.sub(lambda m: "…" if plain(m.group()) in words else m.group(), texte)
