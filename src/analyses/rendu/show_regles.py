"""What the notebooks show of the rules: parts, carry-overs, advance, balances, other readings.

Like `show`, one function per table, all taking the `Bilan`; a missing figure is « non renseigné ».
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pandas as pd

from analyses.contrat.citations import clause_of
from analyses.regles.solidarites import Part
from analyses.rendu.show import (
    Bilan,
    Formatter,
    _action,
    _contrat,
    _funder,
    _groupe,
    _groupe_long,
    _period,
    _rate,
    _rows,
    markdown,
    table,
    total,
)
from analyses.socle import fmt

if TYPE_CHECKING:
    from IPython.display import Markdown
    from pandas.io.formats.style import Styler

MESURES = {
    "engage": "engagé",
    "paye": "payé",
    "personnel": "coût des agents",
    "part_cd": "part du Département (consommé)",
    "part_cd_prevue": "part du Département (prévu)",
    "ecart_part_cd": "écart à la part minimale",
    "statut_part_cd": "part minimale",
    "plafond": "plafond",
    "report_recu": "report reçu",
    "a_reporter": "à reporter",
    "a_rembourser": "à rembourser",
    "avance": "avance",
    "du": "dû par l'État",
    "solde": "solde",
    "trop_percu": "trop-perçu",
    "realise_annexe_6": "« Montant total réalisé » (annexe 6)",
    "realise": "réalisé éligible",
    "ineligible": "inéligible",
    "verse": "versé par l'État",
    "consomme": "consommé",
}
_STATUTS = {
    "respectee": "respectée",
    "non_respectee": "non respectée",
    "sans_objet": "sans objet",
    "non_renseigne": fmt.NON_RENSEIGNE,
}


def _euros(*columns: str) -> dict[str, Formatter]:
    return dict.fromkeys(columns, fmt.euros)


def _years(b: Bilan) -> list[int]:
    return [e.exercice for e in b.executions]


def _contrats(b: Bilan, year: int, contrat: str | None) -> Iterator[Any]:
    for code, terms in b.regles.contrats.get(year, {}).items():
        if contrat in (None, code):
            yield terms


def _sum(values: Iterable[int | None]) -> int | None:
    return total(list(values))


# --- the answer -----------------------------------------------------------------------------


def essentiel(b: Bilan, contrat: str | None = None) -> Markdown:
    """The answer first: shares, carry-overs, balances, what must be looked at."""
    lines = [*_essentiel_parts(b, contrat), *_essentiel_soldes(b, contrat)]
    lines += _essentiel_recettes(b, contrat)
    if contrat in (None, "solidarites"):
        gaps = _gaps(b)
        if gaps:
            lines.append(f"- **Reports déclarés qui diffèrent du calcul** : {len(gaps)}.")
    decided = sum(len(e.decisions) for e in b.executions)
    if decided:
        lines.append(f"- **Lignes de mandat sous décision d'éligibilité** : {decided}.")
    return markdown("\n".join(lines) or f"- Règles financières : {fmt.NON_RENSEIGNE}.")


def _essentiel_parts(b: Bilan, contrat: str | None) -> Iterator[str]:
    for year in _years(b):
        for terms in _contrats(b, year, contrat):
            if clause_of(terms, "part_cd") is None:
                continue
            parts = [
                used
                for (exercice, name, niveau, _), (_, used) in b.regles.parts.items()
                if (exercice, name, niveau) == (year, terms.code, "action")
            ]
            count = Counter(part.statut for part in parts)
            shown = ", ".join(f"{w} pour {count[s]}" for s, w in _STATUTS.items() if count[s])
            chains = [
                chaine
                for (exercice, name, _), chaine in b.regles.chaines.items()
                if (exercice, name) == (year, terms.code)
            ]
            kept, back = (
                _sum(getattr(c.etat, field) for c in chains)
                for field in ("a_reporter", "a_rembourser")
            )
            yield (
                f"- **{_contrat(terms.code)} {year}** : part du Département d'au moins 50 % "
                f"(art. 2.2), par action : {shown} ; crédits de l'État à reporter : "
                f"{fmt.euros(kept)} ; à rembourser : {fmt.euros(back)}."
            )


def _essentiel_soldes(b: Bilan, contrat: str | None) -> Iterator[str]:
    for (year, name, groupe), solde in b.regles.soldes.items():
        if year not in _years(b) or contrat not in (None, name):
            continue
        place = f"{_contrat(name)}, {_groupe(b, name, groupe).lower()}"
        if solde.solde is None:
            yield f"- **{place}** : solde {fmt.NON_RENSEIGNE}."
            continue
        verdict = (
            f"trop-perçu {fmt.euros(solde.trop_percu)}, à rembourser"
            if solde.trop_percu
            else f"solde à recevoir {fmt.euros(solde.solde)}"
        )
        warning = ""
        if (solde.du or 0) > (solde.base or 0):
            article = _article(b.regles.contrats[year][name], "plafond_cout")
            warning = f" **Le dû dépasse le coût éligible** ({article} ; voir les autres lectures)."
        yield (
            f"- **{place}** : dû {fmt.euros(solde.du)}, versé {fmt.euros(solde.verse)} ; "
            f"{verdict}.{warning}"
        )


def _essentiel_recettes(b: Bilan, contrat: str | None) -> Iterator[str]:
    """Third-party receipts that no action plans for: they pay for nothing until one is named."""
    for run in b.executions:
        for (name, code, funder), amount in run.recettes_non_reparties.items():
            if contrat in (None, name):
                place = f"{_contrat(name)} {run.exercice}" + (f", {code}" if code else "")
                yield (
                    f"- **{place}** : {fmt.euros(amount)} reçus ({_funder(b, name, funder)}) "
                    "qu'aucune action ne prévoit, comptés nulle part ; indiquez l'action dans "
                    "`recettes.csv`."
                )


def versions(b: Bilan) -> Styler:
    """The version of each contract that the figures of an exercise use (avenants)."""
    rows = [
        {
            "Exercice": year,
            "Contrat": _contrat(terms.code),
            "Version": terms.version.code,
            "Libellé": terms.version.libelle,
            "Effet": terms.version.effet,
            "Source": terms.version.source,
        }
        for year in _years(b)
        for terms in _contrats(b, year, None)
    ]
    columns = ["Exercice", "Contrat", "Version", "Libellé", "Effet", "Source"]
    formats: dict[str, Formatter] = {"Exercice": str, "Effet": fmt.date}
    return table(_rows(rows, columns), "Version des contrats utilisée, par exercice", formats)


# --- the 50 % -------------------------------------------------------------------------------


def parts_departement(b: Bilan, contrat: str | None = None) -> Styler | Markdown:
    """The département's part, planned then consumed (solidarités art. 2.2; emploi art. 3.3).

    An exercise without a signed budget is left out: the essential says that it is unknown.
    """
    rows = []
    for (year, name, niveau, code), (planned, used) in b.regles.parts.items():
        if year not in _years(b) or contrat not in (None, name) or planned.base is None:
            continue
        rows.append(
            {
                "Exercice": year,
                "Contrat": _contrat(name),
                "Action, axe ou volet": _place(b, name, niveau, code),
                "Part prévue": _part(planned),
                "Base consommée": used.base,
                "Consommé CD": used.cd,
                "Part consommée": _part(used),
                "Minimum": _amount(used, used.minimum),
                "Écart au minimum": _amount(used, used.ecart),
                "Part minimale": _STATUTS[used.statut],
            }
        )
    columns = ["Exercice", "Contrat", "Action, axe ou volet", "Part prévue", "Base consommée"]
    columns += ["Consommé CD", "Part consommée", "Minimum", "Écart au minimum", "Part minimale"]
    formats = _euros("Base consommée", "Consommé CD")
    formats |= {
        "Minimum": fmt.euros,
        "Écart au minimum": fmt.euros,
        "Exercice": str,
        "Part prévue": _rate,
        "Part consommée": _rate,
    }
    if not rows:
        return markdown(f"**Part du Département** : {fmt.NON_RENSEIGNE} (aucun budget signé).")
    return table(_rows(rows, columns), f"Part du Département ({_period(b)})", formats)


def _part(part: Part) -> Fraction | str | None:
    return "sans objet" if part.statut == "sans_objet" else part.taux


def _amount(part: Part, value: int | None) -> int | str | None:
    return "sans objet" if part.statut == "sans_objet" else value


def _place(b: Bilan, contrat: str, niveau: str, code: str) -> str:
    if niveau == "action":
        return _action(b, contrat, code)
    if niveau == "contrat":
        return f"Total {_contrat(contrat)}"
    groups = b.contrats[contrat].groupes if contrat in b.contrats else {}
    key = next((k for k, g in groups.items() if g.code_public == code), code)
    return _groupe_long(b, contrat, key)


# --- carry-overs ----------------------------------------------------------------------------


def _chain_rows(b: Bilan, cells: Callable[[Sequence[Any]], dict[str, Any]]) -> list[dict[str, Any]]:
    """One row per action, axe and contract: `cells` gives the figures of a list of chains."""
    rows: list[dict[str, Any]] = []
    for year in _years(b):
        for terms in _contrats(b, year, None):
            if clause_of(terms, "report") is None:
                continue
            for key in terms.groupes:
                codes = [a.code for a in terms.actions.values() if a.groupe == key]
                for code in codes:
                    links = [b.regles.chaines[year, terms.code, code]]
                    label = _action(b, terms.code, code)
                    rows.append({"Exercice": year, "Action ou axe": label, **cells(links)})
                links = [b.regles.chaines[year, terms.code, code] for code in codes]
                label = f"Sous total {_groupe(b, terms.code, key).lower()}"
                rows.append({"Exercice": year, "Action ou axe": label, **cells(links)})
            links = [b.regles.chaines[year, terms.code, code] for code in terms.actions]
            rows.append({"Exercice": year, "Action ou axe": "Total", **cells(links)})
    return rows


def _chain_table(b: Bilan, title: str, cells: Callable[[Sequence[Any]], dict[str, Any]]) -> Styler:
    figures = list(cells([]))
    formats: dict[str, Formatter] = {"Exercice": str, **_euros(*figures)}
    rows = _rows(_chain_rows(b, cells), ["Exercice", "Action ou axe", *figures])
    return table(rows, f"{title} ({_period(b)})", formats)


def reports_etat(b: Bilan) -> Styler:
    """State credits of the solidarités: notified, received, capped, paid, carried over (art. 5)."""

    def cells(links: Sequence[Any]) -> dict[str, Any]:
        return {
            "Notifié": _sum(c.droits.dotation for c in links),
            "Reçu de n−1": _sum(c.droits.recu for c in links),
            "Plafond": _sum(c.droits.disponible for c in links),
            "Consommé": _sum(c.droits.consomme for c in links),
            "Versé": _sum(c.caisse.dotation for c in links),
            "À reporter": _sum(c.etat.a_reporter for c in links),
            "À rembourser": _sum(c.etat.a_rembourser for c in links),
        }

    return _chain_table(b, "Crédits de l'État : plafond et report", cells)


def reports_departement(b: Bilan) -> Styler:
    """Credits of the département: assigned, received, consumed, carried over (annexe 6, G)."""

    def cells(links: Sequence[Any]) -> dict[str, Any]:
        return {
            "Affecté": _sum(c.cd.dotation for c in links),
            "Reçu de n−1": _sum(c.cd.recu for c in links),
            "Consommé": _sum(c.cd.consomme for c in links),
            "Non consommé": _sum(c.cd.solde for c in links),
            "À reporter": _sum(c.cd.a_reporter for c in links),
        }

    return _chain_table(b, "Crédits du Département : consommation et report", cells)


def _gaps(b: Bilan) -> list[dict[str, Any]]:
    rows = []
    for (year, name, code), chaine in b.regles.chaines.items():
        for funder, link in (("etat", chaine.etat), ("cd", chaine.cd)):
            if year in _years(b) and link.declare is not None and link.ecart != 0:
                rows.append(
                    {
                        "Report": f"{year - 1} vers {year}",
                        "Action": _action(b, name, code),
                        "Crédits": _funder(b, name, funder),
                        "Déclaré (retenu)": link.declare,
                        "Calculé": link.calcule,
                        "Écart": link.ecart,
                    }
                )
    return rows


def ecarts_reports(b: Bilan) -> Styler | Markdown:
    """Declared carry-overs that are not what the previous exercise leaves."""
    rows = _gaps(b)
    if not rows:
        return markdown("**Reports déclarés** : aucun écart avec le report calculé.")
    formats = _euros("Déclaré (retenu)", "Calculé", "Écart")
    caption = f"Reports déclarés qui ne correspondent pas au calcul ({_period(b)})"
    return table(_rows(rows, list(rows[0])), caption, formats)


def piliers(b: Bilan) -> Styler | Markdown:
    """The split of art. 3 by pillar against the axes of annexe 3; nothing is corrected."""
    from analyses.regles.solidarites import pillars

    rows = [
        {
            "Exercice": year,
            "Axe": _groupe_long(b, terms.code, v.groupe) if v.groupe else "Total du contrat",
            "Activité Chorus": terms.groupes[v.groupe].activite if v.groupe else "toutes",
            "Article": v.clause.article,
            "Montant de l'article": v.article,
            "Annexe 3, colonne A": v.annexe_3,
            "Écart": v.ecart,
        }
        for year in _years(b)
        for terms in _contrats(b, year, None)
        for v in pillars(terms, year)
    ]
    if not rows:
        return markdown("**Piliers** : aucune ventilation fixée pour ces exercices.")
    formats = {"Exercice": str} | _euros("Montant de l'article", "Annexe 3, colonne A", "Écart")
    caption = "Ventilation par pilier (art. 3) et axes de l'annexe 3"
    return table(_rows(rows, list(rows[0])), caption, formats)


# --- balances -------------------------------------------------------------------------------


def soldes(b: Bilan) -> Styler | Markdown:
    """Ceiling, advance, eligible cost, amount owed, balance or overpayment by volet (art. 6)."""
    from analyses.regles.moteur import advances

    rows = []
    for (year, name, groupe), s in b.regles.soldes.items():
        if year not in _years(b):
            continue
        terms = b.regles.contrats[year][name]
        planned = [advances(terms, y)[groupe] for y in s.exercices]
        rows.append(
            {
                "Volet": _groupe(b, name, groupe).replace(" ", fmt.NBSP),
                "Exercices": " et ".join(map(str, s.exercices)),
                "Plafond (art. 4.1)": s.plafond,
                "Avance (art. 6)": total([v for v in planned if v is not None]),
                "Versé": s.verse,
                "Coût éligible": s.cout,
                "dont tiers (FSE)": s.tiers,
                "Base": s.base,
                "Part de l'État": s.taux,
                "Dû par l'État": s.du,
                "Solde": s.solde,
                "Trop-perçu": s.trop_percu,
            }
        )
    if not rows:
        return markdown("**Soldes** : aucun volet ne se solde sur ces exercices (art. 6).")
    other: dict[str, Formatter] = {"Volet": str, "Exercices": str, "Part de l'État": _rate}
    formats = other | _euros(*(column for column in rows[0] if column not in other))
    caption = f"Soldes des volets : plafond, avance, dû ({_period(b)})"
    return table(_rows(rows, list(rows[0])), caption, formats)


def remboursements(b: Bilan) -> Styler:
    """Sums to repay to the State (solidarités art. 5; emploi art. 6)."""
    rows = []
    for year in _years(b):
        for terms in _contrats(b, year, None):
            chains = [
                c for (y, name, _), c in b.regles.chaines.items() if (y, name) == (year, terms.code)
            ]
            if chains:
                article = _article(terms, "remboursement")
                value = _sum(c.etat.a_rembourser for c in chains)
                rows.append(_repay(year, terms, "Contrat entier", value, article))
            for groupe in terms.groupes:
                solde = b.regles.soldes.get((year, terms.code, groupe))
                if solde is not None:
                    article = _article(terms, "trop_percu")
                    label = _groupe(b, terms.code, groupe)
                    rows.append(_repay(year, terms, label, solde.trop_percu, article))
    columns = ["Exercice", "Contrat", "Axe ou volet", "À rembourser", "Article"]
    formats: dict[str, Formatter] = {"Exercice": str, **_euros("À rembourser")}
    caption = f"Sommes à rembourser à l'État ({_period(b)})"
    return table(_rows(rows, columns), caption, formats)


def _article(terms: Any, regle: str) -> str:
    return getattr(clause_of(terms, regle), "article", "")


def _repay(year: int, terms: Any, label: str, value: int | None, article: str) -> dict[str, Any]:
    return {
        "Exercice": year,
        "Contrat": _contrat(terms.code),
        "Axe ou volet": label,
        "À rembourser": value,
        "Article": article,
    }


# --- expenditure ----------------------------------------------------------------------------


def series(b: Bilan, contrat: str | None = None) -> Styler:
    """Engaged, mandated (eligible) and paid by action: three separate series, staff apart."""
    rows = []
    names = {
        "Prévu": "prevu",
        "Engagé": "engage",
        "Réalisé éligible": "realise",
        "dont coût des agents": "personnel",
        "Payé": "paye",
        "Inéligible": "ineligible",
        "Écarté (double compte)": "double_compte",
    }
    for run in b.executions:
        for line in run.par_action.to_dict("records"):
            if contrat in (None, line["contrat"]):
                head = {
                    "Exercice": run.exercice,
                    "Contrat": _contrat(line["contrat"]),
                    "Action": _action(b, line["contrat"], line["action"]),
                }
                rows.append(head | {label: line[name] for label, name in names.items()})
    formats: dict[str, Formatter] = {"Exercice": str, **_euros(*names)}
    caption = f"Engagé, mandaté, payé ({_period(b)})"
    return table(_rows(rows, ["Exercice", "Contrat", "Action", *names]), caption, formats)


def personnel(b: Bilan) -> Styler | Markdown:
    """Staff costs by line of temps_agents.csv, without the post."""
    rows = []
    for run in b.executions:
        if run.personnel is None:
            continue
        grouped = run.personnel.groupby(["contrat", "action", "ligne", "quotite"], sort=False)
        for (name, code, line, part), own in grouped:
            rows.append(
                {
                    "Exercice": run.exercice,
                    "Contrat": _contrat(name),
                    "Action": _action(b, name, code),
                    "Ligne du fichier": line,
                    "Quotité": part,
                    "Jours": sum(own["jours"]),
                    "Coût": _sum(own["montant"]),
                }
            )
    if not rows:
        return markdown(f"**Coût des agents** : {fmt.NON_RENSEIGNE} (aucun temps_agents.csv).")
    formats: dict[str, Formatter] = {"Exercice": str, "Quotité": _rate, "Coût": fmt.euros}
    formats |= {"Ligne du fichier": str, "Jours": fmt.entier}
    return table(_rows(rows, list(rows[0])), f"Coût des agents ({_period(b)})", formats)


_LIGNE = {
    "Exercice": "exercice",
    "Action": "action",
    "Mandat": "numero_mandat",
    "Ligne": "numero_ligne",
    "Nature": "nature",
    "Montant": "montant_signe",
}


def _lines(frames: Iterable[pd.DataFrame], names: Mapping[str, str]) -> list[dict[str, Any]]:
    return [
        {label: row.get(name) for label, name in names.items()}
        for frame in frames
        if len(frame)
        for row in frame.to_dict("records")
    ]


def double_compte(b: Bilan) -> Styler | Markdown:
    """Payroll mandates set aside because the staff of their action is in temps_agents.csv."""
    frames = [e.lignes[e.lignes["double_compte"]] for e in b.executions if len(e.lignes)]
    rows = _lines(frames, _LIGNE)
    if not rows:
        return markdown("**Mandats de paie écartés** : aucun.")
    amount = fmt.euros(_sum(row["Montant"] for row in rows))
    caption = f"Mandats de paie écartés (double compte) : {len(rows)} lignes, {amount}"
    return table(_rows(rows, list(rows[0])), caption, {"Exercice": str, "Montant": fmt.euros})


def decisions(b: Bilan) -> Styler | Markdown:
    """Explicit decisions: the rule that each overrules, the decision, its date and reason."""
    names = {
        **_LIGNE,
        "Règle": "regle_ineligible",
        "Décision": "decision",
        "Motif": "motif_decision",
    }
    rows = _lines([e.decisions for e in b.executions], names)
    if not rows:
        return markdown("**Décisions d'éligibilité** : aucune.")
    for row in rows:
        row["Règle"] = row["Règle"] or "aucune"
        row["Décision"] = {"eligible": "éligible"}.get(row["Décision"], "inéligible")
    caption = f"Décisions d'éligibilité ({_period(b)})"
    return table(_rows(rows, list(rows[0])), caption, {"Exercice": str, "Montant": fmt.euros})


def ineligibles_par_volet(b: Bilan) -> Styler | Markdown:
    """Excluded expenditure by volet and reason; each line is listed in the execution notebook."""
    rows = []
    for run in b.executions:
        lines = run.lignes
        if not len(lines):
            continue
        excluded = lines[lines["motif_ineligible"] != ""]
        for (name, groupe, reason), own in excluded.groupby(
            ["contrat", "groupe", "motif_ineligible"], sort=True
        ):
            rows.append(
                {
                    "Exercice": run.exercice,
                    "Axe ou volet": f"{_contrat(name)}, {_groupe(b, name, groupe).lower()}",
                    "Motif": reason,
                    "Lignes": len(own),
                    "Montant": _sum(int(v) for v in own["montant_signe"]),
                }
            )
    if not rows:
        return markdown("**Dépenses inéligibles** : aucune ligne écartée.")
    formats: dict[str, Formatter] = {"Exercice": str, "Montant": fmt.euros, "Lignes": fmt.entier}
    caption = f"Dépenses inéligibles par volet et motif ({_period(b)})"
    return table(_rows(rows, list(rows[0])), caption, formats)


# --- readings -------------------------------------------------------------------------------


def _value(value: Any, unite: str) -> str:
    if isinstance(value, str):
        return _STATUTS.get(value, value)
    return fmt.pourcent(value) if unite == "ratio" else fmt.euros(value)


def _gap(value: Any, unite: str) -> str:
    """A difference: euros, or points of percentage."""
    if value is None:
        return "–"
    text = fmt.pourcent(value) if unite == "ratio" else fmt.euros(value)
    return text.replace("%", "points") if unite == "ratio" else text


def _short(line: Mapping[Any, Any]) -> str:
    if line["niveau"] == "contrat":
        return _contrat(line["contrat"])
    return f"{line['niveau'].capitalize()} {str(line['code']).lstrip('v')}"


def effets_lectures(
    b: Bilan,
    niveaux: Sequence[str] = ("contrat", "volet"),
    mesures: Sequence[str] | None = None,
) -> Styler | Markdown:
    """What each figure would be under the readings that were not chosen, one at a time.

    `mesures`: codes of resultats.csv to show (default: all of them).
    """
    from analyses.contrat.parametres import load_interpretations

    known = load_interpretations()
    frame = b.effets
    words = {(row["code"], r): text for row in known for r, text in row["lectures"].items()}
    kept = frame[frame["niveau"].isin(list(niveaux))]
    if mesures is not None:
        kept = kept[kept["mesure"].isin(list(mesures))]
    rows = []
    for line in kept.to_dict("records"):
        funder = _funder(b, line["contrat"], line["financeur"]) if line["financeur"] else ""
        what = f"{MESURES.get(line['mesure'], line['mesure'])}, {funder}".rstrip(", ")
        code = line["interpretation"]
        rows.append(
            {
                "Interprétation": code,
                "Autre lecture": words[code, line["lecture"]],
                "Chiffre": f"{_short(line)} {line['exercice']} : {what}",
                "Retenu": _value(line["retenu"], line["unite"]),
                "Serait": _value(line["valeur"], line["unite"]),
                "Écart": _gap(line["ecart"], line["unite"]),
            }
        )
    if not rows:
        return markdown("**Autres lectures** : aucun chiffre ne changerait.")
    caption = f"Ce que les chiffres seraient sous les autres lectures ({_period(b)})"
    return table(_rows(rows, list(rows[0])), caption, _euros("Retenu", "Serait", "Écart"))


def interpretations(b: Bilan) -> Styler:
    """Open points: the question, the reading chosen, why, since when, the other readings."""
    from analyses.contrat.parametres import load_interpretations

    rows = [
        {
            "Code": row["code"],
            "Article": row["article"],
            "Question": row["question"],
            "Lecture retenue": row["lectures"][row["retenue"]],
            "Pourquoi": row["pourquoi"],
            "Depuis": row["depuis"],
            "Autres lectures": " / ".join(
                text for code, text in row["lectures"].items() if code != row["retenue"]
            ),
        }
        for row in load_interpretations()
    ]
    return table(_rows(rows, list(rows[0])), "Interprétations retenues")
