"""Dealer gamma that no loop publishes: kept by `gammacore gex --track`, shown by the page. Rules: OP-503, gex.md."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

from gammacore.adapters.view_files.encoding import FORMAT, exposure_now, measured_document
from gammacore.adapters.view_files.publisher import append_line, bounded
from gammacore.adapters.view_files.reading import read_now
from gammacore.adapters.view_files.settings import NOW_FILE
from gammacore.adapters.whole_file import write_whole
from gammacore.domain.gex.pin import Pin
from gammacore.domain.gex.survey import GammaSurvey
from gammacore.domain.reports.plain_values import plain
from gammacore.domain.sessions import new_york_date


def keep_measurement(home: Path, survey: GammaSurvey, pin: Pin | None, now: dt.datetime) -> None:
    """Keep one measurement: the newest whole, and a line of its day."""
    measured = survey.exposure
    folder = home / "gamma" / measured.underlying
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    date = new_york_date(measured.as_of)
    price = float(measured.spot)
    append_line(
        folder / f"{date}.ndjson", {"at": plain(measured.as_of), "price": price, **measured_document(survey, pin)}
    )
    document = {"format": FORMAT, "at": now.isoformat(), "market_at": plain(measured.as_of), "date": plain(date),
                "exposure": exposure_now(survey, pin)}  # fmt: skip
    write_whole(folder / NOW_FILE, bounded(document), 0o600)


def newest_track(home: Path) -> tuple[Path, dict[str, Any]] | None:
    """The folder that was written last, with its newest measurement; None where nothing is kept."""
    found = [
        (folder, now) for folder in sorted((home / "gamma").glob("*")) if (now := read_now(folder)) is not None
    ]  # fmt: skip
    return max(found, key=lambda one: str(one[1]["at"]), default=None)
