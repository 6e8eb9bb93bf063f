"""A market that does not exist: seeded days of spot, VIX, option quotes and open interest.

It is a model to exercise the software with, repeatably. What a strategy earns here says nothing about what it earns:
the figures below were chosen to look like index days, not fitted to trade on. Rule: reliability R14.
"""
