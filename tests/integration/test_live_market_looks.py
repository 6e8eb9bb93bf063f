"""`gex` and `record` of a broker's own market, over servers that speak both dialects. Rules: cli.md, DH-421, CS-418."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from attrs import define, evolve

from builders_broker_day import CALENDAR, CREDENTIALS, PLACES, SESSION, Day, WatchedClock, a_world, configuration
from counterparts.alpaca_dialect import alpaca_app
from counterparts.serving import serving
from counterparts.tradier_dialect import tradier_app
from counterparts.world import LIVE_TOKEN, SECRET, TOKEN, Asked, WireFault, World
from gammacore import wiring
from gammacore.adapters.credentials import Variables
from gammacore.adapters.recorded.recording_reader import read_recording
from gammacore.configuration import Configuration, Sourced, configure
from gammacore.domain.broker_facts.dated import BrokerName
from gammacore.domain.gex.units import TODAY, ExposureUnit, GreeksSource, Rates, Scope, SignModel
from gammacore.domain.ledger import Mode
from gammacore.domain.sessions import NEW_YORK
from gammacore.errors import ConfigurationError, GammacoreError, InvalidInput, MissingData
from gammacore.wiring import Outside, open_session
from gammacore.wiring.looks import expiries_of, reader_of

pytestmark = pytest.mark.filterwarnings("ignore:websockets.legacy is deprecated:DeprecationWarning")

STEP = 300
SEED = 57
BROKERS = (("tradier", "SPX"), ("alpaca", "SPY"))
PER_POINT = wiring.ExposureTerms(SignModel.NAIVE, TODAY, ExposureUnit.PER_POINT, GreeksSource.MODEL, Rates())


@define
class Reader:
    """Somebody who looks at a broker's market and sends nothing."""

    broker: str
    world: World
    clock: WatchedClock
    outside: Outside
    settings: Configuration

    def at(self, time: str, date: dt.date = SESSION.date) -> None:
        hour, minute = map(int, time.split(":"))
        self.world.clock.set(dt.datetime.combine(date, dt.time(hour, minute), NEW_YORK).astimezone(dt.UTC))

    def record(self, path: Path, tell: Callable[[str], None] = lambda _words: None) -> wiring.DayRecorded:
        return wiring.record_day(self.settings, path, outside=self.outside, tell=tell)


@pytest.fixture(params=BROKERS, ids=[broker for broker, _ in BROKERS])
def reader(request: pytest.FixtureRequest) -> Iterator[Reader]:
    broker, underlying = request.param
    world = a_world(underlying, SEED, STEP, start=SESSION.after_open(-30))
    clock = WatchedClock(world)
    with serving(tradier_app(world) if broker == "tradier" else alpaca_app(world)) as server:
        yield Reader(
            broker,
            world,
            clock,
            Outside(CREDENTIALS, clock, PLACES[broker](server.url)),
            configuration(broker, underlying, "credit-spread", STEP),
        )
        assert world.faults.counted[Asked.SUBMIT] == 0


def replayed(settings: Configuration, path: Path) -> tuple[Day, str]:
    """The day traded on a recording, and the market its ledger names."""
    given = {
        **settings.given,
        "account.broker": Sourced("fake", "test"),
        "market.source": Sourced(f"recording:{path}", "test"),
        "sizing.starting_capital": Sourced(30_000, "test"),
    }
    del given["market.underlying"], given["market.vix"]
    day = wiring.wire_day(configure([given]))
    try:
        day.trade()
        return Day.of(list(day.storage.events())), day.market.label
    finally:
        day.close()


def traded(reader: Reader) -> tuple[Day, str]:
    """The same day traded at the broker itself."""
    day = wiring.wire_day(
        reader.settings, credentials=CREDENTIALS, clock=reader.world, places=reader.outside.places
    )  # fmt: skip
    try:
        evolve(day.trade, news=None)()
        return Day.of(list(day.storage.events())), day.market.label
    finally:
        day.close()


