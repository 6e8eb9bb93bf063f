"""`gammacore ledger verify|repair`: check a ledger's checksums, or keep its good part."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from gammacore_cli.frame import Frame, common_options
from gammacore_cli.output import emit
from gammacore_cli.which_ledger import head_of, ledger_options, means, others_document, show_others

if TYPE_CHECKING:
    from gammacore.wiring import LedgerChoice


@click.group("ledger")
def ledger() -> None:
    """Verify or repair a ledger."""


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
