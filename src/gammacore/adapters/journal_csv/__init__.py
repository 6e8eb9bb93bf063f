"""The journal as CSV: one row a trade, the layout sizing reads back."""

from gammacore.adapters.journal_csv.writer import COLUMNS, journal_text, write_journal

__all__ = ["COLUMNS", "journal_text", "write_journal"]
