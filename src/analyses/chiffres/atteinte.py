"""Rows of resultats.csv on progress, counts of statuses, quadrants, questions and training."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

import pandas as pd

from analyses.atteinte.formations import ARTICLE, ENSEMBLE, TAUX, formations
from analyses.atteinte.questions import questions
from analyses.atteinte.synthese import STATUTS, counts, quadrants
from analyses.chiffres.resultats import COLONNES, SIMULE
from analyses.socle.money import decimal_text, number_text

_EMPTY = {"non_renseigne", "sans_objet", "non_evaluable"}
_FOLLOW_UP = {"solidarites": "art. 2.3", "emploi": "art. 3.5"}
Row = dict[str, str]


def _row(
    mesure: str, place: tuple[Any, ...], valeur: str, unite: str, statut: str, *words: str
) -> Row:
    contrat, exercice, niveau, code = place
    texts = [mesure, contrat, exercice, niveau, code, "", valeur, unite, statut]
    texts += [_FOLLOW_UP.get(contrat, ""), " ; ".join(word for word in words if word)]
    return dict(zip(COLONNES, map(str, texts), strict=True))


def _progress(frame: pd.DataFrame, years: Sequence[int], note: str) -> Iterator[Row]:
    for line in frame[frame["exercice"].isin(list(years))].to_dict("records"):
        place = (line["contrat"], line["exercice"], "indicateur", line["code"])
        status, words = line["parcours_statut"], line["parcours_lecture"]
        own = line["unite_comparee"]
        for mesure, key, unit in (
            ("progression", "progression", "ratio"),
            ("attendu_fin_contrat", "attendu", own),
            ("taux_attendu_fin_contrat", "attendu_taux", "ratio"),
            ("attendu_fin_contrat_lineaire", "attendu_lineaire", own),
        ):
            value = line[key]
            empty = "sans_objet" if status == "calcule" and key == "progression" else status
            empty = "non_evaluable" if empty == "calcule" else empty
            text = "" if value is None else _text(value, unit)
            yield _row(
                mesure, place, text, unit, empty if value is None else "calcule", words, note
            )


def _text(value: Fraction, unit: str) -> str:
    return decimal_text(value) if unit == "ratio" else number_text(value)


def _counts(
    frame: pd.DataFrame, contrats: Mapping[str, Any], years: Sequence[int], note: str
) -> Iterator[Row]:
    for line in counts(frame, contrats, years).to_dict("records"):
        place = (line["contrat"], line["exercice"], line["niveau"], line["code"])
        for status in STATUTS:
            number = str(line[status])
            yield _row(f"nombre_{status}", place, number, "cibles", "calcule", note)


def _quadrants(
    frame: pd.DataFrame,
    contrats: Mapping[str, Any],
    executions: Sequence[Any],
    seuils: Mapping[str, Fraction],
    note: str,
) -> Iterator[Row]:
    for line in quadrants(frame, executions, seuils).to_dict("records"):
        place = (line["contrat"], line["exercice"], "action", line["action"])
        word, known = line["quadrant"], line["quadrant"] not in _EMPTY
        words = f"{line['atteintes']} cibles atteintes sur {line['jugees']} jugées"
        words = " ; ".join(part for part in (line["lecture"], words) if part)
        contrat = contrats[line["contrat"]]
        group = contrat.groupes[contrat.actions[line["action"]].groupe]
        if group.fin.year < line["exercice"] and not known:
            word, words = "sans_objet", "volet terminé"
        status = "calcule" if known else word
        yield _row("quadrant", place, word if known else "", "", status, words, note)


def _questions(
    frame: pd.DataFrame,
    contrats: Mapping[str, Any],
    years: Sequence[int],
    seuils: Mapping[str, Fraction],
    note: str,
) -> Iterator[Row]:
    asked = questions(frame, contrats, years, seuils)
    found = Counter((q.contrat, q.exercice, q.action) for q in asked)
    own = frame[frame["exercice"].isin(list(years))]
    for contrat, year, action in dict.fromkeys(
        own[["contrat", "exercice", "action"]].itertuples(index=False, name=None)
    ):
        number = str(found[contrat, year, action])
        place = (contrat, year, "action", action)
        yield _row("nombre_questions", place, number, "questions", "calcule", note)


def _training(
    depots: Sequence[Any], contrats: Mapping[str, Any], seuil: int, note: str
) -> Iterator[Row]:
    for depot in depots if "emploi" in contrats else []:
        table = formations(getattr(depot, "formations", None), depot.exercice, seuil)
        whole = table.iloc[0].to_dict() if len(table) else {"montre": True}
        assert whole.get("modalite", ENSEMBLE) == ENSEMBLE
        place = ("emploi", depot.exercice, "contrat", "emploi")
        measures = {"heures": "heures", "inscriptions": "inscriptions", "intitules": "intitulés"}
        for key, unit in {**measures, **dict.fromkeys(TAUX, "ratio")}.items():
            name = key.replace("taux_", "taux_formations_") if key in TAUX else f"formations_{key}"
            value = whole.get(key) if whole["montre"] else None
            text = "" if value is None else _text(Fraction(value), unit)
            hidden = "" if whole["montre"] else "effectif trop petit pour être montré"
            status = "calcule" if text else "non_evaluable" if hidden else "non_renseigne"
            yield _row(name, place, text, unit, status, hidden, note) | {"article": ARTICLE}


def attainment_rows(
    indicateurs: pd.DataFrame,
    contrats: Mapping[str, Any],
    executions: Sequence[Any],
    depots: Sequence[Any],
    seuils: Mapping[str, Fraction],
    simule: bool,
) -> pd.DataFrame:
    """The rows that `resultats` has not, for the exercises of the bilan (docs/resultats.md)."""
    note = SIMULE if simule else ""
    years = [run.exercice for run in executions]
    rows = [
        *_progress(indicateurs, years, note),
        *_counts(indicateurs, contrats, years, note),
        *_quadrants(indicateurs, contrats, executions, seuils, note),
        *_questions(indicateurs, contrats, years, seuils, note),
        *_training(depots, contrats, int(seuils["petits_effectifs"]), note),
    ]
    return pd.DataFrame(rows, columns=COLONNES)
