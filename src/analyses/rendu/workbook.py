"""tableaux.xlsx: the State's tables, filled, with live formulas and their cached values.

The layouts are data (params/gabarits/). A figure that is not known is the text « non renseigné »,
never 0, and a total that misses a term says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import pandas as pd
import xlsxwriter
from xlsxwriter.utility import xl_rowcol_to_cell

from analyses.contrat.cell import read_cell
from analyses.rendu.classeur_regles import balance_rows, pillar_rows
from analyses.rendu.gabarits import (
    MISSING,
    Colonne,
    Gabarit,
    LisezMoi,
    Value,
    evaluate,
    excel_formula,
    load_gabarits,
)
from analyses.socle import fmt
from analyses.socle.problems import BilanError, Problem

_CREATED = datetime(2024, 6, 20)  # fixed: same input, same bytes (the day of the deliberation)
_FORMATS: dict[str, dict[str, Any]] = {
    "texte": {},
    "cellule": {"align": "center"},
    "euros": {"num_format": '#,##0.00\\ "€"', "align": "right"},
    "taux": {"num_format": "0.0 %", "align": "right"},
}
_STATE, _DEPARTMENT = "etat", "cd"
_UNJUDGED = ("sans_objet", "non_renseigne", "non_evaluable")
Row = dict[str, Any]  # the named values that a column's `source` picks from


# --- values -------------------------------------------------------------------------------------


def _known(value: Any) -> bool:
    return value is not None and not (not isinstance(value, str) and pd.isna(value))


def _euros(centimes: Any) -> Value:
    """Centimes as exact euros, « non renseigné » when not known."""
    return Fraction(int(centimes), 100) if _known(centimes) else MISSING


def printed(text: str | None) -> Value:
    """A printed indicator cell: a bare number is a number, all else stays as printed.

    >>> printed("50"), printed("2*2"), printed(None)
    (Fraction(50, 1), '2*2', 'non renseigné')
    """
    if not _known(text) or not str(text).strip():
        return MISSING
    cell = read_cell(str(text))
    if cell.type == "nombre" and not cell.qualificatif and cell.valeur is not None:
        return cell.valeur
    return str(text).strip()


def _sum(values: Iterable[Any]) -> int | None:
    """Sum of centimes, None as soon as one is not known.

    >>> _sum([1, 2]), _sum([1, None]), _sum([])
    (3, None, 0)
    """
    items = list(values)
    return sum(map(int, items)) if all(map(_known, items)) else None


# --- rows ---------------------------------------------------------------------------------------


def _of(frame: pd.DataFrame | None, **keys: Any) -> pd.DataFrame:
    """The rows of a frame whose columns have these values."""
    if frame is None:
        return pd.DataFrame()
    for column, value in keys.items():
        if column not in frame.columns:
            return frame.iloc[0:0]
        frame = frame[frame[column] == value]
    return frame


def _first(frame: pd.DataFrame, column: str) -> Any:
    return frame[column].iloc[0] if len(frame) and column in frame.columns else None


def _groups(contrat: Any, gabarit: Gabarit) -> list[Any]:
    groups = list(contrat.groupes.values())
    return [group for group in groups if not gabarit.groupes or group.code in gabarit.groupes]


def _actions(contrat: Any, group: Any) -> list[Any]:
    return [action for action in contrat.actions.values() if action.groupe == group.code]


def _title(action: Any, source: str) -> str:
    """The title as the sheet's own document prints it, else the first printed one."""
    titles = list(action.intitules)
    exact = [t.texte for t in titles if source and t.source.startswith(source)]
    return (exact or [t.texte for t in titles] or [action.libelle])[0]


def _plan_values(prefix: str, plan: Mapping[str, int] | None) -> Row:
    others = (
        None if plan is None else _sum(v for k, v in plan.items() if k not in (_STATE, _DEPARTMENT))
    )
    known = plan or {}
    return {
        f"{prefix}.etat": _euros(None if plan is None else known.get(_STATE, 0)),
        f"{prefix}.cd": _euros(None if plan is None else known.get(_DEPARTMENT, 0)),
        f"{prefix}.autres": _euros(others),
    }


