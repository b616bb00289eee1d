"""What the notebooks show of the indicators: attainment, progress, questions, annexes, training."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from analyses.atteinte import formations as training
from analyses.atteinte import synthese as synthese_atteinte
from analyses.atteinte.questions import Question
from analyses.atteinte.questions import questions as ask
from analyses.contrat.model import NATIONAL
from analyses.contrat.parametres import load_interpretations, load_seuils
from analyses.rendu import plots_indicateurs
from analyses.rendu.show import (
    Formatter,
    _action,
    _attainment_rate,
    _cell,
    _contrat,
    _groupe_long,
    _judged,
    _of,
    _period,
    _rate,
    _rows,
    figure,
    frames,
    markdown,
    table,
)
from analyses.socle import fmt

if TYPE_CHECKING:
    from IPython.display import Markdown
    from pandas.io.formats.style import Styler

Bilan = Any
SENS = {
    "hausse": "plus est mieux",
    "baisse": "moins est mieux",
    "valeur": "valeur à atteindre",
    "aucun": "aucun (observé)",
}
NATURES = {"flux": "flux de l'année", "cumul": "cumul depuis T0", "stock": "stock au 31 décembre"}
FORMES = {"nombre": "nombre", "taux": "taux", "oui_non": "oui ou non", "texte": "texte"}
_NATIONAUX = "Indicateurs nationaux"
_MASQUE = "effectif trop petit pour être montré"


def _years(b: Bilan) -> list[int]:
    return [run.exercice for run in b.executions]


def _missing() -> Markdown:
    return markdown(f"**Indicateurs** : {fmt.NON_RENSEIGNE}.")


def _number(value: Any, unite: str) -> str:
    if value is None:
        return ""
    return fmt.pourcent(value) if unite == "ratio" else fmt.nombre(value)


# --- the answer -----------------------------------------------------------------------------


def _plural(number: int, words: str) -> str:
    """A count with its words, each in the plural from two.

    >>> _plural(1, "cible atteinte"), _plural(2, "cible atteinte")
    ('1 cible atteinte', '2 cibles atteintes')
    """
    return f"{number} {' '.join(w + 's' for w in words.split()) if number > 1 else words}"


def essentiel(b: Bilan) -> Markdown:
    """Attained, missed, unknown by contract and year; what needs a look; effect of a tolerance."""
    if _judged(b).empty:
        return _missing()
    lines = []
    for row in synthese_atteinte.counts(b.indicateurs, b.contrats, _years(b)).to_dict("records"):
        if row["niveau"] != "contrat":
            continue
        lines.append(
            f"- **{_contrat(row['contrat'])} {row['exercice']}** : {row['jugees']} cibles jugées "
            f"sur {row['cibles']}, dont {row['atteint']} atteintes, {row['partiellement']} en "
            f"partie, {row['non_atteint']} manquées ; sans jugement : {row['non_renseigne']} "
            f"faute de résultat, {row['non_evaluable']} non évaluables, {row['sans_objet']} sans "
            "objet."
        )
    lines += [f"- {line}" for line in (_money(b), _pace(b), _asked(b), _tolerance(b)) if line]
    return markdown("\n".join(lines))


def _money(b: Bilan) -> str:
    frame = synthese_atteinte.quadrants(b.indicateurs, b.executions, load_seuils())
    words = plots_indicateurs.WORDS
    shown = ", ".join(
        f"{number} « {words[code]} »" if code in words else f"{number} sans lecture ({code})"
        for code, number in synthese_atteinte.by_reading(frame).items()
    )
    return f"**Argent face aux résultats** (actions × exercices) : {shown}." if shown else ""


def _pace(b: Bilan) -> str:
    known, late = synthese_atteinte.pace(b.indicateurs, max(_years(b)))
    if not known:
        return ""
    return (
        f"**Au rythme actuel** : {_plural(known, 'indicateur')} se projettent jusqu'à leur "
        f"dernière cible, {late} la manqueraient."
    )


def _asked(b: Bilan) -> str:
    found = _questions(b)
    actions = {(q.contrat, q.action) for q in found}
    if not found:
        return "**Questions aux pilotes** : aucune."
    return (
        f"**Questions aux pilotes** : {_plural(len(found), 'question')} "
        f"sur {_plural(len(actions), 'action')}."
    )


def _tolerance(b: Bilan) -> str:
    tried = [Fraction(5, 100), Fraction(1, 10)]
    found = synthese_atteinte.sensitivity(b.indicateurs, _years(b), tried)
    parts = [f"{number} à {fmt.pourcent(rate)}" for rate, number in found]
    used = load_seuils()["tolerance_atteinte"]
    return (
        f"**Tolérance** : {fmt.pourcent(used)} ; cibles manquées de peu qu'une autre tolérance "
        f"dirait atteintes : {', '.join(parts)}."
    )


# --- counts and money -----------------------------------------------------------------------


def comptes(b: Bilan, contrat: str | None = None, niveau: str = "groupe") -> Styler | Markdown:
    """Targets by status: `niveau` 'groupe' (axes, volets, contract) or 'action'."""
    if _judged(b).empty:
        return _missing()
    own = _of(synthese_atteinte.counts(b.indicateurs, b.contrats, _years(b)), contrat)
    if own.empty:
        return _missing()
    rows = []
    for line in own.to_dict("records"):
        if (line["niveau"] == "action") != (niveau == "action"):
            continue
        rows.append(
            {
                "Exercice": line["exercice"],
                "Contrat": _contrat(line["contrat"]),
                "Ensemble": _scope(b, line),
                "Jugées": line["jugees"],
                **{fmt.statut(s).capitalize(): line[s] for s in synthese_atteinte.STATUTS},
            }
        )
    formats: dict[str, Formatter] = dict.fromkeys(rows[0], fmt.entier)
    formats |= {"Exercice": str, "Contrat": fmt.texte, "Ensemble": fmt.texte}
    place = "par action" if niveau == "action" else "par axe, volet et contrat"
    return table(_rows(rows, list(rows[0])), f"Cibles par statut, {place} ({_period(b)})", formats)


def _scope(b: Bilan, line: Mapping[Any, Any]) -> str:
    contrat, code = line["contrat"], line["code"]
    if line["niveau"] == "contrat":
        return "Ensemble du contrat"
    if line["niveau"] == "action":
        return _NATIONAUX if code == NATIONAL else _action(b, contrat, code)
    key = next((k for k, g in b.contrats[contrat].groupes.items() if g.code_public == code), code)
    return _groupe_long(b, contrat, key)


def argent(b: Bilan) -> Styler | Markdown:
    """Consumption beside attainment, one row per action: counts, never an average of rates."""
    if _judged(b).empty:
        return _missing()
    frame = synthese_atteinte.quadrants(b.indicateurs, b.executions, load_seuils())
    order = [*plots_indicateurs.WORDS, "non_evaluable", "sans_objet", "non_renseigne"]
    lines = sorted(frame.to_dict("records"), key=lambda r: order.index(r["quadrant"]))
    rows = [
        {
            "Exercice": line["exercice"],
            "Contrat": _contrat(line["contrat"]),
            "Action": _action(b, line["contrat"], line["action"]),
            "Réalisé": line["realise"],
            "Taux d'exécution": line["taux_execution"],
            "Cibles atteintes": f"{line['atteintes']} sur {line['jugees']}",
            "Lecture": plots_indicateurs.WORDS.get(line["quadrant"], line["lecture"]),
        }
        for line in lines
    ]
    formats: dict[str, Formatter] = {"Exercice": str, "Taux d'exécution": _rate}
    formats["Réalisé"] = fmt.euros
    caption = f"L'argent face aux résultats, par action ({_period(b)})"
    return table(_rows(rows, list(rows[0])), caption, formats)


# --- progress -------------------------------------------------------------------------------


def parcours(b: Bilan, contrat: str | None = None, portee: str | None = None) -> Styler | Markdown:
    """From T0 to the last target: result, status, progress, where the present pace leads.

    `portee`: 'local' (actions) or 'national'; the last exercise of the bilan.
    """
    frame = _judged(b, contrat)
    if not frame.empty:
        frame = frame[frame["exercice"] == max(_years(b))]
        if portee is not None:
            frame = frame[frame["national"] == (portee == "national")]
    if frame.empty:
        return _missing()
    rows = [
        {
            "Code": line["code"],
            "Indicateur": line["libelle"],
            "T0": _cell(line, "t0") if line["t0_imprime"] is not None else "non prévu",
            "Cible": _cell(line, "cible") + (" (lecture incertaine)" if line["incertaine"] else ""),
            "Résultat": _cell(line, "resultat"),
            "Taux": _attainment_rate(line),
            "Statut": _status(line),
            "Progression": _progress(line),
            "Attendu en fin de contrat": _expected(line),
            "À quantité constante": _number(line["attendu_lineaire"], line["unite_comparee"])
            or _why(line),
        }
        for line in frame.to_dict("records")
    ]
    year = max(_years(b))
    words = {"local": "locaux", "national": "nationaux"}.get(portee or "", "")
    caption = f"Indicateurs {words} {year} : de la situation initiale à la fin du contrat"
    return table(_rows(rows, list(rows[0])), caption.replace("  ", " "), {"Taux": _rate})


def _status(line: Mapping[Any, Any]) -> str:
    """The status, and how it was read when its word does not say it."""
    words = "" if line["statut"] == "non_renseigne" else line["lecture"]
    return " : ".join(part for part in (fmt.statut(line["statut"]), words) if part)


def _expected(line: Mapping[Any, Any]) -> str:
    """The value expected at the end of the contract, and what it is of the one aimed at."""
    value = _number(line["attendu"], line["unite_comparee"])
    part = _number(line["attendu_taux"], "ratio")
    return f"{value}, soit {part} de la cible" if part else value or _why(line)


def _progress(line: Mapping[Any, Any]) -> str:
    if line["progression"] is not None:
        return fmt.pourcent(line["progression"])
    return "sans objet" if line["parcours_statut"] == "calcule" else _why(line)


def _why(line: Mapping[Any, Any]) -> str:
    status = line["parcours_statut"]
    return "non évaluable" if status == "calcule" else fmt.statut(status)


# --- questions ------------------------------------------------------------------------------


def _questions(b: Bilan) -> list[Question]:
    if _judged(b).empty:
        return []
    return ask(b.indicateurs, b.contrats, _years(b), load_seuils())


def questions(b: Bilan, contrat: str | None = None) -> Styler | Markdown:
    """Results to confirm or correct, action by action, as questions to their pilot."""
    found = [q for q in _questions(b) if contrat in (None, q.contrat)]
    if not found:
        return markdown("**Questions aux pilotes** : aucune.")
    labels = {(r["contrat"], r["code"]): r["libelle"] for r in b.indicateurs.to_dict("records")}
    order = {key: rank for rank, key in enumerate(labels)}
    found.sort(key=lambda q: (q.exercice, *_place(q, order)))
    rows = [
        {
            "Exercice": q.exercice,
            "Contrat": _contrat(q.contrat),
            "Action": _NATIONAUX if q.action == NATIONAL else _action(b, q.contrat, q.action),
            "Indicateur": labels.get((q.contrat, q.code), "tous ceux de l'action"),
            "Question au pilote": q.texte,
        }
        for q in found
    ]
    caption = f"Questions aux pilotes ({len(rows)})"
    return table(_rows(rows, list(rows[0])), caption, {"Exercice": str})


def _place(q: Question, order: Mapping[tuple[str, str], int]) -> tuple[int, ...]:
    """Rank of a question: at its indicator, or first of its action."""
    own = [
        rank
        for (c, code), rank in order.items()
        if (c, code.split("/")[0]) == (q.contrat, q.action)
    ]
    return (min(own), order.get((q.contrat, q.code), -1)) if own else (len(order), -1)


# --- annexes, definitions, training ---------------------------------------------------------


def annexe(b: Bilan, nom: str) -> Styler | Markdown:
    """Annexe 2 or 4 filled in, in the State's columns (params/gabarits/), every year beside."""
    from analyses.rendu.classeur_lignes import indicator_rows
    from analyses.rendu.gabarits import load_gabarits

    sheet = next(g for g in load_gabarits()[1] if g.feuille == nom)
    contrat = b.contrats.get(sheet.contrat)
    if contrat is None:
        return _missing()
    columns = [c for c in sheet.colonnes if "(ajout)" not in c.entete]
    rows = [
        {c.entete: _shown(row[c.source]) for c in columns}
        for row in indicator_rows(sheet, contrat, frames(b.indicateurs), max(_years(b), default=0))
    ]
    return table(_rows(rows, [c.entete for c in columns]), f"{sheet.titre} ({_period(b)})")


