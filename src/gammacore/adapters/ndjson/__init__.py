"""Newline-delimited JSON of wire protocol v1: strict in, exact out. Sections 1.3 and 1.4 of the hedging rules."""
