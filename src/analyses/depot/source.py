"""Provenance of a raw file: the sidecar `<file name>.source.yaml` and its fingerprint."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from pathlib import Path

import yaml

from analyses.socle.files import fingerprint, write_together
from analyses.socle.problems import BilanError, Problem, unwritable
from analyses.socle.yaml_files import read_yaml

SUFFIXE = ".source.yaml"
NATURES = ("reelle", "simulee")
_CLES = ("producteur", "recu_le", "sha256", "nature")


@dataclass(frozen=True)
class Source:
    """Where a file comes from; producteur, recu_le and nature are None without a sidecar."""

    fichier: str
    producteur: str | None
    recu_le: str | None
    sha256: str
    nature: str | None

    @property
    def renseignee(self) -> bool:
        """Whether a sidecar says where the file comes from.

        >>> Source("mandats.csv", None, None, "", None).renseignee
        False
        """
        return self.producteur is not None


def sidecar_path(fichier: Path) -> Path:
    """Path of the sidecar of a file.

    >>> sidecar_path(Path("mandats.csv")).name
    'mandats.csv.source.yaml'
    """
    return fichier.with_name(fichier.name + SUFFIXE)


def _iso(value: object) -> str | None:
    try:
        return dt.date.fromisoformat(str(value)).isoformat()
    except ValueError:
        return None


def sidecar(
    content: Path | bytes, producteur: str, nature: str | None, recu_le: str | None
) -> bytes:
    """The sidecar of a file, or of what it holds; `recu_le`: an ISO date. None is left out.

    >>> sidecar(b"", "Direction des finances", None, None).decode().splitlines()[0]
    'producteur: Direction des finances'
    """
    values = (producteur, recu_le, fingerprint(content), nature)
    known = {key: value for key, value in zip(_CLES, values, strict=True) if value is not None}
    return yaml.safe_dump(known, allow_unicode=True, sort_keys=False).encode()


def deposer(fichier: Path, producteur: str, nature: str, recu_le: dt.date | str) -> Path:
    """Write the sidecar of a file and return its path.

    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "mandats.csv"
    >>> _ = file.write_text("exercice\\n", encoding="utf-8")
    >>> deposer(file, "Direction des finances", "reelle", "2025-02-10").name
    'mandats.csv.source.yaml'
    >>> read_sidecar(file, "mandats.csv").nature
    'reelle'
    """
    fichier = Path(fichier)
    problems = []
    if not fichier.is_file():
        problems.append(
            Problem(
                fichier.name, None, "", "un fichier à déposer", "fichier absent", "vérifiez le nom"
            )
        )
    if not producteur.strip():
        problems.append(
            Problem(
                fichier.name, None, "producteur", "qui a produit le fichier", "vide", "précisez-le"
            )
        )
    if nature not in NATURES:
        problems.append(
            Problem(fichier.name, None, "nature", " ou ".join(NATURES), f"« {nature} »", "corrigez")
        )
    if (day := _iso(recu_le)) is None:
        problems.append(
            Problem(
                fichier.name, None, "recu_le", "une date aaaa-mm-jj", f"« {recu_le} »", "corrigez"
            )
        )
    if problems or day is None:
        raise BilanError(problems)
    target = sidecar_path(fichier)
    try:
        write_together(target.parent, {target: sidecar(fichier, producteur.strip(), nature, day)})
    except OSError as error:
        raise unwritable(target.name, error, "vérifiez les droits du dossier") from None
    return target


def read_sidecar(fichier: Path, nom: str, data: bytes | None = None) -> Source:
    """Source of a file; `BilanError` when the sidecar is wrong or does not match the file.

    `nom`: the name of the file in messages; `data`: its bytes, when they were read already.
    """
    actual = fingerprint(fichier if data is None else data)
    path = sidecar_path(fichier)
    if not path.exists():
        return Source(nom, None, None, actual, None)
    try:
        content = read_yaml(path)
    except BilanError as error:
        raise BilanError(
            [
                Problem(nom + SUFFIXE, p.ligne, p.champ, p.attendu, p.trouve, p.remede)
                for p in error.problems
            ]
        ) from None
    problems = _sidecar_problems(content, nom, actual)
    if problems:
        raise BilanError(problems)
    return Source(
        nom, str(content["producteur"]), _iso(content["recu_le"]), actual, content["nature"]
    )


def _sidecar_problems(content: object, nom: str, actual: str) -> list[Problem]:
    file = nom + SUFFIXE
    again = "corrigez-le ou relancez « bilan deposer »"
    if not isinstance(content, dict):
        expected = f"les clés {', '.join(_CLES)}"
        return [Problem(file, None, "", expected, "un autre contenu", again)]
    problems = [
        Problem(file, None, str(key), f"une clé parmi {', '.join(_CLES)}", "clé inconnue", again)
        for key in content
        if key not in _CLES
    ]
    checks = {
        "producteur": ("un nom", bool(str(content.get("producteur") or "").strip())),
        "recu_le": ("une date aaaa-mm-jj", _iso(content.get("recu_le")) is not None),
        "sha256": (
            "64 chiffres hexadécimaux",
            bool(re.fullmatch(r"[0-9a-fA-F]{64}", str(content.get("sha256") or ""))),
        ),
        "nature": (" ou ".join(NATURES), content.get("nature") in NATURES),
    }
    for key, (wanted, valid) in checks.items():
        if key not in content:
            problems.append(Problem(file, None, key, wanted, "clé absente", again))
        elif not valid:
            problems.append(Problem(file, None, key, wanted, f"« {content[key]} »", again))
    if checks["sha256"][1] and str(content["sha256"]).lower() != actual:
        problems.append(
            Problem(
                nom,
                None,
                "sha256",
                f"l'empreinte déposée {str(content['sha256'])[:12]}…",
                f"{actual[:12]}… : le fichier a changé depuis son dépôt",
                "rétablissez le fichier d'origine, ou déposez le nouveau avec « bilan deposer »",
            )
        )
    return problems
