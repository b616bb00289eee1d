"""Underconsumption risk: what each action will have consumed, is it manifest, what it may cost.

Solidarités art. 2.2 reduces the State's credits in n+1 for a manifest underconsumption, unrelated
to the planned ramp-up and without effective justification. Emploi art. 6 pays the balance of the
actions really carried out: there every euro of the State that is not consumed is at stake.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import partial
from typing import Any, TypeVar

import pandas as pd

from analyses.contrat.citations import cite
from analyses.contrat.financeurs import ETAT
from analyses.contrat.model import Contrat
from analyses.projection.modele import Etat, Modele, Projection, projeter, somme
from analyses.risque.jugement import (
    EXPLIQUES,
    Seuils,
    a_risque,
    juger,
    pertes,
    sous_le_seuil,
)
from analyses.risque.loi import CONTRIBUTIONS, Loi, certaine, loi
from analyses.risque.ouverture import limiter
from analyses.risque.releve import Cle
from analyses.risque.situation import FINANCEURS, Situation
from analyses.socle.money import half_up_centime

K = TypeVar("K")

TOTAL = "total"  # all the funders
ENJEUX = ("montant_a_risque", "sans_explication")
RESTES = ("non_consomme", "non_consomme_bas", "non_consomme_haut")
COLONNES = [
    *("contrat", "groupe", "action", "libelle", "exercice", "prevu", "realise", "part_attendue"),
    *("attendu", "taux", "ecart", "statut", "justification", "raison"),
    *(*CONTRIBUTIONS, "projection", "bas", "haut", "probabilite", *ENJEUX),
]
COLONNES_LIEUX = [
    *("contrat", "exercice", "niveau", "code", "groupe", "financeur", "prevu", "realise"),
    *(*CONTRIBUTIONS, "projection", "bas", "haut", "probabilite"),
    *(*RESTES, *ENJEUX, "encore_consommable"),
]


@dataclass(frozen=True)
class Risque:
    """The risk of one exercise. `actions`: one row per action; `lieux`: one row per place
    (action, axe or volet, contract) and funder; `lois`: the distribution of each action; `exposes`:
    State credits that each would leave unconsumed, of which the readings put a part at risk."""

    exercice: int
    au: date | None
    situations: list[Situation]
    lois: dict[Cle, Loi]
    actions: pd.DataFrame
    lieux: pd.DataFrame
    seuils: Seuils
    modele: Modele
    exposes: Mapping[Cle, int]


def _projeter(etats: Mapping[K, Etat], modele: Modele) -> dict[K, Projection]:
    found = projeter(list(etats.values()), modele) if etats else []
    return dict(zip(etats, found, strict=True))


def lois(situations: Sequence[Situation], modele: Modele) -> list[Loi | None]:
    """The distribution of each situation that has a budget and a ledger; certain once closed."""
    pending = {n: s.etat() for n, s in enumerate(situations) if s.projetable and not s.clos}
    laws = {n: loi(projection) for n, projection in _projeter(pending, modele).items()}
    laws |= {
        n: certaine(s.realise or 0) for n, s in enumerate(situations) if s.projetable and s.clos
    }
    return [laws.get(n) for n in range(len(situations))]


def ligne(s: Situation, law: Loi | None, seuils: Seuils) -> dict[str, Any]:
    """The row of an action (see COLONNES)."""
    verdict = juger(s, law, seuils)
    expected = None if s.prevu is None else half_up_centime(s.plan_au * s.prevu)
    known = expected is not None and s.realise is not None
    row: dict[str, Any] = dict.fromkeys(COLONNES) | {
        "contrat": s.contrat,
        "groupe": s.groupe,
        "action": s.action,
        "libelle": s.libelle,
        "exercice": s.exercice,
        "prevu": s.prevu,
        "realise": s.realise,
        "part_attendue": s.plan_au,
        "attendu": expected,
        "taux": Fraction(s.realise, s.prevu) if s.prevu and s.realise is not None else None,
        "ecart": (s.realise or 0) - (expected or 0) if known else None,
        "statut": verdict.statut,
        "justification": verdict.explication,
        "raison": verdict.raison,
    }
    if law is not None:
        row |= dict(law.contributions) | _fin(s.prevu or 0, law, seuils)
        row |= enjeux(s, verdict.statut, a_risque(s, pertes(s, law), seuils))
    return row


def enjeux(s: Situation, statut: str, stake: int) -> dict[str, int]:
    """State money at risk, and what of it no explanation defends."""
    defended = s.reductible and statut in EXPLIQUES
    return {"montant_a_risque": stake, "sans_explication": 0 if defended else stake}


def en_jeu(exposes: Mapping[Cle, int], situations: Sequence[Situation]) -> dict[Cle, int]:
    """State money at risk by action: what each would leave unconsumed, within what the readings
    leave open of its axe or volet (interpretation montant-a-risque)."""
    own = {s.cle: s for s in situations if s.cle in exposes}
    groupes = {cle: (s.contrat, s.groupe) for cle, s in own.items()}
    return limiter(exposes, groupes, {cle: s.ouverture.reste for cle, s in own.items()})


def _fin(planned: int, law: Loi, seuils: Seuils) -> dict[str, Any]:
    """How a year ends: the point, its interval, the probability of an underconsumption."""
    return {
        "projection": law.centre,
        "bas": law.bas,
        "haut": law.haut,
        "probabilite": sous_le_seuil(planned, law, seuils) if planned else None,
    }


@dataclass(frozen=True)
class _Part:
    """One action under one funder, or under all of them. `source`: None when it is certain."""

    situation: Situation
    financeur: str
    prevu: int
    realise: int
    loi: Loi
    source: Projection | None
    enjeux: Mapping[str, int]  # of the State's credits, for the total's row too
    contributions: Mapping[str, int | None]  # of the total; nothing by funder


def _share(s: Situation, name: str, total: int) -> int:
    return s.par_type(total)[name]


def _parts(
    s: Situation,
    law: Loi,
    row: Mapping[str, Any],
    projected: Mapping[tuple[Cle, str], Projection],
    exposed: int,
) -> Iterator[_Part]:
    """An action in total, then by funder that takes a part: they add up, to the centime."""
    stakes = {name: row[name] for name in ENJEUX}
    later = s.consommable is not None and s.consommable.year > s.exercice
    kept = s.ouverture.cumule or s.reductible  # else what the exercise leaves is lost with it
    stakes["encore_consommable"] = exposed if later and kept else 0
    silent = not s.clos and s.reste_engage is None
    made = dict(law.contributions) | ({"engage": None} if silent else {})
    yield _Part(s, TOTAL, s.prevu or 0, s.realise or 0, law, law.source, stakes, made)
    planned, spent = s.plan_type(), s.par_type(s.realise or 0)
    for name in FINANCEURS:
        own = law.image(partial(_share, s, name))
        if planned[name] or spent[name] or own.haut or (name == ETAT and exposed):
            source = projected.get((s.cle, name))
            yield _Part(s, name, planned[name], spent[name], own, source, stakes, {})


def _somme(parts: Sequence[_Part], modele: Modele) -> Loi:
    """Distribution of a sum: dependence by the model, the point being the sum of what is shown."""
    centre = sum(part.loi.centre for part in parts)
    sources = [part.source for part in parts if part.source is not None]
    return loi(somme(sources, modele), centre) if sources else certaine(centre)


def _lieu(
    niveau: str, code: str, groupe: str, parts: Sequence[_Part], law: Loi, seuils: Seuils
) -> dict[str, Any]:
    """The row of a place and a funder (see COLONNES_LIEUX): sums of its actions' rows."""
    first, planned = parts[0], sum(part.prevu for part in parts)
    row: dict[str, Any] = {}
    for name in first.contributions:
        known = [part.contributions[name] for part in parts]
        row[name] = None if None in known else sum(amount or 0 for amount in known)
    if first.financeur == ETAT:
        row = {name: sum(part.enjeux[name] for part in parts) for name in first.enjeux}
        ends = (law.centre, law.haut, law.bas)
        row |= zip(RESTES, (max(0, planned - end) for end in ends), strict=True)
    return dict.fromkeys(COLONNES_LIEUX) | {
        "contrat": first.situation.contrat,
        "exercice": first.situation.exercice,
        "niveau": niveau,
        "code": code,
        "groupe": groupe,
        "financeur": first.financeur,
        "prevu": planned,
        "realise": sum(part.realise for part in parts),
        **_fin(planned, law, seuils),
        **row,
    }


