"""What ST0CKG sees of one look: price, scale, lines, opening range, signal bars and the chain of its expiry. Pure.

Each part is worked out when it is first read. Rules: SC-008, SC-012, SC-301..310, SC-318, SC-327.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from functools import cached_property

import numpy as np
from attrs import define

from gammacore.domain.gex.units import regular_settlement
from gammacore.domain.instruments import SettlementTime
from gammacore.domain.market import Bar, OptionChain, Quote
from gammacore.domain.market_history import opening_price
from gammacore.domain.pricing.option_model import ContractColumns, exact_figure, greeks_of
from gammacore.domain.scalping.battle_lines import BattleLines, first_five_minute_close
from gammacore.domain.scalping.dollar_scale import dollar_scale
from gammacore.domain.scalping.opening_range import (
    OpeningRange,
    earlier_opening_volumes,
    joined,
    opening_volume_ratio,
    signal_bars,
)
from gammacore.domain.scalping.option_choice import ModelColumns, expiry_of
from gammacore.domain.scalping.signals.dealer_gamma import DealerGamma
from gammacore.domain.scalping.signals.signal import DealerField, SignalView
from gammacore.domain.scalping.st0ckg import St0ckgRules
from gammacore.domain.scalping.vwap import session_vwap
from gammacore.domain.strategy import Situation
from gammacore.domain.verdicts import Verdict
from gammacore.domain.words import Direction


@define(eq=False)
class DayFrame:
    """The frame of one situation."""

    rules: St0ckgRules
    situation: Situation

    @property
    def accepted(self) -> Quote | None:
        """The share quote an entry may use. Rule: SC-008."""
        tape = self.situation.memory.tape
        return None if tape is None else tape.accepted_quote(self.situation.now)

    @property
    def quote_verdict(self) -> Verdict:
        tape = self.situation.memory.tape
        return Verdict.unknown("quote_missing") if tape is None else tape.judge(self.situation.now)

    @property
    def oldest_quote(self) -> float:
        """How old a quote may be, seconds: the tape's figure, for options too. Rules: SC-008, SC-016."""
        tape = self.situation.memory.tape
        return 0.0 if tape is None else tape.age_limit

    @property
    def scale(self) -> Decimal | None:
        return dollar_scale(self.situation.underlying.symbol, self.situation.market.previous_close)

    # -- the day so far -----------------------------------------------------------------------------------------------

    @property
    def minutes(self) -> tuple[Bar, ...]:
        """Completed minutes of this session."""
        return () if self.situation.history is None else self.situation.history.one_minute

    @cached_property
    def bars(self) -> tuple[Bar, ...]:
        """The signal bars. Rule: SC-301."""
        session = self.situation.session
        return signal_bars(joined(self.minutes, session, self.rules.signal_bar_seconds), session, self.situation.now)

    @cached_property
    def opening(self) -> OpeningRange | None:
        """The opening range, once it is over. Rule: SC-302."""
        session, minutes = self.situation.session, self.rules.range_minutes
        return OpeningRange.of(self.minutes, session, minutes)

    @cached_property
    def judged_lines(self) -> tuple[BattleLines | None, Verdict]:
        """The battle lines, None where they are missing or cannot be true, and why. Rules: SC-305, SC-306."""
        history, session = self.situation.history, self.situation.session
        if history is None or history.previous is None:
            return None, Verdict.unknown("battle_lines_missing", "no bars of the session before")
        bars = (*history.days, *history.five_minute, *history.night)
        lines = BattleLines.of(bars, history.previous, session)
        if lines is None:
            return None, Verdict.unknown("battle_lines_missing", f"of {history.previous.date} too few bars are known")
        verdict = lines.judge(opening_price(self.minutes, session))
        return (lines if verdict.passed else None), verdict

    @property
    def lines(self) -> BattleLines | None:
        return self.judged_lines[0]

    @cached_property
    def bias(self) -> Direction:
        """Rule: SC-307."""
        close = first_five_minute_close(self.minutes, self.situation.session)
        return Direction.NEUTRAL if self.lines is None else self.lines.bias(close, self.scale or Decimal(1))

    # -- options ------------------------------------------------------------------------------------------------------

    @cached_property
    def expiry(self) -> dt.date | None:
        """Rule: SC-327."""
        chain = self.situation.market.chain
        return None if chain is None else expiry_of(chain, self.situation.session.date, self.rules.expiry)

    @cached_property
    def chain(self) -> OptionChain | None:
        """The contracts of that expiry."""
        chain = self.situation.market.chain
        return None if chain is None or self.expiry is None else chain.expiring(self.expiry)

    @property
    def seconds_left(self) -> float:
        """Until the contracts of that expiry stop trading; 0 without one."""
        if self.expiry is None:
            return 0.0
        return (self._settles_at(self.expiry, SettlementTime.PM) - self.situation.now).total_seconds()

    def model(self, chain: OptionChain, price: Decimal) -> ModelColumns:
        """Our own greeks by each row's mid; money costs nothing over the hours they live. Rules: SC-005, SC-328."""
        contracts = ContractColumns(chain.strike, chain.is_call, np.full(len(chain), self.seconds_left))
        greeks = greeks_of(self.situation.underlying.exercise, contracts, 0.5 * (chain.bid + chain.ask), price)
        return ModelColumns(greeks.delta, greeks.volatility)

    def view(self, price: Decimal) -> SignalView:
        """All that the detectors look at."""
        history, tape, opening = self.situation.history, self.situation.memory.tape, self.opening
        before = () if history is None else history.openings
        today = None if opening is None else opening.volume
        is_legacy = self.rules.dealer_gamma is DealerGamma.LEGACY_DELTA_PROXY
        return SignalView(
            price=price,
            bars=self.bars,
            scale=self.scale or Decimal(1),
            lines=self.lines,
            opening=opening,
            opening_volume_ratio=opening_volume_ratio(today, earlier_opening_volumes(before, self.rules.range_minutes)),
            vwap=session_vwap(self.minutes),
            chain=self.chain,
            hours_left=None if self.expiry is None else self.seconds_left / 3600,
            dealers=None if is_legacy else self._dealers(price),
            spread_widens=None if tape is None else tape.spread_widening,
            portfolio_delta=self._portfolio_delta(price) if is_legacy else None,
        )

    def _dealers(self, price: Decimal) -> DealerField | None:
        """Rule: SC-318."""
        return None if self.chain is None else DealerField.measured(self.chain, price, self._settles_at)

    def _settles_at(self, expiry: dt.date, when: SettlementTime) -> dt.datetime:
        """Half days are the session's to know."""
        session = self.situation.session
        is_today = expiry == session.date and when is SettlementTime.PM
        return session.close if is_today else regular_settlement(expiry, when)

    def _portfolio_delta(self, price: Decimal) -> Decimal | None:
        """Contract-deltas of the options held of that expiry; None where one of them has none. Rule: SC-320."""
        held: dict[int, int] = {}
        for holding in self.situation.book.live_holdings:
            for symbol, quantity in holding.options.items():
                row = None if self.chain is None else self.chain.row(holding.contract(symbol))
                if row is None:
                    return None
                held[row] = held.get(row, 0) + quantity
        if self.chain is None or not held:
            return Decimal(0)
        deltas = self.model(self.chain.select(_mask(len(self.chain), list(held))), price).delta.tolist()
        known = [exact_figure(delta) for delta in deltas if np.isfinite(delta)]
        if len(known) < len(held):
            return None
        return sum((held[row] * delta for row, delta in zip(sorted(held), known, strict=True)), Decimal(0))


def _mask(size: int, rows: Sequence[int]) -> np.ndarray:
    mask = np.zeros(size, dtype=bool)
    mask[list(rows)] = True
    return mask
