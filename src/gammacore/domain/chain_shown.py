"""An option chain at a prompt, as a table, a frame and a picture: methods of `OptionChain`. Rules: OP-802..804."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from gammacore.domain.briefly import briefly, html_table
from gammacore.intake import reader
from gammacore.plots import figure_of

if TYPE_CHECKING:
    from gammacore.domain.instruments import Underlying
    from gammacore.domain.market import OptionChain

FIGURES = ("bid", "ask", "open_interest", "iv", "gamma", "volume")


def line(chain: OptionChain) -> str:
    """What it is and its size."""
    expiries, unusable = len(np.unique(chain.expiry)), sum(chain.defects.values())
    told = (f"{len(chain)} contracts", f"{expiries} expiries", f"{unusable} unusable" if unusable else "")
    return briefly(chain, chain.underlying, chain.as_of.isoformat(), *told)


def table(chain: OptionChain) -> str:
    """The first rows, for a notebook."""
    columns = columns_of(chain)
    return html_table(repr(chain), list(columns), list(zip(*columns.values(), strict=True)))


def columns_of(chain: OptionChain) -> dict[str, list[Any]]:
    """By column: root, expiry, strike, right (call, put), bid, ask, open_interest, iv, gamma, volume, quoted_at.

    What is missing is NaN, a time None.
    """
    seen = chain.quoted_at.tolist()
    return {
        "root": [chain.roots[code] for code in chain.root.tolist()],
        "expiry": chain.expiry.tolist(),
        "strike": chain.strike.tolist(),
        "right": ["call" if is_call else "put" for is_call in chain.is_call.tolist()],
        **{name: getattr(chain, name).tolist() for name in FIGURES},
        "quoted_at": [None if np.isnan(at) else dt.datetime.fromtimestamp(at, dt.UTC) for at in seen],
    }


def of_frame(
    frame: Any,
    *,
    underlying: str | Underlying | None = None,
    as_of: dt.datetime | None = None,
    columns: Any = None,
    preset: str | None = None,
) -> OptionChain:
    """The chain that a frame of pandas or polars shows at `as_of` (default: its newest time). Rule: OP-804.

    The frame is as `to_frame` writes it, as a vendor's table is (recognised, or named by `preset`), or mapped:
    `columns={"strike": "K", "time": "seen", ...}`, the keys of `[market.columns]`. `underlying` is a symbol; by default
    the one that the roots are of. What a row lacks or has wrong is counted in `defects`, as of any table.

    Raises:
        InvalidInput: a column that is missing or unknown, a time without a zone.
        MissingData: no row until `as_of`.
    """
    chain: OptionChain = reader("chain_from_frame")(
        frame, underlying=underlying, as_of=as_of, columns=columns, preset=preset
    )  # fmt: skip
    return chain


def of_rows(
    rows: Iterable[Mapping[str, Any]],
    *,
    underlying: str | Underlying | None = None,
    as_of: dt.datetime | None = None,
    columns: Any = None,
    preset: str | None = None,
) -> OptionChain:
    """As `from_frame`, of rows: each a mapping of column to value.

    >>> from gammacore import OptionChain
    >>> at = dt.datetime(2026, 3, 3, 15, tzinfo=dt.UTC)
    >>> call = {"expiry": "2026-03-03", "strike": 6000, "right": "call", "bid": 4.9, "ask": 5.1}
    >>> OptionChain.from_rows([call, {**call, "strike": 6005, "bid": 5.3}], underlying="SPX", as_of=at)
    <OptionChain SPX 2026-03-03T15:00:00+00:00 2 contracts 1 expiries 1 unusable>
    """
    chain: OptionChain = reader("chain_from_rows")(
        rows, underlying=underlying, as_of=as_of, columns=columns, preset=preset
    )  # fmt: skip
    return chain


def is_same(chain: OptionChain, other: object) -> bool:
    """Whether they show the same rows at the same instant; what was counted while they were read does not matter."""
    if not isinstance(other, type(chain)):
        return False
    ours, theirs = columns_of(chain), columns_of(other)
    return (chain.underlying, chain.as_of) == (other.underlying, other.as_of) and all(
        np.array_equal(ours[name], theirs[name], equal_nan=name in FIGURES) for name in ours
    )


def hash_of(chain: OptionChain) -> int:
    """Equal chains have it in common."""
    return hash((chain.underlying, chain.as_of, len(chain)))


def picture(chain: OptionChain) -> Any:
    """Open interest by strike, calls above the line and puts below, as a matplotlib figure."""
    return figure_of(chain, "chain_figure")
