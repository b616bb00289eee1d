"""The built-in example: two exercises simulated from the real budgets and calendars.

Deterministic: every draw comes from a generator seeded by département, exercise and action, so
that two runs write the same bytes. No person is named; third parties are invented organisations.
"""

from __future__ import annotations

import csv
import hashlib
import io
import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any

from analyses.contrat.load import load_contrats
from analyses.socle.problems import BilanError, Problem, unwritable
from analyses.socle.yaml_files import read_yaml

PRODUCTEUR = "analyses.exemple (simulation)"
EXERCICES = (2024, 2025)
NATURE_SIMULEE = "simulee"
SUFFIXE = ".source.yaml"

COLONNES = {
    table: columns.split()
    for table, columns in {
        "mandats": "exercice numero_mandat numero_ligne date_emission type mandat_origine nature "
        "fonction code_analytique convention tiers objet montant date_paiement id_engagement",
        "affectations": "priorite code_analytique convention nature fonction tiers objet contrat "
        "action quote_part motif",
        "recettes": "exercice numero_titre date contrat action financeur montant date_encaissement",
        "resultats_indicateurs": "contrat action indicateur exercice resultat commentaire source "
        "saisi_le",
        "justifications": "contrat action exercice type texte piece",
        "temps_agents": "poste contrat action quotite cout_mensuel_charge debut fin",
        "engagements": "id_engagement exercice date contrat action objet montant",
        "decisions_eligibilite": "exercice numero_mandat numero_ligne decision motif decide_le "
        "piece",
        "reports": "contrat action financeur exercice_origine exercice_destination montant "
        "accord_le piece",
        "formations_academie": "exercice formation modalite heures inscriptions incomplets "
        "realises repondants satisfaits taux_participation taux_realisation taux_satisfaction",
    }.items()
}
# French exports come in both encodings; the example shows both.
ENCODAGES = {"mandats": {2024: "cp1252", 2025: "utf-8-sig"}, "justifications": {2025: "cp1252"}}

Key = tuple[str, str]


@dataclass(frozen=True)
class Profil:
    """How an action was carried out: percent of its plan spent, months of delay."""

    part: int
    retard: int = 0


