"""`gammacore doctor`: everything a run needs, looked at, and how to mend what is not right."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from gammacore.errors import GammacoreError
from gammacore_cli.frame import Frame, common_options
from gammacore_cli.live_options import live_options
from gammacore_cli.market_options import choose_market, market_options
from gammacore_cli.output import emit

if TYPE_CHECKING:
    from rich.console import RenderableType

    from gammacore.wiring.doctor import Diagnosis


@click.command("doctor")
@market_options
@common_options
@live_options
def doctor(frame: Frame, **market: Any) -> None:
    """Check credentials, broker, account, clock, calendar, market data, disk and ledger. Nothing is sent or changed."""
    from gammacore.application.diagnose import failures
    from gammacore.wiring.doctor import diagnose

    choose_market(frame, market)
    diagnosis = diagnose(frame.configuration, frame.credentials)
    failed = failures(diagnosis.checks)
    document: dict[str, object] = {
        "ok": not failed,
        "mode": diagnosis.banner,
        "checks": [
            {"name": check.name, "ok": check.ok, "detail": check.detail, "fix": check.fix} for check in diagnosis.checks
        ],
    }
    emit(document, frame.as_json, lambda: _view(diagnosis))
    if failed:
        raise GammacoreError(f"{len(failed)} of {len(diagnosis.checks)} checks failed: {', '.join(failed)}")


def _view(diagnosis: Diagnosis) -> RenderableType:
    from rich.markup import escape
    from rich.table import Table

    view = Table("", "check", "what was seen", "how to mend it")
    for check in diagnosis.checks:
        mark = "[green]ok[/]" if check.ok else "[bold red]no[/]"
        view.add_row(mark, check.name, escape(check.detail), escape(check.fix))
    return view
