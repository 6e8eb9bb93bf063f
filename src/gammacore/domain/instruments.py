"""Underlyings, their option roots, ticks and settlement; option contracts and their OCC symbols."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from enum import StrEnum
from fractions import Fraction
from functools import cached_property, lru_cache

from attrs import evolve, field, frozen

from gammacore.domain.briefly import rules_briefly
from gammacore.domain.dollars import CENT, exact_decimal
from gammacore.domain.parameters import parameter
from gammacore.errors import InvalidInput

EQUITY_OPTION_MULTIPLIER = 100
_SYMBOL = re.compile(r"[A-Z][A-Z0-9.]{0,5}")


class Right(StrEnum):
    """What the option gives the right to do: buy (C) or sell (P) the underlying."""

    CALL = "C"
    PUT = "P"


class Side(StrEnum):
    """Buy or sell. `sign` is +1 for what we own, -1 for what we owe."""

    BUY = "buy"
    SELL = "sell"

    @property
    def sign(self) -> int:
        return 1 if self is Side.BUY else -1

    @property
    def opposite(self) -> Side:
        return Side.SELL if self is Side.BUY else Side.BUY


class Exercise(StrEnum):
    """European: at expiry only. American: any day."""

    EUROPEAN = "european"
    AMERICAN = "american"


class Settlement(StrEnum):
    """What changes hands at expiry: cash (indices) or shares (ETFs and stocks)."""

    CASH = "cash"
    PHYSICAL = "physical"


class SettlementTime(StrEnum):
    """AM contracts settle at the opening print, PM contracts at the close."""

    AM = "am"
    PM = "pm"


@frozen
class Ticks:
    """Smallest price steps in points: for orders of several legs, and for single legs below and from 3.00.

    >>> Ticks(Decimal("0.05"), Decimal("0.05"), Decimal("0.10")).single(Decimal("3.00"))
    Decimal('0.10')
    """

    complex_order: Decimal = parameter(Decimal("0.05"), "Tick of a multi-leg order, points.", above=0)
    single_low: Decimal = parameter(Decimal("0.05"), "Tick of a single leg below 3.00, points.", above=0)
    single_high: Decimal = parameter(Decimal("0.10"), "Tick of a single leg from 3.00, points.", above=0)

    def __attrs_post_init__(self) -> None:
        for name in ("complex_order", "single_low", "single_high"):
            if (tick := getattr(self, name)) % CENT != 0:
                raise InvalidInput(name, tick, f"give a multiple of {CENT}, as every price of an order is")

    def single(self, price: Decimal) -> Decimal:
        return self.single_low if price < 3 else self.single_high


def tick_floor(price: Decimal, tick: Decimal) -> Decimal:
    """The highest multiple of `tick` that is not above `price`. Rule: CS-404, CS-405.

    >>> tick_floor(Decimal("2.375"), Decimal("0.05"))
    Decimal('2.35')
    """
    return (price / tick).to_integral_value(ROUND_FLOOR) * tick


def tick_ceiling(price: Decimal, tick: Decimal) -> Decimal:
    """The lowest multiple of `tick` that is not below `price`. Rule: CS-406."""
    return (price / tick).to_integral_value(ROUND_CEILING) * tick


def round_to_multiple(value: Decimal | Fraction, increment: Decimal) -> Decimal:
    """R(x): the nearest multiple of the increment, ties to the even multiple, exactly. Rules: CS-010, CS-011.

    >>> round_to_multiple(Decimal("6072.5"), Decimal("5"))
    Decimal('6070')
    """
    above, below = value.as_integer_ratio()
    times, parts = increment.as_integer_ratio()
    whole, rest = divmod(above * parts, below * times)
    over = 2 * rest - below * times  # of twice the distance to the multiple below, what lies beyond the middle
    return (whole + (over > 0 or (over == 0 and whole % 2))) * increment


@frozen
class Underlying:
    """One line of the index registry: what the desk must know of an underlying. Rules: section 0.1, CS-009.

    `k` scales every distance in points, `credit_scale` every credit in dollars; both are exact fractions.

    >>> REGISTRY["NDX"].k, REGISTRY["NDX"].credit_scale, REGISTRY["SPY"].credit_scale
    (Fraction(5, 1), Fraction(6, 1), Fraction(1, 5))
    """

    symbol: str
    option_root: str
    exercise: Exercise
    settlement: Settlement
    k: Fraction = parameter(Fraction(1), "Scale of point distances against SPX.", above=0)
    unit: Decimal = parameter(Decimal(1), "Price and pin are rounded to this before distances are taken.", above=0)
    strike_increment: Decimal = parameter(Decimal(5), "Distance between neighbouring strikes, points.", above=0)
    base_width: Decimal = parameter(Decimal(5), "Width of a spread in calm markets, points.", above=0)
    ticks: Ticks = Ticks()
    pin_radius: Decimal = parameter(Decimal("0.015"), "Pin candidates lie nearer than this part of price.", above=0)
    top_quality_tolerance: Decimal = parameter(
        Decimal("0.25"), "Net bid-ask spread allowed for rich credits, part of the credit.", above=0
    )
    max_positions: int = parameter(3, "Positions in this underlying at most (CS-338).", at_least=1)
    max_contracts: int = parameter(10, "Contracts a trade at most (CS-023).", at_least=1)
    hedge_share: str = parameter("", "The share it is hedged with, whose bars stand in for its own; empty = none.")
    hedge_ratio: Decimal = parameter(Decimal(1), "Index points per point of the hedge share.", above=0)
    multiplier: int = parameter(EQUITY_OPTION_MULTIPLIER, "Shares (or dollars per point) a contract.", at_least=1)

    __repr__ = rules_briefly

    def __attrs_post_init__(self) -> None:
        if not _SYMBOL.fullmatch(self.symbol):
            raise InvalidInput("symbol", self.symbol, "give 1 to 6 capital letters, like SPX")
        if not re.fullmatch(r"[A-Z][A-Z0-9]{0,5}", self.option_root):
            raise InvalidInput("option_root", self.option_root, "give the root of the 0DTE contract, like SPXW")
        if self.hedge_share and not _SYMBOL.fullmatch(self.hedge_share):
            raise InvalidInput("hedge_share", self.hedge_share, "give 1 to 6 capital letters, like SPY, or none")
        if self.strike_increment * 1000 % 1 != 0:
            raise InvalidInput("strike_increment", self.strike_increment, "give at most three decimals (CS-013)")
        if self.base_width % self.strike_increment != 0:
            raise InvalidInput("base_width", self.base_width, f"give a multiple of {self.strike_increment} (CS-022)")
        if self.unit > self.strike_increment:
            raise InvalidInput("unit", self.unit, f"give at most strike_increment, {self.strike_increment} (CS-010)")
        if self.ticks.complex_order >= self.base_width:
            fix = f"give less than base_width, {self.base_width}: no credit of it fits a wider tick"
            raise InvalidInput("ticks.complex_order", self.ticks.complex_order, fix)

    @property
    def credit_scale(self) -> Fraction:
        """s = base width / 5: scales dollar amounts of credit and spread price. Rule: CS-009."""
        return Fraction(self.base_width) / 5

    @property
    def cash_settled(self) -> bool:
        return self.settlement is Settlement.CASH

    def points(self, spx_points: int | Decimal) -> Fraction:
        """A distance given for SPX, in points of this underlying (x · k). Rule: CS-009."""
        return Fraction(spx_points) * self.k

    def dollars(self, spx_credit: int | Decimal) -> Fraction:
        """A credit given for SPX, in dollars per share of this underlying (x · s). Rule: CS-009."""
        return Fraction(spx_credit) * self.credit_scale

    def round_price(self, price: Decimal) -> Decimal:
        """Price or pin rounded to `unit`, half to even, before any distance is taken. Rule: CS-010."""
        return round_to_multiple(price, self.unit)

    def strike(self, value: Decimal | Fraction) -> Decimal:
        """R(x) on this underlying's strike increment. Rule: CS-011."""
        return round_to_multiple(value, self.strike_increment)

    def contract(self, expiry: dt.date, right: Right, strike: Decimal) -> OptionContract:
        return OptionContract(self.symbol, self.option_root, expiry, right, strike)


