"""Everything that can be set: the rules' own classes, and what belongs to account, market and broker."""

from __future__ import annotations

import datetime as dt
import difflib
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any

import attrs
from attrs import field, frozen

from gammacore.adapters.alpaca.kit import AlpacaSettings
from gammacore.adapters.dashboard.settings import DashboardSettings
from gammacore.adapters.notifiers.settings import LogSettings, PingSettings, WebhookSettings
from gammacore.adapters.recorded.columns import ColumnMap
from gammacore.adapters.simulated.moods import Mood
from gammacore.adapters.view_files.settings import ViewSettings
from gammacore.configuration.scalping import ScalpingSettings
from gammacore.domain.briefly import briefly
from gammacore.domain.broker_facts.dated import ALL_BROKERS, REAL_BROKERS, BrokerName
from gammacore.domain.broker_facts.fees import FeeSchedule
from gammacore.domain.desks.orphans import ReconcileRules
from gammacore.domain.desks.protective import ProtectiveStop
from gammacore.domain.entries.rules import EntryRules
from gammacore.domain.gex.units import IMPLIED_FORWARD, GreeksSource, Rates, SignModel
from gammacore.domain.hedging.settings import HedgingSettings
from gammacore.domain.holdings.policy import StopPolicy
from gammacore.domain.instruments import REGISTRY, Underlying
from gammacore.domain.loop_limits import LoopLimits, RequestDeadlines
from gammacore.domain.order_life import OrderLife
from gammacore.domain.parameters import parameter
from gammacore.domain.regime.macro_releases import MacroReleases
from gammacore.domain.risk.limits import RiskLimits
from gammacore.domain.risk.opening_limits import OpeningGuards
from gammacore.domain.risk.pause import CircuitBreaker
from gammacore.domain.service.day_plan import ServiceTimes
from gammacore.domain.service.keeping import BackupSettings
from gammacore.domain.sizing.policies import SizingRules
from gammacore.domain.straddles.straddle import StraddleRules
from gammacore.errors import ConfigurationError, InvalidInput

UNDERLYINGS = "underlyings."
"""Where the settings of each underlying stand, by its symbol."""


@frozen
class AccountSettings:
    """Whose account it is, and who keeps it. Its number and its keys are credentials and stand elsewhere."""

    id: str = parameter("paper", "Name of the account, never its number; part of every client id.")
    broker: BrokerName = parameter(BrokerName.FAKE, f"Who takes the orders: {ALL_BROKERS}.")
    paper: bool = parameter(True, "Paper trading; false also needs --live, live credentials and --confirm-account.")
    intraday_margin_since: dt.date | None = parameter(
        None, "The day this broker left the pattern-day-trader rule, if it has; from 2026-06-04 on."
    )
    halt_file: Path | None = parameter(None, "While this file exists all is closed and halted, as for LEDGER.halt.")
    pause_file: Path | None = parameter(None, "JSON with reason and expires: entries stand still meanwhile (CS-354).")


@frozen
class MarketSettings:
    """Where the market comes from."""

    source: str = parameter(
        "simulated", f"simulated, csv:FILE, lean:DIR, recording:FILE, store:DIR, or at a broker {REAL_BROKERS}."
    )
    underlying: str = parameter("SPX", "What is traded.")
    date: dt.date | None = parameter(None, "The day; none = the default simulated day, or the only day recorded.")
    seed: int = parameter(7, "Seed of the simulated market.", at_least=0)
    """By a rule, never for its result: the first of 1, 2, 3 ... on which the default rules trade on 3 March 2026."""
    step_seconds: int = parameter(60, "Step of the simulated market, seconds.", at_least=1)
    mood: Mood = parameter(Mood.NORMAL, f"Simulated: the kind of day, {', '.join(Mood)}.")
    share_quotes: bool = parameter(
        False, "Simulated: the share is quoted and traded, expiries reach to 90 days; on for the scalping desks."
    )
    start_price: Decimal | None = parameter(None, "Simulated: level the price wanders around, points.", above=0)
    vix: Decimal | None = parameter(None, "A constant VIX, for data without one, VIX points.", above=0)
    vix_source: str = parameter("", "Where that VIX was read; journaled.")
    vix_file: Path | None = parameter(None, "Recorded: CSV of VIX, daily (date, open, close) or intraday.")
    quote_age_steps: float = parameter(2.0, "Recorded: oldest usable quote, in recorded steps (CS-014).", above=0)
    settlement: Decimal | None = parameter(None, "Recorded: settlement price of the day, points.", above=0)
    closes_file: Path | None = parameter(None, "Recorded: CSV of date and close.")
    price_file: Path | None = parameter(None, "Recorded: CSV of bars or prices of the underlying.")
    oi_file: Path | None = parameter(None, "Recorded: CSV of open interest by contract, where the chains lack it.")
    closes_column: str = parameter("", "Recorded: the column of the close; empty = by its name.")
    price_column: str = parameter("", "Recorded: the column of the price; empty = by its name.")
    vix_column: str = parameter("", "Recorded: the column of VIX; empty = by its name.")
    day_first: bool | None = parameter(None, "Recorded: 03/04/2026 is 3 April (true), 4 March (false), refused (none).")
    look_seconds: float = parameter(3.0, "Live: from look to look, seconds (CS-501).", at_least=0.1)
    live_quote_age_seconds: float = parameter(15.0, "Live: oldest usable quote, seconds (CS-014).", above=0)
    official_close_minutes: float = parameter(
        20.0, "Live: the day's close counts as official this long after the session, minutes.", at_least=15
    )
    alpaca_full_plan: bool = parameter(False, "Alpaca: the data plan has SIP and OPRA, so quotes are in real time.")
    preset: str = parameter("", "Columns of a known vendor, like cboe-datashop or optionsdx; empty = by the header.")
    columns: ColumnMap | None = parameter(None, "Columns of any other table, by their names.")


