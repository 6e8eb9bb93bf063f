"""A world that does as it is told: clock, exchange and storage for tests, paper, replay and simulation."""
