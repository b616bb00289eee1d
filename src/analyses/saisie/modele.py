"""What the collection workbook asks: one sheet per action, from the contracts alone.

An answer has a key (contrat, action, sujet, champ): `sujet` is an indicator code or one of the
texts of the action (`RECIT`…). Nothing here knows of Excel.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from analyses.contrat.cell import read_cell
from analyses.contrat.load import schema_problems
from analyses.socle.fmt import NON_RENSEIGNE, euros
from analyses.socle.paths import PARAMS
from analyses.socle.problems import BilanError, Problem
from analyses.socle.yaml_files import read_yaml

Cle = tuple[str, str, str, str]  # contrat, action, sujet, champ
NATIONAUX = "nat"
RECIT, QUALITATIF, PIECES, SERVICE = "recit", "qualitatif", "pieces", "service"
JUSTIFICATIONS = ("montee_en_charge", "justification")  # types of justifications.csv
PLUSIEURS_LIGNES = ("commentaire", "texte")  # fields that keep their line breaks
_SANS_CIBLE = {"vide", "inconnu", "sans_objet", "non_concerne"}


class Reglages(BaseModel):
    """params/saisie.yaml."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    facteur_grandeur: int
    mode_d_emploi: list[str]


def load_reglages(params: Path = PARAMS) -> Reglages:
    """What the workbook says and when a result is questioned; `BilanError` on a wrong key.

    >>> load_reglages().facteur_grandeur
    10
    """
    try:
        return Reglages.model_validate(read_yaml(params / "saisie.yaml"))
    except ValidationError as error:
        raise BilanError(schema_problems(error, "saisie.yaml")) from None


