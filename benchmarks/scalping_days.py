"""The tables of docs/real-days.md on scalping: every mode on every recorded day, after fees, and why where it stood.

    python benchmarks/scalping_days.py DATA [DAY ...]

DATA is the folder that holds `replay_spy_0dte` and `replay_lean`. A table row a run: entries, exits, P/L after fees,
and the reasons an entry was refused for inside its window. SPY days are replayed twice: as they are recorded, and with
share quotes of a cent around the recorded price and with minute bars of the index, which is an assumption.
"""

from __future__ import annotations

import csv
import datetime as dt
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from attrs import evolve, frozen

from gammacore.adapters.calendars.nyse import NyseCalendar
from gammacore.adapters.recorded.csv_table import read_csv_market
from gammacore.adapters.recorded.recording import RecordingHeader, RecordingWriter
from gammacore.configuration import configure, read_toml
from gammacore.domain.dollars import CENT
from gammacore.domain.instruments import REGISTRY
from gammacore.domain.market import Bar, Quote
from gammacore.domain.reports.day_report import DayReport, day_report
from gammacore.domain.sessions import TradingSession, new_york, new_york_time
from gammacore.wiring import wire_day
from gammacore.wiring.markets import previous_session

ROOT = Path(__file__).resolve().parents[1]
SPY_DAYS = ("2026-07-20", "2026-07-23", "2026-07-24", "2026-08-12", "2026-08-19")
GOOG_DAY = "2015-12-24"
MODES = ("st0cka", "st0ckg", "gamma-scalping", "hybrid")
CAPITAL = 60_000
OUTSIDE = "outside_window"


@frozen
class Replayed:
    """One mode on one recorded day; `assumed` says that its share quotes were."""

    day: str
    mode: str
    report: DayReport
    assumed: bool = False

    @property
    def net(self) -> Decimal:
        """Dollars, after fees."""
        return self.report.balance - self.report.starting_balance

    @property
    def trades(self) -> str:
        """How many were entered, and how they ended."""
        if not self.report.entries:
            return "none"
        ends = ", ".join(f"`{reason}` {count}" for reason, count in sorted(self.report.exits.items()))
        return f"{self.report.entries}: {ends}"

    @property
    def reasons(self) -> str:
        """Every "no" inside a window with its count; the code alone where there was one."""
        counts = Counter({code: count for code, count in self.report.refusals.items() if code != OUTSIDE})
        return ", ".join(f"`{code}` {count}" if count > 1 else f"`{code}`" for code, count in sorted(counts.items()))

    @property
    def row(self) -> str:
        """Its line of the table."""
        cells = (self.day, self.mode, self.trades, f"{self.net:+.2f}", self.reasons or "–")
        return f"| {' | '.join(cells)} |"


def goog(data: Path, mode: str, **given: Any) -> Replayed:
    """The half day at a look a minute, from a starting balance of 60,000."""
    source = {"market.source": f"lean:{data / 'replay_lean'}", "market.underlying": "GOOG", "market.date": GOOG_DAY}
    return Replayed(GOOG_DAY, mode, _traded(mode, ROOT / "examples" / "goog-2015-12-24.toml", {**source, **given}))


def spy(data: Path, day: str, mode: str, **given: Any) -> Replayed:
    """A SPY day as it was recorded: chains about every five minutes, no quotes and no bars of the share."""
    folder = data / "replay_spy_0dte"
    source = {"market.source": f"csv:{folder / f'SPY_{day}.csv.gz'}", **_spy_settings(folder, day), **given}
    return Replayed(day, mode, _traded(mode, ROOT / "examples" / "spy-0dte.toml", source))


def spy_with_shares(data: Path, day: str, mode: str, folder: Path, **given: Any) -> Replayed:
    """The same day with what it lacks assumed: a share quote a cent wide at each chain, bars of the index."""
    recording = folder / f"SPY_{day}.jsonl.gz"
    if not recording.exists():
        with_shares(data / "replay_spy_0dte", day, recording)
    source = {"market.source": f"recording:{recording}", **_spy_settings(data / "replay_spy_0dte", day), **given}
    return Replayed(day, mode, _traded(mode, ROOT / "examples" / "spy-0dte.toml", source), assumed=True)


