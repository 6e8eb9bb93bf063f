"""Exits of a bought option in R, the risk unit of the underlying, not of the premium; a pure function of its state.

1R is ten cents of SPY. Every comparison is exact. Rules: SC-333..340.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from enum import StrEnum

from attrs import evolve, frozen

from gammacore.domain.holdings.plans import RWatch
from gammacore.domain.instruments import Right, Ticks, tick_floor
from gammacore.domain.market import Quote
from gammacore.domain.orders import THE_DAY, TicketLife
from gammacore.domain.parameters import parameter
from gammacore.domain.scalping.battle_lines import BattleLines
from gammacore.domain.stops.levels import Level

R_UNIT = Decimal("0.10")
"""One R, dollars of SPY. Rule: SC-333."""
STOP_R, ARMED_R, SCALE_R, FINAL_R = Decimal(-1), Decimal(1), Decimal("1.5"), Decimal(3)
OPTION_STOP = Decimal("0.50")
FEED_LOST_AFTER = 60.0
EXIT_LIFE = TicketLife(5)
LIMITS_BEFORE_MARKET = 4
"""A sale at the bid, replaced at most three times; the next goes at market. Rule: SC-338."""


class RReason(StrEnum):
    """Why a position leaves, in the order in which the checks act; before all of them what a flatten is asked for.

    Rules: SC-335, SC-337, SC-339.
    """

    TIME = "time_exit"
    OPTION_STOP = "option_stop"
    FEED_LOST = "feed_lost_exit"
    R_STOP = "r_stop"
    FINAL_TARGET = "final_target"
    BREAKEVEN = "breakeven_stop"
    TRAIL = "trail_stop"
    SCALE_OUT = "scale_out"
    INVALIDATED = "invalidated"


PATIENT: frozenset[str] = frozenset(
    {RReason.R_STOP, RReason.FINAL_TARGET, RReason.BREAKEVEN, RReason.TRAIL, RReason.SCALE_OUT, RReason.INVALIDATED}
)
"""Exits that are offered at the bid for a while; all others go at market at once. Rule: SC-338."""


class BreakevenOn(StrEnum):
    """What the breakeven stop is judged on: the underlying, or the option's mid. Rule: SC-337."""

    UNDERLYING = "underlying"
    OPTION_MID = "option_mid"


@frozen
class RPosition:
    """An option held: `premium` paid, points, contracts `held`, whether half was sold (SC-336), the day's lines.

    `scale` is that of SC-012.
    """

    right: Right
    premium: Decimal
    held: int
    is_scaled: bool = False
    lines: BattleLines | None = None
    scale: Decimal = Decimal(1)

    def gained(self, price: Decimal, entry: Decimal) -> Decimal:
        """How far the underlying went our way since the entry, points."""
        return price - entry if self.right is Right.CALL else entry - price

    def at_r(self, r: Decimal) -> Decimal:
        """So many R in points of the underlying."""
        return r * R_UNIT * self.scale

    def r(self, price: Decimal, entry: Decimal) -> Decimal:
        """R of a price of the underlying. Rule: SC-333.

        >>> RPosition(Right.PUT, Decimal("0.62"), 4).r(Decimal("589.85"), Decimal(590))
        Decimal('1.5')
        """
        return self.gained(price, entry) / self.at_r(Decimal(1))


@frozen
class RLook:
    """What is known at one look: usable quotes of share and option, None where there is none; what is asked from above.

    `price` is the share's mid, `price_age` how old its newest quote is, seconds. `flatten` is why everything is to
    go, `is_time` that the time exit has come; from `lost_after` seconds on the feed is lost.
    """

    price: Decimal | None
    quote: Quote | None
    price_age: float = 0.0
    flatten: str | None = None
    is_time: bool = False
    lost_after: float = FEED_LOST_AFTER


@frozen
class RExit:
    """Sell so many contracts, why (an `RReason`, or what a flatten is asked for), and the numbers."""

    reason: str
    contracts: int
    detail: str

    @property
    def is_urgent(self) -> bool:
        """Whether it goes at market at once. Rule: SC-338."""
        return self.reason not in PATIENT


