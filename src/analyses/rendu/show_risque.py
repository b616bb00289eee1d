"""What the underconsumption notebook says: the answer, its reserves, what is to be justified.

Every number is read from `chiffres`; nothing is computed here.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from fractions import Fraction
from itertools import groupby
from typing import TYPE_CHECKING, Any

from analyses.chiffres.table import values
from analyses.contrat.citations import clause_of
from analyses.rendu.affichage import article, figure, markdown, nom_contrat
from analyses.rendu.tables_risque import dernier, du_dernier, leviers, quand, seuil
from analyses.risque.justifications import a_justifier
from analyses.risque.releve import dernier_mandat, mois_vides, silence
from analyses.risque.situation import anomalies
from analyses.socle import fmt

if TYPE_CHECKING:
    import pandas as pd
    from IPython.display import Markdown

    from analyses.bilan import Bilan
    from analyses.depot.exercice import Depot
    from analyses.risque.risque import Risque

_RIEN = f"**Sous-consommation** : {fmt.NON_RENSEIGNE}."
_SILENCE = 45  # days without any line in the ledger from which the reader is warned
_SEUILS = ("0.70", "0.90")  # two other thresholds that the answer tells
Lus = Mapping[str, Any]


# --- bricks ---------------------------------------------------------------------------------


def _du_contrat(b: Bilan, contrat: str) -> pd.DataFrame:
    return du_dernier(b).query("contrat == @contrat and niveau == 'contrat'")


def _lus(b: Bilan, contrat: str) -> Lus:
    """The figures of a contract: « mesure », « mesure:etat », « mesure@0.70 »."""
    own = _du_contrat(b, contrat)
    keys = own[["mesure", "financeur", "detail"]].itertuples(index=False)
    names = (
        mesure
        + ("" if funder in ("", "total") else f":{funder}")
        + (f"@{detail}" if detail else "")
        for mesure, funder, detail in keys
    )
    return dict(zip(names, values(own), strict=True))


# --- the answer -----------------------------------------------------------------------------


def reponse(b: Bilan, contrat: str | None = None) -> Markdown:
    """What will be consumed, how sure, is it manifest, explained, at what cost, what would help."""
    judged = dict.fromkeys(s.contrat for s in dernier(b).situations)
    parts = [_reponse(b, code) for code in judged if contrat in (None, code)]
    return markdown("\n\n".join(parts) or _RIEN)


def _reponse(b: Bilan, code: str) -> str:
    year, lu = dernier(b).exercice, _lus(b, code)
    title = f"### {nom_contrat(code)} {year} ({quand(b)})"
    if lu.get("projection") is None:
        spent = lu.get("realise")
        why = "aucun mandat fourni" if spent is None else "aucun budget signé"
        return (
            f"{title}\n\n- Projection : {fmt.NON_RENSEIGNE} ({why} pour {year}). "
            f"Consommé : {fmt.ronds(spent)}."
        )
    lines = [_combien(b, lu), _combien_de_fois(b, lu)]
    if lu.get("projection_prevu:etat") is not None:
        lines.append(_enjeu(b, code, lu))
    lines.append(_changerait(b, code, lu))
    return "\n".join([title, "", *(f"- {line}" for line in lines)])


def _combien(b: Bilan, lu: Lus) -> str:
    done = (
        f"**Consommé** : {fmt.ronds(lu['projection_consomme'])} sur "
        f"{fmt.ronds(lu['projection_prevu'])} prévus "
        f"({fmt.pourcent(lu['taux_consomme'], 'sans objet', 0)})."
    )
    if dernier(b).au is None:
        return f"{done} L'exercice est clos : le réalisé est définitif."
    low, high = fmt.ronds(lu["projection_bas_80"]), fmt.ronds(lu["projection_haut_80"])
    sure = "" if low == high else f", et huit fois sur dix entre {low} et {high}"
    return (
        f"{done} **Au 31 décembre : {fmt.ronds(lu['projection'])}** "
        f"({fmt.pourcent(lu['taux_projection'], 'sans objet', 0)} du prévu){sure}."
    )


def _combien_de_fois(b: Bilan, lu: Lus) -> str:
    below, closed = lu["actions_sous_le_seuil"], dernier(b).au is None
    if not below:
        return f"**Sous {seuil(b)} du prévu** : aucune action."
    words = {
        "manifeste": ("manifeste", "manifestes"),
        "expliquee": ("expliquée", "expliquées"),
        "justifiee": ("justifiée", "justifiées"),
        "non_renseigne": ("à qualifier", "à qualifier"),
    }
    told = [
        f"{lu[f'actions_{status}']} {forms[lu[f'actions_{status}'] > 1]}"
        for status, forms in words.items()
        if lu[f"actions_{status}"]
    ]
    how = ("y finit", "y finissent") if closed else ("y finira", "y finiront")
    count = f"{below} action{'s' if below > 1 else ''} sur {lu['actions']}"
    often = "" if closed else " probablement"
    return f"**Sous {seuil(b)} du prévu** : {count} {how[below > 1]}{often} ({', '.join(told)})."


def _enjeu(b: Bilan, code: str, lu: Lus) -> str:
    contrat, cited = b.contrats[code], article(_du_contrat(b, code), "montant_a_risque")
    name = "non_consomme_projete"
    ends = fmt.entre(lu[f"{name}_bas_80:etat"], lu[f"{name}_haut_80:etat"])
    text = (
        f"**Argent de l'État** : {fmt.ronds(lu['projection_prevu:etat'])} prévus, "
        f"{fmt.ronds(lu[f'{name}:etat'])} non consommés au 31 décembre"
        + ("" if dernier(b).au is None else f" ({ends})")
    )
    stake = f"**Argent de l'État en jeu : {fmt.euros(lu['montant_a_risque:etat'])}**"
    if clause_of(contrat, "sous_consommation") is not None:
        bare = fmt.euros(lu["sans_explication:etat"])
        return f"{text}. {stake}, dont {bare} sans explication ({cited})."
    later = lu["encore_consommable:etat"]
    rest = (
        f" ; {fmt.ronds(later)} que l'exercice laisserait se consomment encore jusqu'au "
        f"{fmt.date(max(group.fin for group in contrat.groupes.values()))}"
        if later
        else ""
    )
    return (
        f"{text}. {stake}{rest} : le solde dépend des actions réellement faites, aucune "
        f"justification ne le rétablit ({cited})."
    )


def _changerait(b: Bilan, code: str, lu: Lus) -> str:
    """The best lever and what two other thresholds would say."""
    best = leviers(b)
    found = [
        f"{row['levier']} pour l'action {row['code']} préserverait "
        f"{fmt.ronds(row['levier_preserve'])}"
        for row in best[best["contrat"] == code].head(1).to_dict("records")
    ]
    levels = " et ".join(
        f"{lu[f'actions_manifeste@{level}']} à {fmt.pourcent(Fraction(level), decimales=0)}"
        for level in _SEUILS
    )
    found.append(
        f"le seuil, qu'aucun texte ne fixe : le nombre d'actions manifestes serait {levels}"
    )
    return f"**Ce qui changerait la réponse** : {' ; '.join(found)}."


# --- reserves -------------------------------------------------------------------------------


def reserves(b: Bilan) -> Markdown:
    """What the reader must know of the data: missing, late or unusual, and what is done of it."""
    risque = dernier(b)
    depot = next(d for d in b.depots if d.exercice == risque.exercice)
    if depot.mandats is None:
        return markdown("- Aucun mandat fourni : rien ne peut être projeté.")
    lines = [
        *_des_mandats(depot, risque, b.arrete_au),
        *_des_mois(depot, risque),
        *_de_la_projection(risque),
        *_des_actions(risque),
    ]
    return markdown("\n".join(f"- {line}" for line in lines) or "- Aucune réserve.")


def _des_mandats(depot: Depot, risque: Risque, asked: date | None) -> list[str]:
    """How late the ledger is, against the date that is asked."""
    last, lines = dernier_mandat(depot), []
    if last is not None:
        lines.append(f"Dernier mandat du fichier : {fmt.date(last)}.")
    days = silence(depot, risque.au)
    if risque.au is None:
        if asked is not None and date(risque.exercice, 12, 31) < asked < _fin_janvier(risque):
            lines.append(
                "La journée complémentaire court jusqu'au 31 janvier : le réalisé peut monter."
            )
    elif asked is None or risque.au < asked:
        lines.append(
            f"Les mandats ont été reçus le {fmt.date(risque.au)} : rien n'est connu après, la "
            "projection part de ce jour"
            + (f" et non du {fmt.date(asked)} demandé." if asked else ".")
        )
    elif days > _SILENCE:
        lines.append(
            f"Aucun mandat depuis {days} jours à la date demandée : "
            "déposez un fichier plus récent ou demandez une date plus proche."
        )
    return lines


def _fin_janvier(risque: Risque) -> date:
    return date(risque.exercice + 1, 1, 31)


def _des_mois(depot: Depot, risque: Risque) -> list[str]:
    empty = ", ".join(fmt.mois(month) for month in mois_vides(depot, risque.au))
    told = f"Aucun mandat dans tout le fichier en {empty} : mois sans dépense, ou manquant."
    return [told] if empty else []


def _de_la_projection(risque: Risque) -> list[str]:
    """What the projection does without."""
    lines = []
    if risque.au is not None and all(s.reste_engage is None for s in risque.situations):
        lines.append(
            "Engagements et temps d'agents non fournis : la projection repose sur le consommé "
            "et sur la trajectoire prévue."
        )
    if risque.au is not None and not any(s.passe for s in risque.situations):
        lines.append("Aucune année passée comparable : première année du contrat.")
    return lines


def _des_actions(risque: Risque) -> list[str]:
    """What is unusual, with the actions in which it is."""
    notes: dict[str, list[tuple[str, str]]] = {}
    for s in risque.situations:
        for words in anomalies(s):
            notes.setdefault(words, []).append((nom_contrat(s.contrat), s.action))
    lines = []
    for words, places in notes.items():
        names = " ; ".join(
            f"{name} {', '.join(action for _, action in own)}"
            for name, own in groupby(places, key=lambda place: place[0])
        )
        lines.append(f"{words[:1].upper()}{words[1:]} ({names}).")
    return lines


# --- justifications -------------------------------------------------------------------------


def lignes_a_completer(b: Bilan) -> Markdown:
    """Rows to paste in justifications.csv; an empty text is refused until someone writes it."""
    asked = a_justifier(dernier(b), b.contrats)
    lines = [line for line in asked["ligne"] if line]
    if not lines:
        return markdown("Aucune ligne à ajouter à `justifications.csv`.")
    text = "\n".join(["contrat;action;exercice;type;texte;piece", *lines])
    return markdown(
        "Lignes à coller dans `justifications.csv` et à compléter (le texte vide est refusé au "
        f"contrôle tant que personne ne l'a écrit) :\n\n```\n{text}\n```"
    )


# --- figures --------------------------------------------------------------------------------


def figure_classement(b: Bilan) -> None:
    """All the actions by State money at risk, with its alternative text."""
    from analyses.rendu import plots_risque

    figure(plots_risque.classement(b), plots_risque.alt_classement(b))


def figure_eventails(b: Bilan, contrat: str) -> None:
    """One fan chart per action: plan, actual, interval, with its alternative text."""
    from analyses.rendu import plots_risque

    figure(plots_risque.eventails(b, contrat), plots_risque.alt_eventails(b, contrat))


def figure_contributions(b: Bilan, contrat: str) -> None:
    """What each projection is made of, with its alternative text."""
    from analyses.rendu import plots_risque

    figure(plots_risque.contributions(b, contrat), plots_risque.alt_contributions(b, contrat))
