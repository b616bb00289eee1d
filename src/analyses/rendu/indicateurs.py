"""Tables of the indicators: figures beside the texts that the contracts and the pilots wrote.

Each is a DataFrame with one row per action, indicator, question or modality; `montrer` writes it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from analyses.atteinte import questions as pilotes
from analyses.atteinte.formations import ENSEMBLE, TAUX
from analyses.atteinte.synthese import MOTIFS, STATUTS
from analyses.contrat.parametres import load_interpretations, load_seuils
from analyses.rendu.affichage import nom_contrat
from analyses.rendu.gabarits import Gabarit, load_gabarits
from analyses.rendu.tableau import tableau
from analyses.socle import fmt

if TYPE_CHECKING:
    from analyses.bilan import Bilan
    from analyses.contrat.model import Indicateur

SENS = {
    "hausse": "plus est mieux",
    "baisse": "moins est mieux",
    "valeur": "valeur à atteindre",
    "aucun": "aucun (observé)",
}
NATURES = {"flux": "flux de l'année", "cumul": "cumul depuis T0", "stock": "stock au 31 décembre"}
FORMES = {"nombre": "nombre", "taux": "taux", "oui_non": "oui ou non", "texte": "texte"}
QUADRANTS = {
    "depense_atteint": "dépensé, atteint",
    "peu_depense_atteint": "peu dépensé, atteint",
    "depense_peu_atteint": "dépensé, peu atteint",
    "peu_depense_peu_atteint": "peu dépensé, peu atteint",
}
LECTURES = QUADRANTS | MOTIFS
NOMBRES = {status: f"nombre_{status}" for status in STATUTS}
_MASQUE = "effectif trop petit pour être montré"
_FORMATIONS = ["formations_heures", "formations_inscriptions", "formations_intitules"]
_FORMATIONS += [name.replace("taux_", "taux_formations_") for name in TAUX]
_SUIVI = ["taux_atteinte", "progression", "attendu_fin_contrat", "taux_attendu_fin_contrat"]
_SUIVI += ["attendu_fin_contrat_lineaire"]
_PARCOURS = ["exercice", "contrat", "action", "national", "niveau", "code", "libelle", "t0"]
_PARCOURS += ["cible", "resultat", "taux_atteinte", "statut", "progression", "attendu_et_part"]
_PARCOURS += ["attendu_constant"]
_CLE = ["exercice", "contrat", "niveau", "code"]
Row = Mapping[Any, Any]


def denombre(row: Row) -> str:
    """Numbers of targets by status, in words, from a row of figures."""
    return fmt.denombre({status: int(row[name]) for status, name in NOMBRES.items()})


def argent(b: Bilan) -> pd.DataFrame:
    """Money beside results, one row per action and exercise: its rate of execution, its attained
    targets among the judged ones, and the quadrant they make, or why there is none."""
    mesures = ["realise", "taux_execution", "nombre_atteint", "nombre_juge", "part_atteinte"]
    actions = b.chiffres.query("niveau == 'action'")
    table = tableau(actions, [*mesures, "quadrant", "lecture_quadrant"])
    table = table[table["lecture_quadrant"].notna()].reset_index(drop=True)
    table["cibles_atteintes"] = [
        f"{reached} sur {total}"
        for reached, total in zip(table["nombre_atteint"], table["nombre_juge"], strict=True)
    ]
    table["lecture"] = table["lecture_quadrant"].map(LECTURES)
    words = table["quadrant"].fillna(table.get("vide quadrant", ""))
    order = [*QUADRANTS, "non_evaluable", "sans_objet", "non_renseigne"]
    return table.loc[words.map(order.index).sort_values(kind="stable").index]


# --- from T0 to the end of the contract -----------------------------------------------------


# What a bilan shows of them.
RESULTATS = ["exercice", "contrat", "niveau", "code", "libelle", "t0", "cible", "resultat"]
RESULTATS += ["taux_atteinte", "vide taux_atteinte", "statut", "lecture", "source"]


def resultats(b: Bilan) -> pd.DataFrame:
    """One row per indicator and exercise of the bilan: its cells as printed, its result as written,
    how it was read, and its figures."""
    own = b.indicateurs[b.indicateurs["exercice"].isin(b.exercices)].to_dict("records")
    texts = pd.DataFrame(
        {
            "exercice": [row["exercice"] for row in own],
            "contrat": [row["contrat"] for row in own],
            "niveau": "indicateur",
            "code": [row["code"] for row in own],
            "action": [row["action"] for row in own],
            "national": [row["national"] for row in own],
            "libelle": [row["libelle"] for row in own],
            "t0": [imprime(row, "t0") for row in own],
            "cible": [_target(row) for row in own],
            "resultat": [imprime(row, "resultat") for row in own],
            "statut": [row["statut"] for row in own],
            "lecture": [row["lecture"] or "directe" for row in own],
            "source": [row["source"] for row in own],
            "t0_prevu": [row["t0_imprime"] is not None for row in own],
            "unite_comparee": [row["unite_comparee"] for row in own],
        }
    )
    figures = tableau(b.chiffres.query("niveau == 'indicateur'"), _SUIVI)
    table = texts.merge(figures, on=_CLE, how="left")
    for name in _SUIVI:  # an indicator that is without object has no row of figures
        known = table.get(f"vide {name}", pd.Series(index=table.index, dtype=object))
        table[f"vide {name}"] = known.fillna("sans_objet")
    return table


def imprime(row: Row, name: str) -> str:
    """A cell as it was written."""
    text = row[f"{name}_imprime"]
    return fmt.NON_RENSEIGNE if fmt.missing(text) or not str(text).strip() else str(text)


def _target(row: Row) -> str:
    return imprime(row, "cible") + (" (lecture incertaine)" if row["incertaine"] else "")


def parcours(b: Bilan) -> pd.DataFrame:
    """`resultats` of the last exercise, with in words the status and where the pace leads; what
    these words are made of stands at the end."""
    table = resultats(b)
    table = table[table["exercice"] == b.exercices[-1]].reset_index(drop=True)
    rows = table.to_dict("records")
    table["t0"] = table["t0"].where(table["t0_prevu"].astype(bool), "non prévu")
    table["statut"] = [_status(row) for row in rows]
    table["attendu_et_part"] = [_expected(row) for row in rows]
    table["attendu_constant"] = [_number(row, "attendu_fin_contrat_lineaire") for row in rows]
    vides = [f"vide {name}" for name in _SUIVI]
    return table[[*_PARCOURS, *_SUIVI[2:], *vides]]


def _status(row: Row) -> str:
    """The status, and how it was read when its word does not say it."""
    read = "" if row["lecture"] == "directe" else row["lecture"]
    words = "" if row["statut"] == "non_renseigne" else read
    return " : ".join(part for part in (fmt.statut(row["statut"]), words) if part)


def _expected(row: Row) -> str:
    """The value expected at the end of the contract, and what it is of the one aimed at."""
    text = _number(row, "attendu_fin_contrat")
    part = row["taux_attendu_fin_contrat"]
    return text if fmt.missing(part) else f"{text}, soit {fmt.pourcent(part)} de la cible"


def _number(row: Row, name: str) -> str:
    """A figure in the unit of its indicator, or why there is none."""
    if fmt.missing(row[name]):
        return fmt.statut(row[f"vide {name}"])
    return (fmt.pourcent if row["unite_comparee"] == "ratio" else fmt.nombre)(row[name])


# --- questions, annexes, training -----------------------------------------------------------


def questions(b: Bilan) -> pd.DataFrame:
    """Results to confirm or correct, one row per question, in the order of the contracts."""
    own = b.indicateurs[["contrat", "action", "code", "libelle"]].drop_duplicates(
        ["contrat", "code"], ignore_index=True
    )
    labels: dict[tuple[str, str], str] = {}
    ranks: dict[tuple[str, str], int] = {}  # of an indicator, and of an action by its first one
    for rank, (contrat, action, code, label) in enumerate(own.itertuples(index=False, name=None)):
        labels[contrat, code], ranks[contrat, code] = label, rank
        ranks.setdefault((contrat, action), rank)
    asked = pilotes.questions(b.indicateurs, b.contrats, b.exercices, load_seuils())
    asked.sort(
        key=lambda q: (q.exercice, ranks[q.contrat, q.action], ranks.get((q.contrat, q.code), -1))
    )
    rows = [
        (q.exercice, q.contrat, q.action, labels.get((q.contrat, q.code), _TOUS), q.texte, q.genre)
        for q in asked
    ]
    columns = ["exercice", "contrat", "action", "indicateur", "question", "genre"]
    return pd.DataFrame(rows, columns=columns)


_TOUS = "tous ceux de l'action"


def annexes(b: Bilan) -> list[Gabarit]:
    """The annexes of the contracts that print their indicators (params/gabarits/)."""
    kinds = ("indicateurs", "nationaux")
    return [g for g in load_gabarits()[1] if g.lignes in kinds and g.contrat in b.contrats]


def annexe(b: Bilan, gabarit: Gabarit) -> pd.DataFrame:
    """An annexe filled in, in the State's columns, every year beside."""
    from analyses.rendu.classeur_lignes import indicator_rows

    contrat = b.contrats[gabarit.contrat]
    rows = indicator_rows(gabarit, contrat, b.indicateurs, b.exercices[-1])
    columns = {c.entete: c.source for c in gabarit.colonnes if "(ajout)" not in c.entete}
    cells = [[row[source] for source in columns.values()] for row in rows]
    return pd.DataFrame(cells, columns=list(columns), dtype=object).fillna("à venir")


