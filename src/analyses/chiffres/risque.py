"""Figures of the risk: expected, projected, at stake, by action, axe or volet and contract."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

from analyses.chiffres.chiffre import TOTAL, Chiffre, Lieu, Rapport, chiffre, lieux, verdict
from analyses.contrat.financeurs import ETAT
from analyses.contrat.model import Contrat
from analyses.risque.risque import Risque
from analyses.socle.money import euros_text

_TIERS = {"tiers": ("autres", "tous les financeurs tiers")}
_MILLION = 10**6  # a probability is written with six decimals
_BORNES = {"projection": "projection", "bas": "projection_bas_80", "haut": "projection_haut_80"}


def risque_figures(risque: Risque, contrats: Mapping[str, Contrat]) -> Iterator[Chiffre]:
    """The figures of one exercise, each place in its turn."""
    places: dict[tuple[str, str, str], list[Mapping[Any, Any]]] = {}
    for row in risque.lieux.to_dict("records"):
        places.setdefault((row["contrat"], row["niveau"], row["code"]), []).append(row)
    actions = {(r["contrat"], r["action"]): r for r in risque.actions.to_dict("records")}
    when = "exercice clos : réalisé" if risque.au is None else f"données au {risque.au}"
    for name in dict.fromkeys(s.contrat for s in risque.situations):
        for lieu in lieux(contrats[name], risque.exercice):
            if lieu.niveau == "action":
                if (name, lieu.code) not in actions:
                    continue
                yield from _judged(lieu, actions[name, lieu.code])
            rows = places.get((name, lieu.niveau, lieu.code))
            if rows is None:
                yield from _unknown(lieu)
            for place in rows or ():
                yield from _projected(lieu, place, when)


def _judged(lieu: Lieu, row: Mapping[Any, Any]) -> Iterator[Chiffre]:
    """What is expected of an action at the date, its status and what it may cost."""
    stake, manifest = row["enjeu_etat"], row["statut"] == "manifeste"
    yield chiffre(lieu, "enjeu_etat", ETAT, stake)
    part = 0 if stake is not None and not manifest else stake
    yield chiffre(lieu, "enjeu_etat_manifeste", ETAT, part)
    share = Fraction(row["part_attendue"])
    place = (lieu.contrat.code, lieu.exercice, "action", lieu.code)
    expected = Rapport(share.numerator, share.denominator)
    note = "trajectoire prévue par la fiche"
    yield Chiffre("part_attendue", *place, "", expected, note=note)
    yield chiffre(lieu, "attendu", TOTAL, row["attendu"])
    yield chiffre(lieu, "ecart_attendu", TOTAL, row["ecart"])
    yield verdict(lieu, "statut_sous_consommation", row["statut"])


def _projected(lieu: Lieu, row: Mapping[Any, Any], when: str) -> Iterator[Chiffre]:
    funder, words = _TIERS.get(row["financeur"], (row["financeur"], ""))
    note = " ; ".join(part for part in (when, words) if part)
    place = (lieu.contrat.code, lieu.exercice, lieu.niveau, lieu.code)
    for column, mesure in _BORNES.items():
        yield Chiffre(mesure, *place, funder, row[column], note=note)
    chance = row["probabilite"]
    value = None if chance is None else Rapport(round(chance * _MILLION), _MILLION)
    status = "sans_objet" if chance is None else "calcule"
    yield Chiffre("probabilite_sous_consommation", *place, funder, value, status, note=note)
    if funder == ETAT:
        bare = row["sans_explication"]
        words = f"{when} ; dont sans explication : {euros_text(bare)}"
        yield Chiffre("montant_a_risque", *place, funder, row["montant_a_risque"], note=words)
        yield Chiffre("sans_explication", *place, funder, bare, note=when)


def _unknown(lieu: Lieu) -> Iterator[Chiffre]:
    """A place for which nothing can be projected: said, never 0."""
    yield chiffre(lieu, "projection", TOTAL, None)
    yield chiffre(lieu, "probabilite_sous_consommation", TOTAL, None)
    yield chiffre(lieu, "montant_a_risque", ETAT, None)