class StrategyName(StrEnum):
    """The built-in strategies, as in `gammacore trade --strategy`. What each needs is in `wiring/strategies.py`."""

    CREDIT_SPREAD = "credit-spread"
    DELTA_HEDGE = "delta-hedge"
    ST0CKA = "st0cka"
    ST0CKG = "st0ckg"
    GAMMA_SCALPING = "gamma-scalping"
    HYBRID = "hybrid"

    @classmethod
    def _missing_(cls, value: object) -> StrategyName | None:
        """An underscore may stand for the hyphen, as in gamma_scalping."""
        return next((name for name in cls if isinstance(value, str) and name == value.replace("_", "-")), None)


class OwnStrategy(str):
    """A strategy that is not built in: FILE:NAME, or a name of the entry-point group `gammacore.strategies`.

    Only its form is checked here: `flatten` and `status` work without the file. Decision 0024.
    """

    __slots__ = ()

    def __new__(cls, reference: object) -> OwnStrategy:
        if not isinstance(reference, str):
            raise TypeError(reference)
        if not reference:
            raise ValueError(reference)
        return super().__new__(cls, reference)

    @property
    def decides(self) -> str:
        """What of it is part of a decision: not the folder the file lies in.

        >>> OwnStrategy("desks/ten.py:TenShares").decides
        'ten.py:TenShares'
        """
        return self.replace("\\", "/").rpartition("/")[2]


@frozen
class TradeSettings:
    """What `gammacore trade` trades."""

    strategy: StrategyName | OwnStrategy = parameter(
        StrategyName.CREDIT_SPREAD,
        f"{', '.join(StrategyName)}, FILE:NAME of your own, or a registered name.",
    )
    faults: tuple[str, ...] = parameter(
        (), "Faults of a study, KIND@TIME[/SECONDS]: what goes wrong, from when on, for how long."
    )


@frozen
class FakeBrokerSettings:
    """What trading costs: charged by the fake exchange, booked as an estimate where a real broker names no fee."""

    fees: FeeSchedule = FeeSchedule()
    slippage: Decimal = parameter(Decimal(0), "Points lost per leg and fill, beyond bid and ask.", at_least=0)


@frozen
class GexSettings:
    """How exposure is measured for the pin."""

    greeks: GreeksSource = parameter(GreeksSource.MODEL, "Gamma from our model or from the feed.")
    sign: SignModel = parameter(SignModel.NAIVE, "Dealers' side: naive, inverted or unsigned.")
    rates: Rates = IMPLIED_FORWARD


class LogLevel(StrEnum):
    """Least severity of the log lines."""

    DEBUG = "DEBUG"
    INFO = "INFO"
    WARNING = "WARNING"
    ERROR = "ERROR"


class StorageKind(StrEnum):
    """What keeps the account's own ledger."""

    SQLITE = "sqlite"
    FIRESTORE = "firestore"


@frozen
class StorageSettings:
    """Where ledgers are kept that no --ledger names; those of studies are always files."""

    home: Path = parameter(Path(".gammacore"), "Folder of runs and ledgers; GAMMACORE_HOME.")
    kind: StorageKind = parameter(StorageKind.SQLITE, "The account's own ledger: sqlite or firestore.")
    file: Path | None = parameter(
        None, "The paper account's ledger, live-NAME beside it the live one's; none = below the home. DATABASE_URL."
    )

    def __attrs_post_init__(self) -> None:
        if self.file is not None and self.kind is StorageKind.FIRESTORE:
            raise InvalidInput("file", self.file, "leave it out: with kind firestore no file holds the ledger")


