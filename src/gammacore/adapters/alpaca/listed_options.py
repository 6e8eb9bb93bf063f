"""Option chains: Alpaca lists contracts with their open interest at one place and their quotes at another."""

from __future__ import annotations

import datetime as dt
import math
from collections import Counter
from collections.abc import Iterable, Mapping

from attrs import frozen

from gammacore.adapters.alpaca.bodies import Row, figure, figure_or_none, instant, row_of, rows_of, text
from gammacore.adapters.alpaca.faults import WireTrouble
from gammacore.adapters.wire.prices import ShownContract, chain_shown, seen_by
from gammacore.domain.instruments import EQUITY_OPTION_MULTIPLIER, OptionContract, Right, is_adjusted
from gammacore.domain.market import OptionChain
from gammacore.domain.option_symbols import canonical_symbol, read_option_symbol
from gammacore.domain.sessions import new_york_date
from gammacore.errors import InvalidInput


@frozen
class Listing:
    """One contract of the master list; `open_interest` is of the evening before, None where Alpaca has none yet.

    `size` is what it is quoted for; `delivers_only_shares` False where it names anything to deliver but that many
    shares of its underlying: other shares, another number, cash.
    """

    contract: OptionContract
    open_interest: float | None
    size: int
    delivers_only_shares: bool = True


@frozen
class OptionQuote:
    """The newest quote of a contract, points; the greeks beside it are left alone, ours are computed.

    `volume` is that of its newest day with a trade, contracts, and `traded_on` that day; None where neither is given.
    """

    bid: float
    ask: float
    at: dt.datetime
    volume: float | None = None
    traded_on: dt.date | None = None

    def volume_on(self, date: dt.date) -> float:
        """Contracts traded on a date: none when the newest trade is older, NaN where it is not known."""
        if self.volume is None or self.traded_on is None:
            return math.nan
        return self.volume if self.traded_on == date else 0.0


@frozen
class Listings:
    """The contracts of an expiry by OCC symbol, and how many rows could not be read."""

    contracts: Mapping[str, Listing]
    unreadable: int = 0


def read_listings(listed: Iterable[Row]) -> Listings:
    """The contracts on pages of the master list.

    Raises:
        WireTrouble: a page without a list.
    """
    contracts: dict[str, Listing] = {}
    unreadable = 0
    for page in listed:
        for row in rows_of(page.get("option_contracts"), "option_contracts"):
            try:
                listing = _listing(row)
            except (WireTrouble, InvalidInput):
                unreadable += 1
            else:
                contracts[listing.contract.occ] = listing
    return Listings(contracts, unreadable)


def _listing(row: Row) -> Listing:
    size, open_interest = figure_or_none(row, "size"), figure_or_none(row, "open_interest")
    if open_interest is not None and open_interest < 0:
        raise InvalidInput("open_interest", open_interest, "give 0 or more")
    return Listing(
        read_option_symbol(text(row, "symbol")),
        None if open_interest is None else float(open_interest),
        EQUITY_OPTION_MULTIPLIER if size is None else int(size),
        _delivers_only_shares(row, EQUITY_OPTION_MULTIPLIER if size is None else int(size)),
    )


def _delivers_only_shares(row: Row, size: int) -> bool:
    """Whether what is delivered is `size` shares of the underlying; a listing that does not say is taken for such."""
    if not row.get("deliverables"):
        return True
    parts = list(rows_of(row["deliverables"], "deliverables"))
    if len(parts) != 1 or text(parts[0], "type") != "equity":
        return False
    amount, symbol, own = figure_or_none(parts[0], "amount"), parts[0].get("symbol"), row.get("underlying_symbol")
    return (amount is None or amount == size) and (symbol is None or own is None or symbol == own)


@frozen
class Quotes:
    """What a look at an expiry showed, by OCC symbol; None: listed and never quoted."""

    quotes: Mapping[str, OptionQuote | None]
    unreadable: int = 0


def read_quotes(looked: Iterable[Row]) -> Quotes:
    """The newest quotes on pages of option snapshots.

    Raises:
        WireTrouble: a page without snapshots.
    """
    quotes: dict[str, OptionQuote | None] = {}
    unreadable = 0
    for page in looked:
        for symbol, snapshot in row_of(page.get("snapshots"), "snapshots").items():
            try:
                shown = row_of(snapshot, "the snapshot")
                quotes[canonical_symbol(symbol)] = _quote(shown.get("latestQuote"), shown.get("dailyBar"))
            except WireTrouble:
                unreadable += 1
    return Quotes(quotes, unreadable)


def _quote(quote: object, day: object) -> OptionQuote | None:
    if quote is None:
        return None
    row = row_of(quote, "the quote")
    volume, traded_on = _day_volume(day)
    return OptionQuote(float(figure(row, "bp")), float(figure(row, "ap")), instant(row, "t"), volume, traded_on)


def _day_volume(day: object) -> tuple[float | None, dt.date | None]:
    """Contracts of the bar of the newest day with a trade, and that day; a bar that cannot be read says nothing."""
    try:
        row = row_of(day, "the day's bar")
        volume, date = figure(row, "v"), new_york_date(instant(row, "t"))
    except WireTrouble:
        return None, None
    return (float(volume), date) if volume >= 0 else (None, None)


def chain_of(
    underlying: str, listings: Listings, quotes: Quotes, now: dt.datetime, *, expiry: dt.date, tolerance: dt.timedelta,
    multiplier: int = EQUITY_OPTION_MULTIPLIER, until: dt.date | None = None, option_root: str = "",
) -> OptionChain | None:  # fmt: skip
    """The chain of an expiry (of all up to `until`) as of its newest quote; None when nothing is quoted.

    Counted in `defects`: unreadable rows, contracts of another expiry, adjusted ones, which deliver something else (of
    another size or deliverable, or of a root that ends in a digit and is not the configured `option_root`), and those
    whose open interest is not known, which weigh nothing. Rule: CS-014.
    """
    defects = Counter({"unreadable": listings.unreadable + quotes.unreadable})
    kept: list[ShownContract] = []
    for symbol in sorted({*listings.contracts, *quotes.quotes}):
        listing = listings.contracts.get(symbol)
        contract = _contract(symbol) if listing is None else listing.contract
        if contract is None or not expiry <= contract.expiry <= (until or expiry):
            defects["contradictory"] += 1
        elif is_adjusted(contract.root, underlying, option_root) or (
            listing is not None and not (listing.size == multiplier and listing.delivers_only_shares)
        ):
            defects["adjusted"] += 1
        else:
            known = None if listing is None else listing.open_interest
            defects["no_open_interest"] += known is None
            kept.append(_shown(contract, known or 0.0, quotes.quotes.get(symbol), now, tolerance))
    return chain_shown(underlying, kept, defects)


def _shown(
    contract: OptionContract, interest: float, quote: OptionQuote | None, now: dt.datetime, tolerance: dt.timedelta
) -> ShownContract:
    at = None if quote is None else seen_by(quote.at, now, tolerance)
    return ShownContract(
        contract.root, float(contract.strike), contract.right is Right.CALL, contract.expiry,
        math.nan if quote is None else quote.bid, math.nan if quote is None else quote.ask,
        interest, math.nan if at is None else at.timestamp(),
        math.nan if quote is None else quote.volume_on(new_york_date(now)),
    )  # fmt: skip


def _contract(symbol: str) -> OptionContract | None:
    try:
        return read_option_symbol(symbol)
    except InvalidInput:
        return None
