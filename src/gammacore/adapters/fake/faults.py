"""What goes wrong at the fake exchange, told in advance. Rules: R3, R4."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from enum import StrEnum

from attrs import field, frozen

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
