"""Intents: what caused one, what became of it, and how it is written to the wire.

Ids repeat for the same input; metadata goes by profile. Rules: DH-240..242, DH-705, section 6.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from attrs import define, field, frozen

from gammacore.domain.hedge_filter.option_translation import OptionQuote
from gammacore.domain.hedge_filter.protocol import OrderIntent
from gammacore.domain.hedge_filter_events import IntentKind, IntentRecorded, UpdateStatus
from gammacore.domain.hedging.canonical import digest, plain
from gammacore.domain.hedging.decision import Hedge, HedgingDay, net_delta
from gammacore.domain.hedging.exposure import HedgeBook, Holding
from gammacore.domain.hedging.settings import HedgingSettings, Profile
from gammacore.domain.instruments import Side
from gammacore.domain.regime.regime import STOP_BASE, GexStatus, Regime
from gammacore.errors import GammacoreError, InvalidInput

HEDGE_TAG = "0dte_gamma_scalper_hedge"
EXIT_TAG = "0dte_gamma_scalper_exit"


@define(eq=False)
class Cause:
    """Why the desk acts now: the event, or the timer under its tick id. `symbol` is the event's key, "" of a timer."""

    event_id: str
    trigger: str
    symbol: str = ""


@define(eq=False)
class Intent:
    """One intent and the newest of it. Belongs to the book that folds it; read it, do not change it."""

    intent_id: str
    event_id: str
    kind: IntentKind
    book: str
    subject: str
    side: Side
    quantity: int
    attempt: int
    price: Decimal | None
    counts: str
    line: str
    recorded_at: dt.datetime
    status: UpdateStatus = UpdateStatus.RECORDED
    filled: int = 0
    average_price: Decimal | None = None
    fees: Decimal = Decimal(0)
    repeats: int = 0
    given_up: bool = False
    slippage: Decimal = Decimal(0)
    shown: int = 0
    """Contracts that the host's quantity included before their fill was reported."""

    @property
    def trades_option(self) -> bool:
        """An option is traded, not the hedge share of the book."""
        return self.subject != self.book

    @property
    def expected(self) -> int:
        """Signed contracts of an option order that the positions do not show yet. Rules: DH-511, DH-804."""
        return self.in_flight - self.side.sign * self.shown if not self.status.is_over else 0

    def show(self, change: int) -> int:
        """The host's quantity moved by signed contracts: how many of them are fills of this order."""
        if change * self.expected <= 0:
            return 0
        seen = min(abs(change), abs(self.expected))
        self.shown += seen
        return self.side.sign * seen

    def unshown(self, filled: int) -> int:
        """How many of newly filled contracts the host's quantity has not shown; what it has is used up."""
        covered = min(filled, self.shown)
        self.shown -= covered
        return filled - covered

    @property
    def has_news(self) -> bool:
        return self.status is not UpdateStatus.RECORDED

    @property
    def in_flight(self) -> int:
        """Signed quantity that may still be filled; unknown is never assumed dead. Rules: DH-240, DH-241."""
        return 0 if self.status.is_over else self.side.sign * (self.quantity - self.filled)

    def cost_of(self, filled: int, average_price: Decimal) -> Decimal:
        """Price × quantity of what is new in a cumulative fill, points times shares.

        >>> i = Intent("i", "e", IntentKind.HEDGE, "SPY", "SPY", Side.BUY, 10, 1, None, "", "", dt.datetime.min)
        >>> i.filled, i.average_price = 4, Decimal(100)
        >>> i.cost_of(10, Decimal("100.6"))
        Decimal('606.0')
        """
        before = Decimal(0) if self.average_price is None else self.average_price * self.filled
        return average_price * filled - before


