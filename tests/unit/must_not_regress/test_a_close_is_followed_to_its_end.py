"""A close that was decided is followed until the broker shows it, and it is booked at what was really paid."""

from __future__ import annotations

from decimal import Decimal

from builders import DAY, at
from builders_day import PUT_TRADE, closed, day_started, ledger_opened, opened
from builders_exchange import put
from builders_world import a_world_holding
from gammacore.adapters.fake.order import Behaviour
from gammacore.domain.book.book import Book
from gammacore.domain.holding_events import CloseDecided, HoldingClosed
from gammacore.domain.holdings.holding import HoldingState

RUN_AWAY = {put(6880): ("6.00", "6.20"), put(6870): ("2.90", "3.00")}
"""The 6880/6870 put spread costs 6.20 - 2.90 = 3.30 to close."""


def test_an_exit_is_booked_at_its_fill_not_at_the_mark_that_decided_it() -> None:
    """Must not regress 11 (CS-417): decided at 2.80, filled at 3.30; the market does not wait."""
    world = a_world_holding(closes={"p1": "10:00:20"})
    world.cycle()
    for _ in range(3):
        world.show(RUN_AWAY)
        world.day.once()

    (decided,), (booked,) = world.all(CloseDecided), world.all(HoldingClosed)
    assert decided.value == Decimal("2.80")
    assert (booked.exit_value, booked.gross) == (Decimal("3.30"), Decimal(-240))
    assert world.book.balance == world.exchange.account().balance


def test_a_close_that_is_decided_is_still_a_position() -> None:
    """Must not regress 14 (CS-561, CS-563): a 3-lot fell out of tracking while it closed and cost $1,822."""
    decided = closed(PUT_TRADE, "11:31", "stop_loss", "3.00", "-150")[0]
    book = Book.of([ledger_opened(), day_started(), *opened(PUT_TRADE), decided])

    assert [(position.id, position.state) for position in book.live_spreads] == [("p1", HoldingState.CLOSING)]
    assert sorted(book.expected_holdings().values()) == [-3, 3]


def test_a_close_that_never_fills_is_settled_not_forgotten() -> None:
    """Must not regress 14 (CS-563, CS-564): through a restart and the whole afternoon, to the intrinsic value."""
    world = a_world_holding(closes={"p1": "10:00:20"})
    for _ in range(40):
        world.exchange.faults.next_submit(Behaviour(unavailable=True))
    world.cycle(3)
    world.restart()
    world.cycle(3)
    assert [position.id for position in world.book.live_spreads] == ["p1"]

    world.market.settle(DAY, "6876")
    world.clock.set(at("16:00"))
    world.cycle(2)

    (booked,) = world.all(HoldingClosed)
    assert (booked.reason, booked.exit_value) == ("settled", Decimal(4))
    assert world.book.live_spreads == ()
