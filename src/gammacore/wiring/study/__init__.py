"""Studies, wired: backtests, sweeps, Monte Carlo, proofs, imports."""
