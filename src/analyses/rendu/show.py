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
from datetime import date
from fractions import Fraction
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pandas as pd

from analyses.chiffres.table import values
from analyses.contrat.load import titres_courts
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


def banner(b: Bilan) -> Markdown:
    """What the figures are made from: simulated or not, département, exercises, closing date,
    provenance."""
    from analyses.contrat.load import registry

    lines = []
    if b.simule:
        lines.append(
            "> **Données simulées** : ces chiffres sont un exemple, ils ne décrivent pas "
            "l'exécution réelle des contrats."
        )
    names = {code: entry["nom"] for code, entry in registry().items()}
    place = f"{names.get(b.departement, 'département')} ({b.departement})"
    lines.append(f"> **{place}** : {_period(b) or fmt.NON_RENSEIGNE}.")
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


def essentiel(b: Bilan, contrat: str | None = None) -> Markdown:
    """The answer first: execution, what needs a look, indicators, in a few lines."""
    lines = []
    for run in _executions(b, contrat):
        for code in dict.fromkeys(run.par_action["contrat"]):
            if contrat in (None, code):
                lines.append(_execution_line(b, code, run.exercice))
    lines += [f"- {line}" for line in (_alerts(b, contrat), _attained(b, contrat)) if line]
    return markdown("\n".join(lines) or f"- Exécution : {fmt.NON_RENSEIGNE}.")


def _execution_line(b: Bilan, code: str, exercice: int) -> str:
    """Planned, realised and paid of a contract, as the table of figures has them."""
    own = b.chiffres[(b.chiffres["contrat"] == code) & (b.chiffres["exercice"] == exercice)]
    own = own[(own["niveau"] == "contrat") & (own["detail"] == "")]
    cells: dict[Any, Any] = dict(
        zip(zip(own["mesure"], own["financeur"], strict=True), values(own), strict=True)
    )
    prevu, realise = (cells.get((mesure, "total")) for mesure in ("prevu", "realise"))
    head = f"- **{_contrat(code)} {exercice}** : "
    if prevu is None:
        known = own[(own["mesure"] == "prevu") & (own["financeur"] == "total")]["connu"]
        part = [int(amount) for amount in known.dropna()]
        beside = f" (connu : {fmt.euros(part[0])})" if part else ""
        return f"{head}réalisé {fmt.euros(realise)} ; prévu par action non renseigné{beside}."
    rate = cells.get(("taux_execution", "total"))
    words = (
        f"{fmt.euros(realise)} réalisés sur {fmt.euros(prevu)} prévus ({fmt.pourcent(rate)})"
        if realise is not None
        else f"{fmt.euros(prevu)} prévus, réalisé non renseigné"
    )
    paid = cells.get(("verse", "etat"))
    return f"{head}{words} ; versé par l'État : {fmt.euros(paid)}."


def _alerts(b: Bilan, contrat: str | None) -> str:
    frame = _of(frames(b.sous_conso), contrat)
    if frame.empty:
        return ""
    rows = frame[frame["statut"] == "manifeste"]
    stake = f" ; crédits de l'État en jeu : {fmt.euros(total(rows['enjeu_etat']))}"
    actions, years = (
        len(frame[["contrat", "action"]].drop_duplicates()),
        frame["exercice"].nunique(),
    )
    scope = f"{actions} actions" + (f" sur {years} exercices" if years > 1 else "")
    count = fmt.denombre(Counter(frame["statut"])).replace("renseigné", "renseignée")
    return f"**Sous-consommation** ({scope}) : {count}{stake if len(rows) else ''}."


def _judged(b: Bilan, contrat: str | None = None) -> pd.DataFrame:
    """Indicators of the exercises of the bilan."""
    frame = _of(frames(b.indicateurs), contrat)
    if frame.empty:
        return frame
    return frame[frame["exercice"].isin([e.exercice for e in b.executions])]


def _attained(b: Bilan, contrat: str | None) -> str:
    frame = _judged(b, contrat)
    if frame.empty:
        return ""
    shown = fmt.denombre(Counter(frame["statut"]))
    return f"**Indicateurs** ({len(frame)} résultats attendus) : {shown}."


# --- execution ------------------------------------------------------------------------------

