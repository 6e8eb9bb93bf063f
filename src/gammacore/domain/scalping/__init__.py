"""The rules of the scalping desks: shares around VWAP, smart entries, signals of 0DTE options and exits in R."""
