"""What would change the answer: another threshold, a delay, a commitment, and the best levers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Any

import pandas as pd

from analyses.risque.risque import SEUILS_MONTRES, Risque, evaluer, ligne, lois
from analyses.risque.situation import Situation
from analyses.socle.problems import BilanError, Problem

STATUTS = ("manifeste", "expliquee", "justifiee", "rien_a_signaler", "non_renseigne")


def _refuse(champ: str, attendu: str, trouve: object) -> BilanError:
    return BilanError(
        [
            Problem(
                "hypothèse",
                champ=champ,
                attendu=attendu,
                trouve=f"« {trouve} »",
                remede="corrigez la cellule",
            )
        ]
    )


def _centimes(euros: int | str) -> int:
    try:
        amount = Decimal(str(euros)) * 100
    except InvalidOperation:
        raise _refuse("engager", "un montant en euros", euros) from None
    if not amount.is_finite() or amount < 0 or amount != amount.to_integral_value():
        raise _refuse("engager", "un montant positif en euros, au centime", euros)
    return int(amount)


def _seuil(value: Any) -> Fraction:
    try:
        level = Fraction(str(value).replace(",", "."))
    except (ValueError, ZeroDivisionError):
        level = Fraction(0)
    if not 0 < level <= 1:
        raise _refuse("seuil", "une part du prévu entre 0 et 1, comme « 0.70 »", value)
    return level


def plus_exposee(risque: Risque) -> str:
    """Code of the action with the most unexplained State money at stake ('' when there is none)."""
    rows = [r for r in risque.actions.to_dict("records") if r["sans_explication"]]
    best = max(rows, key=lambda r: r["sans_explication"], default=None)
    return f"{best['contrat']}/{best['action']}" if best else ""


def scenario(
    risque: Risque,
    contrats: Mapping[str, Any],
    action: str = "",
    decaler: int = 0,
    engager: int | str = 0,
    seuil: Any = None,
) -> Risque:
    """The same exercise under another hypothesis; what is already spent stays spent.

    `action`: "solidarites/16". `decaler`: months by which what its plan still expects is late, the
    last months leaving the year. `engager`: euros of new commitments. `seuil`: another threshold.
    Raises `BilanError` for an unknown action or a value that means nothing.
    """
    codes = [s.code for s in risque.situations]
    if action and action not in codes:
        raise _refuse("action", "une action parmi " + ", ".join(codes), action)
    if (decaler or engager) and not action:
        raise _refuse("action", "l'action à décaler ou à engager", action)
    if isinstance(decaler, bool) or not isinstance(decaler, int) or not 0 <= decaler <= 12:
        raise _refuse("decaler", "un nombre de mois entre 0 et 12", decaler)
    more = _centimes(engager)
    changed = [
        s
        if s.code != action or s.clos
        else replace(
            s,
            glissement=s.glissement + decaler,
            reste_engage=(s.reste_engage or 0) + more if more else s.reste_engage,
        )
        for s in risque.situations
    ]
    seuils = dict(risque.seuils)
    if seuil is not None:
        seuils["seuil_sous_consommation"] = _seuil(seuil)
    return evaluer(changed, contrats, seuils, risque.modele)


def _count(rows: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    listed = list(rows)
    count = Counter(row["statut"] for row in listed)
    return {status: count.get(status, 0) for status in STATUTS} | {
        name: sum(row.get(name) or 0 for row in listed)
        for name in ("montant_a_risque", "sans_explication")
    }


def sensibilite(risque: Risque, niveaux: Iterable[Fraction] = SEUILS_MONTRES) -> pd.DataFrame:
    """Statuses and State money at stake by contract for each threshold (no text gives one)."""
    rows: list[dict[str, Any]] = []
    for contrat in dict.fromkeys(s.contrat for s in risque.situations):
        own = [s for s in risque.situations if s.contrat == contrat]
        for level in niveaux:
            seuils = {**risque.seuils, "seuil_sous_consommation": level}
            judged = [ligne(s, risque.lois.get(s.cle), seuils) for s in own]
            rows.append({"contrat": contrat, "seuil": level} | _count(judged))
    return pd.DataFrame(
        rows,
        columns=["contrat", "seuil", *STATUTS, "montant_a_risque", "sans_explication"],
        dtype=object,
    )


def _possible(s: Situation, status: str) -> list[tuple[str, int, Situation]]:
    """(lever, euros to commit or pay, situation once done) that an action still has."""
    found = []
    pending = s.reste_engage or 0
    assert s.prevu is not None and s.realise is not None
    free = s.prevu - s.realise - pending
    if not s.clos and pending > 0:
        total = s.realise + pending
        paid = replace(s, realise=total, par_financeur=s.parts(total), reste_engage=0)
        found.append(("mandater", pending, paid))
    if not s.clos and free > 0:
        found.append(("engager", free, replace(s, reste_engage=pending + free)))
    if s.reductible and status in ("manifeste", "non_renseigne"):
        told = (*s.textes, ("justification", "à écrire", "à joindre"))
        found.append(("justifier", 0, replace(s, textes=told, justifications=True)))
    return found


def leviers(risque: Risque) -> pd.DataFrame:
    """What can still be done for each action, by State money saved (most first).

    `preserve`: unexplained State money at stake before, minus after, in centimes. Levers do not
    add up: an action needs only one of its own.
    """
    rows = {(r["contrat"], r["action"]): r for r in risque.actions.to_dict("records")}
    tried = [
        (s, name, amount, after)
        for s in risque.situations
        if s.cle in risque.lois and rows[s.cle]["sans_explication"]
        for name, amount, after in _possible(s, rows[s.cle]["statut"])
    ]
    found = []
    for s, name, amount, after in tried:
        law = lois([after], risque.modele)[s.cle]
        done = ligne(after, law, risque.seuils)
        saved = rows[s.cle]["sans_explication"] - done["sans_explication"]
        if saved > 0:
            found.append(
                {
                    "contrat": s.contrat,
                    "action": s.action,
                    "levier": name,
                    "montant": amount,
                    "preserve": saved,
                    "statut": rows[s.cle]["statut"],
                    "statut_apres": done["statut"],
                }
            )
    found.sort(key=lambda row: -row["preserve"])
    columns = ["contrat", "action", "levier", "montant", "preserve", "statut", "statut_apres"]
    return pd.DataFrame(found, columns=columns, dtype=object)
