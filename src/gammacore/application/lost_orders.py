"""Orders of ours that this ledger lost: it is older than the account, restored from a backup or a snapshot."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from gammacore.application.day_ledger import DayLedger
from gammacore.domain.ledger import AlarmRaised, Halted
from gammacore.domain.orders import OrderReport, is_our_id
from gammacore.domain.sessions import NEW_YORK
from gammacore.errors import BrokerError
from gammacore.ports.broker import Broker
from gammacore.ports.clock import Clock

LEDGER_BEHIND = "ledger_behind"


class LostOrders:
    """Looks once a process for today's orders that bear an id of ours and are in no book of ours. Rules: CS-574, R1.

    Where one is newer than all that the ledger knows, slots may be traded twice: the kill switch is latched, as after a
    repair that lost events; what is held is compared, taken up and closed all the same. No id of theirs is used again:
    the broker would answer with the old order. `looks` False: a study's exchange, which forgets with its ledger.
    `is_mine` says whose ids are ours.
    """

    def __init__(
        self, ledger: DayLedger, broker: Broker, clock: Clock, *, looks: bool = True,
        is_mine: Callable[[str], bool] = is_our_id,
    ) -> None:  # fmt: skip
        self._ledger = ledger
        self._broker = broker
        self._clock = clock
        self._is_mine = is_mine
        self._known_until = ledger.book.last_at
        self._ids: frozenset[str] = frozenset()
        self.is_done = not looks
        """Whether the broker has shown its orders since this process began."""

    def __contains__(self, order_id: object) -> bool:
        return order_id in self._ids

    def __call__(self) -> None:
        """Look, where that was not done yet; a broker that does not answer is asked again in the next cycle."""
        if self.is_done:
            return
        try:
            reports = self._broker.orders()
        except BrokerError:
            return
        self.is_done = True
        lost = [report for report in reports if self._is_mine(report.id) and self._ledger.book.order(report.id) is None]
        self._ids = frozenset(report.id for report in lost)
        if self._known_until is not None and (newer := [one for one in lost if one.at > self._known_until]):
            self._halt(newer, self._known_until)

    def _halt(self, newer: list[OrderReport], known_until: dt.datetime) -> None:
        now, last = self._clock.now(), max(report.at for report in newer)
        orders = f"{len(newer)} order{'s' if len(newer) > 1 else ''} of ours that this ledger does not have"
        why = f"the account has {orders}, the last of {_hour(last)}; the ledger ends at {_hour(known_until)}"
        detail = (
            f"{why}: it is older than the account, restored from a backup or a snapshot. What is held is compared and "
            "taken up, exits run; what was booked since is not in it. No entries until `gammacore resume`"
        )
        self._ledger.record(AlarmRaised(now, LEDGER_BEHIND, detail), Halted(now, why))


def _hour(instant: dt.datetime) -> str:
    return f"{instant.astimezone(NEW_YORK):%H:%M:%S} New York"
