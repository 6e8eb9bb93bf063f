"""A chain of a user's frame or rows is read as a vendor's table is, and counts the same defects. Rule: OP-804."""

from __future__ import annotations

import datetime as dt
import importlib
import io
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from builders_vendors import CBOE_CALCS, WINTER, line_of, market, ny, table
from gammacore import REGISTRY, OptionChain
from gammacore.errors import GammacoreError, InvalidInput, MissingData
from gammacore.frames import BACKENDS, to_frame

pd: Any = importlib.import_module("pandas")  # without stubs for the type checker
pl: Any = importlib.import_module("polars")
AT = ny(WINTER, "10:00:00")
NAIVE = AT.replace(tzinfo=None)
YESTERDAY = AT - dt.timedelta(days=1)
ROW = {
    "root": "SPXW", "expiry": WINTER, "strike": 6000, "right": "call", "bid": 1.1, "ask": Decimal("1.20"),
    "open_interest": 12, "iv": 0.21, "gamma": 0.004, "volume": 7, "quoted_at": AT,
}  # fmt: skip


def row(**changed: Any) -> dict[str, Any]:
    return {**ROW, **changed}


EVERY_KIND = (
    row(strike=6010),
    row(strike=6000, right="put", quoted_at=AT - dt.timedelta(seconds=30)),
    row(strike=6005, open_interest=None, volume=None, iv=None, gamma=None),
    row(strike=6002.5, bid=0.0, iv=0.0, gamma=0.0, open_interest=0),
    row(strike=6020, bid=None, ask=None, quoted_at=None),
    row(strike=6030, quoted_at=YESTERDAY),
    row(root="SPX", expiry=WINTER + dt.timedelta(days=14), strike=6000, gamma=1.25e-33),
)
"""Out of order, unknown figures, a figure of 0, never quoted, quoted the day before, a second root and expiry."""


def chain(*rows: dict[str, Any], **asked: Any) -> OptionChain:
    return OptionChain.from_rows(rows, **asked)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_frame_of_a_chain_read_back_is_the_chain(backend: str) -> None:
    shown = chain(*EVERY_KIND, underlying="SPX", as_of=AT + dt.timedelta(seconds=2))

    again = OptionChain.from_frame(shown.to_frame(backend), underlying="SPX", as_of=shown.as_of)

    assert again == shown
    assert hash(again) == hash(shown)
    assert again.strike.tolist() == [each["strike"] for each in EVERY_KIND]
    assert again.defects == shown.defects == {"missing": 1}
    assert np.isnan(again.open_interest[2])
    assert (again.iv[3], again.gamma[3], again.open_interest[3]) == (0, 0, 0)
    assert np.isnan(again.quoted_at[4])


@pytest.mark.parametrize("backend", BACKENDS)
def test_what_is_not_given_is_taken_from_the_table(backend: str) -> None:
    shown = chain(*EVERY_KIND)

    assert (shown.underlying, shown.as_of) == ("SPX", AT)
    assert OptionChain.from_frame(shown.to_frame(backend)) == shown


def test_a_file_of_a_chain_read_back_is_the_chain(tmp_path: Path) -> None:
    shown = chain(*EVERY_KIND)
    shown.to_csv(tmp_path / "chain.csv")
    shown.to_parquet(tmp_path / "chain.parquet")

    assert OptionChain.from_frame(pd.read_csv(tmp_path / "chain.csv")) == shown
    assert OptionChain.from_frame(pl.read_parquet(tmp_path / "chain.parquet")) == shown
    assert sorted(path.name for path in tmp_path.iterdir()) == ["chain.csv", "chain.parquet"]


@pytest.mark.parametrize(
    "changed",
    [{"bid": 1.0}, {"gamma": None}, {"right": "put"}, {"root": "SPX"}, {"quoted_at": YESTERDAY}, {"volume": 8}],
    ids=lambda changed: next(iter(changed)),
)
def test_another_figure_is_another_chain(changed: dict[str, Any]) -> None:
    assert chain(row(**changed), as_of=AT) != chain(ROW, as_of=AT)
    assert chain(ROW, as_of=AT) != "a chain"


