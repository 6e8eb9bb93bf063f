"""The hedge of a straddle: the vectors of SC-440 and SC-447, what stands in its way, and what its lots earn."""

import datetime as dt
from collections.abc import Iterable
from decimal import Decimal

import pytest
from attrs import evolve

from builders import at
from builders_delta_hedge import STRADDLE, a_look, bought, filled, hedge_sent, hedged
from builders_desk import a_book
from gammacore.domain import ledger
from gammacore.domain.hedging.exposure import HedgeBook, Universe
from gammacore.domain.hedging.option_greeks import model_of_today
from gammacore.domain.hedging.rule import HedgeRounding, HedgeRule
from gammacore.domain.hedging.settings import HedgingSettings
from gammacore.domain.hedging.share_hedge import NOTHING, HedgedBook, hedged_book
from gammacore.domain.holdings.lots import Lots
from gammacore.domain.instruments import REGISTRY, Exercise, OptionContract, Right
from gammacore.domain.ledger import Event
from gammacore.domain.market import Quote
from gammacore.domain.pricing.option_model import OptionGreeks
from gammacore.domain.pricing.rates import DividendYield, MarketRates, RateCurve
from gammacore.domain.scalping.straddle_hedge import NoHedge, StraddleHedge, at_parity, refused_in_a_row, straddle_model

NOON = at("12:00")
RULE = HedgeRule(Decimal(2), HedgeRounding.HALF_EVEN)
RATES = MarketRates(RateCurve.constant(0.05), DividendYield(0.012))


def seen(held: int = 0, in_flight: tuple[int, ...] = (), last: dt.datetime | None = None, owed: int = 0) -> HedgedBook:
    return HedgedBook(HedgeBook("SPY", last_hedge_at=last), NOTHING, held, in_flight, owed)


def a_hedge(deltas: str, book: HedgedBook, straddles: int = 1, rule: HedgeRule = RULE) -> StraddleHedge:
    """`deltas` is call + put per share."""
    return StraddleHedge.of(rule, straddles, book, Decimal(deltas) * 100 * straddles)


VECTORS = [
    (".0743", 0, 0, 1, "7.43", -7),
    (".0743", -7, 0, 1, ".43", 0),
    (".02", 0, 0, 1, "2.00", 0),
    (".0201", 0, 0, 1, "2.01", -2),
    ("-.15", 5, 0, 1, "-10", 10),
    (".30", -7, -20, 1, "3", -3),
    (".0743", 0, 0, 3, "7.43", -22),
    (".025", 0, 0, 1, "2.5", -2),
]


@pytest.mark.parametrize(("deltas", "held", "pending", "straddles", "net", "trade"), VECTORS)
def test_the_vectors_of_net_and_trade(
    deltas: str, held: int, pending: int, straddles: int, net: str, trade: int
) -> None:
    """SC-438, SC-439, SC-440: quantities, not orders."""
    hedge = a_hedge(deltas, seen(held, (pending,) if pending else ()), straddles)

    assert (hedge.net, hedge.wanted) == (Decimal(net), trade)


def test_half_a_share_may_go_away_from_zero() -> None:
    """SC-439: the eighth vector by DH-304's rounding."""
    assert a_hedge(".025", seen(), rule=evolve(RULE, rounding=HedgeRounding.HALF_AWAY)).wanted == -3


@pytest.mark.parametrize(
    ("deltas", "book", "answer"),
    [
        (".02", seen(), NoHedge.BELOW_THRESHOLD),
        (".0201", seen(), -2),
        (".30", seen(-7, (-20,)), NoHedge.ORDER_IN_FLIGHT),  # the sixth vector: an order is at work
        (".90", seen(-95), 5),
        ("1.10", seen(-99), -1),
        ("1.10", seen(-100), NoHedge.HEDGE_CAP),
        ("-1.10", seen(100), NoHedge.HEDGE_CAP),
    ],
)
def test_what_one_order_trades_or_why_none(deltas: str, book: HedgedBook, answer: int | NoHedge) -> None:
    """SC-439, SC-441, SC-442."""
    assert a_hedge(deltas, book).judge(book, NOON) == answer


