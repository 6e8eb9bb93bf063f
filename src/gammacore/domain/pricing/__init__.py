"""What an option is worth: Black-Scholes, implied volatility and forward."""
