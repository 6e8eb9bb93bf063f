"""`gammacore ledger verify|repair|backup|restore|upgrade|excerpt`: checks, fixes, copies, restores a ledger."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gammacore_cli.frame import Frame, common_options
from gammacore_cli.options import DATE
from gammacore_cli.output import emit
from gammacore_cli.which_ledger import head_of, ledger_options, means, others_document, show_others

if TYPE_CHECKING:
    from gammacore.wiring import LedgerChoice


@click.group("ledger")
def ledger() -> None:
    """Verify, repair, back up, restore or excerpt a ledger."""


@ledger.command("verify")
@common_options
@ledger_options()
def verify(frame: Frame, asked: LedgerChoice) -> None:
    """Read every event: its checksum, and whether it can follow those before it.

    The first that is damaged or does not follow is named, with the command that repairs the ledger.
    """
    from gammacore import wiring

    chosen = means(frame, asked, wiring.Use.READ, "ledger verify")
    path = chosen.one.place
    events = len(wiring.events_of(frame.settings, path))
    head = head_of(frame, chosen.one)
    head.show(frame)
    document = {**head.document, "events": events, "ok": True, "others": others_document(chosen.others)}
    emit(document, frame.as_json, lambda: f"{path}: {events} events, every checksum holds, every event follows")
    show_others(frame, chosen.others)


@ledger.command("repair")
@common_options
@ledger_options()
def repair(frame: Frame, asked: LedgerChoice) -> None:
    """Keep the events before the first that is damaged or cannot follow; the original is kept beside the ledger.

    When events were lost, no entries are made until `resume`; reconciling and exits go on.
    """
    from gammacore import wiring

    chosen = means(frame, asked, wiring.Use.ACT, "ledger repair").one
    path = chosen.place
    report = wiring.repair_ledger(frame.settings, path)
    head = head_of(frame, chosen)
    head.show(frame)
    document: dict[str, object] = {
        **head.document,
        "kept": report.kept,
        "lost": report.lost,
        "damaged": None if report.damaged is None else str(report.damaged),
        "problem": report.problem,
    }

    def view() -> object:
        if not report.problem:
            return f"{path}: {report.kept} events, nothing to repair"
        lost = "an unknown number" if report.lost is None else str(report.lost)
        kept = f"{report.kept} events kept, {lost} lost ({report.problem})"
        aside = f"; the damaged part is {report.damaged}" if report.damaged is not None else ""
        halted = (
            "" if report.lost == 0 else "\nno entries until `resume`: compare with the broker first, by `reconcile`"
        )
        return f"{path}: {kept}{aside}{halted}"

    emit(document, frame.as_json, view)


@ledger.command("backup")
@click.option("--to", type=click.Path(path_type=Path, file_okay=False), metavar="DIR",
              help="Folder of the backup (default: backup.folder, HOME/backups).")  # fmt: skip
@common_options
@ledger_options()
def backup(frame: Frame, asked: LedgerChoice, to: Path | None) -> None:
    """Copy a ledger with what lies beside it, safe beside its loop, and prove the copy by its chain of checksums.

    A backup is a ledger: it can be read where it lies. A folder on the same disk is lost with the disk.
    """
    from gammacore import wiring
    from gammacore_cli.json_values import clock

    chosen = means(frame, asked, wiring.Use.READ, "ledger backup")
    head = head_of(frame, chosen.one)
    head.show(frame)
    made = wiring.back_up(frame.settings, chosen.one, to)
    document = {
        **head.document, "file": str(made.file), "events": made.events, "checksum": made.checksum,
        "made_at": clock(made.made_at), "sha256": dict(made.sha256), "others": others_document(chosen.others),
    }  # fmt: skip
    emit(document, frame.as_json, lambda: f"{made.file}: {made.events} events, every checksum holds")
    show_others(frame, chosen.others)


@ledger.command("restore")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--to", type=click.Path(path_type=Path), metavar="PATH", required=True,
              help="Path of the new ledger; nothing may stand there.")  # fmt: skip
@common_options
def restore(frame: Frame, file: Path, to: Path) -> None:
    """Make a ledger of a backup. Nothing is ever replaced.

    The ledger of an account opens halted: orders since the backup are unknown to it, so `reconcile` must leave no
    finding open before `resume` lets it trade.
    """
    from shlex import quote

    from gammacore import wiring

    done = wiring.restore(file, to)
    where = quote(str(to))
    document: dict[str, object] = {
        "ledger": str(to), "mode": None if done.mode is None else done.mode.value, "events": done.events,
        "halted": done.is_halted,
    }  # fmt: skip
    latch = (
        f"\nhalted, restored: `gammacore reconcile --ledger {where}` until no finding is open, then `gammacore resume "
        f"--ledger {where}`" if done.is_halted else ""
    )  # fmt: skip
    emit(document, frame.as_json, lambda: f"{to}: {done.events} events, every checksum holds{latch}")


@ledger.command("upgrade")
@common_options
@ledger_options()
def upgrade(frame: Frame, asked: LedgerChoice) -> None:
    """Change the file of a ledger to the newest layout, where there is a newer one. Today there is none.

    Events of older versions are read as they are, for ever.
    """
    from gammacore import wiring

    chosen = means(frame, asked, wiring.Use.ACT, "ledger upgrade").one
    events = len(wiring.events_of(frame.settings, chosen.place))
    head = head_of(frame, chosen)
    head.show(frame)
    document = {**head.document, "events": events, "upgraded": False}
    emit(document, frame.as_json, lambda: f"{chosen.place}: {events} events in the newest layout, nothing to do")


@ledger.command("excerpt")
@click.option("--day", type=DATE, required=True, metavar="D", help="New York date.")
@click.option("--anonymous", is_flag=True, help="Leave out whose it is: account, ids, balance, names in free text.")
@common_options
@ledger_options()
def excerpt(frame: Frame, asked: LedgerChoice, day: dt.date, anonymous: bool) -> None:
    """Print the events of one day, a JSON document a line: what a report of a fault needs.

    With --anonymous nothing in it says whose account it is. Prices, times, rules and reasons stay; read it before you
    send it.
    """
    from gammacore import wiring
    from gammacore.wiring.ledgers.excerpts import excerpt as lines_of

    chosen = means(frame, asked, wiring.Use.READ, "ledger excerpt")
    lines = lines_of(frame.settings, chosen.one.place, day, anonymous=anonymous)
    if frame.as_json:
        emit({"day": day.isoformat(), "anonymous": anonymous, "events": [json.loads(line) for line in lines]},
             frame.as_json, lambda: "")  # fmt: skip
        return
    head_of(frame, chosen.one).show(frame, machine=True)
    for line in lines:
        click.echo(line)
