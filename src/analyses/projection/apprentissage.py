"""What a portfolio's earlier years teach: a correction of the reference, and honest intervals.

The correction is a gradient boosting of the median (absolute error), never decreasing in what is
consumed, committed or projected by the reference, weighed against the reference by the number of
past lines (credibility). Each past year is projected by what the other years teach: those errors,
scaled by the difficulty of the line, give the intervals (CV+, locally weighted conformal), and
all these corrections, averaged, project the year to come.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analyses.projection.modele import Etat, caracteristiques, difficulte, referer
from analyses.projection.parametres import Modele

if TYPE_CHECKING:
    from sklearn.ensemble import HistGradientBoostingRegressor

_CROISSANTES = ("fait", "engage", "recent", "reference")
_VARIABLES = (
    *_CROISSANTES,
    *("budget", "niveau", "avance", "paiement"),
    *("dernier_final", "dernier_fait", "dernier_reste", "dernier_engage"),
    *("final_actuel", "reste_actuel"),
)
_BORNES = (-0.5, 2.0)
_GRAINES = (0, 1)


@dataclass(frozen=True)
class Correction:
    """Estimators fitted on past lines, and their weight against the reference."""

    estimateurs: tuple[HistGradientBoostingRegressor, ...]
    variables: tuple[str, ...]
    codes: Mapping[str, Mapping[str, int]]
    poids: float

    def centre(self, lignes: pd.DataFrame) -> pd.Series:
        """Final part of the budget: the reference and what was learnt, each with its weight.

        A line whose past shows an amount of its own keeps to the reference, which follows it.
        """
        reference = lignes["reference"]
        known = lignes[reference.notna()]
        if not self.poids or known.empty:
            return reference
        matrix = _matrice(known, self.variables, self.codes)
        with _un_fil():
            learned = np.mean([one.predict(matrix) for one in self.estimateurs], axis=0)
        weight = self.poids * (1 - known["au_montant"])
        mixed = weight * np.maximum(learned, known["fait"]) + (1 - weight) * known["reference"]
        return mixed.reindex(lignes.index)


@dataclass(frozen=True)
class Appris:
    """What earlier years taught: corrections, difficulty of a line, quantiles of the error."""

    corrections: tuple[Correction, ...]
    difficulte: Mapping[str, float]
    quantiles: Mapping[float, float]

    def centre(self, lignes: pd.DataFrame) -> pd.Series:
        """Final part of the budget, the corrections averaged; the reference when there is none."""
        if not self.corrections:
            return lignes["reference"]
        return pd.concat([one.centre(lignes) for one in self.corrections], axis=1).mean(axis=1)


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
                min_samples_leaf=20,
                l2_regularization=5.0,
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

    Errors on lines without a past, all those of the first year, say little about lines that have
    one: quantiles weigh each error by the trust in the past of its line.
    """
    weight = modele.apprentissage["poids_reference"]
    terms = difficulte(lignes)
    prior = np.array([modele.difficulte[str(name)] for name in terms])
    error = lignes["realise"] - lignes["centre"]
    gap = np.log(error.abs().clip(upper=1) + 0.01) - terms @ prior
    square = terms.T @ terms + weight * np.eye(terms.shape[1])
    found = prior + np.linalg.solve(square, terms.T @ gap)
    scores: np.ndarray = (error / np.exp(terms @ found)).to_numpy()
    probabilites = np.array(list(modele.quantiles))
    grid = (np.arange(200) + 0.5) / 200
    pseudo = np.interp(grid, probabilites, list(modele.quantiles.values()))
    values = np.concatenate([scores, pseudo])
    trust = lignes["confiance"].to_numpy() if lignes["confiance"].any() else np.ones(len(scores))
    weights = np.concatenate([trust, np.full(len(pseudo), weight / len(pseudo))])
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


def _correction(lignes: pd.DataFrame, modele: Modele) -> Correction:
    """What these past lines teach; no weight when they are too few."""
    codes = _groupes(lignes)
    variables = (*(name for name in _VARIABLES if lignes[name].nunique() > 1), *codes)
    if len(lignes) < max(modele.apprentissage["minimum"], 1) or not variables:
        return Correction((), variables, codes, 0.0)
    weight = len(lignes) / (len(lignes) + modele.apprentissage["credibilite"])
    return Correction(_estimateurs(lignes, variables, codes), variables, codes, weight)


def observer(annee: int, lignes: Sequence[tuple[Etat, int]], modele: Modele) -> pd.DataFrame:
    """What a past year teaches: its lines as they were known at the date, with their final part.

    `lignes`: each line's state and final consumption; a line without a budget teaches nothing.

    >>> from analyses.projection.parametres import load_modele
    >>> past = [(Etat("a", 200, 50, None, 0.5), 150), (Etat("b", 0, 0, None, 0.5), 0)]
    >>> observer(2023, past, load_modele())[["fait", "realise"]].values
    array([[0.25, 0.75]])
    """
    rows = sorted((row for row in lignes if row[0].budget > 0), key=lambda row: row[0].code)
    known = referer(caracteristiques([etat for etat, _ in rows], modele), modele)
    final = np.array([final for _, final in rows], dtype="float64")
    return known.assign(annee=annee, realise=final / known["budget"])


def apprendre(annees: Sequence[pd.DataFrame], modele: Modele) -> Modele:
    """The model taught by past years (tables of `observer`), to project a later one at the same
    date. The errors of each year are those of what the others teach.

    >>> from analyses.projection.parametres import load_modele
    >>> past = [(Etat(str(n), 100, 40 + n, None, 0.5), 90) for n in range(9)]
    >>> apprendre([observer(2023, past, load_modele())], load_modele()).appris.corrections
    ()
    """
    annees = [annee for annee in annees if len(annee)]
    if not annees:
        return replace(modele, appris=None)
    lignes = pd.concat(annees, ignore_index=True)
    folds = [
        _correction(lignes[lignes["annee"] != year], modele) for year in lignes["annee"].unique()
    ]
    judged = [own.assign(centre=one.centre(own)) for own, one in zip(annees, folds, strict=True)]
    corrections = [one for one in (_correction(lignes, modele), *folds) if one.poids]
    spread, quantiles = _calibrer(pd.concat(judged, ignore_index=True), modele)
    return replace(modele, appris=Appris(tuple(corrections), spread, quantiles))
