"""The record cut by what a trade was: strategy, direction, exit, hour, weekday, VIX and others. Rule: ST-309."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence

from attrs import field, frozen

from gammacore.domain.reports.review import VixRegime
from gammacore.domain.sessions import NEW_YORK
from gammacore.domain.study.figures import Basis, Counted
from gammacore.domain.study.record import ClosedTrade
from gammacore.domain.study.undefined import Codes, Undefined

Z = 1.959964
"""Of a two-sided interval of 95 %."""
FEW_IN_GROUP = 30
"""Below so many trades a group is shown grey. Ours."""
UNKNOWN = "not recorded"
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_ASIDE = re.compile(r"\s*\([^()]*\)\s*$")


def wilson(wins: int, decided: int, z: float = Z) -> tuple[float, float] | None:
    """Wilson's interval of a win rate; None where nothing was decided. Rule: ST-309.

    >>> [round(end, 6) for end in wilson(2, 5)]
    [0.117621, 0.769276]
    """
    if not decided:
        return None
    rate, squared = wins / decided, z * z
    middle = rate + squared / (2 * decided)
    half = z * math.sqrt(rate * (1 - rate) / decided + squared / (4 * decided * decided))
    whole = 1 + squared / decided
    return max(0.0, (middle - half) / whole), min(1.0, (middle + half) / whole)


@frozen
class Group:
    """The trades of one name: counted net and gross of fees. `interval` is Wilson's of the net win rate."""

    name: str
    net: Counted
    gross: Counted

    @property
    def interval(self) -> tuple[float, float] | None:
        return wilson(self.net.wins, self.net.wins + self.net.losses)

    @property
    def is_few(self) -> bool:
        """Whether it has too few trades to be read as a finding."""
        return self.net.trades < FEW_IN_GROUP

    @property
    def codes(self) -> Codes:
        """Why figures of it are null. Rule: ST-005."""
        codes = {} if self.net.losses else {"profit_factor": Undefined.NO_LOSSES}
        if self.net.win_rate is None:
            codes |= {"win_rate": Undefined.NO_WINS, "interval": Undefined.NO_WINS}
        return codes


@frozen
class Cut:
    """One way to cut a record: its key, what people call it, the name of a trade's group."""

    key: str
    title: str
    name: Callable[[ClosedTrade], str]
    order: Callable[[str], tuple[int, str]] = field(default=lambda name: (0, name))


def exit_rule(reason: str) -> str:
    """The rule of a written reason, without the figures in brackets behind it.

    >>> exit_rule("Trailing Stop (18%)"), exit_rule("profit_target")
    ('Trailing Stop', 'profit_target')
    """
    return _ASIDE.sub("", reason)


def _hour(trade: ClosedTrade) -> str:
    return "" if trade.opened is None else f"{trade.opened.astimezone(NEW_YORK):%H}"


def _weekday(trade: ClosedTrade) -> str:
    return "" if trade.date is None else WEEKDAYS[trade.date.weekday()]


def _month(trade: ClosedTrade) -> str:
    return "" if trade.date is None else f"{trade.date:%Y-%m}"


def _vix(trade: ClosedTrade) -> str:
    return "" if trade.vix is None or trade.vix <= 0 else VixRegime.of(trade.vix).value


def _by_number(name: str) -> tuple[int, str]:
    return int(name), name


CUTS = (
    Cut("strategy", "Strategy", lambda trade: trade.strategy),
    Cut("direction", "Direction", lambda trade: trade.direction),
    Cut("exit_reason", "Exit rule", lambda trade: exit_rule(trade.exit_reason)),
    Cut("confidence", "Confidence", lambda trade: trade.confidence),
    Cut("contracts", "Contracts", lambda trade: str(trade.contracts), _by_number),
    Cut("hour", "Hour of the entry, New York", _hour),
    Cut("weekday", "Weekday of the entry", _weekday, lambda name: (WEEKDAYS.index(name), name)),
    Cut("month", "Month of the entry", _month),
    Cut("vix", "VIX at the entry", _vix, lambda name: (list(VixRegime).index(VixRegime(name)), name)),
)


def groups_of(record: Sequence[ClosedTrade]) -> Mapping[str, tuple[Group, ...]]:
    """The groups of every cut, by its key. A cut of which the record knows nothing has none."""
    return {cut.key: _groups(cut, record) for cut in CUTS}


def _groups(cut: Cut, record: Sequence[ClosedTrade]) -> tuple[Group, ...]:
    members: dict[str, list[ClosedTrade]] = {}
    for trade in record:
        members.setdefault(cut.name(trade), []).append(trade)
    unknown = members.pop("", [])
    if not members:
        return ()
    named = [(name, members[name]) for name in sorted(members, key=cut.order)]
    return tuple(_group(name, trades) for name, trades in [*named, *([(UNKNOWN, unknown)] if unknown else [])])


def _group(name: str, trades: Sequence[ClosedTrade]) -> Group:
    net, gross = ([basis.of(trade) for trade in trades] for basis in (Basis.NET, Basis.GROSS))
    return Group(name, Counted.of(net), Counted.of(gross))