def _others_detail(contrat: Any, plan: Mapping[str, int] | None) -> str:
    names = contrat.financeurs
    parts = [
        f"{names.get(k, k)} : {v / 100:.2f} €".replace(".", ",")
        for k, v in (plan or {}).items()
        if k not in (_STATE, _DEPARTMENT) and v
    ]
    return " ; ".join(parts)


def paid_by_action(contrat: Any, execution: Any) -> dict[str, int | None]:
    """State payments by action (centimes); None when unknown, or when a payment to the volet, the
    axe or the contract could not be spread over its actions (no signed budget for the year)."""
    rows = _of(getattr(execution, "par_action", None), contrat=contrat.code)
    paid: dict[str, int | None] = {}
    for action in contrat.actions.values():
        value = _first(_of(rows, action=action.code), "verse")
        paid[action.code] = int(value) if _known(value) else None
    for scope, total in _paid_totals(contrat, execution).items():
        members = [a.code for a in contrat.actions.values() if scope in ("", a.groupe)]
        if _known(total) and _sum(paid[code] or 0 for code in members) != total:
            paid |= {code: None for code in members if not paid[code]}
    return paid


def _paid_totals(contrat: Any, execution: Any) -> dict[str, int | None]:
    """State payments by axe or volet, and under '' for the whole contract."""
    groups = getattr(execution, "verse_groupe", {})
    totals = {code: groups.get((contrat.code, code)) for code in contrat.groupes}
    return {**totals, "": getattr(execution, "verse_contrat", {}).get(contrat.code)}


def _action_row(
    gabarit: Gabarit,
    contrat: Any,
    group: Any,
    action: Any,
    execution: Any,
    exercice: int,
    paid: Mapping[str, int | None],
    suivant: Mapping[str, int] | None,
    chaine: Any,
) -> Row:
    keys = {"contrat": contrat.code, "action": action.code}
    totals = _of(getattr(execution, "par_action", None), **keys)
    shares = _of(getattr(execution, "par_financeur", None), **keys)
    consumed = {f: _first(_of(shares, financeur=f), "consomme") for f in (_STATE, _DEPARTMENT)}
    rest = shares[~shares["financeur"].isin([_STATE, _DEPARTMENT])] if len(shares) else shares
    others = _sum(rest["consomme"]) if len(rest) else None
    if not len(rest) and _known(consumed[_STATE]):
        others = 0  # a plan without other funders
    plan = action.plan(exercice)
    planned = _plan_values("prevu", plan)
    verse, used = paid.get(action.code), consumed[_STATE]
    printed_total = [
        f.total_imprime for f in action.financements if f.exercice == exercice and f.retenu
    ]
    row: Row = {
        "groupe": group.libelle,
        "activite": group.activite or "",
        "imputation": getattr(group, "imputation", "") or group.activite or "",
        "code": action.code,
        "intitule": _title(action, gabarit.source_libelle),
        "detail_autres": _others_detail(contrat, plan),
        **planned,
        **_plan_values("suivant", suivant),
        "consomme.etat": _euros(used),
        "consomme.cd": _euros(consumed[_DEPARTMENT]),
        "consomme.autres": _euros(others),
        "verse": _euros(verse),
        "verse_non_consomme": _euros(
            verse - int(used) if verse is not None and _known(used) else None
        ),
        "realise": _euros(_first(totals, "realise")),
        "ineligible": _euros(_first(totals, "ineligible")),
        "personnel": _euros(_first(totals, "personnel")),
        "imprime": {"total": printed_total[0]} if printed_total and printed_total[0] else {},
    }
    row["non_consomme.cd"] = evaluate("p - c", {"p": row["prevu.cd"], "c": row["consomme.cd"]})
    return row | _chain_values(row, chaine)


def _chain_values(row: Row, chaine: Any) -> Row:
    """Carry-over of an action as the engine computed it; without it, nothing was received."""
    if chaine is None:
        received: Row = dict.fromkeys(("recu.etat", "report.etat", "report.cd"), Fraction(0))
        keys = {"a_reporter.etat": "verse_non_consomme", "a_reporter.cd": "non_consomme.cd"}
        kept = {key: evaluate("max(x, 0)", {"x": row[source]}) for key, source in keys.items()}
        return received | kept
    return {
        "recu.etat": _euros(chaine.droits.recu),
        "report.etat": _euros(chaine.caisse.recu),
        "report.cd": _euros(chaine.cd.recu),
        "verse_non_consomme": _euros(chaine.caisse.solde),
        "non_consomme.cd": _euros(chaine.cd.solde),
        "a_reporter.etat": _euros(chaine.etat.a_reporter),
        "a_reporter.cd": _euros(chaine.cd.a_reporter),
    }


