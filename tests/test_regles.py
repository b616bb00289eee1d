"""The rules: citations that a machine checks, accounts of M57, properties of the whole engine."""

from __future__ import annotations

import importlib
import pkgutil
from datetime import date
from fractions import Fraction as F

import fabrique
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import analyses
from analyses.chiffres.effets import effects
from analyses.chiffres.mesures import load_mesures
from analyses.chiffres.regles import regles_figures
from analyses.contrat.citations import CITATIONS, LECTURES
from analyses.contrat.load import load_contrats, registry
from analyses.contrat.model import Clause, Ineligible
from analyses.contrat.parametres import load_interpretations, load_lectures
from analyses.depot.exercice import Depot
from analyses.execution.personnel import staff_costs
from analyses.preparation.exercice import prepare
from analyses.preparation.ineligibilite import ineligible_reason
from analyses.regles.moteur import declared, run
from analyses.regles.reports import Declare, chain
from analyses.regles.solidarites import consumption
from analyses.regles.tiers import third_parties
from analyses.socle.paths import PARAMS
from analyses.socle.problems import BilanError
from analyses.socle.yaml_files import read_yaml

for module in pkgutil.walk_packages(analyses.__path__, "analyses."):
    importlib.import_module(module.name)

CONTRATS = load_contrats("55")
LECTURES_RETENUES = load_lectures()
# Interpretations of the indicators: read by the analysis of the indicators, not by these rules.
# Readings that the indicators and the projection document, and that no rule recomputes.
AUTRES = {
    *("cellules-de-gauche-a-droite", "increments-cumules", "trajectoire-lineaire"),
    *("phase-preparatoire", "sous-consommation-projetee", "montant-a-risque"),
    "financeurs-projetes",
}


# --- citations ------------------------------------------------------------------------------


def _clauses() -> list[Clause]:
    return [
        clause
        for departement in registry()
        for contrat in load_contrats(departement).values()
        for clause in contrat.clauses.values()
    ]


def test_every_clause_that_computes_has_a_function():
    """By its kind: a clause that computes and has none is found as well."""
    missing = [c.code for c in _clauses() if c.calcule and c.regle not in CITATIONS]
    assert missing == []


def test_no_citation_leads_nowhere():
    known = {clause.regle for clause in _clauses() if clause.regle}
    assert [genre for genre in CITATIONS if genre not in known] == []


def test_every_interpretation_is_read_by_a_rule_and_no_other():
    own = read_yaml(PARAMS / "interpretations-indicateurs.yaml")["interpretations"]
    codes = {row["code"] for row in load_interpretations()} - {row["code"] for row in own}
    assert set(LECTURES) == codes - AUTRES


def test_docstring_of_a_citing_function_names_its_article():
    """The clause is in the registry; the article is in the words."""
    for functions in CITATIONS.values():
        for path in functions:
            module, _, name = path.rpartition(".")
            words = getattr(importlib.import_module(module), name).__doc__
            assert "art." in words or "annexe" in words, path


# --- art. 4.2 against the M57 chart ---------------------------------------------------------


@pytest.mark.parametrize(
    ("nature", "objet", "reason"),
    [
        ("6064", "", "fournitures"),  # Fournitures administratives
        ("60623", "", "fournitures"),  # Alimentation
        ("6236", "", "reprographie"),  # Catalogues et imprimés
        ("6132", "", "locations"),  # Locations immobilières
        ("6162", "", "assurances"),  # Assurance obligatoire dommage-construction
        ("6262", "", "télécommunications"),  # Frais de télécommunications
        ("6251", "", "déplacements"),  # Voyages, déplacements et missions
        ("6247", "", "déplacements"),  # Transports collectifs du personnel
        ("6245", "", ""),  # Transports de personnes extérieures: the public's, not the staff's
        ("6234", "", "restauration"),  # Réceptions
        ("6184", "", "formation"),  # Versements à des organismes de formation
        ("6183", "", "formation"),  # Frais de formation (personnel extérieur)
        ("617", "Étude des besoins", ""),  # Études et recherches
        ("617", "Évaluations du dispositif", "évaluation"),
        ("611", "Gestion de projets", "gestion de projet"),
        ("611", "Réunion d'information", ""),
        ("6228", "Photocopies", "reprographie"),
        ("65748", "Formation des salariés en insertion", ""),  # Subvention, not a service
        ("21838", "", "investissement"),  # Autre matériel informatique
        ("2051", "Logiciel de suivi", ""),  # Concessions et droits similaires
        ("2053", "", "investissement"),  # Droit de superficie
        ("2324", "", "investissement"),  # Subventions d'équipement versées, en cours
        ("2328", "Développement", ""),  # Autres immobilisations incorporelles en cours
        ("2748", "", "investissement"),  # Autres prêts
        ("65811", "Hébergement du logiciel", ""),  # Droits d'utilisation, informatique en nuage
        ("64131", "", ""),
        ("", "", ""),
    ],
)
def test_ineligible_accounts(nature, objet, reason):
    found = ineligible_reason(CONTRATS["emploi"], "v2", "v2-7", nature, objet)[0]
    assert (reason in found and found.endswith("(art. 4.2)")) if reason else found == ""


