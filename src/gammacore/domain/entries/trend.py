"""A market on its way somewhere is not drawn to a pin: strength of the trend, and how far it went. CS-316, CS-317."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from attrs import frozen

from gammacore.domain.indicators.adx import bars_needed, wilder_adx
from gammacore.domain.instruments import Underlying
from gammacore.domain.market_history import FIVE_MINUTES, ONE_MINUTE, MarketHistory
from gammacore.domain.parameters import parameter
from gammacore.domain.verdicts import Verdict
from gammacore.errors import InvalidInput


@frozen
class TrendStrength:
    """Wilder's ADX of 5-minute bars of today and the session before is at most 25. Rules: CS-316, CS-355."""

    period: int = parameter(14, "Period of the ADX, 5-min bars; it needs twice as many.", at_least=2)
    strongest: float = parameter(25.0, "Highest ADX (inclusive).", at_least=0, at_most=100)

    def judge(self, history: MarketHistory) -> Verdict:
        adx = wilder_adx(history.five_minute, self.period)
        if adx is None:
            found, wanted = f"{len(history.five_minute)} 5-min bars", f"{bars_needed(self.period)} needed"
            return Verdict.unknown("adx_unknown", found, wanted, blocks=False)
        reading = f"ADX({self.period}) {adx:.2f}"
        if adx > self.strongest:
            return Verdict.skip("adx", reading, f"> {self.strongest:g}")
        return Verdict.ok(reading, f"<= {self.strongest:g}")


@frozen
class TrendMove:
    """Price is at most 10k points from where it was half an hour ago. Rules: CS-317, CS-356.

    The movement is taken between unrounded prices. Without 5-minute bars it is missing: single snapshots are no past.
    """

    minutes: int = parameter(30, "How long ago, minutes: a multiple of 5.", at_least=5)
    points: Decimal = parameter(Decimal(10), "Furthest move (inclusive), SPX points.", at_least=0)

    def __attrs_post_init__(self) -> None:
        if self.minutes * ONE_MINUTE % FIVE_MINUTES:
            raise InvalidInput("minutes", self.minutes, "give a multiple of 5, as the bars are 5 minutes long")

    def judge(self, price: Decimal | None, history: MarketHistory, underlying: Underlying) -> Verdict:
        if price is None:
            return Verdict.unknown("trend_move_unknown", "price not known", blocks=False)
        change = history.change_over(history.five_minute, self.minutes, price)
        if change is None:
            return Verdict.unknown("trend_move_unknown", f"no 5-min bar {self.minutes} min ago", blocks=False)
        limit = underlying.points(self.points)
        reading = f"{float(change):+.2f} points in {self.minutes} min"
        if abs(Fraction(change)) > limit:
            return Verdict.skip("trend_move", reading, f"> {float(limit):g}")
        return Verdict.ok(reading, f"<= {float(limit):g}")
