"""The market's memory is a fold of quotes by their time: how often somebody looked does not matter. CS-542, CS-543."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from attrs import evolve

from builders import a_plan, a_put_spread, at
from builders_day import ledger_opened, opened
from builders_desk import Legs, a_book, a_quoted_chain, a_situation, steps
from fakes import FakeMarket
from gammacore.adapters.fake.in_memory import MemoryStorage
from gammacore.application.day_ledger import DayLedger
from gammacore.application.recall_market import RecallMarket
from gammacore.domain import holding_events
from gammacore.domain.book.book import Book
from gammacore.domain.holdings.noise_gate import NoiseFilter, NoiseGate
from gammacore.domain.holdings.plans import SpreadWatch
from gammacore.domain.instruments import REGISTRY
from gammacore.domain.market import MarketSnapshot
from gammacore.domain.market_memory import MarketMemory
from gammacore.domain.strategy import Close, SaveState

SPX = REGISTRY["SPX"]
PLAN = a_plan(contracts=2)  # the 6880/6870 put spread, filled at 10:00:30 for 2.50


def legs_at(mid: str) -> Legs:
    """Quotes of the spread whose mid is `mid`, 0.10 wide on either leg."""
    short = float(Decimal(mid) + Decimal("1.55"))
    return {"P6880": (round(short - 0.05, 2), round(short + 0.05, 2)), "P6870": (1.50, 1.60)}


def seen(mid: str, quoted: str, now: str | None = None) -> MarketSnapshot:
    """The spread quoted at one time, looked at then or later."""
    moment = at(now or quoted)
    chain = a_quoted_chain(legs_at(mid), moment, age=(moment - at(quoted)).total_seconds())
    return MarketSnapshot(moment, "SPX", Decimal(6900), moment, chain, Decimal(15), quote_age_limit=120)


def remembered(*looks: MarketSnapshot, book: Book | None = None) -> MarketMemory:
    memory, book = MarketMemory(), book or a_book(opened(PLAN))
    for look in looks:
        memory = memory.after(look, book, SPX)
    return memory


def folded(*mids: tuple[str, str]) -> NoiseFilter:
    known: NoiseFilter | None = None
    for mid, quoted in mids:
        known = NoiseGate().fed(known, Decimal(mid), at(quoted), Decimal("2.50"), SPX)
    assert known is not None
    return known


def test_each_usable_mid_is_fed_with_the_time_of_its_quotes() -> None:
    memory = remembered(seen("2.50", "10:01"), seen("2.70", "10:01:03", "10:01:07"))

    assert memory.noise == {"p1": folded(("2.50", "10:01"), ("2.70", "10:01:03"))}
    assert memory.noise_level("p1") == memory.noise["p1"].level


def test_looking_at_the_same_quotes_twice_adds_nothing() -> None:
    once = remembered(seen("2.50", "10:01"), seen("2.70", "10:01:03"))

    assert remembered(
        seen("2.50", "10:01"), seen("2.50", "10:01", "10:01:02"), seen("2.70", "10:01:03"),
        seen("2.70", "10:01:03", "10:01:30"),
    ) == once  # fmt: skip


@pytest.mark.parametrize(("quoted", "known"), [("10:00:30", False), ("10:00:31", True)])
def test_a_filter_begins_with_the_first_mid_after_the_fill(quoted: str, known: bool) -> None:
    assert (remembered(seen("2.50", quoted)).noise_level("p1") is not None) is known


def test_a_mid_that_cannot_be_used_leaves_the_filter_as_it_was() -> None:
    """CS-542: usable and above 0."""
    before = remembered(seen("2.50", "10:01"))
    no_quotes = MarketSnapshot(at("10:01:03"), "SPX", None, None, None, None)
    stale = evolve(seen("2.90", "10:01:03", "10:01:20"), quote_age_limit=15)

    for look in (no_quotes, stale, seen("0", "10:01:03")):
        assert before.after(look, a_book(opened(PLAN)), SPX) == before


@pytest.mark.parametrize("reason", ["stop_loss", "flatten"])
def test_a_position_that_is_closing_is_forgotten(reason: str) -> None:
    closing = a_book(opened(PLAN), holding_events.CloseDecided(at("10:02"), "p1", reason, None, ""))

    assert remembered(seen("2.50", "10:03"), book=closing) == MarketMemory()


def test_every_position_has_a_filter_of_its_own() -> None:
    other = a_plan(a_put_spread(6870, 6860), position="p2", credit="1.50")
    book = a_book(opened(PLAN), opened(other))
    chain = a_quoted_chain({**legs_at("2.50"), "P6860": (0.40, 0.50)}, at("10:01"))

    memory = remembered(MarketSnapshot(at("10:01"), "SPX", None, None, chain, None), book=book)

    assert {position: known.price for position, known in memory.noise.items()} == {"p1": 2.5, "p2": 1.1}


# The desk and its memory ----------------------------------------------------------------------------------------------

WILD = MarketMemory({"p1": NoiseFilter(2.5, 0.0, 0.01, 0.0, 0.01, 16.0, at("10:24:57"))})
STOPPED: Legs = {"P6880": (4.20, 4.30), "P6870": (1.50, 1.60)}  # worst 2.80


def test_the_desk_lets_noise_delay_a_stop_and_remembers_it() -> None:
    """CS-541."""
    situation = a_situation("10:25", book=a_book(opened(PLAN)), legs=STOPPED)

    *_, close = steps(situation)
    (waits,) = steps(evolve(situation, memory=WILD))

    assert isinstance(close, Close)
    assert isinstance(waits, SaveState)
    assert isinstance(waits.watch, SpreadWatch)
    assert waits.watch.suppressions.count == 1


# A restart ------------------------------------------------------------------------------------------------------------


def a_market() -> FakeMarket:
    market = FakeMarket("SPX")
    start, mids = at("10:00"), ["2.50", "2.55", "2.80", "2.40", "2.45", "2.60", "2.95", "2.50", "2.55"]
    for beat, mid in enumerate(mids):
        moment = start + dt.timedelta(seconds=20 * beat)
        market.add(MarketSnapshot(moment, "SPX", None, None, a_quoted_chain(legs_at(mid), moment), None, 40))
    return market


def test_a_day_relived_is_a_day_remembered() -> None:
    """A run without a break and one that starts anew believe the same, whatever was opened or closed in between."""
    market, day = a_market(), DayLedger(MemoryStorage())
    late = a_plan(a_put_spread(6870, 6860), position="p2", scheduled="10:01")
    undisturbed = RecallMarket(day, market, SPX)
    events = sorted([ledger_opened(), *opened(PLAN), *opened(late)], key=lambda event: event.at)
    now = at("10:00")
    while now < at("10:02:40"):
        due = [event for event in events if event.at <= now]
        day.record(*due)
        events = events[len(due) :]
        undisturbed(market.snapshot(now))
        now = market.next_at(now)

    restarted = RecallMarket(day, market, SPX)
    restarted.rebuild(at("10:00"), now)

    assert restarted.memory == undisturbed.memory
    assert restarted.memory.noise["p1"].level != 1.0


def test_a_live_feed_cannot_be_relived() -> None:
    """It shows no past: the filter starts afresh, as after any gap of more than a minute (CS-543)."""

    class Live(FakeMarket):
        def fingerprint(self) -> str:
            return ""

        def snapshot(self, now: dt.datetime) -> MarketSnapshot:
            raise AssertionError("asked for the past")

    day = DayLedger(MemoryStorage())
    day.record(ledger_opened(), *opened(PLAN))

    recall = RecallMarket(day, Live("SPX"), SPX)
    recall.rebuild(at("09:30"), at("10:05"))

    assert recall.memory == MarketMemory()
