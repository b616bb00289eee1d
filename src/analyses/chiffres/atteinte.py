"""Figures of the indicators: cells, results, attainment, progress, counts, questions, training."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

import pandas as pd

from analyses.atteinte.formations import ENSEMBLE, TAUX, formations
from analyses.atteinte.questions import Question, questions
from analyses.atteinte.synthese import (
    MOTIFS,
    QUADRANTS,
    STATUTS,
    counts,
    pace,
    quadrants,
    sensitivity,
    unjudged,
)
from analyses.chiffres.chiffre import VIDES, Chiffre, Rapport
from analyses.contrat.citations import fonde
from analyses.contrat.model import Contrat
from analyses.depot.exercice import Depot
from analyses.execution.execution import Execution
from analyses.socle.money import number_text

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
    yield from _counts(indicateurs, contrats, years)
    yield from _pace(indicateurs, years)
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
    zero = ("cible-zero",) if line.sens == "hausse" and line.cible_comparee == 0 else ()
    empty = "calcule" if known else status
    yield Chiffre("statut_atteinte", *place, "", word, statut=empty, lectures=zero)


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


def _counts(
    frame: pd.DataFrame, contrats: Mapping[str, Contrat], years: Sequence[int]
) -> Iterator[Chiffre]:
    """Targets by status; those that are attained among those that could be judged."""
    for line in counts(frame, contrats, years).to_dict("records"):
        place = (line["contrat"], line["exercice"], line["niveau"], line["code"])
        numbers = {"cibles": line["cibles"], "juge": line["jugees"]}
        numbers |= {status: line[status] for status in STATUTS}
        for name, number in numbers.items():
            yield Chiffre(f"nombre_{name}", *place, "", Fraction(number))
        part = Rapport(line["atteint"], line["jugees"]) if line["jugees"] else None
        status = "calcule" if part else unjudged(line)
        yield Chiffre("part_atteinte", *place, "", part, statut=status)


def _pace(frame: pd.DataFrame, years: Sequence[int]) -> Iterator[Chiffre]:
    """Where the present pace leads, and what another tolerance would say, by contract."""
    for contrat, own in frame.groupby("contrat", sort=False):
        for year in years:
            if year not in set(own["exercice"]):
                continue
            place = (str(contrat), year, "contrat", str(contrat))
            known, late = pace(own, year)
            yield Chiffre("nombre_projete", *place, "", Fraction(known))
            yield Chiffre("nombre_en_retard", *place, "", Fraction(late))
            for tolerance, number in sensitivity(own, [year]):
                detail = number_text(tolerance)
                value = Fraction(number)
                yield Chiffre("nombre_manque_de_peu", *place, "", value, detail=detail)


def _quadrants(
    frame: pd.DataFrame,
    contrats: Mapping[str, Contrat],
    executions: Sequence[Execution],
    seuils: Mapping[str, Fraction],
) -> Iterator[Chiffre]:
    found: dict[tuple[str, int], Counter[str]] = {}
    for line in quadrants(frame, executions, seuils).to_dict("records"):
        place = (line["contrat"], line["exercice"], "action", line["action"])
        word, known = line["quadrant"], line["quadrant"] not in VIDES
        motif = line["motif"] or word
        words = f"{line['atteintes']} cibles atteintes sur {line['jugees']} jugées"
        words = " ; ".join(part for part in (line["lecture"], words) if part)
        contrat = contrats[line["contrat"]]
        group = contrat.groupes[contrat.actions[line["action"]].groupe]
        if group.fin.year < line["exercice"] and not known:
            word, motif, words = "sans_objet", "termine", MOTIFS["termine"]
        value, status = (word, "calcule") if known else (None, word)
        yield Chiffre("quadrant", *place, "", value, statut=status, note=words)
        yield Chiffre("lecture_quadrant", *place, "", motif)
        found.setdefault(place[:2], Counter())[motif] += 1
    for (name, year), number in found.items():
        place = (name, year, "contrat", name)
        for motif in (*QUADRANTS.values(), *MOTIFS):
            if motif not in MOTIFS or number[motif]:
                value = Fraction(number[motif])
                yield Chiffre("nombre_actions", *place, "", value, detail=motif)


def _questions(
    frame: pd.DataFrame,
    contrats: Mapping[str, Contrat],
    years: Sequence[int],
    seuils: Mapping[str, Fraction],
) -> Iterator[Chiffre]:
    asked = questions(frame, contrats, years, seuils)
    own = frame[frame["exercice"].isin(years)][["contrat", "exercice", "action"]]
    places = list(dict.fromkeys(own.itertuples(index=False, name=None)))
    for name, year, action in places:
        here = [q for q in asked if (q.contrat, q.exercice, q.action) == (name, year, action)]
        yield from _asked((name, year, "action", action), here)
    for name, year in dict.fromkeys((name, year) for name, year, _ in places):
        here = [q for q in asked if (q.contrat, q.exercice) == (name, year)]
        place = (name, year, "contrat", name)
        yield from _asked(place, here)
        actions = Fraction(len({q.action for q in here}))
        yield Chiffre("nombre_actions_questionnees", *place, "", actions)


def _asked(place: Place, here: Sequence[Question]) -> Iterator[Chiffre]:
    """Questions of a place, and those of each kind."""
    yield Chiffre("nombre_questions", *place, "", Fraction(len(here)))
    for kind, number in Counter(q.genre for q in here).items():
        yield Chiffre("nombre_questions", *place, "", Fraction(number), detail=kind)


def _training(
    depots: Sequence[Depot], contrats: Mapping[str, Contrat], seuil: int
) -> Iterator[Chiffre]:
    """Collective figures of the training, of the contract that has a clause on them."""
    for depot in depots:
        table = formations(depot.formations, depot.exercice, seuil)
        lines = table.to_dict("records") or [{"modalite": ENSEMBLE, "montre": True}]
        for contrat in contrats.values():
            place = (contrat.code, depot.exercice, "contrat", contrat.code)
            for line in lines if fonde(contrat, "formations") else ():
                yield from _courses(place, line)


def _courses(place: Place, line: Mapping[Any, Any]) -> Iterator[Chiffre]:
    """The figures of the whole, or of a modality (`detail`); those of a small group are hidden."""
    detail = "" if line["modalite"] == ENSEMBLE else line["modalite"]
    hidden = "" if line["montre"] else "effectif trop petit pour être montré"
    for key in ("heures", "inscriptions", "intitules", *TAUX):
        ratio = key in TAUX
        name = key.replace("taux_", "taux_formations_") if ratio else f"formations_{key}"
        value = None if hidden else line.get(key)
        exact = None if value is None else _number(Fraction(value), ratio)
        absent = "non_evaluable" if hidden else "non_renseigne"
        status = absent if exact is None else "calcule"
        yield Chiffre(name, *place, "", exact, statut=status, detail=detail, note=hidden)
