"""Sending each ledger line to its action(s), by ordered rules, exact to the centime."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd

from analyses.depot.origine import SIGNES, Cle, Origines, origine_de, retranche
from analyses.socle.money import share_many
from analyses.socle.problems import BilanError, Problem
from analyses.socle.texts import plain

CLES = ("code_analytique", "convention", "nature", "fonction", "tiers", "objet")
# By what an expenditure is judged -> the column of the line that says it.
JUGES = {
    "exercice_juge": "exercice",
    "emission_jugee": "date_emission",
    "service_juge": "date_service",
    "poste_juge": "poste",
}
_ORIGINE = ("objet_origine", "exercice_origine", "numero_origine", "ligne_origine")
_REPRIS = (*CLES, *JUGES)  # what a reversal takes from its origin
_ACCORD = ("code_analytique", "convention", "nature", "fonction")
Taken = tuple[Any, ...]  # the fields of _REPRIS
_PREFIXE = {"nature", "fonction"}
_CONTENU = {"tiers", "objet"}


def _inherit(mandats: pd.DataFrame, origine: pd.DataFrame | None) -> pd.DataFrame:
    """Imputation of each line, and by what its expenditure is judged (`JUGES`): a reversal has what
    the line that it takes back has.

    `objet_origine` is the wording that says what was bought: the origin's, else the line's own;
    `exercice_origine` and `numero_origine` the mandate taken back (None and '': not a reversal, or
    neither said nor found), `ligne_origine` its line.
    """
    imputation = mandats[list(CLES)].astype(object).fillna("")
    imputation["objet_origine"] = mandats["objet"]
    for judged, own in JUGES.items():
        imputation[judged] = mandats[own].astype(object)
    imputation["exercice_origine"] = pd.Series(None, index=mandats.index, dtype=object)
    imputation["numero_origine"] = pd.Series("", index=mandats.index, dtype=object)
    imputation["ligne_origine"] = mandats["numero_ligne"].astype(object)
    said = mandats["mandat_origine"].fillna("").astype(str) != ""
    rows = np.flatnonzero(mandats["type"].map(retranche).astype(bool) & said)
    if not len(rows):
        return imputation
    asked = [origine_de(text) for text in mandats["mandat_origine"].iloc[rows]]
    mandates = _lines_of([mandats, origine], {number for _, number in asked})
    known = Origines(mandates)
    values = {key: imputation[key].to_numpy(dtype=object, copy=True) for key in imputation}
    columns = mandats[["type", "exercice", "mandat_origine", "numero_ligne"]].iloc[rows]
    lines = columns.itertuples(index=False, name=None)
    for row, (named, number), (kind, year, text, line) in zip(rows, asked, lines, strict=True):
        found = known.find(kind, year, text)
        values["exercice_origine"][row] = named if found is None else found[0]
        values["numero_origine"][row] = number
        if found is not None:
            stated = {key: values[key][row] for key in _ACCORD}
            of = _taken_back(mandates[found], str(line), stated)
            for key, value in zip(_REPRIS, mandates[found][of], strict=True):
                values[key][row] = value
            values["ligne_origine"][row] = of
            values["objet_origine"][row] = values["objet"][row]
        elif named is not None and named != year:  # of a year that is not there: its dates neither
            values["exercice_juge"][row], values["emission_jugee"][row] = named, None
    return pd.DataFrame(values, index=mandats.index)


def _taken_back(lines: Mapping[str, Taken], line: str, own: Mapping[str, str]) -> str:
    """The line of a mandate that a reversal takes back: among those that agree with the imputation
    it says, else among all, that of its number, else the first."""
    ranks = {key: _REPRIS.index(key) for key in own}
    agree = [
        number
        for number, taken in lines.items()
        if all(said in ("", taken[ranks[key]]) for key, said in own.items())
    ] or list(lines)
    return line if line in agree else agree[0]


def _lines_of(
    frames: Iterable[pd.DataFrame | None], numbers: set[str]
) -> dict[Cle, dict[str, Taken]]:
    """What a reversal takes from the lines that add, of some mandates, by mandate and line."""
    found: dict[Cle, dict[str, Taken]] = {}
    for frame in frames:
        if frame is None:
            continue
        kept = frame[frame["numero_mandat"].astype(str).isin(numbers)]
        kept = kept[~kept["type"].map(retranche).astype(bool)]
        names = ["exercice", "numero_mandat", "numero_ligne", *CLES, *JUGES.values()]
        for year, number, line, *taken in kept[names].itertuples(index=False, name=None):
            mandate = found.setdefault((int(year), str(number)), {})
            mandate.setdefault(str(line), tuple(taken))
    return found


def _factorised(imputation: pd.DataFrame) -> dict[str, tuple[np.ndarray, list[str]]]:
    """Codes and distinct values of each key: a rule is tested once per distinct value."""
    factors = {}
    for key in CLES:
        codes, uniques = pd.factorize(imputation[key].astype(object))
        texts = [plain(u) if key in _CONTENU else str(u) for u in uniques]
        factors[key] = (codes, texts)
    return factors


def _matches(key: str, wanted: str, texts: Iterable[str]) -> np.ndarray:
    if key in _PREFIXE:
        return np.array([text.startswith(wanted) for text in texts], dtype=bool)
    if key in _CONTENU:
        part = plain(wanted)
        return np.array([part in text for text in texts], dtype=bool)
    return np.array([text == wanted for text in texts], dtype=bool)


def _rule_mask(
    rule: Any, factors: dict[str, tuple[np.ndarray, list[str]]], open_rows: np.ndarray
) -> np.ndarray:
    mask = np.ones(len(open_rows), dtype=bool)
    for key in CLES:
        wanted = str(getattr(rule, key) or "")
        if wanted:
            codes, texts = factors[key]
            mask &= _matches(key, wanted, texts)[codes[open_rows]]
    return mask


def _split(
    rows: np.ndarray, masks: list[np.ndarray], rules: list[Any], amounts: np.ndarray
) -> tuple[list[tuple[np.ndarray, int, np.ndarray]], list[Problem]]:
    """Parts (rows, rule, amounts) of the lines that one priority takes."""
    parts: list[tuple[np.ndarray, int, np.ndarray]] = []
    problems: list[Problem] = []
    codes = np.zeros(len(rows), dtype="int64")
    for mask in masks:
        codes = pd.factorize(2 * codes + mask)[0]
    firsts = np.unique(codes, return_index=True)[1]
    patterns, places = np.unique(np.array(masks).T[firsts], axis=0, return_inverse=True)
    inverse = places.reshape(-1)[codes]
    for number, pattern in enumerate(patterns):
        taken = [rule for rule, hit in zip(rules, pattern, strict=True) if hit]
        if not taken:
            continue
        selected = rows[inverse == number]
        weights = {rule.regle: Fraction(rule.quote_part) for rule in taken}
        if sum(weights.values()) != 1:
            numbers = ", ".join(str(abs(rule.regle)) for rule in taken)
            problems.append(
                Problem(
                    "affectations.csv",
                    abs(taken[0].regle),
                    "quote_part",
                    "des quote-parts de somme 1 entre règles de même priorité appliquées ensemble",
                    f"{sum(weights.values())} (lignes {numbers})",
                    "corrigez les quote-parts ou les priorités",
                )
            )
            continue
        if len(taken) == 1:
            parts.append((selected, taken[0].regle, amounts[selected]))
            continue
        for number_, split in share_many(amounts[selected], weights).items():
            parts.append((selected, number_, split))
    return parts, problems


def assign(
    mandats: pd.DataFrame,
    affectations: pd.DataFrame | None,
    origine: pd.DataFrame | None = None,
    precedentes: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """One row per line and action: the columns of `mandats`, then contrat, action, montant_signe
    (centimes), motif, regle (line of the rules file, 0 = none), and what `_inherit` says of the
    origin and of what judges the line.

    A line that no rule takes has contrat and action empty. `origine`: earlier lines in which a
    reversal may find its origin; `precedentes`: the rules of their exercise, which then send it.

    >>> line = dict(exercice=2024, numero_mandat="1", numero_ligne="1", type="ordinaire",
    ...     mandat_origine="", nature="6568", fonction="", code_analytique="A1", convention="",
    ...     tiers="", objet="", montant=101, date_emission=None, date_service=None, poste="")
    >>> empty = dict(convention="", nature="", fonction="", tiers="", objet="", motif="")
    >>> rules = [dict(empty, priorite=1, code_analytique="A1", contrat="solidarites", action=a,
    ...     quote_part=Fraction(1, 2)) for a in ("1", "2")]
    >>> assign(pd.DataFrame([line]), pd.DataFrame(rules))["montant_signe"].tolist()
    [51, 50]
    """
    mandats = mandats.reset_index(drop=True)
    imputation = _inherit(mandats, origine)
    parts, problems, rules = _shared(mandats, imputation, affectations, precedentes)
    if problems:
        raise BilanError(problems)
    return _assemble(mandats, imputation, parts, rules)


def shares_problems(mandats: pd.DataFrame, affectations: pd.DataFrame) -> list[Problem]:
    """What stops `assign`: lines that rules of one priority share without summing to 1."""
    mandats = mandats.reset_index(drop=True)
    return _shared(mandats, _inherit(mandats, None), affectations)[1]


def _numbered(rules: pd.DataFrame | None, sign: int) -> list[pd.DataFrame]:
    """Rules by line of their file (`regle`); those of the exercise before are negative."""
    if rules is None or not len(rules):
        return []
    numbers = rules["ligne"] if "ligne" in rules else pd.Series(range(1, len(rules) + 1))
    return [rules.assign(regle=[sign * int(n) for n in numbers])]


def _shared(
    mandats: pd.DataFrame,
    imputation: pd.DataFrame,
    affectations: pd.DataFrame | None,
    precedentes: pd.DataFrame | None = None,
) -> tuple[list[tuple[np.ndarray, int, np.ndarray]], list[Problem], pd.DataFrame]:
    """Parts (rows, rule or 0, signed amounts) that make every line, problems, numbered rules."""
    signs = mandats["type"].map(SIGNES).to_numpy(dtype="int64")
    amounts = mandats["montant"].to_numpy(dtype="int64") * signs
    factors = _factorised(imputation)
    open_rows = np.arange(len(mandats))
    parts: list[tuple[np.ndarray, int, np.ndarray]] = []
    problems: list[Problem] = []
    known = [*_numbered(affectations, 1), *_numbered(precedentes, -1)]
    rules = pd.concat(known, ignore_index=True) if known else pd.DataFrame()
    years = mandats["exercice"].to_numpy(dtype=object)
    before = (imputation["exercice_origine"].to_numpy(dtype=object) == years - 1).astype(bool)
    before &= precedentes is not None
    if len(rules) and len(mandats):
        for _, group in rules.groupby("priorite", sort=True):
            same: list[Any] = list(group.itertuples(index=False))
            masks = [
                _rule_mask(rule, factors, open_rows) & (before[open_rows] == (rule.regle < 0))
                for rule in same
            ]
            taken = np.logical_or.reduce(masks)
            if taken.any():
                kept = [mask[taken] for mask in masks]
                new, wrong = _split(open_rows[taken], kept, same, amounts)
                parts, problems = parts + new, problems + wrong
                open_rows = open_rows[~taken]
    parts.append((open_rows, 0, amounts[open_rows]))
    return parts, problems, rules


def _assemble(
    mandats: pd.DataFrame,
    imputation: pd.DataFrame,
    parts: list[tuple[np.ndarray, int, np.ndarray]],
    rules: pd.DataFrame,
) -> pd.DataFrame:
    rows = np.concatenate([part[0] for part in parts]).astype("int64")
    used = np.concatenate([np.full(len(part[0]), part[1], dtype="int64") for part in parts])
    amounts = np.concatenate([part[2] for part in parts]).astype("int64")
    order = np.argsort(rows, kind="stable")
    rows, used, amounts = rows[order], used[order], amounts[order]
    result = mandats.assign(**{key: imputation[key] for key in CLES}).iloc[rows]
    result = result.reset_index(drop=True)
    targets = {0: ("", "", "aucune règle d'affectation")}
    if len(rules):
        columns = ["regle", "contrat", "action", "motif"]
        targets |= {
            n: (str(c), str(a), str(m)) for n, c, a, m in rules[columns].itertuples(index=False)
        }
    for rank, name in enumerate(("contrat", "action", "motif")):
        known = {number: target[rank] for number, target in targets.items()}
        result[name] = pd.Series([known[n] for n in used.tolist()], dtype=object)
    result["montant_signe"] = amounts
    result["regle"] = np.abs(used)
    for name in (*_ORIGINE, *JUGES):
        result[name] = imputation[name].to_numpy(dtype=object)[rows]
    return result