def _strike(price: Decimal | int) -> Decimal:
    return exact_decimal("strike", price)


@frozen(order=False, cache_hash=True)
class OptionContract:
    """One listed option: underlying, root, expiry (New York date), right and strike in points.

    >>> OptionContract("SPX", "SPXW", dt.date(2025, 1, 10), Right.CALL, Decimal(6000)).occ
    'SPXW250110C06000000'
    """

    underlying: str
    root: str
    expiry: dt.date
    right: Right
    strike: Decimal = field(converter=_strike)

    def __attrs_post_init__(self) -> None:
        if not (self.strike.is_finite() and 0 < self.strike < 100_000):
            raise InvalidInput("strike", self.strike, "give a price above 0 and below 100,000 points")
        if self.strike * 1000 % 1 != 0:
            raise InvalidInput("strike", self.strike, "give at most three decimals, as an OCC symbol can hold")

    @cached_property
    def occ(self) -> str:
        """The OCC symbol without padding: root, YYMMDD, C or P, strike × 1000 in 8 digits. Rule: CS-013."""
        return f"{self.root}{self.expiry:%y%m%d}{self.right}{int(self.strike * 1000):08d}"

    def intrinsic(self, price: Decimal) -> Decimal:
        """What the contract is worth at expiry with the underlying at `price`, points."""
        gap = price - self.strike if self.right is Right.CALL else self.strike - price
        return max(gap, Decimal(0))

    def __str__(self) -> str:
        return self.occ


