"""The tape accepts what may be decided on and remembers the rest. SC-007, SC-008, SC-016, SC-227, SC-228, SC-310."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from gammacore.domain.market import MarketSnapshot, Quote
from gammacore.domain.sessions import TradingSession
from gammacore.domain.tape import Tape, TapeRules
from gammacore.errors import InvalidInput

OPEN = TradingSession.of(dt.date(2026, 3, 3)).open


def second(number: float) -> dt.datetime:
    return OPEN + dt.timedelta(seconds=number)


def a_quote(spread: str, at: dt.datetime, bid: str = "590.00") -> Quote:
    return Quote(Decimal(bid), Decimal(bid) + Decimal(spread), at)


def a_tape(*spreads: str, bid: str = "590.00") -> Tape:
    """The tape of quotes a second apart, the first at the open."""
    tape = Tape()
    for number, spread in enumerate(spreads):
        tape = tape.after(a_quote(spread, second(number), bid), second(number))
    return tape


def test_the_vector_of_the_average_spread() -> None:
    """SC-432, SC-433: the seed prices nothing, the average moves after a spread was judged by it."""
    accepted, averages = [], []
    for count in range(1, 6):
        tape = a_tape(*(".02", ".02", ".03", ".04", ".02")[:count])
        accepted.append(tape.judge(second(count - 1)).passed)
        averages.append(tape.spread_average)

    assert accepted == [False, True, True, False, True]
    assert averages == [Decimal(text) for text in ("0.02", "0.02", "0.021", "0.0229", "0.02261")]


def test_the_seed_is_no_price() -> None:
    tape = a_tape(".02")

    assert tape.judge(OPEN).reason == "quote_missing"
    assert tape.accepted is None
    assert tape.usable_quote(OPEN) is not None  # stops may use it


@pytest.mark.parametrize(("spread", "reason"), [("0.58", "spread_jump"), ("0.59", "quote_wide"), ("0.6", "quote_wide")])
def test_from_the_cap_on_a_spread_is_too_wide(spread: str, reason: str) -> None:
    """SC-431: a thousandth of the mid (589.705 + 0.295 is 590.00), inclusive."""
    tape = Tape().after(a_quote("0.02", OPEN), OPEN).after(a_quote(spread, second(1), "589.705"), second(1))

    assert tape.judge(second(1)).reason == reason
    assert tape.spread_average == (Decimal("0.02") if reason == "quote_wide" else Decimal("0.076"))


@pytest.mark.parametrize(("spread", "passed"), [("0.04", True), ("0.05", False)])
def test_a_cheap_share_is_capped_in_cents(spread: str, passed: bool) -> None:
    """SC-431: five cents at least, whatever the price."""
    tape = a_tape("0.04", "0.04", spread, bid="20.00")

    assert tape.judge(second(2)).passed is passed


@pytest.mark.parametrize(("spread", "passed"), [("0.02", True), ("0.03", False)])
def test_two_ticks_are_never_a_jump(spread: str, passed: bool) -> None:
    """SC-433: from a penny wide to two is no jump, to three is."""
    assert a_tape("0.01", "0.01", spread).judge(second(2)).passed is passed


@pytest.mark.parametrize(("age", "reason"), [(5.0, None), (5.000001, "quote_stale")])
def test_a_quote_is_fresh_for_five_seconds_inclusive(age: float, reason: str | None) -> None:
    tape = a_tape(".02", ".02")

    assert tape.judge(second(1 + age)).reason == reason
    assert (tape.usable_quote(second(1 + age)) is None) is (reason is not None)
    assert (tape.accepted_quote(second(1 + age)) is None) is (reason is not None)


@pytest.mark.parametrize(("age", "passed"), [(120.0, True), (121.0, False)])
def test_in_a_study_of_minutes_a_quote_is_fresh_for_two_steps(age: float, passed: bool) -> None:
    """SC-016: the market's own limit where it is longer than the figure."""
    tape = Tape()
    for number in (0, 60):
        tape = tape.after(a_quote(".02", second(number)), second(number), quote_age_limit=120.0)

    assert tape.judge(second(60 + age)).passed is passed


@pytest.mark.parametrize(("age", "is_stepped", "passed"), [(5, False, True), (6, False, False), (6, True, True)])
def test_live_the_limit_of_options_does_not_make_a_share_quote_fresh(age: int, is_stepped: bool, passed: bool) -> None:
    """SC-008, SC-016: a live feed shows quotes of options for 15 s; only steps of a study stretch the 5 s of shares."""
    tape = Tape(is_stepped=is_stepped)
    for number in (0, 1):
        at = second(number)
        tape = tape.look(MarketSnapshot(at, "SPY", None, None, None, None, 15.0, share=a_quote(".02", at)))

    assert tape.judge(second(1 + age)).passed is passed


def test_a_steps_limit_shorter_than_the_figure_changes_nothing() -> None:
    tape = Tape()
    for number in (0, 1):
        tape = tape.after(a_quote(".02", second(number)), second(number), quote_age_limit=2.0)

    assert tape.judge(second(6)).passed


def test_a_quote_that_did_not_change_on_a_live_stream_is_not_old() -> None:
    """SC-008: its age counts from the last sign of life of the stream."""
    tape = a_tape(".02", ".02").after(None, second(60), alive_at=second(58))

    assert tape.judge(second(63)).passed
    assert tape.age(second(63)) == 5.0
    assert tape.judge(second(63.5)).reason == "quote_stale"


