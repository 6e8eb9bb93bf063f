"""One underlying's live market at Tradier, behind the market data port."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal

from attrs import define, field, frozen

from gammacore.adapters.tradier.client import SANDBOX, TradierClient
from gammacore.adapters.tradier.listed_options import ListedOption, chain_of
from gammacore.adapters.tradier.markets import Markets
from gammacore.adapters.tradier.price_history import INTERVALS, lengthened
from gammacore.adapters.wire.live_market import (
    DAY_SECONDS,
    MINUTE_SECONDS,
    KnownBars,
    LiveMarket,
    LiveMarketSettings,
    Look,
    Series,
    asked_of_bars,
    missing_where_silent,
)
from gammacore.adapters.wire.prices import is_price
from gammacore.domain.instruments import Underlying
from gammacore.domain.market import Bar, OptionChain
from gammacore.domain.parameters import parameter
from gammacore.domain.sessions import TradingSession, new_york_date
from gammacore.ports.clock import Clock
from gammacore.ports.market_data import Expiries, SettlementPrint

VIX = "VIX"


@frozen
class TradierMarketSettings(LiveMarketSettings):
    """How Tradier's live market is looked at. Each expiry shown is a request a look."""

    vix_age_seconds: float = parameter(300.0, "An older VIX is not known, seconds.", above=0)


@define(eq=False)
class TradierMarket(LiveMarket):
    """Implements ports.market_data. A look is one request for quotes and one for each expiry shown.

    Open interest, bids and asks are the vendor's. Volatility is not given, because Tradier's greeks may be an hour old:
    it is implied from the quotes where it is needed. What Tradier does not date is not decided on. Rules: CS-014,
    CS-353, CS-418, CS-528.
    """

    client: TradierClient
    underlying: Underlying
    session: TradingSession
    clock: Clock
    settings: TradierMarketSettings = field(factory=TradierMarketSettings)
    _markets: Markets = field(init=False)
    _known_bars: KnownBars = field(init=False)
    _expiries: tuple[dt.date, ...] = field(default=(), init=False)
    _attended: Expiries | None = field(default=None, init=False)

    def __attrs_post_init__(self) -> None:
        self._markets = self.client.markets
        self._known_bars = KnownBars(self.settings.bar_patience_seconds)

    @property
    def is_delayed(self) -> bool:
        """Whether this is the sandbox, 15 minutes late: to be looked at, never to be decided on. Rule: CS-418."""
        return self.client.hosts.rest == SANDBOX.rest

    @property
    def label(self) -> str:
        return "tradier sandbox, 15 minutes delayed" if self.is_delayed else "tradier live"

    def _look(self, now: dt.datetime) -> Look:
        ahead, oldest_vix = self.settings.ahead, self.settings.vix_age_seconds
        with missing_where_silent():
            quotes = self._markets.quotes(dict.fromkeys((self.underlying.symbol, VIX)))
            chain = self._chain(now, ahead)
        own, volatility = quotes.get(self.underlying.symbol), quotes.get(VIX)
        spot = None if own is None else own.price(now, self.settings.quote_age_seconds, ahead)
        vix = None if volatility is None else volatility.price(now, oldest_vix, ahead)
        known_vix = vix if vix is not None and vix.age_seconds(now) <= oldest_vix else None
        share = None if own is None or self.underlying.cash_settled else own.share(now, ahead)
        return Look(spot, None if own is None else _price_or_none(own.prevclose), known_vix, chain, share)

    def settlement(self, underlying: str, date: dt.date) -> SettlementPrint | None:
        """The day's official close, which PM-settled contracts settle at; None until it is out.

        Of today it is the quote's own close, else the day's row of the history, neither before `settlement_minutes`
        after the session; of an earlier date the row alone. A monthly that settles at the open is not asked here.
        """
        today = new_york_date(self.clock.now())
        is_early = date == today and not (date == self.session.date and self._close_is_out())
        if underlying != self.underlying.symbol or date > today or is_early:
            return None
        with missing_where_silent():
            if date == today and (close := self._close_of_quote()) is not None:
                return SettlementPrint(close, estimated=False, source="tradier quote, close of the session")
            rows = self._markets.daily(underlying, date, date)
        for bar in rows:
            if new_york_date(bar.start) == date:
                return SettlementPrint(bar.close, estimated=False, source="tradier history, close of the day")
        return None

    def bars(self, underlying: str, seconds: int, start: dt.datetime, end: dt.datetime) -> Sequence[Bar]:
        """Bars of any symbol Tradier knows, in whole minutes or New York dates (86,400 s); none that still grows.

        Minutes are of all hours (SC-304), longer intraday bars of the regular ones, counted from the open.
        """
        start, end = asked_of_bars(seconds, start, end)
        if seconds == DAY_SECONDS or seconds in INTERVALS:
            return self._bars_known(underlying, seconds, start, end)
        if seconds % MINUTE_SECONDS:
            return ()
        minutes = self._bars_known(underlying, MINUTE_SECONDS, start, end)
        return [bar for bar in lengthened(minutes, seconds) if start <= bar.start and bar.end <= end]

    def _chain(self, now: dt.datetime, ahead: dt.timedelta) -> OptionChain | None:
        rows: list[ListedOption] = []
        unreadable = 0
        for expiry in self._expiries or self._read_expiries():
            if self._attended is not None and not self._attended[0] <= expiry <= self._attended[1]:
                continue
            listed, unread = self._markets.chain(self.underlying.symbol, expiry)
            rows += listed
            unreadable += unread
        took = max(self.clock.now() - now, dt.timedelta())  # what was quoted while we asked was not ahead of us
        return chain_of(
            self.underlying.symbol, rows, now, tolerance=ahead + took, multiplier=self.underlying.multiplier,
            unreadable=unreadable, option_root=self.underlying.option_root,
        )  # fmt: skip

    def _read_expiries(self) -> tuple[dt.date, ...]:
        """The session's date, listed or not, and what is listed after it within the scope; looked up once."""
        today, until = self.session.date, self.settings.expiries.until(self.session.date)
        later: set[dt.date] = set()
        if until != today:
            listed = self._markets.expirations(self.underlying.symbol)
            later = {each.date for each in listed if today < each.date and (until is None or each.date <= until)}
        self._expiries = (today, *sorted(later))
        return self._expiries

    def _close_of_quote(self) -> Decimal | None:
        """Today's close as the quote has it; one last traded on an earlier day tells that day's."""
        quote = self._markets.quotes([self.underlying.symbol]).get(self.underlying.symbol)
        if quote is None or quote.trade_date is None or quote.trade_date < self.session.open:
            return None
        return _price_or_none(quote.close)

    def _bars_known(self, symbol: str, seconds: int, start: dt.datetime, end: dt.datetime) -> list[Bar]:
        def ask(since: dt.datetime, until: dt.datetime) -> list[Bar]:
            if seconds == DAY_SECONDS:
                return self._markets.daily(symbol, new_york_date(since), new_york_date(until))
            return self._markets.intraday(symbol, seconds, since, until)

        with missing_where_silent():
            return self._known_bars.bars(Series(symbol, seconds), start, end, self.clock.now(), ask)


def _price_or_none(value: Decimal | None) -> Decimal | None:
    return value if is_price(value) else None
