"""Tell people what the ledger already holds."""
