"""What the signed documents say differently about one thing: nothing is repaired, both are kept.

Sums, budgets, indicator rows and titles are compared here; statements that only a reader can set
side by side are data (concordances.yaml of each contract). What is quoted stands between « ».
The same thing said in other words (`MOTS`) is kept apart: it contradicts nothing.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from analyses.contrat.cell import read_cell
from analyses.contrat.citations import amount_of
from analyses.contrat.model import Action, Contrat, Financement, Indicateur
from analyses.socle.money import euros_imprimes

MOTS = "mots"
WEIGHTS = ("chiffre", "date_ou_devoir", "sens", MOTS)


@dataclass(frozen=True)
class Contradiction:
    """Two statements that cannot both hold, each with its place, as printed; `conciliation`: what
    the texts say that reconciles them, '' when nothing does."""

    code: str
    poids: str
    contrat: str
    objet: str
    source_1: str
    valeur_1: str
    source_2: str
    valeur_2: str
    conciliation: str = ""


def _quote(text: str) -> str:
    return f"« {text} »"


def _words(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.replace("’", "'").replace("œ", "oe"))
    ascii_text = plain.encode("ascii", "ignore").decode().casefold()
    return " ".join(re.findall(r"[a-z0-9]+", ascii_text))


def _planned(actions: Iterable[Action], exercice: int, financeur: str) -> int:
    """Sum of the committed budgets for a printed column (`autres` is every third party)."""
    total = 0
    for action in actions:
        for name, amount in (action.plan(exercice) or {}).items():
            wanted = {
                "total": True,
                "autres": name not in ("etat", "cd"),
                "hors_fse": name != "fse",
            }.get(financeur, name == financeur)
            total += amount if wanted else 0
    return total


def _sums(contrat: Contrat) -> Iterator[Contradiction]:
    """Printed subtotals and totals against the sum of their lines, and totals against subtotals."""
    publics = {group.code_public: key for key, group in contrat.groupes.items()}
    for printed in contrat.imprimes:
        key = publics.get(printed.code)
        actions = [a for a in contrat.actions.values() if key is None or a.groupe == key]
        computed = _planned(actions, printed.exercice, printed.financeur)
        if computed != printed.montant:
            yield Contradiction(
                f"somme-{contrat.code}-{printed.code}-{printed.financeur}",
                "chiffre",
                contrat.code,
                f"{printed.source} : total imprimé et somme des lignes",
                printed.source,
                euros_imprimes(printed.montant),
                "somme des lignes des actions",
                euros_imprimes(computed),
            )
    for total in (p for p in contrat.imprimes if p.niveau == "contrat"):
        parts = [
            p
            for p in contrat.imprimes
            if p.niveau != "contrat"
            and p.financeur == total.financeur
            and p.exercice == total.exercice
        ]
        if len(parts) == len(contrat.groupes) and sum(p.montant for p in parts) != total.montant:
            yield Contradiction(
                f"somme-sous-totaux-{contrat.code}-{total.financeur}",
                "chiffre",
                contrat.code,
                f"{total.source} : total imprimé et somme des sous-totaux imprimés",
                total.source,
                euros_imprimes(total.montant),
                "somme des sous-totaux imprimés",
                euros_imprimes(sum(p.montant for p in parts)),
            )


def _piliers(contrat: Contrat) -> Iterator[Contradiction]:
    """Split of the State's money by pilier (article) against the subtotal of the axe (annexe)."""
    pillars = [c for c in contrat.clauses.values() if c.regle == "pilier"]
    for clause, key in ((c, key) for c in pillars for key in c.groupes):
        group = contrat.groupes[key]
        actions = [a for a in contrat.actions.values() if a.groupe == group.code]
        computed = _planned(actions, clause.exercices[0], "etat")
        amount, place = amount_of(clause), f"{group.niveau} {group.code_public}"
        if amount is not None and computed != amount:
            yield Contradiction(
                f"pilier-{group.code_public}",
                "chiffre",
                contrat.code,
                f"Part de l'État, {place} et {clause.libelle}",
                clause.article,
                euros_imprimes(amount),
                f"{contrat.article('plan', [key])}, {place}, colonne A",
                euros_imprimes(computed),
            )


