"""When to get out: one policy with every figure, what a position's watch remembers, and the rules in their order."""
