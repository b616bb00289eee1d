"""Reading XML from outside, as a stream: elements and attributes only, nothing else is believed.

The parser is expat, from the standard library, used directly. What hardens it (as defusedxml does)
is one refusal: a DOCTYPE, without which no entity can be declared, expanded or fetched. Used
directly it also never hands over text between tags, so an attachment of hundreds of megabytes
passes through a buffer of 256 KiB; lxml builds the text of an element before it can be dropped.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import BinaryIO, NoReturn, Protocol
from xml.parsers import expat

_TAMPON = 1 << 18
_MORCEAU_MAX = 1 << 20  # bytes of one tag, comment or attribute
_PROFONDEUR_MAX = 100
_TRONQUE = {
    expat.errors.XML_ERROR_NO_ELEMENTS,
    expat.errors.XML_ERROR_UNCLOSED_TOKEN,
    expat.errors.XML_ERROR_PARTIAL_CHAR,
    expat.errors.XML_ERROR_UNCLOSED_CDATA_SECTION,
}
_FRANCAIS = {
    expat.errors.XML_ERROR_INVALID_TOKEN: "un caractère interdit, une balise mal formée, ou un "
    "encodage autre que celui annoncé",
    expat.errors.XML_ERROR_TAG_MISMATCH: "une balise fermante qui n'est pas celle attendue",
    expat.errors.XML_ERROR_DUPLICATE_ATTRIBUTE: "un attribut écrit deux fois",
    expat.errors.XML_ERROR_JUNK_AFTER_DOC_ELEMENT: "du contenu après la fin du document",
    expat.errors.XML_ERROR_UNDEFINED_ENTITY: "une entité non définie",
    expat.errors.XML_ERROR_UNKNOWN_ENCODING: "un encodage inconnu",
    expat.errors.XML_ERROR_INCORRECT_ENCODING: "un encodage autre que celui annoncé",
}
_SANS_DTD = "un XML sans DOCTYPE ni entité"


class Refus(Exception):
    """What stops the reading of a file: line, expected, found, remedy."""

    def __init__(self, ligne: int | None, attendu: str, trouve: str, remede: str) -> None:
        super().__init__(trouve)
        self.ligne, self.attendu, self.trouve, self.remede = ligne, attendu, trouve, remede


class Balises(Protocol):
    """What the tags are given to; names come without their prefix."""

    def ouvrir(self, nom: str, attributs: dict[str, str]) -> None: ...

    def fermer(self, nom: str) -> None: ...


class Lecteur:
    """A stream of tags: `racine` says, from the name of the root, what the tags in it are given to.

    >>> import io
    >>> class Noms(list):
    ...     def ouvrir(self, nom, attributs): self.append((nom, attributs))
    ...     def fermer(self, nom): pass
    >>> noms = Noms()
    >>> Lecteur(lambda nom: noms).lire(io.BytesIO(b'<n:a xmlns:n="u"><b V="1"/>texte</n:a>'))
    >>> noms
    [('b', {'V': '1'})]
    >>> try:
    ...     Lecteur(lambda nom: noms).lire(io.BytesIO(b'<!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>'))
    ... except Refus as refus:
    ...     print(refus.trouve)
    un DOCTYPE qui déclare des entités
    """

    def __init__(self, racine: Callable[[str], Balises]) -> None:
        self._racine, self._profondeur = racine, 0
        self._parser = expat.ParserCreate()
        self._parser.StartElementHandler = self._ouvrir
        self._parser.EndElementHandler = self._fermer
        self._parser.StartDoctypeDeclHandler = self._doctype
        self._parser.EntityDeclHandler = self._entite
        self._parser.ExternalEntityRefHandler = self._entite
        self._parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)

    @property
    def ligne(self) -> int:
        """Line of the file that is being read."""
        return int(self._parser.CurrentLineNumber)

    def lire(self, flux: BinaryIO) -> None:
        """Read the stream to its end; `Refus` says what is wrong and where."""
        lus = 0
        try:
            while morceau := flux.read(_TAMPON):
                lus += len(morceau)
                self._parser.Parse(morceau, False)
                if lus - self._parser.CurrentByteIndex > _MORCEAU_MAX:
                    raise Refus(
                        self.ligne,
                        "des balises de taille ordinaire",
                        "une balise démesurée",
                        "vérifiez l'origine de ce fichier",
                    )
            self._parser.Parse(b"", True)
        except expat.ExpatError as error:
            raise self._mal_forme(error, lus) from None
        except (ValueError, LookupError):
            raise Refus(
                1,
                "un encodage connu (ISO-8859-1, UTF-8)",
                "un encodage inconnu",
                "réexportez le fichier",
            ) from None

    def _mal_forme(self, error: expat.ExpatError, lus: int) -> Refus:
        if not lus:
            return Refus(None, "un fichier PES", "un fichier vide", "récupérez le fichier entier")
        reason = expat.ErrorString(error.code)
        if reason in _TRONQUE:
            return Refus(
                error.lineno,
                "un XML complet",
                "un fichier tronqué : il s'arrête avant sa dernière balise fermante",
                "récupérez le fichier entier",
            )
        found = _FRANCAIS.get(reason, "un XML mal formé")
        return Refus(error.lineno, "un XML bien formé", found, "réexportez le fichier")

    def _ouvrir(self, nom: str, attributs: dict[str, str]) -> None:
        self._profondeur += 1
        if self._profondeur > _PROFONDEUR_MAX:
            raise Refus(
                self.ligne,
                f"au plus {_PROFONDEUR_MAX} balises imbriquées",
                "davantage",
                "vérifiez l'origine de ce fichier",
            )
        nom = nom.rpartition(":")[2] if ":" in nom else nom
        if self._profondeur == 1:
            self._balises = self._racine(nom)
        else:
            self._balises.ouvrir(nom, attributs)

    def _fermer(self, nom: str) -> None:
        self._profondeur -= 1
        self._balises.fermer(nom.rpartition(":")[2] if ":" in nom else nom)

    def _doctype(self, _nom: str, systeme: str | None, _public: str | None, interne: int) -> None:
        found = "un DOCTYPE"
        if systeme:
            found = "un DOCTYPE qui renvoie à une entité externe, non suivie"
        elif interne:
            found = "un DOCTYPE qui déclare des entités"
        self._refuser(found)

    def _entite(self, *_: object) -> NoReturn:
        self._refuser("une déclaration ou un appel d'entité")

    def _refuser(self, found: str) -> NoReturn:
        raise Refus(
            self.ligne, _SANS_DTD, found, "vérifiez l'origine de ce fichier, ne l'ouvrez pas"
        )
