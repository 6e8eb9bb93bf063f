"""The figures that end a position and the costs to close they mean: the object that is printed is the one that acts.

Profits and losses are fractions of the credit received, costs to close are points. A fraction becomes points here and
nowhere else; fractions of value do not exist. Rules: CS-004, CS-507..512, CS-521..535, CS-541..545, CS-552.
"""

from __future__ import annotations

import datetime as dt
import math
from decimal import ROUND_CEILING, Decimal
from enum import StrEnum
from fractions import Fraction

from attrs import evolve, frozen

from gammacore.domain.briefly import rules_briefly
from gammacore.domain.dollars import CENT, exact_decimal
from gammacore.domain.holdings.noise_gate import NoiseGate
from gammacore.domain.instruments import Underlying
from gammacore.domain.parameters import parameter
from gammacore.domain.words import Confidence, StrategyTag
from gammacore.errors import InvalidInput

LOCK_IN_STRATEGIES = frozenset({StrategyTag.OTM_SINGLE_SIDED})
"""Strategies held for settlement under the lock-in stop: no profit target, no trailing stop. Rule: CS-551."""


LONGEST_SESSION_HOURS = 24
"""No session lasts so long: what needs so many hours to the close never happens."""


class CloseStyle(StrEnum):
    """How a close is sent: at market, or as a limit that crosses the market. Rules: CS-406, CS-416."""

    MARKET = "market"
    MARKETABLE = "marketable"


class StaleExit(StrEnum):
    """What follows when quotes stay away: an alarm is raised, or the position is closed at market. Rule: CS-505."""

    ALARM = "alarm"
    CLOSE = "close"


