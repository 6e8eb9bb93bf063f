"""Whatever the quotes do and the exchange makes of its orders, ST0CKA ends flat and sells what it holds, once."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from builders import at
from builders_scalping import a_share_world
from gammacore.adapters.fake.order import CancelOutcome
from gammacore.domain.scalping.st0cka import EntryOrder, St0ckaRules, Unwind

START = Decimal(60_000)
RULES = st.builds(
    St0ckaRules,
    unwind=st.sampled_from(Unwind),
    entry_order=st.sampled_from(EntryOrder),
    max_positions=st.integers(1, 3),
    min_entry_interval=st.sampled_from([1, 5, 30]),
    stop_per_share=st.sampled_from([None, Decimal("0.05"), Decimal(1)]),
)
WHOLE = [(3,), (1, 2), (2, 1), (1, 1, 1)]
"""Parts that fill any order: a market order of which the rest never fills rests for the day (SC-209)."""


def treated(parts: list[tuple[int, ...]]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {},
        optional={
            "parts": st.sampled_from(parts),
            "delay": st.integers(0, 3),
            "on_cancel": st.sampled_from(CancelOutcome),
            "ignored_cancels": st.integers(0, 2),
            "rejects": st.sampled_from(["", "no"]),
        },
    )


PATH = st.lists(
    st.tuples(st.integers(-120, 120), st.integers(1, 4), st.sampled_from([1, 1, 2, 7, 31])), min_size=5, max_size=30
)


@settings(max_examples=20)
@given(rules=RULES, path=PATH, first=treated([(1,), (2,), *WHOLE]), later=st.lists(treated(WHOLE), max_size=12))
def test_never_more_is_sold_than_held_and_the_day_ends_flat(
    rules: St0ckaRules, path: list[tuple[int, int, int]], first: dict[str, Any], later: list[dict[str, Any]]
) -> None:
    """SC-211, SC-212; the profit of the trades is the change of the balance, at the exchange too."""
    world = a_share_world(rules, start="09:57:00")
    for treatment in (first, *later):
        world.exchange.next_submit(**treatment)
    world.look()
    for cents, width, seconds in path:
        bid = world.bid + Decimal(cents) / 100
        world.tick(str(bid), str(bid + Decimal(width) / 100), seconds=seconds)
        assert world.exchange.holdings().get("SPY", 0) >= 0
        assert world.held >= 0
    for _ in range(12):  # what is treated badly is used up
        world.tick(seconds=3)
        assert world.exchange.holdings().get("SPY", 0) >= 0
    world.exchange.faults = type(world.exchange.faults)()
    world.until("10:59:00")
    world.tick(seconds=5, times=24)

    assert world.clock.now() < at("11:02:00")
    assert dict(world.exchange.holdings()) == {}
    assert (world.held, world.book.live_holdings, world.book.working_orders) == (0, (), ())
    profit = sum((net for _, net in world.closed), Decimal(0))
    assert world.book.balance - START == profit
    assert world.exchange.account().balance - START == profit
