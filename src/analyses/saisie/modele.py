"""What the collection workbook asks: one sheet per action, from the contracts alone.

An answer has a key (contrat, action, sujet, champ): `sujet` is an indicator code or one of the
texts of the action (`RECIT`…). Nothing here knows of Excel.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from analyses.contrat.cell import read_cell
from analyses.contrat.model import NATIONAL, Action, Contrat, Indicateur, Period
from analyses.importation.parametres import Strict, charger
from analyses.socle.fmt import NON_RENSEIGNE, euros
from analyses.socle.paths import PARAMS
from analyses.socle.problems import BilanError, Problem

Cle = tuple[str, str, str, str]  # contrat, action, sujet, champ
RECIT, QUALITATIF, PIECES, SERVICE = "recit", "qualitatif", "pieces", "service"
JUSTIFICATIONS = ("montee_en_charge", "justification")  # types of justifications.csv
PLUSIEURS_LIGNES = ("commentaire", "texte")  # fields that keep their line breaks
TEXTE = "texte"
NATURES = {"sans objet": "/", "non disponible": "?"}  # what they write in the table of results
_SANS_CIBLE = {"vide", "inconnu", "sans_objet", "non_concerne"}


class Colonne(Strict):
    """A column of the table of indicators; with an `aide`, its cells are to fill in."""

    titre: str
    largeur: int
    nom: str  # in messages
    aide: str = ""


class Texte(Strict):
    """A text to write below the table."""

    titre: str
    aide: str
    hauteur: int


class Reglages(Strict):
    """params/saisie.yaml."""

    facteur_grandeur: int
    colonnes: dict[str, Colonne]
    textes: dict[str, Texte]
    mode_d_emploi: list[str]


@lru_cache(maxsize=1)
def load_reglages() -> Reglages:
    """What the workbook says and when a result is questioned; `BilanError` on a wrong key.

    >>> load_reglages().facteur_grandeur
    10
    """
    return charger(PARAMS / "saisie.yaml", Reglages)


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
    """One indicator of a sheet. `rappels`: what each column reminds of, as printed."""

    code: str
    unite: str
    rappels: Mapping[str, str]
    attend_un_nombre: bool
    reperes: tuple[Fraction, ...]  # known values a result can be compared with

    @property
    def libelle(self) -> str:
        return self.rappels["libelle"]

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
    rappels: tuple[str, ...]  # columns
    lignes: tuple[Ligne, ...]
    qualitatif: str = ""
    article: str = ""  # of underconsumption, '' when the contract has none

    @property
    def cle(self) -> str:
        return f"{self.contrat}-{self.action}"

    @property
    def nationale(self) -> bool:
        return self.action == NATIONAL

    def attendus(self) -> list[Cle]:
        """The answers without which the sheet is not complete."""
        wanted = [(self.contrat, self.action, ligne.code, "resultat") for ligne in self.lignes]
        texts = [] if self.nationale else [RECIT, *([QUALITATIF] if self.qualitatif else [])]
        return wanted + [(self.contrat, self.action, sujet, "texte") for sujet in texts]


def _printed(indicator: Indicateur, period: Period) -> str:
    cell = indicator.cell(period)
    text = " ".join((cell.imprime or "").split())
    if not text:
        return NON_RENSEIGNE
    return f"{text} (lecture incertaine)" if cell.incertaine else text


def _ligne(
    contrat: Contrat, indicator: Indicateur, periods: Mapping[str, Period], year: int, before: str
) -> Ligne:
    """`periods`: column -> its period; `before`: the result of the year before, '' without one."""
    printed = {indicator.cell(period).type for period in ("t0", *indicator.colonnes)}
    cells = [read_cell(before), *(indicator.cell(p) for p in ("t0", year, year + 1))]
    absent = NON_RENSEIGNE if year > min(contrat.exercices) else "avant le contrat"
    return Ligne(
        indicator.code,
        indicator.unite,
        {
            "libelle": " ".join(indicator.libelle.split()),
            "unite": indicator.unite,
            **{name: _printed(indicator, period) for name, period in periods.items()},
            "precedent": before or absent,
        },
        printed - _SANS_CIBLE != {"texte"},
        tuple(cell.valeur for cell in cells if cell.valeur is not None),
    )


def _contexte(contrat: Contrat, action: Action, exercice: int) -> Iterator[str]:
    group = contrat.groupes[action.groupe]
    yield " ".join(action.intitules[-1].texte.split())
    yield f"{contrat.titre}, {group.niveau} {group.code_public.lstrip('v')} – {group.libelle}"
    plan = action.plan(exercice) or {}
    parts = [f"{contrat.financeurs.get(key, key)} {euros(plan[key])}" for key in plan if plan[key]]
    yield f"Budget {exercice} au contrat : {' ; '.join(parts) or 'non renseigné au contrat'}"
    steps = [s.libelle for s in action.calendrier.etapes if s.date.startswith(str(exercice))]
    if steps:
        yield f"Étapes prévues en {exercice} : " + " ; ".join(steps)


def _concerned(contrat: Contrat, action: Action, exercice: int) -> bool:
    """Whether an action is asked about: its axe or volet runs, or a target is printed."""
    group = contrat.groupes[action.groupe]
    runs = group.debut.year <= exercice <= group.fin.year
    return runs or any(indicator.cell(exercice).imprime for indicator in action.indicateurs)


def feuilles(
    contrats: Mapping[str, Contrat], exercice: int, precedents: Mapping[Cle, str]
) -> list[Feuille]:
    """The sheets of an exercise; `precedents`: the answers of the year before.

    >>> from analyses.contrat.load import load_contrats
    >>> before = {("solidarites", "4", "lieux-ecoute-jeunes", "resultat"): "5"}
    >>> sheets = feuilles(load_contrats("55"), 2024, before)
    >>> [s.cle for s in sheets if s.nationale], sheets[3].lignes[0].rappels["cible"]
    (['solidarites-nat', 'emploi-nat'], '3')
    """
    return [
        sheet
        for contrat in contrats.values()
        if exercice in contrat.exercices
        for sheet in _feuilles(contrat, exercice, precedents)
    ]


def _feuilles(contrat: Contrat, exercice: int, precedents: Mapping[Cle, str]) -> Iterator[Feuille]:
    periods: dict[str, Period] = {"t0": "t0", "cible": exercice, "suivante": exercice + 1}

    def table(
        action: str, indicators: Sequence[Indicateur]
    ) -> tuple[tuple[str, ...], tuple[Ligne, ...]]:
        columns = contrat.colonnes_de(action)
        kept = {name: period for name, period in periods.items() if period in columns}
        lines = (
            _ligne(
                contrat,
                indicator,
                kept,
                exercice,
                precedents.get((contrat.code, action, indicator.code, "resultat"), ""),
            )
            for indicator in indicators
        )
        return ("libelle", "unite", *kept, "precedent"), tuple(lines)

    for action in contrat.actions.values():
        if _concerned(contrat, action, exercice):
            yield Feuille(
                contrat.code,
                action.code,
                f"Action {action.code} – {action.libelle}",
                tuple(_contexte(contrat, action, exercice)),
                *table(action.code, action.indicateurs),
                action.qualitatif or "",
                contrat.article("sous_consommation", [action.groupe]),
            )
    if contrat.nationaux:
        title = f"Indicateurs nationaux ({contrat.nationaux[0].source})"
        lines = table(NATIONAL, contrat.nationaux)
        yield Feuille(contrat.code, NATIONAL, title, (contrat.titre,), *lines)


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
        known = "une action parmi " + ", ".join(found or [sheet.cle for sheet in sheets])
        problems.append(
            Problem("demande", None, "action", known, f"« {code} »", "corrigez la demande")
        )
    if problems:
        raise BilanError(problems)
    return [sheet for sheet in sheets if not codes or sheet.cle in chosen]