def canonical(text: str, champ: str) -> str:
    """A text without useless blanks or what no file can hold; short fields are one line.

    >>> canonical(" a\\r\\nb \\x07", "texte"), canonical("a\\n b", "source")
    ('a\\nb', 'a b')
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    kept = (c for c in text if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cs"))
    text = "".join(kept).replace("\ufffe", "").replace("\uffff", "")
    if champ not in PLUSIEURS_LIGNES:
        return " ".join(text.split())
    return "\n".join(line.rstrip() for line in text.split("\n")).strip()


def same_text(one: str, other: str) -> bool:
    """Whether two texts differ by their kinds of blanks only, which tables do not keep.

    >>> same_text("40\\u00a0%", "40 %"), same_text("a\\nb", "a b")
    (True, False)
    """
    lines = [[line.split() for line in text.split("\n")] for text in (one, other)]
    return lines[0] == lines[1]


@dataclass(frozen=True)
class Ligne:
    """One indicator of a sheet; printed cells are kept as printed."""

    code: str
    libelle: str
    unite: str
    rappels: Mapping[str, str]  # column -> printed T0 or target, result of the year before
    attend_un_nombre: bool
    reperes: tuple[Fraction, ...]  # known values a result can be compared with

    @property
    def taux(self) -> bool:
        """Whether the indicator is a rate."""
        return "%" in self.unite or "taux" in self.unite.casefold()


@dataclass(frozen=True)
class Feuille:
    """What is asked of one action, or of the national indicators of a contract."""

    contrat: str
    action: str
    titre: str
    contexte: tuple[str, ...]
    rappels: Mapping[str, str]  # column -> header
    lignes: tuple[Ligne, ...]
    qualitatif: str
    article: str  # of underconsumption, '' when the contract has none

    @property
    def cle(self) -> str:
        return f"{self.contrat}-{self.action}"

    @property
    def nationale(self) -> bool:
        return self.action == NATIONAUX

    def attendus(self) -> list[Cle]:
        """The answers without which the sheet is not complete."""
        wanted = [(self.contrat, self.action, ligne.code, "resultat") for ligne in self.lignes]
        texts = [] if self.nationale else [RECIT, *([QUALITATIF] if self.qualitatif else [])]
        return wanted + [(self.contrat, self.action, sujet, "texte") for sujet in texts]


def _printed(indicator: Any, period: Any) -> str:
    cell = indicator.cell(period)
    text = " ".join((cell.imprime or "").split())
    if not text:
        return NON_RENSEIGNE
    return f"{text} (lecture incertaine)" if cell.incertaine else text


def _rappels(periods: Sequence[Any], exercice: int) -> dict[str, str]:
    """Columns of reminders that the table of a contract has, with their headers."""
    asked = {"t0": "t0", "cible": exercice, "suivante": exercice + 1}
    titles = {"t0": "T0", "cible": f"Cible {exercice}", "suivante": f"Cible {exercice + 1}"}
    kept = {name: titles[name] for name, period in asked.items() if period in periods}
    return kept | {"precedent": f"Résultat {exercice - 1}"}


def _ligne(
    contrat: Any, indicator: Any, rappels: Mapping[str, str], exercice: int, before: str
) -> Ligne:
    periods = {"t0": "t0", "cible": exercice, "suivante": exercice + 1}
    cells = [read_cell(before), *(indicator.cell(p) for p in ("t0", *indicator.colonnes))]
    kinds = {cell.type for cell in cells[1:]} - _SANS_CIBLE
    absent = NON_RENSEIGNE if exercice > min(contrat.exercices) else "avant le contrat"
    near = [cells[0], *(indicator.cell(p) for p in periods.values())]
    return Ligne(
        indicator.code,
        " ".join(indicator.libelle.split()),
        indicator.unite,
        {
            name: before or absent if name == "precedent" else _printed(indicator, periods[name])
            for name in rappels
        },
        kinds != {"texte"},
        tuple(cell.valeur for cell in near if cell.valeur is not None),
    )


def _contexte(contrat: Any, action: Any, exercice: int) -> Iterator[str]:
    group = contrat.groupes[action.groupe]
    yield " ".join(action.intitules[-1].texte.split())
    yield f"{contrat.titre}, {group.niveau} {group.code_public.lstrip('v')} – {group.libelle}"
    plan = action.plan(exercice)
    names = contrat.financeurs
    parts = [
        f"{names.get(key, key)} {euros(value)}" for key, value in (plan or {}).items() if value
    ]
    budget = " ; ".join(parts) or "non renseigné au contrat"
    yield f"Budget {exercice} au contrat : {budget}"
    steps = [s.libelle for s in action.calendrier.etapes if s.date.startswith(str(exercice))]
    if steps:
        yield f"Étapes prévues en {exercice} : " + " ; ".join(steps)


def _concerned(contrat: Any, action: Any, exercice: int) -> bool:
    """Whether an action is asked about: its axe or volet runs, or a target is printed."""
    group = contrat.groupes[action.groupe]
    runs = group.debut.year <= exercice <= group.fin.year
    return runs or any(indicator.cell(exercice).imprime for indicator in action.indicateurs)


def feuilles(
    contrats: Mapping[str, Any], exercice: int, precedents: Mapping[tuple[str, str, str], str]
) -> list[Feuille]:
    """The sheets of an exercise; `precedents`: last year's results by contract, action, indicator.

    >>> from analyses.contrat.load import load_contrats
    >>> sheets = feuilles(load_contrats("55"), 2024, {("solidarites", "4", "prevention"): "5"})
    >>> [s.cle for s in sheets if s.nationale], sheets[3].lignes[0].rappels["cible"]
    (['solidarites-nat', 'emploi-nat'], '3')
    """
    sheets = []
    for contrat in contrats.values():
        if exercice not in contrat.exercices:
            continue
        clause = contrat.clauses.get("sous_consommation")
        article = clause.article if clause else ""

        def lines(
            contrat: Any, action: str, indicators: Sequence[Any], rappels: Mapping[str, str]
        ) -> tuple[Ligne, ...]:
            results = [precedents.get((contrat.code, action, i.code), "") for i in indicators]
            pairs = zip(indicators, results, strict=True)
            return tuple(_ligne(contrat, i, rappels, exercice, before) for i, before in pairs)

        rappels = _rappels(contrat.colonnes_indicateurs, exercice)
        for action in contrat.actions.values():
            if _concerned(contrat, action, exercice):
                rows = lines(contrat, action.code, action.indicateurs, rappels)
                title, context = (
                    f"Action {action.code} – {action.libelle}",
                    tuple(_contexte(contrat, action, exercice)),
                )
                sheets.append(
                    Feuille(
                        contrat.code,
                        action.code,
                        title,
                        context,
                        rappels,
                        rows,
                        action.qualitatif or "",
                        article,
                    )
                )
        if contrat.nationaux:
            rappels = _rappels(contrat.colonnes_nationaux, exercice)
            rows = lines(contrat, NATIONAUX, contrat.nationaux, rappels)
            title, context = "Indicateurs nationaux (annexe 4)", (contrat.titre,)
            sheets.append(Feuille(contrat.code, NATIONAUX, title, context, rappels, rows, "", ""))
    return sheets


def choose(sheets: Sequence[Feuille], codes: Sequence[str]) -> list[Feuille]:
    """The sheets of the asked actions, in the order of the contracts; all of them by default.

    A code is `<contrat>-<action>`, or the action alone when one contract has it.

    >>> from analyses.contrat.load import load_contrats
    >>> every = feuilles(load_contrats("55"), 2024, {})
    >>> [sheet.cle for sheet in choose(every, ["v2-1", "solidarites-4"])]
    ['solidarites-4', 'emploi-v2-1']
    """
    chosen, problems = set(), []
    for code in codes:
        found = [s.cle for s in sheets if code.casefold() in (s.cle, s.action)]
        if len(found) == 1:
            chosen.add(found[0])
            continue
        known = found or [sheet.cle for sheet in sheets]
        problems.append(
            Problem(
                "demande",
                champ="action",
                attendu="une action parmi " + ", ".join(known),
                trouve=f"« {code} »",
                remede="corrigez la demande",
            )
        )
    if problems:
        raise BilanError(problems)
    return [sheet for sheet in sheets if not codes or sheet.cle in chosen]
