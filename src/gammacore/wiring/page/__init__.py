"""The page, wired: a desk to look at, read from ledgers and views."""