_EXECUTION = {
    "Prévu": fmt.euros,
    "Versé par l'État": fmt.euros,
    "Réalisé éligible": fmt.euros,
    "dont journée complémentaire": fmt.euros,
    "Inéligible": fmt.euros,
    "Taux": _rate,
}


def _excluded(b: Bilan, rows: pd.DataFrame) -> int | str | None:
    """Excluded expenditure; « sans objet » where no article excludes any."""
    amount = total(rows["ineligible"])
    rules = any(getattr(b.contrats[code], "ineligibles", []) for code in set(rows["contrat"]))
    return "sans objet" if amount == 0 and not rules else amount


def _execution_row(b: Bilan, rows: pd.DataFrame, verse: int | None) -> dict[str, Any]:
    prevu, realise = total(rows["prevu"]), total(rows["realise"])
    late: Any = rows.get("journee_complementaire", [])
    return {
        "Prévu": prevu,
        "Versé par l'État": verse,
        "Réalisé éligible": realise,
        "dont journée complémentaire": total(late),
        "Inéligible": _excluded(b, rows),
        "Taux": _taux(realise, prevu),
    }


def execution_par_groupe(b: Bilan, contrat: str | None = None) -> Styler:
    """Execution by axe or volet, the contract, and the contract over all the exercises of the
    bilan (art. 2.2 and 3; emploi art. 3.2 and 6)."""
    rows = []
    whole: dict[str, list[tuple[pd.DataFrame, int | None]]] = {}
    for run in _executions(b, contrat):
        frame = open_actions(b, run, contrat)
        for code in dict.fromkeys(map(str, frame["contrat"])):
            own = _of(frame, code)
            head = {"Exercice": run.exercice, "Contrat": _contrat(code)}
            for key, part in own.groupby("groupe", sort=False):
                paid = run.verse_groupe.get((code, key))
                label = {"Axe ou volet": _groupe_long(b, code, str(key))}
                rows.append(head | label | _execution_row(b, part, paid))
            paid = run.verse_contrat.get(code)
            rows.append(head | {"Axe ou volet": "Total du contrat"} | _execution_row(b, own, paid))
            whole.setdefault(code, []).append((own, paid))
    for code, years in whole.items():
        if len(years) > 1:
            head = {"Exercice": "–".join(str(y) for y in (b.exercices[0], b.exercices[-1]))}
            head |= {"Contrat": _contrat(code), "Axe ou volet": "Total des exercices"}
            own = pd.concat([frame for frame, _ in years])
            rows.append(head | _execution_row(b, own, total(paid for _, paid in years)))
    columns = ["Exercice", "Contrat", "Axe ou volet", *_EXECUTION]
    caption = f"Exécution par axe et par volet ({_period(b)})"
    return table(_rows(rows, columns), caption, {"Exercice": str, **_EXECUTION})


def execution_par_action(b: Bilan, contrat: str | None = None) -> Styler:
    """Execution by action (annexe 3 solidarités; fiches and annexe 2 emploi)."""
    rows = []
    for run in _executions(b, contrat):
        for line in open_actions(b, run, contrat).to_dict("records"):
            part = pd.DataFrame([line], dtype=object)
            rows.append(
                {
                    "Exercice": run.exercice,
                    "Contrat": _contrat(line["contrat"]),
                    "Action": _action(b, line["contrat"], line["action"]),
                    **_execution_row(b, part, line["verse"]),
                }
            )
    columns = ["Exercice", "Contrat", "Action", *_EXECUTION]
    caption = f"Exécution par action ({_period(b)})"
    return table(_rows(rows, columns), caption, {"Exercice": str, **_EXECUTION})


def execution_par_mois(b: Bilan, contrat: str | None = None) -> Styler:
    """Realised by month and contract; months after December are the journée complémentaire."""
    rows = []
    for run in _executions(b, contrat):
        frame = _of(run.par_mois, contrat)
        if frame.empty:
            continue
        for (code, month), own in frame.groupby(["contrat", "mois"], sort=False):
            rows.append(
                {
                    "Contrat": _contrat(code),
                    "Mois": fmt.mois(str(month)),
                    "Réalisé": total(own["realise"]),
                    "Cumul": total(own["cumul"]),
                    "Exercice": run.exercice,
                }
            )
    columns = ["Exercice", "Contrat", "Mois", "Réalisé", "Cumul"]
    formats: dict[str, Formatter] = {"Exercice": str}
    formats |= {"Réalisé": fmt.euros, "Cumul": fmt.euros}
    return table(_rows(rows, columns), f"Réalisé par mois ({_period(b)})", formats)


