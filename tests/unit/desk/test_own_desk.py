"""What every strategy owes the account holds around a user's own: it cannot prevent it and need not know of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from decimal import Decimal

from attrs import define

from builders import DAY, a_session, at
from builders_delta_hedge import CALL, PUT, STRADDLE, a_look, bought, hedged, intended
from builders_desk import a_book
from gammacore.domain.book.view import BookView
from gammacore.domain.desks.flattening import CLOSE
from gammacore.domain.desks.own_desk import OwnDesk
from gammacore.domain.instruments import Side
from gammacore.domain.ledger import (
    CancelRequested,
    Event,
    FlattenRequested,
    Halted,
    OrderAccepted,
    OrderCanceled,
    OrderIntended,
)
from gammacore.domain.legs import Leg, ShareLeg
from gammacore.domain.orders import THE_DAY, Effect, OrderTicket, Purpose
from gammacore.domain.sessions import TradingSession
from gammacore.domain.strategy import (
    FOR_AN_ENTRY,
    NOTHING_MORE,
    Cancel,
    Decision,
    Decisions,
    Needs,
    Situation,
    Trade,
    Warn,
)


@define
class Counting:
    """Counts how often it is asked, and warns each time."""

    name: str = "counting"
    asked: int = 0

    def needs(self, now: dt.datetime, session: TradingSession, book: BookView) -> Needs:
        return FOR_AN_ENTRY

    def deadlines(self, session: TradingSession, book: BookView) -> tuple[dt.datetime, ...]:
        return (session.close,)

    def decide(self, situation: Situation) -> Decisions:
        self.asked += 1
        return Decisions((Warn("asked", "by the loop"),))


FLATTEN = FlattenRequested(at("10:29"), "home")


def steps(desk: OwnDesk, time: str, *events: Event | Iterable[Event]) -> tuple[Decision, ...]:
    return desk.decide(a_look(time, book=a_book(*events))).steps


def traded(decisions: Iterable[Decision]) -> list[tuple[str, str, int]]:
    """Holding, symbol and quantity of each trade."""
    trades = [one for one in decisions if isinstance(one, Trade)]
    return [(one.holding, leg.symbol, one.quantity) for one in trades for leg in one.legs]


def test_the_strategy_decides_while_nothing_else_is_due() -> None:
    strategy = Counting()
    desk = OwnDesk("counting", strategy=strategy)

    assert steps(desk, "10:30", bought()) == (Warn("asked", "by the loop"),)
    assert desk.needs(at("10:30"), a_session(), a_book()) == FOR_AN_ENTRY
    assert desk.deadlines(a_session(), a_book()) == (a_session().close,)


def test_a_flatten_closes_options_and_shares_and_does_not_ask_the_strategy() -> None:
    """R10."""
    strategy = Counting()
    desk = OwnDesk("counting", strategy=strategy)

    decisions = steps(desk, "10:30", bought(), hedged(-30, "10:00"), FLATTEN)

    assert traded(decisions) == [(STRADDLE, CALL.occ, 1), (STRADDLE, PUT.occ, 1), (STRADDLE, "SPY", 30)]
    assert strategy.asked == 0
    assert desk.needs(at("10:30"), a_session(), a_book(bought(), FLATTEN)) == NOTHING_MORE


def test_a_flatten_calls_a_working_entry_back_before_it_sells() -> None:
    assert steps(OwnDesk("x"), "10:30", intended(), FLATTEN) == (Cancel("gc-entry", "going flat"),)


def target_at_work(reason: str = "target") -> list[Event]:
    """The call is offered at a limit for the day."""
    ticket = OrderTicket(
        "gc-target", Purpose.EXIT, "SPY", STRADDLE, (Leg(CALL, Side.SELL),), 1, Effect.CREDIT, Decimal("4.00"),
        reason, THE_DAY,
    )  # fmt: skip
    return [OrderIntended(at("10:00"), ticket), OrderAccepted(at("10:00"), "gc-target", "2")]


def test_a_flatten_does_not_wait_for_the_price_of_a_resting_target() -> None:
    """R10: called back at once, and what it offered is sold as soon as the broker says that it is gone."""
    desk, held = OwnDesk("x"), (bought(), target_at_work(), FLATTEN)
    canceled = (CancelRequested(at("10:30"), "gc-target", ""), OrderCanceled(at("10:31"), "gc-target", ""))

    assert steps(desk, "10:30", *held)[0] == Cancel("gc-target", "going flat")
    assert traded(steps(desk, "10:30", *held)) == [(STRADDLE, PUT.occ, 1)]
    assert traded(steps(desk, "10:31", *held, *canceled)) == [(STRADDLE, CALL.occ, 1), (STRADDLE, PUT.occ, 1)]


def test_what_a_flatten_itself_offers_for_the_day_rests() -> None:
    """CS-420: an option without a bid."""
    decisions = steps(OwnDesk("x"), "10:30", bought(), target_at_work(CLOSE), FLATTEN)

    assert [one for one in decisions if isinstance(one, Cancel)] == []
    assert traded(decisions) == [(STRADDLE, PUT.occ, 1)]


def test_a_flatten_waits_for_the_open_and_ends_with_the_session() -> None:
    for time in ("09:29", "16:00"):
        assert steps(OwnDesk("x"), time, bought(), FLATTEN) == ()


def test_while_halted_entries_are_called_back_and_the_strategy_is_asked_for_its_exits() -> None:
    """R10."""
    strategy = Counting()

    decisions = steps(OwnDesk("counting", strategy=strategy), "10:30", intended(), Halted(at("10:00"), "by hand"))

    assert decisions == (Cancel("gc-entry", "halted"), Warn("asked", "by the loop"))


def test_what_an_earlier_session_left_is_closed_with_an_alarm_whatever_the_strategy_says() -> None:
    """DH-520."""
    yesterday = bought(date=DAY - dt.timedelta(days=1))
    book = a_book(yesterday)
    held = {CALL.occ: 1, PUT.occ: 1}
    assert book.expected_holdings() == held

    decisions = steps(OwnDesk("counting", strategy=Counting()), "10:30", yesterday)

    assert [one.code for one in decisions if isinstance(one, Warn)] == ["leftover", "asked"]
    assert [symbol for _, symbol, _ in traded(decisions)] == [CALL.occ, PUT.occ]


@define
class Posing(Counting):
    """Orders under the name of a built-in strategy."""

    def decide(self, situation: Situation) -> Decisions:
        legs = (ShareLeg("SPY", Side.BUY, closes=False),)
        ids = ("new", STRADDLE)
        return Decisions(
            tuple(Trade(one, "credit-spread", "SPY", Purpose.ENTRY, legs, 1, Effect.DEBIT, "test") for one in ids)
        )


def test_what_it_opens_is_its_own_whatever_name_the_order_bears() -> None:
    decisions = steps(OwnDesk("posing", strategy=Posing()), "10:30", bought())

    assert [one.strategy for one in decisions if isinstance(one, Trade)] == ["posing", "delta-hedge"]


def test_without_a_strategy_only_the_duties_are_done() -> None:
    desk = OwnDesk("gone")

    assert steps(desk, "10:30", bought()) == ()
    assert (desk.needs(at("10:30"), a_session(), a_book()), desk.deadlines(a_session(), a_book())) == (
        NOTHING_MORE,
        (),
    )
    assert desk.guards is None
