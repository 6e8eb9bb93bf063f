"""Nothing a day decides depends on what comes later, and what does is found: check 15 of the study. ST-601..603."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve, frozen

import gammacore
from builders_cli import CommandLine, at_home
from conftest import ROOT
from contracts.market_data_contract import assert_same_snapshot
from extent import WHOLE, many
from gammacore.adapters.altered_market import AlteredMarket
from gammacore.adapters.altered_tables import altered_daily_table
from gammacore.adapters.recorded.market import Track
from gammacore.adapters.recorded.surroundings import ReplaySettings
from gammacore.adapters.simulated.market import SimulatedMarket
from gammacore.application.study.look_ahead import LookAheadCheck
from gammacore.configuration import Configuration, configure, read_toml
from gammacore.domain.instruments import REGISTRY
from gammacore.domain.market import Bar, MarketSnapshot, OptionChain
from gammacore.domain.sessions import TradingSession, new_york
from gammacore.domain.strategy import Decisions, Situation
from gammacore.domain.study.look_ahead import Alteration, Change, MarketInput
from gammacore.errors import ConfigurationError
from gammacore.ports.market_data import Expiries, MarketData, SettlementPrint
from gammacore_cli.main import EXIT_DONE, EXIT_USAGE
from gammacore_cli.scaffold import own_strategy
from gammacore_cli.scaffold.own_strategy import OwnStrategy

DAY = dt.date(2026, 3, 3)
SESSION = TradingSession.of(DAY)
SPX = REGISTRY["SPX"]
DESKS = ["st0cka", "st0ckg", "gamma-scalping", "hybrid", "delta-hedge"]


def simulated(**market: Any) -> Configuration:
    """A simulated day; in a smoke it is looked at every five minutes."""
    return configure([{"market.step_seconds": many(300, 60), **{f"market.{key}": one for key, one in market.items()}}])


def checked(configuration: Configuration, *days: dt.date, **other: Any) -> LookAheadCheck:
    return gammacore.check_lookahead(configuration, days[0], days[-1], draws=many(2, 20), **other)


@pytest.mark.parametrize("seed", range(1, many(2, 6)))
def test_a_simulated_day_knows_nothing_of_later(seed: int) -> None:
    found = checked(simulated(seed=seed), DAY)

    assert found.differences == ()
    assert found.checked > many(20, 60)
    assert found.failed == {}


@pytest.mark.parametrize("strategy", DESKS if WHOLE else DESKS[:1])
def test_the_other_desks_know_nothing_of_later(strategy: str) -> None:
    configuration = configure([
        {"trade.strategy": strategy, "market.share_quotes": True, "market.underlying": "SPY", "market.seed": 7,
         "market.step_seconds": many(3600, 300)}
    ])  # fmt: skip
    assert checked(configuration, DAY, most=1).differences == ()


@pytest.mark.parametrize("date", ["2026-07-24", "2026-08-12", "2026-08-19"] if WHOLE else ["2026-07-23"])
def test_a_recorded_day_knows_nothing_of_later(date: str, shared_data: Path) -> None:
    day = dt.date.fromisoformat(date)
    found = checked(_spy(date, shared_data), day)

    assert found.differences == ()
    assert found.checked > many(20, 60)


@frozen(eq=False)
class Reader:
    """A market between the recorded one and the day; plants override one call."""

    market: MarketData

    @property
    def label(self) -> str:
        return self.market.label

    def fingerprint(self) -> str:
        return self.market.fingerprint()

    def attend(self, expiries: Expiries | None) -> None:
        self.market.attend(expiries)

    def next_at(self, after: dt.datetime) -> dt.datetime:
        return self.market.next_at(after)

    def snapshot(self, now: dt.datetime) -> MarketSnapshot:
        return self.market.snapshot(now)

    def settlement(self, underlying: str, date: dt.date) -> SettlementPrint | None:
        return self.market.settlement(underlying, date)

    def bars(self, underlying: str, seconds: int, start: dt.datetime, end: dt.datetime) -> Sequence[Bar]:
        return self.market.bars(underlying, seconds, start, end)


class PinOfTheNextSnapshot(Reader):
    def snapshot(self, now: dt.datetime) -> MarketSnapshot:
        seen, following = self.market.snapshot(now), self.market.snapshot(self.market.next_at(now))
        return evolve(seen, chain=None if following.chain is None else evolve(following.chain, as_of=seen.at))


class BarsStampedWithTheirStart(Reader):
    def bars(self, underlying: str, seconds: int, start: dt.datetime, end: dt.datetime) -> Sequence[Bar]:
        late = dt.timedelta(seconds=seconds)
        if seconds >= 86_400:
            return self.market.bars(underlying, seconds, start, end)
        return [evolve(bar, start=bar.start - late) for bar in self.market.bars(underlying, seconds, start, end + late)]


class VixOfTheClose(Reader):
    def snapshot(self, now: dt.datetime) -> MarketSnapshot:
        seen = self.market.snapshot(now)
        return evolve(seen, vix=None if seen.vix is None else self.market.snapshot(SESSION.close).vix)


class SettlementAtNoon(Reader):
    def snapshot(self, now: dt.datetime) -> MarketSnapshot:
        seen, printed = self.market.snapshot(now), self.market.settlement("SPX", DAY)
        is_noon = now >= new_york(DAY, dt.time(12)) and printed is not None
        return evolve(seen, spot=printed.price) if is_noon and printed is not None else seen


class InterestOfTheEvening(Reader):
    def snapshot(self, now: dt.datetime) -> MarketSnapshot:
        seen = self.market.snapshot(now)

        def chain() -> OptionChain | None:
            evening = self.market.snapshot(SESSION.close - dt.timedelta(minutes=10)).chain
            if seen.chain is None or evening is None:
                return seen.chain
            return evolve(seen.chain, open_interest=evening.open_interest)

        return evolve(seen, chain=chain)


LATER_ENTRIES = {"entries.schedule.times": ["10:00", "12:10", "12:40"], "entries.schedule.window_to_minutes": 200}


@pytest.mark.parametrize(
    ("plant", "read_early", "settings"),
    [
        (PinOfTheNextSnapshot, MarketInput.CHAINS, {}),
        (BarsStampedWithTheirStart, MarketInput.BARS, {}),
        (VixOfTheClose, MarketInput.VIX, {}),
        (SettlementAtNoon, MarketInput.SETTLEMENT, LATER_ENTRIES),
        (InterestOfTheEvening, MarketInput.OPEN_INTEREST, {}),
    ],
)
def test_a_planted_look_ahead_is_found_with_its_input(
    plant: Callable[[MarketData], MarketData], read_early: MarketInput, settings: dict[str, Any]
) -> None:
    """Rule: ST-603."""
    configuration = configure([{"market.step_seconds": 300, **settings}])
    found = checked(configuration, DAY, wrap_market=plant, most=1)

    assert len(found.differences) == 1
    first = found.differences[0]
    assert json.loads(found.to_json())["differences"][0]["date"] == str(DAY)
    assert len(found.to_frame("pandas")) == 1
    assert read_early in first.inputs
    assert first.date == DAY
    assert SESSION.open <= first.at <= first.t
    assert first.as_it_was != first.as_altered


def test_a_strategy_of_the_users_own_is_checked_likewise() -> None:
    """It keeps what an earlier run showed it: the first run buys, and a later one knows better. Rule: ST-602."""
    configuration = configure([{"market.step_seconds": 600, "market.underlying": "SPY"}])
    honest = checked(configuration, DAY, strategy=OwnStrategy())
    found = checked(configuration, DAY, strategy=Remembering(), most=1)

    assert honest.differences == ()
    assert "OrderIntended" in found.differences[0].as_it_was


SEEN: list[Decimal | None] = []
"""Prices that any run has shown."""


@frozen
class Remembering(OwnStrategy):
    """Buys unless it knows the price of a later time already."""

    def decide(self, situation: Situation) -> Decisions:
        knows = situation.price in SEEN[:-1]
        SEEN.append(situation.price)
        return Decisions() if knows else super().decide(situation)


def test_an_altered_market_shows_what_was_known_as_it_was() -> None:
    market, t = SimulatedMarket(SPX, SESSION, seed=3), new_york(DAY, dt.time(11, 0, 30))
    for change in Change:
        altered = AlteredMarket(market, SESSION, Alteration(t, change))
        for minute in (0, 30, 89):
            now = SESSION.after_open(minute)
            assert_same_snapshot(altered.snapshot(now), market.snapshot(now))
        later = t + dt.timedelta(minutes=20)
        assert altered.snapshot(later).spot != market.snapshot(later).spot
        assert altered.settlement("SPX", DAY) != market.settlement("SPX", DAY)
        before = market.bars("SPX", 60, SESSION.open, t)
        assert list(altered.bars("SPX", 60, SESSION.open, later))[: len(before)] == list(before)
        assert list(altered.bars("SPX", 60, SESSION.open, later)) != list(market.bars("SPX", 60, SESSION.open, later))
        assert (altered.label, altered.fingerprint()) == (market.label, market.fingerprint())


@pytest.mark.parametrize("one", MarketInput)
def test_one_input_is_altered_alone(one: MarketInput) -> None:
    market, t = SimulatedMarket(SPX, SESSION, seed=3), new_york(DAY, dt.time(11, 0, 30))
    altered = AlteredMarket(market, SESSION, Alteration(t, Change.SCALED, frozenset({one})))
    now, begin = t + dt.timedelta(minutes=20), SESSION.open - dt.timedelta(days=3)
    seen, was = altered.snapshot(now), market.snapshot(now)
    assert seen.chain is not None
    assert was.chain is not None
    changed = {
        MarketInput.CHAINS: (seen.chain.bid != was.chain.bid).any(),
        MarketInput.PRICE: seen.spot != was.spot,
        MarketInput.VIX: seen.vix != was.vix,
        MarketInput.OPEN_INTEREST: (seen.chain.open_interest != was.chain.open_interest).any(),
        MarketInput.SETTLEMENT: altered.settlement("SPX", DAY) != market.settlement("SPX", DAY),
        MarketInput.BARS: altered.bars("SPX", 60, begin, now) != market.bars("SPX", 60, begin, now),
        MarketInput.CLOSES: list(altered.bars("SPX", 86_400, begin, SESSION.close + dt.timedelta(days=1)))
        != list(market.bars("SPX", 86_400, begin, SESSION.close + dt.timedelta(days=1))),
    }
    assert {name for name, is_changed in changed.items() if is_changed} <= {one}
    assert changed[one] or one is MarketInput.CLOSES


def test_the_command_says_what_it_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    at_home(monkeypatch, tmp_path)
    command = CommandLine(capsys)
    day = ("--from", str(DAY), "--to", str(DAY), "--step", "1800", "--draws", "1")

    document = command("lookahead", *day, "--json")
    assert document.code == EXIT_DONE
    assert document.document["differences"] == []
    assert document.document["checked"] > 0
    (tmp_path / "own.py").write_text(Path(own_strategy.__file__).read_text(encoding="utf-8"), encoding="utf-8")
    own = command("lookahead", *day, "--strategy", "own.py:OwnStrategy")
    assert (own.code, "nothing decided depends on what came later" in own.out) == (EXIT_DONE, True)
    assert command("lookahead", "--from", "2026-03-04", "--to", str(DAY)).code == EXIT_USAGE
    with pytest.raises(ConfigurationError, match="is after"):
        gammacore.check_lookahead(configure([]), DAY, DAY - dt.timedelta(days=1))


def test_a_reader_that_takes_the_close_of_the_daily_vix_is_found(
    shared_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Below the port: the figure bears no stamp that would tell, so the table itself is altered. Rule: ST-603."""
    monkeypatch.setattr(ReplaySettings, "vix_track", _vix_of_the_close)
    found = checked(_spy("2026-07-23", shared_data), dt.date(2026, 7, 23), most=1)

    assert found.differences[0].inputs == (MarketInput.VIX,)


