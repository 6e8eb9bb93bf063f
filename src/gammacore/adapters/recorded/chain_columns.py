"""A day's rows of chains as columns: the last of a contract and time holds; chains are cut out of what is left."""

from __future__ import annotations

import datetime as dt
from array import array
from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np
from attrs import define, field, frozen
from numpy.typing import NDArray

from gammacore.adapters.recorded.market import ChainTape, Intake
from gammacore.domain.columns import ContractKey, RowsOfDay
from gammacore.domain.gex.contracts import too_many_unknown
from gammacore.domain.market import OptionChain

_EPOCH_DAY = dt.date(1970, 1, 1).toordinal()
_CONTRACT = ("expiry", "root", "is_call", "strike")
_KEYS = ("seconds", "contract")
_VALUES = ("bid", "ask", "open_interest", "iv", "gamma", "volume")
Contract = tuple[int, int, int, float]
"""Expiry in days since the epoch, code of the root, 1 for a call, strike."""
_WIDTH = 2 + len(_VALUES)
RowValues = tuple[float, float, float, float, float, float]
"""Of one row: bid, ask, open interest, IV, gamma, volume."""


def _reals() -> array[float]:
    return array("d")


@define(eq=False)
class ChainColumns:
    """Rows as they come, one a contract and time. NaN = not given; open interest: 0 = not given, NaN = unreadable.

    With `carry` a contract without a row at an instant is what it was before, and its quote as old (ST-103).

    Rows whose contract could not be read are counted by instant. Where they and the rows without readable open interest
    are more than one in twenty of a snapshot, no open interest of it is known: its quotes hold, its exposure does not.
    Of our `own` tables open interest may be unknown by itself: there only rows that could not be read count.
    """

    underlying: str
    carry: bool = False
    own: bool = field(default=False, init=False)
    times: dict[float, dt.datetime] = field(factory=dict, init=False)
    _seconds: dict[dt.datetime, float] = field(factory=dict, init=False)
    roots: dict[str, int] = field(factory=dict, init=False)
    rows: array[float] = field(factory=_reals, init=False)
    codes: dict[Contract, int] = field(factory=dict, init=False)
    unread_quotes: set[int] = field(factory=set, init=False)
    unread: Counter[float] = field(factory=Counter, init=False)
    adjusted: dict[float, set[tuple[str, ...]]] = field(factory=dict, init=False)

    def __len__(self) -> int:
        return len(self.rows) // _WIDTH

    def contract_key(self, expiry: dt.date, root: str, is_call: bool, strike: float) -> Contract:
        code = self.roots.setdefault(root, len(self.roots))
        return (expiry.toordinal() - _EPOCH_DAY, code, int(is_call), strike)

    def root_of(self, contract: Contract) -> str:
        """The root a contract's code stands for."""
        return next(root for root, code in self.roots.items() if code == contract[1])

    def append(self, at: dt.datetime, contract: Contract, values: RowValues) -> None:
        """One row: when, which contract, and its figures."""
        if (seconds := self._seconds.get(at)) is None:
            seconds = self._seconds[at] = at.timestamp()
            self.times[seconds] = at
        code = self.codes.setdefault(contract, len(self.codes))
        self.rows.extend((seconds, code, *values))

    def note_unread_quote(self) -> None:
        """The row appended last has a bid or an ask that cannot be read: it counts as unreadable, not as missing."""
        self.unread_quotes.add(len(self) - 1)

    def note_unread(self, at: dt.datetime) -> None:
        """One more row of this instant of which not even the contract could be read."""
        self.unread[at.timestamp()] += 1

    def leave_out_adjusted(self, at: dt.datetime, contract: tuple[str, ...]) -> None:
        """An adjusted contract was listed at that time: it counts once among the chain's defects."""
        self.adjusted.setdefault(at.timestamp(), set()).add(contract)

    def settled(self, intake: Intake) -> SettledRows:
        """The rows that hold, by instant and contract; the others are counted in `intake`."""
        table = np.array(self.rows).reshape(-1, _WIDTH).T
        code = table[1].astype(np.int64)
        contracts = np.array(list(self.codes), dtype=np.float64).reshape(-1, len(_CONTRACT))
        by_contract = np.lexsort(contracts.T[::-1])
        rank = np.empty(len(contracts), dtype=np.int64)
        rank[by_contract] = np.arange(len(contracts))
        columns: dict[str, NDArray[Any]] = {"seconds": table[0], "contract": rank[code]}
        columns |= dict(zip(_VALUES, table[2:], strict=True))
        for name, column in zip(_CONTRACT, contracts.T, strict=True):
            columns[name] = column[code] if name == "strike" else column[code].astype(np.int64)
        order = np.lexsort((columns["contract"], columns["seconds"]))  # stable: file order within a key
        columns = {name: column[order] for name, column in columns.items()}
        superseded = _same(columns, _KEYS)
        exact = superseded & _same(columns, _VALUES)
        intake.count("exact_duplicate", times=int(exact.sum()))
        intake.count("conflicting_duplicate", times=int((superseded & ~exact).sum()))
        columns = {name: column[~superseded] for name, column in columns.items()}
        intake.used = len(columns["seconds"])
        unread = np.isin(order[~superseded], np.fromiter(self.unread_quotes, dtype=np.int64))
        roots = tuple(self.roots)
        numbers = {
            (roots[root], str(np.datetime64(expiry, "D")), bool(is_call), strike): int(rank[code])
            for (expiry, root, is_call, strike), code in self.codes.items()
        }
        return SettledRows(columns, unread, numbers, self.carry)

    def tape(self, intake: Intake) -> ChainTape:
        """The day's chains. Of rows for one contract and time the last holds; the others are counted in `intake`."""
        settled = self.settled(intake)
        columns, instants = settled.columns, settled.instants
        intake.quality, intake.contracts = settled.quality(), settled.contracts
        unknown_at = set()
        for index in range(len(instants)):
            if too_many_unknown(*self._unknown(settled, settled.rows(index), index)):
                unknown_at.add(index)
                intake.without_exposure += 1
        times = tuple(self.times[seconds] for seconds in instants.tolist())

        def chain(index: int) -> OptionChain:
            rows = settled.rows(index)
            adjusted = len(self.adjusted.get(times[index].timestamp(), ()))
            shown = self._shown(
                settled, rows, times[index], {"adjusted": adjusted} if adjusted else {}, index in unknown_at
            )
            return shown.with_rows(RowsOfDay(settled.numbers, columns["contract"][rows]))

        return ChainTape(times, chain)

    def _shown(
        self,
        settled: SettledRows,
        rows: slice | NDArray[np.int64],
        as_of: dt.datetime,
        defects: dict[str, int],
        is_interest_unknown: bool,
    ) -> OptionChain:
        columns = {name: column[rows] for name, column in settled.columns.items()}
        interest, seconds = columns["open_interest"], columns["seconds"]
        return OptionChain(
            self.underlying, as_of, tuple(self.roots), columns["strike"], columns["is_call"],
            columns["expiry"].astype("datetime64[D]"), columns["root"], columns["bid"], columns["ask"],
            np.full(len(interest), np.nan) if is_interest_unknown else interest, columns["iv"], columns["gamma"],
            np.where(seconds == 0, np.nan, seconds) if self.own else seconds, defects, columns["volume"],
        )  # fmt: skip

    def chain_as_of(self, as_of: dt.datetime, intake: Intake) -> OptionChain | None:
        """The chain at one instant, its rows in the order they came in; None before the first. Rule: OP-804.

        What the intake counted is among its defects; rows from after the instant are not shown and counted. A row of
        the second 0 is one that says of no time.
        """
        settled = self.settled(intake)
        seconds, contract = settled.columns["seconds"], settled.columns["contract"]
        intake.count("later_than_as_of", times=int((seconds > as_of.timestamp()).sum()))
        index = int(np.searchsorted(settled.instants, as_of.timestamp(), side="right")) - 1
        if index < 0:
            return None
        rows = np.arange(len(seconds))[settled.rows(index)]
        came = np.argsort(list(settled.numbers.values()))  # numbers are in the order in which contracts came
        rows = rows[np.argsort(came[contract[rows]])]
        is_unknown = too_many_unknown(*self._unknown(settled, rows, index))
        return self._shown(settled, rows, as_of, intake.reasons, is_unknown)

    def _unknown(self, settled: SettledRows, rows: slice | NDArray[np.int64], index: int) -> tuple[int, int]:
        """How many rows of an instant have no open interest that could be read, and of how many."""
        interest = settled.columns["open_interest"][rows]
        dropped = self.unread.total() if self.own else self.unread[float(settled.instants[index])]
        return (0 if self.own else int(np.isnan(interest).sum())) + dropped, len(interest) + dropped