def hours(span: dt.timedelta) -> Fraction:
    """A time span in hours, exact to the microsecond.

    >>> hours(dt.timedelta(minutes=20))
    Fraction(1, 3)
    """
    return Fraction(span // dt.timedelta(microseconds=1), 3_600_000_000)


def percent(share: Decimal | Fraction) -> str:
    """A fraction of the credit as a trader reads it, to a tenth of a percent.

    >>> percent(Decimal("0.10")), percent(Fraction(21, 40))
    ('10 %', '52.5 %')
    """
    return f"{float(round(Fraction(share) * 100, 1)):g} %"


def cost_at_profit(credit: Decimal, profit: Decimal | Fraction) -> Fraction:
    """Cost to close, points, exact, that leaves this profit (a fraction of the credit): C × (1 - profit). Rule: CS-004.

    >>> float(cost_at_profit(Decimal("2.50"), Decimal("0.60")))
    1.0
    """
    return Fraction(credit) * (1 - Fraction(profit))


def floor_to_cents(cost: Fraction) -> Decimal:
    """Down to the cent. Rule: CS-512."""
    return math.floor(cost * 100) * CENT


def ceil_to_cents(cost: Decimal) -> Decimal:
    """Up to the cent. Rule: CS-511."""
    return cost.quantize(CENT, ROUND_CEILING)


@frozen
class AdvisorLimits:
    """How far an advisor is followed. Rules: CS-544, CS-545."""

    confidence: Decimal = parameter(
        Decimal(65), "Confidence that holds a target, a trailing stop or the soft close, %.", at_least=0, at_most=100
    )
    stop_confidence: Decimal = parameter(
        Decimal(75), "Confidence that holds a regular stop, %.", at_least=0, at_most=100
    )
    holds: int = parameter(10, "Cycles in a row an advisor may hold a position at most.", at_least=0)
    kept_seconds: int = parameter(30, "Seconds an answer is kept.", at_least=0)
    kept_move: Decimal = parameter(Decimal(5), "Move of the index that ends it earlier, SPX points.", above=0)


@frozen
class StopPolicy:
    """Every figure that can end a position; fixed when the position is opened. Rules: CS-502..535.

    >>> policy, credit = stop_policy("head"), Decimal("2.50")
    >>> policy.advertised_stop(credit), policy.advertised_target(credit, Confidence.HIGH)
    (Decimal('2.88'), Decimal('1.25'))
    """

    preset: str = parameter("standard", "Name the figures go by in logs and plans.")
    stop: Decimal = parameter(Decimal("0.10"), "Regular stop: loss, part of the credit.", above=0)
    grace_seconds: int = parameter(60, "Seconds after the fill in which the regular stop sleeps.", at_least=0)
    emergency: Decimal = parameter(Decimal("0.40"), "Emergency stop: loss, part of the credit.", above=0)
    settle_seconds: int = parameter(60, "Seconds after the fill in which quotes must convince.", at_least=0)
    emergency_override_band: Decimal = parameter(
        Decimal("0.15"), "Convincing: worst and best mark nearer than this part of their mean.", above=0
    )
    stable_seconds: int = parameter(10, "Convincing: the mid has stayed put for this many seconds.", at_least=0)
    stable_move: Decimal = parameter(Decimal("0.05"), "A mid this far off has moved, $ of SPX.", above=0)
    catastrophic_extra: Decimal = parameter(
        Decimal("0.10"), "Convincing: a loss beyond the emergency by this part of the credit.", at_least=0
    )

    progressive_targets: tuple[Decimal, ...] = parameter(
        tuple(map(Decimal, ("0.50", "0.55", "0.60", "0.70", "0.80"))),
        "Profit targets 0, 1, 2 ... whole hours after the entry, linear between; the last one stays.",
    )
    high_target: Decimal = parameter(Decimal("0.50"), "Least target at HIGH confidence.", at_least=0, at_most=1)
    medium_target: Decimal = parameter(Decimal("0.60"), "Least target at MEDIUM confidence.", at_least=0, at_most=1)
    fixed_target: Decimal | None = parameter(None, "One target for the whole day (CS-534).", above=0, at_most=1)
    time_weighted_targets: bool = parameter(False, "Targets by hours to the close instead (CS-533).")
    last_hour_target: Decimal = parameter(
        Decimal("0.30"), "Time-weighted: less than 1 h to the close.", above=0, at_most=1
    )
    second_last_hour_target: Decimal = parameter(
        Decimal("0.40"), "Time-weighted: less than 2 h to the close.", above=0, at_most=1
    )
    earlier_target: Decimal = parameter(Decimal("0.50"), "Time-weighted: before that.", above=0, at_most=1)

    trailing_trigger: Decimal = parameter(Decimal("0.30"), "The trailing stop arms at this profit.", above=0, at_most=1)
    trailing_lock: Decimal = parameter(Decimal("0.20"), "Profit it locks when it arms.", at_least=0, at_most=1)
    trailing_min: Decimal = parameter(Decimal("0.10"), "It never follows closer than this.", at_least=0, at_most=1)
    trailing_rate: Decimal = parameter(Decimal("0.4"), "How fast it closes up on a growing profit.", at_least=0)

    hold_profit: Decimal = parameter(Decimal("0.80"), "Held for settlement from this profit.", above=0, at_most=1)
    hold_vix: Decimal = parameter(Decimal(17), "Held only below this VIX.", above=0)
    hold_hours: Decimal = parameter(Decimal(1), "Held only with this many hours to the close.", at_least=0)
    hold_distance: Decimal = parameter(
        Decimal(8), "Held only if sold this far out of the money, SPX points.", at_least=0
    )
    lock_in_profit: Decimal = parameter(Decimal("0.50"), "OTM: profit that is not given back.", above=0, at_most=1)

    soft_close_minutes: int = parameter(30, "Minutes to the close from which nothing is kept.", at_least=0)
    hard_close_minutes: int = parameter(5, "Minutes to the close from which nothing delays the exit.", at_least=0)
    stale_cycles: int = parameter(20, "Cycles in a row without a usable mark until the alarm.", at_least=1)
    stale_exit: StaleExit = parameter(StaleExit.ALARM, "What then: alarm, or close at market.")
    close_style: CloseStyle = parameter(CloseStyle.MARKET, "Closes at market, or as a marketable limit.")
    unbid_seconds: int = parameter(
        30, "A multi-leg close unfilled for so long while the short is offered: the short is bought back alone.",
        at_least=1,
    )  # fmt: skip
    breach_distance: Decimal = parameter(
        Decimal(5), "A short further in the money than this is logged, SPX points.", at_least=0
    )

    volatility_stops: bool = parameter(False, "Regular stop by the VIX at entry (CS-532).")
    calm_vix: Decimal = parameter(Decimal(15), "Below this VIX the calm stop.", above=0)
    tense_vix: Decimal = parameter(Decimal(20), "From this VIX on the tense stop.", above=0)
    calm_stop: Decimal = parameter(Decimal("0.10"), "Stop in calm markets, part of the credit.", above=0)
    usual_stop: Decimal = parameter(Decimal("0.15"), "Stop between calm and tense.", above=0)
    tense_stop: Decimal = parameter(Decimal("0.20"), "Stop in tense markets.", above=0)

    noise_gate: bool = parameter(True, "Whether noise may delay the regular stop; without, it acts at once (CS-541).")
    gate: NoiseGate = parameter(NoiseGate(), "What noise is, and how long it may delay the stop.")
    advice: AdvisorLimits = parameter(AdvisorLimits(), "How far an advisor is followed, where there is one.")

    __repr__ = rules_briefly

    def __attrs_post_init__(self) -> None:
        if self.emergency < self.stop:
            raise InvalidInput("emergency", self.emergency, f"give at least the regular stop {self.stop}")
        if self.trailing_lock > self.trailing_trigger:
            raise InvalidInput(
                "trailing_lock", self.trailing_lock, f"give at most {self.trailing_trigger}, its trigger"
            )
        if self.hard_close_minutes > self.soft_close_minutes:
            raise InvalidInput("hard_close_minutes", self.hard_close_minutes, "give at most soft_close_minutes")
        if not self.progressive_targets or not all(
            target.is_finite() and 0 < target <= 1 for target in self.progressive_targets
        ):
            raise InvalidInput("progressive_targets", self.progressive_targets, "give targets above 0 and at most 1")
        if self.fixed_target is not None and self.time_weighted_targets:
            raise InvalidInput("fixed_target", self.fixed_target, "leave it out with time_weighted_targets")

    @property
    def may_hold(self) -> bool:
        """Whether anything may be held for settlement; not where the broker acts before the close. Rule: CS-524."""
        return self.hold_hours < LONGEST_SESSION_HOURS

    # Losses -----------------------------------------------------------------------------------------------------------

    def stop_cost(self, credit: Decimal) -> Decimal:
        """Cost to close at which the loss is exactly the regular stop, points, unrounded. Rule: CS-525."""
        return credit * (1 + self.stop)

    def emergency_cost(self, credit: Decimal) -> Decimal:
        """Cost to close at which the loss is exactly the emergency stop, points, unrounded. Rule: CS-523."""
        return credit * (1 + self.emergency)

    def catastrophic_cost(self, credit: Decimal) -> Decimal:
        """Cost to close that convinces by itself, however young the position, points. Rule: CS-523."""
        return credit * (1 + self.emergency + self.catastrophic_extra)

    def advertised_stop(self, credit: Decimal) -> Decimal:
        """The first mark, in cents, at which the regular stop triggers. Rule: CS-511.

        >>> stop_policy("standard").advertised_stop(Decimal("2.50"))
        Decimal('2.75')
        """
        return ceil_to_cents(self.stop_cost(exact_decimal("credit", credit)))

    def advertised_emergency(self, credit: Decimal) -> Decimal:
        """The first mark, in cents, at which the emergency stop triggers. Rule: CS-511."""
        return ceil_to_cents(self.emergency_cost(exact_decimal("credit", credit)))

    def at_entry(self, vix: Decimal) -> StopPolicy:
        """The policy a position opened at this VIX keeps for life. Rule: CS-532."""
        return self.with_volatility_stop(vix) if self.volatility_stops else self

    def with_volatility_stop(self, vix: Decimal) -> StopPolicy:
        """The same policy with the regular stop of this VIX; grace and emergency stay. Rule: CS-532.

        >>> [stop_policy("standard").with_volatility_stop(Decimal(v)).stop for v in ("14.99", "15", "20")]
        [Decimal('0.10'), Decimal('0.15'), Decimal('0.20')]
        """
        if vix < self.calm_vix:
            return evolve(self, stop=self.calm_stop)
        return evolve(self, stop=self.usual_stop if vix < self.tense_vix else self.tense_stop)

    # Profits ----------------------------------------------------------------------------------------------------------

    def target(
        self,
        hours_since_entry: Fraction | Decimal | int,
        confidence: Confidence,
        hours_to_close: Fraction | Decimal | int | None = None,
    ) -> Fraction:
        """Profit that is enough, as an exact fraction of the credit. Rules: CS-507, CS-533, CS-534.

        `hours_to_close` matters to time-weighted targets only; None means that the last two hours are not in sight.

        >>> standard = stop_policy("standard")
        >>> [str(standard.target(Fraction(h), Confidence.HIGH)) for h in (0, "1/2", "5/2", 9)]
        ['1/2', '21/40', '13/20', '4/5']
        """
        if self.fixed_target is not None:
            return Fraction(self.fixed_target)
        if self.time_weighted_targets:
            return Fraction(self._time_weighted_target(hours_to_close))
        return max(self._progressive_target(Fraction(hours_since_entry)), Fraction(self._least_target(confidence)))

    def _time_weighted_target(self, hours_to_close: Fraction | Decimal | int | None) -> Decimal:
        if hours_to_close is None or hours_to_close >= 2:
            return self.earlier_target
        return self.last_hour_target if hours_to_close < 1 else self.second_last_hour_target

    def _progressive_target(self, hours_since_entry: Fraction) -> Fraction:
        points = self.progressive_targets
        elapsed = max(hours_since_entry, Fraction(0))
        hour = math.floor(elapsed)
        if hour >= len(points) - 1:
            return Fraction(points[-1])
        before, after = Fraction(points[hour]), Fraction(points[hour + 1])
        return before + (after - before) * (elapsed - hour)

    def _least_target(self, confidence: Confidence) -> Decimal:
        # LOW is never traded (CS-205): it asks for nothing beyond the hours.
        return {Confidence.HIGH: self.high_target, Confidence.MEDIUM: self.medium_target}.get(confidence, Decimal(0))

    def advertised_target(
        self,
        credit: Decimal,
        confidence: Confidence,
        hours_since_entry: Fraction | Decimal | int = 0,
        hours_to_close: Fraction | Decimal | int | None = None,
    ) -> Decimal:
        """The highest mid, in cents, at which the profit target triggers. Rules: CS-004, CS-512."""
        credit = exact_decimal("credit", credit)
        return floor_to_cents(cost_at_profit(credit, self.target(hours_since_entry, confidence, hours_to_close)))

    def trailing_level(self, best: Decimal) -> Decimal:
        """Profit at which an armed trailing stop closes after a best profit, fractions of the credit. Rule: CS-508.

        >>> stop_policy("standard").trailing_level(Decimal("0.45"))
        Decimal('0.35')
        """
        give_back = (self.trailing_trigger - self.trailing_lock) - self.trailing_rate * (best - self.trailing_trigger)
        return best - max(give_back, self.trailing_min)

    def trailing_cost(self, credit: Decimal, best: Decimal) -> Decimal:
        """Cost to close at which an armed trailing stop closes after a best profit, points. Rule: CS-527."""
        # A best profit such as 2/3 is a rounded quotient: the noise of its last digit must not move the level.
        return (credit * (1 - self.trailing_level(best))).quantize(Decimal("1e-9"))

    def stable_band(self, underlying: Underlying) -> Fraction:
        """A mid that moves this far, points, has not stayed put: 0.05 × s, at least one tick. Rule: CS-509."""
        return max(underlying.dollars(self.stable_move), Fraction(underlying.ticks.complex_order))


def stop_policy(preset: str) -> StopPolicy:
    """The policy of that name. Rules: CS-531, CS-534.

    Raises:
        InvalidInput: no preset of that name.
    """
    if preset not in PRESETS:
        raise InvalidInput("preset", preset, f"give one of {', '.join(PRESETS)}")
    return PRESETS[preset]


PRESETS: dict[str, StopPolicy] = {
    policy.preset: policy
    for policy in (
        StopPolicy(),
        StopPolicy("swept", grace_seconds=180),
        StopPolicy("head", stop=Decimal("0.15"), grace_seconds=540, emergency=Decimal("0.25")),
        StopPolicy("source-000", fixed_target=Decimal("0.60")),
        StopPolicy("stop-outside-quotes"),
        StopPolicy("walk"),
    )
}
"""standard: source 002. swept: best cell of its stop sweep. head: the reference's last state. source-000: CS-534.
stop-outside-quotes (CS-368) and walk (CS-421): the figures of standard, with other entries."""
