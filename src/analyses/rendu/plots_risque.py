"""The risk as pictures: one fan chart per action, all the actions ranked by State money at risk."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from analyses.contrat.load import titres_courts
from analyses.rendu.plots import _figure, _month_end, _said, _short, _source, _thousands
from analyses.rendu.show_risque import _entre, _part, _quand, _risque, _ronds, _seuil, chance
from analyses.risque.jugement import limite
from analyses.risque.loi import Loi
from analyses.risque.risque import Risque
from analyses.risque.situation import Situation
from analyses.socle import fmt

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Bilan = Any
_PLAN, _REEL, _EVENTAIL, _SEUIL = "#555555", "#0072b2", "#56b4e9", "#d55e00"
# Okabe-Ito; the word of the status is always written beside its colour.
_STATUTS = {
    "manifeste": "#d55e00",
    "non_renseigne": "#7f7f7f",
    "justifiee": "#e69f00",
    "expliquee": "#56b4e9",
    "rien_a_signaler": "#9aa5b1",
}
_STATUTS_COURTS = {key: fmt.STATUTS[key].partition(" (")[0] for key in _STATUTS}
_PARTS = {
    "consomme": ("déjà consommé", "#0072b2"),
    "engage": ("engagé, paiement probable", "#009e73"),
    "plan": ("attendu du plan", "#b8d4e8"),
}
_COLONNES = 4


def _euros(value: float, _: Any = None) -> str:
    return _ronds(round(value * 100))


def _jour(day: date, exercice: int) -> int:
    """Day of the exercise, 0 on its eve."""
    return (day - date(exercice, 1, 1)).days + 1


def _fin_de_mois(key: str, exercice: int) -> int:
    year, month = map(int, key.split("-"))
    return _jour(_month_end(year, month), exercice)


def _reel(s: Situation) -> tuple[list[int], list[float]]:
    """Cumulative consumption: the start of the year, each month end, the cut-off."""
    days, values = [0], [0.0]
    for month, cumul in s.courbe:
        day = _fin_de_mois(month, s.exercice)
        days.append(min(day, _jour(s.jour, s.exercice)) if s.au else day)
        values.append(cumul / 100)
    return days, values


def _eventail(s: Situation, law: Loi, axes: Axes) -> None:
    """Intervals from the cut-off to 31 December, opening as the plan spends."""
    year, now, left = s.exercice, (s.realise or 0) / 100, s.plan_fin - s.plan_au
    ends = [_month_end(year, month) for month in range(1, 13)]
    dates = [s.jour, *(day for day in ends if day > s.jour)]
    days = [_jour(day, year) for day in dates]
    if left > 0:
        opened = [
            float(min(Fraction(1), (s.trajectoire.part(d) - s.plan_au) / left)) for d in dates
        ]
    else:
        opened = [(day - days[0]) / max(1, days[-1] - days[0]) for day in days]

    def path(amount: int) -> list[float]:
        return [now + part * (amount / 100 - now) for part in opened]

    for niveau, alpha in ((0.8, 0.3), (0.5, 0.45)):
        low, high = law.intervalle(niveau)
        axes.fill_between(days, path(low), path(high), color=_EVENTAIL, alpha=alpha, linewidth=0)
    axes.plot(days, path(law.centre), color=_REEL, lw=1.2, ls=":")
    axes.plot(days[-1:], [law.centre / 100], "o", color=_REEL, ms=4)


def _panneau(axes: Axes, s: Situation, law: Loi, row: dict[Any, Any], risque: Risque) -> None:
    year, budget = s.exercice, (s.prevu or 0) / 100
    ends = [_fin_de_mois(f"{year}-{m:02d}", year) for m in range(1, 13)]
    last = max([ends[-1], *(_fin_de_mois(month, year) for month, _ in s.courbe)])
    plan_days = [0, *ends]
    plan = [0.0, *(float(s.trajectoire.part(_month_end(year, m))) * budget for m in range(1, 13))]
    axes.axhline(budget, color="#c9d3dc", lw=0.8, zorder=0)
    axes.axhline(limite(s.prevu or 0, risque.seuils) / 100, color=_SEUIL, lw=0.8, ls=(0, (1, 2)))
    axes.plot(plan_days, plan, "--", color=_PLAN, lw=1)
    if s.au is not None:
        _eventail(s, law, axes)
    days, values = _reel(s)
    axes.plot(days, values, color=_REEL, lw=1.8)
    axes.plot(days[-1:], values[-1:], "s" if s.clos else ".", color=_REEL, ms=4 if s.clos else 6)
    high = max(budget, min(law.haut / 100, 2 * budget), max(values), 0.01)
    axes.set_ylim(min(0, *values, law.bas / 100), high * 1.28)
    axes.set_xlim(0, last + 4)
    if last > ends[-1]:
        axes.axvspan(ends[-1], last + 4, color="#f2f2f2", zorder=0, lw=0)
    axes.set_yticks([0, budget / 2, budget])
    axes.yaxis.set_major_formatter(_euros)
    axes.set_xticks([0, *ends], ["", *"JFMAMJJASOND"], ha="right")
    axes.tick_params(labelsize=6.5, length=2, pad=1.5)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.set_title(f"{s.action} – {_short(s.libelle, 38)}", fontsize=8, loc="left", pad=3)
    end = "réalisé" if s.clos else "projeté"
    head = f"{_STATUTS_COURTS[row['statut']]} · {end} {_part(law.centre, s.prevu)}"
    place: Any = {"transform": axes.transAxes, "fontsize": 7, "va": "top"}
    axes.text(0.02, 0.985, "■", color=_STATUTS[row["statut"]], **place)
    axes.text(0.075, 0.985, head, fontweight="bold", color="#1a1a1a", **place)


def _montrees(b: Bilan, contrat: str) -> list[tuple[Situation, Loi, dict[Any, Any]]]:
    """Actions of a contract that have a budget and a distribution, in the contract's order."""
    risque = _risque(b)
    rows = {(r["contrat"], r["action"]): r for r in risque.actions.to_dict("records")}
    return [
        (s, risque.lois[s.cle], rows[s.cle])
        for s in risque.situations
        if s.contrat == contrat and s.prevu and s.cle in risque.lois
    ]


