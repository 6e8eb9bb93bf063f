"""The page: whole in itself, every trade and verdict on it, and nothing of a ledger's text taken for markup."""

import datetime as dt
import re
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from attrs import evolve

from builders import at
from builders_day import a_day, a_path, day_finished, day_started, judged, ledger_opened
from builders_gex import Row, a_chain
from builders_hedge_day import a_delivery, a_hedge_day, a_hedge_day_open
from gammacore.adapters.html_report import render_day, write_page
from gammacore.adapters.html_report.canvas import blank
from gammacore.adapters.html_report.delta_chart import _strikes
from gammacore.adapters.html_report.exposure_plot import save_exposure_plot
from gammacore.adapters.html_report.price_chart import _draw_trade, _Rows, known_prices
from gammacore.domain.gex.exposure import GammaExposure
from gammacore.domain.gex.survey import GammaSurvey, survey_gamma
from gammacore.domain.ledger import AlarmRaised, Event
from gammacore.domain.reports.day_report import DayReport, day_report
from gammacore.domain.sessions import NEW_YORK
from gammacore.domain.verdicts import Verdict
from gammacore.errors import InvalidInput

VOID = {"meta", "br", "link", "img", "use", "path", "line", "circle", "rect"}
PATH = a_path([("09:30", "6893"), ("10:00", "6900"), ("11:00", "6921.25"), ("12:30", "6915"), ("15:59", "6910")])


class Reader(HTMLParser):
    """Collects what a browser would ask for, and elements left open."""

    def __init__(self) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.open: list[str] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in ("src", "href", "xlink:href", "data", "action") and not (value or "").startswith("#"):
                self.fetched.append(value or "")
            if name == "id" and value:
                self.ids.append(value)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag


def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    return reader


def a_survey() -> GammaSurvey:
    rows = [Row(strike, strike >= 6000, 500.0 + strike % 50, iv=0.15) for strike in range(5900, 6101, 10)]
    return survey_gamma(a_chain(rows), Decimal(6003))


@pytest.mark.parametrize("exposure", [None, a_survey().exposure], ids=["without", "with exposure"])
def test_the_page_asks_nobody_for_anything(exposure: GammaExposure | None) -> None:
    """cli.md: one self-contained page."""
    page = render_day(day_report(a_day()), PATH, exposure, flips=(5990.0,))
    reader = read(page)

    assert reader.fetched == []
    assert reader.open == []
    assert len(reader.ids) == len(set(reader.ids))
    assert not re.search(r"https?:|@import|<script|url\((?!#)", page)


def test_the_page_is_the_same_for_the_same_ledger() -> None:
    assert render_day(day_report(a_day()), PATH) == render_day(day_report(a_day()), PATH)


def test_every_scheduled_entry_stands_with_each_filters_verdict() -> None:
    """CS-366."""
    page = render_day(day_report(a_day()), PATH)

    assert "skip vix_ceiling: VIX 21.3 &gt;= 20.0" in page
    assert page.count('<td class="unknown">') == 4
    assert page.count('<td class="skip decides">') == 1
    assert page.count('<td class="not_judged">') == 1


def test_the_exposure_profile_is_drawn_when_it_is_known() -> None:
    without = render_day(day_report(a_day()), PATH)
    profile = render_day(day_report(a_day()), PATH, a_survey().exposure, pin=Decimal(6010), flips=(5990.4,))

    assert "Dealer gamma" not in without
    assert "pin 6,010" in profile
    assert "flip 5,990.40" in profile


def test_text_of_the_ledger_is_never_markup() -> None:
    alarm = AlarmRaised(at("11:00"), "<script>", "<img src=x onerror=alert(1)>", "p1")
    report = evolve(day_report(a_day()), alarms=(alarm,), market='"><script>', account="<b>")

    page = render_day(report, PATH)

    assert "<script" not in page
    assert "<img" not in page


def a_quiet_day() -> DayReport:
    skip = Verdict.skip("vix_floor", "VIX 12.1", "< 13.0")
    return day_report([ledger_opened(), day_started(), judged("10:00", skip), day_finished("20000")])


def test_a_day_without_a_trade_has_a_page_that_says_why() -> None:
    page = render_day(a_quiet_day())

    assert "No trade was opened" in page
    assert "skip vix_floor: VIX 12.1 &lt; 13.0" in page


def test_a_quiet_days_picture_is_not_explained_by_what_is_not_in_it() -> None:
    assert "Diamonds are the pin at each scheduled entry." in (page := render_day(a_quiet_day(), PATH))
    assert "triangles enter" not in page


def test_a_day_before_its_first_entry_has_a_page() -> None:
    assert "No scheduled entry was reached" in render_day(day_report([ledger_opened(), day_started()]))


def test_without_prices_those_of_the_ledger_are_joined() -> None:
    report = day_report(a_day())

    assert known_prices(report)[0][1] == Decimal(6900)
    assert known_prices(report) == sorted(known_prices(report))
    assert "joins the prices the ledger holds" in render_day(report)


def test_a_half_day_ends_at_its_own_close() -> None:
    report = day_report(a_day())
    half = evolve(report, session_close=report.session_open + dt.timedelta(hours=3.5))

    assert "16:00" not in re.sub(r"<(td|th|dt)[^>]*>.*?</\1>", "", render_day(half, PATH))


def test_a_page_replaces_the_old_one_whole(tmp_path: Path) -> None:
    write_page(tmp_path / "day.html", "old")
    write_page(tmp_path / "day.html", "new")

    assert (tmp_path / "day.html").read_text() == "new"
    assert [path.name for path in tmp_path.iterdir()] == ["day.html"]


