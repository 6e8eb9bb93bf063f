"""CBOE tables as downloaded, against figures computed independently; and tables as they should not be."""

import datetime as dt
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from gammacore.adapters.cboe.quote_time import quoted_at
from gammacore.adapters.cboe.table import read_chain, sniff
from gammacore.domain.gex.survey import survey_gamma
from gammacore.domain.gex.units import ALL, TODAY, GreeksSource, Rates, Scope
from gammacore.domain.sessions import NEW_YORK
from gammacore.errors import InvalidInput, MissingData

FILES = [
    "SPX_2022-06-11_2047EDT.csv",
    "SPX_2022-07-12_1155EDT_intraday.csv",
    "SPX_2023-09-14_1631EDT.csv",
    "SPY_2023-09-14_1631EDT.csv",
    "XSP_2023-09-14_1630EDT.csv",
]
NO_RATES = Rates(0.0, 0.0)

HEADER = (
    "Expiration Date,Calls,Last Sale,Net,Bid,Ask,Volume,IV,Delta,Gamma,Open Interest,Strike,"
    "Puts,Last Sale,Net,Bid,Ask,Volume,IV,Delta,Gamma,Open Interest"
)
ROW = (
    "Thu Sep 14 2023,SPXW230914C04500000,6,1,5.8,6.2,10,0.11,0.6,0.02,100,4500.00,"
    "SPXW230914P04500000,2,-1,1.8,2.2,10,0.12,-0.4,0.02,200"
)
NEXT = ROW.replace("4500", "4510")
DATE = '"Date: September 14, 2023 at 10:31 AM EDT",Bid: 4504,Ask: 4506,Size: 1*1,Volume: 0'
NAME = "Standard & Poors 500 Index,Last: 4505.1001,Change:  37.66"


def table(*lines: str, ending: str = "\n") -> bytes:
    return (ending.join(lines or ("", NAME, DATE, HEADER, ROW, NEXT)) + ending).encode()


def reference(shared_data: Path, name: str) -> dict[str, Any]:
    figures: dict[str, Any] = json.loads((shared_data / "gex" / "reference_figures.json").read_text())[name]
    return figures


def check_feed(path: Path, scope: Scope, figures: dict[str, Any]) -> None:
    chain, spot = read_chain(path)
    survey = survey_gamma(chain, spot, scope=scope, greeks=GreeksSource.FEED, rates=NO_RATES)
    exposure, walls = survey.exposure, survey.walls
    tolerance = 0.0005 * (abs(figures["feed_call_bn"]) + abs(figures["feed_put_bn"]))

    assert exposure.call_total / 1e9 == pytest.approx(figures["feed_call_bn"], abs=tolerance)
    assert exposure.put_total / 1e9 == pytest.approx(figures["feed_put_bn"], abs=tolerance)
    assert exposure.net_total / 1e9 == pytest.approx(figures["feed_net_bn"], abs=tolerance)
    assert walls.call is not None
    assert walls.put is not None
    assert (walls.call.strike, walls.put.strike) == (figures["call_wall"], figures["put_wall"])
    assert exposure.strikes[exposure.net.argmax()] == figures["max_net_strike"]
    assert exposure.strikes[exposure.net.argmin()] == figures["min_net_strike"]


@pytest.mark.parametrize("name", FILES)
def test_head_of_the_table_is_read(shared_data: Path, name: str) -> None:
    figures = reference(shared_data, name)
    path = shared_data / "gex" / name

    chain, spot = read_chain(path)

    assert sniff(path.read_bytes()[:1024])
    assert float(spot) == figures["spot"]
    assert chain.as_of.astimezone(NEW_YORK).replace(tzinfo=None).isoformat() == figures["quote_time_et"]
    assert sorted(chain.roots) == figures["roots"]
    assert chain.underlying == name[:3]


