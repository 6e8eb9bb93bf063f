"""Compare what happened live with what the replay says should have: two ledgers of the same days. ST-621..623."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal

from attrs import asdict, evolve, frozen

from gammacore.domain.holding_events import CloseDecided
from gammacore.domain.instruments import Side
from gammacore.domain.ledger import Event
from gammacore.domain.market import MarketSnapshot
from gammacore.domain.study.comparison import (
    LedgerSide,
    SettingDifference,
    SlotCompared,
    Why,
    both,
    compare_slots,
    settings_apart,
)
from gammacore.domain.study.documents import canonical
from gammacore.domain.study.slippage import LegSlippage, SlippageGroup, group_slippage, legs_of
from gammacore.domain.study.trade_parts import (
    Parts,
    TradeCompared,
    TradeSide,
    closed_sides,
    match_trades,
    option_legs,
    sum_of,
)
from gammacore.domain.study.warnings import StudyWarning
from gammacore.errors import MissingData
from gammacore.frames import Columns, Framed, rows_as_columns
from gammacore.ports.market_data import MarketData

MarketOf = Callable[[dt.date], MarketData | None]
"""The replay's market of a date; None where there is none to look at."""
WINDOW = dt.timedelta(minutes=10)
"""A mark is looked for this long either side of the live decision, at most one step of the data away (ours)."""


@frozen(eq=False)
class RunComparison(Framed):
    """Two ledgers of the same days: settings first, then entries, trades, parts and slippage. Rules: ST-621..623."""

    settings: tuple[SettingDifference, ...]
    slots: tuple[SlotCompared, ...]
    trades: tuple[TradeCompared, ...]
    slippage: dict[str, tuple[SlippageGroup, ...]]
    warnings: tuple[StudyWarning, ...]
    days: tuple[dt.date, ...]

    @property
    def parts(self) -> Parts:
        """The difference of the days' net, live less replay, by where it arose."""
        return sum_of(self.trades)

    @property
    def differs(self) -> bool:
        return bool(self.settings or any(one.why for one in self.slots) or any(one.is_apart for one in self.trades))

    @property
    def faults(self) -> tuple[SlotCompared, ...]:
        """Entries that the same inputs decided differently."""
        return tuple(one for one in self.slots if one.why is Why.CODE)

    @property
    def suggested_slippage(self) -> Decimal | None:
        """What live fills lost beyond the natural price of the snapshots that filled them: for `broker.slippage`.

        Their mean, points a leg, at least 0; None where no quotes are known.
        """
        groups = self.slippage.get("live", ())
        filled = groups[0].filled if groups else None
        return None if filled is None else max(Decimal(str(round(filled.mean, 4))), Decimal(0))

    def document(self) -> dict[str, object]:
        """The document of `gammacore compare --json`."""
        from gammacore.application.study.compare_document import comparison_document

        return comparison_document(self)

    def to_json(self) -> str:
        """The document as canonical JSON. Rule: ST-802."""
        return canonical(self.document())

    def columns(self) -> Columns:
        """The trades, a row each, dollars.

        date, strategy; entry, exit, size, fees, only_live and only_replay, what the nets differ by; live_net,
        replay_net, missing where a side has no such trade.
        """
        return rows_as_columns(
            {
                "date": one.date,
                "strategy": one.strategy,
                **asdict(one.parts),
                "live_net": None if one.live is None else one.live.net,
                "replay_net": None if one.replay is None else one.replay.net,
            }
            for one in self.trades
        )

    def __repr__(self) -> str:
        warned = ", ".join(one.code for one in self.warnings) or "none"
        apart = sum(one.why is not None for one in self.slots)
        return (
            f"<RunComparison of {len(self.days)} days: {len(self.settings)} settings, {apart} of {len(self.slots)} "
            f"entries and {sum(one.is_apart for one in self.trades)} of {len(self.trades)} trades differ, "
            f"net {self.parts.total:+.2f}; warnings: {warned}>"
        )


