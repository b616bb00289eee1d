"""Strict reading of the YAML files of params/: broken syntax and repeated keys are refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from analyses.problems import BilanError, Problem


class _StrictLoader(yaml.SafeLoader):
    """SafeLoader that refuses a key written twice, which PyYAML would silently overwrite."""


def _mapping(loader: _StrictLoader, node: yaml.MappingNode) -> dict[Any, Any]:
    mapping: dict[Any, Any] = {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        if key in mapping:
            raise yaml.constructor.ConstructorError(
                None, None, f"clé « {key} » écrite deux fois", key_node.start_mark
            )
        mapping[key] = loader.construct_object(value_node, deep=True)
    return mapping


_StrictLoader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def read_yaml(path: Path) -> Any:
    """Content of a YAML file; `BilanError` names the file and the line when it is broken.

    >>> import tempfile
    >>> broken = Path(tempfile.mkdtemp()) / "x.yaml"
    >>> _ = broken.write_text("a: 1\\na: 2\\n", encoding="utf-8")
    >>> try:
    ...     read_yaml(broken)
    ... except BilanError as error:
    ...     error.problems[0].ligne, error.problems[0].trouve
    (2, 'clé « a » écrite deux fois')
    """
    try:
        return yaml.load(path.read_text(encoding="utf-8"), _StrictLoader)
    except FileNotFoundError:
        raise BilanError(
            [
                Problem(
                    path.name,
                    attendu=f"le fichier {path.name}",
                    trouve="fichier absent",
                    remede="rétablissez le fichier",
                )
            ]
        ) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        found = getattr(error, "problem", None) or "encodage autre que UTF-8"
        raise BilanError(
            [
                Problem(
                    path.name,
                    mark.line + 1 if mark else None,
                    attendu="un fichier YAML valide",
                    trouve=str(found),
                    remede="corrigez le fichier",
                )
            ]
        ) from None
