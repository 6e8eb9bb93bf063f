"""Reports as JSON: a day, a ledger, where we stand (cli.md)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from gammacore.domain.book.book import Book
from gammacore.domain.dated_table import DATES_NOT_KNOWN
from gammacore.domain.holdings.holding import SoldSpread, without_plan
from gammacore.domain.judged_entry import JudgedEntry
from gammacore.domain.ledger import TicketRefused
from gammacore.domain.orders import Order
from gammacore.domain.reports.day_report import DayReport
from gammacore.domain.reports.trade_figures import Drawdown, TradeFigures, TradeRecord, by_strategy, drawdown
from gammacore.domain.reports.trade_record import TradeLine, recorded
from gammacore_cli.inventory_documents import held_line, inventory_line
from gammacore_cli.json_values import Document, clock, known_number, leg, money, number, order_leg

if TYPE_CHECKING:
    from gammacore.wiring import LedgerPlace

__all__ = [
    "Document",
    "clock",
    "decision",
    "fall",
    "journal_document",
    "ledger_drawdown",
    "leg",
    "money",
    "number",
    "report_document",
    "statistics",
    "status_document",
    "trade_document",
    "trade_line",
    "trades_of",
]


def trade_document(report: DayReport, ledger: LedgerPlace) -> Document:
    """A trading day as `gammacore trade --json` prints it."""
    return {
        "date": report.date.isoformat(),
        "mode": report.mode.value,
        "underlying": report.underlying,
        "strategy": report.strategy,
        "entries": report.entries,
        "exits": report.ended,
        "exits_by_reason": report.exits,
        "skipped": report.skipped,
        "unfilled": report.unfilled,
        "unknown_by_filter": report.unknown_by_filter,
        "trades": [record_line(record) for record in report.records],
        "decisions": [decision(entry) for entry in report.scheduled],
        "alarms": [
            {"at": clock(alarm.at), "code": alarm.code, "position": alarm.holding or None, "detail": alarm.detail}
            for alarm in report.alarms
        ],
        "refused": [refused(refusal) for refusal in report.refused],
        "pnl": money(report.pnl),
        "fees": money(report.fees),
        "starting_balance": money(report.starting_balance),
        "balance": money(report.balance),
        "finished": report.finished,
        "ledger": str(ledger),
    }


def journal_document(reports: Sequence[DayReport], ledger: LedgerPlace) -> Document:
    """Every trade once, as it last stood, and every scheduled entry; each line says whose money it was. CS-609."""
    modes = {trade.id: report.mode.value for report in reports for trade in report.records}
    return {
        "days": [report.date.isoformat() for report in reports],
        "trades": [{"mode": modes[trade.id], **record_line(trade)} for trade in trades_of(reports)],
        "decisions": [
            {"mode": report.mode.value, **decision(entry)} for report in reports for entry in report.scheduled
        ],
        "refused": [
            {"mode": report.mode.value, **refused(refusal)} for report in reports for refusal in report.refused
        ],
        "ledger": str(ledger),
    }


def refused(refusal: TicketRefused) -> Document:
    """An order that the guard did not let through, and why."""
    return {
        "at": clock(refusal.at),
        "holding": refusal.holding or None,
        "purpose": str(refusal.purpose),
        "symbols": list(refusal.symbols),
        "reason": refusal.reason,
        "detail": refusal.detail,
    }


def report_document(reports: Sequence[DayReport], ledger: LedgerPlace) -> Document:
    """The statistics of a whole ledger, the trades they are of, and its days."""
    trades = trades_of(reports)
    return {
        "statistics": {
            **statistics(TradeFigures.of(trades)),
            "by_strategy": {tag: statistics(figures) for tag, figures in by_strategy(trades).items()},
            "fees": money(sum((report.fees for report in reports), Decimal(0))),
            "drawdown": fall(ledger_drawdown(reports)),
        },
        "days": [
            {
                "date": report.date.isoformat(),
                "underlying": report.underlying,
                "entries": report.entries,
                "exits": report.ended,
                "skipped": report.skipped,
                "pnl": money(report.pnl),
                "fees": money(report.fees),
                "balance": money(report.balance),
            }
            for report in reports
        ],
        "warnings": [alarm.detail for alarm in reports[-1].alarms if alarm.code == DATES_NOT_KNOWN],
        "balance": money(reports[-1].balance),
        "ledger": str(ledger),
    }


def status_document(book: Book, day_pnl: Decimal, ledger: LedgerPlace) -> Document:
    """Where we stand: what is open, what works, what there is, and whether trading is halted."""
    return {
        "mode": None if book.opened is None else book.opened.mode.value,
        "positions": [position_line(position) for position in book.live_spreads],
        "inventories": [held_line(one) for one in without_plan(book.live_holdings) if one.has_filled],
        "orders": [order_line(order) for order in book.working_orders],
        "balance": money(book.balance),
        "day_pnl": money(day_pnl),
        "halted": book.halted is not None,
        "halt_reason": book.halted,
        "circuit_breaker": book.breaker_tripped_at,
        "quarantined": dict(book.quarantined),
        "as_of": None if book.last_at is None else clock(book.last_at),
        "ledger": str(ledger),
    }


def record_line(record: TradeRecord) -> Document:
    """One trade, whatever kind it is: both have the keys of the contract."""
    return trade_line(record) if isinstance(record, TradeLine) else inventory_line(record)


def trade_line(trade: TradeLine) -> Document:
    """One credit spread; what is not known while it is open is null."""
    plan, ended = trade.plan, trade.exit
    return {
        "id": trade.id,
        "strategy": plan.strategy.value,
        "direction": plan.direction.value,
        "confidence": plan.confidence.value,
        "legs": [leg(one) for one in trade.legs],
        "strikes": trade.strikes,
        "contracts": trade.contracts,
        "credit": money(trade.credit),
        "debit": None if ended is None else money(ended.value),
        "opened": clock(trade.opened),
        "closed": None if ended is None else clock(ended.at),
        "exit_reason": None if ended is None else ended.reason,
        "exit_detail": None if ended is None else ended.detail,
        "pnl": None if ended is None else money(ended.gross),
        "fees": money(trade.fees),
        "result": trade.result.value,
        "price": known_number(recorded(plan.price)),
        "pin": known_number(recorded(plan.pin)),
        "vix": known_number(recorded(plan.vix)),
        "distance": None if recorded(plan.price) is None else number(trade.distance),
        "max_risk": money(trade.maximum_risk),
        "stop": money(trade.advertised_stop),
        "target": None if trade.advertised_target is None else money(trade.advertised_target),
        "why": trade.why,
        "terms": list(trade.terms),
        "balance": None if ended is None else money(ended.balance),
        "settlement_price": None if ended is None or ended.settlement_price is None else number(ended.settlement_price),
        "estimated": ended is not None and ended.estimated,
        "doubts": list(trade.doubts),
    }


def decision(entry: JudgedEntry) -> Document:
    """One scheduled entry with every filter's verdict. Rule: CS-366."""
    record = entry.record
    return {
        "scheduled_at": clock(entry.scheduled_at),
        "at": clock(entry.at),
        "outcome": entry.outcome.value,
        "reason": entry.reason,
        "sentence": entry.sentence,
        "position": entry.position,
        "price": known_number(record.price),
        "pin": known_number(record.pin),
        "vix": known_number(record.vix),
        "filters": [
            {
                "rule": one.rule,
                "name": one.name,
                "verdict": one.verdict.outcome.value,
                "value": one.verdict.value,
                "limit": one.verdict.limit,
                "reason": one.verdict.reason,
            }
            for one in entry.filters
        ],
    }


