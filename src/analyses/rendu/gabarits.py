"""Sheet layouts of tableaux.xlsx as data (params/gabarits/), and the small formulas they hold.

A figure is a measure of the registry. A formula is written once over column keys ("A - B + C"): it
gives the Excel formula, and what Excel will compute, which must be the figure of the column.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Literal, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator
from xlsxwriter.utility import xl_rowcol_to_cell

from analyses.chiffres.mesures import load_mesures
from analyses.socle.paths import PARAMS
from analyses.socle.problems import BilanError, Problem
from analyses.socle.yaml_files import read_yaml

MISSING = "non renseigné"
NOT_APPLICABLE = "sans objet"
Model = TypeVar("Model", bound=BaseModel)
Value = Fraction | str | None  # a figure, a text (« non renseigné »…), or an empty cell


class Colonne(BaseModel):
    """One column: its printed header, its letter, and where its values come from.

    `source`: a text of the row; `mesure`: a figure, « measure » or « measure:funder », of
    `exercice` where it is not that of the row; on a total, the one that `detail_total` tells.
    `absent`: what a place without that figure shows: « non renseigné », nothing, 0, or 0 for a
    funder that takes no part in what is known in total. `accord`: whether the formula must give the
    figure, or gives way to it, or also where there is none. `total`: a total adds up, computes as
    a row does, or says nothing.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    cle: str
    entete: str
    lettre: str = ""
    source: str = ""
    mesure: str = ""
    exercice: int | None = None
    detail_total: str = ""
    formule: str = ""
    absent: Literal["", "vide", "zero", "sans_part"] = ""
    accord: Literal["exige", "sinon_valeur", "si_chiffre"] = "exige"
    total: Literal["", "somme", "ligne", "rien"] = ""
    format: Literal["texte", "cellule", "euros", "taux"] = "texte"
    largeur: int = 16

    @model_validator(mode="after")
    def _one_origin(self) -> Colonne:
        if bool(self.source) == bool(self.mesure) or (self.formule and not self.mesure):
            raise ValueError("attendu une seule clé parmi source, mesure")
        if self.mesure and self.mesure.partition(":")[0] not in load_mesures():
            raise ValueError(f"« {self.mesure} » n'est pas une mesure du registre")
        return self

    @property
    def sur_total(self) -> str:
        """What a total does of the column."""
        return self.total or {"euros": "somme", "taux": "ligne"}.get(self.format, "rien")


class Gabarit(BaseModel):
    """One sheet: which rows, which columns, which notes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    feuille: str
    titre: str
    contrat: str
    lignes: Literal["actions", "indicateurs", "nationaux", "piliers", "volets"]
    colonnes: list[Colonne]
    feuilles: dict[str, str] = {}  # one sheet by volet: what {volet} stands for
    groupes: list[str] = []
    exercices: Literal["tous", "prevus", "avant_terme"] = "tous"
    source_libelle: str = ""
    titre_axe: str = ""  # row above the indicators of an axe, "Axe {libelle}"
    sous_total: str = "Sous total"
    total: str = ""
    notes: list[str] = []

    @model_validator(mode="after")
    def _known_keys(self) -> Gabarit:
        keys = {column.cle for column in self.colonnes}
        if len(keys) != len(self.colonnes):
            raise ValueError("deux colonnes ont la même clé")
        for column in self.colonnes:
            for key in names(column.formule) if column.formule else []:
                if key not in keys:
                    raise ValueError(f"colonne « {column.cle} » : « {key} » n'est pas une colonne")
        return self

    def par_volet(self) -> list[Gabarit]:
        """The layout, once by volet when it is written for each."""
        if not self.feuilles:
            return [self]
        texts = ("feuille", "titre", "sous_total")
        return [
            self.model_copy(
                update={"groupes": [groupe]}
                | {
                    name: getattr(self, name)
                    .replace("{volet}", volet)
                    .replace("{Volet}", volet.capitalize())
                    for name in texts
                }
            )
            for groupe, volet in self.feuilles.items()
        ]


class LisezMoi(BaseModel):
    """The first sheet and the order of the others."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    feuille: str
    ordre: list[str]
    notes: list[str]


def _read(kind: type[Model], path: Path) -> Model:
    try:
        return kind.model_validate(read_yaml(path))
    except ValidationError as error:
        raise BilanError(
            [
                Problem(
                    path.name,
                    champ=".".join(map(str, item["loc"])),
                    attendu="un gabarit valide",
                    trouve=item["msg"],
                    remede="corrigez le gabarit",
                )
                for item in error.errors()
            ]
        ) from None


def load_gabarits(folder: Path | None = None) -> tuple[LisezMoi, list[Gabarit]]:
    """The first sheet and the layouts, in the order of the workbook.

    >>> [gabarit.feuille for gabarit in load_gabarits()[1]][:2]
    ['Annexe 2', 'Annexe 3']
    """
    folder = folder or PARAMS / "gabarits"
    readme = _read(LisezMoi, folder / "lisez-moi.yaml")
    layouts = [_read(Gabarit, folder / f"{name}.yaml") for name in readme.ordre]
    return readme, [g for one in layouts for g in one.par_volet()]


