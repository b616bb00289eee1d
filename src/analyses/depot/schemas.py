"""What a raw table holds: its schema (params/tables/) and the headers it may have."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from analyses.depot.cellules import LECTEURS, Unreadable, clean
from analyses.socle.paths import PARAMS
from analyses.socle.yaml_files import read_yaml

TABLES = (
    *("mandats", "affectations", "recettes", "resultats_indicateurs", "justifications"),
    *("temps_agents", "engagements", "decisions_eligibilite", "reports"),
    "formations_academie",
)
_ERREUR_TABLEUR = re.compile(
    r"#(REF!|N/A|VALEUR!|VALUE!|DIV/0!|NOM\s?\?|NAME\?|NUL!|NULL!|NOMBRE!)"
)


@lru_cache
def table_schema(nom: str) -> dict[str, Any]:
    """Table Schema of a table, from params/tables/.

    >>> [f["name"] for f in table_schema("mandats")["fields"]][:3]
    ['exercice', 'numero_mandat', 'numero_ligne']
    """
    return dict(read_yaml(PARAMS / "tables" / f"{nom}.yaml"))


@lru_cache
def header_names(nom: str) -> dict[str, str]:
    """Normalised header -> field, from params/colonnes.yaml.

    >>> header_names("mandats")["numeromandat"]
    'numero_mandat'
    """
    spellings = _spellings(PARAMS / "colonnes.yaml")[nom]
    names = {f["name"]: f["name"] for f in table_schema(nom)["fields"]}
    known = {normal_header(name): name for name in names}
    for name, others in spellings.items():
        for other in others:
            known.setdefault(normal_header(other), name)
    return known


@lru_cache(maxsize=1)
def _spellings(path: Path) -> Any:
    return read_yaml(path)


def normal_header(text: str) -> str:
    """Header without case, accents, spaces, punctuation; « n° » reads « numero ».

    >>> normal_header("N°\\nMandat\\t"), normal_header("Date d'émission")
    ('numeromandat', 'datedemission')
    """
    text = re.sub(r"\bn\s*[°º]", "numero ", text.casefold())
    decomposed = unicodedata.normalize("NFKD", text)
    return re.sub(r"[^a-z0-9]", "", decomposed)


def reading(spec: Mapping[str, Any]) -> str:
    """How a field is read: its « lecture », else its type.

    >>> reading({"type": "number", "lecture": "montant"}), reading({"type": "string"})
    ('montant', 'string')
    """
    return str(spec.get("lecture", spec["type"]))


def quoted(spec: Mapping[str, Any], value: str) -> str:
    """A value for a message, hidden when the column may hold personal data.

    >>> quoted({}, "abc"), quoted({"confidentiel": True}, "Dupont")
    ('« abc »', 'une valeur non affichée (donnée confidentielle)')
    """
    if spec.get("confidentiel"):
        return "une valeur non affichée (donnée confidentielle)"
    short = value if len(value) <= 40 else value[:39] + "…"
    return f"« {short} »"


def _bounds(spec: Mapping[str, Any], value: Any) -> tuple[str, str] | None:
    """(expected, remedy) when a value breaks the constraints of its field."""
    limits = spec.get("constraints", {})
    if "enum" in limits and value not in limits["enum"]:
        return f"une valeur parmi {', '.join(limits['enum'])}", "corrigez la valeur"
    if "minimum" in limits and value < limits["minimum"]:
        if reading(spec) == "montant":
            return (
                "un montant positif ou nul",
                "le signe vient du type : déposez le montant positif",
            )
        return f"au moins {limits['minimum']}", "corrigez la valeur"
    if "maximum" in limits and value > limits["maximum"]:
        return f"au plus {limits['maximum']}", "corrigez la valeur"
    return None


class Wrong(ValueError):
    """A cell that breaks its schema: (expected, found, remedy)."""


def cell_reader(spec: Mapping[str, Any]) -> Callable[[str], Any]:
    """What reads the cell of a field; it raises `Wrong`."""
    how, limits = reading(spec), spec.get("constraints", {})
    read, required = LECTEURS.get(how), limits.get("required")
    bounded = bool(limits.keys() - {"required"})
    blank = None if spec["type"] in ("date", "integer", "number") else ""

    def cell(raw: str) -> Any:
        text = clean(raw)
        if text.startswith("#") and _ERREUR_TABLEUR.match(text):
            remedy = "corrigez la formule dans le tableur"
            raise Wrong("une valeur", "une erreur de tableur", remedy)
        if not text and how != "quote_part":
            if required:
                raise Wrong("une valeur", "cellule vide", "remplissez la cellule")
            return blank
        try:
            value = read(text) if read else text
        except Unreadable as error:
            raise Wrong(str(error), quoted(spec, text), "corrigez la cellule") from None
        broken = _bounds(spec, value) if bounded else None
        if broken:
            raise Wrong(broken[0], quoted(spec, text), broken[1])
        return value

    return cell
