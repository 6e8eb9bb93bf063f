"""An option chain at a prompt, as a table, a frame and a picture: methods of `OptionChain`. Rules: OP-802, OP-803."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import numpy as np

from gammacore.domain.briefly import briefly, html_table
from gammacore.frames import to_frame
from gammacore.plots import figure_of

if TYPE_CHECKING:
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


def frame(chain: OptionChain, backend: str | None = None) -> Any:
    """Its columns as a pandas or polars frame; NaN or null is what is missing."""
    return to_frame(columns_of(chain), backend)


def picture(chain: OptionChain) -> Any:
    """Open interest by strike, calls above the line and puts below, as a matplotlib figure."""
    return figure_of(chain, "chain_figure")
