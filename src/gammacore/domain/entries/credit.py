"""Is the credit real, and is it enough: quotes of one snapshot, spread quality, hourly and absolute minimum.

Amounts are dollars per share. Rules: CS-328..332, CS-360, CS-368, CS-401, CS-403, CS-404.
"""

from __future__ import annotations

import datetime as dt
import math
from decimal import Decimal
from fractions import Fraction

from attrs import frozen

from gammacore.domain.dollars import to_cents
from gammacore.domain.holdings.plans import SpreadPlan
from gammacore.domain.instruments import Underlying, tick_floor
from gammacore.domain.market import Quote
from gammacore.domain.parameters import parameter
from gammacore.domain.sessions import NEW_YORK
from gammacore.domain.spreads import CreditSpread, Quotes, Vertical
from gammacore.domain.verdicts import Verdict


@frozen
class SideQuote:
    """One side of a spread with the quotes of its legs, all of one snapshot."""

    side: Vertical
    short: Quote
    long: Quote

    @property
    def mid_credit(self) -> Decimal:
        return self.short.mid - self.long.mid

    @property
    def natural_credit(self) -> Decimal:
        """What selling now surely brings: short bid less long ask."""
        return self.short.bid - self.long.ask

    @property
    def net_spread(self) -> Decimal:
        """Bid-ask of both legs together, what the market keeps. Rule: CS-360."""
        return self.short.width + self.long.width


@frozen
class SpreadQuote:
    """A spread to be sold with the quotes of all its legs."""

    spread: CreditSpread
    sides: tuple[SideQuote, ...]

    @classmethod
    def of(cls, spread: CreditSpread, quotes: Quotes) -> SpreadQuote | None:
        """None when a leg has no usable quote. Rule: CS-328."""
        sides = []
        for side in spread.sides:
            short, long = quotes(side.short), quotes(side.long)
            if short is None or long is None:
                return None
            sides.append(SideQuote(side, short, long))
        return cls(spread, tuple(sides))

    @property
    def expected_credit(self) -> Decimal:
        """Σ mid(short) - mid(long), to the cent: for limit, filters and size. Rule: CS-401."""
        return to_cents(sum((side.mid_credit for side in self.sides), Decimal(0)))

    @property
    def natural_credit(self) -> Decimal:
        return sum((side.natural_credit for side in self.sides), Decimal(0))


def judge_quotes(spread: CreditSpread, quotes: Quotes) -> Verdict:
    """Every leg has a usable quote in one snapshot, matched by symbol. Rule: CS-328."""
    missing = [contract.occ for contract in spread.contracts if quotes(contract) is None]
    if missing:
        return Verdict.unknown("quotes_missing", ", ".join(missing))
    return Verdict.ok(f"{len(spread.contracts)} legs quoted")


def judge_positive(quote: SpreadQuote) -> Verdict:
    """Each side's mid credit is above 0, and the whole, to the cent, above 0 and below the width. CS-329, CS-003."""
    for side in quote.sides:
        if side.mid_credit <= 0:
            return Verdict.skip("credit_not_positive", f"{side.side.right} side {side.mid_credit}", "> 0")
    if quote.expected_credit <= 0:
        return Verdict.skip("credit_not_positive", quote.expected_credit, "> 0")
    if quote.expected_credit >= quote.spread.width:
        return Verdict.skip("credit_not_positive", quote.expected_credit, f"< width {quote.spread.width}")
    return Verdict.ok(quote.expected_credit, "> 0")


