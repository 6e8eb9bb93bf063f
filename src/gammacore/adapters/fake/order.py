"""One order as the fake exchange holds it, and the faults announced to the exchange in advance. Rules: R3, R4."""

from __future__ import annotations

import datetime as dt
from collections import deque
from collections.abc import Iterable
from decimal import Decimal
from enum import StrEnum

from attrs import evolve, field, frozen

from gammacore.domain.legs import LegFill
from gammacore.domain.orders import Execution, OrderReport, OrderState, OrderTicket
from gammacore.domain.parameters import parameter
from gammacore.errors import BrokerUnavailable, InvalidInput


class CancelOutcome(StrEnum):
    """What a cancel that is not ignored leads to.

    FILLED_FIRST: the order fills on the next snapshot, before the cancel reaches it. FILLED_LATE: reported canceled,
    and then the next snapshot brings the fill after all (CS-410).
    """

    CANCELED = "canceled"
    FILLED_FIRST = "filled_first"
    FILLED_LATE = "filled_late"


@frozen
class Behaviour:
    """How the exchange will treat one order; the default treats it as a fair exchange would.

    On arrival: `unavailable` sends nothing; `times_out` loses the answer, the order itself too unless `accepts`;
    `rejects` is the reason of an immediate refusal, `rejects_later` of one on the next snapshot, after acceptance.
    Then: `delay` snapshots pass first; `never` rests for good; `parts` are the spreads filled on each matching
    snapshot, after which the order rests; `leg_contracts` are the contracts filled of each leg, in or out of ratio,
    after which it rests. On a cancel: the first `ignored_cancels` change nothing, the next leads to `on_cancel`.
    """

    unavailable: bool = False
    times_out: bool = False
    accepts: bool = True
    rejects: str = ""
    rejects_later: str = ""
    delay: int = parameter(0, "Snapshots to let pass before the order is matched.", at_least=0)
    never: bool = False
    parts: tuple[int, ...] | None = None
    leg_contracts: tuple[int, ...] | None = None
    ignored_cancels: int = parameter(0, "Cancels that change nothing.", at_least=0)
    on_cancel: CancelOutcome = field(default=CancelOutcome.CANCELED, converter=CancelOutcome)

    def __attrs_post_init__(self) -> None:
        if self.parts is not None and min(self.parts, default=1) < 1:
            raise InvalidInput("parts", self.parts, "give parts of at least 1 spread")
        if self.leg_contracts is not None and min(self.leg_contracts, default=0) < 0:
            raise InvalidInput("leg_contracts", self.leg_contracts, "give 0 or more contracts for each leg")


FAIR = Behaviour()


class FaultPlan:
    """What will happen to the orders and questions that come next: first in, first used; then everything is fair.

    Lives in the process: a restarted exchange is fair again, but the orders it holds keep what they were given.
    """

    def __init__(self, submits: Iterable[Behaviour] = ()) -> None:
        self._submits = deque(submits)
        self._failing_queries = 0
        self._failing_cancels = 0
        self._stale_holdings = 0
        self._stale_reports = 0

    def next_submit(self, behaviour: Behaviour) -> None:
        self._submits.append(behaviour)

    def queries_fail(self, times: int) -> None:
        """The next `times` of order(), orders(), holdings(), clock() and account() answer nothing."""
        self._failing_queries = times

    def cancels_fail(self, times: int) -> None:
        """The next `times` cancels never reach the exchange."""
        self._failing_cancels = times

    def holdings_lag(self, times: int) -> None:
        """The next `times` of holdings() show what was held before the last fill."""
        self._stale_holdings = times

    def reports_lag(self, times: int) -> None:
        """The next `times` of order() repeat what was answered before the newest change, as if out of order."""
        self._stale_reports = times

    def take_submit(self) -> Behaviour:
        return self._submits.popleft() if self._submits else FAIR

    def check_query(self) -> None:
        """Raises BrokerUnavailable while queries are planned to fail."""
        if self._failing_queries:
            self._failing_queries -= 1
            raise BrokerUnavailable("the exchange did not answer the query (planned)")

    def check_cancel(self) -> None:
        """Raises BrokerUnavailable while cancels are planned to fail."""
        if self._failing_cancels:
            self._failing_cancels -= 1
            raise BrokerUnavailable("the cancel did not reach the exchange (planned)")

    def take_stale_holdings(self) -> bool:
        if not self._stale_holdings:
            return False
        self._stale_holdings -= 1
        return True

    def take_stale_report(self) -> bool:
        if not self._stale_reports:
            return False
        self._stale_reports -= 1
        return True