def _budget(contrat: Contrat, action: Action, budget: Financement) -> Iterator[Contradiction]:
    """One printed budget: its total against its lines, its receipts against its expenditure."""
    base = f"budget-{action.code}"
    lines = sum(budget.montants.values()) if "delta" not in budget.montants else None
    if lines is not None and budget.total_imprime not in (None, lines):
        yield Contradiction(
            f"{base}-recettes",
            "chiffre",
            contrat.code,
            f"Action {action.code}, total des recettes {budget.exercice}",
            f"{budget.source}, total imprimé",
            euros_imprimes(budget.total_imprime or 0),
            f"{budget.source}, somme des recettes",
            euros_imprimes(lines),
        )
    expenditure = budget.total_depenses_imprime
    # A total that is not the sum of its receipts has been said; the receipts are then compared.
    receipts = budget.total_imprime if lines is None else lines
    if expenditure is not None and receipts is not None and receipts != expenditure:
        yield Contradiction(
            f"{base}-equilibre",
            "chiffre",
            contrat.code,
            f"Action {action.code}, recettes et dépenses {budget.exercice}",
            f"{budget.source}, total des recettes",
            euros_imprimes(receipts),
            f"{budget.source}, total des dépenses",
            euros_imprimes(expenditure),
        )
    amounts = [d.montant for d in budget.depenses]
    if expenditure is not None and amounts and None not in amounts:
        spent = sum(amount or 0 for amount in amounts)
        if spent != expenditure:
            yield Contradiction(
                f"{base}-depenses",
                "chiffre",
                contrat.code,
                f"Action {action.code}, total des dépenses {budget.exercice}",
                f"{budget.source}, total imprimé",
                euros_imprimes(expenditure),
                f"{budget.source}, somme des dépenses",
                euros_imprimes(spent),
            )


def _budgets(contrat: Contrat, action: Action) -> Iterator[Contradiction]:
    """Every printed budget of an action, alone, then the fiche against the table that commits."""
    for budget in action.financements:
        yield from _budget(contrat, action, budget)
    for kept in (f for f in action.financements if f.retenu):
        for other in action.financements:
            if other.retenu or other.exercice != kept.exercice or "delta" in other.montants:
                continue
            yield from _funders(contrat, action, kept, other)


def _funders(
    contrat: Contrat, action: Action, kept: Financement, other: Financement
) -> Iterator[Contradiction]:
    """Two budgets of one year, funder by funder; differences that all go the same way make up that
    of the totals, which says them once and names the funders."""
    names = {
        name: contrat.noms_financeurs.get(name, name)
        for name in dict.fromkeys([*kept.montants, *other.montants])
        if other.montants.get(name, 0) != kept.montants.get(name, 0)
    }
    gaps = [other.montants.get(name, 0) - kept.montants.get(name, 0) for name in names]
    one_way = all(gap > 0 for gap in gaps) or all(gap < 0 for gap in gaps)
    rows = [
        (name, funder, other.montants.get(name, 0), kept.montants.get(name, 0))
        for name, funder in names.items()
        if not one_way
    ]
    if sum(gaps):
        said = f"budget total ({', '.join(names.values())})"
        rows.append(("total", said, sum(other.montants.values()), sum(kept.montants.values())))
    for name, said, one, two in rows:
        yield Contradiction(
            f"financement-{action.code}-{name}",
            "chiffre",
            contrat.code,
            f"Action {action.code}, {said}, {kept.exercice}",
            other.source,
            euros_imprimes(one),
            kept.source,
            euros_imprimes(two),
        )


def _rows(contrat: Contrat, action: str, indicateur: Indicateur) -> Iterator[Contradiction]:
    """The same indicator in two tables: its name, then its cells."""
    first = indicateur.tableaux[0]
    for other in indicateur.tableaux[1:]:
        base, place = f"indicateur-{action}-{indicateur.code}", f"Action {action}, indicateur"
        if _label(first.libelle) != _label(other.libelle):
            yield Contradiction(
                f"{base}-libelle",
                "chiffre" if _says_other(first.libelle, other.libelle) else MOTS,
                contrat.code,
                f"{place} {indicateur.code} : libellé",
                first.source,
                _quote(first.libelle),
                other.source,
                _quote(other.libelle),
            )
        pairs = list(zip(first.cellules, other.cellules, strict=False))
        # A shorter row does not prove which cell is empty: only printed cells are compared,
        # and a row that prints figures the other table does not have is said as well.
        missing = first.cellules[len(pairs) :] + other.cellules[len(pairs) :]
        differs = any(_value(a) != _value(b) for a, b in pairs)
        if differs or any(read_cell(cell).valeur is not None for cell in missing):
            yield Contradiction(
                f"{base}-cellules",
                "chiffre",
                contrat.code,
                f"{place} {indicateur.code} : situation initiale et cibles",
                first.source,
                " ; ".join(first.cellules),
                other.source,
                " ; ".join(other.cellules),
            )


def _value(text: str) -> object:
    """What a cell says: its value, whatever is written beside it (« 0 (début des travaux) » is 0);
    without one, its letters (« XGIR4 » and « X GIR 4 » print the same thing).

    >>> _value("0 (début des travaux)") == _value("0"), _value("X GIR 4"), _value("/")
    (True, 'xgir4', '/')
    """
    value = read_cell(text).valeur
    return "".join(text.casefold().split()) if value is None else value


def _label(text: str) -> str:
    """Words of a label with its usual abbreviations written out and plural marks dropped."""
    words = re.sub(r"\b(nb|nbre)\b( de)?", "nombre de", _words(text)).split()
    articles = ("de", "d", "du", "des", "l", "la", "le", "les")
    return " ".join(w.rstrip("s") for w in words if w not in articles)


