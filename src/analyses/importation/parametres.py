"""Reading a parameter file of the imports, checked against its schema."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from analyses.contrat.load import schema_problems
from analyses.socle.problems import BilanError
from analyses.socle.yaml_files import read_yaml


class Strict(BaseModel):
    """A part of a parameter file: an unknown key is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


M = TypeVar("M", bound=Strict)


def charger(path: Path, modele: type[M]) -> M:
    """A parameter file; `BilanError` names each key that is wrong."""
    try:
        return modele.model_validate(read_yaml(path))
    except ValidationError as error:
        problems = schema_problems(error, path.name)
        raise BilanError([replace(p, remede="corrigez la clé") for p in problems]) from None
