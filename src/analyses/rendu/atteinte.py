"""What the notebooks say of the indicators: the essential, the gaps of the training, pictures."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import TYPE_CHECKING

from analyses.atteinte import formations as training
from analyses.chiffres.table import values
from analyses.contrat.parametres import load_seuils
from analyses.rendu import indicateurs, plots_indicateurs, plots_statuts
from analyses.rendu.affichage import figure, markdown, nom_contrat
from analyses.rendu.tableau import montrer, tableau
from analyses.socle import fmt

if TYPE_CHECKING:
    from IPython.display import Markdown
    from pandas.io.formats.style import Styler

    from analyses.bilan import Bilan

Nombres = Mapping[tuple[str, str], object]  # (mesure, detail) -> number


def _plural(number: object, words: str) -> str:
    """A count with its words, each in the plural from two.

    >>> _plural(1, "cible atteinte"), _plural(2, "cible atteinte")
    ('1 cible atteinte', '2 cibles atteintes')
    """
    many = number not in (0, 1)
    return f"{number} {' '.join(w + 's' for w in words.split()) if many else words}"


def essentiel(b: Bilan) -> Markdown:
    """By contract and year: attained, missed, unknown; what needs a look; effect of a tolerance."""
    lines = []
    for (exercice, contrat), own in _contrats(b).items():
        lines.append(f"- **{nom_contrat(contrat)} {exercice}** : {_targets(own)}")
        lines += [f"  - {line}" for line in (_money(own), _pace(own), _asked(own)) if line]
        lines.append(f"  - {_tolerance(own)}")
    return markdown("\n".join(lines) or f"**Indicateurs** : {fmt.NON_RENSEIGNE}.")


def _contrats(b: Bilan) -> dict[tuple[int, str], dict[tuple[str, str], object]]:
    """The figures without a funder of each contract that has indicators, by exercise."""
    own = b.chiffres.query("niveau == 'contrat' and financeur == '' and statut == 'calcule'")
    found: dict[tuple[int, str], dict[tuple[str, str], object]] = {}
    columns = own[["exercice", "contrat", "mesure", "detail"]]
    for (year, contrat, mesure, detail), value in zip(
        columns.itertuples(index=False, name=None), values(own), strict=True
    ):
        found.setdefault((year, contrat), {})[mesure, detail] = value
    return {place: own for place, own in found.items() if ("nombre_cibles", "") in own}


def _targets(own: Nombres) -> str:
    def n(name: str) -> object:
        return own[f"nombre_{name}", ""]

    return (
        f"{n('juge')} cibles jugées sur {n('cibles')}, dont {n('atteint')} atteintes, "
        f"{n('partiellement')} en partie, {n('non_atteint')} manquées ; sans jugement : "
        f"{n('non_renseigne')} faute de résultat, {n('non_evaluable')} non évaluables, "
        f"{n('sans_objet')} sans objet."
    )


def _money(own: Nombres) -> str:
    shown = [
        f"{number} « {indicateurs.QUADRANTS[code]} »"
        if code in indicateurs.QUADRANTS
        else f"{number} sans lecture ({indicateurs.LECTURES[code]})"
        for (mesure, code), number in own.items()
        if mesure == "nombre_actions" and number
    ]
    return f"**Argent face aux résultats** (actions) : {', '.join(shown)}." if shown else ""


def _pace(own: Nombres) -> str:
    known, late = own["nombre_projete", ""], own["nombre_en_retard", ""]
    if not known:
        return ""
    return (
        f"**Au rythme actuel** : {_plural(known, 'indicateur')} se projettent jusqu'à leur "
        f"dernière cible, {late} la manqueraient."
    )


def _asked(own: Nombres) -> str:
    if not own["nombre_questions", ""]:
        return "**Questions aux pilotes** : aucune."
    return (
        f"**Questions aux pilotes** : {_plural(own['nombre_questions', ''], 'question')} "
        f"sur {_plural(own['nombre_actions_questionnees', ''], 'action')}."
    )


def _tolerance(own: Nombres) -> str:
    parts = [
        f"{number} à {fmt.pourcent(Fraction(detail))}"
        for (mesure, detail), number in own.items()
        if mesure == "nombre_manque_de_peu"
    ]
    used = load_seuils()["tolerance_atteinte"]
    return (
        f"**Tolérance** : {fmt.pourcent(used)} ; cibles manquées de peu qu'une autre tolérance "
        f"dirait atteintes : {', '.join(parts)}."
    )


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
        for line, name in training.gaps(depot.formations, depot.exercice)
    ]
    return markdown("\n".join(found) or "Taux affichés et effectifs : aucun écart.")


# --- what the bilans still call -------------------------------------------------------------


def comptes(b: Bilan, contrat: str) -> Styler | Markdown:
    """Targets of a contract by status, for its axes or volets and the whole."""
    own = b.chiffres.query("contrat == @contrat and niveau in ['axe', 'volet', 'contrat']")
    caption = f"Cibles par statut, par axe, volet et contrat ({b.periode})"
    return montrer(
        b,
        tableau(own, ["nombre_juge", *indicateurs.NOMBRES.values()]),
        caption,
        {"code": "Ensemble"},
    )


def questions(b: Bilan, contrat: str) -> Styler | Markdown:
    """Questions to the pilots of a contract."""
    own = indicateurs.questions(b).query("contrat == @contrat")
    return montrer(b, own, f"Questions aux pilotes ({len(own)})", sauf=["genre"], vide="aucune")


def annexe(b: Bilan, nom: str) -> Styler | Markdown:
    """An annexe of indicators filled in, by the name of its sheet."""
    sheet = next(g for g in indicateurs.annexes(b) if g.feuille == nom)
    return montrer(b, indicateurs.annexe(b, sheet), f"{sheet.titre} ({b.periode})")


# --- pictures -------------------------------------------------------------------------------


def figure_carte(b: Bilan) -> None:
    """Status of every indicator, by action and year, with its alternative text."""
    figure(plots_statuts.carte(b), plots_statuts.alt_carte(b))


def figure_argent(b: Bilan) -> None:
    """Money against results in the last exercise, with its alternative text."""
    figure(plots_indicateurs.argent_resultats(b), plots_indicateurs.alt_argent(b))


def figures_par_action(b: Bilan, contrat: str) -> None:
    """Attainment over the years, small multiples: one picture per action."""
    own = b.indicateurs[b.indicateurs["contrat"] == contrat]
    for code in dict.fromkeys(own["action"]):
        figure(
            plots_indicateurs.petits_multiples(b, contrat, code),
            plots_indicateurs.alt_multiples(b, contrat, code),
        )