@pytest.mark.parametrize(("name", "head"), [("gex.png", b"\x89PNG"), ("gex.svg", b"<?xml")])
def test_the_profile_is_saved_as_what_its_name_says(name: str, head: bytes, tmp_path: Path) -> None:
    save_exposure_plot(tmp_path / name, a_survey(), None)

    assert (tmp_path / name).read_bytes().startswith(head)


def test_the_profile_is_dated_by_new_yorks_clock(tmp_path: Path) -> None:
    survey = a_survey()
    with matplotlib.rc_context({"svg.fonttype": "none"}):
        save_exposure_plot(tmp_path / "gex.svg", survey, None)

    at_new_york = survey.exposure.as_of.astimezone(NEW_YORK)
    assert f"SPX {at_new_york:%Y-%m-%d %H:%M} New York" in (tmp_path / "gex.svg").read_text(encoding="utf-8")


def test_strike_lines_of_a_spread_end_at_its_exit() -> None:
    """A trade of two minutes is two minutes wide."""
    report = day_report(a_day())
    trade = report.trades[0]
    assert trade.end is not None
    assert trade.sold is not None
    for minutes in (2, 60):
        short = evolve(trade, end=evolve(trade.end, at=trade.opened + dt.timedelta(minutes=minutes)))
        _, axes = blank(10, 5)
        _draw_trade(axes, report, 1, short, trade.sold, [], _Rows())

        hours = [np.asarray(line.get_xdata(), dtype=float) for line in axes.lines]
        assert [ends[1] - ends[0] for ends in hours if len(ends) == 2] == [pytest.approx(minutes / 60)] * 2


def test_strike_lines_of_a_straddle_end_when_its_last_option_is_out() -> None:
    """The calls were sold before the close, the puts held to it: at strikes of their own each ends at its own time."""
    line = day_report(a_hedge_day()).trades[0]
    close = at("16:00")
    sold = next(order.intended_at for order in line.exits if not order.ticket.is_shares)

    assert _strikes(line, close) == {600.0: close}
    assert line.entry is not None
    call = evolve(line.entry.ticket, legs=line.entry.ticket.legs[:1])
    calls = evolve(line, orders=tuple(evolve(o, ticket=call) if o is line.entry else o for o in line.orders))
    assert _strikes(calls, close) == {600.0: sold}


@pytest.mark.parametrize("events", [a_day(), a_hedge_day()], ids=["spreads", "hedges"])
def test_what_is_wider_than_a_phone_scrolls_with_a_line_that_names_it(events: list[Event]) -> None:
    """Pictures, tables and ladders stand in a box that scrolls, by keyboard too, with a line below it."""
    page = render_day(day_report(events), PATH, a_survey().exposure)

    boxes = page.count('<div class="scroll" tabindex="0">')
    assert boxes == page.count("<svg") + page.count("<table")
    assert page.count('</div><p class="more">Scroll sideways: it goes on to the right →</p>') == boxes
    assert not re.search(r"<(svg|table)", re.sub(r'<div class="scroll" tabindex="0"><(svg|table)', "", page))


def test_strikes_of_neighbouring_trades_are_written_one_below_the_other() -> None:
    """Two trades at the same strikes within the hour: two labels, both legible."""
    rows = _Rows()

    assert [rows.beyond(*label) for label in ((0.5, 5570, 10), (1.0, 5570, 10), (1.1, 5625, 5), (2.5, 5575, 10))] == [
        0, 1, 0, 0,
    ]  # fmt: skip


def test_a_picture_of_no_known_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"\.png, \.svg, \.pdf"):
        save_exposure_plot(tmp_path / "gex.doc", a_survey(), None)


def test_an_exposure_without_a_strike_near_spot_is_still_drawn() -> None:
    exposure = a_survey().exposure
    empty = np.array([])

    assert "<svg" in render_day(
        day_report(a_day()), PATH, evolve(exposure, strikes=empty, call=empty, put=empty), pin=None
    )


# -- other holdings ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("events", [a_hedge_day(), a_hedge_day_open(), a_delivery(sold=True), a_delivery(sold=False)],
                         ids=["hedged", "still held", "sold shares", "delivered shares"])  # fmt: skip
def test_a_page_of_other_holdings_is_whole_and_asks_nobody(events: list[Event]) -> None:
    reader = read(page := render_day(day_report(events)))

    assert (reader.fetched, reader.open) == ([], [])
    assert not re.search(r"https?:|@import|<script|url\((?!#)", page)


def test_the_delta_before_and_after_each_hedge_is_drawn() -> None:
    """DH-611."""
    page = render_day(day_report(a_hedge_day()), PATH)

    assert "Net delta of the 600 straddle before and after each of 2 hedges" in page
    for printed in ("±0.15", "±0.10, dealers short gamma", "strike 600", "hedge shares"):
        assert printed in page
    assert "<h2>The day</h2>" not in page


def test_a_day_of_both_kinds_shows_the_spreads_and_the_deltas() -> None:
    report = day_report(a_day())
    both = render_day(evolve(report, trades=(*report.trades, *day_report(a_hedge_day_open()).trades)), PATH)

    assert "<h2>The day</h2>" in both
    assert "Delta before and after each hedge" in both


def test_a_hedge_that_nobody_priced_is_drawn_without_a_price() -> None:
    line = day_report(a_hedge_day_open()).trades[0]
    blind = tuple(evolve(hedge, decision=evolve(hedge.decision, underlying_price=None)) for hedge in line.hedges)
    bare = evolve(line, hedges=blind, decisions=tuple(hedge.decision for hedge in blind))

    assert "<svg" in render_day(evolve(day_report(a_hedge_day_open()), trades=(bare,)))
