"""Reports as JSON: a day, a ledger, and what is held now (cli.md)."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, assert_never

from cattrs import Converter

from gammacore.domain.book.book import Book
from gammacore.domain.dated_table import DATES_NOT_KNOWN
from gammacore.domain.holding_events import BookGreeks
from gammacore.domain.legs import Leg, ShareLeg
from gammacore.domain.reports.book_views import book_sections
from gammacore.domain.reports.day_report import DayReport, drawdown_of, trades_of
from gammacore.domain.reports.figures import Figure, Section, Unit
from gammacore.domain.reports.scalp_views import is_scalping, signals_section
from gammacore.domain.reports.trade_figures import Drawdown, TradeFigures, by_strategy
from gammacore.domain.reports.trade_views import Line, trade_figures
from gammacore.domain.reports.views import DayView, day_row, day_view, statistics
from gammacore.domain.verdicts import FilterVerdict
from gammacore_cli.json_values import Document, clock, fill_price, leg, money, number

if TYPE_CHECKING:
    from gammacore.wiring import LedgerPlace


def trade_document(report: DayReport, ledger: LedgerPlace) -> Document:
    """A trading day as `gammacore trade --json` prints it."""
    view = day_view(report)
    sections = {section.key: rows(section) for section in view.sections}
    return {**document(view.figures), **sections, "ledger": str(ledger)}


def journal_document(reports: Sequence[DayReport], ledger: LedgerPlace) -> Document:
    """Every trade once, as it last stood, and every scheduled entry; each line says whose money it was. CS-609."""
    modes = {trade.id: report.mode.value for report in reports for trade in report.trades}
    views = [day_view(report) for report in reports]
    return {
        "days": [report.date.isoformat() for report in reports],
        "trades": [{"mode": modes[trade.id], **document(trade_figures(trade))} for trade in trades_of(reports)],
        **{key: list(_with_mode(views, key)) for key in ("decisions", "refused")},
        "ledger": str(ledger),
    }


def _with_mode(views: Iterable[DayView], key: str) -> Iterable[Document]:
    for view in views:
        section = next(section for section in view.sections if section.key == key)
        yield from ({"mode": view.report.mode.value, **row} for row in rows(section))


def report_document(reports: Sequence[DayReport], ledger: LedgerPlace) -> Document:
    """The statistics of a whole ledger, the trades they are of, and its days."""
    trades = trades_of(reports)
    return {
        "statistics": {
            **document(statistics(TradeFigures.of(trades))),
            "by_strategy": statistics_by(by_strategy(trades)),
            "fees": money(sum((report.fees for report in reports), Decimal(0))),
            "drawdown": fall(drawdown_of(reports)),
            **({"signals": rows(signals_section(reports))} if any(map(is_scalping, reports)) else {}),
        },
        "days": [document(day_row(report)) for report in reports],
        "warnings": [alarm.detail for alarm in reports[-1].alarms if alarm.code == DATES_NOT_KNOWN],
        "day_ends": {report.date.isoformat(): list(report.compared) for report in reports if report.compared},
        "balance": money(reports[-1].balance),
        "ledger": str(ledger),
    }


def statistics_by(parts: Mapping[str, TradeFigures]) -> Document:
    return {name: document(statistics(figures)) for name, figures in parts.items()}


def status_document(book: Book, day_pnl: Decimal, ledger: LedgerPlace) -> Document:
    """What is open, what works, what there is, and whether trading is halted."""
    return {
        "mode": None if book.opened is None else book.opened.mode.value,
        **{section.key: rows(section) for section in book_sections(book)},
        "balance": money(book.balance),
        "day_pnl": money(day_pnl),
        "halted": book.halted is not None,
        "halt_reason": book.halted,
        "circuit_breaker": book.breaker_tripped_at,
        "quarantined": dict(book.quarantined),
        "as_of": None if book.last_at is None else clock(book.last_at),
        "ledger": str(ledger),
    }


# -- figures ----------------------------------------------------------------------------------------------------------


def fall(worst: Drawdown) -> Document:
    return {"dollars": money(worst.dollars), "part": float(worst.part)}


def document(figures: Iterable[Figure]) -> Document:
    """Every figure that has a key."""
    return {figure.key: _value(figure) for figure in figures if figure.key}


def rows(section: Section) -> list[Document]:
    return [document(row) for row in section.rows]


def _value(figure: Figure) -> object:
    value, unit = figure.value, figure.unit
    if value is None:
        return None
    match unit:
        case Unit.DOLLARS | Unit.GAIN | Unit.POINTS:
            return money(value)
        case Unit.FILL:
            return fill_price(value)
        case Unit.PRICE | Unit.DELTA:
            return number(value)
        case Unit.PART | Unit.RATE | Unit.RETURN | Unit.FACTOR:
            return None if value == math.inf else float(value)
        case Unit.INSTANT:
            return clock(value)
        case Unit.COUNT | Unit.CHANGE | Unit.COUNTS | Unit.MINUTES:
            return value
        case Unit.AS_IT_IS:
            return _PLAIN.unstructure(value)
        case _:
            assert_never(unit)


def _greeks(book: BookGreeks) -> Document:
    """Gamma in shares a point, theta in dollars a calendar day, vega in dollars a volatility point. Rule: DH-1004."""
    sums = {"gamma": number(book.gamma), "theta": number(book.theta), "vega": number(book.vega)}
    return {**sums, "missing": book.missing}


def _filter(one: FilterVerdict) -> Document:
    verdict = one.verdict
    return {
        "rule": one.rule,
        "name": one.name,
        "verdict": verdict.outcome.value,
        "value": verdict.value,
        "limit": verdict.limit,
        "reason": verdict.reason,
    }


def _plain() -> Converter:
    """Values that have a form of their own."""
    converter = Converter()
    forms: dict[type, Any] = {
        BookGreeks: _greeks,
        FilterVerdict: _filter,
        Leg: leg,
        Line: lambda line: {"at": clock(line.at), "what": line.text},
        Section: rows,
        ShareLeg: leg,
        dt.datetime: clock,
        tuple: lambda several: [converter.unstructure(one) for one in several],
    }
    for kind, form in forms.items():
        converter.register_unstructure_hook(kind, form)
    return converter


_PLAIN = _plain()
