"""What the market may be about to do: a detector a file, each a pure function of what it sees."""
