"""The service, wired: one account traded every day by the calendar, and what arms it."""
