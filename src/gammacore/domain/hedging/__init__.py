"""The rules of delta hedging: exposure, thresholds by regime, limits, sizes, phases of a day; rules DH-001..1104."""
