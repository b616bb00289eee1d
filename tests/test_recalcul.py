"""Figures recomputed line by line from the words of the contract, on files as exports write them.

Nothing of the analyses is used here but the plan of each action: realised and excluded expenditure,
unassigned lines, payments of the State, journée complémentaire, closing date, sums by funder.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections import defaultdict
from fractions import Fraction
from pathlib import Path
from random import Random

import pytest

from analyses.bilan import load
from analyses.contrat.load import load_contrats
from analyses.socle import paths

HEADERS = ["Exercice", "N° mandat\t", "N°\nligne", "Date d'émission", "Type", "Mandat d'origine"]
HEADERS += ["Compte", "Fonction", "Code analytique", "Convention", "Nom du tiers"]
HEADERS += ["Objet du mandat", "Montant (€)", "Date paiement", "N° engagement"]
NATURES = ["6568", "65748", "611", "64131", "6064", "6251", "6184", "21838", "6236"]
EXCLUDED = ("606", "6236", "6251", "6184", "21")  # emploi art. 4.2, of the natures above
RULES = [  # priorité, code, convention, nature, objet, contrat, action, quote-part
    (5, "", "CONV-X", "", "", "solidarites", "3", ""),
    (7, "", "", "65", "ÉCOLE", "emploi", "v2-3", "1"),
    (20, "PART", "", "", "", "solidarites", "17", "0,6"),
    (20, "PART", "", "", "", "solidarites", "18", "40 %"),
    (21, "TIERS", "", "", "", "emploi", "v2-1", "1/3"),
    (21, "TIERS", "", "", "", "emploi", "v3-1", "2/3"),
    (90, "V2", "", "", "", "emploi", "v2-7", "1"),
]
SHARES = {"": 1, "1": 1, "0,6": Fraction(3, 5), "40 %": Fraction(2, 5)} | {
    "1/3": Fraction(1, 3),
    "2/3": Fraction(2, 3),
}


def _ledger(rng: Random) -> list[dict]:
    rows: list[dict] = []
    for _ in range(250):
        year = 2024 if rng.random() < 0.95 else 2025
        first = dt.date(year, 1, 1)
        row = {
            "exercice": year,
            "numero": str(len(rows) + 1),
            "jour": first + dt.timedelta(days=rng.randint(0, 396 if year == 2024 else 20)),
            "type": rng.choice(["ordinaire"] * 9 + ["rattachement"]),
            "origine": "",
            "nature": rng.choice(NATURES),
            "code": rng.choice(["PART", "TIERS", "V2", "AUTRE", ""]),
            "convention": rng.choice(["", "", "", "CONV-X"]),
            "objet": rng.choice(["aide", "Visite de l'école", "sortie ECOLE", "divers"]),
            "montant": rng.randint(1, 900_000),
        }
        rows.append(row)
        if rng.random() < 0.15:
            kind = rng.choice(["annulation", "reduction", "contrepassation"])
            part = rng.randint(1, row["montant"]) if kind == "reduction" else row["montant"]
            late = min(row["jour"] + dt.timedelta(days=30), dt.date(year + 1, 1, 31))
            change = {"numero": str(len(rows) + 1), "type": kind, "origine": row["numero"]}
            change |= {"montant": part, "jour": late, "code": rng.choice([row["code"], ""])}
            rows.append(row | change)
    return rows


def _payments(rng: Random) -> list[tuple]:
    """(year, contrat, action, funder, centimes, cashed on) of each receipt."""
    cashed = [None, *(dt.date(2024, 1, 1) + dt.timedelta(days=rng.randint(0, 500)) for _ in "abc")]
    return [
        (2024, contrat, action, funder, rng.randint(100, 3_000_000), rng.choice(cashed))
        for contrat, action in [("solidarites", ""), ("emploi", "v2"), ("emploi", "v3-1")]
        for funder in ("etat", "etat", "caf", "fse")
    ]


def _money(rng: Random, centimes: int) -> str:
    text = f"{centimes // 100:,}".replace(",", rng.choice([" ", "\u00a0", "\u202f", ""]))
    return f"{text},{centimes % 100:02d}" + rng.choice(["", " €", "\u00a0€"])


def _day(rng: Random, day: dt.date | None) -> str:
    if day is None:
        return ""
    serial = str((day - dt.date(1899, 12, 30)).days)
    return rng.choice([day.isoformat(), f"{day:%d/%m/%Y}", serial])


def _write(path: Path, header: list[str], rows: list[list], encoding: str, separator: str) -> None:
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=separator, lineterminator="\r\n")
    writer.writerows([header, *rows])
    path.write_bytes(buffer.getvalue().encode(encoding))


def _deposit(folder: Path, rng: Random, ledger: list[dict], payments: list[tuple]) -> None:
    folder.mkdir(parents=True)
    lines = [
        [r["exercice"], r["numero"] + rng.choice(["", ".0"]), 1, _day(rng, r["jour"])]
        + [r["type"].capitalize(), r["origine"], r["nature"], "444", r["code"], r["convention"]]
        + ["Société secrète", r["objet"], _money(rng, r["montant"]), "", ""]
        for r in ledger
    ]
    _write(folder / "mandats.csv", HEADERS, lines, "utf-8-sig", ";")
    header = "priorite code_analytique convention nature fonction tiers objet contrat action"
    rules = [[p, c, k, n, "", "", o, contrat, a, q, ""] for p, c, k, n, o, contrat, a, q in RULES]
    columns = [*header.split(), "quote_part", "motif"]
    _write(folder / "affectations.csv", columns, rules, "cp1252", "\t")
    header = "exercice numero_titre date contrat action financeur montant date_encaissement"
    titles = [
        [year, n, "05/03/2024", contrat, action, funder, _money(rng, amount), _day(rng, day)]
        for n, (year, contrat, action, funder, amount, day) in enumerate(payments)
    ]
    _write(folder / "recettes.csv", header.split(), titles, "utf-16", ",")


def _taken(row: dict) -> list[tuple]:
    """The rules that take a line: those of the first priority that match it, together."""
    matching = [
        rule
        for rule in RULES
        if rule[1] in ("", row["code"])
        and rule[2] in ("", row["convention"])
        and row["nature"].startswith(rule[3])
        and rule[4].replace("É", "e").casefold() in row["objet"].replace("é", "e").casefold()
    ]
    return [rule for rule in matching if rule[0] == min(r[0] for r in matching)]


def _expected(ledger: list[dict], payments: list[tuple], closing: dt.date | None) -> dict:
    """Exact amounts (fractions of a centime where a line is shared) by measure and place."""
    origins = {row["numero"]: row for row in ledger}
    sums: dict = defaultdict(Fraction)
    for row in ledger:
        if row["exercice"] != 2024 or (closing and row["jour"] > closing):
            continue
        sign = 1 if row["type"] in ("ordinaire", "rattachement") else -1
        if sign < 0:  # it follows the line that it takes back
            row = origins[row["origine"]] | {"montant": row["montant"]}
        rules = _taken(row)
        if not rules:
            sums["non_affecte", "", ""] += sign * row["montant"]
        for *_, contrat, action, share in rules:
            out = contrat == "emploi" and row["nature"].startswith(EXCLUDED)
            out |= action.startswith("v3") and row["jour"] < dt.date(2024, 4, 1)  # emploi art. 2
            measure = "ineligible" if out else "realise"
            sums[measure, contrat, action] += sign * row["montant"] * SHARES[share]
    for _, contrat, _, funder, amount, day in payments:
        if funder == "etat" and day and (closing is None or day <= closing):
            sums["verse", contrat, ""] += amount
    return sums


@pytest.mark.parametrize("seed", [1, 2])
def test_figures_recomputed_from_odd_files(tmp_path, monkeypatch, seed):
    monkeypatch.setattr(paths, "PROCESSED", tmp_path / "processed")
    rng = Random(seed)
    ledger, payments = _ledger(rng), _payments(rng)
    _deposit(tmp_path / "raw/55/2024", rng, ledger, payments)
    for closing in (None, dt.date(2024, 9, 15)):
        _compare(tmp_path, ledger, payments, closing)


def _compare(
    tmp_path: Path, ledger: list[dict], payments: list[tuple], closing: dt.date | None
) -> None:
    rows = load("55", 2024, closing, tmp_path / "raw", preparer=True).resultats.to_dict("records")
    shown = {
        (r["mesure"], r["contrat"], r["niveau"], r["code"], r["financeur"]): Fraction(r["valeur"])
        * 100
        for r in rows
        if r["unite"] == "euros" and r["valeur"]
    }
    shared = sum(row["code"] in ("PART", "TIERS") for row in ledger)
    expected = _expected(ledger, payments, closing)
    assert shown["non_affecte", "", "contrat", "", "total"] == expected["non_affecte", "", ""]
    for code, contrat in load_contrats("55").items():
        place = (code, "contrat", code)
        assert shown["verse", *place, "etat"] == expected["verse", code, ""]
        for measure in ("realise", "ineligible"):
            exact = sum(v for (m, c, _), v in expected.items() if (m, c) == (measure, code))
            assert shown.get((measure, *place, "total"), 0) == exact
        for action in contrat.actions:
            place = (code, "action", action)
            for measure in ("realise", "ineligible"):
                # The largest remainder moves less than a centime of each shared line.
                gap = shown.get((measure, *place, "total"), 0) - expected[measure, code, action]
                assert abs(gap) < (shared if action in ("17", "18", "v2-1", "v3-1") else 1)
            funders = [v for key, v in shown.items() if key[:4] == ("consomme", *place)]
            assert sum(funders) == 2 * shown["realise", *place, "total"]  # parts, then their total
