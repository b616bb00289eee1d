"""Pictures of an evaluation: error, bias, coverage by month, calibration. No pyplot."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analyses.projection.evaluation import NIVEAU, NIVEAUX, RIVAUX
from analyses.socle.fmt import MOIS_COURTS, NBSP

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
    axis.set_major_formatter(lambda value, _: f"{100 * value:.0f}{NBSP}%".replace("-", "\u2212"))


def _months(axes: Axes, months: list[int]) -> None:
    axes.set_xticks(months, [MOIS_COURTS[month - 1] for month in months])
    axes.set_xlabel("mois où l'on projette le 31 décembre")


def _face_aux_rivaux(mesures: pd.DataFrame, title: str, own: str, prefix: str) -> Figure:
    """A measure by month, against that of the three rivals; the scale ignores the prorata, which
    leaves it in the first months."""
    fig, axes = _figure(title)
    months = mesures["month"].tolist()
    for name, (colour, mark, line) in _STYLES.items():
        values = mesures[f"{prefix}{name}"]
        axes.plot(months, values, line, color=colour, marker=mark, ms=5, label=RIVAUX[name])
    axes.plot(months, mesures[own], "-", color=_NOTRE, marker="o", lw=2.6, label="Projection")
    near = mesures[[own, f"{prefix}annee_precedente", f"{prefix}courbe_moyenne"]].to_numpy(float)
    top = 1.6 * max(float(np.nanmax(np.abs(near))), 0.01)
    axes.set_ylim(min(0.0, -top * bool((near < 0).any())), top)
    axes.axhline(0, color="#555555", lw=0.8)
    _percent(axes.yaxis)
    _months(axes, months)
    handles, labels = axes.get_legend_handles_labels()
    axes.legend(handles[::-1], labels[::-1], frameon=False, loc="upper right")
    return fig


def erreur_par_mois(mesures: pd.DataFrame) -> Figure:
    """Error (part of the budget) by month, against the three rivals."""
    fig = _face_aux_rivaux(mesures, "Erreur de projection : plus bas, mieux c'est", "erreur", "")
    fig.axes[0].set_ylabel("écart au réalisé, part du budget")
    return fig


def biais_par_mois(mesures: pd.DataFrame) -> Figure:
    """Bias (projected minus realised, part of the budget) by month, against the three rivals."""
    title = "Biais : au-dessus de zéro, on projette trop ; au-dessous, trop peu"
    fig = _face_aux_rivaux(mesures, title, "biais", "biais_")
    fig.axes[0].set_ylabel("projeté − réalisé, part du budget")
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
            NIVEAUX, found, line, color=colour, marker=mark, label=f"à fin {MOIS_COURTS[month - 1]}"
        )
    axes.set_xlim(0.45, 1)
    axes.set_ylim(0.35, 1.02)
    _percent(axes.xaxis)
    _percent(axes.yaxis)
    axes.set_xlabel("probabilité de l'intervalle")
    axes.set_ylabel("part du réalisé dedans")
    axes.legend(frameon=False, loc="upper left")
    return fig
