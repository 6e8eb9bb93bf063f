"""Use cases over many days: one a file."""