_OCC = re.compile(r"(?P<root>[A-Z][A-Z0-9]{0,5}) *(?P<date>\d{6})(?P<right>[CP])(?P<strike>\d{8})")


def parse_occ(symbol: str, underlying_of_root: dict[str, str] | None = None) -> OptionContract:
    """Read an OCC symbol, padded or compact; the last 15 characters are fixed. Rule: CS-013.

    Raises:
        InvalidInput: not an OCC symbol, or a date that does not exist.

    >>> parse_occ("SPY   260123C00480000").strike
    Decimal('480')
    """
    contract = _by_root(symbol)
    roots = UNDERLYING_OF_ROOT if underlying_of_root is None else underlying_of_root
    named = roots.get(contract.root, contract.root)
    return contract if named == contract.underlying else _of_underlying(symbol, named)


def contract_of(symbol: str) -> OptionContract | None:
    """The contract of an OCC symbol; None for what is no option, like a share.

    >>> contract_of("SPY260123C00480000").strike, contract_of("SPY")
    (Decimal('480'), None)
    """
    try:
        return parse_occ(symbol)
    except InvalidInput:
        return None


@lru_cache(maxsize=4096)
def _by_root(symbol: str) -> OptionContract:
    """The contract of a symbol whose root is its underlying; the same few symbols are read at every look."""
    match = _OCC.fullmatch(symbol.strip())
    if match is None:
        raise InvalidInput("symbol", symbol, "give an OCC option symbol like SPXW250110C06000000")
    root, digits = match["root"], match["date"]
    try:
        expiry = dt.date(2000 + int(digits[:2]), int(digits[2:4]), int(digits[4:]))
    except ValueError as wrong:
        raise InvalidInput("symbol", symbol, f"its expiry {digits} is no date") from wrong
    strike = Decimal(int(match["strike"])).scaleb(-3)
    strike = strike.quantize(Decimal(1)) if strike == strike.to_integral_value() else strike.normalize()
    return OptionContract(root, root, expiry, Right(match["right"]), strike)


@lru_cache(maxsize=4096)
def _of_underlying(symbol: str, underlying: str) -> OptionContract:
    return evolve(_by_root(symbol), underlying=underlying)


def _index(symbol: str, root: str, k: Fraction, *, unit: str = "1", increment: int = 5, base_width: int = 5,
           ticks: Ticks | None = None, pin_radius: str = "0.015", top: str = "0.25",
           hedge: tuple[str, str] = ("SPY", "10")) -> Underlying:  # fmt: skip
    return Underlying(
        symbol, root, Exercise.EUROPEAN, Settlement.CASH, k, Decimal(unit), Decimal(increment), Decimal(base_width),
        ticks or Ticks(), Decimal(pin_radius), Decimal(top), hedge_share=hedge[0], hedge_ratio=Decimal(hedge[1]),
    )  # fmt: skip


PENNY = Ticks(Decimal("0.01"), Decimal("0.01"), Decimal("0.01"))


def _etf(symbol: str, k: Fraction, *, pin_radius: str = "0.015") -> Underlying:
    return Underlying(
        symbol, symbol, Exercise.AMERICAN, Settlement.PHYSICAL, k, Decimal("0.1"), Decimal(1), Decimal(1),
        PENNY, Decimal(pin_radius), hedge_share=symbol, hedge_ratio=Decimal(1),
    )  # fmt: skip


REGISTRY: dict[str, Underlying] = {
    underlying.symbol: underlying
    for underlying in (
        _index("SPX", "SPXW", Fraction(1)),
        _index("NDX", "NDXP", Fraction(5), increment=10, base_width=30, pin_radius="0.02", top="0.30",
               hedge=("QQQ", "42.5")),
        _index("XSP", "XSP", Fraction(1, 10), unit="0.1", increment=1, base_width=1, ticks=PENNY, hedge=("SPY", "1")),
        _index("RUT", "RUTW", Fraction(1, 3), hedge=("IWM", "10")),
        _etf("SPY", Fraction(1, 10)),
        _etf("QQQ", Fraction(1, 12), pin_radius="0.02"),
        _etf("IWM", Fraction(1, 30)),
    )
}  # fmt: skip
"""The index registry of section 0.1; any other underlying is described by the same fields in the configuration."""


