"""What was sold far out of the money is reported as that from the order to the journal."""

from __future__ import annotations

import csv
from decimal import Decimal

from attrs import evolve

from builders import DAY, at
from builders_exchange import put
from builders_world import World, a_scripted_plan, a_world
from gammacore.adapters.codec.records import decode, encode
from gammacore.adapters.journal_csv import journal_text
from gammacore.domain.book.book import Book
from gammacore.domain.holding_events import HoldingClosed
from gammacore.domain.holdings.holding import sold_spreads
from gammacore.domain.holdings.policy import StopPolicy
from gammacore.domain.ledger import OrderIntended
from gammacore.domain.reports.day_report import day_report
from gammacore.domain.words import StrategyTag

CHEAP = {put(6880): ("0.50", "0.60"), put(6870): ("0.10", "0.20")}
"""The spread sold for 2.50 costs 0.50 to close: 84 % of the credit, far beyond every target."""


def a_far_day() -> World:
    """Sold at 10:00 under the OTM tag, cheap from then on, settled worthless."""
    plan = evolve(a_scripted_plan(), strategy=StrategyTag.OTM_SINGLE_SIDED, policy=StopPolicy())
    world = a_world(plan)
    world.day.once()
    world.cycle()
    for time in ("10:30", "11:00", "15:30", "15:55"):
        world.clock.set(at(time))
        world.show(CHEAP)
        world.day.once()
    world.market.settle(DAY, "6900")
    world.clock.set(at("16:00"))
    world.cycle(2)
    return world


def test_the_tag_goes_with_the_trade_from_order_to_journal() -> None:
    """Must not regress 5 (CS-221): once lost on the way, an OTM trade is stopped and judged as what it is not."""
    world = a_far_day()
    reread = [decode(encode(event)) for event in world.events]
    entry = next(event for event in reread if isinstance(event, OrderIntended))
    report = day_report(reread)

    assert entry.ticket.reason == "OTM_SINGLE_SIDED"
    (held,) = sold_spreads(Book.of(reread).holdings.values())
    assert held.plan.strategy is StrategyTag.OTM_SINGLE_SIDED
    assert [row["Strategy"] for row in csv.DictReader(journal_text("a", report.trades).splitlines())] == [
        "OTM_SINGLE_SIDED"
    ]


def test_the_tag_decides_how_the_trade_ends() -> None:
    """Must not regress 5 (CS-221, CS-551): no target and no time close takes it; it is held to settlement."""
    (booked,) = a_far_day().all(HoldingClosed)

    assert (booked.reason, booked.gross) == ("settled", Decimal(750))
