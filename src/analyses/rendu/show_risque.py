"""What the underconsumption notebook shows: the answer, its reasons, what would change it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from analyses.rendu.show import (
    Bilan,
    _action,
    _contrat,
    _funder,
    _groupe_long,
    _rows,
    figure,
    markdown,
    table,
)
from analyses.risque import scenario as essais
from analyses.risque import synthese
from analyses.risque.justifications import a_justifier as _a_justifier
from analyses.risque.releve import mois_vides
from analyses.risque.risque import Risque
from analyses.risque.situation import anomalies
from analyses.socle import fmt
from analyses.socle.money import half_up_centime as rounded

if TYPE_CHECKING:
    from IPython.display import Markdown
    from pandas.io.formats.style import Styler

_RIEN = f"**Sous-consommation** : {fmt.NON_RENSEIGNE}."
_SILENCE = 45  # days without any line in the ledger from which the reader is warned
_LEVIERS = {
    "engager": "engager le reste du budget",
    "mandater": "mandater ce qui est engagé avant le 31 décembre",
    "justifier": "écrire la justification et joindre sa pièce",
}


# --- bricks ---------------------------------------------------------------------------------


def _risque(b: Bilan) -> Risque:
    """The risk of the bilan's last exercise."""
    last: Risque = max(b.risques, key=lambda risque: risque.exercice)
    return last


def _ronds(centimes: int | None) -> str:
    """Euros without centimes, for a sentence (nearest euro).

    >>> _ronds(123456) == "1\\u00a0235\\u00a0€", _ronds(None)
    (True, 'non renseigné')
    """
    if fmt.missing(centimes):
        return fmt.NON_RENSEIGNE
    return f"{fmt.entier(rounded(Fraction(int(centimes or 0), 100)))}{fmt.NBSP}€"


def _entre(low: int | None, high: int | None) -> str:
    if fmt.missing(low) or fmt.missing(high):
        return fmt.NON_RENSEIGNE
    return _ronds(low) if low == high else f"{_ronds(low)} à {_ronds(high)}"


def chance(value: Any) -> str:
    """A probability in whole percent; never 0 or 100 % unless certain.

    >>> chance(0.004), chance(1.0), chance(None)
    ('moins de 1\\xa0%', '100\\xa0%', 'non renseigné')
    """
    if fmt.missing(value):
        return fmt.NON_RENSEIGNE
    if 0 < value < 0.01:
        return f"moins de 1{fmt.NBSP}%"
    if 0.99 < value < 1:
        return f"plus de 99{fmt.NBSP}%"
    return f"{round(value * 100)}{fmt.NBSP}%"


def _part(amount: int | None, whole: int | None) -> str:
    if fmt.missing(amount) or fmt.missing(whole):
        return fmt.NON_RENSEIGNE
    return fmt.pourcent(synthese.part(amount, whole), "sans objet", 0)


def _seuil(risque: Risque) -> str:
    return fmt.pourcent(risque.seuils["seuil_sous_consommation"], decimales=0)


def _quand(risque: Risque) -> str:
    """What the figures know.

    >>> from types import SimpleNamespace as NS
    >>> _quand(NS(au=None, exercice=2024))
    'exercice 2024 clos'
    """
    if risque.au is None:
        return f"exercice {risque.exercice} clos"
    return f"données au {fmt.date(risque.au)}"


def _contrats(risque: Risque, contrat: str | None = None) -> list[str]:
    codes = dict.fromkeys(s.contrat for s in risque.situations)
    return [code for code in codes if contrat in (None, code)]


def _lignes(risque: Risque, contrat: str | None) -> list[dict[Any, Any]]:
    """Rows of the actions, most unexplained State money first."""
    rows = [r for r in risque.actions.to_dict("records") if contrat in (None, r["contrat"])]
    return sorted(
        rows, key=lambda r: (-(r["sans_explication"] or 0), -(r["montant_a_risque"] or 0))
    )


# --- the answer -----------------------------------------------------------------------------


def reponse(b: Bilan, contrat: str | None = None) -> Markdown:
    """What will be consumed, how sure, is it manifest, explained, at what cost, what would help."""
    risque = _risque(b)
    parts = [_reponse(b, risque, code) for code in _contrats(risque, contrat)]
    return markdown("\n\n".join(parts) or _RIEN)


