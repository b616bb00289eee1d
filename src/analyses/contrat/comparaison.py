"""What an avenant changes: two versions of a contract compared, action by action."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from analyses.contrat.model import Contrat
from analyses.socle.money import euros_imprimes

ABSENT = "absent"
_NOTHING = {ABSENT, "aucun", "non renseigné"}  # an empty key that appears changes nothing
# Keys whose value is an amount in centimes.
_MONTANTS = {"montant", "total_imprime", "total_depenses_imprime"}
_MOTS = {
    "financements": "financement",
    "montants": "",
    "calendrier": "calendrier",
    "indicateurs": "indicateur",
    "tableaux": "tableau",
    "cellules": "cellules",
    "intitules": "intitulé",
    "depenses": "dépense",
    "debut": "début",
    "retenu": "retenu",
    "libelle": "libellé",
    "valeur": "valeur",
    "total_imprime": "total imprimé",
    "total_depenses_imprime": "total des dépenses imprimé",
}


@dataclass(frozen=True)
class Changement:
    """One thing that differs: `objet` is « action », « axe », « volet », « clause »… with its code,
    `element` what changes in it, then the two values as a person reads them."""

    contrat: str
    objet: str
    code: str
    element: str
    avant: str
    apres: str


def _name(item: Any, rank: int) -> str:
    """What tells an item of a list from the others."""
    if "exercice" in item and "montants" in item:
        return f"{item['exercice']} ({item['source']})"
    for key in ("code", "source", "libelle", "date"):
        if item.get(key):
            return str(item[key])
    return str(rank)


def _flat(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    """Every value of a nested description with its path, as text."""
    if isinstance(value, dict):
        for key, item in value.items():
            amount = path[-1:] == ("montants",) or key in _MONTANTS
            if amount and isinstance(item, int):
                yield (*path, key), euros_imprimes(item)
            else:
                yield from _flat(item, (*path, key))
    elif isinstance(value, list | tuple) and value and isinstance(value[0], dict):
        for rank, item in enumerate(value):
            yield from _flat(item, (*path, _name(item, rank)))
    elif isinstance(value, list | tuple):
        yield path, " ; ".join(str(item) for item in value) or "aucun"
    elif isinstance(value, bool):
        yield path, "oui" if value else "non"
    else:
        yield path, "non renseigné" if value in (None, "") else str(value)


def _element(path: tuple[str, ...], financeurs: dict[str, str]) -> str:
    words = [financeurs.get(part, _MOTS.get(part, part.replace("_", " "))) for part in path]
    return " ".join(word for word in words if word)


def _parts(contrat: Contrat) -> dict[tuple[str, str], Any]:
    """(kind of object, code) -> its description, actions first."""
    parts: dict[tuple[str, str], Any] = {}
    for code, action in contrat.actions.items():
        parts["action", code] = action.model_dump(exclude={"code"})
    for group in contrat.groupes.values():
        parts[group.niveau, group.code_public] = group.model_dump(exclude={"code", "code_public"})
    for indicateur in contrat.nationaux:
        parts["indicateur national", indicateur.code] = indicateur.model_dump(exclude={"code"})
    for code, clause in contrat.clauses.items():
        parts["clause", code] = clause.model_dump(exclude={"code"})
    for imprime in contrat.imprimes:
        code = f"{imprime.niveau} {imprime.code} {imprime.financeur} {imprime.exercice}"
        parts["total imprimé", code] = imprime.model_dump(include={"montant", "source"})
    for rule in contrat.ineligibles:
        parts["dépense non éligible", rule.code] = rule.model_dump(exclude={"code"})
    for term in contrat.echeances:
        parts["échéance", term.code] = term.model_dump(exclude={"code"})
    kept = {"titre", "debut", "fin", "financeurs"}
    parts["contrat", contrat.code] = contrat.model_dump(include=kept)
    return parts


def compare(avant: Contrat, apres: Contrat) -> list[Changement]:
    """What changed between two versions of a contract, actions first; nothing else is said.

    >>> from analyses.contrat.load import load_contrats
    >>> emploi = load_contrats("55")["emploi"]
    >>> compare(emploi, emploi)
    []
    """
    one, two = _parts(avant), _parts(apres)
    names = {**avant.financeurs, **apres.financeurs}
    found: list[Changement] = []
    for kind, code in [*one, *(key for key in two if key not in one)]:
        before, after = one.get((kind, code)), two.get((kind, code))
        left, right = dict(_flat(before or {})), dict(_flat(after or {}))
        if before is None or after is None:
            known = before or after or {}
            title = str(known.get("libelle") or known.get("motif") or known.get("source") or code)
            pair = (ABSENT, title) if before is None else (title, ABSENT)
            found.append(Changement(apres.code, kind, code, "tout", *pair))
            left, right = _amounts(left if after is None else {}), _amounts(right)
        for path in dict.fromkeys([*left, *right]):
            pair = (left.get(path, ABSENT), right.get(path, ABSENT))
            if pair[0] != pair[1] and not set(pair) <= _NOTHING and not _named(path):
                found.append(Changement(apres.code, kind, code, _element(path, names), *pair))
    return sorted(found, key=lambda change: change.objet != "action")


def _named(path: tuple[str, ...]) -> bool:
    """True for what the name of an item of a list already says."""
    return path[0] == "financements" and path[-1] in ("exercice", "source")


def _amounts(flat: dict[tuple[str, ...], str]) -> dict[tuple[str, ...], str]:
    """Of a new object, only its figures are listed one by one."""
    return {path: text for path, text in flat.items() if text.endswith("€") or path[-1] == "valeur"}
