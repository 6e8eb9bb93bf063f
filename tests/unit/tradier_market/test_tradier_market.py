"""A look at Tradier's market: few requests, everything dated, the sandbox recognised, a close that is official."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from builders_tradier_market import DAY, SESSION, TEN, AnsweringTradier, a_quote, an_option, answering, milliseconds
from gammacore.adapters.fake.in_memory import FakeClock
from gammacore.adapters.tradier.client import SANDBOX
from gammacore.adapters.tradier.market import TradierMarket, TradierMarketSettings
from gammacore.domain.gex.units import ALL, TODAY, Scope
from gammacore.domain.instruments import REGISTRY, Right
from gammacore.domain.market import Quote
from gammacore.errors import InvalidInput, MissingData

TOMORROW = DAY + dt.timedelta(days=1)


def market_at(
    now: dt.datetime, vendor: AnsweringTradier, settings: TradierMarketSettings | None = None
) -> TradierMarket:
    return vendor.market(FakeClock(now), settings)


def test_a_look_is_one_request_for_quotes_and_one_for_the_chain() -> None:
    vendor = answering()

    snapshot = market_at(TEN, vendor).snapshot(TEN)

    assert (snapshot.spot, snapshot.spot_at, snapshot.vix) == (Decimal("6000.12"), TEN, Decimal("15.5"))
    assert (snapshot.previous_close, snapshot.quote_age_limit) == (Decimal("5990.5"), 15.0)
    assert vendor.asked == [
        ("markets/quotes", {"symbols": "SPX,VIX", "greeks": "false"}),
        ("markets/options/chains", {"symbol": "SPX", "expiration": "2026-03-03", "greeks": "false"}),
    ]
    quote = snapshot.quote(REGISTRY["SPX"].contract(DAY, Right.CALL, Decimal(6000)))
    assert quote is not None
    assert (quote.bid, quote.ask) == (Decimal("1.1"), Decimal("1.25"))


@pytest.mark.parametrize(
    ("expiries", "shown"),
    [
        (TODAY, ["2026-03-03"]),
        (Scope(1), ["2026-03-03", "2026-03-04"]),
        (Scope(2), ["2026-03-03", "2026-03-04"]),
        (Scope(3), ["2026-03-03", "2026-03-04", "2026-03-06"]),
        (ALL, ["2026-03-03", "2026-03-04", "2026-03-06", "2026-06-19"]),
    ],
)
def test_the_expiries_of_the_scope_are_looked_up_once_and_shown(expiries: Scope, shown: list[str]) -> None:
    """A date that two kinds of contract share is asked for once; one of yesterday never."""
    vendor = answering()
    vendor.bodies["markets/options/expirations"] = {
        "expirations": {"expiration": [
            {"date": day, "expiration_type": kind}
            for day in ("2026-06-19", "2026-03-06", "2026-03-03", "2026-03-04", "2026-03-02")
            for kind in ("weeklys", "standard")
        ]}
    }  # fmt: skip
    market = market_at(TEN, vendor, TradierMarketSettings(expiries=expiries))

    market.snapshot(TEN)
    market.snapshot(TEN)

    chains = [asked["expiration"] for path, asked in vendor.asked if path == "markets/options/chains"]
    assert chains == shown * 2
    asked_for = [asked for path, asked in vendor.asked if path == "markets/options/expirations"]
    assert [asked["includeAllRoots"] for asked in asked_for] == ([] if expiries == TODAY else ["true"])


def test_quotes_from_a_quarter_of_an_hour_ago_are_shown_as_that_old() -> None:
    """CS-014: the loop sees that they are stale; nothing here makes them younger."""
    then = TEN - dt.timedelta(minutes=15)

    snapshot = market_at(TEN, answering(then)).snapshot(TEN)

    assert snapshot.spot_at == then
    assert not snapshot.fresh(snapshot.spot_at)
    assert snapshot.chain is not None
    assert not snapshot.fresh(snapshot.chain.as_of)
    assert snapshot.quote(REGISTRY["SPX"].contract(DAY, Right.CALL, Decimal(6000))) is None
    assert snapshot.vix is None


@pytest.mark.parametrize(("age", "known"), [(300, True), (300.001, False)])
def test_a_vix_older_than_five_minutes_is_not_known(age: float, known: bool) -> None:
    vendor, then = answering(), TEN - dt.timedelta(seconds=age)
    vendor.bodies["markets/quotes"] = {"quotes": {"quote": [a_quote("VIX", 15.5, then)]}}

    assert (market_at(TEN, vendor).snapshot(TEN).vix is not None) is known


def test_what_is_not_quoted_is_not_known() -> None:
    vendor = answering()
    vendor.bodies["markets/quotes"] = {"quotes": {"unmatched_symbols": {"symbol": ["SPX", "VIX"]}}}
    vendor.bodies["markets/options/chains"] = {"options": None}

    snapshot = market_at(TEN, vendor).snapshot(TEN)

    assert [snapshot.spot, snapshot.spot_at, snapshot.vix, snapshot.previous_close, snapshot.chain] == [None] * 5


@pytest.mark.parametrize("path", ["markets/quotes", "markets/options/chains"])
@pytest.mark.parametrize("body", [None, {"fish": 1}, {"quotes": 1, "options": 1}])
def test_an_answer_that_is_none_is_missing_data_and_no_quiet_market(path: str, body: object) -> None:
    vendor = answering()
    if body is None:
        del vendor.bodies[path]
    else:
        vendor.bodies[path] = body

    with pytest.raises(MissingData):
        market_at(TEN, vendor).snapshot(TEN)


def test_the_sandbox_is_recognised_and_says_so() -> None:
    """CS-418."""
    live, late = answering().market(FakeClock(TEN)), answering().market(FakeClock(TEN), hosts=SANDBOX)

    assert (live.is_delayed, live.label, live.fingerprint()) == (False, "tradier live", "")
    assert (late.is_delayed, late.label) == (True, "tradier sandbox, 15 minutes delayed")


@pytest.mark.parametrize(
    ("after", "then"),
    [
        (SESSION.after_open(-30), SESSION.open),
        (SESSION.open, SESSION.open + dt.timedelta(seconds=3)),
        (SESSION.open + dt.timedelta(seconds=4.5), SESSION.open + dt.timedelta(seconds=6)),
        (SESSION.close - dt.timedelta(seconds=2), SESSION.close),
        (SESSION.close, SESSION.close + dt.timedelta(seconds=3)),
    ],
)
def test_looks_are_steps_from_the_open_and_the_close_is_one(after: dt.datetime, then: dt.datetime) -> None:
    """CS-501."""
    assert answering().market(FakeClock(TEN)).next_at(after) == then


def a_day(date: dt.date, close: float) -> dict[str, object]:
    return {"date": date.isoformat(), "open": close, "high": close, "low": close, "close": close}


def test_there_is_no_close_before_the_session_is_over_and_settled_down() -> None:
    """CS-528: never a guess, not even of the last print."""
    vendor = answering()
    vendor.bodies["markets/quotes"] = {"quotes": {"quote": a_quote("SPX", 6001, TEN, close=6001)}}
    vendor.bodies["markets/history"] = {"history": {"day": a_day(DAY, 6001)}}
    early = SESSION.close + dt.timedelta(minutes=15) - dt.timedelta(seconds=1)

    assert market_at(SESSION.close, vendor).settlement("SPX", DAY) is None
    assert market_at(early, vendor).settlement("SPX", DAY) is None
    assert vendor.asked == []
    settled = market_at(early + dt.timedelta(seconds=1), vendor).settlement("SPX", DAY)
    assert settled is not None
    assert (settled.price, settled.estimated) == (Decimal(6001), False)


def test_todays_close_is_the_quotes_or_the_rows_whichever_is_there() -> None:
    later = SESSION.close + dt.timedelta(minutes=20)
    quoted, dated, none = answering(), answering(), answering()
    quoted.bodies["markets/quotes"] = {"quotes": {"quote": a_quote("SPX", 6003, later, close=6002.5)}}
    dated.bodies["markets/history"] = {"history": {"day": a_day(DAY, 6002.5)}}
    none.bodies["markets/history"] = {"history": None}

    for vendor in (quoted, dated):
        settled = market_at(later, vendor).settlement("SPX", DAY)
        assert settled is not None
        assert (settled.price, settled.estimated) == (Decimal("6002.5"), False)
        assert settled.source
    assert market_at(later, none).settlement("SPX", DAY) is None


def test_a_quote_of_yesterday_is_not_todays_close() -> None:
    later, vendor = SESSION.close + dt.timedelta(minutes=20), answering()
    yesterday = later - dt.timedelta(days=1)
    vendor.bodies["markets/quotes"] = {"quotes": {"quote": a_quote("SPX", 5990, yesterday, close=5990)}}
    vendor.bodies["markets/history"] = {"history": {"day": a_day(DAY - dt.timedelta(days=1), 5990)}}

    assert market_at(later, vendor).settlement("SPX", DAY) is None


def test_an_earlier_day_settles_by_its_row_and_a_later_one_by_nothing() -> None:
    vendor, friday = answering(), dt.date(2026, 2, 27)
    vendor.bodies["markets/history"] = {"history": {"day": [a_day(friday, 5950)]}}
    market = market_at(TEN, vendor)

    settled = market.settlement("SPX", friday)

    assert settled is not None
    assert settled.price == 5950
    assert market.settlement("SPX", TOMORROW) is None
    assert market.settlement("NDX", friday) is None
    assert vendor.paths() == ["markets/history"]


def test_bars_of_other_lengths_are_built_of_minutes_and_odd_ones_are_none() -> None:
    vendor = answering()
    rows = [
        {"timestamp": int((SESSION.open + dt.timedelta(minutes=minute)).timestamp()), **a_day(DAY, 100 + minute)}
        for minute in range(31)
    ]
    vendor.bodies["markets/timesales"] = {"series": {"data": rows}}
    market = market_at(TEN, vendor)

    assert [bar.close for bar in market.bars("SPX", 600, SESSION.open, TEN)] == [109, 119, 129]
    assert len(market.bars("SPX", 60, SESSION.open, TEN)) == 30
    assert market.bars("SPX", 45, SESSION.open, TEN) == ()
    assert [asked["interval"] for _, asked in vendor.asked] == ["1min"]
    with pytest.raises(InvalidInput):
        market.bars("SPX", 0, SESSION.open, TEN)


def test_daily_bars_end_with_yesterday() -> None:
    """CS-358: a close counts from the next session on."""
    vendor = answering()
    vendor.bodies["markets/history"] = {
        "history": {"day": [a_day(dt.date(2026, 2, 27), 1), a_day(dt.date(2026, 3, 2), 2), a_day(DAY, 3)]}
    }
    market = market_at(TEN, vendor)

    bars = [market.bars("SPY", 86_400, SESSION.open - dt.timedelta(days=45), SESSION.open) for _ in range(2)]

    assert [bar.close for bar in bars[0]] == [1, 2]
    assert bars[0] == bars[1]
    assert vendor.asked == [
        ("markets/history", {"symbol": "SPY", "interval": "daily", "start": "2026-01-17", "end": "2026-03-03"})
    ]


def test_bars_nobody_answers_for_are_missing_data() -> None:
    with pytest.raises(MissingData):
        market_at(TEN, answering()).bars("SPX", 60, SESSION.open, TEN)


def test_a_share_that_carries_a_quote_of_its_own_is_dated_by_it() -> None:
    vendor = answering()
    fresh = milliseconds(TEN)
    share = {**a_quote("SPX", 600, TEN - dt.timedelta(minutes=2)), "bid": 599.9, "bid_date": fresh}
    vendor.bodies["markets/quotes"] = {"quotes": {"quote": share}}
    vendor.bodies["markets/options/chains"] = {"options": {"option": an_option()}}

    snapshot = market_at(TEN, vendor).snapshot(TEN)

    assert (snapshot.spot, snapshot.spot_at) == (Decimal("599.9"), TEN)


def test_a_look_shows_when_vix_was_seen_and_the_volume_of_each_option() -> None:
    vendor, then = answering(), TEN - dt.timedelta(seconds=40)
    vendor.bodies["markets/quotes"] = {"quotes": {"quote": [a_quote("VIX", 15.5, then)]}}
    vendor.bodies["markets/options/chains"] = {"options": {"option": [an_option(volume=77), an_option(right="P")]}}

    snapshot = market_at(TEN, vendor).snapshot(TEN)

    assert (snapshot.vix_at, snapshot.share) == (then, None)  # an index is not quoted
    assert snapshot.chain is not None
    assert [str(volume) for volume in snapshot.chain.volume.tolist()] == ["77.0", "nan"]


def test_a_look_at_a_share_shows_its_quote() -> None:
    vendor = answering()
    sides = {"bid": 589.99, "ask": 590.01, "bid_date": milliseconds(TEN), "ask_date": milliseconds(TEN)}
    vendor.bodies["markets/quotes"] = {"quotes": {"quote": [a_quote("SPY", 590, TEN, **sides)]}}
    clock = FakeClock(TEN)
    market = TradierMarket(vendor.client(clock), REGISTRY["SPY"], SESSION, clock)

    assert market.snapshot(TEN).share == Quote(Decimal("589.99"), Decimal("590.01"), TEN)