@frozen
class SpreadQuality:
    """The market may keep at most this part of a side's credit; richer credits may cost more. Rule: CS-360.

    A side whose two legs are each one tick wide passes whatever its credit: no market can be tighter.
    """

    thin_credit: Decimal = parameter(Decimal("1.00"), "Credits below this are thin, SPX dollars.", above=0)
    thin_tolerance: Decimal = parameter(Decimal("0.12"), "Net spread allowed for thin credits, part of it.", above=0)
    fair_credit: Decimal = parameter(Decimal("1.50"), "Credits below this are fair, SPX dollars.", above=0)
    fair_tolerance: Decimal = parameter(Decimal("0.15"), "Net spread allowed for fair credits.", above=0)
    good_credit: Decimal = parameter(Decimal("2.50"), "Credits below this are good, SPX dollars.", above=0)
    good_tolerance: Decimal = parameter(Decimal("0.20"), "Net spread allowed for good credits.", above=0)
    rich_tolerance: Decimal | None = parameter(
        None, "Net spread allowed for credits above good; none = the underlying's own top tier.", above=0
    )

    def tolerance(self, credit: Decimal, underlying: Underlying) -> Decimal:
        """The part of a side's credit its net spread may be."""
        for limit, tolerance in (
            (self.thin_credit, self.thin_tolerance),
            (self.fair_credit, self.fair_tolerance),
            (self.good_credit, self.good_tolerance),
        ):
            if Fraction(credit) < underlying.dollars(limit):
                return tolerance
        return underlying.top_quality_tolerance if self.rich_tolerance is None else self.rich_tolerance

    def kept_and_allowed(self, quote: SpreadQuote, underlying: Underlying) -> tuple[tuple[Fraction, Fraction], ...]:
        """What the market keeps of each side and the most it may, points; nothing is kept of sides a tick wide."""
        return tuple(
            (
                Fraction(0) if _one_tick_wide(side, underlying) else Fraction(side.net_spread),
                Fraction(self.tolerance(side.mid_credit, underlying)) * Fraction(side.mid_credit),
            )
            for side in quote.sides
        )

    def judge(self, quote: SpreadQuote, underlying: Underlying) -> Verdict:
        """Net spread <= tolerance × credit, side by side. Rule: CS-330."""
        readings = []
        for side in quote.sides:
            tolerance = self.tolerance(side.mid_credit, underlying)
            allowed = tolerance * side.mid_credit
            reading = f"{side.side.right} side {side.net_spread}"
            limit = f"{tolerance:.0%} of credit {side.mid_credit} = {to_cents(allowed)}"
            readings.append((reading, limit))
            if side.net_spread > allowed and not _one_tick_wide(side, underlying):
                return Verdict.skip("spread_quality", reading, f"> {limit}")
        reading, limit = readings[-1]
        return Verdict.ok(reading, f"<= {limit}")


def _one_tick_wide(side: SideQuote, underlying: Underlying) -> bool:
    return all(leg.width <= underlying.ticks.single(leg.mid) for leg in (side.short, side.long))


@frozen
class HourlyCredit:
    """The later it is, the more a credit must pay: 0.40 before 11:00, 0.50 before 13:00, then 0.65, × s. CS-331."""

    early: Decimal = parameter(Decimal("0.40"), "Least credit before 11:00 New York, SPX dollars.", at_least=0)
    late: Decimal = parameter(Decimal("0.50"), "Least credit before 13:00, SPX dollars.", at_least=0)
    last: Decimal = parameter(Decimal("0.65"), "Least credit from 13:00, SPX dollars.", at_least=0)

    def minimum(self, now: dt.datetime) -> Decimal:
        clock = now.astimezone(NEW_YORK).time()
        if clock < dt.time(11):
            return self.early
        return self.late if clock < dt.time(13) else self.last

    def judge(self, credit: Decimal, now: dt.datetime, underlying: Underlying) -> Verdict:
        least = underlying.dollars(self.minimum(now))
        if Fraction(credit) < least:
            return Verdict.skip("hourly_credit", f"credit {credit}", f"< {_dollars(least)}")
        return Verdict.ok(f"credit {credit}", f">= {_dollars(least)}")


@frozen
class MinimumCredit:
    """The least a strategy is sold for, × s; a condor's is its total. Rule: CS-332."""

    vertical: Decimal = parameter(Decimal("1.30"), "Least credit of a vertical, SPX dollars.", at_least=0)
    condor: Decimal = parameter(Decimal("1.30"), "Least total credit of a condor, SPX dollars.", at_least=0)

    def least(self, quote: SpreadQuote, underlying: Underlying) -> Fraction:
        """Dollars per share below which a spread of so many sides is not sold."""
        return underlying.dollars(self.condor if len(quote.sides) == 2 else self.vertical)

    def judge(self, quote: SpreadQuote, underlying: Underlying, otm_least: Fraction | None = None) -> Verdict:
        """The mid credit against the strategy's minimum; OTM's natural credit against its own (CS-226)."""
        least, credit = self.least(quote, underlying), quote.expected_credit
        if otm_least is not None:
            least, credit = otm_least, quote.natural_credit
        if Fraction(credit) < least:
            return Verdict.skip("minimum_credit", f"credit {credit}", f"< {_dollars(least)}")
        return Verdict.ok(f"credit {credit}", f">= {_dollars(least)}")


