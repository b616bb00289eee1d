"""Strict reading of the YAML files of params/: broken syntax and repeated keys are refused."""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml

from analyses.socle.paths import ROOT
from analyses.socle.problems import BilanError, Problem


class _Refused(yaml.constructor.ConstructorError):
    """What we refuse ourselves, said in French."""


# The same grammar read by libyaml, ten times faster, where PyYAML was built with it.
_Safe: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _StrictLoader(_Safe):  # type: ignore[misc]
    """SafeLoader that refuses a key written twice, which PyYAML would silently overwrite."""


def _mapping(loader: Any, node: yaml.MappingNode) -> dict[Any, Any]:
    mapping: dict[Any, Any] = {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        if not isinstance(key, Hashable):
            raise _Refused(None, None, "une clé qui n'est pas un texte", key_node.start_mark)
        if key in mapping:
            raise _Refused(None, None, f"clé « {key} » écrite deux fois", key_node.start_mark)
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

    def wrong(line: int | None, found: str, remedy: str = "corrigez le fichier") -> BilanError:
        name = path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else path.name
        return BilanError(Problem(name, line, "", "un fichier YAML valide", found, remedy))

    try:
        text = path.read_text(encoding="utf-8")
        return yaml.load(text, _StrictLoader)
    except OSError:
        raise wrong(None, "un fichier absent ou illisible", "rétablissez le fichier") from None
    except UnicodeDecodeError:
        raise wrong(None, "un encodage autre que UTF-8") from None
    except ValueError:
        raise wrong(None, "une date ou un nombre qui n'existe pas") from None
    except _Refused as error:
        mark = error.problem_mark
        raise wrong(mark.line + 1 if mark else None, str(error.problem)) from None
    except yaml.YAMLError as error:
        line = getattr(getattr(error, "problem_mark", None), "line", 0)
        near = [*text.splitlines(), ""][line].strip()[:40]
        place = f"près de « {near} »" if near else "à la fin du fichier"
        raise wrong(line + 1, f"une erreur de syntaxe {place}") from None
