"""What is missing, action by action, for an underconsumption to be explained."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from analyses.risque.risque import Risque, suit_la_trajectoire
from analyses.risque.situation import Situation

COLONNES = [
    *("contrat", "action", "libelle", "statut", "sans_explication", "acquis", "manque", "ligne"),
]


def recit_attendu(s: Situation) -> str:
    """File in which the pilot tells the action's progress.

    >>> from types import SimpleNamespace
    >>> recit_attendu(SimpleNamespace(contrat="emploi", action="v2-1"))
    'etat_avancement/emploi-v2-1.md'
    """
    return f"etat_avancement/{s.contrat}-{s.action}.md"


def _acquis(s: Situation, planned: str) -> list[str]:
    names = {"montee_en_charge": "montée en charge déclarée", "justification": "justification"}
    found = [planned] if planned else []
    for kind, _, proof in s.textes:
        found.append(f"{names.get(kind, kind)}, {'pièce jointe' if proof else 'sans pièce'}")
    if s.recit:
        found.append("état d'avancement écrit")
    return found


def _manque(s: Situation, planned: str, contrat: Any) -> list[str]:
    missing = []
    kinds = {kind for kind, _, _ in s.textes}
    if not s.justifications:
        missing.append("le fichier justifications.csv n'a pas été fourni")
    elif not kinds and not planned:
        missing.append("une ligne dans justifications.csv, avec son texte et sa pièce")
    for _, _, proof in s.textes:
        if not proof:
            missing.append("une pièce à l'appui (colonne « piece »)")
            break
    if "montee_en_charge" in kinds and not planned:
        part = round(float(s.plan_au) * 100)
        missing.append(
            f"montée en charge déclarée, mais la trajectoire attend {part}\u00a0% du budget au "
            f"{s.jour:%d/%m/%Y} : faire préciser le calendrier de la fiche"
        )
    if not s.recit:
        missing.append(f"l'état d'avancement ({recit_attendu(s)})")
    calendar = contrat.actions[s.action].calendrier
    if not planned and calendar.debut is not None and calendar.debut.year > s.exercice:
        missing.append(
            "un argument que la fiche donne, à invoquer : mise en place « "
            f"{getattr(calendar, 'imprime_debut', None) or calendar.debut} »"
        )
    if not s.reductible and not planned:
        missing.append("les preuves de ce qui est fait : le solde en dépend, non l'explication")
    return missing


def a_justifier(risque: Risque, contrats: Mapping[str, Any]) -> pd.DataFrame:
    """One row per action at risk: what is there, what is missing, the line to complete.

    `ligne` is a row of justifications.csv whose text is left empty: the checks refuse it as long
    as nobody has written one. Actions that lack nothing are not listed.
    """
    rows = []
    known = {s.cle: s for s in risque.situations}
    for row in risque.actions.to_dict("records"):
        s = known[row["contrat"], row["action"]]
        law = risque.lois.get(s.cle)
        if row["statut"] == "rien_a_signaler" or law is None or not s.prevu:
            continue
        planned = suit_la_trajectoire(s, law, risque.seuils)
        missing = _manque(s, planned, contrats[s.contrat])
        if missing:
            told = bool(s.textes) or bool(planned)
            rows.append(
                {
                    **{name: row[name] for name in COLONNES[:5]},
                    "acquis": _acquis(s, planned),
                    "manque": missing,
                    "ligne": "" if told else f"{s.contrat};{s.action};{s.exercice};justification;;",
                }
            )
    rows.sort(key=lambda row: -(row["sans_explication"] or 0))
    return pd.DataFrame(rows, columns=COLONNES, dtype=object)
