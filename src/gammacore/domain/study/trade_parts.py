"""Matched trades of two ledgers: where their results part, to the cent. Rule: ST-622."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from decimal import Decimal
from fractions import Fraction

from attrs import fields, frozen

from gammacore.domain.dollars import CENT
from gammacore.domain.legs import Leg
from gammacore.domain.orders import Order
from gammacore.domain.reports.day_report import DayReport
from gammacore.domain.reports.trades import Trade

ZERO = Decimal(0)
NEAR = dt.timedelta(minutes=10)
"""Trades without a scheduled entry are the same when they were opened at most this far apart (ours)."""


@frozen(eq=False)
class TradeSide:
    """One closed trade of one ledger. `credit` is what one contract brought at the entry, points: below 0, paid.

    `multiplier` is dollars a point of one contract or share, `quantity` how many; `slot` its scheduled entry, None
    without one.
    """

    trade: Trade
    slot: dt.datetime | None
    strategy: str
    opened: dt.datetime
    closed: dt.datetime
    quantity: int
    multiplier: int
    credit: Decimal
    gross: Decimal
    fees: Decimal
    reason: str
    minutes: int

    @property
    def net(self) -> Decimal:
        return self.gross - self.fees

    @property
    def value(self) -> Fraction:
        """What ending one contract cost, points, so that (credit - value) × multiplier × quantity is the gross."""
        return Fraction(self.credit) - Fraction(self.gross) / (self.multiplier * self.quantity)


def closed_sides(report: DayReport) -> tuple[TradeSide, ...]:
    """The trades that ended on a day, in the order of their ends."""
    slots = {entry.position: entry.scheduled_at for entry in report.scheduled if entry.position is not None}
    return tuple(_side(trade, slots.get(trade.id)) for trade in report.closed)


def _side(trade: Trade, slot: dt.datetime | None) -> TradeSide:
    end, entry = trade.end, trade.entry
    assert end is not None
    quantity, multiplier, credit = max(trade.contracts, 1), 100, ZERO
    if trade.sold is not None:
        credit = trade.sold.credit
    elif entry is not None and trade.debit is not None:
        quantity, multiplier, credit = max(entry.execution.quantity, 1), entry.ticket.multiplier, -trade.debit
    return TradeSide(
        trade, slot, trade.strategy, trade.opened, end.at, quantity, multiplier, credit, end.gross, end.fees,
        end.reason, trade.minutes or 0,
    )  # fmt: skip


@frozen
class Parts:
    """A difference of net dollars, live less replay, by where it arose; they add up to it to the cent. Rule: ST-622."""

    entry: Decimal = ZERO
    exit: Decimal = ZERO
    size: Decimal = ZERO
    fees: Decimal = ZERO
    only_live: Decimal = ZERO
    only_replay: Decimal = ZERO

    def __add__(self, other: Parts) -> Parts:
        return Parts(*(getattr(self, one.name) + getattr(other, one.name) for one in fields(Parts)))

    @property
    def total(self) -> Decimal:
        return self.entry + self.exit + self.size + self.fees + self.only_live + self.only_replay


def parts_of(live: TradeSide | None, replay: TradeSide | None) -> Parts:
    """Entry (C_L - C_R) n_R, exit (V_R - V_L) n_R, size (C_L - V_L)(n_L - n_R), each times dollars a point; fees.

    Entry and size are rounded to the cent and the exit has the rest. A trade of one ledger alone counts whole.
    """
    if live is None or replay is None:
        return Parts(
            only_live=ZERO if live is None else live.net, only_replay=ZERO if replay is None else -replay.net
        )  # fmt: skip
    unit = replay.multiplier * replay.quantity
    entry = _cents(Fraction(live.credit - replay.credit) * unit)
    more = live.multiplier * live.quantity - unit
    size = _cents((Fraction(live.credit) - live.value) * more)
    return Parts(entry, live.gross - replay.gross - entry - size, size, replay.fees - live.fees)


def _cents(dollars: Fraction) -> Decimal:
    return (Decimal(dollars.numerator) / Decimal(dollars.denominator)).quantize(CENT)


@frozen(eq=False)
class TradeCompared:
    """A trade of both ledgers, or of one alone, with the parts of its difference.

    `entry_a_leg` and `exit_a_leg` are what the live fill cost more than the replay's, points a leg. `mark_visible`:
    whether the replay's data could have shown the mark the live exit was decided on; None where it is not known.
    """

    date: dt.date
    live: TradeSide | None
    replay: TradeSide | None
    parts: Parts
    entry_a_leg: Decimal | None = None
    exit_a_leg: Decimal | None = None
    mark_visible: bool | None = None

    @property
    def strategy(self) -> str:
        """The same in both: they are matched by it."""
        return next((side.strategy for side in (self.live, self.replay) if side is not None), "")

    @property
    def is_apart(self) -> bool:
        """Whether anything differs: money, size, or how and when it ended."""
        one, other = self.live, self.replay
        if one is None or other is None:
            return True
        return any(getattr(self.parts, part.name) for part in fields(Parts)) or (
            (one.reason, one.opened, one.closed, one.quantity)
            != (other.reason, other.opened, other.closed, other.quantity)
        )

    @property
    def since(self) -> dt.datetime:
        """From when on what follows may differ: at the entry, or only at the end."""
        sides = [side for side in (self.live, self.replay) if side is not None]
        entered_apart = len(sides) < 2 or self.parts.entry or self.parts.size or sides[0].opened != sides[1].opened
        return min(side.opened if entered_apart else side.closed for side in sides)


def match_trades(date: dt.date, live: Sequence[TradeSide], replay: Sequence[TradeSide]) -> tuple[TradeCompared, ...]:
    """By slot, then strategy; those without a slot by strategy and the nearest opening within ten minutes. ST-621."""
    left = list(replay)
    found = []
    for one in live:
        other = next((other for other in left if one.slot is not None and _key(other) == _key(one)), None)
        if one.slot is None:
            near = [other for other in left if other.slot is None and other.strategy == one.strategy]
            other = min(near, key=lambda side: abs(side.opened - one.opened), default=None)
            if other is not None and abs(other.opened - one.opened) > NEAR:
                other = None
        if other is not None:
            left.remove(other)
        found.append(_compared(date, one, other))
    return (*found, *(_compared(date, None, other) for other in left))


def _key(side: TradeSide) -> tuple[object, ...]:
    return side.slot, side.strategy


def _compared(date: dt.date, live: TradeSide | None, replay: TradeSide | None) -> TradeCompared:
    parts = parts_of(live, replay)
    if live is None or replay is None:
        return TradeCompared(date, live, replay, parts)
    legs = len(live.trade.legs)
    exits = [_last_exit(side.trade) for side in (live, replay)]
    exit_a_leg = None
    if exits[0] is not None and exits[1] is not None and legs:
        exit_a_leg = _points((live.value - replay.value) / legs)
    entry_a_leg = _points(Fraction(replay.credit - live.credit) / legs) if legs else None
    return TradeCompared(date, live, replay, parts, entry_a_leg, exit_a_leg)


def _last_exit(trade: Trade) -> Order | None:
    return trade.exits[-1] if trade.exits else None


def _points(points: Fraction) -> Decimal:
    return (Decimal(points.numerator) / Decimal(points.denominator)).quantize(Decimal("0.0001"))


def option_legs(trade: Trade) -> tuple[Leg, ...]:
    """The trade's option contracts."""
    return tuple(leg for leg in trade.legs if isinstance(leg, Leg))


def sum_of(compared: Iterable[TradeCompared]) -> Parts:
    """All parts added up."""
    total = Parts()
    for one in compared:
        total += one.parts
    return total