def test_a_recorded_live_day_replays_to_the_decisions_of_the_broker_s_day(reader: Reader, tmp_path: Path) -> None:
    """From before the open to the settlement, by the very figures that the trading loop saw."""
    path = tmp_path / "day.recording"

    recorded = reader.record(path)

    assert (recorded.failed_looks, recorded.settled, recorded.interrupted) == (0, True, False)
    assert recorded.snapshots == 6.5 * 3600 / STEP + 1
    assert reader.world.now() >= SESSION.close
    again, label = replayed(reader.settings, path)

    fresh = a_world("SPX" if reader.broker == "tradier" else "SPY", SEED, STEP)
    with serving(tradier_app(fresh) if reader.broker == "tradier" else alpaca_app(fresh)) as server:
        places = PLACES[reader.broker](server.url)
        there, name = traded(evolve(reader, world=fresh, outside=Outside(CREDENTIALS, fresh, places)))
    assert there.fills
    assert label == name
    assert again.judged == there.judged
    if reader.broker == "tradier":  # at Alpaca every exit comes before the broker's own; nothing does in a replay
        assert again.fills == there.fills
        assert (again.gross, again.balance) == (there.gross, there.balance)
    assert [fill for fill in again.fills if fill.purpose == "entry"] == [
        fill for fill in there.fills if fill.purpose == "entry"
    ]
    assert replayed(reader.settings, path)[0] == again


def test_ctrl_c_leaves_a_whole_recording_of_what_was_seen(reader: Reader, tmp_path: Path) -> None:
    path, eleven = tmp_path / "day.recording", SESSION.after_open(90)

    def stop(until: dt.datetime) -> None:
        if until > eleven:
            raise KeyboardInterrupt

    reader.clock.while_waiting = stop
    recorded = reader.record(path)

    assert (recorded.interrupted, recorded.settled) == (True, False)
    assert read_recording(path).times[-1] == eleven
    assert len(read_recording(path).bars(reader.settings.settings.market.underlying, 300, SESSION.open, eleven)) == 18


def test_ctrl_c_before_the_open_leaves_nothing(reader: Reader, tmp_path: Path) -> None:
    def stop(_until: dt.datetime) -> None:
        raise KeyboardInterrupt

    reader.clock.while_waiting = stop
    with pytest.raises(KeyboardInterrupt):
        reader.record(tmp_path / "day.recording")

    assert list(tmp_path.iterdir()) == []


class _PowerCut(BaseException):
    """Not to be caught by anybody."""


def test_a_recorder_that_was_killed_goes_on_where_it_was(reader: Reader, tmp_path: Path) -> None:
    path, noon = tmp_path / "day.recording", SESSION.after_open(150)

    def cut(until: dt.datetime) -> None:
        if until > noon:
            raise _PowerCut

    reader.clock.while_waiting = cut
    with pytest.raises(_PowerCut):
        reader.record(path)
    assert not path.exists()
    torn = path.with_name("day.recording.partial")
    torn.write_bytes(torn.read_bytes()[:-20])  # as a kill leaves it: the packing has no end

    reader.clock.while_waiting = lambda _until: None
    reader.at("13:00")
    recorded = reader.record(path)

    day = read_recording(path)
    assert recorded.snapshots == len(day.times)
    seen = [at.astimezone(NEW_YORK).strftime("%H:%M") for at in day.times]
    assert (seen[0], seen[-1], "12:30" in seen, "13:00" in seen) == ("09:30", "16:00", False, True)
    assert seen.index("13:00") in (30, 31)  # of the 31 looks up to noon the kill may have torn the last
    assert list(tmp_path.iterdir()) == [path]


def test_a_recorder_killed_before_the_settlement_only_ends_what_it_had(reader: Reader, tmp_path: Path) -> None:
    path = tmp_path / "day.recording"

    def cut(until: dt.datetime) -> None:
        if until > SESSION.close:
            raise _PowerCut

    reader.clock.while_waiting = cut
    with pytest.raises(_PowerCut):
        reader.record(path)
    reader.clock.while_waiting = lambda _until: None
    reader.at("18:00")

    assert reader.record(path).settled
    assert read_recording(path).times[-1] == SESSION.close


def test_after_the_close_there_is_nothing_to_record(reader: Reader, tmp_path: Path) -> None:
    reader.at("16:30")

    with pytest.raises(MissingData, match=r"2026-03-03 is over.*2026-03-04"):
        reader.record(tmp_path / "day.recording")

    assert list(tmp_path.iterdir()) == []


