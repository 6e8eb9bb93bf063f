"""The composition root: configuration in, wired use cases out. The one package that knows every adapter.

A test, a notebook or another program wires a day in one call and may swap any part by name.

A name is imported from its module when it is first asked for, so that a command loads no more than it uses.
"""

from typing import TYPE_CHECKING

from gammacore.lazy_names import finder

if TYPE_CHECKING:
    from gammacore.adapters.wire.kit import OpenBroker as OpenBroker
    from gammacore.adapters.wire.kit import OpenMarket as OpenMarket
    from gammacore.wiring.brokers import BrokerPlaces as BrokerPlaces
    from gammacore.wiring.brokers import open_broker as open_broker
    from gammacore.wiring.brokers import open_broker_market as open_broker_market
    from gammacore.wiring.checks.preflight import in_words as in_words
    from gammacore.wiring.checks.preflight import missing_pieces as missing_pieces
    from gammacore.wiring.checks.preflight import preflight_of as preflight_of
    from gammacore.wiring.controls import Answer as Answer
    from gammacore.wiring.controls import Patience as Patience
    from gammacore.wiring.controls import ask as ask
    from gammacore.wiring.controls import book_of as book_of
    from gammacore.wiring.controls import events_of as events_of
    from gammacore.wiring.controls import journal_request as journal_request
    from gammacore.wiring.controls import kill_files as kill_files
    from gammacore.wiring.controls import leave_request as leave_request
    from gammacore.wiring.controls import refuse_while_flattening as refuse_while_flattening
    from gammacore.wiring.controls import system_clock as system_clock
    from gammacore.wiring.days import WiredDay as WiredDay
    from gammacore.wiring.days import wire_day as wire_day
    from gammacore.wiring.exposures import ExposureTerms as ExposureTerms
    from gammacore.wiring.exposures import ExposureView as ExposureView
    from gammacore.wiring.exposures import follow_exposure as follow_exposure
    from gammacore.wiring.exposures import view_exposure as view_exposure
    from gammacore.wiring.ledgers.backups import back_up as back_up
    from gammacore.wiring.ledgers.backups import refuse_while_restored as refuse_while_restored
    from gammacore.wiring.ledgers.backups import restore as restore
    from gammacore.wiring.ledgers.choice import Chosen as Chosen
    from gammacore.wiring.ledgers.choice import FoundLedger as FoundLedger
    from gammacore.wiring.ledgers.choice import LedgerChoice as LedgerChoice
    from gammacore.wiring.ledgers.choice import Use as Use
    from gammacore.wiring.ledgers.choice import choose as choose
    from gammacore.wiring.ledgers.choice import ledgers_of as ledgers_of
    from gammacore.wiring.ledgers.choice import look_at as look_at
    from gammacore.wiring.ledgers.choice import sight_of as sight_of
    from gammacore.wiring.ledgers.runs import run_day as run_day
    from gammacore.wiring.ledgers.storage import FirestoreLedger as FirestoreLedger
    from gammacore.wiring.ledgers.storage import LedgerPlace as LedgerPlace
    from gammacore.wiring.ledgers.storage import account_ledger as account_ledger
    from gammacore.wiring.ledgers.storage import ledger_exists as ledger_exists
    from gammacore.wiring.ledgers.storage import ledger_named as ledger_named
    from gammacore.wiring.ledgers.storage import local_path as local_path
    from gammacore.wiring.ledgers.storage import make_folder as make_folder
    from gammacore.wiring.ledgers.storage import open_inbox as open_inbox
    from gammacore.wiring.ledgers.storage import open_storage as open_storage
    from gammacore.wiring.ledgers.storage import repair_ledger as repair_ledger
    from gammacore.wiring.ledgers.whose_ledger import armed_for as armed_for
    from gammacore.wiring.ledgers.whose_ledger import refuse_contradiction as refuse_contradiction
    from gammacore.wiring.ledgers.whose_ledger import require_ledger as require_ledger
    from gammacore.wiring.ledgers.whose_ledger import require_to_resume as require_to_resume
    from gammacore.wiring.ledgers.without_ledger import armed_without_ledger as armed_without_ledger
    from gammacore.wiring.ledgers.without_ledger import flatten_holdings_now as flatten_holdings_now
    from gammacore.wiring.ledgers.without_ledger import why_unreadable as why_unreadable
    from gammacore.wiring.ledgers.without_loop import Flattened as Flattened
    from gammacore.wiring.ledgers.without_loop import flatten_now as flatten_now
    from gammacore.wiring.ledgers.without_loop import look_whether_flat as look_whether_flat
    from gammacore.wiring.ledgers.without_loop import past_verdicts as past_verdicts
    from gammacore.wiring.ledgers.without_loop import preview_entry as preview_entry
    from gammacore.wiring.ledgers.without_loop import reconcile_now as reconcile_now
    from gammacore.wiring.looks import OpenLook as OpenLook
    from gammacore.wiring.looks import Outside as Outside
    from gammacore.wiring.looks import live_market as live_market
    from gammacore.wiring.looks import open_look as open_look
    from gammacore.wiring.market_notes import noted_market as noted_market
    from gammacore.wiring.market_notes import places_of as places_of
    from gammacore.wiring.markets import MarketSource as MarketSource
    from gammacore.wiring.markets import as_simulated as as_simulated
    from gammacore.wiring.markets import naming_underlying as naming_underlying
    from gammacore.wiring.markets import open_market as open_market
    from gammacore.wiring.markets import open_session as open_session
    from gammacore.wiring.markets import taking_up as taking_up
    from gammacore.wiring.markets import trading_date as trading_date
    from gammacore.wiring.own_strategies import load_strategy as load_strategy
    from gammacore.wiring.pacing import refuse_a_pace_at_a_broker as refuse_a_pace_at_a_broker
    from gammacore.wiring.page.serve_page import new_token as new_token
    from gammacore.wiring.page.serve_page import page_beside as page_beside
    from gammacore.wiring.page.serve_page import page_server as page_server
    from gammacore.wiring.page.serve_page import token_hash as token_hash
    from gammacore.wiring.page.view_places import now_of as now_of
    from gammacore.wiring.page.view_places import view_of as view_of
    from gammacore.wiring.recordings import DayRecorded as DayRecorded
    from gammacore.wiring.recordings import record_day as record_day
    from gammacore.wiring.regime_feeds import publish_exposure as publish_exposure
    from gammacore.wiring.service.arming import Armed as Armed
    from gammacore.wiring.service.arming import armed_mode as armed_mode
    from gammacore.wiring.service.arming import open_credentials as open_credentials
    from gammacore.wiring.service.kept_day_ends import day_end_lines as day_end_lines
    from gammacore.wiring.strategies import EntryPreview as EntryPreview
    from gammacore.wiring.strategies import credit_spread_desk as credit_spread_desk
    from gammacore.wiring.strategies import naming_its_underlying as naming_its_underlying
    from gammacore.wiring.study.comparison import compare_runs as compare_runs
    from gammacore.wiring.study.look_ahead import check_lookahead as check_lookahead
    from gammacore.wiring.study.pins import study_pins as study_pins
    from gammacore.wiring.use_cases import wire_trade as wire_trade

