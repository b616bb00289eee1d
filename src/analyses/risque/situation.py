"""What is known of each action at a date: spent, committed, planned, told. Integer centimes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from itertools import pairwise

from analyses.contrat.citations import clause_of
from analyses.contrat.financeurs import CD, ETAT
from analyses.contrat.model import Contrat
from analyses.depot.exercice import NARRATIFS, Depot
from analyses.execution.execution import Execution
from analyses.projection.modele import Etat, Passe
from analyses.regles.emploi import Solde
from analyses.risque import releve
from analyses.risque.ouverture import Ouverture, anterieurs, ouverture
from analyses.risque.releve import Cle, fin_de_mois
from analyses.risque.trajectoire import Trajectoire, trajectoire
from analyses.socle.money import share

TIERS = "tiers"  # third parties together
FINANCEURS = (ETAT, CD, TIERS)


@dataclass(frozen=True)
class Situation:
    """One action of one exercise at a date; None is « non renseigné ».

    `au` is None when the exercise is closed: what is realised is final. `reste_engage` is what is
    committed and not yet mandated, future pay of the known posts included. `reductible`: the
    contract has a clause of underconsumption, under which only a manifest one costs.
    `piece_exigee`: a justification counts only with its document (justification-sans-piece).
    `ouverture`: what the readings leave open of its axe or volet. `anterieur`: State credits that
    earlier exercises left it, where ceilings add up.
    `consommable`: last day on which the axe or volet may still spend. `lignes`: ledger
    lines of the action. `glissement`: months by which a scenario delays what is still planned.
    """

    contrat: str
    groupe: str
    action: str
    libelle: str
    exercice: int
    au: date | None
    plan: Mapping[str, int] | None
    realise: int | None
    par_financeur: Mapping[str, int]
    reste_engage: int | None
    trajectoire: Trajectoire
    courbe: tuple[tuple[str, int], ...] = ()
    passe: tuple[Passe, ...] = ()
    textes: tuple[tuple[str, str, str], ...] = ()
    justifications: bool = True
    piece_exigee: bool = True
    ouverture: Ouverture = Ouverture()
    anterieur: int = 0
    recit: bool = False
    reductible: bool = True
    consommable: date | None = None
    lignes: int | None = None
    glissement: int = 0

    @property
    def cle(self) -> Cle:
        return self.contrat, self.action

    @property
    def code(self) -> str:
        return f"{self.contrat}/{self.action}"

    @property
    def terminee(self) -> bool:
        """Whether the axe or volet ended before the exercise."""
        return self.consommable is not None and self.consommable.year < self.exercice

    @property
    def recit_attendu(self) -> str:
        """File in which the pilot tells the action's progress."""
        return f"{NARRATIFS}/{self.contrat}-{self.action}.md"

    @property
    def clos(self) -> bool:
        return self.au is None

    @property
    def jour(self) -> date:
        """The cut-off, 31 December once closed."""
        return self.au or date(self.exercice, 12, 31)

    @property
    def prevu(self) -> int | None:
        return None if self.plan is None else sum(self.plan.values())

    @property
    def part_ecoulee(self) -> Fraction:
        first = date(self.exercice, 1, 1)
        days = (date(self.exercice, 12, 31) - first).days + 1
        return Fraction(min(days, max(0, (self.jour - first).days + 1)), days)

    @property
    def plan_au(self) -> Fraction:
        return self.trajectoire.part(self.jour)

    @property
    def plan_fin(self) -> Fraction:
        """Planned part on 31 December; a delay pushes the last months out of the year."""
        if not self.glissement:
            return self.trajectoire.fin
        return max(self.plan_au, self.trajectoire.part(_back(self.exercice, self.glissement)))

    @property
    def projetable(self) -> bool:
        return self.prevu is not None and self.realise is not None

    def parts(self, total: int) -> dict[str, int]:
        """A total by funder, to the centime: what is consumed, then the plan's key.

        A funder that already stands above its share of the total keeps what it stands at.
        """
        assert self.plan is not None and self.realise is not None
        now = {
            name: self.par_financeur.get(name, 0) for name in {**self.plan, **self.par_financeur}
        }
        if total <= self.realise:
            given = _by_key(self.plan, total - self.realise)
            return {name: now.get(name, 0) + given.get(name, 0) for name in {**now, **given}}
        fixed: dict[str, int] = {}
        while True:
            free = {name: w for name, w in self.plan.items() if name not in fixed}
            given = _by_key(free, total - sum(fixed.values()))
            above = {n: v for n, v in now.items() if n not in fixed and v > given.get(n, 0)}
            if not above:
                names = {**now, **given}
                return {name: fixed.get(name, 0) + given.get(name, 0) for name in names}
            fixed |= above

    def par_type(self, total: int) -> dict[str, int]:
        """The same for the State, the département and third parties together."""
        return _by_kind(self.parts(total))

    def plan_type(self) -> dict[str, int]:
        return _by_kind(self.plan or {})

    def etat(self) -> Etat:
        """The action as the projection sees it."""
        assert self.prevu is not None and self.realise is not None
        pending = self.reste_engage
        return Etat(
            code=self.code,
            budget=self.prevu,
            consomme=self.realise,
            engage=None if pending is None else self.realise + pending,
            part_ecoulee=float(self.part_ecoulee),
            plan_au=float(self.plan_au),
            plan_fin=float(self.plan_fin),
            passe=self.passe,
        )

    def etats_financeurs(self) -> dict[str, Etat]:
        """The same by funder: the State, the département, third parties."""
        assert self.realise is not None
        whole, now, plan = self.etat(), _by_kind(self.par_financeur), self.plan_type()
        pending = None
        if self.reste_engage is not None:
            pending = self.par_type(self.realise + self.reste_engage)
        return {
            name: Etat(
                f"{self.code}/{name}",
                plan[name],
                now[name],
                None if pending is None else pending[name],
                whole.part_ecoulee,
                whole.plan_au,
                whole.plan_fin,
                whole.passe,
            )
            for name in FINANCEURS
        }


