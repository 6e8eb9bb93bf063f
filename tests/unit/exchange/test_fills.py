"""When orders fill, by how much, at what cost. Rules: CS-407..413, CS-419, CS-702."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import at
from builders_exchange import HALF_DAY, PUT_QUOTES, Desk, a_desk, a_single, an_entry, an_exit, put
from fakes import NO_FEES
from gammacore.adapters.fake.order import CancelOutcome
from gammacore.adapters.fake.published_fills import PublishedFillModel
from gammacore.domain.broker_facts.fees import FeeSchedule
from gammacore.domain.instruments import Side
from gammacore.domain.orders import OrderReport, OrderState, Purpose
from gammacore.errors import BrokerError, OrderRejected


def report(desk: Desk, order_id: str = "gc-entry") -> OrderReport:
    found = desk.exchange.order(order_id)
    assert found is not None
    return found


def test_the_snapshot_that_decided_fills_nothing() -> None:
    """Time goes by, but the market shows nothing new: no fill. Rule: CS-419."""
    desk = a_desk()
    desk.exchange.submit(an_entry())
    desk.clock.advance(59)
    assert report(desk).state is OrderState.ACCEPTED

    desk.show(seconds=1)
    assert report(desk).state is OrderState.FILLED
    assert report(desk).at == at("10:01")


def test_an_order_works_through_coarse_recordings() -> None:
    """The next snapshot is half an hour away: the order is still there. Rule: CS-409."""
    desk = a_desk()
    desk.exchange.submit(an_entry())
    desk.show(seconds=1800)
    assert report(desk).state is OrderState.FILLED


def test_a_credit_fills_at_the_better_natural_price() -> None:
    """Limit 2.35, natural 2.50. Rule: CS-419."""
    desk = a_desk()
    desk.hold(an_entry())

    execution = report(desk).execution
    assert execution.price == Decimal("2.50")
    assert [(leg.side, leg.price) for leg in execution.legs] == [
        (Side.SELL, Decimal("5.0")),
        (Side.BUY, Decimal("2.5")),
    ]


def test_every_snapshot_up_to_now_is_looked_at_in_turn() -> None:
    """The one at 10:01 does not reach the limit, 10:02 does, 10:03 is worse again; asked at 10:03."""
    desk = a_desk()
    desk.exchange.submit(an_entry(limit="2.60"))
    desk.show()
    desk.show({**PUT_QUOTES, put(6880): ("5.15", "5.30")})
    desk.show()

    assert (report(desk).execution.price, report(desk).at) == (Decimal("2.65"), at("10:02"))


def test_a_market_order_waits_for_quotes_of_all_legs() -> None:
    desk = a_desk()
    desk.exchange.submit(an_entry(limit=None))
    desk.show({put(6880): ("5.00", "5.20")})
    assert report(desk).state is OrderState.ACCEPTED

    desk.show()
    assert (report(desk).state, report(desk).execution.price) == (OrderState.FILLED, Decimal("2.50"))


@pytest.mark.parametrize(("day", "closes"), [(dt.date(2025, 12, 23), "16:00"), (HALF_DAY, "13:00")])
def test_a_day_order_expires_at_the_close(day: dt.date, closes: str) -> None:
    """Rules: CS-402, CS-008."""
    desk = a_desk(at("12:00", day))
    ticket = a_single(put(6880, expiry=HALF_DAY), Side.BUY, limit="1.50", purpose=Purpose.ENTRY)
    desk.exchange.submit(ticket)
    desk.clock.set(at(closes, day) - dt.timedelta(seconds=1))
    assert report(desk, ticket.id).state is OrderState.ACCEPTED

    desk.clock.set(at(closes, day))
    assert report(desk, ticket.id).state is OrderState.EXPIRED
    assert report(desk, ticket.id).at == at(closes, day)


def test_the_closing_instant_fills_nothing() -> None:
    desk = a_desk(at("15:59"))
    desk.exchange.submit(an_entry())
    desk.show()
    assert report(desk).state is OrderState.EXPIRED


def test_slippage_is_never_paid_beyond_the_limit() -> None:
    """0.10 a leg leaves 2.30 of 2.50: a limit of 2.35 rests, one of 2.30 fills at 2.30."""
    desk = a_desk(slippage="0.10")
    desk.exchange.submit(an_entry("gc-a"))
    desk.exchange.submit(an_entry("gc-b", limit="2.30"))
    desk.show()

    assert report(desk, "gc-a").state is OrderState.ACCEPTED
    assert report(desk, "gc-b").execution.price == Decimal("2.30")


@pytest.mark.parametrize(
    ("fees", "dollars"),
    [(None, "3.90"), (NO_FEES, "0"), (FeeSchedule(by_root={"SPXW": Decimal("1.50")}), "9.00")],
)
def test_fees_are_charged_per_contract_and_leg(fees: FeeSchedule | None, dollars: str) -> None:
    """Three spreads of two legs; $1.30 a spread by source 002."""
    desk = a_desk(fees=fees)
    desk.hold(an_entry(contracts=3))

    assert report(desk).execution.fees == Decimal(dollars)
    assert desk.exchange.account().balance == 20_000 + 750 - Decimal(dollars)


def test_a_round_trip_leaves_its_profit_in_cash() -> None:
    """Sold at 2.50, bought at 2.80, three times: -90 and 7.80 of fees. Rule: CS-005."""
    desk = a_desk()
    desk.hold(an_entry(contracts=3))
    desk.hold(an_exit(contracts=3))

    account = desk.exchange.account()
    assert account.balance == Decimal("19902.20")
    assert account.option_buying_power == account.balance


def test_a_delayed_order_lets_snapshots_pass() -> None:
    desk = a_desk()
    desk.exchange.next_submit(delay=2)
    desk.exchange.submit(an_entry())
    desk.show()
    desk.show()
    assert report(desk).state is OrderState.ACCEPTED

    desk.show()
    assert report(desk).state is OrderState.FILLED


def test_parts_at_different_prices_are_averaged() -> None:
    """One at 2.50 and two at 2.80 make 2.70. Rule: CS-412."""
    desk = a_desk(fees=NO_FEES)
    desk.exchange.next_submit(parts=(1, 2))
    desk.exchange.submit(an_entry(contracts=3))
    desk.show()
    desk.show({**PUT_QUOTES, put(6880): ("5.30", "5.50")})

    assert report(desk).execution.price == Decimal("2.70")
    assert desk.exchange.account().balance == 20_000 + 810


def test_legs_out_of_ratio_are_held_and_reported_as_they_are() -> None:
    """Three shorts and one cover: one spread, two shorts beyond it. Rule: CS-413."""
    desk = a_desk(fees=NO_FEES)
    desk.exchange.next_submit(leg_contracts=(3, 1))
    desk.exchange.submit(an_entry(contracts=3))
    desk.show()
    desk.show()

    found = report(desk)
    assert (found.state, found.execution.quantity, found.execution.price) == (
        OrderState.PARTIALLY_FILLED, 1, Decimal("2.50"),
    )  # fmt: skip
    assert [leg.quantity for leg in found.execution.legs] == [3, 1]
    assert dict(desk.exchange.holdings()) == {put(6880).occ: -3, put(6870).occ: 1}
    assert desk.exchange.account().balance == 20_000 + 3 * 500 - 250


def test_one_leg_alone_is_no_spread() -> None:
    desk = a_desk()
    desk.exchange.next_submit(leg_contracts=(1, 0))
    desk.exchange.submit(an_entry())
    desk.show()
    assert (report(desk).execution.quantity, report(desk).execution.price) == (0, None)
    assert report(desk).execution.any


def test_a_fill_may_come_after_the_cancel_was_confirmed() -> None:
    """Rule: CS-410."""
    desk = a_desk()
    desk.exchange.next_submit(delay=9, on_cancel="filled_late")
    desk.exchange.submit(an_entry(limit="2.60"))
    desk.exchange.cancel("gc-entry")
    assert report(desk).state is OrderState.CANCELED

    desk.show()
    assert (report(desk).state, report(desk).execution.price) == (OrderState.FILLED, Decimal("2.60"))


def test_an_ignored_cancel_leaves_the_order_working() -> None:
    """Repeated up to three times by the desk. Rule: CS-409."""
    desk = a_desk()
    desk.exchange.next_submit(never=True, ignored_cancels=2)
    desk.exchange.submit(an_entry())
    states = []
    for _ in range(3):
        desk.exchange.cancel("gc-entry")
        states.append(report(desk).state)
    assert states == [OrderState.ACCEPTED, OrderState.ACCEPTED, OrderState.CANCELED]


def test_an_order_may_be_rejected_after_it_was_accepted() -> None:
    desk = a_desk()
    desk.exchange.next_submit(rejects_later="initial_margin")
    desk.exchange.submit(an_entry())
    desk.show()
    assert (report(desk).state, report(desk).reason) == (OrderState.REJECTED, "initial_margin")


def test_a_client_id_used_for_something_else_is_refused() -> None:
    desk = a_desk()
    desk.exchange.submit(an_entry())
    with pytest.raises(OrderRejected, match="client_id_reused"):
        desk.exchange.submit(an_entry(contracts=2))
    assert len(desk.exchange.every_order) == 1


def test_holdings_may_lag_behind_a_fill() -> None:
    """Rule: CS-572."""
    desk = a_desk()
    desk.hold(an_entry())
    desk.exchange.faults.holdings_lag(1)
    assert not desk.exchange.holdings()
    assert desk.exchange.holdings()


def test_reports_may_come_out_of_order() -> None:
    """Rule: R3."""
    desk = a_desk()
    desk.exchange.submit(an_entry())
    states = [report(desk).state]
    desk.show()
    states.append(report(desk).state)
    desk.exchange.faults.reports_lag(1)
    states += [report(desk).state, report(desk).state]
    assert states == [OrderState.ACCEPTED, OrderState.FILLED, OrderState.ACCEPTED, OrderState.FILLED]


def test_an_unreadable_market_fills_nothing_and_loses_nothing() -> None:
    desk = a_desk()
    desk.exchange.submit(an_entry())
    desk.show()
    desk.market.fails(1)
    assert report(desk).state is OrderState.ACCEPTED
    assert (report(desk).state, report(desk).at) == (OrderState.FILLED, at("10:01"))


def test_received_lists_every_ticket_that_arrived() -> None:
    desk = a_desk()
    desk.exchange.next_submit(unavailable=True)
    desk.exchange.next_submit(times_out=True, accepts=False)
    for _ in range(4):
        with suppress(BrokerError):
            desk.exchange.submit(an_entry())
    assert desk.exchange.received == [an_entry(), an_entry()]


BEHAVIOURS = st.fixed_dictionaries(
    {},
    optional={
        "times_out": st.booleans(),
        "accepts": st.booleans(),
        "rejects": st.sampled_from(["", "option_level"]),
        "rejects_later": st.sampled_from(["", "", "initial_margin"]),
        "delay": st.integers(0, 2),
        "parts": st.lists(st.integers(1, 2), min_size=1, max_size=2).map(tuple),
        "leg_contracts": st.tuples(st.integers(0, 4), st.integers(0, 4)),
        "ignored_cancels": st.integers(0, 1),
        "on_cancel": st.sampled_from(CancelOutcome),
    },
)


@given(st.lists(st.tuples(BEHAVIOURS, st.integers(1, 3), st.booleans(), st.booleans()), max_size=8))
def test_whatever_is_reported_the_account_is_what_the_reports_say(
    plan: list[tuple[dict[str, object], int, bool, bool]],
) -> None:
    """Holdings, cash and fees are those of the executions, and no order fills beyond its quantity. Rule: R3."""
    desk = a_desk(cash="9999999")
    for number, (behaviour, contracts, closes, cancels) in enumerate(plan):
        ticket = (an_exit if closes else an_entry)(f"gc-{number}", contracts=contracts)
        desk.exchange.next_submit(**behaviour)
        with suppress(BrokerError):
            desk.exchange.submit(ticket)
        desk.show()
        with suppress(BrokerError):
            desk.exchange.cancel(ticket.id if cancels else "gc-0")
        desk.show()
    held, cash = dict(desk.exchange.holdings()), desk.exchange.account().balance

    fills = [fill for order in desk.exchange.every_order for fill in order.execution.legs]
    sums: Counter[str] = Counter()
    for fill in fills:
        sums[fill.symbol] += fill.side.sign * fill.quantity
    traded = sum((fill.side.sign * fill.quantity * fill.price * 100 for fill in fills), Decimal(0))
    fees = sum((order.execution.fees for order in desk.exchange.every_order), Decimal(0))
    assert held == {symbol: contracts for symbol, contracts in sums.items() if contracts}
    assert cash == 9_999_999 - traded - fees
    assert fees == Decimal("0.65") * sum(fill.quantity for fill in fills)
    assert held.get(put(6880).occ, 0) <= 0 <= held.get(put(6870).occ, 0)  # nothing was closed twice
    for order in desk.exchange.every_order:
        assert order.execution.quantity <= plan[int(order.id[3:])][1]


# -- the published fill model (section 7.3) ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("vix", "credit", "time", "chance"),
    [
        ("14.99", "1.00", "10:59:59", "0.875"),
        ("15", "1.00", "10:00", "0.80"),
        ("17", "1.00", "10:00", "0.75"),
        ("19", "1.00", "10:00", "0.70"),
        (None, "1.00", "10:00", "0.70"),
        ("15", "2.50", "10:00", "0.83"),
        ("15", "9.00", "10:00", "0.90"),
        ("14", "9.00", "10:00", "0.95"),
        ("15", "1.00", "11:00", "0.75"),
        ("15", "1.00", "12:29:59", "0.75"),
        ("15", "1.00", "12:30", "0.70"),
    ],
)
def test_the_published_fill_probability(vix: str | None, credit: str, time: str, chance: str) -> None:
    model = PublishedFillModel(seed=1)
    assert model.probability(None if vix is None else Decimal(vix), Decimal(credit), at(time)) == Decimal(chance)


def test_the_published_model_fills_entries_at_their_limit_by_its_odds() -> None:
    """VIX 15, credit 2.60, before 11:00: 0.832 of many; the rest never fill, and the seed repeats it."""

    def filled(seed: int) -> list[str]:
        desk = a_desk(fill_model=PublishedFillModel(seed), cash="9999999")
        for number in range(500):
            desk.exchange.submit(an_entry(f"gc-{number}", limit="2.60"))
        desk.show()
        desk.show()
        desk.exchange.account()  # any question lets the market catch up
        done = [order for order in desk.exchange.every_order if order.state is OrderState.FILLED]
        assert {order.execution.price for order in done} == {Decimal("2.60")}
        return [order.id for order in done]

    first = filled(1)
    assert 0.78 <= len(first) / 500 <= 0.88
    assert filled(1) == first
    assert filled(2) != first


def test_the_published_model_leaves_exits_to_the_quotes() -> None:
    desk = a_desk(fill_model=PublishedFillModel(1))
    desk.exchange.hold(put(6880), -1)
    desk.exchange.hold(put(6870), 1)
    desk.hold(an_exit())
    assert report(desk, "gc-exit").execution.price == Decimal("2.80")


CHEAP, DEAR = ("1.90", "2.00"), ("3.00", "3.10")


@pytest.mark.parametrize(
    ("before", "looks", "price"),
    [(CHEAP, [CHEAP], "2.00"), (DEAR, [CHEAP], "2.40"), (CHEAP, [DEAR, CHEAP], "2.40"), (DEAR, [DEAR, CHEAP], "2.40")],
    ids=["taken at once", "rested as it came in", "missed its offer", "rested a look more"],
)
def test_a_rested_order_for_one_leg_fills_at_its_limit_never_better(
    before: tuple[str, str], looks: list[tuple[str, str]], price: str
) -> None:
    """CS-419, SC-017: who comes to a resting bid of 2.40 sells at 2.40; one that finds an offer of 2.00 pays that."""
    desk = a_desk()
    desk.show({**PUT_QUOTES, put(6870): before})
    desk.exchange.submit(a_single(put(6870), Side.BUY, order_id="gc-bid", limit="2.40", purpose=Purpose.ENTRY))
    for quotes in looks:
        desk.show({**PUT_QUOTES, put(6870): quotes})

    assert report(desk, "gc-bid").execution.price == Decimal(price)
