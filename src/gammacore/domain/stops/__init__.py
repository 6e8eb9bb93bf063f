"""When to get out: what a position's watch remembers, and the rules in their order."""
