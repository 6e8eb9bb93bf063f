"""Rows of a vendor's tables of chains, one by one: kept where they are of the day, counted by reason where not."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Iterable
from decimal import Decimal
from operator import itemgetter

from attrs import define, field, frozen

from gammacore.adapters.recorded.chain_columns import Contract, RowValues
from gammacore.adapters.recorded.columns import SIDES, ColumnMap, column_index
from gammacore.adapters.recorded.day_rows import DayRows
from gammacore.adapters.recorded.row_clock import RowClock, symbol_of
from gammacore.adapters.recorded.text_table import read_price, read_right, row_defect
from gammacore.domain.instruments import UNDERLYING_OF_ROOT, Right, is_adjusted, underlying_of_adjusted
from gammacore.domain.option_symbols import read_option_symbol
from gammacore.domain.written_dates import days_of, read_day, within_listing
from gammacore.domain.written_figures import Unread, read_fraction, read_model_figure
from gammacore.errors import InvalidInput

NOT_GIVEN = math.nan
HIGHEST_STRIKE = 100_000
"""Points; from here on a strike is a damaged cell or wants a `strike_scale`."""

FEWEST_INTEGER_DIGITS = 6
"""Digits; a whole number of so many is a price in a vendor's small units, of fewer one in points."""

ADJUSTED = "adjusted"
"""Why a row is left out whose contract delivers something else than a hundred shares: its root ends in a digit."""

OTHER_EXPIRY = "other_expiry"
"""Why a row is left out whose contract expires later than what was asked for."""

_EPOCH_DAY = dt.date(1970, 1, 1).toordinal()


@frozen
class _Side:
    """Where the figures of one contract stand in a row; `is_call` None where a column says."""

    is_call: bool | None
    at: dict[str, int | None]


_CONTRACT_ROLES = ("occ_symbol", "expiry", "right", "strike", "root")


def _cells_of(places: Iterable[int | None]) -> Callable[[list[str]], object] | None:
    """What takes the cells at these places out of a row, to be looked up; None where there are none."""
    there = [place for place in places if place is not None]
    return itemgetter(*there) if there else None


_FIGURES = ("bid", "ask", "open_interest", "iv", "gamma", "volume")


