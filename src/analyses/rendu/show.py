"""What a notebook shows: one function per table or text, all taking the `Bilan`.

A table is a pandas Styler with a caption (it names the article); a missing figure is
« non renseigné », and a sum that lacks a term is too.
"""

from __future__ import annotations

import re
import unicodedata
from base64 import b64encode
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pandas as pd

from analyses.chiffres.table import values
from analyses.contrat.contradictions import uncertain_readings
from analyses.contrat.load import titres_courts
from analyses.rendu import indicateurs
from analyses.rendu.affichage import nom_contrat
from analyses.rendu.tableau import en_francais, tableau
from analyses.socle import fmt

if TYPE_CHECKING:
    from IPython.display import Markdown
    from matplotlib.figure import Figure
    from pandas.io.formats.style import Styler

Bilan = Any
Formatter = Callable[[Any], str]
_RIGHT = (fmt.euros, fmt.pourcent, fmt.entier)
_NOWRAP = {"Exercice", "Contrat", "Financeur", "Émis le", "Reçu le", "Date", "Article"}
_STYLES: list[Any] = [
    {"selector": "caption", "props": "caption-side: top; text-align: left; font-weight: bold"},
    {"selector": "th", "props": "text-align: left; vertical-align: bottom"},
    {"selector": "td", "props": "text-align: left; vertical-align: top"},
]


# --- bricks ---------------------------------------------------------------------------------


def _rate(value: Any) -> str:
    return value if isinstance(value, str) else fmt.pourcent(value)


def _taux(realise: int | None, prevu: int | None) -> Fraction | str | None:
    """Rate of execution; « sans objet » without planned credits, None when one is unknown.

    >>> _taux(1, 2), _taux(1, 0), _taux(None, 2), _taux(1, None)
    (Fraction(1, 2), 'sans objet', None, None)
    """
    if fmt.missing(realise) or fmt.missing(prevu):
        return None
    return Fraction(int(realise or 0), int(prevu)) if prevu else "sans objet"


def table(
    frame: pd.DataFrame, caption: str, formats: Mapping[str, Formatter] | None = None
) -> Styler:
    """A frame as a French table: caption, formats by column, stable ids.

    >>> html = table(pd.DataFrame({"Prévu": [100, None]}), "Essai", {"Prévu": fmt.euros}).to_html()
    >>> "1,00" in html and "non renseigné" in html and "<caption>Essai</caption>" in html
    True
    """
    formats = dict(formats or {})
    right: Any = [c for c in frame.columns if formats.get(c) in (*_RIGHT, _rate)]
    plain: dict[Any, Any] = {c: formats.get(c, fmt.texte) for c in frame.columns}
    uuid = re.sub(r"[^a-z0-9]+", "-", plain_ascii(caption))[:40].strip("-")
    styler = frame.reset_index(drop=True).style.format(plain, escape="html").hide(axis="index")
    styler = styler.set_caption(caption).set_uuid(uuid).set_table_styles(_STYLES)
    aligned: Any = {
        c: [{"selector": "", "props": "text-align: right; white-space: nowrap"}] for c in right
    }
    short = [{"selector": "", "props": "white-space: nowrap"}]
    aligned |= {c: short for c in frame.columns if c in _NOWRAP and c not in right}
    if aligned:
        styler = styler.set_table_styles(aligned, axis=0, overwrite=False)
    totals = [n for n, row in enumerate(frame.values) if any(str(v)[:7] == "Total d" for v in row)]
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


def total(values: Iterable[int | None]) -> int | None:
    """Sum; None as soon as one term is missing (or when there is none).

    >>> total([1, 2]), total([1, None]), total([])
    (3, None, None)
    """
    found = list(values)
    return (
        None if not found or any(fmt.missing(v) for v in found) else sum(int(v or 0) for v in found)
    )


def frames(value: Any) -> pd.DataFrame:
    """One frame from a frame, a list of frames or nothing."""
    if value is None:
        return pd.DataFrame()
    if isinstance(value, pd.DataFrame):
        return value
    found = [f for f in value if f is not None and len(f)]
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame()


def open_actions(b: Bilan, run: Any, contrat: str | None = None) -> pd.DataFrame:
    """Actions to show for an exercise: not those of a volet that ended before it, unless money
    still moved on them."""
    rows = _of(run.par_action, contrat)
    over = [
        b.contrats[r.contrat].groupes[r.groupe].fin.year < run.exercice
        and not (r.realise or r.ineligible or r.verse)
        for r in rows.itertuples()
    ]
    return rows[[not closed for closed in over]]


