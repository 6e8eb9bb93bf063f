"""What is told of many days: a record of closed trades, its statistics, draws from it, and what they cannot carry."""
