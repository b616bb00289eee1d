"""Measuring the projection on real budgets: each year predicted from the earlier years only."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from analyses.projection.apprentissage import apprendre, observer
from analyses.projection.modele import Etat, Passe, Projection, projeter
from analyses.projection.parametres import Modele

NIVEAU = 0.8
NIVEAUX = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
RIVAUX = {
    "prorata": "Prorata du temps écoulé",
    "annee_precedente": "Reste de l'année précédente",
    "courbe_moyenne": "Courbe moyenne du portefeuille",
}
COLONNES = (
    *("line_id", "year", "month", "budget", "spent"),
    *("projection", "bas_80", "haut_80", "realise"),
)
_MONTANTS = ("budget", "committed", "spent")


@dataclass(frozen=True)
class Choix:
    """Which predictions are made: years and months (None: all that can be), budget above."""

    annees: frozenset[int] | None = None
    mois: tuple[int, ...] = tuple(range(1, 12))
    budget_minimum: int = 0


def groupes(codes: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """The segments of each identifier (entity, programme, nature…) when they have one shape.

    >>> groupes(["001-132-1", "001-132-2", "autre"])
    {'001-132-1': ('001', '132', '1'), '001-132-2': ('001', '132', '2'), 'autre': ()}
    """
    segments = {code: tuple(part for part in re.split(r"\W+|_", code) if part) for code in codes}
    if not segments:
        return {}
    shape, _ = Counter(len(parts) for parts in segments.values()).most_common(1)[0]
    return {
        code: parts if len(parts) == shape and shape > 1 else () for code, parts in segments.items()
    }


def _tableaux(lignes: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Amount by (line, year) and month 1 to 12; a month that a whole year lacks is interpolated.

    Straight between the months around it, where the line has both (0 on 1 January).
    """
    known = {
        int(year): set(lignes.loc[lignes["year"] == year, "month"]) for year in set(lignes["year"])
    }
    found = {}
    for name in _MONTANTS:
        table = lignes.pivot(index=["line_id", "year"], columns="month", values=name)
        table = table.astype("float64").reindex(columns=range(13))
        for year, months in known.items():
            rows = table.index.get_level_values("year") == year
            own = table[rows].copy()
            own[0] = own[min(months)] if name == "budget" else 0.0
            for month in sorted(set(range(1, max(months))) - months):
                before = max((m for m in months if m < month), default=0)
                after = min(m for m in months if m > month)
                share = (month - before) / (after - before)
                own[month] = own[before] + share * (own[after] - own[before])
            table[rows] = own
        found[name] = table
    return found


def _etats_du_mois(
    tableaux: dict[str, pd.DataFrame], mois: int, segments: dict[str, tuple[str, ...]]
) -> dict[int, list[tuple[Etat, int]]]:
    """By year, the lines as known at the end of a month, with their consumption at month 12."""
    budget, committed, spent = (tableaux[name] for name in _MONTANTS)
    known = budget[mois].notna() & spent[mois].notna() & spent[12].notna()
    quarter = spent[mois] - spent[mois - 3] if mois > 3 else spent[mois] * float("nan")
    columns = [budget[mois], spent[mois], spent[12], committed[mois], quarter]
    table = pd.concat(columns, axis=1)[known]
    past: dict[str, tuple[Passe, ...]] = {}
    found: dict[int, list[tuple[Etat, int]]] = {}
    for (code, year), cells in zip(table.index, table.to_numpy().tolist(), strict=True):
        total, done, final = (round(cell) for cell in cells[:3])
        pending, recent = (None if cell != cell else round(cell) for cell in cells[3:])
        engage = None if pending is None else max(pending, done)
        etat = Etat(
            code,
            total,
            done,
            engage,
            mois / 12,
            passe=past.get(code, ()),
            groupes=segments[code],
            recent=recent,
        )
        found.setdefault(int(year), []).append((etat, final))
        if total > 0:
            committed_part = () if engage is None else ((mois, engage / total),)
            parts = ((mois, done / total),)
            year_ = Passe(int(year), parts, final / total, committed_part, total)
            past[code] = (*past.get(code, ()), year_)
    return found


