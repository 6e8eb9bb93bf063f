"""Minutes of a share with volume, sampled quotes, and a whole scripted day of a share under a scalping desk.

The session is that of `builders`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from attrs import define, evolve

from builders import DAY, a_session, at
from builders_world import TERMS, World
from fakes import NO_FEES, FakeCalendar, FakeMarket
from gammacore.adapters.fake.exchange import FakeExchange
from gammacore.adapters.fake.in_memory import FakeClock
from gammacore.configuration import Settings, StrategyName
from gammacore.configuration.scalping import ScalpingSettings
from gammacore.configuration.settings import TradeSettings
from gammacore.domain.broker_facts.fees import FeeSchedule
from gammacore.domain.desks.st0cka import St0ckaDesk
from gammacore.domain.holding_events import HoldingClosed
from gammacore.domain.holdings.holding import AnyHolding
from gammacore.domain.ledger import EntryJudged
from gammacore.domain.market import Bar, MarketSnapshot, Quote
from gammacore.domain.order_life import OrderLife
from gammacore.domain.orders import Order
from gammacore.domain.risk.limits import RiskLimits
from gammacore.domain.scalping.smart_entry import Sample
from gammacore.domain.scalping.st0cka import St0ckaRules
from gammacore.domain.strategy import Decision, Strategy
from gammacore.domain.volatility import VolatilityRules, WantedSource

VOLUME = 1_000
Figure = str | int


def a_minute(
    close: Figure,
    *,
    opened: Figure | None = None,
    high: Figure | None = None,
    low: Figure | None = None,
    volume: int | None = VOLUME,
    start: str = "09:30",
    seconds: int = 60,
    date: dt.date = DAY,
) -> Bar:
    """A bar; flat at its close unless told."""
    last = Decimal(close)
    first = last if opened is None else Decimal(opened)
    top = max(first, last) if high is None else Decimal(high)
    bottom = min(first, last) if low is None else Decimal(low)
    return Bar(at(start, date), seconds, first, top, bottom, last, volume=volume)


def in_a_row(bars: Sequence[Bar], first: str = "09:30", date: dt.date = DAY) -> tuple[Bar, ...]:
    """The bars one after the other, the first from a New York time on."""
    start, moved = at(first, date), []
    for bar in bars:
        moved.append(Bar(start, bar.seconds, bar.open, bar.high, bar.low, bar.close, volume=bar.volume))
        start = moved[-1].end
    return tuple(moved)


def minutes(*closes: Figure, volume: int | None = VOLUME, first: str = "09:30", date: dt.date = DAY) -> tuple[Bar, ...]:
    """Flat one-minute bars at these closes."""
    return in_a_row([a_minute(close, volume=volume) for close in closes], first, date)


def sampled(*mids: Figure, spread: Figure = "0.01", until: str = "10:00:00", every: int = 1) -> tuple[Sample, ...]:
    """Quotes sampled every so many seconds, the last one at a New York time."""
    last = at(until)
    ages = range(len(mids) - 1, -1, -1)
    seen = [last - dt.timedelta(seconds=every * age) for age in ages]
    return tuple((when, Decimal(mid), Decimal(spread)) for when, mid in zip(seen, mids, strict=True))


SPY_QUOTE = ("590.00", "590.01")
OFTEN_LOOKED_AT = OrderLife(poll_seconds=0, verify_seconds=1)
"""Orders looked up at every look, as where a broker's stream reports each change."""


def scalping_settings(
    strategy: StrategyName = StrategyName.ST0CKA, *, limits: RiskLimits | None = None,
    scalping: ScalpingSettings | None = None,
) -> Settings:  # fmt: skip
    """The settings of a scalping desk whose orders are looked up at every look."""
    return Settings(
        trade=TradeSettings(strategy=strategy),
        limits=limits or RiskLimits(),
        scalping=scalping or ScalpingSettings(),
        orders=OFTEN_LOOKED_AT,
    )


