"""Interpretations that the money of a place depends on, by measure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

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
        self._used: Mapping[tuple[str, str], Mapping[str, int | None]] = consumed(done)

    def verse(self, lieu: Lieu) -> Codes:
        return () if lieu.niveau == "contrat" else ("verse-reparti-annexe-3",)

    def realise(self, lieu: Lieu) -> Codes:
        codes: list[str] = []
        if any((lieu.contrat.code, action) in self._staff for action in lieu.actions):
            codes += ["double-compte-personnel", "jour-de-personnel"]
        groups = [lieu.contrat.groupes[key] for key in lieu.groupes]
        if any(g.debut > date(lieu.exercice, 1, 1) and not lieu.fini for g in groups):
            codes.append("periode-du-volet")
        return tuple(codes)

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
        return self.verse(lieu) if mesure == "verse" else ()
