"""Watch whose orders the account has: of another ledger of gammacore, or of ours that this ledger does not know.

Every client id begins with the mark of its ledger. Orders of another mark are another host's, or those of a ledger that
was begun anew: nothing is opened beside them, and nothing of theirs is taken for ours. Rules: CS-574, R1.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence

from gammacore.application.alarms import RepeatedAlarms
from gammacore.application.day_ledger import DayLedger
from gammacore.domain.desks.order_news import LATE_FILLS
from gammacore.domain.desks.orphans import OURS_ONLY, ReconcileRules
from gammacore.domain.orders import OrderReport, OrderState, lineage_mark, mark_of_id
from gammacore.domain.verdicts import Verdict
from gammacore.errors import BrokerError
from gammacore.ports.broker import Broker
from gammacore.ports.clock import Clock

LOOKED_EVERY = dt.timedelta(seconds=60)
"""How often the account's orders are looked through (ours); before an opening they always are."""
BELIEVED_FOR = dt.timedelta(minutes=3)
"""Where the broker does not answer, an earlier look counts for so long (ours)."""
LOST_HOLDS_BACK = dt.timedelta(seconds=60)
"""So long an order of ours that the ledger lost, and that still works, holds every other order back (ours)."""
FOREIGN = "foreign_lineage"
LOST = "order_not_in_ledger"
SHOWN = 3
"""Client ids an alarm names."""


class WatchLineage:
    """Looks through the account's orders of today for client ids that this ledger did not make."""

    def __init__(
        self, ledger: DayLedger, broker: Broker, clock: Clock, rules: ReconcileRules = OURS_ONLY, *, looks: bool = True
    ) -> None:
        """`looks` False: the account is a simulated exchange's, which no other process trades."""
        self._ledger = ledger
        self._broker = broker
        self._clock = clock
        self._rules = rules
        self._looks = looks
        self._alarm = RepeatedAlarms(clock)
        self._tried_at: dt.datetime | None = None
        self._looked_at: dt.datetime | None = None
        self._foreign: tuple[OrderReport, ...] = ()
        self._lost: Mapping[str, dt.datetime] = {}

    def __call__(self) -> None:
        """Look where the last look is a minute old; while something was found, in every cycle."""
        now = self._clock.now()
        is_due = self._tried_at is None or now - self._tried_at >= LOOKED_EVERY
        if self._looks and (is_due or self._foreign or self._lost):
            self._look(now)

    def is_mine(self, order_id: str) -> bool:
        """Whether this ledger, or an earlier one that it takes over, made a client id."""
        opened = self._ledger.book.opened
        return opened is not None and self._rules.is_ours(order_id, lineage_mark(opened.lineage))

    def judge_opening(self) -> Verdict:
        """Whether something may be opened: no other ledger of gammacore trades this account. Asked afresh. CS-302."""
        if not self._looks:
            return Verdict.ok("simulated")
        now = self._clock.now()
        self._look(now)
        if self._looked_at is None or now - self._looked_at > BELIEVED_FOR:
            return Verdict.unknown(FOREIGN, "the broker did not show whose orders the account has")
        if self._foreign:
            return Verdict.skip(FOREIGN, _named(self._foreign), "orders of another gammacore ledger at this account")
        return Verdict.ok("no other ledger")

    def judge_any(self) -> Verdict:
        """Whether any order may leave: not while one of ours works that this ledger lost, for a minute at most. R1."""
        now = self._clock.now()
        held_back = [order for order, since in self._lost.items() if now - since < LOST_HOLDS_BACK]
        if held_back:
            return Verdict.skip(LOST, ", ".join(held_back), "still works and is called back first")
        return Verdict.ok("none lost")

    def _look(self, now: dt.datetime) -> None:
        book = self._ledger.book
        if book.opened is None:
            return
        self._tried_at = now
        try:
            reports = self._broker.orders()
        except BrokerError:
            return  # what was seen before counts, for a while
        self._looked_at = now
        mine = lineage_mark(book.opened.lineage)
        strangers = [report for report in reports if book.order(report.id) is None]
        self._foreign = self._still_there(
            [r for r in strangers if self._rules.is_of_another_host(r.id, mine)], strangers
        )
        lost = [r for r in strangers if self.is_mine(r.id) and not r.state.is_final]
        self._call_back([*lost, *(r for r in reports if self._rests_after_all(r, now))], now)
        if self._foreign:
            about = ", ".join(sorted({mark_of_id(report.id) or "" for report in self._foreign}))
            self._ledger.record(*self._alarm(FOREIGN, _words(self._foreign), "", about=about))

    def _rests_after_all(self, report: OrderReport, now: dt.datetime) -> bool:
        """Whether a stop works that the broker had reported as ended: it would rest all day beside what took its place.

        For the first minutes the order desk looks itself. Decision 0058.
        """
        order = self._ledger.book.order(report.id)
        if order is None or not order.ticket.is_stop or report.state.is_final:
            return False
        is_ended = order.state.is_final and order.state is not OrderState.FILLED
        return is_ended and now - order.changed_at > LATE_FILLS

    def _still_there(self, foreign: Sequence[OrderReport], strangers: Iterable[OrderReport]) -> tuple[OrderReport, ...]:
        """Those that work, or whose contracts no later order has closed, and that came after the last `resume`."""
        resumed = self._ledger.book.resumed_at
        news = [report for report in foreign if resumed is None or report.at > resumed]
        net: dict[str, int] = {}
        for fill in (fill for report in strangers for fill in report.execution.legs):
            net[fill.symbol] = net.get(fill.symbol, 0) + fill.side.sign * fill.quantity
        return tuple(report for report in news if not report.state.is_final or _holds(report, net))

    def _call_back(self, lost: Sequence[OrderReport], now: dt.datetime) -> None:
        """An order of ours that is in no book would trade beside the one that is decided now: it is called back. R1."""
        before = self._lost
        self._lost = {report.id: before.get(report.id, now) for report in lost}
        for report in lost:
            problem = ""
            try:
                self._broker.cancel(report.id)
            except BrokerError as refusal:
                problem = f" ({refusal})"
            here = "is not in it" if self._ledger.book.order(report.id) is None else "counts as ended in it"
            detail = f"order {report.id} of this ledger works at the broker and {here}; called back{problem}"
            self._ledger.record(*self._alarm(LOST, detail, "", about=report.id))


def _holds(report: OrderReport, net: Mapping[str, int]) -> bool:
    if report.execution.any and not report.execution.legs:
        return True  # what it traded is not shown
    return any(net.get(fill.symbol) for fill in report.execution.legs)


def _named(reports: Sequence[OrderReport]) -> str:
    ids = [report.id for report in reports]
    return ", ".join(ids[:SHOWN]) + (f" and {len(ids) - SHOWN} more" if len(ids) > SHOWN else "")


def _words(reports: Sequence[OrderReport]) -> str:
    """What is there, which orders, what to do."""
    marks = sorted({mark_of_id(report.id) or "" for report in reports})
    begins = " and ".join(f"gc-{mark}" for mark in marks)
    earlier = ", ".join(f'"{mark}"' for mark in marks)
    return (
        f"another gammacore ledger trades this account: {_named(reports)}; nothing is opened here while its orders "
        f"work or their contracts are held. Stop the other host (its client ids begin with {begins}); if it was an "
        f"earlier ledger of yours, set reconcile.lineages = [{earlier}]; `gammacore resume` goes on beside it"
    )
