"""What would change the answer: another threshold, a delay, a commitment, and the best levers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Any

import pandas as pd

from analyses.contrat.model import Contrat
from analyses.risque.jugement import a_risque, juger, pertes
from analyses.risque.risque import ENJEUX, Risque, en_jeu, enjeux, evaluer, ligne, lois
from analyses.risque.situation import Situation
from analyses.socle.problems import BilanError, Problem

STATUTS = ("manifeste", "expliquee", "justifiee", "rien_a_signaler", "non_renseigne")
SEUILS_MONTRES = tuple(Fraction(n, 100) for n in range(60, 100, 5))
COLONNES_LEVIERS = [
    *("contrat", "action", "levier", "montant", "preserve", "statut", "statut_apres"),
]


def _refuse(champ: str, attendu: str, trouve: object) -> BilanError:
    shown = f"« {trouve} »"
    return BilanError(Problem("hypothèse", None, champ, attendu, shown, "corrigez la cellule"))


def centimes(euros: int | str) -> int:
    """Euros as a person types them, in centimes.

    >>> centimes("1500.50")
    150050
    """
    try:
        amount = Decimal(str(euros)) * 100
    except InvalidOperation:
        raise _refuse("engager", "un montant en euros", euros) from None
    if not amount.is_finite() or amount < 0 or amount != amount.to_integral_value():
        raise _refuse("engager", "un montant positif en euros, au centime", euros)
    return int(amount)


def seuil_de(value: str | float | Fraction) -> Fraction:
    """A threshold as a person types it.

    >>> seuil_de("0,70")
    Fraction(7, 10)
    """
    try:
        level = Fraction(str(value).replace(",", "."))
    except (ValueError, ZeroDivisionError):
        level = Fraction(0)
    if not 0 < level <= 1:
        raise _refuse("seuil", "une part du prévu entre 0 et 1, comme « 0.70 »", value)
    return level


def plus_exposee(risque: Risque) -> str:
    """Code of the action with the most unexplained State money at stake ('' when there is none)."""
    exposed = {s.code: stake for s, stake in _exposes(risque)}
    return max(exposed, key=lambda code: exposed[code], default="")


def _exposes(risque: Risque) -> list[tuple[Situation, int]]:
    """Actions with unexplained State money at stake, and how much."""
    pairs = zip(risque.situations, risque.actions["sans_explication"], strict=True)
    return [(s, stake) for s, stake in pairs if stake]


def scenario(
    risque: Risque,
    contrats: Mapping[str, Contrat],
    action: str = "",
    decaler: int = 0,
    engager: int | str = 0,
    seuil: str | float | Fraction | None = None,
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
    more = centimes(engager)
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
        seuils["seuil_sous_consommation"] = seuil_de(seuil)
    return evaluer(changed, contrats, seuils, risque.modele)


def sensibilite(risque: Risque, niveaux: Iterable[Fraction] = SEUILS_MONTRES) -> pd.DataFrame:
    """Statuses and State money at stake by contract for each threshold (no text gives one)."""
    lost = {s.cle: pertes(s, risque.lois[s.cle]) for s in risque.situations if s.cle in risque.lois}
    rows: list[dict[str, Any]] = []
    for contrat in dict.fromkeys(s.contrat for s in risque.situations):
        own = [s for s in risque.situations if s.contrat == contrat]
        for level in niveaux:
            seuils = {**risque.seuils, "seuil_sous_consommation": level}
            count: Counter[str] = Counter(dict.fromkeys((*STATUTS, *ENJEUX), 0))
            exposed = {s.cle: a_risque(s, lost[s.cle], seuils) for s in own if s.cle in lost}
            stakes = en_jeu(exposed, own)
            for s in own:
                statut = juger(s, risque.lois.get(s.cle), seuils).statut
                count[statut] += 1
                if s.cle in stakes:
                    count.update(enjeux(s, statut, stakes[s.cle]))
            rows.append({"contrat": contrat, "seuil": level} | count)
    return pd.DataFrame(rows, columns=["contrat", "seuil", *STATUTS, *ENJEUX], dtype=object)


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


def _preserve(risque: Risque, after: Situation, avant: int, apres: int) -> int:
    """State money that an action's lever takes out of risk; in a volet that limits it, what its
    other actions expose may take the place."""
    left = after.ouverture.reste
    if left is None:
        return avant - apres
    place = (after.contrat, after.groupe)
    others = sum(
        risque.exposes[s.cle]
        for s in risque.situations
        if (s.contrat, s.groupe) == place and s.cle != after.cle and s.cle in risque.exposes
    )
    return min(left, others + risque.exposes[after.cle]) - min(left, others + apres)


def leviers(risque: Risque) -> pd.DataFrame:
    """What can still be done for each action, by State money saved (most first).

    `preserve`: unexplained State money at stake before, minus after, in centimes. Levers do not
    add up: an action needs only one of its own.
    """
    status = dict(zip([s.cle for s in risque.situations], risque.actions["statut"], strict=True))
    tried = [
        (stake, name, amount, after)
        for s, stake in _exposes(risque)
        for name, amount, after in _possible(s, status[s.cle])
    ]
    laws = lois([after for *_, after in tried], risque.modele)
    found = []
    for (stake, name, amount, after), law in zip(tried, laws, strict=True):
        done = ligne(after, law, risque.seuils)
        saved = _preserve(risque, after, stake, done["sans_explication"])
        if saved > 0:
            before = status[after.cle]
            found.append((*after.cle, name, amount, saved, before, done["statut"]))
    found.sort(key=lambda row: -row[4])
    return pd.DataFrame(found, columns=COLONNES_LEVIERS, dtype=object)
