"""The rows of a recording as they come, and the day's chains made of them."""

from __future__ import annotations

import datetime as dt
from array import array
from collections import Counter
from itertools import pairwise
from typing import Any

import numpy as np
from attrs import define, field
from numpy.typing import NDArray

from gammacore.adapters.recorded.market import ChainTape, Intake
from gammacore.domain.columns import Codes, ContractKey, RowsOfDay
from gammacore.domain.gex.contracts import too_many_unknown
from gammacore.domain.market import OptionChain

_EPOCH_DAY = dt.date(1970, 1, 1).toordinal()
_KEYS = ("seconds", "expiry", "root", "is_call", "strike")
_VALUES = ("bid", "ask", "open_interest", "iv", "gamma", "volume")
RowValues = tuple[float, float, float, float, float, float]
"""Of one row: bid, ask, open interest, IV, gamma, volume."""


def _reals() -> array[float]:
    return array("d")


def _integers() -> array[int]:
    return array("q")


@define(eq=False)
class ChainColumns:
    """Rows as they come, one a contract and time. NaN = not given; open interest: 0 = not given, NaN = unreadable.

    Rows whose contract could not be read are counted by instant. Where they and the rows without readable open interest
    are more than one in twenty of a snapshot, no open interest of it is known: its quotes hold, its exposure does not.
    """

    underlying: str
    times: dict[float, dt.datetime] = field(factory=dict, init=False)
    roots: dict[str, int] = field(factory=dict, init=False)
    seconds: array[float] = field(factory=_reals, init=False)
    expiry: array[int] = field(factory=_integers, init=False)
    root: array[int] = field(factory=_integers, init=False)
    is_call: array[int] = field(factory=_integers, init=False)
    strike: array[float] = field(factory=_reals, init=False)
    bid: array[float] = field(factory=_reals, init=False)
    ask: array[float] = field(factory=_reals, init=False)
    open_interest: array[float] = field(factory=_reals, init=False)
    iv: array[float] = field(factory=_reals, init=False)
    gamma: array[float] = field(factory=_reals, init=False)
    volume: array[float] = field(factory=_reals, init=False)
    unread: Counter[float] = field(factory=Counter, init=False)
    adjusted: dict[float, set[tuple[str, ...]]] = field(factory=dict, init=False)

    def __len__(self) -> int:
        return len(self.seconds)

    def contract_key(self, expiry: dt.date, root: str, is_call: bool, strike: float) -> tuple[int, int, int, float]:
        code = self.roots.setdefault(root, len(self.roots))
        return (expiry.toordinal() - _EPOCH_DAY, code, int(is_call), strike)

    def append(self, at: dt.datetime, contract: tuple[int, int, int, float], values: RowValues) -> None:
        """One row: when, which contract, and its figures."""
        seconds = at.timestamp()
        self.times[seconds] = at
        self.seconds.append(seconds)
        self.expiry.append(contract[0])
        self.root.append(contract[1])
        self.is_call.append(contract[2])
        self.strike.append(contract[3])
        self.bid.append(values[0])
        self.ask.append(values[1])
        self.open_interest.append(values[2])
        self.iv.append(values[3])
        self.gamma.append(values[4])
        self.volume.append(values[5])

    def note_unread(self, at: dt.datetime) -> None:
        """One more row of this instant of which not even the contract could be read."""
        self.unread[at.timestamp()] += 1

    def leave_out_adjusted(self, at: dt.datetime, contract: tuple[str, ...]) -> None:
        """An adjusted contract was listed at that time: it counts once among the chain's defects."""
        self.adjusted.setdefault(at.timestamp(), set()).add(contract)

    def tape(self, intake: Intake) -> ChainTape:
        """The day's chains. Of rows for one contract and time the last holds; the others are counted in `intake`."""
        columns = {name: np.array(getattr(self, name)) for name in (*_KEYS, *_VALUES)}
        order = np.lexsort(tuple(columns[name] for name in reversed(_KEYS)))  # stable: file order within a key
        columns = {name: column[order] for name, column in columns.items()}
        superseded = _same(columns, _KEYS)
        exact = superseded & _same(columns, _VALUES)
        intake.count("exact_duplicate", times=int(exact.sum()))
        intake.count("conflicting_duplicate", times=int((superseded & ~exact).sum()))
        columns = {name: column[~superseded] for name, column in columns.items()}
        intake.used = len(columns["seconds"])
        instants, starts = np.unique(columns["seconds"], return_index=True)
        edges = [*starts.tolist(), intake.used]
        for (first, end), seconds in zip(pairwise(edges), instants.tolist(), strict=True):
            interest, dropped = columns["open_interest"][first:end], self.unread[seconds]
            unknown = int(np.isnan(interest).sum()) + dropped
            if too_many_unknown(unknown, len(interest) + dropped):
                interest[:] = np.nan
                intake.without_exposure += 1
        times = tuple(self.times[seconds] for seconds in instants.tolist())
        roots = tuple(self.roots)
        numbers, number_of = _numbered(columns, roots)

        def chain(index: int) -> OptionChain:
            rows = slice(edges[index], edges[index + 1])
            adjusted = len(self.adjusted.get(times[index].timestamp(), ()))
            return OptionChain(
                self.underlying, times[index], roots, columns["strike"][rows], columns["is_call"][rows],
                columns["expiry"][rows].astype("datetime64[D]"), columns["root"][rows], columns["bid"][rows],
                columns["ask"][rows], columns["open_interest"][rows], columns["iv"][rows], columns["gamma"][rows],
                columns["seconds"][rows], {"adjusted": adjusted} if adjusted else {}, columns["volume"][rows],
            ).with_rows(RowsOfDay(numbers, number_of[rows]))  # fmt: skip

        return ChainTape(times, chain)


def _numbered(columns: dict[str, NDArray[Any]], roots: tuple[str, ...]) -> tuple[dict[ContractKey, int], Codes]:
    """Every contract of a day with its number, and the number of each row's; at one instant they ascend. ST-902."""
    keys = {name: columns[name] for name in _KEYS[1:]}
    order = np.lexsort(tuple(reversed(keys.values())))
    ordered = {name: column[order] for name, column in keys.items()}
    last = ~_same(ordered, tuple(keys))
    number_of = np.empty(len(order), dtype=np.int64)
    number_of[order] = np.cumsum(last) - last
    firsts = {name: column[last].tolist() for name, column in ordered.items()}
    expiries = np.datetime_as_string(ordered["expiry"][last].astype("datetime64[D]")).tolist()
    names = zip([roots[code] for code in firsts["root"]], expiries, map(bool, firsts["is_call"]), firsts["strike"],
                strict=True)  # fmt: skip
    return {name: number for number, name in enumerate(names)}, number_of


def _same(columns: dict[str, NDArray[Any]], names: tuple[str, ...]) -> NDArray[np.bool_]:
    """True where a row equals the next one in all the named columns; NaN equals NaN."""
    size = len(columns[names[0]])
    same = np.ones(size, dtype=bool)
    same[-1:] = False
    for name in names:
        column = columns[name]
        here, following = column[:-1], column[1:]
        same[:-1] &= (here == following) | ((here != here) & (following != following))  # noqa: PLR0124 - NaN only
    return same
