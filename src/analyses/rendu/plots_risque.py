"""The risk as pictures: one fan chart per action, all the actions ranked by State money at risk."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from analyses.chiffres.table import values
from analyses.contrat.citations import clause_of
from analyses.rendu.affichage import article, nom_contrat
from analyses.rendu.plots import _figure, _said, _short, _source, _thousands
from analyses.rendu.tableau import tableau
from analyses.rendu.tables_risque import dernier, du_dernier, quand, seuil
from analyses.risque.courbes import Courbe, courbes
from analyses.socle import fmt

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from analyses.bilan import Bilan
    from analyses.risque.courbes import Courbes

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
    "projection_consomme": ("déjà consommé", "#0072b2"),
    "projection_engage": ("engagé, paiement probable", "#009e73"),
    "projection_plan": ("attendu du plan", "#b8d4e8"),
}
_MESURES = [
    *("prevu", *_PARTS, "projection", "projection_bas_80", "projection_haut_80"),
    *("taux_projection", "probabilite_sous_consommation", "statut_sous_consommation"),
    *("montant_a_risque", "sans_explication"),
]
_COLONNES = 4
Ligne = dict[Any, Any]


def _lignes(b: Bilan, contrat: str | None = None) -> list[Ligne]:
    """Figures of the actions that have a budget and a projection, in the contract's order."""
    rows = tableau(du_dernier(b).query("niveau == 'action'"), _MESURES).to_dict("records")
    for row in rows:
        action = b.contrats[row["contrat"]].actions[row["code"]]
        row |= {"nom": action.libelle, "statut": row["statut_sous_consommation"]}
        row["statut"] = row["statut"] or "non_renseigne"
    known = [row for row in rows if not fmt.missing(row["projection"]) and row["prevu"]]
    return [row for row in known if contrat in (None, row["contrat"])]


def _part(row: Ligne) -> str:
    return fmt.pourcent(row["taux_projection"], "sans objet", 0)


def _entre(row: Ligne) -> str:
    return fmt.entre(row["projection_bas_80"], row["projection_haut_80"])


def _sans_projection(b: Bilan, words: str) -> Figure:
    fig, axes = _figure(b, 8, 2)
    _said(axes, f"{words} : {fmt.NON_RENSEIGNE}")
    return fig


# --- one fan per action ---------------------------------------------------------------------


def _axe(curve: Courbe, exercice: int) -> tuple[list[int], list[float]]:
    """Days of the exercise (0 on its eve) and euros."""
    eve = date(exercice, 1, 1) - timedelta(days=1)
    return [(day - eve).days for day, _ in curve], [amount / 100 for _, amount in curve]


def _panneau(axes: Axes, row: Ligne, curves: Courbes, exercice: int) -> None:
    budget, closed = row["prevu"] / 100, not curves.eventail
    days, plan = _axe(curves.plan, exercice)
    at, done = _axe(curves.realise, exercice)
    last, end = max(days[-1], *at), days[-1]
    axes.axhline(budget, color="#c9d3dc", lw=0.8, zorder=0)
    axes.axhline(curves.limite / 100, color=_SEUIL, lw=0.8, ls=(0, (1, 2)))
    axes.plot(days, plan, "--", color=_PLAN, lw=1)
    for (low, high), alpha in zip(curves.eventail, (0.3, 0.45), strict=False):
        x, y = _axe(low, exercice)
        axes.fill_between(x, y, _axe(high, exercice)[1], color=_EVENTAIL, alpha=alpha, linewidth=0)
    if not closed:
        x, y = _axe(curves.centre, exercice)
        axes.plot(x, y, color=_REEL, lw=1.2, ls=":")
        axes.plot(x[-1:], y[-1:], "o", color=_REEL, ms=4)
    axes.plot(at, done, color=_REEL, lw=1.8)
    axes.plot(at[-1:], done[-1:], "s" if closed else ".", color=_REEL, ms=4 if closed else 6)
    top = max(budget, min(row["projection_haut_80"] / 100, 2 * budget), *done, 0.01)
    axes.set_ylim(min(0, *done, row["projection_bas_80"] / 100), top * 1.28)
    axes.set_xlim(0, last + 4)
    if last > end:
        axes.axvspan(end, last + 4, color="#f2f2f2", zorder=0, lw=0)
    axes.set_yticks([0, budget / 2, budget])
    axes.yaxis.set_major_formatter(
        lambda v, _: f"{v:,.0f} €".replace(",", " ").replace(" ", fmt.NBSP)
    )
    axes.set_xticks(days, ["", *"JFMAMJJASOND"], ha="right")
    axes.tick_params(labelsize=6.5, length=2, pad=1.5)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.set_title(f"{row['code']} – {_short(row['nom'], 38)}", fontsize=8, loc="left", pad=3)
    head = f"{_STATUTS_COURTS[row['statut']]} · {'réalisé' if closed else 'projeté'} {_part(row)}"
    place: Any = {"transform": axes.transAxes, "fontsize": 7, "va": "top"}
    axes.text(0.02, 0.985, "■", color=_STATUTS[row["statut"]], **place)
    axes.text(0.075, 0.985, head, fontweight="bold", color="#1a1a1a", **place)


