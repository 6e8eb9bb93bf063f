"""Every index's roots belong to it, each with its own settlement; a root with a digit behind it is an adjusted one."""

from __future__ import annotations

import datetime as dt

import pytest

from builders_gex import Row, a_chain
from gammacore.adapters.alpaca.listed_options import chain_of as alpaca_chain
from gammacore.adapters.alpaca.listed_options import read_listings, read_quotes
from gammacore.adapters.tradier.listed_options import chain_of as tradier_chain
from gammacore.adapters.tradier.listed_options import read_options
from gammacore.domain.gex.contracts import live_contracts
from gammacore.domain.gex.units import ALL, regular_settlement
from gammacore.domain.instruments import (
    INDEX_ROOTS,
    REGISTRY,
    UNDERLYING_OF_ROOT,
    Exercise,
    Settlement,
    SettlementTime,
    is_adjusted,
    settlement_time,
)

AM, PM = SettlementTime.AM, SettlementTime.PM
DAY = dt.date(2026, 3, 3)
TEN = dt.datetime(2026, 3, 3, 15, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("underlying", "roots"),
    [
        ("SPX", {"SPX": AM, "SPXW": PM}),
        ("NDX", {"NDX": AM, "NDXP": PM}),
        ("RUT", {"RUT": AM, "RUTW": PM}),
        ("XSP", {"XSP": PM}),
        ("DJX", {"DJX": AM, "DJXW": PM}),
        ("OEX", {"OEX": PM}),
        ("XEO", {"XEO": PM}),
        ("VIX", {"VIX": AM, "VIXW": AM}),
    ],
)
def test_an_index_s_roots_belong_to_it_with_their_own_settlement(
    underlying: str, roots: dict[str, SettlementTime]
) -> None:
    for root, time in roots.items():
        assert (UNDERLYING_OF_ROOT[root], settlement_time(root)) == (underlying, time)
        assert INDEX_ROOTS[root].settlement is Settlement.CASH
        american = INDEX_ROOTS[root].exercise is Exercise.AMERICAN
        assert american == (root == "OEX")


def test_the_registry_and_the_table_of_roots_agree() -> None:
    for underlying in REGISTRY.values():
        if underlying.cash_settled:
            known = INDEX_ROOTS[underlying.option_root]
            assert (known.underlying, known.exercise) == (underlying.symbol, underlying.exercise)
            assert known.time is PM


def test_contracts_of_an_index_that_settle_at_the_open_are_over_then() -> None:
    """VIXW expires on a Wednesday's opening print; SPXW lives on to the close of the same date."""
    rows = [Row(20, True, iv=0.9, root="VIXW"), Row(20, True, iv=0.9, root="SPXW")]

    live = live_contracts(a_chain(rows), ALL, regular_settlement)

    assert live.skipped == {"expired": 1}
    assert [live.chain.roots[code] for code in live.chain.root[live.rows]] == ["SPXW"]


@pytest.mark.parametrize(
    ("root", "genuine", "adjusted"),
    [
        ("AMD1", (), True), ("SPY7", (), True), ("GOOG2", (), True), ("BRKB1", (), True), ("AMD12", (), True),
        ("AMD", (), False), ("SPXW", (), False), ("SPY7", ("SPY", "SPY7"), False), ("", (), False),
    ],
)  # fmt: skip
def test_a_root_that_ends_in_a_digit_is_adjusted_unless_it_is_configured(
    root: str, genuine: tuple[str, ...], adjusted: bool
) -> None:
    assert is_adjusted(root, *genuine) is adjusted


def _tradier(root: str) -> dict[str, object]:
    stamp = int(TEN.timestamp() * 1000)
    return {
        "symbol": f"{root}260303C00180000", "root_symbol": root, "strike": 180.0, "expiration_date": "2026-03-03",
        "option_type": "call", "bid": 1.0, "ask": 1.1, "bid_date": stamp, "ask_date": stamp, "open_interest": 10,
        "contract_size": 100,
    }  # fmt: skip


@pytest.mark.parametrize(("option_root", "kept"), [("AMD", ("AMD",)), ("AMD1", ("AMD", "AMD1"))])
def test_tradier_rows_of_an_adjusted_root_stay_out_though_their_size_is_100(
    option_root: str, kept: tuple[str, ...]
) -> None:
    rows, _ = read_options({"options": {"option": [_tradier("AMD"), _tradier("AMD1")]}})

    chain = tradier_chain("AMD", rows, TEN, tolerance=dt.timedelta(seconds=5), option_root=option_root)

    assert chain is not None
    assert (chain.roots, chain.defects) == (kept, {} if len(kept) == 2 else {"adjusted": 1})


def _equity(amount: str = "100", symbol: str = "AMD") -> dict[str, str]:
    return {"type": "equity", "symbol": symbol, "amount": amount}


@pytest.mark.parametrize(
    ("root", "deliverables", "adjusted"),
    [
        ("AMD", None, False),
        ("AMD", [], False),
        ("AMD", [_equity()], False),
        ("AMD", [_equity("172")], True),
        ("AMD", [_equity(symbol="XLNX")], True),
        ("AMD", [_equity("12"), {"type": "cash", "symbol": "USD", "amount": "310.5"}], True),
        ("AMD", [{"type": "cash", "symbol": "USD", "amount": "100"}], True),
        ("AMD1", None, True),
        ("AMD1", [_equity()], True),
    ],
)
def test_alpaca_listings_that_deliver_something_else_stay_out_though_their_size_is_100(
    root: str, deliverables: list[dict[str, str]] | None, adjusted: bool
) -> None:
    symbols = ["AMD260303P00170000", f"{root}260303C00180000"]
    listed = [{"symbol": symbols[0], "open_interest": "5", "size": "100", "underlying_symbol": "AMD"}]
    listed.append(listed[0] | {"symbol": symbols[1]})
    odd = listed[1] | ({} if deliverables is None else {"deliverables": deliverables})
    quote = {"latestQuote": {"bp": 1.0, "ap": 1.1, "t": TEN.isoformat()}}

    chain = alpaca_chain(
        "AMD",
        read_listings([{"option_contracts": [listed[0], odd]}]),
        read_quotes([{"snapshots": dict.fromkeys(symbols, quote)}]),
        TEN,
        expiry=DAY,
        tolerance=dt.timedelta(seconds=5),
    )

    assert chain is not None
    assert (len(chain), chain.defects) == ((1, {"adjusted": 1}) if adjusted else (2, {}))