def _shown(value: Any) -> str:
    if value is None:
        return "à venir"
    return fmt.nombre(value) if isinstance(value, Fraction) else str(value)


def _indicators(b: Bilan) -> list[tuple[str, str, Any]]:
    """(contract, code, indicator) of every indicator."""
    return [
        (contrat.code, f"{action}/{indicator.code}", indicator)
        for contrat in b.contrats.values()
        for action, indicator in contrat.indicateurs()
    ]


def definitions(b: Bilan) -> Styler | Markdown:
    """What each indicator is: unit, direction, nature, what its years do, what it comes from."""
    rows = [
        {
            "Contrat": _contrat(contrat),
            "Code": code,
            "Unité": indicator.unite,
            "Sens": SENS[indicator.sens],
            "Nature": NATURES[indicator.nature],
            "Forme": FORMES[indicator.forme],
            "Années additionnées": "oui" if indicator.additif else "non",
            "Précisions": _details(indicator),
        }
        for contrat, code, indicator in _indicators(b)
    ]
    if not rows:
        return _missing()
    return table(_rows(rows, list(rows[0])), f"Ce que sont les {len(rows)} indicateurs")


def _details(indicator: Any) -> str:
    formule = indicator.formule
    parts = []
    if formule is not None and formule.type == "rapport":
        parts.append(f"{formule.termes[0]} sur {formule.sur}, objectif {formule.objectif}")
    elif formule is not None:
        parts.append("contrôlé par " + " + ".join(formule.termes))
    if indicator.t0_nature:
        parts.append(f"T0 : {NATURES[indicator.t0_nature]}")
    parts += [f"à ventiler : {d.libelle} ({d.source})" for d in indicator.desagregations]
    return " ; ".join([*parts, *filter(None, [indicator.remarque])]) or "aucune"


