"""Attainment of indicators: typed targets against typed results, never guessing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any, NamedTuple

import pandas as pd

from analyses.atteinte.progression import SANS_OBJET, Parcours, levels, parcours
from analyses.contrat.cell import Cell, read_cell

COLONNES = [
    "contrat",
    "groupe",
    "action",
    "indicateur",
    "code",
    "exercice",
    "libelle",
    "unite",
    "unite_comparee",
    "sens",
    "nature",
    "forme",
    "additif",
    "source",
    "t0",
    "t0_imprime",
    "t0_type",
    "t0_comparable",
    "cible",
    "cible_imprime",
    "cible_type",
    "cible_comparee",
    "cible_niveau",
    "collecte",
    "resultat",
    "resultat_imprime",
    "resultat_type",
    "resultat_motif",
    "resultat_qualificatif",
    "resultat_compare",
    "resultat_niveau",
    "taux",
    "statut",
    "lecture",
    "incertaine",
    "progression",
    "attendu",
    "attendu_taux",
    "attendu_lineaire",
    "parcours_statut",
    "parcours_lecture",
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


def in_context(cell: Cell, indicator: Any) -> Cell:
    """The cell as its indicator counts: yes is 1 for a thing to do once, 40 is 40 % for a rate.

    A bare number up to 1 does not say whether it is a percentage or a fraction: it is not read.

    >>> from types import SimpleNamespace as NS
    >>> in_context(read_cell("oui"), NS(forme="oui_non", nature="flux")).valeur
    Fraction(1, 1)
    >>> rate = NS(forme="taux", nature="stock", nomme_un_taux=True)
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


def attainment_rate(target: Fraction, result: Fraction, sens: str) -> Fraction | None:
    """1 when attained exactly, more when exceeded; None against a target (or a result) of zero.

    >>> attainment_rate(Fraction(15), Fraction(20), "baisse")
    Fraction(3, 4)
    >>> attainment_rate(Fraction(4), Fraction(5), "valeur")
    Fraction(3, 4)
    """
    if sens == "valeur":
        return 1 - abs(result - target) / abs(target) if target else None
    above, below = (target, result) if sens == "baisse" else (result, target)
    return above / below if below else None


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
) -> Verdict:
    """Verdict on a result; `cells` are T0 and the targets up to the year, the last one judged.

    >>> t0 = read_cell("?")
    >>> compare([t0, read_cell("40%")], read_cell("30%"), "hausse", Fraction(1, 2))[:2]
    ('partiellement', Fraction(3, 4))
    >>> compare([t0, read_cell("/")], read_cell("3"), "hausse", Fraction(1, 2)).statut
    'sans_objet'
    """
    target = cells[-1]
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
    if target.type == result.type == "increment" and target.unite == result.unite:
        return _verdict(target.valeur, result.valeur, sens, seuil, tolerance, _OF_THE_YEAR)
    if "%" in {target.unite, result.unite} and "increment" in {target.type, result.type}:
        return Verdict("non_evaluable", lecture="accroissement en %, points ou croissance")
    if result.type == "increment":
        return Verdict("non_evaluable", lecture="accroissement face à un niveau")
    if target.type == "increment":
        level = levels(cells)[-1]
        if level is None:
            return Verdict("non_evaluable", lecture="accroissement sans niveau de départ connu")
        return _verdict(level, result.valeur, sens, seuil, tolerance, _SINCE_T0)
    for kind, words in (
        ("taux", "taux face à un nombre"),
        ("booleen", "oui/non face à un nombre"),
        ("montant", "euros face à un nombre"),
    ):
        if (target.type == kind) != (result.type == kind):
            return Verdict("non_evaluable", lecture=words)
    words = "" if target.valeur else "cible nulle, taux sans objet"
    return _verdict(target.valeur, result.valeur, sens, seuil, tolerance, words)


_OF_THE_YEAR = "accroissement de l'année"
_SINCE_T0 = "T0 plus les accroissements jusqu'à l'année"


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


def _results(depots: Sequence[Any]) -> dict[tuple[str, str, str, int], str]:
    """Printed results; a later depot speaks over an earlier one."""
    found: dict[tuple[str, str, str, int], str] = {}
    columns = ["contrat", "action", "indicateur", "exercice", "resultat"]
    for depot in depots:
        if depot.resultats is None:
            continue
        for contrat, action, slug, year, text in depot.resultats[columns].itertuples(index=False):
            slug = str(slug).rsplit("/", 1)[-1]
            found[str(contrat), str(action or "nat"), slug, int(year)] = str(text or "")
    return found


def indicators(contrat: Any) -> list[tuple[str, str, Any, list[int]]]:
    """(action, groupe, indicateur, years) of a contract, national ones under action 'nat'."""
    local = [p for p in contrat.colonnes_indicateurs if p != "t0"]
    national = [p for p in contrat.colonnes_nationaux if p != "t0"]
    rows = [(a.code, a.groupe, i, local) for a in contrat.actions.values() for i in a.indicateurs]
    return rows + [("nat", "", i, national) for i in contrat.nationaux]