def test_a_rule_can_aim_at_one_volet():
    rule = Ineligible(code="x", motif="x", article="art. 4.2", natures=["6"], groupes=["v2"])
    contrat = fabrique.contrat(ineligibles=[rule])
    assert ineligible_reason(contrat, "v2", "v2-7", "611", "") == ("x (art. 4.2)", False)
    assert ineligible_reason(contrat, "v3", "v3-1", "611", "") == ("", False)


# --- the engine on generated ledgers --------------------------------------------------------

ACTIONS = [
    *(("solidarites", code) for code in ("1", "4", "12", "16")),
    *(("emploi", code) for code in ("v1-1", "v1-2", "v2-1", "v2-7", "v3-1")),
]
LINE = {
    "exercice": 2024,
    "numero_ligne": "1",
    "date_emission": date(2024, 5, 2),
    "mandat_origine": "",
    "fonction": "",
    "convention": "",
    "tiers": "",
    "date_paiement": date(2024, 6, 3),
    "id_engagement": "",
    "date_service": None,
    "poste": "",
}


def _line(number: int, contrat: str, action: str, amount: int, **more) -> dict:
    fields = {"nature": "65748", "objet": "", "type": "ordinaire"}
    head = {"numero_mandat": str(number), "code_analytique": f"{contrat}/{action}"}
    return {**LINE, **fields, **head, "montant": amount, **more}


def _rules() -> pd.DataFrame:
    columns = dict.fromkeys(("convention", "nature", "fonction", "tiers", "objet", "motif"), "")
    return pd.DataFrame(
        [
            columns
            | {"priorite": 1, "code_analytique": f"{c}/{a}", "contrat": c, "action": a}
            | {"quote_part": F(1), "ligne": rank}
            for rank, (c, a) in enumerate(ACTIONS, start=2)
        ]
    )


def _depot(lines: list[dict], receipts: list[tuple] = (), year: int = 2024, **tables) -> Depot:
    names = ["contrat", "action", "financeur", "montant"]
    recettes = pd.DataFrame(receipts, columns=names).assign(
        exercice=year,
        date=date(year, 7, 1),
        date_encaissement=date(year, 7, 1),
        exercice_origine=None,
    )
    columns = list(_line(0, "", "", 0))
    mandats = pd.DataFrame(lines, columns=columns).astype({"montant": "int64"})
    files = dict(mandats=mandats, affectations=_rules(), recettes=recettes)
    return Depot("55", year, **files, **tables)


def _run(*depots: Depot, lectures: dict | None = None):
    ready = [prepare(depot, CONTRATS) for depot in depots]
    return run(ready, declared(depots), LECTURES_RETENUES | (lectures or {}))


def _rows(regles, year: int = 2024) -> list:
    done = regles.executions[year]
    shown = [c for c in done.par_action if c != "taux"]
    rows = done.par_action[shown].values.tolist() + done.par_financeur.values.tolist()
    return rows + [
        (f.mesure, f.contrat, f.niveau, f.code, f.financeur, f.valeur, f.statut)
        for f in regles_figures(regles, year)
    ]


@st.composite
def ledgers(draw) -> list[dict]:
    natures = ["65748", "611", "6064", "64131", "21838"]
    words = ["", "évaluation", "information"]
    rows = draw(
        st.lists(
            st.tuples(
                st.sampled_from(ACTIONS),
                st.integers(0, 60_000_000),
                st.sampled_from(natures),
                st.sampled_from(words),
                st.booleans(),
            ),
            max_size=8,
        )
    )
    return [
        _line(n, c, a, amount, nature=nature, objet=objet)
        | ({} if paid else {"date_paiement": None})
        for n, ((c, a), amount, nature, objet, paid) in enumerate(rows, start=1)
    ]