def _printed_totals(contrat: Any, niveau: str, code: str, exercice: int) -> dict[str, int]:
    """Printed (sub)totals in centimes, by funder."""
    return {
        i.financeur: i.montant
        for i in reversed(contrat.imprimes)
        if (i.niveau, i.code, i.exercice) == (niveau, code, exercice)
    }


def indicator_rows(
    gabarit: Gabarit, contrat: Any, frame: pd.DataFrame, dernier: int | None = None
) -> list[Row]:
    """The named values of each indicator of a sheet (annexes 2 and 4), `axe` being its heading.

    Results after the exercise `dernier` are not due yet: empty (None), not « non renseigné ».
    """
    national = gabarit.lignes == "nationaux"
    pairs: list[tuple[Any, Any]] = (
        [(None, i) for i in contrat.nationaux]
        if national
        else [(a, i) for a in contrat.actions.values() for i in a.indicateurs]
    )
    rows = []
    for action, indicator in pairs:
        tables = [t for t in indicator.tableaux if t.source.startswith(gabarit.source_libelle)]
        if not tables and not national:
            continue
        row: Row = {
            "action": f"Action {action.code} : {_title(action, gabarit.source_libelle)}"
            if action
            else "",
            "thematique": getattr(indicator, "thematique", None) or "",
            "indicateur": tables[0].libelle if tables else indicator.libelle,
            "lecture": "lecture incertaine" if indicator.uncertain else "",
            "axe": _heading(gabarit, contrat, action.groupe if action else indicator.axe),
            "cible.t0": printed(indicator.cell("t0").imprime),
        }
        own = _of(frame, contrat=contrat.code, action="nat" if national else action.code)
        own = _of(own, indicateur=indicator.code)
        for year in contrat.exercices:
            row |= _year_values(indicator, year, _of(own, exercice=year))
            if dernier is not None and year > dernier and row[f"resultat.{year}"] == MISSING:
                row |= {f"{name}.{year}": None for name in ("resultat", "taux", "statut")}
        rows.append(row)
    return rows


def _heading(gabarit: Gabarit, contrat: Any, key: str | None) -> str:
    group = contrat.groupes.get(key)
    return gabarit.titre_axe.format(libelle=group.libelle) if group else ""


def _year_values(indicator: Any, year: int, found: pd.DataFrame) -> Row:
    result = _first(found, "resultat_imprime")
    value = printed(result)
    if value == MISSING and _known(number := _first(found, "resultat")):
        value = number if isinstance(number, str) else Fraction(number)
    rate, status = _first(found, "taux"), _first(found, "statut") or "non_renseigne"
    # A judged indicator can have no rate (its target is zero).
    words = fmt.statut(status if status in _UNJUDGED else "sans_objet")
    return {
        f"cible.{year}": printed(indicator.cell(year).imprime),
        f"resultat.{year}": value,
        f"taux.{year}": Fraction(rate) if _known(rate) else words,
        f"statut.{year}": fmt.statut(status),
    }


# --- sheets -------------------------------------------------------------------------------------