def test_what_was_recorded_of_another_market_is_left_alone(reader: Reader, tmp_path: Path) -> None:
    path = tmp_path / "day.recording"

    def cut(until: dt.datetime) -> None:
        if until > SESSION.after_open(10):
            raise _PowerCut

    reader.clock.while_waiting = cut
    with pytest.raises(_PowerCut):
        reader.record(path)
    torn = path.with_name("day.recording.partial")
    before = torn.read_bytes()

    with pytest.raises(InvalidInput, match=r"unfinished recording of SP[XY] on 2026-03-03.*move it away"):
        wiring.record_day(configure([{"market.step_seconds": Sourced(1800, "test")}]), path)
    assert torn.read_bytes() == before


def test_a_broker_that_is_silent_for_a_while_leaves_a_hole_and_the_recording_goes_on(
    reader: Reader, tmp_path: Path
) -> None:
    """CS-504: the loop sees nothing then, and so does the replay."""
    path, printed = tmp_path / "day.recording", list[str]()

    def silence(until: dt.datetime) -> None:
        if until == SESSION.after_open(60):
            reader.world.faults.always(Asked.READ, WireFault(status=503))
        if until == SESSION.after_open(75):
            reader.world.faults.lift()

    reader.clock.while_waiting = silence
    recorded = reader.record(path, printed.append)

    assert recorded.failed_looks > 0
    assert recorded.settled
    assert sum("showed nothing" in words for words in printed) == 1
    hole = read_recording(path).snapshot(SESSION.after_open(65))
    assert (hole.spot, hole.chain) == (None, None)
    assert read_recording(path).snapshot(SESSION.after_open(90)).spot is not None


