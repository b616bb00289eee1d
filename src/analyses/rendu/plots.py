"""Figures for those who would rather look than read. Each returns a matplotlib Figure.

They are built without pyplot (no global state); `show.figure(fig, alt)` shows them.
"""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from analyses.contrat.load import titres_courts
from analyses.rendu.show import _judged, _of, open_actions, total
from analyses.socle import fmt

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Bilan = Any
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
    name = fmt.word(titres_courts(), contrat)
    year = run.exercice if run is not None else ""
    return _status_bars(b, rows, f"{name} {year} : indicateurs par statut et par action")


def atteinte_par_annee(b: Bilan) -> Figure:
    """Number of indicator targets by status, one bar per contract and exercise."""
    frame = _judged(b)
    rows = []
    if len(frame):
        for (code, year), own in frame.groupby(["contrat", "exercice"], sort=True):
            rows.append((f"{fmt.word(titres_courts(), code)} {year}", Counter(own["statut"])))
    return _status_bars(b, rows, "Indicateurs par statut et par exercice")


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


def alt_atteinte(b: Bilan, contrat: str | None = None, exercice: int | None = None) -> str:
    """Alternative text of the indicator figures."""
    frame = _judged(b, contrat)
    if frame.empty:
        return "Indicateurs non renseignés."
    if exercice is not None:
        frame = frame[frame["exercice"] == exercice]
    shown = fmt.denombre(Counter(frame["statut"]))
    return f"Barres, nombre de cibles par statut : {shown}." + _source(b)
