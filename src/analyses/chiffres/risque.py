"""The projection and its risk as rows of resultats.csv (docs/resultats.md)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from analyses.chiffres.resultats import COLONNES, SIMULE
from analyses.risque.risque import Risque
from analyses.socle.money import euros_text

_ARTICLE = {True: "art. 2.2", False: "art. 6"}
_TIERS = {"tiers": ("autres", "tous les financeurs tiers")}


def _note(*words: str) -> str:
    return " ; ".join(word for word in words if word)


def _rows(risque: Risque, contrats: Mapping[str, Any], simule: bool) -> Iterator[dict[str, Any]]:
    reductible = {s.contrat: s.reductible for s in risque.situations}
    when = "exercice clos : réalisé" if risque.au is None else f"données au {risque.au}"
    for place in risque.lieux.to_dict("records"):
        funder, words = _TIERS.get(place["financeur"], (place["financeur"], ""))
        head = {name: place[name] for name in ("contrat", "exercice", "niveau", "code")}
        head |= {"financeur": funder, "article": _ARTICLE[reductible[place["contrat"]]]}
        lecture = _note(when, words, SIMULE if simule else "")
        amounts = {"projection": "projection", "bas": "projection_bas_80"}
        for column, measure in {**amounts, "haut": "projection_haut_80"}.items():
            yield head | {
                "mesure": measure,
                "valeur": euros_text(place[column]),
                "unite": "euros",
                "statut": "calcule",
                "lecture": lecture,
            }
        chance = place["probabilite"]
        yield head | {
            "mesure": "probabilite_sous_consommation",
            "valeur": "" if chance is None else f"{chance:.6f}",
            "unite": "ratio",
            "statut": "sans_objet" if chance is None else "calcule",
            "lecture": lecture,
        }
        if funder == "etat":
            bare = f"dont sans explication : {euros_text(place['sans_explication'])}"
            yield head | {
                "mesure": "montant_a_risque",
                "valeur": euros_text(place["montant_a_risque"]),
                "unite": "euros",
                "statut": "calcule",
                "lecture": _note(when, bare, SIMULE if simule else ""),
            }


def _unknown(risque: Risque, contrats: Mapping[str, Any], simule: bool) -> Iterator[dict[str, Any]]:
    """Rows of the places for which nothing can be projected: said, never 0."""
    there = {(p["contrat"], p["niveau"], p["code"]) for p in risque.lieux.to_dict("records")}
    for code in dict.fromkeys(s.contrat for s in risque.situations):
        own = [s for s in risque.situations if s.contrat == code]
        groups = contrats[code].groupes
        over = {key: group.fin.year < risque.exercice for key, group in groups.items()}
        places = [("contrat", code, False)]
        places += [(g.niveau, g.code_public, over[key]) for key, g in groups.items()]
        places += [("action", s.action, over[s.groupe]) for s in own]
        for niveau, public, ended in places:
            if (code, niveau, public) in there:
                continue
            for measure, unit, funder in (
                ("projection", "euros", "total"),
                ("probabilite_sous_consommation", "ratio", "total"),
                ("montant_a_risque", "euros", "etat"),
            ):
                yield {
                    "mesure": measure,
                    "contrat": code,
                    "exercice": risque.exercice,
                    "niveau": niveau,
                    "code": public,
                    "financeur": funder,
                    "valeur": "",
                    "unite": unit,
                    "statut": "sans_objet" if ended else "non_renseigne",
                    "article": _ARTICLE[own[0].reductible],
                    "lecture": SIMULE if simule else "",
                }


def resultats_risque(
    risques: Sequence[Risque], contrats: Mapping[str, Any], simule: bool = False
) -> pd.DataFrame:
    """Rows of resultats.csv: projection, its 80 % interval, probability, State money at risk.

    By action, axe or volet and contract, in total and by funder; amounts in euros.

    >>> list(resultats_risque([], {}).columns) == COLONNES
    True
    """
    rows = [
        row
        for risque in risques
        for source in (_rows, _unknown)
        for row in source(risque, contrats, simule)
    ]
    return pd.DataFrame([{k: str(v) for k, v in row.items()} for row in rows], columns=COLONNES)
