"""The département's part, at least half: of what is planned, consumed, and really paid (art. 2.2).

Amounts are integer centimes; a minimum is rounded up to the centime, the text says « au moins ».
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from analyses.contrat.citations import cite, clause_of
from analyses.contrat.financeurs import CD, ETAT
from analyses.contrat.model import Action, Contrat
from analyses.execution.execution import Execution
from analyses.execution.recettes import Key
from analyses.regles.parts import consumed
from analyses.socle.fmt import missing
from analyses.socle.money import ceil_centime


@dataclass(frozen=True)
class Part:
    """The département's part on a base: `ecart` is what it brings above (below: negative) the
    minimum, rounded up to the centime because the text says « au moins »."""

    base: int | None
    cd: int | None
    taux: Fraction | None
    minimum: int | None
    ecart: int | None
    statut: str  # respectee, non_respectee, sans_objet (nothing to share), non_renseigne


@cite("part_cd", "taux_etat", lectures=("base-des-50-pour-cent",))
def part_cd(
    montants: Mapping[str, int | None] | None, minimum: Fraction, lecture: str = "etat-cd"
) -> Part:
    """The département's part in the amounts by funder (solidarités art. 2.2; emploi art. 3.3).

    >>> part_cd({"etat": 6500, "cd": 6500, "ars": 151000}, Fraction(1, 2)).statut
    'respectee'
    >>> part = part_cd({"etat": 6500, "cd": 6500, "ars": 151000}, Fraction(1, 2), "tous-financeurs")
    >>> part.taux, part.minimum, part.ecart, part.statut
    (Fraction(13, 328), 82000, -75500, 'non_respectee')
    """
    known = montants or {}
    counted = [known.get(f, 0) for f in (known if lecture == "tous-financeurs" else (ETAT, CD))]
    if montants is None or any(amount is None for amount in counted):
        return Part(None, None, None, None, None, "non_renseigne")
    base, cd = sum(a for a in counted if a is not None), known.get(CD, 0) or 0
    if base <= 0:
        return Part(base, cd, None, None, None, "sans_objet")
    floor = ceil_centime(minimum * base)
    status = "respectee" if cd >= floor else "non_respectee"
    return Part(base, cd, Fraction(cd, base), floor, cd - floor, status)


@dataclass(frozen=True)
class PartsCd:
    """The département's part of what is planned, of what is consumed, and of the cost once the
    money received is taken off: the split does not make the last one."""

    prevue: Part
    consommee: Part
    encaissee: Part


def _together(
    rows: Sequence[Mapping[str, int | None] | None],
) -> Mapping[str, int | None] | None:
    """Amounts by funder of several actions; None when one is not known at all."""
    if not rows or any(row is None for row in rows):
        return None
    total: dict[str, int | None] = {}
    for row in rows:
        for funder, amount in (row or {}).items():
            before = total.get(funder, 0)
            total[funder] = None if amount is None or before is None else before + amount
    return total


def received_by(done: Execution) -> dict[Key, Mapping[str, int | None] | None]:
    """Who has paid for an action: the State and third parties what was cashed, the département the
    rest of the eligible expenditure. None when the expenditure or a receipt is not known."""
    found: dict[Key, Mapping[str, int | None] | None] = {}
    columns = ["contrat", "action", "realise", "verse"]
    for contrat, action, spent, paid in done.par_action[columns].itertuples(index=False):
        key = (str(contrat), str(action))
        if missing(spent) or missing(paid) or done.recus is None:
            found[key] = None
            continue
        third = done.recus.get(key, {})
        found[key] = {**third, ETAT: paid, CD: spent - paid - sum(third.values())}
    return found


def _places(
    contrat: Contrat, lectures: Mapping[str, str]
) -> Iterator[tuple[str, str, list[Action], Fraction, str]]:
    """(level, code, actions, minimum, base) of every place where the part has a minimum."""
    rule = clause_of(contrat, "part_cd")
    base = lectures.get("base-des-50-pour-cent", "etat-cd")
    for key, group in contrat.groupes.items():
        half, reading = rule, base
        if half is None and (half := clause_of(contrat, "taux_etat", key)) is not None:
            whole = lectures.get("base-volet-2") == "cout-total"
            reading = "tous-financeurs" if whole else "etat-cd"
        if half is not None:
            least = Fraction(str(half.valeur))
            least = least if half is rule else 1 - least
            actions = contrat.actions_de(key)
            yield from (("action", a.code, [a], least, reading) for a in actions)
            yield group.niveau, group.code_public, actions, least, reading
    if rule is not None:
        everything = list(contrat.actions.values())
        yield "contrat", contrat.code, everything, Fraction(str(rule.valeur)), base


def parts_cd(
    contrats: Mapping[str, Contrat], done: Execution, lectures: Mapping[str, str]
) -> dict[tuple[int, str, str, str], PartsCd]:
    """The département's parts by action, axe or volet, and contract."""
    found: dict[tuple[int, str, str, str], PartsCd] = {}
    used, cashed = consumed(done), received_by(done)
    for contrat in contrats.values():
        for niveau, code, actions, least, base in _places(contrat, lectures):
            keys = [(contrat.code, a.code) for a in actions]
            plans = _together([a.plan(done.exercice) for a in actions])
            spent = None if plans is None else _together([used.get(key) for key in keys])
            found[done.exercice, contrat.code, niveau, code] = PartsCd(
                part_cd(plans, least, base),
                by_construction(part_cd(spent, least, base), contrat, lectures),
                part_cd(_together([cashed[key] for key in keys]), least, base),
            )
    return found


@cite("part_cd", "taux_etat", lectures=("cle-du-plan",))
def by_construction(part: Part, contrat: Contrat, lectures: Mapping[str, str]) -> Part:
    """A minimum that the split itself keeps proves nothing (art. 2.2; emploi art. 3.3): where the
    key of the plan, or the rate of the volet, shares the cost, it holds by construction."""
    chosen = lectures.get("cle-du-plan", "prorata") in ("prorata", "prorata-notifie")
    if part.statut == "respectee" and (chosen or clause_of(contrat, "part_cd") is None):
        return replace(part, statut="par_construction")
    return part