DEFECTS = {
    "unusable_strike": row(strike="x"),
    "unreadable_right": row(right="Z"),
    "unreadable_expiry": row(expiry="someday"),
    "expiry_before_quote": row(expiry=WINTER - dt.timedelta(days=7)),
    "unreadable_time": row(quoted_at="soon"),
    "crossed": row(strike=6005, bid=2, ask=1),
    "negative": row(strike=6005, bid=-1),
    "no_ask": row(strike=6005, ask=0),
    "missing": row(strike=6005, bid=None),
    "undated": row(strike=6005, quoted_at=None),
    "unreadable_open_interest": row(strike=6005, open_interest=2.5),
    "unusable_open_interest": row(strike=6005, open_interest=-3),
    "unusable_iv": row(strike=6005, iv=-0.2),
    "unusable_volume": row(strike=6005, volume=-2),
    "exact_duplicate": ROW,
    "conflicting_duplicate": row(bid=1.0),
    "adjusted": row(root="SPXW1"),
    "other_underlying": row(root="NDX"),
    "later_than_as_of": row(strike=6005, quoted_at=AT + dt.timedelta(seconds=9)),
}


@pytest.mark.parametrize("reason", DEFECTS)
def test_every_defect_is_counted_by_its_reason(reason: str) -> None:
    found = chain(row(), DEFECTS[reason], underlying="SPX", as_of=AT)

    assert found.defects[reason] == 1
    assert found.strike[0] == 6000


CBOE = [
    line_of(CBOE_CALCS, {
        "underlying_symbol": "^SPX", "quote_datetime": f"2026-03-06 10:0{minute}:00", "root": "SPXW",
        "expiration": WINTER, "strike": strike, "option_type": side, "bid": bid, "ask": ask, "implied_volatility": iv,
        "gamma": "0.004", "open_interest": interest, "trade_volume": "5",
    })
    for minute in (0, 1)
    for strike, side, bid, ask, iv, interest in (
        ("6000.000", "C", "1.10", "1.20", "0.2", "10"), ("6000.000", "P", "2.50", "2.40", "0.2", "20"),
        ("6005.000", "C", "", "0.05", "0", ""), ("6010.000", "C", "1.00", "1.20", "0.2", "30"),
        ("zero", "P", "1.00", "1.20", "0.2", "30"), ("6000.000", "C", "1.10", "1.20", "0.2", "10"),
    )
]  # fmt: skip


@pytest.mark.parametrize("read", [pd.read_csv, pl.read_csv], ids=BACKENDS)
@pytest.mark.parametrize("preset", [None, "cboe-datashop"])
def test_a_vendors_frame_is_what_its_table_is(read: Callable[..., Any], preset: str | None, tmp_path: Path) -> None:
    path = table(tmp_path / "day.csv", CBOE_CALCS, CBOE)
    recorded = market(path, WINTER)
    of_table = recorded.chains.at(AT)
    assert of_table is not None

    of_frame = OptionChain.from_frame(read(path), underlying="SPX", as_of=AT, preset=preset)

    assert sorted(of_frame.strike) == sorted(of_table.strike)
    assert of_frame.to_frame().sort_values(["strike", "right"]).to_csv(index=False) == of_table.to_frame().sort_values(
        ["strike", "right"]
    ).to_csv(index=False)
    seen_of_frame = {**of_frame.defects}
    assert seen_of_frame.pop("later_than_as_of") == 4
    assert seen_of_frame == {**of_table.defects, **recorded.intake.reasons}


def test_columns_are_mapped_by_role_and_a_table_without_times_is_of_the_instant_given() -> None:
    rows = [{"K": 6000, "cp": "C", "exp": "2026-03-06", "b": "1.10", "a": "1.20"}]

    mapped = {"strike": "K", "right": "cp", "expiry": "exp", "bid": "b", "ask": "a"}
    found = OptionChain.from_rows(rows, underlying=REGISTRY["SPX"], as_of=AT, columns=mapped)

    assert (found.roots, found.quoted_at.tolist(), found.bid.tolist()) == (("SPXW",), [AT.timestamp()], [1.1])


def test_a_wall_clock_is_read_in_the_zone_that_is_given_for_it() -> None:
    mapped = {role: role for role in ("strike", "right", "expiry", "bid", "ask")} | {"time": "seen"}
    rows = [{**row(), "seen": "2026-03-06 10:00:00"}]

    with pytest.raises(InvalidInput, match=r"seen: 2026-03-06 10:00:00 \(a time without a zone\)"):
        OptionChain.from_rows(rows, underlying="SPX", columns=mapped)
    found = OptionChain.from_rows(rows, underlying="SPX", columns={**mapped, "zone": "America/New_York"})
    assert found.as_of == AT


