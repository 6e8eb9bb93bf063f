"""What the ends of an account's days were found to be, beside its ledger: LEDGER.day-ends/DATE.json. Rule: OP-708.

Apart from what compares them, which readers need not load.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

from gammacore.adapters.whole_file import write_whole
from gammacore.configuration import Settings
from gammacore.domain.service.day_end import CashLook, DayEnd
from gammacore.wiring.ledgers.storage import LedgerPlace, local_path, make_folder

FORMAT = 1


def day_end_lines(settings: Settings, place: LedgerPlace, date: dt.date) -> tuple[str, ...]:
    """The lines of the report about the end of a day, and of the morning after it; none where it was not compared."""
    kept = _read(_folder(settings, place) / f"{date}.json") or {}
    morning = (kept.get("morning") or {}).get("difference")
    return (*map(str, kept.get("lines") or ()), *([f"the next morning: {morning}"] if morning else []))


def day_ends_of(settings: Settings, place: LedgerPlace) -> list[dict[str, Any]]:
    """Every end of a day that was compared, oldest first."""
    kept = (_read(path) for path in sorted(_folder(settings, place).glob("*.json")))
    return [one for one in kept if one is not None and "lines" in one]


def keep_day_end(settings: Settings, place: LedgerPlace, found: DayEnd, opening: CashLook | None) -> None:
    cash = found.cash
    document: dict[str, Any] = {
        "format": FORMAT,
        "date": found.date.isoformat(),
        "at": found.at.isoformat(),
        "agrees": not found.differences,
        "lines": list(found.lines),
        "holdings": list(found.holdings),
        "orders": list(found.orders),
        "fills": list(found.fills),
        "cash": None if cash is None else {
            "verdict": cash.verdict.value,
            **{name: str(getattr(cash, name)) for name in
               ("opening", "fills", "fees", "settlement", "closing", "expected", "rest", "tolerance")},
        },
        "opening": None if opening is None else look_document(opening),
        "look": None if found.look is None else look_document(found.look),
    }  # fmt: skip
    write_day(settings, place, found.date, document)


def opening_of_day(settings: Settings, place: LedgerPlace, date: dt.date) -> CashLook | None:
    """Where the cash of a day begins: that morning's balance, else the end of the last day that was compared."""
    today = _read(_folder(settings, place) / f"{date}.json")
    if today is not None and today.get("opening"):
        return as_look(today["opening"])
    before = newest_before(settings, place, date, "look")
    return None if before is None else as_look(before["look"])


def newest_before(settings: Settings, place: LedgerPlace, before: dt.date, knowing: str) -> dict[str, Any] | None:
    """The newest day before a date of which something is known."""
    for path in sorted(_folder(settings, place).glob("*.json"), reverse=True):
        kept = _read(path) if path.stem < before.isoformat() else None
        if kept is not None and kept.get(knowing):
            return kept
    return None


def _folder(settings: Settings, place: LedgerPlace) -> Path:
    path = local_path(settings, place)
    return path.with_name(f"{path.name}.day-ends")


def look_document(look: CashLook) -> dict[str, str]:
    return {"at": look.at.isoformat(), "broker": str(look.broker), "ledger": str(look.ledger)}


def as_look(kept: Mapping[str, str]) -> CashLook:
    return CashLook(dt.datetime.fromisoformat(kept["at"]), Decimal(kept["broker"]), Decimal(kept["ledger"]))


def _read(path: Path) -> dict[str, Any] | None:
    """None where there is none that can be read whole: what was compared before is then not known."""
    with suppress(OSError, ValueError, KeyError, TypeError, AttributeError, ArithmeticError):
        kept: dict[str, Any] = json.loads(path.read_bytes())
        dt.date.fromisoformat(kept["date"])
        for look in filter(None, map(kept.get, ("opening", "look"))):
            as_look(look)
        if kept["format"] == FORMAT and isinstance(kept.get("morning") or {}, dict):
            return kept
    return None


def write_day(settings: Settings, place: LedgerPlace, date: dt.date, document: Mapping[str, Any]) -> None:
    folder = _folder(settings, place)
    make_folder(folder)
    write_whole(folder / f"{date}.json", json.dumps(document, ensure_ascii=False, indent=1) + "\n", 0o600)