def _lieux(
    parts: Sequence[_Part], contrats: Mapping[str, Contrat], seuils: Seuils, modele: Modele
) -> Iterator[dict[str, Any]]:
    """Actions, then axes or volets, each contract after its own; the total before its funders."""
    for part in parts:
        s = part.situation
        yield _lieu("action", s.action, s.groupe, [part], part.loi, seuils)
    for code, contrat in contrats.items():
        own = [part for part in parts if part.situation.contrat == code]
        groups = sorted({part.situation.groupe for part in own})
        places = [(g.niveau, g.code_public, key) for key in groups for g in [contrat.groupes[key]]]
        for niveau, public, key in [*places, ("contrat", code, "")]:
            inside = [part for part in own if key in ("", part.situation.groupe)]
            for name in (TOTAL, *FINANCEURS):
                if members := [part for part in inside if part.financeur == name]:
                    law = _somme(members, modele)
                    yield _lieu(niveau, public, key, members, law, seuils)


@cite("sous_consommation")
def evaluer(
    situations: Sequence[Situation],
    contrats: Mapping[str, Contrat],
    seuils: Seuils,
    modele: Modele,
) -> Risque:
    """Project, judge and price every action of one exercise, then the axes, volets and contracts
    (solidarités art. 2.2 ; emploi art. 6).

    Sums are sums of what is shown; probabilities and intervals of a sum come from `somme`, which
    accounts for dependence between actions. Deterministic.
    """
    found = lois(situations, modele)
    laws = {s.cle: law for s, law in zip(situations, found, strict=True) if law is not None}
    rows = [ligne(s, laws.get(s.cle), seuils) for s in situations]
    exposes = {
        s.cle: row["montant_a_risque"]
        for s, row in zip(situations, rows, strict=True)
        if s.cle in laws
    }
    stakes = en_jeu(exposes, situations)
    for s, row in zip(situations, rows, strict=True):
        if s.cle in stakes:
            row |= enjeux(s, row["statut"], stakes[s.cle])
    etats = {
        (s.cle, name): etat
        for s in situations
        if s.projetable and not s.clos
        for name, etat in s.etats_financeurs().items()
    }
    projected = _projeter(etats, modele)
    parts = [
        part
        for s, row in zip(situations, rows, strict=True)
        if s.cle in laws
        for part in _parts(s, laws[s.cle], row, projected, exposes[s.cle])
    ]
    places = list(_lieux(parts, contrats, seuils, modele))
    return Risque(
        situations[0].exercice if situations else 0,
        situations[0].au if situations else None,
        list(situations),
        laws,
        pd.DataFrame(rows, columns=COLONNES, dtype=object),
        pd.DataFrame(places, columns=COLONNES_LIEUX, dtype=object),
        seuils,
        modele,
        exposes,
    )
