"""One hedging decision of the day loop, at its edges."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from builders import at
from builders_delta_hedge import (
    EVENT,
    NEGATIVE,
    STRADDLE,
    a_hedge_case,
    a_hedged_book,
    bought,
    decided,
    filled,
    hedge_sent,
)
from builders_desk import a_book
from gammacore.domain.desks.delta_hedge.hedge import DELTA_HEDGE, HedgeCase
from gammacore.domain.hedging.decision import Alarm, Hedge, Reason
from gammacore.domain.hedging.exposure import Universe
from gammacore.domain.hedging.option_greeks import model_of_today
from gammacore.domain.hedging.settings import HedgingSettings
from gammacore.domain.hedging.share_hedge import COVER, HedgedBook, hedged_book
from gammacore.domain.holding_events import HedgeDecided
from gammacore.domain.instruments import REGISTRY, Side
from gammacore.domain.ledger import Halted, OrderWasRejected
from gammacore.domain.legs import ShareLeg
from gammacore.domain.orders import Purpose
from gammacore.domain.regime.regime import CALM, MacroState, Regime
from gammacore.domain.risk.opening_limits import OpeningLimits
from gammacore.domain.strategy import Note, Trade, Warn

FRACTION = Decimal("0.00000001")
"""The smallest step of a delta: a millionth of a share."""


def shares_of(case: HedgeCase) -> int:
    verdict = case.judge()
    assert isinstance(verdict, Hedge), verdict
    return verdict.shares


def the_trade(case: HedgeCase) -> Trade:
    (trade,) = (step for step in case.steps() if isinstance(step, Trade))
    return trade


# -- thresholds: DH-301..303 -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("regime", "threshold"),
    [(CALM, "0.15"), (NEGATIVE, "0.10"), (EVENT, "0.1875"), (evolve(EVENT, gex=NEGATIVE.gex), "0.125")],
    ids=["calm", "negative gamma", "macro event", "both"],
)
@pytest.mark.parametrize("side", [1, -1])
def test_exactly_the_threshold_is_not_hedged_a_fraction_more_is(regime: Regime, threshold: str, side: int) -> None:
    """DH-301, DH-302."""
    at_it, beyond = Decimal(threshold) * side, (Decimal(threshold) + FRACTION) * side

    assert a_hedge_case(a_hedged_book(str(at_it)), regime=regime).judge() is Reason.BELOW_THRESHOLD
    assert isinstance(a_hedge_case(a_hedged_book(str(beyond)), regime=regime).judge(), Hedge)


@pytest.mark.parametrize(("delta", "shares"), [("0.155", -16), ("-0.155", 16), ("0.1649", -16), ("0.65", -65)])
def test_a_hedge_brings_the_net_to_zero_halves_away_from_it(delta: str, shares: int) -> None:
    """DH-304."""
    assert shares_of(a_hedge_case(a_hedged_book(delta))) == shares


def test_the_band_widens_with_the_contracts() -> None:
    """DH-303: 0.02 × 20 contracts = 0.40."""
    edge, band = a_hedged_book("0.02", contracts=20), Decimal("0.02")

    assert a_hedge_case(edge, band_per_contract=band).judge() is Reason.BELOW_THRESHOLD
    assert shares_of(a_hedge_case(a_hedged_book("0.0201", contracts=20), band_per_contract=band)) == -40


def test_shares_held_and_in_flight_count_in_the_net() -> None:
    """DH-221, DH-240."""
    assert shares_of(a_hedge_case(a_hedged_book("0.65", held=-30))) == -35
    assert shares_of(a_hedge_case(a_hedged_book("0.65", held=-30, in_flight=(-10, -5)))) == -20
    assert a_hedge_case(a_hedged_book("0.65", in_flight=(-65,))).judge() is Reason.BELOW_THRESHOLD


def test_an_index_is_hedged_with_its_share_by_the_ratio_and_its_own_unit() -> None:
    """DH-220, DH-222: one SPX contract of delta 0.65 is 650 SPY shares; D = 1000, so 0.15 is 150 shares."""
    spx = "SPXW260105C06900000"
    case = a_hedge_case(a_hedged_book("0.65", symbol=spx))
    case = evolve(case, situation=evolve(case.situation, underlying=REGISTRY["SPX"]))
    edge = evolve(case, book=a_hedged_book("0.15", symbol=spx))

    assert (shares_of(case), case.unit) == (-650, Decimal(1000))
    assert edge.judge() is Reason.BELOW_THRESHOLD
    assert the_trade(case).legs == (ShareLeg("SPY", Side.SELL, closes=False),)
    record = the_trade(case).record
    assert isinstance(record, HedgeDecided)
    assert record.hedge_price == 60  # P_h = P_u / R: the builder shows 600


# -- the first "no" wins: DH-307 ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("last", "verdict"), [("09:59:00.001", Reason.RATE_LIMITED), ("09:59:00", None)])
def test_the_window_between_two_hedges_is_closed_at_59_999_and_open_at_60(last: str, verdict: Reason | None) -> None:
    """DH-305."""
    judged = a_hedge_case(a_hedged_book(last_hedge=last)).judge()

    assert judged is verdict if verdict else isinstance(judged, Hedge)


def test_a_refused_hedge_opens_no_window_early() -> None:
    """DH-242, DH-305: the last hedge is the last one sent, whatever its fate."""
    refused = OrderWasRejected(at("09:59:30"), "gc-hedge", "no shares to borrow")
    book = a_book(bought(), hedge_sent(-40, "09:59:30"), refused)
    seen = look_at(book, "0.50")

    assert seen.options.last_hedge_at == at("09:59:30")
    assert (seen.held, seen.in_flight) == (0, ())
    assert a_hedge_case(seen, "10:00:29.999", book=book).judge() is Reason.RATE_LIMITED
    assert shares_of(a_hedge_case(seen, "10:00:30", book=book)) == -50


def test_unknown_delta_is_no_delta() -> None:
    """DH-204."""
    assert a_hedge_case(a_hedged_book(None)).judge() is Reason.MISSING_DELTA


@pytest.mark.parametrize(("age", "verdict"), [(300, None), (300.001, Reason.NO_UNDERLYING_PRICE)])
def test_a_price_older_than_300_seconds_is_none(age: float, verdict: Reason | None) -> None:
    """DH-231."""
    judged = a_hedge_case(price_age=age).judge()

    assert judged is verdict if verdict else isinstance(judged, Hedge)


def test_less_than_half_a_share_is_no_hedge() -> None:
    """DH-304."""
    case = a_hedge_case(a_hedged_book("0.004"), threshold=Decimal("0.001"))

    assert case.judge() is Reason.BELOW_ONE_SHARE


def test_a_halt_stops_hedges() -> None:
    """DH-1001."""
    assert a_hedge_case(book=a_book(Halted(at("09:50"), "by hand"))).judge() is Reason.HALTED


@pytest.mark.parametrize(("blocks", "verdict"), [(False, None), (True, Reason.PAUSED)])
def test_a_macro_pause_stops_hedges_only_where_it_is_asked_to(blocks: bool, verdict: Reason | None) -> None:
    """DH-453."""
    pause = evolve(EVENT, macro=MacroState(detected=True, actions=("pause_trading",)))
    judged = a_hedge_case(regime=pause, pause_blocks_hedges=blocks).judge()

    assert judged is verdict if verdict else isinstance(judged, Hedge)


def test_what_an_earlier_session_left_is_closed_before_anything_is_hedged() -> None:
    """DH-520."""
    assert a_hedge_case(a_hedged_book(leftovers=("SPY-20260102-straddle",))).judge() is Reason.LEFTOVER


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({}, Reason.HALTED),
        ({"book": a_book()}, Reason.PAUSED),
        ({"book": a_book(), "regime": CALM}, Reason.LEFTOVER),
    ],
)
def test_the_first_no_wins(changes: dict[str, Any], verdict: Reason) -> None:
    """DH-307: everything is wrong at once."""
    pause = evolve(EVENT, macro=MacroState(detected=True, actions=("pause_trading",)))
    seen = a_hedged_book(None, leftovers=("yesterday",), last_hedge="09:59:59")
    terms = {"book": a_book(Halted(at("09:50"), "by hand")), "regime": pause, "pause_blocks_hedges": True, **changes}

    assert a_hedge_case(seen, price_age=301, **terms).judge() is verdict


def test_a_large_hedge_is_cut_and_reported() -> None:
    """DH-308."""
    trade, warning = a_hedge_case(a_hedged_book("0.90"), max_hedge_shares=40).steps()

    assert isinstance(trade, Trade)
    assert isinstance(warning, Warn)
    assert (trade.quantity, warning.code) == (40, Alarm.SIZE_CAPPED)


# -- never across zero -------------------------------------------------------------------------------------------------


def look_at(book: Any, delta: str) -> HedgedBook:
    """The ledger's straddle as the desk sees it, its options replaced by one of a delta."""
    inventory = book.holdings[STRADDLE]
    case = a_hedge_case(book=book)
    market, session = case.situation.market, case.situation.session
    model = model_of_today((session.close - market.at).total_seconds())
    seen = hedged_book(inventory, book, market, Universe(HedgingSettings()), "SPY", model)
    options = a_hedged_book(delta).options
    options.last_hedge_at, options.hedges = seen.options.last_hedge_at, seen.options.hedges
    return evolve(seen, options=options)


