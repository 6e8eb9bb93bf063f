"""The composition root: configuration in, wired use cases out. The one package that knows every adapter.

A test, a notebook or another program wires a day in one call and may swap any part by name.
"""

from gammacore.adapters.wire.kit import OpenBroker, OpenMarket
from gammacore.wiring.arming import Armed, armed_mode, open_credentials
from gammacore.wiring.brokers import BrokerPlaces, open_broker, open_broker_market
from gammacore.wiring.controls import (
    Answer,
    Patience,
    ask,
    book_of,
    events_of,
    journal_request,
    kill_files,
    leave_request,
    refuse_while_flattening,
    system_clock,
)
from gammacore.wiring.days import WiredDay, wire_day, wire_trade
from gammacore.wiring.exposures import ExposureTerms, ExposureView, follow_exposure, view_exposure
from gammacore.wiring.ledgers import Chosen, FoundLedger, LedgerChoice, Use, choose, ledgers_of, look_at, sight_of
from gammacore.wiring.looks import OpenLook, Outside, live_market, open_look
from gammacore.wiring.markets import MarketSource, naming_underlying, open_market, open_session, taking_up, trading_date
from gammacore.wiring.own_strategies import load_strategy
from gammacore.wiring.recordings import DayRecorded, record_day
from gammacore.wiring.regime_feeds import publish_exposure
from gammacore.wiring.storage import (
    FirestoreLedger,
    LedgerPlace,
    account_ledger,
    ledger_exists,
    ledger_named,
    local_path,
    make_folder,
    open_inbox,
    open_storage,
    repair_ledger,
)
from gammacore.wiring.strategies import EntryPreview, credit_spread_desk, naming_its_underlying
from gammacore.wiring.whose_ledger import armed_for, refuse_contradiction, require_ledger, require_to_resume
from gammacore.wiring.without_ledger import armed_without_ledger, flatten_holdings_now, why_unreadable
from gammacore.wiring.without_loop import (
    Flattened,
    flatten_now,
    look_whether_flat,
    past_verdicts,
    preview_entry,
    reconcile_now,
)

__all__ = [
    "Answer",
    "Armed",
    "BrokerPlaces",
    "Chosen",
    "DayRecorded",
    "EntryPreview",
    "ExposureTerms",
    "ExposureView",
    "FirestoreLedger",
    "Flattened",
    "FoundLedger",
    "LedgerChoice",
    "LedgerPlace",
    "MarketSource",
    "OpenBroker",
    "OpenLook",
    "OpenMarket",
    "Outside",
    "Patience",
    "Use",
    "WiredDay",
    "account_ledger",
    "armed_for",
    "armed_mode",
    "armed_without_ledger",
    "ask",
    "book_of",
    "choose",
    "credit_spread_desk",
    "events_of",
    "flatten_holdings_now",
    "flatten_now",
    "follow_exposure",
    "journal_request",
    "kill_files",
    "leave_request",
    "ledger_exists",
    "ledger_named",
    "ledgers_of",
    "live_market",
    "load_strategy",
    "local_path",
    "look_at",
    "look_whether_flat",
    "make_folder",
    "naming_its_underlying",
    "naming_underlying",
    "open_broker",
    "open_broker_market",
    "open_credentials",
    "open_inbox",
    "open_look",
    "open_market",
    "open_session",
    "open_storage",
    "past_verdicts",
    "preview_entry",
    "publish_exposure",
    "reconcile_now",
    "record_day",
    "refuse_contradiction",
    "refuse_while_flattening",
    "repair_ledger",
    "require_ledger",
    "require_to_resume",
    "sight_of",
    "system_clock",
    "taking_up",
    "trading_date",
    "view_exposure",
    "why_unreadable",
    "wire_day",
    "wire_trade",
]
