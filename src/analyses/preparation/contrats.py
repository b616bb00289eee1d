"""What the contracts say for an exercise, as tables, under each version in force during it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any

import pandas as pd

from analyses.contrat.exercices import contrats_de
from analyses.contrat.model import Contrat
from analyses.preparation.exercice import version_de

Versions = Mapping[str, Mapping[str, Contrat]]


def versions_en_vigueur(departement: str, exercice: int) -> Versions:
    """The contracts of each set of versions in force during an exercise: a closing date picks one.

    >>> list(versions_en_vigueur("55", 2024))
    ['emploi=2024-06-20-initial; solidarites=2024-06-20-initial']
    """
    first, last = date(exercice, 1, 1), date(exercice, 12, 31)
    at_the_end = contrats_de(departement, exercice)
    effects = {version.effet for c in at_the_end.values() for version in c.versions}
    eves = [effect - timedelta(days=1) for effect in effects if first < effect <= last]
    found = [contrats_de(departement, exercice, day) for day in [*sorted(eves), last]]
    return {version_de(contrats): contrats for contrats in found}


def _table(rows: Iterable[dict[str, Any]], columns: str) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=columns.split(), dtype=object)


def plan_table(versions: Versions, exercice: int) -> pd.DataFrame:
    """Credits that each version commits for an exercise, by action and funder.

    >>> plan = plan_table(versions_en_vigueur("55", 2024), 2024)
    >>> plan["contrat"].unique().tolist(), int(plan["montant_centimes"].min())
    (['solidarites', 'emploi'], 0)
    """
    rows = [
        {
            "version": version,
            "contrat": contrat.code,
            "groupe": action.groupe,
            "action": action.code,
            "exercice": exercice,
            "financeur": funder,
            "montant_centimes": amount,
            "source": action.plan_source(exercice),
        }
        for version, contrats in versions.items()
        for contrat in contrats.values()
        if exercice in contrat.exercices
        for action in contrat.actions.values()
        for funder, amount in (action.plan(exercice) or {}).items()
    ]
    return _table(rows, "version contrat groupe action exercice financeur montant_centimes source")


def targets_table(versions: Versions) -> pd.DataFrame:
    """Every target as printed and as read.

    >>> cibles = targets_table(versions_en_vigueur("55", 2024))
    >>> cibles["periode"].iloc[0], len(cibles) > 100
    ('t0', True)
    """
    rows = []
    for version, contrats in versions.items():
        for contrat in contrats.values():
            for action, indicateur in contrat.indicateurs():
                for period in indicateur.colonnes:
                    cell = indicateur.cell(period)
                    rows.append(
                        {
                            "version": version,
                            "contrat": contrat.code,
                            "action": action,
                            "indicateur": indicateur.code,
                            "libelle": indicateur.libelle,
                            "periode": str(period),
                            "imprime": cell.imprime,
                            "lecture": cell.type,
                            "valeur": cell.valeur,
                            "unite": indicateur.unite,
                            "incertaine": cell.incertaine,
                        }
                    )
    return _table(
        rows,
        "version contrat action indicateur libelle periode imprime lecture valeur unite incertaine",
    )