@pytest.mark.parametrize(
    ("held", "wanted", "sent", "closes"),
    [
        (0, -40, -40, False),
        (20, -20, -20, True),
        (20, -15, -15, True),
        (20, -40, -20, True),
        (-20, 40, 20, True),
        (20, 30, 30, False),
        (-1, -40, -40, False),
    ],
)
def test_a_hedge_never_crosses_zero_in_one_order(held: int, wanted: int, sent: int, closes: bool) -> None:
    delta = Decimal(-held - wanted) / 100
    trade = the_trade(a_hedge_case(a_hedged_book(str(delta), held=held), threshold=Decimal("0.001")))
    (leg,) = trade.legs

    assert isinstance(leg, ShareLeg)
    assert (leg.side.sign * trade.quantity, leg.closes) == (sent, closes)
    assert trade.reason == (DELTA_HEDGE if sent == wanted else COVER)


@pytest.mark.parametrize(
    ("held", "in_flight", "wanted", "sent"),
    [
        (20, (-20,), -30, 0),  # whether we end flat or long is not known yet
        (0, (20,), -30, 0),
        (0, (-20,), -30, -30),
        (30, (-10,), -40, -20),
        (-30, (10,), 40, 20),
        (-5, (20,), 10, 0),
    ],
)
def test_while_an_order_decides_which_side_is_held_nothing_opposite_is_sent(
    held: int, in_flight: tuple[int, ...], wanted: int, sent: int
) -> None:
    seen = a_hedged_book(held=held, in_flight=in_flight)

    assert seen.orderable(wanted) == sent


