"""`gammacore alerts test|list|ack`: the channels that alerts go to. Rule: OP-404."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from gammacore.errors import GammacoreError
from gammacore_cli.frame import Frame, common_options
from gammacore_cli.output import emit

if TYPE_CHECKING:
    from gammacore.wiring.alerts.channel_tests import ListedChannel, TriedChannel


@click.group("alerts")
def alerts() -> None:
    """Test the channels of alerts, list them, say that an alarm is known."""


@alerts.command("test")
@click.option("--channel", metavar="NAME", help="Only this channel.")
@click.option(
    "--level",
    type=click.Choice(["critical", "warning", "notice", "info"]),
    default="notice",
    show_default=True,
    help="How loud the message is.",
)
@common_options
def test(frame: Frame, channel: str | None, level: str) -> None:
    """Send one message to each channel, once, and show whether it arrived. Exit code 1 when one did not."""
    from gammacore.domain.service.endings import Level
    from gammacore.wiring.alerts.channel_tests import try_channels

    tested = try_channels(frame.settings, frame.credentials, channel, Level(level))
    dead = [one.name for one in tested if not one.delivered]
    document: dict[str, object] = {
        "ok": not dead,
        "failed": dead,
        "level": level,
        "channels": [
            {
                "name": one.name,
                "delivered": one.delivered,
                "problem": one.problem or None,
                "milliseconds": one.milliseconds,
            }
            for one in tested
        ],
    }
    emit(document, frame.as_json, lambda: _tested(tested))
    if dead:
        raise GammacoreError(f"{len(dead)} of {len(tested)} channels failed: {', '.join(dead)}")


def _tested(tested: tuple[TriedChannel, ...]) -> object:
    from rich.table import Table

    view = Table("", "channel", "what became of it", "milliseconds")
    for one in tested:
        mark, words = ("[green]ok[/]", "delivered") if one.delivered else ("[bold red]no[/]", one.problem)
        view.add_row(mark, one.name, words, str(one.milliseconds))
    return view


@alerts.command("list")
@common_options
def list_(frame: Frame) -> None:
    """List the channels with what each receives; URLs as ***. Nothing is sent."""
    from gammacore.wiring.alerts.channel_tests import list_channels

    listed = list_channels(frame.settings)
    document: dict[str, object] = {
        "channels": [
            {
                "name": one.name,
                "url": one.url,
                "level": one.level,
                "modes": list(one.modes),
                "events": list(one.events),
                "quiet": one.quiet or None,
                "failing": one.failing or None,
            }
            for one in listed
        ]
    }
    emit(document, frame.as_json, lambda: _listed(listed))


def _listed(listed: tuple[ListedChannel, ...]) -> object:
    from rich.table import Table

    if not listed:
        return "no channel is configured; add a table [[alerts.channels]], see docs/alerts.md"
    view = Table("channel", "url", "from level", "accounts", "events", "quiet", "failing")
    for one in listed:
        events = " ".join(one.events) or "all"
        view.add_row(one.name, one.url, one.level, " ".join(one.modes), events, one.quiet or "–", one.failing or "no")
    return view


@alerts.command("ack")
@click.option("--paper", is_flag=True, help="Alarms of the paper account.")
@click.option("--live", is_flag=True, help="Alarms of the live account.")
@common_options
def ack(frame: Frame, paper: bool, live: bool) -> None:
    """Say that every alarm so far is known: it is not sent again. Without a choice, those of both accounts.

    What causes an alarm goes on, and a new one is sent.
    """
    from gammacore.domain.ledger import Mode
    from gammacore.wiring.alerts.channel_tests import acknowledge_alarms

    modes = tuple(mode for mode, on in ((Mode.PAPER, paper), (Mode.LIVE, live)) if on)
    places = acknowledge_alarms(frame.settings, modes or (Mode.PAPER, Mode.LIVE))
    document: dict[str, object] = {"acknowledged": [str(place) for place in places]}
    sentence = (
        f"alarms up to now are known, of {' and '.join(map(str, places))}" if places else "there is no account yet"
    )
    emit(document, frame.as_json, lambda: sentence)