def eventails(b: Bilan, contrat: str) -> Figure:
    """Small multiples: plan, actual and interval of each action, on its own scale in euros."""
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    shown, risque = _montrees(b, contrat), _risque(b)
    if not shown:
        fig, axes = _figure(b, 8, 2)
        _said(axes, f"Projection : {fmt.NON_RENSEIGNE}")
        return fig
    lines = -(-len(shown) // _COLONNES)
    fig = Figure(figsize=(11, 0.9 + 1.75 * lines), layout="constrained")
    grid = fig.subplots(lines, _COLONNES, squeeze=False).ravel()
    for axes, (s, law, row) in zip(grid, shown, strict=False):
        _panneau(axes, s, law, row, risque)
    for axes in grid[len(shown) :]:
        axes.set_axis_off()
    name = fmt.word(titres_courts(), contrat)
    fig.suptitle(
        f"{name} {risque.exercice} : consommation cumulée de chaque action, en euros "
        f"({_quand(risque)})",
        fontsize=11,
    )
    handles: list[Any] = [
        Line2D([], [], color=_REEL, lw=1.8, label="réalisé"),
        Line2D([], [], color=_PLAN, ls="--", lw=1, label="trajectoire prévue"),
        Line2D([], [], color=_SEUIL, ls=":", lw=1, label=f"seuil, {_seuil(risque)} du budget"),
        Line2D([], [], color="#c9d3dc", lw=1, label="budget"),
    ]
    if risque.au is None:
        handles.append(Patch(color="#f2f2f2", label="journée complémentaire"))
    else:
        handles += [
            Line2D([], [], color=_REEL, ls=":", marker="o", ms=4, label="projection"),
            Patch(color=_EVENTAIL, alpha=0.75, label="une fois sur deux"),
            Patch(color=_EVENTAIL, alpha=0.3, label="huit fois sur dix"),
        ]
    fig.legend(handles=handles, loc="outside lower center", ncols=7, frameon=False, fontsize=8)
    _filigrane(b, fig)
    return fig


def _filigrane(b: Bilan, fig: Figure) -> None:
    if b.simule:
        fig.text(
            0.5, 0.5, "« Données simulées »", fontsize=34, color="#b00020", alpha=0.13,
            rotation=24, ha="center", va="center",
        )  # fmt: skip


def contributions(b: Bilan, contrat: str) -> Figure:
    """Each projection as its named parts, in percent of the budget, with its 80 % interval."""
    from matplotlib.lines import Line2D
    from matplotlib.ticker import PercentFormatter

    shown, risque = _montrees(b, contrat), _risque(b)
    if not shown:
        fig, axes = _figure(b, 8, 2)
        _said(axes, f"Projection : {fmt.NON_RENSEIGNE}")
        return fig
    fig, axes = _figure(b, 10.5, 1.7 + 0.29 * len(shown))
    ends = [max(law.haut, law.centre) / (s.prevu or 1) for s, law, _ in shown]
    limit = 100 * max(1.3, min(1.8, max(ends)))
    for rank, (s, law, _) in enumerate(shown):
        left, whole = 0.0, s.prevu or 1
        for name, (_, colour) in _PARTS.items():
            part = 100 * law.contributions.get(name, 0) / whole
            axes.barh(rank, part, 0.66, left, color=colour)
            left += part
        low, high = 100 * law.bas / whole, 100 * law.haut / whole
        if high > low:
            axes.plot([low, high], [rank, rank], color="#1a1a1a", lw=1, marker="|", ms=7)
        far = max(left, high) > limit
        axes.text(
            limit + 8 if far else max(left, high) + 1.5, rank,
            f"{_part(law.centre, whole)}{' →' if far else ''}",
            va="center", ha="right" if far else "left", fontsize=8,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 1} if far else None,
        )  # fmt: skip
    level = 100 * float(risque.seuils["seuil_sous_consommation"])
    axes.axvline(level, color=_SEUIL, lw=1, ls=":")
    axes.axvline(100, color="#9aa5b1", lw=1)
    axes.set_yticks(range(len(shown)), [f"{s.action} – {_short(s.libelle)}" for s, _, _ in shown])
    axes.tick_params(axis="y", labelsize=8, length=0)
    axes.set_ylim(len(shown) - 0.4, -0.6)
    axes.set_xlim(100 * min(0, *(law.bas / (s.prevu or 1) for s, law, _ in shown)), limit + 10)
    axes.xaxis.set_major_formatter(PercentFormatter(symbol=f"{fmt.NBSP}%", decimals=0))
    axes.set_xlabel("part du budget de l'année")
    name = fmt.word(titres_courts(), contrat)
    axes.set_title(
        f"{name} {risque.exercice} : de quoi la fin d'année est faite ({_quand(risque)})",
        loc="left", fontsize=12,
    )  # fmt: skip
    used = [key for key in _PARTS if any(law.contributions.get(key) for _, law, _ in shown)]
    handles: list[Any] = [
        Line2D([], [], color=_PARTS[key][1], lw=7, label=_PARTS[key][0]) for key in used
    ]
    if risque.au is not None:
        handles.append(
            Line2D([], [], color="#1a1a1a", lw=1, marker="|", ms=7, label="huit fois sur dix")
        )
    handles.append(Line2D([], [], color=_SEUIL, lw=1, ls=":", label=f"seuil, {_seuil(risque)}"))
    fig.legend(handles=handles, loc="outside lower center", ncols=5, frameon=False, fontsize=8)
    return fig


