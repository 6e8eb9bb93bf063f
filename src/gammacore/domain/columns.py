"""Read-only columns of figures, one row a contract, and where a contract's row is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
from attrs import frozen
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Dates = NDArray[np.datetime64]
Codes = NDArray[np.int64]
ContractKey = tuple[str, str, bool, float]
"""Root, expiry as ISO date, whether it is a call, strike in points: what a row is found by."""


def floats(values: ArrayLike) -> Floats:
    return sealed(values, np.dtype(np.float64))


def bools(values: ArrayLike) -> Bools:
    return sealed(values, np.dtype(np.bool_))


def dates(values: ArrayLike) -> Dates:
    return sealed(values, np.dtype("datetime64[D]"))


def codes(values: ArrayLike) -> Codes:
    return sealed(values, np.dtype(np.int64))


def no_rows() -> Floats:
    return np.empty(0)


def counts(reasons: Mapping[str, int]) -> dict[str, int]:
    """A copy of its own: a chain counts on."""
    return dict(reasons)


def sealed(values: ArrayLike, kind: np.dtype[Any]) -> NDArray[Any]:
    """A read-only column: a copy, but of a column that is sealed already."""
    if isinstance(values, np.ndarray) and values.dtype == kind and values.base is None and not values.flags.writeable:
        return values
    column = np.array(values, dtype=kind)
    column.setflags(write=False)
    return column


class Rows(Protocol):
    """Where a contract stands in a chain."""

    def get(self, key: ContractKey, /) -> int | None:
        """Its row; None where it is not listed."""


@frozen(eq=False)
class RowsOfDay:
    """The rows of one chain of a recorded day: `numbers` has every contract of the day, once for all its chains.

    `listed` are the numbers of the contracts of this chain, ascending, in the order of its rows. Rule: ST-902.

    >>> day = {("SPXW", "2026-08-19", True, 6000.0): 4, ("SPXW", "2026-08-19", True, 6005.0): 7}
    >>> RowsOfDay(day, np.array([1, 7])).get(("SPXW", "2026-08-19", True, 6005.0))
    1
    """

    numbers: Mapping[ContractKey, int]
    listed: Codes

    def get(self, key: ContractKey, /) -> int | None:
        number = self.numbers.get(key)
        if number is None:
            return None
        row = int(np.searchsorted(self.listed, number))
        return row if row < len(self.listed) and self.listed[row] == number else None
