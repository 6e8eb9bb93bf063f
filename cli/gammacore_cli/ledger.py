"""`gammacore ledger verify|repair`: check a ledger's checksums, or keep its good part."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from gammacore_cli.frame import Frame, common_options
from gammacore_cli.options import LEDGER
from gammacore_cli.output import emit

if TYPE_CHECKING:
    from gammacore.wiring import LedgerPlace

WHICH = click.option(
    "--ledger", "path", type=LEDGER, metavar="LEDGER", help="Ledger to verify or repair (default: the newest run)."
)


@click.group("ledger")
def ledger() -> None:
    """Verify or repair a ledger."""


@ledger.command("verify")
@WHICH
@common_options
def verify(frame: Frame, path: LedgerPlace | None) -> None:
    """Read every event and check its checksum."""
    path = frame.ledger_path(path)
    events = len(frame.open_ledger(path))
    document: dict[str, object] = {"ledger": str(path), "events": events, "ok": True}
    emit(document, frame.as_json, lambda: f"{path}: {events} events, every checksum holds")


@ledger.command("repair")
@WHICH
@common_options
def repair(frame: Frame, path: LedgerPlace | None) -> None:
    """Keep the events before the damage; the damaged part is kept in a file beside the ledger.

    When events were lost, no entries are made until `resume`; reconciling and exits go on.
    """
    from gammacore.wiring import repair_ledger

    path = frame.ledger_path(path)
    report = repair_ledger(frame.settings, path)
    document: dict[str, object] = {
        "ledger": str(path),
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
