"""One canonical JSON of the ledger events, shared by every place that stores or exports them.

The same event gives the same bytes everywhere, and bytes that are not exactly one of our records are refused: a ledger
is never read by guessing.
"""
