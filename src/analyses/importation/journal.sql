-- The journal of an import: what each imported file said. Amounts in centimes, dates in ISO.
create table fichiers(
  id integer primary key, nom text, sha256 text unique, genre text, nature text, producteur text,
  recu_le text, flux text);
create table bordereaux(
  fichier int, collectivite text, budget text, exercice int, type text, numero text,
  primary key(collectivite, budget, exercice, type, numero));
create table lignes(
  id integer primary key, fichier int, lieu text, ligne int, budget text, type_bordereau text,
  bordereau text, exercice int, numero_mandat text, numero_ligne text, date_emission text,
  type text, exercice_origine int, mandat_origine text, ligne_origine text, nature text,
  fonction text, code_analytique text, convention text, tiers text, objet text, montant int,
  date_paiement text, id_engagement text, date_service text default '', poste text default '');
create index lignes_mandat on lignes(exercice, numero_mandat, numero_ligne);
create table retours(
  id integer primary key, fichier int, budget text, exercice int, type_bordereau text,
  bordereau text, numero_mandat text, numero_ligne text, etat text, etat_ligne text, montant int,
  paye int);
create table paiements(retour int, date text, montant int, origine text);
create table notes(fichier int, texte text);
create table ecrits(exercice int, sha256 text, primary key(exercice, sha256));
pragma user_version = 2;
