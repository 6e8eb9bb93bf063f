"""The book: the fold of the ledger's events, and what a strategy may read of it."""