def _executions(b: Bilan, contrat: str | None = None) -> list[Any]:
    return [e for e in b.executions if contrat is None or _of(e.par_action, contrat).size]


def _of(frame: pd.DataFrame, contrat: str | None) -> pd.DataFrame:
    if contrat is None or frame.empty or "contrat" not in frame:
        return frame
    return frame[frame["contrat"] == contrat]


def _current(b: Bilan) -> int | None:
    return max((e.exercice for e in b.executions), default=None)


def _rows(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> pd.DataFrame:
    return pd.DataFrame(
        {name: pd.Series([row.get(name) for row in rows], dtype=object) for name in columns}
    )


def _contrat(value: Any) -> str:
    return fmt.word(titres_courts(), value)


def _groupe(b: Bilan, contrat: str, key: str) -> str:
    group = b.contrats[contrat].groupes.get(key) if contrat in b.contrats else None
    return f"{group.niveau.capitalize()} {group.code_public.lstrip('v')}" if group else str(key)


def _groupe_long(b: Bilan, contrat: str, key: str) -> str:
    group = b.contrats[contrat].groupes.get(key) if contrat in b.contrats else None
    return f"{_groupe(b, contrat, key)} – {group.libelle}" if group else str(key)


def _funder(b: Bilan, contrat: Any, code: Any) -> str:
    known = b.contrats[contrat].financeurs if contrat in b.contrats else {}
    return known.get(code) or fmt.word(fmt.FINANCEURS, code)


def _action(b: Bilan, contrat: str, code: str) -> str:
    action = b.contrats[contrat].actions.get(code) if contrat in b.contrats else None
    return f"{code} – {action.libelle}" if action else str(code)


def _period(b: Bilan) -> str:
    years = [e.exercice for e in b.executions]
    if not years:
        return ""
    text = str(years[0]) if len(years) == 1 else f"{min(years)}–{max(years)}"
    at = getattr(b, "arrete_au", None)
    whole = "exercice entier" if len(years) == 1 else "exercices entiers"
    return f"{text}, " + (f"arrêté au {fmt.date(at)}" if at else whole)


# --- opening --------------------------------------------------------------------------------


SANS_PLAN = f"{fmt.NON_RENSEIGNE} (aucun plan de financement signé)"


def aucune(b: Bilan, words: str) -> str:
    """What is said of ledger lines that there are not: unknown when no ledger was given."""
    if any(e.renseigne for e in b.executions):
        return words
    return f"{fmt.NON_RENSEIGNE} (mandats.csv ou affectations.csv absent)"


def banner(b: Bilan, titre: str = "") -> Markdown:
    """What the figures are made from: simulated or not, département, exercises, closing date,
    provenance; `titre`: which bilan they make."""
    from analyses.contrat.load import registry

    lines = []
    if b.simule:
        lines.append(
            "> **Données simulées** : ces chiffres sont un exemple, ils ne décrivent pas "
            "l'exécution réelle des contrats."
        )
    names = {code: entry["nom"] for code, entry in registry().items()}
    place = f"{names.get(b.departement, 'département')} ({b.departement})"
    lines.append(f"> **{titre + ', ' if titre else ''}{place}** : {b.periode}.")
    if any(s.nature is None for d in b.depots for s in d.sources):
        lines.append("> **Provenance non renseignée** pour une partie des fichiers (carnet 01).")
    absent = absent_files(b)
    if absent:
        lines.append(f"> **Non renseigné** : {', '.join(absent)}.")
    return markdown("\n>\n".join(lines))


_FICHIERS = {
    "mandats": "mandats.csv",
    "affectations": "affectations.csv",
    "recettes": "recettes.csv",
    "resultats": "resultats_indicateurs.csv",
    "justifications": "justifications.csv",
    "temps_agents": "temps_agents.csv",
    "engagements": "engagements.csv",
    "formations": "formations_academie.csv",
}


def absent_files(b: Bilan) -> list[str]:
    """Files of the year that were not given, with their exercise."""
    return [
        f"{name} {depot.exercice}"
        for depot in b.depots
        for field, name in _FICHIERS.items()
        if getattr(depot, field, None) is None
    ]


def essentiel(b: Bilan) -> Markdown:
    """The answer first, by exercise and contract: execution, what needs a look, indicators."""
    lines = []
    for year in b.exercices:
        for code, contrat in b.contrats.items():
            if year in contrat.exercices:
                cells = _cells(b, code, year)
                lines += [
                    f"- **{nom_contrat(code)} {year}** : {_executed(cells)}",
                    f"  - sous-consommation : {_alerts(cells)}",
                    f"  - indicateurs : {_counted(cells, 'nombre_')}.",
                ]
    return markdown("\n".join(lines))


Cells = Mapping[tuple[str, str, str], Any]  # measure, funder, detail -> exact value


def _cells(b: Bilan, contrat: str, exercice: int) -> Cells:
    """The figures of a contract, with what is known of those that lack a term."""
    own = b.chiffres.query("contrat == @contrat and exercice == @exercice and niveau == 'contrat'")
    keys = list(own[["mesure", "financeur", "detail"]].itertuples(index=False, name=None))
    known = {(*key[:2], "connu"): value for key, value in zip(keys, own["connu"], strict=True)}
    return known | dict(zip(keys, values(own), strict=True))


def _executed(cells: Cells) -> str:
    prevu, realise = cells["prevu", "total", ""], cells["realise", "total", ""]
    if prevu is None:
        known = cells["prevu", "total", "connu"]
        beside = "" if fmt.missing(known) else f" (connu : {fmt.euros(known)})"
        return f"réalisé {fmt.euros(realise)} ; prévu par action non renseigné{beside}."
    rate = fmt.pourcent(cells["taux_execution", "total", ""])
    words = f"{fmt.euros(realise)} réalisés sur {fmt.euros(prevu)} prévus ({rate})"
    if realise is None:
        words = f"{fmt.euros(prevu)} prévus, réalisé non renseigné"
    return f"{words} ; versé par l'État : {fmt.euros(cells['verse', 'etat', ''])}."


def _alerts(cells: Cells) -> str:
    words = _counted(cells, "actions_").replace("renseigné", "renseignée")
    if not cells.get(("actions_manifeste", "", "")):
        return f"{words}."
    stake = fmt.euros(cells["enjeu_etat_manifeste", "etat", ""])
    return f"{words} ; crédits de l'État en jeu dans les manifestes : {stake}."


def _counted(cells: Cells, prefix: str) -> str:
    """Numbers by status, in words."""
    count = {code: int(cells.get((f"{prefix}{code}", "", "")) or 0) for code in fmt.STATUTS}
    return fmt.denombre(count) or fmt.NON_RENSEIGNE


# --- underconsumption -----------------------------------------------------------------------

_ORDRE = ["manifeste", "non_renseigne", "justifiee", "expliquee", "rien_a_signaler"]


def sous_consommation(
    b: Bilan, contrat: str | None = None, statuts: Sequence[str] | None = None
) -> Styler | Markdown:
    """Realised against the planned trajectory, projection, status (solidarités art. 2.2)."""
    frame = _of(frames(b.sous_conso), contrat)
    if frame.empty:
        return markdown(f"**Sous-consommation** : {fmt.NON_RENSEIGNE}.")
    if statuts is not None:
        frame = frame[frame["statut"].isin(list(statuts))]
    if frame.empty:
        return markdown("**Sous-consommation** : aucune action dans ce cas.")
    lines = sorted(frame.to_dict("records"), key=lambda r: _ORDRE.index(r["statut"]))
    rows = [
        {
            "Exercice": line["exercice"],
            "Action": _action(b, line["contrat"], line["action"]),
            "Statut": fmt.statut(line["statut"]),
            "Prévu": line["prevu"],
            "Attendu à cette date": line["attendu"],
            "Réalisé": line["realise"],
            "Projeté au 31 décembre": line["projection"],
            "Écart": line["ecart"],
            "Taux": _taux(line["realise"], line["prevu"]),
            "État en jeu": line["enjeu_etat"],
            "Explication": line["justification"] or "aucune",
        }
        for line in lines
    ]
    euros = ["Prévu", "Attendu à cette date", "Réalisé", "Projeté au 31 décembre"]
    euros += ["Écart", "État en jeu"]
    formats: dict[str, Formatter] = {"Exercice": str, "Taux": _rate}
    formats |= dict.fromkeys(euros, fmt.euros)
    shown = "" if statuts is None else " : " + ", ".join(fmt.statut(s) for s in statuts)
    caption = f"Risque de sous-consommation{shown} ({_period(b)})"
    return table(_rows(rows, list(rows[0])), caption, formats)


# --- quality --------------------------------------------------------------------------------


def qualite(b: Bilan) -> Markdown:
    """The answer of the quality notebook."""
    count = Counter(c.poids for c in b.contradictions)
    weights = ", ".join(f"« {text} » : {count[k]}" for k, text in fmt.POIDS.items() if count[k])
    warnings = sum(len(d.controles) for d in b.depots)
    found = sum(len(d.sources) for d in b.depots)
    absent = absent_files(b)
    lines = [
        f"- Fichiers reçus : {found} ; absents : {', '.join(absent) or 'aucun'}.",
        f"- Signalements à la lecture : {warnings} (une erreur aurait arrêté le calcul).",
        f"- Contradictions dans les textes signés : {len(b.contradictions)}"
        + (f" ({weights})." if weights else "."),
        f"- Lignes d'indicateurs à lecture incertaine : {len(uncertain_readings(b.contrats))}.",
    ]
    return markdown("\n".join(lines))


# --- narratives and terms -------------------------------------------------------------------


def _lower_titles(text: str, depth: int = 4) -> str:
    """Narrative titles under the action's own; raw HTML is text, an image is a link (offline), and
    a link that runs code leads nowhere.

    >>> _lower_titles("# Fait\\nTexte"), _lower_titles("[x](JavaScript:alert)")
    ('##### Fait\\nTexte', '[x](#alert)')
    """
    plain = text.replace("<", "&lt;").replace("![", "[")
    plain = re.sub(r"\b(javascript|vbscript|data):", "#", plain, flags=re.IGNORECASE)
    return re.sub(r"^(#+) ", lambda m: "#" * min(6, len(m[1]) + depth) + " ", plain, flags=re.M)


def narratifs(b: Bilan) -> Markdown:
    """Each action with its figures in a line and its narrative (annexe 5; emploi art. 3.5)."""
    spent = tableau(b.chiffres.query("niveau == 'action'"), _DEPENSE)
    results = indicateurs.resultats(b)
    parts = []
    for code, contrat in b.contrats.items():
        for action in contrat.actions.values():
            parts.append(f"### {nom_contrat(code)}, action {action.code} – {action.libelle}")
            own = spent[(spent["contrat"] == code) & (spent["code"] == action.code)]
            judged = results[(results["contrat"] == code) & (results["action"] == action.code)]
            parts.append(_figures(en_francais(b, own), judged))
            told = [
                (d.exercice, text)
                for d in b.depots
                if (text := d.narratifs.get((code, action.code), "").strip())
            ]
            parts += [
                f"**État d'avancement {year}**\n\n{_lower_titles(text)}" for year, text in told
            ]
            if not told:
                parts.append(f"État d'avancement : {fmt.NON_RENSEIGNE}.")
    return markdown("\n\n".join(parts) or f"État d'avancement : {fmt.NON_RENSEIGNE}.")


_DEPENSE = ["prevu", "realise", "taux_execution"]


def _figures(spent: pd.DataFrame, judged: pd.DataFrame) -> str:
    """The figures of an action and of its indicators, a line each."""
    lines = [
        f"- {year} : prévu {planned}, réalisé {done}, taux {rate}"
        for year, _, _, planned, done, rate in spent.itertuples(index=False)
    ]
    lines += [
        f"- {row['exercice']}, {row['libelle']} : cible {fmt.texte(row['cible'])}, résultat "
        f"{fmt.texte(row['resultat'])} ({fmt.statut(row['statut'])})"
        for row in judged.to_dict("records")
    ]
    return "\n".join(line.replace("<", "&lt;").replace("*", "\\*") for line in lines)


# --- figures --------------------------------------------------------------------------------


def _years(b: Bilan, contrat: str) -> list[int]:
    """The exercises of the bilan that a contract covers."""
    return [year for year in b.exercices if year in b.contrats[contrat].exercices]


def figure_execution(b: Bilan, contrat: str) -> None:
    """Planned and realised by action, one figure per exercise, with its alternative text."""
    from analyses.rendu import plots

    for year in _years(b, contrat):
        figure(plots.execution_par_action(b, contrat, year), plots.alt_execution(b, contrat, year))


def figure_cumul(b: Bilan, contrat: str) -> None:
    """Cumulative consumption against the planned ramp-up, one figure per exercise."""
    from analyses.rendu import plots

    for year in _years(b, contrat):
        figure(plots.cumul(b, contrat, year), plots.alt_cumul(b, contrat, year))


def figure_indicateurs(b: Bilan, contrat: str) -> None:
    """Indicator attainment by action in the last exercise, with its alternative text."""
    from analyses.rendu import plots_statuts

    year = b.exercices[-1]
    alt = plots_statuts.alt_barres(b, contrat, year)
    figure(plots_statuts.barres_par_action(b, contrat, year), alt)


def figure_atteinte(b: Bilan) -> None:
    """Indicator attainment over the exercises, with its alternative text."""
    from analyses.rendu import plots_statuts

    figure(plots_statuts.barres_par_annee(b), plots_statuts.alt_barres(b))