def test_a_breach_that_must_wait_for_an_earlier_order_is_reported_as_such() -> None:
    case = a_hedge_case(a_hedged_book("0.90", held=20, in_flight=(-20,)))

    assert case.judge() is Reason.RATE_LIMITED


def crossing(*later: Any) -> Any:
    """20 shares are held and 55 more are wanted the other way: the first half, 20, is sent at 10:00."""
    first = [decided("10:00", COVER, shares=-20), *hedge_sent(-20, "10:00", order="gc-2", closes=True, reason=COVER)]
    earlier = [*hedge_sent(20, "09:50"), filled("gc-hedge", 20, "09:50:01")]
    return a_book(bought(), earlier, first, *later)


def test_the_second_half_follows_the_fill_without_a_window() -> None:
    """DH-305 with DH-304: it is one hedge in two orders."""
    book = crossing(filled("gc-2", 20, "10:00:01"))
    case = a_hedge_case(look_at(book, "0.35"), "10:00:02", book=book)

    assert case.book.owed == -1
    assert shares_of(case) == -35
    assert the_trade(case).reason == DELTA_HEDGE


def test_the_second_half_is_sent_even_below_the_threshold() -> None:
    """DH-304: the hedge was for all of the net."""
    book = crossing(filled("gc-2", 20, "10:00:01"))

    assert shares_of(a_hedge_case(look_at(book, "0.03"), "10:00:02", book=book)) == -3


def test_nothing_is_owed_once_the_net_has_turned() -> None:
    book = crossing(filled("gc-2", 20, "10:00:01"))

    assert a_hedge_case(look_at(book, "-0.03"), "10:00:02", book=book).judge() is Reason.BELOW_THRESHOLD
    assert a_hedge_case(look_at(book, "-0.30"), "10:00:02", book=book).judge() is Reason.RATE_LIMITED


