"""The quotes of a share folded one by one: which may be decided on, the average spread, samples, high and low.

Rules: SC-007, SC-008, SC-227, SC-228, SC-310, SC-430..433.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from attrs import evolve, field, frozen

from gammacore.domain.dollars import CENT
from gammacore.domain.market import MarketSnapshot, Quote
from gammacore.domain.parameters import parameter
from gammacore.domain.verdicts import Verdict

MISSING, CROSSED, STALE = "quote_missing", "quote_crossed", "quote_stale"
WIDE, JUMP = "quote_wide", "spread_jump"

SECOND_SAMPLES = 60
CYCLE_SECONDS, CYCLE_SAMPLES = 2, 20
SPREADS_KEPT = 5
_KEPT, _MOVED = Decimal("0.9"), Decimal("0.1")


@frozen
class TapeRules:
    """Which share quotes are usable and which are accepted. Rules: SC-008, SC-431..433.

    >>> TapeRules().cap(Decimal("590.01")), TapeRules().widest(Decimal("0.02"))
    (Decimal('0.59001'), Decimal('0.030'))
    """

    max_quote_age: float = parameter(5.0, "Oldest usable share quote, seconds; a study: two steps at least.", above=0)
    spread_cap_min: Decimal = parameter(Decimal("0.05"), "A spread below this is never too wide, dollars.", above=0)
    spread_cap: Decimal = parameter(Decimal("0.001"), "From this part of the mid on a spread is too wide.", above=0)
    max_spread_ratio: Decimal = parameter(
        Decimal("1.5"), "Widest spread accepted, in average spreads; two ticks always are.", at_least=1
    )

    def cap(self, mid: Decimal) -> Decimal:
        """From this spread on, dollars, a quote says nothing. Rule: SC-431."""
        return max(self.spread_cap_min, self.spread_cap * mid)

    def widest(self, average: Decimal) -> Decimal:
        """The widest spread that is no jump, dollars. Rule: SC-433."""
        return max(self.max_spread_ratio * average, 2 * CENT)


@frozen
class Tape:
    """What the quotes of one share have shown so far; prices in points, spreads in dollars a share.

    `usable` is the newest quote stops and exits may use, `accepted` the newest one entries, signals and triggers may
    use, `refusal` why the newest quote shown was not accepted. `spread_average` is the average after that quote,
    `spread_average_before` the one it was judged by. `high` and `low` are of accepted mids from `opens_at` on;
    `is_stepped` says that the market comes in steps, as in a study: its own age limit counts where it is longer.
    `seconds` and `cycles` sample the newest accepted quote once a second and once every 2 seconds of the clock, at the
    looks there were: none is made up for a second that was not looked at. `spreads` are the last five usable ones.

    >>> noon = dt.datetime(2026, 3, 3, 17, tzinfo=dt.UTC)
    >>> tape = Tape()
    >>> for second in (0, 1):
    ...     now = noon + dt.timedelta(seconds=second)
    ...     tape = tape.after(Quote(Decimal("590.00"), Decimal("590.02"), now), now)
    >>> tape.judge(now).passed, tape.judge(now + dt.timedelta(seconds=6)).reason
    (True, 'quote_stale')
    """

    rules: TapeRules = TapeRules()
    opens_at: dt.datetime | None = None
    is_stepped: bool = True
    usable: Quote | None = field(default=None, kw_only=True)
    accepted: Quote | None = field(default=None, kw_only=True)
    refusal: str | None = field(default=MISSING, kw_only=True)
    spread_average: Decimal | None = field(default=None, kw_only=True)
    spread_average_before: Decimal | None = field(default=None, kw_only=True)
    high: Decimal | None = field(default=None, kw_only=True)
    low: Decimal | None = field(default=None, kw_only=True)
    seconds: tuple[Quote, ...] = field(default=(), kw_only=True)
    cycles: tuple[Quote, ...] = field(default=(), kw_only=True)
    spreads: tuple[Decimal, ...] = field(default=(), kw_only=True)
    alive_at: dt.datetime | None = field(default=None, kw_only=True)
    age_limit: float = field(default=0.0, kw_only=True)
    _second: int = field(default=-1, kw_only=True)
    _cycle: int = field(default=-1, kw_only=True)

    def look(self, market: MarketSnapshot, *, alive_at: dt.datetime | None = None) -> Tape:
        """The tape after one look at the market; `alive_at` as for `after`."""
        own = market.quote_age_limit if self.is_stepped else 0.0  # live, it is that of options: 15 s (SC-016)
        return self.after(market.share, market.at, own, defect=market.share_defect, alive_at=alive_at)

    def after(
        self,
        quote: Quote | None,
        now: dt.datetime,
        quote_age_limit: float = 0.0,
        *,
        defect: str | None = None,
        alive_at: dt.datetime | None = None,
    ) -> Tape:
        """The tape after one more quote, or after a look that showed none (it only samples).

        `quote_age_limit` is the market's own, seconds: where a study's two steps are longer than `max_quote_age`, they
        count (SC-016). `defect` is why a quote that was shown could not be one (`market.quote_defect`). `alive_at` is
        the last sign of life of the quote's stream, where one tells. A quote that was shown before, or is older than
        the newest, adds nothing.
        """
        limit = max(self.rules.max_quote_age, quote_age_limit)
        heard = max((at for at in (self.alive_at, alive_at) if at is not None), default=None)
        if defect is not None:
            refused = CROSSED if defect == "crossed" else MISSING
            return evolve(self, refusal=refused, alive_at=heard, age_limit=limit)._sampled(now)
        known = evolve(self, alive_at=heard, age_limit=limit)
        if quote is None or (self.usable is not None and (quote == self.usable or quote.at < self.usable.at)):
            return known._sampled(now)
        return known._shown(quote, now)._sampled(now)

    def judge(self, now: dt.datetime) -> Verdict:
        """Whether entries, signals and triggers may use the newest quote; its code where they may not. Rule: SC-008."""
        quote = self.usable
        if self.refusal in (MISSING, STALE):
            return Verdict.unknown(self.refusal)
        if self.refusal == CROSSED or quote is None:
            return Verdict.skip(CROSSED)
        if not self._is_fresh(quote, now):
            return Verdict.unknown(STALE, f"{self._age(quote, now):g} s", f"> {self.age_limit:g} s")
        if self.refusal is None:
            return Verdict.ok(quote.width)
        before = self.spread_average_before
        limit = self.rules.cap(quote.mid) if self.refusal == WIDE or before is None else self.rules.widest(before)
        return Verdict.skip(self.refusal, quote.width, f"{'>=' if self.refusal == WIDE else '>'} {limit:.4g}")

    def usable_quote(self, now: dt.datetime) -> Quote | None:
        """The newest usable quote while it is fresh: what stops and exits are judged on. Rule: SC-008."""
        return self.usable if self.usable is not None and self._is_fresh(self.usable, now) else None

    def accepted_quote(self, now: dt.datetime) -> Quote | None:
        """The newest quote while it is fresh and accepted: what entries, signals and triggers use. Rule: SC-008."""
        return self.accepted if self.judge(now).passed else None

    def age(self, now: dt.datetime) -> float | None:
        """Seconds since the newest usable quote or the last sign of life of its stream; None before the first."""
        return None if self.usable is None else self._age(self.usable, now)

    @property
    def spread_widening(self) -> bool:
        """Whether the newest usable spread, accepted or not, is above 1.5 average spreads before it. Rule: SC-310."""
        if self.usable is None or self.spread_average_before is None:
            return False
        return self.usable.width > self.rules.max_spread_ratio * self.spread_average_before

    def kept_narrow(self, limit: Decimal) -> bool:
        """Whether the last five usable spreads were all at most `limit`, dollars. Rule: SC-228."""
        return len(self.spreads) == SPREADS_KEPT and max(self.spreads) <= limit

    def _shown(self, quote: Quote, now: dt.datetime) -> Tape:
        if quote.bid == 0:
            return evolve(self, refusal=MISSING)
        if not self._is_fresh(quote, now):
            return evolve(self, refusal=STALE)
        spread, average = quote.width, self.spread_average
        seen = evolve(
            self, usable=quote, spreads=(*self.spreads[1 - SPREADS_KEPT :], spread), spread_average_before=average
        )  # fmt: skip
        if spread >= self.rules.cap(quote.mid):
            return evolve(seen, refusal=WIDE)
        if average is None:
            return evolve(seen, refusal=MISSING, spread_average=spread)  # the seed prices nothing
        seen = evolve(seen, spread_average=_KEPT * average + _MOVED * spread)
        return evolve(seen, refusal=JUMP) if spread > self.rules.widest(average) else seen._accepting(quote)

    def _accepting(self, quote: Quote) -> Tape:
        if self.opens_at is not None and quote.at < self.opens_at:
            return evolve(self, refusal=None, accepted=quote)
        mid = quote.mid
        return evolve(
            self,
            refusal=None,
            accepted=quote,
            high=mid if self.high is None else max(self.high, mid),
            low=mid if self.low is None else min(self.low, mid),
        )

    def _sampled(self, now: dt.datetime) -> Tape:
        if self.accepted is None or (self.opens_at is not None and self.accepted.at < self.opens_at):
            return self
        second = int(now.timestamp())
        if second <= self._second:
            return self
        cycle = second // CYCLE_SECONDS
        return evolve(
            self,
            second=second,
            seconds=(*self.seconds[1 - SECOND_SAMPLES :], self.accepted),
            cycle=cycle,
            cycles=(*self.cycles[1 - CYCLE_SAMPLES :], self.accepted) if cycle > self._cycle else self.cycles,
        )

    def _age(self, quote: Quote, now: dt.datetime) -> float:
        """Seconds since the newer of the quote and the last sign of life of its stream; never below 0."""
        seen = quote.at if self.alive_at is None else max(quote.at, self.alive_at)
        return max((now - seen).total_seconds(), 0.0)

    def _is_fresh(self, quote: Quote, now: dt.datetime) -> bool:
        return self._age(quote, now) <= self.age_limit