def eventails(b: Bilan, contrat: str) -> Figure:
    """Small multiples: plan, actual and interval of each action, on its own scale in euros."""
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    rows, risque = _lignes(b, contrat), dernier(b)
    if not rows:
        return _sans_projection(b, "Projection")
    situations = {s.cle: s for s in risque.situations}
    lines = -(-len(rows) // _COLONNES)
    fig = Figure(figsize=(11, 0.9 + 1.75 * lines), layout="constrained")
    grid = fig.subplots(lines, _COLONNES, squeeze=False).ravel()
    for axes, row in zip(grid, rows, strict=False):
        key = contrat, row["code"]
        curves = courbes(situations[key], risque.lois[key], risque.seuils)
        _panneau(axes, row, curves, risque.exercice)
    for axes in grid[len(rows) :]:
        axes.set_axis_off()
    fig.suptitle(
        f"{nom_contrat(contrat)} {risque.exercice} : consommation cumulée de chaque action, en "
        f"euros ({quand(b)})",
        fontsize=11,
    )
    handles: list[Any] = [
        Line2D([], [], color=_REEL, lw=1.8, label="réalisé"),
        Line2D([], [], color=_PLAN, ls="--", lw=1, label="trajectoire prévue"),
        Line2D([], [], color=_SEUIL, ls=":", lw=1, label=f"seuil, {seuil(b)} du budget"),
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
    if b.simule:
        fig.text(
            0.5, 0.5, "« Données simulées »", fontsize=34, color="#b00020", alpha=0.13,
            rotation=24, ha="center", va="center",
        )  # fmt: skip
    return fig


def alt_eventails(b: Bilan, contrat: str) -> str:
    """Alternative text of `eventails`: the end of the year of each action."""
    rows, risque, name = _lignes(b, contrat), dernier(b), nom_contrat(contrat)
    if not rows:
        return f"{name} : projection non renseignée."
    closed = risque.au is None
    told = " ; ".join(
        f"action {row['code']}, {_part(row)} du prévu"
        + ("" if closed else f" (huit fois sur dix, {_entre(row)})")
        for row in rows
    )
    kind = "réalisé" if closed else "projection au 31 décembre"
    return (
        f"Courbes, {name} {risque.exercice} : réalisé cumulé, trajectoire prévue et {kind} de "
        f"{len(rows)} actions ({quand(b)}). {told}." + _source(b)
    )


# --- what each projection is made of --------------------------------------------------------


def _du_budget(row: Ligne, name: str) -> float:
    """A figure on the axis: percent of the action's budget; 0 where it is not known."""
    return 0.0 if fmt.missing(row[name]) else 100 * row[name] / row["prevu"]


def _barre(axes: Axes, rank: int, row: Ligne, limit: float) -> None:
    left = 0.0
    for name, (_, colour) in _PARTS.items():
        width = _du_budget(row, name)
        axes.barh(rank, width, 0.66, left, color=colour)
        left += width
    low, high = _du_budget(row, "projection_bas_80"), _du_budget(row, "projection_haut_80")
    if high > low:
        axes.plot([low, high], [rank, rank], color="#1a1a1a", lw=1, marker="|", ms=7)
    far = max(left, high) > limit
    axes.text(
        limit + 8 if far else max(left, high) + 1.5, rank, f"{_part(row)}{' →' if far else ''}",
        va="center", ha="right" if far else "left", fontsize=8,
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 1} if far else None,
    )  # fmt: skip


def contributions(b: Bilan, contrat: str) -> Figure:
    """Each projection as its named parts, in percent of the budget, with its 80 % interval."""
    from matplotlib.lines import Line2D
    from matplotlib.ticker import PercentFormatter

    rows, risque = _lignes(b, contrat), dernier(b)
    if not rows:
        return _sans_projection(b, "Projection")
    fig, axes = _figure(b, 10.5, 1.7 + 0.29 * len(rows))
    limit = max(130, min(180, *(_du_budget(row, "projection_haut_80") for row in rows)))
    for rank, row in enumerate(rows):
        _barre(axes, rank, row, limit)
    axes.axvline(100 * float(risque.seuils["seuil_sous_consommation"]), color=_SEUIL, lw=1, ls=":")
    axes.axvline(100, color="#9aa5b1", lw=1)
    _noms(axes, [f"{row['code']} – {_short(row['nom'])}" for row in rows])
    axes.set_xlim(min(0, *(_du_budget(row, "projection_bas_80") for row in rows)), limit + 10)
    axes.xaxis.set_major_formatter(PercentFormatter(symbol=f"{fmt.NBSP}%", decimals=0))
    axes.set_xlabel("part du budget de l'année")
    axes.set_title(
        f"{nom_contrat(contrat)} {risque.exercice} : de quoi la fin d'année est faite "
        f"({quand(b)})",
        loc="left", fontsize=12,
    )  # fmt: skip
    handles: list[Any] = [
        Line2D([], [], color=colour, lw=7, label=words)
        for key, (words, colour) in _PARTS.items()
        if any(_du_budget(row, key) for row in rows)
    ]
    if risque.au is not None:
        handles.append(
            Line2D([], [], color="#1a1a1a", lw=1, marker="|", ms=7, label="huit fois sur dix")
        )
    handles.append(Line2D([], [], color=_SEUIL, lw=1, ls=":", label=f"seuil, {seuil(b)}"))
    fig.legend(handles=handles, loc="outside lower center", ncols=5, frameon=False, fontsize=8)
    return fig


def _noms(axes: Axes, names: Sequence[str]) -> None:
    axes.set_yticks(range(len(names)), names)
    axes.tick_params(axis="y", labelsize=8, length=0)
    axes.set_ylim(len(names) - 0.4, -0.6)


def _total(b: Bilan, contrat: str, mesure: str) -> str:
    """A figure of a contract, in whole euros."""
    rows = du_dernier(b).query("mesure == @mesure and niveau == 'contrat' and contrat == @contrat")
    found: Any = values(rows[rows["financeur"].isin(["total", "etat"])])
    return fmt.ronds(next(iter(found), None))


def alt_contributions(b: Bilan, contrat: str) -> str:
    """Alternative text of `contributions`: the parts of the contract's total."""
    rows, name = _lignes(b, contrat), nom_contrat(contrat)
    if not rows:
        return f"{name} : projection non renseignée."
    told = ", ".join(f"{words} {_total(b, contrat, key)}" for key, (words, _) in _PARTS.items())
    return (
        f"Barres, {name} : parts de la fin d'année de {len(rows)} actions en pourcentage de leur "
        f"budget. Ensemble : {told}." + _source(b)
    )


# --- the ranking ----------------------------------------------------------------------------


def _classes(b: Bilan) -> list[Ligne]:
    """Actions with a budget, most State money at risk first."""
    return sorted(
        _lignes(b),
        key=lambda row: (-row["montant_a_risque"], -(row["probabilite_sous_consommation"] or 0)),
    )


def classement(b: Bilan) -> Figure:
    """Every action of the contracts, ranked by State money at risk; the colour is its status."""
    from matplotlib.patches import Patch

    risque, rows = dernier(b), _classes(b)
    if not rows:
        return _sans_projection(b, "Argent de l'État en jeu")
    fig, axes = _figure(b, 10.5, 1.6 + 0.25 * len(rows))
    longest = rows[0]["montant_a_risque"] / 100 or 1
    for rank, row in enumerate(rows):
        amount = row["montant_a_risque"] / 100
        defended = row["sans_explication"] < row["montant_a_risque"]
        axes.barh(
            rank, amount, 0.72, color=_STATUTS[row["statut"]],
            hatch="////" if defended else None, edgecolor="white", linewidth=0,
        )  # fmt: skip
        words = f"{fmt.ronds(row['montant_a_risque'])} · {_STATUTS_COURTS[row['statut']]}"
        if risque.au is not None:
            words += f" · {fmt.chance(row['probabilite_sous_consommation'])}"
        axes.text(
            amount + longest * 0.008, rank, words, va="center", fontsize=7.5,
            color="#1a1a1a" if amount else "#6b7580",
        )  # fmt: skip
    _noms(
        axes,
        [f"{nom_contrat(r['contrat'])} {r['code']} – {_short(r['nom'], 40)}" for r in rows],
    )
    axes.set_xlim(0, longest * 1.3)
    axes.set_xlabel("euros de l'État en jeu")
    _thousands(axes.xaxis)
    title = f"Argent de l'État en jeu par action, {risque.exercice} ({quand(b)})"
    axes.set_title(title, loc="left", fontsize=12)
    used = [status for status in _STATUTS if any(row["statut"] == status for row in rows)]
    handles = [Patch(color=_STATUTS[status], label=_STATUTS_COURTS[status]) for status in used]
    words = f"hachuré : défendu par une explication{_defendus(b)}"
    handles.append(Patch(facecolor="#7f7f7f", edgecolor="white", hatch="////", label=words))
    end = "" if risque.au is None else " ; le pourcentage est le risque de finir sous le seuil"
    axes.legend(
        handles=handles, loc="lower right", frameon=False, fontsize=8,
        title=f"seuil {seuil(b)}{end}", title_fontsize=8,
    )  # fmt: skip
    return fig


def _defendus(b: Bilan) -> str:
    """The contracts under which an explanation defends, with their articles, in brackets."""
    told = [
        f"{nom_contrat(code)} {article(own, 'montant_a_risque')}".lower()
        for code, contrat in b.contrats.items()
        if clause_of(contrat, "sous_consommation") is not None
        for own in [b.chiffres[b.chiffres["contrat"] == code]]
    ]
    return f" ({', '.join(told)})" if told else ""


def alt_classement(b: Bilan) -> str:
    """Alternative text of `classement`: the first actions and the contracts' totals."""
    rows = _classes(b)
    if not rows:
        return "Argent de l'État en jeu non renseigné."
    codes = dict.fromkeys(s.contrat for s in dernier(b).situations)
    totals = ", ".join(
        f"{nom_contrat(code)} {_total(b, code, 'montant_a_risque')}" for code in codes
    )
    shown = ", ".join(
        f"{nom_contrat(r['contrat'])} {r['code']} {fmt.ronds(r['montant_a_risque'])} "
        f"({fmt.statut(r['statut'])})"
        for r in [row for row in rows if row["montant_a_risque"]][:5]
    )
    return (
        f"Barres, {len(rows)} actions classées par argent de l'État en jeu ({totals}). En "
        f"tête : {shown or 'aucune'}." + _source(b)
    )
