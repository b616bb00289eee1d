"""Figures that only the rules give: the département's part, carry-overs, balances of the volets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from fractions import Fraction

from analyses.chiffres.chiffre import TIERS, TOTAL, Chiffre, Lieu, Rapport, chiffre, lieux, total
from analyses.chiffres.dependances import Codes, Dependances
from analyses.contrat.citations import cite, clause_of
from analyses.contrat.financeurs import CD, ETAT
from analyses.contrat.model import Contrat
from analyses.regles.emploi import Solde, ceiling
from analyses.regles.moteur import Chaine, Regles, advances
from analyses.regles.part_cd import Part
from analyses.regles.solidarites import pillars
from analyses.socle.fmt import missing


def regles_figures(regles: Regles, exercice: int) -> Iterator[Chiffre]:
    """The figures of the rules of an exercise, at the levels where a rule gives them."""
    done = regles.executions[exercice]
    depend = Dependances(done)
    spent = {(r["contrat"], r["action"]): r["realise"] for r in done.par_action.to_dict("records")}
    for contrat in regles.contrats[exercice].values():
        version = contrat.version
        place = (contrat.code, exercice, "contrat", contrat.code)
        yield Chiffre("version", *place, "", version.code, source=version.source)
        yield from _pillars(contrat, exercice)
        for lieu in lieux(contrat, exercice):
            yield from _parts(lieu, regles, depend)
            if lieu.niveau == "contrat":
                yield from _part_counts(lieu, regles)
            if lieu.niveau == "action":
                amount = spent[contrat.code, lieu.code]
                amount = None if missing(amount) else int(amount)
                yield from _chain(lieu, regles, depend, amount)
            else:
                yield from _volets(lieu, regles, depend)


# --- the part of the département ------------------------------------------------------------


def _parts(lieu: Lieu, regles: Regles, depend: Dependances) -> Iterator[Chiffre]:
    key = (lieu.exercice, lieu.contrat.code, lieu.niveau, lieu.code)
    if key not in regles.parts:
        return
    parts = regles.parts[key]
    planned, used, cashed = parts.prevue, parts.consommee, parts.encaissee
    own = clause_of(lieu.contrat, "part_cd")
    base = "base-des-50-pour-cent" if own is not None else "base-volet-2"
    spent: Codes = (base, *depend.consomme(lieu))
    empty = _empty(used)
    rate = _rate(planned)
    yield chiffre(
        lieu, "part_cd_prevue", CD, rate, lectures=(base,), absent=_empty(planned), donnees=False
    )
    yield chiffre(lieu, "part_cd", CD, _rate(used), lectures=spent, absent=empty)
    yield chiffre(lieu, "base_part_cd", TOTAL, used.base, lectures=spent)
    yield chiffre(lieu, "apport_cd", CD, used.cd, lectures=spent)
    yield chiffre(lieu, "minimum_part_cd", CD, used.minimum, lectures=spent, absent=empty)
    yield chiffre(lieu, "ecart_part_cd", CD, used.ecart, lectures=spent, absent=empty)
    word = None if used.taux is None else used.statut
    yield chiffre(lieu, "statut_part_cd", CD, word, lectures=spent, absent=empty)
    yield from _cashed(lieu, cashed, (base, *depend.verse(lieu), *depend.realise(lieu)))


def _cashed(lieu: Lieu, part: Part, lectures: Codes) -> Iterator[Chiffre]:
    """What is left to the département once the money received is taken off, against half of the
    cost and against its own credits: the split does not make it."""
    empty = _empty(part)
    yield chiffre(lieu, "part_cd_encaissee", CD, _rate(part), lectures=lectures, absent=empty)
    yield chiffre(lieu, "base_encaissee", TOTAL, part.base, lectures=lectures)
    yield chiffre(lieu, "minimum_encaisse", CD, part.minimum, lectures=lectures, absent=empty)
    yield chiffre(lieu, "ecart_encaisse", CD, part.ecart, lectures=lectures, absent=empty)
    word = None if part.taux is None else part.statut
    yield chiffre(lieu, "statut_part_encaissee", CD, word, lectures=lectures, absent=empty)


def _part_counts(lieu: Lieu, regles: Regles) -> Iterator[Chiffre]:
    """How many actions of a contract keep the minimum: by the split, then by the money received."""
    place = (lieu.exercice, lieu.contrat.code, "action")
    own = [parts for (*where, _), parts in regles.parts.items() if tuple(where) == place]
    for mesure, statuts in (
        ("nombre_part_cd", [parts.consommee.statut for parts in own]),
        ("nombre_part_encaissee", [parts.encaissee.statut for parts in own]),
    ):
        for statut, number in Counter(statuts).items():
            yield chiffre(lieu, mesure, "", Fraction(number), detail=statut)


def _empty(part: Part) -> str:
    return "sans_objet" if part.statut == "sans_objet" else "non_renseigne"


def _rate(part: Part) -> Rapport | None:
    if part.taux is None or part.cd is None or not part.base:
        return None
    return Rapport(part.cd, part.base)


# --- carry-overs ----------------------------------------------------------------------------


@cite(lectures=("realise-annexe-6",))
def annexe_6(chaine: Chaine, realise: int | None, lecture: str = "a-b-c-d-e") -> int | None:
    """« Montant total réalisé » of annexe 6, printed without a letter nor a formula.

    Under the coherent reading: A − B + C − D + E, what was received from the previous exercise
    included in A and C (nothing in the first one).
    """
    cash, own = chaine.caisse, chaine.cd
    if lecture == "mandats":
        return realise
    if lecture == "a-c-e":
        return total([cash.dotation, own.dotation, chaine.autres])
    terms = [cash.disponible, own.disponible, chaine.autres]
    left = total([cash.solde, own.solde])
    whole = total(terms)
    return None if whole is None or left is None else whole - left


def _chain(
    lieu: Lieu, regles: Regles, depend: Dependances, realise: int | None
) -> Iterator[Chiffre]:
    """The carry-over of an action; its axe and its contract add up."""
    chain = regles.chaines.get((lieu.exercice, lieu.contrat.code, lieu.code))
    if chain is None:
        return
    rights, cash, own, state = chain.droits, chain.caisse, chain.cd, chain.etat
    used, carried = depend.consomme(lieu), depend.report(lieu)
    later = lieu.exercice > lieu.contrat.debut.year
    yield chiffre(lieu, "notifie", ETAT, rights.dotation)
    yield chiffre(lieu, "notifie", CD, own.dotation)
    if later:
        yield chiffre(lieu, "report_recu", ETAT, rights.recu, lectures=carried)
        yield chiffre(lieu, "report_recu", CD, own.recu, lectures=used)
        yield chiffre(lieu, "report_encaisse", ETAT, cash.recu, lectures=carried)
    top = carried if later else ()
    yield chiffre(lieu, "plafond", ETAT, rights.disponible, lectures=top, donnees=later)
    yield chiffre(lieu, "solde_verse", ETAT, cash.solde, lectures=carried)
    yield chiffre(lieu, "solde_affecte", CD, own.solde, lectures=used)
    due = None
    if rights.disponible is not None and cash.disponible is not None:
        due = rights.disponible - cash.disponible
    yield chiffre(lieu, "reste_a_verser", ETAT, due, lectures=carried)
    yield chiffre(lieu, "a_reporter", ETAT, state.a_reporter, lectures=carried)
    yield chiffre(lieu, "a_reporter", CD, own.a_reporter, lectures=used)
    yield chiffre(lieu, "a_rembourser", ETAT, state.a_rembourser, lectures=carried)
    reading = regles.lectures.get("realise-annexe-6", "a-b-c-d-e")
    shown = annexe_6(chain, realise, reading)
    lectures = ("realise-annexe-6", *carried)
    yield chiffre(lieu, "realise_annexe_6", TOTAL, shown, lectures=lectures)
    if lieu.exercice < lieu.contrat.fin.year:  # no carry-over beyond the term
        yield from _next(lieu, regles, chain, (carried, used))
    for funder, link in ((ETAT, state), (CD, own)):
        if link.declare is not None and link.ecart != 0:
            yield chiffre(lieu, "report_declare", funder, link.declare)
            yield chiffre(lieu, "report_calcule", funder, link.calcule)
            yield chiffre(lieu, "ecart_report", funder, link.ecart)


def _next(
    lieu: Lieu, regles: Regles, chain: Chaine, lectures: tuple[Codes, Codes]
) -> Iterator[Chiffre]:
    """What the plan opens for the next exercise, and the budget that carry-overs make of it."""
    after = regles.suivants.get(lieu.exercice, {}).get(lieu.contrat.code, lieu.contrat)
    action = after.actions.get(lieu.code, lieu.contrat.actions[lieu.code])
    plan, source = action.plan(lieu.exercice + 1), action.plan_source(lieu.exercice + 1)
    planned: dict[str, int | None] = dict.fromkeys((ETAT, CD, TIERS))
    if plan is not None:
        others = sum(amount for funder, amount in plan.items() if funder not in (ETAT, CD))
        planned = {ETAT: plan.get(ETAT, 0), CD: plan.get(CD, 0), TIERS: others}
    for funder, amount in planned.items():
        yield chiffre(lieu, "prevu_suivant", funder, amount, source=source, donnees=False)
    left = {ETAT: chain.etat.a_reporter, CD: chain.cd.a_reporter}
    budget = {funder: total([amount, planned[funder]]) for funder, amount in left.items()}
    budget[TOTAL] = total([*left.values(), *planned.values()])
    carried, used = lectures
    for funder, amount in budget.items():
        codes = used if funder == CD else carried
        yield chiffre(lieu, "budget_suivant", funder, amount, lectures=codes)


def note_report(lieu: Lieu) -> str:
    """Why a carry-over is what it is: the term of the contract, a budget that nobody signed."""
    actions = (lieu.contrat.actions[code] for code in lieu.actions)
    if any(action.plan(lieu.exercice) is None for action in actions):
        return f"participation notifiée {lieu.exercice} non renseignée : aucun avenant"
    return "aucun report au-delà du terme" if lieu.exercice >= lieu.contrat.fin.year else ""


def _pillars(contrat: Contrat, exercice: int) -> Iterator[Chiffre]:
    """The split of the State's money by the contract against the axes of the plan."""
    for split in pillars(contrat, exercice):
        group = contrat.groupes.get(split.groupe)
        niveau, code = (group.niveau, group.code_public) if group else ("contrat", contrat.code)
        place = (contrat.code, exercice, niveau, code)
        amounts = {"pilier": split.article, "plan_pilier": split.annexe_3}
        for mesure, value in (amounts | {"ecart_pilier": split.ecart}).items():
            yield Chiffre(
                *(mesure, *place, ETAT, value),
                statut="non_renseigne" if value is None else "calcule",
                detail=split.clause.regle if not split.groupe else "",
                source=split.clause.article,
                note=f"activité {group.activite}" if group else "toutes activités",
            )