def alt_contributions(b: Bilan, contrat: str) -> str:
    """Alternative text of `contributions`: the parts of the contract's total."""
    shown = _montrees(b, contrat)
    name = fmt.word(titres_courts(), contrat)
    if not shown:
        return f"{name} : projection non renseignée."
    told = ", ".join(
        f"{words} {_ronds(sum(law.contributions.get(key, 0) for _, law, _ in shown))}"
        for key, (words, _) in _PARTS.items()
    )
    return (
        f"Barres, {name} : parts de la fin d'année de {len(shown)} actions en pourcentage de leur "
        f"budget. Ensemble : {told}." + _source(b)
    )


def _classes(b: Bilan) -> list[dict[Any, Any]]:
    """Actions with a budget, most State money at risk first."""
    rows = [r for r in _risque(b).actions.to_dict("records") if r["montant_a_risque"] is not None]
    rows = [row for row in rows if row["prevu"]]
    return sorted(rows, key=lambda r: (-r["montant_a_risque"], -(r["probabilite"] or 0)))


def classement(b: Bilan) -> Figure:
    """Every action of the contracts, ranked by State money at risk; the colour is its status."""
    from matplotlib.patches import Patch

    risque, rows = _risque(b), _classes(b)
    if not rows:
        fig, axes = _figure(b, 8, 2)
        _said(axes, f"Argent de l'État à risque : {fmt.NON_RENSEIGNE}")
        return fig
    fig, axes = _figure(b, 10.5, 1.6 + 0.25 * len(rows))
    longest = max(row["montant_a_risque"] for row in rows) / 100 or 1
    for rank, row in enumerate(rows):
        amount = row["montant_a_risque"] / 100
        defended = row["sans_explication"] < row["montant_a_risque"]
        axes.barh(
            rank, amount, 0.72, color=_STATUTS[row["statut"]],
            hatch="////" if defended else None, edgecolor="white", linewidth=0,
        )  # fmt: skip
        words = f"{_ronds(row['montant_a_risque'])} · {_STATUTS_COURTS[row['statut']]}"
        if risque.au is not None:
            words += f" · {chance(row['probabilite'])}"
        axes.text(
            amount + longest * 0.008, rank, words, va="center", fontsize=7.5,
            color="#1a1a1a" if amount else "#6b7580",
        )  # fmt: skip
    names = {"solidarites": "Solid.", "emploi": "Emploi"}
    axes.set_yticks(
        range(len(rows)),
        [
            f"{names.get(r['contrat'], r['contrat'])} {r['action']} – {_short(r['libelle'], 40)}"
            for r in rows
        ],
    )
    axes.tick_params(axis="y", labelsize=8, length=0)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_xlim(0, longest * 1.3)
    axes.set_xlabel("euros de l'État à risque")
    _thousands(axes.xaxis)
    title = f"Argent de l'État à risque par action, {risque.exercice} ({_quand(risque)})"
    axes.set_title(title, loc="left", fontsize=12)
    used = [status for status in _STATUTS if any(row["statut"] == status for row in rows)]
    handles = [Patch(color=_STATUTS[status], label=_STATUTS_COURTS[status]) for status in used]
    words = "hachuré : défendu par une explication (solidarités art. 2.2)"
    handles.append(Patch(facecolor="#7f7f7f", edgecolor="white", hatch="////", label=words))
    end = "" if risque.au is None else " ; le pourcentage est le risque de finir sous le seuil"
    axes.legend(
        handles=handles, loc="lower right", frameon=False, fontsize=8,
        title=f"seuil {_seuil(risque)}{end}", title_fontsize=8,
    )  # fmt: skip
    return fig


