"""What is missing, action by action, for an underconsumption to be explained."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from analyses.contrat.model import Contrat
from analyses.risque.jugement import suit_la_trajectoire
from analyses.risque.risque import Risque
from analyses.risque.situation import Situation
from analyses.socle import fmt

COLONNES = [
    *("contrat", "action", "libelle", "statut", "sans_explication", "acquis", "manque", "ligne"),
]


def _acquis(s: Situation, planned: str) -> list[str]:
    names = {"montee_en_charge": "montée en charge déclarée", "justification": "justification"}
    found = [planned] if planned else []
    for kind, _, proof in s.textes:
        found.append(f"{names.get(kind, kind)}, {'pièce jointe' if proof else 'sans pièce'}")
    if s.recit:
        found.append("état d'avancement écrit")
    return found


def _manque(s: Situation, planned: str, contrat: Contrat) -> list[str]:
    missing = []
    kinds = {kind for kind, _, _ in s.textes}
    if not s.justifications:
        missing.append("le fichier justifications.csv n'a pas été fourni")
    elif not kinds and not planned:
        missing.append("une ligne dans justifications.csv, avec son texte et sa pièce")
    if not all(proof for _, _, proof in s.textes):
        missing.append("une pièce à l'appui (colonne « piece »)")
    if "montee_en_charge" in kinds and not planned:
        part = fmt.pourcent(s.plan_au, decimales=0)
        missing.append(
            f"montée en charge déclarée, mais la trajectoire attend {part} du budget au "
            f"{s.jour:%d/%m/%Y} : faire préciser le calendrier de la fiche"
        )
    if not s.recit:
        missing.append(f"l'état d'avancement ({s.recit_attendu})")
    calendar = contrat.actions[s.action].calendrier
    if not planned and calendar.debut is not None and calendar.debut.year > s.exercice:
        missing.append(
            "un argument que la fiche donne, à invoquer : mise en place « "
            f"{calendar.imprime_debut or calendar.debut} »"
        )
    if not s.reductible and not planned:
        missing.append("les preuves de ce qui est fait : le solde en dépend, non l'explication")
    return missing


def a_justifier(risque: Risque, contrats: Mapping[str, Contrat]) -> pd.DataFrame:
    """One row per action at risk: what is there, what is missing, the line to complete.

    `ligne` is a row of justifications.csv whose text is left empty: the checks refuse it as long
    as nobody has written one. Actions that lack nothing are not listed.
    """
    rows = []
    for s, row in zip(risque.situations, risque.actions.to_dict("records"), strict=True):
        law = risque.lois.get(s.cle)
        if row["statut"] == "rien_a_signaler" or law is None or not s.prevu:
            continue
        planned = suit_la_trajectoire(s, law, risque.seuils)
        missing = _manque(s, planned, contrats[s.contrat])
        if missing:
            told = bool(s.textes) or bool(planned)
            line = "" if told else f"{s.contrat};{s.action};{s.exercice};justification;;"
            head = (s.contrat, s.action, s.libelle, row["statut"], row["sans_explication"])
            rows.append((*head, _acquis(s, planned), missing, line))
    rows.sort(key=lambda row: -row[4])
    return pd.DataFrame(rows, columns=COLONNES, dtype=object)
