"""The fake exchange's stream of order events as order news: no thread, no wire, an outage on request. Rule: R4."""

from __future__ import annotations

from gammacore.adapters.fake.exchange import FakeExchange
from gammacore.ports.order_news import News


class FakeOrderNews:
    """Implements ports.order_news over a `FakeExchange`; reports orders taken, filled, canceled, rejected and expired.

    It listens from its construction until it is closed; the first news is a gap, as of a stream that has just
    connected. An outage lasts from `cut` to `restore`: what changes meanwhile is in no later news, which is a gap.

    For tests and for programs that drive a `TradeDay` over a `FakeExchange` themselves. A study is wired without it:
    its loop looks at its own pace, and a look more, or a second sooner, is another ledger.

    >>> import datetime as dt
    >>> from gammacore.adapters.calendars.nyse import NyseCalendar
    >>> from gammacore.adapters.fake.clock import FakeClock
    >>> from gammacore.adapters.simulated.market import SimulatedMarket
    >>> from gammacore.domain.instruments import REGISTRY
    >>> from gammacore.domain.sessions import TradingSession
    >>> session = TradingSession.of(dt.date(2026, 1, 5))
    >>> market = SimulatedMarket(REGISTRY["SPX"], session, seed=1)
    >>> news = FakeOrderNews(FakeExchange(market, FakeClock(session.open), NyseCalendar()))
    >>> news.heard()
    News(orders=frozenset(), gap=True)
    >>> news.heard()
    News(orders=frozenset(), gap=False)
    """

    def __init__(self, exchange: FakeExchange) -> None:
        self._exchange = exchange
        self._newest, _ = exchange.changes()
        self._gap = True
        self._is_cut = False

    def heard(self) -> News:
        """The orders that changed since the last call; nothing but a gap while the stream is cut or closed."""
        if self._is_cut:
            return News(gap=True)
        self._newest, orders = self._exchange.changes(self._newest)
        news = News(orders, self._gap)
        self._gap = False
        return news

    def close(self) -> None:
        """Listen no more; idempotent."""
        self.cut()

    def cut(self) -> None:
        """The connection is lost: nothing is received until `restore`."""
        self._is_cut = self._gap = True

    def restore(self) -> None:
        """Connected anew: what changed from now on is received again."""
        self._newest, _ = self._exchange.changes(self._newest)
        self._is_cut = False