def test_a_threshold_below_a_share_may_leave_nothing_to_trade() -> None:
    """SC-439."""
    rule = evolve(RULE, threshold=Decimal("0.1"))

    assert a_hedge(".004", seen(), rule=rule).judge(seen(), NOON) is NoHedge.BELOW_ONE_SHARE


@pytest.mark.parametrize(("age", "answer"), [(29.999, NoHedge.HEDGE_COOLDOWN), (30, -7)])
def test_a_cooldown_counts_from_the_last_hedge(age: float, answer: int | NoHedge) -> None:
    """SC-442: the older variant's 30 s; by default there is none."""
    book = seen(last=NOON - dt.timedelta(seconds=age))
    rule = evolve(RULE, min_interval=dt.timedelta(seconds=30))

    assert a_hedge(".0743", book, rule=rule).judge(book, NOON) == answer
    assert a_hedge(".0743", book).judge(book, NOON) == -7


@pytest.mark.parametrize(
    ("options", "held", "first", "second"),
    [("5", 7, -7, -5), ("-5", -7, 7, 5), ("-7", 7, NoHedge.BELOW_THRESHOLD, None)],
)
def test_a_hedge_that_crosses_zero_is_two_orders(
    options: str, held: int, first: int | NoHedge, second: int | None
) -> None:
    """SC-447: held +7, wish -12: sell 7, and after its fill what is still wanted; mirrored."""
    before, after = seen(held), seen(0, last=NOON, owed=-1 if held > 0 else 1)
    waiting = evolve(RULE, min_interval=dt.timedelta(seconds=30))

    assert StraddleHedge.of(RULE, 1, before, Decimal(options)).judge(before, NOON) == first
    if second is not None:
        assert StraddleHedge.of(waiting, 1, after, Decimal(options)).judge(after, NOON) == second


def test_the_second_half_waits_for_the_fill_of_the_first() -> None:
    """SC-442, SC-447."""
    at_work = seen(7, (-7,))

    assert StraddleHedge.of(RULE, 1, at_work, Decimal(5)).judge(at_work, NOON) is NoHedge.ORDER_IN_FLIGHT


# -- what the broker says ----------------------------------------------------------------------------------------------


def refused(time: str, order: str) -> list[Event]:
    intended, _ = hedge_sent(-7, time, order=order)
    return [intended, ledger.OrderWasRejected(at(time), order, "no short sale")]


@pytest.mark.parametrize(
    ("events", "count"),
    [
        ([], 0),
        ([refused("10:00", "a"), refused("10:01", "b")], 2),
        ([refused("10:00", "a"), refused("10:01", "b"), refused("10:02", "c")], 3),
        ([refused("10:00", "a"), hedged(-7, "10:01", order="b"), refused("10:02", "c")], 1),
    ],
)
def test_refusals_count_one_after_the_other(events: Iterable[list[Event]], count: int) -> None:
    """SC-444."""
    book = a_book(bought(), *events)

    assert refused_in_a_row(book.orders_of(STRADDLE)) == count


def looked_at(*events: Iterable[Event]) -> HedgedBook:
    """The holding of a ledger as the hedging rules see it."""
    book, look = a_book(*events), a_look()
    universe = Universe(HedgingSettings())
    return hedged_book(book.holdings[STRADDLE], book, look.market, universe, "SPY", model_of_today(14_400))


