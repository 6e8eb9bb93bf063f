"""One underlying's live market at Alpaca, behind the market data port: ETFs and shares, their options, no index."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, Literal

from attrs import define, field, frozen

from gammacore.adapters.alpaca.bodies import Row, pages
from gammacore.adapters.alpaca.client import AlpacaClients
from gammacore.adapters.alpaca.listed_options import Listings, chain_of, read_listings, read_quotes
from gammacore.adapters.alpaca.price_history import read_bars
from gammacore.adapters.alpaca.questions import Questions
from gammacore.adapters.alpaca.share_price import SharePrice, read_share_price
from gammacore.adapters.wire import Repeats
from gammacore.adapters.wire.live_market import (
    DAY_SECONDS,
    MINUTE_SECONDS,
    KnownBars,
    LiveMarket,
    LiveMarketSettings,
    Look,
    Series,
    asked_of_bars,
)
from gammacore.adapters.wire.prices import SeenPrice
from gammacore.domain.instruments import REGISTRY, Underlying
from gammacore.domain.market import Bar, OptionChain
from gammacore.domain.parameters import parameter
from gammacore.domain.sessions import TradingSession, new_york, new_york_date
from gammacore.errors import ConfigurationError
from gammacore.ports.clock import Calendar, Clock
from gammacore.ports.market_data import Expiries, SettlementPrint

LISTINGS_A_PAGE = 10_000
SNAPSHOTS_A_PAGE = 1_000
BARS_A_PAGE = 10_000
CONSOLIDATED = "sip"
"""All exchanges; every plan may ask it for what is older than a quarter of an hour."""

ALL_LISTED = dt.timedelta(days=3653)
"""No option is listed for longer."""

VixSource = Callable[[dt.datetime], Decimal | None]
"""VIX points at an instant, None when it is not known: Alpaca serves no index."""


@frozen
class Feeds:
    """What the account's data plan pays for. The free one has a single exchange and delayed, altered option quotes."""

    shares: Literal["iex", "sip", "delayed_sip"] = "iex"
    options: Literal["indicative", "opra"] = "indicative"

    @property
    def is_delayed(self) -> bool:
        return self.options != "opra" or self.shares == "delayed_sip"

    def __str__(self) -> str:
        options = "OPRA options" if self.options == "opra" else "indicative options, 15 minutes delayed"
        return f"{self.shares.upper()} shares, {options}"


FREE_PLAN = Feeds()
FULL_PLAN = Feeds("sip", "opra")


@frozen
class AlpacaMarketSettings(LiveMarketSettings):
    """How Alpaca's live market is looked at."""

    widest_share_quote: Decimal = parameter(
        Decimal("0.002"), "A share quote wider than this part of its price says nothing.", above=0
    )
    settlement_minutes: float = parameter(
        20.0, "The day's close counts as official this long after the session, minutes.", at_least=15
    )


