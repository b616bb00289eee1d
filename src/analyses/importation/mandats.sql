-- From the journal to the ledgers: what the accountant answered of each line, the origin of each
-- reversal, and the lines that follow. Temporary tables and views, made anew by each import.

-- codes(role, code): made and filled by the caller from params/pes.yaml, before this script.

-- An answer counts for the line of its bordereau; the budget may differ when the amount agrees
-- (software that does not repeat its code): two mandates alike in all that are one.
-- rang 1: the answer of the latest return.
create temp table reponses as
  select l.id ligne, r.id retour, r.etat, r.etat_ligne, r.paye,
    l.budget <> r.budget autre_budget,
    row_number() over (partition by l.id order by f.flux desc, f.nom desc, r.id desc) rang
  from retours r
  join fichiers f on f.id = r.fichier
  join lignes l on l.exercice = r.exercice and l.numero_mandat = r.numero_mandat
    and l.type_bordereau = r.type_bordereau and l.bordereau = r.bordereau
    and (r.numero_ligne = '' or l.numero_ligne = r.numero_ligne)
    and (l.budget = r.budget or l.montant = r.montant);
create index reponses_ligne on reponses(ligne, rang);

-- Returns may repeat the payments of earlier ones or not: each payment counts once, as many times
-- as the return that names it most.
create temp view versements as
  select ligne, date, montant, origine, max(fois) fois
  from (
    select r.ligne, p.date, p.montant, p.origine, count(*) fois
    from reponses r join paiements p on p.retour = r.retour
    group by r.retour, r.ligne, p.date, p.montant, p.origine)
  group by ligne, date, montant, origine;

-- What is paid of a line, and since when; the last total that a return gives is believed.
create temp table payes as
  select v.ligne,
    coalesce(
      (select r.paye from reponses r
       where r.ligne = v.ligne and r.paye is not null order by r.rang limit 1),
      sum(v.montant * v.fois)) total,
    max(case when v.montant > 0
      and v.origine not in (select code from codes where role = 'sans paiement')
      then v.date end) derniere
  from versements v group by v.ligne;
create index payes_ligne on payes(ligne);

-- A rejected mandate is no expenditure: it stays in the journal and out of the ledger, until a
-- later return says otherwise or until it comes back in another bordereau.
create temp table rejets as
  select ligne from reponses
  where rang = 1 and (
    etat in (select code from codes where role = 'rejet')
    or etat_ligne in (select code from codes where role = 'ligne rejetée'));
create index rejets_ligne on rejets(ligne);
create temp view retenues as
  select * from lignes where id not in (select ligne from rejets);

-- Lines that a reversal may take back: those of the journal, and those of the ledgers in place of
-- exercises that it does not hold, given by the caller in the order of the file.
create temp table anciennes(
  rang integer primary key, exercice int, numero_mandat text, numero_ligne text, montant int,
  fonction text, code_analytique text, convention text, tiers text, objet text);
create index anciennes_mandat on anciennes(exercice, numero_mandat);
create temp view reprenables as
  select id, exercice, numero_mandat, cast(numero_ligne as int) rang, numero_ligne, montant,
    fonction, code_analytique, convention, tiers, objet
  from retenues where type in ('ordinaire', 'rattachement')
  union all
  select null, exercice, numero_mandat, rang, numero_ligne, montant,
    fonction, code_analytique, convention, tiers, objet
  from anciennes;

-- Filled by rattachement.py: the origin of a reversal, what it gives to it; what a line has lost.
create temp table origines(
  ligne integer primary key, type text, exercice int, numero_mandat text,
  fonction text, code_analytique text, convention text, tiers text, objet text);
create temp table retires(ligne integer primary key, montant int);

-- The ledger: columns of mandats.csv, then what orders and checks them.
create temp view registre as
  select
    l.exercice, l.numero_mandat, l.numero_ligne, l.date_emission,
    coalesce(o.type, l.type) type,
    case
      when l.mandat_origine = '' then ''
      when coalesce(o.exercice, l.exercice_origine, l.exercice) = l.exercice then l.mandat_origine
      else coalesce(o.exercice, l.exercice_origine) || '/' || l.mandat_origine
    end mandat_origine,
    l.nature,
    coalesce(nullif(l.fonction, ''), o.fonction, '') fonction,
    coalesce(nullif(l.code_analytique, ''), o.code_analytique, '') code_analytique,
    coalesce(nullif(l.convention, ''), o.convention, '') convention,
    coalesce(nullif(l.tiers, ''), o.tiers, '') tiers,
    coalesce(nullif(l.objet, ''), o.objet, '') objet,
    l.montant,
    coalesce(
      nullif(l.date_paiement, ''),
      case when r.etat in (select code from codes where role = 'solde')
        or p.total >= l.montant - coalesce(x.montant, 0) then p.derniere end,
      '') date_paiement,
    l.id_engagement, l.date_service, l.poste,
    l.id, l.fichier, l.lieu, l.ligne, l.bordereau, l.type type_lu,
    r.etat, p.total paye, p.derniere, l.montant - coalesce(x.montant, 0) reste
  from retenues l
  left join origines o on o.ligne = l.id
  left join reponses r on r.ligne = l.id and r.rang = 1
  left join payes p on p.ligne = l.id
  left join retires x on x.ligne = l.id;

-- What the answers leave to look at, by mandate.
create temp view attention as
  select distinct 1 rang, 'en instance chez le comptable, repris' motif, exercice, numero_mandat
  from registre where etat in (select code from codes where role = 'instance')
  union all
  select distinct 2, 'payé(s) en partie, sans date de paiement', exercice, numero_mandat
  from registre where paye > 0 and paye < reste
    and etat not in (select code from codes where role = 'solde')
  union all
  select distinct 3, 'payé(s) au-delà de leur montant', exercice, numero_mandat
  from registre where paye > montant
  union all
  select distinct 4, 'soldé(s) sans date de paiement', exercice, numero_mandat
  from registre where etat in (select code from codes where role = 'solde') and derniere is null;
