"""Rows of the sheets of tableaux.xlsx: where each one stands in `chiffres`, and its texts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

import pandas as pd

from analyses.chiffres.chiffre import TIERS, TOTAL
from analyses.chiffres.table import values
from analyses.contrat.cell import read_cell
from analyses.contrat.citations import clause_of
from analyses.contrat.financeurs import CD, ETAT
from analyses.contrat.model import NATIONAL, Action, Contrat, Groupe
from analyses.rendu.gabarits import MISSING, Colonne, Gabarit, Value
from analyses.socle import fmt
from analyses.socle.money import euros_text

if TYPE_CHECKING:
    from analyses.bilan import Bilan

Textes = dict[str, Value]
Lieu = tuple[str, int, str, str]  # contrat, exercice, niveau, code


@dataclass(frozen=True)
class Ligne:
    """A row of a sheet: its place in `chiffres` and its texts; on a subtotal or a total, the rows
    of the block that it adds up."""

    lieu: Lieu
    textes: Mapping[str, Value] = field(default_factory=dict)
    titre: str = ""
    genre: Literal["ligne", "total", "titre"] = "ligne"
    termes: Sequence[int] = ()


@dataclass(frozen=True)
class Bloc:
    """The rows of an exercise, under one heading."""

    exercice: int
    lignes: list[Ligne]


class Releve:
    """`chiffres` read cell by cell."""

    def __init__(self, chiffres: pd.DataFrame) -> None:
        keys = ["contrat", "exercice", "niveau", "code", "mesure", "financeur", "detail"]
        self._found: dict[tuple[object, ...], Value] = {}
        self._tiers: dict[Lieu, dict[str, int]] = {}
        rows = chiffres[[*keys, "unite", "statut"]].itertuples(index=False, name=None)
        for (*key, unite, statut), value in zip(rows, values(chiffres), strict=True):
            shown: Value = fmt.statut(value or statut) if isinstance(value, str | None) else None
            if isinstance(value, int | Fraction):
                shown = Fraction(value, 100) if unite == "euros" else Fraction(value)
            self._found[tuple(key)] = shown
            *place, mesure, financeur, _detail = key
            third = mesure == "prevu" and financeur not in (ETAT, CD, TOTAL)
            if third and isinstance(value, int):
                self._tiers.setdefault(tuple(place), {})[financeur] = value  # type: ignore[arg-type]

    def chiffre(self, column: Colonne, ligne: Ligne) -> Value:
        """The figure of a column on a row, in euros or as a word; where there is none, what the
        column says."""
        contrat, exercice, niveau, code = ligne.lieu
        place = (contrat, column.exercice or exercice, niveau, code)
        mesure, _, funder = column.mesure.partition(":")
        total = ligne.genre == "total"
        detail = column.detail_total if total else ""
        for financeur in (funder,) if funder else (TOTAL, "", TIERS):
            if (*place, mesure, financeur, detail) in self._found:
                return self._found[(*place, mesure, financeur, detail)]
        known = isinstance(self._found.get((*place, mesure, TOTAL, "")), Fraction)
        if column.absent == "zero" or (column.absent == "sans_part" and known):
            return Fraction(0)
        return None if column.absent == "vide" and not total else MISSING

    def tiers(self, lieu: Lieu) -> Mapping[str, int]:
        """What each third party plans to bring, in centimes."""
        return self._tiers.get(lieu, {})


def blocs(b: Bilan, gabarit: Gabarit, releve: Releve) -> Iterator[Bloc]:
    """The blocks of a sheet, one by exercise; the indicators have a single one."""
    contrat = b.contrats[gabarit.contrat]
    if gabarit.lignes in ("indicateurs", "nationaux"):
        lignes = list(_indicateurs(b, gabarit, contrat))
        yield Bloc(contrat.exercices[0], lignes)
        return
    make = {"actions": _actions, "piliers": _piliers, "volets": _volets}[gabarit.lignes]
    for exercice in b.exercices:
        signed = b.regles.contrats[exercice].get(contrat.code, contrat)
        lignes = make(b, gabarit, signed, exercice, releve)
        if lignes:
            yield Bloc(exercice, lignes)


def _total(titre: str, lieu: Lieu, termes: Sequence[int]) -> Ligne:
    return Ligne(lieu, titre=titre, genre="total", termes=termes)


# --- actions --------------------------------------------------------------------------------


def _actions(
    b: Bilan, gabarit: Gabarit, contrat: Contrat, exercice: int, releve: Releve
) -> list[Ligne]:
    """The actions of an exercise, a subtotal by axe or volet, the total of the contract."""
    groupes = [g for g in contrat.groupes.values() if g.code in (gabarit.groupes or [g.code])]
    if not _montre(b.chiffres, gabarit, contrat, groupes, exercice):
        return []
    lignes: list[Ligne] = []
    sous_totaux = []
    for groupe in groupes:
        first = len(lignes)
        codes = contrat.codes(groupe.code)
        for code in codes:
            lieu = (contrat.code, exercice, "action", code)
            texts = _textes(gabarit, contrat, groupe, contrat.actions[code], releve.tiers(lieu))
            lignes.append(Ligne(lieu, texts))
        if not codes:
            continue
        sous_totaux.append(len(lignes))
        place = (contrat.code, exercice, groupe.niveau, groupe.code_public)
        label = f"{gabarit.sous_total} – {groupe.libelle}"
        lignes.append(_total(label, place, range(first, len(lignes))))
    if gabarit.total:
        whole = (contrat.code, exercice, "contrat", contrat.code)
        lignes.append(_total(gabarit.total, whole, sous_totaux))
    return lignes


def _montre(
    chiffres: pd.DataFrame,
    gabarit: Gabarit,
    contrat: Contrat,
    groupes: Sequence[Groupe],
    exercice: int,
) -> bool:
    """Whether a sheet shows an exercise: not after the end of its volet, unless money still moved
    on it; where it asks so, only when a budget is signed, or before the term of the contract."""
    rows = chiffres[
        (chiffres["contrat"] == contrat.code)
        & (chiffres["exercice"] == exercice)
        & (chiffres["niveau"] == "action")
        & chiffres["code"].isin([code for g in groupes for code in contrat.codes(g.code)])
    ]
    if gabarit.exercices == "prevus":
        return bool((rows.loc[rows["mesure"] == "prevu", "statut"] == "calcule").any())
    if gabarit.exercices == "avant_terme" and exercice >= contrat.exercices[-1]:
        return False
    spent = rows.loc[rows["mesure"].isin(["realise", "ineligible", "verse"]), "centimes"]
    return any(g.fin.year >= exercice for g in groupes) or bool(spent.fillna(0).any())


def _textes(
    gabarit: Gabarit, contrat: Contrat, groupe: Groupe, action: Action, tiers: Mapping[str, int]
) -> Textes:
    others = [
        f"{contrat.noms_financeurs.get(funder, funder)} : {euros_text(amount).replace('.', ',')} €"
        for funder, amount in tiers.items()
        if amount
    ]
    return {
        "groupe": groupe.libelle,
        "activite": groupe.activite or "",
        "imputation": groupe.imputation or groupe.activite or "",
        "code": action.code,
        "intitule": _intitule(action, gabarit.source_libelle),
        "detail_autres": " ; ".join(others),
    }


def _intitule(action: Action, source: str) -> str:
    """The title as the sheet's own document prints it, else the first printed one."""
    exact = [t.texte for t in action.intitules if source and t.source.startswith(source)]
    return [*exact, *(t.texte for t in action.intitules), action.libelle][0]


