"""Is an underconsumption manifest, explained, justified; what may it cost the State's credits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import partial
from math import ceil
from typing import NamedTuple

from analyses.contrat.citations import cite
from analyses.contrat.financeurs import ETAT
from analyses.risque.loi import Loi
from analyses.risque.situation import Situation
from analyses.socle import fmt
from analyses.socle.money import half_up_centime

EXPLIQUES = ("expliquee", "justifiee")
Seuils = Mapping[str, Fraction]
SANS_PIECE = "justification sans pièce, inopérante : il manque la pièce (colonne « piece »)"
_pct = partial(fmt.pourcent, decimales=0)


def limite(montant: int | Fraction, seuils: Seuils) -> int:
    """Smallest consumption that is not an underconsumption of an expected amount.

    >>> euros = Fraction(1)
    >>> seuils = {"seuil_sous_consommation": Fraction(4, 5), "tolerance_sous_consommation": euros}
    >>> limite(100_000, seuils), limite(200, seuils)
    (80000, 100)
    """
    tolerance = seuils["tolerance_sous_consommation"] * 100
    return ceil(min(seuils["seuil_sous_consommation"] * montant, montant - tolerance))


def sous_le_seuil(montant: int | Fraction, law: Loi, seuils: Seuils) -> float:
    """Probability of ending in underconsumption of a planned amount."""
    return law.sous(limite(montant, seuils))


def _retard(s: Situation) -> str:
    """What the trajectory expects at the date and what is consumed."""
    done = Fraction(s.realise or 0, s.prevu or 1)
    return f"{_pct(s.plan_au)} attendus à cette date par la trajectoire, {_pct(done)} consommés"


def suit_la_trajectoire(s: Situation, law: Loi, seuils: Seuils) -> str:
    """Why the planned ramp-up alone explains the action ('' when it does not)."""
    assert s.prevu is not None and s.realise is not None
    if s.plan_au == 0:
        return "trajectoire : aucune dépense attendue à cette date"
    expected = s.plan_au * s.prevu
    if s.realise >= limite(expected, seuils):
        return f"trajectoire suivie : {_retard(s)}"
    rare = sous_le_seuil(s.plan_fin * s.prevu, law, seuils) < seuils["probabilite_alerte"]
    if s.plan_fin < 1 and rare:
        return f"trajectoire : {_pct(s.plan_fin)} du budget attendus au 31 décembre"
    return ""


def _dit(s: Situation, kind: str) -> str:
    """The agents' own words of a kind of justification."""
    told = [(text, proof) for name, text, proof in s.textes if name == kind]
    return " ; ".join(f"{text} (pièce : {proof})" if proof else text for text, proof in told)


@cite(lectures=("justification-sans-piece",))
def operantes(s: Situation) -> Situation:
    """The same with the justifications that count only: those that a document supports, unless a
    reading takes the words alone (« sans justification opérante », art. 2.2)."""
    if not s.piece_exigee:
        return s
    kept = tuple(told for told in s.textes if told[0] != "justification" or told[2])
    return replace(s, textes=kept)


class Verdict(NamedTuple):
    """What is said of an action: its status, why, and what explains it ('' when nothing does)."""

    statut: str
    raison: str
    explication: str = ""


def juger(s: Situation, law: Loi | None, seuils: Seuils) -> Verdict:
    """The verdict on an action (solidarités art. 2.2).

    Underconsumption is probable when the chance of ending below the threshold reaches
    `probabilite_alerte`; it is then explained by the planned ramp-up, justified, or manifest.
    """
    if s.prevu is None:
        over = s.consommable is not None and s.consommable.year < s.exercice
        ended = f"terminé le {s.consommable:%d/%m/%Y}" if over else ""
        return Verdict("non_renseigne", ended or "aucun budget signé pour l'exercice")
    if s.realise is None or law is None:
        return Verdict("non_renseigne", "dépenses non renseignées")
    if s.prevu == 0:
        return Verdict("rien_a_signaler", "aucun crédit prévu")
    if sous_le_seuil(s.prevu, law, seuils) < seuils["probabilite_alerte"]:
        end = "a fini" if s.clos else "finira probablement"
        level = _pct(seuils["seuil_sous_consommation"])
        return Verdict("rien_a_signaler", f"{end} à {level} du prévu ou plus")
    planned = suit_la_trajectoire(s, law, seuils)
    if planned:
        return Verdict("expliquee", planned, planned)
    if ramp := _dit(s, "montee_en_charge"):
        return Verdict("expliquee", f"montée en charge déclarée ; {_retard(s)}", ramp)
    if told := _dit(operantes(s), "justification"):
        return Verdict("justifiee", f"justification reçue ; {_retard(s)}", told)
    if told := _dit(s, "justification"):
        return Verdict("manifeste", f"{_retard(s)} ; {SANS_PIECE}", told)
    if not s.justifications:
        missing = "justifications non renseignées : sous le seuil, à qualifier"
        return Verdict(
            "non_renseigne", f"{_retard(s)} ; fichier des justifications absent", missing
        )
    return Verdict("manifeste", f"{_retard(s)} ; aucune justification")


def pertes(s: Situation, law: Loi) -> list[tuple[int, int]]:
    """(outcome, State credits of the plan and of earlier exercises that it leaves unconsumed), in
    centimes. Of a lump sum that is kept whole, only an outcome where nothing is done loses some."""
    planned = s.plan_type()[ETAT] + s.anterieur
    kept = s.ouverture.forfait
    return [
        (issue, 0 if kept and issue > 0 else max(0, planned - s.par_type(issue)[ETAT]))
        for issue in law.issues
    ]


def a_risque(s: Situation, perdus: Sequence[tuple[int, int]], seuils: Seuils) -> int:
    """State credits that an exercise would leave unconsumed: mean over the outcomes, in centimes,
    and never more than what is not consumed yet.

    An outcome costs the planned credits of the State that it leaves unconsumed (`pertes`): those
    that end below the threshold only where art. 2.2 applies, all of them otherwise (emploi art. 6).
    Rounded to the nearest centime (interpretation montant-a-risque).
    """
    if not s.prevu and not s.anterieur:
        return 0
    level = limite(s.prevu or 0, seuils)
    lost = [amount for issue, amount in perdus if not s.reductible or issue < level]
    left = s.plan_type()[ETAT] + s.anterieur - s.par_financeur.get(ETAT, 0)
    return min(half_up_centime(Fraction(sum(lost), len(perdus))), max(0, left))
