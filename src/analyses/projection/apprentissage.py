"""What a portfolio's earlier years teach: a correction of the reference, and honest intervals.

The correction is a gradient boosting of the median (absolute error), never decreasing in what is
consumed, committed or projected by the reference, weighed against the reference by the number of
past lines (credibility). Intervals come from the errors made on each past year by what was known
before it (rolling origin), scaled by the difficulty of the line (conformal, locally weighted).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analyses.projection.modele import Etat, Modele, difficulte, estimer

if TYPE_CHECKING:
    from sklearn.ensemble import HistGradientBoostingRegressor

_CROISSANTES = ("fait", "engage", "recent", "reference")
_VARIABLES = (
    *_CROISSANTES,
    *("niveau", "avance", "paiement"),
    *("dernier_final", "dernier_fait", "dernier_reste", "dernier_engage"),
    *("final_actuel", "reste_actuel"),
)
_BORNES = (-0.5, 2.0)
_GRAINES = (0, 1, 2, 3)


@dataclass(frozen=True)
class Appris:
    """What earlier years taught: estimators, their weight, difficulty and quantiles."""

    estimateurs: tuple[HistGradientBoostingRegressor, ...]
    variables: tuple[str, ...]
    codes: Mapping[str, Mapping[str, int]]
    poids: float
    difficulte: Mapping[str, float]
    quantiles: Mapping[float, float]

    def centre(self, lignes: pd.DataFrame) -> pd.Series:
        """Final part of the budget: the reference and the correction, each with its weight."""
        reference = lignes["reference"]
        known = reference.notna()
        if not self.estimateurs or not known.any():
            return reference
        matrix = _matrice(lignes[known], self.variables, self.codes)
        with _un_fil():
            learned = np.mean([one.predict(matrix) for one in self.estimateurs], axis=0)
        learned = np.maximum(learned, lignes.loc[known, "fait"])
        weight = self.poids * (1 - lignes.loc[known, "au_montant"])
        mixed = weight * learned + (1 - weight) * reference[known]
        return mixed.reindex(lignes.index)


def _un_fil():  # type: ignore[no-untyped-def]
    """One thread: the sums, hence the bytes, do not depend on the machine."""
    from threadpoolctl import threadpool_limits

    return threadpool_limits(limits=1)


def _matrice(
    lignes: pd.DataFrame, variables: Sequence[str], codes: Mapping[str, Mapping[str, int]]
) -> np.ndarray:
    unknown = pd.Series(np.nan, lignes.index)
    columns = [
        lignes.get(name, unknown).map(codes[name]) if name in codes else lignes[name]
        for name in variables
    ]
    return np.column_stack([column.astype("float64") for column in columns])


def _groupes(lignes: pd.DataFrame) -> dict[str, dict[str, int]]:
    """Group columns that lines really share: 2 to 40 codes, 8 lines a code on average."""
    found = {}
    for name in (column for column in lignes if str(column).startswith("groupe_")):
        values = sorted(lignes[name].dropna().unique())
        if 2 <= len(values) <= min(40, len(lignes) / 8):
            found[str(name)] = {value: rank for rank, value in enumerate(values)}
    return found


def _estimateurs(
    lignes: pd.DataFrame, variables: Sequence[str], codes: Mapping[str, Mapping[str, int]]
) -> tuple[HistGradientBoostingRegressor, ...]:
    from sklearn.ensemble import HistGradientBoostingRegressor

    matrix = _matrice(lignes, variables, codes)
    target = lignes["realise"].clip(*_BORNES)
    with _un_fil():
        return tuple(
            HistGradientBoostingRegressor(
                loss="absolute_error",
                learning_rate=0.08,
                max_iter=80,
                max_leaf_nodes=10,
                min_samples_leaf=12,
                max_features=0.6,
                categorical_features=[name in codes for name in variables],
                monotonic_cst=[int(name in _CROISSANTES) for name in variables],
                early_stopping=False,
                random_state=seed,
            ).fit(matrix, target)
            for seed in _GRAINES
        )


def _calibrer(lignes: pd.DataFrame, modele: Modele) -> tuple[dict[str, float], dict[float, float]]:
    """Difficulty and quantiles from past errors, drawn to the reference when lines are few.

    Old errors weigh less: they were made by a model that knew less.
    """
    weight = modele.apprentissage["poids_reference"]
    age = (lignes["annee"].max() - lignes["annee"]).to_numpy()
    recent = modele.apprentissage["memoire"] ** age
    terms = difficulte(lignes)
    prior = np.array([modele.difficulte[str(name)] for name in terms])
    error = lignes["realise"] - lignes["centre"]
    gap = np.log(error.abs().clip(upper=1) + 0.01) - terms @ prior
    weighted = terms.mul(recent, axis=0)
    square = terms.T @ weighted + weight * np.eye(terms.shape[1])
    found = prior + np.linalg.solve(square, weighted.T @ gap)
    scores: np.ndarray = (error / np.exp(terms @ found)).to_numpy()
    probabilites = np.array(list(modele.quantiles))
    grid = (np.arange(200) + 0.5) / 200
    pseudo = np.interp(grid, probabilites, list(modele.quantiles.values()))
    values = np.concatenate([scores, pseudo])
    weights = np.concatenate([recent, np.full(len(pseudo), weight / len(pseudo))])
    order = np.argsort(values, kind="stable")
    place = (np.cumsum(weights[order]) - weights[order] / 2) / weights.sum()
    quantiles = np.interp(probabilites, place, values[order])
    quantiles *= 1 + modele.apprentissage["prudence"] / lignes["annee"].nunique()
    quantiles = np.where(
        probabilites < 0.5,
        np.minimum(quantiles, 0),
        np.where(probabilites > 0.5, np.maximum(quantiles, 0), 0),
    )
    return (
        dict(zip(terms, found.tolist(), strict=True)),
        dict(zip(probabilites.tolist(), quantiles.tolist(), strict=True)),
    )


def _apprendre(passees: Sequence[pd.DataFrame], modele: Modele) -> Modele:
    lignes = pd.concat(passees, ignore_index=True) if passees else pd.DataFrame()
    if lignes.empty:
        return replace(modele, appris=None)
    codes = _groupes(lignes)
    variables = [
        *(name for name in _VARIABLES if lignes[name].nunique() > 1),
        *codes,
    ]
    estimators: tuple[HistGradientBoostingRegressor, ...] = ()
    weight = 0.0
    if len(lignes) >= max(modele.apprentissage["minimum"], 1) and variables:
        estimators = _estimateurs(lignes, variables, codes)
        weight = len(lignes) / (len(lignes) + modele.apprentissage["credibilite"])
    spread, quantiles = _calibrer(lignes, modele)
    appris = Appris(estimators, tuple(variables), codes, weight, spread, quantiles)
    return replace(modele, appris=appris)


def apprendre_au_fil(
    annees: Mapping[int, Sequence[tuple[Etat, int]]], modele: Modele
) -> Iterator[tuple[int, Modele]]:
    """For each year in order, the model taught by the earlier years only.

    `annees`: the lines of a year as they were known at the same date, with their final consumption.
    """
    passees: list[pd.DataFrame] = []
    for year in sorted(annees):
        taught = _apprendre(passees, modele)
        yield year, taught
        rows = sorted(
            ((etat, final) for etat, final in annees[year] if etat.budget > 0),
            key=lambda row: row[0].code,
        )
        if rows:
            known = estimer([etat for etat, _ in rows], taught)
            final = np.array([final for _, final in rows]) / known["budget"]
            passees.append(known.assign(annee=year, realise=final))


def apprendre(annees: Mapping[int, Sequence[tuple[Etat, int]]], modele: Modele) -> Modele:
    """The model taught by all these years, to project a later one at the same date.

    >>> from analyses.projection.modele import load_modele
    >>> lines = [(Etat(str(n), 100, 40 + n, None, 0.5), 90) for n in range(9)]
    >>> apprendre({2023: lines}, load_modele()).appris.poids
    0.0
    """
    *_, (_, found) = apprendre_au_fil({**annees, max(annees, default=0) + 1: ()}, modele)
    return found