# --- pillars, balances ----------------------------------------------------------------------


def _piliers(
    b: Bilan, gabarit: Gabarit, contrat: Contrat, exercice: int, releve: Releve
) -> list[Ligne]:
    """The pillars that the contract's own article splits its credits into, beside its axes."""
    lignes = []
    for groupe in contrat.groupes.values():
        clause = clause_of(contrat, "pilier", groupe.code, exercice)
        if clause is not None:
            lieu = (contrat.code, exercice, groupe.niveau, groupe.code_public)
            texts: Textes = {"pilier": clause.libelle, "imputation": groupe.imputation}
            lignes.append(Ligne(lieu, texts | {"axe": groupe.libelle}))
    return _avec_total(gabarit, contrat, exercice, lignes)


def _volets(
    b: Bilan, gabarit: Gabarit, contrat: Contrat, exercice: int, releve: Releve
) -> list[Ligne]:
    """The volets whose balance is due on an exercise."""
    lignes = []
    for groupe in contrat.groupes.values():
        solde = b.regles.soldes.get((exercice, contrat.code, groupe.code))
        if solde is None:
            continue
        due = clause_of(contrat, "solde", groupe.code)
        texts: Textes = {
            "volet": f"{groupe.code} – {groupe.libelle}",
            "imputation": groupe.imputation,
            "exercices": " et ".join(map(str, solde.exercices)),
            "echeance": "" if due is None else str(due.valeur),
        }
        lieu = (contrat.code, exercice, groupe.niveau, groupe.code_public)
        lignes.append(Ligne(lieu, texts))
    return _avec_total(gabarit, contrat, exercice, lignes)


