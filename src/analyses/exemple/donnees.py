"""What the example of a département is made of: params/exemple/<departement>/, checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictStr, ValidationError

from analyses.contrat.load import load_contrats, schema_problems
from analyses.contrat.model import Action, Centimes, Contrat
from analyses.depot.schemas import TABLES, table_schema
from analyses.socle.paths import PARAMS
from analyses.socle.problems import BilanError, Problem
from analyses.socle.yaml_files import read_yaml

COMMUN = "exemple.yaml"
M = TypeVar("M", bound=BaseModel)
Textes = dict[str, StrictStr]
Rows = dict[str, list[Textes]]


def colonnes(table: str) -> list[str]:
    """Columns of a raw table, in the order of its schema.

    >>> colonnes("justifications")[:3]
    ['contrat', 'action', 'exercice']
    """
    return [field["name"] for field in table_schema(table)["fields"]]


def _of_the_schemas(tables: Rows) -> Rows:
    for name, rows in tables.items():
        known = set(colonnes(name)) if name in TABLES else set()
        if unknown := sorted({column for row in rows for column in row} - known):
            raise ValueError(f"attendu des colonnes de {name}, sans {', '.join(unknown)}")
    return tables


Tables = Annotated[Rows, AfterValidator(_of_the_schemas)]


def _for_any_account(tiers: dict[str, list[str]]) -> dict[str, list[str]]:
    if list(tiers)[-1:] != [""] or not all(tiers.values()):
        raise ValueError("attendu des noms, et une dernière clé vide pour les autres comptes")
    return tiers


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ContratSimule(_Model):
    """How the ledger writes a contract: its convention, analytic codes, functions (M57)."""

    convention: StrictStr
    prefixe: StrictStr
    largeur: int = 0
    fonction: StrictStr
    fonctions: Textes = {}
    personnel: list[StrictStr] = []
    sans_narratif: list[StrictStr] = []
    codes_partages: dict[str, tuple[StrictStr, StrictStr]] = {}

    def code_analytique(self, action: str) -> str:
        """Analytic code of an action.

        >>> sol = ContratSimule(convention="C", prefixe="SOL-", largeur=2, fonction="428")
        >>> sol.code_analytique("7"), sol.code_analytique("v2-1")
        ('SOL-07', 'SOL-V2-1')
        """
        return self.prefixe + action.upper().zfill(self.largeur)


class Ecriture(_Model):
    """What a ledger line says, apart from its amount, its dates and its third party."""

    nature: StrictStr
    objet: StrictStr
    fonction: StrictStr = ""
    code_analytique: StrictStr = ""


class Serie(_Model):
    """Lines outside the actions' own: how many in each exercise, up to which amount."""

    nombre: tuple[int, int]
    plafond: Centimes
    contrat: StrictStr = ""
    convention: StrictStr = ""
    lignes: list[Ecriture] = Field(min_length=1)


class Narratif(_Model):
    """Sentences; `$exercice`, `$suivant`, `$retard` and `$etape` are filled in."""

    nul: StrictStr
    lent: StrictStr
    prevu: StrictStr
    retard: StrictStr
    sans_retard: StrictStr
    etape: StrictStr
    suite: StrictStr


class Commun(_Model):
    """What both exercises share."""

    exercices: tuple[int, int]
    contrats: dict[str, ContratSimule]
    subvention: list[Ecriture] = Field(min_length=1)
    paie: list[Ecriture] = Field(min_length=1)
    tiers: Annotated[dict[str, list[StrictStr]], AfterValidator(_for_any_account)]
    divers: list[Serie]
    rattachements: StrictStr
    tables: Tables
    commentaire: StrictStr
    sans_resultat: StrictStr
    sources: list[StrictStr] = Field(min_length=1)
    narratif: Narratif


class Annee(_Model):
    """What happens in one exercise; a profile is a percent of the plan and months of delay."""

    milliers: StrictStr
    encodages: dict[str, Literal["cp1252", "utf-8-sig"]]
    profils: dict[str, dict[str, tuple[int, int]]]
    resultats: dict[str, dict[str, dict[str, StrictStr | None]]]
    tables: Tables


@dataclass(frozen=True)
class Exemple:
    """The example of a département, and the contracts that it simulates."""

    departement: str
    commun: Commun
    annees: Mapping[int, Annee]
    contrats: Mapping[str, Contrat]

    def actions(self) -> list[tuple[str, Action]]:
        """Every action with the code of its contract, in the contracts' order."""
        return [(c.code, action) for c in self.contrats.values() for action in c.actions.values()]

    def ouverte(self, contrat: str, action: Action, exercice: int) -> bool:
        """Whether an action spends in an exercise: its axe or volet is not over.

        >>> exemple = charger("55")
        >>> sum(exemple.ouverte(*one, 2025) for one in exemple.actions())
        26
        """
        return self.contrats[contrat].groupes[action.groupe].fin.year >= exercice

    def plan(self, action: Action) -> int:
        """Centimes that the first exercise commits; both exercises are drawn from it."""
        return sum((action.plan(self.commun.exercices[0]) or {}).values())

    def profil(self, contrat: str, action: Action, exercice: int) -> tuple[int, int] | None:
        """Percent of the plan spent and months of delay, when the data say them."""
        return self.annees[exercice].profils.get(contrat, {}).get(action.code)


def _read(kind: type[M], path: Path) -> M:
    try:
        return kind.model_validate(read_yaml(path))
    except ValidationError as error:
        raise BilanError(schema_problems(error, f"{path.parent.name}/{path.name}")) from None


def charger(departement: str, params: Path = PARAMS) -> Exemple:
    """The example of a département; `BilanError` when its files are wrong or speak of what its
    contracts do not have.

    >>> charger("55").commun.exercices
    (2024, 2025)
    """
    folder = params / "exemple" / departement
    commun = _read(Commun, folder / COMMUN)
    annees = {year: _read(Annee, folder / f"{year}.yaml") for year in commun.exercices}
    contrats = load_contrats(departement)
    known = {code: {"", "nat", *contrat.actions} for code, contrat in contrats.items()}
    named = [(COMMUN, code, "") for code in commun.contrats]
    for year, annee in annees.items():
        for simulated in (annee.profils, annee.resultats):
            named += [(f"{year}.yaml", code, one) for code, own in simulated.items() for one in own]
    problems = [
        Problem(
            f"{departement}/{name}",
            champ=f"{code}.{action}".rstrip("."),
            attendu="un contrat ou une action du registre",
            trouve="un code inconnu",
            remede="corrigez le code",
        )
        for name, code, action in named
        if action not in known.get(code, ())
    ]
    if problems:
        raise BilanError(problems)
    kept = {code: contrat for code, contrat in contrats.items() if code in commun.contrats}
    return Exemple(departement, commun, annees, kept)
