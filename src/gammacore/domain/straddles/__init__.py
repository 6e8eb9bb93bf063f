"""Straddles: one call and one put of a strike; which is bought, how many, and what must be left to hedge them."""
