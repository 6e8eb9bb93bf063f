"""The tables of docs/real-days.md: every recorded SPY day under every preset, GOOG, and the pins of both volatilities.

    python benchmarks/real_days.py DATA [DAY ...]

DATA is the folder that holds `replay_spy_0dte` and `replay_lean`. A line a run: entries, skips, exits, P/L after fees.
"""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from gammacore.adapters.chain_exposure import ChainExposure
from gammacore.adapters.recorded.csv_table import read_csv_market
from gammacore.adapters.recorded.lean import read_lean_market
from gammacore.adapters.recorded.market import RecordedMarket
from gammacore.configuration import configure, read_toml
from gammacore.domain.gex.pin import find_pin
from gammacore.domain.gex.units import ExposureUnit
from gammacore.domain.instruments import REGISTRY, Underlying
from gammacore.domain.market import MarketSnapshot
from gammacore.domain.sessions import TradingSession

ROOT = Path(__file__).resolve().parents[1]
DAYS = ("2026-07-20", "2026-07-23", "2026-07-24", "2026-08-12", "2026-08-19")
PRESETS = ("standard", "swept", "head", "source-000")
GOOG = ROOT / "examples" / "goog-2015-12-24.toml"


def main() -> None:
    data, days = Path(sys.argv[1]), sys.argv[2:] or DAYS
    with tempfile.TemporaryDirectory() as folder:
        for day in days:
            if day in DAYS:
                spy(data / "replay_spy_0dte", day, Path(folder))
        if days == DAYS or "goog" in days:
            goog(data / "replay_lean", Path(folder))


def spy(data: Path, day: str, folder: Path) -> None:
    """The day with its vendor's volatility and without, with chains alone and with minute bars."""
    session = TradingSession.of(dt.date.fromisoformat(day))
    table = data / f"SPY_{day}.csv.gz"
    bare = without_volatility(table, folder / f"bare_{day}.csv")
    known, unknown = (read_csv_market(path, REGISTRY["SPY"], session) for path in (table, bare))
    print(f"{day} pins: {agreement(known, unknown, REGISTRY['SPY'])}", flush=True)
    bars = minute_bars(data / "spx_1m" / f"{day}.csv", known, folder / f"bars_{day}.csv")
    surroundings = f'[market]\nvix_file = "{data}/vix_daily.csv"\ncloses_file = "{data}/spy_close.csv"\n'
    example = (ROOT / "examples" / "spy-0dte.toml").read_text()
    for shown, path in (("vendor's", table), ("quotes'", bare)):
        for prices in ("chains", "bars"):
            market = surroundings + (f'price_file = "{bars}"\n' if prices == "bars" else "")
            for preset in PRESETS if shown == "vendor's" else ("standard",):
                rules = f'[stops]\npreset = "{preset}"\n[sizing]\npolicy = "rolling"\n'
                config = folder / "spy.toml"
                config.write_text(example + "\n" + market + rules)
                line = traded("--config", config, "--market", f"csv:{path}", "--underlying", "SPY", "--date", day)
                print(f"{day} {shown} {prices} {preset}: {line}", flush=True)


def goog(data: Path, folder: Path) -> None:
    for preset in ("standard", "head"):
        config = folder / "goog.toml"
        config.write_text(GOOG.read_text() + f'\n[stops]\npreset = "{preset}"\n')
        named = ("--market", f"lean:{data}", "--underlying", "GOOG", "--date", "2015-12-24")
        print(f"2015-12-24 GOOG {preset}: {traded('--config', config, *named)}", flush=True)
    session = TradingSession.of(dt.date(2015, 12, 24), close=dt.time(13))
    underlying = configure([read_toml(GOOG)]).settings.underlying("GOOG")
    market = read_lean_market(data, underlying, session)
    print(f"2015-12-24 GOOG pins: {list(pins(market, underlying, market.times[::15]))}", flush=True)


