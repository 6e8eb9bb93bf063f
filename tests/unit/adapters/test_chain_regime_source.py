"""Dealer gamma from a market's chains: the vectors, the expiries, and everything that is not zero. DH-420, DH-907."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from attrs import evolve

from builders_gex import Row, a_chain
from fakes import FakeCalendar, FakeMarket
from gammacore.adapters.chain_exposure import ChainRegimeSource
from gammacore.domain.gex.exposure import measure_exposure
from gammacore.domain.gex.published import published_fields
from gammacore.domain.gex.units import ExposureUnit, GreeksSource, SignModel
from gammacore.domain.instruments import REGISTRY
from gammacore.domain.market import MarketSnapshot
from gammacore.domain.regime.documents import GexCause, GexFigure, GexShape, RegimeDocument, read_gex
from gammacore.domain.regime.documents import UnreadDocument as Unread
from gammacore.errors import InvalidInput, MarketDataError, MissingData
from gammacore.ports.market_data import MarketData

NOW = dt.datetime(2025, 12, 30, 15, 0, tzinfo=dt.UTC)
TODAY, TOMORROW = dt.date(2025, 12, 30), dt.date(2025, 12, 31)
CALENDAR = FakeCalendar(holidays=[dt.date(2026, 1, 1)])


def row(strike: float, right: str, open_interest: float, gamma: float, expiry: dt.date = TODAY, **more: Any) -> Row:
    return Row(strike, right == "call", open_interest, gamma=gamma, expiry=expiry, root="SPY", **more)


VECTORS = (
    row(445, "call", 1000, 0.05), row(450, "call", 5000, 0.08), row(455, "call", 2000, 0.04),
    row(445, "put", 2000, 0.06), row(450, "put", 3000, 0.07), row(455, "put", 1000, 0.03),
)  # fmt: skip


def shown(
    rows: Sequence[Row] = VECTORS, spot: str | None = "450", *, at: dt.datetime = NOW, spot_at: dt.datetime = NOW
) -> FakeMarket:
    chain = a_chain(rows, at, "SPY")
    price = None if spot is None else Decimal(spot)
    return FakeMarket("SPY", [MarketSnapshot(at, "SPY", price, spot_at, chain, None)])


def source(market: MarketData, *, symbol: str = "SPY", greeks: GreeksSource = GreeksSource.FEED) -> ChainRegimeSource:
    return ChainRegimeSource(symbol, REGISTRY["SPY"], lambda _: market, CALENDAR, greeks=greeks)


def fields(answer: object) -> dict[str, Any]:
    assert isinstance(answer, RegimeDocument), answer
    return dict(answer.fields)


def test_the_vectors_of_the_rules() -> None:
    """DH-907: calls 23,850,000, puts -16,200,000: net 7,650,000 per $1, and the document says what it is."""
    document = source(shown()).read(NOW)

    assert fields(document) == {
        "gex_value": Decimal("7650000.00"), "last_update": NOW, "symbol": "SPY", "source": "gammacore",
        "unit": "per-point", "sign": "naive", "scope": "1d", "spot": Decimal(450), "contracts_used": 6,
        "contracts_skipped": 0,
    }  # fmt: skip
    assert isinstance(document, RegimeDocument)
    figure = read_gex(document, GexShape.SPX_GEX, "SPY", NOW)
    assert figure == GexFigure(Decimal("7650000.00"), NOW, "per-point")


def test_today_and_the_next_session_count_and_nothing_later() -> None:
    """DH-420: the session after Wednesday the 31st is Friday the 2nd."""
    later = [row(450, "put", 1, 1, expiry) for expiry in (TOMORROW, dt.date(2026, 1, 2), dt.date(2026, 1, 5))]

    assert fields(source(shown([*VECTORS, *later])).read(NOW))["gex_value"] == 7_650_000 - 45_000
    eve = NOW + dt.timedelta(days=1)
    on_the_eve = fields(source(shown([*VECTORS, *later], at=eve, spot_at=eve)).read(eve))
    assert (on_the_eve["gex_value"], on_the_eve["scope"]) == (-90_000, "2d")


def test_rows_without_gamma_or_open_interest_are_skipped_and_counted() -> None:
    """DH-420."""
    poor = [row(460, "call", 0, 0.05), row(465, "call", 100, float("nan"))]

    document = fields(source(shown([*VECTORS, *poor])).read(NOW))

    assert (document["gex_value"], document["contracts_used"], document["contracts_skipped"]) == (7_650_000, 6, 2)


@pytest.mark.parametrize(
    ("total", "value"), [(0.125, "0.13"), (-0.125, "-0.13"), (0.375, "0.38"), (0.124, "0.12"), (0.0, "0.00")]
)
def test_two_decimals_half_up(total: float, value: str) -> None:
    """DH-420: an exposure that rounds to nothing is known all the same."""
    measured = measure_exposure(
        a_chain(VECTORS, NOW, "SPY"), Decimal(450), greeks=GreeksSource.FEED, unit=ExposureUnit.PER_POINT
    )

    document = published_fields(evolve(measured, call=np.array([total, 0, 0]), put=np.zeros(3)))

    assert str(document["gex_value"]) == value


def test_the_default_greeks_are_our_own() -> None:
    """DH-420: greeks by the default of gex.md, the model's from the row's volatility."""
    rows = [row(450, "call", 10, float("nan"), iv=0.2)]

    assert fields(source(shown(rows), greeks=GreeksSource.MODEL).read(NOW))["contracts_used"] == 1
    assert isinstance(source(shown(rows)).read(NOW), Unread)


def without_chain() -> MarketData:
    return FakeMarket("SPY", [MarketSnapshot(NOW, "SPY", Decimal(450), NOW, None, None)])


OLD = NOW - dt.timedelta(seconds=15.001)


@pytest.mark.parametrize(
    ("market", "cause", "detail"),
    [
        (lambda: shown([]), GexCause.MISSING_FIELD, "no contract counts: none of these expiries"),
        (lambda: shown([row(450, "call", 0, 0.1)]), GexCause.MISSING_FIELD, "no contract counts: zero_oi 1"),
        (lambda: shown(spot=None), GexCause.MISSING_FIELD, "no price of the underlying"),
        (without_chain, GexCause.MISSING, "no chain"),
        (lambda: shown(at=OLD, spot_at=OLD), GexCause.STALE, "quotes are of 14:59:44"),
        (lambda: shown(spot_at=OLD), GexCause.STALE, "quotes"),
    ],
)
def test_what_is_missing_or_old_is_never_zero(market: Callable[[], MarketData], cause: GexCause, detail: str) -> None:
    """DH-420: none plus status."""
    answer = source(market()).read(NOW)

    assert isinstance(answer, Unread)
    assert answer.cause is cause
    assert detail in answer.detail


def test_quotes_of_fifteen_seconds_still_count() -> None:
    edge = NOW - dt.timedelta(seconds=15)

    assert fields(source(shown(at=edge, spot_at=edge)).read(NOW))["last_update"] == edge


def test_a_market_of_another_underlying_has_nothing_to_say() -> None:
    """DH-407."""
    assert source(shown(), symbol="SPX").read(NOW) == Unread(GexCause.WRONG_SYMBOL, "the market is of SPY")


@pytest.mark.parametrize(
    ("fault", "cause"),
    [(MissingData("no such day"), GexCause.MISSING), (MarketDataError("gone"), GexCause.UNREACHABLE)],
)
def test_a_market_that_cannot_be_seen_is_a_status(fault: MarketDataError, cause: GexCause) -> None:
    def market_of(_: dt.date) -> MarketData:
        raise fault

    reader = evolve(source(shown()), market_of=market_of)

    assert reader.read(NOW) == Unread(cause, str(fault))
    assert reader.name == "chain"


def test_only_the_naive_sign_of_something_is_published() -> None:
    """DH-421: readers expect it."""
    inverted = measure_exposure(
        a_chain(VECTORS, NOW, "SPY"), Decimal(450), sign=SignModel.INVERTED, greeks=GreeksSource.FEED
    )
    empty = measure_exposure(a_chain((), NOW, "SPY"), Decimal(450))
    with pytest.raises(InvalidInput, match="naive"):
        published_fields(inverted)
    with pytest.raises(InvalidInput, match="nothing known is not zero"):
        published_fields(empty)
