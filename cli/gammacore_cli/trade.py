"""`gammacore trade`: a trading day, simulated by default, ending in a readable report."""

from __future__ import annotations

import faulthandler
import logging
import signal
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from shlex import quote
from typing import TYPE_CHECKING, Any

import click
from attrs import evolve

from gammacore.domain.ledger import Mode
from gammacore.errors import RunEnded, TradingHalted
from gammacore_cli.frame import Frame, common_options, leaving_by_sigterm, variables
from gammacore_cli.market_options import choose_market, market_options, rests_without_session
from gammacore_cli.network import alerting, network_option, waiting
from gammacore_cli.options import INSTANT, LEDGER, PACE, strategy_option
from gammacore_cli.output import emit
from gammacore_cli.scalping_options import before_the_start, scalping_options, show_preflight
from gammacore_cli.terminal import progress
from gammacore_cli.which_ledger import head_of, live_options

if TYPE_CHECKING:
    import datetime as dt

    from gammacore.adapters.asyncio_runner import Ended
    from gammacore.adapters.paced_clock import Pace
    from gammacore.configuration import Configuration
    from gammacore.ports.storage import Inbox
    from gammacore.wiring import Armed, LedgerPlace, WiredDay
    from gammacore_cli.json_values import Document


log = logging.getLogger("gammacore")


@click.command("trade")
@strategy_option
@market_options
@click.option("--once", is_flag=True, help="One look, then stop; in a study the next call makes the next look.")
@click.option(
    "--ledger",
    type=LEDGER,
    metavar="LEDGER",
    help="Ledger to trade on (default: a new one; the account's own at a broker).",
)
@network_option
@click.option("--armed", "by_service", is_flag=True, hidden=True)
@click.option("--fault", "faults", multiple=True, metavar="KIND@TIME[/SECONDS]",
              help="In a study: broker-down, answer-lost, reject, feed-silent, stale-quotes or disk-full at a New York "
                   "time (for 60 s).")  # fmt: skip
@click.option("--begin", type=INSTANT, metavar="TIME", help="With --pace: at full speed until then, New York, 10:20.")
@click.option("--pace", type=PACE, metavar="real|N",
              help="Market seconds a second, simulated or recorded (default: as fast as it goes).")  # fmt: skip
@click.option("--alerts", "sends_alerts", is_flag=True,
              help="With --pace: send alerts too, marked [REHEARSAL].")  # fmt: skip
@common_options
@rests_without_session
@live_options
@scalping_options
def trade(
    frame: Frame,
    strategy: str | None,
    once: bool,
    ledger: LedgerPlace | None,
    pace: float | None,
    begin: dt.datetime | dt.time | None,
    faults: tuple[str, ...],
    sends_alerts: bool,
    wait_for_network: float,
    by_service: bool,
    **market: Any,
) -> None:
    """Trade a day. Without options: a simulated SPX 0DTE day on the fake broker.

    With --pace a simulated or recorded day takes its time, so that halt, flatten and resume can be practised on it.

    A named ledger is taken up where it stands; a finished day is reported, not traded again. `gammacore flatten`,
    the file LEDGER.halt and the signal SIGUSR1 close everything and latch the kill switch; the exit code is then 3.
    Ctrl-C and SIGTERM leave at once, with everything as it stands; the exit code is then 130. A scalping strategy at a
    broker is made flat first (scalping.runner.on_shutdown), a second Ctrl-C skips that.
    """
    from gammacore import wiring
    from gammacore.domain.reports.day_report import day_report
    from gammacore_cli.documents import trade_document

    choose_market(frame, market)
    _choose(frame, strategy, faults, sends_alerts=sends_alerts, is_paced=pace is not None)
    if by_service:  # that started this process, in place of a typed account number (OP-208)
        frame.use_arming()
    before_the_start(frame)
    armed = wiring.armed_mode(frame.configuration, frame.credentials)
    at_pace = _pace(frame, armed, pace, begin, once=once)
    frame.announce(armed)
    configuration = frame.configuration if ledger is None else wiring.taking_up(frame.configuration, ledger)
    path = ledger or _fresh_ledger(frame, configuration, armed)
    if (found := wiring.look_at(frame.settings, path)) is not None:
        wiring.require_ledger(frame.configuration, frame.credentials, found, armed)
    log.info("ledger %s", path)
    with flatten_by_signal() as signals:
        try:
            day = waiting(wait_for_network, alerting(frame, armed.mode))(
                lambda: wiring.wire_day(
                    configuration,
                    path,
                    logger=log,
                    also_obey=signals,
                    credentials=frame.credentials,
                    environment=variables(),
                    armed=armed,
                    pace=at_pace,
                )
            )
        except BaseException:
            if ledger is None:
                frame.give_back(path)
            raise
        frame.follow(day.trade.clock)
        ended: Ended | None = None
        try:
            _show_the_start(frame, day, armed)
            if once:
                _one_look(day)
            else:
                page = wiring.page_beside(frame.settings, frame.config_arguments, armed.mode)
                with (
                    _registered(path),
                    page,
                    progress(day.session.open, day.session.close, quiet=frame.quiet) as on_cycle,
                ):
                    ended = wiring.run_day(day, on_cycle)
            report, halted = day_report(day.storage.events(), day.session.date), day.trade.ledger.book.halted
        except KeyboardInterrupt as left:
            raise click.Abort(_goes_on(path)) from left
        finally:
            day.close()

    def view() -> object:
        from gammacore_cli.day_view import day_panel

        return day_panel(report, path)

    head = head_of(frame, wiring.FoundLedger(path, armed.mode), armed)
    emit({**head.document, **trade_document(report, path), **_loop_stats(ended)}, frame.as_json, view)
    _raise_how_it_ended(ended, path)
    if halted is not None:
        typed = " --confirm-account N" if armed.mode is Mode.LIVE else ""
        resume = f"gammacore resume --ledger {quote(str(path))}{typed}"
        raise TradingHalted(f"trading is halted ({halted}); once the cause is known: {resume}")