@pytest.mark.parametrize("naive", [NAIVE, "2026-03-06 10:00:00", "20260306T100000"])
def test_a_time_without_a_zone_is_refused_by_its_column_with_the_fix(naive: Any) -> None:
    with pytest.raises(InvalidInput, match=r"quoted_at: .*without a zone.*tz_localize\('America/New_York'\)"):
        chain(row(quoted_at=naive))


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_naive_column_of_a_frame_is_refused_and_so_is_a_naive_instant(backend: str) -> None:
    columns = {name: [value] for name, value in ROW.items()}
    frame = to_frame({**columns, "quoted_at": ["2026-03-06 10:00:00"]}, backend)
    naive = pd.to_datetime(frame["quoted_at"]) if backend == "pandas" else frame["quoted_at"].str.to_datetime()
    frame = frame.assign(quoted_at=naive) if backend == "pandas" else frame.with_columns(naive)

    with pytest.raises(InvalidInput, match="quoted_at"):
        OptionChain.from_frame(frame)
    with pytest.raises(InvalidInput, match="as_of: 2026-03-06"):
        chain(ROW, as_of=NAIVE)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"rows": [row(strik=1)]}, "column strik is unknown; .*did you mean strike"),
        ({"rows": [{**{k: v for k, v in ROW.items() if k != "strike"}, "strik": 1}]}, "column strik is unknown"),
        ({"rows": [{k: v for k, v in ROW.items() if k != "bid"}]}, "column bid is missing"),
        ({"rows": [ROW], "columns": {"strikee": "strike"}}, "columns: strikee is unknown; .*did you mean strike"),
        ({"rows": [ROW], "columns": {"own": True}}, "columns: own is unknown"),
        (
            {"rows": [ROW], "columns": {"bid": "bid", "ask": "ask", "occ_symbol": "K"}, "as_of": AT},
            "column K is missing",
        ),
        ({"rows": [ROW], "columns": {}, "preset": "thetadata"}, "give columns or a preset, not both"),
        ({"rows": [ROW], "preset": "thetadatta"}, "thetadatta is no preset; did you mean thetadata"),
        ({"rows": [{k: v for k, v in ROW.items() if k != "quoted_at"}]}, "give as_of="),
        ({"rows": [row(quoted_at=None)]}, "give as_of="),
        ({"rows": [{k: v for k, v in ROW.items() if k != "root"}]}, "give underlying="),
        ({"rows": [ROW, row(root="NDX")]}, "underlying: NDX, SPX"),
        ({"rows": [{"a": 1}]}, "of no known vendor: a"),
        ({"rows": [7]}, "give mappings of column to value"),
        ({"rows": [{3: 7}]}, "give every column a name"),
        ({"rows": []}, "no rows"),
        ({"rows": [ROW], "as_of": YESTERDAY}, "no rows of 2026-03-05; the table holds 2026-03-06"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused_by_name(asked: dict[str, Any], said: str) -> None:
    with pytest.raises(GammacoreError, match=said):
        OptionChain.from_rows(asked.pop("rows"), **asked)


def test_too_many_rows_without_a_contract_leave_no_exposure() -> None:
    """ST-109: of such a table the open interest is a part of the market's."""
    found = chain(*(row(strike=6000 + 5 * step) for step in range(9)), row(strike="x"))

    assert np.isnan(found.open_interest).all()
    assert found.defects == {"unusable_strike": 1}


def test_a_table_that_is_all_late_is_no_chain() -> None:
    with pytest.raises(MissingData):
        chain(ROW, as_of=AT - dt.timedelta(seconds=1))


def test_a_csv_of_a_chain_is_the_same_without_pandas_and_polars() -> None:
    text = "root,expiry,strike,right,bid,ask,open_interest,iv,gamma,volume,quoted_at\n"
    line = "SPXW,2026-03-06,6000.0,call,1.1,1.2,12.0,0.21,0.004,7.0,2026-03-06T15:00:00+00:00\n"

    assert OptionChain.from_frame(pd.read_csv(io.StringIO(text + line))) == chain(ROW)
