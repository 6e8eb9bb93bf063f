"""`gammacore ledger verify|repair`: check a ledger's checksums, or keep its good part."""

from __future__ import annotations

from pathlib import Path

import click

from gammacore_cli.frame import Frame, common_options
from gammacore_cli.output import emit

LEDGER = click.option("--ledger", "path", type=click.Path(path_type=Path), metavar="FILE", help="Default: newest run.")


@click.group("ledger")
def ledger() -> None:
    """Verify or repair a ledger file."""


@ledger.command("verify")
@LEDGER
@common_options
def verify(frame: Frame, path: Path | None) -> None:
    """Read every event and check its checksum."""
    path = frame.ledger_path(path)
    events = len(frame.open_ledger(path))
    document: dict[str, object] = {"ledger": str(path), "events": events, "ok": True}
    emit(document, frame.as_json, lambda: f"{path}: {events} events, every checksum holds")


@ledger.command("repair")
@LEDGER
@common_options
def repair(frame: Frame, path: Path | None) -> None:
    """Keep the events before the damage; the damaged file stays beside it."""
    from gammacore.adapters.sqlite import repair as mend

    path = frame.ledger_path(path)
    report = mend(path)
    document: dict[str, object] = {
        "ledger": str(path),
        "kept": report.kept,
        "lost": report.lost,
        "damaged": None if report.damaged is None else str(report.damaged),
        "problem": report.problem,
    }

    def view() -> object:
        if report.damaged is None:
            return f"{path}: {report.kept} events, nothing to repair"
        lost = "an unknown number" if report.lost is None else str(report.lost)
        kept = f"{report.kept} events kept, {lost} lost ({report.problem})"
        return f"{path}: {kept}; the damaged file is {report.damaged}"

    emit(document, frame.as_json, view)
