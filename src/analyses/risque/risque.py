"""Underconsumption risk: what each action will have consumed, is it manifest, what it may cost.

Solidarités art. 2.2 reduces the State's credits in n+1 for a manifest underconsumption, unrelated
to the planned ramp-up and without effective justification. Emploi art. 6 pays the balance of the
actions really carried out: there every euro of the State that is not consumed is at stake.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import partial
from math import ceil
from typing import Any

import pandas as pd

from analyses.contrat.citations import cite
from analyses.projection.modele import Modele, projeter, somme
from analyses.risque.situation import FINANCEURS, Cle, Situation, rounded

NIVEAU = 0.8
ISSUES = 100
SEUILS_MONTRES = tuple(Fraction(n, 100) for n in range(60, 100, 5))
EXPLIQUES = ("expliquee", "justifiee")
CONTRIBUTIONS = ("consomme", "engage", "plan")
COLONNES = [
    *("contrat", "groupe", "action", "libelle", "exercice", "prevu", "realise", "part_attendue"),
    *("attendu", "taux", "ecart", "statut", "justification", "enjeu_etat", "raison"),
    *(*CONTRIBUTIONS, "projection", "bas", "haut", "probabilite"),
    *("montant_a_risque", "sans_explication"),
]
COLONNES_LIEUX = [
    *("contrat", "exercice", "niveau", "code", "groupe", "financeur", "prevu", "realise"),
    *("projection", "bas", "haut", "probabilite", "montant_a_risque", "sans_explication"),
]


@dataclass(frozen=True)
class Loi:
    """A predictive distribution as it is shown: its point, its 80 % interval, and 100 equally
    likely outcomes in increasing order. `source`: the projection it comes from, None when the
    figure is certain or derived. bas <= centre <= haut always."""

    centre: int
    bas: int
    haut: int
    issues: tuple[int, ...]
    contributions: Mapping[str, int]
    source: Any = None

    def sous(self, montant: int) -> float:
        """Probability of ending below an amount, in [0, 1]."""
        if self.source is not None:
            return min(1.0, max(0.0, float(self.source.probabilite_sous(montant))))
        return sum(issue < montant for issue in self.issues) / len(self.issues)

    def intervalle(self, niveau: float) -> tuple[int, int]:
        """Interval of another level (figures)."""
        if self.source is None:
            return self.bas, self.haut
        low, high = self.source.bas(niveau), self.source.haut(niveau)
        return min(low, self.centre), max(high, self.centre)

    def image(self, function: Callable[[int], int]) -> Loi:
        """Distribution of a non-decreasing function of the amount."""
        issues = tuple(sorted(function(issue) for issue in self.issues))
        centre = function(self.centre)
        low, high = min(centre, function(self.bas)), max(centre, function(self.haut))
        return Loi(centre, low, high, issues, {})


def certaine(montant: int) -> Loi:
    """A figure that is no longer a projection.

    >>> certaine(5).sous(5), certaine(5).sous(6), certaine(5).bas
    (0.0, 1.0, 5)
    """
    parts = dict.fromkeys(CONTRIBUTIONS, 0) | {"consomme": montant}
    return Loi(montant, montant, montant, (montant,), parts)


def loi(projection: Any, centre: int | None = None) -> Loi:
    """A projection as it is shown; `centre`: the exact sum to show in place of its own point."""
    shift = 0 if centre is None else centre - projection.centre
    point = projection.centre + shift
    issues = sorted(projection.quantile((rank + 0.5) / ISSUES) + shift for rank in range(ISSUES))
    parts = {name: int(projection.contributions.get(name, 0)) for name in CONTRIBUTIONS}
    low, high = projection.bas(NIVEAU) + shift, projection.haut(NIVEAU) + shift
    source = None if shift else projection
    return Loi(point, min(low, point), max(high, point), tuple(issues), parts, source)


@dataclass(frozen=True)
class Risque:
    """The risk of one exercise. `actions`: one row per action; `lieux`: one row per place
    (action, axe or volet, contract) and funder; `lois`: the distribution of each action."""

    exercice: int
    au: date | None
    situations: list[Situation]
    lois: dict[Cle, Loi]
    actions: pd.DataFrame
    lieux: pd.DataFrame
    seuils: Mapping[str, Fraction]
    modele: Modele


def limite(montant: int | Fraction, seuils: Mapping[str, Fraction]) -> int:
    """Smallest consumption that is not an underconsumption of an expected amount.

    >>> limite(100_000, {"seuil_sous_consommation": Fraction(4, 5)})
    80000
    """
    level = Fraction(str(seuils["seuil_sous_consommation"]))
    tolerance = Fraction(str(seuils.get("tolerance_sous_consommation", 0))) * 100
    return ceil(min(level * montant, montant - tolerance))


def _pct(value: Fraction | float) -> str:
    return f"{rounded(Fraction(value) * 100)}\u00a0%"


def _retard(s: Situation) -> str:
    """What the trajectory expects at the date and what is consumed."""
    done = Fraction(s.realise or 0, s.prevu or 1)
    return f"{_pct(s.plan_au)} attendus à cette date par la trajectoire, {_pct(done)} consommés"


def suit_la_trajectoire(s: Situation, law: Loi, seuils: Mapping[str, Fraction]) -> str:
    """Why the planned ramp-up alone explains the action ('' when it does not)."""
    assert s.prevu is not None and s.realise is not None
    if s.plan_au == 0:
        return "trajectoire : aucune dépense attendue à cette date"
    expected = s.plan_au * s.prevu
    if s.realise >= limite(expected, seuils):
        return f"trajectoire suivie : {_retard(s)}"
    alert = Fraction(str(seuils.get("probabilite_alerte", Fraction(1, 2))))
    if s.plan_fin < 1 and law.sous(limite(s.plan_fin * s.prevu, seuils)) < alert:
        return f"trajectoire : {_pct(s.plan_fin)} du budget attendus au 31 décembre"
    return ""


def _dit(s: Situation, kind: str) -> str:
    """The agents' own words of a kind of justification."""
    told = [(text, proof) for name, text, proof in s.textes if name == kind]
    return " ; ".join(f"{text} (pièce : {proof})" if proof else text for text, proof in told)


