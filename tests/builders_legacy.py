"""Files as the desk that came before wrote them, one ordinary record each; a test says only what differs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FOURTEEN = (
    "Timestamp_ET,Trade_ID,Account_ID,Strategy,Strikes,Entry_Credit,Confidence,TP%,Exit_Time,Exit_Value,P/L_$,P/L_%,"
    "Exit_Reason,Duration_Min"
)
THIRTEEN = FOURTEEN.replace("Account_ID,", "")
ELEVEN = THIRTEEN.replace("Confidence,TP%,", "")


def an_order(**changes: Any) -> dict[str, Any]:
    """An SPX put spread of 12 January 2026: 6955/6945 for 2.35, without a size and an index code."""
    return {
        "order_id": "24001",
        "entry_credit": 2.35,
        "entry_time": "2026-01-12 10:00:01",
        "strategy": "PUT",
        "strikes": "6955/6945",
        "direction": "BULLISH",
        "confidence": "HIGH",
        "option_symbols": ["SPXW260112P06955000", "SPXW260112P06945000"],
        "short_indices": [0],
        "tp_price": 1.17,
        "sl_price": 2.59,
        "trailing_stop_active": False,
        "best_profit_pct": 0,
        "entry_distance": 16.5,
        "index_entry": 6971.5,
        "vix_entry": 15.2,
        "account_balance": 20000,
    } | changes


def a_condor_order(**changes: Any) -> dict[str, Any]:
    """Symbols as written: call short, put short, call long, put long; strikes: a side after the other."""
    condor = {
        "order_id": "24002",
        "strategy": "IC",
        "strikes": "6990/7000/6950/6940",
        "direction": "NEUTRAL",
        "option_symbols": [f"SPXW260112{leg}000" for leg in ("C06990", "P06950", "C07000", "P06940")],
        "short_indices": [0, 1],
        "index_code": "SPX",
        "position_size": 3,
    }
    return an_order() | condor | changes


def a_balance(**changes: Any) -> dict[str, Any]:
    """$20,525 after three trades."""
    return {
        "balance": 20525.0,
        "last_updated": "2026-01-12T16:05:00-05:00",
        "trades": [
            {"pnl": 56.0, "timestamp": "2026-01-09 10:40:00"},
            {"pnl": -34.62, "timestamp": "2026-01-09 11:40:00"},
            {"pnl": 175.0, "timestamp": "2026-01-12 10:51:12"},
        ],
        "total_trades": 45,
    } | changes


def write_orders(folder: Path, *orders: Any) -> Path:
    return _write(folder / "orders.json", json.dumps(list(orders)))


def write_balance(folder: Path, **changes: Any) -> Path:
    return _write(folder / "account_balance.json", json.dumps(a_balance(**changes)))


def write_trades(folder: Path, *lines: str) -> Path:
    return _write(folder / "trades.csv", "\n".join(lines) + "\n")


def _write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path
