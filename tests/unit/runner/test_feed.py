"""Streamed quotes over polled ones, and a feed that falls silent. Rules: SC-007, SC-008, SC-1002, SC-1004, SC-1008."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from attrs import frozen

from builders import a_session
from builders_runner import BEGIN, SHARE, Running, Said, Scalp, a_market, a_quote, running, seconds, shown
from fakes import FakeMarket
from gammacore.adapters.streamed_market import StreamedMarket
from gammacore.domain.book.view import BookView
from gammacore.domain.ledger import OrderIntended
from gammacore.domain.sessions import TradingSession
from gammacore.domain.strategy import NOTHING_MORE, Decisions, Needs, Situation
from gammacore.domain.tape import Tape
from gammacore.ports.market_data import StreamedQuote


def a_feed(*polls: tuple[float, str]) -> StreamedMarket:
    market = FakeMarket(SHARE)
    for after, bid in polls:
        market.add(shown(a_quote(bid, seconds(after)), seconds(after)))
    return StreamedMarket(market, SHARE, Tape(opens_at=a_session().open))


def said(bid: str, quoted: float, came: float | None = None) -> StreamedQuote:
    return StreamedQuote(SHARE, a_quote(bid, seconds(quoted)), seconds(quoted if came is None else came))


def test_the_streamed_quote_gives_share_price_and_its_time() -> None:
    feed = a_feed((0, "590.00"))
    feed.snapshot(seconds(0))
    feed.take(said("590.10", 1))

    market = feed.laid_over(seconds(1))

    assert market is not None
    assert (market.at, market.spot, market.spot_at) == (seconds(1), Decimal("590.105"), seconds(1))
    assert market.share == a_quote("590.10", seconds(1))


def test_a_newer_poll_stands_over_a_stream_that_is_silent() -> None:
    feed = a_feed((0, "590.00"), (3, "590.30"))
    feed.take(said("590.10", 1))

    market = feed.snapshot(seconds(3))

    assert market.share == a_quote("590.30", seconds(3))
    assert market.spot == Decimal("590.305")


def test_before_the_first_poll_there_is_nothing_to_lay_over() -> None:
    feed = a_feed((0, "590.00"))
    feed.take(said("590.10", 1))

    assert feed.laid_over(seconds(1)) is None


def test_an_unusable_quote_is_shown_as_its_defect() -> None:
    feed = a_feed((0, "590.00"))
    feed.snapshot(seconds(0))
    feed.take(StreamedQuote(SHARE, "crossed", seconds(1)))

    market = feed.laid_over(seconds(1))

    assert market is not None
    assert (market.share, market.share_defect, market.spot) == (None, "crossed", Decimal("590.005"))


def test_the_tape_sees_every_quote_also_those_that_were_overwritten() -> None:
    feed = a_feed((0, "590.00"))
    for step in range(1, 6):
        feed.take(said(f"590.0{step}", step))

    tape = feed.tape_after(feed.snapshot(seconds(5)))

    assert len(tape.spreads) == 5
    assert (tape.low, tape.high) == (Decimal("590.025"), Decimal("590.055"))  # the first is the seed
    assert tape.usable == a_quote("590.05", seconds(5))


def test_a_sign_of_life_keeps_an_unchanged_quote_fresh() -> None:
    """Rule: SC-008."""
    feed = a_feed((0, "590.00"))
    feed.take(said("590.00", 0))
    feed.take(StreamedQuote(SHARE, None, seconds(20)))

    tape = feed.tape_after(feed.snapshot(seconds(21)))

    assert tape.age(seconds(21)) == 1.0
    assert tape.usable_quote(seconds(21)) == a_quote("590.00", seconds(0))


@pytest.mark.parametrize(("is_stepped", "is_usable"), [(True, True), (False, False)])
def test_live_a_share_quote_is_stale_after_five_seconds_whatever_the_market_allows_its_options(
    is_stepped: bool, is_usable: bool
) -> None:
    """Rules: SC-008, SC-016."""
    market = FakeMarket(SHARE, [shown(a_quote("590.00", seconds(0)), seconds(0))])
    feed = StreamedMarket(market, SHARE, Tape(opens_at=a_session().open, is_stepped=is_stepped))
    feed.take(said("590.00", 0))

    tape = feed.tape_after(feed.snapshot(seconds(0)))

    assert (tape.usable_quote(seconds(6)) is not None) is is_usable


def test_quotes_of_another_symbol_are_signs_of_life_alone() -> None:
    feed = a_feed((0, "590.00"))
    feed.take(StreamedQuote("QQQ", a_quote("500.00", seconds(1)), seconds(1)))

    assert feed.newest is None
    assert feed.alive_at() == seconds(1)


SILENT_FROM, SILENT_FOR = 30, 90
QUIET = [(float(at), "590.00") for at in (*range(SILENT_FROM), *range(SILENT_FROM + SILENT_FOR, 300))]


@pytest.mark.parametrize("buys_again", [True, False])
def test_a_feed_silent_for_90_s_opens_nothing_and_raises_an_alarm_with_a_position(buys_again: bool) -> None:
    """Rules: SC-1008, SC-1311."""
    strategy = Scalp(Decimal(600), Decimal("1") if buys_again else Decimal(700))
    driven = running(a_market(QUIET), strategy, polls=3.0)
    driven.until(200)

    orders = [(order.at - BEGIN).total_seconds() for order in driven.world.all(OrderIntended)]
    silent = [at for at in orders if SILENT_FROM + 10 <= at < SILENT_FROM + SILENT_FOR]
    alarms = [alarm for alarm in driven.world.events if getattr(alarm, "code", "") == "feed_silent"]

    if buys_again:
        assert silent == []
        assert any(at >= SILENT_FROM + SILENT_FOR for at in orders)
    else:
        assert [(alarm.at - BEGIN).total_seconds() for alarm in alarms] == [SILENT_FROM - 1 + 10]
        assert driven.world.held == {}  # the end closed it; until then it was watched


@pytest.mark.parametrize(("silent", "is_refused"), [(9.999, False), (10.0, True)])
def test_ten_seconds_without_a_sign_of_life_are_too_many(silent: float, is_refused: bool) -> None:
    driven = running(a_market([(0.0, "590.00")]), Scalp(Decimal(1), Decimal(700)), streams=())
    driven.world.feed.take(StreamedQuote(SHARE, None, seconds(5)))
    driven.loop.microseconds = int((5 + silent) * 1e6)
    watch = driven.world.day.feed
    assert watch is not None

    verdict = watch.judge_opening()
    driven.loop.close()

    assert (verdict.reason == "feed_silent") is is_refused


def test_polls_with_newer_quotes_are_signs_of_life_too() -> None:
    """A stream may be refused or down: the day goes on with what is polled."""
    steady = [(float(at), f"590.0{at % 10}") for at in range(100)]
    driven = running(a_market(steady), Scalp(Decimal(600), Decimal(1)), streams=(Said([]),), polls=3.0)
    driven.until(60)

    assert "feed_silent" not in driven.world.alarms
    assert len(driven.world.all(OrderIntended)) > 5


def test_an_entry_the_guard_refuses_is_not_asked_for_again_before_the_next_whole_cycle() -> None:
    """At the pace of quotes its questions would use up the broker's rate limit."""
    steady = [(at / 10, f"590.{at % 100:02d}") for at in range(300)]
    driven = running(a_market(steady, step=0.1), Scalp(Decimal(600), Decimal(700)), polls=5.0)
    driven.world.day.survival.is_ending = True
    asked: list[float] = []
    send = driven.world.day.desk.send

    def sent(*told: Any, **more: Any) -> Any:
        asked.append(driven.loop.time())
        return send(*told, **more)

    driven.world.day.desk.send = sent  # type: ignore[method-assign]  # a spy
    driven.until(25)

    assert len(asked) <= 2 * 6  # a whole cycle and one quote after it, every five seconds
    assert len(asked) >= 5


