"""Pictures of statuses: a map of every indicator, bars of numbers of targets.

A status is never told by its colour alone: each has its sign or its number, and the palette is
Okabe-Ito.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from analyses.atteinte.synthese import STATUTS
from analyses.rendu.affichage import nom_action, nom_contrat
from analyses.rendu.indicateurs import NOMBRES, denombre
from analyses.rendu.plots import _figure, _said, _short, _source, canvas
from analyses.rendu.tableau import tableau
from analyses.socle import fmt

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from analyses.bilan import Bilan

Row = dict[Any, Any]
SIGNES = {
    "atteint": "✓",
    "partiellement": "≈",
    "non_atteint": "✗",
    "non_evaluable": "–",
    "sans_objet": "/",
    "non_renseigne": "?",
}
COULEURS = {
    "atteint": "#0072b2",
    "partiellement": "#56b4e9",
    "non_atteint": "#d55e00",
    "non_evaluable": "#8c8c8c",
    "sans_objet": "#c9c9c9",
    "non_renseigne": "#ececec",
}
GRIS = "#767676"
_DARK = ("atteint", "non_atteint")


def legende(fig: Figure, statuses: Sequence[str]) -> None:
    """The signs and colours of some statuses."""
    from matplotlib.patches import Patch

    handles = [
        Patch(facecolor=COULEURS[s], edgecolor=GRIS, label=f"{SIGNES[s]}  {fmt.statut(s)}")
        for s in STATUTS
        if s in statuses
    ]
    fig.legend(handles=handles, loc="outside lower center", ncols=6, frameon=False, fontsize=8)


def remplis(b: Bilan) -> pd.DataFrame:
    """The years that a picture fills: those of the bilan, and those before."""
    return b.indicateurs[b.indicateurs["exercice"] <= b.exercices[-1]]


def nom_ensemble(b: Bilan, contrat: str, action: str) -> str:
    """An action, or the national indicators with the table that prints them."""
    name, signed = nom_action(b, contrat, action), b.contrats[contrat]
    if action in signed.actions:
        return name
    sources = dict.fromkeys(indicator.source for indicator in signed.nationaux)
    return f"{name[:1].lower()}{name[1:]} ({', '.join(sources)})"


# --- map of statuses ------------------------------------------------------------------------


def _map_rows(b: Bilan) -> Iterator[tuple[str, list[Row]]]:
    """(heading, []) for an action, then (label, its years) for each of its indicators."""
    for place, own in b.indicateurs.groupby(["contrat", "action"], sort=False):
        contrat, action = map(str, place)
        name = nom_ensemble(b, contrat, action)
        local = action in b.contrats[contrat].actions
        yield name if local else f"{nom_contrat(contrat)}, {name}", []
        for _, part in own.groupby("code", sort=False):
            rows = part.to_dict("records")
            yield _middle(re.sub("^Nombre d(e |’|')", "", rows[0]["libelle"].strip(" :*."))), rows


def _middle(text: str, size: int = 60) -> str:
    """A label cut in its middle: two that start alike stay apart.

    >>> _middle("actions portées à destination des collèges", 30)
    'Actions portées…des collèges'
    """
    text = text[:1].upper() + text[1:]
    if len(text) <= size:
        return text
    tail = text[-(size // 2 - 1) :].partition(" ")[2] or text[-(size // 2 - 1) :]
    return _short(text, size - len(tail)) + tail


def carte(b: Bilan) -> Figure:
    """Status of every indicator, by action and year: one tile per target, its sign inside."""
    lines = list(_map_rows(b))
    blocks = _blocks(lines, 2)
    fig = canvas(b, 10.5, 1.3 + 0.165 * max((len(block) for block in blocks), default=4))
    axes = fig.subplots(1, 2, squeeze=False)[0]
    years = sorted({row["exercice"] for _, rows in lines for row in rows})
    last = b.exercices[-1]
    used: set[str] = set()
    for ax, block in zip(axes, blocks, strict=True):
        used |= _map_block(ax, block, years, last)
    if not lines:
        _said(axes[0], f"Indicateurs : {fmt.NON_RENSEIGNE}")
    fig.suptitle("Statut de chaque indicateur, par action et par année", fontsize=11)
    legende(fig, sorted(used))
    return fig


def _blocks(lines: Sequence[Any], count: int) -> list[list[Any]]:
    """Lines in `count` columns of about the same height, an action never cut in two."""
    starts = [rank for rank, (_, rows) in enumerate(lines) if not rows] or [0]
    cuts = [min(starts, key=_nearest(part * len(lines) / count)) for part in range(count)]
    return [list(lines[i:j]) for i, j in zip(cuts, [*cuts[1:], len(lines)], strict=True)]


def _nearest(place: float) -> Callable[[int], float]:
    return lambda rank: abs(rank - place)


def _map_block(ax: Axes, block: Sequence[Any], years: Sequence[int], last: int) -> set[str]:
    from matplotlib.patches import Rectangle

    used: set[str] = set()
    ax.set_xlim(-8.2, len(years))
    ax.set_ylim(len(block) + 0.2, -1.4)
    ax.set_axis_off()
    for rank, year in enumerate(years):
        ax.text(rank + 0.5, -0.7, str(year), ha="center", va="center", fontsize=7)
    for line, (label, rows) in enumerate(block):
        if not rows:
            ax.text(-8.2, line + 0.55, _short(label, 62), fontsize=7.5, fontweight="bold",
                    va="center")  # fmt: skip
            continue
        ax.text(-0.15, line + 0.5, label, fontsize=6.6, ha="right", va="center")
        for row in rows:
            x, status = years.index(row["exercice"]), row["statut"]
            if row["exercice"] > last:
                look: dict[str, Any] = {"facecolor": "white", "edgecolor": "#dddddd"}
            else:
                used.add(status)
                look = {"facecolor": COULEURS[status], "edgecolor": "white"}
                colour = "white" if status in _DARK else "black"
                ax.text(x + 0.5, line + 0.52, SIGNES[status], fontsize=7, color=colour,
                        ha="center", va="center")  # fmt: skip
            ax.add_patch(Rectangle((x + 0.04, line + 0.06), 0.92, 0.88, lw=0.6, **look))
    return used


def alt_carte(b: Bilan) -> str:
    """Alternative text of `carte`."""
    frame = remplis(b)
    if frame.empty:
        return "Indicateurs non renseignés."
    parts = []
    for year, own in frame.groupby("exercice", sort=True):
        count = Counter(own["statut"])
        shown = ", ".join(f"{n} {fmt.statut(k)}" for k in STATUTS if (n := count.get(k)))
        parts.append(f"{year}, {len(own)} cibles : {shown}")
    return (
        "Carte des statuts, un carré par indicateur et par année. "
        + " ; ".join(parts)
        + "."
        + _source(b)
    )


# --- numbers of targets ---------------------------------------------------------------------


def barres_par_action(b: Bilan, contrat: str, exercice: int | None = None) -> Figure:
    """Number of targets by status, one bar per action, and one for what is national."""
    year = exercice or b.exercices[-1]
    own = b.chiffres.query("niveau == 'action' and contrat == @contrat and exercice == @year")
    table = tableau(own, list(NOMBRES.values()))
    labels = [_short(nom_action(b, contrat, code), 48) for code in table["code"]]
    title = f"{nom_contrat(contrat)} {year} : indicateurs par statut et par action"
    return _bars(b, table, labels, title)


def barres_par_annee(b: Bilan) -> Figure:
    """Number of targets by status, one bar per contract and exercise."""
    table = _whole(b)
    places = zip(table["contrat"], table["exercice"], strict=True)
    labels = [f"{nom_contrat(contrat)} {year}" for contrat, year in places]
    return _bars(b, table, labels, "Indicateurs par statut et par exercice")


def _whole(b: Bilan) -> pd.DataFrame:
    """Numbers of targets of each contract, by contract and exercise."""
    table = tableau(b.chiffres.query("niveau == 'contrat'"), list(NOMBRES.values()))
    return table.sort_values(["contrat", "exercice"])


def _bars(b: Bilan, table: pd.DataFrame, labels: Sequence[str], title: str) -> Figure:
    from matplotlib.patches import Patch
    from matplotlib.ticker import MaxNLocator

    fig, axes = _figure(b, 9, 1.7 + 0.34 * max(len(table), 2))
    if table.empty:
        _said(axes, f"Indicateurs : {fmt.NON_RENSEIGNE}")
        return fig
    drawn = table[list(NOMBRES.values())].astype(int).iloc[::-1].set_axis(list(NOMBRES), axis=1)
    starts = drawn.cumsum(axis=1) - drawn
    places = range(len(drawn))
    for code in NOMBRES:
        bars = axes.barh(places, drawn[code], 0.7, starts[code], color=COULEURS[code], ec="white")
        colour = "white" if code in _DARK else "black"
        texts = [str(number or "") for number in drawn[code]]
        axes.bar_label(bars, texts, label_type="center", fontsize=8, color=colour)
    axes.set_yticks(places, labels[::-1])
    axes.set_ylim(-0.6, len(drawn) - 0.4)
    axes.tick_params(axis="y", labelsize=8, length=0)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel("nombre de cibles")
    axes.set_title(title)
    used = [code for code in NOMBRES if drawn[code].any()]
    handles = [Patch(color=COULEURS[code], label=fmt.statut(code)) for code in used]
    fig.legend(handles=handles, loc="outside lower center", ncols=3, frameon=False, fontsize=8)
    return fig


def alt_barres(b: Bilan, contrat: str | None = None, exercice: int | None = None) -> str:
    """Alternative text of the bars."""
    parts = [
        f"{nom_contrat(row['contrat'])} {row['exercice']}, {denombre(row)}"
        for row in _whole(b).to_dict("records")
        if contrat in (None, row["contrat"]) and exercice in (None, row["exercice"])
    ]
    if not parts:
        return "Indicateurs non renseignés."
    return f"Barres, nombre de cibles par statut : {' ; '.join(parts)}." + _source(b)