def formations(b: Bilan) -> pd.DataFrame:
    """Training on the Académie, the whole, then each modality: a group that is too small is said
    and not shown."""
    own = b.chiffres[b.chiffres["mesure"].isin(_FORMATIONS)]
    table = tableau(own, _FORMATIONS, ["exercice", "contrat", "detail"])
    for name in _FORMATIONS:
        if f"vide {name}" in table:
            hidden = table[f"vide {name}"] == "non_evaluable"
            table[name] = table[name].mask(hidden, _MASQUE)
    table.insert(2, "modalite", table.pop("detail").replace("", ENSEMBLE))
    return table


# --- what the indicators are ----------------------------------------------------------------


def _indicators(b: Bilan) -> Iterator[tuple[str, str, Indicateur]]:
    """(contract, code, indicator) of every indicator."""
    for contrat in b.contrats.values():
        for action, indicator in contrat.indicateurs():
            yield contrat.code, f"{action}/{indicator.code}", indicator


def definitions(b: Bilan) -> pd.DataFrame:
    """What each indicator is: unit, direction, nature, what its years do, what it comes from."""
    rows = [
        {
            "contrat": contrat,
            "niveau": "indicateur",
            "code": code,
            "unite": indicator.unite,
            "sens": SENS[indicator.sens],
            "nature": NATURES[indicator.nature],
            "forme": FORMES[indicator.forme],
            "additif": "oui" if indicator.additif else "non",
            "precisions": _details(indicator),
        }
        for contrat, code, indicator in _indicators(b)
    ]
    return pd.DataFrame(rows)