@frozen
class RExitRules:
    """Exits in R, and their two options. Rules: SC-335..340."""

    breakeven_on: BreakevenOn = parameter(
        BreakevenOn.UNDERLYING, "What the breakeven stop is judged on: underlying or option_mid."
    )
    trail_r: Decimal | None = parameter(None, "Once armed sell all this many R below the best R; none: no.", above=0)

    def watch(self, position: RPosition, watch: RWatch, price: Decimal | None) -> RWatch:
        """The watch after one more price: the best R so far, and armed from 1R on. Rule: SC-335."""
        if price is None:
            return watch
        armed = watch.armed or position.gained(price, watch.price) >= position.at_r(ARMED_R)
        return evolve(watch, best=max(watch.best, position.r(price, watch.price)), armed=armed)

    def left(self, position: RPosition, watch: RWatch, price: Decimal | None) -> RWatch:
        """The watch with R at an exit that is ordered now; as it was where the price is not known. Rule: SC-324."""
        return watch if price is None else evolve(watch, last=position.r(price, watch.price))

    def judge(self, position: RPosition, watch: RWatch, look: RLook) -> RExit | None:
        """The first check that acts, by a watch that counts this price already; None holds on. Rules: SC-335..339."""
        reasons = (*self._always(position, look), *self._in_r(position, watch, look))
        for reason, detail in reasons:
            count = position.held // 2 if reason == RReason.SCALE_OUT else position.held
            if count:
                return RExit(str(reason), count, detail)
        return None

    def _always(self, position: RPosition, look: RLook) -> Iterator[tuple[str, str]]:
        """What acts with or without a share quote."""
        if look.flatten is not None:
            yield look.flatten, "all is to go"
        if look.is_time:
            yield RReason.TIME, "the time is over"
        if look.quote is not None and look.quote.bid <= OPTION_STOP * position.premium:
            yield RReason.OPTION_STOP, f"bid {look.quote.bid} of {position.premium} paid"
        if look.price is None and look.price_age >= look.lost_after:
            yield RReason.FEED_LOST, f"the share was last quoted {look.price_age:.0f} s ago"

    def _in_r(self, position: RPosition, watch: RWatch, look: RLook) -> Iterator[tuple[RReason, str]]:
        """What needs the share's price; it waits while there is none. Rule: SC-339."""
        if (price := look.price) is None:
            return
        gained, r = position.gained(price, watch.price), position.r(price, watch.price)
        detail = f"{price}, {r:.2f} R from {watch.price}"
        if gained <= position.at_r(STOP_R):
            yield RReason.R_STOP, detail
        if gained >= position.at_r(FINAL_R):
            yield RReason.FINAL_TARGET, detail
        if watch.armed and self._is_at_breakeven(position, gained, look.quote):
            yield RReason.BREAKEVEN, detail
        if watch.armed and self.trail_r is not None and r <= watch.best - self.trail_r:
            yield RReason.TRAIL, f"{detail}, best {watch.best:.2f} R"
        if gained >= position.at_r(SCALE_R) and not position.is_scaled:
            yield RReason.SCALE_OUT, detail
        if position.lines is not None and _is_invalidated(position.lines, position.right, watch.price, price):
            yield RReason.INVALIDATED, f"{price} is beyond {position.lines.invalidation(position.right)}"

    def levels(self, position: RPosition, watch: RWatch, look: RLook) -> tuple[Level, ...]:
        """Every level of this position, points of the share, the option's own last; by `watch` as it is. CS-512."""
        sign = 1 if position.right is Right.CALL else -1
        r_levels = [(RReason.R_STOP, STOP_R, True), (RReason.FINAL_TARGET, FINAL_R, True)]
        if not position.is_scaled and position.held > 1:
            r_levels.append((RReason.SCALE_OUT, SCALE_R, True))
        if self.breakeven_on is BreakevenOn.UNDERLYING:
            r_levels.append((RReason.BREAKEVEN, Decimal(0), watch.armed))
        if self.trail_r is not None:
            r_levels.append((RReason.TRAIL, watch.best - self.trail_r, watch.armed))
        found = []
        for reason, r, acts in r_levels:
            price = watch.price + sign * position.at_r(r)
            toward = sign if reason in (RReason.FINAL_TARGET, RReason.SCALE_OUT) else -sign
            left = None if look.price is None else (price - look.price) * toward
            found.append(Level(str(reason), price, left, "share", acts))
        stop = OPTION_STOP * position.premium
        bid = None if look.quote is None else look.quote.bid - stop
        return (*found, Level(str(RReason.OPTION_STOP), stop, bid, "option bid"))

    def _is_at_breakeven(self, position: RPosition, gained: Decimal, quote: Quote | None) -> bool:
        if self.breakeven_on is BreakevenOn.UNDERLYING:
            return gained <= 0
        return quote is not None and quote.mid <= position.premium


def _is_invalidated(lines: BattleLines, right: Right, entry: Decimal, price: Decimal) -> bool:
    """Crossed since the entry: an entry that was beyond the line already never is. Rule: SC-335 (8)."""
    return lines.is_invalid(right, price) and not lines.is_invalid(right, entry)


@frozen
class ExitOrder:
    """How an exit is sent: a limit in points, None at market, and how long it rests."""

    limit: Decimal | None
    life: TicketLife


def exit_order(sale: RExit, quote: Quote | None, sent: int, ticks: Ticks) -> ExitOrder:
    """At the bid for 5 s, after so many limits `sent` for this reason at market; urgent reasons at market at once.

    Without a bid at market too, and the house makes of that an offer of one tick for the day (CS-420). Rule: SC-338.
    """
    if sale.is_urgent or quote is None or quote.bid == 0 or sent >= LIMITS_BEFORE_MARKET:
        return ExitOrder(None, THE_DAY)
    tick = ticks.single(quote.bid)
    return ExitOrder(max(tick_floor(quote.bid, tick), tick), EXIT_LIFE)
