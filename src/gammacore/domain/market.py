"""What the market shows at one instant: quotes, the option chain as columns, bars, a snapshot."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import cached_property
from typing import Any

import numpy as np
from attrs import field, fields, frozen
from numpy.typing import ArrayLike, NDArray

from gammacore.domain import chain_shown
from gammacore.domain.briefly import briefly
from gammacore.domain.columns import Bools, Codes, Dates, Floats, Rows, bools, codes, counts, dates, floats, no_rows
from gammacore.domain.dollars import exact_decimal, exact_or_none
from gammacore.domain.instruments import OptionContract, Right, Underlying
from gammacore.domain.sessions import require_aware
from gammacore.errors import InvalidInput
from gammacore.frames import Framed


def from_float(value: float) -> Decimal:
    """A Decimal with the digits a person reads in the float: 2.85 stays 2.85.

    >>> from_float(2.85), from_float(6000.0)
    (Decimal('2.85'), Decimal('6000'))
    """
    whole = int(value)
    return Decimal(whole) if whole == value else Decimal(repr(float(value)))


def quote_defect(bid: Decimal | None, ask: Decimal | None) -> str | None:
    """Why a bid and ask cannot be used, or None. Bid 0 and bid = ask are usable. Rule: CS-014.

    >>> quote_defect(Decimal("0"), Decimal("0.05")), quote_defect(Decimal("1.1"), Decimal("1.0"))
    (None, 'crossed')
    """
    if bid is None or ask is None:
        return "missing"
    if not (bid.is_finite() and ask.is_finite()):
        return "not_finite"
    if bid < 0 or ask < 0:
        return "negative"
    if ask == 0:
        return "no_ask"
    if bid > ask:
        return "crossed"
    return None


def _bid(price: Decimal | int) -> Decimal:
    return exact_decimal("bid", price)


def _ask(price: Decimal | int) -> Decimal:
    return exact_decimal("ask", price)


@frozen
class Quote:
    """A bid and an ask in points, with the instant they were quoted; only usable quotes exist. Rules: CS-014, CS-015.

    >>> Quote(Decimal("1.10"), Decimal("1.25"), dt.datetime(2026, 8, 19, 14, tzinfo=dt.UTC)).mid
    Decimal('1.175')
    """

    bid: Decimal = field(converter=_bid)
    ask: Decimal = field(converter=_ask)
    at: dt.datetime

    def __attrs_post_init__(self) -> None:
        if (defect := quote_defect(self.bid, self.ask)) is not None:
            raise InvalidInput("quote", f"{self.bid} / {self.ask} ({defect})", "give 0 <= bid <= ask and ask > 0")
        require_aware("at", self.at)

    @property
    def mid(self) -> Decimal:
        return (self.bid + self.ask) / 2

    @property
    def width(self) -> Decimal:
        return self.ask - self.bid


def share_shown(bid: Decimal | None, ask: Decimal | None, at: dt.datetime) -> Quote | str:
    """The quote of a share as a vendor shows it, or why it is unusable: a share is never bid 0. Rule: SC-008.

    >>> share_shown(Decimal("590.02"), Decimal("590.01"), dt.datetime(2026, 8, 19, 14, tzinfo=dt.UTC))
    'crossed'
    """
    if bid is None or ask is None or bid == 0:
        return "missing"
    return quote_defect(bid, ask) or Quote(bid, ask, at)


@frozen
class Bar:
    """Open, high, low and close of [start, start + seconds), points; `volume` in shares, None where it is not given."""

    start: dt.datetime
    seconds: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: int | None = field(default=None, kw_only=True)

    def __attrs_post_init__(self) -> None:
        require_aware("start", self.start)
        if self.seconds < 1:
            raise InvalidInput("seconds", self.seconds, "give at least 1 second")
        if not all(map(Decimal.is_finite, (self.open, self.high, self.low, self.close))):
            raise InvalidInput("bar", (self.open, self.high, self.low, self.close), "give finite prices")
        if not (self.low <= self.open <= self.high and self.low <= self.close <= self.high):
            raise InvalidInput("bar", (self.open, self.high, self.low, self.close), "give low <= open, close <= high")
        if self.volume is not None and self.volume < 0:
            raise InvalidInput("volume", self.volume, "give shares traded, 0 or more, or none where it is not known")

    @property
    def end(self) -> dt.datetime:
        return self.start + dt.timedelta(seconds=self.seconds)


@frozen(eq=False)
class OptionChain(Framed):
    """Every listed contract of one underlying at one instant, as columns of equal length: one value, not many.

    Shapes and units, n contracts: `strike` points (n,) > 0; `is_call` bool (n,); `expiry` datetime64[D] (n,), New York
    dates; `root` int (n,), index into `roots`; `bid`, `ask` points (n,), NaN = no quote; `open_interest` contracts (n,)
    >= 0, NaN = unknown, which is never 0; `iv` annual volatility as a fraction (n,), NaN = not given; `gamma` per share
    per point (n,), NaN = not given; `quoted_at` seconds since the epoch (n,), when the row's quote was last seen;
    `volume` contracts traded today (n,) >= 0, NaN = not given, as all are where the column is left out.

    NaN marks what is missing and nothing else; an infinity, a negative open interest, a strike that is no price or a
    row without an expiry or a known root is refused. Quotes that cannot be used (CS-014), or of which it is unknown
    when they were seen, are kept out: they become NaN and are counted in `defects` by reason.

    Raises:
        InvalidInput: columns of unequal length, or a value outside the bounds above.
    """

    underlying: str
    as_of: dt.datetime
    roots: tuple[str, ...]
    strike: Floats = field(converter=floats)
    is_call: Bools = field(converter=bools)
    expiry: Dates = field(converter=dates)
    root: Codes = field(converter=codes)
    bid: Floats = field(converter=floats)
    ask: Floats = field(converter=floats)
    open_interest: Floats = field(converter=floats)
    iv: Floats = field(converter=floats)
    gamma: Floats = field(converter=floats)
    quoted_at: Floats = field(converter=floats)
    defects: dict[str, int] = field(factory=dict, converter=counts)
    volume: Floats = field(factory=no_rows, converter=floats)

    __repr__ = chain_shown.line
    _repr_html_ = chain_shown.table
    columns = chain_shown.columns_of
    from_frame = staticmethod(chain_shown.of_frame)
    from_rows = staticmethod(chain_shown.of_rows)
    plot = chain_shown.picture
    __eq__ = chain_shown.is_same
    __hash__ = chain_shown.hash_of

    def __attrs_post_init__(self) -> None:
        require_aware("as_of", self.as_of)
        size = len(self.strike)
        if not len(self.volume):
            object.__setattr__(self, "volume", floats(np.full(size, np.nan)))
        for name in ("is_call", "expiry", "root", "bid", "ask", "open_interest", "iv", "gamma", "quoted_at", "volume"):
            if len(getattr(self, name)) != size:
                raise InvalidInput(name, f"{len(getattr(self, name))} rows", f"give {size} rows, as many as strikes")
        self._refuse(
            strike=np.isfinite(self.strike) & (self.strike > 0),
            open_interest=np.isnan(self.open_interest) | (np.isfinite(self.open_interest) & (self.open_interest >= 0)),
        )
        self._judge_quotes()
        self._refuse(
            gamma=~np.isinf(self.gamma),
            expiry=~np.isnat(self.expiry),
            root=(self.root >= 0) & (self.root < len(self.roots)),
        )
        self._keep_usable_quotes()

    def _judge_quotes(self) -> None:
        self._refuse(
            volume=np.isnan(self.volume) | ((self.volume >= 0) & np.isfinite(self.volume)),
            iv=np.isnan(self.iv) | ((self.iv >= 0) & np.isfinite(self.iv)),
            bid=~np.isinf(self.bid),
            ask=~np.isinf(self.ask),
            quoted_at=~np.isinf(self.quoted_at),
        )

    def _refuse(self, **legal: Bools) -> None:
        """Refuse the first row of the named columns that is not legal."""
        for name, rows in legal.items():
            if np.count_nonzero(rows) < len(rows):
                row = int(np.flatnonzero(~rows)[0])
                raise InvalidInput(name, f"{getattr(self, name)[row]} in row {row}", "fix or drop the row")

    def _keep_usable_quotes(self) -> None:
        usable = (self.bid >= 0) & (self.ask > 0) & (self.bid <= self.ask) & ~np.isnan(self.quoted_at)
        if np.count_nonzero(usable) < len(usable):
            self._take_out(~usable)

    def _take_out(self, unusable: Bools) -> None:
        missing = np.isnan(self.bid) | np.isnan(self.ask)
        with np.errstate(invalid="ignore"):
            checks = {
                "missing": missing,
                "negative": ~missing & ((self.bid < 0) | (self.ask < 0)),
                "no_ask": ~missing & (self.bid >= 0) & (self.ask == 0),
                "crossed": ~missing & (self.ask > 0) & (self.bid > self.ask),
            }
        checks["undated"] = np.isnan(self.quoted_at) & ~np.logical_or.reduce(list(checks.values()))
        for reason, rows in checks.items():
            if count := int(rows.sum()):
                self.defects[reason] = self.defects.get(reason, 0) + count
        for name in ("bid", "ask"):
            column = getattr(self, name).copy()
            column[unusable] = np.nan
            column.setflags(write=False)
            object.__setattr__(self, name, column)

    def __len__(self) -> int:
        return len(self.strike)

    @cached_property
    def _rows(self) -> Rows:
        names = [self.roots[code] for code in self.root.tolist()]
        expiries = np.datetime_as_string(self.expiry).tolist()
        keys = zip(names, expiries, self.is_call.tolist(), self.strike.tolist(), strict=True)
        return {key: row for row, key in enumerate(keys)}

    def with_rows(self, rows: Rows) -> OptionChain:
        """This very chain, whose rows are known already: one table serves a whole day."""
        object.__setattr__(self, "_rows", rows)
        return self

    def _of_judged(self, **columns: Any) -> OptionChain:
        """A chain of columns that were judged before, or are this one's."""
        other = object.__new__(OptionChain)
        for name in _COLUMNS:
            object.__setattr__(other, name, columns[name] if name in columns else getattr(self, name))
        return other

    @cached_property
    def _quotes(self) -> dict[OptionContract, Quote | None]:
        return {}  # what was asked for already: a few contracts, a dozen times at each look

    def row(self, contract: OptionContract) -> int | None:
        """The row of a contract, matched by root, expiry, right and strike, never by position; None when unlisted."""
        key = (contract.root, contract.expiry.isoformat(), contract.right is Right.CALL, float(contract.strike))
        return self._rows.get(key)

    def quote(self, contract: OptionContract) -> Quote | None:
        """The usable quote of a contract, None when there is none. Its age is the caller's to judge."""
        if contract in (known := self._quotes):
            return known[contract]
        return known.setdefault(contract, self._quoted(contract))

    def _quoted(self, contract: OptionContract) -> Quote | None:
        if (row := self.row(contract)) is None:
            return None
        bid, ask = float(self.bid[row]), float(self.ask[row])
        if math.isnan(bid) or math.isnan(ask):
            return None
        at = dt.datetime.fromtimestamp(float(self.quoted_at[row]), dt.UTC)
        return Quote(from_float(bid), from_float(ask), at)

    def contract(self, row: int, underlying: Underlying) -> OptionContract:
        right = Right.CALL if self.is_call[row] else Right.PUT
        strike = from_float(float(self.strike[row]))
        return OptionContract(underlying.symbol, self.roots[self.root[row]], self.expiry[row].item(), right, strike)

    def select(self, rows: NDArray[np.bool_]) -> OptionChain:
        """The chain of the rows where the mask is true; of defects only those without a usable quote are counted."""
        columns = {name: getattr(self, name)[rows] for name in _BY_ROW}
        for column in columns.values():
            column.setflags(write=False)
        missing = int(np.count_nonzero(np.isnan(columns["bid"]) | np.isnan(columns["ask"])))
        return self._of_judged(**columns, defects={"missing": missing} if missing else {})

    def without(self, rows: NDArray[np.bool_], reason: str) -> OptionChain:
        """The chain without the rows where the mask is true, which are counted among its defects for that reason."""
        rest, count = self.select(~rows), int(rows.sum())
        rest.defects.clear()  # unusable quotes were counted when they were taken out
        rest.defects.update(self.defects)
        if count:
            rest.defects[reason] = rest.defects.get(reason, 0) + count
        return rest

    def requoted(
        self,
        as_of: dt.datetime,
        bid: ArrayLike,
        ask: ArrayLike,
        iv: ArrayLike,
        quoted_at: ArrayLike,
        volume: ArrayLike | None = None,
    ) -> OptionChain:
        """The same contracts, open interest and gamma (and volume, where none is given) at other quotes."""
        given = {"bid": bid, "ask": ask, "iv": iv, "quoted_at": quoted_at}
        columns = {name: floats(column) for name, column in given.items()}
        columns["volume"] = self.volume if volume is None else floats(volume)
        for name, column in columns.items():
            if len(column) != len(self):
                raise InvalidInput(name, f"{len(column)} rows", f"give {len(self)} rows, as many as strikes")
        require_aware("as_of", as_of)
        later = self._of_judged(as_of=as_of, defects={}, **columns)
        later._judge_quotes()
        later._keep_usable_quotes()
        return later.with_rows(self._rows)  # a contract keeps its row: looked up once for all

    def expiring(self, date: dt.date, roots: Sequence[str] | None = None) -> OptionChain:
        """The contracts that expire on `date`, of the given roots (default: all)."""
        rows = self.expiry == np.datetime64(date, "D")
        if roots is not None:
            codes = [code for code, name in enumerate(self.roots) if name in roots]
            rows &= np.isin(self.root, codes)
        return self if rows.all() and not self.defects else self.select(rows)


