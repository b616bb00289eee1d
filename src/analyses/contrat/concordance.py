"""Two statements about one thing that the signed documents make differently, as a reader sets them
side by side (concordances.yaml)."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, StrictStr


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Fait(_Model):
    """One statement of a concordance: where it stands and what it says, letter for letter."""

    source: StrictStr
    citation: StrictStr = Field(min_length=1)


class Conciliation(Fait):
    """What the texts themselves say to reconcile two statements, in words, then quoted."""

    mots: StrictStr


class Concordance(_Model):
    """Two statements about one thing that the documents make differently."""

    code: StrictStr
    poids: Literal["chiffre", "date_ou_devoir", "sens", "mots"]
    objet: StrictStr
    faits: list[Fait] = Field(min_length=2, max_length=2)
    conciliation: Conciliation | None = None