@define(eq=False)
class ShareWorld(World):
    """A scripted market of one share, quoted every second, under a scalping desk in the real day loop.

    `tick` shows one quote and lets the day make one look; what is left out is as it was.
    """

    bid: Decimal = Decimal(0)
    ask: Decimal = Decimal(0)
    vix: Decimal | None = Decimal(15)
    previous_close: Decimal | None = None
    has_begun: bool = False

    def shows(self, when: dt.datetime, bid: Figure | None = None, ask: Figure | None = None) -> MarketSnapshot:
        """Put a quote into the script; a bid alone keeps the width of the last quote."""
        width = self.ask - self.bid
        if bid is not None:
            self.bid = Decimal(bid)
            self.ask = self.bid + width
        if ask is not None:
            self.ask = Decimal(ask)
        quote = Quote(self.bid, self.ask, when)
        snapshot = MarketSnapshot(
            when, self.underlying, quote.mid, when, None, self.vix, previous_close=self.previous_close, share=quote,
            vix_at=when,
        )  # fmt: skip
        self.market.add(snapshot)
        return snapshot

    def seed(self, seconds: int = 2) -> None:
        """Quotes of the seconds before now, as a stream shows them before the first look: one prices no second."""
        now = self.clock.now()
        for ago in range(seconds, 0, -1):
            self.day.recall(self.shows(now - dt.timedelta(seconds=ago)))
        self.shows(now)

    def look(self) -> None:
        """One cycle at the time and quotes of now."""
        if not self.has_begun:
            self.day.begin()
            self.has_begun = True
        self.day.cycle()

    def tick(
        self, bid: Figure | None = None, ask: Figure | None = None, *, seconds: float = 1, times: int = 1
    ) -> None:  # fmt: skip
        """So many seconds go by, a quote is shown, and the day looks; and again."""
        for _ in range(times):
            now = self.clock.now() + dt.timedelta(seconds=seconds)
            self.shows(now, bid, ask)
            self.clock.set(now)
            self.look()

    def until(self, time: str, bid: Figure | None = None, ask: Figure | None = None) -> None:
        """Nothing is looked at before a New York time; then one look."""
        self.tick(bid, ask, seconds=(at(time) - self.clock.now()).total_seconds())

    def silence(self, seconds: float) -> None:
        """Time goes by without a quote, and the day looks."""
        self.clock.advance(seconds)
        self.look()

    def decide(self) -> tuple[Decision, ...]:
        """What the strategy says now, carried out by no one."""
        steps: tuple[Decision, ...] = self.strategy.decide(self.day.look()).steps
        return steps

    def restart(self) -> None:
        super().restart()
        self.has_begun = False

    # -- what came of it ----------------------------------------------------------------------------------------------

    @property
    def every_order(self) -> tuple[Order, ...]:
        return tuple(self.book.orders.values())

    def sent(self, reason: str) -> list[Order]:
        """The orders that were sent for a reason: "st0cka" of entries, "profit_target", "stop"."""
        return [order for order in self.every_order if order.ticket.reason == reason]

    @property
    def newest(self) -> AnyHolding:
        return list(self.book.holdings.values())[-1]

    @property
    def held(self) -> int:
        """Shares in all live holdings."""
        return self.book.expected_holdings().get(self.underlying, 0)

    @property
    def refusals(self) -> list[str]:
        """Why nothing was bought, as journaled."""
        return [event.reason for event in self.all(EntryJudged) if event.reason is not None]

    @property
    def closed(self) -> list[tuple[str, Decimal]]:
        """Reason and net dollars of everything booked."""
        return [(event.reason, event.gross - event.fees) for event in self.all(HoldingClosed)]


def a_share_world(
    rules: St0ckaRules | None = None,
    *,
    start: str = "09:30:00",
    quote: tuple[str, str] = SPY_QUOTE,
    volatility: float = 0.05,
    cash: str = "60000",
    limits: RiskLimits | None = None,
    bars: Sequence[Bar] = (),
    fees: FeeSchedule = NO_FEES,
    close: str = "16:00",
    underlying: str = "SPY",
    previous_close: str | None = None,
    vix: str | None = "15",
    strategy: Strategy | None = None,
    settings: Settings | None = None,
) -> ShareWorld:
    """SPY at 590.00 / 590.01, volatility assumed at 5 % (3 shares, a target of 0.01), under ST0CKA unless told."""
    scalping = ScalpingSettings(
        st0cka=rules or St0ckaRules(),
        volatility=VolatilityRules(default_vol=volatility, vol_source=WantedSource.DAILY),
    )
    known = settings or scalping_settings(limits=limits, scalping=scalping)
    desk = strategy or St0ckaDesk(known.scalping.st0cka, known.scalping.volatility, known.limits, fees)
    clock, market = FakeClock(at(start)), FakeMarket(underlying, bars=bars, step=1)
    calendar = FakeCalendar(half_days=[DAY] if close == "13:00" else [])
    exchange = FakeExchange(market, clock, calendar, fees=fees, starting_cash=Decimal(cash))
    world = ShareWorld(
        clock,
        market,
        exchange,
        a_session(close),
        desk,
        known,
        terms=evolve(TERMS, starting_balance=Decimal(cash)),
        underlying=underlying,
        bid=Decimal(quote[0]),
        ask=Decimal(quote[1]),
        vix=None if vix is None else Decimal(vix),
        previous_close=None if previous_close is None else Decimal(previous_close),
    )
    world.seed()
    return world


def a_share_world_holding(rules: St0ckaRules | None = None, *, start: str = "09:45:00", **told: Any) -> ShareWorld:
    """A world that bought at its first look and was filled at the second, at the ask."""
    world = a_share_world(rules, start=start, **told)
    world.look()
    world.tick()
    assert world.held
    return world