def statistics(figures: TradeFigures) -> Document:
    return {
        "trades": figures.trades,
        "open": figures.open,
        "wins": figures.wins,
        "losses": figures.losses,
        "break_even": figures.break_even,
        "win_rate": None if figures.win_rate is None else float(figures.win_rate),
        "average_win": None if figures.average_win is None else money(figures.average_win),
        "average_loss": None if figures.average_loss is None else money(figures.average_loss),
        "profit_factor": None if figures.profit_factor is None else float(figures.profit_factor),
        "credits": money(figures.credits),
        "pnl": money(figures.pnl),
        "left_out": list(figures.left_out),
    }


def fall(worst: Drawdown) -> Document:
    return {"dollars": money(worst.dollars), "part": float(worst.part)}


def position_line(position: SoldSpread) -> Document:
    return {
        "id": position.id,
        "state": position.state.value,
        "strategy": position.plan.strategy.value,
        "legs": [leg(one) for one in position.spread.opening_legs],
        "strikes": position.spread.strikes,
        "contracts": position.open_contracts,
        "credit": money(position.credit),
        "opened": clock(position.opened_at),
        "max_risk": money(position.maximum_risk),
        "exit_reason": position.exit_reason or None,
    }


def order_line(order: Order) -> Document:
    ticket = order.ticket
    return {
        "id": order.id,
        "position": ticket.holding,
        "purpose": ticket.purpose.value,
        "state": order.state.value,
        "legs": [order_leg(one) for one in ticket.legs],
        "quantity": ticket.quantity,
        "filled": order.execution.quantity,
        "limit": None if ticket.limit is None else money(ticket.limit),
        "effect": ticket.effect.value,
        "at": clock(order.intended_at),
    }


def trades_of(reports: Iterable[DayReport]) -> list[TradeRecord]:
    """Each trade once, as it stood on the last day that knew it."""
    return list({trade.id: trade for report in reports for trade in report.records}.values())


def ledger_drawdown(reports: Iterable[DayReport]) -> Drawdown:
    """The worst fall from the running peak over all days. Rule: CS-705."""
    return drawdown([balance for report in reports for _, balance in report.equity])