_HOMES: dict[str, str] = {
    "Answer": "wiring.controls",
    "Armed": "wiring.service.arming",
    "BrokerPlaces": "wiring.brokers",
    "Chosen": "wiring.ledgers.choice",
    "DayRecorded": "wiring.recordings",
    "EntryPreview": "wiring.strategies",
    "ExposureTerms": "wiring.exposures",
    "ExposureView": "wiring.exposures",
    "FirestoreLedger": "wiring.ledgers.storage",
    "Flattened": "wiring.ledgers.without_loop",
    "FoundLedger": "wiring.ledgers.choice",
    "LedgerChoice": "wiring.ledgers.choice",
    "LedgerPlace": "wiring.ledgers.storage",
    "MarketSource": "wiring.markets",
    "OpenBroker": "adapters.wire.kit",
    "OpenLook": "wiring.looks",
    "OpenMarket": "adapters.wire.kit",
    "Outside": "wiring.looks",
    "Patience": "wiring.controls",
    "Use": "wiring.ledgers.choice",
    "WiredDay": "wiring.days",
    "account_ledger": "wiring.ledgers.storage",
    "armed_for": "wiring.ledgers.whose_ledger",
    "armed_mode": "wiring.service.arming",
    "armed_without_ledger": "wiring.ledgers.without_ledger",
    "ask": "wiring.controls",
    "back_up": "wiring.ledgers.backups",
    "book_of": "wiring.controls",
    "check_lookahead": "wiring.study.look_ahead",
    "choose": "wiring.ledgers.choice",
    "compare_runs": "wiring.study.comparison",
    "credit_spread_desk": "wiring.strategies",
    "day_end_lines": "wiring.service.kept_day_ends",
    "events_of": "wiring.controls",
    "flatten_holdings_now": "wiring.ledgers.without_ledger",
    "flatten_now": "wiring.ledgers.without_loop",
    "follow_exposure": "wiring.exposures",
    "in_words": "wiring.checks.preflight",
    "journal_request": "wiring.controls",
    "kill_files": "wiring.controls",
    "leave_request": "wiring.controls",
    "ledger_exists": "wiring.ledgers.storage",
    "ledger_named": "wiring.ledgers.storage",
    "ledgers_of": "wiring.ledgers.choice",
    "live_market": "wiring.looks",
    "load_strategy": "wiring.own_strategies",
    "local_path": "wiring.ledgers.storage",
    "look_at": "wiring.ledgers.choice",
    "look_whether_flat": "wiring.ledgers.without_loop",
    "make_folder": "wiring.ledgers.storage",
    "missing_pieces": "wiring.checks.preflight",
    "naming_its_underlying": "wiring.strategies",
    "naming_underlying": "wiring.markets",
    "new_token": "wiring.page.serve_page",
    "now_of": "wiring.page.view_places",
    "open_broker": "wiring.brokers",
    "open_broker_market": "wiring.brokers",
    "open_credentials": "wiring.service.arming",
    "open_inbox": "wiring.ledgers.storage",
    "open_look": "wiring.looks",
    "open_market": "wiring.markets",
    "noted_market": "wiring.market_notes",
    "places_of": "wiring.market_notes",
    "as_simulated": "wiring.markets",
    "open_session": "wiring.markets",
    "open_storage": "wiring.ledgers.storage",
    "past_verdicts": "wiring.ledgers.without_loop",
    "page_beside": "wiring.page.serve_page",
    "page_server": "wiring.page.serve_page",
    "preflight_of": "wiring.checks.preflight",
    "preview_entry": "wiring.ledgers.without_loop",
    "publish_exposure": "wiring.regime_feeds",
    "reconcile_now": "wiring.ledgers.without_loop",
    "record_day": "wiring.recordings",
    "refuse_a_pace_at_a_broker": "wiring.pacing",
    "refuse_contradiction": "wiring.ledgers.whose_ledger",
    "refuse_while_flattening": "wiring.controls",
    "refuse_while_restored": "wiring.ledgers.backups",
    "repair_ledger": "wiring.ledgers.storage",
    "require_ledger": "wiring.ledgers.whose_ledger",
    "require_to_resume": "wiring.ledgers.whose_ledger",
    "restore": "wiring.ledgers.backups",
    "run_day": "wiring.ledgers.runs",
    "sight_of": "wiring.ledgers.choice",
    "study_pins": "wiring.study.pins",
    "system_clock": "wiring.controls",
    "taking_up": "wiring.markets",
    "token_hash": "wiring.page.serve_page",
    "trading_date": "wiring.markets",
    "view_exposure": "wiring.exposures",
    "view_of": "wiring.page.view_places",
    "why_unreadable": "wiring.ledgers.without_ledger",
    "wire_day": "wiring.days",
    "wire_trade": "wiring.use_cases",
}

__all__ = sorted(_HOMES)  # noqa: PLE0605  sorted() gives a list of str


__getattr__ = finder(__name__, _HOMES)


def __dir__() -> list[str]:
    return __all__
