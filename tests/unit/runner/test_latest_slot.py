"""What waits for the core: the newest quote a symbol, every fill, time. Rules: SC-1003, SC-1004."""

from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from builders_runner import SHARE, VirtualLoop, a_quote, finished, seconds
from gammacore.adapters.asyncio_runner.latest_slot import Inflow, LatestSlot, Tick
from gammacore.ports.broker import News
from gammacore.ports.driving import SlotCounts
from gammacore.ports.market_data import StreamedQuote


def a_message(bid: str, after: float = 0, symbol: str = SHARE) -> StreamedQuote:
    return StreamedQuote(symbol, a_quote(bid, seconds(after)), seconds(after))


@given(st.lists(st.sampled_from(["put", "take"])))
def test_what_was_put_was_overwritten_or_taken_and_one_at_most_waits(steps: list[str]) -> None:
    slot: LatestSlot[int] = LatestSlot()
    newest = None
    for number, step in enumerate(steps):
        if step == "put":
            slot.put(number)
            newest = number
        else:
            assert slot.take_now() == newest
            newest = None
        counts = slot.counts
        assert counts.put - counts.overwritten - counts.taken == (newest is not None)

    slot.close()

    assert slot.counts.put == slot.counts.overwritten + slot.counts.taken


def test_a_closed_slot_takes_nothing_and_does_not_fail() -> None:
    slot: LatestSlot[int] = LatestSlot()
    slot.put(1)
    slot.close()
    slot.put(2)

    assert slot.take_now() is None
    assert slot.counts == SlotCounts(put=1, overwritten=1)


def test_take_waits_for_what_comes_next() -> None:
    loop = VirtualLoop()

    async def both() -> tuple[int, float]:
        slot: LatestSlot[int] = LatestSlot()
        loop.call_later(5, slot.put, 7)
        return await slot.take(), loop.time()

    assert finished(loop, both()) == (7, 5.0)


def test_fills_keep_their_order_and_come_before_time_and_quotes() -> None:
    async def order() -> list[object]:
        inflow = Inflow()
        inflow.quote(a_message("590.00"))
        inflow.quote(a_message("590.01"))
        inflow.quote(a_message("500.00", symbol="QQQ"))
        inflow.tick()
        inflow.tick()
        inflow.fill(News(frozenset({"a"})))
        inflow.fill(News(frozenset({"b"})))
        return [await inflow.next() for _ in range(5)]

    fills = [News(frozenset({"a"})), News(frozenset({"b"}))]
    assert asyncio.run(order()) == [*fills, Tick(), a_message("590.01"), a_message("500.00", symbol="QQQ")]
