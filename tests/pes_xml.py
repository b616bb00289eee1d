"""Small PES v2 files made by code, for the tests: no real file, no real person."""

from __future__ import annotations

from pathlib import Path

ALLER = "http://www.minefi.gouv.fr/cp/helios/pes_v2/Rev0/aller"
RETOUR = "http://www.minefi.gouv.fr/cp/helios/pes_v2/Rev0/retour"
SOCIETE = {"CatTiers": "60", "NatJur": "06", "Nom": "ASSOCIATION EXEMPLE"}
PERSONNE = {
    "IdTiers": "255081416802538",
    "NatIdTiers": "04",
    "CatTiers": "01",
    "NatJur": "01",
    "Civilite": "MME",
    "Nom": "MARTIN",
    "Prenom": "Jeanne",
}


def feuilles(valeurs: dict[str, object]) -> str:
    """Leaves of a block; a value None leaves its tag out."""
    return "".join(f'<{name} V="{value}"/>' for name, value in valeurs.items() if value is not None)


def ligne(n=1, ht="100.00", tiers=SOCIETE, origine=None, liens="", **plus) -> str:
    """`origine`: (exercice, mandat, ligne) of the line taken back."""
    info = {"IdLigne": n, "Nature": "65748", "Fonction": "444", "CptAna": "SOL01", "MtHT": ht}
    back = ""
    if origine:
        year, mandate, number = origine
        back = feuilles(
            {"NatPceOrig": "01", "ExerRat": year, "IdPceOrig": mandate, "IdLigneOrig": number}
        )
        back = f"<RattachPiece>{back}</RattachPiece>"
    who = ""
    if tiers:
        account = feuilles({"BIC": "SOGEFRPPXXX", "IBAN": "FR7630006000011234567890189"})
        who = (
            f"<Tiers><InfoTiers>{feuilles(tiers)}</InfoTiers><Adresse>"
            f"{feuilles({'Ville': 'BAR-LE-DUC'})}</Adresse>"
            f"<CpteBancaire>{account}</CpteBancaire></Tiers>"
        )
    return (
        f"<LigneDePiece><BlocLignePiece><InfoLignePce>{feuilles(info | plus)}</InfoLignePce>"
        f"{back}{liens}</BlocLignePiece>{who}</LigneDePiece>"
    )


def piece(n=1, *lignes: str, typ="01", nat="01", objet="Subvention", **plus) -> str:
    info = {"IdPce": n, "TypPce": typ, "NatPce": nat, "Obj": objet} | plus
    body = "".join(lignes or [ligne()])
    return f"<Piece><BlocPiece><InfoPce>{feuilles(info)}</InfoPce></BlocPiece>{body}</Piece>"


def bordereau(n=1, *pieces: str, exer=2024, typ="01", date="2024-03-15", ht="100.00", **plus):
    info = {"Exer": exer, "IdBord": n, "DteBordEm": date, "TypBord": typ}
    info |= {"NbrPce": len(pieces) or 1, "MtBordHT": ht} | plus
    body = "".join(pieces or [piece()])
    return f"<Bordereau><BlocBordereau>{feuilles(info)}</BlocBordereau>{body}</Bordereau>"


def annulation(n, mandat, ht="100.00", exer=2024, of=2024, line=1, numero=90, nat="06", **plus):
    """A bordereau that takes back a mandate (or part of it)."""
    back = ligne(1, ht, origine=(of, mandat, line), **plus)
    return bordereau(
        n,
        piece(numero, back, typ="02", nat=nat, objet="Annulation"),
        typ="02",
        exer=exer,
        date=f"{exer}-06-30",
        ht=ht,
    )


def aller(*bordereaux: str, pj: str = "", budget="00", domaine="Depense", encodage="ISO-8859-1"):
    head = feuilles({"DteStr": "2024-03-16", "IdColl": "22550001800013", "CodCol": "550"})
    return (
        f'<?xml version="1.0" encoding="{encodage}"?>\n<n:PES_Aller xmlns:n="{ALLER}">'
        f'<Enveloppe/><EnTetePES>{head}<CodBud V="{budget}"/></EnTetePES>'
        f"<PES_{domaine}Aller><EnTete{domaine}/>{''.join(bordereaux or [bordereau()])}"
        f"</PES_{domaine}Aller>{pj}</n:PES_Aller>\n"
    ).encode(encodage)


def etat(mandat=1, etat="05", ligne=1, paye=(), ht="100.00", total=None, **plus) -> str:
    """A piece of a return; `paye`: (date, amount[, OrgEma]) of each payment."""
    told = {"NbrPay": len(paye), "MtPayTot": total} if paye or total else {}
    payments = "".join(
        "<PaiementEmargement>"
        + feuilles({"OrgEma": (rest or ["01"])[0], "DtePay": date, "MtPay": amount})
        + "</PaiementEmargement>"
        for date, amount, *rest in paye
    )
    info = feuilles({"IdPce": mandat, "TypPce": "01", "NatPce": "01", "EtatPce": etat} | plus)
    state = feuilles({"IdLigne": ligne, "EtatLigPce": "01", "MtHT": ht})
    return (
        f"<Piece><InfoPiece>{info}</InfoPiece><LigneDePiece><BlocLignePiece><InfoLignePiece>"
        f"{state}</InfoLignePiece><InfoPaiement>{feuilles(told)}</InfoPaiement></BlocLignePiece>"
        f"{payments}</LigneDePiece></Piece>"
    )


def retour(
    *pieces: str, bord=1, exer=2024, typ="01", date="2024-05-01", budget="00", domaine="Depense"
):
    head = feuilles({"DteStr": date, "IdColl": "22550001800013", "CodBud": budget})
    info = feuilles({"Exer": exer, "IdBord": bord, "TypBord": typ})
    return (
        f'<?xml version="1.0" encoding="ISO-8859-1"?><n:PES_Retour xmlns:n="{RETOUR}">'
        f"<EnTetePES>{head}</EnTetePES><PES_{domaine}Retour><Bordereau><BlocBordereau>{info}"
        f"</BlocBordereau>{''.join(pieces)}</Bordereau></PES_{domaine}Retour></n:PES_Retour>"
    ).encode("iso-8859-1")


def deposer_pes(dossier: Path, **fichiers: bytes) -> Path:
    """Write PES files in a folder: a keyword `a` is the file `a.xml`."""
    dossier.mkdir(parents=True, exist_ok=True)
    for name, content in fichiers.items():
        (dossier / f"{name}.xml").write_bytes(content)
    return dossier
