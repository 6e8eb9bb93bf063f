"""Options as hedges: the chain the desk has seen, and the orders of it that are still in flight. Rules: DH-801..804.

Only what market events showed is known of a chain: options of a hedge share with bid, ask and delta. Nothing is kept
where hedges are shares alone.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from attrs import define, field

from gammacore.domain.hedge_filter.intents import Intent
from gammacore.domain.hedge_filter.option_translation import (
    HedgeOptionSelector,
    Leg,
    OptionHedge,
    OptionQuote,
    SelectorRefusal,
    leg_for,
    translate,
)
from gammacore.domain.hedge_filter.protocol import MarketEvent
from gammacore.domain.hedge_filter_events import OptionQuoted
from gammacore.domain.hedging.decision import Alarm, Hedge, HedgingDay
from gammacore.domain.hedging.exposure import Listing, Universe
from gammacore.domain.hedging.settings import HedgingSettings, seconds
from gammacore.domain.instruments import Side

ZERO = Decimal(0)
TWO = Decimal(2)


@define(eq=False)
class OptionHedges:
    """Part of the desk's book, by hedge share: the newest market of every option seen this session.

    `working` are option hedges of this session that may still be filled; they count in N at the newest delta. DH-804.
    `ordered` are the options that hedges of this session were made of, whatever became of them.
    """

    _universe: Universe
    chains: dict[str, dict[str, OptionQuote]] = field(factory=dict)
    working: dict[str, Intent] = field(factory=dict)
    ordered: set[str] = field(factory=set)

    def take_quote(self, quoted: OptionQuoted) -> None:
        """The market of an option as it is now."""
        listing = self._universe.listing(quoted.text)
        if listing.contract is not None and listing.book is not None:
            self.chains.setdefault(listing.book, {})[listing.key] = OptionQuote(
                listing.contract, quoted.bid, quoted.ask, quoted.delta, quoted.price, quoted.text, quoted.at
            )

    def quote(self, share: str, key: str) -> OptionQuote | None:
        return self.chains.get(share, {}).get(key)

    def in_flight_shares(self, share: str) -> Decimal:
        """Σ delta × contracts × multiplier × ratio of what may still be filled, shares."""
        total = ZERO
        for intent in self.working.values():
            quote = self.quote(share, intent.subject) if intent.book == share else None
            if quote is not None and quote.delta is not None:
                total += quote.delta * intent.expected * self._universe.listing(intent.subject).shares_per_contract
        return total

    def show(self, key: str, change: int) -> None:
        """The host's quantity moved by `change` contracts: fills of ours that it knows before their order update.

        They leave the contracts in flight, and the fill that is reported later adds nothing twice.
        """
        for intent in self.working.values():
            if intent.subject == key:
                change -= intent.show(change)

    def forget(self) -> None:
        """A new session: quotes are old, and day orders are over."""
        self.chains.clear()
        self.working.clear()
        self.ordered.clear()


def quoted(listing: Listing, event: MarketEvent) -> OptionQuoted | None:
    """What an event shows of an option that may hedge its book, if it shows enough: bid, ask and delta. DH-804."""
    if not listing.may_hedge or event.bid is None or event.ask is None or event.delta is None:
        return None
    price = (event.bid + event.ask) / TWO if event.price is None else event.price
    return OptionQuoted(event.ts, event.symbol, event.bid, event.ask, event.delta, price)


@define(eq=False)
class OptionChoice:
    """A hedge made of options: how many of which, the rest in shares; or shares alone and why."""

    hedge: OptionHedge
    quote: OptionQuote | None = None
    refusal: Alarm | SelectorRefusal | None = None


class OptionDesk:
    """Chooses the option that stands for a hedge in shares."""

    def __init__(self, settings: HedgingSettings, universe: Universe, hedges: OptionHedges) -> None:
        self._settings = settings
        self._universe = universe
        self._hedges = hedges
        self._selector = HedgeOptionSelector(supported=tuple(sorted(universe.hedge_shares)))
        self._max_age = seconds(settings.underlying_max_age)

    def choose(self, share: str, hedge: Hedge, day: HedgingDay, now: dt.datetime) -> OptionChoice | None:
        """The options for a hedge, or shares and the reason; None where this side is hedged in shares. Section 8.

        A quote serves as long as a price of an underlying does (DH-231).
        """
        side = Side.SELL if hedge.shares < 0 else Side.BUY
        leg, shares = leg_for(self._settings, side), abs(hedge.shares)
        if leg is None or day.session is None:
            return None
        rows = [quote for quote in self._hedges.chains.get(share, {}).values() if self._serves(quote, now)]
        found = self._selector.select(
            share, hedge.hedge_price, leg[1], rows, now, day.session.close, today=day.date
        )  # fmt: skip
        if isinstance(found, SelectorRefusal):
            return OptionChoice(OptionHedge(side, None, 0, shares), refusal=found)
        return self._translated(leg, side, shares, found)

    def _translated(self, leg: Leg, side: Side, shares: int, quote: OptionQuote) -> OptionChoice:
        multiplier = self._universe.listing(quote.contract.occ).multiplier
        hedge = translate(leg, side, shares, quote.delta, multiplier)
        return OptionChoice(hedge, quote, hedge.reason)

    def _serves(self, quote: OptionQuote, now: dt.datetime) -> bool:
        return quote.is_sound and quote.at is not None and now - quote.at <= self._max_age
