"""What brokers and exchanges decree, as dated data with its source: looked up by broker, root and day. brokers.md 7."""