def test_a_first_half_that_is_not_filled_owes_nothing_and_counts_as_a_hedge() -> None:
    """DH-305: otherwise a refused one would be sent again every cycle."""
    working, refused = crossing(), crossing(OrderWasRejected(at("10:00:01"), "gc-2", "no"))

    assert a_hedge_case(look_at(working, "0.55"), "10:00:02", book=working).judge() is Reason.RATE_LIMITED
    assert a_hedge_case(look_at(refused, "0.35"), "10:00:59.999", book=refused).judge() is Reason.RATE_LIMITED
    assert shares_of(a_hedge_case(look_at(refused, "0.35"), "10:01", book=refused)) == -55


def test_what_is_owed_is_owed_once() -> None:
    """A decision after the fill ends it: less than a share left is left."""
    filled_at = filled("gc-2", 20, "10:00:01")
    book = crossing(filled_at)
    (note,) = a_hedge_case(look_at(book, "0.004"), "10:00:02", book=book).steps()
    assert isinstance(note, Note)

    after = crossing(filled_at, note.record)
    assert look_at(after, "0.03").owed == 0
    assert a_hedge_case(look_at(after, "0.03"), "10:00:03", book=after).judge() is Reason.BELOW_THRESHOLD


# -- what is reported -------------------------------------------------------------------------------------------------


def test_a_no_is_journaled_when_its_reason_changes() -> None:
    """DH-1101."""
    (first,) = a_hedge_case(a_hedged_book("0.01")).steps()
    assert isinstance(first, Note)
    assert (first.record.reason, first.record.shares) == ("below_threshold", 0)

    again = a_book(bought(), evolve(first.record, at=at("10:00")))
    assert list(a_hedge_case(a_hedged_book("0.02"), "10:01", book=again).steps()) == []
    (other,) = a_hedge_case(a_hedged_book(None), "10:02", book=again).steps()
    assert isinstance(other, Note)
    assert other.record.reason == "missing_delta"


def test_an_order_says_what_it_was_decided_on() -> None:
    """DH-611: |net| > threshold can be read off every hedge."""
    trade = the_trade(a_hedge_case(a_hedged_book("0.65", held=-30), regime=NEGATIVE))
    record = trade.record

    assert isinstance(record, HedgeDecided)
    assert (trade.purpose, trade.limit, trade.holding) == (Purpose.HEDGE, None, STRADDLE)
    assert (record.net_shares, record.delta_before, record.delta_after) == (Decimal(35), Decimal("0.35"), Decimal(0))
    assert (record.threshold, record.unit, record.gex, record.gex_status) == (
        Decimal("0.10"), Decimal(100), Decimal(-15_000), "known",
    )  # fmt: skip
    assert (record.underlying_price, record.hedge_price) == (Decimal(600), Decimal(600))


# -- an unusual delta: DH-1005 -----------------------------------------------------------------------------------------


def steps_at(time: str, delta: str | None, *before: HedgeDecided, contracts: int = 4) -> list[Any]:
    """Nothing can be sent: the window is closed all day."""
    seen = a_hedged_book(delta, contracts=contracts, last_hedge="09:50")
    return list(a_hedge_case(seen, time, book=a_book(bought(), before), min_interval=Decimal(86_400)).steps())


def test_an_unusual_delta_is_reported_after_120_seconds_once() -> None:
    """10 × 0.15 = 1.50 contract-deltas, strictly more, without a break."""
    assert steps_at("10:00", "0.375")[0].record.unusual_since is None
    (began,) = steps_at("10:00", "0.376")
    assert began.record.unusual_since == at("10:00")

    assert steps_at("10:01:59.999", "0.376", began.record) == []
    note, warning = steps_at("10:02", "0.376", began.record)
    assert warning.code == Alarm.UNUSUAL_DELTA
    assert steps_at("10:07", "0.376", began.record, note.record) == []


def test_a_break_begins_a_new_episode_and_an_unknown_delta_is_no_break() -> None:
    (began,) = steps_at("10:00", "0.376")
    (unknown,) = steps_at("10:01", None, began.record)
    assert unknown.record.unusual_since == at("10:00")

    (over,) = steps_at("10:01:30", "0.20", began.record)
    assert over.record.unusual_since is None
    (anew,) = steps_at("10:02", "0.376", began.record, over.record)
    assert anew.record.unusual_since == at("10:02")


