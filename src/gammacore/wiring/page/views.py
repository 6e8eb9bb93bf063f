"""The view of a day beside its ledger: who publishes it, and what of it is measured how. Rules: OP-502, OP-503."""

from __future__ import annotations

import time
from decimal import Decimal
from pathlib import Path

from gammacore.adapters.view_files.encoding import Whose
from gammacore.adapters.view_files.publisher import ViewFiles
from gammacore.adapters.view_files.reading import view_folder
from gammacore.application.day_terms import DayTerms
from gammacore.application.publish_view import PublishView, ShownRules
from gammacore.configuration import Settings
from gammacore.domain.gex.pin import Pin, find_pin
from gammacore.domain.gex.survey import GammaSurvey, survey_gamma
from gammacore.domain.gex.units import TODAY
from gammacore.domain.instruments import Underlying
from gammacore.domain.ledger import AlarmRaised, Mode
from gammacore.domain.market import MarketSnapshot
from gammacore.domain.sessions import TradingSession
from gammacore.domain.strategy import Strategy
from gammacore.errors import GammacoreError
from gammacore.ports.storage import Storage
from gammacore.version import __version__

REAL_TIME = 1.0


def open_view(
    settings: Settings,
    beside: Path | None,
    strategy: Strategy,
    underlying: Underlying,
    session: TradingSession,
    terms: DayTerms,
    pace: float | None,
    storage: Storage,
) -> PublishView | None:
    """What publishes this day beside its ledger; None of a study at full speed, unless `view.studies` says so.

    The alarms of `storage` are shown too: a loop that starts again forgets none.
    """
    is_study = terms.mode is Mode.STUDY
    if beside is None or (is_study and pace is None and not settings.view.studies):
        return None
    is_real = not is_study or pace is not None
    whose = Whose(__version__, terms.mode.value, terms.account, pace if is_study else REAL_TIME)
    board = ViewFiles(view_folder(beside), whose, own_thread=is_real)

    def measure(market: MarketSnapshot) -> tuple[GammaSurvey, Pin | None] | None:
        return measured(settings, underlying, session, market)

    rules = ShownRules(
        settings.limits.daily_loss, settings.scalping.volatility, measure, settings.view.judge_every,
        reads_chain=is_study, alarms=tuple(one for one in storage.events() if isinstance(one, AlarmRaised)),
    )  # fmt: skip
    return PublishView(strategy, rules, board, time.perf_counter)


def measured(
    settings: Settings, underlying: Underlying, session: TradingSession, market: MarketSnapshot
) -> tuple[GammaSurvey, Pin | None] | None:
    """Exposure, flips and walls of today's expiry, with the pin of the desk's rule; None without a fresh look."""
    chain, spot = market.chain, market.spot
    if chain is None or spot is None or not market.fresh(market.spot_at):
        return None
    try:
        survey = survey_gamma(
            chain.expiring(session.date, (underlying.option_root,)),
            underlying.round_price(spot),
            sign=settings.gex.sign,
            scope=TODAY,
            greeks=settings.gex.greeks,
            rates=settings.gex.rates,
            settles_at=lambda _expiry, _when: session.close,
            multiplier=underlying.multiplier,
        )
    except GammacoreError:
        return None
    if not survey.exposure.used:
        return None
    whole = survey.exposure.per_100pct
    pin = find_pin(whole.strikes, whole.net, Decimal(spot), underlying, settings.entries.pin)
    return survey, pin