@pytest.mark.parametrize("name", FILES)
def test_feed_sums_and_walls_are_the_reference_s(shared_data: Path, name: str) -> None:
    """Sums within 0.05 % of |calls| + |puts|, all expiries, expired rows left out."""
    check_feed(shared_data / "gex" / name, ALL, reference(shared_data, name))


@pytest.mark.parametrize("name", FILES)
def test_flips_are_the_reference_s(shared_data: Path, name: str) -> None:
    """Every root within 0.1 %, at no rates; AM settlement moves them a little."""
    figures = reference(shared_data, name)
    chain, spot = read_chain(shared_data / "gex" / name)

    survey = survey_gamma(chain, spot, rates=NO_RATES)

    assert survey.flips.roots == pytest.approx(figures["flip_cal"], rel=0.001)
    mass = abs(figures["feed_call_bn"]) + abs(figures["feed_put_bn"])
    assert survey.exposure.net_total / 1e9 == pytest.approx(figures["model_net_at_spot_cal_bn"], abs=0.005 * mass)


def test_the_0dte_part_of_an_intraday_table(shared_data: Path) -> None:
    name = "SPX_2022-07-12_1155EDT_intraday.csv"
    figures = reference(shared_data, name)["z"]
    check_feed(shared_data / "gex" / name, TODAY, figures)
    chain, spot = read_chain(shared_data / "gex" / name)

    survey = survey_gamma(chain, spot, scope=TODAY, rates=NO_RATES)

    assert survey.flips.roots == pytest.approx(figures["flip_cal"], rel=1e-6)
    assert survey.exposure.net_total / 1e9 == pytest.approx(figures["model_net_at_spot_cal_bn"], abs=0.001)


@pytest.mark.parametrize("name", FILES)
def test_implied_forwards_are_found_for_nearly_every_expiry(shared_data: Path, name: str) -> None:
    chain, spot = read_chain(shared_data / "gex" / name)

    exposure = survey_gamma(chain, spot).exposure

    assert exposure.implied_forwards >= exposure.series - 1
    assert exposure.used + sum(exposure.skipped.values()) == len(chain)


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize(
    "lines",
    [
        ("", NAME, DATE, HEADER, ROW),
        (NAME, DATE, HEADER, ROW),
        ("", NAME + ",,,,", DATE + ",,", HEADER + ",,", ROW + ",,", ",,,,"),
        (NAME, DATE.replace('"', ""), HEADER, ROW),
        (NAME, DATE, HEADER.replace(" ", ""), ROW),
        (
            "\ufeff" + NAME,
            DATE,
            HEADER.replace("Open Interest", "Open Int"),
            ROW.replace("Thu Sep 14 2023", "2023-09-14"),
        ),
    ],
)
def test_every_layout_seen_reads_the_same(lines: tuple[str, ...], ending: str) -> None:
    chain, spot = read_chain(table(*lines, ending=ending))

    assert spot == Decimal("4505.1001")
    assert chain.as_of == dt.datetime(2023, 9, 14, 14, 31, tzinfo=dt.UTC)
    assert chain.strike.tolist() == [4500.0, 4500.0]
    assert chain.is_call.tolist() == [True, False]
    assert (chain.bid.tolist(), chain.ask.tolist()) == ([5.8, 1.8], [6.2, 2.2])
    assert (chain.open_interest.tolist(), chain.iv.tolist()) == ([100, 200], [0.11, 0.12])
    assert chain.underlying == "SPX"


@pytest.mark.parametrize(
    "text",
    [
        "Date: September 14, 2023, 4:31 PM EDT",
        "September 14, 2023 at 4:31 PM EDT",
        "Date: 14 September 2023 at 16:31 EDT",
        "Thu Sep 14 2023 @ 16:31 ET",
        "14 Sept. 2023, 4:31 p.m. EST",
        "14/09/2023 16:31 EDT",
        "09/14/2023, 4:31:00 PM",
        "2023-09-14 16:31:00",
        "2023-09-14T20:31:00Z",
        "2023-09-14T16:31:00-04:00",
        "14 September 2023 at 15:31 CST",
        "September 14, 2023 at 3:31 PM CDT",
        "14 September 2023 at 20:31 GMT",
        "14 September 2023 at 16:31 GMT-4",
        "14 September 2023 at 22:31 UTC+02:00",
    ],
)
def test_one_instant_in_every_spelling(text: str) -> None:
    assert quoted_at(text, []) == dt.datetime(2023, 9, 14, 20, 31, tzinfo=dt.UTC)


