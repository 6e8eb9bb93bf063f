"""Any vendor's table of chain snapshots, one row a contract and time, as a market."""

from __future__ import annotations

import datetime as dt
import math
from decimal import Decimal
from pathlib import Path

from attrs import define, field

from gammacore.adapters.recorded.chain_columns import ChainColumns, RowValues
from gammacore.adapters.recorded.columns import ColumnMap, RowClock, column_index, layout, symbol_of
from gammacore.adapters.recorded.market import Intake, RecordedMarket, Seen, Track
from gammacore.adapters.recorded.surroundings import ReplaySettings, session_words
from gammacore.adapters.recorded.text_table import content_hash, open_table, read_price, read_right, row_defect
from gammacore.domain.instruments import UNDERLYING_OF_ROOT, Right, Underlying, is_adjusted, underlying_of_adjusted
from gammacore.domain.option_symbols import read_option_symbol
from gammacore.domain.sessions import TradingSession
from gammacore.domain.written_dates import days_of, read_day, within_listing
from gammacore.domain.written_figures import Unread, read_fraction, read_model_figure
from gammacore.errors import InvalidInput, MissingData

NOT_GIVEN = math.nan
HIGHEST_STRIKE = 100_000
"""Points; from here on a strike is a damaged cell or wants a `strike_scale`."""

ADJUSTED = "adjusted"
"""Why a row is left out whose contract delivers something else than a hundred shares: its root ends in a digit."""

Contract = tuple[int, int, int, float]
_EPOCH_DAY = dt.date(1970, 1, 1).toordinal()


def read_csv_market(
    path: Path,
    underlying: Underlying,
    session: TradingSession,
    *,
    columns: ColumnMap | str | None = None,
    settings: ReplaySettings | None = None,
    previous: TradingSession | None = None,
) -> RecordedMarket:
    """The rows of one New York date and underlying, as a market.

    `columns` is a map, the name of a preset, or None to recognise a preset by the header. `previous` is the session
    before, whose close is looked up in the settings' file of closes. Rows of one contract and time that say the same
    are one; of those that differ the last holds; rows that cannot be read are left out; all are counted in the market's
    `intake`. An expiry before the day of its quote, or more than ten years after it, is a misread one. Open interest
    that is not given counts 0; what cannot be read is unknown, and of more than one row in twenty of a snapshot leaves
    that snapshot without exposure. An instant without rows is a hole and stays one. IV 0 means "not given", and so does
    gamma 0 beside it; IV may be in percent.
    Price is the table's, or the settings' price file; a table without either shows none: it is not implied from quotes.

    Raises:
        MissingData: no file, or no row of that date and underlying; what is there is named.
        InvalidInput: not a table, or a column that is missing.
    """
    settings = settings or ReplaySettings()
    with open_table(path) as table:
        columns = layout(columns, table.header, str(path))
        reader = _RowReader(columns, table.header, underlying, session.date, settings.day_first)
        for line, cells in table:
            reader.take(line, cells)
    if not len(reader.chains):
        raise MissingData(f"{path}: {reader.why_empty()}")
    tape = reader.chains.tape(reader.intake)
    step = tape.step_seconds()
    return RecordedMarket(
        underlying=underlying.symbol,
        session=session,
        chains=tape,
        spots=settings.spots(session) or reader.spot_track(),
        step_seconds=step,
        quote_age_limit=Track.constant(settings.quote_age_steps * step),
        vix=settings.vix_track(session),
        previous_close=settings.previous_close(previous),
        prints=settings.prints(session.date),
        bar_source=settings.bar_source(session, underlying.symbol),
        content=content_hash(
            path, underlying.symbol, *session_words(session, previous), columns.content, *settings.content()
        ),
        label=f"csv:{path.name}",
        intake=reader.intake,
        beside=settings.intakes(session),
    )


