"""gammacore trades and studies 0DTE index options: dealer gamma exposure, credit spreads, Half-Kelly size, clear stops.

Public names are imported when they are first used, so that `import gammacore` costs next to nothing.

>>> from decimal import Decimal
>>> import gammacore
>>> spx = gammacore.REGISTRY["SPX"]
>>> setup = gammacore.select_setup(spx, pin=Decimal(6050), price=Decimal(6057), vix=Decimal(14))
>>> print(setup.tag, setup.call_short, setup.call_long)
CALL_SPREAD 6065 6070
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gammacore.lazy_names import finder

if TYPE_CHECKING:
    from gammacore.adapters.cboe.table import read_chain as read_chain
    from gammacore.application.trade_day import TradeDay as TradeDay
    from gammacore.configuration import Configuration as Configuration
    from gammacore.configuration import Settings as Settings
    from gammacore.configuration import configure as configure
    from gammacore.configuration import read_toml as read_toml
    from gammacore.domain.book.book import Book as Book
    from gammacore.domain.book.view import BookView as BookView
    from gammacore.domain.desks.credit_spread import CreditSpreadDesk as CreditSpreadDesk
    from gammacore.domain.desks.flattening import closing_trade as closing_trade
    from gammacore.domain.entries.setup import select_setup as select_setup
    from gammacore.domain.gex.exposure import GammaExposure as GammaExposure
    from gammacore.domain.gex.exposure import measure_exposure as measure_exposure
    from gammacore.domain.gex.pin import Pin as Pin
    from gammacore.domain.gex.pin import find_pin as find_pin
    from gammacore.domain.gex.survey import survey_gamma as survey_gamma
    from gammacore.domain.holdings.policy import StopPolicy as StopPolicy
    from gammacore.domain.holdings.policy import stop_policy as stop_policy
    from gammacore.domain.instruments import REGISTRY as REGISTRY
    from gammacore.domain.instruments import OptionContract as OptionContract
    from gammacore.domain.instruments import Side as Side
    from gammacore.domain.instruments import Underlying as Underlying
    from gammacore.domain.instruments import parse_occ as parse_occ
    from gammacore.domain.legs import ShareLeg as ShareLeg
    from gammacore.domain.market import MarketSnapshot as MarketSnapshot
    from gammacore.domain.market import OptionChain as OptionChain
    from gammacore.domain.market import Quote as Quote
    from gammacore.domain.orders import Effect as Effect
    from gammacore.domain.orders import Purpose as Purpose
    from gammacore.domain.reports.day_report import DayReport as DayReport
    from gammacore.domain.reports.day_report import day_report as day_report
    from gammacore.domain.sessions import TradingSession as TradingSession
    from gammacore.domain.sessions import new_york as new_york
    from gammacore.domain.sizing.policies import SizingRules as SizingRules
    from gammacore.domain.sizing.policies import sizing_policy as sizing_policy
    from gammacore.domain.spreads import CreditSpread as CreditSpread
    from gammacore.domain.spreads import Vertical as Vertical
    from gammacore.domain.strategy import Decisions as Decisions
    from gammacore.domain.strategy import Needs as Needs
    from gammacore.domain.strategy import Situation as Situation
    from gammacore.domain.strategy import Strategy as Strategy
    from gammacore.domain.strategy import Trade as Trade
    from gammacore.domain.words import Setup as Setup
    from gammacore.errors import GammacoreError as GammacoreError
    from gammacore.errors import InvalidInput as InvalidInput
    from gammacore.ports.people import Notifier as Notifier
    from gammacore.version import __version__ as __version__
    from gammacore.wiring import check_lookahead as check_lookahead
    from gammacore.wiring import compare_runs as compare_runs
    from gammacore.wiring import study_pins as study_pins
    from gammacore.wiring import wire_day as wire_day
    from gammacore.wiring.ledgers.open_ledger import open_ledger as open_ledger
    from gammacore.wiring.study.backtest_results import backtest as backtest
    from gammacore.wiring.study.imports import import_days as import_days
    from gammacore.wiring.study.monte_carlo import simulate_equity as simulate_equity
    from gammacore.wiring.study.record_statistics import statistics_of as statistics_of
    from gammacore.wiring.study.sweeps import sweep as sweep

_HOMES: dict[str, str] = {
    "Book": "domain.book.book",
    "BookView": "domain.book.view",
    "Configuration": "configuration",
    "CreditSpread": "domain.spreads",
    "CreditSpreadDesk": "domain.desks.credit_spread",
    "DayReport": "domain.reports.day_report",
    "Decisions": "domain.strategy",
    "Effect": "domain.orders",
    "GammaExposure": "domain.gex.exposure",
    "GammacoreError": "errors",
    "InvalidInput": "errors",
    "MarketSnapshot": "domain.market",
    "Needs": "domain.strategy",
    "Notifier": "ports.people",
    "OptionChain": "domain.market",
    "OptionContract": "domain.instruments",
    "Pin": "domain.gex.pin",
    "Purpose": "domain.orders",
    "Quote": "domain.market",
    "REGISTRY": "domain.instruments",
    "Settings": "configuration",
    "Setup": "domain.words",
    "ShareLeg": "domain.legs",
    "Side": "domain.instruments",
    "Situation": "domain.strategy",
    "SizingRules": "domain.sizing.policies",
    "StopPolicy": "domain.holdings.policy",
    "Strategy": "domain.strategy",
    "Trade": "domain.strategy",
    "TradeDay": "application.trade_day",
    "TradingSession": "domain.sessions",
    "Underlying": "domain.instruments",
    "Vertical": "domain.spreads",
    "__version__": "version",
    "closing_trade": "domain.desks.flattening",
    "check_lookahead": "wiring.study.look_ahead",
    "compare_runs": "wiring.study.comparison",
    "backtest": "wiring.study.backtest_results",
    "configure": "configuration",
    "day_report": "domain.reports.day_report",
    "find_pin": "domain.gex.pin",
    "import_days": "wiring.study.imports",
    "measure_exposure": "domain.gex.exposure",
    "new_york": "domain.sessions",
    "open_ledger": "wiring.ledgers.open_ledger",
    "parse_occ": "domain.instruments",
    "read_chain": "adapters.cboe.table",
    "read_toml": "configuration",
    "select_setup": "domain.entries.setup",
    "simulate_equity": "wiring.study.monte_carlo",
    "sizing_policy": "domain.sizing.policies",
    "statistics_of": "wiring.study.record_statistics",
    "sweep": "wiring.study.sweeps",
    "stop_policy": "domain.holdings.policy",
    "survey_gamma": "domain.gex.survey",
    "study_pins": "wiring.study.pins",
    "wire_day": "wiring",
}

__all__ = sorted(_HOMES)  # noqa: PLE0605  sorted() gives a list of str


__getattr__ = finder(__name__, _HOMES)


def __dir__() -> list[str]:
    return __all__