def _predictions(
    mois: int,
    year: int,
    rows: Sequence[tuple[Etat, int]],
    projections: Sequence[Projection],
    reste_moyen: float,
) -> pd.DataFrame:
    """What was projected and what was realised, beside the three simple methods at their best.

    Last year's remaining part never brings a line over its budget; a line without last year
    takes the portfolio's average remaining part, which is the third method (NaN: no earlier year).
    """
    frame = pd.DataFrame(
        {
            "line_id": [etat.code for etat, _ in rows],
            "year": year,
            "month": mois,
            "budget": [etat.budget for etat, _ in rows],
            "spent": [etat.consomme for etat, _ in rows],
            "projection": [own.centre for own in projections],
            "bas_80": [own.bas(NIVEAU) for own in projections],
            "haut_80": [own.haut(NIVEAU) for own in projections],
            "realise": [final for _, final in rows],
        }
    )
    for level in NIVEAUX:
        frame[f"dans_{level}"] = [
            own.bas(level) <= final <= own.haut(level)
            for own, (_, final) in zip(projections, rows, strict=True)
        ]
    budget, spent = frame["budget"], frame["spent"]
    last = [
        next((p.final - p.courbe[0][1] for p in etat.passe if p.year == year - 1), float("nan"))
        for etat, _ in rows
    ]
    usual = spent + budget * reste_moyen
    followed = (spent + budget * pd.Series(last)).clip(spent, budget.clip(lower=spent))
    return frame.assign(
        prorata=spent / (mois / 12),
        annee_precedente=followed.fillna(usual),
        courbe_moyenne=usual,
    )


def predire(
    lignes: pd.DataFrame,
    modele: Modele,
    choix: Choix | None = None,
    avance: Callable[[int], None] = lambda mois: None,
) -> pd.DataFrame:
    """One row per (line, year, month) predicted: COLONNES, `dans_…` (interval holds), the rivals.

    A year is predicted from the earlier years of the file only; the first one has none and is
    left out unless `choix.annees` names it (the documented parameters then predict it alone).
    Amounts in hundredths of the file's unit; a year without December cannot be judged.
    """
    choix = choix or Choix()
    tableaux = _tableaux(lignes)
    segments = groupes(sorted(set(lignes["line_id"])))
    seen = lignes.set_index(["line_id", "year", "month"]).index
    frames = []
    for mois in choix.mois:
        avance(mois)
        years = _etats_du_mois(tableaux, mois, segments)
        wanted = set(years) - {min(years, default=0)} if choix.annees is None else choix.annees
        before: list[tuple[Etat, int]] = []
        observed: list[pd.DataFrame] = []
        for year in sorted(years):
            rows = [
                (etat, final)
                for etat, final in years[year]
                if etat.budget > choix.budget_minimum and (etat.code, year, mois) in seen
            ]
            if year in wanted and rows:
                found = projeter([etat for etat, _ in rows], apprendre(observed, modele))
                total = sum(etat.budget for etat, _ in before)
                left = sum(final - etat.consomme for etat, final in before)
                average = left / total if total else float("nan")
                frames.append(_predictions(mois, year, rows, found, average))
            observed.append(observer(year, years[year], modele))
            before += [(etat, final) for etat, final in years[year] if etat.budget > 0]
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=list(COLONNES))


def mesurer(predictions: pd.DataFrame, cles: Sequence[str] = ("month",)) -> pd.DataFrame:
    """Errors as parts of the budget (weighted by it), by month or by other keys.

    Columns: `lignes`, `erreur`, `biais` (projected minus realised), `couverture` (parts of the
    realised inside the 80 % interval), `largeur` (median width, part of the budget), then the
    error and the bias (`biais_…`) of each rival, NaN where it had no earlier year.
    """
    rows: list[dict[str, Any]] = []
    for key, own in predictions.groupby(list(cles), sort=True):
        budget = float(own["budget"].sum())
        gaps = own[["projection", *RIVAUX]].sub(own["realise"], axis=0)
        biases = gaps.sum(skipna=False) / budget
        errors = gaps.abs().sum(skipna=False) / budget
        rows.append(
            dict(zip(cles, key, strict=True))
            | {
                "lignes": len(own),
                "erreur": errors["projection"],
                "biais": biases["projection"],
                "couverture": float(own[f"dans_{NIVEAU}"].mean()),
                "largeur": float(((own["haut_80"] - own["bas_80"]) / own["budget"]).median()),
            }
            | errors[list(RIVAUX)].to_dict()
            | biases[list(RIVAUX)].add_prefix("biais_").to_dict()
        )
    return pd.DataFrame(rows)
