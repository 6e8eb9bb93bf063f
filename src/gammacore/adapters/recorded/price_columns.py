"""Which column of a table of prices is meant: exact names win, and of two that could be meant none is taken."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from attrs import frozen

from gammacore.adapters.recorded.unreadable import UnreadableFile


@frozen
class Wanted:
    """What a column is looked for, and the names to offer for it.

    `exact` names it in full; `words` are those one of which its name must hold. `setting` is the key that names the
    column where the header does not tell.
    """

    what: str
    named: str
    exact: frozenset[str]
    words: frozenset[str]
    setting: str


CLOSE = Wanted(
    "the close",
    "close",
    frozenset({"close", "close last", "close price", "closing price", "official close", "settle", "settlement",
               "settlement price", "settle price", "price"}),
    frozenset({"close", "closing", "settle", "settlement", "settled", "price"}),
    "market.closes_column",
)  # fmt: skip
PRICE = Wanted(
    "the price",
    "close or price",
    frozenset(
        {"close", "price", "spot", "last", "value", "close last", "last price", "spot price", "underlying price"}
    ),
    frozenset({"close", "price", "spot", "last", "value"}),
    "market.price_column",
)
VIX = Wanted(
    "VIX",
    "vix, close or price",
    frozenset({"vix", "vix close", "close", "price", "last", "value", "close last", "last price"}),
    frozenset({"vix", "vixcls", "close", "price", "last", "value"}),
    "market.vix_column",
)

NEVER = frozenset({
    "adj", "adjusted", "adjclose", "prev", "previous", "prior", "yesterday", "change", "chg", "chng", "diff",
    "difference", "pct", "percent", "return", "open", "high", "low", "volume", "vol", "net", "date", "time", "datetime",
    "timestamp", "bid", "ask", "strike", "split", "dividend", "dividends", "interest", "count",
})  # fmt: skip
"""Words that make another figure of a close: an option settles at the unadjusted close of its own day."""

ESTIMATE = "estimate"
TIME_COLUMNS = ("datetime", "timestamp", "quote_datetime", "time", "t")
OHLC = ("open", "high", "low", "close")


def words_of(name: str) -> tuple[str, ...]:
    """The words of a column's name, lower case: `Adj Close`, `adj_close` and `AdjClose` are the same two.

    >>> words_of("AdjClose"), words_of("Close/Last"), words_of("Change %")
    (('adj', 'close'), ('close', 'last'), ('change', 'percent'))
    """
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name).replace("%", " percent ")
    return tuple(re.findall(r"[a-z0-9]+", spaced.casefold()))


def pick_column(path: Path, header: Sequence[str], wanted: Wanted, chosen: str | None = None) -> int:
    """Where the column stands that is meant: the chosen one, one of an exact name, or the only one that could be.

    Raises:
        UnreadableFile: none, or two that could be meant; both are named.
    """
    if chosen is not None:
        return _chosen(path, header, wanted, chosen)
    return _only(path, header, wanted, _candidates(header, wanted) or _candidates(header, wanted, estimates=True))


def pick_closes(path: Path, header: Sequence[str], chosen: str | None = None) -> tuple[tuple[int, bool], ...]:
    """The columns of the close, each with whether it is an estimate: the reported one first, where there is one.

    Raises:
        UnreadableFile: none, or two of a kind that could be meant; both are named.
    """
    if chosen is not None:
        index = _chosen(path, header, CLOSE, chosen)
        return ((index, _is_estimate(header[index])),)
    kinds = [(_candidates(header, CLOSE, estimates), estimates) for estimates in (False, True)]
    found = tuple((_only(path, header, CLOSE, could_be), estimated) for could_be, estimated in kinds if could_be)
    return found or ((_only(path, header, CLOSE, []), False),)


def pick_date(path: Path, header: Sequence[str]) -> int:
    """Where the date stands: the column `date`, else the only one whose name holds that word.

    Raises:
        UnreadableFile: none, or two that could be meant.
    """
    wanted = Wanted("the date", "date", frozenset({"date"}), frozenset({"date"}), "")
    named = [index for index, name in enumerate(header) if "date" in words_of(name)]
    exact = [index for index in named if words_of(header[index]) == ("date",)]
    return _only(path, header, wanted, exact or named)


def pick_time(path: Path, header: Sequence[str]) -> int | None:
    """Where the time of a row stands; None where no column is named like one.

    Raises:
        UnreadableFile: two columns of one name.
    """
    names = [name.strip().casefold() for name in header]
    for known in TIME_COLUMNS:
        found = [index for index, name in enumerate(names) if name == known]
        if found:
            return _only(path, header, Wanted("the time", "time", frozenset(), frozenset(), ""), found)
    return None


def pick_bars(header: Sequence[str]) -> tuple[int, ...] | None:
    """Where open, high, low and close stand, each there once; None where the table is none of bars."""
    names = [name.strip().casefold() for name in header]
    return tuple(map(names.index, OHLC)) if all(names.count(name) == 1 for name in OHLC) else None


def _candidates(header: Sequence[str], wanted: Wanted, estimates: bool = False) -> list[int]:
    """The columns of an exact name; without one those whose name holds a word and none that makes it another figure."""
    words = [words_of(name) for name in header]
    could_be = [
        index
        for index, named in enumerate(words)
        if wanted.words & set(named) and not NEVER & set(named) and _is_estimate(header[index]) is estimates
    ]
    return [index for index in could_be if " ".join(words[index]) in wanted.exact] or could_be


def _is_estimate(name: str) -> bool:
    return any(word.startswith(ESTIMATE) for word in words_of(name))


def _only(path: Path, header: Sequence[str], wanted: Wanted, found: Sequence[int]) -> int:
    if len(found) == 1:
        return found[0]
    fix = f"name one by {wanted.setting}" if wanted.setting else "give each column a name of its own"
    if found:
        both = " and ".join(repr(header[index]) for index in found)
        raise UnreadableFile(f"{path}: the header", f"of two meanings: columns {both} could both be {wanted.what}", fix)
    names = " or ".join(filter(None, [f"name one of its columns {wanted.named}", wanted.setting and fix]))
    raise UnreadableFile(f"{path}: the header", ", ".join(header)[:200], names)


def _chosen(path: Path, header: Sequence[str], wanted: Wanted, chosen: str) -> int:
    found = [index for index, name in enumerate(header) if name.strip().casefold() == chosen.strip().casefold()]
    if [header[index] for index in found].count(chosen) == 1:
        found = [header.index(chosen)]
    if not found:
        raise UnreadableFile(f"{path}: column {chosen}", f"missing; it has {', '.join(header)[:200]}",
                             f"name another by {wanted.setting}")  # fmt: skip
    return _only(path, header, wanted, found)
