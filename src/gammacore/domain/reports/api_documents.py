"""The documents of the page's API, purely from a ledger's days and what its loop published. SC-903..911, OP-504."""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from gammacore.domain.book.book import Book
from gammacore.domain.holdings.holding import is_spread
from gammacore.domain.instruments import Right
from gammacore.domain.legs import ShareLeg
from gammacore.domain.reports.day_list import day_line
from gammacore.domain.reports.day_report import DayReport, trades_of
from gammacore.domain.reports.figures import labelled
from gammacore.domain.reports.plain_values import figures_document, plain, section_rows
from gammacore.domain.reports.scalp_views import signal_tallies
from gammacore.domain.reports.trades import Trade
from gammacore.domain.reports.views import day_view
from gammacore.domain.sessions import NEW_YORK, new_york_date

Document = dict[str, Any]
ZERO = Decimal(0)


def performance(reports: Sequence[DayReport], book: Book, now: dt.datetime) -> Document:
    """The current month. Rule: SC-906."""
    if book.opened is None:
        return {"days": [], "actuals": [], "cumulativeCapital": [], "winRate": 0.0, "totalTrades": 0}
    today = new_york_date(now)
    last = calendar.monthrange(today.year, today.month)[1]
    days = [day for number in range(last) if (day := today.replace(day=number + 1)).weekday() < 5]
    nets = {report.date: report.net for report in reports}
    actuals = [None if day > today else nets.get(day, ZERO) for day in days]
    capital = _capital_before(reports, book, today.replace(day=1))
    course: list[Decimal | None] = []
    for day in days:
        capital += nets.get(day, ZERO)
        course.append(None if day > today else capital)
    ends = [end for report in reports if _is_month(report.date, today) for end in report.ends]
    return {
        "days": plain(days),
        "actuals": plain(actuals),
        "cumulativeCapital": plain(course),
        "winRate": _percent(sum(end.net > 0 for end in ends), len(ends)),
        "totalTrades": len(ends),
    }


def yearly(reports: Sequence[DayReport], book: Book, now: dt.datetime) -> Document:
    """The current year by month. Rule: SC-907."""
    today = new_york_date(now)
    capital = _capital_before(reports, book, today.replace(month=1, day=1))
    monthly: list[Decimal | None] = []
    course: list[Decimal | None] = []
    returns: list[float | None] = []
    for month in range(1, 13):
        if month > today.month:
            monthly.append(None)
            course.append(None)
            returns.append(None)
            continue
        net = sum((one.net for one in reports if (one.date.year, one.date.month) == (today.year, month)), ZERO)
        returns.append(float(net / capital * 100) if capital else 0.0)
        capital += net
        monthly.append(net)
        course.append(capital)
    names = list(calendar.month_name)[1:]
    return {
        "months": names,
        "monthlyPnL": plain(monthly),
        "cumulativeCapital": plain(course),
        "monthlyReturns": plain(returns),
    }


def _capital_before(reports: Iterable[DayReport], book: Book, date: dt.date) -> Decimal:
    start = ZERO if book.opened is None else book.opened.starting_balance
    return start + sum((report.net for report in reports if report.date < date), ZERO)


def _is_month(date: dt.date, today: dt.date) -> bool:
    return (date.year, date.month) == (today.year, today.month)


def _percent(part: int, whole: int) -> float:
    return round(100 * part / whole, 4) if whole else 0.0


def metrics(reports: Sequence[DayReport], view: Mapping[str, Any] | None, now: dt.datetime) -> Document:
    """SC-908; every figure is null without a published view, the counts of the database are the ledger's."""
    today = new_york_date(now)
    shown = {} if view is None else dict(view.get("metrics") or {})
    hits = ("total_hits", "total_misses", "hit_rate", "quote_hit_rate", "option_hit_rate")
    none: Document = {
        "cache_stats": {
            **dict.fromkeys(hits),
            "cache_sizes": dict.fromkeys(("quotes", "options", "snapshots", "bars")),
        },
        "connection_pool_stats": {
            **dict.fromkeys(("requests", "rate_limited", "errors", "pool_timeouts")),
            "pools": dict.fromkeys(("stock_data", "option_data", "trading")),
        },
        "loop_stats": {"quotes_per_second": None, "decision_ms_p50": None, "decision_ms_p99": None, "slots": {}},
    }
    trades = trades_of(reports)
    counts = {
        "total_trades": sum(one.end is not None for one in trades),
        "trades_today": sum(one.end is not None and new_york_date(one.end.at) == today for one in trades),
    }
    return {"timestamp": plain(now), **none, **shown, "database_stats": counts}


