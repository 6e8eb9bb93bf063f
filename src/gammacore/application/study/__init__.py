"""Use cases over many days: one a file, none with a rule of trading of its own (ST-001)."""
