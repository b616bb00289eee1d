"""Pictures of the indicators: small multiples, money against results."""

from __future__ import annotations

import textwrap
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pandas as pd

from analyses.atteinte.synthese import QUADRANTS
from analyses.contrat.parametres import load_seuils
from analyses.rendu.affichage import nom_contrat
from analyses.rendu.indicateurs import QUADRANTS as WORDS
from analyses.rendu.indicateurs import argent
from analyses.rendu.plots import _PREVU, _said, _short, _source, canvas
from analyses.rendu.plots_statuts import COULEURS, GRIS, legende, nom_ensemble, remplis
from analyses.socle import fmt

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

    from analyses.bilan import Bilan

Row = dict[Any, Any]
_MARKERS = {"atteint": "o", "partiellement": "D", "non_atteint": "X"}
_INK = "#333333"
# A mark and a colour by contract, in their order.
_MARQUES = (("o", "#0072b2"), ("s", "#d55e00"), ("^", _INK))


# --- small multiples ------------------------------------------------------------------------


def _number(value: Fraction, ratio: bool) -> str:
    """A figure of a picture: a rate without a useless decimal.

    >>> _number(Fraction(1, 2), True) == "50\u00a0%"
    True
    """
    return fmt.pourcent(value).replace(",0", "") if ratio else fmt.nombre(value)


