"""Hedges in options. Section 8, DH-907."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from builders_hedging import instant
from gammacore.domain.hedge_filter.option_translation import (
    HedgeOptionSelector,
    OptionQuote,
    SelectorRefusal,
    leg_of,
    translate,
)
from gammacore.domain.hedging.settings import HedgeWith
from gammacore.domain.instruments import Right, Side, parse_occ


@pytest.mark.parametrize(
    ("shares", "delta", "contracts", "residual", "reason"),
    [
        (250, "-1", 2, 50, None),
        (199, "-1", 1, 99, None),
        (100, "-1", 1, 0, None),
        (99, "-1", 0, 99, "below_one_contract"),
        (250, "-0.50", 5, 0, None),
        (250, "-0.30", 8, 10, None),
        (250, "0", 0, 250, "no_option"),
        (250, "NaN", 0, 250, "no_option"),
        (250, "0.3", 0, 250, "no_option"),
        (250, None, 0, 250, "no_option"),
    ],
)
def test_contracts_are_floored_by_the_options_delta_and_the_rest_stays_in_shares(
    shares: int, delta: str | None, contracts: int, residual: int, reason: str | None
) -> None:
    """DH-802..804."""
    found = translate((Side.BUY, Right.PUT), Side.SELL, shares, None if delta is None else Decimal(delta))
    assert (found.contracts, found.residual, found.reason) == (contracts, residual, reason)


@pytest.mark.parametrize(
    ("hedge_with", "hedge", "leg"),
    [
        (HedgeWith.BUY_PROTECTION, Side.SELL, (Side.BUY, Right.PUT)),
        (HedgeWith.BUY_PROTECTION, Side.BUY, (Side.BUY, Right.CALL)),
        (HedgeWith.SELL_PREMIUM, Side.SELL, (Side.SELL, Right.CALL)),
        (HedgeWith.SELL_PREMIUM, Side.BUY, (Side.SELL, Right.PUT)),
    ],
)
def test_which_option_stands_for_shares(hedge_with: HedgeWith, hedge: Side, leg: tuple[Side, Right]) -> None:
    """DH-801."""
    assert leg_of(hedge_with, hedge) == leg


TODAY = dt.date(2025, 12, 30)
CLOSE = instant("21:00:00")


def row(strike: int, expiry: str = "251230", right: str = "P", bid: str = "1.00", ask: str = "1.10") -> OptionQuote:
    return OptionQuote(parse_occ(f"SPY{expiry}{right}{strike * 1000:08d}"), Decimal(bid), Decimal(ask))


def select(rows: list[OptionQuote], time: str = "18:00:00", underlying: str = "SPY", strike: int | None = None) -> str:
    found = HedgeOptionSelector().select(
        underlying, Decimal(500), Right.PUT, rows, instant(time), CLOSE, today=TODAY,
        strike=None if strike is None else Decimal(strike),
    )  # fmt: skip
    return found.contract.occ if isinstance(found, OptionQuote) else found.value


@pytest.mark.parametrize(
    ("expected", "found"),
    [
        ("UNSUPPORTED_UNDERLYING", lambda: select([row(499)], underlying="SPX")),
        ("TIME_GUARD_NO_NEW_POSITIONS", lambda: select([row(499)], "20:30:00")),
        ("EMPTY_CHAIN", lambda: select([])),
        ("NO_ELIGIBLE_EXPIRY", lambda: select([row(499, "251229")])),
        ("NO_ELIGIBLE_EXPIRY", lambda: select([row(499)], "19:30:00")),
        ("NO_STRIKES_FOR_EXPIRY", lambda: select([row(499, right="C")])),
        ("NO_OTM_STRIKE", lambda: select([row(500), row(501)])),
        ("NO_STRIKE_MATCH", lambda: select([row(499)], strike=498)),
        ("LIQUIDITY_GUARD", lambda: select([row(499, ask="1.11"), row(498)])),
        ("SPY251230P00499000", lambda: select([row(498), row(499), row(490)])),
        ("SPY251230P00499000", lambda: select([row(499)], "19:29:59")),
        ("SPY260102P00499000", lambda: select([row(499), row(499, "260102")], "19:30:00")),
        ("SPY251230P00490000", lambda: select([row(499), row(490)], strike=490)),
    ],
)
def test_the_first_no_of_the_selector_wins(expected: str, found: object) -> None:
    """Section 8: 14:30 and 15:30 count back from the close."""
    assert callable(found)
    assert found() == expected
    assert set(SelectorRefusal) >= {SelectorRefusal.TIME_GUARD}
