"""Figures for those who would rather look than read. Each returns a matplotlib Figure.

They are built without pyplot (no global state); `show.figure(fig, alt)` shows them.
"""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pandas as pd

from analyses.rendu.affichage import nom_contrat
from analyses.rendu.show import _judged
from analyses.rendu.tableau import tableau
from analyses.socle import fmt

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from analyses.bilan import Bilan

# Okabe-Ito: told apart by colour-blind readers, and in grey by their lightness.
_PREVU, _REALISE, _ALERTE = "#c9d3dc", "#0072b2", "#d55e00"
_STATUTS = {
    "atteint": "#0072b2",
    "partiellement": "#56b4e9",
    "non_atteint": "#d55e00",
    "non_evaluable": "#8c8c8c",
    "sans_objet": "#c9c9c9",
    "non_renseigne": "#ececec",
}


def _figure(b: Bilan, width: float, height: float) -> tuple[Figure, Axes]:
    from matplotlib.figure import Figure

    fig = Figure(figsize=(width, height), layout="constrained")
    axes = fig.subplots()
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    if b.simule:
        fig.text(
            0.5,
            0.5,
            "« Données simulées »",
            fontsize=26,
            color="#b00020",
            alpha=0.16,
            rotation=20,
            ha="center",
            va="center",
        )
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


def _month_end(year: int, month: int) -> date:
    return date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)


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


def _run(b: Bilan, exercice: int | None) -> Any:
    runs = [e for e in b.executions if exercice in (None, e.exercice)]
    return runs[-1] if runs else None


def _status_bars(b: Bilan, rows: list[tuple[str, Counter[str]]], title: str) -> Figure:
    from matplotlib.patches import Patch
    from matplotlib.ticker import MaxNLocator

    fig, axes = _figure(b, 9, 1.7 + 0.34 * max(len(rows), 2))
    if not rows:
        _said(axes, f"Indicateurs : {fmt.NON_RENSEIGNE}")
        return fig
    for rank, (_, count) in enumerate(rows[::-1]):
        left = 0
        for code, colour in _STATUTS.items():
            number = count.get(code, 0)
            if number:
                axes.barh(rank, number, 0.7, left, color=colour, edgecolor="white")
                dark = code in ("atteint", "non_atteint")
                axes.text(
                    left + number / 2,
                    rank,
                    str(number),
                    ha="center",
                    va="center",
                    fontsize=8,
                    color="white" if dark else "black",
                )
            left += number
    axes.set_yticks(range(len(rows)), [label for label, _ in rows[::-1]])
    axes.set_ylim(-0.6, len(rows) - 0.4)
    axes.tick_params(axis="y", labelsize=8, length=0)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel("nombre de cibles")
    axes.set_title(title)
    used = [code for code in _STATUTS if any(c.get(code) for _, c in rows)]
    handles = [Patch(color=_STATUTS[code], label=fmt.statut(code)) for code in used]
    fig.legend(handles=handles, loc="outside lower center", ncols=3, frameon=False, fontsize=8)
    return fig


def atteinte_par_action(b: Bilan, contrat: str, exercice: int | None = None) -> Figure:
    """Number of indicator targets by status, one bar per action ('nat': national indicators)."""
    run = _run(b, exercice)
    frame = _judged(b, contrat)
    rows: list[tuple[str, Counter[str]]] = []
    if run is not None and len(frame):
        own = frame[frame["exercice"] == run.exercice]
        for action, part in own.groupby("action", sort=False):
            known = b.contrats[contrat].actions.get(action)
            name = f"{action} – {_short(known.libelle)}" if known else "nationaux (annexe 4)"
            rows.append((name, Counter(part["statut"])))
    name = nom_contrat(contrat)
    year = run.exercice if run is not None else ""
    return _status_bars(b, rows, f"{name} {year} : indicateurs par statut et par action")


def atteinte_par_annee(b: Bilan) -> Figure:
    """Number of indicator targets by status, one bar per contract and exercise."""
    frame = _judged(b)
    rows = []
    if len(frame):
        for (code, year), own in frame.groupby(["contrat", "exercice"], sort=True):
            rows.append((f"{nom_contrat(str(code))} {year}", Counter(own["statut"])))
    return _status_bars(b, rows, "Indicateurs par statut et par exercice")


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


def alt_atteinte(b: Bilan, contrat: str | None = None, exercice: int | None = None) -> str:
    """Alternative text of the indicator figures."""
    frame = _judged(b, contrat)
    if frame.empty:
        return "Indicateurs non renseignés."
    if exercice is not None:
        frame = frame[frame["exercice"] == exercice]
    shown = fmt.denombre(Counter(frame["statut"]))
    return f"Barres, nombre de cibles par statut : {shown}." + _source(b)
