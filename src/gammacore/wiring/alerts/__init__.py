"""Alerts, wired: channels, watchdogs and who is told what."""
