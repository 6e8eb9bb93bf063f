"""A file that is not what it was given for, said as a sentence: what it is, and what to do."""

from __future__ import annotations

from gammacore.errors import InvalidInput


class UnreadableFile(InvalidInput):
    """A file, or the part of it that is named, is something that cannot be read as a market.

    >>> str(UnreadableFile("day.csv", "a zip archive", "unpack it and give the table inside"))
    'day.csv is a zip archive; unpack it and give the table inside'
    """

    def __str__(self) -> str:
        return f"{self.field} is {self.value}; {self.mend}"