def _reponse(b: Bilan, risque: Risque, code: str) -> str:
    rows = synthese.par_contrat(risque).to_dict("records")
    row = next(row for row in rows if row["contrat"] == code)
    title = f"### {_contrat(code)} {risque.exercice} ({_quand(risque)})"
    if row["projection"] is None:
        spent = row["realise"] is not None
        why = "aucun budget signé" if spent else "aucun mandat fourni"
        return (
            f"{title}\n\n- Projection : {fmt.NON_RENSEIGNE} ({why} pour {risque.exercice}). "
            f"Consommé : {_ronds(row['realise'])}."
        )
    lines = [_combien(risque, row), _combien_de_fois(risque, row)]
    if row["etat_prevu"] is not None:
        lines.append(_enjeu(risque, row))
    lines.append(_changerait(b, risque, code))
    return "\n".join([title, "", *(f"- {line}" for line in lines if line)])


def _combien(risque: Risque, row: Mapping[Any, Any]) -> str:
    done = (
        f"**Consommé** : {_ronds(row['realise'])} sur {_ronds(row['prevu'])} prévus "
        f"({fmt.pourcent(row['part_realisee'], 'sans objet', 0)})."
    )
    if risque.au is None:
        return f"{done} L'exercice est clos : le réalisé est définitif."
    low, high = _ronds(row["bas"]), _ronds(row["haut"])
    sure = "" if low == high else f", et huit fois sur dix entre {low} et {high}"
    return (
        f"{done} **Au 31 décembre : {_ronds(row['projection'])}** "
        f"({fmt.pourcent(row['part_projetee'], 'sans objet', 0)} du prévu){sure}."
    )


def _combien_de_fois(risque: Risque, row: Mapping[Any, Any]) -> str:
    below = row["sous_le_seuil"]
    how = ("y finit", "y finissent") if risque.au is None else ("y finira", "y finiront")
    told = [
        f"{row[status]} {word}{'s' if row[status] > 1 else ''}"
        for status, word in (
            ("manifeste", "manifeste"),
            ("expliquee", "expliquée"),
            ("justifiee", "justifiée"),
            ("non_renseigne", "à qualifier"),
        )
        if row[status]
    ]
    if not below:
        return f"**Sous {_seuil(risque)} du prévu** : aucune action."
    shown = ", ".join(told).replace("à qualifiers", "à qualifier")
    count = f"{below} action{'s' if below > 1 else ''} sur {row['actions']}"
    often = "" if risque.au is None else " probablement"
    return f"**Sous {_seuil(risque)} du prévu** : {count} {how[below > 1]}{often} ({shown})."


def _enjeu(risque: Risque, row: Mapping[Any, Any]) -> str:
    unspent = _entre(row["non_consomme_bas"], row["non_consomme_haut"])
    text = (
        f"**Argent de l'État** : {_ronds(row['etat_prevu'])} prévus, "
        f"{_ronds(row['non_consomme'])} non consommés au 31 décembre"
        + ("" if risque.au is None else f" ({unspent})")
    )
    if row["reductible"]:
        return (
            f"{text}. **À risque : {_ronds(row['montant_a_risque'])}**, dont "
            f"{_ronds(row['sans_explication'])} sans explication (art. 2.2)."
        )
    rest = (
        f", dont {_ronds(row['encore_consommable'])} encore consommables jusqu'au "
        f"{fmt.date(row['jusqu_au'])}"
        if row["encore_consommable"] and row["jusqu_au"]
        else ""
    )
    return (
        f"{text}. **À risque : {_ronds(row['montant_a_risque'])}**{rest} : le solde dépend des "
        "actions réellement faites, aucune justification ne le rétablit (art. 6)."
    )


def _changerait(b: Bilan, risque: Risque, code: str) -> str:
    """The best lever and what two other thresholds would say."""
    found = []
    best = [r for r in _tous_leviers(risque) if r["contrat"] == code][:1]
    for row in best:
        found.append(
            f"{_LEVIERS[row['levier']]} pour l'action {row['action']} préserverait "
            f"{_ronds(row['preserve'])}"
        )
    rows = essais.sensibilite(risque, (Fraction(7, 10), Fraction(9, 10))).to_dict("records")
    own = [row for row in rows if row["contrat"] == code]
    levels = " et ".join(f"{row['manifeste']} à {row['seuil'] * 100}{fmt.NBSP}%" for row in own)
    found.append(
        f"le seuil, qu'aucun texte ne fixe : le nombre d'actions manifestes serait {levels}"
    )
    return f"**Ce qui changerait la réponse** : {' ; '.join(found)}."


