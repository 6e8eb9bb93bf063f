"""Which column is the close: exact names win, another figure's never counts, two that could be meant are refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from gammacore.adapters.recorded.text_table import CLOSE, PRICE, VIX, Wanted, pick_closes, pick_column, pick_date
from gammacore.errors import InvalidInput

FILE = Path("beside.csv")


@pytest.mark.parametrize(
    ("header", "column"),
    [
        ("Date,Close,High,Low,Open,Volume", "Close"),
        ("Date,Adj Close,Close,High,Low,Open,Volume", "Close"),  # yfinance since 0.2.51
        ("Date,Open,High,Low,Close,Adj Close,Volume", "Close"),  # yfinance before
        ("date,open,high,low,close,volume,adjClose,unadjustedVolume,change,changePercent", "close"),
        ("Date,Previous Close,Close", "Close"),
        ("Date,Prev. Close,Open Price,High Price,Low Price,Close Price", "Close Price"),
        ("Date,Close/Last,Volume,Open,High,Low", "Close/Last"),  # nasdaq.com
        ("Date,Price,Open,High,Low,Vol.,Change %", "Price"),  # investing.com
        ("Date,Open,High,Low,Last,Change,Settle,Volume,Previous Day Open Interest", "Settle"),
        ("date,settlement_price,close_change", "settlement_price"),
        ("date,spy_close,note", "spy_close"),
        ("trade_date,close", "close"),
    ],
)
def test_the_close_of_files_as_vendors_write_them(header: str, column: str) -> None:
    names = header.split(",")
    assert [(names[index], estimated) for index, estimated in pick_closes(FILE, names)] == [(column, False)]


@pytest.mark.parametrize(
    ("header", "named"),
    [
        ("Date,Close,Settle", ["'Close'", "'Settle'", "market.closes_column"]),
        ("Date,Close,Close", ["'Close' and 'Close'", "market.closes_column"]),
        ("date,spy_close,spx_close", ["'spy_close'", "'spx_close'"]),
        ("Date,Adj Close,Volume", ["name one of its columns close"]),
        ("Date,Previous Close", ["name one of its columns close"]),
        ("Date,Open Price,Change", ["name one of its columns close"]),
    ],
)
def test_two_that_could_be_the_close_are_refused_by_name_and_another_figure_is_never_taken(
    header: str, named: list[str]
) -> None:
    with pytest.raises(InvalidInput) as refusal:
        pick_closes(FILE, header.split(","))
    assert all(words in str(refusal.value) for words in named)


def test_the_configured_column_is_taken_whatever_else_is_there() -> None:
    names = ["Date", "Close", "Settle"]
    assert pick_closes(FILE, names, "settle") == ((2, False),)
    with pytest.raises(InvalidInput, match=r"column Final is missing; it has Date, Close, Settle"):
        pick_closes(FILE, names, "Final")


@pytest.mark.parametrize(
    ("wanted", "header", "column"),
    [
        (PRICE, "time,price,volume", 1), (PRICE, "time,prev close,last", 2), (PRICE, "time,spot,vix", 1),
        (VIX, "time,spot,vix", 2), (VIX, "DATE,OPEN,HIGH,LOW,CLOSE", 4), (VIX, "observation_date,VIXCLS", 1),
        (VIX, "date,vix_close,vix_open", 1), (CLOSE, "date,ClosePrice,PrevClose", 1),
    ],
)  # fmt: skip
def test_price_and_vix_are_found_by_the_same_rule(wanted: Wanted, header: str, column: int) -> None:
    assert pick_column(FILE, header.split(","), wanted) == column


@pytest.mark.parametrize(
    ("wanted", "header", "key"),
    [(PRICE, "time,last,price", "market.price_column"), (VIX, "time,vix,close", "market.vix_column")],
)
def test_two_prices_or_two_vix_are_refused_with_the_key_that_settles_it(wanted: Wanted, header: str, key: str) -> None:
    with pytest.raises(InvalidInput, match=key):
        pick_column(FILE, header.split(","), wanted)


def test_two_dates_are_refused_and_the_plain_one_wins() -> None:
    assert pick_date(FILE, ["settle_date", "Date", "close"]) == 1
    with pytest.raises(InvalidInput, match="'trade_date' and 'settle_date'"):
        pick_date(FILE, ["trade_date", "settle_date", "close"])