# --- balances of the volets -----------------------------------------------------------------


def _volets(lieu: Lieu, regles: Regles, depend: Dependances) -> Iterator[Chiffre]:
    """Ceilings, advance, balance and overpayment of the volets (levels volet and contract)."""
    contrat, year = lieu.contrat, lieu.exercice
    if not any(clause_of(contrat, "plafond", groupe) is not None for groupe in contrat.groupes):
        return
    top, clause = (
        ceiling(contrat, lieu.groupe, year),
        clause_of(contrat, "plafond", lieu.groupe, year),
    )
    source = "" if clause is None else clause.article  # the year's own clause: an avenant
    lectures = ("plafond-volet-ou-action",)
    yield chiffre(lieu, "plafond", ETAT, top, lectures=lectures, source=source, donnees=False)
    due = advances(contrat, year)
    paid = due[lieu.groupe] if lieu.groupe else total(v for v in due.values() if v is not None)
    none_planned = clause_of(contrat, "avance", "", year) is None and paid in (None, 0)
    absent = "sans_objet" if none_planned else "non_renseigne"
    yield chiffre(lieu, "avance", ETAT, None if none_planned else paid, absent=absent)
    found = [
        (groupe, regles.soldes[year, contrat.code, groupe])
        for groupe in lieu.groupes
        if (year, contrat.code, groupe) in regles.soldes
    ]
    if found:  # a volet that has ended is still settled: its zeros are figures
        lieu = replace(lieu, fini=False)
    yield from _due(lieu, found, depend)
    yield _repaid(lieu, found, regles, depend)
    if found:
        yield from _balance(lieu, found)


