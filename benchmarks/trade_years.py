"""Trades years of simulated days through the whole loop and checks, after every cycle, what must always hold.

    python benchmarks/trade_years.py [YEARS]      one seed a year, default 1; `make bench` runs ten with YEARS=10
    python benchmarks/trade_years.py speed [DAYS] how fast, by market and by part, default 60 days of one ledger
    python benchmarks/trade_years.py store DIR    how fast from a store that `gammacore import` made of SPX (P8)

The first prints entries, skips by reason, exits by rule and the cost of a cycle. A model, and no evidence of profit.
The second trades the same days in one ledger, each handing its book to the next, from chains at hand and simulated as
it goes; CPU of the whole (wiring and entries included) in alternating rounds, and what each part takes undisturbed.
The third does so with every day of a store, whose files are read, proven and unpacked within the time.
"""

from __future__ import annotations

import datetime as dt
import os
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

from attrs import define, field

from gammacore.adapters.calendars.nyse import NyseCalendar
from gammacore.application.gather_history import GatherHistory
from gammacore.configuration import Configuration, Sourced, configure
from gammacore.domain.book.book import Book
from gammacore.domain.entries.schedule import Schedule
from gammacore.domain.holding_events import HoldingClosed
from gammacore.domain.instruments import REGISTRY
from gammacore.domain.ledger import AlarmRaised, EntryJudged, OrderIntended
from gammacore.domain.market import Bar, MarketSnapshot
from gammacore.domain.orders import Purpose
from gammacore.ports.market_data import Expiries, MarketData, SettlementPrint
from gammacore.wiring import WiredDay, open_session, wire_day
from gammacore.wiring.carry import Carry
from gammacore.wiring.markets import previous_session

YEAR = 2026


class BrokenInvariant(AssertionError):
    """Something that must always hold did not; the day and seed are named."""


def main(years: int) -> None:
    calendar = NyseCalendar()
    dates = [d for d in (dt.date(YEAR, 1, 1) + dt.timedelta(days=n) for n in range(365)) if calendar.session(d)]
    skips: Counter[str] = Counter()
    exits: Counter[str] = Counter()
    entries = cycles = 0
    pnl = fees = Decimal(0)
    started = time.perf_counter()
    for seed in range(1, years + 1):
        for date in dates:
            day = _wired(date, seed)
            cycles += _traded(day, date, seed)
            for event in day.storage.events():
                if isinstance(event, EntryJudged) and event.reason is not None:
                    skips[event.reason] += 1
                elif isinstance(event, HoldingClosed):
                    exits[event.reason] += 1
                    pnl, fees = pnl + event.gross, fees + event.fees
                elif isinstance(event, OrderIntended) and event.ticket.purpose is Purpose.ENTRY:
                    entries += 1
            _check_the_end(day, date, seed)
    seconds = time.perf_counter() - started
    each = seconds / cycles * 1e6
    print(f"{years} year(s) of {len(dates)} days, {cycles:,} cycles in {seconds:.0f} s: {each:.0f} us a cycle")
    print(f"entry orders {entries}, positions closed {sum(exits.values())}, gross {pnl}, fees {fees}")
    print("skips by reason:", dict(skips.most_common()))
    print("exits by rule:  ", dict(exits.most_common()))


def _wired(date: dt.date, seed: int) -> WiredDay:
    return wire_day(configure([{"market.date": Sourced(date, "bench"), "market.seed": Sourced(seed, "bench")}]))


def _traded(day: WiredDay, date: dt.date, seed: int) -> int:
    cycles = 0

    def check(_now: dt.datetime) -> None:
        nonlocal cycles
        cycles += 1
        book = day.trade.ledger.book
        for position in book.live_spreads:
            if position.naked_shorts() and not any(o.ticket.purpose is Purpose.REPAIR for o in book.working_orders):
                raise BrokenInvariant(f"{date} seed {seed}: {position.id} has an uncovered short and no repair")

    day.trade(check)
    return cycles


def _check_the_end(day: WiredDay, date: dt.date, seed: int) -> None:
    book = day.trade.ledger.book
    if book.live_spreads:
        raise BrokenInvariant(f"{date} seed {seed}: a position after settlement")
    events = list(day.storage.events())
    if any(isinstance(e, EntryJudged) and e.reason is None and not e.filters for e in events):
        raise BrokenInvariant(f"{date} seed {seed}: an entry without its filters")
    if any(isinstance(e, AlarmRaised) and e.code == "not_flat" for e in events):
        raise BrokenInvariant(f"{date} seed {seed}: not flat")
    again = Book.of(events)
    if (again.balance, again.results, again.version) != (book.balance, book.results, book.version):
        raise BrokenInvariant(f"{date} seed {seed}: the ledger folds to another book")


