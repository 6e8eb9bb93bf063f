"""Figures as others write them: one reader for everything that comes from outside as text.

`read_figure` reads what vendors and people write: 2,500 and $742.02 and (3.10). `read_fraction` reads the same and
percent. `read_plain_figure` reads what programs write and nothing else: brokers' bodies, environment of protocols.
A figure comes back exactly or not at all: what could be two numbers is `Unread.UNREADABLE`, never one of them.
Lines of the hedging protocol and of the ledger have their own stricter contracts (DH-101, codec) and are not read here.
"""

from __future__ import annotations

import re
from decimal import Decimal
from enum import Enum
from typing import TypeVar

LONGEST = 60
"""Characters; no figure that means something is longer."""

LARGEST_POWER = 15
"""From ten to this power on, a figure is an accident: no price, size or balance is as large."""

FINEST_POWER = -30
"""Below ten to this power nothing traded is written; exact arithmetic on such figures only breaks elsewhere."""

T = TypeVar("T")


class Unread(Enum):
    """Why a text gives no figure: it holds none (empty, a dash, N/A), or what it holds cannot be read."""

    NOT_GIVEN = "not_given"
    UNREADABLE = "unreadable"


_NO_FIGURE = frozenset({"", "-", "--", "---", "\u2013", "\u2014", "n/a", "na", "n.a.", "#n/a", "null", "none", "."})
_SPACES = "\u00a0\u2009\u202f"
_PLAIN = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_UNSIGNED = re.compile(r"[0-9]{1,15}(?:\.[0-9]{0,15})?")
_GROUPED = re.compile(r"[1-9][0-9]{0,2}(?:([,_' ])[0-9]{3})(?:\1[0-9]{3})*(?:\.[0-9]*)?")
_DOLLARS = r"(?:us\$|usd|\$)"
_WRITTEN = re.compile(
    rf"([+-])? ?({_DOLLARS})? ?([+-])? ?(\()? ?({_DOLLARS})? ?([0-9.][^()$+-]*?(?:e[+-]?[0-9]+)?)"
    rf" ?({_DOLLARS})? ?(\))? ?({_DOLLARS})?",
    re.IGNORECASE,
)


def read_figure(text: str) -> Decimal | Unread:
    """A finite figure as vendors and people write it, exact.

    Thousands may be grouped in threes by comma, space, underscore or apostrophe; a point is always the decimal point.
    A dollar sign, US$ or USD may stand before or after; parentheses mean negative. Refused: a comma that is no grouping
    (1,23 and 0,153 are decimals to some), another currency, percent, K and M, NaN and infinities, digits of other
    scripts, and figures from 1E15 on.

    >>> read_figure("2,500"), read_figure("$4,750.00"), read_figure("(3.10)")
    (Decimal('2500'), Decimal('4750.00'), Decimal('-3.10'))
    >>> read_figure("1,23"), read_figure("15.3%"), read_figure("N/A")
    (<Unread.UNREADABLE: 'unreadable'>, <Unread.UNREADABLE: 'unreadable'>, <Unread.NOT_GIVEN: 'not_given'>)
    """
    if _UNSIGNED.fullmatch(text):
        return Decimal(text)
    text = _squeezed(text)
    if text.casefold() in _NO_FIGURE:
        return Unread.NOT_GIVEN
    if len(text) > LONGEST:
        return Unread.UNREADABLE
    match = _WRITTEN.fullmatch(text)
    if match is None:
        return Unread.UNREADABLE
    before, *dollars, opened, closed = match.group(1, 2, 5, 7, 9, 4, 8)
    signs = [sign for sign in (before, match[3]) if sign]
    if sum(map(bool, dollars)) > 1 or bool(opened) != bool(closed) or len(signs) + bool(opened) > 1:
        return Unread.UNREADABLE
    digits = match[6]
    figure = read_plain_figure(re.sub(r"[,_' ]", "", digits) if _GROUPED.fullmatch(digits) else digits)
    if not isinstance(figure, Decimal):
        return Unread.UNREADABLE
    return figure.copy_negate() if opened or signs == ["-"] else figure


def read_fraction(text: str, whole: float = 1.0) -> float | Unread:
    """A volatility or another part of a whole: 15.3% is 0.153; a figure without the sign is divided by `whole`.

    Percent is read here and nowhere else: as a price or a size 15.3% is nothing.

    >>> read_fraction("15.3%"), read_fraction("15.3", whole=100), read_fraction("0.153")
    (0.153, 0.153, 0.153)
    """
    squeezed = text if text.isascii() else _squeezed(text)
    if "%" not in squeezed:
        figure = read_model_figure(squeezed)
        return figure / whole if isinstance(figure, float) else figure
    bare = squeezed.strip().removesuffix("%")
    percent = read_figure(bare) if "$" not in bare and "usd" not in bare.casefold() else Unread.UNREADABLE
    if not isinstance(percent, Decimal):
        return Unread.UNREADABLE
    sign, digits, exponent = percent.as_tuple()
    return float(Decimal((sign, digits, int(exponent) - 2)))


def read_plain_figure(text: str) -> Decimal | Unread:
    """A finite figure as programs write it: sign, digits, point, exponent, and nothing else.

    >>> read_plain_figure("-1.50"), read_plain_figure("2,500"), read_plain_figure("")
    (Decimal('-1.50'), <Unread.UNREADABLE: 'unreadable'>, <Unread.NOT_GIVEN: 'not_given'>)
    """
    text = text.strip()
    if not text:
        return Unread.NOT_GIVEN
    if len(text) > LONGEST or not _PLAIN.fullmatch(text):
        return Unread.UNREADABLE
    return bounded_figure(Decimal(text))


def bounded_figure(figure: Decimal) -> Decimal | Unread:
    """The figure where it is finite and of a size that means something, however it came."""
    if not figure.is_finite() or (figure and not FINEST_POWER <= figure.adjusted() < LARGEST_POWER):
        return Unread.UNREADABLE
    return figure


def read_model_figure(text: str) -> float | Unread:
    """As `read_figure`, for columns of model quantities and open interest; a gamma of 1E-40 is one.

    >>> read_model_figure("2,500"), read_model_figure("1.2e-40")
    (2500.0, 1.2e-40)
    """
    if _UNSIGNED.fullmatch(text):
        return float(text)
    figure = read_figure(text)
    if isinstance(figure, Decimal):
        return float(figure)
    plain = text.strip()
    if len(plain) <= LONGEST and _PLAIN.fullmatch(plain) and abs(tiny := float(plain)) < 1:
        return tiny
    return figure


def figure_or(figure: Decimal | Unread, otherwise: T) -> Decimal | T:
    """The figure, or what stands for none: for callers to whom not given and unreadable are one.

    >>> figure_or(read_figure("--"), None)
    """
    return figure if isinstance(figure, Decimal) else otherwise


def _squeezed(text: str) -> str:
    """Without spaces around it; the spaces of typesetters are spaces, their minus and apostrophe are ours."""
    text = text.strip()
    if text.isascii():
        return text
    for space in _SPACES:
        text = text.replace(space, " ")
    return text.replace("\u2212", "-").replace("\u2019", "'").strip()
