"""A world that does as it is told: clock, market, exchange and storage for tests, paper, replay and simulation."""
