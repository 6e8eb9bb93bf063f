"""What is true, whatever broker or clock: pure values and pure functions.

No clock, I/O, randomness, environment or logging in here; see `docs/decisions/` for why.
"""
