"""Reading one cell as French software writes it: amounts, dates, identifiers, shares, codes."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction

_MONTANT_USUEL = re.compile(r"(\d{1,3}(?: \d{3})+|\d+)(?:[.,](\d{0,2}))?", re.ASCII)


class Unreadable(ValueError):
    """A cell that cannot be read; the message says what was expected, never the value."""


def clean(text: str) -> str:
    """Cell without surrounding blanks, no-break spaces made plain, `="x"` made x.

    >>> clean('\\u00a0="00123"\\t')
    '00123'
    """
    if not text.isascii():
        for blank in "\u00a0\u202f\u2007\u2009":
            text = text.replace(blank, " ")
    text = text.strip()
    if not text.startswith("="):
        return text
    formula = re.fullmatch(r'="([^"]*)"', text)
    return formula.group(1) if formula else text


def read_montant(text: str) -> int:
    """Amount in centimes; at most two decimals.

    >>> [read_montant(t) for t in ("1 234,56 €", "(12.5)", "7-", "1.234,50")]
    [123456, -1250, -700, 123450]
    >>> read_montant("1,234")
    Traceback (most recent call last):
    analyses.depot.cellules.Unreadable: deux décimales au plus
    """
    body = clean(text)
    usual = _MONTANT_USUEL.fullmatch(body)
    if usual:
        decimals = usual.group(2) or ""
        return int(usual.group(1).replace(" ", "")) * 100 + int(decimals.ljust(2, "0"))
    body = re.sub(r"\s*(€|eur|euros?)\s*", "", body.casefold().replace("\u2212", "-"))
    negative = False
    for pattern in (r"\((.+)\)", r"-\s*(.+)", r"(.+?)\s*-"):
        found = re.fullmatch(pattern, body)
        if found:
            negative, body = True, found.group(1).strip()
            break
    body = body.removeprefix("+")
    groups = r"(\d{1,3}(?:%s\d{3})+)%s(\d*)"
    for thousands, decimal in ((r"\.", ","), (",", r"\."), (" ", "[.,]")):
        found = re.fullmatch(groups % (thousands, decimal), body)
        if found:
            body = re.sub(r"\D", "", found.group(1)) + "." + found.group(2)
            break
    else:
        if re.fullmatch(r"\d{1,3}( \d{3})+", body):
            body = body.replace(" ", "")
    found = re.fullmatch(r"(\d+)(?:[.,](\d*))?", body)
    if not found:
        raise Unreadable("un montant en euros (1234,56)")
    decimals = found.group(2) or ""
    if len(decimals) > 2:
        raise Unreadable("deux décimales au plus")
    centimes = int(found.group(1)) * 100 + int(decimals.ljust(2, "0"))
    return -centimes if negative else centimes


def read_date(text: str) -> dt.date:
    """Date written jj/mm/aaaa, ISO, or as an Excel serial.

    >>> [read_date(t).isoformat() for t in ("31/12/2024", "2024-12-31 00:00:00", "45657")]
    ['2024-12-31', '2024-12-31', '2024-12-31']
    """
    text = clean(text)
    try:
        if re.fullmatch(r"\d{5}([.,]\d+)?", text):
            return dt.date(1899, 12, 30) + dt.timedelta(days=int(text[:5]))
        body = re.sub(r"[T ]\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?Z?$", "", text)
        found = re.fullmatch(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})", body)
        if found:
            return dt.date(int(found.group(3)), int(found.group(2)), int(found.group(1)))
        found = re.fullmatch(r"(\d{4})[-/](\d{2})[-/](\d{2})|(\d{4})(\d{2})(\d{2})", body)
        if found:
            year, month, day = (int(part) for part in found.groups() if part)
            return dt.date(year, month, day)
    except ValueError:
        pass
    raise Unreadable("une date jj/mm/aaaa, aaaa-mm-jj ou un numéro de jour Excel")


def read_integer(text: str) -> int:
    """Whole number, also as a spreadsheet writes it.

    >>> read_integer("2024.0")
    2024
    """
    found = re.fullmatch(r"(-?\d+)([.,]0+)?", clean(text))
    if not found:
        raise Unreadable("un nombre entier")
    return int(found.group(1))


def read_identifiant(text: str) -> str:
    """Identifier, restored when a spreadsheet made a float of it.

    >>> read_identifiant("1.8E12"), read_identifiant("6568.0"), read_identifiant("00012")
    ('1800000000000', '6568', '00012')
    """
    text = clean(text)
    if text.isascii() and text.isalnum() and "e" not in text and "E" not in text:
        return text
    if rounded(text):
        number = Decimal(text.replace(",", "."))
        if number == number.to_integral_value():
            return str(int(number))
    return re.sub(r"^(\d+)[.,]0+$", r"\1", text)


def rounded(text: str) -> bool:
    """Whether an identifier was written as a float with an exponent: digits may be lost.

    >>> rounded("1,80333E+12"), rounded("1E5")
    (True, False)
    """
    if "e" not in text and "E" not in text:
        return False
    return bool(re.fullmatch(r"\d[.,]\d+[eE]\+?\d{1,2}|\d[eE]\+\d{1,2}", clean(text)))


def read_quote_part(text: str) -> Fraction:
    """Share of a line, more than 0 and at most 1; empty is 1.

    >>> [str(read_quote_part(t)) for t in ("0,5", "50 %", "1/3", "")]
    ['1/2', '1/2', '1/3', '1']
    """
    text = clean(text)
    if not text:
        return Fraction(1)
    found = re.fullmatch(r"(\d+(?:[.,]\d+)?)\s*(%|/\s*(\d+))?", text)
    if not found or found.group(3) == "0":
        raise Unreadable("une part de plus de 0 à 1 (0,5 ; 50 % ; 1/3)")
    share = Fraction(found.group(1).replace(",", "."))
    if found.group(3):
        share /= int(found.group(3))
    elif found.group(2):
        share /= 100
    if not 0 < share <= 1:
        raise Unreadable("une part de plus de 0 à 1 (0,5 ; 50 % ; 1/3)")
    return share


def read_quotite(text: str) -> Fraction:
    """Part of a post, more than 0 and at most 1.

    >>> str(read_quotite("80 %"))
    '4/5'
    >>> read_quotite("1,2")
    Traceback (most recent call last):
    analyses.depot.cellules.Unreadable: une quotité de plus de 0 à 1 (0,5 ; 50 %)
    """
    try:
        return read_quote_part(text)
    except Unreadable:
        raise Unreadable("une quotité de plus de 0 à 1 (0,5 ; 50 %)") from None


def read_decimal(text: str) -> Fraction:
    """Number with decimals.

    >>> str(read_decimal("1 234,5"))
    '2469/2'
    """
    body = clean(text).replace(" ", "").replace(",", ".")
    if not re.fullmatch(r"-?\d{1,12}(\.\d{1,6})?", body):
        raise Unreadable("un nombre (84,5)")
    return Fraction(body)


def read_code(text: str) -> str:
    """Code without case, accents or spaces around.

    >>> read_code(" Réduction ")
    'reduction'
    """
    decomposed = unicodedata.normalize("NFKD", clean(text).casefold())
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def read_action(text: str) -> str:
    """Code of an action.

    >>> read_action("1.0"), read_action("V2-1"), read_action("01")
    ('1', 'v2-1', '1')
    """
    code = re.sub(r"^(\d+)[.,]0+$", r"\1", read_code(text))
    return str(int(code)) if code.isdigit() else code


LECTEURS: dict[str, Callable[[str], object]] = {
    "integer": read_integer,
    "date": read_date,
    "montant": read_montant,
    "quote_part": read_quote_part,
    "quotite": read_quotite,
    "decimal": read_decimal,
    "identifiant": read_identifiant,
    "date_exercice": read_date,
    "code": read_code,
    "action": read_action,
}