RECEIPTS = st.lists(
    st.tuples(
        st.sampled_from(
            [
                *(("solidarites", "1", "caf"), ("solidarites", "4", "ars")),
                *(("solidarites", "", "etat"), ("emploi", "v2-1", "fse"), ("emploi", "v2", "etat")),
                *(("emploi", "v1", "etat"), ("solidarites", "12", "autres")),
            ]
        ),
        st.integers(0, 40_000_000),
    ),
    max_size=5,
).map(lambda rows: [(*place, amount) for place, amount in rows])
READINGS = st.sampled_from(
    [
        {},
        {"cle-du-plan": "etat-d-abord"},
        {"cle-du-plan": "departement-d-abord"},
        {"plafond-volet-ou-action": "action"},
        {"base-volet-2": "cout-total"},
    ]
)
FEW = settings(max_examples=20, deadline=None)


@FEW
@given(ledgers(), RECEIPTS, READINGS)
def test_shares_always_sum_to_the_whole(lines, receipts, readings):
    """Funders sum to the realised expenditure of each action; the State stays under its ceiling."""
    regles = _run(_depot(lines, receipts), lectures=readings)
    done = regles.executions[2024]
    spent = {(r.contrat, r.action): r.realise for r in done.par_action.itertuples()}
    sums: dict = {}
    volets: dict = {}
    for r in done.par_financeur.itertuples():
        sums[r.contrat, r.action] = sums.get((r.contrat, r.action), 0) + r.consomme
        if r.financeur == "etat" and r.contrat == "solidarites":
            assert r.consomme <= r.prevu
        if r.financeur == "etat" and r.contrat == "emploi":
            volets[r.groupe] = volets.get(r.groupe, 0) + r.consomme
    assert sums == {key: spent[key] for key in sums}
    tops = {"v1": 10_600_000, "v2": 17_969_700, "v3": 47_925_000}
    assert all(volets[key] <= top for key, top in tops.items())


@FEW
@given(ledgers(), RECEIPTS, st.randoms())
def test_permuting_lines_changes_nothing(lines, receipts, random):
    one = _rows(_run(_depot(lines, receipts)))
    random.shuffle(lines)
    random.shuffle(receipts)
    assert _rows(_run(_depot(lines, receipts))) == one


@FEW
@given(ledgers(), RECEIPTS, st.integers(0, 8), st.booleans())
def test_a_line_and_its_cancellation_are_neutral(lines, receipts, rank, own):
    """Whether the cancellation repeats the account and the wording of its origin or not."""
    base = _rows(_run(_depot(lines, receipts)))
    action = ACTIONS[rank]
    added = _line(900, *action, 12_345, nature="611", objet="évaluation")
    taken = _line(901, *action, 12_345, type="annulation", mandat_origine="900")
    taken |= {"date_paiement": None, "nature": "611" if own else ""}
    taken |= {} if own else {"code_analytique": ""}
    assert _rows(_run(_depot([*lines, added, taken], receipts))) == base


@FEW
@given(ledgers(), RECEIPTS, st.integers(0, 7), st.integers(0, 10**8))
def test_splitting_a_mandate_in_two_changes_nothing(lines, receipts, rank, cut):
    if not lines:
        return
    base = _rows(_run(_depot(lines, receipts)))
    line = lines[rank % len(lines)]
    part = cut % (line["montant"] + 1)
    parts = [line | {"montant": part}, line | {"montant": line["montant"] - part}]
    parts[1]["numero_ligne"] = "2"
    others = [other for other in lines if other is not line]
    assert _rows(_run(_depot([*others, *parts], receipts))) == base