# -- a limit on the net delta: DH-1003 ---------------------------------------------------------------------------------


def limited_at(time: str, delta: str | None, *before: HedgeDecided, last_hedge: str | None = "09:50") -> list[Any]:
    seen, book = a_hedged_book(delta, last_hedge=last_hedge), a_book(bought(), before)
    limits = OpeningLimits(max_net_delta=Decimal("0.40"))
    return list(a_hedge_case(seen, time, book=book, limits=limits, min_interval=Decimal(86_400)).steps())


def test_a_net_delta_beyond_its_limit_is_reported_all_day_once_an_episode() -> None:
    """Strictly more than the limit; the note that comes with the alarm remembers that it was raised."""
    (within,) = limited_at("10:00", "0.40")
    note, warning = limited_at("10:01", "-0.41", within.record)
    assert (warning.code, warning.detail) == (Alarm.NET_DELTA_LIMIT, "net delta -0.410 beyond 0.40")
    assert limited_at("10:02", "-0.45", within.record, note.record) == []

    (over,) = limited_at("10:03", "0.30", within.record, note.record)
    assert isinstance(over, Note)
    assert [type(step) for step in limited_at("10:04", "0.41", over.record)] == [Note, Warn]


def test_a_hedge_of_a_delta_beyond_the_limit_goes_out_with_the_alarm() -> None:
    trade, warning = limited_at("10:00", "0.45", last_hedge=None)

    assert isinstance(trade, Trade)
    assert warning.code == Alarm.NET_DELTA_LIMIT


def test_what_is_not_known_is_beyond_nothing() -> None:
    assert [type(step) for step in limited_at("10:00", None)] == [Note]


# -- a feed that is silent: DH-1006 ------------------------------------------------------------------------------------


def blind_at(time: str, *before: HedgeDecided, delta: str | None = None) -> list[Any]:
    return list(a_hedge_case(a_hedged_book(delta), time, book=a_book(bought(), before)).steps())


def test_a_book_that_cannot_be_hedged_for_120_seconds_is_reported_once() -> None:
    """DH-204, DH-1006: without prices there is no delta, and without a delta no hedge."""
    (began,) = blind_at("10:00")
    assert began.record.reason == "missing_delta"
    assert blind_at("10:01:59.999", began.record) == []

    note, warning = blind_at("10:02", began.record)
    assert (note.record.reason, warning.code) == ("data_silent", "data_silent")
    assert warning.detail == "not hedged since 10:00:00 New York: 1 options without a price"
    assert blind_at("10:30", began.record, note.record) == []


def test_the_next_silence_is_reported_anew() -> None:
    silent = decided("10:02", "data_silent")
    (back,) = blind_at("10:03", silent, delta="0.01")
    assert back.record.reason == "below_threshold"

    (gone,) = blind_at("10:04", silent, back.record)
    assert gone.record.reason == "missing_delta"
    assert [type(step) for step in blind_at("10:06", silent, back.record, gone.record)] == [Note, Warn]


# -- the law -----------------------------------------------------------------------------------------------------------

deltas = st.decimals(min_value=-1, max_value=1, places=8)


@given(deltas, st.integers(1, 30), st.integers(-500, 500), st.sampled_from([CALM, NEGATIVE, EVENT]))
def test_after_its_orders_are_filled_a_hedge_leaves_less_than_a_share(
    delta: Decimal, contracts: int, held: int, regime: Regime
) -> None:
    """DH-302, DH-304: within the threshold nothing is sent; else one order, or two around zero, end it."""
    seen, orders = a_hedged_book(str(delta), contracts=contracts, held=held), 0
    while isinstance(verdict := a_hedge_case(seen, regime=regime).judge(), Hedge):
        sent = seen.orderable(verdict.shares)
        crosses = (seen.held > 0) != (seen.held + sent > 0) and seen.held * (seen.held + sent) < 0
        owed = (1 if sent > 0 else -1) if sent != verdict.shares else 0
        seen, orders = evolve(seen, held=seen.held + sent, owed=owed), orders + 1
        assert sent
        assert not crosses
        assert orders <= 2

    case = a_hedge_case(seen, regime=regime)
    assert abs(seen.net_shares) <= (Decimal("0.5") if orders else case.threshold * case.unit)
