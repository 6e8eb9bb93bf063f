"""The last minutes of a put spread whose short has a stop at the broker, at a broker's counterpart. Decision 0058.

Sold for 5.00 - 2.55 at 15:40; the stop rests at (5.00 + 0.98) * 1.5, up to the tick: 9.00.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal

from attrs import evolve

from builders import DAY, a_plan, a_put_spread, at
from builders_broker_day import CALENDAR, CASH
from builders_exchange import put
from builders_unbid import QUIET, Script
from builders_world import Scripted, a_desk_without_entries
from counterparts.world import ACCOUNT, World
from fakes import BidAsk
from gammacore.adapters.fake.exchange import FakeExchange
from gammacore.adapters.fake.in_memory import FakeClock
from gammacore.domain.broker_facts.fees import FeeSchedule
from gammacore.domain.instruments import OptionContract

CLOSED, FILLED = "closed-by-our-stop", "filled-at-the-broker"
WAYS = (CLOSED, FILLED)
"""What ends the spread at 15:43: our own stop, which calls the broker's back, or the broker's."""
BEGINS, ENDS, STEP, CONTRACTS = at("15:40"), at("15:43"), 20, 2
SHORT, LONG = put(6880), put(6870)
OPTION: Mapping[str, object] = {"protective_stop.on": True}
_QUOTES: Mapping[str, tuple[BidAsk, BidAsk]] = {
    "held": (("5.00", "5.10"), ("2.50", "2.55")),
    CLOSED: (("5.90", "6.00"), ("2.90", "2.95")),
    FILLED: (("9.00", "9.10"), ("6.90", "6.95")),
}


def quotes(way: str, now: dt.datetime) -> Mapping[OptionContract, BidAsk]:
    """Our stop acts at 2.70 for the spread: it costs 3.10 then, or 2.20 where only the broker's stop is reached."""
    return dict(zip((SHORT, LONG), _QUOTES["held" if now < ENDS else way], strict=True))


def a_world(way: str) -> World:
    """Nothing held; the script runs to the close, and settles above the spread."""
    market, clock, now = Script("SPX", step=STEP), FakeClock(BEGINS), BEGINS
    while now < at("16:00"):
        market.show(now, quotes(way, now), spot=Decimal(6900), vix=Decimal(15), quote_age_limit=2.0 * STEP)
        now += dt.timedelta(seconds=STEP)
    market.settle(DAY, "6900")
    exchange = FakeExchange(market, clock, CALENDAR, account_number=ACCOUNT, starting_cash=CASH, fees=FeeSchedule())
    return World(clock, {"SPX": market}, exchange, CALENDAR)


def a_strategy() -> Scripted:
    """Sells two spreads at once; the desk's own stop ends them, or the broker's."""
    policy = evolve(QUIET, stop=Decimal("0.10"), emergency=Decimal("0.40"))
    plan = a_plan(
        a_put_spread(6880, 6870), contracts=CONTRACTS, credit="2.45", price="6900", scheduled="15:40", policy=policy
    )
    return Scripted((evolve(plan, limit=Decimal("2.35")),), desk=a_desk_without_entries())
