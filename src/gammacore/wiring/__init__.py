"""The composition root: configuration in, wired use cases out. The one package that knows every adapter.

A test, a notebook or another program wires a day in one call and may swap any part by name.
"""

from gammacore.wiring.controls import flatten_now, journal_request, reconcile_now, system_clock
from gammacore.wiring.days import WiredDay, credit_spread_desk, kill_files, wire_day, wire_trade
from gammacore.wiring.markets import (
    MarketSource,
    naming_underlying,
    open_market,
    open_session,
    taking_up,
    trading_date,
)
from gammacore.wiring.studies import (
    EntryPreview,
    ExposureTerms,
    ExposureView,
    preview_entry,
    record_day,
    view_exposure,
)

__all__ = [
    "EntryPreview",
    "ExposureTerms",
    "ExposureView",
    "MarketSource",
    "WiredDay",
    "credit_spread_desk",
    "flatten_now",
    "journal_request",
    "kill_files",
    "naming_underlying",
    "open_market",
    "open_session",
    "preview_entry",
    "reconcile_now",
    "record_day",
    "system_clock",
    "taking_up",
    "trading_date",
    "view_exposure",
    "wire_day",
    "wire_trade",
]
