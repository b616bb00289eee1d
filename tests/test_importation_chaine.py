"""The example's ledgers sent through PES and imported: the same figures come out of the chain."""

from __future__ import annotations

import csv
import io
import shutil
from collections import defaultdict
from pathlib import Path
from xml.sax.saxutils import escape

import pytest
from pes_xml import SOCIETE, aller, bordereau, deposer_pes, etat, feuilles, ligne, piece, retour

from analyses import cli
from analyses.bilan import open_depots
from analyses.contrat.load import load_contrats
from analyses.depot import gate
from analyses.execution.execution import execution
from analyses.preparation.exercice import prepare
from analyses.socle import paths

ANNEES = (2024, 2025)
CODES = {
    "ordinaire": ("01", "01", "01"),
    "rattachement": ("01", "10", "01"),
    "annulation": ("02", "02", "06"),
    "reduction": ("02", "02", "06"),
    "contrepassation": ("02", "02", "10"),
}


def lignes(donnees: Path, annee: int) -> list[dict[str, str]]:
    content = (donnees / f"55/{annee}/mandats.csv").read_bytes()
    text = content.decode("utf-8-sig" if content.startswith(b"\xef\xbb\xbf") else "cp1252")
    return list(csv.DictReader(io.StringIO(text), delimiter=";"))


def iso(date: str) -> str:
    return "-".join(reversed(date.split("/"))) if "/" in date else date


def en_pes(donnees: Path, dossier: Path) -> None:
    """A ledger as PES: a bordereau per day and kind, a return for each exercise's payments."""
    number = 0
    for year in ANNEES:
        groups = defaultdict(list)
        for row in lignes(donnees, year):
            amount = "".join(c for c in row["montant"] if c.isdigit())
            row["ht"] = f"{int(amount) // 100}.{int(amount) % 100:02d}"
            row["jour"] = iso(row["date_emission"])
            groups[row["jour"], *CODES[row["type"]]].append(row)
        for (day, typ, pce, nat), rows in sorted(groups.items()):
            number += 1
            pieces, states = [], []
            for row in rows:
                of = year - 1 if row["type"] == "contrepassation" else year
                back = row["mandat_origine"] and (of, row["mandat_origine"], 1)
                links = feuilles({"IdConv": row["convention"]}) if row["convention"] else ""
                third = SOCIETE | {"Nom": escape(row["tiers"], {'"': "&quot;"})}
                line = ligne(
                    row["numero_ligne"],
                    row["ht"],
                    tiers=third,
                    origine=back,
                    liens=f"<LiensIdent>{links}</LiensIdent>",
                    Nature=row["nature"],
                    Fonction=row["fonction"] or None,
                    CptAna=row["code_analytique"] or None,
                )
                wording = escape(row["objet"], {'"': "&quot;"})
                pieces.append(piece(row["numero_mandat"], line, typ=pce, nat=nat, objet=wording))
                if row["date_paiement"]:
                    paid = [(iso(row["date_paiement"]), row["ht"])]
                    states.append(
                        etat(row["numero_mandat"], "05", row["numero_ligne"], paid, row["ht"])
                    )
            total = sum(int(row["ht"].replace(".", "")) for row in rows)
            head = {
                "exer": year,
                "typ": typ,
                "date": day,
                "ht": f"{total // 100}.{total % 100:02d}",
            }
            name = f"{year}-{number:04d}"
            files = {name: aller(bordereau(number, *pieces, **head), encodage="UTF-8")}
            if states:
                files[f"r{name}"] = retour(*states, bord=number, exer=year, typ=typ)
            deposer_pes(dossier, **files)


@pytest.fixture(scope="module")
def importes(tmp_path_factory):
    """(the example, the same with its ledgers imported from PES)."""
    folder = tmp_path_factory.mktemp("pes")
    assert cli.main(["exemple", "--sortie", str(folder / "exemple")]) == 0
    en_pes(folder / "exemple", folder / "flux")
    shutil.copytree(folder / "exemple", folder / "raw")
    for year in ANNEES:
        (folder / f"raw/55/{year}/mandats.csv").unlink()
        (folder / f"raw/55/{year}/mandats.csv.source.yaml").unlink()
    command = ["importer", "pes", str(folder / "flux"), "--vers", str(folder / "raw")]
    assert cli.main([*command, "--nature", "simulee"]) == 0
    return folder / "exemple", folder / "raw"


def test_every_line_comes_back(importes):
    names = ("numero_mandat", "numero_ligne", "nature", "fonction", "code_analytique", "convention")
    for year in ANNEES:
        one, other = (
            sorted(
                tuple(row[n] for n in names)
                + (iso(row["date_emission"]), iso(row["date_paiement"]), row["tiers"])
                + ("".join(c for c in row["montant"] if c.isdigit()).lstrip("0"),)
                for row in lignes(folder, year)
                if row["type"] in ("ordinaire", "rattachement")
            )
            for folder in importes
        )
        assert one == other and len(one) > 400


def test_the_same_figures_come_out(importes, monkeypatch, tmp_path):
    monkeypatch.setattr(paths, "PROCESSED", tmp_path)
    monkeypatch.setattr(gate, "validate", lambda tables: [])
    contrats = load_contrats("55")
    for year in ANNEES:
        figures = []
        for folder in importes:
            [depot] = open_depots("55", [year], folder, preparer=True)
            assert depot.simule
            done = execution(prepare(depot, contrats))
            figures.append((done.par_action.to_dict("list"), done.par_mois.to_dict("list")))
        assert figures[0] == figures[1]
        assert sum(figures[0][0]["realise"]) > 0


@pytest.mark.slow
def test_the_bilan_is_produced_from_imported_files(importes, tmp_path):
    command = ["produire", "--bilan", "intermediaire", "--donnees", str(importes[1])]
    assert cli.main([*command, "--sortie", str(tmp_path)]) == 0
    assert (tmp_path / "2024/55/intermediaire/resultats.csv").exists()
