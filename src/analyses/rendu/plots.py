"""Figures for those who would rather look than read. Each returns a matplotlib Figure.

They are built without pyplot (no global state); `affichage.figure(fig, alt)` shows them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from analyses.rendu.affichage import nom_contrat
from analyses.rendu.tableau import tableau
from analyses.socle import fmt

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from analyses.bilan import Bilan

# Okabe-Ito: told apart by colour-blind readers, and in grey by their lightness.
_PREVU, _REALISE, _ALERTE = "#c9d3dc", "#0072b2", "#d55e00"


def canvas(b: Bilan, width: float, height: float) -> Figure:
    """An empty picture, which says when the data are simulated."""
    from matplotlib.figure import Figure

    fig = Figure(figsize=(width, height), layout="constrained")
    if b.simule:
        words = "« Données simulées »"
        look: dict[str, Any] = {"fontsize": 26, "color": "#b00020", "alpha": 0.14, "rotation": 20}
        fig.text(0.5, 0.5, words, ha="center", va="center", zorder=10, **look)
    return fig


def _figure(b: Bilan, width: float, height: float) -> tuple[Figure, Axes]:
    fig = canvas(b, width, height)
    axes = fig.subplots()
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    return fig, axes


def _said(axes: Axes, words: str) -> None:
    """An empty figure says why."""
    axes.set_axis_off()
    axes.text(0.5, 0.5, words, ha="center", va="center", transform=axes.transAxes)


def _thousands(axis: Any) -> None:
    axis.set_major_formatter(lambda value, _: f"{value:,.0f}".replace(",", fmt.NBSP))


def execution_table(b: Bilan, contrat: str, exercice: int) -> pd.DataFrame:
    """Planned, realised and rate of each action of a contract."""
    own = b.chiffres.query("contrat == @contrat and exercice == @exercice and niveau == 'action'")
    return tableau(own, ["prevu", "realise", "taux_execution"])


def execution_par_action(b: Bilan, contrat: str, exercice: int) -> Figure:
    """Planned and realised by action (euros), the rate at the end of the bar."""
    lines = execution_table(b, contrat, exercice)[::-1]
    if lines.empty:
        fig, axes = _figure(b, 8, 2)
        _said(axes, f"Exécution : {fmt.NON_RENSEIGNE}")
        return fig
    fig, axes = _figure(b, 9, 1.2 + 0.34 * len(lines))
    # Bars of what is unknown have no length; their words say so.
    bars = lines[["prevu", "realise"]].fillna(0).astype(float) / 100
    ranks = range(len(lines))
    axes.barh(ranks, bars["prevu"], 0.78, color=_PREVU, label="Prévu")
    axes.barh(ranks, bars["realise"], 0.4, color=_REALISE, label="Réalisé éligible")
    ends = bars.max(axis="columns")
    for rank, end, row in zip(ranks, ends, lines.to_dict("records"), strict=True):
        words = _at_the_end(row["prevu"], row["realise"], row["taux_execution"])
        axes.annotate(
            words, (end, rank), (4, 0), textcoords="offset points", va="center", fontsize=8
        )
    actions = b.contrats[contrat].actions
    axes.set_yticks(ranks, [f"{code} – {_short(actions[code].libelle)}" for code in lines["code"]])
    axes.tick_params(axis="y", labelsize=8, length=0)
    axes.set_ylim(-0.6, len(lines) - 0.4)
    axes.set_xlim(0, (ends.max() or 1) * 1.14)  # room for the words
    axes.set_xlabel("euros")
    _thousands(axes.xaxis)
    axes.set_title(f"{nom_contrat(contrat)} {exercice} : prévu et réalisé par action")
    axes.legend(loc="lower right", frameon=False)
    return fig


def _at_the_end(prevu: Any, realise: Any, taux: Any) -> str:
    if fmt.missing(realise):
        return fmt.NON_RENSEIGNE
    if fmt.missing(prevu):
        return "prévu non renseigné"
    return "aucun crédit prévu" if prevu == 0 else fmt.pourcent(taux, "")


def _short(text: str, size: int = 42) -> str:
    """A label cut at a word.

    >>> _short("Accompagnement des allocataires du RSA", 20)
    'Accompagnement des…'
    """
    return text if len(text) <= size else text[: size - 1].rsplit(" ", 1)[0] + "…"


_COURBES = ("realise_cumule", "attendu_mois")


def cumul_table(b: Bilan, contrat: str, exercice: int) -> pd.DataFrame:
    """Realised since January and expected by the trajectories, by month."""
    own = b.chiffres.query("contrat == @contrat and exercice == @exercice and niveau == 'contrat'")
    return tableau(own, _COURBES, ["detail"]).sort_values("detail")


def cumul(b: Bilan, contrat: str, exercice: int) -> Figure:
    """Cumulative consumption against the planned ramp-up."""
    fig, axes = _figure(b, 8.5, 4.2)
    months = cumul_table(b, contrat, exercice).reset_index(drop=True)
    done, expected = (months[name].dropna().astype(float) / 100 for name in _COURBES)
    if expected.any():
        axes.plot(
            expected.index, expected, "--", color="#555555", label="Attendu selon les trajectoires"
        )
    else:
        words = "Prévu par action : non renseigné"
        axes.text(0.02, 0.5, words, transform=axes.transAxes, color="#555555")
    if len(done):
        axes.plot(done.index, done, "o-", color=_REALISE, label="Réalisé éligible, cumulé")
    else:
        axes.text(0.02, 0.6, f"Réalisé {fmt.NON_RENSEIGNE}", transform=axes.transAxes)
    if len(months) > 12:
        axes.axvspan(11.5, len(months) - 0.5, color="#f2f2f2", zorder=0)
        axes.text(11.6, 0.02, "journée\ncompl.", transform=axes.get_xaxis_transform(), fontsize=8)
    labels = [fmt.mois(month).replace(" ", "\n") for month in months["detail"]]
    axes.set_xticks(range(len(months)), labels, fontsize=8)
    axes.set_ylim(bottom=0)
    axes.set_ylabel("euros")
    _thousands(axes.yaxis)
    name = nom_contrat(contrat)
    axes.set_title(f"{name} {exercice} : consommation cumulée et montée en charge prévue")
    if axes.get_legend_handles_labels()[0]:
        axes.legend(loc="upper left", frameon=False)
    return fig


def _source(b: Bilan) -> str:
    return " Données simulées." if b.simule else ""


def alt_execution(b: Bilan, contrat: str, exercice: int) -> str:
    """Alternative text of `execution_par_action`: what the picture says."""
    lines = execution_table(b, contrat, exercice)
    name = nom_contrat(contrat)
    if lines.empty:
        return f"{name} : exécution non renseignée."
    rated = lines.dropna(subset="taux_execution").sort_values("taux_execution", kind="stable")
    text = f"Barres, {name} {exercice} : prévu et réalisé de {len(lines)} actions."
    if len(rated):
        low, high = rated.iloc[0], rated.iloc[-1]
        text += (
            f" Taux le plus bas : action {low['code']}, {fmt.pourcent(low['taux_execution'])} ;"
            f" le plus haut : action {high['code']}, {fmt.pourcent(high['taux_execution'])}."
        )
    return text + _source(b)


def alt_cumul(b: Bilan, contrat: str, exercice: int) -> str:
    """Alternative text of `cumul`: where both curves end."""
    months = cumul_table(b, contrat, exercice)
    done, expected = (months[name].dropna().to_list() for name in _COURBES)
    words = f"{fmt.euros(expected[-1])} en décembre" if expected else fmt.NON_RENSEIGNE
    return (
        f"Courbes, {nom_contrat(contrat)} {exercice} : réalisé cumulé par mois "
        f"({fmt.euros(done[-1] if done else None)} au total) et attendu selon les trajectoires "
        f"({words})." + _source(b)
    )
