"""One reader of figures: what is written comes back exactly or as unreadable, never as another number."""

from __future__ import annotations

import math
from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from gammacore.domain.written_figures import Unread, read_figure, read_fraction, read_model_figure, read_plain_figure


@pytest.mark.parametrize(
    ("text", "figure"),
    [
        ("2500", "2500"), ("2,500", "2500"), ("4,750.00", "4750.00"), ("1,234,567.5", "1234567.5"), ("2_500", "2500"),
        ("2 500", "2500"), ("2'500", "2500"), ("2\u2019500", "2500"), ("2\u00a0500", "2500"), ("2\u202f500", "2500"),
        ("$742.02", "742.02"), ("$4,750.00", "4750.00"), ("US$ 742.02", "742.02"), ("742.02 USD", "742.02"),
        ("usd 5", "5"), ("(3.10)", "-3.10"), ("($1,320.00)", "-1320.00"), ("$(3.10)", "-3.10"), ("-$3.10", "-3.10"),
        ("$-3.10", "-3.10"), ("\u22123.10", "-3.10"), ("+3", "3"), (" 3 ", "3"), (".5", ".5"), ("5.", "5"),
        ("1e3", "1e3"), ("-1.5E-7", "-1.5E-7"), ("0", "0"), ("-0.0", "-0.0"), ("007", "7"),
    ],
)  # fmt: skip
def test_what_vendors_and_people_write_is_read_exactly(text: str, figure: str) -> None:
    assert read_figure(text) == Decimal(figure)


@pytest.mark.parametrize("text", ["", "  ", "-", "--", "\u2013", "\u2014", "N/A", "n/a", "NA", "#N/A", "null", "None"])
def test_a_text_without_a_figure_is_not_given_which_is_not_unreadable(text: str) -> None:
    assert read_figure(text) is Unread.NOT_GIVEN


@pytest.mark.parametrize(
    "text",
    [
        "1,23", "0,153", "0,500", "1,2345", "12,34,567", "1,234_567", "1234,567", "1.234,56", "1.234.567", ",500",
        "2,500,", "1,00,000", "25_00", "2  500", "1 23", "15.3%", "2.5K", "1.2M", "\u20ac742.02", "742 EUR", "\u00a35",
        "$$5", "$5$", "-$-5", "(-5)", "-(5)", "(5", "5)", "()", "$", "5-", "--5", "NaN", "nan", "inf", "-Infinity",
        "sNaN", "1E99", "1E15", "1000000000000000", "1E-31", "0x10", "1e", "1e1e1", "\u0661\u0662", "\uff15", "five",
        "5 5", "1" * 61, "9" * 5000, "1,5e3", "5;6", "5/8", "=5", "'2500",
    ],
)  # fmt: skip
def test_what_could_be_two_numbers_or_none_is_unreadable(text: str) -> None:
    assert read_figure(text) is Unread.UNREADABLE


@pytest.mark.parametrize(
    ("text", "whole", "figure"),
    [
        ("15.3%", "1", "0.153"), ("15.3 %", "1", "0.153"), ("15.3%", "100", "0.153"), ("15.3", "100", "0.153"),
        ("0.153", "1", "0.153"), ("1,530%", "1", "15.30"), ("-2%", "1", "-0.02"), ("0%", "1", "0"),
    ],
)  # fmt: skip
def test_percent_is_a_hundredth_where_a_fraction_is_meant(text: str, whole: str, figure: str) -> None:
    assert read_fraction(text, float(whole)) == float(figure)


@pytest.mark.parametrize("text", ["%", "$5%", "15.3%%", "N/A%", "15%3", "1,5%", "5 USD%"])
def test_a_percent_sign_beside_no_figure_is_unreadable(text: str) -> None:
    assert read_fraction(text) is Unread.UNREADABLE


@pytest.mark.parametrize("text", ["2,500", "$5", "(5)", "2_500", "5%", "NaN", "inf", "N/A", "1E99", "\u0661", "1 0"])
def test_programs_write_plain_figures_and_nothing_else(text: str) -> None:
    assert read_plain_figure(text) is Unread.UNREADABLE


def test_a_model_s_tiny_figure_is_read_as_it_is_and_an_enormous_one_is_not() -> None:
    assert read_model_figure("1.2e-40") == 1.2e-40
    assert read_model_figure("2,500") == 2500.0
    assert read_model_figure("1e40") is Unread.UNREADABLE
    assert read_model_figure("") is Unread.NOT_GIVEN


FIGURES = st.decimals(min_value=-(10**14), max_value=10**14, allow_nan=False, allow_infinity=False, places=None).filter(
    lambda figure: figure == 0 or figure.adjusted() >= -30
)
CENTS = st.decimals(min_value=-(10**12), max_value=10**12, places=2, allow_nan=False, allow_infinity=False)
SEPARATORS = st.sampled_from([",", "_", " ", "'", "\u00a0", "\u202f", "\u2019"])
DRESSES = st.sampled_from(
    ["{sign}{digits}", "{sign}${digits}", "${sign}{digits}", "{sign}{digits} USD", "US$ {sign}{digits}",
     "  {sign}{digits}\t", "{sign}$ {digits}"]
)  # fmt: skip


@given(CENTS, SEPARATORS, DRESSES, st.integers(0, 4))
def test_however_a_figure_is_dressed_it_is_read_back(figure: Decimal, separator: str, dress: str, places: int) -> None:
    figure = round(figure, places)
    digits = f"{abs(figure):,.{places}f}".replace(",", separator)
    assert read_figure(dress.format(sign="-" if figure < 0 else "", digits=digits)) == figure


@given(CENTS)
def test_parentheses_are_negative(figure: Decimal) -> None:
    assume(figure > 0)
    assert read_figure(f"({figure})") == read_figure(f"(${figure:,})") == -figure


@given(FIGURES)
def test_a_plain_figure_is_read_back_by_every_reader(figure: Decimal) -> None:
    text = str(figure)
    assume(len(text) <= 60)
    assert read_plain_figure(text) == read_figure(text) == figure
    assert read_model_figure(text) == read_fraction(text) == float(figure)


@given(CENTS)
def test_percent_is_read_back_as_a_fraction_and_never_as_a_price(figure: Decimal) -> None:
    assert read_fraction(f"{figure:,}%") == float(figure / 100)
    assert read_figure(f"{figure:,}%") is Unread.UNREADABLE


@given(CENTS)
def test_a_decimal_comma_is_unreadable_never_another_number(figure: Decimal) -> None:
    assert read_figure(f"{figure:f}".replace(".", ",")) is Unread.UNREADABLE


@given(st.text(alphabet="0123456789.,'_ $%()+-eEUSD\u00a0\u2212", max_size=14))
def test_whatever_is_written_is_a_finite_figure_or_none(text: str) -> None:
    for read in (read_figure, read_fraction, read_plain_figure, read_model_figure):
        figure = read(text)
        assert isinstance(figure, Unread) or math.isfinite(figure)