@frozen
class IndexRoot:
    """An option class of an index: whose it is, when it settles, and how it is exercised. All settle in cash."""

    underlying: str
    time: SettlementTime = SettlementTime.PM
    exercise: Exercise = Exercise.EUROPEAN
    settlement: Settlement = Settlement.CASH


_AM = SettlementTime.AM
INDEX_ROOTS: dict[str, IndexRoot] = {
    "SPX": IndexRoot("SPX", _AM), "SPXW": IndexRoot("SPX"), "SPXPM": IndexRoot("SPX"),
    "XSP": IndexRoot("XSP"),
    "NDX": IndexRoot("NDX", _AM), "NDXP": IndexRoot("NDX"), "XND": IndexRoot("XND"),
    "RUT": IndexRoot("RUT", _AM), "RUTW": IndexRoot("RUT"), "MRUT": IndexRoot("MRUT"),
    "DJX": IndexRoot("DJX", _AM), "DJXW": IndexRoot("DJX"),
    "OEX": IndexRoot("OEX", exercise=Exercise.AMERICAN), "XEO": IndexRoot("XEO"),
    "VIX": IndexRoot("VIX", _AM), "VIXW": IndexRoot("VIX", _AM),
}  # fmt: skip
"""Every root that an index's contracts are listed under. Source: the exchanges' product specifications.

SPX, NDX, RUT and DJX are the monthlies that settle at the opening print; the roots beside them (SPXPM until 2017) are
PM-settled weeklies. VIX and VIXW both settle at the opening print of their Wednesday. OEX (American) and XEO
(European) are written on one index and listed as two underlyings.
"""

UNDERLYING_OF_ROOT: dict[str, str] = {
    **{underlying.option_root: underlying.symbol for underlying in REGISTRY.values()},
    **{root: terms.underlying for root, terms in INDEX_ROOTS.items()},
}
"""The underlying of every root we know; any other root is its underlying's symbol."""


def roots_of(underlyings: Mapping[str, Underlying]) -> dict[str, str]:
    """The underlying of every option root, the registry's and those described besides. Rule: CS-571."""
    return {**UNDERLYING_OF_ROOT, **{known.option_root: symbol for symbol, known in underlyings.items()}}


def settlement_time(root: str) -> SettlementTime:
    """Whether contracts of this root settle at the open (monthlies of SPX, NDX, RUT and DJX, all VIX) or at the close.

    >>> settlement_time("SPX"), settlement_time("SPXW"), settlement_time("VIXW")
    (<SettlementTime.AM: 'am'>, <SettlementTime.PM: 'pm'>, <SettlementTime.AM: 'am'>)
    """
    known = INDEX_ROOTS.get(root)
    return SettlementTime.PM if known is None else known.time


def is_adjusted(root: str, *genuine: str) -> bool:
    """Whether a root is that of adjusted contracts, which deliver something else than a hundred shares.

    After a merger, a split or a special dividend the contracts that were open go on under their root with a digit
    behind it: AMD1, 172 shares of AMD a contract. (SPY7, ten shares, was a mini of 2013.) `genuine` are roots that are
    known to be the underlying's own all the same: its symbol, the `option_root` that is configured.

    >>> is_adjusted("AMD1"), is_adjusted("AMD"), is_adjusted("SPY7", "SPY7")
    (True, False, False)
    """
    return root[-1:].isdigit() and root not in genuine and root not in UNDERLYING_OF_ROOT


def underlying_of_adjusted(root: str) -> str:
    """Whose adjusted contracts a root is: AMD1 is of AMD."""
    bare = root.rstrip("0123456789")
    return UNDERLYING_OF_ROOT.get(bare, bare)


def whole_units(symbol: str, quantity: Decimal) -> int:
    """Signed contracts, or whole shares: parts of a share, which no desk here trades, are left out. Rule: CS-572.

    Raises:
        InvalidInput: a part of an option contract, which cannot be held.

    >>> whole_units("SPY", Decimal("100.75")), whole_units("SPY", Decimal("-0.5"))
    (100, 0)
    """
    whole = int(quantity)
    if whole != quantity and _OCC.fullmatch(symbol.strip()):
        raise InvalidInput("quantity", quantity, f"{symbol} is held in whole contracts")
    return whole
