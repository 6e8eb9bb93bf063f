"""Hedges made of options, from the chain the events showed to the exit. Section 8, DH-801..804, DH-903."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from builders_hedging import CALL, PUT, Desk, market, sides, update
from gammacore.adapters.fake.in_memory import MemoryLedger, MemoryStorage
from gammacore.domain.hedge_filter.book import DeskBook
from gammacore.domain.hedging.exposure import Universe
from gammacore.domain.hedging.settings import HedgeWith, HedgingSettings, NegativeLeg, PositiveLeg

NEAR_PUT, NEAR_CALL = "SPY251230P00499000", "SPY251230C00501000"
PROTECT: dict[str, Any] = {"hedge_with": HedgeWith.BUY_PROTECTION}


def quote(time: str, symbol: str = NEAR_PUT, delta: object = "-0.30", **payload: Any) -> dict[str, Any]:
    """What a chain shows of an option nobody holds."""
    return market(time, symbol, **{"delta": delta, "bid": "1.00", "ask": "1.10", "price": "1.05", **payload})


def breach(time: str, shares: int, symbol: str = CALL) -> dict[str, Any]:
    """A position of one contract-delta in hundredths: so many shares to be hedged."""
    return market(time, symbol, delta=1 if shares > 0 else -1, quantity=abs(shares) // 100, underlying_price=500)


@pytest.mark.parametrize(
    ("shares", "delta", "expected"),
    [
        (250, "-1", [("buy", 2, NEAR_PUT), ("sell", 50, "SPY")]),
        (199, "-1", [("buy", 1, NEAR_PUT), ("sell", 99, "SPY")]),
        (100, "-1", [("buy", 1, NEAR_PUT)]),
        (99, "-1", [("sell", 99, "SPY")]),
        (250, "-0.50", [("buy", 5, NEAR_PUT)]),
        (250, "-0.30", [("buy", 8, NEAR_PUT), ("sell", 10, "SPY")]),
    ],
)
def test_the_vectors_of_section_8_through_the_desk(shares: int, delta: str, expected: list[Any]) -> None:
    """DH-802, DH-803: the residual stays in shares, on the side of the hedge; the option goes out first."""
    desk = Desk(**PROTECT)
    desk(quote("15:00:00", delta=delta))
    found = desk(market("15:00:01", CALL, delta=Decimal(shares) / 1000, quantity=10, underlying_price=500))
    assert sides(found) == expected
    assert desk.codes() == (["below_one_contract"] if shares == 99 else [])


@pytest.mark.parametrize(
    ("settings", "position", "leg"),
    [
        (PROTECT, CALL, ("buy", NEAR_PUT)),
        (PROTECT, PUT, ("buy", NEAR_CALL)),
        ({"hedge_with": HedgeWith.SELL_PREMIUM}, CALL, ("sell", NEAR_CALL)),
        ({"hedge_with": HedgeWith.SELL_PREMIUM}, PUT, ("sell", NEAR_PUT)),
        ({"positive_delta": PositiveLeg.SELL_CALLS}, CALL, ("sell", NEAR_CALL)),
        ({"positive_delta": PositiveLeg.SELL_CALLS}, PUT, ("buy", "SPY")),
        ({"negative_delta": NegativeLeg.SELL_PUTS}, PUT, ("sell", NEAR_PUT)),
        ({"negative_delta": NegativeLeg.BUY_CALLS}, PUT, ("buy", NEAR_CALL)),
        ({**PROTECT, "positive_delta": PositiveLeg.SELL_CALLS}, CALL, ("sell", NEAR_CALL)),
        ({}, CALL, ("sell", "SPY")),
    ],
)
def test_which_leg_a_hedge_takes(settings: dict[str, Any], position: str, leg: tuple[str, str]) -> None:
    """DH-801: per leg, else by hedge_with; what is sold is warned of."""
    desk = Desk(**settings)
    desk(quote("15:00:00", NEAR_PUT, "-0.50"), quote("15:00:00", NEAR_CALL, "0.50"))
    [intent] = desk(breach("15:00:01", 500 if position == CALL else -500, position))
    assert (intent["side"], intent["symbol"]) == leg
    warned = [log.message for log in desk.logs if "short gamma" in log.message]
    assert len(warned) == (leg[0] == "sell" and leg[1] != "SPY")


def test_no_chain_is_remembered_where_hedges_are_shares() -> None:
    """DH-801: the standard path pays nothing."""
    desk = Desk()
    desk(quote("15:00:00"))
    assert desk.book.option_hedges.chains == {}


@pytest.mark.parametrize(
    ("code", "quotes", "time"),
    [
        ("EMPTY_CHAIN", [], "15:00:01"),
        ("EMPTY_CHAIN", [quote("15:00:00")], "15:05:00.001"),
        ("EMPTY_CHAIN", [quote("15:00:00", bid=None)], "15:00:01"),
        ("EMPTY_CHAIN", [quote("15:00:00", delta=None)], "15:00:01"),
        ("EMPTY_CHAIN", [quote("15:00:00"), quote("15:00:00", bid="1.20")], "15:00:01"),
        ("EMPTY_CHAIN", [quote("15:00:00", bid="0", ask="0")], "15:00:01"),
        ("EMPTY_CHAIN", [quote("15:00:00", "QQQ251230P00499000")], "15:00:01"),
        ("EMPTY_CHAIN", [quote("15:00:00", "SPXW251230P06899000")], "15:00:01"),
        ("TIME_GUARD_NO_NEW_POSITIONS", [quote("20:30:00")], "20:30:00"),
        ("NO_ELIGIBLE_EXPIRY", [quote("19:30:00")], "19:30:00"),
        ("NO_STRIKES_FOR_EXPIRY", [quote("15:00:00", NEAR_CALL, "0.3")], "15:00:01"),
        ("NO_OTM_STRIKE", [quote("15:00:00", "SPY251230P00500000")], "15:00:01"),
        ("LIQUIDITY_GUARD", [quote("15:00:00", ask="1.1001"), quote("15:00:00", "SPY251230P00498000")], "15:00:01"),
        ("no_option", [quote("15:00:00", delta="0.30")], "15:00:01"),
        ("no_option", [quote("15:00:00", delta="0")], "15:00:01"),
        ("below_one_contract", [quote("15:00:00", delta="-1")], "15:00:01"),
    ],
)
def test_without_a_good_option_the_hedge_is_shares_and_a_person_is_alerted(
    code: str, quotes: list[dict[str, Any]], time: str
) -> None:
    """DH-804, section 8: the selector's codes are alarms; a quote serves 300 s like a price (DH-231)."""
    desk = Desk(**PROTECT)
    desk(*quotes)
    assert sides(desk(market(time, CALL, delta="0.5", quantity=1, underlying_price=500))) == [("sell", 50, "SPY")]
    assert desk.codes() == [code]


