"""Title and form of the columns that are not measures (those stand in params/mesures.yaml)."""

from __future__ import annotations

Colonne = tuple[str, str]  # title, form

COLONNES: dict[str, Colonne] = {
    "exercice": ("Exercice", "exercice"),
    "contrat": ("Contrat", "contrat"),
    "financeur": ("Financeur", "financeur"),
    "groupe": ("Axe ou volet", "groupe"),
    "action": ("Action", "action"),
    "mois": ("Mois", "mois"),
    "numero_mandat": ("Mandat", "texte"),
    "numero_ligne": ("Ligne", "texte"),
    "date_emission": ("Émis le", "date"),
    "montant_signe": ("Montant", "euros"),
    "motif_ineligible": ("Motif", "texte"),
    "indicateur": ("Indicateur", "texte"),
    "libelle": ("Indicateur", "texte"),
    "statut": ("Statut", "statut"),
    "lecture": ("Lecture", "texte"),
    "cibles_atteintes": ("Cibles atteintes", "texte"),
    "attendu_et_part": ("Attendu en fin de contrat", "texte"),
    "attendu_constant": ("À quantité constante", "texte"),
    "question": ("Question au pilote", "texte"),
    "modalite": ("Modalité", "texte"),
    "unite": ("Unité", "texte"),
    "additif": ("Années additionnées", "texte"),
    "precisions": ("Précisions", "texte"),
    "fixe": ("Ce qu'il fixe", "texte"),
    "retenue": ("Lecture retenue", "texte"),
}
