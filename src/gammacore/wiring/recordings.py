"""A day of the configured market recorded: a study's in a moment, a broker's as it goes by."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from pathlib import Path

from attrs import frozen

from gammacore.adapters.recorded.recording import RecordingHeader, RecordingWriter
from gammacore.application.record_market import RecordMarket
from gammacore.configuration import Configuration
from gammacore.configuration.brokers import kit_of
from gammacore.errors import ConfigurationError, MissingData
from gammacore.wiring.looks import OUR_OWN, OpenLook, Outside, open_look
from gammacore.wiring.markets import naming_underlying, previous_session
from gammacore.wiring.venues import lineage_of


@frozen
class DayRecorded:
    """What came of a recording: its looks, those that failed, and whether its end and its settlement were seen."""

    snapshots: int
    failed_looks: int = 0
    interrupted: bool = False
    settled: bool = True


def record_day(
    configuration: Configuration,
    path: Path,
    *,
    outside: Outside = OUR_OWN,
    tell: Callable[[str], None] = lambda _words: None,
) -> DayRecorded:
    """Record the configured market from open to close, with the bars its filters ask for.

    A broker's market is recorded from now on, until it is closed and settled. Ctrl-C ends it in order: what was seen
    stands under its own name. A recorder that was killed is started again with the same path and goes on.

    Raises:
        ConfigurationError: a broker's quotes are delayed; nothing could be decided on a replay of them.
        MissingData: the session is over, and nothing was recorded of it.
    """
    look = open_look(configuration, outside)
    try:
        _require_a_day(look, path)
        look.require_access()
        header = _header(configuration, look)
        with RecordingWriter(path, header, goes_on=look.live is not None) as recording:
            day = RecordMarket(
                look.market,
                look.underlying,
                look.session,
                previous_session(look.calendar, look.session.date),
                look.clock,
                recording,
                tell,
            )
            failed, settled, interrupted = 0, False, False
            try:
                if look.clock.now() < look.session.close:
                    failed = day.looks()
                settled = day.settlement() is not None
            except KeyboardInterrupt:
                if recording.snapshots == 0:
                    raise
                interrupted = True
            day.bars()
        return DayRecorded(recording.snapshots, failed, interrupted, settled)
    finally:
        look.close()


def _require_a_day(look: OpenLook, path: Path) -> None:
    if look.live is None:
        return
    if look.is_delayed:
        late = f"{look.market.label}: quotes are delayed and no replay could decide on them (CS-418)"
        raise ConfigurationError(f"{late}; {kit_of(look.live).delay_remedy}")
    unfinished = path.with_name(path.name + ".partial")
    if look.clock.now() >= look.session.close and not unfinished.exists():
        raise MissingData(f"the session of {look.session.date} is over: a broker shows its market only as it is now; "
                          f"the next one opens on {look.calendar.next_session(look.session.date).date}")  # fmt: skip


def _header(configuration: Configuration, look: OpenLook) -> RecordingHeader:
    """A study's recording bears its lineage; a live market has none, so its recording gets one of its own."""
    session, market = look.session, look.market
    if look.live is None:
        lineage = lineage_of(naming_underlying(configuration), market, session)
    else:
        lineage = uuid.uuid4().hex[:16]
    step = (market.next_at(session.open) - session.open).total_seconds()
    return RecordingHeader(look.underlying.symbol, session, step, lineage, market.label)
