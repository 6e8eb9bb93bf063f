"""The account that runs itself: what a supervisor does when, and what it makes of a loop that ended."""