def test_an_index_book_is_hedged_with_options_of_its_share() -> None:
    """DH-220: SPX in options of SPY, at the share's own price."""
    desk = Desk(**PROTECT)
    desk(market("15:00:00", "SPY", price=500), quote("15:00:00", delta="-0.50"))
    [intent] = desk(market("15:00:01", "SPXW251230C05010000", delta="0.5", quantity=1, underlying_price=5004))
    assert sides([intent]) == [("buy", 10, NEAR_PUT)]


@pytest.mark.parametrize("shown_by", ["fill", "quantity of the host"])
def test_an_option_that_hedges_an_index_leaves_the_threshold_in_its_contracts(shown_by: str) -> None:
    """DH-222, DH-804: SPX is hedged from 150 SPY shares on, not from the 15 of the SPY puts that hedge it."""
    ledger = MemoryLedger()
    desk = Desk(storage=MemoryStorage(ledger), **PROTECT)
    desk(market("15:00:00", "SPY", price=500), quote("15:00:00", delta="-0.50"))
    [option] = desk(market("15:00:01", "SPXW251230C05010000", delta="0.5", quantity=1, underlying_price=5004))
    if shown_by == "fill":
        desk(update("15:00:02", option, "filled", filled_qty=10, avg_price="1.10"))
    else:
        desk(quote("15:00:02", delta="-0.50", quantity=10), update("15:00:03", option, "canceled", filled_qty=0))

    assert desk.book.hedge_books["SPY"].unit == 1_000
    assert desk.refusal(market("15:02:00", "SPXW251230C05010000", delta="0.65")) == "below_threshold"  # 150 shares
    restarted = DeskBook.of(ledger.events, Universe(HedgingSettings()))
    assert restarted.hedge_books["SPY"].unit == 1_000
    [more] = desk(market("15:02:01", "SPXW251230C05010000", delta="0.6501"))
    assert more["metadata"]["net_delta_before"] == "0.1501"