@FEW
@given(ledgers(), RECEIPTS)
def test_balance_reconciles_with_eligible_cost(lines, receipts):
    """paid + balance − overpayment = due; due = half of (cost − third parties) within the ceiling
    for volet 2 (art. 3.3, 4.1, 6), the cost within the lump sum for volet 1 (art. 4.1, 8)."""
    regles = _run(_depot(lines, receipts))
    rows = regles.executions[2024].par_action
    for volet in ("v1", "v2"):
        s = regles.soldes[2024, "emploi", volet]
        assert s.cout == sum(rows[rows["groupe"] == volet]["realise"])
        assert s.base == s.cout - s.tiers
        assert s.verse + s.solde - s.trop_percu == s.du
        assert min(s.solde, s.trop_percu) == 0
    assert s.du == min(max(0, s.base) // 2, 17_969_700)
    one = regles.soldes[2024, "emploi", "v1"]
    assert one.du == min(max(0, one.cout), 10_600_000)


@given(
    st.lists(st.tuples(st.integers(0, 10**7), st.integers(0, 10**7)), min_size=1, max_size=6),
    st.sampled_from(["plein-droit", "accord"]),
)
def test_a_chain_loses_nothing(years, reading):
    """Credits of every year = consumed + repaid + last balance kept (or owed)."""
    credits = {2020 + n: credit for n, (credit, _) in enumerate(years)}
    used = {2020 + n: spent for n, (_, spent) in enumerate(years)}
    # A rights chain never consumes more than it has.
    capped, left = {}, 0
    for year, credit in credits.items():
        capped[year] = min(used[year], credit + left)
        left = 0 if reading == "accord" else credit + left - capped[year]
    links = chain(credits, capped, fin=2020 + len(years) - 1, lecture=reading)
    assert links[-1].a_reporter == 0
    repaid = sum(link.a_rembourser for link in links)
    assert sum(credits.values()) == sum(capped.values()) + repaid


@given(
    st.dictionaries(st.sampled_from(["etat", "cd", "caf", "ars"]), st.integers(0, 10**7)),
    st.integers(-(10**7), 3 * 10**7),
    st.dictionaries(st.sampled_from(["caf", "ars", "fse"]), st.integers(0, 10**7)),
    st.integers(0, 10**6),
)
def test_consumption_is_exact_whatever_the_plan(plan, realise, receipts, report):
    carried = {"etat": report, "cd": report}
    third = third_parties(plan, realise, receipts)
    assert 0 <= sum(third.values()) <= max(0, realise)
    parts = consumption(plan, realise, third, carried)
    assert sum(parts.values()) == realise
    assert parts.get("etat", 0) <= plan.get("etat", 0) + report
    backwards = third_parties(plan, realise, dict(reversed(receipts.items())))
    assert consumption(plan, realise, backwards, carried) == parts


# --- carry-overs and staff, by hand ---------------------------------------------------------


def test_a_late_payment_is_not_carried_over_twice():
    """2024: 15 000 € spent, State 7 500, nothing paid: what is carried is its debt, 7 500.
    2025: it pays 10 000 for 2024: 10 000 − 7 500 = 2 500 are free, not 10 000."""
    later = {"exercice": 2025, "date_emission": date(2025, 5, 2)}
    regles = _run(
        _depot([_line(1, "solidarites", "12", 1_500_000)]),
        _depot(
            [_line(2, "solidarites", "12", 0, **later)],
            [("solidarites", "12", "etat", 1_000_000)],
            2025,
        ),
    )
    assert regles.chaines[2024, "solidarites", "12"].etat.a_reporter == -750_000
    cash = regles.chaines[2025, "solidarites", "12"].caisse
    assert (cash.dotation, cash.recu, cash.disponible) == (1_000_000, -750_000, 250_000)


def test_the_previous_exercise_missing_is_unknown_never_zero():
    """2025 alone, first exercise of the contract 2024: what was carried over is not known."""
    regles = _run(_depot([], year=2025))
    chaine = regles.chaines[2025, "solidarites", "12"]
    assert (chaine.droits.recu, chaine.etat.a_reporter) == (None, None)
    solde = regles.soldes[2025, "emploi", "v3"]
    assert (solde.cout, solde.du, solde.solde) == (None, None, None)


def test_a_line_of_an_action_of_a_later_avenant_is_not_assigned():
    """The action does not exist in the version of the exercise: the line is shown apart."""
    depot = _depot([_line(1, "emploi", "v3-1", 500), _line(2, "emploi", "v3-7", 900)])
    extra = depot.affectations.iloc[[0]].assign(code_analytique="emploi/v3-7", action="v3-7")
    depot.affectations = pd.concat([depot.affectations, extra.assign(contrat="emploi")])
    done = _run(depot).executions[2024]
    assert done.non_affecte["montant_signe"].tolist() == [900]


def test_two_amounts_for_one_carry_over_are_refused():
    columns = ["contrat", "action", "financeur", "exercice_origine", "montant", "accord_le"]
    columns += ["ligne", "fichier"]
    rows = [
        ("solidarites", "7", "etat", 2024, amount, None, 2, f) for amount, f in ((1, "a"), (2, "b"))
    ]
    depots = [fabrique.depot(reports=pd.DataFrame([row], columns=columns)) for row in rows]
    with pytest.raises(BilanError, match="b, ligne 2, champ « montant » : attendu le montant déjà"):
        declared(depots)
    same = [fabrique.depot(reports=pd.DataFrame([rows[0]], columns=columns))] * 2
    assert declared(same)["solidarites", "7", "etat"] == {2024: Declare(2024, 1, None, 2)}


def test_staff_cost_by_day_and_by_thirtieth():
    """3 100 € a month from 17 to 31 January: 15/31 of 3 100 = 1 500; 15/30 = 1 550. A whole month
    costs a month in both. Cut at the closing date; an empty end goes on."""
    row = ("emploi", "v1-1", 2, F(1), 310_000, date(2024, 1, 17), None)
    columns = ["contrat", "action", "ligne", "quotite", "cout_mensuel_charge", "debut", "fin"]
    frame = pd.DataFrame([row], columns=columns)
    until = date(2024, 2, 29)
    assert staff_costs(frame, 2024, until)["montant"].tolist() == [150_000, 310_000]
    thirty = staff_costs(frame, 2024, until, "trentiemes")
    assert thirty["montant"].tolist() == [155_000, 310_000]
    assert sum(staff_costs(frame, 2024)["montant"]) == 150_000 + 11 * 310_000
    assert len(staff_costs(frame, 2023)) == 0 and staff_costs(None, 2024) is None


def test_months_of_a_staff_line_sum_to_its_rounded_cost():
    """1/3 of 1 000 € for January and February 2024: 333,33 + 333,33 exactly 666,666… -> 666,67."""
    row = ("emploi", "v1-1", 2, F(1, 3), 100_000, date(2024, 1, 1), date(2024, 2, 29))
    columns = ["contrat", "action", "ligne", "quotite", "cout_mensuel_charge", "debut", "fin"]
    months = staff_costs(pd.DataFrame([row], columns=columns), 2024)["montant"].tolist()
    assert months == [33_334, 33_333]


# --- readings -------------------------------------------------------------------------------


def test_every_reading_runs_and_the_kept_ones_change_nothing():
    temps = pd.DataFrame(
        [("P", "emploi", "v3-1", 2, F(1, 2), 400_000, date(2024, 3, 10), None)],
        columns=["poste", "contrat", "action", "ligne", "quotite", "cout_mensuel_charge"]
        + ["debut", "fin"],
    )
    lines = [
        _line(1, "solidarites", "1", 4_000_000),
        _line(2, "emploi", "v3-1", 5_000_000, nature="64131", date_emission=date(2024, 4, 4)),
        _line(5, "emploi", "v3-1", 5_000_000, date_emission=date(2024, 3, 4)),
        _line(3, "emploi", "v2-7", 30_000_000),
        _line(4, "emploi", "v1-1", 1_000_000),
    ]
    receipts = [("solidarites", "", "etat", 10_000_000), ("solidarites", "1", "caf", 100)]
    depot = _depot(lines, receipts, temps_agents=temps)
    ready = [prepare(depot, CONTRATS)]
    regles = run(ready, {}, LECTURES_RETENUES)
    frame = effects(ready, regles, load_interpretations(), [2024], load_mesures())
    moved = set(zip(frame["interpretation"], frame["lecture"], strict=True))
    assert {
        ("cle-du-plan", "etat-d-abord"),
        ("verse-reparti-annexe-3", "realise"),
        ("base-des-50-pour-cent", "tous-financeurs"),
        ("plafond-volet-ou-action", "action"),
        ("forfait-volet-1", "forfait"),
        ("forfait-volet-1", "forfait-par-action"),
        ("participation-tiers", "encaissement"),
        ("periode-du-volet", "exercice"),
        ("debut-de-periode", "plan"),
        ("assiette-du-report", "notifie"),
        ("report-accord", "accord"),
        ("realise-annexe-6", "a-c-e"),
        ("double-compte-personnel", "addition"),
        ("double-compte-personnel", "mandats-seuls"),
        ("jour-de-personnel", "trentiemes"),
    } <= moved
    assert not any(code in AUTRES for code, _ in moved)
    assert all(a != b for a, b in zip(frame["retenu"], frame["valeur"], strict=True))
