"""Small tables in the layouts that vendors publish, with what is wrong in them planted."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from pathlib import Path

from gammacore.adapters.recorded.csv_table import read_csv_market
from gammacore.adapters.recorded.market import RecordedMarket
from gammacore.adapters.recorded.surroundings import ReplaySettings
from gammacore.domain.gex.units import TODAY, Scope
from gammacore.domain.instruments import REGISTRY, OptionContract, Right
from gammacore.domain.market import from_float
from gammacore.domain.sessions import TradingSession, new_york

WINTER, SUMMER = dt.date(2026, 3, 6), dt.date(2026, 3, 9)
"""The last session of standard time and the first of daylight saving time."""

CBOE_INTERVAL = (
    "underlying_symbol,quote_datetime,root,expiration,strike,option_type,open,high,low,close,trade_volume,bid_size,bid,"
    "ask_size,ask,underlying_bid,underlying_ask"
)
CBOE_CALCS = (
    f"{CBOE_INTERVAL},implied_underlying_price,active_underlying_price,implied_volatility,delta,gamma,theta,vega,rho,"
    "open_interest"
)
CBOE_END_OF_DAY = (
    "underlying_symbol,quote_date,root,expiration,strike,option_type,open,high,low,close,trade_volume,bid_size_1545,"
    "bid_1545,ask_size_1545,ask_1545,underlying_bid_1545,underlying_ask_1545,implied_underlying_price_1545,"
    "active_underlying_price_1545,implied_volatility_1545,delta_1545,gamma_1545,theta_1545,vega_1545,rho_1545,"
    "bid_size_eod,bid_eod,ask_size_eod,ask_eod,underlying_bid_eod,underlying_ask_eod,vwap,open_interest,delivery_code"
)
OPTIONSDX = (
    "[QUOTE_UNIXTIME], [QUOTE_READTIME], [QUOTE_DATE], [QUOTE_TIME_HOURS], [UNDERLYING_LAST], [EXPIRE_DATE], "
    "[EXPIRE_UNIX], [DTE], [C_DELTA], [C_GAMMA], [C_VEGA], [C_THETA], [C_RHO], [C_IV], [C_VOLUME], [C_LAST], [C_SIZE], "
    "[C_BID], [C_ASK], [STRIKE], [P_BID], [P_ASK], [P_SIZE], [P_LAST], [P_DELTA], [P_GAMMA], [P_VEGA], [P_THETA], "
    "[P_RHO], [P_IV], [P_VOLUME], [STRIKE_DISTANCE], [STRIKE_DISTANCE_PCT]"
)
THETA_V3 = (
    "symbol,expiration,strike,right,timestamp,bid_size,bid_exchange,bid,bid_condition,ask_size,ask_exchange,ask,"
    "ask_condition"
)
THETA_V2 = (
    "root,expiration,strike,right,ms_of_day,bid_size,bid_exchange,bid,bid_condition,ask_size,ask_exchange,ask,"
    "ask_condition,date"
)
THETA_V2_BARE = THETA_V2.removeprefix("root,expiration,strike,right,")
DATABENTO = (
    "ts_recv,ts_event,rtype,publisher_id,instrument_id,side,price,size,flags,bid_px_00,ask_px_00,bid_sz_00,ask_sz_00,"
    "bid_pb_00,ask_pb_00,symbol"
)
DATABENTO_STATISTICS = (
    "ts_recv,ts_event,rtype,publisher_id,instrument_id,ts_ref,price,quantity,sequence,ts_in_delta,stat_type,channel_id,"
    "update_action,stat_flags,symbol"
)


def line_of(header: str, cells: Mapping[str, object]) -> str:
    """A row of a layout: the cells named, every other one 0."""
    names = [name.strip().strip("[]").casefold() for name in header.split(",")]
    unknown = set(cells) - set(names)
    assert not unknown, unknown
    return ",".join(str(cells.get(name, 0)) for name in names)


def turned(header: str, rows: Iterable[str]) -> list[str]:
    """The same table with its columns in the opposite order, padded and shouted."""
    names = [f" {name.strip().upper()} " for name in header.split(",")][::-1]
    return [",".join(names), *(",".join(f" {cell} " for cell in row.split(",")[::-1]) for row in rows)]


def table(path: Path, header: str, rows: Iterable[str]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


def market(
    path: Path,
    date: dt.date,
    symbol: str = "SPX",
    settings: ReplaySettings | None = None,
    scope: Scope = TODAY,
    preset: str | None = None,
) -> RecordedMarket:
    session, previous = TradingSession.of(date), TradingSession.of(date - dt.timedelta(days=1))
    return read_csv_market(
        path, REGISTRY[symbol], session, columns=preset, settings=settings, previous=previous, expiries=scope
    )  # fmt: skip


def ny(date: dt.date, clock: str) -> dt.datetime:
    return new_york(date, dt.time.fromisoformat(clock))


def quotes(market: RecordedMarket, at: dt.datetime) -> dict[str, tuple[str, str, float]]:
    """Every usable quote at an instant: bid, ask and age in seconds, by root, strike and right."""
    chain = market.snapshot(at).chain
    assert chain is not None
    found = {}
    for row in range(len(chain)):
        root, right = chain.roots[chain.root[row]], Right.CALL if chain.is_call[row] else Right.PUT
        strike = from_float(float(chain.strike[row]))
        quote = chain.quote(OptionContract(market.underlying, root, chain.expiry[row].item(), right, strike))
        if quote is not None:
            found[f"{root} {strike}{right}"] = (str(quote.bid), str(quote.ask), (at - quote.at).total_seconds())
    return found
