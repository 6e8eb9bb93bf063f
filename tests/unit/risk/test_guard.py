"""The one gate before every order: what adds, hedges and reduces, and how much of it may be sent. Rules: R2, R10."""

from __future__ import annotations

from decimal import Decimal

import pytest
from attrs import evolve

from builders_exchange import a_single, an_entry, an_exit, call, put
from builders_holdings import holding_began
from builders_world import World, a_scripted_plan, a_world, a_world_holding
from gammacore.domain.instruments import REGISTRY, Side
from gammacore.domain.ledger import BreakerTripped, Halted, OrderAccepted, OrderIntended, TicketRefused
from gammacore.domain.legs import ShareLeg
from gammacore.domain.orders import Effect, OrderTicket, Purpose
from gammacore.domain.risk.guard import Allowed, Refused, Risk, classify, risk_of

SHORT, LONG = put(6880), put(6870)


def shares(quantity: int, side: Side = Side.SELL, *, closes: bool = True, purpose: Purpose = Purpose.EXIT,
           holding: str = "i1") -> OrderTicket:  # fmt: skip
    effect = Effect.CREDIT if side is Side.SELL else Effect.DEBIT
    leg = ShareLeg("SPY", side, closes=closes)
    return OrderTicket(f"gc-{quantity}", purpose, "SPY", holding, (leg,), quantity, effect, None)


def a_world_with(symbols: dict[str, int], underlying: str = "SPY") -> World:
    world = a_world(underlying=underlying)
    world.day.begin()
    opened = holding_began(world.clock.now(), "i1", "own", underlying, symbols, Decimal(600))
    world.day.ledger.record(opened)
    return world


def works(world: World, ticket: OrderTicket) -> None:
    """An order that was intended and is with the broker."""
    now = world.clock.now()
    world.day.ledger.record(OrderIntended(now, ticket), OrderAccepted(now, ticket.id, "B1"))


def judged(world: World, ticket: OrderTicket) -> Allowed | Refused:
    return classify(ticket, world.book, REGISTRY)


def reason(verdict: Allowed | Refused) -> str | None:
    return verdict.verdict.reason if isinstance(verdict, Refused) else None


# -- what reduces ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("asked", "sent"), [(1, 1), (3, 3), (4, 3), (500, 3)])
def test_a_close_is_cut_to_what_is_held(asked: int, sent: int) -> None:
    verdict = judged(a_world_holding(), an_exit(contracts=asked))

    assert isinstance(verdict, Allowed)
    assert (verdict.risk, verdict.ticket.quantity) == (Risk.REDUCES, sent)


def test_what_already_works_in_that_direction_is_not_sold_again() -> None:
    world = a_world_holding()
    works(world, an_exit("gc-first", contracts=2))

    second = judged(world, an_exit("gc-second", contracts=3))
    assert isinstance(second, Allowed)
    assert second.ticket.quantity == 1
    works(world, second.ticket)
    assert reason(judged(world, an_exit("gc-third", contracts=1))) == "nothing_left"


def test_a_repeat_of_the_same_order_does_not_count_against_itself() -> None:
    world = a_world_holding()
    works(world, an_exit("gc-first", contracts=3))

    assert isinstance(judged(world, an_exit("gc-first", contracts=3)), Allowed)


def test_a_cover_is_not_sold_before_its_short() -> None:
    """R2: the short alone may be bought back; then the long may go."""
    world = a_world_holding()

    assert reason(judged(world, a_single(LONG, Side.SELL))) == "uncovers_short"
    assert isinstance(judged(world, a_single(SHORT, Side.BUY)), Allowed)


def test_what_reduces_passes_a_halt_and_what_opens_does_not() -> None:
    """R10: exits run while the kill switch is latched, whatever an order calls itself."""
    world = a_world_holding()
    world.day.ledger.record(Halted(world.clock.now(), "drill"))

    assert isinstance(world.day.guard(an_exit(contracts=3)), Allowed)
    assert isinstance(world.day.guard(evolve(an_exit(contracts=3), purpose=Purpose.ENTRY)), Allowed)
    entry = evolve(an_entry(), holding="p9")
    assert reason(world.day.guard(entry, a_scripted_plan())) == "halted"
    assert reason(world.day.guard(evolve(entry, purpose=Purpose.EXIT))) == "nothing_left"


def test_an_order_that_reduces_says_so_to_the_broker() -> None:
    world = a_world_holding()
    verdict = judged(world, evolve(an_exit(contracts=3), purpose=Purpose.ENTRY))

    assert isinstance(verdict, Allowed)
    assert verdict.ticket.purpose is Purpose.EXIT


