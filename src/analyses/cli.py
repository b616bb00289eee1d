"""The command `bilan`: French help, French messages, exit codes (0 well, 1 problem, 2 usage)."""

from __future__ import annotations

import argparse
import csv
import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import astuple, fields
from datetime import date
from pathlib import Path
from typing import Any

from analyses.problems import BilanError, Problem

_FRENCH = {
    "usage: ": "usage : ",
    "positional arguments": "arguments",
    "options": "options",
    "show this help message and exit": "affiche cette aide et s'arrête",
    "%(prog)s: error: %(message)s\n": "%(prog)s : erreur : %(message)s\n",
    "argument %(argument_name)s: %(message)s": "argument %(argument_name)s : %(message)s",
    "the following arguments are required: %s": "il manque : %s",
    "unrecognized arguments: %s": "arguments inconnus : %s",
    "expected one argument": "une valeur est attendue",
    "expected at least one argument": "au moins une valeur est attendue",
    "invalid choice: %(value)r (choose from %(choices)s)": (
        "%(value)r n'est pas un choix possible (choisir parmi %(choices)s)"
    ),
    "invalid %(type)s value: %(value)r": "valeur incorrecte : %(value)r",
    "ambiguous option: %(option)s could match %(matches)s": (
        "option ambiguë : %(option)s peut être %(matches)s"
    ),
    "ignored explicit argument %r": "valeur en trop : %r",
    "unknown parser %(parser_name)r (choices: %(choices)s)": (
        "commande inconnue : %(parser_name)r (choisir parmi %(choices)s)"
    ),
    " (default: %(default)s)": " (par défaut : %(default)s)",
}


def _day(text: str) -> str:
    try:
        if len(text) != 10:
            raise ValueError
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"une date AAAA-MM-JJ est attendue, trouvé « {text} »"
        ) from None


def _year(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) == 4):
        raise argparse.ArgumentTypeError(f"une année est attendue, trouvé « {text} »")
    return int(text)


def _add_scope(command: argparse.ArgumentParser, default_year: int | None = 2024) -> None:
    command.add_argument(
        "--exercice",
        type=_year,
        default=default_year,
        metavar="ANNEE",
        help="année du bilan (par défaut : 2024 ; 2025 pour le bilan final et le "
        "rapport d'exécution)"
        if default_year is None
        else "année (par défaut : 2024)",
    )
    command.add_argument(
        "--departement", default="55", metavar="CODE", help="code du département (par défaut : 55)"
    )
    command.add_argument(
        "--donnees",
        type=Path,
        default=None,
        metavar="DOSSIER",
        help="dossier des données, <departement>/<exercice>/… (par défaut : data/raw)",
    )


def build_parser() -> argparse.ArgumentParser:
    """The parser of the command, in French.

    >>> build_parser().parse_args(["produire", "--exercice", "2025"]).exercice
    2025
    """
    argparse._ = lambda text: _FRENCH.get(text, text)  # type: ignore[attr-defined]
    parser = argparse.ArgumentParser(
        prog="bilan",
        description="Des contrats signés avec l'État aux bilans annuels : exécution financière, "
        "sous-consommation, indicateurs.",
    )
    commands = parser.add_subparsers(
        title="commandes", dest="commande", metavar="COMMANDE", required=True
    )

    produce = commands.add_parser(
        "produire",
        help="produit un bilan dans reports/",
        description="Produit un bilan : carnets exécutés, pages HTML, "
        "tableaux Excel et resultats.csv.",
    )
    produce.add_argument(
        "--bilan",
        default="intermediaire",
        choices=["intermediaire", "final", "etat-avancement", "rapport-execution"],
        help="bilan à produire (par défaut : intermediaire)",
    )
    _add_scope(produce, None)
    produce.add_argument(
        "--arrete-au",
        type=_day,
        default=None,
        metavar="AAAA-MM-JJ",
        help="date d'arrêt des comptes (par défaut : tout l'exercice)",
    )
    produce.add_argument(
        "--sortie",
        type=Path,
        default=None,
        metavar="DOSSIER",
        help="dossier des bilans (par défaut : reports)",
    )
    produce.set_defaults(run=_produce)

    check = commands.add_parser(
        "controler",
        help="contrôle les fichiers d'une année",
        description="Lit et contrôle les fichiers d'une année, sans rien calculer.",
    )
    _add_scope(check)
    check.set_defaults(run=_check)

    contract = commands.add_parser(
        "controler-contrat",
        help="liste les contradictions des contrats",
        description="Liste les contradictions des contrats signés, avec les deux sources, puis "
        "les lectures incertaines.",
    )
    contract.add_argument(
        "--departement", default="55", metavar="CODE", help="code du département (par défaut : 55)"
    )
    contract.add_argument(
        "--csv", type=Path, metavar="FICHIER", help="écrit aussi les contradictions dans ce fichier"
    )
    contract.set_defaults(run=_check_contract)

    deposit = commands.add_parser(
        "deposer",
        help="note la provenance d'un fichier",
        description="Écrit à côté du fichier sa provenance et son empreinte (FICHIER.source.yaml).",
    )
    deposit.add_argument("fichier", type=Path, metavar="FICHIER", help="fichier déposé")
    deposit.add_argument(
        "--producteur",
        default="",
        metavar="NOM",
        help="qui a produit le fichier (par défaut : celui déjà noté)",
    )
    deposit.add_argument(
        "--nature",
        choices=["reelle", "simulee"],
        default="",
        help="nature des données (par défaut : celle déjà notée, sinon reelle)",
    )
    deposit.add_argument(
        "--recu-le",
        type=_day,
        default=None,
        metavar="AAAA-MM-JJ",
        help="date de réception (par défaut : aujourd'hui)",
    )
    deposit.set_defaults(run=_deposit)

    example = commands.add_parser(
        "exemple",
        help="écrit l'exemple simulé 2024 et 2025",
        description="Écrit les données simulées de l'exemple.",
    )
    example.add_argument(
        "--sortie",
        type=Path,
        default=None,
        metavar="DOSSIER",
        help="dossier où écrire (par défaut : data/raw)",
    )
    example.set_defaults(run=_example)

    explore = commands.add_parser(
        "explorer",
        help="ouvre les carnets dans JupyterLab",
        description="Ouvre JupyterLab, en français, sur les carnets.",
    )
    explore.set_defaults(run=_explore)
    return parser


