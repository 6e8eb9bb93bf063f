"""Stand-ins: order news of the fake exchange, the shares that follow an index, a broker that takes its time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from attrs import define, evolve, field, frozen

from gammacore.adapters.fake.exchange import FakeExchange
from gammacore.domain.dollars import to_cents
from gammacore.domain.instruments import Underlying
from gammacore.domain.market import Bar, MarketSnapshot
from gammacore.domain.orders import NOTHING_FILLED, OrderReport, OrderState, OrderTicket
from gammacore.errors import BrokerError
from gammacore.ports.broker import BrokerDecorator, News, Receipt, SendGate, always_open
from gammacore.ports.market_data import Expiries, MarketData, SettlementPrint


class FakeOrderNews:
    """Implements ports.broker over a `FakeExchange`; reports orders taken, filled, canceled, rejected and expired.

    It listens from its construction until it is closed; the first news is a gap, as of a stream that has just
    connected. An outage lasts from `cut` to `restore`: what changes meanwhile is in no later news, which is a gap.

    For tests and for programs that drive a `TradeDay` over a `FakeExchange` themselves. A study is wired without it:
    its loop looks at its own pace, and a look more, or a second sooner, is another ledger.

    >>> import datetime as dt
    >>> from gammacore.adapters.calendars.nyse import NyseCalendar
    >>> from gammacore.adapters.fake.in_memory import FakeClock
    >>> from gammacore.adapters.simulated.market import SimulatedMarket
    >>> from gammacore.domain.instruments import REGISTRY
    >>> from gammacore.domain.sessions import TradingSession
    >>> session = TradingSession.of(dt.date(2026, 1, 5))
    >>> market = SimulatedMarket(REGISTRY["SPX"], session, seed=1)
    >>> news = FakeOrderNews(FakeExchange(market, FakeClock(session.open), NyseCalendar()))
    >>> news.received()
    News(orders=frozenset(), gap=True)
    >>> news.received()
    News(orders=frozenset(), gap=False)
    """

    def __init__(self, exchange: FakeExchange) -> None:
        self._exchange = exchange
        self._newest, _ = exchange.changes()
        self._gap = True
        self._is_cut = False

    def received(self) -> News:
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


@frozen
class SharesOfIndex:
    """A market of `index.hedge_share` made of the market of the index; no chain. Rule: DH-220.

    Real shares stray from index / ratio by dividends and financing: a study's figure, never a live price.
    """

    market: MarketData
    index: Underlying

    @property
    def label(self) -> str:
        return f"{self.index.hedge_share} as {self.index.symbol} / {self.index.hedge_ratio}, {self.market.label}"

    def snapshot(self, now: dt.datetime) -> MarketSnapshot:
        seen = self.market.snapshot(now)
        price = None if seen.spot is None else to_cents(seen.spot / self.index.hedge_ratio)
        return evolve(seen, underlying=self.index.hedge_share, spot=price, chain=None, previous_close=None)

    def attend(self, expiries: Expiries | None) -> None:
        self.market.attend(expiries)

    def next_at(self, after: dt.datetime) -> dt.datetime:
        return self.market.next_at(after)

    def settlement(self, underlying: str, date: dt.date) -> SettlementPrint | None:
        """None: shares do not settle."""
        return None

    def bars(self, underlying: str, seconds: int, start: dt.datetime, end: dt.datetime) -> Sequence[Bar]:
        """None are kept of these shares."""
        return ()

    def fingerprint(self) -> str:
        return self.market.fingerprint()


@define(eq=False)
class SlowBroker(BrokerDecorator):
    """Keeps each order back until the `fills_on`-th query about it, then hands it to the broker inside.

    Until then it is accepted and unfilled, and may be called back. `taken` are all orders it received, oldest first.
    Give it to a day as `wire_day(..., wrap_broker=lambda broker: SlowBroker(broker, fills_on=3))`.
    """

    fills_on: int
    taken: list[OrderTicket] = field(factory=list)
    _waiting: dict[str, OrderTicket] = field(factory=dict)
    _reports: dict[str, OrderReport] = field(factory=dict)
    _queries: dict[str, int] = field(factory=dict)

    def submit(self, ticket: OrderTicket, gate: SendGate = always_open) -> Receipt:
        if ticket.id not in self._reports:
            gate()
            now = self.inner.clock().at
            report = OrderReport(ticket.id, f"slow-{ticket.id}", OrderState.ACCEPTED, NOTHING_FILLED, now)
            self.taken.append(ticket)
            self._waiting[ticket.id], self._reports[ticket.id] = ticket, report
        return Receipt(f"slow-{ticket.id}")

    def order(self, order_id: str) -> OrderReport | None:
        if order_id in self._waiting:
            self._queries[order_id] = self._queries.get(order_id, 0) + 1
            if self._queries[order_id] >= self.fills_on:
                self.inner.submit(self._waiting.pop(order_id))
                del self._reports[order_id]
        return self._reports.get(order_id) or self.inner.order(order_id)

    def order_by_broker_id(self, order_id: str, broker_id: str) -> OrderReport | None:
        return self._reports.get(order_id) or self.inner.order_by_broker_id(order_id, broker_id)

    def cancel(self, order_id: str) -> None:
        if order_id not in self._waiting:
            if order_id in self._reports:
                raise BrokerError(f"order {order_id} is already canceled")
            self.inner.cancel(order_id)
            return
        del self._waiting[order_id]
        now = self.inner.clock().at
        self._reports[order_id] = evolve(self._reports[order_id], state=OrderState.CANCELED, at=now)

    def orders(self) -> Sequence[OrderReport]:
        return sorted((*self.inner.orders(), *self._reports.values()), key=lambda report: report.at)