@frozen(eq=False)
class SettledRows:
    """Rows in the order of instants and contracts, one of each; which of them form the chain of an instant.

    `numbers` has every contract of the day with its number in the column `contract`.
    """

    columns: dict[str, NDArray[Any]]
    unread: NDArray[np.bool_]
    numbers: Mapping[ContractKey, int]
    carry: bool = False
    instants: NDArray[np.float64] = field(init=False)
    _edges: list[int] = field(init=False)
    _by_contract: NDArray[np.int64] = field(init=False)
    _stamps: NDArray[np.int64] = field(init=False)

    def __attrs_post_init__(self) -> None:
        seconds = self.columns["seconds"]
        instants, starts = np.unique(seconds, return_index=True)
        stamps = self.columns["contract"] * len(instants) + np.searchsorted(instants, seconds)
        order = np.argsort(stamps)
        object.__setattr__(self, "instants", instants)
        object.__setattr__(self, "_edges", [*starts.tolist(), len(seconds)])
        object.__setattr__(self, "_by_contract", order)
        object.__setattr__(self, "_stamps", stamps[order])

    @property
    def contracts(self) -> int:
        """How many contracts the day has."""
        return len(self.numbers)

    def rows(self, index: int) -> slice | NDArray[np.int64]:
        """The rows of one instant; carried, the newest row of every contract until then."""
        if not self.carry:
            return slice(self._edges[index], self._edges[index + 1])
        each, size = np.arange(self.contracts), len(self.instants)
        newest = np.searchsorted(self._stamps, each * size + index, side="right") - 1
        known = (newest >= 0) & (self._stamps[newest] // size == each)
        carried: NDArray[np.int64] = self._by_contract[newest[known]]
        return carried

    def quality(self) -> dict[str, int]:
        """How many rows have a quote that cannot be used, by reason, and how many nobody bids for. Rule: ST-109."""
        bid, ask = self.columns["bid"], self.columns["ask"]
        missing = np.isnan(bid) | np.isnan(ask)
        negative = ~missing & ((bid < 0) | (ask < 0))
        no_ask = ~missing & (bid >= 0) & (ask == 0)
        crossed = ~missing & (bid > ask) & (ask > 0)
        counts = {
            "unreadable": missing & self.unread, "crossed": crossed & ~negative, "no_ask": no_ask,
            "negative": negative, "missing": missing & ~self.unread, "no_bid": ~missing & (bid == 0) & (ask > 0),
        }  # fmt: skip
        found = {reason: int(rows.sum()) for reason, rows in counts.items()}
        return {reason: count for reason, count in found.items() if count}


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
