"""A market whose rows after an instant are absent, scaled or dealt in another order, for look-ahead checks. ST-601."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left
from collections.abc import Sequence
from decimal import Decimal
from typing import assert_never

import numpy as np
from attrs import define, evolve, field

from gammacore.domain.dollars import CENT
from gammacore.domain.market import Bar, MarketSnapshot, OptionChain, Quote
from gammacore.domain.sessions import TradingSession
from gammacore.domain.study.look_ahead import Alteration, Change, MarketInput
from gammacore.ports.market_data import Expiries, MarketData, SettlementPrint

FACTOR = Decimal("1.01")
ONE_DAY = 86_400


@define(eq=False)
class AlteredMarket:
    """The market beneath, but for what its rows were stamped with after `alteration.after`.

    Label, lineage and fingerprint stay those of the original, else ids would differ; so does when to look again. A bar
    was known at its end, a settlement at the close of its session, everything else at its own stamp.
    """

    market: MarketData
    session: TradingSession
    alteration: Alteration
    original: MarketData | None = None
    """Whose label, lineage and fingerprint are shown; the market beneath may have been read from altered tables."""
    _later: tuple[dt.datetime, ...] = field(init=False)
    _dealt: tuple[int, ...] = field(init=False)
    _last: tuple[MarketSnapshot, MarketSnapshot] | None = field(default=None, init=False)

    def __attrs_post_init__(self) -> None:
        later, at = [], self.alteration.after
        if self.alteration.change is Change.DEALT:
            while (at := self.market.next_at(at)) <= self.session.close:
                later.append(at)
        self._later, self._dealt = tuple(later), tuple(_order(len(later)))

    @property
    def label(self) -> str:
        return (self.original or self.market).label

    @property
    def lineage(self) -> str:
        """What a recording inherited from the ledger it was made beside."""
        return str(getattr(self.original or self.market, "lineage", ""))

    def fingerprint(self) -> str:
        return (self.original or self.market).fingerprint()

    def attend(self, expiries: Expiries | None) -> None:
        self.market.attend(expiries)

    def next_at(self, after: dt.datetime) -> dt.datetime:
        return self.market.next_at(after)

    def snapshot(self, now: dt.datetime) -> MarketSnapshot:
        seen = self.market.snapshot(now)
        if self._last is None or self._last[0] is not seen:
            self._last = seen, self._altered(seen)
        return self._last[1]

    def settlement(self, underlying: str, date: dt.date) -> SettlementPrint | None:
        printed = self.market.settlement(underlying, date)
        known_then = date < self.session.date or self.session.close <= self.alteration.after
        if printed is None or known_then or MarketInput.SETTLEMENT not in self.alteration.inputs:
            return printed
        match self.alteration.change:
            case Change.ABSENT:
                return None
            case Change.SCALED | Change.DEALT:  # one row is in every order the same
                return evolve(printed, price=_scaled(printed.price))
            case other:
                assert_never(other)

    def bars(self, underlying: str, seconds: int, start: dt.datetime, end: dt.datetime) -> Sequence[Bar]:
        shown = self.market.bars(underlying, seconds, start, end)
        kind = MarketInput.CLOSES if seconds >= ONE_DAY else MarketInput.BARS
        if kind not in self.alteration.inputs:
            return shown
        known = [bar for bar in shown if bar.end <= self.alteration.after]
        later = [bar for bar in shown if bar.end > self.alteration.after]
        match self.alteration.change:
            case Change.ABSENT:
                return tuple(known)
            case Change.SCALED:
                return (*known, *(_scaled_bar(bar) for bar in later))
            case Change.DEALT:
                order = _order(len(later))
                return (
                    *known,
                    *(evolve(later[other], start=bar.start) for bar, other in zip(later, order, strict=True)),
                )
            case other:
                assert_never(other)

    def _altered(self, seen: MarketSnapshot) -> MarketSnapshot:
        """The snapshot with what it could not have shown at the instant changed; its chain when that is read."""
        inputs, after = self.alteration.inputs, self.alteration.after
        seen = evolve(seen, chain=self._chain_of(seen))
        if MarketInput.PRICE in inputs and _known_at(seen.spot_at, seen) > after:
            seen = self._other_price(seen)
        if MarketInput.VIX in inputs and _known_at(seen.vix_at, seen) > after:
            seen = self._other_vix(seen)
        return seen

    def _other_vix(self, seen: MarketSnapshot) -> MarketSnapshot:
        """The snapshot with another VIX, where it shows one."""
        if seen.vix is None:
            return seen
        match self.alteration.change:
            case Change.ABSENT:
                then = self._then()
                return evolve(seen, vix=then.vix, vix_at=then.vix_at)
            case Change.SCALED:
                return evolve(seen, vix=_scaled(seen.vix))
            case Change.DEALT:
                return evolve(seen, vix=self._dealt_to(_known_at(seen.vix_at, seen)).vix)
            case other:
                assert_never(other)

    def _other_price(self, seen: MarketSnapshot) -> MarketSnapshot:
        """The snapshot with another price and share quote."""
        match self.alteration.change:
            case Change.ABSENT:
                then = self._then()
                return evolve(
                    seen, spot=then.spot, spot_at=then.spot_at, share=then.share, share_defect=then.share_defect
                )  # fmt: skip
            case Change.SCALED:
                spot = None if seen.spot is None else _scaled(seen.spot)
                return evolve(seen, spot=spot, share=None if seen.share is None else _scaled_quote(seen.share))
            case Change.DEALT:
                shown = self._dealt_to(_known_at(seen.spot_at, seen))
                share = None if shown.share is None else evolve(shown.share, at=_known_at(seen.spot_at, seen))
                return evolve(seen, spot=shown.spot, share=share, share_defect=shown.share_defect)
            case other:
                assert_never(other)

    def _chain_of(self, seen: MarketSnapshot) -> _LaterChain:
        return _LaterChain(self, seen)

    def altered_chain(self, chain: OptionChain | None) -> OptionChain | None:
        """The chain, changed where it was quoted after the instant."""
        inputs = self.alteration.inputs
        if chain is None or chain.as_of <= self.alteration.after:
            return chain
        changed: OptionChain | None = chain
        if MarketInput.CHAINS in inputs:
            changed = self._other_quotes(chain)
        if changed is not None and MarketInput.OPEN_INTEREST in inputs:
            changed = self._other_interest(changed)
        return changed

    def _other_quotes(self, chain: OptionChain) -> OptionChain | None:
        """Other quotes of the same contracts where they are scaled; the open interest stays that of the original."""
        match self.alteration.change:
            case Change.ABSENT:
                then = self._then().chain
                return then if then is not None and then.as_of <= self.alteration.after else None
            case Change.SCALED:
                factor = float(FACTOR)
                return evolve(
                    chain, bid=chain.bid * factor, ask=chain.ask * factor, iv=chain.iv * factor,
                    gamma=chain.gamma * factor,
                )  # fmt: skip
            case Change.DEALT:
                shown = self._dealt_to(chain.as_of).chain
                if shown is None:
                    return None
                later = chain.as_of.timestamp() - shown.as_of.timestamp()
                return evolve(shown, as_of=chain.as_of, quoted_at=shown.quoted_at + later)
            case other:
                assert_never(other)

    def _other_interest(self, chain: OptionChain) -> OptionChain:
        match self.alteration.change:
            case Change.ABSENT:
                then = self._then().chain
                same = then is not None and len(then) == len(chain)
                interest = then.open_interest if then is not None and same else np.full(len(chain), np.nan)
            case Change.SCALED:
                interest = chain.open_interest * float(FACTOR)
            case Change.DEALT:
                interest = chain.open_interest[_order(len(chain))]
            case other:
                assert_never(other)
        return evolve(chain, open_interest=interest)

    def _then(self) -> MarketSnapshot:
        """What the market showed at the instant."""
        return self.market.snapshot(self.alteration.after)

    def _dealt_to(self, stamp: dt.datetime) -> MarketSnapshot:
        """The later snapshot that is shown in place of the one of this stamp."""
        if not self._later:
            return self.market.snapshot(stamp)
        place = min(bisect_left(self._later, stamp), len(self._later) - 1)
        return self.market.snapshot(self._later[self._dealt[place]])


@define(eq=False)
class _LaterChain:
    """Reads and alters a snapshot's chain when it is first asked for."""

    altered: AlteredMarket
    seen: MarketSnapshot

    def __call__(self) -> OptionChain | None:
        return self.altered.altered_chain(self.seen.chain)


def _known_at(stamp: dt.datetime | None, seen: MarketSnapshot) -> dt.datetime:
    return seen.at if stamp is None else stamp


def _order(size: int) -> list[int]:
    """The same other order each time."""
    order: list[int] = np.random.Generator(np.random.PCG64(1)).permutation(size).tolist()
    return order


def _scaled(price: Decimal) -> Decimal:
    return (price * FACTOR).quantize(CENT)


def _scaled_quote(quote: Quote) -> Quote:
    return evolve(quote, bid=_scaled(quote.bid), ask=_scaled(quote.ask))


def _scaled_bar(bar: Bar) -> Bar:
    return evolve(
        bar, open=_scaled(bar.open), high=_scaled(bar.high), low=_scaled(bar.low), close=_scaled(bar.close)
    )  # fmt: skip
