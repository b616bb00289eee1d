"""A table that a notebook shows: figures set side by side, then written in French.

`tableau` makes a DataFrame of exact values, to filter, sort and change; `montrer` writes it for the
reader. Neither computes a figure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING, Any

import pandas as pd

from analyses.chiffres.chiffre import VIDES
from analyses.chiffres.mesures import load_mesures
from analyses.chiffres.table import values
from analyses.rendu import affichage
from analyses.rendu.colonnes import COLONNES, Colonne
from analyses.socle import fmt

if TYPE_CHECKING:
    from IPython.display import Markdown
    from pandas.io.formats.style import Styler

    from analyses.bilan import Bilan

LIEU = ("exercice", "contrat", "niveau", "code")
_VIDE = "vide "  # a column beside a measure: why its cells are empty
# Forms that are written on the right.
_CHIFFRES = ("euros", "pourcent", "part", "entier", "nombre", "chance", "mesure")
_FORMES: dict[str, Callable[[Any], str]] = {
    "euros": fmt.euros,
    "pourcent": fmt.pourcent,
    "part": lambda value: fmt.pourcent(value, decimales=0),
    "seuil": lambda value: fmt.pourcent(Fraction(value), decimales=0),
    "chance": fmt.chance,
    "entier": fmt.entier,
    "nombre": fmt.nombre,
    "date": fmt.date,
    "mois": fmt.mois,
    "statut": fmt.statut,
    "poids": partial(fmt.word, fmt.POIDS),
    "texte": fmt.texte,
    "mesure": fmt.texte,  # a figure already written, of the unit of its row
}
_CODES = {"action": "Action", "indicateur": "Code"}
_SANS_OBJET = fmt.statut("sans_objet")
_UNITES = {"euros": "euros", "ratio": "pourcent", "nombre": "nombre", "mot": "statut"}


# What is named after the row it stands in.
_NOMS: dict[str, Callable[[Any, Mapping[Any, Any], Any], str]] = {
    "lieu": lambda b, row, v: affichage.nom_lieu(b, _contrat(row), row.get("niveau", ""), v),
    "groupe": lambda b, row, v: affichage.nom_groupe(b, _contrat(row), v),
    "action": lambda b, row, v: affichage.nom_action(b, _contrat(row), v),
    "financeur": lambda b, row, v: affichage.nom_financeur(b, _contrat(row), v),
    "contrat": lambda b, row, v: affichage.nom_contrat(v),
    "exercice": lambda b, row, v: _exercice(b, v, row),
}


def _contrat(row: Mapping[Any, Any]) -> str:
    return str(row.get("contrat", ""))


def tableau(
    chiffres: pd.DataFrame, mesures: Sequence[str], par: Sequence[str] = LIEU
) -> pd.DataFrame:
    """Figures side by side: one row by `par`, in the order of `chiffres`, one column by measure.

    A measure is a code of the registry, `code:financeur` or `code:financeur:detail`; without a
    funder, the total, or the only funder that there is. Euros are Int64 centimes, ratios and
    numbers exact fractions, words texts. Why a cell is empty, when it is not « non renseigné »,
    stands in a column « vide … » that `montrer` uses; a measure that does not exist somewhere is
    without object there. A row with nothing but figures without object is left out. `ValueError`
    when a cell would hold several figures.

    >>> from analyses.chiffres.chiffre import Chiffre
    >>> from analyses.chiffres.table import tabulate
    >>> one = Chiffre("prevu", "c", 2024, "action", "1", "etat", 500)
    >>> t = tableau(tabulate([one], {2024: {}}, load_mesures(), {}, False), ["prevu"])
    >>> t["code"].to_list(), t["prevu"].to_list()
    (['1'], [500])
    """
    keys = list(par)
    found: dict[tuple[Any, ...], dict[str, tuple[Any, str]]] = {}
    first: dict[tuple[Any, ...], int] = {}
    for name in mesures:
        rows = _column(chiffres, name, keys)
        places = rows[keys].itertuples(index=False, name=None)
        cells = zip(rows.index, places, values(rows), rows["statut"], strict=True)
        for rank, place, value, statut in cells:
            cell = found.setdefault(place, {})
            if name in cell:
                raise ValueError(
                    f"« {name} » a plusieurs chiffres pour {place} : précisez le financeur "
                    f"(« {name}:etat »), ou ajoutez « financeur » ou « detail » à `par`"
                )
            cell[name] = value, statut
            first[place] = min(rank, first.get(place, rank))
    kept = [
        place
        for place in sorted(found, key=first.__getitem__)
        if any(statut != "sans_objet" for _, statut in found[place].values())
    ]
    frame = pd.DataFrame(kept, columns=keys)
    for name in mesures:
        column = [found[place].get(name, (None, "sans_objet")) for place in kept]
        euros = load_mesures()[name.partition(":")[0]].unite == "euros"
        exact = [value for value, _ in column]
        frame[name] = pd.Series(exact, dtype="Int64" if euros else object)
        if any(statut in VIDES[1:] for _, statut in column):
            frame[_VIDE + name] = [statut for _, statut in column]
    return frame


def _column(chiffres: pd.DataFrame, name: str, par: Sequence[str]) -> pd.DataFrame:
    """The figures of one column."""
    mesure, funder, detail, *_ = f"{name}::".split(":")
    rows = chiffres[chiffres["mesure"] == mesure]
    if "detail" not in par:
        rows = rows[rows["detail"] == detail]
    if funder:
        return rows[rows["financeur"] == funder]
    whole = rows["financeur"] == "total"
    return rows[whole] if whole.any() and "financeur" not in par else rows


def sans_inconnu(table: pd.DataFrame, mesure: str) -> pd.DataFrame:
    """The rows of a table where a measure is known, or without object.

    >>> sans_inconnu(pd.DataFrame({"prevu": [1, None]}), "prevu").index.to_list()
    [0]
    """
    why = table.get(_VIDE + mesure, pd.Series("", table.index))
    return table[table[mesure].notna() | why.isin(["sans_objet"])]


# --- the same, in French --------------------------------------------------------------------


def montrer(
    b: Bilan,
    table: pd.DataFrame,
    legende: str,
    titres: Mapping[str, str | Colonne] | None = None,
    sauf: Sequence[str] = (),
    vide: str = "aucune ligne",
    sans_objet: str = "sans objet",
) -> Styler | Markdown:
    """A table as the reader sees it: French titles, amounts, names, « non renseigné » said.

    The title and the form of a column are those of its measure, or of `COLONNES`; `titres` gives
    another title, or (title, form). A column that nothing describes goes by its own name, in euros
    when it ends in `_centimes`. `sauf`: columns that are used and not shown. `vide`: what is said
    of a table without rows; `sans_objet`: of a cell that speaks of nothing. The upper end of an
    interval is written with the lower one.
    """
    if table.empty:
        return affichage.markdown(f"**{legende}** : {vide}.")
    shown = _shown(table, titres or {}, sauf)
    right = [title for title, forme in shown.values() if forme in _CHIFFRES]
    texts = en_francais(b, table, titres, sauf).replace(_SANS_OBJET, sans_objet)
    return affichage.page(texts, legende, right)


def titres_articles(chiffres: pd.DataFrame, mesures: Sequence[str]) -> dict[str, str]:
    """Titles of measures with the article of their figures, where it is the same everywhere."""
    found = {}
    for mesure in mesures:
        articles = set(chiffres.loc[chiffres["mesure"] == mesure, "article"])
        said = f" ({articles.pop()})" if len(articles) == 1 else ""
        found[mesure] = load_mesures()[mesure].titre + said
    return found


def en_francais(
    b: Bilan,
    table: pd.DataFrame,
    titres: Mapping[str, str | Colonne] | None = None,
    sauf: Sequence[str] = (),
) -> pd.DataFrame:
    """The texts of a table as `montrer` shows them."""
    return pd.DataFrame(
        {
            title: _texts(b, table, name, forme)
            for name, (title, forme) in _shown(table, titres or {}, sauf).items()
        }
    )


def _shown(
    table: pd.DataFrame, titres: Mapping[str, str | Colonne], sauf: Sequence[str]
) -> dict[str, Colonne]:
    """Title and form of each column that is shown."""
    hidden = {"niveau", *sauf, *(name for name in map(str, table) if name.startswith(_VIDE))}
    shown = {
        name: _colonne(table, name, titres.get(name))
        for name in map(str, table)
        if name not in hidden
    }
    upper = {_haut(name) for name, (_, forme) in shown.items() if forme == "intervalle"}
    return {name: column for name, column in shown.items() if name not in upper}


def _haut(name: str) -> str:
    """The column of the upper end of an interval, from that of the lower one."""
    return name.replace("_bas_", "_haut_")


def _colonne(table: pd.DataFrame, name: str, asked: str | Colonne | None) -> Colonne:
    """Title and form of a column."""
    if isinstance(asked, tuple):
        return asked
    title, forme = _known(table, name)
    return asked or title, forme


def _known(table: pd.DataFrame, name: str) -> Colonne:
    if name == "code":
        niveaux = set(table["niveau"]) if "niveau" in table else set()
        title = _CODES.get(*niveaux) if len(niveaux) == 1 else None
        return (title or "Axe ou volet", "lieu")
    code = name.partition(":")[0]
    mesure = load_mesures().get(code)
    if code in COLONNES:
        return COLONNES[code]
    if mesure is not None:
        return mesure.titre, _UNITES.get(mesure.unite, "texte")
    plain = name.removesuffix("_centimes")
    title = plain.replace("_", " ")
    return title[:1].upper() + title[1:], "euros" if plain != name else ""


def _texts(b: Bilan, table: pd.DataFrame, name: str, forme: str) -> list[str]:
    cells = table[name].to_list()
    rows = table.to_dict("records")
    if forme in _NOMS:
        return [_NOMS[forme](b, row, value) for value, row in zip(cells, rows, strict=True)]
    if forme == "intervalle":
        return [fmt.entre(*ends) for ends in zip(cells, table[_haut(name)], strict=True)]
    why = table[_VIDE + name] if _VIDE + name in table else [""] * len(table)
    return [_text(value, statut, forme) for value, statut in zip(cells, why, strict=True)]


def _exercice(b: Bilan, value: Any, row: Mapping[Any, Any]) -> str:
    whole = row.get("niveau") == "periode"
    return f"{b.exercices[0]}–{b.exercices[-1]}" if whole else str(value)


def _text(value: Any, statut: str, forme: str) -> str:
    if fmt.missing(value):
        return fmt.statut(statut) if statut in VIDES else fmt.NON_RENSEIGNE
    if isinstance(value, str) and forme in _CHIFFRES:  # said in place of a figure
        return value
    plain = "nombre" if isinstance(value, Fraction) else "texte"
    return _FORMES[forme or plain](value)
