"""Who has answered: one row per action, from the year's files and the versions received."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, fields

from analyses.saisie.dossier import Dossier, guard, unguard
from analyses.saisie.importation import RECEPTIONS, RECUES, read_log
from analyses.saisie.modele import Feuille

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
    recu_le: str
    version: str
    service: str
    questions: str


def etat(dossier: Dossier, sheets: Sequence[Feuille]) -> list[EtatAction]:
    """One row per action, in the order of the contracts.

    An answer counts wherever it came from; `statut`: complet, partiel or rien.
    """
    log = read_log(dossier.chemin / RECUES / "receptions.csv", RECEPTIONS)
    last: dict[tuple[str, str], Mapping[str, str]] = {(r["contrat"], r["action"]): r for r in log}
    rows = []
    for sheet in sheets:
        wanted = sheet.attendus()
        missing = [key[2] for key in wanted if not dossier.reponses.get(key)]
        done = len(wanted) - len(missing)
        received = last.get((sheet.contrat, sheet.action), {})
        rows.append(
            EtatAction(
                sheet.contrat,
                sheet.action,
                sheet.titre,
                "complet" if not missing else "partiel" if done else "rien",
                done,
                len(wanted),
                ", ".join(missing),
                received.get("recu_le", ""),
                received.get("version", ""),
                unguard(received.get("service", "")),
                received.get("questions", ""),
            )
        )
    return rows


def to_csv(rows: Sequence[EtatAction]) -> bytes:
    """The index for a spreadsheet."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=";", lineterminator="\n")
    writer.writerow(field.name for field in fields(EtatAction))
    writer.writerows([guard(str(value)) for value in astuple(row)] for row in rows)
    return buffer.getvalue().encode("utf-8-sig")


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