def juger(s: Situation, law: Loi | None, seuils: Mapping[str, Fraction]) -> tuple[str, str, str]:
    """(status, reason, explanation) of an action (solidarités art. 2.2).

    Underconsumption is probable when the chance of ending below the threshold reaches
    `probabilite_alerte`; it is then explained by the planned ramp-up, justified, or manifest.
    """
    if s.prevu is None:
        over = s.consommable is not None and s.consommable.year < s.exercice
        ended = f"terminé le {s.consommable:%d/%m/%Y}" if over else ""
        return "non_renseigne", ended or "aucun budget signé pour l'exercice", ""
    if s.realise is None or law is None:
        return "non_renseigne", "dépenses non renseignées", ""
    if s.prevu == 0:
        return "rien_a_signaler", "aucun crédit prévu", ""
    level = _pct(Fraction(str(seuils["seuil_sous_consommation"])))
    alert = Fraction(str(seuils.get("probabilite_alerte", Fraction(1, 2))))
    if law.sous(limite(s.prevu, seuils)) < alert:
        end = "a fini" if s.clos else "finira probablement"
        return "rien_a_signaler", f"{end} à {level} du prévu ou plus", ""
    planned = suit_la_trajectoire(s, law, seuils)
    if planned:
        return "expliquee", planned, planned
    if ramp := _dit(s, "montee_en_charge"):
        return "expliquee", f"montée en charge déclarée ; {_retard(s)}", ramp
    if told := _dit(s, "justification"):
        return "justifiee", f"justification reçue ; {_retard(s)}", told
    if not s.justifications:
        missing = "justifications non renseignées : sous le seuil, à qualifier"
        return "non_renseigne", f"{_retard(s)} ; fichier des justifications absent", missing
    return "manifeste", f"{_retard(s)} ; aucune justification", ""


