"""Dealer gamma and macro events: who is asked, how documents are read, what one decision knows. Rules: DH-401..454."""
