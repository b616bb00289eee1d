"""docs/resultats.md, made from the registry: `python -m analyses.chiffres.documentation`."""

from __future__ import annotations

from analyses.chiffres.mesures import Mesure, load_mesures
from analyses.socle.paths import ROOT

PAGE = ROOT / "docs" / "resultats.md"
_TETE = """# `resultats.csv` : le format public des résultats

Cette page est tirée de `params/mesures.yaml` (`python -m analyses.chiffres.documentation`) : ne l'écrivez pas à la main.

Un fichier par bilan, encodé en UTF-8, séparateur virgule, une ligne par chiffre ; c'est la table `chiffres` que `bilan chiffres` donne. `valeur` a un point décimal ; elle est vide quand il n'y a pas de chiffre, et `statut` dit pourquoi.

| colonne | contenu |
|---|---|
| `mesure` | voir ci-dessous |
| `contrat` | le code du contrat (vide pour `non_affecte` : aucune règle n'a désigné de contrat) |
| `exercice` | l'année dont parle le chiffre |
| `niveau` | `contrat`, `axe`, `volet`, `action`, `indicateur` ; `periode` : les exercices du bilan ensemble, quand leur somme a un sens |
| `code` | le code du contrat, de l'axe, du volet ou de l'action ; indicateurs `<action>/<code>`, et `nat/<code>` pour les indicateurs nationaux |
| `financeur` | `etat`, `cd`, `caf`, `ars`, `fse`, `autres`, `total` ou vide |
| `valeur` | euros à deux décimales, taux en fraction de 1, nombre, ou le mot d'un statut |
| `unite` | `euros`, `ratio` ou l'unité de ce qui est compté |
| `statut` | `calcule`, `non_renseigne`, `sans_objet`, `non_evaluable` |
| `article` | l'article, l'annexe ou la fiche dont vient la règle ou la valeur ; vide quand le contrat n'a pas de clause de ce genre |
| `lecture` | une précision, l'interprétation et la lecture retenue quand un texte se lit de deux façons (`base-des-50-pour-cent=etat-cd`, codes de `params/interpretations.yaml`), et « Données simulées » le cas échéant |
| `detail` | le mois, ou ce qui distingue plusieurs chiffres d'une même mesure ; le plus souvent vide |
| `numerateur`, `denominateur` | les deux termes d'un taux (en centimes pour un taux d'argent) ou d'un nombre |
| `connu` | ce qui est connu d'une somme à laquelle il manque un terme, en euros : inconnu et connu font inconnu |
| `origine` | les tables dont le chiffre vient ; `contrat` : du texte signé seul |
| `identifiant` | de quoi citer le chiffre : `mesure:contrat:exercice:niveau:code:financeur:detail` |

Somme : de l'action à l'axe ou au volet, puis au contrat. Rapport et différence : à chaque niveau, des sommes. Un terme sans objet n'ajoute rien.

| mesure | titre | sens | unité | agrégation | fondée par la clause |
|---|---|---|---|---|---|
"""
_PIED = """
Un résultat se lit selon ce qu'est l'indicateur : « oui » vaut 1 pour une chose à faire une fois, 40 vaut 40 % quand le libellé dit taux, « +18 » vaut 18 quand le T0 cumule les années d'avant. Un taux qui vient de deux nombres est jugé contre l'objectif imprimé : `resultat` reste le nombre, `taux_atteinte` est le rapport. Les résultats des exercices antérieurs déposés sont repris, chacun sous son `exercice`. Un effectif trop petit (`petits_effectifs`) rend la mesure `non_evaluable`.

## `lectures.csv` : les mêmes chiffres sous les autres lectures

Une ligne par chiffre qu'une autre lecture changerait, chaque lecture étant essayée seule : `interpretation, lecture, mesure, contrat, exercice, niveau, code, financeur, unite, retenu, valeur, ecart, detail`. `retenu` est la valeur de `resultats.csv`, `valeur` ce qu'elle serait ; les codes sont ceux de `params/interpretations.yaml`. L'interprétation `posture` est l'autre posture : toutes ses lectures ensemble.
"""


def page() -> str:
    """The page, one row per measure in the order of the registry.

    >>> "| `realise` | Réalisé éligible |" in page()
    True
    """
    return _TETE + "\n".join(_line(code, m) for code, m in load_mesures().items()) + "\n" + _PIED


def _line(code: str, mesure: Mesure) -> str:
    kinds = " ; sinon ".join(" et ".join(f"`{kind}`" for kind in kinds) for kinds in mesure.clause)
    unit = mesure.compte or mesure.unite
    cells = [f"`{code}`", mesure.titre, mesure.sens, unit, mesure.agregation, kinds or "–"]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