@define(eq=False)
class AlpacaMarket(LiveMarket):
    """Implements ports.market_data. A look is one request for the share and one (each page of it) for its options.

    Open interest is read once a day, bids and asks at every look; volatility is not given. VIX is what
    `vix` says, else unknown, and filters that need it fail closed. Rules: CS-014, CS-353, CS-418, CS-528.

    Raises:
        ConfigurationError: the underlying is an index.
    """

    clients: AlpacaClients
    underlying: Underlying
    session: TradingSession
    clock: Clock
    feeds: Feeds = FREE_PLAN
    settings: AlpacaMarketSettings = field(factory=AlpacaMarketSettings, kw_only=True)
    patience: Repeats = field(factory=Repeats, kw_only=True)
    calendar: Calendar | None = field(default=None, kw_only=True)
    vix: VixSource | None = field(default=None, kw_only=True)
    _questions: Questions = field(init=False)
    _known_bars: KnownBars = field(init=False)
    _listings: Listings | None = field(default=None, init=False)
    _attended: Expiries | None = field(default=None, init=False)

    def __attrs_post_init__(self) -> None:
        if self.underlying.cash_settled:
            served = ", ".join(sorted(symbol for symbol, known in REGISTRY.items() if not known.cash_settled))
            raise ConfigurationError(
                f"underlying {self.underlying.symbol}: Alpaca serves no index and no index options; "
                f"give an ETF or a share ({served}), or take the market from Tradier"
            )
        self._questions = Questions(self.clock, self.patience)
        self._known_bars = KnownBars(self.settings.bar_patience_seconds)

    @property
    def is_delayed(self) -> bool:
        """Whether the plan shows late or altered quotes: to be looked at, never to be decided on. Rule: CS-418."""
        return self.feeds.is_delayed

    @property
    def label(self) -> str:
        return f"alpaca {self.clients.endpoints.label}, {self.feeds}"

    def _look(self, now: dt.datetime) -> Look:
        share = self._questions.look(f"snapshot of {self.underlying.symbol}", lambda: self._share(now))
        chain = self._questions.look(f"options of {self.underlying.symbol}", lambda: self._chain(now))
        spot = share.newest(now, self.settings.quote_age_seconds)
        vix = None if self.vix is None else self.vix(now)
        known_vix = None if vix is None else SeenPrice(vix, now)  # a figure a person keeps up
        return Look(spot, share.previous_close, known_vix, chain, share.quote)

    def settlement(self, underlying: str, date: dt.date) -> SettlementPrint | None:
        """The close of the day's consolidated bar: ETF and share options are exercised on it; None until it is out."""
        if underlying != self.underlying.symbol or date > self.session.date:
            return None
        if date == self.session.date and not self._close_is_out():
            return None
        midnight = new_york(date, dt.time())
        place = f"close of {underlying} on {date}"
        days = self._questions.look(
            place, lambda: self._ask_bars(underlying, DAY_SECONDS, midnight, midnight, CONSOLIDATED)
        )
        for bar in days:
            if new_york_date(bar.start) == date and bar.close > 0:
                return SettlementPrint(bar.close, estimated=False, source="alpaca, consolidated close of the day")
        return None

    def bars(self, underlying: str, seconds: int, start: dt.datetime, end: dt.datetime) -> Sequence[Bar]:
        """Bars of a share: single minutes of all hours, 2 to 59 of the regular ones, or New York dates (86,400 s).

        None of an index: VIX bars too are empty. Dates come from all exchanges, minutes from those of the plan.
        """
        start, end = asked_of_bars(seconds, start, end)
        end = min(end, self.clock.now())
        if end <= start or not _is_share(underlying) or not _is_length(seconds):
            return ()
        is_daily, of_all_hours = seconds == DAY_SECONDS, seconds in (MINUTE_SECONDS, DAY_SECONDS)
        last = new_york(new_york_date(end), dt.time()) if is_daily else _whole(end, seconds)

        def ask(since: dt.datetime, until: dt.datetime) -> Sequence[Bar]:
            feed = CONSOLIDATED if is_daily else self.feeds.shares.removeprefix("delayed_")
            return self._questions.look(
                f"bars of {underlying}", lambda: self._ask_bars(underlying, seconds, since, until, feed)
            )  # fmt: skip

        found = self._known_bars.bars(Series(underlying, seconds), start, last, self.clock.now(), ask)
        return [
            bar for bar in found if start <= bar.start and bar.end <= end and (of_all_hours or self._is_regular(bar))
        ]  # fmt: skip

    def _share(self, now: dt.datetime) -> SharePrice:
        from alpaca.data.enums import DataFeed
        from alpaca.data.requests import StockSnapshotRequest

        symbol = self.underlying.symbol
        asked = StockSnapshotRequest(symbol_or_symbols=symbol, feed=DataFeed(self.feeds.shares))
        # not get_stock_snapshot: it follows whatever looks like a page token, for ever
        body = self.clients.stocks.get("/stocks/snapshots", asked.to_request_fields())
        return read_share_price(
            body, symbol, now, tolerance=self.settings.ahead, widest=self.settings.widest_share_quote
        )  # fmt: skip

    def _chain(self, now: dt.datetime) -> OptionChain | None:
        from alpaca.data.enums import OptionsFeed
        from alpaca.data.requests import OptionChainRequest

        if self._listings is None:
            self._listings = self._read_listings()
        symbol, (first, last) = self.underlying.symbol, self._attended or self._all_expiries
        asked = OptionChainRequest(
            underlying_symbol=symbol, feed=OptionsFeed(self.feeds.options), **self._asked_of(first, last)
        ).to_request_fields()
        del asked["underlying_symbol"]

        def ask(token: str | None) -> object:
            params = {**asked, "limit": SNAPSHOTS_A_PAGE, "page_token": token}
            return self.clients.options.get(f"/options/snapshots/{symbol}", params)

        return chain_of(
            symbol, self._listings, read_quotes(pages(ask, "the option snapshots")), now, expiry=first,
            until=last, tolerance=self.settings.ahead, multiplier=self.underlying.multiplier,
            option_root=self.underlying.option_root,
        )  # fmt: skip

    @property
    def _all_expiries(self) -> Expiries:
        today = self.session.date
        return today, self.settings.expiries.until(today) or today + ALL_LISTED

    @staticmethod
    def _asked_of(first: dt.date, last: dt.date) -> dict[str, Any]:
        """Both ends are named: without the later one Alpaca lists to the end of the week only."""
        return {"expiration_date": first} if last == first else {
            "expiration_date_gte": first, "expiration_date_lte": last
        }  # fmt: skip

    def _read_listings(self) -> Listings:
        from alpaca.trading.requests import GetOptionContractsRequest

        def ask(token: str | None) -> object:
            asked = GetOptionContractsRequest(
                limit=LISTINGS_A_PAGE, page_token=token, **self._asked_of(*self._all_expiries)
            )
            # not get_option_contracts: it cannot ask what is delivered, which tells adjusted contracts apart
            named = {"underlying_symbols": self.underlying.symbol, "show_deliverables": "true"}
            return self.clients.trading.get("/options/contracts", asked.to_request_fields() | named)

        return read_listings(pages(ask, "the option contracts"))

    def _ask_bars(self, symbol: str, seconds: int, start: dt.datetime, until: dt.datetime, feed: str) -> Sequence[Bar]:
        """Bars that start from `start` to before `until`; Alpaca counts both ends in."""
        from alpaca.data.enums import DataFeed
        from alpaca.data.requests import StockBarsRequest
        from alpaca.data.timeframe import TimeFrame, TimeFrameUnit

        minutes = TimeFrame(seconds // MINUTE_SECONDS, TimeFrameUnit.Minute) if seconds != DAY_SECONDS else None
        asked = StockBarsRequest(
            symbol_or_symbols=symbol,
            timeframe=minutes or TimeFrame(1, TimeFrameUnit.Day),
            start=start,
            end=until,
            feed=DataFeed(feed),
        ).to_request_fields()

        def ask(token: str | None) -> object:
            params = {**asked, "limit": BARS_A_PAGE, "page_token": token}
            return self.clients.stocks.get("/stocks/bars", params)

        answer: list[Row] = list(pages(ask, "the bars"))
        return read_bars(answer, symbol, seconds)

    def _is_regular(self, bar: Bar) -> bool:
        """Whether a bar lies in the regular hours of its date; Alpaca's go from 4:00 to 20:00."""
        date = new_york_date(bar.start)
        if date == self.session.date:
            session: TradingSession | None = self.session
        else:
            session = TradingSession.of(date) if self.calendar is None else self.calendar.session(date)
        return session is not None and session.open <= bar.start and bar.end <= session.close


def _is_share(symbol: str) -> bool:
    """Whether Alpaca may have bars of it: anything but VIX and the indices we know."""
    return symbol != "VIX" and (symbol not in REGISTRY or not REGISTRY[symbol].cash_settled)


def _is_length(seconds: int) -> bool:
    return seconds == DAY_SECONDS or (seconds % MINUTE_SECONDS == 0 and seconds < 60 * MINUTE_SECONDS)


def _whole(end: dt.datetime, seconds: int) -> dt.datetime:
    """The last instant up to `end` at which a bar can have ended."""
    return dt.datetime.fromtimestamp(end.timestamp() // seconds * seconds, dt.UTC)
