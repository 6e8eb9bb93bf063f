"""Reconcile the book with the broker: match, adopt what is ours, quarantine what is not, notice what is gone.

A failed query is never "flat"; a difference counts after two looks in a row. Rules: CS-571..575, R5.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from functools import partial

from attrs import evolve, frozen

from gammacore.application.alarms import Containment, RepeatedAlarms
from gammacore.application.day_ledger import DayLedger
from gammacore.application.lost_orders import LostOrders
from gammacore.application.order_desk import OrderDesk
from gammacore.application.take_in import ReconcileVerdict, TakeIn
from gammacore.application.take_shown import TakeShown
from gammacore.application.unfound_shares import UnfoundShares
from gammacore.domain.book.results import CLOSED_EXTERNALLY
from gammacore.domain.desks.orphans import OURS_ONLY, REPORTED_AFTER, ReconcileRules
from gammacore.domain.desks.outside_trades import adjustments, part, returnable
from gammacore.domain.desks.shown_fills import buy_back_uncovered, may_still_fill
from gammacore.domain.holding_events import DifferenceSeen
from gammacore.domain.holdings.holding import AnyHolding, HoldingState
from gammacore.domain.holdings.policy import PRESETS, StopPolicy
from gammacore.domain.instruments import REGISTRY, Underlying, contract_of
from gammacore.domain.ledger import AlarmRaised, HoldingsQuarantined
from gammacore.domain.option_symbols import by_contract, may_be_a_share
from gammacore.domain.orders import Order, OrderReport, OrderState, Purpose
from gammacore.domain.strategy import Repair
from gammacore.errors import BrokerError
from gammacore.ports.broker import Broker, unread_in, unread_in_words
from gammacore.ports.clock import Clock

LOOKS = 2
YOUNG = dt.timedelta(seconds=60)


@frozen
class ReconcileFinding:
    """One line of the comparison: what the book expects and the broker holds, contracts, signed."""

    symbol: str
    expected: int
    held: int | None
    verdict: ReconcileVerdict


class Reconcile:
    """Compares holdings at the start and in every cycle. Shares and ETFs are no orphans (CS-571)."""

    def __init__(
        self, ledger: DayLedger, desk: OrderDesk, broker: Broker, clock: Clock, *,
        rules: ReconcileRules = OURS_ONLY,
        policy: StopPolicy = PRESETS["standard"],
        underlyings: Mapping[str, Underlying] = REGISTRY,
        lost: LostOrders | None = None,
    ) -> None:  # fmt: skip
        """`policy` are the stops an orphan gets, `underlyings` what its option root may belong to.

        `lost` looks for orders of ours that the ledger has forgotten, before the first comparison.
        """
        self._ledger = ledger
        self._desk = desk
        self._broker = broker
        self._clock = clock
        self.rules = rules
        self._take_in = TakeIn(ledger, clock, rules, policy, {**REGISTRY, **underlyings})
        self._seen: dict[str, tuple[int, int]] = {}  # symbol: (difference, looks in a row)
        self._failures = 0
        self._silences = 0
        self._unread: set[str] = set()
        self._unclear: frozenset[str] = frozenset()
        self._shown = TakeShown(ledger, desk.silent, clock, rules)
        self._unfound = UnfoundShares(ledger, desk, broker, clock)
        self._alarm = RepeatedAlarms(clock)
        self._lost = lost
        self._contained = Containment(ledger, clock)
        self._expired: dt.date | None = None
        self.is_settled = False
        """Whether what the account holds was compared, and every difference judged, since this process began."""

    def __call__(self, expired: dt.date | None = None) -> list[ReconcileFinding]:
        """Compare, and act on what differs; until no difference waits for a verdict nothing is opened."""
        if self._lost is not None:
            self._lost()
        findings = self._compare(expired)
        if not self.is_settled and (self._lost is None or self._lost.is_done):
            waits = {ReconcileVerdict.LOOK_AGAIN, ReconcileVerdict.UNREACHABLE}
            self.is_settled = all(finding.verdict not in waits for finding in findings)
        return findings

    def _compare(self, expired: dt.date | None) -> list[ReconcileFinding]:
        """Compare once; act on what has differed twice in a row.

        Options that expired on or before `expired` are settlement's: the broker's are gone before ours.
        """
        self._expired = expired
        try:
            shown = self._broker.holdings()
        except BrokerError as outage:
            return self._unreachable(outage)
        self._failures = 0
        if self._agrees(shown):
            return [ReconcileFinding("", 0, 0, ReconcileVerdict.MATCH)]
        held = by_contract(shown)
        self._unfound(held)
        self._unclear = self._not_read(unread_in(shown))
        self._report_unread(held)
        # what was taken for foreign may be ours after all
        self._late_fills(self._ledger.book.quarantined.keys(), self._broker.order)
        differences = self._differences(held)
        self._count_looks(differences)
        self._clear_doubts(differences)
        unclear = [ReconcileFinding(symbol, 0, None, ReconcileVerdict.UNREACHABLE) for symbol in sorted(self._unclear)]
        self._shown.take_back()
        if "" not in self._unclear:
            differing = self._ledger.book.differences.keys() | self._seen.keys() | self._unclear
            self._shown.end_unreported({symbol for symbol in differing if not self._has_expired(symbol)})
        if not differences:
            return unclear or [ReconcileFinding("", 0, 0, ReconcileVerdict.MATCH)]
        verdicts: dict[str, ReconcileVerdict] = {}
        unknown: dict[str, int] = {}
        for symbol, gap in differences.items():
            if symbol in verdicts:  # a fill adopted or a position closed decides for all its legs
                continue
            judged = self._contained(partial(self._judge, symbol, gap, held), f"the difference in {symbol}")
            if judged is None:
                verdicts[symbol] = ReconcileVerdict.LOOK_AGAIN
            elif judged:
                verdicts.update(judged)
            else:  # less what was ours and is gone, and what an order at work may still explain
                rest = held.get(symbol, 0) - self._ledger.book.expected_holdings().get(symbol, 0)
                unknown[symbol] = rest - self._may_still_fill(symbol, rest)
        left = {symbol: gap for symbol, gap in unknown.items() if symbol not in verdicts}
        verdicts.update(dict.fromkeys(self._shown.taken_after_all(left), ReconcileVerdict.ADOPTED))
        left = {symbol: gap for symbol, gap in left.items() if symbol not in verdicts}
        if left:
            taken = self._contained(
                lambda: self._take_in(left, self._broker_orders()), f"what is held of {', '.join(left)}"
            )
            verdicts.update(dict.fromkeys(left, ReconcileVerdict.LOOK_AGAIN) if taken is None else taken)
        self._shown.unreported(self._has_expired)
        for symbol, gap in differences.items():
            if verdicts[symbol] is ReconcileVerdict.LOOK_AGAIN and not self._has_expired(symbol):
                self._report_doubt(symbol, gap)
        return unclear + [
            ReconcileFinding(symbol, held.get(symbol, 0) - gap, held.get(symbol, 0), verdicts[symbol])
            for symbol, gap in differences.items()
        ]

    def _agrees(self, shown: Mapping[str, int]) -> bool:
        """Whether the account holds what the book says and nothing waits for a verdict: nearly every cycle."""
        book = self._ledger.book
        waits = self._seen or self._unclear or book.quarantined or book.differences or book.working_orders
        return not waits and not unread_in(shown) and shown == book.expected_holdings()

    def _not_read(self, unread: Iterable[str]) -> frozenset[str]:
        """Symbols whose holding is unknown ("": any), alarmed; shares of other traders are ignored. Rule: R5."""
        expected = self._ledger.book.expected_holdings()
        unclear = {s for s in by_contract(dict.fromkeys(unread, 0)) if s in expected or not may_be_a_share(s)}
        if unclear:
            names = unread_in_words(unclear)
            detail = f"what the broker holds of {names} cannot be read; not compared, nothing is assumed"
            self._ledger.record(*self._alarm("holdings_unread", detail, "", about=names))
        return frozenset(unclear)

    def _may_still_fill(self, symbol: str, gap: int) -> int:
        return may_still_fill(self._ledger.book.working_orders, symbol, gap)

    def _report_unread(self, held: Mapping[str, int]) -> None:
        """A holding that is neither an option in any spelling nor a share may be a risk nothing counts. Rule: CS-571.

        Reported once a run, and left alone.
        """
        unread = {s for s in held.keys() - self._unread if contract_of(s) is None and not may_be_a_share(s)}
        self._unread |= unread
        for symbol in sorted(unread):
            detail = f"{held[symbol]:+d} {symbol} at the broker is neither an option nor a share that can be read"
            self._ledger.record(AlarmRaised(self._clock.now(), "unread_symbol", f"{detail}; in no limit, never traded"))

    def _unreachable(self, outage: BrokerError) -> list[ReconcileFinding]:
        self._failures += 1
        self._tell(outage, self._failures)
        return [ReconcileFinding("", 0, None, ReconcileVerdict.UNREACHABLE)]

    def _tell(self, outage: BrokerError, failures: int) -> None:
        if failures in (3, 20) or failures % 100 == 0:
            detail = f"{outage}; asked {failures} times, nothing is assumed"
            self._ledger.record(AlarmRaised(self._clock.now(), "broker_unavailable", detail))

    def _differences(self, held: Mapping[str, int]) -> dict[str, int]:
        """Held less expected, by symbol, where it is not what is known already.

        Shares count only as far as some of ours are gone or came back: more of them are another trader's. Rule: CS-571.
        """
        book = self._ledger.book
        expected = book.expected_holdings()
        symbols = held.keys() | expected.keys() | book.quarantined.keys()
        gaps = {s: self._of_ours(s, held.get(s, 0), expected.get(s, 0)) for s in sorted(symbols - self._unclear)}
        known = book.quarantined
        if "" in self._unclear:  # the row that cannot be named may be what is missing
            ours = {s: expected.get(s, 0) + known.get(s, 0) for s in gaps}
            gaps = {s: gap for s, gap in gaps.items() if abs(held.get(s, 0)) >= abs(ours[s])}
        return {s: gap for s, gap in gaps.items() if gap != known.get(s, 0)}

    def _of_ours(self, symbol: str, held: int, expected: int) -> int:
        """What differs; of shares all that is gone, and as much as comes back of what was missing."""
        gap = held - expected
        if contract_of(symbol) is not None or gap * expected < 0:
            return gap
        now, holdings = self._clock.now(), self._ledger.book.holdings.values()
        back = sum(returnable(holding, symbol, now) for holding in holdings)
        return min(gap, back) if gap > 0 < back else max(gap, back) if gap < 0 > back else 0

    def _count_looks(self, differences: Mapping[str, int]) -> None:
        before = self._seen
        self._seen = {
            symbol: (gap, before[symbol][1] + 1 if symbol in before and before[symbol][0] == gap else 1)
            for symbol, gap in differences.items()
        }

    def _judge(self, symbol: str, gap: int, held: Mapping[str, int]) -> dict[str, ReconcileVerdict]:
        """What becomes of a symbol that differs, and of all symbols that go with it; nothing when no book has it."""
        is_seen_enough = self._seen_enough(symbol, gap)
        self._doubt(symbol, gap)
        if not is_seen_enough:
            return {symbol: ReconcileVerdict.LOOK_AGAIN}
        filled, all_answered = self._late_fills({symbol}, self._broker.order)
        if filled:
            return dict.fromkeys(filled, ReconcileVerdict.ADOPTED)
        if gap == 0:
            self._take_in.release(symbol)
            return {symbol: ReconcileVerdict.MATCH}
        owners = self._owners(symbol)
        if not all_answered or self._traded_within(YOUNG, symbol) or any(map(_is_settling, owners)):
            return {symbol: ReconcileVerdict.LOOK_AGAIN}
        gap -= self._may_still_fill(symbol, gap)
        if not gap:
            return {symbol: ReconcileVerdict.LOOK_AGAIN}
        if owners and self._has_expired(symbol):
            return {symbol: ReconcileVerdict.LOOK_AGAIN}
        if self._is_too_early(symbol, gap) or any(self._is_half_seen(owner, symbol) for owner in owners):
            return {symbol: ReconcileVerdict.LOOK_AGAIN}
        reports = self._broker_orders()
        listed = {report.id: report for report in reports or ()}
        if filled := self._late_fills({symbol}, listed.get)[0]:  # the answers about single orders were old ones
            return dict.fromkeys(filled, ReconcileVerdict.ADOPTED)
        if reports is None and any(not any(held.get(leg) for leg in owner.quantities) for owner in owners):
            return {symbol: ReconcileVerdict.LOOK_AGAIN}  # nothing of it is naked: its price can be waited for
        return self._traded_outside(symbol, gap, reports or ())

    def _traded_outside(self, symbol: str, gap: int, reports: Sequence[OrderReport]) -> dict[str, ReconcileVerdict]:
        """Bring holdings down to what the broker still holds of them, or back up to what it shows again.

        What is naked then is repaired in this very cycle, so nothing waits for the price: without the broker's orders
        it is not known. Rules: CS-413, CS-572, R5.
        """
        now, book = self._clock.now(), self._ledger.book
        changes = adjustments(book.holdings.values(), symbol, gap, filter(self._is_foreign, reports), now)
        if not changes:
            return {}
        rest = gap - sum(event.change for event in changes)
        known = dict(book.quarantined)
        alarms = [AlarmRaised(now, CLOSED_EXTERNALLY, event.detail, event.holding) for event in changes]
        moot = [HoldingsQuarantined(now, {**known, symbol: rest}, changes[0].detail)] if symbol in known else []
        self._ledger.record(*changes, *alarms, *moot)
        is_unknown = rest and not moot and contract_of(symbol) is not None
        return {} if is_unknown else {symbol: ReconcileVerdict.MISSING}

    def _broker_orders(self) -> Sequence[OrderReport] | None:
        """Today's orders as the broker has them; None when it does not answer, which is alarmed in time."""
        try:
            reports = self._broker.orders()
        except BrokerError as outage:
            self._silences += 1
            self._tell(outage, self._silences)
            return None
        self._silences = 0
        ours = {order.broker_id: order.id for order in self._ledger.book.orders.values() if order.broker_id}
        return [evolve(report, id=ours.get(report.broker_id, report.id)) for report in reports]

    def _is_foreign(self, report: OrderReport) -> bool:
        return self._ledger.book.order(report.id) is None

    def _has_expired(self, symbol: str) -> bool:
        """Expired options are gone from the broker by settlement, which books them."""
        contract = contract_of(symbol)
        return self._expired is not None and contract is not None and contract.expiry <= self._expired

    def _seen_enough(self, symbol: str, gap: int) -> bool:
        """A difference counts after two looks in a row, of this process or of the one before it. Rule: CS-572."""
        noted = self._ledger.book.differences.get(symbol)
        was_noted = noted is not None and noted.change == gap and noted.at < self._clock.now()
        return was_noted or self._seen[symbol][1] >= LOOKS

    def _doubt(self, symbol: str, gap: int) -> None:
        """Note when a difference was first seen, so that since when survives a restart and single looks."""
        noted = self._ledger.book.differences.get(symbol)
        if noted is None or noted.change != gap:
            owner = next((holding.id for holding in self._owners(symbol)), "")
            self._ledger.record(DifferenceSeen(self._clock.now(), symbol, gap, owner))

    def _clear_doubts(self, differences: Mapping[str, int]) -> None:
        now, noted = self._clock.now(), self._ledger.book.differences
        if "" in self._unclear:
            return
        gone = noted.keys() - differences.keys() - self._unclear
        self._ledger.record(*(DifferenceSeen(now, s, 0, "") for s in sorted(gone)))

    def _is_too_early(self, symbol: str, gap: int) -> bool:
        """A real broker may show what is ours minutes late: until then what differs counts as it was. Rule: CS-572.

        More than ours is late only where an order of ours filled a moment ago, its holding booked or not; what was
        missing and is shown again is not waited for.
        """
        now, patience, book = self._clock.now(), dt.timedelta(seconds=self.rules.absence_seconds), self._ledger.book
        noted = book.differences.get(symbol)
        if noted is None or now - noted.at >= patience:
            return False
        if any(part(gap, returnable(holding, symbol, now)) for holding in book.holdings.values()):
            return False
        is_absent = any(part(gap, -holding.held(symbol)) for holding in book.live_holdings)
        return is_absent or self._traded_within(patience, symbol)

    def _traded_within(self, time: dt.timedelta, symbol: str) -> bool:
        orders = (order for order in self._ledger.book.orders.values() if symbol in order.ticket.symbols)
        return any(order.execution.any and self._clock.now() - order.changed_at < time for order in orders)

    def _is_half_seen(self, owner: AnyHolding, symbol: str) -> bool:
        """Whether another leg is not shown either, and is not judged yet: alone, this one would look naked.

        Not for long enough, or an order at work may explain it.
        """
        others = ((leg, held) for leg, held in owner.quantities.items() if leg != symbol and leg in self._seen)
        doubted = ((leg, gap) for leg, held in others if part(gap := self._seen[leg][0], -held))
        return any(
            not self._seen_enough(leg, gap) or self._is_too_early(leg, gap) or self._may_still_fill(leg, gap) == gap
            for leg, gap in doubted
        )

    def _report_doubt(self, symbol: str, gap: int) -> None:
        """Tell a person of what is not judged after a minute, once a process for each difference. Rule: CS-572."""
        noted = self._ledger.book.differences.get(symbol)
        if noted is not None and self._clock.now() - noted.at >= REPORTED_AFTER:
            shown = f"for {REPORTED_AFTER.seconds} s the broker has shown {gap:+d} {symbol} against the book"
            detail, about = f"{shown}; looked at again", f"{symbol} {noted.at}"
            self._ledger.record(*self._alarm("holdings_differ", detail, noted.holding, about=about, again=None))

    def deadlines(self) -> tuple[dt.datetime, ...]:
        """When what the holdings show counts: a loop that looks seldom acts on it all the same. Rules: R2, CS-572."""
        if not self.rules.absence_seconds:  # an exchange that shows a fill at once
            return ()
        after = dt.timedelta(seconds=self.rules.cover_seconds)
        return tuple(seen.at + after for seen in self._ledger.book.differences.values())

    def covers(self) -> Iterator[Repair]:
        """What buys back shorts that the broker shows without their cover. Rules: R2, CS-572."""
        after = dt.timedelta(seconds=self.rules.cover_seconds)
        return buy_back_uncovered(self._ledger.book, self._clock.now(), after)

    def _late_fills(self, symbols: Set[str], report_of: Callable[[str], OrderReport | None]) -> tuple[set[str], bool]:
        """Legs of our finished orders that have filled after all, a fill like any other; whether all were answered.

        Rules: CS-410, CS-574.
        """
        filled: set[str] = set()
        all_answered = True
        for order in self._ledger.book.orders.values() if symbols else ():
            if symbols.isdisjoint(order.ticket.symbols) or not self._may_have_filled_late(order):
                continue
            try:
                report = report_of(order.id)
            except BrokerError:
                all_answered = False
                continue
            if report is not None and self._desk.take(order, report):
                filled.update(order.ticket.symbols)
        return filled, all_answered

    def _may_have_filled_late(self, order: Order) -> bool:
        """A close that fills once its spread is booked belongs to nothing: it is quarantined. Rule: CS-564."""
        finished = order.state.is_final and order.state is not OrderState.FILLED
        is_live = self._ledger.book.holdings[order.ticket.holding].is_live
        return finished and (order.ticket.purpose is Purpose.ENTRY or is_live)

    def _owners(self, symbol: str) -> list[AnyHolding]:
        """Live holdings that hold the symbol, or held it until another trader traded it."""
        live = self._ledger.book.live_holdings
        return [one for one in live if one.held(symbol) or symbol in one.missing]


def _is_settling(holding: AnyHolding) -> bool:
    """Its settlement may still explain what is gone; it ends, and then it counts. Rule: R5."""
    return holding.state is HoldingState.AWAITING_SETTLEMENT
