"""Read the files of the desk that came before: orders.json, account_balance.json, trades.csv. Strict, with reasons."""

from gammacore.adapters.legacy.balance import LegacyBalance, read_balance
from gammacore.adapters.legacy.importer import LegacyImport, read_legacy
from gammacore.adapters.legacy.orders import LegacyOrder, read_orders
from gammacore.adapters.legacy.records import Refusal
from gammacore.adapters.legacy.trades import LegacyTrade, LegacyTrades, read_trades

__all__ = [
    "LegacyBalance",
    "LegacyImport",
    "LegacyOrder",
    "LegacyTrade",
    "LegacyTrades",
    "Refusal",
    "read_balance",
    "read_legacy",
    "read_orders",
    "read_trades",
]
