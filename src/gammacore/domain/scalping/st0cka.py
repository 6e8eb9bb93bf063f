"""The rules of ST0CKA, the share scalp: when it buys and sells, how much, where target and stop lie. Pure.

Rules: SC-201..220, SC-231, SC-232, SC-605.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from attrs import frozen

from gammacore.domain.dollars import CENT
from gammacore.domain.holdings.plans import EntryTerms
from gammacore.domain.instruments import Side, tick_ceiling, tick_floor
from gammacore.domain.parameters import parameter
from gammacore.domain.scalping.smart_entry import SmartRules
from gammacore.domain.scalping.vwap import MeanReversion
from gammacore.domain.sessions import TradingSession
from gammacore.domain.volatility import VolatilityState
from gammacore.errors import InvalidInput

SCRATCH_MINUTES, LAST_MINUTE = 5, 1
"""Minutes before the end of a sell window from which a patient unwind leaves without a loss, and leaves. SC-210."""
RISK_WITHOUT_STOP = Decimal("0.01")
"""Part of the notional that counts as risk where there is no stop. Rule: SC-208."""
MOST_TRADES, MOST_SMART_TRADES = 20, 10
A_MINUTE = dt.timedelta(minutes=1)


class EntryOrder(StrEnum):
    """limit: at the ask, called back after `entry_ttl`; market: the older habit. Rule: SC-204."""

    LIMIT = "limit"
    MARKET = "market"


class Unwind(StrEnum):
    """immediate: out as the sell window begins; patient: the target stays for most of it. Rules: SC-209, SC-210."""

    IMMEDIATE = "immediate"
    PATIENT = "patient"


@frozen
class Trip:
    """A window to buy in and the one to sell in, each [start, end). Rules: SC-004, SC-202."""

    buy_from: dt.datetime
    buy_until: dt.datetime
    sell_from: dt.datetime
    sell_until: dt.datetime

    def buys(self, now: dt.datetime) -> bool:
        return self.buy_from <= now < self.buy_until

    @property
    def leaves_from(self) -> dt.datetime:
        """From when on a patient unwind leaves without a loss. Rule: SC-210."""
        return self.sell_until - SCRATCH_MINUTES * A_MINUTE

    @property
    def sells_all_from(self) -> dt.datetime:
        """From when on a patient unwind sells at market. Rule: SC-210."""
        return self.sell_until - LAST_MINUTE * A_MINUTE

    @property
    def seams(self) -> tuple[dt.datetime, ...]:
        """Instants at which something changes whatever the market shows."""
        return (
            self.buy_from, self.buy_until, self.sell_from, self.leaves_from, self.sells_all_from, self.sell_until
        )  # fmt: skip


@frozen
class St0ckaRules:
    """How ST0CKA scalps shares: windows, size, target, stop, and how it leaves. Rules: SC-201..220."""

    power_hour: bool = parameter(False, "Buy again in the last hour: from 60 to 30 minutes before the close.")
    all_day: bool = parameter(False, "Buy from the open to 30 minutes before the close, in place of the morning.")
    max_positions: int = parameter(1, "Positions at a time; 5 in the profile advanced.", at_least=1)
    max_trades_per_day: int | None = parameter(
        None, "Positions opened a day at most; none = 20, 10 with smart entry.", at_least=1
    )
    min_entry_interval: int = parameter(30, "Seconds between two entry orders.", at_least=0)
    entry_order: EntryOrder = parameter(EntryOrder.LIMIT, "limit at the ask, or market.")
    entry_ttl: int = parameter(10, "Seconds after which an entry is called back.", at_least=1)
    profit_target: Decimal = parameter(Decimal("0.01"), "Target, dollars a share, in a calm market.", above=0)
    reference_vol: Decimal = parameter(Decimal("0.10"), "From this volatility on the target grows with it.", above=0)
    saturate_at_high: bool = parameter(False, "The target stops growing at high_vol_threshold.")
    cover_fees: bool = parameter(False, "The fees of a round trip are added to the target.")
    position_size_min: int = parameter(1, "Shares in a wild market.", at_least=1)
    position_size_max: int = parameter(3, "Shares in a calm market.", at_least=1)
    use_volatility_sizing: bool = parameter(True, "Size and target follow volatility; off: the least of both.")
    stop_per_share: Decimal | None = parameter(
        Decimal("1.00"), "Disaster stop, dollars a share of SPY; none: off.", above=0
    )
    unwind: Unwind = parameter(Unwind.IMMEDIATE, "immediate at the start of the sell window, or patient.")
    allow_short: bool = parameter(False, "Mean reversion may also sell short, well above VWAP.")
    reversion: MeanReversion = MeanReversion()
    smart: SmartRules = SmartRules()

    def __attrs_post_init__(self) -> None:
        if self.position_size_min > self.position_size_max:
            raise InvalidInput("position_size_min", self.position_size_min, "give at most position_size_max")

    @property
    def most_trades(self) -> int:
        """Rule: SC-233."""
        usual = MOST_SMART_TRADES if self.smart.is_on else MOST_TRADES
        return self.max_trades_per_day or usual

    @property
    def sides(self) -> tuple[Side, ...]:
        """Which way it may open: short only where it bets on a return to VWAP. Rule: SC-201."""
        shorts = self.allow_short and self.reversion.use_mean_reversion
        return (Side.BUY, Side.SELL) if shorts else (Side.BUY,)

    # -- when ---------------------------------------------------------------------------------------------------------

    def trips(self, session: TradingSession) -> tuple[Trip, ...]:
        """The day's windows; what counts back from the close moves with it on a half day. Rules: SC-202, SC-213.

        >>> rules, day = St0ckaRules(power_hour=True), TradingSession.of(dt.date(2026, 3, 3))
        >>> [(day.minutes_to_close(trip.buy_from), day.minutes_to_close(trip.sell_from)) for trip in rules.trips(day)]
        [(390.0, 360.0), (60.0, 30.0)]
        """
        after, before = session.after_open, session.before_close
        first = Trip(after(0), after(30), after(30), after(90))
        if self.all_day:
            first = Trip(after(0), before(30), before(30), before(5))
        last = Trip(before(60), before(30), before(30), before(15))
        return (first, last) if self.power_hour else (first,)

    def trip_of(self, opened_at: dt.datetime, session: TradingSession) -> Trip | None:
        """The windows a position opened then belongs to; None outside all: it is to be closed. Rule: SC-213."""
        ttl = dt.timedelta(seconds=self.entry_ttl)
        return next((trip for trip in self.trips(session) if trip.buys(opened_at) or trip.buys(opened_at - ttl)), None)

    def time_exit(self, trip: Trip | None, now: dt.datetime, *, is_even: bool) -> str | None:
        """Why the clock ends a position of these windows now; None where it does not. Rules: SC-209, SC-210, SC-213.

        `trip` is None for one opened outside all windows, `is_even` whether it could be closed without a loss.
        """
        if trip is None:
            return "time_exit"
        if now < trip.sell_from:
            return None
        if self.unwind is Unwind.IMMEDIATE or now >= trip.sells_all_from:
            return "time_exit"
        return "scratch_exit" if now >= trip.leaves_from and is_even else None

    def slot(self, now: dt.datetime, session: TradingSession, sent: Iterable[dt.datetime]) -> dt.datetime | None:
        """From when on the next entry may be sent: what is judged until it is sent is one entry. Rules: SC-011, SC-203.

        `sent` is when the entries before it were sent. None before the first window.
        """
        windows = [trip.buy_from for trip in self.trips(session) if trip.buy_from <= now]
        wait = dt.timedelta(seconds=self.smart.cooldown(self.min_entry_interval))
        return max((*windows, *(at + wait for at in sent))) if windows else None

    # -- how much -----------------------------------------------------------------------------------------------------

    def size(self, volatility: VolatilityState, low: float, high: float) -> int:
        """Shares, before cap and smart entry: from most to least between the thresholds. Rules: SC-110, SC-214."""
        if not self.use_volatility_sizing or volatility.vix_is_high:
            return self.position_size_min
        v, calm, wild = (exactly(each) for each in (volatility.reading.value, low, high))
        if v <= calm:
            return self.position_size_max
        if v >= wild:
            return self.position_size_min
        most, least = self.position_size_max, self.position_size_min
        return max(least, math.floor(most - (v - calm) / (wild - calm) * (most - least)))

    # -- at what price ------------------------------------------------------------------------------------------------

    def target(self, volatility: float, high: float, fees: Decimal = Decimal(0)) -> Decimal:
        """The target, dollars a share above the entry; `fees` are those of a round trip a share. Rule: SC-216.

        >>> [str(St0ckaRules().target(each, high=0.25)) for each in (0.05, 0.10, 0.12, 0.25, 0.30)]
        ['0.01', '0.01', '0.012', '0.025', '0.03']
        """
        paid = fees if self.cover_fees else Decimal(0)
        if not self.use_volatility_sizing:
            return self.profit_target + paid
        v = min(exactly(volatility), exactly(high)) if self.saturate_at_high else exactly(volatility)
        grown = max(Fraction(1), v / Fraction(self.reference_vol)) * Fraction(self.profit_target)
        return Decimal(grown.numerator) / Decimal(grown.denominator) + paid

    def stop(self, target: Decimal, scale: Decimal) -> Decimal:
        """How far against the entry it is given up, dollars a share; 0: never. Rules: SC-208, SC-232."""
        if self.smart.is_on:
            return self.smart.stop(target)
        return Decimal(0) if self.stop_per_share is None else self.stop_per_share * scale

    def distances(self, terms: EntryTerms | None, entry: Decimal, scale: Decimal) -> tuple[Decimal, Decimal]:
        """Target and stop of a position bought at `entry` points, dollars a share; a stop of 0 is none.

        They were fixed when it opened (SC-217); those of a smart entry are parts of what was really paid (SC-231). What
        was found without terms has the plain ones.
        """
        if terms is not None and not terms.signal:
            return terms.target, terms.stop
        is_smart = self.smart.is_on if terms is None else True
        target = self.smart.target(entry, scale) if is_smart else self.profit_target
        return target, self.smart.stop(target) if is_smart else self.stop(target, scale)

    def risk(self, stop: Decimal, price: Decimal, shares: int) -> Decimal:
        """Dollars lost at the stop; without one a hundredth of the notional. Rules: SC-208, SC-605."""
        return (stop or RISK_WITHOUT_STOP * price) * shares


def exactly(fraction: float) -> Fraction:
    """A volatility with the digits a person reads in the float: 0.175 is seven fortieths."""
    return Fraction(Decimal(repr(fraction)))


def target_price(entry: Decimal, target: Decimal, side: Side, tick: Decimal = CENT) -> Decimal:
    """The legal limit of a target: a sale rounds up, the purchase that ends a short down. Rules: SC-006, SC-220.

    >>> target_price(Decimal(590), Decimal("0.025"), Side.BUY), target_price(Decimal(590), Decimal("0.01"), Side.BUY)
    (Decimal('590.03'), Decimal('590.01'))
    """
    exact = entry + side.sign * target
    return tick_ceiling(exact, tick) if side is Side.BUY else tick_floor(exact, tick)


def is_stopped(out: Decimal, entry: Decimal, stop: Decimal, side: Side) -> bool:
    """Whether a position is as far below its entry as its stop; `out` is what it would be closed at. Rule: SC-208.

    >>> is_stopped(Decimal("589.01"), Decimal(590), Decimal(1), Side.BUY), is_stopped(
    ...     Decimal("589.00"), Decimal(590), Decimal(1), Side.BUY)
    (False, True)
    """
    return stop > 0 and (out - entry) * side.sign <= -stop


def entry_limit(bid: Decimal, ask: Decimal, side: Side, tick: Decimal = CENT) -> Decimal:
    """The limit that trades at once: the ask, or the bid of a short, on the tick beyond it. Rules: SC-006, SC-204."""
    return tick_ceiling(ask, tick) if side is Side.BUY else tick_floor(bid, tick)