@pytest.mark.parametrize(
    "ending",
    [
        ledger.OrderWasRejected(at("10:02"), "gc-hedge", "no short sale"),
        ledger.OrderCanceled(at("10:02"), "gc-hedge", "called back"),
        ledger.OrderExpired(at("10:02"), "gc-hedge"),
        ledger.OrderNotSent(at("10:02"), "gc-hedge", "no connection"),
    ],
)
def test_every_terminal_state_frees_what_was_pending(ending: Event) -> None:
    """SC-446: pending from the intent on, before any answer; the end of an order releases what did not fill."""
    intended, accepted = hedge_sent(-7, "10:00")
    has_fills = isinstance(ending, ledger.OrderCanceled | ledger.OrderExpired)
    partly = [accepted, filled("gc-hedge", 3, "10:01", complete=False)] if has_fills else []
    begun, ended = looked_at(bought(), [intended]), looked_at(bought(), [intended, *partly, ending])

    assert (begun.held, begun.in_flight) == (0, (-7,))
    assert (ended.held, ended.in_flight) == (-3 if has_fills else 0, ())


def test_pending_shares_become_held_by_their_fills() -> None:
    """SC-446."""
    seen_now = looked_at(bought(), hedge_sent(-7, "10:00"), [filled("gc-hedge", 3, "10:01", complete=False)])

    assert (seen_now.held, seen_now.in_flight, seen_now.hedges) == (-3, (-4,), -7)


# -- greeks ------------------------------------------------------------------------------------------------------------


def quote(bid: str, ask: str) -> Quote:
    return Quote(Decimal(bid), Decimal(ask), NOON)


def contract(right: Right, strike: int, days: int = 45) -> OptionContract:
    return REGISTRY["SPY"].contract(dt.date(2026, 6, 1) + dt.timedelta(days=days), right, Decimal(strike))


def days_only(expiry: dt.date) -> float:
    return (expiry - dt.date(2026, 6, 1)).days * 86_400.0


MODEL = straddle_model(Exercise.AMERICAN, days_only, dt.date(2026, 6, 1), RATES, 100)


def test_the_legs_have_the_greeks_of_the_choice() -> None:
    """SC-412, SC-420: the row of 590 at 45 days."""
    call, put = MODEL(
        [(contract(Right.CALL, 590), quote("15.95", "16.05")), (contract(Right.PUT, 590), quote("13.35", "13.45"))],
        Decimal(590),
    )

    assert call is not None
    assert put is not None
    assert float(call.gamma + put.gamma) == pytest.approx(0.022155, rel=1e-4)
    assert float(call.theta + put.theta) == pytest.approx(-0.33205, rel=1e-4)


def test_a_deep_put_at_parity_does_not_blind_the_desk() -> None:
    """SC-419: S 748.40, K 790, 85 days, 41.60."""
    (put,) = MODEL([(contract(Right.PUT, 790, 85), quote("41.40", "41.80"))], Decimal("748.40"))

    assert put is not None
    assert put == OptionGreeks(Decimal(-1), Decimal(0), Decimal(0), Decimal(0), at_parity=True)


@pytest.mark.parametrize(
    ("right", "bid", "ask", "known"),
    [
        (Right.PUT, "41.20", "41.60", True),  # the mid is exactly half a spread below intrinsic value
        (Right.PUT, "41.18", "41.58", False),
        (Right.CALL, "0.00", "0.02", False),
    ],
)
def test_parity_is_half_a_spread_wide_and_only_in_the_money(right: Right, bid: str, ask: str, known: bool) -> None:
    """SC-419."""
    found = at_parity((contract(right, 790, 85), quote(bid, ask)), Decimal("748.40"))

    assert (found is not None) is known


# -- profit ------------------------------------------------------------------------------------------------------------


def test_the_scalps_of_a_straddle_are_first_in_first_out() -> None:
    """SC-449: +5.00, short 3 at 101, then +1.50: 6.50 in all."""
    first = Lots("SPY", 1).traded(5, Decimal(100)).traded(-8, Decimal(101))
    second = first.traded(3, Decimal("100.50"))

    assert (first.realised, first.quantity, first.average_price) == (Decimal(5), -3, Decimal(101))
    assert (second.realised, second.quantity) == (Decimal("6.50"), 0)
