"""Tables of the risk that set texts beside figures, and what their titles say.

They hold exact values, to filter and change; `montrer` writes them in French.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pandas as pd

from analyses.rendu import affichage
from analyses.rendu.affichage import markdown, nom_action, nom_contrat
from analyses.rendu.tableau import LIEU, tableau
from analyses.risque import justifications
from analyses.risque.scenario import centimes, seuil_de
from analyses.socle import fmt

if TYPE_CHECKING:
    from IPython.display import Markdown
    from pandas.io.formats.style import Styler

    from analyses.bilan import Bilan
    from analyses.risque.risque import Risque

_LEVIERS = {
    "engager": "engager le reste du budget",
    "mandater": "mandater ce qui est engagé avant le 31 décembre",
    "justifier": "écrire la justification et joindre sa pièce",
}


# --- what titles say ------------------------------------------------------------------------


def dernier(b: Bilan) -> Risque:
    """The risk of the bilan's last exercise."""
    return max(b.risques, key=lambda risque: risque.exercice)


def seuil(b: Bilan) -> str:
    """The threshold that is kept, as a title says it."""
    return fmt.pourcent(dernier(b).seuils["seuil_sous_consommation"], decimales=0)


def quand(b: Bilan) -> str:
    """What the figures know: « exercice 2024 clos », « données au 30 juin 2024 »."""
    risque = dernier(b)
    if risque.au is None:
        return f"exercice {risque.exercice} clos"
    return f"données au {fmt.date(risque.au)}"


def rien(b: Bilan, words: str) -> str:
    """What an empty table says: that nothing is projected, or `words`."""
    return words if dernier(b).lois else f"{fmt.NON_RENSEIGNE}, aucune projection"


def du_dernier(b: Bilan) -> pd.DataFrame:
    return b.chiffres[b.chiffres["exercice"] == dernier(b).exercice]


# --- tables ---------------------------------------------------------------------------------

ORDRE = ["manifeste", "non_renseigne", "justifiee", "expliquee", "rien_a_signaler"]
_JUGEES = [
    *("statut_sous_consommation", "prevu", "attendu", "realise", "projection", "ecart_attendu"),
    *("taux_execution", "montant_a_risque"),
]


def sous_consommation(b: Bilan, statuts: Sequence[str] = ORDRE) -> pd.DataFrame:
    """Each action of each exercise against its trajectory, those of some statuses: the manifest
    ones first. All is without object in an axe or volet that has ended."""
    told = b.sous_conso.rename(columns={"action": "code"}).assign(niveau="action")
    own = b.chiffres.query("niveau == 'action'")
    told = told[[*LIEU, "justification"]]
    found = tableau(own, _JUGEES).merge(told, how="right", on=list(LIEU), indicator="trouve")
    ended = found.pop("trouve") == "right_only"
    for vide in (f"vide {mesure}" for mesure in _JUGEES):
        found[vide] = found.get(vide, pd.Series("", found.index)).mask(ended, "sans_objet")
    words = found["statut_sous_consommation"].fillna("non_renseigne")
    found = found.iloc[words.map(ORDRE.index).argsort(kind="stable")]
    kept = found[words.isin(statuts)[found.index]].reset_index(drop=True)
    return kept.assign(explication=kept.pop("justification").replace("", "aucune"))


def leviers(b: Bilan) -> pd.DataFrame:
    """What can still be done, by State money saved; the levers of one action do not add up."""
    own = du_dernier(b)
    measures = ["levier_montant", "levier_preserve", "levier_statut"]
    found = tableau(own, measures, [*LIEU, "detail"])
    found = found.merge(tableau(own, ["statut_sous_consommation"]), on=list(LIEU))
    found = found.sort_values("levier_preserve", ascending=False, kind="stable", ignore_index=True)
    found.insert(0, "rang", range(1, len(found) + 1))
    found["levier"] = found.pop("detail").map(_LEVIERS)
    before, after = found["statut_sous_consommation"], found["levier_statut"]
    found["statuts"] = [f"{_statut(b)} → {_statut(a)}" for b, a in zip(before, after, strict=True)]
    return found.drop(columns=["statut_sous_consommation", "levier_statut"])


def _statut(code: str | None) -> str:
    return fmt.statut(code or "non_renseigne")


def a_justifier(b: Bilan) -> pd.DataFrame:
    """The agents' list: for each action at risk, what is there and what is missing."""
    asked = justifications.a_justifier(dernier(b), b.contrats).rename(columns={"action": "code"})
    actions = du_dernier(b).query("niveau == 'action'")
    known = tableau(actions, ["statut_sous_consommation", "sans_explication"])
    found = known.merge(
        asked[["contrat", "code", "acquis", "manque"]], how="right", on=["contrat", "code"]
    )
    for name, mark in (("acquis", "✓"), ("manque", "☐")):
        found[name] = [_liste(words, mark) for words in found[name]]
    return found


def _liste(words: Sequence[str], mark: str) -> str:
    return "\n".join(f"{mark} {word}" for word in words) or "rien"


