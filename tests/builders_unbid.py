"""The last hours of a put spread whose long loses its bid, at a broker's counterpart. Rule: CS-420.

SPX at 15:50. SPY at 14:50: Alpaca takes no order to open an expiring option near the close, and sells such holdings.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

from attrs import evolve, frozen

from builders import DAY, a_plan, a_put_spread, at
from builders_broker_day import CALENDAR, CASH
from builders_exchange import put
from builders_world import PATIENT, Scripted, a_desk_without_entries
from counterparts.world import ACCOUNT, World
from fakes import BidAsk, FakeMarket
from gammacore.adapters.fake.exchange import FakeExchange
from gammacore.adapters.fake.in_memory import FakeClock
from gammacore.domain.broker_facts.fees import FeeSchedule
from gammacore.domain.holdings.policy import StopPolicy
from gammacore.domain.instruments import OptionContract
from gammacore.domain.market import Bar
from gammacore.ports.storage import Inbox, Request, RequestKind

STEPS = {"SPX": 20, "SPY": 60}
STARTS = {"SPX": "15:40", "SPY": "14:40"}
UNBID_AT = {"SPX": at("15:50"), "SPY": at("14:50")}
MINUTE_SECONDS = 60
SPOT = {"SPX": "6900", "SPY": "690"}


@frozen
class Way:
    """What closes the spread at 15:50: a rule of its policy, or a request."""

    name: str
    policy: StopPolicy
    asks_to_flatten: bool = False

    def __str__(self) -> str:
        return self.name


QUIET = evolve(PATIENT, soft_close_minutes=5, noise_gate=False, fixed_target=Decimal(1), trailing_trigger=Decimal(1))
WAYS = {
    way.name: way
    for way in (
        Way("stop_loss", evolve(QUIET, stop=Decimal("0.10"))),
        Way("soft_close", QUIET),
        Way("flatten", QUIET, asks_to_flatten=True),
    )
}


def legs_of(underlying: str) -> tuple[OptionContract, OptionContract]:
    """Short and long."""
    return (put(6880), put(6870)) if underlying == "SPX" else (put(688, "SPY"), put(687, "SPY"))


def quotes(underlying: str, now: dt.datetime) -> Mapping[OptionContract, BidAsk]:
    """Sold at 2.50 (SPX) or 0.40 (SPY); then it costs 3.00 or 0.60, and the long has no bid."""
    short, long = legs_of(underlying)
    is_unbid = now >= UNBID_AT[underlying]
    if underlying == "SPX":
        unbid = {short: ("2.90", "3.00"), long: ("0", "0.05")}
        return unbid if is_unbid else {short: ("5.00", "5.10"), long: ("2.50", "2.55")}
    unbid = {short: ("0.58", "0.60"), long: ("0", "0.01")}
    return unbid if is_unbid else {short: ("0.80", "0.81"), long: ("0.40", "0.41")}


class Script(FakeMarket):
    """A script with the bar of the last minute, whose close is the price that Alpaca's contracts settle at."""

    def bars(self, underlying: str, seconds: int, start: dt.datetime, end: dt.datetime) -> Sequence[Bar]:
        last = at("15:59")
        if seconds != MINUTE_SECONDS or not start <= last < end:
            return []
        price = Decimal(SPOT[underlying])
        return [Bar(last, MINUTE_SECONDS, price, price, price, price)]


def a_world(underlying: str) -> World:
    """Ten minutes before, nothing held; the script runs to the close, and settles above the spread."""
    now, step = at(STARTS[underlying]), STEPS[underlying]
    market, clock = Script(underlying, step=step), FakeClock(now)
    while now < at("16:00"):
        shown = quotes(underlying, now)
        market.show(now, shown, spot=Decimal(SPOT[underlying]), vix=Decimal(15), quote_age_limit=2.0 * step)
        now += dt.timedelta(seconds=step)
    market.settle(DAY, SPOT[underlying])
    exchange = FakeExchange(market, clock, CALENDAR, account_number=ACCOUNT, starting_cash=CASH, fees=FeeSchedule())
    return World(clock, {underlying: market}, exchange, CALENDAR)


def a_strategy(underlying: str, way: str) -> Scripted:
    """Sells two spreads at once; the desk's own rules end them."""
    policy = WAYS[way].policy
    if way == "soft_close":
        policy = evolve(policy, soft_close_minutes=int((at("16:00") - UNBID_AT[underlying]).total_seconds() // 60))
    short, long = legs_of(underlying)
    spread = a_put_spread(int(short.strike), int(long.strike), underlying)
    credit, limit = ("2.50", "2.35") if underlying == "SPX" else ("0.40", "0.37")
    plan = a_plan(
        spread, contracts=2, credit=credit, price=SPOT[underlying], scheduled=STARTS[underlying], policy=policy
    )
    return Scripted((evolve(plan, limit=Decimal(limit)),), desk=a_desk_without_entries())


def asked_to_flatten(underlying: str, way: str, inbox: Inbox) -> Callable[[dt.datetime], None]:
    """What a cycle is followed by: the request to flatten, put into the inbox once it is due."""

    def after_cycle(now: dt.datetime) -> None:
        if WAYS[way].asks_to_flatten and now == UNBID_AT[underlying] - dt.timedelta(seconds=STEPS[underlying]):
            inbox.post(Request(RequestKind.FLATTEN, now, "enough"))

    return after_cycle