def a_risque(s: Situation, law: Loi, seuils: Mapping[str, Fraction]) -> int:
    """State credits that may be lost: mean over the outcomes, in centimes.

    An outcome costs the planned credits of the State that it leaves unconsumed: those that end
    below the threshold only where art. 2.2 applies, all of them otherwise (emploi art. 6).
    Rounded to the nearest centime (interpretation montant-a-risque).
    """
    if not s.prevu:
        return 0
    level, planned = limite(s.prevu, seuils), s.plan_type()["etat"]
    lost = [
        max(0, planned - s.par_type(issue)["etat"])
        for issue in law.issues
        if not s.reductible or issue < level
    ]
    return rounded(Fraction(sum(lost), len(law.issues)))


def lois(situations: Sequence[Situation], modele: Modele) -> dict[Cle, Loi]:
    """The distribution of each action that has a budget and a ledger; certain once closed."""
    open_ = [s for s in situations if s.projetable and not s.clos]
    projected = projeter([s.etat() for s in open_], modele) if open_ else []
    found = {s.cle: loi(p) for s, p in zip(open_, projected, strict=True)}
    for s in situations:
        if s.clos and s.prevu is not None and s.realise is not None:
            found[s.cle] = certaine(s.realise)
    return found


def _etat_en_jeu(s: Situation, status: str) -> int | None:
    """State credits that the plan expected consumed at the date and that are not."""
    if not s.projetable:
        return None
    if status == "rien_a_signaler":
        return 0
    return max(0, rounded(s.plan_au * s.plan_type()["etat"]) - s.par_type(s.realise or 0)["etat"])


def ligne(s: Situation, law: Loi | None, seuils: Mapping[str, Fraction]) -> dict[str, Any]:
    """The row of an action (see COLONNES)."""
    status, reason, words = juger(s, law, seuils)
    expected = None if s.prevu is None else rounded(s.plan_au * s.prevu)
    known = expected is not None and s.realise is not None
    row: dict[str, Any] = {
        "contrat": s.contrat,
        "groupe": s.groupe,
        "action": s.action,
        "libelle": s.libelle,
        "exercice": s.exercice,
        "prevu": s.prevu,
        "realise": s.realise,
        "part_attendue": s.plan_au,
        "attendu": expected,
        "taux": Fraction(s.realise, s.prevu) if s.prevu and s.realise is not None else None,
        "ecart": (s.realise or 0) - (expected or 0) if known else None,
        "statut": status,
        "justification": words,
        "enjeu_etat": _etat_en_jeu(s, status),
        "raison": reason,
    }
    if law is not None:
        stake = a_risque(s, law, seuils)
        defended = s.reductible and status in EXPLIQUES
        row |= dict(law.contributions)
        row |= {
            "projection": law.centre,
            "bas": law.bas,
            "haut": law.haut,
            "probabilite": law.sous(limite(s.prevu or 0, seuils)) if s.prevu else None,
            "montant_a_risque": stake,
            "sans_explication": 0 if defended else stake,
        }
    return row


def _frame(rows: Sequence[Mapping[str, Any]], columns: list[str]) -> pd.DataFrame:
    return pd.DataFrame(
        {name: pd.Series([row.get(name) for row in rows], dtype=object) for name in columns}
    )


def _place(
    head: Mapping[str, Any],
    funder: str,
    planned: int,
    spent: int,
    law: Loi,
    seuils: Mapping[str, Fraction],
    stakes: Mapping[str, int | None],
) -> dict[str, Any]:
    return {
        **head,
        "financeur": funder,
        "prevu": planned,
        "realise": spent,
        "projection": law.centre,
        "bas": law.bas,
        "haut": law.haut,
        "probabilite": law.sous(limite(planned, seuils)) if planned else None,
        **(stakes if funder == "etat" else {}),
    }


def _part(s: Situation, name: str, total: int) -> int:
    return s.par_type(total)[name]