# Chosen cases; an action that is not here draws its share between 60 and 97 %.
PROFILS: dict[int, dict[Key, Profil]] = {
    2024: {
        ("solidarites", "2"): Profil(30, 2),
        ("solidarites", "3"): Profil(31, 5),
        ("solidarites", "5"): Profil(22, 6),
        ("solidarites", "6"): Profil(48, 5),
        ("solidarites", "7"): Profil(0),
        ("solidarites", "8"): Profil(96),
        ("solidarites", "12"): Profil(104),
        ("solidarites", "13"): Profil(46, 3),
        ("solidarites", "15"): Profil(25, 7),
        ("solidarites", "16"): Profil(37, 2),
        ("solidarites", "17"): Profil(62),
        ("solidarites", "18"): Profil(41, 3),
        ("solidarites", "19"): Profil(0),
        ("solidarites", "20"): Profil(55, 4),
        ("emploi", "v1-1"): Profil(92),
        ("emploi", "v1-2"): Profil(58, 4),
        ("emploi", "v2-1"): Profil(78, 1),
        ("emploi", "v2-7"): Profil(44, 4),
        ("emploi", "v2-8"): Profil(0),
        # Volet 3 runs over two years: its plan is spent over both.
        ("emploi", "v3-1"): Profil(38, 1),
        ("emploi", "v3-2"): Profil(40),
        ("emploi", "v3-3"): Profil(26, 3),
        ("emploi", "v3-4"): Profil(18, 4),
        ("emploi", "v3-5"): Profil(35, 1),
    },
    2025: {
        ("solidarites", "7"): Profil(52, 3),
        ("solidarites", "8"): Profil(0),
        ("solidarites", "15"): Profil(68, 1),
        ("solidarites", "17"): Profil(70),
        ("solidarites", "18"): Profil(62),
        ("solidarites", "19"): Profil(45, 2),
        ("emploi", "v3-1"): Profil(51),
        ("emploi", "v3-2"): Profil(49),
        ("emploi", "v3-3"): Profil(58),
        ("emploi", "v3-4"): Profil(36),
        ("emploi", "v3-5"): Profil(55),
    },
}
PERSONNEL = {"v1-1", "v1-2", "v2-1", "v3-1", "v3-2"}
FONCTIONS = {"1": "422", "2": "4212", "4": "4214", "7": "4214", "13": "424", "14": "424"} | {
    "15": "423",
    "16": "442",
    "18": "828",
    "19": "424",
    "20": "424",
}
SUBVENTION = [
    ("65748", "acompte de subvention"),
    ("65748", "solde de subvention"),
    ("6568", "participation au partenaire"),
    ("611", "prestation d'accompagnement"),
    ("6228", "intervention auprès du public"),
]
PAIE = [
    ("64131", "rémunération d'un poste dédié"),
    ("64131", "rémunération d'un poste dédié"),
    ("6451", "cotisations d'un poste dédié"),
]
NON_ELIGIBLES = [
    ("6064", "fournitures administratives"),
    ("6251", "frais de déplacement"),
    ("6184", "inscription à une session de formation"),
    ("617", "évaluation externe du dispositif"),
    ("21838", "ordinateurs portables"),
    ("6236", "impression de dépliants"),
    ("6262", "abonnements téléphoniques"),
    ("6234", "repas de réunion"),
    ("6135", "location de salle"),
]
AUTRES_POLITIQUES = [
    ("VOIRIE-12", "6152", "621", "entretien de la chaussée"),
    ("COLLEGES", "60612", "221", "électricité des collèges"),
    ("APA-DOM", "651141", "423", "allocation à domicile"),
    ("CULTURE-3", "65748", "311", "festival d'été"),
    ("SDIS", "6553", "12", "contribution incendie et secours"),
]
CONVENTIONS = {"solidarites": "CLS-55", "emploi": "CIE-55"}
RECETTES_TIERS: dict[int, dict[tuple[str, str, str], int]] = {
    # percent of the funder's plan received; action 10 (CAF) has none on purpose in 2024
    2024: {
        ("solidarites", "1", "caf"): 70,
        ("solidarites", "2", "caf"): 25,
        ("solidarites", "4", "ars"): 80,
        ("solidarites", "13", "ars"): 40,
        ("solidarites", "13", "fse"): 30,
        ("emploi", "v2-1", "fse"): 60,
    },
    2025: {
        ("solidarites", "1", "caf"): 75,
        ("solidarites", "4", "ars"): 85,
        ("solidarites", "10", "caf"): 90,
        ("solidarites", "13", "fse"): 55,
        ("solidarites", "16", "ars"): 60,
    },
}
# Results written by hand, of every shape; the others are drawn around the target.
RESULTATS: dict[int, dict[tuple[str, str, str], str | None]] = {
    2024: {
        ("solidarites", "1", "familles"): "46",
        ("solidarites", "2", "tuteurs-formes"): "0",
        ("solidarites", "5", "jeunes-en-cursus"): "?",
        ("solidarites", "5", "offres-non-pourvues"): None,
        ("solidarites", "7", "jeunes-approches"): "/",
        ("solidarites", "9", "rencontres-territoriales"): "2*2",
        ("solidarites", "9", "recrutement"): "oui",
        ("solidarites", "11", "personnes-formees"): "+18",
        ("solidarites", "11", "cumul-acteurs"): "9",
        ("solidarites", "14", "procedure-partagee"): "non",
        ("solidarites", "15", "gir-nouvelles-demandes"): "X GIR 4",
        ("solidarites", "15", "plans-non-honores"): "61 %",
        ("solidarites", "17", "personnes-accompagnees"): "1 012 (dont 40 relais)",
        ("solidarites", "20", "dossiers-accompagnes"): "",
        ("solidarites", "nat", "aller-vers"): "environ 105",
        ("solidarites", "nat", "dossiers-ccapex"): "243",
        ("solidarites", "nat", "professionnels-formes"): "+27",
        ("solidarites", "nat", "meres-seules"): "Non concerné",
        ("solidarites", "nat", "accompagnement-renforce"): "Non connu",
        ("solidarites", "nat", "mobilite"): None,
        ("emploi", "v2-1", "sorties-positives"): "40%",
        ("emploi", "v2-5", "salaries"): "8 salariés",
        ("emploi", "v2-5", "sorties-positives"): "37,5 %",
        ("emploi", "v2-8", "diagnostic"): "en cours de rédaction",
        ("emploi", "v2-8", "reunions"): None,
        ("emploi", "nat", "nouveaux-entrants"): "1 240",
        ("emploi", "nat", "orientes-15-jours"): "769",
    },
    2025: {
        ("solidarites", "5", "offres-non-pourvues"): "12",
        ("solidarites", "7", "jeunes-approches"): "un territoire retenu, 34 jeunes",
        ("solidarites", "9", "rencontres-territoriales"): "2*3",
        ("solidarites", "11", "cumul-acteurs"): "8",
        ("solidarites", "12", "familles-accompagnees"): None,
        ("solidarites", "14", "procedure-partagee"): "oui",
        ("solidarites", "nat", "mobilite"): None,
        ("solidarites", "nat", "professionnels-formes"): "+21",
        ("emploi", "v2-1", "sorties-positives"): "36%",
        ("emploi", "v2-3", "sorties-emploi"): None,
        ("emploi", "v2-5", "sorties-positives"): "104 %",
        ("emploi", "nat", "nouveaux-entrants"): "1 385",
        ("emploi", "nat", "orientes-15-jours"): "983",
    },
}
JUSTIFICATIONS: dict[int, list[tuple[str, str, str, str, str]]] = {
    2024: [
        ("solidarites", "2", "montee_en_charge", "Démarrage prévu au second semestre.", ""),
        (
            "solidarites",
            "5",
            "justification",
            "Le porteur initial s'est retiré ; un nouveau porteur est conventionné pour 2025.",
            "compte-rendu-comite-simule.pdf",
        ),
        (
            "solidarites",
            "13",
            "montee_en_charge",
            "Équipe recrutée en deux temps ; elle est au complet depuis novembre.",
            "note-recrutement-simulee.pdf",
        ),
        ("solidarites", "16", "montee_en_charge", "Première session à l'automne.", ""),
        (
            "emploi",
            "v1-2",
            "justification",
            "Poste pourvu en mai après deux appels à candidatures infructueux.",
            "offre-emploi-simulee.pdf",
        ),
        ("emploi", "v3-3", "montee_en_charge", "Plateforme ouverte en juillet.", ""),
    ],
    2025: [
        (
            "solidarites",
            "7",
            "montee_en_charge",
            "Le territoire d'intervention a été arrêté au printemps.",
            "deliberation-simulee.pdf",
        ),
        ("solidarites", "19", "justification", "Diagnostic prolongé d'un trimestre.", ""),
    ],
}
# Posts, never people: post, contract, action, part, monthly cost (centimes), first and last day.
# v3-2 also has payroll mandates, which its staff costs set aside.
AGENTS: dict[int, list[tuple[str, str, str, str, int, date, date | None]]] = {
    2024: [
        ("P-01", "solidarites", "9", "0,4", 430_000, date(2024, 3, 4), None),
        ("P-02", "solidarites", "15", "0,1", 390_000, date(2024, 9, 16), date(2024, 12, 31)),
        ("P-03", "emploi", "v3-2", "1", 365_000, date(2024, 7, 1), None),
    ],
    2025: [
        ("P-01", "solidarites", "9", "0,4", 438_000, date(2024, 3, 4), date(2025, 6, 15)),
        ("P-01", "solidarites", "9", "0,5", 438_000, date(2025, 6, 16), None),
        ("P-02", "solidarites", "15", "0,2", 398_000, date(2025, 1, 1), date(2025, 10, 31)),
        ("P-03", "emploi", "v3-2", "0,8", 372_000, date(2024, 7, 1), None),
    ],
}
# Decisions on the first line of an account: contract's code, account, decision, reason.
DECISIONS: dict[int, list[tuple[str, str, str, str]]] = {
    2024: [
        ("EMP-", "617", "eligible", "Étude de besoins, et non évaluation du dispositif"),
        ("SOL-11", "6228", "ineligible", "Intervention étrangère à l'action"),
    ],
    2025: [("EMP-V3", "6184", "eligible", "Atelier destiné au public, et non aux agents")],
}
# Carry-overs of 2024 as the parties wrote them; that of action 19 is 100 € short, on purpose.
REPORTS: dict[int, list[tuple[str, str, str, int, date | None]]] = {
    2024: [],
    2025: [
        ("solidarites", "7", "etat", 200_000, date(2025, 2, 14)),
        ("solidarites", "19", "etat", 490_000, None),
    ],
}
SANS_NARRATIF = {("solidarites", "6"), ("solidarites", "12"), ("emploi", "v3-4")} | {
    ("emploi", "v2-4"),
    ("emploi", "v1-3"),
    ("emploi", "v3-6"),
}