def soldes(b: Bilan) -> pd.DataFrame:
    """What the rule of the balance would make of the projection, by axe or volet that has one."""
    own = du_dernier(b)
    at = own[own["mesure"] == "solde_projete"]
    here = own["contrat"].isin(at["contrat"]) & own["code"].isin(at["code"])
    ends = ["projection:etat", "projection_bas_80:etat", "projection_haut_80:etat"]
    measures = ["plafond", "avance", "verse", *ends, "solde_projete", "trop_percu_projete"]
    found = tableau(own[here], measures)
    fins = {
        (code, group.code_public): group.fin
        for code, contrat in b.contrats.items()
        for group in contrat.groupes.values()
    }
    places = zip(found["contrat"], found["code"], strict=True)
    return found.assign(jusqu_au=[fins[place] for place in places])


def _articles_soldes(b: Bilan, *mesures: str) -> list[str]:
    own = du_dernier(b)
    own = own[own["code"].isin(own["code"][own["mesure"] == "solde_projete"])]
    return [affichage.article(own, mesure) for mesure in mesures]


def legende_soldes(b: Bilan) -> str:
    """The caption of `soldes`, with the article of the rule."""
    (article,) = _articles_soldes(b, "solde_projete")
    rule = f"l'{article.replace('art.', 'article')}" if article else "le contrat"
    return f"Solde que {rule} donnerait, projeté au 31 décembre ({quand(b)})"


def titres_soldes(b: Bilan) -> dict[str, str]:
    """Titles of `soldes`, with the articles of the amounts."""
    plafond, avance = _articles_soldes(b, "plafond", "avance")
    return {
        "code": "Volet",
        "plafond": f"Plafond ({plafond})",
        "avance": f"Avance prévue ({avance})",
        "verse": "Versé",
        "projection:etat": "État projeté",
    }


def calendriers(b: Bilan) -> pd.DataFrame:
    """When each action is planned to start, what dates its curve, what no text says of it."""
    rows = [
        {
            "contrat": s.contrat,
            "code": s.action,
            "debut": fmt.date(s.trajectoire.debut) if s.trajectoire.debut else "aucun",
            "source": " ; ".join(s.trajectoire.sources) or "aucune",
            "suppose": " ; ".join(s.trajectoire.lectures) or "aucune",
        }
        for s in dernier(b).situations
    ]
    return pd.DataFrame(rows)


def trimestres(b: Bilan) -> dict[str, str]:
    """The columns of the planned curves, one by quarter, and their titles."""
    own = du_dernier(b)
    days = own["detail"][own["mesure"] == "part_trajectoire"].unique()
    return {f"part_trajectoire::{day}": f"{day[8:]}/{day[5:7]}" for day in days}


# --- what if --------------------------------------------------------------------------------

_GRANDEURS: dict[str, tuple[str, Callable[[Any], str]]] = {
    "projection": ("projection", fmt.ronds),
    "intervalle": ("huit fois sur dix", lambda ends: fmt.entre(*ends)),
    "probabilite": ("risque sous le seuil", fmt.chance),
    "statut": ("statut", fmt.statut),
    "manifeste": ("actions manifestes", str),
    "montant_a_risque": ("argent de l'État en jeu", fmt.ronds),
    "sans_explication": ("dont sans explication", fmt.ronds),
}


def et_si(
    b: Bilan,
    ecarts: pd.DataFrame,
    action: str = "",
    decaler: int = 0,
    engager: int | str = 0,
    seuil: str | float | Fraction | None = None,
) -> Styler | Markdown:
    """The answer to a question (`synthese.et_si`), in words: before, after, the gap."""
    risque = dernier(b)
    if not risque.lois:
        return markdown(f"**Et si…** : {fmt.NON_RENSEIGNE}, aucune projection à faire bouger.")
    if (decaler or engager) and risque.au is None:
        return markdown(
            "**Et si…** : l'exercice est clos, ce qui est consommé ne bouge plus. Seuls le seuil "
            "et les justifications changent encore la réponse."
        )
    if ecarts.empty:
        return markdown("**Et si…** : aucune action n'est exposée.")
    what = [f"prenait {decaler} mois de retard"] if decaler else []
    what += [f"engageait {fmt.ronds(centimes(engager))} de plus"] if engager else []
    asked = ecarts[ecarts["niveau"] == "action"].head(1).to_dict("records") if what else []
    text = "".join(
        f"l'action {nom_action(b, row['contrat'], row['code'])} {' et '.join(what)}"
        for row in asked
    )
    if seuil is not None:
        level = fmt.pourcent(seuil_de(seuil), decimales=0)
        text += (" et si " if text else "") + f"le seuil était de {level}"
    rows = [_avant_apres(row) for row in ecarts.to_dict("records")]
    return affichage.page(pd.DataFrame(rows), f"Et si {text} ?")


def _avant_apres(row: Mapping[Any, Any]) -> dict[str, str]:
    """A row of `synthese.ecarts` in words."""
    name, write = _GRANDEURS[row["mesure"]]
    before, after, gap = write(row["avant"]), write(row["apres"]), row["ecart"]
    if gap is None or write is not fmt.ronds:
        change = "inchangé" if before == after else "change"
    else:
        change = "inchangé" if gap == 0 else f"{'+' if gap > 0 else ''}{fmt.ronds(gap)}"
    own = row["niveau"] == "action"
    place = f"Action {row['code']}" if own else nom_contrat(row["contrat"])
    return {"Grandeur": f"{place}, {name}", "Avant": before, "Après": after, "Écart": change}