@define
class RowReader:
    """Takes the rows of one table, keeps those of a day, counts the others by reason.

    A row whose date cannot be read, or that does not fit its header, is of the day of the row before it.
    """

    columns: ColumnMap
    header: tuple[str, ...]
    day: DayRows
    day_first: bool | None = None
    named: tuple[str, str, str, str] | None = None
    clock: RowClock = field(init=False)
    at: dict[str, int | None] = field(init=False)
    _sides: tuple[_Side, ...] = field(init=False)
    _filters: list[tuple[int, str]] = field(init=False)
    _contracts: dict[tuple[object, ...], Contract | str] = field(factory=dict, init=False)
    _kept: dict[tuple[object, bool | None], Contract | str] = field(factory=dict, init=False)
    _spelled: Callable[[list[str]], object] = field(init=False)
    _symbols: dict[str, str] = field(factory=dict, init=False)
    _figures: dict[str, float | Unread] = field(factory=dict, init=False)
    _spot_cells: Callable[[list[str]], object] | None = field(init=False)
    _spot_seen: tuple[dt.datetime, object] | None = field(default=None, init=False)
    _prices: dict[str, Decimal | Unread] = field(factory=dict, init=False)
    _iv_scale: float = field(init=False)
    _is_scaled: bool = field(init=False)
    _before_was_ours: bool = field(default=True, init=False)

    def __attrs_post_init__(self) -> None:
        columns = self.columns
        self._iv_scale = float(columns.iv_scale)
        self._is_scaled = columns.price_scale != 1 or columns.integer_price_scale != 1
        self.clock = RowClock(columns, self.header, self.day_first)
        roles = ("expiry", "right", "strike", "occ_symbol", "root", "underlying", "spot", "spot_bid", "spot_ask")
        self.at = {role: self._index(role) for role in roles}
        self._spelled = _cells_of(self.at[role] for role in _CONTRACT_ROLES) or (lambda _cells: self.named)
        self._spot_cells = _cells_of(self.at[role] for role in ("spot", "spot_bid", "spot_ask"))
        if columns.is_wide:
            self._sides = tuple(
                _Side(side == "call", {figure: self._index(f"{side}_{figure}") for figure in _FIGURES})
                for side in SIDES
            )  # fmt: skip
        else:
            self._sides = (_Side(None, {figure: self._index(figure) for figure in _FIGURES}),)
        self._filters = [(column_index(self.header, name), text) for name, text in columns.filters.items()]
        self.day.chains.carry |= columns.unchanged == "carry"
        self.day.chains.own |= columns.own
        if columns.content not in self.day.maps:
            self.day.maps.append(columns.content)

    def _index(self, role: str) -> int | None:
        name = getattr(self.columns, role)
        return None if name is None else column_index(self.header, name)

    @property
    def interest_column(self) -> int | None:
        """Where open interest stands in a table that has one figure a row."""
        return self._sides[0].at["open_interest"]

    def take(self, line: int, cells: list[str]) -> bool:
        """Keep the row or count why not; whether it was of the day."""
        intake, quotes = self.day.intake, len(self._sides)
        intake.rows += quotes
        if (reason := self._unplaced(cells)) is not None:
            if reason in ("short_row", "long_row", "unreadable_time") and not self._before_was_ours:
                reason = "other_date"
            intake.count(reason, line, times=quotes)
            return False
        instant, _ = self.clock.read(cells)
        assert instant is not None
        kept = False
        for side in self._sides:
            if (reason := self._keep(line, cells, side, instant)) is not None:
                intake.count(reason, line)
            else:
                kept = True
        if kept:
            self._note_spot(instant, cells, line)
        return True

    def _unplaced(self, cells: list[str]) -> str | None:
        """Why a row is of no day, or not of this one."""
        if len(cells) != len(self.header) and (broken := row_defect(cells, self.header)) is not None:
            return broken
        if (unwanted := self.unwanted(cells)) is not None:
            self._before_was_ours &= unwanted != "other_underlying"
            return unwanted
        instant, date = self.clock.read(cells)
        if instant is None or date is None:
            return "unreadable_time"
        self.day.dates.add(date)
        self._before_was_ours = date == self.day.date or (self.columns.own and date < self.day.date)
        return None if self._before_was_ours else "other_date"

    def _keep(self, line: int, cells: list[str], side: _Side, instant: dt.datetime) -> str | None:
        """Keep one contract of the row, or say why not."""
        day, spelled = self.day, (self._spelled(cells), side.is_call)
        contract = self._kept.get(spelled)
        if contract is None:
            contract = self.contract(cells, side.is_call)
            if not isinstance(contract, str) and (misread := self._listed(contract, day.date)) is not None:
                contract = misread
            self._kept[spelled] = contract
        if isinstance(contract, str):
            if contract == ADJUSTED:
                day.chains.leave_out_adjusted(instant, (*self._contract_text(cells), str(side.is_call)))
            elif contract not in ("other_underlying", OTHER_EXPIRY):
                day.chains.note_unread(instant)
            return contract
        values, unread = self._values(cells, side, contract, instant, line)
        day.chains.append(instant, contract, values)
        if unread:
            day.chains.note_unread_quote()
        return None

    def unwanted(self, cells: list[str]) -> str | None:
        """Why a row is not asked for: it is of another underlying, or filtered out."""
        if (index := self.at["underlying"]) is not None:
            if (symbol := self._symbols.get(cells[index])) is None:
                symbol = self._symbols[cells[index]] = symbol_of(cells[index])
                self.day.underlyings.add(symbol)
            if symbol != self.day.underlying.symbol:
                return "other_underlying"
        if self._filters and any(cells[index].strip() != text.strip() for index, text in self._filters):
            return "filtered"
        return None

    def _cell(self, cells: list[str], role: str) -> str:
        index = self.at[role]
        return "" if index is None else cells[index].strip()

    def contract(self, cells: list[str], is_call: bool | None) -> Contract | str:
        """The contract's key, or the reason why it cannot be read."""
        text = self._contract_text(cells)
        if (text, is_call) not in self._contracts:
            symbol, expiry, right, strike, root = text
            by_symbol = self.at["occ_symbol"] is not None
            self._contracts[text, is_call] = (
                self._of_symbol(symbol) if by_symbol else self._of(expiry, right, strike, root, is_call)
            )
        return self._contracts[text, is_call]

    def _contract_text(self, cells: list[str]) -> tuple[str, ...]:
        if self.named is not None:
            return ("", *self.named)
        return tuple(self._cell(cells, role) for role in _CONTRACT_ROLES)

    def _is_adjusted(self, root: str) -> bool:
        return is_adjusted(root, self.day.underlying.symbol, self.day.underlying.option_root)

    def _of_symbol(self, symbol: str) -> Contract | str:
        try:
            contract = read_option_symbol(symbol)
        except InvalidInput:
            return "unreadable_occ_symbol"
        ours = self.day.underlying
        if self._is_adjusted(contract.root):
            of_ours = underlying_of_adjusted(contract.root) == ours.symbol
            self.day.underlyings.add(underlying_of_adjusted(contract.root))
            return ADJUSTED if of_ours else "other_underlying"
        self.day.underlyings.add(ours.symbol if ours.option_root == contract.root else contract.underlying)
        if ours.symbol != contract.underlying and ours.option_root != contract.root:
            return "other_underlying"
        is_call = contract.right is Right.CALL
        return self.day.chains.contract_key(contract.expiry, contract.root, is_call, float(contract.strike))

    def _of(self, expiry: str, right: str, strike: str, root: str, side: bool | None) -> Contract | str:
        root = symbol_of(root) or self.day.underlying.option_root
        if (another := self._another(root)) is not None:
            return another
        if (date := read_day(expiry, self.day_first)) is None:
            return "ambiguous_expiry" if days_of(expiry) else "unreadable_expiry"
        if (is_call := read_right(right) if side is None else side) is None:
            return "unreadable_right"
        price = read_price(strike)
        if isinstance(price, Unread) or not price / self.columns.strike_scale < HIGHEST_STRIKE:
            return "unusable_strike"
        return self.day.chains.contract_key(date, root, is_call, float(price / self.columns.strike_scale))

    def _another(self, root: str) -> str | None:
        """Why a root is not one of this underlying's. Without a column of the underlying the root says whose it is."""
        ours = self.day.underlying
        if self.at["underlying"] is not None:
            if self._is_adjusted(root):
                return ADJUSTED
            return None if UNDERLYING_OF_ROOT.get(root, ours.symbol) == ours.symbol else "other_underlying"
        if self._is_adjusted(root):
            self.day.underlyings.add(underlying_of_adjusted(root))
            return ADJUSTED if underlying_of_adjusted(root) == ours.symbol else "other_underlying"
        of = ours.symbol if root == ours.option_root else UNDERLYING_OF_ROOT.get(root, root)
        if self.at["root"] is not None:
            self.day.underlyings.add(of)
        return None if of == ours.symbol else "other_underlying"

    def _listed(self, contract: Contract, quoted: dt.date) -> str | None:
        """Why a contract is left out for its expiry: it cannot have been quoted that day, or was not asked for."""
        expiry = dt.date.fromordinal(contract[0] + _EPOCH_DAY)
        if within_listing(expiry, quoted):
            return None if self.day.until is None or expiry <= self.day.until else OTHER_EXPIRY
        return "expiry_before_quote" if expiry < quoted else "expiry_beyond_ten_years"

    def _values(
        self, cells: list[str], side: _Side, contract: Contract, instant: dt.datetime, line: int
    ) -> tuple[RowValues, bool]:
        """The figures of a contract, and whether its bid or ask is there and cannot be read."""
        bid, bid_unread = self._quoted(cells, side.at["bid"], "bid", line)
        ask, ask_unread = self._quoted(cells, side.at["ask"], "ask", line)
        if self.columns.blank_bid_is_zero and math.isnan(bid) and not bid_unread:
            bid = 0.0
        if self.columns.zero_is_none and bid == 0 and ask == 0:
            bid = ask = NOT_GIVEN
        table = self.day.interest
        if table is None:
            interest = self.interest(cells, side.at["open_interest"], line)
        else:
            interest = table(self.day.chains.root_of(contract), contract, instant.timestamp())
        iv = self._number(cells, side.at["iv"], "iv", line)
        gamma = self._number(cells, side.at["gamma"], "gamma", line)
        if iv < 0:
            self.day.intake.count("unusable_iv", line)
        if iv < 0 or not (iv > 0 or self.columns.own):
            iv, gamma = NOT_GIVEN, (gamma if gamma != 0 else NOT_GIVEN)
        return (bid, ask, interest, iv, gamma, self._volume(cells, side.at["volume"], line)), bid_unread or ask_unread

    def _quoted(self, cells: list[str], index: int | None, role: str, line: int) -> tuple[float, bool]:
        """A bid or an ask in points, NaN where there is none, and whether it is there and cannot be read."""
        assert index is not None
        columns, text = self.columns, cells[index]
        if columns.no_price is not None and text.strip() == columns.no_price:
            return NOT_GIVEN, False
        number = self._figure(text)
        if number is Unread.UNREADABLE:
            self.day.intake.count(f"unreadable_{role}", line)
            return NOT_GIVEN, True
        if not isinstance(number, float):
            return NOT_GIVEN, False
        if not self._is_scaled:
            return number, False
        scale = columns.price_scale
        digits = text.strip().lstrip("+-")
        if columns.integer_price_scale != 1 and digits.isdecimal() and len(digits) >= FEWEST_INTEGER_DIGITS:
            scale *= columns.integer_price_scale
        if scale == 1:
            return number, False
        price = read_price(text) if number > 0 else None
        return (float(price / scale) if isinstance(price, Decimal) else number / float(scale)), False

    def _volume(self, cells: list[str], index: int | None, line: int) -> float:
        """Contracts traded so far; NaN where the cell gives none: missing is not 0. Rule: SC-009."""
        volume = self._number(cells, index, "volume", line)
        if volume < 0:
            self.day.intake.count("unusable_volume", line)
            return NOT_GIVEN
        return volume

    def interest(self, cells: list[str], index: int | None, line: int) -> float:
        """Contracts; 0 where the cell gives none, NaN where it cannot be read: 2.500 may mean 2500, never 2.5."""
        not_given = NOT_GIVEN if self.columns.own else 0.0
        if index is None:
            return not_given
        interest = self._figure(cells[index])
        if isinstance(interest, float) and interest >= 0 and interest.is_integer():
            return interest
        if interest is Unread.NOT_GIVEN:
            if not self.columns.own:
                self.day.intake.count("no_open_interest", line)
            return not_given
        is_below_zero = isinstance(interest, float) and interest < 0
        self.day.intake.count("unusable_open_interest" if is_below_zero else "unreadable_open_interest", line)
        return math.nan

    def _number(self, cells: list[str], index: int | None, role: str, line: int) -> float:
        """The cell's number, NaN when it gives none; one that cannot be read is NaN too, and counted."""
        if index is None:
            return NOT_GIVEN
        number = read_fraction(cells[index], self._iv_scale) if role == "iv" else self._figure(cells[index])
        if isinstance(number, float):
            return number
        if number is Unread.UNREADABLE:
            self.day.intake.count(f"unreadable_{role}", line)
        return NOT_GIVEN

    def _figure(self, text: str) -> float | Unread:
        """The figure of a cell; each spelling is understood once."""
        if (known := self._figures.get(text)) is None:
            known = self._figures[text] = read_model_figure(text)
        return known

    def _price(self, cells: list[str], role: str, line: int) -> Decimal | None:
        text = self._cell(cells, role)
        if text not in self._prices:
            read = read_price(text)
            self._prices[text] = read / self.columns.price_scale if isinstance(read, Decimal) else read
        price = self._prices[text]
        if price is Unread.UNREADABLE:
            self.day.intake.count(f"unreadable_{role}", line)
        return price if isinstance(price, Decimal) else None

    def _note_spot(self, instant: dt.datetime, cells: list[str], line: int) -> None:
        if self._spot_cells is None or (seen := (instant, self._spot_cells(cells))) == self._spot_seen:
            return
        spot = self._price(cells, "spot", line)
        if spot is None:
            bid, ask = self._price(cells, "spot_bid", line), self._price(cells, "spot_ask", line)
            spot = None if bid is None or ask is None or bid > ask else (bid + ask) / 2
        if spot is None:
            return
        if self.day.spots.setdefault(instant, spot) != spot:
            self.day.intake.count("conflicting_spot")
            self.day.spots[instant] = spot
        self._spot_seen = seen