def trades(reports: Sequence[DayReport], limit: int) -> list[Document]:
    """The newest trades first. Rule: SC-909."""
    newest = sorted(trades_of(reports), key=lambda trade: trade.opened, reverse=True)
    return [_trade(trade) for trade in newest[:limit]]


def _trade(trade: Trade) -> Document:
    options = [leg for leg in trade.legs if not isinstance(leg, ShareLeg)]
    rights = {leg.contract.right for leg in options}
    right = next(iter(rights)) if len(rights) == 1 else None
    entry = (
        trade.sold.credit if trade.sold is not None else None if trade.entry is None else trade.entry.execution.price
    )
    shares = 0 if trade.entry is None else trade.entry.execution.quantity
    exits = [order.execution.price for order in trade.exits if order.execution.price is not None]
    return {
        "position_id": trade.id,
        "symbol": trade.holding.underlying,
        "option_symbol": options[0].symbol if len(options) == 1 else None,
        "option_type": None if right is None else "call" if right is Right.CALL else "put",
        "signal_type": trade.strategy
        if trade.sold is not None
        else (trade.holding.terms.signal or None if trade.holding.terms is not None else None),
        "entry_time": plain(trade.opened),
        "entry_price": plain(entry),
        "contracts": trade.contracts or shares,
        "exit_time": None if trade.end is None else plain(trade.end.at),
        "exit_price": None
        if trade.end is None
        else plain(trade.end.value if trade.sold is not None else exits[-1] if exits else None),
        "exit_reason": None if trade.end is None else trade.end.reason,
        "realized_pnl": None if trade.end is None else plain(trade.end.net),
        "status": "open" if trade.end is None else "closed",
    }


def status(reports: Sequence[DayReport], book: Book, view: Mapping[str, Any] | None, mode: str | None) -> Document:
    """SC-910: from what the loop published, where it did; what only a loop knows is null without."""
    day = None if book.day is None else book.day.date
    shown = view or {}
    volatility = shown.get("volatility") or {}
    profit = shown.get("day") or {}
    return {
        "mode": mode,
        "active_strategy": None if book.day is None else book.day.strategy,
        "state": None if book.switched is None else str(book.switched.after),
        "volatility": {
            "value": volatility.get("value"),
            "source": volatility.get("source"),
            "time": volatility.get("time"),
        },
        "regime": volatility.get("regime"),
        "daily_pnl": {"realised": plain(ZERO if day is None else book.realised_on(day)), "open": profit.get("open")},
        "consecutive_losses": 0 if book.day is None else book.losses_in_a_row(book.day.session_open),
        "halted": book.halted is not None,
        "halt_reason": book.halted,
        "positions": _positions(book, shown),
        "net_delta": (shown.get("greeks") or {}).get("delta"),
        "risk_level": volatility.get("regime"),
        "signals": _signals(reports),
        "orders_in_flight": len(book.working_orders),
    }


def _positions(book: Book, shown: Mapping[str, Any]) -> list[Document]:
    marked = {one["id"]: one for one in shown.get("holdings", ())}
    rows = []
    for holding in book.live_holdings:
        if not holding.has_filled or holding.is_flat:
            continue
        mark = marked.get(holding.id, {})
        symbols = [*holding.quantities]
        entry = holding.credit if is_spread(holding) else holding.lots[symbols[0]].average_price
        rows.append(
            {
                "symbol": holding.underlying if is_spread(holding) or len(symbols) > 1 else symbols[0],
                "owner": holding.owner,
                "quantity": -holding.open_contracts if is_spread(holding) else holding.quantities[symbols[0]],
                "entry_price": plain(entry),
                "mark": mark.get("mark"),
                "open_pnl": mark.get("open_pnl"),
            }
        )
    return rows