@define(eq=False)
class ChainsAtHand:
    """A simulated day whose chains and bars were made beforehand: the loop alone is measured. Implements MarketData."""

    inner: MarketData
    label: str = field(init=False)
    _shown: dict[dt.datetime, MarketSnapshot] = field(init=False, factory=dict)
    _bars: dict[tuple[object, ...], Sequence[Bar]] = field(init=False, factory=dict)

    def make(self, date: dt.date) -> None:
        """Everything the loop of SPX will ask for."""
        calendar, underlying = NyseCalendar(), REGISTRY["SPX"]
        session, previous = open_session(calendar, date), previous_session(calendar, date)
        self.label, at = self.inner.label, session.open
        while at <= session.close:
            shown = self._shown[at] = self.inner.snapshot(at)
            _ = shown.chain
            at = self.inner.next_at(at)
        gather = GatherHistory(self, underlying, session, previous)
        for slot in Schedule().slots(session):
            gather(slot, self._shown[slot].spot)

    def snapshot(self, now: dt.datetime) -> MarketSnapshot:
        known = self._shown.get(now)
        if known is None:
            return self.inner.snapshot(now)
        return MarketSnapshot(
            known.at, known.underlying, known.spot, known.spot_at, known.chain, known.vix, known.quote_age_limit,
            known.previous_close, known.share, known.vix_at, known.share_defect,
        )  # fmt: skip

    def attend(self, expiries: Expiries | None) -> None:
        """Everything is shown."""

    def next_at(self, after: dt.datetime) -> dt.datetime:
        return self.inner.next_at(after)

    def settlement(self, underlying: str, date: dt.date) -> SettlementPrint | None:
        return self.inner.settlement(underlying, date)

    def bars(self, underlying: str, seconds: int, start: dt.datetime, end: dt.datetime) -> Sequence[Bar]:
        asked = (underlying, seconds, start, end)
        if asked not in self._bars:
            self._bars[asked] = self.inner.bars(*asked)
        return self._bars[asked]

    def fingerprint(self) -> str:
        return self.inner.fingerprint()


@define(eq=False)
class Cost:
    """Where the time of some days went: CPU seconds of the whole, of each part by day or by cycle."""

    cpu: float = 0.0
    cycles: int = 0
    parts: dict[str, list[float]] = field(factory=lambda: defaultdict(list))

    @property
    def snapshots_a_second(self) -> float:
        return self.cycles / self.cpu

    def undisturbed(self, part: str) -> float:
        """Microseconds: a tenth of them took less. On a busy machine the median is that of its scheduler."""
        taken = sorted(self.parts[part])
        return taken[len(taken) // 10] * 1e6 if taken else 0.0


def speed(count: int) -> None:
    calendar = NyseCalendar()
    dates = [d for d in (dt.date(YEAR, 1, 2) + dt.timedelta(days=n) for n in range(3 * count)) if calendar.session(d)]
    at_hand, simulated = Cost(), Cost()
    carries: dict[bool, Carry | None] = {True: None, False: None}
    first = configure([{"market.date": dates[0], "market.seed": 57}])
    for number, date in enumerate(dates[:count]):
        both = ((True, at_hand), (False, simulated))
        for made_before, cost in both if number % 2 else both[::-1]:
            carries[made_before] = _timed_day(first, date, cost, carries[made_before], made_before)
    load = f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    print(f"{count} days of {at_hand.cycles // count} looks in one ledger, {load}")
    for name, cost in (("chains at hand", at_hand), ("simulated", simulated)):
        each = 1e6 / cost.snapshots_a_second
        print(f"{name:15} {cost.snapshots_a_second:8,.0f} snapshots/s of CPU, {each:.0f} us each")
    _print_parts(at_hand)
    if count >= 60:
        early, late = (min(at_hand.parts["wiring"][since : since + 10]) for since in (0, 50))
        print(f"wiring of days 50-59 / days 0-9: {late / early:.2f} (bar 1.5)")
    print(f"at hand / simulated: {at_hand.snapshots_a_second / simulated.snapshots_a_second:.2f}")


def from_store(folder: Path) -> None:
    dates = sorted(dt.date.fromisoformat(file.stem) for file in folder.glob("SPX/*.npz"))
    first = configure([{"market.date": dates[0], "market.source": f"store:{folder}", "market.underlying": "SPX"}])
    cost, carry = Cost(), None
    for date in dates:
        carry = _timed_day(first, date, cost, carry, made_before=False)
    load = f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    print(f"{len(dates)} days from {folder}, {cost.cycles:,} looks in one ledger, {load}")
    print(f"{cost.snapshots_a_second:,.0f} snapshots/s of CPU, {1e6 / cost.snapshots_a_second:.0f} us each")
    _print_parts(cost)


def _print_parts(cost: Cost) -> None:
    for part in ("configuration", "wiring", "entry slot", "position cycle", "idle cycle"):
        print(f"  {part:15} {cost.undisturbed(part):8.1f} us, a tenth took less ({len(cost.parts[part])})")


def _timed_day(first: Configuration, date: dt.date, cost: Cost, carry: Carry | None, made_before: bool) -> Carry:
    """Trade a day, `made_before` from chains at hand whose making is not counted; what it hands to the next."""
    making, making_wall = 0.0, 0.0

    def beforehand(market: MarketData) -> MarketData:
        nonlocal making, making_wall
        if not made_before:
            return market
        begun, clock = time.process_time(), time.process_time()
        made = ChainsAtHand(market)
        made.make(date)
        making, making_wall = time.process_time() - begun, time.process_time() - clock
        return made

    begun, clock = time.process_time(), time.process_time()
    configured = first.on(date)
    configured_at = time.process_time()
    day = wire_day(configured, carry=carry, wrap_market=beforehand)
    last = time.process_time()
    cost.parts["configuration"].append(configured_at - clock)
    cost.parts["wiring"].append(last - configured_at - making_wall)
    slots = set(Schedule().slots(day.session))

    def seen(now: dt.datetime) -> None:
        nonlocal last
        here, book = time.process_time(), day.trade.ledger.book
        part = "entry slot" if now in slots else "position cycle" if book.live_holdings else "idle cycle"
        cost.parts[part].append(here - last)
        cost.cycles += 1
        last = time.process_time()

    day.trade(seen)
    carried = day.carry()
    cost.cpu += time.process_time() - begun - making
    return carried


if __name__ == "__main__":
    if sys.argv[1:2] == ["speed"]:
        speed(int(sys.argv[2]) if len(sys.argv) > 2 else 60)
    elif sys.argv[1:2] == ["store"]:
        from_store(Path(sys.argv[2]))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else int(os.environ.get("YEARS", "1")))
