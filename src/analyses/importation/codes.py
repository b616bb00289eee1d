"""The codes of PES v2 that change what a line is worth, from params/pes.yaml."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

from analyses.importation.parametres import Strict, charger
from analyses.socle import paths

Sens = Literal["ordinaire", "rattachement", "retrait", "contrepassation", "hors_budget"]


class Code(Strict):
    libelle: str
    sens: Sens | None = None


class Etat(Strict):
    libelle: str
    rejet: bool = False
    solde: bool = False


class Personnes(Strict):
    categories: list[str]
    natures_juridiques: list[str]


class CodesPes(Strict):
    """Codes by field of the XML: TypBord, TypPce, NatPce, EtatPce…"""

    bordereaux: dict[str, Code]
    types: dict[str, Code]
    natures: dict[str, Code]
    etats: dict[str, Etat]
    lignes_rejetees: list[str]
    emargements_sans_paiement: list[str]
    personnes_physiques: Personnes

    def sens(self, bordereau: str, type_piece: str, nature: str) -> Sens:
        """What a piece does to the budget: the most particular of its three codes says.

        >>> codes = codes_pes()
        >>> codes.sens("01", "01", "01"), codes.sens("01", "10", "01"), codes.sens("02", "02", "10")
        ('ordinaire', 'rattachement', 'contrepassation')
        >>> codes.sens("02", "02", "06"), codes.sens("03", "11", "01"), codes.sens("01", "02", "09")
        ('retrait', 'hors_budget', 'ordinaire')
        """
        bord = self.bordereaux[bordereau].sens or "ordinaire"
        kind, nat = self.types[type_piece].sens, self.natures[nature].sens
        if "hors_budget" in (bord, kind):
            return "hors_budget"
        if nat:
            return nat
        return bord if bord != "ordinaire" else kind or bord


@lru_cache
def codes_pes() -> CodesPes:
    """The codes, checked; `BilanError` names the key that is wrong."""
    return charger(paths.PARAMS / "pes.yaml", CodesPes)