def _produce(args: argparse.Namespace) -> int:
    from analyses.paths import RAW, REPORTS
    from analyses.production.produce import WHOLE_PERIOD, Interrupted, produce

    year = args.exercice or (2025 if args.bilan in WHOLE_PERIOD else 2024)
    try:
        produce(
            args.bilan,
            year,
            args.departement,
            args.arrete_au or "",
            args.donnees or RAW,
            args.sortie or REPORTS,
        )
    except Interrupted as stop:
        print("Interrompu : le bilan précédent est resté en place.", file=sys.stderr)
        return stop.code
    return 0


def _length(frame: Any) -> str:
    if frame is None:
        return "non renseigné"
    return f"{len(frame)} ligne{'s' if len(frame) > 1 else ''}"


def _check(args: argparse.Namespace) -> int:
    from analyses.bilan import check_years, open_depots
    from analyses.contrat.load import load_contrats
    from analyses.paths import RAW

    contrats = load_contrats(args.departement)
    check_years(contrats, [args.exercice], None)
    [depot] = open_depots(args.departement, [args.exercice], args.donnees or RAW, contrats)
    print(f"Département {args.departement}, exercice {args.exercice} : fichiers conformes.")
    if depot.simule:
        print("Données simulées")
    for title, frame in (
        ("mandats", depot.mandats),
        ("affectations", depot.affectations),
        ("recettes", depot.recettes),
        ("résultats des indicateurs", depot.resultats),
        ("justifications", depot.justifications),
        ("états d'avancement", depot.narratifs or None),
    ):
        words = _length(frame)
        print(f"- {title} : " + (words.replace("ligne", "texte") if "états" in title else words))
    print("Provenance :")
    for source in depot.sources:
        kind = {"reelle": "données réelles", "simulee": "données simulées"}.get(source.nature or "")
        known = [
            part
            for part in (
                source.producteur,
                f"reçu le {source.recu_le}" if source.recu_le else "",
                kind,
            )
            if part
        ]
        print(f"- {source.fichier} : {', '.join(known) or 'provenance non renseignée'}")
    warnings = list(depot.controles)
    print(f"Points d'attention : {len(warnings) or 'aucun'}")
    for warning in warnings:
        print(f"- {warning}")
    return 0


_WEIGHTS = {
    "chiffre": "Change un chiffre",
    "date_ou_devoir": "Change une date ou un devoir",
    "mots": "Affaire de mots",
}


def _write_contradictions(path: Path, rows: Sequence[Any]) -> None:
    from analyses.contrat.contradictions import Contradiction

    try:
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow([field.name for field in fields(Contradiction)])
            writer.writerows(astuple(row) for row in rows)
    except OSError:
        raise BilanError(
            [
                Problem(
                    path.as_posix(),
                    attendu="un fichier où l'on peut écrire",
                    trouve="un accès impossible",
                    remede="indiquez un autre fichier",
                )
            ]
        ) from None


