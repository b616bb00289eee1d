"""Results of indicators: what cannot be a result stops the run, what is not read is noted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from analyses.contrat.cell import MOTIFS, read_cell
from analyses.contrat.model import Contrat, Indicateur
from analyses.depot.cellules import read_code
from analyses.depot.table import Table
from analyses.socle.problems import Problem

_DUE = {"nombre": "un nombre", "taux": "un taux (45 %)", "oui_non": "oui ou non"}
_BROKEN = {
    MOTIFS["DATE"]: (
        "une date",
        "remettez la valeur et la colonne au format Texte : un tableur change « 2*2 » en date",
    ),
    MOTIFS["FORMULE"]: ("une formule", "collez la valeur à la place de la formule"),
}


def _indicator(row: Mapping[str, Any], contrats: Mapping[str, Contrat]) -> Indicateur | None:
    contrat = contrats.get(row["contrat"])
    if contrat is None:
        return None
    action = contrat.actions.get(row["action"])
    known = contrat.nationaux if row["action"] == "nat" else action.indicateurs if action else []
    return next((i for i in known if read_code(i.code) == row["indicateur"]), None)


def check_results(table: Table, contrats: Mapping[str, Contrat]) -> tuple[list[Problem], list[str]]:
    """A date or a formula where a value is due; notes on the results that are not read."""
    problems, notes = [], []
    for row, indicator in _rows(table, contrats):
        text = str(row["resultat"] or "")
        cell = read_cell(text)
        if cell.motif in _BROKEN:
            found, remedy = _BROKEN[cell.motif]
            problems.append(
                Problem(
                    table.fichier,
                    row["ligne"],
                    "resultat",
                    _DUE[indicator.forme],
                    f"{found} (« {text[:40]} »)",
                    remedy,
                )
            )
        elif cell.type in ("illisible", "texte", "conditionnel"):
            reason = cell.motif or "un texte"
            notes.append(
                f"{table.fichier}, ligne {row['ligne']}, champ « resultat » : « {text[:40]} » "
                f"n'est pas lu ({reason}), attendu {_DUE[indicator.forme]}"
            )
    return problems, notes


def _rows(
    table: Table, contrats: Mapping[str, Contrat]
) -> Iterator[tuple[Mapping[str, Any], Indicateur]]:
    """Rows of an indicator that is not answered in words."""
    for row in table.rows:
        indicator = _indicator(row, contrats)
        if indicator is not None and indicator.forme != "texte":
            yield row, indicator
