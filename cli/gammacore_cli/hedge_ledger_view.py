"""A ledger of `gammacore hedge` for people: what its desk holds, ordered and was told."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from gammacore.domain.hedging.gauges import BookGauges
from gammacore.domain.hedging.hedge_ledger import Intent
from gammacore.domain.hedging_events import RegimeNoted
from gammacore.domain.ledger import AlarmRaised
from gammacore.domain.reports.day_report import halt_line
from gammacore_cli.hedge_ledger import HedgeLedger, Told
from gammacore_cli.json_values import fill_price

if TYPE_CHECKING:
    from rich.console import RenderableType

    from gammacore.wiring import LedgerPlace


def status_view(ledger: HedgeLedger, path: LedgerPlace) -> RenderableType:
    """What `status` shows."""
    from rich.console import Group
    from rich.markup import escape

    from gammacore.domain.reports.figures import clock_text

    halt, date = ledger.halt, ledger.book.date
    halted = "[green]not halted[/]" if halt is None else f"[bold red]halted: {escape(halt.reason)}[/]"
    day = "no session yet" if date is None else str(date)
    return Group(
        f"[bold]hedging desk[/] {escape(ledger.run.strategy)}, profile {ledger.run.profile}  {halted}",
        f"[dim]{day}, as of {clock_text(ledger.as_of)} New York · {escape(str(path))}[/]",
        "[dim]money, and the P/L of the options, are the host's: this ledger holds quantities and hedges[/]",
        *_standing(ledger),
    )


def _standing(ledger: HedgeLedger) -> Iterator[RenderableType]:
    yield _positions(ledger) if ledger.book.holdings else "no open position"
    yield _books(ledger.books) if ledger.books else "no hedge share"
    yield _orders("awaited intent", ledger.awaited) if ledger.awaited else "no intent without its end"
    yield from (_regime(noted) for noted in ledger.book.regime.values())


def _regime(noted: RegimeNoted) -> str:
    from rich.markup import escape

    from gammacore.domain.reports.figures import clock_text

    return f"regime {escape(noted.subject)}: {escape(noted.after)} [dim]since {clock_text(noted.at)}[/]"


def _positions(ledger: HedgeLedger) -> RenderableType:
    from rich.markup import escape
    from rich.table import Column, Table

    right = [Column(name, justify="right") for name in ("contracts", "delta", "price")]
    table = Table(Column("position", no_wrap=True), *right, "book", "", box=None, padding=(0, 2, 0, 0),
                  header_style="dim")  # fmt: skip
    for key, held in ledger.book.holdings.items():
        notes = ["hedge"] if held.hedges else []
        notes += ["left over"] if held.leftover else []
        table.add_row(
            escape(key), f"{held.contracts:+,d}", "unknown" if held.delta is None else f"{held.delta:+}",
            "–" if held.price is None else str(held.price), held.listing.book or "none: not hedged", ", ".join(notes),
        )  # fmt: skip
    return table


def _books(books: Sequence[BookGauges]) -> RenderableType:
    from rich.table import Column, Table

    from gammacore.domain.dollars import dollars
    from gammacore_cli.figures_view import amount

    names = ("hedge shares", "in flight", "net delta", "net shares", "realised", "open", "fees")
    table = Table(Column("book", no_wrap=True), *(Column(name, justify="right") for name in names),
                  box=None, padding=(0, 2, 0, 0), header_style="dim")  # fmt: skip
    for one in books:
        table.add_row(
            one.share, f"{one.hedge_shares:+,d}", f"{one.in_flight_shares:+,d}", f"{one.net_delta:+.2f}",
            f"{one.net_shares:+,.0f}", amount(one.hedge_pnl_realised),
            "–" if one.hedge_pnl_open is None else amount(one.hedge_pnl_open), dollars(one.hedge_fees),
        )  # fmt: skip
    return table


def _orders(title: str, intents: Iterable[Intent]) -> RenderableType:
    from rich.markup import escape
    from rich.table import Column, Table

    from gammacore.domain.reports.figures import clock_text

    table = Table(Column(title, no_wrap=True), "filled", "price", "since", "state",
                  box=None, padding=(0, 2, 0, 0), header_style="dim")  # fmt: skip
    for one in intents:
        state = "no news" if not one.has_news else one.status.value
        table.add_row(
            f"{one.side.value} {one.quantity} {escape(one.subject)}, {one.kind.value}\n[dim]{escape(one.intent_id)}[/]",
            f"{one.filled} of {one.quantity}", fill_price(one.average_price) or "–", clock_text(one.recorded_at),
            f"{state}, given up" if one.given_up else state,
        )  # fmt: skip
    return table


def journal_view(ledger: HedgeLedger, day: dt.date | None, path: LedgerPlace) -> RenderableType:
    """What `journal` shows."""
    from rich.console import Group
    from rich.markup import escape

    from gammacore.domain.reports.figures import clock_text

    intents = ledger.intents(day)
    parts: list[RenderableType] = [
        f"[bold]hedging desk[/] {escape(ledger.run.strategy)}  {', '.join(map(str, ledger.days(day)))}",
        f"[dim]{escape(str(path))}[/]",
        _orders("intent", intents) if intents else "no intent",
    ]
    parts += [f"{clock_text(one.at)}  {escape(_words(one))}" for one in ledger.told(day)]
    return Group(*parts)


def brief_view(ledger: HedgeLedger, day: dt.date | None, path: LedgerPlace) -> str:
    """What `journal --brief` shows: a line for each intent, halt, alarm and change of the regime, by time."""
    from gammacore.domain.reports.figures import date_clock_text

    lines = [(one.at, _words(one)) for one in ledger.told(day)]
    for one in ledger.intents(day):
        state = "no news" if not one.has_news else one.status.value
        words = f"{one.side.value} {one.quantity} {one.subject}, {one.kind.value}: {state}, filled {one.filled}"
        lines.append((one.recorded_at, words))
    if not lines:
        return f"{path}: no intent yet"
    return "\n".join(f"{date_clock_text(at)}  {words}" for at, words in sorted(lines))


def _words(one: Told | AlarmRaised | RegimeNoted) -> str:
    if isinstance(one, AlarmRaised):
        return f"alarm {one.code}: {one.detail}"
    if isinstance(one, RegimeNoted):
        return f"regime {one.subject}: {one.before or 'not read'} -> {one.after}"
    return ": ".join(filter(None, halt_line(one)))
