"""The registry of measures (params/mesures.yaml): what each figure is, written once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    StrictStr,
    ValidationError,
    field_validator,
    model_validator,
)

from analyses.contrat.load import schema_problems
from analyses.contrat.model import Contrat
from analyses.socle.paths import PARAMS
from analyses.socle.problems import BilanError, Problem
from analyses.socle.yaml_files import read_yaml

FICHIER = "mesures.yaml"


class Mesure(BaseModel):
    """One measure. `clause`: alternatives, in order, each a tuple of kinds cited together."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    titre: StrictStr
    sens: StrictStr
    unite: Literal["euros", "ratio", "nombre", "mot", "indicateur", "cellule"]
    agregation: Literal["somme", "rapport", "difference", "aucune"]
    origine: tuple[StrictStr, ...]
    clause: tuple[tuple[str, ...], ...] = ()
    compte: StrictStr = ""
    numerateur: tuple[StrictStr, ...] = ()
    denominateur: StrictStr = ""
    de: tuple[StrictStr, ...] = ()
    moins: StrictStr = ""
    note_negatif: StrictStr = ""
    annees_cumulables: bool = False

    @field_validator("clause", mode="before")
    @classmethod
    def _alternatives(cls, value: object) -> object:
        texts = [value] if isinstance(value, str) else value
        if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
            raise ValueError("attendu un genre de clause, ou une liste de genres")
        return tuple(tuple(part.strip() for part in text.split("+")) for text in texts)

    @model_validator(mode="after")
    def _terms(self) -> Mesure:
        terms = self.de and self.moins if self.agregation == "difference" else True
        if not terms or (self.agregation != "difference" and (self.de or self.moins)):
            raise ValueError("attendu « de » et « moins » pour une différence, et pour elle seule")
        return self

    @property
    def donnees(self) -> bool:
        """Whether it is made from the year's files, or from the signed text alone."""
        return self.origine != ("contrat",)

    @property
    def unite_publique(self) -> str:
        """Unit as resultats.csv writes it ('' where the figure says its own, or has none)."""
        return self.compte or (self.unite if self.unite in ("euros", "ratio") else "")

    def article(self, contrat: Contrat, groupes: Sequence[str]) -> str:
        """The article of the contract's own clauses of that kind, for some of its axes or volets;
        '' when it has none: a contract that has no such clause cites none.

        >>> from analyses.contrat.load import load_contrats
        >>> emploi = load_contrats("55")["emploi"]
        >>> [load_mesures()["consomme"].article(emploi, g) for g in (["v1"], ["v1", "v2"])]
        ['art. 4.1', 'art. 3.3 et art. 4.1']
        """
        found = (self._own(contrat, groupe) for groupe in groupes)
        return " et ".join(sorted({text for text in found if text}))

    def _own(self, contrat: Contrat, groupe: str) -> str:
        for kinds in self.clause:
            articles = [contrat.article(kind, [groupe]) for kind in kinds]
            if all(articles):
                return " et ".join(articles)
        return ""


Mesures = Mapping[str, Mesure]


def load_mesures(params: Path = PARAMS) -> Mesures:
    """Measures by code, in the order of the file; `BilanError` with every fault of the registry.

    >>> load_mesures()["realise"].titre
    'Réalisé éligible'
    """
    return _load(params)


@lru_cache(maxsize=4)
def _load(params: Path) -> Mesures:
    raw = read_yaml(params / FICHIER)
    rows = raw.get("mesures") if isinstance(raw, dict) else None
    if not isinstance(rows, dict) or not rows:
        raise BilanError(_wrong("mesures", "les mesures, par code", "un autre contenu"))
    problems: list[Problem] = []
    found: dict[str, Mesure] = {}
    for code, row in rows.items():
        try:
            found[str(code)] = Mesure.model_validate(row)
        except ValidationError as error:
            problems += [
                Problem(FICHIER, None, f"{code}.{p.champ}", p.attendu, p.trouve, p.remede)
                for p in schema_problems(error, FICHIER)
            ]
    for code, mesure in found.items():
        parts = [*mesure.numerateur, *filter(None, [mesure.denominateur])]
        if (mesure.agregation == "rapport") != (len(parts) > 1):
            expected = "un numérateur et un dénominateur pour un rapport, et pour lui seul"
            problems.append(_wrong(code, expected, ", ".join(parts) or "rien"))
        problems += [
            _wrong(code, "une mesure du registre", f"« {part} »")
            for part in (*parts, *mesure.de, *filter(None, [mesure.moins]))
            if part not in rows
        ]
    if problems:
        raise BilanError(problems)
    return found


def _wrong(champ: str, attendu: str, trouve: str) -> Problem:
    remedy = "corrigez la mesure d'après une mesure voisine"
    return Problem(FICHIER, champ=champ, attendu=attendu, trouve=trouve, remede=remedy)


def check_clauses(mesures: Mesures, contrats: Iterable[Contrat]) -> None:
    """Refuse a kind of clause that none of the contracts has.

    >>> from analyses.contrat.load import load_contrats
    >>> check_clauses(load_mesures(), load_contrats("55").values())
    """
    known: set[str] = set()
    for contrat in contrats:
        known |= {clause.regle for clause in contrat.clauses.values()} | set(contrat.fondements)
    problems = [
        _wrong(code, "un genre de clause qu'un contrat a", f"« {kind} »")
        for code, mesure in mesures.items()
        for kind in dict.fromkeys(kind for kinds in mesure.clause for kind in kinds)
        if kind not in known
    ]
    if problems:
        raise BilanError(problems)
