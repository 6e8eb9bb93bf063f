"""What people read: trades, days, weeks and inventories told from the ledger, with the figures they add up to."""
