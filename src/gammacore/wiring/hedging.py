"""The hedging desk, wired: a filter over lines, or a host object a v1 runtime calls."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from attrs import frozen

from gammacore.adapters.calendars.nyse import NyseCalendar
from gammacore.adapters.firestore import Documents, FirestoreRegimeSource, connect
from gammacore.adapters.hedging_environment import EnvironmentKillSwitch
from gammacore.adapters.regime_file import RegimeFile
from gammacore.adapters.sqlite import SqliteStorage
from gammacore.adapters.system_clock import SystemClock
from gammacore.application.hedge_journal import HedgeJournal
from gammacore.application.hedge_stream import HedgeStream, HedgingHostDesk
from gammacore.application.watch_regime import GexFeed, WatchRegime
from gammacore.domain.hedging.book import DeskBook
from gammacore.domain.hedging.desk import HedgingDesk
from gammacore.domain.hedging.messages import LogMessage
from gammacore.domain.hedging.regime_documents import ONE_STORE, GexShape
from gammacore.domain.hedging.settings import HedgingSettings
from gammacore.domain.hedging.universe import Universe
from gammacore.domain.instruments import Underlying
from gammacore.ports.calendar import Calendar
from gammacore.ports.clock import Clock
from gammacore.ports.regime_source import RegimeSource
from gammacore.ports.storage import Storage


@frozen(eq=False)
class WiredHedging:
    """A hedging stream ready to run, with what must be closed after it."""

    stream: HedgeStream
    journal: HedgeJournal

    def close(self) -> None:
        self.journal.close()


def wire_hedging(
    settings: HedgingSettings,
    *,
    write: Callable[[str], None],
    log: Callable[[LogMessage], None],
    macro_file: Path | None = None,
    sources: Callable[[str], Sequence[GexFeed]] = lambda _: (),
    macro_source: RegimeSource | None = None,
    ledger: Path | Storage | None = None,
    environment: Mapping[str, str | None] | None = None,
    underlyings: Mapping[str, Underlying] | None = None,
    calendar: Calendar | None = None,
    clock: Clock | None = None,
    assume_fills: bool = False,
    strict: bool = True,
    verbose: bool = False,
    group: int = 1,
    account: str = "paper",
) -> WiredHedging:
    """Wire the desk over a ledger, if one is named.

    `macro_file` is the market-regime document: a source of dealer gamma, and of macro events instead of Firestore's.
    `sources` come after what the settings name in `gex_sources`. Without `environment` there is neither Firestore nor
    a kill switch but the ledger's.

    Raises:
        ConfigurationError, StorageError: what cannot be opened, and how to mend it.
    """
    storage = SqliteStorage(ledger) if isinstance(ledger, Path) else ledger
    journal = None
    try:
        universe = Universe(settings, underlyings)
        book = DeskBook.of(storage.events() if storage is not None else (), universe, settings.seen_ids)
        file = None if macro_file is None else RegimeFile(macro_file)

        documents = _firestore(environment or {})

        def feeds(symbol: str) -> Sequence[GexFeed]:
            own = {} if file is None else {"file": GexFeed(file, GexShape.MARKET_REGIME)}
            if documents is not None:
                shape = settings.gex_shape
                own["firestore"] = GexFeed(FirestoreRegimeSource(documents, shape.path(symbol)), shape)
            return [*(own[name] for name in settings.gex_sources if name in own), *sources(symbol)]

        if macro_source is None and documents is not None:
            macro_source = FirestoreRegimeSource(documents, ONE_STORE)
        switch = EnvironmentKillSwitch.of(environment or {})
        regime = WatchRegime(settings, feeds, file or macro_source, book.regime)
        desk = HedgingDesk(
            settings,
            universe,
            book,
            (calendar or NyseCalendar()).session,
            regime,
            halted=switch if switch.is_set_up else None,
            assume_fills=assume_fills,
            journals=storage is not None,
        )
        journal = HedgeJournal(storage, book, group=group)
        stream = HedgeStream(
            desk, journal, regime, write, log, clock=clock or SystemClock(), strict=strict, verbose=verbose,
            account=account,
        )  # fmt: skip
    except BaseException:
        if storage is not None:
            storage.close()
        raise
    return WiredHedging(stream, journal)


def _firestore(environment: Mapping[str, str | None]) -> Documents | None:
    """The project's store; none without FIREBASE_PROJECT_ID, and then Google's library is never loaded. Section 1.5."""
    project = environment.get("FIREBASE_PROJECT_ID")
    return connect(project) if project else None


def hedging_host(settings: HedgingSettings, log: Callable[[LogMessage], None], **parts: object) -> HedgingHostDesk:
    """The desk as a v1 host calls it: `on_market_event`, `on_order_update`, `on_tick`. Rule: DH-150.

    >>> from gammacore.domain.hedging.settings import hedging_profile
    >>> host = hedging_host(hedging_profile("source"), log=lambda message: None)
    >>> event = {"protocol": "v1", "type": "market_event", "event_id": "e1", "ts": "2025-12-30T14:30:00Z",
    ...          "symbol": "SPY_CALL", "source": "me",
    ...          "payload": {"delta": 0.65, "quantity": 10, "underlying_price": 500}}
    >>> [(intent["side"], intent["qty"], intent["symbol"]) for intent in host.on_market_event(event)]
    [('sell', 7.0, 'SPY')]
    """
    lines: list[str] = []
    wired = wire_hedging(settings, write=lines.append, log=log, **{"strict": False, **parts})  # type: ignore[arg-type]
    return HedgingHostDesk(wired.stream, lines)
