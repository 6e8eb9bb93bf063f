"""A comparison of two ledgers as a document: the keys of `gammacore compare --json`. Rule: ST-801."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import fields

from gammacore.domain.study.comparison import SlotCompared
from gammacore.domain.study.slippage import SlippageGroup, Spread
from gammacore.domain.study.trade_parts import Parts, TradeCompared, TradeSide

if TYPE_CHECKING:
    from gammacore.application.study.compare import RunComparison
    from gammacore.domain.judged_entry import JudgedEntry
    from gammacore.domain.verdicts import FilterVerdict


def comparison_document(compared: RunComparison) -> dict[str, object]:
    """Warnings and settings first. Money as text, dollars. Rules: ST-006, ST-621..623."""
    suggested = compared.suggested_slippage
    return {
        "kind": "comparison",
        "days": [date.isoformat() for date in compared.days],
        "warnings": [{"code": one.code, "text": one.text, "numbers": dict(one.numbers)} for one in compared.warnings],
        "differs": compared.differs,
        "settings": [{"key": one.key, "live": one.live, "replay": one.replay} for one in compared.settings],
        "slots": [_slot(one) for one in compared.slots],
        "trades": [_trade(one) for one in compared.trades],
        "parts": parts_document(compared.parts),
        "difference": f"{compared.parts.total:.2f}",
        "slippage": [_group(name, one) for name, groups in compared.slippage.items() for one in groups],
        "broker_slippage": None if suggested is None else str(suggested),
        "faults": len(compared.faults),
    }


def parts_document(parts: Parts) -> dict[str, str]:
    """Each part by its name, dollars and cents."""
    return {one.name: f"{getattr(parts, one.name):.2f}" for one in fields(Parts)}


def _slot(slot: SlotCompared) -> dict[str, object]:
    first = slot.first
    return {
        "date": slot.date.isoformat(),
        "slot": slot.slot.isoformat(),
        "strategy": slot.strategy,
        "live": _verdict(slot.live),
        "replay": _verdict(slot.replay),
        "why": None if slot.why is None else slot.why.value,
        "first_difference": None
        if first is None
        else {"filter": first.name, "live": _filter(first.live), "replay": _filter(first.replay)},
    }


def _verdict(entry: JudgedEntry | None) -> dict[str, object] | None:
    if entry is None:
        return None
    record = entry.record
    return {
        "at": entry.at.isoformat(),
        "outcome": entry.outcome.value,
        "reason": entry.reason,
        "sentence": entry.sentence,
        "price": None if record.price is None else str(record.price),
        "pin": None if record.pin is None else str(record.pin),
        "vix": None if record.vix is None else str(record.vix),
    }


def _filter(one: FilterVerdict | None) -> dict[str, object] | None:
    if one is None:
        return None
    verdict = one.verdict
    return {
        "outcome": verdict.outcome.value,
        "reason": verdict.reason,
        "value": verdict.value,
        "limit": verdict.limit,
    }


def _trade(one: TradeCompared) -> dict[str, object]:
    return {
        "date": one.date.isoformat(),
        "live": _side(one.live),
        "replay": _side(one.replay),
        "differs": one.is_apart,
        "parts": parts_document(one.parts),
        "difference": f"{one.parts.total:.2f}",
        "entry_points_a_leg": None if one.entry_a_leg is None else str(one.entry_a_leg),
        "exit_points_a_leg": None if one.exit_a_leg is None else str(one.exit_a_leg),
        "mark_visible": one.mark_visible,
    }


def _side(side: TradeSide | None) -> dict[str, object] | None:
    if side is None:
        return None
    return {
        "id": side.trade.id,
        "strategy": side.strategy,
        "slot": None if side.slot is None else side.slot.isoformat(),
        "opened": side.opened.isoformat(),
        "closed": side.closed.isoformat(),
        "quantity": side.quantity,
        "credit": str(side.credit),
        "value": str(round(float(side.value), 6)),
        "gross": str(side.gross),
        "fees": str(side.fees),
        "net": str(side.net),
        "exit_reason": side.reason,
        "minutes": side.minutes,
    }


def _group(ledger: str, group: SlippageGroup) -> dict[str, object]:
    return {
        "ledger": ledger,
        "hour": group.hour,
        "right": None if group.right is None else group.right.value,
        "side": None if group.side is None else group.side.value,
        "kind": group.kind,
        "n": group.legs,
        "mid": _spread(group.mid),
        "natural": _spread(group.natural),
        "natural_when_filled": None if group.filled is None else _spread(group.filled),
    }


def _spread(spread: Spread) -> dict[str, float]:
    return {"mean": spread.mean, "q25": spread.low, "median": spread.median, "q75": spread.high}
