"""Each step of a change of desks that fails, and a restart in each state. Rules: SC-501, SC-504, SC-505, SC-1307."""

from __future__ import annotations

import pytest
from attrs import evolve

from builders import a_session, at
from builders_desk import a_book
from builders_gamma import STRADDLE, shares_traded, straddle_filled, straddle_held, straddle_ordered
from builders_hybrid import SHARES, TO_GAMMA, TO_ST0CKA, A, G, a_look, changes, shares_held, steps, switched
from gammacore.adapters.codec.records import decode, encode
from gammacore.domain import ledger
from gammacore.domain.book.book import Book
from gammacore.domain.desks.gamma_scalping import GammaScalpingDesk
from gammacore.domain.desks.hybrid import HybridDesk
from gammacore.domain.desks.st0cka import St0ckaDesk
from gammacore.domain.holding_events import DifferenceSeen
from gammacore.domain.instruments import Side
from gammacore.domain.ledger import Event
from gammacore.domain.legs import ShareLeg
from gammacore.domain.orders import Effect, OrderTicket, Purpose
from gammacore.domain.strategy import Decision, Situation, Trade
from gammacore.domain.words import DeskState, SwitchStep

BEGUN = switched(A, TO_GAMMA, SwitchStep.BEGUN, "10:29:50")


def trades(look: Situation) -> list[tuple[str, Purpose, str]]:
    return [(one.holding, one.purpose, one.reason) for one in steps(look) if isinstance(one, Trade)]


def sale_refused() -> list[Event]:
    sale = OrderTicket("gc-out", Purpose.EXIT, "SPY", SHARES, (ShareLeg("SPY", Side.SELL, closes=True),), 3,
                       Effect.CREDIT, None, "regime_exit")  # fmt: skip
    return [ledger.OrderIntended(at("10:29:55"), sale), ledger.OrderWasRejected(at("10:29:56"), "gc-out", "not now")]


def unfilled(number: int) -> list[Event]:
    order = f"gc-try-{number}"
    ordered = straddle_ordered(f"10:0{number}", order=order, holding=f"SPY-20260105-gamma-scalping-{number}")
    return [*ordered, ledger.OrderCanceled(at(f"10:0{number}:10"), order, "life over")]


def test_a_sale_of_shares_that_is_refused_is_sent_again_and_nothing_is_bought() -> None:
    """SC-505 (4)."""
    look = a_look(0.25, *shares_held(), BEGUN, *sale_refused())

    assert trades(look) == [(SHARES, Purpose.EXIT, "regime_exit")]
    assert changes(look) == []


def test_while_the_broker_shows_other_shares_than_the_fills_say_nothing_is_bought() -> None:
    """SC-505 (5): by fills none are left, by the broker three."""
    look = a_look(0.25, BEGUN, DifferenceSeen(at("10:29:58"), "SPY", 3, SHARES))

    assert trades(look) == []
    assert changes(look) == []


def test_a_straddle_that_is_not_filled_four_times_ends_the_change() -> None:
    """SC-505 (7), SC-407."""
    tried = [event for number in range(1, 5) for event in unfilled(number)]

    assert changes(a_look(0.25, BEGUN, *tried[:-3])) == []
    assert changes(a_look(0.25, BEGUN, *tried)) == [(A, SwitchStep.REFUSED)]


def test_one_leg_alone_is_no_straddle_and_goes_again() -> None:
    """SC-505 (8), SC-408."""
    part = [*straddle_ordered(), straddle_filled(1, 0, complete=False)]
    ended = ledger.OrderCanceled(at("10:00:10"), "gc-entry", "")
    look = a_look(0.25, BEGUN, *part, ended)

    assert trades(look) == [(STRADDLE, Purpose.EXIT, "leg_repair")]
    assert changes(look) == []


STATES: dict[DeskState, list[Event]] = {
    A: [switched(None, A, SwitchStep.FIRST_READING, "09:30"), *shares_held(target=True)],
    TO_GAMMA: [*shares_held(), BEGUN],
    G: [*straddle_held(), *shares_traded(-7, "10:00:08"), switched(TO_GAMMA, G, SwitchStep.DONE, "10:00:09")],
    TO_ST0CKA: [*straddle_held(), switched(G, TO_ST0CKA, SwitchStep.BEGUN, "10:29:50")],
}


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("volatility", [0.25, 0.1, None])
def test_a_restart_in_any_state_decides_as_the_process_before_it(state: DeskState, volatility: float | None) -> None:
    """SC-504: from the records of the ledger, by desks made anew."""
    look = a_look(volatility, *STATES[state])
    again = a_book(*(decode(encode(event)) for event in STATES[state]), balance="100000")

    assert HybridDesk().state(again, a_session()) is state
    assert decided(look, again) == steps(look)


def decided(look: Situation, book: Book) -> list[Decision]:
    return steps(evolve(look, book=book))


@pytest.mark.parametrize("desk", [St0ckaDesk(), GammaScalpingDesk()], ids=["st0cka", "gamma-scalping"])
def test_an_explicit_mode_changes_no_desk_whatever_volatility_is(desk: St0ckaDesk | GammaScalpingDesk) -> None:
    """SC-501: it is itself at any reading."""
    bought = [
        [one.strategy for one in desk.decide(a_look(volatility, time="09:45")).steps if isinstance(one, Trade)]
        for volatility in (0.05, 0.25, None)
    ]
    assert bought == [[desk.name]] * 3
