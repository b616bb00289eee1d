"""1 GB of PES imported: time and peak memory, against merely parsing the same bytes.

    python benchmarks/pes_1go.py                  # attachments, then lines only
    python benchmarks/pes_1go.py --go 0.1         # a tenth of it

« pièces jointes »: files as software sends them, mostly base64 attachments of 2 MB, on one line.
« lignes »: no attachment at all, one line of a mandate every 1.1 kB: the worst case.
"""

from __future__ import annotations

import argparse
import base64
import tempfile
from collections.abc import Iterator
from pathlib import Path
from random import Random
from xml.parsers import expat

from mesure import alone, report

_TETE = (
    '<?xml version="1.0" encoding="ISO-8859-1"?><n:PES_Aller '
    'xmlns:n="http://www.minefi.gouv.fr/cp/helios/pes_v2/Rev0/aller"><Enveloppe/><EnTetePES>'
    '<DteStr V="2024-03-16"/><IdColl V="22550001800013"/><CodCol V="550"/><CodBud V="00"/>'
    '</EnTetePES><PES_DepenseAller><EnTeteDepense><IdVer V="2"/></EnTeteDepense>'
)
_BORDEREAU = (
    '<Bordereau Id="B{bord}"><BlocBordereau><Exer V="2024"/><IdBord V="{bord}"/>'
    '<DteBordEm V="2024-{mois:02d}-15"/><TypBord V="01"/><NbrPce V="{n}"/><MtBordHT V="{ht}"/>'
    "</BlocBordereau>"
)
_PIECE = (
    '<Piece><BlocPiece><InfoPce><IdPce V="{mandat}"/><TypPce V="01"/><NatPce V="01"/>'
    '<Obj V="Accompagnement {mandat}"/></InfoPce><DGP><Dgp V="0"/><DteDebDgp V="2024-03-01"/>'
    '<DteFinDgp V="2024-03-31"/><DureeDgp V="30"/></DGP></BlocPiece><LigneDePiece><BlocLignePiece>'
    '<InfoLignePce><IdLigne V="1"/><Nature V="65748"/><Fonction V="444"/><CptAna V="SOL{ana:02d}"/>'
    '<LibVir1 V="VIREMENT {mandat}"/><ModRegl V="03"/><TVAIntraCom V="0"/><MtHT V="{ht}"/>'
    '</InfoLignePce><LiensIdent><IdConv V="CLS-55"/></LiensIdent></BlocLignePiece><Tiers>'
    '<InfoTiers><IdTiers V="37909534200018"/><NatIdTiers V="01"/><RefTiers V="4078"/>'
    '<CatTiers V="60"/><NatJur V="06"/><Nom V="ASSOCIATION {ana:02d}"/></InfoTiers><Adresse>'
    '<TypAdr V="1"/><Adr2 V="1 RUE SIMULEE"/><CP V="55000"/><Ville V="BAR-LE-DUC"/>'
    '<CodRes V="0"/></Adresse><CpteBancaire><BIC V="XXXXXXXXXXX"/>'
    '<IBAN V="FR0000000000000000000000000"/><TitCpte V="ASSOCIATION {ana:02d}"/></CpteBancaire>'
    "</Tiers></LigneDePiece></Piece>"
)
PAR_BORDEREAU, PAR_FICHIER = 100, 40_000


def _bordereaux(first: int, mandates: int) -> Iterator[str]:
    for start in range(first, first + mandates, PAR_BORDEREAU):
        size = min(PAR_BORDEREAU, first + mandates - start)
        amounts = [f"{(start + i) % 5000}.{(start + i) % 100:02d}" for i in range(size)]
        total = sum(int(amount.replace(".", "")) for amount in amounts)
        yield _BORDEREAU.format(
            bord=start // PAR_BORDEREAU + 1,
            mois=start // PAR_BORDEREAU % 12 + 1,
            n=size,
            ht=f"{total // 100}.{total % 100:02d}",
        )
        for i, amount in enumerate(amounts):
            yield _PIECE.format(mandat=start + i, ana=(start + i) % 20 + 1, ht=amount)
        yield "</Bordereau>"


def generate(folder: Path, size: int, attached: bool) -> int:
    """Write about `size` bytes of PES Aller; the number of mandates."""
    folder.mkdir(parents=True)
    blob = base64.b64encode(Random(55).randbytes(1_500_000)).decode()
    written, mandate, number = 0, 1, 0
    while written < size:
        path = folder / f"PES_{number:04d}.xml"
        wanted = max((size - written) // 115_000, 1) * PAR_BORDEREAU
        count = 200 if attached else min(PAR_FICHIER, wanted)
        with path.open("w", encoding="iso-8859-1") as stream:
            stream.write(_TETE)
            stream.writelines(_bordereaux(mandate, count))
            stream.write("</PES_DepenseAller>")
            if attached:
                stream.write('<PES_PJ><EnTetePES_PJ><IdVer V="1"/></EnTetePES_PJ>')
                for piece in range(20):
                    stream.write(
                        '<PJ><Contenu><Fichier MIMEType="application/pdf">'
                        f'{blob}</Fichier></Contenu><IdUnique V="{number}-{piece}"/></PJ>'
                    )
                stream.write("</PES_PJ>")
            stream.write("</n:PES_Aller>")
        written, mandate, number = written + path.stat().st_size, mandate + count, number + 1
    return mandate - 1


def work(side: str, folder: Path, target: Path) -> None:
    if side == "analyse seule":

        def parse() -> None:
            for path in sorted(folder.iterdir()):
                parser = expat.ParserCreate()
                with path.open("rb") as stream:
                    while chunk := stream.read(1 << 18):
                        parser.Parse(chunk, False)
                    parser.Parse(b"", True)

        report(parse)
    else:
        from analyses.importation.dossier_pes import importer_pes
        from analyses.importation.journal import Provenance

        source = Provenance("simulee", "benchmark", "2025-01-01")
        report(lambda: importer_pes(folder, target, "55", source))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--go", type=float, default=1.0)
    parser.add_argument("--mesurer", nargs=3, metavar=("COTE", "DOSSIER", "VERS"))
    args = parser.parse_args()
    if args.mesurer:
        side, folder, target = args.mesurer
        return work(side, Path(folder), Path(target))
    for kind, attached in (("pièces jointes", True), ("lignes", False)):
        with tempfile.TemporaryDirectory() as name:
            folder, target = Path(name) / "pes", Path(name) / "raw"
            mandates = generate(folder, int(args.go * 1e9), attached)
            size = sum(path.stat().st_size for path in folder.iterdir())
            print(f"{kind} : {size / 1e9:.2f} Go, {mandates} mandats", flush=True)
            sides = ("analyse seule", "importation", "importation à nouveau")
            done = {side: alone(__file__, "--mesurer", side, folder, target) for side in sides}
            for side, one in done.items():
                ratio = one["secondes"] / done["analyse seule"]["secondes"]
                print(f"  {side:22} {one['secondes']:7.1f} s {one['mio']:5.0f} Mio {ratio:5.1f} ×")


if __name__ == "__main__":
    main()