def _avec_total(
    gabarit: Gabarit, contrat: Contrat, exercice: int, lignes: list[Ligne]
) -> list[Ligne]:
    place = (contrat.code, exercice, "contrat", contrat.code)
    return [*lignes, _total(gabarit.total, place, range(len(lignes)))] if lignes else []


# --- indicators -----------------------------------------------------------------------------


def _indicateurs(b: Bilan, gabarit: Gabarit, contrat: Contrat) -> Iterator[Ligne]:
    """The indicators of a sheet, under the name of their axe."""
    heading: Value = ""
    for row in indicator_rows(gabarit, contrat, b.indicateurs, b.exercices[-1]):
        lieu = (contrat.code, b.exercices[-1], "indicateur", str(row["code"]))
        if row["axe"] != heading:
            heading = row["axe"]
            yield Ligne(lieu, titre=str(heading), genre="titre")
        yield Ligne(lieu, row)


def indicator_rows(
    gabarit: Gabarit, contrat: Contrat, frame: pd.DataFrame, dernier: int
) -> list[Textes]:
    """The texts of each indicator of a sheet (annexes 2 and 4), `axe` being its heading.

    Results after the exercise `dernier` are not due yet: empty (None), not « non renseigné ».
    """
    own = frame[frame["contrat"] == contrat.code]
    results = own.set_index(["code", "exercice"])[["resultat_imprime", "resultat"]]
    given = dict(zip(results.index, results.itertuples(index=False, name=None), strict=True))
    national = gabarit.lignes == "nationaux"
    rows = []
    for code, indicator in contrat.indicateurs():
        action = contrat.actions.get(code)
        tables = [t for t in indicator.tableaux if t.source.startswith(gabarit.source_libelle)]
        if (code == NATIONAL) != national or not (tables or national):
            continue
        axe = contrat.groupes.get((action.groupe if action else indicator.axe) or "")
        row: Textes = {
            "code": f"{code}/{indicator.code}",
            "action": f"Action {code} : {_intitule(action, gabarit.source_libelle)}"
            if action
            else "",
            "thematique": indicator.thematique or "",
            "indicateur": tables[0].libelle if tables else indicator.libelle,
            "lecture": "lecture incertaine" if indicator.uncertain else "",
            "axe": gabarit.titre_axe.format(libelle=axe.libelle) if axe else "",
            "cible.t0": printed(indicator.cell("t0").imprime),
        }
        for year in contrat.exercices:
            row[f"cible.{year}"] = printed(indicator.cell(year).imprime)
            result = _result(*given.get((row["code"], year), (None, None)))
            late = result == MISSING and year > dernier
            row[f"resultat.{year}"] = None if late else result
        rows.append(row)
    return rows


def _result(imprime: str | None, number: Fraction | None) -> Value:
    """A result as the pilot wrote it, else the number it makes."""
    value = printed(imprime)
    return number if value == MISSING and isinstance(number, Fraction) else value


def printed(text: str | None) -> Value:
    """A printed indicator cell: a bare number is a number, all else stays as printed.

    >>> printed("50"), printed("2*2"), printed(None)
    (Fraction(50, 1), '2*2', 'non renseigné')
    """
    if fmt.missing(text) or not str(text).strip():
        return MISSING
    cell = read_cell(str(text))
    if cell.type == "nombre" and not cell.qualificatif and cell.valeur is not None:
        return cell.valeur
    return str(text).strip()
