"""Reconcile the book with the broker: match, adopt what is ours, quarantine what is not, notice what is gone.

A failed query is never "flat"; a difference counts after two looks in a row. Rules: CS-571..575, R5.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from enum import StrEnum
from itertools import count

from attrs import evolve, frozen

from gammacore.application.day_ledger import DayLedger
from gammacore.application.order_desk import OrderDesk
from gammacore.domain.book.bookings import CLOSED_EXTERNALLY, booked
from gammacore.domain.desks.orphans import OURS_ONLY, AcquiredLeg, ReconcileRules, find_orphans, orphan_policy
from gammacore.domain.desks.outside_trades import adjustments, outside_price, returnable
from gammacore.domain.holding_events import DifferenceSeen, HoldingAdopted, PolicyRecorded
from gammacore.domain.holdings.holding import AnyHolding, HoldingState, Origin, SoldSpread, is_spread
from gammacore.domain.holdings.plans import policy_id
from gammacore.domain.holdings.policy import PRESETS, StopPolicy
from gammacore.domain.instruments import REGISTRY, Underlying, parse_occ, roots_of
from gammacore.domain.ledger import AlarmRaised, Event, HoldingsQuarantined
from gammacore.domain.option_symbols import by_contract, may_be_a_share
from gammacore.domain.orders import Order, OrderReport, OrderState, Purpose
from gammacore.domain.unknown_underlying import underlying_at_exit
from gammacore.errors import BrokerError, InvalidInput
from gammacore.ports.broker import Broker
from gammacore.ports.clock import Clock

LOOKS = 2
YOUNG_SECONDS = 60


class ReconcileVerdict(StrEnum):
    """What became of one symbol that differs (or of none)."""

    MATCH = "match"
    ADOPTED = "adopted"
    QUARANTINED = "quarantined"
    MISSING = "missing"
    LOOK_AGAIN = "look_again"
    UNREACHABLE = "unreachable"


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
    ) -> None:  # fmt: skip
        """`policy` are the stops an orphan gets, `underlyings` what its option root may belong to."""
        self._ledger = ledger
        self._desk = desk
        self._broker = broker
        self._clock = clock
        self._rules = rules
        self._policy = policy
        self._underlyings = {**REGISTRY, **underlyings}
        self._seen: dict[str, tuple[int, int]] = {}  # symbol: (difference, looks in a row)
        self._failures = 0
        self._silences = 0
        self._unread: set[str] = set()
        self._expired: dt.date | None = None
        self.is_settled = False
        """Whether what the account holds was compared, and every difference judged, since this process began."""

    def __call__(self, expired: dt.date | None = None) -> list[ReconcileFinding]:
        """Compare, and act on what differs; until no difference waits for a verdict nothing is opened."""
        findings = self._compare(expired)
        waits = {ReconcileVerdict.LOOK_AGAIN, ReconcileVerdict.UNREACHABLE}
        self.is_settled = self.is_settled or all(finding.verdict not in waits for finding in findings)
        return findings

    def _compare(self, expired: dt.date | None) -> list[ReconcileFinding]:
        """Compare once; act on what has differed twice in a row.

        Options that expired on or before `expired` are settlement's: the broker's are gone before ours.
        """
        self._expired = expired
        try:
            held = by_contract(self._broker.holdings())
        except BrokerError as outage:
            return self._unreachable(outage)
        self._failures = 0
        self._report_unread(held)
        # what was taken for foreign may be ours after all
        self._late_fills(self._ledger.book.quarantined.keys(), self._broker.order)
        differences = self._differences(held)
        self._count_looks(differences)
        if not differences:
            return [ReconcileFinding("", 0, 0, ReconcileVerdict.MATCH)]
        verdicts: dict[str, ReconcileVerdict] = {}
        unknown: dict[str, int] = {}
        for symbol, gap in differences.items():
            if symbol in verdicts:  # a fill adopted or a position closed speaks for all its legs
                continue
            if judged := self._judge(symbol, gap, held):
                verdicts.update(judged)
            else:  # less what was ours and is gone
                unknown[symbol] = held.get(symbol, 0) - self._ledger.book.expected_holdings().get(symbol, 0)
        verdicts.update(self._take_in({symbol: gap for symbol, gap in unknown.items() if symbol not in verdicts}))
        return [
            ReconcileFinding(symbol, held.get(symbol, 0) - gap, held.get(symbol, 0), verdicts[symbol])
            for symbol, gap in differences.items()
        ]

    def _report_unread(self, held: Mapping[str, int]) -> None:
        """A holding that is neither an option in any spelling nor a share may be a risk nothing counts. Rule: CS-571.

        Reported once a run, and left alone.
        """
        unread = {s for s in held.keys() - self._unread if not (_is_option(s) or may_be_a_share(s))}
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
        gaps = {s: self._of_ours(s, held.get(s, 0), expected.get(s, 0)) for s in sorted(symbols)}
        return {s: gap for s, gap in gaps.items() if gap != book.quarantined.get(s, 0)}

    def _of_ours(self, symbol: str, held: int, expected: int) -> int:
        """What differs; of shares all that is gone, and as much as comes back of what was missing."""
        gap = held - expected
        if _is_option(symbol) or gap * expected < 0:
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
        if not self._seen_enough(symbol):
            return {symbol: ReconcileVerdict.LOOK_AGAIN}
        filled, all_answered = self._late_fills({symbol}, self._broker.order)
        if filled:
            return dict.fromkeys(filled, ReconcileVerdict.ADOPTED)
        if gap == 0:
            self._release(symbol)
            return {symbol: ReconcileVerdict.MATCH}
        owners = self._owners(symbol)
        if not all_answered or self._may_change(symbol) or any(map(self._is_in_motion, owners)):
            return {symbol: ReconcileVerdict.LOOK_AGAIN}
        if owners and self._has_expired(symbol):
            return {symbol: ReconcileVerdict.LOOK_AGAIN}
        reports = self._broker_orders()
        listed = {report.id: report for report in reports or ()}
        if filled := self._late_fills({symbol}, listed.get)[0]:  # the answers about single orders were old ones
            return dict.fromkeys(filled, ReconcileVerdict.ADOPTED)
        spread = owners[0] if len(owners) == 1 and is_spread(owners[0]) and owners[0].held(symbol) else None
        if spread is not None and not any(held.get(leg) for leg in spread.quantities):
            return self._missing(spread, reports)
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
        is_unknown = rest and not moot and _is_option(symbol)
        return {} if is_unknown else {symbol: ReconcileVerdict.MISSING}

    def _broker_orders(self) -> Sequence[OrderReport] | None:
        """Today's orders as the broker has them; None when it does not say, which a person hears of in time."""
        try:
            reports = self._broker.orders()
        except BrokerError as outage:
            self._silences += 1
            self._tell(outage, self._silences)
            return None
        self._silences = 0
        return reports

    def _is_foreign(self, report: OrderReport) -> bool:
        return self._ledger.book.order(report.id) is None

    def _is_unexplained(self, report: OrderReport) -> bool:
        """Whether no live holding has this order's fills: what a booked spread sold and is held again was never gone.

        Rules: CS-565, CS-574.
        """
        book = self._ledger.book
        if (order := book.order(report.id)) is None:
            return True
        owner = book.holdings[order.ticket.holding]
        return is_spread(owner) and owner.has_filled and not owner.is_live

    def _has_expired(self, symbol: str) -> bool:
        """Expired options are gone from the broker by settlement, which books them."""
        return self._expired is not None and _is_option(symbol) and parse_occ(symbol).expiry <= self._expired

    def _seen_enough(self, symbol: str) -> bool:
        """A difference counts after two looks in a row; what does not differ needs none."""
        return symbol not in self._seen or self._seen[symbol][1] >= LOOKS

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
        finished = order.state in (OrderState.CANCELED, OrderState.EXPIRED, OrderState.NOT_SENT)
        is_live = self._ledger.book.holdings[order.ticket.holding].is_live
        return finished and (order.ticket.purpose is Purpose.ENTRY or is_live)

    def _owners(self, symbol: str) -> list[AnyHolding]:
        """Live holdings that hold the symbol, or held it until another trader traded it."""
        live = self._ledger.book.live_holdings
        return [one for one in live if one.held(symbol) or symbol in one.missing]

    def _may_change(self, symbol: str) -> bool:
        """A working order may fill any moment, and within 60 s of our own fill the query may simply lag. CS-572."""
        now = self._clock.now()
        orders = (order for order in self._ledger.book.orders.values() if symbol in order.ticket.symbols)
        return any(
            order.is_working or (order.execution.any and (now - order.changed_at).total_seconds() < YOUNG_SECONDS)
            for order in orders
        )

    def _is_in_motion(self, holding: AnyHolding) -> bool:
        """Its own orders or its settlement may still explain what is gone; both end, and then it counts. Rule: R5.

        The legs of a spread trade together; of another holding only the orders in the symbol itself count.
        """
        if holding.state is HoldingState.AWAITING_SETTLEMENT:
            return True
        return is_spread(holding) and any(order.is_working for order in self._ledger.book.orders_of(holding.id))

    def _missing(self, spread: SoldSpread, reports: Sequence[OrderReport] | None) -> dict[str, ReconcileVerdict]:
        """Book a spread the broker no longer shows, once every leg of it was absent twice. Rule: CS-572."""
        legs = spread.quantities
        if not all(self._seen_enough(symbol) for symbol in legs):
            return dict.fromkeys(legs, ReconcileVerdict.LOOK_AGAIN)
        if reports is None:
            return dict.fromkeys(legs, ReconcileVerdict.LOOK_AGAIN)  # nothing is naked: its price can be waited for
        others = [report for report in reports if self._is_foreign(report)]
        now, after = self._clock.now(), spread
        for symbol, held in legs.items():
            price = outside_price(symbol, -held, others)
            after = after.adjusted(symbol, -held, price, now, is_guess=False)
        detail = "closed outside this desk; its cost is not known and booked as the full width until corrected"
        if not after.missing:
            detail = "closed outside this desk, at the prices the broker shows"
        known = self._ledger.book.quarantined
        rest = {symbol: gap for symbol, gap in known.items() if symbol not in legs}
        moot = [] if rest == known else [HoldingsQuarantined(now, rest, f"gone with {spread.id}")]
        self._ledger.record(
            *moot,
            DifferenceSeen(now, "", 0, spread.id),
            AlarmRaised(now, CLOSED_EXTERNALLY, detail, spread.id),
            booked(after, now, CLOSED_EXTERNALLY),
        )
        return dict.fromkeys(legs, ReconcileVerdict.MISSING)

    def _release(self, symbol: str) -> None:
        """Quarantined contracts that are gone from the broker are gone from the limits."""
        rest = {known: gap for known, gap in self._ledger.book.quarantined.items() if known != symbol}
        detail = f"{symbol} is no longer at the broker"
        self._ledger.record(HoldingsQuarantined(self._clock.now(), rest, detail))

    def _take_in(self, unknown: Mapping[str, int]) -> dict[str, ReconcileVerdict]:
        """Adopt what our orders have opened, quarantine the rest; a leg quarantined before may find its other one.

        Without the broker's orders nobody can tell whose it is: it is looked at again. Rules: CS-573..575.
        """
        if not unknown:
            return {}
        book, now = self._ledger.book, self._clock.now()
        if (reports := self._broker_orders()) is None:
            return dict.fromkeys(unknown, ReconcileVerdict.LOOK_AGAIN)
        found = find_orphans(
            {**book.quarantined, **unknown}, filter(self._is_unexplained, reports), at=now, rules=self._rules,
            policy=self._policy, taken=book.holdings, roots=roots_of(self._underlyings),
        )  # fmt: skip
        adopted = {symbol for orphan in found.adopted for symbol in orphan.symbols}
        adopted |= {leg.contract.occ for leg in found.naked}
        foreign = {symbol: held for symbol, held in found.rest.items() if symbol in unknown}
        stranded = self._strand(found.naked)
        self._ledger.record(*self._adopt(found.adopted), *stranded, *self._quarantine(found.rest, foreign))
        ours, others = ReconcileVerdict.ADOPTED, ReconcileVerdict.QUARANTINED
        return {symbol: ours if symbol in adopted else others for symbol in unknown}

    def _adopt(self, orphans: Iterable[HoldingAdopted]) -> Iterator[Event]:
        """The adopted spreads, after the stop policy they get; an underlying of no registry is an alarm."""
        now, policy = self._clock.now(), orphan_policy(self._policy)
        is_recorded = self._ledger.book.knows_policy(policy_id(policy))
        for orphan in orphans:
            if not is_recorded:
                is_recorded = True
                yield PolicyRecorded(now, policy_id(policy), policy)
            yield orphan
            short = next(parse_occ(symbol) for symbol, held in orphan.symbols.items() if held < 0)
            if underlying_at_exit(evolve(short, underlying=orphan.underlying), self._underlyings)[1]:
                detail = f"the underlying of {short.occ} is in no registry; its exits use k = s = 1"
                yield AlarmRaised(now, "unknown_underlying", detail, orphan.holding)

    def _strand(self, naked: Iterable[AcquiredLeg]) -> Iterator[Event]:
        """A naked short of ours that no book has is taken into one, to be bought back. Rules: CS-413, CS-574."""
        now, taken, owner = self._clock.now(), self._ledger.book.holdings, str(Origin.STRANDED)
        for leg in naked:
            symbol = leg.contract.occ
            name = next(name for n in count(1) if (name := f"{symbol}-{owner}-{n}") not in taken)
            held = {symbol: leg.held}
            yield HoldingAdopted(now, name, owner, leg.contract.underlying, Origin.STRANDED, held, leg.price, now)
            detail = f"{leg.held:+d} {symbol} sold by an order of ours stands uncovered; bought back at market"
            yield AlarmRaised(now, "naked_short", detail, name)

    def _quarantine(self, holdings: Mapping[str, int], foreign: Mapping[str, int]) -> Iterator[Event]:
        """All that is quarantined from now on, and an alarm for each symbol that is new in it. Rule: CS-574."""
        if not foreign and holdings == self._ledger.book.quarantined:
            return
        details = [
            f"{held:+d} {symbol} at the broker is in no book of ours; never traded, counted in the limits"
            for symbol, held in foreign.items()
        ]
        now = self._clock.now()
        yield HoldingsQuarantined(now, dict(holdings), "; ".join(details) or "what was adopted is no longer foreign")
        for detail in details:
            yield AlarmRaised(now, "quarantined", detail)


def _is_option(symbol: str) -> bool:
    try:
        parse_occ(symbol)
    except InvalidInput:
        return False
    return True
