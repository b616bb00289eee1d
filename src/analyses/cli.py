"""The command `bilan`: French help, French messages, exit codes (0 well, 1 problem, 2 usage)."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from analyses.commandes import (
    chiffres,
    comparer_versions,
    controler,
    controler_contrat,
    deposer,
    evaluer_projection,
    exemple,
    explorer,
    importer,
    produire,
    saisie,
)
from analyses.socle.problems import BilanError

COMMANDES = (
    produire,
    controler,
    chiffres,
    controler_contrat,
    comparer_versions,
    deposer,
    saisie,
    importer,
    evaluer_projection,
    exemple,
    explorer,
)

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
    for command in COMMANDES:
        command.add(commands)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code; a problem is told in French, without traceback."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    try:
        args = build_parser().parse_args(argv)
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
