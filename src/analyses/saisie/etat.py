"""Who has answered: one row per action, from the year's files and the versions received."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields

from analyses.saisie.dossier import Dossier, guard, unguard
from analyses.saisie.modele import Feuille
from analyses.saisie.recues import Reception, read_log
from analyses.socle.tables import french_csv

STATUTS = {"complet": "complet", "partiel": "partiel", "rien": "sans réponse"}


@dataclass(frozen=True)
class EtatAction:
    """What one action has answered; the last four are empty when no workbook came back."""

    contrat: str
    action: str
    titre: str
    statut: str
    reponses: int
    attendues: int
    manque: str
    recu_le: str = ""
    version: str = ""
    service: str = ""
    questions: str = ""


def etat(dossier: Dossier, sheets: Sequence[Feuille]) -> list[EtatAction]:
    """One row per action, in the order of the contracts.

    An answer counts wherever it came from; `statut`: complet, partiel or rien.
    """
    last = {(row.contrat, row.action): row for row in read_log(dossier.chemin, Reception)}
    rows = []
    for sheet in sheets:
        wanted = sheet.attendus()
        missing = [key[2] for key in wanted if not dossier.reponses.get(key)]
        done = len(wanted) - len(missing)
        statut = "complet" if not missing else "partiel" if done else "rien"
        counts = statut, done, len(wanted), ", ".join(missing)
        received = last.get((sheet.contrat, sheet.action))
        came = (
            (received.recu_le, received.version, unguard(received.service), received.questions)
            if received
            else ()
        )
        rows.append(EtatAction(sheet.contrat, sheet.action, sheet.titre, *counts, *came))
    return rows


def to_csv(rows: Sequence[EtatAction]) -> bytes:
    """The index for a spreadsheet."""
    names = [field.name for field in fields(EtatAction)]
    return french_csv(names, ([guard(str(value)) for value in astuple(row)] for row in rows))


def summary(rows: Sequence[EtatAction]) -> str:
    """The answer in one sentence.

    >>> summary([])
    '0 action : 0 complète, 0 partielle, 0 sans réponse.'
    """
    counts = {name: sum(row.statut == name for row in rows) for name in STATUTS}
    plural = {name: "s" if count > 1 else "" for name, count in counts.items()}
    return (
        f"{len(rows)} action{'s' if len(rows) > 1 else ''} : "
        f"{counts['complet']} complète{plural['complet']}, "
        f"{counts['partiel']} partielle{plural['partiel']}, {counts['rien']} sans réponse."
    )
