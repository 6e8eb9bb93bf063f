"""Doubles that behave as instructed: clock, exchange and storage for tests, paper, replay and simulation."""
