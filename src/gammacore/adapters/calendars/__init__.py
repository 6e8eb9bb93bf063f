"""Trading calendars."""
