"""Underconsumption: the rate against the planned ramp-up, what is explained, what is not.

First honest version: linear within the year between the start and the end of the calendar.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from fractions import Fraction
from typing import Any

import pandas as pd

COLONNES = [
    "contrat",
    "groupe",
    "action",
    "libelle",
    "exercice",
    "prevu",
    "realise",
    "part_attendue",
    "attendu",
    "taux",
    "ecart",
    "statut",
    "justification",
    "enjeu_etat",
]


def expected_part(debut: date, fin: date, exercice: int, au: date) -> Fraction:
    """Part of the year's credits that the calendar expects at a date, by days.

    >>> expected_part(date(2024, 1, 1), date(2027, 12, 31), 2024, date(2024, 6, 30))
    Fraction(91, 183)
    >>> expected_part(date(2024, 9, 1), date(2027, 12, 31), 2024, date(2024, 8, 31))
    Fraction(0, 1)
    """
    start, end = max(debut, date(exercice, 1, 1)), min(fin, date(exercice, 12, 31))
    if start > end:
        return Fraction(int(fin < date(exercice, 1, 1)))
    done = (min(au, end) - start).days + 1
    return Fraction(max(0, done), (end - start).days + 1)


def _round(value: Fraction) -> int:
    return int(value + Fraction(1, 2)) if value >= 0 else -int(-value + Fraction(1, 2))


def _justifications(depot: Any, contrat: str, action: str) -> dict[str, str]:
    """Text by type (montee_en_charge, justification) for an action in the exercise."""
    texts: dict[str, str] = {}
    if depot.justifications is None:
        return texts
    columns = ["contrat", "action", "exercice", "type", "texte", "piece"]
    for name, code, year, kind, text, piece in depot.justifications[columns].itertuples(
        index=False
    ):
        if (name, code, year) == (contrat, action, depot.exercice):
            words = f"{text} (pièce : {piece})" if piece else str(text)
            texts[kind] = f"{texts[kind]} ; {words}" if kind in texts else words
    return texts


def classify(
    prevu: int | None,
    realise: int | None,
    part: Fraction,
    texts: Mapping[str, str],
    justifications_known: bool,
    seuils: Mapping[str, Any],
) -> tuple[str, str]:
    """(status, justification) of an action (art. 2.2): below the threshold of what its calendar
    expects it is explained by a ramp-up, justified, or manifest.

    >>> seuils = {"seuil_sous_consommation": Fraction(4, 5)}
    >>> classify(1000, 700, Fraction(1), {}, True, seuils)
    ('manifeste', '')
    >>> classify(1000, 0, Fraction(0), {}, True, seuils)
    ('expliquee', 'calendrier : aucune dépense attendue à cette date')
    """
    if prevu is None or realise is None:
        return "non_renseigne", ""
    level = Fraction(str(seuils["seuil_sous_consommation"]))
    tolerance = Fraction(str(seuils.get("tolerance_sous_consommation", 0))) * 100
    if prevu == 0 or realise >= level * prevu:
        return "rien_a_signaler", ""
    if part == 0:
        return "expliquee", "calendrier : aucune dépense attendue à cette date"
    if realise >= level * part * prevu or part * prevu - realise <= tolerance:
        return "rien_a_signaler", ""
    if "montee_en_charge" in texts:
        return "expliquee", texts["montee_en_charge"]
    if "justification" in texts:
        return "justifiee", texts["justification"]
    if not justifications_known:
        return "non_renseigne", "justifications non renseignées : sous le seuil, à qualifier"
    return "manifeste", ""


def _etat(execution: Any, contrat: str, action: str) -> tuple[int, int] | None:
    """(planned, consumed) of the State for an action; None when unknown."""
    frame = execution.par_financeur
    rows = frame[
        (frame["contrat"] == contrat) & (frame["action"] == action) & (frame["financeur"] == "etat")
    ]
    if rows.empty:
        return 0, 0
    row = rows.iloc[0]
    return None if row["consomme"] is None else (row["prevu"], row["consomme"])


def _row(
    line: Any, execution: Any, contrat: Any, depot: Any, au: date, seuils: Mapping[str, Any]
) -> dict[str, Any]:
    action = contrat.actions[line.action]
    group = contrat.groupes[action.groupe]
    debut = max(action.calendrier.debut or group.debut, group.debut)
    fin = min(action.calendrier.fin or group.fin, group.fin)
    part = expected_part(debut, fin, execution.exercice, au)
    texts = _justifications(depot, line.contrat, line.action)
    status, words = classify(
        line.prevu, line.realise, part, texts, depot.justifications is not None, seuils
    )
    expected = None if line.prevu is None else _round(part * line.prevu)
    known = expected is not None and line.realise is not None
    etat = _etat(execution, line.contrat, line.action)
    stake: int | None = None
    if known and etat is not None:
        stake = 0 if status == "rien_a_signaler" else max(0, _round(part * etat[0]) - etat[1])
    return {
        "contrat": line.contrat,
        "groupe": line.groupe,
        "action": line.action,
        "libelle": line.libelle,
        "exercice": execution.exercice,
        "prevu": line.prevu,
        "realise": line.realise,
        "part_attendue": part,
        "attendu": expected,
        "taux": line.taux,
        "ecart": line.realise - expected if known else None,
        "statut": status,
        "justification": words,
        "enjeu_etat": stake,
    }


def sous_consommation(
    execution: Any,
    contrats: Mapping[str, Any],
    depot: Any,
    arrete_au: date | None,
    seuils: Mapping[str, Any],
) -> pd.DataFrame:
    """One row per action: expected part, status, justification, State money at stake.

    `ecart` is realised minus expected; `enjeu_etat` the State's expected credits not consumed
    (0 when there is nothing to report). Amounts in centimes, None = non renseigné.
    """
    au = min(arrete_au or date(execution.exercice, 12, 31), date(execution.exercice, 12, 31))
    rows = [
        _row(line, execution, contrats[line.contrat], depot, au, seuils)
        for line in execution.par_action.itertuples(index=False)
    ]
    return pd.DataFrame(
        {name: pd.Series([row[name] for row in rows], dtype=object) for name in COLONNES}
    )