def _details(indicator: Indicateur) -> str:
    formule = indicator.formule
    parts = []
    if formule is not None and formule.type == "rapport":
        parts.append(f"{formule.termes[0]} sur {formule.sur}, objectif {formule.objectif}")
    elif formule is not None:
        parts.append("contrôlé par " + " + ".join(formule.termes))
    if indicator.t0_nature:
        parts.append(f"T0 : {NATURES[indicator.t0_nature]}")
    parts += [f"à ventiler : {d.libelle} ({d.source})" for d in indicator.desagregations]
    return " ; ".join([*parts, *filter(None, [indicator.remarque])]) or "aucune"


def fondements(b: Bilan) -> pd.DataFrame:
    """On what ground each of these readings stands: the contract's words, or an interpretation."""
    reasons = {row["code"]: row for row in load_interpretations()}
    found: dict[str, tuple[set[str], list[str]]] = {}
    for contrat, code, indicator in _indicators(b):
        grounds: list[tuple[str, str]] = [*indicator.fondements.items()]
        if indicator.formule:
            grounds.append(("formule", indicator.formule.fondement))
        for key, text in grounds:
            keys, codes = found.setdefault(text, (set(), []))
            keys.add(key.replace("_", " ").replace("unite", "unité"))
            codes.append(f"{nom_contrat(contrat)} {code}")
    rows = [
        {
            "fondement": f"interprétation : {text}" if text in reasons else f"texte : {text}",
            "fixe": ", ".join(sorted(keys)),
            "retenue": _reading(reasons[text]) if text in reasons else "ce texte",
            "pourquoi": reasons[text]["pourquoi"] if text in reasons else "le contrat le dit",
            "indicateurs": _listed(codes),
        }
        for text, (keys, codes) in sorted(found.items(), key=lambda item: item[0] in reasons)
    ]
    return pd.DataFrame(rows)


def _reading(row: Mapping[str, Any]) -> str:
    return str(row["lectures"][row["retenue"]])


def _listed(codes: list[str]) -> str:
    once = list(dict.fromkeys(codes))
    return ", ".join(once) if len(once) <= 12 else f"{len(once)} indicateurs"
