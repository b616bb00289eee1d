"""Every figure of the rules, with its place, its article and the interpretations it depends on.

One list serves resultats.csv, the notebooks and the comparison of readings.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any

from analyses.contrat.citations import cite, clause_of
from analyses.contrat.financeurs import CD, ETAT
from analyses.execution.execution import Execution
from analyses.regles.emploi import Solde, ceiling
from analyses.regles.moteur import Chaine, Regles, advances, consumed
from analyses.socle.money import decimal_text, euros_text

Value = int | Fraction | str | None


def value_text(value: Value) -> str:
    """A figure as the public files write it: euros with two decimals, fractions, words.

    >>> value_text(123456), value_text(Fraction(1, 3)), value_text(None)
    ('1234.56', '0.333333', '')
    """
    if isinstance(value, Fraction):
        return decimal_text(value)
    if isinstance(value, int):
        return euros_text(value)
    return value or ""


@dataclass(frozen=True)
class Chiffre:
    """One figure. `valeur`: centimes (unite « euros »), exact fraction (« ratio ») or a word; None
    with `statut` saying why there is none."""

    mesure: str
    contrat: str
    exercice: int
    niveau: str
    code: str
    financeur: str
    valeur: Value
    unite: str
    statut: str
    article: str
    lectures: tuple[str, ...] = ()
    note: str = ""
    donnees: bool = True  # made from the year's files; False: from the contract alone

    @property
    def cle(self) -> tuple[str, str, int, str, str, str]:
        return (
            self.mesure,
            self.contrat,
            self.exercice,
            self.niveau,
            self.code,
            self.financeur,
        )


@dataclass(frozen=True)
class _Lieu:
    """A place where figures stand: an action, an axe or volet, a contract, with its actions."""

    contrat: Any
    exercice: int
    niveau: str
    code: str
    groupe: str
    actions: tuple[str, ...]
    fini: bool  # its period ended before the exercise
    lignes: Mapping[str, Mapping[Any, Any]]  # row of the execution, by action of the contract
    conso: Mapping[str, Mapping[str, int | None]]  # consumed by funder, by action

    def total(self, mesure: str) -> int | None:
        return _sum(self.lignes[code][mesure] for code in self.actions)

    @property
    def verse(self) -> tuple[str, ...]:
        """Interpretations that the State's payments of this place depend on."""
        return () if self.niveau == "contrat" else ("verse-reparti-annexe-3",)

    @property
    def realise(self) -> tuple[str, ...]:
        """Interpretations that its realised expenditure depends on."""
        codes = []
        if self.total("personnel"):
            codes += ["double-compte-personnel", "jour-de-personnel"]
        groups = [g for k, g in self.contrat.groupes.items() if self.groupe in ("", k)]
        if any(g.debut > date(self.exercice, 1, 1) and not self.fini for g in groups):
            codes.append("periode-du-volet")
        return tuple(codes)

    @property
    def consomme(self) -> tuple[str, ...]:
        """Interpretations that its consumption by funder depends on."""
        parts = [self.conso[code] for code in self.actions if code in self.conso]
        third = any(f not in (ETAT, CD) for part in parts for f in part)
        codes = ["cle-du-plan"]
        if clause_of(self.contrat, "report") is None:
            codes = ["plafond-volet-ou-action"]
            codes += ["base-volet-2"] if third else []
            codes += ["plafond-volet-3"] if "periode-du-volet" in self.realise else []
        elif self.exercice > self.contrat.debut.year:
            codes.append("report-accord")
        return (*codes, *(["recette-tiers-encaissee"] if third else []), *self.realise)

    @property
    def report(self) -> tuple[str, ...]:
        """Interpretations that its carry-over depends on."""
        return ("assiette-du-report", "report-accord", *self.verse, *self.consomme)

    def chiffre(
        self,
        mesure: str,
        financeur: str,
        valeur: Value,
        article: str,
        lectures: tuple[str, ...] = (),
        unite: str = "euros",
        note: str = "",
        absent: str = "non_renseigne",
        donnees: bool = True,
    ) -> Chiffre:
        if self.fini and not valeur:
            valeur, absent = None, "sans_objet"
        status = absent if valeur is None else "calcule"
        return Chiffre(
            mesure,
            self.contrat.code,
            self.exercice,
            self.niveau,
            self.code,
            financeur,
            valeur,
            unite,
            status,
            article,
            tuple(dict.fromkeys(lectures)),
            note,
            donnees,
        )


