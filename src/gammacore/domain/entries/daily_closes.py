"""What the days before say: relative strength, a run of falling closes, the gap at the open.

All three read the hedge share where its bars exist, else the underlying (CS-358). Rules: CS-319, CS-321, CS-322.
"""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

from attrs import frozen

from gammacore.domain.indicators.rsi import cutler_rsi
from gammacore.domain.market_history import MarketHistory
from gammacore.domain.parameters import parameter
from gammacore.domain.verdicts import Verdict
from gammacore.errors import InvalidInput

NO_CLOSES = "no daily closes up to the session before"


@frozen
class RelativeStrength:
    """Cutler's RSI(14) of completed daily closes is in [40, 80], rounded to 1 decimal first. Rules: CS-319, CS-357."""

    period: int = parameter(14, "Daily changes averaged; one more close is needed.", at_least=2)
    weakest: Decimal = parameter(Decimal(40), "Lowest RSI (inclusive).", at_least=0, at_most=100)
    strongest: Decimal = parameter(Decimal(80), "Highest RSI (inclusive).", at_least=0, at_most=100)

    def __attrs_post_init__(self) -> None:
        if self.weakest > self.strongest:
            raise InvalidInput("weakest", self.weakest, f"give at most the highest RSI {self.strongest}")

    def judge(self, history: MarketHistory) -> Verdict:
        if history.daily is None:
            return Verdict.unknown("rsi_unknown", NO_CLOSES, blocks=False)
        exact = cutler_rsi(history.daily.closes, self.period)
        if exact is None:
            found, wanted = f"{len(history.daily.closes)} daily closes", f"{self.period + 1} needed"
            return Verdict.unknown("rsi_unknown", found, wanted, blocks=False)
        rsi = Decimal(round(exact * 10)) / 10
        reading = f"RSI({self.period}) {rsi:.1f} of {history.daily.symbol}"
        if rsi < self.weakest:
            return Verdict.skip("rsi", reading, f"< {self.weakest}")
        if rsi > self.strongest:
            return Verdict.skip("rsi", reading, f"> {self.strongest}")
        return Verdict.ok(reading, f"in [{self.weakest}, {self.strongest}]")


@frozen
class DownDays:
    """At most 5 completed daily closes in a row were lower than the one before; an equal close ends the run. CS-321."""

    most: int = parameter(5, "Consecutive lower closes at most.", at_least=0)

    def judge(self, history: MarketHistory) -> Verdict:
        """A run that reaches back to the oldest close known may be longer: unknown unless it is too long already."""
        if history.daily is None:
            return Verdict.unknown("down_days_unknown", NO_CLOSES, blocks=False)
        closes = history.daily.closes
        run = falling_run(closes)
        reading = f"{run} lower closes of {history.daily.symbol}"
        if run > self.most:
            return Verdict.skip("down_days", reading, f"> {self.most}")
        if run == len(closes) - 1:
            return Verdict.unknown("down_days_unknown", f"{reading} or more", "older closes not known", blocks=False)
        return Verdict.ok(reading, f"<= {self.most}")


def falling_run(closes: tuple[Decimal, ...]) -> int:
    """How many of the newest closes in a row were each below the one before, oldest first.

    >>> falling_run(tuple(Decimal(close) for close in (100, 101, 101, 100, 99)))
    2
    """
    run = 0
    for earlier, later in reversed(list(pairwise(closes))):
        if later >= earlier:
            break
        run += 1
    return run


@frozen
class OpeningGap:
    """Today opened at most 0.5 % from the previous close, either way. Rules: CS-322, CS-358."""

    gap: Decimal = parameter(Decimal("0.005"), "Largest gap (inclusive), part of the previous close.", at_least=0)

    def judge(self, history: MarketHistory) -> Verdict:
        if history.daily is None:
            return Verdict.unknown("gap_unknown", NO_CLOSES, blocks=False)
        opened, closed = history.daily.today_open, history.daily.previous_close
        if opened is None:
            return Verdict.unknown("gap_unknown", f"{history.daily.symbol} has no opening price", blocks=False)
        reading = f"{history.daily.symbol} opened {(opened - closed) / closed:+.2%}"
        if abs(opened - closed) > self.gap * closed:
            return Verdict.skip("gap", reading, f"> {self.gap:.2%}")
        return Verdict.ok(reading, f"<= {self.gap:.2%}")
