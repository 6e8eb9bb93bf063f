"""`gammacore disarm`: end the arming of the live account. Rule: OP-208."""

from __future__ import annotations

import click

from gammacore_cli.frame import Frame, common_options
from gammacore_cli.output import emit


@click.command("disarm")
@common_options
def disarm(frame: Frame) -> None:
    """End the arming of the live account: the service starts no loop on it again, except to exit what it holds.

    A loop that runs goes on; `gammacore halt --live` keeps it from entering, `gammacore flatten --live` closes.
    """
    from gammacore.wiring.service.live_arming import disarm_account

    armed = disarm_account(frame.configuration)
    document: dict[str, object] = {
        "account": None if armed is None else armed.ending,
        "disarmed_at": None if armed is None else armed.disarmed_at,
    }
    sentence = "the live account was not armed" if armed is None else f"the arming of account {armed.ending} is ended"
    emit(document, frame.as_json, lambda: sentence)
