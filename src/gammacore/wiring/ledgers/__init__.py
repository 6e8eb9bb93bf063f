"""Ledgers, wired: which one is meant, where it lies, whose it is, its copies, and acting on one without its loop."""
