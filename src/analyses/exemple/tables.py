"""The simulated tables, beside those that the data give row by row, and the narratives."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from fractions import Fraction
from random import Random
from string import Template

from analyses.contrat.cell import Cell
from analyses.contrat.model import Action
from analyses.depot.cellules import read_quote_part
from analyses.exemple.donnees import Exemple
from analyses.exemple.grand_livre import Ligne, ouvre

MARQUE = "Texte simulé pour l'exemple"
Row = dict[str, object]


def _euros(centimes: int, thousands: str = "") -> str:
    """Decimal comma, as the exports write it.

    >>> _euros(123456789, " "), _euros(5), _euros(-150)
    ('1 234 567,89', '0,05', '-1,50')
    """
    sign, centimes = "-" * (centimes < 0), abs(centimes)
    return sign + f"{centimes // 100:,}".replace(",", thousands) + f",{centimes % 100:02d}"


def _mandats(lines: Sequence[Ligne], thousands: str) -> list[Row]:
    return [
        {
            **vars(line),
            # A reversal carries the line number of what it reverses.
            "numero_ligne": (line.origine or line).numero_ligne,
            "mandat_origine": line.origine.numero_mandat if line.origine else "",
            "montant": _euros(line.montant, thousands),
        }
        for line in lines
    ]


def _affectations(exemple: Exemple) -> Iterator[dict[str, str]]:
    """The rules; one that names no action is that of each of them, by its analytic code."""
    for rule in exemple.commun.tables["affectations"]:
        if "action" in rule:
            yield rule
            continue
        for contrat, action in exemple.actions():
            code = exemple.commun.contrats[contrat].code_analytique(action.code)
            yield {**rule, "code_analytique": code, "contrat": contrat, "action": action.code}


def _destinations(exemple: Exemple) -> dict[str, list[tuple[str, str, Fraction]]]:
    """Analytic code -> the actions, with their parts, that the example's rules send it to."""
    found: dict[str, list[tuple[str, str, Fraction]]] = {}
    for rule in _affectations(exemple):
        own = (rule["contrat"], rule["action"], read_quote_part(rule["quote_part"]))
        found.setdefault(rule.get("code_analytique", ""), []).append(own)
    for contrat, simulated in exemple.commun.contrats.items():
        for action, (code, _) in simulated.codes_partages.items():
            found[code] = [(contrat, action, Fraction(1))]
    return found | {"": []}


def _engagements(exemple: Exemple, lines: Sequence[Ligne], exercice: int) -> list[Row]:
    """One commitment per engagement number and action, a little above what was mandated; one in
    five is cut down at the end of the year."""
    rng = Random(f"{exemple.departement}/{exercice}/engagements")
    destinations = _destinations(exemple)
    sums: dict[tuple[str, str, str], tuple[date, int]] = {}
    for line in lines:
        for contrat, action, part in destinations.get(line.code_analytique, []):
            if line.type == "ordinaire":
                key = (line.id_engagement, contrat, action)
                first, amount = sums.get(key, (line.date_emission, 0))
                sums[key] = (min(first, line.date_emission), amount + int(line.montant * part))
    rows: list[tuple[date, str, str, str, str, int]] = []
    for key, (first, amount) in sorted(sums.items()):
        day = ouvre(max(date(exercice, 1, 3), first - timedelta(days=rng.randint(8, 40))))
        engaged = -(-amount * rng.randint(100, 118) // 10_000) * 100
        rows.append((day, *key, "Engagement simulé", engaged))
        if rng.randint(1, 5) == 1 and engaged > amount:
            rows.append((date(exercice, 12, 20), *key, "Dégagement simulé", amount - engaged))
    names = ("date", "id_engagement", "contrat", "action", "objet")
    return [
        dict(zip(names, row, strict=False)) | {"montant": _euros(row[-1])} for row in sorted(rows)
    ]


def _resultat(cell: Cell, rng: Random, sens: str) -> str | None:
    """A result written as its target is; None when the target says nothing to compare with."""
    percent = rng.choice([0, 45, 70, 85, 95, 100, 100, 105, 120])
    if sens == "baisse":
        percent = 200 - percent
    if cell.type == "sans_objet":
        return "/"
    if cell.valeur is None:
        return None if cell.type in ("vide", "non_concerne") else str(rng.randint(0, 9))
    value = cell.valeur * percent / 100
    shapes = {
        "taux": f"{round(value * 100)} %",
        "increment": f"+{round(value)}",
        "produit": "2*1" if percent < 90 else "2*2",
        "booleen": "oui" if percent >= 100 else "non",
    }
    return shapes.get(cell.type, str(round(value)))


def _resultats(exemple: Exemple, exercice: int) -> Iterator[Row]:
    said, commun = exemple.annees[exercice].resultats, exemple.commun
    for code, contrat in exemple.contrats.items():
        for action, indicator in contrat.indicateurs():
            key = "/".join((exemple.departement, str(exercice), code, action, indicator.code))
            rng = Random(key)
            drawn = _resultat(indicator.cell(exercice), rng, indicator.sens)
            text = said.get(code, {}).get(action, {}).get(indicator.code, drawn)
            if text is not None:
                yield {
                    "contrat": code,
                    "action": action,
                    "indicateur": indicator.code,
                    "resultat": text,
                    "commentaire": commun.commentaire if text else commun.sans_resultat,
                    "saisi_le": date(exercice + 1, 2, rng.randint(3, 26)),
                    "source": rng.choice(commun.sources),
                }


def tables(exemple: Exemple, lines: Sequence[Ligne], exercice: int) -> dict[str, list[Row]]:
    """Rows of each table of an exercise, by column; a column that a row does not name is empty."""
    own = exemple.annees[exercice]
    drawn: dict[str, list[Row]] = {
        "mandats": _mandats(lines, own.milliers),
        "affectations": [{**row} for row in _affectations(exemple)],
        "engagements": _engagements(exemple, lines, exercice),
        "resultats_indicateurs": list(_resultats(exemple, exercice)),
    }
    return drawn | {name: [{**row} for row in rows] for name, rows in own.tables.items()}


def narratif(exemple: Exemple, contrat: str, action: Action, exercice: int) -> str:
    """A short narrative, marked as simulated, that follows the profile of the action."""
    words = exemple.commun.narratif
    part, delay = exemple.profil(contrat, action, exercice) or (80, 0)
    said = [words.lent if part < 50 else words.prevu, words.retard if delay else words.sans_retard]
    if part == 0:
        said = [words.nul]
    steps = [s.libelle for s in action.calendrier.etapes if s.date.startswith(str(exercice))]
    said += [words.etape] * bool(steps)
    step = steps[0].rstrip(".") if steps else ""
    text = f"*{MARQUE} : il ne décrit aucune action réelle.*\n\n{' '.join(said)}\n\n{words.suite}\n"
    return Template(text).safe_substitute(
        exercice=exercice, suivant=exercice + 1, retard=delay, etape=step
    )
