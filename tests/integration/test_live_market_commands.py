"""`gammacore gex` and `record` at a broker's market, as a user types it: output, exit codes, Ctrl-C. DH-421."""

from __future__ import annotations

import datetime as dt
import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from attrs import define, evolve, field

from builders_broker_day import SESSION, WatchedClock, a_world
from builders_cli import CommandLine, at_home
from counterparts.serving import serving
from counterparts.tradier_dialect import tradier_app
from counterparts.world import ACCOUNT, LIVE_TOKEN, TOKEN, Asked, WireFault, World
from gammacore.adapters.tradier.client import TradierHosts
from gammacore.configuration import Settings
from gammacore.domain.gex.exposure import GammaExposure
from gammacore.domain.verdicts import Verdict
from gammacore.errors import StorageError

STEP = 300
ELEVEN = SESSION.after_open(90)


@define
class Station:
    """The command line beside a local Tradier, and a document store that may be out of order."""

    gammacore: CommandLine
    world: World
    clock: WatchedClock
    published: list[GammaExposure] = field(factory=list)
    store_is_out: bool = False

    def publish(self, _settings: Settings, exposure: GammaExposure) -> Verdict:
        if self.store_is_out:
            raise StorageError("Firestore does not answer")
        self.published.append(exposure)
        return Verdict.ok()

    def stop_at(self, instant: dt.datetime, number: signal.Signals = signal.SIGINT) -> None:
        """Whoever waits beyond it is stopped by a signal."""

        def stop(until: dt.datetime) -> None:
            if until > instant:
                signal.raise_signal(number)

        self.clock.while_waiting = stop


