"""Firestore silent past the limit at a step of a day at a broker: the run ends in time, the next goes on. R1, R2, R6.

At an append of the day Firestore falls silent for good. The loop waits once for `LIMIT` seconds, sends no order
meanwhile, and ends with what it could not reach. Another process takes the day up when Firestore is back. In a smoke
each desk meets two kinds of silence, about its first order; `make sweep` tries every kind at every append.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import accumulate

import pytest

from builders_broker_day import a_world
from counterparts.serving import serving
from counterparts.tradier_dialect import tradier_app
from extent import WHOLE, pairs
from firestore_silence import LIMIT, STEP, Desk, Ending, Line, Silence, SilentDay
from gammacore.adapters.firestore import Documents, StoreUnreachable
from gammacore.domain.holding_events import HoldingClosed
from gammacore.domain.ledger import OrderIntended

SEED = 57
DESKS = (Desk("credit-spread", "SPX"), Desk("delta-hedge", "SPY"))
UNDISTURBED: dict[Desk, list[int]] = {}
"""The numbers of the appends to be silent at, once for every desk."""


@contextmanager
def a_day(desk: Desk, documents: Documents) -> Iterator[SilentDay]:
    world = a_world(desk.underlying, SEED, STEP)
    with serving(tradier_app(world)) as server:
        yield SilentDay(desk, documents, server, world)


def steps(line: Line, ending: Ending) -> list[int]:
    """Every append; in a smoke that of the first order's intent, whose answer meets the silence too."""
    if WHOLE:
        return list(range(len(line.appended)))
    first = next(number for number, event in enumerate(ending.events) if isinstance(event, OrderIntended))
    return [next(number for number, until in enumerate(accumulate(line.appended)) if first < until)]


def assert_over(ending: Ending) -> None:
    """Finished and flat; every order posted once, every dollar and every close booked once."""
    book = ending.book
    closed = [event.holding for event in ending.events if isinstance(event, HoldingClosed)]
    assert book.finished is not None
    assert (ending.holdings, list(book.live_holdings), list(book.working_orders)) == ({}, [], [])
    assert (ending.posts, book.balance) == (ending.orders, ending.cash)
    assert len(closed) == len(set(closed))


@pytest.fixture
def tried(desk: Desk, documents: Documents) -> list[int]:
    """The steps of the day that nothing disturbs."""
    if desk not in UNDISTURBED:
        with a_day(desk, documents) as day:
            day.run(line := Line())
            assert_over(ending := day.ending())
            UNDISTURBED[desk] = steps(line, ending)
    return UNDISTURBED[desk]


@pytest.mark.parametrize(
    ("desk", "how"),
    [
        pytest.param(desk, how, id=f"{desk}, {how}", marks=pytest.mark.xdist_group(f"silence {desk}"))
        for desk, how in pairs(DESKS, Silence)
    ],
)
def test_a_silence_past_the_limit_ends_the_run_in_time_and_the_next_one_ends_the_day(
    desk: Desk, how: Silence, tried: list[int], fresh_projects: Iterator[Documents]
) -> None:
    for number in tried:
        with a_day(desk, next(fresh_projects)) as day:
            line = Line(number, how)
            if WHOLE and how is Silence.AFTERWARDS and number == tried[-1]:
                day.run(line)  # the day is over with its last append: nothing is asked any more
                assert_over(day.ending())
                continue
            with pytest.raises(StoreUnreachable):
                day.run(line)

            assert day.silent_since is not None
            assert day.world.now() - day.silent_since == dt.timedelta(seconds=LIMIT), number
            assert len(day.world.exchange.every_order) == day.orders_then, number

            day.end_silence(line)
            day.run(Line())
            assert_over(day.ending())
