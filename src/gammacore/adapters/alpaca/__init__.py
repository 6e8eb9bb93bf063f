"""Orders, market and order news at Alpaca, over its own library, alpaca-py."""