class _Serie:
    """One indicator over the years: its cells as printed, and as they are compared."""

    def __init__(
        self, contrat: str, action: str, indicator: Any, years: Sequence[int], given: Results
    ) -> None:
        self.indicator, self.years = indicator, years
        self.t0 = in_context(indicator.cell("t0"), indicator)
        self.targets = [in_context(indicator.cell(year), indicator) for year in years]
        self.texts = [given.get((contrat, action, indicator.code, year)) for year in years]
        self.results = [in_context(read_cell(text), indicator) for text in self.texts]
        self.compared = (self.targets, self.results)
        self.words = ""
        formule = indicator.formule
        self.rate = indicator.forme == "taux"
        if formule is not None and formule.type == "rapport":
            self.rate = True
            goal = read_cell(formule.objectif)
            self.compared = ([goal] * len(years), [self._rate(contrat, y, given) for y in years])
            self.words = f"{formule.termes[0]} sur {formule.sur}, objectif {formule.objectif}"

    def _rate(self, contrat: str, year: int, given: Results) -> Cell:
        """The rate of two counts of the year; a declared rate stands for itself."""
        formule = self.indicator.formule
        parts = [
            read_cell(given.get((contrat, *term.split("/", 1), year)))
            for term in (formule.termes[0], formule.sur)
        ]
        part, whole = parts
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

    def verdict(self, rank: int, seuil: Fraction, tolerance: Fraction) -> Verdict:
        targets, results = self.compared
        found = compare(
            [self.t0, *targets[: rank + 1]], results[rank], self.indicator.sens, seuil, tolerance
        )
        return found._replace(
            lecture=" ; ".join(part for part in (found.lecture, self.words) if part)
        )

    def parcours(self, rank: int) -> Parcours:
        targets, results = self.compared
        start = self.t0 if self.comparable else Cell(None, "vide")
        return parcours(self.indicator, self.years, start, targets, results, rank)


def attainment(
    contrats: Mapping[str, Any], depots: Sequence[Any], seuils: Mapping[str, Any]
) -> pd.DataFrame:
    """One row per indicator and year of its table: typed target, result, rate, status, progress.

    `cible` and `resultat` are the values of the cells, `cible_comparee` and `resultat_compare` the
    ones judged (increments cumulated, rates of two counts), `*_niveau` the level reached for what
    accumulates; the other columns are those of `trajectoire.Parcours`. Values are exact fractions
    or None. `collecte`: a file of results was given for the year.
    """
    seuil = Fraction(str(seuils["seuil_partiellement"]))
    tolerance = Fraction(str(seuils.get("tolerance_atteinte", 0)))
    given = _results(depots)
    collected = {d.exercice for d in depots if d.resultats is not None}
    rows: list[dict[str, Any]] = []
    for contrat in contrats.values():
        for action, group, indicator, years in indicators(contrat):
            serie = _Serie(contrat.code, action, indicator, years, given)
            t0 = serie.t0
            head = {
                "contrat": contrat.code,
                "groupe": group,
                "action": action,
                "indicateur": indicator.code,
                "code": f"{action}/{indicator.code}",
                "libelle": indicator.libelle,
                "unite": indicator.unite,
                "unite_comparee": "ratio" if serie.rate else indicator.unite,
                "sens": indicator.sens,
                "nature": indicator.nature,
                "forme": indicator.forme,
                "additif": indicator.additif,
                "source": indicator.source,
                "t0": t0.valeur,
                "t0_imprime": t0.imprime,
                "t0_type": t0.type,
                "t0_comparable": serie.comparable,
            }
            aimed, reached = (levels([t0, *cells])[1:] for cells in serie.compared)
            for rank, year in enumerate(years):
                target, result = serie.targets[rank], serie.results[rank]
                verdict, path = serie.verdict(rank, seuil, tolerance), serie.parcours(rank)
                valued = serie.compared[1][rank].valeur is not None
                rows.append(
                    head
                    | {
                        "exercice": year,
                        "cible": target.valeur,
                        "cible_imprime": target.imprime,
                        "cible_type": target.type,
                        "cible_comparee": verdict.cible,
                        "cible_niveau": aimed[rank] if target.type not in SANS_OBJET else None,
                        "collecte": year in collected,
                        "resultat": result.valeur,
                        "resultat_imprime": serie.texts[rank],
                        "resultat_type": result.type,
                        "resultat_motif": result.motif,
                        "resultat_qualificatif": result.qualificatif,
                        "resultat_compare": verdict.resultat,
                        "resultat_niveau": reached[rank] if valued else None,
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
                )
    return pd.DataFrame(
        {name: pd.Series([row[name] for row in rows], dtype=object) for name in COLONNES}
    )
