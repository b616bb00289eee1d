"""Notebooks of a bilan: which ones, checked before running, run with papermill.

papermill only warns about an unknown parameter and says nothing of an untagged parameters cell
(the notebook then runs with its defaults): both are refused here, before anything runs.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from analyses.socle.problems import BilanError, Problem

ANALYSES = {
    "01-qualite": "Qualité des données et contradictions des contrats",
    "02-execution": "Exécution financière",
    "03-sous-consommation": "Risque de sous-consommation",
    "04-indicateurs": "Atteinte des indicateurs",
    "05-regles": "Règles financières : parts, reports, avance, solde",
}


@dataclass(frozen=True)
class Carnet:
    """A notebook of a report: the name and title of what is made, the notebook that is run
    (by default that name) and what it is given beside the parameters of the run."""

    nom: str
    titre: str
    source: str = ""
    parametres: dict[str, str] = field(default_factory=dict)

    @property
    def fichier(self) -> str:
        """File of the notebook that is run.

        >>> Carnet("02-execution", "Exécution financière").fichier
        '02-execution.ipynb'
        """
        return f"{self.source or self.nom}.ipynb"


def _bilan(nom: str, titre: str, exercices: str = "") -> Carnet:
    return Carnet(nom, titre, "bilan", {"titre": titre, "exercices": exercices})


# Value of --bilan -> the notebook that takes up the analyses.
BILANS = {
    "intermediaire": _bilan("bilan-intermediaire", "Bilan intermédiaire"),
    "final": _bilan("bilan-final", "Bilan final", "periode"),
    "etat-avancement": Carnet("etat-avancement", "État d'avancement"),
    "rapport-execution": Carnet("rapport-execution", "Rapport d'exécution"),
}


def notebooks_of(bilan: str) -> list[Carnet]:
    """The notebooks of a report, in order.

    >>> notebooks_of("final")[-1].fichier
    'bilan.ipynb'
    """
    return [*(Carnet(nom, titre) for nom, titre in ANALYSES.items()), BILANS[bilan]]


def check_notebook(path: Path, parameters: Mapping[str, Any]) -> list[Problem]:
    """What would make the notebook ignore its parameters, or not run at all.

    >>> check_notebook(Path("absent.ipynb"), {})[0].trouve
    'rien'
    """
    name = path.name
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        tagged = [c for c in cells if "parameters" in c.get("metadata", {}).get("tags", [])]
    except FileNotFoundError:
        return [Problem(name, None, "", "un carnet Jupyter", "rien", "rétablissez le carnet")]
    except (ValueError, KeyError, TypeError, AttributeError):
        return [
            Problem(
                name,
                attendu="un carnet Jupyter",
                trouve="un fichier illisible",
                remede="rétablissez le carnet",
            )
        ]
    if len(tagged) != 1:
        return [
            Problem(
                name,
                champ="cellule des paramètres",
                attendu="une cellule étiquetée « parameters », une seule",
                trouve=f"{len(tagged)} cellule{'s' if len(tagged) > 1 else ''}",
                remede="ajoutez l'étiquette « parameters » à la cellule des paramètres",
            )
        ]
    from papermill import inspect_notebook

    known = inspect_notebook(str(path))
    return [
        Problem(
            name,
            champ=unknown,
            attendu="un paramètre parmi " + ", ".join(known),
            trouve="un paramètre inconnu",
            remede="corrigez le nom, ou ajoutez-le à la cellule des paramètres",
        )
        for unknown in parameters
        if unknown not in known
    ]


def _failed_cell(path: Path, rank: int) -> str:
    """Id of the cell that failed, by its rank among the executed ones: papermill adds one after
    that of the parameters."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    tags = [tag for cell in cells[:rank] for tag in cell["metadata"].get("tags", [])]
    return str(cells[rank - tags.count("parameters")].get("id", ""))


def run_notebook(path: Path, output: Path, parameters: Mapping[str, Any], cwd: Path) -> None:
    """Run a notebook into `output`; `BilanError` names notebook, cell and class of the error.

    The message of the error and its traceback can hold values of the data: they are not shown.
    It is written once, without the paths of the machine: papermill would write it at each cell.
    """
    import nbformat
    from papermill import execute_notebook
    from papermill.exceptions import PapermillExecutionError

    os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")
    try:
        executed = execute_notebook(
            str(path),
            None,
            dict(parameters),
            kernel_name="python3",
            progress_bar=False,
            cwd=str(cwd),
            shutdown_kernel="immediate",
            extra_arguments=["--IPKernelApp.log_level=ERROR"],
        )
    except OSError:
        raise
    except Exception as error:
        found, cell = type(error).__name__, ""
        if isinstance(error, PapermillExecutionError):
            found, cell = error.ename, _failed_cell(path, error.cell_index)
        raise BilanError(
            [
                Problem(
                    path.name,
                    champ=f"cellule {cell}" if cell else "",
                    attendu="une exécution jusqu'au bout",
                    trouve=f"une erreur {found}",
                    remede="ouvrez le carnet avec « bilan explorer » et lancez-le avec les mêmes "
                    "paramètres",
                )
            ]
        ) from None
    for key in ("input_path", "output_path"):
        executed["metadata"]["papermill"].pop(key, None)
    output.write_text(nbformat.writes(executed) + "\n", encoding="utf-8")
