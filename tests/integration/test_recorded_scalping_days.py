"""A scalping day recorded and replayed gives the same ledger; refused share quotes keep their code. SC-912.

Looked at every five minutes, and every minute in `make sweep`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from builders_modes import CALENDAR, CASH, DATE
from extent import WHOLE, many
from gammacore.adapters.codec.records import encode
from gammacore.adapters.fake.in_memory import FakeClock
from gammacore.adapters.recorded.recording import RecordingHeader, RecordingWriter
from gammacore.adapters.recorded.recording_reader import read_recording
from gammacore.adapters.simulated.feed_faults import FaultKind, FeedFault
from gammacore.adapters.simulated.market import SimulatedMarket
from gammacore.adapters.simulated.moods import Mood
from gammacore.adapters.simulated.shares import ShareModel
from gammacore.application.gather_history import GatherHistory, GatherMinutes
from gammacore.application.record_market import RecordMarket
from gammacore.configuration import Configuration, Sourced, StrategyName, configure
from gammacore.domain.instruments import REGISTRY
from gammacore.domain.ledger import OrderFilled
from gammacore.domain.sessions import TradingSession
from gammacore.domain.tape import Tape
from gammacore.ports.market_data import MarketData
from gammacore.wiring import wire_day
from gammacore.wiring.markets import previous_session
from gammacore.wiring.recordings import record_day
from gammacore.wiring.strategies import naming_its_underlying

Keys = Mapping[str, object]
SPY, SESSION, BEFORE = REGISTRY["SPY"], TradingSession.of(DATE), previous_session(CALENDAR, DATE)
DAYS: Mapping[StrategyName, tuple[Mood, Keys]] = {
    StrategyName.ST0CKA: (Mood.VOLATILE, {"scalping.st0cka.all_day": True}),
    StrategyName.ST0CKG: (Mood.TRENDING, {}),
    StrategyName.GAMMA_SCALPING: (Mood.GAPPING, {}),
    StrategyName.HYBRID: (Mood.SPIKE, {}),
}
IDS = re.compile(r"gc-[0-9a-f]+|[A-Z0-9]+-\d{6}\b")
"""Of orders, ours and the exchange's: made of the configuration, which names another market."""


def configured(mode: StrategyName, **more: object) -> Configuration:
    mood, own = DAYS[mode]
    keys: dict[str, object] = {
        "trade.strategy": mode.value, "market.date": DATE, "market.mood": mood.value, "market.seed": 0,
        "market.step_seconds": many(300, 60), "sizing.starting_capital": CASH, "scalping.gamma.tree_steps": 20,
        "scalping.gamma.max_dte": many(50, 90), **own, **more,
    }  # fmt: skip
    return configure([{key: Sourced(value, "test") for key, value in keys.items()}])


def traded(given: Configuration) -> list[str]:
    day = wire_day(given)
    try:
        day.trade()
        events = list(day.storage.events())
    finally:
        day.close()
    assert any(isinstance(event, OrderFilled) for event in events)
    first, started, *rest = (IDS.sub("", encode(event)) for event in events)
    return [first, started.replace(day.trade.terms.configuration, ""), *rest]


@pytest.mark.parametrize("mode", DAYS, ids=str)
def test_a_recorded_scalping_day_is_replayed_to_the_same_ledger(mode: StrategyName, tmp_path: Path) -> None:
    recording = tmp_path / "day.recording"
    record_day(naming_its_underlying(configured(mode)), recording)

    replayed = traded(configured(mode, **{"market.source": f"recording:{recording}"}))

    assert replayed == traded(configured(mode))


def a_market(*faults: FeedFault) -> SimulatedMarket:
    return SimulatedMarket(
        SPY, SESSION, seed=3, step_seconds=15 if WHOLE else 30, calendar=CALENDAR, shares=ShareModel(), faults=faults
    )  # fmt: skip


def recorded(market: SimulatedMarket, path: Path) -> MarketData:
    header = RecordingHeader("SPY", SESSION, market.step_seconds, label=market.label)
    with RecordingWriter(path, header, goes_on=False) as writer:
        day = RecordMarket(market, SPY, SESSION, BEFORE, FakeClock(SESSION.open), writer)
        day.looks()
        day.settlement()
        day.bars()
    return read_recording(path)


def test_a_share_quote_keeps_when_it_was_quoted_and_seen_and_a_refused_one_its_code(tmp_path: Path) -> None:
    """SC-008, SC-431..433: crossed for five minutes, then silent; the tape of a replay refuses the same ones."""
    market = a_market(FeedFault(FaultKind.CROSSED, 600, 300), FeedFault(FaultKind.SILENCE, 1_200, 300))
    replay = recorded(market, tmp_path / "day.recording")

    now, tapes, refusals = SESSION.open, (Tape(opens_at=SESSION.open), Tape(opens_at=SESSION.open)), set()
    while now < SESSION.after_open(60):
        seen, again = market.snapshot(now), replay.snapshot(now)
        assert (again.at, again.share, again.share_defect) == (seen.at, seen.share, seen.share_defect)
        tapes = tapes[0].look(seen), tapes[1].look(again)
        assert tapes[0] == tapes[1]
        refusals.add(tapes[1].judge(now).reason)
        now = market.next_at(now)

    assert {None, "quote_crossed", "quote_stale"} <= refusals


def test_a_recording_has_the_minutes_of_the_night_and_of_earlier_openings(tmp_path: Path) -> None:
    """SC-304, SC-309."""
    market, now = a_market(), SESSION.after_open(40)
    replay = recorded(market, tmp_path / "day.recording")

    known, again = (GatherMinutes(GatherHistory(each, SPY, SESSION, BEFORE))(now) for each in (market, replay))

    assert again == known
    assert len(known.openings) == 5 * 30
    assert known.night