@frozen
class FailsBetween:
    """Decides nothing, and fails at every look but those on whole seconds of five."""

    asked: list[float]
    name: str = "fails-between"

    def needs(self, now: dt.datetime, session: TradingSession, book: BookView) -> Needs:
        return NOTHING_MORE

    def deadlines(self, session: TradingSession, book: BookView) -> tuple[dt.datetime, ...]:
        return ()

    def decide(self, situation: Situation) -> Decisions:
        after = (situation.now - BEGIN).total_seconds()
        self.asked.append(after)
        if after % 5:
            raise ZeroDivisionError("by a test")
        return Decisions()


def test_a_decision_that_fails_between_two_cycles_is_not_tried_again_before_the_next() -> None:
    """Three failures in a row close everything, and three quotes are no time at all."""
    steady = [(at / 10, f"590.{at % 100:02d}") for at in range(300)]
    strategy = FailsBetween([])
    driven = running(a_market(steady, step=0.1), strategy, polls=5.0)
    driven.world.day.survival.survives = True
    driven.until(24)

    assert len(strategy.asked) <= 2 * 6
    assert driven.world.day.ledger.book.flatten is None


@pytest.mark.parametrize(("milliseconds", "is_repeated"), [(50, True), (51, False)])
def test_a_slow_decision_that_comes_to_nothing_waits_for_the_next_whole_cycle(
    milliseconds: int, is_repeated: bool
) -> None:
    """Rule: SC-1010."""
    steady = [(at / 10, f"590.{at % 100:02d}") for at in range(300)]
    driven: Running
    asked: list[float] = []

    class Slow(FailsBetween):
        def decide(self, situation: Situation) -> Decisions:
            asked.append(driven.loop.time())
            driven.loop.microseconds += milliseconds * 1000
            return Decisions()

    driven = running(a_market(steady, step=0.1), Slow([]), polls=5.0)
    driven.until(24)

    assert (len(asked) > 50) is is_repeated
