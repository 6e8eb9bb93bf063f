"""A whole simulated day through each broker's dialect gives the trades of the fake exchange, fill by fill. R13.

Looked at every five minutes, and every minute in `make sweep`.
"""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from attrs import evolve

from builders_broker_day import CALENDAR, CASH, CREDENTIALS, DATE, PLACES, SESSION, Day, a_world, configuration
from builders_quotes_only import QuotesOnly
from counterparts.alpaca_dialect import alpaca_app
from counterparts.serving import serving
from counterparts.tradier_dialect import tradier_app
from extent import many
from gammacore.adapters.fake.in_memory import MemoryInbox, MemoryStorage
from gammacore.application.day_ledger import DayLedger
from gammacore.application.day_terms import DayTerms
from gammacore.domain.instruments import REGISTRY
from gammacore.domain.ledger import Mode
from gammacore.wiring import wire_day, wire_trade
from gammacore.wiring.days import Extras, TradedDay
from gammacore.wiring.markets import previous_session
from gammacore.wiring.session_rules import ahead_of_the_broker, broker_entry_rules
from gammacore.wiring.strategies import open_regimes, open_strategy
from gammacore.wiring.venues import Venue

Keys = Mapping[str, object]
STEP = many(300, 60)
PLAIN: Keys = {}
WALK: Keys = {
    "stops.preset": "walk", "orders.entry_life_seconds": 15 * STEP, "entries.minimum.vertical": "0.5",
    "entries.minimum.condor": "0.5",
}  # fmt: skip
"""Each step takes two looks; the minimum leaves room below the mid."""


def on_the_fake_exchange(broker: str, underlying: str, strategy: str, seed: int, more: Keys = PLAIN) -> Day:
    """The reference: the same use cases over the exchange itself, its market seen as a feed shows it.

    The rules are those that `broker` leaves: on Alpaca every exit comes before its own.
    """
    world, settings = a_world(underlying, seed, STEP), configuration(broker, underlying, strategy, STEP, more).settings
    broker_rules = broker_entry_rules(settings, REGISTRY[underlying], SESSION, CALENDAR)
    settings = ahead_of_the_broker(settings, broker_rules)
    official_at = SESSION.before_close(-settings.market.official_close_minutes)
    market = QuotesOnly(world.markets[underlying], world, official_at)
    storage = MemoryStorage()
    terms, traded = DayTerms("paper", Mode.STUDY, "f00d", CASH, market.label, "ab12"), REGISTRY[underlying]
    before = previous_session(CALENDAR, DATE)
    day = wire_trade(
        TradedDay(settings, traded, SESSION, open_strategy(settings), before, broker_rules),
        Venue(terms, world, market, world.exchange, confirm_after_seconds=2.0),
        DayLedger(storage),
        MemoryInbox(),
        Extras(regimes=open_regimes(settings, Mode.STUDY, traded, market, CALENDAR).watch),
    )
    day()
    return Day.of(list(storage.events()))


def over_the_wire(broker: str, underlying: str, strategy: str, seed: int, more: Keys = PLAIN) -> Day:
    world = a_world(underlying, seed, STEP)
    app = tradier_app(world) if broker == "tradier" else alpaca_app(world)
    with serving(app) as server:
        day = wire_day(
            configuration(broker, underlying, strategy, STEP, more),
            credentials=CREDENTIALS,
            clock=world,
            places=PLACES[broker](server.url),
        )
        try:
            trade = evolve(day.trade, news=None)  # a stream's thread lives in real time; this day is over in seconds
            trade()
            return Day.of(list(day.storage.events()))
        finally:
            day.close()


@pytest.mark.parametrize(
    ("broker", "underlying", "strategy", "seed"),
    [
        ("tradier", "SPX", "credit-spread", 57),
        ("tradier", "SPY", "delta-hedge", 57),
        ("alpaca", "SPY", "credit-spread", 57),
        ("alpaca", "SPY", "delta-hedge", 57),
    ],
)
def test_a_day_over_the_wire_is_the_day_of_the_fake_exchange(
    broker: str, underlying: str, strategy: str, seed: int
) -> None:
    expected = on_the_fake_exchange(broker, underlying, strategy, seed)
    served = over_the_wire(broker, underlying, strategy, seed)

    assert served.judged == expected.judged
    assert served.fills == expected.fills
    assert (served.gross, served.fees, served.balance) == (expected.gross, expected.fees, expected.balance)
    assert served.alarms == expected.alarms
    assert expected.fills
    assert expected.fees > 0


@pytest.mark.parametrize(("broker", "underlying"), [("tradier", "SPX"), ("alpaca", "SPY")])
def test_a_day_of_walked_entries_over_the_wire_is_the_day_of_the_fake_exchange(broker: str, underlying: str) -> None:
    """CS-421: the same prices asked one after the other, the same fills."""
    expected = on_the_fake_exchange(broker, underlying, "credit-spread", 57, WALK)
    found = over_the_wire(broker, underlying, "credit-spread", 57, WALK)

    assert found == expected
    assert expected.fills
    assert len(expected.asked) > len([reason for reason in expected.judged if reason is None])