def reserves(b: Bilan) -> Markdown:
    """What the reader must know of the data: missing, late or unusual, and what is done of it."""
    lines = []
    risque = _risque(b)
    depot = next(d for d in b.depots if d.exercice == risque.exercice)
    asked = b.arrete_au
    end = date(risque.exercice, 12, 31)
    if depot.mandats is None:
        return markdown("- Aucun mandat fourni : rien ne peut être projeté.")
    issued = [day for day in depot.mandats["date_emission"] if day]
    if issued:
        lines.append(f"Dernier mandat du fichier : {fmt.date(max(issued))}.")
    if risque.au is not None and (asked is None or risque.au < asked):
        lines.append(
            f"Les mandats ont été reçus le {fmt.date(risque.au)} : rien n'est connu après, la "
            "projection part de ce jour"
            + (f" et non du {fmt.date(asked)} demandé." if asked else ".")
        )
    elif risque.au is not None and issued and (risque.au - max(issued)).days > _SILENCE:
        lines.append(
            f"Aucun mandat depuis {(risque.au - max(issued)).days} jours à la date demandée : "
            "déposez un fichier plus récent ou demandez une date plus proche."
        )
    if risque.au is None and asked is not None and end < asked < date(risque.exercice + 1, 1, 31):
        lines.append(
            "La journée complémentaire court jusqu'au 31 janvier : le réalisé peut monter."
        )
    if empty := mois_vides(depot, risque.au):
        shown = ", ".join(fmt.mois(month) for month in empty)
        lines.append(
            f"Aucun mandat dans tout le fichier en {shown} : mois sans dépense, ou manquant."
        )
    if risque.au is not None:
        if all(s.reste_engage is None for s in risque.situations):
            lines.append(
                "Engagements et temps d'agents non fournis : la projection repose sur le consommé "
                "et sur la trajectoire prévue."
            )
        if not any(s.passe for s in risque.situations):
            lines.append("Aucune année passée comparable : première année du contrat.")
    notes: dict[str, dict[str, list[str]]] = {}
    for s in risque.situations:
        for words in anomalies(s):
            notes.setdefault(words, {}).setdefault(_contrat(s.contrat), []).append(s.action)
    for words, places in notes.items():
        names = " ; ".join(f"{name} {', '.join(codes)}" for name, codes in places.items())
        lines.append(f"{_majuscule(words)} ({names}).")
    return markdown("\n".join(f"- {line}" for line in lines) or "- Aucune réserve.")


def _majuscule(text: str) -> str:
    return text[:1].upper() + text[1:]


# --- tables ---------------------------------------------------------------------------------


def actions(b: Bilan, contrat: str) -> Styler | Markdown:
    """Each action: projection, interval, probability, status and why, State money at risk."""
    risque = _risque(b)
    reducible = any(s.reductible for s in risque.situations if s.contrat == contrat)
    rows = [
        {
            "Action": _action(b, contrat, row["action"]),
            "Prévu": row["prevu"],
            "Consommé": row["realise"],
            "Projeté au 31 décembre": row["projection"],
            "Huit fois sur dix": _entre(row["bas"], row["haut"]),
            "Risque sous le seuil": chance(row["probabilite"])
            if row["prevu"] != 0
            else "sans objet",
            "Statut": fmt.statut(row["statut"]),
            "Pourquoi": _pourquoi(row),
            "État à risque": row["montant_a_risque"],
            **({"dont sans explication": row["sans_explication"]} if reducible else {}),
        }
        for row in _lignes(risque, contrat)
    ]
    if not rows:
        return markdown(_RIEN)
    euros = ["Prévu", "Consommé", "Projeté au 31 décembre", "État à risque"]
    euros += ["dont sans explication"] if reducible else []
    caption = (
        f"{_contrat(contrat)} : fin d'année de chaque action, seuil {_seuil(risque)} "
        f"({_quand(risque)})"
    )
    return table(_rows(rows, list(rows[0])), caption, dict.fromkeys(euros, fmt.euros))