@frozen
class FirestoreSettings:
    """Google's document store: ledgers named firestore:NAME, and market-regime documents. Keys are Google's matter."""

    project: str = parameter("", "The project; FIREBASE_PROJECT_ID. Empty = no Firestore.")
    collection: str = parameter("gammacore_ledgers", "The collection ledgers are kept in.")
    holder: str = parameter("", "Who holds the lease, as a second writer is shown; empty = host and process.")
    lease_seconds: float = parameter(30.0, "A writer silent for so long may be replaced, seconds.", above=0)
    renew_after_seconds: float = parameter(10.0, "A lease older than this is renewed, seconds.", above=0)
    call_seconds: float = parameter(2.0, "Longest wait for one answer, seconds.", above=0, at_most=60)
    attempts: int = parameter(3, "How often a read is tried.", at_least=1, at_most=10)
    outage_seconds: float = parameter(300.0, "A running loop outlasts a silence of the store so long, seconds.",
                                      at_least=0)  # fmt: skip

    def __attrs_post_init__(self) -> None:
        if self.renew_after_seconds >= self.lease_seconds:
            raise InvalidInput("renew_after_seconds", self.renew_after_seconds, "renew before the lease runs out")


@frozen
class Settings:
    """Everything that can be set, with its defaults."""

    log_level: LogLevel = parameter(LogLevel.INFO, "Least severity of the log lines on stderr; LOG_LEVEL.")
    account: AccountSettings = AccountSettings()
    market: MarketSettings = MarketSettings()
    trade: TradeSettings = TradeSettings()
    broker: FakeBrokerSettings = FakeBrokerSettings()
    gex: GexSettings = GexSettings()
    hedging: HedgingSettings = HedgingSettings()
    straddle: StraddleRules = StraddleRules()
    guards: OpeningGuards = OpeningGuards()
    releases: MacroReleases = MacroReleases()
    entries: EntryRules = EntryRules()
    scalping: ScalpingSettings = ScalpingSettings()
    limits: RiskLimits = RiskLimits()
    breaker: CircuitBreaker = CircuitBreaker()
    sizing: SizingRules = SizingRules()
    stops: StopPolicy = StopPolicy()
    orders: OrderLife = OrderLife()
    protective_stop: ProtectiveStop = ProtectiveStop()
    reconcile: ReconcileRules = ReconcileRules()
    alerts: WebhookSettings = WebhookSettings()
    health: PingSettings = PingSettings()
    log: LogSettings = LogSettings()
    view: ViewSettings = ViewSettings()
    dashboard: DashboardSettings = DashboardSettings()
    service: ServiceTimes = ServiceTimes()
    backup: BackupSettings = BackupSettings()
    storage: StorageSettings = StorageSettings()
    firestore: FirestoreSettings = FirestoreSettings()
    tradier: RequestDeadlines = RequestDeadlines()
    alpaca: AlpacaSettings = AlpacaSettings()
    loop: LoopLimits = LoopLimits()
    underlyings: Mapping[str, Underlying] = field(factory=dict)

    def __repr__(self) -> str:
        return briefly(self, self.trade.strategy, self.market.underlying, self.market.source)

    def deadlines(self, broker: BrokerName) -> RequestDeadlines:
        """How long a broker may take over a request: what the section of its name says, else the default."""
        own = getattr(self, broker.value, None)
        return own if isinstance(own, RequestDeadlines) else RequestDeadlines()

    def address(self, broker: BrokerName) -> str:
        """The address given for a broker; "" where none is, and its own holds."""
        return str(getattr(getattr(self, broker.value, None), "base_url", ""))

    def underlying(self, symbol: str) -> Underlying:
        """The registry entry of a symbol: configured, else built in.

        Raises:
            ConfigurationError: no such underlying; the message names the known ones.
        """
        known = {**REGISTRY, **self.underlyings}
        if (found := known.get(symbol.upper())) is None:
            hint = nearest(symbol.upper(), known)
            raise ConfigurationError(f"underlying {symbol}: not known{hint}; known: {', '.join(known)}; "
                                     f"others are described under [underlyings.{symbol.upper()}]")  # fmt: skip
        return found


def flatten(instance: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every setting below an attrs instance as (dotted key, value), in the order of declaration."""
    for attribute in attrs.fields(type(instance)):
        value, key = getattr(instance, attribute.name), f"{prefix}{attribute.name}"
        if key == "underlyings":
            for symbol, underlying in value.items():
                yield from flatten(underlying, f"{UNDERLYINGS}{symbol}.")
        elif attrs.has(type(value)):
            yield from flatten(value, f"{key}.")
        else:
            yield key, value


def nearest(word: str, known: Iterable[str]) -> str:
    """The sentence that offers the nearest known word, empty when none is near.

    >>> nearest("entries.vix.flor", ["entries.vix.floor", "stops.stop"])
    '; did you mean entries.vix.floor?'
    """
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    return f"; did you mean {close[0]}?" if close else ""
