"""Title and form of the columns that are not measures (those stand in params/mesures.yaml)."""

from __future__ import annotations

Colonne = tuple[str, str]  # title, form
# What is shown of a ledger line: neither third party nor wording.
LIGNE = ["exercice", "numero_mandat", "numero_ligne", "date_emission", "type", "nature"]
LIGNE += ["montant_signe"]

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
    "nature_fichier": ("Nature", "texte"),
    "recu_le": ("Reçu le", "texte"),
    "empreinte": ("Empreinte (sha256)", "texte"),
    "code_contradiction": ("Code", "texte"),
    "poids": ("Poids", "poids"),
    "cellules": ("Cellules imprimées", "texte"),
    "colonnes": ("Colonnes du tableau", "entier"),
    "lecture_retenue": ("Lecture retenue", "texte"),
    "date": ("Date", "date"),
    "effet": ("Effet", "date"),
    "version": ("Version", "texte"),
    "libelle_version": ("Libellé", "texte"),
    "regle_ineligible": ("Règle", "texte"),
    "decision": ("Décision", "texte"),
    "motif_decision": ("Motif", "texte"),
    "code_interpretation": ("Code", "texte"),
    "interpretation": ("Interprétation", "texte"),
    "ecart": ("Écart", "mesure"),
    "retenu": ("Retenu", "mesure"),
    "serait": ("Serait", "mesure"),
    "echeance": ("Échéance", "texte"),
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
