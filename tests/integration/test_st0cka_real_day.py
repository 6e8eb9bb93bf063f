"""ST0CKA on a real half day of GOOG, minute by minute: its trades and P/L, and the same after kills. SC-201..217, R2.

GAMMACORE_KILLS=20 kills more often.
"""

from __future__ import annotations

import os
from decimal import Decimal
from pathlib import Path
from random import Random

import pytest

from crash_child import Boundaries, CountedBroker, CountedStorage, Scenario, dies
from gammacore.adapters.codec.records import encode
from gammacore.adapters.fake.exchange import FakeExchange
from gammacore.configuration import configure, read_toml
from gammacore.domain.holding_events import HoldingClosed
from gammacore.domain.ledger import EntryJudged, Event, OrderFilled
from gammacore.domain.sessions import new_york_time
from gammacore.ports.broker import Broker
from gammacore.wiring import WiredDay, wire_day

ROOT = Path(__file__).resolve().parents[2]
KILLS = int(os.environ.get("GAMMACORE_KILLS", "3"))
CAPITAL = Decimal(60_000)


def a_goog_day(shared_data: Path, ledger: Path | None, boundaries: Boundaries) -> WiredDay:
    configuration = configure(
        [
            read_toml(ROOT / "examples" / "goog-2015-12-24.toml"),
            {
                "trade.strategy": "st0cka",
                "market.source": f"lean:{shared_data / 'replay_lean'}",
                "market.underlying": "GOOG",
                "market.date": "2015-12-24",
                "market.step_seconds": 60,
                "sizing.starting_capital": str(CAPITAL),
            },
        ]
    )

    def counted(broker: Broker) -> Broker:
        assert isinstance(broker, FakeExchange)
        return CountedBroker(broker, boundaries, Scenario("goog"))

    day = wire_day(
        configuration, ledger, wrap_storage=lambda storage: CountedStorage(storage, boundaries), wrap_broker=counted
    )
    boundaries.now = day.trade.clock.now
    return day


def traded(shared_data: Path, ledger: Path | None, boundaries: Boundaries) -> list[Event]:
    day = a_goog_day(shared_data, ledger, boundaries)
    try:
        day.trade()
        return list(day.storage.events())
    finally:
        day.close()


def clock(event: Event) -> str:
    return new_york_time(event.at)[:5]


def test_the_trades_of_the_day(shared_data: Path) -> None:
    """Two shares at an assumed 15 %: two targets of 0.015, on the tick above, and a stop of 1.25 (SPY's dollar)."""
    events = traded(shared_data, None, Boundaries())

    fills = [(clock(one), one.execution.quantity, str(one.execution.price))
             for one in events if isinstance(one, OrderFilled)]  # fmt: skip
    closed = [(clock(one), one.reason, str(one.gross - one.fees)) for one in events if isinstance(one, HoldingClosed)]
    entered = [clock(one) for one in events if isinstance(one, EntryJudged) and one.reason is None]
    assert fills == [
        ("09:35", 2, "749.67"), ("09:37", 2, "749.69"), ("09:43", 2, "747.96"), ("09:46", 2, "747.98"),
        ("09:47", 2, "748.59"), ("10:00", 2, "746.67"),
    ]  # fmt: skip
    assert closed == [
        ("09:37", "profit_target", "0.04"),
        ("09:46", "profit_target", "0.04"),
        ("10:00", "stop", "-3.84"),
    ]
    assert entered == ["09:34", "09:37", "09:39", "09:42", "09:46"]  # two of them did not fill within a minute


@pytest.mark.parametrize("seed", range(KILLS))
def test_killed_at_any_moment_the_ledger_ends_the_same(seed: int, shared_data: Path, tmp_path: Path) -> None:
    """R2: before or after an append, or a call of the broker; twice."""
    whole = Boundaries()
    expected = [encode(event) for event in traded(shared_data, tmp_path / "whole.sqlite", whole)]
    chance, ledger, last_words = Random(seed), tmp_path / "killed.sqlite", tmp_path / "instant"
    busy = [
        place for place, name in enumerate(whole.passed) if "append" in name or "submit" in name or "cancel" in name
    ]

    assert dies(lambda: traded(shared_data, ledger, Boundaries(chance.choice(busy), last_words)))
    assert dies(lambda: traded(shared_data, ledger, Boundaries(chance.randint(1, 40), last_words)))
    ended = [encode(event) for event in traded(shared_data, ledger, Boundaries())]

    assert ended == expected
