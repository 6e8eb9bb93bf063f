"""How a holding is booked, and what closed trades brought: the balance and the record that sizing looks back on.

Rules: CS-005, CS-339, CS-561..564, CS-603, CS-610, CS-622.
"""

from __future__ import annotations

import datetime as dt
from collections import deque
from collections.abc import Iterable
from decimal import Decimal

from gammacore.domain.dollars import without_dust
from gammacore.domain.holding_events import HoldingClosed
from gammacore.domain.holdings.holding import AnyHolding
from gammacore.domain.instruments import EQUITY_OPTION_MULTIPLIER
from gammacore.domain.ledger import HistoryImported
from gammacore.domain.orders import Order
from gammacore.domain.sessions import new_york_date
from gammacore.errors import InvalidInput

STATISTICS_WINDOW = 200
"""Per-contract results kept for sizing; the rolling window of a policy is at most this long."""


class BookResults:
    """Balance, fees and results, dollars; `per_contract` are gross, oldest first."""

    def __init__(self) -> None:
        self.balance = Decimal(0)
        self.total_trades = 0
        self.total_fees = Decimal(0)
        self._per_contract: deque[Decimal] = deque(maxlen=STATISTICS_WINDOW)
        self._realised: dict[dt.date, Decimal] = {}
        self._outcomes: deque[tuple[dt.datetime, Decimal]] = deque(maxlen=STATISTICS_WINDOW)

    @property
    def per_contract(self) -> tuple[Decimal, ...]:
        return tuple(self._per_contract)

    def realised_on(self, date: dt.date) -> Decimal:
        """P/L after fees of everything closed on a New York date. Rules: CS-339, CS-622."""
        return self._realised.get(date, Decimal(0))

    @property
    def net(self) -> tuple[Decimal, ...]:
        """Dollars after fees of the newest closed holdings, oldest first. Rule: SC-612."""
        return tuple(profit for _, profit in self._outcomes)

    def losses_in_a_row(self, since: dt.datetime) -> int:
        """Closed since then with a loss after fees, back from the newest; a gain ends the row, nothing leaves it.

        Rule: SC-608.
        """
        losses = 0
        for at, net in reversed(self._outcomes):
            if at < since or net > 0:
                break
            losses += net < 0
        return losses

    def imported(self, event: HistoryImported) -> None:
        """The record of trades made before this ledger; no money moves."""
        if self.total_trades:
            raise InvalidInput("event", "HistoryImported", "what came before is recorded once, before the first close")
        if event.total_trades < len(event.results):
            raise InvalidInput("total_trades", event.total_trades, f"give {len(event.results)} or more, all of them")
        self._per_contract.extend(event.results)
        self.total_trades = event.total_trades

    def closed(self, event: HoldingClosed) -> None:
        """A holding is booked: the balance changes once; only trades of the record count as such. Rule: CS-610."""
        self.balance += event.gross - event.fees
        self.total_fees += event.fees
        date = new_york_date(event.at)
        self._realised[date] = self.realised_on(date) + event.gross - event.fees
        self._outcomes.append((event.at, event.gross - event.fees))
        if event.is_trade:
            self.total_trades += 1
            if event.contracts:  # loose legs that were repaired away are no trade of a contract
                self._per_contract.append(event.per_contract)


CLOSED_EXTERNALLY = "closed_externally"
"""Another trader, or the broker, ended it."""
SETTLED = "settled"


def booked(
    holding: AnyHolding,
    at: dt.datetime,
    reason: str,
    settlement_price: Decimal | None = None,
    *,
    estimated: bool = False,
) -> HoldingClosed:
    """What a flat holding brought, and what ending one spread of it cost, points. Rules: CS-005, CS-564.

    An estimate too where another trader traded part of it at a price that is not known (CS-572).
    """
    gross, shares = without_dust(holding.gross), without_dust(holding.shares_realised)
    contracts = holding.contracts
    cost = gross / (EQUITY_OPTION_MULTIPLIER * contracts) if contracts else Decimal(0)
    return HoldingClosed(
        at=at,
        holding=holding.id,
        reason=reason,
        options=gross - shares,
        shares=shares,
        fees=holding.fees,
        is_trade=holding.plan is not None,
        contracts=contracts,
        exit_value=holding.credit - cost if contracts else Decimal(0),
        settlement_price=settlement_price,
        estimated=estimated or bool(holding.missing),
    )


def end_of(holding: AnyHolding, orders: Iterable[Order]) -> str:
    """Why a holding that is flat by fills ended: what was decided, else what its last order was for."""
    if holding.exit_reason:
        return holding.exit_reason
    if holding.plan is not None:
        return CLOSED_EXTERNALLY if holding.outside else "repaired"
    filled = [order for order in orders if order.execution.any]
    return filled[-1].ticket.reason if filled else SETTLED
