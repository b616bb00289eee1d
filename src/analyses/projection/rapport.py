"""What an evaluation shows: printed table, CSV, page and pictures, put in place all at once."""

from __future__ import annotations

import csv
import io
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from analyses.projection import figures
from analyses.projection.evaluation import COLONNES, RIVAUX, mesurer
from analyses.socle import fmt

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MOIS = (
    *("janvier", "février", "mars", "avril", "mai", "juin"),
    *("juillet", "août", "septembre", "octobre", "novembre"),
)
_TITRES = {
    "month": "À fin",
    "year": "Année",
    "lignes": "Lignes",
    "erreur": "Projection",
    **RIVAUX,
    "biais": "Biais de la projection",
    "couverture": f"Dans l'intervalle à 80{fmt.NBSP}%",
    "largeur": "Largeur médiane de l'intervalle",
}
_LECTURE = (
    "Les erreurs sont la somme des écarts au réalisé de décembre, en part de la somme des budgets "
    "à la date. Le biais est projeté moins réalisé. Chaque année est projetée à partir des seules "
    "années antérieures du fichier. Reste de l'année précédente : borné au budget, la courbe "
    "moyenne tenant lieu d'année précédente à une ligne nouvelle. Courbe moyenne : part du budget "
    "que tout le portefeuille consommait encore après ce mois."
)
_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "table{border-collapse:collapse;margin:1rem 0;font-size:.9rem}"
    "caption{text-align:left;font-weight:600}"
    "th,td{padding:.25rem .6rem;border-bottom:1px solid #ccc;text-align:right}"
    "tbody th,thead th:first-child{text-align:left}img{max-width:100%}"
)


@dataclass(frozen=True)
class Rapport:
    """An evaluation ready to be printed and written; amounts in hundredths of the file's unit."""

    fichier: str
    predictions: pd.DataFrame
    remarques: tuple[str, ...]

    def mesures(self) -> pd.DataFrame:
        return mesurer(self.predictions)

    def par_annee(self) -> pd.DataFrame:
        return mesurer(self.predictions, ("month", "year"))


def _cellule(name: str, value: float) -> str:
    if name == "month":
        return _MOIS[int(value) - 1]
    if name == "year":
        return str(int(value))
    if name == "lignes":
        return fmt.entier(value)
    if fmt.missing(value):
        return "non calculable"
    text = f"{100 * value:.1f}".replace(".", ",").replace("-", "\u2212")
    return f"{text}{fmt.NBSP}%"


def _cellules(mesures: pd.DataFrame) -> tuple[list[str], list[list[str]]]:
    names = [name for name in _TITRES if name in mesures]
    rows = [[_cellule(name, row[name]) for name in names] for row in mesures.to_dict("records")]
    return [_TITRES[name] for name in names], rows


def verdict(mesures: pd.DataFrame) -> str:
    """The answer in one sentence: in how many months the projection beats every rival.

    >>> verdict(pd.DataFrame([{"month": 6, "erreur": 0.1, "prorata": 0.2, "couverture": 0.8,
    ...     "annee_precedente": 0.15, "courbe_moyenne": float("nan")}])).split(" ;")[0]
    'La projection est la meilleure pour 1 mois sur 1'
    """
    best = int((mesures["erreur"] <= mesures[list(RIVAUX)].min(axis=1)).sum())
    low, high = (_cellule("couverture", mesures["couverture"].agg(f)) for f in ("min", "max"))
    return (
        f"La projection est la meilleure pour {best} mois sur {len(mesures)} ; ses intervalles à "
        f"80{fmt.NBSP}% contiennent le réalisé de {low} à {high} du temps selon le mois."
    )