def petits_multiples(b: Bilan, contrat: str, action: str) -> Figure:
    """Each indicator of an action over the years: T0, targets (line), results (marks)."""
    own = b.indicateurs.query("contrat == @contrat and action == @action")
    series = [part.to_dict("records") for _, part in own.groupby("code", sort=False)]
    columns = 3
    lines = -(-max(len(series), 1) // columns)
    fig = canvas(b, 9.5, 0.6 + 2.25 * lines)
    axes = fig.subplots(lines, columns, squeeze=False)
    last = b.exercices[-1]
    shown: set[str] = set()
    for rank, ax in enumerate(axes.flat):
        if rank < len(series):
            shown |= _panel(ax, series[rank], last)
        else:
            ax.set_axis_off()
    if not series:
        _said(axes[0][0], f"Indicateurs : {fmt.NON_RENSEIGNE}")
    fig.suptitle(_titre(b, contrat, action), fontsize=11, x=0.01, ha="left")
    legende(fig, sorted(shown))
    return fig


def _titre(b: Bilan, contrat: str, action: str) -> str:
    kind = "action " if action in b.contrats[contrat].actions else ""
    return f"{nom_contrat(contrat)}, {kind}{nom_ensemble(b, contrat, action)}"


def _panel(ax: Axes, rows: list[Row], last: int) -> set[str]:
    """One indicator; returns the statuses that it shows."""
    ratio = rows[0]["unite_comparee"] == "ratio"
    places = {row["exercice"]: rank for rank, row in enumerate(rows, start=1)}
    label = "\n".join(textwrap.wrap(rows[0]["libelle"], 40, max_lines=2, placeholder="…"))
    unit = "" if ratio else f"\n({_short(rows[0]['unite'], 34)})"
    ax.set_title(label + unit, fontsize=7.5, loc="left", color=_INK)
    aimed = [(places[r["exercice"]], _target(r)) for r in rows]
    targets = [(x, value) for x, value in aimed if value is not None]
    done = [r for r in rows if r["exercice"] <= last and r["resultat_niveau"] is not None]
    start = rows[0]["t0"] if rows[0]["t0_comparable"] else None
    path = [(0, float(start))] if start is not None else []
    path += [(x, float(value)) for x, value in targets]
    top = max([y for _, y in path] + [float(r["resultat_niveau"]) for r in done], default=0.0)
    ax.set_ylim(-0.06 * (top or 1), 1.25 * (top or 1))
    if path:
        ax.plot(*zip(*path, strict=True), "--", color=GRIS, lw=1)
    if start is not None:
        ax.plot([0], [float(start)], "o", mfc="white", mec=GRIS, ms=5)
        ax.annotate(_number(start, ratio), (0, float(start)), **_beside(6.5, GRIS, 5))
    marks = {places[r["exercice"]]: float(r["resultat_niveau"]) for r in done}
    for x, value in targets:
        y = float(value)
        ax.plot([x - 0.3, x + 0.3], [y, y], "-", color=_INK, lw=2)
        # Under its line, unless the axis or a result just below is in the way.
        under = y > 0.25 * top and not 0 < y - marks.get(x, y) < 0.3 * top
        look = _beside(7, _INK, -7 if under else 4)
        ax.annotate(_number(value, ratio), (x, y), **look)
    for row in done:
        x, y, status = places[row["exercice"]], float(row["resultat_niveau"]), row["statut"]
        ax.plot([x], [y], _MARKERS.get(status, "s"), ms=8, zorder=4,
                color=COULEURS[status], mec=_INK, mew=0.8)  # fmt: skip
        ax.annotate(_number(row["resultat_niveau"], ratio), (x, y), zorder=5, xytext=(8, 3),
                    textcoords="offset points", fontsize=7.5, fontweight="bold", color=_INK,
                    bbox={"fc": "white", "ec": "none", "pad": 0.6, "alpha": 0.85})  # fmt: skip
    if not targets:
        ax.text(0.5, 0.5, _no_target(rows), transform=ax.transAxes, ha="center", va="center",
                fontsize=8, style="italic", color=GRIS)  # fmt: skip
    _dress(ax, rows, places, last, bool(targets))
    return {row["statut"] for row in rows if row["exercice"] <= last}


def _target(row: Row) -> Fraction | None:
    """What the year aims at, at the scale of the results."""
    if row["cible_niveau"] is not None and row["cible_type"] != "vide":
        return row["cible_niveau"]
    return row["cible_comparee"]


def _no_target(rows: list[Row]) -> str:
    """Why no target is drawn, in the words that are printed."""
    words = list(dict.fromkeys(" ".join(str(r["cible_imprime"] or "").split()) for r in rows))
    said = ", ".join(f"« {_short(word, 24)} »" for word in words if word)
    return f"cibles : {said}" if said else "aucune cible imprimée"


def _beside(size: float, colour: str, shift: int) -> dict[str, Any]:
    """Look of a label above (positive shift) or under its point."""
    return {
        "xytext": (0, shift),
        "textcoords": "offset points",
        "ha": "center",
        "va": "bottom" if shift > 0 else "top",
        "fontsize": size,
        "color": colour,
    }


def _dress(ax: Axes, rows: list[Row], places: dict[int, int], last: int, drawn: bool) -> None:
    """Axis, and what has no place on it: targets in words, results that are no figure."""
    for side in ("top", "right", "left"):
        ax.spines[side].set_visible(False)
    ax.set_yticks([])
    initial = rows[0]["t0_imprime"] is not None
    labels = {0: "T0"} if initial else {}
    for row in rows:
        rank, words = places[row["exercice"]], []
        if drawn and row["cible"] is None and row["cible_imprime"]:
            words.append(_said_under("cible", row["cible_imprime"]))
        if row["exercice"] <= last and row["resultat_niveau"] is None:
            words.append(_said_under("résultat", row["resultat_imprime"]))
        labels[rank] = "\n".join([str(row["exercice"]), *words])
    ax.set_xticks(list(labels), list(labels.values()), fontsize=6.5)
    ax.tick_params(axis="x", length=0)
    ax.set_xlim(-0.5 if initial else 0.4, len(rows) + 0.7)


def _said_under(what: str, text: str | None) -> str:
    """A cell that is no figure, under its year.

    >>> _said_under("cible", "/"), _said_under("résultat", "X GIR 4"), _said_under("résultat", None)
    ('cible /', 'résultat\\nX GIR 4', 'résultat ?')
    """
    said = _short(" ".join((text or "?").split()) or "?", 11)
    return f"{what} {said}" if len(said) < 4 else f"{what}\n{said}"


def alt_multiples(b: Bilan, contrat: str, action: str) -> str:
    """Alternative text of `petits_multiples`: status and result of each indicator."""
    own = remplis(b).query("contrat == @contrat and action == @action")
    parts = [
        f"{row['libelle'].strip()} {row['exercice']} : cible {row['cible_imprime'] or 'vide'}, "
        f"résultat {row['resultat_imprime'] or fmt.NON_RENSEIGNE}, {fmt.statut(row['statut'])}"
        for row in own.to_dict("records")
    ]
    return f"{_titre(b, contrat, action)}. " + " ; ".join(parts) + "." + _source(b)


# --- money against results ------------------------------------------------------------------


def _placed(b: Bilan) -> pd.DataFrame:
    """The actions of the last exercise that have a place in the picture."""
    table = argent(b)
    return table[(table["exercice"] == b.exercices[-1]) & table["quadrant"].notna()]


def argent_resultats(b: Bilan) -> Figure:
    """Rate of execution against the part of judged targets that are attained, by action."""
    seuils = load_seuils()
    limit, half = float(seuils["seuil_sous_consommation"]), float(seuils["seuil_cibles_atteintes"])
    own = _placed(b)
    fig = canvas(b, 9.5, 1.2 if own.empty else 5.2)
    ax = fig.subplots()
    if own.empty:
        _said(ax, "Prévu ou réalisé par action non renseigné, ou aucune cible jugée")
        return fig
    right = max(1.15, *(float(rate) * 1.06 for rate in own["taux_execution"]))
    ax.set_xlim(-0.06, right)
    ax.set_ylim(-0.13, 1.27)
    ax.axvspan(limit, right, ymin=0, color=_PREVU, alpha=0.25, lw=0)
    ax.axvline(limit, color=GRIS, lw=1)
    ax.axhline(half, color=GRIS, lw=1)
    for (spent, reached), code in QUADRANTS.items():
        x, y = (right - 0.01 if spent else -0.05), (1.255 if reached else -0.115)
        number = len(own[own["quadrant"] == code])
        ax.text(x, y, f"{WORDS[code]} : {number}", fontsize=9, color=_INK, style="italic",
                ha="right" if spent else "left", va="top" if reached else "bottom")  # fmt: skip
    marks = dict(zip(b.contrats, _MARQUES, strict=False))
    _points(ax, own, marks)
    _percents(ax.xaxis)
    _percents(ax.yaxis)
    ax.set_yticks([0, 0.25, 0.5, 0.75, 1])
    ax.set_xlabel("taux d'exécution (réalisé sur prévu)")
    ax.set_ylabel("part des cibles jugées qui sont atteintes")
    ax.set_title(
        f"{b.exercices[-1]} : l'argent face aux résultats, une étiquette par action", fontsize=11
    )
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], ls="", marker=m, color=c, label=nom_contrat(k))
        for k, (m, c) in marks.items()
        if k in set(own["contrat"])
    ]
    fig.legend(handles=handles, loc="outside lower center", ncols=2, frameon=False, fontsize=8)
    return fig


