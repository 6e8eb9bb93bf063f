"""Rules of brokers and exchanges, as dated data with its source: looked up by broker, root and day. brokers.md 7."""