def _no_plan(what: str) -> Markdown:
    return markdown(f"**{what}** : {fmt.NON_RENSEIGNE} (aucun plan de financement signé).")


def par_financeur(b: Bilan, contrat: str | None = None) -> Styler | Markdown:
    """Consumed and unconsumed by funder (key of the plan, interpretation cle-du-plan)."""
    kept = _of(b.chiffres, contrat)
    kept = kept[(kept["niveau"] == "contrat") & (kept["financeur"] != "total")]
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    names = {"prevu": "Prévu", "consomme": "Consommé", "non_consomme": "Non consommé"}
    keys = kept[["exercice", "contrat", "financeur", "mesure"]].itertuples(index=False)
    for (year, code, funder, mesure), value in zip(keys, values(kept), strict=True):
        if mesure in names:
            found.setdefault((year, code, funder), {})[names[mesure]] = value
    rows = [
        {"Exercice": year, "Contrat": _contrat(code), "Financeur": _funder(b, code, funder)} | cells
        for (year, code, funder), cells in found.items()
    ]
    if not rows:
        return _no_plan("Consommation par financeur")
    columns = ["Exercice", "Contrat", "Financeur", "Prévu", "Consommé", "Non consommé"]
    formats = {"Exercice": str} | dict.fromkeys(columns[3:], fmt.euros)
    return table(_rows(rows, columns), f"Consommation par financeur ({_period(b)})", formats)


def par_financeur_et_action(b: Bilan, contrat: str | None = None) -> Styler | Markdown:
    """The same by action."""
    rows = []
    for run in _executions(b, contrat):
        for line in _of(run.par_financeur, contrat).to_dict("records"):
            rows.append(
                {
                    "Exercice": run.exercice,
                    "Action": _action(b, line["contrat"], line["action"]),
                    "Financeur": _funder(b, line["contrat"], line["financeur"]),
                    "Prévu": line["prevu"],
                    "Consommé": line["consomme"],
                    "Non consommé": line["non_consomme"],
                }
            )
    if not rows:
        return _no_plan("Consommation par action et financeur")
    columns = ["Exercice", "Action", "Financeur", "Prévu", "Consommé", "Non consommé"]
    formats = {"Exercice": str} | dict.fromkeys(columns[3:], fmt.euros)
    caption = f"Consommation par action et financeur ({_period(b)})"
    return table(_rows(rows, columns), caption, formats)


_LIGNE = {
    "Exercice": "exercice",
    "Mandat": "numero_mandat",
    "Ligne": "numero_ligne",
    "Émis le": "date_emission",
    "Type": "type",
    "Nature": "nature",
    "Montant": "montant_signe",
}
_LIGNE_FORMATS: dict[str, Formatter] = {
    "Montant": fmt.euros,
    "Émis le": fmt.date,
    "Exercice": str,
}


def _ledger(parts: list[pd.DataFrame], extra: Mapping[str, str]) -> pd.DataFrame:
    names = {**extra, **_LIGNE}
    found = [p for p in parts if len(p)]
    rows = pd.concat(found, ignore_index=True).to_dict("records") if found else []
    return _rows([{k: row.get(v) for k, v in names.items()} for row in rows], list(names))


def _unknown(b: Bilan, what: str) -> Markdown | None:
    """Said in place of a table when no ledger was given at all."""
    if any(e.renseigne for e in b.executions):
        return None
    return markdown(f"**{what}** : {fmt.NON_RENSEIGNE} (mandats.csv ou affectations.csv absent).")