def _choose(frame: Frame, strategy: str | None, faults: tuple[str, ...], *, sends_alerts: bool, is_paced: bool) -> None:
    """What was asked of the day, as settings. Rules: OP-601, OP-602."""
    if sends_alerts and not is_paced:
        raise click.UsageError("--alerts: an account always sends alerts, a study only at a pace; give --pace with it")
    frame.choose(
        {"trade.strategy": strategy, "trade.faults": faults or None, "alerts.studies": sends_alerts or None},
        {"trade.faults": "--fault", "alerts.studies": "--alerts"},
    )


def _pace(
    frame: Frame, armed: Armed, speed: float | None, begin: dt.datetime | dt.time | None, *, once: bool
) -> Pace | None:  # fmt: skip
    """The pace that was asked for. Rule: OP-601."""
    from datetime import time

    from gammacore import wiring
    from gammacore.adapters.paced_clock import Pace
    from gammacore.domain.sessions import new_york

    if speed is None:
        if begin is not None:
            raise click.UsageError("--begin: at full speed until then, and then? give --pace with it")
        return None
    if once:
        raise click.UsageError("--pace: one look takes no time; leave --once out")
    pace = Pace(speed)
    wiring.refuse_a_pace_at_a_broker(armed, pace)
    if isinstance(begin, time):
        begin = new_york(wiring.trading_date(frame.settings), begin)
    return evolve(pace, begin=begin)


def _registered(path: LedgerPlace) -> AbstractContextManager[None]:
    """In the register of loops, so that `halt` finds this one from any folder. Rule: OP-102."""
    from pathlib import Path

    from gammacore.adapters.loop_register import registered

    return registered(path) if isinstance(path, Path) else nullcontext()


def _show_the_start(frame: Frame, day: WiredDay, armed: Armed) -> None:
    """What of a recording was left out, and what is missing before the first look."""
    from gammacore import wiring

    if day.left_out:
        log.warning("%s: %s", day.market.label, day.left_out)
    show_preflight(wiring.preflight_of(day, armed), quiet=frame.quiet)
    if armed.mode is Mode.LIVE:
        from gammacore.wiring.checks.checklist import before_real_money

        for sentence in before_real_money(frame.settings, wiring.system_clock().now()):
            log.warning("before real money: %s", sentence)


def _one_look(day: WiredDay) -> None:
    if day.settings.entries.observation.on:
        log.warning("entries.observation.on: with --once no watch lasts long enough for an entry; set it to false, or "
                    "run `gammacore trade` without --once")  # fmt: skip
    day.once()


def _raise_how_it_ended(ended: Ended | None, path: LedgerPlace) -> None:
    """Exit code 1 after a fault, or where the end was not what it should have been; 130 after a signal. SC-1009."""
    if ended is not None and (ended.fault is not None or not ended.is_orderly):
        raise RunEnded(str(ended))
    if ended is not None and ended.signal:
        raise click.Abort(f"{ended}; {_goes_on(path)}")


def _goes_on(path: LedgerPlace) -> str:
    return f"the ledger holds everything up to here; the same command with --ledger {quote(str(path))} goes on"


def _loop_stats(ended: Ended | None) -> Document:
    """How the loop kept up with its feed, of a day that was run by events. Rule: SC-908."""
    from gammacore_cli.json_values import loop_stats

    return {} if ended is None or ended.stats is None else {"loop_stats": loop_stats(ended.stats)}


def _fresh_ledger(frame: Frame, configuration: Configuration, armed: Armed) -> LedgerPlace:
    """A new run for a study; the account's own ledger, taken up again each day, at a real broker."""
    from gammacore import wiring

    if armed.broker.is_real:
        return wiring.account_ledger(configuration.settings, armed.mode)
    configuration = wiring.naming_underlying(wiring.naming_its_underlying(configuration))
    date = wiring.trading_date(configuration.settings)
    return frame.new_run(f"{configuration.settings.market.underlying.lower()}-{date:%Y%m%d}")


@contextmanager
def flatten_by_signal() -> Iterator[Inbox]:
    """An inbox that SIGUSR1 posts a flatten request to; SIGTERM ends the run as Ctrl-C does. Rule: R10.

    SIGUSR2 writes the stack of every thread to stderr: a service asks for it before it kills a stalled loop (OP-206).
    """
    from gammacore import wiring
    from gammacore.adapters.fake.in_memory import MemoryInbox
    from gammacore.ports.storage import Request, RequestKind

    inbox, clock = MemoryInbox(), wiring.system_clock()

    def post(_number: int, _frame: object) -> None:
        inbox.post(Request(RequestKind.FLATTEN, clock.now(), "signal SIGUSR1"))

    before = signal.signal(signal.SIGUSR1, post)
    if sys.__stderr__ is not None:
        faulthandler.register(signal.SIGUSR2, sys.__stderr__)
    try:
        with leaving_by_sigterm():
            yield inbox
    finally:
        signal.signal(signal.SIGUSR1, before)
        faulthandler.unregister(signal.SIGUSR2)
