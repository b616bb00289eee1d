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
    "projection_bas_80": ("Huit fois sur dix", "intervalle"),
    "probabilite_sous_consommation": ("Risque sous le seuil", "chance"),
    "taux_projection": ("Part du prévu", "part"),
    "pourquoi": ("Pourquoi", "texte"),
    "explication": ("Explication", "texte"),
    "rang": ("Rang", "entier"),
    "levier": ("Levier", "texte"),
    "statuts": ("Statut", "texte"),
    "acquis": ("Déjà là", "texte"),
    "manque": ("Il manque", "texte"),
    "debut": ("Début", "texte"),
    "source": ("Source", "texte"),
    "suppose": ("Lecture (ce que le texte ne dit pas)", "texte"),
    "jusqu_au": ("Consommable jusqu'au", "date"),
}