@frozen
class IntentWriter:
    """Turns decisions into intents: the wire line, and the event that records it."""

    settings: HedgingSettings
    config_hash: str = field(init=False)

    @config_hash.default
    def _hashed(self) -> str:
        return self.settings.config_hash

    def hedge(
        self, hedge: Hedge, book: HedgeBook, regime: Regime, cause: Cause, day: HedgingDay, at: dt.datetime
    ) -> IntentRecorded:
        """A hedge of a book in its hedge share."""
        metadata = self._opening(IntentKind.HEDGE)
        metadata.update(self._hedge_metadata(hedge, book, regime))
        return self._recorded(
            IntentKind.HEDGE, book.share, book.share, book.share, hedge.shares, 1, hedge.hedge_price, metadata,
            cause, day, at,
        )  # fmt: skip

    def option_hedge(
        self, contracts: int, quote: OptionQuote, hedge: Hedge, book: HedgeBook, regime: Regime, cause: Cause,
        day: HedgingDay, at: dt.datetime,
    ) -> IntentRecorded:  # fmt: skip
        """Signed contracts of an option in place of shares of a hedge; `hedge_qty` counts them. Rules: DH-801..804."""
        metadata = self._opening(IntentKind.HEDGE)
        metadata.update(self._hedge_metadata(hedge, book, regime))
        metadata["hedge_qty"] = str(contracts)
        metadata["option_delta"] = None if quote.delta is None else plain(quote.delta)
        return self._recorded(
            IntentKind.HEDGE, quote.contract.occ, quote.text, book.share, contracts, 1, quote.price, metadata, cause,
            day, at,
        )  # fmt: skip

    def option_exit(
        self, kind: IntentKind, holding: Holding, contracts: int, attempt: int, cause: Cause, day: HedgingDay,
        at: dt.datetime,
    ) -> IntentRecorded:  # fmt: skip
        """The market order that closes `contracts` (signed, as held) of an option."""
        metadata = self._opening(kind)
        metadata["exit_time_et"] = day.exit_time_et(at)
        key, book = holding.listing.key, holding.listing.book or ""
        return self._recorded(
            kind, key, holding.text, book, -contracts, attempt, holding.price, metadata, cause, day, at
        )  # fmt: skip

    def flatten(
        self, kind: IntentKind, book: HedgeBook, attempt: int, price: Decimal | None, cause: Cause, day: HedgingDay,
        at: dt.datetime,
    ) -> IntentRecorded:  # fmt: skip
        """The market order that brings filled and in-flight hedge shares back to zero."""
        metadata = self._opening(kind)
        metadata["exit_time_et"] = day.exit_time_et(at)
        if self.settings.profile is Profile.STANDARD:
            metadata["hedge_shares_before"] = str(book.shares.held)
        return self._recorded(
            kind, book.share, book.share, book.share, -book.shares.held, attempt, price, metadata, cause, day, at
        )  # fmt: skip

    def _opening(self, kind: IntentKind) -> dict[str, Any]:
        return {"reason": kind.value, "strategy": self.settings.strategy_name}

    def _recorded(
        self, kind: IntentKind, subject: str, text: str, book: str, signed: int, attempt: int, price: Decimal | None,
        metadata: dict[str, Any], cause: Cause, day: HedgingDay, at: dt.datetime,
    ) -> IntentRecorded:  # fmt: skip
        if self.settings.profile is Profile.STANDARD:
            if kind is not IntentKind.HEDGE:
                metadata["attempt"] = attempt
            metadata["trigger"] = cause.trigger
            metadata["profile"] = self.settings.profile.value
            metadata["decision_id"] = self.decision_id(day.date, cause.event_id)
            metadata["config_hash"] = self.config_hash
        side = Side.BUY if signed > 0 else Side.SELL
        try:
            intent = OrderIntent(
                intent_id=self.intent_id(kind, text, day.date, cause.event_id, attempt),
                event_id=cause.event_id,
                ts=at,
                symbol=text,
                side=side,
                quantity=abs(signed),
                client_tag=HEDGE_TAG if kind is IntentKind.HEDGE else EXIT_TAG,
                metadata=metadata,
            )
        except InvalidInput as wrong:  # ours to answer for: no line of the input may be blamed and skipped for it
            raise GammacoreError(f"an intent that breaks the protocol was not written: {wrong}") from wrong
        counts = "" if kind.closes_option else self.settings.hedge_ledger.value
        return IntentRecorded(
            at, intent.intent_id, cause.event_id, kind, book, subject, side, intent.quantity, attempt, price, counts,
            intent.body(float_quantity=self.settings.float_quantities),
        )  # fmt: skip

    def intent_id(self, kind: IntentKind, symbol: str, date: dt.date, event_id: str, ordinal: int) -> str:
        """The same input under the same settings gives the same id; raw symbol text is never part of it. DH-705."""
        letters = "".join(letter for letter in symbol if letter.isascii() and letter.isalnum())[:32]
        named = [
            self.settings.strategy_name, self.config_hash, date.isoformat(), event_id, kind.value, symbol, ordinal,
        ]  # fmt: skip
        return f"{kind.prefix}_{letters}_{digest(named, 24)}"

    def decision_id(self, date: dt.date, event_id: str) -> str:
        """Names the decision, for a reader who asks why. Rule: DH-612."""
        return "dec_" + digest([self.config_hash, date.isoformat(), event_id], 16)

    def _hedge_metadata(self, hedge: Hedge, book: HedgeBook, regime: Regime) -> dict[str, Any]:
        """The columns of DH-610 for a hedge; what only `standard` has comes last."""
        profile, gex = self.settings.profile, regime.gex
        net = hedge.net_shares if profile is Profile.SHARES_V2 else net_delta(hedge.net_shares, hedge.unit)
        metadata: dict[str, Any] = {
            "net_delta_before": plain(net),
            "hedge_qty": str(hedge.shares),
            "underlying_price": plain(hedge.underlying_price),
            "hedging_threshold": plain(hedge.threshold),
        }
        if gex.value is not None or profile is not Profile.SOURCE:
            metadata["gex_value"] = None if gex.value is None else plain(gex.value)
        if regime.macro_active or profile is not Profile.SOURCE:
            metadata["macro_event_active"] = regime.macro_active
        if regime.macro_active:
            metadata.update(stop_metadata(hedge, regime))
        if profile is Profile.STANDARD:
            metadata["net_shares_before"] = plain(hedge.net_shares)
            metadata["hedge_shares_before"] = str(book.shares.held)
            metadata["gex_status"] = gex.status.value
            metadata["gex_source"] = None if gex.status is GexStatus.UNKNOWN else gex.source
            metadata["gex_unit"] = gex.unit
            if hedge.ratio != 1:
                metadata["hedge_ratio"] = plain(hedge.ratio)
        return metadata


def stop_metadata(hedge: Hedge, regime: Regime) -> dict[str, Any]:
    """The widened stop of a macro event; it is reported, not sent. Rule: DH-452."""
    macro = regime.macro
    distance = STOP_BASE * macro.stop
    price = hedge.hedge_price * (1 - distance if hedge.shares > 0 else 1 + distance)
    return {
        "stop_loss_multiplier": plain(macro.stop),
        "position_size_multiplier": plain(macro.size),
        "adjusted_stop_loss_pct": plain(distance),
        "stop_loss_price": plain(price),
    }