def _check_contract(args: argparse.Namespace) -> int:
    from analyses.contrat.contradictions import find_contradictions, uncertain_readings
    from analyses.contrat.load import load_contrats

    contrats = load_contrats(args.departement)
    found = find_contradictions(contrats)
    if args.csv:
        _write_contradictions(args.csv, found)
    print(f"{len(found)} contradictions dans les contrats du département {args.departement}.")
    for weight, title in _WEIGHTS.items():
        rows = [row for row in found if row.poids == weight]
        print(f"\n{title} ({len(rows)})")
        for row in rows:
            print(f"- [{row.contrat}] {row.objet} ({row.code})")
            print(f"    {row.source_1} : {row.valeur_1}")
            print(f"    {row.source_2} : {row.valeur_2}")
    doubts = uncertain_readings(contrats)
    print(f"\nLectures incertaines ({len(doubts)})")
    for doubt in doubts:
        cells = " | ".join(cell or "(vide)" for cell in doubt.imprime) or "aucune"
        print(
            f"- [{doubt.contrat}] {doubt.action}/{doubt.indicateur}, {doubt.source} : "
            f"{len(doubt.imprime)} cellule(s) sur {doubt.colonnes} ({cells}) ; {doubt.lecture}"
        )
    return 0


def _noted(fichier: Path) -> dict[str, Any]:
    """What the sidecar already says: an example that is edited and noted again stays simulated."""
    import yaml

    from analyses.depot.source import sidecar_path

    try:
        content = yaml.safe_load(sidecar_path(fichier).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return {}
    return content if isinstance(content, dict) else {}


def _deposit(args: argparse.Namespace) -> int:
    from analyses.depot.source import deposer

    noted = _noted(args.fichier)
    day = date.fromisoformat(args.recu_le) if args.recu_le else date.today()
    written = deposer(
        args.fichier,
        args.producteur or str(noted.get("producteur") or "non renseigné"),
        args.nature or str(noted.get("nature") or "reelle"),
        day,
    )
    print(f"Provenance notée : {Path(written).name}")
    return 0


def _example(args: argparse.Namespace) -> int:
    from analyses.exemple.simulate import write_example
    from analyses.paths import RAW

    folder = args.sortie or RAW
    try:
        written = write_example(folder)
    except OSError:
        raise BilanError(
            [
                Problem(
                    folder.as_posix(),
                    attendu="un dossier où l'on peut écrire",
                    trouve="un accès impossible",
                    remede="indiquez-en un autre avec --sortie",
                )
            ]
        ) from None
    print(f"Données simulées : {len(written)} fichiers écrits.")
    return 0


def french_lab_settings(folder: Path) -> dict[str, str]:
    """Environment that shows JupyterLab in French; its settings file is written in `folder`.

    >>> french_lab_settings(Path(tempfile.mkdtemp()))["LANG"]
    'fr_FR.UTF-8'
    """
    target = folder / "labconfig"
    target.mkdir(parents=True, exist_ok=True)
    (target / "default_setting_overrides.json").write_text(
        '{"@jupyterlab/translation-extension:plugin": {"locale": "fr_FR"}}\n', encoding="utf-8"
    )
    others = os.environ.get("JUPYTER_CONFIG_PATH")
    path = os.pathsep.join([str(folder), *([others] if others else [])])
    return {"LANG": "fr_FR.UTF-8", "LANGUAGE": "fr", "JUPYTER_CONFIG_PATH": path}


def _explore(args: argparse.Namespace) -> int:
    import subprocess

    from analyses.paths import NOTEBOOKS, ROOT

    with tempfile.TemporaryDirectory() as folder:
        command = [
            sys.executable,
            "-m",
            "jupyter",
            "lab",
            f"--notebook-dir={ROOT}",
            f"--LabApp.default_url=/lab/tree/{NOTEBOOKS.name}",
        ]
        process = subprocess.Popen(
            command, cwd=ROOT, env=os.environ | french_lab_settings(Path(folder))
        )
        while True:
            try:
                return process.wait()
            except KeyboardInterrupt:
                continue  # JupyterLab got the same Ctrl-C: it asks and stops by itself


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code; a problem is told in French, without traceback."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    args = build_parser().parse_args(argv)
    try:
        return int(args.run(args))
    except BilanError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Interrompu.", file=sys.stderr)
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except Exception as error:
        if os.environ.get("BILAN_DEBUG"):
            raise
        print(
            f"Erreur interne ({type(error).__name__}) : relancez avec BILAN_DEBUG=1 pour le "
            "détail, sans le diffuser (il peut contenir des données).",
            file=sys.stderr,
        )
        return 1


if __name__ == "__main__":
    sys.exit(main())
