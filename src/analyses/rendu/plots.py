"""Figures for those who would rather look than read. Each returns a matplotlib Figure.

They are built without pyplot (no global state); `show.figure(fig, alt)` shows them.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from analyses.contrat.load import titres_courts
from analyses.rendu.show import _of, open_actions, total
from analyses.socle import fmt

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Bilan = Any
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


def _run(b: Bilan, exercice: int | None) -> Any:
    runs = [e for e in b.executions if exercice in (None, e.exercice)]
    return runs[-1] if runs else None


def execution_par_action(b: Bilan, contrat: str, exercice: int | None = None) -> Figure:
    """Planned and realised by action (euros), the rate at the end of the bar."""
    run = _run(b, exercice)
    frame = open_actions(b, run, contrat) if run is not None else None
    if frame is None or frame.empty:
        fig, axes = _figure(b, 8, 2)
        _said(axes, f"Exécution : {fmt.NON_RENSEIGNE}")
        return fig
    lines = frame.to_dict("records")[::-1]
    fig, axes = _figure(b, 9, 1.2 + 0.34 * len(lines))
    longest = max(max(r["prevu"] or 0, r["realise"] or 0) for r in lines) / 100
    for rank, row in enumerate(lines):
        axes.barh(rank, (row["prevu"] or 0) / 100, 0.78, color=_PREVU, label="Prévu")
        axes.barh(rank, (row["realise"] or 0) / 100, 0.4, color=_REALISE, label="Réalisé éligible")
        words = "prévu non renseigné" if row["prevu"] is None else fmt.pourcent(row["taux"], "")
        if row["prevu"] == 0:
            words = "aucun crédit prévu"
        if row["realise"] is None:
            words = fmt.NON_RENSEIGNE
        end = max(row["prevu"] or 0, row["realise"] or 0) / 100
        axes.text(end + longest * 0.01, rank, words, va="center", fontsize=8)
    axes.set_yticks(range(len(lines)), [f"{r['action']} – {_short(r['libelle'])}" for r in lines])
    axes.tick_params(axis="y", labelsize=8, length=0)
    axes.set_ylim(-0.6, len(lines) - 0.4)
    axes.set_xlim(0, longest * 1.14 or 1)
    axes.set_xlabel("euros")
    _thousands(axes.xaxis)
    axes.set_title(
        f"{fmt.word(titres_courts(), contrat)} {run.exercice} : prévu et réalisé par action"
    )
    handles, labels = axes.get_legend_handles_labels()
    axes.legend(handles[:2], labels[:2], loc="lower right", frameon=False)
    return fig


def _short(text: str, size: int = 42) -> str:
    """A label cut at a word.

    >>> _short("Accompagnement des allocataires du RSA", 20)
    'Accompagnement des…'
    """
    return text if len(text) <= size else text[: size - 1].rsplit(" ", 1)[0] + "…"


def _month_end(year: int, month: int) -> date:
    return date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)


def planned_ramp_up(b: Bilan, contrat: str, exercice: int) -> list[float]:
    """Euros that the planned trajectories expect spent at the end of each month."""
    from analyses.risque.trajectoire import trajectoire

    terms = b.contrats[contrat]
    expected = []
    for month in range(1, 13):
        sum_ = 0.0
        for action in terms.actions.values():
            part = trajectoire(b.trajectoires, terms, action.code, exercice)
            planned = sum((action.plan(exercice) or {}).values())
            sum_ += float(part.part(_month_end(exercice, month)) * planned)
        expected.append(sum_ / 100)
    return expected


def cumul(b: Bilan, contrat: str, exercice: int | None = None) -> Figure:
    """Cumulative consumption against the planned ramp-up."""
    run = _run(b, exercice)
    fig, axes = _figure(b, 8.5, 4.2)
    if run is None or contrat not in b.contrats:
        _said(axes, f"Exécution : {fmt.NON_RENSEIGNE}")
        return fig
    expected = planned_ramp_up(b, contrat, run.exercice)
    if any(expected):
        axes.plot(
            range(12), expected, "--", color="#555555", label="Attendu selon les trajectoires"
        )
    else:
        words = "Prévu par action : non renseigné"
        axes.text(0.02, 0.5, words, transform=axes.transAxes, color="#555555")
    months = [f"{run.exercice}-{m:02d}" for m in range(1, 13)]
    frame = _of(run.par_mois, contrat)
    if run.renseigne and len(frame):
        done = [(key, total(own["cumul"]) or 0) for key, own in frame.groupby("mois", sort=True)]
        months += [str(key) for key, _ in done if str(key) not in months]
        places = [months.index(str(key)) for key, _ in done]
        values = [value / 100 for _, value in done]
        axes.plot(places, values, "o-", color=_REALISE, label="Réalisé éligible, cumulé")
    else:
        axes.text(0.02, 0.6, f"Réalisé {fmt.NON_RENSEIGNE}", transform=axes.transAxes)
    if len(months) > 12:
        axes.axvspan(11.5, len(months) - 0.5, color="#f2f2f2", zorder=0)
        axes.text(11.6, 0.02, "journée\ncompl.", transform=axes.get_xaxis_transform(), fontsize=8)
    axes.set_xticks(
        range(len(months)), [fmt.mois(m).replace(" ", "\n") for m in months], fontsize=8
    )
    axes.set_ylim(bottom=0)
    axes.set_ylabel("euros")
    _thousands(axes.yaxis)
    name = fmt.word(titres_courts(), contrat)
    axes.set_title(f"{name} {run.exercice} : consommation cumulée et montée en charge prévue")
    if axes.get_legend_handles_labels()[0]:
        axes.legend(loc="upper left", frameon=False)
    return fig


def _source(b: Bilan) -> str:
    return " Données simulées." if b.simule else ""


def alt_execution(b: Bilan, contrat: str, exercice: int | None = None) -> str:
    """Alternative text of `execution_par_action`: what the picture says."""
    run = _run(b, exercice)
    name = fmt.word(titres_courts(), contrat)
    frame = open_actions(b, run, contrat) if run is not None else None
    if frame is None or frame.empty:
        return f"{name} : exécution non renseignée."
    rated = [r for r in frame.to_dict("records") if r["taux"] is not None]
    text = f"Barres, {name} {run.exercice} : prévu et réalisé de {len(frame)} actions."
    if rated:
        low, high = (f(rated, key=lambda r: r["taux"]) for f in (min, max))
        text += (
            f" Taux le plus bas : action {low['action']}, {fmt.pourcent(low['taux'])} ;"
            f" le plus haut : action {high['action']}, {fmt.pourcent(high['taux'])}."
        )
    return text + _source(b)


def alt_cumul(b: Bilan, contrat: str, exercice: int | None = None) -> str:
    """Alternative text of `cumul`."""
    run = _run(b, exercice)
    name = fmt.word(titres_courts(), contrat)
    if run is None:
        return f"{name} : exécution non renseignée."
    done = total(_of(run.par_action, contrat)["realise"])
    planned = planned_ramp_up(b, contrat, run.exercice)[-1] if contrat in b.contrats else 0
    words = f"{fmt.euros(round(planned * 100))} en décembre" if planned else "non renseigné"
    return (
        f"Courbes, {name} {run.exercice} : réalisé cumulé par mois ({fmt.euros(done)} au total) et "
        f"attendu selon les trajectoires ({words})." + _source(b)
    )
