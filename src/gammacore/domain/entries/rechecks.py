"""Rules that may change a setup once it is chosen: a late condor, and the price looked at again.

Rules: CS-325, CS-327, CS-359.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from attrs import evolve, frozen

from gammacore.domain.entries.setup import DEFAULT_RULES, SetupRules, rounded_price, select_setup
from gammacore.domain.instruments import Underlying
from gammacore.domain.parameters import parameter
from gammacore.domain.verdicts import Verdict
from gammacore.domain.words import Setup, StrategyTag


@frozen
class JudgedSetup:
    """The setup to go on with, as it was or as it became, and the verdict; None when there is nothing to sell."""

    setup: Setup | None
    verdict: Verdict


@frozen
class LateCondor:
    """From 210 minutes after the open, a condor within 3k of the pin is skipped; others are selected anew.

    Anew means with the price one strike increment further from the pin, which on SPX turns the condor into a vertical.
    The distance recorded stays the real one. Rule: CS-325.
    """

    from_minutes: int = parameter(210, "Minutes after the open from which condors are late (inclusive).", at_least=0)
    centre: Decimal = parameter(Decimal(3), "Skipped up to this far from the pin (inclusive), SPX points.", at_least=0)

    def judge(
        self,
        setup: Setup,
        underlying: Underlying,
        pin: Decimal,
        price: Decimal,
        vix: Decimal,
        *,
        minutes_since_open: float,
        rules: SetupRules = DEFAULT_RULES,
    ) -> JudgedSetup:
        """The setup to go on with, before its wings are broken (2.1), and the verdict."""
        if not setup.is_condor:
            return JudgedSetup(setup, Verdict.ok("no condor"))
        if minutes_since_open < self.from_minutes:
            reading = f"{minutes_since_open:.0f} min after the open"
            return JudgedSetup(setup, Verdict.ok(reading, f"< {self.from_minutes}"))
        limit = underlying.points(self.centre)
        reading = f"late condor {setup.distance} points from the pin"
        if abs(setup.distance) <= limit:
            return JudgedSetup(setup, Verdict.skip("late_condor", reading, f"<= {float(limit):g}"))
        outward = underlying.strike_increment if setup.distance > 0 else -underlying.strike_increment
        further = rounded_price("price", price, underlying) + outward
        leaning = select_setup(underlying, pin, further, vix, rules, competing=setup.competing)
        leaning = evolve(leaning, distance=setup.distance)
        if leaning.is_skip:
            return JudgedSetup(leaning, Verdict.skip(leaning.reason or "late_condor", leaning.detail))
        return JudgedSetup(leaning, Verdict.ok(f"{reading}: {leaning.tag}", f"> {float(limit):g}"))


@frozen
class Look:
    """What one reading of the market came to: price and pin in points, and the setup; None where nothing was known."""

    price: Decimal | None
    pin: Decimal | None
    setup: Setup | None


@frozen
class PriceRecheck:
    """After a drift of 5k points the pin is measured anew; a pin 10k away or another trade ends the entry. CS-359.

    Both are inclusive. A condor whose wings broke is still a condor. An OTM setup does not live off the pin: only its
    direction must hold. What passes is sold with the strikes of the second look, on which CS-326 is judged again.
    """

    drift: Decimal = parameter(Decimal(5), "Drift from which the pin is measured anew, SPX points.", above=0)
    pin_shift: Decimal = parameter(Decimal(10), "Shift of the pin that ends the entry, SPX points.", above=0)

    def has_drifted(self, before: Decimal, now: Decimal, underlying: Underlying) -> bool:
        """Whether a second look must measure pin and setup; below that the first look stands."""
        return abs(Fraction(now) - Fraction(before)) >= underlying.points(self.drift)

    def judge(self, first: Look, second: Look, underlying: Underlying) -> JudgedSetup:
        """The setup to go on with and its verdict; `second` needs pin and setup only where the price has drifted."""
        if first.price is None or first.setup is None or second.price is None:
            return JudgedSetup(None, Verdict.unknown("price_moved_unknown", "no price to compare"))
        drifted = f"drift {second.price - first.price:+}"
        limit = f"{float(underlying.points(self.drift)):g}"
        if not self.has_drifted(first.price, second.price, underlying):
            return JudgedSetup(first.setup, Verdict.ok(drifted, f"< {limit}"))
        if second.pin is None or second.setup is None:
            return JudgedSetup(None, Verdict.skip("price_moved", f"{drifted}, no pin any more", f">= {limit}"))
        if (change := self._other_trade(first, second.pin, second.setup, underlying)) is not None:
            return JudgedSetup(None, Verdict.skip("price_moved", f"{drifted}: {change}"))
        return JudgedSetup(second.setup, Verdict.ok(f"{drifted}: same trade, strikes of now", f">= {limit}"))

    def _other_trade(self, first: Look, pin: Decimal, setup: Setup, underlying: Underlying) -> str | None:
        before = first.setup
        if before is None or setup.direction is not before.direction or setup.is_skip:
            return f"now {setup.tag} {setup.direction}"
        if before.tag is StrategyTag.OTM_SINGLE_SIDED:
            return None
        if setup.tag is not before.tag and not (setup.is_condor and before.is_condor):
            return f"now {setup.tag} {setup.direction}"
        if first.pin is None or abs(Fraction(pin) - Fraction(first.pin)) >= underlying.points(self.pin_shift):
            return f"pin {first.pin} -> {pin} >= {float(underlying.points(self.pin_shift)):g}"
        return None
