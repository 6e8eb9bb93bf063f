"""VIX jumping away from its last five minutes: somebody knows something. Rule: CS-314."""

from __future__ import annotations

from decimal import Decimal

from attrs import frozen

from gammacore.domain.market_history import MarketHistory
from gammacore.domain.parameters import parameter
from gammacore.domain.verdicts import Verdict


@frozen
class VixSpike:
    """VIX is at most 5 % above its last complete 5-minute close; a fall of any size passes. Rule: CS-314."""

    rise: Decimal = parameter(Decimal("0.05"), "Rise over the last complete 5-min close, part of it.", at_least=0)

    def judge(self, vix: Decimal | None, history: MarketHistory) -> Verdict:
        if vix is None:
            return Verdict.unknown("vix_spike_unknown", "VIX not known", blocks=False)
        if not history.vix_five_minute:
            return Verdict.unknown("vix_spike_unknown", "no 5-min bars of VIX", blocks=False)
        close = history.vix_five_minute[-1].close
        rise = vix - close
        reading = f"VIX {vix} is {rise / close:+.1%} from {close}"
        if rise > self.rise * close:
            return Verdict.skip("vix_spike", reading, f"> {self.rise:+.1%}")
        return Verdict.ok(reading, f"<= {self.rise:+.1%}")
