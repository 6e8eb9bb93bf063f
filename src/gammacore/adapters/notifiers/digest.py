"""The day so far as one message, from what the loop publishes: P/L, holdings, mark and stop, halts, next. OP-405."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from gammacore.domain.dollars import dollars, signed_dollars
from gammacore.domain.reports.figures import Figure, Unit, clock_text
from gammacore.domain.reports.notice import Notice
from gammacore.domain.service.endings import Level as Severity


def digest_of(
    now: dt.datetime, picture: Mapping[str, Any] | None, balance: Decimal, held: int, hedges: int = 0
) -> Notice:
    """`picture` is `now.json`; without one the ledger's own figures: the balance and how many are held."""
    figures = [] if picture is None else [*_figures(picture)]
    figures += [Figure("balance", balance, Unit.DOLLARS), Figure("held", held, Unit.COUNT)]
    if hedges:
        figures.append(Figure("hedges since the last", hedges, Unit.COUNT))
    return Notice(
        f"The day at {clock_text(now.replace(second=0, microsecond=0))}",
        "",
        tuple(figures),
        code="digest",
        subject=now.isoformat(timespec="minutes"),
        severity=Severity.NOTICE,
    )


def _figures(picture: Mapping[str, Any]) -> Iterator[Figure]:
    if halted := picture.get("halted"):
        yield Figure("halted", str(halted))
    day = picture.get("day") or {}
    if (realised := _number(day.get("realised"))) is not None:
        opened = _number(day.get("open"))
        yield Figure("today", signed_dollars(realised) + ("" if opened is None else f", open {signed_dollars(opened)}"))
    if (limit := _number(day.get("limit"))) is not None and (left := _number(day.get("left"))) is not None:
        yield Figure("may still be lost", f"{dollars(left)} of {dollars(limit)}")
    for one in picture.get("holdings") or ():
        levels = (f"{level.get('rule')} {level.get('price')}" for level in one.get("levels") or () if level.get("acts"))
        yield Figure(str(one.get("words")), ", ".join((f"mark {one.get('mark') or 'unknown'}", *levels)))
    if next_at := (picture.get("cycle") or {}).get("next_at"):
        yield Figure("next look", clock_text(dt.datetime.fromisoformat(next_at).replace(microsecond=0)))


def _number(value: object) -> Decimal | None:
    try:
        return None if value is None else Decimal(str(value))
    except InvalidOperation:
        return None