@dataclass
class Ligne:
    """A ledger line before it is numbered; `origine` is the line that it reverses."""

    exercice: int
    emission: date
    type: str
    nature: str
    fonction: str
    code_analytique: str
    convention: str
    tiers: str
    objet: str
    montant: int
    paiement: date | None
    engagement: str
    origine: Ligne | None = None
    numero: str = ""
    rang: int = 1
    suite: bool = False  # a further line of the mandate before it


def _euros(centimes: int, thousands: str = "") -> str:
    """Decimal comma, as the exports write it.

    >>> _euros(123456789, " "), _euros(5)
    ('1 234 567,89', '0,05')
    """
    return f"{centimes // 100:,}".replace(",", thousands) + f",{centimes % 100:02d}"


def _jour(day: date | None) -> str:
    return "" if day is None else day.strftime("%d/%m/%Y")


def _ouvre(day: date) -> date:
    """The day, or the Friday before a week-end.

    >>> _ouvre(date(2024, 6, 9))
    datetime.date(2024, 6, 7)
    """
    return day - timedelta(days=max(0, day.weekday() - 4))


def _parts(rng: Random, total: int, count: int) -> list[int]:
    """`total` in `count` uneven parts, exactly.

    >>> sum(_parts(Random(1), 100_001, 7))
    100001
    """
    weights = [rng.randint(40, 160) for _ in range(count)]
    parts = [total * weight // sum(weights) for weight in weights]
    parts[-1] += total - sum(parts)
    return parts


def code_analytique(contrat: str, action: str) -> str:
    """Analytic code of an action in the simulated ledger.

    >>> code_analytique("solidarites", "7"), code_analytique("emploi", "v2-1")
    ('SOL-07', 'EMP-V2-1')
    """
    return f"SOL-{int(action):02d}" if contrat == "solidarites" else f"EMP-{action.upper()}"


def _profil(key: Key, exercice: int, rng: Random) -> Profil:
    drawn = Profil(rng.randint(60, 97))
    return PROFILS[exercice].get(key, drawn)


def _debut(calendrier: Any, exercice: int, retard: int) -> date:
    """First day on which a line may be issued: the calendar's start plus the delay."""
    start = max(calendrier.debut or date(exercice, 3, 1), date(exercice, 2, 1))
    month = min(12, start.month + retard)
    return date(exercice, month, min(start.day, 28) if retard == 0 else 5)


def _concerne(contrat: str, action: Any, exercice: int) -> bool:
    """Whether the action spends in the exercise (volets 1 and 2: 2024 only)."""
    return exercice == 2024 or contrat == "solidarites" or action.groupe == "v3"


def _tiers(rng: Random, nature: str) -> str:
    if nature.startswith("64"):
        return "Service paie simulé"
    if nature.startswith("65"):
        return f"Association simulée {rng.choice('ABCDEFGHJKL')}"
    return f"Prestataire simulé {rng.randint(1, 18):02d}"


def _emission(rng: Random, start: date, exercice: int) -> date:
    """A day of the exercise from `start`; one in twelve in the journée complémentaire."""
    if rng.randint(1, 12) == 1:
        return _ouvre(date(exercice + 1, 1, rng.randint(8, 30)))
    span = (date(exercice, 12, 29) - start).days
    day = _ouvre(start + timedelta(days=rng.randint(0, max(0, span))))
    return day if day >= start else start + timedelta(days=(7 - start.weekday()) % 7)


def _lignes_action(
    departement: str, contrat: str, action: Any, exercice: int, rang: int
) -> list[Ligne]:
    """Ordinary lines of one action, drawn around its share of the plan."""
    rng = Random(f"{departement}/{exercice}/{contrat}/{action.code}")
    profil = _profil((contrat, action.code), exercice, rng)
    total = sum((action.plan(2024) or {}).values()) * profil.part // 100
    if total <= 0 or not _concerne(contrat, action, exercice):
        return []
    start = _debut(action.calendrier, exercice, profil.retard)
    count = min(26, 10 + total // 500_000)
    lines: list[Ligne] = []
    for amount in _parts(rng, total, count):
        nature, words = rng.choice(PAIE if action.code in PERSONNEL else SUBVENTION)
        day = _emission(rng, start, exercice)
        paid = None if rng.randint(1, 30) == 1 else day + timedelta(days=rng.randint(4, 28))
        third = _tiers(rng, nature)
        follows = bool(lines) and rng.randint(1, 7) == 1 and third[:4] == lines[-1].tiers[:4]
        if follows:
            day, paid, third = lines[-1].emission, lines[-1].paiement, lines[-1].tiers
        code = code_analytique(contrat, action.code)
        objet = f"{action.libelle} : {words}"
        if (contrat, action.code) == ("solidarites", "20"):
            # Paid on a shared code: the wording is what sends it to its action.
            code, objet = "ACTION-SOCIALE", f"Précarité énergétique : {words}"
        default = "446" if action.groupe == "v1" else "444"
        lines.append(
            Ligne(
                exercice,
                day,
                "ordinaire",
                nature,
                FONCTIONS.get(action.code, default if contrat == "emploi" else "428"),
                code,
                CONVENTIONS[contrat] if rng.randint(0, 1) else "",
                third,
                objet,
                amount,
                paid,
                f"E{exercice % 100}-{rang:03d}",
                suite=follows,
            )
        )
    return lines


def _copie(line: Ligne, **changes: Any) -> Ligne:
    return Ligne(**{**vars(line), "suite": False, **changes})


def _corrections(rng: Random, lines: Sequence[Ligne], exercice: int) -> list[Ligne]:
    """Cancellations (whole) and reductions (part) of about one line in twenty."""
    corrections = []
    for line in lines:
        drawn = rng.randint(1, 45)
        if drawn > 2 or line.nature.startswith("64"):
            continue
        last = date(exercice + 1, 1, 31)
        day = min(_ouvre(line.emission + timedelta(days=rng.randint(12, 60))), last)
        kind = "annulation" if drawn == 1 else "reduction"
        amount = line.montant if drawn == 1 else line.montant * rng.randint(10, 45) // 100
        corrections.append(
            _copie(
                line,
                emission=max(day, line.emission),
                type=kind,
                objet=f"{kind.replace('reduction', 'réduction').capitalize()} : {line.objet}",
                montant=amount,
                paiement=None,
                origine=line,
            )
        )
    return corrections


def _rattachements(rng: Random, lines: Sequence[Ligne]) -> list[Ligne]:
    """Services done in 2024 and not invoiced, on solidarites (the contract that goes on)."""
    chosen = [
        line
        for line in lines
        if line.code_analytique.startswith("SOL-") and line.emission.month in (10, 11)
    ]
    return [
        _copie(
            line,
            emission=date(line.exercice + 1, 1, 15) if rank % 3 else date(line.exercice, 12, 31),
            type="rattachement",
            objet=f"Rattachement, service fait : {line.objet}",
            montant=line.montant * rng.randint(30, 70) // 100,
            paiement=None,
        )
        for rank, line in enumerate(chosen[:14])
    ]


def _suites_de_rattachement(rng: Random, rattachements: Sequence[Ligne]) -> list[Ligne]:
    """In the next exercise: the contrepassation of each rattachement, then its invoice."""
    lines = []
    for line in rattachements:
        year = line.exercice + 1
        lines.append(
            _copie(
                line,
                exercice=year,
                emission=date(year, 2, 3),
                type="contrepassation",
                objet=line.objet.replace("Rattachement", "Contrepassation"),
                origine=line,
                numero="",
            )
        )
        day = _ouvre(date(year, 3, rng.randint(3, 28)))
        lines.append(
            _copie(
                line,
                exercice=year,
                emission=day,
                type="ordinaire",
                objet=line.objet.replace("Rattachement, service fait", "Facture rattachée"),
                montant=line.montant * rng.randint(90, 100) // 100,
                paiement=day + timedelta(days=15),
                numero="",
            )
        )
    return lines


def _divers(departement: str, contrats: Mapping[str, Any], exercice: int) -> list[Ligne]:
    """Lines that are not eligible, that are shared by two actions, or that no rule takes."""
    rng = Random(f"{departement}/{exercice}/divers")
    start = date(exercice, 2, 1)

    def line(nature: str, function: str, code: str, convention: str, objet: str, top: int) -> Ligne:
        day = _emission(rng, start, exercice)
        return Ligne(
            exercice,
            day,
            "ordinaire",
            nature,
            function,
            code,
            convention,
            _tiers(rng, nature),
            objet,
            rng.randint(top // 8, top),
            day + timedelta(days=rng.randint(5, 25)),
            f"E{exercice % 100}-9{rng.randint(10, 99)}",
        )

    lines = []
    targets = [
        code
        for code, action in contrats["emploi"].actions.items()
        if _concerne("emploi", action, exercice) and sum((action.plan(2024) or {}).values())
    ]
    for rank in range(27 if exercice == 2024 else 18):
        nature, words = NON_ELIGIBLES[rank % len(NON_ELIGIBLES)]
        code = code_analytique("emploi", targets[(rank * 7) % len(targets)])
        lines.append(line(nature, "444", code, CONVENTIONS["emploi"], words.capitalize(), 90_000))
    for rank in range(25):
        code, nature, function, words = AUTRES_POLITIQUES[rank % len(AUTRES_POLITIQUES)]
        lines.append(line(nature, function, code, "", words.capitalize(), 400_000))
    for _ in range(12):
        words = "Mobilité : action commune de la plateforme et de l'expérimentation"
        lines.append(line("65748", "828", "MOBILITE", CONVENTIONS["solidarites"], words, 250_000))
    for _ in range(5):
        words = "Comité de suivi du Pacte"
        lines.append(line("6228", "428", "", CONVENTIONS["solidarites"], words, 90_000))
    return lines


def _numerotees(lines: Iterable[Ligne], exercice: int) -> list[Ligne]:
    """Lines in order of issue with their mandate numbers (distinct from one year to the next)."""
    ordered = sorted(lines, key=lambda line: (line.emission, line.origine is not None))
    count = 0
    previous: Ligne | None = None
    for line in ordered:
        if (
            previous is not None
            and line.suite
            and (line.emission, line.engagement, line.tiers)
            == (previous.emission, previous.engagement, previous.tiers)
        ):
            line.numero, line.rang = previous.numero, previous.rang + 1
        else:
            count += 1
            line.numero, line.rang = f"{exercice % 100}{count:05d}", 1
        previous = line
    return ordered


def _grand_livre(departement: str, contrats: Mapping[str, Any]) -> dict[int, list[Ligne]]:
    """Ledger lines of both exercises (2025 undoes the rattachements of 2024)."""
    ledger: dict[int, list[Ligne]] = {}
    carried: list[Ligne] = []
    for exercice in EXERCICES:
        lines: list[Ligne] = []
        actions = [(c.code, a) for c in contrats.values() for a in c.actions.values()]
        for rank, (code, action) in enumerate(actions, start=1):
            lines += _lignes_action(departement, code, action, exercice, rank)
        rng = Random(f"{departement}/{exercice}/corrections")
        others = _divers(departement, contrats, exercice)
        corrections = _corrections(rng, lines, exercice)
        tail = _suites_de_rattachement(rng, carried)
        carried = _rattachements(rng, lines) if exercice == EXERCICES[0] else []
        ledger[exercice] = _numerotees([*lines, *others, *corrections, *tail, *carried], exercice)
    return ledger


def _mandats(lines: Sequence[Ligne]) -> list[list[str]]:
    return [
        [
            str(line.exercice),
            line.numero,
            # A reversal carries the line number of what it reverses.
            str(line.origine.rang if line.origine else line.rang),
            _jour(line.emission),
            line.type,
            line.origine.numero if line.origine else "",
            line.nature,
            line.fonction,
            line.code_analytique,
            line.convention,
            line.tiers,
            line.objet,
            _euros(line.montant, "\u00a0" if line.exercice == 2024 else ""),
            _jour(line.paiement),
            line.engagement,
        ]
        for line in lines
    ]


def _affectations(contrats: Mapping[str, Any]) -> list[list[str]]:
    """Wording first, then the shared code, then one code per action, then the fallbacks."""
    cls, cie = CONVENTIONS["solidarites"], CONVENTIONS["emploi"]
    shared = "Plateforme et expérimentation financées ensemble"
    rows = [
        ["10", "", "", "", "", "", "précarité énergétique", "solidarites", "20", "1"]
        + ["Code partagé : l'objet désigne l'action"],
        ["20", "MOBILITE", "", "", "", "", "", "solidarites", "17", "0,6", shared],
        ["20", "MOBILITE", "", "", "", "", "", "solidarites", "18", "0,4", shared],
    ]
    for contrat in contrats.values():
        for code in contrat.actions:
            analytic = code_analytique(contrat.code, code)
            rows.append(
                ["30", analytic, "", "", "", "", "", contrat.code, code, "1", "Code analytique"]
            )
    rows.append(["90", "", cie, "64", "", "", "", "emploi", "v2-1", "1", "Postes de la convention"])
    rows.append(["91", "", cls, "", "", "", "", "solidarites", "9", "1", "Ingénierie par défaut"])
    return rows


def _recettes(contrats: Mapping[str, Any], exercice: int) -> list[list[str]]:
    """Payments of the State (2024) and receipts of the other funders."""
    rows: list[tuple[date, str, str, str, int, date | None]] = []
    if exercice == 2024:
        whole = int(contrats["solidarites"].clauses["soutien_2024"].valeur) * 100
        paid = date(2024, 7, 12)
        rows.append((date(2024, 7, 4), "solidarites", "", "etat", whole, paid))
        clauses = contrats["emploi"].clauses
        share = Fraction(str(clauses["avance"].valeur))
        for group in ("v1", "v2", "v3"):
            advance = int(int(clauses[f"plafond_{group}"].valeur) * 100 * share)
            rows.append((date(2024, 7, 8), "emploi", group, "etat", advance, date(2024, 7, 19)))
    for rank, ((contrat, code, funder), percent) in enumerate(RECETTES_TIERS[exercice].items()):
        plan = contrats[contrat].actions[code].plan(2024) or {}
        amount = plan.get(funder, 0) * percent // 100
        day = _ouvre(date(exercice, 9, 10) + timedelta(days=11 * rank))
        rows.append((day, contrat, code, funder, amount, day + timedelta(days=14)))
    # A title issued and not yet cashed.
    day = date(exercice, 12, 18)
    rows.append((day, "solidarites", "1", "caf", 150_000, None))
    rows.sort(key=lambda row: row[0])
    return [
        [str(exercice), f"T{exercice % 100}{number:04d}", _jour(day), contrat, code, funder]
        + [_euros(amount, "\u202f") + "\u00a0€", _jour(cashed)]
        for number, (day, contrat, code, funder, amount, cashed) in enumerate(rows, start=1)
    ]


def _agents(exercice: int) -> list[list[str]]:
    return [
        [post, contrat, action, part, _euros(cost, "\u202f"), _jour(start), _jour(end)]
        for post, contrat, action, part, cost, start, end in AGENTS[exercice]
    ]


def _destinations(line: Ligne) -> list[tuple[str, str, Fraction]]:
    """Actions that the rules of the example send a line to (empty: none)."""
    code = line.code_analytique
    if code == "MOBILITE":
        return [
            ("solidarites", "17", Fraction(3, 5)),
            ("solidarites", "18", Fraction(2, 5)),
        ]
    if code == "ACTION-SOCIALE":
        return [("solidarites", "20", Fraction(1))]
    if code.startswith("SOL-"):
        return [("solidarites", str(int(code[4:])), Fraction(1))]
    if code.startswith("EMP-"):
        return [("emploi", code[4:].lower(), Fraction(1))]
    return []


def _engagements(departement: str, lines: Sequence[Ligne], exercice: int) -> list[list[str]]:
    """One commitment per engagement number and action, a little above what was mandated; one in
    five is cut down at the end of the year."""
    rng = Random(f"{departement}/{exercice}/engagements")
    sums: dict[tuple[str, str, str], tuple[date, int]] = {}
    for line in lines:
        for contrat, action, part in _destinations(line) if line.type == "ordinaire" else []:
            key = (line.engagement, contrat, action)
            first, amount = sums.get(key, (line.emission, 0))
            sums[key] = (min(first, line.emission), amount + int(line.montant * part))
    rows: list[tuple[date, list[str]]] = []
    for (number, contrat, action), (first, amount) in sorted(sums.items()):
        day = _ouvre(max(date(exercice, 1, 3), first - timedelta(days=rng.randint(8, 40))))
        engaged = -(-amount * rng.randint(100, 118) // 10_000) * 100
        head = [number, str(exercice)]
        tail = [contrat, action]
        rows.append((day, [*head, _jour(day), *tail, "Engagement simulé", _euros(engaged)]))
        if rng.randint(1, 5) == 1 and engaged > amount:
            last = date(exercice, 12, 20)
            cut = f"-{_euros(engaged - amount)}"
            rows.append((last, [*head, _jour(last), *tail, "Dégagement simulé", cut]))
    return [row for _, row in sorted(rows)]


def _decisions(lines: Sequence[Ligne], exercice: int) -> list[list[str]]:
    """A decision on the first ordinary line of each account listed in DECISIONS."""
    rows = []
    for code, nature, decision, reason in DECISIONS[exercice]:
        line = next(
            line
            for line in lines
            if line.type == "ordinaire"
            and line.nature == nature
            and line.code_analytique.startswith(code)
        )
        day = _jour(date(exercice + 1, 2, 12))
        rows.append(
            [str(exercice), line.numero, str(line.rang), decision, f"{reason} (décision simulée)"]
            + [day, "releve-de-decisions-simule.pdf"]
        )
    return rows


def _reports(exercice: int) -> list[list[str]]:
    return [
        [contrat, action, funder, str(exercice - 1), str(exercice), _euros(amount), _jour(agreed)]
        + ["annexe-6-simulee.pdf"]
        for contrat, action, funder, amount, agreed in REPORTS[exercice]
    ]


def _resultat(cell: Any, rng: Random, sens: str) -> str | None:
    """A result written as its target is; None when the target says nothing to compare with."""
    percent = rng.choice([0, 45, 70, 85, 95, 100, 100, 105, 120])
    if sens == "baisse":
        percent = 200 - percent
    if cell.type == "sans_objet":
        return "/"
    if cell.valeur is None:
        return None if cell.type in ("vide", "non_concerne") else str(rng.randint(0, 9))
    value = cell.valeur * percent / 100
    if cell.type == "taux":
        return f"{round(value * 100)} %"
    if cell.type == "increment":
        return f"+{round(value)}"
    if cell.type == "produit":
        return "2*1" if percent < 90 else "2*2"
    if cell.type == "booleen":
        return "oui" if percent >= 100 else "non"
    return str(round(value))


def _commentaire(text: str) -> str:
    return "Valeur déclarée par le pilote (donnée simulée)" if text else "À compléter"


def _resultats(departement: str, contrats: Mapping[str, Any], exercice: int) -> list[list[str]]:
    rows = []
    for contrat in contrats.values():
        indicators = [(a.code, i) for a in contrat.actions.values() for i in a.indicateurs]
        indicators += [("nat", i) for i in contrat.nationaux]
        for action, indicator in indicators:
            key = (contrat.code, action, indicator.code)
            rng = Random(f"{departement}/{exercice}/{'/'.join(key)}")
            drawn = _resultat(indicator.cell(exercice), rng, indicator.sens)
            text = RESULTATS[exercice].get(key, drawn)
            if text is None:
                continue
            day = date(exercice + 1, 2, rng.randint(3, 26))
            source = rng.choice(["Pilote de l'action", "Tableau de suivi simulé", "Partenaire"])
            rows.append([*key, str(exercice), text, _commentaire(text), source, _jour(day)])
    return rows


FORMATIONS = [
    ("Accompagnement rénové, socle commun", "présentiel"),
    ("Accompagnement rénové, socle commun", "en ligne"),
    ("Diagnostic partagé des situations", "distanciel"),
    ("Entretien d'orientation", "présentiel"),
    ("Outils numériques du suivi", "en ligne"),
    ("Offre de services et cartographie", "distanciel"),
    ("Atelier sur mesure d'un site", "atelier"),
]


def _formations(departement: str, exercice: int) -> list[list[str]]:
    """Collective counts of training: no row stands for a person."""
    rows = []
    for formation, modalite in FORMATIONS:
        rng = Random(f"{departement}/{exercice}/{formation}/{modalite}")
        inscrits = 3 if modalite == "atelier" else rng.randint(12, 46)
        realises = inscrits * rng.randint(55, 90) // 100
        incomplets = (inscrits - realises) * rng.randint(0, 60) // 100
        reponses = realises * rng.randint(50, 95) // 100
        satisfaits = reponses * rng.randint(70, 100) // 100
        heures = Fraction(realises * rng.choice([7, 14]), 2)
        shown = [
            f"{round(Fraction(100 * part, whole))} %" if whole else ""
            for part, whole in (
                (realises + incomplets, inscrits),
                (realises, inscrits),
                (satisfaits, reponses),
            )
        ]
        counts = [inscrits, incomplets, realises, reponses, satisfaits]
        hours = f"{float(heures):g}".replace(".", ",")
        rows.append([str(exercice), formation, modalite, hours, *map(str, counts), *shown])
    return rows


def _narratif(contrat: str, action: Any, exercice: int) -> str:
    """A short narrative, marked as simulated, that follows the profile of the action."""
    profil = PROFILS[exercice].get((contrat, action.code), Profil(80))
    if profil.part == 0:
        state = f"L'action n'a pas donné lieu à dépense en {exercice}."
    elif profil.part < 50:
        state = "L'action avance moins vite que prévu ; une partie des crédits reste à engager."
    else:
        state = "L'action se déroule pour l'essentiel comme prévu."
    delay = (
        f"Le démarrage a pris environ {profil.retard} mois de retard."
        if profil.retard
        else "Aucun retard de démarrage n'est à signaler."
    )
    if profil.part == 0:
        delay = "Les partenaires se sont réunis pour préparer la suite."
    steps = [s.libelle for s in action.calendrier.etapes if s.date.startswith(str(exercice))]
    expected = f"Étape prévue au calendrier : {steps[0].rstrip('.')}." if steps else ""
    body = " ".join(part for part in (state, delay, expected) if part)
    return (
        f"*Texte simulé pour l'exemple : il ne décrit aucune action réelle.*\n\n{body}\n\n"
        f"Suite envisagée : point d'étape avec les partenaires au premier trimestre "
        f"{exercice + 1}.\n"
    )


def _csv(columns: Sequence[str], rows: Iterable[Sequence[str]], encoding: str) -> bytes:
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=";", lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return buffer.getvalue().encode(encoding)


def _sidecar(content: bytes, exercice: int) -> bytes:
    digest = hashlib.sha256(content).hexdigest()
    return (
        f'producteur: "{PRODUCTEUR}"\n'
        f'recu_le: "{exercice + 1}-03-01"\n'
        f'sha256: "{digest}"\n'
        f"nature: {NATURE_SIMULEE}\n"
    ).encode()


def simulate(departement: str, contrats: Mapping[str, Any], exercice: int) -> dict[str, bytes]:
    """Every file of one exercise: path relative to its folder -> content.

    >>> files = simulate("55", load_contrats("55"), 2024)
    >>> files["mandats.csv"].splitlines()[0].split(b";")[:3]
    [b'exercice', b'numero_mandat', b'numero_ligne']
    """
    ledger = _grand_livre(departement, contrats)[exercice]
    tables = {
        "mandats": _mandats(ledger),
        "affectations": _affectations(contrats),
        "recettes": _recettes(contrats, exercice),
        "resultats_indicateurs": _resultats(departement, contrats, exercice),
        "justifications": [
            [contrat, code, str(exercice), kind, text, piece]
            for contrat, code, kind, text, piece in JUSTIFICATIONS[exercice]
        ],
        "temps_agents": _agents(exercice),
        "engagements": _engagements(departement, ledger, exercice),
        "decisions_eligibilite": _decisions(ledger, exercice),
        "reports": _reports(exercice),
        "formations_academie": _formations(departement, exercice),
    }
    files: dict[str, bytes] = {}
    for table, rows in tables.items():
        if not rows:
            continue
        encoding = ENCODAGES.get(table, {}).get(exercice, "utf-8-sig")
        content = _csv(COLONNES[table], rows, encoding)
        files[f"{table}.csv"] = content
        files[f"{table}.csv{SUFFIXE}"] = _sidecar(content, exercice)
    for contrat in contrats.values():
        for code, action in contrat.actions.items():
            kept = (contrat.code, code) not in SANS_NARRATIF
            if kept and _concerne(contrat.code, action, exercice):
                text = _narratif(contrat.code, action, exercice)
                files[f"etat_avancement/{contrat.code}-{code}.md"] = text.encode()
    return files


def _simulated(path: Path) -> tuple[bool, str]:
    """Whether an existing file is the example's own, and what was found otherwise."""
    if path.suffix == ".md":
        own = "Texte simulé pour l'exemple" in path.read_text(encoding="utf-8", errors="replace")
        return own, "un texte qui n'est pas celui de l'exemple"
    sidecar = path.with_name(path.name + SUFFIXE)
    if not sidecar.exists():
        return False, "un fichier sans provenance"
    source = read_yaml(sidecar)
    if not isinstance(source, dict) or source.get("nature") != NATURE_SIMULEE:
        return False, "un fichier de nature « reelle » ou non renseignée"
    if source.get("sha256") != hashlib.sha256(path.read_bytes()).hexdigest():
        return False, "un fichier modifié depuis sa simulation"
    return True, ""


def _refusals(folder: Path, label: str) -> list[Problem]:
    """One problem per existing file that the example would overwrite and did not make."""
    problems = []
    for path in sorted(folder.rglob("*")) if folder.exists() else []:
        if not path.is_file() or path.name.startswith(".") or path.name.endswith(SUFFIXE):
            continue
        own, found = _simulated(path)
        if not own:
            problems.append(
                Problem(
                    f"{label}/{path.relative_to(folder).as_posix()}",
                    attendu="un dossier vide ou fait des seuls fichiers de l'exemple",
                    trouve=found,
                    remede="choisissez un autre dossier, ou déplacez ce fichier",
                )
            )
    return problems


def _swap(new: Path, folder: Path, old: Path) -> None:
    """Put `new` in the place of `folder`, hidden files kept; undone when it fails."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    if not folder.exists():
        os.replace(new, folder)
        return
    for hidden in folder.glob(".*"):
        if hidden.is_file():
            shutil.copy2(hidden, new / hidden.name)
    os.replace(folder, old)
    try:
        os.replace(new, folder)
    except OSError:
        os.replace(old, folder)
        raise


def _check_exercices(exercices: Sequence[int]) -> None:
    unknown = [year for year in exercices if year not in EXERCICES]
    if unknown:
        raise BilanError(
            [
                Problem(
                    "exemple",
                    champ="exercices",
                    attendu="2024 ou 2025",
                    trouve=", ".join(str(year) for year in unknown),
                    remede="l'exemple ne simule que ces deux exercices",
                )
            ]
        )


def write_example(
    dest: Path, departement: str = "55", exercices: Sequence[int] = EXERCICES
) -> list[Path]:
    """Write the simulated exercises under `dest/<departement>/<exercice>/`; the files written.

    Refuses (`BilanError`) a folder that holds anything else than an earlier example.

    >>> import tempfile
    >>> paths = write_example(Path(tempfile.mkdtemp()), exercices=(2024,))
    >>> sorted(p.name for p in paths if p.suffix == ".csv")[:2]
    ['affectations.csv', 'decisions_eligibilite.csv']
    """
    _check_exercices(exercices)
    contrats = load_contrats(departement)
    folders = {year: dest / departement / str(year) for year in exercices}
    problems = [
        problem
        for year, folder in folders.items()
        for problem in _refusals(folder, f"{departement}/{year}")
    ]
    if problems:
        raise BilanError(problems)
    written: list[Path] = []
    temporary: Path | None = None
    try:
        dest.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=".exemple-", dir=dest))
        for year, folder in folders.items():
            for name, content in simulate(departement, contrats, year).items():
                path = temporary / str(year) / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
                written.append(folder / name)
        for year, folder in folders.items():
            _swap(temporary / str(year), folder, temporary / f"ancien-{year}")
    except OSError as error:
        raise unwritable(dest, error, "indiquez-en un autre avec --sortie") from None
    finally:
        if temporary is not None:
            shutil.rmtree(temporary, ignore_errors=True)
    return written
