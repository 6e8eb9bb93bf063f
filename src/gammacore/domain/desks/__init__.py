"""The desks: each a strategy made of the rules of the other rooms. What it sees and may say is in `strategy`."""
