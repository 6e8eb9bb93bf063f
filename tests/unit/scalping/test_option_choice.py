"""Which option is bought, at what limit, and how many. Rules: SC-326..332, SC-605."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from attrs import evolve, frozen

from builders import DAY, at
from gammacore.domain.instruments import PENNY, REGISTRY, OptionContract, Right, Ticks
from gammacore.domain.market import OptionChain
from gammacore.domain.scalping.option_choice import (
    ExpiryChoice,
    ModelColumns,
    OptionCandidate,
    OptionQuery,
    OptionSearch,
    StockFeed,
    entry_limit,
    expiry_of,
    option_score,
    right_bought,
)
from gammacore.domain.scalping.option_size import OptionSize, SizeOccasion, premium_at_risk
from gammacore.domain.scalping.signals.signal import SignalName
from gammacore.domain.volatility import VolatilityRegime
from gammacore.domain.words import Direction

SPY = REGISTRY["SPY"]
NOW = at("10:15")
NAN = float("nan")


@frozen
class Listed:
    """One listed option; by default a call that may be bought."""

    strike: float = 592
    is_call: bool = True
    bid: float = 0.61
    ask: float = 0.62
    delta: float = 0.30
    volume: float = 500
    open_interest: float = 5000
    iv: float = 0.20
    age: float = 0
    expiry: dt.date = DAY


def a_chain(rows: Sequence[Listed]) -> OptionChain:
    return OptionChain(
        "SPY", NOW, ("SPY",),
        strike=[row.strike for row in rows],
        is_call=[row.is_call for row in rows],
        expiry=np.array([row.expiry for row in rows], dtype="datetime64[D]"),
        root=[0] * len(rows),
        bid=[row.bid for row in rows],
        ask=[row.ask for row in rows],
        open_interest=[row.open_interest for row in rows],
        iv=[NAN] * len(rows),
        gamma=[NAN] * len(rows),
        quoted_at=[NOW.timestamp() - row.age for row in rows],
        volume=[row.volume for row in rows],
    )  # fmt: skip


def a_query(*rows: Listed, right: Right = Right.CALL, **changes: Any) -> OptionQuery:
    """A search at 590; the model answers what each row says of itself."""
    known = {(row.strike, row.is_call): row for row in rows}

    def model(chain: OptionChain, price: Decimal) -> ModelColumns:
        asked = [known[key] for key in zip(chain.strike.tolist(), chain.is_call.tolist(), strict=True)]
        return ModelColumns(np.array([row.delta for row in asked]), np.array([row.iv for row in asked]))

    return evolve(OptionQuery(a_chain(rows), right, Decimal(590), SPY, model, NOW, 5.0), **changes)


def search(*rows: Listed, **changes: Any) -> OptionSearch:
    return a_query(*rows, **changes).search()


def test_calls_for_bullish_puts_for_bearish() -> None:
    """SC-326."""
    assert right_bought(Direction.BULLISH) is Right.CALL
    assert right_bought(Direction.BEARISH) is Right.PUT
    assert right_bought(Direction.NEUTRAL) is None


def test_the_expiry_is_today_or_on_request_the_nearest() -> None:
    """SC-327."""
    next_day, past = DAY + dt.timedelta(days=1), DAY - dt.timedelta(days=1)
    both = a_chain([Listed(), Listed(expiry=next_day)])
    later = a_chain([Listed(expiry=next_day), Listed(expiry=past)])
    assert expiry_of(both, DAY) == DAY
    assert expiry_of(later, DAY) is None
    assert expiry_of(later, DAY, ExpiryChoice.NEAREST) == next_day
    assert expiry_of(a_chain([Listed(expiry=past)]), DAY, ExpiryChoice.NEAREST) is None


@pytest.mark.parametrize(
    ("row", "refusal"),
    [
        (Listed(598.8), None),
        (Listed(598.9), "strike"),
        (Listed(581.2), None),
        (Listed(581.1), "strike"),
        (Listed(bid=NAN), "quote_missing"),
        (Listed(bid=0), "quote_missing"),
        (Listed(bid=0.62), "locked"),
        (Listed(age=5), None),
        (Listed(age=5.5), "quote_stale"),
        (Listed(bid=0.95, ask=1.05), None),
        (Listed(bid=0.949, ask=1.05), "spread"),
        (Listed(delta=NAN), "no_greeks"),
        (Listed(delta=0.40), None),
        (Listed(delta=0.20), None),
        (Listed(delta=0.40000001), "delta"),
        (Listed(delta=0.19999999), "delta"),
        (Listed(volume=50, open_interest=0), None),
        (Listed(volume=49, open_interest=499), "activity"),
        (Listed(volume=49, open_interest=500), None),
        (Listed(volume=NAN, open_interest=NAN), "activity"),
        (Listed(volume=NAN, open_interest=500), None),
    ],
)
def test_a_candidate_at_and_past_each_limit(row: Listed, refusal: str | None) -> None:
    """SC-328."""
    found = search(row)
    assert found.refused == ({} if refusal is None else {refusal: 1})
    assert found.verdict.reason == (None if refusal is None else "no_contract")


def test_puts_are_judged_by_the_size_of_their_delta() -> None:
    put = Listed(588, False, delta=-0.30)
    assert search(put, right=Right.PUT).verdict.passed
    assert search(put).verdict.reason == "no_contract"
    assert search(put, Listed(), right=Right.PUT).best == search(put, right=Right.PUT).best


def test_every_refusal_is_counted() -> None:
    """SC-328."""
    found = search(Listed(600), Listed(601), Listed(591, bid=0), Listed(592, delta=0.6))
    assert found.verdict.value == "strike 2, quote_missing 1, delta 1"
    assert search().verdict.value == "no contract listed"


def test_the_model_is_asked_of_what_is_left_alone() -> None:
    asked: list[int] = []

    def model(chain: OptionChain, price: Decimal) -> ModelColumns:
        asked.append(len(chain))
        return ModelColumns(np.full(len(chain), 0.3), np.full(len(chain), 0.2))

    assert len(a_query(Listed(), Listed(620), Listed(591), model=model).search().found) == 2
    assert asked == [2]


@pytest.mark.parametrize(
    ("delta", "volume", "interest", "spread", "iv", "score"),
    [
        ("0.30", 500, 5000, "0.01", "0.20", "96.0"),
        ("0.35", 1200, 0, "0.02", "0.16", "70.0"),
        ("0.28", 60, 400, "0.05", "0.25", "42.5"),
    ],
)
def test_the_vectors_of_sc_329(delta: str, volume: int, interest: int, spread: str, iv: str, score: str) -> None:
    gap = abs(Decimal(delta) - Decimal("0.30"))
    assert option_score(gap, volume, interest, Decimal(spread), Decimal(iv)) == Decimal(score)


def test_the_parts_of_a_score_never_fall_below_nothing() -> None:
    """SC-329: a wide spread, a volatility far off, one that is not known."""
    assert option_score(Decimal("0.10"), 0, 0, Decimal("0.10"), Decimal("0.60")) == 0
    assert option_score(Decimal("0.10"), 0, 0, Decimal("0.10"), None) == 0
    assert option_score(Decimal("0.10"), 10**6, 0, Decimal("0.10"), None) == 30


def a_candidate(strike: int, delta: str = "0.30", ask: str = "0.62") -> OptionCandidate:
    contract = OptionContract("SPY", "SPY", DAY, Right.CALL, Decimal(strike))
    return OptionCandidate(contract, Decimal(ask) * Decimal("0.98"), Decimal(ask), Decimal(delta), 500, 5000)


def test_ties_go_to_the_delta_the_ask_and_the_symbol() -> None:
    """SC-329."""

    def best(*found: OptionCandidate) -> Decimal:
        chosen = OptionSearch(found).best
        assert chosen is not None
        return chosen.contract.strike

    assert best(a_candidate(591, "0.31"), a_candidate(592)) == 592
    assert best(a_candidate(591, ask="0.64"), a_candidate(592)) == 592
    assert best(a_candidate(592), a_candidate(591)) == 591


def test_the_delta_aimed_at_may_be_another() -> None:
    """SC-459: by session."""
    assert search(Listed(delta=0.45)).best is None
    found = search(Listed(delta=0.45), wanted=Decimal("0.45")).best
    assert found is not None
    assert found.delta_gap == 0


@pytest.mark.parametrize(
    ("ask", "feed", "ticks", "limit"),
    [
        ("0.80", StockFeed.SIP, PENNY, "0.81"),
        ("0.80", StockFeed.IEX, PENNY, "0.83"),
        ("0.20", StockFeed.SIP, PENNY, "0.20"),
        ("0.60", StockFeed.SIP, Ticks(), "0.60"),
        ("3.50", StockFeed.SIP, Ticks(), "3.50"),
        ("5.00", StockFeed.SIP, Ticks(), "5.10"),
    ],
)
def test_the_limit_is_two_percent_above_the_ask_at_most(ask: str, feed: StockFeed, ticks: Ticks, limit: str) -> None:
    """SC-006, SC-330: rounded down, never below the ask."""
    assert entry_limit(Decimal(ask), ticks, feed) == Decimal(limit)


PIN = SizeOccasion(SignalName.OPTIONS_PIN)


@pytest.mark.parametrize(
    ("rules", "equity", "limit", "occasion", "contracts"),
    [
        (OptionSize(), 25_000, "0.82", PIN, 3),
        (OptionSize(), 2_000, "0.81", PIN, 1),
        (OptionSize(allow_min_one=False), 2_000, "0.81", PIN, 0),
        (OptionSize(), 82_000, "0.82", PIN, 10),
        (OptionSize(), 81_999, "0.82", PIN, 9),
        (OptionSize(), 900_000, "0.82", PIN, 10),
        (OptionSize(feed=StockFeed.IEX), 900_000, "0.82", PIN, 9),
        (OptionSize(feed=StockFeed.IEX), 900_000, "0.82", SizeOccasion(SignalName.DARK_POOL_FLOW), 7),
        (OptionSize(feed=StockFeed.IEX), 900_000, "0.82", SizeOccasion(SignalName.LIQUIDITY_VACUUM), 7),
        (OptionSize(feed=StockFeed.IEX), 25_000, "0.82", PIN, 2),
        (OptionSize(capital=Decimal(8_200)), 82_000, "0.82", PIN, 1),
        (OptionSize(capital=Decimal(82_000)), 8_200, "0.82", PIN, 1),
    ],
)
def test_the_vectors_of_sc_331(
    rules: OptionSize, equity: int, limit: str, occasion: SizeOccasion, contracts: int
) -> None:
    assert rules.contracts(Decimal(equity), Decimal(limit), occasion) == contracts


@pytest.mark.parametrize(
    ("occasion", "contracts"),
    [
        (PIN, 8),
        (evolve(PIN, regime=VolatilityRegime.HIGH), 4),
        (evolve(PIN, losses_in_a_row=1), 6),
        (evolve(PIN, losses_in_a_row=2), 4),
        (evolve(PIN, losses_in_a_row=3), 4),
        (evolve(PIN, is_late=True), 6),
        (evolve(PIN, is_late=True, regime=VolatilityRegime.HIGH, losses_in_a_row=2), 1),
    ],
)
def test_the_day_may_lower_the_size(occasion: SizeOccasion, contracts: int) -> None:
    """SC-332."""
    by_day = OptionSize(size_regime=True)
    assert by_day.contracts(Decimal(80_000), Decimal("1.00"), occasion) == contracts
    assert OptionSize().contracts(Decimal(80_000), Decimal("1.00"), occasion) == 8


def test_half_of_the_premium_is_at_risk() -> None:
    """SC-605: at most 6 % of 2,000."""
    assert premium_at_risk(Decimal("0.81"), 1) == Decimal("40.50")