def _percents(axis: Axis) -> None:
    axis.set_major_formatter(lambda value, _: f"{value * 100:.0f}{fmt.NBSP}%")


def _points(ax: Axes, own: pd.DataFrame, marks: dict[str, tuple[str, str]]) -> None:
    """A mark per action; labels of neighbours are stacked so that all can be read."""
    rows = own.sort_values(["part_atteinte", "taux_execution"], kind="stable").to_dict("records")
    taken: list[tuple[float, float]] = []
    for row in rows:
        x, y = float(row["taux_execution"]), float(row["part_atteinte"])
        marker, colour = marks.get(row["contrat"], _MARQUES[-1])
        ax.plot([x], [y], marker, color=colour, ms=7, mec="white", mew=0.8, zorder=3)
        level = y + 0.022
        while any(abs(x - a) < 0.05 and abs(level - c) < 0.034 for a, c in taken):
            level += 0.035
        taken.append((x, level))
        ax.text(x, level, row["code"], fontsize=7.5, ha="center", va="bottom", color=_INK)


def alt_argent(b: Bilan) -> str:
    """Alternative text of `argent_resultats`: the actions of each quadrant."""
    own = _placed(b)
    if own.empty:
        return "Argent face aux résultats : prévu, réalisé ou résultats non renseignés."
    parts = []
    for code, words in WORDS.items():
        rows = own[own["quadrant"] == code]
        names = ", ".join(f"{r.contrat} {r.code}" for r in rows.itertuples())
        parts.append(f"{words} : {names or 'aucune action'}")
    return (
        f"Nuage de points {b.exercices[-1]}, un par action. " + " ; ".join(parts) + "." + _source(b)
    )
