"""What cells of a vendor's table hold besides figures and dates: a right, a price."""

from __future__ import annotations

from decimal import Decimal

from gammacore.domain.written_figures import Unread, read_figure

_RIGHTS = {"c": True, "call": True, "calls": True, "p": False, "put": False, "puts": False}


def read_right(text: str) -> bool | None:
    """True for a call (C, call, CALL), False for a put.

    >>> read_right("Call"), read_right("P"), read_right("X")
    (True, False, None)
    """
    return _RIGHTS.get(text.strip().casefold())


def read_price(text: str) -> Decimal | Unread:
    """A price above 0, points, with the digits it was written in. 0 stands for none in tables: it is not given.

    >>> read_price("4,750.00"), read_price("0"), read_price("-1")
    (Decimal('4750.00'), <Unread.NOT_GIVEN: 'not_given'>, <Unread.UNREADABLE: 'unreadable'>)
    """
    price = read_figure(text)
    if not isinstance(price, Decimal) or price > 0:
        return price
    return Unread.UNREADABLE if price else Unread.NOT_GIVEN
