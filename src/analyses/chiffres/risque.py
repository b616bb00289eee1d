"""Figures of the risk: expected, projected, at stake, what would change it, by place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from fractions import Fraction
from typing import Any

from analyses.chiffres.chiffre import TOTAL, VIDES, Chiffre, Lieu, Rapport, chiffre, lieux, verdict
from analyses.contrat.citations import clause_of
from analyses.contrat.financeurs import ETAT
from analyses.contrat.model import Contrat
from analyses.execution.execution import Execution
from analyses.risque.releve import fin_de_mois
from analyses.risque.risque import Risque
from analyses.risque.scenario import STATUTS, leviers, sensibilite
from analyses.risque.situation import Situation
from analyses.risque.synthese import effectifs, soldes
from analyses.socle.money import euros_text

Row = Mapping[Any, Any]
_TIERS = {"tiers": ("autres", "tous les financeurs tiers")}
_MILLION = 10**6  # a probability is written with six decimals
# Columns of `Risque.lieux`, for every funder, for all of them together, for the State.
_PROJETES = {
    "prevu": "projection_prevu",
    "realise": "projection_consomme",
    "projection": "projection",
    "bas": "projection_bas_80",
    "haut": "projection_haut_80",
}
_TOTAUX = {"engage": "projection_engage", "plan": "projection_plan"}
_ETAT = {
    "non_consomme": "non_consomme_projete",
    "non_consomme_bas": "non_consomme_projete_bas_80",
    "non_consomme_haut": "non_consomme_projete_haut_80",
    "encore_consommable": "encore_consommable",
}
_TRIMESTRES = (3, 6, 9, 12)


def risque_figures(
    risque: Risque, contrats: Mapping[str, Contrat], execution: Execution
) -> Iterator[Chiffre]:
    """The figures of one exercise, each place in its turn."""
    places: dict[tuple[str, str, str], list[Row]] = {}
    for row in risque.lieux.to_dict("records"):
        places.setdefault((row["contrat"], row["niveau"], row["code"]), []).append(row)
    when = "exercice clos : réalisé" if risque.au is None else f"données au {risque.au}"
    actions, groups = _par_action(risque), _par_groupe(risque, contrats, execution)
    for name in dict.fromkeys(s.contrat for s in risque.situations):
        for lieu in lieux(contrats[name], risque.exercice):
            if lieu.niveau == "action" and (name, lieu.code) not in actions:
                continue
            if lieu.niveau == "action":
                yield from _action(lieu, *actions[name, lieu.code])
            else:
                yield from _groupe(lieu, groups.get((name, lieu.groupe), {}))
            rows = places.get((name, lieu.niveau, lieu.code))
            if rows is None:
                yield from _unknown(lieu)
            for place in rows or ():
                yield from _projected(lieu, place, when)
            if rows and lieu.niveau == "action" and all(r["financeur"] != ETAT for r in rows):
                yield from _enjeux(lieu, actions[name, lieu.code][0], when)  # nothing of the State
        whole = Lieu(contrats[name], risque.exercice, "contrat", name, "", fini=False)
        yield from _seuils(whole, risque)


def _par_action(risque: Risque) -> dict[tuple[str, str], tuple[Row, Situation, list[Row]]]:
    """The row, the situation and the levers of each action."""
    found: dict[tuple[str, str], tuple[Row, Situation, list[Row]]] = {}
    for row, s in zip(risque.actions.to_dict("records"), risque.situations, strict=True):
        found[s.cle] = row, s, []
    for lever in leviers(risque).to_dict("records"):
        found[lever["contrat"], lever["action"]][2].append(lever)
    return found


def _par_groupe(
    risque: Risque, contrats: Mapping[str, Contrat], execution: Execution
) -> dict[tuple[str, str], Row]:
    """Numbers of actions and projected balance of each contract (''), axe or volet."""
    rows = [
        *effectifs(risque).to_dict("records"),
        *soldes(risque, contrats, execution).to_dict("records"),
    ]
    found: dict[tuple[str, str], Row] = {}
    for row in rows:
        key = (row["contrat"], row["groupe"])
        found[key] = {**found.get(key, {}), **row}
    return found


def _action(lieu: Lieu, row: Row, s: Situation, levers: list[Row]) -> Iterator[Chiffre]:
    """What is expected of an action, its status, what it may cost and what would help."""
    yield from _judged(lieu, row, s)
    for month in _TRIMESTRES:
        day = fin_de_mois(lieu.exercice, month)
        yield _planned(lieu, s, day)
    for lever in levers:
        name, after = lever["levier"], lever["statut_apres"]
        amount = lever["montant"] or None  # words cost nothing
        yield chiffre(lieu, "levier_montant", TOTAL, amount, absent="sans_objet", detail=name)
        yield chiffre(lieu, "levier_preserve", ETAT, lever["preserve"], detail=name)
        word = None if after in VIDES else after
        yield chiffre(lieu, "levier_statut", "", word, absent=after, detail=name)


def _planned(lieu: Lieu, s: Situation, day: date) -> Chiffre:
    part = s.trajectoire.part(day)
    place = (lieu.contrat.code, lieu.exercice, "action", lieu.code)
    value = Rapport(part.numerator, part.denominator)
    return Chiffre("part_trajectoire", *place, "", value, detail=day.isoformat())


def _groupe(lieu: Lieu, row: Row) -> Iterator[Chiffre]:
    """Numbers of actions by status; the projected balance, where the contract has such a rule."""
    for name in ("actions", "sous_le_seuil", *STATUTS):
        yield _nombre(lieu, name, row.get(name, 0))
    if lieu.groupe and clause_of(lieu.contrat, "solde", lieu.groupe) is not None:
        yield chiffre(lieu, "solde_projete", ETAT, row.get("solde"))
        yield chiffre(lieu, "trop_percu_projete", ETAT, row.get("trop_percu"))


def _nombre(lieu: Lieu, name: str, number: int, seuil: str = "") -> Chiffre:
    mesure = name if name == "actions" else f"actions_{name}"
    place = (lieu.contrat.code, lieu.exercice, lieu.niveau, lieu.code)
    return Chiffre(mesure, *place, "", Fraction(number), detail=seuil)


def _seuils(whole: Lieu, risque: Risque) -> Iterator[Chiffre]:
    """The same under other thresholds: the detail says which one."""
    for row in sensibilite(risque).to_dict("records") if risque.lois else ():
        if row["contrat"] == whole.code:
            level = f"{float(row['seuil']):.2f}"
            for name in STATUTS:
                yield _nombre(whole, name, row[name], level)
            for mesure in ("montant_a_risque", "sans_explication"):
                amount = row[mesure]
                yield chiffre(whole, f"{mesure}_au_seuil", ETAT, amount, detail=level)


def _judged(lieu: Lieu, row: Mapping[Any, Any], s: Situation) -> Iterator[Chiffre]:
    """What is expected of an action at the date, and its status."""
    share = Fraction(row["part_attendue"])
    place = (lieu.contrat.code, lieu.exercice, "action", lieu.code)
    expected = Rapport(share.numerator, share.denominator)
    note = "trajectoire prévue par la fiche"
    yield Chiffre("part_attendue", *place, "", expected, note=note)
    yield chiffre(lieu, "attendu", TOTAL, row["attendu"])
    yield chiffre(lieu, "ecart_attendu", TOTAL, row["ecart"])
    bare = any(kind == "justification" and not proof for kind, _, proof in s.textes)
    codes = ("justification-sans-piece",) if bare else ()
    yield replace(verdict(lieu, "statut_sous_consommation", row["statut"]), lectures=codes)


def _projected(lieu: Lieu, row: Row, when: str) -> Iterator[Chiffre]:
    funder, words = _TIERS.get(row["financeur"], (row["financeur"], ""))
    note = " ; ".join(part for part in (when, words) if part)
    place = (lieu.contrat.code, lieu.exercice, lieu.niveau, lieu.code)
    for column, mesure in _PROJETES.items():
        yield Chiffre(mesure, *place, funder, row[column], note=note)
    chance = row["probabilite"]
    value = None if chance is None else Rapport(round(chance * _MILLION), _MILLION)
    status = "sans_objet" if chance is None else "calcule"
    yield Chiffre("probabilite_sous_consommation", *place, funder, value, status, note=note)
    for column, mesure in _TOTAUX.items() if funder == TOTAL else ():
        status = "non_renseigne" if row[column] is None else "calcule"
        yield Chiffre(mesure, *place, funder, row[column], status, note=when)
    if funder == ETAT:
        yield from _enjeux(lieu, row, when)
        for column, mesure in _ETAT.items():
            yield Chiffre(mesure, *place, funder, row[column], note=when)


def _enjeux(lieu: Lieu, row: Row, when: str) -> Iterator[Chiffre]:
    place = (lieu.contrat.code, lieu.exercice, lieu.niveau, lieu.code, ETAT)
    bare = row["sans_explication"]
    words = f"{when} ; dont sans explication : {euros_text(bare)}"
    codes = _ouvertes(lieu)
    stake = row["montant_a_risque"]
    yield Chiffre("montant_a_risque", *place, stake, note=words, lectures=codes)
    yield Chiffre("sans_explication", *place, bare, note=when, lectures=codes)


def _ouvertes(lieu: Lieu) -> tuple[str, ...]:
    """Interpretations that say what a place leaves open of the State's money."""
    codes = []
    for key in lieu.groupes:
        group = lieu.contrat.groupes[key]
        if clause_of(lieu.contrat, "forfait", key) is not None:
            codes.append("forfait-volet-1")
        elif clause_of(lieu.contrat, "plafond", key) is not None:
            codes += ["plafond-volet-3"] if group.fin.year > group.debut.year else []
    return tuple(dict.fromkeys(codes))


def _unknown(lieu: Lieu) -> Iterator[Chiffre]:
    """A place for which nothing can be projected: said, never 0."""
    projected = (*_PROJETES.values(), "probabilite_sous_consommation")
    for mesure in (*projected, *_TOTAUX.values()):
        yield chiffre(lieu, mesure, TOTAL, None)
    for mesure in (*projected, "montant_a_risque", "sans_explication", *_ETAT.values()):
        yield chiffre(lieu, mesure, ETAT, None)
