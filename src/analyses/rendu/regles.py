"""What the notebooks say of the rules: the answer first, the other readings, the open points."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pandas as pd

from analyses.chiffres.effets import POSTURE
from analyses.chiffres.mesures import load_mesures
from analyses.contrat.citations import clause_of
from analyses.contrat.parametres import autre_posture, load_interpretations, load_posture
from analyses.rendu.affichage import markdown, nom_contrat, nom_financeur, nom_groupe
from analyses.rendu.tableau import tableau
from analyses.socle import fmt
from analyses.socle.tables import objects

if TYPE_CHECKING:
    from IPython.display import Markdown

    from analyses.bilan import Bilan


def essentiel(b: Bilan) -> Markdown:
    """The answer first: shares, carry-overs, balances, what must be looked at."""
    lines = [*_parts(b), *_soldes(b), *_recettes(b)]
    gaps = (b.chiffres["mesure"] == "ecart_report").to_numpy().nonzero()[0]
    if len(gaps):
        lines.append(f"- **Reports déclarés qui diffèrent du calcul** : {len(gaps)}.")
    if len(b.decisions):
        lines.append(f"- **Lignes de mandat sous décision d'éligibilité** : {len(b.decisions)}.")
    return markdown("\n".join(lines) or f"- Règles financières : {fmt.NON_RENSEIGNE}.")


def _parts(b: Bilan) -> Iterator[str]:
    """The département's minimum and what is carried over, where a clause sets them."""
    whole = b.chiffres[b.chiffres["niveau"] == "contrat"]
    carried = tableau(whole, ["a_reporter:etat", "a_rembourser:etat"], ["exercice", "contrat"])
    for row in carried.to_dict("records"):
        clause = clause_of(b.contrats[row["contrat"]], "part_cd")
        if clause is None:
            continue
        own = whole.query("exercice == @row['exercice'] and contrat == @row['contrat']")
        minimum = fmt.pourcent(Fraction(str(clause.valeur)), decimales=0)
        yield (
            f"- **{nom_contrat(row['contrat'])} {row['exercice']}** : part du Département d'au "
            f"moins {minimum} ({clause.article}), par action : {_counts(own, 'nombre_part_cd')} ; "
            "dépense moins argent reçu de l'État et des tiers, par action : "
            f"{_counts(own, 'nombre_part_encaissee')} ; crédits de l'État à "
            f"reporter : {fmt.euros(row['a_reporter:etat'])} ; à rembourser : "
            f"{fmt.euros(row['a_rembourser:etat'])}."
        )


def _counts(chiffres: pd.DataFrame, mesure: str) -> str:
    """How many actions have each status, in words."""
    own = tableau(chiffres, [mesure], ["detail"])
    return ", ".join(
        f"{fmt.statut(statut)} pour {fmt.nombre(number)}"
        for statut, number in zip(own["detail"], own[mesure], strict=True)
    )


def _soldes(b: Bilan) -> Iterator[str]:
    due = tableau(b.chiffres, ["exercices_du", "du", "base", "verse_du", "solde", "trop_percu"])
    due = due.dropna(subset="exercices_du").drop_duplicates(["contrat", "code"], keep="last")
    for row in due.to_dict("records"):
        name = nom_groupe(b, row["contrat"], row["code"]).partition(" – ")[0].lower()
        place = f"- **{nom_contrat(row['contrat'])}, {name}**"
        if fmt.missing(row["solde"]):
            yield f"{place} : solde {fmt.NON_RENSEIGNE}."
            continue
        verdict = f"solde à recevoir {fmt.euros(row['solde'])}"
        if row["trop_percu"]:
            verdict = f"trop-perçu {fmt.euros(row['trop_percu'])}, à rembourser"
        warning = ""
        if row["du"] > row["base"]:
            article = b.contrats[row["contrat"]].article("plafond_cout", [])
            warning = f" **Le dû dépasse le coût éligible** ({article} ; voir les autres lectures)."
        yield (
            f"{place} : dû {fmt.euros(row['du'])}, versé {fmt.euros(row['verse_du'])} ; "
            f"{verdict}.{warning}"
        )


def _recettes(b: Bilan) -> Iterator[str]:
    """Third-party receipts that no action plans for: they pay for nothing until one is named."""
    keys = ["exercice", "contrat", "financeur", "detail"]
    for row in tableau(b.chiffres, ["recette_non_repartie"], keys).to_dict("records"):
        place = f"{nom_contrat(row['contrat'])} {row['exercice']}"
        place += f", {row['detail']}" if row["detail"] else ""
        funder = nom_financeur(b, row["contrat"], row["financeur"])
        yield (
            f"- **{place}** : {fmt.euros(row['recette_non_repartie'])} reçus ({funder}) qu'aucune "
            "action ne prévoit, comptés nulle part ; indiquez l'action dans `recettes.csv`."
        )


# --- readings -------------------------------------------------------------------------------


