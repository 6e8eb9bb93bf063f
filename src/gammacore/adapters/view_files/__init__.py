"""The view of a day beside its ledger: pictures for people, which nothing decides on. Rules: OP-502, OP-503.

Nothing is imported here: the settings are read by every command.
"""
