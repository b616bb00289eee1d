"""The built-in example: two exercises simulated from the real budgets and calendars.

Deterministic: every draw comes from a generator seeded by département, exercise and action, so
that two runs write the same bytes. No person is named; third parties are invented organisations.
"""

from __future__ import annotations

import csv
import io
import shutil
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from analyses.depot.schemas import table_schema
from analyses.depot.source import SUFFIXE, read_sidecar, sidecar
from analyses.exemple.donnees import Exemple, charger, colonnes
from analyses.exemple.grand_livre import grand_livre
from analyses.exemple.tables import MARQUE, Row, narratif, tables
from analyses.socle.files import together
from analyses.socle.problems import BilanError, Problem, unwritable

PRODUCTEUR = "analyses.exemple (simulation)"
NATURE_SIMULEE = "simulee"


def _texte(value: object) -> str:
    if value is None:
        return ""
    return value.strftime("%d/%m/%Y") if isinstance(value, date) else str(value)


def _csv(table: str, rows: Sequence[Row], exercice: int, encoding: str) -> bytes:
    buffer = io.StringIO()
    optional = {field["name"] for field in table_schema(table)["fields"] if "facultative" in field}
    told = {name for row in rows for name in row}
    names = [name for name in colonnes(table) if name in told or name not in optional]
    writer = csv.DictWriter(
        buffer, names, extrasaction="ignore", delimiter=";", lineterminator="\n"
    )
    writer.writeheader()
    for row in rows:
        writer.writerow({"exercice": exercice} | {name: _texte(v) for name, v in row.items()})
    return buffer.getvalue().encode(encoding)


def simulate(exemple: Exemple) -> dict[int, dict[str, bytes]]:
    """Every file of each exercise: path relative to its folder -> content.

    >>> files = simulate(charger("55"))[2024]
    >>> files["mandats.csv"].splitlines()[0].split(b";")[:3]
    [b'exercice', b'numero_mandat', b'numero_ligne']
    """
    found: dict[int, dict[str, bytes]] = {}
    for exercice, ledger in grand_livre(exemple).items():
        files: dict[str, bytes] = {}
        encodings = exemple.annees[exercice].encodages
        for table, rows in tables(exemple, ledger, exercice).items():
            content = _csv(table, rows, exercice, encodings.get(table, "utf-8-sig"))
            files[f"{table}.csv"] = content
            files[f"{table}.csv{SUFFIXE}"] = sidecar(
                content, PRODUCTEUR, NATURE_SIMULEE, f"{exercice + 1}-03-01"
            )
        for contrat, action in exemple.actions():
            told = action.code not in exemple.commun.contrats[contrat].sans_narratif
            if told and exemple.ouverte(contrat, action, exercice):
                text = narratif(exemple, contrat, action, exercice)
                files[f"etat_avancement/{contrat}-{action.code}.md"] = text.encode()
        found[exercice] = files
    return found


def _foreign(path: Path) -> str:
    """What an existing file is when the example did not make it; '' when it did."""
    if path.suffix == ".md":
        own = MARQUE in path.read_text(encoding="utf-8", errors="replace")
        return "" if own else "un texte qui n'est pas celui de l'exemple"
    try:
        source = read_sidecar(path, path.name)
    except BilanError:
        return "un fichier modifié depuis sa simulation"
    if not source.renseignee:
        return "un fichier sans provenance"
    if source.nature != NATURE_SIMULEE:
        return "un fichier de nature « reelle » ou non renseignée"
    return ""


def _refusals(folder: Path, label: str) -> list[Problem]:
    """One problem per existing file that the example would overwrite and did not make."""
    return [
        Problem(
            f"{label}/{path.relative_to(folder).as_posix()}",
            attendu="un dossier vide ou fait des seuls fichiers de l'exemple",
            trouve=found,
            remede="choisissez un autre dossier, ou déplacez ce fichier",
        )
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.startswith(".") and not path.name.endswith(SUFFIXE)
        if (found := _foreign(path))
    ]


def _check_exercices(exemple: Exemple, exercices: Sequence[int]) -> None:
    known = exemple.commun.exercices
    if unknown := [str(year) for year in exercices if year not in known]:
        raise BilanError(
            Problem(
                "exemple",
                champ="exercices",
                attendu=" ou ".join(map(str, known)),
                trouve=", ".join(unknown),
                remede="l'exemple ne simule que ces deux exercices",
            )
        )


def write_example(
    dest: Path, departement: str, exercices: Sequence[int] | None = None
) -> list[Path]:
    """Write the simulated exercises (both, unless some are named) of a département under
    `dest/<departement>/<exercice>/`; the files written.

    Refuses (`BilanError`) a folder that holds anything else than an earlier example.

    >>> import tempfile
    >>> paths = write_example(Path(tempfile.mkdtemp()), "55", (2024,))
    >>> sorted(p.name for p in paths if p.suffix == ".csv")[:2]
    ['affectations.csv', 'decisions_eligibilite.csv']
    """
    exemple = charger(departement)
    exercices = exemple.commun.exercices if exercices is None else exercices
    _check_exercices(exemple, exercices)
    folders = {year: dest / departement / str(year) for year in exercices}
    problems = [
        problem
        for year, folder in folders.items()
        for problem in _refusals(folder, f"{departement}/{year}")
    ]
    if problems:
        raise BilanError(problems)
    files = simulate(exemple)
    try:
        with together(dest) as draft:
            for year, folder in folders.items():
                new = draft(folder)
                for name, content in files[year].items():
                    path = new / name
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_bytes(content)
                for hidden in folder.glob(".*"):
                    if hidden.is_file():
                        shutil.copy2(hidden, new / hidden.name)
    except OSError as error:
        raise unwritable(dest, error, "indiquez-en un autre avec --sortie") from None
    return [folder / name for year, folder in folders.items() for name in files[year]]
