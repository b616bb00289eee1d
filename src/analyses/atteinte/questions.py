"""Results that contradict themselves, their targets or their past: questions to the pilot.

None is an error: a surprising result can be true. The pilot confirms or corrects it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import pandas as pd

from analyses.contrat.model import Contrat, Formule
from analyses.socle import fmt

_NUMBERS = ("nombre", "produit", "taux", "montant", "increment")
_WORDS = ("texte", "conditionnel")
_EMPTY = ("vide",)
_NOTHING_DUE = ("sans_objet", "non_concerne")
_JUDGED = ("atteint", "partiellement", "non_atteint")
_EXCEL_DAYS = range(36526, 55154)  # 2000 to 2050


@dataclass(frozen=True)
class Question:
    """One question: its kind, where it stands (`code` is '' for a whole action), what to ask."""

    genre: str
    contrat: str
    action: str
    code: str
    exercice: int
    texte: str


Row = Mapping[Any, Any]
Asked = Iterator[tuple[str, str]]  # (kind, words)


def _shown(value: Fraction, kind: str = "") -> str:
    """A value in a question.

    >>> _shown(Fraction(9, 8), "taux"), _shown(Fraction(7))
    ('112,5\\xa0%', '7')
    """
    rate = kind == "taux"
    return fmt.nombre(value * 100 if rate else value) + (f"{fmt.NBSP}%" if rate else "")


def _given(row: Row) -> str:
    return str(row["resultat_imprime"] or "").strip()


def _same(one: Row | None, other: Row) -> bool:
    """Whether two results are written alike, so that they can be compared."""
    if one is None or one["resultat"] is None or other["resultat"] is None:
        return False
    groups = {"produit": "nombre"}
    kinds = {groups.get(r["resultat_type"], r["resultat_type"]) for r in (one, other)}
    return len(kinds) == 1


def _form(row: Row) -> Asked:
    """What was written is not a value of the kind that is due."""
    text, kind = _given(row), row["resultat_type"]
    if kind == "illisible":
        yield "illisible", f"« {text} » n'a pas été lu : {row['resultat_motif']}. Quelle valeur ?"
    if kind in _WORDS and row["forme"] != "texte":
        yield "texte", f"« {text} » est un texte là où un nombre est attendu. Quel nombre ?"
    if kind in _NUMBERS and row["resultat"] < 0:
        yield "negatif", f"Le résultat {text} est négatif. Est-ce une baisse, ou une faute ?"
    if str(row["resultat_qualificatif"] or "").startswith(("environ", "~", "≈", "près", "autour")):
        yield "approche", f"« {text} » est une valeur approchée. Quelle est la valeur exacte ?"
    if kind == "taux" and row["resultat"] > 1:
        rate = _shown(row["resultat"], "taux")
        yield "taux", f"Le taux {rate} dépasse 100\u00a0%. De quoi à quoi est-il ?"
    if kind in _NOTHING_DUE and row["cible"]:
        cible = row["cible_imprime"]
        yield "sans-objet", f"Résultat sans objet alors que la cible est {cible}. Pourquoi ?"


def _past(row: Row, before: Row | None, seuils: Mapping[str, Fraction]) -> Asked:
    """Against last year, T0 and the trend."""
    value, kind = row["resultat"], row["resultat_type"]
    if kind not in _NUMBERS or row["forme"] == "oui_non":
        return
    level, former = row["resultat_niveau"], before["resultat_niveau"] if before else None
    if row["nature"] == "cumul" and level is not None:
        start = row["t0"] if row["t0_comparable"] and row["t0_type"] == "nombre" else None
        known = former if former is not None else start
        if known is not None and level < known:
            since = "l'an dernier" if former is not None else "la situation initiale"
            words = f"Ce cumul baisse : {_shown(level)} après {_shown(known)} ({since})."
            yield "cumul-en-baisse", words + " Qu'est-ce qui a été retiré ?"
    last = before["resultat"] if before and _same(before, row) else None
    aimed = row["cible_comparee"]
    if last is not None and value == last and not _as_planned(row, before):
        words = f"Le résultat est le même que l'an dernier ({_shown(value, kind)})."
        yield "inchange", words + " A-t-il été mis à jour ?"
    yield from _trend(row, last, aimed, seuils)


def _as_planned(row: Row, before: Row | None) -> bool:
    """Equal to an unchanged target both years, or a level at its target: nothing to ask."""
    at_target = row["resultat_compare"] is not None and (
        row["resultat_compare"] == row["cible_comparee"]
    )
    unchanged = before is not None and before["cible_comparee"] == row["cible_comparee"]
    return at_target and (row["nature"] != "flux" or unchanged)


def _trend(
    row: Row, last: Fraction | None, aimed: Fraction | None, seuils: Mapping[str, Fraction]
) -> Asked:
    value, kind = row["resultat"], row["resultat_type"]
    factor, gap = seuils["facteur_tendance"], seuils["ecart_tendance"]
    scale = 100 if kind == "taux" else 1
    start = None
    if row["t0_comparable"] and kind != "increment":
        start = row["t0"] if (row["t0_type"] == "taux") == (kind == "taux") else None
    past = last if last is not None else start
    # A rate of two counts is judged as a rate: its target says nothing of the count.
    same = row["resultat_compare"] == value
    known = [v for v in (aimed if same else None, past) if v is not None]
    if not known:
        return
    top = max(known)
    if value > factor * top and (value - top) * scale >= gap:
        words = (
            f"{_shown(value, kind)} est très au-dessus de ce qui était attendu "
            f"({_shown(top, kind)}). Est-ce bien la valeur de l'année ?"
        )
        if value.denominator == 1 and int(value) in _EXCEL_DAYS:
            day = date(1899, 12, 30) + timedelta(days=int(value))
            words += f" C'est aussi le numéro qu'un tableur donne au {day:%d/%m/%Y}."
        yield "tendance", words
    if past is None or value * factor >= past or (past - value) * scale < gap:
        return
    if aimed is None or not same or value * factor < aimed:
        words = f"{_shown(value, kind)} est très au-dessous de ce qui précède"
        yield "tendance", f"{words} ({_shown(past, kind)}). Que s'est-il passé ?"


def _silent(row: Row, before: Row | None) -> Asked:
    if before is None or not (row["collecte"] and before["collecte"]):
        return
    due = any(r["cible_type"] not in _NOTHING_DUE for r in (row, before))
    if due and all(r["resultat_type"] in _EMPTY for r in (row, before)):
        yield "muet", "Personne n'a renseigné cet indicateur depuis deux ans. Qui peut le faire ?"


def _sums(row: Row, before: Row | None, formule: Formule | None, rows: Mapping[Any, Row]) -> Asked:
    """A declared result against the sum of the indicators it is read from."""
    if formule is None:
        return
    terms = [rows.get((row["contrat"], t, row["exercice"])) for t in (*formule.termes, formule.sur)]
    if formule.type == "rapport":
        part, whole = terms[0], terms[-1]
        counts = [r["resultat"] for r in (part, whole) if r and r["resultat_type"] == "nombre"]
        if len(counts) == 2 and counts[0] > counts[1]:
            words = f"{_shown(counts[0])} sur {_shown(counts[1])} : plus de 100 %."
            yield "taux", words + " Les deux comptent-ils la même année et le même public ?"
        return
    values: list[Any] = [r["resultat"] if r else None for r in terms[:-1]]
    if None in values or row["resultat"] is None:
        return
    declared = row["resultat"]
    if row["nature"] == "cumul" and row["resultat_type"] != "increment":
        former = before["resultat_niveau"] if before else row["t0"]
        if former is None:
            return
        declared -= former
    total = sum(values, Fraction(0))
    if declared != total:
        names = " + ".join(formule.termes)
        words = f"{_shown(declared)} déclarés, {_shown(total)} par les actions ({names})."
        yield "somme", words + " D'où vient l'écart ?"


def _equal(rows: Sequence[Row]) -> bool:
    """Every indicator of an action equal to its target, to the unit."""
    due = [r for r in rows if r["cible"] and r["forme"] in ("nombre", "taux")]
    return len(due) > 1 and all(
        r["statut"] in _JUDGED and r["resultat_compare"] == r["cible_comparee"] for r in due
    )


def questions(
    frame: pd.DataFrame,
    contrats: Mapping[str, Contrat],
    exercices: Sequence[int],
    seuils: Mapping[str, Fraction],
) -> list[Question]:
    """Every question on the results of `exercices`, in the order of the contracts.

    `frame`: `attainment`, earlier years included when they are known.
    """
    rows = {(r["contrat"], r["code"], r["exercice"]): r for r in frame.to_dict("records")}
    formulas = {
        (name, f"{action}/{i.code}"): i.formule
        for name, contrat in contrats.items()
        for action, i in contrat.indicateurs()
    }
    found: list[Question] = []
    by_action: dict[tuple[str, str, int], list[Row]] = {}
    for (contrat, code, year), row in rows.items():
        if year not in exercices:
            continue
        by_action.setdefault((contrat, row["action"], year), []).append(row)
        before = rows.get((contrat, code, year - 1))
        asked = [*_form(row), *_past(row, before, seuils), *_silent(row, before)]
        asked += _sums(row, before, formulas[contrat, code], rows)
        found += [Question(k, contrat, row["action"], code, year, words) for k, words in asked]
    for (contrat, action, year), own in by_action.items():
        if _equal(own):
            words = "Tous les résultats de l'action sont égaux à leur cible, à l'unité près."
            words += " Sont-ils constatés, ou recopiés ?"
            found.append(Question("egal-aux-cibles", contrat, action, "", year, words))
    return found
