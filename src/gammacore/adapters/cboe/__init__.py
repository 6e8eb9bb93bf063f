"""CBOE: the delayed-quote tables its site offers for download."""