def _pourquoi(row: Mapping[Any, Any]) -> str:
    words = str(row["raison"])
    told = str(row["justification"] or "")
    return words if not told or told in words else f"{words}. « {told} »"


def contributions(b: Bilan, contrat: str) -> Styler | Markdown:
    """Each projection as the sum of what is consumed, committed and likely paid, expected."""
    risque = _risque(b)
    names = {
        "Déjà consommé": "consomme",
        "Engagé, paiement probable": "engage",
        "Attendu du plan": "plan",
        "Projection": "projection",
    }
    known = synthese.contributions(risque)
    known = known[known["contrat"] == contrat]
    if not len(known):
        return markdown(f"**Projection** : {fmt.NON_RENSEIGNE}.")
    rows = [
        {"Action": _action(b, contrat, row["action"]) if row["action"] else "Total du contrat"}
        | {label: row[column] for label, column in names.items()}
        | {
            "Part du prévu": _part(row["projection"], row["prevu"]),
            "Huit fois sur dix": _entre(row["bas"], row["haut"]),
        }
        for row in known.to_dict("records")
    ]
    caption = f"{_contrat(contrat)} : d'où vient chaque projection ({_quand(risque)})"
    return table(_rows(rows, list(rows[0])), caption, dict.fromkeys(names, fmt.euros))


def lieux(b: Bilan) -> Styler | Markdown:
    """Axes, volets and contracts by funder; the interval of a total accounts for dependence."""
    risque = _risque(b)
    rows = []
    for place in risque.lieux.to_dict("records"):
        if place["niveau"] == "action":
            continue
        funder = place["financeur"]
        where = (
            _groupe_long(b, place["contrat"], place["groupe"])
            if place["groupe"]
            else "Total du contrat"
        )
        names = {"total": "Tous financeurs", "tiers": "Financeurs tiers"}
        rows.append(
            {
                "Contrat": _contrat(place["contrat"]),
                "Axe ou volet": where,
                "Financeur": names.get(funder) or _funder(b, place["contrat"], funder),
                "Prévu": place["prevu"],
                "Consommé": place["realise"],
                "Projeté au 31 décembre": place["projection"],
                "Huit fois sur dix": _entre(place["bas"], place["haut"]),
                "Risque sous le seuil": chance(place["probabilite"]),
                "État à risque": fmt.euros(place["montant_a_risque"]) if funder == "etat" else "–",
            }
        )
    if not rows:
        return markdown(f"**Projection par axe et volet** : {fmt.NON_RENSEIGNE}.")
    caption = f"Fin d'année par axe, volet et financeur ({_quand(risque)})"
    euros = ["Prévu", "Consommé", "Projeté au 31 décembre"]
    return table(_rows(rows, list(rows[0])), caption, dict.fromkeys(euros, fmt.euros))


def solde(b: Bilan) -> Styler | Markdown:
    """What art. 6 would make of it: ceiling, advance, balance or overpayment by volet (emploi)."""
    risque = _risque(b)
    run = next(e for e in b.executions if e.exercice == risque.exercice)
    rows = [
        {
            "Volet": _groupe_long(b, row["contrat"], row["groupe"]),
            "Plafond (art. 4.1)": row["plafond"],
            "Avance prévue (art. 6)": "sans objet" if row["avance"] is None else row["avance"],
            "Versé": row["verse"],
            "État projeté": row["projection"],
            "Huit fois sur dix": _entre(row["bas"], row["haut"]),
            "Solde projeté": row["solde"],
            "Trop-perçu projeté": row["trop_percu"],
            "Consommable jusqu'au": fmt.date(row["jusqu_au"]),
        }
        for row in synthese.soldes(risque, b.contrats, run).to_dict("records")
    ]
    if not rows:
        return markdown(f"**Solde (art. 6)** : {fmt.NON_RENSEIGNE} pour {risque.exercice}.")
    euros = [name for name in rows[0] if name not in ("Volet", "Huit fois sur dix")][:-1]
    caption = f"Solde que l'article 6 donnerait, projeté au 31 décembre ({_quand(risque)})"
    return table(_rows(rows, list(rows[0])), caption, dict.fromkeys(euros, fmt.euros))


