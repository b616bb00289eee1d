"""The parameter files of the imports, checked; the codes of PES v2, from params/pes.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Literal, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from analyses.contrat.load import schema_problems
from analyses.socle import paths
from analyses.socle.problems import BilanError
from analyses.socle.yaml_files import read_yaml

Sens = Literal["ordinaire", "rattachement", "retrait", "contrepassation", "hors_budget"]


class Strict(BaseModel):
    """A part of a parameter file: an unknown key is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


M = TypeVar("M", bound=Strict)


def charger(path: Path, modele: type[M]) -> M:
    """A parameter file; `BilanError` names each key that is wrong."""
    try:
        return modele.model_validate(read_yaml(path))
    except ValidationError as error:
        problems = schema_problems(error, path.name)
        raise BilanError([replace(p, remede="corrigez la clé") for p in problems]) from None


class Code(Strict):
    libelle: str
    sens: Sens | None = None


class Etat(Strict):
    libelle: str
    role: Literal["instance", "rejet", "solde"] | None = None


class Personnes(Strict):
    categories: list[str]
    natures_juridiques: list[str]
    identifiants: list[str]

    def comprennent(self, tiers: Mapping[str, str]) -> bool:
        """Whether anything in the third party's block (InfoTiers) says that it is a natural person.

        A sole trader is one, even with a SIRET.

        >>> people = codes_pes().personnes_physiques
        >>> people.comprennent({"NatIdTiers": "04"}), people.comprennent({"CatTiers": "60"})
        (True, False)
        """
        return (
            tiers.get("CatTiers") in self.categories
            or tiers.get("NatJur") in self.natures_juridiques
            or tiers.get("NatIdTiers") in self.identifiants
            or bool(tiers.get("Civilite") or tiers.get("Prenom"))
        )


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

    def roles(self) -> list[tuple[str, str]]:
        """(what it means for a mandate, code) of what the accountant answers.

        >>> [code for role, code in codes_pes().roles() if role in ("rejet", "solde")]
        ['04', '05']
        """
        told: list[tuple[str, str]]
        told = [(state.role, code) for code, state in self.etats.items() if state.role]
        told += [("ligne rejetée", code) for code in self.lignes_rejetees]
        return told + [("sans paiement", code) for code in self.emargements_sans_paiement]


@lru_cache
def codes_pes() -> CodesPes:
    """The codes, checked; `BilanError` names the key that is wrong."""
    return charger(paths.PARAMS / "pes.yaml", CodesPes)