def effets(b: Bilan, niveaux: Sequence[str], mesures: Sequence[str] = ()) -> pd.DataFrame:
    """What each figure would be under the readings that were not chosen, one at a time, in words;
    `mesures`: those to show (default: all)."""
    words = {
        (row["code"], reading): text
        for row in load_interpretations()
        for reading, text in row["lectures"].items()
    }
    frame = b.effets[
        b.effets["niveau"].isin(list(niveaux)) & (b.effets["interpretation"] != POSTURE)
    ]
    if mesures:
        frame = frame[frame["mesure"].isin(list(mesures))]
    rows = [
        {
            "interpretation": line["interpretation"],
            "autre_lecture": words[line["interpretation"], line["lecture"]],
            **_moved(b, line),
        }
        for line in frame.to_dict("records")
    ]
    return objects(rows, ["interpretation", "autre_lecture", *_BOUGE])


def effet_posture(b: Bilan, mesures: Sequence[str]) -> pd.DataFrame:
    """What the main figures would be if every open point followed the other posture at once."""
    frame = b.effets[b.effets["interpretation"] == POSTURE]
    frame = frame[frame["niveau"].isin(["contrat", "volet"]) & frame["mesure"].isin(list(mesures))]
    rows = [_moved(b, line) for line in frame.to_dict("records")]
    return objects(rows, _BOUGE)


_BOUGE = ["chiffre", "retenu", "serait", "ecart"]


def _moved(b: Bilan, line: Mapping[Any, Any]) -> dict[str, str]:
    """A row of lectures.csv in words."""
    return {
        "chiffre": _what(b, line),
        "retenu": _value(line["retenu"], line["unite"]),
        "serait": _value(line["valeur"], line["unite"]),
        "ecart": _gap(line["ecart"], line["unite"]),
    }


def _what(b: Bilan, line: Mapping[Any, Any]) -> str:
    """Which figure: where, when, what, for whom."""
    contrat = line["contrat"]
    place = nom_contrat(contrat)
    if line["niveau"] != "contrat":
        place = nom_groupe(b, contrat, line["code"]).partition(" – ")[0]
    what = [load_mesures()[line["mesure"]].titre, line["detail"]]
    what += [nom_financeur(b, contrat, line["financeur"]) if line["financeur"] else ""]
    return f"{place} {line['exercice']} : {', '.join(word for word in what if word)}"


def _value(value: Any, unite: str) -> str:
    if isinstance(value, str):
        return fmt.statut(value)
    if unite == "ratio":
        return fmt.pourcent(value)
    return fmt.euros(value) if unite == "euros" else fmt.nombre(value)


def _gap(value: Any, unite: str) -> str:
    """A difference: euros, numbers, or points of percentage."""
    return "–" if value is None else _value(value, unite).replace("%", "points")


def interpretations() -> pd.DataFrame:
    """Open points: the question, the reading chosen, why, whom it favours, since when, the other
    readings."""
    rows = [
        {
            "code_interpretation": row["code"],
            "article": row["article"],
            "question": row["question"],
            "lecture_retenue": row["lectures"][row["retenue"]],
            "pourquoi": row["pourquoi"],
            "favorise": _favours(row),
            "depuis": row["depuis"],
            "autres_lectures": " / ".join(
                text for code, text in row["lectures"].items() if code != row["retenue"]
            ),
        }
        for row in load_interpretations()
    ]
    return pd.DataFrame(rows)


def _favours(row: Mapping[str, Any]) -> str:
    """Whom the reading that is kept favours, and whether the posture or its own reason chose it."""
    kept, prudent, favourable = row["retenue"], row["prudente"], row["favorable"]
    if prudent == favourable == kept:
        return "neutre"
    whom = {prudent: "l'État", favourable: "le Département"}.get(kept, "ni l'un ni l'autre")
    return f"{whom} ({'pour sa propre raison' if row['propre'] else 'par la posture'})"


def posture() -> Markdown:
    """The general line on open texts, and how many points have a reason of their own."""
    rows = load_interpretations()
    own = [row for row in rows if row["propre"]]
    return markdown(
        f"**Posture : {load_posture()}.** Sur {len(rows)} points ouverts, {len(own)} sont lus pour "
        "leur propre raison, qui l'emporte ; les autres suivent la posture. Elle se change en tête "
        "de `params/interpretations.yaml`."
    )


def legende_posture(b: Bilan) -> str:
    """The caption of `effet_posture`."""
    return f"Ce que les chiffres seraient sous la posture {autre_posture()} ({b.periode})"


def retenues(b: Bilan) -> pd.DataFrame:
    """The readings on which figures of the bilan depend: code, words, article; no amount."""
    used = {
        part.partition("=")[0]
        for text in b.chiffres["lectures"].unique()
        for part in text.split(" ; ")
    }
    rows = [
        {
            "code_interpretation": row["code"],
            "article": row["article"],
            "lecture_retenue": row["lectures"][row["retenue"]],
        }
        for row in load_interpretations()
        if row["code"] in used
    ]
    return objects(rows, ["code_interpretation", "article", "lecture_retenue"])