def _places(contrat: Any, done: Execution) -> Iterator[_Lieu]:
    """The contract, then each axe or volet with its actions."""
    year = done.exercice
    rows = done.par_action.to_dict("records")
    lines = {str(row["action"]): row for row in rows if row["contrat"] == contrat.code}
    used = {a: funders for (name, a), funders in consumed(done).items() if name == contrat.code}
    shared = (lines, used)
    everything = tuple(contrat.actions)
    yield _Lieu(contrat, year, "contrat", contrat.code, "", everything, False, *shared)
    for key, group in contrat.groupes.items():
        own = tuple(a.code for a in contrat.actions.values() if a.groupe == key)
        over = group.fin.year < year
        yield _Lieu(contrat, year, group.niveau, group.code_public, key, own, over, *shared)
        for code in own:
            yield _Lieu(contrat, year, "action", code, key, (code,), over, *shared)


def _sum(values: Iterable[int | None]) -> int | None:
    """Sum; None as soon as one term is not known.

    >>> _sum([1, 2]), _sum([1, None])
    (3, None)
    """
    found = list(values)
    return None if any(v is None for v in found) else sum(v for v in found if v is not None)


def _articles(contrat: Any) -> Mapping[str, str]:
    """Article of each rule of a contract, from the first of its clauses."""
    clauses = list(getattr(contrat, "clauses", {}).values())
    return {clause.regle: clause.article for clause in reversed(clauses) if clause.regle}


# --- series ---------------------------------------------------------------------------------


def _series(lieu: _Lieu, regles: Regles) -> Iterator[Chiffre]:
    """Engaged, paid, staff: sums of the actions."""
    article = "art. 2.2" if clause_of(lieu.contrat, "report") is not None else "art. 3.2"
    yield lieu.chiffre("engage", "total", lieu.total("engage"), article)
    yield lieu.chiffre("paye", "total", lieu.total("paye"), article, lieu.realise)
    yield lieu.chiffre("personnel", "total", lieu.total("personnel"), article, lieu.realise)


# --- the 50 % -------------------------------------------------------------------------------


def _parts(lieu: _Lieu, regles: Regles) -> Iterator[Chiffre]:
    key = (lieu.exercice, lieu.contrat.code, lieu.niveau, lieu.code)
    if key not in regles.parts:
        return
    planned, used = regles.parts[key]
    own = clause_of(lieu.contrat, "part_cd")
    clause = own or clause_of(lieu.contrat, "taux_etat", lieu.groupe)
    base = "base-des-50-pour-cent" if own is not None else "base-volet-2"
    plan, spent = clause.article, (base, *lieu.consomme)
    empty = [
        "sans_objet" if part.statut == "sans_objet" else "non_renseigne" for part in (planned, used)
    ]
    yield lieu.chiffre(
        *("part_cd_prevue", "cd", planned.taux, plan, (base,), "ratio"),
        absent=empty[0],
        donnees=False,
    )
    yield lieu.chiffre("part_cd", "cd", used.taux, plan, spent, "ratio", absent=empty[1])
    yield lieu.chiffre("ecart_part_cd", "cd", used.ecart, plan, spent, absent=empty[1])
    word = None if used.taux is None else used.statut
    yield lieu.chiffre("statut_part_cd", "cd", word, plan, spent, "", absent=empty[1])


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
        return _sum([cash.dotation, own.dotation, chaine.autres])
    terms = [cash.disponible, own.disponible, chaine.autres]
    left = _sum([cash.solde, own.solde])
    total = _sum(terms)
    return None if total is None or left is None else total - left