def _spy_settings(folder: Path, day: str) -> dict[str, Any]:
    return {
        "market.underlying": "SPY",
        "market.date": day,
        "market.vix_file": str(folder / "vix_daily.csv"),
        "market.closes_file": str(folder / "spy_close.csv"),
    }


def _traded(mode: str, example: Path, given: Mapping[str, Any]) -> DayReport:
    start = {"trade.strategy": mode, "sizing.starting_capital": str(CAPITAL)}
    day = wire_day(configure([read_toml(example), {**start, **given}]))
    try:
        day.trade()
        return day_report(day.storage.events())
    finally:
        day.close()


def with_shares(folder: Path, day: str, recording: Path) -> None:
    """Write the day with a share quote around each chain's price, and SPX's minutes as SPY's, without volume.

    Where the session before is recorded too, its minutes are there: its high and low are the battle lines.
    """
    session = TradingSession.of(dt.date.fromisoformat(day))
    market = read_csv_market(folder / f"SPY_{day}.csv.gz", REGISTRY["SPY"], session)
    header = RecordingHeader("SPY", session, market.step_seconds, f"{day} with assumed share quotes", "assumed shares")
    before = previous_session(NyseCalendar(), session.date)
    first = market.snapshot(market.times[0])
    assert first.spot is not None
    assert before is not None
    minutes = list(index_minutes(folder / "spx_1m" / f"{day}.csv", session))
    at_first = next(bar for bar in minutes if bar.end > market.times[0])
    ratio = at_first.open / first.spot
    earlier = list(index_minutes(folder / "spx_1m" / f"{before.date}.csv", before))
    with RecordingWriter(recording, header) as written:
        for at in market.times:
            snapshot = market.snapshot(at)
            if snapshot.spot is not None:
                bid = (snapshot.spot - CENT / 2).quantize(CENT)
                snapshot = evolve(snapshot, share=Quote(bid, bid + CENT, at))
            written.append(snapshot)
        written.write_bars("SPY", [_scaled(bar, ratio) for bar in (*earlier, *minutes)])


def index_minutes(table: Path, session: TradingSession) -> Iterator[Bar]:
    """Minute bars of the index; none where that day was not recorded."""
    if not table.exists():
        return
    with table.open() as content:
        for row in csv.DictReader(content):
            start = new_york(session.date, dt.time.fromisoformat(row["time"]))
            prices = [Decimal(row[name]) for name in ("open", "high", "low", "close")]
            yield Bar(start, 60, *prices)


def _scaled(bar: Bar, ratio: Decimal) -> Bar:
    open_, high, low, close = ((price / ratio).quantize(CENT) for price in (bar.open, bar.high, bar.low, bar.close))
    return evolve(bar, open=open_, high=high, low=low, close=close)


def details(replayed: Replayed) -> Iterator[str]:
    """Each trade, each change of desks and each signal that was seen."""
    for trade in replayed.report.trades:
        terms, end = trade.holding.terms, trade.end
        left = "" if end is None else f"{new_york_time(end.at)} {end.reason} {end.gross - end.fees:+.2f}"
        shares = "" if end is None else f", shares {end.shares:+}, options {end.options:+}, fees {end.fees}"
        yield f"  {new_york_time(trade.opened)} {trade.holding.id} {terms and terms.signal} {left}{shares}"
    yield f"  {dict(replayed.report.refusals)}"
    yield from (f"  {new_york_time(halt.at)} {halt}" for halt in replayed.report.halts)


def main() -> None:
    data, days = Path(sys.argv[1]), sys.argv[2:] or [GOOG_DAY, *SPY_DAYS]
    with tempfile.TemporaryDirectory() as folder:
        for day in days:
            for mode in MODES:
                runs = [goog(data, mode)] if day == GOOG_DAY else [spy(data, day, mode)]
                if day != GOOG_DAY:
                    runs.append(spy_with_shares(data, day, mode, Path(folder)))
                for run in runs:
                    print(f"{run.row}{' assumed shares' if run.assumed else ''}", *details(run), sep="\n", flush=True)


if __name__ == "__main__":
    main()
