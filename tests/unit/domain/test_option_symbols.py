"""Every spelling of a contract reads back to that contract or is refused, never to another. CS-013, DH-202, DH-205."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gammacore.domain.instruments import OptionContract, Right, Side
from gammacore.domain.legs import LegFill
from gammacore.domain.option_symbols import by_contract, canonical_symbol, may_be_a_share, read_option_symbol
from gammacore.errors import InvalidInput

C495 = "SPY251230C00495000"


@pytest.mark.parametrize(
    ("text", "occ"),
    [
        pytest.param("SPY251230C00495000", C495, id="OCC compact"),
        pytest.param("SPY   251230C00495000", C495, id="OCC, 21 characters"),
        pytest.param("SPY 251230C00495000", C495, id="QuantConnect"),
        pytest.param("spy251230c00495000", C495, id="small letters"),
        pytest.param("  SPY251230C00495000\t", C495, id="stray blanks"),
        pytest.param("O:SPY251230C00495000", C495, id="Polygon"),
        pytest.param("O:SPY   251230C00495000", C495, id="Polygon, padded"),
        pytest.param("OPRA:SPY251230C495.0", C495, id="TradingView"),
        pytest.param("SPY   251230C00495000.OPRA", C495, id="Nautilus with the venue behind it"),
        pytest.param("SPY___251230C00495000", C495, id="Intrinio"),
        pytest.param("GOOGL_251230C00180000", "GOOGL251230C00180000", id="Intrinio, one sign of padding"),
        pytest.param("SPY---251230C00495000", C495, id="E*TRADE, padded by dashes"),
        pytest.param(".SPY251230C495", C495, id="thinkorswim, tastytrade"),
        pytest.param(".SPXW250117P4187.5", "SPXW250117P04187500", id="dxfeed with decimals"),
        pytest.param(".BABA2251017C145", "BABA2251017C00145000", id="dxfeed, an adjusted contract"),
        pytest.param(".BRK/B251230C495", "BRKB251230C00495000", id="dxfeed, a class of shares"),
        pytest.param("SPY_123025C495", C495, id="TD Ameritrade"),
        pytest.param("SPXW_011725P4187.5", "SPXW250117P04187500", id="TD Ameritrade with decimals"),
        pytest.param("SPY_101112C140", "SPY121011C00140000", id="TD Ameritrade: the underscore decides the date"),
        pytest.param(" -SPY251230C495", C495, id="Fidelity"),
        pytest.param("-QHD100417C32.5", "QHD100417C00032500", id="Fidelity with decimals"),
        pytest.param("SPY:2025:12:30:CALL:495.00", C495, id="E*TRADE"),
        pytest.param("SPY Dec 30 '25 $495 Call", C495, id="E*TRADE, in words"),
        pytest.param("SPY US 12/30/25 C495 Equity", C495, id="Bloomberg"),
        pytest.param("SPXW US 01/17/25 P4187.5 Index", "SPXW250117P04187500", id="Bloomberg, an index"),
        pytest.param("SPY 12/30/2025 495.00 C", C495, id="Schwab"),
        pytest.param("SPXW 12/30/2025 6,000.00 P", "SPXW251230P06000000", id="Schwab, a grouped strike"),
        pytest.param("SPY Dec 30 2025 495 Call", C495, id="in words"),
        pytest.param("SPY Dec 30, 2025 495 Put", "SPY251230P00495000", id="in words, with a comma"),
        pytest.param("SPY 12/30/2025 Call $495.00", C495, id="Robinhood"),
        pytest.param("SPY 30DEC25 495 C", C495, id="IBKR, in words"),
        pytest.param("SPY 100 30 DEC 25 495 CALL", C495, id="thinkorswim, in words"),
        pytest.param("SPX 100 (Weeklys) 30 DEC 25 6000 CALL", "SPXW251230C06000000", id="thinkorswim, a weekly root"),
        pytest.param("SPX 100 17 JAN 25 4795 CALL", "SPX250117C04795000", id="thinkorswim, the monthly root"),
        pytest.param("SPY|20251230|495.00C", C495, id="Barchart"),
        pytest.param("SPY-2025-12-30-495-C", C495, id="an ISO date"),
        pytest.param("CALL SPY 12/30/25 495", C495, id="the right first"),
        pytest.param("US.SPY251230C495000", C495, id="Futu"),
        pytest.param("SPY251230C495000.US", C495, id="Longbridge"),
        pytest.param("AMD1  251230C00100000", "AMD1251230C00100000", id="adjusted, padded"),
        pytest.param("AMD1_123025C100", "AMD1251230C00100000", id="adjusted, TD Ameritrade"),
        pytest.param(".SPY111111C140", "SPY111111C00140000", id="a date that is the same both ways round"),
    ],
)
def test_each_vendors_spelling_is_read(text: str, occ: str) -> None:
    assert read_option_symbol(text).occ == occ
    assert canonical_symbol(text) == occ


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("SPY111012C140", id="a date both ways round, and no sign that decides it"),
        pytest.param("SPY 111012 C 140", id="the same in words"),
        pytest.param("SPY111011C140", id="11 October or 10 November 2011"),
        pytest.param("SPY_251230C495", id="an underscore promises the month first"),
        pytest.param("SPY_251230C00495000", id="an underscore that pads to no six characters"),
        pytest.param("SPY--251230C00495000", id="dashes that pad to no six characters"),
        pytest.param("SPY123025C495", id="the month first without the underscore"),
        pytest.param("SPY251230C495000", id="thousandths without the sign of a vendor that writes them"),
        pytest.param("US.SPY251230C5000", id="a strike that is 5 in thousandths and 5000 in points"),
        pytest.param("SPY251230C0495", id="a strike with one leading zero"),
        pytest.param("SPY251230C495.1234", id="a strike that no listed contract has"),
        pytest.param("SPY251230C00000000", id="a strike of zero"),
        pytest.param("SPY251331C00495000", id="a month that is none"),
        pytest.param("SPY 02/30/2025 495 C", id="a day that is none"),
        pytest.param("SPY 30/12/2025 495 C", id="the day before the month"),
        pytest.param("SPY Dec 25 495 Call", id="a month without its day"),
        pytest.param("SPY Dec 30 495 Call", id="a day without its year"),
        pytest.param("SPX 100 (Quarterlys) 31 MAR 25 6000 CALL", id="an index listed in a way whose root is not known"),
        pytest.param("2SPX251230C06000000", id="a FLEX contract"),
        pytest.param("SPY25251230C00495000", id="a root that ends in two digits"),
        pytest.param("SPY251230C00495000 SPY251230P00495000", id="two contracts"),
        pytest.param("SPY 495/500 C 12/30/2025", id="a spread"),
        pytest.param("SPYC495", id="no date"),
        pytest.param("SPY_CALL", id="no date, no strike"),
        pytest.param("SPY", id="a share"),
        pytest.param("", id="nothing"),
        pytest.param("ＳＰＹ251230C00495000", id="other letters"),
        pytest.param("SPY٢٥1230C00495000", id="other digits"),
    ],
)
def test_what_could_be_two_contracts_or_is_none_is_refused(text: str) -> None:
    with pytest.raises(
        InvalidInput, match=r"^(symbol|strike): .* is not valid; (give an OCC option symbol|its expiry|give a price)"
    ):
        read_option_symbol(text)
    assert canonical_symbol(text) == text.strip()


def _points(contract: OptionContract) -> str:
    return f"{contract.strike:f}".rstrip("0").rstrip(".") if "." in f"{contract.strike:f}" else f"{contract.strike:f}"


SPELLINGS: dict[str, Callable[[OptionContract], str]] = {
    "compact": lambda c: c.occ,
    "padded": lambda c: f"{c.root:<6}{c.occ[len(c.root) :]}",
    "one blank": lambda c: f"{c.root} {c.occ[len(c.root) :]}",
    "polygon": lambda c: f"O:{c.occ}",
    "intrinio": lambda c: f"{c.root:_<6}{c.occ[len(c.root) :]}",
    "etrade key": lambda c: f"{c.root:-<6}{c.occ[len(c.root) :]}",
    "dxfeed": lambda c: f".{c.root}{c.expiry:%y%m%d}{c.right}{_points(c)}",
    "fidelity": lambda c: f" -{c.root}{c.expiry:%y%m%d}{c.right}{_points(c)}",
    "plain": lambda c: f"{c.root}{c.expiry:%y%m%d}{c.right}{_points(c)}",
    "tradingview": lambda c: f"OPRA:{c.root}{c.expiry:%y%m%d}{c.right}{c.strike:.3f}",
    "td ameritrade": lambda c: f"{c.root}_{c.expiry:%m%d%y}{c.right}{_points(c)}",
    "etrade": lambda c: f"{c.root}:{c.expiry:%Y:%m:%d}:{c.right.name}:{c.strike:.3f}",
    "bloomberg": lambda c: f"{c.root} US {c.expiry:%m/%d/%y} {c.right}{_points(c)} Equity",
    "schwab": lambda c: f"{c.root} {c.expiry:%m/%d/%Y} {c.strike:.3f} {c.right}",
    "in words": lambda c: f"{c.root} {c.expiry:%b %d %Y} {_points(c)} {c.right.name.title()}",
    "etrade words": lambda c: f"{c.root} {c.expiry:%b %d '%y} ${_points(c)} {c.right.name.title()}",
    "thinkorswim words": lambda c: f"{c.root} 100 {c.expiry:%d %b %y} {_points(c)} {c.right.name}",
    "ibkr words": lambda c: f"{c.root} {c.expiry:%d%b%y} {_points(c)} {c.right}",
    "barchart": lambda c: f"{c.root}|{c.expiry:%Y%m%d}|{c.strike:.3f}{c.right}",
    "right first": lambda c: f"{c.right.name} {c.root} {c.expiry:%m/%d/%y} {_points(c)}",
    "futu": lambda c: f"US.{c.root}{c.expiry:%y%m%d}{c.right}{int(c.strike * 1000)}",
    "longbridge": lambda c: f"{c.root}{c.expiry:%y%m%d}{c.right}{int(c.strike * 1000)}.US",
}
MAY_BE_REFUSED = {"plain", "futu", "longbridge"}
"""These have no sign that decides between two readings, so some of their contracts are refused."""

roots = st.from_regex(r"[A-Z]{1,5}[1-9]?|SPXW|NDXP|[A-Z]{6}", fullmatch=True)
strikes = st.integers(1, 99_999_999).map(lambda thousandths: Decimal(thousandths).scaleb(-3))
round_strikes = st.integers(1, 99_999).map(Decimal)
contracts = st.builds(
    lambda root, expiry, right, strike: OptionContract("?", root, expiry, right, strike),
    roots, st.dates(dt.date(2000, 1, 1), dt.date(2099, 12, 31)), st.sampled_from(Right), strikes | round_strikes,
)  # fmt: skip
near = st.builds(
    lambda root, expiry, right, strike: OptionContract("?", root, expiry, right, strike),
    roots, st.dates(dt.date(2010, 1, 1), dt.date(2032, 12, 31)), st.sampled_from(Right), strikes | round_strikes,
)  # fmt: skip


@given(contracts | near, st.sampled_from(sorted(SPELLINGS)), st.booleans())
def test_a_spelling_reads_back_to_its_contract_or_is_refused_never_to_another(
    contract: OptionContract, vendor: str, small: bool
) -> None:
    spelled = SPELLINGS[vendor](contract)
    try:
        read = read_option_symbol(spelled.lower() if small else spelled)
    except InvalidInput:
        assert vendor in MAY_BE_REFUSED, spelled
        return
    assert read.occ == contract.occ, spelled


def read_or_none(text: str) -> str | None:
    try:
        return read_option_symbol(text).occ
    except InvalidInput:
        return None


@given(st.text(st.characters(codec="ascii"), max_size=30) | st.from_regex(r"[A-Z]{1,6}.{0,3}\d{5,9}.?[CP].?[\d.]{1,9}"))
def test_whatever_text_comes_is_a_contract_or_a_refusal(text: str) -> None:
    """And what is read keeps its meaning when it is read again."""
    if (occ := read_or_none(text)) is not None:
        assert read_option_symbol(occ).occ == occ


def test_a_root_belongs_to_the_underlying_it_is_configured_for() -> None:
    """A configured root may have letters and digits that no listed one has."""
    assert read_option_symbol(".SPXW251230C6000").underlying == "SPX"
    assert read_option_symbol("O:AB12251230C00495000", {"AB12": "AB"}).underlying == "AB"
    with pytest.raises(InvalidInput):
        read_option_symbol("O:AB12251230C00495000")


def test_an_adjusted_root_is_recognised_and_never_the_standard_one() -> None:
    """CS-014: AMD1 delivers something else than 100 shares of AMD."""
    assert read_option_symbol(".AMD1251230C100").root == "AMD1"
    assert read_option_symbol(".AMD1251230C100").underlying == "AMD1"
    assert read_option_symbol(".AMD1251230C100") != read_option_symbol(".AMD251230C100")


def test_two_spellings_of_a_contract_are_one_holding() -> None:
    assert by_contract({"SPY   251230C00495000": 2, C495: -3, "SPY": 100}) == {C495: -1, "SPY": 100}


def test_a_fill_bears_the_symbol_of_our_books_however_the_broker_spells_it() -> None:
    assert LegFill("SPY   251230C00495000", Side.BUY, 1, Decimal("2.5")).symbol == C495


@pytest.mark.parametrize(
    "ticker", ["A", "SPY", "GOOGL", "BRK.B", "BRK/B", "BRK-B", "BRK B", "spy", "BAC-PL", "BAC.PR.L"]
)
def test_a_share_is_known_by_its_ticker(ticker: str) -> None:
    assert may_be_a_share(ticker)


@pytest.mark.parametrize(
    "text", ["SPYCALL", "SPY_CALL", "SPYC495", "SPY C", "SPY.P", "SPY/PUT", "SPY-CALL", "1", "ES=F"]
)
def test_what_may_be_an_option_is_no_share(text: str) -> None:
    assert not may_be_a_share(text)
