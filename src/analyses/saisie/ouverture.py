"""Opening a file that came by e-mail: refused with its reason, or an openpyxl workbook.

openpyxl alone reads here (a collection workbook is small): it sees formulas, errors, dates,
merged and hidden cells that a fast reader turns into blanks.
"""

from __future__ import annotations

import io
import warnings
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from analyses.socle.problems import BilanError, Problem

if TYPE_CHECKING:
    from openpyxl.workbook.workbook import Workbook

TAILLE_MAX = 50 * 2**20  # of the file
TEXTE_MAX = 15 * 2**20  # of its unpacked XML; that of all the actions is 1.5 MB
TOUT_MAX = 300 * 2**20  # unpacked, images included
ENTREES_MAX = 2_000
_REENREGISTRER = "ouvrez-le puis Enregistrer sous… « Classeur Excel (.xlsx) »"


def _refuse(name: str, found: str, remedy: str) -> BilanError:
    return BilanError(
        [Problem(name, attendu="un classeur de saisie .xlsx", trouve=found, remede=remedy)]
    )


def _check_zip(name: str, data: bytes) -> None:
    """Refuse what is no plain .xlsx before anything is unpacked."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            names = {entry.filename for entry in entries}
            total = sum(entry.file_size for entry in entries)
            text = sum(e.file_size for e in entries if not e.filename.startswith("xl/media/"))
            if len(entries) > ENTREES_MAX or text > TEXTE_MAX or total > TOUT_MAX:
                raise _refuse(
                    name,
                    f"{total // 2**20} Mo en {len(entries)} morceaux une fois décompressé : une "
                    "archive piégée, ou un classeur où l'on a copié autre chose",
                    "demandez au pilote de reprendre le fichier envoyé",
                )
            if "mimetype" in names and b"opendocument" in archive.read("mimetype"):
                raise _refuse(name, "un classeur LibreOffice (.ods)", _REENREGISTRER)
            if "xl/workbook.xml" not in names:
                raise _refuse(name, "une archive qui n'est pas un classeur", _REENREGISTRER)
            kinds = archive.read("[Content_Types].xml") if "[Content_Types].xml" in names else b""
            if b"macroEnabled" in kinds or any(n.endswith("vbaProject.bin") for n in names):
                raise _refuse(
                    name,
                    "un classeur qui contient des macros ; rien n'en a été exécuté",
                    "enregistrez-le au format .xlsx, sans macro",
                )
            damaged = archive.testzip()
    except BilanError:
        raise
    except Exception:  # zipfile and zlib raise anything on damaged bytes
        damaged = "l'archive"
    if damaged:
        raise _refuse(name, f"un fichier abîmé ({damaged})", "demandez au pilote de le renvoyer")


def ouvrir(path: Path) -> tuple[bytes, Workbook]:
    """(content of the file, openpyxl workbook with its formulas); `BilanError` with the reason.

    >>> import tempfile
    >>> csv = Path(tempfile.mkdtemp()) / "saisie.xlsx"
    >>> _ = csv.write_text("action;resultat", encoding="utf-8")
    >>> try:
    ...     ouvrir(csv)
    ... except BilanError as error:
    ...     error.problems[0].trouve
    'un fichier texte (CSV ?) renommé'
    """
    name = path.name
    if name.startswith(("~$", ".~lock")):
        raise _refuse(
            name, "un fichier de verrouillage du tableur", "fermez le tableur et donnez le classeur"
        )
    if path.is_dir():
        raise _refuse(name, "un dossier sans classeur", "indiquez le dossier des classeurs reçus")
    try:
        if path.stat().st_size > TAILLE_MAX:
            raise _refuse(name, "plus de 50 Mo", "retirez les images, envoyez les pièces à part")
        data = path.read_bytes()
    except OSError as error:
        missing = isinstance(error, FileNotFoundError)
        found = "fichier absent" if missing else "un fichier que l'on ne peut pas lire"
        raise _refuse(name, found, "vérifiez le chemin et les droits") from None
    if not data:
        raise _refuse(name, "un fichier vide", "demandez au pilote de le renvoyer")
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        if "EncryptedPackage".encode("utf-16-le") in data:
            raise _refuse(
                name,
                "un classeur protégé par un mot de passe",
                "retirez le mot de passe d'ouverture et renvoyez-le",
            )
        raise _refuse(name, "un classeur à l'ancien format .xls", _REENREGISTRER)
    if not data.startswith(b"PK"):
        text = b"\x00" not in data[:4096]
        found = (
            "un fichier texte (CSV ?) renommé" if text else "un fichier qui n'est pas un classeur"
        )
        raise _refuse(name, found, "donnez le classeur envoyé, rempli, au format .xlsx")
    _check_zip(name, data)
    import openpyxl

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return data, openpyxl.load_workbook(io.BytesIO(data), keep_links=False)
    except Exception:  # openpyxl raises anything on broken XML
        raise _refuse(
            name, "un classeur dont le contenu est illisible", "demandez au pilote de le renvoyer"
        ) from None
