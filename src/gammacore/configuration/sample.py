"""The commented sample configuration: every key with its default and the sentence that says what it does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

import attrs

from gammacore.adapters.notifiers.settings import AlertChannel
from gammacore.configuration.conversion import show
from gammacore.configuration.settings import Settings
from gammacore.domain.instruments import Ticks, Underlying

HEAD = """\
# gammacore configuration. Every line is a default, commented out: take the # away to change it.
# Options win over environment variables (GAMMACORE_ENTRIES__VIX__FLOOR=14), those over .env, that over this file.
# `gammacore config check` validates it; `gammacore config show` says where each value came from.
"""

TAIL = """
# Any other underlying is described by the same fields as the built-in ones (SPX NDX XSP RUT SPY QQQ IWM); those may be
# changed likewise. Distances in points of it, prices a share:
# [underlyings.GOOG]
# option_root = "GOOG"        # root of its 0DTE contracts
# exercise = "american"       # or european
# settlement = "physical"     # or cash
{underlying}

# Columns of a vendor's table that no preset describes, by their names in its header; the first six are needed:
# [market.columns]
# time = "quote_ts"           # when the quote was seen; or date = "…" with time, or with clock = "15:45" for all rows
# expiry = "expiry"           # or occ_symbol = "…" for expiry, right and strike in one
# right = "type"              # C or P
# strike = "strike"
# bid = "bid"
# ask = "ask"
# zone = "America/New_York"   # of times without an offset
# seconds_late = 0            # added to every time: 60 where a one-minute row is stamped with its start
# spot = "spot"               # price of the underlying; spot_bid and spot_ask where there is only their middle
# open_interest = "oi"
# volume = "volume"           # contracts traded that day so far
# iv = "iv"                   # iv_scale = 100 where it is in percent
# gamma = "gamma"
# root = "root"               # of the contract; else the underlying's 0DTE root is meant
# underlying = "symbol"       # rows of another underlying are left out
# strike_scale = 1            # 1000 where strikes are in thousandths
# filters = {{session = "R"}}   # only rows with this text in that column
# price_scale = 1             # 100 where prices are in cents; integer_price_scale = 1000000000 of whole numbers only
# no_price = "-1"             # the text that means none; zero_is_none = true where bid and ask both 0 do
# blank_bid_is_zero = false   # true where a blank bid means that nobody bids
# unchanged = "absent"        # "carry": a contract without a row at an instant keeps its quote, with its age
# contract_in_name = false    # true where a file is of the one contract its name tells: SPXW_20260105_6000_C.csv
# own = false                 # true of a table that `OptionChain.to_csv` wrote: a blank open interest is unknown
# A row that is a call and a put has these in place of right, bid and ask:
# call_bid = "c_bid"          # and call_iv, call_gamma, call_volume, call_open_interest
# call_ask = "c_ask"
# put_bid = "p_bid"           # and put_iv, put_gamma, put_volume, put_open_interest
# put_ask = "p_ask"
"""

CHANNELS = """
# Where alerts go besides Discord: a table for each channel, through the extra `alerts`. docs/alerts.md.
# [[alerts.channels]]
{channel}
"""

AT_THE_END = ("underlyings", "columns", "channels")


def sample_toml() -> str:
    """A TOML file that says all there is to set and changes nothing."""
    tail = TAIL.format(underlying="\n".join(_underlying())), CHANNELS.format(channel="\n".join(_channel()))
    return "\n".join((HEAD, *_section(Settings(), ""), *tail))


def _section(instance: Any, prefix: str) -> Iterator[str]:
    plain = [a for a in attrs.fields(type(instance)) if not attrs.has(type(getattr(instance, a.name)))]
    nested = [a for a in attrs.fields(type(instance)) if attrs.has(type(getattr(instance, a.name)))]
    if prefix:
        sentence = (type(instance).__doc__ or "").strip().splitlines()[0]
        yield f"\n# {sentence}\n[{prefix}]"
    for attribute in plain:
        if attribute.name not in AT_THE_END:
            yield _line(attribute, getattr(instance, attribute.name))
    for attribute in nested:
        name = f"{prefix}.{attribute.name}" if prefix else attribute.name
        yield from _section(getattr(instance, attribute.name), name)


def _line(attribute: attrs.Attribute[Any], value: Any, prefix: str = "") -> str:
    return f"# {prefix}{attribute.name} = {_toml(value)}    # {attribute.metadata.get('doc', '')}".rstrip(" #")


def _underlying(kind: type[attrs.AttrsInstance] = Underlying, prefix: str = "") -> Iterator[str]:
    """The figures every underlying has, with what holds for those that give none."""
    for attribute in attrs.fields(kind):
        if isinstance(attribute.default, Ticks):
            yield from _underlying(Ticks, f"{attribute.name}.")
        elif attribute.default is not attrs.NOTHING:
            yield _line(attribute, attribute.default, prefix)


def _channel() -> Iterator[str]:
    example = {"name": "phone", "url": "ntfys://ntfy.sh/a-topic-nobody-guesses"}
    for attribute in attrs.fields(AlertChannel):
        yield _line(attribute, example.get(attribute.name, attribute.default))


def _toml(value: Any) -> str:
    if isinstance(value, bool | int):
        return show(value)
    if isinstance(value, Decimal | float):
        return f"{value:f}" if isinstance(value, Decimal) else repr(value)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{name} = {_toml(part)}" for name, part in value.items()) + "}"
    if isinstance(value, tuple):
        return "[" + ", ".join(_toml(part) for part in value) + "]"
    return f'"{show(value)}"'
