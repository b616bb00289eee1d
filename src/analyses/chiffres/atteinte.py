"""Figures of the indicators: cells, results, attainment, progress, counts, questions, training."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

import pandas as pd

from analyses.atteinte.formations import ENSEMBLE, TAUX, formations
from analyses.atteinte.questions import questions
from analyses.atteinte.synthese import STATUTS, counts, quadrants
from analyses.chiffres.chiffre import VIDES, Chiffre, Rapport
from analyses.contrat.citations import fonde
from analyses.contrat.model import Contrat
from analyses.depot.exercice import Depot
from analyses.execution.execution import Execution

_CELLULES = {
    "sans_objet": "sans_objet",
    "non_concerne": "sans_objet",
    "inconnu": "non_renseigne",
    "vide": "non_renseigne",
    "texte": "non_evaluable",
}
Place = tuple[str, int, str, str]


def atteinte_figures(
    indicateurs: pd.DataFrame,
    contrats: Mapping[str, Contrat],
    executions: Sequence[Execution],
    depots: Sequence[Depot],
    seuils: Mapping[str, Fraction],
) -> Iterator[Chiffre]:
    """Targets of every year; results, statuses and counts of the exercises of the bilan."""
    years = [run.exercice for run in executions]
    yield from _cells(indicateurs, contrats, max(years, default=0))
    yield from _progress(indicateurs[indicateurs["exercice"].isin(years)])
    for line in counts(indicateurs, contrats, years).to_dict("records"):
        place = (line["contrat"], line["exercice"], line["niveau"], line["code"])
        yield Chiffre("nombre_cibles", *place, "", Fraction(line["cibles"]))
        for status in STATUTS:
            yield Chiffre(f"nombre_{status}", *place, "", Fraction(line[status]))
    yield from _quadrants(indicateurs, contrats, executions, seuils)
    yield from _questions(indicateurs, contrats, years, seuils)
    yield from _training(depots, contrats, int(seuils["petits_effectifs"]))


def _number(value: Fraction | None, ratio: bool) -> Fraction | Rapport | None:
    if value is None or not ratio:
        return value
    return Rapport(value.numerator, value.denominator)


def _cell(mesure: str, place: Place, line: Any, words: str, donnees: bool = False) -> Chiffre:
    """A printed cell or a result: its value, its unit, where it is printed."""
    value, kind, printed = (getattr(line, f"{mesure}{x}") for x in ("", "_type", "_imprime"))
    shown = f"imprimé « {printed} »" if printed else ""
    return Chiffre(
        *(mesure, *place, "", _number(value, kind == "taux")),
        statut="calcule" if value is not None else _CELLULES.get(kind, "non_evaluable"),
        unite="ratio" if kind == "taux" else line.unite,
        source="" if donnees else line.source,
        note=" ; ".join(part for part in (shown, words) if part),
    )


def _cells(frame: pd.DataFrame, contrats: Mapping[str, Contrat], last: int) -> Iterator[Chiffre]:
    seen: set[tuple[str, str]] = set()
    for line in frame.itertuples(index=False):
        yield from _targets(line, contrats[str(line.contrat)], seen)
        if int(str(line.exercice)) <= last:
            yield from _results(line)


def _targets(line: Any, contrat: Contrat, seen: set[tuple[str, str]]) -> Iterator[Chiffre]:
    place = (line.contrat, line.exercice, "indicateur", line.code)
    doubt = "lecture incertaine (cellules-de-gauche-a-droite)" if line.incertaine else ""
    columns = contrat.colonnes_de(line.action)
    if (line.contrat, line.code) not in seen and "t0" in columns:
        # The initial situation is that of 31 December before the first target (annexe 2).
        before = min(year for year in columns if year != "t0") - 1
        yield _cell("t0", (line.contrat, before, "indicateur", line.code), line, doubt)
    seen.add((line.contrat, line.code))
    kind = "accroissement" if line.cible_type == "increment" else ""
    yield _cell("cible", place, line, " ; ".join(part for part in (kind, doubt) if part))


def _results(line: Any) -> Iterator[Chiffre]:
    place = (line.contrat, line.exercice, "indicateur", line.code)
    yield _cell("resultat", place, line, "", donnees=True)
    status, rate = line.statut, _number(line.taux, True)
    # Target zero is judged but has no rate; a judged indicator without rate is « sans objet ».
    empty = status if status in VIDES else "sans_objet"
    empty = "calcule" if rate is not None else empty
    yield Chiffre("taux_atteinte", *place, "", rate, statut=empty, note=line.lecture)
    known = status not in VIDES
    word = status if known else None
    yield Chiffre("statut_atteinte", *place, "", word, statut="calcule" if known else status)


def _progress(frame: pd.DataFrame) -> Iterator[Chiffre]:
    for line in frame.to_dict("records"):
        place = (line["contrat"], line["exercice"], "indicateur", line["code"])
        status, words = line["parcours_statut"], line["parcours_lecture"]
        own = line["unite_comparee"]
        for mesure, key, unit in (
            ("progression", "progression", "ratio"),
            ("attendu_fin_contrat", "attendu", own),
            ("taux_attendu_fin_contrat", "attendu_taux", "ratio"),
            ("attendu_fin_contrat_lineaire", "attendu_lineaire", own),
        ):
            value = _number(line[key], unit == "ratio")
            empty = "sans_objet" if status == "calcule" and key == "progression" else status
            empty = "non_evaluable" if empty == "calcule" else empty
            empty = "calcule" if value is not None else empty
            yield Chiffre(mesure, *place, "", value, statut=empty, unite=unit, note=words)


def _quadrants(
    frame: pd.DataFrame,
    contrats: Mapping[str, Contrat],
    executions: Sequence[Execution],
    seuils: Mapping[str, Fraction],
) -> Iterator[Chiffre]:
    for line in quadrants(frame, executions, seuils).to_dict("records"):
        place = (line["contrat"], line["exercice"], "action", line["action"])
        word, known = line["quadrant"], line["quadrant"] not in VIDES
        words = f"{line['atteintes']} cibles atteintes sur {line['jugees']} jugées"
        words = " ; ".join(part for part in (line["lecture"], words) if part)
        contrat = contrats[line["contrat"]]
        group = contrat.groupes[contrat.actions[line["action"]].groupe]
        if group.fin.year < line["exercice"] and not known:
            word, words = "sans_objet", "volet terminé"
        value, status = (word, "calcule") if known else (None, word)
        yield Chiffre("quadrant", *place, "", value, statut=status, note=words)


def _questions(
    frame: pd.DataFrame,
    contrats: Mapping[str, Contrat],
    years: Sequence[int],
    seuils: Mapping[str, Fraction],
) -> Iterator[Chiffre]:
    asked = questions(frame, contrats, years, seuils)
    found = Counter((q.contrat, q.exercice, q.action) for q in asked)
    own = frame[frame["exercice"].isin(years)][["contrat", "exercice", "action"]]
    for contrat, year, action in dict.fromkeys(own.itertuples(index=False, name=None)):
        number = Fraction(found[contrat, year, action])
        yield Chiffre("nombre_questions", contrat, year, "action", action, "", number)


def _training(
    depots: Sequence[Depot], contrats: Mapping[str, Contrat], seuil: int
) -> Iterator[Chiffre]:
    """Collective figures of the training, of the contract that has a clause on them."""
    for depot in depots:
        for contrat in contrats.values():
            if not fonde(contrat, "formations"):
                continue
            table = formations(depot.formations, depot.exercice, seuil)
            whole = table.iloc[0].to_dict() if len(table) else {"montre": True}
            assert whole.get("modalite", ENSEMBLE) == ENSEMBLE
            place = (contrat.code, depot.exercice, "contrat", contrat.code)
            for key in ("heures", "inscriptions", "intitules", *TAUX):
                ratio = key in TAUX
                name = key.replace("taux_", "taux_formations_") if ratio else f"formations_{key}"
                value = whole.get(key) if whole["montre"] else None
                hidden = "" if whole["montre"] else "effectif trop petit pour être montré"
                exact = None if value is None else _number(Fraction(value), ratio)
                absent = "non_evaluable" if hidden else "non_renseigne"
                status = absent if exact is None else "calcule"
                yield Chiffre(name, *place, "", exact, statut=status, note=hidden)
