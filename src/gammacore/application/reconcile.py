"""Reconcile the book with the broker: match, adopt what is ours, quarantine what is not, notice what is gone.

A failed query is never "flat"; a difference counts after two looks in a row. Rules: CS-571..574, R5.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from attrs import frozen

from gammacore.application.day_ledger import DayLedger
from gammacore.application.manage_positions import closed
from gammacore.application.order_desk import OrderDesk
from gammacore.domain.instruments import parse_occ
from gammacore.domain.ledger import AlarmRaised, HoldingsQuarantined, PositionMissing
from gammacore.domain.orders import Order, OrderState
from gammacore.domain.positions import Position
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

    def __init__(self, ledger: DayLedger, desk: OrderDesk, broker: Broker, clock: Clock) -> None:
        self._ledger = ledger
        self._desk = desk
        self._broker = broker
        self._clock = clock
        self._seen: dict[str, tuple[int, int]] = {}  # symbol: (difference, looks in a row)
        self._failures = 0

    def __call__(self) -> list[ReconcileFinding]:
        """Compare once; act on what has differed twice in a row."""
        try:
            held = {symbol: count for symbol, count in self._broker.holdings().items() if _is_option(symbol)}
        except BrokerError as outage:
            return self._unreachable(outage)
        self._failures = 0
        differences = self._differences(held)
        if not differences:
            self._seen.clear()
            return [ReconcileFinding("", 0, 0, ReconcileVerdict.MATCH)]
        return [self._judge(symbol, held.get(symbol, 0), gap) for symbol, gap in self._twice_seen(differences)]

    def _unreachable(self, outage: BrokerError) -> list[ReconcileFinding]:
        self._failures += 1
        if self._failures in (3, 20) or self._failures % 100 == 0:
            detail = f"{outage}; asked {self._failures} times, nothing is assumed"
            self._ledger.record(AlarmRaised(self._clock.now(), "broker_unavailable", detail))
        return [ReconcileFinding("", 0, None, ReconcileVerdict.UNREACHABLE)]

    def _differences(self, held: Mapping[str, int]) -> dict[str, int]:
        """Held less expected, by symbol; symbols of working orders may change any moment and are left alone."""
        book = self._ledger.book
        expected = {s: n for s, n in book.expected_holdings().items() if _is_option(s)}
        moving = {symbol for order in book.working_orders for symbol in order.ticket.symbols}
        symbols = (held.keys() | expected.keys() | book.quarantined.keys()) - moving
        gaps = {s: held.get(s, 0) - expected.get(s, 0) for s in sorted(symbols)}
        known = book.quarantined
        return {s: gap for s, gap in gaps.items() if gap != known.get(s, 0)}

    def _twice_seen(self, differences: dict[str, int]) -> list[tuple[str, int]]:
        self._seen = {
            symbol: (gap, self._seen[symbol][1] + 1 if self._seen.get(symbol, (None,))[0] == gap else 1)
            for symbol, gap in differences.items()
        }
        return list(differences.items())

    def _judge(self, symbol: str, held: int, gap: int) -> ReconcileFinding:
        expected = held - gap
        looks = self._seen[symbol][1]
        if looks < LOOKS:
            return ReconcileFinding(symbol, expected, held, ReconcileVerdict.LOOK_AGAIN)
        if self._late_fill(symbol):
            return ReconcileFinding(symbol, expected, held, ReconcileVerdict.ADOPTED)
        if gap == 0:
            self._release(symbol)
            return ReconcileFinding(symbol, expected, held, ReconcileVerdict.MATCH)
        owner = self._owner(symbol)
        if owner is not None and held == 0 and not self._is_young(owner):
            self._missing(owner, looks)
            return ReconcileFinding(symbol, expected, held, ReconcileVerdict.MISSING)
        if owner is not None and abs(held) < abs(expected):
            return ReconcileFinding(symbol, expected, held, ReconcileVerdict.LOOK_AGAIN)
        self._quarantine(symbol, gap)
        return ReconcileFinding(symbol, expected, held, ReconcileVerdict.QUARANTINED)

    def _late_fill(self, symbol: str) -> bool:
        """Whether one of our finished orders has filled after all: a fill like any other. Rule: CS-410."""
        for order in self._ledger.book.orders.values():
            if symbol not in order.ticket.symbols or not _may_have_filled_late(order):
                continue
            try:
                report = self._broker.order(order.id)
            except BrokerError:
                continue
            if report is not None and self._desk.take(order, report):
                return True
        return False

    def _owner(self, symbol: str) -> Position | None:
        holders = (position for position in self._ledger.book.live_positions if position.holdings.get(symbol))
        return next(holders, None)

    def _is_young(self, position: Position) -> bool:
        """Within 60 s of its own fill a position query may simply lag. Rule: CS-572."""
        return position.age_seconds(self._clock.now()) < YOUNG_SECONDS

    def _missing(self, position: Position, looks: int) -> None:
        now = self._clock.now()
        if not all(self._seen.get(symbol, (0, 0))[1] >= LOOKS for symbol, n in position.holdings.items() if n):
            return
        if not position.is_live:
            return
        detail = "closed outside this desk; its cost is not known and booked as the full width until corrected"
        worst = position.cash - position.spread.width * 100 * position.open_contracts
        self._ledger.record(
            PositionMissing(now, position.id, looks),
            AlarmRaised(now, "closed_externally", detail, position.id),
            closed(position, now, "closed_externally", worst, estimated=True),
        )

    def _release(self, symbol: str) -> None:
        """Quarantined contracts that are gone from the broker are gone from the limits."""
        rest = {known: gap for known, gap in self._ledger.book.quarantined.items() if known != symbol}
        detail = f"{symbol} is no longer at the broker"
        self._ledger.record(HoldingsQuarantined(self._clock.now(), rest, detail))

    def _quarantine(self, symbol: str, gap: int) -> None:
        holdings = {**self._ledger.book.quarantined, symbol: gap}
        detail = f"{gap:+d} {symbol} at the broker is in no book of ours; never traded, counted in the limits"
        now = self._clock.now()
        self._ledger.record(HoldingsQuarantined(now, holdings, detail), AlarmRaised(now, "quarantined", detail))


def _may_have_filled_late(order: Order) -> bool:
    return order.state in (OrderState.CANCELED, OrderState.EXPIRED, OrderState.NOT_SENT)


def _is_option(symbol: str) -> bool:
    try:
        parse_occ(symbol)
    except InvalidInput:
        return False
    return True