def _due(lieu: Lieu, found: list[tuple[str, Solde]], depend: Dependances) -> Iterator[Chiffre]:
    absent, words = "non_renseigne" if found else "sans_objet", _due_words(lieu, found)
    lectures = _lectures_du(lieu, found, depend)
    for mesure, values in (
        ("du", [s.du for _, s in found]),
        ("solde", [s.solde for _, s in found]),
        ("trop_percu", [s.trop_percu for _, s in found]),
    ):
        value = total(values) if found else None
        yield chiffre(lieu, mesure, ETAT, value, lectures=lectures, note=words, absent=absent)


def _repaid(
    lieu: Lieu, found: list[tuple[str, Solde]], regles: Regles, depend: Dependances
) -> Chiffre:
    """What is to be repaid to the State in the exercise: all the overpayments at the bilan final,
    or, under the other reading, at each bilan what the one before did not already ask for."""
    final, words = final_bilan(lieu.contrat), _due_words(lieu, found)
    at_the_end = regles.lectures.get("exigibilite-trop-percu", "bilan-final") == "bilan-final"
    due = found
    if at_the_end and found and final is not None and lieu.exercice < final.year - 1:
        due, words = [], f"trop-perçu exigible au bilan final, transmis au plus tard le {final}"
    asked = [0 if at_the_end else _asked(lieu, regles, groupe) for groupe, _ in due]
    over = [solde.trop_percu for _, solde in due]
    more = [
        None if one is None else max(0, one - before)
        for one, before in zip(over, asked, strict=True)
    ]
    lectures = (*_lectures_du(lieu, due, depend), "exigibilite-trop-percu")
    absent = "non_renseigne" if due else "sans_objet"
    value = total(more) if due else None
    return chiffre(lieu, "a_rembourser", ETAT, value, lectures=lectures, note=words, absent=absent)


