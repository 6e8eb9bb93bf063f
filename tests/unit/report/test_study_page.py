"""The tear sheet and the screen of a record: whole for any record, also for one of which little is known."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal

import pytest
from rich.console import Console

import gammacore
from gammacore.adapters.html_report import render_study
from gammacore.domain.study.record import ClosedTrade, TradeFlag
from gammacore.domain.study.views import EquityBand, study_view
from gammacore_cli.study_view import study_screen

MONDAY = dt.date(2026, 3, 2)
AT = dt.datetime(2026, 3, 2, 15, 30, tzinfo=dt.UTC)


def trade(number: int, pnl: int, **more: object) -> ClosedTrade:
    return ClosedTrade(f"t{number}", Decimal(pnl), Decimal("2.60"), 1 + number % 3, **more)  # type: ignore[arg-type]


def a_known_trade(number: int) -> ClosedTrade:
    later = dt.timedelta(days=number % 5)
    return trade(
        number, 40 if number % 3 else -70, date=MONDAY + later, opened=AT + later,
        closed=AT + later + dt.timedelta(minutes=number), strategy="PUT_SPREAD", direction="BULLISH",
        credit=Decimal("2.5"), mid_pnl=Decimal(60), spread_cost=Decimal(15), slippage=Decimal(5),
        vix=Decimal(14 + number % 13), exit_reason="profit_target", minutes=Decimal(number), mae=Decimal(-80),
        mfe=Decimal(90), flags=frozenset({TradeFlag.SETTLED}),
    )  # fmt: skip


FULL = tuple(map(a_known_trade, range(1, 60)))
RECORDS = {
    "full": FULL,
    "none": (),
    "one": FULL[:1],
    "no dates": tuple(trade(number, number - 3) for number in range(7)),
    "all flat": tuple(ClosedTrade(str(number), Decimal(0), Decimal(0), 1, date=MONDAY) for number in range(3)),
    "markup": (trade(1, 5, date=MONDAY, strategy="<script>x</script>", exit_reason="<b>a</b>"),),
}


@pytest.mark.parametrize("kind", RECORDS)
def test_every_record_has_a_page_and_a_screen(kind: str) -> None:
    """ST-005, ST-313: what does not exist is a dash, and no picture fails for want of it."""
    found = gammacore.statistics_of(RECORDS[kind], resamples=20)
    page = render_study(found, "A record")
    console = Console(width=80)
    with console.capture() as screen:
        console.print(study_screen(study_view(found)))

    assert page.startswith("<!doctype html>")
    assert page.count("<svg") >= 1
    assert "<script" not in page
    assert "<b>a</b>" not in page
    assert not re.search(r"\b(nan|inf|None)\b", re.sub(r"<svg.*?</svg>", "", page, flags=re.DOTALL))
    for warning in found.warnings:
        assert warning.code in page
        assert warning.code in screen.get()


def test_a_band_is_drawn_behind_the_equity_and_named() -> None:
    """ST-313."""
    found = gammacore.statistics_of(FULL, resamples=20)
    steps = [20_000.0 + 10 * step for step in range(60)]
    page = render_study(found, "A record", EquityBand(steps, steps, steps, steps, steps, "1,000 paths."))

    assert "1,000 paths." in page
    assert "Monte Carlo" in page
    assert "Monte Carlo" not in render_study(found, "A record")


def test_the_same_record_is_the_same_page() -> None:
    found = gammacore.statistics_of(FULL, resamples=20)

    assert render_study(found, "A record") == render_study(found, "A record")


def test_ids_within_a_page_are_unique() -> None:
    page = render_study(gammacore.statistics_of(FULL, resamples=20), "A record")
    ids = re.findall(r' id="([^"]+)"', page)

    assert len(ids) == len(set(ids))