def _reading(row: Mapping[str, Any]) -> str:
    return str(row["lectures"][row["retenue"]])


def fondements(b: Bilan) -> Styler | Markdown:
    """On what ground each of these readings stands: the contract's words, or an interpretation."""
    reasons = {row["code"]: row for row in load_interpretations()}
    found: dict[str, tuple[set[str], list[str]]] = {}
    for contrat, code, indicator in _indicators(b):
        grounds = dict(indicator.fondements)
        if indicator.formule:
            grounds["formule"] = indicator.formule.fondement
        for key, text in grounds.items():
            keys, codes = found.setdefault(text, (set(), []))
            keys.add(key.replace("_", " ").replace("unite", "unité"))
            codes.append(f"{_contrat(contrat)} {code}")
    rows = [
        {
            "Fondement": f"interprétation : {text}" if text in reasons else f"texte : {text}",
            "Ce qu'il fixe": ", ".join(sorted(keys)),
            "Lecture retenue": _reading(reasons[text]) if text in reasons else "ce texte",
            "Pourquoi": reasons[text]["pourquoi"] if text in reasons else "le contrat le dit",
            "Indicateurs": _listed(codes),
        }
        for text, (keys, codes) in sorted(found.items(), key=lambda item: item[0] in reasons)
    ]
    if not rows:
        return _missing()
    caption = "D'où viennent ces lectures : le texte, puis les interprétations"
    return table(_rows(rows, list(rows[0])), caption)


