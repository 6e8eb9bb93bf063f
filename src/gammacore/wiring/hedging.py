"""The hedging desk, wired: a filter over lines, or a host object a v1 runtime calls."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from attrs import evolve, frozen

from gammacore.adapters.calendars.nyse import NyseCalendar
from gammacore.adapters.firestore import Documents, FirestoreRegimeSource, connect
from gammacore.adapters.hedging_environment import EnvironmentKillSwitch
from gammacore.adapters.regime_file import RegimeFile
from gammacore.adapters.sqlite.storage import SqliteStorage
from gammacore.adapters.system_clock import SystemClock
from gammacore.application.hedge_filter import HedgeJournal, HedgeStream
from gammacore.application.hedge_host import HedgingHostDesk
from gammacore.application.watch_regime import GexFeed, WatchRegime
from gammacore.configuration import Configuration, Settings
from gammacore.domain.hedge_filter.book import DeskBook
from gammacore.domain.hedge_filter.desk import HedgingDesk
from gammacore.domain.hedge_filter.protocol import LogMessage
from gammacore.domain.hedge_filter_events import HedgeRunStarted
from gammacore.domain.hedging.exposure import Universe
from gammacore.domain.hedging.settings import HedgingSettings, LineMode
from gammacore.domain.instruments import Underlying
from gammacore.domain.regime.documents import ONE_STORE
from gammacore.domain.regime.macro_releases import NO_RELEASES, MacroReleases
from gammacore.errors import ConfigurationError
from gammacore.ports.clock import Calendar, Clock
from gammacore.ports.market_data import RegimeSource
from gammacore.ports.storage import Storage
from gammacore.wiring.exposures import configured_chain
from gammacore.wiring.ledgers.storage import (
    LedgerPlace,
    firestore_documents,
    ledger_exists,
    open_storage,
    opening_of,
    outages_of,
)
from gammacore.wiring.looks import OUR_OWN, Outside
from gammacore.wiring.regime_feeds import SourceOf, regime_feeds


@frozen(eq=False)
class WiredHedging:
    """A hedging stream ready to run, with what must be closed after it."""

    stream: HedgeStream
    journal: HedgeJournal
    documents: Documents | None = None
    let_go: Callable[[], None] = lambda: None

    def close(self) -> None:
        """Append what waits, let go of the ledger, hang up."""
        with ExitStack() as others:
            others.callback(self.let_go)
            if self.documents is not None:
                others.callback(self.documents.close)
            self.journal.close()


def wire_configured_hedging(
    configuration: Configuration,
    *,
    write: Callable[[str], None],
    log: Callable[[LogMessage], None],
    macro_file: Path | None = None,
    ledger: LedgerPlace | None = None,
    environment: Mapping[str, str | None] | None = None,
    assume_fills: bool = False,
    verbose: bool = False,
    group: int = 1,
    timer: Callable[[], float] | None = None,
    outside: Outside = OUR_OWN,
) -> WiredHedging:
    """Wire the desk as the configuration says: its figures, underlyings, regime sources and ledger.

    `environment` holds the kill switch, which is looked at before each decision. Rule: DH-1001. `outside` stands in for
    time, credentials and servers where a broker's market is named.

    Raises:
        ConfigurationError, StorageError: what cannot be opened, and how to fix it.
    """
    settings = configuration.settings
    if ledger is not None:
        _refuse_a_trading_ledger(settings, ledger)
    opened = ExitStack()
    try:
        if (chain := configured_chain(configuration, outside)) is not None:
            opened.callback(chain.close)
        documents = firestore_documents(settings) if settings.firestore.project else None
        if documents is not None:
            opened.callback(documents.close)
        wired = wire_hedging(
            settings.hedging,
            write=write,
            log=log,
            macro_file=macro_file,
            releases=settings.releases,
            documents=documents,
            chain=None if chain is None else chain.source_of,
            ledger=None if ledger is None else open_storage(settings, ledger, outages=outages_of(settings)),
            environment=environment,
            underlyings=settings.underlyings,
            assume_fills=assume_fills,
            verbose=verbose,
            group=group,
            account=settings.account.id,
            timer=timer,
            clock=outside.clock,
        )
    except BaseException:
        opened.close()
        raise
    return wired if chain is None else evolve(wired, let_go=chain.close)


def _refuse_a_trading_ledger(settings: Settings, ledger: LedgerPlace) -> None:
    """Leave the ledger of an account's trading days as it is, before it is opened to be written. OP-104, DH-712.

    Raises:
        ConfigurationError: it was begun by another command.
    """
    if not ledger_exists(settings, ledger):
        return
    begun = opening_of(settings, ledger)
    if begun and not any(isinstance(event, HedgeRunStarted) for event in begun):
        raise ConfigurationError(
            f"{ledger}: the ledger belongs to another desk, that of `gammacore trade`; name another with --ledger"
        )


def wire_hedging(
    settings: HedgingSettings,
    *,
    write: Callable[[str], None],
    log: Callable[[LogMessage], None],
    macro_file: Path | None = None,
    documents: Documents | None = None,
    chain: SourceOf | None = None,
    sources: Callable[[str], Sequence[GexFeed]] = lambda _: (),
    macro_source: RegimeSource | None = None,
    releases: MacroReleases = NO_RELEASES,
    ledger: Path | Storage | None = None,
    environment: Mapping[str, str | None] | None = None,
    underlyings: Mapping[str, Underlying] | None = None,
    calendar: Calendar | None = None,
    clock: Clock | None = None,
    assume_fills: bool = False,
    strict: bool | None = None,
    verbose: bool = False,
    group: int = 1,
    account: str = "paper",
    timer: Callable[[], float] | None = None,
) -> WiredHedging:
    """Wire the desk over a ledger, if one is named.

    `macro_file` is the market-regime document: a source of dealer gamma, and of macro events instead of Firestore's.
    Where `releases` are on, macro events come from them alone (DH-454).
    `documents` is the store of the regime; None: that of FIREBASE_PROJECT_ID in `environment`, if any. `chain` is the
    gamma of a market's chains. `sources` come after what the settings name in `gex_sources`. Without `environment`
    there is no kill switch but the ledger's. `strict` is as `mode` of the settings says unless it is given.

    Raises:
        ConfigurationError, StorageError: what cannot be opened, and how to fix it.
    """
    storage = SqliteStorage(ledger) if isinstance(ledger, Path) else ledger
    journal = None
    try:
        universe = Universe(settings, underlyings)
        book = DeskBook.of(storage.events() if storage is not None else (), universe, settings.seen_ids)
        if documents is None and (project := (environment or {}).get("FIREBASE_PROJECT_ID")):
            documents = connect(project)
        named = regime_feeds(settings, documents=documents, file=macro_file, chain=chain)

        def feeds(symbol: str) -> Sequence[GexFeed]:
            return [*named(symbol), *sources(symbol)]

        if macro_source is None and documents is not None:
            macro_source = FirestoreRegimeSource(documents, ONE_STORE)
        switch = EnvironmentKillSwitch.of(environment or {})
        macro = macro_source if macro_file is None else RegimeFile(macro_file)
        regime = WatchRegime(settings, feeds, macro, book.regime, releases)
        desk = HedgingDesk(
            settings,
            universe,
            book,
            (calendar or NyseCalendar()).session,
            regime.__call__,  # a bound method is called half as dearly as an instance, and every event asks
            halted=switch if switch.is_set_up else None,
            assume_fills=assume_fills,
            journals=storage is not None,
        )
        journal = HedgeJournal(storage, book, group=group)
        stream = HedgeStream(
            desk, journal, regime, write, log, clock=clock or SystemClock(),
            strict=settings.mode is LineMode.STRICT if strict is None else strict, verbose=verbose, account=account,
            timer=timer,
        )  # fmt: skip
    except BaseException:
        if storage is not None:
            storage.close()
        raise
    return WiredHedging(stream, journal, documents)


def hedging_host(settings: HedgingSettings, log: Callable[[LogMessage], None], **parts: object) -> HedgingHostDesk:
    """The desk as a v1 host calls it: `on_market_event`, `on_order_update`, `on_tick`. Rule: DH-150.

    `parts` are those of `wire_hedging`: a ledger, a calendar, the kill switch's environment. What breaks the protocol
    is raised with `mode = strict`, logged with `lenient`; `close` lets go of a ledger.

    >>> from gammacore.domain.hedging.settings import hedging_profile
    >>> host = hedging_host(hedging_profile("source"), log=lambda message: None)
    >>> event = {"protocol": "v1", "type": "market_event", "event_id": "e1", "ts": "2025-12-30T14:30:00Z",
    ...          "symbol": "SPY_CALL", "source": "me",
    ...          "payload": {"delta": 0.65, "quantity": 10, "underlying_price": 500}}
    >>> [(intent["side"], intent["qty"], intent["symbol"]) for intent in host.on_market_event(event)]
    [('sell', 7.0, 'SPY')]
    """
    lines: list[str] = []
    wired = wire_hedging(settings, write=lines.append, log=log, **parts)  # type: ignore[arg-type]  # checked there
    return HedgingHostDesk(wired.stream, lines, wired.close)