@define
class _RowReader:
    """Takes rows one by one, keeps those of the date and underlying, counts the others by reason."""

    columns: ColumnMap
    header: tuple[str, ...]
    underlying: Underlying
    date: dt.date
    day_first: bool | None = None
    intake: Intake = field(factory=Intake, init=False)
    chains: ChainColumns = field(init=False)
    _clock: RowClock = field(init=False)
    _at: dict[str, int | None] = field(init=False)
    _filters: list[tuple[int, str]] = field(init=False)
    _contracts: dict[tuple[str, ...], Contract | str] = field(factory=dict, init=False)
    _spots: dict[dt.datetime, Decimal] = field(factory=dict, init=False)
    _prices: dict[str, Decimal | Unread] = field(factory=dict, init=False)
    _iv_scale: float = field(init=False)
    _dates: set[dt.date] = field(factory=set, init=False)
    _underlyings: set[str] = field(factory=set, init=False)

    def __attrs_post_init__(self) -> None:
        self.chains = ChainColumns(self.underlying.symbol)
        self._iv_scale = float(self.columns.iv_scale)
        self._clock = RowClock(self.columns, self.header, self.day_first)
        roles = ("bid", "ask", "expiry", "right", "strike", "occ_symbol", "root", "underlying", "spot", "spot_bid",
                 "spot_ask", "open_interest", "iv", "gamma", "volume")  # fmt: skip
        names = {role: getattr(self.columns, role) for role in roles}
        self._at = {role: None if name is None else column_index(self.header, name) for role, name in names.items()}
        self._filters = [(column_index(self.header, name), text) for name, text in self.columns.filters.items()]

    def take(self, line: int, cells: list[str]) -> None:
        self.intake.rows += 1
        if (reason := self._keep(line, cells)) is not None:
            self.intake.count(reason, line)

    def _keep(self, line: int, cells: list[str]) -> str | None:
        """Keep the row, or say why not."""
        if (broken := row_defect(cells, self.header)) is not None:
            return broken
        if (unwanted := self._unwanted(cells)) is not None:
            return unwanted
        instant, date = self._clock.read(cells)
        if instant is None or date is None:
            return "unreadable_time"
        self._dates.add(date)
        if date != self.date:
            return "other_date"
        contract = self._contract(cells)
        if not isinstance(contract, str) and (misread := self._listed(contract, date)) is not None:
            contract = misread
        if isinstance(contract, str):
            if contract == ADJUSTED:
                self.chains.leave_out_adjusted(instant, self._contract_text(cells))
            elif contract != "other_underlying":
                self.chains.note_unread(instant)
            return contract
        self.chains.append(instant, contract, self._values(cells, line))
        self._note_spot(instant, cells, line)
        return None

    def _unwanted(self, cells: list[str]) -> str | None:
        if (index := self._at["underlying"]) is not None:
            symbol = symbol_of(cells[index])
            self._underlyings.add(symbol)
            if symbol != self.underlying.symbol:
                return "other_underlying"
        if any(cells[index].strip() != text.strip() for index, text in self._filters):
            return "filtered"
        return None

    def _cell(self, cells: list[str], role: str) -> str:
        index = self._at[role]
        return "" if index is None else cells[index].strip()

    def _contract(self, cells: list[str]) -> Contract | str:
        """The contract's key, or the reason why it cannot be read."""
        text = self._contract_text(cells)
        if text not in self._contracts:
            symbol, *parts = text
            self._contracts[text] = self._of_symbol(symbol) if self._at["occ_symbol"] is not None else self._of(*parts)
        return self._contracts[text]

    def _contract_text(self, cells: list[str]) -> tuple[str, ...]:
        return tuple(self._cell(cells, role) for role in ("occ_symbol", "expiry", "right", "strike", "root"))

    def _is_adjusted(self, root: str) -> bool:
        return is_adjusted(root, self.underlying.symbol, self.underlying.option_root)

    def _of_symbol(self, symbol: str) -> Contract | str:
        try:
            contract = read_option_symbol(symbol)
        except InvalidInput:
            return "unreadable_occ_symbol"
        if self._is_adjusted(contract.root):
            ours = underlying_of_adjusted(contract.root) == self.underlying.symbol
            return ADJUSTED if ours else "other_underlying"
        if self.underlying.symbol != contract.underlying and self.underlying.option_root != contract.root:
            return "other_underlying"
        is_call = contract.right is Right.CALL
        return self.chains.contract_key(contract.expiry, contract.root, is_call, float(contract.strike))

    def _of(self, expiry: str, right: str, strike: str, root: str) -> Contract | str:
        root = symbol_of(root) or self.underlying.option_root
        if self._is_adjusted(root):
            return ADJUSTED
        if UNDERLYING_OF_ROOT.get(root, self.underlying.symbol) != self.underlying.symbol:
            return "other_underlying"
        if (date := read_day(expiry, self.day_first)) is None:
            return "ambiguous_expiry" if days_of(expiry) else "unreadable_expiry"
        if (is_call := read_right(right)) is None:
            return "unreadable_right"
        price = read_price(strike)
        if isinstance(price, Unread) or not price / self.columns.strike_scale < HIGHEST_STRIKE:
            return "unusable_strike"
        return self.chains.contract_key(date, root, is_call, float(price / self.columns.strike_scale))

    def _listed(self, contract: Contract, quoted: dt.date) -> str | None:
        """Why a contract's expiry cannot be one that was quoted that day; None when it can."""
        expiry = dt.date.fromordinal(contract[0] + _EPOCH_DAY)
        if within_listing(expiry, quoted):
            return None
        return "expiry_before_quote" if expiry < quoted else "expiry_beyond_ten_years"

    def _values(self, cells: list[str], line: int) -> RowValues:
        bid, ask = self._number(cells, "bid", line), self._number(cells, "ask", line)
        interest = self._interest(cells, line)
        iv = self._number(cells, "iv", line)
        gamma = self._number(cells, "gamma", line)
        if iv < 0:
            self.intake.count("unusable_iv", line)
        if not iv > 0:
            iv, gamma = NOT_GIVEN, (gamma if gamma != 0 else NOT_GIVEN)
        return bid, ask, interest, iv, gamma, self._volume(cells, line)

    def _volume(self, cells: list[str], line: int) -> float:
        """Contracts traded so far; NaN where the cell gives none: missing is not 0. Rule: SC-009."""
        volume = self._number(cells, "volume", line)
        if volume < 0:
            self.intake.count("unusable_volume", line)
            return NOT_GIVEN
        return volume

    def _interest(self, cells: list[str], line: int) -> float:
        """Contracts; 0 where the cell gives none, NaN where it cannot be read: 2.500 may mean 2500, never 2.5."""
        index = self._at["open_interest"]
        if index is None:
            return 0.0
        interest = read_model_figure(cells[index])
        if isinstance(interest, float) and interest >= 0 and interest.is_integer():
            return interest
        if interest is Unread.NOT_GIVEN:
            self.intake.count("no_open_interest", line)
            return 0.0
        is_below_zero = isinstance(interest, float) and interest < 0
        self.intake.count("unusable_open_interest" if is_below_zero else "unreadable_open_interest", line)
        return math.nan

    def _number(self, cells: list[str], role: str, line: int) -> float:
        """The cell's number, NaN when it gives none; one that cannot be read is NaN too, and counted."""
        index = self._at[role]
        if index is None:
            return NOT_GIVEN
        number = read_fraction(cells[index], self._iv_scale) if role == "iv" else read_model_figure(cells[index])
        if isinstance(number, float):
            return number
        if number is Unread.UNREADABLE:
            self.intake.count(f"unreadable_{role}", line)
        return NOT_GIVEN

    def _price(self, cells: list[str], role: str, line: int) -> Decimal | None:
        text = self._cell(cells, role)
        if text not in self._prices:
            self._prices[text] = read_price(text)
        price = self._prices[text]
        if price is Unread.UNREADABLE:
            self.intake.count(f"unreadable_{role}", line)
        return price if isinstance(price, Decimal) else None

    def _note_spot(self, instant: dt.datetime, cells: list[str], line: int) -> None:
        spot = self._price(cells, "spot", line)
        if spot is None:
            bid, ask = self._price(cells, "spot_bid", line), self._price(cells, "spot_ask", line)
            spot = None if bid is None or ask is None or bid > ask else (bid + ask) / 2
        if spot is None:
            return
        if self._spots.setdefault(instant, spot) != spot:
            self.intake.count("conflicting_spot")
            self._spots[instant] = spot

    def spot_track(self) -> Track[Seen | None]:
        return Track.of((at, Seen(price, at)) for at, price in self._spots.items())

    def why_empty(self) -> str:
        if self._underlyings and self.underlying.symbol not in self._underlyings:
            return f"no rows of {self.underlying.symbol}; the table holds {', '.join(sorted(self._underlyings))}"
        if self._dates and self.date not in self._dates:
            there = sorted(self._dates)
            listed = ", ".join(map(str, there)) if len(there) < 13 else f"{len(there)} dates up to {there[-1]}"
            return f"no rows of {self.date}; the table holds {listed}"
        return f"no usable row of {self.underlying.symbol} on {self.date}: {self.intake}"
