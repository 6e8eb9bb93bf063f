"""The composition root: configuration in, wired use cases out. The one package that knows every adapter.

A test, a notebook or another program wires a day in one call and may swap any part by name.

A name is imported from its module when it is first asked for, so that a command loads no more than it uses.
"""

from typing import TYPE_CHECKING

from gammacore.lazy_names import finder

if TYPE_CHECKING:
    from gammacore.adapters.wire.kit import OpenBroker as OpenBroker
    from gammacore.adapters.wire.kit import OpenMarket as OpenMarket
    from gammacore.wiring.arming import Armed as Armed
    from gammacore.wiring.arming import armed_mode as armed_mode
    from gammacore.wiring.arming import open_credentials as open_credentials
    from gammacore.wiring.backups import back_up as back_up
    from gammacore.wiring.backups import refuse_while_restored as refuse_while_restored
    from gammacore.wiring.backups import restore as restore
    from gammacore.wiring.brokers import BrokerPlaces as BrokerPlaces
    from gammacore.wiring.brokers import open_broker as open_broker
    from gammacore.wiring.brokers import open_broker_market as open_broker_market
    from gammacore.wiring.comparison import compare_runs as compare_runs
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
    from gammacore.wiring.ledgers import Chosen as Chosen
    from gammacore.wiring.ledgers import FoundLedger as FoundLedger
    from gammacore.wiring.ledgers import LedgerChoice as LedgerChoice
    from gammacore.wiring.ledgers import Use as Use
    from gammacore.wiring.ledgers import choose as choose
    from gammacore.wiring.ledgers import ledgers_of as ledgers_of
    from gammacore.wiring.ledgers import look_at as look_at
    from gammacore.wiring.ledgers import sight_of as sight_of
    from gammacore.wiring.look_ahead import check_lookahead as check_lookahead
    from gammacore.wiring.looks import OpenLook as OpenLook
    from gammacore.wiring.looks import Outside as Outside
    from gammacore.wiring.looks import live_market as live_market
    from gammacore.wiring.looks import open_look as open_look
    from gammacore.wiring.markets import MarketSource as MarketSource
    from gammacore.wiring.markets import naming_underlying as naming_underlying
    from gammacore.wiring.markets import open_market as open_market
    from gammacore.wiring.markets import open_session as open_session
    from gammacore.wiring.markets import taking_up as taking_up
    from gammacore.wiring.markets import trading_date as trading_date
    from gammacore.wiring.own_strategies import load_strategy as load_strategy
    from gammacore.wiring.pacing import refuse_a_pace_at_a_broker as refuse_a_pace_at_a_broker
    from gammacore.wiring.pin_study import study_pins as study_pins
    from gammacore.wiring.preflight import in_words as in_words
    from gammacore.wiring.preflight import missing_pieces as missing_pieces
    from gammacore.wiring.preflight import preflight_of as preflight_of
    from gammacore.wiring.recordings import DayRecorded as DayRecorded
    from gammacore.wiring.recordings import record_day as record_day
    from gammacore.wiring.regime_feeds import publish_exposure as publish_exposure
    from gammacore.wiring.runs import run_day as run_day
    from gammacore.wiring.serve_page import new_token as new_token
    from gammacore.wiring.serve_page import page_beside as page_beside
    from gammacore.wiring.serve_page import page_server as page_server
    from gammacore.wiring.serve_page import token_hash as token_hash
    from gammacore.wiring.storage import FirestoreLedger as FirestoreLedger
    from gammacore.wiring.storage import LedgerPlace as LedgerPlace
    from gammacore.wiring.storage import account_ledger as account_ledger
    from gammacore.wiring.storage import ledger_exists as ledger_exists
    from gammacore.wiring.storage import ledger_named as ledger_named
    from gammacore.wiring.storage import local_path as local_path
    from gammacore.wiring.storage import make_folder as make_folder
    from gammacore.wiring.storage import open_inbox as open_inbox
    from gammacore.wiring.storage import open_storage as open_storage
    from gammacore.wiring.storage import repair_ledger as repair_ledger
    from gammacore.wiring.strategies import EntryPreview as EntryPreview
    from gammacore.wiring.strategies import credit_spread_desk as credit_spread_desk
    from gammacore.wiring.strategies import naming_its_underlying as naming_its_underlying
    from gammacore.wiring.use_cases import wire_trade as wire_trade
    from gammacore.wiring.view_places import now_of as now_of
    from gammacore.wiring.view_places import view_of as view_of
    from gammacore.wiring.whose_ledger import armed_for as armed_for
    from gammacore.wiring.whose_ledger import refuse_contradiction as refuse_contradiction
    from gammacore.wiring.whose_ledger import require_ledger as require_ledger
    from gammacore.wiring.whose_ledger import require_to_resume as require_to_resume
    from gammacore.wiring.without_ledger import armed_without_ledger as armed_without_ledger
    from gammacore.wiring.without_ledger import flatten_holdings_now as flatten_holdings_now
    from gammacore.wiring.without_ledger import why_unreadable as why_unreadable
    from gammacore.wiring.without_loop import Flattened as Flattened
    from gammacore.wiring.without_loop import flatten_now as flatten_now
    from gammacore.wiring.without_loop import look_whether_flat as look_whether_flat
    from gammacore.wiring.without_loop import past_verdicts as past_verdicts
    from gammacore.wiring.without_loop import preview_entry as preview_entry
    from gammacore.wiring.without_loop import reconcile_now as reconcile_now

