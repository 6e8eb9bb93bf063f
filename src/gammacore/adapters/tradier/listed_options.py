"""Option chains as Tradier lists them, turned into columns; all roots of an underlying, kept apart."""

from __future__ import annotations

import datetime as dt
import math
from collections import Counter
from collections.abc import Iterable

from attrs import frozen

from gammacore.adapters.tradier.quotes import without_zero_times
from gammacore.adapters.tradier.wire import many, read
from gammacore.adapters.wire import UnreadableAnswer
from gammacore.adapters.wire.prices import ShownContract, chain_shown, seen_by
from gammacore.domain.instruments import EQUITY_OPTION_MULTIPLIER, Right, is_adjusted
from gammacore.domain.market import OptionChain
from gammacore.domain.option_symbols import read_option_symbol
from gammacore.errors import InvalidInput

_TIMES = ("bid_date", "ask_date")


@frozen
class ListedOption:
    """One row of markets/options/chains. Its greeks are left alone: they may be an hour old, ours are not.

    `strike`, `bid`, `ask` in points, NaN = no such quote; `open_interest` and today's `volume` in contracts, NaN = none
    given.
    """

    symbol: str
    strike: float
    expiration_date: dt.date
    option_type: str
    bid: float = math.nan
    ask: float = math.nan
    bid_date: dt.datetime | None = None
    ask_date: dt.datetime | None = None
    open_interest: float = 0.0
    contract_size: int = EQUITY_OPTION_MULTIPLIER
    root_symbol: str = ""
    volume: float = math.nan

    @property
    def is_call(self) -> bool:
        return self.option_type == "call"

    def root(self) -> str | None:
        """The root of its OCC symbol; None when symbol and fields contradict each other. Rule: CS-013."""
        try:
            contract = read_option_symbol(self.symbol)
        except InvalidInput:
            return None
        reported = (self.expiration_date, Right.CALL if self.is_call else Right.PUT, round(self.strike * 1000))
        if (contract.expiry, contract.right, int(contract.strike * 1000)) != reported:
            return None
        return contract.root if self.root_symbol in ("", contract.root) else None

    def seen_at(self, now: dt.datetime, tolerance: dt.timedelta) -> float:
        """When the older of bid and ask was quoted, epoch seconds; NaN when one of them is unknown."""
        bid, ask = seen_by(self.bid_date, now, tolerance), seen_by(self.ask_date, now, tolerance)
        return math.nan if bid is None or ask is None else min(bid, ask).timestamp()


def read_options(answer: object) -> tuple[list[ListedOption], int]:
    """The rows of a chain that can be read, and how many cannot. No rows: nothing is listed that day.

    Raises:
        UnreadableAnswer: the answer holds no chain, not even an empty one, or no row of it can be read.
    """
    rows, unreadable = [], 0
    for row in many(answer, "options", "option"):
        try:
            rows.append(read(ListedOption, without_zero_times(row, _TIMES)))
        except UnreadableAnswer:
            unreadable += 1
    if unreadable and not rows:
        raise UnreadableAnswer(f"none of the {unreadable} contracts of the chain can be read")
    return rows, unreadable


def chain_of(
    underlying: str,
    options: Iterable[ListedOption],
    now: dt.datetime,
    *,
    tolerance: dt.timedelta,
    multiplier: int = EQUITY_OPTION_MULTIPLIER,
    unreadable: int = 0,
    option_root: str = "",
) -> OptionChain | None:
    """The chain of these rows as of its newest quote; None when there is no row, or none that anybody dated.

    Left out and counted in `defects`: unreadable rows, contradictory ones (symbol against fields), figures that cannot
    be (strike or open interest), and adjusted contracts, which deliver something else: of another size, or of a root
    that ends in a digit and is not the configured `option_root`. Rule: CS-014.
    """
    defects = Counter({"unreadable": unreadable})
    kept: list[ShownContract] = []
    for option in options:
        root = option.root()
        if root is None:
            defects["contradictory"] += 1
        elif option.contract_size != multiplier or is_adjusted(root, underlying, option_root):
            defects["adjusted"] += 1
        elif option.open_interest < 0:
            defects["impossible"] += 1
        else:
            kept.append(
                ShownContract(
                    root, option.strike, option.is_call, option.expiration_date, option.bid, option.ask,
                    option.open_interest, option.seen_at(now, tolerance),
                    math.nan if option.volume < 0 else option.volume,
                )
            )  # fmt: skip
    return chain_shown(underlying, kept, defects)
