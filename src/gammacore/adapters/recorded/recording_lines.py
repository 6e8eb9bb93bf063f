"""The lines of a recording: values to JSON and back, without losing a digit."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import numpy as np

from gammacore.domain.instruments import is_adjusted
from gammacore.domain.market import Bar, Floats, MarketSnapshot, OptionChain
from gammacore.domain.sessions import TradingSession, require_aware
from gammacore.ports.market_data import SettlementPrint

FORMAT = "gammacore-recording"
VERSION = 1
Line = dict[str, Any]


def header_line(underlying: str, session: TradingSession, step_seconds: float, lineage: str, label: str) -> Line:
    return {
        "format": FORMAT, "version": VERSION, "underlying": underlying, "date": session.date.isoformat(),
        "open": instant_text(session.open), "close": instant_text(session.close), "step_seconds": step_seconds,
        "lineage": lineage, "label": label,
    }  # fmt: skip


def session_of(line: Line) -> TradingSession:
    return TradingSession(dt.date.fromisoformat(line["date"]), instant(line["open"]), instant(line["close"]))


def instant_text(at: dt.datetime) -> str:
    return at.astimezone(dt.UTC).isoformat()


def instant(text: str) -> dt.datetime:
    return require_aware("at", dt.datetime.fromisoformat(text))


def decimal_text(value: Decimal | None) -> str | None:
    return None if value is None else str(value)


def decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def snapshot_line(snapshot: MarketSnapshot, *, with_chain: bool) -> Line:
    line: Line = {
        "at": instant_text(snapshot.at),
        "spot": decimal_text(snapshot.spot),
        "spot_at": None if snapshot.spot_at is None else instant_text(snapshot.spot_at),
        "vix": decimal_text(snapshot.vix),
        "previous_close": decimal_text(snapshot.previous_close),
        "quote_age_limit": float(snapshot.quote_age_limit),
    }
    if with_chain:
        line["chain"] = None if snapshot.chain is None else chain_columns(snapshot.chain)
    return line


def chain_columns(chain: OptionChain) -> Line:
    return {
        "as_of": instant_text(chain.as_of),
        "roots": list(chain.roots),
        "strike": _numbers(chain.strike),
        "is_call": [int(call) for call in chain.is_call.tolist()],
        "expiry": np.datetime_as_string(chain.expiry).tolist(),
        "root": chain.root.tolist(),
        "bid": _numbers(chain.bid),
        "ask": _numbers(chain.ask),
        "open_interest": _numbers(chain.open_interest),
        "iv": _numbers(chain.iv),
        "gamma": _numbers(chain.gamma),
        "quoted_at": _numbers(chain.quoted_at),
        "defects": chain.defects,
    }


def _numbers(column: Floats) -> list[float | None]:
    return [None if math.isnan(value) else value for value in column.tolist()]


def chain_of(underlying: str, columns: Line, option_root: str = "") -> OptionChain:
    """The chain as it was seen, without adjusted contracts, which older recordings still hold (decision 0017)."""

    def numbers(name: str) -> Floats:
        return np.array(columns[name], dtype=np.float64)  # null becomes NaN

    chain = OptionChain(
        underlying, instant(columns["as_of"]), tuple(columns["roots"]), numbers("strike"), columns["is_call"],
        np.array(columns["expiry"], dtype="datetime64[D]"), columns["root"], numbers("bid"), numbers("ask"),
        numbers("open_interest"), numbers("iv"), numbers("gamma"), numbers("quoted_at"),
    )  # fmt: skip
    chain.defects.clear()  # unusable quotes were taken out, and counted, before they were recorded
    chain.defects.update(columns["defects"])
    adjusted = [code for code, root in enumerate(chain.roots) if is_adjusted(root, underlying, option_root)]
    return chain.without(np.isin(chain.root, adjusted), "adjusted") if adjusted else chain


def settlement_line(date: dt.date, settlement: SettlementPrint) -> Line:
    return {
        "settlement": str(settlement.price), "date": date.isoformat(), "estimated": settlement.estimated,
        "source": settlement.source,
    }  # fmt: skip


def settlement_of(line: Line) -> tuple[dt.date, SettlementPrint]:
    known = SettlementPrint(Decimal(line["settlement"]), bool(line["estimated"]), str(line["source"]))
    return dt.date.fromisoformat(line["date"]), known


def bars_line(symbol: str, bars: Sequence[Bar]) -> Line:
    rows = [
        [instant_text(bar.start), bar.seconds, *(str(price) for price in (bar.open, bar.high, bar.low, bar.close))]
        for bar in bars
    ]
    return {"bars": symbol, "rows": rows}


def bars_of(line: Line) -> list[Bar]:
    return [Bar(instant(start), seconds, *map(Decimal, prices)) for start, seconds, *prices in line["rows"]]
