"""What is known of each action at a date: spent, committed, planned, told. Integer centimes."""

from __future__ import annotations

from calendar import monthrange
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from pathlib import PurePosixPath
from typing import Any

from analyses.execution.personnel import monthly_cost
from analyses.projection.modele import Etat, Passe
from analyses.risque.trajectoire import Trajectoire, trajectoire
from analyses.socle.money import share

Cle = tuple[str, str]
FINANCEURS = ("etat", "cd", "tiers")


def rounded(value: Fraction) -> int:
    """Nearest centime, halves away from zero.

    >>> rounded(Fraction(5, 2)), rounded(Fraction(-5, 2))
    (3, -3)
    """
    half = Fraction(1, 2)
    return int(value + half) if value >= 0 else -int(half - value)


@dataclass(frozen=True)
class Situation:
    """One action of one exercise at a date; None is « non renseigné ».

    `au` is None when the exercise is closed: what is realised is final. `reste_engage` is what is
    committed and not yet mandated, future pay of the known posts included. `reductible`: the
    contract has the clause of art. 2.2, under which only a manifest underconsumption costs.
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
    return share(total, weights) if weights else {"cd": total}


def _by_kind(parts: Mapping[str, int]) -> dict[str, int]:
    third = sum(amount for name, amount in parts.items() if name not in ("etat", "cd"))
    return {"etat": parts.get("etat", 0), "cd": parts.get("cd", 0), "tiers": third}


def _back(exercice: int, months: int) -> date:
    """31 December brought back by months.

    >>> _back(2024, 3), _back(2024, 12)
    (datetime.date(2024, 9, 30), datetime.date(2023, 12, 31))
    """
    total = exercice * 12 + 11 - months
    year, month = divmod(total, 12)
    return date(year, month + 1, monthrange(year, month + 1)[1])


def anomalies(s: Situation) -> list[str]:
    """What is unusual in the data of an action, and what is done with it."""
    if s.realise is None or (s.consommable and s.consommable.year < s.exercice):
        return []
    found = []
    cumuls = [0, *(amount for _, amount in s.courbe)]
    if s.lignes == 0:
        found.append("aucun mandat : consommé 0, ce n'est pas une donnée manquante")
    if s.lignes == 1 and not s.clos:
        found.append("un seul mandat : la projection s'appuie surtout sur le plan")
    if any(after < before for before, after in zip(cumuls, cumuls[1:], strict=False)):
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


def date_connue(depot: Any, arrete_au: date | None) -> date | None:
    """Last day of the exercise that the ledger can speak of; None once the exercise is closed.

    A closing date later than the day on which the ledger was received says nothing more than it.
    """
    end = date(depot.exercice, 12, 31)
    known = arrete_au
    if depot.mandats is not None:
        received = [
            date.fromisoformat(source.recu_le)
            for source in depot.sources
            if source.recu_le and PurePosixPath(source.fichier).stem.startswith("mandats")
        ]
        issued = [day for day in depot.mandats["date_emission"] if isinstance(day, date)]
        if received:
            last = max([*received, *issued])
            known = last if known is None else min(known, last)
    return None if known is None or known > end else known


def mois_vides(depot: Any, au: date | None) -> list[str]:
    """Months of the year ended at the date for which the whole ledger has no line."""
    if depot.mandats is None or not len(depot.mandats):
        return []
    last = 12 if au is None else (au + timedelta(days=1)).month - 1 or 12 * (au.month == 12)
    seen = {d.month for d in depot.mandats["date_emission"] if d and d.year == depot.exercice}
    return [f"{depot.exercice}-{m:02d}" for m in range(1, last + 1) if m not in seen]


def restes_engages(depot: Any, execution: Any, au: date | None) -> dict[Cle, int] | None:
    """Committed and not yet mandated at the date, by action; None when no commitment is known.

    A commitment mandated beyond its amount leaves nothing.
    """
    frame = getattr(depot, "engagements", None)
    if frame is None:
        return None
    committed: dict[tuple[str, str, str], int] = {}
    for row in frame.to_dict("records"):
        late = au is not None and row["date"] is not None and row["date"] > au
        if row["exercice"] == execution.exercice and not late:
            key = (str(row["id_engagement"]), str(row["contrat"]), str(row["action"]))
            committed[key] = committed.get(key, 0) + int(row["montant"])
    shared = [key[0] for key in committed]
    paid: dict[tuple[str, str, str], int] = {}
    lines = execution.lignes
    if len(lines):
        columns = ["id_engagement", "contrat", "action", "montant_signe"]
        for number, contrat, action, amount in lines[columns].itertuples(index=False):
            for key in ((str(number), str(contrat), str(action)), (str(number), "", "")):
                paid[key] = paid.get(key, 0) + int(amount)
    left: dict[Cle, int] = {}
    for (number, contrat, action), amount in committed.items():
        alone = shared.count(number) == 1
        done = paid.get((number, "", "") if alone else (number, contrat, action), 0)
        left[contrat, action] = left.get((contrat, action), 0) + max(0, amount - done)
    return left


def paies_a_venir(
    depot: Any, exercice: int, au: date | None, lecture: str = "mois-reel"
) -> dict[Cle, int] | None:
    """Cost of the known posts from the day after the date to 31 December, by action.

    By days of the month, as the staff already charged (interpretation jour-de-personnel), rounded
    to the centime by post.
    """
    frame = getattr(depot, "temps_agents", None)
    if frame is None:
        return None
    end = date(exercice, 12, 31)
    cost: dict[Cle, int] = {}
    for row in frame.to_dict("records"):
        key = (str(row["contrat"]), str(row["action"]))
        begin = row["debut"] or date(exercice, 1, 1)
        first = end + timedelta(days=1) if au is None else max(begin, au + timedelta(days=1))
        last = min(row["fin"] or end, end)
        monthly, part = int(row["cout_mensuel_charge"]), Fraction(str(row["quotite"]))
        months = monthly_cost(monthly, part, first, last, lecture).values()
        cost[key] = cost.get(key, 0) + rounded(sum((c for _, c in months), Fraction(0)))
    return cost


def passes(executions: Sequence[Any], contrats: Mapping[str, Any]) -> dict[Cle, tuple[Passe, ...]]:
    """Past years of each action: cumulative part of its budget by month, and at the end."""
    found: dict[Cle, tuple[Passe, ...]] = {}
    for execution in sorted(executions, key=lambda run: run.exercice):
        curves = _courbes(execution)
        for row in execution.par_action.to_dict("records"):
            planned, spent = row["prevu"], row["realise"]
            if not planned or spent is None or row["contrat"] not in contrats:
                continue
            key = (row["contrat"], row["action"])
            year = execution.exercice
            curve = tuple(
                (int(month[5:]), cumul / planned)
                for month, cumul in curves.get(key, ())
                if month.startswith(f"{year}-")
            )
            found[key] = (*found.get(key, ()), Passe(year, curve, spent / planned))
    return found


def _courbes(execution: Any) -> dict[Cle, tuple[tuple[str, int], ...]]:
    curves: dict[Cle, list[tuple[str, int]]] = {}
    for row in execution.par_mois.to_dict("records"):
        curves.setdefault((row["contrat"], row["action"]), []).append((row["mois"], row["cumul"]))
    return {key: tuple(points) for key, points in curves.items()}


def _textes(depot: Any) -> dict[Cle, tuple[tuple[str, str, str], ...]]:
    """(type, texte, piece) of each action's justifications for the exercise."""
    found: dict[Cle, tuple[tuple[str, str, str], ...]] = {}
    if depot.justifications is None:
        return found
    for row in depot.justifications.to_dict("records"):
        if row["exercice"] == depot.exercice:
            key = (row["contrat"], row["action"])
            line = (str(row["type"]), str(row["texte"]), str(row["piece"] or ""))
            found[key] = (*found.get(key, ()), line)
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
    execution: Any,
    contrats: Mapping[str, Any],
    depot: Any,
    arrete_au: date | None,
    trajectoires: Mapping[tuple[str, str, int], Trajectoire] | None = None,
    passees: Sequence[Any] = (),
    lectures: Mapping[str, str] | None = None,
) -> list[Situation]:
    """The situation of every action of `execution`, in its order.

    `passees`: executions of earlier exercises, from which an action learns its own past.
    """
    au = date_connue(depot, arrete_au)
    year = execution.exercice
    pending = restes_engages(depot, execution, au)
    reading = (lectures or {}).get("jour-de-personnel", "mois-reel")
    pay = paies_a_venir(depot, year, au, reading)
    curves, texts = _courbes(execution), _textes(depot)
    past = passes([run for run in passees if run.exercice < year], contrats)
    counts: Counter[Any] = Counter()
    if len(execution.lignes):
        counts.update(zip(execution.lignes["contrat"], execution.lignes["action"], strict=True))
    shares: dict[Cle, dict[str, int | None]] = {}
    for row in execution.par_financeur.to_dict("records"):
        shares.setdefault((row["contrat"], row["action"]), {})[row["financeur"]] = row["consomme"]
    rows = []
    for line in execution.par_action.to_dict("records"):
        key = (line["contrat"], line["action"])
        contrat = contrats[line["contrat"]]
        known = [source.get(key, 0) for source in (pending, pay) if source is not None]
        plan = contrat.actions[line["action"]].plan(year)
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
                reste_engage=sum(known) if known and au is not None else None,
                trajectoire=trajectoire(trajectoires or {}, contrat, line["action"], year),
                courbe=curves.get(key, ()),
                passe=past.get(key, ()),
                textes=texts.get(key, ()),
                justifications=depot.justifications is not None,
                recit=bool(depot.narratifs.get(key, "").strip()),
                reductible="sous_consommation" in getattr(contrat, "clauses", {}),
                lignes=None if line["realise"] is None else counts.get(key, 0),
                consommable=contrat.groupes[line["groupe"]].fin,
            )
        )
    return rows