def _lieux_action(
    s: Situation, law: Loi, row: Mapping[str, Any], seuils: Mapping[str, Fraction]
) -> Iterator[tuple[str, Loi, dict[str, Any]]]:
    """(funder, distribution, row) of an action; the parts add up to the total, to the centime."""
    head = {
        "contrat": s.contrat,
        "exercice": s.exercice,
        "niveau": "action",
        "code": s.action,
        "groupe": s.groupe,
    }
    stakes = {name: row[name] for name in ("montant_a_risque", "sans_explication")}
    yield "total", law, _place(head, "total", s.prevu or 0, s.realise or 0, law, seuils, stakes)
    planned, spent = s.plan_type(), s.par_type(s.realise or 0)
    for name in FINANCEURS:
        own = law.image(partial(_part, s, name))
        if not (planned[name] or spent[name] or own.haut):
            continue  # a funder that takes no part
        yield name, own, _place(head, name, planned[name], spent[name], own, seuils, stakes)


def _loi_somme(members: Sequence[tuple[Loi, Any]], modele: Modele) -> Loi:
    """Distribution of a sum: dependence by the model, the point being the sum of what is shown."""
    centre = sum(law.centre for law, _ in members)
    if all(projection is None for _, projection in members):
        return certaine(centre)
    return loi(somme([projection for _, projection in members], modele), centre)


@cite("solidarites/sous_consommation")
def evaluer(
    situations: Sequence[Situation],
    contrats: Mapping[str, Any],
    seuils: Mapping[str, Fraction],
    modele: Modele,
) -> Risque:
    """Project, judge and price every action of one exercise, then the axes, volets and contracts
    (solidarités art. 2.2 ; emploi art. 6).

    Sums are sums of what is shown; probabilities and intervals of a sum come from `somme`, which
    accounts for dependence between actions. Deterministic.
    """
    laws = lois(situations, modele)
    rows = [ligne(s, laws.get(s.cle), seuils) for s in situations]
    known = [
        (s, laws[s.cle], row) for s, row in zip(situations, rows, strict=True) if s.cle in laws
    ]
    etats = {
        (s.cle, name): etat
        for s, _, _ in known
        if not s.clos
        for name, etat in {"total": s.etat(), **s.etats_financeurs()}.items()
    }
    projected = (
        dict(zip(etats, projeter(list(etats.values()), modele), strict=True)) if etats else {}
    )
    places: list[dict[str, Any]] = []
    members: dict[tuple[str, str, str], list[tuple[Situation, Loi, dict[str, Any]]]] = {}
    for s, law, row in known:
        for name, own, place in _lieux_action(s, law, row, seuils):
            places.append(place)
            for group in (s.groupe, ""):
                members.setdefault((s.contrat, group, name), []).append((s, own, place))
    codes, order = list(contrats), ("total", *FINANCEURS)
    ranked = sorted(  # axes or volets then their contract, the total then its funders
        members, key=lambda m: (codes.index(m[0]), m[1] == "", m[1], order.index(m[2]))
    )
    for code, group, name in ranked:
        parts = members[code, group, name]
        terms = contrats[code].groupes[group] if group else None
        head = {
            "contrat": code,
            "exercice": parts[0][0].exercice,
            "niveau": terms.niveau if terms else "contrat",
            "code": terms.code_public if terms else code,
            "groupe": group,
        }
        law = _loi_somme([(own, projected.get((s.cle, name))) for s, own, _ in parts], modele)
        planned = sum(place["prevu"] for _, _, place in parts)
        spent = sum(place["realise"] for _, _, place in parts)
        stakes = {
            column: sum(place.get(column) or 0 for _, _, place in parts)
            for column in ("montant_a_risque", "sans_explication")
        }
        places.append(_place(head, name, planned, spent, law, seuils, stakes))
    return Risque(
        situations[0].exercice if situations else 0,
        situations[0].au if situations else None,
        list(situations),
        laws,
        _frame(rows, COLONNES),
        _frame(places, COLONNES_LIEUX),
        seuils,
        modele,
    )