def traded(*arguments: str | Path) -> str:
    """What `gammacore trade` made of a day, in a line."""
    command = [Path(sys.executable).with_name("gammacore"), "trade", *arguments, "--json", "--quiet"]
    answer = subprocess.run(
        list(map(str, command)), capture_output=True, text=True, check=False, cwd=tempfile.mkdtemp()
    )
    if answer.returncode:
        return answer.stderr.strip().splitlines()[-1]
    day: dict[str, Any] = json.loads(answer.stdout)
    trades = "; ".join(
        f"{trade.get('opened', '')[11:16]} {trade.get('strategy', '')} {trade.get('credit', '')} "
        f"{trade.get('exit_reason', '')} {trade.get('pnl', '')}-{trade.get('fees', '')}"
        for trade in day["trades"]
    )  # fmt: skip
    decided = [(each.get("reason") or each["outcome"]) for each in day["decisions"]]
    net = float(day["balance"]) - float(day["starting_balance"])
    counts = f"{day['entries']} entries, unfilled {day['unfilled']}, {decided}, {day['exits_by_reason']}"
    return f"{counts}, {net:+.2f}; {trades}"


def without_volatility(table: Path, bare: Path) -> Path:
    """The same table with iv and gamma 0: not given."""
    with gzip.open(table, "rt") as content, bare.open("w", newline="") as written:
        reader = csv.DictReader(content)
        writer = csv.DictWriter(written, list(reader.fieldnames or ()))
        writer.writeheader()
        writer.writerows(row | {"iv": "0", "gamma": "0"} for row in reader)
    return bare


def minute_bars(index: Path, market: RecordedMarket, bars: Path) -> Path:
    """The index's minute bars, divided by the ratio of the first chain."""
    first = market.snapshot(market.times[0])
    assert first.spot is not None
    with index.open() as content:
        rows = list(csv.DictReader(content))
    minute = f"{market.times[0].astimezone(market.session.open.tzinfo):%M}"
    seen = (market.times[0] - market.session.open).total_seconds()
    at = rows[int(seen // 60)]
    ratio = float(at["open"]) / float(first.spot)
    print(f"{market.session.date} ratio {ratio:.4f} at minute {minute}", flush=True)
    with bars.open("w", newline="") as written:
        writer = csv.writer(written)
        writer.writerow(["time", "open", "high", "low", "close"])
        for row in rows:
            prices = [round(float(row[name]) / ratio, 2) for name in ("open", "high", "low", "close")]
            writer.writerow([row["time"], *prices])
    return bars


def pins(market: RecordedMarket, underlying: Underlying, times: tuple[dt.datetime, ...]) -> Iterator[str]:
    """The pin at each time as the desk measures it; "none" where nothing counts."""
    source = ChainExposure(underlying, market.session)
    for at in times:
        yield _pin(source, market.snapshot(at), underlying)


def _pin(source: ChainExposure, snapshot: MarketSnapshot, underlying: Underlying) -> str:
    exposure = source.exposure(snapshot)
    if exposure is None or snapshot.spot is None:
        return "none"
    per_100 = exposure.converted(ExposureUnit.PER_100PCT)
    found = find_pin(per_100.strikes, per_100.net, snapshot.spot, underlying)
    return "none" if found is None else str(found.strike)


def agreement(known: RecordedMarket, unknown: RecordedMarket, underlying: Underlying) -> str:
    """How often the pins agree, and how often the sign of net exposure does."""
    times = known.times
    both = list(zip(pins(known, underlying, times), pins(unknown, underlying, times), strict=True))
    signs = [
        [np.sign(measured.net_total) for at in times if (measured := source.exposure(market.snapshot(at))) is not None]
        for market in (known, unknown)
        for source in (ChainExposure(underlying, market.session),)
    ]
    same_sign = sum(a == b for a, b in zip(*signs, strict=False))
    return (f"{sum(a == b for a, b in both)} of {len(both)} the same; sign of net {same_sign} of {len(signs[0])}; "
            f"apart {[(f'{at:%H:%M}Z', a, b) for at, (a, b) in zip(times, both, strict=True) if a != b]}")  # fmt: skip


if __name__ == "__main__":
    main()
