"""What is held, and the figures it is held by."""
