"""What is done with many days: one use case a file."""
