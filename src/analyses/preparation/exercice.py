"""An exercise before any open reading of a text: its lines sent to the actions, and judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from analyses.contrat.model import Contrat
from analyses.depot.exercice import Depot
from analyses.preparation.affectation import assign
from analyses.preparation.ineligibilite import LineKey, decided, judge
from analyses.preparation.paie import Poste, postes_de
from analyses.preparation.paiement import paid_on
from analyses.socle.tables import objects

_CLE = ["ligne", "regle"]
COLONNES_LIGNE = [
    *("contrat", "action", "exercice", "numero_mandat", "numero_ligne", "type", "mandat_origine"),
    *("nature", "fonction", "code_analytique", "date_emission", "mois", "montant_signe", "montant"),
    *("paye_le", "id_engagement", "exercice_juge", "emission_jugee", "service_juge"),
    *("regle", "motif", "fichier", "ligne"),
]


@dataclass
class ExercicePrepare(Depot):
    """An exercise as data/processed keeps it: its tables, its lines already sent and judged.

    `eligibilite` has what is said of each line under each `version` of the contracts.
    """

    lignes: pd.DataFrame | None = None
    eligibilite: pd.DataFrame | None = None


@dataclass(frozen=True)
class Preparation:
    """An exercise before any open reading: its files, its contracts, its assigned lines, judged."""

    depot: Depot
    contrats: Mapping[str, Contrat]
    arrete_au: date | None
    lignes: pd.DataFrame
    jugement: pd.DataFrame
    non_affecte: pd.DataFrame
    renseigne: bool


def version_de(contrats: Mapping[str, Contrat]) -> str:
    """The versions that apply together.

    >>> from analyses.contrat.load import load_contrats
    >>> version_de(load_contrats("55"))
    'emploi=2024-06-20-initial; solidarites=2024-06-20-initial'
    """
    return "; ".join(f"{code}={contrats[code].version.code}" for code in sorted(contrats))


def affecter(depot: Depot) -> pd.DataFrame:
    """The lines of a deposit sent to the actions, with their month and the day of their payment."""
    assert depot.mandats is not None
    lignes = assign(
        depot.mandats,
        depot.affectations,
        depot.mandats_precedents,
        depot.affectations_precedentes,
    )
    codes, days = pd.factorize(lignes["date_emission"].astype(object))
    months = np.array([f"{day.year}-{day.month:02d}" for day in days], dtype=object)
    paid = paid_on(lignes, depot.mandats, depot.mandats_precedents)
    return lignes.assign(
        mois=pd.Series(months[codes], index=lignes.index, dtype=object),
        paye_le=pd.Series(paid, index=lignes.index, dtype=object),
    )


def postes_du_depot(depot: Depot) -> set[Poste]:
    """The posts that temps_agents.csv counts, this exercise and the one before."""
    year = depot.exercice
    return postes_de((year, depot.temps_agents), (year - 1, depot.temps_agents_precedents))


def juger(
    lignes: pd.DataFrame,
    contrats: Mapping[str, Contrat],
    exercice: int,
    decisions: Mapping[LineKey, tuple[str, str]],
    postes: set[Poste],
) -> pd.DataFrame:
    """`groupe` and what is said of each line of the exercise that an action of its contracts takes.

    The index is that of `lignes`: an action that a later avenant adds is not one of this exercise.
    """
    covered = {code: c for code, c in contrats.items() if exercice in c.exercices}
    groups = {f"{c.code}/{a.code}": a.groupe for c in covered.values() for a in c.actions.values()}
    codes = (lignes["contrat"] + "/" + lignes["action"]).astype(object)
    known = codes.isin(list(groups)).to_numpy(dtype=bool) & (lignes["exercice"] == exercice)
    own = lignes[known].assign(groupe=codes[known].map(groups).astype(object))
    judged = judge(own, covered, decisions, postes)
    judged.insert(0, "groupe", own["groupe"])
    return judged


def _jugement(depot: ExercicePrepare, contrats: Mapping[str, Contrat]) -> pd.DataFrame:
    """What data/processed says of the lines under the versions of these contracts."""
    assert depot.lignes is not None and depot.eligibilite is not None
    own = depot.eligibilite[depot.eligibilite["version"] == version_de(contrats)]
    keys = pd.MultiIndex.from_frame(depot.lignes[_CLE])
    places = keys.get_indexer(pd.MultiIndex.from_frame(own[_CLE]))
    return own.drop(columns=["version", *_CLE]).set_axis(pd.Index(places), axis=0)


def prepare(
    depot: Depot, contrats: Mapping[str, Contrat], arrete_au: date | None = None
) -> Preparation:
    """The lines of an exercise that count, sent and judged, once for every reading.

    A line counts when its exercice is the year and its date_emission at most `arrete_au` (None:
    the whole exercise, journée complémentaire included).
    """
    year = depot.exercice
    covered = {k: c for k, c in contrats.items() if year in c.exercices}
    # Without rules nothing says which action a line belongs to: unknown, not zero.
    if depot.mandats is None or depot.affectations is None:
        others = objects([], COLONNES_LIGNE)
        lines = objects([], [*COLONNES_LIGNE, "groupe", "journee_complementaire"])
        return Preparation(depot, covered, arrete_au, lines, pd.DataFrame(), others, False)
    if isinstance(depot, ExercicePrepare) and depot.lignes is not None:
        lignes, jugement = depot.lignes, _jugement(depot, contrats)
    else:
        lignes = affecter(depot)
        decisions = decided(depot.decisions_precedentes, depot.decisions_eligibilite)
        jugement = juger(lignes, contrats, year, decisions, postes_du_depot(depot))
    counted = (lignes["exercice"] == year).to_numpy(dtype=bool)
    if arrete_au is not None:
        counted = counted & (lignes["date_emission"] <= arrete_au).to_numpy(dtype=bool)
    known = np.zeros(len(lignes), dtype=bool)
    known[jugement.index] = True
    judged = jugement[counted[jugement.index]].reset_index(drop=True)
    lines = lignes[counted & known].reset_index(drop=True)
    judged["paye_le"] = lines["paye_le"]
    lines = lines.assign(
        groupe=judged["groupe"], journee_complementaire=lines["mois"] > f"{year}-12"
    )
    others = lignes[counted & ~known].reset_index(drop=True)
    return Preparation(depot, covered, arrete_au, lines, judged, others, True)