def _says_other(one: str, two: str) -> bool:
    """True when neither text's words contain the other's: another thing is counted or named.

    A plural, an article or one letter of a word is spelling.

    >>> _says_other("Équipe logement - cas complexe", "Equipe logement – cas complexes")
    False
    >>> _says_other("réseau Milo MOOV", "réseau Milo’mouv"), _says_other("31 lieux", "32 lieux")
    (False, True)
    """
    left, right = set(_label(one).split()), set(_label(two).split())
    return all(
        any(not any(_one_letter(word, other) for other in b - a) for word in a - b)
        for a, b in ((left, right), (right, left))
    )


def _one_letter(one: str, two: str) -> bool:
    """Two words of one length that differ by one letter; a number is no spelling."""
    apart = sum(a != b for a, b in zip(one, two, strict=False))
    return len(one) == len(two) and apart == 1 and (one + two).isalpha()


def _titles(contrat: Contrat, action: Action) -> Iterator[Contradiction]:
    """Official titles of one action; a fiche's « intitulé » or a budget's « objet » is no rival."""
    titles = [t for t in action.intitules if not re.search("intitulé|objet", t.source)]
    pairs = [
        (first, other)
        for first, other in zip(titles, titles[1:], strict=False)
        if _words(first.texte) != _words(other.texte)
    ]
    if pairs:
        first, other = max(pairs, key=lambda pair: _says_other(pair[0].texte, pair[1].texte))
        yield Contradiction(
            f"intitule-{action.code}",
            "sens" if _says_other(first.texte, other.texte) else MOTS,
            contrat.code,
            f"Action {action.code} : intitulé",
            first.source,
            _quote(first.texte),
            other.source,
            _quote(other.texte),
        )


def _read_side_by_side(contrat: Contrat) -> Iterator[Contradiction]:
    """What a reader found, each side quoted, with what the texts say to reconcile them."""
    for row in contrat.concordances:
        (one, two), said = row.faits, row.conciliation
        yield Contradiction(
            row.code,
            row.poids,
            contrat.code,
            row.objet,
            one.source,
            _quote(one.citation),
            two.source,
            _quote(two.citation),
            f"{said.mots} ({said.source} : {_quote(said.citation)})" if said else "",
        )


def _natural(code: str) -> list[int | str]:
    """Order of codes: words as words, numbers as numbers."""
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", code)]


def find_contradictions(contrats: Mapping[str, Contrat]) -> list[Contradiction]:
    """Every contradiction of the contracts, heaviest first, then by contract and code.

    >>> from analyses.contrat.load import load_contrats
    >>> found = find_contradictions(load_contrats("55"))
    >>> next(c.valeur_2 for c in found if c.code == "somme-solidarites-3-autres")
    '123 500 €'
    """
    found: list[Contradiction] = []
    for contrat in contrats.values():
        own = [*_sums(contrat), *_piliers(contrat), *_read_side_by_side(contrat)]
        for action in contrat.actions.values():
            own += [*_budgets(contrat, action), *_titles(contrat, action)]
            for indicateur in action.indicateurs:
                own += _rows(contrat, action.code, indicateur)
        found += sorted(own, key=lambda c: _natural(c.code))
    return sorted(found, key=lambda c: WEIGHTS.index(c.poids))


@dataclass(frozen=True)
class UncertainReading:
    """A printed row with fewer cells than its table has columns."""

    contrat: str
    action: str
    indicateur: str
    source: str
    imprime: tuple[str, ...]
    colonnes: int
    lecture: str


def uncertain_readings(contrats: Mapping[str, Contrat]) -> list[UncertainReading]:
    """Every printed indicator row whose empty cells the text does not place.

    >>> from analyses.contrat.load import load_contrats
    >>> rows = uncertain_readings(load_contrats("55"))
    >>> next(r.imprime for r in rows if r.action == "13" and r.source == "annexe 2")
    ('0', '15', '20', '25')
    """
    rows = []
    for contrat in contrats.values():
        owners = [(a.code, i) for a in contrat.actions.values() for i in a.indicateurs]
        owners += [("nat", i) for i in contrat.nationaux]
        for action, indicateur in owners:
            for table in indicateur.tableaux:
                if len(table.cellules) < len(indicateur.colonnes):
                    reading = "de gauche à droite, incertaine"
                    if not indicateur.uncertain:
                        reading = f"ligne complète lue en {indicateur.row.source}"
                    if not table.cellules:
                        reading = "aucune cellule imprimée : non renseigné"
                    rows.append(
                        UncertainReading(
                            contrat.code,
                            action,
                            indicateur.code,
                            table.source,
                            tuple(table.cellules),
                            len(indicateur.colonnes),
                            reading,
                        )
                    )
    return rows
