"""Everything that can be set: the rules' own classes, and what belongs to account, market and broker."""

from __future__ import annotations

import datetime as dt
import difflib
from collections.abc import Iterable, Mapping
from decimal import Decimal
from pathlib import Path

from attrs import field, frozen

from gammacore.adapters.fake.fees import FeeSchedule
from gammacore.adapters.notifiers.settings import PingSettings, WebhookSettings
from gammacore.adapters.recorded.columns import ColumnMap
from gammacore.domain.entries.rules import EntryRules
from gammacore.domain.gex.units import IMPLIED_FORWARD, GreeksSource, Rates, SignModel
from gammacore.domain.instruments import REGISTRY, Underlying
from gammacore.domain.orders import OrderLife
from gammacore.domain.orphans import ReconcileRules
from gammacore.domain.parameters import parameter
from gammacore.domain.risk.circuit_breaker import CircuitBreaker
from gammacore.domain.risk.limits import RiskLimits
from gammacore.domain.sizing.policies import SizingRules
from gammacore.domain.stops.policy import StopPolicy
from gammacore.errors import ConfigurationError


@frozen
class AccountSettings:
    """Whose account it is."""

    id: str = parameter("paper", "Name of the account; part of every client id.")
    paper: bool = parameter(True, "Paper trading; false is refused until a live broker is built.")
    halt_file: Path | None = parameter(None, "While this file exists all is closed and halted, as for LEDGER.halt.")
    pause_file: Path | None = parameter(None, "JSON with reason and expires: entries stand still meanwhile (CS-354).")


@frozen
class MarketSettings:
    """Where the market comes from."""

    source: str = parameter("simulated", "simulated, csv:FILE, lean:DIR or recording:FILE.")
    underlying: str = parameter("SPX", "What is traded.")
    date: dt.date | None = parameter(None, "The day; none = the default simulated day, or the only day recorded.")
    seed: int = parameter(57, "Seed of the simulated market.", at_least=0)
    step_seconds: int = parameter(60, "Step of the simulated market, seconds.", at_least=1)
    start_price: Decimal | None = parameter(None, "Simulated: level the price wanders around, points.", above=0)
    vix: Decimal | None = parameter(None, "A constant VIX, for data without one, VIX points.", above=0)
    vix_source: str = parameter("", "Where that VIX was read; journaled.")
    vix_file: Path | None = parameter(None, "Recorded: CSV of VIX, daily (date, open, close) or intraday.")
    quote_age_steps: float = parameter(2.0, "Recorded: oldest usable quote, in recorded steps (CS-014).", above=0)
    settlement: Decimal | None = parameter(None, "Recorded: settlement price of the day, points.", above=0)
    closes_file: Path | None = parameter(None, "Recorded: CSV of date and close.")
    price_file: Path | None = parameter(None, "Recorded: CSV of bars or prices of the underlying.")
    preset: str = parameter("", "Columns of a known vendor: cboe-datashop or zero-dte-lab; empty = by the header.")
    columns: ColumnMap | None = parameter(None, "Columns of any other table, by their names.")


@frozen
class FakeBrokerSettings:
    """The fake exchange: what it charges."""

    fees: FeeSchedule = FeeSchedule()
    slippage: Decimal = parameter(Decimal(0), "Points lost per leg and fill, beyond bid and ask.", at_least=0)


@frozen
class GexSettings:
    """How exposure is measured for the pin."""

    greeks: GreeksSource = parameter(GreeksSource.MODEL, "Gamma from our model or from the feed.")
    sign: SignModel = parameter(SignModel.NAIVE, "Dealers' side: naive, inverted or unsigned.")
    rates: Rates = IMPLIED_FORWARD


@frozen
class Settings:
    """Everything that can be set, with its defaults."""

    account: AccountSettings = AccountSettings()
    market: MarketSettings = MarketSettings()
    broker: FakeBrokerSettings = FakeBrokerSettings()
    gex: GexSettings = GexSettings()
    entries: EntryRules = EntryRules()
    limits: RiskLimits = RiskLimits()
    breaker: CircuitBreaker = CircuitBreaker()
    sizing: SizingRules = SizingRules()
    stops: StopPolicy = StopPolicy()
    orders: OrderLife = OrderLife()
    reconcile: ReconcileRules = ReconcileRules()
    alerts: WebhookSettings = WebhookSettings()
    health: PingSettings = PingSettings()
    underlyings: Mapping[str, Underlying] = field(factory=dict)

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


def nearest(word: str, known: Iterable[str]) -> str:
    """The sentence that offers the nearest known word, empty when none is near.

    >>> nearest("entries.vix.flor", ["entries.vix.floor", "stops.stop"])
    '; did you mean entries.vix.floor?'
    """
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    return f"; did you mean {close[0]}?" if close else ""
