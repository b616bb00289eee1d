"""resultats.csv: every figure of the bilan in one public, machine-readable table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any, cast

import pandas as pd

from analyses.chiffres.regles import figures, readings_of, value_text
from analyses.contrat.citations import clause_of
from analyses.socle.money import decimal_text, euros_text, number_text

COLONNES = [
    "mesure",
    "contrat",
    "exercice",
    "niveau",
    "code",
    "financeur",
    "valeur",
    "unite",
    "statut",
    "article",
    "lecture",
]
FINANCEURS = ("etat", "cd", "caf", "ars", "fse", "autres")
SIMULE = "Données simulées"
# Printed columns that group several funders, under the closest public name.
_IMPRIMES = {
    "tiers": ("autres", "tous les financeurs tiers"),
    "hors_fse": ("total", "total imprimé hors FSE"),
}
_ARTICLES = {
    "solidarites": {
        "prevu": "annexe 3",
        "verse": "art. 3",
        "realise": "art. 2.2",
        "ineligible": "art. 5",
        "consomme": "art. 2.2",
        "non_consomme": "art. 2.2",
        "taux_execution": "art. 2.2",
        "enjeu_etat": "art. 2.2",
        "part_attendue": "art. 2.1",
        "statut_sous_consommation": "art. 2.2",
    },
    "emploi": {
        "prevu": "annexe 2",
        "verse": "art. 6",
        "realise": "art. 3.2",
        "ineligible": "art. 4.2",
        "consomme": "art. 4.1",  # and art. 3.3 where the cost is shared in halves
        "non_consomme": "art. 4.1",
        "taux_execution": "art. 3.2",
        "enjeu_etat": "art. 6",
        "part_attendue": "art. 3.1",
        "statut_sous_consommation": "art. 6",
    },
}
_EMPTY_CELLS = {
    "sans_objet": "sans_objet",
    "non_concerne": "sans_objet",
    "inconnu": "non_renseigne",
    "vide": "non_renseigne",
    "texte": "non_evaluable",
}
_NO_FIGURE = {"sans_objet", "non_renseigne", "non_evaluable"}
Row = dict[str, Any]


def _row(
    mesure: str,
    place: Mapping[str, Any],
    financeur: str,
    valeur: str,
    unite: str,
    statut: str,
    article: str,
    lecture: str = "",
) -> Row:
    return {
        "mesure": mesure,
        **place,
        "financeur": financeur,
        "valeur": valeur,
        "unite": unite,
        "statut": statut,
        "article": article,
        "lecture": lecture,
    }


def _status_row(
    mesure: str, place: Mapping[str, Any], status: str, article: str, lecture: str
) -> Row:
    """A verdict: it is the value, unless nothing could be judged."""
    judged = status not in _NO_FIGURE
    return _row(
        mesure,
        place,
        "",
        status if judged else "",
        "",
        "calcule" if judged else status,
        article,
        lecture,
    )


def _place(contrat: str, exercice: int | str, niveau: str, code: str) -> dict[str, Any]:
    return {"contrat": contrat, "exercice": exercice, "niveau": niveau, "code": code}


def _note(simule: bool, words: str = "") -> str:
    return " ; ".join(part for part in (words, SIMULE if simule else "") if part)


def _sum(values: Iterable[Any]) -> int | None:
    """Sum of what is shown; None when nothing is."""
    shown = [int(value) for value in values if value is not None]
    return sum(shown) if shown else None


def _lines(frame: pd.DataFrame) -> Iterator[Any]:
    return cast(Iterator[Any], frame.itertuples(index=False))


def _ratio(part: int | None, whole: int | None) -> Fraction | None:
    return Fraction(part, whole) if part is not None and whole else None


def _article(contrat: str, mesure: str) -> str:
    return _ARTICLES.get(contrat, {}).get(mesure, "")


class _Scope:
    """A set of actions shown as one place: a contract, an axe or volet, an action."""

    def __init__(
        self,
        execution: Any,
        contrat: Any,
        niveau: str,
        code: str,
        actions: list[str],
        simule: bool,
        absent: str,
        lectures: Mapping[tuple[Any, ...], str] | None = None,
    ) -> None:
        frame, parts = execution.par_action, execution.par_financeur
        self.lectures = lectures or {}
        self.actions = frame[(frame["contrat"] == contrat.code) & frame["action"].isin(actions)]
        self.funders = parts[(parts["contrat"] == contrat.code) & parts["action"].isin(actions)]
        self.place = _place(contrat.code, execution.exercice, niveau, code)
        self.contrat, self.simule, self.absent = contrat.code, simule, absent
        groups = {contrat.actions[code].groupe for code in actions}
        halves = [clause_of(contrat, "taux_etat", group) for group in sorted(groups)]
        shared = dict.fromkeys(clause.article for clause in halves if clause is not None)
        whole = len(shared) and all(clause is not None for clause in halves)
        self.partage = " et ".join([*shared, *([] if whole else ["art. 4.1"])]) if shared else ""
        self.exclut = bool(getattr(contrat, "ineligibles", []))

    def _euros(self, mesure: str, financeur: str, amount: int | None, article: str = "") -> Row:
        simule = self.simule and mesure != "prevu"
        empty = self.absent
        if not amount and (empty == "sans_objet" or (mesure == "ineligible" and not self.exclut)):
            # The volet has ended, or the contract excludes nothing.
            amount, empty = None, "sans_objet" if amount is not None else empty
        words = self.lectures.get((mesure, *self.place.values()), "")
        if mesure == "non_consomme" and amount is not None and amount < 0:
            words = " ; ".join(part for part in ("dépassement du prévu", words) if part)
        if mesure in ("consomme", "non_consomme") and self.partage:
            article = self.partage
        return _row(
            mesure,
            self.place,
            financeur,
            "" if amount is None else euros_text(amount),
            "euros",
            empty if amount is None else "calcule",
            article or _article(self.contrat, mesure),
            _note(simule, words),
        )

    def _rate(self, financeur: str, part: int | None, whole: int | None) -> Row:
        value = _ratio(part, whole)
        empty = "sans_objet" if part is not None and whole == 0 else self.absent
        return _row(
            "taux_execution",
            self.place,
            financeur,
            "" if value is None else decimal_text(value),
            "ratio",
            empty if value is None else "calcule",
            _article(self.contrat, "taux_execution"),
            _note(self.simule),
        )

    def rows(self, verse: int | None, plan_source: str) -> Iterator[Row]:
        frame, parts = self.actions, self.funders
        planned, spent = _sum(frame["prevu"]), _sum(frame["realise"])
        yield self._euros("prevu", "total", planned, plan_source)
        yield self._euros("verse", "etat", verse)
        yield self._euros("realise", "total", spent)
        yield self._euros("ineligible", "total", _sum(frame["ineligible"]))
        yield self._rate("total", spent if planned is not None else None, planned)
        present = set(parts["financeur"])
        for funder in [*FINANCEURS, *sorted(present - set(FINANCEURS))]:
            if funder not in present:
                continue
            own = parts[parts["financeur"] == funder]
            plan, used = _sum(own["prevu"]), _sum(own["consomme"])
            yield self._euros("prevu", funder, plan, plan_source)
            yield self._euros("consomme", funder, used)
            yield self._euros("non_consomme", funder, _sum(own["non_consomme"]))
            yield self._rate(funder, used, plan)
        if len(parts):
            yield self._euros("consomme", "total", _sum(parts["consomme"]))
            yield self._euros("non_consomme", "total", _sum(parts["non_consomme"]))


def _execution_rows(
    execution: Any,
    contrats: Mapping[str, Any],
    simule: bool,
    lectures: Mapping[tuple[Any, ...], str],
) -> Iterator[Row]:
    year = execution.exercice
    paid = {(r.contrat, r.action): r.verse for r in _lines(execution.par_action)}
    for contrat in contrats.values():
        if year not in contrat.exercices:
            continue
        name = contrat.code
        yield from _Scope(
            execution,
            contrat,
            "contrat",
            name,
            list(contrat.actions),
            simule,
            "non_renseigne",
            lectures,
        ).rows(execution.verse_contrat.get(name), "")
        for key, group in contrat.groupes.items():
            over = "sans_objet" if group.fin.year < year else "non_renseigne"
            codes = [a.code for a in contrat.actions.values() if a.groupe == key]
            yield from _Scope(
                execution, contrat, group.niveau, group.code_public, codes, simule, over, lectures
            ).rows(execution.verse_groupe.get((name, key)), "")
            for code in codes:
                source = getattr(contrat.actions[code], "plan_source", lambda _: "")(year)
                yield from _Scope(
                    execution, contrat, "action", code, [code], simule, over, lectures
                ).rows(paid.get((name, code)), source)
        yield from _printed_rows(contrat, year)
    lost = int(execution.non_affecte["montant_signe"].sum()) if execution.renseigne else None
    yield _row(
        "non_affecte",
        _place("", year, "contrat", ""),
        "total",
        "" if lost is None else euros_text(lost),
        "euros",
        "non_renseigne" if lost is None else "calcule",
        "",
        _note(simule),
    )


def _printed_rows(contrat: Any, year: int) -> Iterator[Row]:
    for printed in contrat.imprimes:
        if printed.exercice == year:
            funder, words = _IMPRIMES.get(printed.financeur, (printed.financeur, ""))
            yield _row(
                "imprime",
                _place(contrat.code, year, printed.niveau, printed.code),
                funder,
                euros_text(printed.montant_centimes),
                "euros",
                "calcule",
                printed.source,
                words,
            )
    for action in contrat.actions.values():
        for budget in getattr(action, "financements", []):
            if budget.exercice == year and budget.retenu and budget.total_imprime is not None:
                yield _row(
                    "imprime",
                    _place(contrat.code, year, "action", action.code),
                    "total",
                    euros_text(budget.total_imprime),
                    "euros",
                    "calcule",
                    f"{budget.source}, total imprimé",
                )


def _underconsumption_rows(
    frame: pd.DataFrame, contrats: Mapping[str, Any], simule: bool
) -> Iterator[Row]:
    grouped = cast(Iterator[Any], frame.groupby(["contrat", "exercice"], sort=False))
    for (name, year), own in grouped:
        contrat = contrats[name]
        ended = {key for key, group in contrat.groupes.items() if group.fin.year < int(year)}
        places = [("contrat", name, own)]
        places += [
            (g.niveau, g.code_public, own[own["groupe"] == key])
            for key, g in contrat.groupes.items()
        ]
        places += [
            ("action", line["action"], own[own["action"] == line["action"]])
            for _, line in own.iterrows()
        ]
        for niveau, code, rows in places:
            stake = _sum(rows["enjeu_etat"])
            manifest = _sum(rows[rows["statut"] == "manifeste"]["enjeu_etat"]) or 0
            words = "" if niveau == "action" else f"dont manifeste : {euros_text(manifest)}"
            over = len(rows) > 0 and set(rows["groupe"]) <= ended
            yield _row(
                "enjeu_etat",
                _place(name, year, niveau, code),
                "etat",
                "" if stake is None else euros_text(stake),
                "euros",
                "calcule" if stake is not None else "sans_objet" if over else "non_renseigne",
                _article(name, "enjeu_etat"),
                _note(simule, words),
            )
        for _, line in own.iterrows():
            place = _place(name, year, "action", line["action"])
            yield _row(
                "part_attendue",
                place,
                "",
                decimal_text(line["part_attendue"]),
                "ratio",
                "calcule",
                _article(name, "part_attendue"),
                "trajectoire prévue par la fiche",
            )
            over = line["groupe"] in ended and line["statut"] in _NO_FIGURE
            status = "sans_objet" if over else line["statut"]
            yield _status_row(
                "statut_sous_consommation",
                place,
                status,
                _article(name, "statut_sous_consommation"),
                _note(simule),
            )


def _cell_row(
    mesure: str,
    place: Mapping[str, Any],
    value: Fraction | None,
    kind: str,
    printed: str | None,
    line: Any,
    words: str,
) -> Row:
    unit = "ratio" if kind == "taux" else line.unite
    statut = "calcule" if value is not None else _EMPTY_CELLS.get(kind, "non_evaluable")
    shown = f"imprimé « {printed} »" if printed else ""
    return _row(
        mesure,
        place,
        "",
        "" if value is None else number_text(value),
        unit,
        statut,
        line.source,
        " ; ".join(part for part in (shown, words) if part),
    )


def _indicator_rows(
    frame: pd.DataFrame, contrats: Mapping[str, Any], last: int, simule: bool
) -> Iterator[Row]:
    seen: set[tuple[str, str]] = set()
    for line in _lines(frame):
        place = _place(line.contrat, line.exercice, "indicateur", line.code)
        doubt = "lecture incertaine (cellules-de-gauche-a-droite)" if line.incertaine else ""
        contrat = contrats[line.contrat]
        columns = (
            contrat.colonnes_nationaux if line.action == "nat" else contrat.colonnes_indicateurs
        )
        if (line.contrat, line.code) not in seen and "t0" in columns:
            # The initial situation is that of 31 December before the first target (annexe 2).
            before = min(year for year in columns if year != "t0") - 1
            start = {**place, "exercice": str(before)}
            yield _cell_row("t0", start, line.t0, line.t0_type, line.t0_imprime, line, doubt)
        seen.add((line.contrat, line.code))
        kind = "accroissement" if line.cible_type == "increment" else ""
        yield _cell_row(
            "cible",
            place,
            line.cible,
            line.cible_type,
            line.cible_imprime,
            line,
            " ; ".join(part for part in (kind, doubt) if part),
        )
        if line.exercice > last:
            continue
        yield _cell_row(
            "resultat",
            place,
            line.resultat,
            line.resultat_type,
            line.resultat_imprime,
            line,
            _note(simule),
        ) | {"article": _follow_up(line.contrat)}
        rate, status = line.taux, line.statut
        # Target zero is judged but has no rate; a judged indicator without rate is « sans objet ».
        empty = status if status in _NO_FIGURE else "sans_objet"
        yield _row(
            "taux_atteinte",
            place,
            "",
            "" if rate is None else decimal_text(rate),
            "ratio",
            empty if rate is None else "calcule",
            _follow_up(line.contrat),
            _note(simule, line.lecture),
        )
        yield _status_row("statut_atteinte", place, status, _follow_up(line.contrat), _note(simule))


def _follow_up(contrat: str) -> str:
    return {"solidarites": "art. 2.3", "emploi": "art. 3.5"}.get(contrat, "")


def _rule_rows(regles: Any, exercices: Sequence[int], simule: bool) -> Iterator[Row]:
    """Figures of the rules: engaged, paid, parts, carry-overs, ceilings, balances, versions."""
    for figure in figures(regles, exercices):
        readings = _readings(regles, figure.lectures)
        words = " ; ".join(part for part in (figure.note, readings) if part)
        yield _row(
            figure.mesure,
            _place(figure.contrat, figure.exercice, figure.niveau, figure.code),
            figure.financeur,
            value_text(figure.valeur),
            figure.unite,
            figure.statut,
            figure.article,
            _note(simule and figure.donnees, words),
        )


def _readings(regles: Any, codes: Iterable[str]) -> str:
    """Interpretations with their chosen reading, "base-des-50-pour-cent=etat-cd"."""
    return " ; ".join(f"{c}={regles.lectures[c]}" for c in codes if c in regles.lectures)


def resultats(
    contrats: Mapping[str, Any],
    executions: Sequence[Any],
    sous_conso: pd.DataFrame | Sequence[pd.DataFrame] | None,
    indicateurs: pd.DataFrame | None,
    simule: bool = False,
    regles: Any = None,
) -> pd.DataFrame:
    """Every figure as one row, all columns text (see `COLONNES`); amounts in euros.

    Sums of an axe, a volet or a contract are sums of what is shown for their actions. Targets of
    every year are there; results and statuses only up to the last exercise computed. `regles`:
    outcome of the rules, with the version of the contracts that each exercise used.

    >>> list(resultats({}, [], None, None).columns) == COLONNES
    True
    """
    rows: list[Row] = []
    years = [execution.exercice for execution in executions]
    lectures: dict[tuple[Any, ...], str] = {}
    if regles is not None:
        lectures = {k: _readings(regles, c) for k, c in readings_of(regles, years).items()}
    for execution in executions:
        used = contrats if regles is None else regles.contrats[execution.exercice]
        rows += _execution_rows(execution, used, simule, lectures)
    if regles is not None:
        rows += _rule_rows(regles, years, simule)
    frames = [sous_conso] if isinstance(sous_conso, pd.DataFrame) else (sous_conso or [])
    for frame in frames:
        rows += _underconsumption_rows(frame, contrats, simule)
    if indicateurs is not None:
        last = max((e.exercice for e in executions), default=0)
        rows += _indicator_rows(indicateurs, contrats, last, simule)
    return pd.DataFrame([{k: str(v) for k, v in row.items()} for row in rows], columns=COLONNES)
