"""One ETF's market at Alpaca: what is asked, what is shown, what is not served."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from builders import DAY, at
from builders_alpaca import Answer, Wire, answering
from builders_exchange import put
from gammacore.adapters.alpaca.market import FREE_PLAN, FULL_PLAN, AlpacaMarket, AlpacaMarketSettings, Feeds
from gammacore.domain.gex.units import Scope
from gammacore.domain.instruments import REGISTRY
from gammacore.domain.market import Quote
from gammacore.domain.sessions import TradingSession, new_york
from gammacore.errors import ConfigurationError, InvalidInput, MissingData

pytestmark = pytest.mark.filterwarnings("ignore:websockets.legacy is deprecated:DeprecationWarning")

SESSION = TradingSession.of(DAY)
HIGH, LOW = put(688, "SPY").occ, put(687, "SPY").occ


def market_over(wire: Wire, feeds: Feeds = FULL_PLAN, **more: Any) -> AlpacaMarket:
    return AlpacaMarket(wire.clients, REGISTRY["SPY"], SESSION, wire.clock, feeds, **more)


def quote(bid: float, ask: float, seen: dt.datetime) -> dict[str, Any]:
    return {"bp": bid, "ap": ask, "t": seen.isoformat()}


def bar(start: dt.datetime, close: float = 690.0) -> dict[str, Any]:
    return {"t": start.isoformat(), "o": close, "h": close + 1, "l": close - 1, "c": close}


def share(bid: float = 689.99, ask: float = 690.01, seen: dt.datetime | None = None, **more: Any) -> dict[str, Any]:
    seen = seen or at("10:00")
    yesterday, before = new_york(DAY, dt.time()) - dt.timedelta(days=3), new_york(DAY, dt.time()) - dt.timedelta(days=4)
    snapshot = {
        "latestQuote": quote(bid, ask, seen),
        "latestTrade": {"p": 690.5, "t": (seen - dt.timedelta(seconds=1)).isoformat()},
        "dailyBar": bar(yesterday, 687.5),
        "prevDailyBar": bar(before, 685.5),
    }
    return {"SPY": snapshot | more}


def contracts(*rows: tuple[str, str | None, str]) -> dict[str, Any]:
    listed = [{"symbol": symbol, "open_interest": interest, "size": size} for symbol, interest, size in rows]
    return {"option_contracts": listed, "next_page_token": None}


def options(**quotes: dict[str, Any] | None) -> dict[str, Any]:
    greeks = {"delta": 0.5, "gamma": 9.9, "rho": 0, "theta": 0, "vega": 0}
    snapshots = {
        symbol: {"greeks": greeks, "impliedVolatility": 9.9} | ({} if answering is None else {"latestQuote": answering})
        for symbol, answering in quotes.items()
    }
    return {"snapshots": snapshots, "next_page_token": None}


LISTED = contracts((HIGH, "1200", "100"), (LOW, None, "100"))
QUOTED = options(**{HIGH: quote(0.5, 0.52, at("10:00")), LOW: None})


def test_a_look_shows_the_share_and_the_options_of_the_day(wire: Wire) -> None:
    wire.script.tell(share(), LISTED, QUOTED)

    snapshot = market_over(wire).snapshot(at("10:00"))

    assert (snapshot.spot, snapshot.spot_at, snapshot.previous_close) == (Decimal("690"), at("10:00"), Decimal("687.5"))
    assert snapshot.vix is None
    chain = snapshot.chain
    assert chain is not None
    high, low = chain.row(put(688, "SPY")), chain.row(put(687, "SPY"))
    assert high is not None
    assert low is not None
    assert (float(chain.bid[high]), float(chain.ask[high]), float(chain.open_interest[high])) == (0.5, 0.52, 1200.0)
    assert np.isnan(chain.bid[low])
    assert np.isnan(chain.iv).all()  # the vendor's own is never looked at
    assert np.isnan(chain.gamma).all()
    assert chain.defects == {"missing": 1, "no_open_interest": 1}
    assert chain.as_of == at("10:00")


def test_what_is_asked_names_feed_and_expiry_and_open_interest_is_asked_once(wire: Wire) -> None:
    wire.script.tell(share(), LISTED, QUOTED, share(), QUOTED)
    market = market_over(wire, FREE_PLAN)
    market.snapshot(at("10:00"))
    market.snapshot(at("10:01"))

    stocks, listed, chain, *again = wire.script.asked
    assert (stocks.path, stocks.query) == ("/v2/stocks/snapshots", {"symbols": "SPY", "feed": "iex"})
    assert (listed.path, listed.query["underlying_symbols"], listed.query["expiration_date"]) == (
        "/v2/options/contracts", "SPY", DAY.isoformat(),
    )  # fmt: skip
    assert chain.path == "/v1beta1/options/snapshots/SPY"
    assert (chain.query["feed"], chain.query["expiration_date"]) == ("indicative", DAY.isoformat())
    assert [asked.path for asked in again] == [stocks.path, chain.path]


def test_more_expiries_are_asked_for_by_both_ends_and_shown(wire: Wire) -> None:
    """Without the later end Alpaca lists to the end of the week only."""
    tomorrow = DAY + dt.timedelta(days=1)
    later = HIGH.replace(f"{DAY:%y%m%d}", f"{tomorrow:%y%m%d}")
    listed = contracts((HIGH, "1200", "100"), (later, "700", "100"))
    wire.script.tell(share(), listed, options(**{HIGH: quote(0.5, 0.52, at("10:00")), later: quote(1, 1, at("10:00"))}))

    chain = market_over(wire, settings=AlpacaMarketSettings(expiries=Scope(1))).snapshot(at("10:00")).chain

    assert chain is not None
    assert chain.open_interest.tolist() == [1200.0, 700.0]
    asked = [{name: text for name, text in each.query.items() if "date" in name} for each in wire.script.asked[1:]]
    ends = {"expiration_date_gte": DAY.isoformat(), "expiration_date_lte": tomorrow.isoformat()}
    assert asked == [ends, ends]


def test_a_chain_of_several_pages_is_read_to_its_end_and_an_endless_one_refused(wire: Wire) -> None:
    first = options(**{HIGH: quote(0.5, 0.52, at("10:00"))}) | {"next_page_token": "two"}
    wire.script.tell(share(), LISTED, first, options(**{LOW: quote(0.24, 0.25, at("10:00"))}))
    chain = market_over(wire).snapshot(at("10:00")).chain
    assert chain is not None
    assert not np.isnan(chain.bid).any()
    assert wire.script.asked[-1].query["page_token"] == "two"

    wire.script.tell(share(), LISTED, first)
    with pytest.raises(MissingData, match="repeat"):
        market_over(wire).snapshot(at("10:00"))


def test_adjusted_and_foreign_contracts_stay_out_and_are_counted(wire: Wire) -> None:
    wire.script.tell(
        share(),
        contracts((HIGH, "5", "100"), ("SPY1260105P00688000", "5", "100"), (LOW, "5", "10"), ("nonsense", "5", "100")),
        options(**{HIGH: quote(0.5, 0.52, at("10:00")), "SPY260106P00688000": quote(1, 2, at("10:00"))}),
    )
    chain = market_over(wire).snapshot(at("10:00")).chain
    assert chain is not None
    assert chain.defects["adjusted"] == 2
    assert chain.roots == ("SPY",)
    assert chain.defects["unreadable"] == 1
    assert chain.defects["contradictory"] == 1


def test_the_price_is_the_middle_of_a_fresh_narrow_quote_else_the_newest_there_is(wire: Wire) -> None:
    """Rule: CS-353."""
    now = at("10:00")
    for shown_share, price, seen in (
        (share(), "690", now),
        (share(600, 780), "690.5", now - dt.timedelta(seconds=1)),  # on one exchange alone, nobody is there
        (share(0, 690.01), "690.5", now - dt.timedelta(seconds=1)),
        (share(690.01, 689.99), "690.5", now - dt.timedelta(seconds=1)),
        (share(seen=now - dt.timedelta(seconds=60)), "690", now - dt.timedelta(seconds=60)),
        (share(seen=now + dt.timedelta(seconds=2)), "690", now),  # a clock a little ahead
    ):
        wire.script.tell(shown_share, LISTED, QUOTED)
        snapshot = market_over(wire).snapshot(now)
        assert (snapshot.spot, snapshot.spot_at) == (Decimal(price), seen)


def test_nothing_usable_is_no_price(wire: Wire) -> None:
    wire.script.tell({"SPY": {}}, LISTED, QUOTED)
    snapshot = market_over(wire).snapshot(at("10:00"))
    assert (snapshot.spot, snapshot.spot_at, snapshot.previous_close) == (None, None, None)


def test_the_close_before_today_is_yesterdays_even_before_the_first_trade(wire: Wire) -> None:
    """Before it the daily bar still is yesterday's; afterwards it is today's and the one before it counts."""
    today = bar(new_york(DAY, dt.time()), 691)
    wire.script.tell(share(dailyBar=today), LISTED, QUOTED)
    assert market_over(wire).snapshot(at("10:00")).previous_close == Decimal("685.5")


@pytest.mark.parametrize("symbol", ["SPX", "NDX", "XSP", "RUT"])
def test_an_index_is_refused_with_what_is_served(wire: Wire, symbol: str) -> None:
    with pytest.raises(ConfigurationError, match=r"IWM, QQQ, SPY"):
        AlpacaMarket(wire.clients, REGISTRY[symbol], SESSION, wire.clock)


@pytest.mark.parametrize(
    ("feeds", "late", "words"),
    [
        (FREE_PLAN, True, "IEX shares, indicative options, 15 minutes delayed"),
        (FULL_PLAN, False, "SIP shares, OPRA options"),
        (Feeds("iex", "opra"), False, "IEX shares, OPRA options"),
        (Feeds("delayed_sip", "opra"), True, "DELAYED_SIP shares, OPRA options"),
    ],
)
def test_the_plan_says_whether_quotes_are_late_and_the_label_says_the_plan(
    wire: Wire, feeds: Feeds, late: bool, words: str
) -> None:
    """Rule: CS-418."""
    market = market_over(wire, feeds)
    assert (market.is_delayed, market.label) == (late, f"alpaca paper, {words}")


def test_vix_is_what_its_source_says_and_else_unknown(wire: Wire) -> None:
    wire.script.tell(share(), LISTED, QUOTED)
    assert market_over(wire, vix=lambda _now: Decimal("15.2")).snapshot(at("10:00")).vix == Decimal("15.2")
    assert market_over(wire).bars("VIX", 300, at("09:30"), at("10:00")) == ()


@pytest.mark.parametrize(
    "answer", [Answer(503), Answer(fault="hang_up"), Answer(body="{"), answering([]), answering(None)]
)
def test_a_market_that_cannot_be_read_is_missing(wire: Wire, answer: Answer) -> None:
    wire.script.tell(answer)
    for ask in (
        lambda: market_over(wire).snapshot(at("10:00")),
        lambda: market_over(wire).bars("SPY", 60, at("09:30"), at("09:40")),
        lambda: market_over(wire).settlement("SPY", DAY - dt.timedelta(days=3)),
    ):
        with pytest.raises(MissingData):
            ask()


@pytest.mark.parametrize(
    "words", ["subscription does not permit querying recent SIP data", "OPRA agreement is not signed"]
)
def test_data_the_plan_does_not_pay_for_names_the_setting(wire: Wire, words: str) -> None:
    wire.script.tell(answering({"message": words}, 403))
    market = market_over(wire)

    with pytest.raises(MissingData, match=r"check market\.alpaca_full_plan") as refusal:
        market.snapshot(at("10:00"))

    assert words in str(refusal.value)


def test_bars_are_whole_of_the_regular_hours_and_asked_once(wire: Wire) -> None:
    wire.script.tell({"bars": {"SPY": [bar(at("09:25")), bar(at("09:30")), bar(at("09:55")), bar(at("10:00"))]}})
    market = market_over(wire)

    for _ in range(3):
        bars = market.bars("SPY", 300, at("09:00"), at("12:00"))
        assert [found.start for found in bars] == [at("09:30"), at("09:55")]  # 10:00 is now: that bar still grows
    assert len(wire.script.asked) == 1
    query = wire.script.asked[0].query
    assert (query["timeframe"], query["feed"], query["symbols"]) == ("5Min", "sip", "SPY")


def test_a_late_bar_is_asked_for_again_after_some_seconds(wire: Wire) -> None:
    wire.script.tell({"bars": {"SPY": [bar(at("09:54"))]}}, {"bars": {"SPY": [bar(at("09:54")), bar(at("09:59"))]}})
    market = market_over(wire)

    assert len(market.bars("SPY", 60, at("09:50"), at("10:00"))) == 1
    wire.clock.advance(9)
    assert len(market.bars("SPY", 60, at("09:50"), at("10:00"))) == 1
    wire.clock.advance(1)
    assert len(market.bars("SPY", 60, at("09:50"), at("10:00"))) == 2


def test_daily_bars_are_of_completed_dates_and_of_all_exchanges_on_every_plan(wire: Wire) -> None:
    midnight = new_york(DAY, dt.time())
    wire.script.tell({"bars": {"SPY": [bar(midnight - dt.timedelta(days=3)), bar(midnight)]}})

    bars = market_over(wire, FREE_PLAN).bars("SPY", 86_400, midnight - dt.timedelta(days=10), at("10:00"))

    assert [found.start for found in bars] == [midnight - dt.timedelta(days=3)]
    query = wire.script.asked[0].query
    assert (query["timeframe"], query["feed"]) == ("1Day", "sip")
    assert query["end"] == midnight.replace(tzinfo=None).isoformat() + "+00:00"


def test_lengths_and_symbols_alpaca_has_no_bars_of_are_empty_without_a_question(wire: Wire) -> None:
    market = market_over(wire)
    for symbol, seconds in (("SPX", 60), ("VIX", 300), ("SPY", 90), ("SPY", 7200)):
        assert list(market.bars(symbol, seconds, at("09:30"), at("10:00"))) == []
    assert wire.script.asked == []
    with pytest.raises(InvalidInput):
        market.bars("SPY", 0, at("09:30"), at("10:00"))


def test_settlement_is_the_consolidated_close_once_it_is_out(wire: Wire) -> None:
    """Rule: CS-528."""
    wire.script.tell({"bars": {"SPY": [bar(new_york(DAY, dt.time()), 691.25)]}})
    market = market_over(wire)

    wire.clock.set(SESSION.close + dt.timedelta(minutes=19))
    assert market.settlement("SPY", DAY) is None
    wire.clock.set(SESSION.close + dt.timedelta(minutes=20))
    settled = market.settlement("SPY", DAY)
    assert settled is not None
    assert (settled.price, settled.estimated) == (Decimal("691.25"), False)
    assert market.settlement("SPY", DAY + dt.timedelta(days=1)) is None
    assert market.settlement("SPX", DAY) is None
    assert market.settlement("SPY", dt.date(1990, 1, 2)) is None


def test_the_next_look_is_on_the_grid_of_the_open_and_meets_the_close(wire: Wire) -> None:
    market = market_over(wire)
    assert market.next_at(at("08:00")) == SESSION.open
    assert market.next_at(SESSION.open) == SESSION.open + dt.timedelta(seconds=3)
    assert market.next_at(SESSION.close - dt.timedelta(seconds=1)) == SESSION.close
    assert market.next_at(SESSION.close) == SESSION.close + dt.timedelta(seconds=3)
    assert market.fingerprint() == ""


def test_importing_the_adapter_loads_neither_alpaca_py_nor_pandas() -> None:
    loaded = (
        "import sys, gammacore.adapters.alpaca; print({'alpaca', 'pandas', 'websockets', 'pydantic'} & {*sys.modules})"
    )
    answer = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "set()"


@pytest.mark.parametrize(
    ("bid", "ask", "defect"), [(689.99, 690.01, None), (680, 700, None), (690.02, 690.01, "crossed")]
)
def test_the_shares_quote_is_shown_however_wide_and_a_crossed_one_says_so(
    wire: Wire, bid: float, ask: float, defect: str | None
) -> None:
    """SC-431 judges the width; the price falls back on the trade."""
    wire.script.tell(share(bid, ask), LISTED, QUOTED)

    seen = market_over(wire).snapshot(at("10:00"))

    shown = None if defect else Quote(Decimal(str(bid)), Decimal(str(ask)), at("10:00"))
    assert (seen.share, seen.share_defect) == (shown, defect)


@pytest.mark.parametrize(("traded", "volume"), [(at("09:45"), "120.0"), (at("09:45") - dt.timedelta(days=1), "0.0")])
def test_an_options_volume_is_todays(wire: Wire, traded: dt.datetime, volume: str) -> None:
    today = {"dailyBar": {**bar(traded, 0.5), "v": 120}}
    body = options(**{HIGH: quote(0.5, 0.52, at("10:00")), LOW: quote(0.1, 0.2, at("10:00"))})
    body["snapshots"][HIGH] |= today
    wire.script.tell(share(), LISTED, body)

    chain = market_over(wire).snapshot(at("10:00")).chain

    assert chain is not None
    high, low = chain.row(put(688, "SPY")), chain.row(put(687, "SPY"))
    assert [str(chain.volume[high]), str(chain.volume[low])] == [volume, "nan"]


def test_bars_carry_the_shares_traded(wire: Wire) -> None:
    """SC-009: a bar without the field has its volume missing."""
    rows = [{**bar(at("09:30")), "v": 1200}, bar(at("09:31"))]
    wire.script.tell({"bars": {"SPY": rows}, "next_page_token": None})

    bars = market_over(wire).bars("SPY", 60, at("09:30"), at("10:00"))

    assert [each.volume for each in bars] == [1200, None]
