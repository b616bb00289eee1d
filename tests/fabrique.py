"""Real objects made small: what a test does not say has a plain value.

Every function takes the fields of what it makes as keywords, and nothing else: a test that names a
field that does not exist fails.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pandas as pd

from analyses.chiffres.chiffre import Chiffre
from analyses.chiffres.mesures import load_mesures
from analyses.chiffres.table import public, tabulate
from analyses.contrat.load import load_contrats
from analyses.contrat.model import (
    Action,
    Calendrier,
    Clause,
    Contrat,
    Financement,
    Groupe,
    Indicateur,
    TableauIndicateur,
    Version,
)
from analyses.depot.exercice import Depot
from analyses.depot.source import Source
from analyses.execution.execution import (
    COLONNES_ACTION,
    COLONNES_FINANCEUR,
    COLONNES_MOIS,
    Execution,
)
from analyses.preparation.exercice import COLONNES_LIGNE
from analyses.risque.situation import Situation
from analyses.risque.trajectoire import Trajectoire

DEBUT, FIN = date(2024, 1, 1), date(2027, 12, 31)
JUIN = date(2024, 6, 30)
LINEAIRE = Trajectoire(
    2024, DEBUT, "fiche", ((date(2024, 12, 31), Fraction(1), "lecture : linéaire"),)
)
DOCUMENT = "essai"
RESULTATS = ["contrat", "action", "indicateur", "exercice", "resultat"]


def groupe(code: str = "axe-1", **champs: Any) -> Groupe:
    """An axe, or a volet when its code says so; its public code is what follows the hyphen."""
    axe, _, public = code.rpartition("-")
    plain: dict[str, Any] = {
        "code": code,
        "code_public": public,
        "niveau": "axe" if axe else "volet",
        "libelle": code,
        "debut": DEBUT,
        "fin": FIN,
        "activite": None,
        "source": DOCUMENT,
    }
    return Groupe(**plain | champs)


def calendrier(debut: date | None = None, fin: date | None = None, **champs: Any) -> Calendrier:
    """A calendar: its dates as printed, unless told."""
    plain = {"imprime_debut": None, "imprime_duree": None, "source": DOCUMENT}
    return Calendrier(**{"debut": debut, "fin": fin} | plain | champs)


def action(
    code: str = "1",
    groupe: str = "axe-1",
    plans: Mapping[int, Mapping[str, int]] | None = None,
    **champs: Any,
) -> Action:
    """An action and what is committed to it: `plans` gives centimes by exercise and funder."""
    budgets = [
        Financement(
            exercice=year,
            source=DOCUMENT,
            retenu=True,
            montants={funder: f"{Decimal(centimes) / 100}" for funder, centimes in amounts.items()},
        )
        for year, amounts in (plans or {}).items()
    ]
    plain: dict[str, Any] = {
        "code": code,
        "groupe": groupe,
        "libelle": f"Action {code}",
        "intitules": [],
        "calendrier": calendrier(),
        "financements": budgets,
    }
    return Action(**plain | champs)


def indicateur(code: str, cellules: Sequence[str] = (), **champs: Any) -> Indicateur:
    """An indicator of the year, the more the better: `cellules` are its T0, then its targets."""
    plain: dict[str, Any] = {
        "code": code,
        "unite": "familles",
        "sens": "hausse",
        "nature": "flux",
        "tableaux": [TableauIndicateur(source=DOCUMENT, libelle=code, cellules=list(cellules))],
        "colonnes": ("t0", *range(DEBUT.year, DEBUT.year + len(cellules) - 1)),
    }
    known = plain | champs
    due = ["unite", "sens", "nature"]
    due += ["forme"] if known.get("forme", "nombre") != "nombre" else []
    due += [name for name in ("additif", "t0_nature") if known.get(name)]
    return Indicateur(**{"fondements": dict.fromkeys(due, DOCUMENT)} | known)


def clause(code: str, regle: str = "", **champs: Any) -> Clause:
    """A clause that founds the rule of its own name, unless told."""
    plain: dict[str, Any] = {
        "code": code,
        "regle": regle or code,
        "article": "art. 1",
        "libelle": code,
        "valeur": None,
        "unite": "texte",
    }
    return Clause(**plain | champs)


def contrat(
    code: str = "solidarites",
    actions: Iterable[Action] = (),
    groupes: Iterable[Groupe] | None = None,
    clauses: Iterable[Clause] = (),
    **champs: Any,
) -> Contrat:
    """A contract of four years with its actions, and the axe or volet that each one names."""
    own = list(actions)
    known = dict.fromkeys(a.groupe for a in own)
    places = [groupe(name) for name in known] if groupes is None else list(groupes)
    version = Version(code=DOCUMENT, libelle=DOCUMENT, effet=DEBUT, source=DOCUMENT)
    years = list(range(DEBUT.year, FIN.year + 1))
    plain: dict[str, Any] = {
        "code": code,
        "departement": "55",
        "titre": code,
        "version": version,
        "versions": [version],
        "debut": DEBUT,
        "fin": FIN,
        "exercices": years,
        "financeurs": {},
        "colonnes_indicateurs": ["t0", *years],
        "colonnes_nationaux": ["t0", *years],
        "groupes": {g.code: g for g in places},
        "actions": {a.code: a for a in own},
        "clauses": {c.code: c for c in clauses},
    }
    lists = ("nationaux", "imprimes", "ineligibles", "echeances", "concordances")
    return Contrat(**dict.fromkeys(lists, []) | plain | champs)


def depot(exercice: int = 2024, departement: str = "55", **tables: Any) -> Depot:
    """A deposit that lacks every file but those it is given."""
    return Depot(departement, exercice, **tables)


def source(fichier: str, recu_le: str | None = None, nature: str = "simulee") -> Source:
    """The provenance of a file, and the day on which it was received."""
    return Source(fichier, DOCUMENT, recu_le, "", nature)


def resultats(
    exercice: int, *donnes: tuple[str, str, str], contrat: str = "solidarites"
) -> pd.DataFrame:
    """Results of a year: (action, indicator, what the pilot wrote)."""
    rows = [(contrat, action, slug, exercice, text) for action, slug, text in donnes]
    return pd.DataFrame(rows, columns=RESULTATS)


def execution(
    exercice: int = 2024,
    par_action: Iterable[Mapping[str, Any]] = (),
    par_financeur: Iterable[Mapping[str, Any]] = (),
    par_mois: Iterable[Mapping[str, Any]] = (),
    **champs: Any,
) -> Execution:
    """An execution from its rows; a column that a row does not give is not known."""
    plain: dict[str, Any] = {
        "arrete_au": None,
        "lignes": _frame([], [*COLONNES_LIGNE, "groupe", "motif_ineligible"]),
        "non_affecte": _frame([], COLONNES_LIGNE),
        "renseigne": True,
    }
    return Execution(
        exercice=exercice,
        par_action=_frame(par_action, COLONNES_ACTION),
        par_financeur=_frame(par_financeur, COLONNES_FINANCEUR),
        par_mois=_frame(par_mois, COLONNES_MOIS),
        **plain | champs,
    )


def _frame(rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> pd.DataFrame:
    full = [dict.fromkeys(columns) | dict(row) for row in rows]
    return pd.DataFrame(full, columns=list(columns), dtype=object)


def situation(realise: int | None = 0, au: date | None = JUIN, **champs: Any) -> Situation:
    """An action on 30 June: 1 000 € planned over the year, half by the State; what is realised is
    shared in two."""
    plain: dict[str, Any] = {
        "contrat": "solidarites",
        "groupe": "axe-1",
        "action": "1",
        "libelle": "Action",
        "exercice": 2024,
        "plan": {"etat": 50_000, "cd": 50_000},
        "par_financeur": (
            {} if realise is None else {"etat": realise - realise // 2, "cd": realise // 2}
        ),
        "reste_engage": None,
        "trajectoire": LINEAIRE,
    }
    return Situation(**{"au": au, "realise": realise} | plain | champs)


def contrat_signe(modele: str = "solidarites", **champs: Any) -> Contrat:
    """The signed contract with other fields; without clauses unless they are given."""
    bare: dict[str, Any] = {"clauses": {}, "fondements": {}, "imprimes": [], "nationaux": []}
    return load_contrats("55")[modele].model_copy(update=bare | champs)


def lignes_publiques(
    figures: Iterable[Chiffre], contrats: Mapping[str, Contrat], simule: bool = False
) -> pd.DataFrame:
    """Figures of 2024 as resultats.csv writes them."""
    return public(tabulate(figures, {2024: contrats}, load_mesures(), {}, simule))
