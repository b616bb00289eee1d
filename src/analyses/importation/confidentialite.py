"""What a ledger line may keep of the people it pays: nothing that names or identifies a person."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

from stdnum import iban
from stdnum.fr import nir

from analyses.socle.texts import plain

PERSONNE = "personne physique"
INCONNU = "tiers non précisé"
RETIRE = "[retiré]"
_NIR = re.compile(
    r"(?<!\d)[1-478] ?\d\d ?(?:0[1-9]|[1-9]\d) ?(?:\d\d|2[AB]) ?\d{3} ?\d{3}(?: ?\d\d)?(?!\d)", re.I
)
_IBAN = re.compile(r"\b[A-Z]{2}\d\d(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?\b", re.I)
_RIB = re.compile(r"\b\d{5} ?\d{5} ?[A-Z0-9]{11} ?\d\d\b", re.I)
_MOT = re.compile(r"\w+")


def sans_identifiants(texte: str) -> str:
    """Free text without NIR, IBAN or RIB.

    A number of the shape of a NIR goes even when its key is wrong: a wording loses nothing by it.

    >>> sans_identifiants("Aide 2 55 08 14 168 025 38, IBAN FR7630006000011234567890189")
    'Aide [retiré], IBAN [retiré]'
    >>> sans_identifiants("Facture 15-08-0764 du 16/09/2015")
    'Facture 15-08-0764 du 16/09/2015'
    """
    if not any(c.isdigit() for c in texte):
        return texte
    for motif in (_IBAN, _RIB, _NIR):
        texte = motif.sub(RETIRE, texte)
    return texte


@lru_cache(maxsize=4096)
def sans_nir(code: str) -> str:
    """A code (convention, analytique…), empty when it is a true NIR or IBAN.

    >>> sans_nir("2015-15018D-00"), sans_nir("255081416802538")
    ('2015-15018D-00', '')
    """
    compact = code.replace(" ", "")
    return "" if nir.is_valid(compact) or iban.is_valid(compact) else code


def nom_du_tiers(
    tiers: Mapping[str, str], categories: Sequence[str], natures_juridiques: Sequence[str]
) -> str:
    """Name of a legal person; a neutral word for anyone else.

    `tiers`: the tags of InfoTiers; `categories` (CatTiers) and `natures_juridiques` (NatJur): those
    of natural persons. A sole trader is one, even with a SIRET.

    >>> people = (["01"], ["01", "02"])
    >>> nom_du_tiers({"Nom": "ASSO", "CatTiers": "60", "NatJur": "06"}, *people)
    'ASSO'
    >>> nom_du_tiers({"Nom": "DUPONT", "Prenom": "J", "CatTiers": "60", "NatJur": "03"}, *people)
    'personne physique'
    >>> nom_du_tiers({"Nom": "DUPONT"}, *people), nom_du_tiers({}, *people)
    ('tiers non précisé', '')
    """
    if not any(tiers.values()):
        return ""
    if est_personne(tiers, categories, natures_juridiques):
        return PERSONNE
    known = tiers.get("CatTiers") or tiers.get("NatIdTiers") or tiers.get("NatJur") or "00"
    return INCONNU if known == "00" else sans_identifiants(tiers.get("Nom", ""))


def est_personne(
    tiers: Mapping[str, str], categories: Sequence[str], natures_juridiques: Sequence[str]
) -> bool:
    """Whether anything in the third party's block says that it is a natural person.

    >>> est_personne({"NatIdTiers": "04"}, [], [])
    True
    """
    return (
        tiers.get("CatTiers") in categories
        or tiers.get("NatJur") in natures_juridiques
        or tiers.get("NatIdTiers") == "04"
        or bool(tiers.get("Civilite") or tiers.get("Prenom"))
    )


def sans_nom(texte: str, *noms: str) -> str:
    """A wording without the words of a person's name.

    >>> sans_nom("Secours à Mme DUPONT Élodie", "Dupont", "ELODIE")
    'Secours à Mme … …'
    """
    words = {word for nom in noms for word in _MOT.findall(plain(nom)) if len(word) > 2}
    return _MOT.sub(lambda m: "…" if plain(m.group()) in words else m.group(), texte)
