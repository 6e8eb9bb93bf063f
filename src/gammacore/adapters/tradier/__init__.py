"""Tradier over its REST interface: orders, the account, the market. The wiring imports the modules late."""
