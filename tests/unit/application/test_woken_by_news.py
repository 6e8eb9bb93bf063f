"""Between two looks the broker's stream wakes the loop, and only for an order of ours that works. R4, CS-501."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from attrs import define, evolve, field

from builders import a_session, at
from builders_exchange import PUT_QUOTES
from builders_world import Scripted as ScriptedDesk
from builders_world import World, a_scripted_plan
from fakes import NO_FEES, FakeCalendar, FakeMarket
from gammacore.adapters.fake.exchange import FakeExchange
from gammacore.adapters.fake.in_memory import FakeClock
from gammacore.adapters.fake.stand_ins import FakeOrderNews
from gammacore.application.trade_day import TradeDay
from gammacore.domain.ledger import OrderFilled, OrderIntended
from gammacore.ports.broker import News

LOOK_SECONDS = 60
FILLED = at("10:00") + dt.timedelta(seconds=5)


@define
class ScriptedNews:
    """Implements ports.broker: says each thing once its time has come, and notes when it was asked."""

    clock: FakeClock
    script: list[tuple[dt.datetime, News]]
    asked: list[dt.datetime] = field(factory=list)

    def received(self) -> News:
        self.asked.append(self.clock.now())
        if self.script and self.script[0][0] <= self.clock.now():
            return self.script.pop(0)[1]
        return News()

    def close(self) -> None:
        """Nothing is held."""


class SeldomLookedAt(FakeMarket):
    """A market that moves oftener than the loop looks."""

    def next_at(self, after: dt.datetime) -> dt.datetime:
        return after + dt.timedelta(seconds=LOOK_SECONDS)


def a_minute_world() -> World:
    """An entry goes out at 10:00:00 and can be filled at 10:00:05; the market is looked at every minute."""
    clock, market, looked_at = FakeClock(at("10:00")), FakeMarket("SPX"), SeldomLookedAt("SPX")
    for instant in (at("10:00"), FILLED, at("10:01"), at("10:02")):
        looked_at.add(market.show(instant, PUT_QUOTES, spot=Decimal(6900), vix=Decimal(15)))
    exchange = FakeExchange(market, clock, FakeCalendar(), fees=NO_FEES, starting_cash=Decimal(20_000))
    return World(clock, looked_at, exchange, a_session(), ScriptedDesk((a_scripted_plan(),), {}))


def trading(world: World, *script: tuple[dt.datetime, News]) -> tuple[TradeDay, ScriptedNews]:
    news = ScriptedNews(world.clock, list(script))
    return evolve(world.day, news=news), news


def booked_at(world: World) -> dt.datetime:
    (fill,) = world.all(OrderFilled)
    return fill.at


def entry_id() -> str:
    """The id the entry will have: ids are hashes of what an order is for."""
    world = a_minute_world()
    world.day.once()
    (intended,) = world.all(OrderIntended)
    return intended.ticket.id


def test_a_fill_is_booked_when_the_stream_reports_it() -> None:
    world = a_minute_world()

    evolve(world.day, news=FakeOrderNews(world.exchange)).run_until(lambda book: bool(book.live_spreads))

    assert booked_at(world) == FILLED


def test_a_fill_that_an_outage_hid_is_booked_at_the_next_look() -> None:
    world = a_minute_world()
    news = FakeOrderNews(world.exchange)
    news.cut()

    evolve(world.day, news=news).run_until(lambda book: bool(book.live_spreads))

    assert booked_at(world) == at("10:01")


def test_a_silent_stream_leaves_it_to_the_next_look() -> None:
    world = a_minute_world()
    trade, news = trading(world)

    trade.run_until(lambda book: bool(book.live_spreads))

    assert booked_at(world) == at("10:01")
    assert len(news.asked) == LOOK_SECONDS  # once a second while an order works


def test_news_of_another_traders_order_wake_no_loop() -> None:
    world = a_minute_world()
    trade, _ = trading(world, (FILLED, News(frozenset({"gc-of-another-program"}))))

    trade.run_until(lambda book: bool(book.live_spreads))

    assert booked_at(world) == at("10:01")


def test_without_a_working_order_the_loop_sleeps_through_to_the_next_look() -> None:
    world = a_minute_world()
    trade, news = trading(world, (FILLED, News(frozenset({entry_id()}))))

    trade.run_until(lambda _book: world.clock.now() > FILLED + dt.timedelta(seconds=LOOK_SECONDS))

    seconds = [(instant - at("10:00")).total_seconds() for instant in news.asked]
    assert seconds == [1, 2, 3, 4, 5, 5 + LOOK_SECONDS, 5 + 2 * LOOK_SECONDS]


def test_repeated_news_of_one_order_cost_a_look_every_four_seconds() -> None:
    """R4: an event a second, over and over, does not use up the requests of the minute."""
    world = a_minute_world()
    world.exchange.next_submit(never=True)
    trade, _ = trading(world, *((at("10:00"), News(frozenset({entry_id()}))) for _ in range(59)))
    looks: list[dt.datetime] = []

    trade.run_until(lambda _book: world.clock.now() >= at("10:01"), looks.append)

    assert 10 <= len(looks) <= 60 / 4 + 2
