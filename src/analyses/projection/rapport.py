"""What an evaluation shows: printed table, CSV, page and pictures, put in place all at once."""

from __future__ import annotations

import io
from dataclasses import dataclass
from decimal import Decimal
from html import escape
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

import pandas as pd

from analyses.projection import figures
from analyses.projection.evaluation import COLONNES, RIVAUX, mesurer
from analyses.socle import fmt
from analyses.socle.files import write_together

if TYPE_CHECKING:
    from matplotlib.figure import Figure

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
_COURTS = {
    RIVAUX["prorata"]: "Prorata",
    RIVAUX["annee_precedente"]: "An passé",
    RIVAUX["courbe_moyenne"]: "Courbe moy.",
    _TITRES["biais"]: "Biais",
    _TITRES["couverture"]: "Dans 80 %",
    _TITRES["largeur"]: "Largeur",
}


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
        return fmt.MOIS[int(value) - 1]
    if name == "year":
        return str(int(value))
    if name == "lignes":
        return fmt.entier(value)
    if fmt.missing(value):
        return "non calculable"
    text = f"{100 * value:.1f}".replace(".", ",").replace("-", "\u2212")
    return f"{text}{fmt.NBSP}%"


def _affichees(mesures: pd.DataFrame) -> pd.DataFrame:
    """The measures in French words, under their titles."""
    shown = {title: name for name, title in _TITRES.items() if name in mesures}
    return pd.DataFrame(
        {title: [_cellule(name, v) for v in mesures[name]] for title, name in shown.items()}
    )


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
    shown = _affichees(mesures).rename(columns=_COURTS)
    table = [list(shown), *shown.values.tolist()]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    lines = [
        "  ".join(
            cell.rjust(width) if rank else cell.ljust(width)
            for rank, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in table
    ]
    years = sorted(set(rapport.predictions["year"]))
    head = (
        f"{rapport.fichier} : {fmt.entier(len(rapport.predictions))} projections, années "
        f"{', '.join(map(str, years))}."
    )
    notes = [f"- {note}" for note in rapport.remarques]
    return "\n".join([head, verdict(mesures), "", *lines, "", _LECTURE, *notes])


def _table(mesures: pd.DataFrame, caption: str) -> str:
    shown = _affichees(mesures)
    head = "".join(f'<th scope="col">{escape(str(title))}</th>' for title in shown)
    body = "".join(
        f'<tr><th scope="row">{escape(first)}</th>'
        + "".join(f"<td>{escape(cell)}</td>" for cell in cells)
        + "</tr>\n"
        for first, *cells in shown.itertuples(index=False)
    )
    return (
        f"<table><caption>{escape(caption)}</caption>\n<thead><tr>{head}</tr></thead>\n"
        f"<tbody>{body}</tbody></table>"
    )


def _page(rapport: Rapport, mesures: pd.DataFrame, par_annee: pd.DataFrame) -> str:
    answer = verdict(mesures)
    at = {row["month"]: row for row in mesures.to_dict("records")}
    spoken = " ; ".join(
        f"fin {fmt.MOIS[month - 1]}, {_cellule('erreur', at[month]['erreur'])} contre "
        f"{_cellule('erreur', min(v for v in (at[month][r] for r in RIVAUX) if v == v))} pour la "
        "meilleure autre méthode"
        for month in (3, 6, 9)
        if month in at
    )
    images = {
        "erreur-par-mois.png": f"Courbes d'erreur par mois : {spoken or answer}.",
        "biais-par-mois.png": "Biais par mois, projeté moins réalisé : "
        + " ; ".join(
            f"fin {fmt.MOIS[month - 1]}, {_cellule('biais', at[month]['biais'])}" for month in at
        )
        + ".",
        "couverture-par-mois.png": f"Part du réalisé dans l'intervalle, par mois : {answer}",
        "calibration.png": "Fréquence constatée selon la probabilité annoncée, de 50 à "
        f"95{fmt.NBSP}%, à côté du calibrage parfait.",
    }
    notes = "".join(f"<li>{escape(note)}</li>" for note in rapport.remarques)
    title = "<h2>Ce qui a été accepté dans le fichier</h2>"
    page = Path(__file__).with_name("evaluation.html").read_text(encoding="utf-8")
    return Template(page).substitute(
        verdict=escape(answer),
        fichier=escape(rapport.fichier),
        projections=fmt.entier(len(rapport.predictions)),
        par_mois=_table(mesures, "Erreur, biais et intervalles par mois"),
        lecture=escape(_LECTURE),
        images="\n".join(
            f'<p><img src="{name}" alt="{escape(alt)}"></p>' for name, alt in images.items()
        ),
        par_annee=_table(par_annee, "Les mêmes, par mois et par année"),
        remarques=f"{title}\n<ul>{notes}</ul>" if notes else "",
    )


def _guarded(text: str) -> str:
    """A text that a spreadsheet will not take for a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@") else text


def _csv(frame: pd.DataFrame) -> bytes:
    return frame.to_csv(index=False, float_format="%.6f", lineterminator="\n").encode()


def _png(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=120, metadata={"Software": None})
    return buffer.getvalue()


def _fichiers(rapport: Rapport) -> dict[str, bytes]:
    mesures, par_annee = rapport.mesures(), rapport.par_annee()
    predictions = rapport.predictions[list(COLONNES)].copy()
    amounts = list(COLONNES[3:])
    predictions[amounts] = predictions[amounts].map(lambda v: f"{Decimal(int(v)).scaleb(-2):f}")
    predictions["line_id"] = predictions["line_id"].map(_guarded)
    detail = pd.concat([mesures.assign(year="toutes"), par_annee.astype({"year": object})])
    detail.insert(1, "year", detail.pop("year"))
    return {
        "mesures.csv": _csv(detail),
        "predictions.csv": _csv(predictions),
        "evaluation.html": _page(rapport, mesures, par_annee).encode(),
        "erreur-par-mois.png": _png(figures.erreur_par_mois(mesures)),
        "biais-par-mois.png": _png(figures.biais_par_mois(mesures)),
        "couverture-par-mois.png": _png(figures.couverture_par_mois(mesures, par_annee)),
        "calibration.png": _png(figures.calibration(rapport.predictions)),
    }


def ecrire(rapport: Rapport, dossier: Path) -> list[str]:
    """Write every file in `dossier`, or none."""
    contents = _fichiers(rapport)
    write_together(dossier, {dossier / name: content for name, content in contents.items()})
    return list(contents)
