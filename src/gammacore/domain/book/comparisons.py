"""What comparing the account with the broker came to: differences not explained yet, what is quarantined. Rule: R5."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import assert_never

from gammacore.domain.holding_events import DifferenceSeen, HoldingAdjusted, HoldingAdopted
from gammacore.domain.ledger import HoldingsQuarantined

Compared = HoldingAdjusted | HoldingAdopted | HoldingsQuarantined | DifferenceSeen


class Comparisons:
    """Part of the book; symbol by symbol."""

    def __init__(self) -> None:
        self.quarantined: dict[str, int] = {}
        self.differences: dict[str, DifferenceSeen] = {}

    def apply(self, event: Compared) -> None:
        match event:
            case HoldingAdjusted():
                self.explain((event.symbol,))
            case HoldingAdopted():
                self._claim(event.symbols)
                self.explain(event.symbols)
            case HoldingsQuarantined():
                self.quarantined = {symbol: held for symbol, held in event.holdings.items() if held}
                self.explain(event.holdings)
            case DifferenceSeen():
                self.explain((event.symbol,))
                if event.change:
                    self.differences[event.symbol] = event
            case _:
                assert_never(event)

    def explain(self, symbols: Iterable[str]) -> None:
        """What was seen to differ is judged, or may be a fill of ours that was not known yet: it is looked at anew."""
        for symbol in symbols:
            self.differences.pop(symbol, None)

    def _claim(self, holdings: Mapping[str, int]) -> None:
        """What is ours from now on is quarantined no more."""
        left = {symbol: held - holdings.get(symbol, 0) for symbol, held in self.quarantined.items()}
        self.quarantined = {symbol: held for symbol, held in left.items() if held}
