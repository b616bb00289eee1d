"""Interpretations that the money of a place depends on, by measure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import pandas as pd

from analyses.chiffres.chiffre import Lieu
from analyses.contrat.citations import clause_of
from analyses.contrat.financeurs import CD, ETAT
from analyses.execution.execution import Execution
from analyses.regles.moteur import consumed
from analyses.socle.fmt import missing

Codes = tuple[str, ...]


class Dependances:
    """What the readings can move in an exercise: staff costs, third parties, carry-overs."""

    def __init__(self, done: Execution) -> None:
        rows = done.par_action[["contrat", "action", "personnel"]].itertuples(index=False)
        self._staff = {
            (contrat, action) for contrat, action, cost in rows if not missing(cost) and cost
        }
        self._staff |= _pairs(done.personnel_ineligible)
        lines = done.lignes.reindex(columns=["contrat", "action", "service_juge", "doute"])
        self._dated = _pairs(lines[lines["service_juge"].notna()])
        self._doubtful = _pairs(lines[lines["doute"].eq(True)])
        self._used: Mapping[tuple[str, str], Mapping[str, int | None]] = consumed(done)

    def verse(self, lieu: Lieu) -> Codes:
        return () if lieu.niveau == "contrat" else ("verse-reparti-annexe-3",)

    def realise(self, lieu: Lieu) -> Codes:
        codes: list[str] = []
        if any((lieu.contrat.code, action) in self._staff for action in lieu.actions):
            codes += ["double-compte-personnel", "jour-de-personnel"]
        return (*codes, *self.eligible(lieu))

    def eligible(self, lieu: Lieu) -> Codes:
        """Interpretations of what is eligible: period, list of the article."""
        own = {(lieu.contrat.code, action) for action in lieu.actions}
        groups = [lieu.contrat.groupes[key] for key in lieu.groupes]
        first = date(lieu.exercice, 1, 1)
        late = [g for g in groups if g.debut > first and not lieu.fini]
        codes = ["periode-du-volet"] if late or own & self._dated else []
        codes += ["debut-de-periode"] if any(g.debut_imprime for g in late) else []
        return (*codes, *(["frais-generaux-en-doute"] if own & self._doubtful else []))

    def consomme(self, lieu: Lieu) -> Codes:
        keys = [(lieu.contrat.code, action) for action in lieu.actions]
        third = any(f not in (ETAT, CD) for key in keys for f in self._used.get(key, {}))
        spent = self.realise(lieu)
        codes = ["cle-du-plan"]
        if clause_of(lieu.contrat, "report") is None:
            codes = ["plafond-volet-ou-action", "partage-du-plafond"]
            codes += ["base-volet-2"] if third else []
            codes += ["plafond-volet-3"] if "periode-du-volet" in spent else []
        elif lieu.exercice > lieu.contrat.debut.year:
            codes.append("report-accord")
        return (*codes, *(["participation-tiers"] if third else []), *spent)

    def report(self, lieu: Lieu) -> Codes:
        return ("assiette-du-report", "report-accord", *self.verse(lieu), *self.consomme(lieu))

    def of(self, lieu: Lieu, mesure: str) -> Codes:
        """Interpretations of the figures that come from the executions and their sums."""
        if mesure in ("realise", "paye", "personnel"):
            return self.realise(lieu)
        if mesure in ("consomme", "consomme_tiers", "non_consomme"):
            return self.consomme(lieu)
        if mesure in ("reste_du", "recu_en_trop"):
            return ("participation-tiers", *self.realise(lieu))
        if mesure == "ineligible":
            return self.eligible(lieu)
        return self.verse(lieu) if mesure == "verse" else ()


def _pairs(frame: pd.DataFrame) -> set[tuple[str, str]]:
    """The (contrat, action) pairs of a table."""
    columns = frame.reindex(columns=["contrat", "action"])
    return set(columns.itertuples(index=False, name=None))
