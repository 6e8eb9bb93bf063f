"""Alerts, wired: channels, watchdogs, and who receives what."""
