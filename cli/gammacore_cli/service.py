"""`gammacore service`: an account that runs itself by the exchange's calendar."""

from __future__ import annotations

import datetime as dt
import logging
from typing import TYPE_CHECKING

import click

from gammacore.errors import ConfigurationError
from gammacore_cli.frame import Frame, common_options, variables
from gammacore_cli.options import DATE, strategy_option
from gammacore_cli.output import emit

if TYPE_CHECKING:
    from gammacore.domain.ledger import Mode
    from gammacore.domain.service.day_plan import DayPlan


@click.command("service")
@strategy_option
@click.option("--paper", is_flag=True, help="The paper account (default).")
@click.option("--live", is_flag=True, help="The live account: real money, under `gammacore arm --live`.")
@click.option("--plan", "shows_plan", is_flag=True, help="Show what would be done and when; do nothing.")
@click.option("--from", "first", type=DATE, metavar="D", help="With --plan: first New York date (default: today).")
@click.option("--days", type=click.IntRange(1, 400), default=7, show_default=True, help="With --plan: so many dates.")
@click.option("--health", is_flag=True, help="Exit 0 when the service that runs is well, else 1.")
@click.option("--ensure", is_flag=True, help="Start it in the background unless it runs; for cron.")
@common_options
def service(
    frame: Frame,
    strategy: str | None,
    paper: bool,
    live: bool,
    shows_plan: bool,
    first: dt.date | None,
    days: int,
    health: bool,
    ensure: bool,
) -> None:
    """Trade an account every day: start its loop before the open, watch it, end the day after the close.

    Keep it alive with systemd, a container or cron (docs/service.md). SIGTERM ends it with its loop, SIGHUP reads the
    configuration for the next session, SIGUSR1 closes everything and latches the kill switch. Exit code 0 after SIGTERM
    or Ctrl-C, 2 when its configuration cannot be read, 1 when its loop could not be ended.
    """
    if paper and live:
        raise click.UsageError("--paper and --live: a service is of one account and mode; give one of them")
    if sum((shows_plan, health, ensure)) > 1:
        raise click.UsageError("give one of --plan, --health and --ensure")
    if first is not None and not shows_plan:
        raise click.UsageError("--from belongs to --plan")
    frame.choose({"trade.strategy": strategy})
    if health:
        _show_health(frame, "live" if live else "paper" if paper else None)
    elif shows_plan:
        _show_plan(frame, first, days)
    else:
        _run(frame, strategy, live=live, ensure=ensure)


def _run(frame: Frame, strategy: str | None, *, live: bool, ensure: bool) -> None:
    from gammacore.domain.ledger import Mode
    from gammacore.wiring.service.supervisor import ServiceAsk, ensure_service, run_service

    mode = Mode.LIVE if live else Mode.PAPER
    frame.ask_live(live, "")
    if not live and not frame.settings.account.paper:
        raise ConfigurationError(
            "account.paper is false, and --live was not given; give it, or set account.paper to true"
        )
    file = frame.config_file
    ask = ServiceAsk(mode, strategy, None if file is None else file.resolve())
    if ensure:
        ensure_service(frame.settings, ask)
        return
    if frame.settings.account.broker.is_real:  # else it is refused, and nothing is written
        _keep_log(frame, mode)
    code = run_service(frame.configuration, frame.credentials, ask, again=frame.configuration_now)
    if code:
        raise click.exceptions.Exit(code)


def _keep_log(frame: Frame, mode: Mode) -> None:
    """HOME/logs/MODE-ID.ndjson, always; the loop has a file of its own, each rotates its own. OP-302."""
    from gammacore.wiring import make_folder
    from gammacore.wiring.service.files import service_log
    from gammacore_cli.log_keeping import keep_log, obey_log_settings, set_level, sign_log

    settings = frame.settings
    path = service_log(settings, mode)
    make_folder(path.parent)
    keep_log(path, as_json=True)
    obey_log_settings(settings.log)
    sign_log(mode.value, settings.account.id, str(settings.trade.strategy))
    set_level(logging.getLevelName(logging.getLogger().level))


def _show_plan(frame: Frame, first: dt.date | None, days: int) -> None:
    from gammacore.domain.sessions import new_york_date
    from gammacore.wiring import system_clock
    from gammacore.wiring.service.supervisor import plan_days

    plans = list(plan_days(frame.settings.service, first or new_york_date(system_clock().now()), days))
    emit({"days": [_day_document(plan) for plan in plans]}, frame.as_json, lambda: _table(plans))


def _day_document(plan: DayPlan) -> dict[str, object]:
    """A day of the plan; `start`, `close` and `day_end` are null on a day without a session."""
    from gammacore.domain.service.day_plan import Duty
    from gammacore.domain.sessions import NEW_YORK

    def utc(at: dt.datetime | None) -> str | None:
        return None if at is None else f"{at.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%SZ}"

    steps = [
        {"duty": step.duty.value, "at": utc(step.at), "new_york": step.at.astimezone(NEW_YORK).isoformat()}
        for step in plan.steps()
    ]
    named = {duty.value: utc(plan.at(duty)) for duty in Duty if duty is not Duty.PING}
    return {
        "date": plan.date.isoformat(),
        "weekday": f"{plan.date:%a}",
        "session": plan.session is not None,
        "early_close": plan.session is not None and plan.session.early_close,
        **named,
        "steps": steps,
    }


def _table(plans: list[DayPlan]) -> object:
    from rich.table import Table

    from gammacore.domain.sessions import NEW_YORK

    table = Table("date", "New York", "UTC", "what is done")
    for plan in plans:
        for number, step in enumerate(plan.steps()):
            day = f"{plan.date:%a %Y-%m-%d}" if number == 0 else ""
            words = "no session: one ping" if plan.session is None else step.duty.value.replace("_", " ")
            table.add_row(day, f"{step.at.astimezone(NEW_YORK):%H:%M}", f"{step.at.astimezone(dt.UTC):%H:%M}", words)
    return table


def _show_health(frame: Frame, mode: str | None) -> None:
    """From the state files alone, of whichever mode was asked for. Rule: OP-205."""
    from gammacore.wiring.service.health import service_health

    wrong, found = service_health(variables(), frame.config_file, mode, dt.datetime.now(dt.UTC))
    document: dict[str, object] = {"ok": not wrong, "problem": wrong or None, "states": [str(path) for path in found]}
    if frame.as_json:
        emit(document, frame.as_json, lambda: wrong or "ok")
    else:
        click.echo(wrong or "ok")
    if wrong:  # no sentence on stderr besides: what keeps secrets out of it takes longer to load than this may take
        raise click.exceptions.Exit(1)
