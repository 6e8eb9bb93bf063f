"""What the quotes say of each credit spread while a day is traded: at its fills, and between them. ST-308, ST-310."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from decimal import Decimal

from attrs import define, field

from gammacore.application.day_ledger import DayLedger
from gammacore.domain.holdings.holding import sold_spreads
from gammacore.domain.ledger import Event, OrderFilled
from gammacore.domain.legs import ShareLeg
from gammacore.domain.orders import Order
from gammacore.domain.spreads import CreditSpread
from gammacore.domain.study.marks import FillMark, TradeMarks
from gammacore.domain.study.record import ClosedTrade, TradeFlag
from gammacore.errors import MarketDataError
from gammacore.ports.market_data import MarketData

WHOLE = ""
"""In place of a leg's symbol: spreads filled with every leg in ratio."""


@define
class _Fills:
    """What the fills of one direction would have brought at mids and at natural prices, points times contracts."""

    mid: Decimal = Decimal(0)
    natural: Decimal = Decimal(0)
    contracts: int = 0
    is_known: bool = True

    def a_spread(self, contracts: int) -> FillMark | None:
        """For one spread; None where a quote was missing or not every contract was filled so."""
        if not self.is_known or not contracts or self.contracts != contracts:
            return None
        return FillMark(self.mid / contracts, self.natural / contracts)


@define
class _Watched:
    entry: _Fills = field(factory=_Fills)
    exit: _Fills = field(factory=_Fills)
    mids: list[tuple[dt.datetime, Decimal]] = field(factory=list)


class WatchMarks:
    """Looks at every credit spread after every cycle of a day in memory; nothing it does reaches the day.

    `market` is the day's own. A spread that trades leg by leg has marks at its fills only once every leg is filled.
    """

    def __init__(self, market: MarketData, after: int = 0) -> None:
        """`after` is the ledger's version as the day begins."""
        self._market = market
        self._read = after
        self._spreads: dict[str, CreditSpread] = {}
        self._watched: dict[str, _Watched] = {}
        self._filled: dict[str, dict[str, int]] = {}

    def __call__(self, now: dt.datetime, ledger: DayLedger) -> None:
        """Take one cycle in."""
        before, book = self._spreads, ledger.book
        news: Iterable[Event] = ()
        if book.version != self._read:
            news, self._read = ledger.events(self._read), book.version
        self._spreads = {spread.id: spread.plan.spread for spread in sold_spreads(book.live_holdings)}
        for event in news:
            if isinstance(event, OrderFilled) and (order := book.order(event.id)) is not None:
                self._filled_at(event, order, {**before, **self._spreads})
        watched = {**before, **self._spreads}
        if watched:
            self._look(now, watched)

    def of(self, trade: ClosedTrade) -> TradeMarks:
        """The marks of a closed trade, as far as the day saw it."""
        seen = self._watched.get(trade.id)
        if seen is None:
            return TradeMarks()
        leaving = seen.exit.a_spread(trade.contracts)
        if TradeFlag.SETTLED in trade.flags:
            leaving = (
                FillMark(trade.debit, trade.debit) if trade.debit is not None and not seen.exit.contracts else None
            )
        return TradeMarks(seen.entry.a_spread(trade.contracts), leaving, seen.mids)

    def _look(self, now: dt.datetime, watched: Mapping[str, CreditSpread]) -> None:
        try:
            snapshot = self._market.snapshot(now)
        except MarketDataError:
            return
        for name, spread in watched.items():
            if (mark := spread.mark(snapshot.quote)) is not None:
                self._of(name).mids.append((now, mark.mid))

    def _filled_at(self, event: OrderFilled, order: Order, watched: Mapping[str, CreditSpread]) -> None:
        """What has come since the last report of this order, at the quotes of the snapshot that filled it."""
        ticket, earlier = order.ticket, self._filled.setdefault(order.id, {})
        if ticket.holding not in watched:
            return
        fills = self._of(ticket.holding).exit if ticket.closes else self._of(ticket.holding).entry
        try:
            snapshot = self._market.snapshot(event.at)
        except MarketDataError:
            fills.is_known = False
            return
        sign = -1 if ticket.closes else 1  # an entry brings a credit, an exit costs a debit: both are above 0
        for leg in ticket.legs:
            more = event.execution.filled_of(leg) - earlier.get(leg.symbol, 0)
            earlier[leg.symbol] = event.execution.filled_of(leg)
            quote = None if isinstance(leg, ShareLeg) else snapshot.quote(leg.contract)
            if quote is None:
                fills.is_known = fills.is_known and not more
                continue
            fills.mid -= sign * leg.side.sign * more * quote.mid
            fills.natural -= sign * leg.side.sign * more * (quote.ask if leg.side.sign > 0 else quote.bid)
        if len(ticket.legs) > 1:  # of legs closed alone no whole spread is filled
            fills.contracts += event.execution.quantity - earlier.get(WHOLE, 0)
            earlier[WHOLE] = event.execution.quantity

    def _of(self, name: str) -> _Watched:
        return self._watched.setdefault(name, _Watched())
