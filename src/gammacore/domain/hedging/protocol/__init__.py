"""Wire protocol v1 of the hedging filter: what comes in, checked whole, and what goes out. Rules: DH-101..140."""