def ineligibles(b: Bilan, contrat: str | None = None) -> Styler | Markdown:
    """Lines that an article excludes, with the reason (emploi art. 4.2)."""
    unknown = _unknown(b, "Dépenses inéligibles")
    if unknown is not None:
        return unknown
    parts = []
    for run in b.executions:
        lines = _of(run.lignes, contrat)
        if len(lines):
            parts.append(lines[lines["motif_ineligible"] != ""])
    frame = _ledger(parts, {"Action": "action", "Motif": "motif_ineligible"})
    if frame.empty:
        return markdown("**Dépenses inéligibles** : aucune ligne écartée.")
    amount = fmt.euros(total(frame["Montant"]))
    caption = f"Dépenses inéligibles : {len(frame)} lignes, {amount} ({_period(b)})"
    return table(frame, caption, _LIGNE_FORMATS)


def non_affectes(b: Bilan) -> Styler | Markdown:
    """Lines that no rule of affectations.csv sends to an action."""
    unknown = _unknown(b, "Lignes non affectées")
    if unknown is not None:
        return unknown
    frame = _ledger(
        [run.non_affecte for run in b.executions], {"Code analytique": "code_analytique"}
    )
    if frame.empty:
        return markdown("**Lignes non affectées** : aucune.")
    amount = fmt.euros(total(frame["Montant"]))
    caption = f"Lignes non affectées : {len(frame)} lignes, {amount} ({_period(b)})"
    return table(frame, caption, _LIGNE_FORMATS)


# --- underconsumption -----------------------------------------------------------------------


def sous_consommation(
    b: Bilan, contrat: str | None = None, statuts: Sequence[str] | None = None
) -> Styler | Markdown:
    """Realised against the planned trajectory, projection, status."""
    from analyses.rendu import tables_risque
    from analyses.rendu.tableau import montrer

    found = tables_risque.sous_consommation(b, *([statuts] if statuts else []))
    shown = "" if statuts is None else " : " + ", ".join(fmt.statut(s) for s in statuts)
    caption = f"Risque de sous-consommation{shown} ({_period(b)})"
    own = found if contrat is None else found[found["contrat"] == contrat]
    empty = tables_risque.rien(b, "aucune action dans ce cas")
    return montrer(b, own, caption, {"realise": "Réalisé"}, sauf=["contrat"], vide=empty)


# --- indicators -----------------------------------------------------------------------------


def _cell(row: Mapping[Any, Any], name: str) -> str:
    text = row[f"{name}_imprime"]
    return fmt.NON_RENSEIGNE if fmt.missing(text) or not str(text).strip() else str(text)


def _attainment_rate(row: Mapping[Any, Any]) -> Fraction | str | None:
    """Rate of an indicator; without one, why: a judged target of zero has none."""
    if row["taux"] is not None or row["statut"] == "non_renseigne":
        return row["taux"]
    return "non évaluable" if row["statut"] == "non_evaluable" else "sans objet"


def indicateurs(
    b: Bilan, contrat: str | None = None, portee: str | None = None, detail: bool = True
) -> Styler | Markdown:
    """Targets and results as printed, rate, status; `portee`: 'local', 'national' or 'volet2'."""
    frame = _judged(b, contrat)
    if not frame.empty and portee is not None:
        national = frame["national"]
        volet2 = frame["groupe"] == "v2"
        frame = frame[{"national": national, "volet2": volet2}.get(portee, ~national & ~volet2)]
    if frame.empty:
        return markdown(f"**Indicateurs** : {fmt.NON_RENSEIGNE}.")
    rows = [
        {
            "Exercice": line["exercice"],
            "Contrat": _contrat(line["contrat"]),
            "Code": line["code"],
            "Indicateur": line["libelle"],
            "T0": _cell(line, "t0"),
            "Cible": _cell(line, "cible") + (" (lecture incertaine)" if line["incertaine"] else ""),
            "Résultat": _cell(line, "resultat"),
            "Taux": _attainment_rate(line),
            "Statut": fmt.statut(line["statut"]),
            "Lecture": line["lecture"] or "directe",
            "Source": line["source"],
        }
        for line in frame.to_dict("records")
    ]
    words = {"local": "locaux", "national": "nationaux", "volet2": "du volet 2"}
    caption = f"Indicateurs {words.get(portee or '', '')} ({_period(b)})".replace("  ", " ")
    columns = list(rows[0]) if detail else list(rows[0])[:9]
    return table(_rows(rows, columns), caption, {"Exercice": str, "Taux": _rate})


