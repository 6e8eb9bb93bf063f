"""A straddle bought by two orders, where a broker takes none of two legs. Rules: SC-407, SC-408."""

from __future__ import annotations

from decimal import Decimal

from builders import at
from builders_desk import a_book
from builders_gamma import AT_590_45, CALL, PUT, STRADDLE, a_gamma_look, gamma_steps
from gammacore.domain import ledger
from gammacore.domain.desks.gamma_scalping import NAME, GammaScalpingDesk
from gammacore.domain.holdings.plans import EntryTerms, Opening
from gammacore.domain.instruments import OptionContract, Side
from gammacore.domain.ledger import Event
from gammacore.domain.legs import Leg, LegFill
from gammacore.domain.orders import Effect, Execution, OrderTicket, Purpose, TicketLife
from gammacore.domain.scalping.gamma import GammaRules, StraddleOrder
from gammacore.domain.strategy import Situation, Trade

DESK = GammaScalpingDesk(GammaRules(straddle_order=StraddleOrder.LEGS))


def bought(contract: OptionContract, order: str, time: str, price: str, filled: int = 2) -> list[Event]:
    """Two of one contract ordered at a time, and what filled of them five seconds later."""
    ticket = OrderTicket(
        order, Purpose.ENTRY, "SPY", STRADDLE, (Leg(contract, Side.BUY),), 2, Effect.DEBIT, Decimal(price), "straddle"
    )
    opens = Opening(NAME, "SPY", terms=EntryTerms(Decimal(500), Decimal(590), day_trades=4))
    events: list[Event] = [ledger.OrderIntended(at(time), ticket, opens if contract == CALL else None)]
    events.append(ledger.OrderAccepted(at(time), order, order))
    if filled:
        fill = LegFill(contract.occ, Side.BUY, filled, Decimal(price))
        execution = Execution(filled, Decimal(price), legs=(fill,))
        events.append(ledger.OrderFilled(at(f"{time}:05"), order, execution, complete=filled == 2))
    if filled < 2:
        events.append(ledger.OrderCanceled(at(f"{time}:11"), order, "life over"))
    return events


CALLS = bought(CALL, "gc-call", "10:00", "16.05")


def look(time: str, *events: list[Event], quoted: bool = True) -> Situation:
    pairs = (AT_590_45,) if quoted else ()
    return a_gamma_look(time, book=a_book(*events, balance="100000"), pairs=pairs)


def trades(situation: Situation) -> list[tuple[Purpose, str, int, Decimal | None, str]]:
    return [
        (step.purpose, step.legs[0].symbol, step.quantity, step.limit, step.reason)
        for step in gamma_steps(situation, DESK)
        if isinstance(step, Trade)
    ]


def test_the_call_goes_first_at_its_ask() -> None:
    (trade,) = (step for step in gamma_steps(a_gamma_look(), DESK) if isinstance(step, Trade))

    assert [leg.symbol for leg in trade.legs] == ["SPY260204C00590000"]
    assert (trade.limit, trade.life) == (Decimal("12.66"), TicketLife(10))
    assert trade.terms is not None
    assert trade.terms.risk == Decimal("468.400")  # of both legs


def test_the_put_follows_the_calls_fill_for_as_many_at_its_ask() -> None:
    assert trades(look("10:00:06", CALLS)) == [(Purpose.ENTRY, PUT.occ, 2, Decimal("13.45"), "straddle")]


def test_a_part_of_the_calls_is_followed_by_as_many_puts() -> None:
    part = bought(CALL, "gc-call", "10:00", "16.05", filled=1)

    assert trades(look("10:00:12", part)) == [(Purpose.ENTRY, PUT.occ, 1, Decimal("13.45"), "straddle")]


def test_while_the_put_works_nothing_else_is_done() -> None:
    working = bought(PUT, "gc-put", "10:01", "13.45", filled=0)[:-1]

    assert trades(look("10:01:05", CALLS, working)) == []


def test_a_put_that_is_not_filled_leaves_no_call() -> None:
    """SC-408: none of it, or a part."""
    none, part = (bought(PUT, "gc-put", "10:01", "13.45", filled=count) for count in (0, 1))

    assert trades(look("10:01:12", CALLS, none)) == [(Purpose.EXIT, CALL.occ, 2, None, "leg_repair")]
    assert trades(look("10:01:12", CALLS, part)) == [(Purpose.EXIT, CALL.occ, 1, None, "leg_repair")]


def test_a_put_without_a_quote_is_waited_for_ten_seconds() -> None:
    """SC-408; the call is sold at market then."""
    late = "10:00:28"  # more than three looks of this market, whose quotes live for fifteen seconds

    assert trades(look("10:00:06", CALLS, quoted=False)) == []
    assert trades(look(late, CALLS, quoted=False)) == [(Purpose.EXIT, CALL.occ, 2, None, "leg_repair")]


def test_it_is_sold_by_two_orders_too_each_at_its_bid_and_then_at_market() -> None:
    """SC-407, SC-456: no order of two legs leaves."""
    held = (CALLS, bought(PUT, "gc-put", "10:01", "13.45"))
    first = trades(look("15:45", *held))

    assert [one for one in first if one[0] is Purpose.EXIT] == [
        (Purpose.EXIT, CALL.occ, 2, Decimal("15.95"), "time_exit"),
        (Purpose.EXIT, PUT.occ, 2, Decimal("13.35"), "time_exit"),
    ]
    gone = [sold(CALL, "gc-call-out"), sold(PUT, "gc-put-out")]
    then = trades(look("15:45:06", *held, *gone))
    assert [one for one in then if one[0] is Purpose.EXIT] == [
        (Purpose.EXIT, CALL.occ, 2, None, "time_exit"), (Purpose.EXIT, PUT.occ, 2, None, "time_exit"),
    ]  # fmt: skip


def sold(contract: OptionContract, order: str) -> list[Event]:
    """Offered at 15:45 and called back unfilled."""
    ticket = OrderTicket(order, Purpose.EXIT, "SPY", STRADDLE, (Leg(contract, Side.SELL),), 2, Effect.CREDIT,
                         Decimal(13), "time_exit")  # fmt: skip
    sent: list[Event] = [ledger.OrderIntended(at("15:45"), ticket), ledger.OrderAccepted(at("15:45"), order, order)]
    return [*sent, ledger.OrderCanceled(at("15:45:05"), order, "life over")]
