"""What is held: one model for sold spreads, bought options, shares, hedges, deliveries and what a crash left."""