def _signals(reports: Sequence[DayReport]) -> list[Document]:
    """How every signal of ST0CKG did, and every other kind of entry: seen, traded, won. SC-324, SC-910."""
    rows = [
        {
            "type": str(name),
            "seen": tally.seen,
            "traded": tally.traded,
            "won": tally.won,
            "hit_rate": _percent(tally.won, tally.closed),
            "mean_r": plain(tally.mean_r),
        }
        for name, tally in signal_tallies(reports).items()
    ]
    shown = {row["type"] for row in rows}
    kinds: dict[str, list[Trade]] = {}
    for trade in trades_of(reports):
        kinds.setdefault(_signal(trade), []).append(trade)
    for kind, members in kinds.items():
        ended = [one.end for one in members if one.end is not None]
        won = sum(end.net > 0 for end in ended)
        row = {
            "type": kind, "seen": len(members), "traded": len(members), "won": won,
            "hit_rate": _percent(won, len(ended)), "mean_r": None,
        }  # fmt: skip
        rows += [] if kind in shown else [row]
    return rows


def _signal(trade: Trade) -> str:
    terms = trade.holding.terms
    return (terms.signal if terms is not None and terms.signal else "") or trade.strategy


def days(reports: Iterable[DayReport], ledger: str) -> list[Document]:
    """A line a day. Rule: OP-108."""
    return [figures_document(day_line(report, ledger)) for report in reports]


def day(report: DayReport) -> Document:
    """One day: its figures, trades, checks, alarms and halts."""
    view = day_view(report)
    return {
        **figures_document(view.figures),
        "session": {"open": plain(report.session_open), "close": plain(report.session_close)},
        **{section.key: section_rows(section) for section in view.sections},
        "trades_now": [_trade(trade) for trade in report.trades],
    }


def journal(reports: Iterable[DayReport]) -> list[Document]:
    """Every trade and every check with its reason, newest first."""
    return [{name: plain(value) for name, value in row.items()} for row in journal_rows(reports)]


JOURNAL = ("date", "at", "kind", "strategy", "code", "text")
"""The columns of a journal."""


def journal_rows(reports: Iterable[DayReport]) -> list[dict[str, Any]]:
    """The journal's rows as values, newest first. Rule: OP-803."""
    rows: list[dict[str, Any]] = []
    for report in reports:
        rows += [
            {
                "date": report.date,
                "at": entry.scheduled_at,
                "kind": entry.outcome.value,
                "strategy": report.strategy,
                "code": entry.reason or entry.outcome.value,
                "text": entry.sentence,
            }
            for entry in report.scheduled
        ]
        rows += [
            {
                "date": report.date,
                "at": trade.end.at,
                "kind": "closed",
                "strategy": trade.strategy,
                "code": trade.end.reason,
                "text": f"{trade.id}: {trade.end.detail or trade.end.reason}, {trade.end.net:+.2f} $ after fees",
            }
            for trade in report.trades
            if trade.end is not None
        ]
        rows += [
            {
                "date": report.date,
                "at": alarm.at,
                "kind": "alarm",
                "strategy": report.strategy,
                "code": alarm.code,
                "text": alarm.detail,
            }
            for alarm in report.alarms
        ]
        rows += [
            {
                "date": report.date,
                "at": one.at,
                "kind": "refused",
                "strategy": report.strategy,
                "code": one.reason,
                "text": one.detail,
            }
            for one in report.refused
        ]
    return sorted(rows, key=lambda row: row["at"], reverse=True)


def groups(reports: Iterable[DayReport]) -> dict[str, list[Document]]:
    """Closed trades by strategy, hour, weekday, VIX and exit rule: count, wins, net dollars."""
    ended = [(trade, trade.end) for trade in trades_of(list(reports)) if trade.end is not None]

    def by(name: Any) -> list[Document]:
        found: dict[str, list[Decimal]] = {}
        for trade, end in ended:
            found.setdefault(name(trade), []).append(end.net)
        return [
            {"name": key, "trades": len(nets), "wins": sum(net > 0 for net in nets), "net": plain(sum(nets, ZERO))}
            for key, nets in sorted(found.items())
        ]

    return {
        "strategy": by(lambda trade: trade.strategy),
        "hour": by(lambda trade: f"{trade.opened.astimezone(NEW_YORK):%H}:00"),
        "weekday": by(lambda trade: f"{trade.opened.astimezone(NEW_YORK):%u %A}"),
        "vix": by(lambda trade: _vix_band(trade.vix)),
        "exit": by(lambda trade: str(trade.end.reason)),
    }


def _vix_band(vix: Decimal | None) -> str:
    if vix is None:
        return "unknown"
    low = int(vix // 5) * 5
    return f"{low:02d}-{low + 5:02d}"


def labels(figures: Iterable[Any]) -> list[tuple[str, str, str]]:
    """Label, text and tone of what people see."""
    return [(one.label, one.full_text, str(one.tone)) for one in labelled(figures)]