def synthese_indicateurs(b: Bilan, contrat: str | None = None) -> Styler | Markdown:
    """Number of targets by status, exercise and contract."""
    frame = _judged(b, contrat)
    if frame.empty:
        return markdown(f"**Indicateurs** : {fmt.NON_RENSEIGNE}.")
    statuses = [s for s in fmt.STATUTS if s in set(frame["statut"])]
    rows = []
    for (year, code), own in frame.groupby(["exercice", "contrat"], sort=True):
        count = Counter(own["statut"])
        rows.append(
            {"Exercice": year, "Contrat": _contrat(code), "Cibles": len(own)}
            | {fmt.statut(s).capitalize(): count.get(s, 0) for s in statuses}
        )
    formats: dict[str, Formatter] = dict.fromkeys(rows[0], fmt.entier)
    formats |= {"Exercice": str, "Contrat": fmt.texte}
    caption = f"Atteinte des indicateurs, nombre de cibles ({_period(b)})"
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
        f"- Lignes d'indicateurs à lecture incertaine : {len(_uncertain(b))}.",
    ]
    return markdown("\n".join(lines))


def _received(text: Any) -> str:
    try:
        return fmt.date(date.fromisoformat(str(text)))
    except ValueError:
        return fmt.texte(text)


def sources(b: Bilan) -> Styler | Markdown:
    """Where each file comes from; no sidecar is « provenance non renseignée »."""
    rows = [
        {
            "Exercice": depot.exercice,
            "Fichier": source.fichier,
            "Nature": {"reelle": "réelle", "simulee": "simulée"}.get(
                source.nature or "", "provenance non renseignée"
            ),
            "Producteur": source.producteur,
            "Reçu le": _received(source.recu_le),
            "Empreinte (sha256)": str(source.sha256 or "")[:12],
        }
        for depot in [*getattr(b, "anterieurs", []), *b.depots]
        for source in depot.sources
    ]
    if not rows:
        return markdown(f"**Sources** : {fmt.NON_RENSEIGNE} (aucun fichier).")
    return table(_rows(rows, list(rows[0])), "Fichiers reçus et provenance", {"Exercice": str})


def controles(b: Bilan) -> Styler | Markdown:
    """Warnings raised while reading the files."""
    rows = [
        {"Exercice": d.exercice, "Signalement": str(warning)}
        for d in b.depots
        for warning in d.controles
    ]
    if not rows:
        return markdown("**Contrôles** : aucun signalement.")
    return table(_rows(rows, list(rows[0])), "Signalements à la lecture", {"Exercice": str})


def contradictions(b: Bilan, poids: str | None = None) -> Styler | Markdown:
    """What the signed documents say differently, both values kept."""
    rows = [
        {
            "Code": c.code,
            "Contrat": _contrat(c.contrat),
            "Poids": fmt.word(fmt.POIDS, c.poids),
            "Objet": c.objet,
            "Source 1": c.source_1,
            "Valeur 1": c.valeur_1,
            "Source 2": c.source_2,
            "Valeur 2": c.valeur_2,
        }
        for c in b.contradictions
        if poids in (None, c.poids)
    ]
    if not rows:
        return markdown("**Contradictions** : aucune.")
    words = "" if poids is None else f" : {fmt.word(fmt.POIDS, poids)}"
    return table(_rows(rows, list(rows[0])), f"Contradictions{words} ({len(rows)})")


def _uncertain(b: Bilan) -> list[Any]:
    from analyses.contrat.contradictions import uncertain_readings

    return list(uncertain_readings(b.contrats))


def lectures_incertaines(b: Bilan) -> Styler | Markdown:
    """Indicator rows whose empty cells the text does not place (annexes 2 and 4, fiches)."""
    rows = [
        {
            "Contrat": _contrat(r.contrat),
            "Indicateur": f"{r.action}/{r.indicateur}",
            "Source": r.source,
            "Cellules imprimées": " | ".join(r.imprime) or "aucune",
            "Colonnes du tableau": r.colonnes,
            "Lecture retenue": r.lecture,
        }
        for r in _uncertain(b)
    ]
    if not rows:
        return markdown("**Lectures incertaines** : aucune.")
    formats = {"Colonnes du tableau": fmt.entier}
    return table(_rows(rows, list(rows[0])), f"Lectures incertaines ({len(rows)})", formats)


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


