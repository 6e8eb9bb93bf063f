"""What an exit goes by when the registry does not know the underlying: it is never a reason not to close. CS-017."""

from __future__ import annotations

from collections.abc import Mapping

from gammacore.domain.instruments import Exercise, OptionContract, Settlement, Underlying


def underlying_at_exit(contract: OptionContract, known: Mapping[str, Underlying]) -> tuple[Underlying, bool]:
    """The underlying of a held contract, and whether it is a stand-in that wants an alarm. Rule: CS-017.

    The stand-in has k = s = 1 and settles in shares as far as anybody knows, so that it is never held for settlement.

    >>> import datetime as dt
    >>> from decimal import Decimal
    >>> from gammacore.domain.instruments import REGISTRY, Right
    >>> odd = OptionContract("DJX", "DJX", dt.date(2026, 1, 12), Right.PUT, Decimal(490))
    >>> stand_in, unknown = underlying_at_exit(odd, REGISTRY)
    >>> unknown, int(stand_in.k), int(stand_in.credit_scale), stand_in.cash_settled
    (True, 1, 1, False)
    """
    if (found := known.get(contract.underlying)) is not None:
        return found, False
    return Underlying(contract.underlying, contract.root, Exercise.AMERICAN, Settlement.PHYSICAL), True