@frozen
class QuotedLoss:
    """What bid and ask alone make of a spread sold at its expected credit, against the stop it will have. CS-368.

    `worst` is the mark at worst (CS-503), points; `stop` the regular stop, part of the credit.
    """

    credit: Decimal
    worst: Decimal
    stop: Decimal

    @property
    def loss(self) -> Decimal:
        """Points lost if it were closed at worst at once."""
        return self.worst - self.credit

    @property
    def allowed(self) -> Decimal:
        """Points of loss from which the stop closes it: stop × credit."""
        return self.stop * self.credit

    @property
    def is_inside(self) -> bool:
        """Whether the stop lies inside bid and ask: it would act without any move of the market."""
        return self.loss >= self.allowed

    def __str__(self) -> str:
        return f"worst mark {self.worst} - credit {self.credit} = {self.loss}"

    @property
    def limit(self) -> str:
        sign = ">=" if self.is_inside else "<"
        return f"{sign} stop {self.stop:.0%} of credit = {_points(self.allowed)}"


@frozen
class StopInsideQuotes:
    """When on, nothing is sold whose stop bid and ask alone would trigger; the warning is given either way. CS-368."""

    on: bool = parameter(False, "Skip entries whose stop lies inside bid and ask; off, they are warned of.")

    def judge(self, quoted: QuotedLoss) -> Verdict:
        """At or beyond: worst - C >= stop × C.

        >>> quoted = QuotedLoss(Decimal("2.50"), Decimal("2.75"), Decimal("0.10"))
        >>> print(StopInsideQuotes(on=True).judge(quoted))
        skip stop_inside_quotes: worst mark 2.75 - credit 2.50 = 0.25 >= stop 10% of credit = 0.25
        """
        if self.on and quoted.is_inside:
            return Verdict.skip("stop_inside_quotes", quoted, quoted.limit)
        return Verdict.ok(f"warned: {quoted}" if quoted.is_inside else quoted, quoted.limit)


@frozen
class EntryLimit:
    """We ask for 95 % of the mid credit, rounded down to the tick of a multi-leg order. Rules: CS-403, CS-404, CS-421.

    With `walk` the first order asks for the mid; each that follows asks for one tick less, down to that limit and never
    below the minimum credit.

    >>> from gammacore.domain.instruments import REGISTRY
    >>> EntryLimit().price(Decimal("2.50"), REGISTRY["SPX"])
    Decimal('2.35')
    """

    concession: Decimal = parameter(Decimal("0.95"), "Part of the mid credit we ask for.", above=0, at_most=1)
    walk: bool = parameter(False, "Begin at the mid and concede a tick at a time down to that (CS-421).")
    walk_seconds: int = parameter(15, "Walking: seconds an order rests before the next asks for a tick less.", above=0)

    def price(self, expected_credit: Decimal, underlying: Underlying) -> Decimal:
        """Points; 0 when nothing is left after rounding: then there is no order."""
        return tick_floor(self.concession * expected_credit, underlying.ticks.complex_order)

    def lowest(self, expected_credit: Decimal, underlying: Underlying, minimum: Fraction) -> Decimal:
        """The least we sell for, points: walking never goes below the minimum credit, up to its tick. Rule: CS-421."""
        limit, tick = self.price(expected_credit, underlying), underlying.ticks.complex_order
        return max(limit, math.ceil(minimum / Fraction(tick)) * tick) if self.walk and limit > 0 else limit

    def first(self, plan: SpreadPlan, underlying: Underlying) -> Decimal:
        """The limit of the first order of an entry, points: the mid down to the tick when it walks. Rule: CS-421."""
        return (
            max(plan.limit, tick_floor(plan.expected_credit, underlying.ticks.complex_order))
            if self.walk
            else plan.limit
        )

    def next(self, plan: SpreadPlan, limit: Decimal, underlying: Underlying) -> Decimal | None:
        """The limit after one of an entry that walks: a tick less, None at its end. Rule: CS-421."""
        return max(plan.limit, limit - underlying.ticks.complex_order) if self.walk and limit > plan.limit else None


def _points(amount: Decimal) -> str:
    return f"{amount.normalize():f}"


def _dollars(amount: Fraction) -> str:
    return f"{float(amount):.2f}"
