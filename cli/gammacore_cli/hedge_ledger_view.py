"""A ledger of `gammacore hedge` for people: what its desk holds, ordered and received."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gammacore.domain.hedge_filter_events import RegimeNoted
from gammacore.domain.ledger import AlarmRaised
from gammacore.domain.reports.day_range import DayRange
from gammacore.domain.reports.day_report import Halt, halt_line
from gammacore_cli.hedge_ledger import HedgeLedger, intents_section, sections

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
    from gammacore_cli.figures_view import SectionTable

    for section in sections(ledger):
        yield SectionTable(section) if section.rows else f"no {section.title}"
    yield from (_regime(noted) for noted in ledger.book.regime.values())


def _regime(noted: RegimeNoted) -> str:
    from rich.markup import escape

    from gammacore.domain.reports.figures import clock_text

    return f"regime {escape(noted.subject)}: {escape(noted.after)} [dim]since {clock_text(noted.at)}[/]"


def journal_view(ledger: HedgeLedger, days: DayRange, path: LedgerPlace) -> RenderableType:
    """What `journal` shows."""
    from rich.console import Group
    from rich.markup import escape

    from gammacore.domain.reports.figures import clock_text
    from gammacore_cli.figures_view import SectionTable

    intents = ledger.intents(days)
    parts: list[RenderableType] = [
        f"[bold]hedging desk[/] {escape(ledger.run.strategy)}  {', '.join(map(str, ledger.days(days)))}",
        f"[dim]{escape(str(path))}[/]",
        SectionTable(intents_section("intent", intents, "intents")) if intents else "no intent",
    ]
    parts += [f"{clock_text(one.at)}  {escape(_words(one))}" for one in ledger.reported(days)]
    return Group(*parts)


def brief_view(ledger: HedgeLedger, days: DayRange, path: LedgerPlace) -> str:
    """What `journal --brief` shows: a line for each intent, halt, alarm and change of the regime, by time."""
    from gammacore.domain.reports.figures import date_clock_text

    lines = [(one.at, _words(one)) for one in ledger.reported(days)]
    for one in ledger.intents(days):
        state = "no news" if not one.has_news else one.status.value
        words = f"{one.side.value} {one.quantity} {one.subject}, {one.kind.value}: {state}, filled {one.filled}"
        lines.append((one.recorded_at, words))
    if not lines:
        return f"{path}: no intent yet"
    return "\n".join(f"{date_clock_text(at)}  {words}" for at, words in sorted(lines))


def _words(one: Halt | AlarmRaised | RegimeNoted) -> str:
    if isinstance(one, AlarmRaised):
        return f"alarm {one.code}: {one.detail}"
    if isinstance(one, RegimeNoted):
        return f"regime {one.subject}: {one.before or 'not read'} -> {one.after}"
    return ": ".join(filter(None, halt_line(one)))
