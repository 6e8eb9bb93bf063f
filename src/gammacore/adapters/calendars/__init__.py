"""Trading calendars."""

from gammacore.adapters.calendars.nyse import NyseCalendar

__all__ = ["NyseCalendar"]