class _Sheet:
    """Writes one layout, block after block; it holds the row cursor and the cell formats."""

    def __init__(self, book: Any, gabarit: Gabarit, stamp: str) -> None:
        self.gabarit, self.stamp, self.row, self.first = gabarit, stamp, 0, 0
        self.lines: dict[int, int] = {}
        self.sheet = book.add_worksheet(gabarit.feuille)
        self.styles = {
            (name, kind): book.add_format(
                {"valign": "top", "border": 1, "text_wrap": True, **_FORMATS[name], **extra}
            )
            for name in _FORMATS
            for kind, extra in (("", {}), ("total", {"bold": True, "bg_color": "#E3E9F4"}))
        }
        self.grey = book.add_format({"italic": True, "font_color": "#5A5A5A"})
        self.bold = book.add_format({"bold": True, "font_size": 12})
        self.note = book.add_format({"italic": True})
        self.head = book.add_format(
            {
                "bold": True,
                "text_wrap": True,
                "valign": "vcenter",
                "align": "center",
                "border": 1,
                "bg_color": "#CAD7EE",
            }
        )
        for rank, column in enumerate(gabarit.colonnes):
            self.sheet.set_column(rank, rank, column.largeur)
        self.sheet.set_landscape()
        self.sheet.set_paper(8)  # A3
        self.sheet.fit_to_pages(1, 0)
        self.sheet.set_footer("&L&A&RPage &P / &N")

    def heading(self, years: Mapping[str, int]) -> None:
        self.sheet.write_string(self.row, 0, self.gabarit.titre.format(**years), self.bold)
        self.sheet.write_string(self.row + 1, 0, self.stamp, self.note)
        self.row += 3
        for rank, column in enumerate(self.gabarit.colonnes):
            text = column.entete.format(**years)
            text = f"{column.lettre}\n{text}" if column.lettre else text
            self.sheet.write_string(self.row, rank, text, self.head)
        self.sheet.set_row(self.row, 92)
        if self.row == 3:
            fixed = sum(c.format == "texte" for c in self.gabarit.colonnes[:4])
            by_action = self.gabarit.lignes == "actions"
            self.sheet.freeze_panes(4, min(fixed, 4) if by_action else 2)
            if not by_action:  # the next block of actions, on its own page, has its own heading
                self.sheet.repeat_rows(3)
        self.row += 1
        self.first = self.row

    def notes(self) -> None:
        """Close a block: what is unknown in grey, also where a formula says it, then the notes."""
        area = (self.first, 0, self.row - 1, len(self.gabarit.colonnes) - 1)
        unknown = {"type": "cell", "criteria": "==", "value": f'"{MISSING}"', "format": self.grey}
        self.sheet.conditional_format(*area, unknown)
        for text in self.gabarit.notes:
            self.sheet.write_string(self.row + 1, 0, text, self.note)
            self.row += 1
        self.row += 3

    def put(
        self, rank: int, value: Value, column: Colonne, kind: str = "", formula: str = ""
    ) -> None:
        """One cell: a formula with its cached value, a number, or a text."""
        style = self.styles[column.format, kind]
        if formula:
            cached = value if isinstance(value, str) else float(value or 0)
            self.sheet.write_formula(self.row, rank, formula, style, cached)
        elif isinstance(value, Fraction):
            self.sheet.write_number(self.row, rank, float(value), style)
        elif value:
            self.sheet.write_string(self.row, rank, value, style)
            self._grow(-(-len(value) * 6 // (column.largeur * 5)))
        else:
            self.sheet.write_blank(self.row, rank, None, style)

    def _grow(self, lines: int) -> None:
        """Row height for its longest wrapped text: only Excel adjusts it by itself."""
        if lines > self.lines.get(self.row, 1):
            self.lines[self.row] = lines
            self.sheet.set_row(self.row, 15 * lines)

    def refs(self) -> dict[str, str]:
        return {
            column.cle: xl_rowcol_to_cell(self.row, rank)
            for rank, column in enumerate(self.gabarit.colonnes)
        }

    def formulas(self, values: dict[str, Value], kind: str = "", row: Row | None = None) -> None:
        """Write the columns of this row that compute from the other columns of this row.

        A column with a `controle` keeps its formula as long as it gives the engine's value.
        """
        refs = self.refs()
        for rank, column in enumerate(self.gabarit.colonnes):
            if column.cle in values or not column.expression:
                continue
            if column.ecart and None in (values.get(key) for key in column.ecart):
                values[column.cle] = None  # nothing is printed on this row
                self.put(rank, None, column, kind)
                continue
            values[column.cle] = evaluate(column.expression, values)
            formula = excel_formula(column.expression, refs)
            if row is not None and column.controle and row[column.controle] != values[column.cle]:
                values[column.cle], formula = row[column.controle], ""
            self.put(rank, values[column.cle], column, kind, formula)


def _write_action(sheet: _Sheet, row: Row) -> dict[str, Value]:
    values: dict[str, Value] = {}
    for rank, column in enumerate(sheet.gabarit.colonnes):
        if column.source:
            values[column.cle] = _pick(sheet.gabarit, column, row)
        elif column.imprime:
            amount = row["imprime"].get(column.imprime)
            values[column.cle] = None if amount is None else _euros(amount)
        else:
            continue
        sheet.put(rank, values[column.cle], column)
    sheet.formulas(values, row=row)
    sheet.row += 1
    return values


def _pick(gabarit: Gabarit, column: Colonne, row: Row) -> Value:
    """The value a column asks for; an unknown source is a problem of the layout."""
    if column.source in row:
        return row[column.source]
    raise BilanError(
        [
            Problem(
                f"gabarit « {gabarit.feuille} »",
                champ=f"{column.cle}.source",
                attendu=f"une source parmi {', '.join(sorted(row))}",
                trouve=f"« {column.source} »",
                remede="corrigez le gabarit",
            )
        ]
    )


def _adds_up(column: Colonne) -> bool:
    return column.format == "euros" and not column.imprime and not column.ecart


def _write_total(
    sheet: _Sheet,
    label: str,
    parts: Sequence[dict[str, Value]],
    rows: Sequence[int],
    imprime: Mapping[str, int],
    paid: int | None,
) -> dict[str, Value]:
    """A subtotal (consecutive rows) or a total (subtotal rows): SUM formulas, printed beside.

    `paid` is what the State paid at this level, when its parts cannot tell.
    """
    values: dict[str, Value] = {}
    for rank, column in enumerate(sheet.gabarit.colonnes):
        if rank == 0:
            sheet.put(rank, label, column, "total")
        elif _adds_up(column):
            numbers = [part[column.cle] for part in parts]
            known = [number for number in numbers if isinstance(number, Fraction)]
            total: Value = sum(known, Fraction(0)) if len(known) == len(numbers) else MISSING
            formula = _sum_formula(rank, rows)
            if column.source == "verse" and total == MISSING and paid:
                total, formula = _euros(paid), ""
            values[column.cle] = total
            sheet.put(rank, total, column, "total", formula)
        elif column.imprime:
            values[column.cle] = _euros(imprime.get(column.imprime))
            sheet.put(rank, values[column.cle], column, "total")
        elif not column.expression:
            sheet.put(rank, None, column, "total")
    sheet.formulas(values, "total")
    sheet.row += 1
    return values


def _sum_formula(rank: int, rows: Sequence[int]) -> str:
    """SUM over a range when the rows follow each other, else over the cells.

    >>> _sum_formula(4, [4, 5, 6])
    '=IF(COUNT(E5:E7)<3,"non renseigné",SUM(E5:E7))'
    """
    cells = [xl_rowcol_to_cell(row, rank) for row in rows]
    follow = len(rows) > 1 and list(rows) == list(range(rows[0], rows[-1] + 1))
    area = f"{cells[0]}:{cells[-1]}" if follow else ",".join(cells)
    return f'=IF(COUNT({area})<{len(cells)},"{MISSING}",SUM({area}))'


def _write_actions(
    sheet: _Sheet, contrat: Any, executions: Sequence[Any], regles: Any = None
) -> None:
    gabarit = sheet.gabarit
    chaines = {} if regles is None else regles.chaines
    latest = contrat
    for exercice, execution in _blocks(gabarit, latest, executions):
        contrat, after = _versions(latest, exercice, regles)
        sheet.heading({"precedent": exercice - 1, "exercice": exercice, "suivant": exercice + 1})
        paid = {} if execution is None else paid_by_action(contrat, execution)
        totals = {} if execution is None else _paid_totals(contrat, execution)
        subtotals, subtotal_rows = [], []
        for group in _groups(contrat, gabarit):
            first, parts = sheet.row, []
            for action in _actions(contrat, group):
                parts.append(
                    _write_action(
                        sheet,
                        _action_row(
                            gabarit,
                            contrat,
                            group,
                            action,
                            execution,
                            exercice,
                            paid,
                            after.actions.get(action.code, action).plan(exercice + 1),
                            chaines.get((exercice, contrat.code, action.code)),
                        ),
                    )
                )
            if parts:
                rows = range(first, sheet.row)
                subtotal_rows.append(sheet.row)
                label = f"{gabarit.sous_total} – {group.libelle}"
                printed_here = _printed_totals(contrat, group.niveau, group.code_public, exercice)
                subtotals.append(
                    _write_total(
                        sheet,
                        label,
                        parts,
                        rows,
                        printed_here,
                        _own_paid(totals, group.code, contrat),
                    )
                )
        if gabarit.total and subtotals:
            printed_here = _printed_totals(contrat, "contrat", contrat.code, exercice)
            _write_total(
                sheet, gabarit.total, subtotals, subtotal_rows, printed_here, totals.get("")
            )
        sheet.notes()


def _versions(latest: Any, exercice: int, regles: Any) -> tuple[Any, Any]:
    """The versions of a contract that an exercise and the next one use."""
    if regles is None:
        return latest, latest
    used = regles.contrats.get(exercice, {}).get(latest.code, latest)
    return used, regles.suivants.get(exercice, {}).get(latest.code, latest)


def _write_rows(sheet: _Sheet, contrat: Any, executions: Sequence[Any], regles: Any) -> None:
    """Pillars of art. 3, or balances of the volets: one row each, then a total where asked."""
    gabarit = sheet.gabarit
    make = pillar_rows if gabarit.lignes == "piliers" else balance_rows
    years = [execution.exercice for execution in executions] or contrat.exercices[:1]
    if not any(make(contrat, year, regles) for year in years):
        sheet.sheet.write_string(0, 0, gabarit.titre.format(exercice=years[0]), sheet.bold)
        sheet.sheet.write_string(1, 0, sheet.stamp, sheet.note)
        sheet.sheet.write_string(3, 0, "Sans objet pour ces exercices.")
    for exercice in years:
        rows = make(contrat, exercice, regles)
        if not rows:
            continue
        sheet.heading({"exercice": exercice, "suivant": exercice + 1})
        first = sheet.row
        parts = [_write_action(sheet, row) for row in rows]
        if gabarit.total:
            _write_total(sheet, gabarit.total, parts, range(first, sheet.row), {}, None)
        sheet.notes()


def _own_paid(totals: Mapping[str, int | None], group: str, contrat: Any) -> int | None:
    """What the State paid to a group, unless a payment to the whole contract stays unspread."""
    by_group = [totals.get(code) or 0 for code in contrat.groupes]
    return totals.get(group) if sum(by_group) == (totals.get("") or 0) else None


def _blocks(
    gabarit: Gabarit, contrat: Any, executions: Sequence[Any]
) -> list[tuple[int, Any | None]]:
    """The exercises that a sheet shows: not those after the end of its volet, unless money still
    moved on it; in annexe 3 only those whose budget is signed."""
    groups = _groups(contrat, gabarit)
    blocks = [
        (run.exercice, run)
        for run in executions
        if any(group.fin.year >= run.exercice for group in groups) or _moved(run, contrat, groups)
    ]
    if gabarit.exercices == "prevus":
        blocks = [
            (year, execution)
            for year, execution in blocks
            if any(action.plan(year) for action in contrat.actions.values())
        ]
    if gabarit.exercices == "avant_terme":  # no carry-over beyond the term (art. 5)
        last = max(contrat.exercices)
        blocks = [(year, execution) for year, execution in blocks if year < last]
    return blocks or [(contrat.exercices[0], None)]


def _moved(execution: Any, contrat: Any, groups: Sequence[Any]) -> bool:
    """True when money was realised, excluded or paid on one of the groups in the exercise."""
    rows = _of(execution.par_action, contrat=contrat.code)
    rows = rows[rows["groupe"].isin([group.code for group in groups])]
    return any(value for key in ("realise", "ineligible", "verse") for value in rows[key])


def _write_indicators(
    sheet: _Sheet, contrat: Any, frame: pd.DataFrame, dernier: int | None
) -> None:
    year = contrat.exercices[0]
    sheet.heading({"exercice": year, "suivant": year + 1})
    columns, heading = sheet.gabarit.colonnes, ""
    for row in indicator_rows(sheet.gabarit, contrat, frame, dernier):
        if row["axe"] != heading:
            heading = row["axe"]
            for rank, column in enumerate(columns):
                sheet.put(rank, None if rank else heading, column, "total")
            sheet.row += 1
        refs = sheet.refs()
        cells = {column.cle: row.get(column.source, MISSING) for column in columns}
        for rank, column in enumerate(columns):
            sheet.put(rank, cells[column.cle], column, formula=_rate_formula(column, cells, refs))
        sheet.row += 1
    sheet.notes()


def _rate_formula(column: Colonne, cells: Mapping[str, Value], refs: Mapping[str, str]) -> str:
    """Live result / target where the attainment is that quotient; '' where it is read otherwise."""
    if not (column.cible and column.resultat):
        return ""
    quotient = {"r": cells[column.resultat], "c": cells[column.cible]}
    rate = cells[column.cle]
    if not isinstance(rate, Fraction) or evaluate("r / c", quotient) != rate:
        return ""
    return excel_formula("r / c", {"r": refs[column.resultat], "c": refs[column.cible]})


def _write_readme(
    book: Any,
    readme: LisezMoi,
    contrats: Mapping[str, Any],
    stamp: str,
    gabarits: Sequence[Gabarit],
    simule: bool,
) -> None:
    sheet = book.add_worksheet(readme.feuille)
    sheet.set_column(0, 0, 110)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    bold = book.add_format({"bold": True, "font_size": 14})
    alert = book.add_format({"bold": True, "font_color": "#9C0006", "bg_color": "#FFE5E5"})
    wrap = book.add_format({"text_wrap": True, "valign": "top"})
    lines: list[tuple[str, Any]] = [("Tableaux financiers et indicateurs des bilans", bold)]
    if simule:
        lines.append(
            ("Données simulées : aucun chiffre d'exécution de ce classeur n'est réel.", alert)
        )
    lines.append((stamp, wrap))
    lines += [
        (f"{contrat.titre} (département {contrat.departement})", wrap)
        for contrat in contrats.values()
    ]
    lines += [("", wrap), ("Feuilles", bold)]
    lines += [
        (title if title.startswith(g.feuille) else f"{g.feuille} : {title}", wrap)
        for g in gabarits
        for title in [re.sub(r" – [^–]*\{.*", "", g.titre)]
    ]
    lines += [("", wrap), ("Notes", bold), *((note, wrap) for note in readme.notes)]
    for row, (text, style) in enumerate(lines):
        sheet.write_string(row, 0, text, style)
        sheet.set_row(row, 16 * -(-len(text) // 100) if style is wrap else 22)


def _stamp(executions: Sequence[Any], simule: bool) -> str:
    """When the figures stop and whether they are simulated, on every sheet."""
    years = [str(execution.exercice) for execution in executions]
    limits = [getattr(execution, "arrete_au", None) for execution in executions]
    limit = next((day for day in reversed(limits) if day is not None), None)
    s = "s" if len(years) > 1 else ""
    upto = f", arrêté{s} au {limit:%d/%m/%Y}" if limit else f" entier{s}"
    empty = [str(e.exercice) for e in executions if not getattr(e, "renseigne", True)]
    text = f"Exercice{s} {' et '.join(years) or MISSING}{upto}"
    if empty:
        text += f" ; exécution {MISSING}e : {', '.join(empty)}"
    return f"Données simulées – {text}" if simule else text


def write_workbook(
    path: Path,
    contrats: Mapping[str, Any],
    executions: Sequence[Any],
    indicateurs: pd.DataFrame,
    simule: bool,
    regles: Any = None,
) -> None:
    """Write tableaux.xlsx: annexes 2 to 6, the bilan financier of each volet, art. 3, balances.

    `regles`: outcome of the rules (carry-overs, balances, version of each exercise).
    """
    readme, gabarits = load_gabarits()
    stamp = _stamp(executions, simule)
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(str(path), options) as book:
        book.set_properties(
            {"title": "Tableaux des bilans", "created": _CREATED, "comments": stamp}
        )
        _write_readme(book, readme, contrats, stamp, gabarits, simule)
        for gabarit in gabarits:
            sheet = _Sheet(book, gabarit, stamp)
            contrat = contrats.get(gabarit.contrat)
            if contrat is None:
                sheet.sheet.write_string(0, 0, f"Contrat « {gabarit.contrat} » absent du registre.")
            elif gabarit.lignes == "actions":
                _write_actions(sheet, contrat, executions, regles)
            elif gabarit.lignes in ("piliers", "volets"):
                _write_rows(sheet, contrat, executions, regles)
            else:
                last = max((execution.exercice for execution in executions), default=None)
                _write_indicators(sheet, contrat, indicateurs, last)