def texte(rapport: Rapport) -> str:
    """The table for the terminal, then how to read it and what was accepted in the file."""
    mesures = rapport.mesures()
    titles, rows = _cellules(mesures)
    short = {
        RIVAUX["prorata"]: "Prorata",
        RIVAUX["annee_precedente"]: "An passé",
        RIVAUX["courbe_moyenne"]: "Courbe moy.",
        _TITRES["biais"]: "Biais",
        _TITRES["couverture"]: "Dans 80 %",
        _TITRES["largeur"]: "Largeur",
    }
    titles = [short.get(title, title) for title in titles]
    widths = [max(len(row[i]) for row in [titles, *rows]) for i in range(len(titles))]
    lines = [
        "  ".join(
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in [titles, *rows]
    ]
    years = sorted(set(rapport.predictions["year"]))
    head = (
        f"{rapport.fichier} : {fmt.entier(len(rapport.predictions))} projections, années "
        f"{', '.join(map(str, years))}."
    )
    notes = [f"- {note}" for note in rapport.remarques]
    return "\n".join([head, verdict(mesures), "", *lines, "", _LECTURE, *notes])


def _table(mesures: pd.DataFrame, caption: str) -> str:
    titles, rows = _cellules(mesures)
    head = "".join(f'<th scope="col">{escape(title)}</th>' for title in titles)
    body = "".join(
        f'<tr><th scope="row">{escape(row[0])}</th>'
        + "".join(f"<td>{escape(cell)}</td>" for cell in row[1:])
        + "</tr>\n"
        for row in rows
    )
    return (
        f"<table><caption>{escape(caption)}</caption>\n<thead><tr>{head}</tr></thead>\n"
        f"<tbody>{body}</tbody></table>\n"
    )


def _page(rapport: Rapport, mesures: pd.DataFrame, par_annee: pd.DataFrame) -> str:
    answer = verdict(mesures)
    at = {row["month"]: row for row in mesures.to_dict("records")}
    spoken = " ; ".join(
        f"fin {_MOIS[month - 1]}, {_cellule('erreur', at[month]['erreur'])} contre "
        f"{_cellule('erreur', min(v for v in (at[month][r] for r in RIVAUX) if v == v))} pour la "
        "meilleure autre méthode"
        for month in (3, 6, 9)
        if month in at
    )
    images = {
        "erreur-par-mois.png": f"Courbes d'erreur par mois : {spoken or answer}.",
        "biais-par-mois.png": "Biais par mois, projeté moins réalisé : "
        + " ; ".join(
            f"fin {_MOIS[month - 1]}, {_cellule('biais', at[month]['biais'])}" for month in at
        )
        + ".",
        "couverture-par-mois.png": f"Part du réalisé dans l'intervalle, par mois : {answer}",
        "calibration.png": "Fréquence constatée selon la probabilité annoncée, de 50 à "
        f"95{fmt.NBSP}%, à côté du calibrage parfait.",
    }
    pictures = "".join(
        f'<p><img src="{name}" alt="{escape(alt)}"></p>\n' for name, alt in images.items()
    )
    notes = "".join(f"<li>{escape(note)}</li>" for note in rapport.remarques)
    return (
        '<!doctype html>\n<html lang="fr"><head><meta charset="utf-8">'
        "<title>Évaluation de la projection</title>"
        f"<style>{_STYLE}</style></head><body><main>\n<h1>Évaluation de la projection</h1>\n"
        f"<p><strong>{escape(answer)}</strong></p>\n<p>Fichier : {escape(rapport.fichier)}, "
        f"{fmt.entier(len(rapport.predictions))} projections.</p>\n"
        + _table(mesures, "Erreur, biais et intervalles par mois")
        + f"<p>{escape(_LECTURE)}</p>\n"
        + pictures
        + _table(par_annee, "Les mêmes, par mois et par année")
        + (f"<h2>Ce qui a été accepté dans le fichier</h2>\n<ul>{notes}</ul>\n" if notes else "")
        + "</main></body></html>\n"
    )


def _montant(value: int) -> str:
    """Hundredths as a decimal number.

    >>> _montant(-5), _montant(123450)
    ('-0.05', '1234.50')
    """
    sign, value = ("-" if value < 0 else ""), abs(value)
    return f"{sign}{value // 100}.{value % 100:02d}"


def _guarded(text: str) -> str:
    """A text that a spreadsheet will not take for a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@") else text


def _csv(rows: Sequence[Sequence[object]]) -> bytes:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows(rows)
    return buffer.getvalue().encode()


def _png(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=120, metadata={"Software": None})
    return buffer.getvalue()


def _fichiers(rapport: Rapport) -> dict[str, bytes]:
    mesures, par_annee = rapport.mesures(), rapport.par_annee()
    amounts = set(COLONNES) - {"line_id", "year", "month"}
    columns = [
        [
            _montant(v) if name in amounts else _guarded(v) if name == "line_id" else v
            for v in rapport.predictions[name].tolist()
        ]
        for name in COLONNES
    ]
    detail = pd.concat([mesures.assign(year="toutes"), par_annee.astype({"year": object})])
    names = ["month", "year", *(name for name in mesures if name != "month")]
    shown = [
        [f"{v:.6f}" if isinstance(v, float) else v for v in row]
        for row in detail[names].astype(object).where(detail[names].notna(), "").values.tolist()
    ]
    return {
        "mesures.csv": _csv([names, *shown]),
        "predictions.csv": _csv([COLONNES, *zip(*columns, strict=True)]),
        "evaluation.html": _page(rapport, mesures, par_annee).encode(),
        "erreur-par-mois.png": _png(figures.erreur_par_mois(mesures)),
        "biais-par-mois.png": _png(figures.biais_par_mois(mesures)),
        "couverture-par-mois.png": _png(figures.couverture_par_mois(mesures, par_annee)),
        "calibration.png": _png(figures.calibration(rapport.predictions)),
    }


def ecrire(rapport: Rapport, dossier: Path) -> list[str]:
    """Write every file in `dossier`; all are complete before the first takes its place."""
    contents = _fichiers(rapport)
    dossier.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=dossier) as temporary:
        for name, content in contents.items():
            (Path(temporary) / name).write_bytes(content)
        for name in contents:
            os.replace(Path(temporary) / name, dossier / name)
    return list(contents)
