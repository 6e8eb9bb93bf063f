"""Vendors whose tables are known: which column is which, and which vendor a header is of. Rule: ST-102."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from attrs import frozen

from gammacore.adapters.recorded.columns import ColumnMap, column_key, missing_column, nearest_name
from gammacore.adapters.recorded.text_table import UnreadableFile
from gammacore.errors import ConfigurationError


@frozen
class Variant:
    """One layout of a vendor. `needed` columns must be there though a map could do without; `without` must not be."""

    columns: ColumnMap
    needed: tuple[str, ...] = ()
    without: tuple[str, ...] = ()

    @property
    def required(self) -> tuple[str, ...]:
        return (*self.columns.required, *self.needed)

    def share_present(self, header: Iterable[str]) -> float:
        """How much of what it needs a header has; 0 where the header has what it must not have."""
        there = {column_key(name) for name in header}
        if there.intersection(self.without):
            return 0.0
        return sum(column_key(name) in there for name in self.required) / len(self.required)

    def fitted(self, header: tuple[str, ...], source: str) -> ColumnMap:
        """Its map, less the optional columns that are not there.

        Raises:
            InvalidInput: a needed column is not there; it is named.
        """
        self.columns.without_absent(header).require_in(header, source)
        there = {column_key(name) for name in header}
        for name in self.needed:
            if column_key(name) not in there:
                raise missing_column(name, header, source)
        return self.columns.without_absent(header)


_V2_CONTRACT = ("root", "expiration", "strike", "right")

PRESETS: dict[str, tuple[Variant, ...]] = {
    "zero-dte-lab": (
        Variant(ColumnMap(
            time="quote_ts", expiry="expiry", right="type", strike="strike", bid="bid", ask="ask", spot="spot",
            open_interest="open_interest", iv="iv", gamma="gamma", volume="volume",
        )),
    ),
    "cboe-datashop": (
        Variant(ColumnMap(
            time="quote_datetime", underlying="underlying_symbol", root="root", expiry="expiration", strike="strike",
            right="option_type", bid="bid", ask="ask", spot="active_underlying_price", spot_bid="underlying_bid",
            spot_ask="underlying_ask", iv="implied_volatility", gamma="gamma", open_interest="open_interest",
            volume="trade_volume",
        )),
        Variant(ColumnMap(
            date="quote_date", clock="15:45", underlying="underlying_symbol", root="root", expiry="expiration",
            strike="strike", right="option_type", bid="bid_1545", ask="ask_1545", spot="active_underlying_price_1545",
            spot_bid="underlying_bid_1545", spot_ask="underlying_ask_1545", iv="implied_volatility_1545",
            gamma="gamma_1545", open_interest="open_interest",
        )),
    ),
    "optionsdx": (
        Variant(ColumnMap(
            time="quote_unixtime", zone="UTC", expiry="expire_date", strike="strike", spot="underlying_last",
            call_bid="c_bid", call_ask="c_ask", call_iv="c_iv", call_gamma="c_gamma", call_volume="c_volume",
            put_bid="p_bid", put_ask="p_ask", put_iv="p_iv", put_gamma="p_gamma", put_volume="p_volume",
        )),
    ),
    "thetadata": (
        Variant(ColumnMap(
            time="timestamp", root="symbol", expiry="expiration", strike="strike", right="right", bid="bid", ask="ask",
            zero_is_none=True,
        ), needed=("symbol",)),
    ),
    "thetadata-v2": (
        Variant(ColumnMap(
            date="date", time="ms_of_day", root="root", expiry="expiration", strike="strike", right="right", bid="bid",
            ask="ask", strike_scale=1000, zero_is_none=True,
        ), needed=("root",)),
        Variant(ColumnMap(
            date="date", time="ms_of_day", bid="bid", ask="ask", strike_scale=1000, zero_is_none=True,
            contract_in_name=True,
        ), without=_V2_CONTRACT),
    ),
    "databento-cbbo": (
        Variant(ColumnMap(
            time="ts_recv", zone="UTC", occ_symbol="symbol", bid="bid_px_00", ask="ask_px_00", no_price=str(2**63 - 1),
            integer_price_scale=10**9, blank_bid_is_zero=True, unchanged="carry",
        )),
    ),
}  # fmt: skip
"""Vendors whose layout is known, each with its variants. Times are New York wall-clock times where nothing is said.

