"""Checks, wired: before a loop starts, before the open, before real money; and the drill."""