def alt_classement(b: Bilan) -> str:
    """Alternative text of `classement`: the first actions and the total."""
    rows = _classes(b)
    if not rows:
        return "Argent de l'État à risque non renseigné."
    total = sum(row["montant_a_risque"] for row in rows)
    first = [row for row in rows if row["montant_a_risque"]][:5]
    shown = ", ".join(
        f"{fmt.word(titres_courts(), r['contrat'])} {r['action']} {_ronds(r['montant_a_risque'])} "
        f"({fmt.statut(r['statut'])})"
        for r in first
    )
    return (
        f"Barres, {len(rows)} actions classées par argent de l'État à risque, {_ronds(total)} en "
        f"tout. En tête : {shown or 'aucune'}." + _source(b)
    )


def alt_eventails(b: Bilan, contrat: str) -> str:
    """Alternative text of `eventails`: the end of the year of each action."""
    shown, risque = _montrees(b, contrat), _risque(b)
    name = fmt.word(titres_courts(), contrat)
    if not shown:
        return f"{name} : projection non renseignée."
    told = " ; ".join(
        f"action {s.action}, {_part(law.centre, s.prevu)} du prévu"
        + ("" if s.clos else f" (huit fois sur dix, {_entre(law.bas, law.haut)})")
        for s, law, _ in shown
    )
    kind = "réalisé" if risque.au is None else "projection au 31 décembre"
    return (
        f"Courbes, {name} {risque.exercice} : réalisé cumulé, trajectoire prévue et {kind} de "
        f"{len(shown)} actions ({_quand(risque)}). {told}." + _source(b)
    )