_HOMES: dict[str, str] = {
    "Answer": "wiring.controls",
    "Armed": "wiring.arming",
    "BrokerPlaces": "wiring.brokers",
    "Chosen": "wiring.ledgers",
    "DayRecorded": "wiring.recordings",
    "EntryPreview": "wiring.strategies",
    "ExposureTerms": "wiring.exposures",
    "ExposureView": "wiring.exposures",
    "FirestoreLedger": "wiring.storage",
    "Flattened": "wiring.without_loop",
    "FoundLedger": "wiring.ledgers",
    "LedgerChoice": "wiring.ledgers",
    "LedgerPlace": "wiring.storage",
    "MarketSource": "wiring.markets",
    "OpenBroker": "adapters.wire.kit",
    "OpenLook": "wiring.looks",
    "OpenMarket": "adapters.wire.kit",
    "Outside": "wiring.looks",
    "Patience": "wiring.controls",
    "Use": "wiring.ledgers",
    "WiredDay": "wiring.days",
    "account_ledger": "wiring.storage",
    "armed_for": "wiring.whose_ledger",
    "armed_mode": "wiring.arming",
    "armed_without_ledger": "wiring.without_ledger",
    "ask": "wiring.controls",
    "back_up": "wiring.backups",
    "book_of": "wiring.controls",
    "check_lookahead": "wiring.look_ahead",
    "choose": "wiring.ledgers",
    "compare_runs": "wiring.comparison",
    "credit_spread_desk": "wiring.strategies",
    "events_of": "wiring.controls",
    "flatten_holdings_now": "wiring.without_ledger",
    "flatten_now": "wiring.without_loop",
    "follow_exposure": "wiring.exposures",
    "in_words": "wiring.preflight",
    "journal_request": "wiring.controls",
    "kill_files": "wiring.controls",
    "leave_request": "wiring.controls",
    "ledger_exists": "wiring.storage",
    "ledger_named": "wiring.storage",
    "ledgers_of": "wiring.ledgers",
    "live_market": "wiring.looks",
    "load_strategy": "wiring.own_strategies",
    "local_path": "wiring.storage",
    "look_at": "wiring.ledgers",
    "look_whether_flat": "wiring.without_loop",
    "make_folder": "wiring.storage",
    "missing_pieces": "wiring.preflight",
    "naming_its_underlying": "wiring.strategies",
    "naming_underlying": "wiring.markets",
    "new_token": "wiring.serve_page",
    "now_of": "wiring.view_places",
    "open_broker": "wiring.brokers",
    "open_broker_market": "wiring.brokers",
    "open_credentials": "wiring.arming",
    "open_inbox": "wiring.storage",
    "open_look": "wiring.looks",
    "open_market": "wiring.markets",
    "open_session": "wiring.markets",
    "open_storage": "wiring.storage",
    "past_verdicts": "wiring.without_loop",
    "page_beside": "wiring.serve_page",
    "page_server": "wiring.serve_page",
    "preflight_of": "wiring.preflight",
    "preview_entry": "wiring.without_loop",
    "publish_exposure": "wiring.regime_feeds",
    "reconcile_now": "wiring.without_loop",
    "record_day": "wiring.recordings",
    "refuse_a_pace_at_a_broker": "wiring.pacing",
    "refuse_contradiction": "wiring.whose_ledger",
    "refuse_while_flattening": "wiring.controls",
    "refuse_while_restored": "wiring.backups",
    "repair_ledger": "wiring.storage",
    "require_ledger": "wiring.whose_ledger",
    "require_to_resume": "wiring.whose_ledger",
    "restore": "wiring.backups",
    "run_day": "wiring.runs",
    "sight_of": "wiring.ledgers",
    "study_pins": "wiring.pin_study",
    "system_clock": "wiring.controls",
    "taking_up": "wiring.markets",
    "token_hash": "wiring.serve_page",
    "trading_date": "wiring.markets",
    "view_exposure": "wiring.exposures",
    "view_of": "wiring.view_places",
    "why_unreadable": "wiring.without_ledger",
    "wire_day": "wiring.days",
    "wire_trade": "wiring.use_cases",
}

__all__ = sorted(_HOMES)  # noqa: PLE0605  sorted() gives a list of str


__getattr__ = finder(__name__, _HOMES)


def __dir__() -> list[str]:
    return __all__