def _asked(lieu: Lieu, regles: Regles, groupe: str) -> int:
    """The overpayment of a volet at the bilan before (0 without one)."""
    before = regles.soldes.get((lieu.exercice - 1, lieu.contrat.code, groupe))
    return 0 if before is None else before.trop_percu or 0


@cite(lectures=("exigibilite-trop-percu",))
def final_bilan(contrat: Contrat) -> date | None:
    """Last day of the bilan final, at which overpayments are repaid; None without such a clause.

    >>> from analyses.contrat.load import load_contrats
    >>> final_bilan(load_contrats("55")["emploi"])
    datetime.date(2026, 3, 31)
    """
    clauses = [clause_of(contrat, "solde", groupe) for groupe in contrat.groupes]
    days = [date.fromisoformat(str(one.valeur)) for one in clauses if one is not None]
    return max(days, default=None)


def _balance(lieu: Lieu, found: list[tuple[str, Solde]]) -> Iterator[Chiffre]:
    """How the balance of a volet is reached, over the exercises of its bilan; those due, added."""
    soldes = [solde for _, solde in found]
    years = dict.fromkeys(solde.exercices[rank] for rank in (0, -1) for solde in soldes)
    words = f"exercices {'-'.join(map(str, years))}"
    for mesure, funder, values in (
        ("plafond_du", ETAT, [solde.plafond for solde in soldes]),
        ("avance_due", ETAT, [_advance(lieu.contrat, *one) for one in found]),
        ("verse_du", ETAT, [solde.verse for solde in soldes]),
        ("cout", TOTAL, [solde.cout for solde in soldes]),
        ("tiers", TIERS, [solde.tiers for solde in soldes]),
        ("base", TOTAL, [solde.base for solde in soldes]),
    ):
        yield chiffre(lieu, mesure, funder, total(values), note=words)
    if lieu.groupe:
        both = " et ".join(map(str, soldes[0].exercices))
        yield chiffre(lieu, "exercices_du", "", both, donnees=False)
        rate = soldes[0].taux
        part = None if rate is None else Rapport(rate.numerator, rate.denominator)
        yield chiffre(lieu, "part_etat", ETAT, part)


def _advance(contrat: Contrat, groupe: str, solde: Solde) -> int | None:
    planned = [advances(contrat, year)[groupe] for year in solde.exercices]
    given = [amount for amount in planned if amount is not None]
    return sum(given) if given else None


def _lectures_du(lieu: Lieu, found: list[tuple[str, Solde]], depend: Dependances) -> Codes:
    """Interpretations that the amount owed for these volets depends on."""
    codes: list[str] = []
    for groupe, solde in found:
        if clause_of(lieu.contrat, "forfait", groupe) is not None:
            codes += ["forfait-volet-1", *depend.realise(lieu)]
            continue
        codes += ["plafond-volet-ou-action"]
        if solde.taux is not None and solde.taux < 1:
            codes += ["base-volet-2", "participation-tiers"]
        if len(solde.exercices) > 1:
            codes.append("plafond-volet-3")
        codes += depend.realise(lieu)
    return tuple(codes)


def _due_words(lieu: Lieu, found: list[tuple[str, Solde]]) -> str:
    """When the balance is due, and which ceiling no signed text gives."""
    if not found:
        clause = clause_of(lieu.contrat, "solde", lieu.groupe) if lieu.groupe else None
        if clause is None or lieu.fini:
            return ""
        return f"solde au bilan transmis au plus tard le {clause.valeur}"
    words = [] if lieu.groupe else [", ".join(groupe for groupe, _ in found)]
    words += [
        f"plafond {groupe} {year} non renseigné : aucun avenant"
        for groupe, solde in found
        for year in solde.exercices
        if year <= lieu.contrat.groupes[groupe].fin.year
        and ceiling(lieu.contrat, groupe, year) is None
    ]
    return " ; ".join(words)
