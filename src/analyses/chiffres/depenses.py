"""Figures of the executions: planned, paid, spent, consumed by funder, by month. Actions only,
unless the files give a total that no action shares (a payment that cannot be spread)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

from analyses.chiffres.chiffre import (
    TIERS,
    TOTAL,
    Chiffre,
    Lieu,
    Rapport,
    chiffre,
    lieux,
    total,
)
from analyses.contrat.financeurs import CD, ETAT
from analyses.contrat.model import Contrat
from analyses.execution.execution import Execution
from analyses.regles.part_cd import received_by
from analyses.socle.fmt import missing

# Columns of `Execution.par_action` that are sums of ledger lines, receipts or staff.
SERIES = (
    *("realise", "ineligible", "personnel", "double_compte", "journee_complementaire"),
    *("engage", "paye"),
)
# Printed columns that group several funders, under the closest public name.
IMPRIMES = {
    "tiers": (TIERS, "tous les financeurs tiers"),
    "hors_fse": (TOTAL, "total imprimé hors FSE"),
}


def _known(value: Any) -> int | None:
    return None if missing(value) else int(value)


def depenses(done: Execution, contrats: Mapping[str, Contrat]) -> Iterator[Chiffre]:
    """The figures of one exercise, at the levels where the files give them."""
    rows = {(r["contrat"], r["action"]): r for r in done.par_action.to_dict("records")}
    parts: dict[tuple[str, str], list[Mapping[Any, Any]]] = {}
    for part in done.par_financeur.to_dict("records"):
        parts.setdefault((part["contrat"], part["action"]), []).append(part)
    months: dict[tuple[str, str], list[Mapping[Any, Any]]] = {}
    for line in done.par_mois.to_dict("records"):
        months.setdefault((line["contrat"], line["action"]), []).append(line)
    for contrat in contrats.values():
        for lieu in lieux(contrat, done.exercice):
            if lieu.niveau != "action":
                yield from _total_paid(lieu, done)
                yield from _excluded(lieu, done)
                continue
            key = (contrat.code, lieu.code)
            yield from _action(lieu, rows[key])
            yield from _funders(lieu, parts.get(key, []))
            for month in months.get(key, []):
                detail = str(month["mois"])
                for mesure, column in (("realise_mois", "realise"), ("realise_cumule", "cumul")):
                    yield chiffre(lieu, mesure, TOTAL, _known(month[column]), detail=detail)
            yield from _staff(lieu, done)
            yield from _received(lieu, done, parts.get(key, []))
        yield from _printed(contrat, done.exercice)
        yield from _unspread(contrat, done)
    yield _unassigned(done)


def _action(lieu: Lieu, row: Mapping[Any, Any]) -> Iterator[Chiffre]:
    source = lieu.contrat.actions[lieu.code].plan_source(lieu.exercice)
    yield chiffre(lieu, "prevu", TOTAL, _known(row["prevu"]), source=source)
    yield chiffre(lieu, "verse", ETAT, _known(row["verse"]))
    for mesure in SERIES:
        value = _known(row[mesure])
        if mesure == "ineligible" and value == 0 and not lieu.contrat.ineligibles:
            yield chiffre(lieu, mesure, TOTAL, None, absent="sans_objet")  # nothing is excluded
        else:
            yield chiffre(lieu, mesure, TOTAL, value)


def _funders(lieu: Lieu, parts: list[Mapping[Any, Any]]) -> Iterator[Chiffre]:
    """What each funder bears; without a signed plan, it is not known of any."""
    if not parts:
        for funder in lieu.contrat.financeurs:
            yield chiffre(lieu, "prevu", funder, None)
        for funder in (*lieu.contrat.financeurs, TOTAL):
            yield chiffre(lieu, "consomme", funder, None)
            yield chiffre(lieu, "non_consomme", funder, None)
        return
    source = lieu.contrat.actions[lieu.code].plan_source(lieu.exercice)
    sums: dict[str, list[int | None]] = {"consomme": [], "non_consomme": []}
    for part in parts:
        funder = str(part["financeur"])
        yield chiffre(lieu, "prevu", funder, _known(part["prevu"]), source=source)
        for mesure, values in sums.items():
            values.append(_known(part[mesure]))
            yield chiffre(lieu, mesure, funder, values[-1])
    for mesure, values in sums.items():
        yield chiffre(lieu, mesure, TOTAL, total(values))
    others = [part for part in parts if part["financeur"] not in (ETAT, CD)]
    planned = total(_known(part["prevu"]) for part in others)
    yield chiffre(lieu, "prevu_tiers", TIERS, planned, source=source)
    # A plan without third parties: nothing of theirs is used, once what is used is known.
    used = total(_known(part["consomme"]) for part in others or parts)
    used = 0 if used is not None and not others else used
    yield chiffre(lieu, "consomme_tiers", TIERS, used)


def _received(lieu: Lieu, done: Execution, parts: list[Mapping[Any, Any]]) -> Iterator[Chiffre]:
    """What third parties have paid for an action, against what they take of it; what is left to
    the département once all money received is taken off."""
    key = (lieu.contrat.code, lieu.code)
    given = None if done.recus is None else done.recus.get(key, {})
    used = {str(p["financeur"]): _known(p["consomme"]) for p in parts}
    funders = [f for f in (*used, *(given or {})) if f not in (ETAT, CD)]
    for funder in dict.fromkeys(funders):
        paid = None if given is None else given.get(funder, 0)
        takes = used.get(funder, 0)
        left = None if paid is None or takes is None else takes - paid
        yield chiffre(lieu, "recu", funder, paid)
        yield chiffre(lieu, "reste_du", funder, None if left is None else max(0, left))
        yield chiffre(lieu, "recu_en_trop", funder, None if left is None else max(0, -left))
    cashed = received_by(done)[key]
    yield chiffre(lieu, "charge_cd", CD, None if cashed is None else cashed[CD])


def _total_paid(lieu: Lieu, done: Execution) -> Iterator[Chiffre]:
    """The State's payments of a volet or a contract, exact even where no action shares them."""
    name = lieu.contrat.code
    if lieu.niveau == "contrat":
        paid = done.verse_contrat.get(name)
    else:
        paid = done.verse_groupe.get((name, lieu.groupe))
    yield chiffre(lieu, "verse", ETAT, paid)


