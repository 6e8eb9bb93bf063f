"""What monitors and reports are shown: counters, gauges, histogram, beta-weighted total. DH-1004, DH-1007, DH-1008."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from builders_hedging import CALL, Desk, FakeSource, instant, market, update
from gammacore.adapters.metrics_text import exposition
from gammacore.application.watch_regime import GexFeed
from gammacore.domain.hedge_filter.gauges import Histogram, beta_weighted_delta, gauges
from gammacore.domain.hedge_filter.inbound import read_message, with_exact_numbers
from gammacore.domain.hedge_filter.protocol import MarketEvent
from gammacore.domain.hedging.settings import HedgingSettings, check_live, hedging_profile
from gammacore.domain.regime.documents import GexCause, GexShape, RegimeDocument, UnreadDocument
from gammacore.errors import ConfigurationError
from gammacore.wiring.hedging import wire_hedging

GEX = RegimeDocument("market_regime/SPX_GEX", {"gex_value": -15000, "last_update": instant("14:59:00")})


def a_hedged_book(**options: Any) -> Desk:
    desk = Desk(assume_fills=True, feeds=[GexFeed(FakeSource(GEX), GexShape.SPX_GEX)], **options)
    desk(
        market("15:00:00", CALL, delta=0.5, gamma="0.05", theta="-0.1", quantity=10, underlying_price=500),
        market("15:00:10", "SPY", price=499),
    )
    return desk


def test_gauges_show_each_book_and_count_missing_greeks() -> None:
    """DH-1004, DH-1007."""
    desk = a_hedged_book()
    [spy] = gauges(desk.book, desk.settings, desk.stream._regime.last)
    assert (spy.share, spy.net_shares, spy.hedge_shares, spy.positions) == ("SPY", Decimal(0), -500, 1)
    assert (spy.gamma, spy.theta, spy.vega, spy.greeks_missing) == (Decimal(50), Decimal(-100), Decimal(0), 1)
    assert (spy.hedge_pnl_open, spy.threshold, spy.gex_value) == (
        Decimal(500), Decimal("0.10"), Decimal(-15000),
    )  # fmt: skip


def test_the_net_that_is_shown_is_the_net_that_is_decided_on() -> None:
    """Section 0: shares_v2 does not count its hedge shares in the exposure."""
    desk = Desk("shares_v2")
    desk(market("15:00:00", CALL, delta=0.5, quantity=10, underlying_price=500))
    [spy] = gauges(desk.book, desk.settings)
    assert (spy.net_shares, spy.hedge_shares) == (Decimal(500), -500)


WANTED = {
    "events", "intents", "refusals", "gex_reads", "hedge_fees", "hedge_slippage", "net_delta", "net_shares",
    "hedge_shares", "in_flight_shares", "gamma", "theta", "vega", "positions", "gex_value", "threshold",
    "hedge_pnl_realised", "hedge_pnl_open",
}  # fmt: skip


def test_every_metric_is_there_with_its_labels() -> None:
    """DH-1007: the list, word for word; each gauge by book."""
    samples = a_hedged_book().stream.metrics()
    assert {sample.name for sample in samples} >= WANTED
    found = {(sample.name, *sample.labels.values()): sample.value for sample in samples}
    assert found["events", "taken"] == 2
    assert found["intents", "delta_hedge"] == 1
    assert found["refusals", "below_threshold"] == 1
    assert found["gex_reads", "firestore", "known"] == 1
    assert all("book" in sample.labels for sample in samples if sample.kind == "gauge")


def test_a_failed_read_is_counted_under_its_cause() -> None:
    """DH-1007, DH-1103."""
    desk = Desk(feeds=[GexFeed(FakeSource(UnreadDocument(GexCause.UNREACHABLE)), GexShape.SPX_GEX)])
    desk(market("15:00:00", "SPY", price=500), market("15:00:05", "SPY", price=500))
    assert desk.stream._regime.reads == {("firestore", "unreachable"): 2}


def test_fees_and_slippage_are_counted_per_book() -> None:
    """DH-243."""
    desk = Desk()
    [hedge] = desk(market("15:00:00", CALL, delta=0.5, quantity=1, underlying_price=500))
    desk(update("15:00:01", hedge, "filled", filled_qty=50, avg_price="499.99", fees="0.65"))
    found = {sample.name: sample.value for sample in desk.stream.metrics() if sample.kind == "counter"}
    assert (found["hedge_fees"], found["hedge_slippage"]) == (0.65, 0.5)


def test_decision_times_are_counted_by_an_injected_timer_outside_the_domain() -> None:
    """DH-1007: none is given, none is counted."""
    ticks = iter([0.0, 0.00004, 1.0, 1.5])
    wired = wire_hedging(HedgingSettings(), write=lambda _: None, log=lambda _: None)
    stream = wired.stream
    stream._timer = lambda: next(ticks)
    for event in (market("15:00:00", "SPY", price=500), market("15:00:01", "SPY", price=500)):
        message = read_message(with_exact_numbers(event))
        assert isinstance(message, MarketEvent)
        stream.take(message)
    found = {sample.labels.get("le", sample.name): sample.value for sample in stream.decision_time.samples("s")}
    assert (found["2.5e-05"], found["5e-05"], found["0.1"], found["1.0"], found["+Inf"]) == (0, 1, 1, 2, 2)
    assert found["s_count"] == 2
    assert sum(Desk().stream.decision_time.counts) == 0


@pytest.mark.parametrize(("seconds", "bucket"), [(0.1, 0), (0.10001, 1), (1.0, 1), (1.1, 2)])
def test_a_bucket_includes_its_upper_bound(seconds: float, bucket: int) -> None:
    times = Histogram((0.1, 1.0))
    times.observe(seconds)
    assert times.counts.index(1) == bucket


def test_the_text_for_monitors_names_types_and_escapes_labels() -> None:
    text = exposition(a_hedged_book().stream.metrics())
    assert '# TYPE gammacore_hedge_events_total counter\ngammacore_hedge_events_total{outcome="taken"} 2\n' in text
    assert 'gammacore_hedge_net_delta{book="SPY"} 0\n' in text
    assert text.count("# TYPE gammacore_hedge_decision_seconds histogram\n") == 1
    assert 'gammacore_hedge_decision_seconds_bucket{le="+Inf"} 0\n' in text


# -- beta-weighted total -----------------------------------------------------------------------------------------------


def two_books(**betas: str) -> Desk:
    desk = Desk(book_betas={share: Decimal(beta) for share, beta in betas.items()}, max_hedge_shares=1)
    desk(
        market("15:00:00", CALL, delta=0.5, quantity=1, underlying_price=500),
        market("15:00:00", "QQQ251230C00600000", delta=0.5, quantity=1, underlying_price=600),
        market("15:00:01", "SPY", price=500),
        market("15:00:01", "QQQ", price=600),
    )
    return desk


def test_betas_add_one_total_to_reports_and_change_no_hedge() -> None:
    """DH-1008: 49 SPY at 500 and 49 QQQ at 600 × 1.2, for a move of 1 %."""
    desk = two_books(SPY="1", QQQ="1.2")
    totals = [sample.value for sample in desk.stream.metrics() if sample.name == "beta_weighted_delta"]
    assert totals == [49 * 500 / 100 + 49 * 600 * 1.2 / 100]
    quantities = [[intent["qty"] for intent in map(json.loads, each.lines)] for each in (desk, two_books())]
    assert quantities[0] == quantities[1]


@pytest.mark.parametrize("betas", [{}, {"SPY": "1"}])
def test_no_total_where_betas_are_off_or_one_is_missing(betas: dict[str, str]) -> None:
    desk = two_books(**betas)
    assert beta_weighted_delta(gauges(desk.book, desk.settings), desk.settings.book_betas) is None


def test_only_the_standard_profile_may_trade_a_live_account() -> None:
    """DH-003."""
    check_live(hedging_profile("standard"))
    for name in ("source", "shares_v2"):
        with pytest.raises(ConfigurationError, match=name):
            check_live(hedging_profile(name))
