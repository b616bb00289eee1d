"""`bilan comparer-versions`: what an avenant changes, action by action."""

from __future__ import annotations

import argparse
from itertools import groupby
from pathlib import Path
from typing import Any

from analyses.commandes.options import add_departement, write_records


def add(commands: Any) -> None:
    compare = commands.add_parser(
        "comparer-versions",
        help="montre ce qu'un avenant change",
        description="Compare deux versions d'un contrat, action par action : par défaut, la "
        "dernière version de chaque contrat et celle qui la précède.",
    )
    add_departement(compare)
    compare.add_argument(
        "--contrat", default="", metavar="CODE", help="un seul contrat (par défaut : tous)"
    )
    compare.add_argument(
        "--avant", default="", metavar="VERSION", help="première version (avec --contrat)"
    )
    compare.add_argument(
        "--apres", default="", metavar="VERSION", help="seconde version (avec --contrat)"
    )
    compare.add_argument(
        "--csv", type=Path, metavar="FICHIER", help="écrit aussi les changements dans ce fichier"
    )
    compare.set_defaults(run=_compare)


def _asked(args: argparse.Namespace, known: dict[str, Any]) -> list[str]:
    """Codes of the contracts to compare."""
    from analyses.socle.problems import BilanError, Problem

    def wrong(champ: str, expected: str, found: str) -> BilanError:
        return BilanError([Problem("demande", None, champ, expected, found, "corrigez la demande")])

    if args.contrat and args.contrat not in known:
        raise wrong("contrat", "un contrat parmi " + ", ".join(known), f"« {args.contrat} »")
    if (args.avant or args.apres) and not args.contrat:
        raise wrong("contrat", "--contrat avec --avant ou --apres", "rien")
    return [args.contrat] if args.contrat else list(known)


def _compare(args: argparse.Namespace) -> int:
    from analyses.contrat.comparaison import Changement, compare
    from analyses.contrat.load import load_contrats, load_version, registry
    from analyses.socle import paths

    params = paths.PARAMS
    load_contrats(args.departement, params=params)  # every problem of every version, at once
    known = registry(params)[args.departement]["contrats"]
    every: list[Any] = []
    for code in _asked(args, known):
        versions = [str(name) for name in known[code]["versions"]]
        after = args.apres or versions[-1]
        rank = versions.index(after) if after in versions else 0
        before = args.avant or versions[max(0, rank - 1)]
        if before == after:
            print(f"Contrat {code} : une seule version, {after} ; rien à comparer.")
            continue
        one, two = (load_version(args.departement, code, name, params) for name in (before, after))
        print(
            f"Contrat {code} : de {before} (effet {one.version.effet:%d/%m/%Y}) "
            f"à {after} (effet {two.version.effet:%d/%m/%Y})"
        )
        found = compare(one, two)
        every += found
        print(f"  {len(found) or 'Aucun'} changement{'s' if len(found) > 1 else ''}.")
        for (kind, name), rows in groupby(found, key=lambda row: (row.objet, row.code)):
            label = two.actions[name].libelle if kind == "action" and name in two.actions else ""
            print(f"\n  {kind.capitalize()} {name}{f' – {label}' if label else ''}")
            for row in rows:
                print(f"  - {row.element} : {row.avant} → {row.apres}")
    if args.csv:
        write_records(args.csv, Changement, every)
    return 0
