"""Measures of what bars and closes did: trend strength, relative strength. Pure numbers; the rules judge them."""
