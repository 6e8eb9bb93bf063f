"""Dealer gamma and macro events: how documents are read, what one decision knows. Rules: DH-401..454."""