_OPERATORS: dict[type[ast.operator], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
}
_FONCTIONS: dict[str, Callable[..., Fraction]] = {"max": max, "min": min}


def _parse(expression: str) -> ast.expr:
    try:
        tree = ast.parse(expression, mode="eval").body
    except SyntaxError:
        raise ValueError(f"formule illisible : « {expression} »") from None
    _render(tree, str)
    return tree


def _render(node: ast.expr, ref: Callable[[str], str]) -> str:
    if isinstance(node, ast.Name):
        return ref(node.id)
    if isinstance(node, ast.Constant) and isinstance(node.value, int):
        return str(node.value)
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        left, right = _render(node.left, ref), _render(node.right, ref)
        if isinstance(node.left, ast.BinOp) and isinstance(node.op, ast.Div | ast.Mult):
            left = f"({left})"
        right = f"({right})" if isinstance(node.right, ast.BinOp) else right
        return f"{left}{_OPERATORS[type(node.op)]}{right}"
    if isinstance(node, ast.Call) and getattr(node.func, "id", "") in _FONCTIONS:
        name = getattr(node.func, "id", "").upper()
        return f"{name}({','.join(_render(arg, ref) for arg in node.args)})"
    raise ValueError("une formule n'a que des colonnes, des entiers, +, -, *, /, max() et min()")


def names(expression: str) -> list[str]:
    """The column keys of a formula, in order, each once.

    >>> names("max(B, 0) + A - B")
    ['B', 'A']
    """
    found: list[str] = []
    _render(_parse(expression), lambda name: found.append(name) or name)  # type: ignore[func-returns-value]
    return list(dict.fromkeys(found))


def excel_formula(expression: str, refs: Mapping[str, str]) -> str:
    """The Excel formula; it says « non renseigné » when an input is not a number.

    >>> excel_formula("A - B", {"A": "E5", "B": "F5"})
    '=IF(COUNT(E5,F5)<2,"non renseigné",E5-F5)'
    """
    tree = _parse(expression)
    used = [refs[name] for name in names(expression)]
    body = _render(tree, refs.__getitem__)
    if isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.Div):
        divisor = _render(tree.right, refs.__getitem__)
        body = f'IF({divisor}=0,"{NOT_APPLICABLE}",{body})'
    return f'=IF(COUNT({",".join(used)})<{len(used)},"{MISSING}",{body})'


def excel_sum(rank: int, rows: Sequence[int]) -> str:
    """SUM over a range when the rows follow each other, else over the cells.

    >>> excel_sum(4, [4, 5, 6])
    '=IF(COUNT(E5:E7)<3,"non renseigné",SUM(E5:E7))'
    """
    cells = [xl_rowcol_to_cell(row, rank) for row in rows]
    follow = len(rows) > 1 and list(rows) == list(range(rows[0], rows[-1] + 1))
    area = f"{cells[0]}:{cells[-1]}" if follow else ",".join(cells)
    return f'=IF(COUNT({area})<{len(cells)},"{MISSING}",SUM({area}))'


def somme(cells: Sequence[Value]) -> Value:
    """What Excel will make of `excel_sum`.

    >>> somme([Fraction(1), Fraction(2)]), somme([Fraction(1), "non renseigné"])
    (Fraction(3, 1), 'non renseigné')
    """
    known = [cell for cell in cells if isinstance(cell, Fraction)]
    return sum(known, Fraction(0)) if len(known) == len(cells) else MISSING


def evaluate(expression: str, values: Mapping[str, Value]) -> Fraction | str:
    """The value that Excel would compute, exact.

    >>> evaluate("A - B", {"A": Fraction(3), "B": Fraction(1)})
    Fraction(2, 1)
    >>> evaluate("A - B", {"A": Fraction(3), "B": "non renseigné"})
    'non renseigné'
    """
    if not all(isinstance(values[name], Fraction) for name in names(expression)):
        return MISSING
    try:
        return _compute(_parse(expression), values)
    except ZeroDivisionError:
        return NOT_APPLICABLE


def _compute(node: ast.expr, values: Mapping[str, Value]) -> Fraction:
    if isinstance(node, ast.Name):
        value = values[node.id]
        assert isinstance(value, Fraction)
        return value
    if isinstance(node, ast.Constant) and isinstance(node.value, int):
        return Fraction(node.value)
    if isinstance(node, ast.BinOp):
        left, right = _compute(node.left, values), _compute(node.right, values)
        if isinstance(node.op, ast.Add):
            return left + right
        if isinstance(node.op, ast.Mult):
            return left * right
        return left - right if isinstance(node.op, ast.Sub) else left / right
    assert isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    return _FONCTIONS[node.func.id](*(_compute(arg, values) for arg in node.args))
