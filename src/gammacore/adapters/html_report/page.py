"""One page, whole: no script, no request to anywhere, readable in light and dark."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from html import escape

from gammacore.adapters.html_report import sections
from gammacore.adapters.html_report.canvas import PAGE, blank, inline_svg
from gammacore.adapters.html_report.delta_chart import delta_chart
from gammacore.adapters.html_report.exposure_course_plot import Moment, course_chart
from gammacore.adapters.html_report.exposure_plot import SIGNS, exposure_chart
from gammacore.adapters.html_report.price_chart import Prices, hours_into, label_hours, price_chart
from gammacore.adapters.html_report.shell import picture, shell
from gammacore.domain.dollars import dollars
from gammacore.domain.gex.exposure import GammaExposure
from gammacore.domain.reports.day_report import DayReport
from gammacore.domain.reports.figures import Figure, Section, labelled
from gammacore.domain.reports.views import day_row, day_view, gain
from gammacore.domain.reports.words import title
from gammacore.domain.sessions import NEW_YORK

DELTA_CAPTION = (
    "Above: net delta in contract-deltas, a full dot before a hedge and an open one after it, a cross where none was "
    "filled; the thin line joins what was measured. Inside the band nothing is hedged. Middle: the underlying, shares "
    "bought ▲ or sold ▼. Below: hedge shares held. A hedge that crosses zero takes two orders."
)


def render_day(
    report: DayReport,
    prices: Prices = (),
    exposure: GammaExposure | None = None,
    *,
    pin: Decimal | None = None,
    flips: Sequence[float] = (),
    course: Sequence[Moment] = (),
    missing: str = "",
) -> str:
    """The report of a day as HTML.

    `prices` are the underlying's (time, points) over the day; without them the picture joins the prices the ledger
    holds. `exposure` draws the profile, with `pin` (that of the newest judgement unless given) and `flips` marked;
    without it `course` draws what was published of it through the day. `missing` stands where one lacks something.
    """
    view = day_view(report)
    parts = [
        sections.heading(view),
        sections.figures(labelled(view.figures)),
        *_day(report, prices, missing),
        _pictures(report, exposure, _last_pin(report) if pin is None else pin, flips),
        *_course(course if exposure is None else (), missing if _last_pin(report) is not None else ""),
        "<h2>Trades</h2>",
        sections.trades(view),
        "<h2>Scheduled entries</h2>",
        sections.entries(view),
        sections.signals(view),
        "<h2>Every filter</h2>",
        sections.filter_matrix(view),
        sections.notices(view),
        f"<footer>Market {escape(report.market)}, account {escape(report.account)}. P/L is gross of fees, times are "
        "New York's. A trade's stop and target are costs to close, in points.</footer>",
    ]
    return shell(f"{report.underlying} {report.date}", parts)


def render_index(reports: Sequence[DayReport]) -> str:
    """The days of a ledger as a table, newest first, each linked to DATE.html beside this page. Rule: OP-107."""
    newest_first = reports[::-1]
    rows = [
        (Figure("day", str(one.date)), *labelled(day_row(one)), gain("after fees", one.net)) for one in newest_first
    ]
    table = sections.table(Section("days", tuple(rows)), links=[f"{one.date}.html" for one in newest_first])
    heading = f"{reports[-1].account}: {len(reports)} days, {reports[0].date} to {reports[-1].date}"
    return shell(heading, [f"<h1>{escape(heading)}</h1>", f'<div class="card table">{table}</div>'])


def _day(report: DayReport, prices: Prices, missing: str) -> Iterator[str]:
    """The price with the spreads on it; where only hedged holdings were traded, their own pictures show it."""
    decided = [trade for trade in report.trades if trade.decisions]
    hedged = [trade for trade in decided if not trade.is_of_another_day(trade.decisions[-1].at)]
    if report.spreads or not hedged:
        yield "<h2>The day</h2>"
        yield picture(price_chart(report, prices), _price_caption(report, prices, missing))
    for trade in hedged:
        yield f"<h2>Delta before and after each hedge: {escape(title(trade))}</h2>"
        yield picture(delta_chart(report, trade, prices), DELTA_CAPTION)


def _pictures(
    report: DayReport, exposure: GammaExposure | None, pin: Decimal | None, flips: Sequence[float]
) -> str:  # fmt: skip
    if exposure is None and not report.spreads and len(report.equity) <= 2:
        return ""  # one booking at the end of the day is a figure, not a curve
    curve = picture(equity_chart(report, wide=exposure is None), "After every close, fees included.")
    if exposure is None:
        return f"<h2>Balance</h2>{curve}"
    at = exposure.as_of.astimezone(NEW_YORK)
    caption = (
        f"By strike, {exposure.unit.label}, scope {exposure.scope}, {exposure.sign} sign ({SIGNS[exposure.sign]}), "
        f"{at:%H:%M}."
    )
    profile = picture(exposure_chart(exposure, pin, flips), caption)
    return f'<div class="pair"><div><h2>Balance</h2>{curve}</div><div><h2>Dealer gamma</h2>{profile}</div></div>'


def _course(course: Sequence[Moment], missing: str) -> Iterator[str]:
    """Dealer gamma where the market cannot be looked at: as the loop saw it, or what is missing. Rule: OP-107."""
    if course:
        yield "<h2>Dealer gamma</h2>"
        yield picture(course_chart(course), f"As published through the day: {course[0].unit.label}.")
    elif missing:
        yield f"<h2>Dealer gamma</h2><p>Not drawn: {escape(missing)}.</p>"


def _price_caption(report: DayReport, prices: Prices, missing: str) -> str:
    marks = _marks(report)
    if report.spreads:
        marks = (
            "Bands are the sold spreads, heavy line the short strike, from entry to exit; "
            "triangles enter, squares leave, diamonds are the pin."
        )
    if prices:
        return marks
    return f"{marks} The line joins the prices the ledger holds{missing and f', for {missing}'}.".strip()


def _marks(report: DayReport) -> str:
    """What is marked where no spread was sold: entries and exits, and pins where there are any."""
    bought = "Triangles enter, squares leave." if report.trades else ""
    pins = any(entry.record.pin is not None for entry in report.scheduled)
    return f"{bought} {'Diamonds are the pin at each scheduled entry.' if pins else ''}".strip()


def _last_pin(report: DayReport) -> Decimal | None:
    return next((entry.record.pin for entry in reversed(report.scheduled) if entry.record.pin is not None), None)


FLAT = 100
"""Dollars shown either side of a balance that never moved."""


def equity_chart(report: DayReport, *, wide: bool = False) -> str:
    """The picture as inline SVG; it starts at the open and holds its last value to the close."""
    figure, axes = blank(10.6, 2.6) if wide else blank(5.6, 3.9)
    length = hours_into(report, report.session_close)
    hours = [min(max(hours_into(report, when), 0.0), length) for when, _ in report.equity] + [length]
    balances = [float(balance) for _, balance in report.equity] + [float(report.balance)]
    colour = PAGE.win if report.net >= 0 else PAGE.loss
    axes.axhline(balances[0], color=PAGE.muted, linewidth=0.8, linestyle=(0, (2, 3)))
    axes.step(hours, balances, where="post", color=colour, linewidth=1.8)
    axes.fill_between(hours, balances, balances[0], step="post", color=colour, alpha=0.12, linewidth=0)
    axes.plot(hours[1:-1], balances[1:-1], "o", color=colour, markersize=4)
    label_hours(axes, report, every=1.0 if wide else 2.0)
    axes.margins(y=0.15)
    if len(set(balances)) == 1:
        axes.set_ylim(balances[0] - FLAT, balances[0] + FLAT)
    axes.yaxis.set_major_formatter(lambda value, _: f"${value:,.0f}")
    return inline_svg(figure, "equity", f"Balance from {dollars(report.starting_balance)} to {dollars(report.balance)}")