def trajectoires(b: Bilan, contrat: str) -> Styler | Markdown:
    """The planned curve of each action, with its source and what it supposes."""
    risque = _risque(b)
    year = risque.exercice
    ends = {
        f"{day}/{month:02d}": date(year, month, day)
        for day, month in ((31, 3), (30, 6), (30, 9), (31, 12))
    }
    rows = [
        {
            "Action": _action(b, contrat, s.action),
            "Début": fmt.date(s.trajectoire.debut) if s.trajectoire.debut else "aucun",
            **{name: s.trajectoire.part(day) for name, day in ends.items()},
            "Source": " ; ".join(s.trajectoire.sources) or "aucune",
            "Lecture (ce que le texte ne dit pas)": " ; ".join(s.trajectoire.lectures) or "aucune",
        }
        for s in risque.situations
        if s.contrat == contrat
    ]
    if not rows:
        return markdown(f"**Trajectoires** : {fmt.NON_RENSEIGNE}.")
    caption = f"{_contrat(contrat)} {year} : part du budget prévue à chaque date"
    return table(_rows(rows, list(rows[0])), caption, dict.fromkeys(ends, fmt.pourcent))


def sensibilite(b: Bilan) -> Styler | Markdown:
    """Statuses and State money at stake for each threshold."""
    risque = _risque(b)
    rows = [
        {
            "Contrat": _contrat(row["contrat"]),
            "Seuil": f"{row['seuil'] * 100}{fmt.NBSP}%",
            "Manifestes": row["manifeste"],
            "Expliquées": row["expliquee"],
            "Justifiées": row["justifiee"],
            "Rien à signaler": row["rien_a_signaler"],
            "Non renseigné": row["non_renseigne"],
            "État à risque": row["montant_a_risque"],
            "dont sans explication": row["sans_explication"],
        }
        for row in essais.sensibilite(risque).to_dict("records")
    ]
    if not rows or not risque.lois:
        return markdown(f"**Sensibilité au seuil** : {fmt.NON_RENSEIGNE}.")
    formats: dict[str, Any] = dict.fromkeys(list(rows[0])[2:7], fmt.entier)
    formats |= dict.fromkeys(list(rows[0])[7:], fmt.euros)
    caption = f"Ce que change le seuil, qu'aucun texte ne fixe ({_quand(risque)})"
    return table(_rows(rows, list(rows[0])), caption, formats)


# --- what if --------------------------------------------------------------------------------


def et_si(
    b: Bilan, action: str = "", decaler: int = 0, engager: int | str = 0, seuil: Any = None
) -> Styler | Markdown:
    """Before and after a hypothesis; without `action`, the most exposed one.

    `decaler` in months, `engager` in euros, `seuil` as a part of the plan (« 0.70 »).
    """
    risque = _risque(b)
    if not risque.lois:
        return markdown(f"**Et si…** : {fmt.NON_RENSEIGNE}, aucune projection à faire bouger.")
    if (decaler or engager) and risque.au is None:
        return markdown(
            "**Et si…** : l'exercice est clos, ce qui est consommé ne bouge plus. Seuls le seuil "
            "et les justifications changent encore la réponse."
        )
    if (decaler or engager) and not action:
        action = essais.plus_exposee(risque)
        if not action:
            return markdown("**Et si…** : aucune action n'est exposée.")
    after = essais.scenario(risque, b.contrats, action, decaler, engager, seuil)
    code = action.partition("/")[0]
    gaps = synthese.ecarts(risque, after, _contrats(risque, code or None), action)
    rows = [_avant_apres(row) for row in gaps.to_dict("records")]
    caption = _question(b, action, decaler, engager, seuil)
    return table(_rows(rows, list(rows[0])), caption)


def _question(b: Bilan, action: str, decaler: int, engager: Any, seuil: Any) -> str:
    what = []
    if decaler:
        what.append(f"prenait {decaler} mois de retard")
    if engager:
        what.append(f"engageait {_ronds(essais.centimes(engager))} de plus")
    name = _action(b, *action.split("/", 1)) if action else ""
    text = f"l'action {name} {' et '.join(what)}" if what else ""
    if seuil is not None:
        text += (" et si " if text else "") + f"le seuil était de {essais.seuil_de(seuil) * 100} %"
    return f"Et si {text} ?"


