"""`chiffres`: every figure of a bilan as one tidy table, and its public form."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

import pandas as pd

from analyses.chiffres.agregation import complete
from analyses.chiffres.chiffre import CLE, Chiffre, Lieu, Rapport, identifiant, lieux, value_text
from analyses.chiffres.dependances import Dependances
from analyses.chiffres.depenses import depenses
from analyses.chiffres.mesures import Mesures, load_mesures
from analyses.chiffres.regles import note_report, regles_figures
from analyses.contrat.model import NATIONAL, Contrat
from analyses.regles.moteur import Regles
from analyses.socle.problems import BilanError, Problem

SIMULE = "Données simulées"
# One row is one figure. `centimes`: euros; `numerateur`, `denominateur`: ratios and numbers;
# `texte`: words; `connu`: centimes known of a sum that lacks a term.
COLONNES = [
    *CLE,
    *("centimes", "numerateur", "denominateur", "texte", "unite", "statut", "connu"),
    *("article", "lectures", "note", "origine", "identifiant"),
]
PUBLIQUES = [
    *("mesure", "contrat", "exercice", "niveau", "code", "financeur"),
    *("valeur", "unite", "statut", "article", "lecture"),
    *("detail", "numerateur", "denominateur", "connu", "origine", "identifiant"),
]


def bare_figures(
    regles: Regles, exercices: Sequence[int], mesures: Mesures
) -> tuple[list[Chiffre], int]:
    """Everything that the rules move, with its sums and ratios, and how many were given: keys,
    values and status, not yet what they depend on."""
    contrats = {year: regles.contrats[year] for year in exercices}
    given: list[Chiffre] = []
    for year, signed in contrats.items():
        covered = {name: c for name, c in signed.items() if year in c.exercices}
        given += depenses(regles.executions[year], covered)
        given += regles_figures(regles, year)
    return complete(given, contrats, mesures), len(given)


def money_figures(regles: Regles, exercices: Sequence[int], mesures: Mesures) -> list[Chiffre]:
    """Everything that the rules move: the figures of the executions and of the rules, their sums
    and their ratios, with the interpretations that each depends on."""
    figures, given = bare_figures(regles, exercices, mesures)
    places = {
        (contrat.code, year, lieu.niveau, lieu.code): (lieu, depend)
        for year in exercices
        for depend in [Dependances(regles.executions[year])]
        for contrat in regles.contrats[year].values()
        for lieu in lieux(contrat, year)
    }
    terms = {(one.mesure, one.contrat, one.exercice, one.financeur): one for one in figures[:given]}
    found = []
    for rank, one in enumerate(figures):
        place = places.get((one.contrat, one.exercice, one.niveau, one.code))
        key = (one.mesure, one.contrat, one.exercice, one.financeur)
        term = None if rank < given else terms.get(key)  # what a sum is made of
        found.append(one if place is None else _dependent(one, *place, term, mesures))
    return found


def _dependent(
    one: Chiffre, lieu: Lieu, depend: Dependances, term: Chiffre | None, mesures: Mesures
) -> Chiffre:
    """A figure with its interpretations and its words, at its own level; `term`: one of those
    that a sum is made of."""
    note = note_report(lieu) if one.mesure == "a_reporter" else one.note
    if isinstance(one.valeur, int) and one.valeur < 0:
        words = mesures[one.mesure].note_negatif
        note = " ; ".join(part for part in (words, note) if part)
    lectures, donnees = one.lectures, one.donnees
    if not lectures and not one.detail:
        lectures = depend.of(lieu, one.mesure)
    if term is not None:
        lectures = _at(lieu, depend, term) if term.lectures else lectures
        donnees = term.donnees
    return replace(one, note=note, lectures=lectures, donnees=donnees)


def _at(lieu: Lieu, depend: Dependances, term: Chiffre) -> tuple[str, ...]:
    """The interpretations of a sum: those of its terms, as they stand at its own level."""
    first = [code for code in term.lectures if code == "realise-annexe-6"]
    whole = "assiette-du-report" in term.lectures
    codes = depend.report(lieu) if whole else depend.consomme(lieu)
    return tuple(dict.fromkeys([*first, *codes]))


def tabulate(
    figures: Iterable[Chiffre],
    contrats: Mapping[int, Mapping[str, Contrat]],
    mesures: Mesures,
    lectures: Mapping[str, str],
    simule: bool,
) -> pd.DataFrame:
    """The figures as the table `chiffres`; two rows for one figure, and a measure that the
    registry lacks, are refused.

    `contrats`: the version by exercise; an exercise that it lacks takes the last one.
    """
    ordered = _ordered(_known(figures, mesures), contrats)
    rows = [_row(one, contrats, mesures, lectures, simule) for one in ordered]
    frame = pd.DataFrame(rows, columns=COLONNES)
    for name in ("centimes", "connu"):
        frame[name] = frame[name].astype("Int64")
    twice = frame[frame.duplicated(list(CLE), keep="first")]
    if len(twice):
        raise BilanError(
            [
                Problem(
                    "chiffres",
                    champ=str(name),
                    attendu="une ligne par chiffre",
                    trouve="deux lignes",
                    remede="corrigez la règle qui le calcule, ou distinguez-les par « detail »",
                )
                for name in twice["identifiant"]
            ]
        )
    return frame


def _ordered(
    figures: list[Chiffre], contrats: Mapping[int, Mapping[str, Contrat]]
) -> list[Chiffre]:
    """By exercise, contract and place as the contract prints them, the whole after its parts."""
    places = [
        (exercice, contrat.code, niveau, code)
        for exercice, signed in contrats.items()
        for contrat in signed.values()
        for first, *parts in [lieux(contrat, exercice)]
        for niveau, code in (
            *((lieu.niveau, lieu.code) for lieu in parts),
            ("action", NATIONAL),  # under the code that stands for an action
            (first.niveau, first.code),
        )
    ]
    rank = {place: number for number, place in enumerate(places)}
    after = len(rank)

    def key(one: Chiffre) -> tuple[int, int]:
        return one.exercice, rank.get((one.exercice, one.contrat, one.niveau, one.code), after)

    return sorted(figures, key=key)


def _known(figures: Iterable[Chiffre], mesures: Mesures) -> list[Chiffre]:
    found = list(figures)
    absent = dict.fromkeys(one.mesure for one in found if one.mesure not in mesures)
    if absent:
        raise BilanError(
            [
                Problem(
                    "mesures.yaml",
                    champ=name,
                    attendu="une mesure du registre",
                    trouve="aucune entrée",
                    remede="ajoutez la mesure au registre, d'après une mesure voisine",
                )
                for name in absent
            ]
        )
    return found


def _row(
    one: Chiffre,
    contrats: Mapping[int, Mapping[str, Contrat]],
    mesures: Mesures,
    lectures: Mapping[str, str],
    simule: bool,
) -> dict[str, object]:
    mesure = mesures[one.mesure]
    unite = one.unite or mesure.unite_publique
    value = one.valeur
    euros = isinstance(value, int) and mesure.unite == "euros"
    ratio = value if isinstance(value, Rapport | Fraction) else None
    top, bottom = (None, None)
    if isinstance(ratio, Rapport):
        top, bottom = ratio.numerateur, ratio.denominateur
    elif ratio is not None:
        top, bottom = ratio.numerator, ratio.denominator
    donnees = mesure.donnees if one.donnees is None else one.donnees
    readings = [f"{code}={lectures[code]}" for code in one.lectures if code in lectures]
    key = {name: getattr(one, name) for name in CLE}
    return key | {
        "centimes": value if euros else None,
        "numerateur": top,
        "denominateur": bottom,
        "texte": value if isinstance(value, str) else "",
        "unite": unite,
        "statut": one.statut,
        "connu": one.connu,
        "article": one.source or _article(one, contrats, mesures),
        "lectures": " ; ".join(readings),
        "note": " ; ".join(p for p in (one.note, SIMULE if simule and donnees else "") if p),
        "origine": " ".join(mesure.origine),
        "identifiant": identifiant(one),
    }


def _article(one: Chiffre, contrats: Mapping[int, Mapping[str, Contrat]], mesures: Mesures) -> str:
    signed = contrats.get(one.exercice) or contrats[max(contrats)]
    contrat = signed.get(one.contrat)
    return "" if contrat is None else mesures[one.mesure].article(contrat, _groupes(contrat, one))


def _groupes(contrat: Contrat, one: Chiffre) -> list[str]:
    if one.niveau == "action" and one.code in contrat.actions:
        return [contrat.actions[one.code].groupe]
    own = [key for key, group in contrat.groupes.items() if group.code_public == one.code]
    return own if one.niveau in ("axe", "volet") and own else list(contrat.groupes)


def values(chiffres: pd.DataFrame) -> list[int | Fraction | str | None]:
    """The exact value of each row: centimes, fraction, word; None where there is none."""
    columns = ["centimes", "numerateur", "denominateur", "texte"]
    found: list[int | Fraction | str | None] = []
    for cents, top, bottom, word in chiffres[columns].itertuples(index=False):
        if not pd.isna(cents):
            found.append(int(cents))
        elif not pd.isna(top):
            found.append(Fraction(int(top), int(bottom)))
        else:
            found.append(word or None)
    return found


def public(chiffres: pd.DataFrame) -> pd.DataFrame:
    """The table as resultats.csv writes it: texts, euros with two decimals; the eleven columns of
    the public format, then those that came later."""
    mesures = load_mesures()
    cells = [mesures[name].unite == "cellule" for name in chiffres["mesure"]]
    units = ["nombre" if cell else u for cell, u in zip(cells, chiffres["unite"], strict=True)]
    texts = [value_text(value, unit) for value, unit in zip(values(chiffres), units, strict=True)]
    lecture = [
        _join(note, readings)
        for note, readings in zip(chiffres["note"], chiffres["lectures"], strict=True)
    ]
    frame = chiffres.assign(valeur=texts, lecture=lecture)
    frame["connu"] = ["" if pd.isna(v) else value_text(int(v), "euros") for v in frame["connu"]]
    for name in ("numerateur", "denominateur"):
        frame[name] = ["" if pd.isna(v) else str(int(v)) for v in frame[name]]
    return frame[PUBLIQUES].astype(str)


def _join(note: str, readings: str) -> str:
    """Words, then readings, then that the data are simulated."""
    last = SIMULE if note.endswith(SIMULE) else ""
    words = note.removesuffix(SIMULE).removesuffix(" ; ")
    return " ; ".join(part for part in (words, readings, last) if part)
