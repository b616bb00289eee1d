"""Random years of both contracts, in memory: ledgers, receipts, staff, through the real rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from typing import Any

import pandas as pd
from hypothesis import strategies as st

from analyses.chiffres.chiffre import Chiffre
from analyses.chiffres.mesures import load_mesures
from analyses.chiffres.table import bare_figures
from analyses.contrat.load import load_contrats
from analyses.contrat.parametres import load_lectures
from analyses.depot.exercice import Depot
from analyses.preparation.exercice import prepare
from analyses.regles.moteur import Regles, run

MESURES = load_mesures()
RETENUES = load_lectures()
# Every kind of plan: two funders or four, third parties alone, a volet of each kind.
ACTIONS = {
    "solidarites": ("1", "4", "5", "12", "13", "17"),
    "emploi": ("v1-1", "v1-2", "v2-1", "v2-6", "v2-7", "v3-1", "v3-4"),
}
# The signed contracts, kept to these actions: a year costs a few hundredths of a second.
CONTRATS = {
    name: contrat.model_copy(update={"actions": {a: contrat.actions[a] for a in ACTIONS[name]}})
    for name, contrat in load_contrats("55").items()
}
TIERS = ("caf", "ars", "fse", "autres", "reliquat_2023")
EXERCICES = (2024, 2025)
Key = tuple[Any, ...]


@dataclass(frozen=True)
class Annees:
    """What two years of files hold for a contract. A mandate: (exercice, action, type, nature,
    centimes, rank of its origin); a receipt: (exercice, code, financeur, centimes, exercice
    d'origine, cashed); a post: (exercice, action, month, monthly cost)."""

    contrat: str
    mandats: tuple[tuple[Any, ...], ...]
    recettes: tuple[tuple[Any, ...], ...]
    agents: tuple[tuple[Any, ...], ...] = ()

    def plus(self, table: str, rank: int, centimes: int) -> Annees:
        """The same years with one amount changed."""
        rows = list(getattr(self, table))
        place = 4 if table == "mandats" else 3
        row = list(rows[rank])
        row[place] += centimes
        rows[rank] = tuple(row)
        return replace(self, **{table: tuple(rows)})


def _ledger(annees: Annees, exercice: int) -> pd.DataFrame:
    rows = []
    for rank, (year, action, kind, nature, amount, origin) in enumerate(annees.mandats):
        if year != exercice:
            continue
        before = f"{annees.mandats[origin][0]}/{origin}" if kind == "annulation" else ""
        rows.append(
            {
                **{"exercice": year, "numero_mandat": str(rank), "numero_ligne": "1"},
                **{"date_emission": date(year, 5, 2), "date_service": None, "poste": ""},
                **{"type": kind, "mandat_origine": before, "nature": nature, "fonction": ""},
                **{"code_analytique": f"{annees.contrat}/{action}", "convention": "", "tiers": ""},
                **{"objet": "", "montant": amount, "date_paiement": None, "id_engagement": ""},
                **{"ligne": rank + 2, "fichier": f"{year}/mandats.csv"},
            }
        )
    columns = [
        *(
            [
                "exercice",
                "numero_mandat",
                "numero_ligne",
                "date_emission",
                "date_service",
                "poste",
                "type",
            ]
        ),
        *(
            [
                "mandat_origine",
                "nature",
                "fonction",
                "code_analytique",
                "convention",
                "tiers",
                "objet",
            ]
        ),
        *(["montant", "date_paiement", "id_engagement", "ligne", "fichier"]),
    ]
    return pd.DataFrame(rows, columns=columns).astype({"montant": "int64"})


def _rules() -> pd.DataFrame:
    columns = dict.fromkeys(("convention", "nature", "fonction", "tiers", "objet", "motif"), "")
    return pd.DataFrame(
        [
            columns
            | {"priorite": 1, "code_analytique": f"{c}/{a}", "contrat": c, "action": a}
            | {"quote_part": Fraction(1), "ligne": rank}
            for rank, (c, a) in enumerate(((c, a) for c in ACTIONS for a in ACTIONS[c]), start=2)
        ]
    )


def _receipts(annees: Annees, exercice: int) -> pd.DataFrame:
    rows = [
        {
            **{
                "exercice": year,
                "date": date(year, 7, 1),
                "contrat": annees.contrat,
                "action": code,
            },
            **{"financeur": funder, "montant": amount, "exercice_origine": origin},
            "date_encaissement": date(year, 7, 1) if cashed else None,
        }
        for year, code, funder, amount, origin, cashed in annees.recettes
        if year == exercice
    ]
    columns = "exercice date contrat action financeur montant exercice_origine date_encaissement"
    return pd.DataFrame(rows, columns=columns.split(), dtype=object)


def _staff(annees: Annees, exercice: int) -> pd.DataFrame:
    rows = [
        {
            **{"contrat": annees.contrat, "action": action, "ligne": rank, "poste": f"P-{rank}"},
            **{"quotite": Fraction(1, 2), "cout_mensuel_charge": cost},
            **{"debut": date(exercice, month, 10), "fin": None, "fichier": "temps_agents.csv"},
        }
        for rank, (year, action, month, cost) in enumerate(annees.agents, start=2)
        if year == exercice
    ]
    columns = "contrat action ligne poste quotite cout_mensuel_charge debut fin fichier"
    return pd.DataFrame(rows, columns=columns.split())


def calculer(annees: Annees, lectures: Mapping[str, str]) -> Regles:
    """The rules over both years."""
    ready = []
    for year in EXERCICES:
        depot = Depot(
            "55",
            year,
            mandats=_ledger(annees, year),
            affectations=_rules(),
            recettes=_receipts(annees, year),
            temps_agents=_staff(annees, year),
            mandats_precedents=_ledger(annees, 2024) if year == 2025 else None,
        )
        ready.append(prepare(depot, {annees.contrat: CONTRATS[annees.contrat]}))
    return run(ready, {}, {**RETENUES, **lectures})


def chiffres(annees: Annees, lectures: Mapping[str, str]) -> dict[Key, Chiffre]:
    """Every figure of the rules, by its key."""
    found = bare_figures(calculer(annees, lectures), EXERCICES, MESURES)[0]
    return {
        (
            one.mesure,
            one.contrat,
            one.exercice,
            one.niveau,
            one.code,
            one.financeur,
            one.detail,
        ): one
        for one in found
    }


# --- strategies -----------------------------------------------------------------------------

_MONTANTS = st.one_of(
    st.integers(0, 300), st.integers(0, 40_000_000), st.sampled_from([10_600_000, 30_000_000])
)
_NATURES = st.sampled_from(["65748", "611", "611", "64111", "6064"])


@st.composite
def annees(draw: Any) -> Annees:
    """One to six mandates, reversals of some, zero to five receipts, a post at times."""
    contrat = draw(st.sampled_from(list(ACTIONS)))
    action = st.sampled_from(ACTIONS[contrat])
    exercice = st.sampled_from(EXERCICES)
    mandats: list[tuple[Any, ...]] = [
        (draw(exercice), draw(action), "ordinaire", draw(_NATURES), draw(_MONTANTS), None)
        for _ in range(draw(st.integers(1, 6)))
    ]
    for _ in range(draw(st.integers(0, 2))):
        origin = draw(st.integers(0, len(mandats) - 1))
        year, code, kind, nature, amount, _ = mandats[origin]
        if kind == "ordinaire":
            back = draw(st.sampled_from([y for y in EXERCICES if y >= year]))
            mandats.append((back, code, "annulation", nature, draw(st.integers(0, amount)), origin))
    recettes = []
    for _ in range(draw(st.integers(0, 5))):
        year, code = draw(exercice), draw(action)
        funder = draw(st.sampled_from(["etat", "etat", *TIERS]))
        if funder == "etat":
            wide = [CONTRATS[contrat].actions[code].groupe] if contrat == "emploi" else []
            code = draw(st.sampled_from(["", code, *wide]))
        origin = draw(st.sampled_from([None, 2024])) if year == 2025 else None
        recettes.append((year, code, funder, draw(_MONTANTS), origin, draw(st.booleans())))
    agents = []
    if contrat == "emploi" and draw(st.integers(0, 3)) == 0:
        agents.append((draw(exercice), draw(action), 3, draw(st.integers(1, 500_000))))
    return Annees(contrat, tuple(mandats), tuple(recettes), tuple(agents))
