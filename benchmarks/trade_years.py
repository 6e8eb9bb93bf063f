"""Trades years of simulated days through the whole loop and checks, after every cycle, what must always hold.

    python benchmarks/trade_years.py [YEARS]      one seed a year, default 1; `make bench` runs ten with YEARS=10

Prints entries, skips by reason, exits by rule and the cost of a cycle. A model, and no evidence of profit.
"""

from __future__ import annotations

import datetime as dt
import os
import sys
import time
from collections import Counter
from decimal import Decimal

from gammacore.adapters.calendars.nyse import NyseCalendar
from gammacore.configuration import Sourced, configure
from gammacore.domain.book.book import Book
from gammacore.domain.holding_events import HoldingClosed
from gammacore.domain.ledger import AlarmRaised, EntryJudged, OrderIntended
from gammacore.domain.orders import Purpose
from gammacore.wiring import WiredDay, wire_day

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


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else int(os.environ.get("YEARS", "1")))