_GRANDEURS: dict[str, tuple[str, Callable[[Any], str]]] = {
    "projection": ("projection", _ronds),
    "intervalle": ("huit fois sur dix", lambda ends: _entre(*ends)),
    "probabilite": ("risque sous le seuil", chance),
    "statut": ("statut", fmt.statut),
    "manifeste": ("actions manifestes", str),
    "montant_a_risque": ("État à risque", _ronds),
    "sans_explication": ("dont sans explication", _ronds),
}


def _avant_apres(row: Mapping[Any, Any]) -> dict[str, str]:
    """A row of `synthese.ecarts` in words."""
    name, write = _GRANDEURS[row["mesure"]]
    action = row["code"].partition("/")[2]
    before, after, gap = write(row["avant"]), write(row["apres"]), row["ecart"]
    if gap is None or write is not _ronds:
        change = "inchangé" if before == after else "change"
    else:
        change = "inchangé" if gap == 0 else f"{'+' if gap > 0 else ''}{_ronds(gap)}"
    return {
        "Grandeur": f"{f'Action {action}' if action else _contrat(row['code'])}, {name}",
        "Avant": before,
        "Après": after,
        "Écart": change,
    }


def _tous_leviers(risque: Risque) -> list[dict[Any, Any]]:
    return essais.leviers(risque).to_dict("records")


def leviers(b: Bilan, nombre: int = 15) -> Styler | Markdown:
    """What can still be done, by State money saved; the levers of one action do not add up."""
    risque = _risque(b)
    found = _tous_leviers(risque)
    rows = [
        {
            "Rang": rank,
            "Contrat": _contrat(row["contrat"]),
            "Action": _action(b, row["contrat"], row["action"]),
            "Levier": _LEVIERS[row["levier"]],
            "Montant à engager ou mandater": fmt.euros(row["montant"]) if row["montant"] else "–",
            "État préservé": row["preserve"],
            "Statut": f"{fmt.statut(row['statut'])} → {fmt.statut(row['statut_apres'])}",
        }
        for rank, row in enumerate(found[:nombre], 1)
    ]
    if not risque.lois:
        return markdown(f"**Leviers** : {fmt.NON_RENSEIGNE}, aucune projection.")
    if not rows:
        return markdown("**Leviers** : aucun ne change l'argent de l'État en jeu.")
    caption = (
        f"Leviers, par argent de l'État préservé : {len(rows)} sur {len(found)} ({_quand(risque)})"
    )
    formats: dict[str, Any] = {"Rang": fmt.entier, "État préservé": fmt.euros}
    return table(_rows(rows, list(rows[0])), caption, formats)


# --- justifications -------------------------------------------------------------------------


def a_justifier(b: Bilan) -> Styler | Markdown:
    """The agents' list: for each action at risk, what is there and what is missing."""
    risque = _risque(b)
    found = _a_justifier(risque, b.contrats).to_dict("records")
    if not risque.lois:
        return markdown(f"**À justifier** : {fmt.NON_RENSEIGNE}, aucune projection.")
    if not found:
        return markdown("**À justifier** : rien ne manque.")
    rows = [
        {
            "Contrat": _contrat(row["contrat"]),
            "Action": _action(b, row["contrat"], row["action"]),
            "Statut": fmt.statut(row["statut"]),
            "État en jeu": row["sans_explication"],
            "Déjà là": _liste(row["acquis"], "✓"),
            "Il manque": _liste(row["manque"], "☐"),
        }
        for row in found
    ]
    caption = f"À justifier, action par action ({_quand(risque)})"
    shown = table(_rows(rows, list(rows[0])), caption, {"État en jeu": fmt.euros})
    lines: Any = {
        name: [{"selector": "", "props": "white-space: pre-line"}]
        for name in ("Déjà là", "Il manque")
    }
    return shown.set_table_styles(lines, axis=0, overwrite=False)


def _liste(words: Sequence[str], mark: str) -> str:
    return "\n".join(f"{mark} {word}" for word in words) or "rien"


def lignes_a_completer(b: Bilan) -> Markdown:
    """Rows to paste in justifications.csv; an empty text is refused until someone writes it."""
    risque = _risque(b)
    lines = [row["ligne"] for row in _a_justifier(risque, b.contrats).to_dict("records")]
    lines = [line for line in lines if line]
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
