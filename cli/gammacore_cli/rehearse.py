"""`gammacore rehearse`: a simulated day on which every gesture is made and timed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from gammacore.errors import GammacoreError
from gammacore_cli.frame import Frame, common_options
from gammacore_cli.output import emit

if TYPE_CHECKING:
    from rich.console import RenderableType

    from gammacore.wiring.checks.rehearsals import Rehearsed, RehearsedStep

PACES = click.FloatRange(10, 300)
"""Slower takes an hour; faster, half an hour of the market is over before a process has begun."""


@click.command("rehearse")
@click.option("--pace", type=PACES, default=60, show_default=True, metavar="N", help="Market seconds a second.")
@click.option("--interactive", is_flag=True, help="Ask for each gesture, in another shell, and time it.")
@common_options
def rehearse(frame: Frame, pace: float, interactive: bool) -> None:
    """Rehearse a day: messages, page, halt, resume, SIGKILL, an outage, flatten, backup; each step with its seconds.

    The day is simulated, in a home of its own; no credential and no ledger of yours is touched. What came of it is kept
    in HOME/rehearsals. Exit code 0 when every step was as it must be, else 1.
    """
    from gammacore.wiring.checks.rehearsal import rehearse as rehearsed

    def prompt(command: str) -> None:
        click.echo(f"in another shell, now: {command}", err=True)

    def shown(step: RehearsedStep) -> None:
        if not frame.quiet:
            click.echo(f"{'ok' if step.ok else 'NO'}  {step.name}  {step.seconds:.1f} s  {step.detail}", err=True)

    made = rehearsed(frame.settings, pace, prompt=prompt if interactive else None, on_step=shown)
    emit({**made.document, "file": str(made.file)}, frame.as_json, lambda: _view(made))
    if not made.is_passed:
        raise GammacoreError(f"failed: {', '.join(step.name for step in made.steps if not step.ok)}; see {made.file}")


def _view(made: Rehearsed) -> RenderableType:
    from rich.markup import escape
    from rich.table import Table

    view = Table("", "step", "seconds", "what was seen")
    for step in made.steps:
        mark = "[green]ok[/]" if step.ok else "[bold red]no[/]"
        view.add_row(mark, step.name, f"{step.seconds:.1f}", escape(step.detail))
    return view
