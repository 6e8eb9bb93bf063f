"""Every check that can say no, whatever the strategy wants."""
