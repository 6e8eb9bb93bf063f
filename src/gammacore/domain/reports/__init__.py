"""What people read: trades, days and weeks, folded from the ledger into figures that renderers lay out."""