def test_the_expiries_tell_day_from_month() -> None:
    september, december = dt.date(2023, 9, 12), dt.date(2023, 12, 9)

    assert quoted_at("12/09/2023 10:00", [september]).date() == september
    assert quoted_at("12/09/2023 10:00", [december]).date() == december
    assert quoted_at("09/09/2023 10:00", []).date() == dt.date(2023, 9, 9)
    for unknowing in ([], [dt.date(2023, 9, 14)]):
        with pytest.raises(InvalidInput, match="write the month as a word"):
            quoted_at("09/08/2023 10:00", unknowing)


@pytest.mark.parametrize(
    "text",
    ["", "yesterday", "September 31, 2023 at 4:31 PM", "September 14, 2023", "14/14/2023 10:00", "2023-09-14 25:00",
     "2023-09-14 13:00 PM"],
)  # fmt: skip
def test_a_date_that_cannot_be_known_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        quoted_at(text, [])


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("4500.00", "-4500.00", "line 5, Strike"),
        ("4500.00", "4505.00", "line 5, option symbol"),
        ("0.11", "NaN", "line 5, IV"),
        ("0.11", "-0.11", "line 5, IV"),
        ("0.11", "inf", "line 5, IV"),
        ("0.11", "n/a", "line 5, IV"),
        ("0.02,100", "-0.02,100", "line 5, Gamma"),
        ("0.02,100", "0.02,-100", "line 5, Open Interest"),
        ("0.02,100", "0.02,", "line 5, Open Interest"),
        ("5.8", "-5.8", "line 5, Bid"),
        ("6.2", "nan", "line 5, Ask"),
        ("Thu Sep 14 2023", "some day", "line 5, Expiration Date"),
        ("Thu Sep 14 2023", "Fri Sep 15 2023", "line 5, option symbol"),
        ("SPXW230914C04500000", "SPXW", "line 5, option symbol"),
        ("SPXW230914C04500000", "SPXW230914P04500000", "line 5, option symbol"),
        ("SPXW230914P04500000", "SPY230914P04500000", "option roots"),
        (",Strike", ",Price", "line 4, Strike"),
        (",IV,Delta", ",Vol,Delta", "line 4, IV of the calls"),
        (",Delta,Gamma,Open Interest,Strike", ",Delta,Gamma,Strike", "line 4, Open Interest of the calls"),
        ("Last: 4505.1001", "Last: -4505.1001", "Last"),
        ("Last: 4505.1001", "Last: 0", "Last"),
        ("Last: 4505.1001", "Last: nan", "Last"),
        ("September 14", "September 31", "quoted date"),
        ("Calls", "Rufe", "header"),
    ],
)
def test_a_bad_cell_is_named_by_file_line_and_column(tmp_path: Path, old: str, new: str, named: str) -> None:
    path = tmp_path / "spx.csv"
    path.write_bytes(table().replace(old.encode(), new.encode(), 1))

    with pytest.raises(InvalidInput) as refusal:
        read_chain(path)
    assert str(refusal.value).startswith("spx.csv: ")
    assert named in refusal.value.field


@pytest.mark.parametrize(("old", "new", "defect"), [("5.8,6.2", "6.3,6.2", "crossed"), ("5.8,6.2", ",", "missing"),
                                                     ("5.8,6.2", "0,0", "no_ask")])  # fmt: skip
def test_a_quote_that_cannot_be_used_is_counted_not_fatal(old: str, new: str, defect: str) -> None:
    chain, _ = read_chain(table().replace(old.encode(), new.encode(), 1))

    assert chain.defects == {defect: 1}
    assert len(chain) == 4