def test_a_quote_that_arrives_old_is_stale_and_moves_nothing() -> None:
    tape = a_tape(".02", ".02")
    later = tape.after(a_quote(".05", second(10)), second(16))

    assert later.judge(second(16)).reason == "quote_stale"
    assert (later.spread_average, later.usable) == (tape.spread_average, tape.usable)


@pytest.mark.parametrize(
    ("defect", "reason"),
    [
        ("crossed", "quote_crossed"),
        ("missing", "quote_missing"),
        ("no_ask", "quote_missing"),
        ("negative", "quote_missing"),
    ],
)
def test_a_quote_that_is_none_is_refused_and_the_one_before_it_serves_exits(defect: str, reason: str) -> None:
    tape = a_tape(".02", ".02").after(None, second(2), defect=defect)

    assert tape.judge(second(2)).reason == reason
    assert tape.usable_quote(second(2)) == a_quote(".02", second(1))
    assert tape.accepted_quote(second(2)) is None


def test_a_share_without_a_bid_is_not_quoted() -> None:
    tape = a_tape(".02", ".02").after(Quote(Decimal(0), Decimal("590.02"), second(2)), second(2))

    assert tape.judge(second(2)).reason == "quote_missing"


def test_nothing_shown_is_missing() -> None:
    assert Tape().judge(OPEN).reason == "quote_missing"
    assert Tape().after(None, OPEN).judge(OPEN).reason == "quote_missing"


def test_looking_twice_at_the_same_quote_adds_nothing() -> None:
    tape = a_tape(".02", ".02", ".03")
    again = tape.after(a_quote(".03", second(2)), second(2.5)).after(a_quote(".02", second(1)), second(2.6))

    assert again == tape


def test_a_refused_quote_changes_no_price() -> None:
    """SC-430, SC-008: entries keep the accepted price, stops take the usable one."""
    tape = a_tape(".02", ".02").after(a_quote(".50", second(2), "589.00"), second(2))

    assert tape.accepted == a_quote(".02", second(1))
    assert tape.usable == a_quote(".50", second(2), "589.00")
    assert tape.high == tape.low == Decimal("590.01")


@pytest.mark.parametrize(("spread", "widening"), [("0.03", False), ("0.031", True), ("0.70", True)])
def test_a_spread_above_one_and_a_half_averages_is_widening(spread: str, widening: bool) -> None:
    """SC-310: accepted or not."""
    assert a_tape("0.02", "0.02", spread).spread_widening is widening


def test_high_and_low_are_of_accepted_mids_since_the_open() -> None:
    tape = Tape(opens_at=OPEN)
    for number, bid in ((-2, "580.00"), (-1, "599.00"), (0, "590.00"), (1, "591.00"), (2, "589.00")):
        tape = tape.after(a_quote(".02", second(number), bid), second(number))

    assert (tape.low, tape.high) == (Decimal("589.01"), Decimal("591.01"))
    assert [quote.bid for quote in tape.seconds] == [Decimal("590.00"), Decimal("591.00"), Decimal("589.00")]


def test_samples_are_one_a_second_and_one_a_cycle() -> None:
    """SC-227, SC-228: the last 60 and the last 20."""
    tape = Tape()
    for number in range(400):  # four quotes a second
        now = second(number / 4)
        tape = tape.after(a_quote(".02", now, str(590 + Decimal(number) / 100)), now)

    assert [quote.at for quote in tape.seconds] == [second(number) for number in range(40, 100)]
    assert [quote.at for quote in tape.cycles] == [second(number) for number in range(60, 100, 2)]


def test_a_silent_feed_is_sampled_at_its_last_accepted_quote() -> None:
    tape = a_tape(".02", ".02").after(None, second(2)).after(None, second(3)).after(None, second(3.5))

    assert [quote.at for quote in tape.seconds] == [second(1)] * 3


def test_five_spreads_in_a_row() -> None:
    """SC-228: a wide one breaks the row, four are not enough."""
    limit = Decimal("0.05")
    assert not a_tape(*[".05"] * 4).kept_narrow(limit)
    assert a_tape(".06", *[".05"] * 5).kept_narrow(limit)
    assert not a_tape(*[".05"] * 4, ".06").kept_narrow(limit)


def test_a_look_at_the_market_is_a_look_at_its_share() -> None:
    tape = Tape()
    for number in (0, 1):
        shown = a_quote(".02", second(number))
        tape = tape.look(MarketSnapshot(second(number), "SPY", shown.mid, second(number), None, None, 2.0, share=shown))
    crossed = tape.look(MarketSnapshot(second(2), "SPY", None, None, None, None, 2.0, share_defect="crossed"))

    assert tape.judge(second(1)).passed
    assert crossed.judge(second(2)).reason == "quote_crossed"


def test_a_cap_of_nothing_is_refused() -> None:
    with pytest.raises(InvalidInput, match="spread_cap"):
        TapeRules(spread_cap=Decimal(0))


def test_a_chain_given_as_a_function_is_made_once_when_it_is_read() -> None:
    made: list[int] = []

    def make() -> None:
        made.append(1)

    snapshot = MarketSnapshot(OPEN, "SPY", None, None, make, None)

    assert not made
    assert snapshot.chain is None
    assert snapshot.chain is None
    assert len(made) == 1
