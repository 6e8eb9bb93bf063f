"""Two ledgers compared, with the replay's market beside them where one is named or can be made again."""

from __future__ import annotations

import datetime as dt
import json

from attrs import evolve

from gammacore.application.study.compare import MarketOf, RunComparison, compare_ledgers
from gammacore.configuration import Configuration
from gammacore.domain.gex.units import TODAY
from gammacore.domain.ledger import DayStarted
from gammacore.domain.study.comparison import SettingDifference
from gammacore.domain.study.warnings import StudyWarning
from gammacore.errors import ConfigurationError, MissingData
from gammacore.ports.market_data import MarketData
from gammacore.wiring.controls import events_of
from gammacore.wiring.ledgers.storage import LedgerPlace, ledger_exists
from gammacore.wiring.looks import live_market, open_look
from gammacore.wiring.markets import taking_up
from gammacore.wiring.study.days import on_date
from gammacore.wiring.venues import configuration_hash


def compare_runs(
    configuration: Configuration,
    live: LedgerPlace,
    replay: LedgerPlace,
    *,
    live_settings: Configuration | None = None,
    replay_settings: Configuration | None = None,
) -> RunComparison:
    """What differs between two ledgers of the same days, from where on, and what it cost. Rules: ST-621..623.

    Fills are held against the quotes of the market that `configuration` names; without one, of the simulated market
    that the replay was traded on. A ledger holds a hash of its configuration alone: with those both were traded by,
    `live_settings` and `replay_settings`, every key that differs is shown.

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
    compared = compare_ledgers(*events, market_of=_markets(configuration, replay))
    if live_settings is None or replay_settings is None:
        return compared
    given = {"live": live_settings, "replay": replay_settings}
    warned = [
        StudyWarning(
            "another_configuration", f"the configuration given for {name} is not what its ledger was traded by"
        )
        for (name, one), traded in zip(given.items(), events, strict=True)
        if configuration_hash(one) not in {event.configuration for event in traded if isinstance(event, DayStarted)}
    ]
    rows, others = (json.loads(one.fingerprint()) for one in given.values())
    keys = [
        SettingDifference(key, _shown(rows.get(key)), _shown(others.get(key)))
        for key in sorted(rows.keys() | others.keys())
        if rows.get(key) != others.get(key)
    ]
    return evolve(
        compared, settings=(*keys, *compared.settings), warnings=(*warned, *compared.warnings)
    )  # fmt: skip


def _shown(value: object) -> str | None:
    return None if value is None else str(value)


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