def _excluded(lieu: Lieu, done: Execution) -> Iterator[Chiffre]:
    """What is excluded from an axe or a volet, by reason: ledger lines, and days of staff counted
    by line of their file."""
    columns = ["contrat", "action", "motif_ineligible", "ligne", "montant"]
    lines = done.lignes.reindex(columns=["montant_signe", *columns[:4]])
    lines = lines.assign(montant=lines["montant_signe"], ligne=range(len(lines)))
    staff = done.personnel_ineligible.reindex(columns=columns)
    actions = lieu.contrat.codes(lieu.groupe) if lieu.groupe else []
    for frame in (lines, staff):
        own = frame[(frame["contrat"] == lieu.contrat.code) & frame["action"].isin(actions)]
        own = own[own["motif_ineligible"] != ""]
        for reason, some in own.groupby("motif_ineligible", sort=True):
            amount, number = int(some["montant"].sum()), Fraction(some["ligne"].nunique())
            yield chiffre(lieu, "ineligible_motif", TOTAL, amount, detail=str(reason))
            yield chiffre(lieu, "lignes_ineligibles", "", number, detail=str(reason))


def _staff(lieu: Lieu, done: Execution) -> Iterator[Chiffre]:
    """Cost and days of an action by line of the file, without the post."""
    if done.personnel is None:
        return
    own = done.personnel[done.personnel["contrat"] == lieu.contrat.code]
    own = own[own["action"] == lieu.code]
    for line, some in own.groupby("ligne", sort=False):
        days, cost = Fraction(int(some["jours"].sum())), int(some["montant"].sum())
        part = Fraction(some["quotite"].iloc[0])
        rate = Rapport(part.numerator, part.denominator)
        yield chiffre(lieu, "quotite_agents", "", rate, detail=str(line))
        yield chiffre(lieu, "jours_agents", "", days, detail=str(line))
        yield chiffre(lieu, "personnel_ligne", TOTAL, cost, detail=str(line))


def _printed(contrat: Contrat, exercice: int) -> Iterator[Chiffre]:
    """Totals and subtotals as printed, kept beside the computed ones."""
    by_place = {(lieu.niveau, lieu.code): lieu for lieu in lieux(contrat, exercice)}
    for printed in contrat.imprimes:
        if printed.exercice == exercice:
            lieu = by_place[printed.niveau, printed.code]
            funder, words = IMPRIMES.get(printed.financeur, (printed.financeur, ""))
            yield _as_printed(lieu, funder, printed.montant, printed.source, words)
    for action in contrat.actions.values():
        for budget in action.financements:
            if budget.exercice == exercice and budget.retenu and budget.total_imprime is not None:
                lieu = by_place["action", action.code]
                source = f"{budget.source}, total imprimé"
                yield _as_printed(lieu, TOTAL, budget.total_imprime, source, "")


def _as_printed(lieu: Lieu, funder: str, montant: int, source: str, words: str) -> Chiffre:
    place = (lieu.contrat.code, lieu.exercice, lieu.niveau, lieu.code)
    partial = funder == TOTAL and bool(words)
    return Chiffre("imprime", *place, funder, montant, source=source, note=words, partiel=partial)


def _unspread(contrat: Contrat, done: Execution) -> Iterator[Chiffre]:
    for (name, code, funder), amount in done.recettes_non_reparties.items():
        if name == contrat.code:
            place = (name, done.exercice, "contrat", name)
            yield Chiffre("recette_non_repartie", *place, funder, amount, detail=code)


def _unassigned(done: Execution) -> Chiffre:
    lost = int(done.non_affecte["montant_signe"].sum()) if done.renseigne else None
    status = "non_renseigne" if lost is None else "calcule"
    return Chiffre("non_affecte", "", done.exercice, "contrat", "", TOTAL, lost, statut=status)