def test_an_option_of_the_share_that_is_itself_hedged_counts_in_the_unit() -> None:
    """DH-222: the smallest contract of what is hedged; buying more of it as a hedge changes nothing."""
    desk = Desk(**PROTECT)
    desk(market("15:00:00", "SPY", price=500), quote("15:00:00", delta="-0.50", quantity=2))
    desk(market("15:00:01", "SPXW251230C05010000", delta="0.5", quantity=1, underlying_price=5004))

    assert desk.book.hedge_books["SPY"].unit == 100


def test_the_wire_says_what_the_option_stands_for() -> None:
    """DH-610, DH-611: both intents are one decision; hedge_qty is the signed quantity of its own intent."""
    desk = Desk(**PROTECT)
    desk(quote("15:00:00", "SPY   251230P00499000"))
    option, shares = desk(breach("15:00:01", 250 - 50), market("15:00:01.5", CALL, quantity=2))
    assert (option["symbol"], option["client_tag"]) == ("SPY   251230P00499000", "0dte_gamma_scalper_hedge")
    assert option["intent_id"].startswith("hedge_SPY251230P00499000_")
    assert [intent["metadata"]["hedge_qty"] for intent in (option, shares)] == ["6", "-20"]
    assert option["metadata"]["option_delta"] == "-0.30"
    assert "option_delta" not in shares["metadata"]
    assert len({intent["metadata"]["decision_id"] for intent in (option, shares)}) == 1
    assert {intent["metadata"]["net_delta_before"] for intent in (option, shares)} == {"2"}


def test_options_in_flight_and_filled_count_like_positions() -> None:
    """DH-804: in flight at the newest delta of the chain, filled as a position."""
    desk = Desk(**PROTECT)
    desk(quote("15:00:00", delta="-0.50"))
    [option] = desk(breach("15:00:01", 200))
    assert desk.refusal(market("15:02:00", "SPY", price=500)) == "below_threshold"
    assert sides(desk(quote("15:02:01", delta="-0.45"))) == [("sell", 20, "SPY")], "4 puts of 0.45 cover 180 of 200"

    desk(update("15:03:00", option, "partially_filled", filled_qty=3, avg_price="1.10"))
    assert desk.book.holdings[NEAR_PUT].contracts == 3
    desk(update("15:03:01", option, "canceled", filled_qty=3, avg_price="1.10"))
    assert desk.book.option_hedges.working == {}
    assert sides(desk(market("15:04:00", "SPY", price=500))) == [("buy", 1, NEAR_PUT)], "the fourth put never came"


def test_a_rejected_option_is_seen_by_the_next_decision() -> None:
    """DH-242."""
    desk = Desk(**PROTECT)
    desk(quote("15:00:00", delta="-0.50"))
    [option] = desk(breach("15:00:01", 200))
    desk(update("15:00:02", option, "rejected"))
    again = desk(quote("15:02:00", delta="-0.50", underlying_price=500))
    assert sides(again) == [("buy", 4, NEAR_PUT)]
    assert again[0]["intent_id"] != option["intent_id"]


@pytest.mark.parametrize("news_first", [True, False])
def test_the_hosts_quantity_and_the_fill_are_counted_once(news_first: bool) -> None:
    """DH-203, DH-804: quantity is absolute, whichever comes first."""
    desk = Desk(**PROTECT)
    desk(quote("15:00:00", delta="-0.50"))
    [option] = desk(breach("15:00:01", 200))
    news = update("15:00:03", option, "filled", filled_qty=4, avg_price="1.10")
    says = quote("15:00:04", delta="-0.50", quantity=4)
    for message in (news, says) if news_first else (says, news):
        desk(message)
        assert desk.book.holdings[NEAR_PUT].contracts == 4
        assert desk.book.option_hedges.in_flight_shares("SPY") == 0
    assert desk.refusal(market("15:02:00", "SPY", price=500)) == "below_threshold"