def test_delayed_quotes_are_not_recorded_and_only_looked_at(
    reader: Reader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CS-418: nothing is decided on them, so no replay could."""
    settings = configure([{**reader.settings.given, "market.alpaca_full_plan": Sourced(False, "test")}])
    if (hosts := reader.outside.places.of(BrokerName.TRADIER)) is not None:
        monkeypatch.setattr("gammacore.adapters.tradier.market.SANDBOX", hosts)
    reader.at("11:00")

    with pytest.raises(ConfigurationError, match=r"no replay could decide on them.*(alpaca_full_plan|TRADIER_TOKEN)"):
        wiring.record_day(settings, tmp_path / "day.recording", outside=reader.outside)
    view = wiring.view_exposure(settings, None, PER_POINT, outside=reader.outside)
    assert "delayed, not for decisions" in view.caution


def test_the_exposure_of_a_broker_s_market_is_that_of_the_market_behind_it(reader: Reader) -> None:
    reader.at("11:00")
    market = reader.world.markets[reader.settings.settings.market.underlying]
    shown = market.snapshot(SESSION.after_open(90))
    assert shown.chain is not None

    view = wiring.view_exposure(reader.settings, None, PER_POINT, outside=reader.outside)

    exposure = view.survey.exposure
    assert (exposure.underlying, exposure.spot) == (shown.underlying, shown.spot)
    assert exposure.as_of == SESSION.after_open(90)
    assert exposure.used > 50
    assert view.caution == ""
    assert view.pin is not None


def test_a_broker_s_market_is_measured_only_as_it_is(reader: Reader) -> None:
    reader.at("11:00")

    with pytest.raises(ConfigurationError, match="leave --as-of out"):
        wiring.view_exposure(reader.settings, None, PER_POINT, as_of=dt.time(10), outside=reader.outside)
    another = configure([{**reader.settings.given, "market.date": Sourced(dt.date(2026, 3, 2), "test")}])
    with pytest.raises(ConfigurationError, match=r"2026-03-02 is not today.*leave --date out"):
        wiring.view_exposure(another, None, PER_POINT, outside=reader.outside)


def test_stale_quotes_are_shown_with_a_word_of_caution(reader: Reader) -> None:
    """DH-420: of stale quotes nothing is said to others."""
    reader.at("11:04")
    settings = configure([{**reader.settings.given, "market.live_quote_age_seconds": Sourced(239, "test")}])

    view = wiring.view_exposure(settings, None, PER_POINT, outside=reader.outside)

    assert "stale, of 2026-03-03 11:00:00 New York" in view.caution
    assert wiring.view_exposure(reader.settings, None, PER_POINT, outside=reader.outside).caution == ""


def test_the_exposure_is_followed_while_the_session_is_on(reader: Reader) -> None:
    """DH-421: every 60 s; an outage costs one measurement; the close is not the end of it, the next open goes on."""
    reader.at("15:58")
    printed: list[str] = []
    views = wiring.follow_exposure(reader.settings, None, PER_POINT, 60, outside=reader.outside, tell=printed.append)

    first = next(views)
    reader.world.faults.always(Asked.READ, WireFault(status=503))
    second = next(views)
    reader.world.faults.lift()

    assert isinstance(first, wiring.ExposureView)
    assert isinstance(second, GammacoreError)
    assert printed == []
    next(views)
    assert printed == ["no session is on; the next one opens 2026-03-04 09:30 New York"]
    assert reader.world.now() >= dt.datetime(2026, 3, 4, 9, 30, tzinfo=NEW_YORK)


def test_a_market_that_never_changes_is_not_followed(reader: Reader) -> None:
    with pytest.raises(ConfigurationError, match="--every: a simulated or recorded market shows the same"):
        next(wiring.follow_exposure(configure([]), None, PER_POINT, 60))


@pytest.mark.parametrize(
    ("broker", "there", "mode"),
    [
        ("tradier", {"TRADIER_TOKEN": LIVE_TOKEN}, Mode.PAPER),
        ("tradier", {"TRADIER_SANDBOX_TOKEN": TOKEN}, Mode.PAPER),
        ("alpaca", {"ALPACA_PAPER_API_KEY": TOKEN, "ALPACA_PAPER_SECRET_KEY": SECRET}, Mode.PAPER),
        ("alpaca", {"ALPACA_API_KEY": TOKEN, "ALPACA_SECRET_KEY": SECRET}, Mode.LIVE),
        ("tradier", {}, None),
        ("alpaca", {}, None),
    ],
)
def test_a_reader_needs_one_account_s_keys_and_no_lock(
    broker: str, there: Mapping[str, str], mode: Mode | None
) -> None:
    """Nobody trades here: an account that has only live keys may look with them."""
    if mode is None:
        with pytest.raises(ConfigurationError, match=f"market {broker}: needs {broker.upper()}_.* or "):
            reader_of(BrokerName(broker), Variables(there, "test"))
    else:
        assert reader_of(BrokerName(broker), Variables(there, "test")).mode is mode


@pytest.mark.parametrize(
    ("given", "broker"),
    [
        ({}, None),
        ({"market.source": "alpaca"}, BrokerName.ALPACA),
        ({"account.broker": "tradier"}, BrokerName.TRADIER),
        ({"account.broker": "alpaca", "market.source": "tradier"}, BrokerName.TRADIER),
        ({"account.broker": "tradier", "market.source": "simulated"}, None),
        ({"account.broker": "tradier", "market.source": "recording:day"}, None),
    ],
)
def test_the_configured_market_of_an_account_is_its_broker_s(
    given: dict[str, object], broker: BrokerName | None
) -> None:
    """Who trades at a broker and names no market measures that broker's, never a simulated one."""
    settings = configure([{key: Sourced(value, "test") for key, value in given.items()}])

    assert wiring.live_market(settings) is broker


@pytest.mark.parametrize(
    ("given", "date", "expiries"),
    [
        ({}, dt.date(2026, 3, 3), TODAY),
        ({"trade.strategy": "delta-hedge"}, dt.date(2026, 3, 3), Scope(1)),
        ({"trade.strategy": "delta-hedge"}, dt.date(2026, 3, 6), Scope(3)),
        ({"trade.strategy": "delta-hedge"}, dt.date(2026, 4, 2), Scope(4)),  # before Good Friday
        ({"trade.strategy": "delta-hedge", "hedging.gex_sources": ["file"]}, dt.date(2026, 3, 3), TODAY),
    ],
)
def test_a_day_that_reads_gamma_from_chains_sees_the_next_session_s_too(
    given: dict[str, object], date: dt.date, expiries: Scope
) -> None:
    """DH-420; every other day spares the request."""
    settings = configure([{key: Sourced(value, "test") for key, value in given.items()}]).settings

    assert expiries_of(settings, open_session(CALENDAR, date), CALENDAR) == expiries
