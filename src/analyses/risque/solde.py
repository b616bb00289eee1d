"""The balance that a volet would have if the year ended as projected (emploi art. 6)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from analyses.contrat.citations import clause_of
from analyses.contrat.financeurs import ETAT
from analyses.contrat.model import Contrat
from analyses.execution.execution import Execution
from analyses.regles.emploi import advance, ceiling, settle
from analyses.risque.risque import Risque


@dataclass(frozen=True)
class SoldeProjete:
    """Ceiling, advance, what the State would have consumed, what it would still owe or get back;
    centimes, None = non renseigné. `bas`, `haut`: 80 % interval of what it would have consumed."""

    contrat: str
    groupe: str
    plafond: int
    avance: int | None
    verse: int | None
    projete: int
    bas: int
    haut: int
    solde: int | None
    trop_percu: int | None


def soldes_projetes(
    risque: Risque, contrats: Mapping[str, Contrat], done: Execution
) -> Iterator[SoldeProjete]:
    """One row per volet that has a ceiling and an advance for the exercise and is projected."""
    rows = risque.lieux[risque.lieux["financeur"] == ETAT]
    places = {(r["contrat"], r["niveau"], r["code"]): r for r in rows.to_dict("records")}
    for code, contrat in contrats.items():
        if risque.exercice not in contrat.exercices:
            continue
        for key, group in contrat.groupes.items():
            place = places.get((code, group.niveau, group.code_public))
            top = ceiling(contrat, key, risque.exercice)
            has_advance = clause_of(contrat, "avance", key) or clause_of(contrat, "avance")
            if place is None or top is None or has_advance is None:
                continue
            paid = done.verse_groupe.get((code, key))
            left, over = settle(max(0, min(top, place["projection"])), paid)
            yield SoldeProjete(
                contrat=code,
                groupe=key,
                plafond=top,
                avance=advance(contrat, key, risque.exercice),
                verse=paid,
                projete=place["projection"],
                bas=place["bas"],
                haut=place["haut"],
                solde=left,
                trop_percu=over,
            )