@pytest.fixture
def station(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> Iterator[Station]:  # fmt: skip
    at_home(monkeypatch, tmp_path)
    words = {
        "TRADIER_TOKEN": LIVE_TOKEN, "TRADIER_SANDBOX_TOKEN": TOKEN, "TRADIER_SANDBOX_ACCOUNT": ACCOUNT,
        "GAMMACORE_MARKET__LOOK_SECONDS": str(STEP), "GAMMACORE_MARKET__LIVE_QUOTE_AGE_SECONDS": str(2 * STEP),
        "FIREBASE_PROJECT_ID": "demo-gex",
    }  # fmt: skip
    for name, value in words.items():
        monkeypatch.setenv(name, value)
    world = a_world("SPX", 57, STEP, start=ELEVEN)
    station = Station(CommandLine(capsys), world, WatchedClock(world))
    with serving(tradier_app(world)) as server:
        hosts = TradierHosts(f"{server.url}/v1", f"{server.url}/v1", f"{server.websocket_url}/v1")
        sandbox = evolve(hosts, rest=f"http://localhost:{server.port}/v1")
        for name, there in (("market.SANDBOX", sandbox), ("client.SANDBOX", sandbox), ("client.LIVE", hosts)):
            monkeypatch.setattr(f"gammacore.adapters.tradier.{name}", there)
        for module in ("looks", "exposures"):
            monkeypatch.setattr(f"gammacore.wiring.{module}.SystemClock", lambda: station.clock)
        monkeypatch.setattr("gammacore.wiring.publish_exposure", station.publish)
        yield station
        assert world.faults.counted[Asked.SUBMIT] == 0


@pytest.mark.parametrize("named", [("--market", "tradier"), ()])
def test_the_exposure_of_a_broker_s_market_is_shown(
    station: Station, named: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Named, or because the account is there."""
    if not named:
        monkeypatch.setenv("GAMMACORE_ACCOUNT__BROKER", "tradier")

    document = station.gammacore.document("gex", *named, "--scope", "0dte")

    assert (document["underlying"], document["scope"]) == ("SPX", "0dte")
    assert dt.datetime.fromisoformat(document["as_of"]) == ELEVEN
    assert document["contracts"]["used"] > 50
    assert LIVE_TOKEN not in repr(document)


def test_delayed_quotes_are_shown_with_a_warning_and_never_published(
    station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CS-418. Without a live token there is the sandbox."""
    monkeypatch.delenv("TRADIER_TOKEN")

    answer = station.gammacore("gex", "--market", "tradier", "--publish", "--json")

    assert answer.code == 0, answer.err
    assert answer.document["published"]["written"] is False
    assert answer.document["published"]["reason"] == "not_for_decisions"
    assert "tradier sandbox, 15 minutes delayed: delayed, not for decisions" in answer.err
    assert station.published == []
    refusal = station.gammacore.refusal("record", "day.recording", "--market", "tradier")
    assert (refusal.code, "give TRADIER_TOKEN" in refusal.err) == (2, True)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_publishes_every_minute_until_it_is_stopped(station: Station, number: signal.Signals) -> None:
    """DH-421. With --json each is a line of its own."""
    station.stop_at(ELEVEN + dt.timedelta(minutes=10), number)

    answer = station.gammacore("gex", "--market", "tradier", "--publish", "--every", "60", "--json", "--quiet")

    assert answer.code == 130
    documents = [json.loads(line) for line in answer.out.splitlines()]
    assert len(documents) == len(station.published) == 11
    assert all(document["published"]["written"] for document in documents)
    assert len({exposure.as_of for exposure in station.published}) == 3  # the market moves every five minutes


def test_an_outage_of_the_market_or_the_store_costs_a_measurement_not_the_run(station: Station) -> None:
    """DH-421: a failed computation writes nothing."""
    begin, minute = ELEVEN, dt.timedelta(minutes=1)

    def trouble(until: dt.datetime) -> None:
        if until == begin + minute:
            station.world.faults.always(Asked.READ, WireFault(status=503))
        if until == begin + 2 * minute:
            station.world.faults.lift()
            station.store_is_out = True
        if until == begin + 3 * minute:
            station.store_is_out = False
        if until > begin + 3 * minute:
            raise KeyboardInterrupt

    station.clock.while_waiting = trouble
    answer = station.gammacore("gex", "--market", "tradier", "--publish", "--every", "60")

    assert answer.code == 130
    assert len(answer.out.splitlines()) == len(station.published) == 2
    assert "2026-03-03 11:00:00 SPX" in answer.out
    assert "not measured: " in answer.err
    assert "not published: Firestore does not answer" in answer.err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_recording_that_is_stopped_is_whole_and_the_exit_code_says_so(
    station: Station, number: signal.Signals
) -> None:
    station.stop_at(ELEVEN + dt.timedelta(minutes=30), number)

    answer = station.gammacore("record", "day.recording", "--market", "tradier", "--json", "--quiet")

    assert (answer.code, answer.document) == (130, {"recording": "day.recording", "snapshots": 7})
    document = station.gammacore.document("gex", "day.recording", "--as-of", "11:20", "--scope", "0dte")
    assert dt.datetime.fromisoformat(document["as_of"]) == ELEVEN + dt.timedelta(minutes=20)


def test_a_whole_recording_can_be_traded(station: Station) -> None:
    document = station.gammacore.document("record", "day.recording", "--market", "tradier")

    assert document == {"recording": "day.recording", "snapshots": 61}
    day = station.gammacore.document("trade", "--market", "recording:day.recording", "--vix", "16")
    assert (day["date"], day["underlying"]) == ("2026-03-03", "SPX")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("gex", "--market", "tradier", "--every", "0"), "--every"),
        (("gex", "--market", "tradier", "--every", "60", "--as-of", "10:00"), "leave --as-of out"),
        (("gex", "--market", "tradier", "--as-of", "10:00"), "leave --as-of out"),
        (("gex", "--market", "tradier", "--date", "2026-03-02"), "leave --date out"),
        (("record", "day.recording", "--market", "tradier", "--date", "2026-03-02"), "leave --date out"),
        (("gex", "--every", "60"), "name a broker's with --market"),
        (("gex", "--market", "alpaca"), "ALPACA_PAPER_API_KEY or ALPACA_API_KEY"),
        (("gex", "--market", "alpaca", "--every", "60"), "ALPACA_PAPER_API_KEY or ALPACA_API_KEY"),
        (("record", "day.recording", "--market", "alpaca"), "ALPACA_PAPER_API_KEY or ALPACA_API_KEY"),
    ],
)
def test_what_cannot_be_is_refused_with_the_fix(station: Station, arguments: tuple[str, ...], words: str) -> None:
    refusal = station.gammacore.refusal(*arguments)

    assert refusal.code == 2
    assert words in refusal.err
    assert list(Path().iterdir()) == []


def test_a_day_without_a_session_is_reported_with_the_next_one(station: Station) -> None:
    station.world.clock.set(dt.datetime(2026, 3, 7, 16, tzinfo=dt.UTC))

    for command in (("gex",), ("record", "day.recording")):
        answer = station.gammacore(*command, "--market", "tradier", "--quiet")
        assert (answer.code, answer.err) == (0, "")
        assert answer.out.strip() == "no session of the exchange on 2026-03-07; next 2026-03-09 09:30 New York"
        document = station.gammacore.document(*command, "--market", "tradier")
        assert (document["session"], document["next"]) == (None, "2026-03-09T09:30:00-04:00")
    assert not Path("day.recording").exists()


@pytest.mark.parametrize("command", [("gex",), ("record", "day.recording")])
def test_a_token_that_is_refused_is_a_matter_of_configuration(
    command: tuple[str, ...], station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    """OP-004: and `record` does not look all day long at a market that stays shut."""
    monkeypatch.setenv("TRADIER_TOKEN", "expired")

    refusal = station.gammacore.refusal(*command, "--market", "tradier")

    assert refusal.code == 2
    assert "check the Tradier token" in refusal.err
    assert list(Path().iterdir()) == []