_COLUMNS = tuple(column.name for column in fields(OptionChain))
_BY_ROW = tuple(name for name in _COLUMNS if name not in ("underlying", "as_of", "roots", "defects"))


def _spot(price: Decimal | int | None) -> Decimal | None:
    return exact_or_none("spot", price)


def _vix(points: Decimal | int | None) -> Decimal | None:
    return exact_or_none("vix", points)


def _previous_close(price: Decimal | int | None) -> Decimal | None:
    return exact_or_none("previous_close", price)


@frozen(eq=False)
class MarketSnapshot:
    """All a decision may know of the market at one instant; what is not known is None, never a guess.

    `spot` and `previous_close` in points, `vix` in VIX points. `spot_at` is when the price was seen, `vix_at` when VIX
    was (SC-108). `share` is the quote of the underlying itself where it is a share and its quote is shown (SC-007);
    `share_defect` is why one that was shown is unusable (`quote_defect`), None where it is usable or none was shown.
    `quote_age_limit` is the oldest a quote may be, seconds: 15 live, two recorded steps in replay (CS-014).
    `chain` may be given as a function that makes it: it is called when the chain is first read, and once.
    """

    at: dt.datetime
    underlying: str
    spot: Decimal | None = field(converter=_spot)
    spot_at: dt.datetime | None
    _chain: OptionChain | Callable[[], OptionChain | None] | None = field(alias="chain")
    vix: Decimal | None = field(converter=_vix)
    quote_age_limit: float = 15.0
    previous_close: Decimal | None = field(default=None, converter=_previous_close)
    share: Quote | None = None
    vix_at: dt.datetime | None = None
    share_defect: str | None = None

    def __repr__(self) -> str:
        return briefly(self, self.underlying, self.at.isoformat(), f"spot {self.spot}", f"vix {self.vix}")

    def __attrs_post_init__(self) -> None:
        require_aware("at", self.at)
        for name in ("spot", "vix", "previous_close"):
            if (value := getattr(self, name)) is not None and not (value.is_finite() and value > 0):
                raise InvalidInput(name, value, "give a finite price above 0, or nothing")

    @property
    def chain(self) -> OptionChain | None:
        """The option chain, None where none is shown."""
        chain = self._chain
        if callable(chain):
            chain = chain()
            object.__setattr__(self, "_chain", chain)
        return chain

    @property
    def has_read_chain(self) -> bool:
        """Whether the chain is at hand: given with the look, or read already."""
        return not callable(self._chain)

    def fresh(self, at: dt.datetime | None) -> bool:
        """Whether something seen at `at` may still be decided on."""
        return at is not None and (self.at - at).total_seconds() <= self.quote_age_limit

    def quote(self, contract: OptionContract) -> Quote | None:
        """The fresh, usable quote of a contract, else None. Rule: CS-014."""
        quote = None if self.chain is None else self.chain.quote(contract)
        return quote if quote is not None and self.fresh(quote.at) else None
