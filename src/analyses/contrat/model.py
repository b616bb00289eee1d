"""What a signed contract holds, as checked data. Files under params/contrats/ are its only source.

Unknown keys are refused: a misspelt key is an error with its file, never a silent default.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictStr, model_validator

from analyses.contrat.cell import Cell, read_cell
from analyses.contrat.concordance import Concordance

Period = Literal["t0"] | int
NATIONAL = "nat"  # what stands for an action where an indicator is national


def _centimes(value: Any) -> Any:
    """Euros as the file writes them (an integer, or a quoted decimal) to integer centimes."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, float):
        raise ValueError("attendu un entier d'euros ou un décimal entre guillemets")
    try:
        centimes = Decimal(str(value)) * 100
    except InvalidOperation:
        raise ValueError("attendu un montant en euros") from None
    if centimes != centimes.to_integral_value():
        raise ValueError("attendu au plus deux décimales")
    return int(centimes)


Centimes = Annotated[int, BeforeValidator(_centimes)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Intitule(_Model):
    """A title as one document prints it."""

    texte: StrictStr
    source: StrictStr


class Etape(_Model):
    date: StrictStr
    libelle: StrictStr
    source: StrictStr


class Calendrier(_Model):
    """What a fiche says of start, end and steps; None where it says nothing."""

    debut: date | None
    fin: date | None
    imprime_debut: StrictStr | None
    imprime_duree: StrictStr | None
    etapes: list[Etape] = []
    source: StrictStr


class Depense(_Model):
    libelle: StrictStr
    montant: Centimes | None


class Financement(_Model):
    """A budget by funder as one table prints it (centimes). `retenu`: the one that commits."""

    exercice: int
    source: StrictStr
    retenu: bool
    montants: dict[str, Centimes]
    total_imprime: Centimes | None = None
    depenses: list[Depense] = []
    total_depenses_imprime: Centimes | None = None
    etp: StrictStr | None = None


class TableauIndicateur(_Model):
    """One row of one printed table: its label and its cells, in printed order."""

    source: StrictStr
    libelle: StrictStr
    cellules: list[StrictStr]


class Formule(_Model):
    """An indicator that others give: `rapport` (a rate of two counts, judged against `objectif`) or
    `somme` (a control of the declared result, which it never replaces). Terms: `<action>/<code>`.
    """

    type: Literal["rapport", "somme"]
    termes: list[StrictStr] = Field(min_length=1)
    sur: StrictStr | None = None
    objectif: StrictStr | None = None
    fondement: StrictStr

    @model_validator(mode="after")
    def _ratio(self) -> Formule:
        if (self.type == "rapport") != (self.sur is not None):
            raise ValueError("attendu la clé « sur » pour un rapport, et pour lui seul")
        return self


class Desagregation(_Model):
    """A breakdown that the contract asks for."""

    libelle: StrictStr
    source: StrictStr


class Indicateur(_Model):
    """A printed indicator, and what it is.

    `sens`: more is better, less is better, reach the value, none. `nature`: activity of the year,
    cumulative since T0, stock at 31 December; `t0_nature` when the T0 cell is of another.
    `additif`: results of several years add up. `fondements`: for each of these, the code of an
    interpretation (params/interpretations-indicateurs.yaml) or the text that says it.
    """

    code: StrictStr = Field(pattern=r"^[a-z0-9-]+$")
    unite: StrictStr
    sens: Literal["hausse", "baisse", "valeur", "aucun"]
    nature: Literal["flux", "cumul", "stock"]
    forme: Literal["nombre", "taux", "oui_non", "texte"] = "nombre"
    additif: bool = False
    t0_nature: Literal["flux", "cumul", "stock"] | None = None
    fondements: dict[Literal["unite", "sens", "nature", "forme", "additif", "t0_nature"], StrictStr]
    formule: Formule | None = None
    desagregations: list[Desagregation] = []
    remarque: StrictStr | None = None
    tableaux: list[TableauIndicateur]
    thematique: StrictStr | None = None
    axe: StrictStr | None = None
    objectif_imprime: StrictStr | None = None
    colonnes: tuple[Period, ...] = ()

    @model_validator(mode="after")
    def _founded(self) -> Indicateur:
        due = {"unite", "sens", "nature"}
        due |= {"forme"} if self.forme != "nombre" else set()
        due |= {"additif"} if self.additif else set()
        due |= {"t0_nature"} if self.t0_nature else set()
        if absent := sorted(due - set(self.fondements)):
            raise ValueError("attendu un fondement pour " + ", ".join(absent))
        if self.additif and self.nature != "flux":
            raise ValueError("attendu « additif » pour un flux seulement")
        return self

    @property
    def libelle(self) -> str:
        return self.tableaux[0].libelle

    @property
    def source(self) -> str:
        return self.tableaux[0].source

    @property
    def nomme_un_taux(self) -> bool:
        """Whether its label says rate: a bare number is then a percentage."""
        return self.libelle.casefold().startswith(("taux", "pourcentage", "part "))

    @property
    def row(self) -> TableauIndicateur:
        """The row that is read: the first table that prints every cell, else the first one."""
        complete = [t for t in self.tableaux if len(t.cellules) == len(self.colonnes)]
        return (complete or self.tableaux)[0]

    @property
    def uncertain(self) -> bool:
        """True when no table prints as many cells as it has columns (a table is printed)."""
        return 0 < len(self.row.cellules) < len(self.colonnes)

    def cell(self, period: Period) -> Cell:
        """The reading of the cell of `period` ("t0" or a year).

        A short row is read from left to right and every reading of it is uncertain
        (interpretation cellules-de-gauche-a-droite); « Non concerné » alone speaks of the row.
        """
        row = self.row
        if [read_cell(text).type for text in row.cellules] == ["non_concerne"]:
            return read_cell(row.cellules[0])
        if period not in self.colonnes:
            return Cell(None, "vide")
        rank = self.colonnes.index(period)
        cell = read_cell(row.cellules[rank] if rank < len(row.cellules) else None)
        return cell.as_uncertain() if self.uncertain else cell


class Action(_Model):
    code: StrictStr
    groupe: StrictStr
    libelle: StrictStr
    intitules: list[Intitule]
    calendrier: Calendrier
    financements: list[Financement]
    indicateurs: list[Indicateur] = []
    qualitatif: StrictStr | None = None

    def plan(self, exercice: int) -> dict[str, int] | None:
        """Centimes by funder committed for `exercice`; None when no document gives them."""
        for financement in self.financements:
            if financement.exercice == exercice and financement.retenu:
                return dict(financement.montants)
        return None

    def plan_source(self, exercice: int) -> str:
        """The table that commits for `exercice` ('' when none does)."""
        found = [f for f in self.financements if f.exercice == exercice and f.retenu]
        return found[0].source if found else ""


class DebutImprime(_Model):
    """A first day that another document prints than the one that sets the period."""

    date: date
    source: StrictStr
    texte: StrictStr


class Groupe(_Model):
    """An axe or a volet, with its period and its Chorus code. `debut_imprime`: the other first day
    that a document prints, which is a reading of its own (interpretation debut-de-periode)."""

    code: StrictStr
    code_public: StrictStr
    niveau: Literal["axe", "volet"]
    libelle: StrictStr
    debut: date
    fin: date
    activite: StrictStr | None
    source: StrictStr
    debut_imprime: DebutImprime | None = None
    imputation: StrictStr = ""  # the Chorus imputation in full (annexe 6, « description longue »)


class Imprime(_Model):
    """A printed subtotal or total, kept as printed (centimes)."""

    niveau: Literal["contrat", "axe", "volet"]
    code: StrictStr
    financeur: StrictStr
    montant: Centimes
    exercice: int
    source: StrictStr


class Clause(_Model):
    """A sentence of the contract that computes or sets a duty.

    `regle` is the rule that it gives a figure to, `groupes` the axes or volets it speaks of (empty:
    all), `exercices` its years (empty: all). `calcule` is false for a duty that computes nothing.
    """

    code: StrictStr
    article: StrictStr
    libelle: StrictStr
    valeur: Any
    unite: StrictStr
    exercices: list[int] = []
    regle: StrictStr = ""
    groupes: list[StrictStr] = []
    calcule: bool = True


class Fondement(_Model):
    """What founds a measure without giving it a figure: the article and its words."""

    article: StrictStr
    texte: StrictStr


class Ineligible(_Model):
    """Expenditure that an article excludes, by account prefix and wording.

    `doute`: the article does not name it, and excludes it only as one reading of its words.
    `sauf_actions`: actions of which this expenditure is the very object.
    """

    code: StrictStr
    motif: StrictStr
    article: StrictStr
    natures: list[StrictStr] = []
    sauf_natures: list[StrictStr] = []
    mots: list[StrictStr] = []
    groupes: list[StrictStr] = []
    sauf_actions: list[StrictStr] = []
    doute: bool = False


class Echeance(_Model):
    code: StrictStr
    libelle: StrictStr
    date: date
    article: StrictStr


class Version(_Model):
    """The signed text or an avenant: from when it applies, where it comes from, and when it was
    signed: None as long as nobody entered the date that the text leaves blank (the date of the
    deliberation is another one)."""

    code: StrictStr
    libelle: StrictStr
    effet: date
    signature: date | None = None
    source: StrictStr


class SousTotal(_Model):
    """A printed subtotal of some lines of a table, kept as printed; `hors`: funders left out."""

    libelle: StrictStr
    actions: list[StrictStr]
    hors: list[StrictStr] = []
    montant: Centimes
    exercice: int
    source: StrictStr


class Inscription(_Model):
    """A contract in the registry: what a table calls it, its exercises, and its versions in order
    of effect."""

    titre_court: StrictStr = ""
    exercices: list[int] = Field(min_length=1)
    versions: list[StrictStr] = Field(min_length=1)


class Departement(_Model):
    nom: StrictStr
    contrats: dict[str, Inscription] = Field(min_length=1)


class Registre(_Model):
    """Which département signed which contract."""

    departements: dict[str, Departement] = Field(min_length=1)


class Contrat(_Model):
    """A contract as it stands at a date: the initial text overlaid by its avenants."""

    code: StrictStr
    departement: StrictStr
    titre: StrictStr
    version: Version
    versions: list[Version]
    debut: date
    fin: date
    exercices: list[int]
    financeurs: dict[str, str]
    anterieurs: dict[str, str] = {}
    colonnes_indicateurs: list[Period]
    colonnes_nationaux: list[Period]
    groupes: dict[str, Groupe]
    actions: dict[str, Action]
    nationaux: list[Indicateur]
    clauses: dict[str, Clause]
    fondements: dict[str, Fondement] = {}
    imprimes: list[Imprime]
    ineligibles: list[Ineligible]
    echeances: list[Echeance]
    concordances: list[Concordance]
    textes: dict[str, str] = {}  # beginning of a place's name -> file of the signed text
    sous_totaux: list[SousTotal] = []

    def article(self, genre: str, groupes: Sequence[str]) -> str:
        """Article of the first clause of a kind for some axes or volets, else of what founds the
        kind; '' when the contract has neither."""
        for clause in self.clauses.values():
            if clause.regle == genre and (not clause.groupes or {*clause.groupes} & {*groupes}):
                return clause.article
        return self.fondements[genre].article if genre in self.fondements else ""

    def colonnes_de(self, action: str) -> list[Period]:
        """Columns of the table in which the indicators of an action are printed."""
        return self.colonnes_nationaux if action == NATIONAL else self.colonnes_indicateurs

    @property
    def noms_financeurs(self) -> dict[str, str]:
        """Who pays, and the money that predates the contract, by code."""
        return {**self.financeurs, **self.anterieurs}

    def actions_de(self, groupe: str = "") -> list[Action]:
        """Actions of an axe or volet ('': of the whole contract)."""
        return [a for a in self.actions.values() if groupe in ("", a.groupe)]

    def codes(self, groupe: str = "") -> list[str]:
        """Codes of the actions of an axe or volet ('': of the whole contract)."""
        return [a.code for a in self.actions_de(groupe)]

    def indicateurs(self) -> list[tuple[str, Indicateur]]:
        """Every indicator with the code of its action, then the national ones (`NATIONAL`)."""
        local = [(a.code, i) for a in self.actions.values() for i in a.indicateurs]
        return local + [(NATIONAL, i) for i in self.nationaux]
