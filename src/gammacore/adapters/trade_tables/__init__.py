"""Tables of trades as CSV: the history that sizing reads."""

from gammacore.adapters.trade_tables.pl_history import read_pl_history

__all__ = ["read_pl_history"]