def _listed(codes: list[str]) -> str:
    once = list(dict.fromkeys(codes))
    return ", ".join(once) if len(once) <= 12 else f"{len(once)} indicateurs"


def formations(b: Bilan) -> Styler | Markdown:
    """Training on the Académie: hours, registrations, participation, completion, satisfaction."""
    floor = int(load_seuils()["petits_effectifs"])
    rows = []
    for depot in b.depots:
        frame = training.formations(getattr(depot, "formations", None), depot.exercice, floor)
        for line in frame.to_dict("records"):
            shown = line["montre"]
            rows.append(
                {
                    "Exercice": depot.exercice,
                    "Modalité": line["modalite"],
                    "Heures réalisées": _or_hidden(line["heures"], shown, ""),
                    "Inscriptions": _or_hidden(line["inscriptions"], shown, ""),
                    "Intitulés": _or_hidden(line["intitules"], shown, ""),
                    **{
                        name.replace("taux_", "Taux de ").replace(
                            "realisation", "réalisation"
                        ): _or_hidden(line[name], shown, "ratio")
                        for name in training.TAUX
                    },
                }
            )
    if not rows:
        return markdown(f"**Formations de l'Académie** : {fmt.NON_RENSEIGNE}.")
    caption = f"Formations de l'Académie, données collectives ({_period(b)})"
    return table(_rows(rows, list(rows[0])), caption, {"Exercice": str})