def test_a_hedge_of_options_and_shares_is_one_hedge_of_the_session() -> None:
    """Section 0, day_cap."""
    desk = Desk(**PROTECT, max_hedges_per_session=2)
    desk(quote("15:00:00"))
    assert len(desk(breach("15:00:01", 200))) == 2
    assert desk.book.hedge_book("SPY").hedges == 1


def test_the_exit_closes_option_hedges_too() -> None:
    """DH-510: in the order they were born, then the shares; what fills after the batch is closed by the retry."""
    desk = Desk(**PROTECT, assume_fills=True)
    desk(quote("15:00:00"))
    desk(breach("15:00:01", 200))
    found = desk(market("20:45:00", "SPY", price=500))
    assert sides(found) == [("sell", 2, CALL), ("sell", 6, NEAR_PUT), ("buy", 20, "SPY")]
    assert desk.book.is_flat()


def test_an_option_hedge_filled_after_the_exit_batch_is_closed_by_the_retry() -> None:
    """DH-511."""
    desk = Desk(**PROTECT)
    desk(quote("20:20:00", "SPY251231P00499000", "-0.50"))
    [option] = desk(breach("20:20:01", 200))
    assert sides(desk(market("20:45:00", "SPY", price=500))) == [("sell", 2, CALL)]
    desk(update("20:45:10", option, "filled", filled_qty=4, avg_price="1.10"))
    later = sides(desk(market("20:46:01", "SPY", price=500)))
    assert ("sell", 4, "SPY251231P00499000") in later


def test_assumed_fills_are_at_the_options_last_price_or_the_middle_of_its_market() -> None:
    """DH-113."""
    for price, filled in (("1.07", "1.07"), (None, "1.05")):
        desk = Desk(**PROTECT, assume_fills=True)
        desk(quote("15:00:00", delta="-0.50", price=price))
        [option] = desk(breach("15:00:01", 200))
        assert desk.book.intents[option["intent_id"]].average_price == Decimal(filled)


def test_what_an_option_hedge_cost_is_in_dollars() -> None:
    """DH-243: fees and slippage against the price of the decision, times the multiplier."""
    desk = Desk(**PROTECT)
    desk(quote("15:00:00", delta="-0.50"))
    [option] = desk(breach("15:00:01", 200))
    desk(update("15:00:02", option, "filled", filled_qty=4, avg_price="1.10", fees="2.60"))
    shares = desk.book.hedge_book("SPY").shares
    assert (shares.fees, shares.slippage, shares.filled) == (Decimal("2.60"), Decimal("20.00"), 0)


def test_the_book_of_a_ledger_knows_chain_and_orders_again() -> None:
    """DH-710: after a restart in the middle the next decision is the same."""
    medium = MemoryLedger()
    desk = Desk(**PROTECT, storage=MemoryStorage(medium))
    desk(quote("15:00:00", delta="-0.50"))
    desk(breach("15:00:01", 200), quote("15:00:02", delta="-0.45", quantity=1))

    folded = DeskBook.of(medium.events, Universe(HedgingSettings()))

    live = desk.book.option_hedges
    assert folded.option_hedges.chains == live.chains
    assert list(folded.option_hedges.working) == list(live.working) != []
    assert folded.option_hedges.in_flight_shares("SPY") == live.in_flight_shares("SPY") == -135
    assert folded.holdings[NEAR_PUT].contracts == 1


def test_a_new_session_starts_with_an_empty_chain_and_no_order_in_flight() -> None:
    desk = Desk(**PROTECT)
    desk(quote("15:00:00", delta="-0.50"), breach("15:00:01", 200))
    desk(market("15:00:00", "SPY", day="2025-12-31", price=500))
    assert (desk.book.option_hedges.chains, desk.book.option_hedges.working) == ({}, {})
