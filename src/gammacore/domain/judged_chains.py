"""Option chains whose columns were judged before they were stored: made without judging them again."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from gammacore.domain.market import OptionChain


def judged_chain(
    underlying: str,
    as_of: dt.datetime,
    roots: tuple[str, ...],
    columns: Mapping[str, NDArray[Any]],
    defects: Mapping[str, int],
    *,
    alike: OptionChain | None = None,
) -> OptionChain:
    """A chain of columns that once were a chain's: nothing is copied or checked again. Rule: ST-106.

    Every column of `OptionChain` must be given, of its type; they become read-only. `alike` is a chain of the same
    contracts in the same rows: its table of rows is shared.
    """
    chain = object.__new__(OptionChain)
    parts = {"underlying": underlying, "as_of": as_of, "roots": roots, "defects": dict(defects), **columns}
    for column in columns.values():
        if column.flags.writeable:
            column.setflags(write=False)
    for name, value in parts.items():
        object.__setattr__(chain, name, value)
    if alike is not None:
        object.__setattr__(chain, "_rows", alike._rows)
    return chain