def compare_ledgers(
    live: Iterable[Event], replay: Iterable[Event], market_of: MarketOf = lambda _date: None
) -> RunComparison:
    """Match two ledgers day by day. With the replay's market, slippage and marks are told too. Rules: ST-621..623.

    Raises:
        MissingData: they have no day in common.
    """
    every = tuple(live)
    sides = LedgerSide.of(every), LedgerSide.of(replay)
    days = both(*sides)
    if not days:
        raise MissingData(f"no day is in both ledgers: live has {_named(sides[0])}, replay has {_named(sides[1])}")
    trades: list[TradeCompared] = []
    fills: dict[str, list[LegSlippage]] = {"live": [], "replay": []}
    decided = {event.holding: event for event in every if isinstance(event, CloseDecided)}
    looked = 0
    for date in days:
        pairs = match_trades(date, *(closed_sides(side.days[date]) for side in sides))
        market = market_of(date)
        if market is not None:
            looked += 1
            pairs = tuple(evolve(one, mark_visible=_could_see(one, decided, market)) for one in pairs)
            for one in pairs:
                _fills_of(one, market, fills)
        trades += pairs
    slots = compare_slots(*sides, [one.since for one in trades if one.is_apart])
    slippage = {name: groups for name, legs in fills.items() if (groups := group_slippage(legs))}
    return RunComparison(
        settings_apart(*sides, slots), slots, tuple(trades), slippage, tuple(_warnings(*sides, looked, trades)), days
    )


def _named(side: LedgerSide) -> str:
    return ", ".join(str(date) for date in sorted(side.days)[:5]) or "none"


def _fills_of(compared: TradeCompared, market: MarketData, fills: dict[str, list[LegSlippage]]) -> None:
    for name, side in (("live", compared.live), ("replay", compared.replay)):
        if side is not None:
            for order in side.trade.orders:
                fills[name] += legs_of(order, market.snapshot(order.intended_at), market.snapshot(order.changed_at))


def _could_see(compared: TradeCompared, decided: dict[str, CloseDecided], market: MarketData) -> bool | None:
    """Whether the value that the live exit was decided on lies within what the data showed around that instant."""
    live = compared.live
    if live is None or (event := decided.get(live.trade.id)) is None or event.value is None:
        return None
    following = market.next_at(event.at)
    around = [event.at, min(following, event.at + WINDOW)]
    shown = [value for at in around for value in _costs_to_close(live, market.snapshot(at))]
    return None if not shown else min(shown) <= event.value <= max(shown)


def _costs_to_close(side: TradeSide, seen: MarketSnapshot) -> tuple[Decimal, ...]:
    """The natural cost to close, the mid's, and what crossing the other way would give; none without every quote."""
    quotes = [(leg, seen.quote(leg.contract)) for leg in option_legs(side.trade)]
    known = [(leg, quote) for leg, quote in quotes if quote is not None]
    if not known or len(known) < len(quotes):
        return ()
    costs = [Decimal(0)] * 3
    for leg, quote in known:
        sold = leg.side is Side.SELL
        for place, price in enumerate((quote.ask, quote.mid, quote.bid) if sold else (quote.bid, quote.mid, quote.ask)):
            costs[place] += price * leg.ratio if sold else -price * leg.ratio
    return tuple(costs)


def _warnings(
    live: LedgerSide, replay: LedgerSide, looked: int, trades: Sequence[TradeCompared]
) -> Iterable[StudyWarning]:
    for name, one, other in (("live", live, replay), ("replay", replay, live)):
        alone = sorted(one.days.keys() - other.days.keys())
        if alone:
            named = ", ".join(map(str, alone[:5])) + (" and more" if len(alone) > 5 else "")
            yield StudyWarning(f"days_only_{name}", f"{len(alone)} days are in the {name} ledger alone: {named}")
    if not looked:
        text = "no market was named: no slippage, and no saying whether the replay could see the live marks"
        yield StudyWarning("no_market", text)
    for name, side in (("live", live), ("replay", replay)):
        if still := sum(len(day.open) for day in side.days.values()):
            yield StudyWarning("open_trades", f"{still} trades of the {name} ledger were open at the end of a day")
    if len(trades) < 100:
        yield StudyWarning("few_trades", f"{len(trades)} trades: a mean of so few is no setting to trade by")
