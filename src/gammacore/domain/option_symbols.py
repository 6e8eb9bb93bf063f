"""Option symbols as brokers and data vendors spell them, read to one contract. Rules: CS-013, DH-202, DH-205.

======================================================  ==============================================================
``SPY251230C00495000``                                  OCC compact: Tradier, Alpaca, Yahoo, Webull
``SPY   251230C00495000``                               OCC padded to 21: Schwab, tastytrade, IBKR, OPRA, Databento
``SPY 251230C00495000``                                 QuantConnect
``SPY___251230C00495000``, ``SPY---251230C00495000``    Intrinio, E*TRADE: padded to six characters by other signs
``O:SPY251230C00495000``, ``SPY251230C00495000.OPRA``   a venue before it (Polygon, Finnhub) or behind it (Nautilus)
``.SPY251230C495``, ``.SPXW250117P4187.5``              thinkorswim, dxfeed and tastytrade's stream
``-SPY251230C495``, ``OPRA:SPY251230C495.0``            Fidelity, TradingView
``SPY_123025C495``                                      TD Ameritrade: the underscore says month, day, year
``US.SPY251230C495000``                                 Futu, Longbridge: thousandths without leading zeros
``SPY:2025:12:30:CALL:495.00``                          E*TRADE
``SPY US 12/30/25 C495 Equity``                         Bloomberg
``SPY 12/30/2025 495.00 C``, ``SPY Dec 30 '25 $495 Call``, ``SPY 100 (Weeklys) 30 DEC 25 495 CALL``,
``SPY 30DEC25 495 C``, ``SPY|20251230|495.00C``, ``CALL SPY 12/30/25 495``: statements and position lists
======================================================================================================================

Small letters and stray blanks do not matter. What can be two contracts is refused: a date that reads both ways round
without the sign that decides it, a strike of six or seven digits, a month without its day.

A root that ends in a digit (AMD1) is an adjusted contract: it delivers something else than 100 shares, and is never
read as the contract of the letters before the digit.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from functools import cache

from gammacore.domain.instruments import REGISTRY, UNDERLYING_OF_ROOT, OptionContract, parse_occ
from gammacore.errors import InvalidInput

FIX = "give an OCC option symbol like SPXW250110C06000000, or a broker's spelling of one like .SPXW250110C6000"

_ROOT = r"(?P<root>[A-Z]{1,6}(?:[./][A-Z](?![A-Z]))?[1-9]?)"
_NATURAL = r"(?:0|[1-9]\d{0,4})(?:\.\d{1,4})?"
_STRIKE = rf"\$?(?P<strike>\d{{8}}|{_NATURAL}|[1-9]\d?,\d{{3}}(?:\.\d{{1,4}})?)"
_RIGHT = r"(?P<right>[CP])(?:ALL|UT)?"
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_MONTH = rf"(?P<name>{'|'.join(_MONTHS)})"
_YEAR = r"(?:'?(?P<short>\d{2})|(?P<year>20\d{2}))"
_BREAK = r"[ |:-]"


def _pattern(*parts: str) -> re.Pattern[str]:
    return re.compile("".join(parts), re.ASCII)


_DIGIT = _pattern(r"\d")
_OCC = _pattern(r"[A-Z]+ *\d{6}[CP]\d{8}")
_SERIES = r" ?(?P<digits>\d{6}|20\d{6}) ?(?P<right>[CP]) ?"
_THOUSANDTHS = r"(?P<strike>\d{8})(?:[.@][A-Z]{2,6})?"
_COMPACT = (
    _pattern(rf"(?:[A-Z]{{1,8}}:|[.-])?{_ROOT} *", _SERIES.lstrip(" ?"), _THOUSANDTHS),
    _pattern(r"(?=[A-Z0-9./]{1,6}(?P<pad>_+|-+)\d)", _ROOT, r"(?P=pad)", _SERIES.lstrip(" ?"), _THOUSANDTHS),
    _pattern(rf"(?P<mark>[A-Z]{{1,8}}:|[.-])?{_ROOT}", _SERIES, rf"(?P<strike>{_NATURAL})"),
)
_UNDERSCORE = _pattern(rf"\.?{_ROOT}_(?P<digits>\d{{6}})(?P<right>[CP])(?P<strike>{_NATURAL})")
_OF_THE_US = (
    _pattern(r"US\.(?P<root>[A-Z]{1,6}[1-9]?)(?P<digits>\d{6})(?P<right>[CP])(?P<strike>[1-9]\d{5,6})"),
    _pattern(r"(?P<root>[A-Z]{1,6}[1-9]?)(?P<digits>\d{6})(?P<right>[CP])(?P<strike>[1-9]\d{5,6})\.US"),
)
_DATES = (
    r"(?P<month>\d{1,2})/(?P<day>\d{1,2})/(?:(?P<year>20\d{2})|(?P<short>\d{2}))",
    r"(?P<year>20\d{2})(?P<dash>[-:/])(?P<month>\d{1,2})(?P=dash)(?P<day>\d{1,2})",
    rf"{_MONTH} (?P<day>\d{{1,2}}),? {_YEAR}",
    rf"(?P<day>\d{{1,2}})[ -]?{_MONTH}[ -]?{_YEAR}",
    r"(?P<digits>\d{6}|20\d{6})",
)
_PRICED = (rf"{_STRIKE} ?{_RIGHT}", rf"{_RIGHT}{_BREAK}?{_STRIKE}", rf"{_STRIKE}{_BREAK}{_RIGHT}")
_OF = r"(?: US)?(?: 100)?(?: \((?P<listed>[A-Z]+)\))?"


@cache
def _words() -> tuple[re.Pattern[str], ...]:
    """Made for the first symbol that is written in words: 35 patterns take 50 ms, and most processes meet none."""
    return tuple(
        _pattern(text, r"(?: (?:EQUITY|INDEX))?")
        for date in _DATES
        for text in (
            *(rf"{_ROOT}{_OF}{_BREAK}{date}{_BREAK}{priced}" for priced in _PRICED),
            *(rf"{_ROOT}{_BREAK}{priced}{_BREAK}{date}" for priced in _PRICED),
            rf"{_RIGHT} {_ROOT} {date} {_STRIKE}",
        )
    )


_CLASS_OF_SHARE = r"(?:[./-](?!(?:C|P|CALL|PUT)\Z)[A-Z]{1,3}(?:[./][A-Z])?| [ABD-OQ-Z])"
_SHARE = _pattern(rf"[A-Z]{{1,5}}{_CLASS_OF_SHARE}?")


def read_option_symbol(text: str, underlying_of_root: Mapping[str, str] | None = None) -> OptionContract:
    """The contract a symbol names, in any spelling of this page; what is ambiguous is refused, never guessed.

    `underlying_of_root` says to which underlying a root belongs; None: the registry's roots.

    Raises:
        InvalidInput: it is not an option symbol, or could be two.

    >>> {read_option_symbol(text).occ for text in ("SPY   251230C00495000", ".spy251230c495", "SPY_123025C495")}
    {'SPY251230C00495000'}
    >>> read_option_symbol("AMD1251230C00100000").root
    'AMD1'
    """
    roots = None if underlying_of_root is None else dict(underlying_of_root)
    if _OCC.fullmatch(text):  # as our own symbols, and nearly all of the world's, are spelled
        return parse_occ(text, roots)
    spelled = " ".join(text.split()).upper()
    if not (text.isascii() and len(spelled) <= 64 and _DIGIT.search(spelled)):
        raise _refusal(text)
    known = UNDERLYING_OF_ROOT if roots is None else roots
    if (found := _known_root(spelled, known)) or (found := _compact(spelled)) or (found := _in_words(spelled)):
        return parse_occ(found, roots)
    raise _refusal(text)


def canonical_symbol(text: str) -> str:
    """An option's symbol as our books hold it, OCC compact; any other symbol without the blanks around it.

    >>> canonical_symbol("SPY   251230C00495000"), canonical_symbol("SPY ")
    ('SPY251230C00495000', 'SPY')
    """
    if _OCC.fullmatch(text) and " " not in text:
        return text
    try:
        return read_option_symbol(text).occ
    except InvalidInput:
        return text.strip()


def by_contract(holdings: Mapping[str, int]) -> dict[str, int]:
    """Holdings under the symbols of our books: two spellings of a contract are one holding. Rules: CS-013, CS-571.

    >>> by_contract({"SPY   251230C00495000": 2, "SPY": 100})
    {'SPY251230C00495000': 2, 'SPY': 100}
    """
    held: dict[str, int] = {}
    for symbol, quantity in holdings.items():
        name = canonical_symbol(symbol)
        held[name] = held.get(name, 0) + quantity
    return held


def may_be_a_share(text: str) -> bool:
    """Whether a symbol may be the ticker of a share: one to five letters, and perhaps a class. Rule: DH-205.

    >>> [may_be_a_share(text) for text in ("SPY", "brk.b", "BRK B", "SPY_CALL", "SPY C", "SPYC495")]
    [True, True, True, False, False, False]
    """
    return text.isascii() and _SHARE.fullmatch(text.strip().upper()) is not None


def _known_root(spelled: str, known: Mapping[str, str]) -> str | None:
    """An OCC symbol of a root that is configured, whatever its letters and digits are."""
    text = spelled.rpartition(":")[2].replace(" ", "")
    return text if text[:-15] in known and re.fullmatch(r"\d{6}[CP]\d{8}", text[-15:], re.ASCII) else None


def _compact(spelled: str) -> str | None:
    for form in _OF_THE_US:
        if match := form.fullmatch(spelled):
            return _occ(match, match["strike"].zfill(8))
    if spelled.startswith("US."):
        return None  # US.S… is Futu's spelling of the root S…, not a class of the share US
    thousandths, padded, natural = (form.fullmatch(spelled) for form in _COMPACT)
    if thousandths:
        return _occ(thousandths)
    if padded:
        return _occ(padded) if len(padded["root"] + padded["pad"]) == 6 else None
    if natural:
        return None if natural["mark"] is None and _reads_both_ways(natural["digits"]) else _occ(natural)
    if match := _UNDERSCORE.fullmatch(spelled):
        return _occ(match, digits=match["digits"][4:] + match["digits"][:4])
    return None


def _in_words(spelled: str) -> str | None:
    """The one contract that the forms of words read in it; None when they read none, or two."""
    found = {_in_form(match) for form in _words() if (match := form.fullmatch(spelled))}
    return found.pop() if len(found) == 1 else None


def _in_form(match: re.Match[str]) -> str | None:
    parts = match.groupdict()
    if digits := parts.get("digits"):
        return None if _reads_both_ways(digits) else _occ(match)
    year = (parts.get("year") or f"20{parts['short']}")[2:]
    month = _MONTHS.index(parts["name"]) + 1 if "name" in parts else int(parts["month"])
    return _occ(match, digits=f"{year}{month:02d}{int(parts['day']):02d}")


def _occ(match: re.Match[str], strike: str = "", digits: str = "") -> str | None:
    """The compact OCC symbol of what a form found; None where such a contract cannot be."""
    digits = (digits or match["digits"])[-6:]
    strike = (strike or match["strike"]).replace(",", "")
    if len(strike) != 8 or "." in strike:
        whole, _, part = strike.partition(".")
        if part[3:].strip("0"):
            return None
        strike = f"{int(whole):05d}{part[:3]:0<3}"
    root = re.sub(r"[./]", "", match["root"])
    if not _is_date(digits) or not int(strike) or len(root) > 6:
        return None
    listed = match.groupdict().get("listed")
    return None if (root := _listed_root(root, listed)) == "" else f"{root}{digits}{match['right']}{strike}"


def _listed_root(root: str, listed: str | None) -> str:
    """thinkorswim writes the index and how its series is listed: SPX (Weeklys) is SPXW. Empty where it is not known."""
    index = REGISTRY.get(root)
    if listed is None or index is None or index.option_root == root:
        return root
    return index.option_root if listed == "WEEKLYS" else ""


def _is_date(digits: str) -> bool:
    try:
        dt.date(2000 + int(digits[:2]), int(digits[2:4]), int(digits[4:]))
    except ValueError:
        return False
    return True


def _reads_both_ways(digits: str) -> bool:
    """Whether six digits are a date as year, month, day and another one as month, day, year."""
    month_first = digits[4:] + digits[:4]
    return len(digits) == 6 and digits != month_first and _is_date(digits) and _is_date(month_first)


def _refusal(text: str) -> InvalidInput:
    return InvalidInput("symbol", text, FIX)
