"""The delta-hedging desk: exposure, thresholds by regime, hedges, exits; rules DH-001..DH-1104."""
