"""Exits of ST0CKG as orders: the path of SC-340, one order at a time, the entry called back first. SC-333..340."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import pytest
from attrs import evolve

from builders import at
from builders_scalping import a_minute
from builders_st0ckg import DAILY, HELD, a_ledger, a_look, call, entry, put, sale, steps, the_chain, watched
from gammacore.domain.book.book import Book
from gammacore.domain.desks.st0ckg import St0ckgDesk
from gammacore.domain.desks.unbid import by_quotes
from gammacore.domain.holdings.plans import RWatch
from gammacore.domain.instruments import OptionContract
from gammacore.domain.ledger import DayHalted, Halted
from gammacore.domain.orders import THE_DAY, Purpose, TicketLife
from gammacore.domain.strategy import Cancel, Decision, Decisions, SaveState, Situation, Trade

FOUR = entry()
LINES = evolve(DAILY, high=Decimal(600), low=Decimal(580))


def looked(book: Book, price: str | None = "590.00", bid: float = 0.60, *, time: str = "11:10:00",
           contract: OptionContract | None = None, age: float = 0) -> Situation:  # fmt: skip
    """After the entry window, with the held option quoted two cents wide."""
    quotes = {contract or call(593): (bid, round(bid + 0.02, 2))}
    chain = the_chain(time[:5], "592", quotes=quotes)
    if time[6:] not in ("", "00"):
        chain = evolve(chain, as_of=at(time), quoted_at=[at(time).timestamp()] * len(chain))
    return a_look(time, price, book=book, days=(LINES,), minutes=(), chain=chain, age=age)


def traded(found: Sequence[Decision]) -> list[tuple[str, int, Decimal | None]]:
    """Reason, contracts and limit of what is sold."""
    assert all(step.purpose is Purpose.EXIT for step in found if isinstance(step, Trade))
    return [(step.reason, step.quantity, step.limit) for step in found if isinstance(step, Trade)]


def cancels(found: Sequence[Decision]) -> list[tuple[str, str]]:
    return [(step.order, step.reason) for step in found if isinstance(step, Cancel)]


def states(found: Sequence[Decision]) -> list[object]:
    return [step.watch for step in found if isinstance(step, SaveState)]


BID = Decimal("0.60")


def test_the_first_look_remembers_the_underlying_at_the_fill() -> None:
    """SC-333, SC-334: the mid; where there is no quote, that of the decision."""
    book = a_ledger(FOUR)
    assert states(steps(looked(book, "590.02"))) == [RWatch(Decimal("590.02"))]
    assert states(steps(looked(book, None))) == [RWatch(Decimal("590.00"))]


def test_the_best_r_and_arming_are_saved_when_they_change() -> None:
    """SC-334."""
    book = a_ledger(FOUR, [watched()])
    assert states(steps(looked(book, "590.10"))) == [RWatch(Decimal("590.00"), Decimal(1), armed=True)]
    assert states(steps(looked(book, "589.95"))) == []
    armed = a_ledger(FOUR, [watched("1", armed=True)])
    assert states(steps(looked(armed, "590.05"))) == []


@pytest.mark.parametrize(
    ("price", "armed", "bid", "sold"),
    [
        ("590.05", False, 0.60, []),
        ("590.15", False, 0.60, [("scale_out", 2, BID)]),
        ("590.00", True, 0.60, [("breakeven_stop", 4, BID)]),
        ("590.30", False, 0.60, [("final_target", 4, BID)]),
        ("589.90", False, 0.60, [("r_stop", 4, BID)]),
        ("590.00", False, 0.31, [("option_stop", 4, None)]),
        ("590.00", False, 0.32, []),
    ],
)
def test_each_exit_is_a_sale(price: str, armed: bool, bid: float, sold: list[tuple[str, int, Decimal | None]]) -> None:
    """SC-335, SC-338, SC-340."""
    book = a_ledger(FOUR, [watched("1" if armed else "0", armed=armed)])
    found = steps(looked(book, price, bid))
    assert traded(found) == sold
    for step in found:
        if isinstance(step, Trade):
            assert step.life == (THE_DAY if step.limit is None else TicketLife(5))


@pytest.mark.parametrize(("price", "reason"), [("590.00", "breakeven_stop"), ("590.30", "final_target")])
def test_after_half_is_sold_the_rest_goes_at_breakeven_or_at_the_target(price: str, reason: str) -> None:
    """SC-340: half is sold once."""
    book = a_ledger(FOUR, [watched("1.5", armed=True)], sale(2, "scale_out", filled=2))
    assert traded(steps(looked(book, price))) == [(reason, 2, BID)]
    assert traded(steps(looked(book, "590.20"))) == []


def test_puts_go_the_other_way() -> None:
    """SC-333."""
    book = a_ledger(entry(contract=put(588)), [watched()])
    assert traded(steps(looked(book, "589.85", contract=put(588)))) == [("scale_out", 2, BID)]
    assert traded(steps(looked(book, "590.10", contract=put(588)))) == [("r_stop", 4, BID)]


def test_a_scale_out_that_came_to_nothing_is_sent_again_and_one_that_works_is_not() -> None:
    """SC-336."""
    held = [*FOUR, watched("1.5", armed=True)]
    assert traded(steps(looked(a_ledger(held, sale(2, "scale_out")), "590.20"))) == []
    again = a_ledger(held, sale(2, "scale_out", ended=True))
    assert traded(steps(looked(again, "590.20"))) == [("scale_out", 2, BID)]
    part = a_ledger(held, sale(2, "scale_out", filled=1, ended=True))
    assert traded(steps(looked(part, "590.20"))) == []


def test_an_exit_once_begun_goes_on_though_the_price_recovers() -> None:
    """SC-338: replaced at the new bid, at most three times, then at market."""
    book = [*FOUR, watched()]
    for number, expected in enumerate((BID, BID, BID, BID, None, None)):
        assert traded(steps(looked(a_ledger(book), "589.90" if number == 0 else "590.02"))) == [("r_stop", 4, expected)]
        book += sale(4, "r_stop", order=f"gc-{number}", ended=True, limit="0.60" if expected else None)


def test_what_is_left_of_a_partial_exit_goes_too() -> None:
    """SC-338."""
    book = a_ledger(FOUR, [watched()], sale(4, "r_stop", filled=3, ended=True))
    assert traded(steps(looked(book, "590.02"))) == [("r_stop", 1, BID)]


def test_one_exit_at_a_time() -> None:
    """SC-211: an order of the same exit is waited for; one of another is called back first."""
    resting = a_ledger(FOUR, [watched()], sale(4, "r_stop"))
    assert steps(looked(resting, "589.90")) == []
    half = a_ledger(FOUR, [watched("1.5", armed=True)], sale(2, "scale_out"))
    found = steps(looked(half, "590.00"))
    assert (cancels(found), traded(found)) == ([("gc-exit", "breakeven_stop")], [])


def test_an_urgent_exit_calls_the_patient_one_back_and_goes_at_market() -> None:
    """SC-338."""
    resting = a_ledger(FOUR, [watched()], sale(4, "r_stop"))
    assert cancels(steps(looked(resting, "589.90", 0.30))) == [("gc-exit", "option_stop")]
    ended = a_ledger(FOUR, [watched()], sale(4, "r_stop", ended=True))
    assert traded(steps(looked(ended, "590.05", 0.30))) == [("option_stop", 4, None)]


def test_the_entry_is_called_back_before_what_it_bought_is_sold() -> None:
    """SC-330: a partial fill is the position."""
    book = a_ledger(entry(filled=3), [watched()])
    found = steps(looked(book, "589.90"))
    assert (cancels(found), traded(found)) == ([("gc-entry", "r_stop")], [])
    assert steps(looked(book, "590.05")) == [SaveState(HELD, RWatch(Decimal("590.00"), Decimal("0.5")))]


def test_at_a_bid_of_nothing_the_house_offers_a_tick_for_the_day() -> None:
    """SC-338, CS-420: the option stop, and a breakeven stop alike."""
    situation = looked(a_ledger(FOUR, [watched()]), "590.00", 0.0)
    found = by_quotes(Decisions(tuple(steps(situation))), situation).steps
    assert traded(found) == [("option_stop", 4, Decimal("0.01"))]
    (sold,) = (step for step in found if isinstance(step, Trade))
    assert sold.life == THE_DAY
    offered = a_ledger(FOUR, [watched()], sale(4, "option_stop", limit="0.01", life=None))
    assert steps(looked(offered, "589.00", 0.0)) == []


@pytest.mark.parametrize(("time", "sold"), [("15:49:59", []), ("15:50:00", [("time_exit", 4, None)])])
def test_the_time_exit_is_ten_minutes_before_the_close(time: str, sold: list[tuple[str, int, Decimal | None]]) -> None:
    """SC-335 (2), SC-614."""
    assert traded(steps(looked(a_ledger(FOUR, [watched()]), "590.05", time=time))) == sold


def test_halts_flatten_and_exits_go_on_while_halted() -> None:
    """SC-610, SC-611."""
    held = [*FOUR, watched()]
    lost = DayHalted(at("11:00"), at("11:00").date(), "daily_loss", "-500")
    streak = evolve(lost, reason="loss_streak")
    assert traded(steps(looked(a_ledger(held, [lost]), "590.05"))) == [("daily_loss", 4, None)]
    assert traded(steps(looked(a_ledger(held, [streak]), "590.05"))) == []
    assert traded(steps(looked(a_ledger(held, [streak]), "589.90"))) == [("r_stop", 4, BID)]
    killed = Halted(at("11:00"), "a person")
    assert traded(steps(looked(a_ledger(held, [killed]), "590.05"))) == [("kill_switch", 4, None)]


def test_an_entry_that_works_is_called_back_when_all_is_to_go() -> None:
    book = a_ledger(entry(filled=0), [Halted(at("11:00"), "a person")])
    assert cancels(steps(looked(book))) == [("gc-entry", "kill_switch")]
    assert steps(looked(a_ledger(entry(filled=0)))) == []


def test_a_share_feed_that_stops_pauses_r_and_sells_after_a_minute() -> None:
    """SC-339."""
    book = a_ledger(FOUR, [watched("1", armed=True)])
    assert traded(steps(looked(book, "589.00", age=6))) == []
    assert traded(steps(looked(book, "589.00", 0.30, age=6))) == [("option_stop", 4, None)]
    assert traded(steps(looked(book, "590.05", age=59))) == []
    assert traded(steps(looked(book, "590.05", age=60))) == [("feed_lost_exit", 4, None)]


def test_a_trade_is_invalidated_by_todays_lines() -> None:
    """SC-335 (8)."""
    book = a_ledger(FOUR, [watched()])
    lined = evolve(LINES, open=Decimal(595), close=Decimal(595), low=Decimal("589.95"))
    opened = (a_minute(590, start="09:30"),)

    def sold(price: str) -> list[tuple[str, int, Decimal | None]]:
        situation = looked(book, price)
        history = situation.history
        assert history is not None
        return traded(steps(evolve(situation, history=evolve(history, days=(lined,), one_minute=opened))))

    assert sold("589.95") == []
    assert sold("589.94") == [("invalidated", 4, BID)]


def test_one_contract_is_held_to_its_target() -> None:
    """SC-336."""
    book = a_ledger(entry(1), [watched("1.5", armed=True)])
    assert traded(steps(looked(book, "590.20"))) == []
    assert traded(steps(looked(book, "590.30"))) == [("final_target", 1, BID)]


def test_another_desks_holding_is_left_alone() -> None:
    book = a_ledger(FOUR, [watched()])
    assert traded(steps(looked(book, "589.00"), St0ckgDesk(name="other"))) == []
