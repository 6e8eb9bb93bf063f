"""The hedge filter: market events in, orders out, with its own book, protocol and timers; rules DH-101..1104.

The rules of hedging themselves are `gammacore.domain.hedging`, which the delta-hedge desk of the day loop shares.
"""
