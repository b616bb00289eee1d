"""What a notebook shows: a table, a text, a figure; and the names of what they speak of."""

from __future__ import annotations

import re
import unicodedata
from base64 import b64encode
from collections.abc import Collection
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pandas as pd

from analyses.contrat.load import titres_courts
from analyses.contrat.model import NATIONAL
from analyses.socle import fmt

if TYPE_CHECKING:
    from IPython.display import Markdown
    from matplotlib.figure import Figure
    from pandas.io.formats.style import Styler

    from analyses.bilan import Bilan

_NOWRAP = {"Exercice", "Contrat", "Financeur", "Émis le", "Reçu le", "Date", "Article"}
_LINES = [{"selector": "", "props": "white-space: pre-line"}]
_STYLES: list[Any] = [
    {"selector": "caption", "props": "caption-side: top; text-align: left; font-weight: bold"},
    {"selector": "th", "props": "text-align: left; vertical-align: bottom"},
    {"selector": "td", "props": "text-align: left; vertical-align: top"},
]


def page(texts: pd.DataFrame, caption: str, right: Collection[str] = ()) -> Styler:
    """A frame of texts as an HTML table: caption, stable ids, some columns on the right, totals in
    bold.

    >>> html = page(pd.DataFrame({"Prévu": ["1 €", "<b>"]}), "Essai", ["Prévu"]).to_html()
    >>> "&lt;b&gt;" in html and "<caption>Essai</caption>" in html
    True
    """
    uuid = re.sub(r"[^a-z0-9]+", "-", plain_ascii(caption))[:40].strip("-")
    styler = texts.reset_index(drop=True).style.format(escape="html").hide(axis="index")
    styler = styler.set_caption(caption).set_uuid(uuid).set_table_styles(_STYLES)
    figures = [{"selector": "", "props": "text-align: right; white-space: nowrap"}]
    short = [{"selector": "", "props": "white-space: nowrap"}]
    columns: dict[Any, Any] = {c: figures for c in texts.columns if c in right}
    columns |= {c: short for c in texts.columns if c in _NOWRAP and c not in right}
    columns |= {c: _LINES for c in texts.columns if any("\n" in text for text in texts[c])}
    if columns:
        styler = styler.set_table_styles(columns, axis=0, overwrite=False)
    totals = [n for n, row in enumerate(texts.values) if any(str(v)[:7] == "Total d" for v in row)]
    return styler.set_properties(subset=(totals, slice(None)), **{"font-weight": "bold"})


def plain_ascii(text: str) -> str:
    """Lower-case ASCII of a text (ids).

    >>> plain_ascii("Exécution")
    'execution'
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return plain.casefold()


def markdown(text: str) -> Markdown:
    """Text shown as markdown."""
    from IPython.display import Markdown

    return Markdown(text)


def figure(fig: Figure, alt: str) -> None:
    """Show a figure as a PNG with its alternative text, then free it."""
    from IPython.display import display

    buffer = BytesIO()
    fig.savefig(buffer, format="png", dpi=110, bbox_inches="tight", metadata={"Software": None})
    png = b64encode(buffer.getvalue()).decode()
    display({"image/png": png, "text/plain": alt}, metadata={"image/png": {"alt": alt}}, raw=True)


# --- names ----------------------------------------------------------------------------------


def nom_contrat(code: str) -> str:
    """The short name of a contract, its code when it is not known."""
    return fmt.word(titres_courts(), code)


def nom_financeur(b: Bilan, contrat: str, code: str) -> str:
    """A funder as its contract names it."""
    known = b.contrats[contrat].noms_financeurs if contrat in b.contrats else {}
    return known.get(code) or fmt.word(fmt.FINANCEURS, code)


def nom_groupe(b: Bilan, contrat: str, code: str) -> str:
    """An axe or a volet, by its key or its public code, with its title; the code when it is not
    known."""
    if contrat in b.contrats:
        for key, group in b.contrats[contrat].groupes.items():
            if code in (key, group.code_public):
                number = group.code_public.lstrip("v")
                return f"{group.niveau.capitalize()} {number} – {group.libelle}"
    return code


def nom_action(b: Bilan, contrat: str, code: str) -> str:
    """An action with its title, what is national; the code when it is not known."""
    if code == NATIONAL:
        return "Indicateurs nationaux"
    action = b.contrats[contrat].actions.get(code) if contrat in b.contrats else None
    return f"{code} – {action.libelle}" if action else code


def nom_lieu(b: Bilan, contrat: str, niveau: str, code: str) -> str:
    """What a row of figures is about: an action, an axe or a volet, the whole; an indicator by its
    code."""
    totals = {"contrat": "Total du contrat", "periode": "Total des exercices"}
    if niveau in totals or niveau == "indicateur":
        return totals.get(niveau, code)
    name = nom_action if niveau == "action" else nom_groupe
    return name(b, contrat, code)


def article(chiffres: pd.DataFrame, mesure: str) -> str:
    """The articles that found a measure, where it stands ('' when none does)."""
    found = chiffres["article"][chiffres["mesure"] == mesure]
    return " et ".join(text for text in dict.fromkeys(found) if text)
