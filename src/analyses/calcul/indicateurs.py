"""Attainment of indicators: typed targets against typed results, never guessing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

import pandas as pd

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
    "source",
    "t0",
    "t0_imprime",
    "t0_type",
    "cible",
    "cible_imprime",
    "cible_type",
    "cible_comparee",
    "resultat",
    "resultat_imprime",
    "resultat_type",
    "taux",
    "statut",
    "lecture",
    "incertaine",
]
_SANS_OBJET = {"sans_objet", "non_concerne"}
_COMPTES = {"nombre", "produit"}
Verdict = tuple[str, Fraction | None, Fraction | None, str]  # status, rate, target compared, words


def cumulative_target(cells: Sequence[Cell]) -> Fraction | None:
    """Level aimed at by the last cell: the last level, plus the increments that follow it.

    The first cell is T0; '/' there counts as nothing before the contract.

    >>> cumulative_target([read_cell("10"), read_cell("+25"), read_cell("+25")])
    Fraction(60, 1)
    >>> cumulative_target([read_cell("?"), read_cell("+25")]) is None
    True
    """
    level: Fraction | None = None
    for rank, cell in enumerate(cells):
        if cell.type == "increment":
            level = None if level is None or cell.valeur is None else level + cell.valeur
        elif cell.type in _COMPTES or cell.type == "taux":
            level = cell.valeur
        elif rank == 0 and cell.type in _SANS_OBJET:
            level = Fraction(0)
        elif cell.type not in _SANS_OBJET:
            level = None
    return level


def _same_scale(target: Cell, result: Cell, unite: str) -> tuple[Fraction, Fraction] | None:
    """Both values on one scale; None when a rate and a count cannot be compared."""
    if target.valeur is None or result.valeur is None:
        return None
    rates = (target.type == "taux", result.type == "taux")
    if rates[0] == rates[1]:
        return target.valeur, result.valeur
    if "%" not in unite and "taux" not in unite.casefold():
        return None
    return (
        target.valeur if rates[0] else target.valeur / 100,
        result.valeur if rates[1] else result.valeur / 100,
    )


def _judge(
    target: Fraction, result: Fraction, sens: str, seuil: Fraction
) -> tuple[str, Fraction | None]:
    """(status, rate); a rate of 1 or more is attained, whatever the direction."""
    if sens == "baisse":
        rate = target / result if result else None
        if result <= target:
            return "atteint", rate
    else:
        rate = result / target if target else None
        if result >= target:
            return "atteint", rate
    return ("partiellement" if rate is not None and rate >= seuil else "non_atteint"), rate


def compare(cells: Sequence[Cell], result: Cell, sens: str, unite: str, seuil: Fraction) -> Verdict:
    """Verdict on a result; `cells` are T0 and the targets up to the year, the last one judged.

    >>> t0 = read_cell("?")
    >>> compare([t0, read_cell("40%")], read_cell("30%"), "hausse", "%", Fraction(1, 2))[:2]
    ('partiellement', Fraction(3, 4))
    >>> compare([t0, read_cell("/")], read_cell("3"), "hausse", "", Fraction(1, 2))[0]
    'sans_objet'
    """
    target = cells[-1]
    if target.type in _SANS_OBJET:
        return "sans_objet", None, None, "cible sans objet"
    if result.type in _SANS_OBJET:
        return "sans_objet", None, None, "résultat déclaré sans objet"
    if result.type in ("vide", "inconnu"):
        return "non_renseigne", None, None, "résultat non renseigné"
    if target.type in ("vide", "inconnu", "texte") or target.valeur is None:
        return "non_evaluable", None, None, f"cible sans valeur (« {target.imprime or ''} »)"
    if result.type == "texte" or result.valeur is None:
        return "non_evaluable", None, None, f"résultat sans valeur (« {result.imprime} »)"
    if (target.type == "booleen") != (result.type == "booleen"):
        return "non_evaluable", None, None, "oui/non face à un nombre"
    if result.type == "increment" and target.type != "increment":
        return "non_evaluable", None, None, "accroissement face à un niveau"
    if target.type == "increment" and result.type == "increment":
        status, rate = _judge(target.valeur, result.valeur, sens, seuil)
        return status, rate, target.valeur, "accroissement de l'année"
    if target.type == "increment":
        level = cumulative_target(cells)
        if level is None or result.type == "taux":
            return "non_evaluable", None, None, "accroissement sans niveau de départ connu"
        status, rate = _judge(level, result.valeur, sens, seuil)
        return status, rate, level, "T0 plus les accroissements jusqu'à l'année"
    pair = _same_scale(target, result, unite)
    if pair is None:
        return "non_evaluable", None, None, "taux face à un nombre"
    status, rate = _judge(*pair, sens, seuil)
    return status, rate, pair[0], "cible nulle, taux sans objet" if not pair[0] else ""


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


def _indicators(contrat: Any) -> Iterator[tuple[str, str, Any, list[int]]]:
    """(action, groupe, indicateur, years) of a contract, national ones under action 'nat'."""
    local = [p for p in contrat.colonnes_indicateurs if p != "t0"]
    national = [p for p in contrat.colonnes_nationaux if p != "t0"]
    for action in contrat.actions.values():
        for indicator in action.indicateurs:
            yield action.code, action.groupe, indicator, local
    for indicator in contrat.nationaux:
        yield "nat", "", indicator, national


def attainment(
    contrats: Mapping[str, Any], depots: Sequence[Any], seuils: Mapping[str, Any]
) -> pd.DataFrame:
    """One row per indicator and year of its table: typed target, result, rate, status.

    `cible` is the printed cell's value, `cible_comparee` the one the result is judged against
    (increments cumulated). Values are exact fractions or None.
    """
    seuil = Fraction(str(seuils["seuil_partiellement"]))
    results = _results(depots)
    rows = []
    for contrat in contrats.values():
        for action, group, indicator, years in _indicators(contrat):
            cells = [indicator.cell("t0")]
            for year in years:
                cells.append(indicator.cell(year))
                text = results.get((contrat.code, action, indicator.code, year))
                result = read_cell(text)
                status, rate, compared, words = compare(
                    cells, result, indicator.sens, indicator.unite, seuil
                )
                t0, target = cells[0], cells[-1]
                rows.append(
                    {
                        "contrat": contrat.code,
                        "groupe": group,
                        "action": action,
                        "indicateur": indicator.code,
                        "code": f"{action}/{indicator.code}",
                        "exercice": year,
                        "libelle": indicator.libelle,
                        "unite": indicator.unite,
                        "source": indicator.source,
                        "t0": t0.valeur,
                        "t0_imprime": t0.imprime,
                        "t0_type": t0.type,
                        "cible": target.valeur,
                        "cible_imprime": target.imprime,
                        "cible_type": target.type,
                        "cible_comparee": compared,
                        "resultat": result.valeur,
                        "resultat_imprime": text,
                        "resultat_type": result.type,
                        "taux": rate,
                        "statut": status,
                        "lecture": words,
                        "incertaine": target.incertaine,
                    }
                )
    return pd.DataFrame(
        {name: pd.Series([row[name] for row in rows], dtype=object) for name in COLONNES}
    )
