"""Two ledgers compared, with the replay's market beside them where one is named or can be made again."""

from __future__ import annotations

import datetime as dt

from gammacore.application.study.compare import MarketOf, RunComparison, compare_ledgers
from gammacore.configuration import Configuration
from gammacore.domain.gex.units import TODAY
from gammacore.errors import ConfigurationError, MissingData
from gammacore.ports.market_data import MarketData
from gammacore.wiring.controls import events_of
from gammacore.wiring.looks import live_market, open_look
from gammacore.wiring.markets import taking_up
from gammacore.wiring.storage import LedgerPlace, ledger_exists
from gammacore.wiring.studies import on_date


def compare_runs(configuration: Configuration, live: LedgerPlace, replay: LedgerPlace) -> RunComparison:
    """What differs between two ledgers of the same days, from where on, and what it cost. Rules: ST-621..623.

    Fills are held against the quotes of the market that `configuration` names; without one, of the simulated market
    that the replay was traded on.

    Raises:
        ConfigurationError: a ledger does not exist, or both are one.
        MissingData: no day is in both.
    """
    for place in (live, replay):
        if not ledger_exists(configuration.settings, place):
            raise ConfigurationError(f"ledger {place}: no such file or ledger; give two ledgers of the same days")
    if live == replay:
        raise ConfigurationError(f"ledger {live}: given twice; give two ledgers of the same days")
    settings = configuration.settings
    events = events_of(settings, live), events_of(settings, replay)
    return compare_ledgers(*events, market_of=_markets(configuration, replay))


def _markets(configuration: Configuration, replay: LedgerPlace) -> MarketOf:
    """The named market by date; else the simulated one the replay's ledger was last at."""
    if "market.source" not in configuration.given:
        configuration = taking_up(configuration, replay, only_to_close=True)
        if "market.seed" not in configuration.given and "market.step_seconds" not in configuration.given:
            return lambda _date: None
    if live_market(configuration) is not None:
        raise ConfigurationError("market: a broker's market shows only this moment; name the recording of these days")

    def market_of(date: dt.date) -> MarketData | None:
        try:
            return open_look(on_date(configuration, date), expiries=TODAY).market
        except MissingData:
            return None

    return market_of