zero-dte-lab: `quote_ts` is when the quotes were made; `fetched_at_et`, a quarter of an hour later, is never used.
cboe-datashop: the interval file, with or without calcs, and the end-of-day file, of which 15:45 is read; the root tells
SPXW from SPX. optionsdx: one row is a call and a put; a blank is no quote. thetadata: bid = ask = 0 is no quote; v2 has
strikes in tenths of a cent, and may leave the contract to the file's name. databento-cbbo: `ts_recv` is the end of the
interval; a contract without a record is unchanged; a blank bid is 0; prices are decimals or whole 1e-9ths.
"""


def _interest(value: str, **named: Any) -> ColumnMap:
    """A table of open interest has one figure a row: it stands where a quote has two."""
    return ColumnMap(bid=value, ask=value, open_interest=value, **named)


_THETA: dict[str, Any] = {"expiry": "expiration", "strike": "strike", "right": "right"}
_CBOE: dict[str, Any] = {
    "underlying": "underlying_symbol", "root": "root", "expiry": "expiration", "strike": "strike",
    "right": "option_type",
}  # fmt: skip

INTEREST_PRESETS: dict[str, tuple[Variant, ...]] = {
    "thetadata": (Variant(_interest("open_interest", time="timestamp", root="symbol", **_THETA)),),
    "thetadata-v2": (
        Variant(_interest("open_interest", date="date", time="ms_of_day", root="root", strike_scale=1000, **_THETA)),
    ),
    "databento-statistics": (
        Variant(_interest("quantity", time="ts_recv", zone="UTC", occ_symbol="symbol", filters={"stat_type": "9"})),
    ),
    "cboe-datashop": (
        Variant(_interest("open_interest", time="quote_datetime", **_CBOE)),
        Variant(_interest("open_interest", date="quote_date", clock="16:00", **_CBOE)),
    ),
    "plain": (
        Variant(_interest("open_interest", time="time", expiry="expiry", right="right", strike="strike", root="root")),
        Variant(_interest(
            "open_interest", date="date", clock="16:00", expiry="expiry", right="right", strike="strike", root="root",
        )),
    ),
}  # fmt: skip
"""Tables of open interest beside a chain's. A day without a time is of the close. Rule: ST-104."""

RECOGNISED_SHARE = 0.7
"""Of a preset's required columns: from here on a table is that vendor's, with a column lost or renamed."""


def preset(name: str, header: tuple[str, ...], source: str) -> ColumnMap:
    """The variant of a preset that fits a header.

    Raises:
        ConfigurationError: no preset of that name.
        InvalidInput: the table lacks a column the preset needs.
    """
    if name not in PRESETS:
        raise ConfigurationError(f"{name} is no preset{nearest_name(name, PRESETS)}; presets: {', '.join(PRESETS)}")
    return _closest(PRESETS[name], header).fitted(header, source)


def detect(header: tuple[str, ...], source: str) -> ColumnMap:
    """The map of the preset a header belongs to.

    Raises:
        InvalidInput: none is near; the columns that are there and the nearest preset are named. One that is near but
            for a column is refused for the lack of that column.
    """
    complete = [name for name, variants in PRESETS.items() if _closest(variants, header).share_present(header) == 1]
    if len(complete) > 1:
        raise UnreadableFile(
            f"{source}: the header", f"that of {' and of '.join(complete)}", "name one by market.preset"
        )
    near = max(PRESETS, key=lambda name: _closest(PRESETS[name], header).share_present(header))
    closest = _closest(PRESETS[near], header)
    if closest.share_present(header) < RECOGNISED_SHARE:
        raise unknown_header(header, source)
    return closest.fitted(header, source if complete else f"{source}, read as {near}")


def detect_interest(header: tuple[str, ...], source: str) -> ColumnMap:
    """The map of a table of open interest.

    Raises:
        InvalidInput: it lacks a column of the nearest layout that is known.
    """
    every = [variant for variants in INTEREST_PRESETS.values() for variant in variants]
    return _closest(every, header).fitted(header, source)


def is_known(header: tuple[str, ...]) -> bool:
    """Whether a header is that of a known vendor, or one with a column lost."""
    return _closest(_every(), header).share_present(header) >= RECOGNISED_SHARE


def unknown_header(header: tuple[str, ...], source: str) -> UnreadableFile:
    """The refusal of a table of no known vendor: what it has, the nearest preset, and what it lacks of that."""
    near = max(PRESETS, key=lambda name: _closest(PRESETS[name], header).share_present(header))
    there = {column_key(name) for name in header}
    lacks = [name for name in _closest(PRESETS[near], header).required if column_key(name) not in there]
    nearest = f"the nearest preset is {near}, of which it lacks {', '.join(lacks)}"
    remedy = f"map its columns, or use a preset ({', '.join(PRESETS)}): [market.columns], market.preset"
    return UnreadableFile(f"{source}: the header", f"of no known vendor: {', '.join(header)[:400]}; {nearest}", remedy)


def _every() -> Iterator[Variant]:
    return (variant for variants in PRESETS.values() for variant in variants)


def _closest(variants: Iterable[Variant], header: tuple[str, ...]) -> Variant:
    return max(variants, key=lambda variant: variant.share_present(header))


def layout(columns: ColumnMap | str | None, header: tuple[str, ...], source: str) -> ColumnMap:
    """The map to read a table by: the one configured, the preset of that name, or the preset its header shows."""
    if isinstance(columns, str):
        return preset(columns, header, source)
    if columns is None:
        return detect(header, source)
    columns.require_in(header, source)
    return columns
