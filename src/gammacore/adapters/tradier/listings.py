"""What is listed: expiries with all roots, and the strikes of one of them."""

from __future__ import annotations

import datetime as dt

from attrs import frozen

from gammacore.adapters.tradier.wire import inside, many, read, read_many


@frozen
class Strikes:
    """The strikes of an expiry, points, as they are nested in it."""

    strike: tuple[float, ...] = ()


@frozen
class ListedExpiry:
    """One expiry of an underlying: its New York date, contract size and kind (standard, weeklys, quarterlys, ...)."""

    date: dt.date
    contract_size: int | None = None
    expiration_type: str = ""
    strikes: Strikes = Strikes()


def read_expirations(answer: object) -> list[ListedExpiry]:
    """The expiries, soonest first, in both shapes: dates alone, or objects; none when nothing is listed.

    A date that several kinds of contract share stands there once for each kind.

    >>> [expiry.date.day for expiry in read_expirations({"expirations": {"date": ["2024-01-19", "2024-01-12"]}})]
    [12, 19]
    """
    if inside(answer, "expirations") is None:
        return []
    dates = [read(ListedExpiry, {"date": date}) for date in many(answer, "expirations", "date")]
    detailed = read_many(ListedExpiry, answer, "expirations", "expiration")
    return sorted(dates or detailed, key=lambda expiry: (expiry.date, expiry.expiration_type))


def read_strikes(answer: object) -> list[float]:
    """The strikes of one expiry, points, lowest first; none when nothing is listed.

    >>> read_strikes({"strikes": {"strike": [25.0, 22.5]}}), read_strikes({"strikes": None})
    ([22.5, 25.0], [])
    """
    return sorted(read(Strikes, inside(answer, "strikes") or {}).strike)
