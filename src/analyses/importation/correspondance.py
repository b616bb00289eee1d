"""What the columns of a finance software's export mean, from params/correspondances/."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

from pydantic import Field, model_validator

from analyses.depot.schemas import normal_header
from analyses.importation.parametres import Strict, charger
from analyses.socle import paths
from analyses.socle.problems import BilanError, Problem

Champ = Literal[
    "exercice",
    "numero_mandat",
    "numero_ligne",
    "type",
    "exercice_origine",
    "mandat_origine",
    "date_emission",
    "nature",
    "fonction",
    "code_analytique",
    "convention",
    "tiers",
    "categorie_tiers",
    "objet",
    "debit",
    "credit",
    "montant",
    "date_paiement",
    "id_engagement",
    "date_service",
    "poste",
    "etat",
    "devise",
]
Type = Literal["", "ordinaire", "rattachement", "annulation", "reduction", "contrepassation"]
_TOUJOURS: set[Champ] = {"numero_mandat", "date_emission", "nature"}
_MONTANTS: dict[str, set[Champ]] = {
    "debit_credit": {"debit", "credit"},
    "montant_signe": {"montant"},
}


class Correspondance(Strict):
    """A mapping: the headers of each field, the software's codes, what is not a mandate."""

    description: str
    forme: Literal["debit_credit", "montant_signe"]
    feuille: str = ""
    credit_negatif: bool = False
    colonnes: dict[Champ, list[str]]
    types: dict[str, Type] = Field(default_factory=dict)
    etats_ecartes: list[str] = Field(default_factory=list)
    personnes_physiques: list[str] = Field(default_factory=list)
    totaux: list[str] = Field(default_factory=list)

    @model_validator(mode="after")
    def _complete(self) -> Correspondance:
        missing = self.requis - set(self.colonnes)
        if missing:
            raise ValueError(f"attendu les colonnes {', '.join(sorted(missing))}")
        other = set().union(*_MONTANTS.values()) - _MONTANTS[self.forme]
        if other & set(self.colonnes):
            raise ValueError(f"attendu les montants de la seule forme {self.forme}")
        names = [normal_header(title) for titles in self.colonnes.values() for title in titles]
        twice = {name for name in names if names.count(name) > 1}
        if twice:
            raise ValueError(f"attendu un seul champ par en-tête ({', '.join(sorted(twice))})")
        return self

    @property
    def requis(self) -> set[Champ]:
        """Fields without which a line is not a mandate's.

        >>> sorted(correspondance("montant-signe").requis)
        ['date_emission', 'montant', 'nature', 'numero_mandat']
        """
        return _TOUJOURS | _MONTANTS[self.forme]

    def entetes(self) -> dict[str, str]:
        """Normalised header -> field.

        >>> correspondance("debit-credit").entetes()["numeromandat"]
        'numero_mandat'
        """
        return {
            normal_header(title): name for name, titles in self.colonnes.items() for title in titles
        }


@lru_cache
def correspondance(nom: str) -> Correspondance:
    """A mapping by its name; `BilanError` lists the names there are, or what is wrong in it."""
    folder = paths.PARAMS / "correspondances"
    known = sorted(path.stem for path in folder.glob("*.yaml"))
    if nom not in known:
        raise BilanError(
            [
                Problem(
                    "params/correspondances",
                    None,
                    "correspondance",
                    f"une correspondance parmi {', '.join(known)}",
                    f"« {nom[:40]} »",
                    "corrigez le nom, ou ajoutez ce fichier au dossier",
                )
            ]
        )
    return charger(folder / f"{nom}.yaml", Correspondance)
