"""What a notebook says: what its figures are made from, the essential, narratives, pictures.

Every number of a sentence is read from `chiffres`; a missing one is « non renseigné ».
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from analyses.chiffres.table import values
from analyses.contrat.contradictions import MOTS, uncertain_readings
from analyses.contrat.load import registry
from analyses.rendu import indicateurs, textes
from analyses.rendu.affichage import figure, markdown, nom_contrat
from analyses.rendu.tableau import en_francais, tableau
from analyses.socle import fmt

if TYPE_CHECKING:
    from IPython.display import Markdown

    from analyses.bilan import Bilan

SANS_PLAN = f"{fmt.NON_RENSEIGNE} (aucun plan de financement signé)"


def aucune(b: Bilan, words: str) -> str:
    """What is said of ledger lines that there are not: unknown when no ledger was given."""
    if any(e.renseigne for e in b.executions):
        return words
    return f"{fmt.NON_RENSEIGNE} (mandats.csv ou affectations.csv absent)"


def banner(b: Bilan, titre: str = "") -> Markdown:
    """What the figures are made from: simulated or not, département, exercises, closing date,
    provenance; `titre`: which bilan they make."""
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
        if getattr(depot, field) is None
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
                    f"  - argent de l'État en jeu : {_stake(cells)}.",
                    f"  - indicateurs : {_counted(cells, 'nombre_')}.",
                ]
    return markdown("\n".join(lines))


_EN_JEU = ("montant_a_risque", "sans_explication")
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
    return f"{_counted(cells, 'actions_').replace('renseigné', 'renseignée')}."


def _stake(cells: Cells) -> str:
    """The same amount as in notebook 03 and in the workbook, and what of it nothing defends."""
    stake, bare = (cells.get((name, "etat", "")) for name in _EN_JEU)
    words = fmt.euros(stake)
    return f"{words}, dont {fmt.euros(bare)} sans explication" if stake else words


def _counted(cells: Cells, prefix: str) -> str:
    """Numbers by status, in words."""
    count = {code: int(cells.get((f"{prefix}{code}", "", "")) or 0) for code in fmt.STATUTS}
    return fmt.denombre(count) or fmt.NON_RENSEIGNE


# --- quality --------------------------------------------------------------------------------


def qualite(b: Bilan) -> Markdown:
    """The answer of the quality notebook."""
    count = Counter(c.poids for c in b.contradictions)
    words = count.pop(MOTS, 0)
    weights = ", ".join(f"« {text} » : {count[k]}" for k, text in fmt.POIDS.items() if count[k])
    absent, warnings = absent_files(b), len(textes.controles(b))
    lines = [
        f"- Fichiers reçus : {len(textes.sources(b))} ; absents : {', '.join(absent) or 'aucun'}.",
        f"- Signalements à la lecture : {warnings} (une erreur aurait arrêté le calcul).",
        f"- Contradictions dans les textes signés : {count.total()}"
        + (f" ({weights})" if weights else "")
        + f" ; à part, simples affaires de mots : {words}.",
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
