"""What the rules remember of the market: a fold of what it showed, rebuilt after a restart and never ledgered."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from attrs import evolve, field, frozen

from gammacore.domain.book.view import BookView
from gammacore.domain.holdings.holding import HoldingState, SoldSpread
from gammacore.domain.holdings.noise_gate import NoiseFilter
from gammacore.domain.instruments import Underlying
from gammacore.domain.market import MarketSnapshot, Quote
from gammacore.domain.observation import Observation, ObservationRule
from gammacore.domain.risk.day_profit import Marks
from gammacore.domain.spreads import CreditSpread
from gammacore.domain.tape import Tape


@frozen
class WatchedSpread:
    """A spread watched before it is sold, by its rule, and what was seen of it so far. Rule: CS-361."""

    spread: CreditSpread
    rule: ObservationRule
    observation: Observation

    def after(self, market: MarketSnapshot) -> WatchedSpread:
        price = market.spot if market.fresh(market.spot_at) else None
        seen = self.rule.look(self.observation, market.at, self.spread.mark(market.quote), price)
        return evolve(self, observation=seen)


@frozen
class MarketMemory:
    """The noise filter of every open position, by its id, and spreads watched before they are sold, by their slot.

    `marks` are the newest quotes of what is held, where a limit counts what is open; else None. `tape` is the fold of
    the share's quotes, for strategies that decide on them; else None. Rules: CS-361, CS-542, CS-543, SC-008, SC-603.

    Quotes count by when they were quoted: looking at the same quotes twice adds nothing, so the memory does not depend
    on how often, or after which restart, it was looked at.
    """

    noise: Mapping[str, NoiseFilter] = field(factory=dict)
    watched: Mapping[dt.datetime, WatchedSpread] = field(factory=dict)
    marks: Marks | None = None
    tape: Tape | None = None

    def noise_level(self, position: str) -> float | None:
        """How noisy a position's mid is, 1 = usual; None before its first mid. Rule: CS-543."""
        known = self.noise.get(position)
        return None if known is None else known.level

    def quote(self, now: dt.datetime) -> Quote | None:
        """The newest share quote that stops and exits may use. Rule: SC-008."""
        return None if self.tape is None else self.tape.usable_quote(now)

    def after(self, market: MarketSnapshot, book: BookView, underlying: Underlying) -> MarketMemory:
        """The memory after one more look at the market; positions that are no longer open are forgotten."""
        spreads = book.live_spreads
        if not spreads and self == NOTHING_REMEMBERED:
            return self
        fed = (
            (position.id, _fed(self.noise.get(position.id), position, market, underlying))
            for position in spreads
            if position.state is HoldingState.OPEN and position.underlying == underlying.symbol
        )
        watched = {slot: spread.after(market) for slot, spread in self.watched.items() if not book.judged(slot)}
        marks = None if self.marks is None else self.marks.after(market, book, underlying)
        tape = None if self.tape is None else self.tape.look(market)
        return MarketMemory({position: known for position, known in fed if known is not None}, watched, marks, tape)

    def watching(self, slot: dt.datetime, watched: WatchedSpread) -> MarketMemory:
        """The memory with one more spread to watch."""
        return evolve(self, watched={**self.watched, slot: watched})


NOTHING_REMEMBERED = MarketMemory()


def _fed(
    before: NoiseFilter | None, position: SoldSpread, market: MarketSnapshot, underlying: Underlying
) -> NoiseFilter | None:
    mark = None if position.has_bad_credit else position.spread.mark(market.quote)
    if mark is None or mark.mid <= 0:
        return before
    quoted_at = _quoted_at(position, market)
    if quoted_at <= position.opened_at:  # a position's own filter begins with the first mid after its fill
        return before
    return position.plan.policy.gate.fed(before, mark.mid, quoted_at, position.credit, underlying)


def _quoted_at(position: SoldSpread, market: MarketSnapshot) -> dt.datetime:
    """When the newest of the legs was quoted; of a spread that has a mark."""
    quotes = (market.quote(contract) for contract in position.spread.contracts)
    return max(quote.at for quote in quotes if quote is not None)
