"""What people read: figures that were never recorded, halts, and a refusal with its remedy apart."""

from __future__ import annotations

from decimal import Decimal

import pytest
from attrs import evolve
from rich.console import Console

from builders import a_plan, at
from builders_day import a_day, a_trade, day_started, ledger_opened, opened
from gammacore.domain.book.book import Book
from gammacore.domain.holdings.plans import SpreadPlan
from gammacore.domain.ledger import FlattenRequested, Halted, Resumed
from gammacore.domain.reports.day_report import day_report, halt_line
from gammacore.domain.reports.trade_views import trade_figures
from gammacore.domain.reports.trades import Sold
from gammacore.domain.risk.limits import judge_halted
from gammacore_cli.day_view import day_panel
from gammacore_cli.documents import document

PLAN = a_plan()


def terms_of(plan: SpreadPlan) -> Sold:
    sold = a_trade(plan).sold
    assert sold is not None
    return sold


def test_why_an_adopted_position_was_taken_is_not_made_up() -> None:
    """CS-575: the broker tells legs and cost; price, pin and VIX of the entry are 0, which nothing ever was."""
    nothing = terms_of(evolve(PLAN, price=Decimal(0), pin=Decimal(0), vix=Decimal(0)))
    no_pin = terms_of(evolve(PLAN, pin=Decimal(0)))

    assert nothing.why.endswith("price and pin not recorded, VIX not recorded.")
    assert f"price {PLAN.price}, pin not recorded, VIX {PLAN.vix}; the nearer short is" in no_pin.why


@pytest.mark.parametrize(("price", "nulls"), [(PLAN.price, ["pin"]), (Decimal(0), ["price", "pin", "distance"])])
def test_what_was_not_recorded_is_null_for_programs(price: Decimal, nulls: list[str]) -> None:
    line = document(trade_figures(a_trade(evolve(PLAN, price=price, pin=Decimal(0)))))

    assert [key for key in ("price", "pin", "vix", "distance") if line[key] is None] == nulls


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (FlattenRequested(at("11:00"), "signal SIGUSR1"), ("flatten requested", "signal SIGUSR1")),
        (Halted(at("11:00"), "daily loss"), ("halted", "daily loss")),
        (Resumed(at("11:00"), "looked at"), ("resumed", "looked at")),
    ],
)
def test_a_halt_is_reported_in_words(event: FlattenRequested | Halted | Resumed, words: tuple[str, str]) -> None:
    assert halt_line(event) == words

    console = Console(width=120)
    with console.capture() as screen:
        console.print(day_panel(day_report([*a_day(), event])))
    assert f"11:00 {': '.join(words)}" in screen.get()


def test_a_remedy_stands_apart_from_the_reason() -> None:
    """CS-302."""
    book = Book()
    for event in (ledger_opened(), day_started(), *opened(PLAN), Halted(at("11:00"), "daily loss")):
        book.apply(event)

    assert str(judge_halted(book)) == "skip halted: daily loss (clear with `gammacore resume`)"


@pytest.mark.parametrize("width", [60, 72, 80, 120])
def test_a_day_is_whole_at_every_width_from_60(width: int) -> None:
    """Neither a number nor a reason is cut, and no line is longer than the screen."""
    console = Console(width=width, highlight=False)
    with console.capture() as page:
        console.print(day_panel(day_report(a_day())))
    lines = page.get().splitlines()

    assert "…" not in page.get()
    assert {len(line) for line in lines} == {width}
    assert all(name in page.get() for name in ("balance", "drawdown", "not filled"))
