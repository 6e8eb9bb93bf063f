"""`gammacore doctor`: check everything a run needs, with the fix for what is not right."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from gammacore.errors import GammacoreError
from gammacore_cli.frame import Frame, common_options
from gammacore_cli.market_options import choose_market, market_options
from gammacore_cli.output import emit
from gammacore_cli.which_ledger import live_options

if TYPE_CHECKING:
    from rich.console import RenderableType

    from gammacore.wiring.checks.doctor import Diagnosis


MARKS = {"ok": "[green]ok[/]", "failed": "[bold red]no[/]", "not_asked": "[yellow]–[/]"}


@click.command("doctor")
@click.option("--before-open", is_flag=True, help="Also look at the morning of a trading day: network, time service, "
                                                  "permissions, backup, rehearsal, arming, halts.")  # fmt: skip
@market_options
@common_options
@live_options
def doctor(frame: Frame, before_open: bool, **market: Any) -> None:
    """Check credentials, broker, account, clock, calendar, market data, disk and ledger. Nothing is sent or changed."""
    from gammacore.application.diagnose import failures, unasked
    from gammacore.wiring.checks.doctor import diagnose

    choose_market(frame, market)
    diagnosis = diagnose(frame.configuration, frame.credentials, is_before_open=before_open)
    failed, skipped = failures(diagnosis.checks), unasked(diagnosis.checks)
    document: dict[str, object] = {
        "ok": all(check.ok for check in diagnosis.checks),
        "failed": len(failed),
        "not_asked": len(skipped),
        "mode": diagnosis.banner,
        "checks": [
            {"name": check.name, "ok": check.ok, "status": check.status, "detail": check.detail, "fix": check.fix}
            for check in diagnosis.checks
        ],
    }
    emit(document, frame.as_json, lambda: _view(diagnosis))
    if failed or skipped:
        which = f"failed: {', '.join(failed)}" + (f"; not asked: {', '.join(skipped)}" if skipped else "")
        count = f"{len(failed)} failed" + (f", {len(skipped)} not asked" if skipped else "")
        raise GammacoreError(f"{count}, of {len(diagnosis.checks)} checks; {which}")


def _view(diagnosis: Diagnosis) -> RenderableType:
    from rich.markup import escape
    from rich.table import Table

    view = Table("", "check", "what was seen", "how to fix it")
    for check in diagnosis.checks:
        view.add_row(MARKS[check.status], check.name, escape(check.detail), escape(check.fix))
    return view
