"""data/processed/<departement>/<exercice>/: the tables that everything after reads.

A folder is written whole, in one move, with its manifest: what made it (code, contracts, bytes of
the raw files) and the fingerprint of each table. What does not match is refused.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from analyses.contrat import load
from analyses.contrat.model import Contrat
from analyses.depot.exercice import (
    Depot,
    Lecture,
    code_digest,
    conclude,
    rapport_de_qualite,
    read_exercice,
    replace_folder,
)
from analyses.depot.fichiers import read_bytes
from analyses.depot.source import Source
from analyses.preparation.contrats import (
    Versions,
    plan_table,
    targets_table,
    versions_en_vigueur,
)
from analyses.preparation.exercice import ExercicePrepare, affecter, juger, postes_du_depot
from analyses.preparation.ineligibilite import decided, en_doute
from analyses.preparation.paie import sans_poste
from analyses.preparation.quote_parts import check_quote_parts
from analyses.preparation.tables import DOSSIER, read_text, table_text
from analyses.socle import money, paths, tables, texts
from analyses.socle.files import fingerprint
from analyses.socle.paths import prepared_folder
from analyses.socle.problems import BilanError, Problem

MANIFESTE = "manifeste.json"
_FORMAT = 1
# Prepared table -> table of the deposit, column for column.
_REPRISES = {
    "affectations": "affectations",
    "recettes": "recettes",
    "engagements": "engagements",
    "agents": "temps_agents",
    "decisions": "decisions_eligibilite",
    "reports": "reports",
    "justifications": "justifications",
    "formations": "formations",
    "resultats": "resultats",
}
_MANDATS = ["exercice", "numero_mandat", "numero_ligne", "date_emission", "type", "montant"]
Manifest = dict[str, Any]


def _code() -> str:
    """Fingerprint of what makes the tables: code, parameters of the reading, schemas."""
    here = sorted(Path(__file__).parent.glob("*.py"))
    ground = [Path(str(module.__file__)) for module in (money, tables, texts)]
    return code_digest(*here, *ground, *sorted(DOSSIER.glob("*.yaml")))


def _wanted(departement: str, exercice: int, octets: Mapping[str, bytes] | None) -> Manifest:
    """What the manifest must say; `octets` None: the raw files are not there to be compared."""
    contrats = load.load_contrats(departement)
    wanted: Manifest = {
        "format": _FORMAT,
        "code": _code(),
        "departement": departement,
        "exercice": exercice,
        "contrats": {
            code: {
                "versions": [version.code for version in contrat.versions],
                "sha256": fingerprint(contrat.model_dump_json().encode()),
            }
            for code, contrat in contrats.items()
        },
    }
    if octets is not None:
        wanted["bruts"] = {name: fingerprint(data) for name, data in sorted(octets.items())}
    return wanted


def _command(departement: str, exercice: int, donnees: Path) -> str:
    """The command that makes the tables again."""
    words = f"bilan controler --departement {departement} --exercice {exercice}"
    if donnees.resolve() != paths.RAW.resolve():
        words += f" --donnees {donnees.as_posix()}"
    return f"lancez « {words} »"


class _Dossier:
    """A prepared folder, checked against what its manifest must say."""

    def __init__(self, departement: str, exercice: int, donnees: Path, wanted: Manifest) -> None:
        self.folder = prepared_folder(departement, exercice, donnees)
        self.remede = _command(departement, exercice, donnees)
        self.tables: dict[str, bytes] = {}
        self.problems = self._check(wanted)

    def _problem(self, name: str, champ: str, attendu: str, trouve: str) -> Problem:
        shown = self.folder.relative_to(paths.PROCESSED).as_posix()
        place = f"data/processed/{shown}/{name}".rstrip("/")
        return Problem(place, None, champ, attendu, trouve, self.remede)

    def _check(self, wanted: Manifest) -> list[Problem]:
        if not self.folder.is_dir() or not any(p.is_file() for p in self.folder.iterdir()):
            return [self._problem("", "", "les tables préparées de l'exercice", "rien")]
        expected = "un manifeste, écrit avec les tables"
        try:
            text = (self.folder / MANIFESTE).read_text(encoding="utf-8")
            found = dict(json.loads(text))
            made, raw = dict(found["tables"]), dict(found["bruts"])
        except OSError:
            return [self._problem(MANIFESTE, "", expected, "rien : des tables à moitié écrites")]
        except (ValueError, KeyError, TypeError):
            return [self._problem(MANIFESTE, "", expected, "un fichier illisible")]
        return list(self._origin(found, wanted)) or [
            *self._raw(raw, wanted.get("bruts")),
            *self._read(made),
        ]

    def _origin(self, found: Manifest, wanted: Manifest) -> Iterator[Problem]:
        """What made the tables, and for whom."""
        for champ in ("departement", "exercice"):
            if found.get(champ) != wanted[champ]:
                shown = f"« {found.get(champ)} »"
                yield self._problem(MANIFESTE, champ, f"« {wanted[champ]} »", shown)
        if (found.get("format"), found.get("code")) != (wanted["format"], wanted["code"]):
            expected = "des tables faites par cette version du code et de ses paramètres"
            yield self._problem(MANIFESTE, "code", expected, "celles d'une autre version")
        contrats = found.get("contrats", {})
        for code in {*contrats, *wanted["contrats"]}:
            if contrats.get(code) != wanted["contrats"].get(code):
                expected = f"des tables faites avec le contrat « {code} » tel qu'il est transcrit"
                yield self._problem(MANIFESTE, "contrats", expected, "un contrat changé depuis")

    def _raw(self, read: Mapping[str, str], there: Mapping[str, str] | None) -> Iterator[Problem]:
        """Raw files that are not those that were read."""
        if there is None:
            return
        for name in sorted({*read, *there}):
            if read.get(name) != there.get(name):
                kind = "ajouté" if name not in read else "changé" if name in there else "retiré"
                expected = "le fichier dont les tables préparées viennent"
                found = f"un fichier {kind} depuis"
                yield Problem(name, None, "sha256", expected, found, self.remede)

    def _read(self, made: Mapping[str, str]) -> Iterator[Problem]:
        """Tables that are not those that were written; the others are kept."""
        expected = "la table écrite avec le manifeste"
        there = {path.name: path for path in self.folder.glob("*.csv")}
        for name in sorted({*made, *there}):
            if name not in made:
                yield self._problem(name, "", expected, "une table que le manifeste ne connaît pas")
            elif name not in there:
                yield self._problem(name, "", expected, "rien : la table manque")
            else:
                data = there[name].read_bytes()
                self.tables[name.removesuffix(".csv")] = data
                if fingerprint(data) != made[name]:
                    found = "une autre : modifiée à la main, ou venue d'ailleurs"
                    yield self._problem(name, "sha256", expected, found)


def _open(
    departement: str,
    exercice: int,
    donnees: Path,
    contrats: Mapping[str, Contrat],
    octets: Mapping[str, bytes],
) -> tuple[Depot, Lecture]:
    lu = read_exercice(departement, exercice, donnees, contrats, octets)
    lu.problems += check_quote_parts(lu.tables)
    return conclude(lu), lu


def open_exercice(
    departement: str, exercice: int, donnees: Path, contrats: Mapping[str, Contrat]
) -> Depot:
    """The files of an exercise, read and checked; `BilanError` with everything that is wrong in
    them."""
    octets = read_bytes(donnees, departement, exercice)
    return _open(departement, exercice, donnees, contrats, octets)[0]


def _lignes(depot: Depot, versions: Versions) -> dict[str, pd.DataFrame]:
    """The lines sent and judged under each version; what is asked about them joins the notes."""
    lignes, exercice = affecter(depot), depot.exercice
    decisions = decided(depot.decisions_precedentes, depot.decisions_eligibilite)
    postes = postes_du_depot(depot)
    judged = {
        version: juger(lignes, signed, exercice, decisions, postes)
        for version, signed in versions.items()
    }
    last = list(judged.values())[-1]
    own = lignes.loc[last.index]
    depot.controles += [*en_doute(own, last), *sans_poste(own, last, postes)]
    tables = [
        one.join(lignes[["ligne", "regle"]]).assign(version=version)
        for version, one in judged.items()
    ]
    return {"lignes": lignes, "eligibilite": pd.concat(tables, ignore_index=True)}


def preparer(departement: str, exercice: int, donnees: Path) -> None:
    """Make the tables of an exercise from its raw files, unless they are already made.

    A `BilanError` of the raw files leaves the last good tables in place.
    """
    contrats = load.load_contrats(departement)
    octets = read_bytes(donnees, departement, exercice)
    wanted = _wanted(departement, exercice, octets)
    if not _Dossier(departement, exercice, donnees, wanted).problems:
        return
    depot, lu = _open(departement, exercice, donnees, contrats, octets)
    versions = versions_en_vigueur(departement, exercice)
    made = {} if depot.mandats is None else _lignes(depot, versions)
    made |= {
        "plan": plan_table(versions, exercice),
        "cibles": targets_table(versions),
        "narratifs": pd.DataFrame(
            [(*key, text) for key, text in depot.narratifs.items()],
            columns=["contrat", "action", "texte"],
            dtype=object,
        ),
        "sources": pd.DataFrame(
            [(s.fichier, s.producteur, s.recu_le, s.sha256, s.nature) for s in depot.sources],
            columns=["fichier", "producteur", "recu_le", "sha256", "nature"],
            dtype=object,
        ),
        "qualite": pd.DataFrame(
            list(enumerate(depot.controles, start=1)), columns=["rang", "signalement"], dtype=object
        ),
    }
    for name, of in _REPRISES.items():
        frame = getattr(depot, of)
        if frame is not None:
            made[name] = frame
    contents = {f"{name}.csv": table_text(name, frame) for name, frame in sorted(made.items())}
    shas = {name: fingerprint(text.encode()) for name, text in contents.items()}
    manifest = json.dumps(wanted | {"tables": shas}, ensure_ascii=False, indent=1) + "\n"
    target = prepared_folder(departement, exercice, donnees)
    replace_folder(target, contents | rapport_de_qualite(lu, []) | {MANIFESTE: manifest})


def lire(
    departement: str, exercice: int, donnees: Path, octets: Mapping[str, bytes] | None = None
) -> ExercicePrepare:
    """The prepared tables of an exercise; `BilanError` when they are not those of its raw files
    (`octets` None: these are not there, and the tables speak alone)."""
    wanted = _wanted(departement, exercice, octets)
    found = _Dossier(departement, exercice, donnees, wanted)
    if found.problems:
        raise BilanError(found.problems)
    read = {name: read_text(name, data) for name, data in found.tables.items()}
    depot = ExercicePrepare(departement, exercice)
    depot.lignes, depot.eligibilite = read.get("lignes"), read.get("eligibilite")
    if depot.lignes is not None:
        own = depot.lignes.drop_duplicates("ligne")
        depot.mandats = own[[*_MANDATS, "fichier", "ligne"]].reset_index(drop=True)
    for name, of in _REPRISES.items():
        setattr(depot, of, read.get(name))
    for row in read["narratifs"].itertuples(index=False):
        depot.narratifs[str(row.contrat), str(row.action)] = str(row.texte)
    depot.controles = read["qualite"]["signalement"].tolist()
    names = ["fichier", "producteur", "recu_le", "sha256", "nature"]
    depot.sources = [
        Source(file, producer or None, day.isoformat() if day else None, sha, kind or None)
        for file, producer, day, sha, kind in read["sources"][names].to_numpy().tolist()
    ]
    return depot