# -- shares ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ticket", "sent", "refused"),
    [
        (shares(10), 10, None),
        (shares(15), 10, None),
        (shares(10, closes=False), 10, None),
        (shares(15, closes=False), None, "crosses_zero"),
        (shares(5, Side.BUY), None, "nothing_left"),
        (evolve(shares(5), holding="elsewhere"), None, "nothing_left"),
    ],
    ids=["all", "too many", "unmarked", "through zero", "nothing short", "another holding"],
)
def test_shares_are_never_sold_beyond_those_held(ticket: OrderTicket, sent: int | None, refused: str | None) -> None:
    """A sale beyond what is held would be a short sale: the sender sends two orders, as the hedger does."""
    verdict = judged(a_world_with({"SPY": 10}), ticket)

    assert reason(verdict) == refused
    if isinstance(verdict, Allowed):
        assert (verdict.ticket.quantity, verdict.ticket.closes) == (sent, True)


# -- hedges ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("symbols", "quantity", "refused"),
    [
        ({"SPY260105C00600000": 1}, 100, None),
        ({"SPY260105C00600000": 1}, 101, "hedge_beyond_options"),
        ({"SPY260105C00600000": 1, "SPY260105P00600000": 1}, 200, None),
        ({}, 1, "hedge_beyond_options"),
        ({"SPY": 5}, 1, "hedge_beyond_options"),
    ],
    ids=["a delta of one", "beyond it", "a straddle", "nothing held", "shares alone"],
)
def test_a_hedge_stays_within_the_options_it_hedges(
    symbols: dict[str, int], quantity: int, refused: str | None
) -> None:
    ticket = shares(quantity, Side.BUY, closes=False, purpose=Purpose.HEDGE)

    assert reason(judged(a_world_with(symbols), ticket)) == refused


def test_hedges_at_work_count() -> None:
    world = a_world_with({"SPY260105C00600000": 1})
    works(world, evolve(shares(60, Side.BUY, closes=False, purpose=Purpose.HEDGE), id="gc-first"))

    assert reason(judged(world, shares(41, Side.BUY, closes=False, purpose=Purpose.HEDGE))) == "hedge_beyond_options"


def test_an_index_is_hedged_at_its_ratio() -> None:
    """Ten SPY for a point of SPX: one call may need 1,000 shares."""
    world = a_world_with({"SPXW260105C06900000": 1}, "SPX")
    hedge = shares(1000, Side.SELL, closes=False, purpose=Purpose.HEDGE)

    assert isinstance(judged(world, hedge), Allowed)
    assert reason(judged(world, evolve(hedge, quantity=1001))) == "hedge_beyond_options"


def test_a_latched_kill_switch_stops_hedges() -> None:
    """DH-1001."""
    world = a_world_with({"SPY260105C00600000": 1})
    world.day.ledger.record(Halted(world.clock.now(), "drill"))

    assert reason(world.day.guard(shares(10, Side.BUY, closes=False, purpose=Purpose.HEDGE))) == "halted"


# -- what opens --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ticket", "dollars"),
    [
        (a_single(call(6900), Side.BUY, contracts=2, limit="3.10"), "620.00"),
        (evolve(an_entry(contracts=3), legs=(an_entry().legs[0], an_entry().legs[1])), "3000"),
        (shares(5, Side.BUY, closes=False, purpose=Purpose.ENTRY), None),
    ],
    ids=["a premium", "a credit spread", "shares of an unseen price"],
)
def test_an_opening_without_a_plan_risks_its_premium_its_width_or_its_value(
    ticket: OrderTicket, dollars: str | None
) -> None:
    assert risk_of(ticket, None) == (None if dollars is None else Decimal(dollars))


def a_purchase(quantity: int, holding: str = "i2") -> OrderTicket:
    """Shares bought at 600 dollars or less."""
    bought = shares(quantity, Side.BUY, closes=False, purpose=Purpose.ENTRY, holding=holding)
    return evolve(bought, limit=Decimal(600))


def test_an_own_strategy_opens_nothing_under_an_open_circuit_breaker() -> None:
    """CS-302, CS-630: not only the desks' entries pass the limits."""
    world = a_world_with({})
    assert world.day.guard(a_purchase(1)) == Allowed(Risk.ADDS, a_purchase(1))

    world.day.ledger.record(BreakerTripped(world.clock.now(), 3, "no answer"))
    assert reason(world.day.guard(a_purchase(1))) == "circuit_breaker"


@pytest.mark.parametrize(("quantity", "refused"), [(5, None), (6, "concurrent_risk")])
def test_an_opening_at_work_counts_against_the_next(quantity: int, refused: str | None) -> None:
    """CS-342: 5 shares at 600 work already; 30 % of 20,000 dollars may be at risk in all."""
    world = a_world_with({})
    works(world, a_purchase(5, "i1"))

    assert reason(world.day.guard(a_purchase(quantity))) == refused


# -- the journal -------------------------------------------------------------------------------------------------------


def test_a_refusal_is_journaled_once_until_its_reason_changes() -> None:
    world = a_world_holding()
    for _ in range(3):
        world.day.desk.send(evolve(an_exit("gc-x", contracts=1), holding="nowhere"))
    world.day.desk.send(evolve(a_single(LONG, Side.SELL), holding="p1"))

    assert [event.reason for event in world.all(TicketRefused)] == ["nothing_left", "uncovers_short"]