Prices = tuple[Decimal, ...]
"""Points, one for each leg of a ticket, in its order."""


@frozen
class ExchangeOrder:
    """An order at the exchange. It works from `opens_at` to `expires_at`, the close of the day it came in.

    `contracts` and `amounts` (points × contracts) are what was filled of each leg, exactly. `matched_to` is the time of
    the last snapshot it was held against, `snapshots` how many there were, `parts` how many fills. `reserve` is the
    buying power, dollars a spread, it holds while it works. `late_fill`: canceled in the report, to be filled all the
    same. `rests`: by the quotes of the moment it came in it could not trade.
    """

    ticket: OrderTicket
    broker_id: str
    state: OrderState
    changed_at: dt.datetime
    matched_to: dt.datetime
    opens_at: dt.datetime
    expires_at: dt.datetime
    contracts: tuple[int, ...]
    amounts: tuple[Decimal, ...]
    reserve: Decimal = Decimal(0)
    fees: Decimal = Decimal(0)
    behaviour: Behaviour = FAIR
    snapshots: int = 0
    parts: int = 0
    cancels: int = 0
    late_fill: bool = False
    rests: bool = False
    reason: str = ""

    @property
    def is_matchable(self) -> bool:
        """A later snapshot can still change it."""
        return self.late_fill or not self.state.is_final

    @property
    def fills_regardless(self) -> bool:
        """The cancel came too late: the next snapshot fills all that is left."""
        return self.late_fill or self.state is OrderState.CANCEL_REQUESTED

    @property
    def spreads(self) -> int:
        """Spreads filled with every leg in ratio."""
        return min(done // leg.ratio for done, leg in zip(self.contracts, self.ticket.legs, strict=True))

    @property
    def unfilled(self) -> tuple[int, ...]:
        """Contracts, or shares, left of each leg."""
        full = (leg.ratio * self.ticket.quantity for leg in self.ticket.legs)
        return tuple(whole - done for whole, done in zip(full, self.contracts, strict=True))

    @property
    def reserved(self) -> Decimal:
        """Dollars of buying power the unfilled rest holds."""
        return self.reserve * (self.ticket.quantity - self.spreads) if self.is_matchable else Decimal(0)

    def moved(self, state: OrderState, at: dt.datetime, reason: str = "") -> ExchangeOrder:
        return evolve(self, state=state, changed_at=at, reason=reason or self.reason)

    def held_against(self, at: dt.datetime) -> ExchangeOrder:
        """The order after one more snapshot was looked at."""
        return evolve(self, matched_to=at, snapshots=self.snapshots + 1)

    def filled(self, contracts: tuple[int, ...], prices: Prices, fees: Decimal, at: dt.datetime) -> ExchangeOrder:
        """The order after so many more contracts of each leg were traded, each at its price in points."""
        grown = evolve(
            self,
            contracts=tuple(done + more for done, more in zip(self.contracts, contracts, strict=True)),
            amounts=tuple(
                paid + price * more for paid, price, more in zip(self.amounts, prices, contracts, strict=True)
            ),
            fees=self.fees + fees,
            parts=self.parts + 1,
        )
        if not any(grown.unfilled):
            return evolve(grown, state=OrderState.FILLED, changed_at=at, late_fill=False)
        return evolve(grown, state=OrderState.PARTIALLY_FILLED, changed_at=at)

    @property
    def cash(self) -> Decimal:
        """Dollars received (positive) or paid for everything filled, before fees."""
        points = sum(
            (-leg.side.sign * paid for leg, paid in zip(self.ticket.legs, self.amounts, strict=True)), Decimal(0)
        )
        return points * self.ticket.multiplier

    @property
    def execution(self) -> Execution:
        """Everything filled so far: legs at their average price, spreads in ratio at the net of those."""
        fills = tuple(
            LegFill(leg.symbol, leg.side, done, paid / done)
            for leg, done, paid in zip(self.ticket.legs, self.contracts, self.amounts, strict=True)
            if done
        )
        if not self.spreads:
            return Execution(0, None, self.fees, fills)
        return Execution(self.spreads, net_price(self.ticket, tuple(fill.price for fill in fills)), self.fees, fills)

    @property
    def report(self) -> OrderReport:
        return OrderReport(self.ticket.id, self.broker_id, self.state, self.execution, self.changed_at, self.reason)


def net_price(ticket: OrderTicket, prices: Prices) -> Decimal:
    """What one spread costs or brings at these leg prices, points, positive in the ticket's effect."""
    received = sum(
        (-leg.side.sign * leg.ratio * price for leg, price in zip(ticket.legs, prices, strict=True)), Decimal(0)
    )
    return ticket.effect.sign * received