def _chains(lieu: _Lieu, regles: Regles) -> Iterator[Chiffre]:
    links = [
        chaine
        for code in lieu.actions
        if (chaine := regles.chaines.get((lieu.exercice, lieu.contrat.code, code))) is not None
    ]
    if not links:
        return
    articles = _articles(lieu.contrat)
    report = f"{articles['report']} et annexe 6"
    rights = [c.droits for c in links]
    state = [c.etat for c in links]
    own = [c.cd for c in links]
    later = lieu.exercice > lieu.contrat.debut.year
    if later:
        got = _sum(m.recu for m in rights)
        yield lieu.chiffre("report_recu", "etat", got, report, lieu.report)
        yield lieu.chiffre("report_recu", "cd", _sum(m.recu for m in own), report, lieu.consomme)
    top = _sum(m.disponible for m in rights)
    carried = lieu.report if later else ()
    yield lieu.chiffre("plafond", "etat", top, "art. 2.2 et annexe 6", carried, donnees=later)
    kept = _sum(m.a_reporter for m in state)
    note = "aucun report au-delà du terme" if lieu.exercice >= lieu.contrat.fin.year else ""
    if any(m.dotation is None for m in rights):
        note = f"participation notifiée {lieu.exercice} non renseignée : aucun avenant"
    yield lieu.chiffre("a_reporter", "etat", kept, report, lieu.report, note=note)
    kept = _sum(m.a_reporter for m in own)
    yield lieu.chiffre("a_reporter", "cd", kept, report, lieu.consomme, note=note)
    back = _sum(m.a_rembourser for m in state)
    yield lieu.chiffre("a_rembourser", "etat", back, articles["remboursement"], lieu.report)
    reading = regles.lectures.get("realise-annexe-6", "a-b-c-d-e")
    shown = [
        annexe_6(chaine, lieu.lignes[code]["realise"], reading)
        for code, chaine in zip(lieu.actions, links, strict=True)
    ]
    lectures = ("realise-annexe-6", *lieu.report)
    yield lieu.chiffre("realise_annexe_6", "total", _sum(shown), "annexe 6", lectures)


# --- balances of the volets -----------------------------------------------------------------


def _volets(lieu: _Lieu, regles: Regles) -> Iterator[Chiffre]:
    """Ceilings, advance, balance and overpayment of the volets (levels volet and contract)."""
    contrat, year = lieu.contrat, lieu.exercice
    if lieu.niveau == "action" or not any(
        clause_of(contrat, "plafond", groupe) is not None for groupe in contrat.groupes
    ):
        return
    articles = _articles(contrat)
    top = ceiling(contrat, lieu.groupe, year)
    clause = clause_of(contrat, "plafond", lieu.groupe, year)
    source = articles["plafond"] if clause is None else clause.article
    lectures: tuple[str, ...] = ("plafond-volet-ou-action",)
    yield lieu.chiffre("plafond", "etat", top, source, lectures, donnees=False)
    due = advances(contrat, year)
    paid = due[lieu.groupe] if lieu.groupe else _sum(v for v in due.values() if v is not None)
    none_planned = clause_of(contrat, "avance", "", year) is None and paid in (None, 0)
    yield lieu.chiffre(
        "avance",
        "etat",
        None if none_planned else paid,
        articles["avance"],
        absent="sans_objet" if none_planned else "non_renseigne",
        donnees=False,
    )
    found = [
        (groupe, regles.soldes[year, contrat.code, groupe])
        for groupe in ([lieu.groupe] if lieu.groupe else contrat.groupes)
        if (year, contrat.code, groupe) in regles.soldes
    ]
    absent = "non_renseigne" if found else "sans_objet"
    words = _due_words(lieu, found, regles)
    for mesure, article, values in (
        ("du", articles["solde"], [s.du for _, s in found]),
        ("solde", articles["solde"], [s.solde for _, s in found]),
        ("trop_percu", articles["trop_percu"], [s.trop_percu for _, s in found]),
        ("a_rembourser", articles["trop_percu"], [s.trop_percu for _, s in found]),
    ):
        value = _sum(values) if found else None
        lectures = _lectures_du(lieu, found)
        yield lieu.chiffre(mesure, "etat", value, article, lectures, note=words, absent=absent)


