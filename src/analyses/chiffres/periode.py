"""What each contract adds up to over the exercises of a bilan: a level of its own, `periode`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

import pandas as pd

from analyses.chiffres.agregation import Cle, add, derived
from analyses.chiffres.chiffre import CLE, Chiffre, Rapport, identifiant
from analyses.chiffres.mesures import Mesures

PERIODE = "periode"


def avec_periode(
    chiffres: pd.DataFrame, exercices: Sequence[int], mesures: Mesures
) -> pd.DataFrame:
    """The table with the sums of each contract over several exercises, for the measures whose
    years add up by the registry, and their ratios; they stand at the last exercise.

    A contract that one exercise alone concerns has none.
    """
    frame = chiffres[chiffres["niveau"] != PERIODE].reset_index(drop=True)
    yearly = [code for code, mesure in mesures.items() if mesure.annees_cumulables]
    own = frame[(frame["niveau"] == "contrat") & (frame["detail"] == "")]
    own = own[own["mesure"].isin(yearly) & own["exercice"].isin(exercices)]
    rows = [
        row
        for _, one in own.groupby("contrat", sort=False)
        if one["exercice"].nunique() > 1
        for row in _contrat(one, mesures)
    ]
    if not rows:
        return frame
    return pd.concat([frame, pd.DataFrame(rows).astype(frame.dtypes)], ignore_index=True)


def _contrat(own: pd.DataFrame, mesures: Mesures) -> Iterator[dict[str, Any]]:
    years: dict[Cle, list[dict[str, Any]]] = {}
    for row in cast("list[dict[str, Any]]", own.to_dict("records")):
        years.setdefault((row["mesure"], row["financeur"], ""), []).append(row)
    last = own.iloc[-1]
    place = (last["contrat"], int(own["exercice"].max()), PERIODE, last["code"])
    told = {(row["mesure"], row["exercice"]) for rows in years.values() for row in rows}
    every = set(own["exercice"])
    sums = {}
    for key, rows in years.items():
        if mesures[key[0]].agregation == "somme":
            # A year that says nothing of a measure is unknown; of a funder alone, it has none.
            silent = any((key[0], year) not in told for year in every)
            sums[key] = _sum(Chiffre(key[0], *place, key[1], None), rows, silent)
    rates = {(one.mesure, one.financeur, ""): one for one in derived(place, sums, mesures)}
    for key, one in {**sums, **rates}.items():
        if key in years:
            yield _row(one, years[key])


def _sum(total: Chiffre, rows: Sequence[Mapping[str, Any]], silent: bool) -> Chiffre:
    """The sum of the years; `silent`: one of them says nothing."""
    known = (None if pd.isna(row["centimes"]) else int(row["centimes"]) for row in rows)
    terms = [
        replace(total, statut=row["statut"], valeur=value)
        for row, value in zip(rows, known, strict=True)
    ]
    terms += [replace(total, statut="non_renseigne")] if silent else []
    valeur, statut, connu = add(terms)
    return replace(total, valeur=valeur, statut=statut, connu=connu)


def _row(one: Chiffre, rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The row of a sum: what founds it and what it depends on are those of its years."""
    told = {
        name: " ; ".join(dict.fromkeys(row[name] for row in rows if row[name]))
        for name in ("article", "lectures", "note")
    }
    ratio = one.valeur if isinstance(one.valeur, Rapport) else None
    return (
        rows[-1]
        | {name: getattr(one, name) for name in CLE}
        | told
        | {
            "centimes": one.valeur if isinstance(one.valeur, int) else None,
            "numerateur": ratio and ratio.numerateur,
            "denominateur": ratio and ratio.denominateur,
            "statut": one.statut,
            "connu": one.connu,
            "identifiant": identifiant(one),
        }
    )
