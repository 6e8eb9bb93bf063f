"""A condor sold late sits on the pin with the price: it is skipped, or leans the way the price went. Rule: CS-325."""

from __future__ import annotations

from decimal import Decimal

from attrs import evolve, frozen

from gammacore.domain.entries.judged_setup import JudgedSetup
from gammacore.domain.entries.setup import DEFAULT_RULES, SetupRules, rounded_price, select_setup
from gammacore.domain.instruments import Underlying
from gammacore.domain.parameters import parameter
from gammacore.domain.verdicts import Verdict
from gammacore.domain.words import Setup


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