def test_a_table_cut_off_inside_a_line_is_refused() -> None:
    whole = table()
    last_line = whole.index(NEXT.encode())
    last_cell = len(whole) - len("200\n")
    for end in [*range(1, whole.index(b"200\n")), *range(last_line + 1, last_cell)]:
        with pytest.raises((InvalidInput, MissingData)):
            read_chain(whole[:end])


def test_a_real_table_cut_in_half_names_its_last_line(shared_data: Path) -> None:
    content = (shared_data / "gex" / FILES[0]).read_bytes()

    with pytest.raises(InvalidInput) as refusal:
        read_chain(content[: len(content) // 2], name="half.csv")
    assert refusal.value.field.startswith("half.csv: line ")


def test_what_is_no_table_is_refused_by_name(tmp_path: Path) -> None:
    empty, text, binary = tmp_path / "empty.csv", tmp_path / "notes.txt", tmp_path / "image.png"
    empty.write_bytes(b" \n")
    text.write_text("date,price\n2023-09-14,4505\n")
    binary.write_bytes(bytes(range(256)) * 20)

    for path, fault in ((empty, MissingData), (tmp_path / "none.csv", MissingData), (tmp_path, InvalidInput),
                        (text, InvalidInput), (binary, InvalidInput)):  # fmt: skip
        with pytest.raises(fault, match=path.name):
            read_chain(path)
    assert not sniff(text.read_bytes())
    assert not sniff(binary.read_bytes())


def test_a_header_without_contracts_is_missing_data() -> None:
    with pytest.raises(MissingData, match="no contract"):
        read_chain(table(NAME, DATE, HEADER))


BARE = "Standard & Poors 500 Index"
QUOTED = dt.datetime(2023, 9, 14, 14, 31, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    "line",
    ["Date: 9/14/2023 10:31 AM", "Date: 20230914 10:31", "14-Sep-23 10:31 EDT", '"Sep 14, 2023, 10:31:00.000 AM ET"',
     "Thursday 14 September 2023 9:31 CDT"],
)  # fmt: skip
def test_the_date_line_is_read_in_every_form(line: str) -> None:
    chain, _ = read_chain(table(NAME, line, HEADER, ROW))

    assert chain.as_of == QUOTED


@pytest.mark.parametrize(
    "line", ["Date: yesterday", "As of the close", "Date: September 14", "Date: 14.9.", "Date: June 11, 2031 10:31 AM"]
)
def test_a_date_line_that_cannot_be_read_is_shown_and_a_time_stands_in_for_it(line: str) -> None:
    content = table(NAME, f'"{line}"', HEADER, ROW)

    with pytest.raises(InvalidInput) as refusal:
        read_chain(content)
    chain, _ = read_chain(content, as_of=dt.datetime(2023, 9, 14, 10, 31))  # noqa: DTZ001 - New York's, as typed

    assert line in str(refusal.value)
    assert "--as-of" in str(refusal.value)
    assert chain.as_of == QUOTED


def test_a_time_of_day_stands_in_for_a_date_line_without_one_but_not_for_a_date() -> None:
    dated, undated = (table(NAME, f'"{line}"', HEADER, ROW) for line in ("Date: September 14, 2023", "Date: soon"))

    assert read_chain(dated, as_of=dt.time(10, 31))[0].as_of == QUOTED
    with pytest.raises(InvalidInput, match="soon"):
        read_chain(undated, as_of=dt.time(10, 31))


def test_a_table_without_a_date_line_or_a_price_takes_what_stands_in() -> None:
    content = table(BARE, HEADER, ROW)

    assert sniff(content)
    chain, spot = read_chain(content, as_of=QUOTED, spot=Decimal(4505))
    assert (chain.as_of, spot) == (QUOTED, Decimal(4505))
    with pytest.raises(InvalidInput, match=r"Last: .*--spot"):
        read_chain(content, as_of=QUOTED)
    with pytest.raises(InvalidInput, match=r"quoted date: .*--as-of"):
        read_chain(content, spot=Decimal(4505))


def test_what_stands_in_replaces_nothing_that_the_table_gives() -> None:
    chain, spot = read_chain(table(), as_of=dt.datetime(2024, 1, 1, tzinfo=dt.UTC), spot=Decimal(1))

    assert (chain.as_of, spot) == (QUOTED, Decimal("4505.1001"))


@pytest.mark.parametrize(
    ("last", "spot"),
    [
        ("Last: 4,505.10", "4505.10"),
        ("Last: $4505.10", "4505.10"),
        ('"Last: 4,505.10"', "4505.10"),
        ("Last:4505", "4505"),
    ],
)
def test_the_price_is_read_with_its_separators(last: str, spot: str) -> None:
    assert read_chain(table(f"{BARE},{last},Change: 1", DATE, HEADER, ROW))[1] == Decimal(spot)


@pytest.mark.parametrize("last", ["Last: 4505,10", "Last: 4.505.10", "Last: 4505 EUR", "Last: --"])
def test_a_price_that_could_be_two_is_refused_with_its_line(last: str) -> None:
    with pytest.raises(InvalidInput, match="Last"):
        read_chain(table(f"{BARE},{last},Change: 1", DATE, HEADER, ROW))


def test_figures_of_a_cboe_table_are_read_by_the_one_reader() -> None:
    row = (
        ROW.replace("0.11,0.6", "11%,0.6").replace(",100,4500.00", ',"2,500","4,500.00"').replace("5.8,6.2", "$5.8,N/A")
    )

    chain, _ = read_chain(table(NAME, DATE, HEADER, row))

    assert (chain.strike.tolist(), chain.open_interest.tolist()) == ([4500, 4500], [2500, 200])
    assert chain.iv.tolist() == [0.11, 0.12]
    assert chain.defects == {"missing": 1}


def test_an_ambiguous_expiry_is_settled_by_its_option_symbol() -> None:
    row = ROW.replace("Thu Sep 14 2023", "10/09/2023").replace("230914", "231009")

    assert read_chain(table(NAME, DATE, HEADER, row))[0].expiry.tolist() == [dt.date(2023, 10, 9)] * 2


def test_a_line_given_twice_counts_once_and_one_that_differs_is_refused() -> None:
    once, twice = table(NAME, DATE, HEADER, ROW, NEXT), table(NAME, DATE, HEADER, ROW, NEXT, ROW)

    chain, _ = read_chain(twice)

    assert chain.open_interest.tolist() == read_chain(once)[0].open_interest.tolist()
    assert chain.defects == {"exact_duplicate": 2}
    with pytest.raises(InvalidInput, match=r"line 6, option symbol.*another line differs"):
        read_chain(table(NAME, DATE, HEADER, ROW, NEXT, ROW.replace(",100,", ",101,")))


@pytest.mark.parametrize(
    "spelling", ["SPXW  230914{}0{}000", "O:SPXW230914{}0{}000", ".SPXW230914{}{}", "SPXW_091423{}{}"]
)
def test_a_table_may_spell_its_contracts_as_any_vendor_does(spelling: str) -> None:
    """CS-013: the same chain, whatever the spelling."""
    plain, _ = read_chain(table())
    rows = [
        ROW.replace("SPXW230914C04500000", spelling.format("C", "4500")).replace(
            "SPXW230914P04500000", spelling.format("P", "4500")
        ),
        NEXT.replace("SPXW230914C04510000", spelling.format("C", "4510")).replace(
            "SPXW230914P04510000", spelling.format("P", "4510")
        ),
    ]
    chain, _ = read_chain(table("", NAME, DATE, HEADER, *rows))
    assert chain.roots == plain.roots
    assert (chain.strike.tolist(), chain.expiry.tolist()) == (plain.strike.tolist(), plain.expiry.tolist())
