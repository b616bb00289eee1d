"""Contracts of the tests: the signed one, with other actions; rows of figures as resultats.csv."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from analyses.chiffres.chiffre import Chiffre
from analyses.chiffres.mesures import load_mesures
from analyses.chiffres.table import public, tabulate
from analyses.contrat.load import load_contrats
from analyses.contrat.model import Contrat


def contrat_de(modele: str = "solidarites", **changes: Any) -> Contrat:
    """A real `Contrat` of which some fields are others; without clauses unless they are given."""
    bare: dict[str, Any] = {"clauses": {}, "fondements": {}, "imprimes": [], "nationaux": []}
    return load_contrats("55")[modele].model_copy(update=bare | changes)


def lignes_publiques(
    figures: Iterable[Chiffre], contrats: Mapping[str, Contrat], simule: bool = False
) -> pd.DataFrame:
    """Figures of 2024 as resultats.csv writes them."""
    return public(tabulate(figures, {2024: contrats}, load_mesures(), {}, simule))
