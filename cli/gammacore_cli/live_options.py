"""--live and --confirm-account: the two locks of live trading that only a command line can open."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import click

from gammacore_cli.frame import Frame
from gammacore_cli.which_ledger import BROKER


def live_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --broker, --live and --confirm-account, and take them into the frame. Stands below `common_options`."""

    @click.option("--confirm-account", metavar="N", default="", help="Account number typed back; required with --live.")
    @click.option("--live", is_flag=True, help="Trade real money; also needs live credentials and --confirm-account.")
    @BROKER
    @functools.wraps(command)
    def asked(frame: Frame, *, broker: str | None, live: bool, confirm_account: str, **options: Any) -> Any:
        frame.choose({"account.broker": broker})
        frame.ask_live(live, confirm_account)
        return command(frame, **options)

    return asked
