"""Attainment of indicators: typed targets against typed results, never guessing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any, NamedTuple

import pandas as pd

from analyses.atteinte.progression import (
    SANS_OBJET,
    Parcours,
    attainment_rate,
    levels,
    parcours,
)
from analyses.contrat.cell import Cell, read_cell
from analyses.contrat.citations import cite
from analyses.contrat.model import NATIONAL, Contrat, Formule, Indicateur
from analyses.depot.exercice import Depot

COLONNES = [
    *("contrat", "groupe", "action", "national", "indicateur", "code", "exercice", "libelle"),
    *("unite", "unite_comparee", "sens", "nature", "forme", "additif", "source"),
    *("t0", "t0_imprime", "t0_type", "t0_comparable"),
    *("cible", "cible_imprime", "cible_type", "cible_comparee", "cible_niveau"),
    *("collecte", "resultat", "resultat_imprime", "resultat_type", "resultat_motif"),
    *("resultat_qualificatif", "resultat_compare", "resultat_niveau"),
    *("taux", "statut", "lecture", "incertaine"),
    *("progression", "attendu", "attendu_taux", "attendu_lineaire"),
    *("parcours_statut", "parcours_lecture"),
]
_SIGNE_ABSENT = "un taux sans signe % : 0,4 peut vouloir dire 0,4 % ou 40 %"
_NOMBRE_OU_TAUX = "un nombre sans signe % pour un libellé qui ne dit pas taux"
Results = Mapping[tuple[str, str, str, int], str]


class Verdict(NamedTuple):
    """Status, rate, the target and the result that were compared, how they were read."""

    statut: str
    taux: Fraction | None = None
    cible: Fraction | None = None
    resultat: Fraction | None = None
    lecture: str = ""


def in_context(cell: Cell, indicator: Indicateur) -> Cell:
    """The cell as its indicator counts: yes is 1 for a thing to do once, 40 is 40 % for a rate.

    A bare number up to 1 does not say whether it is a percentage or a fraction: it is not read.

    >>> from analyses.contrat.load import load_contrats
    >>> known = {f"{a}/{i.code}": i for a, i in load_contrats("55")["emploi"].indicateurs()}
    >>> rate = known["v2-1/sorties-positives"]
    >>> in_context(read_cell("40"), rate).valeur, in_context(read_cell("0,4"), rate).type
    (Fraction(2, 5), 'illisible')
    """
    if indicator.forme == "oui_non" and cell.type == "booleen":
        return replace(cell, type="nombre")
    if indicator.nature == "flux" and indicator.t0_nature == "cumul" and cell.type == "increment":
        return replace(cell, type="nombre")  # what the year adds to a cumulative T0
    if indicator.forme == "taux" and cell.type == "nombre" and not cell.unite and cell.valeur:
        if not indicator.nomme_un_taux:
            return replace(cell, type="illisible", valeur=None, motif=_NOMBRE_OU_TAUX)
        if cell.valeur <= 1:
            return replace(cell, type="illisible", valeur=None, motif=_SIGNE_ABSENT)
        return replace(cell, type="taux", valeur=cell.valeur / 100, unite="%")
    return cell


def judge(
    target: Fraction, result: Fraction, sens: str, seuil: Fraction, tolerance: Fraction
) -> tuple[str, Fraction | None]:
    """(status, rate): attained from a rate of 1 less the tolerance, whatever the direction."""
    rate = attainment_rate(target, result, sens)
    reached = {"baisse": result <= target, "valeur": result == target}.get(sens, result >= target)
    if reached or (rate is not None and rate >= 1 - tolerance):
        return "atteint", rate
    return ("partiellement" if rate is not None and rate >= seuil else "non_atteint"), rate


def compare(
    cells: Sequence[Cell],
    result: Cell,
    sens: str,
    seuil: Fraction,
    tolerance: Fraction = Fraction(0),
    lecture: str = "sans-objet",
) -> Verdict:
    """Verdict on a result; `cells` are T0 and the targets up to the year, the last one judged.
    `lecture`: what a target of 0 is (interpretation cible-zero).

    >>> t0 = read_cell("?")
    >>> compare([t0, read_cell("40%")], read_cell("30%"), "hausse", Fraction(1, 2))[:2]
    ('partiellement', Fraction(3, 4))
    >>> compare([t0, read_cell("/")], read_cell("3"), "hausse", Fraction(1, 2)).statut
    'sans_objet'
    """
    found = _compare(cells, result, sens, seuil, tolerance)
    return without_target(found, sens, lecture)


@cite(lectures=("cible-zero",))
def without_target(verdict: Verdict, sens: str, lecture: str = "sans-objet") -> Verdict:
    """A result of 0 against a target of 0, where more is better: nothing was asked of the year, so
    that nothing is attained (interpretation cible-zero).

    >>> without_target(Verdict("atteint", None, Fraction(0), Fraction(0)), "hausse").statut
    'sans_objet'
    """
    none = sens == "hausse" and verdict.statut == "atteint"
    if none and verdict.cible == verdict.resultat == 0 and lecture == "sans-objet":
        return verdict._replace(statut="sans_objet", lecture=CIBLE_NULLE)
    return verdict


def _compare(
    cells: Sequence[Cell], result: Cell, sens: str, seuil: Fraction, tolerance: Fraction
) -> Verdict:
    target = cells[-1]
    if none := _none(target, result):
        return none
    assert target.valeur is not None and result.valeur is not None
    if target.type == result.type == "increment" and target.unite == result.unite:
        return _verdict(target.valeur, result.valeur, sens, seuil, tolerance, _OF_THE_YEAR)
    if words := _unlike(target, result):
        return Verdict("non_evaluable", lecture=words)
    if target.type == "increment":
        level = levels(cells)[-1]
        if level is None:
            return Verdict("non_evaluable", lecture="accroissement sans niveau de départ connu")
        return _verdict(level, result.valeur, sens, seuil, tolerance, _SINCE_T0)
    words = "" if target.valeur else "cible nulle, taux sans objet"
    return _verdict(target.valeur, result.valeur, sens, seuil, tolerance, words)


CIBLE_NULLE = "cible de 0, résultat de 0 : rien n'était demandé"
_OF_THE_YEAR = "accroissement de l'année"
_SINCE_T0 = "T0 plus les accroissements jusqu'à l'année"
_FACE = {
    "taux": "taux face à un nombre",
    "booleen": "oui/non face à un nombre",
    "montant": "euros face à un nombre",
}


def _none(target: Cell, result: Cell) -> Verdict | None:
    """The verdict when there is no target, no result, or no value in one of them."""
    if target.type in SANS_OBJET:
        return Verdict("sans_objet", lecture="cible sans objet")
    if result.type in SANS_OBJET:
        return Verdict("sans_objet", lecture="résultat déclaré sans objet")
    if result.type in ("vide", "inconnu"):
        return Verdict("non_renseigne", lecture="résultat non renseigné")
    if target.valeur is None:
        return Verdict("non_evaluable", lecture=f"cible sans valeur (« {target.imprime or ''} »)")
    if result.valeur is None:
        reason = f", {result.motif}" if result.motif else ""
        words = f"résultat sans valeur (« {result.imprime} »{reason})"
        return Verdict("non_evaluable", lecture=words)
    return None


def _unlike(target: Cell, result: Cell) -> str:
    """Why two values do not compare ('' when they do)."""
    if "%" in (target.unite, result.unite) and "increment" in (target.type, result.type):
        return "accroissement en %, points ou croissance"
    if result.type == "increment":
        return "accroissement face à un niveau"
    if target.type == "increment":
        return ""
    unlike = (words for k, words in _FACE.items() if (target.type == k) != (result.type == k))
    return next(unlike, "")


def _verdict(
    target: Fraction,
    result: Fraction,
    sens: str,
    seuil: Fraction,
    tolerance: Fraction,
    words: str,
) -> Verdict:
    if sens == "aucun":
        return Verdict("non_evaluable", None, target, result, "indicateur observé, sans sens")
    return Verdict(*judge(target, result, sens, seuil, tolerance), target, result, words)


def _results(depots: Sequence[Depot]) -> dict[tuple[str, str, str, int], str]:
    """Printed results; a later depot speaks over an earlier one."""
    found: dict[tuple[str, str, str, int], str] = {}
    columns = ["contrat", "action", "indicateur", "exercice", "resultat"]
    for depot in depots:
        if depot.resultats is None:
            continue
        for contrat, action, slug, year, text in depot.resultats[columns].itertuples(index=False):
            slug = str(slug).rsplit("/", 1)[-1]
            found[str(contrat), str(action or NATIONAL), slug, int(year)] = str(text or "")
    return found


class _Serie:
    """One indicator over the years: its cells as printed, and as they are compared."""

    def __init__(
        self,
        contrat: Contrat,
        action: str,
        indicator: Indicateur,
        given: Results,
    ) -> None:
        self.contrat, self.action, self.indicator, self.given = contrat, action, indicator, given
        columns = contrat.colonnes_de(action)
        self.years = [period for period in columns if isinstance(period, int)]
        self.t0 = in_context(indicator.cell("t0"), indicator)
        self.targets = [in_context(indicator.cell(year), indicator) for year in self.years]
        self.texts = [self._text(f"{action}/{indicator.code}", year) for year in self.years]
        self.results = [in_context(read_cell(text), indicator) for text in self.texts]
        self.aimed, self.reached, self.words = self.targets, self.results, ""
        rule = indicator.formule
        if rule is not None and rule.type == "rapport":
            self.aimed = [read_cell(rule.objectif)] * len(self.years)
            self.reached = [self._rate(rule, year) for year in self.years]
            self.words = f"{rule.termes[0]} sur {rule.sur}, objectif {rule.objectif}"

    def _text(self, code: str, year: int) -> str | None:
        action, slug = code.split("/", 1)
        return self.given.get((self.contrat.code, action, slug, year))

    def _rate(self, rule: Formule, year: int) -> Cell:
        """The rate of two counts of the year; a declared rate stands for itself."""
        part = read_cell(self._text(rule.termes[0], year))
        whole = read_cell(self._text(rule.sur or "", year))
        if part.type == "taux" or part.valeur is None:
            return part
        if whole.valeur is None:
            return whole
        if part.type == whole.type == "nombre" and whole.valeur:
            return Cell(part.imprime, "taux", part.valeur / whole.valeur, unite="%")
        return replace(part, type="illisible", valeur=None, motif="un rapport sans dénominateur")

    @property
    def comparable(self) -> bool:
        """Whether T0 is of the same nature as the targets."""
        return self.indicator.t0_nature in (None, self.indicator.nature)

    def verdict(self, rank: int, seuils: Mapping[str, Fraction], zero: str) -> Verdict:
        cells, result = [self.t0, *self.aimed[: rank + 1]], self.reached[rank]
        level, tolerance = seuils["seuil_partiellement"], seuils["tolerance_atteinte"]
        found = compare(cells, result, self.indicator.sens, level, tolerance, zero)
        words = " ; ".join(part for part in (found.lecture, self.words) if part)
        return found._replace(lecture=words)

    def parcours(self, rank: int) -> Parcours:
        start = self.t0 if self.comparable else Cell(None, "vide")
        return parcours(self.indicator, self.years, start, self.aimed, self.reached, rank)

    def head(self) -> dict[str, Any]:
        """What the indicator is: the columns that its years share."""
        own = self.indicator
        action = self.contrat.actions.get(self.action)
        rate = own.forme == "taux" or self.aimed is not self.targets
        return {
            "contrat": self.contrat.code,
            "groupe": action.groupe if action else "",
            "action": self.action,
            "national": self.action == NATIONAL,
            "indicateur": own.code,
            "code": f"{self.action}/{own.code}",
            "libelle": own.libelle,
            "unite": own.unite,
            "unite_comparee": "ratio" if rate else own.unite,
            "sens": own.sens,
            "nature": own.nature,
            "forme": own.forme,
            "additif": own.additif,
            "source": own.source,
            "t0": self.t0.valeur,
            "t0_imprime": self.t0.imprime,
            "t0_type": self.t0.type,
            "t0_comparable": self.comparable,
        }

    def rows(self, seuils: Mapping[str, Fraction], zero: str) -> Iterator[dict[str, Any]]:
        """One row per year (see COLONNES); `zero`: the reading of a target of 0."""
        head = self.head()
        aimed, reached = (levels([self.t0, *cells])[1:] for cells in (self.aimed, self.reached))
        for rank, year in enumerate(self.years):
            target, result = self.targets[rank], self.results[rank]
            verdict, path = self.verdict(rank, seuils, zero), self.parcours(rank)
            yield head | {
                "exercice": year,
                "cible": target.valeur,
                "cible_imprime": target.imprime,
                "cible_type": target.type,
                "cible_comparee": verdict.cible,
                "cible_niveau": None if target.type in SANS_OBJET else aimed[rank],
                "resultat": result.valeur,
                "resultat_imprime": self.texts[rank],
                "resultat_type": result.type,
                "resultat_motif": result.motif,
                "resultat_qualificatif": result.qualificatif,
                "resultat_compare": verdict.resultat,
                "resultat_niveau": None if self.reached[rank].valeur is None else reached[rank],
                "taux": verdict.taux,
                "statut": verdict.statut,
                "lecture": verdict.lecture,
                "incertaine": target.incertaine,
                "progression": path.progression,
                "attendu": path.attendu,
                "attendu_taux": path.taux,
                "attendu_lineaire": path.lineaire,
                "parcours_statut": path.statut,
                "parcours_lecture": path.lecture,
            }


def attainment(
    contrats: Mapping[str, Contrat],
    depots: Sequence[Depot],
    seuils: Mapping[str, Fraction],
    lectures: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """One row per indicator and year of its table: typed target, result, rate, status, progress.

    `cible` and `resultat` are the values of the cells, `cible_comparee` and `resultat_compare` the
    ones judged (increments cumulated, rates of two counts), `*_niveau` the level reached for what
    accumulates; the other columns are those of `progression.Parcours`. Values are exact fractions
    or None. `collecte`: a file of results was given for the year.
    """
    given, zero = _results(depots), (lectures or {}).get("cible-zero", "sans-objet")
    collected = {depot.exercice for depot in depots if depot.resultats is not None}
    rows = [
        row | {"collecte": row["exercice"] in collected}
        for contrat in contrats.values()
        for action, indicator in contrat.indicateurs()
        for row in _Serie(contrat, action, indicator, given).rows(seuils, zero)
    ]
    return pd.DataFrame(rows, columns=COLONNES, dtype=object).astype({"national": bool})