def _lectures_du(lieu: _Lieu, found: list[tuple[str, Solde]]) -> tuple[str, ...]:
    """Interpretations that the amount owed for these volets depends on."""
    codes: list[str] = []
    for groupe, solde in found:
        if clause_of(lieu.contrat, "forfait", groupe) is not None:
            codes.append("forfait-volet-1")
            continue
        codes.append("plafond-volet-ou-action")
        if solde.taux is not None and solde.taux < 1:
            codes += ["base-volet-2", "recette-tiers-encaissee"]
        if len(solde.exercices) > 1:
            codes.append("plafond-volet-3")
        codes += lieu.realise
    return tuple(codes)


def _due_words(lieu: _Lieu, found: list[tuple[str, Solde]], regles: Regles) -> str:
    """When the balance is due, and which ceiling no signed text gives."""
    contrat, words = lieu.contrat, []
    if not found:
        clause = clause_of(contrat, "solde", lieu.groupe) if lieu.groupe else None
        if clause is not None and not lieu.fini:
            words.append(f"solde au bilan transmis au plus tard le {clause.valeur}")
        return " ; ".join(words)
    if not lieu.groupe:
        words.append(", ".join(groupe for groupe, _ in found))
    for groupe, solde in found:
        for year in solde.exercices:
            if ceiling(contrat, groupe, year) is None:
                words.append(f"plafond {groupe} {year} non renseigné : aucun avenant")
    return " ; ".join(words)


# --- all of them ----------------------------------------------------------------------------


def figures(regles: Regles, exercices: Iterable[int]) -> list[Chiffre]:
    """The figures that only the rules give: engaged, paid, staff, parts, carry-overs, balances."""
    found: list[Chiffre] = []
    for year in exercices:
        for contrat in regles.contrats[year].values():
            version = getattr(contrat, "version", None)
            if version is not None:
                found.append(
                    Chiffre(
                        *("version", contrat.code, year, "contrat", contrat.code, ""),
                        *(version.code, "", "calcule", version.source),
                        donnees=False,
                    )
                )
            for lieu in _places(contrat, regles.executions[year]):
                for part in (_series, _parts, _chains, _volets):
                    found += part(lieu, regles)
    return found


def readings_of(regles: Regles, exercices: Iterable[int]) -> dict[tuple[Any, ...], tuple[str, ...]]:
    """Interpretations of the figures that resultats.csv takes from the executions, by (mesure,
    contrat, exercice, niveau, code)."""
    found: dict[tuple[Any, ...], tuple[str, ...]] = {}
    for year in exercices:
        for contrat in regles.contrats[year].values():
            for lieu in _places(contrat, regles.executions[year]):
                place = (contrat.code, year, lieu.niveau, lieu.code)
                found["realise", *place] = lieu.realise
                found["verse", *place] = lieu.verse
                found["consomme", *place] = found["non_consomme", *place] = lieu.consomme
    return found


def shared_figures(regles: Regles, exercices: Iterable[int]) -> list[Chiffre]:
    """Figures that resultats.csv takes from the executions and that readings also move: realised,
    ineligible, paid by the State, consumed by funder."""
    found: list[Chiffre] = []
    for year in exercices:
        done = regles.executions[year]
        for contrat in regles.contrats[year].values():
            for lieu in _places(contrat, done):
                for mesure in ("realise", "ineligible"):
                    found.append(lieu.chiffre(mesure, "total", lieu.total(mesure), ""))
                paid = lieu.total("verse")
                if lieu.niveau == "contrat":
                    paid = done.verse_contrat.get(contrat.code)
                elif lieu.niveau != "action":
                    paid = done.verse_groupe.get((contrat.code, lieu.groupe))
                found.append(lieu.chiffre("verse", "etat", paid, ""))
                parts = [lieu.conso[code] for code in lieu.actions if code in lieu.conso]
                for funder in dict.fromkeys(f for part in parts for f in part):
                    value = _sum(part.get(funder, 0) for part in parts)
                    found.append(lieu.chiffre("consomme", funder, value, ""))
    return found
