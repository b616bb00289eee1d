"""The rules of the contracts over their exercises, in order: each receives what the last left.

Everything that depends on an open reading is computed here from exercises prepared once, so that
the same figures can be shown under the other readings.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pandas as pd

from analyses.contrat.citations import cite, clause_of
from analyses.contrat.financeurs import CD, ETAT
from analyses.contrat.model import Action, Contrat, Groupe
from analyses.depot.exercice import Depot
from analyses.execution.execution import Execution, execution
from analyses.execution.recettes import Key, together
from analyses.preparation.exercice import Preparation
from analyses.regles.emploi import Periode, Solde, advance, balance, ceiling
from analyses.regles.part_cd import PartsCd, parts_cd
from analyses.regles.parts import Reports, consumed, partager
from analyses.regles.reports import Declare, Maillon, link, received, unknown
from analyses.regles.tiers import PREVU, third_parties
from analyses.socle.problems import BilanError, Problem

Declares = Mapping[tuple[str, str, str], Mapping[int, Declare]]  # contrat, action, financeur
Suivants = Mapping[int, Mapping[str, Contrat]]  # the version of the exercise after each one


@dataclass(frozen=True)
class Chaine:
    """The carry-over of one action and exercise: rights (notified) and cash (paid) of the State,
    credits of the département. `etat` is the chain of the chosen base (assiette-du-report)."""

    droits: Maillon
    caisse: Maillon
    cd: Maillon
    etat: Maillon
    declare: Declare | None = None  # what a document says this exercise received
    autres: int | None = None  # third-party money consumed


@dataclass(frozen=True)
class Regles:
    """Outcome of the rules: executions and chains by exercise, shares, balances.

    `parts` by (exercice, contrat, niveau, code). `soldes` by (contrat, groupe), from the exercise
    of its bilan on. `contrats`: the version that each exercise used,
    `suivants`: the one of the next exercise (annexe 6, columns H to M).
    """

    lectures: Mapping[str, str]
    declares: Declares = field(default_factory=dict)
    contrats: dict[int, Mapping[str, Contrat]] = field(default_factory=dict)
    suivants: Suivants = field(default_factory=dict)
    executions: dict[int, Execution] = field(default_factory=dict)
    chaines: dict[tuple[int, str, str], Chaine] = field(default_factory=dict)
    parts: dict[tuple[int, str, str, str], PartsCd] = field(default_factory=dict)
    soldes: dict[tuple[int, str, str], Solde] = field(default_factory=dict)


def declared(depots: Iterable[Depot]) -> dict[tuple[str, str, str], dict[int, Declare]]:
    """Carry-overs that the files declare (reports.csv), by contract, action and funder.

    The same carry-over can be in the file of its exercise and in that of the next one; two
    amounts for it are a problem (`BilanError`).
    """
    found: dict[tuple[str, str, str], dict[int, Declare]] = {}
    problems = []
    for depot in depots:
        frame = depot.reports
        if frame is None:
            continue
        for row in frame.to_dict("records"):
            agreed = row["accord_le"] if isinstance(row["accord_le"], date) else None
            one = Declare(
                int(row["exercice_origine"]), int(row["montant"]), agreed, int(row["ligne"])
            )
            place = (str(row["contrat"]), str(row["action"]), str(row["financeur"]))
            known = found.setdefault(place, {})
            other = known.setdefault(one.exercice, one)
            if other.montant != one.montant:
                problems.append(
                    Problem(
                        str(row["fichier"]),
                        one.ligne,
                        "montant",
                        f"le montant déjà déclaré pour ce report, {other.montant / 100:.2f} €",
                        f"{one.montant / 100:.2f} €",
                        "corrigez l'un des deux fichiers reports.csv",
                    )
                )
            if other.accord_le is None and agreed is not None:
                known[one.exercice] = one
    if problems:
        raise BilanError(problems)
    return found


def _carries(contrat: Contrat) -> bool:
    return clause_of(contrat, "report") is not None


def _lookup(frame: pd.DataFrame, column: str) -> dict[Key, Any]:
    return {
        (str(r[0]), str(r[1])): r[2]
        for r in frame[["contrat", "action", column]].itertuples(index=False)
    }


def _of_chain(chaine: Chaine | None, name: str) -> Maillon | None:
    return None if chaine is None else getattr(chaine, name)


class _Etat:
    """What the exercises already run leave to the next one."""

    def __init__(self, declares: Declares, lectures: Mapping[str, str]) -> None:
        self.declares, self.lectures = declares, lectures
        self.last: dict[Key, Chaine] = {}
        self.volets: dict[Key, int | None] = {}

    def before(self, contrat: Contrat, action: str, exercice: int) -> Chaine | None:
        """The link before an exercise; None at the first exercise of the contract."""
        if exercice <= contrat.debut.year:
            return None
        known = self.last.get((contrat.code, action))
        if known is not None and known.droits.exercice == exercice - 1:
            return known
        nothing = unknown(exercice - 1)
        return Chaine(nothing, nothing, nothing, nothing)

    def told(self, contrat: Contrat, action: str, funder: str) -> Mapping[int, Declare]:
        return self.declares.get((contrat.code, action, funder), {})

    def reports(self, contrats: Mapping[str, Contrat], exercice: int) -> Reports:
        actions: dict[Key, dict[str, int | None]] = {}
        for contrat in contrats.values():
            for action in contrat.actions if _carries(contrat) else ():
                before = self.before(contrat, action, exercice)
                reading = self.lectures.get("report-accord", "plein-droit")
                etat, cd = (self.told(contrat, action, f) for f in (ETAT, CD))
                actions[contrat.code, action] = {
                    ETAT: received(exercice, _of_chain(before, "droits"), etat, reading),
                    CD: received(exercice, _of_chain(before, "cd"), cd),
                }
        return Reports(actions, dict(self.volets))

    def follow(self, contrats: Mapping[str, Contrat], done: Execution) -> dict[Key, Chaine]:
        """The links of an exercise that has been run, and what it leaves to the next."""
        year, paid, used = done.exercice, _lookup(done.par_action, "verse"), consumed(done)
        links = {}
        for contrat in contrats.values():
            if _carries(contrat):
                for code, action in contrat.actions.items():
                    key = (contrat.code, code)
                    links[key] = self._link(contrat, action, year, paid[key], used.get(key, {}))
            for groupe in contrat.groupes:
                if clause_of(contrat, "plafond", groupe) is not None:
                    self.volets[contrat.code, groupe] = self._free(contrat, groupe, year, used)
        self.last |= links
        return links

    def _free(
        self, contrat: Contrat, groupe: str, year: int, used: Mapping[Key, Mapping[str, int | None]]
    ) -> int | None:
        """State credits of a volet that its actions have not consumed yet."""
        before = self.volets.get((contrat.code, groupe), 0)
        own = [used.get((contrat.code, a.code)) for a in contrat.actions_de(groupe)]
        known = [part.get(ETAT, 0) for part in own if part is not None]
        if before is None or len(known) < len(own) or None in known:
            return None
        return before + (ceiling(contrat, groupe, year) or 0) - sum(v or 0 for v in known)

    def _link(
        self,
        contrat: Contrat,
        action: Action,
        year: int,
        paid: int | None,
        used: Mapping[str, int | None],
    ) -> Chaine:
        before = self.before(contrat, action.code, year)
        plan, fin = action.plan(year), contrat.fin.year
        reading = self.lectures.get("report-accord", "plein-droit")
        told = self.told(contrat, action.code, ETAT)
        notified = None if plan is None else plan.get(ETAT, 0)
        credits_cd = None if plan is None else plan.get(CD, 0)
        etat = used.get(ETAT, 0) if used else None
        cd = used.get(CD, 0) if used else None
        rights = link(year, notified, etat, _of_chain(before, "droits"), told, fin, reading)
        cash = link(year, paid, etat, _of_chain(before, "caisse"), told, fin, reading, True)
        own = link(
            year, credits_cd, cd, _of_chain(before, "cd"), self.told(contrat, action.code, CD), fin
        )
        third = [v for f, v in used.items() if f not in (ETAT, CD) and v is not None]
        chosen = carried_chain(rights, cash, self.lectures.get("assiette-du-report", "verse"))
        known = told.get(year - 1)
        return Chaine(rights, cash, own, chosen, known, sum(third) if used else None)


@cite("report", lectures=("assiette-du-report",))
def carried_chain(droits: Maillon, caisse: Maillon, lecture: str = "verse") -> Maillon:
    """The chain of which the balance is carried over (annexe 6, A, B and F): what was paid and
    not consumed, or, under the reading "notifie", what was notified and not consumed (art. 5)."""
    return droits if lecture == "notifie" else caisse


def run(
    preparations: Sequence[Preparation],
    declares: Declares | None = None,
    lectures: Mapping[str, str] | None = None,
    suivants: Suivants | None = None,
) -> Regles:
    """Run the rules over exercises given in order, under one set of readings. `suivants`: the
    version of the exercise after each one, where it differs."""
    state = _Etat(declares or {}, lectures or {})
    recettes = together(ready.depot.recettes for ready in preparations)
    regles = Regles(lectures or {}, declares or {}, suivants=suivants or {})
    for ready in preparations:
        year, contrats = ready.depot.exercice, ready.contrats
        done = execution(ready, regles.lectures, recettes)
        done = partager(done, contrats, state.reports(contrats, year), regles.lectures)
        regles.contrats[year], regles.executions[year] = contrats, done
        for (name, code), chaine in state.follow(contrats, done).items():
            regles.chaines[year, name, code] = chaine
        regles.parts.update(parts_cd(contrats, done, regles.lectures))
    regles.soldes.update(_balances(regles))
    return regles


# --- balances -------------------------------------------------------------------------------


def _balances(regles: Regles) -> dict[tuple[int, str, str], Solde]:
    """The balance of each volet from the exercise of its bilan on (art. 6): what is taken back
    after it lowers what is owed."""
    found: dict[tuple[int, str, str], Solde] = {}
    for year, contrats in regles.contrats.items():
        for name, contrat in contrats.items():
            for groupe, group in contrat.groupes.items():
                clause = clause_of(contrat, "solde", groupe)
                if clause is None or date.fromisoformat(str(clause.valeur)).year - 1 > year:
                    continue
                life = [y for y in contrat.exercices if group.debut.year <= y <= year]
                found[year, name, groupe] = _balance(regles, contrat, groupe, life)
    return found


@cite(lectures=("plafond-volet-3",))
def _spans(group: Groupe, years: Sequence[int], lecture: str = "cumul") -> list[tuple[int, ...]]:
    """Exercises over which one ceiling counts: all of them, or each one of the volet, the last
    with what comes back after its end."""
    own = [year for year in years if year <= group.fin.year]
    if lecture != "par-exercice" or not own:
        return [tuple(years)]
    return [(year,) for year in own[:-1]] + [tuple(y for y in years if y >= own[-1])]


def _balance(regles: Regles, contrat: Contrat, groupe: str, years: Sequence[int]) -> Solde:
    reading = regles.lectures.get("plafond-volet-3", "cumul")
    spans = _spans(contrat.groupes[groupe], years, reading)
    periods = [_period(regles, contrat, groupe, span) for span in spans]
    paid = {
        year: done.verse_groupe.get((contrat.code, groupe))
        for year, done in regles.executions.items()
        if year <= years[-1] and (contrat.code, groupe) in done.verse_groupe
    }
    paid |= dict.fromkeys([y for y in years if y not in paid])
    return balance(contrat, groupe, periods, paid, regles.lectures)


def _period(regles: Regles, contrat: Contrat, groupe: str, years: tuple[int, ...]) -> Periode:
    """Cost of some exercises of a volet, and what third parties take of it, action by action."""
    done = [regles.executions[year] for year in years if year in regles.executions]
    if len(done) < len(years) or not all(one.renseigne for one in done):
        return Periode(years, None, None)
    spent = [_lookup(one.par_action, "realise") for one in done]
    reading = regles.lectures.get("participation-tiers", PREVU)
    costs, apart = dict[str, int](), dict[str, int]()
    for action in contrat.actions_de(groupe):
        key = (contrat.code, action.code)
        costs[action.code] = sum(int(one.get(key) or 0) for one in spent)
        receipts = [None if one.tiers is None else one.tiers.get(key, {}) for one in done]
        known = [one for one in receipts if one is not None]
        given = _added(known) if len(known) == len(receipts) or reading == PREVU else None
        plans = [regles.contrats[year][contrat.code].actions.get(action.code) for year in years]
        planned = _added([(one.plan(y) or {}) for one, y in zip(plans, years, strict=True) if one])
        third = third_parties(planned, costs[action.code], given, reading)
        if third is None:
            return Periode(years, costs, None)
        apart[action.code] = sum(third.values())
    return Periode(years, costs, apart)


def _added(parts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    total: dict[str, int] = {}
    for part in parts:
        for funder, amount in part.items():
            total[funder] = total.get(funder, 0) + amount
    return total


def advances(contrat: Contrat, exercice: int) -> dict[str, int | None]:
    """The advance of each volet for an exercise (art. 6), in centimes.

    >>> from analyses.contrat.load import load_contrats
    >>> sum(advances(load_contrats("55")["emploi"], 2024).values())
    45896820
    """
    return {groupe: advance(contrat, groupe, exercice) for groupe in contrat.groupes}