def _or_hidden(value: Any, shown: bool, unite: str) -> str:
    if not shown:
        return _MASQUE
    return fmt.NON_RENSEIGNE if value is None else _number(Fraction(value), unite)


def ecarts_formations(b: Bilan) -> Markdown:
    """Rates that the platform shows and that its counts do not give."""
    names = {
        "taux_participation": "participation",
        "taux_realisation": "réalisation",
        "taux_satisfaction": "satisfaction",
    }
    found = [
        f"- {depot.exercice}, ligne {line} : le taux de {names[name]} affiché n'est pas celui des "
        "effectifs ; le taux calculé est retenu."
        for depot in b.depots
        for line, name in training.gaps(getattr(depot, "formations", None), depot.exercice)
    ]
    return markdown("\n".join(found) or "Taux affichés et effectifs : aucun écart.")


# --- pictures -------------------------------------------------------------------------------


def figure_carte(b: Bilan) -> None:
    """Status of every indicator, by action and year, with its alternative text."""
    figure(plots_indicateurs.carte(b), plots_indicateurs.alt_carte(b))


def figure_argent(b: Bilan, exercice: int | None = None) -> None:
    """Money against results, with its alternative text."""
    figure(
        plots_indicateurs.argent_resultats(b, exercice), plots_indicateurs.alt_argent(b, exercice)
    )


def figures_par_action(b: Bilan, contrat: str, action: str | None = None) -> None:
    """Attainment over the years, small multiples: one picture per action (or `action` alone)."""
    frame = _of(frames(b.indicateurs), contrat)
    for code in dict.fromkeys(frame["action"]) if len(frame) else []:
        if action in (None, code):
            figure(
                plots_indicateurs.petits_multiples(b, contrat, code),
                plots_indicateurs.alt_multiples(b, contrat, code),
            )
