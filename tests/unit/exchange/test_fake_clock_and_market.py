"""The clock stands still until moved; the market shows what it is given, when it is given. Rule: R7."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from builders import DAY, at
from builders_exchange import HALF_DAY, PUT_QUOTES, a_desk, an_entry, put
from fakes import FakeCalendar, FakeMarket
from gammacore.adapters.fake.exchange import FakeExchange
from gammacore.adapters.fake.in_memory import FakeClock
from gammacore.domain.market import Bar, MarketSnapshot
from gammacore.domain.orders import OrderState
from gammacore.errors import InvalidInput, MissingData


def test_waiting_jumps_and_never_goes_back() -> None:
    clock = FakeClock(at("10:00"))
    clock.wait_until(at("10:05"))
    clock.wait_until(at("09:00"))
    assert clock.now() == at("10:05")


def test_a_clock_refuses_the_past_and_naive_times() -> None:
    naive = dt.datetime(2026, 1, 5, 10)  # noqa: DTZ001 - the point of the test
    clock = FakeClock(at("10:00"))
    with pytest.raises(InvalidInput):
        clock.set(at("09:59:59"))
    with pytest.raises(InvalidInput):
        clock.advance(-1)
    with pytest.raises(InvalidInput):
        clock.wait_until(naive)
    with pytest.raises(InvalidInput):
        FakeClock(naive)
    assert clock.now() == at("10:00")


def test_times_come_out_in_utc() -> None:
    clock = FakeClock(dt.datetime.fromisoformat("2026-01-05T10:00:00-05:00"))
    assert clock.now().isoformat() == "2026-01-05T15:00:00+00:00"


@pytest.mark.parametrize(
    ("date", "closes"),
    [(DAY, "16:00"), (HALF_DAY, "13:00"), (dt.date(2026, 1, 3), None), (dt.date(2026, 1, 1), None)],
)
def test_the_calendar_knows_weekends_holidays_and_half_days(date: dt.date, closes: str | None) -> None:
    calendar = FakeCalendar(half_days=[HALF_DAY], holidays=[dt.date(2026, 1, 1)])
    session = calendar.session(date)
    assert (session and session.close) == (closes and at(closes, date))


@pytest.mark.parametrize(
    ("time", "spot"), [("09:59:59", None), ("10:00", "6900"), ("10:04", "6900"), ("10:05", "6910")]
)
def test_the_newest_snapshot_at_or_before_now_is_shown(time: str, spot: str | None) -> None:
    market = FakeMarket("SPX")
    market.show(at("10:05"), {}, spot=Decimal(6910))
    market.show(at("10:00"), {}, spot=Decimal(6900))
    assert market.snapshot(at(time)).spot == (spot and Decimal(spot))


@pytest.mark.parametrize(("after", "then"), [("09:00", "10:00"), ("10:00", "10:05"), ("10:05", "10:06")])
def test_the_next_look_is_the_next_snapshot_or_a_step_later(after: str, then: str) -> None:
    market = FakeMarket("SPX")
    market.show(at("10:00"), {})
    market.show(at("10:05"), {})
    assert market.next_at(at(after)) == at(then)


def test_quotes_carry_the_time_they_were_seen() -> None:
    market = FakeMarket("SPX")
    snapshot = market.show(at("10:00"), PUT_QUOTES, quoted_at=at("09:59:50"))
    quote = snapshot.quote(put(6880))
    assert quote is not None
    assert (quote.bid, quote.ask, quote.at) == (Decimal("5"), Decimal("5.2"), at("09:59:50"))


def test_a_replaced_snapshot_changes_the_fingerprint() -> None:
    def fingerprint(bid: str) -> str:
        market = FakeMarket("SPX")
        market.show(at("10:00"), {put(6880): (bid, "5.20")})
        return market.fingerprint()

    assert fingerprint("5.00") == fingerprint("5.00") != fingerprint("5.05")


def test_bars_lie_within_what_was_asked() -> None:
    price = Decimal(6900)
    bars = [Bar(at(start), 60, price, price, price, price) for start in ("10:00", "10:01", "10:02")]
    market = FakeMarket("SPX", bars=reversed(bars))
    assert market.bars("SPX", 60, at("10:00"), at("10:02")) == bars[:2]
    assert market.bars("SPX", 300, at("10:00"), at("10:02")) == []
    assert market.bars("NDX", 60, at("10:00"), at("10:02")) == []


def test_a_market_set_to_fail_does_and_recovers() -> None:
    market = FakeMarket("SPX")
    market.fails(1)
    with pytest.raises(MissingData):
        market.snapshot(at("10:00"))
    assert market.settlement("SPX", DAY) is None


class CountedMarket(FakeMarket):
    """A market of one-second steps that counts how often it is looked at; live when it has no content to hash."""

    def __init__(self, *, live: bool) -> None:
        super().__init__("SPX", step=1)
        self.live = live
        self.looks = 0

    def fingerprint(self) -> str:
        return "" if self.live else super().fingerprint()

    def snapshot(self, now: dt.datetime) -> MarketSnapshot:
        self.looks += 1
        return super().snapshot(now)


def test_a_live_feed_is_asked_once_a_call_and_only_while_an_order_works() -> None:
    """An hour later: one look, not 3,600; and none when nothing works."""
    market, clock = CountedMarket(live=True), FakeClock(at("10:00"))
    exchange = FakeExchange(market, clock, FakeCalendar())
    exchange.submit(an_entry())
    market.show(at("11:00"), PUT_QUOTES)
    clock.set(at("11:00"))
    report = exchange.order("gc-entry")
    assert report is not None
    assert report.state is OrderState.FILLED
    assert market.looks == 1

    clock.advance(3600)
    exchange.holdings()
    assert market.looks == 1


def test_what_was_looked_at_is_not_looked_at_again() -> None:
    """Polled a thousand times in a hole of the recording: the work does not grow with its length."""
    market, clock = CountedMarket(live=False), FakeClock(at("10:00"))
    exchange = FakeExchange(market, clock, FakeCalendar())
    exchange.submit(an_entry())
    for _ in range(1000):
        clock.advance(3)
        exchange.order("gc-entry")
    assert market.looks <= 3000


def test_another_underlying_is_filled_from_its_own_market() -> None:
    desk = a_desk()
    spy = FakeMarket("SPY")
    exchange = FakeExchange(desk.market, desk.clock, FakeCalendar(), other_markets={"SPY": spy})
    exchange.hold(put(480, "SPY"), -1)
    desk.market.settle(DAY, "470", underlying="SPY")  # not SPY's own market: not listened to
    desk.clock.set(at("16:00"))
    assert exchange.holdings()

    spy.settle(DAY, "481")
    assert not exchange.holdings()