def _by_key(plan: Mapping[str, int], total: int) -> dict[str, int]:
    """A total by the plan's key; the département bears what no plan gives to another.

    >>> _by_key({"etat": 1, "cd": 1}, 5), _by_key({}, 5)
    ({'etat': 3, 'cd': 2}, {'cd': 5})
    """
    weights = {name: weight for name, weight in plan.items() if weight > 0}
    return share(total, weights) if weights else {CD: total}


def _by_kind(parts: Mapping[str, int]) -> dict[str, int]:
    third = sum(amount for name, amount in parts.items() if name not in (ETAT, CD))
    return {ETAT: parts.get(ETAT, 0), CD: parts.get(CD, 0), TIERS: third}


def _back(exercice: int, months: int) -> date:
    """31 December brought back by months.

    >>> _back(2024, 3), _back(2024, 12)
    (datetime.date(2024, 9, 30), datetime.date(2023, 12, 31))
    """
    year, month = divmod(exercice * 12 + 11 - months, 12)
    return fin_de_mois(year, month + 1)


def anomalies(s: Situation) -> list[str]:
    """What is unusual in the data of an action, and what is done with it."""
    if s.realise is None or s.terminee:
        return []
    found = []
    cumuls = [0, *(amount for _, amount in s.courbe)]
    if s.lignes == 0:
        found.append("aucun mandat : consommé 0, ce n'est pas une donnée manquante")
    if s.lignes == 1 and not s.clos:
        found.append("un seul mandat : la projection s'appuie surtout sur le plan")
    if any(after < before for before, after in pairwise(cumuls)):
        found.append("le cumul baisse (annulation ou réduction) : le net est retenu")
    if s.realise < 0:
        found.append("consommation nette négative : gardée telle quelle")
    if s.prevu is None:
        return found
    if s.prevu == 0:
        found.append("aucun crédit prévu : ni taux, ni probabilité")
    elif s.realise > s.prevu:
        found.append(
            "consommation au-delà du budget : exécution de plus de 100 %, sans être une erreur"
        )
    if s.reste_engage is not None and s.realise + s.reste_engage > s.prevu > 0:
        found.append("engagements au-delà du budget : gardés tels quels")
    if not s.clos and s.plan_au == 0 and s.trajectoire.fin > 0:
        found.append("démarrage prévu après la date : rien n'est encore attendu")
    return found


def _shown(
    parts: Mapping[str, int | None], plan: Mapping[str, int] | None, realise: int | None
) -> dict[str, int]:
    """Consumption by funder, by the plan's key when the execution does not give every part."""
    if realise is None:
        return {}
    known = {name: amount for name, amount in parts.items() if amount is not None}
    if len(known) == len(parts) and sum(known.values()) == realise:
        return known
    return _by_key(plan or {}, realise)


def situations(
    execution: Execution,
    contrats: Mapping[str, Contrat],
    depot: Depot,
    arrete_au: date | None,
    trajectoires: Mapping[tuple[str, str, int], Trajectoire],
    passees: Sequence[Execution],
    lectures: Mapping[str, str],
    soldes: Mapping[tuple[int, str, str], Solde] | None = None,
) -> list[Situation]:
    """The situation of every action of `execution`, in its order.

    `passees`: executions of earlier exercises, from which an action learns its own past. `soldes`:
    the balances of the volets, by exercise, contract and volet.
    """
    au, year = releve.date_connue(depot, arrete_au), execution.exercice
    pay = releve.paies_a_venir(depot, year, au, lectures["jour-de-personnel"])
    pending = [one for one in (releve.restes_engages(depot, execution, au), pay) if one is not None]
    curves, texts = releve.courbes(execution), releve.textes(depot)
    before = [run for run in passees if run.exercice < year]
    past = releve.passes(before, contrats)
    left = {name: anterieurs(contrat, before, lectures) for name, contrat in contrats.items()}
    open_ = {
        (name, key): ouverture(contrat, key, execution, soldes or {}, lectures)
        for name, contrat in contrats.items()
        for key in contrat.groupes
    }
    shares, counted = releve.consommations(execution), releve.lignes(execution)
    rows = []
    for line in execution.par_action.to_dict("records"):
        key, contrat = (line["contrat"], line["action"]), contrats[line["contrat"]]
        plan = contrat.actions[line["action"]].plan(year)
        committed = sum(one.get(key, 0) for one in pending)
        rows.append(
            Situation(
                contrat=line["contrat"],
                groupe=line["groupe"],
                action=line["action"],
                libelle=line["libelle"],
                exercice=year,
                au=au,
                plan=plan,
                realise=line["realise"],
                par_financeur=_shown(shares.get(key, {}), plan, line["realise"]),
                reste_engage=committed if pending and au is not None else None,
                trajectoire=trajectoire(trajectoires, contrat, line["action"], year),
                courbe=curves.get(key, ()),
                passe=past.get(key, ()),
                textes=texts.get(key, ()),
                justifications=depot.justifications is not None,
                piece_exigee=lectures["justification-sans-piece"] == "inoperante",
                ouverture=open_[line["contrat"], line["groupe"]],
                anterieur=left[line["contrat"]].get(line["action"], 0),
                recit=bool(depot.narratifs.get(key, "").strip()),
                reductible=clause_of(contrat, "sous_consommation") is not None,
                lignes=None if line["realise"] is None else counted.get(key, 0),
                consommable=contrat.groupes[line["groupe"]].fin,
            )
        )
    return rows