def narratifs(b: Bilan, contrat: str | None = None) -> Markdown:
    """Each action with its figures in a line and its narrative (annexe 5; emploi art. 3.5)."""
    parts = []
    for code, terms in b.contrats.items():
        if contrat not in (None, code):
            continue
        for action in terms.actions.values():
            parts.append(f"### {_contrat(code)}, action {action.code} – {action.libelle}")
            parts.append(_figures(b, code, action.code))
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


def _figures(b: Bilan, contrat: str, action: str) -> str:
    lines = []
    for run in b.executions:
        frame = _of(run.par_action, contrat)
        for row in frame[frame["action"] == action].to_dict("records") if len(frame) else []:
            lines.append(
                f"- {run.exercice} : prévu {fmt.euros(row['prevu'])}, réalisé "
                f"{fmt.euros(row['realise'])}, taux {_rate(_taux(row['realise'], row['prevu']))}"
            )
    frame = _judged(b, contrat)
    own = frame[frame["action"] == action] if len(frame) else frame
    lines += [
        f"- {row['exercice']}, {row['libelle']} : cible {_cell(row, 'cible')}, résultat "
        f"{_cell(row, 'resultat')} ({fmt.statut(row['statut'])})"
        for row in (own.to_dict("records") if len(own) else [])
    ]
    return "\n".join(line.replace("<", "&lt;").replace("*", "\\*") for line in lines)


def echeances(b: Bilan, contrat: str | None = None) -> Styler | Markdown:
    """Dates that the contracts set, with their article."""
    rows = [
        {
            "Contrat": _contrat(code),
            "Date": e.date,
            "Échéance": e.libelle,
            "Article": e.article,
        }
        for code, terms in b.contrats.items()
        if contrat in (None, code)
        for e in sorted(terms.echeances, key=lambda e: e.date)
    ]
    if not rows:
        return markdown("**Échéances** : aucune date fixée par le texte.")
    return table(_rows(rows, list(rows[0])), "Échéances des contrats", {"Date": fmt.date})


def clauses(b: Bilan, contrat: str | None = None) -> Styler | Markdown:
    """The clauses that compute or set a duty."""
    rows = [
        {"Contrat": _contrat(code), "Article": c.article, "Clause": c.libelle}
        for code, terms in b.contrats.items()
        if contrat in (None, code)
        for c in terms.clauses.values()
    ]
    if not rows:
        return markdown("**Clauses** : aucune.")
    return table(_rows(rows, list(rows[0])), "Clauses qui comptent")


# --- figures --------------------------------------------------------------------------------


def _years(b: Bilan, contrat: str, exercice: int | None) -> list[int]:
    """The exercise asked for, or every exercise of the bilan that the contract covers."""
    return [exercice] if exercice else [run.exercice for run in _executions(b, contrat)]


def figure_execution(b: Bilan, contrat: str, exercice: int | None = None) -> None:
    """Planned and realised by action, one figure per exercise, with its alternative text."""
    from analyses.rendu import plots

    for year in _years(b, contrat, exercice):
        figure(plots.execution_par_action(b, contrat, year), plots.alt_execution(b, contrat, year))


def figure_cumul(b: Bilan, contrat: str, exercice: int | None = None) -> None:
    """Cumulative consumption against the planned ramp-up, one figure per exercise."""
    from analyses.rendu import plots

    for year in _years(b, contrat, exercice):
        figure(plots.cumul(b, contrat, year), plots.alt_cumul(b, contrat, year))


def figure_indicateurs(b: Bilan, contrat: str, exercice: int | None = None) -> None:
    """Indicator attainment by action, with its alternative text."""
    from analyses.rendu import plots

    shown = exercice if exercice is not None else _current(b)
    figure(plots.atteinte_par_action(b, contrat, exercice), plots.alt_atteinte(b, contrat, shown))


def figure_atteinte(b: Bilan) -> None:
    """Indicator attainment over the exercises, with its alternative text."""
    from analyses.rendu import plots

    figure(plots.atteinte_par_annee(b), plots.alt_atteinte(b))
