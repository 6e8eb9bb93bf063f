"""`gammacore arm`: a person's word that the service may trade the live account. Rule: OP-208."""

from __future__ import annotations

import click

from gammacore_cli.frame import Frame, common_options
from gammacore_cli.options import strategy_option
from gammacore_cli.output import emit
from gammacore_cli.which_ledger import live_options


@click.command("arm")
@strategy_option
@click.option("--sessions", type=click.IntRange(1, 60), default=5, show_default=True, help="It lapses after so many.")
@common_options
@live_options
def arm(frame: Frame, strategy: str | None, sessions: int) -> None:
    """Let `gammacore service --live` trade the live account: with --live, and the account number typed back.

    What is written holds a salted hash of the number, every trading setting and a digest of a strategy of your own: it
    lapses after the last session, and one changed setting voids it. Give the --config and --strategy that the service
    is given. Nothing is sent.
    """
    from gammacore.wiring.service.live_arming import arm_account

    frame.choose({"trade.strategy": strategy})
    ask = frame.configuration.live
    if not ask.switch:
        raise click.UsageError("an arming is for real money: gammacore arm --live --confirm-account N")
    armed = arm_account(frame.configuration, frame.credentials, ask.account, sessions)
    document: dict[str, object] = {
        "account": armed.ending, "armed_at": armed.armed_at, "last_session": armed.last_session, "sessions": sessions,
        "settings": len(armed.settings),
    }  # fmt: skip
    sentence = (
        f"account {armed.ending} is armed through the session of {armed.last_session}, by {len(armed.settings)} "
        "settings; `gammacore disarm` ends it"
    )
    emit(document, frame.as_json, lambda: sentence)