def _vix_of_the_close(settings: ReplaySettings, session: TradingSession) -> Track[Decimal | None]:
    assert settings.vix_file is not None
    for line in settings.vix_file.read_text(encoding="utf-8").splitlines():
        date, *_, close = line.split(",")
        if date == str(session.date):
            return Track.constant(Decimal(close) if close else None)
    return Track()


def test_a_daily_table_keeps_what_was_known(tmp_path: Path) -> None:
    table = tmp_path / "vix.csv"
    table.write_text("date,open,high,low,close\n2026-03-02,15,16,14,15\n2026-03-03,17,18,16,17.5\n2026-03-04,9,9,9,9\n")

    def at(hour: int, change: Change) -> list[str]:
        alteration = Alteration(new_york(DAY, dt.time(hour)), change)
        return altered_daily_table(table, tmp_path / "copy", SESSION, alteration).read_text().splitlines()[1:]

    assert at(8, Change.ABSENT) == ["2026-03-02,15,16,14,15"]
    assert at(12, Change.ABSENT) == ["2026-03-02,15,16,14,15", "2026-03-03,17,,,"]
    assert at(12, Change.SCALED)[1:] == ["2026-03-03,17,18.18,16.16,17.68", "2026-03-04,9.09,9.09,9.09,9.09"]
    assert at(16, Change.ABSENT) == ["2026-03-02,15,16,14,15", "2026-03-03,17,18,16,17.5"]
    minutes = tmp_path / "minutes.csv"
    minutes.write_text("time,vix\n2026-03-03T10:00,15\n")
    assert altered_daily_table(minutes, tmp_path / "copy", SESSION, Alteration(SESSION.open, Change.SCALED)) == minutes


def _spy(date: str, shared_data: Path) -> Configuration:
    folder = shared_data / "replay_spy_0dte"
    recorded = {
        "market.source": f"csv:{folder / f'SPY_{date}.csv.gz'}",
        "market.underlying": "SPY",
        "market.vix_file": folder / "vix_daily.csv",
        "market.closes_file": folder / "spy_close.csv",
    }
    return configure([read_toml(ROOT / "examples" / "spy-0dte.toml"), recorded])
