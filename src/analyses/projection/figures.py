"""Pictures of an evaluation: error and coverage by month, calibration. Matplotlib, no pyplot."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analyses.projection.evaluation import NIVEAU, NIVEAUX, RIVAUX
from analyses.rendu.fmt import NBSP

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe-Ito, each with its mark: told apart without colour.
_NOTRE = "#0072b2"
_STYLES = {
    "prorata": ("#8c8c8c", "s", ":"),
    "annee_precedente": ("#d55e00", "^", "--"),
    "courbe_moyenne": ("#009e73", "D", "-."),
}
_MOIS = (
    *("janv.", "févr.", "mars", "avril", "mai", "juin"),
    *("juil.", "août", "sept.", "oct.", "nov.", "déc."),
)


def _figure(title: str) -> tuple[Figure, Axes]:
    from matplotlib.figure import Figure

    fig = Figure(figsize=(8, 4.4), layout="constrained")
    axes = fig.subplots()
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.set_title(title, loc="left")
    axes.grid(axis="y", color="#e6e6e6")
    axes.set_axisbelow(True)
    return fig, axes


def _percent(axis) -> None:  # type: ignore[no-untyped-def]
    axis.set_major_formatter(lambda value, _: f"{100 * value:.0f}{NBSP}%")


def _months(axes: Axes, months: list[int]) -> None:
    axes.set_xticks(months, [_MOIS[month - 1] for month in months])
    axes.set_xlabel("mois où l'on projette le 31 décembre")


def erreur_par_mois(mesures: pd.DataFrame) -> Figure:
    """Error (part of the budget) by month, against the three rivals."""
    fig, axes = _figure("Erreur de projection : plus bas, mieux c'est")
    months = mesures["month"].tolist()
    for name, (colour, mark, line) in _STYLES.items():
        axes.plot(months, mesures[name], line, color=colour, marker=mark, ms=5, label=RIVAUX[name])
    axes.plot(months, mesures["erreur"], "-", color=_NOTRE, marker="o", lw=2.6, label="Projection")
    others = mesures[["erreur", "annee_precedente", "courbe_moyenne"]].to_numpy(float)
    axes.set_ylim(0, 1.6 * max(float(np.nanmax(others)), 0.01))  # January's prorata leaves it
    _percent(axes.yaxis)
    _months(axes, months)
    axes.set_ylabel("écart au réalisé, part du budget")
    handles, labels = axes.get_legend_handles_labels()
    axes.legend(handles[::-1], labels[::-1], frameon=False)
    return fig


def couverture_par_mois(mesures: pd.DataFrame, par_annee: pd.DataFrame) -> Figure:
    """Part of the realised inside the 80 % interval by month, each year a thin mark."""
    fig, axes = _figure(f"Intervalles à 80{NBSP}% : combien contiennent le réalisé")
    months = mesures["month"].tolist()
    axes.axhspan(0.77, 0.83, color="#dbe9f4", label=f"entre 77 et 83{NBSP}%")
    axes.axhline(NIVEAU, color="#555555", lw=0.8)
    years = sorted(set(par_annee["year"]))
    for mark, year in zip("sv^Dxpo+" * len(years), years, strict=False):
        own = par_annee[par_annee["year"] == year]
        axes.plot(own["month"], own["couverture"], mark, color="#777777", mfc="none", label=year)
    axes.plot(
        months, mesures["couverture"], "-", color=_NOTRE, marker="o", lw=2.6, label="toutes années"
    )
    axes.set_ylim(min(0.5, par_annee["couverture"].min() - 0.02), 1)
    _percent(axes.yaxis)
    _months(axes, months)
    axes.set_ylabel("part des lignes")
    axes.legend(frameon=False, ncols=4, loc="lower center", fontsize=8)
    return fig


def calibration(predictions: pd.DataFrame) -> Figure:
    """Announced against observed part of the realised inside the interval, at six levels."""
    fig, axes = _figure("Calibrage : probabilité annoncée et fréquence constatée")
    axes.plot([0.45, 1], [0.45, 1], color="#555555", lw=0.8, label="calibrage parfait")
    quarters = {3: ("#d55e00", "^", "--"), 6: (_NOTRE, "o", "-"), 9: ("#009e73", "D", "-.")}
    months = sorted(set(predictions["month"]))
    for month in [m for m in quarters if m in months] or months[:3]:
        colour, mark, line = quarters.get(month, (_NOTRE, "o", "-"))
        own = predictions[predictions["month"] == month]
        found = [own[f"dans_{level}"].mean() for level in NIVEAUX]
        axes.plot(
            NIVEAUX, found, line, color=colour, marker=mark, label=f"à fin {_MOIS[month - 1]}"
        )
    axes.set_xlim(0.45, 1)
    axes.set_ylim(0.35, 1.02)
    _percent(axes.xaxis)
    _percent(axes.yaxis)
    axes.set_xlabel("probabilité de l'intervalle")
    axes.set_ylabel("part du réalisé dedans")
    axes.legend(frameon=False, loc="upper left")
    return fig
